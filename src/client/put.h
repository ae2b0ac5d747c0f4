// `soteria put`: encrypts a table or a folder on the owner's machine and publishes it as a sealed
// data set or tree. What is there already, by the owner's records, becomes the previous version; a
// root that is gone is started afresh, under a new id. The index comes last, so there is never half
// a data set; the owner's record of which root is at the path goes before it and the version record
// follows it. A put that fails or is stopped removes what it made. One thread.
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

/// Largest single file of a --tree.
inline constexpr uint64_t kTreeFileBytesMax = uint64_t{1} << 40;
inline constexpr uint64_t kPutFilesMax = 100'000;

struct PutOptions {
  /// Of a new root (drawn when not given), or of the one that is there where the records don't say.
  std::optional<std::string> id_hex;
  bool is_new = false;  ///< start a new root, whatever storage shows there: that is given up
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
  std::string gone_hex;  ///< of the root that the records had at this path and storage lost
};

/// `source` is absolute, `dest` normalised (StoragePath).
base::StatusOr<PutResult> Put(Owner& owner, const crypto::Secret& user_key,
                              const std::string& source, const std::string& dest,
                              const PutOptions& options, const Progress& progress);

}  // namespace soteria::client
