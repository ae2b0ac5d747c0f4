#include "src/channel/attested.h"

#include <array>
#include <initializer_list>
#include <utility>

#include "src/attest/binding.h"
#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/crypto/hash.h"

namespace soteria::channel {
namespace {

constexpr std::string_view kEvidenceLabel = "EXPORTER-soteria-evidence";
constexpr std::string_view kResumeLabel = "EXPORTER-soteria-resume";
constexpr size_t kProofBytes = 32;

base::Status Malformed(std::string_view what) {
  return base::Fail(base::kProtocol, base::Cat("malformed message: ", what));
}

std::string WithKind(OpeningKind kind, std::string_view rest) {
  std::string message(1, static_cast<char>(kind));
  message += rest;
  return message;
}

std::string EncodeChallenge(const Challenge& challenge) {
  base::FieldWriter fields;
  fields.Add(challenge.nonce)
      .Add(base::View(challenge.policy_hash))
      .Add(policy::RoleName(challenge.verifier));
  return WithKind(OpeningKind::kChallenge, fields.bytes());
}

base::StatusOr<Challenge> ParseChallenge(std::string_view bytes) {
  base::FieldReader reader(bytes);
  Challenge challenge;
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view nonce, reader.Next());
  if (nonce.size() != kNonceBytes) return Malformed("a nonce of another size");
  challenge.nonce = std::string(nonce);
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view policy_hash, reader.Next());
  if (policy_hash.size() != challenge.policy_hash.size()) {
    return Malformed("a policy hash of another size");
  }
  SOTERIA_ASSIGN_OR_RETURN(challenge.policy_hash, base::ToDigest(policy_hash));
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view role, reader.Next());
  SOTERIA_ASSIGN_OR_RETURN(challenge.verifier, policy::ParseRole(role));
  SOTERIA_RETURN_IF_ERROR(reader.Finish());
  return challenge;
}

base::StatusOr<Resume> ParseResume(std::string_view bytes) {
  base::FieldReader reader(bytes);
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view purpose, reader.Next());
  if (purpose.empty() || purpose.size() > kPurposeBytesMax) return Malformed("purpose");
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view proof, reader.Next());
  if (proof.size() != kProofBytes) return Malformed("a proof of another size");
  SOTERIA_RETURN_IF_ERROR(reader.Finish());
  return Resume{std::string(purpose), std::string(proof)};
}

// What the prover's evidence must be about.
base::StatusOr<std::string> ExpectedReportData(Channel& channel, const Challenge& challenge,
                                               policy::Role prover, std::string_view identity_der,
                                               std::string* exporter) {
  SOTERIA_ASSIGN_OR_RETURN(*exporter,
                           channel.ExportKey(kEvidenceLabel, challenge.nonce, kExporterBytes));
  attest::Binding binding;
  binding.prover_role = policy::RoleName(prover);
  binding.verifier_role = policy::RoleName(challenge.verifier);
  binding.exporter = *exporter;
  binding.policy_hash = challenge.policy_hash;
  binding.identity_der = identity_der;
  return attest::ReportData(binding);
}

base::StatusOr<std::string> ChannelMac(const crypto::Secret& key, Channel& channel,
                                       std::initializer_list<std::string_view> labels) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string exporter,
                           channel.ExportKey(kResumeLabel, "", kExporterBytes));
  base::FieldWriter fields;
  for (const std::string_view label : labels) fields.Add(label);
  fields.Add(exporter);
  return std::string(base::View(crypto::HmacSha256(key, fields.bytes())));
}

base::Status Unauthenticated(std::string_view what) {
  return base::Fail(base::kUnauthenticated, std::string(what));
}

}  // namespace

base::StatusOr<Proven> VerifyPeer(Channel& channel, policy::Role peer, policy::Role self,
                                  const base::Digest& policy_hash, const policy::TeePolicy& policy,
                                  const attest::Endorsements& endorsements, int64_t time_ms,
                                  base::Random& random) {
  Challenge challenge;
  challenge.policy_hash = policy_hash;
  challenge.verifier = self;
  std::array<uint8_t, kNonceBytes> nonce;
  SOTERIA_RETURN_IF_ERROR(random.Fill(nonce));
  challenge.nonce.assign(nonce.begin(), nonce.end());
  SOTERIA_RETURN_IF_ERROR(channel.Send(EncodeChallenge(challenge)));

  SOTERIA_ASSIGN_OR_RETURN(const std::string answer, channel.Receive(kAnswerBytesMax));
  base::FieldReader reader(answer);
  Proven proven;
  proven.nonce = challenge.nonce;
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view evidence_bytes, reader.Next());
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view identity, reader.Next());
  SOTERIA_RETURN_IF_ERROR(reader.Finish());
  if (identity.empty() || identity.size() > kIdentityBytesMax) return Malformed("identity key");
  proven.evidence = std::string(evidence_bytes);
  proven.identity_der = std::string(identity);

  // I2: both must hold before the caller sends any secret.
  SOTERIA_ASSIGN_OR_RETURN(const attest::Evidence evidence, attest::ParseEvidence(evidence_bytes));
  SOTERIA_ASSIGN_OR_RETURN(proven.claims, attest::Verify(evidence, endorsements, time_ms));
  SOTERIA_ASSIGN_OR_RETURN(
      const std::string expected,
      ExpectedReportData(channel, challenge, peer, proven.identity_der, &proven.exporter));
  SOTERIA_RETURN_IF_ERROR(policy::Admit(proven.claims, peer, expected, policy));
  return proven;
}

