#include "src/exec/aggregate.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/chunked_array.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <cctype>
#include <cmath>
#include <optional>
#include <utility>

#include "src/base/errors.h"
#include "src/base/fields.h"
#include "src/base/text.h"
#include "src/exec/bound.h"
#include "src/exec/codec.h"
#include "src/exec/coercion.h"
#include "src/exec/conditions.h"
#include "src/exec/functions.h"
#include "src/exec/order.h"
#include "src/table/arrow_status.h"
#include "src/table/ipc.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using base::FieldReader;
using base::FieldWriter;

enum class Kind { kCount, kSum, kAverage, kMin, kMax, kMoments };

struct AggregateFunction {
  const char* name;
  const char* printed;
  Kind kind;
  bool sample = false;  ///< moments: divide by n - 1
  bool root = false;    ///< moments: standard deviation
};

constexpr AggregateFunction kFunctions[] = {
    {"count", "count", Kind::kCount},
    {"sum", "sum", Kind::kSum},
    {"avg", "avg", Kind::kAverage},
    {"mean", "avg", Kind::kAverage},
    {"min", "min", Kind::kMin},
    {"max", "max", Kind::kMax},
    {"stddev", "stddev", Kind::kMoments, true, true},
    {"std", "std", Kind::kMoments, true, true},
    {"stddev_samp", "stddev_samp", Kind::kMoments, true, true},
    {"stddev_pop", "stddev_pop", Kind::kMoments, false, true},
    {"variance", "variance", Kind::kMoments, true, false},
    {"var_samp", "var_samp", Kind::kMoments, true, false},
    {"var_pop", "var_pop", Kind::kMoments, false, false},
};

const AggregateFunction* Find(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const AggregateFunction& function : kFunctions) {
    if (lower == function.name) return &function;
  }
  return nullptr;
}

/// What one call has seen so far.
struct State {
  int64_t count = 0;
  int64_t whole = 0;                    ///< sum of integers
  double number = 0;                    ///< sum of doubles; mean
  double squares = 0;                   ///< moments: sum of squared deviations
  std::shared_ptr<arrow::Scalar> best;  ///< min, max
};

struct BoundCall {
  const AggregateFunction* function;
  BoundPtr arg;  ///< null: count(*)
  std::vector<int64_t> seeds;
  FieldPtr output;
};

std::string CallName(const AggregateFunction& function, const AggregateCall& call) {
  if (!call.name.empty()) return call.name;
  return base::Cat(function.printed, "(", call.arg == nullptr ? "1" : PrettyName(*call.arg), ")");
}

base::Status NotNumeric(const AggregateFunction& function, const Expr& arg,
                        const arrow::Field& got) {
  const char* wanted =
      function.kind == Kind::kMoments ? "\"DOUBLE\"" : "\"NUMERIC\" or \"ANSI INTERVAL\"";
  return base::Fail(kUnexpectedInputType,
                    base::Cat("Cannot resolve \"", function.printed, "(", PrettyName(arg),
                              ")\" due to data type mismatch: The first parameter requires the ",
                              wanted, " type, however \"", PrettyName(arg), "\" has the type ",
                              table::QuotedTypeName(got), "."));
}

base::StatusOr<BoundCall> BindCall(const AggregateCall& call, const arrow::Schema& input) {
  BoundCall bound;
  bound.function = Find(call.function);
  if (bound.function == nullptr) {
    return base::Fail(base::kUnresolvedRoutine,
                      base::Cat("Cannot resolve routine `", call.function, "`."));
  }
  const Kind kind = bound.function->kind;
  const std::string name = CallName(*bound.function, call);
  if (call.arg == nullptr) {
    if (kind != Kind::kCount) return base::Fail(base::kAnalysis, base::Cat(name, ": no argument"));
    bound.output = arrow::field(name, arrow::int64(), false);
    return bound;
  }
  BindContext context{input, {}};
  SOTERIA_ASSIGN_OR_RETURN(bound.arg, BindExpr(*call.arg, context, 1));
  bound.seeds = std::move(context.seeds);
  const FieldPtr field = bound.arg->field;
  if (kind == Kind::kCount) {
    bound.output = arrow::field(name, arrow::int64(), false);
    return bound;
  }
  if (kind == Kind::kMin || kind == Kind::kMax) {
    // Partials carry vectors in the struct form.
    if (field->type()->id() == Type::FIXED_SIZE_LIST) {
      SOTERIA_ASSIGN_OR_RETURN(bound.arg, CastTo(bound.arg, table::VectorStructType()));
    }
    if (OrderOf(*field->type()) == nullptr) {
      return base::Fail(base::kUnsupported, base::Cat(name, ": values without an order"));
    }
    bound.output =
        table::WithUdt(arrow::field(name, bound.arg->field->type(), true), table::UdtOf(*field));
    return bound;
  }
  const bool whole = kind == Kind::kSum && IsIntegral(*field->type());
  const TypePtr type = whole ? arrow::int64() : arrow::float64();
  const Type::type id = field->type()->id();
  if (!table::UdtOf(*field).empty() ||
      !(IsNumber(*field->type()) || id == Type::STRING || id == Type::NA)) {
    return NotNumeric(*bound.function, *call.arg, *field);
  }
  SOTERIA_ASSIGN_OR_RETURN(bound.arg, CastTo(bound.arg, type));
  bound.output = arrow::field(name, type, true);
  return bound;
}

