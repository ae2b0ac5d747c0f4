#include "src/storage/tree.h"

#include <arrow/api.h>
#include <arrow/io/interfaces.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <span>
#include <utility>

#include "src/base/disk_for_test.h"
#include "src/base/errors.h"
#include "src/crypto/hash.h"
#include "src/storage/root_for_test.h"
#include "src/storage/tree_file.h"
#include "src/table/conditions.h"
#include "src/table/table_for_test.h"
#include "src/table/types.h"

namespace soteria::storage {
namespace {

constexpr uint64_t kMany = uint64_t{64} << 20;
constexpr size_t kSealedChunk = kTreeChunkBytes + 16;

std::string Noise(size_t bytes, unsigned seed) {
  std::mt19937_64 engine(seed);
  std::string out(bytes, '\0');
  for (char& c : out) c = static_cast<char>(engine());
  return out;
}

class TreeTest : public testing::Test {
 protected:
  void SetUp() override {
    auto tree = Tree::CreateEmpty(*files_, random_, root_.path(), key_, id_, {"simulated", "sgx"});
    ASSERT_TRUE(tree.ok()) << tree.status();
    tree_.emplace(std::move(tree).value());
  }
  FileEntry Write(const std::string& name, std::string_view bytes) {
    auto entry = Tree::WriteFile(*files_, random_, root_.path(), key_, id_, name, bytes);
    EXPECT_TRUE(entry.ok()) << entry.status();
    return *entry;
  }
  void Add(const std::string& name, std::string_view bytes) {
    const auto opened = tree_->Publish(random_, {Write(name, bytes)}, {});
    ASSERT_TRUE(opened.ok()) << opened.status();
  }
  base::StatusOr<std::string> Read(std::string_view name) { return tree_->Read(name, kMany); }
  void ExpectRefused(std::string_view name, const std::string& what) {
    const auto read = Read(name);
    ASSERT_FALSE(read.ok()) << what;
    EXPECT_TRUE(base::Is(read.status(), base::kIntegrity)) << what << ": " << read.status();
  }

