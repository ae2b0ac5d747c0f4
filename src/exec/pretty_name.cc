// Spark's automatic column names: toPrettySQL of an expression.
#include <arrow/array.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include <optional>

#include "src/base/ascii.h"
#include "src/base/bytes.h"
#include "src/base/text.h"
#include "src/exec/accumulator.h"
#include "src/exec/catalogue.h"
#include "src/exec/cell_text.h"
#include "src/exec/expression.h"
#include "src/exec/format_arguments.h"
#include "src/exec/functions.h"
#include "src/exec/show.h"
#include "src/exec/window_expression.h"
#include "src/exec/window_functions.h"
#include "src/table/column_path.h"
#include "src/table/decimal.h"
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

/// What Spark prints for arguments that a call leaves out.
std::optional<std::string> DefaultText(std::string_view name, size_t args) {
  struct Default {
    std::string_view name;
    size_t args;
    const char* text;
  };
  static constexpr Default kDefaults[] = {{"lpad", 2, ",  "},
                                          {"rpad", 2, ",  "},
                                          {"replace", 2, ", "},
                                          {"locate", 2, ", 1"},
                                          {"position", 2, ", 1"},
                                          {"overlay", 3, ", -1"},
                                          {"regexp_extract", 2, ", 1"},
                                          {"regexp_extract_all", 2, ", 1"},
                                          {"regexp_replace", 3, ", 1"},
                                          {"regexp_instr", 2, ", 0"},
                                          {"split", 2, ", -1"},
                                          {"str_to_map", 1, ", ,, :"},
                                          {"str_to_map", 2, ", :"},
                                          {"months_between", 2, ", true"},
                                          {"from_unixtime", 1, ", yyyy-MM-dd HH:mm:ss"},
                                          {"unix_timestamp", 1, ", yyyy-MM-dd HH:mm:ss"},
                                          {"to_unix_timestamp", 1, ", yyyy-MM-dd HH:mm:ss"},
                                          {"sort_array", 1, ", true"},
                                          {"hmac", 2, ", SHA-256"},
                                          {"aes_encrypt", 2, ", GCM, DEFAULT, , "},
                                          {"aes_encrypt", 3, ", DEFAULT, , "},
                                          {"aes_encrypt", 4, ", , "},
                                          {"aes_encrypt", 5, ", "},
                                          {"aes_decrypt", 2, ", GCM, DEFAULT, "},
                                          {"aes_decrypt", 3, ", DEFAULT, "},
                                          {"aes_decrypt", 4, ", "},
                                          {"try_aes_decrypt", 2, ", GCM, DEFAULT, "},
                                          {"try_aes_decrypt", 3, ", DEFAULT, "},
                                          {"try_aes_decrypt", 4, ", "},
                                          {"vector_norm", 1, ", 2.0"},
                                          {"vector_normalize", 1, ", 2.0"},
                                          {"make_dt_interval", 0, "0, 0, 0, 0.000000"},
                                          {"make_dt_interval", 1, ", 0, 0, 0.000000"},
                                          {"make_dt_interval", 2, ", 0, 0.000000"},
                                          {"make_dt_interval", 3, ", 0.000000"},
                                          {"make_ym_interval", 0, "0, 0"},
                                          {"make_ym_interval", 1, ", 0"},
                                          {"aggregate", 3,
                                           ", lambdafunction(namedlambdavariable(), "
                                           "namedlambdavariable())"},
                                          {"reduce", 3,
                                           ", lambdafunction(namedlambdavariable(), "
                                           "namedlambdavariable())"}};
  bool named = false;
  for (const Default& known : kDefaults) {
    if (known.name == name && known.args == args) return known.text;
    named = named || known.name == name;
  }
  return named ? std::optional<std::string>("") : std::nullopt;
}

/// Longer texts of what came before are cut: each struct within another is written out again.
constexpr size_t kUpdatedTextMax = 4096;

