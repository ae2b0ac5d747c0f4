"""Cases of window functions: ranks, values of other rows and aggregates over frames, through the DataFrame API and SQL.

Rows are compared sorted, with the id that each has; names, types and what may be null in order."""

from __future__ import annotations

import random

from pyspark.errors import PySparkException
from pyspark.sql import Window, functions as F

from recorder import Scene, add, plain

NAN = float("nan")
DATA = [(1, "a", 1, 1.5), (2, "a", 2, None), (3, "a", 2, NAN), (4, "b", None, -0.0), (5, "b", 5, 0.0), (6, None, 7, 2.0), (7, "c", None, None),
        (8, "b", 5, 0.0), (9, "a", -3, 1e300), (10, None, 7, NAN)]
SCHEMA = "id int, k string, v int, x double"
DAYS = "date_add(date'2024-02-27', id)"


def table(s: Scene):
    def make():
        frame = s.spark.createDataFrame(DATA, SCHEMA)
        frame.createOrReplaceTempView("windowed")
        return frame

    return s.once("window cases", make)


def result(frame):
    fields = [[field.name, field.dataType.simpleString(), field.nullable] for field in frame.schema]
    return {"fields": fields, "rows": sorted(repr(plain(row)) for row in frame.collect())}


def outcome(run):
    """What comes of it, be it an error."""
    try:
        return result(run())
    except PySparkException as error:
        condition = error.getCondition()
        legacy = condition is None or condition.startswith("_LEGACY")
        return [type(error).__name__, None if legacy else condition, None if legacy else error.getSqlState()]


def sql(name, *columns, tail=""):
    """Of each column over the table, with the ids."""
    def run(s):
        table(s)
        return [outcome(lambda c=c: s.spark.sql(f"SELECT id, {c} FROM windowed {tail}")) for c in columns]

    add(f"window {name}", run)


def query(name, *texts):
    def run(s):
        table(s)
        return [outcome(lambda t=t: s.spark.sql(t)) for t in texts]

    add(f"window {name}", run)


def frames(name, *make):
    def run(s):
        return [outcome(lambda m=m: m(table(s))) for m in make]

    add(f"window {name}", run)


BY_K = "(PARTITION BY k ORDER BY id)"
BY_ID = "(ORDER BY id)"
BY_V = "(ORDER BY v)"
RANKS = ("row_number()", "rank()", "dense_rank()", "percent_rank()", "cume_dist()", "ntile(3)")
for ranked in RANKS:
    sql(ranked, f"{ranked} OVER {BY_K}", f"{ranked} OVER (PARTITION BY k ORDER BY v DESC, id)", f"{ranked} OVER (ORDER BY x NULLS LAST, id)")
for tied in ("rank()", "dense_rank()", "percent_rank()", "cume_dist()"):
    sql(f"{tied} of equals", f"{tied} OVER {BY_V}", f"{tied} OVER (PARTITION BY k ORDER BY x DESC)", f"{tied} OVER (ORDER BY x, v)")
sql("ntile of few", f"ntile(100) OVER {BY_ID}", f"ntile() OVER {BY_ID}", f"ntile(4) OVER {BY_ID}", f"ntile(2) OVER {BY_K}")
sql("lag", f"lag(v) OVER {BY_K}", f"lag(v, 2, -1) OVER {BY_K}", f"lag(x, 1, 1) OVER {BY_ID}", f"lag(k, 3, 'none') OVER {BY_ID}",
    f"lag(v, 1, id) OVER {BY_K}", f"lag(v, -1) OVER {BY_ID}", f"lag(v, 0) OVER {BY_ID}", f"lag(v, 99) OVER {BY_ID}")
sql("lead", f"lead(v) OVER {BY_K}", f"lead(v, 2, 9) OVER {BY_K}", f"lead(id, 1, 0) OVER {BY_ID}", f"lead({DAYS}, 2) OVER {BY_ID}",
    f"lead(array(id, v)) OVER {BY_ID}", f"lead(v, 1, '7') OVER {BY_ID}", f"lead(v, 1, 2.5D) OVER {BY_ID}", f"lead() OVER {BY_ID}")
