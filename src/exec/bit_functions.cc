// Functions of integers and their bits, number bases, and forms of null.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <string>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/coercion.h"
#include "src/exec/columns.h"
#include "src/exec/conditions.h"
#include "src/exec/functions.h"
#include "src/exec/intervals.h"
#include "src/exec/kernels.h"
#include "src/table/decimal.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using Text = arrow::StringBuilder;
using Int = arrow::Int32Builder;
using Long = arrow::Int64Builder;
using Double = arrow::DoubleBuilder;

base::StatusOr<ArrayPtr> Bin(const Bound& node, const ArrayList& args, int64_t rows,
                             EvalState& /*state*/) {
  return Each<Text>(node, args, rows, [&](int64_t i) {
    auto bits = static_cast<uint64_t>(LongAt(*args[0], i));
    std::string text;
    do {
      text += static_cast<char>('0' + (bits & 1));
      bits >>= 1;
    } while (bits != 0);
    std::reverse(text.begin(), text.end());
    return text;
  });
}

/// Spark's NumberConverter: digits up to the first that is none, as unsigned 64 bits.
base::StatusOr<std::optional<std::string>> Convert(std::string_view text, int32_t from,
                                                   int32_t to) {
  using Result = std::optional<std::string>;
  const int32_t to_base = to < 0 ? -to : to;
  if (from < 2 || from > 36 || to_base < 2 || to_base > 36) return Result();
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (text.empty()) return Result();
  const bool negative = text[0] == '-';
  if (negative) text.remove_prefix(1);
  uint64_t value = 0;
  bool over = false;
  for (const char c : text) {
    int digit = -1;
    if (c >= '0' && c <= '9') digit = c - '0';
    if (c >= 'a' && c <= 'z') digit = c - 'a' + 10;
    if (c >= 'A' && c <= 'Z') digit = c - 'A' + 10;
    if (digit < 0 || digit >= from) break;
    const unsigned __int128 wide =
        static_cast<unsigned __int128>(value) * static_cast<unsigned>(from) +
        static_cast<unsigned>(digit);
    over = over || wide > UINT64_MAX;
    value = static_cast<uint64_t>(wide);
  }
  if (over) {
    return base::FailQuotingData(
        base::kOverflow,
        "Overflow in function conv() If necessary set \"spark.sql.ansi.enabled\" "
        "to \"false\" to bypass this error.");
  }
  bool minus = false;
  if (negative && to > 0) {
    value = static_cast<int64_t>(value) < 0 && value != 0 ? UINT64_MAX : 0 - value;
  } else if (negative) {
    minus = true;
    if (static_cast<int64_t>(value) < 0) value = 0 - value;
  } else if (to < 0 && static_cast<int64_t>(value) < 0) {
    value = 0 - value;
    minus = true;
  }
  std::string out;
  do {
    out += "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[value % static_cast<uint64_t>(to_base)];
    value /= static_cast<uint64_t>(to_base);
  } while (value != 0);
  if (minus) out += '-';
  std::reverse(out.begin(), out.end());
  return Result(out);
}

base::StatusOr<ArrayPtr> Conv(const Bound& node, const ArrayList& args, int64_t rows,
                              EvalState& /*state*/) {
  return Each<Text>(node, args, rows, [&](int64_t i) {
    return Convert(TextAt(*args[0], i), IntAt(*args[1], i), IntAt(*args[2], i));
  });
}

base::StatusOr<ArrayPtr> Factorial(const Bound& node, const ArrayList& args, int64_t rows,
                                   EvalState& /*state*/) {
  return Each<Long>(node, args, rows, [&](int64_t i) -> std::optional<int64_t> {
    const int32_t n = IntAt(*args[0], i);
    if (n < 0 || n > 20) return std::nullopt;
    int64_t product = 1;
    for (int64_t k = 2; k <= n; ++k) product *= k;
    return product;
  });
}

enum class Shift { kLeft, kRight, kUnsigned };

