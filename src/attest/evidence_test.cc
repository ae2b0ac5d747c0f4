#include "src/attest/evidence.h"

#include <gtest/gtest.h>

#include "src/attest/build.h"
#include "src/base/errors.h"
#include "src/base/fields.h"

namespace soteria::attest {
namespace {

std::string Fields(std::initializer_list<std::string_view> parts) {
  base::FieldWriter fields;
  for (const std::string_view part : parts) fields.Add(part);
  return fields.Take();
}

TEST(TeeKindTest, NamesGoBothWays) {
  for (const TeeKind kind : {TeeKind::kSimulated, TeeKind::kSgx, TeeKind::kTdx, TeeKind::kSnp}) {
    EXPECT_EQ(ParseTeeKind(TeeKindName(kind)).value(), kind);
  }
  for (const char* name : {"", "SGX", "sgx ", "sev", "none"}) {
    EXPECT_TRUE(base::Is(ParseTeeKind(name).status(), base::kEvidence)) << name;
  }
}

TEST(EvidenceTest, EncodingGoesBothWays) {
  for (const TeeKind kind : {TeeKind::kSimulated, TeeKind::kSgx, TeeKind::kTdx, TeeKind::kSnp}) {
    const auto parsed = ParseEvidence(EncodeEvidence({kind, std::string("q\0uote", 6)}));
    ASSERT_TRUE(parsed.ok()) << base::Message(parsed.status());
    EXPECT_EQ(parsed->kind, kind);
    EXPECT_EQ(parsed->quote, std::string("q\0uote", 6));
  }
}

TEST(EvidenceTest, BytesAreTheDocumentedOnes) {
  const std::string bytes = EncodeEvidence({TeeKind::kSgx, "Q"});
  const std::string expected = std::string("\x12\0\0\0\0\0\0\0soteria/1 evidence", 26) +
                               std::string("\x03\0\0\0\0\0\0\0sgx", 11) +
                               std::string("\x01\0\0\0\0\0\0\0Q", 9);
  EXPECT_EQ(bytes, expected);
}

TEST(EvidenceTest, RefusesWhatEncodeCannotMake) {
  const std::string bad[] = {
      "",
      "garbage",
      Fields({"soteria/1 evidence"}),
      Fields({"soteria/1 evidence", "sgx"}),
      Fields({"soteria/1 evidence", "sgx", ""}),
      Fields({"soteria/2 evidence", "sgx", "q"}),
      Fields({"soteria/1 evidence", "SGX", "q"}),
      Fields({"soteria/1 evidence", "sgx", "q", ""}),
      Fields({"soteria/1 evidence", "sgx", "q"}) + "x",
      Fields({"soteria/1 evidence", "sgx", std::string(kEvidenceBytesMax, 'q')}),
  };
  for (const std::string& bytes : bad) {
    const auto parsed = ParseEvidence(bytes);
    ASSERT_FALSE(parsed.ok()) << bytes.size();
    EXPECT_TRUE(base::Is(parsed.status(), base::kEvidence)) << base::Message(parsed.status());
  }
}

TEST(EvidenceTest, EveryPrefixIsRefused) {
  const std::string whole = EncodeEvidence({TeeKind::kTdx, "quote"});
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(ParseEvidence(whole.substr(0, size)).ok()) << size;
  }
}

TEST(VerifyTest, KindsWithoutABackendAreRefusedByName) {
  for (const TeeKind kind : {TeeKind::kSgx, TeeKind::kTdx, TeeKind::kSnp}) {
    const auto claims = Verify({kind, "quote"}, {}, 0);
    ASSERT_FALSE(claims.ok());
    EXPECT_TRUE(base::Is(claims.status(), base::kEvidence));
    EXPECT_NE(base::Message(claims.status())
                  .find("no verifier for TEE kind " + std::string(TeeKindName(kind))),
              std::string::npos);
  }
}

TEST(VerifyTest, SimulatedEvidenceNeedsASimulatedBuild) {
  const auto claims = Verify({TeeKind::kSimulated, "quote"}, {}, 0);
  ASSERT_FALSE(claims.ok());
  EXPECT_TRUE(base::Is(claims.status(), base::kEvidence));
  const bool names_the_build =
      base::Message(claims.status()).find("SOTERIA_SIMULATED is off") != std::string::npos;
  EXPECT_EQ(names_the_build, !kSimulatedBuild);
}

}  // namespace
}  // namespace soteria::attest
