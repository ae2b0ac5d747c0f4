// Windows of time: rows get a column of the window that they are in, once for each where they are
// in several, and groups join the sessions that touch.
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/aggregates.h"
#include "src/connect/expressions.h"
#include "src/connect/relations.h"
#include "src/connect/time_windows.h"
#include "src/connect/windows.h"
#include "src/exec/generate.h"
#include "src/exec/time_windows.h"
#include "src/exec/window_expression.h"
#include "src/plan/scope.h"

namespace soteria::connect {
namespace {

using exec::Call;
using exec::ExprPtr;

constexpr base::Condition kSeveral = {"_LEGACY_ERROR_TEMP_1039", base::exception_class::kAnalysis,
                                      "", absl::StatusCode::kInvalidArgument};
constexpr std::string_view kWindow = "window";
constexpr std::string_view kSession = "session_window";

std::string Mark(std::string_view name) { return base::Cat("{\"", name, "\":true}"); }

std::vector<exec::NamedExpr> ColumnsOf(const plan::Plan& plan) {
  std::vector<exec::NamedExpr> columns;
  for (int i = 0; i < plan.schema->num_fields(); ++i) {
    columns.push_back({std::nullopt, plan::ColumnAt(plan, i)});
  }
  return columns;
}

ExprPtr FieldOf(const ExprPtr& column, std::string_view field) {
  return Call("extract", {column, exec::Literal(field)});
}

ExprPtr Long(int64_t value) { return exec::Literal(std::make_shared<arrow::Int64Scalar>(value)); }

ExprPtr WindowOfRow(const TimeWindow& window, int64_t which) {
  return Call(
      std::string(exec::kTimeWindow),
      {window.time, Long(window.duration), Long(window.slide), Long(window.start), Long(which)});
}

/// Each row once for each window that it may be in, without a name for what it means.
base::StatusOr<plan::PlanPtr> Repeated(plan::Builder& builder, plan::PlanPtr input,
                                       const TimeWindow& window) {
  const int own = input->schema->num_fields();
  std::vector<std::vector<ExprPtr>> rows;
  std::vector<std::string> names;
  std::vector<int> passes;
  for (int i = 0; i < own; ++i) {
    names.push_back(input->schema->field(i)->name());
    passes.push_back(i);
  }
  names.emplace_back(kWindow);
  passes.push_back(-1);
  if (window.overlaps() > static_cast<int64_t>(exec::kExpandRowsMax)) {
    return base::NotSupported(
        base::Cat("A row in more than ", exec::kExpandRowsMax, " windows of time"));
  }
  for (int64_t which = 0; which < window.overlaps(); ++which) {
    std::vector<ExprPtr> row;
    for (int i = 0; i < own; ++i) row.push_back(plan::ColumnAt(*input, i));
    row.push_back(WindowOfRow(window, which));
    rows.push_back(std::move(row));
  }
  SOTERIA_ASSIGN_OR_RETURN(
      auto all, builder.Expand(std::move(input), std::move(rows), std::move(names), passes));
  if (window.duration % window.slide == 0) return all;
  const ExprPtr column = plan::ColumnAt(*all, own);
  return builder.Filter(std::move(all),
                        Call("and", {Call(">=", {window.time, FieldOf(column, "start")}),
                                     Call("<", {window.time, FieldOf(column, "end")})}));
}

/// The expression with another column in place of one.
ExprPtr WithColumn(const ExprPtr& expr, int from, int to) {
  const bool reads = expr->kind == exec::Expr::Kind::kColumn && expr->ordinal == from;
  if (!reads && expr->args.empty()) return expr;
  auto copy = std::make_shared<exec::Expr>(*expr);
  if (reads) copy->ordinal = to;
  for (ExprPtr& arg : copy->args) arg = WithColumn(arg, from, to);
  return copy;
}

ExprPtr BoundOf(std::string_view bound) { return Call(std::string(bound), {}); }

/// An aggregate over the rows of the keys from the first one, in the order of `start`, to `upper`.
ExprPtr OverKeys(ExprPtr function, const std::vector<ExprPtr>& keys, const ExprPtr& start,
                 ExprPtr upper) {
  exec::WindowParts parts;
  parts.function = std::move(function);
  parts.spec.partition = keys;
  if (start != nullptr) parts.spec.order.push_back({start, true, true});
  parts.lower = BoundOf(exec::kUnboundedPreceding);
  parts.upper = std::move(upper);
  return exec::Over(parts);
}

}  // namespace

const TimeWindowColumn* RelationConverter::TimeWindowOf(const plan::Plan& plan) const {
  for (const auto& [known, column] : time_windows_) {
    if (known.get() == &plan) return &column;
  }
  return nullptr;
}

RelationConverter::Messages RelationConverter::ListsOf(const spark::connect::Aggregate& aggregate) {
  Messages messages;
  for (const auto& one : aggregate.grouping_expressions()) messages.push_back(&one);
  for (const auto& one : aggregate.aggregate_expressions()) messages.push_back(&one);
  return messages;
}

RelationConverter::PlanOr RelationConverter::WithTimeWindow(plan::PlanPtr input,
                                                            const Messages& messages) {
  const std::string zone = state_.config().Zone();
  TimeWindowCalls found;
  for (const auto* message : messages) {
    SOTERIA_RETURN_IF_ERROR(FindTimeWindows(*message, zone, &found));
  }
  if (found.calls.empty()) return input;
  plan::Scope scope(input);
  const ExpressionConverter converter = Over(scope);
  std::optional<TimeWindow> window;
  for (const auto* call : found.calls) {
    std::vector<ExprPtr> args;
    const auto& arguments = call->has_call_function() ? call->call_function().arguments()
                                                      : call->unresolved_function().arguments();
    for (const auto& argument : arguments) {
      SOTERIA_ASSIGN_OR_RETURN(args.emplace_back(), converter.Convert(argument));
    }
    SOTERIA_ASSIGN_OR_RETURN(TimeWindow one,
                             connect::TimeWindowOf(*call, std::move(args), *input->schema));
    if (window.has_value() && !(*window == one)) {
      return base::Fail(kSeveral,
                        "Multiple time/session window expressions would result in a cartesian "
                        "product of rows, therefore they are currently not supported.");
    }
    window = std::move(one);
  }
  window->time = exec::InZone(window->time, zone);
  const int own = input->schema->num_fields();
  SOTERIA_ASSIGN_OR_RETURN(input,
                           builder_.Filter(std::move(input), Call("isnotnull", {window->time})));
  ExprPtr column;
  if (window->session) {
    column =
        exec::InZone(Call(std::string(exec::kSessionWindow), {window->time, window->gap}), zone);
  } else if (window->duration == window->slide) {
    column = WindowOfRow(*window, 0);
  } else {
    SOTERIA_ASSIGN_OR_RETURN(input, Repeated(builder_, std::move(input), *window));
    column = plan::ColumnAt(*input, own);
  }
  std::vector<exec::NamedExpr> columns = ColumnsOf(*input);
  columns.resize(static_cast<size_t>(own));
  columns.push_back({std::string(window->session ? kSession : kWindow), std::move(column),
                     Mark(window->session ? exec::kSessionWindowMark : exec::kTimeWindowMark)});
  SOTERIA_ASSIGN_OR_RETURN(input, builder_.Project(std::move(input), std::move(columns)));
  if (window->session) {
    const ExprPtr made = plan::ColumnAt(*input, own);
    SOTERIA_ASSIGN_OR_RETURN(
        input, builder_.Filter(std::move(input),
                               Call(">", {FieldOf(made, "end"), FieldOf(made, "start")})));
  }
  auto wider = std::make_shared<plan::Plan>(*input);
  wider->columns.back().hidden = true;
  plan::PlanPtr out = std::move(wider);
  time_windows_.emplace(out, TimeWindowColumn{own, window->session});
  return out;
}

RelationConverter::PlanOr RelationConverter::WindowFirst(plan::PlanPtr input) {
  const TimeWindowColumn* window = TimeWindowOf(*input);
  if (window == nullptr) return input;
  std::vector<exec::NamedExpr> columns = ColumnsOf(*input);
  std::rotate(columns.begin(), columns.end() - 1, columns.end());
  const TimeWindowColumn first{0, window->session};
  SOTERIA_ASSIGN_OR_RETURN(input, builder_.Project(std::move(input), std::move(columns)));
  time_windows_.emplace(input, first);
  return input;
}

base::Status RelationConverter::JoinSessions(plan::PlanPtr* input,
                                             std::vector<exec::NamedExpr>* keys, SelectList* list) {
  const TimeWindowColumn* window = TimeWindowOf(**input);
  if (window == nullptr || !window->session) return base::OkStatus();
  const int session = window->ordinal;
  std::vector<ExprPtr> others;
  bool grouped = false;
  for (const exec::NamedExpr& key : *keys) {
    const bool it = exec::IsInput(*key.expr) && key.expr->ordinal == session;
    if (!it) others.push_back(key.expr);
    grouped = grouped || it;
  }
  if (!grouped) return base::OkStatus();
  for (const ExprPtr& key : others) {
    if (exec::HasWindow(*key) || exec::IsNondeterministic(*key)) {
      return base::NotSupported("session_window() beside a key that draws or looks around");
    }
  }
  const ExprPtr column = plan::ColumnAt(**input, session);
  const ExprPtr start = FieldOf(column, "start");
  const ExprPtr end = FieldOf(column, "end");
  const auto add = [&](std::string name, ExprPtr expr, std::string metadata) -> base::Status {
    std::vector<exec::NamedExpr> all = ColumnsOf(**input);
    all.push_back({std::move(name), std::move(expr), std::move(metadata)});
    SOTERIA_ASSIGN_OR_RETURN(*input, ProjectWindows(builder_, *input, std::move(all)));
    return base::OkStatus();
  };
  const auto last = [&] { return plan::ColumnAt(**input, (*input)->schema->num_fields() - 1); };
  // Names that no script can say.
  // A row that begins after all before it have ended begins a session, and whatever comes before
  // the next such row is in it.
  const ExprPtr until = OverKeys(Call("max", {end}), others, start, exec::Literal(int32_t{-1}));
  SOTERIA_RETURN_IF_ERROR(add(
      "", Call("when", {Call("or", {Call("isnull", {until}), Call(">", {start, until})}), start}),
      ""));
  SOTERIA_RETURN_IF_ERROR(
      add("", OverKeys(Call("max", {last()}), others, start, BoundOf(exec::kCurrentRow)), ""));
  const ExprPtr first = last();
  std::vector<ExprPtr> with_start = others;
  with_start.push_back(first);
  SOTERIA_RETURN_IF_ERROR(
      add("", OverKeys(Call("max", {end}), with_start, nullptr, BoundOf(exec::kUnboundedFollowing)),
          ""));
  SOTERIA_RETURN_IF_ERROR(
      add(std::string(kSession),
          Call("named_struct", {exec::Literal(std::string_view("start")), first,
                                exec::Literal(std::string_view("end")), last()}),
          Mark(exec::kSessionWindowMark)));
  const int joined = (*input)->schema->num_fields() - 1;
  auto named = std::make_shared<plan::Plan>(**input);  // the name is the joined session's
  named->columns[static_cast<size_t>(session)].hidden = true;
  *input = std::move(named);
  for (exec::NamedExpr& key : *keys) key.expr = WithColumn(key.expr, session, joined);
  for (exec::NamedExpr& one : list->columns) one.expr = WithColumn(one.expr, session, joined);
  for (GeneratorItem& item : list->generators) item.call = WithColumn(item.call, session, joined);
  return base::OkStatus();
}

}  // namespace soteria::connect
