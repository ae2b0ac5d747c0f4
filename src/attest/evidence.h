// Evidence, claims and the verifier (the terms of RFC 9334).
//
// Evidence is what a prover hands out: the kind of its TEE and that TEE's quote. `Verify` checks
// signatures and status only and turns evidence into claims; who may join is `policy::Admit`'s
// decision. Must hold: `Verify` is a pure function of (evidence, endorsements, time), without
// network or clock; a kind without a backend in this build is refused, never skipped (I2).
// Functions: any thread. An EvidenceSource: one call at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/status.h"

namespace soteria::attest {

inline constexpr size_t kEvidenceBytesMax = 64 * 1024;
inline constexpr size_t kReportDataBytes = 64;

enum class TeeKind { kSimulated, kSgx, kTdx, kSnp };

/// "simulated", "sgx", "tdx" or "snp".
std::string_view TeeKindName(TeeKind kind);
/// The inverse of TeeKindName; kEvidence for any other text.
base::StatusOr<TeeKind> ParseTeeKind(std::string_view name);

struct Evidence {
  TeeKind kind = TeeKind::kSimulated;
  std::string quote;  // the TEE's own format
};

/// fields("soteria/1 evidence", kind's name, quote); docs/formats/channel.md.
std::string EncodeEvidence(const Evidence& evidence);
/// kEvidence for anything that EncodeEvidence can't have made, or over kEvidenceBytesMax.
base::StatusOr<Evidence> ParseEvidence(std::string_view bytes);

/// What verified evidence says. Nothing here is admitted yet.
struct Claims {
  TeeKind kind = TeeKind::kSimulated;
  base::Digest measurement{};
  std::string report_data;  // kReportDataBytes
  std::string signer;       // simulated: the cluster's public key, DER; real kinds: the platform id
  bool debug = false;       // a debuggable enclave keeps no secret
};

/// Makes evidence about the running enclave.
class EvidenceSource {
 public:
  virtual ~EvidenceSource() = default;
  virtual TeeKind kind() const = 0;
  /// `report_data64` is exactly kReportDataBytes long (kEvidence otherwise).
  virtual base::StatusOr<Evidence> Get(std::string_view report_data64) = 0;
};

/// What the verifier trusts beforehand.
struct Endorsements {
  std::vector<std::string> simulated_keys;  // public keys, DER
};

/// Signatures and status only. kEvidence says what didn't verify.
base::StatusOr<Claims> Verify(const Evidence& evidence, const Endorsements& endorsements,
                              int64_t time_ms);

}  // namespace soteria::attest
