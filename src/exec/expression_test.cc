// Expected values, names and texts are from Spark 4.3 (local[1], ANSI on) over one row: a int = 1,
// b int = 2, d double = 2.5, s = 'abc', t = true, n int = null, arr = [1.0, 2.0],
// v = dense [1.0, 2.0], mx int = 2147483647, lx bigint = 2^63 - 1, nan double = NaN,
// st struct<x:int,y:string> = {7, 'q'}.
#include "src/exec/expression.h"

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "src/base/errors.h"
#include "src/exec/catalogue.h"
#include "src/exec/conditions.h"
#include "src/exec/show.h"
#include "src/table/table_for_test.h"
#include "src/table/types.h"

namespace soteria::exec {
namespace {

using table::ArrayForTest;
using table::TableForTest;

std::shared_ptr<arrow::Table> Row() {
  auto schema = *table::SchemaFromDdl(
      "a int, b int, d double, s string, t boolean, n int, arr array<double>, mx int, lx bigint, "
      "nan double, st struct<x:int,y:string>");
  auto row =
      TableForTest(schema, {"[1]", "[2]", "[2.5]", "[\"abc\"]", "[true]", "[null]", "[[1.0, 2.0]]",
                            "[2147483647]", "[9223372036854775807]", "[\"NaN\"]", "[[7, \"q\"]]"});
  return row
      ->AddColumn(7, table::VectorField("v", true, std::nullopt),
                  std::make_shared<arrow::ChunkedArray>(
                      table::VectorsForTest({table::DenseVector({1.0, 2.0})})))
      .ValueOrDie();
}

std::string Type(const Expr& e) {
  const auto field = TypeOf(e, *Row()->schema());
  if (!field.ok()) return base::Message(field.status());
  return table::TypeName(**field) + ((*field)->nullable() ? "" : " not null");
}

/// The one value as show() prints it, or the error's text.
std::string Value(const ExprPtr& e) {
  const auto row = Row();
  const auto field = TypeOf(*e, *row->schema());
  if (!field.ok()) return base::Message(field.status());
  const auto values = Evaluate(*e, *row);
  if (!values.ok()) return base::Message(values.status());
  EXPECT_TRUE((*values)->ValidateFull().ok());
  EXPECT_TRUE((*values)->type()->Equals((*field)->type())) << PrettyName(*e);
  // A canonical encoding comes back as itself and means the same.
  const std::string bytes = EncodeExpr(*e);
  const auto back = DecodeExpr(bytes);
  EXPECT_TRUE(back.ok()) << base::Message(back.status());
  EXPECT_EQ(EncodeExpr(**back), bytes);
  EXPECT_EQ(PrettyName(**back), PrettyName(*e));
  return *CellText(**field, *(*values)->chunk(0), 0);
}

base::Status Error(const ExprPtr& e) { return Evaluate(*e, *Row()).status(); }

ExprPtr C(const char* name) { return Column(name); }
ExprPtr L(int32_t x) { return Literal(x); }
ExprPtr L(double x) { return Literal(x); }
ExprPtr L(const char* x) { return Literal(std::string_view(x)); }
ExprPtr Null() { return Literal(arrow::MakeNullScalar(arrow::null())); }

struct Case {
  ExprPtr e;
  const char* name;
  const char* type;
  const char* value;
};

void Check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    EXPECT_EQ(PrettyName(*c.e), c.name);
    EXPECT_EQ(Type(*c.e), c.type) << c.name;
    EXPECT_EQ(Value(c.e), c.value) << c.name;
  }
}

TEST(Expression, Arithmetic) {
  Check({
      {Call("+", {C("a"), C("b")}), "(a + b)", "int", "3"},
      {Call("+", {C("a"), C("d")}), "(a + d)", "double", "3.5"},
      {Call("-", {C("a"), L(1)}), "(a - 1)", "int", "0"},
      {Call("*", {C("a"), L(2.5)}), "(a * 2.5)", "double", "2.5"},
      {Call("/", {C("a"), C("b")}), "(a / b)", "double", "0.5"},
      {Call("%", {C("a"), C("b")}), "(a % b)", "int", "1"},
      {Call("negative", {C("a")}), "negative(a)", "int", "-1"},
      {Call("-", {C("a")}), "(- a)", "int", "-1"},
      {Call("+", {C("d")}), "(+ d)", "double", "2.5"},
      {Call("&", {L(12), L(10)}), "(12 & 10)", "int not null", "8"},
      {Call("|", {L(12), L(10)}), "(12 | 10)", "int not null", "14"},
      {Call("^", {L(12), L(10)}), "(12 ^ 10)", "int not null", "6"},
      {Call("^", {C("n"), L(10)}), "(n ^ 10)", "int", "NULL"},
      {Call("~", {C("a")}), "~a", "int", "-2"},
      {Call("abs", {Call("-", {C("a"), L(5)})}), "abs((a - 5))", "int", "4"},
      {Call("+", {C("a"), C("n")}), "(a + n)", "int", "NULL"},
      {Call("/", {C("lx"), L(1)}), "(lx / 1)", "double", "9.223372036854776E18"},
      {Call("div", {C("a"), C("b")}), "(a div b)", "bigint", "0"},
      {Call("pmod", {Call("-", {C("a"), L(5)}), C("b")}), "pmod((a - 5), b)", "int", "0"},
      {Call("%", {Call("-", {C("d"), L(5)}), L(2)}), "((d - 5) % 2)", "double", "-0.5"},
      {Call("*", {L("2"), C("a")}), "(2 * a)", "bigint", "2"},
      {Call("*", {L("2.5"), C("d")}), "(2.5 * d)", "double", "6.25"},
      {Call("+", {Cast(C("d"), arrow::float32()), L(1)}), "(CAST(d AS FLOAT) + 1)", "double",
       "3.5"},
      {Call("+", {Cast(L(1), arrow::int8()), L(1)}), "(CAST(1 AS TINYINT) + 1)", "int not null",
       "2"},
      {Call("*", {Call("+", {C("a"), L(1)}), Call("-", {C("b"), Call("abs", {C("a")})})}),
       "((a + 1) * (b - abs(a)))", "int", "2"},
      {Call("+", {C("A"), C("D")}), "(A + D)", "double", "3.5"},
      {Call("/", {Null(), L(0)}), "(NULL / 0)", "double", "NULL"},
  });
}

