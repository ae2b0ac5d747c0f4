// + - * / % and their kin. Integers overflow with an error, division by zero is one.
#include <arrow/array.h>
#include <arrow/type.h>

#include <cmath>
#include <limits>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/arithmetic_errors.h"
#include "src/exec/coercion.h"
#include "src/exec/columns.h"
#include "src/exec/conditions.h"
#include "src/exec/decimal_arithmetic.h"
#include "src/exec/functions.h"
#include "src/exec/intervals.h"
#include "src/table/decimal.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Type;

constexpr char kNumericOrInterval[] =
    "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\" or \"INTERVAL\")";

base::Status Overflow(const char* instead) {
  std::string text = "overflow.";
  if (instead != nullptr) {
    text += base::Cat(" Use '", instead, "' to tolerate overflow and return NULL instead.");
  }
  return base::Fail(base::kOverflow, text + kAnsiHint);
}

struct Add {
  static constexpr char kSymbol[] = "+";
  static constexpr char kTry[] = "try_add";
  template <class T>
  static T Double(T a, T b) {
    return a + b;
  }
  template <class T>
  static bool Checked(T a, T b, T* out) {
    return !__builtin_add_overflow(a, b, out);
  }
};

struct Subtract {
  static constexpr char kSymbol[] = "-";
  static constexpr char kTry[] = "try_subtract";
  template <class T>
  static T Double(T a, T b) {
    return a - b;
  }
  template <class T>
  static bool Checked(T a, T b, T* out) {
    return !__builtin_sub_overflow(a, b, out);
  }
};

struct Multiply {
  static constexpr char kSymbol[] = "*";
  static constexpr char kTry[] = "try_multiply";
  template <class T>
  static T Double(T a, T b) {
    return a * b;
  }
  template <class T>
  static bool Checked(T a, T b, T* out) {
    return !__builtin_mul_overflow(a, b, out);
  }
};

template <class Op, class T>
base::Status OverflowOf(T a, T b) {
  if constexpr (sizeof(T) >= 4) {
    return Overflow(Op::kTry);
  } else {
    return base::FailQuotingData(
        kBinaryOverflow, base::Cat(a, "S ", Op::kSymbol, " ", b, "S caused overflow. Use `",
                                   Op::kTry, "` to ignore overflow problem and return NULL."));
  }
}

template <class Op>
base::StatusOr<ArrayPtr> Binary(const Bound& node, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(Validity validity, AllValid(args, rows));
  return WithNumber(*node.field->type(), [&](auto type) -> base::StatusOr<ArrayPtr> {
    using T = decltype(type);
    const T* a = Values<T>(*args[0]);
    const T* b = Values<T>(*args[1]);
    SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<T>::Make(rows));
    T* to = out.data();
    if constexpr (std::is_floating_point_v<T>) {
      for (int64_t i = 0; i < rows; ++i) to[i] = Op::Double(a[i], b[i]);
    } else {
      for (int64_t i = 0; i < rows; ++i) {
        if (!Op::Checked(a[i], b[i], &to[i]) && !validity.IsNull(i)) {
          return OverflowOf<Op>(a[i], b[i]);
        }
      }
    }
    return out.Finish(node.field->type(), std::move(validity));
  });
}

base::StatusOr<ArrayPtr> Divide(const Bound& node, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(Validity validity, AllValid(args, rows));
  SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<double>::Make(rows));
  const double* a = Values<double>(*args[0]);
  const double* b = Values<double>(*args[1]);
  for (int64_t i = 0; i < rows; ++i) {
    if (b[i] == 0 && !validity.IsNull(i)) return DivideByZero();
    out.data()[i] = a[i] / b[i];
  }
  return out.Finish(node.field->type(), std::move(validity));
}

/// Java's remainder; `T` an integer type.
template <class T>
T Remainder(T a, T b) {
  return b == -1 ? T{0} : static_cast<T>(a % b);
}

/// f(a, b) for b != 0, over integers and fractions alike.
template <class F>
base::StatusOr<ArrayPtr> Modulo(const Bound& node, const ArrayList& args, int64_t rows, F f) {
  SOTERIA_ASSIGN_OR_RETURN(Validity validity, AllValid(args, rows));
  return WithNumber(*node.field->type(), [&](auto type) -> base::StatusOr<ArrayPtr> {
    using T = decltype(type);
    const T* a = Values<T>(*args[0]);
    const T* b = Values<T>(*args[1]);
    SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<T>::Make(rows));
    for (int64_t i = 0; i < rows; ++i) {
      out.data()[i] = 0;
      if (validity.IsNull(i)) continue;
      if (b[i] == 0) return RemainderByZero();
      out.data()[i] = f(a[i], b[i]);
    }
    return out.Finish(node.field->type(), std::move(validity));
  });
}

