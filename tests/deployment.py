"""A whole Soteria on this machine, for tests: an owner's home, a cluster, storage, all in one folder.

Everything goes through the real programs, as a user would call them.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import subprocess
import sys
import textwrap

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(os.environ.get("SOTERIA_BIN", ROOT / "build/release/bin"))
PYTHON = sys.executable
COMMAND_SECONDS = 120


class Deployment:
    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.home = folder / "home"
        self.cluster = folder / "cluster"
        self.storage = folder / "storage"
        self.record = folder / "record"
        self.manifest = folder / "manifest.toml"
        self.running = False

    def cli(self, *args, check=True, timeout=COMMAND_SECONDS, env=None, **kwargs) -> subprocess.CompletedProcess:
        environment = {**os.environ, "SOTERIA_HOME": str(self.home), **(env or {})}
        done = subprocess.run(
            [str(BIN / "soteria"), *map(str, args)],
            capture_output=True, text=True, timeout=timeout, env=environment, **kwargs)
        if check and done.returncode != 0:
            raise AssertionError(f"soteria {' '.join(map(str, args))}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def keygen(self):
        self.cli("keygen")

    def table(self, name: str, frame: pd.DataFrame | pa.Table, files: int = 4) -> pathlib.Path:
        """Puts a pandas or Arrow table into storage and returns its path there."""
        plain = self.folder / f"{name}.parquet"
        table = frame if isinstance(frame, pa.Table) else pa.Table.from_pandas(frame, preserve_index=False)
        pq.write_table(table, plain)
        return self.put(plain, name, "--files", files)

    def put(self, source, name: str, *options) -> pathlib.Path:
        target = self.storage / name
        self.cli("put", source, target, "--allow-simulated", *options)
        return target

    def start(self, *options, workers: int = 2, slots: int = 1):
        self.cli("cluster", "start", "--simulated", "--dir", self.cluster, "--workers", workers,
                 "--slots", slots, "--record", self.record, *options)
        self.running = True

    def stop(self):
        if self.running:
            self.cli("cluster", "stop", "--dir", self.cluster, check=False)
            self.running = False

    def state(self) -> dict:
        return json.loads((self.cluster / "state.json").read_text())

    def write_manifest(self, read=(), write=(), outputs="rows,metrics,models", out=None, options=()):
        args = ["manifest", "new", "--out", out or self.manifest, "--simulated", "--cluster", self.cluster,
                "--output", outputs]
        for path in read:
            args += ["--read", path]
        for path in write:
            args += ["--write", path]
        self.cli(*args, *options)

    def run(self, script: str, *args, manifest=None, check=True, timeout=COMMAND_SECONDS, options=(), env=None):
        """Runs a PySpark script text under `soteria run`."""
        path = self.folder / f"script_{abs(hash(script)) % 10**8}.py"
        path.write_text(textwrap.dedent(script))
        return self.run_file(path, *args, manifest=manifest, check=check, timeout=timeout, options=options, env=env)

    def run_file(self, path, *args, manifest=None, check=True, timeout=COMMAND_SECONDS, options=(), env=None):
        return self.cli("run", "--manifest", manifest or self.manifest, "--cluster", self.cluster, *options,
                        "--", PYTHON, path, *args, check=check, timeout=timeout, env=env)

    def releases(self) -> tuple[list[dict], list[dict]]:
        """Of the last session: its releases, and all its entries."""
        entries = json.loads(self.cli("ledger", "--json").stdout)["sessions"][-1]["entries"]
        return [entry for entry in entries if entry["kind"] == "release"], entries


def partitioned(manifest: str, **rule) -> str:
    """A Manifest's text with another [statistics]."""
    text = re.sub(r"(?ms)^\[statistics\].*?(?=^\[|\Z)", "", manifest)
    lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in rule.items())
    return f"{text}\n[statistics]\nscheme = \"partitioned\"\n{lines}\n"
