"""Runs every case, or the named step, on whatever Spark the environment offers.

    python job.py all TABLES OUTPUT RESULT [MODEL]     every case; then MODEL is loaded and applied
    python job.py grammar RESULT PART PARTS            seeded expressions and plans, and functions by cases
    python job.py load TABLES OUTPUT RESULT MODEL      a saved pipeline is loaded and applied
    python job.py example TABLES OUTPUT RESULT SCRIPT DATA   SCRIPT as a user would start it

Steps may be chained with "--" to share one session. Exit status 75: Spark's own process ended.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import runpy
import sys

from py4j.protocol import Py4JNetworkError
from pyspark.sql import SparkSession

import every_case  # noqa: F401
import function_cases
import grammar
import plans
import regression_cases
from recorder import CASES, Scene, failure, plain, record, save

GONE = 75


def attempt(function) -> dict:
    try:
        return {"value": plain(function())}
    except Exception as error:  # noqa: BLE001: recorded and compared
        return failure(error)


def run_example(script: str, data: str, model: str) -> str:
    text = io.StringIO()
    sys.argv = [script, data, model]
    with contextlib.redirect_stdout(text):
        runpy.run_path(script, run_name="__main__")
    return text.getvalue()


def run_step(step: list[str]) -> None:
    if step[0] == "grammar":
        expressions = int(os.environ.get("SOTERIA_EXPRESSIONS", "400"))
        seed = int(os.environ.get("SOTERIA_EXPRESSIONS_SEED", "1"))
        spark = SparkSession.builder.appName("parity").getOrCreate()
        part, parts = map(int, step[2:])
        save({"grammar": {"value": grammar.record(spark, seed, expressions, part, parts)},
              "functions": {"value": function_cases.record(spark) if part == 0 else {}},
              "plans": {"value": plans.record(spark, seed, expressions // 3, part, parts)}}, step[1])
        return
    kind, tables, output, result, *rest = step
    if kind == "example":
        save({"example": attempt(lambda: run_example(rest[0], rest[1], f"{output}/example"))}, result)
        return
    scene = Scene(SparkSession.builder.appName("parity").getOrCreate(), tables, output)
    scene.spark.conf.set("spark.sql.shuffle.partitions", 4)  # decides in which order groups come
    results = {}
    if kind == "all":
        results = record(scene, CASES)
        results["saved"] = attempt(lambda: regression_cases.save_for_the_other(scene))
    for path in rest:
        results["loaded"] = attempt(lambda: regression_cases.load_and_apply(scene, path))
    save(results, result)


if __name__ == "__main__":
    for dashes, words in itertools.groupby(sys.argv[1:], lambda word: word == "--"):
        if not dashes:
            try:
                run_step(list(words))
            except (ConnectionError, Py4JNetworkError) as error:
                print(f"Spark's process ended: {error}", file=sys.stderr, flush=True)
                os._exit(GONE)  # nothing of it is left to stop
