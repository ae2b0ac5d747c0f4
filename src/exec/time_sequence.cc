// sequence() of dates and of time stamps.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/type.h>

#include <optional>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/array_calls.h"
#include "src/exec/coercion.h"
#include "src/exec/intervals.h"
#include "src/exec/kernels.h"
#include "src/table/calendar.h"
#include "src/table/interval.h"
#include "src/table/zoned_time.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using table::kMicrosPerDay;
using table::TimeZone;

constexpr base::Condition kNotOfDays = {"_LEGACY_ERROR_TEMP_3242",
                                        base::exception_class::kIllegalArgument, "",
                                        absl::StatusCode::kInvalidArgument};
constexpr base::Condition kBoundaries = {"_LEGACY_ERROR_TEMP",
                                         base::exception_class::kIllegalArgument, "",
                                         absl::StatusCode::kInvalidArgument};

/// A step, of which one part is not 0 at most but for days with time.
struct Step {
  int64_t months = 0;
  int64_t days = 0;
  int64_t micros = 0;
  bool Forwards() const { return months > 0 || days > 0 || micros > 0; }
  bool IsNone() const { return months == 0 && days == 0 && micros == 0; }
};

Step StepOf(const arrow::Array& steps, int64_t i) {
  if (table::IsYearMonth(*steps.type())) return {.months = IntAt(steps, i)};
  const int64_t value = LongAt(steps, i);
  return {.days = value / kMicrosPerDay, .micros = value % kMicrosPerDay};
}

/// `count` steps after the start; nullopt: beyond all times.
std::optional<int64_t> After(const TimeZone& zone, int64_t start, const Step& step, int64_t count) {
  int64_t months = 0;
  int64_t days = 0;
  int64_t micros = 0;
  if (__builtin_mul_overflow(step.months, count, &months) ||
      __builtin_mul_overflow(step.days, count, &days) ||
      __builtin_mul_overflow(step.micros, count, &micros)) {
    return std::nullopt;
  }
  const auto by_months = table::PlusMonths(zone, start, months);
  const auto by_days = by_months ? table::PlusDays(zone, *by_months, days) : std::nullopt;
  int64_t sum = 0;
  if (!by_days || __builtin_add_overflow(*by_days, micros, &sum)) return std::nullopt;
  return sum;
}

/// node.zone: of the session, in which dates are midnights, too.
base::StatusOr<ArrayPtr> TimeSequence(const Bound& node, const ArrayList& args, int64_t rows,
                                      EvalState& /*state*/) {
  const bool dates = args[0]->type_id() == Type::DATE32;
  const auto at = [&](size_t arg, int64_t i) {
    if (!dates) return LongAt(*args[arg], i);
    const int64_t local = IntAt(*args[arg], i) * kMicrosPerDay;
    return node.zone.ToInstant(local).value_or(local);
  };
  return Lists(node, args, rows, [&](int64_t i, Elements& out) -> base::Status {
    const int64_t start = at(0, i);
    const int64_t stop = at(1, i);
    const Step step = args.size() > 2 ? StepOf(*args[2], i) : Step{.days = start <= stop ? 1 : -1};
    if (dates && step.months == 0 && step.days == 0) {
      return base::Fail(kNotOfDays,
                        "sequence step must be an interval day to second of day granularity if "
                        "start and end values are dates");
    }
    const bool forwards = step.Forwards();
    if (step.IsNone() ? start != stop : forwards ? start > stop : start < stop) {
      return base::FailQuotingData(
          kBoundaries, base::Cat("requirement failed: Illegal sequence boundaries: ", start, " to ",
                                 stop, " by a step of the other direction"));
    }
    for (int64_t k = 0;; ++k) {
      const std::optional<int64_t> time = After(node.zone, start, step, k);
      if (!time || (forwards ? *time > stop : *time < stop)) return base::OkStatus();
      SOTERIA_RETURN_IF_ERROR(out.Count(1));
      if (dates) {
        const int64_t local = node.zone.ToLocal(*time).value_or(*time);
        const auto day = static_cast<int32_t>(table::FloorDivide(local, kMicrosPerDay));
        SOTERIA_ARROW_RETURN(static_cast<arrow::Date32Builder&>(out.values()).Append(day));
      } else {
        SOTERIA_ARROW_RETURN(static_cast<arrow::TimestampBuilder&>(out.values()).Append(*time));
      }
      if (step.IsNone()) return base::OkStatus();
    }
  });
}

bool IsTime(const arrow::DataType& type) {
  return type.id() == Type::DATE32 || type.id() == Type::TIMESTAMP;
}

}  // namespace

base::StatusOr<BoundPtr> BindTimeSequence(const Expr& e, std::vector<BoundPtr> args) {
  const TypePtr type =
      CommonType(*args[0]->field->type(), *args[1]->field->type(), Texts::kNowhere);
  if (type == nullptr || !IsTime(*type)) return BoundPtr();
  for (size_t i = 0; i < 2; ++i) {
    SOTERIA_ASSIGN_OR_RETURN(args[i], CastTo(std::move(args[i]), type, e.zone));
  }
  if (args.size() > 2 && args[2]->field->type()->id() == Type::NA) {
    SOTERIA_ASSIGN_OR_RETURN(args[2], CastTo(std::move(args[2]), table::DayTimeType()));
  }
  if (args.size() > 2 && !table::IsInterval(*args[2]->field->type())) return BoundPtr();
  const bool nullable = AnyNullable(args);
  SOTERIA_ASSIGN_OR_RETURN(const BoundPtr bound,
                           ListCall(e, std::move(args), type, false, nullable, TimeSequence));
  auto node = std::make_shared<Bound>(*bound);
  node->careful = true;
  const bool local = type->id() == Type::TIMESTAMP &&
                     static_cast<const arrow::TimestampType&>(*type).timezone().empty();
  if (!local) node->zone = TimeZone::Find(e.zone).value_or(TimeZone());
  return BoundPtr(std::move(node));
}

}  // namespace soteria::exec