base::Status SumOverflow() {
  return base::Fail(base::kOverflow,
                    "overflow. Use 'try_add' to tolerate overflow and return NULL instead. If "
                    "necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error.");
}

/// Spark's CentralMomentAgg: one value.
void UpdateMoments(double x, State& state) {
  state.count += 1;
  const double delta = x - state.number;
  const double delta_n = delta / static_cast<double>(state.count);
  state.number += delta_n;
  state.squares += delta * (delta - delta_n);
}

void MergeMoments(const State& other, State& state) {
  const auto n1 = static_cast<double>(state.count);
  const auto n2 = static_cast<double>(other.count);
  const double n = n1 + n2;
  const double delta = other.number - state.number;
  const double delta_n = n == 0 ? 0 : delta / n;
  state.number += delta_n * n2;
  state.squares += other.squares + delta * delta_n * n1 * n2;
  state.count += other.count;
}

base::Status KeepBetter(const AggregateFunction& function, std::shared_ptr<arrow::Scalar> value,
                        State& state) {
  if (state.best != nullptr) {
    SOTERIA_ARROW_ASSIGN(auto a, arrow::MakeArrayFromScalar(*value, 1));
    SOTERIA_ARROW_ASSIGN(auto b, arrow::MakeArrayFromScalar(*state.best, 1));
    const int order = OrderOf(*a->type())(*a, 0, *b, 0);
    if (function.kind == Kind::kMin ? order >= 0 : order <= 0) return base::OkStatus();
  }
  state.best = std::move(value);
  return base::OkStatus();
}

base::Status UpdateExtreme(const AggregateFunction& function, const arrow::Array& values,
                           State& state) {
  const CompareCells compare = OrderOf(*values.type());
  int64_t best = -1;
  for (int64_t i = 0; i < values.length(); ++i) {
    if (values.IsNull(i)) continue;
    const int order = best < 0 ? 0 : compare(values, i, values, best);
    if (best < 0 || (function.kind == Kind::kMin ? order < 0 : order > 0)) best = i;
  }
  if (best < 0) return base::OkStatus();
  SOTERIA_ARROW_ASSIGN(auto value, values.GetScalar(best));
  return KeepBetter(function, std::move(value), state);
}

base::Status Update(const AggregateFunction& function, const arrow::Array& values, State& state) {
  if (function.kind == Kind::kMin || function.kind == Kind::kMax) {
    return UpdateExtreme(function, values, state);
  }
  if (function.kind == Kind::kCount) {
    state.count +=
        values.length() - (values.type_id() == Type::NA ? values.length() : values.null_count());
    return base::OkStatus();
  }
  if (values.type_id() == Type::INT64) {
    const auto& numbers = static_cast<const arrow::Int64Array&>(values);
    for (int64_t i = 0; i < values.length(); ++i) {
      if (numbers.IsNull(i)) continue;
      ++state.count;
      if (__builtin_add_overflow(state.whole, numbers.Value(i), &state.whole)) return SumOverflow();
    }
    return base::OkStatus();
  }
  const auto& numbers = static_cast<const arrow::DoubleArray&>(values);
  for (int64_t i = 0; i < values.length(); ++i) {
    if (numbers.IsNull(i)) continue;
    if (function.kind == Kind::kMoments) {
      UpdateMoments(numbers.Value(i), state);
    } else {
      ++state.count;
      state.number += numbers.Value(i);
    }
  }
  return base::OkStatus();
}

