"""TPC-H: queries, tables and answers are those of the package duckdb-extension-tpch. No text of the benchmark is part of this repository."""

from __future__ import annotations

import math
import pathlib
import re

import pyarrow as pa
import pyarrow.parquet as pq

TABLES = ("customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier")
NUMBERS = range(1, 23)


def _connection():
    import duckdb
    import duckdb_extension_tpch
    [extension] = pathlib.Path(duckdb_extension_tpch.__file__).parent.glob("extensions/*/tpch.duckdb_extension")
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    connection.execute(f"LOAD '{extension}'")
    return connection


def queries() -> dict[int, str]:
    rows = _connection().execute("SELECT query_nr, query FROM tpch_queries()").fetchall()
    return {number: text.strip().rstrip(";") for number, text in rows}


def answers(scale: float) -> dict[int, list[list[str]]]:
    """Of each query its rows, as texts."""
    rows = _connection().execute("SELECT query_nr, answer FROM tpch_answers() WHERE scale_factor = ?", [scale]).fetchall()
    return {number: [line.split("|") for line in text.removesuffix("\n").split("\n")[1:]] for number, text in rows}


def prepared(table: pa.Table) -> pa.Table:
    """With plain strings: views are for Parquet the same, and older readers have none."""
    fields = [field.with_type(pa.string()) if pa.types.is_string_view(field.type) else field for field in table.schema]
    return table.cast(pa.schema(fields))


def make_tables(folder: pathlib.Path, scale: float) -> pathlib.Path:
    """A folder of one Parquet file a table, made the first time."""
    target = folder / f"tpch-{scale}"
    if not (target / "done").exists():
        target.mkdir(parents=True, exist_ok=True)
        connection = _connection()
        connection.execute(f"CALL dbgen(sf = {scale})")
        for name in TABLES:
            pq.write_table(prepared(connection.execute(f"SELECT * FROM {name}").to_arrow_table()), target / f"{name}.parquet")
        (target / "done").touch()
    return target


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"-?\d+(\.\d*)?(e[-+]?\d+)?", text) else None


def _text(value: str | float | None) -> str:
    """As tpch_job.py saves it: all but doubles and nulls as text already."""
    return "" if value is None else repr(value) if isinstance(value, float) else value


def difference(rows: list[list], answer: list[list[str]], rel: float = 1e-6) -> str | None:
    """Where the rows aren't the answer; numbers with a fraction within `rel`, or one in the last of the digits printed of either: averages
    of decimals have six digits here, as in Spark, and all those of a double there. Decimals come as texts, doubles as numbers."""
    if len(rows) != len(answer):
        return f"{len(rows)} rows for {len(answer)}"
    for at, (row, wanted) in enumerate(zip(rows, answer)):
        if len(row) != len(wanted):
            return f"row {at}: {len(row)} columns for {len(wanted)}"
        for place, (value, text) in enumerate(zip(map(_text, row), wanted)):
            if value == text:
                continue
            a, b = _number(value), _number(text)
            printed = [text, value] if isinstance(row[place], str) else [text]
            digits = min(len(number.partition(".")[2]) for number in printed)
            if a is None or b is None or not (math.isclose(a, b, rel_tol=rel) or abs(a - b) <= 1.01 * 10.0 ** -digits and digits > 0):
                return f"row {at}: {value} for {text}"
    return None
