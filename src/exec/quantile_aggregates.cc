// Percentiles, exact and approximate.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/accumulator.h"
#include "src/exec/coercion.h"
#include "src/exec/conditions.h"
#include "src/exec/kernels.h"
#include "src/exec/order.h"
#include "src/table/arrow_status.h"
#include "src/table/decimal.h"
#include "src/table/quantiles.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using base::FieldReader;
using base::FieldWriter;

constexpr size_t kPercentagesMax = 10'000;
constexpr size_t kExactValuesMax = kAccumulatorBytesMax / sizeof(double);

/// What a call asks for.
struct Asked {
  std::vector<double> at;
  bool list = false;  ///< an array of them
};

base::Status OutOfRange(const Typing& typing, const char* what, const char* range,
                        std::string_view value) {
  return base::Fail(
      internal::Mismatch("DATATYPE_MISMATCH.VALUE_OUT_OF_RANGE"),
      base::Cat("Cannot resolve \"", PrettyName(typing.text), "\" due to data type mismatch: The ",
                what, " must be between ", range, " (current value = ", value, ")."));
}

base::Status NotFoldable(const Typing& typing, const char* name, const char* type, size_t index) {
  return base::Fail(
      kNonFoldableInput,
      base::Cat("Cannot resolve \"", PrettyName(typing.text),
                "\" due to data type mismatch: the input `", name, "` should be a foldable ", type,
                " expression; however, got \"", PrettyName(*typing.text.args[index]), "\"."));
}

/// The constant that `e` is, over no columns.
base::StatusOr<ArrayPtr> Fold(const Expr& e, const TypePtr& type) {
  const arrow::Schema none({});
  BindContext context{none, {}};
  SOTERIA_ASSIGN_OR_RETURN(BoundPtr bound, BindExpr(e, context, 1));
  SOTERIA_ASSIGN_OR_RETURN(bound, CastTo(std::move(bound), type));
  return Constant(*bound);
}

base::StatusOr<Asked> ReadAsked(const Expr& e) {
  const arrow::Schema none({});
  SOTERIA_ASSIGN_OR_RETURN(const FieldPtr field, TypeOf(e, none));
  Asked asked;
  asked.list = field->type()->id() == Type::LIST;
  SOTERIA_ASSIGN_OR_RETURN(
      const ArrayPtr values,
      Fold(e, asked.list ? table::ListOf(arrow::float64()) : arrow::float64()));
  if (values == nullptr || values->IsNull(0)) {
    return base::NotSupported("A percentage that is null");
  }
  if (!asked.list) {
    asked.at.push_back(DoubleAt(*values, 0));
    return asked;
  }
  const ArrayPtr elements = static_cast<const arrow::ListArray&>(*values).value_slice(0);
  if (elements->null_count() > 0) return base::NotSupported("A percentage that is null");
  for (int64_t i = 0; i < elements->length(); ++i) asked.at.push_back(DoubleAt(*elements, i));
  return asked;
}

/// Argument `index` as the percentages, which must be constant.
base::StatusOr<Asked> AskedOf(const Typing& typing, size_t index) {
  if (!typing.args[index]->uses.empty()) {
    return NotFoldable(typing, "percentage", "\"DOUBLE\"", index);
  }
  SOTERIA_ASSIGN_OR_RETURN(Asked asked, ReadAsked(*typing.text.args[index]));
  if (asked.at.size() > kPercentagesMax) return base::NotSupported("So many percentages");
  for (const double p : asked.at) {
    if (!(p >= 0 && p <= 1)) {
      return OutOfRange(typing, "percentage", "[0.0, 1.0]", PrettyName(*typing.text.args[index]));
    }
  }
  return asked;
}

FieldPtr GivesOf(const Asked& asked, const TypePtr& type) {
  return arrow::field("", asked.list ? table::ListOf(type, false) : type, true);
}

