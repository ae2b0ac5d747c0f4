#!/usr/bin/env python3
"""What a stage and a session cost, beside bare Spark jobs of the same shape. Called by ./run bench --stages."""

from __future__ import annotations

import argparse
import json
import math
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import time
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import moved
import workloads
from sides import CLUSTER, FILES, ROOT, SPARK_CONF, SPARK_ENGINE, SPARK_HOME, Soteria

# Of the reduce stages in stage_latency, sealed.
PARTIAL_BYTES, TASK_BYTES = 240, 740


def spread(times: list[float]) -> str:
    return f"{statistics.median(times):.1f} ms ({min(times):.1f}-{max(times):.1f})"


def tiny_table(soteria: Soteria, rows: int, files: int) -> pathlib.Path:
    tiny, sealed = soteria.folder / f"tiny{files}.parquet", soteria.folder / f"storage/tiny{files}"
    generator = np.random.Generator(np.random.PCG64(1))
    table = {f"x{i}": generator.normal(size=rows) for i in range(4)} | {"label": np.arange(rows) % 2.0}
    pq.write_table(pa.table(table), tiny)
    soteria.call("put", tiny, sealed, "--files", files, "--allow-simulated")
    return sealed


# Of a fit with one iteration: stages that every fit has. Its rows are summarised, and one loss and gradient are asked for.
STAGES_OF_ONE = 5


def stage_latency(soteria: Soteria, sealed: pathlib.Path, *engine, fits=10, beside=None) -> tuple[list[float], list[int]]:
    """Stages that do next to nothing: iterative fits on few rows, on two workers. What more iterations cost, divided by the
    stages they take: the calls themselves don't count. Milliseconds a stage, and milliseconds to attest and provision. The
    first session only warms up. `beside` is called after each with the number of its stages."""
    soteria.start(2, 1, *engine)
    manifest = soteria.manifest(sealed)
    report = re.compile(r"attested and provisioned in (\d+) ms(?s:.)*session: (\d+) stages")
    connected, each = [], []
    for _ in range(6):
        time.sleep(1.0)  # the host has a fresh master and workers ready
        command = soteria.run(manifest, sys.executable, ROOT / "bench/stage_side.py", sealed, fits)
        command.insert(2, "--verbose")
        done = subprocess.run(command, env=soteria.environment, capture_output=True, text=True, check=True)
        provisioned, count = map(int, report.search(done.stderr).groups())
        connected.append(provisioned)
        few, many = map(float, done.stdout.split())
        more = count - STAGES_OF_ONE * (2 * fits + 1)
        each.append((many - few) * 1000 / more)
        if beside:
            beside(count)
    soteria.stop()
    return each[1:], connected[1:]


