#include "src/exec/window_expression.h"

#include <arrow/array.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <utility>

#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/exec/bound.h"
#include "src/exec/coercion.h"
#include "src/exec/kernels.h"
#include "src/exec/order.h"
#include "src/exec/window_conditions.h"
#include "src/table/arrow_status.h"
#include "src/table/interval.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using arrow::Type;
using Kind = FrameBound::Kind;

constexpr std::string_view kOver = "over";
constexpr std::string_view kPartitionBy = "PARTITION BY";
constexpr std::string_view kOrderBy = "ORDER BY";
constexpr std::string_view kAscending = "ASC NULLS ";
constexpr std::string_view kDescending = "DESC NULLS ";

bool IsCall(const Expr& e, std::string_view name) {
  return e.kind == Expr::Kind::kCall && e.name == name;
}

bool IsSpecial(const Expr& bound) {
  return IsCall(bound, kUnboundedPreceding) || IsCall(bound, kUnboundedFollowing) ||
         IsCall(bound, kCurrentRow);
}

std::string OrderText(const SortKey& key) {
  return base::Cat(PrettyName(*key.expr), key.ascending ? " ASC" : " DESC", " NULLS ",
                   key.nulls_first ? "FIRST" : "LAST");
}

bool IsNegated(const Expr& bound) {
  return (IsCall(bound, "-") || IsCall(bound, "negative")) && bound.args.size() == 1;
}

std::string BoundText(const Expr& bound) {
  if (IsSpecial(bound)) return bound.name;
  if (IsNegated(bound)) return base::Cat(PrettyName(*bound.args[0]), " PRECEDING");
  return base::Cat(PrettyName(bound), " FOLLOWING");
}

/// As an expression of its own.
std::string ValueText(const Expr& bound) {
  if (IsSpecial(bound)) return bound.name;
  if (IsNegated(bound)) return base::Cat("(- ", PrettyName(*bound.args[0]), ")");
  return PrettyName(bound);
}

std::string FrameText(const WindowParts& parts) {
  return base::Cat(parts.rows ? "ROWS" : "RANGE", " BETWEEN ", BoundText(*parts.lower), " AND ",
                   BoundText(*parts.upper));
}

std::string Listed(std::string_view before, const std::vector<std::string>& texts) {
  std::string text;
  for (const std::string& one : texts) text += base::Cat(text.empty() ? before : ",", " ", one);
  return text.empty() ? text : text + " ";
}

base::Status Mismatched(const base::Condition& condition, const std::string& what,
                        std::string_view why) {
  return base::Fail(condition,
                    base::Cat("Cannot resolve \"", what, "\" due to data type mismatch: ", why));
}

/// A bound's value while it is typed.
struct Value {
  Kind kind = Kind::kOffset;
  FieldPtr field = {};  // of an offset
  std::shared_ptr<arrow::Scalar> scalar = {};
  std::string zone = {};
};

bool IsTime(const arrow::DataType& type) {
  return type.id() == Type::DATE32 || type.id() == Type::TIMESTAMP;
}

/// The type that a bound's value is cast to; null: it stays what it is.
TypePtr CastOfBound(const WindowParts& parts, const arrow::DataType& value,
                    const arrow::Schema& input) {
  if (parts.rows || parts.spec.order.size() != 1) return nullptr;
  const auto order = TypeOf(*parts.spec.order[0].expr, input);
  if (!order.ok() || IsTime(*(*order)->type()) || (*order)->type()->Equals(value)) return nullptr;
  return (*order)->type();
}

base::StatusOr<Value> ValueOf(const WindowParts& parts, const Expr& bound,
                              const arrow::Schema& input) {
  if (IsCall(bound, kUnboundedPreceding)) return Value{Kind::kPreceding};
  if (IsCall(bound, kUnboundedFollowing)) return Value{Kind::kFollowing};
  if (IsCall(bound, kCurrentRow)) return Value{Kind::kCurrentRow};
  BindContext context{input, {}};
  SOTERIA_ASSIGN_OR_RETURN(BoundPtr value, BindExpr(bound, context, 1));
  if (!value->uses.empty() || !context.seeds.empty()) {
    return base::Fail(kFrameNotLiteral, "Invalid SQL syntax: Frame bound value must be a literal.");
  }
  if (const TypePtr type = CastOfBound(parts, *value->field->type(), input); type != nullptr) {
    auto cast = BindCast(value, type, false, PrettyName(bound), bound.zone);
    if (cast.ok()) value = *std::move(cast);
  }
  SOTERIA_ASSIGN_OR_RETURN(const ArrayPtr constant, Constant(*value));
  SOTERIA_ARROW_ASSIGN(auto scalar, constant->GetScalar(0));
  return Value{Kind::kOffset, value->field, std::move(scalar), bound.zone};
}

