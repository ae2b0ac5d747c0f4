#include "host/local/cells.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

namespace soteria::host {
namespace {

namespace fs = std::filesystem;

class CellsTest : public testing::Test {
 protected:
  void SetUp() override { fs::remove_all(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  const std::string folder_ = testing::TempDir() + "/soteria-cells";
  std::shared_ptr<CellFile> file_;
};

TEST_F(CellsTest, BeyondTheLimitTheyAreInAFileWithoutAName) {
  CellStore store(folder_, 8);
  const Cell first = store.Keep("in here", file_);
  EXPECT_EQ(file_, nullptr);
  const Cell second = store.Keep("out there", file_);
  const Cell third = store.Keep(std::string(100'000, 'x'), file_);
  ASSERT_NE(file_, nullptr);
  EXPECT_TRUE(fs::is_empty(folder_));
  EXPECT_EQ(*first.Read(), "in here");
  EXPECT_EQ(*second.Read(), "out there");
  EXPECT_EQ(*third.Read(), std::string(100'000, 'x'));
  EXPECT_EQ(second.size(), 9U);
}

TEST_F(CellsTest, WhatIsLetGoOfMakesRoom) {
  CellStore store(folder_, 8);
  { const Cell gone = store.Keep("12345678", file_); }
  const Cell next = store.Keep("87654321", file_);
  EXPECT_EQ(file_, nullptr);
  const Cell more = store.Keep("", file_);  // takes nothing
  EXPECT_EQ(file_, nullptr);
  EXPECT_EQ(*more.Read(), "");
}

TEST_F(CellsTest, WhatIsInAFileOutlivesItsShuffle) {
  CellStore store(folder_, 0);
  const Cell cell = store.Keep("still read", file_);
  file_.reset();
  EXPECT_EQ(*cell.Read(), "still read");
}

TEST_F(CellsTest, WithoutAFolderTheyStayInMemory) {
  CellStore nowhere("", 0);
  EXPECT_EQ(*nowhere.Keep("here", file_).Read(), "here");
  CellStore missing("/proc/nothing/can/be/made/here", 0);
  EXPECT_EQ(*missing.Keep("here", file_).Read(), "here");
  EXPECT_EQ(file_, nullptr);
}

TEST_F(CellsTest, WhatCanNotBeReadIsEmpty) {
  CellStore store(folder_, 0);
  const Cell cell = store.Keep("bytes", file_);
  const Cell beyond(file_, 1, 5);  // as of a file that was cut
  EXPECT_EQ(*beyond.Read(), "");
  EXPECT_EQ(*cell.Read(), "bytes");
}

}  // namespace
}  // namespace soteria::host
