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
#include "src/connect/unsupported.h"
#include "src/exec/catalogue.h"
#include "src/exec/functions.h"

namespace soteria::connect {
namespace {

using spark::connect::Expression;

using Kind = SqlToken::Kind;

constexpr base::Condition kNullTreatment = {"INVALID_SQL_SYNTAX.FUNCTION_WITH_UNSUPPORTED_SYNTAX",
                                            base::exception_class::kAnalysis, "42000",
                                            absl::StatusCode::kInvalidArgument};

/// INVALID_WITHIN_GROUP_EXPRESSION and its kinds.
base::Status WrongWithin(const char* kind, std::string_view function, std::string_view why) {
  static constexpr base::Condition kKinds[] = {
      {"INVALID_WITHIN_GROUP_EXPRESSION.WITHIN_GROUP_MISSING", base::exception_class::kAnalysis,
       "42K0K", absl::StatusCode::kInvalidArgument},
      {"INVALID_WITHIN_GROUP_EXPRESSION.WRONG_NUM_ORDERINGS", base::exception_class::kAnalysis,
       "42K0K", absl::StatusCode::kInvalidArgument},
      {"INVALID_WITHIN_GROUP_EXPRESSION.DISTINCT_UNSUPPORTED", base::exception_class::kAnalysis,
       "42K0K", absl::StatusCode::kInvalidArgument}};
  const auto its = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const auto& one) {
    return std::string_view(one.name).ends_with(kind);
  });
  return base::Fail(*its, base::Cat("Invalid function `", function, "` with WITHIN GROUP. ", why));
}

constexpr base::Condition kStarOfTable = {"INVALID_USAGE_OF_STAR_WITH_TABLE_IDENTIFIER_IN_COUNT",
                                          base::exception_class::kAnalysis, "42000",
                                          absl::StatusCode::kInvalidArgument};

constexpr base::Condition kInvalidUnit = {"INVALID_PARAMETER_VALUE.DATETIME_UNIT",
                                          base::exception_class::kParse, "22023",
                                          absl::StatusCode::kInvalidArgument};

constexpr std::string_view kEnds[] = {"first", "last", "any_value"};
/// Those that take a unit of time, as a word, before other arguments.
constexpr std::string_view kOfUnits[] = {"timestampadd", "dateadd",   "date_add", "timestampdiff",
                                         "datediff",     "date_diff", "timediff"};
constexpr std::string_view kUnits[] = {"YEAR",      "QUARTER",     "MONTH",      "WEEK",
                                       "DAY",       "HOUR",        "MINUTE",     "SECOND",
                                       "DAYOFYEAR", "MILLISECOND", "MICROSECOND"};

template <size_t n>
bool IsIn(const std::string_view (&words)[n], std::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

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
  if (IsWord("SELECT") && IsQueryStart()) return ErrorAt(at_ - 1);
  if (IsQueryStart() && !IsOp("(")) return base::NotSupported("A table as an argument");
  if (IsName() && IsOp("=>", 1)) {
    SOTERIA_ASSIGN_OR_RETURN(std::string key, Identifier());
    ++at_;
    SOTERIA_ASSIGN_OR_RETURN(SqlExpr value, Or());
    SqlExpr named = NullNode();
    auto* const its = named.proto->mutable_named_argument_expression();
    its->set_key(std::move(key));
    its->mutable_value()->Swap(value.proto.get());
    named.height = value.height + 1;
    named.size = value.size + 1;
    args->push_back(std::move(named));
    return base::OkStatus();
  }
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
  return FunctionNamed(name);
}

SqlParser::ExprOr SqlParser::FunctionNamed(const std::string& name) {
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr call, Call(name));
  SOTERIA_RETURN_IF_ERROR(WithinGroup(name, &call));
  std::optional<SqlExpr> filter;
  if (IsWord("FILTER") && IsOp("(", 1)) {
    SOTERIA_ASSIGN_OR_RETURN(filter, FilterOfCall());
  }
  SOTERIA_RETURN_IF_ERROR(NullTreatment(name, &call));
  if (filter.has_value()) {
    SqlExprs parts;
    parts.push_back(std::move(call));
    parts.push_back(*std::move(filter));
    SOTERIA_ASSIGN_OR_RETURN(call, CallNode(kSqlFilter, std::move(parts), /*internal=*/true));
  }
  if (!IsWord("OVER") || !(IsOp("(", 1) || (windows_ != nullptr && IsName(1)))) return call;
  ++at_;
  return Over(std::move(call));
}

