"""A worker's memory limit: what doesn't fit is sealed out to disk and opened again, with the same bits.

The script itself plays the host that looks into the folder of spilled blocks and alters what lies there.
"""

import pathlib
import re
import shutil
import sys

import numpy as np
import pandas as pd
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from leak_search import Search, needles_of, plain_copies  # noqa: E402

ROWS = 240_000
COLUMNS = [f"measured{i:02}" for i in range(20)]
FILES = 8
LIMIT = "16MiB"
PEAK_LIMIT, PEAK_LIMIT_BYTES = "12MiB", 12 << 20
BESIDE_LIMIT_BYTES = 84 << 20  # docs/decisions/0016: what a worker takes beside its limit, at most

FIT = """
import shutil, sys
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import SparkSession, functions as F
data, spill, copy = sys.argv[1:]
columns = [f"measured{i:02}" for i in range(20)]
spark = SparkSession.builder.getOrCreate()
table = spark.read.parquet(data)
model = LogisticRegression(maxIter=8, regParam=0.01).fit(
    VectorAssembler(inputCols=columns, outputCol="features").transform(table))
print("coefficients", [value.hex() for value in model.coefficients], model.intercept.hex())
mixed = table.repartition(8).persist()
for _ in range(2):
    sums = mixed.agg(*[F.sum(column) for column in columns[:3]], F.count("label")).collect()[0]
    print("sums", [float(value).hex() for value in sums])
back = mixed.toPandas()
print("rows", len(back), float(back.sort_values(columns[0])[columns[1]].head(1000).sum()).hex())
shutil.copytree(spill, copy)
"""

TAMPER = """
import os, pathlib, shutil, sys
from pyspark.sql import SparkSession, functions as F
data, spill, how = sys.argv[1:]
spark = SparkSession.builder.getOrCreate()
mixed = spark.read.parquet(data).repartition(8).persist()
total = lambda: float(mixed.agg(F.sum("measured00")).collect()[0][0]).hex()
print("before", total())
files = sorted(pathlib.Path(spill).glob("*/*.sealed"))
print("spilled", len(files))
folders = {}
for file in files:
    folders.setdefault(file.parent, []).append(file)
for file in files:
    if how == "altered":
        with open(file, "r+b") as out:
            out.seek(file.stat().st_size // 2)
            byte = out.read(1)
            out.seek(-1, os.SEEK_CUR)
            out.write(bytes([byte[0] ^ 1]))
    elif how == "truncated":
        os.truncate(file, file.stat().st_size - 1)
    elif how == "deleted":
        file.unlink()
if how == "swapped":
    for group in folders.values():
        contents = [file.read_bytes() for file in group]
        for file, other in zip(group, contents[1:] + contents[:1]):
            file.write_bytes(other)
print("after", total())
"""


@pytest.fixture(scope="module")
def frame():
    generator = np.random.Generator(np.random.PCG64(11))
    features = generator.normal(size=(ROWS, len(COLUMNS)))
    made = pd.DataFrame(features, columns=COLUMNS)
    made["label"] = (features @ np.linspace(-1, 1, len(COLUMNS)) + generator.normal(size=ROWS) > 0).astype(float)
    return made


@pytest.fixture(scope="module")
def limited(shared_deployment, frame):
    """A cluster under the limit."""
    deployment = shared_deployment
    path = deployment.table("points", frame, files=FILES)
    deployment.start("--enclave-memory", LIMIT)
    deployment.write_manifest(read=[path])
    return deployment, path, deployment.cluster / "spill"


PEAK = """
import pathlib, re, sys
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.evaluation import BinaryClassificationEvaluator
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import SparkSession, functions as F
data, spill = sys.argv[1:]
columns = [f"measured{i:02}" for i in range(20)]
spark = SparkSession.builder.getOrCreate()
table = VectorAssembler(inputCols=columns, outputCol="features").transform(spark.read.parquet(data))
model = LogisticRegression(maxIter=4, regParam=0.01).fit(table)
print("auc", BinaryClassificationEvaluator().evaluate(model.transform(table)))
mixed = spark.read.parquet(data).repartition(32).persist()
print("sum", mixed.agg(F.sum(columns[0])).collect()[0][0])
for status in pathlib.Path("/proc").glob("[0-9]*/status"):
    try:
        words = (status.parent / "cmdline").read_text().split("\\0")
        if words[0].endswith("soteria-worker") and spill in words:
            print("peak", int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read_text()).group(1)) * 1024)
    except OSError:
        continue
"""


