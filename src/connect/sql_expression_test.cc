#include "src/connect/sql_expression.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "spark/connect/expressions.pb.h"
#include "src/base/errors.h"
#include "src/base/text.h"
#include "src/connect/sql_shape_for_test.h"
#include "src/connect/sql_tokens.h"
#include "src/exec/expression.h"

namespace soteria::connect {
namespace {

std::string Parse(std::string_view sql) {
  const auto parsed = ParseSqlExpression(sql, "");
  return parsed.ok() ? Shape(**parsed) : base::ConditionName(parsed.status());
}

std::string ItemShape(std::string_view sql) {
  const auto parsed = ParseSqlItem(sql, "");
  return parsed.ok() ? Shape(**parsed) : base::ConditionName(parsed.status());
}

TEST(SqlExpression, WhatIsNoExpressionIsSaidBeforeItsNamesAreLookedAt) {
  for (const char* sql : {"(zz", "zz + ", "f(zz", "upper(zz) b c", "cast(zz as int", "zz zz zz"}) {
    EXPECT_TRUE(base::Is(ParseSqlItem(sql, "").status(), base::kParse)) << sql;
    EXPECT_TRUE(base::Is(ParseSqlExpression(sql, "").status(), base::kParse)) << sql;
  }
}

struct Case {
  std::string sql;
  std::string shape;
};

// Precedence and spelling as Spark's SqlBaseParser.g4 has them.
TEST(SqlExpression, Shapes) {
  const std::string a = "`a`";
  const std::string b = "`b`";
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
      {"1st", "`1st`"},
      {"2e", "`2e`"},
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
      {"a::bigint < b", "(< (cast:int64 " + a + ") " + b + ")"},
      {"a::bigint <> b", "(not (== (cast:int64 " + a + ") " + b + "))"},
      {"NOT ! a", "(not (not " + a + "))"},
      {"double(a)", "(double " + a + ")"},
      {"Int(a)", "(int " + a + ")"},
      {"double(a, b)", "(double " + a + " " + b + ")"},
      {"coalesce(a, b)", "(coalesce " + a + " " + b + ")"},
      {"COUNT(*)", "(count 1:int32)"},
      {"rand()", "(rand)"},
      {"a[0]", "(extract " + a + " 0:int32)"},
      {"f(a).x", "(extract (f " + a + ") x:string)"},
      {"`a`", a},
      {"`x.y``z`", "`x.y``z`"},
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
      {"9223372036854775808", "9223372036854775808:decimal128(19, 0)"},
      {"9223372036854775808L", "INVALID_NUMERIC_LITERAL_RANGE"},
      {"1e400", "INVALID_NUMERIC_LITERAL_RANGE"},
      {"5.D", "5:double"},
      {"5.e1", "50:double"},
      {"1L", "1:int64"},
      {"1s", "1:int16"},
      {"1Y", "1:int8"},
      {"1.5", "1.5:decimal128(2, 1)"},
      {"0.010", "0.010:decimal128(3, 3)"},
      {".5", "0.5:decimal128(1, 1)"},
      {"5.", "5:decimal128(1, 0)"},
      {"-01.50", "-1.50:decimal128(3, 2)"},
      {"1e3BD", "1000:decimal128(4, 0)"},
      {"1" + std::string(38, '0'), "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION"},
      {"1.5D", "1.5:double"},
      {"1e3", "1000:double"},
      {"1.5E-1", "0.15:double"},
      {"2F", "2:float"},
      {"1BD", "1:decimal128(1, 0)"},
      {"'it''s'", "it's:string"},
      {"'a\\tb'", "a\tb:string"},
      {"'a\\%'", "a\\%:string"},
      {"true", "true:bool"},
      {"128Y", "INVALID_NUMERIC_LITERAL_RANGE"},
      {"1X", "`1X`"},
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
  };
  for (const Case& c : cases) EXPECT_EQ(Parse(c.sql), c.shape) << c.sql;
}

TEST(SqlExpression, LiteralsInATimeZone) {
  const auto parse = [](std::string_view sql) {
    return Shape(**ParseSqlExpression(sql, "America/New_York"));
  };
  EXPECT_EQ(parse("TIMESTAMP '2020-07-01 00:00:00'"),
            "2020-07-01 04:00:00.000000Z:timestamp[us, tz=UTC]");
  EXPECT_EQ(parse("TIMESTAMP '2020-07-01 00:00:00Z'"),
            "2020-07-01 00:00:00.000000Z:timestamp[us, tz=UTC]");
  EXPECT_EQ(parse("TIMESTAMP_NTZ '2020-07-01'"), "2020-07-01 00:00:00.000000:timestamp[us]");
}

TEST(SqlExpression, WhatIsNoExpression) {
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
                          "r'open",
                          "a; b"}) {
    const auto parsed = ParseSqlExpression(sql, "");
    EXPECT_FALSE(parsed.ok()) << sql;
  }
  EXPECT_EQ(Parse("a in ()"), "INVALID_SQL_SYNTAX.EMPTY_IN_PREDICATE");
  EXPECT_EQ(Parse(":a"), "UNBOUND_SQL_PARAMETER");
  EXPECT_EQ(Parse("? + 1"), "UNBOUND_SQL_PARAMETER");
  EXPECT_EQ(Parse("a < < b"), "PARSE_SYNTAX_ERROR");
  EXPECT_EQ(Parse("sum(a) over w"), "PARSE_SYNTAX_ERROR");
  EXPECT_EQ(Parse("sum(a) over (w)"), "MISSING_WINDOW_SPECIFICATION");
}

