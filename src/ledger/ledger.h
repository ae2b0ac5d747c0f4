// The owner's ledger as a chain: made entry by entry in the master (LedgerWriter), kept by the
// owner (LedgerFile), and verified by a pure function (VerifyLedger). An output or a release leaves
// the master only after its entry is on the owner's disk, so what is missing here didn't happen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/env.h"
#include "src/base/status.h"
#include "src/crypto/identity.h"
#include "src/crypto/secret.h"
#include "src/ledger/chain.h"
#include "src/ledger/entry.h"
#include "src/ledger/versions.h"

namespace soteria::ledger {

inline constexpr uint64_t kLedgerBytesMax = uint64_t{1} << 30;
inline constexpr size_t kLedgerEntriesMax = 10'000'000;

/// Where the master's entries go: the owner's machine, at the other end of the attested channel.
/// Returns when the owner has stored them.
class OwnerStore {
 public:
  virtual ~OwnerStore() = default;
  virtual base::Status Store(std::string_view entry,
                             const std::vector<VersionRecord>& versions) = 0;
};

/// The master's end. Thread-safe: entries go out one at a time, in order. After a failed Store it
/// refuses everything: the owner's head is unknown then (I8).
class LedgerWriter {
 public:
  /// `mac_key` is the owner's; `previous` the owner's ledger head. Both references outlive the
  /// writer.
  LedgerWriter(const crypto::IdentityKey& identity, const crypto::Secret& mac_key,
               const base::Digest& session, const base::Digest& previous, OwnerStore& store);

  /// Signs the event as the session's next entry and returns once the owner has it. The first must
  /// be the Head, nothing follows End.
  base::Status Append(const Event& event, int64_t time_ms,
                      const std::vector<VersionRecord>& versions = {});

  /// The same for a release, whose `budget_spent` numbers are debited from the budget of each data
  /// set in `versions` (as the session has accepted them): the owner stores the entry and all the
  /// debited records in one step. Fills in the entry's data sets. kNotInManifest, and nothing
  /// happens, if a budget isn't enough. What is spent is remembered here: a caller's record that
  /// says less, here or in Append, is raised.
  base::Status AppendRelease(Release release, uint64_t budget, std::vector<VersionRecord> versions,
                             int64_t time_ms);

  /// How an output's content is recorded: HMAC-SHA-256 under the owner's key.
  base::Digest Conceal(std::string_view content) const;
  base::Digest head() const;

 private:
  base::Status AppendLocked(const Event& event, int64_t time_ms,
                            const std::vector<VersionRecord>& versions);
  void RaiseSpent(std::vector<VersionRecord>* versions) const;

  const crypto::IdentityKey& identity_;
  crypto::Secret mac_key_;
  base::Digest session_;
  OwnerStore& store_;
  mutable std::mutex mutex_;
  base::Digest head_;
  uint64_t sequence_ = 0;
  bool ended_ = false;
  bool failed_ = false;
  std::map<std::string, uint64_t, std::less<>> spent_;  // by id, of what this writer has recorded
};

/// What became of a ledger.
enum class Verdict {
  kWhole,   // every entry in place, every session ended
  kCutOff,  // every entry in place, but a session has no end entry
  kBroken,  // an entry is altered, missing, out of order, or the file isn't the owner's latest
};
std::string_view VerdictName(Verdict verdict);

struct SessionReport {
  base::Digest session{};
  Head head;
  int64_t began_ms = 0;
  size_t first = 0;  // the head's number in the file, from 1
  bool ended = false;
  base::Status evidence = base::OkStatus();  // what the evidence check said of the head
  std::vector<Entry> entries;                // all, the head first
};

struct LedgerReport {
  Verdict verdict = Verdict::kWhole;
  std::string reason;           // for kBroken: what and which entry; for kCutOff: which sessions.
                                // Entries are numbered from 1
  bool torn = false;            // kBroken only because the file ends within an entry
  size_t entries = 0;           // that verified
  uint64_t verified_bytes = 0;  // length of the part that verified
  uint64_t last_bytes = 0;      // of the last entry that verified
  base::Digest origin{};        // what the first entry chains to
  base::Digest head{};          // hash of the last entry that verified
  size_t after_anchor = 0;      // entries behind the anchor's head: 0 or 1, else kBroken
  std::vector<SessionReport> sessions;
};

/// Whether a head's evidence speaks for its identity key; attest and policy answer, ledger may not.
using EvidenceCheck = std::function<base::Status(const Head& head)>;

/// Verifies a ledger file's bytes. With `anchor` (the owner's version record) also that it begins
/// and ends where it must: the recorded head has to be in the chain, so a truncated or forked file
/// is kBroken. At most one entry may follow it (the crash between the two files).
LedgerReport VerifyLedger(std::string_view bytes, const LedgerAnchor* anchor,
                          const EvidenceCheck& check_evidence = nullptr);

/// A text of an entry for a terminal. Texts come from a script or a Manifest: whatever would steer
/// it is shown as '?', also the control characters U+0080 to U+009F.
std::string Shown(std::string_view text);

/// "2026-09-21T14:13:20.123Z".
std::string TimeText(int64_t time_ms);

/// For people, and for programs (`soteria ledger --json`).
std::string RenderText(const LedgerReport& report);
std::string RenderJson(const LedgerReport& report);

/// The owner's end: appends after checking, and syncs. One thread.
class LedgerFile {
 public:
  /// Opens or starts <folder>/<name>. Where the anchor has a tail, the last entry and what follows
  /// it are read and no more, however long the file is: whatever stands before was verified when it
  /// was appended, and VerifyLedger says whether it is still the same. kIntegrity if the file is
  /// cut, goes on otherwise or ends in another entry; an entry that was torn by a crash while it
  /// was appended was never acknowledged, and is cut off.
  static base::StatusOr<std::unique_ptr<LedgerFile>> Open(base::Files& files, std::string folder,
                                                          std::string name,
                                                          const LedgerAnchor& anchor);
  /// kIntegrity unless the entry chains to the head and is signed by its session's key. Returns
  /// once it is on the disk.
  base::Status Append(std::string_view entry);
  const base::Digest& head() const { return found_.chain.head(); }
  /// For the anchor.
  LedgerEnd end() const;
  /// The entry behind the anchor's head, if there was one when the file was opened: the owner
  /// stored it, and then didn't come to store the records that belong to it.
  const std::optional<Entry>& unrecorded() const { return found_.unrecorded; }

 private:
  /// What was found in the file.
  struct Found {
    Chain chain;
    uint64_t size = 0;  // of the entries that verified
    uint64_t last_bytes = 0;
    bool torn = false;  // something follows that is no whole entry
    std::optional<Entry> unrecorded = std::nullopt;
  };
  explicit LedgerFile(Found found) : found_(std::move(found)) {}
  static base::StatusOr<Found> ReadWhole(base::Files& files, const std::string& folder,
                                         const std::string& name, const LedgerAnchor& anchor);
  static base::StatusOr<Found> ReadTail(base::Files& files, const std::string& folder,
                                        const std::string& name, const LedgerAnchor& anchor);

  std::unique_ptr<base::WritableFile> file_;
  Found found_;
  bool failed_ = false;  // an append was torn: only opening again can tell where the file ends
};

}  // namespace soteria::ledger
