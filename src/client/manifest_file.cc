#include "src/client/manifest_file.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/client/cluster.h"
#include "src/client/command.h"
#include "src/client/paths.h"
#include "src/client/remote_roots.h"
#include "src/client/root.h"
#include "src/ledger/versions.h"
#include "src/policy/path.h"
#include "src/storage/format.h"

namespace soteria::client {
namespace {

constexpr char kRootsFile[] = "roots.json";
constexpr uint64_t kRootsBytesMax = 16 * 1024 * 1024;
constexpr size_t kMeasureBytesMax = 256;
constexpr int kManifestMode = 0644;
constexpr char kMasterProgram[] = "soteria-master";
constexpr char kWorkerProgram[] = "soteria-worker";

std::vector<std::string> Names(const std::vector<attest::TeeKind>& kinds) {
  std::vector<std::string> names;
  for (attest::TeeKind kind : kinds) names.emplace_back(attest::TeeKindName(kind));
  return names;
}

std::string Joined(const std::vector<std::string>& texts, std::string_view none) {
  if (texts.empty()) return std::string(none);
  std::string out;
  for (const std::string& text : texts) out += out.empty() ? text : base::Cat(", ", text);
  return out;
}

base::StatusOr<policy::TeePolicy> TeePolicyOf(Owner& owner, const ManifestOptions& options) {
  policy::TeePolicy tee;
  if (options.simulated) {
    if (!options.tee_kinds.empty()) {
      return base::Fail(base::kInput, "give --simulated or --tee-kinds, not both");
    }
    tee.kinds = {attest::TeeKind::kSimulated};
    SOTERIA_ASSIGN_OR_RETURN(tee.simulated_key,
                             SimulatedPublicKey(owner.files, options.cluster_dir));
  } else {
    tee.kinds = options.tee_kinds;
    tee.platforms = options.platforms;
    if (tee.kinds.empty()) {
      return base::Fail(base::kInput,
                        "say which enclaves may join: --tee-kinds sgx,tdx,snp, or --simulated for "
                        "a demo");
    }
  }
  SOTERIA_ASSIGN_OR_RETURN(base::Digest master,
                           MeasureProgram(base::Cat(options.program_dir, "/", kMasterProgram)));
  SOTERIA_ASSIGN_OR_RETURN(base::Digest worker,
                           MeasureProgram(base::Cat(options.program_dir, "/", kWorkerProgram)));
  tee.master_measurements = {master};
  tee.worker_measurements = {worker};
  return tee;
}

base::StatusOr<policy::DataSetRule> ReadRule(Owner& owner, const crypto::Secret& user_key,
                                             const std::string& path,
                                             const std::vector<std::string>& kinds) {
  SOTERIA_ASSIGN_OR_RETURN(std::optional<OwnedRoot> root, FindRoot(owner.files, path, user_key));
  if (!root.has_value()) {
    return base::Fail(base::kPathNotFound,
                      base::Cat("Path does not exist, or no data set was published there: ", path,
                                "; make it with soteria put first"));
  }
  base::Status allowed = storage::CheckTeeKinds(root->opened.index, kinds);
  if (!allowed.ok()) {
    return base::WithContext(allowed, base::Cat(path,
                                                " (put it again with --allow-simulated or "
                                                "--tee-kinds to change that)"));
  }
  return policy::DataSetRule{path, base::Hex(root->id), root->opened.index.version};
}

base::StatusOr<std::string> DrawId(Owner& owner) {
  std::array<uint8_t, storage::kIdBytes> id{};
  SOTERIA_RETURN_IF_ERROR(owner.random.Fill(id));
  return base::Hex({reinterpret_cast<const char*>(id.data()), id.size()});
}

// What a Manifest says of a root that only the cluster reaches.
class RemoteRules {
 public:
  RemoteRules(Owner& owner, const crypto::Secret& user_key, const policy::TeePolicy& tee,
              RemoteRoots& remote)
      : owner_(owner), user_key_(user_key), tee_(tee), remote_(remote) {}