base::StatusOr<Challenge> ProveSelf(Channel& channel, policy::Role self,
                                    attest::EvidenceSource& source,
                                    const crypto::IdentityKey& identity) {
  SOTERIA_ASSIGN_OR_RETURN(Opening opening, ReceiveOpening(channel));
  if (opening.kind != OpeningKind::kChallenge) {
    return base::Fail(base::kProtocol, "expected a challenge");
  }
  SOTERIA_RETURN_IF_ERROR(AnswerChallenge(channel, opening.challenge, self, source, identity));
  return std::move(opening.challenge);
}

base::StatusOr<Opening> ReceiveOpening(Channel& channel) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string message, channel.Receive(kOpeningBytesMax));
  return ParseOpening(message);
}

base::StatusOr<Opening> ParseOpening(std::string_view message) {
  if (message.empty()) return Malformed("an empty opening");
  if (message.size() > kOpeningBytesMax) return Malformed("an opening that is too long");
  const std::string_view rest = message.substr(1);
  const auto kind = static_cast<unsigned char>(message[0]);
  Opening opening;
  if (kind == static_cast<uint8_t>(OpeningKind::kChallenge)) {
    opening.kind = OpeningKind::kChallenge;
    SOTERIA_ASSIGN_OR_RETURN(opening.challenge, ParseChallenge(rest));
  } else if (kind == static_cast<uint8_t>(OpeningKind::kResume)) {
    opening.kind = OpeningKind::kResume;
    SOTERIA_ASSIGN_OR_RETURN(opening.resume, ParseResume(rest));
  } else if (kind == static_cast<uint8_t>(OpeningKind::kWorkerJoins)) {
    opening.kind = OpeningKind::kWorkerJoins;
    if (!rest.empty()) return Malformed("bytes after a worker's opening");
  } else {
    return Malformed("an opening of unknown kind");
  }
  return opening;
}

base::Status AnswerChallenge(Channel& channel, const Challenge& challenge, policy::Role self,
                             attest::EvidenceSource& source, const crypto::IdentityKey& identity) {
  if (self == policy::Role::kOwner || self == challenge.verifier) {
    return base::Fail(base::kProtocol,
                      base::Cat("a challenge by the role ", policy::RoleName(challenge.verifier),
                                " to the role ", policy::RoleName(self)));
  }
  const std::string identity_der = identity.public_der();
  std::string exporter;
  SOTERIA_ASSIGN_OR_RETURN(const std::string report_data,
                           ExpectedReportData(channel, challenge, self, identity_der, &exporter));
  SOTERIA_ASSIGN_OR_RETURN(const attest::Evidence evidence, source.Get(report_data));
  base::FieldWriter answer;
  answer.Add(attest::EncodeEvidence(evidence)).Add(identity_der);
  return channel.Send(answer.bytes());
}

base::Status SendWorkerJoins(Channel& channel) {
  return channel.Send(WithKind(OpeningKind::kWorkerJoins, ""));
}

base::Status SendResume(Channel& channel, const crypto::Secret& owner_secret,
                        std::string_view purpose) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string proof, ResumeProof(owner_secret, channel, purpose));
  base::FieldWriter fields;
  fields.Add(purpose).Add(proof);
  return channel.Send(WithKind(OpeningKind::kResume, fields.bytes()));
}

base::StatusOr<std::string> ResumeProof(const crypto::Secret& owner_secret, Channel& channel,
                                        std::string_view purpose) {
  return ChannelMac(owner_secret, channel, {"soteria/1 resume", purpose});
}

base::Status CheckResume(const crypto::Secret& owner_secret, Channel& channel,
                         const Resume& resume) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string expected,
                           ResumeProof(owner_secret, channel, resume.purpose));
  if (!crypto::ConstantTimeEqual(expected, resume.proof)) {
    return Unauthenticated("this connection isn't the owner's");
  }
  return base::OkStatus();
}

base::StatusOr<std::string> TakeoverProof(const crypto::Secret& takeover_key, Channel& channel) {
  return ChannelMac(takeover_key, channel, {"soteria/1 takeover"});
}

base::Status CheckTakeover(const crypto::Secret& takeover_key, Channel& channel,
                           std::string_view proof) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string expected, TakeoverProof(takeover_key, channel));
  if (!crypto::ConstantTimeEqual(expected, proof)) {
    return Unauthenticated("this connection isn't of the owner of the running session");
  }
  return base::OkStatus();
}

base::StatusOr<std::string> ResumeAnswer(const crypto::Secret& owner_secret, Channel& channel) {
  return ChannelMac(owner_secret, channel, {"soteria/1 resumed"});
}

base::Status CheckResumeAnswer(const crypto::Secret& owner_secret, Channel& channel,
                               std::string_view answer) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string expected, ResumeAnswer(owner_secret, channel));
  if (!crypto::ConstantTimeEqual(expected, answer)) {
    return Unauthenticated("this connection doesn't end in the master that was verified");
  }
  return base::OkStatus();
}

base::Status SendResumeAnswer(Channel& channel, const crypto::Secret& owner_secret) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string answer, ResumeAnswer(owner_secret, channel));
  return channel.Send("\x01" + answer);
}

base::Status ReceiveResumeAnswer(Channel& channel, const crypto::Secret& owner_secret) {
  SOTERIA_ASSIGN_OR_RETURN(const std::string message, channel.Receive(1 + kProofBytes));
  if (!message.starts_with('\x01')) return Malformed("a resume answer of unknown kind");
  return CheckResumeAnswer(owner_secret, channel, std::string_view(message).substr(1));
}

}  // namespace soteria::channel
