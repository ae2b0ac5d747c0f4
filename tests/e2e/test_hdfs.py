"""Data in HDFS: Spark's executors read it with Hadoop's connectors for the enclaves, and the driver writes models there.

The HDFS is Hadoop's own MiniDFSCluster in a process beside the test (host/spark/src/test/java/soteria/spark/MiniDfs.java).
"""

from __future__ import annotations

import pathlib
import re
import subprocess

import numpy as np
import pandas as pd
import pyspark
import pytest

from deployment import ROOT, Deployment

ROWS = 20_000
RUN_SECONDS = 600  # a file in HDFS takes half a second on a slow disk
JARS = pathlib.Path(pyspark.__file__).parent / "jars"

TRAIN = """
    import sys
    from pyspark.sql import SparkSession
    from pyspark.ml.feature import VectorAssembler
    from pyspark.ml.classification import LogisticRegression, LogisticRegressionModel
    spark = SparkSession.builder.getOrCreate()
    bucket = sys.argv[1]
    table = spark.read.parquet(bucket + "/patients")
    print("rows", table.count(), "sum", table.agg({"x": "sum"}).collect()[0][0])
    data = VectorAssembler(inputCols=["x", "y"], outputCol="features").transform(table)
    model = LogisticRegression(maxIter=5, labelCol="sick").fit(data)
    model.write().overwrite().save(bucket + "/models/risk")
    table.select("x").write.mode("overwrite").parquet(bucket + "/models/copy")
    assert LogisticRegressionModel.load(bucket + "/models/risk").coefficients == model.coefficients
    print("written", spark.read.parquet(bucket + "/models/copy").count())
"""


class MiniDfs:
    """An HDFS of one data node. What a user would do with `hadoop fs` goes through its standard input."""

    def __init__(self, folder: pathlib.Path):
        paths = folder / "classpath"
        subprocess.run(
            ["mvn", "-q", "-B", "-f", ROOT / "host/spark/pom.xml", "dependency:build-classpath",
             f"-Dmdep.outputFile={paths}", f"-Dspark.jars={JARS}"], check=True, timeout=600)
        program = ROOT / "host/spark/src/test/java/soteria/spark/MiniDfs.java"  # java compiles it itself
        self.process = subprocess.Popen(
            ["java", "-cp", paths.read_text(), program, folder / "dfs"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.uri = self.process.stdout.readline().strip()
        assert self.uri.startswith("hdfs://"), self.uri

    def fs(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "ok\n", words

    def stop(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    deployment = Deployment(tmp_path_factory.mktemp("hdfs"))
    deployment.keygen()
    random = np.random.default_rng(1)
    frame = pd.DataFrame({"x": np.arange(ROWS, dtype=float), "y": random.normal(size=ROWS)})
    frame["sick"] = (frame.y + 0.1 * random.normal(size=ROWS) > 0).astype(float)
    deployment.local = deployment.table("patients", frame)
    dfs = deployment.dfs = MiniDfs(deployment.folder)
    deployment.bucket = dfs.uri + "/bucket"
    try:
        deployment.start("--engine", "spark", "--spark-home", JARS.parent)
        deployment.write_manifest(read=[f"{deployment.bucket}/patients={deployment.local}"],
                                  write=[f"{deployment.bucket}/models"])
        yield deployment
    finally:
        deployment.stop()
        dfs.stop()


def upload(cluster):
    cluster.dfs.fs("delete", "/bucket/patients")
    cluster.dfs.fs("put", cluster.local, "/bucket/patients")


def test_trains_on_hdfs_and_saves_there(cluster):
    upload(cluster)
    for _ in range(2):  # the second session writes over what the first left
        done = cluster.run(TRAIN, cluster.bucket, timeout=RUN_SECONDS)
        assert f"rows {ROWS} sum {ROWS * (ROWS - 1) / 2}" in done.stdout
        assert f"written {ROWS}" in done.stdout
    cluster.dfs.fs("get", "/bucket/models", cluster.folder / "models")
    made, = re.findall(r'path = "hdfs://[^"]*/models"\nid = "([0-9a-f]{32})"', cluster.manifest.read_text())
    cluster.cli("get", "--id", made, cluster.folder / "models" / "risk", cluster.folder / "risk")
    assert (cluster.folder / "risk" / "metadata").is_dir()


def test_an_altered_file_in_hdfs_is_found(cluster):
    upload(cluster)
    file = sorted(cluster.local.glob("*.parquet"))[2]
    content = file.read_bytes()
    altered = cluster.folder / file.name
    altered.write_bytes(content[:500] + bytes([content[500] ^ 1]) + content[501:])
    cluster.dfs.fs("delete", f"/bucket/patients/{file.name}")
    cluster.dfs.fs("put", altered, f"/bucket/patients/{file.name}")
    done = cluster.run(TRAIN, cluster.bucket, check=False, timeout=RUN_SECONDS)
    assert done.returncode != 0 and "SOTERIA.INTEGRITY" in done.stderr, done.stderr[-3000:]


def test_a_scheme_without_a_connector_is_named(cluster):
    cluster.write_manifest(read=[f"nosuch://box/patients={cluster.local}"], out=cluster.folder / "nosuch.toml")
    done = cluster.run(TRAIN, "nosuch://box", manifest=cluster.folder / "nosuch.toml", check=False)
    assert "this cluster's host has no file system for nosuch:" in done.stderr, done.stderr[-3000:]
