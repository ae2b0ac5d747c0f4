// Functions that make time stamps of parts, and that count in units and zones of time.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/coercion.h"
#include "src/exec/conditions.h"
#include "src/exec/date_checks.h"
#include "src/exec/functions.h"
#include "src/exec/kernels.h"
#include "src/table/calendar.h"
#include "src/table/java_text.h"
#include "src/table/types.h"
#include "src/table/zoned_time.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using Stamp = arrow::TimestampBuilder;
using table::FloorDivide;
using table::kMicrosPerDay;
using table::kMicrosPerSecond;
using table::TimeZone;

constexpr base::Condition kFraction = {"INVALID_FRACTION_OF_SECOND", "java.time.DateTimeException",
                                       "22023", absl::StatusCode::kInvalidArgument};
constexpr base::Condition kUnit = {"INVALID_PARAMETER_VALUE.DATETIME_UNIT",
                                   base::exception_class::kIllegalArgument, "22023",
                                   absl::StatusCode::kInvalidArgument};

TimeZone ZoneOf(const Expr& e) { return TimeZone::Find(e.zone).value_or(TimeZone()); }

bool IsLocal(const arrow::DataType& type) {
  return type.id() == Type::TIMESTAMP &&
         static_cast<const arrow::TimestampType&>(type).timezone().empty();
}

// ---- of parts -----------------------------------------------------------------------------------

/// By a clock, of year, month, day, hour, minute and seconds.
base::StatusOr<int64_t> LocalOf(const ArrayList& args, int64_t i) {
  SOTERIA_ASSIGN_OR_RETURN(const int64_t days,
                           CheckedDate(IntAt(*args[0], i), IntAt(*args[1], i), IntAt(*args[2], i)));
  const int64_t hour = IntAt(*args[3], i);
  const int64_t minute = IntAt(*args[4], i);
  const double seconds = DoubleAt(*args[5], i);
  const auto micros = static_cast<int64_t>(std::nearbyint(seconds * 1e6));
  if (hour < 0 || hour > 23) return OutOfBounds("HourOfDay", 23, hour, 0);
  if (minute < 0 || minute > 59) return OutOfBounds("MinuteOfHour", 59, minute, 0);
  const int64_t whole = FloorDivide(micros, kMicrosPerSecond);
  if (whole == 60 && micros > 60 * kMicrosPerSecond) {
    return base::FailQuotingData(
        kFraction, base::Cat("Valid range for seconds is [0, 60] (inclusive), but the provided "
                             "value is ",
                             table::JavaDouble(seconds),
                             ". To avoid this error, use `try_make_timestamp`, which returns NULL "
                             "on error.\nIf you do not want to use the session default timestamp "
                             "version of this function, use `try_make_timestamp_ntz` or "
                             "`try_make_timestamp_ltz`."));
  }
  if (whole < 0 || whole > 60) return OutOfBounds("SecondOfMinute", 59, whole, 0);
  return days * kMicrosPerDay + (hour * 3600 + minute * 60) * kMicrosPerSecond + micros;
}

/// node.try_cast: null where there is no such time; a zone that there isn't is an error still.
base::StatusOr<ArrayPtr> MakeTime(const Bound& node, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  return Each<Stamp>(node, args, rows, [&](int64_t i) -> base::StatusOr<std::optional<int64_t>> {
    TimeZone zone = node.zone;
    if (args.size() > 6) {
      SOTERIA_ASSIGN_OR_RETURN(zone, ZoneNamed(TextAt(*args[6], i)));
    }
    const base::StatusOr<int64_t> local = LocalOf(args, i);
    if (!local.ok() && node.try_cast) return std::optional<int64_t>();
    if (!local.ok()) return local.status();
    return std::optional(zone.ToInstant(*local).value_or(*local));
  });
}

