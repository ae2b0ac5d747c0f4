#!/usr/bin/env python3
"""The project's figures, side by side with stock Spark on the same rows. Called by ./run bench.

Speed is a ratio of medians of alternating runs in one session: machines are noisy, so absolute times
are shown but not promised. Memory is the peak PSS of all processes of a side.
"""

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
import threading
import time
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyspark

import moved

ROOT = pathlib.Path(__file__).resolve().parent.parent
SIDE = ROOT / "bench/lr_side.py"
FILES = 8
SPARK_HOME = pathlib.Path(pyspark.__file__).parent
CLUSTER = "local-cluster[2,1,2048]"
SPARK_CONF = {"spark.executor.memory": "2g", "spark.ui.enabled": "false"}
SPARK_ENGINE = ("--engine", "spark", "--spark-home", SPARK_HOME, "--spark-master", CLUSTER,
                *(word for name, value in SPARK_CONF.items() for word in ("--spark-conf", f"{name}={value}")))
# Of the reduce stages in stage_latency, sealed.
PARTIAL_BYTES, TASK_BYTES = 240, 740
VECTOR = pa.struct([
    pa.field("type", pa.int8(), nullable=False), pa.field("size", pa.int32()),
    pa.field("indices", pa.list_(pa.field("element", pa.int32(), nullable=False))),
    pa.field("values", pa.list_(pa.field("element", pa.float64(), nullable=False)))])
VECTOR_JSON = {
    "type": "udt", "class": "org.apache.spark.ml.linalg.VectorUDT",
    "pyClass": "pyspark.ml.linalg.VectorUDT",
    "sqlType": {"type": "struct", "fields": [
        {"name": "type", "type": "byte", "nullable": False, "metadata": {}},
        {"name": "size", "type": "integer", "nullable": True, "metadata": {}},
        {"name": "indices", "type": {"type": "array", "elementType": "integer", "containsNull": False}, "nullable": True, "metadata": {}},
        {"name": "values", "type": {"type": "array", "elementType": "double", "containsNull": False}, "nullable": True, "metadata": {}}]}}


def write_lr_t(folder: pathlib.Path, rows: int, columns: int, files: int = FILES) -> None:
    """y = i mod 2, x = N(0, 1) + 0.2 y on every feature; PCG64, seed 42; VectorUDT for both sides."""
    folder.mkdir(parents=True)
    generator = np.random.Generator(np.random.PCG64(42))
    schema = pa.schema([pa.field("label", pa.float64(), nullable=False), pa.field("features", VECTOR)])
    spark_schema = {"type": "struct", "fields": [
        {"name": "label", "type": "double", "nullable": False, "metadata": {}},
        {"name": "features", "type": VECTOR_JSON, "nullable": True, "metadata": {}}]}
    schema = schema.with_metadata({"org.apache.spark.version": "4.3.0",
                                   "org.apache.spark.sql.parquet.row.metadata": json.dumps(spark_schema)})
    each = rows // files
    for number in range(files):
        label = (np.arange(each) + number * each) % 2.0
        values = generator.normal(size=(each, columns)) + 0.2 * label[:, None]
        lists = pa.ListArray.from_arrays(pa.array(np.arange(each + 1) * columns, pa.int32()), pa.array(values.ravel()),
                                         type=VECTOR.field("values").type)
        features = pa.StructArray.from_arrays(
            [pa.array(np.ones(each, np.int8)), pa.nulls(each, pa.int32()), pa.nulls(each, VECTOR.field("indices").type), lists],
            fields=list(VECTOR))
        table = pa.table([pa.array(label), features], schema=schema)
        pq.write_table(table, folder / f"part-{number:05d}.parquet", compression="snappy", use_dictionary=False)


def descendants(pids: list[int]) -> list[int]:
    children: dict[int, list[int]] = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, queue = [], list(pids)
    while queue:
        pid = queue.pop()
        found.append(pid)
        queue += children.get(pid, [])
    return found


def pss_bytes(pids: list[int]) -> int:
    total = 0
    for pid in descendants(pids):
        try:
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
        except OSError:
            continue
    return total


class PeakMemory:
    """Samples the PSS of process trees until stopped."""

    def __init__(self, pids: list[int]):
        self.pids, self.peak = pids, 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(0.1):
            self.peak = max(self.peak, pss_bytes(self.pids))

    def stop(self) -> int:
        self._stop.set()
        self._thread.join()
        return self.peak


class Side:
    def __init__(self, name: str, command: list[str], environment: dict[str, str], extra_pids: list[int], log: pathlib.Path):
        self.name, self.times, self.peak, self.last = name, [], 0, ""
        with log.open("w") as errors:
            self.process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)
        self.pids = [self.process.pid, *extra_pids]

    def once(self) -> float:
        memory = PeakMemory(self.pids)
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        self.peak = max(self.peak, memory.stop())
        if not line:
            raise SystemExit(f"bench: the {self.name} side ended early (exit code {self.process.wait()}); see bench/out/{self.name}.log")
        seconds, self.last = line.split(maxsplit=1)
        return float(seconds)

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=60)


