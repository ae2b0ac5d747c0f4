// Spark Connect's expressions as exec expressions, over the columns of one input. Stars are
// expanded, qualifiers (`t.a` after df.alias("t")) are dropped, expression strings are parsed;
// Python functions and unknown nodes are refused by name. Types are checked later, by the plan's
// Builder. A converter borrows its input and belongs to one thread.
#pragma once

#include <string>
#include <vector>

#include "arrow/type_fwd.h"
#include "src/base/status.h"
#include "src/connect/sql_expression.h"
#include "src/exec/expression.h"
#include "src/exec/operator.h"

namespace google::protobuf {
template <class Element>
class RepeatedPtrField;
}
namespace spark::connect {
class Expression;
class Expression_Alias;
}  // namespace spark::connect

namespace soteria::connect {

/// Most expressions in one projection.
inline constexpr int kProjectionMax = 100'000;

class ExpressionConverter {
 public:
  using Expressions = google::protobuf::RepeatedPtrField<spark::connect::Expression>;

  /// `qualifiers` are the names that the input's columns may be prefixed with.
  ExpressionConverter(const arrow::Schema& schema, const std::vector<std::string>& qualifiers)
      : schema_(schema), qualifiers_(qualifiers) {}

  base::StatusOr<exec::ExprPtr> Convert(const spark::connect::Expression& expression) const;

  /// One output column each; stars give one for each column they stand for.
  base::StatusOr<std::vector<exec::NamedExpr>> ConvertAll(const Expressions& expressions) const;
  base::StatusOr<exec::NamedExpr> ConvertAlias(const spark::connect::Expression_Alias& alias) const;

  /// A column expression for the parts of a name, after dropping a qualifier.
  base::StatusOr<exec::ExprPtr> Name(std::vector<std::string> parts) const;
  /// The last part of the name that an attribute is written as; "" for other expressions.
  static std::string WrittenName(const spark::connect::Expression& expression);

 private:
  base::StatusOr<exec::ExprPtr> AtDepth(const spark::connect::Expression& expression,
                                        int depth) const;
  base::StatusOr<exec::ExprPtr> Function(const std::string& name, const Expressions& arguments,
                                         int depth) const;
  base::Status Append(const spark::connect::Expression& expression,
                      std::vector<exec::NamedExpr>* out) const;
  base::Status AppendStar(const std::vector<std::string>& qualifier,
                          std::vector<exec::NamedExpr>* out) const;
  NameResolver Resolver() const;

  const arrow::Schema& schema_;
  const std::vector<std::string>& qualifiers_;
};

}  // namespace soteria::connect