namespace {

/// listagg(a, b) WITHIN GROUP (ORDER BY c) is listagg(a, b, c, whether down, whether nulls first).
base::Status OrderedTexts(const std::string& name, std::vector<Expression::SortOrder>& orders,
                          SqlExpr* call) {
  auto* const function = call->proto->mutable_unresolved_function();
  if (orders.size() != 1) {
    return base::NotSupported(
        base::Cat("The function ", name, "() with WITHIN GROUP by several expressions"));
  }
  if (function->arguments_size() == 1) {
    function->add_arguments()->mutable_literal()->mutable_null()->mutable_null();
  }
  if (function->arguments_size() != 2) return base::OkStatus();  // the count is wrong as it is
  function->add_arguments()->Swap(orders[0].mutable_child());
  function->add_arguments()->mutable_literal()->set_boolean(
      orders[0].direction() == Expression::SortOrder::SORT_DIRECTION_DESCENDING);
  function->add_arguments()->mutable_literal()->set_boolean(
      orders[0].null_ordering() == Expression::SortOrder::SORT_NULLS_FIRST);
  call->size += 3;
  return base::OkStatus();
}

}  // namespace

/// f(a) WITHIN GROUP (ORDER BY b) is f(b, a), and f(b, a, true) where it goes down.
base::Status SqlParser::WithinGroup(const std::string& name, SqlExpr* call) {
  const bool mode = name == "mode";
  const bool percentile = name == "percentile_cont" || name == "percentile_disc";
  auto* const function = call->proto->mutable_unresolved_function();
  if (!IsWords("WITHIN", "GROUP")) {
    const int count = function->arguments_size();
    if (percentile && count != 1) return exec::WrongNumberOfArguments(name, 1, 1, count);
    if (!percentile && (!mode || count > 0)) return base::OkStatus();
    return WrongWithin("WITHIN_GROUP_MISSING", name, "WITHIN GROUP is required for the function.");
  }
  at_ += 2;
  if (!TakeOp("(") || !TakeWords("ORDER", "BY")) return Error();
  std::vector<Expression::SortOrder> orders;
  do {
    SOTERIA_RETURN_IF_ERROR(SortItem(&orders.emplace_back(), call));
  } while (TakeOp(","));
  SOTERIA_RETURN_IF_ERROR(Need(")"));
  if (name == "listagg" || name == "string_agg") return OrderedTexts(name, orders, call);
  if (!mode && !percentile) {
    return base::Fail(kNullTreatment, base::Cat("Invalid SQL syntax: The function `", name,
                                                "` does not support WITHIN GROUP (ORDER BY ...)."));
  }
  if (function->is_distinct()) {
    return WrongWithin("DISTINCT_UNSUPPORTED", name,
                       "The function does not support DISTINCT with WITHIN GROUP.");
  }
  const size_t wanted = mode && function->arguments_size() > 0 ? 0 : 1;
  if (orders.size() != wanted) {
    return WrongWithin("WRONG_NUM_ORDERINGS", name,
                       base::Cat("The function requires ", wanted,
                                 " orderings in WITHIN GROUP but got ", orders.size(), "."));
  }
  if (percentile && function->arguments_size() != 1) return base::OkStatus();
  const bool descends = orders[0].direction() == Expression::SortOrder::SORT_DIRECTION_DESCENDING;
  google::protobuf::RepeatedPtrField<Expression> arguments;
  arguments.Add()->Swap(orders[0].mutable_child());
  for (Expression& argument : *function->mutable_arguments()) arguments.Add()->Swap(&argument);
  if (mode) arguments.Add()->mutable_literal()->set_boolean(true);
  if (descends) arguments.Add()->mutable_literal()->set_boolean(true);
  function->mutable_arguments()->Swap(&arguments);
  call->size += 2;
  return base::OkStatus();
}

