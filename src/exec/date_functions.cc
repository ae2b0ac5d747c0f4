// Functions of dates and time stamps that read no format.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/cast_errors.h"
#include "src/exec/catalogue.h"
#include "src/exec/coercion.h"
#include "src/exec/columns.h"
#include "src/exec/conditions.h"
#include "src/exec/date_checks.h"
#include "src/exec/functions.h"
#include "src/exec/intervals.h"
#include "src/exec/kernels.h"
#include "src/table/calendar.h"
#include "src/table/date_pattern.h"
#include "src/table/decimal.h"
#include "src/table/interval.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using Date = arrow::Date32Builder;
using Int = arrow::Int32Builder;
using Long = arrow::Int64Builder;
using Stamp = arrow::TimestampBuilder;
using Text = arrow::StringBuilder;
using table::CalendarDate;
using table::DateFromDays;
using table::DaysFromDate;
using table::FloorDivide;

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kDay = 86'400 * kSecond;

constexpr base::Condition kDayOfWeek = {"ILLEGAL_DAY_OF_WEEK",
                                        base::exception_class::kIllegalArgument, "22009",
                                        absl::StatusCode::kInvalidArgument};
constexpr base::Condition kDateField = {"DATETIME_FIELD_OUT_OF_BOUNDS.WITHOUT_SUGGESTION",
                                        "java.time.DateTimeException", "22023",
                                        absl::StatusCode::kInvalidArgument};

/// Monday is 0.
int WeekDay(int64_t days) { return static_cast<int>(((days + 3) % 7 + 7) % 7); }

int64_t DayOfYear(int64_t days) { return days - DaysFromDate(DateFromDays(days).year, 1, 1) + 1; }

/// ISO's: the week of the year with the week's Thursday.
int64_t WeekOfYear(int64_t days) { return (DayOfYear(days - WeekDay(days) + 3) - 1) / 7 + 1; }

int64_t Year(int64_t days) { return DateFromDays(days).year; }
int64_t Quarter(int64_t days) { return (DateFromDays(days).month - 1) / 3 + 1; }
int64_t Month(int64_t days) { return DateFromDays(days).month; }
int64_t DayOfMonth(int64_t days) { return DateFromDays(days).day; }
int64_t DayOfWeek(int64_t days) { return (WeekDay(days) + 1) % 7 + 1; }
int64_t DayOfWeekIso(int64_t days) { return WeekDay(days) + 1; }
int64_t WeekDayField(int64_t days) { return WeekDay(days); }

/// The year that ISO's week belongs to.
int64_t YearOfWeek(int64_t days) { return Year(days - WeekDay(days) + 3); }

using DateField = int64_t (*)(int64_t days);

template <DateField kField>
base::StatusOr<ArrayPtr> FieldOf(const Bound& node, const ArrayList& args, int64_t rows,
                                 EvalState& /*state*/) {
  return Each<Int>(node, args, rows,
                   [&](int64_t i) { return static_cast<int32_t>(kField(IntAt(*args[0], i))); });
}

/// What a clock in the node's zone shows.
int64_t Local(const Bound& node, int64_t micros) {
  return node.zone.ToLocal(micros).value_or(micros);
}

template <int64_t kUnit, int64_t kModulo>
base::StatusOr<ArrayPtr> ClockField(const Bound& node, const ArrayList& args, int64_t rows,
                                    EvalState& /*state*/) {
  return Each<Int>(node, args, rows, [&](int64_t i) {
    const int64_t units = FloorDivide(Local(node, LongAt(*args[0], i)), kUnit * kSecond);
    return static_cast<int32_t>((units % kModulo + kModulo) % kModulo);
  });
}

template <bool kMinus>
base::StatusOr<ArrayPtr> AddDays(const Bound& node, const ArrayList& args, int64_t rows,
                                 EvalState& /*state*/) {
  return Each<Date>(node, args, rows, [&](int64_t i) {
    const int64_t by = IntAt(*args[1], i);
    return static_cast<int32_t>(IntAt(*args[0], i) + (kMinus ? -by : by));
  });
}