template <char kGives, bool kTry>
base::StatusOr<BoundPtr> BindMake(const Expr& e, std::vector<BoundPtr> args,
                                  BindContext& /*context*/) {
  if (args.size() > 2 && args.size() < 6) {
    return WrongNumberOfArguments(e.name, 2, kGives == 'n' ? 6 : 7, static_cast<int>(args.size()));
  }
  if (args.size() < 6) {
    return base::NotSupported(base::Cat("The function ", e.name, "() of a date and a time"));
  }
  // To Spark seconds are decimals of 16 digits, 6 of them behind the point.
  const TypePtr seconds = args[5]->field->type();
  const bool narrowed = IsFractional(*seconds) || seconds->id() == Type::INT64;
  for (size_t i = 0; i < args.size(); ++i) {
    SOTERIA_RETURN_IF_ERROR(TakeArgument(e, args, i, i < 5 ? 'i' : i == 5 ? 'd' : 's'));
  }
  const bool nullable = kTry || narrowed || AnyNullable(args);
  auto node = MakeCall(PrettyName(e), TypeOfLetter(kGives), nullable, std::move(args));
  node->kernel = MakeTime;
  node->careful = true;
  node->try_cast = kTry;
  if (kGives == 't') node->zone = ZoneOf(e);
  return node;
}

// ---- in units -----------------------------------------------------------------------------------

enum Unit : int {
  kNone,
  kMicro,
  kMilli,
  kSecond,
  kMinute,
  kHour,
  kDay,
  kDayOfYear,
  kWeek,
  kMonth,
  kQuarter,
  kYear
};  // clang-format off
constexpr std::string_view kUnits[] = {"",     "MICROSECOND", "MILLISECOND", "SECOND",
                                       "MINUTE", "HOUR",      "DAY",         "DAYOFYEAR",
                                       "WEEK", "MONTH",       "QUARTER",     "YEAR"};
// clang-format on

/// Of those that pass by a fixed time, or as many days.
int64_t MicrosIn(int unit) {
  switch (unit) {
    case kMicro:
      return 1;
    case kMilli:
      return 1000;
    case kSecond:
      return kMicrosPerSecond;
    case kMinute:
      return 60 * kMicrosPerSecond;
    default:
      return 3600 * kMicrosPerSecond;
  }
}

int UnitNamed(std::string_view name) {
  const std::string upper = base::Upper(name);
  for (int unit = kMicro; unit <= kYear; ++unit) {
    if (kUnits[unit] == upper) return unit;
  }
  return kNone;
}

base::Status NoUnit(std::string_view function, std::string_view unit) {
  return base::Fail(
      kUnit, base::Cat("The value of parameter(s) `unit` in `", function,
                       "` is invalid: expects one of the units without quotes YEAR, QUARTER, "
                       "MONTH, WEEK, DAY, DAYOFYEAR, HOUR, MINUTE, SECOND, MILLISECOND, "
                       "MICROSECOND, but got the string literal '",
                       unit, "'."));
}

std::optional<int64_t> Plus(const TimeZone& zone, int unit, int64_t count, int64_t micros) {
  const auto times = [&](int64_t by) -> std::optional<int64_t> {
    int64_t product = 0;
    if (__builtin_mul_overflow(count, by, &product)) return std::nullopt;
    return product;
  };
  if (unit >= kMonth) {
    const auto months = times(unit == kYear ? 12 : unit == kQuarter ? 3 : 1);
    return months ? table::PlusMonths(zone, micros, *months) : std::nullopt;
  }
  if (unit >= kDay) {
    const auto days = times(unit == kWeek ? 7 : 1);
    return days ? table::PlusDays(zone, micros, *days) : std::nullopt;
  }
  const auto by = times(MicrosIn(unit));
  int64_t sum = 0;
  if (!by || __builtin_add_overflow(micros, *by, &sum)) return std::nullopt;
  return sum;
}