TEST(Expression, ArithmeticErrors) {
  const std::string hint =
      " If necessary set \"spark.sql.ansi.enabled\" to \"false\" to bypass this error.";
  EXPECT_TRUE(base::Is(Error(Call("/", {C("a"), L(0)})), base::kDivideByZero));
  EXPECT_EQ(Value(Call("/", {C("d"), L(0.0)})),
            "Division by zero. Use `try_divide` to tolerate divisor being 0 and return NULL "
            "instead." +
                hint);
  EXPECT_TRUE(base::Is(Error(Call("%", {C("a"), L(0)})), kRemainderByZero));
  EXPECT_EQ(Value(Call("%", {C("d"), L(0.0)})),
            "Remainder by zero. Use `try_mod` to tolerate divisor being 0 and return NULL "
            "instead." +
                hint);
  for (const char* column : {"mx", "lx"}) {
    const auto e = Call("+", {C(column), L(1)});
    EXPECT_TRUE(base::Is(Error(e), base::kOverflow));
    EXPECT_FALSE(base::QuotesData(Error(e)));
    EXPECT_EQ(Value(e),
              "overflow. Use 'try_add' to tolerate overflow and return NULL instead." + hint);
  }
  EXPECT_EQ(Value(Call("*", {C("mx"), C("mx")})),
            "overflow. Use 'try_multiply' to tolerate overflow and return NULL instead." + hint);
  EXPECT_EQ(Value(Call("negative", {Call("-", {Call("negative", {C("mx")}), L(1)})})),
            "overflow." + hint);
  const auto bytes = Call("+", {Cast(L(127), arrow::int8()), Cast(L(1), arrow::int8())});
  EXPECT_TRUE(base::Is(Error(bytes), kBinaryOverflow));
  EXPECT_TRUE(base::QuotesData(Error(bytes)));
  EXPECT_EQ(Value(bytes),
            "127S + 1S caused overflow. Use `try_add` to ignore overflow problem and return NULL.");
}

TEST(Expression, Comparison) {
  const double inf = std::numeric_limits<double>::infinity();
  Check({
      {Call("==", {C("a"), C("b")}), "(a = b)", "boolean", "false"},
      {Call("not", {Call("==", {C("a"), C("b")})}), "(NOT (a = b))", "boolean", "true"},
      {Call("<", {C("a"), C("d")}), "(a < d)", "boolean", "true"},
      {Call("<=>", {C("n"), Null()}), "(n <=> NULL)", "boolean not null", "true"},
      {Call("==", {C("nan"), C("nan")}), "(nan = nan)", "boolean", "true"},
      {Call(">", {C("nan"), L(inf)}), "(nan > Infinity)", "boolean", "true"},
      {Call("==", {L(0.0), L(-0.0)}), "(0.0 = -0.0)", "boolean not null", "true"},
      {Call("==", {C("s"), L("abc")}), "(s = abc)", "boolean", "true"},
      {Call("==", {C("v"), C("v")}), "(v = v)", "boolean", "true"},
      {Call("==", {C("arr"), C("arr")}), "(arr = arr)", "boolean", "true"},
      {Call("==", {L("10"), L(10)}), "(10 = 10)", "boolean", "true"},
      {Call("<", {L("10"), L(9.5)}), "(10 < 9.5)", "boolean", "false"},
      {Call("<", {L("a"), L("B")}), "(a < B)", "boolean not null", "false"},
      {Call("in", {C("a"), L(1), L(2)}), "(a IN (1, 2))", "boolean", "true"},
      {Call("in", {C("a")}), "(a IN ())", "boolean", "false"},
      {Call("in", {C("n"), L(1)}), "(n IN (1))", "boolean", "NULL"},
      {Call("in", {C("a"), L(2), Null()}), "(a IN (2, NULL))", "boolean", "NULL"},
      {Call("greatest", {C("a"), C("d"), C("nan")}), "greatest(a, d, nan)", "double", "NaN"},
      {Call("least", {C("a"), C("d"), C("n")}), "least(a, d, n)", "double", "1.0"},
  });
}

TEST(Expression, ThreeValuedLogic) {
  // The truth tables of SQL: 1, 0 and null.
  const auto schema = *table::SchemaFromDdl("x boolean, y boolean");
  const auto table =
      TableForTest(schema, {"[true, true, true, false, false, false, null, null, null]",
                            "[true, false, null, true, false, null, true, false, null]"});
  const auto check = [&](const char* op, const char* expected) {
    const auto values = Evaluate(*Call(op, {C("x"), C("y")}), *table);
    ASSERT_TRUE(values.ok());
    EXPECT_TRUE((*values)->chunk(0)->Equals(ArrayForTest(arrow::boolean(), expected)))
        << (*values)->ToString();
  };
  check("and", "[true, false, null, false, false, false, null, false, null]");
  check("or", "[true, true, true, true, false, null, true, null, null]");
}

