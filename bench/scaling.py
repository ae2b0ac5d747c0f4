#!/usr/bin/env python3
"""What more workers do, and what goes through the host. Called by ./run bench --scaling.

Each workload is trained by one worker and by two, of one slot each. Their CPU seconds say how the work is divided (seconds don't, where
the workers share the machine's cores); the bytes of frames through the host, how much they tell each other. A third session trains on
half of the rows, ALS a fourth time with factors of twice the rank: what algorithms that reduce tell doesn't grow with rows, what ALS tells
grows with its factors.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import pathlib
import shutil
import sys
import time

from sides import ROOT, TICK, Side, Soteria, descendants, through_host
from workloads import CASES, TRAIN_FILES, Case, generate, write

SIDE = ROOT / "bench/workload_side.py"
WORKLOADS = ("als", "pca", "gbt", "linear", "lr", "kmeans", "bayes")


@dataclasses.dataclass
class Fit:
    """Means of one fit."""

    workload: str
    what: str
    workers: int
    seconds: float
    worker_cpu: list[float]  # of each
    through_host: int  # bytes of frames from and to enclaves


def worker_cpu(host: int) -> list[float]:
    """CPU seconds of each worker, by process."""
    found = {}
    for pid in descendants([host]):
        folder = pathlib.Path(f"/proc/{pid}")
        try:
            name = pathlib.Path((folder / "cmdline").read_text().split("\0")[0]).name
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if name == "soteria-worker":
            found[pid] = (int(fields[11]) + int(fields[12])) / TICK
    return [found[pid] for pid in sorted(found)]


def sealed(soteria: Soteria, name: str, case: Case) -> pathlib.Path:
    root = soteria.folder / "storage" / name
    if not root.exists():
        plain = soteria.folder / "plain"
        shutil.rmtree(plain, ignore_errors=True)
        write(plain, generate(case)[0], TRAIN_FILES)
        soteria.call("put", plain, root, "--files", TRAIN_FILES, "--allow-simulated")
        shutil.rmtree(plain)
    return root


def fitted(soteria: Soteria, workload: str, what: str, case: Case, root: pathlib.Path, workers: int, runs: int) -> Fit:
    """One fit to warm up, which counts for the bytes, then `runs`."""
    log = soteria.folder / "cluster/host.log"
    log.unlink(missing_ok=True)
    host = soteria.start(workers, 1)
    command = soteria.run(soteria.manifest(root), sys.executable, SIDE, workload, json.dumps(case.params), root, root)
    command.insert(2, "--verbose")
    side = Side("B", command, soteria.environment, soteria.folder / "scaling.log", [host])
    side.once()
    before = worker_cpu(host)
    side.forget()
    for _ in range(runs):
        side.once()
    spent = [(after - first) / runs for after, first in zip(worker_cpu(host), before)]
    side.close()
    soteria.stop()
    return Fit(workload, what, workers, sum(side.times) / runs, spent, sum(through_host(log)) // (runs + 1))


def half(case: Case) -> Case:
    """Of half as many rows; of ALS half the ratings of as many users and items."""
    first, *others = case.arguments
    if "rank" in case.params:
        return dataclasses.replace(case, arguments=(first, *others[:-1], others[-1] / 2))
    return dataclasses.replace(case, arguments=(first // 2, *others))


def show(fit: Fit) -> None:
    each = " + ".join(f"{seconds:.2f}" for seconds in fit.worker_cpu)
    workers = f"{fit.workers} worker{'s' if fit.workers > 1 else ' '}"
    print(f"  {fit.what:14} {workers}  {fit.seconds:8.2f} s  CPU {each:15} s  through the host {fit.through_host / 1e6:9.2f} MB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="run bench --scaling", description=__doc__)
    parser.add_argument("workload", nargs="*", help=f"of {', '.join(WORKLOADS)}; all if none is named")
    parser.add_argument("--bin", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--scaling", action="store_true", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--size", choices=("S", "M"), default="M")
    parser.add_argument("--runs", type=int, default=2, help="fits that count in each session (2)")
    args = parser.parse_args()
    if unknown := set(args.workload) - set(WORKLOADS):
        parser.error(f"no workload {', '.join(sorted(unknown))}: there are {', '.join(WORKLOADS)}")
    soteria = Soteria.fresh(args.bin, ROOT / "bench/out/scaling")
    print(f"machine: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; seconds of load + fit, CPU of the workers", flush=True)
    began, fits = time.monotonic(), []
    for workload in args.workload or WORKLOADS:
        case = CASES[workload][args.size]
        print(f"{workload}-{args.size}", flush=True)
        sessions = [("", case, 1), ("", case, 2), ("half the rows", half(case), 2)]
        if workload == "als":
            sessions.append(("twice the rank", dataclasses.replace(case, params=case.params | {"rank": 2 * case.params["rank"]}), 2))
        for what, its, workers in sessions:
            root = sealed(soteria, f"{workload}-half" if what.startswith("half") else workload, its)
            fits.append(fitted(soteria, workload, what, its, root, workers, args.runs))
            show(fits[-1])
        shutil.rmtree(soteria.folder / "storage")
    (ROOT / "bench/out/scaling.json").write_text(json.dumps([dataclasses.asdict(fit) for fit in fits], indent=1) + "\n")
    print(f"bench/out/scaling.json; {(time.monotonic() - began) / 60:.0f} minutes")


if __name__ == "__main__":
    main()
