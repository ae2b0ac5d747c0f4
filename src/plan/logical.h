// Resolved logical plans. A plan is a tree of immutable nodes; each carries its Arrow schema, which
// the Builder works out as it adds the node, so that an unknown column, a wrong type or a path that
// the Manifest does not list is an error of analysis, before any stage runs. Expressions take their
// columns by place; names serve printing, and scope.h, which looks them up.
//
// Nodes are shared and immutable: any thread may read them. A Builder belongs to one session and is
// as thread-safe as its Catalog.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
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
#include "src/exec/generate.h"
#include "src/exec/join.h"
#include "src/exec/operator.h"
#include "src/exec/summary.h"
#include "src/exec/window.h"
#include "src/ml/estimator.h"

namespace soteria::plan {

/// What a path stands for: a version of a data set, or files of a sealed tree. One partition a
/// file, or a part of a large file of text.
struct Source {
  std::variant<dataflow::DatasetSource, dataflow::TreeSource> where;
  uint64_t partitions = 0;
  std::shared_ptr<arrow::Schema> schema;
  uint64_t bytes = 0;    // of all its files as they are stored
  bool weighed = false;  // whether the script may see by how a plan runs how large they are
  // Of files of a tree: what was asked for. Which files of a folder hold rows is data, and so no
  // part of the plan's canonical form.
  std::string asked = {};
};

/// spark.sql.files.maxPartitionBytes.
inline constexpr uint64_t kPartBytesDefault = uint64_t{128} << 20;

/// How a folder of files becomes one table; names of Spark's options.
struct ReadOptions {
  bool merge_schema = false;        // mergeSchema
  bool recursive = false;           // recursiveFileLookup
  std::optional<std::string> base;  // basePath: where the names of folders begin to be columns
  /// Of formats that aren't Parquet: the reader's own options as the script gave them, names in
  /// lower case; the columns that the script gave (of Parquet those of folders); what the session
  /// says.
  std::map<std::string, std::string> reader = {};
  std::shared_ptr<arrow::Schema> schema = nullptr;
  std::string zone = {};  // "" is UTC
  std::string corrupt_column = "_corrupt_record";
  uint64_t part_bytes = kPartBytesDefault;  // of a file of text that is read in parts
};

/// Where plans learn about paths. The master implements it over the Manifest and storage.
class Catalog {
 public:
  virtual ~Catalog() = default;
  /// `format` is "parquet", or one of formats/formats.h. Errors: kNotInManifest, kPathNotFound,
  /// kIntegrity, kRolledBack.
  virtual base::StatusOr<Source> Resolve(const std::vector<std::string>& paths,
                                         const std::string& format, const ReadOptions& options) = 0;
};

/// Whoever makes plans for scripts refuses deeper ones: they are walked by recursion, and their
/// steps become one chain of a recipe.
inline constexpr uint32_t kDepthMax = 2'000;

struct Plan;
using PlanPtr = std::shared_ptr<const Plan>;

/// Rows of storage.
struct ReadNode {
  Source source;
};
/// Rows that came with the script.
struct LocalNode {
  std::shared_ptr<arrow::Table> table;
  std::string name = {};  // these rows', no others'; "": they say it themselves
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
/// Rows that stand sealed with the host from when they are first made, whatever they are made of
/// (DataFrame.checkpoint). Whoever runs plans makes it and lets go of them when it goes.
class CheckpointedRows {
 public:
  virtual ~CheckpointedRows() = default;
};
/// What was known of the plan that they are rows of is known of the node.
struct CheckpointNode {
  std::string name;  // this checkpoint's, no other's
  std::shared_ptr<CheckpointedRows> rows;
  std::vector<bool> stored;   // StoredColumns
  uint64_t bytes_behind = 0;  // BytesBehind
  bool in_one_part = false;   // IsInOnePart
};
/// Columns computed from the input's, row by row.
struct ProjectNode {
  std::vector<exec::NamedExpr> columns;
};
/// The rows for which the condition is true.
struct FilterNode {
  exec::ExprPtr condition;
};
/// Sorted by the keys, each partition for itself or all rows; by all columns when there are none.
struct SortNode {
  std::vector<exec::SortKey> keys;
  bool global = false;
  uint64_t targets_max = 1;
};
/// Rows whose draw is in [lower, upper); `again`: as often as they are drawn of upper - lower.
struct SampleNode {
  double lower = 0;
  double upper = 0;
  int64_t seed = 0;
  bool again = false;
};
/// Each row's columns `kept` with what the generator makes of it.
struct GenerateNode {
  exec::Generator generator;
  std::vector<int> kept;
  std::vector<std::string> names;  // of the generator's columns
};
/// Each row once for each of `rows`, in turn.
struct ExpandNode {
  std::vector<std::vector<exec::ExprPtr>> rows;
  std::vector<std::string> names;
};
/// A name for the whole table, `df.alias("t")` or a view's: computes nothing, but what is below it
/// can't be named from above.
struct AliasNode {
  std::string name;
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
/// All rows but the first ones in partition order, or the last ones only.
struct OffsetNode {
  int64_t rows = 0;
};
struct TailNode {
  int64_t rows = 0;
};
/// Rows dealt out to `partitions` partitions: by the hash of `by`, by `order`, or in turn.
struct RepartitionNode {
  uint64_t partitions = 0;  // 0: as many as there were, at most targets_max
  std::vector<exec::ExprPtr> by = {};
  std::vector<exec::SortKey> order = {};
  uint64_t targets_max = 1;
};
/// The first row in partition order of each that agree in these columns.
struct DistinctNode {
  std::vector<int> columns;
  uint64_t targets_max = 1;
};
/// The rows of all inputs, one after the other. Their columns differ in names and nullability only.
struct UnionNode {};
/// Rows of two inputs that belong together.
struct JoinNode {
  std::shared_ptr<const exec::Join> join;
  uint64_t targets_max = 1;
};
/// The numbers from `start` on, `step` apart, before `end`.
struct RangeNode {
  int64_t start = 0;
  int64_t end = 0;
  int64_t step = 1;
  uint64_t partitions = 1;
};
/// Neighbouring partitions joined until at most `partitions` are left; moves nothing.
struct CoalesceNode {
  uint64_t partitions = 0;
};
/// Each row with a value of the rows around it for each call: the input's columns, then the calls'.
struct WindowNode {
  exec::WindowSpec spec;
  std::vector<exec::WindowCall> calls;
  uint64_t targets_max = 1;
};
/// Aggregates over all rows, or over those of each key; `summary`, where there is one, makes its
/// table of the one row.
struct AggregateNode {
  std::shared_ptr<const exec::Aggregate> aggregate;
  std::shared_ptr<const exec::Summary> summary;
  uint64_t targets_max = 1;
};

/// Equal ids are the same values: a column keeps its id through whatever passes it on unchanged. An
/// alias, be it of the same name, makes a new column.
using ColumnId = uint64_t;
struct Column {
  ColumnId id = 0;
  std::string qualifier = {};  ///< the `t` of "t.a"; "": none
  /// A helper beside a table's own columns: no star means it, and a name means it only where none
  /// of them has it.
  bool hidden = false;
};

/// DataFrame.observe: the one row of aggregates of all rows of a plan, under a name of the script.
struct Observation {
  std::string name;
  PlanPtr metrics;
};

struct Plan {
  std::variant<ReadNode, LocalNode, MadeNode, CheckpointNode, RangeNode, ProjectNode, FilterNode,
               SortNode, SampleNode, AliasNode, TransformNode, LimitNode, OffsetNode, TailNode,
               RepartitionNode, CoalesceNode, DistinctNode, AggregateNode, UnionNode, JoinNode,
               WindowNode, GenerateNode, ExpandNode>
      node;
  std::shared_ptr<arrow::Schema> schema;
  std::vector<Column> columns;  // as many as the schema has fields
  std::vector<PlanPtr> inputs;  // none: rows of its own; two of a join, one or more of a union
  /// The DataFrames of the script that this node is the plan of, for references to their columns.
  std::vector<int64_t> tags = {};
  uint64_t size = 1;                           // nodes of the tree, each as often as it is named
  uint32_t depth = 1;                          // nodes on its longest path
  std::vector<Observation> observations = {};  // of this node's rows
  bool small = false;  // the script says that all of its rows fit every worker: hint("broadcast")
  /// A rewritten node: the persisted one that it stands for.
  std::shared_ptr<const Plan> original = nullptr;