template <class T>
T JavaRemainder(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::fmod(a, b);
  } else {
    return Remainder(a, b);
  }
}

base::StatusOr<ArrayPtr> RemainderKernel(const Bound& node, const ArrayList& args, int64_t rows,
                                         EvalState& /*state*/) {
  return Modulo(node, args, rows, [](auto a, auto b) { return JavaRemainder(a, b); });
}

base::StatusOr<ArrayPtr> PositiveModulo(const Bound& node, const ArrayList& args, int64_t rows,
                                        EvalState& /*state*/) {
  return Modulo(node, args, rows, [](auto a, auto b) {
    using T = decltype(a);
    const T r = JavaRemainder(a, b);
    // Java adds before it takes the remainder again; the sum wraps like Java's.
    if (r >= 0 || std::isnan(static_cast<double>(r))) return r;
    if constexpr (std::is_floating_point_v<T>) {
      return JavaRemainder(r + b, b);
    } else if constexpr (sizeof(T) < sizeof(int)) {
      return static_cast<T>((r + b) % b);  // Java adds bytes and shorts as ints
    } else {
      T sum = 0;
      __builtin_add_overflow(r, b, &sum);
      return JavaRemainder(sum, b);
    }
  });
}

base::StatusOr<ArrayPtr> IntegralDivide(const Bound& node, const ArrayList& args, int64_t rows,
                                        EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(Validity validity, AllValid(args, rows));
  SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<int64_t>::Make(rows));
  const auto* a = Values<int64_t>(*args[0]);
  const auto* b = Values<int64_t>(*args[1]);
  for (int64_t i = 0; i < rows; ++i) {
    out.data()[i] = 0;
    if (validity.IsNull(i)) continue;
    if (b[i] == 0) return DivideByZero();
    if (b[i] == -1 && a[i] == std::numeric_limits<int64_t>::min()) return Overflow(nullptr);
    out.data()[i] = a[i] / b[i];
  }
  return out.Finish(node.field->type(), std::move(validity));
}

/// One argument to the same type; integers' smallest value has no negative.
template <bool kAbsolute>
base::StatusOr<ArrayPtr> Sign(const Bound& node, const ArrayList& args, int64_t rows,
                              EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(Validity validity, AllValid(args, rows));
  return WithNumber(*node.field->type(), [&](auto type) -> base::StatusOr<ArrayPtr> {
    using T = decltype(type);
    const T* from = Values<T>(*args[0]);
    SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<T>::Make(rows));
    for (int64_t i = 0; i < rows; ++i) {
      T& to = out.data()[i];
      to = 0;
      if (validity.IsNull(i)) continue;
      if constexpr (std::is_floating_point_v<T>) {
        to = kAbsolute ? std::fabs(from[i]) : -from[i];
      } else {
        if (from[i] == std::numeric_limits<T>::min()) return Overflow(nullptr);
        to = static_cast<T>(kAbsolute && from[i] >= 0 ? from[i] : -from[i]);
      }
    }
    return out.Finish(node.field->type(), std::move(validity));
  });
}

/// Both arguments as one number type: the analysis of every arithmetic operator.
base::Status CoerceNumbers(const Expr& e, std::vector<BoundPtr>& args) {
  SOTERIA_RETURN_IF_ERROR(CoercePair(e, args[0], args[1]));
  const arrow::Field& field = *args[0]->field;
  if (field.type()->id() == Type::NA) {
    for (BoundPtr& arg : args) {
      SOTERIA_ASSIGN_OR_RETURN(arg, CastTo(std::move(arg), arrow::float64()));
    }
    return base::OkStatus();
  }
  if (!IsNumber(*field.type()) || !table::UdtOf(field).empty()) {
    return WrongOperator(e, kNumericOrInterval, field);
  }
  return base::OkStatus();
}

template <Kernel kKernel, DecimalOp kOp>
base::StatusOr<BoundPtr> BindBinary(const Expr& e, std::vector<BoundPtr> args,
                                    BindContext& context) {
  if (AreOfIntervals(e, args)) return BindIntervals(e, std::move(args), context);
  if (AreDecimals(args)) return BindDecimals(kOp, e, std::move(args));
  SOTERIA_RETURN_IF_ERROR(CoerceNumbers(e, args));
  const TypePtr type = args[0]->field->type();
  // What divides may give null in Spark's eyes.
  const bool divides = kKernel == RemainderKernel || kKernel == PositiveModulo;
  const bool nullable = divides || args[0]->field->nullable() || args[1]->field->nullable();
  auto node = MakeCall(PrettyName(e), type, nullable, std::move(args));
  node->kernel = kKernel;
  node->last_first = divides;
  node->careful = node->careful || IsIntegral(*type) || divides;
  return node;
}