/// The values as the type of the result's numbers; none: null.
base::Status AppendFound(const std::vector<double>& found, arrow::ArrayBuilder& out) {
  if (found.empty()) {
    SOTERIA_ARROW_RETURN(out.AppendNull());
    return base::OkStatus();
  }
  const bool list = out.type()->id() == Type::LIST;
  if (list) SOTERIA_ARROW_RETURN(static_cast<arrow::ListBuilder&>(out).Append());
  arrow::ArrayBuilder& to = list ? *static_cast<arrow::ListBuilder&>(out).value_builder() : out;
  for (const double value : found) {
    switch (to.type()->id()) {
      case Type::INT8:
        SOTERIA_ARROW_RETURN(
            static_cast<arrow::Int8Builder&>(to).Append(static_cast<int8_t>(value)));
        break;
      case Type::INT16:
        SOTERIA_ARROW_RETURN(
            static_cast<arrow::Int16Builder&>(to).Append(static_cast<int16_t>(value)));
        break;
      case Type::INT32:
        SOTERIA_ARROW_RETURN(
            static_cast<arrow::Int32Builder&>(to).Append(static_cast<int32_t>(value)));
        break;
      case Type::DATE32:
        SOTERIA_ARROW_RETURN(
            static_cast<arrow::Date32Builder&>(to).Append(static_cast<int32_t>(value)));
        break;
      case Type::INT64:
      case Type::TIMESTAMP: {
        const int64_t whole =
            value >= 0x1p63 ? INT64_MAX : static_cast<int64_t>(value);  // as Java rounds
        if (to.type()->id() == Type::INT64) {
          SOTERIA_ARROW_RETURN(static_cast<arrow::Int64Builder&>(to).Append(whole));
        } else {
          SOTERIA_ARROW_RETURN(static_cast<arrow::TimestampBuilder&>(to).Append(whole));
        }
        break;
      }
      case Type::DECIMAL128: {
        const auto digits = table::BigDecimalOf(value);
        const auto decimal = digits.has_value()
                                 ? table::ToDecimal(*digits, table::ShapeOf(*to.type()))
                                 : std::nullopt;
        auto& decimals = static_cast<arrow::Decimal128Builder&>(to);
        SOTERIA_ARROW_RETURN(decimal.has_value() ? decimals.Append(table::ToArrow(*decimal))
                                                 : decimals.AppendNull());
        break;
      }
      case Type::FLOAT:
        SOTERIA_ARROW_RETURN(
            static_cast<arrow::FloatBuilder&>(to).Append(static_cast<float>(value)));
        break;
      default:
        SOTERIA_ARROW_RETURN(static_cast<arrow::DoubleBuilder&>(to).Append(value));
    }
  }
  return base::OkStatus();
}

// ---- approximate --------------------------------------------------------------------------------

/// kKeepNan: NaN is a value, and without one the result is null; else it is an empty array.
template <bool kKeepNan>
class Sketch final : public AccumulatorOf<Sketch<kKeepNan>> {
 public:
  Sketch(double error, std::vector<double> at)
      : error_(error), at_(std::move(at)), sketch_(error) {}

  base::Status Update(const ArrayList& args, int64_t begin, int64_t end) override {
    const arrow::Array& array = *args[0];
    if (table::IsDecimal(*array.type())) {
      const int scale = table::ShapeOf(*array.type()).scale;
      for (int64_t i = begin; i < end; ++i) {
        if (array.IsNull(i)) continue;
        SOTERIA_RETURN_IF_ERROR(
            sketch_.Insert(table::DecimalToDouble(table::DecimalAt(array, i), scale)));
      }
      return sketch_.Compress();
    }
    SOTERIA_RETURN_IF_ERROR(WithNumber(*array.type(), [&](auto type) -> base::Status {
      using T = decltype(type);
      for (int64_t i = begin; i < end; ++i) {
        if (array.IsNull(i)) continue;
        const auto value = static_cast<double>(Values<T>(array)[i]);
        if (!kKeepNan && std::isnan(value)) continue;
        SOTERIA_RETURN_IF_ERROR(sketch_.Insert(value));
      }
      return base::OkStatus();
    }));
    return sketch_.Compress();
  }
  base::Status MergeLater(const Sketch& later) { return sketch_.Merge(later.sketch_); }
  void Write(FieldWriter& out) const override { sketch_.Write(out); }
  base::Status Read(FieldReader& in) override {
    SOTERIA_ASSIGN_OR_RETURN(sketch_, table::QuantileSketch::Read(error_, in));
    return base::OkStatus();
  }
  base::Status Finish(arrow::ArrayBuilder& out) const override {
    const std::vector<double> found = sketch_.Query(at_);
    if (found.empty() && !kKeepNan) {
      SOTERIA_ARROW_RETURN(static_cast<arrow::ListBuilder&>(out).Append());
      return base::OkStatus();
    }
    return AppendFound(found, out);
  }