  RootForTest root_;
  std::unique_ptr<base::Files> files_ = base::PosixFiles();
  base::RandomForTest random_{3};
  crypto::Secret key_ = KeyForTest('t');
  std::string id_ = IdForTest('t');
  std::optional<Tree> tree_;
};

TEST_F(TreeTest, EmptyTreeIsVersionOne) {
  EXPECT_EQ(tree_->index().index.version, 1u);
  EXPECT_TRUE(tree_->List("").empty());
  EXPECT_TRUE(tree_->Exists(""));
  EXPECT_FALSE(tree_->Exists("a"));
  EXPECT_TRUE(base::Is(Read("a").status(), base::kPathNotFound));
  const auto again = Tree::CreateEmpty(*files_, random_, root_.path(), key_, id_, {});
  EXPECT_TRUE(base::Is(again.status(), base::kConflict));
}

size_t FilesIn(const std::string& folder) {
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files += entry.exists();
  return files;
}

TEST_F(TreeTest, AFileThatADiskHasNoRoomForLeavesNothing) {
  base::DiskForTest disk(*files_);
  const size_t before = FilesIn(root_.path());
  const std::string bytes = Noise(3 * kTreeChunkBytes, 1);
  const auto write = [&] {
    return Tree::WriteFile(disk, random_, root_.path(), key_, id_, "f", bytes).status();
  };
  for (const uint64_t room : {uint64_t{0}, uint64_t{100}, 2 * kTreeChunkBytes}) {
    disk.room = room;
    EXPECT_TRUE(base::Is(write(), base::kIo));
    EXPECT_EQ(FilesIn(root_.path()), before) << room;
  }
  disk.room.reset();
  for (bool* fails : {&disk.sync_fails, &disk.close_fails}) {
    *fails = true;
    EXPECT_FALSE(write().ok());
    *fails = false;
    EXPECT_EQ(FilesIn(root_.path()), before);
  }
  EXPECT_TRUE(write().ok());
}

TEST_F(TreeTest, AFileIsReadInPlacesAndAnAlteredChunkIsFound) {
  const std::string noise = Noise(4 * kTreeChunkBytes + 5, 9);
  Add("f", noise);
  const auto plain = tree_->OpenPlain("f");
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_EQ((*plain)->size(), noise.size());
  const auto read = [&](uint64_t offset, size_t bytes) {
    std::string out(bytes, '\0');
    const auto got = (*plain)->ReadAt(offset, out);
    return got.ok() ? out.substr(0, *got) : base::ConditionName(got.status());
  };
  EXPECT_EQ(read(kTreeChunkBytes - 3, 9), noise.substr(kTreeChunkBytes - 3, 9));
  EXPECT_EQ(read(noise.size() - 3, 9), noise.substr(noise.size() - 3));
  EXPECT_EQ(read(noise.size(), 9), "");
  EXPECT_EQ(read(noise.size() + 7, 9), "");
  std::fstream object(std::filesystem::path(root_.path()) / tree_->Find("f")->object);
  object.seekp(static_cast<std::streamoff>(2 * kSealedChunk + 7));
  object.put(static_cast<char>(noise[2 * kTreeChunkBytes + 7] + 1));
  object.close();
  EXPECT_EQ(read(2 * kTreeChunkBytes - 3, 9), "SOTERIA.INTEGRITY");
  EXPECT_EQ(read(3 * kTreeChunkBytes, 9), noise.substr(3 * kTreeChunkBytes, 9));
  EXPECT_FALSE(tree_->OpenPlain("g").ok());
}

/// Says another size than it has.
class OtherSize : public base::ReadableFile {
 public:
  OtherSize(std::string bytes, uint64_t size) : bytes_(std::move(bytes)), size_(size) {}
  base::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) override {
    if (offset >= bytes_.size()) return size_t{0};
    return bytes_.copy(out.data(), std::min<size_t>(out.size(), 100'000), offset);
  }
  uint64_t size() const override { return size_; }

 private:
  const std::string bytes_;
  const uint64_t size_;
};

TEST_F(TreeTest, AFileIsSealedPieceByPieceIfItStaysAsLong) {
  for (const size_t bytes : {size_t{0}, size_t{1}, size_t{kTreeChunkBytes},
                             size_t{3 * kTreeChunkBytes - 1}, size_t{3 * kTreeChunkBytes + 1}}) {
    const size_t before = FilesIn(root_.path());
    const std::string noise = Noise(bytes, 4);
    for (const uint64_t said : {bytes + 1, bytes - 1}) {
      if (said > 2 * bytes + 1) continue;  // of none, one less
      OtherSize other(noise, said);
      const auto refused =
          Tree::WriteFile(*files_, random_, root_.path(), key_, id_, "f", other).status();
      EXPECT_TRUE(base::Is(refused, base::kInput)) << bytes;
      EXPECT_EQ(FilesIn(root_.path()), before);
    }
    OtherSize same(noise, bytes);
    const auto entry = Tree::WriteFile(*files_, random_, root_.path(), key_, id_, "f", same);
    ASSERT_TRUE(entry.ok()) << entry.status();
    ASSERT_TRUE(tree_->Publish(random_, {*entry}, {}).ok());
    EXPECT_EQ(Read("f").value(), noise);
  }
}

TEST_F(TreeTest, AnIndexThatADiskHasNoRoomForLeavesTheOldOneAlone) {
  base::DiskForTest disk(*files_);
  Tree tree = Tree::Of(disk, root_.path(), key_, tree_->index());
  const FileEntry entry = Write("f", "x");
  const size_t before = FilesIn(root_.path());
  for (const uint64_t room : {uint64_t{0}, uint64_t{200}}) {  // not even the copy of the old; that
    disk.room = room;
    EXPECT_TRUE(base::Is(tree.Publish(random_, {entry}, {}).status(), base::kIo));
    EXPECT_EQ(FilesIn(root_.path()), before) << room;
    disk.room.reset();
    EXPECT_EQ(Tree::Open(*files_, root_.path(), key_, id_)->index().index.version, 1u);
  }
  EXPECT_TRUE(tree.Publish(random_, {entry}, {}).ok());
}

TEST_F(TreeTest, OnlyWhatNoIndexNamesIsRemoved) {
  Add("kept", "1");
  const FileEntry kept = *tree_->Find("kept");
  const FileEntry unused = Write("unused", "2");
  const std::vector<std::string> both = {kept.object, unused.object};
  // While an index is there that doesn't open, nothing says what is in use.
  RemoveUnpublished(*files_, root_.path(), KeyForTest('x'), id_, both);
  EXPECT_TRUE(*files_->Exists(root_.path(), unused.object));
  RemoveUnpublished(*files_, root_.path(), key_, id_, both);
  EXPECT_TRUE(*files_->Exists(root_.path(), kept.object));
  EXPECT_FALSE(*files_->Exists(root_.path(), unused.object));
  ASSERT_TRUE(files_->Remove(root_.path(), std::string(kIndexName)).ok());
  RemoveUnpublished(*files_, root_.path(), key_, id_, both);
  EXPECT_FALSE(*files_->Exists(root_.path(), kept.object));
}

TEST_F(TreeTest, FilesOfManySizesRoundTrip) {
  std::vector<FileEntry> added;
  std::vector<std::string> contents;
  for (const size_t size :
       {size_t{0}, size_t{1}, size_t{kTreeChunkBytes - 1}, size_t{kTreeChunkBytes},
        size_t{kTreeChunkBytes + 1}, size_t{3 * kTreeChunkBytes + 12345}}) {
    contents.push_back(Noise(size, static_cast<unsigned>(size)));
    added.push_back(Write("d/f" + std::to_string(size), contents.back()));
    EXPECT_EQ(added.back().size, SealedTreeBytes(size));
    EXPECT_EQ(*PlainTreeBytes(added.back().size), size);
  }
  const std::vector<FileEntry> entries = added;
  ASSERT_TRUE(tree_->Publish(random_, added, {}).ok());
  auto reopened = Tree::Open(*files_, root_.path(), key_, id_);
  ASSERT_TRUE(reopened.ok()) << reopened.status();
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto read = reopened->Read(entries[i].name, kMany);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, contents[i]);
  }
  const auto limited = reopened->Read(entries.back().name, kTreeChunkBytes);
  EXPECT_TRUE(base::Is(limited.status(), base::kInput));
}

TEST_F(TreeTest, RandomAccess) {
  const std::string content = Noise(3 * kTreeChunkBytes + 777, 1);
  Add("f", content);
  const auto file = tree_->OpenFile("f");
  ASSERT_TRUE(file.ok()) << file.status();
  std::mt19937_64 engine(1);
  for (int i = 0; i < 200; ++i) {
    const int64_t at = static_cast<int64_t>(engine() % content.size());
    const int64_t bytes = static_cast<int64_t>(engine() % (2 * kTreeChunkBytes));
    const auto buffer = (*file)->ReadAt(at, bytes);
    ASSERT_TRUE(buffer.ok());
    ASSERT_EQ((*buffer)->ToString(),
              content.substr(static_cast<size_t>(at), static_cast<size_t>(bytes)));
  }
}

TEST_F(TreeTest, FoldersListAndExist) {
  for (const char* name : {"m/metadata/part-0", "m/data/part-0", "m-2/x", "m_SUCCESS"}) {
    Add(name, name);
  }
  EXPECT_EQ(tree_->index().index.version, 5u);
  EXPECT_EQ(tree_->List("m"), (std::vector<std::string>{"m/data/part-0", "m/metadata/part-0"}));
  EXPECT_EQ(tree_->List("").size(), 4u);
  EXPECT_TRUE(tree_->Exists("m/data"));
  EXPECT_TRUE(tree_->Exists("m/data/part-0"));
  EXPECT_FALSE(tree_->Exists("m/dat"));
  EXPECT_EQ(tree_->Find("m/data"), nullptr);
  ASSERT_NE(tree_->Find("m-2/x"), nullptr);
}

TEST_F(TreeTest, OverwriteAndRemoveTakeAwayOldObjectsOnly) {
  Add("a/1", "one");
  Add("b/1", "other");
  const std::string old_object = tree_->Find("a/1")->object;
  const std::string kept_object = tree_->Find("b/1")->object;
  Add("a/1", "two");
  EXPECT_EQ(*Read("a/1"), "two");
  EXPECT_FALSE(std::filesystem::exists(root_.At(old_object)));
  EXPECT_TRUE(std::filesystem::exists(root_.At(kept_object)));
  ASSERT_TRUE(tree_->Publish(random_, {}, {"a"}).ok());
  EXPECT_FALSE(tree_->Exists("a"));
  EXPECT_EQ(*Read("b/1"), "other");
}

TEST_F(TreeTest, ReplacingAFolderKeepsItsNewFiles) {
  Add("m/1", "old");
  Add("m/2", "old");
  ASSERT_TRUE(tree_->Publish(random_, {Write("m/1", "new")}, {"m"}).ok());
  EXPECT_EQ(tree_->List("m"), std::vector<std::string>{"m/1"});
  EXPECT_EQ(*Read("m/1"), "new");
}

TEST_F(TreeTest, SecondWriterConflictsAndChangesNothing) {
  auto other = Tree::Open(*files_, root_.path(), key_, id_);
  ASSERT_TRUE(other.ok());
  Add("a", "mine");
  const auto late = other->Publish(random_, {Write("a", "theirs")}, {});
  EXPECT_TRUE(base::Is(late.status(), base::kConflict)) << late.status();
  EXPECT_EQ(*Read("a"), "mine");
}

TEST_F(TreeTest, BadNamesAndFileFolderClashesAreRefused) {
  for (const char* bad : {"", "/a", "a/", "a//b", "../a", "a/.b", "a\nb", "a\\b"}) {
    EXPECT_FALSE(Tree::WriteFile(*files_, random_, root_.path(), key_, id_, bad, "x").ok()) << bad;
  }
  Add("a", "file");
  EXPECT_FALSE(tree_->Publish(random_, {Write("a/b", "below a file")}, {}).ok());
  EXPECT_FALSE(tree_->Publish(random_, {Write("c", "1"), Write("c", "2")}, {}).ok());
  EXPECT_EQ(*Read("a"), "file");
}

TEST_F(TreeTest, EveryFlippedByteOfASmallFileIsRefused) {
  Add("f", "a small file");
  const std::string object = tree_->Find("f")->object;
  const std::string bytes = root_.Bytes(object);
  for (size_t i = 0; i < bytes.size(); ++i) {
    root_.Flip(object, i);
    ExpectRefused("f", "byte " + std::to_string(i));
    root_.SetBytes(object, bytes);
  }
}

TEST_F(TreeTest, ChunksCantBeFlippedSwappedRepeatedOrCut) {
  Add("f", Noise(3 * kTreeChunkBytes + 100, 4));
  const std::string object = tree_->Find("f")->object;
  const std::string bytes = root_.Bytes(object);
  const std::string c0 = bytes.substr(0, kSealedChunk),
                    c1 = bytes.substr(kSealedChunk, kSealedChunk);
  const std::string c2 = bytes.substr(2 * kSealedChunk, kSealedChunk);
  const std::string last = bytes.substr(3 * kSealedChunk);
  const std::pair<const char*, std::string> attacks[] = {
      {"swapped", c1 + c0 + c2 + last},
      {"repeated", c0 + c0 + c2 + last},
      {"without the last", c0 + c1 + c2},
      {"without a middle one", c0 + c2 + last},
      {"one twice more", c0 + c1 + c1 + c2 + last},
      {"last cut", bytes.substr(0, bytes.size() - 1)},
      {"empty", ""}};
  for (const auto& [what, changed] : attacks) {
    root_.SetBytes(object, changed);
    ExpectRefused("f", what);
  }
  for (size_t at = 5; at < bytes.size(); at += kTreeChunkBytes / 3) {
    root_.SetBytes(object, bytes);
    root_.Flip(object, at);
    ExpectRefused("f", "flipped");
  }
  root_.SetBytes(object, bytes);
  EXPECT_TRUE(Read("f").ok());
}

// A chunk-aligned cut whose index entry claims the shorter size and its check: `last` is
// authenticated, too.
TEST_F(TreeTest, AShorterFileUnderAMatchingSizeIsRefused) {
  Add("f", Noise(2 * kTreeChunkBytes, 4));
  FileEntry entry = *tree_->Find("f");
  const std::string bytes = root_.Bytes(entry.object);
  root_.SetBytes(entry.object, bytes.substr(0, kSealedChunk));
  entry.size = kSealedChunk;
  entry.check = crypto::Sha256(bytes.substr(0, kSealedChunk));
  const auto source = TreeSource::Open(*files_, root_.path(), id_, entry, key_);
  EXPECT_TRUE(base::Is(source.status(), base::kIntegrity));
}

TEST_F(TreeTest, SwappedMissingLinkedAndOlderFilesAreRefused) {
  Add("a", Noise(5000, 1));
  Add("b", Noise(5000, 2));
  const std::string a = tree_->Find("a")->object, b = tree_->Find("b")->object;
  const std::string bytes_a = root_.Bytes(a), bytes_b = root_.Bytes(b);
  root_.SetBytes(a, bytes_b);
  root_.SetBytes(b, bytes_a);
  ExpectRefused("a", "swapped");
  root_.SetBytes(b, bytes_b);
  Add("a", Noise(5000, 1));
  root_.SetBytes(tree_->Find("a")->object, bytes_a);
  ExpectRefused("a", "older version of equal size and content");
  root_.SetBytes("elsewhere", bytes_b);
  root_.MakeLink(b, root_.At("elsewhere"));
  ExpectRefused("b", "symlink");
  root_.MakeFifo(b);
  ExpectRefused("b", "fifo");
  std::filesystem::remove(root_.At(b));
  ExpectRefused("b", "missing");
}

TEST_F(TreeTest, WrongKeyAndDataSetsAreRefused) {
  EXPECT_FALSE(Tree::Open(*files_, root_.path(), KeyForTest('x'), id_).ok());
  EXPECT_FALSE(Tree::Open(*files_, root_.path(), key_, IdForTest('x')).ok());
}

TEST_F(TreeTest, SizesThatNoFileHas) {
  EXPECT_FALSE(PlainTreeBytes(0).ok());
  EXPECT_FALSE(PlainTreeBytes(15).ok());
  EXPECT_TRUE(PlainTreeBytes(16).ok());
  EXPECT_TRUE(PlainTreeBytes(kSealedChunk).ok());
  EXPECT_FALSE(PlainTreeBytes(kSealedChunk + 1).ok());
  EXPECT_FALSE(PlainTreeBytes(kSealedChunk + 16).ok());  // a full chunk is the last itself
  EXPECT_TRUE(PlainTreeBytes(kSealedChunk + 17).ok());
  EXPECT_FALSE(PlainTreeBytes(~uint64_t{0}).ok());
}

TEST_F(TreeTest, NoPlaintextInTheObjects) {
  const std::string canary = "canary-7f3a-in-a-model";
  Add("secret-name/part-0", canary + canary);
  std::string all;
  for (const auto& file : std::filesystem::directory_iterator(root_.path())) {
    all += root_.Bytes(file.path().filename().string());
  }
  EXPECT_EQ(all.find("canary"), all.npos);
  EXPECT_EQ(all.find("secret-name"), all.npos);
}

TEST_F(TreeTest, ParquetUnderATablesSchema) {
  const auto rows = table::TableForTest(
      arrow::schema({arrow::field("A", arrow::int32()), arrow::field("more", arrow::utf8())}),
      {"[1, null]", R"(["x", "y"])"});
  Add("k=1/f.parquet", *ParquetBytes(*rows));
  Add("k=1/readme", "not Parquet at all");
  Add("empty", "");
  const arrow::Schema wanted({arrow::field("a", arrow::int64()), arrow::field("b", arrow::utf8())});
  uint64_t admitted = 0;
  const auto read = tree_->ReadParquetAs("k=1/f.parquet", wanted, [&](uint64_t bytes) {
    admitted = bytes;
    return base::OkStatus();
  });
  ASSERT_TRUE(read.ok()) << base::Message(read.status());
  EXPECT_GT(admitted, 0u);
  EXPECT_TRUE((*read)->Equals(
      *table::TableForTest(arrow::schema(wanted.fields()), {"[1, null]", "[null, null]"})));
  const auto full = tree_->ReadParquetAs(
      "k=1/f.parquet", wanted, [](uint64_t) { return base::Fail(base::kMemoryLimit, "no room"); });
  EXPECT_TRUE(base::Is(full.status(), base::kMemoryLimit));
  const auto mismatch =
      tree_->ReadParquetAs("k=1/f.parquet", arrow::Schema({arrow::field("more", arrow::int32())}));
  EXPECT_TRUE(base::Is(mismatch.status(), table::kFileTypeMismatch));
  EXPECT_NE(base::Message(mismatch.status()).find("k=1/f.parquet"), std::string::npos);
  EXPECT_TRUE(base::QuotesData(mismatch.status()));  // a folder's name may be a value
  EXPECT_TRUE(
      base::Is(tree_->ReadParquetAs("k=1/readme", wanted).status(), table::kFailedReadFile));
  EXPECT_TRUE(base::Is(tree_->ParquetSchema("k=1/readme").status(), table::kCannotReadFooter));
  EXPECT_TRUE(base::Is(tree_->ReadParquetAs("none", wanted).status(), base::kPathNotFound));
  EXPECT_EQ(*tree_->PlainBytes("k=1/readme"), 18u);
  EXPECT_EQ(*tree_->PlainBytes("empty"), 0u);
  EXPECT_TRUE(base::Is(tree_->PlainBytes("none").status(), base::kPathNotFound));
  // What storage did to the file is its own error (I9).
  const std::string object = tree_->Find("k=1/f.parquet")->object;
  std::string bytes = root_.Bytes(object);
  bytes[bytes.size() / 2] ^= 1;
  root_.SetBytes(object, bytes);
  EXPECT_TRUE(base::Is(tree_->ReadParquetAs("k=1/f.parquet", wanted).status(), base::kIntegrity));
}

TEST_F(TreeTest, ParquetInside) {
  arrow::DoubleBuilder x;
  arrow::StringBuilder s;
  for (int i = 0; i < 300'000; ++i) {
    ASSERT_TRUE(x.Append(i * 0.37).ok());
    ASSERT_TRUE(s.Append(i % 2 == 0 ? "even" : "odd").ok());
  }
  const auto table = arrow::Table::Make(
      arrow::schema({arrow::field("x", arrow::float64()), arrow::field("s", arrow::utf8())}),
      {*x.Finish(), *s.Finish()});
  const auto bytes = ParquetBytes(*table);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  ASSERT_GT(bytes->size(), kTreeChunkBytes);
  Add("t/part-0.parquet", *bytes);
  const auto read = tree_->ReadParquet("t/part-0.parquet", std::nullopt);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE((*read)->Equals(*table));
  const auto one = tree_->ReadParquet("t/part-0.parquet", std::vector<std::string>{"s"});
  ASSERT_TRUE(one.ok()) << one.status();
  EXPECT_TRUE((*one)->Equals(**table->SelectColumns({1})));
  const auto schema = tree_->ParquetSchema("t/part-0.parquet");
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_TRUE((*schema)->Equals(*table->schema(), false));
  root_.Flip(tree_->Find("t/part-0.parquet")->object, 1000);
  const auto flipped = tree_->ReadParquet("t/part-0.parquet", std::nullopt);
  EXPECT_TRUE(base::Is(flipped.status(), base::kIntegrity)) << flipped.status();
}

}  // namespace
}  // namespace soteria::storage
