"""Input of the owner's that can't be used: a clear error or MLlib's own behaviour, never a crash."""

import os

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.errors import AnalysisException, IllegalArgumentException, UnsupportedOperationException
from pyspark.errors.exceptions.connect import SparkConnectException
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.evaluation import BinaryClassificationEvaluator
from pyspark.ml.feature import StandardScaler, VectorAssembler
from pyspark.sql import functions as F

from connected import Connected
from deployment import Deployment

ROWS = 60


def table(**columns):
    generator = np.random.Generator(np.random.PCG64(5))
    x = generator.normal(size=ROWS)
    base = {"x": x, "y": generator.normal(size=ROWS), "label": (x + generator.normal(size=ROWS) > 0) * 1.0}
    return pd.DataFrame({**base, **columns})


def with_value(column, value, row=17):
    frame = table()
    frame.loc[row, column] = value
    return frame


def tables():
    good = table()
    return {
        "good": good,
        "nan": with_value("x", np.nan),
        "infinite": with_value("x", np.inf),
        "one_class": table(label=np.ones(ROWS)),
        "zero_class": table(label=np.zeros(ROWS)),
        "negative_label": with_value("label", -1.0),
        "fractional_label": with_value("label", 0.5),
        "huge_label": with_value("label", 1e9),
        "nan_label": with_value("label", np.nan),
        "infinite_label": with_value("label", np.inf),
        "text_label": table(label=["yes"] * ROWS),
        "constant": table(x=np.ones(ROWS), y=np.ones(ROWS)),
        "huge": table(x=np.full(ROWS, 1e308), y=np.full(ROWS, -1e308)),
        "empty": good.iloc[:0],
        "single": good.iloc[:1],
    }


@pytest.fixture(scope="module")
def world(shared_deployment):
    d = shared_deployment
    paths = {}
    for name, frame in tables().items():
        arrow = pa.Table.from_pandas(frame, preserve_index=False)
        plain = d.folder / f"{name}.parquet"
        pq.write_table(arrow, plain)
        # pandas has no missing double; Parquet tells NaN from null.
        paths[name] = d.put(plain, name, *(("--files", 3) if len(frame) > 1 else ()))
    nulls = pa.table({"x": pa.array([None if i == 17 else float(i) for i in range(ROWS)]),
                      "y": pa.array(np.arange(ROWS) * 1.0),
                      "label": pa.array([float(i % 2) for i in range(ROWS)])})
    for name, arrow in (("null", nulls), ("null_label", nulls.rename_columns(["label", "y", "x"]))):
        pq.write_table(arrow, d.folder / f"{name}.parquet")
        paths[name] = d.put(d.folder / f"{name}.parquet", name, "--files", 3)
    d.start()
    d.write_manifest(read=paths.values())
    d.paths = paths
    return d


@pytest.fixture(scope="module")
def connected(world):
    session = Connected(world)
    session.spark = session.client()
    yield session
    assert session.close() == 0, session.said()


@pytest.fixture
def read(connected, world):
    """Reads a table; afterwards the session must still fit a model, whatever the test did to it."""
    def reader(name):
        return connected.spark.read.parquet(str(world.paths[name]))

    yield reader
    model = LogisticRegression(maxIter=2, regParam=0.1).fit(assembled(reader("good")))
    assert abs(model.intercept) < 10


def assembled(frame, **options):
    return VectorAssembler(inputCols=["x", "y"], outputCol="features", **options).transform(frame)


ESTIMATORS = {
    "LogisticRegression": LogisticRegression(maxIter=3, regParam=0.1),
    "StandardScaler": StandardScaler(inputCol="features", outputCol="scaled"),
}


# ---- features -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["nan", "null"])
def test_a_missing_feature_is_refused_as_sparks_assembler_does(read, name):
    with pytest.raises(SparkConnectException) as error:
        assembled(read(name)).collect()
    assert "handleInvalid" in str(error.value), str(error.value)
    assert assembled(read(name), handleInvalid="skip").count() == ROWS - 1
    kept = assembled(read(name), handleInvalid="keep").collect()
    assert len(kept) == ROWS and sum(np.isnan(row.features[0]) for row in kept) == 1


