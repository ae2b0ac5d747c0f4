// Evidence on any bytes: as it comes from a peer, and as the quote of a kind that has a verifier.
// No bytes are evidence of a key whose private half nobody here has.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "src/attest/evidence.h"
#include "src/base/bytes.h"
#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/base/fields.h"

namespace {

using namespace soteria;  // NOLINT: a program of its own

// The generator of P-256 as a public key (its private key is 1, which no input signs with by luck).
constexpr const char* kEndorsedKeyHex =
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

void CheckRefused(const attest::Evidence& evidence) {
  attest::Endorsements endorsements;
  endorsements.simulated_keys.push_back(base::FromHex(kEndorsedKeyHex).value());
  const auto claims = attest::Verify(evidence, endorsements, 0);
  CHECK(!claims.ok());
  CHECK(base::Is(claims.status(), base::kEvidence));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto evidence = attest::ParseEvidence(bytes);
  if (evidence.ok()) {
    CHECK(attest::EncodeEvidence(*evidence) == bytes);
    CheckRefused(*evidence);
  } else {
    CHECK(base::Is(evidence.status(), base::kEvidence));
  }
  CheckRefused({attest::TeeKind::kSimulated, std::string(bytes)});
  // The same with the endorsed key in its place, so that inputs reach the signature.
  base::FieldWriter quote;
  quote.Add(std::string(32, 'm')).Add(std::string(attest::kReportDataBytes, 'r'));
  quote.Add(base::FromHex(kEndorsedKeyHex).value()).Add(bytes);
  CheckRefused({attest::TeeKind::kSimulated, quote.Take()});
  return 0;
}
