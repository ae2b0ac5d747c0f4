// What paths mean to plans: the master's catalog over the Manifest's gate and the roots (I3, I9).
// Thread-safe.
#pragma once

#include <string>

#include "src/base/status.h"
#include "src/master/output_gate.h"
#include "src/master/roots.h"
#include "src/master/tree_table.h"
#include "src/plan/logical.h"
#include "src/policy/gate.h"

namespace soteria::master {

class StorageCatalog : public plan::Catalog {
 public:
  StorageCatalog(const policy::Gate& gate, Roots& roots, OutputGate& output)
      : gate_(gate), roots_(roots), output_(output) {}

  base::StatusOr<plan::Source> Resolve(const std::string& path, const std::string& format,
                                       const plan::ReadOptions& options = {}) override;

 private:
  base::StatusOr<plan::Source> OfTree(const policy::Readable& readable, const std::string& format,
                                      const plan::ReadOptions& options);
  base::StatusOr<plan::Source> SourceOfTree(const InsideKey& key, const storage::Tree& tree,
                                            const policy::Readable& readable,
                                            const std::string& format,
                                            const plan::ReadOptions& options);

  const policy::Gate& gate_;
  Roots& roots_;
  OutputGate& output_;
};

/// A folder of the tree as a table (tree_table.h).
base::StatusOr<TreeTable> TableIn(const storage::Tree& tree, const std::string& folder,
                                  const plan::ReadOptions& options = {});

/// The columns that the table's Parquet files have as one.
base::StatusOr<std::shared_ptr<arrow::Schema>> SchemaOfTable(const storage::Tree& tree,
                                                             const TreeTable& table,
                                                             const plan::ReadOptions& options = {});

/// "Path does not exist: <path>", as Spark says it.
base::Status PathNotFound(const std::string& path);

}  // namespace soteria::master