def lines(done, *names):
    return [line for line in done.stdout.splitlines() if line.split(" ")[0] in names]


def sealed(folder):
    return sorted(folder.glob("*/*.sealed"))


def test_the_same_bits_as_without_a_limit_and_no_plaintext_on_disk(limited, frame):
    deployment, path, spill = limited
    copy = deployment.folder / "spilled"
    tight = lines(deployment.run(FIT, path, spill, copy), "coefficients", "sums", "rows")
    assert len(tight) == 4
    logs = "".join(log.read_text() for log in deployment.cluster.glob("worker-*.log"))
    assert "blocks spilled" in logs

    files = sealed(copy)
    assert len(files) >= FILES / 2
    some = frame.sample(2000, random_state=1)
    search = Search(needles_of(some))
    found, searched = search.files(files)
    assert searched > 16 << 20
    assert not found
    assert len(search.files(plain_copies(some, deployment.folder))[0]) > 0.99 * len(search.needles)

    deployment.stop()
    assert not spill.exists()
    deployment.start("--enclave-memory", "unlimited")
    shutil.rmtree(copy)
    wide = lines(deployment.run(FIT, path, spill, copy), "coefficients", "sums", "rows")
    assert wide == tight
    assert not sealed(copy)
    deployment.stop()
    deployment.start("--enclave-memory", LIMIT)


def test_the_process_stays_near_its_limit_and_the_owner_is_told_what_was_spilled(limited, frame):
    """The whole process: programs and libraries, what it holds of no data, and the plaintext."""
    deployment, _, spill = limited
    path = deployment.table("many", frame, files=2 * FILES)
    deployment.stop()
    deployment.start("--enclave-memory", PEAK_LIMIT, workers=1, slots=2)
    deployment.write_manifest(read=[path], out=deployment.folder / "many.toml")
    done = deployment.run(PEAK, path, spill, manifest=deployment.folder / "many.toml", options=["--verbose"])
    peaks = [int(line.split()[1]) for line in lines(done, "peak")]
    assert peaks
    assert frame.memory_usage(index=False).sum() > 3 * PEAK_LIMIT_BYTES
    assert max(peaks) < PEAK_LIMIT_BYTES + BESIDE_LIMIT_BYTES
    spilled, opened = map(int, re.search(r"(\d+) bytes spilled, (\d+) bytes opened again", done.stderr).groups())
    assert spilled > PEAK_LIMIT_BYTES
    assert opened > spilled
    deployment.stop()
    deployment.start("--enclave-memory", LIMIT)


@pytest.mark.parametrize("how", ["altered", "truncated", "swapped"])
def test_a_spilled_block_that_is_not_as_written_ends_the_job(limited, how):
    deployment, path, spill = limited
    done = deployment.run(TAMPER, path, spill, how, check=False)
    assert int(lines(done, "spilled")[0].split()[1]) >= 2
    assert done.returncode != 0
    assert not lines(done, "after")
    assert "SOTERIA.INTEGRITY" in done.stderr


def test_a_spilled_block_that_is_gone_is_made_again(limited):
    deployment, path, spill = limited
    done = deployment.run(TAMPER, path, spill, "deleted")
    assert int(lines(done, "spilled")[0].split()[1]) >= 2
    assert lines(done, "after")[0].split()[1] == lines(done, "before")[0].split()[1]


def test_a_task_that_alone_exceeds_the_limit_is_a_named_error(limited):
    deployment, path, _ = limited
    done = deployment.run(
        """
        import sys
        from pyspark.sql import SparkSession
        spark = SparkSession.builder.getOrCreate()
        print("rows", len(spark.read.parquet(sys.argv[1]).coalesce(1).persist().toPandas()))
        """,
        path, check=False)
    assert done.returncode != 0
    assert "SOTERIA.MEMORY_LIMIT" in done.stderr
