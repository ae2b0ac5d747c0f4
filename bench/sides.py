"""What the comparisons share: processes of a side, their memory and CPU time, the project's own programs, stock Spark's environment."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time

import pyspark

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILES = 8
SPARK_HOME = pathlib.Path(pyspark.__file__).parent
CLUSTER = "local-cluster[2,1,2048]"
SPARK_CONF = {"spark.executor.memory": "2g", "spark.ui.enabled": "false"}
SPARK_ENGINE = ("--engine", "spark", "--spark-home", SPARK_HOME, "--spark-master", CLUSTER,
                *(word for name, value in SPARK_CONF.items() for word in ("--spark-conf", f"{name}={value}")))
TICK = os.sysconf("SC_CLK_TCK")


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


def cpu_seconds(pids: list[int]) -> float:
    """Of the processes and of their children that have ended."""
    total = 0
    for pid in descendants(pids):
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15]))
    return total / TICK


def through_host(log: pathlib.Path) -> tuple[int, int]:
    """Bytes of frames out of and into enclaves, as the log of a host says whose session was --verbose."""
    found = re.findall(r"enclave: (\d+) bytes from it, (\d+) bytes to it", log.read_text())
    return sum(int(out) for out, _ in found), sum(int(into) for _, into in found)


class Side:
    """A program that repeats its work each time it is given a word, and answers with a line of JSON that has its `seconds`."""

    def __init__(self, name: str, command: list, environment: dict[str, str], log: pathlib.Path, extra_pids: list[int] = ()):
        self.name, self.log = name, log
        self.times: list[float] = []
        self.cpu: list[float] = []
        self.peak = 0
        with log.open("w") as errors:
            self.process = subprocess.Popen(list(map(str, command)), env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)
        self.pids = [self.process.pid, *extra_pids]

    def once(self, word: str = "fit") -> dict:
        memory, before = PeakMemory(self.pids), cpu_seconds(self.pids)
        try:
            self.process.stdin.write(f"{word}\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        self.peak = max(self.peak, memory.stop())
        if not line:
            raise SideFailed(f"the {self.name} side ended early (exit code {self.process.wait()}); see {self.log}")
        found = json.loads(line)
        self.times.append(found["seconds"])
        self.cpu.append(cpu_seconds(self.pids) - before)
        return found

    def forget(self) -> None:
        """What came so far was to warm up."""
        self.times, self.cpu, self.peak = [], [], 0

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.stdout.close()


class SideFailed(Exception):
    pass


class Soteria:
    def __init__(self, bin_folder: pathlib.Path, folder: pathlib.Path):
        self.bin, self.folder = bin_folder, folder
        self.environment = {**os.environ, "SOTERIA_HOME": str(folder / "home")}

    @classmethod
    def fresh(cls, bin_folder: pathlib.Path, folder: pathlib.Path) -> Soteria:
        """In an emptied folder, with a key."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        soteria = cls(bin_folder.resolve(), folder)
        soteria.call("keygen")
        return soteria

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

    def manifest(self, *read: pathlib.Path, write: tuple[pathlib.Path, ...] = ()) -> pathlib.Path:
        out = self.folder / f"{read[0].name}.toml"
        out.unlink(missing_ok=True)
        self.call("manifest", "new", "--out", out, "--simulated", "--cluster", self.folder / "cluster",
                  *(word for path in read for word in ("--read", path)), *(word for path in write for word in ("--write", path)),
                  "--output", "rows,metrics,models")
        return out

    def run(self, manifest: pathlib.Path, *command) -> list[str]:
        return self.command("run", "--manifest", manifest, "--cluster", self.folder / "cluster", "--", *command)


def spark_environment(master: str = "local[2] --driver-memory 8g", files: int = FILES) -> dict[str, str]:
    return {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_WORKER_DIR": str(ROOT / "bench/out/work"),
            "PYSPARK_SUBMIT_ARGS": f"--master {master} --conf spark.ui.enabled=false "
            "--conf spark.sql.shuffle.partitions=8 --conf spark.default.parallelism=8 "
            f"--conf spark.sql.files.minPartitionNum={files} --conf spark.ui.showConsoleProgress=false pyspark-shell"}