base::Status Combine(const AggregateFunction& function, const State& other, State& state) {
  if (function.kind == Kind::kMin || function.kind == Kind::kMax) {
    return other.best == nullptr ? base::OkStatus() : KeepBetter(function, other.best, state);
  }
  if (function.kind == Kind::kMoments) {
    MergeMoments(other, state);
    return base::OkStatus();
  }
  if (__builtin_add_overflow(state.whole, other.whole, &state.whole)) return SumOverflow();
  if (__builtin_add_overflow(state.count, other.count, &state.count)) return SumOverflow();
  state.number += other.number;
  return base::OkStatus();
}

void WriteState(const State& state, FieldWriter& out) {
  out.AddI64(state.count).AddI64(state.whole).AddDouble(state.number).AddDouble(state.squares);
  out.AddBool(state.best != nullptr);
  if (state.best != nullptr) WriteExpr(*Literal(state.best), out);
}

base::StatusOr<State> ReadState(const arrow::Field& output, FieldReader& in) {
  State state;
  SOTERIA_ASSIGN_OR_RETURN(state.count, in.NextI64());
  SOTERIA_ASSIGN_OR_RETURN(state.whole, in.NextI64());
  SOTERIA_ASSIGN_OR_RETURN(state.number, in.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(state.squares, in.NextDouble());
  SOTERIA_ASSIGN_OR_RETURN(const bool has_best, in.NextBool());
  if (state.count < 0) return base::Fail(base::kProtocol, "Aggregate: negative count");
  if (!has_best) return state;
  SOTERIA_ASSIGN_OR_RETURN(const ExprPtr literal, ExprReader(in).Read());
  if (literal->kind != Expr::Kind::kLiteral || !literal->literal->is_valid ||
      !literal->literal->type->Equals(*output.type())) {
    return base::Fail(base::kProtocol, "Aggregate: partial is not of its type");
  }
  state.best = literal->literal;
  return state;
}

base::StatusOr<std::vector<State>> ReadStates(const arrow::Schema& output, std::string_view bytes) {
  FieldReader in(bytes);
  std::vector<State> states;
  for (const auto& field : output.fields()) {
    SOTERIA_ASSIGN_OR_RETURN(State state, ReadState(*field, in));
    states.push_back(std::move(state));
  }
  SOTERIA_RETURN_IF_ERROR(in.Finish());
  return states;
}

std::string WriteStates(const std::vector<State>& states) {
  FieldWriter out;
  for (const State& state : states) WriteState(state, out);
  return out.Take();
}

std::optional<double> MomentResult(const AggregateFunction& function, const State& state) {
  const auto n = static_cast<double>(state.count);
  if (state.count == 0 || (function.sample && state.count == 1)) return std::nullopt;
  const double variance = state.squares / (function.sample ? n - 1 : n);
  return function.root ? std::sqrt(variance) : variance;
}

base::StatusOr<std::shared_ptr<arrow::Scalar>> Result(const AggregateFunction& function,
                                                      const TypePtr& type, const State& state) {
  std::shared_ptr<arrow::Scalar> value;
  switch (function.kind) {
    case Kind::kCount:
      return std::make_shared<arrow::Int64Scalar>(state.count);
    case Kind::kMin:
    case Kind::kMax:
      value = state.best;
      break;
    case Kind::kSum:
      if (state.count == 0) break;
      if (type->id() == Type::INT64) return std::make_shared<arrow::Int64Scalar>(state.whole);
      return std::make_shared<arrow::DoubleScalar>(state.number);
    case Kind::kAverage:
      if (state.count == 0) break;
      return std::make_shared<arrow::DoubleScalar>(state.number / static_cast<double>(state.count));
    case Kind::kMoments:
      if (const auto moment = MomentResult(function, state); moment.has_value()) {
        value = std::make_shared<arrow::DoubleScalar>(*moment);
      }
      break;
  }
  return value != nullptr ? value : arrow::MakeNullScalar(type);
}

}  // namespace

base::StatusOr<Aggregate> Aggregate::Make(std::vector<AggregateCall> calls,
                                          const arrow::Schema& input) {
  if (calls.size() > kAggregateCallsMax) {
    return base::Fail(base::kUnsupported, "Aggregate: too many expressions");
  }
  Aggregate aggregate;
  aggregate.calls_ = std::move(calls);
  std::vector<FieldPtr> fields;
  for (const AggregateCall& call : aggregate.calls_) {
    SOTERIA_ASSIGN_OR_RETURN(BoundCall bound, BindCall(call, input));
    fields.push_back(std::move(bound.output));
  }
  aggregate.output_ = arrow::schema(std::move(fields));
  return aggregate;
}