@pytest.mark.parametrize("name", ["nan", "infinite"])
def test_features_that_are_no_numbers_fail_the_fit(read, name):
    with pytest.raises(SparkConnectException) as error:
        ESTIMATORS["LogisticRegression"].fit(assembled(read(name), handleInvalid="keep"))
    assert error.value.getCondition() != "INTERNAL_ERROR", str(error.value)
    assert "NaN or Infinity" in str(error.value) or "nan" in str(error.value).lower(), str(error.value)


@pytest.mark.parametrize("name", ["constant", "huge"])
def test_features_at_the_edge_end_in_a_model_or_an_error(read, name):
    try:
        model = LogisticRegression(maxIter=3, regParam=0.1).fit(assembled(read(name)))
        assert np.isfinite(model.coefficients.toArray()).all()
    except SparkConnectException as error:
        assert error.getCondition() != "INTERNAL_ERROR", str(error)


# ---- labels ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["negative_label", "fractional_label", "nan_label", "infinite_label", "null_label",
                                  "huge_label", "text_label"])
def test_labels_that_are_no_classes_fail_the_fit(read, name):
    with pytest.raises((SparkConnectException, IllegalArgumentException)) as error:
        LogisticRegression(maxIter=3, regParam=0.1).fit(assembled(read(name), handleInvalid="skip"))
    assert error.value.getCondition() != "INTERNAL_ERROR", str(error.value)
    assert "label" in str(error.value).lower() or "class" in str(error.value).lower(), str(error.value)


@pytest.mark.parametrize("name, sign", [("one_class", 1), ("zero_class", -1)])
def test_one_class_gives_a_constant_model_as_in_spark(read, name, sign):
    model = LogisticRegression(maxIter=3).fit(assembled(read(name)))
    assert model.coefficients.toArray().tolist() == [0.0, 0.0]
    assert model.intercept == sign * float("inf")
    rows = model.transform(assembled(read("good"))).select("prediction").collect()
    assert {row.prediction for row in rows} == {1.0 if sign > 0 else 0.0}


# ---- few rows -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_no_rows(read, estimator):
    frame = read("empty")
    assert frame.count() == 0 and frame.collect() == [] and len(frame.columns) == 3
    with pytest.raises((SparkConnectException, IllegalArgumentException)) as error:
        ESTIMATORS[estimator].fit(assembled(frame))
    assert error.value.getCondition() != "INTERNAL_ERROR" and str(error.value), str(error.value)


def test_queries_of_no_rows(read):
    frame = read("empty")
    row = frame.agg(F.count("*").alias("n"), F.sum("x").alias("s"), F.avg("y").alias("a")).first()
    assert (row.n, row.s, row.a) == (0, None, None)
    left, right = frame.randomSplit([0.5, 0.5], seed=1)
    assert left.count() == right.count() == 0
    frame.show()


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_one_row(read, estimator):
    frame = assembled(read("single"))
    assert frame.count() == 1
    try:
        ESTIMATORS[estimator].fit(frame).transform(frame).collect()
    except (SparkConnectException, IllegalArgumentException) as error:
        assert error.getCondition() != "INTERNAL_ERROR", str(error)


def test_an_evaluation_of_no_rows(read):
    model = LogisticRegression(maxIter=2, regParam=0.1).fit(assembled(read("good")))
    try:
        value = BinaryClassificationEvaluator().evaluate(model.transform(assembled(read("empty"))))
        assert np.isnan(value) or 0 <= value <= 1
    except (SparkConnectException, IllegalArgumentException) as error:
        assert error.getCondition() != "INTERNAL_ERROR", str(error)


# ---- what no enclave runs ---------------------------------------------------------------------------------


def test_python_functions_are_refused_clearly(read):
    frame = read("good")
    twice = F.udf(lambda value: 2 * value, "double")
    for ask in (lambda: frame.select(twice("x")).collect(), lambda: frame.mapInPandas(lambda it: it, "x double").collect(),
                lambda: frame.rdd):
        with pytest.raises(Exception) as error:
            ask()
        assert "Python" in str(error.value) or "not implemented" in str(error.value).lower() or \
            "not supported" in str(error.value).lower(), str(error.value)


