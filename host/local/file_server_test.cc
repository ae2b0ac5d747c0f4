#include "host/local/file_server.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "soteria/host.pb.h"

namespace soteria::host {
namespace {

class FileServerTest : public testing::Test {
 protected:
  FileServerTest() {
    directory_ = testing::TempDir() + "/file_server_test_" + std::to_string(getpid());
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
  }
  ~FileServerTest() override { std::filesystem::remove_all(directory_); }

  FileReply Ask(FileVerb verb, const std::string& path, const std::string& bytes = "") {
    FileRequest request;
    request.set_request(++asked_);
    request.set_verb(verb);
    request.set_path(path);
    request.set_bytes(bytes);
    request.set_to(bytes);
    request.set_length(100);
    FileReply reply;
    EXPECT_TRUE(reply.ParseFromString(server_->Answer(request.SerializeAsString())));
    EXPECT_EQ(reply.request(), asked_);
    return reply;
  }

  std::string directory_;
  std::unique_ptr<base::Files> files_ = base::PosixFiles();
  std::unique_ptr<FileServer> server_ =
      std::make_unique<FileServer>(*files_, ServedScheme{"mem", "/nowhere"});
  uint64_t asked_ = 0;
};

TEST_F(FileServerTest, WithoutASchemeNothingIsServed) {
  server_ = std::make_unique<FileServer>(*files_, ServedScheme{});
  for (const char* path : {"hdfs://n/a", "mem://a", "/etc/hostname", "://etc", ""}) {
    EXPECT_EQ(Ask(FILE_SIZE, path).outcome(), FILE_UNSUPPORTED) << path;
    EXPECT_EQ(Ask(FILE_CREATE, path).outcome(), FILE_UNSUPPORTED) << path;
  }
}

TEST_F(FileServerTest, KeepsTheFilesOfItsScheme) {
  server_ = std::make_unique<FileServer>(*files_, ServedScheme{"mem", directory_});
  EXPECT_EQ(Ask(FILE_SIZE, "mem://box/a").outcome(), FILE_NOT_FOUND);
  EXPECT_EQ(Ask(FILE_APPEND, "mem://box/a", "x").outcome(), FILE_NOT_FOUND);
  EXPECT_EQ(Ask(FILE_CREATE, "mem://box/a").outcome(), FILE_OK);
  EXPECT_EQ(Ask(FILE_CREATE, "mem://box/a").outcome(), FILE_EXISTS);
  EXPECT_EQ(Ask(FILE_APPEND, "mem://box/a", "one").outcome(), FILE_OK);
  EXPECT_EQ(Ask(FILE_APPEND, "mem://box/a", "two").outcome(), FILE_OK);
  EXPECT_EQ(Ask(FILE_CLOSE, "mem://box/a").outcome(), FILE_OK);
  EXPECT_EQ(Ask(FILE_CLOSE, "mem://box/a").outcome(), FILE_NOT_FOUND);
  EXPECT_EQ(Ask(FILE_SIZE, "mem://box/a").size(), 6u);
  EXPECT_EQ(Ask(FILE_READ, "mem://box/a").bytes(), "onetwo");
  EXPECT_EQ(Ask(FILE_RENAME, "mem://box/a", "mem://box/b").outcome(), FILE_OK);
  EXPECT_EQ(Ask(FILE_READ, "mem://box/b").bytes(), "onetwo");
  EXPECT_EQ(Ask(FILE_REMOVE, "mem://box/b").outcome(), FILE_OK);
  EXPECT_EQ(Ask(FILE_READ, "mem://box/b").outcome(), FILE_NOT_FOUND);
  EXPECT_EQ(Ask(FILE_SIZE, "hdfs://box/b").outcome(), FILE_UNSUPPORTED);
  EXPECT_EQ(Ask(FILE_RENAME, "mem://box/a", "hdfs://b").outcome(), FILE_UNSUPPORTED);
}

TEST_F(FileServerTest, NothingOutsideItsFolderIsServed) {
  server_ = std::make_unique<FileServer>(*files_, ServedScheme{"mem", directory_});
  EXPECT_EQ(Ask(FILE_SIZE, "mem://../etc/hostname").outcome(), FILE_FAILED);
  EXPECT_EQ(Ask(FILE_NONE, "mem://a").outcome(), FILE_FAILED);
  FileReply reply;
  ASSERT_TRUE(reply.ParseFromString(server_->Answer("\x08")));
  EXPECT_EQ(reply.outcome(), FILE_FAILED);
}

TEST(ParseServedSchemeTest, TakesASchemeAndAFolder) {
  const auto parsed = ParseServedScheme("mem=/a=b");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->scheme, "mem");
  EXPECT_EQ(parsed->directory, "/a=b");
  for (const char* wrong : {"", "mem", "=/a", "mem="}) EXPECT_FALSE(ParseServedScheme(wrong).ok());
}

}  // namespace
}  // namespace soteria::host