TEST(Expression, NullsAndChoices) {
  Check({
      {Call("isNull", {C("n")}), "(n IS NULL)", "boolean not null", "true"},
      {Call("isnotnull", {C("n")}), "(n IS NOT NULL)", "boolean not null", "false"},
      {Call("isNaN", {C("d")}), "isnan(d)", "boolean not null", "false"},
      {Call("isnan", {C("a")}), "isnan(a)", "boolean not null", "false"},
      {Call("coalesce", {C("n"), C("a"), C("d")}), "coalesce(n, a, d)", "double", "1.0"},
      {Call("ifnull", {C("n"), C("a")}), "ifnull(n, a)", "int", "1"},
      {Call("nanvl", {C("nan"), C("d")}), "nanvl(nan, d)", "double", "2.5"},
      {Call("nanvl", {C("nan"), C("a")}), "nanvl(nan, a)", "double", "1.0"},
      {Call("when", {Call(">", {C("a"), L(1)}), L(1), Call(">", {C("a"), L(0)}), L(2.5), Null()}),
       "CASE WHEN (a > 1) THEN 1 WHEN (a > 0) THEN 2.5 ELSE NULL END", "double", "2.5"},
      {Call("when", {Call(">", {C("a"), L(1)}), L("x")}), "CASE WHEN (a > 1) THEN x END", "string",
       "NULL"},
      {Call("if", {Call(">", {C("a"), L(0)}), L(1), L(2)}), "(IF((a > 0), 1, 2))", "int not null",
       "1"},
  });
}

TEST(Expression, BranchesThatAreNotTakenAreNotEvaluated) {
  const auto schema = *table::SchemaFromDdl("a int");
  const auto table = TableForTest(schema, {"[0, 2, null]"});
  const auto nonzero = Call("not", {Call("==", {C("a"), L(0)})});
  const auto tenth = Call("/", {L(10), C("a")});
  const auto run = [&](const ExprPtr& e) { return *Evaluate(*e, *table); };
  EXPECT_TRUE(run(Call("when", {nonzero, tenth, L(-1)}))
                  ->chunk(0)
                  ->Equals(ArrayForTest(arrow::float64(), "[-1, 5, -1]")));
  EXPECT_TRUE(run(Call("and", {nonzero, Call(">", {tenth, L(1)})}))
                  ->chunk(0)
                  ->Equals(ArrayForTest(arrow::boolean(), "[false, true, null]")));
  EXPECT_TRUE(run(Call("or", {Call("==", {C("a"), L(0)}), Call(">", {tenth, L(1)})}))
                  ->chunk(0)
                  ->Equals(ArrayForTest(arrow::boolean(), "[true, true, null]")));
  EXPECT_TRUE(base::Is(Evaluate(*tenth, *table).status(), base::kDivideByZero));
}

TEST(Expression, Math) {
  Check({
      {Call("sqrt", {C("d")}), "SQRT(d)", "double", "1.5811388300841898"},
      {Call("sqrt", {Call("-", {C("a"), L(5)})}), "SQRT((a - 5))", "double", "NaN"},
      {Call("exp", {L(0)}), "EXP(0)", "double", "1.0"},
      {Call("ln", {C("d")}), "ln(d)", "double", "0.9162907318741551"},
      {Call("ln", {Call("-", {C("a"), L(1)})}), "ln((a - 1))", "double", "NULL"},
      {Call("log", {L(2.0), C("d")}), "LOG(2.0, d)", "double", "1.3219280948873624"},
      {Call("log2", {C("d")}), "LOG2(d)", "double", "1.3219280948873624"},
      {Call("log10", {C("d")}), "LOG10(d)", "double", "0.3979400086720376"},
      {Call("log1p", {C("d")}), "LOG1P(d)", "double", "1.252762968495368"},
      {Call("power", {C("a"), L(2)}), "POWER(a, 2)", "double", "1.0"},
      {Call("power", {L(1.0), C("nan")}), "POWER(1.0, nan)", "double", "NaN"},
      {Call("floor", {C("d")}), "FLOOR(d)", "bigint", "2"},
      {Call("ceil", {C("d")}), "CEIL(d)", "bigint", "3"},
      {Call("floor", {C("a")}), "FLOOR(a)", "bigint", "1"},
      {Call("round", {C("d")}), "round(d, 0)", "double", "3.0"},
      {Call("round", {C("d"), L(1)}), "round(d, 1)", "double", "2.5"},
      {Call("round", {C("a")}), "round(a, 0)", "int", "1"},
      {Call("round", {Call("+", {C("a"), L(14)}), L(-1)}), "round((a + 14), -1)", "int", "20"},
      {Call("signum", {C("d")}), "SIGNUM(d)", "double", "1.0"},
      {Call("sin", {L(0.0)}), "SIN(0.0)", "double", "0.0"},
  });
  EXPECT_TRUE(base::Is(Error(Call("floor", {L(1e20)})), base::kOverflow));
}

TEST(Expression, RoundsDecimalDigits) {
  const auto schema = *table::SchemaFromDdl("d double");
  const auto table = TableForTest(
      schema, {"[2.5, 3.5, -2.5, 2.675, 1.005, 1e20, 0.049999, -0.4, 1234.5678, 5e-324]"});
  const auto check = [&](const ExprPtr& e, const char* expected) {
    const auto values = Evaluate(*e, *table);
    ASSERT_TRUE(values.ok());
    EXPECT_TRUE((*values)->chunk(0)->Equals(ArrayForTest(arrow::float64(), expected),
                                            arrow::EqualOptions().signed_zeros_equal(false)))
        << (*values)->ToString();
  };
  check(Call("round", {C("d")}), "[3, 4, -3, 3, 1, 1e20, 0.0, 0.0, 1235, 0.0]");
  check(Call("round", {C("d"), L(2)}),
        "[2.5, 3.5, -2.5, 2.68, 1.01, 1e20, 0.05, -0.4, 1234.57, 0.0]");
  check(Call("round", {C("d"), L(-2)}), "[0.0, 0.0, 0.0, 0.0, 0.0, 1e20, 0.0, 0.0, 1200, 0.0]");
  check(Call("bround", {C("d")}), "[2, 4, -2, 3, 1, 1e20, 0.0, 0.0, 1235, 0.0]");
}

