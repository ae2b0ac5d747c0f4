"""I3: what the Manifest doesn't list is refused in the enclave, and the error names the line to add."""

import shutil

import numpy as np
import pandas as pd
import pytest
from pyspark.errors.exceptions.connect import SparkConnectException
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.evaluation import BinaryClassificationEvaluator
from pyspark.ml.feature import StandardScaler, VectorAssembler
from pyspark.sql import Observation
from pyspark.sql import functions as F

from connected import Connected

ROWS = 80


@pytest.fixture(scope="module")
def world(shared_deployment):
    d = shared_deployment
    generator = np.random.Generator(np.random.PCG64(5))
    x = generator.normal(size=ROWS)
    frame = pd.DataFrame({"x": x, "y": generator.normal(size=ROWS), "label": (x > 0) * 1.0})
    d.listed = d.table("listed", frame, 2)
    d.unlisted = d.table("unlisted", frame, 2)
    d.start()
    return d


def open_session(world, outputs, classes=("org.apache.spark.ml.*",)):
    world.manifest.unlink(missing_ok=True)
    options = [word for name in classes for word in ("--classes", name)]
    outputs = ("--output", outputs) if outputs else ()
    world.cli("manifest", "new", "--out", world.manifest, "--simulated", "--cluster", world.cluster, *outputs,
              "--read", world.listed, "--write", world.storage / "models", *options)
    session = Connected(world)
    session.spark = session.client()
    return session


@pytest.fixture(scope="module")
def all_outputs(world):
    session = open_session(world, "rows,metrics,models",
                           ["org.apache.spark.ml.feature.VectorAssembler", "org.apache.spark.ml.classification.*",
                            "org.apache.spark.ml.evaluation.*"])
    yield session
    assert session.close() == 0, session.said()


def features(world, session):
    frame = session.spark.read.parquet(str(world.listed))
    return VectorAssembler(inputCols=["x", "y"], outputCol="features").transform(frame)


def refusal(ask):
    with pytest.raises(SparkConnectException) as error:
        ask()
    assert error.value.getCondition() == "SOTERIA.NOT_IN_MANIFEST", str(error.value)
    return str(error.value)


def test_a_path_that_is_not_listed(world, all_outputs):
    text = refusal(lambda: all_outputs.spark.read.parquet(str(world.unlisted)).count())
    assert "[[read]]" in text and str(world.unlisted) in text
    for path in (f"{world.listed}x", f"{world.storage}", "/etc"):
        refusal(lambda path=path: all_outputs.spark.read.parquet(path).count())
    assert all_outputs.spark.read.parquet(str(world.listed)).count() == ROWS


@pytest.mark.parametrize("path", ["{listed}/../unlisted", "{listed}/./x", "file:////etc/passwd", "s3a://bucket/x",
                                  "{listed}/%2e%2e/unlisted", "{storage}/*", "relative/path"])
def test_spellings_that_could_lead_elsewhere(world, all_outputs, path):
    path = path.format(listed=world.listed, storage=world.storage)
    with pytest.raises(SparkConnectException) as error:
        all_outputs.spark.read.parquet(path).count()
    assert error.value.getCondition() != "INTERNAL_ERROR" and path.removesuffix("/*").split("/")[-1] in str(error.value)


def test_a_path_that_may_be_read_only(world, all_outputs):
    frame = all_outputs.spark.read.parquet(str(world.listed))
    text = refusal(lambda: frame.write.mode("overwrite").parquet(str(world.listed)))
    assert "[[write]]" in text and str(world.listed) in text
    text = refusal(lambda: frame.write.parquet(str(world.storage / "elsewhere")))
    assert "[[write]]" in text
    assert not (world.storage / "elsewhere").exists()


def test_a_class_that_is_not_listed(world, all_outputs):
    data = features(world, all_outputs)
    text = refusal(lambda: StandardScaler(inputCol="features", outputCol="scaled").fit(data))
    assert "classes" in text and "org.apache.spark.ml.feature.StandardScaler" in text
    assert LogisticRegression(maxIter=2, regParam=0.1).fit(data).numFeatures == 2


def test_a_class_that_no_enclave_knows(world, all_outputs):
    from pyspark.ml.classification import FMClassifier
    with pytest.raises(SparkConnectException) as error:
        FMClassifier(maxIter=1).fit(features(world, all_outputs))
    assert "FMClassifier" in str(error.value)


def test_no_output_is_listed(world, all_outputs):
    all_outputs.close()  # records are one session's at a time; this test is the last one of that fixture
    session = open_session(world, "")
    try:
        data = features(world, session)
        for ask in (lambda: data.collect(), lambda: data.count(), lambda: data.show(), lambda: data.toPandas(),
                    lambda: data.first()):
            text = refusal(ask)
            assert "[outputs]" in text and "rows = true" in text
        # What is observed of rows leaves as rows do: nothing of the plan runs before.
        index = world.storage / "models/_soteria_index"
        before = index.read_bytes()
        observed = data.select("x").observe(Observation("sum"), F.sum("x"))
        for ask in (observed.collect, lambda: observed.write.parquet(str(world.storage / "models/observed")),
                    lambda: observed.checkpoint(eager=True)):
            assert "rows = true" in refusal(ask)
        assert index.read_bytes() == before
        model = LogisticRegression(maxIter=2, regParam=0.1).fit(data)
        text = refusal(lambda: model.coefficients)
        assert "models = true" in text
        refusal(lambda: model.summary.accuracy)  # PySpark asks for numClasses first, which is the model's
        text = refusal(lambda: BinaryClassificationEvaluator().evaluate(model.transform(data)))
        assert "metrics = true" in text
        # What may be written is written all the same.
        model.write().overwrite().save(str(world.storage / "models/m"))
    finally:
        assert session.close() == 0, session.said()
    assert (world.storage / "models/_soteria_index").exists()


def test_texts_that_quote_data_need_rows(world):
    """An error text with a value in it is a row that leaves."""
    secret = "canary-7f3a91"
    frame = pd.DataFrame({"name": [secret] * 4})
    shutil.rmtree(world.storage / "listed")
    world.listed = world.table("names", frame, 2)
    session = open_session(world, "metrics,models")
    try:
        names = session.spark.read.parquet(str(world.listed))
        with pytest.raises(SparkConnectException) as error:
            names.select(names.name.cast("int")).write.parquet(str(world.storage / "models/t"))
        assert secret not in str(error.value), str(error.value)
        assert error.value.getCondition() == "CAST_INVALID_INPUT"
        assert "rows = true" in str(error.value)
        # A folder's name is a value too, and reading name=... says whether there is one.
        text = refusal(lambda: names.withColumn("n", names.name).write.partitionBy("n").csv(str(world.storage / "models/folders")))
        assert "partitionBy" in text and "rows = true" in text
    finally:
        session.close()
    session = open_session(world, "rows")
    try:
        names = session.spark.read.parquet(str(world.listed))
        with pytest.raises(SparkConnectException, match=secret):
            names.select(names.name.cast("int")).collect()
    finally:
        session.close()
