// Generators: select lists with one, LATERAL VIEW, and tables that functions make.
#include <arrow/array.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
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
#include "src/connect/expressions.h"
#include "src/connect/relations.h"
#include "src/connect/select_list.h"
#include "src/connect/sql_expression.h"
#include "src/connect/sql_nodes.h"
#include "src/connect/windows.h"
#include "src/exec/catalogue.h"
#include "src/exec/constant.h"
#include "src/exec/functions.h"
#include "src/exec/generate.h"
#include "src/exec/join.h"
#include "src/exec/window_expression.h"
#include "src/plan/decorrelate.h"
#include "src/plan/scope.h"

namespace soteria::connect {
namespace {

using spark::connect::Expression;

constexpr base::Condition kNested = {"UNSUPPORTED_GENERATOR.NESTED_IN_EXPRESSIONS",
                                     base::exception_class::kAnalysis, "42K0E",
                                     absl::StatusCode::kInvalidArgument};
constexpr base::Condition kNoGenerator = {"UNSUPPORTED_GENERATOR.NOT_GENERATOR",
                                          base::exception_class::kAnalysis, "42K0E",
                                          absl::StatusCode::kInvalidArgument};
constexpr base::Condition kNoTableFunction = {"UNRESOLVABLE_TABLE_VALUED_FUNCTION",
                                              base::exception_class::kAnalysis, "42883",
                                              absl::StatusCode::kInvalidArgument};

/// Table functions of Spark's that aren't here.
constexpr std::string_view kOtherTableFunctions[] = {"collations",         "parse_url_all",
                                                     "python_worker_logs", "sql_keywords",
                                                     "variant_explode",    "variant_explode_outer"};

base::Status CheckNested(const exec::Expr& whole, const exec::Expr& inside) {
  if (exec::FindGenerator(inside) == nullptr) return base::OkStatus();
  return base::Fail(kNested, base::Cat("The generator is not supported: nested in expressions \"",
                                       exec::PrettyName(whole), "\"."));
}

/// A generator's arguments have none, nor has anything else of the list; and there is one only.
base::Status CheckList(const SelectList& list) {
  for (const exec::NamedExpr& column : list.columns) {
    SOTERIA_RETURN_IF_ERROR(CheckNested(*column.expr, *column.expr));
  }
  for (const GeneratorItem& item : list.generators) {
    for (const exec::ExprPtr& arg : item.call->args) {
      SOTERIA_RETURN_IF_ERROR(CheckNested(*item.call, *arg));
    }
  }
  return base::OkStatus();
}

base::Status NoMetadata() { return base::NotSupported("Metadata of a generator's column"); }

/// The call of a generator that the expression is but for its aliases; the outermost one's names.
base::StatusOr<const Expression*> GeneratorIn(
    const Expression& expression, const std::string& zone,
    const google::protobuf::RepeatedPtrField<std::string>** names, ExpressionPtr* parsed) {
  const Expression* inner = &expression;
  while (inner->has_alias()) {
    if (*names == nullptr) *names = &inner->alias().name();
    inner = &inner->alias().expr();
  }
  if (inner->has_expression_string()) {
    SOTERIA_ASSIGN_OR_RETURN(*parsed, ParseSqlItem(inner->expression_string().expression(), zone));
    inner = parsed->get();
    while (inner->has_alias()) inner = &inner->alias().expr();
  }
  std::string_view function;
  if (inner->has_unresolved_function()) function = inner->unresolved_function().function_name();
  if (inner->has_call_function()) function = inner->call_function().function_name();
  return exec::IsGenerator(function) ? inner : nullptr;
}

template <class F>
void ForExprs(SelectList& list, F f) {
  for (exec::NamedExpr& column : list.columns) f(column.expr);
  for (GeneratorItem& item : list.generators) f(item.call);
}

/// Appends the arguments that the groups below a generator compute, and gives their places: a
/// constant stays one, as stack() asks for.
std::vector<size_t> AddArguments(const exec::Generator& generator,
                                 std::vector<exec::NamedExpr>* columns) {
  std::vector<size_t> places;
  for (size_t i = 0; i < generator.args.size(); ++i) {
    if (IsFoldable(*generator.args[i])) continue;
    places.push_back(i);
    columns->push_back({base::Cat("_gen_input_", i), generator.args[i]});
  }
  return places;
}

/// The columns of `plan` at these places, as they are.
std::vector<exec::NamedExpr> ColumnsAt(const plan::Plan& plan, size_t from, size_t count) {
  std::vector<exec::NamedExpr> columns;
  for (size_t i = from; i < from + count; ++i) {
    columns.push_back({std::nullopt, plan::ColumnAt(plan, static_cast<int>(i))});
  }
  return columns;
}

}  // namespace

bool HasGenerator(const SelectList& list) {
  return !list.generators.empty() ||
         std::any_of(list.columns.begin(), list.columns.end(), [](const exec::NamedExpr& column) {
           return exec::FindGenerator(*column.expr) != nullptr;
         });
}

bool IsFoldable(const exec::Expr& expr) {
  using Kind = exec::Expr::Kind;
  if (expr.kind == Kind::kLiteral) return true;
  if (expr.kind != Kind::kCall && expr.kind != Kind::kCast && expr.kind != Kind::kTryCast) {
    return false;
  }
  const bool subquery = expr.kind == Kind::kCall && expr.ordinal >= 0;
  if (subquery || exec::IsNondeterministic(expr) || HasAggregate(expr) || exec::HasWindow(expr) ||
      plan::IsReference(expr)) {
    return false;
  }
  return std::all_of(expr.args.begin(), expr.args.end(),
                     [](const exec::ExprPtr& arg) { return IsFoldable(*arg); });
}

base::StatusOr<SelectList> ListOf(std::vector<exec::NamedExpr> columns) {
  SelectList list;
  for (exec::NamedExpr& column : columns) {
    if (exec::FindGenerator(*column.expr) != column.expr.get()) {
      list.columns.push_back(std::move(column));
      continue;
    }
    if (!column.metadata.empty()) return NoMetadata();
    list.generators.push_back({list.columns.size(), column.expr, {NameOf(column)}});
  }
  return list;
}

base::Status AddToList(const Expression& expression, const ExpressionConverter& converter,
                       const std::string& zone, SelectList* out) {
  if (expression.has_expression_string()) {
    SOTERIA_ASSIGN_OR_RETURN(const ExpressionPtr parsed,
                             ParseSqlItem(expression.expression_string().expression(), zone));
    if (parsed->has_expression_string()) return base::Fail(base::kAnalysis, "A text of a text");
    return AddToList(*parsed, converter, zone, out);
  }
  const google::protobuf::RepeatedPtrField<std::string>* names = nullptr;
  ExpressionPtr parsed;
  SOTERIA_ASSIGN_OR_RETURN(const Expression* generator,
                           GeneratorIn(expression, zone, &names, &parsed));
  if (generator == nullptr) return converter.Add(expression, &out->columns);
  for (const Expression* alias = &expression; alias->has_alias(); alias = &alias->alias().expr()) {
    if (!alias->alias().metadata().empty()) return NoMetadata();
  }
  GeneratorItem item;
  item.at = out->columns.size();
  SOTERIA_ASSIGN_OR_RETURN(item.call, converter.Convert(*generator));
  if (names != nullptr) item.names.assign(names->begin(), names->end());
  for (const std::string& name : item.names) converter.Define(name);
  out->generators.push_back(std::move(item));
  return base::OkStatus();
}

base::StatusOr<SelectList> RelationConverter::Select(const Expressions& expressions,
                                                     plan::Scope& scope) {
  if (expressions.size() > kProjectionMax) {
    return base::Fail(base::kAnalysis, "Too many expressions in one projection");
  }
  const std::string zone = state_.config().Zone();
  const ExpressionConverter converter = OverWithSubqueries(scope);
  SelectList list;
  for (const Expression& expression : expressions) {
    SOTERIA_RETURN_IF_ERROR(AddToList(expression, converter, zone, &list));
  }
  return list;
}

/// The list over the input; aggregates below the generator, and groups by `keys`, which come first.
/// Windows and subqueries of other columns are over the rows that the generators make, but over
/// groups where there are any.
RelationConverter::PlanOr RelationConverter::Generated(plan::PlanPtr input, SelectList list,
                                                       std::vector<exec::NamedExpr> keys,
                                                       bool groups) {
  SOTERIA_RETURN_IF_ERROR(CheckList(list));
  if (list.generators.empty()) return ProjectRows(std::move(input), std::move(list.columns));
  GeneratorItem item = std::move(list.generators.front());
  list.generators.erase(list.generators.begin());
  SOTERIA_ASSIGN_OR_RETURN(exec::Generator generator, exec::GeneratorOf(*item.call));
  const auto aggregates = [](const exec::NamedExpr& column) { return HasAggregate(*column.expr); };
  groups = groups || HasAggregate(*item.call) ||
           std::any_of(list.columns.begin(), list.columns.end(), aggregates);
  if (groups && !list.generators.empty()) {
    return base::NotSupported("Several generators over groups", "one select for each");
  }
  if (groups) {
    const size_t given = keys.size() + list.columns.size();
    std::vector<exec::NamedExpr> columns = std::move(list.columns);
    const std::vector<size_t> below = AddArguments(generator, &columns);
    item.at += keys.size();
    SOTERIA_ASSIGN_OR_RETURN(
        input, AggregateColumns(std::move(input), std::move(columns), std::move(keys)));
    list.columns = ColumnsAt(*input, 0, given);
    for (size_t i = 0; i < below.size(); ++i) {
      generator.args[below[i]] = plan::ColumnAt(*input, static_cast<int>(given + i));
    }
  }
  for (exec::ExprPtr& arg : generator.args) {
    if (exec::HasWindow(*arg)) {
      return base::NotSupported("A window function in a generator", "a select before it");
    }
    SOTERIA_RETURN_IF_ERROR(ApplySubqueries(&input, &arg));
  }
  std::set<int> used;
  ForExprs(list, [&](exec::ExprPtr& expr) {
    for (const int place : exec::PlacesOf(*expr)) used.insert(place);
  });
  const std::vector<int> kept(used.begin(), used.end());
  SOTERIA_ASSIGN_OR_RETURN(auto made, builder_.Generate(std::move(input), std::move(generator),
                                                        kept, std::move(item.names)));
  ForExprs(list, [&](exec::ExprPtr& expr) { expr = exec::OverKept(expr, kept); });
  const size_t of_generator = made->columns.size() - kept.size();
  std::vector<exec::NamedExpr> its = ColumnsAt(*made, kept.size(), of_generator);
  list.columns.insert(list.columns.begin() + static_cast<std::ptrdiff_t>(item.at), its.begin(),
                      its.end());
  // Each row of the first one's meets every row of the next one's.
  for (GeneratorItem& next : list.generators) next.at += of_generator;
  return Generated(std::move(made), std::move(list), {}, false);
}

/// SELECT explode(collect_list(a)) ... GROUP BY: keys are in the output where the list names them.
RelationConverter::PlanOr RelationConverter::GeneratedOfGroups(Groups groups, SelectList list) {
  SOTERIA_RETURN_IF_ERROR(CheckList(list));
  if (list.generators.size() != 1) {
    return base::NotSupported("Several generators over groups", "one select for each");
  }
  GeneratorItem& item = list.generators.front();
  SOTERIA_ASSIGN_OR_RETURN(const exec::Generator generator, exec::GeneratorOf(*item.call));
  const size_t given = groups.columns.size();
  const std::vector<size_t> below = AddArguments(generator, &groups.columns);
  SOTERIA_ASSIGN_OR_RETURN(auto plan, WideGroups(groups));
  std::vector<exec::ExprPtr> args = generator.args;
  for (size_t i = 0; i < below.size(); ++i) {
    args[below[i]] = plan::ColumnAt(*plan, static_cast<int>(given + i));
  }
  item.call = exec::Call(item.call->name, std::move(args));
  list.columns = ColumnsAt(*plan, 0, given);
  return Generated(std::move(plan), std::move(list), {}, false);
}

/// LATERAL VIEW: sql_nodes.h.
RelationConverter::PlanOr RelationConverter::LateralView(const spark::connect::Project& project) {
  const auto& arguments = project.expressions(0).unresolved_function().arguments();
  if (arguments.size() < 3 || !project.has_input()) {
    return base::Fail(base::kAnalysis, "A LATERAL VIEW without its parts");
  }
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(project.input()));
  plan::Scope scope(input);
  SOTERIA_ASSIGN_OR_RETURN(const exec::ExprPtr call, Over(scope).Convert(arguments[0]));
  if (call->kind != exec::Expr::Kind::kCall || !exec::IsGenerator(call->name)) {
    return base::Fail(
        kNoGenerator,
        base::Cat("The generator is not supported: ", exec::PrettyName(*call),
                  " is expected to be a generator. However, its class is another, which is not a "
                  "generator."));
  }
  for (const exec::ExprPtr& arg : call->args) SOTERIA_RETURN_IF_ERROR(CheckNested(*call, *arg));
  SOTERIA_RETURN_IF_ERROR(CheckOfOneRow(*call, "Generate"));
  SOTERIA_ASSIGN_OR_RETURN(exec::Generator generator, exec::GeneratorOf(*call));
  if (arguments[1].literal().boolean()) {
    if (generator.kind == exec::Generator::Kind::kStack) {
      return base::NotSupported("LATERAL VIEW OUTER stack()", "LATERAL VIEW stack()");
    }
    generator.outer = true;
  }
  std::vector<std::string> names;
  for (int i = 3; i < arguments.size(); ++i) names.push_back(arguments[i].literal().string());
  std::vector<int> kept;
  for (int i = 0; i < input->schema->num_fields(); ++i) kept.push_back(i);
  return builder_.Generate(std::move(input), std::move(generator), std::move(kept),
                           std::move(names), base::Lower(arguments[2].literal().string()));
}

