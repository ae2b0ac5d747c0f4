#include "src/exec/time_windows.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <optional>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/exec/bound.h"
#include "src/exec/coercion.h"
#include "src/exec/kernels.h"
#include "src/table/arrow_status.h"
#include "src/table/calendar_interval.h"
#include "src/table/types.h"
#include "src/table/zoned_time.h"

namespace soteria::exec {
namespace {

using arrow::Type;

struct Stretch {
  int64_t start = 0;
  std::optional<int64_t> end;
};

base::Status Overflow() { return base::Fail(base::kOverflow, "long overflow"); }

/// A struct of start and end for each row that has a time.
template <class F>
base::StatusOr<ArrayPtr> Stretches(const Bound& node, const arrow::Array& times, int64_t rows,
                                   F f) {
  const auto& type = static_cast<const arrow::StructType&>(*node.field->type());
  arrow::TimestampBuilder starts(type.field(0)->type(), arrow::default_memory_pool());
  arrow::TimestampBuilder ends(type.field(1)->type(), arrow::default_memory_pool());
  SOTERIA_ARROW_RETURN(starts.Reserve(rows));
  SOTERIA_ARROW_RETURN(ends.Reserve(rows));
  for (int64_t i = 0; i < rows; ++i) {
    if (times.IsNull(i)) {
      starts.UnsafeAppendNull();
      ends.UnsafeAppendNull();
      continue;
    }
    SOTERIA_ASSIGN_OR_RETURN(const Stretch stretch, f(LongAt(times, i), i));
    starts.UnsafeAppend(stretch.start);
    if (stretch.end) {
      ends.UnsafeAppend(*stretch.end);
    } else {
      ends.UnsafeAppendNull();
    }
  }
  SOTERIA_ARROW_ASSIGN(ArrayPtr start, starts.Finish());
  SOTERIA_ARROW_ASSIGN(ArrayPtr end, ends.Finish());
  return ArrayPtr(std::make_shared<arrow::StructArray>(
      node.field->type(), rows, arrow::ArrayVector{std::move(start), std::move(end)}));
}

struct WindowShape : Made {
  int64_t duration = 0;
  int64_t slide = 0;
  int64_t start = 0;
  int64_t which = 0;
};

base::StatusOr<ArrayPtr> TimeWindows(const Bound& node, const ArrayList& args, int64_t rows,
                                     EvalState& /*state*/) {
  const auto& shape = static_cast<const WindowShape&>(*node.made);
  return Stretches(node, *args[0], rows, [&](int64_t time, int64_t) -> base::StatusOr<Stretch> {
    int64_t from = 0;
    if (__builtin_sub_overflow(time, shape.start, &from)) return Overflow();
    int64_t before = from % shape.slide;
    if (before < 0) before += shape.slide;
    Stretch stretch;
    int64_t back = 0;
    int64_t end = 0;
    if (__builtin_mul_overflow(shape.which, shape.slide, &back) ||
        __builtin_add_overflow(back, before, &back) ||
        __builtin_sub_overflow(time, back, &stretch.start) ||
        __builtin_add_overflow(stretch.start, shape.duration, &end)) {
      return Overflow();
    }
    stretch.end = end;
    return stretch;
  });
}

std::optional<int64_t> Plus(const table::TimeZone& zone, int64_t time,
                            const table::CalendarInterval& by) {
  auto moved = table::PlusMonths(zone, time, by.months);
  if (moved) moved = table::PlusDays(zone, *moved, by.days);
  int64_t out = 0;
  if (!moved || __builtin_add_overflow(*moved, by.micros, &out)) return std::nullopt;
  return out;
}

base::StatusOr<ArrayPtr> Sessions(const Bound& node, const ArrayList& args, int64_t rows,
                                  EvalState& /*state*/) {
  const arrow::Array& gaps = *args[1];
  return Stretches(node, *args[0], rows, [&](int64_t time, int64_t i) -> base::StatusOr<Stretch> {
    Stretch stretch{time, std::nullopt};
    if (gaps.IsNull(i) || gaps.type_id() == Type::NA) return stretch;
    const auto gap = table::ParseCalendarInterval(TextAt(gaps, i));
    if (!gap) return stretch;
    stretch.end = Plus(node.zone, time, *gap);
    if (!stretch.end) return Overflow();
    return stretch;
  });
}

std::shared_ptr<arrow::DataType> StretchType(const TypePtr& time) {
  return arrow::struct_({arrow::field("start", time), arrow::field("end", time)});
}

bool IsLocal(const arrow::DataType& time) {
  return static_cast<const arrow::TimestampType&>(time).timezone().empty();
}

base::StatusOr<ArrayPtr> LastMicros(const Bound& node, const ArrayList& args, int64_t rows,
                                    EvalState& /*state*/) {
  SOTERIA_ARROW_ASSIGN(const ArrayPtr ends,
                       static_cast<const arrow::StructArray&>(*args[0]).GetFlattenedField(1));
  return Each<arrow::TimestampBuilder>(node, {ends}, rows,
                                       [&](int64_t i) -> base::StatusOr<int64_t> {
                                         int64_t last = 0;
                                         if (__builtin_sub_overflow(LongAt(*ends, i), 1, &last))
                                           return Overflow();
                                         return last;
                                       });
}

}  // namespace

base::StatusOr<BoundPtr> BindTimeWindow(const Expr& e, std::vector<BoundPtr> args,
                                        BindContext& /*context*/) {
  auto shape = std::make_shared<WindowShape>();
  int64_t* const values[] = {&shape->duration, &shape->slide, &shape->start, &shape->which};
  for (size_t i = 0; i < 4; ++i) {
    const auto& literal = args[i + 1]->literal;
    if (literal == nullptr || !literal->is_valid || literal->type->id() != Type::INT64) {
      return base::Fail(base::kProtocol, "A window of time without its literals");
    }
    *values[i] = static_cast<const arrow::Int64Scalar&>(*literal).value;
  }
  if (args[0]->field->type()->id() != Type::TIMESTAMP || shape->slide <= 0) {
    return base::Fail(base::kProtocol, "A window of time of something else");
  }
  const TypePtr type = StretchType(args[0]->field->type());
  // Spark's plan for rows in several windows forgets that each has one.
  auto node = MakeCall(PrettyName(e), type, shape->slide != shape->duration, {std::move(args[0])});
  node->kernel = TimeWindows;
  node->null_stops = false;
  node->careful = true;
  node->made = std::move(shape);
  return node;
}

base::StatusOr<BoundPtr> BindSessionWindow(const Expr& e, std::vector<BoundPtr> args,
                                           BindContext& /*context*/) {
  const arrow::DataType& gap = *args[1]->field->type();
  if (args[0]->field->type()->id() != Type::TIMESTAMP ||
      (gap.id() != Type::STRING && gap.id() != Type::NA)) {
    return base::Fail(base::kProtocol, "A session of something else than times");
  }
  const TypePtr time = args[0]->field->type();
  auto node = MakeCall(PrettyName(e), StretchType(time), false, std::move(args));
  node->kernel = Sessions;
  node->null_stops = false;
  node->careful = true;
  if (!IsLocal(*time)) node->zone = table::TimeZone::Find(e.zone).value_or(table::TimeZone());
  return node;
}

base::StatusOr<BoundPtr> BindWindowTime(const Expr& e, std::vector<BoundPtr> args,
                                        BindContext& /*context*/) {
  const auto& type = *args[0]->field->type();
  if (type.id() != Type::STRUCT || !table::UdtOf(*args[0]->field).empty()) {
    return UnexpectedType(e, 0, "\"STRUCT\"", *e.args[0], *args[0]->field);
  }
  if (type.num_fields() != 2 || type.field(1)->type()->id() != Type::TIMESTAMP) {
    return base::Fail(kNoWindowColumn,
                      base::Cat("The input is not a correct window column: ", PrettyName(e)));
  }
  const TypePtr time = type.field(1)->type();
  const bool nullable = args[0]->field->nullable() || type.field(1)->nullable();
  auto node = MakeCall(PrettyName(e), time, nullable, std::move(args));
  node->kernel = LastMicros;
  node->careful = true;
  return node;
}

}  // namespace soteria::exec