base::Status CheckValue(const WindowParts& parts, const Value& value, const char* location) {
  if (value.kind != Kind::kOffset) return base::OkStatus();
  const arrow::DataType& type = *value.field->type();
  if (parts.rows ? type.id() == Type::INT32 : IsNumber(type) || table::IsInterval(type)) {
    if (value.scalar->is_valid) return base::OkStatus();
    return base::NotSupported("A null as the bound of a window");
  }
  const char* expected = parts.rows ? "\"INT\""
                                    : "(\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL "
                                      "YEAR TO MONTH\" or \"INTERVAL\")";
  return Mismatched(
      kFrameType, FrameText(parts),
      base::Cat("The data type of the ", location, " bound ", table::QuotedTypeName(*value.field),
                " does not match the expected data type ", expected, "."));
}

base::StatusOr<bool> IsGreater(const Value& a, const Value& b) {
  SOTERIA_ARROW_ASSIGN(const auto left, arrow::MakeArrayFromScalar(*a.scalar, 1));
  SOTERIA_ARROW_ASSIGN(const auto right, arrow::MakeArrayFromScalar(*b.scalar, 1));
  return OrderOf(*left->type())(*left, 0, *right, 0) > 0;
}

/// The two bounds beside each other.
base::Status CheckBounds(const WindowParts& parts, const Value& lower, const Value& upper) {
  SOTERIA_RETURN_IF_ERROR(CheckValue(parts, lower, "lower"));
  SOTERIA_RETURN_IF_ERROR(CheckValue(parts, upper, "upper"));
  if (lower.kind == Kind::kFollowing || upper.kind == Kind::kPreceding) {
    return Mismatched(
        kFrameBound, FrameText(parts),
        base::Cat("Window frame upper bound \"", ValueText(*parts.upper),
                  "\" does not follow the lower bound \"", ValueText(*parts.lower), "\"."));
  }
  if (lower.kind != Kind::kOffset || upper.kind != Kind::kOffset) return base::OkStatus();
  if (!lower.field->type()->Equals(*upper.field->type())) {
    return Mismatched(kFrameTypes, FrameText(parts),
                      base::Cat("Window frame bounds \"", ValueText(*parts.lower), "\" and \"",
                                ValueText(*parts.upper), "\" do not have the same type: ",
                                table::QuotedTypeName(*lower.field), " <> ",
                                table::QuotedTypeName(*upper.field), "."));
  }
  SOTERIA_ASSIGN_OR_RETURN(const bool greater, IsGreater(lower, upper));
  if (!greater) return base::OkStatus();
  return Mismatched(kFrameComparison, FrameText(parts),
                    "The lower bound of a window frame must be less than or equal to the upper "
                    "bound.");
}

/// The frame beside the order.
base::Status CheckRange(const WindowParts& parts, const Value& lower, const Value& upper,
                        const arrow::Schema& input) {
  if (parts.rows) return base::OkStatus();
  const auto& order = parts.spec.order;
  const bool unbounded = lower.kind == Kind::kPreceding && upper.kind == Kind::kFollowing;
  if (order.empty() && !unbounded) {
    return Mismatched(kRangeWithoutOrder, WindowSpecText(parts),
                      "A range window frame cannot be used in an unordered window specification.");
  }
  const Value& value = lower.kind == Kind::kOffset ? lower : upper;
  if (value.kind != Kind::kOffset) return base::OkStatus();
  if (order.size() > 1) {
    std::vector<std::string> texts;
    for (const SortKey& key : order) texts.push_back(OrderText(key));
    return Mismatched(kRangeMultiOrder, WindowSpecText(parts),
                      base::Cat("A range window frame with value boundaries cannot be used in a "
                                "window specification with multiple order by expressions:",
                                Listed("", texts), "."));
  }
  SOTERIA_ASSIGN_OR_RETURN(const FieldPtr key, TypeOf(*order[0].expr, input));
  const arrow::DataType& type = *value.field->type();
  const bool date = key->type()->id() == Type::DATE32;
  const bool whole_days = table::IsDayTime(type) && table::FieldsOf(type).end == 0;
  const bool days = date && (type.id() == Type::INT32 || table::IsYearMonth(type) || whole_days);
  const bool time = key->type()->id() == Type::TIMESTAMP && table::IsInterval(type);
  if (days || time || key->type()->Equals(type)) return base::OkStatus();
  return Mismatched(
      kRangeType, WindowSpecText(parts),
      base::Cat("The data type ", table::QuotedTypeName(*key),
                " used in the order specification does not support the data type ",
                table::QuotedTypeName(*value.field), " which is used in the range frame."));
}

}  // namespace