RelationConverter::PlanOr RelationConverter::TableFunction(
    const spark::connect::UnresolvedTableValuedFunction& function) {
  const std::string name = base::Lower(function.function_name());
  if (name == "range") return RangeOf(function.arguments());
  if (std::find(std::begin(kOtherTableFunctions), std::end(kOtherTableFunctions), name) !=
      std::end(kOtherTableFunctions)) {
    return base::NotSupported(base::Cat("The table function ", name, "()"));
  }
  if (!exec::IsGenerator(name)) {
    return base::Fail(
        kNoTableFunction,
        base::Cat("Could not resolve `", name,
                  "` to a table-valued function. Please make sure that `", name,
                  "` is defined as a table-valued function and that all required parameters are "
                  "provided correctly. If `",
                  name,
                  "` is not defined, please create the table-valued function before using it. For "
                  "more information about defining table-valued functions, please refer to the "
                  "Apache Spark documentation."));
  }
  Expression call;
  call.mutable_unresolved_function()->set_function_name(name);
  *call.mutable_unresolved_function()->mutable_arguments() = function.arguments();
  SOTERIA_ASSIGN_OR_RETURN(auto input, OneRow());
  plan::Scope scope(input);
  SelectList list;
  const std::string zone = state_.config().Zone();
  SOTERIA_RETURN_IF_ERROR(AddToList(call, Over(scope), zone, &list));
  for (const GeneratorItem& item : list.generators) {
    SOTERIA_RETURN_IF_ERROR(CheckOfOneRow(*item.call, "Generate"));
  }
  return Generated(std::move(input), std::move(list), {}, false);
}

