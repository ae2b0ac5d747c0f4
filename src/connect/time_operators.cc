#include "src/connect/time_operators.h"

#include <arrow/scalar.h>
#include <arrow/type.h>

#include <memory>
#include <utility>

#include "src/exec/catalogue.h"
#include "src/table/interval.h"

namespace soteria::connect {
namespace {

using arrow::Type;
using exec::Call;
using exec::Expr;
using exec::ExprPtr;

enum class Kind : uint8_t {
  kUnknown,
  kOther,
  kNull,
  kText,
  kDate,
  kTime,
  kDays,
  kDayTime,
  kYearMonth
};

Kind KindOf(const arrow::DataType& type) {
  if (table::IsDayTime(type)) {
    return table::FieldsOf(type).end == 0 ? Kind::kDays : Kind::kDayTime;
  }
  if (table::IsYearMonth(type)) return Kind::kYearMonth;
  if (type.id() == Type::DATE32) return Kind::kDate;
  if (type.id() == Type::STRING) return Kind::kText;
  if (type.id() == Type::NA) return Kind::kNull;
  return type.id() == Type::TIMESTAMP ? Kind::kTime : Kind::kOther;
}

bool IsOperator(const std::string& name) {
  return name == "+" || name == "-" || name == "*" || name == "/";
}

bool IsInterval(Kind kind) { return kind >= Kind::kDays; }

/// Sums are long chains: what an operator over no time gives is no time either.
Kind KindOf(const Expr& e, const arrow::Schema& schema) {
  if (e.kind == Expr::Kind::kLiteral) return KindOf(*e.literal->type);
  if (e.kind == Expr::Kind::kColumn && e.ordinal >= 0 && e.ordinal < schema.num_fields() &&
      schema.field(e.ordinal)->type()->num_fields() == 0) {
    return KindOf(*schema.field(e.ordinal)->type());
  }
  if (e.kind == Expr::Kind::kCall && IsOperator(e.name)) {
    bool time = false;
    for (const ExprPtr& arg : e.args) time = time || KindOf(*arg, schema) > Kind::kText;
    if (!time) return Kind::kOther;
  }
  const auto field = exec::TypeOf(e, schema);
  return field.ok() ? KindOf(*(*field)->type()) : Kind::kUnknown;
}

ExprPtr Syntax(std::string_view name, std::vector<ExprPtr> args) {
  return Call(std::string(name), std::move(args));
}

ExprPtr DaysOf(ExprPtr interval) { return Syntax(exec::kIntervalDays, {std::move(interval)}); }

/// nullptr: as it is written.
ExprPtr Sum(Kind a, Kind b, const ExprPtr& left, const ExprPtr& right) {
  const bool months = a == Kind::kYearMonth;
  if (IsInterval(a) && IsInterval(b) && months == (b == Kind::kYearMonth)) return nullptr;
  if (a == Kind::kNull || b == Kind::kNull) return nullptr;
  if (IsInterval(a) && IsInterval(b)) return Syntax(exec::kTimePlus, {right, left});
  if (a == Kind::kDate && b == Kind::kDays) return Call("date_add", {left, DaysOf(right)});
  if (a == Kind::kDays && b == Kind::kDate) return Call("date_add", {right, DaysOf(left)});
  if (IsInterval(b)) return Syntax(exec::kTimePlus, {left, right});
  if (IsInterval(a)) return Syntax(exec::kTimePlus, {right, left});
  if (a == Kind::kDate && b == Kind::kOther) return Call("date_add", {left, right});
  if (b == Kind::kDate && a == Kind::kOther) return Call("date_add", {right, left});
  return nullptr;
}

ExprPtr Difference(Kind a, Kind b, const ExprPtr& left, const ExprPtr& right) {
  if (IsInterval(a)) return nullptr;
  if (a == Kind::kDate && b == Kind::kDays) {
    return Call("date_add", {left, Call("-", {DaysOf(right)})});
  }
  const bool moved = a == Kind::kDate || a == Kind::kTime;
  if (moved && IsInterval(b)) return Syntax(exec::kTimeMinus, {left, right});
  if (a == Kind::kDate && b == Kind::kOther) return Call("date_sub", {left, right});
  return nullptr;
}

}  // namespace

ExprPtr OperatorCall(const std::string& op, std::vector<ExprPtr> args,
                     const arrow::Schema& schema) {
  if (args.size() != 2 || !IsOperator(op)) return Call(op, std::move(args));
  const Kind a = KindOf(*args[0], schema);
  const Kind b = KindOf(*args[1], schema);
  ExprPtr other;
  const bool known = a != Kind::kUnknown && b != Kind::kUnknown;
  if (known && (a > Kind::kText || b > Kind::kText)) {
    if (op == "+") other = Sum(a, b, args[0], args[1]);
    if (op == "-") other = Difference(a, b, args[0], args[1]);
    if (op == "*" && IsInterval(b) && !IsInterval(a)) other = Call(op, {args[1], args[0]});
  }
  return other == nullptr ? Call(op, std::move(args)) : other;
}

}  // namespace soteria::connect
