#include "src/exec/decimal_arithmetic.h"

#include <arrow/array.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/arithmetic_errors.h"
#include "src/exec/coercion.h"
#include "src/exec/columns.h"
#include "src/exec/conditions.h"
#include "src/exec/functions.h"

namespace soteria::exec {
namespace {

using arrow::Decimal256;
using arrow::Type;
using table::DecimalShape;
using table::kDecimalDigitsMax;
using table::PowerOfTen;
using table::Unscaled;

constexpr int kLeastScale = 6;      // of what Spark keeps of a quotient or product of many digits
constexpr int kWideDigitsMax = 76;  // that 256 bits hold whatever they are

// ---- types --------------------------------------------------------------------------------------

/// Spark's adjustPrecisionScale: digits before the point are kept, six behind it at least.
DecimalShape Adjusted(int precision, int scale) {
  if (precision <= kDecimalDigitsMax) return {precision, scale};
  const int whole = precision - scale;
  return {kDecimalDigitsMax, std::max(kDecimalDigitsMax - whole, std::min(scale, kLeastScale))};
}

/// The digits that a literal integer needs.
std::optional<DecimalShape> ShapeOfLiteral(const Expr& e) {
  if (e.kind != Expr::Kind::kLiteral || !e.literal->is_valid) return std::nullopt;
  switch (e.literal->type->id()) {
    case Type::INT16:
      return DecimalShape{table::DigitsOf(static_cast<const arrow::Int16Scalar&>(*e.literal).value),
                          0};
    case Type::INT32:
      return DecimalShape{table::DigitsOf(static_cast<const arrow::Int32Scalar&>(*e.literal).value),
                          0};
    case Type::INT64:
      return DecimalShape{table::DigitsOf(static_cast<const arrow::Int64Scalar&>(*e.literal).value),
                          0};
    default:
      return std::nullopt;
  }
}

// ---- numbers of 256 bits ------------------------------------------------------------------------

Decimal256 Wide(Unscaled value) {
  const auto bits = static_cast<unsigned __int128>(value);
  const uint64_t sign = value < 0 ? ~uint64_t{0} : 0;
  return Decimal256(Decimal256::LittleEndianArray,
                    {static_cast<uint64_t>(bits), static_cast<uint64_t>(bits >> 64), sign, sign});
}

/// 10^n, n <= 76.
Decimal256 WidePower(int n) {
  const int most = std::min(n, kDecimalDigitsMax);
  return Wide(PowerOfTen(most)) * Wide(PowerOfTen(n - most));
}

Decimal256 Absolute(const Decimal256& value) { return Decimal256(Decimal256::Abs(value)); }

/// nullopt when it has more than 38 digits.
std::optional<Unscaled> Narrow(const Decimal256& value) {
  if (Absolute(value) >= WidePower(kDecimalDigitsMax)) return std::nullopt;
  const auto words = value.little_endian_array();
  return static_cast<Unscaled>((static_cast<unsigned __int128>(words[1]) << 64) | words[0]);
}

struct Division {
  Decimal256 quotient;
  Decimal256 rest;
};

Decimal256 Minus(Decimal256 a, Decimal256 b) {
  b.Negate();
  a += b;
  return a;
}

/// Towards zero; `by` isn't 0.
Division Divided(const Decimal256& value, const Decimal256& by) {
  Division division;
  value.BasicDecimal256::Divide(by, &division.quotient, &division.rest);
  // Arrow's quotient may be too near to zero: what is left is then no less than the divisor.
  const Decimal256 whole = Absolute(by);
  while (Absolute(division.rest) >= whole) {
    division.rest = value < 0 ? Decimal256(division.rest + whole) : Minus(division.rest, whole);
    division.quotient += Decimal256((value < 0) == (by < 0) ? 1 : -1);
  }
  return division;
}

/// Is what is left of a division by `by` > 0 half of it, or more?
bool IsHalf(const Decimal256& rest, const Decimal256& by) {
  const Decimal256 dropped = Absolute(rest);
  return dropped >= Minus(by, dropped);
}

/// value / by, by > 0, half up.
Decimal256 DivideHalfUp(const Decimal256& value, const Decimal256& by) {
  Division division = Divided(value, by);
  if (IsHalf(division.rest, by)) division.quotient += Decimal256(value < 0 ? -1 : 1);
  return division.quotient;
}

int WideDigits(const Decimal256& value) {
  const std::string digits = value.ToIntegerString();
  return static_cast<int>(digits.size()) - (digits.front() == '-' ? 1 : 0);
}

/// As a value of the shape, half up.
std::optional<Unscaled> NarrowTo(const Decimal256& value, int scale, DecimalShape to) {
  const int more = to.scale - scale;
  std::optional<Unscaled> narrow;
  if (more < 0) {
    narrow = Narrow(DivideHalfUp(value, WidePower(-more)));
  } else if (const auto same = Narrow(value); same.has_value()) {
    return table::Rescale(*same, scale, to);
  }
  if (narrow.has_value() && !table::FitsDigits(*narrow, to.precision)) return std::nullopt;
  return narrow;
}

std::string WideText(const Decimal256& value, int scale) {
  std::string digits = value.ToIntegerString();
  const bool negative = digits.front() == '-';
  if (negative) digits.erase(0, 1);
  return table::PlainText({negative, std::move(digits), scale});
}

// ---- operations ---------------------------------------------------------------------------------

using Value = base::StatusOr<Unscaled>;

template <bool kMinus>
Value Sum(Unscaled a, int scale_a, Unscaled b, int scale_b, DecimalShape to) {
  const int scale = std::max(scale_a, scale_b);
  Unscaled x = 0;
  Unscaled y = 0;
  Unscaled sum = 0;
  const bool over =
      __builtin_mul_overflow(a, PowerOfTen(scale - scale_a), &x) ||
      __builtin_mul_overflow(b, PowerOfTen(scale - scale_b), &y) ||
      (kMinus ? __builtin_sub_overflow(x, y, &sum) : __builtin_add_overflow(x, y, &sum));
  if (!over) {
    const auto value = table::Rescale(sum, scale, to);
    if (value.has_value()) return *value;
    return DecimalOutOfRange(table::DecimalText(sum, scale), to);
  }
  const Decimal256 wide_x = Wide(a) * Wide(PowerOfTen(scale - scale_a));
  const Decimal256 wide_y = Wide(b) * Wide(PowerOfTen(scale - scale_b));
  const Decimal256 wide = kMinus ? Minus(wide_x, wide_y) : Decimal256(wide_x + wide_y);
  const auto value = NarrowTo(wide, scale, to);
  if (value.has_value()) return *value;
  return DecimalOutOfRange(WideText(wide, scale), to);
}

/// Spark's product has 38 digits before it is rounded to its type.
Value Product(Unscaled a, int scale_a, Unscaled b, int scale_b, DecimalShape to) {
  const int scale = scale_a + scale_b;
  Unscaled product = 0;
  if (!__builtin_mul_overflow(a, b, &product) && table::FitsDigits(product, kDecimalDigitsMax)) {
    const auto value = table::Rescale(product, scale, to);
    if (value.has_value()) return *value;
    return DecimalOutOfRange(table::DecimalText(product, scale), to);
  }
  Decimal256 wide = Wide(a) * Wide(b);
  int its_scale = scale;
  if (const int more = WideDigits(wide) - kDecimalDigitsMax; more > 0) {
    wide = DivideHalfUp(wide, WidePower(more));
    its_scale -= more;
  }
  std::optional<Unscaled> value;
  if (its_scale >= 0) {
    value = NarrowTo(wide, its_scale, to);
  } else if (wide == 0) {
    value = 0;
  }
  if (value.has_value()) return *value;
  return DecimalOutOfRange(WideText(wide, its_scale), to);
}

/// The quotient with 38 places, as an error text shows it: digit by digit.
std::string QuotientText(Unscaled a, int scale_a, Unscaled b, int scale_b) {
  const bool negative = (a < 0) != (b < 0);
  const Decimal256 by = Absolute(Wide(b));
  std::string number = WideText(Absolute(Wide(a)), 0);
  const int shift = kDecimalDigitsMax - scale_a + scale_b;
  if (shift > 0) number.append(static_cast<size_t>(shift), '0');
  std::string digits;
  Decimal256 rest(0);
  for (const char c : number) {
    rest = rest * Decimal256(10) + Decimal256(c - '0');
    const Division division = Divided(rest, by);
    rest = division.rest;
    if (!digits.empty() || division.quotient != 0) digits += division.quotient.ToIntegerString();
  }
  if (digits.empty()) digits = "0";
  if (IsHalf(rest, by)) {
    size_t at = digits.size();
    while (at > 0 && digits[at - 1] == '9') digits[--at] = '0';
    if (at == 0) {
      digits.insert(0, "1");
    } else {
      ++digits[at - 1];
    }
  }
  return table::PlainText({negative, std::move(digits), kDecimalDigitsMax});
}

/// The whole part of a / b at one scale, and what is left of it; nullopt where the quotient has
/// more than 38 digits.
std::optional<Division> DivideWhole(Unscaled a, int scale_a, Unscaled b, int scale_b) {
  const int scale = std::max(scale_a, scale_b);
  Division whole = Divided(Wide(a) * Wide(PowerOfTen(scale - scale_a)),
                           Wide(b) * Wide(PowerOfTen(scale - scale_b)));
  if (!Narrow(whole.quotient).has_value()) return std::nullopt;
  return whole;
}

base::Status DivisionImpossible() { return base::Fail(kDivisionImpossible, "Division impossible"); }

Value Remainder(Unscaled a, int scale_a, Unscaled b, int scale_b, DecimalShape to) {
  const int scale = std::max(scale_a, scale_b);
  Unscaled x = 0;
  Unscaled y = 0;
  if (!__builtin_mul_overflow(a, PowerOfTen(scale - scale_a), &x) &&
      !__builtin_mul_overflow(b, PowerOfTen(scale - scale_b), &y) &&
      table::FitsDigits(x, kDecimalDigitsMax)) {
    if (const auto value = table::Rescale(x % y, scale, to); value.has_value()) return *value;
  }
  const auto whole = DivideWhole(a, scale_a, b, scale_b);
  if (!whole.has_value()) return DivisionImpossible();
  if (const auto value = NarrowTo(whole->rest, scale, to); value.has_value()) return *value;
  return DecimalOutOfRange(WideText(whole->rest, scale), to);
}

/// (a % b + b) % b of a negative remainder.
Value PositiveModulo(Unscaled a, int scale_a, Unscaled b, int scale_b, DecimalShape to) {
  const int scale = std::max(scale_a, scale_b);
  const auto whole = DivideWhole(a, scale_a, b, scale_b);
  if (!whole.has_value()) return DivisionImpossible();
  Decimal256 rest = whole->rest;
  if (rest < 0) {
    const Decimal256 by = Wide(b) * Wide(PowerOfTen(scale - scale_b));
    rest = Divided(Decimal256(rest + by), by).rest;
  }
  if (const auto value = NarrowTo(rest, scale, to); value.has_value()) return *value;
  return DecimalOutOfRange(WideText(rest, scale), to);
}

using Operation = Value (*)(Unscaled, int, Unscaled, int, DecimalShape);

template <Operation kOperation, bool kByZero>
base::StatusOr<ArrayPtr> Operate(const Bound& node, const ArrayList& args, int64_t rows,
                                 EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(Validity validity, AllValid(args, rows));
  SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<Unscaled>::Make(rows));
  const int scale_a = table::ShapeOf(*args[0]->type()).scale;
  const int scale_b = table::ShapeOf(*args[1]->type()).scale;
  const DecimalShape to = table::ShapeOf(*node.field->type());
  for (int64_t i = 0; i < rows; ++i) {
    out.data()[i] = 0;
    if (validity.IsNull(i)) continue;
    const Unscaled a = table::DecimalAt(*args[0], i);
    const Unscaled b = table::DecimalAt(*args[1], i);
    if constexpr (kByZero) {
      if (b == 0) return kOperation == DivideDecimals ? DivideByZero() : RemainderByZero();
    }
    SOTERIA_ASSIGN_OR_RETURN(out.data()[i], kOperation(a, scale_a, b, scale_b, to));
  }
  return out.Finish(node.field->type(), std::move(validity));
}

/// The low 64 bits of the whole quotient, as Java has it.
base::StatusOr<ArrayPtr> IntegralQuotients(const Bound& node, const ArrayList& args, int64_t rows,
                                           EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(Validity validity, AllValid(args, rows));
  SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<int64_t>::Make(rows));
  const DecimalShape shape_a = table::ShapeOf(*args[0]->type());
  const DecimalShape shape_b = table::ShapeOf(*args[1]->type());
  const DecimalShape to = ResultShape(DecimalOp::kIntegralDivide, shape_a, shape_b);
  for (int64_t i = 0; i < rows; ++i) {
    out.data()[i] = 0;
    if (validity.IsNull(i)) continue;
    const Unscaled b = table::DecimalAt(*args[1], i);
    if (b == 0) return DivideByZero();
    const auto whole = DivideWhole(table::DecimalAt(*args[0], i), shape_a.scale, b, shape_b.scale);
    if (!whole.has_value()) return DivisionImpossible();
    const auto value = NarrowTo(whole->quotient, 0, to);
    if (!value.has_value()) return DecimalOutOfRange(WideText(whole->quotient, 0), to);
    out.data()[i] = static_cast<int64_t>(static_cast<uint64_t>(*value));
  }
  return out.Finish(node.field->type(), std::move(validity));
}

