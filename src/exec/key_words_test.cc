// Words against what goes cell by cell: the hash of a struct of one column is that column's.
#include "src/exec/key_words.h"

#include <arrow/array.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "src/exec/murmur3.h"
#include "src/exec/order.h"
#include "src/table/table_for_test.h"

namespace soteria::exec {
namespace {

using table::ArrayForTest;
using ArrayPtr = std::shared_ptr<arrow::Array>;

std::vector<ArrayPtr> Columns() {
  const char* whole = "[0, null, 1, -1, 127, -128, 1, null, 0]";
  const char* real = R"([0.0, -0.0, null, "NaN", 1.5, -1.5, "NaN", "inf", 1e30])";
  const char* decimal =
      R"(["0.00", "-0.01", null, "999.99", "-999.99", "0.01", "0.00", "7.00", null])";
  return {
      ArrayForTest(arrow::boolean(), "[true, null, false, true, false, true, null, false, false]"),
      ArrayForTest(arrow::int8(), whole),
      ArrayForTest(arrow::int16(), whole),
      ArrayForTest(arrow::int32(), whole),
      ArrayForTest(arrow::int64(),
                   "[0, null, 9223372036854775807, -1, 1, -4294967296, 1, null, 4294967296]"),
      ArrayForTest(arrow::date32(), whole),
      ArrayForTest(arrow::timestamp(arrow::TimeUnit::MICRO), whole),
      ArrayForTest(arrow::float32(), real),
      ArrayForTest(arrow::float64(), real),
      ArrayForTest(arrow::decimal128(5, 2), decimal),
      ArrayForTest(arrow::decimal128(18, 2), decimal)};
}

TEST(KeyWords, AreEqualWhereCellsAre) {
  for (const ArrayPtr& column : Columns()) {
    const CompareCells compare = OrderOf(*column->type());
    const std::vector<uint64_t> words = WordsOf(*column);
    ASSERT_EQ(words.size(), 9U) << column->type()->ToString();
    for (int64_t i = 0; i < column->length(); ++i) {
      for (int64_t j = 0; j < column->length(); ++j) {
        if (column->IsNull(i) || column->IsNull(j)) continue;
        EXPECT_EQ(words[static_cast<size_t>(i)] == words[static_cast<size_t>(j)],
                  compare(*column, i, *column, j) == 0)
            << column->type()->ToString() << " " << i << " " << j;
      }
    }
  }
}

TEST(KeyWords, HashAsCellsDoAlsoOfASlice) {
  for (const ArrayPtr& whole : Columns()) {
    for (const ArrayPtr& column : {whole, whole->Slice(3), whole->Slice(1, 4)}) {
      const auto structs = arrow::StructArray::Make({column}, std::vector<std::string>{"a"});
      const auto by_words = HashRows({column}, column->length());
      const auto by_cells = HashRows({structs.ValueOrDie()}, column->length());
      ASSERT_TRUE(by_words.ok() && by_cells.ok());
      EXPECT_EQ(*by_words, *by_cells) << column->type()->ToString();
    }
  }
}

TEST(KeyWords, LongerValuesHaveNone) {
  EXPECT_TRUE(WordsOf(*ArrayForTest(arrow::utf8(), R"(["a"])")).empty());
  EXPECT_TRUE(WordsOf(*ArrayForTest(arrow::decimal128(19, 0), R"(["1"])")).empty());
  EXPECT_TRUE(WordsOf(*ArrayForTest(arrow::null(), "[null]")).empty());
  EXPECT_TRUE(WordsOf(*ArrayForTest(arrow::list(arrow::int32()), "[[1]]")).empty());
}

}  // namespace
}  // namespace soteria::exec
