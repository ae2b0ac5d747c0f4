// Of the parser: calls of functions, with what a few of them have between their parentheses, casts
// and lambdas.
#include <algorithm>
#include <utility>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/ascii.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/base/unsupported.h"
#include "src/connect/sql_parser.h"

namespace soteria::connect {
namespace {

using Kind = SqlToken::Kind;

constexpr base::Condition kNullTreatment = {"INVALID_SQL_SYNTAX.FUNCTION_WITH_UNSUPPORTED_SYNTAX",
                                            base::exception_class::kAnalysis, "42000",
                                            absl::StatusCode::kInvalidArgument};

}  // namespace

SqlParser::ExprOr SqlParser::CastCall() {
  const bool try_cast = Now().upper == "TRY_CAST";
  at_ += 2;
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr operand, Or());
  SOTERIA_RETURN_IF_ERROR(NeedWord("AS"));
  SOTERIA_ASSIGN_OR_RETURN(const std::string type, Type());
  SOTERIA_RETURN_IF_ERROR(Need(")"));
  return CastNode(std::move(operand), type, try_cast);
}

base::Status SqlParser::Argument(SqlExprs* args) {
  if (std::optional<SqlExpr> star = TryStar(); star.has_value()) {
    args->push_back(*std::move(star));
    return base::OkStatus();
  }
  if (IsQueryStart() && !IsOp("(")) return base::NotSupported("A table as an argument");
  if (IsName() && IsOp("=>", 1)) return base::NotSupported("An argument by name");
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr arg, Or());
  args->push_back(std::move(arg));
  return base::OkStatus();
}

/// After "(": expressions up to ")".
base::Status SqlParser::Arguments(SqlExprs* args) {
  if (TakeOp(")")) return base::OkStatus();
  do {
    SOTERIA_RETURN_IF_ERROR(Argument(args));
  } while (TakeOp(","));
  return Need(")");
}

SqlParser::ExprOr SqlParser::Function() {
  const std::string name = base::Lower(Now().text);
  at_ += 2;
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr call, Call(name));
  const auto refuse = [&](std::string_view clause) {
    return base::NotSupported(base::Cat("The function ", name, "() with ", clause));
  };
  if (IsWord("FILTER") && IsOp("(", 1)) return refuse("FILTER");
  if (IsWords("WITHIN", "GROUP")) return refuse("WITHIN GROUP");
  SOTERIA_RETURN_IF_ERROR(NullTreatment(name, &call));
  if (!IsWord("OVER") || !(IsOp("(", 1) || (windows_ != nullptr && IsName(1)))) return call;
  ++at_;
  return Over(std::move(call));
}

/// f(a) IGNORE NULLS is f(a, true), or what it is with all its arguments.
base::Status SqlParser::NullTreatment(const std::string& name, SqlExpr* call) {
  const bool ignore = TakeWords("IGNORE", "NULLS");
  if (!ignore && !TakeWords("RESPECT", "NULLS")) return base::OkStatus();
  const bool shifts = name == "lag" || name == "lead";
  const bool ends = name == "first" || name == "first_value" || name == "last" ||
                    name == "last_value" || name == "any_value";
  if (!shifts && !ends && name != "nth_value") {
    return base::Fail(kNullTreatment,
                      base::Cat("Invalid SQL syntax: The function `", name, "` does not support ",
                                ignore ? "IGNORE" : "RESPECT", " NULLS."));
  }
  auto* function = call->proto->mutable_unresolved_function();
  // Spark takes the short names for the others then.
  if (ends && name.ends_with("t_value"))
    function->set_function_name(name.substr(0, name.find('_')));
  if (!ignore) return base::OkStatus();
  if (shifts && function->arguments_size() == 1) {
    function->add_arguments()->mutable_literal()->set_integer(1);
    ++call->size;
  }
  if (shifts && function->arguments_size() == 2) {
    function->add_arguments()->mutable_literal()->mutable_null()->mutable_null();
    ++call->size;
  }
  function->add_arguments()->mutable_literal()->set_boolean(true);
  ++call->size;
  return base::OkStatus();
}

/// After "name(".
SqlParser::ExprOr SqlParser::Call(std::string name) {
  if (name == "struct") return Struct();
  SqlExprs args;
  const bool distinct = TakeWord("DISTINCT");
  if (!distinct && IsWord("ALL") && !IsOp(")", 1) && !IsOp(",", 1) && !IsOp(".", 1)) ++at_;
  if (name == "count" && IsOp("*") && IsOp(")", 1)) {
    at_ += 2;
    SOTERIA_ASSIGN_OR_RETURN(SqlExpr one, LiteralNode(*exec::Literal(int32_t{1})));
    args.push_back(std::move(one));
  } else if (name == "extract" || name == "date_part" || name == "datepart") {
    return DatePart(std::move(name));
  } else if (name == "substring" || name == "substr") {
    SOTERIA_RETURN_IF_ERROR(SubstringArguments(&args));
  } else if (name == "position") {
    SOTERIA_RETURN_IF_ERROR(PositionArguments(&args));
  } else {
    SOTERIA_RETURN_IF_ERROR(OwnSyntax(name));
    SOTERIA_RETURN_IF_ERROR(Arguments(&args));
  }
  const bool star = std::any_of(args.begin(), args.end(), [](const SqlExpr& arg) {
    return arg.proto->has_unresolved_star();
  });
  if (star && name == "count") {
    return base::NotSupported("COUNT(t.*)", "count(*) or the names of the columns");
  }
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr call, CallNode(name, std::move(args)));
  if (distinct) call.proto->mutable_unresolved_function()->set_is_distinct(true);
  return call;
}