/// Spark negates in the context of Scala's BigDecimal, of 34 digits, half to even.
Unscaled RoundedToContext(Unscaled value) {
  constexpr int kContextDigits = 34;
  const int more = table::DigitsOf(value) - kContextDigits;
  if (more <= 0) return value;
  return table::DivideRounded(value, PowerOfTen(more), table::Rounding::kHalfEven) *
         PowerOfTen(more);
}

template <bool kAbsolute>
base::StatusOr<ArrayPtr> Signs(const Bound& node, const ArrayList& args, int64_t rows,
                               EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(Validity validity, AllValid(args, rows));
  SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<Unscaled>::Make(rows));
  for (int64_t i = 0; i < rows; ++i) {
    out.data()[i] = 0;
    if (validity.IsNull(i)) continue;
    const Unscaled value = table::DecimalAt(*args[0], i);
    out.data()[i] = kAbsolute && value >= 0 ? value : -RoundedToContext(value);
    if (!table::FitsDigits(out.data()[i], kDecimalDigitsMax)) {
      return table::TooPrecise(kDecimalDigitsMax + 1);
    }
  }
  return out.Finish(node.field->type(), std::move(validity));
}

Kernel KernelOf(DecimalOp op) {
  switch (op) {
    case DecimalOp::kAdd:
      return Operate<Sum<false>, false>;
    case DecimalOp::kSubtract:
      return Operate<Sum<true>, false>;
    case DecimalOp::kMultiply:
      return Operate<Product, false>;
    case DecimalOp::kDivide:
      return Operate<DivideDecimals, true>;
    case DecimalOp::kRemainder:
      return Operate<Remainder, true>;
    case DecimalOp::kPositiveModulo:
      return Operate<PositiveModulo, true>;
    case DecimalOp::kIntegralDivide:
      break;
  }
  return IntegralQuotients;
}

}  // namespace

