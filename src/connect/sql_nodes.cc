#include "src/connect/sql_nodes.h"

#include <arrow/buffer.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include <algorithm>
#include <utility>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/sql_expression.h"
#include "src/table/decimal.h"

namespace soteria::connect {
namespace {

using spark::connect::Expression;

SqlExpr Leaf() {
  SqlExpr expr;
  expr.proto = std::make_unique<Expression>();
  return expr;
}

template <class Value, class ScalarType>
Value ValueOf(const arrow::Scalar& scalar) {
  return static_cast<Value>(static_cast<const ScalarType&>(scalar).value);
}

std::string BytesOf(const arrow::Scalar& scalar) {
  return std::string(static_cast<const arrow::BaseBinaryScalar&>(scalar).view());
}

base::Status FillLiteral(const arrow::Scalar& scalar, Expression::Literal* out) {
  if (!scalar.is_valid && scalar.type->id() == arrow::Type::NA) {
    out->mutable_null()->mutable_null();
    return base::OkStatus();
  }
  switch (scalar.type->id()) {
    case arrow::Type::BOOL:
      out->set_boolean(ValueOf<bool, arrow::BooleanScalar>(scalar));
      return base::OkStatus();
    case arrow::Type::INT8:
      out->set_byte(ValueOf<int32_t, arrow::Int8Scalar>(scalar));
      return base::OkStatus();
    case arrow::Type::INT16:
      out->set_short_(ValueOf<int32_t, arrow::Int16Scalar>(scalar));
      return base::OkStatus();
    case arrow::Type::INT32:
      out->set_integer(ValueOf<int32_t, arrow::Int32Scalar>(scalar));
      return base::OkStatus();
    case arrow::Type::INT64:
      out->set_long_(ValueOf<int64_t, arrow::Int64Scalar>(scalar));
      return base::OkStatus();
    case arrow::Type::FLOAT:
      out->set_float_(ValueOf<float, arrow::FloatScalar>(scalar));
      return base::OkStatus();
    case arrow::Type::DOUBLE:
      out->set_double_(ValueOf<double, arrow::DoubleScalar>(scalar));
      return base::OkStatus();
    case arrow::Type::DECIMAL128: {
      const auto& decimal = static_cast<const arrow::Decimal128Scalar&>(scalar);
      const table::DecimalShape shape = table::ShapeOf(*scalar.type);
      auto* literal = out->mutable_decimal();
      literal->set_value(table::DecimalText(table::FromArrow(decimal.value), shape.scale));
      literal->set_precision(shape.precision);
      literal->set_scale(shape.scale);
      return base::OkStatus();
    }
    case arrow::Type::STRING:
      out->set_string(BytesOf(scalar));
      return base::OkStatus();
    case arrow::Type::BINARY:
      out->set_binary(BytesOf(scalar));
      return base::OkStatus();
    case arrow::Type::DATE32:
      out->set_date(ValueOf<int32_t, arrow::Date32Scalar>(scalar));
      return base::OkStatus();
    case arrow::Type::TIMESTAMP: {
      const auto micros = ValueOf<int64_t, arrow::TimestampScalar>(scalar);
      if (static_cast<const arrow::TimestampType&>(*scalar.type).timezone().empty()) {
        out->set_timestamp_ntz(micros);
      } else {
        out->set_timestamp(micros);
      }
      return base::OkStatus();
    }
    default:
      return base::NotSupported(base::Cat("A literal of type ", scalar.type->ToString()));
  }
}

}  // namespace

SqlExpr::SqlExpr() = default;
SqlExpr::~SqlExpr() = default;
SqlExpr::SqlExpr(SqlExpr&&) noexcept = default;
SqlExpr& SqlExpr::operator=(SqlExpr&&) noexcept = default;

SqlRelation::SqlRelation() = default;
SqlRelation::~SqlRelation() = default;
SqlRelation::SqlRelation(SqlRelation&&) noexcept = default;
SqlRelation& SqlRelation::operator=(SqlRelation&&) noexcept = default;

bool IsInternal(const Expression& expression, std::string_view name) {
  return expression.has_unresolved_function() && expression.unresolved_function().is_internal() &&
         expression.unresolved_function().function_name() == name;
}

base::Status NestedTooDeeply() {
  return base::Fail(base::kParse, "The expression is nested too deeply.");
}

base::Status CheckHeight(int height) {
  return height > exec::kExprDepthMax ? NestedTooDeeply() : base::OkStatus();
}

SqlExpr CopyOf(const SqlExpr& expr) {
  SqlExpr copy;
  copy.proto = std::make_unique<Expression>(*expr.proto);
  copy.height = expr.height;
  copy.size = expr.size;
  return copy;
}

base::StatusOr<SqlExpr> CallNode(std::string_view function, SqlExprs args, bool internal) {
  SqlExpr call = Leaf();
  auto* proto = call.proto->mutable_unresolved_function();
  proto->set_function_name(std::string(function));
  if (internal) proto->set_is_internal(true);
  for (SqlExpr& arg : args) {
    call.height = std::max(call.height, arg.height + 1);
    call.size += arg.size;
    proto->mutable_arguments()->AddAllocated(arg.proto.release());
  }
  SOTERIA_RETURN_IF_ERROR(CheckHeight(call.height));
  return call;
}

base::StatusOr<SqlExpr> CallNode(std::string_view function, SqlExpr a) {
  SqlExprs args;
  args.push_back(std::move(a));
  return CallNode(function, std::move(args));
}

base::StatusOr<SqlExpr> CallNode(std::string_view function, SqlExpr a, SqlExpr b) {
  SqlExprs args;
  args.push_back(std::move(a));
  args.push_back(std::move(b));
  return CallNode(function, std::move(args));
}

base::StatusOr<SqlExpr> CastNode(SqlExpr operand, std::string_view type, bool try_cast) {
  SqlExpr cast = Leaf();
  auto* proto = cast.proto->mutable_cast();
  proto->set_type_str(std::string(type));
  if (try_cast) proto->set_eval_mode(Expression::Cast::EVAL_MODE_TRY);
  cast.height = operand.height + 1;
  cast.size = operand.size + 1;
  proto->set_allocated_expr(operand.proto.release());
  SOTERIA_RETURN_IF_ERROR(CheckHeight(cast.height));
  return cast;
}

base::StatusOr<SqlExpr> ExtractNode(SqlExpr child, SqlExpr key) {
  SqlExpr extract = Leaf();
  auto* proto = extract.proto->mutable_unresolved_extract_value();
  extract.height = std::max(child.height, key.height) + 1;
  extract.size = child.size + key.size + 1;
  proto->set_allocated_child(child.proto.release());
  proto->set_allocated_extraction(key.proto.release());
  SOTERIA_RETURN_IF_ERROR(CheckHeight(extract.height));
  return extract;
}

base::StatusOr<SqlExpr> AliasNode(SqlExpr child, std::vector<std::string> names) {
  SqlExpr alias = Leaf();
  auto* proto = alias.proto->mutable_alias();
  for (std::string& name : names) proto->add_name(std::move(name));
  alias.height = child.height + 1;
  alias.size = child.size + 1;
  proto->set_allocated_expr(child.proto.release());
  SOTERIA_RETURN_IF_ERROR(CheckHeight(alias.height));
  return alias;
}

SqlExpr NameNode(const std::vector<std::string>& parts) {
  SqlExpr name = Leaf();
  name.proto->mutable_unresolved_attribute()->set_unparsed_identifier(QuoteName(parts));
  return name;
}

SqlExpr StarNode(const std::vector<std::string>& qualifier) {
  SqlExpr star = Leaf();
  auto* proto = star.proto->mutable_unresolved_star();
  if (!qualifier.empty()) proto->set_unparsed_target(base::Cat(QuoteName(qualifier), ".*"));
  return star;
}

SqlExpr StringNode(std::string_view text) {
  SqlExpr literal = Leaf();
  literal.proto->mutable_literal()->set_string(std::string(text));
  return literal;
}

SqlExpr BooleanNode(bool value) {
  SqlExpr literal = Leaf();
  literal.proto->mutable_literal()->set_boolean(value);
  return literal;
}

SqlExpr NullNode() {
  SqlExpr literal = Leaf();
  literal.proto->mutable_literal()->mutable_null()->mutable_null();
  return literal;
}

base::StatusOr<SqlExpr> LiteralNode(const exec::Expr& literal) {
  SqlExpr value = Leaf();
  SOTERIA_RETURN_IF_ERROR(FillLiteral(*literal.literal, value.proto->mutable_literal()));
  return value;
}

}  // namespace soteria::connect
