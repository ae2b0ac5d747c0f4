// Spark Connect's expressions as exec expressions, over the columns of one plan::Scope. Names
// become places, stars are expanded, expression strings are parsed; Python functions and unknown
// nodes are refused by name. Types are checked later, by the plan's Builder. A converter borrows
// its scope and belongs to one thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/status.h"
#include "src/connect/expression_settings.h"
#include "src/exec/expression.h"
#include "src/exec/operator.h"
#include "src/plan/scope.h"

namespace google::protobuf {
template <class Element>
class RepeatedPtrField;
}
namespace spark::connect {
class Expression;
class Expression_Alias;
class Expression_LambdaFunction;
class Expression_UnresolvedAttribute;
class Expression_UnresolvedFunction;
class Expression_UnresolvedStar;
class Expression_UpdateFields;
class Expression_Window;
class Expression_Window_WindowFrame_FrameBoundary;
class SubqueryExpression;
}  // namespace spark::connect

namespace soteria::connect {

/// Most expressions in one projection.
inline constexpr int kProjectionMax = 100'000;

class ExpressionConverter;

/// What an expression of a query may name beside the columns of its input.
class Around {
 public:
  virtual ~Around() = default;
  /// A column of the query around this one; nullopt: there is none.
  virtual base::StatusOr<std::optional<exec::ExprPtr>> Outer(
      const spark::connect::Expression& attribute) = 0;
  /// A subquery, whose values of IN are converted already.
  virtual base::StatusOr<exec::ExprPtr> Subquery(const spark::connect::SubqueryExpression& subquery,
                                                 std::vector<exec::ExprPtr> values,
                                                 const ExpressionConverter& outer) = 0;
};

class ExpressionConverter {
 public:
  using Expressions = google::protobuf::RepeatedPtrField<spark::connect::Expression>;

  /// What an expression, whole or a part, means to whoever knows more than the scope does; nullopt
  /// for one that is what it always is.
  using Meaning = std::function<base::StatusOr<std::optional<exec::ExprPtr>>(
      const spark::connect::Expression& expression)>;

  ExpressionConverter(plan::Scope& scope, ExpressionSettings settings, Meaning meaning = nullptr)
      : scope_(scope),
        settings_(std::move(settings)),
        zone_(settings_.zone),
        meaning_(std::move(meaning)) {}

  /// The schema of the rows that the converted expressions are over.
  using SchemaOfRows = std::function<base::StatusOr<std::shared_ptr<arrow::Schema>>()>;
  /// `rows` null: whoever asked for the expressions takes no subqueries.
  void UseAround(Around* around, SchemaOfRows rows) {
    around_ = around;
    rows_ = std::move(rows);
  }
  const SchemaOfRows& rows() const { return rows_; }

  base::StatusOr<exec::ExprPtr> Convert(const spark::connect::Expression& expression) const;

  /// One output column each; stars give one for each column they stand for.
  base::StatusOr<std::vector<exec::NamedExpr>> ConvertAll(const Expressions& expressions) const;
  base::StatusOr<exec::NamedExpr> ConvertAlias(const spark::connect::Expression_Alias& alias) const;
  /// One more of a list.
  base::Status Add(const spark::connect::Expression& expression,
                   std::vector<exec::NamedExpr>* out) const;
  /// A name that the list gives.
  void Define(const std::string& name) const { scope_.Define(name); }

 private:
  base::StatusOr<exec::ExprPtr> Whole(const spark::connect::Expression& expression,
                                      int depth) const;
  base::StatusOr<exec::ExprPtr> AtDepth(const spark::connect::Expression& expression,
                                        int depth) const;
  base::StatusOr<exec::ExprPtr> Node(const spark::connect::Expression& expression, int depth) const;
  base::StatusOr<exec::ExprPtr> Attribute(
      const spark::connect::Expression_UnresolvedAttribute& attribute) const;
  base::StatusOr<exec::ExprPtr> ColumnOrOuter(const spark::connect::Expression& expression) const;
  base::StatusOr<exec::ExprPtr> Subquery(const spark::connect::SubqueryExpression& subquery,
                                         int depth) const;
  base::StatusOr<exec::ExprPtr> Call(const spark::connect::Expression_UnresolvedFunction& call,
                                     int depth) const;
  base::StatusOr<exec::ExprPtr> Filtered(const Expressions& parts, int depth) const;
  base::StatusOr<exec::ExprPtr> Function(const std::string& name, const Expressions& arguments,
                                         bool distinct, int depth) const;
  /// The arguments with the options that the settings are where the script gives none.
  void AddOptions(std::string_view function, std::vector<exec::ExprPtr>* args) const;
  base::StatusOr<exec::ExprPtr> Lambda(const spark::connect::Expression_LambdaFunction& lambda,
                                       int depth) const;
  base::StatusOr<exec::ExprPtr> UpdateFields(const spark::connect::Expression_UpdateFields& update,
                                             int depth) const;
  // window_expressions.cc
  base::StatusOr<exec::ExprPtr> Window(const spark::connect::Expression_Window& window,
                                       int depth) const;
  base::StatusOr<exec::ExprPtr> FrameBound(
      const spark::connect::Expression_Window_WindowFrame_FrameBoundary& bound, bool lower,
      int depth) const;
  base::StatusOr<exec::ExprPtr> Struct(std::string_view function, const Expressions& arguments,
                                       int depth) const;
  base::Status SeveralNames(const spark::connect::Expression_Alias& alias) const;
  base::Status Append(const spark::connect::Expression& expression,
                      std::vector<exec::NamedExpr>* out) const;
  base::StatusOr<std::vector<exec::ExprPtr>> Star(
      const spark::connect::Expression_UnresolvedStar& star) const;
  base::StatusOr<std::vector<exec::ExprPtr>> StarExcept(const Expressions& arguments) const;

  plan::Scope& scope_;
  const ExpressionSettings settings_;
  const std::string zone_;
  const Meaning meaning_;
  Around* around_ = nullptr;
  SchemaOfRows rows_;
};

/// A star where there can be none.
base::Status StarWithin();
/// That no expression is a pattern of df.colRegex.
base::Status CheckNoRegex(const ExpressionConverter::Expressions& expressions);

}  // namespace soteria::connect
