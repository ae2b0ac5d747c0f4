"""One side of the comparison of large inputs: the same script on stock Spark and under `soteria run`.

    python large_side.py FOLDER OUTPUT

FOLDER has the tables that large.py makes, OUTPUT takes the sorted one. Reads a work's name from standard input. Prints the seconds of
the work as a line of JSON, with what says that its result is right.
"""

import json
import sys
import time

from pyspark.sql import SparkSession
from pyspark.sql import functions as F


def groups(spark, folder, output):
    """Every key of `pairs`, with its rows counted and summed; then the groups themselves are counted."""
    grouped = spark.read.parquet(f"{folder}/pairs").groupBy("key").agg(F.count("*").alias("n"), F.sum("value").alias("total"))
    row = grouped.agg(F.count("*"), F.sum("n"), F.sum("total")).first()
    return {"groups": row[0], "rows": row[1], "total": row[2]}


def join(spark, folder, output):
    pairs, some = spark.read.parquet(f"{folder}/pairs"), spark.read.parquet(f"{folder}/some")
    row = pairs.join(some, "key").agg(F.count("*"), F.sum(F.col("value") * F.col("weight"))).first()
    return {"rows": row[0], "total": row[1]}


def sort(spark, folder, output):
    spark.read.parquet(f"{folder}/numbers").sort("x").write.mode("overwrite").parquet(f"{output}/sorted")
    return {}


def ordered(spark, folder, output):
    """Of each file that `sort` wrote: rows, ends, and how often a row is less than the one before it."""
    part = F.spark_partition_id()
    rows = spark.read.parquet(f"{output}/sorted").groupBy(part.alias("part")).agg(
        F.count("*"), F.first("x"), F.last("x"), F.min("x"), F.max("x")).collect()
    rows = sorted(list(row)[1:] for row in rows)
    rows.sort(key=lambda row: row[3])
    ends = all(first == low and last == high for _, first, last, low, high in rows)
    apart = all(before[4] <= after[3] for before, after in zip(rows, rows[1:]))
    return {"rows": sum(row[0] for row in rows), "low": rows[0][3], "high": rows[-1][4], "ordered": ends and apart}


def main(folder, output):
    spark = SparkSession.builder.getOrCreate()
    works = {work.__name__: work for work in (groups, join, sort, ordered)}
    for line in sys.stdin:
        began = time.perf_counter()
        try:
            found = {"found": works[line.strip()](spark, folder, output)}
        except Exception as error:  # what a work that fails says is part of the result
            found = {"error": str(error)[:300]}
        print(json.dumps({"seconds": time.perf_counter() - began, **found}), flush=True)
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