 private:
  double error_;
  std::vector<double> at_;
  table::QuantileSketch sketch_;
};

/// For relations: numbers and error are the call's own.
base::Status BindSketch(const AggregateCall& /*call*/, Typing& typing) {
  SOTERIA_RETURN_IF_ERROR(TakeArgument(typing.text, typing.args, 0, 'd'));
  typing.gives = arrow::field("", table::ListOf(arrow::float64(), false), true);
  return base::OkStatus();
}

template <bool kKeepNan>
base::StatusOr<AccumulatorPtr> MakeSketch(const AggregateCall& call, const CallTypes& /*types*/) {
  return std::make_unique<Sketch<kKeepNan>>(call.relative_error, call.probabilities);
}

base::StatusOr<int64_t> Accuracy(const AggregateCall& call) {
  if (call.rest.size() < 2) return 10'000;
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr value, Fold(*call.rest[1], arrow::int64()));
  if (value == nullptr || value->IsNull(0)) return base::NotSupported("An accuracy that is null");
  return LongAt(*value, 0);
}

/// percentile_approx(value, percentages, [accuracy])
base::Status BindApprox(const AggregateCall& call, Typing& typing) {
  SOTERIA_ASSIGN_OR_RETURN(const Asked asked, AskedOf(typing, 1));
  if (typing.args.size() > 2) {
    if (!typing.args[2]->uses.empty()) return NotFoldable(typing, "accuracy", "\"INTEGRAL\"", 2);
    if (!IsIntegral(*typing.args[2]->field->type())) {
      return UnexpectedType(typing.text, 2, "\"INTEGRAL\"", *typing.text.args[2],
                            *typing.args[2]->field);
    }
    SOTERIA_ASSIGN_OR_RETURN(const int64_t accuracy, Accuracy(call));
    if (accuracy <= 0 || accuracy > INT32_MAX) {
      return OutOfRange(typing, "accuracy", "(0, 2147483647]", PrettyName(*typing.text.args[2]));
    }
  }
  typing.args.resize(1);
  const arrow::Field& field = *typing.args[0]->field;
  const Type::type id = field.type()->id();
  if (id == Type::NA || id == Type::STRING) {
    SOTERIA_RETURN_IF_ERROR(TakeArgument(typing.text, typing.args, 0, 'd'));
  } else if (!IsNumeric(*field.type()) && id != Type::DATE32 && id != Type::TIMESTAMP) {
    return UnexpectedType(typing.text, 0,
                          "(\"NUMERIC\" or \"DATE\" or \"TIMESTAMP\" or \"TIMESTAMP_NTZ\" or "
                          "\"INTERVAL YEAR TO MONTH\" or \"INTERVAL DAY TO SECOND\" or \"TIME\")",
                          *typing.text.args[0], field);
  }
  typing.gives = GivesOf(asked, typing.args[0]->field->type());
  return base::OkStatus();
}

