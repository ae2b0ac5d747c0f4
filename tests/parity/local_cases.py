"""createDataFrame of any size: from a megabyte on PySpark sends the rows beside the plan."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
from pyspark.sql import functions as F

from recorder import Scene, add


def pandas_rows(count: int) -> pd.DataFrame:
    n = np.arange(count)
    return pd.DataFrame({"n": n, "x": n / 7.0, "s": np.char.add("row ", (n % 1000).astype(str)), "b": n % 3 == 0})


def summary(frame):
    return frame.agg(F.count("*").alias("c"), *[F.min(c) for c in frame.columns], *[F.max(c) for c in frame.columns])


def tuples(count: int) -> list:
    day = datetime.date(2024, 1, 1)
    return [(i, i % 10 / 4, None if i % 3 == 0 else f"text {i}", day + datetime.timedelta(days=i % 400), [i, i + 1], {"k": i}) for i in range(count)]


DDL = "i long, x double, s string, d date, a array<int>, m map<string,int>"
CASES = {
    "pandas 50": lambda s: s.createDataFrame(pandas_rows(50)).filter("n < 3"),
    "pandas 100000": lambda s: summary(s.createDataFrame(pandas_rows(100_000))),
    "pandas 100000 schema": lambda s: summary(s.createDataFrame(pandas_rows(100_000), "n long, x double, s string, b boolean")),
    "pandas 100000 rows": lambda s: s.createDataFrame(pandas_rows(100_000)).filter("n % 33333 = 0").orderBy("n"),
    "tuples 20000": lambda s: s.createDataFrame(tuples(20_000), DDL).filter("i % 4999 = 0").orderBy("i"),
    "tuples 60000": lambda s: s.createDataFrame(tuples(60_000), DDL).agg(F.sum("i"), F.count("s"), F.max("d"), F.sum(F.col("a")[1]), F.sum(F.col("m")["k"])),
    "tuples without a schema": lambda s: s.createDataFrame([(i, str(i) * 10) for i in range(30_000)], ["a", "b"]).agg(F.sum("a"), F.max("b")),
    "wide texts": lambda s: s.createDataFrame([(i, chr(97 + i % 26) * 100_000) for i in range(60)], "i int, t string").selectExpr(
        "sum(i)", "sum(length(t))", "max(substring(t, 99999))"),
    "many columns": lambda s: s.createDataFrame(
        pd.DataFrame({f"c{i}": np.arange(2_000) * i for i in range(100)})).select(*[F.sum(f"c{i}") for i in (0, 50, 99)]),
    "the same twice": lambda s: [s.createDataFrame(pandas_rows(80_000)).count() for _ in range(2)],
    "joined with itself": lambda s: (lambda a, b: a.join(b, a.n == b.n).agg(F.count("*"), F.sum(b.x)))(s.createDataFrame(
        pandas_rows(80_000)), s.createDataFrame(pandas_rows(80_000))),
    "as a view": lambda s: (s.createDataFrame(
        pandas_rows(70_000)).createOrReplaceTempView("large"), s.sql("SELECT b, count(*), max(s) FROM large GROUP BY b ORDER BY b"))[1],
    "cached": lambda s: (lambda t: [t.count(), t.is_cached, t.filter("b").count(), t.unpersist().is_cached])(s.createDataFrame(pandas_rows(70_000)).cache()),
    "schema": lambda s: s.createDataFrame(tuples(20_000), DDL).schema.simpleString(),
    "union": lambda s: (lambda t: t.union(t).groupBy("b").count().orderBy("b"))(s.createDataFrame(pandas_rows(60_000))),
    "sample by order": lambda s: s.createDataFrame(pandas_rows(60_000)).orderBy(F.desc("n")).limit(3),
    "nulls only": lambda s: s.createDataFrame([(None, i) for i in range(150_000)], "a string, b int").agg(F.count("a"), F.sum("b")),
    "arrow": lambda s: summary(s.createDataFrame(__import__("pyarrow").Table.from_pandas(pandas_rows(90_000)))),
    "numpy": lambda s: s.createDataFrame(np.arange(400_000).reshape(100_000, 4)).agg(F.sum("_1"), F.sum("_4")),
    "times": lambda s: s.createDataFrame([(datetime.datetime(2024, 1, 1) + datetime.timedelta(seconds=i), i) for i in range(100_000)],
    "t timestamp, i int").agg(F.min("t"), F.max("t")),
    # Blocks that are alike are sent once, and count each time.
    "zeros": lambda s: s.createDataFrame(pd.DataFrame({"x": np.zeros(9_000_000)})).agg(F.count("*"), F.sum("x")),
    "few rows that are much larger": lambda s: s.createDataFrame(pd.DataFrame({"s": ["a"] * 20_000 + ["y" * 8_000_000] * 10})).agg(
        F.count("*"), F.max(F.length("s"))),
    "toPandas": lambda s: s.createDataFrame(pandas_rows(60_000)).filter("n >= 59997").toPandas().to_dict("list"),
}
for name, run in CASES.items():
    add(f"createDataFrame {name}", lambda s, run=run: run(s.spark), rel=1e-12)
