#include "src/table/case.h"

#include <gtest/gtest.h>

#include "src/table/case_table.h"

namespace soteria::table {
namespace {

// SELECT upper(s), lower(s) in Spark 4.3.
TEST(Case, LikeSpark) {
  struct Row {
    const char* text;
    const char* upper;
    const char* lower;
  };
  const Row rows[] = {
      {"", "", ""},
      {"Az09_", "AZ09_", "az09_"},
      {"Straße", "STRASSE", "straße"},
      {"ΑΣ ΣΑΣ Σ", "ΑΣ ΣΑΣ Σ", "ας σας σ"},
      {"ΑΣ.", "ΑΣ.", "ας."},
      {"ΑΣ.Α", "ΑΣ.Α", "ασ.α"},
      {"ΑΣ Α", "ΑΣ Α", "ας α"},
      {"İIıi", "İIII", "i̇iıi"},
      {"ﬁǆǅ", "FIǄǄ", "ﬁǆǆ"},
      {"ŉ", "ʼN", "ŉ"},
      {"\u0390", "\u0399\u0308\u0301", "\u0390"},
      {"𐐨𐐀", "𐐀𐐀", "𐐨𐐨"},
      {"😀é", "😀É", "😀é"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(UpperCase(row.text), row.upper) << row.text;
    EXPECT_EQ(LowerCase(row.text), row.lower) << row.text;
  }
}

TEST(Case, BytesThatAreNoTextBecomeReplacements) {
  EXPECT_EQ(UpperCase("a\xFF"), "A\xEF\xBF\xBD");
  EXPECT_EQ(LowerCase("A\xC3"), "a\xEF\xBF\xBD");
  EXPECT_EQ(UpperCase("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

// They are searched by halves.
TEST(Case, TablesAscend) {
  using namespace internal;  // NOLINT
  for (size_t i = 1; i < kUpperRunsCount; ++i)
    EXPECT_GT(kUpperRuns[i].first, kUpperRuns[i - 1].last);
  for (size_t i = 1; i < kLowerRunsCount; ++i)
    EXPECT_GT(kLowerRuns[i].first, kLowerRuns[i - 1].last);
  for (size_t i = 1; i < kCasedCount; ++i) EXPECT_GT(kCased[i].first, kCased[i - 1].last);
  for (size_t i = 1; i < kIgnorableCount; ++i)
    EXPECT_GT(kIgnorable[i].first, kIgnorable[i - 1].last);
}

}  // namespace
}  // namespace soteria::table
