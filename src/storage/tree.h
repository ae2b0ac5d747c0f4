// Sealed trees: a folder of files (a saved model, a DataFrame's part files) kept as objects of
// random names and one sealed index of relative paths. An object is the file's plain bytes in 1 MiB
// AES-GCM chunks under the file's own random key; a chunk authenticates tree, file, its number and
// whether it is the last. docs/formats/tree.md is the byte-level description.
//
// Whoever holds the tree's key may write objects (a worker); only a published index makes them part
// of the tree (the master). A Tree is one opened version: immutable but for Publish, which replaces
// it by the version it made; const members may be called from any thread, Publish from one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/io/type_fwd.h"
#include "arrow/type_fwd.h"
#include "src/base/env.h"
#include "src/base/status.h"
#include "src/crypto/secret.h"
#include "src/storage/format.h"
#include "src/storage/parquet.h"

namespace soteria::storage {

inline constexpr uint64_t kTreeChunkBytes = uint64_t{1} << 20;

class Tree {
 public:
  /// Opens the current version. `files` must outlive the tree.
  static base::StatusOr<Tree> Open(base::Files& files, std::string root, const crypto::Secret& key,
                                   std::string_view id);
  /// Publishes an empty version 1 where there is no index yet; kConflict if there is one.
  static base::StatusOr<Tree> CreateEmpty(base::Files& files, base::Random& random,
                                          std::string root, const crypto::Secret& key,
                                          std::string_view id, std::vector<std::string> tee_kinds);
  /// A tree of an index that was opened (and checked) elsewhere.
  static Tree Of(base::Files& files, std::string root, const crypto::Secret& key,
                 OpenedIndex index);

  /// Seals one file into a new object of the root, or leaves nothing there. It is no part of the
  /// tree until an index names it.
  static base::StatusOr<FileEntry> WriteFile(base::Files& files, base::Random& random,
                                             const std::string& root, const crypto::Secret& key,
                                             std::string_view id, const std::string& relative,
                                             std::string_view bytes, uint64_t rows = 0);
  /// The same of a file that needn't fit in memory. kInput when its size isn't what it was.
  static base::StatusOr<FileEntry> WriteFile(base::Files& files, base::Random& random,
                                             const std::string& root, const crypto::Secret& key,
                                             std::string_view id, const std::string& relative,
                                             base::ReadableFile& plain, uint64_t rows = 0);

  const OpenedIndex& index() const { return index_; }
  const std::string& root() const { return root_; }
  /// The entry of exactly this file; nullptr if there is none.
  const FileEntry* Find(std::string_view relative) const;
  /// Relative paths of all files in or below this folder, ascending; "" is the whole tree. A file's
  /// own path gives that file.
  std::vector<std::string> List(std::string_view folder) const;
  /// Whether a file or a folder has this path; "" exists always.
  bool Exists(std::string_view path) const;
  /// The file's plain bytes; more than `bytes_max`: kInput. No such file: kPathNotFound.
  base::StatusOr<std::string> Read(std::string_view relative, uint64_t bytes_max) const;
  /// Random access to the file's plain bytes; each chunk is verified when it is read. Thread-safe.
  base::StatusOr<std::shared_ptr<arrow::io::RandomAccessFile>> OpenFile(
      std::string_view relative) const;
  /// The same as a file of base's, with base's failures.
  base::StatusOr<std::unique_ptr<base::ReadableFile>> OpenPlain(std::string_view relative) const;
  /// The table of a (plain) Parquet file in the tree; vector columns are marked from Spark's row
  /// metadata. `columns` as in ReadDatasetFile.
  base::StatusOr<std::shared_ptr<arrow::Table>> ReadParquet(
      std::string_view relative, const std::optional<std::vector<std::string>>& columns,
      const Admit& admit = nullptr) const;
  /// The rows under a table's schema (table/conform.h). Errors name the file and count as quoting
  /// data: names of folders may be values.
  base::StatusOr<std::shared_ptr<arrow::Table>> ReadParquetAs(std::string_view relative,
                                                              const arrow::Schema& wanted,
                                                              const Admit& admit = nullptr) const;
  /// The file's size, as the index says.
  base::StatusOr<uint64_t> PlainBytes(std::string_view relative) const;
  /// Its schema alone.
  base::StatusOr<std::shared_ptr<arrow::Schema>> ParquetSchema(std::string_view relative) const;

  /// Makes the next version: without the files at or below `removed`, with `added` (which replace
  /// files of the same path). Conflict and clean-up as in PublishIndex.
  base::StatusOr<OpenedIndex> Publish(base::Random& random, std::vector<FileEntry> added,
                                      const std::vector<std::string>& removed);

 private:
  Tree(base::Files& files, std::string root, crypto::Secret key, OpenedIndex index);

  base::Files* files_;
  std::string root_;
  crypto::Secret key_;
  OpenedIndex index_;
};

/// The error of what a file holds, with its name, which counts as data; others (I9) are as they
/// are.
base::Status InFile(const base::Status& status, std::string_view relative);

}  // namespace soteria::storage
