// Evidence inside a TLS session, and the owner's proof on later connections (I2).
// docs/formats/channel.md gives the bytes.
//
// The verifier sends a challenge, the prover answers with evidence whose report data covers the
// exporter of this TLS session under the verifier's nonce, both roles, the policy hash and the
// prover's identity key: evidence from another session, or relayed through a machine in the middle,
// doesn't fit (I2).
//
// Threads: these calls send and receive messages, so nobody else may use the channel meanwhile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "src/attest/evidence.h"
#include "src/base/bytes.h"
#include "src/base/env.h"
#include "src/base/status.h"
#include "src/channel/channel.h"
#include "src/crypto/identity.h"
#include "src/crypto/secret.h"
#include "src/policy/admit.h"
#include "src/policy/manifest.h"

namespace soteria::channel {

inline constexpr size_t kNonceBytes = 32;
inline constexpr size_t kExporterBytes = 32;
inline constexpr size_t kIdentityBytesMax = 512;
inline constexpr size_t kOpeningBytesMax = 4 * 1024;
inline constexpr size_t kAnswerBytesMax = attest::kEvidenceBytesMax + 4 * 1024;
inline constexpr size_t kPurposeBytesMax = 64;

/// The master serves a session already: one master, one job.
inline constexpr base::Condition kMasterBusy = {
    "SOTERIA.MASTER_BUSY", "org.apache.spark.SparkException", "", absl::StatusCode::kAborted};
/// The master has ended an earlier session of the same owner, who was gone; a new one may begin.
inline constexpr base::Condition kTakenOver = {
    "SOTERIA.TAKEN_OVER", "org.apache.spark.SparkException", "", absl::StatusCode::kAborted};

/// First byte of the first message on a channel.
enum class OpeningKind : uint8_t {
  kChallenge = 1,    // "prove yourself": fields(nonce, policy hash, verifier's role)
  kResume = 2,       // the owner again: fields(purpose, proof)
  kWorkerJoins = 3,  // a worker wants to join; nothing follows the byte
};

struct Challenge {
  std::string nonce;  // kNonceBytes
  base::Digest policy_hash{};
  policy::Role verifier = policy::Role::kOwner;
};

struct Resume {
  std::string purpose;  // "control", "tunnel"
  std::string proof;
};

struct Opening {
  OpeningKind kind = OpeningKind::kChallenge;
  Challenge challenge;  // for kChallenge
  Resume resume;        // for kResume
};

/// What a verified peer has proven, with what the ledger's head needs to check it offline.
struct Proven {
  attest::Claims claims;
  std::string identity_der;
  std::string evidence;  // encoded
  std::string nonce;
  std::string exporter;
};

/// Verifier: challenges the peer and checks its answer. kEvidence says what differed. Draws a
/// fresh nonce for each call, so it also renews evidence on a channel in use.
base::StatusOr<Proven> VerifyPeer(Channel& channel, policy::Role peer, policy::Role self,
                                  const base::Digest& policy_hash, const policy::TeePolicy& policy,
                                  const attest::Endorsements& endorsements, int64_t time_ms,
                                  base::Random& random);

/// Prover: receives one challenge and answers it; kProtocol for anything else. The caller checks
/// the returned policy hash and role where it knows which to expect.
base::StatusOr<Challenge> ProveSelf(Channel& channel, policy::Role self,
                                    attest::EvidenceSource& source,
                                    const crypto::IdentityKey& identity);

/// The same in two steps, for a server that must look at the first message.
base::StatusOr<Opening> ReceiveOpening(Channel& channel);
base::StatusOr<Opening> ParseOpening(std::string_view message);
base::Status AnswerChallenge(Channel& channel, const Challenge& challenge, policy::Role self,
                             attest::EvidenceSource& source, const crypto::IdentityKey& identity);

/// The byte of kWorkerJoins.
base::Status SendWorkerJoins(Channel& channel);

/// Owner, on a later connection: the whole resume message for `purpose`.
base::Status SendResume(Channel& channel, const crypto::Secret& owner_secret,
                        std::string_view purpose);
/// HMAC-SHA-256(owner secret, fields("soteria/1 resume", purpose, exporter of this channel)).
base::StatusOr<std::string> ResumeProof(const crypto::Secret& owner_secret, Channel& channel,
                                        std::string_view purpose);
/// Master: kUnauthenticated unless the proof is this owner's on this channel for this purpose.
base::Status CheckResume(const crypto::Secret& owner_secret, Channel& channel,
                         const Resume& resume);

/// Owner, to a master that serves an earlier session: HMAC-SHA-256(takeover key, fields("soteria/1
/// takeover", exporter of this channel)).
base::StatusOr<std::string> TakeoverProof(const crypto::Secret& takeover_key, Channel& channel);
/// Master: kUnauthenticated unless the proof is made with this key on this channel.
base::Status CheckTakeover(const crypto::Secret& takeover_key, Channel& channel,
                           std::string_view proof);

/// Master: what it answers after CheckResume, so that the owner knows that this connection ends in
/// the master that holds the owner secret: HMAC-SHA-256(owner secret, fields("soteria/1 resumed",
/// exporter of this channel)). Sent as u8 1 and these 32 bytes.
base::StatusOr<std::string> ResumeAnswer(const crypto::Secret& owner_secret, Channel& channel);
/// Owner: kUnauthenticated unless `answer` is ResumeAnswer's value. Nothing is sent before it
/// holds.
base::Status CheckResumeAnswer(const crypto::Secret& owner_secret, Channel& channel,
                               std::string_view answer);
/// Master sends, owner receives and checks, the message u8 1 | ResumeAnswer.
base::Status SendResumeAnswer(Channel& channel, const crypto::Secret& owner_secret);
base::Status ReceiveResumeAnswer(Channel& channel, const crypto::Secret& owner_secret);

}  // namespace soteria::channel
