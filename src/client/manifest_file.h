// `soteria manifest new` and `soteria manifest check`. New fills in what is tedious and easy to get
// wrong: ids and versions from the sealed indexes (opened with the user key), measurements from our
// own enclave programs, the simulated key from the cluster directory. What may be done with the
// data stays the owner's decision. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "src/base/bytes.h"
#include "src/client/owner.h"
#include "src/client/paths.h"
#include "src/crypto/secret.h"
#include "src/policy/manifest.h"

namespace soteria::client {

struct ManifestOptions {
  std::string out;  ///< absolute; never overwritten
  std::string task;
  bool simulated = false;
  std::string cluster_dir;                 ///< for the simulated public key
  std::vector<attest::TeeKind> tee_kinds;  ///< without `simulated`
  std::vector<std::string> platforms;
  std::vector<RootPlace> read;
  std::vector<RootPlace> write;
  std::vector<std::string> classes;
  bool rows = false;
  bool metrics = false;
  bool models = false;
  std::optional<policy::StatisticsRule> statistics;  ///< without: scheme "baseline"
  std::string program_dir;  ///< where soteria-master and soteria-worker are
};

/// Writes the Manifest and returns it. kPathNotFound for a data set that isn't there; kEvidence
/// when one doesn't allow the Manifest's TEE kinds. The id drawn for a new writable root is noted
/// in <home>/roots.json, so that the next Manifest names the same one. A root that only the
/// cluster reaches is looked up in its copy, if one is given, and noted in <home>/remote.json.
base::StatusOr<policy::Manifest> NewManifest(Owner& owner, const crypto::Secret& user_key,
                                             const ManifestOptions& options);

/// The rule that `--scheme`, `--release` and `--statistics` ask for; empty for "baseline". No kinds
/// named means all; those not named stay inside. kInput for names that don't exist.
base::StatusOr<std::optional<policy::StatisticsRule>> StatisticsOf(
    const std::string& scheme, const std::string& release, const std::vector<std::string>& kinds);

/// A summary for people: who may join, what may be read, written, used, fetched and released; then
/// warnings.
std::string Summary(const policy::Manifest& manifest);

/// What `program --measure` prints: 64 hexadecimal digits.
base::StatusOr<base::Digest> MeasureProgram(const std::string& program);

}  // namespace soteria::client
