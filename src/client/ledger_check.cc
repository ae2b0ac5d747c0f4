#include "src/client/ledger_check.h"

#include "src/attest/binding.h"
#include "src/attest/evidence.h"
#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/client/paths.h"
#include "src/ledger/versions.h"
#include "src/policy/admit.h"

namespace soteria::client {
namespace {

constexpr int kManifestMode = 0600;

std::string ManifestName(const base::Digest& digest) {
  return base::Cat(base::Hex(base::View(digest)), ".toml");
}

}  // namespace

base::Status KeepManifest(Owner& owner, const policy::Manifest& manifest) {
  SOTERIA_RETURN_IF_ERROR(owner.files.MakeDirs(owner.home.manifests_dir()));
  return owner.files.WriteAtomically(owner.home.manifests_dir(), ManifestName(manifest.digest),
                                     manifest.text, kManifestMode);
}

base::Status CheckHeadEvidence(const ledger::Head& head, const policy::Manifest& manifest,
                               int64_t time_ms) {
  if (head.manifest != manifest.digest) {
    return base::Fail(base::kEvidence, "the session ran under another Manifest");
  }
  SOTERIA_ASSIGN_OR_RETURN(attest::Evidence evidence, attest::ParseEvidence(head.evidence));
  SOTERIA_ASSIGN_OR_RETURN(attest::Claims claims,
                           attest::Verify(evidence, policy::EndorsementsOf(manifest.tee), time_ms));
  attest::Binding binding;
  binding.prover_role = policy::RoleName(policy::Role::kMaster);
  binding.verifier_role = policy::RoleName(policy::Role::kOwner);
  binding.exporter = head.exporter;
  binding.policy_hash = manifest.digest;
  binding.identity_der = head.identity;
  return policy::Admit(claims, policy::Role::kMaster, attest::ReportData(binding), manifest.tee);
}

base::StatusOr<CheckedLedger> CheckLedger(Owner& owner, const crypto::Secret* user_key,
                                          const std::optional<std::string>& path) {
  auto [folder, name] =
      path.has_value() ? SplitPath(*path) : std::pair(owner.home.dir, std::string(Home::kLedger));
  base::StatusOr<std::string> bytes = owner.files.ReadAll(folder, name, ledger::kLedgerBytesMax);
  if (!bytes.ok()) {
    return base::Fail(base::kInput, base::Cat("cannot read the ledger ", folder, "/", name, ": ",
                                              base::Message(bytes.status())));
  }
  CheckedLedger checked;
  std::unique_ptr<ledger::Versions> versions;
  if (!path.has_value() && user_key != nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(versions, ledger::Versions::OpenReadOnly(owner.files, owner.home.dir,
                                                                      Home::kVersions, *user_key));
    checked.anchored = true;
  }
  int64_t now_ms = owner.clock.NowMs();
  auto check = [&owner, &checked, now_ms](const ledger::Head& head) -> base::Status {
    base::StatusOr<std::string> text = owner.files.ReadAll(
        owner.home.manifests_dir(), ManifestName(head.manifest), policy::kManifestBytesMax);
    if (!text.ok()) {
      ++checked.evidence_unchecked;
      return base::OkStatus();
    }
    SOTERIA_ASSIGN_OR_RETURN(policy::Manifest manifest, policy::ParseManifest(*text));
    return CheckHeadEvidence(head, manifest, now_ms);
  };
  checked.report =
      ledger::VerifyLedger(*bytes, versions == nullptr ? nullptr : &versions->anchor(), check);
  return checked;
}

}  // namespace soteria::client
