"""Chains of DataFrame operations whose expressions name columns of earlier DataFrames of the chain.

    python column_chains.py RESULT SEED COUNT [REMOTE]

Runs the cases below and COUNT generated chains over Spark Connect, on stock Spark unless REMOTE says where, and
writes what came of each as JSON: columns and sorted rows, or the condition of the error.
"""

from __future__ import annotations

import json
import random
import sys

from pyspark.ml.feature import VectorAssembler
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

ROWS = [(i, float(i * 7 % 5), float(i * 3 % 4), i % 2) for i in range(8)]
SCHEMA = "id int, x double, y double, g int"
NAMES = ["id", "x", "y", "g", "id", "x", "y", "g", "z", "X", "nope"]


class Chain:
    """A DataFrame and those it came from. The generator draws the same whatever the outcome."""

    def __init__(self, spark: SparkSession, seed: int):
        self.random = random.Random(seed)
        self.other = spark.createDataFrame([(1, 2.0)], "id int, x double")
        self.frames = [spark.createDataFrame(ROWS, SCHEMA)]
        self.text = []

    def reference(self):
        """A column by name, or of an earlier DataFrame; now and then one of a stranger."""
        name = self.random.choice(NAMES)
        kind = self.random.random()
        if kind < 0.3:
            return F.col(name), name
        if kind < 0.33:
            return self.other[name], f"other[{name}]"
        at = self.random.randrange(len(self.frames))
        return self.frames[at][name], f"df{at}[{name}]"

    def step(self):
        frame = self.frames[-1]
        one, named = self.reference()
        two, also = self.reference()
        target = self.random.choice(["x", "y", "z", "X"])
        constant = self.random.randrange(4)
        picks = self.random.sample(["id", "x", "y", "g"], 2)
        kinds = {
            "select": lambda: frame.select("id", one, two.alias(target)),
            "select names": lambda: frame.select(*picks),
            "withColumn": lambda: frame.withColumn(target, one + constant),
            "rename": lambda: frame.withColumnRenamed(picks[0], target),
            "drop": lambda: frame.drop(picks[0]),
            "drop column": lambda: frame.drop(one),
            "filter": lambda: frame.filter(one > constant),
            "filter text": lambda: frame.filter(f"{picks[0]} > {constant}"),
            "filter both": lambda: frame.filter((one > 0) | (two <= constant)),
            "sort": lambda: frame.coalesce(1).sortWithinPartitions(one.desc(), "id"),
            "group": lambda: frame.groupBy(one).agg(F.max(two).alias(target)),
            "agg": lambda: frame.agg(F.sum(one).alias("x"), F.count("*").alias("g")),
            "alias": lambda: frame.alias("t"),
            "qualified": lambda: frame.select(F.col(f"t.{picks[0]}"), one),
            "star": lambda: frame.select("*", two.alias(target)),
            "star of": lambda: frame.select(self.frames[constant % len(self.frames)]["*"]),
            "toDF": lambda: frame.toDF("id", "x", "z", "g"),
            "fill": lambda: frame.na.fill(0.5, subset=[picks[0]]),
            "dropna": lambda: frame.na.drop(),
            "limit": lambda: frame.limit(100),
        }
        kind = self.random.choice(list(kinds))
        self.text.append(f"{kind} {named} {also} {target} {constant} {picks}")
        self.frames.append(kinds[kind]())


def outcome(make) -> dict:
    try:
        frame = make()
        rows = sorted(repr(tuple(row)) for row in frame.collect())
        return {"columns": frame.columns, "rows": rows}
    except Exception as error:  # noqa: BLE001: recorded and compared
        condition = error.getCondition() if hasattr(error, "getCondition") else None
        return {"error": condition or type(error).__name__}


def generated(spark: SparkSession, seed: int) -> dict:
    chain = Chain(spark, seed)

    def make():
        for _ in range(chain.random.randint(2, 4)):
            chain.step()
        return chain.frames[-1]

    made = outcome(make)
    return {**made, "chain": chain.text}


