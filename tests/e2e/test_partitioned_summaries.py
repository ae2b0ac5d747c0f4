"""The partitioned scheme for summaries, curves and weighted rows, through the real programs."""

import ast
import json
import math
import re

import numpy as np
import pandas as pd
import pytest

from deployment import Deployment, partitioned

ROWS = 400

JOB = """
import sys
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.evaluation import BinaryClassificationEvaluator, MulticlassClassificationEvaluator, RegressionEvaluator
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
table = VectorAssembler(inputCols=["x", "y"], outputCol="features").transform(spark.read.parquet(sys.argv[1]))
"""
CURVES = JOB + """
evaluation = LogisticRegression(maxIter=5, regParam=0.1).fit(table).evaluate(table)
print("accuracy", repr(evaluation.accuracy))
for name in ("roc", "pr", "precisionByThreshold"):
    curve = getattr(evaluation, name)
    print(name, curve.columns, [tuple(row) for row in curve.collect()])
print("twice", evaluation.roc.count(), evaluation.roc.select("FPR").count())
"""
WEIGHTED = JOB + """
model = LogisticRegression(maxIter=5, regParam=0.1, weightCol="w").fit(table)
scored = model.transform(table)
print("auc", repr(BinaryClassificationEvaluator(weightCol="w").evaluate(scored)))
for metric in ("f1", "logLoss"):
    print(metric, repr(MulticlassClassificationEvaluator(metricName=metric, weightCol="w").evaluate(scored)))
print("r2", repr(RegressionEvaluator(metricName="r2", weightCol="w").evaluate(scored)))
print("trained", repr(model.summary.weightedRecall), repr(model.summary.labels))
print("evaluated", repr(model.evaluate(table).precisionByLabel))
"""
ALL = ["binary", "multiclass", "regression"]


def table():
    generator = np.random.Generator(np.random.PCG64(5))
    values = generator.normal(size=(ROWS, 2))
    label = (values.sum(axis=1) + 2 * generator.normal(size=ROWS) > 0) * 1.0
    return pd.DataFrame({"x": values[:, 0], "y": values[:, 1], "label": label,
                         "w": np.where(np.arange(ROWS) % 4 == 0, 0.0, generator.uniform(0.1, 2, ROWS))})


@pytest.fixture(scope="module")
def d(tmp_path_factory):
    made = Deployment(tmp_path_factory.mktemp("summaries"))
    made.keygen()
    made.path = made.table("points", table(), 2)
    made.start()
    made.write_manifest(read=[made.path])
    made.base = made.manifest.read_text()
    made.curves = values(made.run(CURVES, made.path).stdout)
    made.weighted = values(made.run(WEIGHTED, made.path).stdout)
    yield made
    made.stop()


def values(text):
    return dict(line.split(maxsplit=1) for line in text.splitlines() if line[0].isalpha())


def under(d, rows=True, **rule):
    """The Manifest with another [statistics], and with or without rows as output."""
    text = d.base
    if not rows:
        text, changed = re.subn(r"(?m)^rows = true$", "rows = false", text)
        assert changed == 1
    d.manifest.write_text(partitioned(text, **rule))


def releases(d, kind="release"):
    """Of the last session."""
    report = json.loads(d.cli("ledger", "--json").stdout)
    return [entry for entry in report["sessions"][-1]["entries"] if entry["kind"] == kind]


def points(line):
    return ast.literal_eval(line[line.index("[("):])


def area(curve):
    return sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in zip(curve, curve[1:]))


def test_curves_leave_as_bins_and_once(d):
    under(d, kinds=ALL, min_rows=10, bins=50)
    done = d.run(CURVES, d.path)
    got = values(done.stdout)
    # Thresholds are scores of rows: that table is the enclave's own, to the last digit.
    assert got["precisionByThreshold"] == d.curves["precisionByThreshold"]
    assert got["accuracy"] == d.curves["accuracy"]
    exact, outside = points(d.curves["roc"]), points(got["roc"])
    assert got["roc"].startswith("['FPR', 'TPR']") and len(exact) == ROWS + 2
    assert set(outside) <= set(exact) and len(outside) <= 52
    assert abs(area(outside) - area(exact)) < 0.02
    assert set(points(got["pr"])[1:]) <= set(points(d.curves["pr"]))
    # However often the frame is used, what it is made from left once.
    assert got["twice"] == f"{len(outside)} {len(outside)}"
    released = releases(d)
    assert [one["statistic"].rpartition(" ")[2] for one in released] == ["summary.accuracy", "summary.roc", "summary.pr"]
    assert {one["level"] for one in released} == {"aggregate"} and all(one["rows"] == ROWS for one in released)
    assert done.stderr.count("released: ") == 3
    marked = [one["what"].rpartition(" ")[2] for one in releases(d, "rows") if one["outside"]]
    assert marked == ["summary.roc", "summary.pr"]


def test_at_level_scores_summaries_are_still_aggregates(d):
    under(d, kinds=ALL, release="scores")
    d.run(CURVES, d.path)
    assert [one["level"] for one in releases(d)] == ["aggregate"] * 3


def test_a_curve_that_nobody_may_see_leaves_nothing(d):
    under(d, rows=False, kinds=ALL, min_rows=10, bins=50)
    script = JOB + """
evaluation = LogisticRegression(maxIter=5, regParam=0.1).fit(table).evaluate(table)
print("columns", evaluation.roc.columns, evaluation.predictions.columns)
evaluation.roc.collect()
"""
    refused = d.run(script, d.path, check=False)
    assert refused.returncode != 0 and "SOTERIA.NOT_IN_MANIFEST" in refused.stderr and "rows" in refused.stderr
    assert "['FPR', 'TPR']" in refused.stdout and "prediction" in refused.stdout
    assert releases(d) == []


def test_weighted_statistics_leave_as_sums_of_weights(d):
    under(d, kinds=ALL, min_rows=10)
    got = values(d.run(WEIGHTED, d.path).stdout)
    for metric in ("f1", "logLoss", "r2", "trained", "evaluated"):
        assert got[metric] == d.weighted[metric], metric
    assert math.isclose(float(got["auc"]), float(d.weighted["auc"]), abs_tol=0.02) and got["auc"] != d.weighted["auc"]
    released = releases(d)
    assert len(released) == 6 and not any("logLoss" in one["statistic"] for one in released)
    # Rows without weight count for nothing: they would hide nobody.
    assert {one["rows"] for one in released} == {ROWS * 3 // 4}


def test_weighted_cells_of_too_few_rows_stay_inside(d):
    # A quarter of the rows has no weight, and is a cell: the moments of a hundred rows and three hundred leave, or none.
    under(d, kinds=ALL, min_rows=ROWS // 4)
    assert values(d.run(WEIGHTED, d.path).stdout)["r2"] == d.weighted["r2"]
    assert "r2" in [one["statistic"].rpartition(".")[2] for one in releases(d)]
    under(d, kinds=ALL, min_rows=ROWS // 4 + 1)
    assert values(d.run(WEIGHTED, d.path).stdout) == d.weighted
    assert releases(d) == []
