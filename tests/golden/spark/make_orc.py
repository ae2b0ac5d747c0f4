#!/usr/bin/env python3
"""Writes the ORC files beside it, by stock Spark, and by the ORC library that it has, on a Java machine whose clocks are in New York.

    .venv/bin/python tests/golden/spark/make_orc.py
"""

import pathlib
import shutil
import tempfile

from py4j.java_gateway import get_field, set_field
from pyspark.sql import SparkSession

HERE = pathlib.Path(__file__).resolve().parent
TIMES = ["2015-01-01 00:00:00", "2024-07-01 12:00:00.123456", "1969-12-31 23:59:58.5", "1900-01-01 00:00:00", "2024-03-10 03:30:00", "0001-01-01 00:00:00"]
QUERIES = {
    "times": ("SELECT timestamp(t) AS at, cast(t AS timestamp_ntz) AS n, date(t) AS day FROM texts", "snappy"),
    "types": ("""SELECT id % 2 = 0 AS b, cast(id AS byte) AS y, cast(id * 7 AS short) AS h, cast(id * 1000 AS int) AS i, id * id * id AS l,
                 cast(id / 3 AS float) AS f, id / 7 AS d, if(id % 5 = 0, null, cast(id % 3 AS string)) AS s, cast(cast(id AS string) AS binary) AS x,
                 cast(id / 4 AS decimal(10,2)) AS e, cast(id / 4 AS decimal(38,10)) AS w, array(id, null) AS a, map(cast(id AS string), id) AS m,
                 struct(id AS p, if(id % 2 = 0, null, 'q') AS q) AS r, make_dt_interval(id) AS g, make_ym_interval(cast(id AS int)) AS z
                 FROM range(0, 40, 1, 1)""", "zlib"),
    "ints": ("""SELECT id, id * 1000003 % 77777 - 30000 AS scattered, if(id % 100 = 7, id * 10000000000, id % 50) AS patched, 5L AS same, -id AS falling
                FROM range(0, 3000, 1, 1)""", "zstd"),
}

OLD = ["1582-10-04 01:02:03.5", "1500-03-01 00:00:00", "0001-01-01 12:00:00", "1970-01-01 00:00:00"]


def by_library(spark: SparkSession, name: str, schema: str, fill, rows: int, gregorian: bool = False) -> None:
    """What Spark itself writes no column of."""
    orc, path = spark._jvm.org.apache.orc, HERE / f"{name}.orc"
    path.unlink(missing_ok=True)
    kind = orc.TypeDescription.fromString(schema)
    options = orc.OrcFile.writerOptions(spark._jsc.hadoopConfiguration()).setSchema(kind).setProlepticGregorian(gregorian)
    writer = orc.OrcFile.createWriter(spark._jvm.org.apache.hadoop.fs.Path(str(path)), options)
    batch = kind.createRowBatch()
    set_field(batch, "size", rows)
    fill(get_field(batch, "cols"), spark._jvm.java.sql.Timestamp.valueOf)
    writer.addRowBatch(batch)
    writer.close()
    path.with_name(f".{path.name}.crc").unlink(missing_ok=True)


def fill_kinds(columns, timestamp) -> None:
    for row, text in enumerate(["ab", "  x  ", "abcde", ""]):
        columns[0].setVal(row, bytearray(text.encode()))
        columns[1].setVal(row, bytearray(text.encode()))
        columns[2].set(row, timestamp(TIMES[row]))
        columns[3].set(row, timestamp(TIMES[row]))


def fill_old(columns, timestamp) -> None:
    for row, text in enumerate(OLD):
        columns[0].set(row, timestamp(text))


def main():
    spark = (SparkSession.builder.master("local[1]").config("spark.driver.extraJavaOptions", "-Duser.timezone=America/New_York")
             .config("spark.ui.enabled", "false").getOrCreate())
    spark.createDataFrame([(t,) for t in TIMES], "t string").coalesce(1).createOrReplaceTempView("texts")
    for name, (query, codec) in QUERIES.items():
        with tempfile.TemporaryDirectory() as folder:
            spark.sql(query).write.orc(f"{folder}/x", compression=codec)
            (file,) = pathlib.Path(folder).glob("x/*.orc")
            shutil.copy(file, HERE / f"{name}.orc")
    by_library(spark, "kinds", "struct<c:char(5),v:varchar(3),i:timestamp with local time zone,t:timestamp>", fill_kinds, 4)
    by_library(spark, "gregorian", "struct<t:timestamp>", fill_old, 4, gregorian=True)
    spark.stop()


if __name__ == "__main__":
    main()
