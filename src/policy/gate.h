// The gate: the Manifest's verdicts inside the enclave (I3).
//
// Example: SOTERIA_ASSIGN_OR_RETURN(Readable source, gate.MayRead("file:///bucket/patients"));
//
// Must hold: what the Manifest doesn't list is refused, with kNotInManifest and the line to add.
// A path outside NormalisePath's form is refused before any comparison. Immutable, any thread; the
// Manifest outlives the gate and what it returns.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "src/base/status.h"
#include "src/policy/manifest.h"

namespace soteria::policy {

enum class Output { kRows, kMetrics, kModels };

/// "rows", "metrics" or "models": the key in [outputs].
std::string_view OutputName(Output output);

/// A path that may be read, split at the root that allows it.
struct Readable {
  std::string path;      // normalised
  std::string root;      // the rule's path
  std::string relative;  // below the root, "" for the root itself; no leading slash
  std::string id;        // 32 hex digits
  uint64_t min_version = 1;
  const DataSetRule* data_set = nullptr;   // the [[read]] rule, or
  const WritableRule* writable = nullptr;  // the [[write]] rule: a writable root is readable too
};

class Gate {
 public:
  explicit Gate(const Manifest& manifest) : manifest_(manifest) {}
  explicit Gate(Manifest&&) = delete;

  /// `path` is at or below a root of [[read]] or [[write]], or what a rule calls it (`as`).
  base::StatusOr<Readable> MayRead(std::string_view path) const;
  /// The root of this id (32 hex digits), of [[read]] or [[write]]. Refused with what to list.
  base::StatusOr<Readable> RootOf(std::string_view id) const;
  /// `path` is at or below a root of [[write]].
  base::StatusOr<const WritableRule*> MayWrite(std::string_view path) const;
  /// Where tables are kept that scripts save by name: the root that is called `spark-warehouse`, by
  /// `as` or by its path's last part, or else the first of [[write]]; nullopt without any.
  std::optional<std::string> Warehouse() const;
  /// `class_name` (a JVM class name) matches a glob of [ml] classes.
  base::Status MayUse(std::string_view class_name) const;
  base::Status MayOutput(Output output) const;
  /// How many outcomes of work a job without `rows` may see.
  uint64_t outcomes_max() const { return manifest_.outcomes_max; }
  /// A statistic of this kind may leave the enclaves, by [statistics]. Refused under scheme
  /// "baseline", for kinds that stay inside, and for whatever isn't listed.
  base::Status MayRelease(std::string_view kind) const;
  /// At which level, how much; nullptr under scheme "baseline".
  const StatisticsRule* statistics() const {
    return manifest_.statistics.has_value() ? &*manifest_.statistics : nullptr;
  }

 private:
  /// In NormalisePath's form; what is at or below a rule's name is so below the rule's path.
  base::StatusOr<std::string> Resolved(std::string_view path) const;

  const Manifest& manifest_;
};

/// `*` stands for any run of characters, `?` for one. Linear in the text for each star.
bool MatchesGlob(std::string_view glob, std::string_view text);

}  // namespace soteria::policy
