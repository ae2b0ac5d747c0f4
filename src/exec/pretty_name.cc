// Spark's automatic column names: toPrettySQL of an expression.
#include <arrow/array.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include "src/base/bytes.h"
#include "src/base/text.h"
#include "src/exec/cell_text.h"
#include "src/exec/expression.h"
#include "src/exec/functions.h"
#include "src/exec/show.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

std::string List(const std::vector<ExprPtr>& args, size_t from) {
  std::string text;
  for (size_t i = from; i < args.size(); ++i) {
    if (i > from) text += ", ";
    text += PrettyName(*args[i]);
  }
  return text;
}

/// CASE WHEN c THEN v ... ELSE e END
std::string When(const std::vector<ExprPtr>& args) {
  std::string text = "CASE";
  for (size_t i = 0; i + 1 < args.size(); i += 2) {
    text += base::Cat(" WHEN ", PrettyName(*args[i]), " THEN ", PrettyName(*args[i + 1]));
  }
  if (args.size() % 2 == 1) text += base::Cat(" ELSE ", PrettyName(*args.back()));
  return text + " END";
}

std::string Special(const Expr& e, const Function& function) {
  const std::string_view name = function.name;
  const auto& args = e.args;
  if (name == "~") return base::Cat("~", PrettyName(*args[0]));
  if (name == "when") return When(args);
  if (name == "in") return base::Cat("(", PrettyName(*args[0]), " IN (", List(args, 1), "))");
  if (name == "if") return base::Cat("(IF(", List(args, 0), "))");
  if (name == "like") return base::Cat(PrettyName(*args[0]), " LIKE ", PrettyName(*args[1]));
  if (name == "round" || name == "bround") {
    return base::Cat(name, "(", PrettyName(*args[0]), ", ",
                     args.size() > 1 ? PrettyName(*args[1]) : "0", ")");
  }
  if (name == "log") {
    return args.size() == 1 ? base::Cat("LOG(E(), ", PrettyName(*args[0]), ")")
                            : base::Cat("LOG(", List(args, 0), ")");
  }
  // vector_to_array, array_to_vector: Spark runs them as UDFs of the first argument.
  if (name == "vector_to_array" || name == "array_to_vector") {
    return base::Cat("UDF(", PrettyName(*args[0]), ")");
  }
  // extract: a.field, a[0]
  const Expr& key = *args[1];
  if (key.kind == Expr::Kind::kLiteral && key.literal->type->id() == arrow::Type::STRING) {
    return base::Cat(PrettyName(*args[0]), ".", PrettyName(key));
  }
  return base::Cat(PrettyName(*args[0]), "[", PrettyName(key), "]");
}

std::string CallText(const Expr& e) {
  // Which metrics are asked is no part of Spark's name.
  if (e.name == "aggregate_metrics" && !e.args.empty()) {
    return base::Cat(e.name, "(", List(e.args, 1), ")");
  }
  const Function* function = FindFunction(e.name);
  if (function == nullptr || static_cast<int>(e.args.size()) < function->args_min) {
    return base::Cat(e.name, "(", List(e.args, 0), ")");
  }
  switch (function->print) {
    case Print::kInfix:
      if (e.args.size() == 1) {
        return base::Cat("(", function->printed, " ", PrettyName(*e.args[0]), ")");
      }
      if (e.args.size() != 2) break;
      return base::Cat("(", PrettyName(*e.args[0]), " ", function->printed, " ",
                       PrettyName(*e.args[1]), ")");
    case Print::kPrefix:
      return base::Cat("(", function->printed, " ", PrettyName(*e.args[0]), ")");
    case Print::kPostfix:
      return base::Cat("(", PrettyName(*e.args[0]), " ", function->printed, ")");
    case Print::kSpecial:
      return Special(e, *function);
    case Print::kCall:
      break;
  }
  return base::Cat(function->printed, "(", List(e.args, 0), ")");
}

/// Identifier text without its backticks.
std::string Plain(const std::string& identifier) {
  std::string text;
  for (size_t i = 0; i < identifier.size(); ++i) {
    if (identifier[i] == '`') {
      if (i + 1 >= identifier.size() || identifier[i + 1] != '`') continue;
      ++i;
    }
    text += identifier[i];
  }
  return text;
}

}  // namespace

std::string LiteralText(const arrow::Scalar& scalar, const std::string& udt) {
  if (!scalar.is_valid) return "NULL";
  if (scalar.type->id() == arrow::Type::BINARY) {
    return base::Cat("X'", base::Hex(static_cast<const arrow::BinaryScalar&>(scalar).view()), "'");
  }
  const auto array = arrow::MakeArrayFromScalar(scalar, 1);
  if (!array.ok()) return "literal";
  const auto field = table::WithUdt(arrow::field("", scalar.type), udt);
  return CastText(*field, **array, 0);
}

std::string PrettyName(const Expr& e) {
  switch (e.kind) {
    case Expr::Kind::kColumn:
      return Plain(e.name);
    case Expr::Kind::kLiteral:
      return LiteralText(*e.literal, e.udt);
    case Expr::Kind::kCall:
      return CallText(e);
    case Expr::Kind::kCast:
    case Expr::Kind::kTryCast:
      return base::Cat(e.kind == Expr::Kind::kCast ? "CAST(" : "TRY_CAST(", PrettyName(*e.args[0]),
                       " AS ", table::SqlTypeName(*e.type), ")");
  }
  return "";
}

std::string AutoName(const Expr& e) {
  const bool cast = e.kind == Expr::Kind::kCast || e.kind == Expr::Kind::kTryCast;
  if (cast && e.args[0]->kind == Expr::Kind::kColumn) {
    return AutoName(*e.args[0]);
  }
  if (e.kind != Expr::Kind::kColumn) return PrettyName(e);
  // The last part of the identifier.
  bool quoted = false;
  size_t from = 0;
  for (size_t i = 0; i < e.name.size(); ++i) {
    if (e.name[i] == '`') quoted = !quoted;
    if (e.name[i] == '.' && !quoted) from = i + 1;
  }
  return Plain(e.name.substr(from));
}

}  // namespace soteria::exec
