"""The partitioned scheme through the real programs: what leaves, what is refused, what a lying statistics process can do."""

import json
import re
import struct
import sys
import textwrap

import numpy as np
import pandas as pd
import pytest

from deployment import PYTHON, ROOT, Deployment

sys.path.insert(0, str(ROOT / "tests/hostile"))
from hosts import OwnHost  # noqa: E402

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
    """The Manifest with another [statistics]."""
    text = re.sub(r"(?ms)^\[statistics\].*?(?=^\[|\Z)", "", d.base)
    lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in rule.items())
    d.manifest.write_text(f"{text}\n[statistics]\nscheme = \"partitioned\"\n{lines}\n")


def releases(d):
    """Of the last session."""
    report = json.loads(d.cli("ledger", "--json").stdout)
    entries = report["sessions"][-1]["entries"]
    return [entry for entry in entries if entry["kind"] == "release"], entries


ALL = ["binary", "multiclass", "regression"]


def test_aggregates_leave_and_are_the_enclaves_own_where_nothing_is_binned(d):
    under(d, kinds=ALL)
    done = d.run(JOB, d.path)
    got = values(done.stdout)
    for metric in ("accuracy", "f1", "logLoss", "rmse", "summary"):
        assert got[metric] == d.exact[metric], metric
    # Binned: between the bounds that the released bins allow; the released bytes are in the record.
    assert abs(float(got["auc"]) - float(d.exact["auc"])) < 0.02
    released, entries = releases(d)
    # auc, three multiclass metrics, rmse, two of the summary
    assert len(released) == 7
    assert {one["level"] for one in released} == {"aggregate"}
    assert all(one["outside"] for one in released) and not any(one["unverified"] for one in released)
    assert done.stderr.count("released: ") == 7 and "NOT VERIFIED" not in done.stderr
    metrics = [one for one in entries if one["kind"] == "metrics"]
    assert sum(one.get("outside", False) for one in metrics) == 7


def test_scores_leave_only_when_the_owner_says_so(d):
    under(d, kinds=ALL, release="scores")
    done = d.run(JOB, d.path)
    assert "warning" in done.stderr
    got = values(done.stdout)
    assert got["auc"] == d.exact["auc"]
    for metric in ("accuracy", "f1"):
        assert got[metric] == d.exact[metric]
    released, _ = releases(d)
    assert [one["level"] for one in released].count("scores") == 5
    assert max(one["rows"] for one in released) == ROWS


def test_what_is_not_listed_stays_inside(d):
    under(d, kinds=["regression"], inside=["binary"])
    assert values(d.run(JOB, d.path).stdout) == d.exact
    released, _ = releases(d)
    assert len(released) == 1


def test_cells_that_are_too_small_stay_inside(d):
    under(d, kinds=ALL, min_rows=ROWS)
    assert values(d.run(JOB, d.path).stdout) == d.exact
    released, _ = releases(d)
    # Only the log loss and the moments are about all rows.
    assert len(released) == 2
    under(d, kinds=ALL, min_rows=ROWS + 1)
    assert values(d.run(JOB, d.path).stdout) == d.exact
    assert releases(d)[0] == []


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
        assert releases(d)[0] == []
    finally:
        d.base = before


LIAR = """
import os, socket, struct, sys, time
mode = {mode!r}
s = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
def send(kind, id, payload):
    s.sendall(struct.pack("<IBQ", 9 + len(payload), kind, id) + payload)
def receive():
    def exactly(n):
        out = b""
        while len(out) < n:
            got = s.recv(n - len(out))
            if not got:
                sys.exit(0)
            out += got
        return out
    length, kind, id = struct.unpack("<IBQ", exactly(13))
    return kind, id, exactly(length - 9)
cookie = os.environ["SOTERIA_COOKIE"].encode()
send(1, 0, b"\\x0a" + bytes([len(cookie)]) + cookie + b"\\x10\\x04")
receive()
while True:
    kind, id, payload = receive()
    if mode == "wrong":
        send(41, id, b"\\x01" + struct.pack("<d", 0.123))
    elif mode == "none":
        send(41, id, b"\\x00")
    elif mode == "noise":
        send(41, id, b"\\x07abc")
    elif mode == "more":
        send(41, id, b"\\x01" + struct.pack("<dd", 1, 2))
    elif mode == "another":
        send(41, id + 1, b"\\x01" + struct.pack("<d", 0.123))
        send(41, id, b"")
    elif mode == "dies":
        sys.exit(1)
"""

ONE = JOB[:JOB.index("print(\"auc\"")] + """
print('rmse', RegressionEvaluator().evaluate(scored))
"""


@pytest.fixture
def liar(d, tmp_path):
    """A host whose statistics process lies in some way."""
    d.stop()
    started = []

    def start(mode):
        source = tmp_path / f"{mode}.py"
        source.write_text(LIAR.format(mode=mode))
        program = tmp_path / mode
        program.write_text(f"#!/bin/sh\nexec {PYTHON} {source} \"$@\"\n")
        program.chmod(0o755)
        started.append(OwnHost(d, "--stats", program))

    yield start
    for host in started:
        host.stop()
    d.start()


@pytest.mark.parametrize("mode", ["wrong", "none", "noise", "more", "another", "dies"])
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
    released, entries = releases(d)
    assert [one["unverified"] for one in released] == [True]
    assert [one["unverified"] for one in entries if one["kind"] == "metrics"] == [True]
