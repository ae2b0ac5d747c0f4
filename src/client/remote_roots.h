// Roots that only the cluster reaches (hdfs://..., s3a://...), as far as the owner's machine knows
// them: the id at each path, and which TEE kinds may ever get its key, so that no key is sent to
// another kind although the sealed index can't be read here (I2). Kept in <home>/remote.json; not
// secret. docs/decisions/0015-roots-that-only-the-cluster-reaches.md says why. One thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/client/owner.h"
#include "src/policy/manifest.h"
#include "src/storage/format.h"

namespace soteria::client {

struct RemoteRoot {
  std::string id_hex;
  std::vector<std::string> tee_kinds;
  bool drawn = false;  ///< the id was drawn here, for a root that a job will make
};

class RemoteRoots {
 public:
  static base::StatusOr<RemoteRoots> Load(Owner& owner);

  /// nullptr when this machine doesn't know what is at the path.
  const RemoteRoot* Find(const std::string& path) const;
  void Note(const std::string& path, RemoteRoot root);
  /// The kinds that a new version of a root records, wherever it is; nothing for an unknown id.
  void NoteKinds(const std::string& id_hex, const std::vector<std::string>& tee_kinds);
  /// Writes what was noted; nothing when nothing changed.
  base::Status Save(Owner& owner);

 private:
  std::map<std::string, RemoteRoot> roots_;  // by path
  bool changed_ = false;
};

/// kInput, and how to tell this machine about it, when `path` isn't known or has another id;
/// kEvidence when a kind of the Manifest must not get its key.
base::Status CheckRemoteKinds(const RemoteRoots& remote, const std::string& path,
                              const std::string& id_hex, const std::vector<std::string>& kinds);

}  // namespace soteria::client
