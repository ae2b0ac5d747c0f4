#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/client/get.h"
#include "src/client/owner_for_test.h"
#include "src/client/put.h"
#include "src/client/records.h"
#include "src/client/root.h"
#include "src/storage/parquet.h"
#include "src/table/types.h"

namespace soteria::client {
namespace {

constexpr char kCsv[] = "age,bmi,name,sick\n61,22.5,\"Ann, \"\"A\"\"\",true\n47,,Bob,false\n";

class PutGetTest : public ::testing::Test {
 protected:
  PutGetTest() : key_(test_.Key()) {}

  base::StatusOr<PutResult> PutFile(const std::string& source, const std::string& dest,
                                    const PutOptions& options = {}) {
    return Put(test_.owner(), key_, source, test_.At(dest), options, NoProgress);
  }
  base::StatusOr<GetResult> GetTo(const std::string& source, const std::string& dest) {
    return Get(test_.owner(), key_, test_.At(source), test_.At(dest), std::nullopt, NoProgress);
  }
  base::StatusOr<std::optional<OwnedRoot>> Find(const std::string& path) {
    SOTERIA_ASSIGN_OR_RETURN(auto records, Records::Open(test_.owner(), key_));
    SOTERIA_ASSIGN_OR_RETURN(const auto known,
                             KnownRoots::Load(test_.owner(), records->versions()));
    return FindRoot(test_.files(), test_.At(path), key_, known, std::nullopt);
  }
  std::shared_ptr<arrow::Table> PlainParquet(const std::string& name) {
    auto [folder, base_name] = SplitPath(test_.At(name));
    auto file = test_.files().Open(folder, base_name, std::nullopt);
    if (!file.ok()) return nullptr;
    auto reader = storage::PlainParquetReader::Open(**file);
    if (!reader.ok()) return nullptr;
    std::vector<std::shared_ptr<arrow::Table>> tables;
    while (true) {
      auto next = (*reader)->Next();
      if (!next.ok()) return nullptr;
      if (*next == nullptr) break;
      tables.push_back(*next);
    }
    if (tables.empty()) return arrow::Table::MakeEmpty((*reader)->schema()).ValueOrDie();
    return arrow::ConcatenateTables(tables).ValueOrDie();
  }
  std::string WriteParquet(const std::string& name, const arrow::Table& table) {
    return test_.Write(name, *storage::ParquetBytes(table));
  }
  static std::shared_ptr<arrow::Table> Numbers(int64_t from, int64_t to, bool nullable = true) {
    arrow::Int64Builder builder;
    for (int64_t i = from; i < to; ++i) EXPECT_TRUE(builder.Append(i).ok());
    std::shared_ptr<arrow::Array> array = builder.Finish().ValueOrDie();
    return arrow::Table::Make(arrow::schema({arrow::field("n", arrow::int64(), nullable)}),
                              {array});
  }
  // No byte of what the storage holds may be these.
  bool StorageHas(const std::string& root, const std::string& needle) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(test_.At(root))) {
      if (!entry.is_regular_file()) continue;
      std::string bytes =
          test_.Bytes(std::filesystem::relative(entry.path(), test_.path()).string());
      if (bytes.find(needle) != std::string::npos) return true;
    }
    return false;
  }

  OwnerForTest test_;
  crypto::Secret key_;
};

