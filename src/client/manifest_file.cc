#include "src/client/manifest_file.h"

#include <algorithm>
#include <memory>

#include "src/attest/build.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/client/cluster.h"
#include "src/client/command.h"
#include "src/client/paths.h"
#include "src/client/plain_folder.h"
#include "src/client/records.h"
#include "src/client/root.h"
#include "src/client/stop_signals.h"
#include "src/ledger/versions.h"
#include "src/policy/path.h"
#include "src/storage/format.h"

namespace soteria::client {
namespace {

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

// What a program says of itself is a hash of its files: right for simulated enclaves, and nothing
// that hardware ever measures. A Manifest with it would look like protection and admit nobody.
base::StatusOr<base::Digest> RealMeasurement(std::string_view option, const std::string& hex,
                                             std::string_view program) {
  if (hex.empty()) {
    return base::Fail(
        base::kInput,
        base::Cat("the measurement of ", program, " in a real enclave is missing: ", option,
                  " HEX, as the tool that builds or signs the enclave's image reports it. ",
                  attest::kSimulatedBuild
                      ? "This build's programs run in simulated enclaves only: for those, give "
                        "--simulated in place of --tee-kinds"
                      : "A program can't tell it by itself"));
  }
  const base::StatusOr<std::string> bytes = base::FromHex(hex);
  if (!bytes.ok() || bytes->size() != sizeof(base::Digest)) {
    return base::Fail(base::kInput, base::Cat(option, " takes 64 hexadecimal digits"));
  }
  return base::ToDigest(*bytes);
}

base::Status CheckRealKinds(const std::vector<attest::TeeKind>& kinds) {
  if (std::find(kinds.begin(), kinds.end(), attest::TeeKind::kSimulated) == kinds.end()) {
    return base::OkStatus();
  }
  return base::Fail(base::kInput, "simulated enclaves are admitted by --simulated, and alone");
}

base::StatusOr<policy::TeePolicy> TeePolicyOf(Owner& owner, const ManifestOptions& options) {
  policy::TeePolicy tee;
  if (options.simulated) {
    if (!options.tee_kinds.empty()) {
      return base::Fail(base::kInput, "give --simulated or --tee-kinds, not both");
    }
    tee.kinds = {attest::TeeKind::kSimulated};
    if (!options.platforms.empty() || !options.master_measurement.empty() ||
        !options.worker_measurement.empty()) {
      return base::Fail(base::kInput,
                        "--platform and measurements are of real enclaves: leave them out with "
                        "--simulated, which measures the programs beside this one");
    }
    SOTERIA_ASSIGN_OR_RETURN(tee.simulated_key,
                             SimulatedPublicKey(owner.files, options.cluster_dir));
    SOTERIA_ASSIGN_OR_RETURN(base::Digest master,
                             MeasureProgram(base::Cat(options.program_dir, "/", kMasterProgram)));
    SOTERIA_ASSIGN_OR_RETURN(base::Digest worker,
                             MeasureProgram(base::Cat(options.program_dir, "/", kWorkerProgram)));
    tee.master_measurements = {master};
    tee.worker_measurements = {worker};
    return tee;
  }
  tee.kinds = options.tee_kinds;
  tee.platforms = options.platforms;
  if (tee.kinds.empty()) {
    return base::Fail(base::kInput,
                      "say which enclaves may join: --tee-kinds sgx,tdx,snp, or --simulated for "
                      "a demo");
  }
  SOTERIA_RETURN_IF_ERROR(CheckRealKinds(tee.kinds));
  SOTERIA_ASSIGN_OR_RETURN(
      base::Digest master,
      RealMeasurement("--master-measurement", options.master_measurement, kMasterProgram));
  SOTERIA_ASSIGN_OR_RETURN(
      base::Digest worker,
      RealMeasurement("--worker-measurement", options.worker_measurement, kWorkerProgram));
  tee.master_measurements = {master};
  tee.worker_measurements = {worker};
  return tee;
}

// Where the rules of a Manifest come from: what the owner knows, and what storage shows.
class Rules {
 public:
  Rules(Owner& owner, const crypto::Secret& user_key, const policy::TeePolicy& tee,
        const ManifestOptions& options, KnownRoots& known)
      : owner_(owner), user_key_(user_key), tee_(tee), options_(options), known_(known) {}

  base::StatusOr<policy::DataSetRule> Read(const RootPlace& place) {
    if (!policy::IsLocal(place.path)) return ReadRemote(place);
    SOTERIA_ASSIGN_OR_RETURN(std::optional<OwnedRoot> root, Find(place.path, SaidOf(place.path)));
    if (!root.has_value()) return NotThere(place.path);
    NoteSaid(place.path, root->id);
    return RuleOf(place.path, *root);
  }