base::StatusOr<AccumulatorPtr> MakeApprox(const AggregateCall& call, const CallTypes& /*types*/) {
  SOTERIA_ASSIGN_OR_RETURN(Asked asked, ReadAsked(*call.rest[0]));
  SOTERIA_ASSIGN_OR_RETURN(const int64_t accuracy, Accuracy(call));
  return std::make_unique<Sketch<true>>(1.0 / static_cast<double>(accuracy), std::move(asked.at));
}

// ---- exact --------------------------------------------------------------------------------------

/// All values; between two neighbours the result lies in proportion.
class Exact final : public AccumulatorOf<Exact> {
 public:
  /// `descends`: of the values from the largest down; `discrete`: of the values themselves.
  Exact(std::string function, std::vector<double> at, bool descends = false, bool discrete = false)
      : function_(std::move(function)),
        at_(std::move(at)),
        descends_(descends),
        discrete_(discrete) {}

  base::Status Update(const ArrayList& args, int64_t begin, int64_t end) override {
    for (int64_t i = begin; i < end; ++i) {
      if (args[0]->IsNull(i)) continue;
      int64_t times = 1;
      if (args.size() > 1) {
        times = args[1]->IsNull(i) ? 0 : LongAt(*args[1], i);
        if (times < 0) {
          return base::FailQuotingData({"_LEGACY_ERROR_TEMP", base::exception_class::kSpark, "",
                                        absl::StatusCode::kInvalidArgument},
                                       base::Cat("Negative values found in ", times));
        }
      }
      if (static_cast<uint64_t>(times) > kExactValuesMax - values_.size()) {
        return TooMuchState(function_);
      }
      values_.insert(values_.end(), static_cast<size_t>(times), DoubleAt(*args[0], i));
    }
    return base::OkStatus();
  }
  base::Status MergeLater(const Exact& later) {
    if (later.values_.size() > kExactValuesMax - values_.size()) return TooMuchState(function_);
    values_.insert(values_.end(), later.values_.begin(), later.values_.end());
    return base::OkStatus();
  }
  void Write(FieldWriter& out) const override {
    out.Add({reinterpret_cast<const char*>(values_.data()), values_.size() * sizeof(double)});
  }
  base::Status Read(FieldReader& in) override {
    SOTERIA_ASSIGN_OR_RETURN(const std::string_view bytes, in.Next());
    if (bytes.size() % sizeof(double) != 0 || bytes.size() > kAccumulatorBytesMax) {
      return base::Fail(base::kProtocol, "Aggregate: not a list of numbers");
    }
    values_.resize(bytes.size() / sizeof(double));
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(values_.data()));
    return base::OkStatus();
  }
  base::Status Finish(arrow::ArrayBuilder& out) const override {
    std::vector<double> found;
    if (!values_.empty()) {
      std::vector<double> sorted = values_;
      std::sort(sorted.begin(), sorted.end(),
                [](double a, double b) { return CompareNumbers(a, b) < 0; });
      if (descends_) std::reverse(sorted.begin(), sorted.end());
      for (const double p : at_) {
        if (discrete_) {
          const double rank = std::ceil(static_cast<double>(sorted.size()) * p);
          found.push_back(sorted[static_cast<size_t>(std::max(rank, 1.0)) - 1]);
          continue;
        }
        const double position = static_cast<double>(sorted.size() - 1) * p;
        const double below = std::floor(position);
        const double above = std::ceil(position);
        const double low = sorted[static_cast<size_t>(below)];
        const double high = sorted[static_cast<size_t>(above)];
        found.push_back(below == above || CompareNumbers(low, high) == 0
                            ? low
                            : (above - position) * low + (position - below) * high);
      }
    }
    return AppendFound(found, out);
  }

 private:
  std::string function_;
  std::vector<double> at_;
  bool descends_;
  bool discrete_;
  std::vector<double> values_;
};

