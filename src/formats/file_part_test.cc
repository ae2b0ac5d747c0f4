#include "src/formats/file_part.h"

#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/formats/formats.h"
#include "src/formats/text_file_for_test.h"
#include "src/formats/window.h"
#include "src/table/types.h"

namespace soteria::formats {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

struct Reading {
  std::string format;
  OptionMap options;
  std::string ddl;

  std::string Encoded() const { return EncodeReadOptions(format, options, {}).value(); }
};

std::string RowsOf(const FilePart& part, const Reading& how) {
  std::shared_ptr<arrow::Schema> schema = FixedSchema(how.format, how.Encoded()).value();
  if (schema == nullptr) schema = table::SchemaFromDdl(how.ddl).value();
  const auto table = ReadFile(part, how.format, how.Encoded(), *schema);
  if (!table.ok()) return base::ConditionName(table.status());
  std::string text;
  for (int64_t row = 0; row < (*table)->num_rows(); ++row) {
    for (const auto& column : (*table)->columns()) {
      const auto scalar = column->GetScalar(row).ValueOrDie();
      text += (scalar->is_valid ? scalar->ToString() : "-") + "|";
    }
    text += "\n";
  }
  return text;
}

/// The rows of each part of so many bytes.
std::vector<std::string> PartsOf(const std::string& text, uint64_t bytes, const Reading& how,
                                 size_t step = kMiB) {
  std::vector<std::string> parts;
  for (uint64_t at = 0; at < text.size(); at += bytes) {
    TextFileForTest file(text, step);
    parts.push_back(RowsOf({file, at, std::min<uint64_t>(at + bytes, text.size())}, how));
  }
  return parts;
}

std::string Joined(const std::vector<std::string>& parts) {
  std::string all;
  for (const std::string& part : parts) all += part;
  return all;
}

const Reading kText = {"text", {}, ""};
Reading EndedBy(const std::string& line_end) { return {"text", {{"linesep", line_end}}, ""}; }

// Where Hadoop's LineRecordReader of stock Spark 4.3 has them (tests/parity/part_cases.py).
TEST(FilePart, ALineIsWhereTheLineEndBeforeItIs) {
  using Parts = std::vector<std::string>;
  EXPECT_EQ(PartsOf("ab\ncd\nef", 3, kText), (Parts{"ab|\ncd|\n", "ef|\n", ""}));
  EXPECT_EQ(PartsOf("ab\ncd\nef", 2, kText), (Parts{"ab|\n", "cd|\n", "ef|\n", ""}));
  EXPECT_EQ(PartsOf("abcdefgh\ni", 3, kText), (Parts{"abcdefgh|\n", "", "i|\n", ""}));
  // A \n in another part than its \r is a line end of its own there.
  EXPECT_EQ(PartsOf("a\r\nb\r\n", 2, kText), (Parts{"a|\n", "b|\n", ""}));
  EXPECT_EQ(PartsOf("a\rb\rc", 2, kText), (Parts{"a|\nb|\n", "c|\n", ""}));
  EXPECT_EQ(PartsOf("a\n\n\nb", 2, kText), (Parts{"a|\n|\n", "|\nb|\n", ""}));
  EXPECT_EQ(PartsOf("\xEF\xBB\xBF\x61\nb\n", 2, kText), (Parts{"a|\n", "", "b|\n", ""}));
  // A line end of two bytes belongs to its first.
  EXPECT_EQ(PartsOf("a||b||c", 2, EndedBy("||")), (Parts{"a|\nb|\n", "", "c|\n", ""}));
  EXPECT_EQ(PartsOf("a|b||c||", 2, EndedBy("||")), (Parts{"a|b|\n", "c|\n", "", ""}));
  EXPECT_EQ(PartsOf("a|||b", 2, EndedBy("||")), (Parts{"a|\n|b|\n", "b|\n", ""}));
}

TEST(FilePart, PartsOfAnySizeAreTheWhole) {
  const std::string wide(40, 'w');
  const std::vector<std::string> texts = {
      "",
      "\n",
      "a",
      "1,x\n2,y\n3,z\n",
      "1,x\r\n2,y\r\n\r\n3,z",
      "1,x\r2,y\r\r3,z\r",
      "1,x\r\n2,y\n3,z\r4,w\n\r5,v",
      "\n\n1,x\n   \n# c\n2,y\n\n",
      "\xEF\xBB\xBF\x31,x\n2,y\n",
      "1," + wide + "\n2,y\n3," + wide,
      "1,\"a\nb\"\n2,\"c\"\"d\"\nx,y\n4\n5,6,7\n",
      "{\"a\": 1, \"b\": \"x\"}\n[{\"a\": 2}, {\"a\": 3}]\n{oops\n\n{\"b\": \"\xC3\xA9\"}\r\n{}",
      "1 1:0.5 3:2\n# c\n0 2:1\n\n1\n",
  };
  const std::vector<Reading> readings = {
      kText,
      EndedBy("\n"),
      EndedBy(","),
      EndedBy("\r\n"),
      {"csv", {}, "a int, b string, _corrupt_record string"},
      {"csv", {{"mode", "DROPMALFORMED"}}, "a int, b string"},
      {"csv", {{"comment", "#"}, {"ignoreleadingwhitespace", "true"}}, "a string, b string"},
      {"csv", {{"linesep", ",x"}}, "a string, b string"},
      {"json", {}, "a int, b string, _corrupt_record string"},
      {"json", {{"mode", "DROPMALFORMED"}}, "a int"},
      {"libsvm", {{"numfeatures", "4"}}, ""},
  };
  for (const Reading& how : readings) {
    for (const std::string& text : texts) {
      TextFileForTest whole(text);
      const std::string rows = RowsOf(whole, how);
      if (rows == "FAILED_READ_FILE.NO_HINT") continue;  // no LIBSVM
      for (uint64_t bytes = 1; bytes <= text.size() + 1; ++bytes) {
        for (const size_t step : {size_t{1}, size_t{1} << 20}) {
          EXPECT_EQ(Joined(PartsOf(text, bytes, how, step)), rows)
              << how.format << " of " << text << " by " << bytes;
        }
      }
    }
  }
}

TEST(FilePart, AHeaderIsInTheFirstPart) {
  const Reading headed = {"csv", {{"header", "true"}, {"comment", "#"}}, "a string, b string"};
  EXPECT_EQ(Joined(PartsOf("a,b\n1,x\na,b\n2,y\n", 5, headed)), "1|x|\na|b|\n2|y|\n");
  // As in Spark: of comments alone, it has none.
  const std::string late = "# 1\n# 2\na,b\n1,x\n";
  EXPECT_EQ(Joined(PartsOf(late, 4, headed)), "a|b|\n1|x|\n");
  EXPECT_EQ(Joined(PartsOf(late, 8, headed)), "1|x|\n");
}

/// The schema that contents make, in parts of so many bytes.
std::string SchemaOf(const std::string& text, uint64_t bytes, const Reading& how) {
  auto pass = FirstPass(how.format, how.Encoded());
  for (int passes = 0; passes < 3; ++passes) {
    std::vector<std::string> shares;
    for (uint64_t at = 0; at < text.size(); at += bytes) {
      TextFileForTest file(text);
      const FilePart part(file, at, std::min<uint64_t>(at + bytes, text.size()));
      const auto share = ShareOf(part, *pass);
      if (!share.ok()) return base::ConditionName(share.status());
      shares.push_back(*share);
    }
    const auto after = Finish(*pass, *MergeShares(*pass, shares));
    if (!after.ok()) return base::ConditionName(after.status());
    if (!after->next.has_value()) return after->schema->ToString(/*show_metadata=*/true);
    *pass = *after->next;
  }
  return "too many passes";
}

TEST(FilePart, ContentsMakeTheSameSchemaInParts) {
  const std::vector<std::pair<Reading, std::string>> files = {
      {{"csv", {{"header", "true"}, {"inferschema", "true"}}, ""},
       "a,b,c\n1,2020-01-02,x\n2.5,2020-01-02 03:04:05,\n,,true\n"},
      {{"csv", {{"inferschema", "true"}}, ""}, "1,2\n3,4,5\n6\n"},
      {{"json", {}, ""}, "{\"a\": 1}\n{\"a\": 2.5, \"b\": [1]}\n{oops\n{\"b\": [\"x\"]}\n"},
      {{"libsvm", {}, ""}, "1 1:0.5 7:2\n0 9:1\n1 3:1\n"},
  };
  for (const auto& [how, text] : files) {
    const std::string whole = SchemaOf(text, text.size(), how);
    EXPECT_NE(whole.find(": "), std::string::npos) << whole;
    for (uint64_t bytes = 1; bytes < text.size(); ++bytes) {
      EXPECT_EQ(SchemaOf(text, bytes, how), whole) << how.format << " by " << bytes;
    }
  }
}

TEST(FilePart, WhichFilesHaveParts) {
  const auto has = [](const std::string& name, const Reading& how) {
    return HasParts(name, how.format, how.Encoded()).value();
  };
  EXPECT_TRUE(has("a.csv", {"csv", {}, ""}));
  EXPECT_FALSE(has("a.csv", {"csv", {{"multiline", "true"}}, ""}));
  EXPECT_FALSE(has("a.csv.gz", {"csv", {}, ""}));
  EXPECT_TRUE(has("a", {"json", {}, ""}));
  EXPECT_FALSE(has("a", {"json", {{"multiline", "true"}}, ""}));
  EXPECT_TRUE(has("a.txt", kText));
  EXPECT_FALSE(has("a.txt", {"text", {{"wholetext", "true"}}, ""}));
  EXPECT_TRUE(has("a", {"libsvm", {}, ""}));
  EXPECT_FALSE(has("a.gz", {"libsvm", {}, ""}));
  EXPECT_FALSE(HasParts("a", "parquet", "").ok());
}

/// Remembers which pieces of a MiB were read.
class Watched : public TextFileForTest {
 public:
  using TextFileForTest::TextFileForTest;
  base::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) override {
    if (offset < size() && !out.empty()) {
      EXPECT_EQ(offset / kMiB, (offset + out.size() - 1) / kMiB);
      pieces_.insert(offset / kMiB);
    }
    return TextFileForTest::ReadAt(offset, out);
  }
  std::vector<uint64_t> Pieces() const { return {pieces_.begin(), pieces_.end()}; }

