// Groups of several sets of keys (rollup, cube, grouping sets): each row is copied once for each
// set, with nulls for the keys that aren't the set's and with the set's id, and then grouped by
// all.
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <optional>
#include <set>
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
#include "src/exec/generate.h"
#include "src/exec/join.h"
#include "src/plan/scope.h"

namespace soteria::connect {
namespace {

/// One bit a key.
constexpr size_t kKeysMax = 64;

constexpr base::Condition kTooManyKeys = {"GROUPING_SIZE_LIMIT_EXCEEDED",
                                          base::exception_class::kAnalysis, "54000",
                                          absl::StatusCode::kInvalidArgument};

/// All that a call reads.
template <class F>
void ForExprs(exec::AggregateCall& call, F f) {
  if (call.arg != nullptr) f(call.arg);
  if (call.weight != nullptr) f(call.weight);
  if (call.where != nullptr) f(call.where);
  for (exec::ExprPtr& expr : call.rest) f(expr);
}

/// As Spark counts: the bits of keys that aren't in the set, the first key's the highest.
int64_t SetId(const std::vector<size_t>& set, size_t keys) {
  uint64_t id = keys == kKeysMax ? ~uint64_t{0} : (uint64_t{1} << keys) - 1;
  for (const size_t key : set) id &= ~(uint64_t{1} << (keys - 1 - key));
  return static_cast<int64_t>(id);
}

base::Status TooManySets() {
  return base::NotSupported(base::Cat("More than ", exec::kExpandRowsMax, " grouping sets"));
}

base::StatusOr<GroupingSets> Subsets(size_t keys) {
  if (keys >= kKeysMax || (size_t{1} << keys) > exec::kExpandRowsMax) {
    return base::NotSupported(base::Cat("cube of ", keys, " columns"), "groupingSets");
  }
  GroupingSets sets;
  for (size_t bits = size_t{1} << keys; bits-- > 0;) {
    auto& set = sets.emplace_back();
    for (size_t k = 0; k < keys; ++k) {
      if ((bits >> (keys - 1 - k)) % 2 == 1) set.push_back(k);
    }
  }
  return sets;
}

}  // namespace

base::StatusOr<GroupingSets> RelationConverter::SetsOf(const spark::connect::Aggregate& aggregate,
                                                       std::vector<exec::NamedExpr>* keys,
                                                       const Members& members) {
  std::vector<std::string> texts;
  std::vector<exec::NamedExpr> each;
  std::vector<size_t> places;  // of the given keys
  for (exec::NamedExpr& key : *keys) {
    const std::string text = SameText(*key.expr);
    const auto known = std::find(texts.begin(), texts.end(), text);
    places.push_back(static_cast<size_t>(known - texts.begin()));
    if (known != texts.end()) continue;
    if (each.size() == kKeysMax) {
      return base::Fail(kTooManyKeys,
                        base::Cat("Grouping sets size cannot be greater than ", kKeysMax, "."));
    }
    texts.push_back(text);
    each.push_back(std::move(key));
  }
  *keys = std::move(each);
  GroupingSets sets;
  switch (aggregate.group_type()) {
    case spark::connect::Aggregate::GROUP_TYPE_ROLLUP:
      if (places.size() >= exec::kExpandRowsMax) return TooManySets();
      for (size_t length = places.size() + 1; length-- > 0;) {
        sets.emplace_back(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(length));
      }
      break;
    case spark::connect::Aggregate::GROUP_TYPE_CUBE: {
      SOTERIA_ASSIGN_OR_RETURN(sets, Subsets(places.size()));
      for (auto& set : sets) {
        for (size_t& key : set) key = places[key];
      }
      break;
    }
    case spark::connect::Aggregate::GROUP_TYPE_GROUPING_SETS:
      for (const auto& one : aggregate.grouping_sets()) {
        SOTERIA_ASSIGN_OR_RETURN(const auto columns, members(one.grouping_set()));
        auto& set = sets.emplace_back();
        for (const exec::NamedExpr& column : columns) {
          const auto known = std::find(texts.begin(), texts.end(), SameText(*column.expr));
          if (known == texts.end()) {
            return base::Fail(base::kAnalysis, base::Cat(exec::PrettyName(*column.expr),
                                                         " doesn't show up in the GROUP BY list"));
          }
          set.push_back(static_cast<size_t>(known - texts.begin()));
        }
      }
      break;
    default:
      return base::NotSupported("GROUP BY of this kind");
  }
  for (auto& set : sets) {
    std::sort(set.begin(), set.end());
    set.erase(std::unique(set.begin(), set.end()), set.end());
  }
  return sets;
}

/// rollup, cube and groupingSets of DataFrames: the keys as they were given, then those that only
/// sets name. The bits of grouping_id() go by the same order.
RelationConverter::PlanOr RelationConverter::AggregateSets(
    const spark::connect::Aggregate& aggregate, plan::PlanPtr input,
    std::vector<exec::NamedExpr> given, std::vector<exec::NamedExpr> columns) {
  plan::Scope scope(input);
  const ExpressionConverter converter = OverWithSubqueries(scope);
  const Members members = [&](const Expressions& one) { return converter.ConvertAll(one); };
  const bool own = aggregate.group_type() == spark::connect::Aggregate::GROUP_TYPE_GROUPING_SETS;
  if (own && aggregate.grouping_sets().empty()) return base::NotSupported("Grouping by no set");
  if (static_cast<size_t>(aggregate.grouping_sets_size()) > exec::kExpandRowsMax) {
    return TooManySets();
  }
  Groups groups{std::move(input), given, given};
  for (const auto& set : aggregate.grouping_sets()) {
    SOTERIA_ASSIGN_OR_RETURN(const auto named, members(set.grouping_set()));
    groups.keys.insert(groups.keys.end(), named.begin(), named.end());
  }
  SOTERIA_ASSIGN_OR_RETURN(groups.sets, SetsOf(aggregate, &groups.keys, members));
  groups.columns.insert(groups.columns.end(), columns.begin(), columns.end());
  groups.visible = groups.columns.size();
  return Remember(std::move(groups));
}

RelationConverter::PlanOr RelationConverter::GroupsOfSets(plan::PlanPtr input,
                                                          std::vector<exec::GroupKey> keys,
                                                          std::vector<exec::AggregateCall> calls,
                                                          size_t ids,
                                                          const std::optional<GroupingSets>& sets) {
  // Also of sets: whatever is wrong with a type is said of the expressions as they were written.
  SOTERIA_ASSIGN_OR_RETURN(auto plain, builder_.Aggregate(input, calls, keys));
  if (!sets.has_value() || IsGrandTotal(*sets, keys.size())) return plain;
  std::set<int> used;
  for (exec::AggregateCall& call : calls) {
    ForExprs(call, [&](const exec::ExprPtr& expr) {
      for (const int place : exec::PlacesOf(*expr)) used.insert(place);
    });
  }
  const std::vector<int> kept(used.begin(), used.end());
  std::vector<exec::NamedExpr> columns;
  for (const int place : kept) columns.push_back({std::nullopt, plan::ColumnAt(*input, place)});
  std::vector<std::string> names;
  for (const exec::GroupKey& key : keys) {
    names.push_back(key.name.has_value() ? *key.name : exec::AutoName(*key.expr));
    columns.push_back({names.back(), key.expr});
  }
  SOTERIA_ASSIGN_OR_RETURN(auto below, builder_.Project(std::move(input), std::move(columns)));
  std::vector<std::vector<exec::ExprPtr>> rows;
  for (const std::vector<size_t>& set : *sets) {
    auto& row = rows.emplace_back();
    for (size_t i = 0; i < kept.size() + keys.size(); ++i) {
      const bool of_set =
          i < kept.size() || std::find(set.begin(), set.end(), i - kept.size()) != set.end();
      const auto& type = below->schema->field(static_cast<int>(i))->type();
      row.push_back(of_set ? plan::ColumnAt(*below, static_cast<int>(i))
                           : exec::Literal(arrow::MakeNullScalar(type)));
    }
    row.push_back(exec::Literal(std::make_shared<arrow::Int64Scalar>(SetId(set, keys.size()))));
    if (ids > 1) row.push_back(exec::Literal(static_cast<int32_t>(rows.size() - 1)));
  }
  std::vector<std::string> all_names = below->schema->field_names();
  all_names.emplace_back("spark_grouping_id");
  if (ids > 1) all_names.emplace_back("_gen_grouping_pos");
  const std::vector<int> passes(all_names.size(), -1);
  SOTERIA_ASSIGN_OR_RETURN(auto expanded,
                           builder_.Expand(std::move(below), std::move(rows), all_names, passes));
  for (exec::AggregateCall& call : calls) {
    ForExprs(call, [&](exec::ExprPtr& expr) { expr = exec::OverKept(expr, kept); });
  }
  std::vector<exec::GroupKey> groups;
  for (size_t i = kept.size(); i < all_names.size(); ++i) {
    groups.push_back({exec::Input(static_cast<int>(i), {all_names[i]})});
  }
  return builder_.Aggregate(std::move(expanded), std::move(calls), std::move(groups));
}

}  // namespace soteria::connect
