"""What a job writes as CSV and JSON, in folders named by values: plain folders for the owner, nothing of it for the host."""

from __future__ import annotations

import gzip
import json

import pandas as pd
import pytest

from deployment import Deployment

NAMES = ["Zoe Canary", "x/y=z:%", "\u00e9t\u00e9", None]
FOLDERS = ["name=Zoe Canary", "name=x%2Fy%3Dz%3A%25", "name=\u00e9t\u00e9", "name=__HIVE_DEFAULT_PARTITION__"]

WRITE = """
    import sys
    from pyspark.sql import SparkSession
    spark = SparkSession.builder.getOrCreate()
    people = spark.read.parquet(sys.argv[1])
    out = sys.argv[2]
    people.write.partitionBy("name").csv(f"{out}/folders", header=True)
    people.write.option("compression", "gzip").json(f"{out}/packed")
    again = spark.read.csv(f"{out}/folders", header=True, inferSchema=True)
    print("again", again.count(), sorted(str(row.name) for row in again.select("name").distinct().collect()))
    print("packed", spark.read.json(f"{out}/packed").count())
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    deployment = Deployment(tmp_path_factory.mktemp("written"))
    deployment.keygen()
    people = deployment.table("people", pd.DataFrame({"name": NAMES * 3, "n": range(12)}), 1)
    deployment.start()
    try:
        out = deployment.storage / "out"
        deployment.write_manifest(read=[people], write=[out])
        said = deployment.run(WRITE, people, out).stdout
        deployment.cli("get", out, deployment.folder / "plain")
    finally:
        deployment.stop()
    return deployment, said


def test_the_job_reads_what_it_wrote(written):
    assert f"again 12 {sorted(str(name) for name in NAMES)}" in written[1] and "packed 12" in written[1]


def test_the_owner_gets_the_folders_that_spark_would_have_written(written):
    plain = written[0].folder / "plain"
    assert sorted(path.name for path in (plain / "folders").iterdir()) == sorted([*FOLDERS, "_SUCCESS"])
    for number, folder in enumerate(FOLDERS):
        [part] = (plain / "folders" / folder).iterdir()
        assert part.name == "part-00000.csv"
        assert part.read_text() == "n\n" + "".join(f"{n}\n" for n in range(number, 12, 4))
    [packed] = (path for path in (plain / "packed").iterdir() if path.name != "_SUCCESS")
    rows = [json.loads(line) for line in gzip.decompress(packed.read_bytes()).decode().splitlines()]
    assert packed.name == "part-00000.json.gz"
    assert rows == [{key: value for key, value in (("name", NAMES[n % 4]), ("n", n)) if value is not None} for n in range(12)]


def test_the_host_sees_no_name(written):
    for path in written[0].storage.rglob("*"):
        assert "name=" not in path.name and "Canary" not in path.name
        if path.is_file():
            assert b"Canary" not in path.read_bytes()
