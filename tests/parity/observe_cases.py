"""Cases about DataFrame.observe. Of rows that all pass by: what a limit leaves out stock Spark may or may not have seen."""

from __future__ import annotations

import datetime
import decimal
import uuid

from pyspark.sql import Observation, Window
from pyspark.sql import functions as F

from recorder import Scene, add, case, shown

SCHEMA = ("k int, i bigint, d double, f float, t string, b binary, m decimal(20,3), day date, at timestamp, wall timestamp_ntz, o boolean, "
          "y tinyint, h smallint, e interval day to second")
DAY, TIME = datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 12, 30, 15, 123456)
ROWS = [(1, 10, 0.5, 1.5, "a", b"x", decimal.Decimal("1.250"), DAY, TIME, TIME, True, 1, 2, datetime.timedelta(days=1, seconds=2)),
        (2, None, float("nan"), None, None, None, None, None, None, None, None, None, None, None),
        (3, 30, -0.0, 2.5, "c", b"", decimal.Decimal("-7.125"), DAY, TIME, TIME, False, -1, 300, datetime.timedelta(microseconds=5))]


def frame(s: Scene):
    return s.once("observed frame", lambda: s.spark.createDataFrame(ROWS, SCHEMA).repartition(2, "k"))


def told(s: Scene, *metrics, rows=None):
    """What an observation says once the rows are collected."""
    observation = Observation(str(uuid.uuid4()))
    observed = (rows or frame(s)).observe(observation, *metrics)
    count = len(observed.collect())
    return [count, observation.get]


METRICS = {
    "count": lambda: [F.count(F.lit(1)).alias("rows")],
    "unnamed": lambda: [F.count(F.lit(1)), F.max("k"), F.sum("i")],
    "numbers": lambda: [F.sum("i").alias("i"), F.avg("i").alias("a"), F.min("d").alias("d"), F.max("d").alias("x"), F.sum("f").alias("f"),
                        F.max("y").alias("y"), F.min("h").alias("h"), F.sum("m").alias("m"), F.max("m").alias("mm")],
    "others": lambda: [F.max("t").alias("t"), F.min("b").alias("b"), F.max("day").alias("day"), F.max("at").alias("at"), F.max("wall").alias("wall"),
                       F.max("o").alias("o"), F.bool_and("o").alias("all")],
    "interval": lambda: [F.sum("e").alias("e")],
    "null": lambda: [F.max(F.when(F.col("k") > 9, F.col("i"))).alias("none"), F.lit(None).alias("void")],
    "of expressions": lambda: [(F.sum("i") / F.count("k")).alias("r"), F.round(F.avg("i") * 2, 1).alias("o"), F.lit(5).alias("five")],
    "arrays": lambda: [F.sort_array(F.collect_list("i")).alias("l"), F.sort_array(F.collect_set("t")).alias("t"),
                       F.array(F.min("k"), F.max("k")).alias("a")],
    "structs": lambda: [F.struct(F.min("k").alias("x"), F.max("t").alias("y")).alias("s"), F.max(F.struct("k", "t")).alias("ms")],
    "maps": lambda: [F.create_map(F.lit("n"), F.count("k"), F.lit("m"), F.sum("i")).alias("m")],
    "twice named": lambda: [F.min("k").alias("k"), F.max("k").alias("k")],
    "approx": lambda: [F.approx_count_distinct("t").alias("n"), F.percentile_approx("k", 0.5).alias("p"), F.stddev("k").alias("s")],
    "column": lambda: [F.col("k")],
    "column beside": lambda: [(F.sum("i") + F.col("k")).alias("x")],
    "column named": lambda: [F.col("k").alias("x")],
    "distinct": lambda: [F.count_distinct("k").alias("n")],
    "nested": lambda: [F.sum(F.max("k")).alias("n")],
    "window": lambda: [F.sum("k").over(Window.partitionBy("t")).alias("n")],
    "window of an aggregate": lambda: [F.sum(F.max("k")).over(Window.partitionBy("t")).alias("n")],
    "drawn": lambda: [F.rand(1).alias("n")],
    "drawn within": lambda: [(F.count(F.rand(1)) * 0).alias("n")],
    "missing": lambda: [F.sum("zz").alias("n")],
    "of a text": lambda: [F.sum("t").alias("n")],
    "filter": lambda: [F.expr("count(1) FILTER (WHERE k > 1) AS n")],
}
for name, make in METRICS.items():
    add(f"observe {name}", lambda s, make=make: told(s, *make()))


