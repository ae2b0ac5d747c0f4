#include "src/storage/parquet.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>

#include <random>

#include "src/base/errors.h"
#include "src/storage/root_for_test.h"
#include "src/table/map_type.h"
#include "src/table/table_for_test.h"
#include "src/table/types.h"

namespace soteria::storage {
namespace {

std::shared_ptr<arrow::Array> Array(arrow::ArrayBuilder& builder) { return *builder.Finish(); }

// Two rows of the dense form, and a string column.
std::shared_ptr<arrow::Table> Vectors() {
  arrow::DoubleBuilder values;
  EXPECT_TRUE(values.AppendValues({1.5, -0.0, 2.5, 1e300}).ok());
  arrow::StringBuilder names;
  EXPECT_TRUE(names.AppendValues({"a", "b"}).ok());
  const auto field = table::VectorField("features", true, 2);
  const auto dense = std::make_shared<arrow::FixedSizeListArray>(field->type(), 2, Array(values));
  return arrow::Table::Make(arrow::schema({field, arrow::field("name", arrow::utf8())}),
                            {dense, Array(names)});
}

class ParquetTest : public testing::Test {
 protected:
  base::StatusOr<std::unique_ptr<PlainParquetReader>> Open(std::string_view bytes) {
    root_.SetBytes("f.parquet", bytes);
    auto file = files_->Open(root_.path(), "f.parquet", std::nullopt);
    EXPECT_TRUE(file.ok()) << file.status();
    file_ = std::move(file).value();
    return PlainParquetReader::Open(*file_);
  }

  RootForTest root_;
  std::unique_ptr<base::Files> files_ = base::PosixFiles();
  std::unique_ptr<base::ReadableFile> file_;
};

TEST_F(ParquetTest, VectorsGoOutInSparksFormAndComeBackMarked) {
  const auto bytes = ParquetBytes(*Vectors());
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_EQ(bytes->substr(0, 4), "PAR1");
  EXPECT_NE(bytes->find("org.apache.spark.ml.linalg.VectorUDT"), std::string::npos);
  EXPECT_EQ(bytes->find("ARROW:schema"), std::string::npos);
  auto reader = Open(*bytes);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ((*reader)->rows(), 2);
  EXPECT_TRUE(table::IsVector(*(*reader)->schema()->field(0)));
  const auto table = (*reader)->Next();
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_TRUE((*table)->Equals(**table::ToSparkForm(Vectors()))) << (*table)->ToString();
  EXPECT_TRUE((*table)->schema()->Equals(*(*reader)->schema()));
  const auto end = (*reader)->Next();
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(*end, nullptr);
}

TEST_F(ParquetTest, MapsComeBackWithTheirNullsAndNames) {
  const auto value = arrow::field("value", arrow::int32(), false);
  const auto schema = arrow::schema(
      {arrow::field("m", *table::TypeFromDdl("map<string,map<int,array<double>>>")),
       arrow::field("n", table::MapOf(arrow::field("key", arrow::int64()), value), false)});
  const auto rows = table::TableForTest(
      schema, {R"([[["a", [[1, [0.5, null]], [2, null]]], ["b", null]], null, [], [["", []]]])",
               "[[], [[1, 2], [3, 4]], [[5, 6]], []]"});
  // A slice, whose offsets don't begin at 0.
  for (const auto& table : {rows, rows->Slice(1)}) {
    const auto bytes = ParquetBytes(*table);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    auto reader = Open(*bytes);
    ASSERT_TRUE(reader.ok()) << reader.status();
    EXPECT_TRUE((*reader)->schema()->Equals(*schema)) << (*reader)->schema()->ToString();
    const auto back = (*reader)->Next();
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_TRUE((*back)->Equals(*table)) << (*back)->ToString();
  }
}

// Written by Spark 4.3 with ML vectors and matrices, nulls, dates, time stamps (INT96).
TEST_F(ParquetTest, ReadsWhatSparkWrote) {
  const auto bytes = files_->ReadAll(std::string(SOTERIA_SOURCE_DIR) + "/tests/golden/spark",
                                     "types.snappy.parquet", 1 << 20);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  auto reader = Open(*bytes);
  ASSERT_TRUE(reader.ok()) << reader.status();
  const arrow::Schema& schema = *(*reader)->schema();
  EXPECT_TRUE(table::IsVector(*schema.GetFieldByName("v")));
  EXPECT_TRUE(table::IsMatrix(*schema.GetFieldByName("m")));
  const auto table = (*reader)->Next();
  ASSERT_TRUE(table.ok()) << table.status();
  ASSERT_EQ((*table)->num_rows(), 3);
  const auto cell = [&table](const char* column, int64_t row) {
    return (*(*table)->GetColumnByName(column)->GetScalar(row))->ToString();
  };
  EXPECT_EQ(cell("i", 2), "9");
  EXPECT_EQ(cell("s", 2), "\xc3\xa9");
  EXPECT_EQ(cell("s", 1), "null");
  EXPECT_EQ(cell("d", 0), "1999-12-31");
  EXPECT_EQ(cell("d", 2), "1600-01-01");
  EXPECT_EQ(cell("t", 0), "2020-01-02 03:04:05.000678Z");
  EXPECT_EQ(cell("y", 2), "127");
  EXPECT_EQ(cell("v", 2), "null");
  EXPECT_NE(cell("v", 1).find("4.25"), std::string::npos) << cell("v", 1);
  EXPECT_NE(cell("m", 1).find("6"), std::string::npos) << cell("m", 1);
}

TEST_F(ParquetTest, RowGroupsComeOneByOneFromOtherWritersFiles) {
  arrow::Int32Builder numbers;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(numbers.Append(i).ok());
  const auto table =
      arrow::Table::Make(arrow::schema({arrow::field("n", arrow::int32())}), {Array(numbers)});
  const auto sink = *arrow::io::BufferOutputStream::Create();
  ASSERT_TRUE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink, 4).ok());
  auto reader = Open((*sink->Finish())->ToString());
  ASSERT_TRUE(reader.ok()) << reader.status();
  std::vector<int64_t> rows;
  while (true) {
    const auto next = (*reader)->Next();
    ASSERT_TRUE(next.ok()) << next.status();
    if (*next == nullptr) break;
    rows.push_back((*next)->num_rows());
  }
  EXPECT_EQ(rows, (std::vector<int64_t>{4, 4, 2}));
}

