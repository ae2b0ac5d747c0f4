"""I5, I7: masters and workers that are killed in the middle of a job."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from connected import Connected
from deployment import BIN
from hosts import children

ROWS = 400
PARTITIONS = 4
REDUCE = 6  # an iteration in the middle of the fit, counted in reduce stages of the session
LOST_SECONDS = 30

FIT = """
import json, sys
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
table = spark.read.parquet(sys.argv[1])
data = VectorAssembler(inputCols=["x", "y", "z"], outputCol="features").transform(table)
model = LogisticRegression(maxIter=12, regParam=0.01).fit(data)
print(json.dumps([model.summary.totalIterations, [v.hex() for v in model.coefficients.toArray().tolist()],
                  model.intercept.hex(), [v.hex() for v in model.summary.objectiveHistory]]))
"""

SPLIT = """
import json, sys
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.getOrCreate()
table = spark.read.parquet(sys.argv[1])
parts = table.randomSplit([0.5, 0.3, 0.2], seed=11)
ids = []
for part in parts:
    part.agg(F.sum("x")).collect()  # a reduce stage, in which a worker may be killed
    ids.append(sorted(row.id for row in part.select("id").collect()))
print(json.dumps(ids))
"""


def table():
    generator = np.random.Generator(np.random.PCG64(3))
    values = generator.normal(size=(ROWS, 3))
    label = (values.sum(axis=1) + generator.normal(size=ROWS) > 0) * 1.0
    return pd.DataFrame({"id": np.arange(ROWS), "x": values[:, 0], "y": values[:, 1], "z": values[:, 2], "label": label})


@pytest.fixture(scope="module")
def world(shared_deployment):
    d = shared_deployment
    d.path = d.table("points", table(), PARTITIONS)
    d.start()
    d.write_manifest(read=[d.path])
    d.wanted = {script: last_line(d.run(script, d.path)) for script in (FIT, SPLIT)}
    d.stop()
    return d


def last_line(done):
    return done.stdout.strip().splitlines()[-1]


def counters(done):
    line = next(line for line in done.stderr.splitlines() if "session: " in line)
    return {name: int(number) for number, name in re.findall(r"(\d+) (blocks rebuilt|workers admitted|lost|retries)", line)}


def with_fault(world, script, *faults):
    options = [word for fault in faults for word in ("--fault", fault)]
    world.start(*options)
    try:
        return world.run(script, world.path, options=("--verbose",))
    finally:
        world.stop()


@pytest.mark.parametrize("after", range(PARTITIONS))
def test_a_worker_killed_after_k_partials_changes_no_bit(world, after):
    done = with_fault(world, FIT, f"kill:reduce={REDUCE},after={after},worker={after % 2}")
    assert last_line(done) == world.wanted[FIT]
    seen = counters(done)
    assert seen["lost"] >= 1, done.stderr
    assert seen["blocks rebuilt"] > 0, done.stderr


def test_both_workers_killed_one_after_the_other(world):
    done = with_fault(world, FIT, "kill:reduce=4,after=1,worker=0", "kill:reduce=7,after=2,worker=1")
    assert last_line(done) == world.wanted[FIT]
    assert counters(done)["lost"] >= 2


def test_the_parts_of_a_split_stay_disjoint_and_complete(world):
    parts = json.loads(world.wanted[SPLIT])
    assert sorted(sum(parts, [])) == list(range(ROWS)) and all(parts)
    done = with_fault(world, SPLIT, "kill:reduce=2,after=1,worker=0", "kill:reduce=3,after=1,worker=1")
    assert counters(done)["lost"] >= 1
    assert json.loads(last_line(done)) == parts


FIT_FOR_EVER = FIT.replace("model = ", "open(sys.argv[2], 'w').close()\nwhile True:\n    ")


IDLE = FIT + """
open(sys.argv[2], 'w').close()
while not pathlib.Path(sys.argv[3]).exists():
    time.sleep(0.05)
