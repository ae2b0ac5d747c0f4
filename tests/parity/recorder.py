"""Named cases of PySpark code, and what came out of them as JSON.

A case is a function of the Scene; its value is recorded, or the exception it ended with: class, error
condition and SQLSTATE. The same cases run on stock Spark and on Soteria; nothing here knows which.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import decimal
import io
import json
import math
import time

import numpy as np
from py4j.protocol import Py4JNetworkError
from pyspark.errors import PySparkException
from pyspark.ml.linalg import DenseMatrix, DenseVector, Matrix, SparseVector
from pyspark.sql import DataFrame, Row, SparkSession


@dataclasses.dataclass
class Scene:
    spark: SparkSession
    tables: str  # folder of the input tables
    output: str  # folder for what is written
    cache: dict = dataclasses.field(default_factory=dict)

    def table(self, name: str) -> DataFrame:
        return self.once(name, lambda: self.spark.read.parquet(f"{self.tables}/{name}"))

    def once(self, name: str, make):
        if name not in self.cache:
            self.cache[name] = make()
        return self.cache[name]


@dataclasses.dataclass
class Case:
    run: object
    rel: float  # two finite doubles a, b are the same when |a - b| <= rel * max(|a|, |b|, least)
    least: float


CASES: dict[str, Case] = {}
# Whatever the case allows its coefficients, these two are functions of the order of the scores.
METRICS = {"accuracy", "areaUnderROC"}
METRICS_REL = 1e-6


def add(name: str, run, rel: float = 0.0, least: float = 0.0) -> None:
    assert name not in CASES, name
    CASES[name] = Case(run, rel, least)


def case(rel: float = 0.0, least: float = 0.0):
    def register(function):
        add(function.__name__, function, rel, least)
        return function

    return register


def shown(function) -> str:
    """What it prints."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        function()
    return text.getvalue()


def plain(value):
    """A value as JSON that keeps its type: doubles by their shortest text, NaN and -0.0 included."""
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, float):
        return {"double": repr(float(value))}
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, DataFrame):
        # Metadata have cases of their own: classic PySpark marks names that it made up, Connect doesn't.
        fields = [[field.name, field.dataType.json(), field.nullable] for field in value.schema]
        return {"schema": fields, "rows": plain(value.collect())}
    if isinstance(value, Row):
        return {"row": {str(i) + " " + k: plain(v) for i, (k, v) in enumerate(zip(value.__fields__, value))}}
    if isinstance(value, SparseVector):
        return {"sparse": [value.size, value.indices.tolist(), plain(value.values)]}
    if isinstance(value, DenseVector):
        return {"dense": plain(value.values)}
    if isinstance(value, Matrix):
        return {"matrix": [isinstance(value, DenseMatrix), value.numRows, value.numCols, plain(value.toArray())]}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, (datetime.date, datetime.datetime, datetime.timedelta, decimal.Decimal, bytes, bytearray)):
        return {type(value).__name__: str(value)}
    raise TypeError(f"no record of {type(value)}")


def failure(error: Exception) -> dict:
    """Raises it where it says that Spark itself is gone: that is nothing a case ends in."""
    if isinstance(error, (ConnectionError, Py4JNetworkError)):
        raise error
    if isinstance(error, PySparkException):
        return {"error": type(error).__name__, "condition": error.getCondition(), "sqlstate": error.getSqlState(),
                "text": str(error)[:2000]}
    return {"error": type(error).__name__, "condition": None, "sqlstate": None, "text": str(error)[:2000]}


def record(scene: Scene, names) -> dict:
    results = {}
    for name in names:
        began = time.monotonic()
        try:
            results[name] = {"value": plain(CASES[name].run(scene))}
        except Exception as error:  # noqa: BLE001: whatever it is, both worlds must agree on it
            results[name] = failure(error)
        results[name]["seconds"] = round(time.monotonic() - began, 3)
        print(results[name]["seconds"], name, flush=True)
    return results


def difference(a, b, rel: float, least: float, where: str = "") -> str | None:
    """The first place where two records differ, or None."""
    if where.rpartition(".")[2] in METRICS:
        rel, least = min(rel, METRICS_REL), 0.0
    if isinstance(a, dict) and isinstance(b, dict):
        if set(a) != set(b):
            return f"{where}: {sorted(a)} or {sorted(b)}"
        if set(a) == {"double"}:
            return None if same_double(float(a["double"]), float(b["double"]), rel, least) else (
                f"{where}: {a['double']} or {b['double']}")
        pairs = [(f"{where}.{k}", a[k], b[k]) for k in a]
    elif isinstance(a, list) and isinstance(b, list):
        if len(a) != len(b):
            return f"{where}: {len(a)} or {len(b)} elements"
        pairs = [(f"{where}[{i}]", x, y) for i, (x, y) in enumerate(zip(a, b))]
    else:
        return None if type(a) is type(b) and a == b else f"{where}: {a!r} or {b!r}"
    for place, x, y in pairs:
        found = difference(x, y, rel, least, place)
        if found is not None:
            return found
    return None


def same_double(a: float, b: float, rel: float, least: float) -> bool:
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    if a == b:
        return math.copysign(1, a) == math.copysign(1, b)
    if math.isinf(a) or math.isinf(b):
        return False
    return abs(a - b) <= rel * max(abs(a), abs(b), least)


def save(results: dict, path: str) -> None:
    with open(path, "w", encoding="utf-8") as out:
        json.dump(results, out)