sql("values without nulls", *(f"{f}(v, {n}) IGNORE NULLS OVER {BY_ID}" for f in ("lag", "lead") for n in (-2, 0, 1, 3)),
    f"lag(v) IGNORE NULLS OVER {BY_K}", f"lead(v) RESPECT NULLS OVER {BY_K}", f"lag(v, 1, 5, true) OVER {BY_K}")
sql("nth_value", f"nth_value(v, 2) OVER {BY_K}", f"nth_value(v, 2) IGNORE NULLS OVER {BY_ID}", f"nth_value(x, 1) OVER (PARTITION BY k ORDER BY v, id)",
    f"nth_value(v, 3) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING)", f"nth_value(v, '2') OVER {BY_ID}")
for end in ("first", "last", "any_value", "first_value", "last_value"):
    sql(end, f"{end}(v) OVER {BY_K}", f"{end}(v) IGNORE NULLS OVER {BY_ID}", f"{end}(v, true) OVER (ORDER BY id DESC)",
        f"{end}(x) OVER (ORDER BY id ROWS BETWEEN 1 FOLLOWING AND 3 FOLLOWING)", f"{end}(k) OVER (PARTITION BY k ORDER BY id ROWS UNBOUNDED PRECEDING)")
AGGREGATES = ("sum(v)", "avg(v)", "avg(x)", "count(v)", "count(*)", "count(v, x)", "min(v)", "max(x)", "min(k)", "stddev(v)", "var_pop(v)", "skewness(v)",
              "collect_list(v)", "max_by(k, id)", "bool_or(v > 2)", "corr(v, id)", "percentile(v, 0.5)", "count_if(v > 1)", "bit_or(id)", "listagg(k)")
for call in AGGREGATES:
    sql(f"{call} growing and whole", f"{call} OVER {BY_K}", f"{call} OVER (PARTITION BY k ORDER BY id ROWS UNBOUNDED PRECEDING)", f"{call} OVER {BY_ID}")
for call in ("sum(v)", "avg(x)", "count(*)", "min(v)", "max(v)", "collect_list(id)", "count(v)"):
    sql(f"{call} over rows", *(f"{call} OVER (ORDER BY id ROWS BETWEEN {lower} AND {upper})" for lower, upper in (
        ("1 PRECEDING", "1 FOLLOWING"), ("UNBOUNDED PRECEDING", "2 PRECEDING"), ("CURRENT ROW", "UNBOUNDED FOLLOWING"),
        ("3 PRECEDING", "2 PRECEDING"), ("2 FOLLOWING", "4 FOLLOWING"), ("1 FOLLOWING", "CURRENT ROW"), ("-1 PRECEDING", "1 + 1 FOLLOWING"))))
    sql(f"{call} over ranges", *(f"{call} OVER (ORDER BY {order} RANGE BETWEEN {lower} AND {upper})" for order, lower, upper in (
        ("id", "1 PRECEDING", "2 FOLLOWING"), ("id DESC", "2 PRECEDING", "1 FOLLOWING"), (f"{DAYS}", "1 PRECEDING", "CURRENT ROW"),
        ("CAST(id AS BIGINT)", "3 PRECEDING", "1 PRECEDING"), ("id", "CURRENT ROW", "UNBOUNDED FOLLOWING"))))
sql("ranges of nulls, NaN and zeros", *(f"sum(id) OVER (ORDER BY {order} RANGE BETWEEN {frame})" for order in ("v", "v DESC", "x", "x DESC NULLS FIRST")
                                        for frame in ("1 PRECEDING AND 1 FOLLOWING", "UNBOUNDED PRECEDING AND CURRENT ROW", "CURRENT ROW AND 2 FOLLOWING")))
sql("ranges of fractions", "sum(id) OVER (ORDER BY x RANGE BETWEEN 0.5D PRECEDING AND 0.5D FOLLOWING)",
    "sum(id) OVER (ORDER BY v RANGE BETWEEN 1.9D PRECEDING AND 1 FOLLOWING)", "sum(id) OVER (ORDER BY CAST(v AS DOUBLE) RANGE 1 PRECEDING)")
sql("equal keys of partitions", "count(*) OVER (PARTITION BY x)", "count(*) OVER (PARTITION BY v, k)", "count(*) OVER (PARTITION BY 1)", "count(*) OVER ()",
    "sum(v) OVER (PARTITION BY v % 2 ORDER BY id)", "count(*) OVER (PARTITION BY struct(k, x))", f"count(*) OVER (PARTITION BY month({DAYS}) ORDER BY id)")
