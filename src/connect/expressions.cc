#include "src/connect/expressions.h"

#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "spark/connect/expressions.pb.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/joined.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/aggregates.h"
#include "src/connect/column_regex.h"
#include "src/connect/literals.h"
#include "src/connect/named_arguments.h"
#include "src/connect/sql_expression.h"
#include "src/connect/sql_nodes.h"
#include "src/connect/tables.h"
#include "src/connect/time_operators.h"
#include "src/connect/time_windows.h"
#include "src/connect/typed_calls.h"
#include "src/connect/types.h"
#include "src/connect/unsupported.h"
#include "src/exec/catalogue.h"
#include "src/table/conditions.h"
#include "src/table/types.h"

namespace soteria::connect {
namespace {

using spark::connect::Expression;

/// Message depth; a little above exec's limit, whose error is the better one.
constexpr int kDepthMax = exec::kExprDepthMax + 1;

constexpr base::Condition kStar = {"INVALID_USAGE_OF_STAR_OR_REGEX",
                                   base::exception_class::kAnalysis, "42000",
                                   absl::StatusCode::kInvalidArgument};

constexpr base::Condition kFunctionSyntax = {"INVALID_SQL_SYNTAX.FUNCTION_WITH_UNSUPPORTED_SYNTAX",
                                             base::exception_class::kAnalysis, "42000",
                                             absl::StatusCode::kInvalidArgument};

constexpr base::Condition kMultiAlias = {"MULTI_ALIAS_WITHOUT_GENERATOR",
                                         base::exception_class::kAnalysis, "42K0E",
                                         absl::StatusCode::kInvalidArgument};

/// Spark has two spellings of some operators; exec has one.
std::string Canonical(const std::string& name) {
  if (name == "=") return "==";
  return base::Lower(name);
}

base::StatusOr<std::shared_ptr<arrow::DataType>> CastType(const Expression::Cast& cast) {
  if (cast.has_type_str()) return table::TypeFromDdl(cast.type_str());
  if (!cast.has_type()) return base::Fail(base::kAnalysis, "A cast without a type");
  SOTERIA_ASSIGN_OR_RETURN(auto field, FieldOf("", true, cast.type()));
  return field->type();
}

/// The call that a script means by a function's name.
exec::ExprPtr CallOf(const std::string& function, std::vector<exec::ExprPtr> args,
                     const arrow::Schema& schema) {
  if (function == "unix_timestamp" && args.empty()) {
    args.push_back(exec::Call("current_timestamp", {}));
  }
  if (function == "!=" || function == "<>") {
    return exec::Call("not", {exec::Call("==", std::move(args))});
  }
  // A field of a struct is another call.
  if (function == "extract" && args.size() == 2) {
    return exec::Call(std::string(exec::kExtractFrom), std::move(args));
  }
  if (function == "to_char" || function == "to_varchar") {
    return CallByType(function, std::move(args), schema);
  }
  return OperatorCall(function, std::move(args), schema);
}

/// child[key], or child.key
exec::ExprPtr ValueWithin(exec::ExprPtr child, exec::ExprPtr key, const arrow::Schema& schema) {
  // Only a map's value is printed in brackets under a text; a lambda's variable has no type yet.
  const bool text =
      key->kind == exec::Expr::Kind::kLiteral && key->literal->type->id() == arrow::Type::STRING;
  if (text) {
    const auto type = exec::TypeOf(*child, schema);
    if (type.ok() && (*type)->type()->id() == arrow::Type::MAP) {
      return exec::Call("[]", {std::move(child), std::move(key)});
    }
  }
  return exec::Call("extract", {std::move(child), std::move(key)});
}

/// Names that are calls without parentheses, unless a column has one of them.
constexpr std::string_view kClocks[] = {"current_date", "current_time", "current_timestamp",
                                        "current_user", "session_user", "user",
                                        "localtime"};

bool IsClock(const std::vector<std::string>& parts) {
  return parts.size() == 1 && std::find(std::begin(kClocks), std::end(kClocks),
                                        base::Lower(parts[0])) != std::end(kClocks);
}

/// "default.t.a" as "t.a": there is no other database that a table could be in.
std::vector<std::string> WithoutDatabase(std::vector<std::string> parts) {
  if (base::EqualIgnoringCase(parts[0], kCatalogName)) parts.erase(parts.begin());
  if (base::EqualIgnoringCase(parts[0], kDatabaseName)) parts.erase(parts.begin());
  return parts;
}

/// Rows of files, or of what keeps Spark's hidden columns of them.
bool ReadsFiles(const plan::Plan& plan) {
  const plan::Plan* node = &plan;
  while (std::holds_alternative<plan::FilterNode>(node->node) ||
         std::holds_alternative<plan::AliasNode>(node->node)) {
    node = node->input().get();
  }
  return std::holds_alternative<plan::ReadNode>(node->node);
}

std::optional<ColumnRegex> RegexOf(const Expression& expression) {
  if (!expression.has_unresolved_regex()) return std::nullopt;
  return ReadColumnRegex(expression.unresolved_regex().col_name());
}

base::Status RegexWithin(std::string_view pattern) {
  return base::Fail(
      kStar, base::Cat("Invalid usage of regular expression '", pattern, "' in an expression."));
}

}  // namespace

base::Status StarWithin() { return base::Fail(kStar, "Invalid usage of '*' in an expression."); }

base::Status CheckNoRegex(const ExpressionConverter::Expressions& expressions) {
  for (const Expression& expression : expressions) {
    if (const auto regex = RegexOf(expression); regex.has_value()) {
      return RegexWithin(regex->pattern);
    }
  }
  return base::OkStatus();
}

base::StatusOr<std::vector<exec::ExprPtr>> ExpressionConverter::Star(
    const Expression::UnresolvedStar& star) const {
  std::vector<std::string> qualifier;
  std::string target = star.unparsed_target();
  if (target.ends_with(".*")) target.resize(target.size() - 2);
  if (!target.empty() && target != "*") {
    SOTERIA_ASSIGN_OR_RETURN(qualifier, NameParts(target));
  }
  std::optional<int64_t> tag;
  if (star.has_plan_id()) tag = star.plan_id();
  return scope_.Star(qualifier, tag);
}

/// * EXCEPT (a, b)
base::StatusOr<std::vector<exec::ExprPtr>> ExpressionConverter::StarExcept(
    const Expressions& arguments) const {
  if (arguments.empty() || !arguments[0].has_unresolved_star()) {
    return base::Fail(base::kAnalysis, "An EXCEPT without a star");
  }
  SOTERIA_ASSIGN_OR_RETURN(auto columns, Star(arguments[0].unresolved_star()));
  for (int i = 1; i < arguments.size(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const exec::ExprPtr column, AtDepth(arguments[i], 1));
    if (!exec::IsInput(*column)) return base::NotSupported("EXCEPT of a field of a struct");
    std::erase_if(columns, [&](const exec::ExprPtr& its) {
      return exec::IsInput(*its) && its->ordinal == column->ordinal;
    });
  }
  return columns;
}

base::StatusOr<exec::ExprPtr> ExpressionConverter::Attribute(
    const Expression::UnresolvedAttribute& attribute) const {
  SOTERIA_ASSIGN_OR_RETURN(const auto parts, NameParts(attribute.unparsed_identifier()));
  std::optional<int64_t> tag;
  if (attribute.has_plan_id()) tag = attribute.plan_id();
  if (attribute.is_metadata_column()) return scope_.NoMetadata(parts);
  auto column = scope_.Resolve(parts, tag);
  if (base::Is(column.status(), base::kUnresolvedColumn) && parts.size() > 2) {
    if (auto known = scope_.Resolve(WithoutDatabase(parts), tag); known.ok()) return known;
  }
  if (column.ok() || !base::Is(column.status(), base::kUnresolvedColumn)) return column;
  if (base::EqualIgnoringCase(parts[0], "_metadata") && ReadsFiles(scope_.plan())) {
    return base::NotSupported("The hidden column _metadata of files");
  }
  if (!IsClock(parts)) return column;
  SOTERIA_RETURN_IF_ERROR(CheckFunction(parts[0]));
  return Function(base::Lower(parts[0]), Expressions(), false, 1);
}

/// The input's column, or where there is none that of the query around.
base::StatusOr<exec::ExprPtr> ExpressionConverter::ColumnOrOuter(
    const Expression& expression) const {
  auto column = Attribute(expression.unresolved_attribute());
  if (column.ok() || around_ == nullptr) return column;
  const bool none = base::Is(column.status(), base::kUnresolvedColumn) ||
                    base::Is(column.status(), table::kUnresolvedNoSuggestion) ||
                    base::Is(column.status(), plan::kNoDataFrameColumn);
  if (!none) return column;
  SOTERIA_ASSIGN_OR_RETURN(auto outer, around_->Outer(expression));
  return outer.has_value() ? *std::move(outer) : column;
}

base::StatusOr<exec::ExprPtr> ExpressionConverter::Subquery(
    const spark::connect::SubqueryExpression& subquery, int depth) const {
  if (around_ == nullptr || rows_ == nullptr) {
    return base::NotSupported("A subquery in this place", "withColumn before it");
  }
  std::vector<exec::ExprPtr> values;
  for (const Expression& value : subquery.in_subquery_values()) {
    SOTERIA_ASSIGN_OR_RETURN(values.emplace_back(), AtDepth(value, depth + 1));
  }
  return around_->Subquery(subquery, std::move(values), *this);
}

base::StatusOr<exec::ExprPtr> ExpressionConverter::Call(const Expression::UnresolvedFunction& call,
                                                        int depth) const {
  const std::string& name = call.function_name();
  if (call.is_internal() && name == kSqlFilter) return Filtered(call.arguments(), depth);
  if (call.is_internal() && name == kSqlTuple) {
    return Struct("named_struct", call.arguments(), depth);
  }
  if (call.is_internal() && name == kSqlCasts && call.arguments_size() == 1) {
    return AtDepth(call.arguments(0), depth + 1);
  }
  const bool syntax = call.is_internal() && exec::IsSyntax(name);
  if (!syntax) SOTERIA_RETURN_IF_ERROR(CheckFunction(name));
  return Function(name, call.arguments(), call.is_distinct(), depth);
}

/// An aggregate of the rows where the condition holds.
base::StatusOr<exec::ExprPtr> ExpressionConverter::Filtered(const Expressions& parts,
                                                            int depth) const {
  if (parts.size() != 2 || !parts[0].has_unresolved_function()) {
    return base::Fail(base::kAnalysis, "A FILTER of what is no call");
  }
  const std::string& name = parts[0].unresolved_function().function_name();
  SOTERIA_RETURN_IF_ERROR(CheckFunction(name));
  if (exec::KindOfFunction(name) != exec::FunctionKind::kAggregate) {
    return base::Fail(kFunctionSyntax,
                      base::Cat("Invalid SQL syntax: The function `", base::Lower(name),
                                "` does not support FILTER CLAUSE."));
  }
  // What the call means of groups it doesn't mean here.
  SOTERIA_ASSIGN_OR_RETURN(const exec::ExprPtr call, Node(parts[0], depth + 1));
  SOTERIA_ASSIGN_OR_RETURN(exec::ExprPtr condition, AtDepth(parts[1], depth + 1));
  SOTERIA_RETURN_IF_ERROR(CheckAggregateFilter(*condition));
  return exec::Filtered(call, std::move(condition));
}

void ExpressionConverter::AddOptions(std::string_view function,
                                     std::vector<exec::ExprPtr>* args) const {
  const ExpressionSettings defaults;
  const bool writes = function == "to_json";
  const bool reads = function == "from_json" || function == "from_csv";
  const bool same = writes ? settings_.ignore_null_fields
                           : !reads || settings_.corrupt_column == defaults.corrupt_column;
  const size_t at = writes ? 1 : 2;
  if (same || args->size() < at || args->size() > at + 1) return;
  std::vector<exec::ExprPtr> options;
  if (args->size() > at) {
    const exec::Expr& given = *args->back();
    if (given.kind != exec::Expr::Kind::kCall || given.name != "map") return;
    options = given.args;
  }
  const std::string_view key = writes ? "ignoreNullFields" : "columnNameOfCorruptRecord";
  for (size_t i = 0; i < options.size(); i += 2) {
    const exec::Expr& option = *options[i];
    const bool text = option.kind == exec::Expr::Kind::kLiteral &&
                      option.literal->type->id() == arrow::Type::STRING && option.literal->is_valid;
    if (text && base::EqualIgnoringCase(
                    static_cast<const arrow::StringScalar&>(*option.literal).view(), key)) {
      return;
    }
  }
  options.push_back(exec::Literal(key));
  options.push_back(exec::Literal(writes ? std::string_view("false")
                                         : std::string_view(settings_.corrupt_column)));
  args->resize(at);
  args->push_back(exec::Call("map", std::move(options)));
}

base::StatusOr<exec::ExprPtr> ExpressionConverter::Function(const std::string& name,
                                                            const Expressions& arguments,
                                                            bool distinct, int depth) const {
  if (HasNamed(arguments)) {
    SOTERIA_ASSIGN_OR_RETURN(const Expressions placed, ByPlace(name, arguments));
    if (!HasNamed(placed)) return Function(name, placed, distinct, depth);
  }
  const std::string function = Canonical(name);
  if (exec::KindOfFunction(function) == exec::FunctionKind::kTimeWindow) {
    return base::NotSupported(base::Cat(function, "() in this place"), "withColumn before it");
  }
  if (distinct && exec::KindOfFunction(function) != exec::FunctionKind::kAggregate) {
    return base::NotSupported(base::Cat("The function ", name, "() of distinct values"));
  }
  if (function == "struct") return Struct(exec::kStructOf, arguments, depth);
  std::vector<exec::ExprPtr> args;
  for (const Expression& argument : arguments) {
    if (const auto regex = RegexOf(argument); regex.has_value()) {
      SOTERIA_ASSIGN_OR_RETURN(const auto columns, MatchingColumns(scope_.plan(), *regex));
      args.insert(args.end(), columns.begin(), columns.end());
      continue;
    }
    if (argument.has_unresolved_star()) {
      SOTERIA_ASSIGN_OR_RETURN(auto columns, Star(argument.unresolved_star()));
      if (function == "count" && arguments.size() == 1 && !distinct) {
        args.push_back(exec::Literal(int32_t{1}));
      } else {
        args.insert(args.end(), columns.begin(), columns.end());
      }
      continue;
    }
    SOTERIA_ASSIGN_OR_RETURN(exec::ExprPtr arg, AtDepth(argument, depth + 1));
    args.push_back(std::move(arg));
  }
  AddOptions(function, &args);
  if (distinct) return exec::DistinctCall(function, std::move(args));
  const bool lambdas = std::any_of(args.begin(), args.end(), [](const exec::ExprPtr& arg) {
    return arg->kind == exec::Expr::Kind::kLambda && exec::CallsWithin(*arg, "extract");
  });
  const arrow::Schema& schema = *scope_.plan().schema;
  if (function == "window_time" && args.size() == 1) {
    SOTERIA_RETURN_IF_ERROR(CheckWindowColumn(args[0], schema));
  }
  const exec::ExprPtr call = CallOf(function, std::move(args), schema);
  return lambdas ? exec::WithMapValues(call, schema) : call;
}

namespace {

base::StatusOr<std::string> VariableName(
    const Expression::UnresolvedNamedLambdaVariable& variable) {
  if (variable.name_parts_size() != 1) {
    return base::NotSupported("A field of a lambda's variable by its name");
  }
  return variable.name_parts(0);
}

}  // namespace

base::StatusOr<exec::ExprPtr> ExpressionConverter::Lambda(const Expression::LambdaFunction& lambda,
                                                          int depth) const {
  std::vector<std::string> names;
  for (const auto& variable : lambda.arguments()) {
    SOTERIA_ASSIGN_OR_RETURN(names.emplace_back(), VariableName(variable));
  }
  SOTERIA_ASSIGN_OR_RETURN(exec::ExprPtr body, AtDepth(lambda.function(), depth + 1));
  return exec::Lambda(std::move(body), std::move(names));
}

/// struct(a.alias("b"), c): the fields are b and c; (a AS b, c) is the same, under another name.
base::StatusOr<exec::ExprPtr> ExpressionConverter::Struct(std::string_view function,
                                                          const Expressions& arguments,
                                                          int depth) const {
  if (arguments.empty()) return exec::Call("struct", {});
  std::vector<exec::ExprPtr> args;
  const auto add = [&args](std::string_view name, exec::ExprPtr value) {
    args.push_back(exec::Literal(name));
    args.push_back(std::move(value));
  };
  int place = 0;  // as it is written: a star has one
  for (const Expression& argument : arguments) {
    ++place;
    if (argument.has_unresolved_star()) {
      SOTERIA_ASSIGN_OR_RETURN(auto columns, Star(argument.unresolved_star()));
      for (auto& column : columns) add(exec::AutoName(*column), column);
      continue;
    }
    if (const auto regex = RegexOf(argument); regex.has_value()) {
      SOTERIA_ASSIGN_OR_RETURN(const auto columns, MatchingColumns(scope_.plan(), *regex));
      for (const auto& column : columns) add(exec::AutoName(*column), column);
      continue;
    }
    SOTERIA_ASSIGN_OR_RETURN(exec::ExprPtr value, AtDepth(argument, depth + 1));
    if (argument.has_alias()) {
      if (argument.alias().name_size() != 1) {
        return base::NotSupported("An alias of several names");
      }
      const std::string& name = argument.alias().name(0);
      add(name, exec::Call(std::string(exec::kAliasOf),
                           {std::move(value), exec::Literal(std::string_view(name))}));
    } else if (value->kind == exec::Expr::Kind::kColumn) {
      add(exec::AutoName(*value), value);
    } else if (value->kind == exec::Expr::Kind::kVariable) {
      add(value->name, value);
    } else {
      add(base::Cat("col", place), std::move(value));
    }
  }
  return exec::Call(std::string(function), std::move(args));
}

/// The field "a.b" is b of the struct's field a.
base::StatusOr<exec::ExprPtr> ExpressionConverter::UpdateFields(
    const Expression::UpdateFields& update, int depth) const {
  std::vector<std::string> parts = {""};
  if (!update.field_name().empty()) {
    SOTERIA_ASSIGN_OR_RETURN(parts, ParseSqlName(update.field_name()));
  }
  if (parts.size() > static_cast<size_t>(kDepthMax)) {
    return base::Fail(base::kAnalysis, "The expression is nested too deeply");
  }
  std::vector<exec::ExprPtr> args;
  SOTERIA_ASSIGN_OR_RETURN(args.emplace_back(), AtDepth(update.struct_expression(), depth + 1));
  for (const std::string& part : parts) args.push_back(exec::Literal(std::string_view(part)));
  if (!update.has_value_expression()) {
    return exec::Call(std::string(exec::kDropField), std::move(args));
  }
  SOTERIA_ASSIGN_OR_RETURN(args.emplace_back(), AtDepth(update.value_expression(), depth + 1));
  return exec::Call(std::string(exec::kWithField), std::move(args));
}

base::StatusOr<exec::ExprPtr> ExpressionConverter::AtDepth(const Expression& expression,
                                                           int depth) const {
  if (depth > kDepthMax) {
    return base::Fail(base::kAnalysis, "The expression is nested too deeply");
  }
  if (meaning_ == nullptr) return Node(expression, depth);
  SOTERIA_ASSIGN_OR_RETURN(auto meaning, meaning_(expression));
  return meaning.has_value() ? *std::move(meaning) : Node(expression, depth);
}

base::StatusOr<exec::ExprPtr> ExpressionConverter::Node(const Expression& expression,
                                                        int depth) const {
  switch (expression.expr_type_case()) {
    case Expression::kLiteral:
      return ToLiteralExpr(expression.literal());
    case Expression::kUnresolvedAttribute:
      return ColumnOrOuter(expression);
    case Expression::kSubqueryExpression:
      return Subquery(expression.subquery_expression(), depth);
    case Expression::kUnresolvedFunction:
      return Call(expression.unresolved_function(), depth);
    case Expression::kCallFunction:
      SOTERIA_RETURN_IF_ERROR(CheckFunction(expression.call_function().function_name()));
      return Function(expression.call_function().function_name(),
                      expression.call_function().arguments(), false, depth);
    case Expression::kLambdaFunction:
      return Lambda(expression.lambda_function(), depth);
    case Expression::kWindow:
      return Window(expression.window(), depth);
    case Expression::kUnresolvedNamedLambdaVariable: {
      SOTERIA_ASSIGN_OR_RETURN(const std::string name,
                               VariableName(expression.unresolved_named_lambda_variable()));
      return exec::Variable(name);
    }
    case Expression::kExpressionString: {
      SOTERIA_ASSIGN_OR_RETURN(const ExpressionPtr parsed,
                               ParseSqlItem(expression.expression_string().expression(), zone_));
      return AtDepth(*parsed, depth + 1);  // an alias in it names nothing here
    }
    case Expression::kAlias:
      return AtDepth(expression.alias().expr(), depth + 1);
    case Expression::kCast: {
      SOTERIA_ASSIGN_OR_RETURN(auto operand, AtDepth(expression.cast().expr(), depth + 1));
      SOTERIA_ASSIGN_OR_RETURN(auto type, CastType(expression.cast()));
      if (expression.cast().eval_mode() == Expression::Cast::EVAL_MODE_TRY) {
        return exec::TryCast(std::move(operand), std::move(type));
      }
      return exec::Cast(std::move(operand), std::move(type));
    }
    case Expression::kUnresolvedExtractValue: {
      const auto& extract = expression.unresolved_extract_value();
      SOTERIA_ASSIGN_OR_RETURN(auto child, AtDepth(extract.child(), depth + 1));
      SOTERIA_ASSIGN_OR_RETURN(auto key, AtDepth(extract.extraction(), depth + 1));
      return ValueWithin(std::move(child), std::move(key), *scope_.plan().schema);
    }
    case Expression::kUpdateFields:
      return UpdateFields(expression.update_fields(), depth);
    case Expression::kCommonInlineUserDefinedFunction: {
      const auto& function = expression.common_inline_user_defined_function();
      if (function.has_python_udf()) return RefusePython(function.function_name());
      return base::NotSupported(base::Cat("The user-defined function ", function.function_name()));
    }
    case Expression::kUnresolvedStar:
      return StarWithin();
    case Expression::kUnresolvedRegex: {
      const auto regex = RegexOf(expression);
      if (regex.has_value()) return RegexWithin(regex->pattern);
      Expression::UnresolvedAttribute attribute;
      attribute.set_unparsed_identifier(expression.unresolved_regex().col_name());
      if (expression.unresolved_regex().has_plan_id()) {
        attribute.set_plan_id(expression.unresolved_regex().plan_id());
      }
      return Attribute(attribute);
    }
    default:
      return RefuseExpression(expression);
  }
}

base::StatusOr<exec::ExprPtr> ExpressionConverter::Convert(const Expression& expression) const {
  return Whole(expression, 0);
}

base::StatusOr<exec::ExprPtr> ExpressionConverter::Whole(const Expression& expression,
                                                         int depth) const {
  SOTERIA_ASSIGN_OR_RETURN(const exec::ExprPtr expr, AtDepth(expression, depth));
  return exec::InZone(expr, zone_);
}

base::Status ExpressionConverter::SeveralNames(const Expression::Alias& alias) const {
  SOTERIA_ASSIGN_OR_RETURN(const exec::ExprPtr expr, Whole(alias.expr(), 1));
  return base::Fail(kMultiAlias, base::Cat("Multi part aliasing (", base::Joined(alias.name()),
                                           ") is not supported with ", exec::PrettyName(*expr),
                                           " as it is not a generator function."));
}

base::StatusOr<exec::NamedExpr> ExpressionConverter::ConvertAlias(
    const Expression::Alias& alias) const {
  if (alias.name_size() != 1) return SeveralNames(alias);
  if (!alias.metadata().empty()) SOTERIA_RETURN_IF_ERROR(table::CheckMetadata(alias.metadata()));
  SOTERIA_ASSIGN_OR_RETURN(exec::ExprPtr expr, Whole(alias.expr(), 1));
  return exec::NamedExpr{alias.name(0), std::move(expr),
                         alias.has_metadata() ? alias.metadata() : ""};
}

base::Status ExpressionConverter::Append(const Expression& expression,
                                         std::vector<exec::NamedExpr>* out) const {
  switch (expression.expr_type_case()) {
    case Expression::kAlias: {
      SOTERIA_ASSIGN_OR_RETURN(auto named, ConvertAlias(expression.alias()));
      out->push_back(std::move(named));
      return base::OkStatus();
    }
    case Expression::kUnresolvedStar: {
      SOTERIA_ASSIGN_OR_RETURN(auto columns, Star(expression.unresolved_star()));
      for (auto& column : columns) out->push_back({std::nullopt, std::move(column)});
      return base::OkStatus();
    }
    case Expression::kExpressionString: {
      SOTERIA_ASSIGN_OR_RETURN(const ExpressionPtr parsed,
                               ParseSqlItem(expression.expression_string().expression(), zone_));
      return Append(*parsed, out);
    }
    case Expression::kUnresolvedRegex: {
      const auto regex = RegexOf(expression);
      if (!regex.has_value()) {
        SOTERIA_ASSIGN_OR_RETURN(exec::ExprPtr column, Whole(expression, 0));
        out->push_back({std::nullopt, std::move(column)});
        return base::OkStatus();
      }
      SOTERIA_ASSIGN_OR_RETURN(auto columns, MatchingColumns(scope_.plan(), *regex));
      for (auto& column : columns) out->push_back({std::nullopt, std::move(column)});
      return base::OkStatus();
    }
    default: {
      if (IsInternal(expression, kSqlStarExcept)) {
        SOTERIA_ASSIGN_OR_RETURN(auto columns,
                                 StarExcept(expression.unresolved_function().arguments()));
        for (auto& column : columns) out->push_back({std::nullopt, std::move(column)});
        return base::OkStatus();
      }
      SOTERIA_ASSIGN_OR_RETURN(exec::ExprPtr expr, Whole(expression, 0));
      std::optional<std::string> name;
      if (IsInternal(expression, kSqlCasts)) name = exec::PrettyName(*expr);
      out->push_back({std::move(name), std::move(expr)});
      return base::OkStatus();
    }
  }
}

base::StatusOr<std::vector<exec::NamedExpr>> ExpressionConverter::ConvertAll(
    const Expressions& expressions) const {
  if (expressions.size() > kProjectionMax) {
    return base::Fail(base::kAnalysis, "Too many expressions in one projection");
  }
  std::vector<exec::NamedExpr> out;
  for (const Expression& expression : expressions) {
    SOTERIA_RETURN_IF_ERROR(Add(expression, &out));
  }
  return out;
}

base::Status ExpressionConverter::Add(const Expression& expression,
                                      std::vector<exec::NamedExpr>* out) const {
  SOTERIA_RETURN_IF_ERROR(Append(expression, out));
  if (!out->empty() && out->back().name.has_value()) scope_.Define(*out->back().name);
  return base::OkStatus();
}

}  // namespace soteria::connect