base::StatusOr<ArrayPtr> DateDiff(const Bound& node, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  return Each<Int>(node, args, rows, [&](int64_t i) {
    return static_cast<int32_t>(int64_t{IntAt(*args[0], i)} - IntAt(*args[1], i));
  });
}

base::StatusOr<ArrayPtr> AddMonths(const Bound& node, const ArrayList& args, int64_t rows,
                                   EvalState& /*state*/) {
  return Each<Date>(node, args, rows, [&](int64_t i) {
    const CalendarDate date = DateFromDays(IntAt(*args[0], i));
    const int64_t months = date.year * 12 + date.month - 1 + IntAt(*args[1], i);
    const int64_t year = FloorDivide(months, 12);
    const auto month = static_cast<int>(months - year * 12) + 1;
    const int day = std::min(date.day, table::DaysInMonth(year, month));
    return static_cast<int32_t>(DaysFromDate(year, month, day));
  });
}

base::StatusOr<ArrayPtr> LastDay(const Bound& node, const ArrayList& args, int64_t rows,
                                 EvalState& /*state*/) {
  return Each<Date>(node, args, rows, [&](int64_t i) {
    const CalendarDate date = DateFromDays(IntAt(*args[0], i));
    return static_cast<int32_t>(
        DaysFromDate(date.year, date.month, table::DaysInMonth(date.year, date.month)));
  });
}

/// Monday is 0; -1 for no name of a day.
int DayNamed(std::string_view name) {
  constexpr std::string_view kNames[] = {"MONDAY", "TUESDAY",  "WEDNESDAY", "THURSDAY",
                                         "FRIDAY", "SATURDAY", "SUNDAY"};
  const std::string upper = base::Upper(name);
  for (size_t k = 0; k < 7; ++k) {
    const std::string_view whole = kNames[k];
    if (upper == whole || upper == whole.substr(0, 3) || upper == whole.substr(0, 2)) {
      return static_cast<int>(k);
    }
  }
  return -1;
}

base::StatusOr<ArrayPtr> NextDay(const Bound& node, const ArrayList& args, int64_t rows,
                                 EvalState& /*state*/) {
  return Each<Date>(node, args, rows, [&](int64_t i) -> base::StatusOr<int32_t> {
    const int day = DayNamed(TextAt(*args[1], i));
    if (day < 0) {
      return base::FailQuotingData(
          kDayOfWeek, base::Cat("Illegal input for day of week: ", TextAt(*args[1], i), "."));
    }
    const int32_t from = IntAt(*args[0], i);
    return from + 1 + ((day - WeekDay(from) - 1) % 7 + 7) % 7;
  });
}

