#!/usr/bin/env python3
"""The paper's workloads side by side with stock Spark on the same rows, in one session. Called by ./run bench.

Each side is a process that reads its data and fits, again and again: once cold, then warm in turns. What counts are the ratios of
medians of one run, and the CPU seconds beside them: machines are noisy. A time counts only if both models are worth the same on the
test rows.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import time

import workloads
from bench_plot import write_plots
from sides import CLUSTER, FILES, ROOT, SPARK_ENGINE, SPARK_HOME, Side, SideFailed, Soteria, spark_environment

SIDE, PEER = ROOT / "bench/workload_side.py", ROOT / "bench/peer_side.py"
OUT = ROOT / "bench/out"
# What is promised of ours to Spark's, and of ours to the native program's.
PROMISED = {"als-M": (0.20, 0.6), "pca-M": (0.20, 1.0), "gbt-M": (0.08, 2.0), "gbt-T": (0.08, 2.0), "linear-M": (0.15, 1.0), "lr-T": (0.06, 0.4),
            "lr-M": (0.20, 0.5), "kmeans-M": (0.12, 0.8), "bayes-M": (0.20, 0.7), "lda-S": (0.10, 1.25)}
# How far a quality of ours may be from Spark's, relative or, where the name says so, absolute.
CLOSE = {"rmse": 1e-3, "nonzero": 0.01, "explained": 1e-6, "wssse": 0.01, "perplexity": 0.005}
CLOSE_ABSOLUTE = {"accuracy": 0.005, "auc": 0.005, "f1": 0.005, "logLoss": 0.01}


def peers_python() -> pathlib.Path:
    """An environment of the native programs' own, made the first time."""
    folder, wanted = ROOT / "build/peers", ROOT / "bench/peers.txt"
    python, stamp = folder / "bin/python", folder / "peers.txt"
    if not stamp.exists() or stamp.read_text() != wanted.read_text():
        print("installing the native programs of bench/peers.txt in build/peers", flush=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "-r", wanted], check=True)
        stamp.write_text(wanted.read_text())
    return python


def protected_environment() -> dict[str, str]:
    """Stock Spark with encryption of what it reads (Parquet's modular encryption), spills, shuffles and sends."""
    classes = OUT / "kms"
    if not (classes / "BenchKms.class").exists():
        classes.mkdir(parents=True, exist_ok=True)
        subprocess.run(["javac", "-cp", f"{SPARK_HOME}/jars/*", "-d", classes, ROOT / "bench/BenchKms.java"], check=True)
    environment = spark_environment()
    encrypted = ("spark.io.encryption.enabled=true", "spark.network.crypto.enabled=true", "spark.authenticate=true", "spark.authenticate.secret=bench",
                 "spark.hadoop.parquet.crypto.factory.class=org.apache.parquet.crypto.keytools.PropertiesDrivenCryptoFactory",
                 "spark.hadoop.parquet.encryption.kms.client.class=BenchKms")
    arguments = f"--driver-class-path {classes} " + "".join(f"--conf {one} " for one in encrypted)
    environment["PYSPARK_SUBMIT_ARGS"] = arguments + environment["PYSPARK_SUBMIT_ARGS"]
    return environment


def encrypted_copies(plain: tuple[pathlib.Path, ...], environment: dict[str, str]) -> list[pathlib.Path]:
    """Made the first time."""
    copies = [path.with_name(f"{path.name}-encrypted") for path in plain]
    if not all((copy / "_SUCCESS").exists() for copy in copies):
        for copy in copies:
            shutil.rmtree(copy, ignore_errors=True)
        pairs = [str(path) for pair in zip(plain, copies) for path in pair]
        subprocess.run([sys.executable, ROOT / "bench/encrypt_side.py", *pairs], env=environment, check=True, capture_output=True)
    return copies


def same_quality(ours: dict, theirs: dict) -> list[str]:
    """What our model is worth less or more than theirs, beyond what is allowed."""
    apart = []
    for name, value in theirs.items():
        mine = ours.get(name)
        allowed = CLOSE_ABSOLUTE[name] if name in CLOSE_ABSOLUTE else CLOSE[name] * abs(value)
        if mine is None or not abs(mine - value) <= allowed:
            apart.append(f"{name} {mine} for {value}")
    return apart