TEST_F(ParquetTest, ANameThatOccursTwiceIsHarmless) {
  arrow::Int32Builder one, two;
  ASSERT_TRUE(one.Append(1).ok() && two.Append(2).ok());
  const auto field = arrow::field("n", arrow::int32());
  const auto table = arrow::Table::Make(arrow::schema({field, field}), {Array(one), Array(two)});
  const auto sink = *arrow::io::BufferOutputStream::Create();
  ASSERT_TRUE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink, 4).ok());
  auto reader = Open((*sink->Finish())->ToString());
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ((*(*reader)->Next())->num_columns(), 2);
}

// pandas writes a column of None like that; Spark reads the integers that it is stored as.
TEST_F(ParquetTest, AColumnOfNothingButNullsIsOneOfIntegers) {
  const auto nulls = *arrow::MakeArrayOfNull(arrow::null(), 3);
  const auto table = arrow::Table::Make(arrow::schema({arrow::field("n", arrow::null())}), {nulls});
  const auto sink = *arrow::io::BufferOutputStream::Create();
  ASSERT_TRUE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink, 4).ok());
  auto reader = Open((*sink->Finish())->ToString());
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ(*(*reader)->schema()->field(0)->type(), *arrow::int32());
  const auto rows = (*reader)->Next();
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ((*rows)->column(0)->null_count(), 3);
}

TEST_F(ParquetTest, EmptyTableKeepsItsSchema) {
  const auto bytes = ParquetBytes(*Vectors()->Slice(0, 0));
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  auto reader = Open(*bytes);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ((*reader)->rows(), 0);
  EXPECT_EQ((*reader)->schema()->num_fields(), 2);
}

// Garbage may read as other rows (a plain file has no seal) but never ends the program.
TEST_F(ParquetTest, GarbageIsAnErrorAndNeverAnException) {
  EXPECT_TRUE(base::Is(Open("").status(), base::kInput));
  EXPECT_TRUE(base::Is(Open("PAR1").status(), base::kInput));
  EXPECT_TRUE(base::Is(Open("a,b\n1,2\n").status(), base::kInput));
  const std::string bytes = *ParquetBytes(*Vectors());
  EXPECT_TRUE(base::Is(Open(bytes.substr(0, bytes.size() - 1)).status(), base::kInput));
  std::mt19937 engine(11);
  int refused = 0;
  for (int i = 0; i < 300; ++i) {
    std::string changed = bytes;
    changed[engine() % bytes.size()] ^= static_cast<char>(1 << (engine() % 7));
    auto reader = Open(changed);
    if (reader.ok() && (*reader)->Next().ok()) continue;
    ++refused;
  }
  EXPECT_GT(refused, 50);
}

}  // namespace
}  // namespace soteria::storage
