#include "src/base/status.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"

namespace soteria::base {
namespace {

TEST(Status, FailCarriesItsCondition) {
  const Status status = Fail(kDivideByZero, "Division by zero");
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(ConditionName(status), "DIVIDE_BY_ZERO");
  EXPECT_EQ(ExceptionName(status), "java.lang.ArithmeticException");
  EXPECT_EQ(SqlState(status), "22012");
  EXPECT_EQ(Message(status), "Division by zero");
  EXPECT_FALSE(QuotesData(status));
  EXPECT_TRUE(Is(status, kDivideByZero));
  EXPECT_FALSE(Is(status, kOverflow));
}

TEST(Status, OkHasNoCondition) {
  EXPECT_EQ(ConditionName(OkStatus()), "");
  EXPECT_EQ(ExceptionName(OkStatus()), "");
  EXPECT_EQ(SqlState(OkStatus()), "");
  EXPECT_EQ(Message(OkStatus()), "");
  EXPECT_FALSE(QuotesData(OkStatus()));
  EXPECT_FALSE(Is(OkStatus(), kInternal));
}

// I1: what nobody of ours made may quote anything.
TEST(Status, ForeignStatusIsInternalAndQuotesData) {
  const Status status = absl::InvalidArgumentError("row 17 is 'Alice'");
  EXPECT_TRUE(Is(status, kInternal));
  EXPECT_TRUE(QuotesData(status));
}

TEST(Status, DamagedPayloadCountsAsForeign) {
  Status status = absl::InvalidArgumentError("x");
  status.SetPayload("soteria.condition", absl::Cord("not fields"));
  EXPECT_TRUE(Is(status, kInternal));
  EXPECT_TRUE(QuotesData(status));
}

TEST(Status, WithContextKeepsConditionAndMark) {
  const Status status =
      WithContext(FailQuotingData(kCastInvalid, "The value 'a' is no number"), "partition 3");
  EXPECT_EQ(Message(status), "partition 3: The value 'a' is no number");
  EXPECT_TRUE(Is(status, kCastInvalid));
  EXPECT_TRUE(QuotesData(status));
  EXPECT_EQ(status.code(), kCastInvalid.code);
  EXPECT_TRUE(WithContext(OkStatus(), "x").ok());
}

TEST(Status, EncodingGivesTheSameStatusBack) {
  const std::vector<Status> all = {OkStatus(), Fail(kIntegrity, ""), Fail(kPathNotFound, "Path"),
                                   FailQuotingData(kInput, "line 3: 'x'"),
                                   absl::AbortedError("foreign")};
  for (const Status& status : all) {
    Status decoded = Fail(kIo, "before");
    ASSERT_TRUE(DecodeStatus(EncodeStatus(status), &decoded).ok());
    EXPECT_EQ(decoded.code(), status.code());
    EXPECT_EQ(Message(decoded), Message(status));
    EXPECT_EQ(ConditionName(decoded), ConditionName(status));
    EXPECT_EQ(ExceptionName(decoded), ExceptionName(status));
    EXPECT_EQ(SqlState(decoded), SqlState(status));
    EXPECT_EQ(QuotesData(decoded), QuotesData(status));
    EXPECT_EQ(EncodeStatus(decoded), EncodeStatus(status));
  }
}

TEST(Status, EncodingCutsLongTextsBetweenCharacters) {
  std::string text(kStatusTextBytesMax - 1, 'a');
  text += "\xC3\xA9tail";  // a two-byte character across the limit
  Status decoded;
  ASSERT_TRUE(DecodeStatus(EncodeStatus(Fail(kInput, text)), &decoded).ok());
  EXPECT_EQ(Message(decoded), std::string(kStatusTextBytesMax - 1, 'a'));
}

std::string Encoded(uint64_t code, std::string_view name, uint64_t mark, std::string_view text) {
  FieldWriter fields;
  fields.AddU64(code).Add(name).Add("e").Add("22012").AddU64(mark).Add(text);
  return fields.Take();
}

TEST(Status, DecodingRefusesWhatIsNotAStatus) {
  Status out;
  EXPECT_TRUE(DecodeStatus(Encoded(3, "N", 0, "t"), &out).ok());
  const std::vector<std::string> refused = {
      "",
      "x",
      Encoded(17, "N", 0, "t"),
      Encoded(uint64_t{1} << 40, "N", 0, "t"),
      Encoded(3, std::string(kStatusNameBytesMax + 1, 'N'), 0, "t"),
      Encoded(3, "N", 2, "t"),
      Encoded(3, "N", 0, std::string(kStatusTextBytesMax + 1, 't')),
      Encoded(3, "N", 0, "t") + "x",
      Encoded(0, "N", 0, ""),   // OK with a condition
      Encoded(0, "", 0, "t")};  // OK with a text
  for (const std::string& bytes : refused) {
    EXPECT_TRUE(Is(DecodeStatus(bytes, &out), kProtocol)) << Cat(bytes.size(), " bytes");
  }
}

TEST(Status, DecodingRefusesEveryTruncation) {
  const std::string bytes = EncodeStatus(FailQuotingData(kInput, "text"));
  for (size_t size = 0; size < bytes.size(); ++size) {
    Status out;
    EXPECT_TRUE(Is(DecodeStatus(bytes.substr(0, size), &out), kProtocol)) << size;
  }
}

StatusOr<int> Half(int value) {
  if (value % 2 != 0) return Fail(kIllegalArgument, "odd");
  return value / 2;
}

StatusOr<int> Quarter(int value) {
  SOTERIA_ASSIGN_OR_RETURN(const int half, Half(value));
  SOTERIA_RETURN_IF_ERROR(Half(half));  // StatusOr as well as Status
  return half / 2;
}

TEST(Status, MacrosReturnTheFirstFailure) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_TRUE(Is(Quarter(7).status(), kIllegalArgument));
  EXPECT_TRUE(Is(Quarter(6).status(), kIllegalArgument));
}

TEST(Status, EveryConditionNameFitsTheLimit) {
  for (const Condition& condition : {kUnresolvedColumn, kWrongNumArgs, kMlAttribute}) {
    EXPECT_LE(std::string(condition.name).size(), kStatusNameBytesMax);
    EXPECT_LE(std::string(condition.exception).size(), kStatusNameBytesMax);
  }
}

}  // namespace
}  // namespace soteria::base
