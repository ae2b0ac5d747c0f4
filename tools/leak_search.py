#!/usr/bin/env python3
"""Searches files for the plaintext of a table.

Needles: the 8-byte little-endian form of every distinct value that isn't a whole number (unless most of
its bytes are zero, as of 14.5: headers hold such bytes by chance), the decimal form of values of 6 and
more characters, column names of 6 and more characters, and strings of 6 and more bytes (planted
canaries among them). A needle that begins with a digit counts where no digit stands before it: a
duration of 20.008005 ms is no 0.008005. A search that could find nothing proves nothing: fewer than
1,000 needles are refused, and a caller runs the same search over a plain copy, which must find more
than 99 % of them.
"""

from __future__ import annotations

import argparse
import pathlib
import struct
import sys

import numpy as np
import pandas as pd

NEEDLES_MIN = 1000
KEY_BYTES = 6
# 14.5 is six zero bytes and two others: frame and message headers hold such bytes by chance.
BINARY_BYTES_MIN = 5
BITMAP_BITS = 24
CHUNK_BYTES = 16 << 20
MIXER = np.uint64(0x9E3779B97F4A7C15)


def needles_of(frame: pd.DataFrame, extra: tuple[bytes, ...] = ()) -> set[bytes]:
    found: set[bytes] = {name.encode() for name in frame.columns} | set(extra)
    for name in frame.columns:
        for value in frame[name].dropna().unique():
            if isinstance(value, str):
                found.add(value.encode())
                continue
            number = float(value)
            if number.is_integer():
                continue
            binary = struct.pack("<d", number)
            if len(binary) - binary.count(0) >= BINARY_BYTES_MIN:
                found.add(binary)
            found.add(repr(number).encode())
    return {needle for needle in found if len(needle) >= KEY_BYTES}


class Search:
    def __init__(self, needles: set[bytes]):
        if len(needles) < NEEDLES_MIN:
            raise ValueError(f"only {len(needles)} needles, at least {NEEDLES_MIN} are needed for a search to mean anything")
        self.needles = needles
        self.longest = max(map(len, needles))
        self.by_key: dict[bytes, list[bytes]] = {}
        for needle in needles:
            self.by_key.setdefault(needle[:KEY_BYTES], []).append(needle)
        keys = np.array([int.from_bytes(key, "little") for key in self.by_key], dtype=np.uint64)
        self.bitmap = np.zeros(1 << BITMAP_BITS, dtype=bool)
        self.bitmap[self._slot(keys)] = True
        self.keys = np.sort(keys)

    @staticmethod
    def _slot(keys: np.ndarray) -> np.ndarray:
        return (keys * MIXER) >> np.uint64(64 - BITMAP_BITS)

    def _in(self, data: bytes, before: bytes = b"") -> set[bytes]:
        """`before`: the byte in front of `data`, if there is one."""
        if len(data) < KEY_BYTES:
            return set()
        raw = np.frombuffer(data + b"\0\0", dtype=np.uint8)
        windows = np.lib.stride_tricks.sliding_window_view(raw, 8)
        keys = np.ascontiguousarray(windows).view(np.uint64).ravel() & np.uint64((1 << 48) - 1)
        places = np.nonzero(self.bitmap[self._slot(keys)])[0]
        places = places[np.isin(keys[places], self.keys)]
        hits = set()
        for place in places:
            for needle in self.by_key[data[place:place + KEY_BYTES]]:
                if data[place:place + len(needle)] == needle:
                    last = data[place - 1:place] if place else before
                    if not (needle[:1].isdigit() and last.isdigit()):
                        hits.add(needle)
        return hits

    def files(self, paths) -> tuple[set[bytes], int]:
        """The needles found in these files and folders, and how many bytes were searched."""
        hits: set[bytes] = set()
        searched = 0
        for path in paths:
            path = pathlib.Path(path)
            for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
                if not file.is_file():
                    continue
                data = file.read_bytes()
                searched += len(data)
                for begin in range(0, len(data), CHUNK_BYTES):
                    hits |= self._in(data[begin:begin + CHUNK_BYTES + self.longest], data[max(0, begin - 1):begin])
        return hits, searched


def plain_copies(frame: pd.DataFrame, folder: pathlib.Path) -> list[pathlib.Path]:
    """The positive control's files: the table as CSV and as uncompressed PLAIN Parquet."""
    csv, parquet = folder / "control.csv", folder / "control.parquet"
    frame.to_csv(csv, index=False)
    frame.to_parquet(parquet, index=False, compression="none", use_dictionary=False, column_encoding="PLAIN")
    return [csv, parquet]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", help="the owner's plain table (CSV or Parquet)")
    parser.add_argument("paths", nargs="+", help="files and folders to search")
    args = parser.parse_args()
    frame = pd.read_csv(args.table) if args.table.endswith(".csv") else pd.read_parquet(args.table)
    search = Search(needles_of(frame))
    hits, searched = search.files(args.paths)
    print(f"{len(hits)} of {len(search.needles)} needles found in {searched:,} bytes")
    return 1 if hits else 0


if __name__ == "__main__":
    sys.exit(main())