/// Java's shifts: the count modulo the number of bits.
template <Shift kHow, class Number, class Builder>
base::StatusOr<ArrayPtr> Shifted(const Bound& node, const ArrayList& args, int64_t rows,
                                 EvalState& /*state*/) {
  using Unsigned = std::make_unsigned_t<Number>;
  return Each<Builder>(node, args, rows, [&](int64_t i) {
    const Number x = Values<Number>(*args[0])[i];
    const auto by = static_cast<unsigned>(IntAt(*args[1], i)) & (sizeof(Number) * 8 - 1);
    if (kHow == Shift::kLeft) return static_cast<Number>(static_cast<Unsigned>(x) << by);
    if (kHow == Shift::kRight) return static_cast<Number>(x >> by);
    return static_cast<Number>(static_cast<Unsigned>(x) >> by);
  });
}

template <Shift kHow>
base::StatusOr<BoundPtr> BindShift(const Expr& e, std::vector<BoundPtr> args,
                                   BindContext& context) {
  if (args[0]->field->type()->id() == Type::INT64) {
    SOTERIA_RETURN_IF_ERROR(TakeArgument(e, args, 1, 'i'));
    return BindSimple<Shifted<kHow, int64_t, Long>, "li", 'l'>(e, std::move(args), context);
  }
  SOTERIA_RETURN_IF_ERROR(CoerceArgument(e, args, 0, arrow::int32(), "(\"INT\" or \"BIGINT\")"));
  return BindSimple<Shifted<kHow, int32_t, Int>, "ii", 'i'>(e, std::move(args), context);
}

base::StatusOr<ArrayPtr> BitCount(const Bound& node, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  const arrow::Array& array = *args[0];
  return Each<Int>(node, args, rows, [&](int64_t i) {
    if (array.type_id() == Type::BOOL) return BoolAt(array, i) ? 1 : 0;
    const int64_t bits = WithNumber(*array.type(), [&](auto type) {
      return static_cast<int64_t>(Values<decltype(type)>(array)[i]);
    });
    return std::popcount(static_cast<uint64_t>(bits));
  });
}

base::StatusOr<BoundPtr> BindBitCount(const Expr& e, std::vector<BoundPtr> args,
                                      BindContext& /*context*/) {
  const TypePtr type = args[0]->field->type();
  if (!IsIntegral(*type) && type->id() != Type::BOOL) {
    if (table::IsDecimal(*type)) {
      return UnexpectedType(e, 0, "(\"INTEGRAL\" or \"BOOLEAN\")", *e.args[0], *args[0]->field);
    }
    SOTERIA_RETURN_IF_ERROR(
        CoerceArgument(e, args, 0, arrow::int64(), "(\"INTEGRAL\" or \"BOOLEAN\")"));
  }
  const bool nullable = AnyNullable(args);
  auto node = MakeCall(PrettyName(e), arrow::int32(), nullable, std::move(args));
  node->kernel = BitCount;
  return node;
}

/// node.number: bits of the argument's type.
base::StatusOr<ArrayPtr> BitGet(const Bound& node, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  return Each<arrow::Int8Builder>(node, args, rows, [&](int64_t i) -> base::StatusOr<int8_t> {
    const int32_t at = IntAt(*args[1], i);
    if (at < 0 || at >= node.number) {
      return base::FailQuotingData(
          {"INVALID_PARAMETER_VALUE.BIT_POSITION_RANGE", base::exception_class::kIllegalArgument,
           "22023", absl::StatusCode::kInvalidArgument},
          base::Cat("The value of parameter(s) `pos` in `bit_get` is invalid: expects an integer "
                    "value in [0, ",
                    node.number, "), but got ", at, "."));
    }
    const int64_t bits = WithNumber(*args[0]->type(), [&](auto type) {
      return static_cast<int64_t>(Values<decltype(type)>(*args[0])[i]);
    });
    return static_cast<int8_t>(bits >> at & 1);
  });
}

