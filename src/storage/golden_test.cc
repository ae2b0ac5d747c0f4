// The golden roots in tests/golden must still open, whatever changes: they stand for what owners
// have stored. To write new ones beside them when a format gets a new version:
//   SOTERIA_WRITE_GOLDEN=DIR storage_test --gtest_filter='Golden*'
#include <arrow/api.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/storage/dataset.h"
#include "src/storage/root_for_test.h"
#include "src/storage/tree.h"
#include "src/table/conform.h"
#include "src/table/types.h"
#include "src/table/vector.h"

namespace soteria::storage {
namespace {

constexpr char kDataSetId[] = "golden-data-set1";
constexpr char kTreeId[] = "golden-tree-0001";

crypto::Secret UserKey() {
  std::string bytes;
  for (char c = 0; c < 32; ++c) bytes.push_back(c);
  return crypto::Secret::Adopt(std::move(bytes));
}

std::shared_ptr<arrow::Array> Ok(arrow::Result<std::shared_ptr<arrow::Array>> array) {
  EXPECT_TRUE(array.ok()) << array.status();
  return *array;
}

// 100 rows: x = i / 8 - 3 or null where i % 10 == 9, s = "row i", n = i * i, v = (i, 0.5).
std::shared_ptr<arrow::Table> GoldenTable() {
  arrow::DoubleBuilder x;
  arrow::StringBuilder s;
  arrow::Int64Builder n;
  arrow::Int8Builder type;
  arrow::Int32Builder size;
  arrow::ListBuilder indices(arrow::default_memory_pool(), std::make_shared<arrow::Int32Builder>());
  arrow::ListBuilder values(arrow::default_memory_pool(), std::make_shared<arrow::DoubleBuilder>());
  for (int64_t i = 0; i < 100; ++i) {
    EXPECT_TRUE((i % 10 == 9 ? x.AppendNull() : x.Append(static_cast<double>(i) / 8 - 3)).ok());
    EXPECT_TRUE(s.Append("row " + std::to_string(i)).ok() && n.Append(i * i).ok());
    EXPECT_TRUE(type.Append(1).ok() && size.AppendNull().ok() && indices.AppendNull().ok());
    EXPECT_TRUE(values.Append().ok());
    auto& doubles = static_cast<arrow::DoubleBuilder&>(*values.value_builder());
    EXPECT_TRUE(doubles.Append(static_cast<double>(i)).ok() && doubles.Append(0.5).ok());
  }
  const auto field = table::VectorField("v", true, std::nullopt);
  const arrow::ArrayVector children = {Ok(type.Finish()), Ok(size.Finish()), Ok(indices.Finish()),
                                       Ok(values.Finish())};
  arrow::ArrayVector typed;
  for (size_t i = 0; i < children.size(); ++i) {
    typed.push_back(Ok(children[i]->View(field->type()->field(static_cast<int>(i))->type())));
  }
  const auto v = std::make_shared<arrow::StructArray>(field->type(), 100, typed);
  return arrow::Table::Make(
      arrow::schema({arrow::field("x", arrow::float64()), arrow::field("s", arrow::utf8()),
                     arrow::field("n", arrow::int64(), false), field}),
      {Ok(x.Finish()), Ok(s.Finish()), Ok(n.Finish()), v});
}

std::string GoldenFolder() { return std::string(SOTERIA_SOURCE_DIR) + "/tests/golden"; }

Origin GoldenOrigin() {
  return {Origin::Made::kJob, "golden-write-001", true, {kDataSetId, kTreeId}};
}

void WriteGolden(const std::string& folder) {
  const auto files = base::PosixFiles();
  base::RandomForTest random(42);
  const crypto::Secret key = DatasetKey(UserKey(), kDataSetId);
  const auto table = GoldenTable();
  std::optional<OpenedIndex> opened;
  for (const uint64_t rows : {100u, 60u}) {
    DatasetOptions options;
    options.tee_kinds = {"sgx", "simulated"};
    options.rows_per_file = rows;
    auto writer = DatasetWriter::Create(*files, random, folder + "/dataset", kDataSetId, key,
                                        table->schema(), options);
    ASSERT_TRUE(writer.ok()) << writer.status();
    ASSERT_TRUE((*writer)->Write(*table).ok());
    const auto published = (*writer)->Publish(opened.has_value() ? &*opened : nullptr);
    ASSERT_TRUE(published.ok()) << published.status();
    opened = *published;
  }
  const std::string root = folder + "/tree_origins";
  const crypto::Secret tree_key = DatasetKey(UserKey(), kTreeId);
  auto tree = Tree::CreateEmpty(*files, random, root, tree_key, kTreeId, {"sgx"});
  ASSERT_TRUE(tree.ok()) << tree.status();
  const auto parquet = ParquetBytes(*table);
  ASSERT_TRUE(parquet.ok()) << parquet.status();
  auto text =
      Tree::WriteFile(*files, random, root, tree_key, kTreeId, "m/metadata/part-00000", "{}\n");
  auto data = Tree::WriteFile(*files, random, root, tree_key, kTreeId,
                              "m/data/part-00000.snappy.parquet", *parquet, 100);
  const auto empty = Tree::WriteFile(*files, random, root, tree_key, kTreeId, "m/_SUCCESS", "");
  text->origin.made = Origin::Made::kPut;
  data->origin = GoldenOrigin();
  ASSERT_TRUE(tree->Publish(random, {*text, *data, *empty}, {}).ok());
}

TEST(GoldenTest, Write) {
  const char* folder = std::getenv("SOTERIA_WRITE_GOLDEN");
  if (folder == nullptr) GTEST_SKIP() << "SOTERIA_WRITE_GOLDEN isn't set";
  WriteGolden(folder);
}

TEST(GoldenTest, DataSetOpens) {
  const auto files = base::PosixFiles();
  const std::string root = GoldenFolder() + "/dataset";
  const crypto::Secret key = DatasetKey(UserKey(), kDataSetId);
  const auto opened = OpenIndex(*files, root, key, kDataSetId);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->index.version, 2u);
  EXPECT_EQ(opened->index.tee_kinds, (std::vector<std::string>{"sgx", "simulated"}));
  const KnownVersion known{.version = 1, .index = opened->index.previous};
  EXPECT_TRUE(CheckFresh(*opened, &known, 2, *files, root, key).ok());
  ASSERT_EQ(opened->index.files.size(), 2u);
  std::vector<std::shared_ptr<arrow::Table>> parts;
  for (size_t i = 0; i < 2; ++i) {
    const auto part = ReadDatasetFile(*files, root, opened->index, i, key, std::nullopt);
    ASSERT_TRUE(part.ok()) << part.status();
    parts.push_back(*part);
  }
  EXPECT_EQ(parts[0]->num_rows(), 60);
  EXPECT_TRUE((*arrow::ConcatenateTables(parts))->Equals(**table::NullableColumns(GoldenTable())));
}

void CheckGoldenTree(const std::string& name, bool has_origins) {
  const auto files = base::PosixFiles();
  const auto tree = Tree::Open(*files, base::Cat(GoldenFolder(), "/", name),
                               DatasetKey(UserKey(), kTreeId), kTreeId);
  ASSERT_TRUE(tree.ok()) << tree.status();
  EXPECT_EQ(tree->index().index.has_origins, has_origins);
  const auto origin = [&](std::string_view file) { return tree->Find(file)->origin; };
  EXPECT_EQ(origin("m/metadata/part-00000"),
            has_origins ? Origin{.made = Origin::Made::kPut} : Origin());
  EXPECT_EQ(origin("m/data/part-00000.snappy.parquet"), has_origins ? GoldenOrigin() : Origin());
  EXPECT_EQ(origin("m/_SUCCESS"), Origin());
  EXPECT_EQ(tree->List("m").size(), 3u);
  EXPECT_EQ(*tree->Read("m/metadata/part-00000", 100), "{}\n");
  EXPECT_EQ(*tree->Read("m/_SUCCESS", 100), "");
  const auto table = tree->ReadParquet("m/data/part-00000.snappy.parquet", std::nullopt);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_TRUE((*table)->Equals(*GoldenTable()));
  EXPECT_TRUE(table::IsVector(*(*table)->schema()->field(3)));
}

TEST(GoldenTest, TreeOpens) { CheckGoldenTree("tree_origins", true); }

TEST(GoldenTest, TreeFromBeforeOriginsOpens) { CheckGoldenTree("tree", false); }

}  // namespace
}  // namespace soteria::storage
