"""Tables of statistics in the partitioned scheme: what leaves, what stays, and the values of the baseline bit for bit."""

import struct

import numpy as np
import pandas as pd
import pytest

from deployment import Deployment, partitioned
from released import Record

ROWS = 300

JOB = """
import sys
from pyspark.ml.feature import VectorAssembler
from pyspark.ml.stat import Summarizer
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
spark = SparkSession.builder.getOrCreate()
table = spark.read.parquet(sys.argv[1])
print("describe", table.describe().collect())
print("summary", table.select("x", "y").summary("mean", "50%").collect())
vectors = VectorAssembler(inputCols=["x", "y"], outputCol="features").transform(table)
S = Summarizer.metrics("mean", "sum", "variance", "std", "normL1", "normL2", "count", "max", "min", "numNonZeros")
print("vectors", vectors.select(S.summary(vectors.features)).collect())
print("weighted", vectors.select(Summarizer.mean(vectors.features, vectors.label + 1)).collect())
print("classes", sorted(map(tuple, table.groupBy("label").count().collect())))
print("names", sorted(map(tuple, table.groupBy("name").count().collect())))
print("pairs", sorted(map(tuple, table.groupBy("label", "name").count().collect())))
print("sums", sorted(map(tuple, table.groupBy("label").agg(F.sum("x")).collect())))
print("count", table.count(), table.agg(F.avg("x"), F.max("y")).collect())
"""


def table():
    generator = np.random.Generator(np.random.PCG64(9))
    number = np.arange(ROWS)
    return pd.DataFrame({
        "x": generator.normal(size=ROWS), "y": np.where(number % 3 == 0, 0.0, generator.normal(size=ROWS) + 77.125),
        "label": (number % 4 == 0) * 1.0, "name": np.where(number % 2 == 0, "zebra-crossing", "quagga")})


@pytest.fixture(scope="module")
def d(tmp_path_factory):
    made = Deployment(tmp_path_factory.mktemp("partitioned_tables"))
    made.keygen()
    made.path = made.table("points", table(), 2)
    made.start()
    made.write_manifest(read=[made.path])
    made.base = made.manifest.read_text()
    made.exact = made.run(JOB, made.path).stdout
    yield made
    made.stop()


def under(d, **rule):
    """The Manifest with another [statistics]."""
    d.manifest.write_text(partitioned(d.base, **rule))


VECTORS = ["Summarizer." + metric for metric in ("mean", "sum", "variance", "std", "normL1", "normL2")]


def test_moments_and_counts_leave_and_every_value_is_the_baselines(d):
    under(d, kinds=["summary", "classes"])
    done = d.run(JOB, d.path)
    assert done.stdout == d.exact
    released, entries = d.releases()
    assert [one["statistic"] for one in released] == [
        "summary.mean", "summary.stddev", "summary.mean", *VECTORS, "groupBy.count", "groupBy.count"]
    assert {one["level"] for one in released} == {"aggregate"}
    assert done.stderr.count("released: ") == len(released) and "NOT VERIFIED" not in done.stderr
    # The rows of those tables say so; those of weighted vectors, of two keys and of sums don't.
    rows = [one.get("outside", False) for one in entries if one["kind"] == "rows"]
    assert rows == [True, True, True, False, True, True, False, False, False, False]
    # x, y, label: rows and sum each; the texts of name are no numbers.
    assert released[0]["rows"] == ROWS and released[0]["numbers"] == 6


def test_one_kind_leaves_and_the_other_stays(d):
    under(d, kinds=["classes"], inside=["summary"])
    assert d.run(JOB, d.path).stdout == d.exact
    assert [one["statistic"] for one in d.releases()[0]] == ["groupBy.count"] * 2
    under(d, kinds=["binary"])
    assert d.run(JOB, d.path).stdout == d.exact
    assert d.releases()[0] == []


def test_cells_that_are_too_small_stay_inside(d):
    # Classes of 75 and 225, of 150 and 150; 100 zeros of y and 200 others; 300 rows.
    for min_rows, expected in ((75, 11), (76, 10), (101, 4), (151, 3), (301, 0)):
        under(d, kinds=["summary", "classes"], min_rows=min_rows)
        assert d.run(JOB, d.path).stdout == d.exact
        assert len(d.releases()[0]) == expected, min_rows


def test_what_leaves_holds_no_value_and_no_text(d):
    under(d, kinds=["summary", "classes"])
    record = Record(d.record)
    record.questions()
    d.run(JOB, d.path)
    questions = record.questions()
    assert len(questions) == 11
    assert [list(q.numbers) for q in questions if q.kind == "classes"] == [[225, 75], [150, 150]]
    assert all(cell == 0 or cell >= 10 for q in questions for cell in q.cells())
    # Of x and y: the extremes and what percentiles may be.
    frame = table()
    values = {value for column in ("x", "y") for value in frame[column] if value != 0}
    assert repr(max(values)) in d.exact and repr(min(values)) in d.exact
    assert not values & {number for q in questions for number in q.numbers}
    said = b"".join(path.read_bytes() for path in sorted(d.record.glob("session-*")))
    assert all(struct.pack("<d", value) not in said for value in values)
    assert all(name in d.exact and name.encode() not in said for name in ("zebra-crossing", "quagga"))


def test_a_spent_budget_is_an_error_that_names_it(d):
    under(d, kinds=["summary"], budget=1)
    refused = d.run(JOB, d.path, check=False)
    assert refused.returncode != 0 and "describe" not in refused.stdout
    assert "SOTERIA.NOT_IN_MANIFEST" in refused.stderr and "budget" in refused.stderr


def test_a_manifest_with_these_kinds_alone(d):
    manifest = d.folder / "kinds.toml"
    d.write_manifest(read=[d.path], out=manifest, options=("--scheme", "partitioned", "--statistics", "summary,classes"))
    text = manifest.read_text()
    assert 'kinds = ["summary", "classes"]' in text and 'inside = ["binary", "multiclass", "regression"]' in text