sql("within expressions", f"v - lag(v) OVER {BY_K} AS d", "round(100 * v / sum(v) OVER (PARTITION BY k), 2) AS share",
    f"CASE WHEN row_number() OVER {BY_K} = 1 THEN k END AS first", f"CAST(rank() OVER {BY_V} AS STRING)", f"struct(rank() OVER {BY_V} AS r, id)")
sql("one within another", "sum(sum(v) OVER (PARTITION BY k)) OVER ()", f"row_number() OVER (ORDER BY rank() OVER {BY_ID} DESC)",
    f"lag(rank() OVER {BY_V}) OVER {BY_ID}", f"sum(v) OVER (PARTITION BY ntile(2) OVER {BY_ID})")
sql("several specifications", f"rank() OVER {BY_V} AS r, sum(v) OVER {BY_K} AS s, count(*) OVER () AS n, lag(v) OVER {BY_K} AS l, rank() OVER {BY_V} + 1 AS r1")
sql("named", "sum(v) OVER w, rank() OVER w, count(*) OVER (u)", tail="WINDOW w AS (PARTITION BY k ORDER BY id), u AS w")
sql("over chosen rows", f"row_number() OVER {BY_K}", f"sum(v) OVER {BY_K}", tail="WHERE v > 1")
sql("over no rows", f"row_number() OVER {BY_K}", f"sum(v) OVER {BY_K}", "count(*) OVER ()", f"lag(v, 1, 0) OVER {BY_ID}", tail="WHERE id > 99")
sql("drawn at random", "sum(rand(1)) OVER () > 0", "count(*) OVER (PARTITION BY rand(2) < 2)")
query("after groups", "SELECT k, sum(v), rank() OVER (ORDER BY sum(v), k) FROM windowed GROUP BY k",
      "SELECT k, sum(sum(v)) OVER (ORDER BY k) FROM windowed GROUP BY k", "SELECT sum(v), rank() OVER (ORDER BY sum(v)) FROM windowed",
      "SELECT sum(sum(v)) OVER () FROM windowed", "SELECT k, rank() OVER (ORDER BY sum(v), k) r FROM windowed GROUP BY k HAVING sum(v) > 1",
      "SELECT k, max(v), row_number() OVER (ORDER BY max(v) DESC, k) r FROM windowed GROUP BY k ORDER BY r DESC",
      "SELECT k, sum(v) * 100 / sum(sum(v)) OVER () AS share FROM windowed GROUP BY k ORDER BY k",
      "SELECT k, sum(v) OVER (ORDER BY k) FROM windowed GROUP BY k", "SELECT count(*) FROM windowed GROUP BY rank() OVER (ORDER BY id)")
query("QUALIFY", "SELECT id, v FROM windowed QUALIFY row_number() OVER (PARTITION BY k ORDER BY id DESC) = 1",
      "SELECT id, rank() OVER (ORDER BY v) AS r FROM windowed QUALIFY r <= 2", "SELECT k FROM windowed WHERE v > 1 QUALIFY count(*) OVER (PARTITION BY k) > 1",
      "SELECT DISTINCT k FROM windowed QUALIFY sum(v) OVER (PARTITION BY k) > 4 ORDER BY k",
      "SELECT id FROM windowed WINDOW w AS (ORDER BY id) QUALIFY lag(v) OVER w IS NULL LIMIT 3")
query("in a subquery", "SELECT * FROM (SELECT id, k, row_number() OVER (PARTITION BY k ORDER BY v DESC, id) r FROM windowed) WHERE r = 1",
      "WITH r AS (SELECT id, rank() OVER (ORDER BY v) p FROM windowed) SELECT a.id, b.id FROM r a JOIN r b ON a.p = b.p AND a.id < b.id",
      "SELECT DISTINCT k, count(*) OVER (PARTITION BY k) FROM windowed", "SELECT id FROM windowed ORDER BY id LIMIT 2")


def by():
    return Window.partitionBy("k").orderBy("id")


