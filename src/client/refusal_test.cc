#include "src/client/refusal.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "soteria/rpc_error.pb.h"
#include "src/base/bytes.h"
#include "src/base/env_for_test.h"
#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::client {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

std::string Frame(int type, int flags, uint32_t stream, std::string_view payload) {
  std::string out;
  for (const size_t shift : {16U, 8U, 0U}) out += static_cast<char>(payload.size() >> shift);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  for (const size_t shift : {24U, 16U, 8U, 0U}) out += static_cast<char>(stream >> shift);
  return out + std::string(payload);
}

struct Got {
  int type = 0;
  int flags = 0;
  int stream = 0;
  std::string payload;
};

std::vector<Got> Frames(std::string_view bytes) {
  std::vector<Got> out;
  const auto at = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  while (bytes.size() >= 9) {
    const size_t size = (size_t{at(0)} << 16) | (size_t{at(1)} << 8) | at(2);
    EXPECT_GE(bytes.size(), 9 + size);
    out.push_back({at(3), at(4), (at(7) << 8) | at(8), std::string(bytes.substr(9, size))});
    bytes.remove_prefix(9 + size);
  }
  EXPECT_EQ(bytes, "");
  return out;
}

std::vector<Got> AnswersTo(Refusal& refusal, std::string_view bytes) {
  const auto answer = refusal.Answer(bytes);
  EXPECT_TRUE(answer.ok()) << base::Message(answer.status());
  return answer.ok() ? Frames(*answer) : std::vector<Got>();
}

// The value of a header in a block whose literals are all of the plainest kind.
std::string Header(std::string_view block, std::string_view name) {
  const size_t found = block.find(name);
  if (found == std::string_view::npos) return "none";
  size_t at = found + name.size();
  const auto byte = [&] { return static_cast<unsigned char>(block[at++]); };
  size_t size = byte();
  if (size == 127) {
    for (size_t shift = 0;; shift += 7) {
      const size_t more = byte();
      size += (more & 127) << shift;
      if (more < 128) break;
    }
  }
  return std::string(block.substr(at, size));
}

base::Status Lost(std::string text) { return base::Fail(base::kMasterLost, std::move(text)); }

class RefusalTest : public ::testing::Test {
 protected:
  RefusalTest() : refusal_(Lost("the host is gone")) {
    EXPECT_TRUE(AnswersTo(refusal_, kPreface).empty());
  }
  Refusal refusal_;
};

TEST_F(RefusalTest, BeginsWithSettings) {
  const auto frames = Frames(refusal_.Greeting());
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].type, 4);
  EXPECT_EQ(frames[0].flags, 0);
}

TEST_F(RefusalTest, AcknowledgesSettingsAndPingsOnce) {
  auto frames = AnswersTo(refusal_, Frame(4, 0, 0, std::string(12, 's')) + Frame(4, 1, 0, "") +
                                        Frame(6, 0, 0, "12345678") + Frame(6, 1, 0, "87654321") +
                                        Frame(6, 0, 0, "abcdefgh"));
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(std::pair(frames[0].type, frames[0].flags), std::pair(4, 1));
  EXPECT_EQ(std::pair(frames[1].type, frames[1].flags), std::pair(6, 1));
  EXPECT_EQ(frames[1].payload, "12345678");
  EXPECT_EQ(frames[2].payload, "abcdefgh");
}

TEST_F(RefusalTest, AnswersACallInSparksShape) {
  const auto frames = AnswersTo(refusal_, Frame(1, 4, 1, "anything"));
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[0].type, 1);
  EXPECT_EQ(frames[0].flags, 5);  // the headers and the stream end
  EXPECT_EQ(frames[0].stream, 1);
  const std::string& block = frames[0].payload;
  EXPECT_EQ(block[0], '\x88');
  EXPECT_EQ(Header(block, "content-type"), "application/grpc");
  EXPECT_EQ(Header(block, "grpc-status"), "13");
  EXPECT_EQ(Header(block, "grpc-message"), "[SOTERIA.MASTER_LOST] the host is gone");
  rpc_error::Status status;
  ASSERT_TRUE(status.ParseFromString(*base::FromBase64(Header(block, "grpc-status-details-bin"))));
  EXPECT_EQ(status.code(), 13);
  EXPECT_EQ(status.message(), "[SOTERIA.MASTER_LOST] the host is gone");
  ASSERT_EQ(status.details_size(), 1);
  EXPECT_EQ(status.details(0).type_url(), "type.googleapis.com/google.rpc.ErrorInfo");
  rpc_error::ErrorInfo info;
  ASSERT_TRUE(info.ParseFromString(status.details(0).value()));
  EXPECT_EQ(info.domain(), "org.apache.spark");
  EXPECT_EQ(info.reason(), "org.apache.spark.SparkException");
  std::map<std::string, std::string> metadata;
  for (const auto& entry : info.metadata()) metadata[entry.key()] = entry.value();
  EXPECT_EQ(metadata["errorClass"], "SOTERIA.MASTER_LOST");
  EXPECT_EQ(metadata["messageParameters"], "{}");
  EXPECT_TRUE(metadata["classes"].starts_with("[\"org.apache.spark.SparkException\","));
  EXPECT_EQ(frames[1].type, 3);  // and the client stops sending
  EXPECT_EQ(frames[1].payload, std::string(4, '\0'));
}