TEST(Expression, DoublesBeyondTheTimesThereAre) {
  const auto time = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  const auto at = [&](double second) { return Cast(L(second), time); };
  // Rounded, the first one's microseconds are 2^63.
  EXPECT_EQ(Value(at(9223372036854.775807)), "+294247-01-10 04:00:54.775807");
  EXPECT_EQ(Value(at(-9223372036854.775807)), "-290308-12-21 19:59:05.224192");
  for (const double second : {9223372036854.78, -9223372036854.78, 3.4e38, -1e300, 1e308}) {
    EXPECT_TRUE(base::Is(Error(at(second)), base::kCastOverflow)) << second;
    EXPECT_EQ(Value(TryCast(L(second), time)), "NULL") << second;
  }
  EXPECT_EQ(base::ConditionName(Error(at(std::nan("")))), "CAST_INVALID_INPUT");
  EXPECT_EQ(Value(TryCast(L(std::nan("")), time)), "NULL");
  // The clock's reading isn't a 64 bit number there.
  const auto local = Cast(at(-9223372036854.775807), arrow::timestamp(arrow::TimeUnit::MICRO));
  const base::Status beyond = Error(InZone(local, "America/Los_Angeles"));
  EXPECT_EQ(base::Message(beyond), "long overflow");
  EXPECT_EQ(base::ExceptionName(beyond), "java.lang.ArithmeticException");
  EXPECT_EQ(Value(InZone(Cast(at(-9223372036854.775807), arrow::date32()), "-18:00")),
            "-290308-12-21");
}

