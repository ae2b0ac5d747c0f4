// Questions kept for auditors: by their hash, for one user, within limits.
#include "host/statd/keeper.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "src/base/errors.h"

namespace soteria::statd {
namespace {

namespace fs = std::filesystem;

// FIPS 180-2, appendix B.1: SHA-256 of "abc".
constexpr char kAbc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad.question";

class KeeperTest : public testing::Test {
 protected:
  KeeperTest() {
    std::string pattern = (fs::temp_directory_path() / "keeper.XXXXXX").string();
    base_ = mkdtemp(pattern.data());
  }
  ~KeeperTest() override { fs::remove_all(base_); }

  std::string Folder() const { return (base_ / "a" / "kept").string(); }
  std::set<std::string> Names() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(Folder()))
      names.insert(entry.path().filename());
    return names;
  }

  fs::path base_;
  std::unique_ptr<base::Files> files_ = base::PosixFiles();
};

TEST_F(KeeperTest, OneFileForTheSameBytesNamedByTheirHash) {
  auto keeper = Keeper::At(*files_, Folder());
  ASSERT_TRUE(keeper.ok());
  keeper->Keep("abc");
  keeper->Keep("abc");
  EXPECT_EQ(Names(), std::set<std::string>{kAbc});
  std::ifstream in(fs::path(Folder()) / kAbc, std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "abc");
  struct stat found {};
  ASSERT_EQ(::stat(Folder().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0700U);
  ASSERT_EQ(::stat((Folder() + "/" + kAbc).c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
  // Another process, later.
  auto again = Keeper::At(*files_, Folder());
  ASSERT_TRUE(again.ok());
  again->Keep("abc");
  again->Keep("abd");
  EXPECT_EQ(Names().size(), 2U);
}

TEST_F(KeeperTest, KeepsNoMoreThanItsLimits) {
  auto few = Keeper::At(*files_, Folder(), {.files = 2, .bytes = 100});
  ASSERT_TRUE(few.ok());
  for (const char* question : {"a", "b", "c"}) few->Keep(question);
  EXPECT_EQ(Names().size(), 2U);
  auto small = Keeper::At(*files_, Folder(), {.files = 9, .bytes = 5});
  ASSERT_TRUE(small.ok());
  small->Keep("123456");
  EXPECT_EQ(Names().size(), 2U);
  small->Keep("12345");
  small->Keep("6");
  EXPECT_EQ(Names().size(), 3U);
}

TEST_F(KeeperTest, RefusesAFolderThatIsOpenToOthersOrNone) {
  fs::create_directories(Folder());
  ASSERT_EQ(::chmod(Folder().c_str(), 0755), 0);
  EXPECT_TRUE(base::Is(Keeper::At(*files_, Folder()).status(), base::kInput));
  ASSERT_EQ(::chmod(Folder().c_str(), 0700), 0);
  EXPECT_TRUE(Keeper::At(*files_, Folder()).ok());
  std::ofstream(base_ / "file") << "x";
  EXPECT_TRUE(base::Is(Keeper::At(*files_, (base_ / "file").string()).status(), base::kInput));
  EXPECT_TRUE(base::Is(Keeper::At(*files_, "kept").status(), base::kInput));
}

}  // namespace
}  // namespace soteria::statd
