"""Asks for everything that PySpark offers by name, and writes what came of it as JSON: "ok", or the error's text.

    python unsupported_job.py RESULT functions|frames|ml

`functions`: each public function of pyspark.sql.functions. `frames`: methods of sessions, DataFrames, readers and
writers. `ml`: each public class of pyspark.ml with a method that asks the server.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys

import pyspark.sql.functions as F
from pyspark.ml.linalg import Vectors
from pyspark.sql import SparkSession

CLIENT = {"col", "column", "lit", "expr", "broadcast", "udf", "udtf", "pandas_udf", "arrow_udf", "arrow_udtf", "asc", "desc",
          "asc_nulls_first", "asc_nulls_last", "desc_nulls_first", "desc_nulls_last", "call_udf", "call_function", "when",
          "days", "months", "years", "hours", "bucket", "random", "pandas_udtf"}
OF_SETS = {"grouping", "grouping_id"}
TABLE = "id int, x double, d string, s string, g int"


def asked(make) -> str:
    try:
        make()
        return "ok"
    except Exception as error:  # noqa: BLE001: looked at by the test
        return f"{type(error).__name__}: {error}"


def argument(name: str, parameter: inspect.Parameter):
    """Something of the kind that the client itself checks."""
    kind = str(parameter.annotation)
    if "Callable" in kind:
        return lambda *columns: columns[0]
    if "int" in kind and "Column" not in kind:
        return 1
    if "float" in kind and "Column" not in kind:
        return 0.5
    if "DataType" in kind or name == "schema":
        return "a int"
    if "str" in kind and "Column" not in kind:
        return "a"
    return F.col("x")


def call(name: str):
    function = getattr(F, name)
    arguments = []
    for each, parameter in inspect.signature(function).parameters.items():
        if parameter.kind == inspect.Parameter.VAR_POSITIONAL:
            arguments += [F.col("x"), F.col("x")]
        elif parameter.default is inspect.Parameter.empty and parameter.kind != inspect.Parameter.VAR_KEYWORD:
            arguments.append(argument(each, parameter))
    return function(*arguments[:1] if name in OF_SETS else arguments)


def functions(spark: SparkSession) -> dict:
    table = spark.createDataFrame([(1, 2.5, "2024-02-29", "a", 0)], TABLE)
    names = [name for name in dir(F) if not name.startswith("_") and inspect.isfunction(getattr(F, name))
             and getattr(F, name).__module__.startswith("pyspark.sql.functions") and name not in CLIENT]
    rollup = table.rollup("x")
    return {name: asked(lambda name=name: (rollup.agg if name in OF_SETS else table.select)(call(name)).columns) for name in names}


def frames(spark: SparkSession) -> dict:
    t = spark.createDataFrame([(1, 2.5, "2024-02-29", "a", 0)], TABLE)
    asks = {
        "join by chance": lambda: t.join(t, F.rand(1) > 0.5).count(),
        "withWatermark": lambda: t.withWatermark("d", "1 day").count(),
        "mapInPandas": lambda: t.mapInPandas(lambda i: i, t.schema).count(),
        "applyInPandas": lambda: t.groupBy("g").applyInPandas(lambda p: p, t.schema).count(),
        "inputFiles": t.inputFiles,
        "bucketBy": lambda: t.write.bucketBy(2, "g").saveAsTable("zz"), "saveAsTable of a path": lambda: t.write.saveAsTable("zz", path="/x"),
        "table of a path": lambda: spark.sql("CREATE TABLE zz (a INT) USING csv OPTIONS (path '/x')").collect(),
        "writeTo": lambda: t.writeTo("zz").create(),
        "mergeInto": lambda: t.mergeInto("zz", F.col("x") > 1).whenMatched().delete().merge(),
        "read avro": lambda: spark.read.format("avro").load("/x").count(), "readStream": lambda: spark.readStream.parquet("/x").columns,
        "sql": lambda: spark.sql("alter table t add columns (a int)").collect(),
        "catalog.createDatabase": lambda: spark.catalog.createDatabase("x"),
        "time": lambda: spark.sql("SELECT cast('10:00' AS time)").collect(),
        "times": lambda: spark.createDataFrame([(1,)], "x time").columns,
        "udf": lambda: t.select(F.udf(lambda v: v)("x")).collect(),
        "sum_distinct": lambda: t.agg(F.histogram_numeric("x", F.lit(3))).collect(), "expr": lambda: t.selectExpr("to_xml(struct(x))").count(),
        "agg expr": lambda: t.agg(F.expr("approx_top_k(x)")).collect(),
        "groupBy": lambda: t.groupBy("g").agg(F.histogram_numeric("x", F.lit(3))).count(),
        "filter expr": lambda: t.filter("sentences(s) is null").count(),
        "alias in select": lambda: t.select(F.lit(1).alias("z"), F.col("z") + 1).count(),
    }
    return {name: asked(ask) for name, ask in asks.items()}


def ml(spark: SparkSession) -> dict:
    table = spark.createDataFrame([(Vectors.dense(1.0, 2.0), 0.0), (Vectors.dense(2.0, 1.0), 1.0)], ["features", "label"])
    results = {}
    for module in ("classification", "clustering", "evaluation", "feature", "fpm", "recommendation", "regression"):
        loaded = importlib.import_module(f"pyspark.ml.{module}")
        for name in loaded.__all__:
            made = getattr(loaded, name)
            # OneVsRest is made of other classes by the client.
            if name.endswith(("Model", "Summary")) or name == "OneVsRest" or inspect.isabstract(made):
                continue
            try:
                stage = made()
            except Exception:  # noqa: BLE001: the client refuses it: needs what only a script knows
                continue
            if hasattr(stage, "evaluate"):
                results[f"{module}.{name}"] = asked(lambda s=stage: s.evaluate(table))
            elif hasattr(stage, "fit"):
                results[f"{module}.{name}"] = asked(lambda s=stage: s.fit(table))
            elif hasattr(stage, "transform"):
                results[f"{module}.{name}"] = asked(lambda s=stage: s.transform(table).columns)
    stat = importlib.import_module("pyspark.ml.stat")
    results["stat.Correlation"] = asked(lambda: stat.Correlation.corr(table, "features").collect())
    results["stat.ChiSquareTest"] = asked(lambda: stat.ChiSquareTest.test(table, "features", "label").collect())
    results["stat.KolmogorovSmirnovTest"] = asked(lambda: stat.KolmogorovSmirnovTest.test(table, "label", "norm", 0.0, 1.0).collect())
    return results


if __name__ == "__main__":
    done = {"functions": functions, "frames": frames, "ml": ml}[sys.argv[2]](SparkSession.builder.getOrCreate())
    with open(sys.argv[1], "w") as out:
        json.dump(done, out, indent=1)
