"""Cases about a session's configuration: keys, time zones, and what they do to values; df.to(schema)."""

from __future__ import annotations

import contextlib
import datetime

from pyspark.sql import functions as F
from pyspark.sql import types as T

from recorder import Scene, add, shown

ZONE = "spark.sql.session.timeZone"


@contextlib.contextmanager
def zone(s: Scene, name: str):
    s.spark.conf.set(ZONE, name)
    try:
        yield
    finally:
        s.spark.conf.unset(ZONE)


# Whole hours and others, summer time of both halves of the globe, an offset that changed, Java's short ids.
ZONES = ["UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Europe/Dublin", "Pacific/Apia", "Africa/Casablanca", "+02:00", "-9:30",
         "UTC+3", "GMT-05:30", "PST", "EST", "Z"]
MOMENTS = [0, 1583634600, 1583660999, 1604197800, 1604205000, 1325239200, -2717650800, 4102444800, 1590000000]


def moments(s: Scene):
    rows = [(k, datetime.datetime.fromtimestamp(second, datetime.timezone.utc)) for k, second in enumerate(MOMENTS)]
    return s.spark.createDataFrame(rows, "k int, at timestamp")


TEXTS = ["2020-03-08 02:30:00", "2020-11-01 01:30:00", "2020-06-01", "2020-06-01T12:00:00.5Z", "2020-06-01 12:00:00 Asia/Tokyo", "1883-11-18 12:01:00",
         "2011-12-30 10:00:00", "2500-07-01 00:00:00", "0001-01-01 00:00:00"]


def in_zone(s: Scene, name: str):
    with zone(s, name):
        at = moments(s)
        texts = s.spark.createDataFrame([(t,) for t in TEXTS], "t string")
        return [
            shown(lambda: at.select("at", F.array("at").alias("l"), F.struct("at").alias("s")).show(20, False)),
            shown(lambda: at.show(3, 20, True)),
            [list(row) for row in at.select(F.col("at").cast("string"), F.col("at").cast("date").cast("string"), F.concat(F.lit("at "), F.col("at")),
                                            F.col("at").cast("date").cast("timestamp").cast("long"), F.array("at").cast("string")).collect()],
            [list(row) for row in texts.select(F.col("t").cast("timestamp").cast("double"), F.expr("try_cast(t as date)").cast("timestamp").cast("long"),
                                               F.expr("t = cast(t as timestamp)")).collect()],
            [row[0] for row in at.filter("at >= '2020-03-08 05:00:00' and at < timestamp '2020-11-01 02:00:00'").select("k").collect()],
            at.selectExpr("TIMESTAMP '2020-07-01 12:00:00'", "cast(TIMESTAMP '2020-07-01 12:00:00' as long) as n").columns,
            [row.n for row in at.limit(1).selectExpr("cast(TIMESTAMP '2020-07-01 12:00:00' as long) as n").collect()],
            sorted([str(row[0]), row[1]] for row in at.groupBy(F.col("at").cast("date").alias("d")).count().collect()),
            [row[0] for row in at.select(F.lit(datetime.date(2020, 7, 1)).cast("timestamp").cast("long")).limit(1).collect()],
        ]


for name in ZONES:
    add(f"zone {name}", lambda s, name=name: in_zone(s, name))

KEYS = {
    "get": lambda c: [c.get(ZONE, "x") is not None, c.get("spark.sql.ansi.enabled"), c.get("spark.sql.shuffle.partitionsX", "d"), c.get("mine", None)],
    "get unknown": lambda c: c.get("spark.sql.nothing"),
    "get unknown of the script": lambda c: c.get("mine"),
    "get undefined": lambda c: c.get("spark.sql.adaptive.customCostEvaluatorClass"),
    "get with another default": lambda c: c.get("spark.sql.caseSensitive", "true"),
    "get defaults": lambda c: [c.get(f"spark.sql.{key}") for key in (
        "autoBroadcastJoinThreshold", "caseSensitive", "files.maxPartitionBytes", "legacy.timeParserPolicy",
        "parquet.compression.codec", "sources.partitionOverwriteMode", "timestampType", "broadcastTimeout", "csv.filterPushdown.enabled")],
    "set and get": lambda c: [c.set("mine", "1"), c.get("mine"), c.unset("mine"), c.get("mine", "none")],
    "set a zone that isn't": lambda c: c.set(ZONE, "Mars/Phobos"),
    "set an offset that isn't": lambda c: c.set(ZONE, "+19:00"),
    "set no boolean": lambda c: c.set("spark.sql.caseSensitive", "maybe"),
    "set no number": lambda c: c.set("spark.sql.shuffle.partitions", "many"),
    "set a static key": lambda c: c.set("spark.sql.warehouse.dir", "/x"),
    "set a cluster's key": lambda c: c.set("spark.executor.memory", "1g"),
    "unset a static key": lambda c: c.unset("spark.sql.extensions"),
    "unset a cluster's key": lambda c: c.unset("spark.executor.memory"),
    "isModifiable": lambda c: [c.isModifiable(key) for key in (ZONE, "spark.sql.shuffle.partitions", "spark.sql.warehouse.dir", "spark.executor.memory",
                                                                "spark.nothing", "mine")],
}
for name, run in KEYS.items():
    add(f"config {name}", lambda s, run=run: run(s.spark.conf))
# What Soteria refuses and Spark doesn't.
for key, value in [("ansi.enabled", "false"), ("caseSensitive", "true"), ("timestampType", "TIMESTAMP_NTZ"), ("legacy.timeParserPolicy", "LEGACY")]:
    add(f"config refused {key}", lambda s, key=f"spark.sql.{key}", value=value: [s.spark.conf.set(key, value), s.spark.conf.unset(key)])

LETTERS = ["straße", "ΑΣ ΣΑΣ.Α ΑΣ", "İIıi", "ﬁ ŉ ǆ ǅ Ǆ", "ΐΰ", "𐐨𐐀", "Ωσς", "éÉ", "ქართული ᲥᲐᲠ", "ᏸꭰ", "ꞵ", "a\u0345Σ", "Σ\u0345", "aΣ\u0301b", ""]
add("upper and lower", lambda s: [list(row) for row in s.spark.createDataFrame([(t,) for t in LETTERS], "t string").select(
    F.upper("t"), F.lower("t")).collect()])
add("lower of upper", lambda s: [row[0] for row in s.spark.createDataFrame([(t,) for t in LETTERS], "t string").select(
    F.lower(F.upper("t"))).collect()])

SCHEMAS = {
    "wider": "i bigint, x float", "other order": "s string, k int", "case": "K int, S string", "text": "i string, d string, b string", "narrower": "l int",
    "missing": "k int, more int, other array<int>", "missing but required": "more int not null", "nullable": "i int not null", "not a number": "s int",
    "time of a number": "k timestamp", "number of a flag": "b int", "twice": "k int, k bigint", "nothing alike": "more int",
}
for name, ddl in SCHEMAS.items():
    add(f"to {name}", lambda s, ddl=ddl: s.table("mixed").filter("k < 4").to(s.spark.createDataFrame([], ddl).schema))
NESTED = T.StructType([T.StructField("v", T.StructType([T.StructField("q", T.StringType()), T.StructField("P", T.LongType()),
                                                        T.StructField("z", T.IntegerType())])), T.StructField("l", T.ArrayType(T.DoubleType()))])
add("to nested", lambda s: s.table("mixed").filter("k < 9").select(
    F.when(F.col("k") != 3, F.struct(F.col("i").alias("p"), F.col("s").alias("q"))).alias("v"), F.array("i", "k").alias("l")).to(NESTED))
