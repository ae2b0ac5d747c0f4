"""I5, I7: processes that end in the middle of a job on Apache Spark change no bit, and nothing is left of what ended."""

import os
import re
import signal

from clusters import EXECUTOR, READY, WORKER_DAEMON, counters, until
from conftest import EACH_STAGE_A_JOB, SPECULATION
from scripts import DIVIDES, FIT, FITS, FITS_FOR_EVER, KEPT

LOST_SECONDS = 30
# A task of Spark has four attempts, an executor that only waits for its turn may be hit in addition.
KILLS_MAX = 12


def right(world, script, *signals):
    """What the embedded engine prints; no signal is waited for there."""
    if not signals:
        return world.wanted(script, world.points)
    folder = world.folder / "told"
    folder.mkdir(exist_ok=True)
    for name in signals:
        (folder / name).touch()
    return world.wanted(script, world.points, folder)


def test_a_killed_worker_enclave_takes_its_executor_along(world, cluster):
    with cluster.begin(FITS, world.points) as job:
        job.reached("fitting")
        victim = cluster.freeze_at_work()
        executor = cluster.executors()[victim.executor]
        victim.process.signal(signal.SIGKILL)
        until(lambda: not executor.alive(), "the executor's JVM has ended with its enclave")
        job.tell("done")
        assert job.end() == right(world, FIT)
        assert job.counters()["lost"] == 1, job.text()
    until(lambda: len(cluster.executors()) == 2, "Spark has started another executor")
    assert victim.executor not in cluster.executors()


def test_a_killed_executor_takes_its_enclave_along(world, cluster):
    with cluster.begin(FITS, world.points) as job:
        job.reached("fitting")
        victim = cluster.freeze_at_work()
        cluster.executors()[victim.executor].signal(signal.SIGKILL)
        victim.process.signal(signal.SIGCONT)
        until(lambda: not victim.process.alive(), "the enclave has ended with its executor")
        job.tell("done")
        assert job.end() == right(world, FIT)
        assert job.counters()["lost"] == 1, job.text()
    until(lambda: len(cluster.executors()) == 2, "Spark has started another executor")


def test_a_killed_worker_daemon_leaves_the_job_to_the_other(world, standalone):
    with standalone.begin(FITS, world.points) as job:
        job.reached("fitting")
        victim = standalone.freeze_at_work()
        executor = standalone.executors()[victim.executor]
        daemon = next(one for one in standalone.processes(WORKER_DAEMON) if one.pid == executor.parent)
        daemon.signal(signal.SIGKILL)
        executor.signal(signal.SIGKILL)
        victim.process.signal(signal.SIGCONT)
        until(lambda: not victim.process.alive(), "the enclave has ended")
        job.tell("done")
        assert job.end() == right(world, FIT)
        assert job.counters()["lost"] == 1, job.text()
    assert len(standalone.processes(WORKER_DAEMON)) == 1


def test_blocks_that_were_kept_on_a_lost_executor_are_made_again(world, cluster):
    with cluster.begin(KEPT, world.points) as job:
        job.tell("keep")
        job.reached("kept")
        executor = cluster.executors()[cluster.busiest().executor]
        executor.signal(signal.SIGKILL)
        until(lambda: not executor.alive(), "the executor is gone")
        job.tell("go")
        assert job.end() == right(world, KEPT, "keep", "go")
        assert job.counters()["lost"] == 1 and job.counters()["blocks rebuilt"] > 0, job.text()


def test_an_executor_that_spark_takes_back_changes_no_bit(world, the_standalone):
    """Dynamic allocation: a second executor comes when tasks wait, and goes, with what it keeps, when there are none."""
    cluster = the_standalone.ensure(
        **EACH_STAGE_A_JOB, spark_dynamicAllocation_enabled="true", spark_dynamicAllocation_shuffleTracking_enabled="true",
        spark_dynamicAllocation_shuffleTracking_timeout="2s", spark_dynamicAllocation_executorIdleTimeout="2s",
        spark_dynamicAllocation_cachedExecutorIdleTimeout="2s", spark_dynamicAllocation_initialExecutors="1",
        spark_dynamicAllocation_minExecutors="1", spark_dynamicAllocation_maxExecutors="2")
    with cluster.begin(KEPT, world.points) as job:
        job.reached("begun")
        cluster.freeze_at_work()
        until(lambda: len(cluster.enclaves()) == 2, "Spark has started a second executor for the tasks that wait")
        cluster.thaw()
        until(lambda: all(cluster.works_ever(one) for one in cluster.enclaves()) and len(cluster.enclaves()) == 2,
              "both enclaves have answered")
        job.tell("keep")
        job.reached("kept")
        until(lambda: len(cluster.enclaves()) == 1 and len(cluster.executors()) == 1, "Spark has taken one executor back")
        job.tell("go")
        assert job.end() == right(world, KEPT, "keep", "go")
        assert job.counters()["lost"] >= 1 and job.counters()["blocks rebuilt"] > 0, job.text()


