// Binding: from names to columns and kernels; and running a bound program over a table.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>
#include <arrow/compute/api.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/bound.h"
#include "src/exec/catalogue.h"
#include "src/exec/columns.h"
#include "src/exec/conditions.h"
#include "src/exec/functions.h"
#include "src/exec/generate.h"
#include "src/exec/nested.h"
#include "src/exec/window_conditions.h"
#include "src/exec/window_expression.h"
#include "src/exec/window_functions.h"
#include "src/table/arrow_status.h"
#include "src/table/column_path.h"
#include "src/table/number_column.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

base::StatusOr<BoundPtr> BindColumn(const Expr& e, BindContext& context) {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<std::string> parts, table::NameParts(e.name));
  int column = e.ordinal;
  if (column < 0) {
    SOTERIA_ASSIGN_OR_RETURN(column, table::FindColumn(context.schema, parts.front()));
  }
  if (column >= context.schema.num_fields()) {
    return base::Fail(base::kProtocol, "Expression: its input has fewer columns");
  }
  auto node = std::make_shared<Bound>();
  node->column = column;
  node->field = context.schema.field(column);
  node->uses = {column};
  BoundPtr bound = std::move(node);
  std::string text = parts.front();
  for (size_t i = 1; i < parts.size(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(bound, BindField(std::move(bound), parts[i], text));
    text += base::Cat(".", parts[i]);
  }
  return bound;
}

BoundPtr BindLiteral(const Expr& e) {
  auto node = std::make_shared<Bound>();
  node->literal = e.literal;
  node->field =
      table::WithUdt(arrow::field(PrettyName(e), e.literal->type, !e.literal->is_valid), e.udt);
  return node;
}

base::StatusOr<BoundPtr> BindVariable(const Expr& e, const BindContext& context) {
  for (size_t k = context.variables.size(); k-- > 0;) {
    if (context.variables[k]->name() != e.name) continue;
    auto node = std::make_shared<Bound>();
    node->column = context.schema.num_fields() + static_cast<int>(k);
    node->field = context.variables[k];
    node->uses = {node->column};
    return BoundPtr(std::move(node));
  }
  return base::Fail(base::kAnalysis, base::Cat("No lambda around has the variable ", e.name));
}

/// Functions that take a second argument in Spark which isn't there here.
bool TakesTwoInSpark(std::string_view function) {
  static constexpr std::string_view kNames[] = {"assert_true", "raise_error"};
  return std::find(std::begin(kNames), std::end(kNames), function) != std::end(kNames);
}

bool OfNames(const base::Status& status) {
  return base::Is(status, base::kFieldNotFound) || base::Is(status, base::kUnresolvedRoutine);
}

