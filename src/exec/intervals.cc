#include "src/exec/intervals.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/accumulator.h"
#include "src/exec/catalogue.h"
#include "src/exec/coercion.h"
#include "src/exec/conditions.h"
#include "src/exec/kernels.h"
#include "src/table/decimal.h"
#include "src/table/interval.h"
#include "src/table/types.h"
#include "src/table/zoned_time.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using table::IsDayTime;
using table::IsInterval;
using table::IsYearMonth;
using table::kMicrosPerDay;
using table::kMicrosPerSecond;

constexpr base::Condition kOverflowWith = {"INTERVAL_ARITHMETIC_OVERFLOW.WITH_SUGGESTION",
                                           base::exception_class::kArithmetic, "22015",
                                           absl::StatusCode::kOutOfRange};
constexpr base::Condition kOverflowWithout = {"INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION",
                                              base::exception_class::kArithmetic, "22015",
                                              absl::StatusCode::kOutOfRange};
constexpr base::Condition kDividedByZero = {"INTERVAL_DIVIDED_BY_ZERO",
                                            base::exception_class::kArithmetic, "22012",
                                            absl::StatusCode::kOutOfRange};
constexpr base::Condition kFormat = {"INVALID_INTERVAL_FORMAT.UNMATCHED_FORMAT_STRING_WITH_NOTICE",
                                     base::exception_class::kIllegalArgument, "22006",
                                     absl::StatusCode::kInvalidArgument};

base::Status Overflow(std::string_view instead) {
  const std::string kText = "Integer overflow while operating with intervals.";
  if (instead.empty()) return base::Fail(kOverflowWithout, kText);
  return base::Fail(kOverflowWith, base::Cat(kText, " Use `", instead,
                                             "` to tolerate overflow and return NULL instead."));
}

int64_t IntervalAt(const arrow::Array& array, int64_t i) {
  return IsDayTime(*array.type()) ? LongAt(array, i) : IntAt(array, i);
}

bool Fits(const arrow::DataType& type, __int128 value) {
  return IsDayTime(type) ? value == static_cast<int64_t>(value)
                         : value == static_cast<int32_t>(value);
}

/// f(i) as intervals of the node's type; a status, or a wide number.
template <class F>
base::StatusOr<ArrayPtr> EachInterval(const Bound& node, const ArrayList& args, int64_t rows,
                                      std::string_view instead, F f) {
  const arrow::DataType& type = *node.field->type();
  const auto checked = [&](int64_t i) -> base::StatusOr<int64_t> {
    SOTERIA_ASSIGN_OR_RETURN(const std::optional<__int128> value, f(i));
    if (!value || !Fits(type, *value)) return Overflow(instead);
    return static_cast<int64_t>(*value);
  };
  if (IsDayTime(type)) return Each<arrow::DurationBuilder>(node, args, rows, checked);
  return Each<arrow::MonthIntervalBuilder>(
      node, args, rows, [&](int64_t i) -> base::StatusOr<int32_t> {
        SOTERIA_ASSIGN_OR_RETURN(const int64_t value, checked(i));
        return static_cast<int32_t>(value);
      });
}

using Wide = base::StatusOr<std::optional<__int128>>;

template <bool kMinus>
base::StatusOr<ArrayPtr> AddIntervals(const Bound& node, const ArrayList& args, int64_t rows,
                                      EvalState& /*state*/) {
  return EachInterval(node, args, rows, kMinus ? "try_subtract" : "try_add",
                      [&](int64_t i) -> Wide {
                        const __int128 b = IntervalAt(*args[1], i);
                        return std::optional(IntervalAt(*args[0], i) + (kMinus ? -b : b));
                      });
}

template <bool kAbsolute>
base::StatusOr<ArrayPtr> SignOf(const Bound& node, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  return EachInterval(node, args, rows, "", [&](int64_t i) -> Wide {
    const __int128 value = IntervalAt(*args[0], i);
    return std::optional(kAbsolute && value >= 0 ? value : -value);
  });
}

base::StatusOr<ArrayPtr> Signum(const Bound& node, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  return Each<arrow::DoubleBuilder>(node, args, rows, [&](int64_t i) {
    const int64_t value = IntervalAt(*args[0], i);
    return value > 0 ? 1.0 : value < 0 ? -1.0 : 0.0;
  });
}

