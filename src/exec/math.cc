// Functions of doubles, and rounding. Where the argument lies outside a logarithm's domain the
// result is null, as in Spark; elsewhere Java's Math.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/coercion.h"
#include "src/exec/columns.h"
#include "src/exec/decimal_rounding.h"
#include "src/exec/functions.h"
#include "src/exec/intervals.h"
#include "src/table/decimal.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using Unary = double (*)(double);
using Binary = double (*)(double, double);

double Exp(double x) { return std::exp(x); }
double Sqrt(double x) { return std::sqrt(x); }
double Cbrt(double x) { return std::cbrt(x); }
double Expm1(double x) { return std::expm1(x); }
double Sin(double x) { return std::sin(x); }
double Cos(double x) { return std::cos(x); }
double Tan(double x) { return std::tan(x); }
double Asin(double x) { return std::asin(x); }
double Acos(double x) { return std::acos(x); }
double Atan(double x) { return std::atan(x); }
double Sinh(double x) { return std::sinh(x); }
double Cosh(double x) { return std::cosh(x); }
double Tanh(double x) { return std::tanh(x); }
double Rint(double x) { return std::nearbyint(x); }
double Signum(double x) { return x > 0 ? 1.0 : x < 0 ? -1.0 : x; }
double Radians(double x) { return x * (std::numbers::pi / 180); }
double Degrees(double x) { return x * (180 / std::numbers::pi); }
double Ln(double x) { return std::log(x); }
double Log10(double x) { return std::log10(x); }
double Log2(double x) { return std::log(x) / std::log(2.0); }
double Log1p(double x) { return std::log1p(x); }

double Pow(double x, double y) {
  // C says 1 where Java says NaN.
  if (std::isnan(y) || (std::isinf(y) && std::fabs(x) == 1)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  return std::pow(x, y);
}
double Atan2(double y, double x) { return std::atan2(y + 0.0, x + 0.0); }
double Hypot(double x, double y) { return std::hypot(x, y); }

template <Unary kF>
base::StatusOr<ArrayPtr> Apply(const Bound& node, const ArrayList& args, int64_t rows,
                               EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(Validity validity, AllValid(args, rows));
  SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<double>::Make(rows));
  const double* x = Values<double>(*args[0]);
  for (int64_t i = 0; i < rows; ++i) out.data()[i] = kF(x[i]);
  return out.Finish(node.field->type(), std::move(validity));
}

template <Binary kF>
base::StatusOr<ArrayPtr> ApplyTwo(const Bound& node, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(Validity validity, AllValid(args, rows));
  SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<double>::Make(rows));
  const double* x = Values<double>(*args[0]);
  const double* y = Values<double>(*args[1]);
  for (int64_t i = 0; i < rows; ++i) out.data()[i] = kF(x[i], y[i]);
  return out.Finish(node.field->type(), std::move(validity));
}

/// Null where x <= node.factor (NaN is inside the domain).
template <Unary kF>
base::StatusOr<ArrayPtr> Logarithm(const Bound& node, const ArrayList& args, int64_t rows,
                                   EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<double>::Make(rows));
  std::vector<uint8_t> valid(static_cast<size_t>(rows));
  const double* x = Values<double>(*args[0]);
  for (int64_t i = 0; i < rows; ++i) {
    const bool inside = args[0]->IsValid(i) && !(x[i] <= node.factor);
    valid[static_cast<size_t>(i)] = inside;
    out.data()[i] = inside ? kF(x[i]) : 0;
  }
  SOTERIA_ASSIGN_OR_RETURN(Validity validity, ValidityFrom(valid));
  return out.Finish(node.field->type(), std::move(validity));
}

/// log(base, x)
base::StatusOr<ArrayPtr> LogBase(const Bound& node, const ArrayList& args, int64_t rows,
                                 EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<double>::Make(rows));
  std::vector<uint8_t> valid(static_cast<size_t>(rows));
  const double* base = Values<double>(*args[0]);
  const double* x = Values<double>(*args[1]);
  for (int64_t i = 0; i < rows; ++i) {
    const bool inside =
        args[0]->IsValid(i) && args[1]->IsValid(i) && !(base[i] <= 0) && !(x[i] <= 0);
    valid[static_cast<size_t>(i)] = inside;
    out.data()[i] = inside ? std::log(x[i]) / std::log(base[i]) : 0;
  }
  SOTERIA_ASSIGN_OR_RETURN(Validity validity, ValidityFrom(valid));
  return out.Finish(node.field->type(), std::move(validity));
}

