#include "src/crypto/envelope.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <mutex>

#include "src/base/check.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/crypto/aead.h"
#include "src/crypto/gcm.h"
#include "src/crypto/hash.h"
#include "src/crypto/nonce_counter.h"

namespace soteria::crypto {
namespace {

constexpr std::string_view kMagic = "SOTE1";
constexpr size_t kSenderKeyBytes = 32;
// Places in the header; bytes 6 and 7 are zero.
constexpr size_t kKindAt = 5;
constexpr size_t kReservedAt = 6;
constexpr size_t kSessionAt = 8;
constexpr size_t kStageAt = 40;
constexpr size_t kTaskAt = 48;
constexpr size_t kPlaceAt = 80;
constexpr size_t kSenderAt = 112;
constexpr size_t kCounterAt = 120;
static_assert(kCounterAt + 8 == kEnvelopeHeaderBytes);
static_assert(kEnvelopeOverheadBytes == kEnvelopeHeaderBytes + kAeadTagBytes);

base::Status Refused() {
  return base::Fail(base::kIntegrity, "a sealed message doesn't authenticate for its place");
}

void WriteHeader(const EnvelopeHeader& header, char* out) {
  std::memcpy(out, kMagic.data(), kMagic.size());
  out[kKindAt] = static_cast<char>(header.kind);
  out[kReservedAt] = out[kReservedAt + 1] = 0;
  std::memcpy(out + kSessionAt, header.session.data(), header.session.size());
  base::PutLe64(header.stage, out + kStageAt);
  std::memcpy(out + kTaskAt, header.task.data(), header.task.size());
  base::PutLe64(header.place.a, out + kPlaceAt);
  base::PutLe64(header.place.b, out + kPlaceAt + 8);
  base::PutLe64(header.place.c, out + kPlaceAt + 16);
  base::PutLe64(header.place.d, out + kPlaceAt + 24);
  base::PutLe64(header.sender, out + kSenderAt);
  base::PutLe64(header.counter, out + kCounterAt);
}

/// The 96-bit counter, most significant byte first.
std::array<char, kAeadNonceBytes> NonceOf(uint64_t counter) {
  std::array<char, kAeadNonceBytes> nonce = {};
  for (size_t i = 0; i < 8; ++i) nonce[11 - i] = static_cast<char>(counter >> (8 * i) & 255U);
  return nonce;
}

Secret SenderKey(const Secret& session_root, uint64_t sender) {
  base::FieldWriter context;
  context.AddU64(sender);
  return Hkdf(session_root, "send", context.bytes(), kSenderKeyBytes);
}

bool KnownKind(uint8_t kind) {
  return kind >= static_cast<uint8_t>(MessageKind::kTask) &&
         kind <= static_cast<uint8_t>(MessageKind::kShuffleSlice);
}

}  // namespace

base::StatusOr<EnvelopeHeader> ParseEnvelopeHeader(std::string_view sealed) {
  if (sealed.size() < kEnvelopeOverheadBytes || sealed.size() > kSealedBytesMax ||
      sealed.substr(0, kMagic.size()) != kMagic ||
      !KnownKind(static_cast<uint8_t>(sealed[kKindAt])) || sealed[kReservedAt] != 0 ||
      sealed[kReservedAt + 1] != 0) {
    return base::Fail(base::kIntegrity, "not a sealed message");
  }
  const char* const at = sealed.data();
  EnvelopeHeader header;
  header.kind = static_cast<MessageKind>(at[kKindAt]);
  std::memcpy(header.session.data(), at + kSessionAt, header.session.size());
  header.stage = base::GetLe64(at + kStageAt);
  std::memcpy(header.task.data(), at + kTaskAt, header.task.size());
  header.place = {base::GetLe64(at + kPlaceAt), base::GetLe64(at + kPlaceAt + 8),
                  base::GetLe64(at + kPlaceAt + 16), base::GetLe64(at + kPlaceAt + 24)};
  header.sender = base::GetLe64(at + kSenderAt);
  header.counter = base::GetLe64(at + kCounterAt);
  return header;
}

base::Digest SessionId(const Secret& session_root) {
  const Secret name = Hkdf(session_root, "session id", "", kSenderKeyBytes);
  base::FieldWriter fields;
  fields.Add("soteria/1 session").Add(name.Expose());
  std::string bytes = fields.Take();
  const base::Digest id = Sha256(bytes);
  Wipe(bytes);
  return id;
}

struct Sealer::State {
  State(const Secret& root, const base::Digest& session_id, uint64_t number, uint64_t messages,
        uint64_t bytes)
      : session(session_id),
        sender(number),
        counter(messages, bytes),
        contexts(SenderKey(root, number), Direction::kSeal) {}

