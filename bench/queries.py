#!/usr/bin/env python3
"""TPC-H side by side with stock Spark and a native Spark Connect server that protects nothing, on the same data. Called by ./run bench --queries.

Each side is a process with the tables as views that runs all queries once cold, then warm, a query on all sides after another in random
order. A query counts only where its rows are the published answer. Tables, queries and answers come from a package.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import random
import socket
import statistics
import subprocess
import sys
import time

from run import OUT, geometric, peers_python
from sides import CLUSTER, FILES, ROOT, SPARK_ENGINE, Side, SideFailed, Soteria, spark_environment

sys.path.append(str(ROOT / "tests"))
import tpch  # noqa: E402

FEW = ("nation", "region")  # tables of a handful of rows
SIDE = ROOT / "bench/query_side.py"
NAMES = {"A": "Spark", "B": "Soteria", "C": "pysail"}
# What is promised of ours to Spark's and to the native server's (geometric means), and of each query to Spark's.
PROMISED, PROMISED_EACH = {"A": 0.20, "C": 2.0}, 0.5


class Server:
    """The native server, on a port of its own."""

    def __init__(self, log: pathlib.Path):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        program = peers_python().parent / "sail"
        with log.open("w") as errors:
            self.process = subprocess.Popen([program, "spark", "server", "--port", str(self.port)], stdout=errors, stderr=errors)
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        self.close()
        raise SystemExit(f"bench: the native server does not listen; see {log}")

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=60)


class Results:
    """Of each side and query its warm seconds, its first ones, and why it doesn't count."""

    def __init__(self, sides: str, queries: list[int], answers: dict[int, list[list[str]]]):
        self.answers = answers
        self.wrong: dict[str, dict[int, str]] = {name: {} for name in sides}
        self.times: dict[str, dict[int, list[float]]] = {name: {number: [] for number in queries} for name in sides}
        self.cold: dict[str, dict[int, float]] = {name: {} for name in sides}

    def note(self, name: str, number: int, found: dict) -> None:
        """What a side says; with rows it is the first time."""
        if "error" in found:
            self.wrong[name][number] = found["error"].splitlines()[0]
        elif "rows" in found:
            self.cold[name][number] = found["seconds"]
            if apart := tpch.difference(found["rows"], self.answers[number]):
                self.wrong[name][number] = apart
        else:
            self.times[name][number].append(found["seconds"])

    def median(self, name: str, number: int) -> float | None:
        """None where it isn't an answer."""
        times = self.times.get(name, {}).get(number)
        return None if not times or number in self.wrong[name] else statistics.median(times)

    def ratio(self, number: int, over: str) -> float | None:
        ours, theirs = self.median("B", number), self.median(over, number)
        return None if ours is None or theirs is None else ours / theirs


