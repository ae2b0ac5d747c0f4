"""A file of text that is larger than a worker's memory is read in parts, whichever worker has which, and a lost one's are read again."""

import json

import numpy as np
import pytest

ROWS = 1_500_000
LIMIT, LIMIT_BYTES = "32MiB", 32 << 20
BESIDE_LIMIT_BYTES = 84 << 20  # docs/decisions/0016

READ = """
import json, pathlib, re, sys
from pyspark.sql import SparkSession, functions as F
folder, spill, part = sys.argv[1:]
spark = SparkSession.builder.getOrCreate()
spark.conf.set("spark.sql.files.maxPartitionBytes", part)
table = spark.read.csv(folder, header=True, inferSchema=True)
print("columns", table.dtypes)
sums = lambda: table.agg(F.count("*"), F.sum("id"), F.sum("x").cast("string"), F.max("name"), F.countDistinct(F.spark_partition_id())).collect()[0]
print("sums", json.dumps(list(sums())))
workers = []
for status in pathlib.Path("/proc").glob("[0-9]*/status"):
    try:
        words = (status.parent / "cmdline").read_text().split("\\0")
        if words[0].endswith("soteria-worker") and spill in words:
            workers.append(int(status.parent.name))
            print("peak", int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read_text()).group(1)) * 1024)
    except OSError:
        continue
"""
LOST = READ + """
import os, signal
kept = table.persist()
print("kept", kept.count())
os.kill(workers[0], signal.SIGKILL)
print("again", json.dumps(list(sums())))
"""


@pytest.fixture(scope="module")
def large(shared_deployment):
    """100 MB of CSV in one file."""
    deployment = shared_deployment
    plain = deployment.folder / "plain"
    plain.mkdir()
    chance = np.random.Generator(np.random.PCG64(5))
    values = chance.normal(size=ROWS)
    with (plain / "large.csv").open("w") as out:
        out.write("id,x,name\n")
        for at in range(0, ROWS, 100_000):
            out.write("".join(f"{i},{values[i]:.15f},some name of row {i % 97} {'z' * (i % 31)}\n" for i in range(at, at + 100_000)))
    assert (plain / "large.csv").stat().st_size > 2.5 * LIMIT_BYTES
    path = deployment.put(plain, "large", "--tree")
    deployment.start("--enclave-memory", LIMIT, workers=2, slots=2)
    deployment.write_manifest(read=[path])
    return deployment, path, values


def lines(done, *names):
    return [line for line in done.stdout.splitlines() if line.split(" ")[0] in names]


def test_it_is_read_within_the_limit(large):
    deployment, path, values = large
    done = deployment.run(READ, path, deployment.cluster / "spill", "4m")
    assert lines(done, "columns") == ["columns [('id', 'int'), ('x', 'double'), ('name', 'string')]"]
    count, ids, x, name, parts = json.loads(lines(done, "sums")[0].removeprefix("sums "))
    assert (count, ids, name) == (ROWS, ROWS * (ROWS - 1) // 2, f"some name of row 96 {'z' * 30}")
    assert abs(float(x) - values.sum()) < 1e-6
    assert parts > 20
    peaks = [int(line.split()[1]) for line in lines(done, "peak")]
    assert len(peaks) == 2
    assert max(peaks) < LIMIT_BYTES + BESIDE_LIMIT_BYTES


def test_whole_it_has_no_room(large):
    deployment, path, _ = large
    done = deployment.run(READ, path, deployment.cluster / "spill", "1g", check=False)
    assert done.returncode != 0
    assert "SOTERIA.MEMORY_LIMIT" in done.stderr
    assert lines(done, "columns"), "a schema is made of contents piece by piece"


def test_a_lost_worker_s_parts_are_read_again(large):
    deployment, path, _ = large
    done = deployment.run(LOST, path, deployment.cluster / "spill", "4m")
    assert lines(done, "kept") == [f"kept {ROWS}"]
    assert lines(done, "again")[0].removeprefix("again ") == lines(done, "sums")[0].removeprefix("sums ")
