#include "src/master/provisioned.h"

#include <utility>

#include "soteria/session.pb.h"
#include "src/attest/binding.h"
#include "src/base/errors.h"
#include "src/base/text.h"

namespace soteria::master {
namespace {

constexpr size_t kIdBytes = 16;
constexpr size_t kDatasetKeyBytes = 16;
constexpr size_t kSecretBytes = 32;

base::Status Malformed(std::string_view what) {
  return base::Fail(base::kProtocol, base::Cat("Provisioning message: ", what));
}

base::StatusOr<crypto::Secret> TakeSecret(std::string* bytes, size_t size, std::string_view name) {
  if (bytes->size() != size) {
    return Malformed(base::Cat(name, " has ", bytes->size(), " bytes, not ", size));
  }
  return crypto::Secret::Adopt(std::move(*bytes));
}

base::Status TakeKeys(session::Provision* message, Provisioned* out) {
  for (session::DatasetKey& key : *message->mutable_keys()) {
    if (key.id().size() != kIdBytes) return Malformed("a key's id isn't 16 bytes");
    SOTERIA_ASSIGN_OR_RETURN(auto secret,
                             TakeSecret(key.mutable_key(), kDatasetKeyBytes, "a data set key"));
    if (!out->keys.emplace(key.id(), std::move(secret)).second) {
      return Malformed("two keys for one id");
    }
  }
  return base::OkStatus();
}

base::Status TakeVersions(const session::Provision& message, Provisioned* out) {
  for (const session::VersionRecord& record : message.versions()) {
    ledger::VersionRecord known;
    known.id = record.id();
    known.version = record.version();
    known.spent = record.spent();
    SOTERIA_ASSIGN_OR_RETURN(known.index, base::ToDigest(record.index_digest()));
    if (known.id.size() != kIdBytes) return Malformed("a version record's id isn't 16 bytes");
    out->versions.emplace(known.id, std::move(known));
  }
  return base::OkStatus();
}

/// Exactly one key for each root that the Manifest lists.
base::Status CheckKeys(const Provisioned& provisioned) {
  size_t listed = 0;
  const auto check = [&](const std::string& hex, const std::string& path) -> base::Status {
    SOTERIA_ASSIGN_OR_RETURN(std::string id, RootId(hex));
    ++listed;
    if (provisioned.keys.contains(id)) return base::OkStatus();
    return base::Fail(base::kKey, base::Cat("No key came with the Manifest for ", path));
  };
  for (const auto& rule : provisioned.manifest.read) {
    SOTERIA_RETURN_IF_ERROR(check(rule.id, rule.path));
  }
  for (const auto& rule : provisioned.manifest.write) {
    SOTERIA_RETURN_IF_ERROR(check(rule.id, rule.path));
  }
  if (listed != provisioned.keys.size()) {
    return base::Fail(base::kKey, "A key came that no rule of the Manifest lists");
  }
  return base::OkStatus();
}

}  // namespace

base::StatusOr<std::string> RootId(const std::string& hex) {
  SOTERIA_ASSIGN_OR_RETURN(std::string id, base::FromHex(hex));
  if (id.size() != kIdBytes) return base::Fail(base::kManifest, "an id isn't 16 bytes");
  return id;
}

base::StatusOr<Provisioned> ParseProvision(std::string_view bytes,
                                           const base::Digest& policy_hash) {
  if (bytes.size() > kProvisionBytesMax) return Malformed("too large");
  session::Provision message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Malformed("not a Provision message");
  }
  if (attest::PolicyHash(message.manifest()) != policy_hash) {
    return base::Fail(base::kManifest, "The Manifest isn't the one whose hash was challenged");
  }
  Provisioned out;
  SOTERIA_ASSIGN_OR_RETURN(out.manifest, policy::ParseManifest(message.manifest()));
  SOTERIA_ASSIGN_OR_RETURN(
      out.owner_secret, TakeSecret(message.mutable_owner_secret(), kSecretBytes, "owner secret"));
  SOTERIA_ASSIGN_OR_RETURN(
      out.ledger_mac_key, TakeSecret(message.mutable_ledger_mac_key(), kSecretBytes, "ledger key"));
  SOTERIA_ASSIGN_OR_RETURN(
      out.takeover_key, TakeSecret(message.mutable_takeover_key(), kSecretBytes, "takeover key"));
  const size_t token_bytes = message.bearer_token().size();
  if (token_bytes < kTokenBytesMin || token_bytes > kTokenBytesMax) {
    return Malformed(base::Cat("bearer token of ", token_bytes, " bytes"));
  }
  out.token = crypto::Secret::Adopt(std::move(*message.mutable_bearer_token()));
  SOTERIA_RETURN_IF_ERROR(TakeKeys(&message, &out));
  SOTERIA_RETURN_IF_ERROR(TakeVersions(message, &out));
  SOTERIA_RETURN_IF_ERROR(CheckKeys(out));
  if (!message.ledger_head().empty()) {
    SOTERIA_ASSIGN_OR_RETURN(out.ledger_head, base::ToDigest(message.ledger_head()));
  }
  out.owner_time_ms = message.time_ms();
  out.evidence = message.evidence();
  out.nonce = message.evidence_nonce();
  out.exporter = message.evidence_exporter();
  return out;
}

base::StatusOr<std::string> ParseTakeover(std::string_view bytes) {
  session::Takeover message;
  if (bytes.size() > kTakeoverBytesMax ||
      !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return base::Fail(base::kProtocol, "not a Takeover message");
  }
  return std::move(*message.mutable_proof());
}

}  // namespace soteria::master
