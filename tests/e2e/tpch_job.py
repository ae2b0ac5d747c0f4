"""Runs the queries of a file (JSON: number to text) over views of the tables in a folder; writes rows and seconds. Also ten of them as DataFrames."""

from __future__ import annotations

import json
import pathlib
import sys
import time

import tpch_frames
from pyspark.sql import SparkSession

TABLES = ("customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier")


def run(make):
    begin = time.monotonic()
    try:
        rows = [[None if value is None else str(value) if not isinstance(value, float) else value for value in row] for row in make().collect()]
        return {"rows": rows, "seconds": time.monotonic() - begin}
    except Exception as error:  # what a query that fails says is part of the result
        return {"error": str(error)[:2000], "seconds": time.monotonic() - begin}


def main(folder: str, queries: str, result: str) -> None:
    spark = SparkSession.builder.getOrCreate()
    tables = {name: spark.read.parquet(f"{folder}/{name}") for name in TABLES}
    for name, table in tables.items():
        table.createOrReplaceTempView(name)
    texts = json.loads(pathlib.Path(queries).read_text())
    results = {number: run(lambda text=text: spark.sql(text)) for number, text in texts.items()}
    for number, make in tpch_frames.FRAMES.items():
        if str(number) in texts:
            results[f"frame {number}"] = run(lambda make=make: make(tables))
    pathlib.Path(result).write_text(json.dumps(results))


if __name__ == "__main__":
    main(*sys.argv[1:])