bool AreDecimals(const std::vector<BoundPtr>& args) {
  bool any = false;
  for (const BoundPtr& arg : args) {
    const arrow::DataType& type = *arg->field->type();
    if (!table::IsDecimal(type) && !IsIntegral(type) && type.id() != Type::NA) return false;
    any = any || table::IsDecimal(type);
  }
  return any;
}

base::Status CoerceDecimals(const Expr& e, std::vector<BoundPtr>& args) {
  for (size_t i = 0; i < args.size(); ++i) {
    const arrow::DataType& type = *args[i]->field->type();
    if (table::IsDecimal(type)) continue;
    std::optional<DecimalShape> shape = ShapeOfLiteral(*e.args[i]);
    if (!shape.has_value()) shape = table::ShapeOfInteger(type);
    const TypePtr to = shape.has_value() ? table::DecimalType(*shape) : args[1 - i]->field->type();
    SOTERIA_ASSIGN_OR_RETURN(args[i], CastTo(std::move(args[i]), to));
  }
  return base::OkStatus();
}

DecimalShape ResultShape(DecimalOp op, DecimalShape a, DecimalShape b) {
  const int scale = std::max(a.scale, b.scale);
  switch (op) {
    case DecimalOp::kAdd:
    case DecimalOp::kSubtract:
      return Adjusted(std::max(a.whole(), b.whole()) + scale + 1, scale);
    case DecimalOp::kMultiply:
      return Adjusted(a.precision + b.precision + 1, a.scale + b.scale);
    case DecimalOp::kDivide: {
      const int places = std::max(kLeastScale, a.scale + b.precision + 1);
      return Adjusted(a.whole() + b.scale + places, places);
    }
    case DecimalOp::kRemainder:
    case DecimalOp::kPositiveModulo:
      return Adjusted(std::min(a.whole(), b.whole()) + scale, scale);
    case DecimalOp::kIntegralDivide:
      break;
  }
  return table::Bounded(std::max(1, a.whole() + b.scale), 0);
}

