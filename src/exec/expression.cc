#include "src/exec/expression.h"

#include <arrow/chunked_array.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include <utility>

#include "src/exec/bound.h"
#include "src/exec/functions.h"
#include "src/table/arrow_status.h"
#include "src/table/interval.h"
#include "src/table/number_column.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

ExprPtr Make(Expr e) { return std::make_shared<const Expr>(std::move(e)); }

std::string Quoted(std::string_view name) {
  std::string quoted = "`";
  for (const char c : name) {
    if (c == '`') quoted += c;
    quoted += c;
  }
  return quoted + "`";
}

}  // namespace

ExprPtr Column(std::string identifier) {
  Expr e;
  e.kind = Expr::Kind::kColumn;
  e.name = std::move(identifier);
  return Make(std::move(e));
}

ExprPtr ColumnNamed(std::string_view name) { return Column(Quoted(name)); }

ExprPtr Input(int ordinal, const std::vector<std::string>& path) {
  Expr e;
  e.kind = Expr::Kind::kColumn;
  for (const std::string& part : path) {
    if (!e.name.empty()) e.name += '.';
    e.name += Quoted(part);
  }
  e.ordinal = ordinal;
  return Make(std::move(e));
}

bool IsInput(const Expr& e) {
  if (e.kind != Expr::Kind::kColumn || e.ordinal < 0) return false;
  bool quoted = false;
  for (const char c : e.name) {
    if (c == '`') quoted = !quoted;
    if (c == '.' && !quoted) return false;
  }
  return true;
}

ExprPtr Literal(std::shared_ptr<arrow::Scalar> scalar, std::string udt) {
  Expr e;
  e.kind = Expr::Kind::kLiteral;
  e.literal = std::move(scalar);
  e.udt = std::move(udt);
  return Make(std::move(e));
}

ExprPtr Literal(double value) { return Literal(std::make_shared<arrow::DoubleScalar>(value)); }
ExprPtr Literal(int32_t value) { return Literal(std::make_shared<arrow::Int32Scalar>(value)); }
ExprPtr Literal(bool value) { return Literal(std::make_shared<arrow::BooleanScalar>(value)); }
ExprPtr Literal(std::string_view value) {
  return Literal(std::make_shared<arrow::StringScalar>(std::string(value)));
}

ExprPtr Printed(ExprPtr literal, std::string text) {
  Expr e = *literal;
  e.name = std::move(text);
  return Make(std::move(e));
}

ExprPtr Call(std::string function, std::vector<ExprPtr> args) {
  Expr e;
  e.kind = Expr::Kind::kCall;
  e.name = std::move(function);
  e.args = std::move(args);
  return Make(std::move(e));
}

ExprPtr DistinctCall(std::string function, std::vector<ExprPtr> args) {
  Expr e = *Call(std::move(function), std::move(args));
  e.distinct = true;
  return Make(std::move(e));
}

ExprPtr Filtered(const ExprPtr& call, ExprPtr condition) {
  Expr e = *call;
  e.filtered = true;
  e.args.push_back(std::move(condition));
  return Make(std::move(e));
}

ExprPtr Lambda(ExprPtr body, std::vector<std::string> variables) {
  Expr e;
  e.kind = Expr::Kind::kLambda;
  e.args.push_back(std::move(body));
  for (std::string& name : variables) e.args.push_back(Variable(std::move(name)));
  return Make(std::move(e));
}

ExprPtr Variable(std::string name) {
  Expr e;
  e.kind = Expr::Kind::kVariable;
  e.name = std::move(name);
  return Make(std::move(e));
}

ExprPtr Cast(ExprPtr child, std::shared_ptr<arrow::DataType> type) {
  Expr e;
  e.kind = Expr::Kind::kCast;
  e.type = std::move(type);
  e.args.push_back(std::move(child));
  return Make(std::move(e));
}

ExprPtr TryCast(ExprPtr child, std::shared_ptr<arrow::DataType> type) {
  Expr e = *Cast(std::move(child), std::move(type));
  e.kind = Expr::Kind::kTryCast;
  return Make(std::move(e));
}

ExprPtr InZone(const ExprPtr& e, const std::string& zone) {
  if (zone.empty() || e->kind == Expr::Kind::kColumn || e->kind == Expr::Kind::kVariable) return e;
  // Times are printed by the zone, and moved by intervals.
  if (e->kind == Expr::Kind::kLiteral && e->literal->type->id() != arrow::Type::TIMESTAMP &&
      !table::IsInterval(*e->literal->type)) {
    return e;
  }
  Expr copy = *e;
  copy.zone = zone;
  for (ExprPtr& arg : copy.args) arg = InZone(arg, zone);
  return Make(std::move(copy));
}

base::StatusOr<int> ResolveColumn(const arrow::Schema& schema, std::string_view name) {
  return table::FindColumn(schema, name);
}

base::StatusOr<std::shared_ptr<arrow::Field>> TypeOf(const Expr& e, const arrow::Schema& schema) {
  SOTERIA_ASSIGN_OR_RETURN(const Program program, Program::Bind(e, schema));
  return program.root().field->WithName(PrettyName(e));
}

base::StatusOr<std::shared_ptr<arrow::ChunkedArray>> Evaluate(const Expr& e,
                                                              const arrow::Table& table,
                                                              uint64_t partition) {
  SOTERIA_ASSIGN_OR_RETURN(const Program program, Program::Bind(e, *table.schema()));
  return program.Run(table, partition);
}

bool IsNondeterministic(const Expr& e) {
  if (e.kind == Expr::Kind::kCall) {
    const Function* function = FindFunction(e.name);
    if (function != nullptr && function->per_row_state) return true;
  }
  for (const ExprPtr& arg : e.args) {
    if (IsNondeterministic(*arg)) return true;
  }
  return false;
}

}  // namespace soteria::exec
