"""What a release counts of rows that files of text make: lines of files whose names say that a line is a record, and that no job chose."""

from __future__ import annotations

import io
import json

import pandas as pd
import pyarrow as pa
import pyarrow.orc as orc
import pyarrow.parquet as pq
import pytest

from deployment import Deployment, partitioned
from released import Record

ROWS = 60
HEAD = """
import sys
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
spark = SparkSession.builder.getOrCreate()
def lines(path):
    return spark.read.format("text").load(path)  # read.text says wholetext, an option, with which rows are never counted
def counts(frame, key="value"):
    print(sorted(frame.groupBy(key).count().collect(), key=str))
"""

# One person's diagnosis, twelve lines of it.
WRITE = HEAD + """
out = sys.argv[2]
person = spark.read.parquet(sys.argv[1]).filter("id = 7")
person.selectExpr("repeat(concat(diagnosis, '\\n'), 12) v").write.text(out + "/text")
person.selectExpr("repeat(concat(diagnosis, '\\n'), 12) v").write.csv(out + "/csv")
counts(lines(out + "/text"))
lines(out + "/text").write.parquet(out + "/again")
counts(spark.read.parquet(out + "/again"))
"""

LATER = HEAD + """
out = sys.argv[2]
counts(lines(out + "/text"))
counts(lines(out + "/text/part-*.txt"))
counts(spark.read.schema("value string").csv(out + "/text"))
counts(lines(out + "/csv"))
counts(spark.read.text(out + "/text"))
counts(spark.read.parquet(out + "/again"))
"""

# A text whose bytes are a file of Parquet or ORC, with one person's diagnosis in twelve rows of it.
FORGE = HEAD + """
out, end = sys.argv[2], bytes.fromhex(sys.argv[4]).decode()
parts = [F.unhex(F.lit(part)).cast("string") for part in sys.argv[5].split(",")]
person = spark.read.parquet(sys.argv[1]).filter("id = 7")
whole = [part for pair in zip(parts, [F.col("diagnosis")] * len(parts)) for part in pair][:-1]
person.select(F.concat(*whole).alias("v")).write.option("lineSep", end).text(out + "/as_" + sys.argv[3])
counts(spark.read.format(sys.argv[3]).load(out + "/as_" + sys.argv[3]), "v")
"""

# Files that the owner put: a record of several lines is one record to its own reader only.
PUT = HEAD + """
files = sys.argv[1]
counts(lines(files + "/pretty.json"))
counts(spark.read.schema("value string").csv(files + "/pretty.json"))
counts(lines(files + "/people.csv"))
"""
LINES = HEAD + """
files = sys.argv[1]
counts(spark.read.schema("name string, class string").csv(files + "/people.csv"), "class")
counts(lines(files + "/lines.txt"))
"""


@pytest.fixture(scope="module")
def d(tmp_path_factory):
    made = Deployment(tmp_path_factory.mktemp("partitioned_files"))
    made.keygen()
    made.people = made.table("people", pd.DataFrame({"id": range(ROWS), "diagnosis": [f"E{n}" for n in range(ROWS)]}), 1)
    plain = made.folder / "plain"
    plain.mkdir()
    (plain / "pretty.json").write_text(json.dumps({"name": "Zoe", "codes": ["E11"] * 13}, indent=1))
    (plain / "people.csv").write_text("".join(f"n{n},{'ab'[n % 2]}\n" for n in range(ROWS)))
    (plain / "lines.txt").write_text("".join(f"{'abb'[n % 3]}\n" for n in range(ROWS)))
    made.files = made.put(plain, "files", "--tree")
    made.out = made.storage / "out"
    made.start()
    made.write_manifest(read=[made.people, made.files], write=[made.out])
    made.base = made.manifest.read_text()
    made.manifest.write_text(partitioned(made.base, kinds=["classes"], min_rows=10))
    yield made
    made.stop()


def stays_inside(d, script, *args):
    record = Record(d.record)
    record.questions()
    done = d.run(script, *args)
    assert record.questions() == [] and d.releases()[0] == []
    return done.stdout


def test_lines_that_a_job_made_of_a_row_stay_inside(d):
    twelve = "Row(value='E7', count=12)"
    assert stays_inside(d, WRITE, d.people, d.out).count(twelve) == 2
    # In another session as well, whichever reader makes rows of them.
    assert stays_inside(d, LATER, d.people, d.out).count(twelve) == 5


@pytest.mark.parametrize("format", ["parquet", "orc"])
def test_rows_that_a_job_forged_within_a_text_stay_inside(d, format):
    table, file = pa.table({"v": ["XX"] * 12}), io.BytesIO()
    if format == "orc":
        orc.write_table(table, file)
    else:
        pq.write_table(table, file, compression="none", use_dictionary=False, write_statistics=False, store_schema=False)
    whole = file.getvalue()
    parts = [part.hex() for part in whole[:-4].split(b"XX")]
    assert "Row(v='E7', count=12)" in stays_inside(d, FORGE, d.people, d.out, format, whole[-4:].hex(), ",".join(parts))


def test_lines_of_a_record_of_another_format_stay_inside(d):
    assert "count=12" in stays_inside(d, PUT, d.files)


def test_lines_that_the_owner_put_as_records_leave(d):
    done = d.run(LINES, d.files)
    assert done.stdout.count("count=30") == 2 and "count=20" in done.stdout and "count=40" in done.stdout
    assert [one["statistic"] for one in d.releases()[0]] == ["groupBy.count"] * 2
