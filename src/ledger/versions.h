// What the owner remembers, because the untrusted side can keep nothing fresh: for each data set
// and writable root the highest version seen, its index digest and the release budget spent; which
// root is at which path, for storage's word on that is worth nothing; and where the ledger begins
// and ends. Kept beside the user key in one small file with a MAC under a key derived from it,
// replaced by rename and fsync, locked as long as the object lives (a session).
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
inline constexpr size_t kRootPathsMax = 100'000;
inline constexpr size_t kRootPathBytesMax = 4096;
inline constexpr size_t kIdentityBytesMax = 1024;
inline constexpr size_t kVersionsBytesMax = size_t{32} << 20;

struct VersionRecord {
  std::string id = {};  // 16 bytes
  uint64_t version = 0;
  base::Digest index{};
  uint64_t spent = 0;
  bool operator==(const VersionRecord&) const = default;
};

/// The root at a path, both as the owner said: the path is normalised.
struct RootPath {
  std::string path = {};
  std::string id = {};  // 16 bytes
  bool operator==(const RootPath&) const = default;
};

/// The state of the ledger file after its last entry, all of which was verified when it was
/// appended, so that opening needn't read the file again: what the next entry must follow, and
/// where the file ends.
struct LedgerTail {
  uint64_t size = 0;        // of the file
  uint64_t last_bytes = 0;  // of the last entry; 0 in an empty file
  bool open = false;        // its session has no end yet
  base::Digest session{};
  uint64_t sequence = 0;      // of that session's next entry
  std::string identity = {};  // that session's public key
  bool operator==(const LedgerTail&) const = default;
};

/// The last entry's hash, and the tail where it is known.
struct LedgerEnd {
  base::Digest head{};
  std::optional<LedgerTail> tail = std::nullopt;
  bool operator==(const LedgerEnd&) const = default;
};

/// The two ends of the owner's ledger file: the hash its first entry chains to (zeros, unless it
/// carries on one kept on another machine) and the hash of its last entry (equal to `origin` while
/// it is empty). Without a tail (records of before there were any) the whole file is verified to
/// open it.
struct LedgerAnchor {
  base::Digest origin{};
  base::Digest head{};
  std::optional<LedgerTail> tail = std::nullopt;
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
  /// The id of the root at this path; nullptr if the owner never said which one it is.
  const std::string* IdAt(std::string_view path) const;
  /// Where this root is, as far as the owner said.
  std::vector<std::string> PathsOf(std::string_view id) const;
  const LedgerAnchor& anchor() const { return state_.anchor; }

  /// Takes over the records, the ledger's new end and which root is at which path (also in place of
  /// another one), and returns once they are on the disk. kRolledBack for a lower version, the same
  /// version with another digest, or a lower budget; nothing changes then.
  base::Status Store(std::span<const VersionRecord> records,
                     const std::optional<LedgerEnd>& ledger_end,
                     std::span<const RootPath> paths = {});

  /// The file's bytes, for another machine with the same user key.
  std::string Export() const;
  /// Merges an export: the higher version wins; equal versions must agree (kRolledBack). Where
  /// there is no ledger yet its anchor comes along: with `ledger_copied` the ledger file does too,
  /// without it the ledger starts anew here and carries on from the exported head. A path that is
  /// another root here than there stays what it is here; `kept` (may be null) gets what was said
  /// there.
  base::Status Import(std::string_view exported, bool ledger_copied,
                      std::vector<RootPath>* kept = nullptr);

 private:
  using Records = std::map<std::string, VersionRecord, std::less<>>;
  using Paths = std::map<std::string, std::string, std::less<>>;  // path to id
  struct State {
    LedgerAnchor anchor;
    Records records;
    Paths paths;
  };
  Versions(base::Files& files, std::string folder, std::string name, crypto::Secret mac_key,
           std::unique_ptr<base::FileLock> lock);
  static std::string Encode(const State& state, const crypto::Secret& mac_key);
  static base::StatusOr<State> Decode(std::string_view bytes, const crypto::Secret& mac_key);
  static base::Status Merge(const VersionRecord& record, Records* records, bool lower_is_error);
  static base::Status CheckPath(const RootPath& root);
  base::Status Load();
  base::Status Save(State next);

  base::Files* files_;
  std::string folder_ = {};
  std::string name_ = {};
  crypto::Secret mac_key_;
  std::unique_ptr<base::FileLock> lock_;  // none: read only
  State state_;
  bool is_new_ = true;
};

}  // namespace soteria::ledger
