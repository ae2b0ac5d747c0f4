// Entries of the owner's ledger: what a session read, wrote, released and handed out, by which
// rule, and how the session began and ended. An entry carries the hash of the one before it and is
// signed by the master enclave's identity key, whose hash is in the evidence that the session's
// head records. docs/formats/ledger.md is the byte-level description. Stateless; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/status.h"
#include "src/crypto/identity.h"

namespace soteria::ledger {

inline constexpr size_t kEntryBytesMax = size_t{1} << 20;
inline constexpr size_t kTextBytesMax = 4096;          // any text of an entry
inline constexpr size_t kEvidenceBytesMax = 64 << 10;  // as attest's limit
inline constexpr size_t kSpendingsMax = 2048;          // data sets that one release speaks of

/// A session begins. With nonce and exporter the evidence can be verified again, offline.
struct Head {
  base::Digest manifest{};    // SHA-256 of the Manifest file
  std::string task = {};      // the Manifest's task name
  std::string evidence = {};  // the master's, as it answered the owner
  std::string nonce = {};     // of the owner's challenge
  std::string exporter = {};  // of the TLS session the evidence is bound to
  std::string identity = {};  // public key (DER) that signs this session's entries
  std::string build = {};     // "simulated" or "release"
  std::string version = {};   // of the software
  bool operator==(const Head&) const = default;
};

/// A root was opened for reading, or a new version of it was published.
struct Access {
  enum class Mode : uint8_t { kRead = 1, kWrite = 2 };
  Mode mode = Mode::kRead;
  std::string path = {};
  std::string id = {};  // 16 bytes
  uint64_t version = 0;
  base::Digest index{};
  bool operator==(const Access&) const = default;
};

/// A worker enclave was admitted: stored before it got any key.
struct Admission {
  uint64_t sender = 0;   // the number under which it seals, from 1
  std::string tee = {};  // kind, as the Manifest names it
  base::Digest measurement{};
  base::Digest evidence{};  // SHA-256 of the evidence, encoded
  base::Digest identity{};  // SHA-256 of the public key (DER) that the evidence speaks for
  bool operator==(const Admission&) const = default;
};

/// Something only the owner gets: rows, metrics, a model's attributes, or how work ended that may
/// show nothing else. `content` is an HMAC under the owner's key, so that the entry gives nothing
/// away about what it was.
struct Output {
  enum class Kind : uint8_t { kRows = 1, kMetrics = 2, kModels = 3, kOutcome = 4 };
  Kind kind = Kind::kRows;
  std::string rule = {};  // the Manifest's line that allows it
  std::string what = {};  // class and method, or the terminal operator
  uint64_t rows = 0;
  base::Digest content{};
  bool outside = false;     // an untrusted process computed it
  bool unverified = false;  // and no enclave computed the same; only with `outside`
  bool operator==(const Output&) const = default;
};

/// What a release takes from the budget of a data set that its plan read.
struct Spending {
  std::string id = {};  // 16 bytes
  uint64_t spent = 0;   // ever, this release included
  uint64_t left = 0;
  bool operator==(const Spending&) const = default;
};

/// A statistic's input left the enclaves. `content` is the plain SHA-256 of the very bytes, so that
/// an auditor who has them can tell.
struct Release {
  enum class Level : uint8_t { kUnsaid = 0, kAggregate = 1, kScores = 2 };
  std::string rule = {};       // the Manifest's line that allows it
  std::string statistic = {};  // what was asked: metric and class
  uint64_t rows = 0;           // that the numbers are about
  uint64_t budget_spent = 0;   // numbers that leave: the debit of each data set
  bool unverified = false;     // the value may reach the owner without an enclave's own
  base::Digest content{};
  // Entries of the first form say no level, and nothing of what follows either.
  Level level = Level::kUnsaid;
  std::string kind = {};                 // as [statistics] kinds names it
  std::vector<Spending> data_sets = {};  // ascending by id
  uint64_t bytes = 0;
  bool outside = false;  // an untrusted process computes the value from it
  bool operator==(const Release&) const = default;
};

/// A session ended in order; without this entry the session is "cut off".
struct End {
  bool succeeded = false;
  uint64_t stages = 0;
  uint64_t tasks = 0;
  uint64_t retries = 0;
  uint64_t workers_admitted = 0;
  bool operator==(const End&) const = default;
};

using Event = std::variant<Head, Access, Output, Release, End, Admission>;

struct Entry {
  base::Digest previous{};  // hash of the entry before it; zeros for the very first
  base::Digest session{};   // session id
  uint64_t sequence = 0;    // within the session; the head is 0
  int64_t time_ms = 0;
  Event event = {};
  bool operator==(const Entry&) const = default;
};

/// "aggregate", "scores", or "" where the entry doesn't say.
std::string_view LevelName(Release::Level level);
/// Whether the statistic is computed from bins of scores, so that its value is approximate.
bool IsBinned(const Release& release);

/// "head", "read", "write", "rows", "metrics", "models", "outcome", "release", "end" or "worker".
std::string_view KindName(const Event& event);

/// The signed bytes that are stored and hashed.
base::StatusOr<std::string> SignEntry(const Entry& entry, const crypto::IdentityKey& key);

/// A stored entry, parsed, its signature not yet verified.
struct SignedEntry {
  Entry entry;
  std::string body = {};
  std::string signature = {};
};
/// kIntegrity unless `bytes` is the one encoding of an entry within the limits.
base::StatusOr<SignedEntry> ParseSignedEntry(std::string_view bytes);
base::Status VerifyEntry(const SignedEntry& entry, std::string_view identity_der);
base::Digest EntryHash(std::string_view bytes);

}  // namespace soteria::ledger
