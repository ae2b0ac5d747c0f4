#include "src/policy/admit.h"

#include <algorithm>
#include <string>

#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::policy {
namespace {

template <class T>
bool Contains(const std::vector<T>& list, const T& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

base::Status Refuse(Role prover, std::string_view why) {
  return base::Fail(base::kEvidence, base::Cat(RoleName(prover), ": ", why));
}

base::Status CheckSigner(const attest::Claims& claims, Role prover, const TeePolicy& policy) {
  if (claims.kind == TeeKind::kSimulated) {
    if (!policy.simulated_key.has_value()) {
      return Refuse(prover, "the Manifest has no [tee] simulated_key");
    }
    if (claims.signer != *policy.simulated_key) {
      return Refuse(prover, "the evidence is signed by another key than [tee] simulated_key");
    }
    return base::OkStatus();
  }
  if (!policy.platforms.empty() && !Contains(policy.platforms, claims.signer)) {
    return Refuse(prover, base::Cat("platform \"", claims.signer.substr(0, kPlatformBytesMax),
                                    "\" is not in [tee] platforms"));
  }
  return base::OkStatus();
}

}  // namespace

std::string_view RoleName(Role role) {
  switch (role) {
    case Role::kOwner:
      return "owner";
    case Role::kMaster:
      return "master";
    case Role::kWorker:
      return "worker";
  }
  return "owner";
}

base::StatusOr<Role> ParseRole(std::string_view name) {
  for (const Role role : {Role::kOwner, Role::kMaster, Role::kWorker}) {
    if (name == RoleName(role)) return role;
  }
  return base::Fail(base::kProtocol, "a role is none of owner, master, worker");
}

attest::Endorsements EndorsementsOf(const TeePolicy& policy) {
  attest::Endorsements endorsements;
  if (policy.simulated_key.has_value())
    endorsements.simulated_keys.push_back(*policy.simulated_key);
  return endorsements;
}

base::Status Admit(const attest::Claims& claims, Role prover, std::string_view expected_report_data,
                   const TeePolicy& policy) {
  if (prover == Role::kOwner) return Refuse(prover, "the owner runs in no enclave");
  // I2: each condition must hold; an empty list holds for nobody.
  if (!Contains(policy.kinds, claims.kind)) {
    return Refuse(
        prover, base::Cat("TEE kind ", attest::TeeKindName(claims.kind), " is not in [tee] kinds"));
  }
  if (claims.debug) return Refuse(prover, "the enclave can be debugged");
  if (expected_report_data.size() != attest::kReportDataBytes ||
      claims.report_data != expected_report_data) {
    return Refuse(prover,
                  "the evidence is not about this connection (report data differs): another "
                  "session, role, policy or identity key");
  }
  const auto& measurements =
      prover == Role::kMaster ? policy.master_measurements : policy.worker_measurements;
  if (!Contains(measurements, claims.measurement)) {
    return Refuse(prover, base::Cat("measurement ", base::Hex(base::View(claims.measurement)),
                                    " is not in [tee] ", RoleName(prover)));
  }
  return CheckSigner(claims, prover, policy);
}

}  // namespace soteria::policy