frames("DataFrame", lambda df: df.select("id", F.row_number().over(by()), F.rank().over(by()), F.percent_rank().over(by()), F.ntile(2).over(by())),
       lambda df: df.withColumn("r", F.rank().over(by())).withColumn("r", F.col("r") + F.lag("r", 1, 0).over(by())),
       lambda df: df.withColumns({"r": F.rank().over(by()), "v": F.sum("v").over(by())}),
       lambda df: df.select("*", F.lag("v").over(by()), F.lead("v", 2, 0).over(by()), F.nth_value("v", 2, True).over(by())),
       lambda df: df.select("id", F.first("v", True).over(by().rowsBetween(Window.currentRow, Window.unboundedFollowing)).alias("next")))
frames("DataFrame frames", *(lambda df, a=a, b=b: df.select("id", F.sum("v").over(by().rowsBetween(a, b)), F.sum("v").over(by().rangeBetween(a, b)))
                             for a, b in ((-1, 0), (-1, 1), (0, 0), (0, Window.unboundedFollowing), (Window.unboundedPreceding, -1), (2, 3))))
frames("DataFrame orders", *(lambda df, o=o: df.select("id", F.collect_list("id").over(Window.orderBy(o(F), "id"))) for o in (
    lambda f: f.asc("v"), lambda f: f.desc("v"), lambda f: f.asc_nulls_last("x"), lambda f: f.desc_nulls_first("x"), lambda f: f.col("k"))))
frames("DataFrame groups", lambda df: df.groupBy("k").agg(F.sum("v"), F.rank().over(Window.orderBy(F.sum("v"), "k"))),
       lambda df: df.groupBy("k").agg(F.sum(F.sum("v")).over(Window.orderBy("k")).alias("s")).filter("s > 6"),
       lambda df: df.agg(F.sum("v").over(Window.orderBy("k"))))
frames("DataFrame above", lambda df: df.select("id", F.rank().over(by()).alias("r")).filter("v > 1"),
       lambda df: df.select("id", F.rank().over(by()).alias("r")).orderBy("x", "id").limit(3),
       lambda df: df.select(F.col("id").alias("i"), F.row_number().over(by())).orderBy(F.col("v").desc(), "id"),
       lambda df: df.withColumn("n", F.count("*").over(Window.partitionBy("k"))).groupBy("n").count(),
       lambda df: df.select("id", F.row_number().over(Window.orderBy("id")).alias("r")).union(df.select("id", "v")),
       lambda df: df.selectExpr("id", "max(v) over (partition by k) m").join(df, "id").select("id", "m", "v"))

query("refused frames", *(f"SELECT sum(v) OVER (ORDER BY {order} {frame}) FROM windowed" for order, frame in (
    ("id", "ROWS BETWEEN 1L PRECEDING AND 1 FOLLOWING"), ("id", "ROWS BETWEEN '1' PRECEDING AND 1 FOLLOWING"),
    ("id", "ROWS BETWEEN v PRECEDING AND 1 FOLLOWING"), ("id", "ROWS BETWEEN 2 FOLLOWING AND 1 FOLLOWING"),
    ("id", "ROWS BETWEEN UNBOUNDED FOLLOWING AND 1 FOLLOWING"), ("id", "ROWS BETWEEN CURRENT ROW AND UNBOUNDED PRECEDING"),
    ("id, v", "RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING"), ("k", "RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING"),
    (DAYS, "RANGE BETWEEN 1L PRECEDING AND CURRENT ROW"), ("CAST(id AS TIMESTAMP)", "RANGE BETWEEN 1 PRECEDING AND CURRENT ROW"),
    ("id", "RANGE BETWEEN 2147483647 PRECEDING AND 2147483647 FOLLOWING"))),
    "SELECT sum(v) OVER (RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM windowed",
    "SELECT sum(v) OVER (RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM windowed",
    "SELECT sum(v) OVER (RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM windowed")
query("refused functions", *(f"SELECT {call} FROM windowed" for call in (
    "row_number()", "rank()", "lag(v)", "nth_value(v, 1)", "ntile(2)", "row_number() OVER (PARTITION BY k)", "rank() OVER ()",
    "lag(v) OVER (PARTITION BY k)", "nth_value(v, 2) OVER (PARTITION BY k)", "abs(v) OVER (ORDER BY id)", "nosuch(v) OVER (ORDER BY id)",
    "count(DISTINCT v) OVER (PARTITION BY k)",
    "lag(v) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)", "row_number() OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
    "cume_dist() OVER (ORDER BY id ROWS UNBOUNDED PRECEDING)", "sum(row_number() OVER (ORDER BY id))", "median(v) OVER (PARTITION BY k ORDER BY id)",
    "sum(v) IGNORE NULLS OVER (ORDER BY id)", "sum(v) OVER missing")))