base::StatusOr<BoundPtr> BindCallExpr(const Expr& e, BindContext& context, int depth) {
  const Function* function = FindFunction(e.name);
  if (function == nullptr && IsOver(e)) return base::NotSupported("A window function here");
  if (function == nullptr && FindWindowFunction(e.name) != nullptr) {
    return base::Fail(kWithoutOver, base::Cat("Window function \"", PrettyName(e),
                                              "\" requires an OVER clause."));
  }
  if (function == nullptr && IsGenerator(e.name)) {
    return base::Fail(
        kGeneratorOutside,
        base::Cat("The generator is not supported: outside the SELECT clause, found: ",
                  PrettyName(e), "."));
  }
  if (function == nullptr && KindOfFunction(e.name) == FunctionKind::kGrouping) {
    return GroupingOutside();
  }
  if (function == nullptr) {
    return base::Fail(base::kUnresolvedRoutine,
                      base::Cat("Cannot resolve routine `", e.name,
                                "` on search path [`system`.`builtin`, `system`.`session`, "
                                "`spark_catalog`.`default`]."));
  }
  std::vector<BoundPtr> args;
  base::Status failed;
  for (const ExprPtr& arg : e.args) {
    if (arg->kind == Expr::Kind::kLambda) {
      if (!function->takes_lambdas) {
        return base::Fail(kNoHigherOrder,
                          base::Cat("A lambda function should only be used in a higher order "
                                    "function. However, its class is ",
                                    e.name, ", which is not a higher order function."));
      }
      args.push_back(nullptr);
      continue;
    }
    base::StatusOr<BoundPtr> of_arg = BindExpr(*arg, context, depth + 1);
    if (!of_arg.ok()) {
      // What isn't there Spark finds before it looks at types.
      if (failed.ok() || (OfNames(of_arg.status()) && !OfNames(failed))) failed = of_arg.status();
      continue;
    }
    BoundPtr bound = *std::move(of_arg);
    // Inside an expression vectors have one form: the dense one has a size in its type, which data
    // may have made, and which nothing may depend on that is decided before any work.
    const bool dense = bound->field->type()->id() == arrow::Type::FIXED_SIZE_LIST;
    if (dense && e.name != "isnull" && e.name != "isnotnull") {
      SOTERIA_ASSIGN_OR_RETURN(bound, CastTo(std::move(bound), table::VectorStructType(), ""));
    }
    args.push_back(std::move(bound));
  }
  SOTERIA_RETURN_IF_ERROR(failed);
  // Spark looks a function up when its arguments are resolved, so that their faults come first.
  const auto count = static_cast<int>(e.args.size());
  if (count < function->args_min || (function->args_max >= 0 && count > function->args_max)) {
    if (count == 2 && TakesTwoInSpark(e.name)) {
      return base::NotSupported(base::Cat("The function ", e.name, "() of 2 arguments"));
    }
    return WrongNumberOfArguments(e.name, function->args_min, function->args_max, count);
  }
  return function->bind(e, std::move(args), context);
}

}  // namespace

base::Status WrongNumberOfArguments(std::string_view name, int least, int most, int count) {
  std::string wanted = std::to_string(least);
  if (most < 0) {
    wanted = base::Cat("> ", least - 1);
  } else if (most != least) {
    wanted = "[";
    for (int n = least; n <= most; ++n) wanted += base::Cat(n > least ? ", " : "", n);
    wanted += "]";
  }
  return base::Fail(
      base::kWrongNumArgs,
      base::Cat("The `", name, "` requires ", wanted, " parameters but the actual number is ",
                count,
                ". Please, refer to "
                "'https://spark.apache.org/docs/latest/sql-ref-functions.html' for a fix."));
}

base::StatusOr<BoundPtr> BindExpr(const Expr& e, BindContext& context, int depth) {
  if (depth > kExprDepthMax) {
    return base::Fail(base::kUnsupported, "The expression is nested too deeply");
  }
  switch (e.kind) {
    case Expr::Kind::kColumn:
      return BindColumn(e, context);
    case Expr::Kind::kLiteral:
      return BindLiteral(e);
    case Expr::Kind::kCall:
      return BindCallExpr(e, context, depth);
    case Expr::Kind::kVariable:
      return BindVariable(e, context);
    case Expr::Kind::kLambda:
      return base::Fail(base::kAnalysis, "A lambda that is no argument of a function");
    case Expr::Kind::kCast:
    case Expr::Kind::kTryCast: {
      SOTERIA_ASSIGN_OR_RETURN(BoundPtr arg, BindExpr(*e.args[0], context, depth + 1));
      return BindCast(std::move(arg), e.type, e.kind == Expr::Kind::kTryCast,
                      PrettyName(*e.args[0]), e.zone);
    }
  }
  return base::Fail(base::kInternal, "unknown expression kind");
}

std::shared_ptr<Bound> MakeCall(std::string name, TypePtr type, bool nullable,
                                std::vector<BoundPtr> args) {
  auto node = std::make_shared<Bound>();
  node->field = arrow::field(std::move(name), std::move(type), nullable);
  for (const BoundPtr& arg : args) {
    node->careful = node->careful || arg->careful;
    std::vector<int> both;
    std::set_union(node->uses.begin(), node->uses.end(), arg->uses.begin(), arg->uses.end(),
                   std::back_inserter(both));
    node->uses = std::move(both);
  }
  node->args = std::move(args);
  return node;
}

