#include "src/attest/evidence.h"

#include <array>

#include "src/attest/simulated.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"

namespace soteria::attest {
namespace {

constexpr std::string_view kEvidenceLabel = "soteria/1 evidence";
constexpr std::array kAllKinds = {TeeKind::kSimulated, TeeKind::kSgx, TeeKind::kTdx, TeeKind::kSnp};

base::Status Malformed(std::string_view what) {
  return base::Fail(base::kEvidence, base::Cat("malformed evidence: ", what));
}

}  // namespace

std::string_view TeeKindName(TeeKind kind) {
  switch (kind) {
    case TeeKind::kSimulated:
      return "simulated";
    case TeeKind::kSgx:
      return "sgx";
    case TeeKind::kTdx:
      return "tdx";
    case TeeKind::kSnp:
      return "snp";
  }
  return "simulated";
}

base::StatusOr<TeeKind> ParseTeeKind(std::string_view name) {
  for (const TeeKind kind : kAllKinds) {
    if (name == TeeKindName(kind)) return kind;
  }
  return base::Fail(base::kEvidence, "unknown TEE kind");
}

std::string EncodeEvidence(const Evidence& evidence) {
  base::FieldWriter fields;
  fields.Add(kEvidenceLabel).Add(TeeKindName(evidence.kind)).Add(evidence.quote);
  return fields.Take();
}

base::StatusOr<Evidence> ParseEvidence(std::string_view bytes) {
  if (bytes.size() > kEvidenceBytesMax) return Malformed("too long");
  base::FieldReader reader(bytes);
  const base::StatusOr<std::string_view> label = reader.Next();
  if (!label.ok() || *label != kEvidenceLabel) return Malformed("no label");
  const base::StatusOr<std::string_view> kind_name = reader.Next();
  if (!kind_name.ok()) return Malformed("no TEE kind");
  Evidence evidence;
  SOTERIA_ASSIGN_OR_RETURN(evidence.kind, ParseTeeKind(*kind_name));
  const base::StatusOr<std::string_view> quote = reader.Next();
  if (!quote.ok() || quote->empty()) return Malformed("no quote");
  if (!reader.AtEnd()) return Malformed("bytes after the quote");
  evidence.quote = std::string(*quote);
  return evidence;
}

base::StatusOr<Claims> Verify(const Evidence& evidence, const Endorsements& endorsements,
                              int64_t /*time_ms*/) {
  if (evidence.quote.size() > kEvidenceBytesMax) return Malformed("too long");
  if (evidence.kind == TeeKind::kSimulated) {
#ifdef SOTERIA_SIMULATED
    return VerifySimulated(evidence.quote, endorsements);
#else
    static_cast<void>(endorsements);
    return base::Fail(base::kEvidence,
                      "simulated evidence, but this build doesn't verify simulated enclaves "
                      "(SOTERIA_SIMULATED is off)");
#endif
  }
  return base::Fail(base::kEvidence, base::Cat("no verifier for TEE kind ",
                                               TeeKindName(evidence.kind), " in this build"));
}

}  // namespace soteria::attest