/// Rounded half up, away from zero.
__int128 Divided(__int128 a, __int128 b) {
  const __int128 quotient = a / b;
  const __int128 rest = a % b;
  const __int128 twice = 2 * (rest < 0 ? -rest : rest);
  if (twice < (b < 0 ? -b : b)) return quotient;
  return quotient + ((a < 0) == (b < 0) ? 1 : -1);
}

std::optional<__int128> Rounded(double value) {
  const double whole = std::round(value);
  if (!(std::fabs(whole) < 0x1p63)) return std::nullopt;
  return static_cast<int64_t>(whole);
}

/// (interval, number): a long, a double or a decimal.
template <bool kDivide>
base::StatusOr<ArrayPtr> Scaled(const Bound& node, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  const arrow::DataType& by = *args[1]->type();
  return EachInterval(node, args, rows, kDivide ? "try_divide" : "try_multiply",
                      [&](int64_t i) -> Wide {
                        const __int128 value = IntervalAt(*args[0], i);
                        if (by.id() == Type::DOUBLE) {
                          const double factor = DoubleAt(*args[1], i);
                          if (kDivide && factor == 0)
                            return base::Fail(kDividedByZero,
                                              "Division by zero. Use `try_divide` to tolerate "
                                              "divisor being 0 and return NULL instead.");
                          const auto real = static_cast<double>(static_cast<int64_t>(value));
                          return Rounded(kDivide ? real / factor : real * factor);
                        }
                        __int128 factor = 0;
                        __int128 scale = 1;
                        if (by.id() == Type::INT64) {
                          factor = LongAt(*args[1], i);
                        } else {
                          factor = table::DecimalAt(*args[1], i);
                          for (int k = table::ShapeOf(by).scale; k > 0; --k) scale *= 10;
                        }
                        if (kDivide && factor == 0)
                          return base::Fail(kDividedByZero,
                                            "Division by zero. Use `try_divide` to tolerate "
                                            "divisor being 0 and return NULL instead.");
                        __int128 product = 0;
                        if (__builtin_mul_overflow(value, kDivide ? scale : factor, &product)) {
                          return std::optional<__int128>();
                        }
                        return std::optional(Divided(product, kDivide ? factor : scale));
                      });
}

base::StatusOr<ArrayPtr> TimesApart(const Bound& node, const ArrayList& args, int64_t rows,
                                    EvalState& /*state*/) {
  if (args[0]->type_id() == Type::DATE32) {
    return EachInterval(node, args, rows, "", [&](int64_t i) -> Wide {
      return std::optional((__int128{IntAt(*args[0], i)} - IntAt(*args[1], i)) * kMicrosPerDay);
    });
  }
  return EachInterval(node, args, rows, "", [&](int64_t i) -> Wide {
    const auto local = [&](int64_t micros) { return node.zone.ToLocal(micros).value_or(micros); };
    return std::optional(__int128{local(LongAt(*args[0], i))} - local(LongAt(*args[1], i)));
  });
}

bool IsTime(const arrow::DataType& type) {
  return type.id() == Type::DATE32 || type.id() == Type::TIMESTAMP;
}

BoundPtr MakeNode(const Expr& e, TypePtr type, std::vector<BoundPtr> args, Kernel kernel) {
  const bool nullable = AnyNullable(args);
  auto node = MakeCall(PrettyName(e), std::move(type), nullable, std::move(args));
  node->kernel = kernel;
  node->careful = true;
  node->zone = table::TimeZone::Find(e.zone).value_or(table::TimeZone());
  return node;
}

base::StatusOr<BoundPtr> BindApart(const Expr& e, std::vector<BoundPtr> args) {
  const TypePtr type = CommonType(*args[0]->field->type(), *args[1]->field->type());
  for (BoundPtr& arg : args) {
    SOTERIA_ASSIGN_OR_RETURN(arg, CastTo(std::move(arg), type, e.zone));
  }
  const bool days = type->id() == Type::DATE32;
  BoundPtr node = MakeNode(e, days ? table::DayTimeType({0, 0}) : table::DayTimeType(),
                           std::move(args), TimesApart);
  const bool zoned = !days && !static_cast<const arrow::TimestampType&>(*type).timezone().empty();
  if (zoned) return node;
  auto local = std::make_shared<Bound>(*node);
  local->zone = table::TimeZone();
  return BoundPtr(std::move(local));
}

