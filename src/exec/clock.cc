#include "src/exec/clock.h"

#include <arrow/builder.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <memory>
#include <utility>

#include "src/base/ascii.h"
#include "src/base/unsupported.h"
#include "src/exec/functions.h"
#include "src/exec/kernels.h"
#include "src/table/calendar.h"
#include "src/table/time_zone.h"

namespace soteria::exec {
namespace {

constexpr int64_t kDay = 86'400'000'000;

enum class Shows : uint8_t { kNothing, kDate, kInstant, kLocal };

Shows WhatItShows(const Expr& e) {
  if (e.kind != Expr::Kind::kCall || !e.args.empty()) return Shows::kNothing;
  const std::string name = base::Lower(e.name);
  if (name == "current_date" || name == "curdate") return Shows::kDate;
  if (name == "current_timestamp" || name == "now") return Shows::kInstant;
  return name == "localtimestamp" ? Shows::kLocal : Shows::kNothing;
}

TypePtr TypeOfShown(Shows shows) {
  if (shows == Shows::kDate) return arrow::date32();
  return shows == Shows::kLocal ? arrow::timestamp(arrow::TimeUnit::MICRO) : TypeOfLetter('t');
}

/// Whoever reads constants while a plan is made has no clock.
base::StatusOr<ArrayPtr> NoInstant(const Bound& node, const ArrayList& /*args*/, int64_t /*rows*/,
                                   EvalState& /*state*/) {
  return base::NotSupported(
      base::Cat("The time of a query (", node.field->name(), ") where a constant is needed"));
}

base::StatusOr<BoundPtr> BindClock(const Expr& e, std::vector<BoundPtr> args,
                                   BindContext& /*context*/) {
  auto node = MakeCall(PrettyName(e), TypeOfShown(WhatItShows(e)), false, std::move(args));
  node->kernel = NoInstant;
  node->careful = true;
  return node;
}

/// A text of the session's.
base::StatusOr<BoundPtr> Said(const Expr& e, std::string text) {
  auto node = MakeCall(PrettyName(e), arrow::utf8(), false, {});
  node->literal = std::make_shared<arrow::StringScalar>(std::move(text));
  return node;
}

base::StatusOr<BoundPtr> BindZone(const Expr& e, std::vector<BoundPtr> /*args*/,
                                  BindContext& /*context*/) {
  return Said(e, e.zone.empty() ? "UTC" : e.zone);
}

/// Tables of the session are temporary views; these are the names that Spark starts with.
template <bool kCatalog>
base::StatusOr<BoundPtr> BindNamed(const Expr& e, std::vector<BoundPtr> /*args*/,
                                   BindContext& /*context*/) {
  return Said(e, kCatalog ? "spark_catalog" : "default");
}

constexpr Function kFunctions[] = {
    {"current_catalog", 0, 0, "current_catalog", Print::kCall, BindNamed<true>},
    {"current_database", 0, 0, "current_schema", Print::kCall, BindNamed<false>},
    {"current_schema", 0, 0, "current_schema", Print::kCall, BindNamed<false>},
    {"current_date", 0, 0, "current_date", Print::kCall, BindClock},
    {"curdate", 0, 0, "current_date", Print::kCall, BindClock},
    {"current_timestamp", 0, 0, "current_timestamp", Print::kCall, BindClock},
    {"now", 0, 0, "now", Print::kCall, BindClock},
    {"localtimestamp", 0, 0, "localtimestamp", Print::kCall, BindClock},
    {"current_timezone", 0, 0, "current_timezone", Print::kCall, BindZone},
};

}  // namespace

std::span<const Function> ClockFunctions() { return kFunctions; }

ExprPtr AtInstant(const ExprPtr& e, int64_t micros) {
  if (e == nullptr) return e;
  if (const Shows shows = WhatItShows(*e); shows != Shows::kNothing) {
    const auto zone = table::TimeZone::Find(e->zone).value_or(table::TimeZone());
    const int64_t local = zone.ToLocal(micros).value_or(micros);
    const TypePtr type = TypeOfShown(shows);
    std::shared_ptr<arrow::Scalar> value;
    if (shows == Shows::kDate) {
      value = std::make_shared<arrow::Date32Scalar>(
          static_cast<int32_t>(table::FloorDivide(local, kDay)));
    } else {
      value =
          std::make_shared<arrow::TimestampScalar>(shows == Shows::kLocal ? local : micros, type);
    }
    return Printed(Literal(std::move(value)), PrettyName(*e));
  }
  ExprPtr result = e;
  for (size_t i = 0; i < e->args.size(); ++i) {
    ExprPtr arg = AtInstant(e->args[i], micros);
    if (arg == e->args[i]) continue;
    auto copy = std::make_shared<Expr>(*result);
    copy->args[i] = std::move(arg);
    result = std::move(copy);
  }
  return result;
}

}  // namespace soteria::exec
