#!/usr/bin/env python3
"""Writes src/table/case_table.cc from stock Spark (needs Java): make_case_table.py OUT.

Asks Spark's upper and lower about every code point, and finds out by the form of a sigma before it which ones are letters
with case and which ones are passed over when case is looked for (Unicode's Cased and Case_Ignorable).
"""

from __future__ import annotations

import pathlib
import sys

import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

FINAL = "\u03c2"


def literal(text: str) -> str:
    return '"' + "".join(f"\\x{byte:02x}" for byte in text.encode()) + '"'


def mappings(pairs: dict[int, str]) -> tuple[list[str], list[str]]:
    """Runs of code points, one or two apart, whose mapping is a step away; and those with several characters."""
    runs, special = [], []
    for code, text in sorted(pairs.items()):
        if len(text) != 1:
            special.append(f"{{0x{code:x}, {literal(text)}}}")
            continue
        delta = ord(text) - code
        if runs and runs[-1][2] == delta:
            first, last, _, step = runs[-1]
            if code - last == step or (first == last and code - last in (1, 2)):
                runs[-1] = (first, code, delta, code - last)
                continue
        runs.append((code, code, delta, 1))
    return [f"{{0x{first:x}, 0x{last:x}, {delta}, {step}}}" for first, last, delta, step in runs], special


def ranges(codes: list[int]) -> list[str]:
    runs = []
    for code in codes:
        if runs and runs[-1][1] == code - 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return [f"{{0x{first:x}, 0x{last:x}}}" for first, last in runs]


def table(kind: str, name: str, rows: list[str]) -> str:
    return f"const {kind} {name}[] = {{{', '.join(rows)}}};\nconst size_t {name}Count = {len(rows)};\n"


def main() -> None:
    spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config(
        "spark.sql.execution.arrow.pyspark.enabled", "true").getOrCreate()
    codes = [c for c in range(1, 0x110000) if not 0xD800 <= c <= 0xDFFF]
    s = F.col("s")
    shown = spark.createDataFrame(pd.DataFrame({"s": [chr(c) for c in codes]})).select(
        F.upper(s).alias("upper"), F.lower(s).alias("lower"), F.lower(F.concat(F.lit("A\u03a3"), s)).alias("before"),
        F.lower(F.concat(F.lit("A\u03a3"), s, F.lit("A"))).alias("around")).toPandas()
    assert len(shown) == len(codes)
    upper = {c: t for c, t in zip(codes, shown["upper"]) if t != chr(c)}
    lower = {c: t for c, t in zip(codes, shown["lower"]) if t != chr(c)}
    cased = [c for c, t in zip(codes, shown["before"]) if t[1] != FINAL]
    letters = set(cased)
    ignorable = [c for c, t in zip(codes, shown["around"]) if t[1] != FINAL and c not in letters]
    upper_runs, upper_special = mappings(upper)
    lower_runs, lower_special = mappings(lower)
    pathlib.Path(sys.argv[1]).write_text(
        "// Made by tools/make_case_table.py from stock Spark.\n"
        '#include "src/table/case_table.h"\n\nnamespace soteria::table::internal {\n\n'
        + table("CaseRun", "kUpperRuns", upper_runs) + table("CaseText", "kUpperTexts", upper_special)
        + table("CaseRun", "kLowerRuns", lower_runs) + table("CaseText", "kLowerTexts", lower_special)
        + table("CodeRange", "kCased", ranges(cased)) + table("CodeRange", "kIgnorable", ranges(ignorable))
        + "\n}  // namespace soteria::table::internal\n")


if __name__ == "__main__":
    main()
