// Functions that make intervals of numbers, and times that are moved by intervals.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include <cmath>
#include <optional>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/cast_errors.h"
#include "src/exec/catalogue.h"
#include "src/exec/coercion.h"
#include "src/exec/conditions.h"
#include "src/exec/functions.h"
#include "src/exec/kernels.h"
#include "src/exec/time_windows.h"
#include "src/table/interval.h"
#include "src/table/types.h"
#include "src/table/zoned_time.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using table::kMicrosPerDay;
using table::kMicrosPerSecond;

constexpr base::Condition kIntervalOverflow = {"INTERVAL_ARITHMETIC_OVERFLOW.WITHOUT_SUGGESTION",
                                               base::exception_class::kArithmetic, "22015",
                                               absl::StatusCode::kOutOfRange};

base::Status Overflow() {
  return base::Fail(kIntervalOverflow, "Integer overflow while operating with intervals.");
}

int64_t IntervalAt(const arrow::Array& array, int64_t i) {
  return table::IsDayTime(*array.type()) ? LongAt(array, i) : IntAt(array, i);
}

/// node.number: 1, or -1 for what is taken away.
base::StatusOr<ArrayPtr> MoveDate(const Bound& node, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  return Each<arrow::Date32Builder>(node, args, rows, [&](int64_t i) -> base::StatusOr<int32_t> {
    const auto moved = table::PlusMonths(IntAt(*args[0], i), IntervalAt(*args[1], i) * node.number);
    if (!moved) return base::Fail(base::kOverflow, "integer overflow");
    return *moved;
  });
}

base::StatusOr<ArrayPtr> MoveTime(const Bound& node, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  const bool months = table::IsYearMonth(*args[1]->type());
  return Each<arrow::TimestampBuilder>(node, args, rows, [&](int64_t i) -> base::StatusOr<int64_t> {
    int64_t by = 0;
    if (__builtin_mul_overflow(IntervalAt(*args[1], i), node.number, &by)) return Overflow();
    const int64_t from = LongAt(*args[0], i);
    const auto moved =
        months ? table::PlusMonths(node.zone, from, by) : table::PlusDayTime(node.zone, from, by);
    if (!moved) return LongOverflow();
    return *moved;
  });
}

/// (time, interval)
template <int kSign>
base::StatusOr<BoundPtr> BindMove(const Expr& e, std::vector<BoundPtr> args,
                                  BindContext& /*context*/) {
  const TypePtr given = args[0]->field->type();
  const bool months = table::IsYearMonth(*args[1]->field->type());
  const bool day = given->id() == Type::DATE32 && months;
  const bool text = given->id() == Type::STRING;
  if (!day && given->id() != Type::TIMESTAMP) {
    constexpr char kTimes[] =
        "(\"(TIMESTAMP OR TIMESTAMP WITHOUT TIME ZONE)\" or \"(TIMESTAMP_LTZ(P) OR "
        "TIMESTAMP_NTZ(P) WITH P IN [7, 9])\")";
    if (text && months) {
      return DifferentTypes(e, *args[0]->field, *args[1]->field);
    }
    SOTERIA_RETURN_IF_ERROR(CoerceArgument(e, args, 0, TypeOfLetter('t'), kTimes));
  }
  const TypePtr type = args[0]->field->type();
  const bool nullable = AnyNullable(args);
  auto node = MakeCall(PrettyName(e), type, nullable, std::move(args));
  node->kernel = day ? MoveDate : MoveTime;
  node->number = kSign;
  node->careful = true;
  const bool local = type->id() == Type::TIMESTAMP &&
                     static_cast<const arrow::TimestampType&>(*type).timezone().empty();
  if (!local) node->zone = table::TimeZone::Find(e.zone).value_or(table::TimeZone());
  // A text stays one.
  if (!text) return BoundPtr(std::move(node));
  return BindCast(std::move(node), arrow::utf8(), false, PrettyName(e), e.zone);
}

/// The whole days of an interval of days.
base::StatusOr<ArrayPtr> Days(const Bound& node, const ArrayList& args, int64_t rows,
                              EvalState& /*state*/) {
  return Each<arrow::Int32Builder>(node, args, rows, [&](int64_t i) {
    return static_cast<int32_t>(LongAt(*args[0], i) / kMicrosPerDay);
  });
}