  base::StatusOr<policy::WritableRule> Write(const RootPlace& place) {
    if (!policy::IsLocal(place.path)) return WriteRemote(place);
    SOTERIA_ASSIGN_OR_RETURN(std::optional<OwnedRoot> root, Find(place.path, SaidOf(place.path)));
    if (!root.has_value()) {
      SOTERIA_RETURN_IF_ERROR(CheckFreeForRoot(place.path));
      SOTERIA_ASSIGN_OR_RETURN(std::string id, FreshId(place.path));
      return policy::WritableRule{place.path, std::move(id), 1, tee_.kinds};
    }
    if (root->opened.index.kind != storage::RootKind::kTree) {
      return base::Fail(base::kInput, base::Cat(place.path,
                                                " holds a data set, which a job can't write; "
                                                "give --write another place"));
    }
    NoteSaid(place.path, root->id);
    SOTERIA_ASSIGN_OR_RETURN(policy::DataSetRule rule, RuleOf(place.path, *root));
    return policy::WritableRule{rule.path, rule.id, rule.min_version, tee_.kinds};
  }

  /// kInput for an --id that no place took.
  base::Status CheckAllSaid() const {
    for (const SaidId& said : options_.ids) {
      const bool taken = std::any_of(said_.begin(), said_.end(), [&](const ledger::RootPath& root) {
        return base::Hex(root.id) == said.id_hex;
      });
      if (!taken) {
        return base::Fail(base::kInput, base::Cat("--id ", said.id_hex,
                                                  ": no root of that id is among the places whose "
                                                  "root the owner's records don't know"));
      }
    }
    return base::OkStatus();
  }
  /// Which root is where, by the owner's word.
  const std::vector<ledger::RootPath>& said() const { return said_; }

 private:
  // --id ID=PLACE, or --id ID for the one place that the records don't know.
  std::optional<std::string> SaidOf(const std::string& path) const {
    for (const SaidId& said : options_.ids) {
      const bool is_meant = said.path.empty()
                                ? options_.ids.size() == 1 && known_.IdsAt(path).empty()
                                : said.path == path;
      if (is_meant) return *base::FromHex(said.id_hex);
    }
    return std::nullopt;
  }

  void NoteSaid(const std::string& path, const std::string& id) {
    if (SaidOf(path).has_value()) said_.push_back({path, id});
  }

  base::StatusOr<std::optional<OwnedRoot>> Find(const std::string& path,
                                                const std::optional<std::string>& said) {
    SOTERIA_ASSIGN_OR_RETURN(std::optional<OwnedRoot> root,
                             FindRoot(owner_.files, path, user_key_, known_, said));
    if (!root.has_value()) return root;
    // What an older copy says of versions is no minimum.
    SOTERIA_RETURN_IF_ERROR(
        base::WithContext(CheckRootFresh(owner_.files, path, root->opened,
                                         known_.versions().Find(root->id), 0, root->key),
                          path));
    return root;
  }

  base::StatusOr<policy::DataSetRule> RuleOf(const std::string& path, const OwnedRoot& root) {
    base::Status allowed = storage::CheckTeeKinds(root.opened.index, Names(tee_.kinds));
    if (!allowed.ok()) {
      return base::WithContext(allowed, base::Cat(path,
                                                  " (put it again with --allow-simulated or "
                                                  "--tee-kinds to change that)"));
    }
    return policy::DataSetRule{path, base::Hex(root.id), root.opened.index.version};
  }

  static base::Status NotThere(const std::string& path) {
    return base::Fail(base::kPathNotFound,
                      base::Cat("Path does not exist, or no data set was published there: ", path,
                                "; make it with soteria put first"));
  }

  // The one that was drawn for the path, unless that root has been there: then it is gone, and its
  // id with it.
  base::StatusOr<std::string> FreshId(const std::string& path) {
    if (const std::string* drawn = known_.drawn().Find(path); drawn != nullptr) {
      SOTERIA_ASSIGN_OR_RETURN(const std::string id, base::FromHex(*drawn));
      if (known_.versions().Find(id) == nullptr) return *drawn;
    }
    return known_.drawn().Draw(owner_, path);
  }

  base::StatusOr<policy::DataSetRule> ReadRemote(const RootPlace& place) {
    if (!place.copy.empty()) return FromCopy(place);
    const RemoteRoot* noted = known_.remote().Find(place.path);
    if (noted == nullptr) {
      return base::Fail(
          base::kInput,
          base::Cat("this machine has no file system for ", policy::SchemeOf(place.path),
                    ": and has not seen ", place.path,
                    " before; name a local copy of it too (its _soteria_index is enough): ",
                    place.path, "=COPY"));
    }
    return FromNote(place.path, *noted);
  }

  base::StatusOr<policy::WritableRule> WriteRemote(const RootPlace& place) {
    if (place.copy.empty() && known_.IdsAt(place.path).empty()) {
      SOTERIA_ASSIGN_OR_RETURN(std::string id, DrawRootId(owner_));
      known_.remote().Note(place.path, {std::move(id), Names(tee_.kinds), true});
    }
    SOTERIA_ASSIGN_OR_RETURN(policy::DataSetRule rule, ReadRemote(place));
    return policy::WritableRule{rule.path, rule.id, rule.min_version, tee_.kinds};
  }

