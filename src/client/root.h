// A root in storage as the owner finds it. Which root a path is, the owner knows and storage
// doesn't say (docs/decisions/0021-which-root-a-path-is.md): the id comes from the owner's records,
// or from the owner's own word (--id), and the clear header of the index that storage shows is only
// compared with it. Then the index is opened with the key of that id, and its version compared with
// what the owner remembers (I9). One thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/env.h"
#include "src/base/status.h"
#include "src/client/drawn_ids.h"
#include "src/client/owner.h"
#include "src/client/remote_roots.h"
#include "src/crypto/secret.h"
#include "src/ledger/versions.h"
#include "src/storage/format.h"

namespace soteria::client {

/// The id of a root (16 bytes) from 32 lower-case hexadecimal digits.
base::StatusOr<std::string> ParseRootId(std::string_view hex);

/// What the owner's records say about paths: the version record, ids drawn for writable roots that
/// don't exist yet, and what is known of roots that only the cluster reaches.
class KnownRoots {
 public:
  /// `versions` must outlive it.
  static base::StatusOr<KnownRoots> Load(Owner& owner, const ledger::Versions& versions);

  /// The ids (16 bytes) that the owner's programs gave this path, the recorded one first. A second
  /// one is a writable root's that was drawn and perhaps made, but not recorded yet.
  std::vector<std::string> IdsAt(const std::string& path) const;
  /// kIntegrity, and what to do, unless `id` is one of them; OK when nothing is known of the path.
  base::Status Check(const std::string& path, std::string_view id) const;
  /// That refusal.
  base::Status OneForAnother(const std::string& path, std::string_view recorded,
                             std::string_view id) const;
  /// "0123..", and where the records know it.
  std::string Described(std::string_view id) const;

  const ledger::Versions& versions() const { return *versions_; }
  DrawnIds& drawn() { return drawn_; }
  RemoteRoots& remote() { return remote_; }
  const RemoteRoots& remote() const { return remote_; }

 private:
  KnownRoots(const ledger::Versions& versions, DrawnIds drawn, RemoteRoots remote)
      : versions_(&versions), drawn_(std::move(drawn)), remote_(std::move(remote)) {}

  const ledger::Versions* versions_;
  DrawnIds drawn_;
  RemoteRoots remote_;
};

struct OwnedRoot {
  std::string path;
  std::string id;  // 16 bytes
  crypto::Secret key;
  storage::OpenedIndex opened;
};

/// The root at exactly `path`; nullopt when storage shows none there. `said` is the id that the
/// owner named, and stands above the records. kInput when neither says which root it is, kIntegrity
/// when storage shows another one, kKey when this user key doesn't open it.
base::StatusOr<std::optional<OwnedRoot>> FindRoot(base::Files& files, const std::string& path,
                                                  const crypto::Secret& user_key,
                                                  const KnownRoots& known,
                                                  const std::optional<std::string>& said);

/// The root at `path` or above it, and the rest of the path ("" at the root): the nearest folder
/// that the records know as a root, whatever storage shows below that; with `said` the nearest that
/// shows this id.
struct RootAndRest {
  OwnedRoot root;
  std::string rest;
};
base::StatusOr<RootAndRest> FindRootAbove(base::Files& files, const std::string& path,
                                          const crypto::Secret& user_key, const KnownRoots& known,
                                          const std::optional<std::string>& said);

/// storage::CheckFresh against the owner's record (nullptr: never seen here).
base::Status CheckRootFresh(base::Files& files, const std::string& path,
                            const storage::OpenedIndex& opened, const ledger::VersionRecord* record,
                            uint64_t min_version, const crypto::Secret& key);

/// kPathExists when something lies in the folder that no root has: a root is made in a folder of
/// its own, not among somebody's files. What a root of ours left there (an interrupted put, an
/// index that was deleted) is no hindrance. Looks at local folders only.
base::Status CheckFreeForRoot(const std::string& path);

}  // namespace soteria::client