TEST_F(PutGetTest, ACsvFileComesBackAsParquet) {
  auto put = PutFile(test_.Write("a.csv", kCsv), "s/a");
  ASSERT_TRUE(put.ok()) << base::Message(put.status());
  EXPECT_EQ(put->version, 1U);
  EXPECT_EQ(put->rows, 2U);
  EXPECT_EQ(put->files, 1U);
  EXPECT_EQ(put->bytes, sizeof kCsv - 1);
  EXPECT_EQ(put->id_hex.size(), 32U);
  EXPECT_FALSE(StorageHas("s/a", "Ann"));
  EXPECT_FALSE(StorageHas("s/a", "bmi"));

  auto got = GetTo("s/a", "plain");
  ASSERT_TRUE(got.ok()) << base::Message(got.status());
  EXPECT_EQ(got->rows, 2U);
  auto table = PlainParquet("plain/part-00000.parquet");
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->schema()->field_names(),
            (std::vector<std::string>{"age", "bmi", "name", "sick"}));
  EXPECT_EQ(table->column(0)->GetScalar(0).ValueOrDie()->ToString(), "61");
  EXPECT_EQ(table->column(1)->GetScalar(0).ValueOrDie()->ToString(), "22.5");
  EXPECT_EQ(table->column(1)->null_count(), 1);
  EXPECT_EQ(table->column(2)->GetScalar(0).ValueOrDie()->ToString(), "Ann, \"A\"");
  EXPECT_EQ(table->column(3)->GetScalar(1).ValueOrDie()->ToString(), "false");
}

TEST_F(PutGetTest, TheNextPutIsTheNextVersionOfTheSameSet) {
  auto first = PutFile(test_.Write("a.csv", kCsv), "s/a");
  auto second = PutFile(test_.Write("a.csv", "x\n1\n"), "s/a");
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(second.ok()) << base::Message(second.status());
  EXPECT_EQ(second->version, 2U);
  EXPECT_EQ(second->id_hex, first->id_hex);
  auto records = Records::Open(test_.owner(), key_);
  EXPECT_EQ((*records)->versions().Find(*base::FromHex(first->id_hex))->version, 2U);
}

TEST_F(PutGetTest, ARolledBackSetIsRefused) {
  ASSERT_TRUE(PutFile(test_.Write("a.csv", kCsv), "s/a").ok());
  std::filesystem::copy(test_.At("s"), test_.At("old"), std::filesystem::copy_options::recursive);
  ASSERT_TRUE(PutFile(test_.Write("a.csv", "x\n1\n"), "s/a").ok());
  std::filesystem::remove_all(test_.At("s"));
  std::filesystem::rename(test_.At("old"), test_.At("s"));
  EXPECT_TRUE(base::Is(GetTo("s/a", "plain").status(), base::kRolledBack));
  EXPECT_FALSE(std::filesystem::exists(test_.At("plain")));
  EXPECT_TRUE(base::Is(PutFile(test_.At("a.csv"), "s/a").status(), base::kRolledBack));
}

