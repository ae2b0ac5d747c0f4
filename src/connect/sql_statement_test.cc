#include "src/connect/sql_statement.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "spark/connect/expressions.pb.h"
#include "spark/connect/relations.pb.h"
#include "src/base/errors.h"
#include "src/connect/sql_shape_for_test.h"
#include "src/connect/sql_tokens.h"

namespace soteria::connect {
namespace {

std::string Parse(std::string_view sql) {
  const auto parsed = ParseSql(sql, {});
  if (!parsed.ok()) return base::ConditionName(parsed.status());
  return parsed->query == nullptr ? "no query" : Shape(*parsed->query);
}

std::string Refusal(std::string_view sql) {
  const auto parsed = ParseSql(sql, {});
  if (parsed.ok()) return "fine";
  if (!base::Is(parsed.status(), base::kUnsupported)) return base::ConditionName(parsed.status());
  const std::string text = base::Message(parsed.status());
  return text.substr(0, text.find(" is not supported in an enclave."));
}

struct Case {
  std::string sql;
  std::string shape;
};

void Check(const std::vector<Case>& cases) {
  for (const Case& c : cases) EXPECT_EQ(Parse(c.sql), c.shape) << c.sql;
}

TEST(SqlStatement, Select) {
  Check({
      {"SELECT 1", "row(1:int32)"},
      {"select a, b AS c, * from t;", "project(`a`, `b` as c, *; `t`)"},
      {"SELECT t.* EXCEPT (a) FROM t", "project((sql_star_except `t`.* `a`); `t`)"},
      {"SELECT a FROM t WHERE b > 1", "project(`a`; filter((> `b` 1:int32), `t`))"},
      {"SELECT 1 WHERE false", "project(1:int32; filter(false:bool, row()))"},
      {"SELECT DISTINCT a FROM t", "distinct(project(`a`; `t`))"},
      {"SELECT ALL a FROM t", "project(`a`; `t`)"},
      {"SELECT /*+ BROADCAST(t), x */ a FROM t", "project(`a`; `t`)"},
      {"SELECT /*+ repartition(3, a) x */ /*+ COALESCE(2) */ DISTINCT a FROM t LIMIT 1",
       "limit(1, hint(repartition(3:int32, `a`), hint(COALESCE(2:int32), distinct(project(`a`; "
       "`t`)))))"},
      {"SELECT a x, b y FROM t z", "project(`a` as x, `b` as y; alias(z, `t`))"},
      {"SELECT * FROM a.b.`c d`", "project(*; `a`.`b`.`c d`)"},
      {"SELECT * FROM (SELECT a FROM t)",
       "project(*; alias(__auto_generated_subquery_name, project(`a`; `t`)))"},
      {"SELECT * FROM (SELECT a FROM t) AS u (x)",
       "project(*; alias(u, names(x, project(`a`; `t`))))"},
      {"SELECT * FROM ((SELECT 1) UNION (SELECT 2)) u",
       "project(*; alias(u, union(row(1:int32), row(2:int32))))"},
      {"SELECT * FROM ((a JOIN b) JOIN c)", "project(*; inner-join(inner-join(`a`, `b`), `c`))"},
      {"SELECT * FROM range(3)", "project(*; range(0, 3, 1))"},
      {"SELECT * FROM range(1, 9, 2) r", "project(*; alias(r, range(1, 9, 2)))"},
      {"SELECT * FROM explode(x)", "project(*; table-function(explode))"},
      {"SELECT * FROM t TABLESAMPLE (25 PERCENT) REPEATABLE (7)", "project(*; sample(0.25, `t`))"},
      {"SELECT * FROM t TABLESAMPLE (5 ROWS) s", "project(*; alias(s, limit(5, `t`)))"},
      {"TABLE t", "`t`"},
      {"SELECT order, group FROM t", "project(`order`, `group`; `t`)"},
      {"SELECT a window FROM t", "project(`a` as window; `t`)"},
      {"SELECT a AS from FROM t where", "project(`a` as from; alias(where, `t`))"},
  });
}

TEST(SqlStatement, Values) {
  Check({
      {"VALUES 1, 2", "row((sql_row 1:int32), (sql_row 2:int32))"},
      {"VALUES (1, 'a'), (2, NULL)", "row((sql_row 1:int32 a:string), (sql_row 2:int32 null))"},
      {"SELECT * FROM VALUES (1), (2) AS t(a)",
       "project(*; alias(t, names(a, row((sql_row 1:int32), (sql_row 2:int32)))))"},
      {"SELECT * FROM (VALUES (1)) t", "project(*; alias(t, row((sql_row 1:int32))))"},
      {"VALUES ((1, 2)), (3, 4)", "row((sql_row 1:int32 2:int32), (sql_row 3:int32 4:int32))"},
      {"VALUES ((1, 2), 3)", "row((sql_row (sql_tuple 1:int32 2:int32) 3:int32))"},
  });
}

TEST(SqlStatement, Groups) {
  Check({
      {"SELECT a, sum(b) FROM t GROUP BY a", "groupby((sql_group_by `a`) -> `a`, (sum `b`), `t`)"},
      {"SELECT sum(b) FROM t HAVING sum(b) > 1",
       "filter((> (sum `b`) 1:int32), groupby((sql_group_by) -> (sum `b`), `t`))"},
      {"SELECT a FROM t WHERE c GROUP BY 1, b HAVING a ORDER BY sum(b)",
       "order((sum `b`) asc first; filter(`a`, groupby((sql_group_by 1:int32 `b`) -> `a`, "
       "filter(`c`, `t`))))"},
      {"SELECT a FROM t GROUP BY ALL", "groupby((sql_group_by *) -> `a`, `t`)"},
      {"SELECT a FROM t GROUP BY ROLLUP (a, b)", "rollup((sql_group_by `a` `b`) -> `a`, `t`)"},
      {"SELECT a FROM t GROUP BY a, b WITH CUBE", "cube((sql_group_by `a` `b`) -> `a`, `t`)"},
      {"SELECT a FROM t GROUP BY a, b GROUPING SETS ((a, b), a, ())",
       "grouping_sets((sql_group_by `a` `b`) -> `a` set(`a`, `b`) set(`a`) set(), `t`)"},
      {"SELECT a FROM t GROUP BY a, b GROUPING SETS ((b), (a))",
       "grouping_sets((sql_group_by `a` `b`) -> `a` set(`b`) set(`a`), `t`)"},
      {"SELECT a FROM t GROUP BY a, ROLLUP(b)",
       "grouping_sets((sql_group_by `a` `b`) -> `a` set(`a`, `b`) set(`a`), `t`)"},
      {"SELECT a FROM t GROUP BY ROLLUP((a, b), (c))",
       "grouping_sets((sql_group_by `a` `b` `c`) -> `a` set(`a`, `b`, `c`) set(`a`, `b`) set(), "
       "`t`)"},
      {"SELECT a FROM t GROUP BY GROUPING SETS (CUBE(a), b)",
       "grouping_sets((sql_group_by `a` `b`) -> `a` set(`a`) set() set(`b`), `t`)"},
      {"SELECT a FROM t GROUP BY GROUPING SETS ((a), (b, a))",
       "grouping_sets((sql_group_by `a` `b`) -> `a` set(`a`) set(`b`, `a`), `t`)"},
  });
}

TEST(SqlStatement, OrdersAndLimits) {
  Check({
      {"SELECT a FROM t ORDER BY a", "order(`a` asc first; project(`a`; `t`))"},
      {"SELECT a FROM t ORDER BY a DESC, b NULLS LAST",
       "order(`a` desc last, `b` asc last; project(`a`; `t`))"},
      {"SELECT a FROM t ORDER BY 1 DESC NULLS FIRST",
       "order((sql_ordinal 1:int32) desc first; project(`a`; `t`))"},
      {"SELECT a FROM t ORDER BY ALL", "order((sql_ordinal) asc first; project(`a`; `t`))"},
      {"SELECT a FROM t SORT BY a", "sort(`a` asc first; project(`a`; `t`))"},
      {"SELECT a FROM t LIMIT 3", "limit(3, project(`a`; `t`))"},
      {"SELECT a FROM t LIMIT ALL OFFSET 2", "offset(2, project(`a`; `t`))"},
      {"SELECT a FROM t ORDER BY a LIMIT 3 OFFSET 2",
       "limit(3, offset(2, order(`a` asc first; project(`a`; `t`))))"},
      {"(SELECT a FROM t LIMIT 1) LIMIT 2", "limit(2, limit(1, project(`a`; `t`)))"},
      {"SELECT a, sum(b) OVER w FROM t WINDOW w AS (PARTITION BY c) ORDER BY a",
       "order(`a` asc first; project(`a`, (over (sum `b`) by `c`); `t`))"},
      {"SELECT sum(b) OVER (v) FROM t WINDOW w AS (ORDER BY c), v AS w",
       "project((over (sum `b`) order `c` asc first); `t`)"},
      {"SELECT a FROM t QUALIFY rank() OVER (ORDER BY b) = 1 LIMIT 2",
       "limit(2, filter((sql_qualify (== (over (rank) order `b` asc first) 1:int32) false:bool), "
       "project(`a`; `t`)))"},
      {"SELECT DISTINCT a FROM t WINDOW w AS (ORDER BY b) QUALIFY count(1) OVER w > 1",
       "distinct(filter((sql_qualify (> (over (count 1:int32) order `b` asc first) 1:int32) "
       "false:bool), "
       "project(`a`; `t`)))"},
      {"SELECT a AS qualify, b FROM t", "project(`a` as qualify, `b`; `t`)"},
  });
}

TEST(SqlStatement, Joins) {
  const auto join = [](const std::string& words) {
    return Parse("SELECT * FROM a " + words + " b ON x");
  };
  const std::string rest = "-join(`a`, `b`, `x`))";
  EXPECT_EQ(join("JOIN"), "project(*; inner" + rest);
  EXPECT_EQ(join("INNER JOIN"), "project(*; inner" + rest);
  EXPECT_EQ(join("LEFT JOIN"), "project(*; left_outer" + rest);
  EXPECT_EQ(join("LEFT OUTER JOIN"), "project(*; left_outer" + rest);
  EXPECT_EQ(join("RIGHT JOIN"), "project(*; right_outer" + rest);
  EXPECT_EQ(join("FULL OUTER JOIN"), "project(*; full_outer" + rest);
  EXPECT_EQ(join("LEFT SEMI JOIN"), "project(*; left_semi" + rest);
  EXPECT_EQ(join("SEMI JOIN"), "project(*; left_semi" + rest);
  EXPECT_EQ(join("LEFT ANTI JOIN"), "project(*; left_anti" + rest);
  EXPECT_EQ(join("ANTI JOIN"), "project(*; left_anti" + rest);
  Check({
      {"SELECT * FROM a CROSS JOIN b", "project(*; cross-join(`a`, `b`))"},
      {"SELECT * FROM a, b c, d", "project(*; cross-join(cross-join(`a`, alias(c, `b`)), `d`))"},
      {"SELECT * FROM a JOIN b USING (x, y)", "project(*; inner-join(`a`, `b`, using x, using y))"},
      {"SELECT * FROM a x JOIN b AS y ON x.k = y.k LEFT JOIN c ON true",
       "project(*; left_outer-join(inner-join(alias(x, `a`), alias(y, `b`), "
       "(== `x`.`k` `y`.`k`)), `c`, true:bool))"},
      {"SELECT * FROM a JOIN (b JOIN c ON p) ON q",
       "project(*; inner-join(`a`, inner-join(`b`, `c`, `p`), `q`))"},
  });
}

TEST(SqlStatement, Pivots) {
  const std::string end = "; `t`)))";
  Check({
      {"SELECT * FROM t PIVOT (sum(a) FOR b IN (1, 2))",
       "project(*; pivot((sql_pivot `b` 1:int32 2:int32) -> (sum `a`), `t`))"},
      {"SELECT * FROM t PIVOT (sum(a) AS x, max(a) y FOR (b, c) IN ((1, 2) AS z, (3, 4) w)) p",
       "project(*; alias(p, pivot((sql_pivot (sql_tuple `b` `c`) (sql_tuple 1:int32 2:int32) as z "
       "(sql_tuple 3:int32 4:int32) as w) -> (sum `a`) as x, (max `a`) as y, `t`)))"},
      {"SELECT * FROM a JOIN b ON x PIVOT (sum(c) FOR d IN ('e'))",
       "project(*; pivot((sql_pivot `d` e:string) -> (sum `c`), inner-join(`a`, `b`, `x`)))"},
      {"SELECT * FROM u, t PIVOT (sum(a) FOR b IN (1))",
       "project(*; cross-join(`u`, pivot((sql_pivot `b` 1:int32) -> (sum `a`), `t`)))"},
      {"SELECT * FROM t UNPIVOT INCLUDE NULLS (a FOR b IN (c, t.d AS e))",
       "project(*; unpivot((sql_unpivot a:string), b of (sql_row `c`), (sql_row `t`.`d`) as e" +
           end.substr(0, 6) + ")"},
      {"SELECT * FROM t UNPIVOT ((a, b) FOR n IN ((c, d), (e, f) AS g)) AS p WHERE a",
       "project(*; filter(`a`, alias(p, filter((isnotnull (coalesce `a` `b`)), "
       "unpivot((sql_unpivot a:string b:string), n of (sql_row `c` `d`), (sql_row `e` `f`) as g" +
           end + "))"},
      {"SELECT pivot, unpivot FROM t pivot", "project(`pivot`, `unpivot`; alias(pivot, `t`))"},
  });
  for (const char* sql :
       {"SELECT * FROM t PIVOT (sum(a) FOR b IN ())", "SELECT * FROM t PIVOT (sum(a) FOR b IN (1)",
        "SELECT * FROM t PIVOT (FOR b IN (1))", "SELECT * FROM t PIVOT (sum(a) FOR b = 1)",
        "SELECT * FROM t PIVOT (sum(a) FOR b IN (1)) AS p (c)",
        "SELECT * FROM t UNPIVOT (a FOR b IN ())", "SELECT * FROM t UNPIVOT (a FOR b IN (c + 1))",
        "SELECT * FROM t UNPIVOT (a FOR b IN (*))"}) {
    EXPECT_EQ(Parse(sql), "PARSE_SYNTAX_ERROR") << sql;
  }
}

TEST(SqlStatement, QueriesThatBeginElsewhere) {
  Check({
      {"FROM t", "`t`"},
      {"FROM t SELECT a WHERE b ORDER BY c",
       "order(`c` asc first; project(`a`; filter(`b`, `t`)))"},
      {"FROM t SELECT DISTINCT a GROUP BY a LIMIT 1",
       "limit(1, distinct(groupby((sql_group_by `a`) -> `a`, `t`)))"},
      {"SELECT 1 UNION FROM t SELECT a", "union(row(1:int32), project(`a`; `t`))"},
      {"SELECT * FROM (FROM t SELECT a) q", "project(*; alias(q, project(`a`; `t`)))"},
      {"VALUES (1, 2) AS t (a, b)", "alias(t, names(a, b, row((sql_row 1:int32 2:int32))))"},
      {"VALUES 1 t ORDER BY 1 LIMIT 1",
       "limit(1, order((sql_ordinal 1:int32) asc first; alias(t, row((sql_row 1:int32)))))"},
      {"SELECT * FROM LATERAL (SELECT 1) q", "project(*; alias(q, row(1:int32)))"},
      {"SELECT * FROM t, LATERAL explode(a) AS e (b)",
       "project(*; project((sql_lateral_view (explode `a`) false:bool e:string b:string); `t`))"},
      {"SELECT * FROM t LEFT JOIN LATERAL explode(a) e",
       "project(*; project((sql_lateral_view (explode `a`) true:bool e:string); `t`))"},
      {"SELECT * FROM a NATURAL LEFT JOIN b",
       "project(*; left_outer-join(`a`, `b`, (sql_natural)))"},
      {"SELECT a FROM t DISTRIBUTE BY a, b SORT BY c",
       "sort(`c` asc first; parts(`a`, `b`; project(`a`; `t`)))"},
      {"SELECT a FROM t CLUSTER BY a", "sort(`a` asc first; parts(`a`; project(`a`; `t`)))"},
      {"SELECT a FROM t LIMIT 1 + 1 OFFSET b",
       "filter((sql_limit (+ 1:int32 1:int32)), filter((sql_offset `b`), project(`a`; `t`)))"},
      {"SELECT a FROM t DISTRIBUTE BY a ORDER BY b", "PARSE_SYNTAX_ERROR"},
      {"SELECT rank() OVER (ORDER BY a) AS r FROM t QUALIFY r > 1",
       "filter((sql_qualify (> `r` 1:int32) true:bool), project((over (rank) order `a` asc first) "
       "as r; "
       "`t`))"},
  });
}

TEST(SqlStatement, Pipes) {
  const std::string bound = "project((sql_boundary); ";
  Check({
      {"FROM t |> WHERE a |> SELECT b, c", "project(`b`, `c`; " + bound + "filter(`a`, `t`)))"},
      {"TABLE t |> SELECT DISTINCT a |> AS q |> LIMIT 1",
       "limit(1, alias(q, " + bound + "distinct(project(`a`; `t`)))))"},
      {"TABLE t |> EXTEND a + 1 AS b |> DROP a, t.c",
       "project((sql_star_except * `a` `t`.`c`); " + bound +
           "project(*, (+ `a` 1:int32) as b; `t`)))"},
      {"TABLE t |> AGGREGATE sum(a) AS s GROUP BY b, c AS d",
       "groupby(`b`, `c` as d -> (sum `a`) as s, `t`)"},
      {"TABLE t |> AGGREGATE GROUP BY b", "groupby(`b` -> , `t`)"},
      {"TABLE t |> JOIN u ON a |> ORDER BY b |> UNION ALL TABLE t",
       "union-all(" + bound + "order(`b` asc first; " + bound +
           "inner-join(`t`, `u`, `a`)))), `t`)"},
      {"SELECT 1 UNION SELECT 2 |> WHERE true ORDER BY 1",
       "order((sql_ordinal 1:int32) asc first; filter(true:bool, " + bound +
           "union(row(1:int32), row(2:int32)))))"},
      {"TABLE t |> PIVOT (sum(a) FOR b IN (1))",
       "pivot((sql_pivot `b` 1:int32) -> (sum `a`), `t`)"},
      {"TABLE t |> ORDER BY a LIMIT 1", "MULTIPLE_QUERY_RESULT_CLAUSES_WITH_PIPE_OPERATORS"},
      {"TABLE t |> EXTEND sum(a)", "PIPE_OPERATOR_CONTAINS_AGGREGATE_FUNCTION"},
      {"TABLE t |> AGGREGATE a",
       "PIPE_OPERATOR_AGGREGATE_EXPRESSION_CONTAINS_NO_AGGREGATE_FUNCTION"},
      {"TABLE t |> AGGREGATE sum(a) GROUP BY CUBE (b)",
       "UNSUPPORTED_FEATURE.PIPE_OPERATOR_AGGREGATE_UNSUPPORTED_CASE"},
      {"TABLE t |> HAVING a", "PARSE_SYNTAX_ERROR"},
      {"SELECT a FROM t ORDER BY a |> LIMIT 1", "PARSE_SYNTAX_ERROR"},
  });
}

TEST(SqlStatement, SetOperations) {
  const std::string a = "row(1:int32)";
  const std::string b = "row(2:int32)";
  const std::string c = "row(3:int32)";
  Check({
      {"SELECT 1 UNION SELECT 2", "union(" + a + ", " + b + ")"},
      {"SELECT 1 UNION ALL SELECT 2 UNION DISTINCT SELECT 3",
       "union(union-all(" + a + ", " + b + "), " + c + ")"},
      {"SELECT 1 UNION SELECT 2 INTERSECT SELECT 3",
       "union(" + a + ", intersect(" + b + ", " + c + "))"},
      {"(SELECT 1 UNION SELECT 2) INTERSECT ALL SELECT 3",
       "intersect-all(union(" + a + ", " + b + "), " + c + ")"},
      {"SELECT 1 EXCEPT SELECT 2 MINUS ALL SELECT 3",
       "except-all(except(" + a + ", " + b + "), " + c + ")"},
      {"SELECT 1 UNION ALL BY NAME SELECT 2", "union-all-by-name(" + a + ", " + b + ")"},
      {"SELECT 1 UNION SELECT 2 ORDER BY 1 LIMIT 1",
       "limit(1, order((sql_ordinal 1:int32) asc first; union(" + a + ", " + b + ")))"},
      {"SELECT * FROM t EXCEPT SELECT 1", "except(project(*; `t`), " + a + ")"},
  });
}

TEST(SqlStatement, NamedQueries) {
  Check({
      {"WITH x AS (SELECT 1) SELECT * FROM x", "with(alias(x, row(1:int32)); project(*; `x`))"},
      {"WITH x (a) AS (SELECT 1), y AS (SELECT * FROM x) TABLE y",
       "with(alias(x, names(a, row(1:int32))), alias(y, project(*; `x`)); `y`)"},
      {"SELECT * FROM (WITH x AS (SELECT 1) TABLE x)",
       "project(*; alias(__auto_generated_subquery_name, with(alias(x, row(1:int32)); `x`)))"},
  });
}

TEST(SqlStatement, Subqueries) {
  Check({
      {"SELECT (SELECT 1)", "with(row(1:int32); row((scalar #0)))"},
      {"SELECT ((SELECT 1)) + 1", "with(row(1:int32); row((+ (scalar #0) 1:int32)))"},
      {"SELECT a FROM t WHERE a IN (SELECT b FROM u) AND NOT EXISTS (SELECT 1)",
       "with(project(`b`; `u`), row(1:int32); project(`a`; filter((and (in-query #0 `a`) "
       "(not (exists #1))), `t`)))"},
      {"SELECT a FROM t WHERE a NOT IN ((SELECT 1) UNION (SELECT 2))",
       "with(union(row(1:int32), row(2:int32)); project(`a`; filter((not (in-query #0 `a`)), "
       "`t`)))"},
      {"WITH x AS (SELECT 1) SELECT (SELECT * FROM x)",
       "with(alias(x, row(1:int32)); with(project(*; `x`); row((scalar #0))))"},
  });
}

TEST(SqlStatement, Parameters) {
  spark::connect::SQL args;
  (*args.mutable_named_arguments())["n"].mutable_literal()->set_integer(5);
  args.add_pos_arguments()->mutable_literal()->set_string("a");
  args.add_pos_arguments()->mutable_literal()->set_string("b");
  args.add_pos_arguments()->mutable_unresolved_attribute()->set_unparsed_identifier("c");
  const auto parse = [&](std::string_view sql) {
    const auto parsed = ParseSql(sql, {"", &args});
    return parsed.ok() ? Shape(*parsed->query) : base::ConditionName(parsed.status());
  };
  EXPECT_EQ(parse("SELECT :n, :n + 1 LIMIT :n"), "limit(5, row(5:int32, (+ 5:int32 1:int32)))");
  EXPECT_EQ(parse("SELECT ?, ?"), "row(a:string, b:string)");
  EXPECT_EQ(parse("SELECT ?, ?, ?"), "INVALID_SQL_ARG");
  EXPECT_EQ(parse("SELECT ?, ?, ?, ?"), "INVALID_SQL_ARG");
  EXPECT_EQ(parse("SELECT :m"), "UNBOUND_SQL_PARAMETER");
  EXPECT_EQ(Parse("SELECT ?"), "UNBOUND_SQL_PARAMETER");
  // An argument is written into the text as often as it is named.
  (*args.mutable_named_arguments())["n"].mutable_literal()->set_string(std::string(1 << 20, 'x'));
  std::string sql = "SELECT 1";
  for (int i = 0; i < 100; ++i) sql += ", :n";
  EXPECT_EQ(parse(sql), "PARSE_SYNTAX_ERROR");
}

TEST(SqlStatement, Commands) {
  using Kind = SqlStatement::Kind;
  auto view = *ParseSql("CREATE OR REPLACE GLOBAL TEMPORARY VIEW v (x) AS SELECT 1", {});
  EXPECT_EQ(view.kind, Kind::kCreateView);
  EXPECT_TRUE(view.replace && view.global);
  EXPECT_EQ(view.name, std::vector<std::string>{"v"});
  EXPECT_EQ(Shape(*view.query), "names(x, row(1:int32))");
  view = *ParseSql("create temp view v as select 1", {});
  EXPECT_FALSE(view.replace || view.global);
  EXPECT_TRUE(ParseSql("DROP VIEW IF EXISTS a.b", {})->if_exists);
  EXPECT_EQ(Parse("DESC t"), "`t`");
  EXPECT_EQ(Parse("DESCRIBE TABLE t"), "`t`");
  EXPECT_EQ(Parse("DESCRIBE QUERY SELECT 1"), "row(1:int32)");
  EXPECT_EQ(Parse("DESCRIBE SELECT 1"), "row(1:int32)");
  EXPECT_EQ(Parse("EXPLAIN SELECT 1"), "row(1:int32)");
  EXPECT_EQ(ParseSql("SHOW VIEWS IN global_temp LIKE 'a*'", {})->pattern, "a*");
  EXPECT_EQ(ParseSql("SHOW TABLES", {})->kind, Kind::kShowTables);
  EXPECT_EQ(Parse("SHOW COLUMNS IN t"), "`t`");
  const auto set = *ParseSql("SET a.b = x = y ;", {});
  EXPECT_EQ(*set.key, "a.b");
  EXPECT_EQ(*set.value, "x = y");
  EXPECT_FALSE(ParseSql("SET a.b", {})->value.has_value());
  EXPECT_EQ(*ParseSql("SET TIME ZONE 'UTC'", {})->key, "spark.sql.session.timeZone");
  EXPECT_EQ(ParseSql("RESET a.b", {})->kind, Kind::kReset);
  EXPECT_EQ(ParseSql("CACHE LAZY TABLE v AS SELECT 1", {})->kind, Kind::kCache);
  EXPECT_EQ(ParseSql("CLEAR CACHE", {})->kind, Kind::kClearCache);
}

TEST(SqlStatement, Tables) {
  using Kind = SqlStatement::Kind;
  const auto create = *ParseSql(
      "CREATE TABLE IF NOT EXISTS default.t (a INT NOT NULL COMMENT 'x', `b c` ARRAY<INT>) USING "
      "CSV "
      "OPTIONS (header true, 'Sep' = ';', a.b 1) PARTITIONED BY (a) COMMENT 'all'",
      {});
  EXPECT_EQ(create.kind, Kind::kCreateTable);
  EXPECT_EQ(create.name, (std::vector<std::string>{"default", "t"}));
  EXPECT_TRUE(create.if_exists);
  EXPECT_EQ(create.query, nullptr);
  EXPECT_EQ(create.table->columns, "`a` INT NOT NULL, `b c` ARRAY < INT >");
  EXPECT_EQ(create.table->comments.at("a"), "x");
  EXPECT_EQ(create.table->format, "csv");
  EXPECT_EQ(create.table->options,
            (std::map<std::string, std::string>{{"header", "true"}, {"sep", ";"}, {"a.b", "1"}}));
  EXPECT_EQ(create.table->keys, std::vector<std::string>{"a"});
  EXPECT_EQ(*create.table->comment, "all");
  EXPECT_EQ(Parse("CREATE TABLE t USING json AS SELECT 1"), "row(1:int32)");
  EXPECT_EQ(Parse("CREATE TABLE t (SELECT 1)"), "row(1:int32)");

  const auto insert = *ParseSql("INSERT OVERWRITE TABLE t (b, a) WITH x AS (SELECT 1) TABLE x", {});
  EXPECT_EQ(insert.kind, Kind::kInsert);
  EXPECT_TRUE(insert.overwrite);
  EXPECT_EQ(insert.columns, (std::vector<std::string>{"b", "a"}));
  const auto parts = *ParseSql("INSERT INTO t PARTITION (k = 'x', n) BY NAME SELECT 1", {});
  EXPECT_TRUE(parts.by_name);
  ASSERT_EQ(parts.fixed.size(), 1U);
  EXPECT_EQ(parts.fixed[0].first, "k");
  EXPECT_EQ(Parse("INSERT INTO t (SELECT 1)"), "row(1:int32)");
  EXPECT_EQ(Parse("REFRESH TABLE t"), "`t`");
  EXPECT_TRUE(ParseSql("DROP TABLE IF EXISTS a.t PURGE", {})->if_exists);
  EXPECT_EQ(ParseSql("TRUNCATE TABLE t", {})->kind, Kind::kTruncate);
  EXPECT_EQ(ParseSql("USE DATABASE d", {})->name, std::vector<std::string>{"d"});
  EXPECT_EQ(ParseSql("SHOW SCHEMAS LIKE 'x'", {})->pattern, "x");
  for (const char* sql :
       {"CREATE TABLE", "CREATE TABLE t (a)", "CREATE TABLE t (a INT", "INSERT t VALUES (1)",
        "INSERT INTO t", "INSERT INTO t ()", "INSERT INTO t PARTITION (k = a) SELECT 1",
        "DROP TABLE", "TRUNCATE TABLE t x", "CREATE TABLE t OPTIONS (a b) AS SELECT 1"}) {
    EXPECT_FALSE(ParseSql(sql, {}).ok()) << sql;
  }
}

TEST(SqlStatement, WhatIsRefusedByName) {
  const Case cases[] = {
      {"CREATE OR REPLACE TABLE t (a INT)", "The statement CREATE TABLE"},
      {"CREATE TABLE t (a INT) LOCATION '/x'", "CREATE TABLE ... LOCATION"},
      {"CREATE TABLE t (a INT DEFAULT 1)", "A column's DEFAULT"},
      {"CREATE TABLE t (a INT) AS SELECT 1", "CREATE TABLE of columns AS a query"},
      {"INSERT OVERWRITE DIRECTORY '/x' SELECT 1", "The statement INSERT OVERWRITE"},
      {"INSERT OVERWRITE t PARTITION (a = 1) SELECT 1", "INSERT OVERWRITE of one partition"},
      {"TRUNCATE TABLE t PARTITION (a = 1)", "TRUNCATE TABLE ... PARTITION"},
      {"CREATE OR REPLACE VIEW v AS SELECT 1", "The statement CREATE VIEW"},
      {"ALTER VIEW v RENAME TO w", "The statement ALTER VIEW"},
      {"DROP DATABASE x", "The statement DROP DATABASE"},
      {"DESCRIBE FUNCTION abs", "The statement DESCRIBE FUNCTION"},
      {"EXPLAIN EXTENDED SELECT 1", "EXPLAIN EXTENDED"},
      {"SELECT * FROM a NATURAL CROSS JOIN b", "NATURAL with CROSS or LATERAL"},
      {"SELECT * FROM t, LATERAL explode(a)", "LATERAL of a table function without a name"},
      {"SELECT * FROM t JOIN LATERAL explode(a) e ON true",
       "LATERAL of a table function in a join of that kind"},
      {"FROM t SELECT a SELECT b", "Several SELECT of one FROM"},
      {"TABLE t |> SET a = 1", "The pipe |> SET"},
      {"TABLE t |> AGGREGATE sum(a) GROUP BY 1", "A position in the GROUP BY of |> AGGREGATE"},
      {"WITH RECURSIVE x AS (SELECT 1) TABLE x", "WITH RECURSIVE"},
      {"SELECT * FROM t TABLESAMPLE (10 PERCENT)", "TABLESAMPLE without a seed"},
  };
  for (const Case& c : cases) EXPECT_EQ(Refusal(c.sql), c.shape) << c.sql;
}

TEST(SqlStatement, WhatIsNoStatement) {
  for (const char* sql :
       {"SELEC 1", "SELECT", "SELECT FROM", "SELECT 1 SELECT 2", "SELECT 1; SELECT 2",
        "SELECT a FROM t WHERE b =", "SELECT a FROM t GROUP BY", "SELECT (1",
        "SELECT a FROM t ORDER BY", "SELECT a FROM (SELECT 1", "WITH x SELECT 1", "VALUES",
        "SELECT a FROM t JOIN", "SELECT * FROM t t2 t3", "EXPLAIN", "SELECT 1 UNION ALL",
        "SELECT a,, b FROM t"}) {
    const std::string got = Parse(sql);
    EXPECT_TRUE(got == "PARSE_SYNTAX_ERROR" || got == "UNSUPPORTED_FEATURE") << sql << ": " << got;
  }
  EXPECT_EQ(Parse(""), "PARSE_EMPTY_STATEMENT");
  EXPECT_EQ(Parse(" -- nothing"), "PARSE_SYNTAX_ERROR");
  EXPECT_EQ(base::Message(ParseSql("SELECT a\nFROM t WHERE b =", {}).status()),
            "Syntax error at or near end of input. (line 2, pos 16)\n\n== SQL ==\nSELECT a\n"
            "FROM t WHERE b =\n----------------^^^\n");
}

std::string Repeated(int times, const std::string& text) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

TEST(SqlStatement, NestingAndSizeAreBounded) {
  for (const auto& [open, close] : std::vector<std::pair<std::string, std::string>>{
           {"SELECT * FROM (", ")"},
           {"(", ")"},
           {"SELECT (", ")"},
           {"SELECT EXISTS (", ")"},
           {"SELECT 1 IN (", ")"},
           {"WITH x AS (", ") SELECT 1"},
           {"SELECT sum(a) OVER (PARTITION BY (", "))"}}) {
    const std::string sql = Repeated(5'000, open) + "SELECT 1" + Repeated(5'000, close);
    const auto parsed = ParseSql(sql, {});
    ASSERT_FALSE(parsed.ok()) << open;
    EXPECT_TRUE(base::Is(parsed.status(), base::kParse)) << open << parsed.status();
  }
  for (const char* more : {" UNION ALL SELECT 1", " UNION (SELECT 1 LIMIT 1)"}) {
    EXPECT_TRUE(ParseSql("SELECT 1" + Repeated(100, more), {}).ok());
    EXPECT_FALSE(ParseSql("SELECT 1" + Repeated(5'000, more), {}).ok());
  }
  EXPECT_FALSE(ParseSql("SELECT * FROM t" + Repeated(5'000, " JOIN t"), {}).ok());
  EXPECT_FALSE(ParseSql("SELECT * FROM t" + Repeated(5'000, ", t"), {}).ok());
  EXPECT_TRUE(ParseSql("VALUES 1" + Repeated(20'000, ", 1"), {}).ok());
  // A window that is named is copied.
  const std::string keys = "a" + Repeated(1'000, ", a");
  EXPECT_FALSE(ParseSql("SELECT 1" + Repeated(1'000, ", f() OVER w") +
                            " WINDOW w AS (PARTITION BY " + keys + ")",
                        {})
                   .ok());
  EXPECT_FALSE(ParseSql(std::string(kSqlBytesMax + 1, ' '), {}).ok());
}

}  // namespace
}  // namespace soteria::connect
