#include "src/exec/aggregate_state.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <cmath>
#include <optional>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/codec.h"
#include "src/exec/coercion.h"
#include "src/exec/conditions.h"
#include "src/exec/order.h"
#include "src/table/arrow_status.h"
#include "src/table/types.h"
#include "src/table/vector.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using base::FieldReader;
using base::FieldWriter;
using Kind = AggregateKind;

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
    {"percentile_approx", "percentile_approx", Kind::kQuantiles, false, false, true, false},
    {"approx_quantile", "approx_quantile", Kind::kQuantiles, false, false, false, false},
    {"aggregate_metrics", "aggregate_metrics", Kind::kVectors},
};

}  // namespace

std::span<const AggregateFunction> AllAggregates() { return kFunctions; }

const AggregateFunction* FindAggregate(std::string_view name) {
  for (const AggregateFunction& function : kFunctions) {
    if (base::EqualIgnoringCase(name, function.name)) return &function;
  }
  return nullptr;
}

namespace {

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

/// aggregate_metrics(metrics, features, weight): a struct with a field for each metric.
base::Status BindVectors(const AggregateCall& call, BindContext& context, const std::string& name,
                         BoundCall& bound) {
  const FieldPtr features = bound.arg->field;
  const std::string text =
      base::Cat("aggregate_metrics(", PrettyName(*call.arg), ", ", PrettyName(*call.weight), ")");
  const auto mismatch = [&](const char* which, const std::string& wanted, const Expr& arg,
                            const arrow::Field& got) {
    return base::Fail(
        kUnexpectedInputType,
        base::Cat("Cannot resolve \"", text, "\" due to data type mismatch: The ", which,
                  " parameter requires the ", wanted, " type, however \"", PrettyName(arg),
                  "\" has the type ", table::QuotedTypeName(got), "."));
  };
  if (!table::IsVector(*features)) {
    return mismatch("first", table::QuotedTypeName(*table::VectorField("", true, std::nullopt)),
                    *call.arg, *features);
  }
  SOTERIA_ASSIGN_OR_RETURN(bound.weight, BindExpr(*call.weight, context, 1));
  const FieldPtr weight = bound.weight->field;
  const Type::type id = weight->type()->id();
  if (!(IsNumber(*weight->type()) || id == Type::STRING || id == Type::NA))
    return mismatch("second", "\"DOUBLE\"", *call.weight, *weight);
  SOTERIA_ASSIGN_OR_RETURN(bound.weight, CastTo(bound.weight, arrow::float64()));
  arrow::FieldVector fields;
  for (const std::string& metric : call.metrics) {
    SOTERIA_ASSIGN_OR_RETURN(const VectorMetric known, VectorMetricNamed(metric));
    fields.push_back(known == VectorMetric::kCount
                         ? arrow::field(metric, arrow::int64(), false)
                         : table::VectorField(metric, false, std::nullopt));
  }
  bound.output = arrow::field(call.name.empty() ? text : name, arrow::struct_(fields), false);
  return base::OkStatus();
}

}  // namespace

base::StatusOr<BoundCall> BindCall(const AggregateCall& call, const arrow::Schema& input) {
  BoundCall bound;
  bound.function = FindAggregate(call.function);
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
  if (kind == Kind::kVectors) {
    if (call.weight == nullptr) return base::Fail(base::kAnalysis, base::Cat(name, ": no weight"));
    SOTERIA_RETURN_IF_ERROR(BindVectors(call, context, name, bound));
  }
  bound.seeds = std::move(context.seeds);
  if (kind == Kind::kVectors) return bound;
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
  bound.output = kind == Kind::kQuantiles
                     ? arrow::field(name, table::ListOf(arrow::float64(), false), true)
                     : arrow::field(name, type, true);
  return bound;
}