  // A copy comes from where storage could have put anything: it is the root that the records have
  // at its own path or at the place, which must agree.
  base::StatusOr<policy::DataSetRule> FromCopy(const RootPlace& place) {
    std::optional<std::string> id = SaidOf(place.path);
    if (!id.has_value() && !known_.IdsAt(place.path).empty()) {
      const base::StatusOr<storage::IndexHeader> header =
          storage::PeekIndex(owner_.files, place.copy);
      if (!header.ok()) return base::WithContext(header.status(), place.copy);
      SOTERIA_RETURN_IF_ERROR(known_.Check(place.path, header->id));
      id = header->id;
    }
    SOTERIA_ASSIGN_OR_RETURN(std::optional<OwnedRoot> root, Find(place.copy, id));
    if (!root.has_value()) return NotThere(place.copy);
    SOTERIA_ASSIGN_OR_RETURN(policy::DataSetRule rule, RuleOf(place.copy, *root));
    NoteSaid(place.path, root->id);  // while the place isn't known yet
    known_.remote().Note(place.path, {rule.id, root->opened.index.tee_kinds, false});
    rule.path = place.path;
    return rule;
  }

  base::StatusOr<policy::DataSetRule> FromNote(const std::string& path, const RemoteRoot& noted) {
    SOTERIA_RETURN_IF_ERROR(
        CheckRemoteKinds(known_.remote(), path, noted.id_hex, Names(tee_.kinds)));
    SOTERIA_ASSIGN_OR_RETURN(const std::string id, base::FromHex(noted.id_hex));
    if (const std::string* recorded = known_.versions().IdAt(path);
        recorded != nullptr && *recorded != id) {
      return known_.OneForAnother(path, *recorded, id);
    }
    const ledger::VersionRecord* record = known_.versions().Find(id);
    return policy::DataSetRule{path, noted.id_hex, record == nullptr ? 1 : record->version};
  }

  Owner& owner_;
  const crypto::Secret& user_key_;
  const policy::TeePolicy& tee_;
  const ManifestOptions& options_;
  KnownRoots& known_;
  std::vector<ledger::RootPath> said_;
};

base::Status RecordSaid(Owner& owner, const crypto::Secret& user_key,
                        const std::vector<ledger::RootPath>& said) {
  if (said.empty()) return base::OkStatus();
  SOTERIA_ASSIGN_OR_RETURN(std::unique_ptr<ledger::Versions> versions,
                           OpenVersions(owner, user_key));
  return versions->Store({}, std::nullopt, said);
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

base::StatusOr<SaidId> ParseSaidId(std::string_view text, std::string_view working_dir) {
  const size_t equals = text.find('=');
  SaidId said{std::string(text.substr(0, equals))};
  SOTERIA_RETURN_IF_ERROR(ParseRootId(said.id_hex));
  if (equals == std::string_view::npos) return said;
  SOTERIA_ASSIGN_OR_RETURN(said.path, StoragePath(text.substr(equals + 1), working_dir));
  return said;
}

base::StatusOr<base::Digest> MeasureProgram(const std::string& program) {
  base::StatusOr<std::string> output = OutputOf({program, "--measure"}, kMeasureBytesMax);
  SOTERIA_RETURN_IF_ERROR(StopSignals::Check());  // of the terminal's, the program got its own
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
  SOTERIA_ASSIGN_OR_RETURN(
      std::unique_ptr<ledger::Versions> versions,
      ledger::Versions::OpenReadOnly(owner.files, owner.home.dir, Home::kVersions, user_key));
  SOTERIA_ASSIGN_OR_RETURN(KnownRoots known, KnownRoots::Load(owner, *versions));
  Rules rules(owner, user_key, manifest.tee, options, known);
  for (const RootPlace& place : options.read) {
    SOTERIA_ASSIGN_OR_RETURN(policy::DataSetRule rule, rules.Read(place));
    rule.alias = place.alias;
    manifest.read.push_back(std::move(rule));
  }
  for (const RootPlace& place : options.write) {
    SOTERIA_ASSIGN_OR_RETURN(policy::WritableRule rule, rules.Write(place));
    rule.alias = place.alias;
    manifest.write.push_back(std::move(rule));
  }
  SOTERIA_RETURN_IF_ERROR(rules.CheckAllSaid());
  std::string text = policy::WriteManifest(manifest);
  SOTERIA_ASSIGN_OR_RETURN(policy::Manifest parsed, policy::ParseManifest(text));
  SOTERIA_RETURN_IF_ERROR(RecordSaid(owner, user_key, rules.said()));
  SOTERIA_RETURN_IF_ERROR(known.drawn().Save(owner));
  SOTERIA_RETURN_IF_ERROR(known.remote().Save(owner));
  SOTERIA_RETURN_IF_ERROR(WriteNewFile(owner.files, options.out, text, kManifestMode));
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
