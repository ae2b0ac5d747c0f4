// Conditions go down to the rows they are about.
#include <arrow/type.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "src/exec/join.h"
#include "src/plan/conditions.h"
#include "src/plan/node.h"
#include "src/plan/rewrite.h"
#include "src/plan/scope.h"

namespace soteria::plan {
namespace {

using exec::ExprPtr;
using Expressions = std::vector<ExprPtr>;
using PlanOr = base::StatusOr<PlanPtr>;

bool IsInnerJoin(const Plan& plan) {
  const auto* join = std::get_if<JoinNode>(&plan.node);
  return join != nullptr && join->join->kind() == exec::JoinKind::kInner;
}

/// The same node over other inputs, which have the same columns.
PlanPtr WithInputs(const Plan& plan, std::vector<PlanPtr> inputs) {
  auto copy = std::make_shared<Plan>(plan);
  copy->inputs = std::move(inputs);
  return copy;
}

/// Conditions that are one expression have no more nodes, unless it is a single one; far below what
/// an expression may have, and a join, whose keys count too.
constexpr uint64_t kTogetherMax = exec::kExprNodesMax / 4;
/// A condition doesn't become longer by going down. Its depth is limited by this too, below what an
/// expression's may be.
constexpr uint64_t kPushedNodesMax = 900;

/// As many from the first one on as are one expression; the others stay.
Expressions TakeTogether(Expressions* conditions) {
  uint64_t nodes = 0;
  size_t count = 0;
  while (count < conditions->size()) {
    nodes += 1 + NodesOf(*(*conditions)[count]);
    if (count > 0 && nodes > kTogetherMax) break;
    ++count;
  }
  const auto end = conditions->begin() + static_cast<ptrdiff_t>(count);
  Expressions taken(conditions->begin(), end);
  conditions->erase(conditions->begin(), end);
  return taken;
}

/// The first ones are asked first.
PlanPtr Filtered(PlanPtr plan, Expressions conditions) {
  while (!conditions.empty()) {
    plan = MakeOver(FilterNode{AllOf(TakeTogether(&conditions))}, std::move(plan));
  }
  return plan;
}

/// May the condition be of what the columns are computed from? Not if that computes something more
/// than once, or in a loop of a script would become ever longer.
bool MayGoBelow(const exec::Expr& condition, const Expressions& columns) {
  std::vector<int> named(columns.size(), 0);
  const auto plain = [&](size_t column) {
    const exec::Expr& e = *columns[column];
    return exec::IsInput(e) || e.kind == exec::Expr::Kind::kLiteral;
  };
  bool computes = false;
  const auto count = [&](const auto& self, const exec::Expr& e) -> bool {
    if (e.kind == exec::Expr::Kind::kColumn) {
      const auto column = static_cast<size_t>(e.ordinal);
      if (plain(column)) return true;
      computes = true;
      return ++named[column] == 1;
    }
    return std::all_of(e.args.begin(), e.args.end(),
                       [&](const ExprPtr& arg) { return self(self, *arg); });
  };
  if (!count(count, condition)) return false;
  return !computes || NodesWith(condition, columns) <= kPushedNodesMax;
}

/// All columns of it are in [from, to).
bool IsWithin(const exec::Expr& e, int from, int to) {
  const std::vector<int> places = exec::PlacesOf(e);
  return !places.empty() && places.front() >= from && places.back() < to;
}

/// Tables that inner joins put together, in the order of FROM, and their conditions over all
/// columns of these.
struct Tables {
  std::vector<PlanPtr> plans;
  std::vector<int> firsts;  // the place of each one's first column
  int columns = 0;
  Expressions conditions;

  size_t TableOf(int column) const {
    const auto behind = std::upper_bound(firsts.begin(), firsts.end(), column);
    return static_cast<size_t>(behind - firsts.begin()) - 1;
  }
  /// The tables of which the expression names a column, each once.
  std::vector<size_t> Named(const exec::Expr& e) const {
    std::vector<size_t> named;
    for (const int place : exec::PlacesOf(e)) {
      const size_t table = TableOf(place);
      if (named.empty() || named.back() != table) named.push_back(table);
    }
    return named;
  }
};

class Pusher {
 public:
  /// The rows of the plan for which all conditions hold, which are over its columns.
  PlanOr Push(const PlanPtr& plan, Expressions conditions) {
    SOTERIA_ASSIGN_OR_RETURN(PlanPtr pushed, PushNode(plan, std::move(conditions)));
    if (!plan->small || pushed->small) return pushed;
    auto small = std::make_shared<Plan>(*pushed);
    small->small = true;
    return PlanPtr(std::move(small));
  }