base::StatusOr<BoundPtr> BindDays(const Expr& e, std::vector<BoundPtr> args,
                                  BindContext& /*context*/) {
  if (!table::IsDayTime(*args[0]->field->type())) {
    return UnexpectedType(e, 0, "\"INTERVAL DAY\"", *e.args[0], *args[0]->field);
  }
  const bool nullable = AnyNullable(args);
  auto node = MakeCall(PrettyName(e), arrow::int32(), nullable, std::move(args));
  node->kernel = Days;
  return node;
}

/// make_dt_interval([days, [hours, [minutes, [seconds]]]])
base::StatusOr<ArrayPtr> MakeDayTime(const Bound& node, const ArrayList& args, int64_t rows,
                                     EvalState& /*state*/) {
  constexpr int64_t kUnits[] = {kMicrosPerDay, 3'600 * kMicrosPerSecond, 60 * kMicrosPerSecond};
  return Each<arrow::DurationBuilder>(node, args, rows, [&](int64_t i) -> base::StatusOr<int64_t> {
    __int128 micros = 0;
    for (size_t k = 0; k < args.size() && k < 3; ++k) {
      micros += __int128{IntAt(*args[k], i)} * kUnits[k];
    }
    if (args.size() > 3) {
      micros += static_cast<int64_t>(std::nearbyint(DoubleAt(*args[3], i) * 1e6));
    }
    if (micros != static_cast<int64_t>(micros)) return Overflow();
    return static_cast<int64_t>(micros);
  });
}

base::StatusOr<BoundPtr> BindMakeDayTime(const Expr& e, std::vector<BoundPtr> args,
                                         BindContext& /*context*/) {
  const bool real = args.size() > 3 && IsFractional(*args[3]->field->type());
  for (size_t i = 0; i < args.size(); ++i) {
    SOTERIA_RETURN_IF_ERROR(TakeArgument(e, args, i, i < 3 ? 'i' : 'd'));
  }
  const bool nullable = real || AnyNullable(args);
  auto node = MakeCall(PrettyName(e), table::DayTimeType(), nullable, std::move(args));
  node->kernel = MakeDayTime;
  node->careful = true;
  return node;
}

/// make_ym_interval([years, [months]])
base::StatusOr<ArrayPtr> MakeYearMonth(const Bound& node, const ArrayList& args, int64_t rows,
                                       EvalState& /*state*/) {
  return Each<arrow::MonthIntervalBuilder>(node, args, rows,
                                           [&](int64_t i) -> base::StatusOr<int32_t> {
                                             int64_t months = 0;
                                             if (!args.empty())
                                               months += int64_t{IntAt(*args[0], i)} * 12;
                                             if (args.size() > 1) months += IntAt(*args[1], i);
                                             if (months != static_cast<int32_t>(months))
                                               return Overflow();
                                             return static_cast<int32_t>(months);
                                           });
}

base::StatusOr<BoundPtr> BindMakeYearMonth(const Expr& e, std::vector<BoundPtr> args,
                                           BindContext& /*context*/) {
  for (size_t i = 0; i < args.size(); ++i) SOTERIA_RETURN_IF_ERROR(TakeArgument(e, args, i, 'i'));
  const bool nullable = AnyNullable(args);
  auto node = MakeCall(PrettyName(e), table::YearMonthType(), nullable, std::move(args));
  node->kernel = MakeYearMonth;
  node->careful = true;
  return node;
}

constexpr Function kFunctions[] = {
    {kTimePlus.data(), 2, 2, "+", Print::kSpecial, BindMove<1>},
    {kTimeMinus.data(), 2, 2, "-", Print::kSpecial, BindMove<-1>},
    {kIntervalDays.data(), 1, 1, "extractansiintervaldays", Print::kCall, BindDays},
    {kTimeWindow.data(), 5, 5, "window", Print::kCall, BindTimeWindow},
    {kSessionWindow.data(), 2, 2, "session_window", Print::kCall, BindSessionWindow},
    {"window_time", 1, 1, "window_time", Print::kCall, BindWindowTime},
    {"make_dt_interval", 0, 4, "make_dt_interval", Print::kSpecial, BindMakeDayTime},
    {"make_ym_interval", 0, 2, "make_ym_interval", Print::kSpecial, BindMakeYearMonth},
};

}  // namespace

std::span<const Function> IntervalFunctions() { return kFunctions; }

}  // namespace soteria::exec
