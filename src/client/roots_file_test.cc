#include "src/client/roots_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/client/owner_for_test.h"

namespace soteria::client {
namespace {

constexpr char kPem[] = "-----BEGIN CERTIFICATE-----\nsession\n-----END CERTIFICATE-----\n";

mode_t ModeOf(const std::string& path) {
  struct stat found {};
  EXPECT_EQ(::lstat(path.c_str(), &found), 0);
  return found.st_mode & 07777;
}

// The number of a process that has ended.
pid_t DeadProcess() {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  ::waitpid(pid, nullptr, 0);
  return pid;
}

class RootsFileTest : public ::testing::Test {
 protected:
  auto Write(const std::string& theirs, std::vector<std::string> system = {}) {
    return RootsFile::Write(test_.owner(), kPem, theirs, system);
  }
  std::string InHome(const std::string& path) const {
    EXPECT_TRUE(path.starts_with(test_.At("home/endpoint/"))) << path;
    return path.substr(test_.At("").size());
  }
  OwnerForTest test_;
};

TEST_F(RootsFileTest, HoldsTheCertificateFirstAndIsPrivate) {
  auto file = Write("");
  ASSERT_TRUE(file.ok()) << base::Message(file.status());
  EXPECT_EQ(test_.Bytes(InHome((*file)->path())), kPem);
  EXPECT_FALSE((*file)->has_others());
  EXPECT_EQ(ModeOf((*file)->path()), 0600U);
  EXPECT_EQ(ModeOf(test_.At("home/endpoint")), 0700U);
  const std::string path = (*file)->path();
  file->reset();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(RootsFileTest, TheSystemsRootsFollowUnlessTheOwnerNamesOthers) {
  test_.Write("system.pem", "SYSTEM\n");
  test_.Write("mine.pem", "MINE\n");
  std::filesystem::create_symlink(test_.At("system.pem"), test_.At("link.pem"));
  auto file = Write("", {test_.At("none.pem"), test_.At("link.pem"), test_.At("mine.pem")});
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(test_.Bytes(InHome((*file)->path())), base::Cat(kPem, "SYSTEM\n"));
  EXPECT_TRUE((*file)->has_others());
  file = Write(test_.At("mine.pem"), {test_.At("system.pem")});
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(test_.Bytes(InHome((*file)->path())), base::Cat(kPem, "MINE\n"));
}

// With others than the owner named, the script would trust what he didn't mean it to, or nobody.
TEST_F(RootsFileTest, RootsThatTheOwnerNamesMustBeThere) {
  test_.Write("system.pem", "SYSTEM\n");
  const auto file = Write(test_.At("none.pem"), {test_.At("system.pem")});
  EXPECT_TRUE(base::Is(file.status(), base::kInput)) << base::Message(file.status());
  EXPECT_NE(base::Message(file.status()).find(kRootsVariable), std::string::npos);
}

TEST_F(RootsFileTest, FilesOfDeadProcessesGoAndThoseOfLivingOnesStay) {
  auto mine = *Write("");
  const std::string dead = base::Cat("home/endpoint/", DeadProcess(), "-0011223344556677.pem");
  const std::string foreign = "home/endpoint/notes.txt";
  test_.Write(dead, "x");
  test_.Write(foreign, "x");
  auto next = *Write("");
  EXPECT_NE(next->path(), mine->path());
  EXPECT_TRUE(std::filesystem::exists(mine->path()));
  EXPECT_TRUE(std::filesystem::exists(next->path()));
  EXPECT_FALSE(std::filesystem::exists(test_.At(dead)));
  EXPECT_TRUE(std::filesystem::exists(test_.At(foreign)));
}

TEST_F(RootsFileTest, AFolderThatOthersCanEnterIsRefused) {
  Write("")->reset();
  std::filesystem::permissions(test_.At("home/endpoint"), std::filesystem::perms(0777));
  EXPECT_TRUE(base::Is(Write("").status(), base::kInput));
  std::filesystem::remove(test_.At("home/endpoint"));
  std::filesystem::create_directory_symlink(test_.At(""), test_.At("home/endpoint"));
  EXPECT_TRUE(base::Is(Write("").status(), base::kInput));
}

}  // namespace
}  // namespace soteria::client
