#include "src/connect/sql_shape_for_test.h"

#include <arrow/scalar.h>
#include <arrow/type.h>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/ascii.h"
#include "src/base/text.h"
#include "src/connect/literals.h"
#include "src/connect/sql_nodes.h"
#include "src/exec/expression.h"
#include "src/table/types.h"

namespace soteria::connect {
namespace {

using spark::connect::Expression;
using spark::connect::Relation;

template <class Messages>
std::string All(const Messages& messages, std::string_view between) {
  std::string out;
  for (const auto& message : messages) {
    if (!out.empty()) out += between;
    out += Shape(message);
  }
  return out;
}

std::string LiteralShape(const Expression::Literal& literal) {
  if (literal.has_year_month_interval()) {
    return base::Cat(literal.year_month_interval(), ":months");
  }
  if (literal.has_day_time_interval()) return base::Cat(literal.day_time_interval(), ":micros");
  const auto expr = ToLiteralExpr(literal);
  if (!expr.ok()) return "bad literal";
  const arrow::Scalar& scalar = *(*expr)->literal;
  if (!scalar.is_valid) return "null";
  return scalar.ToString() + ":" + scalar.type->ToString();
}

std::string OrderShape(const Expression::SortOrder& order) {
  using Order = Expression::SortOrder;
  const bool descending = order.direction() == Order::SORT_DIRECTION_DESCENDING;
  const bool first = order.null_ordering() == Order::SORT_NULLS_FIRST;
  return base::Cat(Shape(order.child()), descending ? " desc" : " asc", first ? " first" : " last");
}

template <class Orders>
std::string Orders_(const Orders& orders) {
  std::string out;
  for (const auto& order : orders) out += base::Cat(out.empty() ? "" : ", ", OrderShape(order));
  return out;
}

std::string BoundShape(const Expression::Window::WindowFrame::FrameBoundary& bound) {
  if (bound.has_current_row()) return "current";
  if (bound.has_unbounded()) return "unbounded";
  return Shape(bound.value());
}

std::string WindowShape(const Expression::Window& window) {
  std::string out = base::Cat("(over ", Shape(window.window_function()));
  if (window.partition_spec_size() > 0) {
    out += base::Cat(" by ", All(window.partition_spec(), ", "));
  }
  if (window.order_spec_size() > 0) out += base::Cat(" order ", Orders_(window.order_spec()));
  if (window.has_frame_spec()) {
    const auto& frame = window.frame_spec();
    const bool rows = frame.frame_type() == Expression::Window::WindowFrame::FRAME_TYPE_ROW;
    out += base::Cat(rows ? " rows " : " range ", BoundShape(frame.lower()), "..",
                     BoundShape(frame.upper()));
  }
  return out + ")";
}

std::string SubqueryShape(const spark::connect::SubqueryExpression& subquery) {
  using spark::connect::SubqueryExpression;
  const auto type = subquery.subquery_type();
  std::string out = base::Cat(type == SubqueryExpression::SUBQUERY_TYPE_EXISTS ? "(exists"
                              : type == SubqueryExpression::SUBQUERY_TYPE_IN   ? "(in-query"
                                                                               : "(scalar",
                              " #", subquery.plan_id() - (int64_t{1} << 40));
  for (const auto& value : subquery.in_subquery_values()) out += base::Cat(" ", Shape(value));
  return out + ")";
}

std::string CallShape(const Expression::UnresolvedFunction& call) {
  std::string out = base::Cat("(", call.function_name(), call.is_distinct() ? " distinct" : "");
  for (const auto& arg : call.arguments()) out += base::Cat(" ", Shape(arg));
  return out + ")";
}

std::string JoinShape(const spark::connect::Join& join) {
  std::string out = base::Lower(spark::connect::Join::JoinType_Name(join.join_type())).substr(10);
  out += base::Cat("-join(", Shape(join.left()), ", ", Shape(join.right()));
  if (join.has_join_condition()) out += base::Cat(", ", Shape(join.join_condition()));
  for (const std::string& column : join.using_columns()) out += base::Cat(", using ", column);
  return out + ")";
}

std::string AggregateShape(const spark::connect::Aggregate& aggregate) {
  using spark::connect::Aggregate;
  std::string out = base::Lower(Aggregate::GroupType_Name(aggregate.group_type())).substr(11);
  out += base::Cat("(", All(aggregate.grouping_expressions(), ", "), " -> ",
                   All(aggregate.aggregate_expressions(), ", "));
  for (const auto& set : aggregate.grouping_sets()) {
    out += base::Cat(" set(", All(set.grouping_set(), ", "), ")");
  }
  return base::Cat(out, ", ", Shape(aggregate.input()), ")");
}

std::string SetShape(const spark::connect::SetOperation& set) {
  std::string out = base::Lower(spark::connect::SetOperation::SetOpType_Name(set.set_op_type()));
  return base::Cat(out.substr(12), set.is_all() ? "-all" : "", set.by_name() ? "-by-name" : "", "(",
                   Shape(set.left_input()), ", ", Shape(set.right_input()), ")");
}

}  // namespace

std::string Shape(const Expression& e) {
  switch (e.expr_type_case()) {
    case Expression::kLiteral:
      return LiteralShape(e.literal());
    case Expression::kUnresolvedAttribute:
      return e.unresolved_attribute().unparsed_identifier();
    case Expression::kUnresolvedStar:
      return e.unresolved_star().has_unparsed_target() ? e.unresolved_star().unparsed_target()
                                                       : "*";
    case Expression::kUnresolvedFunction:
      return CallShape(e.unresolved_function());
    case Expression::kUnresolvedExtractValue:
      return base::Cat("(extract ", Shape(e.unresolved_extract_value().child()), " ",
                       Shape(e.unresolved_extract_value().extraction()), ")");
    case Expression::kCast: {
      const bool try_cast = e.cast().eval_mode() == Expression::Cast::EVAL_MODE_TRY;
      return base::Cat(try_cast ? "(try_cast:" : "(cast:",
                       (*table::TypeFromDdl(e.cast().type_str()))->ToString(), " ",
                       Shape(e.cast().expr()), ")");
    }
    case Expression::kAlias: {
      std::string out = Shape(e.alias().expr()) + " as ";
      for (int i = 0; i < e.alias().name_size(); ++i) {
        out += base::Cat(i == 0 ? "" : "/", e.alias().name(i));
      }
      return out;
    }
    case Expression::kWindow:
      return WindowShape(e.window());
    case Expression::kSubqueryExpression:
      return SubqueryShape(e.subquery_expression());
    case Expression::kUnresolvedNamedLambdaVariable:
      return base::Cat("$", e.unresolved_named_lambda_variable().name_parts(0));
    case Expression::kLambdaFunction: {
      std::string out = "(lambda";
      for (const auto& name : e.lambda_function().arguments()) {
        out += base::Cat(" ", name.name_parts(0));
      }
      return base::Cat(out, " -> ", Shape(e.lambda_function().function()), ")");
    }
    default:
      return "?";
  }
}

std::string Shape(const Relation& r) {
  switch (r.rel_type_case()) {
    case Relation::kRead:
      return r.read().named_table().unparsed_identifier();
    case Relation::kProject:
      if (!r.project().has_input()) {
        return base::Cat("row(", All(r.project().expressions(), ", "), ")");
      }
      return base::Cat("project(", All(r.project().expressions(), ", "), "; ",
                       Shape(r.project().input()), ")");
    case Relation::kFilter:
      return base::Cat("filter(", Shape(r.filter().condition()), ", ", Shape(r.filter().input()),
                       ")");
    case Relation::kAggregate:
      return AggregateShape(r.aggregate());
    case Relation::kSort:
      return base::Cat(r.sort().is_global() ? "order(" : "sort(", Orders_(r.sort().order()), "; ",
                       Shape(r.sort().input()), ")");
    case Relation::kLimit:
      return base::Cat("limit(", r.limit().limit(), ", ", Shape(r.limit().input()), ")");
    case Relation::kOffset:
      return base::Cat("offset(", r.offset().offset(), ", ", Shape(r.offset().input()), ")");
    case Relation::kDeduplicate:
      return base::Cat("distinct(", Shape(r.deduplicate().input()), ")");
    case Relation::kSetOp:
      return SetShape(r.set_op());
    case Relation::kJoin:
      return JoinShape(r.join());
    case Relation::kSubqueryAlias:
      return base::Cat("alias(", r.subquery_alias().alias(), ", ",
                       Shape(r.subquery_alias().input()), ")");
    case Relation::kToDf: {
      std::string out = "names(";
      for (const std::string& name : r.to_df().column_names()) out += base::Cat(name, ", ");
      return base::Cat(out, Shape(r.to_df().input()), ")");
    }
    case Relation::kRange:
      return base::Cat("range(", r.range().start(), ", ", r.range().end(), ", ", r.range().step(),
                       ")");
    case Relation::kUnpivot:
      return base::Cat(
          "unpivot(", All(r.unpivot().ids(), ", "), ", ", r.unpivot().variable_column_name(),
          " of ", All(r.unpivot().values().values(), ", "), "; ", Shape(r.unpivot().input()), ")");
    case Relation::kRepartitionByExpression:
      return base::Cat("parts(", All(r.repartition_by_expression().partition_exprs(), ", "), "; ",
                       Shape(r.repartition_by_expression().input()), ")");
    case Relation::kLateralJoin:
      return base::Cat("lateral(", Shape(r.lateral_join().left()), ", ",
                       Shape(r.lateral_join().right()), ")");
    case Relation::kHint:
      return base::Cat("hint(", r.hint().name(), "(", All(r.hint().parameters(), ", "), "), ",
                       Shape(r.hint().input()), ")");
    case Relation::kSample:
      return base::Cat("sample(", r.sample().upper_bound(), ", ", Shape(r.sample().input()), ")");
    case Relation::kWithRelations:
      return base::Cat("with(", All(r.with_relations().references(), ", "), "; ",
                       Shape(r.with_relations().root()), ")");
    case Relation::kUnresolvedTableValuedFunction:
      return base::Cat("table-function(", r.unresolved_table_valued_function().function_name(),
                       ")");
    default:
      return "?";
  }
}

}  // namespace soteria::connect