class BareJobs:
    """Spark jobs of the shape of one of our reduce stages that do nothing, on the same kind of cluster with the same
    configuration: compiled, warm, one after another."""

    def __init__(self, folder: pathlib.Path, partitions: int):
        folder.mkdir()
        subprocess.run(["javac", "-cp", f"{SPARK_HOME}/jars/*", "-d", folder, ROOT / "bench/BareStages.java"], check=True)
        with zipfile.ZipFile(folder / "bare.jar", "w") as jar:
            for compiled in folder.glob("*.class"):
                jar.write(compiled, compiled.name)
        fan_in = max(8, math.isqrt(partitions - 1) + 1)
        # What host/spark's Main sets, and `soteria cluster start`.
        conf = {f"spark.{what}.compress": "false" for what in ("shuffle", "shuffle.spill", "broadcast", "rdd")}
        conf |= {"spark.driver.maxResultSize": "0", "spark.log.level": "WARN", **SPARK_CONF}
        self.times: list[float] = []
        self.errors = folder / "log"
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                [str(SPARK_HOME / "bin/spark-submit"), "--master", CLUSTER, "--class", "BareStages",
                 *(word for name, value in conf.items() for word in ("--conf", f"{name}={value}")),
                 str(folder / "bare.jar"), *map(str, (partitions, fan_in, PARTIAL_BYTES, TASK_BYTES))],
                env={**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_WORKER_DIR": str(folder)}, cwd=folder,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)

    def run(self, jobs: int) -> None:
        self.process.stdin.write(f"{jobs}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"bench: the bare Spark jobs failed; see {self.errors}")
        self.times.append(float(line))

    def close(self) -> list[float]:
        """Milliseconds a job; the first run has only warmed up."""
        self.process.stdin.close()
        self.process.wait(timeout=60)
        return self.times[1:]


def bytes_moved(soteria: Soteria) -> None:
    """What Spark moves of a job whose every stage is a Spark job, beside what the enclaves sealed."""
    events, record = soteria.folder / "events", soteria.folder / "record"
    events.mkdir()
    conf = {"spark.soteria.residentBytes": "0", "spark.eventLog.enabled": "true", "spark.eventLog.dir": events.as_uri(),
            "spark.eventLog.rolling.enabled": "false", "spark.eventLog.compress": "false", "spark.eventLog.logBlockUpdates.enabled": "true"}
    table = tiny_table(soteria, 20_000, 8)
    soteria.start(2, 1, *SPARK_ENGINE, "--record", record, *(w for name, value in conf.items() for w in ("--spark-conf", f"{name}={value}")))
    command = soteria.run(soteria.manifest(table), sys.executable, ROOT / "bench/bytes_side.py", table)
    subprocess.run(command, env=soteria.environment, capture_output=True, text=True, check=True)
    soteria.stop()
    (log,) = events.iterdir()
    found = moved.events_in(log)
    for what, amount in {**moved.shuffles(found, record, 1), "broadcast": moved.broadcasts(found, record, 1)}.items():
        print(f"  {what:9} {amount}")


def on_spark(soteria: Soteria) -> None:
    """The same with Apache Spark as the host."""
    tiny = tiny_table(soteria, 64, 16)
    print(f"on {CLUSTER}: an iteration with empty tasks, 16 partitions, in a resident task:")
    each, _ = stage_latency(soteria, tiny, *SPARK_ENGINE)
    print(f"  {statistics.median(each):.2f} ms a stage")
    print("the same as Spark stages (3 a reduce, 19 tasks), beside a bare Spark job of that shape, bytes and cluster:")
    jobs = BareJobs(soteria.folder / "bare", 16)
    each, _ = stage_latency(soteria, tiny, *SPARK_ENGINE, "--spark-conf", "spark.soteria.residentBytes=0", fits=2, beside=jobs.run)
    bare = jobs.close()
    print(f"  Soteria {spread(each)}, bare {spread(bare)}, ratio {statistics.median(each) / statistics.median(bare):.2f} "
          f"(promised: at most 1.2; load {os.getloadavg()[0]:.1f})")
    print("bytes that Spark moves, by its event log: shuffles written by reduce and shuffle stages, read; broadcasts fetched:")
    bytes_moved(soteria)


def put_speed(soteria: Soteria) -> None:
    plain, sealed = soteria.folder / "plain", soteria.folder / "storage/put"
    workloads.write_labelled(plain, 200_000, 100, 0.2, FILES)
    size = sum(file.stat().st_size for file in plain.iterdir())
    print(f"put of Parquet, {size / 2**20:.0f} MiB, one core:")
    seconds = []
    for _ in range(3):
        shutil.rmtree(sealed, ignore_errors=True)
        seconds.append(soteria.call("put", plain, sealed, "--files", FILES, "--allow-simulated", preexec_fn=lambda: os.sched_setaffinity(0, {0})))
    print(f"  {size / 1e6 / statistics.median(seconds):.0f} MB/s (promised: at least 100)")


def main() -> None:
    parser = argparse.ArgumentParser(prog="run bench --stages", description=__doc__)
    parser.add_argument("--bin", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--stages", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--engine", choices=("all", "local", "spark"), default="all", help="whose figures")
    args = parser.parse_args()
    folder = ROOT / "bench/out/stages"
    soteria = Soteria.fresh(args.bin, folder)
    print(f"machine: {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}")
    if args.engine != "spark":
        put_speed(soteria)
        print("a stage with empty tasks, 4 partitions on 2 workers:")
        each, connected = stage_latency(soteria, tiny_table(soteria, 8, 4))
        print(f"  {statistics.median(each):.2f} ms a stage (promised: under 2)")
        print(f"attest + provision:\n  {statistics.median(connected):.0f} ms (promised: under 100)")
    if args.engine != "local":
        on_spark(soteria)


if __name__ == "__main__":
    main()