base::StatusOr<BoundPtr> BindDecimals(DecimalOp op, const Expr& e, std::vector<BoundPtr> args) {
  SOTERIA_RETURN_IF_ERROR(CoerceDecimals(e, args));
  const DecimalShape shape = ResultShape(op, table::ShapeOf(*args[0]->field->type()),
                                         table::ShapeOf(*args[1]->field->type()));
  const bool whole = op == DecimalOp::kIntegralDivide;
  const bool divides = op >= DecimalOp::kDivide;
  if (!whole && shape.precision == 0) {
    return base::Fail(base::kUnsupported,
                      base::Cat(PrettyName(e), ": a decimal(0,0), which has no digit"));
  }
  const bool nullable = divides || args[0]->field->nullable() || args[1]->field->nullable();
  const TypePtr type = whole ? arrow::int64() : table::DecimalType(shape);
  auto node = MakeCall(PrettyName(e), type, nullable, std::move(args));
  node->kernel = KernelOf(op);
  node->last_first = divides;
  node->careful = true;
  return node;
}

BoundPtr BindDecimalSign(const Expr& e, std::vector<BoundPtr> args, bool absolute) {
  const TypePtr type = args[0]->field->type();
  const bool nullable = args[0]->field->nullable();
  auto node = MakeCall(PrettyName(e), type, nullable, std::move(args));
  node->kernel = absolute ? Signs<true> : Signs<false>;
  node->careful = node->careful || table::ShapeOf(*type).precision == kDecimalDigitsMax;
  return node;
}

