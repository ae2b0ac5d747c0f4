// Of the parser: FROM, as relations.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/sql_expression.h"
#include "src/connect/sql_parser.h"
#include "src/connect/sql_relations.h"
#include "src/table/text_value.h"

namespace soteria::connect {
namespace {

/// As Spark names a query in FROM that has no name.
constexpr char kUnnamedQuery[] = "__auto_generated_subquery_name";

using Kind = SqlToken::Kind;
using spark::connect::Join;

constexpr base::Condition kInlineColumns = {"INVALID_INLINE_TABLE.NUM_COLUMNS_MISMATCH",
                                            base::exception_class::kParse, "42000",
                                            absl::StatusCode::kInvalidArgument};

/// Words that are no alias of a table without AS: Spark's strictly non-reserved ones.
constexpr std::string_view kNoAlias[] = {
    "ANTI", "CROSS",   "EXCEPT", "FULL",  "INNER", "INTERSECT", "JOIN",  "LATERAL",
    "LEFT", "NATURAL", "ON",     "RIGHT", "SEMI",  "SETMINUS",  "UNION", "USING"};

/// JOIN's words and what they mean; longer ones first.
struct Joining {
  std::string_view words[3];
  Join::JoinType type;
};
constexpr Joining kJoinings[] = {{{"LEFT", "OUTER", "JOIN"}, Join::JOIN_TYPE_LEFT_OUTER},
                                 {{"LEFT", "SEMI", "JOIN"}, Join::JOIN_TYPE_LEFT_SEMI},
                                 {{"LEFT", "ANTI", "JOIN"}, Join::JOIN_TYPE_LEFT_ANTI},
                                 {{"LEFT", "JOIN"}, Join::JOIN_TYPE_LEFT_OUTER},
                                 {{"RIGHT", "OUTER", "JOIN"}, Join::JOIN_TYPE_RIGHT_OUTER},
                                 {{"RIGHT", "JOIN"}, Join::JOIN_TYPE_RIGHT_OUTER},
                                 {{"FULL", "OUTER", "JOIN"}, Join::JOIN_TYPE_FULL_OUTER},
                                 {{"FULL", "JOIN"}, Join::JOIN_TYPE_FULL_OUTER},
                                 {{"SEMI", "JOIN"}, Join::JOIN_TYPE_LEFT_SEMI},
                                 {{"ANTI", "JOIN"}, Join::JOIN_TYPE_LEFT_ANTI},
                                 {{"CROSS", "JOIN"}, Join::JOIN_TYPE_CROSS},
                                 {{"INNER", "JOIN"}, Join::JOIN_TYPE_INNER},
                                 {{"JOIN"}, Join::JOIN_TYPE_INNER}};

base::StatusOr<SqlRelation> MakeJoin(SqlRelation left, SqlRelation right, Join::JoinType type) {
  SqlRelation both = NewRelation();
  both.height = std::max(left.height, right.height) + 1;
  auto* join = both.proto->mutable_join();
  join->set_join_type(type);
  join->set_allocated_left(left.proto.release());
  join->set_allocated_right(right.proto.release());
  SOTERIA_RETURN_IF_ERROR(CheckHeight(both.height));
  return both;
}

/// As many names as the rows of VALUES have columns.
base::Status CheckWidth(const spark::connect::Relation& input, size_t names) {
  const auto& project = input.project();
  if (project.has_input() || project.expressions_size() == 0) return base::OkStatus();
  const auto& row = project.expressions(0);
  const auto width = static_cast<size_t>(row.unresolved_function().arguments_size());
  if (!IsInternal(row, kSqlRow) || width == names) return base::OkStatus();
  return base::Fail(kInlineColumns, base::Cat("Invalid inline table. Inline table expected ", names,
                                              " columns but found ", width, " columns in row 0."));
}

/// A whole number that is written as such.
std::optional<int64_t> WholeNumber(const spark::connect::Expression& expression) {
  const auto& literal = expression.literal();
  if (literal.has_integer()) return literal.integer();
  if (literal.has_long_()) return literal.long_();
  return std::nullopt;
}

}  // namespace

void SetItems(SqlExprs items, google::protobuf::RepeatedPtrField<spark::connect::Expression>* out) {
  for (SqlExpr& item : items) out->AddAllocated(item.proto.release());
}

SqlRelation NewRelation() {
  SqlRelation relation;
  relation.proto = std::make_unique<spark::connect::Relation>();
  return relation;
}

SqlRelation NamedRelation(const std::vector<std::string>& parts) {
  SqlRelation relation = NewRelation();
  relation.proto->mutable_read()->mutable_named_table()->set_unparsed_identifier(QuoteName(parts));
  return relation;
}

base::StatusOr<SqlRelation> AliasedRelation(SqlRelation input, const std::string& name) {
  SqlRelation alias = NewRelation();
  alias.height = input.height + 1;
  alias.proto->mutable_subquery_alias()->set_alias(name);
  alias.proto->mutable_subquery_alias()->set_allocated_input(input.proto.release());
  SOTERIA_RETURN_IF_ERROR(CheckHeight(alias.height));
  return alias;
}

base::StatusOr<SqlRelation> RenamedColumns(SqlRelation input, std::vector<std::string> columns) {
  if (columns.empty()) return input;
  SqlRelation renamed = NewRelation();
  renamed.height = input.height + 1;
  auto* to_df = renamed.proto->mutable_to_df();
  for (std::string& column : columns) to_df->add_column_names(std::move(column));
  to_df->set_allocated_input(input.proto.release());
  SOTERIA_RETURN_IF_ERROR(CheckHeight(renamed.height));
  return renamed;
}

SqlParser::RelationOr SqlParser::From() {
  SOTERIA_ASSIGN_OR_RETURN(SqlRelation left, Joined());
  while (TakeOp(",")) {
    if (LateralHere() || LateralCallHere()) {
      SOTERIA_ASSIGN_OR_RETURN(left, Lateral(std::move(left), Join::JOIN_TYPE_INNER));
      bool joined = true;
      while (joined) {
        SOTERIA_ASSIGN_OR_RETURN(left, JoinStep(std::move(left), &joined));
      }
      continue;
    }
    SOTERIA_ASSIGN_OR_RETURN(SqlRelation right, Joined());
    SOTERIA_ASSIGN_OR_RETURN(left,
                             MakeJoin(std::move(left), std::move(right), Join::JOIN_TYPE_CROSS));
  }
  return left;
}

SqlParser::RelationOr SqlParser::Joined() {
  SOTERIA_ASSIGN_OR_RETURN(SqlRelation left, Source());
  bool joined = true;
  while (joined) {
    SOTERIA_ASSIGN_OR_RETURN(left, JoinStep(std::move(left), &joined));
  }
  return left;
}

/// One more table, if there is one: [NATURAL] [type] JOIN table [ON condition | USING (columns)],
/// or a PIVOT or UNPIVOT of what is there.
SqlParser::RelationOr SqlParser::JoinStep(SqlRelation left, bool* joined) {
  if (PivotHere()) {
    *joined = true;
    return Pivoted(std::move(left));
  }
  const bool natural = TakeWord("NATURAL");
  const Joining* found = nullptr;
  size_t words = 0;
  for (const Joining& joining : kJoinings) {
    words = 0;
    while (words < 3 && !joining.words[words].empty() && IsWord(joining.words[words], words)) {
      ++words;
    }
    if (words < 3 && !joining.words[words].empty()) continue;
    found = &joining;
    break;
  }
  *joined = found != nullptr;
  if (found == nullptr && natural) return Error();
  if (found == nullptr) return left;
  at_ += words;
  if (natural && (found->type == Join::JOIN_TYPE_CROSS || IsWord("LATERAL"))) {
    return base::NotSupported("NATURAL with CROSS or LATERAL");
  }
  if (natural &&
      (found->type == Join::JOIN_TYPE_LEFT_SEMI || found->type == Join::JOIN_TYPE_LEFT_ANTI)) {
    const bool semi = found->type == Join::JOIN_TYPE_LEFT_SEMI;
    return base::Fail(base::kIllegalArgument,
                      base::Cat("requirement failed: Unsupported natural join type Left",
                                semi ? "Semi" : "Anti"));
  }
  if (LateralHere() || LateralCallHere()) return Lateral(std::move(left), found->type);
  SOTERIA_ASSIGN_OR_RETURN(SqlRelation right, Source());
  SOTERIA_ASSIGN_OR_RETURN(SqlRelation both,
                           MakeJoin(std::move(left), std::move(right), found->type));
  auto* join = both.proto->mutable_join();
  if (natural) {
    SOTERIA_ASSIGN_OR_RETURN(SqlExpr same, CallNode(kSqlNatural, SqlExprs(), /*internal=*/true));
    join->set_allocated_join_condition(same.proto.release());
  } else if (TakeWord("ON")) {
    SOTERIA_ASSIGN_OR_RETURN(SqlExpr condition, Or());
    join->set_allocated_join_condition(condition.proto.release());
  } else if (TakeWord("USING")) {
    SOTERIA_ASSIGN_OR_RETURN(Name columns, IdentifierList());
    for (std::string& column : columns) join->add_using_columns(std::move(column));
  }
  return both;
}

bool SqlParser::LateralHere() const { return IsWord("LATERAL") && IsOp("(", 1) && IsQueryStart(2); }

/// LATERAL (query) [[AS] name] [ON condition]
SqlParser::RelationOr SqlParser::Lateral(SqlRelation left, int type) {
  SOTERIA_RETURN_IF_ERROR(Deeper());
  const Nested nested(&depth_);
  if (LateralCallHere()) return LateralCall(std::move(left), type);
  ++at_;
  SOTERIA_ASSIGN_OR_RETURN(SqlRelation right, Source());
  SqlRelation both = NewRelation();
  both.height = std::max(left.height, right.height) + 1;
  auto* join = both.proto->mutable_lateral_join();
  join->set_join_type(static_cast<Join::JoinType>(type));
  join->set_allocated_left(left.proto.release());
  join->set_allocated_right(right.proto.release());
  SOTERIA_RETURN_IF_ERROR(CheckHeight(both.height));
  if (TakeWord("ON")) {
    SOTERIA_ASSIGN_OR_RETURN(SqlExpr condition, Or());
    join->set_allocated_join_condition(condition.proto.release());
  }
  return both;
}

/// One table with what may follow it.
SqlParser::RelationOr SqlParser::Source() {
  SOTERIA_RETURN_IF_ERROR(Deeper());
  const Nested nested(&depth_);
  // Of nothing before it, a query that may name columns of what is before it is one.
  if (LateralHere()) ++at_;
  if (LateralCallHere()) ++at_;
  if (IsWord("VALUES") && !IsOp(",", 1) && Now(1).kind != Kind::kEnd) {
    ++at_;
    SOTERIA_ASSIGN_OR_RETURN(SqlRelation rows, Rows());
    return Aliased(std::move(rows));
  }
  if (!TakeOp("(")) return NamedSource();
  SqlRelation inner = NewRelation();
  bool query = false;
  if (QueryHere()) {
    SOTERIA_ASSIGN_OR_RETURN(inner, Query());
    query = true;
  } else {
    SOTERIA_ASSIGN_OR_RETURN(inner, Joined());
    if (IsOp(",")) return Error();
  }
  SOTERIA_RETURN_IF_ERROR(Need(")"));
  if (query && !IsWord("AS") && !TableAliasHere()) {
    // Whatever follows is of its rows: a WHERE is no HAVING of its groups.
    SOTERIA_ASSIGN_OR_RETURN(inner, AliasedRelation(std::move(inner), kUnnamedQuery));
  }
  return Aliased(std::move(inner));
}

SqlParser::RelationOr SqlParser::NamedSource() {
  if (!IsName()) return Error();
  if (IsOp("(", 1) && !NameOfTextHere()) {
    const std::string name = base::Lower(Now().text);
    at_ += 2;
    SOTERIA_ASSIGN_OR_RETURN(SqlRelation rows, TableFunction(name));
    return Aliased(std::move(rows));
  }
  SOTERIA_ASSIGN_OR_RETURN(const Name name, Identifiers());
  return Aliased(NamedRelation(name));
}

/// After "name(".
SqlParser::RelationOr SqlParser::TableFunction(std::string name) {
  SqlExprs args;
  SOTERIA_RETURN_IF_ERROR(Arguments(&args));
  SqlRelation rows = NewRelation();
  const bool numbers_only = std::all_of(args.begin(), args.end(), [](const SqlExpr& arg) {
    return WholeNumber(*arg.proto).has_value();
  });
  if (name != "range" || args.empty() || args.size() > 4 || !numbers_only) {
    auto* function = rows.proto->mutable_unresolved_table_valued_function();
    function->set_function_name(std::move(name));
    for (SqlExpr& arg : args) {
      function->mutable_arguments()->AddAllocated(arg.proto.release());
    }
    return rows;
  }
  std::vector<int64_t> numbers;
  for (const SqlExpr& arg : args) {
    numbers.push_back(*WholeNumber(*arg.proto));
  }
  auto* range = rows.proto->mutable_range();
  range->set_start(numbers.size() > 1 ? numbers[0] : 0);
  range->set_end(numbers.size() > 1 ? numbers[1] : numbers[0]);
  range->set_step(numbers.size() > 2 ? numbers[2] : 1);
  if (numbers.size() > 3) {
    if (numbers[3] < 1 || numbers[3] > std::numeric_limits<int32_t>::max()) {
      return base::NotSupported("range() in so many partitions");
    }
    range->set_num_partitions(static_cast<int32_t>(numbers[3]));
  }
  return rows;
}

/// LATERAL VIEW [OUTER] function(arguments) table [[AS] column, ...]
SqlParser::RelationOr SqlParser::LateralView(SqlRelation input) {
  at_ += 2;
  const bool outer = IsWord("OUTER") && !IsOp("(", 1);
  if (outer) ++at_;
  if (!IsName() || !IsOp("(", 1)) return Error();
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr call, TableCall());
  SOTERIA_ASSIGN_OR_RETURN(const std::string table, Identifier());
  Name columns;
  if (TakeWord("AS") || (IsName() && !EndsItem())) {
    do {
      SOTERIA_ASSIGN_OR_RETURN(columns.emplace_back(), Identifier());
    } while (TakeOp(","));
  }
  return Viewed(std::move(input), std::move(call), outer, table, columns);
}