base::StatusOr<BoundPtr> BindBitGet(const Expr& e, std::vector<BoundPtr> args,
                                    BindContext& /*context*/) {
  const TypePtr type = args[0]->field->type();
  if (table::IsDecimal(*type)) {
    return UnexpectedType(e, 0, "\"INTEGRAL\"", *e.args[0], *args[0]->field);
  }
  if (!IsIntegral(*type)) {
    SOTERIA_RETURN_IF_ERROR(CoerceArgument(e, args, 0, arrow::int64(), "\"INTEGRAL\""));
  }
  SOTERIA_RETURN_IF_ERROR(TakeArgument(e, args, 1, 'i'));
  const int bits = static_cast<const arrow::FixedWidthType&>(*args[0]->field->type()).bit_width();
  const bool nullable = AnyNullable(args);
  auto node = MakeCall(PrettyName(e), arrow::int8(), nullable, std::move(args));
  node->kernel = BitGet;
  node->number = bits;
  node->careful = true;
  return node;
}

base::StatusOr<ArrayPtr> WidthBucket(const Bound& node, const ArrayList& args, int64_t rows,
                                     EvalState& /*state*/) {
  return Each<Long>(node, args, rows, [&](int64_t i) -> std::optional<int64_t> {
    const double value = DoubleAt(*args[0], i);
    const double low = DoubleAt(*args[1], i);
    const double high = DoubleAt(*args[2], i);
    const int64_t buckets = LongAt(*args[3], i);
    const bool bad = buckets <= 0 || buckets == INT64_MAX || std::isnan(value) || low == high ||
                     !std::isfinite(low) || !std::isfinite(high);
    if (bad) return std::nullopt;
    const double lower = std::min(low, high);
    const double upper = std::max(low, high);
    const auto count = static_cast<double>(buckets);
    if (low < high) {
      if (value < lower) return 0;
      if (value >= upper) return buckets + 1;
      return static_cast<int64_t>(count * (value - lower) / (upper - lower)) + 1;
    }
    if (value > upper) return 0;
    if (value <= lower) return buckets + 1;
    return static_cast<int64_t>(count * (upper - value) / (upper - lower)) + 1;
  });
}

// ---- more of doubles ----------------------------------------------------------------------------

using Unary = double (*)(double);

double Cot(double x) { return 1 / std::tan(x); }
double Csc(double x) { return 1 / std::sin(x); }
double Sec(double x) { return 1 / std::cos(x); }
double Acosh(double x) { return std::acosh(x); }
double Asinh(double x) { return std::asinh(x); }
double Atanh(double x) { return 0.5 * (std::log1p(x) - std::log1p(-x)); }

template <Unary kF>
base::StatusOr<ArrayPtr> Apply(const Bound& node, const ArrayList& args, int64_t rows,
                               EvalState& /*state*/) {
  return Each<Double>(node, args, rows, [&](int64_t i) { return kF(DoubleAt(*args[0], i)); });
}

template <bool kPi>
base::StatusOr<BoundPtr> BindConstant(const Expr& e, std::vector<BoundPtr> /*args*/,
                                      BindContext& /*context*/) {
  auto node = std::make_shared<Bound>();
  node->literal = std::make_shared<arrow::DoubleScalar>(kPi ? std::numbers::pi : std::numbers::e);
  node->field = arrow::field(PrettyName(e), arrow::float64(), false);
  return BoundPtr(std::move(node));
}

// ---- trying -------------------------------------------------------------------------------------

