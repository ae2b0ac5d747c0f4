#include "src/connect/windows.h"

#include <arrow/type.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "src/base/errors.h"
#include "src/base/joined.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/aggregates.h"
#include "src/exec/window_conditions.h"
#include "src/exec/window_expression.h"
#include "src/plan/scope.h"

namespace soteria::connect {
namespace {

using exec::Expr;
using exec::ExprPtr;

void AddWindowTexts(const Expr& expr, std::vector<std::string>* texts) {
  if (exec::IsOver(expr)) {
    texts->push_back(base::Cat("\"", exec::PrettyName(expr), "\""));
    return;
  }
  for (const ExprPtr& arg : expr.args) AddWindowTexts(*arg, texts);
}

base::Status CheckNone(const std::vector<std::string>& texts, std::string_view node) {
  if (texts.empty()) return base::OkStatus();
  return base::Fail(
      exec::kUnsupportedForOperator,
      base::Cat("The query operator ", node,
                " contains one or more unsupported expressions.\n"
                "Consider to rewrite it to avoid window functions, aggregate functions, and "
                "generator functions in the ",
                node, " operator.\nInvalid expressions: [", base::Joined(texts), "]"));
}

/// One window of the expressions, by what it computes.
struct Found {
  ExprPtr over;
  int level = 0;     // above those within it
  int ordinal = -1;  // of its column, once there is one
};

class Taking {
 public:
  Taking(plan::Builder& builder, plan::PlanPtr input)
      : builder_(builder), plan_(std::move(input)) {}

  /// Remembers the windows within and gives the level of the highest, -1 for none.
  int Find(const ExprPtr& expr) {
    int level = -1;
    for (const ExprPtr& arg : expr->args) level = std::max(level, Find(arg));
    if (!exec::IsOver(*expr)) return level;
    const auto [at, added] = places_.emplace(SameText(*expr), found_.size());
    if (added) found_.push_back({expr, level + 1});
    return level + 1;
  }

  base::Status MakeColumns() {
    int levels = 0;
    for (const Found& one : found_) levels = std::max(levels, one.level + 1);
    for (int level = 0; level < levels; ++level) SOTERIA_RETURN_IF_ERROR(MakeLevel(level));
    return base::OkStatus();
  }

  /// The expression over the plan as it is now.
  ExprPtr Replaced(const ExprPtr& expr) const {
    if (exec::IsOver(*expr)) {
      const Found& one = found_[places_.at(SameText(*expr))];
      return exec::Input(one.ordinal, {plan_->schema->field(one.ordinal)->name()});
    }
    if (expr->args.empty()) return expr;
    auto copy = std::make_shared<Expr>(*expr);
    for (ExprPtr& arg : copy->args) arg = Replaced(arg);
    return copy;
  }

  const plan::PlanPtr& plan() const { return plan_; }

 private:
  /// Windows of one partitioning and order, in the order of the script.
  struct Group {
    exec::WindowSpec spec;
    std::vector<exec::WindowParts> parts;
    std::vector<Found*> windows;
  };

  base::Status MakeLevel(int level) {
    std::map<std::string, size_t> places;
    std::vector<Group> groups;
    for (Found& one : found_) {
      if (one.level != level) continue;
      SOTERIA_ASSIGN_OR_RETURN(const exec::WindowParts parts, Drawn(WithoutInner(one.over)));
      exec::WindowParts spec = parts;
      spec.function = exec::Literal(true);
      spec.rows = true;
      spec.lower = spec.upper = exec::Literal(int32_t{0});
      const auto [at, added] = places.emplace(SameText(*exec::Over(spec)), groups.size());
      if (added) groups.push_back({parts.spec, {}, {}});
      groups[at->second].parts.push_back(parts);
      groups[at->second].windows.push_back(&one);
    }
    for (const Group& group : groups) SOTERIA_RETURN_IF_ERROR(MakeNode(group));
    return base::OkStatus();
  }

  base::Status MakeNode(const Group& group) {
    std::vector<exec::WindowCall> calls;
    int ordinal = plan_->schema->num_fields();
    for (size_t i = 0; i < group.windows.size(); ++i) {
      const exec::WindowParts& parts = group.parts[i];
      exec::WindowCall call;
      SOTERIA_ASSIGN_OR_RETURN(call.call, CallOf(*parts.function, base::Cat("_w", columns_++)));
      SOTERIA_ASSIGN_OR_RETURN(call.frame, exec::FrameOf(parts, *plan_->schema));
      calls.push_back(std::move(call));
      group.windows[i]->ordinal = ordinal++;
    }
    SOTERIA_ASSIGN_OR_RETURN(plan_, builder_.Window(plan_, group.spec, std::move(calls)));
    return base::OkStatus();
  }