@pytest.mark.parametrize("name, ask", [
    ("ALTER TABLE", lambda s, f: s.sql("alter table t add columns (a int)").collect()),
    ("withWatermark", lambda s, f: f.withWatermark("t", "1 day").collect()),
    ("avro", lambda s, f: s.read.format("avro").load("/x").collect()),
])
def test_unknown_relations_are_named(read, connected, name, ask):
    with pytest.raises((UnsupportedOperationException, AnalysisException, SparkConnectException)) as error:
        ask(connected.spark, read("good"))
    assert name in str(error.value), str(error.value)
    assert error.value.getCondition() != "INTERNAL_ERROR"


def test_unknown_columns_are_named(read):
    with pytest.raises(AnalysisException, match="no_such_column"):
        read("good").select("no_such_column").collect()
    with pytest.raises(IllegalArgumentException):
        VectorAssembler(inputCols=["no_such_column"], outputCol="features").transform(read("good")).collect()


# ---- put --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def owner(tmp_path_factory):
    """An owner of his own: the session above holds the records of the other."""
    made = Deployment(tmp_path_factory.mktemp("puts"))
    made.keygen()
    return made


CSV = {
    "too few fields": (b"a,b\n1,2\n3\n4,5\n", (), ["3"]),
    "too many fields": (b"a,b\n1,2\n3,4,5\n", (), ["3"]),
    "a word in a column of numbers": (b"a,b\n1,2\nx,4\n", ("--schema", "a int, b double"), ["3", "a"]),
    "a number too large": (b"a,b\n99999999999,2\n", ("--schema", "a int, b double"), ["2", "a"]),
    "no such column in the file": (b"a,b\n1,2\n", ("--schema", "a int, c double"), ["c"]),
    "not UTF-8": ("a,b\nM\u00fcller,2\n".encode("latin-1"), (), ["UTF-8"]),
    "UTF-16": ("a,b\nx,2\n".encode("utf-16"), (), []),
    "an open quote": (b'a,b\n"x,2\n3,4\n', (), []),
    "nothing at all": (b"", (), []),
    "NUL bytes": (b"a,b\n\0,2\n", ("--schema", "a int, b int"), ["2"]),
}


@pytest.mark.parametrize("name", CSV)
def test_a_csv_file_that_cannot_be_used(owner, name):
    data, options, words = CSV[name]
    source, target = owner.folder / "bad.csv", owner.storage / "never"
    source.write_bytes(data)
    done = owner.cli("put", source, target, "--allow-simulated", *options, check=False)
    assert done.returncode == 1, done.stderr
    said = done.stderr.splitlines()[-1]  # after the line that these enclaves protect from nobody
    assert said.startswith("soteria: error: ") and "[SOTERIA." in said, done.stderr
    for word in [str(source), *words]:
        assert word in done.stderr, done.stderr
    assert not (target / "_soteria_index").exists(), "a failed put publishes nothing"


@pytest.mark.parametrize("make", [
    lambda path: path.write_bytes(b"PAR1 this is none PAR1"),
    lambda path: path.write_bytes(b""),
    lambda path: os.mkfifo(path),
    lambda path: path.mkdir(),
    lambda path: None,
], ids=["garbage", "empty", "a FIFO", "an empty folder", "missing"])
def test_a_parquet_file_that_cannot_be_used(owner, tmp_path, make):
    source, target = tmp_path / "bad.parquet", owner.storage / "never"
    make(source)
    done = owner.cli("put", source, target, "--allow-simulated", check=False, timeout=20)
    assert done.returncode == 1 and "bad.parquet" in done.stderr, done.stderr
    assert not (target / "_soteria_index").exists()


def test_a_csv_header_alone_is_an_empty_table(owner):
    source = owner.folder / "header.csv"
    source.write_text("a,b\n")
    assert "rows     0" in owner.cli("put", source, owner.storage / "header", "--allow-simulated").stdout
    owner.cli("get", owner.storage / "header", owner.folder / "header")
    got = pq.read_table(owner.folder / "header")
    assert got.num_rows == 0 and got.column_names == ["a", "b"]
