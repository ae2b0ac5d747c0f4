"""Models go both ways between stock Spark and Soteria, and the example runs on both."""

import re

from recorder import difference


def values(record):
    assert "value" in record, record
    return record["value"]


def test_stock_spark_loads_our_model(worlds):
    """What `soteria get` gives is a folder that Spark's own PipelineModel.load takes."""
    ours, loaded = values(worlds.soteria["saved"]), values(worlds.spark["loaded"])
    assert len(ours) == 569
    found = difference(ours, loaded["rows"], 1e-12, 1e-12)
    assert found is None, found
    assert [name for name, _ in loaded["stages"]] == [
        "VectorAssembler", "StandardScalerModel", "LogisticRegressionModel", "RandomForestClassificationModel", "GBTRegressionModel",
        "DecisionTreeClassificationModel"]


def test_we_load_stock_sparks_model(worlds):
    """What Spark saved and `soteria put --tree` sealed predicts as it did there."""
    theirs, loaded = values(worlds.spark["saved"]), values(worlds.soteria["loaded"])
    assert len(theirs) == 569
    found = difference(theirs, loaded["rows"], 1e-12, 1e-12)
    assert found is None, found


def test_loaded_models_have_the_same_params(worlds):
    """All but the uids, which each world drew for itself."""
    theirs, ours = values(worlds.spark["loaded"]), values(worlds.soteria["loaded"])
    assert theirs["params"] == ours["params"]
    assert re.sub(r"\d+\.\d+", "", theirs["show"]) == re.sub(r"\d+\.\d+", "", ours["show"])


def test_models_of_both_worlds_agree(worlds):
    """The same job, fitted here and there."""
    found = difference(values(worlds.spark["saved"]), values(worlds.soteria["saved"]), 1e-4, 1e-6)
    assert found is None, found


def lines(text):
    """Word for word, but for the folder that the model went to and the last digits of probabilities."""
    text = re.sub(r"model saved to \S+;", "model saved;", text)
    return [re.sub(r"\d\.\d{5,}", lambda number: f"{float(number[0]):.6f}", line) for line in text.splitlines()]


def test_the_examples_say_the_same(worlds):
    assert lines(values(worlds.spark["example"])) == lines(worlds.soteria_example)
    assert lines(values(worlds.spark["movies"])) == lines(worlds.soteria_movies)
    assert lines(values(worlds.spark["credit"])) == lines(worlds.soteria_credit)
    assert lines(values(worlds.spark["flights"])) == lines(worlds.soteria_flights)