ExprPtr Over(const WindowParts& parts) {
  std::vector<ExprPtr> order;
  for (const SortKey& key : parts.spec.order) {
    order.push_back(Call(
        base::Cat(key.ascending ? kAscending : kDescending, key.nulls_first ? "FIRST" : "LAST"),
        {key.expr}));
  }
  return Call(std::string(kOver),
              {parts.function, Call(std::string(kPartitionBy), parts.spec.partition),
               Call(std::string(kOrderBy), std::move(order)),
               Call(parts.rows ? "ROWS BETWEEN" : "RANGE BETWEEN", {parts.lower, parts.upper})});
}

bool IsOver(const Expr& e) { return IsCall(e, kOver) && e.args.size() == 4; }

WindowParts PartsOf(const Expr& over) {
  WindowParts parts;
  parts.function = over.args[0];
  parts.spec.partition = over.args[1]->args;
  for (const ExprPtr& key : over.args[2]->args) {
    parts.spec.order.push_back(
        {key->args[0], key->name.starts_with("ASC"), key->name.ends_with("FIRST")});
  }
  parts.rows = over.args[3]->name.starts_with("ROWS");
  parts.lower = over.args[3]->args[0];
  parts.upper = over.args[3]->args[1];
  return parts;
}

bool HasWindow(const Expr& e) {
  return IsOver(e) || std::any_of(e.args.begin(), e.args.end(),
                                  [](const ExprPtr& arg) { return HasWindow(*arg); });
}

std::string WindowSpecText(const WindowParts& parts) {
  std::vector<std::string> partition;
  std::vector<std::string> order;
  for (const ExprPtr& key : parts.spec.partition) partition.push_back(PrettyName(*key));
  for (const SortKey& key : parts.spec.order) order.push_back(OrderText(key));
  return base::Cat("(", Listed(kPartitionBy, partition), Listed(kOrderBy, order), FrameText(parts),
                   ")");
}

std::string OverText(const Expr& over) {
  const WindowParts parts = PartsOf(over);
  return base::Cat(PrettyName(*parts.function), " OVER ", WindowSpecText(parts));
}

base::StatusOr<WindowFrame> FrameOf(const WindowParts& parts, const arrow::Schema& input) {
  SOTERIA_ASSIGN_OR_RETURN(const Value lower, ValueOf(parts, *parts.lower, input));
  SOTERIA_ASSIGN_OR_RETURN(const Value upper, ValueOf(parts, *parts.upper, input));
  SOTERIA_RETURN_IF_ERROR(CheckBounds(parts, lower, upper));
  SOTERIA_RETURN_IF_ERROR(CheckRange(parts, lower, upper, input));
  const auto bound = [](const Value& value) {
    return FrameBound{
        value.kind, value.scalar == nullptr ? nullptr : InZone(Literal(value.scalar), value.zone)};
  };
  return WindowFrame{parts.rows, bound(lower), bound(upper)};
}

ExprPtr WithCastBounds(const ExprPtr& over, const arrow::Schema& input) {
  WindowParts parts = PartsOf(*over);
  for (ExprPtr* bound : {&parts.lower, &parts.upper}) {
    if (!IsNegated(**bound)) continue;
    const auto field = TypeOf(**bound, input);
    if (!field.ok() || CastOfBound(parts, *(*field)->type(), input) == nullptr) continue;
    *bound = Printed(Literal(arrow::MakeNullScalar((*field)->type())), ValueText(**bound));
  }
  return Over(parts);
}

}  // namespace soteria::exec