def test_a_slow_executor_is_overtaken_by_a_copy(world, standalone):
    """Speculation: a stopped enclave answers nothing; the other executor's copy of the task counts."""
    def copies():
        return [one for one in standalone.task_ends()
                if one["Task Info"]["Speculative"] and one["Task End Reason"]["Reason"] == "Success"]

    before = len(copies())
    with standalone.begin(FITS, world.points) as job:
        job.reached("fitting")
        slow = standalone.freeze_at_work()
        until(lambda: len(copies()) > before, "a copy of the task has succeeded")
        assert copies()[-1]["Task Info"]["Executor ID"] != slow.executor
        standalone.thaw()
        job.tell("done")
        assert job.end() == right(world, FIT)
        assert job.counters()["lost"] == 0, job.text()


def test_a_copy_of_a_resident_task_does_no_harm(world, the_standalone):
    """Stages that run one after another inside one Spark task, and Spark makes a copy of that task because it takes long."""
    cluster = the_standalone.ensure(**SPECULATION)

    def copies():
        return [task for stage in cluster.api("/stages?status=active&details=true") for task in stage["tasks"].values()
                if task["speculative"]]

    with cluster.begin(FITS, world.points) as job:
        job.reached("fitting")
        slow = cluster.freeze_at_work()
        until(copies, "there is a copy of the task")
        slow.process.signal(signal.SIGCONT)
        job.tell("done")
        assert job.end() == right(world, FIT)
        assert job.counters()["lost"] == 0, job.text()
    # The first attempt is lost while its copy waits.
    with cluster.begin(FITS, world.points) as job:
        job.reached("fitting")
        slow = cluster.freeze_at_work()
        until(copies, "there is a copy of the task")
        slow.process.signal(signal.SIGKILL)
        job.tell("done")
        assert job.end() == right(world, FIT)
        assert job.counters()["lost"] == 1, job.text()


def test_a_task_that_always_loses_its_enclave_ends_the_job(world, local_cluster):
    """Every enclave is stopped once it is ready, and killed with the first task that it is given."""
    stopped, killed = set(), set()

    def kill():
        for one in local_cluster.enclaves():
            if one.process.pid not in stopped and local_cluster.is_ready(one):
                stopped.add(one.process.pid)
                one.process.signal(signal.SIGSTOP)
            if one.process.pid in stopped and one.process.pid not in killed and local_cluster.works(one):
                killed.add(one.process.pid)
                one.process.signal(signal.SIGKILL)
        return job.process.poll() is not None

    with local_cluster.begin(FITS_FOR_EVER, world.points) as job:
        job.reached("fitting")
        until(kill, "the job gives up")
        job.end(code=1)
    # Which of them depends on what is noticed first: the task's last attempt, or that no enclave is left.
    assert re.search(r"\[SOTERIA\.(ATTEMPTS_EXHAUSTED|STAGE_FAILED|WORKER_LOST)\]", job.text()), job.text()
    assert 1 <= len(killed) <= KILLS_MAX
    local_cluster.thaw()
    assert local_cluster.run(FIT, world.points).stdout == right(world, FIT)


def test_an_error_of_the_data_arrives_once_and_is_not_tried_again(world, cluster):
    before = len(cluster.task_ends())
    done = cluster.run(DIVIDES, world.points)
    assert done.stdout.splitlines()[0] == "ArithmeticException DIVIDE_BY_ZERO"
    assert done.stdout == right(world, DIVIDES)
    assert counters(done.stderr)["retries"] == 0, done.stderr
    failures = [one for one in cluster.task_ends()[before:] if one["Task End Reason"]["Reason"] == "ExceptionFailure"]
    assert failures == []


def test_a_killed_owner_may_come_back_at_once(world, local_cluster):
    with local_cluster.begin(FITS_FOR_EVER, world.points) as job:
        job.reached("fitting")
        os.killpg(job.process.pid, signal.SIGKILL)
        job.process.wait()
    done = local_cluster.run(FIT, world.points)
    assert done.stdout == right(world, FIT)
    assert "an earlier session of yours" in done.stderr, done.stderr


def test_a_killed_driver_ends_all_that_it_had(world, cluster):
    with cluster.begin(FITS_FOR_EVER, world.points) as job:
        job.reached("fitting")
        mine = cluster.processes(EXECUTOR, "soteria-master", "soteria-worker")
        assert len(mine) == 5, mine
        cluster.driver.kill()
        until(lambda: "the session is over" in job.err.read_text(), "the owner is told", LOST_SECONDS)
        # The command isn't killed: its next call, or the one that was cut off, is told.
        until(lambda: job.process.poll() is not None, "the script ends with Spark's error", LOST_SECONDS)
        job.end(code=3)
        assert "pyspark.errors.exceptions.connect.SparkException: [SOTERIA.MASTER_LOST]" in job.text(), job.text()
    until(lambda: not cluster.processes(EXECUTOR, "soteria-master", "soteria-worker"), "no executor and no enclave is left")
    assert not any(one.alive() for one in mine)
