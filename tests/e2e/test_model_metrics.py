"""What a model says about a table is a metric: it leaves where metrics may, and only there."""

import numpy as np
import pandas as pd
import pytest

SCRIPT = """
import sys
from pyspark.ml.clustering import LDA
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import SparkSession

def tried(name, function):
    try:
        print(name, type(function()).__name__)
    except Exception as error:
        print(name, error.getCondition())

spark = SparkSession.builder.getOrCreate()
table = spark.read.parquet(sys.argv[1])
data = VectorAssembler(inputCols=table.columns, outputCol="features").transform(table)
model = LDA(k=2, maxIter=2, seed=1, subsamplingRate=1.0).fit(data)
tried("likelihood", lambda: model.logLikelihood(data))
tried("perplexity", lambda: model.logPerplexity(data))
tried("topics", lambda: model.topicsMatrix())
tried("described", lambda: model.describeTopics(2).collect())
tried("summed", lambda: model._call_java("topicsMatrix", data))
tried("of a number", lambda: model.logLikelihood(table.withColumnRenamed("t0", "features")))
"""


@pytest.fixture(scope="module")
def job(shared_deployment):
    generator = np.random.Generator(np.random.PCG64(7))
    frame = pd.DataFrame({f"t{i}": generator.poisson(2, size=80).astype("float64") for i in range(5)})
    path = shared_deployment.table("counts", frame)
    shared_deployment.start()
    return shared_deployment, path


def said(job, outputs: str) -> tuple[dict, list]:
    deployment, path = job
    manifest = deployment.folder / f"{outputs.replace(',', '_')}.toml"
    deployment.write_manifest(read=[path], outputs=outputs, out=manifest)
    done = deployment.run(SCRIPT, path, manifest=manifest)
    return dict(line.rsplit(" ", 1) for line in done.stdout.splitlines()), deployment.releases()[1]


def test_with_metrics_alone(job):
    answers, entries = said(job, "metrics")
    assert answers["likelihood"] == answers["perplexity"] == "float"
    assert answers["topics"] == answers["described"] == "SOTERIA.NOT_IN_MANIFEST", answers
    left = [entry["what"].rsplit(".", 1)[-1] for entry in entries if entry["kind"] == "metrics"]
    assert left == ["logLikelihood", "logPerplexity"], entries
    assert not any(entry["kind"] == "models" for entry in entries), entries


def test_without_metrics(job):
    answers, _ = said(job, "rows,models")
    assert answers["likelihood"] == answers["perplexity"] == "SOTERIA.NOT_IN_MANIFEST", answers
    assert answers["topics"] == "DenseMatrix" and answers["described"] == "list"


def test_only_such_methods_take_a_table(job):
    answers, _ = said(job, "rows,metrics,models")
    assert answers["likelihood"] == "float"
    assert answers["summed"] not in ("DenseMatrix", "float"), answers
    assert answers["of a number"] == "INVALID_PARAMETER_VALUE", answers
