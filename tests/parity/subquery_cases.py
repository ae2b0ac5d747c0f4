"""Cases of subqueries in expressions: scalar, IN and EXISTS, by themselves and correlated, in SQL and of DataFrames. Rows are compared as a bag."""

from __future__ import annotations

import json

from pyspark.sql import functions as F

from recorder import Scene, add, plain

LEFT = [(1, "a", 10), (2, "b", 20), (2, "c", None), (3, "d", 5), (None, "e", 7), (5, None, 40)]
RIGHT = [(1, 4, "p"), (2, 30, "q"), (2, 15, None), (3, None, "r"), (None, 9, "s"), (4, 1, "t")]
CLEAN = [(1,), (2,), (9,)]
TEXTS = [("1", 1), ("01", 1), ("2", 1), ("2", 2), ("5", 2), ("05", 2), ("005", 3)]


def views(s: Scene):
    def make():
        s.spark.createDataFrame(LEFT, "k int, s string, v int").coalesce(1).createOrReplaceTempView("l")
        s.spark.createDataFrame(RIGHT, "k int, w int, t string").coalesce(1).createOrReplaceTempView("r")
        s.spark.createDataFrame(CLEAN, "k int").coalesce(1).createOrReplaceTempView("c")
        s.spark.createDataFrame([], "k int, w int").createOrReplaceTempView("none")
        s.spark.createDataFrame(TEXTS, "s string, g int").selectExpr("s", "g", "CAST(s AS decimal(5, 2)) AS d").coalesce(1).createOrReplaceTempView("texts")
        s.spark.range(100).selectExpr("id", "id % 7 AS k", "CAST(id AS double) / 3 AS x").repartition(3).createOrReplaceTempView("many")
        return s.spark
    return s.once("subquery views", make)


def bag(frame):
    recorded = plain(frame)
    recorded["rows"].sort(key=json.dumps)
    return recorded


def query(text):
    return lambda s: bag(views(s).sql(text))