namespace {

/// Cells of `values` at the rows `rows` of `count`; null elsewhere.
base::StatusOr<ArrayPtr> Spread(const ArrayPtr& values, const std::vector<int64_t>& rows,
                                int64_t count) {
  if (values->type_id() == arrow::Type::NA) return MakeNulls(values->type(), count);
  SOTERIA_ARROW_ASSIGN(auto builder, arrow::MakeBuilder(values->type()));
  SOTERIA_ARROW_RETURN(builder->Reserve(count));
  const arrow::ArraySpan span(*values->data());
  int64_t next = 0;
  for (size_t k = 0; k < rows.size(); ++k) {
    SOTERIA_ARROW_RETURN(builder->AppendNulls(rows[k] - next));
    SOTERIA_ARROW_RETURN(builder->AppendArraySlice(span, static_cast<int64_t>(k), 1));
    next = rows[k] + 1;
  }
  SOTERIA_ARROW_RETURN(builder->AppendNulls(count - next));
  SOTERIA_ARROW_ASSIGN(ArrayPtr out, builder->Finish());
  return out;
}

/// A call's arguments, each over the rows where those before it have a value: where the result is
/// null anyway, Spark doesn't look at the others, be there an error in them.
base::StatusOr<ArrayList> RunArguments(const Bound& node, const Batch& batch, EvalState& state) {
  ArrayList args(node.args.size());
  std::vector<int64_t> open;
  bool all = true;  // rows are open
  for (size_t k = 0; k < args.size(); ++k) {
    const size_t at = node.last_first && args.size() == 2 ? 1 - k : k;
    const Bound& arg = *node.args[at];
    if (all || !arg.careful) {
      SOTERIA_ASSIGN_OR_RETURN(args[at], Run(arg, batch, state));
    } else {
      SOTERIA_ASSIGN_OR_RETURN(const Batch taken, TakeRows(batch, arg.uses, open));
      SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr values, Run(arg, taken, state));
      SOTERIA_ASSIGN_OR_RETURN(args[at], Spread(values, open, batch.rows));
    }
    const bool na = args[at]->type_id() == arrow::Type::NA;
    if (k + 1 == args.size() || !node.null_stops || (!na && args[at]->null_count() == 0)) continue;
    std::vector<int64_t> rest;
    for (int64_t i = 0; i < (all ? batch.rows : static_cast<int64_t>(open.size())); ++i) {
      const int64_t row = all ? i : open[static_cast<size_t>(i)];
      if (!na && args[at]->IsValid(row)) rest.push_back(row);
    }
    open = std::move(rest);
    all = false;
  }
  return args;
}

}  // namespace

base::StatusOr<ArrayPtr> Run(const Bound& node, const Batch& batch, EvalState& state) {
  if (node.column >= 0) return batch.columns[static_cast<size_t>(node.column)];
  if (node.literal != nullptr) {
    SOTERIA_ARROW_ASSIGN(ArrayPtr array, arrow::MakeArrayFromScalar(*node.literal, batch.rows));
    return array;
  }
  if (node.lazy != nullptr) return node.lazy(node, batch, state);
  SOTERIA_ASSIGN_OR_RETURN(const ArrayList args, RunArguments(node, batch, state));
  return node.kernel(node, args, batch.rows, state);
}

base::StatusOr<Batch> TakeRows(const Batch& batch, const std::vector<int>& uses,
                               const std::vector<int64_t>& indices) {
  Batch taken;
  taken.rows = static_cast<int64_t>(indices.size());
  if (taken.rows == batch.rows) return batch;
  taken.columns.resize(batch.columns.size());
  const arrow::Int64Array rows(taken.rows, arrow::Buffer::Wrap(indices));
  for (const int column : uses) {
    const auto at = static_cast<size_t>(column);
    SOTERIA_ARROW_ASSIGN(taken.columns[at],
                         arrow::compute::Take(*batch.columns[at], rows,
                                              arrow::compute::TakeOptions::NoBoundsCheck()));
  }
  return taken;
}