TEST(Expression, TimesInArithmetic) {
  const ExprPtr day = Cast(L("2020-01-01"), arrow::date32());
  const ExprPtr then = Cast(day, arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"));
  EXPECT_EQ(Value(Call("+", {day, L(1)})), "2020-01-02");
  EXPECT_EQ(Value(Call("+", {L(1), day})), "2020-01-02");
  EXPECT_EQ(Value(Call("-", {day, L(1)})), "2019-12-31");
  EXPECT_EQ(Value(Call("-", {day, day})), "INTERVAL '0' DAY");
  EXPECT_EQ(Value(Call("-", {then, day})), "INTERVAL '0 00:00:00' DAY TO SECOND");
  EXPECT_TRUE(base::Is(Error(Call("*", {day, L(1)})), kBinaryOpDiffTypes));
  EXPECT_TRUE(base::Is(Error(Call("+", {then, L(1)})), kBinaryOpDiffTypes));
  for (const ExprPtr& e : {Call("+", {day, C("lx")}), Call("+", {day, L(1.5)}),
                           Call("-", {then, L(1)}), Call("-", {L(1), then})}) {
    EXPECT_TRUE(base::Is(Error(e), kUnexpectedInputType)) << PrettyName(*e);
  }
}

TEST(Expression, Casts) {
  Check({
      {Cast(C("a"), arrow::float64()), "CAST(a AS DOUBLE)", "double", "1.0"},
      {Cast(C("d"), arrow::int32()), "CAST(d AS INT)", "int", "2"},
      {Cast(C("d"), arrow::boolean()), "CAST(d AS BOOLEAN)", "boolean", "true"},
      {Cast(C("t"), arrow::int32()), "CAST(t AS INT)", "int", "1"},
      {Cast(C("v"), arrow::utf8()), "CAST(v AS STRING)", "string", "[1.0,2.0]"},
      {Cast(C("arr"), table::ListOf(arrow::int32())), "arr", "array<int>", "[1, 2]"},
      {Cast(C("arr"), arrow::utf8()), "CAST(arr AS STRING)", "string", "[1.0, 2.0]"},
      {Cast(C("st"), arrow::utf8()), "CAST(st AS STRING)", "string", "{7, q}"},
      {Cast(L(" 12 "), arrow::int32()), "CAST( 12  AS INT)", "int", "12"},
      {Cast(L(" tRue "), arrow::boolean()), "CAST( tRue  AS BOOLEAN)", "boolean", "true"},
      {Cast(L("2020-01-05"), arrow::date32()), "CAST(2020-01-05 AS DATE)", "date", "2020-01-05"},
      {TryCast(C("s"), arrow::int32()), "TRY_CAST(s AS INT)", "int", "NULL"},
      {TryCast(C("nan"), arrow::int64()), "TRY_CAST(nan AS BIGINT)", "bigint", "NULL"},
      {Cast(Null(), arrow::int32()), "CAST(NULL AS INT)", "int", "NULL"},
  });
  const std::string use = " Use `try_cast` to tolerate overflow and return NULL instead.";
  EXPECT_EQ(
      Value(Cast(C("nan"), arrow::int32())),
      "The value NaN of the type \"DOUBLE\" cannot be cast to \"INT\" due to an overflow." + use);
  EXPECT_EQ(Value(Cast(L(1e20), arrow::int64())),
            "The value 1.0E20D of the type \"DOUBLE\" cannot be cast to \"BIGINT\" due to an "
            "overflow." +
                use);
  EXPECT_EQ(
      Value(Cast(C("lx"), arrow::int32())),
      "The value 9223372036854775807L of the type \"BIGINT\" cannot be cast to \"INT\" due to "
      "an overflow." +
          use);
  const base::Status malformed = Error(Cast(C("s"), arrow::int32()));
  EXPECT_TRUE(base::Is(malformed, base::kCastInvalid));
  EXPECT_TRUE(base::QuotesData(malformed));
  EXPECT_EQ(base::Message(malformed),
            "The value 'abc' of the type \"STRING\" cannot be cast to \"INT\" because it is "
            "malformed. Correct the value as per the syntax, or change its target type. Use "
            "`try_cast` to tolerate malformed input and return NULL instead.");
  EXPECT_EQ(base::ExceptionName(Error(Cast(C("s"), arrow::boolean()))),
            "org.apache.spark.SparkRuntimeException");
  EXPECT_TRUE(base::Is(Error(Call("==", {C("s"), L(1)})), base::kCastInvalid));
}

TEST(Expression, TextAndNested) {
  Check({
      {Call("length", {C("s")}), "length(s)", "int", "3"},
      {Call("upper", {C("s")}), "upper(s)", "string", "ABC"},
      {Call("upper", {C("a")}), "upper(a)", "string", "1"},
      {Call("concat", {C("s"), C("a")}), "concat(s, a)", "string", "abc1"},
      {Call("concat", {C("s"), C("n")}), "concat(s, n)", "string", "NULL"},
      {Call("substr", {C("s"), L(1), L(2)}), "substr(s, 1, 2)", "string", "ab"},
      {Call("substring", {L("héllo"), L(-2), L(5)}), "substring(héllo, -2, 5)", "string not null",
       "lo"},
      {Call("substring", {L("héllo"), L(-10), L(7)}), "substring(héllo, -10, 7)", "string not null",
       "hé"},
      {Call("contains", {C("s"), L("b")}), "contains(s, b)", "boolean", "true"},
      {Call("startsWith", {C("s"), L("a")}), "startswith(s, a)", "boolean", "true"},
      {Call("like", {C("s"), L("a%")}), "s LIKE a%", "boolean", "true"},
      {Call("like", {C("s"), L("a_")}), "s LIKE a_", "boolean", "false"},
      {Call("like", {L("a%"), L("a/%"), L("/")}), "a% LIKE a/% ESCAPE '/'", "boolean not null",
       "true"},
      {Call("like", {L("ab"), L("a%%"), L("%")}), "ab LIKE a%% ESCAPE '%'", "boolean not null",
       "false"},
      {Call("like", {L("aé_"), L("aééé_"), L("é")}), "aé_ LIKE aééé_ ESCAPE 'é'",
       "boolean not null", "true"},
      {Call("ilike", {L("A_"), L("a/_"), L("/")}), "ilike(A_, a/_)", "boolean not null", "true"},
      {Call("like any", {C("s"), L("x"), L("a%")}), "likeany(s)", "boolean", "true"},
      {Call("like all", {C("s"), L("x"), L("a%")}), "likeall(s)", "boolean", "false"},
      {Call("not like any", {C("s"), L("x"), L("a%")}), "notlikeany(s)", "boolean", "true"},
      {Call("not like all", {C("s"), L("x"), L("a%")}), "notlikeall(s)", "boolean", "false"},
      {Call("<<", {L(3), L(2)}), "(3 << 2)", "int not null", "12"},
      {Call(">>", {L(-8), L(1)}), "(-8 >> 1)", "int not null", "-4"},
      {Call(">>>", {L(-8), L(28)}), "(-8 >>> 28)", "int not null", "15"},
      {Call("struct of", {L("x"), Call("alias of", {C("a"), L("x")}), L("s"), C("s")}),
       "struct(a AS x, s)", "struct<x:int,s:string> not null", "{1, abc}"},
      {Call("extract from", {L("MONTH"), L("2020-05-06")}), "extract(MONTH FROM 2020-05-06)", "int",
       "5"},
      {Call("vector_to_array", {C("v"), L("float64")}), "UDF(v)", "array<double> not null",
       "[1.0, 2.0]"},
      {Call("vector_to_array", {C("v"), L("float32")}), "UDF(v)", "array<float> not null",
       "[1.0, 2.0]"},
      {Call("array_to_vector", {C("arr")}), "UDF(arr)", "vector", "[1.0,2.0]"},
      {Call("extract", {C("arr"), L(0)}), "arr[0]", "double", "1.0"},
      {Call("extract", {C("st"), L("X")}), "st.X", "int", "7"},
      {C("st.y"), "st.y", "string", "q"},
      {Call("get", {C("arr"), L(5)}), "get(arr, 5)", "double", "NULL"},
      {Call("element_at", {C("arr"), L(-1)}), "element_at(arr, -1)", "double", "2.0"},
      {Call("size", {C("arr")}), "size(arr)", "int", "2"},
      {Call("array", {C("a"), C("d")}), "array(a, d)", "array<double> not null", "[1.0, 2.5]"},
      {Call("struct", {C("a"), C("s")}), "struct(a, s)", "struct<a:int,s:string> not null",
       "{1, abc}"},
  });
  EXPECT_EQ(Value(Call("extract", {C("arr"), L(7)})),
            "The index 7 is out of bounds. The array has 2 elements. Use the SQL function `get()` "
            "to tolerate accessing element at invalid index and return NULL instead.");
  EXPECT_EQ(Value(Call("raise_error", {L("boo")})), "boo");
}

TEST(Expression, FieldsOfStructsAreUpdated) {
  const auto with = [](ExprPtr of, std::vector<const char*> path, ExprPtr value) {
    std::vector<ExprPtr> args = {std::move(of)};
    for (const char* name : path) args.push_back(L(name));
    args.push_back(std::move(value));
    return Call(std::string(kWithField), std::move(args));
  };
  const auto without = [](ExprPtr of, std::vector<const char*> path) {
    std::vector<ExprPtr> args = {std::move(of)};
    for (const char* name : path) args.push_back(L(name));
    return Call(std::string(kDropField), std::move(args));
  };
  const ExprPtr deep = with(C("st"), {"s"}, C("st"));
  Check({
      {with(C("st"), {"z"}, L(1)), "update_fields(st, WithField(1))",
       "struct<x:int,y:string,z:int>", "{7, q, 1}"},
      {with(C("st"), {"X"}, C("d")), "update_fields(st, WithField(d))", "struct<X:double,y:string>",
       "{2.5, q}"},
      {without(C("st"), {"Y"}), "update_fields(st, dropfield())", "struct<x:int>", "{7}"},
      {without(C("st"), {"zz"}), "update_fields(st, dropfield())", "struct<x:int,y:string>",
       "{7, q}"},
      {with(deep, {"s", "x"}, Null()),
       "update_fields(st, WithField(update_fields(update_fields(st, WithField(st)).s, "
       "WithField(NULL))))",
       "struct<x:int,y:string,s:struct<x:void,y:string>>", "{7, q, {NULL, q}}"},
      {without(deep, {"s", "y"}),
       "update_fields(st, WithField(update_fields(update_fields(st, WithField(st)).s, "
       "dropfield())))",
       "struct<x:int,y:string,s:struct<x:int>>", "{7, q, {7}}"},
  });
  EXPECT_EQ(base::ConditionName(Error(without(without(C("st"), {"x"}), {"y"}))),
            "DATATYPE_MISMATCH.CANNOT_DROP_ALL_FIELDS");
  EXPECT_EQ(base::ConditionName(Error(with(C("a"), {"x"}, L(1)))),
            "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE");
  EXPECT_EQ(base::ConditionName(Error(with(C("st"), {"x", "z"}, L(1)))),
            "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE");
  EXPECT_EQ(base::ConditionName(Error(with(C("st"), {"q", "z"}, L(1)))), "FIELD_NOT_FOUND");
  EXPECT_EQ(base::ConditionName(Error(Call(std::string(kWithField), {C("st"), C("s"), L(1)}))),
            base::kAnalysis.name);
}

TEST(Expression, TextsOfFieldsWithinFieldsDontGrowWithoutEnd) {
  ExprPtr e = C("st");
  for (int i = 0; i < 60; ++i) {
    e = Call(std::string(kWithField), {e, L("s"), L("x"), L(i)});
  }
  EXPECT_LT(PrettyName(*e).size(), 1'000'000U);
}

// Rows from the middle of a batch, and structs that are null.
TEST(Expression, UpdatedStructsKeepTheirNulls) {
  const auto type = *table::TypeFromDdl("struct<a:int,s:struct<b:int>>");
  const auto rows = table::TableForTest(arrow::schema({arrow::field("v", type)}),
                                        {"[[1, [2]], null, [3, null], [null, [4]], [5, [6]]]"})
                        ->Slice(1, 3);
  const ExprPtr e = Call(std::string(kWithField), {C("v"), L("s"), L("c"), L(9)});
  const auto out = Evaluate(*e, *rows);
  ASSERT_TRUE(out.ok()) << base::Message(out.status());
  ASSERT_TRUE((*out)->ValidateFull().ok());
  const auto wanted =
      table::ArrayForTest(*table::TypeFromDdl("struct<a:int,s:struct<b:int,c:int NOT NULL>>"),
                          "[null, [3, null], [null, [4, 9]]]");
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*out)->chunk(0)->GetScalar(i).ValueOrDie()->ToString(),
              wanted->GetScalar(i).ValueOrDie()->ToString());
  }
}