template <bool kAbsolute>
base::StatusOr<BoundPtr> BindSign(const Expr& e, std::vector<BoundPtr> args, BindContext& context) {
  if (AreOfIntervals(e, args)) return BindIntervals(e, std::move(args), context);
  const TypePtr from = args[0]->field->type();
  if (table::IsDecimal(*from)) return BindDecimalSign(e, std::move(args), kAbsolute);
  const TypePtr type = IsNumber(*from) ? from : arrow::float64();
  SOTERIA_RETURN_IF_ERROR(CoerceArgument(e, args, 0, type, "(\"NUMERIC\" or \"ANSI INTERVAL\")"));
  auto node = MakeCall(PrettyName(e), type, args[0]->field->nullable(), args);
  node->kernel = Sign<kAbsolute>;
  node->careful = node->careful || IsIntegral(*type);
  return node;
}

base::StatusOr<BoundPtr> BindSubtract(const Expr& e, std::vector<BoundPtr> args,
                                      BindContext& context) {
  if (args.size() == 1) return BindSign<false>(e, std::move(args), context);
  return BindBinary<Binary<Subtract>, DecimalOp::kSubtract>(e, std::move(args), context);
}

base::StatusOr<BoundPtr> BindDivide(const Expr& e, std::vector<BoundPtr> args,
                                    BindContext& context) {
  if (AreOfIntervals(e, args)) return BindIntervals(e, std::move(args), context);
  if (AreDecimals(args)) return BindDecimals(DecimalOp::kDivide, e, std::move(args));
  SOTERIA_RETURN_IF_ERROR(CoerceNumbers(e, args));
  for (BoundPtr& arg : args) {
    SOTERIA_ASSIGN_OR_RETURN(arg, CastTo(std::move(arg), arrow::float64()));
  }
  auto node = MakeCall(PrettyName(e), arrow::float64(), true, std::move(args));
  node->kernel = Divide;
  node->last_first = true;
  node->careful = true;
  return node;
}

base::StatusOr<BoundPtr> BindIntegralDivide(const Expr& e, std::vector<BoundPtr> args,
                                            BindContext& /*context*/) {
  if (AreDecimals(args)) return BindDecimals(DecimalOp::kIntegralDivide, e, std::move(args));
  for (BoundPtr& arg : args) {
    const TypePtr type = arg->field->type();
    if (!IsIntegral(*type)) continue;
    SOTERIA_ASSIGN_OR_RETURN(arg, CastTo(std::move(arg), arrow::int64()));
  }
  const TypePtr a = args[0]->field->type();
  const TypePtr b = args[1]->field->type();
  // A text next to a whole number is one; a fraction is no operand.
  const bool null = a->id() == Type::NA || b->id() == Type::NA;
  if (a->Equals(b) && !null && a->id() != Type::INT64) {
    return WrongOperator(e, "(\"BIGINT\" or interval)", *args[0]->field);
  }
  const TypePtr common = CommonType(*a, *b);
  if (common == nullptr || (common->id() != Type::INT64 && common->id() != Type::NA)) {
    return DifferentTypes(e, *args[0]->field, *args[1]->field);
  }
  for (BoundPtr& arg : args) {
    SOTERIA_ASSIGN_OR_RETURN(arg, CastTo(std::move(arg), arrow::int64()));
  }
  auto node = MakeCall(PrettyName(e), arrow::int64(), true, std::move(args));
  node->kernel = IntegralDivide;
  node->last_first = true;
  node->careful = true;
  return node;
}

base::StatusOr<BoundPtr> BindPositive(const Expr& e, std::vector<BoundPtr> args,
                                      BindContext& /*context*/) {
  if (!IsNumeric(*args[0]->field->type()) && !AreOfIntervals(e, args)) {
    SOTERIA_RETURN_IF_ERROR(
        CoerceArgument(e, args, 0, arrow::float64(), "(\"NUMERIC\" or \"INTERVAL\")"));
  }
  return args[0];
}

