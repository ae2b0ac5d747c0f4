#!/usr/bin/env python3
"""Inputs that are larger than the memory, side by side with stock Spark under a heap of the same size. Called by ./run bench --large.

Groups by 10^7 keys, a join of 10^7 with 10^6 rows, a sort of 10^8 doubles that is written. A result counts only where it is the closed
form's: the data are made with a seed so that it is known.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import shutil
import sys
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from run import OUT
from sides import FILES, ROOT, Side, SideFailed, Soteria, spark_environment

SIDE = ROOT / "bench/large_side.py"
NAMES = {"A": "Spark", "B": "Soteria"}
WORKS = ("groups", "join", "sort")
SORT_FILES = 32  # of the 800 MB that are sorted


def write(folder: pathlib.Path, name: str, files: int, columns: Pairs | Numbers) -> None:
    """Its rows as Parquet files."""
    (folder / name).mkdir(parents=True)
    rows = columns.rows
    for i in range(files):
        first, end = rows * i // files, rows * (i + 1) // files
        pq.write_table(pa.table(columns(first, end)), folder / f"{name}/part-{i:05}.parquet")


class Pairs:
    """Each key once, in an order that looks random; values are small whole numbers, so that sums are exact."""

    def __init__(self, rows: int):
        self.rows = rows
        self.step = next(step for step in range(rows // 3, rows) if np.gcd(step, rows) == 1)

    def __call__(self, first: int, end: int) -> dict:
        key = np.arange(first, end, dtype=np.int64) * self.step % self.rows
        return {"key": key, "value": (key % 7).astype(np.float64)}


class Some(Pairs):
    """Every tenth key, shuffled."""

    def __call__(self, first: int, end: int) -> dict:
        key = np.arange(first, end, dtype=np.int64) * self.step % self.rows
        return {"key": key * 10, "weight": (key % 3).astype(np.float64)}


class Numbers:
    def __init__(self, rows: int):
        self.rows = rows

    def __call__(self, first: int, end: int) -> dict:
        return {"x": np.random.default_rng((7, first)).standard_normal(end - first)}


def make_tables(folder: pathlib.Path, scale: float) -> pathlib.Path:
    folder = folder / f"large-{scale:g}"
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        rows = int(10**7 * scale)
        write(folder, "pairs", FILES, Pairs(rows))
        write(folder, "some", FILES, Some(rows // 10))
        write(folder, "numbers", SORT_FILES, Numbers(int(10**8 * scale)))
        (folder / "done").touch()
    return folder


def expected(scale: float) -> dict[str, dict]:
    rows = int(10**7 * scale)
    keys, some = np.arange(rows, dtype=np.int64), np.arange(rows // 10, dtype=np.int64)
    numbers = Numbers(int(10**8 * scale))
    ends = [(part.min(), part.max()) for i in range(SORT_FILES)
            for part in [numbers(numbers.rows * i // SORT_FILES, numbers.rows * (i + 1) // SORT_FILES)["x"]]]
    return {
        "groups": {"groups": rows, "rows": rows, "total": float((keys % 7).sum())},
        "join": {"rows": rows // 10, "total": float((some * 10 % 7 * (some % 3)).sum())},
        "ordered": {"rows": numbers.rows, "low": min(low for low, _ in ends), "high": max(high for _, high in ends), "ordered": True},
    }


class Comparison:
    def __init__(self, args: argparse.Namespace):
        self.args = args
        self.tables = make_tables(OUT / "data", args.scale)
        self.expected = expected(args.scale)
        self.soteria = Soteria.fresh(args.bin, OUT / "sealed")
        (OUT / "logs").mkdir(exist_ok=True)

    def open_side(self, name: str) -> Side:
        log = OUT / f"logs/large-{name}.log"
        command = [sys.executable, SIDE]
        if name == "A":
            output = OUT / "large-output"
            shutil.rmtree(output, ignore_errors=True)
            heap = f"{self.args.memory_mib}m"
            return Side(name, [*command, self.tables, output], spark_environment(f"local[2] --driver-memory {heap}"), log)
        soteria = self.soteria
        read = [soteria.folder / f"storage/{table}" for table in ("pairs", "some", "numbers")]
        for path in read:
            files = SORT_FILES if path.name == "numbers" else FILES
            soteria.call("put", self.tables / path.name, path, "--files", files, "--allow-simulated")
        host = soteria.start(1, 2, "--enclave-memory", f"{self.args.memory_mib}MiB")
        output = soteria.folder / "storage/output"
        manifest = soteria.manifest(*read, write=[output])
        return Side(name, soteria.run(manifest, *command, read[0].parent, output), soteria.environment, log, [host])

    def measure(self, name: str) -> dict[str, dict]:
        """A work's seconds, CPU seconds and peak of memory; or why it doesn't count."""
        side, found = self.open_side(name), {}
        try:
            for work in self.args.work:
                side.forget()
                one = side.once(work)
                result = {"seconds": one["seconds"], "cpu": side.cpu[0], "peak": side.peak}
                if "error" not in one:
                    judged = one if work != "sort" else side.once("ordered")
                    wanted = self.expected["ordered" if work == "sort" else work]
                    if judged.get("found") != wanted:
                        result["error"] = f"found {judged.get('found', judged.get('error'))}, expected {wanted}"
                else:
                    result["error"] = one["error"].splitlines()[0]
                found[work] = result
                print(f"{NAMES[name]:8} {work:7} {result['seconds']:8.2f} s, CPU {result['cpu']:.1f} s, peak {result['peak'] / 2**20:,.0f} MiB"
                      + (f"; doesn't count: {result['error']}" if "error" in result else ""), flush=True)
        except SideFailed as failure:
            print(f"{NAMES[name]:8} {failure}", flush=True)
            found[work] = {"error": str(failure)}
        finally:
            side.close()
            if name == "B":
                self.soteria.stop()
        return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="run bench --large", description=__doc__)
    parser.add_argument("work", nargs="*", help=f"{', '.join(WORKS)}; all if none is given")
    parser.add_argument("--large", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--bin", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--scale", type=float, default=1.0, help="of the rows (1)")
    parser.add_argument("--memory-mib", type=int, default=512, help="of Spark's heap, and of the enclave's plaintext (512)")
    parser.add_argument("--sides", default="BA", help="A Spark, B Soteria (BA)")
    args = parser.parse_args()
    args.work = args.work or list(WORKS)
    if unknown := set(args.work) - set(WORKS):
        parser.error(f"no work {', '.join(sorted(unknown))}: there are {', '.join(WORKS)}")
    if unknown := set(args.sides) - set(NAMES):
        parser.error(f"no side {', '.join(sorted(unknown))}: there are A and B")
    if not 0 < args.scale <= 1:
        parser.error("--scale is more than 0 and at most 1")
    print(f"machine: {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}; {args.memory_mib} MiB, scale {args.scale:g}, each once", flush=True)
    began = time.monotonic()
    comparison = Comparison(args)
    found = {name: comparison.measure(name) for name in args.sides}
    for work in args.work:
        sides = [found.get(name, {}).get(work, {"error": "not run"}) for name in "BA"]
        if not any("error" in side for side in sides):
            print(f"{work}: {sides[0]['seconds'] / sides[1]['seconds']:.3f} of Spark")
    (OUT / "large.out.json").write_text(json.dumps({"scale": args.scale, "memory_mib": args.memory_mib, "sides": found}, indent=1))
    print(f"bench/out/large.out.json; {(time.monotonic() - began) / 60:.0f} minutes")


if __name__ == "__main__":
    main()