/// What an interval is multiplied or divided by, as one of the types that Scaled takes.
base::Status TakeNumber(const Expr& e, std::vector<BoundPtr>& args) {
  const TypePtr type = args[1]->field->type();
  if (table::IsDecimal(*type) || type->id() == Type::INT64 || type->id() == Type::DOUBLE) {
    return base::OkStatus();
  }
  if (!IsNumber(*type) && type->id() != Type::STRING && type->id() != Type::NA) {
    return UnexpectedType(e, 1, "\"NUMERIC\"", *e.args[1], *args[1]->field);
  }
  const TypePtr to = IsIntegral(*type) ? arrow::int64() : arrow::float64();
  SOTERIA_ASSIGN_OR_RETURN(args[1], CastTo(std::move(args[1]), to));
  return base::OkStatus();
}

base::StatusOr<BoundPtr> BindScaled(const Expr& e, std::vector<BoundPtr> args) {
  const TypePtr type = args[0]->field->type();
  if (!IsInterval(*type)) return DifferentTypes(e, *args[0]->field, *args[1]->field);
  SOTERIA_RETURN_IF_ERROR(TakeNumber(e, args));
  return MakeNode(e, IsDayTime(*type) ? table::DayTimeType() : table::YearMonthType(),
                  std::move(args), e.name == "/" ? Scaled<true> : Scaled<false>);
}

}  // namespace

bool IsIntervalError(const base::Status& status) {
  return base::Is(status, kOverflowWith) || base::Is(status, kOverflowWithout) ||
         base::Is(status, kDividedByZero);
}

bool AreOfIntervals(const Expr& e, const std::vector<BoundPtr>& args) {
  for (const BoundPtr& arg : args) {
    if (IsInterval(*arg->field->type())) return true;
  }
  if (args.size() != 2 || (e.name != "-" && e.name != "+")) return false;
  const arrow::DataType& a = *args[0]->field->type();
  const arrow::DataType& b = *args[1]->field->type();
  const auto is_number = [](const arrow::DataType& type) {
    return IsNumeric(type) || type.id() == Type::NA;
  };
  if (e.name == "-" && IsTime(a) && IsTime(b)) return true;
  if (e.name == "-" && (a.id() == Type::TIMESTAMP || b.id() == Type::TIMESTAMP)) return true;
  return (a.id() == Type::DATE32 && is_number(b)) ||
         (e.name == "+" && b.id() == Type::DATE32 && is_number(a));
}

namespace {

/// A time with an interval, or a date with a number of days.
base::StatusOr<BoundPtr> BindMoved(const Expr& e, std::vector<BoundPtr> args,
                                   BindContext& context) {
  const size_t time = IsTime(*args[0]->field->type()) ? 0 : 1;
  const size_t other = 1 - time;
  const bool minus = e.name == "-";
  const arrow::DataType& by = *args[other]->field->type();
  const bool stamp = args[time]->field->type()->id() == Type::TIMESTAMP;
  if (minus && stamp && !(time == 0 && IsInterval(by))) {
    if (by.id() == Type::STRING || by.id() == Type::NA) return BindApart(e, std::move(args));
    return UnexpectedType(e, other,
                          "(\"(TIMESTAMP OR TIMESTAMP WITHOUT TIME ZONE)\" or \"(TIMESTAMP_LTZ(P) "
                          "OR TIMESTAMP_NTZ(P) WITH P IN [7, 9])\")",
                          *e.args[other], *args[other]->field);
  }
  if (minus && time == 1) return DifferentTypes(e, *args[0]->field, *args[1]->field);
  const bool date = args[time]->field->type()->id() == Type::DATE32;
  const bool days = IsDayTime(by) && table::FieldsOf(by).end == 0;
  BoundPtr moved_by = args[other];
  std::string name(minus ? kTimeMinus : kTimePlus);
  if (date && (days || !IsInterval(by))) name = minus ? "date_sub" : "date_add";
  if (date && days) {
    const ExprPtr call = Call(std::string(kIntervalDays), {e.args[other]});
    SOTERIA_ASSIGN_OR_RETURN(
        moved_by, FindFunction(kIntervalDays)->bind(*call, {std::move(moved_by)}, context));
  }
  const ExprPtr call = InZone(Call(name, {e.args[time], e.args[other]}), e.zone);
  SOTERIA_ASSIGN_OR_RETURN(
      const BoundPtr bound,
      FindFunction(name)->bind(*call, {args[time], std::move(moved_by)}, context));
  auto node = std::make_shared<Bound>(*bound);
  node->field = bound->field->WithName(PrettyName(e));
  return BoundPtr(std::move(node));
}

}  // namespace

