// The Manifest: what the owner allows, as a TOML file (docs/formats/manifest.md has every key).
//
// Must hold: a Manifest that parses is usable as it stands. An unknown key, a value of another
// type, a number out of range, a name given twice or a policy that would admit nobody is an error
// that names the line, the key and what to write instead; absence never means permission (I3).
// Pure functions of the file's bytes, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/attest/evidence.h"
#include "src/base/bytes.h"
#include "src/base/status.h"
#include "src/policy/statistics_rule.h"

namespace soteria::policy {

using attest::TeeKind;

inline constexpr size_t kManifestBytesMax = 1024 * 1024;
inline constexpr size_t kManifestListMax = 1024;  // entries of any one list
inline constexpr size_t kTaskNameBytesMax = 128;
inline constexpr size_t kClassGlobBytesMax = 256;
inline constexpr size_t kPlatformBytesMax = 256;
inline constexpr size_t kSimulatedKeyBytesMax = 256;

/// A data set or sealed tree that may be read: [[read]].
struct DataSetRule {
  std::string path;  // normalised
  std::string id;    // 32 hex digits
  uint64_t min_version = 1;
  std::string alias = {};  // `as`: what a script calls it; "" for its path alone
};

/// A root that may be written (and read): [[write]].
struct WritableRule {
  std::string path;
  std::string id;
  uint64_t min_version = 1;
  std::vector<TeeKind> tee;  // which kinds may get its key; from `tee_kinds`, else [tee] kinds
  std::string alias = {};
};

/// Who may join: [tee].
struct TeePolicy {
  std::vector<TeeKind> kinds;
  std::vector<base::Digest> master_measurements;
  std::vector<base::Digest> worker_measurements;
  std::vector<std::string> platforms;        // empty: any genuine platform
  std::optional<std::string> simulated_key;  // public key, DER
};

struct Manifest {
  std::string task;
  TeePolicy tee;
  std::vector<std::string> classes;  // globs
  std::vector<DataSetRule> read;
  std::vector<WritableRule> write;
  bool rows = false;
  bool metrics = false;
  bool models = false;
  std::optional<StatisticsRule> statistics;  // empty: scheme "baseline", nothing is released
  uint64_t max_workers = 256;
  uint64_t linger_s = 60;
  uint64_t reattest_s = 3600;
  uint64_t collect_bytes_max = uint64_t{1} << 30;
  uint64_t stage_attempts_max = 4;
  uint64_t outcomes_max = 1000;

  base::Digest digest{};  // SHA-256 of the file's bytes: the policy hash
  std::string text;       // the file's bytes

  /// What parses but the owner should know, one sentence each.
  std::vector<std::string> warnings() const;
};

/// kManifest with line, key and remedy.
base::StatusOr<Manifest> ParseManifest(std::string_view toml);

/// A commented Manifest file for `soteria manifest new`. ParseManifest reads it back to the same
/// values; `digest` and `text` of the argument are ignored.
std::string WriteManifest(const Manifest& manifest);

}  // namespace soteria::policy
