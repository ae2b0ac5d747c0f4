"""Cases of spark.sql over small temporary views with nulls. What has no ORDER BY of its own is compared as a bag of rows."""

from __future__ import annotations

import datetime
import json

from pyspark.errors import PySparkException

from recorder import Scene, add, plain

DAY = datetime.date
ITEMS = [
    (1, "a", 10, 1.5, True, DAY(2020, 1, 1)), (1, "b", 20, None, False, DAY(2020, 2, 29)), (2, "a", None, 2.5, None, None),
    (2, None, 40, -0.0, True, DAY(1999, 12, 31)),
    (None, "c", 50, float("nan"), False, DAY(2021, 6, 15)), (3, "A", 60, 7.25, True, DAY(2020, 1, 1)), (3, "b", 60, 7.25, None, None),
    (None, None, None, None, None, None),
]
NAMES = [(1, "one"), (2, "two"), (2, "zwei"), (4, "four"), (None, "none")]


def views(s: Scene):
    def make():
        s.spark.createDataFrame(ITEMS, "k int, s string, v int, x double, b boolean, d date").coalesce(1).createOrReplaceTempView("t")
        s.spark.createDataFrame(NAMES, "k int, name string").coalesce(1).createOrReplaceTempView("u")
        s.spark.createDataFrame([((1, "x"), [1, 2, 3]), (None, None)], "p struct<a:int,b:string>, l array<int>").coalesce(1).createOrReplaceTempView("nested")
        return s.spark
    return s.once("sql views", make)


def rows(frame, ordered):
    recorded = plain(frame)
    if not ordered:
        recorded["rows"].sort(key=json.dumps)
    return recorded


def query(text, ordered=None, **options):
    ordered = "ORDER BY" in text if ordered is None else ordered
    return lambda s: rows(views(s).sql(text, **options), ordered)


def said(text):
    """The message up to where Spark shows its plan or its stack."""
    def run(s: Scene):
        try:
            return rows(views(s).sql(text), True)
        except PySparkException as error:
            message = str(error).split("JVM stacktrace:")[0].split(";\n'")[0].strip()
            return [type(error).__name__, error.getCondition(), error.getSqlState(), message]
    return run


def statements(*texts):
    return lambda s: [rows(views(s).sql(text), False) for text in texts]