struct FieldUpdate {
  std::string name;  // in lower case
  bool with = false;
  std::string text;
};

bool IsUpdate(const Expr& e) {
  if (e.kind != Expr::Kind::kCall) return false;
  return (e.name == kWithField && e.args.size() > 2) || (e.name == kDropField && e.args.size() > 1);
}

/// "update_fields(s, WithField(1), dropfield())". Where none is dropped each field is there once,
/// in its first place with its last value (Catalyst's OptimizeUpdateFields).
std::string UpdatesText(const std::string& of, const std::vector<FieldUpdate>& updates) {
  const auto with = [](const FieldUpdate& one) { return one.with; };
  const bool once = std::all_of(updates.begin(), updates.end(), with);
  std::vector<FieldUpdate> written;
  for (const FieldUpdate& one : updates) {
    const auto same = std::find_if(written.begin(), written.end(), [&](const FieldUpdate& other) {
      return once && other.name == one.name;
    });
    if (same == written.end()) {
      written.push_back(one);
    } else {
      *same = one;
    }
  }
  std::string text = base::Cat("update_fields(", of);
  for (const FieldUpdate& one : written) text += base::Cat(", ", one.text);
  return text + ")";
}

/// Calls of calls are one. `of` is the struct that the first one updates.
void AddUpdates(const Expr& e, std::string* of, std::vector<FieldUpdate>* updates) {
  const Expr& whole = *e.args[0];
  std::string before;
  if (IsUpdate(whole)) {
    AddUpdates(whole, of, updates);
    before = UpdatesText(*of, *updates);
    if (before.size() > kUpdatedTextMax) before.resize(kUpdatedTextMax);
  } else {
    before = *of = PrettyName(whole);
  }
  const bool with = e.name == kWithField;
  const size_t names = e.args.size() - 1 - (with ? 1 : 0);
  std::string text;
  for (size_t i = 1; i < names; ++i) {
    before += base::Cat(".", PrettyName(*e.args[i]));
    text += base::Cat("WithField(update_fields(", before, ", ");
  }
  text += with ? base::Cat("WithField(", PrettyName(*e.args.back()), ")") : "dropfield()";
  for (size_t i = 1; i < names; ++i) text += "))";
  updates->push_back({base::Lower(PrettyName(*e.args[1])), with || names > 1, std::move(text)});
}

std::string UpdateText(const Expr& e) {
  std::string of;
  std::vector<FieldUpdate> updates;
  AddUpdates(e, &of, &updates);
  return UpdatesText(of, updates);
}

/// What SQL writes in words of its own.
std::optional<std::string> SyntaxText(const Expr& e, const Function& function) {
  const std::string_view name = function.name;
  const auto& args = e.args;
  if (name == "like") {
    std::string text = base::Cat(PrettyName(*args[0]), " LIKE ", PrettyName(*args[1]));
    const std::string escape = args.size() > 2 ? PrettyName(*args[2]) : "\\";
    if (escape != "\\") text += base::Cat(" ESCAPE '", escape, "'");
    return text;
  }
  if (name == "ilike") {
    return base::Cat("ilike(", PrettyName(*args[0]), ", ", PrettyName(*args[1]), ")");
  }
  if (name.find("like a") != std::string_view::npos) {
    return base::Cat(function.printed, "(", PrettyName(*args[0]), ")");
  }
  if (name == "datepart" || name == kExtractFrom) {
    return base::Cat(function.printed, "(", PrettyName(*args[0]), " FROM ", PrettyName(*args[1]),
                     ")");
  }
  if (name == kTimePlus || name == kTimeMinus) {
    return base::Cat(PrettyName(*args[0]), " ", function.printed, " ", PrettyName(*args[1]));
  }
  if (name == kIsUnknown) return base::Cat("(", PrettyName(*args[0]), " IS UNKNOWN)");
  if (name == kIsNotUnknown) return base::Cat("(", PrettyName(*args[0]), " IS NOT UNKNOWN)");
  if (name == kAliasOf) {
    return base::Cat(PrettyName(*args[0]), " AS ", table::QuotedIfNeeded(PrettyName(*args[1])));
  }
  if (IsUpdate(e)) return UpdateText(e);
  if (name != kStructOf) return std::nullopt;
  std::string text = "struct(";
  for (size_t i = 1; i < args.size(); i += 2) {
    text += base::Cat(i == 1 ? "" : ", ", PrettyName(*args[i]));
  }
  return text + ")";
}

