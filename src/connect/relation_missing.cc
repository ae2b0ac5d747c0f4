// df.na: rows with missing values dropped or filled, values replaced, as filters and projections.
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/connect/literals.h"
#include "src/connect/relations.h"
#include "src/connect/sql_expression.h"
#include "src/exec/coercion.h"
#include "src/plan/scope.h"
#include "src/table/types.h"

namespace soteria::connect {
namespace {

using exec::ExprPtr;
using spark::connect::NAReplace;

constexpr base::Condition kNested = {"UNSUPPORTED_FEATURE.REPLACE_NESTED_COLUMN",
                                     base::exception_class::kUnsupported, "0A000",
                                     absl::StatusCode::kUnimplemented};

constexpr int kReplacementsMax = 10'000;

bool IsFloating(const arrow::DataType& type) {
  return type.id() == arrow::Type::FLOAT || type.id() == arrow::Type::DOUBLE;
}

/// Null, or NaN where there is one.
base::StatusOr<ExprPtr> IsMissing(const ExprPtr& column, const plan::Plan& input) {
  SOTERIA_ASSIGN_OR_RETURN(const auto field, exec::TypeOf(*column, *input.schema));
  ExprPtr missing = exec::Call("isnull", {column});
  if (!IsFloating(*field->type())) return missing;
  return exec::Call("or", {std::move(missing), exec::Call("isnan", {column})});
}

/// The columns of those names, or all.
base::StatusOr<std::vector<ExprPtr>> Columns(
    const plan::PlanPtr& input, const google::protobuf::RepeatedPtrField<std::string>& names) {
  plan::Scope scope(input);
  if (names.empty()) return scope.Star({}, std::nullopt);
  std::vector<ExprPtr> columns;
  for (const std::string& name : names) {
    SOTERIA_ASSIGN_OR_RETURN(const auto parts, NameParts(name));
    SOTERIA_ASSIGN_OR_RETURN(columns.emplace_back(), scope.Resolve(parts));
  }
  return columns;
}

/// Whether Spark fills a column of that type with a value of that kind.
bool Fills(const spark::connect::Expression::Literal& value, const arrow::DataType& type) {
  if (value.has_string()) return type.id() == arrow::Type::STRING;
  if (value.has_boolean()) return type.id() == arrow::Type::BOOL;
  return exec::IsNumeric(type);
}

base::StatusOr<exec::NamedExpr> Filled(const spark::connect::Expression::Literal& value,
                                       const arrow::Field& field, ExprPtr column) {
  SOTERIA_ASSIGN_OR_RETURN(ExprPtr fill, ToLiteralExpr(value));
  if (!fill->literal->type->Equals(*field.type())) fill = exec::Cast(fill, field.type());
  if (IsFloating(*field.type())) {
    column = exec::Call("nanvl",
                        {std::move(column), exec::Literal(arrow::MakeNullScalar(field.type()))});
  }
  ExprPtr expr = exec::Call("coalesce", {std::move(column), std::move(fill)});
  return exec::NamedExpr{field.name(), std::move(expr)};
}

/// Numbers as doubles, as Spark compares them; null, texts and booleans as they are.
base::StatusOr<ExprPtr> AsDouble(ExprPtr value) {
  const arrow::DataType& type = *value->literal->type;
  if (type.id() == arrow::Type::DOUBLE) return value;
  if (!arrow::is_integer(type.id()) && type.id() != arrow::Type::FLOAT) {
    const bool text = type.id() == arrow::Type::STRING;
    return base::Fail(base::kIllegalArgument,
                      base::Cat("Unsupported value type java.lang.", text ? "String" : "Boolean",
                                " (", value->literal->ToString(), ")."));
  }
  return exec::Cast(std::move(value), arrow::float64());
}

struct Replaced {
  ExprPtr from;
  ExprPtr to;
};

base::StatusOr<std::vector<Replaced>> Replacements(const NAReplace& replace) {
  if (replace.replacements_size() > kReplacementsMax) {
    return base::Fail(base::kAnalysis, "Too many replacements");
  }
  std::vector<Replaced> out;
  for (const auto& pair : replace.replacements()) {
    for (const auto* value : {&pair.old_value(), &pair.new_value()}) {
      using Literal = spark::connect::Expression::Literal;
      const auto kind = value->literal_type_case();
      const bool known = kind == Literal::kNull || kind == Literal::kBoolean ||
                         kind == Literal::kInteger || kind == Literal::kLong ||
                         kind == Literal::kFloat || kind == Literal::kDouble ||
                         kind == Literal::kString;
      if (known && (kind != Literal::kNull || value == &pair.new_value())) continue;
      return base::Fail(base::kIllegalArgument, "Unsupported value type of a replacement.");
    }
    SOTERIA_ASSIGN_OR_RETURN(ExprPtr from, ToLiteralExpr(pair.old_value()));
    SOTERIA_ASSIGN_OR_RETURN(ExprPtr to, ToLiteralExpr(pair.new_value()));
    const bool kept = pair.new_value().has_string() || pair.new_value().has_boolean() ||
                      (pair.new_value().has_null() &&
                       (pair.old_value().has_string() || pair.old_value().has_boolean()));
    if (!kept) {
      SOTERIA_ASSIGN_OR_RETURN(from, AsDouble(std::move(from)));
      if (!pair.new_value().has_null()) {
        SOTERIA_ASSIGN_OR_RETURN(to, AsDouble(std::move(to)));
      }
    }
    out.push_back({std::move(from), std::move(to)});
  }
  return out;
}

ExprPtr WithReplaced(const ExprPtr& column, const arrow::Field& field,
                     const std::vector<Replaced>& replaced) {
  std::vector<ExprPtr> cases;
  for (const Replaced& one : replaced) {
    cases.push_back(exec::Call("=", {column, one.from}));
    const bool same =
        one.to->kind == exec::Expr::Kind::kLiteral && one.to->literal->type->Equals(*field.type());
    cases.push_back(same ? one.to : exec::Cast(one.to, field.type()));
  }
  cases.push_back(column);
  return exec::Call("when", std::move(cases));
}

}  // namespace

RelationConverter::PlanOr RelationConverter::DropMissing(const spark::connect::NADrop& drop) {
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(drop.input()));
  SOTERIA_ASSIGN_OR_RETURN(const auto columns, Columns(input, drop.cols()));
  if (columns.empty()) return input;
  const auto count = static_cast<int32_t>(columns.size());
  const int32_t wanted = drop.has_min_non_nulls() ? drop.min_non_nulls() : count;
  // Counted pairwise, so that many columns don't make a deep expression.
  std::vector<ExprPtr> terms;
  for (const auto& column : columns) {
    SOTERIA_ASSIGN_OR_RETURN(ExprPtr missing, IsMissing(column, *input));
    terms.push_back(exec::Call(
        "when", {std::move(missing), exec::Literal(int32_t{0}), exec::Literal(int32_t{1})}));
  }
  while (terms.size() > 1) {
    std::vector<ExprPtr> sums;
    for (size_t i = 0; i < terms.size(); i += 2) {
      sums.push_back(i + 1 < terms.size() ? exec::Call("+", {terms[i], terms[i + 1]}) : terms[i]);
    }
    terms = std::move(sums);
  }
  return builder_.Filter(std::move(input),
                         exec::Call(">=", {terms.front(), exec::Literal(wanted)}));
}

