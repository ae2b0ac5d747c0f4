"""Data that only the cluster reaches: the host serves it under a scheme of its own, the enclaves check it.

The host here keeps `mem://` in a folder, which stands for any file system behind Spark's connectors; what the tests
do to that folder is what a storage or host that lies could do.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import time

import numpy as np
import pandas as pd
import pytest

from deployment import BIN, Deployment

ROWS = 20_000

READ = """
    from pyspark.sql import SparkSession
    spark = SparkSession.builder.getOrCreate()
    table = spark.read.parquet("mem://box/patients")
    whole = table.collect()  # all columns: what nobody reads isn't fetched
    print("rows", table.count(), "sum", table.agg({"x": "sum"}).collect()[0][0])
"""

WRITE = """
    from pyspark.sql import SparkSession
    from pyspark.ml.feature import VectorAssembler
    from pyspark.ml.classification import LogisticRegression, LogisticRegressionModel
    spark = SparkSession.builder.getOrCreate()
    table = spark.read.parquet("mem://box/patients")
    data = VectorAssembler(inputCols=["x", "y"], outputCol="features").transform(table)
    model = LogisticRegression(maxIter=5, labelCol="sick").fit(data)
    model.write().overwrite().save("mem://box/models/risk")
    table.select("x").write.mode("overwrite").parquet("mem://box/models/copy")
    assert LogisticRegressionModel.load("mem://box/models/risk").coefficients == model.coefficients
    print("rows", spark.read.parquet("mem://box/models/copy").count())
"""


class ServedDeployment(Deployment):
    """A cluster whose host serves mem:// from a folder."""

    @property
    def box(self):
        return self.folder / "served" / "box"

    def start_serving(self, serve=True):
        self.cli("cluster", "start", "--simulated", "--dir", self.cluster, "--workers", 1)  # makes the key pair
        self.cli("cluster", "stop", "--dir", self.cluster)
        (self.cluster / "state.json").unlink(missing_ok=True)
        self.box.mkdir(parents=True, exist_ok=True)
        scheme = ["--serve-scheme", f"mem={self.box.parent}"] if serve else []
        self.host = subprocess.Popen(
            [BIN / "soteria-host", "--dir", self.cluster, "--workers", "2",
             "--simulated-key", self.cluster / "simulated.pem", *scheme])
        for _ in range(600):
            if (self.cluster / "state.json").exists():
                return
            assert self.host.poll() is None
            time.sleep(0.05)
        raise AssertionError("the host didn't start")

    def stop(self):
        self.host.terminate()
        self.host.wait(timeout=30)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    deployment = ServedDeployment(tmp_path_factory.mktemp("served"))
    deployment.keygen()
    random = np.random.default_rng(1)
    frame = pd.DataFrame({"x": np.arange(ROWS, dtype=float), "y": random.normal(size=ROWS)})
    frame["sick"] = (frame.y + 0.1 * random.normal(size=ROWS) > 0).astype(float)
    deployment.local = deployment.table("patients", frame)
    deployment.start_serving()
    deployment.write_manifest(read=[f"mem://box/patients={deployment.local}"], write=["mem://box/models"])
    yield deployment
    deployment.stop()


@pytest.fixture
def uploaded(served):
    """The data set, freshly copied to where only the host reaches it."""
    shutil.rmtree(served.box / "patients", ignore_errors=True)
    shutil.copytree(served.local, served.box / "patients")
    return served


def refused(deployment, script, condition):
    done = deployment.run(script, check=False)
    assert done.returncode != 0, done.stdout
    assert condition in done.stderr, done.stderr[-3000:]
    assert "rows" not in done.stdout


def test_reads_what_only_the_host_reaches(uploaded):
    done = uploaded.run(READ)
    assert f"rows {ROWS} sum {ROWS * (ROWS - 1) / 2}" in done.stdout


