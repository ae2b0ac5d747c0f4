// Data sets and trees behind the host: what a worker reads from a host that alters, cuts,
// lengthens, swaps or withholds it.
#include "src/worker/sources.h"

#include <arrow/builder.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "src/base/env_for_test.h"
#include "src/base/errors.h"
#include "src/crypto/identity.h"
#include "src/dataflow/host_files_for_test.h"
#include "src/formats/formats.h"
#include "src/formats/write_options.h"
#include "src/storage/dataset.h"

namespace soteria::worker {
namespace {

using Lie = dataflow::FileHostForTest::Lie;

constexpr char kDataRoot[] = "mem://box/data";
constexpr char kTreeRoot[] = "mem://box/tree";
constexpr int64_t kShortMs = 50;
const std::string kDataId(16, 'd');
const std::string kTreeId(16, 't');

crypto::Secret Key(char c) { return crypto::Secret::Adopt(std::string(16, c)); }

std::shared_ptr<arrow::Table> Numbers(int64_t from, int64_t rows) {
  arrow::Int64Builder builder;
  for (int64_t i = 0; i < rows; ++i) EXPECT_TRUE(builder.Append(from + i).ok());
  return arrow::Table::Make(arrow::schema({arrow::field("x", arrow::int64())}),
                            {builder.Finish().ValueOrDie()});
}

class SourcesTest : public testing::Test {
 protected:
  SourcesTest() {
    sources_.AddKey(kDataId, Key('d'));
    sources_.AddKey(kTreeId, Key('t'));
  }

  storage::OpenedIndex Put(int64_t from, const storage::OpenedIndex* replaced) {
    const auto table = Numbers(from, kRows);
    storage::DatasetOptions options;
    options.rows_per_file = kRows / 2;
    options.compression = storage::Compression::kNone;
    auto writer = storage::DatasetWriter::Create(host_.files(), crypto::OsRandom(), kDataRoot,
                                                 kDataId, Key('d'), table->schema(), options)
                      .value();
    EXPECT_TRUE(writer->Write(*table).ok());
    auto published = writer->Publish(replaced);
    EXPECT_TRUE(published.ok()) << base::Message(published.status());
    return *std::move(published);
  }
  base::StatusOr<std::shared_ptr<arrow::Table>> Read(const storage::OpenedIndex& index,
                                                     uint64_t partition) {
    dataflow::DatasetSource source;
    source.root = kDataRoot;
    source.id = kDataId;
    source.version = index.index.version;
    source.index = index.digest;
    return sources_.Read(source, index.index.files.size(), partition);
  }
  static std::string PathOf(const storage::OpenedIndex& index, size_t file) {
    return std::string(kDataRoot) + "/" + index.index.files[file].object;
  }