/// A part of NULL as such.
bool IsOfNull(const Expr& e) {
  return e.kind == Expr::Kind::kCall && e.name == "extract" && e.args.size() == 2 &&
         e.args[0]->kind == Expr::Kind::kLiteral &&
         e.args[0]->literal->type->id() == arrow::Type::NA;
}

/// Of no type, for which the analyser puts a null of the type that is asked for.
bool IsUntyped(const Expr& e) {
  if (e.kind == Expr::Kind::kLiteral) return e.literal->type->id() == arrow::Type::NA;
  if (e.kind != Expr::Kind::kCall || e.args.empty()) return false;
  if (e.name == "nullif") return IsUntyped(*e.args[0]);
  const std::ptrdiff_t from = e.name == "if" ? 1 : 0;
  return IsOfNull(e) || ((from == 1 || e.name == "coalesce") &&
                         std::all_of(e.args.begin() + from, e.args.end(),
                                     [](const ExprPtr& arg) { return IsUntyped(*arg); }));
}

std::string OfNull(const Expr& e) { return base::Cat("NULL[", PrettyName(*e.args[1]), "]"); }

std::string Special(const Expr& e, const Function& function) {
  const std::string_view name = function.name;
  const auto& args = e.args;
  if (auto text = SyntaxText(e, function); text.has_value()) return *std::move(text);
  if (IsCastFunction(function)) return PrettyName(*args[0]);
  if (name == "from_json" && SaysMap(*args[1])) return "entries";
  if (name == "uuid") return "uuid()";
  if (name == "shuffle" || name.ends_with("_json") || name.ends_with("_csv")) {
    return base::Cat(name, "(", PrettyName(*args[0]), ")");
  }
  if (name == "~") return base::Cat("~", IsUntyped(*args[0]) ? "NULL" : PrettyName(*args[0]));
  if (name == "when") return When(args);
  if (name == "in") return base::Cat("(", PrettyName(*args[0]), " IN (", List(args, 1), "))");
  if (name == "if") return base::Cat("(IF(", List(args, 0), "))");
  if (name == "positive") return base::Cat("(+ ", PrettyName(*args[0]), ")");
  if (name == "substr" || name == "substring") {
    return base::Cat(name, "(", List(args, 0), args.size() == 2 ? ", 2147483647)" : ")");
  }
  if (name == "convert_timezone") {
    return base::Cat(name, args.size() == 2 ? "(current_timezone(), " : "(", List(args, 0), ")");
  }
  if (name == "raise_error") {
    return base::Cat("raise_error(USER_RAISED_EXCEPTION, map(errorMessage, ", PrettyName(*args[0]),
                     "))");
  }
  if (name == "assert_true") {
    const std::string text = PrettyName(*args[0]);
    return base::Cat("assert_true(", text, ", '", text, "' is not true!)");
  }
  if (const auto defaults = DefaultText(name, args.size()); defaults.has_value()) {
    return base::Cat(function.printed, "(", List(args, 0), *defaults, ")");
  }
  if (name == "trim" || name == "ltrim" || name == "rtrim") {
    if (args.size() == 1) return base::Cat(name, "(", PrettyName(*args[0]), ")");
    const char* side = name == "trim" ? "BOTH " : name == "ltrim" ? "LEADING " : "TRAILING ";
    return base::Cat("TRIM(", side, PrettyName(*args[0]), " FROM ", PrettyName(*args[1]), ")");
  }
  if (name == "ceil" || name == "ceiling" || name == "floor") {
    const bool places = args.size() == 2;
    return base::Cat(!places           ? function.printed
                     : name == "floor" ? "floor"
                                       : "ceil",
                     "(", List(args, 0), ")");
  }
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
  // Of a null Spark makes a column of that name.
  if (IsOfNull(e)) return base::Cat("NULL AS `", OfNull(e), "`");
  if (name == "extract" && key.kind == Expr::Kind::kLiteral &&
      key.literal->type->id() == arrow::Type::STRING) {
    return base::Cat(PrettyName(*args[0]), ".", PrettyName(key));
  }
  return base::Cat(PrettyName(*args[0]), "[", PrettyName(key), "]");
}