/// extract(YEAR FROM d); with a comma it is a function like others.
SqlParser::ExprOr SqlParser::DatePart(std::string name) {
  SqlExprs args;
  if (IsName() && IsWord("FROM", 1)) {
    args.push_back(StringNode(Now().text));
    at_ += 2;
    SOTERIA_RETURN_IF_ERROR(Argument(&args));
    SOTERIA_RETURN_IF_ERROR(Need(")"));
  } else {
    SOTERIA_RETURN_IF_ERROR(Arguments(&args));
  }
  // `extract` is a field of a struct to the converter.
  return CallNode(name == "extract" ? "date_part" : name, std::move(args));
}

/// substring(a FROM 2 [FOR 3]), or with commas.
base::Status SqlParser::SubstringArguments(SqlExprs* args) {
  if (TakeOp(")")) return base::OkStatus();
  SOTERIA_RETURN_IF_ERROR(Argument(args));
  if (TakeWord("FROM")) {
    SOTERIA_RETURN_IF_ERROR(Argument(args));
    if (TakeWord("FOR")) SOTERIA_RETURN_IF_ERROR(Argument(args));
  } else {
    while (TakeOp(",")) SOTERIA_RETURN_IF_ERROR(Argument(args));
  }
  return Need(")");
}

/// position('b' IN a), or with commas.
base::Status SqlParser::PositionArguments(SqlExprs* args) {
  if (TakeOp(")")) return base::OkStatus();
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr part, Binary(0));
  args->push_back(std::move(part));
  const bool in = TakeWord("IN");
  while (in ? args->size() == 1 : TakeOp(",")) SOTERIA_RETURN_IF_ERROR(Argument(args));
  return Need(")");
}

/// What a few functions have between their parentheses instead of arguments.
base::Status SqlParser::OwnSyntax(std::string_view name) const {
  if (name != "trim" && name != "overlay") return base::OkStatus();
  int open = 1;
  for (size_t k = 0; open > 0 && Now(k).kind != Kind::kEnd; ++k) {
    if (IsOp("(", k)) ++open;
    if (IsOp(")", k)) --open;
    if (open == 1 && (IsWord("FROM", k) || IsWord("PLACING", k))) {
      return base::NotSupported(base::Cat(base::Upper(name), "(... ", Now(k).upper, " ...)"));
    }
  }
  return base::OkStatus();
}

/// After "struct(": fields may have names.
SqlParser::ExprOr SqlParser::Struct() {
  SqlExprs values;
  if (!TakeOp(")")) {
    do {
      SOTERIA_RETURN_IF_ERROR(Argument(&values));
      const bool as = TakeWord("AS");
      if (as || IsName()) {
        SOTERIA_ASSIGN_OR_RETURN(std::string name, Identifier());
        SOTERIA_ASSIGN_OR_RETURN(values.back(),
                                 AliasNode(std::move(values.back()), {std::move(name)}));
      }
    } while (TakeOp(","));
    SOTERIA_RETURN_IF_ERROR(Need(")"));
  }
  return CallNode("struct", std::move(values));
}

/// After "(": `a, b) ->`?
bool SqlParser::LambdaHere() const {
  size_t ahead = 0;
  while (IsName(ahead) && IsOp(",", ahead + 1)) ahead += 2;
  return IsName(ahead) && IsOp(")", ahead + 1) && IsOp("->", ahead + 2);
}

/// `x -> body` or `(x, y) -> body`
SqlParser::ExprOr SqlParser::Lambda() {
  Name names;
  if (IsOp("(")) {
    SOTERIA_ASSIGN_OR_RETURN(names, IdentifierList());
  } else {
    SOTERIA_ASSIGN_OR_RETURN(std::string name, Identifier());
    names.push_back(std::move(name));
  }
  SOTERIA_RETURN_IF_ERROR(Need("->"));
  const size_t outer = lambda_names_.size();
  lambda_names_.insert(lambda_names_.end(), names.begin(), names.end());
  ExprOr body = Or();
  lambda_names_.resize(outer);
  if (!body.ok()) return body;
  SqlExpr lambda = NullNode();
  auto* proto = lambda.proto->mutable_lambda_function();
  lambda.height = body->height + 1;
  lambda.size = body->size + names.size();
  proto->set_allocated_function(body->proto.release());
  for (const std::string& name : names) proto->add_arguments()->add_name_parts(name);
  SOTERIA_RETURN_IF_ERROR(CheckHeight(lambda.height));
  return lambda;
}

}  // namespace soteria::connect