TEST(SqlExpression, WhatTheGrammarHasAndTheServerHasNotIsRefusedByName) {
  for (const char* sql : {"a in (select 1)", "(select 1)", "exists (select 1)",
                          "listagg(a) within group (order by b, c)"}) {
    const auto parsed = ParseSqlExpression(sql, "");
    EXPECT_EQ(base::ConditionName(parsed.status()), "UNSUPPORTED_FEATURE") << sql;
    EXPECT_NE(base::Message(parsed.status()).find(" is not supported in an enclave."),
              std::string::npos)
        << base::Message(parsed.status());
    EXPECT_NE(base::Message(parsed.status()).find("docs/functions.md"), std::string::npos) << sql;
  }
}

TEST(SqlExpression, FiltersOfAggregates) {
  const Case cases[] = {
      {"sum(a) FILTER (WHERE b > 1)", "(sql_filter (sum `a`) (> `b` 1:int32))"},
      {"count(*) filter (where b)", "(sql_filter (count 1:int32) `b`)"},
      {"count(DISTINCT a) FILTER (WHERE b) + 1",
       "(+ (sql_filter (count distinct `a`) `b`) 1:int32)"},
      {"first(a) FILTER (WHERE b) IGNORE NULLS", "(sql_filter (first `a` true:bool) `b`)"},
      {"sum(a) FILTER (WHERE b) OVER ()", "(over (sql_filter (sum `a`) `b`))"},
      {"sum(a) FILTER (b)", "PARSE_SYNTAX_ERROR"},
      {"sum(a) FILTER (WHERE)", "PARSE_SYNTAX_ERROR"},
      {"sum(a) FILTER (WHERE b) FILTER (WHERE c)", "PARSE_SYNTAX_ERROR"},
      {"first(a IGNORE NULLS)", "(first `a` true:bool)"},
      {"first(a IGNORE NULLS) FILTER (WHERE b)", "PARSE_SYNTAX_ERROR"},
      {"last(a IGNORE NULLS) OVER ()", "PARSE_SYNTAX_ERROR"},
      {"first(DISTINCT a IGNORE NULLS)", "PARSE_SYNTAX_ERROR"},
  };
  for (const Case& c : cases) EXPECT_EQ(Parse(c.sql), c.shape) << c.sql;
  EXPECT_EQ(ItemShape("sum(a) filter"), "(sum `a`) as filter");
}

