// What a session hands to a master: the keys of exactly the data sets and writable roots that the
// Manifest lists, and what the owner remembers of them. Everything is checked before a connection
// is even opened: each root is there, whole and fresh (I9), and may be opened by every kind of TEE
// that the Manifest admits. Of a root that only the cluster reaches, the kinds are known from its
// copy; the master checks the rest, against the records that it is given. The user key itself goes
// nowhere.
#pragma once

#include <string>
#include <vector>

#include "src/client/owner.h"
#include "src/client/records.h"
#include "src/crypto/secret.h"
#include "src/ledger/versions.h"
#include "src/policy/manifest.h"

namespace soteria::client {

struct Grant {
  std::string id;  // 16 bytes
  crypto::Secret key;
};

struct Grants {
  std::vector<Grant> keys;
  std::vector<ledger::VersionRecord> versions;
  std::vector<std::string> created;     ///< writable roots that were made, as empty trees
  std::vector<std::string> unrecorded;  ///< paths whose version was not known on this machine
};

/// kPathNotFound for a data set that isn't there, kManifest when the owner's records have another
/// root at its path, kRolledBack, kIntegrity, or kEvidence when its index doesn't allow a TEE kind
/// of the Manifest to get its key. Writable roots that have no index yet are created (version 1,
/// empty) in folders of their own. Newly seen versions and paths are recorded.
base::StatusOr<Grants> PrepareGrants(Owner& owner, const crypto::Secret& user_key,
                                     const policy::Manifest& manifest, Records& records);

}  // namespace soteria::client
