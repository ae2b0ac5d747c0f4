#include "src/client/ledger_check.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>

#include "src/attest/binding.h"
#include "src/attest/evidence.h"
#include "src/base/bytes.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/channel/attested.h"
#include "src/client/paths.h"
#include "src/client/run.h"
#include "src/ledger/versions.h"
#include "src/policy/admit.h"

namespace soteria::client {
namespace {

constexpr int kManifestMode = 0600;
constexpr size_t kShortHexChars = 16;

std::string ManifestName(const base::Digest& digest) {
  return base::Cat(base::Hex(base::View(digest)), ".toml");
}

// The Manifest with that digest; empty where it isn't at hand. A copy that was damaged isn't it,
// and says nothing of the ledger.
base::StatusOr<std::optional<policy::Manifest>> FindManifest(
    Owner& owner, const std::vector<policy::Manifest>& given, const base::Digest& digest) {
  for (const policy::Manifest& manifest : given) {
    if (manifest.digest == digest) return std::optional(manifest);
  }
  base::StatusOr<std::string> text = owner.files.ReadAll(
      owner.home.manifests_dir(), ManifestName(digest), policy::kManifestBytesMax);
  if (!text.ok()) return std::optional<policy::Manifest>();
  base::StatusOr<policy::Manifest> manifest = policy::ParseManifest(*text);
  if (!manifest.ok() || manifest->digest != digest) return std::optional<policy::Manifest>();
  return std::optional(*std::move(manifest));
}

// The admissions of a session under the Manifest that it ran under.
base::Status CheckWorkers(const ledger::SessionReport& session, const policy::Manifest& manifest) {
  uint64_t admitted = 0;
  uint64_t sender = 0;
  size_t number = session.first;
  const auto refuse = [&number](std::string_view why) {
    return base::Fail(base::kEvidence, base::Cat("entry ", number, ": ", why));
  };
  for (const ledger::Entry& entry : session.entries) {
    if (const auto* worker = std::get_if<ledger::Admission>(&entry.event)) {
      const base::Status status = CheckAdmission(*worker, manifest.tee);
      if (!status.ok()) return refuse(base::Message(status));
      if (worker->sender <= sender) return refuse("a worker's number was given out before");
      if (++admitted > manifest.max_workers) return refuse("more workers than max_workers");
      sender = worker->sender;
    }
    const auto* end = std::get_if<ledger::End>(&entry.event);
    // Ledgers of before had no entries of workers.
    if (end != nullptr && admitted > 0 && end->workers_admitted != admitted) {
      return refuse("the session's end counts other workers than were admitted");
    }
    ++number;
  }
  return base::OkStatus();
}

}  // namespace

base::Status CheckAdmission(const ledger::Admission& admission, const policy::TeePolicy& policy) {
  const auto kind = attest::ParseTeeKind(admission.tee);
  const auto& measurements = policy.worker_measurements;
  if (!kind.ok() ||
      std::find(policy.kinds.begin(), policy.kinds.end(), *kind) == policy.kinds.end()) {
    return base::Fail(base::kEvidence, "a worker of a TEE kind that the Manifest doesn't admit");
  }
  if (std::find(measurements.begin(), measurements.end(), admission.measurement) ==
      measurements.end()) {
    return base::Fail(base::kEvidence, base::Cat("a worker whose measurement ",
                                                 base::Hex(base::View(admission.measurement)),
                                                 " isn't in the Manifest's [tee] worker"));
  }
  return base::OkStatus();
}

base::Status KeepManifest(Owner& owner, const policy::Manifest& manifest) {
  SOTERIA_RETURN_IF_ERROR(owner.files.MakeDirs(owner.home.manifests_dir()));
  return owner.files.WriteAtomically(owner.home.manifests_dir(), ManifestName(manifest.digest),
                                     manifest.text, kManifestMode);
}

base::StatusOr<attest::Claims> CheckHeadEvidence(const ledger::Head& head,
                                                 const policy::Manifest& manifest,
                                                 int64_t time_ms) {
  if (head.manifest != manifest.digest) {
    return base::Fail(base::kEvidence, "the session ran under another Manifest");
  }
  if (head.nonce.size() != channel::kNonceBytes) {
    return base::Fail(base::kEvidence, "the challenge's nonce has another length");
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
  SOTERIA_RETURN_IF_ERROR(
      policy::Admit(claims, policy::Role::kMaster, attest::ReportData(binding), manifest.tee));
  return claims;
}

base::StatusOr<CheckedLedger> CheckLedger(Owner& owner, const crypto::Secret* user_key,
                                          const LedgerPlace& place) {
  auto [folder, name] = place.path.has_value()
                            ? SplitPath(*place.path)
                            : std::pair(owner.home.dir, std::string(Home::kLedger));
  base::StatusOr<std::string> bytes = owner.files.ReadAll(folder, name, ledger::kLedgerBytesMax);
  if (base::Is(bytes.status(), base::kPathNotFound) && user_key != nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(
        const auto versions,
        ledger::Versions::OpenReadOnly(owner.files, owner.home.dir, Home::kVersions, *user_key));
    if (versions->anchor().head == versions->anchor().origin) {
      return base::Fail(base::kInput, base::Cat("there is no ledger in ", owner.home.dir,
                                                " yet: it begins with the first soteria run"));
    }
    return base::Fail(base::kIntegrity,
                      base::Cat("the ledger ", folder, "/", name,
                                " is gone, and the version record knows its last entry. Put a copy "
                                "of it back"));
  }
  if (!bytes.ok()) {
    return base::Fail(base::kInput, base::Cat("cannot read the ledger ", folder, "/", name, ": ",
                                              base::Message(bytes.status())));
  }
  CheckedLedger checked;
  std::unique_ptr<ledger::Versions> versions;
  if (!place.path.has_value() && user_key != nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(versions, ledger::Versions::OpenReadOnly(owner.files, owner.home.dir,
                                                                      Home::kVersions, *user_key));
    checked.anchored = true;
  }
  int64_t now_ms = owner.clock.NowMs();
  auto check = [&](const ledger::Head& head) -> base::Status {
    auto& manifest = checked.manifests.emplace_back();
    SOTERIA_ASSIGN_OR_RETURN(manifest, FindManifest(owner, place.manifests, head.manifest));
    if (!manifest.has_value()) {
      ++checked.evidence_unchecked;
      return base::OkStatus();
    }
    return CheckHeadEvidence(head, *manifest, now_ms).status();
  };
  checked.report =
      ledger::VerifyLedger(*bytes, versions == nullptr ? nullptr : &versions->anchor(), check);
  for (size_t i = 0; i < checked.report.sessions.size(); ++i) {
    if (!checked.manifests[i].has_value()) continue;
    const base::Status workers = CheckWorkers(checked.report.sessions[i], *checked.manifests[i]);
    if (workers.ok() || checked.report.verdict == ledger::Verdict::kBroken) continue;
    checked.report.verdict = ledger::Verdict::kBroken;
    checked.report.reason = base::Message(workers);
  }
  return checked;
}

std::vector<std::string> Unproven(const CheckedLedger& checked) {
  std::vector<std::string> found;
  if (!checked.anchored) {
    found.emplace_back(
        "not compared with the owner's version record: entries or sessions that are missing at the "
        "end, and another ledger that branches off from this one, would go unnoticed");
    if (checked.report.entries > 0 && checked.report.origin != base::Digest{}) {
      found.emplace_back(
          "the first entry follows one that isn't in this file: what stood before it is elsewhere, "
          "or was cut away");
    }
  }
  size_t simulated = 0;
  for (size_t i = 0; i < checked.report.sessions.size(); ++i) {
    const ledger::SessionReport& session = checked.report.sessions[i];
    simulated += session.head.build == "simulated" ? 1U : 0U;
    if (i >= checked.manifests.size() || checked.manifests[i].has_value()) continue;
    found.push_back(base::Cat(
        "session ", base::Hex(base::View(session.session)).substr(0, kShortHexChars),
        ": its Manifest isn't at hand (SHA-256 ", base::Hex(base::View(session.head.manifest)),
        "), so nothing shows that an enclave signed its entries; give --manifest FILE"));
  }
  if (simulated > 0) {
    found.push_back(base::Cat("NOT PROTECTED: ", simulated,
                              simulated == 1 ? " session" : " sessions",
                              " in simulated enclaves, whose evidence anybody with the cluster's "
                              "key can make"));
  }
  return found;
}

int VerifyExitCode(const CheckedLedger& checked) {
  if (checked.report.verdict == ledger::Verdict::kBroken) return kExitFailed;
  if (checked.report.verdict == ledger::Verdict::kCutOff) return kExitCutOff;
  return checked.evidence_unchecked > 0 ? kExitUnproven : kExitOk;
}

}  // namespace soteria::client
