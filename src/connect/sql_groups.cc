// Of the parser: GROUP BY.
#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/sql_parser.h"
#include "src/connect/sql_relations.h"
#include "src/exec/generate.h"

namespace soteria::connect {
namespace {

using spark::connect::Aggregate;

/// GROUP BY's keys as the protocol has them: see sql_nodes.h.
base::Status SetKeys(SqlExprs keys, Aggregate* out) {
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr all, CallNode(kSqlGroupBy, std::move(keys), /*internal=*/true));
  out->mutable_grouping_expressions()->AddAllocated(all.proto.release());
  return base::OkStatus();
}

base::Status TooManySets() {
  return base::NotSupported(
      base::Cat("GROUP BY of more than ", exec::kExpandRowsMax, " grouping sets"));
}

using KeySet = std::vector<size_t>;  // places among all keys

/// Each key once: there are few, whatever a member repeats.
KeySet Both(KeySet set, const KeySet& more) {
  for (const size_t key : more) {
    if (std::find(set.begin(), set.end(), key) == set.end()) set.push_back(key);
  }
  return set;
}

/// Of (a), (b, c): (a, b, c), (a), ().
std::vector<KeySet> Prefixes(const std::vector<KeySet>& members) {
  std::vector<KeySet> sets = {{}};
  for (const KeySet& member : members) sets.push_back(Both(sets.back(), member));
  std::reverse(sets.begin(), sets.end());
  return sets;
}

base::StatusOr<std::vector<KeySet>> Subsets(const std::vector<KeySet>& members) {
  std::vector<KeySet> sets = {{}};
  for (size_t k = members.size(); k-- > 0;) {
    if (sets.size() * 2 > exec::kExpandRowsMax) return TooManySets();
    std::vector<KeySet> with;
    for (const KeySet& set : sets) with.push_back(Both(members[k], set));
    with.insert(with.end(), sets.begin(), sets.end());
    sets = std::move(with);
  }
  return sets;
}

}  // namespace

SqlParser::RelationOr SqlParser::Grouped(SqlRelation input, SqlExprs items) {
  SqlRelation grouped = NewRelation();
  auto* aggregate = grouped.proto->mutable_aggregate();
  aggregate->set_group_type(Aggregate::GROUP_TYPE_GROUPBY);
  SqlExprs keys;
  if (TakeWords("GROUP", "BY")) {
    SOTERIA_RETURN_IF_ERROR(GroupBy(&keys, aggregate));
  }
  SOTERIA_RETURN_IF_ERROR(SetKeys(std::move(keys), aggregate));
  SetItems(std::move(items), aggregate->mutable_aggregate_expressions());
  grouped.height = input.height + 1;
  aggregate->set_allocated_input(input.proto.release());
  return grouped;
}

/// What a GROUP BY is made of.
struct SqlParser::GroupElements {
  struct Element {
    std::vector<KeySet> sets;
    bool plain = false;
  };
  SqlExprs keys;                       // each once
  std::map<std::string, size_t> seen;  // by its bytes
  std::vector<Element> elements;
  Aggregate::GroupType only = Aggregate::GROUP_TYPE_GROUPBY;  // of the last, where it is simple
};

/// ALL, or elements with commas between them, the plain ones of which may be followed by WITH
/// ROLLUP, WITH CUBE or GROUPING SETS (...).
base::Status SqlParser::GroupBy(SqlExprs* keys, Aggregate* out) {
  if (IsWord("ALL") && !IsOp("(", 1) && !IsOp(",", 1) && !IsOp(".", 1)) {
    ++at_;
    keys->push_back(StarNode({}));
    return base::OkStatus();
  }
  GroupElements all;
  bool plain = true;
  do {
    SOTERIA_RETURN_IF_ERROR(GroupElement(&all));
    plain = plain && all.elements.back().plain;
  } while (TakeOp(","));
  const bool own_sets = plain && IsWords("GROUPING", "SETS");
  if (plain && TakeWords("WITH", "ROLLUP")) out->set_group_type(Aggregate::GROUP_TYPE_ROLLUP);
  if (plain && TakeWords("WITH", "CUBE")) out->set_group_type(Aggregate::GROUP_TYPE_CUBE);
  if (own_sets) {
    all.elements.clear();  // the keys before it only give their order
    SOTERIA_RETURN_IF_ERROR(GroupElement(&all));
  }
  if (plain && !own_sets) {
    for (const GroupElements::Element& element : all.elements) {
      SOTERIA_ASSIGN_OR_RETURN(SqlExpr key, Copy(all.keys[element.sets[0][0]]));
      keys->push_back(std::move(key));
    }
    return base::OkStatus();
  }
  if (all.elements.size() == 1 && all.only != Aggregate::GROUP_TYPE_GROUPING_SETS) {
    out->set_group_type(all.only);
    *keys = std::move(all.keys);
    return base::OkStatus();
  }
  return SetsOf(std::move(all), keys, out);
}

