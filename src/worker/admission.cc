#include "src/worker/admission.h"

#include <string_view>

#include "soteria/session.pb.h"
#include "src/base/errors.h"
#include "src/channel/attested.h"
#include "src/policy/admit.h"
#include "src/policy/manifest.h"

namespace soteria::worker {
namespace {

constexpr size_t kIdBytes = 16;

base::StatusOr<Admitted> TakeSecrets(session::Admission& admission) {
  SOTERIA_ASSIGN_OR_RETURN(
      crypto::Secret root,
      crypto::Secret::Take(std::move(*admission.mutable_session_root()), kSessionRootBytes));
  Admitted admitted{std::move(root), admission.sender(), {}};
  if (static_cast<size_t>(admission.keys_size()) > kAdmissionKeysMax) {
    return base::Fail(base::kProtocol, "an admission has too many keys");
  }
  for (session::DatasetKey& key : *admission.mutable_keys()) {
    SOTERIA_ASSIGN_OR_RETURN(crypto::Secret secret,
                             crypto::Secret::Take(std::move(*key.mutable_key()), 16));
    if (key.id().size() != kIdBytes) {
      return base::Fail(base::kProtocol, "a data set's id has 16 bytes");
    }
    admitted.keys.emplace_back(key.id(), std::move(secret));
  }
  // 0 is the master's own number: two sealers under one key would repeat nonces.
  if (admitted.sender == 0) return base::Fail(base::kProtocol, "a worker can't be sender 0");
  return admitted;
}

}  // namespace

base::StatusOr<Admitted> Join(channel::Channel& channel, const Applicant& applicant) {
  SOTERIA_RETURN_IF_ERROR(channel::SendWorkerJoins(channel));
  SOTERIA_ASSIGN_OR_RETURN(
      const channel::Challenge challenge,
      channel::ProveSelf(channel, policy::Role::kWorker, applicant.evidence, applicant.identity));
  SOTERIA_ASSIGN_OR_RETURN(std::string message, channel.Receive(kAdmissionBytesMax));
  session::Admission admission;
  const bool parsed = admission.ParseFromString(message);
  crypto::Wipe(message);
  if (!parsed) return base::Fail(base::kProtocol, "an admission can't be parsed");
  SOTERIA_ASSIGN_OR_RETURN(Admitted admitted, TakeSecrets(admission));
  SOTERIA_ASSIGN_OR_RETURN(const policy::Manifest manifest,
                           policy::ParseManifest(admission.manifest()));
  if (challenge.policy_hash != manifest.digest ||
      admission.policy_hash() != base::View(manifest.digest)) {
    return base::Fail(base::kEvidence, "the master challenged under another Manifest than it sent");
  }
  if (!applicant.kernel_level.empty() && applicant.kernel_level != admission.kernel_level()) {
    return base::Fail(base::kEvidence, "this machine doesn't run the session's kernel level");
  }
  SOTERIA_RETURN_IF_ERROR(channel::VerifyPeer(
      channel, policy::Role::kMaster, policy::Role::kWorker, manifest.digest, manifest.tee,
      policy::EndorsementsOf(manifest.tee), admission.time_ms(), applicant.random));
  SOTERIA_RETURN_IF_ERROR(channel.Send(std::string_view(&kReadyByte, 1)));
  return admitted;
}

}  // namespace soteria::worker