/// NaN is 0; what a long can't hold is an overflow.
bool ToLong(double x, int64_t* out) {
  *out = 0;
  if (std::isnan(x)) return true;
  if (x >= 0x1p63 || x < -0x1p63) return false;
  *out = static_cast<int64_t>(x);
  return true;
}

base::Status Overflow(const char* word) {
  return base::Fail(base::kOverflow,
                    base::Cat(word,
                              " If necessary set \"spark.sql.ansi.enabled\" to \"false\" to "
                              "bypass this error."));
}

template <Unary kF>
base::StatusOr<ArrayPtr> ToWhole(const Bound& node, const ArrayList& args, int64_t rows,
                                 EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(Validity validity, AllValid(args, rows));
  SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<int64_t>::Make(rows));
  const double* x = Values<double>(*args[0]);
  for (int64_t i = 0; i < rows; ++i) {
    if (!ToLong(kF(x[i]), &out.data()[i]) && !validity.IsNull(i)) return Overflow("overflow.");
  }
  return out.Finish(node.field->type(), std::move(validity));
}

base::StatusOr<ArrayPtr> Same(const Bound& /*node*/, const ArrayList& args, int64_t /*rows*/,
                              EvalState& /*state*/) {
  return args[0];
}

double Floor(double x) { return std::floor(x); }
double Ceil(double x) { return std::ceil(x); }

// ---- round --------------------------------------------------------------------------------------

/// Rounds the decimal text of the number (its shortest digits, as Java's BigDecimal of a double's
/// text), half up or half to even.
double RoundDouble(double x, int scale, bool half_even) {
  if (!std::isfinite(x)) return x;
  if (x == 0) return 0;  // a BigDecimal has no -0.0
  char text[64];
  const auto end =
      std::to_chars(text, text + sizeof text, std::fabs(x), std::chars_format::scientific);
  const std::string_view scientific(text, static_cast<size_t>(end.ptr - text));
  const size_t e = scientific.find('e');
  std::string digits;
  for (const char c : scientific.substr(0, e)) {
    if (c != '.') digits += c;
  }
  int exponent = 0;
  const bool plus = scientific[e + 1] == '+';
  std::from_chars(text + e + (plus ? 2 : 1), end.ptr, exponent);
  // digits[k] has the weight 10^(exponent - k); keep those with weight >= 10^-scale.
  const int64_t keep = int64_t{exponent} + 1 + scale;
  if (keep >= static_cast<int64_t>(digits.size())) return x;
  if (keep < 0) return 0;
  const auto kept = static_cast<size_t>(keep);
  const bool tail = digits.find_first_not_of('0', kept + 1) != std::string::npos;
  bool up = digits[kept] >= '5';
  if (half_even && digits[kept] == '5' && !tail) {
    up = kept > 0 && (digits[kept - 1] - '0') % 2 == 1;
  }
  std::string whole = "0" + digits.substr(0, kept);
  for (size_t k = whole.size(); up && k-- > 0;) {
    if (whole[k] == '9') {
      whole[k] = '0';
    } else {
      ++whole[k];
      up = false;
    }
  }
  whole += "e" + std::to_string(-scale);
  double rounded = 0;
  std::from_chars(whole.data(), whole.data() + whole.size(), rounded);
  return rounded == 0 ? 0 : std::copysign(rounded, x);
}

/// An integer to a multiple of 10^-scale (scale < 0); false when it overflows.
template <class T>
bool RoundInteger(T x, int scale, bool half_even, T* out) {
  *out = x;
  if (scale >= 0) return true;
  __int128 unit = 1;
  for (int k = 0; k < -scale && unit <= INT64_MAX; ++k) unit *= 10;
  const __int128 value = x;
  const __int128 magnitude = value < 0 ? -value : value;
  __int128 quotient = magnitude / unit;
  const __int128 twice = magnitude % unit * 2;
  const bool up = twice > unit || (twice == unit && (!half_even || quotient % 2 == 1));
  if (up) ++quotient;
  const __int128 rounded = quotient * unit * (value < 0 ? -1 : 1);
  *out = static_cast<T>(rounded);
  return rounded == *out;
}