TEST_F(PutGetTest, AnotherUserKeyDoesNotOpenIt) {
  ASSERT_TRUE(PutFile(test_.Write("a.csv", kCsv), "s/a").ok());
  auto other = crypto::Secret::Random(crypto::OsRandom(), kUserKeyBytes);
  Owner elsewhere{test_.files(), test_.owner().clock, test_.owner().random,
                  Home{test_.At("elsewhere")}};
  const std::string id = (*Find("s/a"))->id;
  auto got = Get(elsewhere, *other, test_.At("s/a"), test_.At("plain"), base::Hex(id), NoProgress);
  EXPECT_TRUE(base::Is(got.status(), base::kKey)) << base::Message(got.status());
  EXPECT_NE(base::Message(got.status()).find("--key"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(test_.At("plain")));
}

TEST_F(PutGetTest, CutsIntoTheFilesAskedFor) {
  std::string csv = "x\n";
  for (int i = 0; i < 100; ++i) csv += std::to_string(i) + "\n";
  PutOptions options;
  options.files = 4;
  auto put = PutFile(test_.Write("a.csv", csv), "s/a", options);
  ASSERT_TRUE(put.ok()) << base::Message(put.status());
  EXPECT_EQ(put->files, 4U);
  auto got = GetTo("s/a", "plain");
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(got->rows, 100U);
  EXPECT_EQ(PlainParquet("plain/part-00003.parquet")->num_rows(), 25);
  options.files = 101;
  EXPECT_TRUE(base::Is(PutFile(test_.At("a.csv"), "s/b", options).status(), base::kInput));
  options.files = 0;
  EXPECT_TRUE(base::Is(PutFile(test_.At("a.csv"), "s/b", options).status(), base::kInput));
}

TEST_F(PutGetTest, ASchemaTypesTheColumns) {
  PutOptions options;
  options.schema_ddl = "x double, y string";
  ASSERT_TRUE(PutFile(test_.Write("a.csv", "x,y\n1,2\n"), "s/a", options).ok());
  ASSERT_TRUE(GetTo("s/a", "plain").ok());
  auto schema = PlainParquet("plain/part-00000.parquet")->schema();
  EXPECT_EQ(schema->field(0)->type()->id(), arrow::Type::DOUBLE);
  EXPECT_EQ(schema->field(1)->type()->id(), arrow::Type::STRING);
  options.schema_ddl = "x nothing";
  auto bad = PutFile(test_.At("a.csv"), "s/b", options);
  EXPECT_NE(base::Message(bad.status()).find("--schema"), std::string::npos);
}

TEST_F(PutGetTest, CsvErrorsNameFileAndLine) {
  auto ragged = PutFile(test_.Write("bad.csv", "a,b\n1,2\n3\n"), "s/a");
  EXPECT_TRUE(base::Is(ragged.status(), base::kInput)) << base::Message(ragged.status());
  EXPECT_NE(base::Message(ragged.status()).find("bad.csv"), std::string::npos);
  EXPECT_NE(base::Message(ragged.status()).find("3"), std::string::npos);
  PutOptions options;
  options.schema_ddl = "a int, b int";
  auto typed = PutFile(test_.Write("typed.csv", "a,b\n1,2\n3,x\n"), "s/a", options);
  EXPECT_TRUE(base::Is(typed.status(), base::kInput));
  EXPECT_FALSE(PutFile(test_.Write("empty.csv", ""), "s/a").ok());
  EXPECT_TRUE(base::Is(GetTo("s/a", "plain").status(), base::kPathNotFound));  // nothing published
}

TEST_F(PutGetTest, MissingAndOddSourcesAreRefused) {
  EXPECT_TRUE(base::Is(PutFile(test_.At("none.csv"), "s/a").status(), base::kPathNotFound));
  EXPECT_TRUE(base::Is(PutFile("/dev/null", "s/a").status(), base::kInput));
  EXPECT_TRUE(
      base::Is(PutFile(test_.Write("e.parquet", "PAREabcdPARE"), "s/a").status(), base::kInput));
  EXPECT_TRUE(
      base::Is(PutFile(test_.Write("t.parquet", "PAR1abcdPAR1"), "s/a").status(), base::kInput));
}

TEST_F(PutGetTest, ParquetFilesAndFoldersKeepVectorColumns) {
  auto vector = table::VectorField("v", true, 2);
  arrow::FixedSizeListBuilder rows(arrow::default_memory_pool(),
                                   std::make_shared<arrow::DoubleBuilder>(), vector->type());
  auto& values = static_cast<arrow::DoubleBuilder&>(*rows.value_builder());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(rows.Append().ok());
    ASSERT_TRUE(values.AppendValues({i + 0.5, i + 0.25}).ok());
  }
  auto table = arrow::Table::Make(arrow::schema({vector}), {rows.Finish().ValueOrDie()});
  WriteParquet("p/part-1.parquet", *table);
  WriteParquet("p/part-0.parquet", *table->Slice(0, 1));
  test_.Write("p/_SUCCESS", "");
  test_.Write("p/.part-1.parquet.crc", "crc");
  auto put = PutFile(test_.At("p"), "s/v");
  ASSERT_TRUE(put.ok()) << base::Message(put.status());
  EXPECT_EQ(put->rows, 4U);
  ASSERT_TRUE(GetTo("s/v", "plain").ok());
  auto back = PlainParquet("plain/part-00000.parquet");
  ASSERT_NE(back, nullptr);
  EXPECT_TRUE(table::IsVector(*back->schema()->field(0)));
  PutOptions options;
  options.schema_ddl = "v string";
  EXPECT_TRUE(base::Is(PutFile(test_.At("p"), "s/w", options).status(), base::kInput));
}

