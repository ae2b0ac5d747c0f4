"""What a script may make of the contents of text files by choosing how they are read: nothing that shows, unless the Manifest says rows.

Nor how large they are, by how many parts they are read in: a job may write a file that is as long as a row says."""

from __future__ import annotations

import pytest

from deployment import Deployment

CANARY = "canaryline"
SCRIPT = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
folder = sys.argv[1]
ASKS = {
    "header": lambda: spark.read.option("header", True).csv(folder).columns,
    "header of a later line": lambda: spark.read.options(header=True, comment="n").csv(folder).columns,
    "whole lines": lambda: spark.read.options(header=True, sep="|").csv(folder).columns,
    "types": lambda: spark.read.option("inferSchema", True).csv(folder).dtypes,
    "how many": lambda: len(spark.read.option("sep", "a").csv(folder).columns),
    "fields": lambda: spark.read.json(folder).columns,
    "numFeatures": lambda: spark.read.format("libsvm").load(folder).schema.json(),
}
for name, ask in ASKS.items():
    try:
        print(name, "->", ask())
    except Exception as error:
        print(name, "refused", "spark.read.schema(...)" in str(error) and "NOT_IN_MANIFEST" in str(error))
print("given", spark.read.schema("name string, n int").option("header", True).csv(folder).columns)
try:
    print("pattern ->", spark.read.schema("v string").csv(folder + "/p*").columns)
except Exception as error:
    print("pattern refused", "NOT_IN_MANIFEST" in str(error))
"""


SIZES = """
import sys
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.getOrCreate()
folder, output = sys.argv[1:]
spark.conf.set("spark.sql.files.maxPartitionBytes", "4")
def parts(path, name):
    spark.read.schema("v string").csv(path).write.csv(f"{output}/{name}")
    for part in range(20):
        try:
            spark.read.schema("v string").csv(f"{output}/{name}/part-{part:05}.csv").columns
        except Exception as error:
            assert error.getCondition() == "PATH_NOT_FOUND", error
            return part
print("put", parts(folder, "a"))
long = "repeat('x', if(v = 'other', 40, 10))"
spark.read.schema("v string").csv(folder).filter("v = 'other'").select(F.expr(long)).coalesce(1).write.csv(f"{output}/secret")
print("written", parts(f"{output}/secret", "b"))
"""


@pytest.fixture(scope="module")
def d(tmp_path_factory):
    made = Deployment(tmp_path_factory.mktemp("reader_schemas"))
    made.keygen()
    plain = made.folder / "plain"
    plain.mkdir()
    (plain / "people.csv").write_text(f"name,n\n{CANARY},1\nother,2\n")
    made.path = made.put(plain, "people", "--tree")
    made.start()
    yield made
    made.stop()


@pytest.mark.parametrize("outputs", ["metrics", "metrics,models"])
def test_contents_make_no_schema_without_rows(d, outputs):
    d.manifest.unlink(missing_ok=True)
    d.write_manifest(read=[d.path], outputs=outputs)
    said = d.run(SCRIPT, d.path).stdout
    lines = said.splitlines()
    assert CANARY not in said and "->" not in said.replace("pattern ->", ""), said
    assert sum(line.endswith("refused True") for line in lines) == (8 if outputs == "metrics" else 7), said
    assert "given ['name', 'n']" in lines


def test_with_rows_they_do(d):
    d.manifest.unlink(missing_ok=True)
    d.write_manifest(read=[d.path], outputs="rows")
    said = d.run(SCRIPT, d.path).stdout
    assert f"header of a later line -> ['{CANARY}', '1']" in said and "header -> ['name', 'n']" in said, said


@pytest.mark.parametrize(("outputs", "put", "written"), [("metrics,models", 1, 1), ("rows", 7, 11)])
def test_how_many_parts_a_file_has_tells_no_size_without_rows(d, outputs, put, written):
    d.manifest.unlink(missing_ok=True)
    output = d.storage / f"sizes{put}"
    d.write_manifest(read=[d.path], write=[output], outputs=outputs)
    said = d.run(SIZES, d.path, output).stdout.splitlines()
    assert said == [f"put {put}", f"written {written}"], said