QUERIES = [
    # one value
    "SELECT (SELECT max(w) FROM r)", "SELECT k, (SELECT max(w) FROM r) AS m FROM l", "SELECT k FROM l WHERE v > (SELECT avg(w) FROM r)",
    "SELECT k, (SELECT w FROM none) AS m FROM l", "SELECT (SELECT k FROM c WHERE k > 5) + 1 AS nine", "SELECT (SELECT k FROM c)",
    "SELECT (SELECT k, w FROM r)", "SELECT k FROM l WHERE v = (SELECT w FROM r WHERE t = 'zz')",
    "SELECT k, v - (SELECT min(w) FROM r) - (SELECT count(*) FROM none) AS d FROM l",
    "SELECT CASE WHEN v > (SELECT avg(w) FROM r) THEN 'high' ELSE 'low' END AS c, s FROM l",
    "SELECT k, sum(v) AS s FROM l GROUP BY k HAVING sum(v) > (SELECT min(w) FROM r)",
    "SELECT k, sum(v) + (SELECT max(w) FROM r) AS s FROM l GROUP BY k", "SELECT max(v + (SELECT max(w) FROM r)) AS m FROM l",
    "SELECT k FROM l WHERE (SELECT max(k) FROM c) > k AND (SELECT min(k) FROM c) < k",
    "SELECT k, (SELECT 'x') AS x, (SELECT array(1, 2)) AS a FROM l", "SELECT (SELECT (SELECT max(w) FROM r) - min(k) FROM c) AS nested",
    "SELECT count(*) AS n FROM many WHERE x > (SELECT avg(x) FROM many)", "SELECT k FROM l WHERE v > (SELECT w FROM r ORDER BY w DESC LIMIT 1)",
    # IN
    "SELECT k, s FROM l WHERE k IN (SELECT k FROM r)", "SELECT k, s FROM l WHERE k NOT IN (SELECT k FROM r)",
    "SELECT k, s FROM l WHERE k NOT IN (SELECT k FROM c)", "SELECT k, s FROM l WHERE k NOT IN (SELECT k FROM r WHERE k IS NOT NULL)",
    "SELECT k, s FROM l WHERE k NOT IN (SELECT k FROM none)", "SELECT k, s FROM l WHERE k IN (SELECT k FROM none)",
    "SELECT k, s FROM l WHERE NOT (k IN (SELECT k FROM c))", "SELECT k, s FROM l WHERE k IN (SELECT k FROM r WHERE w > v)",
    "SELECT k, s FROM l WHERE k NOT IN (SELECT k FROM r WHERE w > v)", "SELECT k, s FROM l WHERE k + 1 IN (SELECT k FROM c)",
    "SELECT k, k IN (SELECT k FROM r) AS i FROM l", "SELECT k, k NOT IN (SELECT k FROM r) AS i FROM l", "SELECT k, k NOT IN (SELECT k FROM c) AS i FROM l",
    "SELECT k FROM l WHERE k IN (SELECT k FROM c) OR v > 30", "SELECT k FROM l WHERE k NOT IN (SELECT k FROM c) OR v > 30",
    "SELECT k, s FROM l WHERE (k, v) IN (SELECT k, w FROM r)", "SELECT k FROM l WHERE k IN (SELECT k, w FROM r)",
    "SELECT k FROM l WHERE v IN (SELECT w + 5 FROM r UNION ALL SELECT 40)", "SELECT k FROM l WHERE k IN (SELECT k FROM r GROUP BY k HAVING count(*) > 1)",
    "SELECT k FROM l WHERE v IN (SELECT max(w) + 10 FROM r)", "SELECT k FROM l WHERE s IN (SELECT t FROM r)",
    "SELECT k FROM l WHERE k IN (SELECT CAST(k AS bigint) FROM r)",
    "SELECT count(*) AS n FROM many WHERE k IN (SELECT k FROM c)", "SELECT k, count(*) AS n FROM l WHERE v NOT IN (SELECT w FROM r WHERE w > 5) GROUP BY k",
    # EXISTS
    "SELECT k FROM l WHERE EXISTS (SELECT 1 FROM r WHERE r.k = l.k)", "SELECT k, s FROM l WHERE NOT EXISTS (SELECT * FROM r WHERE r.k = l.k)",
    "SELECT k FROM l WHERE EXISTS (SELECT 1 FROM r WHERE r.w > l.v)", "SELECT k, s FROM l WHERE NOT EXISTS (SELECT 1 FROM r WHERE r.w > l.v AND r.k = l.k)",
    "SELECT k FROM l WHERE EXISTS (SELECT 1 FROM none)", "SELECT k FROM l WHERE EXISTS (SELECT 1 FROM c)",
    "SELECT k FROM l WHERE NOT EXISTS (SELECT 1 FROM none)",
    "SELECT k, EXISTS (SELECT 1 FROM r WHERE r.k = l.k) AS e FROM l", "SELECT EXISTS (SELECT 1 FROM c) AS e",
    "SELECT k FROM l WHERE EXISTS (SELECT 1 FROM r WHERE r.k = l.k) OR v = 40", "SELECT k FROM l WHERE EXISTS (SELECT 1 FROM r WHERE r.k <=> l.k)",
    "SELECT k FROM l WHERE EXISTS (SELECT 1 FROM r JOIN c ON r.k = c.k WHERE r.k = l.k)",
    "SELECT k FROM l WHERE EXISTS (SELECT 1 FROM r WHERE r.k = l.k AND r.w IN (SELECT w FROM r r2 WHERE r2.k = r.k AND r2.t IS NOT NULL))",
    "SELECT k FROM l WHERE EXISTS (SELECT k, count(*) FROM r WHERE r.k = l.k GROUP BY k HAVING count(*) > 1)",
    "SELECT k FROM l WHERE EXISTS (SELECT count(*) FROM r WHERE r.k = l.k)",
    "SELECT k FROM l WHERE EXISTS (SELECT DISTINCT t FROM r WHERE r.k = l.k AND r.w > l.v)",
    "SELECT k FROM l WHERE EXISTS (SELECT count(*) FROM r WHERE r.k = l.k HAVING count(*) = 0)",
    "SELECT k FROM l WHERE v IN (SELECT max(w) - 10 FROM r WHERE r.k = l.k)",
    # equal once they are converted
    "SELECT k, (SELECT count(*) FROM texts WHERE texts.s = l.k) AS n FROM l", "SELECT k, (SELECT count(*) FROM texts WHERE d = l.k) AS n FROM l",
    "SELECT k FROM l WHERE EXISTS (SELECT g FROM texts WHERE texts.s = l.k GROUP BY g HAVING count(*) > 1)",
    "SELECT k, EXISTS (SELECT g FROM texts WHERE texts.s = l.k GROUP BY g HAVING count(*) > 1) AS e FROM l",
    "SELECT k, (SELECT sum(g) FROM (SELECT DISTINCT g FROM texts WHERE texts.s = l.k)) AS n FROM l",
    "SELECT k, (SELECT max(g) FROM texts WHERE CAST(texts.s AS bigint) = l.k) AS n FROM l",
    "SELECT s, (SELECT count(*) FROM l WHERE l.k = texts.s) AS n FROM texts", "SELECT d, (SELECT sum(v) FROM l WHERE l.k = texts.d) AS n FROM texts",
    # one value for each row
    "SELECT k, (SELECT max(w) FROM r WHERE r.k = l.k) AS m FROM l", "SELECT k, (SELECT count(*) FROM r WHERE r.k = l.k) AS n FROM l",
    "SELECT k, (SELECT count(w) + 1 FROM r WHERE r.k = l.k) AS n FROM l", "SELECT k, (SELECT coalesce(sum(w), -1) FROM r WHERE r.k = l.k) AS n FROM l",
    "SELECT k, s FROM l WHERE v > (SELECT sum(w) FROM r WHERE r.k = l.k)", "SELECT k, s FROM l WHERE (SELECT count(*) FROM r WHERE r.k = l.k) = 0",
    "SELECT k, (SELECT count(*) FROM r WHERE r.k = l.k HAVING count(*) > 1) AS n FROM l", "SELECT k, (SELECT max(w) + l.v FROM r WHERE r.k = l.k) AS n FROM l",
    "SELECT k, (SELECT w FROM r WHERE r.k = l.k AND r.t = 'q') AS w FROM l", "SELECT k, (SELECT w FROM r WHERE r.k = l.k) AS w FROM l",
    "SELECT k, (SELECT max(w) FROM r WHERE r.w < l.v) AS m FROM l", "SELECT k, (SELECT count(*) FROM r WHERE r.w < l.v) AS m FROM l",
    "SELECT k, (SELECT sum(w + l.v) FROM r WHERE r.k = l.k) AS m FROM l", "SELECT k, (SELECT max(w) FROM r WHERE r.k = l.k + 1) AS m FROM l",
    "SELECT k, (SELECT DISTINCT k FROM r WHERE r.k = l.k) AS m FROM l", "SELECT k, (SELECT max(w) FROM r, c WHERE r.k = c.k AND c.k = l.k) AS m FROM l",
    "SELECT k, (SELECT first(t) FROM (SELECT * FROM r WHERE r.k = l.k AND w > 16)) AS m FROM l",
    "SELECT k, sum(v) AS s, (SELECT max(w) FROM r WHERE r.k = l.k) AS m FROM l GROUP BY k",
    "SELECT k, sum(v) AS s FROM l GROUP BY k HAVING sum(v) > (SELECT max(w) FROM r WHERE r.k = l.k)",
    "SELECT k, (SELECT max(w) FROM r WHERE r.k = l.k) > 10 AND EXISTS (SELECT 1 FROM c WHERE c.k = l.k) AS both FROM l",
    "SELECT count(*) AS n FROM many m WHERE x > (SELECT avg(x) FROM many n WHERE n.k = m.k)",
    "SELECT k, (SELECT sum(w) FROM r WHERE r.k = l.k GROUP BY r.k) AS m FROM l", "SELECT k, (SELECT w + l.v FROM r WHERE r.k = l.k AND r.t = 'q') AS m FROM l",
    "SELECT k, (SELECT sum(l.v) FROM r WHERE r.k = l.k) AS m FROM l", "SELECT first((SELECT max(w) FROM r WHERE r.k = l.k)) AS m FROM l GROUP BY k",
    "SELECT k, v NOT IN (SELECT max(w) FROM r WHERE r.k = l.k) AS i FROM l", "SELECT k FROM l WHERE v NOT IN (SELECT count(*) FROM r WHERE r.k = l.k)",
    "SELECT k, (SELECT count(DISTINCT t) FROM r WHERE r.k = l.k AND r.w > l.k) AS n FROM l",
    # where they may stand, and what they see
    "WITH a AS (SELECT k FROM l WHERE v > (SELECT min(w) FROM r)) SELECT k FROM a WHERE k IN (SELECT k FROM a)",
    "SELECT * FROM (SELECT k, (SELECT max(w) FROM r) AS m FROM l) WHERE m > (SELECT max(k) FROM c)", "SELECT k FROM l WHERE k = (SELECT max(k) FROM l)",
    "SELECT k FROM l a WHERE v = (SELECT max(v) FROM l b WHERE b.k = a.k)", "SELECT k FROM l WHERE EXISTS (SELECT 1 FROM r WHERE r.k = nothing)",
    "SELECT k FROM l WHERE k IN (SELECT k FROM r) AND v > (SELECT min(w) FROM r) AND NOT EXISTS (SELECT 1 FROM c WHERE c.k = l.k)",
    "SELECT (SELECT max(k) FROM c) AS m, k FROM l ORDER BY k",
    "SELECT l.k, r.w FROM l JOIN r ON l.k = r.k WHERE r.w = (SELECT max(w) FROM r x WHERE x.k = l.k)",
    "SELECT l.k, q.w FROM l, LATERAL (SELECT w FROM r WHERE r.k = l.k) q",
    "SELECT l.k, q.z FROM l JOIN LATERAL (SELECT w + l.v AS z FROM r WHERE r.k = l.k) q ON q.z > 20",
    "SELECT l.k, q.n, c.k FROM l JOIN LATERAL (SELECT count(*) AS n FROM r WHERE r.k = l.k) q ON q.n > 1 JOIN c ON c.k = l.k",
    "SELECT k FROM l WHERE (k, s) NOT IN (SELECT k, t FROM r)",
    "SELECT l.k, q.w FROM l LEFT JOIN LATERAL (SELECT w FROM r WHERE r.k = l.k) q",
    "SELECT l.k, q.n FROM l, LATERAL (SELECT count(*) AS n FROM r WHERE r.k = l.k) q",
]
for text in QUERIES:
    add(f"subquery {text}", query(text))