TEST_F(PutGetTest, FilesOfOneFolderMustAgree) {
  WriteParquet("p/a.parquet", *Numbers(0, 3, false));
  WriteParquet("p/b.parquet", *Numbers(3, 5, true));
  auto put = PutFile(test_.At("p"), "s/a");
  ASSERT_TRUE(put.ok()) << base::Message(put.status());  // nullable is the wider of the two
  EXPECT_EQ(put->rows, 5U);
  auto renamed = Numbers(0, 1)->RenameColumns({"m"}).ValueOrDie();
  WriteParquet("p/c.parquet", *renamed);
  auto other = PutFile(test_.At("p"), "s/b");
  EXPECT_TRUE(base::Is(other.status(), base::kInput));
  EXPECT_NE(base::Message(other.status()).find("c.parquet"), std::string::npos);
  std::filesystem::create_directories(test_.At("q/k=1"));
  EXPECT_TRUE(base::Is(PutFile(test_.At("q"), "s/c").status(), base::kInput));
  std::filesystem::create_directories(test_.At("empty"));
  EXPECT_TRUE(base::Is(PutFile(test_.At("empty"), "s/c").status(), base::kInput));
}

class TreeTest : public PutGetTest {
 protected:
  TreeTest() {
    options_.tree = true;
    test_.Write("m/metadata/part-00000.txt", "{\"class\":\"Model\"}\n");
    test_.Write("m/metadata/_SUCCESS", "");
    test_.Write("m/metadata/.part-00000.txt.crc", "crc!");
    test_.Write("m/stages/0_a/data/part-0.parquet", std::string(3'000'000, 'p'));
  }
  PutOptions options_;
};

TEST_F(TreeTest, AModelFolderComesBackFileByFile) {
  auto put = PutFile(test_.At("m"), "s/models", options_);
  ASSERT_TRUE(put.ok()) << base::Message(put.status());
  EXPECT_EQ(put->version, 1U);
  EXPECT_EQ(put->files, 3U);
  EXPECT_EQ(put->checksums_left_out, 1U);
  EXPECT_FALSE(StorageHas("s/models", "Model"));
  ASSERT_TRUE(GetTo("s/models", "all").ok());
  EXPECT_EQ(test_.Bytes("all/metadata/part-00000.txt"), "{\"class\":\"Model\"}\n");
  EXPECT_EQ(test_.Bytes("all/stages/0_a/data/part-0.parquet"), std::string(3'000'000, 'p'));
  EXPECT_TRUE(std::filesystem::exists(test_.At("all/metadata/_SUCCESS")));
}

TEST_F(TreeTest, AFolderInsideOrOneFileCanBeHadAlone) {
  ASSERT_TRUE(PutFile(test_.At("m"), "s/models", options_).ok());
  auto got = GetTo("s/models/stages/0_a", "stage");
  ASSERT_TRUE(got.ok()) << base::Message(got.status());
  EXPECT_EQ(got->files, 1U);
  EXPECT_EQ(std::filesystem::file_size(test_.At("stage/data/part-0.parquet")), 3'000'000U);
  ASSERT_TRUE(GetTo("s/models/metadata/part-00000.txt", "one").ok());
  EXPECT_EQ(test_.Bytes("one/part-00000.txt"), "{\"class\":\"Model\"}\n");
  EXPECT_TRUE(base::Is(GetTo("s/models/stages/1_b", "x").status(), base::kPathNotFound));
  EXPECT_TRUE(base::Is(GetTo("s/nothing", "x").status(), base::kPathNotFound));
  EXPECT_FALSE(std::filesystem::exists(test_.At("x")));
}

