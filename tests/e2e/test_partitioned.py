"""The partitioned scheme through the real programs: what leaves, what is refused, what a lying statistics process can do."""

import concurrent.futures
import os
import re
import signal
import sys
import time

import numpy as np
import pandas as pd
import pytest

import lying_statistics
from deployment import ROOT, Deployment, partitioned

sys.path.insert(0, str(ROOT / "tests/hostile"))
from hosts import OwnHost, children  # noqa: E402

ROWS = 400

JOB = """
import sys
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.evaluation import BinaryClassificationEvaluator, MulticlassClassificationEvaluator, RegressionEvaluator
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
table = VectorAssembler(inputCols=["x", "y"], outputCol="features").transform(spark.read.parquet(sys.argv[1]))
model = LogisticRegression(maxIter=5, regParam=0.1).fit(table)
scored = model.transform(table)
print("auc", repr(BinaryClassificationEvaluator().evaluate(scored)))
for metric in ("accuracy", "f1", "logLoss"):
    print(metric, repr(MulticlassClassificationEvaluator(metricName=metric).evaluate(scored)))
print("rmse", repr(RegressionEvaluator().evaluate(scored)))
print("summary", repr(model.summary.accuracy), repr(model.summary.precisionByLabel))
"""


def table():
    generator = np.random.Generator(np.random.PCG64(5))
    values = generator.normal(size=(ROWS, 2))
    label = (values.sum(axis=1) + 2 * generator.normal(size=ROWS) > 0) * 1.0
    return pd.DataFrame({"x": values[:, 0], "y": values[:, 1], "label": label})


@pytest.fixture(scope="module")
def d(tmp_path_factory):
    made = Deployment(tmp_path_factory.mktemp("partitioned"))
    made.keygen()
    made.path = made.table("points", table())
    made.start()
    made.write_manifest(read=[made.path])
    made.base = made.manifest.read_text()
    made.exact = values(made.run(JOB, made.path).stdout)
    yield made
    made.stop()


def values(text):
    return dict(line.split(maxsplit=1) for line in text.splitlines() if line[0].isalpha())


def under(d, **rule):
    d.manifest.write_text(partitioned(d.base, **rule))


ALL = ["binary", "multiclass", "regression"]


def test_aggregates_leave_and_are_the_enclaves_own_where_nothing_is_binned(d):
    under(d, kinds=ALL)
    done = d.run(JOB, d.path)
    got = values(done.stdout)
    for metric in ("accuracy", "f1", "logLoss", "rmse", "summary"):
        assert got[metric] == d.exact[metric], metric
    # Binned: between the bounds that the released bins allow; the released bytes are in the record.
    assert abs(float(got["auc"]) - float(d.exact["auc"])) < 0.02
    released, entries = d.releases()
    # auc, accuracy and f1, rmse, two of the summary. Not the log loss: each row has a probability of its own, which the model made.
    assert len(released) == 6 and not any("logLoss" in one["statistic"] for one in released)
    assert {one["level"] for one in released} == {"aggregate"}
    assert all(one["outside"] for one in released) and not any(one["unverified"] for one in released)
    assert done.stderr.count("released: ") == 6 and "NOT VERIFIED" not in done.stderr
    metrics = [one for one in entries if one["kind"] == "metrics"]
    assert sum(one.get("outside", False) for one in metrics) == 6


def test_scores_leave_only_when_the_owner_says_so(d):
    under(d, kinds=ALL, release="scores")
    done = d.run(JOB, d.path)
    assert "warning" in done.stderr
    got = values(done.stdout)
    assert got["auc"] == d.exact["auc"]
    for metric in ("accuracy", "f1"):
        assert got[metric] == d.exact[metric]
    released, _ = d.releases()
    assert [one["level"] for one in released].count("scores") == 5
    assert max(one["rows"] for one in released) == ROWS


def test_what_is_not_listed_stays_inside(d):
    under(d, kinds=["regression"], inside=["binary"])
    assert values(d.run(JOB, d.path).stdout) == d.exact
    released, _ = d.releases()
    assert len(released) == 1


def test_cells_that_are_too_small_stay_inside(d):
    script = JOB + 'print("stored", repr(RegressionEvaluator(predictionCol="x", labelCol="y").evaluate(scored)))\n'
    under(d, kinds=ALL, min_rows=ROWS)
    got = values(d.run(script, d.path).stdout)
    assert {name: got[name] for name in d.exact} == d.exact
    # Only moments of two stored columns are about all rows: each of the predicted classes is a cell of its own.
    (released,) = d.releases()[0]
    assert released["rows"] == ROWS and released["statistic"].endswith("RegressionEvaluator.rmse")
    under(d, kinds=ALL, min_rows=ROWS + 1)
    assert values(d.run(script, d.path).stdout) == got
    assert d.releases()[0] == []


