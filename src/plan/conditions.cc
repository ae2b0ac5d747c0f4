#include "src/plan/conditions.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "src/base/ascii.h"
#include "src/exec/conjunction.h"
#include "src/table/column_path.h"

namespace soteria::plan {
namespace {

using exec::Expr;
using exec::ExprPtr;
using Expressions = std::vector<ExprPtr>;

bool IsCall(const Expr& e, std::string_view name) {
  return e.kind == Expr::Kind::kCall && base::EqualIgnoringCase(e.name, name);
}

void AddFlat(const ExprPtr& e, std::string_view name, Expressions* all) {
  if (!IsCall(*e, name)) {
    all->push_back(e);
    return;
  }
  for (const ExprPtr& arg : e->args) AddFlat(arg, name, all);
}

Expressions Flat(const ExprPtr& e, std::string_view name) {
  Expressions all;
  AddFlat(e, name, &all);
  return all;
}

/// `column` in place of the input's column `e`, with the fields that `e` takes of it.
ExprPtr WithFields(const ExprPtr& column, const Expr& e) {
  if (exec::IsInput(e)) return column;
  const auto parts = table::NameParts(e.name);
  ExprPtr value = column;
  for (size_t i = 1; parts.ok() && i < parts->size(); ++i) {
    value = exec::Call("extract", {value, exec::Literal(std::string_view((*parts)[i]))});
  }
  return value;
}

}  // namespace

Expressions ConjunctsOf(const ExprPtr& condition) { return Flat(condition, "and"); }

ExprPtr AllOf(const Expressions& conditions) { return exec::Connected("and", conditions); }

uint64_t NodesOf(const Expr& e) {
  uint64_t nodes = 1;
  for (const ExprPtr& arg : e.args) nodes += NodesOf(*arg);
  return nodes;
}

uint64_t NodesWith(const Expr& e, const Expressions& columns) {
  if (e.kind == Expr::Kind::kColumn) return NodesOf(*columns.at(static_cast<size_t>(e.ordinal)));
  uint64_t nodes = 1;
  for (const ExprPtr& arg : e.args) nodes += NodesWith(*arg, columns);
  return nodes;
}

ExprPtr WithColumns(const ExprPtr& e, const Expressions& columns) {
  if (e->kind == Expr::Kind::kColumn) {
    return WithFields(columns.at(static_cast<size_t>(e->ordinal)), *e);
  }
  if (e->args.empty()) return e;
  Expr copy = *e;
  for (ExprPtr& arg : copy.args) arg = WithColumns(arg, columns);
  return std::make_shared<const Expr>(std::move(copy));
}

ExprPtr Moved(const ExprPtr& e, int by) {
  return exec::WithPlaces(e, [by](int place) { return place + by; });
}

ExprPtr ConditionOf(const exec::Join& join, int lefts) {
  Expressions conditions;
  for (const exec::JoinKey& key : join.keys()) {
    conditions.push_back(
        exec::Call(key.null_safe ? "<=>" : "==", {key.left, Moved(key.right, lefts)}));
  }
  if (join.residual() != nullptr) conditions.push_back(join.residual());
  return AllOf(conditions);
}

Expressions WithoutCommon(const ExprPtr& condition) {
  const Expressions branches = Flat(condition, "or");
  if (branches.size() < 2) return {condition};
  std::map<std::string, size_t> counts;
  for (const ExprPtr& branch : branches) {
    std::map<std::string, size_t> own;
    for (const ExprPtr& one : ConjunctsOf(branch)) own.emplace(exec::EncodeExpr(*one), 1);
    for (const auto& [text, once] : own) counts[text] += once;
  }
  const auto common = [&](const ExprPtr& e) {
    return counts[exec::EncodeExpr(*e)] == branches.size();
  };
  Expressions all;
  for (const ExprPtr& one : ConjunctsOf(branches[0])) {
    if (common(one)) all.push_back(one);
  }
  if (all.empty()) return {condition};
  Expressions rest;
  for (const ExprPtr& branch : branches) {
    Expressions own = ConjunctsOf(branch);
    std::erase_if(own, common);
    if (own.empty()) return all;  // a branch that says nothing more
    rest.push_back(AllOf(own));
  }
  all.push_back(exec::Connected("or", rest));
  return all;
}

}  // namespace soteria::plan
