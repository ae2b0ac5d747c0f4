"""Columns that rows name: a pivot without values shows them only where the Manifest says rows."""

from __future__ import annotations

import pytest

from deployment import Deployment

CANARY = "canaryname"
SCRIPT = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
t = spark.read.parquet(sys.argv[1])
ASKS = {
    "pivot": lambda: t.groupBy("n").pivot("name").count().columns,
    "pivot of a part": lambda: t.filter("n = 1").groupBy().pivot("name").sum("n").columns,
    "crosstab": lambda: t.crosstab("n", "name").columns,
    "transpose": lambda: t.transpose("name").columns,
    "transpose of a part": lambda: t.filter("n = 1").transpose("n").collect(),
    "freqItems": lambda: t.freqItems(["name"]).collect(),
}
VALUES = ("pivot", "crosstab")
for name, ask in ASKS.items():
    try:
        print(name, "->", ask())
    except Exception as error:
        print(name, "refused", (not name.startswith(VALUES) or "give the values" in str(error)) and "NOT_IN_MANIFEST" in str(error))
print("given", t.groupBy("n").pivot("name", ["a", "b"]).count().columns)
"""


@pytest.fixture(scope="module")
def d(tmp_path_factory):
    made = Deployment(tmp_path_factory.mktemp("pivot_names"))
    made.keygen()
    plain = made.folder / "people.csv"
    plain.write_text(f"name,n\n{CANARY},1\nother,2\n")
    made.path = made.put(plain, "people")
    made.start()
    yield made
    made.stop()


@pytest.mark.parametrize("outputs", ["metrics", "metrics,models"])
def test_rows_name_no_columns_without_rows(d, outputs):
    d.manifest.unlink(missing_ok=True)
    d.write_manifest(read=[d.path], outputs=outputs)
    said = d.run(SCRIPT, d.path).stdout
    assert CANARY not in said and "->" not in said, said
    assert said.count("refused True") == 6, said
    assert "given ['n', 'a', 'b']" in said


def test_with_rows_they_do(d):
    d.manifest.unlink(missing_ok=True)
    d.write_manifest(read=[d.path], outputs="rows")
    said = d.run(SCRIPT, d.path).stdout
    assert f"pivot -> ['n', '{CANARY}', 'other']" in said, said
    assert f"transpose -> ['key', '{CANARY}', 'other']" in said, said
