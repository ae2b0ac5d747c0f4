// What a host can do to a spilled block, and what comes of it.
#include "src/worker/spill_store.h"

#include <arrow/builder.h>
#include <arrow/table.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "src/base/env_for_test.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/crypto/aead.h"

namespace soteria::worker {
namespace {

constexpr size_t kSealedChunk = kSpillChunkBytes + crypto::kAeadTagBytes;

BlockName NameOf(char fill, uint64_t partition) {
  base::Digest digest;
  digest.fill(static_cast<uint8_t>(fill));
  return {digest, partition};
}

class SpillStoreTest : public ::testing::Test {
 protected:
  SpillStoreTest() { std::filesystem::remove_all(folder_); }
  ~SpillStoreTest() override { std::filesystem::remove_all(folder_); }

  /// A little more than two chunks.
  static Block Features(double first) {
    auto features = std::make_shared<table::FeatureBlock>();
    features->rows = 100;
    features->cols = 2700;
    features->dense.resize(270'000);
    for (size_t i = 0; i < features->dense.size(); ++i) {
      features->dense[i] = first + static_cast<double>(i);
    }
    return {nullptr, features};
  }
  static Block Numbers() {
    arrow::Int64Builder builder;
    EXPECT_TRUE(builder.AppendValues({1, 2, 3}).ok());
    std::shared_ptr<arrow::Array> array;
    EXPECT_TRUE(builder.Finish(&array).ok());
    return {arrow::Table::Make(arrow::schema({arrow::field("x", arrow::int64())}), {array}),
            nullptr};
  }
  SpilledBlock Write(const BlockName& name, const Block& block) {
    auto spilled = store_.Write(name, block);
    EXPECT_TRUE(spilled.ok()) << base::Message(spilled.status());
    return spilled.ok() ? *spilled : SpilledBlock();
  }
  std::string Path(const SpilledBlock& spilled) const {
    return base::Cat(folder_, "/block-", spilled.number, ".sealed");
  }
  std::string Bytes(const SpilledBlock& spilled) const {
    std::ifstream file(Path(spilled), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  void Replace(const SpilledBlock& spilled, const std::string& bytes) const {
    std::ofstream(Path(spilled), std::ios::binary) << bytes;
  }
  base::Status Read(const BlockName& name, const SpilledBlock& spilled) {
    return store_.Read(name, spilled).status();
  }

  const std::string folder_ = base::Cat(::testing::TempDir(), "spill-store-", getpid());
  std::unique_ptr<base::Files> files_ = base::PosixFiles();
  base::RandomForTest random_{1};
  SpillStore store_{*files_, random_, folder_};
};

TEST_F(SpillStoreTest, BlocksComeBack) {
  const Block features = Features(0.5);
  const SpilledBlock out = Write(NameOf('a', 0), features);
  const SpilledBlock table = Write(NameOf('a', 1), Numbers());
  EXPECT_EQ(Bytes(out).size(), out.bytes);
  EXPECT_EQ(std::filesystem::status(Path(out)).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const auto back = store_.Read(NameOf('a', 0), out);
  ASSERT_TRUE(back.ok()) << base::Message(back.status());
  EXPECT_EQ(back->features->dense, features.features->dense);
  EXPECT_EQ(back->table, nullptr);
  const auto numbers = store_.Read(NameOf('a', 1), table);
  ASSERT_TRUE(numbers.ok());
  EXPECT_TRUE(numbers->table->Equals(*Numbers().table));
  store_.Remove(out);
  EXPECT_FALSE(std::filesystem::exists(Path(out)));
  store_.Remove(out);  // once more is nothing
}

// I1: nor is anything the same when the same block goes out again.
TEST_F(SpillStoreTest, NoPlaintextIsWritten) {
  const SpilledBlock one = Write(NameOf('a', 0), Features(0.5));
  const SpilledBlock two = Write(NameOf('a', 0), Features(0.5));
  const std::string bytes = Bytes(one);
  for (const double value : {1.5, 1000.5, 269'999.5}) {
    const std::string_view raw(reinterpret_cast<const char*>(&value), sizeof(value));
    EXPECT_EQ(bytes.find(raw), std::string::npos);
  }
  ASSERT_EQ(bytes.size(), Bytes(two).size());
  for (size_t at = 0; at + 16 < bytes.size(); at += kSealedChunk) {
    EXPECT_NE(bytes.substr(at, 16), Bytes(two).substr(at, 16));
  }
}

TEST_F(SpillStoreTest, RefusesEachAlteredChunk) {
  const SpilledBlock out = Write(NameOf('a', 0), Features(0.5));
  const std::string bytes = Bytes(out);
  ASSERT_GT(bytes.size(), 2 * kSealedChunk);
  for (const size_t at : {size_t{0}, kSealedChunk - 1, kSealedChunk + 5, bytes.size() - 1}) {
    std::string altered = bytes;
    altered[at] = static_cast<char>(altered[at] ^ 1);
    Replace(out, altered);
    EXPECT_TRUE(base::Is(Read(NameOf('a', 0), out), base::kIntegrity)) << at;
  }
  Replace(out, bytes);
  EXPECT_TRUE(Read(NameOf('a', 0), out).ok());
}

TEST_F(SpillStoreTest, RefusesAnotherSize) {
  const SpilledBlock out = Write(NameOf('a', 0), Features(0.5));
  const std::string bytes = Bytes(out);
  for (const size_t size : {size_t{0}, kSealedChunk, 2 * kSealedChunk, bytes.size() - 1}) {
    Replace(out, bytes.substr(0, size));
    EXPECT_TRUE(base::Is(Read(NameOf('a', 0), out), base::kIntegrity)) << size;
  }
  Replace(out, bytes + '!');
  EXPECT_TRUE(base::Is(Read(NameOf('a', 0), out), base::kIntegrity));
  // Shortened at a chunk's end, and the worker's own note with it: the chunk isn't a last one.
  Replace(out, bytes.substr(0, 2 * kSealedChunk));
  SpilledBlock shorter = out;
  shorter.bytes = 2 * kSealedChunk;
  EXPECT_TRUE(base::Is(Read(NameOf('a', 0), shorter), base::kIntegrity));
}

TEST_F(SpillStoreTest, RefusesChunksThatChangedPlaces) {
  const SpilledBlock out = Write(NameOf('a', 0), Features(0.5));
  const std::string bytes = Bytes(out);
  Replace(out, bytes.substr(kSealedChunk, kSealedChunk) + bytes.substr(0, kSealedChunk) +
                   bytes.substr(2 * kSealedChunk));
  EXPECT_TRUE(base::Is(Read(NameOf('a', 0), out), base::kIntegrity));
  Replace(out, bytes.substr(0, kSealedChunk) + bytes.substr(0, kSealedChunk) +
                   bytes.substr(2 * kSealedChunk));
  EXPECT_TRUE(base::Is(Read(NameOf('a', 0), out), base::kIntegrity));
}

// Another block's file, or an earlier one of the same block: as large, as authentic, and refused.
TEST_F(SpillStoreTest, RefusesSwappedAndReplayedFiles) {
  const SpilledBlock first = Write(NameOf('a', 0), Features(0.5));
  const SpilledBlock other = Write(NameOf('a', 1), Features(1.5));
  const SpilledBlock again = Write(NameOf('a', 0), Features(0.5));
  const std::string old = Bytes(first);
  ASSERT_EQ(first.bytes, other.bytes);
  Replace(first, Bytes(other));
  EXPECT_TRUE(base::Is(Read(NameOf('a', 0), first), base::kIntegrity));
  Replace(again, old);
  EXPECT_TRUE(base::Is(Read(NameOf('a', 0), again), base::kIntegrity));
  // The file of one block under the name of another, whoever mixed them up.
  EXPECT_TRUE(base::Is(Read(NameOf('a', 0), other), base::kIntegrity));
  EXPECT_TRUE(base::Is(Read(NameOf('b', 1), other), base::kIntegrity));
  SpilledBlock as_table = other;
  as_table.features = false;
  EXPECT_TRUE(base::Is(Read(NameOf('a', 1), as_table), base::kIntegrity));
  EXPECT_TRUE(Read(NameOf('a', 1), other).ok());
  // Of another worker, under the same number.
  base::RandomForTest random(2);
  SpillStore another(*files_, random, folder_);
  EXPECT_TRUE(base::Is(another.Read(NameOf('a', 1), other).status(), base::kIntegrity));
}

TEST_F(SpillStoreTest, AMissingFileIsLostAndAnotherKindIsRefused) {
  const SpilledBlock out = Write(NameOf('a', 0), Features(0.5));
  const std::string target = Path(out) + ".moved";
  std::filesystem::rename(Path(out), target);
  EXPECT_TRUE(base::Is(Read(NameOf('a', 0), out), base::kPathNotFound));
  std::filesystem::create_symlink(target, Path(out));
  EXPECT_TRUE(base::Is(Read(NameOf('a', 0), out), base::kIntegrity));
  std::filesystem::remove(Path(out));
  std::filesystem::create_directory(Path(out));
  EXPECT_TRUE(base::Is(Read(NameOf('a', 0), out), base::kIntegrity));
}

TEST_F(SpillStoreTest, AFileThatIsInTheWayIsNotWrittenTo) {
  std::filesystem::create_directories(folder_);
  std::ofstream(base::Cat(folder_, "/block-0.sealed")) << "mine";
  EXPECT_FALSE(store_.Write(NameOf('a', 0), Numbers()).ok());
  EXPECT_EQ(Bytes(SpilledBlock{0, 0, false}), "mine");
  EXPECT_TRUE(store_.Write(NameOf('a', 0), Numbers()).ok());  // the next number is free
}

}  // namespace
}  // namespace soteria::worker
