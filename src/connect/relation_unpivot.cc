// Columns that become rows, and samples by strata.
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/errors.h"
#include "src/base/joined.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/expressions.h"
#include "src/connect/literals.h"
#include "src/connect/relations.h"
#include "src/connect/sql_expression.h"
#include "src/connect/sql_nodes.h"
#include "src/exec/coercion.h"
#include "src/exec/widened_field.h"
#include "src/plan/scope.h"
#include "src/table/decimal.h"
#include "src/table/java_text.h"
#include "src/table/types.h"

namespace soteria::connect {
namespace {

using exec::ExprPtr;

constexpr base::Condition kNoValues = {"UNPIVOT_REQUIRES_VALUE_COLUMNS",
                                       base::exception_class::kAnalysis, "42K0A",
                                       absl::StatusCode::kInvalidArgument};
constexpr base::Condition kValueTypes = {"UNPIVOT_VALUE_DATA_TYPE_MISMATCH",
                                         base::exception_class::kAnalysis, "42K09",
                                         absl::StatusCode::kInvalidArgument};
constexpr base::Condition kValueSizes = {"UNPIVOT_VALUE_SIZE_MISMATCH",
                                         base::exception_class::kAnalysis, "428C4",
                                         absl::StatusCode::kInvalidArgument};
constexpr base::Condition kAttributes = {"UNPIVOT_REQUIRES_ATTRIBUTES",
                                         base::exception_class::kAnalysis, "42K0A",
                                         absl::StatusCode::kInvalidArgument};

/// The columns that aren't ids.
base::StatusOr<std::vector<exec::NamedExpr>> OtherColumns(const plan::Plan& input,
                                                          const std::vector<exec::NamedExpr>& ids) {
  std::vector<bool> taken(input.columns.size(), false);
  for (const exec::NamedExpr& id : ids) {
    if (!exec::IsInput(*id.expr)) {
      return base::Fail(kAttributes,
                        base::Cat("UNPIVOT requires all given \"identifier\" expressions to be "
                                  "columns when no \"value\" expressions are given. These are not "
                                  "columns: [\"",
                                  exec::PrettyName(*id.expr), "\"]."));
    }
    taken[static_cast<size_t>(id.expr->ordinal)] = true;
  }
  std::vector<exec::NamedExpr> others;
  for (size_t i = 0; i < taken.size(); ++i) {
    if (!taken[i]) others.push_back({std::nullopt, plan::ColumnAt(input, static_cast<int>(i))});
  }
  return others;
}

/// As Spark lists them: three of each type's names.
std::string TypesWithNames(std::map<std::string, std::vector<std::string>> types) {
  constexpr size_t kShown = 3;
  std::string text;
  for (auto& [type, names] : types) {
    std::sort(names.begin(), names.end());
    text += base::Cat(text.empty() ? "" : ", ", type, " (");
    for (size_t i = 0; i < std::min(names.size(), kShown); ++i) {
      text += base::Cat(i == 0 ? "" : ", ", names[i]);
    }
    text += names.size() > kShown ? ", ...)" : ")";
  }
  return text;
}

/// The sets of SQL's UNPIVOT, each of `count` columns.
base::StatusOr<std::vector<UnpivotSet>> SetsOfSql(
    const google::protobuf::RepeatedPtrField<spark::connect::Expression>& values, size_t count,
    const ExpressionConverter& converter) {
  std::vector<UnpivotSet> sets;
  for (const auto& value : values) {
    const auto& row = value.has_alias() ? value.alias().expr() : value;
    if (!IsInternal(row, kSqlRow) || (value.has_alias() && value.alias().name_size() != 1)) {
      return base::Fail(base::kAnalysis, "An UNPIVOT of other values");
    }
    UnpivotSet set;
    SOTERIA_ASSIGN_OR_RETURN(set.columns,
                             converter.ConvertAll(row.unresolved_function().arguments()));
    if (set.columns.size() != count) {
      return base::Fail(kValueSizes,
                        base::Cat("All unpivot value columns must have the same size as there are "
                                  "value column names (",
                                  count, ")."));
    }
    std::vector<std::string> names;
    for (const exec::NamedExpr& column : set.columns) {
      if (!exec::IsInput(*column.expr)) {
        return base::Fail(
            kAttributes, base::Cat("UNPIVOT requires all given \"value\" expressions to be columns "
                                   "when no \"identifier\" expressions are given. These are not "
                                   "columns: [\"",
                                   exec::PrettyName(*column.expr), "\"]."));
      }
      names.push_back(NameOf(column));
    }
    set.name = value.has_alias() ? value.alias().name(0) : base::Joined(names, "_");
    sets.push_back(std::move(set));
  }
  return sets;
}

/// The type that all sets' columns at that place have.
base::StatusOr<std::shared_ptr<arrow::DataType>> CommonType(const std::vector<UnpivotSet>& sets,
                                                            size_t place, const plan::Plan& input) {
  std::shared_ptr<arrow::Field> common;
  std::map<std::string, std::vector<std::string>> types;  // names of each
  for (const UnpivotSet& set : sets) {
    const exec::NamedExpr& value = set.columns[place];
    SOTERIA_ASSIGN_OR_RETURN(const auto field, exec::TypeOf(*value.expr, *input.schema));
    types[table::QuotedTypeName(*field)].push_back(base::Cat("`", NameOf(value), "`"));
    if (&set == sets.data()) {
      common = field;
    } else if (common != nullptr) {
      common = exec::WidenedField(common, *field, exec::Texts::kNowhere);
    }
  }
  if (common != nullptr) return common->type();
  return base::Fail(kValueTypes,
                    base::Cat("Unpivot value columns must share a least common type, some types do "
                              "not: [",
                              TypesWithNames(std::move(types)), "]."));
}

/// Can a value of the column equal the stratum, as Scala compares what Spark hands to its map?
/// Numbers of Java do whatever their types, but no decimal and not NaN.
bool MayEqual(const exec::Expr& stratum, const arrow::Field& column) {
  if (stratum.kind != exec::Expr::Kind::kLiteral) return false;
  const arrow::DataType& type = *stratum.literal->type;
  if (type.id() == arrow::Type::DOUBLE && stratum.literal->is_valid &&
      std::isnan(static_cast<const arrow::DoubleScalar&>(*stratum.literal).value)) {
    return false;
  }
  if (type.id() == arrow::Type::NA || type.Equals(*column.type())) return true;
  return exec::IsNumeric(type) && exec::IsNumeric(column) && !table::IsDecimal(type) &&
         !table::IsDecimal(*column.type());
}

}  // namespace

RelationConverter::PlanOr RelationConverter::Unpivot(const spark::connect::Unpivot& unpivot) {
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(unpivot.input()));
  plan::Scope scope(input);
  const ExpressionConverter converter = Over(scope);
  std::vector<exec::NamedExpr> columns;
  std::vector<UnpivotSet> sets;
  std::vector<std::string> values = {unpivot.value_column_name()};
  if (unpivot.ids_size() == 1 && IsInternal(unpivot.ids(0), kSqlUnpivot)) {
    const auto& names = unpivot.ids(0).unresolved_function().arguments();
    for (int i = 1; i < names.size(); ++i) values.push_back(names[i].literal().string());
    SOTERIA_ASSIGN_OR_RETURN(sets, SetsOfSql(unpivot.values().values(), values.size(), converter));
    std::vector<exec::NamedExpr> taken;
    for (const UnpivotSet& set : sets) {
      taken.insert(taken.end(), set.columns.begin(), set.columns.end());
    }
    SOTERIA_ASSIGN_OR_RETURN(columns, OtherColumns(*input, taken));
  } else {
    SOTERIA_ASSIGN_OR_RETURN(columns, converter.ConvertAll(unpivot.ids()));
    std::vector<exec::NamedExpr> given;
    if (unpivot.has_values()) {
      SOTERIA_ASSIGN_OR_RETURN(given, converter.ConvertAll(unpivot.values().values()));
    } else {
      SOTERIA_ASSIGN_OR_RETURN(given, OtherColumns(*input, columns));
    }
    for (exec::NamedExpr& one : given) sets.push_back({NameOf(one), {std::move(one)}});
  }
  if (sets.empty()) {
    return base::Fail(kNoValues,
                      "At least one value column needs to be specified for UNPIVOT, all columns "
                      "specified as ids.");
  }
  std::vector<std::string> names;
  for (const exec::NamedExpr& id : columns) names.push_back(NameOf(id));
  names.push_back(unpivot.variable_column_name());
  names.insert(names.end(), values.begin(), values.end());
  return RowsOfSets(std::move(input), std::move(columns), sets, std::move(names));
}