  /// The only input of a node that has one.
  const PlanPtr& input() const { return inputs.at(0); }
};

/// Nodes of one plan, each as often as it is named.
inline constexpr uint64_t kPlanSizeMax = 20'000;
/// Shuffles have at most so many targets, however many partitions there were:
/// spark.sql.shuffle.partitions until a script sets it.
inline constexpr uint64_t kTargetsDefault = 200;

class Builder {
 public:
  explicit Builder(Catalog& catalog) : catalog_(catalog) {}

  base::StatusOr<PlanPtr> Read(const std::vector<std::string>& paths, const std::string& format,
                               const ReadOptions& options = {});
  base::StatusOr<PlanPtr> Local(std::shared_ptr<arrow::Table> table, std::string name = {});
  PlanPtr Made(MadeNode made, std::shared_ptr<arrow::Schema> schema);
  /// A plan that begins with the rows of `plan`, which `rows` is to hold.
  static PlanPtr Checkpoint(const Plan& plan, std::string name,
                            std::shared_ptr<CheckpointedRows> rows);
  /// A column without a name that is an input's column as such passes on; others are new.
  base::StatusOr<PlanPtr> Project(PlanPtr input, std::vector<exec::NamedExpr> columns);
  base::StatusOr<PlanPtr> Filter(PlanPtr input, exec::ExprPtr condition);
  base::StatusOr<PlanPtr> Sort(PlanPtr input, std::vector<exec::SortKey> keys);
  /// All rows in order. Keys that draw at random are drawn once.
  base::StatusOr<PlanPtr> GlobalSort(PlanPtr input, std::vector<exec::SortKey> keys);
  PlanPtr Alias(PlanPtr input, std::string name);
  base::StatusOr<PlanPtr> Transform(PlanPtr input,
                                    std::shared_ptr<const ml::Transformer> transformer);
  /// By a fitted model: `name` stands for it and its params. Metadata of the columns that it writes
  /// are marked as made of data (table::MetadataAreData).
  base::StatusOr<PlanPtr> TransformBy(PlanPtr input, std::shared_ptr<const ml::Transformer> model,
                                      std::string name);
  base::StatusOr<PlanPtr> Limit(PlanPtr input, int64_t rows);
  /// Bernoulli sample of [lower, upper); with replacement a Poisson sample of upper - lower. With
  /// `deterministic_order`, each partition is sorted by all its columns first, as Spark plans
  /// randomSplit.
  base::StatusOr<PlanPtr> Sample(PlanPtr input, double lower, double upper, bool with_replacement,
                                 int64_t seed, bool deterministic_order);
  /// The input's columns `kept`, then the generator's: under their own names for no `names`,
  /// qualified by `qualifier`. UDTF_ALIAS_NUMBER_MISMATCH.
  base::StatusOr<PlanPtr> Generate(PlanPtr input, exec::Generator generator, std::vector<int> kept,
                                   std::vector<std::string> names, std::string qualifier = {});
  /// `passes[c]`: column c is the input's column of that place in every row, and keeps its id; -1.
  base::StatusOr<PlanPtr> Expand(PlanPtr input, std::vector<std::vector<exec::ExprPtr>> rows,
                                 std::vector<std::string> names, const std::vector<int>& passes);
  base::StatusOr<PlanPtr> Offset(PlanPtr input, int64_t rows);
  base::StatusOr<PlanPtr> Tail(PlanPtr input, int64_t rows);
  base::StatusOr<PlanPtr> Repartition(PlanPtr input, int64_t partitions);
  /// 0 partitions: as many as the input has, at most targets_max.
  base::StatusOr<PlanPtr> RepartitionBy(PlanPtr input, std::vector<exec::ExprPtr> keys,
                                        int64_t partitions);
  base::StatusOr<PlanPtr> RepartitionByRange(PlanPtr input, std::vector<exec::SortKey> keys,
                                             int64_t partitions);
  base::StatusOr<PlanPtr> Coalesce(PlanPtr input, int64_t partitions);
  base::StatusOr<PlanPtr> Aggregate(PlanPtr input, std::vector<exec::AggregateCall> calls,
                                    std::vector<exec::GroupKey> keys = {});
  base::StatusOr<PlanPtr> Distinct(PlanPtr input, std::vector<int> columns);
  /// Nothing in it may draw at random.
  base::StatusOr<PlanPtr> Window(PlanPtr input, exec::WindowSpec spec,
                                 std::vector<exec::WindowCall> calls);
  /// Columns by place, brought to common types; named as the first input's.
  base::StatusOr<PlanPtr> Union(std::vector<PlanPtr> inputs);
  /// Rows of the left that are (not) among the right's; `all`: each as often as it is left over.
  base::StatusOr<PlanPtr> Intersect(PlanPtr left, PlanPtr right, bool all);
  base::StatusOr<PlanPtr> Except(PlanPtr left, PlanPtr right, bool all);
  /// Every row of the one with every row of the other: what a join's condition may name, the left's
  /// columns first. Columns of the right that the left has too get ids of their own.
  base::StatusOr<PlanPtr> Cross(PlanPtr left, PlanPtr right);
  /// `cross` is Cross's; `condition` over its columns, null for none.
  base::StatusOr<PlanPtr> Join(const PlanPtr& cross, exec::JoinKind kind,
                               const exec::ExprPtr& condition);
  /// spark.range; 0 partitions: a number that follows from how many rows there are.
  base::StatusOr<PlanPtr> Range(int64_t start, int64_t end, int64_t step, int64_t partitions);
  /// Targets of the shuffles of nodes that are added from now on.
  void set_targets_max(uint64_t targets) { targets_max_ = targets; }
  /// df.summary(statistics).
  base::StatusOr<PlanPtr> Summary(PlanPtr input, std::vector<std::string> statistics);

