#include "src/exec/window.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/accumulator.h"
#include "src/exec/bound.h"
#include "src/exec/codec.h"
#include "src/exec/conditions.h"
#include "src/exec/functions.h"
#include "src/exec/partition.h"
#include "src/exec/sort.h"
#include "src/exec/window_frames.h"
#include "src/exec/window_functions.h"
#include "src/table/held_bytes.h"
#include "src/table/map_type.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using base::FieldReader;
using base::FieldWriter;
using SchemaPtr = std::shared_ptr<arrow::Schema>;
using TablePtr = std::shared_ptr<arrow::Table>;
using Kind = FrameBound::Kind;

constexpr uint64_t kWindowCallsMax = kAggregateCallsMax;
/// What is kept of a row while a call is worked out: its frame, a place and a value.
constexpr uint64_t kCellBytes = 48;

/// The call as an expression again.
Expr TextOf(const AggregateCall& call) {
  std::vector<ExprPtr> args = call.rest;
  if (call.arg != nullptr) args.insert(args.begin(), call.arg);
  return *Call(call.function, std::move(args));
}

/// A call of a window function, typed.
struct BoundWindow {
  const WindowFunction* function = nullptr;
  std::vector<BoundPtr> args;
  std::vector<int64_t> seeds;
  FieldPtr output;
};

base::StatusOr<BoundWindow> BindWindow(const WindowFunction& function, const AggregateCall& call,
                                       const arrow::Schema& input) {
  const Expr text = WithAllArguments(TextOf(call));
  const auto count = static_cast<int>(TextOf(call).args.size());
  if (count < function.args_min || (function.args_max >= 0 && count > function.args_max)) {
    return WrongNumberOfArguments(function.name, function.args_min, function.args_max, count);
  }
  BindContext context{input, {}};
  WindowTyping typing{text, {}, {}};
  for (const ExprPtr& arg : text.args) {
    SOTERIA_ASSIGN_OR_RETURN(typing.args.emplace_back(), BindExpr(*arg, context, 1));
  }
  SOTERIA_RETURN_IF_ERROR(function.bind(typing));
  return BoundWindow{&function, std::move(typing.args), std::move(context.seeds),
                     typing.gives->WithName(call.name.value_or(""))};
}

base::StatusOr<FieldPtr> OutputOf(const WindowCall& call, const arrow::Schema& input) {
  if (const WindowFunction* function = FindWindowFunction(call.call.function);
      function != nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(BoundWindow bound, BindWindow(*function, call.call, input));
    return bound.output;
  }
  SOTERIA_ASSIGN_OR_RETURN(const BoundCall bound, BindCall(call.call, input));
  SOTERIA_RETURN_IF_ERROR(MakeAccumulator(call.call, bound.types()).status());
  return bound.output;
}

base::Status CheckFrame(const WindowFrame& frame, const WindowSpec& spec,
                        const arrow::Schema& input) {
  for (const FrameBound* bound : {&frame.lower, &frame.upper}) {
    if (bound->kind != Kind::kOffset) continue;
    const auto& type = bound->offset->literal->type;
    bool fits = type->id() == arrow::Type::INT32;
    if (!frame.rows) {
      if (spec.order.size() != 1) return base::Fail(base::kProtocol, "Window: a range of no order");
      SOTERIA_ASSIGN_OR_RETURN(const FieldPtr key, TypeOf(*spec.order[0].expr, input));
      fits = FitsOrder(*type, *key->type());
      if (!fits) return base::Fail(base::kProtocol, "Window: a bound of a wrong type");
      // Where a sum has another type than what is added, its bounds can't be compared with rows.
      const auto sum = TypeOf(*ShiftedOrder(spec.order[0], *key->type(), bound->offset), input);
      if (fits && (!sum.ok() || !(*sum)->type()->Equals(*key->type()))) {
        return base::NotSupported(
            base::Cat("A window's range of values of type ", table::TypeName(*key)),
            "a frame of rows, or another type of the order");
      }
    }
    if (!fits) return base::Fail(base::kProtocol, "Window: a bound of a wrong type");
  }
  return base::OkStatus();
}

base::StatusOr<ArrayPtr> ValuesOf(const BoundPtr& bound, const std::vector<int64_t>& seeds,
                                  const arrow::Table& table, uint64_t partition) {
  SOTERIA_ASSIGN_OR_RETURN(const auto values, Program(bound, seeds).Run(table, partition));
  return OneChunk(*values);
}

class WindowOperator : public AskingOperator {
 public:
  WindowOperator(WindowSpec spec, std::vector<WindowCall> calls)
      : spec_(std::move(spec)), calls_(std::move(calls)) {}

  std::string_view kind() const override { return kWindowOperator; }
  std::string Encode() const override;
  base::StatusOr<SchemaPtr> OutputSchema(const arrow::Schema& input) const override;
  base::StatusOr<TablePtr> ApplyWithin(TablePtr table, uint64_t partition,
                                       const Admit& admit) const override;
  base::StatusOr<std::vector<int>> Passes(const arrow::Schema& input) const override {
    std::vector<int> passes(static_cast<size_t>(input.num_fields()));
    std::iota(passes.begin(), passes.end(), 0);
    passes.resize(passes.size() + calls_.size(), -1);
    return passes;
  }

