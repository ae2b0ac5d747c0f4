"""Outcomes are outputs too: with all outputs off, what a script is told is a function of the script, the Manifest, schemas,
versions and file counts, and of the closed list of outcome classes, each of which is in the ledger."""

from __future__ import annotations

import gc
import json
import os
import re

import numpy as np
import pandas as pd
import pytest
from pyspark.errors.exceptions.connect import SparkConnectException
from pyspark.ml.classification import LogisticRegression, LogisticRegressionModel
from pyspark.ml.feature import IndexToString, OneHotEncoder, StandardScaler, StringIndexer, VectorAssembler
from pyspark.sql import functions as F

from connected import Connected
from outcome_scripts import METADATA, Missing, Script, World
from transcript import Transcript

ROWS, FILES = 60, 3
SEED = int(os.environ.get("SOTERIA_OUTCOME_SEED", "1"))
SCRIPTS = int(os.environ.get("SOTERIA_OUTCOME_SCRIPTS", "40"))
SUFFIX = "add `rows = true` to [outputs] to see it"
CONSTANT_PROGRESS = {"stages {\n  stage_id: 1\n  num_tasks: 1\n}\nnum_inflight_tasks: 1\n"}


def mixed() -> pd.DataFrame:
    r = np.random.Generator(np.random.PCG64(7))
    x = r.normal(size=ROWS)
    return pd.DataFrame({
        "a": r.integers(0, 9, ROWS), "b": pd.array(r.integers(0, 5, ROWS), dtype="Int64"), "x": x,
        "y": r.normal(size=ROWS), "label": (x + r.normal(size=ROWS) > 0) * 1.0, "s": [str(v) for v in r.integers(0, 20, ROWS)],
        "t": [f"name-{v}" for v in r.integers(0, 5, ROWS)]})


def alike() -> pd.DataFrame:
    """The same shape; other values, some at the edges: one class, zeros, nulls, texts that are no numbers."""
    r = np.random.Generator(np.random.PCG64(8))
    frame = mixed()
    frame["a"] = r.integers(3, 2000, ROWS)
    frame["b"] = pd.array([None if v % 3 == 0 else 2**62 + v for v in range(ROWS)], dtype="Int64")
    frame["x"], frame["y"], frame["label"] = np.round(r.normal(size=ROWS)), 4.0, 1.0
    frame["s"], frame["t"] = ["7" if v % 4 else "seven" for v in range(ROWS)], ["seven" * (v % 3) for v in range(ROWS)]
    return frame


@pytest.fixture(scope="module")
def world(shared_deployment):
    d = shared_deployment
    d.data = {"mixed": d.table("mixed", mixed(), FILES), "alike": d.table("alike", alike(), FILES)}
    d.start()
    return d


def session_of(world, outputs: str = "", more: str = "") -> Connected:
    world.manifest.unlink(missing_ok=True)
    options = [word for path in world.data.values() for word in ("--read", path)]
    world.cli("manifest", "new", "--out", world.manifest, "--simulated", "--cluster", world.cluster,
              *(("--output", outputs) if outputs else ()), *options, "--write", world.storage / "models",
              "--classes", "org.apache.spark.ml.*")
    text = world.manifest.read_text()
    world.manifest.write_text(re.sub("outcomes_max = .*", more, text) if more else text)
    session = Connected(world)
    session.spark = session.client()
    return session


def ledger_entries(world) -> list[dict]:
    return json.loads(world.cli("ledger", "--json").stdout)["sessions"][-1]["entries"]