 private:
  PlanOr PushNode(const PlanPtr& plan, Expressions conditions) {
    if (plan->original != nullptr) {
      SOTERIA_ASSIGN_OR_RETURN(PlanPtr inside, Inside(*plan));
      auto original = std::make_shared<Plan>(*inside);
      original->original = plan->original;
      return Filtered(std::move(original), conditions);
    }
    if (const auto* filter = std::get_if<FilterNode>(&plan->node)) {
      if (!exec::IsNondeterministic(*filter->condition)) {
        Expressions all;
        for (const ExprPtr& one : ConjunctsOf(filter->condition)) {
          for (ExprPtr& part : WithoutCommon(one)) all.push_back(std::move(part));
        }
        all.insert(all.end(), conditions.begin(), conditions.end());
        return Push(plan->input(), std::move(all));
      }
    }
    if (std::holds_alternative<AliasNode>(plan->node)) {
      SOTERIA_ASSIGN_OR_RETURN(PlanPtr input, Push(plan->input(), std::move(conditions)));
      return WithInputs(*plan, {std::move(input)});
    }
    if (const auto* sort = std::get_if<SortNode>(&plan->node); sort != nullptr && sort->global) {
      SOTERIA_ASSIGN_OR_RETURN(PlanPtr input, Push(plan->input(), std::move(conditions)));
      return WithInputs(*plan, {std::move(input)});
    }
    if (std::holds_alternative<ProjectNode>(plan->node)) {
      return Project(*plan, std::move(conditions));
    }
    if (std::holds_alternative<UnionNode>(plan->node)) {
      std::vector<PlanPtr> inputs;
      for (const PlanPtr& input : plan->inputs) {
        SOTERIA_ASSIGN_OR_RETURN(inputs.emplace_back(), Push(input, conditions));
      }
      return WithInputs(*plan, std::move(inputs));
    }
    if (std::holds_alternative<AggregateNode>(plan->node)) {
      return Aggregate(*plan, std::move(conditions));
    }
    if (IsInnerJoin(*plan)) return InnerJoins(plan, std::move(conditions));
    if (std::holds_alternative<JoinNode>(plan->node)) return OtherJoin(*plan, conditions);
    SOTERIA_ASSIGN_OR_RETURN(PlanPtr same, Inside(*plan));
    return Filtered(std::move(same), conditions);
  }

  /// The node itself, with its inputs rewritten for themselves.
  PlanOr Inside(const Plan& plan) {
    if (std::holds_alternative<JoinNode>(plan.node)) {
      return IsInnerJoin(plan) ? InnerJoins(std::make_shared<Plan>(plan), {}) : OtherJoin(plan, {});
    }
    if (const auto* filter = std::get_if<FilterNode>(&plan.node)) {
      const bool drawn = exec::IsNondeterministic(*filter->condition);
      if (!drawn) return Push(plan.input(), ConjunctsOf(filter->condition));
    }
    std::vector<PlanPtr> inputs;
    for (const PlanPtr& input : plan.inputs) {
      SOTERIA_ASSIGN_OR_RETURN(inputs.emplace_back(), Push(input, {}));
    }
    return WithInputs(plan, std::move(inputs));
  }

  PlanOr Project(const Plan& plan, Expressions conditions) {
    const auto& columns = std::get<ProjectNode>(plan.node).columns;
    Expressions exprs;
    for (const exec::NamedExpr& column : columns) exprs.push_back(column.expr);
    Expressions below;
    Expressions above;
    const bool draws = std::any_of(exprs.begin(), exprs.end(),
                                   [](const ExprPtr& e) { return exec::IsNondeterministic(*e); });
    for (const ExprPtr& one : conditions) {
      if (draws || !MayGoBelow(*one, exprs)) {
        above.push_back(one);
      } else {
        below.push_back(WithColumns(one, exprs));
      }
    }
    SOTERIA_ASSIGN_OR_RETURN(PlanPtr input, Push(plan.input(), std::move(below)));
    return Filtered(WithInputs(plan, {std::move(input)}), above);
  }

  /// What is said of keys is said of the rows that are grouped.
  PlanOr Aggregate(const Plan& plan, Expressions conditions) {
    const auto& node = std::get<AggregateNode>(plan.node);
    Expressions keys;
    for (const exec::GroupKey& key : node.aggregate->keys()) keys.push_back(key.expr);
    const bool draws = std::any_of(keys.begin(), keys.end(), [](const ExprPtr& key) {
      return exec::IsNondeterministic(*key);
    });
    Expressions below;
    Expressions above;
    for (const ExprPtr& one : conditions) {
      const bool of_keys =
          !draws && IsWithin(*one, 0, static_cast<int>(keys.size())) && MayGoBelow(*one, keys);
      if (of_keys) {
        below.push_back(WithColumns(one, keys));
      } else {
        above.push_back(one);
      }
    }
    SOTERIA_ASSIGN_OR_RETURN(PlanPtr input, Push(plan.input(), std::move(below)));
    return Filtered(WithInputs(plan, {std::move(input)}), above);
  }