/// count(DISTINCT a, b) FILTER (WHERE c)
std::string AggregateText(const Expr& e) {
  if (e.filtered && !e.args.empty()) {
    Expr call = e;
    call.filtered = false;
    call.args.pop_back();
    return base::Cat(PrettyName(call), " FILTER (WHERE ", PrettyName(*e.args.back()), ")");
  }
  const AggregateFunction* function = FindAggregate(e.name);
  const std::string_view name = function == nullptr ? std::string_view(e.name) : function->printed;
  const bool ends = name == "first" || name == "last" || name == "any_value" ||
                    name == "first_value" || name == "last_value" || name == "mode";
  std::string args = List(e.args, 0);
  if ((name == "percentile_cont" || name == "percentile_disc") && e.args.size() > 1) {
    return base::Cat(name, "(", PrettyName(*e.args[1]), ") WITHIN GROUP (ORDER BY ",
                     PrettyName(*e.args[0]), e.args.size() > 2 ? " DESC)" : ")");
  }
  if (name == "mode" && e.args.size() > 2) {
    return base::Cat("mode() WITHIN GROUP (ORDER BY ", PrettyName(*e.args[0]), ")");
  }
  if ((name == "listagg" || name == "string_agg") && e.args.size() == 5) {
    const bool descends = PrettyName(*e.args[3]) == "true";
    const bool first = PrettyName(*e.args[4]) == "true";
    return base::Cat("listagg(", e.distinct ? "DISTINCT " : "", PrettyName(*e.args[0]), ", ",
                     PrettyName(*e.args[1]), ") WITHIN GROUP (ORDER BY ", PrettyName(*e.args[2]),
                     descends ? " DESC" : " ASC", first ? " NULLS FIRST)" : " NULLS LAST)");
  }
  if (ends && e.args.size() == 2) {
    // What the second argument says is no argument to Spark.
    args = PrettyName(*e.args[0]);
    if (name == "mode" && PrettyName(*e.args[1]) == "true") {
      return base::Cat("mode() WITHIN GROUP (ORDER BY ", args, " DESC)");
    }
  }
  if ((name == "listagg" || name == "string_agg") && e.args.size() == 1) args += ", NULL";
  if (name == "percentile" && e.args.size() == 2) args += ", 1";
  if (name == "approx_count_distinct" && !e.args.empty()) args = PrettyName(*e.args[0]);
  if ((name == "percentile_approx" || name == "approx_percentile") && e.args.size() == 2) {
    args += ", 10000";
  }
  return base::Cat(name, "(", e.distinct ? "DISTINCT " : "", args, ")");
}