std::string Aggregate::Encode() const {
  FieldWriter out;
  out.AddU64(calls_.size());
  for (size_t i = 0; i < calls_.size(); ++i) {
    const arrow::Field& field = *output_->field(static_cast<int>(i));
    out.Add(calls_[i].function).Add(field.name()).Add(table::UdtOf(field));
    WriteType(*field.type(), out);
    out.AddBool(field.nullable()).AddBool(calls_[i].arg != nullptr);
    if (calls_[i].arg != nullptr) WriteExpr(*calls_[i].arg, out);
  }
  return out.Take();
}

base::StatusOr<Aggregate> Aggregate::Decode(std::string_view bytes) {
  FieldReader in(bytes);
  ExprReader exprs(in);
  SOTERIA_ASSIGN_OR_RETURN(const uint64_t count, in.NextU64());
  if (count > kAggregateCallsMax) return base::Fail(base::kProtocol, "Aggregate: too many calls");
  Aggregate aggregate;
  std::vector<FieldPtr> fields;
  for (uint64_t i = 0; i < count; ++i) {
    AggregateCall call;
    SOTERIA_ASSIGN_OR_RETURN(call.function, in.Next());
    if (Find(call.function) == nullptr) {
      return base::Fail(base::kProtocol, "Aggregate: unknown function");
    }
    SOTERIA_ASSIGN_OR_RETURN(call.name, in.Next());
    SOTERIA_ASSIGN_OR_RETURN(const std::string_view udt, in.Next());
    SOTERIA_ASSIGN_OR_RETURN(TypePtr type, ReadType(in));
    SOTERIA_ASSIGN_OR_RETURN(const bool nullable, in.NextBool());
    SOTERIA_ASSIGN_OR_RETURN(const bool has_arg, in.NextBool());
    if (has_arg) {
      SOTERIA_ASSIGN_OR_RETURN(call.arg, exprs.Read());
    }
    fields.push_back(
        table::WithUdt(arrow::field(call.name, std::move(type), nullable), std::string(udt)));
    aggregate.calls_.push_back(std::move(call));
  }
  SOTERIA_RETURN_IF_ERROR(in.Finish());
  aggregate.output_ = arrow::schema(std::move(fields));
  return aggregate;
}

base::StatusOr<std::string> Aggregate::Map(const arrow::Table& table, uint64_t partition) const {
  std::vector<State> states(calls_.size());
  for (size_t i = 0; i < calls_.size(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(BoundCall call, BindCall(calls_[i], *table.schema()));
    if (!call.output->type()->Equals(*output_->field(static_cast<int>(i))->type())) {
      return base::Fail(base::kInternal, "Aggregate: input is not of the type it was made for");
    }
    if (call.arg == nullptr) {
      states[i].count = table.num_rows();
      continue;
    }
    const Program program(call.arg, call.seeds);
    SOTERIA_ASSIGN_OR_RETURN(const auto values, program.Run(table, partition));
    for (const auto& chunk : values->chunks()) {
      SOTERIA_RETURN_IF_ERROR(Update(*call.function, *chunk, states[i]));
    }
  }
  return WriteStates(states);
}

base::StatusOr<std::string> Aggregate::Merge(std::span<const std::string> partials) const {
  std::vector<State> states(calls_.size());
  bool first = true;
  for (const std::string& partial : partials) {
    SOTERIA_ASSIGN_OR_RETURN(std::vector<State> next, ReadStates(*output_, partial));
    if (std::exchange(first, false)) {
      states = std::move(next);
      continue;
    }
    for (size_t i = 0; i < states.size(); ++i) {
      SOTERIA_RETURN_IF_ERROR(Combine(*Find(calls_[i].function), next[i], states[i]));
    }
  }
  return WriteStates(states);
}

base::StatusOr<std::shared_ptr<arrow::Table>> Aggregate::Finish(std::string_view partial) const {
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<State> states, ReadStates(*output_, partial));
  arrow::ArrayVector columns;
  for (size_t i = 0; i < states.size(); ++i) {
    const TypePtr& type = output_->field(static_cast<int>(i))->type();
    SOTERIA_ASSIGN_OR_RETURN(const auto value, Result(*Find(calls_[i].function), type, states[i]));
    SOTERIA_ARROW_ASSIGN(auto column, arrow::MakeArrayFromScalar(*value, 1));
    columns.push_back(std::move(column));
  }
  return arrow::Table::Make(output_, std::move(columns), 1);
}

}  // namespace soteria::exec
