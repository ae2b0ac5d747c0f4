#include "src/connect/expressions.h"

#include <arrow/type.h>

#include <algorithm>
#include <utility>

#include "spark/connect/expressions.pb.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/connect/errors.h"
#include "src/connect/literals.h"
#include "src/connect/types.h"
#include "src/table/types.h"

namespace soteria::connect {
namespace {

using spark::connect::Expression;

/// Message depth; a little above exec's limit, whose error is the better one.
constexpr int kDepthMax = exec::kExprDepthMax + 1;

std::string NodeName(const Expression& expression) {
  const auto* field = Expression::descriptor()->FindFieldByNumber(expression.expr_type_case());
  return field == nullptr ? "(none)" : field->name();
}

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

}  // namespace

NameResolver ExpressionConverter::Resolver() const {
  return [this](std::vector<std::string> parts) { return Name(std::move(parts)); };
}

base::StatusOr<exec::ExprPtr> ExpressionConverter::Name(std::vector<std::string> parts) const {
  if (parts.size() > 1) {
    const bool is_column = std::any_of(
        schema_.fields().begin(), schema_.fields().end(),
        [&](const auto& field) { return base::EqualIgnoringCase(field->name(), parts.front()); });
    const bool is_qualifier =
        std::any_of(qualifiers_.begin(), qualifiers_.end(),
                    [&](const auto& name) { return base::EqualIgnoringCase(name, parts.front()); });
    if (is_qualifier && !is_column) parts.erase(parts.begin());
  }
  if (parts.size() == 1) return exec::ColumnNamed(parts.front());
  return exec::Column(QuoteName(parts));
}

std::string ExpressionConverter::WrittenName(const Expression& expression) {
  if (!expression.has_unresolved_attribute()) return "";
  auto parts = NameParts(expression.unresolved_attribute().unparsed_identifier());
  return parts.ok() ? parts->back() : "";
}

base::StatusOr<exec::ExprPtr> ExpressionConverter::Function(const std::string& name,
                                                            const Expressions& arguments,
                                                            int depth) const {
  const std::string function = Canonical(name);
  std::vector<exec::ExprPtr> args;
  for (const Expression& argument : arguments) {
    if (argument.has_unresolved_star()) {
      if (function != "count" || arguments.size() != 1) {
        return base::Fail(base::kAnalysis, base::Cat("Invalid usage of '*' in ", name, "()"));
      }
      args.push_back(exec::Literal(int32_t{1}));
      continue;
    }
    SOTERIA_ASSIGN_OR_RETURN(exec::ExprPtr arg, AtDepth(argument, depth + 1));
    args.push_back(std::move(arg));
  }
  if (function == "!=" || function == "<>") {
    return exec::Call("not", {exec::Call("==", std::move(args))});
  }
  return exec::Call(function, std::move(args));
}

base::StatusOr<exec::ExprPtr> ExpressionConverter::AtDepth(const Expression& expression,
                                                           int depth) const {
  if (depth > kDepthMax) {
    return base::Fail(base::kAnalysis, "The expression is nested too deeply");
  }
  switch (expression.expr_type_case()) {
    case Expression::kLiteral:
      return ToLiteralExpr(expression.literal());
    case Expression::kUnresolvedAttribute: {
      SOTERIA_ASSIGN_OR_RETURN(auto parts,
                               NameParts(expression.unresolved_attribute().unparsed_identifier()));
      return Name(std::move(parts));
    }
    case Expression::kUnresolvedFunction: {
      const auto& call = expression.unresolved_function();
      if (call.is_distinct()) {
        return base::Fail(base::kUnsupported,
                          base::Cat("DISTINCT in ", call.function_name(), "() is not supported"));
      }
      return Function(call.function_name(), call.arguments(), depth);
    }
    case Expression::kCallFunction:
      return Function(expression.call_function().function_name(),
                      expression.call_function().arguments(), depth);
    case Expression::kExpressionString:
      return ParseSqlExpression(expression.expression_string().expression(), Resolver());
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
      return exec::Call("extract", {std::move(child), std::move(key)});
    }
    case Expression::kCommonInlineUserDefinedFunction: {
      const auto& function = expression.common_inline_user_defined_function();
      if (function.has_python_udf()) return RefusePython(function.function_name());
      return RefuseNode("user-defined function", function.function_name());
    }
    case Expression::kUnresolvedStar:
      return base::Fail(base::kAnalysis, "Invalid usage of '*' in an expression");
    default:
      return RefuseNode("expression", NodeName(expression));
  }
}

base::StatusOr<exec::ExprPtr> ExpressionConverter::Convert(const Expression& expression) const {
  return AtDepth(expression, 0);
}

base::StatusOr<exec::NamedExpr> ExpressionConverter::ConvertAlias(
    const Expression::Alias& alias) const {
  if (alias.name_size() != 1) {
    return base::Fail(base::kUnsupported, "An alias of several names is not supported");
  }
  SOTERIA_ASSIGN_OR_RETURN(exec::ExprPtr expr, AtDepth(alias.expr(), 1));
  return exec::NamedExpr{alias.name(0), std::move(expr),
                         alias.has_metadata() ? alias.metadata() : ""};
}

base::Status ExpressionConverter::AppendStar(const std::vector<std::string>& qualifier,
                                             std::vector<exec::NamedExpr>* out) const {
  if (qualifier.size() > 1 ||
      (qualifier.size() == 1 &&
       std::none_of(qualifiers_.begin(), qualifiers_.end(), [&](const std::string& name) {
         return base::EqualIgnoringCase(name, qualifier.front());
       }))) {
    return base::Fail(base::kAnalysis, base::Cat("Cannot resolve '", QuoteName(qualifier), ".*'"));
  }
  for (const auto& field : schema_.fields()) {
    out->push_back({field->name(), exec::ColumnNamed(field->name())});
  }
  return base::OkStatus();
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
      std::vector<std::string> qualifier;
      std::string target = expression.unresolved_star().unparsed_target();
      if (target.ends_with(".*")) target.resize(target.size() - 2);
      if (!target.empty() && target != "*") {
        SOTERIA_ASSIGN_OR_RETURN(qualifier, NameParts(target));
      }
      return AppendStar(qualifier, out);
    }
    case Expression::kExpressionString: {
      SOTERIA_ASSIGN_OR_RETURN(
          SqlItem item, ParseSqlItem(expression.expression_string().expression(), Resolver()));
      if (item.star) return AppendStar(item.star_qualifier, out);
      out->push_back({std::move(item.alias), std::move(item.expr)});
      return base::OkStatus();
    }
    default: {
      SOTERIA_ASSIGN_OR_RETURN(exec::ExprPtr expr, AtDepth(expression, 0));
      out->push_back({WrittenName(expression), std::move(expr)});
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
    SOTERIA_RETURN_IF_ERROR(Append(expression, &out));
  }
  return out;
}

}  // namespace soteria::connect