/// range(end), range(start, end [, step [, partitions]]) of constants.
RelationConverter::PlanOr RelationConverter::RangeOf(const Expressions& arguments) {
  SOTERIA_ASSIGN_OR_RETURN(const auto nothing, OneRow());
  plan::Scope scope(nothing);
  const ExpressionConverter converter(scope, state_.config().ForExpressions());
  std::vector<int64_t> numbers;
  if (arguments.empty() || arguments.size() > 4) {
    return exec::WrongNumberOfArguments("range", 1, 4, arguments.size());
  }
  for (const Expression& argument : arguments) {
    SOTERIA_ASSIGN_OR_RETURN(const exec::ExprPtr expr, converter.Convert(argument));
    SOTERIA_ASSIGN_OR_RETURN(const auto field, exec::TypeOf(*expr, *nothing->schema));
    const auto id = field->type()->id();
    if (exec::IsNondeterministic(*expr) || !arrow::is_integer(id)) {
      return base::NotSupported("range() of other than whole numbers", "whole numbers");
    }
    SOTERIA_ASSIGN_OR_RETURN(const auto number,
                             exec::ConstantValue(*exec::Cast(expr, arrow::int64())));
    if (number->IsNull(0)) return base::NotSupported("range() of null", "whole numbers");
    numbers.push_back(static_cast<const arrow::Int64Array&>(*number).Value(0));
  }
  const bool from = numbers.size() > 1;
  const int64_t partitions = numbers.size() > 3 ? numbers[3] : 0;
  if (numbers.size() > 3 && (partitions < 1 || partitions > std::numeric_limits<int32_t>::max())) {
    return base::NotSupported("range() in so many partitions");
  }
  return builder_.Range(from ? numbers[0] : 0, from ? numbers[1] : numbers[0],
                        numbers.size() > 2 ? numbers[2] : 1, partitions);
}

}  // namespace soteria::connect
