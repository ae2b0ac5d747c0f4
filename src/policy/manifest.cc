#include "src/policy/manifest.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "src/attest/binding.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/policy/path.h"
#include "src/policy/toml_table.h"

namespace soteria::policy {
namespace {

constexpr size_t kIdHexDigits = 32;
constexpr size_t kMeasurementHexDigits = 64;
constexpr uint64_t kVersionMax = uint64_t{1} << 62;
constexpr uint64_t kWorkersMax = 65536;
constexpr uint64_t kSecondsMax = 7 * 24 * 3600;
constexpr uint64_t kCollectBytesLeast = 1024;
constexpr uint64_t kCollectBytesMost = uint64_t{64} << 30;
constexpr uint64_t kAttemptsMax = 100;
constexpr uint64_t kOutcomesMax = 1'000'000'000;

// SubjectPublicKeyInfo of a key on P-256, up to the 64 bytes of the point (RFC 5480).
constexpr std::string_view kP256KeyHead = "3059301306072a8648ce3d020106082a8648ce3d03010703420004";
constexpr size_t kP256KeyHexDigits = 182;

bool IsSimulated(TeeKind kind) { return kind == TeeKind::kSimulated; }

bool HasControlBytes(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

base::Status ReadKinds(TomlTable& table, std::string_view key, std::vector<TeeKind>* out) {
  std::vector<TomlTable::Item> items;
  SOTERIA_RETURN_IF_ERROR(table.Texts(key, &items));
  for (const auto& item : items) {
    const base::StatusOr<TeeKind> kind = attest::ParseTeeKind(item.text);
    if (!kind.ok()) {
      return ManifestError(item.place, base::Cat("\"", item.text.substr(0, 32),
                                                 "\" is no TEE kind; write \"simulated\", \"sgx\", "
                                                 "\"tdx\" or \"snp\""));
    }
    if (std::find(out->begin(), out->end(), *kind) != out->end()) {
      return ManifestError(item.place, base::Cat("\"", item.text, "\" is there twice"));
    }
    if (!out->empty() && IsSimulated(*kind) != IsSimulated(out->front())) {
      return ManifestError(item.place,
                           "mixes simulated and real kinds; write [\"simulated\"] or real kinds");
    }
    out->push_back(*kind);
  }
  return base::OkStatus();
}

base::Status ReadMeasurements(TomlTable& table, std::string_view key,
                              std::vector<base::Digest>* out) {
  const std::string example = base::Cat(key, " = [\"64 hex digits\"]");
  if (!table.Has(key)) return table.Missing(key, example);
  std::vector<TomlTable::Item> items;
  SOTERIA_RETURN_IF_ERROR(table.Texts(key, &items));
  if (items.empty()) {
    return ManifestError(table.PlaceOf(key),
                         base::Cat("is empty and would admit nobody; write ", example));
  }
  for (const auto& item : items) {
    if (!base::IsHex(item.text, kMeasurementHexDigits)) {
      return ManifestError(item.place, "a measurement is 64 lower-case hex digits (SHA-256)");
    }
    SOTERIA_ASSIGN_OR_RETURN(const std::string bytes, base::FromHex(item.text));
    SOTERIA_ASSIGN_OR_RETURN(const base::Digest digest, base::ToDigest(bytes));
    if (digest == base::Digest{}) {
      return ManifestError(item.place, "is all zero, which measures nothing");
    }
    if (std::find(out->begin(), out->end(), digest) != out->end()) {
      return ManifestError(item.place, "the same measurement is there twice");
    }
    out->push_back(digest);
  }
  return base::OkStatus();
}

base::Status ReadPlatforms(TomlTable& table, TeePolicy* tee) {
  std::vector<TomlTable::Item> items;
  SOTERIA_RETURN_IF_ERROR(table.Texts("platforms", &items));
  if (!table.Has("platforms")) return base::OkStatus();
  if (items.empty()) {
    return ManifestError(table.PlaceOf("platforms"),
                         "is empty; leave the key out to admit any genuine platform");
  }
  if (IsSimulated(tee->kinds.front())) {
    return ManifestError(table.PlaceOf("platforms"),
                         "has no meaning with simulated enclaves; leave it out");
  }
  for (const auto& item : items) {
    if (item.text.empty() || item.text.size() > kPlatformBytesMax || HasControlBytes(item.text)) {
      return ManifestError(item.place, base::Cat("a platform id is 1 to ", kPlatformBytesMax,
                                                 " characters without control characters"));
    }
    if (std::find(tee->platforms.begin(), tee->platforms.end(), item.text) !=
        tee->platforms.end()) {
      return ManifestError(item.place, "the same platform is there twice");
    }
    tee->platforms.push_back(item.text);
  }
  return base::OkStatus();
}

base::Status ReadSimulatedKey(TomlTable& table, TeePolicy* tee) {
  std::string hex;
  SOTERIA_RETURN_IF_ERROR(table.Text("simulated_key", &hex));
  const bool simulated = IsSimulated(tee->kinds.front());
  if (!table.Has("simulated_key")) {
    return simulated ? table.Missing("simulated_key",
                                     "simulated_key = \"hex of the cluster's public key\"")
                     : base::OkStatus();
  }
  if (!simulated) {
    return ManifestError(
        table.PlaceOf("simulated_key"),
        "stands beside real kinds; leave it out, or write kinds = [\"simulated\"]");
  }
  if (!base::IsHex(hex, kP256KeyHexDigits) || !hex.starts_with(kP256KeyHead)) {
    return ManifestError(table.PlaceOf("simulated_key"),
                         base::Cat("is no P-256 public key; write its DER form in ",
                                   kP256KeyHexDigits, " lower-case hex digits"));
  }
  SOTERIA_ASSIGN_OR_RETURN(tee->simulated_key, base::FromHex(hex));
  return base::OkStatus();
}

base::Status ReadTee(TomlTable& table, TeePolicy* tee) {
  if (!table.Has("kinds")) return table.Missing("kinds", "kinds = [\"sgx\"]");
  SOTERIA_RETURN_IF_ERROR(ReadKinds(table, "kinds", &tee->kinds));
  if (tee->kinds.empty()) {
    return ManifestError(table.PlaceOf("kinds"),
                         "is empty and would admit nobody; write kinds = [\"sgx\"]");
  }
  SOTERIA_RETURN_IF_ERROR(ReadMeasurements(table, "master", &tee->master_measurements));
  SOTERIA_RETURN_IF_ERROR(ReadMeasurements(table, "worker", &tee->worker_measurements));
  SOTERIA_RETURN_IF_ERROR(ReadPlatforms(table, tee));
  return ReadSimulatedKey(table, tee);
}

base::Status ReadClasses(TomlTable& table, std::vector<std::string>* classes) {
  std::vector<TomlTable::Item> items;
  SOTERIA_RETURN_IF_ERROR(table.Texts("classes", &items));
  for (const auto& item : items) {
    const bool plain = std::all_of(item.text.begin(), item.text.end(), [](char c) {
      return base::IsAlphanumeric(c) || std::string_view("._$*?").find(c) != std::string_view::npos;
    });
    if (item.text.empty() || item.text.size() > kClassGlobBytesMax || !plain) {
      return ManifestError(
          item.place,
          "a class is its full name, e.g. \"org.apache.spark.ml.feature.VectorAssembler\", where * "
          "stands for any run of characters and ? for one");
    }
    if (std::find(classes->begin(), classes->end(), item.text) != classes->end()) {
      return ManifestError(item.place, base::Cat("\"", item.text, "\" is there twice"));
    }
    classes->push_back(item.text);
  }
  return base::OkStatus();
}

// What is listed under which path and id, to find what is listed twice.
class Listed {
 public:
  /// A name that a root goes by besides its path.
  base::Status AddAlias(const TomlPlace& place, const std::string& alias) {
    const base::StatusOr<std::string> normal = NormalisePath(alias);
    for (const auto& [other, line] : lines_by_alias_) {
      if (IsWithin(other, alias) || IsWithin(alias, other)) {
        return ManifestError(
            place, base::Cat("\"", alias, "\" and the name \"", other, "\" in line ", line,
                             " are the same or contain each other"));
      }
    }
    for (const auto& [root, line] : lines_by_path_) {
      if (!normal.ok() || !(IsWithin(root, *normal) || IsWithin(*normal, root))) continue;
      return ManifestError(place, base::Cat("\"", alias, "\" and the path \"", root, "\" in line ",
                                            line, " are the same or contain each other"));
    }
    lines_by_alias_.emplace(alias, place.line);
    return base::OkStatus();
  }

  base::Status Add(const TomlPlace& path_place, const std::string& path, const TomlPlace& id_place,
                   const std::string& id) {
    for (const auto& [alias, line] : lines_by_alias_) {
      const base::StatusOr<std::string> normal = NormalisePath(alias);
      if (!normal.ok() || !(IsWithin(path, *normal) || IsWithin(*normal, path))) continue;
      return ManifestError(path_place,
                           base::Cat("\"", path, "\" and the name \"", alias, "\" in line ", line,
                                     " are the same or contain each other"));
    }
    for (const auto& [root, line] : lines_by_path_) {
      if (root == path) {
        return ManifestError(path_place, base::Cat("\"", path, "\" is listed already in line ",
                                                   line, "; a [[write]] path is readable too"));
      }
      if (IsWithin(root, path) || IsWithin(path, root)) {
        return ManifestError(path_place, base::Cat("\"", path, "\" and \"", root, "\" in line ",
                                                   line, " contain each other"));
      }
    }
    const auto [at, is_new] = lines_by_id_.emplace(id, id_place.line);
    if (!is_new) {
      return ManifestError(id_place,
                           base::Cat("the same id is listed already in line ", at->second));
    }
    lines_by_path_.emplace(path, path_place.line);
    return base::OkStatus();
  }

 private:
  std::map<std::string, uint32_t> lines_by_path_;
  std::map<std::string, uint32_t> lines_by_id_;
  std::map<std::string, uint32_t> lines_by_alias_;
};

template <class Rule>
base::Status ReadRule(TomlTable& table, Listed& listed, Rule* rule) {
  std::string path;
  SOTERIA_RETURN_IF_ERROR(table.Text("path", &path));
  if (!table.Has("path")) return table.Missing("path", "path = \"file:///folder\"");
  base::StatusOr<std::string> normal = NormalisePath(path);
  if (!normal.ok()) return ManifestError(table.PlaceOf("path"), base::Message(normal.status()));
  rule->path = *std::move(normal);

  SOTERIA_RETURN_IF_ERROR(table.Text("id", &rule->id));
  if (!table.Has("id")) return table.Missing("id", "id = \"32 hex digits\", which `put` prints");
  if (!base::IsHex(rule->id, kIdHexDigits)) {
    return ManifestError(table.PlaceOf("id"), "an id is 32 lower-case hex digits");
  }
  SOTERIA_RETURN_IF_ERROR(table.Unsigned("min_version", 1, kVersionMax, &rule->min_version));
  SOTERIA_RETURN_IF_ERROR(
      listed.Add(table.PlaceOf("path"), rule->path, table.PlaceOf("id"), rule->id));
  SOTERIA_RETURN_IF_ERROR(table.Text("as", &rule->alias));
  if (!table.Has("as")) return base::OkStatus();
  if (rule->alias.size() > 1 && rule->alias.ends_with('/')) rule->alias.pop_back();
  const base::Status usable = CheckAlias(rule->alias);
  if (!usable.ok()) return ManifestError(table.PlaceOf("as"), base::Message(usable));
  return listed.AddAlias(table.PlaceOf("as"), rule->alias);
}

base::Status ReadWritable(TomlTable& table, Listed& listed, const TeePolicy& tee,
                          WritableRule* rule) {
  SOTERIA_RETURN_IF_ERROR(ReadRule(table, listed, rule));
  SOTERIA_RETURN_IF_ERROR(ReadKinds(table, "tee_kinds", &rule->tee));
  if (!table.Has("tee_kinds")) {
    rule->tee = tee.kinds;
    return base::OkStatus();
  }
  if (rule->tee.empty()) {
    return ManifestError(table.PlaceOf("tee_kinds"),
                         "is empty; leave the key out to mean [tee] kinds");
  }
  if (IsSimulated(rule->tee.front()) != IsSimulated(tee.kinds.front())) {
    return ManifestError(table.PlaceOf("tee_kinds"),
                         "mixes simulated and real kinds with [tee] kinds; name the same sort");
  }
  return base::OkStatus();
}

base::Status ReadOutputs(TomlTable& table, Manifest* manifest) {
  SOTERIA_RETURN_IF_ERROR(table.Bool("rows", &manifest->rows));
  SOTERIA_RETURN_IF_ERROR(table.Bool("metrics", &manifest->metrics));
  return table.Bool("models", &manifest->models);
}

base::Status ReadLimits(TomlTable& table, Manifest* manifest) {
  SOTERIA_RETURN_IF_ERROR(table.Unsigned("max_workers", 1, kWorkersMax, &manifest->max_workers));
  SOTERIA_RETURN_IF_ERROR(table.Unsigned("linger_s", 1, kSecondsMax, &manifest->linger_s));
  SOTERIA_RETURN_IF_ERROR(table.Unsigned("reattest_s", 1, kSecondsMax, &manifest->reattest_s));
  SOTERIA_RETURN_IF_ERROR(table.Unsigned("collect_bytes_max", kCollectBytesLeast, kCollectBytesMost,
                                         &manifest->collect_bytes_max));
  SOTERIA_RETURN_IF_ERROR(
      table.Unsigned("stage_attempts_max", 1, kAttemptsMax, &manifest->stage_attempts_max));
  return table.Unsigned("outcomes_max", 1, kOutcomesMax, &manifest->outcomes_max);
}

base::Status ReadTask(TomlTable& root, std::string* task) {
  SOTERIA_RETURN_IF_ERROR(root.Text("task", task));
  if (!root.Has("task")) return root.Missing("task", "task = \"a name for this job\" at the top");
  if (task->empty() || task->size() > kTaskNameBytesMax || HasControlBytes(*task)) {
    return ManifestError(root.PlaceOf("task"), base::Cat("a task name is 1 to ", kTaskNameBytesMax,
                                                         " characters without control characters"));
  }
  return base::OkStatus();
}

base::Status ReadManifest(TomlTable& root, Manifest* manifest) {
  SOTERIA_RETURN_IF_ERROR(ReadTask(root, &manifest->task));
  if (!root.Has("tee")) {
    return root.Missing("tee", "a table [tee] with kinds, master and worker");
  }
  SOTERIA_RETURN_IF_ERROR(
      root.Table("tee", [&](TomlTable& table) { return ReadTee(table, &manifest->tee); }));
  SOTERIA_RETURN_IF_ERROR(
      root.Table("ml", [&](TomlTable& table) { return ReadClasses(table, &manifest->classes); }));
  Listed listed;
  SOTERIA_RETURN_IF_ERROR(root.Tables("read", [&](TomlTable& table) {
    return ReadRule(table, listed, &manifest->read.emplace_back());
  }));
  SOTERIA_RETURN_IF_ERROR(root.Tables("write", [&](TomlTable& table) {
    return ReadWritable(table, listed, manifest->tee, &manifest->write.emplace_back());
  }));
  SOTERIA_RETURN_IF_ERROR(
      root.Table("outputs", [&](TomlTable& table) { return ReadOutputs(table, manifest); }));
  SOTERIA_RETURN_IF_ERROR(root.Table("statistics", [&](TomlTable& table) {
    return ReadStatistics(table, &manifest->statistics);
  }));
  SOTERIA_RETURN_IF_ERROR(
      root.Table("limits", [&](TomlTable& table) { return ReadLimits(table, manifest); }));
  return root.Finish();
}

}  // namespace

base::StatusOr<Manifest> ParseManifest(std::string_view toml) {
  if (toml.size() > kManifestBytesMax) {
    return base::Fail(base::kManifest, base::Cat("the file has ", toml.size(), " bytes, more than ",
                                                 kManifestBytesMax));
  }
  std::unique_ptr<TomlTable> root;
  SOTERIA_RETURN_IF_ERROR(TomlTable::Parse(toml, &root));
  Manifest manifest;
  SOTERIA_RETURN_IF_ERROR(ReadManifest(*root, &manifest));
  manifest.digest = attest::PolicyHash(toml);
  manifest.text = std::string(toml);
  return manifest;
}

std::vector<std::string> Manifest::warnings() const {
  std::vector<std::string> found;
  const bool simulated =
      std::find(tee.kinds.begin(), tee.kinds.end(), TeeKind::kSimulated) != tee.kinds.end();
  if (!simulated && tee.platforms.empty()) {
    found.emplace_back(
        "[tee] has no platforms: a leaked attestation key of any genuine platform would be "
        "believed; add platforms = [...]");
  }
  for (const WritableRule& rule : write) {
    for (const TeeKind kind : tee.kinds) {
      if (std::find(rule.tee.begin(), rule.tee.end(), kind) == rule.tee.end()) {
        found.push_back(base::Cat("[[write]] \"", rule.path, "\": tee_kinds lacks ",
                                  attest::TeeKindName(kind),
                                  ", which [tee] kinds admits: such an enclave gets no key to it"));
      }
    }
  }
  if (read.empty() && write.empty()) {
    found.emplace_back("no [[read]] and no [[write]]: the job sees only what the script sends");
  }
  for (const std::string& glob : classes) {
    if (glob.find_first_not_of("*?.") == std::string::npos) {
      found.push_back(base::Cat("[ml] classes has \"", glob, "\", which allows every class"));
    }
  }
  if (statistics.has_value()) {
    for (std::string& warning : StatisticsWarnings(*statistics, metrics)) {
      found.push_back(std::move(warning));
    }
  }
  return found;
}

}  // namespace soteria::policy
