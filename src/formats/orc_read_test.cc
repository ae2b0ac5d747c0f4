#include "src/formats/orc_read.h"

#include <arrow/array.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "src/base/errors.h"
#include "src/formats/conditions.h"
#include "src/formats/formats.h"
#include "src/formats/orc_stream.h"
#include "src/formats/orc_wire.h"
#include "src/formats/orc_write.h"
#include "src/formats/text_file_for_test.h"
#include "src/formats/write_options.h"
#include "src/table/conditions.h"
#include "src/table/table_for_test.h"
#include "src/table/types.h"

namespace soteria::formats {
namespace {

std::shared_ptr<arrow::Schema> Of(const std::string& ddl) { return *table::SchemaFromDdl(ddl); }

base::StatusOr<std::shared_ptr<arrow::Table>> Read(const std::string& bytes, const std::string& ddl,
                                                   const OptionMap& options = {},
                                                   const Room& room = nullptr) {
  TextFileForTest file(bytes, 100);
  return ReadOrc(file, ParseOrcReadOptions(options).value(), *Of(ddl), room);
}

std::string Written(const arrow::Table& rows, const std::string& codec = "zstd") {
  const auto bytes = WriteOrc(rows, codec);
  EXPECT_TRUE(bytes.ok()) << base::Message(bytes.status());
  return bytes.ok() ? *bytes : "";
}

std::string Numbers() {
  return Written(
      *table::TableForTest(Of("a int, b string"), {"[1, null, 3]", R"(["x", "y", null])"}));
}

/// A file of one stripe whose footers are these, and whose streams are `data`.
struct Parts {
  std::vector<std::string> types;
  std::vector<std::string> streams;
  std::string data;
  uint64_t rows = 1;
  std::string zone = "UTC";
};

std::string TypeOf(uint64_t kind, const std::vector<uint64_t>& children,
                   const std::vector<std::string>& names) {
  WireWriter out;
  out.Number(1, kind);
  for (const uint64_t child : children) out.Number(2, child);
  for (const std::string& name : names) out.Bytes(3, name);
  return out.bytes();
}

std::string StreamOf(uint64_t kind, uint64_t column, uint64_t length) {
  return WireWriter().Number(1, kind).Number(2, column).Number(3, length).bytes();
}

std::string FileOf(const Parts& parts) {
  WireWriter own;
  for (const std::string& stream : parts.streams) own.Bytes(1, stream);
  for (size_t i = 0; i < parts.types.size(); ++i) own.Bytes(2, "");
  own.Bytes(3, parts.zone);
  WireWriter stripe;
  stripe.Number(1, 3).Number(3, parts.data.size()).Number(4, own.bytes().size());
  stripe.Number(5, parts.rows);
  WireWriter footer;
  footer.Bytes(3, stripe.bytes());
  for (const std::string& type : parts.types) footer.Bytes(4, type);
  WireWriter postscript;
  postscript.Number(1, footer.bytes().size()).Number(2, 0).Bytes(8000, "ORC");
  return "ORC" + parts.data + own.bytes() + footer.bytes() + postscript.bytes() +
         static_cast<char>(postscript.bytes().size());
}

TEST(OrcRead, AllTypesComeBackFromEachCodec) {
  const auto schema = Of(
      "t boolean, y tinyint, h smallint, i int, l bigint, f float, d double, s string, day date, "
      "a array<int>, m map<string, bigint>, r struct<x: int, z: array<string>>");
  const auto rows = table::TableForTest(
      schema, {"[true, null, false]", "[1, null, -128]", "[1, null, -300]", "[1, null, -70000]",
               "[1, null, -5000000000]", "[1.5, null, -0.25]", "[1e300, null, -0.0]",
               R"(["a", null, ""])", "[0, null, -200000]", "[[1, null], null, []]",
               R"([[["k", 1], ["l", null]], null, []])", R"([[1, ["p"]], null, [null, null]])"});
  for (const char* codec : {"none", "snappy", "zlib", "zstd", "lz4"}) {
    const std::string bytes = Written(*rows, codec);
    TextFileForTest file(bytes);
    const auto found = OrcSchema(file);
    ASSERT_TRUE(found.ok()) << base::Message(found.status());
    EXPECT_TRUE((*found)->Equals(*schema)) << (*found)->ToString();
    const auto back = ReadOrc(file, {}, *schema);
    ASSERT_TRUE(back.ok()) << base::Message(back.status());
    EXPECT_TRUE((*back)->Equals(*rows)) << (*back)->ToString();
  }
}

TEST(OrcRead, ManyRowsAndStripes) {
  std::vector<std::shared_ptr<arrow::Table>> parts;
  const auto some =
      table::TableForTest(Of("a int, b string"), {"[1, null, 3]", R"(["x", "y", null])"});
  for (int i = 0; i < 100'000; ++i) parts.push_back(some);
  const auto rows = *arrow::ConcatenateTables(parts);
  const auto back = Read(Written(*rows), "a int, b string");
  ASSERT_TRUE(back.ok()) << base::Message(back.status());
  EXPECT_TRUE((*back)->Equals(*rows));
  EXPECT_GT((*back)->column(0)->num_chunks(), 1);
}

TEST(OrcRead, OnlyTheColumnsThatAreAskedFor) {
  const std::string bytes = Numbers();
  const auto wide = Read(bytes, "A bigint, missing double");
  ASSERT_TRUE(wide.ok()) << base::Message(wide.status());
  EXPECT_TRUE((*wide)->Equals(*table::TableForTest(Of("A bigint, missing double"),
                                                   {"[1, null, 3]", "[null, null, null]"})));
  const auto narrow = Read(bytes, "a tinyint");
  EXPECT_TRUE(base::Is(narrow.status(), table::kFailedReadFile));
  EXPECT_NE(base::Message(narrow.status()).find("`a` from int to tinyint"), std::string::npos);
  EXPECT_TRUE(base::Is(Read(bytes, "a timestamp").status(), table::kFailedReadFile));
  // To Spark bytes are a text of numbers.
  const std::string binary =
      Written(*table::TableForTest(Of("a array<binary>"), {R"([["x"], null])"}));
  EXPECT_TRUE(Read(binary, "a array<binary>").ok());
  EXPECT_TRUE(base::Is(Read(binary, "a array<string>").status(), table::kFailedReadFile));
  const auto none = ReadOrc(*std::make_unique<TextFileForTest>(bytes), {}, *arrow::schema({}));
  ASSERT_TRUE(none.ok());
  EXPECT_EQ((*none)->num_rows(), 3);
}

TEST(OrcRead, ColumnsWithoutNamesAreTheSchemasByPlace) {
  const auto rows = table::TableForTest(Of("_col0 int, _col1 string"), {"[1]", R"(["x"])"});
  const std::string bytes = Written(*rows);
  const auto back = Read(bytes, "k int, v string, more int");
  ASSERT_TRUE(back.ok()) << base::Message(back.status());
  EXPECT_TRUE((*back)->Equals(
      *table::TableForTest(Of("k int, v string, more int"), {"[1]", R"(["x"])", "[null]"})));
  EXPECT_FALSE(Read(bytes, "k int").ok());
  const OptionMap by_place = {{"orc.force.positional.evolution", "true"}};
  const auto forced = Read(Numbers(), "x int, y string", by_place);
  ASSERT_TRUE(forced.ok()) << base::Message(forced.status());
  EXPECT_EQ((*forced)->column(0)->null_count(), 1);
  EXPECT_TRUE(base::Is(ParseOrcReadOptions({{"orc.skip.corrupt.data", "true"}}).status(),
                       base::kUnsupported));
}

TEST(OrcRead, TimesOfTheOtherKindAreRefused) {
  const auto rows = table::TableForTest(Of("a timestamp_ntz"), {"[1500000]"});
  const std::string bytes = Written(*rows);
  const auto back = Read(bytes, "a timestamp_ntz");
  ASSERT_TRUE(back.ok()) << base::Message(back.status());
  EXPECT_TRUE((*back)->Equals(*rows));
  const auto other = Read(bytes, "a timestamp");
  EXPECT_TRUE(base::Is(other.status(), table::kFailedReadFile));
  EXPECT_NE(base::Message(other.status()).find("TIMESTAMP_NTZ of Orc"), std::string::npos);
}

TEST(OrcRead, DamageIsAnErrorAndNothingElse) {
  const std::string good = Numbers();
  for (size_t cut = 1; cut < good.size(); ++cut) {
    EXPECT_FALSE(Read(good.substr(0, cut), "a int, b string").ok()) << cut;
  }
  for (size_t at = 0; at < good.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ flip);
      Read(bad, "a int, b string").IgnoreError();
    }
  }
  TextFileForTest other("PAR1 and what follows");
  EXPECT_TRUE(base::Is(OrcSchema(other).status(), table::kFailedReadFile));
  TextFileForTest empty("");
  EXPECT_EQ(OrcSchema(empty).value(), nullptr);
}

TEST(OrcRead, ClaimsAreAskedForBeforeTheyAreTaken) {
  uint64_t most = 0;
  const Room room = [&](uint64_t bytes) {
    most = std::max(most, bytes);
    return bytes <= uint64_t{64} << 20 ? base::OkStatus() : base::Fail(base::kMemoryLimit, "room");
  };
  const auto refused = [&](const Parts& parts, const std::string& ddl) {
    const auto rows = Read(FileOf(parts), ddl, {}, room);
    EXPECT_FALSE(rows.ok());
    return rows.status();
  };
  // One list of 2^31 - 1 booleans, and of more; the stream is a literal of one number.
  Parts list{{TypeOf(12, {1}, {"a"}), TypeOf(10, {2}, {}), TypeOf(0, {}, {})}, {}, ""};
  const std::string long_one = "\xff\xff\xff\xff\xff\x07";
  list.data = long_one;
  list.streams = {StreamOf(2, 1, list.data.size())};
  EXPECT_TRUE(base::Is(refused(list, "a array<boolean>"), base::kMemoryLimit));
  list.data = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
  list.streams = {StreamOf(2, 1, list.data.size())};
  refused(list, "a array<boolean>").IgnoreError();
  // One text of as many bytes, of which there is none.
  Parts text{{TypeOf(12, {1}, {"a"}), TypeOf(7, {}, {})}, {}, long_one};
  text.streams = {StreamOf(2, 1, text.data.size())};
  EXPECT_TRUE(base::Is(refused(text, "a string"), base::kMemoryLimit));
  // 2^40 rows of nothing but nulls, in 1,000,000 runs or none.
  Parts rows{{TypeOf(12, {1}, {"a"}), TypeOf(3, {}, {})}, {StreamOf(0, 1, 0)}, ""};
  rows.rows = uint64_t{1} << 40;
  refused(rows, "a int").IgnoreError();
  rows.rows = UINT64_MAX;
  refused(rows, "a int").IgnoreError();
  EXPECT_LT(most, uint64_t{16} << 30);
}

TEST(OrcRead, FootersThatCantBeAreRefused) {
  const Parts good{
      {TypeOf(12, {1}, {"a"}), TypeOf(3, {}, {})}, {StreamOf(1, 1, 2)}, std::string("\xff\x02")};
  ASSERT_TRUE(Read(FileOf(good), "a int").ok());
  std::vector<Parts> bad;
  const auto with = [&](const auto& change) {
    bad.push_back(good);
    change(bad.back());
  };
  with([](Parts& p) { p.types[0] = TypeOf(12, {0}, {"a"}); });  // itself
  with([](Parts& p) { p.types[0] = TypeOf(12, {2}, {"a"}); });  // none
  with([](Parts& p) { p.types[0] = TypeOf(12, {1, 1}, {"a", "b"}); });
  with([](Parts& p) { p.types[0] = TypeOf(12, {1}, {}); });  // no name
  with([](Parts& p) { p.types[0] = TypeOf(3, {}, {}); });    // no rows
  with([](Parts& p) { p.types[1] = TypeOf(10, {}, {}); });   // a list of nothing
  with([](Parts& p) { p.types[1] = TypeOf(99, {}, {}); });
  with([](Parts& p) { p.streams = {StreamOf(1, 1, 1000)}; });  // longer than the stripe
  with([](Parts& p) { p.streams = {StreamOf(1, 1, UINT64_MAX)}; });
  with([](Parts& p) { p.streams = {StreamOf(1, 1, 1), StreamOf(1, 1, 1)}; });
  with([](Parts& p) { p.streams = {}; });
  with([](Parts& p) {
    p.types = {TypeOf(12, {1}, {"a"})};
    for (uint64_t i = 2; i < 42; ++i) p.types.push_back(TypeOf(10, {i}, {}));
    p.types.push_back(TypeOf(3, {}, {}));
  });
  for (size_t i = 0; i < bad.size(); ++i) EXPECT_FALSE(Read(FileOf(bad[i]), "a int").ok()) << i;
  Parts mars = good;
  mars.types[1] = TypeOf(9, {}, {});
  mars.zone = "Mars/Base";
  EXPECT_TRUE(base::Is(Read(FileOf(mars), "a timestamp").status(), table::kFailedReadFile));
  Parts both = good;
  both.types = {TypeOf(12, {1}, {"a"}), TypeOf(13, {2}, {}), TypeOf(3, {}, {})};
  TextFileForTest file(FileOf(both));
  const auto of_union = OrcSchema(file);
  EXPECT_TRUE(base::Is(of_union.status(), base::kUnsupported));
  EXPECT_NE(base::Message(of_union.status()).find("uniontype"), std::string::npos);
}

// Arrow ends the program for a map with a null key.
TEST(OrcRead, AMapsKeyIsThere) {
  Parts map{{TypeOf(12, {1}, {"a"}), TypeOf(11, {2, 3}, {}), TypeOf(3, {}, {}), TypeOf(3, {}, {})},
            {StreamOf(2, 1, 2), StreamOf(0, 2, 2), StreamOf(1, 3, 2)},
            std::string("\xff\x01") + std::string("\xff\0", 2) + std::string("\xff\x02")};
  EXPECT_TRUE(base::Is(Read(FileOf(map), "a map<int, int>").status(), table::kFailedReadFile));
}

TEST(OrcWrite, ColumnsThatItCantHold) {
  EXPECT_TRUE(base::Is(CheckOrcSchema(*Of("a void")), kTypeForSource));
  EXPECT_TRUE(base::Is(CheckOrcSchema(*Of("a array<map<int, void>>")), kTypeForSource));
  EXPECT_TRUE(CheckOrcSchema(*Of("a interval day to hour, b decimal(38, 10)")).ok());
  EXPECT_TRUE(CheckOrcSchema(*arrow::schema({table::VectorField("v", true, 3)})).ok());
}

TEST(OrcWrite, Codecs) {
  const auto codec = [](const OptionMap& options) {
    const auto parsed = ParseWriteOptions("orc", options, {});
    return parsed.ok() ? parsed->compression : base::ConditionName(parsed.status());
  };
  EXPECT_EQ(codec({}), "zstd");
  EXPECT_EQ(codec({{"compression", "SNAPPY"}, {"orc.compress", "zlib"}}), "snappy");
  EXPECT_EQ(codec({{"orc.compress", "zlib"}}), "zlib");
  EXPECT_EQ(codec({{"compression", "uncompressed"}}), "none");
  EXPECT_EQ(codec({{"compression", "lzo"}}), base::kUnsupported.name);
  EXPECT_EQ(codec({{"compression", "xz"}}), kNoCodec.name);
  EXPECT_EQ(codec({{"orc.bloom.filter.columns", "a"}}), base::kUnsupported.name);
}

}  // namespace
}  // namespace soteria::formats