TEST_F(TreeTest, TheNextPutReplacesTheWholeTree) {
  ASSERT_TRUE(PutFile(test_.At("m"), "s/models", options_).ok());
  std::filesystem::remove_all(test_.At("m/stages"));
  auto put = PutFile(test_.At("m"), "s/models", options_);
  ASSERT_TRUE(put.ok()) << base::Message(put.status());
  EXPECT_EQ(put->version, 2U);
  EXPECT_EQ(put->files, 2U);
}

TEST_F(TreeTest, RefusesLinksSpecialsAndForbiddenNames) {
  std::filesystem::create_symlink("/etc/passwd", test_.At("m/link"));
  auto link = PutFile(test_.At("m"), "s/a", options_);
  EXPECT_TRUE(base::Is(link.status(), base::kInput));
  EXPECT_NE(base::Message(link.status()).find("m/link is a symbolic link"), std::string::npos);
  std::filesystem::remove(test_.At("m/link"));
  ASSERT_EQ(::mkfifo(test_.At("m/fifo").c_str(), 0600), 0);
  EXPECT_TRUE(base::Is(PutFile(test_.At("m"), "s/a", options_).status(), base::kInput));
  std::filesystem::remove(test_.At("m/fifo"));
  for (const char* name : {"m/.hidden", "m/a\nb", "m/.alone.crc"}) {
    test_.Write(name, "x");
    EXPECT_TRUE(base::Is(PutFile(test_.At("m"), "s/a", options_).status(), base::kInput)) << name;
    std::filesystem::remove(test_.At(name));
  }
  EXPECT_TRUE(base::Is(PutFile(test_.Write("f", "x"), "s/a", options_).status(), base::kInput));
  options_.files = 2;
  EXPECT_TRUE(base::Is(PutFile(test_.At("m"), "s/a", options_).status(), base::kInput));
}

TEST_F(TreeTest, ATreeAndADataSetDoNotReplaceEachOther) {
  ASSERT_TRUE(PutFile(test_.At("m"), "s/models", options_).ok());
  EXPECT_TRUE(base::Is(PutFile(test_.Write("a.csv", kCsv), "s/models").status(), base::kConflict));
  ASSERT_TRUE(PutFile(test_.At("a.csv"), "s/a").ok());
  EXPECT_TRUE(base::Is(PutFile(test_.At("m"), "s/a", options_).status(), base::kConflict));
  EXPECT_TRUE(base::Is(GetTo("s/a/part", "x").status(), base::kPathNotFound));
}

TEST_F(PutGetTest, IdsAreTakenOnceOnly) {
  test_.Write("a.csv", kCsv);
  PutOptions options;
  options.id_hex = std::string(32, '1');
  auto put = PutFile(test_.At("a.csv"), "s/a", options);
  ASSERT_TRUE(put.ok()) << base::Message(put.status());
  EXPECT_EQ(put->id_hex, std::string(32, '1'));
  EXPECT_TRUE(base::Is(PutFile(test_.At("a.csv"), "s/b", options).status(), base::kConflict));
  options.id_hex = std::string(32, '2');
  EXPECT_TRUE(base::Is(PutFile(test_.At("a.csv"), "s/a", options).status(), base::kConflict));
  for (const char* bad : {"", "12", "zz", "11111111111111111111111111111111ff"}) {
    options.id_hex = bad;
    EXPECT_TRUE(base::Is(PutFile(test_.At("a.csv"), "s/c", options).status(), base::kInput)) << bad;
  }
}

TEST_F(PutGetTest, ARootIsNoPlaceForAnother) {
  test_.Write("a.csv", kCsv);
  ASSERT_TRUE(PutFile(test_.At("a.csv"), "s/a").ok());
  PutOptions options;
  for (const bool is_new : {false, true}) {
    options.is_new = is_new;
    for (const char* inside : {"s/a/b", "s/a/b/c"}) {
      const auto put = PutFile(test_.At("a.csv"), inside, options);
      EXPECT_TRUE(base::Is(put.status(), base::kPathExists)) << inside << put.status();
      EXPECT_NE(base::Message(put.status()).find("lies inside the sealed root"), std::string::npos);
    }
  }
  EXPECT_FALSE(std::filesystem::exists(test_.At("s/a/b")));
  EXPECT_TRUE(PutFile(test_.At("a.csv"), "s/a2").ok());
  // Where the root above is gone, its folder is one like any other.
  std::filesystem::remove_all(test_.At("s/a"));
  EXPECT_TRUE(PutFile(test_.At("a.csv"), "s/a/b").ok());
}

