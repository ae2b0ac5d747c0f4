"""Two worlds for the same script: stock Spark on plain tables, and Soteria on the sealed ones.

Order: Soteria runs the cases and saves a model; the owner decrypts tables and model; stock Spark runs
the cases, loads that model, saves one, runs the example; that model is sealed and Soteria loads it.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyspark
import pytest
from sklearn.datasets import load_breast_cancer

from deployment import PYTHON, ROOT, Deployment

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(ROOT / "tools")]

import file_cases  # noqa: E402
import map_cases  # noqa: E402
import orc_cases  # noqa: E402
import text_file_cases  # noqa: E402
from flights import write_flights  # noqa: E402
from job import GONE  # noqa: E402
from loans import loans  # noqa: E402

JOB = HERE / "job.py"
EXAMPLE = ROOT / "examples/breast_cancer.py"
MOVIES = ROOT / "examples/movie_recommendations.py"
CREDIT = ROOT / "examples/credit_risk.py"
FLIGHTS = ROOT / "examples/flights.py"
SPARK_SECONDS = 2100 + int(os.environ.get("SOTERIA_EXPRESSIONS", "400"))
# One file, one partition, as in Soteria: without it Spark packs small files into one partition.
SPARK_OPTIONS = ["--master", "local[2]", "--driver-memory", "2g", "--conf", "spark.ui.enabled=false",
                 "--conf", f"spark.sql.files.openCostInBytes={2**30}", "--conf", "spark.sql.shuffle.partitions=4",
                 "--conf", "spark.log.level=ERROR",
                 "--conf", "spark.sql.adaptive.enabled=false",
                 # The same semantics, and much faster for tables of this size than compiling every plan.
                 "--conf", "spark.sql.codegen.wholeStage=false", "--conf", "spark.sql.codegen.factoryMode=NO_CODEGEN"]


@dataclasses.dataclass
class Worlds:
    spark: dict
    soteria: dict
    soteria_example: str
    soteria_movies: str
    soteria_credit: str
    soteria_flights: str
    deployment: Deployment


def patients() -> pd.DataFrame:
    frame = load_breast_cancer(as_frame=True).frame.rename(columns=lambda name: name.replace(" ", "_"))
    frame["label"] = 1.0 - frame.pop("target")  # scikit-learn's 0 is malignant
    return frame


def with_split(frame: pd.DataFrame) -> pd.DataFrame:
    number = np.arange(len(frame))
    frame["row"] = number
    frame["fold"] = (number * 7919 % 10 >= 7).astype("int32")  # 70% train, fixed
    frame["weight"] = 0.5 + number % 5
    return frame


def sparse() -> pd.DataFrame:
    """Nine in ten values are zero; one column is zero throughout."""
    generator = np.random.Generator(np.random.PCG64(11))
    values = generator.normal(size=(600, 24)) * (generator.uniform(size=(600, 24)) < 0.1)
    values[:, 5] = 0.0
    score = values @ generator.normal(size=24) + 0.3 * generator.normal(size=600)
    frame = pd.DataFrame(values, columns=[f"c{i}" for i in range(24)])
    frame["label"] = (score > 0).astype("float64")
    return with_split(frame)


def mixed() -> pa.Table:
    """40 rows of every plain type, with nulls, NaN, infinities and signed zeros."""
    k = range(40)

    def spoiled(values, period):
        return [None if i % period == period - 1 else v for i, v in enumerate(values)]

    doubles = [float("nan"), float("inf"), float("-inf"), -0.0, 0.0, 1e-300, 1.5, -2.25, 3e7, 123456789.125]
    return pa.table({
        "b": pa.array(spoiled([i % 3 == 0 for i in k], 7), pa.bool_()),
        "y": pa.array(spoiled([i % 11 - 5 for i in k], 9), pa.int8()),
        "h": pa.array(spoiled([i * 13 % 100 - 50 for i in k], 8), pa.int16()),
        "i": pa.array(spoiled([i * 7 % 12 - 3 for i in k], 6), pa.int32()),
        "l": pa.array(spoiled([i * 10**15 - 5 for i in k], 5), pa.int64()),
        "f": pa.array(spoiled([i * 0.1 for i in k], 10), pa.float32()),
        "d": pa.array(spoiled([doubles[i % 10] * (1 + i // 10) for i in k], 11), pa.float64()),
        "s": pa.array(spoiled(["abc"[i % 3] if i % 4 else ["", "é", "a b", "'\\"][i // 4 % 4] for i in k], 13), pa.string()),
        "n": pa.array(spoiled([str(i * 3 - 20) for i in k], 12), pa.string()),
        "k": pa.array(list(k), pa.int32()),
        "x": pa.array([(i * 37 % 40 - 20) / 7 for i in k], pa.float64()),
    })


def ratings() -> pd.DataFrame:
    """The sample of MovieLens that comes with PySpark."""
    sample = pathlib.Path(pyspark.__file__).parent / "data/mllib/als/sample_movielens_ratings.txt"
    frame = pd.read_csv(sample, sep="::", engine="python", names=["user", "movie", "rating", "at"])
    return frame.drop(columns="at").astype({"user": "int32", "movie": "int32", "rating": "float32"})


def times() -> pa.Table:
    return pa.table({
        "day": pa.array([0, 19782, -1, None, 20000], pa.int32()).cast(pa.date32()),
        "at": pa.array([0, 1709164800123456, -1, None, 1], pa.timestamp("us", tz="UTC")),
        "id": pa.array([1, 2, 3, 4, 5], pa.int32()),
    })


def environment() -> dict:
    """Both worlds in UTC; in stock Spark's there is no word of Soteria."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SPARK_", "PYSPARK_"))}
    return {**kept, "TZ": "UTC", "PYTHONDONTWRITEBYTECODE": "1"}


