// `soteria get`: decrypts a sealed data set, a tree, or a folder of a tree to the owner's machine.
// A data set becomes plain Parquet files that Spark and pyarrow read, a tree its plain files: a
// model's folder loads in stock Spark. Nothing older than the owner has seen is accepted (I9), and
// the destination appears only when it is whole: a get that fails or is stopped leaves no
// plaintext. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "src/client/owner.h"
#include "src/crypto/secret.h"

namespace soteria::client {

struct GetResult {
  std::string id_hex;
  uint64_t version = 0;
  uint64_t files = 0;
  uint64_t rows = 0;   ///< 0 for trees
  uint64_t bytes = 0;  ///< written
  int64_t took_ms = 0;
  bool recorded = true;  ///< false: a session holds the records, so a newer version wasn't noted
};

/// `source` is normalised (StoragePath): a root or a path inside a tree. `dest` is absolute.
/// `id_hex` is the root's id where the owner's records don't know what is at the path, or know
/// another root there; it is recorded then.
base::StatusOr<GetResult> Get(Owner& owner, const crypto::Secret& user_key,
                              const std::string& source, const std::string& dest,
                              const std::optional<std::string>& id_hex, const Progress& progress);

}  // namespace soteria::client