/// timestampadd(unit, count, time)
base::StatusOr<ArrayPtr> AddUnits(const Bound& node, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  return Each<Stamp>(node, args, rows, [&](int64_t i) -> base::StatusOr<int64_t> {
    if (node.number == kNone) return NoUnit("TIMESTAMPADD", TextAt(*args[0], i));
    const int64_t count = LongAt(*args[1], i);
    const int64_t from = LongAt(*args[2], i);
    const std::optional<int64_t> sum = Plus(node.zone, node.number, count, from);
    if (sum) return *sum;
    const arrow::TimestampScalar stamp(from, node.field->type());
    return base::FailQuotingData(
        kDatetimeOverflow,
        base::Cat("Datetime operation overflow: add ", count, "L ", TextAt(*args[0], i), " to ",
                  LiteralText(stamp, "", node.zone), "."));
  });
}

/// As what clocks show, towards zero.
int64_t Between(int unit, int64_t from, int64_t to) {
  if (unit < kDay) return (to - from) / MicrosIn(unit);
  const int64_t first = FloorDivide(from, kMicrosPerDay);
  int64_t last = FloorDivide(to, kMicrosPerDay);
  const int64_t began = from - first * kMicrosPerDay;
  const int64_t ends = to - last * kMicrosPerDay;
  if (last > first && ends < began) --last;
  if (last < first && ends > began) ++last;
  if (unit == kDay) return last - first;
  if (unit == kWeek) return (last - first) / 7;
  const auto packed = [](int64_t days) {
    const table::CalendarDate date = table::DateFromDays(days);
    return (date.year * 12 + date.month - 1) * 32 + date.day;
  };
  const int64_t months = (packed(last) - packed(first)) / 32;
  return months / (unit == kYear ? 12 : unit == kQuarter ? 3 : 1);
}

/// timestampdiff(unit, from, to)
base::StatusOr<ArrayPtr> DiffUnits(const Bound& node, const ArrayList& args, int64_t rows,
                                   EvalState& /*state*/) {
  return Each<arrow::Int64Builder>(node, args, rows, [&](int64_t i) -> base::StatusOr<int64_t> {
    if (node.number == kNone || node.number == kDayOfYear) {
      return NoUnit("TIMESTAMPDIFF", TextAt(*args[0], i));
    }
    const auto local = [&](int64_t instant) {
      return node.zone.ToLocal(instant).value_or(instant);
    };
    return Between(node.number, local(LongAt(*args[1], i)), local(LongAt(*args[2], i)));
  });
}

/// Argument `index`, of which Spark counts all but the unit.
base::Status TakeBehindUnit(const Expr& e, std::vector<BoundPtr>& args, size_t index, char letter,
                            const char* wanted) {
  const FieldPtr field = args[index]->field;
  const base::Status taken = TakeArgument(e, args, index, letter);
  if (!base::Is(taken, kUnexpectedInputType)) return taken;
  return UnexpectedType(e, index - 1, wanted, *e.args[index], *field);
}

template <bool kAdd>
base::StatusOr<BoundPtr> BindUnits(const Expr& e, std::vector<BoundPtr> args,
                                   BindContext& /*context*/) {
  const auto& literal = args[0]->literal;
  if (literal == nullptr || !literal->is_valid || literal->type->id() != Type::STRING) {
    return base::NotSupported(
        base::Cat("The function ", e.name, "() of a unit that is no constant"));
  }
  const int unit = UnitNamed(static_cast<const arrow::StringScalar&>(*literal).view());
  if (kAdd) {
    SOTERIA_RETURN_IF_ERROR(TakeBehindUnit(e, args, 1, 'l', "\"BIGINT\""));
    if (!IsLocal(*args[2]->field->type())) {
      SOTERIA_RETURN_IF_ERROR(
          TakeBehindUnit(e, args, 2, 't', "(\"TIMESTAMP\" or \"TIMESTAMP WITHOUT TIME ZONE\")"));
    }
  } else {
    SOTERIA_RETURN_IF_ERROR(TakeBehindUnit(e, args, 1, 't', "\"TIMESTAMP\""));
    SOTERIA_RETURN_IF_ERROR(TakeBehindUnit(e, args, 2, 't', "\"TIMESTAMP\""));
  }
  const bool nullable = AnyNullable(args);
  const TypePtr type = kAdd ? args[2]->field->type() : arrow::int64();
  auto node = MakeCall(PrettyName(e), type, nullable, std::move(args));
  node->kernel = kAdd ? AddUnits : DiffUnits;
  node->number = unit;
  node->careful = true;
  if (!IsLocal(*type)) node->zone = ZoneOf(e);
  return node;
}

