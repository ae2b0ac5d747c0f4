// `soteria manifest new` and `soteria manifest check`. New fills in what is tedious and easy to get
// wrong: ids and versions from the sealed indexes (opened with the user key), measurements from our
// own enclave programs, the simulated key from the cluster directory. What may be done with the
// data stays the owner's decision. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/bytes.h"
#include "src/client/owner.h"
#include "src/client/paths.h"
#include "src/crypto/secret.h"
#include "src/policy/manifest.h"

namespace soteria::client {

/// The owner's word on which root is at a place: --id.
struct SaidId {
  std::string id_hex;
  std::string path = {};  ///< empty: the one place that the records don't know
};
/// "ID", or "ID=PLACE". kInput.
base::StatusOr<SaidId> ParseSaidId(std::string_view text, std::string_view working_dir);

struct ManifestOptions {
  std::string out;  ///< absolute; never overwritten
  std::string task;
  bool simulated = false;
  std::string cluster_dir;                 ///< for the simulated public key
  std::vector<attest::TeeKind> tee_kinds;  ///< without `simulated`
  std::string master_measurement;          ///< hexadecimal, with `tee_kinds`
  std::string worker_measurement;
  std::vector<std::string> platforms;
  std::vector<RootPlace> read;
  std::vector<RootPlace> write;
  std::vector<SaidId> ids;
  std::vector<std::string> classes;
  bool rows = false;
  bool metrics = false;
  bool models = false;
  std::optional<policy::StatisticsRule> statistics;  ///< without: scheme "baseline"
  std::string program_dir;  ///< where soteria-master and soteria-worker are
};

/// Writes the Manifest and returns it. kPathNotFound for a data set that isn't there; kEvidence
/// when one doesn't allow the Manifest's TEE kinds. Which root is at a place, the owner's records
/// say, or `ids` (recorded then); storage that shows another one, or an older version, is refused.
/// The id drawn for a new writable root is noted in <home>/roots.json, so that the next Manifest
/// names the same one; where that root has been and is gone, a new one is drawn. A root that only
/// the cluster reaches is looked up in its copy, if one is given, and noted in <home>/remote.json.
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