TEST_F(RefusalTest, WhateverTheTextTheAnswerIsPrintableAndFits) {
  const std::string text = "100 % of \"\xc3\xa9\xff\n\x01" + std::string(100'000, '%');
  Refusal refusal(Lost(text));
  AnswersTo(refusal, kPreface);
  const auto frames = AnswersTo(refusal, Frame(1, 4, 1, ""));
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_LE(frames[0].payload.size(), 16'384U);
  const std::string message = Header(frames[0].payload, "grpc-message");
  EXPECT_TRUE(message.starts_with("[SOTERIA.MASTER_LOST] 100 %25 of \"??? ?%25")) << message;
  EXPECT_TRUE(message.ends_with("%25..."));
}

TEST_F(RefusalTest, HeadersMayGoOnInContinuations) {
  EXPECT_TRUE(AnswersTo(refusal_, Frame(1, 0, 1, "part")).empty());
  EXPECT_TRUE(AnswersTo(refusal_, Frame(9, 0, 1, "part")).empty());
  EXPECT_EQ(AnswersTo(refusal_, Frame(9, 4, 1, "")).size(), 2U);
  EXPECT_EQ(AnswersTo(refusal_, Frame(1, 4, 3, "")).size(), 2U);
}

TEST_F(RefusalTest, DataIsSkippedAndTheWindowKeptOpen) {
  const auto frames = AnswersTo(
      refusal_, Frame(1, 4, 1, "") + Frame(0, 0, 1, std::string(300, 'd')) + Frame(0, 1, 1, ""));
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(frames[2].type, 8);
  EXPECT_EQ(frames[2].stream, 0);
  EXPECT_EQ(frames[2].payload, std::string("\0\0\x01\x2c", 4));
}

TEST_F(RefusalTest, TheCutsOfTheStreamDoNotMatter) {
  const std::string bytes = Frame(4, 0, 0, std::string(6, 's')) + Frame(1, 0, 1, "abc") +
                            Frame(9, 4, 1, "def") + Frame(0, 1, 1, "body") +
                            Frame(6, 0, 0, "12345678") + Frame(8, 0, 0, "wind") +
                            Frame(200, 7, 5, "unknown") + Frame(1, 5, 3, "");
  const std::string whole = *refusal_.Answer(bytes);
  Refusal other(Lost("the host is gone"));
  std::string pieces;
  for (const char c : std::string(kPreface) + bytes) pieces += *other.Answer({&c, 1});
  EXPECT_EQ(pieces, whole);
}

TEST(Refusal, WhatBreaksTheFramingEndsTheConnection) {
  const std::pair<const char*, std::string> cases[] = {
      {"another frame inside a header block", Frame(1, 0, 1, "") + Frame(6, 0, 0, "12345678")},
      {"a continuation of another stream", Frame(1, 0, 1, "") + Frame(9, 4, 3, "")},
      {"a continuation of nothing", Frame(9, 4, 1, "")},
      {"a continuation after the end", Frame(1, 4, 1, "") + Frame(9, 4, 1, "")},
      {"a stream of the server's", Frame(1, 4, 2, "")},
      {"stream 0", Frame(1, 4, 0, "")},
      {"a stream that was", Frame(1, 4, 3, "") + Frame(1, 4, 1, "")},
      {"the same stream again", Frame(1, 4, 1, "") + Frame(1, 4, 1, "")},
      {"a short ping", Frame(6, 0, 0, "1234567")},
      {"a long ping", Frame(6, 0, 0, "123456789")},
      {"a promise", Frame(5, 4, 1, "1234")},
      {"a frame over 16 KiB", Frame(0, 0, 1, std::string(16'385, 'x'))},
  };
  for (const auto& [what, bytes] : cases) {
    Refusal refusal(Lost("x"));
    EXPECT_TRUE(base::Is(refusal.Answer(std::string(kPreface) + bytes).status(), base::kProtocol))
        << what;
  }
  for (const std::string_view first : {"GET / HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\rx"}) {
    Refusal refusal(Lost("x"));
    EXPECT_TRUE(base::Is(refusal.Answer(first).status(), base::kProtocol)) << first;
  }
}

// Anybody on this machine may send anything.
TEST(Refusal, DamagedBytesNeverDoMoreThanEndTheConnection) {
  base::RandomForTest random(1);
  const std::string good = std::string(kPreface) + Frame(4, 0, 0, std::string(6, 's')) +
                           Frame(1, 4, 1, "call") + Frame(0, 1, 1, "body") +
                           Frame(6, 0, 0, "12345678") + Frame(1, 4, 3, "call");
  uint8_t draw[4];
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = good;
    ASSERT_TRUE(random.Fill(draw).ok());
    bytes[(size_t{draw[0]} << 8 | draw[1]) % bytes.size()] = static_cast<char>(draw[2]);
    Refusal refusal(Lost("x"));
    const size_t cut = draw[3] % bytes.size();
    auto answer = refusal.Answer(std::string_view(bytes).substr(0, cut));
    if (answer.ok()) answer = refusal.Answer(std::string_view(bytes).substr(cut));
    EXPECT_TRUE(answer.ok() || base::Is(answer.status(), base::kProtocol));
    EXPECT_LT(answer.ok() ? answer->size() : 0, 20'000U);
  }
}

}  // namespace
}  // namespace soteria::client
