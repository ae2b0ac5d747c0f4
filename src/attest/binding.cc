#include "src/attest/binding.h"

#include "src/base/fields.h"
#include "src/crypto/hash.h"

namespace soteria::attest {

base::Digest PolicyHash(std::string_view manifest_bytes) { return crypto::Sha256(manifest_bytes); }

std::string ReportData(const Binding& binding) {
  const base::Digest identity = crypto::Sha256(binding.identity_der);
  base::FieldWriter fields;
  fields.Add("soteria/1")
      .Add(binding.prover_role)
      .Add(binding.verifier_role)
      .Add(binding.exporter)
      .Add(base::View(binding.policy_hash))
      .Add(base::View(identity));
  return crypto::Sha512(fields.bytes());
}

}  // namespace soteria::attest