QUERIES = [
    # SELECT
    "SELECT 1", "SELECT 1 AS one, 'x' two, null three", "SELECT 1.50D, -1.5D, 2.0D * 3", "SELECT 1 + 1, 2 * 3 AS six, 7 / 2, 7 DIV 2, 7 % 4",
    "SELECT * FROM t", "SELECT t.* FROM t",
    "SELECT k, v FROM t", "SELECT t.k, T.V FROM t", "SELECT K AS Key FROM t", "SELECT k + v AS sum, k * 2 FROM t", "SELECT x.k FROM t x",
    "SELECT x.k FROM t AS x", "SELECT `k` AS `a b` FROM `t`",
    "SELECT * EXCEPT (k, v) FROM t", "SELECT t.* EXCEPT (s) FROM t", "SELECT *, k AS again FROM t", "SELECT p.a, p.b FROM nested", "SELECT p.* FROM nested",
    "SELECT l[0], l[1] + 1 FROM nested",
    "SELECT nested.p.a FROM nested", "SELECT a FROM (SELECT p.a FROM nested)", "select k from T where V > 10", "SELECT k FROM t;",
    "SELECT k -- comment\nFROM t /* more */", "SELECT /*+ BROADCAST(t) */ k FROM t",
    "SELECT ALL k FROM t", "SELECT struct(k, v AS w) FROM t", "SELECT struct(k, v AS w).w AS w FROM t", "SELECT 'a' 'b', \"c\", r'\\d'",
    "SELECT current_date IS NOT NULL FROM (SELECT 1 AS current_date)",
    "SELECT k AS from FROM t", "SELECT count FROM (SELECT 1 AS count)", "SELECT 1 WHERE true", "SELECT 1 WHERE 1 > 2",
    "SELECT date, timestamp FROM (SELECT 1 AS date, 2 AS timestamp)",
    "SELECT k first, v last FROM t", "SELECT k FROM t where", "SELECT k FROM t order", "SELECT order.k FROM t order", "SELECT t.k, t.s FROM t WHERE t.k = 1",
    "SELECT a.k FROM (SELECT k FROM t WHERE k > 1) a WHERE a.k < 3", "SELECT * FROM (SELECT k AS a, v AS b FROM t) AS q (c, d)",
    "SELECT c + d FROM (SELECT k, v FROM t) AS q (c, d)", "SELECT q.c FROM t AS q (c, e, f, g, h, i)",
    "SELECT substring(s FROM 1 FOR 1), substr(s, 1) FROM t", "SELECT struct(*) FROM u",
    "SELECT DATE '2020-01-02', TIMESTAMP '2020-01-02 03:04:05', X'1F'", "SELECT cast('1' AS int), '2'::int + 1, try_cast('x' AS int)",
    "SELECT -k, +k, ~k FROM t", "SELECT named_struct('a', 1).a",
    # WHERE
    "SELECT k FROM t WHERE k IS NULL", "SELECT k FROM t WHERE k IS NOT NULL AND v > 10", "SELECT k FROM t WHERE NOT k = 1",
    "SELECT k FROM t WHERE k <> 1 OR v IS NULL", "SELECT k FROM t WHERE k <=> NULL",
    "SELECT k FROM t WHERE k IN (1, 3)", "SELECT k FROM t WHERE k NOT IN (1, NULL)", "SELECT v FROM t WHERE v BETWEEN 20 AND 50",
    "SELECT v FROM t WHERE v NOT BETWEEN 20 AND 50", "SELECT s FROM t WHERE s LIKE 'a%'",
    "SELECT s FROM t WHERE s NOT LIKE 'a%'", "SELECT b FROM t WHERE b", "SELECT b FROM t WHERE b IS TRUE", "SELECT b FROM t WHERE b IS NOT FALSE",
    "SELECT b FROM t WHERE b IS UNKNOWN",
    "SELECT k FROM t WHERE k IS DISTINCT FROM 1", "SELECT k FROM t WHERE k IS NOT DISTINCT FROM NULL", "SELECT x FROM t WHERE x > 2",
    "SELECT d FROM t WHERE d >= DATE '2020-01-01'", "SELECT d FROM t WHERE d = '2020-01-01'",
    "SELECT k FROM t WHERE k = 1 AND v = 10 OR k = 2 AND v = 40", "SELECT CASE WHEN k = 1 THEN 'one' WHEN k IS NULL THEN 'none' ELSE s END AS c FROM t",
    "SELECT CASE k WHEN 1 THEN 'x' WHEN 2 THEN 'y' END FROM t",
    "SELECT if(k > 1, v, -v), coalesce(k, v, 0), nullif(k, 1) FROM t", "SELECT s || '-' || k FROM t",
    "SELECT v FROM t WHERE v > 10 AND v < 60 AND NOT (v = 40)",
    "SELECT v & 12, v | 1, v ^ 3 FROM t", "SELECT k + 1 * 2 - 3, (k + 1) * 2, -k * -2, 1 - -k FROM t", "SELECT NOT b AND b OR b FROM t",
    "SELECT k = 1 = true FROM t", "SELECT k + 1 > v - 1 FROM t", "SELECT 2 * k % 3 FROM t",
    # VALUES
    "VALUES 1, 2, 3", "VALUES (1, 'a'), (2, NULL)", "SELECT * FROM VALUES (1, 2.5D), (2, 3) AS w (a, b)", "SELECT a + 1 FROM VALUES (1), (NULL) w (a)",
    "SELECT * FROM (VALUES (1, 'x')) w", "SELECT col1 FROM VALUES (1, 2)",
    "SELECT * FROM VALUES (array(1, 2), struct(1 AS a)) AS w (l, p)", "VALUES (1 + 1, upper('a'))", "VALUES (1L), (2)",
    "SELECT w.a FROM VALUES (DATE '2020-01-01') AS w (a)", "VALUES (true), (NULL)",
    # GROUP BY
    "SELECT count(*) FROM t", "SELECT sum(v), avg(v), min(s), max(d), count(k) FROM t", "SELECT k, count(*) FROM t GROUP BY k",
    "SELECT k, sum(v) AS total FROM t GROUP BY k", "SELECT sum(v) FROM t GROUP BY k",
    "SELECT k FROM t GROUP BY k", "SELECT k + 1, count(1) FROM t GROUP BY k + 1", "SELECT k + 1 AS k1, sum(v) * 2 + 1 FROM t GROUP BY k1",
    "SELECT k AS kk, count(*) FROM t GROUP BY kk", "SELECT k, s, count(*) FROM t GROUP BY 1, 2",
    "SELECT s AS k, count(*) FROM t GROUP BY k, s", "SELECT upper(s) AS u, count(*) FROM t GROUP BY 1", "SELECT upper(s), count(*) FROM t GROUP BY upper(s)",
    "SELECT k, count(*) FROM t GROUP BY t.k", "SELECT t.k, count(*) FROM t GROUP BY k",
    "SELECT k + sum(v) FROM t GROUP BY k", "SELECT k, round(avg(x), 1) FROM t WHERE k IS NOT NULL GROUP BY k", "SELECT k, s, sum(v) FROM t GROUP BY ALL",
    "SELECT count(*) c FROM t GROUP BY k, s", "SELECT 1 FROM t GROUP BY k",
    "SELECT k IS NULL AS none, count(*) FROM t GROUP BY k IS NULL",
    "SELECT CASE WHEN v > 30 THEN 'big' ELSE 'small' END AS size, count(*) FROM t GROUP BY size", "SELECT max(k) - min(k) AS d FROM t",
    "SELECT b, avg(x) FROM t GROUP BY b",
    "SELECT count(*) + 1 FROM t WHERE k > 100", "SELECT sum(v) FROM t WHERE k > 100", "SELECT sum(v) FROM t WHERE k > 100 GROUP BY k",
    "SELECT k, count(*) FROM t GROUP BY k, 2 - 1", "SELECT K, Count(*) FROM t GROUP BY k",
    "SELECT k, k, sum(v) FROM t GROUP BY k", "SELECT cast(k AS string), count(*) FROM t GROUP BY cast(k AS string)",
    "SELECT sum(total) FROM (SELECT k, sum(v) AS total FROM t GROUP BY k)", "SELECT x, count(*) FROM t GROUP BY x",
    "SELECT k % 2 AS odd, sum(v) FROM t GROUP BY odd", "SELECT q.kk FROM (SELECT k AS kk FROM t) q GROUP BY q.kk", "SELECT count(all v) FROM t",
    "SELECT std(v), variance(v), stddev_pop(v) FROM t", "SELECT sum(v + k), sum(v) + sum(k) FROM t",
    "SELECT k AS a, a + 1 FROM (SELECT 1 AS k, 5 AS a)",
    # HAVING
    "SELECT k, sum(v) FROM t GROUP BY k HAVING sum(v) > 30", "SELECT k FROM t GROUP BY k HAVING count(*) > 1",
    "SELECT k, sum(v) AS total FROM t GROUP BY k HAVING total > 30", "SELECT k FROM t GROUP BY k HAVING k > 1",
    "SELECT s FROM t GROUP BY s, k HAVING k > 1", "SELECT sum(v) FROM t HAVING sum(v) > 1", "SELECT sum(v) FROM t HAVING count(*) > 100",
    "SELECT 1 FROM t HAVING count(*) > 1", "SELECT k + 1 FROM t GROUP BY k + 1 HAVING k + 1 > 2",
    "SELECT k FROM t GROUP BY k HAVING max(v) - min(v) >= 10 AND k IS NOT NULL", "SELECT k, count(*) FROM t GROUP BY k HAVING count(*) = max(k)",
    "SELECT max(v) FROM t GROUP BY k HAVING avg(x) IS NOT NULL",
    "SELECT k AS kk FROM t GROUP BY k HAVING kk > 1", "SELECT k AS kk FROM t GROUP BY k HAVING k > 1",
    "SELECT k, sum(v) AS v FROM t GROUP BY k HAVING sum(v) > 30", "SELECT t.k FROM t GROUP BY t.k HAVING t.k = 1",
    "SELECT upper(s) FROM t GROUP BY upper(s) HAVING upper(s) = 'A'", "SELECT k FROM t GROUP BY k HAVING sum(v) IS NULL OR sum(v) > 60",
    # WITH
    "WITH w AS (SELECT k FROM t WHERE k > 1) SELECT * FROM w", "WITH w (a) AS (SELECT k FROM t) SELECT a + 1 FROM w",
    "WITH w AS (SELECT 1 AS a), z AS (SELECT a + 1 AS b FROM w) SELECT * FROM z", "WITH t AS (SELECT k FROM t WHERE k = 1) SELECT * FROM t",
    "WITH w AS (WITH z AS (SELECT 2 AS a) SELECT a FROM z) SELECT a FROM w", "SELECT * FROM (WITH w AS (SELECT 3 AS a) SELECT a FROM w)",
    "WITH w AS (SELECT 1 AS a) SELECT x.a FROM w x", "WITH w AS (SELECT k, sum(v) AS total FROM t GROUP BY k) SELECT max(total) FROM w",
    "WITH w AS (SELECT 1 AS a) SELECT W.a FROM W", "TABLE u",
    # LIMIT
    "SELECT k FROM t LIMIT 3", "SELECT k FROM t LIMIT 0", "SELECT k FROM t LIMIT ALL", "(SELECT k FROM t LIMIT 4) LIMIT 2",
    "SELECT count(*) FROM (SELECT k FROM t LIMIT 5)",
]