 private:
  base::StatusOr<TablePtr> Sorted(const TablePtr& table, uint64_t partition,
                                  WindowRows* rows) const;
  base::StatusOr<ArrayPtr> Run(const WindowCall& call, const arrow::Table& sorted,
                               const WindowRows& rows, uint64_t partition,
                               const Admit& admit) const;

  WindowSpec spec_;
  std::vector<WindowCall> calls_;
};

base::StatusOr<SchemaPtr> WindowOperator::OutputSchema(const arrow::Schema& input) const {
  for (const ExprPtr& key : spec_.partition) {
    SOTERIA_ASSIGN_OR_RETURN(const FieldPtr field, TypeOf(*key, input));
    if (table::ContainsMap(*field->type())) {
      return base::Fail(
          kNotOrderable,
          base::Cat("Column expression \"", field->name(), "\" cannot be sorted because its type ",
                    table::QuotedTypeName(*field), " is not orderable."));
    }
    SOTERIA_RETURN_IF_ERROR(CheckKey(*field));
  }
  for (const SortKey& key : spec_.order) SOTERIA_RETURN_IF_ERROR(CheckSortKey(key, input));
  arrow::FieldVector fields = input.fields();
  for (const WindowCall& call : calls_) {
    SOTERIA_RETURN_IF_ERROR(CheckFrame(call.frame, spec_, input));
    SOTERIA_ASSIGN_OR_RETURN(fields.emplace_back(), OutputOf(call, input));
  }
  return arrow::schema(std::move(fields), input.metadata());
}

/// The rows in order, and where its partitions end.
base::StatusOr<TablePtr> WindowOperator::Sorted(const TablePtr& table, uint64_t partition,
                                                WindowRows* rows) const {
  std::vector<SortKey> keys;
  for (const ExprPtr& key : spec_.partition) keys.push_back({key});
  keys.insert(keys.end(), spec_.order.begin(), spec_.order.end());
  TablePtr sorted = table;
  if (!keys.empty()) {
    SOTERIA_ASSIGN_OR_RETURN(const auto columns, SortColumnsOf(keys, *table, partition));
    SOTERIA_ASSIGN_OR_RETURN(sorted, SortBy(table, columns));
  }
  SOTERIA_ASSIGN_OR_RETURN(const auto columns, SortColumnsOf(keys, *sorted, partition));
  SOTERIA_ASSIGN_OR_RETURN(std::vector<OrderKey> order, OrderKeysOf(columns));
  const auto by = order.begin() + static_cast<std::ptrdiff_t>(spec_.partition.size());
  const std::vector<OrderKey> parts(order.begin(), by);
  rows->order.assign(by, order.end());
  rows->rows = sorted->num_rows();
  for (int64_t row = 0; row < rows->rows; ++row) {
    if (row == 0 || OrderRows(parts, row, parts, row - 1) != 0) {
      rows->partitions.push_back({row, row});
    }
    rows->partitions.back().end = row + 1;
  }
  return sorted;
}

base::StatusOr<ArrayPtr> WindowOperator::Run(const WindowCall& call, const arrow::Table& sorted,
                                             const WindowRows& rows, uint64_t partition,
                                             const Admit& admit) const {
  const WindowFunction* function = FindWindowFunction(call.call.function);
  ArrayList args;
  std::vector<Span> frames;
  if (function == nullptr || function->frame == OwnFrame::kNone) {
    SOTERIA_ASSIGN_OR_RETURN(frames, FramesOf(call.frame, spec_, rows, sorted, partition));
  }
  if (function != nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(const BoundWindow bound,
                             BindWindow(*function, call.call, *sorted.schema()));
    for (const BoundPtr& arg : bound.args) {
      SOTERIA_ASSIGN_OR_RETURN(args.emplace_back(), ValuesOf(arg, bound.seeds, sorted, partition));
    }
    return function->run({rows, bound.args, args, frames, admit});
  }
  SOTERIA_ASSIGN_OR_RETURN(const BoundCall bound, BindCall(call.call, *sorted.schema()));
  for (const BoundPtr& arg : bound.args) {
    SOTERIA_ASSIGN_OR_RETURN(args.emplace_back(), ValuesOf(arg, bound.seeds, sorted, partition));
  }
  ArrayPtr where;
  if (bound.where != nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(where, ValuesOf(bound.where, bound.seeds, sorted, partition));
  }
  bool first = false;
  if (where == nullptr && IsEndFunction(call.call.function, &first)) {
    const bool ignore = !call.call.rest.empty() && PrettyName(*call.call.rest[0]) == "true";
    return TakeOrNull(args[0], EndRows(*args[0], frames, first, ignore), admit);
  }
  SOTERIA_ASSIGN_OR_RETURN(const AccumulatorPtr empty, MakeAccumulator(call.call, bound.types()));
  return OverFrames(call.call.function, *empty, args, where.get(), bound.output->type(), rows,
                    frames, admit);
}