/// Each of every element's sets with each of the others'.
base::Status SqlParser::SetsOf(GroupElements all, SqlExprs* keys, Aggregate* out) {
  std::vector<KeySet> sets = {{}};
  for (const GroupElements::Element& element : all.elements) {
    if (sets.size() * element.sets.size() > exec::kExpandRowsMax) return TooManySets();
    std::vector<KeySet> product;
    for (const KeySet& set : sets) {
      for (const KeySet& more : element.sets) product.push_back(Both(set, more));
    }
    sets = std::move(product);
  }
  out->set_group_type(Aggregate::GROUP_TYPE_GROUPING_SETS);
  for (const KeySet& set : sets) {
    auto* message = out->add_grouping_sets();
    for (const size_t key : set) {
      SOTERIA_ASSIGN_OR_RETURN(SqlExpr member, Copy(all.keys[key]));
      message->mutable_grouping_set()->AddAllocated(member.proto.release());
    }
  }
  *keys = std::move(all.keys);
  return base::OkStatus();
}

/// ROLLUP (...), CUBE (...), GROUPING SETS (...), or an expression.
base::Status SqlParser::GroupElement(GroupElements* all) {
  SOTERIA_RETURN_IF_ERROR(Deeper());
  const Nested nested(&depth_);
  // Without members they are functions, which nobody has.
  const bool rollup = IsWord("ROLLUP") && IsOp("(", 1) && !IsOp(")", 2);
  const bool cube = IsWord("CUBE") && IsOp("(", 1) && !IsOp(")", 2);
  const bool sets = IsWords("GROUPING", "SETS") && IsOp("(", 2);
  GroupElements::Element element;
  if (!rollup && !cube && !sets) {
    SOTERIA_ASSIGN_OR_RETURN(const size_t key, GroupKey(all));
    element.sets = {{key}};
    element.plain = true;
    all->elements.push_back(std::move(element));
    return base::OkStatus();
  }
  at_ += sets ? 3 : 2;
  std::vector<KeySet> members;
  do {
    const bool inner = (IsWord("ROLLUP") || IsWord("CUBE")) && IsOp("(", 1);
    if (sets && (inner || (IsWords("GROUPING", "SETS") && IsOp("(", 2)))) {
      SOTERIA_RETURN_IF_ERROR(GroupElement(all));
      const std::vector<KeySet> its = std::move(all->elements.back().sets);
      all->elements.pop_back();
      members.insert(members.end(), its.begin(), its.end());
    } else {
      SOTERIA_ASSIGN_OR_RETURN(members.emplace_back(), GroupMember(all));
    }
    if (members.size() > exec::kExpandRowsMax) return TooManySets();
  } while (TakeOp(","));
  SOTERIA_RETURN_IF_ERROR(Need(")"));
  // Each a key of its own: the protocol has a message for that.
  bool simple = !sets && members.size() == all->keys.size();
  for (size_t k = 0; simple && k < members.size(); ++k) simple = members[k] == KeySet{k};
  all->only = !simple  ? Aggregate::GROUP_TYPE_GROUPING_SETS
              : rollup ? Aggregate::GROUP_TYPE_ROLLUP
                       : Aggregate::GROUP_TYPE_CUBE;
  element.sets = std::move(members);
  if (rollup) element.sets = Prefixes(element.sets);
  if (cube) {
    SOTERIA_ASSIGN_OR_RETURN(element.sets, Subsets(element.sets));
  }
  all->elements.push_back(std::move(element));
  return base::OkStatus();
}

/// Whether parentheses that open here close where the member ends: else they are a part of an
/// expression. Nothing is read twice, for parameters and subqueries are counted.
bool SqlParser::ParenthesesAreAll() const {
  size_t open = 0;
  for (size_t ahead = 0; Now(ahead).kind != SqlToken::Kind::kEnd; ++ahead) {
    if (IsOp("(", ahead)) ++open;
    if (IsOp(")", ahead) && open > 0) --open;
    if (open == 0) return IsOp(",", ahead + 1) || IsOp(")", ahead + 1);
  }
  return false;
}

/// An expression, or several in parentheses.
base::StatusOr<std::vector<size_t>> SqlParser::GroupMember(GroupElements* all) {
  if (ParenthesesAreAll() && TakeOp("(")) {
    if (TakeOp(")")) return KeySet();
    SqlExprs members;
    SOTERIA_RETURN_IF_ERROR(Arguments(&members));
    KeySet set;
    for (SqlExpr& member : members) {
      SOTERIA_ASSIGN_OR_RETURN(const size_t key, KeyPlace(std::move(member), all));
      set = Both(std::move(set), {key});
    }
    return set;
  }
  SOTERIA_ASSIGN_OR_RETURN(const size_t key, GroupKey(all));
  return KeySet{key};
}

base::StatusOr<size_t> SqlParser::GroupKey(GroupElements* all) {
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr key, Or());
  return KeyPlace(std::move(key), all);
}

base::StatusOr<size_t> SqlParser::KeyPlace(SqlExpr key, GroupElements* all) {
  const auto [known, first] = all->seen.emplace(key.proto->SerializeAsString(), all->keys.size());
  if (!first) return known->second;
  if (all->keys.size() >= kGroupingSetKeysMax) return NestedTooDeeply();
  all->keys.push_back(std::move(key));
  return all->keys.size() - 1;
}

}  // namespace soteria::connect