namespace {

base::Status SumOverflow() {
  return base::Fail(base::kOverflow,
                    "overflow. Use 'try_add' to tolerate overflow and return NULL instead. If "
                    "necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error.");
}

/// Spark's CentralMomentAgg: one value.
void UpdateMoments(double x, CallState& state) {
  state.count += 1;
  const double delta = x - state.number;
  const double delta_n = delta / static_cast<double>(state.count);
  state.number += delta_n;
  state.squares += delta * (delta - delta_n);
}

void MergeMoments(const CallState& other, CallState& state) {
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
                        CallState& state) {
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
                           CallState& state) {
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

base::Status UpdateQuantiles(const AggregateFunction& function, const arrow::Array& values,
                             table::QuantileSketch& sketch) {
  const auto& numbers = static_cast<const arrow::DoubleArray&>(values);
  for (int64_t i = 0; i < values.length(); ++i) {
    if (numbers.IsNull(i) || (!function.keep_nan && std::isnan(numbers.Value(i)))) continue;
    SOTERIA_RETURN_IF_ERROR(sketch.Insert(numbers.Value(i)));
  }
  return base::OkStatus();
}

base::Status UpdateVectors(const arrow::Array& values, const arrow::Array& weights,
                           VectorSummary& summary) {
  SOTERIA_ASSIGN_OR_RETURN(const auto reader, table::VectorReader::Make(values.Slice(0)));
  const auto& numbers = static_cast<const arrow::DoubleArray&>(weights);
  for (int64_t i = 0; i < values.length(); ++i) {
    if (reader.IsNull(i)) return base::Fail(base::kUserRaised, "Summarizer: a vector is null");
    SOTERIA_RETURN_IF_ERROR(summary.Add(reader.Get(i), numbers.IsNull(i) ? 0 : numbers.Value(i)));
  }
  return base::OkStatus();
}

}  // namespace

CallState NewCallState(const AggregateCall& call) {
  CallState state;
  const Kind kind = FindAggregate(call.function)->kind;
  if (kind == Kind::kQuantiles) {
    state.quantiles = std::make_unique<table::QuantileSketch>(call.relative_error);
  }
  if (kind == Kind::kVectors) state.vectors = std::make_unique<VectorSummary>();
  return state;
}

base::Status Update(const AggregateFunction& function, const arrow::Array& values,
                    const arrow::Array* weights, CallState& state) {
  if (state.vectors != nullptr) return UpdateVectors(values, *weights, *state.vectors);
  if (state.quantiles != nullptr) return UpdateQuantiles(function, values, *state.quantiles);
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

base::Status EndUpdates(CallState& state) {
  return state.quantiles == nullptr ? base::OkStatus() : state.quantiles->Compress();
}

base::Status Combine(const AggregateFunction& function, const CallState& other, CallState& state) {
  if (state.vectors != nullptr) return state.vectors->Merge(*other.vectors);
  if (state.quantiles != nullptr) return state.quantiles->Merge(*other.quantiles);
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

void WriteCallState(const CallState& state, FieldWriter& out) {
  if (state.vectors != nullptr) return state.vectors->Write(out);
  if (state.quantiles != nullptr) return state.quantiles->Write(out);
  out.AddI64(state.count).AddI64(state.whole).AddDouble(state.number).AddDouble(state.squares);
  out.AddBool(state.best != nullptr);
  if (state.best != nullptr) WriteExpr(*Literal(state.best), out);
}

base::StatusOr<CallState> ReadCallState(const AggregateCall& call, const arrow::Field& output,
                                        FieldReader& in) {
  CallState state = NewCallState(call);
  if (state.vectors != nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(*state.vectors, VectorSummary::Read(in));
    return state;
  }
  if (state.quantiles != nullptr) {
    SOTERIA_ASSIGN_OR_RETURN(*state.quantiles,
                             table::QuantileSketch::Read(call.relative_error, in));
    return state;
  }
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

namespace {

std::optional<double> MomentResult(const AggregateFunction& function, const CallState& state) {
  const auto n = static_cast<double>(state.count);
  if (state.count == 0 || (function.sample && state.count == 1)) return std::nullopt;
  const double variance = state.squares / (function.sample ? n - 1 : n);
  return function.root ? std::sqrt(variance) : variance;
}

base::StatusOr<std::shared_ptr<arrow::Scalar>> QuantileResult(const AggregateCall& call,
                                                              const TypePtr& type,
                                                              const CallState& state) {
  const std::vector<double> found = state.quantiles->Query(call.probabilities);
  if (found.empty() && FindAggregate(call.function)->keep_nan) return arrow::MakeNullScalar(type);
  arrow::DoubleBuilder builder;
  SOTERIA_ARROW_RETURN(builder.AppendValues(found));
  SOTERIA_ARROW_ASSIGN(auto numbers, builder.Finish());
  return std::make_shared<arrow::ListScalar>(std::move(numbers), type);
}

base::StatusOr<std::shared_ptr<arrow::Scalar>> VectorResult(const AggregateCall& call,
                                                            const TypePtr& type,
                                                            const CallState& state) {
  arrow::ScalarVector fields;
  for (const std::string& name : call.metrics) {
    SOTERIA_ASSIGN_OR_RETURN(const VectorMetric metric, VectorMetricNamed(name));
    if (metric == VectorMetric::kCount) {
      fields.push_back(std::make_shared<arrow::Int64Scalar>(state.vectors->count()));
      continue;
    }
    SOTERIA_ASSIGN_OR_RETURN(std::vector<double> values, state.vectors->Get(metric));
    const auto vector = table::DenseVector(std::move(values));
    SOTERIA_ASSIGN_OR_RETURN(auto scalar, table::VectorScalar(table::View(vector)));
    fields.push_back(std::move(scalar));
  }
  return std::make_shared<arrow::StructScalar>(std::move(fields), type);
}

}  // namespace

base::StatusOr<std::shared_ptr<arrow::Scalar>> Result(const AggregateCall& call,
                                                      const TypePtr& type, const CallState& state) {
  const AggregateFunction& function = *FindAggregate(call.function);
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
    case Kind::kQuantiles:
      return QuantileResult(call, type, state);
    case Kind::kVectors:
      return VectorResult(call, type, state);
  }
  return value != nullptr ? value : arrow::MakeNullScalar(type);
}

}  // namespace soteria::exec