  base::StatusOr<policy::DataSetRule> Read(const RootPlace& place) {
    if (!place.copy.empty()) return FromCopy(place);
    const RemoteRoot* known = remote_.Find(place.path);
    if (known == nullptr) {
      return base::Fail(
          base::kInput,
          base::Cat("this machine has no file system for ", policy::SchemeOf(place.path),
                    ": and has not seen ", place.path,
                    " before; name a local copy of it too (its _soteria_index is enough): ",
                    place.path, "=COPY"));
    }
    return FromNote(place.path, *known);
  }

  base::StatusOr<policy::WritableRule> Write(const RootPlace& place) {
    if (place.copy.empty() && remote_.Find(place.path) == nullptr) {
      SOTERIA_ASSIGN_OR_RETURN(std::string id, DrawId(owner_));
      remote_.Note(place.path, {std::move(id), Names(tee_.kinds), true});
    }
    SOTERIA_ASSIGN_OR_RETURN(policy::DataSetRule rule, Read(place));
    return policy::WritableRule{rule.path, rule.id, rule.min_version, tee_.kinds};
  }

 private:
  base::StatusOr<policy::DataSetRule> FromCopy(const RootPlace& place) {
    SOTERIA_ASSIGN_OR_RETURN(policy::DataSetRule rule,
                             ReadRule(owner_, user_key_, place.copy, Names(tee_.kinds)));
    SOTERIA_ASSIGN_OR_RETURN(std::optional<OwnedRoot> root,
                             FindRoot(owner_.files, place.copy, user_key_));
    remote_.Note(place.path, {rule.id, root->opened.index.tee_kinds, false});
    rule.path = place.path;
    return rule;
  }

  base::StatusOr<policy::DataSetRule> FromNote(const std::string& path, const RemoteRoot& known) {
    SOTERIA_RETURN_IF_ERROR(CheckRemoteKinds(remote_, path, known.id_hex, Names(tee_.kinds)));
    SOTERIA_ASSIGN_OR_RETURN(
        auto versions,
        ledger::Versions::OpenReadOnly(owner_.files, owner_.home.dir, Home::kVersions, user_key_));
    SOTERIA_ASSIGN_OR_RETURN(const std::string id, base::FromHex(known.id_hex));
    const ledger::VersionRecord* record = versions->Find(id);
    return policy::DataSetRule{path, known.id_hex, record == nullptr ? 1 : record->version};
  }

  Owner& owner_;
  const crypto::Secret& user_key_;
  const policy::TeePolicy& tee_;
  RemoteRoots& remote_;
};

// Ids of writable roots that don't exist yet: which one a path was given. Not secret.
class DrawnIds {
 public:
  static base::StatusOr<DrawnIds> Load(Owner& owner) {
    DrawnIds drawn;
    SOTERIA_ASSIGN_OR_RETURN(bool exists, owner.files.Exists(owner.home.dir, kRootsFile));
    if (!exists) return drawn;
    SOTERIA_ASSIGN_OR_RETURN(std::string text,
                             owner.files.ReadAll(owner.home.dir, kRootsFile, kRootsBytesMax));
    drawn.json_ = nlohmann::json::parse(text, nullptr, false);
    if (!drawn.json_.is_object()) {
      return base::Fail(base::kInput,
                        base::Cat(owner.home.dir, "/", kRootsFile, " is damaged; remove it"));
    }
    return drawn;
  }

  base::StatusOr<std::string> IdHex(Owner& owner, const std::string& path) {
    if (auto it = json_.find(path); it != json_.end() && it->is_string()) {
      std::string known = it->get<std::string>();
      base::StatusOr<std::string> id = base::FromHex(known);
      if (id.ok() && id->size() == storage::kIdBytes) return known;
    }
    SOTERIA_ASSIGN_OR_RETURN(std::string hex, DrawId(owner));
    json_[path] = hex;
    changed_ = true;
    return hex;
  }

  base::Status Save(Owner& owner) const {
    if (!changed_) return base::OkStatus();
    SOTERIA_RETURN_IF_ERROR(owner.files.MakeDirs(owner.home.dir));
    return owner.files.WriteAtomically(owner.home.dir, kRootsFile, json_.dump(2) + "\n", 0600);
  }