// ---- from zone to zone --------------------------------------------------------------------------

/// convert_timezone([from], to, time)
base::StatusOr<ArrayPtr> ConvertZone(const Bound& node, const ArrayList& args, int64_t rows,
                                     EvalState& /*state*/) {
  const bool given = args.size() == 3;
  return Each<Stamp>(node, args, rows, [&](int64_t i) -> base::StatusOr<int64_t> {
    TimeZone from = node.zone;
    if (given) {
      SOTERIA_ASSIGN_OR_RETURN(from, ZoneNamed(TextAt(*args[0], i)));
    }
    SOTERIA_ASSIGN_OR_RETURN(const TimeZone to, ZoneNamed(TextAt(*args[given ? 1 : 0], i)));
    const int64_t local = LongAt(*args.back(), i);
    const int64_t instant = from.ToInstant(local).value_or(local);
    return to.ToLocal(instant).value_or(instant);
  });
}

base::StatusOr<BoundPtr> BindConvert(const Expr& e, std::vector<BoundPtr> args,
                                     BindContext& /*context*/) {
  // Of two arguments the first that Spark counts is the session's zone.
  const size_t shift = args.size() == 3 ? 0 : 1;
  for (size_t i = 0; i < args.size(); ++i) {
    const char letter = i + 1 == args.size() ? 'n' : 's';
    const FieldPtr field = args[i]->field;
    const base::Status taken = TakeArgument(e, args, i, letter);
    if (taken.ok()) continue;
    if (!base::Is(taken, kUnexpectedInputType)) return taken;
    return UnexpectedType(e, i + shift, letter == 'n' ? "\"TIMESTAMP_NTZ\"" : "\"STRING\"",
                          *e.args[i], *field);
  }
  const bool nullable = AnyNullable(args);
  auto node = MakeCall(PrettyName(e), TypeOfLetter('n'), nullable, std::move(args));
  node->kernel = ConvertZone;
  node->zone = ZoneOf(e);
  node->careful = true;
  return node;
}

constexpr Function kFunctions[] = {
    {"make_timestamp", 2, 7, "make_timestamp", Print::kCall, BindMake<'t', false>},
    {"make_timestamp_ltz", 2, 7, "make_timestamp_ltz", Print::kCall, BindMake<'t', false>},
    {"make_timestamp_ntz", 2, 6, "make_timestamp_ntz", Print::kCall, BindMake<'n', false>},
    {"try_make_timestamp", 2, 7, "try_make_timestamp", Print::kCall, BindMake<'t', true>},
    {"try_make_timestamp_ltz", 2, 7, "try_make_timestamp_ltz", Print::kCall, BindMake<'t', true>},
    {"try_make_timestamp_ntz", 2, 6, "try_make_timestamp_ntz", Print::kCall, BindMake<'n', true>},
    {"timestampadd", 3, 3, "timestampadd", Print::kCall, BindUnits<true>},
    {"timestampdiff", 3, 3, "timestampdiff", Print::kCall, BindUnits<false>},
    {"convert_timezone", 2, 3, "convert_timezone", Print::kSpecial, BindConvert},
};

}  // namespace

std::span<const Function> TimeFunctions() { return kFunctions; }

}  // namespace soteria::exec