def checkpoints(environment: dict[str, str], folder: pathlib.Path) -> dict[str, str]:
    """Long lineages of stock Spark (ALS) overflow the stack without a folder for checkpoints."""
    arguments = environment["PYSPARK_SUBMIT_ARGS"].replace("pyspark-shell", f"--conf spark.checkpoint.dir={folder / 'checkpoints'} pyspark-shell")
    return environment | {"PYSPARK_SUBMIT_ARGS": arguments}


class Comparison:
    """One workload at one size, on all sides that were asked for."""

    def __init__(self, args: argparse.Namespace, soteria: Soteria, workload: str, size: str):
        self.args, self.soteria, self.name = args, soteria, f"{workload}-{size}"
        case = workloads.CASES[workload][size]
        self.train, self.test = workloads.prepare(OUT / "data", workload, size)
        self.arguments = [workload, json.dumps(case.params)]
        self.failed: dict[str, str] = {}
        self.quality: dict[str, dict] = {}
        self.cold: dict[str, float] = {}

    def open_sides(self) -> list[Side]:
        sides, logs = [], OUT / "logs"
        logs.mkdir(exist_ok=True)
        spark_master = f"{CLUSTER} --executor-memory 2g" if self.args.engine == "spark" else None
        stock = spark_environment(spark_master) if spark_master else spark_environment()
        for name in self.args.sides:
            log = logs / f"{self.name}-{name}.log"
            plain = [SIDE, *self.arguments, self.train, self.test]
            if name == "B":
                sealed = [self.soteria.folder / f"storage/{path.name}" for path in (self.train, self.test)]
                for path, root in zip((self.train, self.test), sealed):
                    if not root.exists():
                        self.soteria.call("put", path, root, "--files", FILES, "--allow-simulated")
                host = self.soteria.start(2, 1, *SPARK_ENGINE) if spark_master else self.soteria.start(1, 2)
                manifest = self.soteria.manifest(*sealed)
                sides.append(Side("B", self.soteria.run(manifest, sys.executable, SIDE, *self.arguments, *sealed), self.soteria.environment, log, [host]))
            elif name == "C":
                one = {**os.environ, "OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"}
                sides.append(Side("C", [peers_python(), PEER, *self.arguments, self.train, self.test], one, log))
            elif name == "D":
                environment = protected_environment()
                copies = encrypted_copies((self.train, self.test), environment)
                sides.append(Side("D", [sys.executable, SIDE, *self.arguments, *copies], checkpoints(environment, OUT), log))
            else:
                sides.append(Side(name, [sys.executable, *plain], checkpoints(stock, OUT), log))
        return sides

    def attempt(self, side: Side, word: str) -> dict | None:
        """What it answers; none once the side has failed."""
        if side.name in self.failed:
            return None
        try:
            return side.once(word)
        except SideFailed as failure:
            self.failed[side.name] = f"{failure}: {last_line(side.log)}"
            return None

    def run(self) -> dict:
        sides = self.open_sides()
        try:
            for side in sides:
                if (found := self.attempt(side, "judge")) is not None:
                    self.cold[side.name], self.quality[side.name] = found["seconds"], found["quality"]
                if not self.args.quick:
                    self.attempt(side, "fit")
                side.forget()
            for _ in range(self.args.runs):
                for side in random.sample(sides, len(sides)):
                    self.attempt(side, "fit")
        finally:
            for side in sides:
                side.close()
            if "B" in self.args.sides:
                self.soteria.stop()
        return self.result(sides)

    def result(self, sides: list[Side]) -> dict:
        result: dict = {"workload": self.name, "failed": self.failed, "sides": {}}
        for side in sides:
            if side.name in self.failed or not side.times:
                continue
            result["sides"][side.name] = {
                "seconds": side.times, "median": statistics.median(side.times), "cold": self.cold[side.name],
                "cpu": statistics.median(side.cpu), "peak_pss": side.peak, "quality": self.quality[side.name]}
        if "A" in self.quality and "B" in self.quality:
            result["apart"] = same_quality(self.quality["B"], self.quality["A"])
        result["load"] = os.getloadavg()[0]
        return result


