"""The partitioned scheme on Apache Spark: statistics processes beside the executors' enclaves, outside stages as Spark's jobs."""

import re
import signal

import lying_statistics
import pytest

from clusters import run_on, until
from deployment import BIN, ROOT, partitioned
from scripts import EVALUATE, EVALUATES

DEMO = ROOT / "examples/breast_cancer.py"
AUC = re.compile(r"test AUC ([0-9.]+)")
RULE = {"kinds": ["binary", "multiclass", "regression"], "budget": 1 << 40}


@pytest.fixture
def under(world):
    """Puts a [statistics] into the Manifest of this test's jobs."""
    usual = world.manifest

    def put(**rule):
        world.manifest = world.folder / "partitioned.toml"
        world.manifest.write_text(partitioned(usual.read_text(), **RULE, **rule))

    yield put
    world.manifest = usual


def contents(world):
    return [one["sha256"] for one in world.releases()[0]]


@pytest.fixture(scope="module")
def baseline(world):
    return run_on(world, world.cluster, DEMO, world.patients, world.models / "breast_cancer").stdout


@pytest.mark.parametrize("level", ["aggregate", "scores"])
def test_the_demo_gives_the_baselines_values_and_spark_sees_numbers(world, local_cluster, under, baseline, level):
    under(release=level, **({"min_rows": 1} if level == "aggregate" else {}))
    before = {job["jobId"] for job in local_cluster.api("/jobs")}
    done = local_cluster.run_file(DEMO, world.patients, world.models / "breast_cancer")
    if level == "aggregate":  # the curve's bins
        assert abs(float(AUC.search(done.stdout).group(1)) - float(AUC.search(baseline).group(1))) < 0.02
        assert AUC.sub("", done.stdout) == AUC.sub("", baseline)
    else:
        assert done.stdout == baseline
    released, entries = world.releases()
    # The AUC, the accuracy and, where cells may be that small, the training's.
    leave = 3 if level == "aggregate" else 2
    assert [one["level"] for one in released] == [level] * leave
    assert sum(one.get("outside", False) for one in entries if one["kind"] == "metrics") == leave
    assert done.stderr.count("released: ") == leave and "NOT VERIFIED" not in done.stderr
    jobs = [job for job in local_cluster.api("/jobs") if job["jobId"] not in before]
    outside = [job for job in jobs if job["name"].startswith("outside")]
    assert sorted(job["name"] for job in outside) == [f"outside {number + 1}" for number in range(leave)]
    assert all(job["description"] == job["name"] and job["numTasks"] == 1 for job in outside)


def test_a_killed_statistics_process_is_replaced_beside_its_executor(world, local_cluster, under):
    """And nothing else leaves for that, nor for a stage that loses its worker enclave."""
    under()
    right = run_on(world, world.cluster, write(world, EVALUATE), world.points).stdout
    (content,) = contents(world)
    with local_cluster.begin(EVALUATES, world.points) as job:
        job.reached("answered")
        executor, victim = next(iter(local_cluster.statistics().items()))
        assert executor in local_cluster.executors(), "it is its executor's"
        victim.signal(signal.SIGSTOP)
        until(lambda: local_cluster.unanswered(executor), "the stopped process has a question")
        victim.signal(signal.SIGKILL)
        fresh = until(lambda: local_cluster.statistics().get(executor), "another has taken its place")
        assert fresh.pid != victim.pid
        enclave = local_cluster.freeze_at_work()
        enclave.process.signal(signal.SIGKILL)
        until(lambda: enclave.executor not in local_cluster.executors(), "the executor has ended with its enclave")
        until(lambda: enclave.executor not in local_cluster.statistics(), "and its statistics process with it")
        job.tell("done")
        assert job.end() == right
        assert job.counters()["lost"] == 1, job.text()
    assert len(contents(world)) > 2 and set(contents(world)) == {content}
    until(lambda: not local_cluster.statistics(), "no statistics process outlives the session")


def write(world, script):
    path = world.folder / "outside.py"
    path.write_text(script)
    return path


def test_a_copy_of_a_slow_outside_task_answers_once(world, standalone, under):
    """Speculation, where rows leave: the same question goes to two processes, one answer comes back."""
    under(release="scores")

    def copies():
        return [one for one in standalone.task_ends() if one["Task Info"]["Speculative"] and one["Task End Reason"]["Reason"] == "Success"]

    before = len(copies())
    with standalone.begin(EVALUATES, world.points) as job:
        job.reached("answered")
        slow, process = next(iter(standalone.statistics().items()))
        process.signal(signal.SIGSTOP)
        until(lambda: standalone.unanswered(slow), "the stopped process has a question")
        until(lambda: len(copies()) > before, "a copy of the task has succeeded")
        assert copies()[-1]["Task Info"]["Executor ID"] != slow
        process.signal(signal.SIGCONT)
        job.tell("done")
        assert len(job.end().splitlines()) == 1
    released = world.releases()[0]
    assert {one["level"] for one in released} == {"scores"}
    assert len(released) > 2 and len(set(contents(world))) == 1


@pytest.mark.parametrize("mode", ["wrong", "dies"])
def test_a_lying_statistics_process_is_found_out(world, local_cluster, under, mode):
    under()
    local_cluster.answer_with(lying_statistics.program(local_cluster.folder, mode))
    try:
        done = run_on(world, local_cluster.directory, write(world, EVALUATE), world.points, check=False)
    finally:
        local_cluster.answer_with(BIN.resolve() / "soteria-stats")
    assert done.returncode != 0
    assert "SOTERIA.STATISTICS" in done.stderr
    assert done.stdout == ""
    assert len(contents(world)) == 1, "a release is made once, however often it is asked about"
