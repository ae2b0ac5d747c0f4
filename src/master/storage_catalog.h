// What paths mean to plans: the master's catalog over the Manifest's gate and the roots (I3, I9).
// Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "src/base/bytes.h"
#include "src/base/status.h"
#include "src/dataflow/stage.h"
#include "src/master/output_gate.h"
#include "src/master/roots.h"
#include "src/master/tree_table.h"
#include "src/master/ungated.h"
#include "src/plan/logical.h"
#include "src/policy/gate.h"

namespace soteria::master {

/// Schemas made of contents that a session remembers.
inline constexpr size_t kSchemasKept = 256;

class StorageCatalog : public plan::Catalog {
 public:
  /// Runs one stage, for the schemas that contents make.
  using RunStage = std::function<base::StatusOr<dataflow::StageResult>(const InsideKey&,
                                                                       const dataflow::StageSpec&)>;

  StorageCatalog(const policy::Gate& gate, Roots& roots, OutputGate& output, RunStage run = nullptr)
      : gate_(gate), roots_(roots), output_(output), run_(std::move(run)) {}

  base::StatusOr<plan::Source> Resolve(const std::vector<std::string>& paths,
                                       const std::string& format,
                                       const plan::ReadOptions& options = {}) override;

 private:
  /// Paths of one tree, what they are read as, and the reader's options as bytes.
  struct Asked {
    policy::Readable root;
    std::vector<TreePath> paths;
    std::string format;
    plan::ReadOptions options;
    std::string reader;
    std::string shown;  // the paths as errors name them
  };

  base::StatusOr<plan::Source> SourceOf(const std::vector<std::string>& paths,
                                        const std::string& format,
                                        const plan::ReadOptions& options);
  base::StatusOr<plan::Source> OfTree(const std::vector<policy::Readable>& folders,
                                      const std::vector<std::vector<std::string>>& patterns,
                                      const std::string& format, const plan::ReadOptions& options);
  base::StatusOr<plan::Source> SourceOfTree(const InsideKey& key, const storage::Tree& tree,
                                            const Asked& asked);
  base::StatusOr<std::shared_ptr<arrow::Schema>> SchemaOf(const InsideKey& key,
                                                          const storage::Tree& tree,
                                                          const Asked& asked,
                                                          const TreeTable& table);
  base::StatusOr<std::shared_ptr<arrow::Schema>> SchemaOfContents(const InsideKey& key,
                                                                  const storage::Tree& tree,
                                                                  const Asked& asked,
                                                                  const TreeTable& table);

  const policy::Gate& gate_;
  Roots& roots_;
  OutputGate& output_;
  const RunStage run_;
  std::mutex mutex_;
  std::map<base::Digest, std::shared_ptr<arrow::Schema>> schemas_;  // by what made them
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