def test_a_spent_budget_ends_it_across_jobs(d):
    path = d.table("budgeted", table())
    d.write_manifest(read=[path], out=d.folder / "budgeted.toml")
    before, d.base = d.base, (d.folder / "budgeted.toml").read_text()
    try:
        script = JOB[:JOB.index("print(\"auc\"")] + "print('rmse', RegressionEvaluator().evaluate(scored))\n"
        under(d, kinds=ALL, budget=18)
        for _ in range(2):
            d.run(script, path)
        refused = d.run(script, path, check=False)
        assert refused.returncode != 0
        assert "SOTERIA.NOT_IN_MANIFEST" in refused.stderr and "budget" in refused.stderr
        assert d.releases()[0] == []
    finally:
        d.base = before


ONE = JOB[:JOB.index("print(\"auc\"")] + """
print('rmse', RegressionEvaluator().evaluate(scored))
"""


@pytest.fixture
def liar(d, tmp_path):
    """A host whose statistics process lies in some way."""
    d.stop()
    started = []

    def start(mode):
        started.append(OwnHost(d, "--stats", lying_statistics.program(tmp_path, mode)))

    yield start
    for host in started:
        host.stop()
    d.start()


@pytest.mark.parametrize("mode", lying_statistics.MODES)
def test_a_lying_statistics_process_is_found_out(d, liar, mode):
    liar(mode)
    under(d, kinds=ALL)
    done = d.run(ONE, d.path, check=False)
    assert done.returncode != 0
    assert "SOTERIA.STATISTICS" in done.stderr
    assert "rmse" not in done.stdout


def test_an_unverified_value_is_marked(d, liar):
    liar("wrong")
    under(d, kinds=ALL, release="scores", unverified=True)
    done = d.run(ONE, d.path)
    assert values(done.stdout)["rmse"] == "0.123"
    assert "NOT VERIFIED" in done.stderr
    released, entries = d.releases()
    assert [one["unverified"] for one in released] == [True]
    assert [one["unverified"] for one in entries if one["kind"] == "metrics"] == [True]


TWICE = """
import sys
from pyspark.ml.evaluation import RegressionEvaluator
from pyspark.sql import SparkSession
table = SparkSession.builder.getOrCreate().read.parquet(sys.argv[1])
for _ in range(2):
    print("rmse", RegressionEvaluator(predictionCol="x").evaluate(table).hex())
"""


@pytest.mark.parametrize("level", ["aggregate", "scores"])
def test_a_stage_that_loses_a_worker_releases_the_same_bytes(d, level):
    under(d, kinds=ALL, release=level)
    if level == "aggregate":  # rows are permuted by a key of the session's
        right = d.run(TWICE, d.path).stdout, contents(d)
    d.stop()
    d.start("--fault", "kill:reduce=2,after=1,worker=0")
    try:
        done = d.run(TWICE, d.path, options=["--verbose"])
    finally:
        d.stop()
        d.start()
    assert re.search(r"\b1 lost\b", done.stderr), done.stderr
    assert len(contents(d)) == 2 and len(set(contents(d))) == 1
    assert len(set(done.stdout.splitlines())) == 1
    if level == "aggregate":
        assert (done.stdout, contents(d)) == right


def contents(d):
    """SHA-256 of what each release of the last session let out."""
    return [one["sha256"] for one in d.releases()[0]]


def test_an_outside_stage_outlives_its_process_and_is_logged_by_its_number(d, tmp_path):
    under(d, kinds=ALL)
    d.stop()
    before, d.record = d.record, tmp_path / "record"
    d.start()
    try:
        asked = d.record / "session-1-statistics.out"
        wait_for(lambda: asked.exists() and asked.stat().st_size > 0)  # HELLO_OK
        (victim,) = children(d.state()["pid"], "soteria-stats")
        os.kill(victim, signal.SIGSTOP)
        greeted = asked.stat().st_size
        with concurrent.futures.ThreadPoolExecutor() as pool:
            job = pool.submit(d.run, ONE, d.path)
            try:
                wait_for(lambda: asked.stat().st_size > greeted or job.done())
            finally:
                os.kill(victim, signal.SIGKILL)
            assert values(job.result().stdout)["rmse"] == d.exact["rmse"]
        log = (d.cluster / "host.log").read_text()
        assert "the statistics process ended with status 9" in log
        lines = [line for line in log.splitlines() if "outside" in line]
        assert lines and all(re.fullmatch(r"\S+ soteria-host I outside \d+", line) for line in lines), lines
    finally:
        d.stop()
        d.record = before
        d.start()


def wait_for(condition):
    give_up = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.01)