class Runner:
    def __init__(self, world, session: Connected, name: str):
        self.name, self.root, self.spark = name, world.storage / "models", session.spark
        self.place = str(world.data[name])
        self.transcript = Transcript(self.spark.client._stub)

    def run(self, script: Script, seed: int) -> list[tuple[str, list[str]]]:
        """What was told at each step that had what it needs."""
        self.spark.client._stub = self.transcript
        folder = f"{self.root}/{self.name}/{seed}"
        places = {folder: "FOLDER", f"file://{self.place}": "DATA", self.place: "DATA"}
        told = []
        self.transcript.begin(places)
        gc.collect()  # the models of the script before; PySpark's deleting of them leaves some out
        self.spark.client._cleanup_ml_cache()
        self.transcript.begin(places)
        world = World(self.spark, self.spark.read.parquet(self.place), folder)
        for name, act in script.steps:
            self.transcript.lines = []
            try:
                value = world.keep(act(world))
                # What PySpark makes of it: plain values as they are.
                self.transcript.lines.append(self.transcript.plain(f"VALUE {value if isinstance(value, (str, bool)) else ''}"))
            except Missing:
                continue
            except Exception as error:  # noqa: BLE001 - whatever it is, it is what the script sees
                self.transcript.lines.append(self.transcript.plain(f"RAISED {type(error).__name__} {error}"))
            told.append((name, self.transcript.lines))
        return told


def failures(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith("ERROR ")]


def condition(line: str) -> str:
    found = re.match(r"ERROR \S+ \[([A-Z_.]+)\]", line)
    return found.group(1) if found else "_LEGACY_ERROR_TEMP"


def first_difference(left, right):
    for one, other in zip(left, right):
        if one != other:
            return one, other
    return None if len(left) == len(right) else (("end", []), ("end", []))


def test_scripts_are_told_the_same_of_any_data(world):
    """The property, over generated scripts; SOTERIA_OUTCOME_SEED and SOTERIA_OUTCOME_SCRIPTS reproduce and extend it."""
    session = session_of(world, more="outcomes_max = 1000000")
    runners = {}
    texts: dict[str, set[str]] = {}
    differing, leaks = 0, []
    try:
        runners = {name: Runner(world, session, name) for name in world.data}
        runners["alike"].transcript = runners["mixed"].transcript  # one client, one stub
        for seed in range(SEED, SEED + SCRIPTS):
            told = {name: runner.run(Script(seed), seed) for name, runner in runners.items()}
            for lines in (lines for steps in told.values() for _, lines in steps):
                for line in failures(lines):
                    if SUFFIX in line:
                        texts.setdefault(condition(line), set()).add(line)
            difference = first_difference(told["mixed"], told["alike"])
            if difference is None:
                continue
            # Work may end otherwise; then its class is all that differs, and what follows depends on that.
            (step, left), (other, right) = difference
            outcome = any(SUFFIX in line for line in failures(left) + failures(right))
            if step != other or not outcome or not all(SUFFIX in line for line in failures(left) + failures(right)):
                leaks.append(f"seed {seed}, {step}:\n{left}\n-- or --\n{right}")
            differing += 1
        assert not leaks, f"{len(leaks)} scripts of {SCRIPTS}:\n" + "\n".join(leaks[:8])
        assert runners["mixed"].transcript.progress <= CONSTANT_PROGRESS, runners["mixed"].transcript.progress
        several = {name: found for name, found in texts.items() if len(found) > 1 and name != "CAST_INVALID_INPUT"}
        assert not several, several
        assert len(texts) >= 4 and differing >= SCRIPTS // 20, (texts.keys(), differing)
    finally:
        code = session.close()
    assert code == 0, session.said()
    outcomes = [entry for entry in ledger_entries(world) if entry["kind"] == "outcome"]
    assert {entry["what"] for entry in outcomes} >= set(texts)
    assert all(entry["rule"] == "[limits] outcomes_max = 1000000" for entry in outcomes)


def test_with_outputs_on_the_same_scripts_tell_data_apart(world):
    """The property can fail: the same comparison finds differences that are no outcomes."""
    session = session_of(world, "rows,metrics,models")
    found = 0
    try:
        runners = {name: Runner(world, session, name) for name in world.data}
        runners["alike"].transcript = runners["mixed"].transcript
        for seed in range(SEED, SEED + 6):
            told = {name: runner.run(Script(seed), 10_000 + seed) for name, runner in runners.items()}
            found += first_difference(told["mixed"], told["alike"]) is not None
    finally:
        session.close()
    assert found >= 4


def frame(world, session, name="mixed"):
    return session.spark.read.parquet(str(world.data[name]))