def run_spark(folder: pathlib.Path, *args) -> None:
    """Once more if Spark's own process ends: that says nothing of Soteria, but what its Java machine wrote of it is shown."""
    for again in (True, False):
        crash = folder / f"jvm_crash_{time.monotonic_ns()}.log"
        options = f"'-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ErrorFile={crash}'"
        env = environment() | {"PYSPARK_SUBMIT_ARGS": " ".join([*SPARK_OPTIONS, "--conf", f"spark.sql.warehouse.dir={folder}/warehouse",
                                                                 "--driver-java-options", options, "pyspark-shell"]),
                               "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": PYTHON,
                               "OPENBLAS_NUM_THREADS": "1"}  # its Java machine calls OpenBLAS from both tasks
        done = subprocess.run([PYTHON, str(JOB), *map(str, args)], env=env, capture_output=True, text=True,
                              timeout=SPARK_SECONDS, check=False)
        if done.returncode != GONE or not again:
            break
        told = crash.read_text()[:3000] if crash.exists() else f"no crash report; {done.stdout[-500:]} {done.stderr[-2000:]}"
        warnings.warn(f"stock Spark's process ended and is started again: {told}", stacklevel=1)
        shutil.rmtree(folder / "spark/output", ignore_errors=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]


def put_tables(deployment: Deployment) -> list[pathlib.Path]:
    people = with_split(patients())
    few = sparse()
    tables = {"patients4": (people, 4), "patients1": (people, 1), "sparse4": (few, 4), "sparse1": (few, 1),
              "mixed": (mixed(), 1), "times": (times(), 1), "ratings": (ratings(), 2), "badtext": (file_cases.bad_text(), 1),
              "example": (patients(), 1), "movies": (ratings().rename(columns={"rating": "stars"}), 1),
              "loans": (loans(), 1), "maps": (map_cases.table(), 2)}
    return [deployment.table(name, frame, files) for name, (frame, files) in tables.items()]


def put_files(deployment: Deployment, plain: pathlib.Path) -> tuple[list[pathlib.Path], list[pathlib.Path]]:
    """CSV files as tables, folders as trees."""
    plain.mkdir()
    names = [*file_cases.write_csvs(plain), *file_cases.write_decimal_csvs(plain)]
    tables = [deployment.put(plain / f"{name}.csv", name) for name in names]
    folders = [*file_cases.write_trees(plain), text_file_cases.write_files(plain), orc_cases.write_files(plain),
               write_flights(plain / "nycflights13", every=15)]
    trees = [deployment.put(folder, folder.name, "--tree") for folder in folders]
    return tables, trees


def in_parts(model: pathlib.Path, copy: pathlib.Path) -> pathlib.Path:
    """The model with a first part file without rows in each of its tables, as Spark may well write them."""
    shutil.copytree(model, copy)
    tables = list(copy.glob("stages/*/data/*.parquet"))
    assert tables
    for table in tables:
        pq.write_table(pq.read_table(table).slice(0, 0), table.with_name("a-" + table.name))
    return copy