/// node.number: scale.
template <bool kHalfEven>
base::StatusOr<ArrayPtr> Round(const Bound& node, const ArrayList& args, int64_t rows,
                               EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(Validity validity, AllValid({args[0]}, rows));
  return WithNumber(*node.field->type(), [&](auto type) -> base::StatusOr<ArrayPtr> {
    using T = decltype(type);
    const T* x = Values<T>(*args[0]);
    SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<T>::Make(rows));
    for (int64_t i = 0; i < rows; ++i) {
      T& to = out.data()[i];
      to = 0;
      if (validity.IsNull(i)) continue;
      if constexpr (std::is_floating_point_v<T>) {
        to = static_cast<T>(RoundDouble(static_cast<double>(x[i]), node.number, kHalfEven));
      } else if (!RoundInteger(x[i], node.number, kHalfEven, &to)) {
        return Overflow("Overflow.");
      }
    }
    return out.Finish(node.field->type(), std::move(validity));
  });
}

// ---- binders ------------------------------------------------------------------------------------

base::Status ToDoubles(const Expr& e, std::vector<BoundPtr>& args) {
  for (size_t i = 0; i < args.size(); ++i) {
    SOTERIA_RETURN_IF_ERROR(CoerceArgument(e, args, i, arrow::float64(), "\"DOUBLE\""));
  }
  return base::OkStatus();
}

template <Kernel kKernel>
base::StatusOr<BoundPtr> BindDoubles(const Expr& e, std::vector<BoundPtr> args,
                                     BindContext& /*context*/) {
  SOTERIA_RETURN_IF_ERROR(ToDoubles(e, args));
  bool nullable = args.size() == 1;  // so says Spark, whatever the argument is
  for (const BoundPtr& arg : args) nullable = nullable || arg->field->nullable();
  auto node = MakeCall(PrettyName(e), arrow::float64(), nullable, std::move(args));
  node->kernel = kKernel;
  return node;
}

/// The domain is above kBound.
template <Unary kF, int kBound>
base::StatusOr<BoundPtr> BindLogarithm(const Expr& e, std::vector<BoundPtr> args,
                                       BindContext& /*context*/) {
  SOTERIA_RETURN_IF_ERROR(ToDoubles(e, args));
  const bool two = args.size() == 2;
  auto node = MakeCall(PrettyName(e), arrow::float64(), true, std::move(args));
  node->kernel = two ? LogBase : Logarithm<kF>;
  node->factor = kBound;
  return node;
}

template <Unary kF>
base::StatusOr<BoundPtr> BindWhole(const Expr& e, std::vector<BoundPtr> args,
                                   BindContext& /*context*/) {
  constexpr table::Rounding kRounding =
      kF == Floor ? table::Rounding::kFloor : table::Rounding::kCeiling;
  if (args.size() == 2) return BindPlaces(e, std::move(args), kRounding);
  if (table::IsDecimal(*args[0]->field->type())) {
    return BindDecimalWhole(e, std::move(args), kRounding);
  }
  if (args[0]->field->type()->id() == Type::INT64) {
    auto same = MakeCall(PrettyName(e), arrow::int64(), true, std::move(args));
    same->kernel = Same;
    return same;
  }
  SOTERIA_RETURN_IF_ERROR(
      CoerceArgument(e, args, 0, arrow::float64(), "(\"DOUBLE\" or \"DECIMAL\" or \"BIGINT\")"));
  auto node = MakeCall(PrettyName(e), arrow::int64(), true, std::move(args));
  node->kernel = ToWhole<kF>;
  node->careful = true;
  return node;
}

template <bool kHalfEven>
base::StatusOr<BoundPtr> BindRound(const Expr& e, std::vector<BoundPtr> args,
                                   BindContext& /*context*/) {
  const TypePtr from = args[0]->field->type();
  const bool decimal = table::IsDecimal(*from);
  const TypePtr type = IsNumber(*from) || decimal ? from : arrow::float64();
  SOTERIA_RETURN_IF_ERROR(CoerceArgument(e, args, 0, type, "\"NUMERIC\""));
  SOTERIA_ASSIGN_OR_RETURN(const int scale, PlacesOf(e, args));
  if (decimal) {
    return BindDecimalRound(e, std::move(args), scale,
                            kHalfEven ? table::Rounding::kHalfEven : table::Rounding::kHalfUp);
  }
  args.resize(1);
  auto node = MakeCall(PrettyName(e), type, true, std::move(args));
  node->kernel = Round<kHalfEven>;
  node->number = scale;
  node->careful = node->careful || IsIntegral(*type);
  return node;
}

