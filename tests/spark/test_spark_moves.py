"""I1, I7: a job whose blocks don't fit the worker enclaves' memory, on Apache Spark: what it spills, and what Spark moves for it."""

import shutil
import sys

import pytest

from clusters import until
from conftest import EACH_STAGE_A_JOB
from deployment import ROOT
from leak_search import Search, needles_of
from scripts import SPILLS

sys.path.insert(0, str(ROOT / "bench"))

import moved  # noqa: E402

LIMIT = 4 << 20


def folders(cluster):
    return set(cluster.local.rglob("soteria-spill*"))


def spilled(cluster):
    """Blocks that lie sealed in Spark's local folders."""
    return [path for path in cluster.local.rglob("soteria-spill*/**/*.sealed")]


@pytest.fixture(scope="module")
def job(world, the_local_cluster):
    """What it printed; of what it spilled there is a copy."""
    before = folders(the_local_cluster)  # of executors that other tests have killed
    cluster = the_local_cluster.ensure(enclave_memory=LIMIT, spark_eventLog_logBlockUpdates_enabled="true", **EACH_STAGE_A_JOB)
    with cluster.begin(SPILLS, world.many) as running:
        running.reached("spilled")
        cluster.spill_before = before
        cluster.spilled = cluster.folder / "spilled"
        cluster.spilled.mkdir()
        for number, path in enumerate(spilled(cluster)):
            try:
                shutil.copy(path, cluster.spilled / str(number))
            except FileNotFoundError:
                pass  # it was dropped meanwhile
        running.tell("go")
        text = running.end()
    return cluster, text


def events(cluster):
    """Once Spark has written the end of the last job."""
    def complete():
        found = list(cluster.log_of_events())
        begun, ended = ({event["Job ID"] for event in found if event["Event"] == f"SparkListenerJob{what}"} for what in ("Start", "End"))
        return found if begun and begun == ended else None
    return until(complete, "the event log is complete")


def test_it_spills_and_gives_the_same_bits(world, job):
    cluster, text = job
    folder = world.folder / "told"
    folder.mkdir(exist_ok=True)
    (folder / "go").touch()
    assert text == world.wanted(SPILLS, world.many, folder)
    assert sum(path.stat().st_size for path in cluster.spilled.iterdir()) > LIMIT / 4


def test_what_it_spills_is_sealed(world, job):
    cluster, _ = job
    search = Search(needles_of(world.many_frame.sample(2000, random_state=1)))
    hits, searched = search.files([cluster.spilled])
    assert hits == set()
    assert searched > LIMIT / 4


def test_shuffles_move_little_more_than_what_is_sealed(job):
    cluster, _ = job
    for kind, what in moved.shuffles(events(cluster), cluster.record, 1).items():
        assert what.messages > 100, kind
        assert what.payload < what.moved <= what.allowed, f"{kind}: {what}"


def test_broadcasts_move_little_more_than_what_is_sealed(job):
    cluster, _ = job
    what = moved.broadcasts(events(cluster), cluster.record, 1)
    assert what.messages > 30
    assert what.payload < what.moved <= what.allowed, what


def test_nothing_that_was_spilled_is_left(job):
    """The session has ended; those that come after it have spilled nothing. Then the executors end."""
    cluster, _ = job
    until(lambda: not spilled(cluster), "no spilled block is left")
    cluster.end_driver()
    assert not folders(cluster) - cluster.spill_before