def told(ask) -> str:
    with pytest.raises(SparkConnectException) as error:
        ask()
    return f"{error.value.getCondition()} {error.value}"


def features(data):
    return VectorAssembler(inputCols=["x", "y"], outputCol="features").transform(data)


def test_a_refused_curve_is_not_worked_out(world):
    """The stages of a session are in its last entry: a curve that may not leave costs none."""
    stages = []
    for curves in (0, 3):
        session = session_of(world)
        try:
            model = LogisticRegression(maxIter=2).fit(features(frame(world, session)))
            for _ in range(curves):
                assert "rows = true" in told(lambda: model.summary.roc.collect())
                assert "rows = true" in told(lambda: model.summary.roc.show())
        finally:
            session.close()
        stages.append(ledger_entries(world)[-1]["stages"])
    assert stages[0] == stages[1] > 0


@pytest.fixture(scope="module")
def closed(world):
    """All outputs off."""
    session = session_of(world)
    yield session
    assert session.close() == 0, session.said()


def test_which_constant_text_was_raised_does_not_show(world, closed):
    place = str(world.storage / "models/raised")
    ages = frame(world, closed)
    texts = {told(lambda k=k: ages.select(F.expr(
        f"CASE WHEN a >= {k} THEN raise_error('old') ELSE raise_error('young {k}') END").alias("value").cast("string"))
        .write.text(place)) for k in (0, 5, 100)}
    assert len(texts) == 1 and "USER_RAISED_EXCEPTION" in texts.pop()


def test_curves_and_models_are_compared_by_name(world, closed):
    data = {name: features(frame(world, closed, name)) for name in world.data}
    models = {name: LogisticRegression(maxIter=2).fit(frame) for name, frame in data.items()}
    curves = {name: model.summary.roc for name, model in models.items()}
    assert curves["mixed"]._explain_string() == curves["alike"]._explain_string()
    assert "rows]" not in curves["mixed"]._explain_string()
    assert curves["mixed"].schema == curves["alike"].schema and not curves["mixed"].isLocal()
    assert curves["mixed"].sameSemantics(models["mixed"].summary.roc)
    assert not curves["mixed"].sameSemantics(models["mixed"].evaluate(data["mixed"]).roc)
    again = LogisticRegression(maxIter=2).fit(data["mixed"])  # the same numbers in another model
    predictions = models["mixed"].transform(data["mixed"])
    assert predictions.sameSemantics(models["mixed"].transform(data["mixed"]))
    assert not predictions.sameSemantics(again.transform(data["mixed"]))


def test_a_fit_does_not_say_that_all_labels_are_alike(world, closed, caplog):
    model = LogisticRegression(maxIter=2).fit(features(frame(world, closed, "alike")))
    assert "labels" not in caplog.text and model.hasSummary


def test_rows_are_no_stage(world, closed):
    """What a plan wrote isn't a stage's metadata, whatever it looks like, also beside files that saving wrote."""
    root = str(world.storage / "models")
    row = METADATA.format("', t, '", "x")
    line = frame(world, closed).limit(1).select(F.expr(f"concat('{row}')").alias("value"))
    line.write.text(f"{root}/made/metadata")
    assert "rows = true" in told(lambda: VectorAssembler.load(f"{root}/made").uid)
    VectorAssembler(inputCols=["x"], outputCol="o").write().save(f"{root}/saved")
    assert VectorAssembler.load(f"{root}/saved").getInputCols() == ["x"]
    line.write.mode("append").text(f"{root}/saved/metadata")
    assert "rows = true" in told(lambda: VectorAssembler.load(f"{root}/saved").getInputCols())
    model = LogisticRegression(maxIter=2).fit(features(frame(world, closed)))
    model.save(f"{root}/model")
    assert LogisticRegressionModel.load(f"{root}/model").numFeatures == 2
    frame(world, closed).write.mode("append").parquet(f"{root}/model/data")
    assert "rows = true" in told(lambda: LogisticRegressionModel.load(f"{root}/model").numFeatures)