@pytest.fixture(scope="session")
def worlds(tmp_path_factory) -> Worlds:
    folder = tmp_path_factory.mktemp("parity")
    ours = Deployment(folder / "soteria")
    ours.folder.mkdir()
    theirs = folder / "spark"
    theirs.mkdir()
    ours.keygen()
    paths = put_tables(ours)
    csvs, trees = put_files(ours, folder / "plain")
    ours.start()
    try:
        output = ours.storage / "output"
        ours.write_manifest(read=[*paths, *csvs, *trees], write=[output])
        in_utc = {"TZ": "UTC", "PYTHONDONTWRITEBYTECODE": "1"}
        ours.run_file(JOB, "all", ours.storage, output, folder / "soteria.json", env=in_utc, timeout=SPARK_SECONDS)
        example = ours.run_file(EXAMPLE, ours.storage / "example", output / "example", env=in_utc).stdout
        credit = ours.run_file(CREDIT, ours.storage / "loans", output / "credit", env=in_utc).stdout
        movies = ours.run_file(MOVIES, ours.storage / "movies", output / "movies", env=in_utc).stdout
        flights = ours.run_file(FLIGHTS, ours.storage / "nycflights13", output / "flights", env=in_utc).stdout
        for path in paths:
            ours.cli("get", path, theirs / "tables" / path.name)
        for path in (folder / "plain").iterdir():
            (theirs / "tables" / path.name).symlink_to(path)
        ours.cli("get", output / "pipeline", theirs / "their_model")
        step = [theirs / "tables", theirs / "output"]
        run_spark(folder, "all", *step, folder / "spark.json", theirs / "their_model", "--",
                  "example", *step, folder / "spark_example.json", EXAMPLE, theirs / "tables/example", "--",
                  "example", *step, folder / "spark_movies.json", MOVIES, theirs / "tables/movies", "--",
                  "example", *step, folder / "spark_credit.json", CREDIT, theirs / "tables/loans", "--",
                  "example", *step, folder / "spark_flights.json", FLIGHTS, theirs / "tables/nycflights13")
        model = ours.put(in_parts(theirs / "output/pipeline", folder / "in_parts"), "their_model", "--tree")
        manifest = ours.folder / "manifest2.toml"
        ours.write_manifest(read=[*paths, model], out=manifest)
        ours.run_file(JOB, "load", ours.storage, output, folder / "soteria_load.json", model, manifest=manifest, env=in_utc)
    finally:
        ours.stop()

    def results(*names):
        return {k: v for name in names for k, v in json.loads((folder / f"{name}.json").read_text()).items()}

    examples = {name: results(f"spark_{name}")["example"] for name in ("movies", "credit", "flights")}
    spark = results("spark", "spark_example") | examples
    return Worlds(spark, results("soteria", "soteria_load"), example, movies, credit, flights, ours)


@pytest.fixture(scope="session")
def expressions(tmp_path_factory) -> dict[str, dict]:
    """What "spark" and "soteria" make of expressions, functions and plans, which need no data: {side: {step: records}}."""
    folder = tmp_path_factory.mktemp("expressions")
    # Stock Spark and its Python wait for each other: of many expressions each processor's process takes a part.
    parts = os.cpu_count() if int(os.environ.get("SOTERIA_EXPRESSIONS", "400")) > 1000 else 1
    results = {side: [folder / f"{side}_{part}.json" for part in range(parts)] for side in ("spark", "soteria")}
    steps = {side: [["grammar", str(path), str(part), str(parts)] for part, path in enumerate(paths)] for side, paths in results.items()}
    ours = Deployment(folder / "soteria")
    ours.folder.mkdir()
    ours.keygen()
    ours.start()
    try:
        ours.write_manifest(read=[], write=[ours.storage / "output"])
        in_utc = {"TZ": "UTC", "PYTHONDONTWRITEBYTECODE": "1"}
        with concurrent.futures.ThreadPoolExecutor() as pool:
            sides = [pool.submit(run_spark, folder, *step) for step in steps["spark"]]
            one_after_another = [word for step in steps["soteria"] for word in ("--", *step)]
            sides.append(pool.submit(ours.run_file, JOB, *one_after_another[1:], env=in_utc, timeout=SPARK_SECONDS))
            for side in sides:
                side.result()
    finally:
        ours.stop()
    read = {side: [json.loads(path.read_text()) for path in paths] for side, paths in results.items()}
    lists = {side: {step: {"value": [one for part in found for one in part[step]["value"]]} for step in ("grammar", "plans")}
             for side, found in read.items()}
    return {side: steps | {"functions": read[side][0]["functions"]} for side, steps in lists.items()}
