#include "src/apps/worker/spill_folder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "src/base/env_for_test.h"
#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::apps {
namespace {

namespace fs = std::filesystem;

class SpillFolderTest : public ::testing::Test {
 protected:
  SpillFolderTest() { fs::remove_all(parent_); }
  ~SpillFolderTest() override { fs::remove_all(parent_); }
  std::unique_ptr<SpillFolder> Make() {
    auto made = SpillFolder::Make(*files_, random_, parent_);
    EXPECT_TRUE(made.ok()) << base::Message(made.status());
    return made.ok() ? *std::move(made) : nullptr;
  }
  static void Fill(const std::string& folder) {
    std::ofstream(folder + "/block-0.sealed") << "sealed";
  }

  const std::string parent_ = base::Cat(::testing::TempDir(), "spill-folder-", getpid());
  std::unique_ptr<base::Files> files_ = base::PosixFiles();
  base::RandomForTest random_{1};
};

TEST_F(SpillFolderTest, IsPrivateAndGoesWithItsWorker) {
  std::string path;
  {
    const auto folder = Make();
    path = folder->path();
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_all);
    Fill(path);
  }
  EXPECT_FALSE(fs::exists(path));
  EXPECT_TRUE(fs::exists(parent_));
}

TEST_F(SpillFolderTest, FoldersOfKilledWorkersGoAndThoseOfLivingOnesStay) {
  const auto living = Make();
  Fill(living->path());
  const std::string killed = base::Cat(parent_, "/soteria-spill-of-a-killed-one");
  fs::create_directories(killed);
  Fill(killed);
  const std::string other = base::Cat(parent_, "/somebody-elses");
  fs::create_directories(other);
  const std::string target = base::Cat(parent_, "/target");
  fs::create_directories(target);
  fs::create_directory_symlink(target, base::Cat(parent_, "/soteria-spill-link"));
  const auto next = Make();
  EXPECT_NE(next->path(), living->path());
  EXPECT_TRUE(fs::exists(living->path() + "/block-0.sealed"));
  EXPECT_FALSE(fs::exists(killed));
  EXPECT_TRUE(fs::exists(other));
  EXPECT_TRUE(fs::exists(target));
}

TEST_F(SpillFolderTest, AParentThatIsNoFolderIsSaid) {
  std::ofstream(parent_) << "a file";
  EXPECT_FALSE(SpillFolder::Make(*files_, random_, parent_).ok());
  EXPECT_TRUE(
      base::Is(SpillFolder::Make(*files_, random_, "relative").status(), base::kIllegalArgument));
}

}  // namespace
}  // namespace soteria::apps