def last_line(log: pathlib.Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1][:200] if lines else "no output"


NAMES = {"A": "Spark", "B": "Soteria", "C": "native", "D": "Spark, encrypted"}


def ratio(result: dict, over: str) -> float | None:
    sides = result["sides"]
    return sides["B"]["median"] / sides[over]["median"] if "B" in sides and over in sides else None


def show(result: dict) -> None:
    promised = PROMISED.get(result["workload"], (None, None))
    print(f"{result['workload']}  (load {result['load']:.1f})")
    for name, side in result["sides"].items():
        quality = ", ".join(f"{what} {value:.6g}" for what, value in side["quality"].items())
        print(f"  {NAMES[name]:17} {side['median']:8.3f} s ({min(side['seconds']):.3f}-{max(side['seconds']):.3f}), cold {side['cold']:7.2f}, "
              f"CPU {side['cpu']:7.2f} s, peak {side['peak_pss'] / 2**20:6,.0f} MiB; {quality}")
    for name, why in result["failed"].items():
        print(f"  {NAMES[name]:17} failed: {why}")
    for over, limit in zip("AC", promised):
        if (found := ratio(result, over)) is not None:
            print(f"  to {NAMES[over]:14} {found:8.3f}" + (f"  (promised: at most {limit})" if limit else ""))
    if result.get("apart"):
        print(f"  THE MODELS DIFFER, so the times don't count: {'; '.join(result['apart'])}")
    sys.stdout.flush()


def geometric(ratios: list[float]) -> float:
    return math.exp(statistics.fmean(map(math.log, ratios)))


def main() -> None:
    parser = argparse.ArgumentParser(prog="run bench", description=__doc__)
    parser.add_argument("workload", nargs="*", help=f"of {', '.join(workloads.CASES)}; all if none is named")
    parser.add_argument("--bin", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--size", default=None, help="S, M, T or several (MT, the default)")
    parser.add_argument("--sides", default=None, help="A Spark, B Soteria, C the native program, D Spark with encryption (ABC)")
    parser.add_argument("--runs", type=int, default=None, help="warm repetitions of each side (5)")
    parser.add_argument("--quick", action="store_true", help="size S, three repetitions, no second warm-up")
    parser.add_argument("--engine", choices=("local", "spark"), default="local", help="what hosts the enclaves; on spark, stock Spark runs on the same cluster")
    args = parser.parse_args()
    if unknown := set(args.workload) - set(workloads.CASES):
        parser.error(f"no workload {', '.join(sorted(unknown))}: there are {', '.join(workloads.CASES)}")
    args.size = args.size or ("S" if args.quick else "MT")
    args.sides = args.sides or ("AB" if args.engine == "spark" else "ABC")
    args.runs = args.runs or (3 if args.quick else 5)
    soteria = Soteria.fresh(args.bin, OUT / "sealed")
    print(f"machine: {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}; seconds of load + fit, medians of {args.runs}", flush=True)
    began, results = time.monotonic(), []
    for workload, size in workloads.chosen(args.workload, args.size):
        results.append(Comparison(args, soteria, workload, size).run())
        show(results[-1])
        (OUT / "bench.json").write_text(json.dumps({"cores": os.cpu_count(), "runs": args.runs, "engine": args.engine, "results": results}, indent=1))
    for over in "AC":
        ratios = [found for result in results if not result.get("apart") and (found := ratio(result, over)) is not None]
        if ratios:
            print(f"geometric mean of {len(ratios)} ratios to {NAMES[over]}: {geometric(ratios):.3f}")
    write_plots(OUT / "bench.json", OUT / "bench.svg")
    print(f"bench/out/bench.json, bench.svg; {(time.monotonic() - began) / 60:.0f} minutes")


if __name__ == "__main__":
    main()
