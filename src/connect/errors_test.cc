#include "src/connect/errors.h"

#include <grpcpp/support/status.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "src/base/errors.h"
#include "src/connect/unsupported.h"

namespace soteria::connect {
namespace {

google::rpc::ErrorInfo InfoOf(const grpc::Status& status) {
  google::rpc::Status rpc;
  EXPECT_TRUE(rpc.ParseFromString(status.error_details()));
  google::rpc::ErrorInfo info;
  EXPECT_EQ(rpc.details_size(), 1);
  EXPECT_TRUE(rpc.details(0).UnpackTo(&info));
  EXPECT_EQ(rpc.code(), 13);
  EXPECT_EQ(rpc.message(), status.error_message());
  return info;
}

TEST(Errors, SparksShape) {
  const grpc::Status status = ToGrpc(base::Fail(base::kUnresolvedColumn, "no column x."));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(status.error_message(),
            "[UNRESOLVED_COLUMN.WITH_SUGGESTION] no column x. SQLSTATE: 42703");
  const auto info = InfoOf(status);
  EXPECT_EQ(info.reason(), "org.apache.spark.sql.AnalysisException");
  EXPECT_EQ(info.domain(), "org.apache.spark");
  EXPECT_EQ(info.metadata().at("errorClass"), "UNRESOLVED_COLUMN.WITH_SUGGESTION");
  EXPECT_EQ(info.metadata().at("sqlState"), "42703");
  EXPECT_EQ(info.metadata().at("messageParameters"), "{}");
  const auto classes = nlohmann::json::parse(info.metadata().at("classes"));
  EXPECT_EQ(classes[0], "org.apache.spark.sql.AnalysisException");
  EXPECT_EQ(info.metadata().count("errorId"), 0U);
}

TEST(Errors, ParseErrorsAreAnalysisErrors) {
  const auto info = InfoOf(ToGrpc(base::Fail(base::kParse, "x")));
  const auto classes = nlohmann::json::parse(info.metadata().at("classes"));
  EXPECT_EQ(classes[0], "org.apache.spark.sql.catalyst.parser.ParseException");
  EXPECT_EQ(classes[1], "org.apache.spark.sql.AnalysisException");
}

TEST(Errors, LegacyErrorsHaveNoClass) {
  const grpc::Status status = ToGrpc(base::Fail(base::kAnalysis, "plain text"));
  EXPECT_EQ(status.error_message(), "plain text");
  EXPECT_EQ(InfoOf(status).metadata().count("errorClass"), 0U);
}

TEST(Errors, StatusesOfOthersAreInternal) {
  const grpc::Status status = ToGrpc(absl::UnavailableError("gone"));
  // UNAVAILABLE would make the client try again.
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(InfoOf(status).reason(), "org.apache.spark.SparkException");
}

TEST(Errors, TokensHaveTheirOwnCode) {
  EXPECT_EQ(ToGrpc(base::Fail(base::kUnauthenticated, "x")).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_TRUE(ToGrpc(base::OkStatus()).ok());
}

TEST(Errors, LongTextsAreCutAtCharacters) {
  std::string text;
  while (text.size() < kErrorMessageBytesMax + 100) text += "\xc3\xa9";  // two bytes each
  const std::string message = SparkMessage(base::Fail(base::kAnalysis, "x" + text));
  EXPECT_LE(message.size(), kErrorMessageBytesMax + 3);
  EXPECT_EQ(message.substr(message.size() - 3), "...");
  EXPECT_NE(static_cast<unsigned char>(message[message.size() - 4]), 0xc3U);
  // Bytes that are not UTF-8 must not break the details' JSON either.
  EXPECT_EQ(ToGrpc(base::Fail(base::kAnalysis, "a\xff\xc3\xa9\xed\xa0\x80z")).error_message(),
            "a?\xc3\xa9???z");
}

TEST(Errors, RefusalsNameTheNode) {
  EXPECT_EQ(base::ExceptionName(RefusePython("f")), "java.lang.UnsupportedOperationException");
  EXPECT_NE(base::Message(RefusePython("f")).find("Python functions can't run in an enclave"),
            std::string::npos);
}

}  // namespace
}  // namespace soteria::connect