TEST(Expression, EscapesOfPatterns) {
  const auto says = [](const char* pattern, const ExprPtr& escape) {
    return Value(Call("like", {C("s"), L(pattern), escape}));
  };
  EXPECT_EQ(says("a/", L("/")),
            "The format is invalid: 'a/'. The escape character is not allowed to end with.");
  EXPECT_EQ(says("a/é", L("/")),
            "The format is invalid: 'a/é'. The escape character is not allowed to precede 'é'.");
  EXPECT_EQ(says("a", L("//")),
            "`EscapeChar` should be a string literal of length one, but got \"//\".");
  EXPECT_EQ(says("a", L("😀")),
            "`EscapeChar` should be a string literal of length one, but got \"😀\".");
  EXPECT_EQ(says("a", C("s")),
            "`EscapeChar` should be a string literal of length one, but got \"s\".");
}

TEST(Expression, WhatOnlySyntaxCallsHasNoName) {
  for (const std::string_view name : {kLikeAll, kLikeAny, kNotLikeAll, kNotLikeAny, kExtractFrom,
                                      kStructOf, kAliasOf, kStored, kWithField, kDropField}) {
    EXPECT_TRUE(IsSyntax(name)) << name;
    EXPECT_FALSE(KindOfFunction(name).has_value()) << name;
  }
  EXPECT_FALSE(IsSyntax("like"));
  EXPECT_FALSE(IsSyntax("like none"));
  for (const CatalogueRow& row : Catalogue()) EXPECT_FALSE(IsSyntax(row.name)) << row.name;
}

