#include "src/connect/sql_expression.h"

#include <arrow/scalar.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "src/base/errors.h"
#include "src/connect/sql_tokens.h"

namespace soteria::connect {
namespace {

using exec::Expr;

NameResolver Resolver() {
  return [](std::vector<std::string> parts) -> base::StatusOr<exec::ExprPtr> {
    return parts.size() == 1 ? exec::ColumnNamed(parts[0]) : exec::Column(QuoteName(parts));
  };
}

/// The tree in prefix form, which shows precedence without depending on column names' spelling.
std::string Shape(const Expr& e) {
  switch (e.kind) {
    case Expr::Kind::kColumn:
      return e.name;
    case Expr::Kind::kLiteral:
      return e.literal->is_valid ? e.literal->ToString() + ":" + e.literal->type->ToString()
                                 : "null";
    default: {
      std::string out = "(";
      if (e.kind == Expr::Kind::kCall) out += e.name;
      if (e.kind == Expr::Kind::kCast) out += "cast:" + e.type->ToString();
      if (e.kind == Expr::Kind::kTryCast) out += "try_cast:" + e.type->ToString();
      for (const auto& arg : e.args) out += " " + Shape(*arg);
      return out + ")";
    }
  }
}

std::string Parse(std::string_view sql) {
  const auto parsed = ParseSqlExpression(sql, Resolver(), "");
  return parsed.ok() ? Shape(**parsed) : base::ConditionName(parsed.status());
}

TEST(SqlExpression, WhatIsNoExpressionIsThatBeforeItsNamesAreLookedAt) {
  const NameResolver none = [](const std::vector<std::string>& parts) {
    return base::StatusOr<exec::ExprPtr>(base::Fail(base::kUnresolvedColumn, parts[0]));
  };
  for (const char* sql : {"(zz", "zz + ", "f(zz", "upper(zz) b c", "cast(zz as int", "zz zz zz"}) {
    const auto item = ParseSqlItem(sql, none, "");
    EXPECT_TRUE(base::Is(item.status(), base::kParse)) << sql;
    EXPECT_TRUE(base::Is(ParseSqlExpression(sql, none, "").status(), base::kParse)) << sql;
  }
  EXPECT_TRUE(base::Is(ParseSqlItem("zz as", none, "").status(), base::kUnresolvedColumn));
  EXPECT_TRUE(base::Is(ParseSqlItem("upper(zz) b", none, "").status(), base::kUnresolvedColumn));
}

struct Case {
  std::string sql;
  std::string shape;
};

// Precedence and spelling as Spark's SqlBaseParser.g4 has them.
TEST(SqlExpression, Shapes) {
  const std::string a = exec::ColumnNamed("a")->name;
  const std::string b = exec::ColumnNamed("b")->name;
  const Case cases[] = {
      {"a", a},
      {"a + b * 2", "(+ " + a + " (* " + b + " 2:int32))"},
      {"(a + b) * 2", "(* (+ " + a + " " + b + ") 2:int32)"},
      {"a - b - 1", "(- (- " + a + " " + b + ") 1:int32)"},
      {"a DIV 2 % 3", "(% (div " + a + " 2:int32) 3:int32)"},
      {"a = 1 AND b > 2 OR a < 3",
       "(or (and (== " + a + " 1:int32) (> " + b + " 2:int32)) (< " + a + " 3:int32))"},
      {"NOT a = b", "(not (== " + a + " " + b + "))"},
      {"NOT a AND b", "(and (not " + a + ") " + b + ")"},
      {"a <> b", "(not (== " + a + " " + b + "))"},
      {"a != b", "(not (== " + a + " " + b + "))"},
      {"a <=> NULL", "(<=> " + a + " null)"},
      {"a is null", "(isnull " + a + ")"},
      {"a IS NOT NULL", "(isnotnull " + a + ")"},
      {"a IS NOT TRUE", "(not (<=> " + a + " true:bool))"},
      {"a IS DISTINCT FROM b", "(not (<=> " + a + " " + b + "))"},
      {"a IN (1, 2)", "(in " + a + " 1:int32 2:int32)"},
      {"a NOT IN (1)", "(not (in " + a + " 1:int32))"},
      {"a BETWEEN 1 AND 2 AND b", "(and (between " + a + " 1:int32 2:int32) " + b + ")"},
      {"a not between 1 and 2", "(not (between " + a + " 1:int32 2:int32))"},
      {"a !> 1", "(<= " + a + " 1:int32)"},
      {"a !< 1", "(>= " + a + " 1:int32)"},
      {"a IS UNKNOWN", "(isnull " + a + ")"},
      {"1st", exec::ColumnNamed("1st")->name},
      {"2e", exec::ColumnNamed("2e")->name},
      {"a LIKE 'x%'", "(like " + a + " x%:string)"},
      {"a NOT RLIKE \"y\"", "(not (rlike " + a + " y:string))"},
      {"-1", "-1:int32"},
      {"-a", "(- " + a + ")"},
      {"a - -1", "(- " + a + " -1:int32)"},
      {"a -1", "(- " + a + " 1:int32)"},
      {"a || 'x'", "(concat " + a + " x:string)"},
      {"a & 1 | b ^ 2", "(| (& " + a + " 1:int32) (^ " + b + " 2:int32))"},
      {"CASE WHEN a THEN 1 ELSE 2 END", "(when " + a + " 1:int32 2:int32)"},
      {"CASE a WHEN 1 THEN b END", "(when (== " + a + " 1:int32) " + b + ")"},
      {"CAST(a AS double)", "(cast:double " + a + ")"},
      {"try_cast(a as int)", "(try_cast:int32 " + a + ")"},
      {"cast(a as array<int>)", "(cast:list<element: int32> " + a + ")"},
      {"a::bigint + 1", "(+ (cast:int64 " + a + ") 1:int32)"},
      {"double(a)", "(double " + a + ")"},
      {"Int(a)", "(int " + a + ")"},
      {"double(a, b)", "(double " + a + " " + b + ")"},
      {"coalesce(a, b)", "(coalesce " + a + " " + b + ")"},
      {"COUNT(*)", "(count 1:int32)"},
      {"rand()", "(rand)"},
      {"a[0]", "(extract " + a + " 0:int32)"},
      {"f(a).x", "(extract (f " + a + ") x:string)"},
      {"`a`", a},
      {"`x.y``z`", exec::ColumnNamed("x.y`z")->name},
      {"a -- b\n + 1", "(+ " + a + " 1:int32)"},
      {"a --1", a},
      {"a -- b \\\n + 2\n + 1", "(+ " + a + " 1:int32)"},
      {"a /* b */ + /**/ 1", "(+ " + a + " 1:int32)"},
      {"a /* /* b */ + 2 */ + 1", "(+ " + a + " 1:int32)"},
      {"a\xC2\xA0+\xE3\x80\x80 1\f", "(+ " + a + " 1:int32)"},
  };
  for (const Case& c : cases) EXPECT_EQ(Parse(c.sql), c.shape) << c.sql;
}

TEST(SqlExpression, Literals) {
  const Case cases[] = {
      {"1", "1:int32"},
      {"2147483648", "2147483648:int64"},
      {"-2147483648", "-2147483648:int32"},
      {"9223372036854775808", "UNSUPPORTED_FEATURE"},
      {"9223372036854775808L", "INVALID_NUMERIC_LITERAL_RANGE"},
      {"1e400", "INVALID_NUMERIC_LITERAL_RANGE"},
      {"5.D", "5:double"},
      {"5.e1", "50:double"},
      {"1L", "1:int64"},
      {"1s", "1:int16"},
      {"1Y", "1:int8"},
      {"1.5", "1.5:double"},
      {".5", "0.5:double"},
      {"1.5D", "1.5:double"},
      {"1e3", "1000:double"},
      {"1.5E-1", "0.15:double"},
      {"2F", "2:float"},
      {"1BD", "UNSUPPORTED_FEATURE"},
      {"'it''s'", "it's:string"},
      {"'a\\tb'", "a\tb:string"},
      {"'a\\%'", "a\\%:string"},
      {"true", "true:bool"},
      {"128Y", "INVALID_NUMERIC_LITERAL_RANGE"},
      {"1X", exec::ColumnNamed("1X")->name},
      {"'\\u0041\\u00e9'", "Aé:string"},
      {"'\\U0001F600'", "😀:string"},
      {"'\\ud83d\\ude00'", "😀:string"},
      {"'\\ud83dx\\ude00'", "?x?:string"},
      {"'\\101\\060\\200'", "A0200:string"},
      {"'\\u00g1\\U1\\9'", "u00g1U19:string"},
      {"'a' 'b' \"c\"", "abc:string"},
      {"r'\\n%'", "\\n%:string"},
      {"R\"it's\"", "it's:string"},
      {"'--a /*b*/'", "--a /*b*/:string"},
      {"DATE '2020-01-02'", "2020-01-02:date32[day]"},
      {"date 'epoch'", "1970-01-01:date32[day]"},
      {"DATE '2020-13-01'", "INVALID_TYPED_LITERAL"},
      {"DATE 'today'", "UNSUPPORTED_FEATURE"},
      {"TIMESTAMP '2020-01-02 03:04:05+02:00'",
       "2020-01-02 01:04:05.000000Z:timestamp[us, tz=UTC]"},
      {"TIMESTAMP '12:30'", "UNSUPPORTED_FEATURE"},
      {"TIMESTAMP 'x'", "INVALID_TYPED_LITERAL"},
      {"TIMESTAMP_NTZ '2020-01-02'", "2020-01-02 00:00:00.000000:timestamp[us]"},
      {"X'1g'", "INVALID_TYPED_LITERAL"},
      {"INTERVAL '1' DAY", "UNSUPPORTED_FEATURE"},
  };
  for (const Case& c : cases) EXPECT_EQ(Parse(c.sql), c.shape) << c.sql;
}

TEST(SqlExpression, LiteralsInATimeZone) {
  const auto parse = [](std::string_view sql) {
    return Shape(**ParseSqlExpression(sql, Resolver(), "America/New_York"));
  };
  EXPECT_EQ(parse("TIMESTAMP '2020-07-01 00:00:00'"),
            "2020-07-01 04:00:00.000000Z:timestamp[us, tz=UTC]");
  EXPECT_EQ(parse("TIMESTAMP '2020-07-01 00:00:00Z'"),
            "2020-07-01 00:00:00.000000Z:timestamp[us, tz=UTC]");
  EXPECT_EQ(parse("TIMESTAMP_NTZ '2020-07-01'"), "2020-07-01 00:00:00.000000:timestamp[us]");
}

TEST(SqlExpression, Refusals) {
  for (const char* sql : {"",
                          "a +",
                          "a b",
                          "(a",
                          "a)",
                          "a IN ()",
                          "CASE END",
                          "CASE WHEN a THEN 1",
                          "'open",
                          "`open",
                          "``",
                          "a @ b",
                          "f(a",
                          "CAST(a AS)",
                          "a BETWEEN 1",
                          "a IS 5",
                          "1.2.3",
                          "NOT",
                          "a[1",
                          "count(*) +",
                          "AND",
                          "\\",
                          "cast(a as nonsense)",
                          "a IS NULL IS NULL",
                          "a IN (1) IN (true)",
                          "a /* open",
                          "a /*+ hint */",
                          "r'open"}) {
    const auto parsed = ParseSqlExpression(sql, Resolver(), "");
    EXPECT_FALSE(parsed.ok()) << sql;
  }
  EXPECT_EQ(Parse("a in (select 1)"), "UNSUPPORTED_FEATURE");
  EXPECT_EQ(Parse("sum(distinct a)"), "UNSUPPORTED_FEATURE");
  EXPECT_EQ(Parse("sum(a) over (x)"), "UNSUPPORTED_FEATURE");
  EXPECT_EQ(Parse("a > interval 1 day"), "UNSUPPORTED_FEATURE");
  for (const char* sql : {"a << 2", "a >> 1 + 2", "a>>>b", "a like 'b' escape '/'",
                          "a not like 'b' ESCAPE 'c' and b", "a ilike 'b'", "a NOT ILIKE 'b'"}) {
    EXPECT_EQ(Parse(sql), "UNSUPPORTED_FEATURE") << sql;
  }
  // What Spark's grammar has beside arguments is no error of the script's.
  for (const char* sql :
       {"a like any ('b', 'c')", "a not like all ('b')", "trim(both 'x' from a)", "(1, 2)",
        "substring(a from 2 for 3)", "extract(year from a)", "position('b' in a)", "struct(*)",
        "sum(a) filter (where b)", "1.5BD", "f(x -> x + 1)"}) {
    const auto parsed = ParseSqlExpression(sql, Resolver(), "");
    EXPECT_EQ(base::ConditionName(parsed.status()), "UNSUPPORTED_FEATURE") << sql;
    EXPECT_NE(base::Message(parsed.status()).find(" is not supported in an enclave."),
              std::string::npos)
        << base::Message(parsed.status());
    EXPECT_NE(base::Message(parsed.status()).find("docs/functions.md"), std::string::npos) << sql;
  }
  EXPECT_EQ(Parse("a in ()"), "INVALID_SQL_SYNTAX.EMPTY_IN_PREDICATE");
  EXPECT_EQ(Parse(":a"), "UNBOUND_SQL_PARAMETER");
  EXPECT_EQ(Parse("a < < b"), "PARSE_SYNTAX_ERROR");
  EXPECT_EQ(ParseSqlItem("a ilike", Resolver(), "")->alias, "ilike");
  EXPECT_EQ(ParseSqlItem("a as", Resolver(), "")->alias, "as");
}

TEST(SqlExpression, NestingIsBounded) {
  const auto nested = [](int depth, const std::string& open, const std::string& close) {
    std::string sql;
    for (int i = 0; i < depth; ++i) sql += open;
    sql += "a";
    for (int i = 0; i < depth; ++i) sql += close;
    return sql;
  };
  EXPECT_TRUE(ParseSqlExpression(nested(50, "(", ")"), Resolver(), "").ok());
  for (const auto& [open, close] : std::vector<std::pair<std::string, std::string>>{
           {"(", ")"}, {"- ", ""}, {"~", ""}, {"f(", ")"}, {"a[", "]"}, {"CAST(", " AS int)"}}) {
    const auto parsed = ParseSqlExpression(nested(100'000 / 4, open, close), Resolver(), "");
    ASSERT_FALSE(parsed.ok()) << open;
    EXPECT_TRUE(base::Is(parsed.status(), base::kParse)) << open;
  }
  // A long chain is a deep tree too.
  std::string chain = "a";
  for (int i = 0; i < 10'000; ++i) chain += "+a";
  EXPECT_FALSE(ParseSqlExpression(chain, Resolver(), "").ok());
  EXPECT_FALSE(ParseSqlExpression(std::string(kSqlBytesMax + 1, ' '), Resolver(), "").ok());
}

TEST(SqlExpression, Items) {
  const auto item = [](std::string_view sql) { return ParseSqlItem(sql, Resolver(), ""); };
  EXPECT_EQ(item("a AS b")->alias, "b");
  EXPECT_EQ(item("a + 1 `x y`")->alias, "x y");
  EXPECT_EQ(item("a b")->alias, "b");
  EXPECT_EQ(item("a")->alias, "");
  EXPECT_TRUE(item("*")->star);
  EXPECT_EQ(item("t.*")->star_qualifier, std::vector<std::string>{"t"});
  EXPECT_EQ(item("a AS")->alias, "AS");  // no reserved word to Spark
  EXPECT_FALSE(item("a AS b c").ok());
  EXPECT_FALSE(item("* a").ok());
}

TEST(SqlExpression, ClocksAreCallsWhereNoColumnHasTheName) {
  const NameResolver none = [](const std::vector<std::string>& parts) {
    return base::StatusOr<exec::ExprPtr>(base::Fail(base::kUnresolvedColumn, parts[0]));
  };
  EXPECT_EQ(Shape(**ParseSqlExpression("current_date", none, "")), "(current_date)");
  EXPECT_EQ(Parse("Current_Date"), exec::ColumnNamed("Current_Date")->name);
}

TEST(SqlExpression, FieldsOfStructsHaveNames) {
  const std::string a = exec::ColumnNamed("a")->name;
  EXPECT_EQ(Parse("struct(a, 1)"), "(struct " + a + " 1:int32)");
  EXPECT_EQ(Parse("struct(a AS x, a, 2)"),
            "(named_struct x:string " + a + " a:string " + a + " col3:string 2:int32)");
  const auto item = [](std::string_view sql) { return ParseSqlItem(sql, Resolver(), "")->alias; };
  EXPECT_EQ(item("struct(a x, a, 1 AS `y z`)"), "struct(a AS x, a, 1 AS y z)");
  EXPECT_EQ(item("struct(a x) AS s"), "s");
  EXPECT_EQ(item("struct(a)"), "");
  EXPECT_EQ(Parse("struct(a AS)"), "PARSE_SYNTAX_ERROR");
}

TEST(SqlExpression, NumbersWithAFractionArePrintedAsWritten) {
  const auto name = [](std::string_view sql) {
    return exec::PrettyName(**ParseSqlExpression(sql, Resolver(), ""));
  };
  EXPECT_EQ(name("a * 1.10"), "(a * 1.10)");
  EXPECT_EQ(name("5."), "5");
  EXPECT_EQ(name(".50"), "0.50");
  EXPECT_EQ(name("-0.0"), "0.0");
  EXPECT_EQ(name("-01.50"), "-1.50");
  EXPECT_EQ(name("1.50D"), "1.5");
  EXPECT_EQ(name("1.50e1"), "15.0");
  EXPECT_EQ(name("X'ab0f'"), "X'AB0F'");
  EXPECT_EQ(name("random(3)"), "rand(3)");
}

TEST(SqlExpression, NameParts) {
  using Parts = std::vector<std::string>;
  EXPECT_EQ(*NameParts("a"), Parts{"a"});
  EXPECT_EQ(*NameParts("a.b"), (Parts{"a", "b"}));
  EXPECT_EQ(*NameParts("`a.b`.c"), (Parts{"a.b", "c"}));
  EXPECT_EQ(*NameParts("`a``b`"), Parts{"a`b"});
  EXPECT_EQ(*NameParts("a b"), Parts{"a b"});
  EXPECT_EQ(*NameParts(""), Parts{""});
  EXPECT_EQ(*NameParts("``"), Parts{""});
  for (const char* bad : {".", "a.", ".a", "a..b", "`a", "a`b`", "`a`b"}) {
    EXPECT_FALSE(NameParts(bad).ok()) << bad;
  }
  EXPECT_EQ(QuoteName({"a", "b`c"}), "`a`.`b``c`");
}

}  // namespace
}  // namespace soteria::connect