 private:
  std::vector<Column> NewColumns(const arrow::Schema& schema);
  std::vector<Column> ColumnsAfter(const Plan& input, const arrow::Schema& schema);

  /// Both with the same types, for an operation on sets of rows; `what` is Spark's name of it.
  base::StatusOr<std::vector<PlanPtr>> Widened(std::vector<PlanPtr> inputs,
                                               const std::string& what);
  base::StatusOr<PlanPtr> ChosenRows(PlanPtr left, PlanPtr right, exec::JoinKind kind,
                                     const std::string& what);

  Catalog& catalog_;
  std::atomic<ColumnId> next_id_ = 1;
  std::atomic<uint64_t> targets_max_ = kTargetsDefault;
};

/// The same plan, known as the DataFrame `tag` too.
PlanPtr Tagged(const PlanPtr& plan, int64_t tag);
/// The same plan, within which no DataFrame is known any more.
PlanPtr Untagged(const PlanPtr& plan);
/// The same plan, of whose rows somebody wants to know these aggregates, too.
PlanPtr Observed(const PlanPtr& plan, Observation observation);
/// What is observed anywhere in the plan, each once, what is below first.
std::vector<Observation> ObservationsIn(const PlanPtr& plan);
/// The same plan, whose rows fit every worker as the script says.
PlanPtr Small(const PlanPtr& plan);
/// The plan without the aliases on top of it, which compute nothing.
PlanPtr WithoutAliases(PlanPtr plan);
/// What a node computes of each partition alone; null for one that is something else.
exec::OperatorPtr NarrowOperator(const Plan& plan);

/// The plan as indented text, one node a line, as Spark draws its trees, for `df.explain`.
std::string Explain(const Plan& plan);

/// Whether two plans are the same computation over the same versions.
bool SameSemantics(const Plan& a, const Plan& b);

}  // namespace soteria::plan