/// function(arguments)
SqlParser::ExprOr SqlParser::TableCall() {
  const std::string function = base::Lower(Now().text);
  at_ += 2;
  SqlExprs args;
  SOTERIA_RETURN_IF_ERROR(Arguments(&args));
  return CallNode(function, std::move(args));
}

bool SqlParser::LateralCallHere() const {
  return IsWord("LATERAL") && IsName(1) && !IsWord("VIEW", 1) && IsOp("(", 2);
}

/// LATERAL function(arguments) [AS] table [(columns)], which is a LATERAL VIEW in other words.
SqlParser::RelationOr SqlParser::LateralCall(SqlRelation input, int type) {
  ++at_;
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr call, TableCall());
  const bool outer = type == Join::JOIN_TYPE_LEFT_OUTER;
  const bool inner = type == Join::JOIN_TYPE_INNER || type == Join::JOIN_TYPE_CROSS;
  const bool as = TakeWord("AS");
  if (!as && !TableAliasHere()) {
    return base::NotSupported("LATERAL of a table function without a name", "LATERAL VIEW");
  }
  SOTERIA_ASSIGN_OR_RETURN(const std::string table, Identifier());
  Name columns;
  if (IsOp("(")) {
    SOTERIA_ASSIGN_OR_RETURN(columns, IdentifierList());
  }
  if (IsWord("ON") || (!outer && !inner)) {
    return base::NotSupported("LATERAL of a table function in a join of that kind", "LATERAL VIEW");
  }
  return Viewed(std::move(input), std::move(call), outer, table, columns);
}