def test_which_files_hold_rows_shows_in_no_plan(world, closed):
    """A part file without rows has no bytes: a folder of one that has rows isn't that file."""
    root = str(world.storage / "models")
    plans = []
    for name, rows in (("some", "a >= 0"), ("few", "a = 3 AND y = 4")):
        data = frame(world, closed).repartition(3).filter(rows).select("t")
        data.write.text(f"{root}/{name}")
        try:
            plans.append(closed.spark.read.text(f"{root}/{name}")._explain_string())
        except SparkConnectException as error:
            plans.append(error.getCondition())
    assert plans[0] == plans[1].replace("few", "some") or plans[1] == "UNABLE_TO_INFER_SCHEMA", plans
    assert "partitions" not in plans[0]


def test_attributes_of_a_models_columns_need_models(world, closed):
    scaler = StandardScaler(inputCol="features", outputCol="scaled").fit(features(frame(world, closed)))
    assert not scaler.transform(features(frame(world, closed))).schema["scaled"].metadata


def test_labels_in_metadata_need_models(world, closed):
    """StringIndexer writes values of rows into its column's metadata; they are used inside, whatever path they take, and shown nowhere."""
    data = frame(world, closed)
    indexed = StringIndexer(inputCol="t", outputCol="i").fit(data).transform(data)
    place = str(world.storage / "models/indexed")
    indexed.write.parquet(place)
    read = closed.spark.read.parquet(place)
    paths = [indexed, read, indexed.select(F.col("i").alias("j")), indexed.select(F.struct("i").alias("s")), indexed.filter("i >= 0").limit(3),
             VectorAssembler(inputCols=["i"], outputCol="v").transform(read), indexed.groupBy("i").count(),
             OneHotEncoder(inputCol="i", outputCol="o").fit(indexed).transform(indexed)]
    for path in paths:
        assert '"metadata":{}' in path.schema.json(), path.schema.json()
        assert "ml_attr" not in path.schema.json(), path.schema.json()
    assert indexed.select(F.col("i").alias("j", metadata={"a": 1})).schema["j"].metadata == {"a": 1}  # the script's own
    IndexToString(inputCol="i", outputCol="back").transform(read).select("back").write.text(str(world.storage / "models/back"))
    # A refusal that comes of labels is an outcome; one of the script's own mistakes says what it is.
    one = data.selectExpr("'x' t")
    single = StringIndexer(inputCol="t", outputCol="i").fit(one).transform(one)
    text = told(lambda: OneHotEncoder(inputCol="i", outputCol="o").fit(single))
    assert "two distinct" not in text and "rows = true" in text, text
    assert "No such struct field `nothing`" in told(lambda: VectorAssembler(inputCols=["i", "nothing"], outputCol="v").transform(single).schema)


def test_labels_in_metadata_are_shown_and_recorded_with_models(world, closed):
    closed.close()
    session = session_of(world, more="", outputs="models")
    try:
        data = frame(world, session)
        indexed = StringIndexer(inputCol="t", outputCol="i").fit(data).transform(data)
        first, second = (indexed.schema["i"].metadata for _ in range(2))
        assert first == second and first["ml_attr"]["type"] == "nominal" and first["ml_attr"]["vals"]
    finally:
        session.close()
    assert [e["what"] for e in ledger_entries(world) if e.get("what") == "schema"] == ["schema"]


def test_outcomes_run_out(world, closed):
    closed.close()  # records are one session's at a time; this test is the last one of that fixture
    session = session_of(world, more="outcomes_max = 2")
    try:
        data = frame(world, session)
        place = str(world.storage / "models/bounded")
        fails = data.select(F.expr("raise_error('x')").cast("string").alias("value"))
        assert "USER_RAISED" in told(lambda: fails.write.text(place))
        assert "USER_RAISED" in told(lambda: fails.write.text(place))
        text = told(lambda: data.select("t").write.text(place))
        assert "outcomes_max" in text and text == told(lambda: fails.write.text(place))
        assert text == told(lambda: LogisticRegression(maxIter=1).fit(features(data)))
    finally:
        session.close()
    assert [e["what"] for e in ledger_entries(world) if e["kind"] == "outcome"] == ["USER_RAISED_EXCEPTION"] * 2