TEST(SqlExpression, Likes) {
  const Case cases[] = {
      {"a LIKE 'x' ESCAPE '/'", "(like `a` x:string /:string)"},
      {"a NOT ILIKE 'x' ESCAPE '/' AND b", "(and (not (ilike `a` x:string /:string)) `b`)"},
      {"a ILIKE b", "(ilike `a` `b`)"},
      {"a NOT REGEXP 'x'", "(not (rlike `a` x:string))"},
      {"a RLIKE any('x')", "(rlike `a` (any x:string))"},
      {"a LIKE ALL ('x%', 'y')", "(like all `a` x%:string y:string)"},
      {"a LIKE SOME ('x')", "(like any `a` x:string)"},
      {"a NOT LIKE ANY ('x', 'y')", "(not like any `a` x:string y:string)"},
      {"a NOT LIKE ALL ('x')", "(not like all `a` x:string)"},
      {"a ILIKE ANY ('X', 'Éy')", "(like any (lower `a`) x:string éy:string)"},
      {"a LIKE ANY (b, 'y')", "(or (like `a` `b`) (like `a` y:string))"},
      {"a NOT LIKE ALL ('x', NULL)", "(and (not (like `a` x:string)) (not (like `a` null)))"},
      {"a ILIKE ALL (b, 'Y')", "(and (ilike `a` `b`) (ilike `a` Y:string))"},
      {"a LIKE ANY ()", "INVALID_SQL_SYNTAX.EMPTY_QUANTIFIED_PATTERN"},
      {"a LIKE 'x' ESCAPE 'yz'", "INVALID_ESC"},
      {"a LIKE 'x' ESCAPE ''", "INVALID_ESC"},
      {"a LIKE 'x' ESCAPE b", "PARSE_SYNTAX_ERROR"},
      {"a !LIKE 'x'", "SYNTAX_DISCONTINUED.BANG_EQUALS_NOT"},
      {"a ! IN (1)", "SYNTAX_DISCONTINUED.BANG_EQUALS_NOT"},
      {"a IS !NULL", "SYNTAX_DISCONTINUED.BANG_EQUALS_NOT"},
  };
  for (const Case& c : cases) EXPECT_EQ(Parse(c.sql), c.shape) << c.sql;
  EXPECT_EQ(base::Message(ParseSqlExpression("a NOT LIKE 'x' ESCAPE 'yz'", "").status()),
            "Found an invalid escape string: 'yz'. The escape string must contain only one "
            "character.\n== SQL (line 1, position 3) ==\na NOT LIKE 'x' ESCAPE 'yz'\n"
            "  ^^^^^^^^^^^^^^^^^^^^^^^^\n");
}

TEST(SqlExpression, RowsAndShifts) {
  const Case cases[] = {
      {"(a, 1)", "(sql_tuple `a` 1:int32)"},
      {"(a AS x, b y, (1, 2))", "(sql_tuple `a` as x `b` as y (sql_tuple 1:int32 2:int32))"},
      {"(t.*, *)", "(sql_tuple `t`.* *)"},
      {"(a, b) IN ((1, 2), (3, 4))",
       "(in (sql_tuple `a` `b`) (sql_tuple 1:int32 2:int32) (sql_tuple 3:int32 4:int32))"},
      {"(a, b).x", "(extract (sql_tuple `a` `b`) x:string)"},
      {"((a))", "`a`"},
      {"(a AS b)", "PARSE_SYNTAX_ERROR"},
      {"(*)", "*"},
      {"(a,)", "PARSE_SYNTAX_ERROR"},
      {"a << 2", "(<< `a` 2:int32)"},
      {"a >> 1 + 2 & b", "(& (>> `a` (+ 1:int32 2:int32)) `b`)"},
      {"a>>>b << 1", "(<< (>>> `a` `b`) 1:int32)"},
      {"8 >> 1 > 2", "(> (>> 8:int32 1:int32) 2:int32)"},
      {"a < < b", "PARSE_SYNTAX_ERROR"},
      {"a > > b", "PARSE_SYNTAX_ERROR"},
      {"cast(a as array<array<int>>)", "(cast:list<element: list<element: int32>> `a`)"},
  };
  for (const Case& c : cases) EXPECT_EQ(Parse(c.sql), c.shape) << c.sql;
}

TEST(SqlExpression, TextsOfALengthAreTexts) {
  const Case cases[] = {
      {"cast(a as varchar(3))", "(cast:string `a`)"},
      {"a::char(2)", "(cast:string `a`)"},
      {"try_cast(a as CHARACTER(2))", "(try_cast:string `a`)"},
      {"cast(a as array<varchar(2)>)", "(cast:list<element: string> `a`)"},
      {"cast(a as varchar)", "DATATYPE_MISSING_SIZE"},
      {"cast(a as char)", "DATATYPE_MISSING_SIZE"},
  };
  for (const Case& c : cases) EXPECT_EQ(Parse(c.sql), c.shape) << c.sql;
}