  /// Any join but an inner one: conditions of rows that it keeps as they are go below it, and what
  /// its own condition says of the other side alone.
  PlanOr OtherJoin(const Plan& plan, const Expressions& conditions) {
    const auto& node = std::get<JoinNode>(plan.node);
    const exec::JoinKind kind = node.join->kind();
    const int lefts = plan.inputs[0]->schema->num_fields();
    const int both = lefts + plan.inputs[1]->schema->num_fields();
    const bool left_stays = node.join->RightMayBeWhole() || node.join->KeepsLeftRows();
    const bool choosing = kind == exec::JoinKind::kIntersectAll ||
                          kind == exec::JoinKind::kExceptAll || kind == exec::JoinKind::kFullOuter;
    Expressions to_left;
    Expressions to_right;
    Expressions above;
    for (const ExprPtr& one : conditions) {
      if (!choosing && left_stays && IsWithin(*one, 0, lefts)) {
        to_left.push_back(one);
      } else if (kind == exec::JoinKind::kRightOuter && IsWithin(*one, lefts, both)) {
        to_right.push_back(Moved(one, -lefts));
      } else {
        above.push_back(one);
      }
    }
    Expressions own;
    const ExprPtr condition = choosing ? nullptr : ConditionOf(*node.join, lefts);
    for (const ExprPtr& one : condition == nullptr ? Expressions() : ConjunctsOf(condition)) {
      if (left_stays && IsWithin(*one, lefts, both)) {
        to_right.push_back(Moved(one, -lefts));
      } else if ((kind == exec::JoinKind::kLeftSemi || kind == exec::JoinKind::kRightOuter) &&
                 IsWithin(*one, 0, lefts)) {
        to_left.push_back(one);
      } else {
        own.push_back(one);
      }
    }
    SOTERIA_ASSIGN_OR_RETURN(PlanPtr left, Push(plan.inputs[0], std::move(to_left)));
    SOTERIA_ASSIGN_OR_RETURN(PlanPtr right, Push(plan.inputs[1], std::move(to_right)));
    auto joined = std::make_shared<Plan>(plan);
    if (!choosing) {
      SOTERIA_ASSIGN_OR_RETURN(auto join,
                               exec::Join::Make(kind, AllOf(own), *left->schema, *right->schema));
      joined->node =
          JoinNode{std::make_shared<const exec::Join>(std::move(join)), node.targets_max};
    }
    joined->inputs = {std::move(left), std::move(right)};
    return Filtered(std::move(joined), above);
  }

  void Collect(const PlanPtr& plan, bool root, Tables* tables) {
    const bool apart = root || (!plan->small && plan->original == nullptr);
    if (IsInnerJoin(*plan) && apart) {
      const int first = tables->columns;
      Collect(plan->inputs[0], false, tables);
      Collect(plan->inputs[1], false, tables);
      const int lefts = plan->inputs[0]->schema->num_fields();
      const ExprPtr condition = ConditionOf(*std::get<JoinNode>(plan->node).join, lefts);
      if (condition == nullptr) return;
      for (const ExprPtr& one : ConjunctsOf(condition)) {
        for (const ExprPtr& part : WithoutCommon(one)) {
          tables->conditions.push_back(Moved(part, first));
        }
      }
      return;
    }
    // Conditions between joins are conditions of the joins.
    const auto* filter = std::get_if<FilterNode>(&plan->node);
    const bool over_join = filter != nullptr && IsInnerJoin(*plan->input()) && !plan->small &&
                           plan->original == nullptr && !plan->input()->small &&
                           plan->input()->original == nullptr &&
                           !exec::IsNondeterministic(*filter->condition);
    if (over_join) {
      const int first = tables->columns;
      Collect(plan->input(), false, tables);
      for (const ExprPtr& one : ConjunctsOf(filter->condition)) {
        for (const ExprPtr& part : WithoutCommon(one)) {
          tables->conditions.push_back(Moved(part, first));
        }
      }
      return;
    }
    tables->firsts.push_back(tables->columns);
    tables->columns += plan->schema->num_fields();
    tables->plans.push_back(plan);
  }