/// The operator's kernel row by row where it fails as a whole; the rows that fail are null.
base::StatusOr<ArrayPtr> Try(const Bound& node, const Batch& batch, EvalState& state) {
  const Bound& inner = *node.args[0];
  base::StatusOr<ArrayPtr> all = Run(inner, batch, state);
  if (all.ok()) return all;
  // The arguments' own errors are errors still.
  for (const BoundPtr& arg : inner.args) SOTERIA_RETURN_IF_ERROR(Run(*arg, batch, state).status());
  SOTERIA_ARROW_ASSIGN(auto builder, arrow::MakeBuilder(node.field->type()));
  for (int64_t i = 0; i < batch.rows; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const Batch row, TakeRows(batch, inner.uses, {i}));
    const base::StatusOr<ArrayPtr> one = Run(inner, row, state);
    const bool tried =
        !one.ok() &&
        (base::Is(one.status(), kBinaryOverflow) || base::Is(one.status(), kNumericOutOfRange) ||
         base::Is(one.status(), base::kOverflow) || base::Is(one.status(), base::kDivideByZero) ||
         base::Is(one.status(), kRemainderByZero) || IsIntervalError(one.status()));
    if (!one.ok() && !tried) return one.status();
    if (tried) {
      SOTERIA_ARROW_RETURN(builder->AppendNull());
    } else {
      SOTERIA_ARROW_RETURN(builder->AppendArraySlice(arrow::ArraySpan(*(*one)->data()), 0, 1));
    }
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr out, builder->Finish());
  return out;
}

constexpr char kPlus[] = "+";
constexpr char kMinus[] = "-";
constexpr char kTimes[] = "*";
constexpr char kDivided[] = "/";
constexpr char kModulo[] = "%";

template <const char* kOperator>
base::StatusOr<BoundPtr> BindTry(const Expr& e, std::vector<BoundPtr> args, BindContext& context) {
  if (IsNondeterministic(*Call(kOperator, e.args))) {
    return base::NotSupported(base::Cat("The function ", e.name, "() of a random number"),
                              "a column of it first");
  }
  const ExprPtr inner = InZone(Call(kOperator, e.args), e.zone);
  SOTERIA_ASSIGN_OR_RETURN(BoundPtr bound,
                           FindFunction(kOperator)->bind(*inner, std::move(args), context));
  const TypePtr type = bound->field->type();
  auto node = MakeCall(PrettyName(e), type, true, {std::move(bound)});
  node->lazy = Try;
  node->careful = false;
  for (const BoundPtr& arg : node->args[0]->args) node->careful = node->careful || arg->careful;
  return node;
}

// ---- forms of null ------------------------------------------------------------------------------

/// What the function is in terms of others, typed as that and printed as itself.
base::StatusOr<BoundPtr> As(const Expr& e, const ExprPtr& same, BindContext& context) {
  SOTERIA_ASSIGN_OR_RETURN(const BoundPtr bound, BindExpr(*InZone(same, e.zone), context, 1));
  auto node = std::make_shared<Bound>(*bound);
  node->field = bound->field->WithName(PrettyName(e));
  return BoundPtr(std::move(node));
}

base::Status OnceOnly(const Expr& e) {
  if (!IsNondeterministic(*e.args[0])) return base::OkStatus();
  return base::NotSupported(base::Cat("The function ", e.name, "() of a random number"),
                            "a column of it first");
}

base::StatusOr<BoundPtr> BindNvl2(const Expr& e, std::vector<BoundPtr> /*args*/,
                                  BindContext& context) {
  SOTERIA_RETURN_IF_ERROR(OnceOnly(e));
  return As(e, Call("if", {Call("isnotnull", {e.args[0]}), e.args[1], e.args[2]}), context);
}

base::StatusOr<BoundPtr> BindNullIfZero(const Expr& e, std::vector<BoundPtr> args,
                                        BindContext& context) {
  SOTERIA_RETURN_IF_ERROR(OnceOnly(e));
  const ExprPtr null = Literal(arrow::MakeNullScalar(args[0]->field->type()));
  return As(e, Call("if", {Call("==", {e.args[0], Literal(int32_t{0})}), null, e.args[0]}),
            context);
}

base::StatusOr<BoundPtr> BindZeroIfNull(const Expr& e, std::vector<BoundPtr> /*args*/,
                                        BindContext& context) {
  return As(e, Call("coalesce", {e.args[0], Literal(int32_t{0})}), context);
}

base::StatusOr<BoundPtr> BindEqualNull(const Expr& e, std::vector<BoundPtr> /*args*/,
                                       BindContext& context) {
  return As(e, Call("<=>", e.args), context);
}