// What the converter refuses, or will take: here it is a message.
TEST(SqlExpression, CallsThatHaveASyntaxOfTheirOwn) {
  const Case cases[] = {
      {"sum(distinct a)", "(sum distinct `a`)"},
      {"count(all a)", "(count `a`)"},
      {"count(distinct a, b)", "(count distinct `a` `b`)"},
      {"substring(a from 2 for 3)", "(substring `a` 2:int32 3:int32)"},
      {"substr(a from 2)", "(substring `a` 2:int32)"},
      {"substring(a, 2 for 3)", "(substring `a` 2:int32 3:int32)"},
      {"substr(a, 2)", "(substr `a` 2:int32)"},
      {"extract(year from a)", "(extract from year:string `a`)"},
      {"extract('year', a)", "(extract year:string `a`)"},
      {"position('b' in a)", "(locate b:string `a`)"},
      {"trim(both 'x' from a)", "(trim x:string `a`)"},
      {"trim(leading from a)", "(ltrim `a`)"},
      {"trim(trailing 'x' || b from a)", "(rtrim (concat x:string `b`) `a`)"},
      {"trim('x' from a)", "(trim x:string `a`)"},
      {"trim(both || 'x' from a)", "(trim (concat `both` x:string) `a`)"},
      {"trim(both, a)", "(trim `both` `a`)"},
      {"trim(both 'x', a)", "PARSE_SYNTAX_ERROR"},
      {"ltrim('x' from a)", "PARSE_SYNTAX_ERROR"},
      {"overlay(a placing b from 1)", "(overlay `a` `b` 1:int32)"},
      {"overlay(a placing b from 1 for 2)", "(overlay `a` `b` 1:int32 2:int32)"},
      {"overlay(a, b, 1)", "(overlay `a` `b` 1:int32)"},
      {"count(t.*)", "INVALID_USAGE_OF_STAR_WITH_TABLE_IDENTIFIER_IN_COUNT"},
      {"count(distinct *)", "(count distinct *)"},
      {"sum(a) over (cluster by b)", "(over (sum `a`) by `b`)"},
      {"position('b', a)", "(position b:string `a`)"},
      {"struct(*)", "(struct *)"},
      {"f(t.*, 1)", "(f `t`.* 1:int32)"},
      {"f(x -> x + y)", "(f (lambda x -> (+ $x `y`)))"},
      {"f(a, (x, y) -> x.z + y)", "(f `a` (lambda x y -> (+ (extract $x z:string) $y)))"},
      {"f(x -> x) + x", "(+ (f (lambda x -> $x)) `x`)"},
      {"a > interval 1 day", "(> `a` 86400000000:micros)"},
      {"interval '90' day", "7776000000000:micros"},
      {"interval -3 months", "-3:months"},
      {"- interval '1' year", "(- 12:months)"},
      {"interval 1 hour 30 minutes", "5400000000:micros"},
      {"interval '1 day 2 hours'", "93600000000:micros"},
      {"interval '1 02:03:04.5' day to second", "93784500000:micros"},
      {"interval -'1-2' year to month", "-14:months"},
      {"interval 1.5 seconds -1 millisecond", "1499000:micros"},
      {"dateadd(DAY, 1, a)", "(timestampadd DAY:string 1:int32 `a`)"},
      {"sum(a) over (partition by b order by c desc)",
       "(over (sum `a`) by `b` order `c` desc last)"},
      {"sum(a) over (order by b rows between 1 preceding and current row)",
       "(over (sum `a`) order `b` asc first rows (- 1:int32)..current)"},
      {"sum(a) over (range unbounded preceding)", "(over (sum `a`) range unbounded..current)"},
      {"rank() over ()", "(over (rank))"},
      {"sum(a) over (order by b range between 1 + 1 preceding and unbounded following)",
       "(over (sum `a`) order `b` asc first range (- (+ 1:int32 1:int32))..unbounded)"},
      {"sum(a) over (order by b rows between unbounded following and unbounded preceding)",
       "(over (sum `a`) order `b` asc first rows (sql_unbounded)..(sql_unbounded))"},
      {"last_value(a) ignore nulls over (order by b)",
       "(over (last `a` true:bool) order `b` asc first)"},
      {"any_value(a) respect nulls", "(any_value `a`)"},
      {"lag(a, 2) ignore nulls over (order by b)",
       "(over (lag `a` 2:int32 null true:bool) order `b` asc first)"},
  };
  for (const Case& c : cases) EXPECT_EQ(Parse(c.sql), c.shape) << c.sql;
}