base::StatusOr<BoundPtr> BindSignum(const Expr& e, std::vector<BoundPtr> args,
                                    BindContext& context) {
  if (AreOfIntervals(e, args)) return BindIntervals(e, std::move(args), context);
  return BindDoubles<Apply<Signum>>(e, std::move(args), context);
}

constexpr Function kFunctions[] = {
    {"exp", 1, 1, "EXP", Print::kCall, BindDoubles<Apply<Exp>>},
    {"sqrt", 1, 1, "SQRT", Print::kCall, BindDoubles<Apply<Sqrt>>},
    {"cbrt", 1, 1, "CBRT", Print::kCall, BindDoubles<Apply<Cbrt>>},
    {"expm1", 1, 1, "EXPM1", Print::kCall, BindDoubles<Apply<Expm1>>},
    {"sin", 1, 1, "SIN", Print::kCall, BindDoubles<Apply<Sin>>},
    {"cos", 1, 1, "COS", Print::kCall, BindDoubles<Apply<Cos>>},
    {"tan", 1, 1, "TAN", Print::kCall, BindDoubles<Apply<Tan>>},
    {"asin", 1, 1, "ASIN", Print::kCall, BindDoubles<Apply<Asin>>},
    {"acos", 1, 1, "ACOS", Print::kCall, BindDoubles<Apply<Acos>>},
    {"atan", 1, 1, "ATAN", Print::kCall, BindDoubles<Apply<Atan>>},
    {"sinh", 1, 1, "SINH", Print::kCall, BindDoubles<Apply<Sinh>>},
    {"cosh", 1, 1, "COSH", Print::kCall, BindDoubles<Apply<Cosh>>},
    {"tanh", 1, 1, "TANH", Print::kCall, BindDoubles<Apply<Tanh>>},
    {"rint", 1, 1, "rint", Print::kCall, BindDoubles<Apply<Rint>>},
    {"signum", 1, 1, "SIGNUM", Print::kCall, BindSignum},
    {"sign", 1, 1, "sign", Print::kCall, BindSignum},
    {"radians", 1, 1, "RADIANS", Print::kCall, BindDoubles<Apply<Radians>>},
    {"degrees", 1, 1, "DEGREES", Print::kCall, BindDoubles<Apply<Degrees>>},
    {"power", 2, 2, "POWER", Print::kCall, BindDoubles<ApplyTwo<Pow>>},
    {"pow", 2, 2, "pow", Print::kCall, BindDoubles<ApplyTwo<Pow>>},
    {"atan2", 2, 2, "ATAN2", Print::kCall, BindDoubles<ApplyTwo<Atan2>>},
    {"hypot", 2, 2, "HYPOT", Print::kCall, BindDoubles<ApplyTwo<Hypot>>},
    {"ln", 1, 1, "ln", Print::kCall, BindLogarithm<Ln, 0>},
    {"log", 1, 2, "LOG", Print::kSpecial, BindLogarithm<Ln, 0>},
    {"log10", 1, 1, "LOG10", Print::kCall, BindLogarithm<Log10, 0>},
    {"log2", 1, 1, "LOG2", Print::kCall, BindLogarithm<Log2, 0>},
    {"log1p", 1, 1, "LOG1P", Print::kCall, BindLogarithm<Log1p, -1>},
    {"floor", 1, 2, "FLOOR", Print::kSpecial, BindWhole<Floor>},
    {"ceil", 1, 2, "CEIL", Print::kSpecial, BindWhole<Ceil>},
    {"ceiling", 1, 2, "ceiling", Print::kSpecial, BindWhole<Ceil>},
    {"round", 1, 2, "round", Print::kSpecial, BindRound<false>},
    {"bround", 1, 2, "bround", Print::kSpecial, BindRound<true>},
};

}  // namespace

std::span<const Function> MathFunctions() { return kFunctions; }

}  // namespace soteria::exec
