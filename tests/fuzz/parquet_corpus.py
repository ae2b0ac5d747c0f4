#!/usr/bin/env python3
"""Writes tests/golden/corpus/parquet: small files of each encoding and shape that readers come to.

    .venv/bin/python tests/fuzz/parquet_corpus.py
"""

import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "golden" / "corpus" / "parquet"

INTS = pa.array([1, None, -3, 2**40], pa.int64())
TEXT = pa.array(["a", "", None, "\u00e4\u20ac"], pa.string())
LISTS = pa.array([[1.0, 2.0], [], None, [3.0]], pa.list_(pa.float64()))
STRUCTS = pa.array([{"a": 1, "b": "x"}, None, {"a": None, "b": "y"}, {"a": 4, "b": None}])
SHAPES = {
    "ints": (INTS, {}),
    "delta": (INTS, {"column_encoding": {"c": "DELTA_BINARY_PACKED"}, "use_dictionary": False}),
    "split": (pa.array([1.5, None, 2.5, 0.0]), {"column_encoding": {"c": "BYTE_STREAM_SPLIT"}, "use_dictionary": False}),
    "text": (TEXT, {"use_dictionary": False}),
    "dictionary": (TEXT, {"use_dictionary": True}),
    "stored_as_dictionary": (TEXT.dictionary_encode(), {"store_schema": True}),
    "delta_text": (TEXT, {"column_encoding": {"c": "DELTA_BYTE_ARRAY"}, "use_dictionary": False}),
    "not_utf8": (pa.Array.from_buffers(pa.string(), 2, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xc0")]), {}),
    "lists": (LISTS, {}),
    "structs": (STRUCTS, {}),
    "booleans": (pa.array([True, None, False, True]), {}),
    "times": (pa.array([0, None, 10**15, -1], pa.timestamp("us")), {"use_deprecated_int96_timestamps": True}),
    "zstd": (INTS, {"compression": "zstd"}),
    "no_rows": (pa.array([], pa.int64()), {}),
}


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, (column, options) in SHAPES.items():
        options = {"compression": "none", "store_schema": False, "write_statistics": False, **options}
        pq.write_table(pa.table({"c": column}), FOLDER / name, **options)
    pq.write_table(pa.table({"c": INTS, "d": TEXT}), FOLDER / "two_row_groups", row_group_size=2, compression="snappy")


if __name__ == "__main__":
    main()