base::StatusOr<BoundPtr> BindIntervals(const Expr& e, std::vector<BoundPtr> args,
                                       BindContext& context) {
  const TypePtr first = args[0]->field->type();
  if (args.size() == 1) {
    if (e.name == "+" || e.name == "positive") return args[0];
    if (e.name.starts_with("sign")) {
      BoundPtr node = MakeNode(e, arrow::float64(), std::move(args), Signum);
      auto nullable = std::make_shared<Bound>(*node);
      nullable->field = node->field->WithNullable(true);
      return BoundPtr(std::move(nullable));
    }
    return MakeNode(e, first, std::move(args), e.name == "abs" ? SignOf<true> : SignOf<false>);
  }
  if (e.name == "*" || e.name == "/") return BindScaled(e, std::move(args));
  if (e.name != "+" && e.name != "-") {
    return DifferentTypes(e, *args[0]->field, *args[1]->field);
  }
  const bool second_time = IsTime(*args[1]->field->type());
  if (IsTime(*first) && second_time) return BindApart(e, std::move(args));
  if (IsTime(*first) || second_time) return BindMoved(e, std::move(args), context);
  const TypePtr type = CommonType(*first, *args[1]->field->type(), Texts::kNowhere);
  if (type == nullptr || !IsInterval(*type)) {
    return DifferentTypes(e, *args[0]->field, *args[1]->field);
  }
  for (BoundPtr& arg : args) {
    SOTERIA_ASSIGN_OR_RETURN(arg, CastTo(std::move(arg), type));
  }
  return MakeNode(e, type, std::move(args),
                  e.name == "-" ? AddIntervals<true> : AddIntervals<false>);
}

// ---- casts --------------------------------------------------------------------------------------

bool CanCastInterval(const arrow::DataType& from, const arrow::DataType& to) {
  if (IsInterval(from) && IsInterval(to)) return from.id() == to.id();
  const arrow::DataType& other = IsInterval(from) ? to : from;
  return IsIntegral(other) || other.id() == Type::STRING || other.id() == Type::NA;
}

namespace {

/// What the last field of the type counts in.
int64_t UnitOf(const arrow::DataType& interval) {
  constexpr int64_t kUnits[] = {kMicrosPerDay, 3'600 * kMicrosPerSecond, 60 * kMicrosPerSecond,
                                kMicrosPerSecond};
  const int end = table::FieldsOf(interval).end;
  return IsDayTime(interval) ? kUnits[end] : end == 0 ? 12 : 1;
}

base::Status CastOverflow(const arrow::DataType& from, const arrow::DataType& to) {
  constexpr base::Condition kCastOverflow = {"CAST_OVERFLOW", base::exception_class::kArithmetic,
                                             "22003", absl::StatusCode::kOutOfRange};
  return base::FailQuotingData(
      kCastOverflow, base::Cat("The value of the type \"", table::SqlTypeName(from),
                               "\" cannot be cast to \"", table::SqlTypeName(to),
                               "\" due to an overflow. Use `try_cast` to tolerate overflow and "
                               "return NULL instead."));
}

/// The value cast; nullopt: there is none.
std::optional<__int128> CastCell(const arrow::Array& array, int64_t i, const arrow::DataType& to) {
  const arrow::DataType& from = *array.type();
  if (array.type_id() == Type::STRING) {
    const auto parsed = table::ParseIntervalText(TextAt(array, i), to);
    if (!parsed) return std::nullopt;
    return *parsed;
  }
  if (!IsInterval(from)) {
    const __int128 number = WithNumber(from, [&](auto type) -> __int128 {
      return static_cast<__int128>(Values<decltype(type)>(array)[i]);
    });
    return number * UnitOf(to);
  }
  const __int128 value = IntervalAt(array, i);
  if (!IsInterval(to)) return value / UnitOf(from);
  return value / UnitOf(to) * UnitOf(to) +
         (UnitOf(to) == kMicrosPerSecond ? value % UnitOf(to) : 0);
}

bool FitsType(const arrow::DataType& type, __int128 value) {
  if (IsInterval(type)) return Fits(type, value);
  return WithNumber(type, [&](auto number) {
    return value == static_cast<__int128>(static_cast<decltype(number)>(value));
  });
}

}  // namespace