 private:
  nlohmann::json json_ = nlohmann::json::object();
  bool changed_ = false;
};

base::StatusOr<policy::WritableRule> WriteRule(Owner& owner, const crypto::Secret& user_key,
                                               const std::string& path,
                                               const policy::TeePolicy& tee, DrawnIds& drawn) {
  SOTERIA_ASSIGN_OR_RETURN(std::optional<OwnedRoot> root, FindRoot(owner.files, path, user_key));
  if (!root.has_value()) {
    SOTERIA_ASSIGN_OR_RETURN(std::string id, drawn.IdHex(owner, path));
    return policy::WritableRule{path, std::move(id), 1, tee.kinds};
  }
  if (root->opened.index.kind != storage::RootKind::kTree) {
    return base::Fail(base::kInput, base::Cat(path,
                                              " holds a data set, which a job can't write; "
                                              "give --write another place"));
  }
  base::Status allowed = storage::CheckTeeKinds(root->opened.index, Names(tee.kinds));
  if (!allowed.ok()) return base::WithContext(allowed, path);
  return policy::WritableRule{path, base::Hex(root->id), root->opened.index.version, tee.kinds};
}

std::string StatisticsSummary(const std::optional<policy::StatisticsRule>& rule) {
  if (!rule.has_value()) return "releases  nothing (scheme baseline: statistics stay inside)\n";
  std::string out = base::Cat("releases  ", policy::ReleaseLevelName(rule->release), " of ",
                              Joined(rule->kinds, "nothing"), " statistics (scheme partitioned)\n");
  out += "          ";
  if (rule->release == policy::ReleaseLevel::kAggregate) {
    out += base::Cat("at least ", rule->min_rows, " rows a cell, at most ", rule->bins, " bins, ");
  }
  out += base::Cat("at most ", rule->budget, " numbers of one data set ever\n");
  if (!rule->inside.empty()) {
    out += base::Cat("          inside: ", Joined(rule->inside, ""), "\n");
  }
  if (rule->release == policy::ReleaseLevel::kScores) {
    out += base::Cat("          values ", rule->unverified ? "UNVERIFIED" : "checked inside", "\n");
  }
  return out;
}

}  // namespace

base::StatusOr<base::Digest> MeasureProgram(const std::string& program) {
  base::StatusOr<std::string> output = OutputOf({program, "--measure"}, kMeasureBytesMax);
  if (!output.ok()) return base::WithContext(output.status(), "cannot measure the enclave program");
  while (output->ends_with('\n')) output->pop_back();
  base::StatusOr<std::string> bytes = base::FromHex(*output);
  if (!bytes.ok() || bytes->size() != sizeof(base::Digest)) {
    return base::Fail(base::kInput,
                      base::Cat(program, " --measure did not print 64 hexadecimal digits"));
  }
  return base::ToDigest(*bytes);
}

base::StatusOr<policy::Manifest> NewManifest(Owner& owner, const crypto::Secret& user_key,
                                             const ManifestOptions& options) {
  auto [folder, name] = SplitPath(options.out);
  SOTERIA_ASSIGN_OR_RETURN(bool exists, owner.files.Exists(folder, name));
  if (exists) {
    return base::Fail(base::kPathExists,
                      base::Cat(options.out,
                                " exists; it isn't overwritten, because you may have "
                                "edited it. Move it away or give --out FILE"));
  }
  policy::Manifest manifest;
  manifest.task = options.task;
  SOTERIA_ASSIGN_OR_RETURN(manifest.tee, TeePolicyOf(owner, options));
  manifest.classes = options.classes;
  manifest.rows = options.rows;
  manifest.metrics = options.metrics;
  manifest.models = options.models;
  manifest.statistics = options.statistics;
  std::vector<std::string> kinds = Names(manifest.tee.kinds);
  SOTERIA_ASSIGN_OR_RETURN(RemoteRoots remote, RemoteRoots::Load(owner));
  RemoteRules remote_rules(owner, user_key, manifest.tee, remote);
  for (const RootPlace& place : options.read) {
    SOTERIA_ASSIGN_OR_RETURN(policy::DataSetRule rule,
                             policy::IsLocal(place.path)
                                 ? ReadRule(owner, user_key, place.path, kinds)
                                 : remote_rules.Read(place));
    manifest.read.push_back(std::move(rule));
  }
  SOTERIA_ASSIGN_OR_RETURN(DrawnIds drawn, DrawnIds::Load(owner));
  for (const RootPlace& place : options.write) {
    SOTERIA_ASSIGN_OR_RETURN(policy::WritableRule rule,
                             policy::IsLocal(place.path)
                                 ? WriteRule(owner, user_key, place.path, manifest.tee, drawn)
                                 : remote_rules.Write(place));
    manifest.write.push_back(std::move(rule));
  }
  std::string text = policy::WriteManifest(manifest);
  SOTERIA_ASSIGN_OR_RETURN(policy::Manifest parsed, policy::ParseManifest(text));
  SOTERIA_RETURN_IF_ERROR(drawn.Save(owner));
  SOTERIA_RETURN_IF_ERROR(remote.Save(owner));
  SOTERIA_ASSIGN_OR_RETURN(std::unique_ptr<base::WritableFile> file,
                           owner.files.Create(folder, name, kManifestMode));
  SOTERIA_RETURN_IF_ERROR(file->Append(text));
  SOTERIA_RETURN_IF_ERROR(file->Close());
  return parsed;
}

base::StatusOr<std::optional<policy::StatisticsRule>> StatisticsOf(
    const std::string& scheme, const std::string& release, const std::vector<std::string>& kinds) {
  if (scheme == "baseline") {
    if (release.empty() && kinds.empty()) return std::optional<policy::StatisticsRule>();
    return base::Fail(
        base::kInput,
        "--release and --statistics go with --scheme partitioned: the baseline scheme "
        "computes every statistic inside the enclaves");
  }
  if (scheme != "partitioned") {
    return base::Fail(base::kInput, base::Cat("\"", scheme,
                                              "\" is no scheme; give --scheme baseline or "
                                              "--scheme partitioned"));
  }
  policy::StatisticsRule rule;
  if (!release.empty()) {
    SOTERIA_ASSIGN_OR_RETURN(rule.release, policy::ParseReleaseLevel(release));
  }
  rule.kinds = kinds;
  for (const std::string_view kind : policy::kStatisticKinds) {
    const bool named = std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
    if (kinds.empty()) {
      rule.kinds.emplace_back(kind);
    } else if (!named) {
      rule.inside.emplace_back(kind);
    }
  }
  return std::optional<policy::StatisticsRule>(std::move(rule));
}

std::string Summary(const policy::Manifest& manifest) {
  std::string out = base::Cat("task      ", manifest.task, "\n");
  out += base::Cat("enclaves  ", Joined(Names(manifest.tee.kinds), "none"),
                   manifest.tee.simulated_key.has_value() ? "  (NOT PROTECTED)" : "", "\n");
  for (const base::Digest& digest : manifest.tee.master_measurements) {
    out += base::Cat("  master  ", base::Hex(base::View(digest)), "\n");
  }
  for (const base::Digest& digest : manifest.tee.worker_measurements) {
    out += base::Cat("  worker  ", base::Hex(base::View(digest)), "\n");
  }
  for (const std::string& platform : manifest.tee.platforms) {
    out += base::Cat("  platform ", platform, "\n");
  }
  for (const policy::DataSetRule& rule : manifest.read) {
    out += base::Cat("reads     ", rule.path, "  (id ", rule.id, ", version ", rule.min_version,
                     " or later)\n");
  }
  for (const policy::WritableRule& rule : manifest.write) {
    out += base::Cat("writes    ", rule.path, "  (id ", rule.id, ", version ", rule.min_version,
                     " or later)\n");
  }
  out += base::Cat("uses      ", Joined(manifest.classes, "no pyspark.ml class"), "\n");
  std::vector<std::string> outputs;
  if (manifest.rows) outputs.emplace_back("rows");
  if (manifest.metrics) outputs.emplace_back("metrics");
  if (manifest.models) outputs.emplace_back("models");
  out += base::Cat("fetches   ", Joined(outputs, "nothing"), "\n");
  out += StatisticsSummary(manifest.statistics);
  out += base::Cat("limits    ", manifest.max_workers, " workers, evidence renewed after ",
                   manifest.reattest_s, " s, enclaves end ", manifest.linger_s,
                   " s after the last connection\n");
  out += base::Cat("SHA-256   ", base::Hex(base::View(manifest.digest)), "\n");
  for (const std::string& warning : manifest.warnings()) {
    out += base::Cat("warning: ", warning, "\n");
  }
  return out;
}

}  // namespace soteria::client
