#include "src/connect/artifacts.h"

#include <arrow/buffer.h>
#include <gtest/gtest.h>

#include <string>

#include "spark/connect/base.pb.h"
#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/crypto/hash.h"

namespace soteria::connect {
namespace {

namespace sc = spark::connect;

std::string HashOf(const std::string& bytes) {
  return base::Hex(base::View(crypto::Sha256(bytes)));
}

sc::AddArtifactsRequest Whole(const std::string& name, const std::string& bytes) {
  sc::AddArtifactsRequest request;
  auto* artifact = request.mutable_batch()->add_artifacts();
  artifact->set_name(name);
  artifact->mutable_data()->set_data(bytes);
  return request;
}

sc::AddArtifactsRequest First(const std::string& hash, int64_t bytes, int64_t chunks,
                              const std::string& data) {
  sc::AddArtifactsRequest request;
  auto* begin = request.mutable_begin_chunk();
  begin->set_name(base::Cat("cache/", hash));
  begin->set_total_bytes(bytes);
  begin->set_num_chunks(chunks);
  begin->mutable_initial_chunk()->set_data(data);
  return request;
}

sc::AddArtifactsRequest Next(const std::string& data) {
  sc::AddArtifactsRequest request;
  request.mutable_chunk()->set_data(data);
  return request;
}

class ArtifactsTest : public testing::Test {
 protected:
  base::Status Add(const sc::AddArtifactsRequest& request) {
    return reader_.Add(request, &response_);
  }
  void Refused(const sc::AddArtifactsRequest& request, const base::Condition& condition) {
    ArtifactReader reader(artifacts_);
    const base::Status status = reader.Add(request, &response_);
    EXPECT_TRUE(base::Is(status, condition)) << status;
  }

  Artifacts artifacts_;
  ArtifactReader reader_{artifacts_};
  sc::AddArtifactsResponse response_;
};

TEST_F(ArtifactsTest, BlobsComeWholeAndInParts) {
  const std::string hash = HashOf("abc");
  ASSERT_TRUE(Add(Whole(base::Cat("cache/", hash), "abc")).ok());
  EXPECT_TRUE(artifacts_.Has(base::Cat("cache/", hash)));
  EXPECT_FALSE(artifacts_.Has(hash));
  EXPECT_EQ(artifacts_.Find(hash)->ToString(), "abc");

  const std::string other = HashOf("abcdef");
  ASSERT_TRUE(Add(First(other, 6, 3, "ab")).ok());
  ASSERT_TRUE(Add(Next("cd")).ok());
  EXPECT_FALSE(reader_.Finish().ok());
  EXPECT_EQ(artifacts_.Find(other), nullptr);
  ASSERT_TRUE(Add(Next("ef")).ok());
  EXPECT_TRUE(reader_.Finish().ok());
  EXPECT_EQ(artifacts_.Find(other)->ToString(), "abcdef");
  EXPECT_EQ(response_.artifacts_size(), 2);
  EXPECT_TRUE(response_.artifacts(1).is_crc_successful());
}

TEST_F(ArtifactsTest, OthersThanBlobsAreRefused) {
  for (const char* name : {"pyfiles/a.py", "jars/a.jar", "files/cache/x", "forward_to_fs/x", "",
                           "/cache/x", "classes/A.class"}) {
    Refused(Whole(name, "x"), base::kUnsupported);
  }
  for (const std::string& name : {std::string("cache/"), std::string("cache/../x"),
                                  "cache/" + HashOf("x") + "0", "cache/" + std::string(64, 'F')}) {
    Refused(Whole(name, "x"), base::kIllegalArgument);
  }
  Refused({}, base::kIllegalArgument);
}

TEST_F(ArtifactsTest, WhatIsNotAsAnnouncedIsRefused) {
  const std::string hash = HashOf("abc");
  Refused(Whole(base::Cat("cache/", hash), "abd"), base::kIllegalArgument);
  EXPECT_EQ(artifacts_.Find(hash), nullptr);
  Refused(Next("abc"), base::kIllegalArgument);
  Refused(First(hash, 2, 1, "abc"), base::kIllegalArgument);
  Refused(First(hash, 4, 1, "abc"), base::kIllegalArgument);
  Refused(First(hash, -1, 1, ""), base::kIllegalArgument);
  Refused(First(hash, 3, 0, "abc"), base::kIllegalArgument);
  ASSERT_TRUE(Add(First(hash, 3, 2, "ab")).ok());
  EXPECT_FALSE(Add(Whole(base::Cat("cache/", hash), "abc")).ok());
}

// Room counts from the announcement on, and comes back from what never came.
TEST_F(ArtifactsTest, ASessionHoldsOnlySoMuch) {
  const std::string hash = HashOf("abc");
  const auto most = static_cast<int64_t>(kArtifactBytesMax);
  Refused(First(hash, most + 1, 2, ""), base::kMemoryLimit);
  Refused(First(hash, INT64_MAX, 2, ""), base::kMemoryLimit);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(artifacts_.Admit(kArtifactBytesMax).ok());
    Refused(Whole(base::Cat("cache/", hash), "abc"), base::kMemoryLimit);
    artifacts_.Withdraw(kArtifactBytesMax);
  }
  ASSERT_TRUE(Add(Whole(base::Cat("cache/", hash), "abc")).ok());
  ASSERT_TRUE(Add(Whole(base::Cat("cache/", hash), "abc")).ok());  // the same counts once
  EXPECT_TRUE(base::Is(artifacts_.Admit(kArtifactBytesMax - 2), base::kMemoryLimit));
  EXPECT_TRUE(artifacts_.Admit(kArtifactBytesMax - 3).ok());
}

}  // namespace
}  // namespace soteria::connect
