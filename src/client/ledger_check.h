// `soteria ledger` and `soteria ledger verify`: a ledger against its own chain, against the owner's
// records where they are at hand, and each session's head against the Manifest it ran under: the
// evidence must speak for the key that signed the session's entries, and the workers that it names
// must be ones that the Manifest admits. A copy of each Manifest is
// kept when its session begins; an auditor is given them. What isn't at hand is named, never
// assumed. One thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "src/attest/evidence.h"
#include "src/client/owner.h"
#include "src/crypto/secret.h"
#include "src/ledger/ledger.h"
#include "src/policy/manifest.h"

namespace soteria::client {

struct LedgerPlace {
  std::optional<std::string> path;          ///< absolute; without: the owner's own
  std::vector<policy::Manifest> manifests;  ///< besides those kept in the owner's home
};

struct CheckedLedger {
  ledger::LedgerReport report;
  /// For each session of the report, the Manifest it ran under where that is at hand: only then was
  /// its evidence checked.
  std::vector<std::optional<policy::Manifest>> manifests;
  size_t evidence_unchecked = 0;  ///< sessions without
  bool anchored = false;          ///< compared with the owner's records
};

/// Keeps the Manifest's text under its digest in <home>/manifests.
base::Status KeepManifest(Owner& owner, const policy::Manifest& manifest);

/// `user_key` opens the owner's records, which say where the owner's own ledger must end; they are
/// not held against another file.
base::StatusOr<CheckedLedger> CheckLedger(Owner& owner, const crypto::Secret* user_key,
                                          const LedgerPlace& place);

/// kEvidence unless the Manifest admits a worker of that kind and measurement.
base::Status CheckAdmission(const ledger::Admission& admission, const policy::TeePolicy& policy);

/// What the verdict leaves open, one sentence each.
std::vector<std::string> Unproven(const CheckedLedger& checked);

/// Of `soteria ledger verify`: kExitOk for a whole ledger each of whose sessions has its evidence
/// verified, kExitCutOff, kExitUnproven for a whole one with a session that hasn't, else
/// kExitFailed.
int VerifyExitCode(const CheckedLedger& checked);

/// What a head's evidence, made for this Manifest, says of the enclave, if it speaks for the head's
/// identity key.
base::StatusOr<attest::Claims> CheckHeadEvidence(const ledger::Head& head,
                                                 const policy::Manifest& manifest, int64_t time_ms);

}  // namespace soteria::client