/// FILTER (WHERE condition)
SqlParser::ExprOr SqlParser::FilterOfCall() {
  ++at_;
  if (!IsWord("WHERE", 1)) return Error();
  at_ += 2;
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr condition, Or());
  SOTERIA_RETURN_IF_ERROR(Need(")"));
  return condition;
}

/// f(a) IGNORE NULLS is f(a, true), or what it is with all its arguments.
base::Status SqlParser::NullTreatment(const std::string& name, SqlExpr* call) {
  const bool ignore = TakeWords("IGNORE", "NULLS");
  if (!ignore && !TakeWords("RESPECT", "NULLS")) return base::OkStatus();
  if (IsWord("FILTER") && IsOp("(", 1)) return ErrorAt(at_ + 1);
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
  if (name == "extract" && IsName() && IsWord("FROM", 1)) return Extract();
  SqlExprs args;
  const bool distinct = TakeWord("DISTINCT");
  if (!distinct && IsWord("ALL") && !IsOp(")", 1) && !IsOp(",", 1) && !IsOp(".", 1)) ++at_;
  if (name == "count" && IsOp("*") && IsOp(")", 1) && !distinct) {
    at_ += 2;
    SOTERIA_ASSIGN_OR_RETURN(SqlExpr one, LiteralNode(*exec::Literal(int32_t{1})));
    args.push_back(std::move(one));
  } else if (distinct) {
    SOTERIA_RETURN_IF_ERROR(Arguments(&args));
  } else {
    SOTERIA_RETURN_IF_ERROR(OwnArguments(&name, &args));
  }
  for (const SqlExpr& arg : args) {
    if (name != "count" || !arg.proto->unresolved_star().has_unparsed_target()) continue;
    return base::Fail(kStarOfTable,
                      base::Cat("count(", arg.proto->unresolved_star().unparsed_target(),
                                ") is not allowed. Use count(*) or expand the columns "
                                "manually, e.g. count(col1, col2)."));
  }
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr call, CallNode(name, std::move(args)));
  if (distinct) call.proto->mutable_unresolved_function()->set_is_distinct(true);
  return call;
}

/// After "name(": what a few functions have there in words, or arguments.
base::Status SqlParser::OwnArguments(std::string* name, SqlExprs* args) {
  if (*name == "substring" || *name == "substr") return SubstringArguments(name, args);
  if (*name == "position") return PositionArguments(name, args);
  if (*name == "trim") return TrimArguments(name, args);
  if (*name == "overlay") return OverlayArguments(args);
  if (IsIn(kEnds, *name)) return FirstArguments(args);
  return IsIn(kOfUnits, *name) ? UnitArguments(name, args) : Arguments(args);
}

/// dateadd(HOUR, 1, a), which is timestampadd, or without a unit; of two arguments the first is a
/// column that has such a name.
base::Status SqlParser::UnitArguments(std::string* name, SqlExprs* args) {
  const bool word = Now().kind == Kind::kWord && IsIn(kUnits, Now().upper) && IsOp(",", 1);
  const bool quoted = Now().kind == Kind::kString && IsOp(",", 1);
  const std::string unit = word || quoted ? Now().text : "";
  const std::string written = *name;
  SOTERIA_RETURN_IF_ERROR(Arguments(args));
  const bool three = args->size() == 3;
  if (quoted && three) {
    return base::Fail(
        kInvalidUnit,
        base::Cat("The value of parameter(s) `unit` in `", written,
                  "` is invalid: expects one of the units without quotes YEAR, QUARTER, MONTH, "
                  "WEEK, DAY, DAYOFYEAR, HOUR, MINUTE, SECOND, MILLISECOND, MICROSECOND, but got "
                  "the string literal '",
                  unit, "'."));
  }
  if (word && three) {
    *name = written.ends_with("diff") ? "timestampdiff" : "timestampadd";
    args->front() = StringNode(unit);
    return base::OkStatus();
  }
  // These two are no functions, but syntax.
  if (written.starts_with("timestamp") || written == "timediff") return NoRoutine(written);
  return base::OkStatus();
}