  /// In which order the tables are joined: as they come, but each as soon as an equality connects
  /// it with those before it.
  static std::vector<size_t> OrderOf(const Tables& tables) {
    std::vector<bool> taken(tables.plans.size(), false);
    const auto are_taken = [&](const std::vector<size_t>& named) {
      return !named.empty() &&
             std::all_of(named.begin(), named.end(), [&](size_t table) { return taken[table]; });
    };
    // Of one table, what it is equal to.
    std::vector<std::pair<size_t, std::vector<size_t>>> equal;
    for (const ExprPtr& one : tables.conditions) {
      const bool equality = one->kind == exec::Expr::Kind::kCall && one->args.size() == 2 &&
                            (one->name == "==" || one->name == "<=>");
      if (!equality) continue;
      const std::vector<size_t> a = tables.Named(*one->args[0]);
      const std::vector<size_t> b = tables.Named(*one->args[1]);
      if (a.size() == 1) equal.emplace_back(a[0], b);
      if (b.size() == 1) equal.emplace_back(b[0], a);
    }
    std::vector<size_t> order;
    size_t first = 0;  // none before it is left
    while (order.size() < tables.plans.size()) {
      while (taken[first]) ++first;
      size_t next = tables.plans.size();
      for (const auto& [table, others] : equal) {
        if (table < next && !taken[table] && are_taken(others)) next = table;
      }
      if (next == tables.plans.size()) next = first;
      taken[next] = true;
      order.push_back(next);
    }
    return order;
  }

  PlanOr InnerJoins(const PlanPtr& plan, Expressions conditions) {
    Tables tables;
    Collect(plan, true, &tables);
    tables.conditions.insert(tables.conditions.end(), conditions.begin(), conditions.end());
    const uint64_t targets_max = std::get<JoinNode>(plan->node).targets_max;
    const std::vector<size_t> order = OrderOf(tables);
    // Conditions of one table; the others wait until all that they name is there.
    std::vector<Expressions> own(tables.plans.size());
    std::vector<std::pair<ExprPtr, std::vector<size_t>>> waiting;
    Expressions constant;
    for (const ExprPtr& one : tables.conditions) {
      std::vector<size_t> named = tables.Named(*one);
      if (named.empty()) {
        constant.push_back(one);
      } else if (named.size() == 1) {
        own[named[0]].push_back(Moved(one, -tables.firsts[named[0]]));
      } else {
        waiting.emplace_back(one, std::move(named));
      }
    }
    PlanPtr joined;
    std::vector<int> places(static_cast<size_t>(tables.columns), -1);
    std::vector<bool> there(tables.plans.size(), false);
    for (const size_t table : order) {
      SOTERIA_ASSIGN_OR_RETURN(PlanPtr next, Push(tables.plans[table], std::move(own[table])));
      const int before = joined == nullptr ? 0 : joined->schema->num_fields();
      for (int i = 0; i < next->schema->num_fields(); ++i) {
        places[static_cast<size_t>(tables.firsts[table] + i)] = before + i;
      }
      there[table] = true;
      if (joined == nullptr) {
        joined = std::move(next);
        continue;
      }
      Expressions of_join;
      std::erase_if(waiting, [&](const auto& condition) {
        for (const size_t named : condition.second) {
          if (!there[named]) return false;
        }
        of_join.push_back(exec::WithPlaces(
            condition.first, [&](int place) { return places[static_cast<size_t>(place)]; }));
        return true;
      });
      const Expressions together = TakeTogether(&of_join);
      SOTERIA_ASSIGN_OR_RETURN(joined,
                               Joined(std::move(joined), std::move(next), together, targets_max));
      joined = Filtered(std::move(joined), std::move(of_join));
    }
    PlanPtr rows = Filtered(std::move(joined), constant);
    if (std::is_sorted(places.begin(), places.end())) return rows;
    std::vector<exec::NamedExpr> columns;
    for (const int place : places) columns.push_back({std::nullopt, ColumnAt(*rows, place)});
    auto node = ProjectNode{std::move(columns)};
    return MakeNode(std::move(node), plan->schema, plan->columns, {std::move(rows)});
  }

  static PlanOr Joined(PlanPtr left, PlanPtr right, const Expressions& conditions,
                       uint64_t targets_max) {
    SOTERIA_ASSIGN_OR_RETURN(auto join, exec::Join::Make(exec::JoinKind::kInner, AllOf(conditions),
                                                         *left->schema, *right->schema));
    auto schema = join.OutputSchema(*left->schema, *right->schema);
    std::vector<Column> columns = left->columns;
    columns.insert(columns.end(), right->columns.begin(), right->columns.end());
    return MakeNode(JoinNode{std::make_shared<const exec::Join>(std::move(join)), targets_max},
                    std::move(schema), std::move(columns), {std::move(left), std::move(right)});
  }
};

}  // namespace

PlanOr PushFilters(const PlanPtr& plan) { return Pusher().Push(plan, {}); }

}  // namespace soteria::plan
