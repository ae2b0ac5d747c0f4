// Admission: may the enclave that made these verified claims join in this role? (I2)
//
// Must hold: admitted only if every condition of the Manifest's [tee] is met and the report data is
// the expected one; an empty list admits nobody (I2). Pure functions, any thread.
#pragma once

#include <string_view>

#include "src/attest/evidence.h"
#include "src/base/status.h"
#include "src/policy/manifest.h"

namespace soteria::policy {

enum class Role { kOwner, kMaster, kWorker };

/// "owner", "master" or "worker": the bytes that report data and challenges carry.
std::string_view RoleName(Role role);
/// The inverse; kProtocol for any other text.
base::StatusOr<Role> ParseRole(std::string_view name);

/// What attest::Verify may trust under this policy.
attest::Endorsements EndorsementsOf(const TeePolicy& policy);

/// OK, or kEvidence naming what differed.
base::Status Admit(const attest::Claims& claims, Role prover, std::string_view expected_report_data,
                   const TeePolicy& policy);

}  // namespace soteria::policy
