"""What the host saw of a job, parsed: no plaintext, no repeated nonce, work where it belongs."""

import re
import shutil
import sys

import numpy as np
import pandas as pd
import pytest

from deployment import BIN, ROOT
from hosts import OwnHost
from recorded import REDUCE, RUN_STAGE, TASK_DONE, envelope, envelopes, fields, frames, sealed_in

sys.path.insert(0, str(ROOT / "tools"))
from leak_search import Search, needles_of, plain_copies  # noqa: E402

ROWS = 600
PARTITIONS = 4
CANARY = "canary-8c1f0d77e2"
CANARY_NUMBER = 7.318204417093351

JOB = """
import sys
from pyspark.ml import Pipeline
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.evaluation import BinaryClassificationEvaluator
from pyspark.ml.feature import StandardScaler, VectorAssembler
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
table = spark.read.parquet(sys.argv[1])
train, test = table.randomSplit([0.7, 0.3], seed=4)
model = Pipeline(stages=[
    VectorAssembler(inputCols=["measurement_x", "measurement_y"], outputCol="raw"),
    StandardScaler(inputCol="raw", outputCol="features", withMean=True),
    LogisticRegression(maxIter=10, regParam=0.01),
]).fit(train)
scored = model.transform(test)
print(BinaryClassificationEvaluator().evaluate(scored))
print(len(table.collect()), table.filter(table.patient_name == "{canary}").count())
table.write.mode("overwrite").parquet(sys.argv[2] + "/copy")
table.repartition(3).write.mode("overwrite").parquet(sys.argv[2] + "/shuffled")
model.write().overwrite().save(sys.argv[2] + "/model")
print(spark.read.parquet(sys.argv[2] + "/copy").count())
""".replace("{canary}", CANARY)


# Goes on until the worker that was killed has come back and answered as a process of its own.
AGAIN = """
import pathlib, time
record, deadline = pathlib.Path(sys.argv[3]), time.monotonic() + 120
while len([path for path in record.glob("session-1-worker-1-*-slot-0.in") if path.stat().st_size > 400]) < 2:
    assert time.monotonic() < deadline, "the killed worker didn't come back"
    table.count()
    time.sleep(0.2)
"""


def table():
    generator = np.random.Generator(np.random.PCG64(3))
    values = generator.normal(size=(ROWS, 2))
    frame = pd.DataFrame({
        "patient_name": [f"patient-{i:05d}-{generator.integers(1 << 40):x}" for i in range(ROWS)],
        "measurement_x": values[:, 0], "measurement_y": values[:, 1],
        "label": (values.sum(axis=1) > 0) * 1.0})
    frame.loc[17, "patient_name"] = CANARY
    frame.loc[23, "measurement_x"] = CANARY_NUMBER
    return frame


@pytest.fixture(scope="module")
def world(shared_deployment):
    """One job under a host that kills a worker in the middle, recorded."""
    d = shared_deployment
    d.frame = table()
    d.path = d.table("patients", d.frame, PARTITIONS)
    d.start("--fault", "kill:reduce=5,after=2,worker=1")
    d.write_manifest(read=[d.path], write=[d.storage / "models"])
    d.done = d.run(JOB + AGAIN, d.path, d.storage / "models", d.record, options=("--verbose",))
    d.stop()
    assert f"{ROWS} 1\n{ROWS}\n" in d.done.stdout
    assert "1 lost" in d.done.stderr, d.done.stderr
    return d


def recorded(world, pattern):
    found = sorted(world.record.glob(pattern))
    assert found, pattern
    return found


# ---- plaintext ---------------------------------------------------------------------------------------------


def test_nothing_of_the_plaintext_is_outside(world):
    search = Search(needles_of(world.frame, extra=(CANARY.encode(), b"LogisticRegression", b"measurement_x")))
    assert len(search.needles) > 1000
    hits, searched = search.files([world.storage, world.record, world.cluster])
    assert hits == set()
    assert searched > 200_000
    control = world.folder / "control"
    control.mkdir()
    found, _ = search.files(plain_copies(world.frame, control))
    shutil.rmtree(control)
    assert len(found) > 0.99 * len(search.needles)