base::Status DecimalOutOfRange(const std::string& plain, DecimalShape to) {
  return base::FailQuotingData(
      kNumericOutOfRange,
      base::Cat(" ", plain, " cannot be represented as Decimal(", to.precision, ", ", to.scale,
                "). If necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error, "
                "and return NULL instead."));
}

base::StatusOr<Unscaled> DivideDecimals(Unscaled a, int scale_a, Unscaled b, int scale_b,
                                        DecimalShape to) {
  // Down to the last place that is kept, then whether what is left rounds up.
  int shift = to.scale - scale_a + scale_b;
  Decimal256 number = Wide(a);
  Decimal256 by = Wide(b);
  if (shift > 0 && table::DigitsOf(a) + shift > kWideDigitsMax) {
    return DecimalOutOfRange(QuotientText(a, scale_a, b, scale_b), to);
  }
  if (shift >= 0) {
    number = number * WidePower(shift);
  } else {
    by = by * WidePower(-shift);
    shift = 0;
  }
  Division division = Divided(number, by);
  const Decimal256 dropped = Absolute(division.rest);
  const Decimal256 whole = Absolute(by);
  bool up = IsHalf(dropped, whole);
  const int later = kDecimalDigitsMax - to.scale;
  if (!up && later > 0 && WideDigits(dropped) + later <= kWideDigitsMax - 1) {
    // 38 places first: a quotient of 4999...9 and a half rounds up twice.
    const Decimal256 power = WidePower(later);
    const Decimal256 places = DivideHalfUp(Decimal256(dropped * power), whole);
    up = Decimal256(places * Decimal256(2)) >= power;
  }
  if (up) division.quotient += Decimal256((a < 0) != (b < 0) ? -1 : 1);
  const auto value = Narrow(division.quotient);
  if (value.has_value() && table::FitsDigits(*value, to.precision)) return *value;
  return DecimalOutOfRange(QuotientText(a, scale_a, b, scale_b), to);
}

}  // namespace soteria::exec