@case()
def observe_passes_rows(s: Scene):
    return frame(s).observe("named", F.sum("k")).select("k", "t").orderBy("k")


@case()
def observe_of_a_filter(s: Scene):
    return told(s, F.count("k").alias("n"), rows=frame(s).filter("k > 1"))


@case()
def observe_below_a_filter(s: Scene):
    observation = Observation("below")
    rows = frame(s).observe(observation, F.count(F.lit(1)).alias("n")).filter("k > 1").select("k")
    return [rows.count(), observation.get]


@case()
def observe_of_no_rows(s: Scene):
    return told(s, F.count("k").alias("n"), F.sum("k").alias("s"), rows=frame(s).filter("k > 100"))


@case()
def observe_two(s: Scene):
    low, high = Observation("low"), Observation("high")
    rows = frame(s).observe(low, F.min("k").alias("v")).withColumn("z", F.col("k") * 2).observe(high, F.max("z").alias("v"))
    return [len(rows.collect()), low.get, high.get]


@case()
def observe_both_sides_of_a_join(s: Scene):
    left, right = Observation("left"), Observation("right")
    a = frame(s).observe(left, F.sum("k").alias("v")).select("k")
    b = frame(s).filter("k < 3").observe(right, F.sum("k").alias("v")).select("k", "t")
    return [a.join(b, "k").count(), left.get, right.get]


@case()
def observe_above_groups(s: Scene):
    return told(s, F.sum("n").alias("n"), F.count(F.lit(1)).alias("g"), rows=frame(s).groupBy("o").agg(F.count("k").alias("n")))


@case()
def observe_named_twice(s: Scene):
    rows = frame(s).observe("same", F.min("k").alias("v")).observe("same", F.max("k").alias("v"))
    return rows.collect()


@case()
def observe_self_join(s: Scene):
    rows = frame(s).observe("same", F.min("k").alias("v")).select("k")
    return rows.join(rows, "k").count()


@case()
def observe_a_write(s: Scene):
    observation = Observation("written")
    path = f"{s.output}/observed"
    frame(s).drop("e", "wall").observe(observation, F.count("k").alias("n"), F.max("i").alias("i")).write.mode("overwrite").parquet(path)
    return [s.spark.read.parquet(path).count(), observation.get]


@case()
def observe_shown(s: Scene):
    observation = Observation("shown")
    text = shown(lambda: frame(s).select("k", "t").orderBy("k").observe(observation, F.count("k").alias("n")).show())
    return [text, observation.get]


@case()
def observe_twice_used(s: Scene):
    observation = Observation("used")
    frame(s).observe(observation, F.count("k").alias("n"))
    return frame(s).observe(observation, F.count("k").alias("n")).collect()


@case()
def observe_in_a_view(s: Scene):
    frame(s).observe("viewed", F.count("k").alias("n")).createOrReplaceTempView("observed_view")
    return s.spark.sql("SELECT k FROM observed_view ORDER BY k")


@case()
def observe_to_pandas(s: Scene):
    observation = Observation("pandas")
    rows = frame(s).select("k").observe(observation, F.count("k").alias("n")).toPandas()
    return [len(rows), observation.get]


@case()
def observe_of_a_column_of_a_frame(s: Scene):
    rows = frame(s)
    observation = Observation("tagged")
    changed = rows.withColumn("k", F.col("k") + 10)
    return [len(changed.observe(observation, F.max(changed.k).alias("v")).collect()), observation.get]