# Of several tables, and in order.
RELATIONAL = [
    "SELECT DISTINCT k FROM t", "SELECT DISTINCT k, s FROM t", "SELECT DISTINCT k IS NULL FROM t",
    "SELECT k FROM t ORDER BY k", "SELECT k, v FROM t ORDER BY v DESC, k", "SELECT k, v FROM t ORDER BY 2 DESC NULLS LAST, 1",
    "SELECT k, v FROM t ORDER BY v NULLS LAST, k DESC NULLS FIRST", "SELECT k FROM t ORDER BY v, k",
    "SELECT k AS a FROM t ORDER BY a DESC", "SELECT v AS k FROM t ORDER BY k", "SELECT k, v FROM t ORDER BY k + v, k",
    "SELECT k, sum(v) FROM t GROUP BY k ORDER BY k", "SELECT k FROM t GROUP BY k ORDER BY sum(v), k",
    "SELECT k, sum(v) AS total FROM t GROUP BY k ORDER BY total DESC", "SELECT k, count(*) FROM t GROUP BY k HAVING count(*) > 1 ORDER BY sum(v) DESC",
    "SELECT k FROM t ORDER BY k LIMIT 3", "SELECT k, v FROM t ORDER BY v LIMIT 2 OFFSET 1",
    "SELECT upper(s) FROM t GROUP BY upper(s) ORDER BY upper(s) DESC", "SELECT k, s FROM u JOIN (SELECT k AS kk, s FROM t) q ON u.k = q.kk ORDER BY k, s",
    "SELECT k, v FROM t ORDER BY ALL", "SELECT sum(v) FROM t ORDER BY sum(v)",
    "SELECT t.k, name FROM t JOIN u ON t.k = u.k", "SELECT t.k, name FROM t LEFT JOIN u ON t.k = u.k",
    "SELECT t.k, u.k, name FROM t RIGHT JOIN u ON t.k = u.k", "SELECT t.k, u.k FROM t FULL JOIN u ON t.k = u.k",
    "SELECT k FROM t LEFT SEMI JOIN u ON t.k = u.k",
    "SELECT k FROM t LEFT ANTI JOIN u ON t.k = u.k", "SELECT k, name, v FROM t JOIN u USING (k)", "SELECT * FROM t JOIN u USING (k)",
    "SELECT t.k, u.k FROM t CROSS JOIN u", "SELECT t.k, u.name FROM t, u WHERE t.k = u.k", "SELECT a.k, b.v FROM t a JOIN t b ON a.k = b.k AND a.v < b.v",
    "SELECT u.* FROM t JOIN u ON t.k = u.k", "SELECT name, sum(v) FROM t JOIN u ON t.k = u.k GROUP BY name",
    "SELECT name FROM t JOIN u ON t.k = u.k GROUP BY name HAVING sum(v) > 30",
    "SELECT k FROM t UNION ALL SELECT k FROM u", "SELECT k FROM t UNION SELECT k FROM u", "SELECT k FROM t INTERSECT SELECT k FROM u",
    "SELECT k FROM t EXCEPT SELECT k FROM u", "SELECT k FROM t EXCEPT ALL SELECT k FROM u", "SELECT k FROM t INTERSECT ALL SELECT k FROM u",
    "SELECT k FROM t MINUS SELECT k FROM u", "SELECT 1 AS a UNION ALL SELECT 2.5", "SELECT 1 UNION SELECT 2 INTERSECT SELECT 2",
    "(SELECT 1 UNION SELECT 2) INTERSECT SELECT 2", "SELECT k FROM t UNION ALL SELECT k FROM u ORDER BY k",
    "SELECT * FROM (SELECT 1 AS a UNION ALL SELECT 2) w",
    "SELECT k FROM t ORDER BY k OFFSET 6", "SELECT * FROM range(3)", "SELECT id * 2 FROM range(1, 9, 3)",
]