  static constexpr int64_t kRows = 100'000;
  base::RandomForTest random_{3};
  dataflow::FileHostForTest host_{random_, kShortMs};
  Sources sources_{host_.files(), crypto::OsRandom()};
};

TEST_F(SourcesTest, ADataSetBehindTheHostIsReadAsALocalOne) {
  const auto index = Put(0, nullptr);
  ASSERT_EQ(index.index.files.size(), 2u);
  for (int64_t partition : {0, 1}) {
    const auto table = Read(index, static_cast<uint64_t>(partition));
    ASSERT_TRUE(table.ok()) << base::Message(table.status());
    EXPECT_TRUE((*table)->Equals(*Numbers(partition * kRows / 2, kRows / 2)));
  }
}

TEST_F(SourcesTest, EveryLieAboutADataFileEndsInItsError) {
  const auto index = Put(0, nullptr);
  ASSERT_TRUE(Read(index, 1).ok());  // the index is known; the lies are about the file
  const std::pair<Lie, const base::Condition*> kLies[] = {{Lie::kShort, &base::kIntegrity},
                                                          {Lie::kLong, &base::kIntegrity},
                                                          {Lie::kFlip, &base::kIntegrity},
                                                          {Lie::kWrongRequest, &base::kIo},
                                                          {Lie::kSilent, &base::kIo},
                                                          {Lie::kFailed, &base::kIo},
                                                          {Lie::kUnsupported, &base::kUnsupported}};
  for (const auto& [lie, condition] : kLies) {
    host_.SetLie(lie, index.index.files[0].object);
    const auto read = Read(index, 0);
    EXPECT_TRUE(base::Is(read.status(), *condition))
        << static_cast<int>(lie) << ": " << base::Message(read.status());
  }
}

TEST_F(SourcesTest, AnAlteredByteAnywhereInAFileIsFound) {
  const auto index = Put(0, nullptr);
  const std::string path = PathOf(index, 0);
  const std::string good = host_.Stored(path);
  for (size_t at = 0; at < good.size(); at += good.size() / 23) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 4);
    host_.Store(path, bad);
    const auto read = Read(index, 0);
    // Parquet's first four bytes say nothing that the footer doesn't.
    if (at >= 4) {
      EXPECT_TRUE(base::Is(read.status(), base::kIntegrity))
          << at << ": " << base::Message(read.status());
    }
  }
  host_.Store(path, good);
  EXPECT_TRUE(Read(index, 0).ok());
}

TEST_F(SourcesTest, ATruncatedAMissingAndASwappedFileAreFound) {
  const auto index = Put(0, nullptr);
  const std::string path = PathOf(index, 0);
  const std::string good = host_.Stored(path);
  host_.Store(path, good.substr(0, good.size() - 1));
  EXPECT_TRUE(base::Is(Read(index, 0).status(), base::kIntegrity));
  host_.Store(path, good + "x");
  EXPECT_TRUE(base::Is(Read(index, 0).status(), base::kIntegrity));
  host_.Store(path, host_.Stored(PathOf(index, 1)));
  EXPECT_TRUE(base::Is(Read(index, 0).status(), base::kIntegrity));
  host_.Erase(path);
  EXPECT_TRUE(base::Is(Read(index, 0).status(), base::kIntegrity));
}

TEST_F(SourcesTest, AnOlderAndAnAlteredIndexAreFound) {
  const auto first = Put(0, nullptr);
  const std::string path = std::string(kDataRoot) + "/" + std::string(storage::kIndexName);
  const std::string old_index = host_.Stored(path);
  const auto second = Put(1, &first);
  host_.Store(path, old_index);
  EXPECT_TRUE(base::Is(Read(second, 0).status(), base::kIntegrity));
  host_.SetLie(Lie::kFlip, std::string(storage::kIndexName));
  EXPECT_TRUE(base::Is(Read(second, 0).status(), base::kIntegrity));
}

