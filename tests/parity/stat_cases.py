"""Cases about df.na.replace, df.stat and what turns a table around."""

from __future__ import annotations

from pyspark.sql import functions as F

from recorder import Scene, add

NAN, INF = float("nan"), float("inf")


def few(s: Scene):
    return s.spark.createDataFrame(
        [(1, "a", 1.5, True, NAN, 7), (2, "b", NAN, False, 2.0, 1), (None, None, None, None, None, 2), (3, "1", -0.0, True, 1.0, 3)],
        "i int, s string, d double, b boolean, f float, l bigint").coalesce(1)


def decimals(s: Scene):
    return few(s).selectExpr("cast(i as decimal(5,2)) d", "cast(i as tinyint) y", "cast(i as smallint) h", "i")


REPLACED = {
    "a number": lambda t: t.replace(1, 10),
    "a fraction": lambda t: t.replace(1.5, 2.7),
    "a number by a fraction": lambda t: t.replace(1, 2.7),
    "zero": lambda t: t.replace(0, 5),
    "NaN": lambda t: t.replace(NAN, 7),
    "by infinity": lambda t: t.replace(1.5, INF),
    "a text": lambda t: t.replace("a", "zz"),
    "a text by null": lambda t: t.replace("a", None),
    "a boolean": lambda t: t.replace(True, False),
    "booleans": lambda t: t.replace({True: False, False: True}),
    "a boolean by null": lambda t: t.replace(False, None),
    "numbers by null": lambda t: t.replace([1, 2], None),
    "a number by a boolean": lambda t: t.replace({7: True, 2: False}),
    "a boolean by a number": lambda t: t.replace({True: 1}),
    "lists": lambda t: t.replace([1, 2, 3], [2, 3, 1]),
    "a list by one": lambda t: t.replace(["a", "1"], "x"),
    "a dict": lambda t: t.replace({"a": "b", "b": "a", "nothing": "some", "1": None}),
    "many": lambda t: t.replace({str(i): str(i + 1) for i in range(-5, 200)}),
    "subset": lambda t: t.replace(1, 9, subset=["l", "s"]),
    "subset of one": lambda t: t.replace(1, 9, "i"),
    "subset cased": lambda t: t.replace(1, 9, "I"),
    "subset twice": lambda t: t.replace(1, 9, ["i", "i"]),
    "subset of an alias": lambda t: t.alias("t").replace(1, 9, ["t.i", "`f`"]),
    "missing": lambda t: t.replace(1, 9, "nothing"),
    "a field of a struct": lambda t: t.select(F.struct("i").alias("q")).replace(1, 9, "q.i"),
    "a struct": lambda t: t.select(F.struct("i").alias("q"), "i").replace(1, 9),
    "an array": lambda t: t.select(F.array("i").alias("q"), "i").replace(1, 9, ["q", "i"]),
    "the same column twice": lambda t: t.select("i", "i").replace(1, 9, "i"),
    "two of a name": lambda t: t.select("i", F.col("l").alias("i")).replace(1, 9, "i"),
    "all of two of a name": lambda t: t.select("i", F.col("l").alias("i")).replace(1, 9),
    "nothing": lambda t: t.replace({}),
    "no columns": lambda t: t.select().replace(1, 2).count(),
    "na": lambda t: t.na.replace([1], [5], ["i"]),
    "beyond int": lambda t: t.select("i").replace(1, 1e20),
    "beyond int unused": lambda t: t.select("i").replace(55, 1e20),
    "NaN in an int": lambda t: t.select("i").replace(1, NAN).collect(),
    "then filtered": lambda t: t.replace("a", "b").filter("s = 'b'").select("i"),
    "dates": lambda t: t.select(F.lit("2020-01-01").cast("date").alias("day"), "i").replace(1, 9),
    "without nulls": lambda t: t.select(F.lit(1).alias("one"), F.lit("a").alias("text"), F.lit(2.5).alias("half")).replace(1, 3).replace("a", "b"),
    "not null by null": lambda t: t.select(F.lit(1).alias("one"), F.lit(2.5).alias("half")).replace(2.5, None),
    "mixed": lambda t: t.replace({1: "a"}),
}
for name, run in REPLACED.items():
    add(f"replace {name}", lambda s, run=run: run(few(s)))
add("replace decimals", lambda s: decimals(s).replace([1, 2], [2.555, -3]))
add("replace a decimal beyond it", lambda s: decimals(s).select("d").replace(1, 12345.6).collect())
add("replace beyond tinyint", lambda s: decimals(s).select("y").replace(1, 300).collect())
add("replace in a table", lambda s: s.table("mixed").replace({0: 7, 1.5: NAN, INF: None}).replace(["a", ""], ["é", None], "s").replace(True, None))