TEST(SqlExpression, NestingIsBounded) {
  const auto nested = [](int depth, const std::string& open, const std::string& close) {
    std::string sql;
    for (int i = 0; i < depth; ++i) sql += open;
    sql += "a";
    for (int i = 0; i < depth; ++i) sql += close;
    return sql;
  };
  EXPECT_TRUE(ParseSqlExpression(nested(50, "(", ")"), "").ok());
  for (const auto& [open, close] :
       std::vector<std::pair<std::string, std::string>>{{"(", ")"},
                                                        {"- ", ""},
                                                        {"~", ""},
                                                        {"f(", ")"},
                                                        {"a[", "]"},
                                                        {"CAST(", " AS int)"},
                                                        {"x -> ", ""},
                                                        {"f(x -> ", ")"},
                                                        {"CASE WHEN ", " THEN 1 END"}}) {
    const auto parsed = ParseSqlExpression(nested(100'000 / 8, open, close), "");
    ASSERT_FALSE(parsed.ok()) << open;
    EXPECT_TRUE(base::Is(parsed.status(), base::kParse)) << open;
  }
  // A long chain is a deep tree too.
  std::string chain = "a";
  for (int i = 0; i < 10'000; ++i) chain += "+a";
  EXPECT_FALSE(ParseSqlExpression(chain, "").ok());
  EXPECT_FALSE(ParseSqlExpression(std::string(kSqlBytesMax + 1, ' '), "").ok());
}

// A subject is written once and compared many times.
TEST(SqlExpression, CopiesAreBounded) {
  std::string subject = "f(a";
  for (int i = 0; i < 1'000; ++i) subject += ", a";
  std::string sql = "CASE " + subject + ")";
  for (int i = 0; i < 1'000; ++i) sql += " WHEN 1 THEN 2";
  const auto parsed = ParseSqlExpression(sql + " END", "");
  EXPECT_NE(base::Message(parsed.status()).find("too many expressions"), std::string::npos);
}

TEST(SqlExpression, Items) {
  EXPECT_EQ(ItemShape("a AS b"), "`a` as b");
  EXPECT_EQ(ItemShape("a + 1 `x y`"), "(+ `a` 1:int32) as x y");
  EXPECT_EQ(ItemShape("a b"), "`a` as b");
  EXPECT_EQ(ItemShape("a"), "`a`");
  EXPECT_EQ(ItemShape("*"), "*");
  EXPECT_EQ(ItemShape("t.*"), "`t`.*");
  EXPECT_EQ(ItemShape("* EXCEPT (a, t.b)"), "(sql_star_except * `a` `t`.`b`)");
  EXPECT_EQ(ItemShape("a AS"), "`a` as AS");  // no reserved word to Spark
  EXPECT_EQ(ItemShape("a ilike"), "`a` as ilike");
  EXPECT_EQ(ItemShape("a from"), "`a` as from");
  EXPECT_EQ(ItemShape("f(a) AS (b, c)"), "(f `a`) as b/c");
  EXPECT_EQ(ItemShape("a AS b c"), "PARSE_SYNTAX_ERROR");
  EXPECT_EQ(ItemShape("* a"), "PARSE_SYNTAX_ERROR");
}

TEST(SqlExpression, FieldsOfStructsHaveNames) {
  EXPECT_EQ(Parse("struct(a, 1)"), "(struct `a` 1:int32)");
  EXPECT_EQ(Parse("struct(a AS x, a, 2 y)"), "(struct `a` as x `a` 2:int32 as y)");
  EXPECT_EQ(ItemShape("struct(a x) AS s"), "(struct `a` as x) as s");
  EXPECT_EQ(Parse("struct(a AS)"), "PARSE_SYNTAX_ERROR");
}

TEST(SqlExpression, FailuresSayWhereTheyAre) {
  const auto message = [](std::string_view sql) {
    return base::Message(ParseSqlExpression(sql, "").status());
  };
  EXPECT_EQ(message("a + )"),
            "Syntax error at or near ')'. (line 1, pos 4)\n\n== SQL ==\na + )\n----^^^\n");
  EXPECT_EQ(message("a +\n  'é' é\n+ 1"),
            "Syntax error at or near 'é'. (line 2, pos 6)\n\n== SQL ==\na +\n  'é' é\n"
            "------^^^\n+ 1\n");
  EXPECT_EQ(message("a +"),
            "Syntax error at or near end of input. (line 1, pos 3)\n\n== SQL ==\na +\n---^^^\n");
  EXPECT_EQ(message(""),
            "Syntax error, unexpected empty statement. (line 1, pos 0)\n\n== SQL ==\n\n^^^\n");
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
