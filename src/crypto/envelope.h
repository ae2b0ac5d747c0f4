// The sealed message: everything that enclaves of one session send each other through the host.
//
// A header in the clear names session, stage, task, kind, place, sender and counter; it is
// authenticated together with the AES-256-GCM ciphertext (I4). docs/formats/envelope.md has the
// bytes. Each sender has its own key, HKDF(session root, "send" | sender number); sender numbers
// are given out once by the master. Nonce = the 96-bit counter of that key.
//
// Invariants: the counter lives with its key in one Sealer, which can be neither copied nor moved
// nor restarted, so that no nonce comes twice; it refuses (kCipherLimit) after kSealerMessagesMax
// messages or kSealerBytesMax bytes. Opening answers kIntegrity and nothing more precise about what
// did not authenticate. Sealer and Opener are thread-safe and let threads work in parallel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "src/base/bytes.h"
#include "src/base/status.h"
#include "src/crypto/secret.h"

namespace soteria::crypto {

inline constexpr uint64_t kSealerMessagesMax = uint64_t{1} << 32;
inline constexpr uint64_t kSealerBytesMax = uint64_t{1} << 36;
/// A whole sealed message; leaves room for the host's framing within base::kFrameBytesMax.
inline constexpr size_t kSealedBytesMax = (size_t{256} << 20) - (size_t{64} << 10);
inline constexpr size_t kEnvelopeHeaderBytes = 128;
inline constexpr size_t kEnvelopeOverheadBytes = kEnvelopeHeaderBytes + 16;
inline constexpr size_t kEnvelopePlainBytesMax = kSealedBytesMax - kEnvelopeOverheadBytes;
/// Sender keys that an Opener keeps at hand.
inline constexpr size_t kOpenerSendersMax = 1024;

enum class MessageKind : uint8_t {
  kTask = 1,
  kBroadcast = 2,
  kPartial = 3,
  kRows = 4,
  kShuffle = 5,
  kWritten = 6,
  kKept = 7,
  kError = 8,
  // A slice of a message that is larger than one envelope should be.
  kPartialSlice = 9,
  kRowsSlice = 10,
  kShuffleSlice = 11,
};

/// Where a message belongs. Partition: {p,0,0,0}; tree node: {level,index,P,F}; shuffle: {p,q,P,Q};
/// task and broadcast: {0,0,0,0}.
struct Place {
  uint64_t a = 0;
  uint64_t b = 0;
  uint64_t c = 0;
  uint64_t d = 0;
  friend bool operator==(const Place&, const Place&) = default;
};

struct EnvelopeContext {
  base::Digest session = {};
  uint64_t stage = 0;
  base::Digest task = {};
  MessageKind kind = MessageKind::kTask;
  Place place;
  friend bool operator==(const EnvelopeContext&, const EnvelopeContext&) = default;
};

struct EnvelopeHeader : EnvelopeContext {
  uint64_t sender = 0;
  uint64_t counter = 0;
  friend bool operator==(const EnvelopeHeader&, const EnvelopeHeader&) = default;
};

/// What the clear header says, believed by nobody until opened. kIntegrity when it is not a header.
base::StatusOr<EnvelopeHeader> ParseEnvelopeHeader(std::string_view sealed);

/// The public name of a session: SHA-256 over fields("soteria/1 session", HKDF(root, "session
/// id")).
base::Digest SessionId(const Secret& session_root);

class Sealer {
 public:
  /// `sender` was given to this process by the master and to nobody else, ever.
  Sealer(const Secret& session_root, const base::Digest& session, uint64_t sender);
  Sealer(const Sealer&) = delete;
  Sealer& operator=(const Sealer&) = delete;
  ~Sealer();

  base::StatusOr<std::string> Seal(uint64_t stage, const base::Digest& task, MessageKind kind,
                                   Place place, std::string_view plain);
  uint64_t sender() const;

 private:
  friend class SealerForTest;
  /// As if `messages` and `bytes` had been sealed already.
  Sealer(const Secret& session_root, const base::Digest& session, uint64_t sender,
         uint64_t messages, uint64_t bytes);
  struct State;
  std::unique_ptr<State> state_;
};

class Opener {
 public:
  Opener(const Secret& session_root, const base::Digest& session);
  Opener(const Opener&) = delete;
  Opener& operator=(const Opener&) = delete;
  ~Opener();

  /// Authentic for the header that it carries. Another session, too: kIntegrity.
  base::StatusOr<std::pair<EnvelopeHeader, std::string>> Open(std::string_view sealed) const;
  /// The plaintext if the message is exactly this one.
  base::StatusOr<std::string> OpenAs(std::string_view sealed, uint64_t stage,
                                     const base::Digest& task, MessageKind kind, Place place) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace soteria::crypto
