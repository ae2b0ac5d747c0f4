// What spark.sql's queries are made of beside the relations that DataFrames have too: texts, named
// tables and common table expressions, VALUES, and GROUP BY as SQL has it.
#include <arrow/array.h>
#include <arrow/array/array_nested.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/aggregates.h"
#include "src/connect/errors.h"
#include "src/connect/expressions.h"
#include "src/connect/relations.h"
#include "src/connect/select_list.h"
#include "src/connect/sql_expression.h"
#include "src/connect/sql_nodes.h"
#include "src/connect/sql_statement.h"
#include "src/connect/tables.h"
#include "src/exec/constant.h"
#include "src/exec/window_expression.h"
#include "src/plan/scope.h"
#include "src/table/types.h"

namespace soteria::connect {
namespace {

using spark::connect::Expression;

constexpr base::Condition kInlineColumns = {"INVALID_INLINE_TABLE.NUM_COLUMNS_MISMATCH",
                                            base::exception_class::kParse, "42000",
                                            absl::StatusCode::kInvalidArgument};
constexpr base::Condition kInlineTypes = {"INVALID_INLINE_TABLE.INCOMPATIBLE_TYPES_IN_INLINE_TABLE",
                                          base::exception_class::kAnalysis, "42000",
                                          absl::StatusCode::kInvalidArgument};
constexpr base::Condition kInlineEvaluation = {
    "INVALID_INLINE_TABLE.CANNOT_EVALUATE_EXPRESSION_IN_INLINE_TABLE",
    base::exception_class::kAnalysis, "42000", absl::StatusCode::kInvalidArgument};
constexpr base::Condition kGroupPosition = {"GROUP_BY_POS_OUT_OF_RANGE",
                                            base::exception_class::kAnalysis, "42805",
                                            absl::StatusCode::kInvalidArgument};
constexpr base::Condition kGroupPositionAggregate = {"GROUP_BY_POS_AGGREGATE",
                                                     base::exception_class::kAnalysis, "42903",
                                                     absl::StatusCode::kInvalidArgument};
constexpr base::Condition kStarPosition = {"STAR_GROUP_BY_POS", base::exception_class::kAnalysis,
                                           "0A000", absl::StatusCode::kInvalidArgument};

constexpr base::Condition kLimitUnfoldable = {"INVALID_LIMIT_LIKE_EXPRESSION.IS_UNFOLDABLE",
                                              base::exception_class::kAnalysis, "42K0E",
                                              absl::StatusCode::kInvalidArgument};
constexpr base::Condition kLimitType = {"INVALID_LIMIT_LIKE_EXPRESSION.DATA_TYPE",
                                        base::exception_class::kAnalysis, "42K0E",
                                        absl::StatusCode::kInvalidArgument};
constexpr base::Condition kLimitNull = {"INVALID_LIMIT_LIKE_EXPRESSION.IS_NULL",
                                        base::exception_class::kAnalysis, "42K0E",
                                        absl::StatusCode::kInvalidArgument};

/// Most values of all rows of VALUES.
constexpr int64_t kInlineValuesMax = 100'000;

bool IsStar(const Expression& expression) {
  return expression.has_unresolved_star() || IsInternal(expression, kSqlStarExcept);
}

/// The list whose positions GROUP BY names. Generators are over the groups: in their places stand,
/// as in Spark, the arguments that aren't constants.
std::vector<exec::NamedExpr> ItemsToGroupBy(const SelectList& list) {
  std::vector<exec::NamedExpr> items;
  auto generator = list.generators.begin();
  for (size_t i = 0; i <= list.columns.size(); ++i) {
    for (; generator != list.generators.end() && generator->at == i; ++generator) {
      const auto& args = generator->call->args;
      for (size_t k = 0; k < args.size(); ++k) {
        if (!IsFoldable(*args[k])) items.push_back({base::Cat("_gen_input_", k), args[k]});
      }
    }
    if (i < list.columns.size()) items.push_back(list.columns[i]);
  }
  return items;
}

/// The one value that each expression has, as the column `name`, of a type that all of them have.
base::Status AddInlineColumn(const std::string& name, std::vector<exec::ExprPtr> values,
                             const std::string& zone, arrow::FieldVector* fields,
                             std::vector<std::shared_ptr<arrow::ChunkedArray>>* columns) {
  const auto row = exec::OneEmptyRow();
  for (const exec::ExprPtr& value : values) {
    if (!HasAggregate(*value) && !exec::HasWindow(*value) && !exec::IsNondeterministic(*value)) {
      continue;
    }
    return base::Fail(kInlineEvaluation,
                      base::Cat("Invalid inline table. Cannot evaluate the expression \"",
                                exec::PrettyName(*value), "\" in inline table definition."));
  }
  const exec::ExprPtr all = exec::InZone(exec::Call("array", std::move(values)), zone);
  const auto field = exec::TypeOf(*all, *row->schema());
  if (base::ConditionName(field.status()).starts_with(base::kDatatypeMismatch.name)) {
    return base::Fail(kInlineTypes,
                      base::Cat("Invalid inline table. Found incompatible types in the column `",
                                name, "` for inline table."));
  }
  SOTERIA_RETURN_IF_ERROR(field);
  SOTERIA_ASSIGN_OR_RETURN(const auto evaluated, exec::Evaluate(*all, *row));
  const auto& list = static_cast<const arrow::ListArray&>(*evaluated->chunk(0));
  const auto& element = (*field)->type()->field(0);
  fields->push_back(element->WithName(name));
  columns->push_back(std::make_shared<arrow::ChunkedArray>(
      list.values()->Slice(list.value_offset(0), list.value_length(0))));
  return base::OkStatus();
}

}  // namespace

RelationConverter::PlanOr RelationConverter::Sql(const spark::connect::SQL& sql) {
  SOTERIA_ASSIGN_OR_RETURN(const SqlStatement statement,
                           ParseSql(sql.query(), {state_.config().Zone(), &sql}));
  if (statement.kind != SqlStatement::Kind::kQuery) {
    return base::NotSupported("A command of SQL as a table", "spark.sql");
  }
  return Resolve(*statement.query);
}

RelationConverter::PlanOr RelationConverter::WithRelations(
    const spark::connect::WithRelations& with) {
  const size_t outer = named_.size();
  const size_t outer_references = references_.size();
  for (const auto& reference : with.references()) {
    if (reference.common().has_plan_id()) {
      references_.emplace_back(reference.common().plan_id(), &reference);
      if (!with.root().has_sql()) continue;
    }
    if (!reference.has_subquery_alias()) continue;
    const int64_t before = nodes_;
    SOTERIA_ASSIGN_OR_RETURN(auto plan, Resolve(reference));
    named_.push_back({reference.subquery_alias().alias(), std::move(plan), nodes_ - before});
  }
  auto root = Resolve(with.root());
  named_.erase(named_.begin() + static_cast<std::ptrdiff_t>(outer), named_.end());
  references_.resize(outer_references);
  return root;
}

/// A common table expression, a temporary view, a stored table, or the files of a path:
/// parquet.`path`.
RelationConverter::PlanOr RelationConverter::Named(const spark::connect::Read& read) {
  const std::string& name = read.named_table().unparsed_identifier();
  SOTERIA_ASSIGN_OR_RETURN(const auto parts, NameParts(name));
  if (parts.size() == 1) {
    const auto named = std::find_if(named_.rbegin(), named_.rend(), [&](const NamedPlan& its) {
      return base::EqualIgnoringCase(its.name, parts[0]);
    });
    if (named != named_.rend()) {
      nodes_ += named->nodes;
      if (nodes_ > kRelationNodesMax) {
        return base::Fail(base::kAnalysis, "The plan has too many relations");
      }
      return builder_.Alias(named->plan, parts[0]);
    }
  }
  if (auto view = FindView(parts, state_)) return builder_.Alias(*std::move(view), parts.back());
  SOTERIA_ASSIGN_OR_RETURN(const auto table, FindTable(parts, state_));
  if (table.has_value()) {
    SOTERIA_ASSIGN_OR_RETURN(auto rows, RowsOfTable(*table, state_));
    return builder_.Alias(std::move(rows), base::Lower(parts.back()));
  }
  if (parts.size() == 2) {
    const std::string format = base::Lower(parts[0]);
    if (format == "parquet" || format == "orc" || format == "text") {
      plan::ReadOptions options;
      options.part_bytes = state_.config().FilePartBytes();
      options.merge_schema = format == "orc" && state_.config().MergesOrcSchemas();
      return builder_.Read({parts[1]}, format, options);
    }
    if (format == "csv" || format == "json" || format == "avro") {
      return base::NotSupported(base::Cat("A table of ", format, " files"), "parquet.`path`");
    }
  }
  return NoTable(parts);
}

RelationConverter::PlanOr RelationConverter::RowsCounted(const Expression& count,
                                                         plan::PlanPtr input) {
  const auto& call = count.unresolved_function();
  const bool limit = call.function_name() == kSqlLimit;
  if (call.arguments_size() != 1) return base::Fail(base::kAnalysis, "A limit takes one number");
  plan::Scope scope(input);
  const ExpressionConverter converter = OverWithSubqueries(scope);
  SOTERIA_ASSIGN_OR_RETURN(const exec::ExprPtr expr, converter.Convert(call.arguments(0)));
  const auto refuse = [&](const base::Condition& what, std::string_view why) {
    return base::Fail(what, base::Cat("The limit like expression \"", exec::PrettyName(*expr),
                                      "\" is invalid. ", why));
  };
  if (!IsFoldable(*expr)) {
    return refuse(kLimitUnfoldable, "The limit expression must evaluate to a constant value.");
  }
  SOTERIA_ASSIGN_OR_RETURN(const auto field, exec::TypeOf(*expr, *exec::OneEmptyRow()->schema()));
  if (field->type()->id() != arrow::Type::INT32) {
    return refuse(kLimitType, base::Cat("The limit expression must be integer type, but got ",
                                        table::QuotedTypeName(*field), "."));
  }
  SOTERIA_ASSIGN_OR_RETURN(const auto value, exec::ConstantValue(*expr));
  if (value->IsNull(0)) {
    return refuse(kLimitNull, "The evaluated limit expression must not be null.");
  }
  const int32_t rows = static_cast<const arrow::Int32Array&>(*value).Value(0);
  return limit ? builder_.Limit(std::move(input), rows) : builder_.Offset(std::move(input), rows);
}

/// The input under the names that it has: what is above it finds nothing below it.
RelationConverter::PlanOr RelationConverter::Bounded(const spark::connect::Project& project) {
  SOTERIA_ASSIGN_OR_RETURN(const plan::PlanPtr input, Resolve(project.input()));
  auto same = std::make_shared<plan::Plan>(*builder_.Alias(input, ""));
  for (size_t i = 0; i < input->columns.size(); ++i) {
    same->columns[i].qualifier = input->columns[i].qualifier;
  }
  return plan::PlanPtr(std::move(same));
}

RelationConverter::PlanOr RelationConverter::OneRow() {
  return builder_.Local(exec::OneEmptyRow());
}

RelationConverter::PlanOr RelationConverter::Rows(const Expressions& rows) {
  const auto values_of = [](const Expression& row) -> const Expressions& {
    return row.unresolved_function().arguments();
  };
  const int width = values_of(rows[0]).size();
  if (int64_t{rows.size()} * std::max(width, 1) > kInlineValuesMax) {
    return base::Fail(base::kAnalysis, "Too many values in VALUES");
  }
  SOTERIA_ASSIGN_OR_RETURN(const auto nothing, OneRow());
  plan::Scope scope(nothing);
  const std::string zone = state_.config().Zone();
  const ExpressionConverter converter(scope, state_.config().ForExpressions());
  std::vector<std::vector<exec::ExprPtr>> columns(static_cast<size_t>(width));
  for (int r = 0; r < rows.size(); ++r) {
    if (!IsInternal(rows[r], kSqlRow)) {
      return base::Fail(base::kAnalysis, "Rows of VALUES among other expressions");
    }
    if (values_of(rows[r]).size() != width) {
      return base::Fail(
          kInlineColumns,
          base::Cat("Invalid inline table. Inline table expected ", width, " columns but found ",
                    values_of(rows[r]).size(), " columns in row ", r, "."));
    }
    for (int c = 0; c < width; ++c) {
      SOTERIA_ASSIGN_OR_RETURN(auto value, converter.Convert(values_of(rows[r])[c]));
      columns[static_cast<size_t>(c)].push_back(std::move(value));
    }
  }
  arrow::FieldVector fields;
  std::vector<std::shared_ptr<arrow::ChunkedArray>> arrays;
  for (size_t c = 0; c < columns.size(); ++c) {
    SOTERIA_RETURN_IF_ERROR(
        AddInlineColumn(base::Cat("col", c + 1), std::move(columns[c]), zone, &fields, &arrays));
  }
  return builder_.Local(
      arrow::Table::Make(arrow::schema(std::move(fields)), std::move(arrays), rows.size()));
}

/// The grouping expressions: ordinals and names of the outputs are what these compute.
base::StatusOr<std::vector<exec::NamedExpr>> RelationConverter::SqlKeys(
    const Expressions& keys, const Expressions& outputs, const plan::PlanPtr& input,
    const std::vector<exec::NamedExpr>& items) {
  plan::Scope scope(input);
  const auto by_name = [&](const Expression& part) -> base::StatusOr<std::optional<exec::ExprPtr>> {
    if (!part.has_unresolved_attribute()) return std::optional<exec::ExprPtr>();
    SOTERIA_ASSIGN_OR_RETURN(const auto parts,
                             NameParts(part.unresolved_attribute().unparsed_identifier()));
    if (parts.size() != 1 || scope.Resolve(parts).ok()) return std::optional<exec::ExprPtr>();
    for (const exec::NamedExpr& item : items) {
      if (item.name.has_value() && base::EqualIgnoringCase(*item.name, parts[0])) {
        return std::optional(item.expr);
      }
    }
    return std::optional<exec::ExprPtr>();
  };
  const ExpressionConverter converter = Over(
      scope, [&input]() -> base::StatusOr<std::shared_ptr<arrow::Schema>> { return input->schema; },
      by_name);
  std::vector<exec::NamedExpr> out;
  for (const Expression& key : keys) {
    if (key.has_unresolved_star()) {
      for (const exec::NamedExpr& item : items) {
        if (HasAggregate(*item.expr) || exec::HasWindow(*item.expr)) continue;
        out.push_back({std::nullopt, item.expr});
      }
      continue;
    }
    if (!key.literal().has_integer()) {
      SOTERIA_ASSIGN_OR_RETURN(auto expr, converter.Convert(key));
      out.push_back({std::nullopt, std::move(expr)});
      continue;
    }
    const int32_t position = key.literal().integer();
    if (std::any_of(outputs.begin(), outputs.end(), IsStar)) {
      return base::Fail(kStarPosition,
                        "Star (*) is not allowed in a select list when GROUP BY an ordinal "
                        "position is used.");
    }
    if (position < 1 || static_cast<size_t>(position) > items.size()) {
      return base::Fail(kGroupPosition, base::Cat("GROUP BY position ", position,
                                                  " is not in select list (valid range is [1, ",
                                                  items.size(), "])."));
    }
    const exec::NamedExpr& item = items[static_cast<size_t>(position) - 1];
    if (HasAggregate(*item.expr)) {
      return base::Fail(
          kGroupPositionAggregate,
          base::Cat("GROUP BY ", position, " refers to an expression ",
                    exec::PrettyName(*item.expr),
                    item.name.has_value() ? base::Cat(" AS ", *item.name) : "",
                    " that contains an aggregate function. Aggregate functions are not allowed in "
                    "GROUP BY."));
    }
    out.push_back({std::nullopt, item.expr});
  }
  return out;
}

RelationConverter::PlanOr RelationConverter::SqlAggregate(
    const spark::connect::Aggregate& aggregate) {
  Groups groups;
  groups.sql = true;
  SOTERIA_ASSIGN_OR_RETURN(groups.input, Resolve(aggregate.input()));
  SOTERIA_ASSIGN_OR_RETURN(groups.input,
                           WithTimeWindow(std::move(groups.input), ListsOf(aggregate)));
  plan::Scope scope(groups.input);
  const auto& outputs = aggregate.aggregate_expressions();
  SOTERIA_ASSIGN_OR_RETURN(SelectList list, Select(outputs, scope));
  const std::vector<exec::NamedExpr> items = ItemsToGroupBy(list);
  const auto resolve = [&](const Expressions& keys) {
    return SqlKeys(keys, outputs, groups.input, items);
  };
  SOTERIA_ASSIGN_OR_RETURN(
      groups.keys, resolve(aggregate.grouping_expressions(0).unresolved_function().arguments()));
  if (aggregate.group_type() != spark::connect::Aggregate::GROUP_TYPE_GROUPBY) {
    SOTERIA_ASSIGN_OR_RETURN(groups.sets, SetsOf(aggregate, &groups.keys, resolve));
  }
  if (const auto* window = TimeWindowOf(*groups.input);
      window != nullptr && window->session && groups.sets.has_value()) {
    return base::NotSupported("session_window() among grouping sets");
  }
  SOTERIA_RETURN_IF_ERROR(JoinSessions(&groups.input, &groups.keys, &list));
  groups.columns = list.columns;
  if (HasGenerator(list)) return GeneratedOfGroups(std::move(groups), std::move(list));
  groups.visible = groups.columns.size();
  return Remember(std::move(groups));
}

}  // namespace soteria::connect
