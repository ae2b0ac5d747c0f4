// What the owner must keep because the untrusted side can keep nothing fresh (I9): the version
// records and the ledger, opened together and locked as long as this object lives. During a session
// it is where the master's entries are stored: the ledger first, then the versions, both synced,
// before the answer goes back. Store is called from the control thread; everything else before or
// after the session.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/bytes.h"
#include "src/client/owner.h"
#include "src/crypto/secret.h"
#include "src/ledger/ledger.h"
#include "src/ledger/versions.h"
#include "src/policy/manifest.h"

namespace soteria::client {

class Records : public ledger::OwnerStore {
 public:
  /// kConflict when a session, or another command that changes the records, has them open.
  static base::StatusOr<std::unique_ptr<Records>> Open(Owner& owner,
                                                       const crypto::Secret& user_key);

  ledger::Versions& versions() { return *versions_; }
  const base::Digest& ledger_head() const { return ledger_->head(); }

  /// What this session may say: heads must name this identity key and Manifest, records these ids,
  /// workers what its [tee] admits, releases what its [statistics] lists: a second line behind the
  /// enclave's gate, which waits for the answer before anything leaves (I3).
  void Expect(std::string identity_der, const policy::Manifest& manifest,
              std::set<std::string> ids);

  /// Called with each release once it is on record, by the thread that stores it.
  void OnRelease(std::function<void(const ledger::Release&)> tell) {
    on_release_ = std::move(tell);
  }

  /// kProtocol for what wasn't expected; kIntegrity for an entry that doesn't chain.
  base::Status Store(std::string_view entry,
                     const std::vector<ledger::VersionRecord>& versions) override;

 private:
  Records() = default;
  base::Status CheckExpected(std::string_view entry,
                             const std::vector<ledger::VersionRecord>& versions) const;

  std::unique_ptr<ledger::Versions> versions_;
  std::unique_ptr<ledger::LedgerFile> ledger_;
  std::string identity_der_;
  base::Digest manifest_{};
  policy::TeePolicy tee_;
  std::optional<policy::StatisticsRule> rule_;
  std::set<std::string> ids_;
  std::function<void(const ledger::Release&)> on_release_;
};

/// The owner's version records, to be changed; kConflict as Records::Open.
base::StatusOr<std::unique_ptr<ledger::Versions>> OpenVersions(Owner& owner,
                                                               const crypto::Secret& user_key);

/// Merges version records exported on another machine with the same user key; how many there are
/// then. The ledger file may have been copied here beside them, or starts anew. `kept` (may be
/// null) gets the paths that are another root here than there: they stay what they are here.
base::StatusOr<size_t> ImportVersions(Owner& owner, const crypto::Secret& user_key,
                                      std::string_view exported,
                                      std::vector<ledger::RootPath>* kept = nullptr);

}  // namespace soteria::client