/// The ids, a set's name and its values.
RelationConverter::PlanOr RelationConverter::RowsOfSets(plan::PlanPtr input,
                                                        std::vector<exec::NamedExpr> columns,
                                                        const std::vector<UnpivotSet>& sets,
                                                        std::vector<std::string> names) {
  const size_t ids = columns.size();
  const size_t width = sets[0].columns.size();
  std::vector<std::shared_ptr<arrow::DataType>> types;
  for (size_t v = 0; v < width; ++v) {
    SOTERIA_ASSIGN_OR_RETURN(types.emplace_back(), CommonType(sets, v, *input));
  }
  for (const UnpivotSet& set : sets) {
    for (size_t v = 0; v < width; ++v) {
      const exec::NamedExpr& value = set.columns[v];
      SOTERIA_ASSIGN_OR_RETURN(const auto field, exec::TypeOf(*value.expr, *input->schema));
      ExprPtr expr = value.expr;
      if (!field->type()->Equals(*types[v])) expr = exec::Cast(expr, types[v]);
      // The column of all of them is a new one, without the metadata of any.
      columns.push_back({NameOf(value), exec::InZone(expr, state_.config().Zone()), "{}"});
    }
  }
  SOTERIA_ASSIGN_OR_RETURN(input, builder_.Project(std::move(input), std::move(columns)));
  std::vector<std::vector<ExprPtr>> rows;
  for (size_t s = 0; s < sets.size(); ++s) {
    auto& row = rows.emplace_back();
    for (size_t i = 0; i < ids; ++i) row.push_back(plan::ColumnAt(*input, static_cast<int>(i)));
    row.push_back(exec::Literal(sets[s].name));
    for (size_t v = 0; v < width; ++v) {
      row.push_back(plan::ColumnAt(*input, static_cast<int>(ids + s * width + v)));
    }
  }
  std::vector<int> passes;
  for (size_t i = 0; i < ids; ++i) passes.push_back(static_cast<int>(i));
  passes.resize(names.size(), -1);
  return builder_.Expand(std::move(input), std::move(rows), std::move(names), passes);
}