print(table.count())
"""
IDLE = "import pathlib, time\n" + IDLE


class Running:
    """A script under `soteria run` or with what `soteria connect` printed, from which a peer is taken away."""

    def __init__(self, world, tmp_path, script, connect=False):
        self.world, self.go = world, tmp_path / "go"
        path, begun = tmp_path / "script.py", tmp_path / "begun"
        path.write_text(script)
        command = [sys.executable, path, world.path, begun, self.go]
        environment = {**os.environ, "SOTERIA_HOME": str(world.home)}
        self.connected = Connected(world) if connect else None
        if connect:
            environment.update(self.connected.variables)
        else:
            command = [BIN / "soteria", "run", "--manifest", world.manifest, "--cluster", world.cluster, "--", *command]
        self.log = (tmp_path / "log").open("w+")
        self.process = subprocess.Popen(command, env=environment, stdout=self.log, stderr=self.log)
        while not begun.exists():
            assert self.process.poll() is None, self.text()
            time.sleep(0.05)
        time.sleep(0.3)

    def text(self):
        self.log.seek(0)
        return self.log.read()

    def ends_in_time(self):
        began = time.monotonic()
        self.go.touch()
        try:
            code = self.process.wait(LOST_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the script goes on:\n{self.text()}") from None
        text = self.text()
        assert "pyspark.errors.exceptions.connect.SparkException: [SOTERIA.MASTER_LOST] the session is over" in text, text
        assert code == (3 if self.connected is None else 1), text
        return time.monotonic() - began

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.connected is not None and self.connected.process.poll() is None:
            self.connected.close()
        self.log.close()


def kill_master(world):
    (master,) = children(world.state()["pid"], "soteria-master")
    os.kill(master, signal.SIGKILL)


def kill_host(world):
    os.kill(world.state()["pid"], signal.SIGKILL)


def stop_host(world):
    """The network swallows everything: no end of a connection, no answer."""
    os.kill(world.state()["pid"], signal.SIGSTOP)


@pytest.mark.parametrize("take, script, connect", [
    (kill_master, "fits", False), (kill_master, "idle", True), (kill_host, "fits", True), (kill_host, "idle", False),
    (stop_host, "fits", False),
])
def test_whatever_is_lost_the_script_ends_with_an_error(world, tmp_path, take, script, connect):
    """PySpark retries what is UNAVAILABLE for ten minutes and more; the endpoint outlives the cluster to say no."""
    world.start()
    pid = world.state()["pid"]
    enclaves = children(pid, "soteria-master") + children(pid, "soteria-worker")
    job = Running(world, tmp_path, FIT_FOR_EVER if script == "fits" else IDLE, connect)
    try:
        take(world)
        seconds = job.ends_in_time()
        if take is not stop_host:
            assert seconds < LOST_SECONDS / 2, "there is no silence to wait for"
        if connect:
            assert "the session is over" in job.connected.said()
            assert job.connected.process.poll() is None, "it stays for clients that are idle now"
            assert job.connected.close() == 3
        if take is kill_master and connect:  # the host has started a fresh one, and the owner's records are whole
            assert last_line(world.run(FIT, world.path)) == world.wanted[FIT]
            verified = world.cli("ledger", "verify", check=False)
            assert verified.returncode == 4 and "cut off" in verified.stdout + verified.stderr
    finally:
        job.close()
        if take is stop_host:
            os.kill(pid, signal.SIGCONT)
        if take is kill_host:
            for enclave in enclaves:  # they end with their host
                until_gone(enclave)
            (world.cluster / "state.json").unlink()
            world.running = False
        world.stop()


def until_gone(pid):
    give_up = time.monotonic() + LOST_SECONDS
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < give_up:
        time.sleep(0.05)
    assert not os.path.exists(f"/proc/{pid}")


def test_workers_that_are_all_killed_come_back(world, tmp_path):
    world.start()
    fitting = tmp_path / "fitting"
    try:
        script = FIT.replace("model = ", "open(sys.argv[2], 'w').close()\nfor _ in range(15):\n    model = ")
        path = tmp_path / "fit.py"
        path.write_text(script)
        job = subprocess.Popen(
            [BIN / "soteria", "run", "--manifest", world.manifest, "--cluster", world.cluster, "--", sys.executable,
             path, world.path, fitting], env={**os.environ, "SOTERIA_HOME": str(world.home)}, stdout=subprocess.PIPE,
            text=True)
        while not fitting.exists():
            assert job.poll() is None
            time.sleep(0.02)
        for worker in children(world.state()["pid"], "soteria-worker"):
            os.kill(worker, signal.SIGKILL)
        out, _ = job.communicate(timeout=60)
        assert job.returncode == 0
        assert out.strip().splitlines()[-1] == world.wanted[FIT]
    finally:
        world.stop()
