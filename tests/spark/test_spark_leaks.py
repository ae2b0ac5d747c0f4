"""I1: what Spark has, shows and leaves behind of a job: kinds and numbers of stages, sealed bytes, nothing else."""

import json
import re
import shutil

import pytest

from clusters import TASK_DONE, frames_of
from conftest import EACH_STAGE_A_JOB, SPECULATION
from deployment import ROOT
from leak_search import Search, needles_of, plain_copies

DEMO = ROOT / "examples/breast_cancer.py"
# What the job is about, in the owner's words: Spark's host needs none of them.
WORDS = (b"LogisticRegression", b"StandardScaler", b"VectorAssembler", b"breast-cancer", b"breast_cancer", b"storage/patients",
         b"mean_radius", b"log_area", b"randomSplit", b"areaUnderROC")
DECIMAL_MIN = 8
STAGE = re.compile(r"(keep|collect|write|reduce|shuffle|resident|outside) \d+")

# Rows through a shuffle and back in blocks, beside the demo: shuffle files and sealed broadcasts lie on Spark's disks.
SHUFFLES = """
import pathlib, sys, time
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
table = spark.read.parquet(sys.argv[1])
kept = table.repartition(5).persist()
print(kept.count(), len(kept.collect()))
signals = pathlib.Path(sys.argv[2])
(signals / "there").touch()
while not (signals / "go").exists():
    time.sleep(0.01)
"""


@pytest.fixture(scope="module")
def seen(world, the_local_cluster, the_standalone):
    """Two jobs on either cluster; what the UI answers is kept as files beside the rest."""
    clusters = [the_local_cluster.ensure(), the_standalone.ensure(**EACH_STAGE_A_JOB, **SPECULATION)]
    for cluster in clusters:
        cluster.run_file(DEMO, world.patients, world.models / "breast_cancer")
        with cluster.begin(SHUFFLES, world.patients) as job:
            job.reached("there")
            cluster.answers = answers(cluster)
            cluster.during = copies(cluster.local, cluster.folder / "during")
            job.tell("go")
            assert job.end() == "569 569\n"
        (cluster.folder / "answers.json").write_text(json.dumps(cluster.answers))
    return clusters


def copies(folder, target):
    """Of files that may go at any time: Spark removes those of earlier stages when it likes."""
    target.mkdir(exist_ok=True)
    for number, path in enumerate(sorted(folder.rglob("*"))):
        try:
            if path.is_file():
                shutil.copy(path, target / f"{number}-{path.name}")
        except FileNotFoundError:
            pass
    return target


def answers(cluster):
    found = {path: cluster.api(path) for path in
             ("", "/jobs", "/stages?details=true&withSummaries=true", "/allexecutors", "/storage/rdd", "/environment",
              "/allmiscellaneousprocess")}
    for rdd in found["/storage/rdd"]:
        found[f"/storage/rdd/{rdd['id']}"] = cluster.api(f"/storage/rdd/{rdd['id']}")
    return found


def searching(world):
    """Logs are full of durations and sizes: a short decimal number among them is none of the owner's."""
    return Search({needle for needle in needles_of(world.frame, extra=WORDS)
                   if len(needle) >= DECIMAL_MIN or not re.fullmatch(rb"[0-9.]+", needle)})


def places(cluster):
    """Everything of a cluster: records, logs, Spark's folders, the event log, the UI's answers; not the links to Spark."""
    return [path for path in cluster.folder.iterdir() if path != cluster.home]


def test_the_ui_shows_kinds_and_numbers_of_stages(seen):
    for cluster in seen:
        jobs, stages = cluster.answers["/jobs"], cluster.answers["/stages?details=true&withSummaries=true"]
        assert len(jobs) > 3 and len(stages) > 3
        for name in {job["name"] for job in jobs} | {stage["name"] for stage in stages}:
            assert STAGE.fullmatch(name), name
        for job in jobs:
            assert STAGE.fullmatch(job.get("description", job["name"])), job
            assert re.fullmatch(r"session \d+ (stage|resident|outside) \d+", job["jobGroup"]), job
        assert all(STAGE.fullmatch(rdd["name"]) for rdd in cluster.answers["/storage/rdd"])
        assert cluster.answers[""]["name"] == "soteria"


def test_the_ui_and_the_event_log_keep_the_cookie(seen):
    for cluster in seen:
        mine = {name: value for name, value in cluster.answers["/environment"]["sparkProperties"]
                if name.startswith("spark.soteria.")}
        assert "spark.soteria.worker" in mine
        (cookie,) = [name for name in mine if name in ("spark.soteria.cookie", "spark.soteria.token")]
        assert "redacted" in mine[cookie]
        for event in cluster.log_of_events():
            if event["Event"] == "SparkListenerEnvironmentUpdate":
                assert "redacted" in event["Spark Properties"][cookie]
                break
        else:
            raise AssertionError("the event log has no environment")


def test_nothing_of_the_plaintext_is_outside(world, seen):
    search = searching(world)
    assert len(search.needles) > 10_000
    for cluster in seen:
        hits, searched = search.files(places(cluster))
        assert hits == set()
        assert searched > 1_000_000
    assert search.files([world.storage])[0] == set()
    control = world.folder / "control"
    control.mkdir()
    found, _ = search.files(plain_copies(world.frame, control))
    shutil.rmtree(control)
    assert len(found) > 0.99 * (len(search.needles) - len(WORDS))


def test_the_search_has_seen_what_spark_moved(seen):
    """Shuffle files, event log, UI, record and logs were among what was searched, and they aren't empty."""
    cluster = seen[1]
    sizes = {path: path.stat().st_size for path in cluster.during.glob("*-shuffle_*.data")}
    assert sum(sizes.values()) > 100_000, "the sealed rows that the repartition moved"
    assert next(cluster.events.iterdir()).stat().st_size > 10_000
    assert sum(frames_of(path, TASK_DONE) for path in cluster.record.glob("*-slot-*.in")) > 100
    assert any(path.name == "stderr" and path.stat().st_size for path in cluster.folder.rglob("work/*/*/stderr"))


def test_the_search_sees_what_was_planted_among_spark_s_files(world, seen, tmp_path):
    search = searching(world)
    victim = max(seen[1].during.glob("*-shuffle_*.data"), key=lambda path: path.stat().st_size)
    data = bytearray(victim.read_bytes())
    data[len(data) // 2:len(data) // 2] = b"areaUnderROC"
    (tmp_path / "planted").write_bytes(data)
    assert search.files([tmp_path])[0] == {b"areaUnderROC"}


def test_a_longer_number_is_no_hit(world, tmp_path):
    """Spark's log says durations to the nanosecond: 20.008005 ms isn't the owner's 0.008005."""
    search = searching(world)
    needle = next(needle for needle in sorted(search.needles) if needle.startswith(b"0.0"))
    (tmp_path / "log").write_bytes(b"took 2" + needle + b" ms")
    assert search.files([tmp_path])[0] == set()
    (tmp_path / "log").write_bytes(b"took 2" + needle + b" ms, of " + needle)
    assert search.files([tmp_path])[0] == {needle}