/// Asks for the rows in order, and then for each call's frames and values before they are made.
base::StatusOr<TablePtr> WindowOperator::ApplyWithin(TablePtr table, uint64_t partition,
                                                     const Admit& admit) const {
  SOTERIA_ASSIGN_OR_RETURN(SchemaPtr schema, OutputSchema(*table->schema()));
  const uint64_t cells = static_cast<uint64_t>(table->num_rows()) * kCellBytes;
  uint64_t held = table::HeldBytes(*table) + cells;
  SOTERIA_RETURN_IF_ERROR(admit(std::max(held, SortBytes(*table))));
  WindowRows rows;
  SOTERIA_ASSIGN_OR_RETURN(const TablePtr sorted, Sorted(table, partition, &rows));
  arrow::ChunkedArrayVector columns = sorted->columns();
  for (const WindowCall& call : calls_) {
    SOTERIA_RETURN_IF_ERROR(admit(held + cells));
    SOTERIA_ASSIGN_OR_RETURN(ArrayPtr values,
                             Run(call, *sorted, rows, partition,
                                 [&](uint64_t bytes) { return admit(held + cells + bytes); }));
    held += table::HeldBytes(*values);
    columns.push_back(std::make_shared<arrow::ChunkedArray>(std::move(values)));
  }
  return arrow::Table::Make(std::move(schema), std::move(columns), sorted->num_rows());
}

// ---- encoding -----------------------------------------------------------------------------------

void WriteBound(const FrameBound& bound, FieldWriter& out) {
  out.AddU64(static_cast<uint64_t>(bound.kind));
  if (bound.kind == Kind::kOffset) WriteExpr(*bound.offset, out);
}

base::StatusOr<FrameBound> ReadBound(FieldReader& in) {
  FrameBound bound;
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t kind, in.NextU64());
  if (kind < static_cast<uint64_t>(Kind::kPreceding) ||
      kind > static_cast<uint64_t>(Kind::kFollowing)) {
    return base::Fail(base::kProtocol, "Window: unknown bound");
  }
  bound.kind = static_cast<Kind>(kind);
  if (bound.kind != Kind::kOffset) return bound;
  SOTERIA_ASSIGN_OR_RETURN(bound.offset, ExprReader(in).Read());
  if (bound.offset->kind != Expr::Kind::kLiteral || !bound.offset->literal->is_valid) {
    return base::Fail(base::kProtocol, "Window: a bound that is no value");
  }
  return bound;
}

std::string WindowOperator::Encode() const {
  FieldWriter out;
  out.AddU64(spec_.partition.size());
  for (const ExprPtr& key : spec_.partition) WriteExpr(*key, out);
  WriteSortKeys(spec_.order, out);
  out.AddU64(calls_.size());
  for (const WindowCall& call : calls_) {
    out.Add(call.call.name.value_or(""));
    WriteAggregateCall(call.call, out);
    out.AddBool(call.frame.rows);
    WriteBound(call.frame.lower, out);
    WriteBound(call.frame.upper, out);
  }
  return out.Take();
}

base::StatusOr<WindowCall> ReadWindowCall(FieldReader& in, ExprReader& exprs) {
  WindowCall call;
  SOTERIA_ASSIGN_OR_RETURN(const std::string_view name, in.Next());
  SOTERIA_ASSIGN_OR_RETURN(call.call, ReadAggregateCall(in, exprs));
  call.call.name = name;
  if (FindWindowFunction(call.call.function) == nullptr &&
      FindAggregate(call.call.function) == nullptr) {
    return base::Fail(base::kProtocol, "Window: unknown function");
  }
  SOTERIA_ASSIGN_OR_RETURN(call.frame.rows, in.NextBool());
  SOTERIA_ASSIGN_OR_RETURN(call.frame.lower, ReadBound(in));
  SOTERIA_ASSIGN_OR_RETURN(call.frame.upper, ReadBound(in));
  if (call.frame.lower.kind == Kind::kFollowing || call.frame.upper.kind == Kind::kPreceding) {
    return base::Fail(base::kProtocol, "Window: a frame that ends before it begins");
  }
  return call;
}

}  // namespace

OperatorPtr Window(WindowSpec spec, std::vector<WindowCall> calls) {
  return std::make_shared<WindowOperator>(std::move(spec), std::move(calls));
}

base::StatusOr<OperatorPtr> ReadWindow(FieldReader& in) {
  WindowSpec spec;
  ExprReader exprs(in);
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t keys, in.NextU64());
  if (keys > kOperatorColumnsMax) return base::Fail(base::kProtocol, "Window: too many keys");
  for (uint64_t i = 0; i < keys; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(spec.partition.emplace_back(), exprs.Read());
  }
  SOTERIA_ASSIGN_OR_RETURN(spec.order, ReadSortKeys(in));
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, in.NextU64());
  if (count > kWindowCallsMax) return base::Fail(base::kProtocol, "Window: too many calls");
  std::vector<WindowCall> calls;
  for (uint64_t i = 0; i < count; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(calls.emplace_back(), ReadWindowCall(in, exprs));
  }
  return Window(std::move(spec), std::move(calls));
}

}  // namespace soteria::exec
