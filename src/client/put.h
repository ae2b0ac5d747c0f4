// `soteria put`: encrypts a table or a folder on the owner's machine and publishes it as a sealed
// data set or tree. What is there already becomes the previous version. The index comes last, so a
// put that fails leaves garbage and no half data set; the owner's version record follows it.
// One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "src/attest/evidence.h"
#include "src/client/owner.h"
#include "src/crypto/secret.h"
#include "src/storage/dataset.h"

namespace soteria::client {

/// Largest single file of a --tree: it is sealed from memory.
inline constexpr uint64_t kTreeFileBytesMax = uint64_t{4} << 30;
inline constexpr uint64_t kPutFilesMax = 100'000;

struct PutOptions {
  std::optional<std::string> id_hex;       ///< of a new root; drawn when not given
  std::optional<uint64_t> files;           ///< cut into so many files
  std::optional<std::string> schema_ddl;   ///< CSV only
  std::vector<attest::TeeKind> tee_kinds;  ///< empty: sgx, tdx and snp
  bool allow_simulated = false;            ///< adds "simulated"
  bool tree = false;                       ///< any folder, file by file
  storage::Compression compression = storage::Compression::kSnappy;
};

struct PutResult {
  std::string id_hex;
  uint64_t version = 0;
  uint64_t files = 0;
  uint64_t rows = 0;
  uint64_t bytes = 0;  ///< of the source
  int64_t took_ms = 0;
  size_t checksums_left_out = 0;  ///< Hadoop's .crc files of a tree
};

/// `source` is absolute, `dest` normalised (StoragePath).
base::StatusOr<PutResult> Put(Owner& owner, const crypto::Secret& user_key,
                              const std::string& source, const std::string& dest,
                              const PutOptions& options, const Progress& progress);

}  // namespace soteria::client
