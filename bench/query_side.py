"""One side of a comparison of queries: the same script on stock Spark, on another Spark Connect server and under `soteria run`.

    python query_side.py QUERIES TABLES [ENDING]

QUERIES is a JSON file of numbers and SQL texts; TABLES a folder with a table a name, `name + ENDING`. Reads a query's number from
standard input before each repetition. Prints the seconds from its text to its rows as a line of JSON, with the rows themselves where
the line ends in `rows`: doubles as numbers, all else but nulls as texts.
"""

import json
import pathlib
import sys
import time

from pyspark.sql import SparkSession

TABLES = ("customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier")


def plain(value):
    return value if value is None or isinstance(value, float) else str(value)


def main(queries, folder, ending=""):
    spark = SparkSession.builder.getOrCreate()
    for name in TABLES:
        spark.read.parquet(f"{folder}/{name}{ending}").createOrReplaceTempView(name)
    texts = json.loads(pathlib.Path(queries).read_text())
    for line in sys.stdin:
        number, *wanted = line.split()
        began = time.perf_counter()
        try:
            rows = spark.sql(texts[number]).collect()
            found = {"seconds": time.perf_counter() - began}
            if wanted:
                found["rows"] = [[plain(value) for value in row] for row in rows]
        except Exception as error:  # what a query that fails says is part of the result
            found = {"seconds": time.perf_counter() - began, "error": str(error)[:300]}
        print(json.dumps(found), flush=True)
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
