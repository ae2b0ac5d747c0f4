// Files as the master's recipes name them: each root's index is opened once a version and checked
// against the recipe's digest (I9), partitions are read through storage. Also writes part files.
// Thread-safe.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "src/base/bytes.h"
#include "src/base/env.h"
#include "src/base/status.h"
#include "src/crypto/secret.h"
#include "src/dataflow/recipe.h"
#include "src/dataflow/stage.h"
#include "src/storage/dataset.h"
#include "src/storage/tree.h"

namespace soteria::worker {

/// Opened indexes kept at hand.
inline constexpr size_t kIndexesKept = 256;

class Sources {
 public:
  Sources(base::Files& files, base::Random& random) : files_(files), random_(random) {}

  // Read tells `admit`, if there is one, how many bytes it will take before it decodes anything.

  /// The key of a data set or tree, by its 16-byte id.
  void AddKey(const std::string& id, crypto::Secret key);

  base::StatusOr<std::shared_ptr<arrow::Table>> Read(const dataflow::DatasetSource& source,
                                                     uint64_t partitions, uint64_t partition,
                                                     const storage::Admit& admit = nullptr);
  base::StatusOr<std::shared_ptr<arrow::Table>> Read(const dataflow::TreeSource& source,
                                                     uint64_t partition,
                                                     const storage::Admit& admit = nullptr);
  /// The partition's file, to be read column by column. The key must be here, whoever has read the
  /// file before.
  base::Status Check(const dataflow::DatasetSource& source, uint64_t partitions);
  base::StatusOr<storage::DatasetFile> OpenFile(const dataflow::DatasetSource& source,
                                                uint64_t partitions, uint64_t partition);
  /// What Write takes besides the table, whose block has so many bytes.
  static base::StatusOr<uint64_t> WriteBytes(const dataflow::WriteTarget& target,
                                             const arrow::Table& table, uint64_t block_bytes);
  /// Writes the table as one part file, or as one in the folder of each of its groups;
  /// storage::EncodeFileEntries of them.
  base::StatusOr<std::string> Write(const dataflow::WriteTarget& target, uint64_t partition,
                                    const std::shared_ptr<arrow::Table>& table);

 private:
  struct Root {
    crypto::Secret key;
    storage::OpenedIndex index;
    std::unique_ptr<storage::Tree> tree;  // trees only
  };
  using RootPtr = std::shared_ptr<const Root>;

  base::StatusOr<RootPtr> OpenDataset(const dataflow::DatasetSource& source, uint64_t partitions);
  base::StatusOr<const crypto::Secret*> KeyOf(const std::string& id);
  base::StatusOr<RootPtr> Open(const std::string& root, const std::string& id, uint64_t version,
                               const base::Digest& index, storage::RootKind kind);

  base::Files& files_;
  base::Random& random_;
  std::mutex mutex_;
  std::map<std::string, crypto::Secret> keys_;
  std::map<base::Digest, RootPtr> roots_;  // by digest of the index
};

}  // namespace soteria::worker