/// percentile(value, percentages, [frequency]); median(value)
base::Status BindExact(const AggregateCall& /*call*/, Typing& typing) {
  Asked asked{{0.5}, false};
  if (typing.args.size() > 1) {
    SOTERIA_ASSIGN_OR_RETURN(asked, AskedOf(typing, 1));
  }
  const arrow::Field& field = *typing.args[0]->field;
  const bool number = IsNumeric(*field.type()) || field.type()->id() == Type::STRING ||
                      field.type()->id() == Type::NA;
  if (!number || !table::UdtOf(field).empty()) {
    return UnexpectedType(typing.text, 0, "(\"NUMERIC\" or \"ANSI INTERVAL\")",
                          *typing.text.args[0], field);
  }
  SOTERIA_ASSIGN_OR_RETURN(typing.args[0], CastTo(typing.args[0], arrow::float64()));
  if (typing.args.size() > 2) {
    if (!IsIntegral(*typing.args[2]->field->type())) {
      return UnexpectedType(typing.text, 2, "\"INTEGRAL\"", *typing.text.args[2],
                            *typing.args[2]->field);
    }
    SOTERIA_ASSIGN_OR_RETURN(typing.args[1], CastTo(typing.args[2], arrow::int64()));
    typing.args.resize(2);
  } else {
    typing.args.resize(1);
  }
  typing.gives = GivesOf(asked, arrow::float64());
  return base::OkStatus();
}

base::StatusOr<AccumulatorPtr> MakeExact(const AggregateCall& call, const CallTypes& /*types*/) {
  Asked asked{{0.5}, false};
  if (!call.rest.empty()) {
    SOTERIA_ASSIGN_OR_RETURN(asked, ReadAsked(*call.rest[0]));
  }
  return std::make_unique<Exact>(call.function, std::move(asked.at));
}

/// percentile_cont(value, percentages, [descends]): WITHIN GROUP has said the value.
base::Status BindWithin(const AggregateCall& /*call*/, Typing& typing) {
  if (typing.args.size() < 2) return WrongNumberOfArguments(typing.text.name, 1, 1, 0);
  SOTERIA_ASSIGN_OR_RETURN(const Asked asked, AskedOf(typing, 1));
  const arrow::Field& field = *typing.args[0]->field;
  const bool number = IsNumeric(*field.type()) || field.type()->id() == Type::STRING ||
                      field.type()->id() == Type::NA;
  if (!number || !table::UdtOf(field).empty()) {
    return UnexpectedType(typing.text, 0,
                          "((\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO "
                          "MONTH\") or \"TIME\")",
                          *typing.text.args[0], field);
  }
  SOTERIA_ASSIGN_OR_RETURN(typing.args[0], CastTo(typing.args[0], arrow::float64()));
  typing.args.resize(1);
  typing.gives = GivesOf(asked, arrow::float64());
  return base::OkStatus();
}

template <bool kDiscrete>
base::StatusOr<AccumulatorPtr> MakeWithin(const AggregateCall& call, const CallTypes& /*types*/) {
  SOTERIA_ASSIGN_OR_RETURN(Asked asked, ReadAsked(*call.rest[0]));
  return std::make_unique<Exact>(call.function, std::move(asked.at), call.rest.size() > 1,
                                 kDiscrete);
}

constexpr AggregateFunction kFunctions[] = {
    {"percentile_cont", "percentile_cont", 1, 3, BindWithin, MakeWithin<false>},
    {"percentile_disc", "percentile_disc", 1, 3, BindWithin, MakeWithin<true>},
    {"median", "median", 1, 1, BindExact, MakeExact},
    {"percentile", "percentile", 2, 3, BindExact, MakeExact},
    {"percentile_approx", "percentile_approx", 2, 3, BindApprox, MakeApprox},
    {"approx_percentile", "approx_percentile", 2, 3, BindApprox, MakeApprox},
    {"summary_percentiles", "summary_percentiles", 1, 1, BindSketch, MakeSketch<true>, false},
    {"approx_quantile", "approx_quantile", 1, 1, BindSketch, MakeSketch<false>, false},
};

}  // namespace

std::span<const AggregateFunction> QuantileAggregates() { return kFunctions; }

}  // namespace soteria::exec
