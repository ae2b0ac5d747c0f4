#!/usr/bin/env python3
"""What the two schemes cost, under enclaves with little memory and with much. Called by ./run bench --schemes.

Train and evaluate: logistic regression, fit and transform, area under ROC, accuracy and F1, with the metrics computed
inside the enclaves or outside; and the four workloads by which the paper compares its schemes, at size S. Every
configuration of Soteria is a session of its own, with one worker of two slots; Spark has local[2]. CPU time is the
more telling figure where a machine has other work to do; the load is printed.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

from run import checkpoints, same_quality
from schemes_plot import busy_note, write_plots
from sides import ROOT, TICK, Soteria, descendants, spark_environment, through_host
from workloads import CASES, TRAIN_FILES, prepare, write_labelled

SIDE, WORKLOAD_SIDE = ROOT / "bench/scheme_side.py", ROOT / "bench/workload_side.py"
PAPER = ("als", "pca", "gbt", "linear")
COLUMNS = 100
SMALL, LARGE = 200_000, 2_000_000
ROWS_PER_FILE = 31_250  # of the larger: 25 MB, so that two tasks fit into the smallest memory one after another
KINDS = 'scheme = "partitioned"\nkinds = ["binary", "multiclass", "regression"]\nbudget = 200000000000000\n'
SCHEMES = {
    "baseline": "",
    "aggregate": KINDS,
    "scores": KINDS + 'release = "scores"\n',
    "scores, unverified": KINDS + 'release = "scores"\nunverified = true\n',
}
MEMORY = ("unlimited", "1GiB", "128MiB")
INSIDE, OUTSIDE = ("soteria-master", "soteria-worker"), ("soteria-host", "soteria-stats")


@dataclasses.dataclass
class Result:
    """Of one repetition: medians of times, means of the rest; bytes where nothing else is said."""

    rows: int
    scheme: str
    memory: str
    seconds: list[float]
    cpu_inside: float = 0.0
    cpu_outside: float = 0.0
    into: int = 0  # frames into enclaves
    out_of: int = 0
    storage: int = 0  # read
    spilled: int = 0
    opened: int = 0
    peak: int = 0  # worker and master
    released: int = 0
    values: dict[str, float] = dataclasses.field(default_factory=dict)
    busy: float = 0.0  # cores with other work, before the session

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


@dataclasses.dataclass
class Usage:
    """Of processes by name."""

    cpu: dict[str, float] = dataclasses.field(default_factory=dict)
    peak: dict[str, int] = dataclasses.field(default_factory=dict)
    read: dict[str, int] = dataclasses.field(default_factory=dict)


def usage(pid: int) -> Usage:
    found = Usage()
    for process in descendants([pid]):
        folder = pathlib.Path(f"/proc/{process}")
        try:
            name = pathlib.Path((folder / "cmdline").read_text().split("\0")[0]).name
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            peak = int(re.search(r"VmHWM:\s+(\d+) kB", (folder / "status").read_text()).group(1)) * 1024
            read = int(re.search(r"rchar: (\d+)", (folder / "io").read_text()).group(1))
        except (OSError, AttributeError):
            continue
        found.cpu[name] = found.cpu.get(name, 0.0) + (int(fields[11]) + int(fields[12])) / TICK
        found.peak[name] = max(found.peak.get(name, 0), peak)
        found.read[name] = found.read.get(name, 0) + read
    return found


def busy_cores() -> float:
    """Cores that other work has, over a second in which the bench does nothing."""
    def times() -> list[int]:
        return [int(number) for number in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]

    before = times()
    time.sleep(1)
    spent = [after - first for after, first in zip(times(), before)]
    return os.cpu_count() * (1 - (spent[3] + spent[4]) / max(1, sum(spent)))  # idle, waiting for a disk


class Side:
    """A running script, told when to repeat itself."""

    def __init__(self, command: list[str], environment: dict[str, str], log: pathlib.Path):
        self.log = log
        with log.open("w") as errors:
            self.process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)

    def once(self, word: str) -> tuple[float, dict[str, float]]:
        """Seconds, and what the model is worth."""
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"bench: a side ended early (exit code {self.process.wait()}); see {self.log}")
        found = json.loads(line)
        return found["total"], found.get("quality", {})

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=120)


def repeat(side: Side, pid: int, runs: int) -> tuple[list[float], dict[str, float], Usage, Usage]:
    before, seconds, values = usage(pid), [], {}
    for _ in range(runs):
        taken, values = side.once("judge")
        seconds.append(taken)
    return seconds, values, before, usage(pid)


@dataclasses.dataclass(frozen=True)
class Script:
    """What both sides run: a script, its arguments before the data, and the data."""

    path: pathlib.Path
    arguments: tuple[str, ...]
    plain: tuple[pathlib.Path, ...]
    rows: int
    files: int


def on_stock_spark(script: Script, folder: pathlib.Path, warm: int, runs: int) -> Result:
    command = [sys.executable, str(script.path), *script.arguments, *map(str, script.plain)]
    side = Side(command, checkpoints(spark_environment(files=script.files), folder), folder / "Spark.log")
    for _ in range(warm):
        side.once("warm")
    seconds, values, before, after = repeat(side, side.process.pid, runs)
    side.close()
    cpu = sum(after.cpu.values()) - sum(before.cpu.values())
    return Result(script.rows, "Spark", "-", seconds, cpu_outside=cpu / runs, peak=sum(after.peak.values()), values=values)


def on_soteria(soteria: Soteria, script: Script, scheme: str, memory: str, runs: int) -> Result:
    (soteria.folder / "cluster/host.log").unlink(missing_ok=True)
    host = soteria.start(1, 2, "--enclave-memory", memory)
    sealed = [soteria.folder / "storage" / path.name for path in script.plain]
    manifest = soteria.manifest(*dict.fromkeys(sealed))
    if SCHEMES[scheme]:
        text = re.sub(r"(?ms)^\[statistics\].*?(?=^\[|\Z)", "", manifest.read_text())
        manifest.write_text(f"{text}\n[statistics]\n{SCHEMES[scheme]}")
    command = soteria.run(manifest, sys.executable, script.path, *script.arguments, *sealed)
    command.insert(2, "--verbose")
    side = Side(command, soteria.environment, soteria.folder / "Soteria.log")
    seconds, values, before, after = repeat(side, host, runs)
    side.close()
    soteria.stop()
    ours = Result(script.rows, scheme, memory, seconds, values=values)
    for name in INSIDE + OUTSIDE:
        cpu = (after.cpu.get(name, 0.0) - before.cpu.get(name, 0.0)) / runs
        if name in INSIDE:
            ours.cpu_inside += cpu
            ours.peak += after.peak.get(name, 0)
        else:
            ours.cpu_outside += cpu
    ours.spilled, ours.opened = (int(number) // runs for number in re.search(
        r"(\d+) bytes spilled, (\d+) bytes opened again", side.log.read_text()).groups())
    read = after.read["soteria-worker"] - before.read["soteria-worker"]
    ours.storage = max(0, read // runs - ours.opened)
    ours.out_of, ours.into = (number // runs for number in through_host(soteria.folder / "cluster/host.log"))
    ours.released = released(soteria) // runs
    return ours


def released(soteria: Soteria) -> int:
    done = subprocess.run(soteria.command("ledger", "--json"), env=soteria.environment, capture_output=True, text=True, check=True)
    entries = json.loads(done.stdout)["sessions"][-1]["entries"]
    return sum(entry["bytes"] for entry in entries if entry["kind"] == "release")


HEAD = ("scheme", "memory", "wall s", "CPU in", "CPU out", "in MB", "out MB", "storage MB", "spilled MB", "opened MB", "peak MiB", "released MB")
WIDTHS = (19, 10, 8, 8, 8, 8, 8, 11, 11, 10, 9, 12)


def row(cells) -> str:
    return "  " + "".join(f"{cell:<{width}}" if i < 2 else f"{cell:>{width}}" for i, (cell, width) in enumerate(zip(cells, WIDTHS)))


def cells(result: Result) -> list[str]:
    sizes = [result.into, result.out_of, result.storage, result.spilled, result.opened]
    if result.scheme == "Spark":
        return ["Spark", "-", f"{result.median:.2f}", "-", f"{result.cpu_outside:.2f}", *"-----", f"{result.peak / 2**20:.0f}", "-"]
    return [result.scheme, result.memory, f"{result.median:.2f}", f"{result.cpu_inside:.2f}", f"{result.cpu_outside:.2f}",
            *(f"{size / 1e6:.1f}" for size in sizes), f"{result.peak / 2**20:.0f}", f"{result.released / 1e6:.2f}"]


def seal(soteria: Soteria, script: Script) -> None:
    for path in dict.fromkeys(script.plain):
        root = soteria.folder / "storage" / path.name
        if not root.exists():
            soteria.call("put", path, root, "--files", len(list(path.glob("*.parquet"))), "--allow-simulated")


def measured(soteria: Soteria, script: Script, schemes: tuple[str, ...], warm: int, runs: int) -> list[Result]:
    """Spark first, then each scheme under each memory limit."""
    seal(soteria, script)
    print(row(HEAD), flush=True)
    busy = busy_cores()
    results = [on_stock_spark(script, soteria.folder, warm, runs)]
    results[-1].busy = busy
    print(row(cells(results[0])), flush=True)
    for memory in MEMORY:
        for scheme in schemes:
            busy = busy_cores()
            results.append(on_soteria(soteria, script, scheme, memory, runs))
            results[-1].busy = busy
            print(row(cells(results[-1])), flush=True)
    for result in results[1:]:
        if apart := same_quality(result.values, results[0].values):
            raise SystemExit(f"bench: {result.scheme} isn't worth what Spark's model is: {'; '.join(apart)}")
    return results


def one_size(soteria: Soteria, rows: int, files: int, runs: int, warm: pathlib.Path | None) -> list[Result]:
    plain = soteria.folder / f"lr_{rows}"
    print(f"logistic regression, {rows:,} x {COLUMNS} in {files} files: writing and sealing", flush=True)
    write_labelled(plain, rows, COLUMNS, 0.2, files)
    return measured(soteria, Script(SIDE, (), (plain, warm or plain), rows, files), tuple(SCHEMES), 2, runs)


def of_the_paper(soteria: Soteria, workload: str, runs: int) -> list[Result]:
    print(f"{workload}-S: writing and sealing", flush=True)
    plain = prepare(soteria.folder / "data", workload, "S")
    arguments = (workload, json.dumps(CASES[workload]["S"].params))
    return measured(soteria, Script(WORKLOAD_SIDE, arguments, plain, 0, TRAIN_FILES), ("baseline", "aggregate"), 1, runs)


def main() -> None:
    parser = argparse.ArgumentParser(prog="run bench --schemes", description=__doc__)
    parser.add_argument("--bin", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--schemes", action="store_true", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, default=LARGE, help=f"of the larger size (default {LARGE:,})")
    parser.add_argument("--runs", type=int, default=3, help="repetitions in each session (default 3; a third of it, at least one, at the larger size)")
    parser.add_argument("--sizes", choices=("small", "all"), default="all", help=f"small: {SMALL:,} rows only")
    parser.add_argument("--only", nargs="*", choices=("lr", *PAPER), default=("lr", *PAPER), help="of the workloads; all if left out")
    args = parser.parse_args()
    began = time.monotonic()
    folder = ROOT / "bench/out"
    soteria = Soteria.fresh(args.bin, folder)
    machine = f"{os.cpu_count()} cores, {time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC"
    print(f"machine: {machine}, load {os.getloadavg()[0]:.1f}")
    results = one_size(soteria, SMALL, 8, args.runs, None) if "lr" in args.only else []
    if results and args.sizes == "all":
        files = max(8, args.rows // ROWS_PER_FILE)
        results += one_size(soteria, args.rows, files, max(1, args.runs // 3), folder / f"lr_{SMALL}")
    paper = {workload: of_the_paper(soteria, workload, args.runs) for workload in PAPER if workload in args.only}

    def plain(of: list[Result]) -> list[dict]:
        return [dataclasses.asdict(result) | {"median": result.median} for result in of]

    report = {"machine": machine, "cores": os.cpu_count(), "results": plain(results), "paper": {name: plain(of) for name, of in paper.items()}}
    (folder / "schemes.json").write_text(json.dumps(report, indent=1) + "\n")
    if results:
        print(busy_note(report))
        print(", ".join(str(plot.relative_to(ROOT)) for plot in write_plots(report, folder)))
    print(f"bench/out/schemes.json; load at the end {os.getloadavg()[0]:.1f}; {time.monotonic() - began:.0f} s in all")


if __name__ == "__main__":
    main()