RelationConverter::PlanOr RelationConverter::FillMissing(const spark::connect::NAFill& fill) {
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(fill.input()));
  const bool one_value = fill.values_size() == 1;
  if (!one_value && fill.values_size() != fill.cols_size()) {
    return base::Fail(base::kAnalysis, "fillna needs a value for each column");
  }
  SOTERIA_ASSIGN_OR_RETURN(const auto wanted, Columns(input, fill.cols()));
  std::vector<exec::NamedExpr> columns;
  for (int i = 0; i < input->schema->num_fields(); ++i) {
    columns.push_back({std::nullopt, plan::ColumnAt(*input, i)});
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (!exec::IsInput(*wanted[i])) continue;  // a field of a struct: Spark leaves it, too
    const auto& value = fill.values(one_value ? 0 : static_cast<int>(i));
    const arrow::Field& field = *input->schema->field(wanted[i]->ordinal);
    if (!Fills(value, *field.type())) continue;
    auto& column = columns[static_cast<size_t>(wanted[i]->ordinal)];
    SOTERIA_ASSIGN_OR_RETURN(column, Filled(value, field, wanted[i]));
  }
  return builder_.Project(std::move(input), std::move(columns));
}

/// Only columns of the first replacement's kind are looked at: texts, booleans or any numbers.
RelationConverter::PlanOr RelationConverter::Replace(const NAReplace& replace) {
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(replace.input()));
  SOTERIA_ASSIGN_OR_RETURN(const auto wanted, Columns(input, replace.cols()));
  std::vector<std::string> names;  // as they are written; none: every column
  for (int i = 0; i < replace.cols_size(); ++i) {
    SOTERIA_ASSIGN_OR_RETURN(const auto parts, NameParts(replace.cols(i)));
    names.push_back(parts.back());
    if (exec::IsInput(*wanted[static_cast<size_t>(i)])) continue;
    return base::Fail(kNested, base::Cat("The feature is not supported: The replace function does "
                                         "not support nested column ",
                                         QuoteName(parts), "."));
  }
  SOTERIA_ASSIGN_OR_RETURN(const std::vector<Replaced> replaced, Replacements(replace));
  if (replaced.empty() || wanted.empty()) return input;
  std::vector<exec::NamedExpr> columns;
  for (int i = 0; i < input->schema->num_fields(); ++i) {
    const arrow::Field& field = *input->schema->field(i);
    const ExprPtr column = plan::ColumnAt(*input, i);
    const plan::ColumnId id = input->columns[static_cast<size_t>(i)].id;
    // One that is named in another case is found, and not replaced, as in Spark.
    bool named = names.empty();
    for (size_t w = 0; w < names.size() && !named; ++w) {
      named = input->columns[static_cast<size_t>(wanted[w]->ordinal)].id == id &&
              names[w] == field.name();
    }
    if (named && table::UdtOf(field).empty() &&
        Fills(replace.replacements(0).old_value(), *field.type())) {
      columns.push_back({field.name(), WithReplaced(column, field, replaced)});
    } else {
      columns.push_back({std::nullopt, column});
    }
  }
  return builder_.Project(std::move(input), std::move(columns));
}

}  // namespace soteria::connect
