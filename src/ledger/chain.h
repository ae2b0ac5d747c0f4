// The rule by which one entry follows another, as a state that takes entries one at a time: the
// same for the owner's file while it grows and for the verification of a finished one. A refused
// entry leaves the state as it was. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "src/base/bytes.h"
#include "src/base/status.h"
#include "src/ledger/entry.h"

namespace soteria::ledger {

class Chain {
 public:
  Chain() = default;
  /// `origin` is what the first entry must chain to.
  explicit Chain(const base::Digest& origin) : head_(origin) {}
  /// Goes on behind an entry that was accepted before: what the functions below said then.
  Chain(const base::Digest& head, bool open, const base::Digest& session, uint64_t sequence,
        std::string identity)
      : head_(head),
        open_(open),
        session_(session),
        sequence_(sequence),
        identity_(std::move(identity)) {}

  /// kIntegrity unless the entry chains to the head, is in its session's order and signed by its
  /// key.
  base::StatusOr<Entry> Accept(std::string_view bytes);

  const base::Digest& head() const { return head_; }
  /// Whether a session has begun and not ended.
  bool open() const { return open_; }
  /// The session of the last entry, the number that its next entry has, and its public key.
  const base::Digest& session() const { return session_; }
  uint64_t sequence() const { return sequence_; }
  const std::string& identity() const { return identity_; }

 private:
  base::Digest head_{};
  bool open_ = false;
  base::Digest session_{};
  uint64_t sequence_ = 0;  // of the next entry
  std::string identity_;
};

/// The first entry's `previous`, for a ledger whose origin isn't known; zeros if it doesn't parse.
base::Digest OriginOf(std::string_view first_entry);

}  // namespace soteria::ledger
