#include "src/table/ipc.h"

#include <arrow/array.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <gtest/gtest.h>

#include <random>

#include "src/base/errors.h"
#include "src/table/map_type.h"
#include "src/table/table_for_test.h"
#include "src/table/types.h"

namespace soteria::table {
namespace {

std::shared_ptr<arrow::Table> Sample() {
  auto schema = arrow::schema({arrow::field("i", arrow::int32(), false),
                               WithSparkMetadata(arrow::field("s", arrow::utf8()), R"({"a":1})"),
                               VectorField("v", true, std::nullopt)},
                              arrow::key_value_metadata({"k"}, {"x"}));
  return arrow::Table::Make(
      schema, arrow::ArrayVector{
                  ArrayForTest(arrow::int32(), "[1, 2, 3]"),
                  ArrayForTest(arrow::utf8(), R"(["a", null, "c"])"),
                  VectorsForTest({DenseVector({1, 2}), std::nullopt, SparseVector(3, {1}, {2})})});
}

TEST(Ipc, RoundTripIsLossless) {
  const auto table = Sample();
  const auto bytes = ToIpcStream(*table);
  ASSERT_TRUE(bytes.ok());
  const auto back = FromIpcStream(*bytes);
  ASSERT_TRUE(back.ok()) << base::Message(back.status());
  EXPECT_TRUE((*back)->Equals(*table, /*check_metadata=*/true));
  EXPECT_TRUE((*back)->schema()->Equals(*table->schema(), true));
  const auto again = ToIpcStream(**back);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(*again, *bytes);  // I7: equal tables, equal bytes
}

TEST(Ipc, SlicesCarryTheirRowsOnly) {
  const auto table = Sample();
  const auto bytes = ToIpcStream(*table->Slice(1, 2));
  ASSERT_TRUE(bytes.ok());
  const auto back = FromIpcStream(*bytes);
  ASSERT_TRUE(back.ok());
  EXPECT_TRUE((*back)->Equals(*table->Slice(1, 2)));
}

TEST(Ipc, RowsWithoutColumnsAreCounted) {
  for (const int64_t rows : {0, 3}) {
    const auto table = arrow::Table::Make(arrow::schema({}), arrow::ArrayVector{}, rows);
    const auto bytes = ToIpcStream(*table);
    ASSERT_TRUE(bytes.ok());
    const auto back = FromIpcStream(*bytes);
    ASSERT_TRUE(back.ok());
    EXPECT_EQ((*back)->num_rows(), rows);
  }
}

TEST(Ipc, RefusesCutAndForeignBytes) {
  const auto bytes = ToIpcStream(*Sample());
  ASSERT_TRUE(bytes.ok());
  EXPECT_FALSE(FromIpcStream("").ok());
  EXPECT_FALSE(FromIpcStream("ARROW1").ok());
  for (size_t cut = 1; cut < bytes->size() - 16; cut += 13) {
    const auto table = FromIpcStream(std::string_view(*bytes).substr(0, cut));
    // A stream may end between messages: then it has fewer rows, never other ones.
    if (table.ok()) {
      EXPECT_EQ((*table)->num_rows(), 0);
    } else {
      EXPECT_TRUE(base::Is(table.status(), base::kInput));
    }
  }
}

TEST(Ipc, FlippedBytesNeverGiveAnInvalidTable) {
  const auto bytes = ToIpcStream(*Sample());
  ASSERT_TRUE(bytes.ok());
  std::mt19937 random(7);
  for (int round = 0; round < 3000; ++round) {
    std::string hostile = *bytes;
    for (int k = 0; k < 3; ++k) hostile[random() % hostile.size()] = static_cast<char>(random());
    const auto table = FromIpcStream(hostile);
    if (table.ok()) {
      EXPECT_TRUE((*table)->ValidateFull().ok());
    }
  }
}

TEST(Ipc, Limits) {
  const auto bytes = ToIpcStream(*Sample());
  ASSERT_TRUE(bytes.ok());
  EXPECT_TRUE(base::Is(FromIpcStream(*bytes, {.bytes_max = 10}).status(), base::kMemoryLimit));
  EXPECT_TRUE(base::Is(FromIpcStream(*bytes, {.rows_max = 2}).status(), base::kMemoryLimit));
}

/// A stream whose schema is one and whose rows are of another: nothing else says what they are.
std::string StreamOf(const arrow::Schema& schema, const arrow::RecordBatch& rows) {
  const auto begin = arrow::ipc::SerializeSchema(schema).ValueOrDie();
  const auto batch =
      arrow::ipc::SerializeRecordBatch(rows, arrow::ipc::IpcWriteOptions::Defaults()).ValueOrDie();
  return begin->ToString() + batch->ToString() + std::string("\xff\xff\xff\xff\0\0\0\0", 8);
}

// Arrow ends the program where it makes an array of such a map.
TEST(Ipc, MapsWithNullKeysAreRefused) {
  const auto pair =
      arrow::struct_({arrow::field("key", arrow::int32()), arrow::field("value", arrow::int32())});
  const auto map = arrow::schema({arrow::field("m", MapOf(arrow::int32(), arrow::int32()))});
  const auto stream = [&](const std::string& values) {
    const auto list = ListOf(pair);
    return StreamOf(*map, *arrow::RecordBatch::Make(arrow::schema({arrow::field("m", list)}), 1,
                                                    {ArrayForTest(list, values)}));
  };
  const auto good = FromIpcStream(stream("[[[1, 2], [3, null]]]"));
  ASSERT_TRUE(good.ok()) << base::Message(good.status());
  EXPECT_TRUE((*good)->column(0)->chunk(0)->Equals(
      ArrayForTest(map->field(0)->type(), "[[[1, 2], [3, null]]]")));
  for (const char* bad : {"[[[1, 2], [null, 3]]]", "[[[1, 2], null]]"}) {
    EXPECT_TRUE(base::Is(FromIpcStream(stream(bad)).status(), base::kInput)) << bad;
  }
  // The same in a list of maps.
  const auto lists = arrow::schema({arrow::field("m", ListOf(map->field(0)->type()))});
  const auto nested = ListOf(ListOf(pair));
  const auto rows = arrow::RecordBatch::Make(arrow::schema({arrow::field("m", nested)}), 1,
                                             {ArrayForTest(nested, "[[[[null, 3]]]]")});
  EXPECT_TRUE(base::Is(FromIpcStream(StreamOf(*lists, *rows)).status(), base::kInput));
}

TEST(Ipc, DictionariesOfNestedValuesAreRefused) {
  const auto schema = arrow::schema(
      {arrow::field("d", arrow::dictionary(arrow::int8(), MapOf(arrow::int32(), arrow::int32())))});
  const auto begin = arrow::ipc::SerializeSchema(*schema).ValueOrDie();
  const std::string bytes = begin->ToString() + std::string("\xff\xff\xff\xff\0\0\0\0", 8);
  EXPECT_TRUE(base::Is(FromIpcStream(bytes).status(), base::kInput));
}

}  // namespace
}  // namespace soteria::table