  /// The window with the columns of those within it.
  exec::WindowParts WithoutInner(const ExprPtr& over) const {
    auto copy = std::make_shared<Expr>(*over);
    for (ExprPtr& arg : copy->args) arg = Replaced(arg);
    return exec::PartsOf(*copy);
  }

  /// What is drawn at random is drawn before rows move: as a column below.
  base::StatusOr<exec::WindowParts> Drawn(exec::WindowParts parts) {
    const auto draw = [this](ExprPtr& expr) -> base::Status {
      if (!exec::IsNondeterministic(*expr)) return base::OkStatus();
      std::vector<exec::NamedExpr> columns;
      for (int i = 0; i < plan_->schema->num_fields(); ++i) {
        columns.push_back({std::nullopt, plan::ColumnAt(*plan_, i)});
      }
      const std::string name = base::Cat("_w", columns_++);
      columns.push_back({name, expr});
      SOTERIA_ASSIGN_OR_RETURN(plan_, builder_.Project(plan_, columns));
      expr = exec::Input(static_cast<int>(columns.size()) - 1, {name});
      return base::OkStatus();
    };
    auto function = std::make_shared<Expr>(*parts.function);
    for (ExprPtr& arg : function->args) SOTERIA_RETURN_IF_ERROR(draw(arg));
    parts.function = std::move(function);
    for (ExprPtr& key : parts.spec.partition) SOTERIA_RETURN_IF_ERROR(draw(key));
    for (exec::SortKey& key : parts.spec.order) SOTERIA_RETURN_IF_ERROR(draw(key.expr));
    return parts;
  }

  plan::Builder& builder_;
  plan::PlanPtr plan_;
  std::vector<Found> found_;
  std::map<std::string, size_t> places_;  // of SameText
  int columns_ = 0;
};

/// With its windows' bounds as they are printed.
ExprPtr AsPrinted(const ExprPtr& expr, const arrow::Schema& input) {
  if (!exec::HasWindow(*expr)) return expr;
  auto copy = std::make_shared<Expr>(*expr);
  for (ExprPtr& arg : copy->args) arg = AsPrinted(arg, input);
  return exec::IsOver(*copy) ? exec::WithCastBounds(copy, input) : copy;
}

}  // namespace

bool AnyWindow(const std::vector<exec::NamedExpr>& columns) {
  return std::any_of(columns.begin(), columns.end(),
                     [](const auto& column) { return exec::HasWindow(*column.expr); });
}

base::Status CheckNoWindow(const Expr& expr, std::string_view node) {
  std::vector<std::string> texts;
  AddWindowTexts(expr, &texts);
  return CheckNone(texts, node);
}

base::Status CheckOfOneRow(const Expr& expr, std::string_view node) {
  std::vector<std::string> texts;
  AddWindowTexts(expr, &texts);
  if (const Expr* aggregate = FindAggregate(expr); aggregate != nullptr) {
    texts.push_back(base::Cat("\"", exec::PrettyName(*aggregate), "\""));
  }
  return CheckNone(texts, node);
}

base::Status CheckNoWindowInClause(const Expr& expr, std::string_view clause) {
  if (!exec::HasWindow(expr)) return base::OkStatus();
  return base::Fail(
      exec::kNotAllowedInClause,
      base::Cat("It is not allowed to use window functions inside ", clause, " clause."));
}

base::StatusOr<WithWindows> TakeWindows(plan::Builder& builder, plan::PlanPtr input,
                                        std::vector<exec::NamedExpr> columns) {
  for (exec::NamedExpr& column : columns) {
    if (column.name.has_value() || !exec::HasWindow(*column.expr)) continue;
    column.name = exec::AutoName(*AsPrinted(column.expr, *input->schema));
  }
  Taking taking(builder, std::move(input));
  for (const exec::NamedExpr& column : columns) taking.Find(column.expr);
  SOTERIA_RETURN_IF_ERROR(taking.MakeColumns());
  for (exec::NamedExpr& column : columns) {
    if (exec::HasWindow(*column.expr)) column.expr = taking.Replaced(column.expr);
  }
  return WithWindows{taking.plan(), std::move(columns)};
}

base::StatusOr<plan::PlanPtr> ProjectWindows(plan::Builder& builder, plan::PlanPtr input,
                                             std::vector<exec::NamedExpr> columns) {
  if (!AnyWindow(columns)) return builder.Project(std::move(input), std::move(columns));
  SOTERIA_ASSIGN_OR_RETURN(WithWindows taken,
                           TakeWindows(builder, std::move(input), std::move(columns)));
  return builder.Project(std::move(taken.plan), std::move(taken.columns));
}

}  // namespace soteria::connect
