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

from deployment import BIN
from hosts import children

ROWS = 400
PARTITIONS = 4
REDUCE = 6  # an iteration in the middle of the fit, counted in reduce stages of the session
LOST_SECONDS = 10

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


def test_a_killed_master_is_noticed_within_seconds(world, tmp_path):
    world.start()
    job = None
    try:
        script, fitting = tmp_path / "fit.py", tmp_path / "fitting"
        script.write_text(FIT_FOR_EVER)
        job = subprocess.Popen(
            [BIN / "soteria", "run", "--manifest", world.manifest, "--cluster", world.cluster, "--", sys.executable,
             script, world.path, fitting],
            env={**os.environ, "SOTERIA_HOME": str(world.home)}, stderr=subprocess.PIPE, text=True)
        while not fitting.exists():
            assert job.poll() is None
            time.sleep(0.05)
        time.sleep(0.3)
        (master,) = children(world.state()["pid"], "soteria-master")
        os.kill(master, signal.SIGKILL)
        killed = time.monotonic()
        for line in job.stderr:
            if "the session is over" in line:
                break
        assert time.monotonic() - killed < LOST_SECONDS
        assert "the connection to the master broke" in line, line
        assert job.poll() is None, "the command isn't killed: PySpark retries, and its owner decides"
        job.terminate()
        job.stderr.read()
        assert job.wait(30) == 3
        # The host has started a fresh master, and the owner's records are whole.
        assert last_line(world.run(FIT, world.path)) == world.wanted[FIT]
        verified = world.cli("ledger", "verify", check=False)
        assert verified.returncode == 4 and "cut off" in verified.stdout + verified.stderr
    finally:
        if job is not None and job.poll() is None:
            job.terminate()
        world.stop()