TEST(Expression, AnalysisErrors) {
  const auto check = [](const ExprPtr& e, const base::Condition& condition, const char* text) {
    const auto field = TypeOf(*e, *Row()->schema());
    EXPECT_TRUE(base::Is(field.status(), condition)) << base::ConditionName(field.status());
    EXPECT_EQ(base::Message(field.status()), text);
  };
  const char* vector =
      "UDT(\"STRUCT<type: TINYINT NOT NULL, size: INT, indices: ARRAY<INT>, values: "
      "ARRAY<DOUBLE>>\")";
  check(Call("==", {C("t"), L(1)}), kBinaryOpDiffTypes,
        "Cannot resolve \"(t = 1)\" due to data type mismatch: the left and right operands of the "
        "binary operator have incompatible types (\"BOOLEAN\" and \"INT\").");
  check(Call("+", {C("v"), L(1)}), kBinaryOpDiffTypes,
        (std::string("Cannot resolve \"(v + 1)\" due to data type mismatch: the left and right "
                     "operands of the binary operator have incompatible types (") +
         vector + " and \"INT\").")
            .c_str());
  check(Call("+", {L("1"), L("2")}), kBinaryOpWrongType,
        "Cannot resolve \"(1 + 2)\" due to data type mismatch: the binary operator requires the "
        "input type (\"NUMERIC\" or \"INTERVAL DAY TO SECOND\" or \"INTERVAL YEAR TO MONTH\" or "
        "\"INTERVAL\"), not \"STRING\".");
  check(Call("not", {C("a")}), kUnexpectedInputType,
        "Cannot resolve \"(NOT a)\" due to data type mismatch: The first parameter requires the "
        "\"BOOLEAN\" type, however \"a\" has the type \"INT\".");
  check(
      Call("length", {C("arr")}), kUnexpectedInputType,
      "Cannot resolve \"length(arr)\" due to data type mismatch: The first parameter requires the "
      "(\"STRING\" or \"BINARY\") type, however \"arr\" has the type \"ARRAY<DOUBLE>\".");
  check(Call("when", {C("a"), L(1)}), kUnexpectedInputType,
        "Cannot resolve \"CASE WHEN a THEN 1 END\" due to data type mismatch: The first parameter "
        "requires the \"BOOLEAN\" type, however \"a\" has the type \"INT\".");
  check(Call("coalesce", {C("t"), C("a")}), kDataDiffTypes,
        "Cannot resolve \"coalesce(t, a)\" due to data type mismatch: Input to `coalesce` should "
        "all be the same type, but it's (\"BOOLEAN\" or \"INT\").");
  check(Call("in", {C("t"), L(1)}), kDataDiffTypes,
        "Cannot resolve \"(t IN (1))\" due to data type mismatch: Input to `in` should all be the "
        "same type, but it's [\"BOOLEAN\", \"INT\"].");
  check(Cast(C("v"), table::ListOf(arrow::float64())), kCastWithoutSuggestion,
        (std::string("Cannot resolve \"v\" due to data type mismatch: cannot cast ") + vector +
         " to \"ARRAY<DOUBLE>\".")
            .c_str());
  check(C("v.values"), kExtractBase,
        (std::string("Can't extract a value from \"v\". Need a complex type [STRUCT, ARRAY, "
                     "MAP] but got ") +
         vector + ".")
            .c_str());
  check(C("st.zz"), base::kFieldNotFound, "No such struct field `zz` in `x`, `y`.");
  check(C("zz"), base::kUnresolvedColumn,
        "A column, variable, or function parameter with name `zz` cannot be resolved. Did you mean "
        "one of the following? [`a`, `b`, `d`, `s`, `t`].");
  check(Call("nosuch", {C("a")}), base::kUnresolvedRoutine,
        "Cannot resolve routine `nosuch` on search path [`system`.`builtin`, `system`.`session`, "
        "`spark_catalog`.`default`].");
  check(Call("sqrt", {C("a"), C("b")}), base::kWrongNumArgs,
        "The `sqrt` requires 1 parameters but the actual number is 2. Please, refer to "
        "'https://spark.apache.org/docs/latest/sql-ref-functions.html' for a fix.");
  const auto twice = *table::SchemaFromDdl("a int, A int");
  EXPECT_TRUE(base::Is(TypeOf(*C("a"), *twice).status(), base::kAmbiguousReference));
  EXPECT_TRUE(base::Is(TypeOf(*C(""), *Row()->schema()).status(), base::kUnresolvedColumn));
  for (const char* bad : {"a.", "`a", "a`b", ".a", "`a`b"}) {
    EXPECT_EQ(base::ConditionName(TypeOf(*C(bad), *Row()->schema()).status()),
              "INVALID_ATTRIBUTE_NAME_SYNTAX")
        << bad;
  }
  // What isn't there is found before a mismatch of types.
  EXPECT_TRUE(
      base::Is(Error(Call("or", {Call("=", {C("a"), Call("array", {C("a")})}), C("st.zz")})),
               base::kFieldNotFound));
}

TEST(Expression, NamesOfColumns) {
  EXPECT_EQ(AutoName(*Cast(C("a"), arrow::utf8())), "a");
  EXPECT_EQ(AutoName(*C("st.x")), "x");
  EXPECT_EQ(AutoName(*C("`a.b`")), "a.b");
  EXPECT_EQ(AutoName(*Call("extract", {C("st"), L("x")})), "st.x");
  const auto odd = arrow::schema({arrow::field("a.`b", arrow::int32())});
  EXPECT_TRUE(TypeOf(*ColumnNamed("a.`b"), *odd).ok());
}

TEST(Expression, RandomNumbersAreSparks) {
  // spark.range(0, 10, 1, 2).select(rand(7)): five rows of each partition; rows in chunks.
  const double expected[2][5] = {{0.28188121484885875, 0.45998819035056326, 0.7690971666031955,
                                  0.6631414615273216, 0.520550428327607},
                                 {0.4836508543933039, 0.734216416644485, 0.25330679322428096,
                                  0.4312578829567928, 0.7522950453235203}};
  const auto chunked = std::make_shared<arrow::ChunkedArray>(arrow::ArrayVector{
      ArrayForTest(arrow::int64(), "[0, 1]"), ArrayForTest(arrow::int64(), "[2, 3, 4]")});
  const auto table = arrow::Table::Make(arrow::schema({arrow::field("id", arrow::int64())}),
                                        arrow::ChunkedArrayVector{chunked});
  const auto rand = Call("rand", {L(7)});
  EXPECT_TRUE(IsNondeterministic(*Call("+", {L(1), rand})));
  EXPECT_FALSE(IsNondeterministic(*Call("+", {L(1), C("id")})));
  for (uint64_t p = 0; p < 2; ++p) {
    const auto values = Evaluate(*rand, *table, p);
    ASSERT_TRUE(values.ok());
    for (int64_t i = 0; i < 5; ++i) {
      const auto x = (*values)->GetScalar(i).ValueOrDie();
      EXPECT_EQ(static_cast<const arrow::DoubleScalar&>(*x).value, expected[p][i]);
    }
  }
  EXPECT_TRUE(base::Is(TypeOf(*Call("rand", {}), *table->schema()).status(), base::kUnsupported));
}