def written(spark: SparkSession) -> dict:
    df = spark.createDataFrame(ROWS, SCHEMA)
    scaled = df.withColumn("x", F.col("x") / 10)
    nested = df.select(F.struct("x", "y").alias("s"), "id")
    twice = df.select("x", F.col("y").alias("x"), "id")
    assembler = VectorAssembler(inputCols=["x"], outputCol="f")
    wide = df.select(*[F.lit(1).alias(name) for name in ("label", "lable", "features", "age", "label2")])
    cases = {
        "filter by what was shadowed": lambda: scaled.filter(df.x > 2),
        "select what was shadowed": lambda: scaled.select(df.x),
        "agg of what was shadowed": lambda: scaled.agg(F.sum(df.x)),
        "group by what was shadowed": lambda: scaled.groupBy(df.x).count(),
        "withColumn from what was shadowed": lambda: scaled.withColumn("z", df.x + 1),
        "drop what was shadowed": lambda: scaled.drop(df.x),
        "both": lambda: scaled.filter((df.x > 2) & (scaled.x < 0.4)),
        "swapped": lambda: df.select(F.col("y").alias("x"), F.col("x").alias("y"), "id").filter(df.x > 2),
        "not selected": lambda: df.select("id", "y").select("id").filter((df.x > 1) & (df.y > 1)),
        "not selected, by name": lambda: df.select("id", "y").select("id").filter("x > 1 and y > 1"),
        "through a limit": lambda: df.drop("x").limit(100).filter(df.x > 1),
        "through a model": lambda: assembler.transform(df.drop("y")).filter(df.y > 1).select("id"),
        "through groups": lambda: df.groupBy("x").agg(F.sum("y").alias("s")).drop("x").filter(df.x > 2),
        "not through groups": lambda: df.groupBy("x").agg(F.sum("y").alias("s")).filter(df.y > 2),
        "not through an alias": lambda: df.drop("x").alias("t").filter(df.x > 1),
        "two of a name": lambda: twice.select(df.x),
        "two of a name, by name": lambda: twice.select("x"),
        "two of a name, all": lambda: twice.filter("id > 2").na.drop(),
        "two of a name, one dropped": lambda: twice.drop(df.x),
        "the same twice": lambda: df.select("x", "x").select("x"),
        "a field": lambda: nested.filter(nested.s.x > 2).select(nested["s.y"]),
        "a field of what was shadowed": lambda: nested.withColumn("s", F.lit(1)).select(nested["s.x"]),
        "no such field": lambda: nested.select("s.q"),
        "fields of a struct": lambda: nested.select("s.*"),
        "star of what was shadowed": lambda: scaled.select(df["*"]),
        "star in a function": lambda: df.select(F.struct(df["*"]).alias("all")),
        "qualifier after an alias": lambda: df.alias("t").select("x").filter("t.x > 2"),
        "qualifier of a new column": lambda: df.alias("t").withColumn("z", F.lit(1)).select("t.z"),
        "suggestions": lambda: wide.select("labl"),
        "qualifier before field": lambda: df.select(F.struct(F.lit(7).alias("x")).alias("t"), "x").alias("t").select("t.x"),
        "kept through agg": lambda: df.groupBy("id", "x").agg(F.max("y") + F.col("x")).select(df.x, df.id),
        "metadata column": lambda: df.select(df.metadataColumn("x")),
        "sum in a filter": lambda: df.filter(F.sum("x") > 1),
        "sum in withColumn": lambda: df.withColumn("z", F.sum("x")),
        "one name twice": lambda: df.withColumns({"a": F.lit(1), "A": F.lit(2)}),
        "dropna of a field": lambda: nested.na.drop(subset=["s.x"]),
        "view": lambda: (df.createOrReplaceTempView("v"), spark.table("v").filter(df.x > 2))[1],
    }
    return {name: outcome(make) for name, make in cases.items()}


def main(result: str, seed: int, count: int, remote: str | None) -> None:
    builder = SparkSession.builder.remote(remote or "local[2]")
    if remote is None:
        builder = builder.config("spark.ui.enabled", "false").config("spark.sql.shuffle.partitions", "2")
    spark = builder.getOrCreate()
    results = written(spark)
    for number in range(seed, seed + count):
        results[f"chain {number}"] = generated(spark, number)
    with open(result, "w") as out:
        json.dump(results, out)
    if remote is None:
        with open(f"{result}.functions", "w") as out:
            out.write("\n".join(row[0] for row in spark.sql("SHOW SYSTEM FUNCTIONS").collect()))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] if len(sys.argv) > 4 else None)