TEST_F(PutGetTest, SimulatedEnclavesNeedTheOwnersWord) {
  test_.Write("a.csv", kCsv);
  ASSERT_TRUE(PutFile(test_.At("a.csv"), "s/a").ok());
  auto root = Find("s/a");
  EXPECT_EQ((*root)->opened.index.tee_kinds, (std::vector<std::string>{"sgx", "snp", "tdx"}));
  PutOptions options;
  options.allow_simulated = true;
  options.tee_kinds = {attest::TeeKind::kTdx};
  ASSERT_TRUE(PutFile(test_.At("a.csv"), "s/a", options).ok());
  root = Find("s/a");
  EXPECT_EQ((*root)->opened.index.tee_kinds, (std::vector<std::string>{"simulated", "tdx"}));
}

TEST_F(PutGetTest, NothingIsOverwrittenOnTheOwnersSide) {
  ASSERT_TRUE(PutFile(test_.Write("a.csv", kCsv), "s/a").ok());
  test_.Write("full/file", "x");
  EXPECT_TRUE(base::Is(GetTo("s/a", "full").status(), base::kPathExists));
  EXPECT_TRUE(base::Is(GetTo("s/a", "full/file").status(), base::kPathExists));
  std::filesystem::create_directories(test_.At("empty"));
  EXPECT_TRUE(GetTo("s/a", "empty").ok());
}

TEST_F(PutGetTest, AFailedGetLeavesNothing) {
  ASSERT_TRUE(PutFile(test_.Write("a.csv", kCsv), "s/a").ok());
  for (const auto& entry : std::filesystem::directory_iterator(test_.At("s/a"))) {
    if (entry.path().extension() != ".parquet") continue;
    std::filesystem::resize_file(entry.path(), entry.file_size() - 1);
  }
  EXPECT_TRUE(base::Is(GetTo("s/a", "out/plain").status(), base::kIntegrity));
  EXPECT_TRUE(!std::filesystem::exists(test_.At("out")) ||
              std::filesystem::is_empty(test_.At("out")));
}

TEST_F(PutGetTest, GetWorksWhileASessionHoldsTheRecords) {
  ASSERT_TRUE(PutFile(test_.Write("a.csv", kCsv), "s/a").ok());
  auto records = Records::Open(test_.owner(), key_);
  ASSERT_TRUE(records.ok());
  EXPECT_TRUE(GetTo("s/a", "plain").ok());
  EXPECT_TRUE(base::Is(PutFile(test_.At("a.csv"), "s/a").status(), base::kConflict));
}

TEST_F(PutGetTest, RecordsTravelToAnotherMachine) {
  auto put = PutFile(test_.Write("a.csv", kCsv), "s/a");
  ASSERT_TRUE(put.ok());
  std::string exported = (*Records::Open(test_.owner(), key_))->versions().Export();
  Owner elsewhere{test_.files(), test_.owner().clock, test_.owner().random,
                  Home{test_.At("elsewhere")}};
  EXPECT_EQ(*ImportVersions(elsewhere, key_, exported), 1U);
  auto records = Records::Open(elsewhere, key_);
  ASSERT_TRUE(records.ok()) << base::Message(records.status());
  EXPECT_EQ((*records)->versions().Find(*base::FromHex(put->id_hex))->version, 1U);
  records->reset();
  exported[exported.size() / 2] = static_cast<char>(exported[exported.size() / 2] ^ 1);
  EXPECT_TRUE(base::Is(ImportVersions(elsewhere, key_, exported).status(), base::kIntegrity));
}

}  // namespace
}  // namespace soteria::client