SqlParser::RelationOr SqlParser::Viewed(SqlRelation input, SqlExpr call, bool outer,
                                        const std::string& table, const Name& columns) {
  SqlExprs parts;
  parts.push_back(std::move(call));
  parts.push_back(BooleanNode(outer));
  parts.push_back(StringNode(table));
  for (const std::string& column : columns) parts.push_back(StringNode(column));
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr view,
                           CallNode(kSqlLateralView, std::move(parts), /*internal=*/true));
  SqlRelation both = NewRelation();
  both.height = input.height + 1;
  auto* project = both.proto->mutable_project();
  project->mutable_expressions()->AddAllocated(view.proto.release());
  project->set_allocated_input(input.proto.release());
  SOTERIA_RETURN_IF_ERROR(CheckHeight(both.height));
  return both;
}

bool SqlParser::TableAliasHere() const {
  if (Now().kind == Kind::kQuotedName) return true;
  if (Now().kind != Kind::kWord || EndsItem()) return false;
  if (PivotHere() || (IsWord("TABLESAMPLE") && IsOp("(", 1))) return false;
  return std::find(std::begin(kNoAlias), std::end(kNoAlias), Now().upper) == std::end(kNoAlias);
}

/// [TABLESAMPLE ...] [[AS] name [(columns)]]
SqlParser::RelationOr SqlParser::Aliased(SqlRelation input) {
  if (IsWord("TABLESAMPLE") && IsOp("(", 1)) {
    SOTERIA_ASSIGN_OR_RETURN(input, Sampled(std::move(input)));
  }
  const bool as = TakeWord("AS");
  if (!as && !TableAliasHere()) return input;
  SOTERIA_ASSIGN_OR_RETURN(const std::string name, Identifier());
  if (IsOp("(")) {
    SOTERIA_ASSIGN_OR_RETURN(Name columns, IdentifierList());
    SOTERIA_RETURN_IF_ERROR(CheckWidth(*input.proto, columns.size()));
    SOTERIA_ASSIGN_OR_RETURN(input, RenamedColumns(std::move(input), std::move(columns)));
  }
  return AliasedRelation(std::move(input), name);
}

