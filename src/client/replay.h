// `soteria ledger replay`: an auditor computes again what was computed outside the enclaves, from
// the very bytes that left them. The cluster keeps released questions when it is asked to
// (`cluster start --keep-released`); the ledger says which there must be, by their SHA-256. Same
// bytes, same value: stats::Compute is the function that enclaves and statistics process ran.
// Needs no key; with the owner's, the value that the owner got is held against it. One thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/env.h"
#include "src/base/status.h"
#include "src/crypto/secret.h"
#include "src/ledger/ledger.h"

namespace soteria::client {

inline constexpr size_t kKeptQuestionsMax = 1'000'000;  // looked at in one folder

/// One release of the ledger.
struct Replayed {
  enum class Bytes { kThere, kMissing, kAltered };
  /// What the owner's entries say of the value.
  enum class Owner {
    kNotCompared,  // without the owner's key, or it is part of a table that the owner got
    kSame,
    kAnother,  // what the owner was given isn't what the released bytes give
    kNone,     // no value reached the owner: the process was silent, lied, or the job ended
  };
  size_t entry = 0;  // its number in the file, from 1
  ledger::Release release;
  Bytes bytes = Bytes::kMissing;
  std::string metric;          // of the question
  std::vector<double> values;  // what the bytes give
  std::string wrong;           // why they give none, or don't fit their entry; else empty
  Owner owner = Owner::kNotCompared;
  size_t output = 0;  // the entry that records what the owner got, for kSame and kAnother
};

struct ReplayReport {
  std::vector<Replayed> releases;
  std::vector<std::string> extra;  // names of kept files that no release of the ledger speaks of
  size_t elsewhere = 0;            // kept files of the ledger's other sessions

  /// Every release is there unaltered, fits its entry, gives a value, and the owner got no other.
  bool good() const;
};

/// Of one session (an index into the report's), or of all. `mac_key` (may be null) is the one that
/// outputs are recorded under. kInput when `folder` can't be listed.
base::StatusOr<ReplayReport> Replay(base::Files& files, const ledger::LedgerReport& report,
                                    std::optional<size_t> session, const std::string& folder,
                                    const crypto::Secret* mac_key);

/// For people, a line each.
std::vector<std::string> ReplayLines(const ReplayReport& report);

}  // namespace soteria::client
