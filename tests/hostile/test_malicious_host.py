"""A malicious host against real processes: seeded scripts of tricks, each over one job of an open session.

soteria-lying-host is soteria-host with an adversary inside (adversary.h; misbehaviour.cc is the table of its tricks, and what
each must end in). Jobs end in the undisturbed job's result, bit for bit, or in the error that a trick of their script names.

SOTERIA_HOST_SCHEDULES=N runs so many schedules, SOTERIA_HOST_SEED=N begins with another one.
"""

import collections
import json
import os
import random
import socket
import threading
import time

import numpy as np
import pandas as pd
import pytest
from pyspark.errors.exceptions.connect import SparkConnectException
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.feature import VectorAssembler

from connected import Connected
from deployment import BIN
from hosts import OwnHost

SCHEDULES = int(os.environ.get("SOTERIA_HOST_SCHEDULES", 640))
FIRST_SEED = int(os.environ.get("SOTERIA_HOST_SEED", 0))
SCHEDULES_A_SESSION = 80
TRICKS = (0, 1, 2, 3, 3)  # in one script
EACH_KIND_MIN = 20
JOB_SECONDS = 60
LEFTOVERS_MAX = 8
FILES = 9  # two levels of the reduce tree
ROWS = 45
PROGRAM = BIN.resolve().parent / "tests/hostile/soteria-lying-host"

KINDS = {
    "drops": ["drop_and_retry", "withhold_broadcast", "drop_done", "ok_becomes_retry"],
    "repeats": ["repeat_result", "repeat_input", "repeat_stage_task", "repeat_broadcast"],
    "swaps": ["swap_results", "swap_children", "swap_cells", "relabel_result", "child_of_other_node", "child_twice"],
    "reorders": ["reorder_results", "reorder_inputs"],
    "delays": ["late_repeat", "delay_done", "late_error_repeat"],
    "an earlier stage": ["result_of_earlier_stage", "result_as_earlier_stage", "child_of_earlier_stage",
                         "cell_of_other_shuffle", "stale_stage_task", "task_of_earlier_stage", "error_of_earlier_stage"],
    "another session, another job": ["result_of_other_session", "broadcast_of_other_session",
                                     "stage_task_of_other_session"],
    "a task twice": ["run_twice"],
    "claims success": ["withhold_result", "claim_success", "withhold_child", "hide_error"],
    "stale broadcast": ["stale_broadcast"],
    "truncated shuffle": ["truncate_shuffle", "withhold_cell", "withhold_all_cells", "cell_of_other_target",
                          "cell_twice"],
    "extra workers": ["run_on_extra_worker", "run_on_extra_worker", "run_on_extra_worker", "lose_worker"],
    "alters and forges": ["flip_result", "cut_result", "forged_sender", "forged_key", "flip_child", "flip_cell",
                          "flip_broadcast", "flip_stage_task", "leaf_as_root", "cell_as_result"],
    "false words": ["give_up_failed", "give_up_retry", "endless_retries", "endless_losses", "false_retried",
                    "false_worker_lost", "ok_becomes_miss", "ok_becomes_failed", "malformed_frame", "done_of_no_stage",
                    "task_for_other_place", "task_for_no_place", "retried_nowhere"],
}
# What a worker was made to believe is gone with it.
TO_WORKERS = ("flip_child", "flip_cell", "flip_broadcast", "flip_stage_task", "stale_broadcast", "stale_stage_task",
              "broadcast_of_other_session", "stage_task_of_other_session", "withhold_child", "hide_error",
              "swap_children", "swap_cells", "child_of_other_node", "child_twice", "child_of_earlier_stage",
              "cell_of_other_shuffle", "truncate_shuffle", "withhold_cell", "withhold_all_cells", "cell_twice",
              "cell_of_other_target", "task_of_earlier_stage", "task_for_other_place", "task_for_no_place",
              "provoked_error", "error_of_earlier_stage")
HARMLESS, FATAL = 0, 1
Trick = collections.namedtuple("Trick", "effect tries errors")


class Liar:
    """The control port of soteria-lying-host."""

    def __init__(self, port_file):
        self.socket = socket.create_connection(("127.0.0.1", int(port_file.read_text())))
        self.lines = self.socket.makefile("rw", newline="\n")
        self.table = {}
        for row in self.ask("table").split():
            name, effect, _, tries, errors = row.split(":")
            self.table[name] = Trick(int(effect), int(tries), [error for error in errors.split(",") if error])

    def ask(self, line):
        self.lines.write(line + "\n")
        self.lines.flush()
        return self.lines.readline().rstrip("\n")

    def arm(self, seed, script):
        assert self.ask(f"arm {seed} {' '.join(script)}") == "ok", script

    def rest(self):
        return self.ask("rest").split()