SAID = {
    "no statement": "SELEC 1", "empty": "", "end of input": "SELECT k FROM t WHERE k =", "a second line": "SELECT k\nFROM t WHERE )",
    "two statements": "SELECT 1; SELECT 2", "parenthesis": "SELECT (1 + 2", "word too many": "SELECT k FROM t t1 t2",
    "comma": "SELECT k,, v FROM t", "empty in": "SELECT k FROM t WHERE k IN ()", "unbound": "SELECT :a",
}

# Errors by class, condition and SQLSTATE alone.
ERRORS = [
    "SELECT * FROM nothing", "SELECT * FROM a.b", "SELECT z FROM t", "SELECT t.z FROM t", "SELECT z.* FROM t", "SELECT k", "SELECT q.k FROM t",
    "SELECT nosuch(k) FROM t", "SELECT k, sum(v) FROM t", "SELECT k, v FROM t GROUP BY k",
    "SELECT k FROM t GROUP BY sum(v)", "SELECT sum(v) FROM t GROUP BY 1", "SELECT k FROM t GROUP BY 2", "SELECT * FROM t GROUP BY 1",
    "SELECT k FROM t GROUP BY 0", "SELECT k FROM t WHERE sum(v) > 1", "SELECT sum(sum(v)) FROM t", "SELECT k FROM t GROUP BY k HAVING v > 1",
    "SELECT k FROM t GROUP BY k HAVING zz > 1", "SELECT k + s FROM nested", "SELECT 1 / 0", "SELECT cast('x' AS int)", "SELECT k FROM t LIMIT -1",
    "VALUES (1), (1, 2)", "VALUES (1), (array(1))", "SELECT * FROM VALUES (1, 2) AS w (a)", "SELECT upper() FROM t",
    "SELECT p.c FROM nested", "SELECT k FROM (SELECT k, v AS k FROM t)", "SELECT k FROM t WHERE v", "SELECT k AS a FROM t WHERE a = 1",
    "WITH w AS (SELECT 1) SELECT * FROM x", "SELECT sum(v) OVER w FROM t", "SELECT * FROM t WHERE :p = 1", "SELECT 128Y",
    "SELECT DATE 'x'", "SELECT 'a", "SELECT `a FROM t", "SELECT k FROM t GROUP BY", "SELECT k FROM t ORDER BY", "DROP VIEW nothing", "DESCRIBE nothing",
    "CREATE TEMP VIEW t AS SELECT 1", "CREATE TEMP VIEW a.b AS SELECT 1", "SELECT zz FROM VALUES (1) AS w (a)",
    "UNCACHE TABLE nothing",
]