base::StatusOr<BoundPtr> BindAdd(const Expr& e, std::vector<BoundPtr> args, BindContext& context) {
  if (args.size() == 1) return BindPositive(e, std::move(args), context);
  return BindBinary<Binary<Add>, DecimalOp::kAdd>(e, std::move(args), context);
}

// ---- bits ---------------------------------------------------------------------------------------

struct BitAnd {
  template <class T>
  static T Apply(T a, T b) {
    return static_cast<T>(a & b);
  }
};

struct BitOr {
  template <class T>
  static T Apply(T a, T b) {
    return static_cast<T>(a | b);
  }
};

struct BitXor {
  template <class T>
  static T Apply(T a, T b) {
    return static_cast<T>(a ^ b);
  }
};

/// The not of one argument is its xor with all ones.
template <class Op>
base::StatusOr<ArrayPtr> Bits(const Bound& node, const ArrayList& args, int64_t rows,
                              EvalState& /*state*/) {
  SOTERIA_ASSIGN_OR_RETURN(Validity validity, AllValid(args, rows));
  return WithNumber(*node.field->type(), [&](auto type) -> base::StatusOr<ArrayPtr> {
    using T = decltype(type);
    SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<T>::Make(rows));
    if constexpr (std::is_integral_v<T>) {
      const T* a = Values<T>(*args[0]);
      const T* b = args.size() == 2 ? Values<T>(*args[1]) : nullptr;
      for (int64_t i = 0; i < rows; ++i) {
        out.data()[i] = Op::template Apply<T>(a[i], b == nullptr ? T{-1} : b[i]);
      }
    }
    return out.Finish(node.field->type(), std::move(validity));
  });
}

template <class Op>
base::StatusOr<BoundPtr> BindBits(const Expr& e, std::vector<BoundPtr> args,
                                  BindContext& /*context*/) {
  bool nullable = args[0]->field->nullable();
  if (args.size() == 2) {
    const TypePtr a = args[0]->field->type();
    const TypePtr b = args[1]->field->type();
    const TypePtr common = CommonType(*a, *b);
    if (!a->Equals(b) && common != nullptr && !IsIntegral(*common)) {
      return DifferentTypes(e, *args[0]->field, *args[1]->field);
    }
    SOTERIA_RETURN_IF_ERROR(CoercePair(e, args[0], args[1]));
    nullable = nullable || args[1]->field->nullable();
  }
  if (args[0]->field->type()->id() == Type::NA) {
    for (BoundPtr& arg : args) {
      SOTERIA_ASSIGN_OR_RETURN(arg, CastTo(std::move(arg), arrow::int32()));
    }
  }
  const TypePtr type = args[0]->field->type();
  if (!IsIntegral(*type)) {
    if (args.size() == 2) return WrongOperator(e, "\"INTEGRAL\"", *args[0]->field);
    return UnexpectedType(e, 0, "\"INTEGRAL\"", *e.args[0], *args[0]->field);
  }
  auto node = MakeCall(PrettyName(e), type, nullable, std::move(args));
  node->kernel = Bits<Op>;
  return node;
}

constexpr Function kFunctions[] = {
    {"+", 1, 2, "+", Print::kInfix, BindAdd},
    {"-", 1, 2, "-", Print::kInfix, BindSubtract},
    {"*", 2, 2, "*", Print::kInfix, BindBinary<Binary<Multiply>, DecimalOp::kMultiply>},
    {"/", 2, 2, "/", Print::kInfix, BindDivide},
    {"%", 2, 2, "%", Print::kInfix, BindBinary<RemainderKernel, DecimalOp::kRemainder>},
    {"mod", 2, 2, "mod", Print::kCall, BindBinary<RemainderKernel, DecimalOp::kRemainder>},
    {"pmod", 2, 2, "pmod", Print::kCall, BindBinary<PositiveModulo, DecimalOp::kPositiveModulo>},
    {"div", 2, 2, "div", Print::kInfix, BindIntegralDivide},
    {"negative", 1, 1, "negative", Print::kCall, BindSign<false>},
    {"positive", 1, 1, "positive", Print::kSpecial, BindPositive},
    {"abs", 1, 1, "abs", Print::kCall, BindSign<true>},
    {"&", 2, 2, "&", Print::kInfix, BindBits<BitAnd>},
    {"|", 2, 2, "|", Print::kInfix, BindBits<BitOr>},
    {"^", 2, 2, "^", Print::kInfix, BindBits<BitXor>},
    {"~", 1, 1, "~", Print::kSpecial, BindBits<BitXor>},
};

}  // namespace

std::span<const Function> ArithmeticFunctions() { return kFunctions; }

}  // namespace soteria::exec