/// TABLESAMPLE (10 PERCENT) [REPEATABLE (7)], TABLESAMPLE (5 ROWS)
SqlParser::RelationOr SqlParser::Sampled(SqlRelation input) {
  at_ += 2;
  SOTERIA_ASSIGN_OR_RETURN(const SqlExpr number, Unary());
  SqlRelation sampled = NewRelation();
  sampled.height = input.height + 1;
  SOTERIA_RETURN_IF_ERROR(CheckHeight(sampled.height));
  const auto whole = WholeNumber(*number.proto);
  if (TakeWord("ROWS")) {
    SOTERIA_RETURN_IF_ERROR(Need(")"));
    if (!whole.has_value() || *whole < 0 || *whole > std::numeric_limits<int32_t>::max()) {
      return Error();
    }
    sampled.proto->mutable_limit()->set_limit(static_cast<int32_t>(*whole));
    sampled.proto->mutable_limit()->set_allocated_input(input.proto.release());
    return sampled;
  }
  if (!TakeWord("PERCENT")) return base::NotSupported("TABLESAMPLE other than of PERCENT or ROWS");
  SOTERIA_RETURN_IF_ERROR(Need(")"));
  if (!TakeWord("REPEATABLE")) {
    return base::NotSupported("TABLESAMPLE without a seed", "REPEATABLE (seed)");
  }
  SOTERIA_RETURN_IF_ERROR(Need("("));
  SOTERIA_ASSIGN_OR_RETURN(const SqlExpr seed, Unary());
  SOTERIA_RETURN_IF_ERROR(Need(")"));
  if (!WholeNumber(*seed.proto).has_value()) return Error();
  const auto& literal = number.proto->literal();
  double percent = whole.has_value() ? static_cast<double>(*whole) : 0;
  if (!whole.has_value() &&
      !(literal.has_decimal() && table::ParseDouble(literal.decimal().value(), &percent))) {
    return base::NotSupported("TABLESAMPLE of other than a number written in digits");
  }
  auto* sample = sampled.proto->mutable_sample();
  sample->set_lower_bound(0);
  sample->set_upper_bound(percent / 100);
  sample->set_seed(*WholeNumber(*seed.proto));
  sample->set_allocated_input(input.proto.release());
  return sampled;
}

}  // namespace soteria::connect
