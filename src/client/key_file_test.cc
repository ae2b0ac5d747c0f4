#include "src/client/key_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "src/base/errors.h"
#include "src/client/owner_for_test.h"

namespace soteria::client {
namespace {

class KeyFileTest : public ::testing::Test {
 protected:
  base::StatusOr<crypto::Secret> Read(const std::string& name) {
    return ReadUserKey(test_.files(), test_.At(name));
  }
  OwnerForTest test_;
};

TEST_F(KeyFileTest, ReadsBackWhatItDrew) {
  base::RandomForTest random(1);
  ASSERT_TRUE(CreateUserKey(test_.files(), random, test_.At("k/user.key")).ok());
  base::RandomForTest same(1);
  auto expected = crypto::Secret::Random(same, kUserKeyBytes);
  auto key = Read("k/user.key");
  ASSERT_TRUE(key.ok()) << base::Message(key.status());
  EXPECT_EQ(key->Expose(), expected->Expose());
  struct stat info {};
  ASSERT_EQ(::stat(test_.At("k/user.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
}

TEST_F(KeyFileTest, NeverOverwrites) {
  std::string before = test_.Bytes("home/user.key");
  base::Status again = CreateUserKey(test_.files(), crypto::OsRandom(), test_.At("home/user.key"));
  EXPECT_TRUE(base::Is(again, base::kConflict));
  EXPECT_EQ(test_.Bytes("home/user.key"), before);
}

TEST_F(KeyFileTest, RefusesAFileOpenToOthers) {
  for (mode_t mode : {0640U, 0604U, 0620U, 0601U}) {
    ::chmod(test_.At("home/user.key").c_str(), mode);
    auto key = Read("home/user.key");
    EXPECT_TRUE(base::Is(key.status(), base::kKey)) << mode;
    EXPECT_NE(base::Message(key.status()).find("chmod 600"), std::string::npos);
  }
  ::chmod(test_.At("home/user.key").c_str(), 0400);
  EXPECT_TRUE(Read("home/user.key").ok());
}

TEST_F(KeyFileTest, RefusesLinksFoldersAndNothing) {
  std::filesystem::create_symlink(test_.At("home/user.key"), test_.At("home/link"));
  EXPECT_TRUE(base::Is(Read("home/link").status(), base::kKey));
  EXPECT_TRUE(base::Is(Read("home").status(), base::kKey));
  auto missing = Read("home/none");
  EXPECT_TRUE(base::Is(missing.status(), base::kKey));
  EXPECT_NE(base::Message(missing.status()).find("soteria keygen"), std::string::npos);
}

// With records that only the lost key opens, a new one is no help.
TEST_F(KeyFileTest, ALostKeyIsNotReplaced) {
  const std::string path = test_.At("home/user.key");
  EXPECT_TRUE(CheckKeyNotLost(test_.owner(), path).ok());
  EXPECT_TRUE(CheckKeyNotLost(test_.owner(), test_.At("home/none")).ok());  // no records yet
  test_.Write("home/versions", "records");
  EXPECT_TRUE(CheckKeyNotLost(test_.owner(), path).ok());
  std::filesystem::remove(path);
  const base::Status lost = CheckKeyNotLost(test_.owner(), path);
  EXPECT_TRUE(base::Is(lost, base::kKey));
  EXPECT_EQ(base::Message(lost).find("keygen"), std::string::npos) << lost;
  EXPECT_NE(base::Message(lost).find("copy"), std::string::npos) << lost;
  EXPECT_NE(base::Message(lost).find(test_.At("home")), std::string::npos) << lost;
}

TEST_F(KeyFileTest, RefusesAnythingButOneKey) {
  std::string good = test_.Bytes("home/user.key");
  std::vector<std::string> bad = {"",
                                  "soteria user key 1\n",
                                  good + "\n",
                                  good.substr(0, good.size() - 2) + "\n",
                                  "soteria user key 2\n" + good.substr(19),
                                  good.substr(0, good.size() - 2) + "G\n",
                                  good.substr(0, good.size() - 1) + "a"};
  for (const std::string& text : bad) {
    test_.Write("home/bad", text);
    ::chmod(test_.At("home/bad").c_str(), 0600);
    auto key = Read("home/bad");
    EXPECT_TRUE(base::Is(key.status(), base::kKey)) << text.size();
    // An error text never has the key in it.
    EXPECT_EQ(base::Message(key.status()).find(good.substr(19, 8)), std::string::npos);
  }
}

}  // namespace
}  // namespace soteria::client
