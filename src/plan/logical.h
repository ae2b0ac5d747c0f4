// Resolved logical plans. A plan is a tree of immutable nodes; each carries its Arrow schema, which
// the Builder works out as it adds the node, so that an unknown column, a wrong type or a path that
// the Manifest does not list is an error of analysis, before any stage runs.
//
// Nodes are shared and immutable: any thread may read them. A Builder belongs to one session and is
// as thread-safe as its Catalog.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "arrow/type_fwd.h"
#include "src/base/bytes.h"
#include "src/base/status.h"
#include "src/dataflow/recipe.h"
#include "src/exec/aggregate.h"
#include "src/exec/operator.h"
#include "src/exec/summary.h"
#include "src/ml/estimator.h"

namespace soteria::plan {

/// What a path stands for: a version of a data set, or files of a sealed tree. One partition a
/// file.
struct Source {
  std::variant<dataflow::DatasetSource, dataflow::TreeSource> where;
  uint64_t partitions = 0;
  std::shared_ptr<arrow::Schema> schema;
  uint64_t bytes = 0;  // of all its files as they are stored
};

/// How a folder of files becomes one table; names of Spark's options.
struct ReadOptions {
  bool merge_schema = false;        // mergeSchema
  bool recursive = false;           // recursiveFileLookup
  std::optional<std::string> base;  // basePath: where the names of folders begin to be columns
};

/// Where plans learn about paths. The master implements it over the Manifest and storage.
class Catalog {
 public:
  virtual ~Catalog() = default;
  /// `format` is "parquet" or "text". Errors: kNotInManifest, kPathNotFound, kIntegrity,
  /// kRolledBack.
  virtual base::StatusOr<Source> Resolve(const std::string& path, const std::string& format,
                                         const ReadOptions& options) = 0;
};

struct Plan;
using PlanPtr = std::shared_ptr<const Plan>;

/// Rows of storage.
struct ReadNode {
  Source source;
};
/// Rows that came with the script.
struct LocalNode {
  std::shared_ptr<arrow::Table> table;
};
/// Rows that whoever runs the plan makes of data when it runs (a summary's curve), by name: nothing
/// of them shows in the plan, its explanation or its canonical form.
class MadeRows {
 public:
  virtual ~MadeRows() = default;
};
struct MadeNode {
  std::string name;  // one of these rows alone
  std::shared_ptr<const MadeRows> rows;
};
/// A narrow operator over each partition.
struct ApplyNode {
  exec::OperatorPtr op;
};
/// A fitted model or a stateless feature transformer over each partition. What a model learnt of
/// data must not show in the plan's canonical form, so that names a model instead.
struct TransformNode {
  std::shared_ptr<const ml::Transformer> transformer;
  std::string name = {};  // of a model, with its params; empty for what needs no fit
};
/// The first `rows` rows in partition order.
struct LimitNode {
  int64_t rows = 0;
};
/// Rows dealt out to `partitions` partitions.
struct RepartitionNode {
  uint64_t partitions = 0;
};
/// Neighbouring partitions joined until at most `partitions` are left; moves nothing.
struct CoalesceNode {
  uint64_t partitions = 0;
};
/// Aggregates over all rows, or over those of each key; `summary`, where there is one, makes its
/// table of the one row.
struct AggregateNode {
  std::shared_ptr<const exec::Aggregate> aggregate;
  std::shared_ptr<const exec::Summary> summary;
};

struct Plan {
  std::variant<ReadNode, LocalNode, MadeNode, ApplyNode, TransformNode, LimitNode, RepartitionNode,
               CoalesceNode, AggregateNode>
      node;
  std::shared_ptr<arrow::Schema> schema;
  PlanPtr input;  // absent for ReadNode, LocalNode and MadeNode
};

class Builder {
 public:
  explicit Builder(Catalog& catalog) : catalog_(catalog) {}

  base::StatusOr<PlanPtr> Read(const std::vector<std::string>& paths, const std::string& format,
                               const ReadOptions& options = {});
  base::StatusOr<PlanPtr> Local(std::shared_ptr<arrow::Table> table);
  static PlanPtr Made(MadeNode made, std::shared_ptr<arrow::Schema> schema);
  base::StatusOr<PlanPtr> Apply(PlanPtr input, exec::OperatorPtr op);
  base::StatusOr<PlanPtr> Transform(PlanPtr input,
                                    std::shared_ptr<const ml::Transformer> transformer);
  /// By a fitted model: `name` stands for it and its params. Without `sizes` the columns that it
  /// adds carry no attributes, whose number may come from data.
  base::StatusOr<PlanPtr> TransformBy(PlanPtr input, std::shared_ptr<const ml::Transformer> model,
                                      std::string name, bool sizes);
  base::StatusOr<PlanPtr> Limit(PlanPtr input, int64_t rows);
  /// Bernoulli sample of [lower, upper). With `deterministic_order`, each partition is sorted by
  /// all its columns first, as Spark plans randomSplit.
  base::StatusOr<PlanPtr> Sample(PlanPtr input, double lower, double upper, bool with_replacement,
                                 int64_t seed, bool deterministic_order);
  base::StatusOr<PlanPtr> Repartition(PlanPtr input, int64_t partitions);
  base::StatusOr<PlanPtr> Coalesce(PlanPtr input, int64_t partitions);
  base::StatusOr<PlanPtr> Aggregate(PlanPtr input, std::vector<exec::AggregateCall> calls,
                                    std::vector<exec::GroupKey> keys = {});
  /// df.summary(statistics).
  base::StatusOr<PlanPtr> Summary(PlanPtr input, std::vector<std::string> statistics);

 private:
  Catalog& catalog_;
};

/// The plan as indented text, one node a line, for `df.explain`.
std::string Explain(const Plan& plan);

/// Whether two plans are the same computation over the same versions.
bool SameSemantics(const Plan& a, const Plan& b);

}  // namespace soteria::plan