base::StatusOr<ArrayPtr> CastInterval(const Bound& node, const arrow::Array& array) {
  const arrow::DataType& to = *node.field->type();
  const int64_t rows = array.length();
  std::vector<uint8_t> valid(static_cast<size_t>(rows), 0);
  std::vector<__int128> values(static_cast<size_t>(rows), 0);
  for (int64_t i = 0; i < rows; ++i) {
    if (array.type_id() == Type::NA || array.IsNull(i)) continue;
    const auto value = CastCell(array, i, to);
    const bool fits = value && FitsType(to, *value);
    if (!fits && node.try_cast) continue;
    if (!value) {
      return base::FailQuotingData(
          kFormat, base::Cat("Error parsing '", TextAt(array, i),
                             "' to interval. Please ensure that the value provided is in a valid "
                             "format for defining an interval."));
    }
    if (!fits) return CastOverflow(*array.type(), to);
    valid[static_cast<size_t>(i)] = 1;
    values[static_cast<size_t>(i)] = *value;
  }
  SOTERIA_ASSIGN_OR_RETURN(Validity validity, ValidityFrom(valid));
  const TypePtr physical = IsDayTime(to)     ? arrow::int64()
                           : IsYearMonth(to) ? arrow::int32()
                                             : node.field->type();
  return WithNumber(*physical, [&](auto type) -> base::StatusOr<ArrayPtr> {
    using T = decltype(type);
    SOTERIA_ASSIGN_OR_RETURN(auto out, NumberMaker<T>::Make(rows));
    for (int64_t i = 0; i < rows; ++i)
      out.data()[i] = static_cast<T>(values[static_cast<size_t>(i)]);
    return out.Finish(node.field->type(), std::move(validity));
  });
}

// ---- fields -------------------------------------------------------------------------------------

namespace {

struct Part {
  std::string_view names;  // each between blanks
  bool day_time;
  int field;
};
constexpr Part kParts[] = {{" YEAR Y YEARS YR YRS ", false, 0},
                           {" MONTH MON MONS MONTHS ", false, 1},
                           {" DAY D DAYS ", true, 0},
                           {" HOUR H HOURS HR HRS ", true, 1},
                           {" MINUTE M MIN MINS MINUTES ", true, 2},
                           {" SECOND S SEC SECONDS SECS ", true, 3}};

base::StatusOr<ArrayPtr> Whole(const Bound& node, const ArrayList& args, int64_t rows,
                               EvalState& /*state*/) {
  return Each<arrow::Int32Builder>(node, args, rows, [&](int64_t i) {
    const int64_t value = IntervalAt(*args[0], i);
    return static_cast<int32_t>(IsDayTime(*args[0]->type()) ? value / kMicrosPerDay : value / 12);
  });
}

base::StatusOr<ArrayPtr> Small(const Bound& node, const ArrayList& args, int64_t rows,
                               EvalState& /*state*/) {
  return Each<arrow::Int8Builder>(node, args, rows, [&](int64_t i) {
    const int64_t value = IntervalAt(*args[0], i);
    if (IsYearMonth(*args[0]->type())) return static_cast<int8_t>(value % 12);
    const int64_t seconds = value % kMicrosPerDay / kMicrosPerSecond;
    return static_cast<int8_t>(node.number == 1 ? seconds / 3'600 : seconds / 60 % 60);
  });
}

base::StatusOr<ArrayPtr> SecondsOf(const Bound& node, const ArrayList& args, int64_t rows,
                                   EvalState& /*state*/) {
  return Each<arrow::Decimal128Builder>(node, args, rows, [&](int64_t i) {
    return table::ToArrow(LongAt(*args[0], i) % (60 * kMicrosPerSecond));
  });
}

}  // namespace

base::StatusOr<BoundPtr> BindIntervalPart(const Expr& e, std::vector<BoundPtr> args,
                                          std::string_view field) {
  const arrow::DataType& type = *args[1]->field->type();
  const std::string padded = base::Cat(" ", base::Upper(field), " ");
  const table::IntervalFields fields = table::FieldsOf(type);
  for (const Part& part : kParts) {
    if (part.day_time != IsDayTime(type) || part.names.find(padded) == std::string_view::npos ||
        part.field < fields.start || part.field > fields.end) {
      continue;
    }
    const bool second = part.day_time && part.field == 3;
    const TypePtr gives = second            ? table::DecimalType({8, 6})
                          : part.field == 0 ? arrow::int32()
                                            : arrow::int8();
    BoundPtr node = MakeNode(e, gives, {std::move(args[1])},
                             second            ? SecondsOf
                             : part.field == 0 ? Whole
                                               : Small);
    auto numbered = std::make_shared<Bound>(*node);
    numbered->number = part.field;
    numbered->careful = false;
    return BoundPtr(std::move(numbered));
  }
  return base::Fail(
      {"INVALID_EXTRACT_FIELD", base::exception_class::kAnalysis, "42601",
       absl::StatusCode::kInvalidArgument},
      base::Cat("Cannot extract `", field, "` from \"", PrettyName(*e.args[1]), "\"."));
}

// ---- sums ---------------------------------------------------------------------------------------

namespace {

/// A sum or an average.
class IntervalSum final : public AccumulatorOf<IntervalSum> {
 public:
  IntervalSum(TypePtr type, bool average, bool try_sum)
      : type_(std::move(type)), average_(average), try_(try_sum) {}

