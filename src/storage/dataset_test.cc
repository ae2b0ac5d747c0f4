#include "src/storage/dataset.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <random>

#include "src/base/errors.h"
#include "src/storage/root_for_test.h"
#include "src/table/types.h"

namespace soteria::storage {
namespace {

std::shared_ptr<arrow::Table> Doubles(int64_t rows, uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  arrow::DoubleBuilder x, y;
  arrow::StringBuilder s;
  arrow::Int32Builder n;
  for (int64_t i = 0; i < rows; ++i) {
    EXPECT_TRUE(x.Append(normal(engine)).ok());
    EXPECT_TRUE((i % 7 == 3 ? y.AppendNull() : y.Append(normal(engine))).ok());
    EXPECT_TRUE(s.Append("canary-" + std::to_string(engine())).ok());
    EXPECT_TRUE(n.Append(static_cast<int32_t>(i)).ok());
  }
  return arrow::Table::Make(
      arrow::schema({arrow::field("x", arrow::float64()), arrow::field("y", arrow::float64()),
                     arrow::field("s", arrow::utf8()), arrow::field("n", arrow::int32())}),
      {*x.Finish(), *y.Finish(), *s.Finish(), *n.Finish()});
}

class DatasetTest : public testing::Test {
 protected:
  OpenedIndex Put(const std::vector<std::shared_ptr<arrow::Table>>& tables,
                  DatasetOptions options = {}, const OpenedIndex* replaced = nullptr) {
    options.tee_kinds = {"sgx", "simulated"};
    auto writer = DatasetWriter::Create(*files_, random_, root_.path(), IdForTest('d'), key_,
                                        tables.front()->schema(), options);
    EXPECT_TRUE(writer.ok()) << writer.status();
    for (const auto& table : tables) {
      const auto status = (*writer)->Write(*table);
      EXPECT_TRUE(status.ok()) << status;
    }
    auto opened = (*writer)->Publish(replaced);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return *opened;
  }
  base::StatusOr<std::shared_ptr<arrow::Table>> Read(
      const Index& index, size_t file = 0,
      const std::optional<std::vector<std::string>>& columns = std::nullopt) {
    return ReadDatasetFile(*files_, root_.path(), index, file, key_, columns);
  }
  void ExpectRefused(const Index& index, const std::string& what) {
    const auto read = Read(index);
    ASSERT_FALSE(read.ok()) << what;
    EXPECT_TRUE(base::Is(read.status(), base::kIntegrity)) << what << ": " << read.status();
  }

