// A bound expression: names resolved to columns, functions to kernels, coercions made explicit as
// casts, every node typed. Made once by Program::Bind, then run over record batches. Internal to
// exec; immutable after binding, so one program may run in several threads, each with its own
// state.
//
// A kernel gets its arguments evaluated over all rows of the batch. A lazy kernel gets the batch
// and evaluates its arguments itself, over the rows where Spark would: with ANSI errors on, the
// value of a branch that isn't taken must not be computed.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "src/base/status.h"
#include "src/exec/expression.h"
#include "src/table/spark_random.h"
#include "src/table/time_zone.h"

namespace soteria::exec {

using ArrayPtr = std::shared_ptr<arrow::Array>;
using FieldPtr = std::shared_ptr<arrow::Field>;
using TypePtr = std::shared_ptr<arrow::DataType>;
using ArrayList = std::vector<ArrayPtr>;

/// Columns of the input; those that the program doesn't use may be null.
struct Batch {
  ArrayList columns;
  int64_t rows = 0;
};

struct Bound;

/// What a binder made for its kernel, options or a type, or a kernel for its later rows.
struct Made {
  virtual ~Made() = default;
};

/// What goes on from batch to batch within one partition.
struct EvalState {
  uint64_t partition = 0;
  int64_t rows_before = 0;  ///< of the partition's earlier batches
  std::vector<table::XorShiftRandom> randoms;
  std::map<const Bound*, std::unique_ptr<Made>> kept = {};  ///< kernels' own
};

using BoundPtr = std::shared_ptr<const Bound>;
using Kernel = base::StatusOr<ArrayPtr> (*)(const Bound& node, const ArrayList& args, int64_t rows,
                                            EvalState& state);
using LazyKernel = base::StatusOr<ArrayPtr> (*)(const Bound& node, const Batch& batch,
                                                EvalState& state);

struct Bound {
  FieldPtr field;                          ///< type, nullability, udt; named by PrettyName
  int column = -1;                         ///< >= 0: that column of the input
  std::shared_ptr<arrow::Scalar> literal;  ///< set: this value
  Kernel kernel = nullptr;
  LazyKernel lazy = nullptr;
  std::vector<BoundPtr> args;
  int number = 0;           ///< kernel's own: field index, scale, random generator ...
  double factor = 0;        ///< kernel's own
  bool try_cast = false;    ///< casts: null instead of an error
  table::TimeZone zone;     ///< casts: of time stamps
  bool null_stops = true;   ///< kernels: no argument is evaluated where one before it is null
  bool last_first = false;  ///< kernels: the second argument comes before the first (division)
  bool careful = false;     ///< may fail or draws randomly: only over the rows where Spark would
  std::vector<int> uses;    ///< input columns below this node, ascending
  std::shared_ptr<const Made> made = {};  ///< kernel's own
  std::vector<BoundPtr> bodies = {};      ///< of lambdas: over the elements, see higher_order.cc
};

base::StatusOr<ArrayPtr> Run(const Bound& node, const Batch& batch, EvalState& state);
/// Rows `indices` of the columns in `uses`.
base::StatusOr<Batch> TakeRows(const Batch& batch, const std::vector<int>& uses,
                               const std::vector<int64_t>& indices);
/// The node over these rows alone.
base::StatusOr<ArrayPtr> RunOver(const Bound& node, const Batch& batch,
                                 const std::vector<int64_t>& rows, EvalState& state);

/// Names and counters of one binding.
struct BindContext {
  const arrow::Schema& schema;
  std::vector<int64_t> seeds;  ///< of the random generators so far
  /// Of the lambdas around, the innermost last: columns behind those of the schema.
  std::vector<FieldPtr> variables = {};
  /// Not null: takes note of the calls of extract that take a map's value.
  std::vector<const Expr*>* map_values = nullptr;
};

class Program {
 public:
  static base::StatusOr<Program> Bind(const Expr& e, const arrow::Schema& schema);
  Program(BoundPtr root, std::vector<int64_t> seeds)
      : root_(std::move(root)), seeds_(std::move(seeds)) {}
  const Bound& root() const { return *root_; }
  /// Chunk by chunk; a plain column is passed on untouched.
  base::StatusOr<std::shared_ptr<arrow::ChunkedArray>> Run(const arrow::Table& table,
                                                           uint64_t partition) const;

 private:
  BoundPtr root_;
  std::vector<int64_t> seeds_;
};

/// Bound tree of `e`.
base::StatusOr<BoundPtr> BindExpr(const Expr& e, BindContext& context, int depth);
/// A call node over bound arguments.
std::shared_ptr<Bound> MakeCall(std::string name, TypePtr type, bool nullable,
                                std::vector<BoundPtr> args);
/// `arg` as `type` (itself when it is already): implicit casts. `zone` matters to time stamps only.
base::StatusOr<BoundPtr> CastTo(BoundPtr arg, const TypePtr& type, const std::string& zone = "");
/// The cast node; `text` is the expression for error texts.
base::StatusOr<BoundPtr> BindCast(BoundPtr arg, const TypePtr& type, bool try_cast,
                                  const std::string& text, const std::string& zone);
/// The rows of `array` where it is true, false and null are left out.
std::vector<int64_t> TrueRows(const arrow::Array& array);

}  // namespace soteria::exec