class Soteria:
    def __init__(self, bin_folder: pathlib.Path, folder: pathlib.Path):
        self.bin, self.folder = bin_folder, folder
        self.environment = {**os.environ, "SOTERIA_HOME": str(folder / "home")}

    def command(self, *args) -> list[str]:
        return [str(self.bin / "soteria"), *map(str, args)]

    def call(self, *args, **kwargs) -> float:
        began = time.perf_counter()
        done = subprocess.run(self.command(*args), env=self.environment, capture_output=True, text=True, check=False, **kwargs)
        if done.returncode != 0:
            raise SystemExit(f"bench: soteria {args[0]} failed:\n{done.stdout}{done.stderr}")
        return time.perf_counter() - began

    def start(self, workers: int, slots: int, *options) -> int:
        self.call("cluster", "start", "--simulated", "--dir", self.folder / "cluster", "--workers", workers, "--slots", slots, *options)
        return int(json.loads((self.folder / "cluster/state.json").read_text())["pid"])

    def stop(self) -> None:
        self.call("cluster", "stop", "--dir", self.folder / "cluster")

    def manifest(self, read: pathlib.Path) -> pathlib.Path:
        out = self.folder / f"{read.name}.toml"
        out.unlink(missing_ok=True)
        self.call("manifest", "new", "--out", out, "--simulated", "--cluster", self.folder / "cluster",
                  "--read", read, "--output", "rows,metrics,models")
        return out

    def run(self, manifest: pathlib.Path, *command) -> list[str]:
        return self.command("run", "--manifest", manifest, "--cluster", self.folder / "cluster", "--", *command)


def spark_environment(master: str = "local[2] --driver-memory 8g", files: int = FILES) -> dict[str, str]:
    return {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_WORKER_DIR": str(ROOT / "bench/out/work"),
            "PYSPARK_SUBMIT_ARGS": f"--master {master} --conf spark.ui.enabled=false "
            "--conf spark.sql.shuffle.partitions=8 --conf spark.default.parallelism=8 "
            f"--conf spark.sql.files.minPartitionNum={files} --conf spark.ui.showConsoleProgress=false pyspark-shell"}


def logistic_regression(soteria: Soteria, plain: pathlib.Path, sealed: pathlib.Path, runs: int, on_spark: bool = False) -> None:
    if on_spark:
        host = soteria.start(2, 1, *SPARK_ENGINE)
        stock, time_promised, memory_promised = spark_environment(f"{CLUSTER} --executor-memory 2g"), 0.4, None
    else:
        host = soteria.start(workers=1, slots=2)
        stock, time_promised, memory_promised = spark_environment(), 0.25, 0.5
    manifest = soteria.manifest(sealed)
    sides = [
        Side("Soteria", soteria.run(manifest, sys.executable, SIDE, sealed), soteria.environment, [host], soteria.folder / "Soteria.log"),
        Side("Spark", [sys.executable, str(SIDE), str(plain)], stock, [], soteria.folder / "Spark.log"),
    ]
    for side in sides:
        print(f"  {side.name:8} cold {side.once():7.3f} s", flush=True)
        side.once()
        side.peak = 0
    for number in range(runs):
        for side in sides if number % 2 == 0 else reversed(sides):
            side.times.append(side.once())
    for side in sides:
        side.close()
    soteria.stop()
    for side in sides:
        print(f"  {side.name:8} warm {statistics.median(side.times):7.3f} s (median of {runs}, {min(side.times):.3f}-{max(side.times):.3f}), "
              f"peak PSS {side.peak / 2**20:,.0f} MiB; loss, iterations, intercept: {side.last.strip()}")
    ours, theirs = sides
    print(f"  time ratio   {statistics.median(ours.times) / statistics.median(theirs.times):.3f}  (promised: at most {time_promised})")
    print(f"  memory ratio {ours.peak / theirs.peak:.3f}" + (f"  (promised: at most {memory_promised})" if memory_promised else ""))


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


def on_spark(soteria: Soteria, plain: pathlib.Path, sealed: pathlib.Path, runs: int) -> None:
    """The same with Apache Spark as the host; stock MLlib on the same kind of cluster."""
    print(f"on {CLUSTER}: LogisticRegression as above, load + fit:")
    logistic_regression(soteria, plain, sealed, runs, on_spark=True)
    tiny = tiny_table(soteria, 64, 16)
    print("an iteration with empty tasks, 16 partitions, in a resident task:")
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--columns", type=int, default=100)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--engine", choices=("all", "local", "spark"), default="all", help="whose figures")
    args = parser.parse_args()
    folder = ROOT / "bench/out"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    soteria = Soteria(args.bin.resolve(), folder)
    print(f"machine: {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}")
    plain, sealed = folder / "lr_t", folder / "storage/lr_t"
    write_lr_t(plain, args.rows, args.columns)
    soteria.call("keygen")
    size = sum(file.stat().st_size for file in plain.iterdir())
    print(f"put of Parquet, {size / 2**20:.0f} MiB, one core:")
    seconds = []
    for _ in range(3):
        shutil.rmtree(sealed, ignore_errors=True)
        seconds.append(soteria.call("put", plain, sealed, "--files", FILES, "--allow-simulated", preexec_fn=lambda: os.sched_setaffinity(0, {0})))
    print(f"  {size / 1e6 / statistics.median(seconds):.0f} MB/s (promised: at least 100)")
    if args.engine == "spark":
        on_spark(soteria, plain, sealed, args.runs)
        return
    print(f"LogisticRegression(maxIter=100, tol=1e-6), {args.rows:,} x {args.columns}, load + fit:")
    logistic_regression(soteria, plain, sealed, args.runs)
    print("a stage with empty tasks, 4 partitions on 2 workers:")
    each, connected = stage_latency(soteria, tiny_table(soteria, 8, 4))
    print(f"  {statistics.median(each):.2f} ms a stage (promised: under 2)")
    print(f"attest + provision:\n  {statistics.median(connected):.0f} ms (promised: under 100)")
    if args.engine != "local":
        on_spark(soteria, plain, sealed, args.runs)


if __name__ == "__main__":
    main()