TEST(Expression, LiteralsRoundTrip) {
  for (const auto& type : {arrow::boolean(), arrow::int8(), arrow::int16(), arrow::int32(),
                           arrow::int64(), arrow::float32(), arrow::float64(), arrow::date32()}) {
    const auto scalar = ArrayForTest(type, type->id() == arrow::Type::BOOL ? "[true]" : "[-7]")
                            ->GetScalar(0)
                            .ValueOrDie();
    const auto back = DecodeExpr(EncodeExpr(*Literal(scalar)));
    ASSERT_TRUE(back.ok()) << type->ToString();
    EXPECT_TRUE((*back)->literal->Equals(*scalar));
    const auto null = DecodeExpr(EncodeExpr(*Literal(arrow::MakeNullScalar(type))));
    ASSERT_TRUE(null.ok());
    EXPECT_FALSE((*null)->literal->is_valid);
  }
  const auto vector = table::VectorScalar(table::View(table::SparseVector(3, {1}, {2.5})));
  const auto back = DecodeExpr(EncodeExpr(*Literal(*vector, "vector")));
  ASSERT_TRUE(back.ok()) << base::Message(back.status());
  EXPECT_EQ(*table::VectorFromScalar(*(*back)->literal), table::SparseVector(3, {1}, {2.5}));
  EXPECT_EQ((*back)->udt, "vector");
}

TEST(Expression, HostileBytesAreRefused) {
  const std::string good =
      EncodeExpr(*Call("when", {Call(">", {C("a"), L(1)}), Cast(L("x"), arrow::int32())}));
  for (size_t cut = 0; cut < good.size(); ++cut) {
    EXPECT_TRUE(base::Is(DecodeExpr(good.substr(0, cut)).status(), base::kProtocol)) << cut;
  }
  EXPECT_FALSE(DecodeExpr(good + "x").ok());
  std::mt19937 random(11);
  for (int round = 0; round < 2000; ++round) {
    std::string hostile = good;
    hostile[random() % hostile.size()] = static_cast<char>(random());
    const auto e = DecodeExpr(hostile);
    if (e.ok()) {
      (void)TypeOf(**e, *Row()->schema());
    }
  }
}

// The size in a dense vector's type may come of data, and types decide before any work.
TEST(Expression, InsideAnExpressionVectorsHaveOneForm) {
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  for (const auto& [name, values] : {std::pair("v2", "[1.0, 2.0]"), {"v3", "[1.0, 2.0, 3.0]"}}) {
    const auto numbers = table::ArrayForTest(arrow::float64(), values);
    fields.push_back(table::VectorField(name, true, static_cast<int32_t>(numbers->length())));
    columns.push_back(
        std::make_shared<arrow::FixedSizeListArray>(fields.back()->type(), 1, numbers));
  }
  const auto table = arrow::Table::Make(arrow::schema(fields), columns);
  EXPECT_TRUE(Evaluate(*C("v2"), *table).value()->type()->Equals(fields[0]->type())) << "as it is";
  for (const ExprPtr& e : {Call("array", {C("v2"), C("v3")}),
                           Call("array", {Call("array", {C("v2")}), Call("array", {C("v3")})}),
                           Call("coalesce", {Call("array", {C("v2")}), Call("array", {C("v3")})}),
                           Call("struct", {C("v2"), C("v3")})}) {
    const auto field = TypeOf(*e, *table->schema());
    ASSERT_TRUE(field.ok()) << PrettyName(*e) << base::Message(field.status());
    EXPECT_EQ((*field)->ToString().find("fixed_size"), std::string::npos) << (*field)->ToString();
    const auto values = Evaluate(*e, *table);
    ASSERT_TRUE(values.ok()) << base::Message(values.status());
    EXPECT_TRUE((*values)->ValidateFull().ok());
    EXPECT_TRUE((*values)->type()->Equals((*field)->type()));
  }
  EXPECT_TRUE(Evaluate(*Call("isnull", {C("v2")}), *table).ok());
}

TEST(Expression, DepthIsBounded) {
  ExprPtr deep = L(1);
  for (int i = 0; i < kExprDepthMax - 1; ++i) deep = Call("not", {deep});
  EXPECT_TRUE(DecodeExpr(EncodeExpr(*deep)).ok());
  deep = Call("not", {deep});
  EXPECT_TRUE(base::Is(DecodeExpr(EncodeExpr(*deep)).status(), base::kProtocol));
  for (int i = 0; i < 20; ++i) deep = Call("isnull", {deep});
  EXPECT_TRUE(base::Is(TypeOf(*deep, *Row()->schema()).status(), base::kUnsupported));
}

// A column that a lambda reads is repeated for each element: what offsets of 32 bits don't count is
// refused before it is made, however deep it is.
TEST(Expression, LambdasDoNotRepeatListsWithoutEnd) {
  const auto row = arrow::Table::Make(arrow::schema({}), arrow::ArrayVector{}, 1);
  const ExprPtr list = Call("array_repeat", {Literal(true), Literal(40'000)});
  for (const ExprPtr& one : {list, Call("array", {list}), Call("struct", {list})}) {
    const auto column = Evaluate(*one, *row).value();
    const auto many = Evaluate(*list, *row).value();
    const auto table = arrow::Table::Make(
        arrow::schema({arrow::field("one", column->type()), arrow::field("many", many->type())}),
        {column, many});
    const ExprPtr body = Call("isNull", {Column("one")});
    const ExprPtr all = Call("transform", {Column("many"), Lambda(body, {"x"})});
    EXPECT_TRUE(base::Is(Evaluate(*all, *table).status(), base::kMemoryLimit));
    const ExprPtr few = Call("slice", {Column("many"), Literal(1), Literal(3)});
    EXPECT_TRUE(Evaluate(*Call("transform", {few, Lambda(body, {"x"})}), *table).ok());
  }
}

}  // namespace
}  // namespace soteria::exec
