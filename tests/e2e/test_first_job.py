"""The thin path: sealed data, attested enclaves, an unmodified PySpark client."""

import numpy as np
import pandas as pd
import pytest

ROWS = 1000


@pytest.fixture(scope="module")
def job(shared_deployment):
    generator = np.random.Generator(np.random.PCG64(7))
    frame = pd.DataFrame({"id": np.arange(ROWS), "x": generator.normal(size=ROWS), "name": [f"row-{i}" for i in range(ROWS)]})
    path = shared_deployment.table("points", frame)
    shared_deployment.start()
    shared_deployment.write_manifest(read=[path])
    return shared_deployment, path, frame


def test_filter_and_count(job):
    deployment, path, frame = job
    done = deployment.run(
        """
        import sys
        from pyspark.sql import SparkSession
        spark = SparkSession.builder.getOrCreate()
        table = spark.read.parquet(sys.argv[1])
        print("columns", table.columns)
        print("count", table.filter(table.x > 0.5).count())
        """,
        path)
    assert "columns ['id', 'x', 'name']" in done.stdout
    assert f"count {int((frame.x > 0.5).sum())}" in done.stdout
    assert "NOT PROTECTED" in done.stderr


def test_collect_gives_back_the_rows(job):
    deployment, path, frame = job
    done = deployment.run(
        """
        import sys
        from pyspark.sql import SparkSession
        spark = SparkSession.builder.getOrCreate()
        table = spark.read.parquet(sys.argv[1]).toPandas()
        table.to_parquet(sys.argv[2])
        """,
        path, deployment.folder / "back.parquet")
    assert done.returncode == 0
    back = pd.read_parquet(deployment.folder / "back.parquet")
    pd.testing.assert_frame_equal(back, frame)


def test_exit_code_is_the_scripts(job):
    deployment, _, _ = job
    assert deployment.run("import sys; sys.exit(7)", check=False).returncode == 7


def test_a_script_ends_whenever_its_garbage_is_collected(job):
    """At its exit PySpark drops a call; gRPC, which starts a thread for the next, holds the lock that ending one takes."""
    deployment, path, _ = job
    done = deployment.run(
        """
        import gc
        import sys
        import threading
        from pyspark.sql import SparkSession

        first_step = threading.Thread._set_ident  # of a new thread; who starts it waits for the next ones

        def collecting(thread):
            first_step(thread)
            gc.collect()

        spark = SparkSession.builder.getOrCreate()
        print(spark.read.parquet(sys.argv[1]).count())
        gc.collect()
        gc.disable()
        threading.Thread._set_ident = collecting
        """,
        path, timeout=60)
    assert done.stdout.split() == [str(ROWS)]
