#include "src/formats/reader_rows.h"

#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "src/base/errors.h"
#include "src/formats/formats.h"
#include "src/formats/text_file_for_test.h"
#include "src/table/types.h"

namespace soteria::formats {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

/// What a read of the text tells its room at the most, which holds no more than `limit`.
base::Status Read(const std::string& text, const std::string& format, const std::string& ddl,
                  uint64_t limit, uint64_t* most) {
  const auto schema = table::SchemaFromDdl(ddl).value();
  const auto options = EncodeReadOptions(format, {}, {}).value();
  TextFileForTest file(text);
  *most = RoomOf(file);
  return ReadFile(file, format, options, *schema,
                  [&](uint64_t bytes) {
                    *most = std::max(*most, bytes);
                    return bytes <= limit ? base::OkStatus()
                                          : base::Fail(base::kMemoryLimit, "full");
                  })
      .status();
}

std::string Wide(int columns) {
  std::string ddl;
  for (int i = 0; i < columns; ++i) ddl += (i > 0 ? ", c" : "c") + std::to_string(i) + " double";
  return ddl;
}

std::string Repeated(const std::string& line, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += line;
  return text;
}

// A line of two characters is a row of a thousand numbers: the room is asked before they are there.
TEST(ReaderRowsTest, ShortLinesOfAWideSchemaAskForRoom) {
  uint64_t most = 0;
  for (const std::string& format : {std::string("json"), std::string("csv")}) {
    const std::string text = Repeated(format == "json" ? "{}\n" : ",\n", 20'000);
    EXPECT_TRUE(base::Is(Read(text, format, Wide(1'000), 8 * kMiB, &most), base::kMemoryLimit));
    EXPECT_LT(most, 16 * kMiB);
    EXPECT_TRUE(Read(Repeated("{}\n", 20), format, Wide(1'000), 8 * kMiB, &most).ok());
  }
}

TEST(ReaderRowsTest, ElementsOfAnArrayAskForRoom) {
  const std::string ddl = "a array<struct<" + [] {
    std::string fields;
    for (int i = 0; i < 1'000; ++i) {
      fields += (i > 0 ? ", f" : "f") + std::to_string(i) + ": double";
    }
    return fields;
  }() + ">>";
  uint64_t most = 0;
  std::string line = "{\"a\":[{}";
  for (int i = 0; i < 20'000; ++i) line += ",{}";
  EXPECT_TRUE(base::Is(Read(line + "]}\n", "json", ddl, 8 * kMiB, &most), base::kMemoryLimit));
  EXPECT_TRUE(Read("{\"a\":[{},{}]}\n", "json", ddl, 8 * kMiB, &most).ok());
}

TEST(ReaderRowsTest, OrdinaryRowsFitWhatTheFileTold) {
  uint64_t most = 0;
  const std::string text = Repeated("1234567,some text,1.23456789\n", 10'000);
  EXPECT_TRUE(Read(text, "csv", "a int, b string, c double", 3 * text.size(), &most).ok());
}

}  // namespace
}  // namespace soteria::formats