for text in [*QUERIES, *RELATIONAL]:
    add(f"sql {text}", query(text))
for name, text in SAID.items():
    add(f"sql says {name}", said(text))
for text in ERRORS:
    add(f"sql error {text}", query(text))

add("sql named parameters", query("SELECT k, :word AS w FROM t WHERE k >= :least", args={"word": "it's", "least": 2}))
add("sql positional parameters", query("SELECT ?, k FROM t WHERE k = ? AND v < ?", args=["x", 1, 15]))
add("sql parameter of an array", query("SELECT :l[1] AS second", args={"l": [1, 2]}))
add("sql parameter of a date", query("SELECT s FROM t WHERE d = :d", args={"d": DAY(2020, 1, 1)}))
add("sql error of a missing parameter", query("SELECT ? + ?", args=[1]))


def of_a_frame(s: Scene):
    frame = views(s).table("t").where("k > 1")
    return rows(s.spark.sql("SELECT k, sum(v) AS total FROM {rows} GROUP BY k HAVING count(*) > {least}", rows=frame, least=1), False)


def into_frames(s: Scene):
    frame = views(s).sql("SELECT k, v FROM t WHERE v IS NOT NULL")
    return [rows(frame.filter("k > 1").select("v"), False), frame.count(), frame.columns, rows(frame.groupBy("k").sum("v"), False), frame.isEmpty()]