  const base::Digest session;
  const uint64_t sender;
  NonceCounter counter;
  GcmPool contexts;
};

Sealer::Sealer(const Secret& session_root, const base::Digest& session, uint64_t sender)
    : Sealer(session_root, session, sender, 0, 0) {}

Sealer::Sealer(const Secret& session_root, const base::Digest& session, uint64_t sender,
               uint64_t messages, uint64_t bytes)
    : state_(std::make_unique<State>(session_root, session, sender, messages, bytes)) {}

Sealer::~Sealer() = default;

uint64_t Sealer::sender() const { return state_->sender; }

base::StatusOr<std::string> Sealer::Seal(uint64_t stage, const base::Digest& task, MessageKind kind,
                                         Place place, std::string_view plain) {
  if (plain.size() > kEnvelopePlainBytesMax) {
    return base::Fail(
        base::kCipherLimit,
        base::Cat("a message of ", plain.size(), " bytes is larger than ", kEnvelopePlainBytesMax));
  }
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t counter, state_->counter.Next(plain.size()));
  EnvelopeHeader header;
  header.session = state_->session;
  header.stage = stage;
  header.task = task;
  header.kind = kind;
  header.place = place;
  header.sender = state_->sender;
  header.counter = counter;
  std::string out(kEnvelopeOverheadBytes + plain.size(), '\0');
  WriteHeader(header, out.data());
  const std::array<char, kAeadNonceBytes> nonce = NonceOf(counter);
  const std::string_view aad = std::string_view(out).substr(0, kEnvelopeHeaderBytes);
  const bool sealed = state_->contexts.Borrow()->Seal({nonce.data(), nonce.size()}, aad, plain,
                                                      out.data() + kEnvelopeHeaderBytes);
  if (!sealed) return base::Fail(base::kInternal, base::Cat("AES-GCM: ", LastError()));
  return out;
}

struct Opener::State {
  State(const Secret& session_root, const base::Digest& session_id)
      : root(session_root.Clone()), session(session_id) {}

  const Secret root;
  const base::Digest session;
  std::mutex mutex;
  std::map<uint64_t, std::shared_ptr<GcmPool>> senders;  // those that sent something authentic

  std::shared_ptr<GcmPool> Find(uint64_t sender) {
    {
      const std::lock_guard<std::mutex> lock(mutex);
      const auto found = senders.find(sender);
      if (found != senders.end()) return found->second;
    }
    return std::make_shared<GcmPool>(SenderKey(root, sender), Direction::kOpen);
  }

  void Remember(uint64_t sender, const std::shared_ptr<GcmPool>& pool) {
    const std::lock_guard<std::mutex> lock(mutex);
    if (senders.size() >= kOpenerSendersMax && !senders.contains(sender)) senders.clear();
    senders.emplace(sender, pool);
  }
};

Opener::Opener(const Secret& session_root, const base::Digest& session)
    : state_(std::make_unique<State>(session_root, session)) {}

Opener::~Opener() = default;

base::StatusOr<std::pair<EnvelopeHeader, std::string>> Opener::Open(std::string_view sealed) const {
  SOTERIA_ASSIGN_OR_RETURN(const EnvelopeHeader header, ParseEnvelopeHeader(sealed));
  if (header.session != state_->session) return Refused();  // I4
  const std::shared_ptr<GcmPool> pool = state_->Find(header.sender);
  const std::array<char, kAeadNonceBytes> nonce = NonceOf(header.counter);
  std::string plain(sealed.size() - kEnvelopeOverheadBytes, '\0');
  const bool authentic =
      pool->Borrow()->Open({nonce.data(), nonce.size()}, sealed.substr(0, kEnvelopeHeaderBytes),
                           sealed.substr(kEnvelopeHeaderBytes), plain.data());
  if (!authentic) return Refused();
  state_->Remember(header.sender, pool);
  return std::pair(header, std::move(plain));
}

base::StatusOr<std::string> Opener::OpenAs(std::string_view sealed, uint64_t stage,
                                           const base::Digest& task, MessageKind kind,
                                           Place place) const {
  SOTERIA_ASSIGN_OR_RETURN(auto opened, Open(sealed));
  const EnvelopeContext expected = {state_->session, stage, task, kind, place};
  if (static_cast<const EnvelopeContext&>(opened.first) != expected) {
    Wipe(opened.second);
    return Refused();
  }
  return std::move(opened.second);
}

}  // namespace soteria::crypto