base::StatusOr<ArrayPtr> MonthsBetween(const Bound& node, const ArrayList& args, int64_t rows,
                                       EvalState& /*state*/) {
  return Each<arrow::DoubleBuilder>(node, args, rows, [&](int64_t i) {
    const int64_t one = Local(node, LongAt(*args[0], i));
    const int64_t two = Local(node, LongAt(*args[1], i));
    const int64_t days1 = FloorDivide(one, kDay);
    const int64_t days2 = FloorDivide(two, kDay);
    const CalendarDate a = DateFromDays(days1);
    const CalendarDate b = DateFromDays(days2);
    const auto months = static_cast<double>((a.year - b.year) * 12 + a.month - b.month);
    const bool ends = a.day == table::DaysInMonth(a.year, a.month) &&
                      b.day == table::DaysInMonth(b.year, b.month);
    if (a.day == b.day || ends) return months;
    const auto of_day = [&](int64_t instant, int64_t days) {
      const int64_t start = node.zone.ToInstant(days * kDay).value_or(days * kDay);
      return FloorDivide(instant - start, kSecond);
    };
    const int64_t seconds = (a.day - b.day) * int64_t{86'400} + of_day(LongAt(*args[0], i), days1) -
                            of_day(LongAt(*args[1], i), days2);
    const double diff = months + static_cast<double>(seconds) / (31.0 * 86'400.0);
    const bool round = args.size() < 3 || BoolAt(*args[2], i);
    return round ? std::floor(diff * 1e8 + 0.5) / 1e8 : diff;
  });
}

// ---- truncation ---------------------------------------------------------------------------------

enum class Unit {
  kNone,
  kMicro,
  kMilli,
  kSecond,
  kMinute,
  kHour,
  kDay,
  kWeek,
  kMonth,
  kQuarter,
  kYear
};

Unit UnitNamed(std::string_view name) {
  static constexpr std::pair<std::string_view, Unit> kUnits[] = {{"MICROSECOND", Unit::kMicro},
                                                                 {"MILLISECOND", Unit::kMilli},
                                                                 {"SECOND", Unit::kSecond},
                                                                 {"MINUTE", Unit::kMinute},
                                                                 {"HOUR", Unit::kHour},
                                                                 {"DAY", Unit::kDay},
                                                                 {"DD", Unit::kDay},
                                                                 {"WEEK", Unit::kWeek},
                                                                 {"MON", Unit::kMonth},
                                                                 {"MONTH", Unit::kMonth},
                                                                 {"MM", Unit::kMonth},
                                                                 {"QUARTER", Unit::kQuarter},
                                                                 {"YEAR", Unit::kYear},
                                                                 {"YYYY", Unit::kYear},
                                                                 {"YY", Unit::kYear}};
  const std::string upper = base::Upper(name);
  for (const auto& [known, unit] : kUnits) {
    if (upper == known) return unit;
  }
  return Unit::kNone;
}

int64_t FirstDay(int64_t days, Unit unit) {
  const CalendarDate date = DateFromDays(days);
  switch (unit) {
    case Unit::kWeek:
      return days - WeekDay(days);
    case Unit::kMonth:
      return DaysFromDate(date.year, date.month, 1);
    case Unit::kQuarter:
      return DaysFromDate(date.year, (date.month - 1) / 3 * 3 + 1, 1);
    case Unit::kYear:
      return DaysFromDate(date.year, 1, 1);
    default:
      return days;
  }
}

base::StatusOr<ArrayPtr> TruncDate(const Bound& node, const ArrayList& args, int64_t rows,
                                   EvalState& /*state*/) {
  return Each<Date>(node, args, rows, [&](int64_t i) -> std::optional<int32_t> {
    const Unit unit = UnitNamed(TextAt(*args[1], i));
    if (unit < Unit::kWeek) return std::nullopt;
    return static_cast<int32_t>(FirstDay(IntAt(*args[0], i), unit));
  });
}

base::StatusOr<ArrayPtr> TruncTime(const Bound& node, const ArrayList& args, int64_t rows,
                                   EvalState& /*state*/) {
  return Each<Stamp>(node, args, rows, [&](int64_t i) -> std::optional<int64_t> {
    const Unit unit = UnitNamed(TextAt(*args[0], i));
    const int64_t micros = LongAt(*args[1], i);
    const auto to = [](int64_t value, int64_t step) { return FloorDivide(value, step) * step; };
    switch (unit) {
      case Unit::kNone:
        return std::nullopt;
      case Unit::kMicro:
        return micros;
      case Unit::kMilli:
        return to(micros, 1000);
      case Unit::kSecond:
        return to(micros, kSecond);
      case Unit::kMinute:
      case Unit::kHour: {
        // By the clock, with the offset of the instant.
        const int64_t offset = Local(node, micros) - micros;
        return to(micros + offset, (unit == Unit::kHour ? 3600 : 60) * kSecond) - offset;
      }
      default: {
        const int64_t days = FirstDay(FloorDivide(Local(node, micros), kDay), unit);
        return node.zone.ToInstant(days * kDay);
      }
    }
  });
}

// ---- to and from numbers ------------------------------------------------------------------------

template <int64_t kUnit>
base::StatusOr<ArrayPtr> FromUnix(const Bound& node, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  return Each<Stamp>(node, args, rows, [&](int64_t i) -> base::StatusOr<int64_t> {
    int64_t micros = 0;
    if (__builtin_mul_overflow(LongAt(*args[0], i), kUnit, &micros)) {
      return LongOverflow();
    }
    return micros;
  });
}

/// Fractions: those that are no number are null.
base::StatusOr<ArrayPtr> FromFraction(const Bound& node, const ArrayList& args, int64_t rows,
                                      EvalState& /*state*/) {
  return Each<Stamp>(node, args, rows, [&](int64_t i) -> std::optional<int64_t> {
    const double seconds = DoubleAt(*args[0], i);
    if (!std::isfinite(seconds)) return std::nullopt;
    const double micros = seconds * 1e6;  // may be infinite: the last time there is
    if (micros >= 0x1p63) return INT64_MAX;
    if (micros < -0x1p63) return INT64_MIN;
    return static_cast<int64_t>(micros);
  });
}

base::StatusOr<BoundPtr> BindSeconds(const Expr& e, std::vector<BoundPtr> args,
                                     BindContext& context) {
  const TypePtr type = args[0]->field->type();
  if (table::IsDecimal(*type)) {
    return base::NotSupported(base::Cat("The function ", e.name, "() of decimals"),
                              "a cast to timestamp");
  }
  if (IsFractional(*type)) {
    return BindSimple<FromFraction, "d", 't', kNullable>(e, std::move(args), context);
  }
  if (!IsIntegral(*type) && type->id() != Type::NA) {
    if (type->id() != Type::STRING) {
      return UnexpectedType(e, 0, "\"NUMERIC\"", *e.args[0], *args[0]->field);
    }
    return BindSimple<FromFraction, "d", 't', kNullable>(e, std::move(args), context);
  }
  return BindSimple<FromUnix<kSecond>, "l", 't', kCareful>(e, std::move(args), context);
}

template <int64_t kUnit>
base::StatusOr<ArrayPtr> ToUnix(const Bound& node, const ArrayList& args, int64_t rows,
                                EvalState& /*state*/) {
  return Each<Long>(node, args, rows,
                    [&](int64_t i) { return FloorDivide(LongAt(*args[0], i), kUnit); });
}

base::StatusOr<ArrayPtr> SameDays(const Bound& node, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  if (node.field->type()->id() == Type::DATE32) {
    return Each<Date>(node, args, rows, [&](int64_t i) { return IntAt(*args[0], i); });
  }
  return Each<Int>(node, args, rows, [&](int64_t i) { return IntAt(*args[0], i); });
}

template <bool kDayName>
base::StatusOr<ArrayPtr> Name(const Bound& node, const ArrayList& args, int64_t rows,
                              EvalState& /*state*/) {
  return Each<Text>(node, args, rows, [&](int64_t i) {
    const int32_t days = IntAt(*args[0], i);
    return kDayName ? table::ShortDayName(WeekDay(days))
                    : table::ShortMonthName(DateFromDays(days).month);
  });
}

base::StatusOr<ArrayPtr> MakeDate(const Bound& node, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  return Each<Date>(node, args, rows, [&](int64_t i) -> base::StatusOr<int32_t> {
    SOTERIA_ASSIGN_OR_RETURN(const int64_t days, CheckedDate(IntAt(*args[0], i), IntAt(*args[1], i),
                                                             IntAt(*args[2], i)));
    return static_cast<int32_t>(days);
  });
}

template <bool kToUtc>
base::StatusOr<ArrayPtr> Shifted(const Bound& node, const ArrayList& args, int64_t rows,
                                 EvalState& /*state*/) {
  return Each<Stamp>(node, args, rows, [&](int64_t i) -> base::StatusOr<int64_t> {
    SOTERIA_ASSIGN_OR_RETURN(const table::TimeZone zone, ZoneNamed(TextAt(*args[1], i)));
    const int64_t micros = LongAt(*args[0], i);
    return (kToUtc ? zone.ToInstant(micros) : zone.ToLocal(micros)).value_or(micros);
  });
}

// ---- date_part ----------------------------------------------------------------------------------

struct NamedField {
  std::string_view name;
  std::string_view function;
};
constexpr NamedField kFields[] = {{"YEAR", "year"},
                                  {"Y", "year"},
                                  {"YEARS", "year"},
                                  {"YR", "year"},
                                  {"YRS", "year"},
                                  {"YEAROFWEEK", "yearofweek"},
                                  {"QUARTER", "quarter"},
                                  {"QTR", "quarter"},
                                  {"MONTH", "month"},
                                  {"MON", "month"},
                                  {"MONS", "month"},
                                  {"MONTHS", "month"},
                                  {"WEEK", "weekofyear"},
                                  {"W", "weekofyear"},
                                  {"WEEKS", "weekofyear"},
                                  {"DAY", "day"},
                                  {"D", "day"},
                                  {"DAYS", "day"},
                                  {"DAYOFWEEK", "dayofweek"},
                                  {"DOW", "dayofweek"},
                                  {"DAYOFWEEK_ISO", "dayofweek_iso"},
                                  {"DOW_ISO", "dayofweek_iso"},
                                  {"DOY", "dayofyear"},
                                  {"HOUR", "hour"},
                                  {"H", "hour"},
                                  {"HOURS", "hour"},
                                  {"HR", "hour"},
                                  {"HRS", "hour"},
                                  {"MINUTE", "minute"},
                                  {"M", "minute"},
                                  {"MIN", "minute"},
                                  {"MINS", "minute"},
                                  {"MINUTES", "minute"}};

constexpr Function kParts[] = {
    {"yearofweek", 1, 1, "yearofweek", Print::kCall, BindSimple<FieldOf<YearOfWeek>, "D", 'i'>},
    {"dayofweek_iso", 1, 1, "dayofweek_iso", Print::kCall,
     BindSimple<FieldOf<DayOfWeekIso>, "D", 'i'>},
};

/// Of the minute that the zone's clocks show.
base::StatusOr<ArrayPtr> SecondsWithFraction(const Bound& node, const ArrayList& args, int64_t rows,
                                             EvalState& /*state*/) {
  constexpr int64_t kMinute = 60 * kSecond;
  return Each<arrow::Decimal128Builder>(node, args, rows, [&](int64_t i) {
    const int64_t instant = LongAt(*args[0], i);
    const int64_t offset = node.zone.OffsetAt(FloorDivide(instant, kSecond)) % 60 * kSecond;
    const int64_t micros = instant - FloorDivide(instant, kMinute) * kMinute + offset;
    return table::ToArrow(micros - FloorDivide(micros, kMinute) * kMinute);
  });
}

/// The function that reads a field; two have no name in Spark.
const Function& FieldFunction(std::string_view name) {
  for (const Function& function : kParts) {
    if (function.name == name) return function;
  }
  return *FindFunction(name);
}

base::StatusOr<BoundPtr> BindPart(const Expr& e, std::vector<BoundPtr> args, BindContext& context) {
  const auto& literal = args[0]->literal;
  if (literal == nullptr || !literal->is_valid || literal->type->id() != Type::STRING) {
    return base::NotSupported(base::Cat("The function ", e.name,
                                        "() of a field that is no "
                                        "constant"));
  }
  const std::string_view written = static_cast<const arrow::StringScalar&>(*literal).view();
  if (table::IsInterval(*args[1]->field->type())) {
    return BindIntervalPart(e, std::move(args), written);
  }
  const std::string name = base::Upper(written);
  const bool seconds =
      name == "SECOND" || name == "S" || name == "SEC" || name == "SECONDS" || name == "SECS";
  if (seconds) {
    std::vector<BoundPtr> time = {std::move(args[1])};
    const ExprPtr call = InZone(Call("second", {e.args[1]}), e.zone);
    SOTERIA_RETURN_IF_ERROR(TakeArgument(*call, time, 0, 't'));
    const bool nullable = AnyNullable(time);
    auto node = MakeCall(PrettyName(e), table::DecimalType({8, 6}), nullable, std::move(time));
    node->kernel = SecondsWithFraction;
    node->zone = table::TimeZone::Find(e.zone).value_or(table::TimeZone());
    return node;
  }
  for (const NamedField& field : kFields) {
    if (field.name != name) continue;
    const ExprPtr call = InZone(Call(std::string(field.function), {e.args[1]}), e.zone);
    SOTERIA_ASSIGN_OR_RETURN(
        const BoundPtr bound,
        FieldFunction(field.function).bind(*call, {std::move(args[1])}, context));
    auto node = std::make_shared<Bound>(*bound);
    node->field = bound->field->WithName(PrettyName(e));
    return BoundPtr(std::move(node));
  }
  return base::Fail(
      {"INVALID_EXTRACT_FIELD", base::exception_class::kAnalysis, "42601",
       absl::StatusCode::kInvalidArgument},
      base::Cat("Cannot extract `", written, "` from \"", PrettyName(*e.args[1]), "\"."));
}

template <bool kMinus>
base::StatusOr<BoundPtr> BindAddDays(const Expr& e, std::vector<BoundPtr> args,
                                     BindContext& context) {
  const TypePtr type = args[1]->field->type();
  const char* wanted = "(\"INT\" or \"SMALLINT\" or \"TINYINT\")";
  if (type->id() == Type::INT64 || IsFractional(*type) || table::IsDecimal(*type)) {
    return UnexpectedType(e, 1, wanted, *e.args[1], *args[1]->field);
  }
  SOTERIA_RETURN_IF_ERROR(TakeArgument(e, args, 0, 'D'));
  SOTERIA_RETURN_IF_ERROR(CoerceArgument(e, args, 1, arrow::int32(), wanted));
  return BindSimple<AddDays<kMinus>, "Di", 'D'>(e, std::move(args), context);
}

constexpr Function kFunctions[] = {
    {"year", 1, 1, "year", Print::kCall, BindSimple<FieldOf<Year>, "D", 'i'>},
    {"quarter", 1, 1, "quarter", Print::kCall, BindSimple<FieldOf<Quarter>, "D", 'i'>},
    {"month", 1, 1, "month", Print::kCall, BindSimple<FieldOf<Month>, "D", 'i'>},
    {"day", 1, 1, "day", Print::kCall, BindSimple<FieldOf<DayOfMonth>, "D", 'i'>},
    {"dayofmonth", 1, 1, "dayofmonth", Print::kCall, BindSimple<FieldOf<DayOfMonth>, "D", 'i'>},
    {"dayofweek", 1, 1, "dayofweek", Print::kCall, BindSimple<FieldOf<DayOfWeek>, "D", 'i'>},
    {"dayofyear", 1, 1, "dayofyear", Print::kCall, BindSimple<FieldOf<DayOfYear>, "D", 'i'>},
    {"weekday", 1, 1, "weekday", Print::kCall, BindSimple<FieldOf<WeekDayField>, "D", 'i'>},
    {"weekofyear", 1, 1, "weekofyear", Print::kCall, BindSimple<FieldOf<WeekOfYear>, "D", 'i'>},
    {"hour", 1, 1, "hour", Print::kCall, BindSimple<ClockField<3600, 24>, "t", 'i'>},
    {"minute", 1, 1, "minute", Print::kCall, BindSimple<ClockField<60, 60>, "t", 'i'>},
    {"second", 1, 1, "second", Print::kCall, BindSimple<ClockField<1, 60>, "t", 'i'>},
    {"date_add", 2, 2, "date_add", Print::kCall, BindAddDays<false>},
    {"dateadd", 2, 2, "date_add", Print::kCall, BindAddDays<false>},
    {"date_sub", 2, 2, "date_sub", Print::kCall, BindAddDays<true>},
    {"datediff", 2, 2, "datediff", Print::kCall, BindSimple<DateDiff, "DD", 'i'>},
    {"date_diff", 2, 2, "date_diff", Print::kCall, BindSimple<DateDiff, "DD", 'i'>},
    {"add_months", 2, 2, "add_months", Print::kCall, BindSimple<AddMonths, "Di", 'D'>},
    {"last_day", 1, 1, "last_day", Print::kCall, BindSimple<LastDay, "D", 'D'>},
    {"next_day", 2, 2, "next_day", Print::kCall, BindSimple<NextDay, "Ds", 'D', kCareful>},
    {"months_between", 2, 3, "months_between", Print::kSpecial,
     BindSimple<MonthsBetween, "ttB", 'd'>},
    {"trunc", 2, 2, "trunc", Print::kCall, BindSimple<TruncDate, "Ds", 'D', kNullable>},
    {"date_trunc", 2, 2, "date_trunc", Print::kCall, BindSimple<TruncTime, "st", 't', kNullable>},
    {"timestamp_seconds", 1, 1, "timestamp_seconds", Print::kCall, BindSeconds},
    {"timestamp_millis", 1, 1, "timestamp_millis", Print::kCall,
     BindSimple<FromUnix<1000>, "l", 't', kCareful>},
    {"timestamp_micros", 1, 1, "timestamp_micros", Print::kCall,
     BindSimple<FromUnix<1>, "l", 't', kCareful>},
    {"unix_seconds", 1, 1, "unix_seconds", Print::kCall, BindSimple<ToUnix<kSecond>, "t", 'l'>},
    {"unix_millis", 1, 1, "unix_millis", Print::kCall, BindSimple<ToUnix<1000>, "t", 'l'>},
    {"unix_micros", 1, 1, "unix_micros", Print::kCall, BindSimple<ToUnix<1>, "t", 'l'>},
    {"unix_date", 1, 1, "unix_date", Print::kCall, BindSimple<SameDays, "D", 'i'>},
    {"date_from_unix_date", 1, 1, "date_from_unix_date", Print::kCall,
     BindSimple<SameDays, "i", 'D'>},
    {"dayname", 1, 1, "dayname", Print::kCall, BindSimple<Name<true>, "D", 's'>},
    {"monthname", 1, 1, "monthname", Print::kCall, BindSimple<Name<false>, "D", 's'>},
    {"make_date", 3, 3, "make_date", Print::kCall, BindSimple<MakeDate, "iii", 'D', kCareful>},
    {"to_utc_timestamp", 2, 2, "to_utc_timestamp", Print::kCall,
     BindSimple<Shifted<true>, "ts", 't', kCareful>},
    {"from_utc_timestamp", 2, 2, "from_utc_timestamp", Print::kCall,
     BindSimple<Shifted<false>, "ts", 't', kCareful>},
    {"date_part", 2, 2, "date_part", Print::kCall, BindPart},
    {"datepart", 2, 2, "datepart", Print::kSpecial, BindPart},
    {kExtractFrom.data(), 2, 2, "extract", Print::kSpecial, BindPart},
};

}  // namespace

base::Status OutOfBounds(std::string_view field, int64_t most, int64_t value, int64_t least) {
  return base::FailQuotingData(
      kDateField, base::Cat("Invalid value for ", field, " (valid values ", least, " - ",
                            field == "DayOfMonth" ? "28/" : "", most, "): ", value, "."));
}

base::StatusOr<int64_t> CheckedDate(int64_t year, int64_t month, int64_t day) {
  if (month < 1 || month > 12) return OutOfBounds("MonthOfYear", 12, month);
  if (day < 1 || day > 31) return OutOfBounds("DayOfMonth", 31, day);
  if (day > table::DaysInMonth(year, static_cast<int>(month))) {
    const bool leap = month == 2 && day == 29;
    constexpr std::string_view kNames[] = {"JANUARY",   "FEBRUARY", "MARCH",    "APRIL",
                                           "MAY",       "JUNE",     "JULY",     "AUGUST",
                                           "SEPTEMBER", "OCTOBER",  "NOVEMBER", "DECEMBER"};
    return base::FailQuotingData(
        kDateField,
        base::Cat(leap ? base::Cat("Invalid date 'February 29' as '", year, "' is not a leap year")
                       : base::Cat("Invalid date '", kNames[month - 1], " ", day, "'"),
                  "."));
  }
  return DaysFromDate(year, static_cast<int>(month), static_cast<int>(day));
}

base::StatusOr<table::TimeZone> ZoneNamed(std::string_view id) {
  const std::optional<table::TimeZone> zone = table::TimeZone::Find(id);
  if (zone) return *zone;
  return base::FailQuotingData(
      {"INVALID_TIMEZONE", "java.time.DateTimeException", "22009",
       absl::StatusCode::kInvalidArgument},
      base::Cat("The timezone: ", id,
                " is invalid. The timezone must be either a region-based zone ID or a zone "
                "offset. Region IDs must have the form 'area/city', such as "
                "'America/Los_Angeles'. Zone offsets must be in the format '(+|-)HH', "
                "'(+|-)HH:mm’ or '(+|-)HH:mm:ss', e.g '-08' , '+01:00' or '-13:33:33', and must "
                "be in the range from -18:00 to +18:00. 'Z' and 'UTC' are accepted as synonyms "
                "for '+00:00'."));
}

std::span<const Function> DateFunctions() { return kFunctions; }

}  // namespace soteria::exec