 private:
  std::set<uint64_t> pieces_;
};

std::vector<uint64_t> Pieces(const std::string& text, uint64_t begin, uint64_t end) {
  Watched file(text);
  RowsOf({file, begin, end}, kText);
  return file.Pieces();
}

TEST(FilePart, OnlyItsPiecesOfTheFileAreRead) {
  using Read = std::vector<uint64_t>;
  // Whatever the lines are, so long as they are shorter than a piece.
  for (const size_t line : {10UL, 64UL, 700'000UL}) {
    std::string text;
    while (text.size() < 6 * kMiB) text += std::string(line - 1, 'x') + "\n";
    EXPECT_EQ(Pieces(text, 0, 2 * kMiB), (Read{0, 1, 2})) << line;
    EXPECT_EQ(Pieces(text, 2 * kMiB, 4 * kMiB), (Read{2, 3, 4})) << line;
  }
  // A part in the midst of a line reads no further than itself, whoever has the line goes on.
  std::string text = "a\n" + std::string(4 * kMiB, 'x') + "\nb\n";
  text.resize(6 * kMiB, 'y');
  EXPECT_EQ(Pieces(text, 2 * kMiB, 3 * kMiB), (Read{2}));
  EXPECT_EQ(Pieces(text, 0, kMiB), (Read{0, 1, 2, 3, 4}));
}

// A line that is too long for memory ends the part that has it, and no other.
TEST(FilePart, ALineThatIsTooLongIsInOnePart) {
  const std::string text =
      "a\n" + std::string(kRecordBytesMax + 2 * kMiB, 'x') + "\nb\n" + std::string(100, 'c');
  TextFileForTest file(text);
  EXPECT_EQ(RowsOf({file, 0, kMiB}, kText), "SOTERIA.MEMORY_LIMIT");
  EXPECT_EQ(RowsOf({file, kMiB, 2 * kMiB}, kText), "");
  EXPECT_EQ(RowsOf({file, text.size() - 150, text.size()}, kText),
            "b|\n" + std::string(100, 'c') + "|\n");
}

}  // namespace
}  // namespace soteria::formats
