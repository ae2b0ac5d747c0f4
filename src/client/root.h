// A root in storage as the owner finds it: which one it is (the clear header of its index), opened
// with the key derived from the user key, and compared with what the owner remembers (I9).
// Stateless; any thread.
#pragma once

#include <optional>
#include <string>

#include "src/base/env.h"
#include "src/base/status.h"
#include "src/crypto/secret.h"
#include "src/ledger/versions.h"
#include "src/storage/format.h"

namespace soteria::client {

struct OwnedRoot {
  std::string path;
  std::string id;  // 16 bytes
  crypto::Secret key;
  storage::OpenedIndex opened;
};

/// The root at exactly `path`; nullopt when nothing was published there. A root that this user key
/// doesn't open is kKey.
base::StatusOr<std::optional<OwnedRoot>> FindRoot(base::Files& files, const std::string& path,
                                                  const crypto::Secret& user_key);

/// The root at `path` or the nearest folder above it, and the rest of the path ("" at the root).
struct RootAndRest {
  OwnedRoot root;
  std::string rest;
};
base::StatusOr<RootAndRest> FindRootAbove(base::Files& files, const std::string& path,
                                          const crypto::Secret& user_key);

/// storage::CheckFresh against the owner's record (nullptr: never seen here).
base::Status CheckRootFresh(base::Files& files, const std::string& path,
                            const storage::OpenedIndex& opened, const ledger::VersionRecord* record,
                            uint64_t min_version, const crypto::Secret& key);

}  // namespace soteria::client