class Comparison:
    def __init__(self, args: argparse.Namespace, soteria: Soteria):
        self.args, self.soteria = args, soteria
        self.tables = tpch.make_tables(OUT / "data", args.scale)
        self.queries = OUT / "queries.json"
        self.queries.write_text(json.dumps(tpch.queries()))
        self.results = Results(args.sides, args.query, tpch.answers(args.scale))
        self.server: Server | None = None
        self.started = False

    def open_side(self, name: str) -> Side:
        log = OUT / f"logs/queries-{name}.log"
        command = [sys.executable, SIDE, self.queries]
        if name == "A":
            master = f"{CLUSTER} --executor-memory 2g" if self.args.engine == "spark" else None
            return Side(name, [*command, self.tables, ".parquet"], spark_environment(master) if master else spark_environment(), log)
        if name == "C":
            self.server = Server(OUT / "logs/queries-server.log")
            remote = {**os.environ, "SPARK_REMOTE": f"sc://127.0.0.1:{self.server.port}"}
            return Side(name, [*command, self.tables, ".parquet"], remote, log, [self.server.process.pid])
        sealed = [self.soteria.folder / f"storage/{table}" for table in tpch.TABLES]
        for path in sealed:
            files = 1 if path.name in FEW else FILES
            self.soteria.call("put", self.tables / f"{path.name}.parquet", path, "--files", files, "--allow-simulated")
        host = self.soteria.start(2, 1, *SPARK_ENGINE) if self.args.engine == "spark" else self.soteria.start(1, 2)
        self.started = True
        return Side(name, self.soteria.run(self.soteria.manifest(*sealed), *command, sealed[0].parent), self.soteria.environment, log, [host])

    def once(self, side: Side, number: int, word: str = "") -> None:
        if number not in self.results.wrong[side.name]:
            self.results.note(side.name, number, side.once(f"{number} {word}"))

    def run(self) -> list[Side]:
        sides = []
        try:
            for name in self.args.sides:
                sides.append(self.open_side(name))
                for number in self.args.query:
                    self.once(sides[-1], number, "rows")
                sides[-1].forget()
            for _ in range(self.args.runs):
                for number in self.args.query:
                    for side in random.sample(sides, len(sides)):
                        self.once(side, number)
        except SideFailed as failure:
            raise SystemExit(f"bench: {failure}") from failure
        finally:
            for side in sides:
                side.close()
            if self.server:
                self.server.close()
            if self.started:
                self.soteria.stop()
        return sides

    def show(self, sides: list[Side]) -> dict:
        others = [name for name in self.args.sides if name != "B" and "B" in self.args.sides]
        print(f"query{''.join(f'{NAMES[name]:>12}' for name in self.args.sides)}{''.join(f'   to {NAMES[name]:7}' for name in others)}")
        for number in self.args.query:
            cells = [f"{found:10.3f} s" if (found := self.results.median(name, number)) is not None else f"{'-':>12}" for name in self.args.sides]
            over = [f"{found:13.3f}" if (found := self.results.ratio(number, name)) is not None else f"{'-':>13}" for name in others]
            print(f"{number:5}{''.join(cells)}{''.join(over)}")
        for side in sides:
            times = [found for number in self.args.query if (found := self.results.median(side.name, number)) is not None]
            if times:
                cold = sum(self.results.cold[side.name].values())
                print(f"{NAMES[side.name]:8} {sum(times):8.2f} s in all, geometric mean {geometric(times):.3f} s, cold {cold:.2f} s, "
                      f"CPU {sum(side.cpu) / self.args.runs:.1f} s, peak {side.peak / 2**20:,.0f} MiB")
            for number, why in self.results.wrong[side.name].items():
                print(f"{NAMES[side.name]:8} query {number} doesn't count: {why}")
        means = {}
        for name in others:
            ratios = {number: found for number in self.args.query if (found := self.results.ratio(number, name)) is not None}
            if ratios:
                means[name] = geometric(list(ratios.values()))
                worst = max(ratios, key=ratios.get)
                print(f"geometric mean of {len(ratios)} ratios to {NAMES[name]}: {means[name]:.3f} (promised: at most {PROMISED[name]}); the worst is query "
                      f"{worst}, {ratios[worst]:.3f}" + (f" (promised of each: at most {PROMISED_EACH})" if name == "A" else ""))
        return {"cores": os.cpu_count(), "load": os.getloadavg()[0], "scale": self.args.scale, "runs": self.args.runs, "engine": self.args.engine,
                "seconds": self.results.times, "cold": self.results.cold, "wrong": self.results.wrong, "means": means,
                "peak_pss": {side.name: side.peak for side in sides}, "cpu": {side.name: sum(side.cpu) / self.args.runs for side in sides}}


def main() -> None:
    parser = argparse.ArgumentParser(prog="run bench --queries", description=__doc__)
    parser.add_argument("query", nargs="*", type=int, help="numbers of queries; all 22 if none is given")
    parser.add_argument("--queries", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--bin", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--scale", type=float, choices=(0.01, 0.1, 1), default=1.0, help="1 is a gigabyte of text (1)")
    parser.add_argument("--sides", default=None, help="A Spark, B Soteria, C pysail (ABC)")
    parser.add_argument("--runs", type=int, default=3, help="warm repetitions of each query (3)")
    parser.add_argument("--engine", choices=("local", "spark"), default="local", help="what hosts the enclaves; on spark, stock Spark runs on the same cluster")
    args = parser.parse_args()
    if unknown := set(args.query) - set(tpch.NUMBERS):
        parser.error(f"no query {', '.join(map(str, sorted(unknown)))}: there are 1 to 22")
    args.query = args.query or list(tpch.NUMBERS)
    args.sides = args.sides or ("AB" if args.engine == "spark" else "ABC")
    if unknown := set(args.sides) - set(NAMES):
        parser.error(f"no side {', '.join(sorted(unknown))}: there are A, B and C")
    soteria = Soteria.fresh(args.bin, OUT / "sealed")
    (OUT / "logs").mkdir(exist_ok=True)
    print(f"machine: {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}; TPC-H at scale {args.scale:g}, seconds from text to rows, "
          f"medians of {args.runs}", flush=True)
    began = time.monotonic()
    comparison = Comparison(args, soteria)
    (OUT / "queries.out.json").write_text(json.dumps(comparison.show(comparison.run()), indent=1))
    print(f"bench/out/queries.out.json; {(time.monotonic() - began) / 60:.0f} minutes")


if __name__ == "__main__":
    main()
