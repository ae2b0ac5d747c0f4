#include "src/dataflow/host_files.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "soteria/host.pb.h"
#include "src/base/env_for_test.h"
#include "src/base/errors.h"
#include "src/dataflow/host_files_for_test.h"
#include "src/dataflow/routed_files.h"

namespace soteria::dataflow {
namespace {

using Lie = FileHostForTest::Lie;

constexpr char kRoot[] = "mem://box/data";
constexpr int64_t kShortMs = 50;
constexpr size_t kMiB = size_t{1} << 20;

std::string Pattern(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>((i * 2654435761U) >> 13);
  return bytes;
}

class HostFilesTest : public testing::Test {
 protected:
  std::string Put(const std::string& name, size_t size) {
    std::string bytes = Pattern(size);
    host_.Store(std::string(kRoot) + "/" + name, bytes);
    return bytes;
  }
  std::unique_ptr<base::ReadableFile> Open(const std::string& name) {
    auto file = files_.Open(kRoot, name, std::nullopt);
    EXPECT_TRUE(file.ok()) << base::Message(file.status());
    return *std::move(file);
  }
  static Status ReadSome(base::ReadableFile& file, uint64_t at, size_t size) {
    std::string out(size, '\0');
    return file.ReadAt(at, out).status();
  }

  base::RandomForTest random_{7};
  FileHostForTest host_{random_, kShortMs};
  HostFiles& files_ = host_.files();
};

TEST_F(HostFilesTest, ReadsWhatIsThere) {
  const std::string bytes = Put("a", 3 * kMiB + 17);
  auto file = Open("a");
  EXPECT_EQ(file->size(), bytes.size());
  std::string out(1000, '\0');
  ASSERT_EQ(file->ReadAt(12345, out).value(), out.size());
  EXPECT_EQ(out, bytes.substr(12345, 1000));
  ASSERT_EQ(file->ReadAt(bytes.size() - 10, out).value(), 10u);  // fewer at the end only
  EXPECT_EQ(out.substr(0, 10), bytes.substr(bytes.size() - 10));
  EXPECT_EQ(file->ReadAt(bytes.size(), out).value(), 0u);
  EXPECT_EQ(file->ReadAt(~uint64_t{0}, out).value(), 0u);
  EXPECT_EQ(files_.ReadAll(kRoot, "a", bytes.size()).value(), bytes);
  EXPECT_TRUE(files_.Exists(kRoot, "a").value());
  EXPECT_FALSE(files_.Exists(kRoot, "b").value());
}

TEST_F(HostFilesTest, NoRequestIsOverTheLimitAndLargeFilesComeWhole) {
  const std::string bytes = Put("a", 5 * kFileRangeBytesMax + 3);
  std::string out(bytes.size(), '\0');
  ASSERT_EQ(Open("a")->ReadAt(0, out).value(), bytes.size());
  EXPECT_TRUE(out == bytes);
  EXPECT_TRUE(files_.ReadAll(kRoot, "a", bytes.size()).value() == bytes);
  for (const auto& [offset, length] : host_.TakeReads()) EXPECT_LE(length, kFileRangeBytesMax);
}

TEST_F(HostFilesTest, AnExactMultipleOfTheLimitIsReadToItsEnd) {
  const std::string bytes = Put("a", 2 * kFileRangeBytesMax);
  EXPECT_TRUE(files_.ReadAll(kRoot, "a", bytes.size()).value() == bytes);
  EXPECT_TRUE(base::Is(files_.ReadAll(kRoot, "a", bytes.size() - 1).status(), base::kIntegrity));
  Put("empty", 0);
  EXPECT_EQ(files_.ReadAll(kRoot, "empty", 0).value(), "");
}

TEST_F(HostFilesTest, ASequentialReaderNeedsFewRequestsAndARandomOneReadsNothingElse) {
  const std::string bytes = Put("a", 32 * kMiB);
  auto file = Open("a");
  std::string out(64 * 1024, '\0');
  for (size_t at = 0; at < bytes.size(); at += out.size()) {
    ASSERT_EQ(file->ReadAt(at, out).value(), out.size());
    ASSERT_TRUE(bytes.compare(at, out.size(), out) == 0) << at;
  }
  EXPECT_LE(host_.TakeReads().size(), 9u);  // of 512 reads
  for (const uint64_t at : {20 * kMiB, kMiB, 9 * kMiB}) {
    ASSERT_TRUE(Open("a")->ReadAt(at, out).ok());
    EXPECT_EQ(host_.TakeReads(), (std::vector<std::pair<uint64_t, uint64_t>>{{at, out.size()}}));
  }
}

TEST_F(HostFilesTest, AnotherSizeThanTheIndexSaysIsRefused) {
  Put("a", 100);
  EXPECT_TRUE(files_.Open(kRoot, "a", 100).ok());
  EXPECT_TRUE(base::Is(files_.Open(kRoot, "a", 99).status(), base::kIntegrity));
  EXPECT_TRUE(base::Is(files_.Open(kRoot, "b", 99).status(), base::kPathNotFound));
}

TEST_F(HostFilesTest, ShortAndLongRangesAreRefused) {
  Put("a", 3 * kFileRangeBytesMax);
  auto file = Open("a");
  for (const Lie lie : {Lie::kShort, Lie::kLong}) {
    host_.SetLie(lie);
    EXPECT_TRUE(base::Is(ReadSome(*file, 5, 10), base::kIntegrity));
    EXPECT_TRUE(base::Is(ReadSome(*file, 5, 2 * kFileRangeBytesMax), base::kIntegrity));
  }
  EXPECT_TRUE(base::Is(files_.ReadAll(kRoot, "a", 4 * kFileRangeBytesMax).status(),
                       base::kIntegrity));  // long
}

TEST_F(HostFilesTest, WhatTheHostCanNotDoHasANameOfItsOwn) {
  Put("a", 100);
  host_.SetLie(Lie::kUnsupported);
  const Status unsupported = files_.Open(kRoot, "a", 100).status();
  EXPECT_TRUE(base::Is(unsupported, base::kUnsupported));
  EXPECT_NE(base::Message(unsupported).find("this cluster's host has no file system for mem:"),
            std::string::npos);
  EXPECT_TRUE(base::Is(files_.Exists(kRoot, "a").status(), base::kUnsupported));
  for (const Lie lie : {Lie::kFailed, Lie::kNoOutcome}) {
    host_.SetLie(lie);
    EXPECT_TRUE(base::Is(files_.Open(kRoot, "a", 100).status(), base::kIo));
    EXPECT_TRUE(base::Is(files_.ReadAll(kRoot, "a", 100).status(), base::kIo));
  }
}

TEST_F(HostFilesTest, NoAnswerAndAnAnswerToSomethingElseEndInATimeOut) {
  Put("a", 100);
  for (const Lie lie : {Lie::kSilent, Lie::kWrongRequest}) {
    host_.SetLie(lie);
    const Status late = files_.Open(kRoot, "a", 100).status();
    EXPECT_TRUE(base::Is(late, base::kIo));
    EXPECT_NE(base::Message(late).find("50 ms"), std::string::npos) << base::Message(late);
  }
  host_.SetLie(Lie::kNone);
  EXPECT_TRUE(files_.Open(kRoot, "a", 100).ok());
}

TEST_F(HostFilesTest, TheFirstAnswerCountsAndNoOther) {
  const std::string bytes = Put("a", 100);
  host_.SetLie(Lie::kTwice);
  EXPECT_EQ(files_.ReadAll(kRoot, "a", 100).value(), bytes);
  host::FileReply reply;
  reply.set_request(1);
  reply.set_outcome(host::FILE_OK);
  EXPECT_TRUE(files_.OnFrame({host::FILE_REPLY, 1, reply.SerializeAsString()}));  // long done
}

TEST_F(HostFilesTest, OtherFramesAndBrokenAnswersAreNotTaken) {
  EXPECT_FALSE(files_.OnFrame({host::FILE_REPLY, 1, "\x08"}));
  EXPECT_FALSE(files_.OnFrame({host::RESULT, 1, {}}));
  EXPECT_FALSE(files_.OnFrame({host::FILE_REQUEST, 1, {}}));
}

TEST_F(HostFilesTest, TheEndOfTheConnectionWakesWhoWaits) {
  FileHostForTest host(random_);  // a host that has half a minute
  host.Store("mem://box/data/a", "x");
  host.SetLie(Lie::kSilent);
  std::atomic<int> ended = 0;
  std::vector<std::thread> waiting;
  for (int i = 0; i < 3; ++i) {
    waiting.emplace_back([&] {
      if (base::Is(host.files().Open(kRoot, "a", 1).status(), base::kIo)) ++ended;
    });
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(ended, 0);
  host.files().Close();
  for (std::thread& thread : waiting) thread.join();
  EXPECT_EQ(ended, 3);
  host.SetLie(Lie::kNone);
  EXPECT_TRUE(base::Is(host.files().Open(kRoot, "a", 1).status(), base::kIo));
}

TEST_F(HostFilesTest, WritesInOrderAndWhole) {
  const std::string bytes = Pattern(2 * kFileRangeBytesMax + 5);
  auto file = files_.Create(kRoot, "new", 0644).value();
  for (size_t at = 0; at < bytes.size(); at += kMiB + 1) {
    ASSERT_TRUE(file->Append(std::string_view(bytes).substr(at, kMiB + 1)).ok());
  }
  ASSERT_TRUE(file->Sync().ok());
  EXPECT_TRUE(host_.Stored("mem://box/data/new") == bytes);
  ASSERT_TRUE(file->Close().ok());
  EXPECT_TRUE(file->Close().ok());
  EXPECT_FALSE(file->Append("more").ok());
  EXPECT_TRUE(base::Is(files_.Create(kRoot, "new", 0644).status(), base::kPathExists));
  EXPECT_EQ(host_.open_files(), 0u);
}

TEST_F(HostFilesTest, AFailedAppendIsNeverMadeGood) {
  auto file = files_.Create(kRoot, "new", 0644).value();
  ASSERT_TRUE(file->Append("one").ok());
  host_.SetLie(Lie::kFailed);
  EXPECT_TRUE(base::Is(file->Sync(), base::kIo));
  host_.SetLie(Lie::kNone);
  ASSERT_TRUE(file->Append("two").ok());
  EXPECT_TRUE(base::Is(file->Sync(), base::kIo));
  EXPECT_TRUE(base::Is(file->Close(), base::kIo));
  file.reset();
  EXPECT_EQ(host_.open_files(), 0u);  // the host needn't keep it open
}

TEST_F(HostFilesTest, AtomicWritesShowTheOldOrTheNewBytes) {
  ASSERT_TRUE(files_.WriteAtomically(kRoot, "_index", "one", 0644).ok());
  ASSERT_TRUE(files_.WriteAtomically(kRoot, "_index", "two", 0644).ok());
  EXPECT_EQ(host_.Stored("mem://box/data/_index"), "two");
  host_.SetLie(Lie::kFailed, ".tmp");
  EXPECT_FALSE(files_.WriteAtomically(kRoot, "_index", "three", 0644).ok());
  EXPECT_EQ(host_.Stored("mem://box/data/_index"), "two");
  EXPECT_EQ(host_.Paths(), std::vector<std::string>{"mem://box/data/_index"});
}

TEST_F(HostFilesTest, RenamesAndRemoves) {
  Put("a", 3);
  Put("b", 4);
  ASSERT_TRUE(files_.Rename(kRoot, "a", "b").ok());
  EXPECT_EQ(host_.Stored("mem://box/data/b"), Pattern(3));
  EXPECT_TRUE(base::Is(files_.Rename(kRoot, "a", "b"), base::kPathNotFound));
  ASSERT_TRUE(files_.Remove(kRoot, "b").ok());
  EXPECT_TRUE(base::Is(files_.Remove(kRoot, "b"), base::kPathNotFound));
  EXPECT_TRUE(files_.MakeDirs(kRoot).ok());
}

TEST_F(HostFilesTest, LocksExcludeOtherThreadsOfTheProcess) {
  auto held = files_.Lock(kRoot, "lock").value();
  EXPECT_TRUE(base::Is(files_.Lock(kRoot, "lock").status(), base::kConflict));
  EXPECT_TRUE(files_.Lock("mem://box/other", "lock").ok());
  held.reset();
  EXPECT_TRUE(files_.Lock(kRoot, "lock").ok());
}

TEST_F(HostFilesTest, WhatOnlyLocalFilesCanDoIsRefused) {
  EXPECT_TRUE(base::Is(files_.OpenForAppend(kRoot, "a", 0644).status(), base::kUnsupported));
  EXPECT_TRUE(base::Is(files_.ReadKernelFile(kRoot, "a", 1).status(), base::kUnsupported));
  EXPECT_TRUE(base::Is(files_.WriteKernelFile(kRoot, "a", "x"), base::kUnsupported));
}

TEST_F(HostFilesTest, OnlyPathsWithASchemeGoToTheHost) {
  Put("a", 100);
  const auto local = base::PosixFiles();
  RoutedFiles files(*local, files_);
  EXPECT_TRUE(files.Open(kRoot, "a", 100).ok());
  EXPECT_TRUE(files.Exists(kRoot, "a").value());
  EXPECT_FALSE(files.Exists("/box/data", "a").value());
  EXPECT_FALSE(files.Exists("/proc/self/nothing", "status").value());
  EXPECT_FALSE(files.ReadKernelFile("/proc/self", "status", 1 << 20)->empty());
  EXPECT_TRUE(base::Is(files.ReadKernelFile(kRoot, "a", 1).status(), base::kUnsupported));
  EXPECT_TRUE(host_.Paths().size() == 1);
}

}  // namespace
}  // namespace soteria::dataflow
