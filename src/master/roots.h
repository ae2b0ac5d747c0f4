// The data sets and sealed trees that the Manifest lists, as the master sees them: keys, the newest
// version accepted so far, opened indexes. Opening checks authenticity, freshness and TEE kinds
// (I9); publishing reports the new version to the owner and waits until it is stored before it
// returns, so that a version that was reported can't be rolled back unseen.
//
// Thread-safe; publications of one process run one at a time.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/env.h"
#include "src/base/status.h"
#include "src/crypto/secret.h"
#include "src/ledger/ledger.h"
#include "src/master/provisioned.h"
#include "src/policy/gate.h"
#include "src/storage/format.h"
#include "src/storage/tree.h"

namespace soteria::master {

/// One version of a root.
struct Root {
  std::string path;
  std::string id;  // 16 bytes
  storage::OpenedIndex opened;
};

class Roots {
 public:
  Roots(const Provisioned& provisioned, base::Files& files, base::Random& random,
        ledger::LedgerWriter& ledger, const EnclaveClock& clock);

  /// The current version of the root that `readable` lies in. A writable root that only the host
  /// reaches is made, as an empty version 1, when there is none and the owner has never seen one.
  /// kPathNotFound, kIntegrity, kRolledBack, kEvidence (TEE kinds).
  base::StatusOr<std::shared_ptr<const Root>> Open(const policy::Readable& readable);

  /// The same as a tree; kAnalysis when the root is a data set.
  base::StatusOr<storage::Tree> OpenTree(const policy::Readable& readable);

  /// Publishes the next version of a writable root and returns once the owner has recorded it. Each
  /// file says of whose rows it is. When that fails, what was to be added is removed from storage.
  base::Status Publish(const policy::Readable& root, std::vector<storage::FileEntry> added,
                       const std::vector<std::string>& removed);

  /// The records of these roots, as the owner gave them or the session has accepted them since; a
  /// root without one is left out.
  std::vector<ledger::VersionRecord> Records(const std::vector<std::string>& ids);

  /// Removes files that were written below the writable root of this path and id (16 bytes) and
  /// won't be part of it.
  void Discard(const std::string& root, const std::string& id,
               const std::vector<storage::FileEntry>& files);

  /// Seals one file below a writable root; no part of the tree until Publish.
  base::StatusOr<storage::FileEntry> Seal(const policy::Readable& root, const std::string& relative,
                                          std::string_view bytes, uint64_t rows);

 private:
  base::StatusOr<const crypto::Secret*> KeyOf(std::string_view id) const;
  /// A root that only the host reaches and that isn't there: made if it may be.
  base::StatusOr<storage::OpenedIndex> MakeMissing(const policy::Readable& missing,
                                                   const crypto::Secret& key,
                                                   const std::string& id);
  base::Status Accept(const Root& root, ledger::Access::Mode mode);

  const Provisioned& provisioned_;
  base::Files& files_;
  base::Random& random_;
  ledger::LedgerWriter& ledger_;
  const EnclaveClock& clock_;
  std::mutex publishing_;  // taken before mutex_
  std::mutex mutex_;
  std::map<std::string, ledger::VersionRecord, std::less<>> versions_;
  std::map<std::string, std::shared_ptr<const Root>, std::less<>> opened_;  // by id
};

}  // namespace soteria::master