TEST_F(SourcesTest, PartFilesGoToTheHostSealedAndComeBackFromATree) {
  auto tree = storage::Tree::CreateEmpty(host_.files(), crypto::OsRandom(), kTreeRoot, Key('t'),
                                         kTreeId, {"simulated"})
                  .value();
  const auto table = Numbers(7, kRows);
  const auto entry = sources_.Write({kTreeRoot, kTreeId, "out", "parquet", 0}, 0, table);
  ASSERT_TRUE(entry.ok()) << base::Message(entry.status());
  auto file = storage::ParseFileEntries(*entry, storage::RootKind::kTree).value().at(0);
  const std::string path = std::string(kTreeRoot) + "/" + file.object;
  EXPECT_EQ(host_.Stored(path).find("PAR1"), std::string::npos);  // I1
  const auto published = tree.Publish(crypto::OsRandom(), {file}, {}).value();
  dataflow::TreeSource source;
  source.root = kTreeRoot;
  source.id = kTreeId;
  source.version = published.index.version;
  source.index = published.digest;
  source.format = "parquet";
  source.files = {file.name};
  const auto read = sources_.Read(source, 0);
  ASSERT_TRUE(read.ok()) << base::Message(read.status());
  EXPECT_TRUE((*read)->Equals(*table));

  // Under a table's schema, with a column that a folder's name makes.
  source.schema =
      R"({"type":"struct","fields":[{"name":"k","type":"integer","nullable":true,"metadata":{}},)"
      R"({"name":"gone","type":"string","nullable":true,"metadata":{}},)"
      R"({"name":")" +
      table->field(0)->name() + R"(","type":"long","nullable":true,"metadata":{}}]})";
  source.keys = {"k"};
  source.values = {"=7"};
  const auto keyed = sources_.Read(source, 0);
  ASSERT_TRUE(keyed.ok()) << base::Message(keyed.status());
  EXPECT_EQ((*keyed)->field(0)->ToString(), "k: int32");
  EXPECT_EQ((*keyed)->column(0)->GetScalar(3).ValueOrDie()->ToString(), "7");
  EXPECT_EQ((*keyed)->column(1)->null_count(), (*keyed)->num_rows());
  EXPECT_TRUE((*keyed)->column(2)->Equals(*table->column(0)));
  source.values = {""};
  EXPECT_EQ((*sources_.Read(source, 0))->column(0)->null_count(), table->num_rows());
  source.values = {"=x"};
  EXPECT_TRUE(base::Is(sources_.Read(source, 0).status(), base::kProtocol));
  source.values = {"=7"};

  for (const Lie lie : {Lie::kFlip, Lie::kShort, Lie::kLong}) {
    host_.SetLie(lie, file.object);
    EXPECT_TRUE(base::Is(sources_.Read(source, 0).status(), base::kIntegrity));
  }
  host_.SetLie(Lie::kUnsupported);
  EXPECT_TRUE(base::Is(sources_.Write({kTreeRoot, kTreeId, "out", "parquet", 0}, 0, table).status(),
                       base::kUnsupported));
}

TEST_F(SourcesTest, ALargeFileOfTextIsReadInParts) {
  auto tree = storage::Tree::CreateEmpty(host_.files(), crypto::OsRandom(), kTreeRoot, Key('t'),
                                         kTreeId, {"simulated"})
                  .value();
  std::string text;
  while (text.size() < 6 * storage::kTreeChunkBytes) {
    text += std::to_string(text.size()) + std::string(100, 'x') + "\n";
  }
  auto file = storage::Tree::WriteFile(host_.files(), crypto::OsRandom(), kTreeRoot, Key('t'),
                                       kTreeId, "large.txt", text)
                  .value();
  const std::string object = std::string(kTreeRoot) + "/" + file.object;
  const auto published = tree.Publish(crypto::OsRandom(), {file}, {}).value();
  dataflow::TreeSource source;
  source.root = kTreeRoot;
  source.id = kTreeId;
  source.version = published.index.version;
  source.index = published.digest;
  source.format = "text";
  source.options = formats::EncodeReadOptions("text", {}, {}).value();
  source.schema =
      R"({"type":"struct","fields":[{"name":"v","type":"string","nullable":true,"metadata":{}}]})";
  const auto whole = [&] {
    dataflow::TreeSource all = source;
    all.files = {"large.txt"};
    return sources_.Read(all, 0).value();
  }();
  const uint64_t cut = 2 * storage::kTreeChunkBytes;
  for (uint64_t at = 0; at < text.size(); at += cut) {
    source.files.emplace_back("large.txt");
    source.ranges.push_back({at, std::min<uint64_t>(at + cut, text.size())});
  }
  std::vector<std::shared_ptr<arrow::Table>> parts;
  for (uint64_t part = 0; part < source.files.size(); ++part) {
    uint64_t asked = 0;
    const auto read = sources_.Read(source, part, [&](uint64_t bytes) {
      asked = std::max(asked, bytes);
      return base::OkStatus();
    });
    ASSERT_TRUE(read.ok()) << base::Message(read.status());
    EXPECT_LT(asked, 3 * cut);
    parts.push_back(*read);
  }
  EXPECT_TRUE((*arrow::ConcatenateTables(parts))->Equals(*whole));

  // Other chunks than a part's, the one behind it and the last aren't opened.
  std::string stored = host_.Stored(object);
  stored[3 * (storage::kTreeChunkBytes + 16)] ^= 1;
  host_.Store(object, stored);
  EXPECT_TRUE(sources_.Read(source, 0).ok());
  EXPECT_TRUE(base::Is(sources_.Read(source, 1).status(), base::kIntegrity));
  EXPECT_TRUE(sources_.Read(source, 2).ok());

  source.ranges[2].end = text.size() + 1;
  EXPECT_TRUE(base::Is(sources_.Read(source, 2).status(), base::kProtocol));
  source.options = formats::EncodeReadOptions("text", {{"wholetext", "true"}}, {}).value();
  EXPECT_TRUE(base::Is(sources_.Read(source, 0).status(), base::kProtocol));
}

