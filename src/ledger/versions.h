// What the owner remembers, because the untrusted side can keep nothing fresh: for each data set
// and writable root the highest version seen, its index digest and the release budget spent, and
// where the ledger begins and ends. Kept beside the user key in one small file with a MAC under a
// key derived from it, replaced by rename and fsync, locked as long as the object lives (a
// session).
//
// A version never goes down and never changes its digest. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/env.h"
#include "src/base/status.h"
#include "src/crypto/secret.h"

namespace soteria::ledger {

inline constexpr size_t kVersionRecordsMax = 100'000;
inline constexpr size_t kVersionsBytesMax = size_t{32} << 20;

struct VersionRecord {
  std::string id = {};  // 16 bytes
  uint64_t version = 0;
  base::Digest index{};
  uint64_t spent = 0;
  bool operator==(const VersionRecord&) const = default;
};

/// The two ends of the owner's ledger file: the hash its first entry chains to (zeros, unless it
/// carries on one kept on another machine) and the hash of its last entry (equal to `origin` while
/// it is empty).
struct LedgerAnchor {
  base::Digest origin{};
  base::Digest head{};
  bool operator==(const LedgerAnchor&) const = default;
};

class Versions {
 public:
  /// Opens <folder>/<name> and locks it; absent, it starts empty and `is_new()` says so, for then
  /// the Manifest's minimum versions are all there is. kConflict if another session holds the lock,
  /// kIntegrity if the file was altered or belongs to another user key.
  static base::StatusOr<std::unique_ptr<Versions>> Open(base::Files& files, std::string folder,
                                                        std::string name,
                                                        const crypto::Secret& user_key);
  /// The same without the lock, for commands that only look, also while a session is open: the file
  /// is replaced by rename, so that what is read is one state of it. Store and Import are refused
  /// (kConflict).
  static base::StatusOr<std::unique_ptr<Versions>> OpenReadOnly(base::Files& files,
                                                                std::string folder,
                                                                std::string name,
                                                                const crypto::Secret& user_key);
  Versions(const Versions&) = delete;
  Versions& operator=(const Versions&) = delete;
  ~Versions();

  bool is_new() const { return is_new_; }
  /// nullptr if this root was never seen.
  const VersionRecord* Find(std::string_view id) const;
  std::vector<VersionRecord> All() const;
  const LedgerAnchor& anchor() const { return anchor_; }

  /// Takes over the records and the ledger's new head, and returns once they are on the disk.
  /// kRolledBack for a lower version, the same version with another digest, or a lower budget;
  /// nothing changes then.
  base::Status Store(std::span<const VersionRecord> records,
                     const std::optional<base::Digest>& ledger_head);

  /// The file's bytes, for another machine with the same user key.
  std::string Export() const;
  /// Merges an export: the higher version wins; equal versions must agree (kRolledBack). Where
  /// there is no ledger yet its anchor comes along: with `ledger_copied` the ledger file does too,
  /// without it the ledger starts anew here and carries on from the exported head.
  base::Status Import(std::string_view exported, bool ledger_copied);

 private:
  using Records = std::map<std::string, VersionRecord, std::less<>>;
  Versions(base::Files& files, std::string folder, std::string name, crypto::Secret mac_key,
           std::unique_ptr<base::FileLock> lock);
  static std::string Encode(const Records& records, const LedgerAnchor& anchor,
                            const crypto::Secret& mac_key);
  static base::Status Decode(std::string_view bytes, const crypto::Secret& mac_key,
                             Records* records, LedgerAnchor* anchor);
  static base::Status Merge(const VersionRecord& record, Records* records, bool lower_is_error);
  base::Status Load();
  base::Status Save(Records records, const LedgerAnchor& anchor);

  base::Files* files_;
  std::string folder_ = {};
  std::string name_ = {};
  crypto::Secret mac_key_;
  std::unique_ptr<base::FileLock> lock_;  // none: read only
  Records records_;
  LedgerAnchor anchor_;
  bool is_new_ = true;
};

}  // namespace soteria::ledger
