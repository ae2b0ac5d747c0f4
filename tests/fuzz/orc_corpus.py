#!/usr/bin/env python3
"""Writes tests/golden/corpus/orc: small files of each type, codec and encoding that readers come to, and some that claim too much.

    .venv/bin/python tests/fuzz/orc_corpus.py
"""

import datetime
import decimal
import pathlib

import pyarrow as pa
import pyarrow.orc as orc

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "golden" / "corpus" / "orc"

INTS = [1, None, -3, 2**40, 7, 7, 7, 7, 7, 8, 9, 10, 2**62, -(2**63)]
TEXT = ["a", "", None, "\u00e4\u20ac", "a", "a"]
DECIMALS = [decimal.Decimal("1.50"), None, decimal.Decimal("-99999999.99"), decimal.Decimal("0.01")]
SHAPES = {
    "booleans": pa.array([True, None, False, True]),
    "bytes": pa.array([1, None, -128, 127, 5, 5, 5, 5], pa.int8()),
    "shorts": pa.array([1, None, -3, 300], pa.int16()),
    "ints": pa.array([1, None, -3, 2**30], pa.int32()),
    "longs": pa.array(INTS, pa.int64()),
    "patched": pa.array([2030, 2000, 2020, 1000000, 2040, 2050, 2060, 2070, 2080, 2090, 2100, 2110, 2120, 2130, 2140, 2150, 2160, 2170, 2180, 2190]),
    "floats": pa.array([1.5, None, float("nan")], pa.float32()),
    "doubles": pa.array([1.5, None, -0.0]),
    "text": pa.array(TEXT),
    "binary": pa.array([b"\xff\x00", None, b""], pa.binary()),
    "char": pa.array([b"ab ", None, b"xyz"], pa.binary(3)),
    "dates": pa.array([0, None, -1, -719162, 2932896], pa.int32()).cast(pa.date32()),
    "times": pa.array([0, None, 1709164800123456, -1500000, -500000], pa.timestamp("us")),
    "instants": pa.array([0, None, 1709164800123456], pa.timestamp("us", "UTC")),
    "decimals": pa.array(DECIMALS, pa.decimal128(10, 2)),
    "wide_decimals": pa.array([decimal.Decimal("9" * 38), None, decimal.Decimal("-1")], pa.decimal128(38, 0)),
    "lists": pa.array([[1.0, 2.0], [], None, [3.0, None]], pa.list_(pa.float64())),
    "maps": pa.array([[("a", 1), ("b", None)], None, []], pa.map_(pa.string(), pa.int32())),
    "structs": pa.array([{"a": 1, "b": "x"}, None, {"a": None, "b": "y"}, {"a": 4, "b": None}]),
    "deep": pa.array([[[{"k": [("x", [1])]}]], None, [[], None]],
                     pa.list_(pa.list_(pa.struct({"k": pa.map_(pa.string(), pa.list_(pa.int32()))})))),
    "nulls": pa.array([None, None, None], pa.int32()),
    "no_rows": pa.array([], pa.int64()),
}


def write(name: str, table: pa.Table, **options) -> None:
    orc.write_table(table, FOLDER / name, **{"compression": "uncompressed", **options})


def union() -> pa.Array:
    return pa.UnionArray.from_sparse(pa.array([0, 1], pa.int8()), [pa.array([1, 2]), pa.array(["a", "b"])])


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, column in SHAPES.items():
        write(name, pa.table({"c": column}))
    for codec in ("snappy", "zlib", "lz4", "zstd"):
        write(codec, pa.table({"c": pa.array(["the same text"] * 200), "d": pa.array(range(200))}), compression=codec)
    write("words", pa.table({"c": pa.array(["x", "yy", None, "x"] * 50)}), dictionary_key_size_threshold=1)
    write("first_form", pa.table({"c": pa.array(INTS), "t": pa.array([""] * len(INTS))}), file_version="0.11")
    write("unnamed", pa.table({"_col0": pa.array([1, 2]), "_col1": pa.array(["a", None])}))
    write("union", pa.table({"c": union(), "d": pa.array([1, 2])}))
    days = [datetime.date(1582, 10, 4), datetime.date(1500, 3, 1), datetime.date(1, 1, 1)]
    write("old_days", pa.table({"c": pa.array(days), "t": pa.array([datetime.datetime(d.year, d.month, d.day, 1) for d in days], pa.timestamp("us"))}))
    whole = (FOLDER / "longs").read_bytes()
    (FOLDER / "cut").write_bytes(whole[:-7])
    (FOLDER / "front_only").write_bytes(whole[:3])


if __name__ == "__main__":
    main()