TEST_F(SourcesTest, RowsGoToTheFoldersOfTheirKeys) {
  arrow::Int64Builder numbers;
  arrow::StringBuilder keys;
  for (const char* const key : {"b/c", "a", "", "b/c", "a"}) {
    EXPECT_TRUE(numbers.Append(numbers.length()).ok());
    EXPECT_TRUE(keys.Append(key).ok());
  }
  EXPECT_TRUE(numbers.Append(5).ok() && keys.AppendNull().ok());
  const auto table = arrow::Table::Make(
      arrow::schema({arrow::field("x", arrow::int64()), arrow::field("k", arrow::utf8())}),
      {numbers.Finish().ValueOrDie(), keys.Finish().ValueOrDie()});
  const std::string options = formats::ParseWriteOptions("csv", {}, {})->Encode();
  const dataflow::WriteTarget target{kTreeRoot, kTreeId, "out", "csv", 2, options, {"k"}};
  const auto written = sources_.Write(target, 1, table);
  ASSERT_TRUE(written.ok()) << base::Message(written.status());
  const auto files = storage::ParseFileEntries(*written, storage::RootKind::kTree).value();
  ASSERT_EQ(files.size(), 3U);
  EXPECT_EQ(files[0].name, "out/k=__HIVE_DEFAULT_PARTITION__/part-00003.csv");
  EXPECT_EQ(files[1].name, "out/k=a/part-00003.csv");
  EXPECT_EQ(files[2].name, "out/k=b%2Fc/part-00003.csv");
  EXPECT_EQ(files[2].rows, 2U);
  auto tree = storage::Tree::CreateEmpty(host_.files(), crypto::OsRandom(), kTreeRoot, Key('t'),
                                         kTreeId, {"simulated"})
                  .value();
  ASSERT_TRUE(tree.Publish(crypto::OsRandom(), files, {}).ok());
  EXPECT_EQ(tree.Read(files[0].name, 100).value(), "2\n5\n");
  EXPECT_EQ(tree.Read(files[2].name, 100).value(), "0\n3\n");

  // Numbers of rows and names of folders take memory too.
  const uint64_t plain =
      Sources::WriteBytes({kTreeRoot, kTreeId, "out", "csv", 2, options, {}}, *table, 100).value();
  const uint64_t grouped = Sources::WriteBytes(target, *table, 100).value();
  EXPECT_GE(grouped, plain + 2 * 100 + 16 * 6 + 3 * files[0].name.size());

  // A name that a folder can't have is a value of a row.
  arrow::StringBuilder odd;
  EXPECT_TRUE(odd.Append(std::string(300, 'x')).ok());
  const auto refused = sources_.Write(
      target, 0,
      *table->Slice(0, 1)->SetColumn(
          1, table->field(1), std::make_shared<arrow::ChunkedArray>(odd.Finish().ValueOrDie())));
  EXPECT_TRUE(base::Is(refused.status(), base::kUnsupported));
  EXPECT_TRUE(base::QuotesData(refused.status()));
}

}  // namespace
}  // namespace soteria::worker
