// Large messages in slices. What a worker answers is one message of one place. Up to a slice's size
// it is one envelope of its own kind; beyond that it is several envelopes of the kind's slice kind,
// each of which authenticates, besides session, stage, task, kind, sender and place as every
// envelope does (I4), which message it belongs to, its number and the message's size
// (docs/formats/task.md). So slices of two executions, senders or places can't be mixed, and none
// can be dropped, repeated or moved unseen (I5). Numbers that a host puts beside a slice are for
// itself.
//
// Sealing and opening are thread-safe functions; a Joiner belongs to one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/status.h"
#include "src/crypto/envelope.h"

namespace soteria::dataflow {

using base::Status;
using base::StatusOr;

/// Plain bytes of a slice, but for a message's last one.
inline constexpr uint64_t kSliceBytes = uint64_t{16} << 20;
inline constexpr uint64_t kSlicesMax = 1'024;
/// Plain bytes of one message.
inline constexpr uint64_t kMessageBytesMax = kSliceBytes * kSlicesMax;
/// Messages of one place that may be incomplete at a time: executions of its task that overlap.
inline constexpr size_t kExecutionsMax = 8;

/// What a message is and where it belongs.
struct MessageName {
  uint64_t stage = 0;
  base::Digest task{};
  crypto::MessageKind kind = crypto::MessageKind::kPartial;
  crypto::Place place;
};

/// One envelope, or slices in order when `plain` is larger than `slice_bytes`. kMemoryLimit when
/// those are too many. Messages of kinds that have no slice kind are sealed whole.
StatusOr<std::vector<std::string>> SealMessage(crypto::Sealer& sealer, const MessageName& name,
                                               std::string_view plain, uint64_t slice_bytes);

/// A whole message or a slice of one, as its envelope authenticates it.
struct Part {
  uint64_t sender = 0;
  uint64_t message = 0;  // the counter of its first envelope: with the sender, its name
  uint64_t slice = 0;
  uint64_t slices = 1;
  uint64_t stride = 0;  // bytes of each slice but the last
  uint64_t total = 0;   // bytes of the message
  std::string bytes;
};

/// kIntegrity unless `sealed` is exactly a message of that name, or a slice of one.
StatusOr<Part> OpenPart(const crypto::Opener& opener, std::string_view sealed,
                        const MessageName& name);

/// Puts the message of one place together from parts in any order. Parts of different executions
/// are kept apart; the first message that is complete is the place's, all further parts are repeats
/// (I4).
class Joiner {
 public:
  enum class Added { kMore, kRepeat, kComplete };

  /// kComplete once: Take then has the message. kIntegrity for a part that contradicts its message,
  /// kAttempts when too many messages were begun.
  StatusOr<Added> Add(Part part);
  bool complete() const { return complete_; }
  std::string Take() { return std::move(whole_); }
  /// Held for messages that are not complete.
  uint64_t pending_bytes() const { return pending_bytes_; }

 private:
  struct Message {
    uint64_t stride = 0;
    std::vector<bool> filled;
    uint64_t missing = 0;
    std::string bytes;
  };

  StatusOr<Message*> Find(const Part& part);
  void Complete(std::string whole);

  bool complete_ = false;
  std::string whole_;
  std::map<std::pair<uint64_t, uint64_t>, Message> messages_;  // by sender and first counter
  uint64_t pending_bytes_ = 0;
};

}  // namespace soteria::dataflow