query("refused arguments", *(f"SELECT {call} OVER (ORDER BY id) FROM windowed" for call in (
    "ntile(0)", "ntile(v)", "ntile(2L)", "nth_value(v, 0)", "nth_value(v, id)", "nth_value(v)", "lag(v, id)", "lag(v, 1L)", "lag(v, null)",
    "lag(v, 1, 2, v)", "lag(v, 1, 2, true, 4)", "row_number(v)", "lag(v, 1, array(1))", "lag(nosuch)")))
query("refused places", "SELECT id FROM windowed WHERE row_number() OVER (ORDER BY id) = 1",
      "SELECT k FROM windowed GROUP BY k HAVING rank() OVER (ORDER BY k) = 1",
      "SELECT id FROM windowed ORDER BY row_number() OVER (ORDER BY id DESC)",
      "SELECT * FROM windowed t JOIN windowed u ON row_number() OVER (ORDER BY t.id) = u.id")
frames("refused by DataFrames", lambda df: df.filter(F.row_number().over(by()) == 1), lambda df: df.orderBy(F.rank().over(by())),
       lambda df: df.sortWithinPartitions(F.rank().over(by())), lambda df: df.repartition(2, F.rank().over(by())), lambda df: df.select(F.row_number()),
       lambda df: df.select(F.sum("v").alias("z").over(by())), lambda df: df.select(F.col("v").over(by())),
       lambda df: df.select(F.sum("v").over(Window.orderBy(F.expr(DAYS)).rangeBetween(-1, 0))), lambda df: df.select(F.rank().over(Window.partitionBy("k"))))


def of_files(s: Scene):
    """Rows of several files, exchanged by their partitions."""
    by = Window.partitionBy("userId").orderBy("timestamp", "movieId")
    rated = s.table("ratings")
    order = [F.lag("rating", 1, 0.0), F.avg("rating"), F.row_number(), F.min("rating")]
    columns = [call.over(by).alias(f"c{i}") for i, call in enumerate(order)]
    sliding = F.sum("rating").over(by.rowsBetween(-3, 1)).alias("moving")
    everything = F.rank().over(Window.orderBy("rating", "userId", "movieId")).alias("place")
    frame = rated.select("userId", "movieId", *columns, sliding, everything)
    return [repr(plain(row)) for row in frame.orderBy("userId", "movieId").limit(300).collect()]


add("window of files", of_files)

DICE = random.Random(20)
BOUNDS = ["UNBOUNDED PRECEDING", *(f"{n} PRECEDING" for n in (3, 2, 1)), "CURRENT ROW", *(f"{n} FOLLOWING" for n in (1, 2, 3)), "UNBOUNDED FOLLOWING"]


def drawn():
    lower = DICE.randrange(len(BOUNDS) - 1)
    upper = DICE.randrange(max(lower, 1), len(BOUNDS))
    kind = DICE.choice(["ROWS", "RANGE"])
    call = DICE.choice(["sum(h)", "avg(d)", "min(i)", "max(s)", "count(l)", "first(i)", "last(h, true)", "nth_value(i, 2)", "collect_list(k)", "min(d)"])
    partition = DICE.choice(["", "PARTITION BY b ", "PARTITION BY s ", "PARTITION BY i % 3, b ", "PARTITION BY d "])
    order = DICE.choice(["k", "k DESC"]) if kind == "ROWS" else DICE.choice(["k", "k DESC", "h", "h DESC NULLS FIRST", "y"])
    if kind == "RANGE" and not order.startswith("k"):
        call = DICE.choice(["sum(h)", "min(i)", "max(s)", "count(l)", "count(*)", "min(d)"])  # of equals in any order
    return f"{call} OVER ({partition}ORDER BY {order} {kind} BETWEEN {BOUNDS[lower]} AND {BOUNDS[upper]})"


for group in range(10):
    texts = [drawn() for _ in range(8)]

    def run(s, texts=tuple(texts)):
        return [outcome(lambda t=t: s.table("mixed").selectExpr("k", t)) for t in texts]

    add(f"window drawn {group}", run)