def of_views(s: Scene):
    spark = views(s)
    spark.sql("CREATE OR REPLACE TEMP VIEW made AS SELECT k, v FROM t WHERE k IS NOT NULL")
    spark.sql("CREATE OR REPLACE TEMPORARY VIEW renamed (a, b) AS SELECT * FROM made")
    out = [rows(spark.sql("SELECT a, sum(b) FROM renamed GROUP BY a"), False), rows(spark.table("made"), False)]
    spark.sql("DROP VIEW renamed")
    out.append([row.tableName for row in spark.sql("SHOW TABLES LIKE 'made|ren*'").collect()])
    spark.sql("DROP VIEW IF EXISTS renamed")
    return out


def of_global_views(s: Scene):
    spark = views(s)
    spark.sql("CREATE OR REPLACE GLOBAL TEMP VIEW everywhere AS SELECT 1 AS a")
    out = rows(spark.sql("SELECT everywhere.a FROM global_temp.everywhere"), False)
    spark.sql("DROP VIEW global_temp.everywhere")
    return out


def having_of_a_frame(s: Scene):
    from pyspark.sql import functions as F
    groups = views(s).table("t").groupBy("k").agg(F.sum("v").alias("total"))
    return [rows(groups.filter(F.count("v") > 1), False), rows(groups.filter("max(v) > 20 and k is not null").select("total"), False)]


add("sql of a DataFrame", of_a_frame)
add("sql into DataFrames", into_frames)
add("sql views", of_views)
add("sql global views", of_global_views)
add("sql having of a DataFrame", having_of_a_frame)
add("sql DESCRIBE", statements("DESCRIBE t", "DESC TABLE u", "DESCRIBE QUERY SELECT k, v + 1 AS w, 1.5D AS x FROM t", "DESCRIBE SELECT array(1) AS l"))
add("sql SHOW", statements("SHOW COLUMNS FROM t", "SHOW COLUMNS IN u", "SHOW TABLES LIKE 'neste*'", "SHOW VIEWS LIKE 'neste*|nothing'"))
add("sql SET", statements(
    "SET spark.sql.session.timeZone=Asia/Tokyo", "SET spark.sql.session.timeZone", "SELECT cast(timestamp '2020-01-01 00:00:00Z' AS string)",
    "SET TIME ZONE 'UTC'", "RESET spark.sql.session.timeZone"))
add("sql CACHE", statements("CACHE TABLE u", "SELECT count(*) FROM u", "UNCACHE TABLE u", "UNCACHE TABLE IF EXISTS nothing"))
add("sql of files", lambda s: rows(s.spark.sql(f"SELECT count(*) AS n FROM parquet.`{s.tables}/mixed`"), False))