def test_writes_there_and_the_owner_gets_a_copy(uploaded):
    assert f"rows {ROWS}" in uploaded.run(WRITE).stdout
    assert f"rows {ROWS}" in uploaded.run(WRITE).stdout  # in a second session, over the first's
    written = [file.read_bytes() for file in (uploaded.box / "models").iterdir() if file.is_file()]
    assert len(written) > 5 and not [content for content in written if b"PAR1" in content]
    copy = uploaded.folder / "copied_down"
    shutil.copytree(uploaded.box / "models", copy)
    unsaid = uploaded.cli("get", copy / "risk", uploaded.folder / "risk", check=False)
    made, = re.findall(r'path = "mem://box/models"\nid = "([0-9a-f]{32})"', uploaded.manifest.read_text())
    assert unsaid.returncode == 1 and f"--id {made}" in unsaid.stderr and "mem://box/models" in unsaid.stderr
    uploaded.cli("get", "--id", made, copy / "risk", uploaded.folder / "risk")
    assert (uploaded.folder / "risk" / "metadata").is_dir()
    assert "/models" in uploaded.cli("ledger").stdout

    # An older state of the written root, whole in itself, is noticed; so is one that is gone.
    newer = uploaded.folder / "newer"
    shutil.move(uploaded.box / "models", newer)
    refused(uploaded, WRITE, "SOTERIA.ROLLED_BACK")
    older = sorted(copy.glob("_soteria_index.*"))[-1]
    shutil.copytree(newer, uploaded.box / "models", dirs_exist_ok=True)
    shutil.copy(older, uploaded.box / "models" / "_soteria_index")
    refused(uploaded, WRITE, "SOTERIA.ROLLED_BACK")
    shutil.copy(newer / "_soteria_index", uploaded.box / "models" / "_soteria_index")
    assert f"rows {ROWS}" in uploaded.run(WRITE).stdout


@pytest.mark.parametrize("lie", ["altered", "truncated", "longer", "swapped", "missing"])
def test_a_host_that_lies_about_a_file_ends_in_a_named_error(uploaded, lie):
    files = sorted((uploaded.box / "patients").glob("*.parquet"))
    assert len(files) == 4
    good = files[1].read_bytes()
    if lie == "missing":
        files[1].unlink()
    else:
        middle = len(good) // 2
        files[1].write_bytes({
            "altered": good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1:],
            "truncated": good[:-1],
            "longer": good + b"x",
            "swapped": files[2].read_bytes(),
        }[lie])
    refused(uploaded, READ, "SOTERIA.INTEGRITY")


def test_an_altered_and_a_missing_index_end_in_named_errors(uploaded):
    index = uploaded.box / "patients" / "_soteria_index"
    good = index.read_bytes()
    index.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    refused(uploaded, READ, "SOTERIA.INTEGRITY")
    index.unlink()
    refused(uploaded, READ, "Path does not exist")


def test_an_older_data_set_is_noticed(uploaded):
    old = uploaded.folder / "old"
    shutil.copytree(uploaded.local, old)
    try:
        uploaded.table("patients", pd.DataFrame({"x": [1.0], "y": [1.0], "sick": [0.0]}), files=1)
        refused(uploaded, READ, "SOTERIA.ROLLED_BACK")  # the copy up there is of version 1
        shutil.rmtree(uploaded.box / "patients")
        shutil.copytree(uploaded.local, uploaded.box / "patients")
        assert "rows 1 sum 1.0" in uploaded.run(READ).stdout
    finally:
        shutil.rmtree(old)


def test_a_host_without_the_scheme_is_named(tmp_path):
    deployment = ServedDeployment(tmp_path)
    deployment.keygen()
    local = deployment.table("patients", pd.DataFrame({"x": [1.0, 2.0]}), files=1)
    deployment.start_serving(serve=False)
    try:
        deployment.write_manifest(read=[f"mem://box/patients={local}"])
        refused(deployment, READ, "this cluster's host has no file system for mem:")
    finally:
        deployment.stop()
