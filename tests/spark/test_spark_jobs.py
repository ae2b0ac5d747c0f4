"""I7: ordinary jobs on Apache Spark give the bits of the embedded engine."""

import json
import os
import re
import signal
import subprocess

import pyarrow.parquet as pq
import pytest

from clusters import until
from deployment import ROOT
from scripts import ALL, FIT, FITS_FOR_EVER, INTERRUPTED, PROGRESS, PROGRESS_OF_A_FIT

DEMO = ROOT / "examples/breast_cancer.py"
UID = re.compile(r"_[0-9a-f]{12}(?![0-9a-f])")


def tree(folder):
    """A decrypted model's files by name, random uids left out: tables, metadata without its time, bytes."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_dir() or path.name.endswith(".crc"):
            continue
        name = UID.sub("_UID", str(path.relative_to(folder)))
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            found[name] = (table.schema, [[chunk.to_pylist() for chunk in column.chunks] for column in table.columns])
        elif "metadata/part-" in str(path):
            metadata = json.loads(UID.sub("_UID", path.read_text()))
            assert metadata.pop("timestamp") > 0
            found[name] = metadata
        else:
            found[name] = path.read_bytes()
    return found


@pytest.fixture(scope="module")
def demo(world):
    """The demo's script on a cluster's directory: what it prints, and the model decrypted."""
    runs = {}

    def run(on, name):
        if name not in runs:
            target = world.models / "breast_cancer"
            done = on.run_file(DEMO, world.patients, target)
            back = world.folder / f"model_{name}"
            world.cli("get", target, back)
            runs[name] = done.stdout, tree(back)
        return runs[name]

    return run



def test_the_demo_gives_the_same_text_and_model(world, demo, cluster):
    text, model = demo(world, "embedded")
    assert "569 rows, 30 measurements" in text and "test AUC 0.99" in text
    assert sum(isinstance(one, tuple) for one in model.values()) == 2, sorted(model)  # the scaler's and the regression's
    assert sum(isinstance(one, dict) for one in model.values()) == 4, sorted(model)
    its_text, its_model = demo(cluster, cluster.folder.name)
    assert its_text == text
    assert sorted(its_model) == sorted(model)
    for name in model:
        assert its_model[name] == model[name], name


def test_fits_predictions_rows_and_shuffles_have_the_same_bits(world, cluster):
    assert cluster.run(ALL, world.points).stdout == world.wanted(ALL, world.points)


def test_jobs_follow_each_other_on_the_same_executors_in_fresh_enclaves(world, local_cluster):
    lives = []

    def fresh():
        enclaves = {one.process.pid: one for one in local_cluster.enclaves()}
        old = {pid for life in lives for pid in life}
        return enclaves if len(enclaves) == 2 and not old & set(enclaves) else None

    executors = local_cluster.executors()
    for _ in range(3):
        lives.append(until(fresh, "both executors have a fresh enclave"))
        assert {one.process.parent for one in lives[-1].values()} == {one.pid for one in executors.values()}
        assert local_cluster.run(FIT, world.points).stdout == world.wanted(FIT, world.points)
    assert local_cluster.executors() == executors


def ends_of_jobs(cluster) -> dict[str, str]:
    """How Spark's event log says that each job ended, by its group and number."""
    names, ends = {}, {}
    for event in cluster.log_of_events():
        if event["Event"] == "SparkListenerJobStart":
            names[event["Job ID"]] = f"{event['Properties'].get('spark.jobGroup.id', '')}, job {event['Job ID']}"
        elif event["Event"] == "SparkListenerJobEnd":
            ends[names[event["Job ID"]]] = event["Job Result"]["Result"]
    return ends


def test_who_looks_at_spark_sees_a_session_that_succeeded_as_one(world, local_cluster):
    """The resident task's job too, also where the session ends before the task has been idle for long."""
    session = f"session {local_cluster.last_session()} "
    assert local_cluster.run(FIT, world.points).stdout == world.wanted(FIT, world.points)
    until(lambda: not local_cluster.api("/jobs?status=running"), "Spark runs no job")

    def own():
        return {name: end for name, end in ends_of_jobs(local_cluster).items() if name.startswith(session)}

    until(lambda: any(" resident " in name for name in own()), "the resident task's job is in the event log")
    assert set(own().values()) == {"JobSucceeded"}, own()
    failed = [job for job in local_cluster.api("/jobs?status=failed") if job.get("jobGroup", "").startswith(session)]
    assert failed == []


def interrupt(job):
    """Ctrl-C as a person presses it: harder when Python was caught within a lock of gRPC's and hangs at its exit."""
    job.interrupt()
    try:
        job.process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(job.process.pid, signal.SIGTERM)


def test_an_interrupted_script_frees_the_cluster_for_the_next(world, cluster):
    with cluster.begin(FITS_FOR_EVER, world.points) as job:
        job.reached("fitting")
        cluster.freeze_at_work()
        interrupt(job)
        job.end(code=None)
        assert job.process.returncode != 0
        cluster.thaw()
    until(lambda: not cluster.api("/jobs?status=running"), "Spark runs no job")
    assert cluster.run(FIT, world.points).stdout == world.wanted(FIT, world.points)


def test_an_interrupted_action_leaves_its_session_whole(world, cluster):
    with cluster.begin(INTERRUPTED, world.points) as job:
        job.reached("fitting")
        cluster.freeze_at_work()
        job.tell("interrupt")
        job.reached("interrupted")
        cluster.thaw()
        job.tell("go")
        assert job.end() == world.wanted(FIT, world.points)


def test_the_progress_bar_moves(world, standalone):
    assert standalone.run(PROGRESS, world.points).stdout == "moved\n"


def test_the_progress_bar_moves_in_a_fit_of_short_stages(world, cluster):
    """On the embedded engine; on Spark in one resident task; on Spark with a job for each stage."""
    assert world.wanted(PROGRESS_OF_A_FIT, world.many) == "moved\n"
    assert cluster.run(PROGRESS_OF_A_FIT, world.many).stdout == "moved\n"