def frames(s):
    views(s)
    return s.spark.table("l"), s.spark.table("r"), s.spark.table("c")


def case(name):
    def register(function):
        add(f"subquery frame {name}", function)
        return function
    return register


@case("scalar")
def _(s):
    left, right, _ = frames(s)
    return bag(left.select("k", right.select(F.max("w")).scalar().alias("m")))


@case("scalar in filter")
def _(s):
    left, right, _ = frames(s)
    return bag(left.filter(F.col("v") > right.select(F.avg("w")).scalar()))


@case("scalar correlated")
def _(s):
    left, right, _ = frames(s)
    return bag(left.alias("a").select("k", right.where(F.col("k") == F.col("a.k").outer()).select(F.max("w")).scalar().alias("m")))


@case("scalar of too many rows")
def _(s):
    left, right, _ = frames(s)
    return bag(left.select("k", right.select("w").scalar().alias("m")))


@case("exists")
def _(s):
    left, right, _ = frames(s)
    return bag(left.alias("a").where(right.where(F.col("k") == F.col("a.k").outer()).exists()))


@case("not exists")
def _(s):
    left, right, _ = frames(s)
    return bag(left.alias("a").where(~right.where(F.col("k") == F.col("a.k").outer()).exists()))


@case("exists as a column")
def _(s):
    left, right, _ = frames(s)
    return bag(left.alias("a").withColumn("e", right.where(F.col("k") == F.col("a.k").outer()).exists()))


@case("isin")
def _(s):
    left, _, clean = frames(s)
    return bag(left.where(F.col("k").isin(clean)))


@case("not isin")
def _(s):
    left, right, _ = frames(s)
    return bag(left.where(~F.col("k").isin(right.select("k"))))


@case("isin of two columns")
def _(s):
    left, right, _ = frames(s)
    return bag(left.where(F.struct("k", "v").isin(right.select("k", (F.col("w") - 10).alias("w")))))


@case("several")
def _(s):
    left, right, clean = frames(s)
    chosen = left.where(F.col("k").isin(clean) & (F.col("v") > right.select(F.min("w")).scalar()))
    return bag(chosen.select("k", (F.col("v") + clean.select(F.max("k")).scalar()).alias("z")))


@case("in agg")
def _(s):
    left, right, _ = frames(s)
    return bag(left.groupBy("k").agg((F.sum("v") + right.select(F.max("w")).scalar()).alias("z")))


@case("lateral join")
def _(s):
    left, right, _ = frames(s)
    return bag(left.alias("a").lateralJoin(right.where(F.col("k") == F.col("a.k").outer()).select("w")))
