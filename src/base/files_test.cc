#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "src/base/env.h"
#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::base {
namespace {

namespace fs = std::filesystem;

class FilesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "soteria_files_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { fs::remove_all(root_); }

  void Put(const std::string& name, const std::string& bytes) {
    std::ofstream(root_ + "/" + name) << bytes;
  }
  std::string Got(const std::string& name) {
    std::ifstream in(root_ + "/" + name);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::string root_;
  std::unique_ptr<Files> files_ = PosixFiles();
};

TEST_F(FilesTest, ReadsAtAnyOffset) {
  Put("f", "0123456789");
  const auto file = files_->Open(root_, "f", 10);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ((*file)->size(), 10U);
  char out[4] = {};
  EXPECT_EQ(*(*file)->ReadAt(3, out), 4U);
  EXPECT_EQ(std::string(out, 4), "3456");
  EXPECT_EQ(*(*file)->ReadAt(8, out), 2U);
  EXPECT_EQ(std::string(out, 2), "89");
  EXPECT_EQ(*(*file)->ReadAt(10, out), 0U);
  EXPECT_EQ(*(*file)->ReadAt(uint64_t{1} << 63, out), 0U);
}

TEST_F(FilesTest, MissingIsPathNotFoundAndSaysSo) {
  for (const char* name : {"f", "d/f"}) {
    const auto file = files_->Open(root_, name, std::nullopt);
    EXPECT_TRUE(Is(file.status(), kPathNotFound));
    EXPECT_NE(Message(file.status()).find("Path does not exist"), std::string::npos);
  }
  EXPECT_TRUE(Is(files_->ReadAll(root_ + "/no", "f", 10).status(), kPathNotFound));
  EXPECT_TRUE(Is(files_->Remove(root_, "f"), kPathNotFound));
  EXPECT_TRUE(Is(files_->Rename(root_, "f", "g"), kPathNotFound));
}

// I9: another size than the index says.
TEST_F(FilesTest, OtherSizeIsRefused) {
  Put("f", "0123456789");
  EXPECT_TRUE(Is(files_->Open(root_, "f", 9).status(), kIntegrity));
  EXPECT_TRUE(Is(files_->Open(root_, "f", 11).status(), kIntegrity));
}

TEST_F(FilesTest, ShrinkingIsRefusedAndGrowingNotSeen) {
  Put("f", "0123456789");
  const auto file = files_->Open(root_, "f", 10);
  ASSERT_TRUE(file.ok());
  char out[20] = {};
  std::ofstream(root_ + "/f", std::ios::app) << "more";
  EXPECT_EQ(*(*file)->ReadAt(0, out), 10U);
  fs::resize_file(root_ + "/f", 5);
  EXPECT_TRUE(Is((*file)->ReadAt(0, out).status(), kIntegrity));
}

TEST_F(FilesTest, ReadAllHasALimit) {
  Put("f", "0123456789");
  EXPECT_EQ(*files_->ReadAll(root_, "f", 10), "0123456789");
  EXPECT_TRUE(Is(files_->ReadAll(root_, "f", 9).status(), kIntegrity));
  Put("empty", "");
  EXPECT_EQ(*files_->ReadAll(root_, "empty", 0), "");
}

// procfs says 0 bytes and gives more: a file that grows between the look and the read.
TEST_F(FilesTest, ReadAllRefusesAFileThatGrew) {
  EXPECT_TRUE(Is(files_->ReadAll("/proc/self", "status", 1 << 20).status(), kIntegrity));
}

TEST_F(FilesTest, KernelFilesAreReadToTheirEnd) {
  const auto status = files_->ReadKernelFile("/proc/self", "status", 1 << 20);
  ASSERT_TRUE(status.ok());
  EXPECT_NE(status->find("VmRSS"), std::string::npos);
  EXPECT_TRUE(Is(files_->ReadKernelFile("/proc/self", "status", 100).status(), kIntegrity));
  EXPECT_EQ(*files_->ReadKernelFile("/dev", "null", 0), "");
  EXPECT_TRUE(files_->WriteKernelFile("/dev", "null", "bytes").ok());
  Put("f", "old");
  EXPECT_TRUE(files_->WriteKernelFile(root_, "f", "new").ok());
  EXPECT_EQ(Got("f"), "new");
  EXPECT_TRUE(Is(files_->WriteKernelFile(root_, "none", "x"), kPathNotFound));
  EXPECT_TRUE(Is(files_->ReadKernelFile(root_, "none", 1).status(), kPathNotFound));
  fs::create_directory(root_ + "/d");
  EXPECT_TRUE(Is(files_->ReadKernelFile(root_, "d", 1).status(), kIntegrity));
}

TEST_F(FilesTest, OnlyRegularFilesAreOpened) {
  fs::create_directory(root_ + "/dir");
  ASSERT_EQ(mkfifo((root_ + "/fifo").c_str(), 0600), 0);
  EXPECT_TRUE(Is(files_->Open(root_, "dir", std::nullopt).status(), kIntegrity));
  EXPECT_TRUE(Is(files_->Open(root_, "fifo", std::nullopt).status(), kIntegrity));  // at once
  EXPECT_TRUE(Is(files_->ReadAll(root_, "fifo", 10).status(), kIntegrity));
  EXPECT_TRUE(Is(files_->OpenForAppend(root_, "fifo", 0600).status(), kIntegrity));
  EXPECT_TRUE(Is(files_->Open("/dev", "zero", std::nullopt).status(), kIntegrity));
}

TEST_F(FilesTest, SymbolicLinksAreNotFollowed) {
  Put("target", "secret");
  fs::create_directory(root_ + "/real");
  Put("real/f", "inside");
  fs::create_symlink(root_ + "/target", root_ + "/link");
  fs::create_directory_symlink(root_ + "/real", root_ + "/dirlink");
  fs::create_symlink(root_ + "/nowhere", root_ + "/dangling");
  EXPECT_TRUE(Is(files_->Open(root_, "link", std::nullopt).status(), kIntegrity));
  EXPECT_TRUE(Is(files_->ReadAll(root_, "link", 100).status(), kIntegrity));
  EXPECT_TRUE(Is(files_->ReadAll(root_, "dirlink/f", 100).status(), kIntegrity));
  EXPECT_TRUE(Is(files_->OpenForAppend(root_, "link", 0600).status(), kIntegrity));
  EXPECT_TRUE(Is(files_->OpenForAppend(root_, "dangling", 0600).status(), kIntegrity));
  EXPECT_TRUE(Is(files_->Create(root_, "dangling", 0600).status(), kPathExists));
  EXPECT_TRUE(Is(files_->Create(root_, "dirlink/new", 0600).status(), kIntegrity));
  EXPECT_TRUE(Is(files_->Lock(root_, "link").status(), kIntegrity));
  EXPECT_TRUE(Is(files_->ReadKernelFile(root_, "link", 100).status(), kIntegrity));
  EXPECT_FALSE(fs::exists(root_ + "/nowhere"));
  EXPECT_EQ(*files_->ReadAll(root_, "real/f", 100), "inside");
  // Replacing or removing a link touches the link, never what it points to.
  EXPECT_TRUE(files_->WriteAtomically(root_, "link", "new", 0600).ok());
  EXPECT_EQ(Got("target"), "secret");
  EXPECT_EQ(Got("link"), "new");
  EXPECT_TRUE(files_->Remove(root_, "dangling").ok());
}

TEST_F(FilesTest, NamesStayBelowTheRoot) {
  Put("f", "x");
  const std::vector<std::string> names = {"",
                                          "/f",
                                          "..",
                                          "../f",
                                          ".",
                                          "./f",
                                          "a//b",
                                          "f/",
                                          "a/../f",
                                          std::string("f\0g", 3),
                                          std::string(300, 'n')};
  for (const std::string& name : names) {
    EXPECT_TRUE(Is(files_->Open(root_, name, std::nullopt).status(), kIllegalArgument)) << name;
    EXPECT_TRUE(Is(files_->Create(root_, name, 0600).status(), kIllegalArgument)) << name;
    EXPECT_TRUE(Is(files_->Remove(root_, name), kIllegalArgument)) << name;
    EXPECT_TRUE(Is(files_->WriteAtomically(root_, name, "", 0600), kIllegalArgument)) << name;
    EXPECT_TRUE(Is(files_->Exists(root_, name).status(), kIllegalArgument)) << name;
  }
  EXPECT_TRUE(Is(files_->Open("relative", "f", std::nullopt).status(), kIllegalArgument));
  EXPECT_TRUE(Is(files_->Open("", "f", std::nullopt).status(), kIllegalArgument));
  EXPECT_TRUE(Is(files_->MakeDirs("relative"), kIllegalArgument));
}

TEST_F(FilesTest, CreateMakesFoldersAndNeverReplaces) {
  auto file = files_->Create(root_ + "/new/root", "a/b/f", 0600);
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE((*file)->Append("one ").ok());
  EXPECT_TRUE((*file)->Append("two").ok());
  EXPECT_TRUE((*file)->Sync().ok());
  EXPECT_TRUE((*file)->Close().ok());
  EXPECT_TRUE((*file)->Close().ok());
  EXPECT_TRUE(Is((*file)->Append("x"), kIo));
  EXPECT_TRUE(Is((*file)->Sync(), kIo));
  EXPECT_EQ(Got("new/root/a/b/f"), "one two");
  EXPECT_EQ(fs::status(root_ + "/new/root/a/b/f").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_TRUE(Is(files_->Create(root_ + "/new/root", "a/b/f", 0600).status(), kPathExists));
}

TEST_F(FilesTest, AppendGoesToTheEnd) {
  for (const char* text : {"one ", "two"}) {
    const auto file = files_->OpenForAppend(root_, "log", 0600);
    ASSERT_TRUE(file.ok());
    EXPECT_TRUE((*file)->Append(text).ok());
    EXPECT_TRUE((*file)->Sync().ok());
  }
  EXPECT_EQ(Got("log"), "one two");
}

TEST_F(FilesTest, AtomicWritesReplaceAndLeaveNothingBehind) {
  ASSERT_TRUE(files_->WriteAtomically(root_ + "/d", "f", "old", 0600).ok());
  const auto before = files_->Open(root_ + "/d", "f", 3);
  ASSERT_TRUE(files_->WriteAtomically(root_ + "/d", "f", "newer", 0640).ok());
  EXPECT_EQ(Got("d/f"), "newer");
  char out[3];
  EXPECT_EQ(*(*before)->ReadAt(0, out), 3U);  // a reader keeps what it opened
  EXPECT_EQ(std::string(out, 3), "old");
  size_t entries = 0;
  for (const auto& entry : fs::directory_iterator(root_ + "/d")) entries += entry.exists();
  EXPECT_EQ(entries, 1U);
}

TEST_F(FilesTest, AFailedAtomicWriteKeepsTheOld) {
  fs::create_directory(root_ + "/target");
  Put("target/f", "x");  // a folder that isn't empty can't be replaced by a file
  EXPECT_FALSE(files_->WriteAtomically(root_, "target", "new", 0600).ok());
  EXPECT_EQ(Got("target/f"), "x");
  size_t entries = 0;
  for (const auto& entry : fs::directory_iterator(root_)) entries += entry.exists();
  EXPECT_EQ(entries, 1U);
}

TEST_F(FilesTest, AtomicWritersDoNotMix) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      const std::string bytes(100'000, static_cast<char>('a' + t));
      for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(files_->WriteAtomically(root_, "f", bytes, 0600).ok());
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    const auto bytes = files_->ReadAll(root_, "f", 1 << 20);
    if (Is(bytes.status(), kPathNotFound)) continue;
    ASSERT_TRUE(bytes.ok());
    EXPECT_EQ(*bytes, std::string(100'000, bytes->front()));
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(FilesTest, RenameReplaces) {
  Put("a", "new");
  Put("b", "old");
  EXPECT_TRUE(files_->Rename(root_, "a", "b").ok());
  EXPECT_EQ(Got("b"), "new");
  EXPECT_FALSE(*files_->Exists(root_, "a"));
}

TEST_F(FilesTest, ExistsAndRemove) {
  Put("f", "x");
  fs::create_directories(root_ + "/d/e");
  fs::create_symlink(root_ + "/nowhere", root_ + "/dangling");
  EXPECT_TRUE(*files_->Exists(root_, "f"));
  EXPECT_TRUE(*files_->Exists(root_, "d/e"));
  EXPECT_TRUE(*files_->Exists(root_, "dangling"));
  EXPECT_FALSE(*files_->Exists(root_, "none"));
  EXPECT_FALSE(*files_->Exists(root_, "none/f"));
  EXPECT_FALSE(*files_->Exists(root_ + "/none", "f"));
  EXPECT_TRUE(Is(files_->Remove(root_, "d"), kConflict));
  EXPECT_TRUE(files_->Remove(root_, "d/e").ok());
  EXPECT_TRUE(files_->Remove(root_, "d").ok());
  EXPECT_TRUE(files_->Remove(root_, "f").ok());
  EXPECT_FALSE(*files_->Exists(root_, "f"));
}

TEST_F(FilesTest, MakeDirsIsContentWithWhatIsThere) {
  EXPECT_TRUE(files_->MakeDirs(root_ + "/a/b/c").ok());
  EXPECT_TRUE(files_->MakeDirs(root_ + "/a/b/c/").ok());
  EXPECT_TRUE(files_->MakeDirs("/").ok());
  EXPECT_TRUE(fs::is_directory(root_ + "/a/b/c"));
  Put("a/file", "x");
  EXPECT_FALSE(files_->MakeDirs(root_ + "/a/file").ok());
  EXPECT_FALSE(files_->MakeDirs(root_ + "/a/file/below").ok());
}

TEST_F(FilesTest, ALockIsHeldOnce) {
  auto lock = files_->Lock(root_, "lock");
  ASSERT_TRUE(lock.ok());
  EXPECT_TRUE(Is(files_->Lock(root_, "lock").status(), kConflict));
  EXPECT_TRUE(Is(PosixFiles()->Lock(root_, "lock").status(), kConflict));
  lock->reset();
  EXPECT_TRUE(files_->Lock(root_, "lock").ok());
  // Its file may be removed while it is held: the next one is another.
  lock = files_->Lock(root_, "lock");
  ASSERT_TRUE(lock.ok());
  ASSERT_TRUE(files_->Remove(root_, "lock").ok());
  EXPECT_TRUE(files_->Lock(root_, "lock").ok());
}

}  // namespace
}  // namespace soteria::base