/// Each stratum's rows with a chance of their own, others with none.
RelationConverter::PlanOr RelationConverter::SampleBy(const spark::connect::StatSampleBy& sample) {
  SOTERIA_ASSIGN_OR_RETURN(auto input, Resolve(sample.input()));
  plan::Scope scope(input);
  const ExpressionConverter converter = Over(scope);
  SOTERIA_ASSIGN_OR_RETURN(const ExprPtr column, converter.Convert(sample.col()));
  SOTERIA_ASSIGN_OR_RETURN(const auto field, exec::TypeOf(*column, *input->schema));
  std::vector<ExprPtr> cases;
  std::string fractions;  // as Scala prints a map
  bool good = true;
  for (const auto& fraction : sample.fractions()) {
    good = good && fraction.fraction() >= 0 && fraction.fraction() <= 1;
    SOTERIA_ASSIGN_OR_RETURN(const ExprPtr stratum, ToLiteralExpr(fraction.stratum()));
    fractions += base::Cat(fractions.empty() ? "" : ", ", exec::PrettyName(*stratum), " -> ",
                           table::JavaDouble(fraction.fraction()));
    if (!MayEqual(*stratum, *field)) continue;
    cases.push_back(exec::Call("<=>", {column, stratum}));
    cases.push_back(exec::Literal(fraction.fraction()));
  }
  if (!good) {
    return base::Fail(base::kIllegalArgument,
                      base::Cat("requirement failed: Fractions must be in [0, 1], but got Map(",
                                fractions, ")."));
  }
  ExprPtr chance = exec::Literal(0.0);
  if (!cases.empty()) {
    cases.push_back(chance);
    chance = exec::Call("when", std::move(cases));
  }
  const ExprPtr seed = exec::Literal(std::make_shared<arrow::Int64Scalar>(sample.seed()));
  return builder_.Filter(std::move(input),
                         exec::Call("<", {exec::Call("rand", {seed}), std::move(chance)}));
}

}  // namespace soteria::connect