  base::Status Update(const ArrayList& args, int64_t begin, int64_t end) override {
    for (int64_t i = begin; i < end; ++i) {
      if (args[0]->IsNull(i)) continue;
      ++count_;
      SOTERIA_RETURN_IF_ERROR(Add(IntervalAt(*args[0], i)));
    }
    return base::OkStatus();
  }
  base::Status MergeLater(const IntervalSum& later) {
    if (__builtin_add_overflow(count_, later.count_, &count_)) return Overflow("");
    over_ = over_ || later.over_;
    return Add(later.sum_);
  }
  void Write(base::FieldWriter& out) const override {
    out.AddI64(count_).AddI64(sum_).AddBool(over_);
  }
  base::Status Read(base::FieldReader& in) override {
    SOTERIA_ASSIGN_OR_RETURN(count_, in.NextI64());
    SOTERIA_ASSIGN_OR_RETURN(sum_, in.NextI64());
    SOTERIA_ASSIGN_OR_RETURN(over_, in.NextBool());
    if (count_ < 0) return base::Fail(base::kProtocol, "Aggregate: a count below zero");
    return base::OkStatus();
  }
  base::Status Finish(arrow::ArrayBuilder& out) const override {
    if (count_ == 0 || over_) {
      SOTERIA_ARROW_RETURN(out.AppendNull());
      return base::OkStatus();
    }
    const __int128 value = average_ ? Divided(sum_, count_) : sum_;
    if (!Fits(*type_, value)) return Overflow("");
    if (IsDayTime(*type_)) {
      SOTERIA_ARROW_RETURN(
          static_cast<arrow::DurationBuilder&>(out).Append(static_cast<int64_t>(value)));
    } else {
      SOTERIA_ARROW_RETURN(
          static_cast<arrow::MonthIntervalBuilder&>(out).Append(static_cast<int32_t>(value)));
    }
    return base::OkStatus();
  }
  CallNumbers Numbers() const override { return {.rows = count_}; }

 private:
  base::Status Add(int64_t value) {
    const bool fits = !__builtin_add_overflow(sum_, value, &sum_) && Fits(*type_, sum_);
    if (fits) return base::OkStatus();
    if (!try_) return Overflow(average_ ? "try_avg" : "try_sum");
    over_ = true;
    sum_ = 0;
    return base::OkStatus();
  }

  TypePtr type_;
  bool average_;
  bool try_;
  int64_t count_ = 0;
  int64_t sum_ = 0;
  bool over_ = false;
};

}  // namespace

std::unique_ptr<Accumulator> MakeIntervalSum(const TypePtr& type, bool average, bool try_sum) {
  return std::make_unique<IntervalSum>(type, average, try_sum);
}

}  // namespace soteria::exec
