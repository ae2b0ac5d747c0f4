// `soteria ledger` and `soteria ledger verify`: the owner's ledger against its own chain, against
// the owner's records, and each session's head against the Manifest it ran under: the evidence must
// speak for the key that signed the session's entries. A copy of each Manifest is kept when its
// session begins. One thread.
#pragma once

#include <optional>
#include <string>

#include "src/client/owner.h"
#include "src/crypto/secret.h"
#include "src/ledger/ledger.h"
#include "src/policy/manifest.h"

namespace soteria::client {

struct CheckedLedger {
  ledger::LedgerReport report;
  size_t evidence_unchecked = 0;  ///< sessions whose Manifest isn't kept here
  bool anchored = false;          ///< compared with the owner's records
};

/// Keeps the Manifest's text under its digest in <home>/manifests.
base::Status KeepManifest(Owner& owner, const policy::Manifest& manifest);

/// The owner's ledger, or the file at `path` (absolute). `user_key` opens the owner's records,
/// which say where the owner's own ledger must end; they are not held against another file.
base::StatusOr<CheckedLedger> CheckLedger(Owner& owner, const crypto::Secret* user_key,
                                          const std::optional<std::string>& path);

/// Whether a head's evidence, made for this Manifest, speaks for the head's identity key.
base::Status CheckHeadEvidence(const ledger::Head& head, const policy::Manifest& manifest,
                               int64_t time_ms);

}  // namespace soteria::client