base::StatusOr<ArrayPtr> RunOver(const Bound& node, const Batch& batch,
                                 const std::vector<int64_t>& rows, EvalState& state) {
  SOTERIA_ASSIGN_OR_RETURN(const Batch taken, TakeRows(batch, node.uses, rows));
  return Run(node, taken, state);
}

std::vector<int64_t> TrueRows(const arrow::Array& array) {
  std::vector<int64_t> rows;
  const std::vector<int8_t> values = ReadBools(array);
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] == 1) rows.push_back(static_cast<int64_t>(i));
  }
  return rows;
}

base::StatusOr<int> ColumnOf(const Expr& e, const arrow::Schema& schema) {
  BindContext context{schema, {}};
  SOTERIA_ASSIGN_OR_RETURN(const BoundPtr bound, BindExpr(e, context, 1));
  return bound->column;
}

namespace {

ExprPtr WithBrackets(const ExprPtr& e, const std::vector<const Expr*>& calls) {
  if (e->args.empty()) return e;
  auto copy = std::make_shared<Expr>(*e);
  if (std::find(calls.begin(), calls.end(), e.get()) != calls.end()) copy->name = "[]";
  for (ExprPtr& arg : copy->args) arg = WithBrackets(arg, calls);
  return copy;
}

}  // namespace

bool CallsWithin(const Expr& e, std::string_view function) {
  if (e.kind == Expr::Kind::kCall && e.name == function) return true;
  return std::any_of(e.args.begin(), e.args.end(),
                     [&](const ExprPtr& arg) { return CallsWithin(*arg, function); });
}

ExprPtr WithMapValues(const ExprPtr& e, const arrow::Schema& schema) {
  std::vector<const Expr*> calls;
  BindContext context{schema, {}};
  context.map_values = &calls;
  const auto bound = BindExpr(*e, context, 1);
  return bound.ok() && !calls.empty() ? WithBrackets(e, calls) : e;
}

base::StatusOr<Program> Program::Bind(const Expr& e, const arrow::Schema& schema) {
  BindContext context{schema, {}};
  SOTERIA_ASSIGN_OR_RETURN(BoundPtr root, BindExpr(e, context, 1));
  return Program(std::move(root), std::move(context.seeds));
}

base::StatusOr<std::shared_ptr<arrow::ChunkedArray>> Program::Run(const arrow::Table& table,
                                                                  uint64_t partition) const {
  if (root_->column >= 0) return table.column(root_->column);
  EvalState state;
  state.partition = partition;
  for (const int64_t seed : seeds_) {
    state.randoms.emplace_back(static_cast<int64_t>(static_cast<uint64_t>(seed) + partition));
  }
  arrow::TableBatchReader reader(table);
  arrow::ArrayVector chunks;
  for (;;) {
    std::shared_ptr<arrow::RecordBatch> rows;
    SOTERIA_ARROW_RETURN(reader.ReadNext(&rows));
    if (rows == nullptr) break;
    const Batch batch{rows->columns(), rows->num_rows()};
    SOTERIA_ASSIGN_OR_RETURN(ArrayPtr chunk, exec::Run(*root_, batch, state));
    state.rows_before += batch.rows;
    chunks.push_back(std::move(chunk));
  }
  // A table without columns has rows but no batches.
  if (chunks.empty() && table.num_columns() == 0 && table.num_rows() > 0) {
    const Batch batch{{}, table.num_rows()};
    SOTERIA_ASSIGN_OR_RETURN(ArrayPtr chunk, exec::Run(*root_, batch, state));
    chunks.push_back(std::move(chunk));
  }
  return std::make_shared<arrow::ChunkedArray>(std::move(chunks), root_->field->type());
}

}  // namespace soteria::exec