base::StatusOr<BoundPtr> BindTypeOf(const Expr& e, std::vector<BoundPtr> args,
                                    BindContext& /*context*/) {
  auto node = std::make_shared<Bound>();
  node->literal =
      std::make_shared<arrow::StringScalar>(table::TypeName(*args[0]->field->WithName("")));
  node->field = arrow::field(PrettyName(e), arrow::utf8(), false);
  return BoundPtr(std::move(node));
}

constexpr Function kFunctions[] = {
    {"bin", 1, 1, "bin", Print::kCall, BindSimple<Bin, "l", 's'>},
    {"conv", 3, 3, "conv", Print::kCall, BindSimple<Conv, "sii", 's', kNullable | kCareful>},
    {"factorial", 1, 1, "factorial", Print::kCall, BindSimple<Factorial, "i", 'l', kNullable>},
    {"shiftleft", 2, 2, "shiftleft", Print::kCall, BindShift<Shift::kLeft>},
    {"shiftright", 2, 2, "shiftright", Print::kCall, BindShift<Shift::kRight>},
    {"shiftrightunsigned", 2, 2, "shiftrightunsigned", Print::kCall, BindShift<Shift::kUnsigned>},
    {"<<", 2, 2, "<<", Print::kInfix, BindShift<Shift::kLeft>},
    {">>", 2, 2, ">>", Print::kInfix, BindShift<Shift::kRight>},
    {">>>", 2, 2, ">>>", Print::kInfix, BindShift<Shift::kUnsigned>},
    {"bit_count", 1, 1, "bit_count", Print::kCall, BindBitCount},
    {"bit_get", 2, 2, "bit_get", Print::kCall, BindBitGet},
    {"getbit", 2, 2, "getbit", Print::kCall, BindBitGet},
    {"width_bucket", 4, 4, "width_bucket", Print::kCall,
     BindSimple<WidthBucket, "dddl", 'l', kNullable>},
    {"cot", 1, 1, "COT", Print::kCall, BindSimple<Apply<Cot>, "d", 'd', kNullable>},
    {"csc", 1, 1, "CSC", Print::kCall, BindSimple<Apply<Csc>, "d", 'd', kNullable>},
    {"sec", 1, 1, "SEC", Print::kCall, BindSimple<Apply<Sec>, "d", 'd', kNullable>},
    {"acosh", 1, 1, "ACOSH", Print::kCall, BindSimple<Apply<Acosh>, "d", 'd', kNullable>},
    {"asinh", 1, 1, "ASINH", Print::kCall, BindSimple<Apply<Asinh>, "d", 'd', kNullable>},
    {"atanh", 1, 1, "ATANH", Print::kCall, BindSimple<Apply<Atanh>, "d", 'd', kNullable>},
    {"pi", 0, 0, "PI", Print::kCall, BindConstant<true>},
    {"e", 0, 0, "E", Print::kCall, BindConstant<false>},
    {"try_add", 2, 2, "try_add", Print::kCall, BindTry<kPlus>},
    {"try_subtract", 2, 2, "try_subtract", Print::kCall, BindTry<kMinus>},
    {"try_multiply", 2, 2, "try_multiply", Print::kCall, BindTry<kTimes>},
    {"try_divide", 2, 2, "try_divide", Print::kCall, BindTry<kDivided>},
    {"try_mod", 2, 2, "try_mod", Print::kCall, BindTry<kModulo>},
    {"nvl2", 3, 3, "nvl2", Print::kCall, BindNvl2},
    {"nullifzero", 1, 1, "nullifzero", Print::kCall, BindNullIfZero},
    {"zeroifnull", 1, 1, "zeroifnull", Print::kCall, BindZeroIfNull},
    {"equal_null", 2, 2, "equal_null", Print::kCall, BindEqualNull},
    {"typeof", 1, 1, "typeof", Print::kCall, BindTypeOf},
};

}  // namespace

std::span<const Function> BitFunctions() { return kFunctions; }

}  // namespace soteria::exec