def test_the_search_sees_what_was_planted_in_the_record(world, tmp_path):
    """The record is searchable at all: a canary put into a copy of it is found."""
    search = Search(needles_of(world.frame))
    copy = tmp_path / "record"
    shutil.copytree(world.record, copy)
    target = max(copy.glob("*slot*.out"), key=lambda path: path.stat().st_size)
    data = bytearray(target.read_bytes())
    data[len(data) // 2:len(data) // 2] = CANARY.encode()
    target.write_bytes(data)
    assert search.files([copy])[0] == {CANARY.encode()}


# ---- nonces ------------------------------------------------------------------------------------------------


def test_no_sender_uses_a_counter_twice(world):
    """Also across the worker that was killed and came back under the same name: it has a new sender number."""
    found = envelopes(recorded(world, "session-1-*slot*") + recorded(world, "session-1-*control*") +
                      recorded(world, "session-1-master.*"))
    by_nonce = {}
    for one in found:
        by_nonce.setdefault((one.session, one.sender, one.counter), set()).add(one.bytes)
    assert len({one.session for one in found}) == 1
    assert len(by_nonce) > 100
    assert [nonce for nonce, sealed in by_nonce.items() if len(sealed) > 1] == []
    # Sender 0 is the master; the second worker appears under two numbers, one for each of its lives.
    senders = {}
    for path in recorded(world, "session-1-worker-*-slot-0.in"):
        process = re.match(r"session-1-worker-(\d+)-(\d+)-", path.name).groups()
        used = {one.sender for one in envelopes([path])}
        assert len(used) <= 1, path
        for sender in used:
            senders.setdefault(sender, set()).add(process)
    assert 0 not in senders and len(senders) >= 3
    assert all(len(processes) == 1 for processes in senders.values()), senders


# ---- who works -----------------------------------------------------------------------------------------------


def partials_of(record):
    """For each reduce stage its partitions, and who answered which of them: stage -> worker -> partitions."""
    reduces = {}
    for frame in frames(record / "session-1-master.in"):
        if frame.kind == RUN_STAGE:
            run = fields(frame.payload)
            if run[2][0] == REDUCE:
                reduces[run[1][0]] = run[3][0]
    answered = {stage: {} for stage in reduces}
    for path in record.glob("session-1-worker-*-slot-0.in"):
        worker = int(path.name.split("-")[3])
        for frame in frames(path):
            if frame.kind != TASK_DONE:
                continue
            place = {number: values[0] for number, values in fields(fields(frame.payload)[2][0]).items()}
            for one in map(envelope, sealed_in(frame)):
                if one.kind == "partial" and place.get(1, 0) == 0:
                    answered[one.stage].setdefault(worker, set()).add(place.get(2, 0))
    return reduces, answered


def test_workers_answer_for_every_partition_of_every_reduce_stage(world):
    """Also with a worker killed: no partial comes from the master or from nowhere."""
    reduces, answered = partials_of(world.record)
    assert len(reduces) > 8
    for stage, partitions in reduces.items():
        assert set().union(*answered[stage].values()) == set(range(partitions)), (stage, answered[stage])


def test_each_worker_sends_partials_in_every_gradient_stage(world):
    mine, world.record = world.record, world.folder / "undisturbed"
    try:
        world.start()
        world.run(JOB, world.path, world.storage / "models")
        world.stop()
        reduces, answered = partials_of(world.record)
    finally:
        world.record = mine
    of_all = [stage for stage, partitions in reduces.items() if partitions == PARTITIONS]
    assert len(of_all) > 8
    assert {stage: set(answered[stage]) for stage in of_all} == {stage: {0, 1} for stage in of_all}


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_only_workers_open_data_files(world, tmp_path):
    """System calls of master and workers: every data file is opened by a worker, none by the master."""
    wrappers = {}
    for name in ("soteria-master", "soteria-worker"):
        wrappers[name] = tmp_path / name
        wrappers[name].write_text(f"#!/bin/sh\nexec strace -f -qq -e trace=openat,open -o {tmp_path}/{name}.$$ "
                                  f"{BIN.resolve() / name} \"$@\"\n")
        wrappers[name].chmod(0o755)
    with OwnHost(world, "--master", wrappers["soteria-master"], "--worker", wrappers["soteria-worker"], record=False):
        done = world.run(JOB, world.path, world.storage / "models")
        assert f"{ROWS} 1\n{ROWS}\n" in done.stdout

    def opened(name):
        text = "".join(path.read_text() for path in tmp_path.glob(f"{name}.*"))
        return set(re.findall(r'"([^"]*\.parquet)"', text)), text

    files = {path.name for path in world.path.glob("*.parquet")}
    assert len(files) == PARTITIONS
    by_workers, _ = opened("soteria-worker")
    by_master, text = opened("soteria-master")
    assert files <= {name.rsplit("/", 1)[-1] for name in by_workers}
    assert files & {name.rsplit("/", 1)[-1] for name in by_master} == set()
    assert "_soteria_index" in text, "the master reads the index, so the trace sees what it opens"