/// first(a IGNORE NULLS), a form of its own that nothing comes behind, or arguments.
base::Status SqlParser::FirstArguments(SqlExprs* args) {
  if (TakeOp(")")) return base::OkStatus();
  do {
    SOTERIA_RETURN_IF_ERROR(Argument(args));
  } while (TakeOp(","));
  if (args->size() != 1 || !TakeWords("IGNORE", "NULLS")) return Need(")");
  args->push_back(BooleanNode(true));
  SOTERIA_RETURN_IF_ERROR(Need(")"));
  const bool more = (IsWord("FILTER") || IsWord("OVER")) && IsOp("(", 1);
  return more ? ErrorAt(at_ + 1) : base::OkStatus();
}

/// extract(YEAR FROM d); with a comma it is a function like others.
SqlParser::ExprOr SqlParser::Extract() {
  SqlExprs args;
  args.push_back(StringNode(Now().text));
  at_ += 2;
  SOTERIA_ASSIGN_OR_RETURN(args.emplace_back(), Comparison());
  SOTERIA_RETURN_IF_ERROR(Need(")"));
  return CallNode(exec::kExtractFrom, std::move(args), /*internal=*/true);
}

/// substring(a FROM 2 [FOR 3]), or with commas.
base::Status SqlParser::SubstringArguments(std::string* name, SqlExprs* args) {
  if (TakeOp(")")) return base::OkStatus();
  SOTERIA_RETURN_IF_ERROR(Argument(args));
  bool words = false;
  for (const std::string_view word : {"FROM", "FOR"}) {
    const bool its = TakeWord(word);
    words = words || its;
    if (its || TakeOp(",")) SOTERIA_RETURN_IF_ERROR(Argument(args));
  }
  if (words) *name = "substring";
  while (!words && TakeOp(",")) SOTERIA_RETURN_IF_ERROR(Argument(args));
  return Need(")");
}

/// position('b' IN a), which is locate, or with commas.
base::Status SqlParser::PositionArguments(std::string* name, SqlExprs* args) {
  if (TakeOp(")")) return base::OkStatus();
  SOTERIA_ASSIGN_OR_RETURN(SqlExpr part, Binary(0));
  args->push_back(std::move(part));
  if (TakeWord("IN")) {
    *name = "locate";
    SOTERIA_RETURN_IF_ERROR(Argument(args));
    return Need(")");
  }
  while (TakeOp(",")) SOTERIA_RETURN_IF_ERROR(Argument(args));
  return Need(")");
}

/// trim([BOTH | LEADING | TRAILING] [characters] FROM a), or with commas.
base::Status SqlParser::TrimArguments(std::string* name, SqlExprs* args) {
  const bool side = IsWord("BOTH") || IsWord("LEADING") || IsWord("TRAILING");
  const bool operand = Now(1).kind != Kind::kOperator || IsOp("(", 1);
  const std::string word = side && operand ? tokens_[at_++].upper : "";
  if (word == "LEADING") *name = "ltrim";
  if (word == "TRAILING") *name = "rtrim";
  if (!word.empty() && TakeWord("FROM")) {
    SOTERIA_RETURN_IF_ERROR(Argument(args));
    return Need(")");
  }
  if (word.empty() && TakeOp(")")) return base::OkStatus();
  SOTERIA_RETURN_IF_ERROR(Argument(args));
  if (!word.empty() && !IsWord("FROM")) return Error();
  if (TakeWord("FROM")) {
    SOTERIA_RETURN_IF_ERROR(Argument(args));
    return Need(")");
  }
  while (TakeOp(",")) SOTERIA_RETURN_IF_ERROR(Argument(args));
  return Need(")");
}

/// overlay(a PLACING b FROM 2 [FOR 3]), or with commas.
base::Status SqlParser::OverlayArguments(SqlExprs* args) {
  if (TakeOp(")")) return base::OkStatus();
  SOTERIA_RETURN_IF_ERROR(Argument(args));
  if (TakeWord("PLACING")) {
    SOTERIA_RETURN_IF_ERROR(Argument(args));
    SOTERIA_RETURN_IF_ERROR(NeedWord("FROM"));
    SOTERIA_RETURN_IF_ERROR(Argument(args));
    if (TakeWord("FOR")) SOTERIA_RETURN_IF_ERROR(Argument(args));
    return Need(")");
  }
  while (TakeOp(",")) SOTERIA_RETURN_IF_ERROR(Argument(args));
  return Need(")");
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
  SOTERIA_ASSIGN_OR_RETURN(const Name names, IdentifierOrList());
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