std::string CallText(const Expr& e) {
  // Which metrics are asked is no part of Spark's name.
  if (e.name == "aggregate_metrics" && !e.args.empty()) {
    return base::Cat(e.name, "(", List(e.args, 1), ")");
  }
  if (IsOver(e)) return OverText(e);
  const Function* function = FindFunction(e.name);
  if (function == nullptr && FindWindowFunction(e.name) != nullptr) return WindowFunctionText(e);
  if (function == nullptr) return AggregateText(e);
  if (static_cast<int>(e.args.size()) < function->args_min) {
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
  bool quoted = false;
  for (size_t i = 0; i < identifier.size(); ++i) {
    if (identifier[i] == '`') {
      const bool twice = i + 1 < identifier.size() && identifier[i + 1] == '`';
      if (!quoted || !twice) {
        quoted = !quoted;
        continue;
      }
      ++i;
    }
    text += identifier[i];
  }
  return text;
}

}  // namespace

std::string LiteralText(const arrow::Scalar& scalar, const std::string& udt,
                        const table::TimeZone& zone) {
  if (!scalar.is_valid) return "NULL";
  if (scalar.type->id() == arrow::Type::BINARY) {
    const std::string_view bytes = static_cast<const arrow::BinaryScalar&>(scalar).view();
    return base::Cat("X'", base::Upper(base::Hex(bytes)), "'");
  }
  if (table::IsDecimal(*scalar.type)) {
    return table::JavaDecimal(
        table::FromArrow(static_cast<const arrow::Decimal128Scalar&>(scalar).value),
        table::ShapeOf(*scalar.type).scale);
  }
  const auto array = arrow::MakeArrayFromScalar(scalar, 1);
  if (!array.ok()) return "literal";
  const auto field = table::WithUdt(arrow::field("", scalar.type), udt);
  const std::string text = CastText(*field, **array, 0, zone);
  if (scalar.type->id() == arrow::Type::DATE32) return base::Cat("DATE '", text, "'");
  if (scalar.type->id() != arrow::Type::TIMESTAMP) return text;
  const bool local = static_cast<const arrow::TimestampType&>(*scalar.type).timezone().empty();
  return base::Cat(local ? "TIMESTAMP_NTZ '" : "TIMESTAMP '", text, "'");
}

std::string PrettyName(const Expr& e) {
  switch (e.kind) {
    case Expr::Kind::kColumn:
      return Plain(e.name);
    case Expr::Kind::kLiteral:
      if (!e.name.empty()) return e.name;
      return LiteralText(*e.literal, e.udt,
                         table::TimeZone::Find(e.zone).value_or(table::TimeZone()));
    case Expr::Kind::kCall:
      return CallText(e);
    case Expr::Kind::kVariable:
      return "namedlambdavariable()";
    case Expr::Kind::kLambda:
      return base::Cat("lambdafunction(", List(e.args, 0), ")");
    case Expr::Kind::kCast:
    case Expr::Kind::kTryCast:
      // Spark forgets that a cast to a nested type was written.
      if (e.type->num_fields() > 0) return PrettyName(*e.args[0]);
      return base::Cat(e.kind == Expr::Kind::kCast ? "CAST(" : "TRY_CAST(", PrettyName(*e.args[0]),
                       " AS ", table::SqlTypeName(*e.type), ")");
  }
  return "";
}

namespace {

/// Is it a cast that was written as one, and not as a function?
bool IsCast(const Expr& e) { return e.kind == Expr::Kind::kCast || e.kind == Expr::Kind::kTryCast; }

}  // namespace

std::string AutoName(const Expr& e) {
  // Casts of an identifier are named as the innermost would be alone: by the column, or by itself
  // where the identifier is a struct's field. Everything else shows each.
  const Expr* innermost = &e;
  while (IsCast(*innermost) && IsCast(*innermost->args[0])) innermost = innermost->args[0].get();
  if (IsCast(*innermost) && IsOfNull(*innermost->args[0])) return OfNull(*innermost->args[0]);
  if (IsCast(*innermost) && innermost->args[0]->kind == Expr::Kind::kColumn) {
    const Expr& column = *innermost->args[0];
    const std::string name = AutoName(column);
    return name == Plain(column.name) ? name : PrettyName(*innermost);
  }
  if (IsOfNull(e)) return OfNull(e);
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