@pytest.fixture(scope="module")
def world(shared_deployment):
    d = shared_deployment
    random_numbers = np.random.default_rng(7)
    x = random_numbers.normal(size=(ROWS, 2))
    label = (x[:, 0] + 0.3 * random_numbers.normal(size=ROWS) > 0).astype(float)
    d.path = d.table("points", pd.DataFrame({"id": np.arange(ROWS), "a": x[:, 0], "b": x[:, 1], "label": label}), FILES)
    d.start()
    d.write_manifest(read=[d.path])
    d.cli("cluster", "stop", "--dir", d.cluster)
    control = d.folder / "control"
    with OwnHost(d, "--master", BIN.resolve() / "soteria-master", "--worker", BIN.resolve() / "soteria-worker",
                 "--extra-workers", 1, "--control", control, program=PROGRAM, record=False):
        d.liar = Liar(control)
        yield d


def job(world, spark, turn):
    """Collects, reduces, shuffles, local rows that change with the turn, and a fit. Everything as text, to the bit."""
    frame = spark.read.parquet(str(world.path))
    answer = [row.id for row in frame.select("id").collect()]
    answer.append(frame.agg({"a": "sum", "b": "avg"}).first().asDict())
    answer.append([row.id for row in frame.select("id").repartition(3).collect()])
    for again in range(2):
        local = spark.createDataFrame([(i * (turn + again + 1),) for i in range(20)], "n long")
        answer.append([row.n // (turn + again + 1) for row in local.repartition(2).collect()])
    vectors = VectorAssembler(inputCols=["a", "b"], outputCol="features").transform(frame)
    model = LogisticRegression(maxIter=2, regParam=0.1).fit(vectors)
    answer.append([value.hex() for value in [*model.coefficients.toArray().tolist(), model.intercept]])
    return json.dumps(answer)


def judge(table, told, answer, right, error):
    """What is wrong, if anything is."""
    harmful = [name for name in told if table[name].effect != HARMLESS]
    if error is None:
        if answer != right:
            return "a wrong result"
        must = [name for name in harmful if table[name].effect == FATAL
                and not ("lose_worker" in told and name in TO_WORKERS)]
        return f"passed over: {must}" if must else None
    if not harmful:
        return f"an error without a lie that harms: {error}"
    allowed = {named for name in harmful for named in table[name].errors}
    return None if error in allowed else f"{error} is none of {sorted(allowed)}"


def script_of(seed, table):
    generator = random.Random(seed)
    kinds = generator.sample(sorted(KINDS), generator.choice(TRICKS))
    names = [generator.choice(KINDS[kind]) for kind in kinds]
    return [f"{name}@{generator.randrange(table[name].tries)}" for name in names]


def settle(world, spark, wanted):
    """What a job that ended early left on its way to the master meets the next stages: each further lie, and each copy of
    one, may end one of them."""
    errors = []
    for _ in range(LEFTOVERS_MAX + 1):
        try:
            got = spark.read.parquet(str(world.path)).agg({"id": "sum"}).first()[0]
            return None if got == wanted else f"{got} after the error"
        except SparkConnectException as error:
            errors.append(str(error))
    return f"no good work after the error: {errors}"


def run(world, spark, seed, right, table):
    """One schedule. (what took effect, what is wrong)."""
    script = script_of(seed, table)
    world.liar.arm(seed, script)
    watchdog = threading.Timer(JOB_SECONDS, spark.interruptAll)
    watchdog.start()
    answer = error = None
    try:
        answer = job(world, spark, seed)
    except SparkConnectException as caught:
        error = caught.getCondition() or str(caught)
    finally:
        watchdog.cancel()
    told = world.liar.rest()
    wrong = judge(table, told, answer, right, error)
    if error is not None:
        wrong = settle(world, spark, sum(range(ROWS))) or wrong
    return told, wrong and f"seed {seed}: {wrong}; script {script}, told {told}"


def test_no_schedule_gives_a_wrong_result(world):
    table = world.liar.table
    counts = collections.Counter()
    wrong = []
    began = time.monotonic()
    right = None
    for first in range(FIRST_SEED, FIRST_SEED + SCHEDULES, SCHEDULES_A_SESSION):
        session = Connected(world)
        spark = session.client()
        undisturbed = job(world, spark, first)
        right = right or undisturbed
        assert undisturbed == right, "every session gives the same bits"
        for seed in range(first, min(first + SCHEDULES_A_SESSION, FIRST_SEED + SCHEDULES)):
            told, failure = run(world, spark, seed, right, table)
            counts.update(told)
            if failure:
                wrong.append(failure)
        assert job(world, spark, first) == right, "the session still does good work"
        assert session.close() == 0, session.said()
    assert not wrong, "\n".join(wrong)
    kinds = {kind: sum(counts[name] for name in set(names)) for kind, names in KINDS.items()}
    print(f"{SCHEDULES} schedules in {time.monotonic() - began:.0f} s: {kinds}")
    if SCHEDULES >= 300:
        assert all(count >= EACH_KIND_MIN for count in kinds.values()), kinds


def test_the_kinds_name_tricks_of_the_table(world):
    names = {name for names in KINDS.values() for name in names}
    assert names <= set(world.liar.table)
    assert set(TO_WORKERS) <= set(world.liar.table)