  RootForTest root_;
  std::unique_ptr<base::Files> files_ = base::PosixFiles();
  base::RandomForTest random_{2};
  crypto::Secret key_ = KeyForTest('k');
};

TEST_F(DatasetTest, RoundTrips) {
  const auto table = Doubles(1000, 1);
  const OpenedIndex opened = Put({table->Slice(0, 300), table->Slice(300)});
  ASSERT_EQ(opened.index.files.size(), 1u);
  EXPECT_EQ(opened.index.files[0].rows, 1000u);
  const auto read = Read(opened.index);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE((*read)->Equals(*table));
  const auto schema = SchemaOf(opened.index);
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_TRUE((*schema)->Equals(*table->schema(), false));
  const std::string bytes = root_.Bytes(opened.index.files[0].object);
  EXPECT_EQ(bytes.substr(0, 4), "PARE");
  EXPECT_EQ(bytes.substr(bytes.size() - 4), "PARE");
}

TEST_F(DatasetTest, ReadsAskedColumnsInAskedOrder) {
  const auto table = Doubles(100, 2);
  const OpenedIndex opened = Put({table});
  const auto read = Read(opened.index, 0, std::vector<std::string>{"n", "x"});
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE((*read)->Equals(**table->SelectColumns({3, 0})));
  const auto none = Read(opened.index, 0, std::vector<std::string>{});
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_EQ((*none)->num_columns(), 0);
  EXPECT_EQ((*none)->num_rows(), 100);
  const auto wrong = Read(opened.index, 0, std::vector<std::string>{"z"});
  EXPECT_TRUE(base::Is(wrong.status(), base::kUnresolvedColumn)) << wrong.status();
  EXPECT_TRUE(base::Is(Read(opened.index, 1).status(), base::kIntegrity));
}

TEST_F(DatasetTest, BothFormsOfVectorsKeepTheirMark) {
  arrow::FixedSizeListBuilder dense(arrow::default_memory_pool(),
                                    std::make_shared<arrow::DoubleBuilder>(), 3);
  auto& values = static_cast<arrow::DoubleBuilder&>(*dense.value_builder());
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(dense.Append().ok());
    ASSERT_TRUE(values.AppendValues({i + 0.5, i + 0.25, -1.0 * i}).ok());
  }
  const auto array = *dense.Finish();
  const auto table = arrow::Table::Make(arrow::schema({table::VectorField("features", true, 3)}),
                                        {std::make_shared<arrow::ChunkedArray>(*array->View(
                                            table::VectorField("features", true, 3)->type()))});
  const auto struct_form = table::ToSparkForm(table);
  ASSERT_TRUE(struct_form.ok()) << struct_form.status();
  const OpenedIndex opened = Put({table});
  const auto read = Read(opened.index);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE((*read)->Equals(*table)) << (*read)->ToString();
  EXPECT_TRUE(table::IsVector(*(*read)->schema()->field(0)));
  const auto schema = SchemaOf(opened.index);
  ASSERT_TRUE(schema.ok());
  EXPECT_TRUE(table::IsVector(*(*schema)->field(0)));
  const OpenedIndex second = Put({*struct_form}, {}, &opened);
  const auto again = Read(second.index);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE((*again)->Equals(**struct_form));
  EXPECT_TRUE(table::IsVector(*(*again)->schema()->field(0)));
}

TEST_F(DatasetTest, CutsFilesByRowsAndByBytes) {
  const auto table = Doubles(1000, 3);
  DatasetOptions by_rows;
  by_rows.rows_per_file = 300;
  const OpenedIndex opened = Put({table->Slice(0, 450), table->Slice(450)}, by_rows);
  ASSERT_EQ(opened.index.files.size(), 4u);
  int64_t at = 0;
  for (size_t i = 0; i < 4; ++i) {
    const auto read = Read(opened.index, i);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ((*read)->num_rows(), i < 3 ? 300 : 100);
    EXPECT_TRUE((*read)->Equals(*table->Slice(at, (*read)->num_rows())));
    at += (*read)->num_rows();
  }
  DatasetOptions by_bytes;
  by_bytes.file_bytes_max = 20'000;
  by_bytes.row_group_bytes = 8'000;
  const OpenedIndex small = Put({table}, by_bytes, &opened);
  EXPECT_GT(small.index.files.size(), 1u);
  uint64_t rows = 0;
  for (const FileEntry& file : small.index.files) {
    rows += file.rows;
    EXPECT_LT(file.size, 45'000u);
  }
  EXPECT_EQ(rows, 1000u);
}

TEST_F(DatasetTest, EmptyDataSetHasOneFileWithoutRows) {
  const OpenedIndex opened = Put({Doubles(0, 1)});
  ASSERT_EQ(opened.index.files.size(), 1u);
  const auto read = Read(opened.index);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ((*read)->num_rows(), 0);
  EXPECT_EQ((*read)->num_columns(), 4);
}

TEST_F(DatasetTest, UnpublishedLeavesNothing) {
  {
    auto writer = DatasetWriter::Create(*files_, random_, root_.path(), IdForTest('d'), key_,
                                        Doubles(1, 1)->schema(), {.rows_per_file = 10});
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE((*writer)->Write(*Doubles(25, 1)).ok());
  }
  EXPECT_TRUE(std::filesystem::is_empty(root_.path()));
  EXPECT_TRUE(base::Is(OpenIndex(*files_, root_.path(), key_, IdForTest('d')).status(),
                       base::kPathNotFound));
}

TEST_F(DatasetTest, RefusesOtherSchemasAndBadOptions) {
  const auto table = Doubles(5, 1);
  auto writer = DatasetWriter::Create(*files_, random_, root_.path(), IdForTest('d'), key_,
                                      table->schema(), {});
  ASSERT_TRUE(writer.ok());
  EXPECT_TRUE(base::Is((*writer)->Write(**table->SelectColumns({0})), base::kInput));
  const auto twice = arrow::schema({table->schema()->field(0), table->schema()->field(0)});
  EXPECT_FALSE(
      DatasetWriter::Create(*files_, random_, root_.path(), IdForTest('d'), key_, twice, {}).ok());
  EXPECT_FALSE(
      DatasetWriter::Create(*files_, random_, root_.path(), "short", key_, table->schema(), {})
          .ok());
  EXPECT_FALSE(DatasetWriter::Create(*files_, random_, root_.path(), IdForTest('d'), key_,
                                     table->schema(), {.rows_per_file = 0})
                   .ok());
}

TEST_F(DatasetTest, OverwriteRemovesOnlyWhatTheOldIndexNames) {
  const OpenedIndex first = Put({Doubles(10, 1)});
  root_.SetBytes("stranger.parquet", "x");
  const OpenedIndex second = Put({Doubles(10, 2)}, {}, &first);
  EXPECT_FALSE(std::filesystem::exists(root_.At(first.index.files[0].object)));
  EXPECT_TRUE(std::filesystem::exists(root_.At("stranger.parquet")));
  EXPECT_TRUE(Read(second.index).ok());
  ExpectRefused(first.index, "a file that is gone");
}

// Every byte, not a sample: what no read looks at would be a byte that nothing authenticates. The
// one exception is the magic at the front, which no reader needs: the footer says where everything
// is.
TEST_F(DatasetTest, AFlippedByteAnywhereGivesNoRows) {
  const OpenedIndex opened = Put({*Doubles(12, 5)->SelectColumns({0, 2})});
  const std::string& object = opened.index.files[0].object;
  const std::string bytes = root_.Bytes(object);
  for (size_t at = 4; at < bytes.size(); ++at) {
    root_.Flip(object, at, static_cast<int>(at % 8));
    const auto read = Read(opened.index);
    ASSERT_FALSE(read.ok()) << "byte " << at << " of " << bytes.size();
    ASSERT_TRUE(base::Is(read.status(), base::kIntegrity)) << at << ": " << read.status();
    root_.SetBytes(object, bytes);
  }
  EXPECT_TRUE(Read(opened.index).ok());
}

TEST_F(DatasetTest, TruncatedGrownMissingLinkedFilesAreRefused) {
  const OpenedIndex opened = Put({Doubles(50, 6)});
  const std::string& object = opened.index.files[0].object;
  const std::string bytes = root_.Bytes(object);
  for (const size_t n :
       {size_t{0}, size_t{1}, size_t{7}, size_t{8}, bytes.size() / 2, bytes.size() - 1}) {
    root_.SetBytes(object, bytes.substr(0, n));
    ExpectRefused(opened.index, "truncated");
  }
  root_.SetBytes(object, bytes + "x");
  ExpectRefused(opened.index, "grown");
  root_.SetBytes("elsewhere", bytes);
  root_.MakeLink(object, root_.At("elsewhere"));
  ExpectRefused(opened.index, "symlink");
  root_.MakeFifo(object);
  ExpectRefused(opened.index, "fifo");
  std::filesystem::remove(root_.At(object));
  ExpectRefused(opened.index, "missing");
  std::filesystem::create_directory(root_.At(object));
  ExpectRefused(opened.index, "folder");
}

TEST_F(DatasetTest, SwappedFilesAreRefused) {
  DatasetOptions options;
  options.rows_per_file = 20;
  options.compression = Compression::kNone;
  const auto one = Doubles(20, 8);
  const auto numbers = *one->SelectColumns({0, 3});
  const OpenedIndex opened = Put({numbers, numbers}, options);
  ASSERT_EQ(opened.index.files.size(), 2u);
  const std::string a = root_.Bytes(opened.index.files[0].object);
  const std::string b = root_.Bytes(opened.index.files[1].object);
  ASSERT_EQ(a.size(), b.size());  // so that nothing but keys, ids and hashes can tell
  root_.SetBytes(opened.index.files[0].object, b);
  root_.SetBytes(opened.index.files[1].object, a);
  ExpectRefused(opened.index, "swapped");
}

// Even with a footer hash that fits, each of key, file id and id must be the file's own.
TEST_F(DatasetTest, ForeignFileIdKeyOrIdIsRefused) {
  const OpenedIndex opened = Put({Doubles(20, 8)});
  Index changed = opened.index;
  changed.files[0].file_id[3] ^= 1;
  ExpectRefused(changed, "file id");
  changed = opened.index;
  changed.id[0] ^= 1;
  ExpectRefused(changed, "id");
  changed = opened.index;
  changed.files[0].wrapped_key[20] ^= 1;
  ExpectRefused(changed, "wrapped key");
  changed = opened.index;
  changed.files[0].check[0] ^= 1;
  ExpectRefused(changed, "check");
  changed = opened.index;
  changed.files[0].rows += 1;
  ExpectRefused(changed, "rows");
  const auto read =
      ReadDatasetFile(*files_, root_.path(), opened.index, 0, KeyForTest('x'), std::nullopt);
  EXPECT_TRUE(base::Is(read.status(), base::kIntegrity));
}

TEST_F(DatasetTest, OlderVersionOfAFileIsRefused) {
  DatasetOptions options;
  options.compression = Compression::kNone;
  const auto numbers = *Doubles(20, 8)->SelectColumns({0, 3});
  const OpenedIndex first = Put({numbers}, options);
  const std::string old = root_.Bytes(first.index.files[0].object);
  const OpenedIndex second = Put({numbers}, options, &first);
  ASSERT_EQ(old.size(), second.index.files[0].size);
  root_.SetBytes(second.index.files[0].object, old);
  ExpectRefused(second.index, "older version");
}

// The positive control is the same search over the same rows in the clear.
size_t Found(const std::string& bytes, const arrow::Table& table) {
  size_t found = 0;
  for (int c = 0; c < table.num_columns(); ++c) {
    for (const auto& chunk : table.column(c)->chunks()) {
      for (int64_t i = 0; i < chunk->length(); ++i) {
        if (const auto* x = dynamic_cast<const arrow::DoubleArray*>(chunk.get())) {
          const double value = x->Value(i);
          std::string needle(8, '\0');
          std::memcpy(needle.data(), &value, 8);
          found += x->IsValid(i) && bytes.find(needle) != bytes.npos;
        } else if (const auto* s = dynamic_cast<const arrow::StringArray*>(chunk.get())) {
          found += bytes.find(s->GetString(i)) != bytes.npos;
        }
      }
    }
  }
  return found;
}

TEST_F(DatasetTest, NoPlaintextInTheFiles) {
  const auto table = Doubles(1000, 9);
  DatasetOptions options;
  options.compression = Compression::kNone;
  Put({table}, options);
  std::string all;
  for (const auto& file : std::filesystem::directory_iterator(root_.path())) {
    all += root_.Bytes(file.path().filename().string());
  }
  EXPECT_GT(all.size(), 1000u * 16);
  EXPECT_EQ(Found(all, *table), 0u);
  for (const char* name : {"part-0", "struct", "nullable", "org.apache.spark", "canary"}) {
    EXPECT_EQ(all.find(name), all.npos) << name;
  }
  std::string plain;
  for (const auto& column : table->columns()) {
    for (const auto& chunk : column->chunks()) {
      for (const auto& buffer : chunk->data()->buffers) plain += buffer ? buffer->ToString() : "";
    }
  }
  EXPECT_GT(Found(plain, *table), 1800u);
}

TEST_F(DatasetTest, KeysAndIdsAreNeverReused) {
  DatasetOptions options;
  options.rows_per_file = 5;
  const OpenedIndex first = Put({Doubles(20, 1)}, options);
  const OpenedIndex second = Put({Doubles(20, 1)}, options, &first);
  std::vector<FileEntry> all = first.index.files;
  all.insert(all.end(), second.index.files.begin(), second.index.files.end());
  for (size_t i = 0; i < all.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      EXPECT_NE(all[i].file_id, all[j].file_id);
      EXPECT_NE(all[i].object, all[j].object);
      EXPECT_NE(all[i].wrapped_key, all[j].wrapped_key);
    }
  }
}

}  // namespace
}  // namespace soteria::storage
