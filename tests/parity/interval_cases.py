"""Intervals: literals, arithmetic, casts, aggregates, and how they reach a client and files."""

from __future__ import annotations

import datetime

from pyspark.sql import functions as F
from pyspark.sql import types as T

from recorder import add, case, shown

ROW = ("(SELECT TIMESTAMP'2020-05-06 07:08:09.123456' at, DATE'2020-02-29' day, TIMESTAMP_NTZ'2020-05-06 07:08:09' ntz, 3 i, 2.5D x, "
       "CAST(null AS INT) n, INTERVAL '1 02:03:04' DAY TO SECOND d, INTERVAL '1-2' YEAR TO MONTH m, CAST(null AS INTERVAL DAY) z) t")


def value(text):
    add(f"interval {text}", lambda s: s.spark.sql(f"SELECT {text} FROM {ROW}"))


def text_of(text):
    """Of what PySpark has no values of."""
    def run(scene):
        field, = scene.spark.sql(f"SELECT {text} FROM {ROW}").schema
        return [field.name, field.dataType.simpleString(), field.nullable, scene.spark.sql(f"SELECT CAST({text} AS STRING) AS s FROM {ROW}").collect()]
    add(f"interval text {text}", run)


LITERALS = ("INTERVAL '1 02:03:04.5' DAY TO SECOND", "INTERVAL 3 DAYS", "INTERVAL '3' DAY", "INTERVAL -3 DAY", "-INTERVAL 3 DAY", "INTERVAL '-3' DAY",
            "INTERVAL 3 HOURS", "INTERVAL 90 MINUTES", "INTERVAL 1.5 SECONDS", "INTERVAL '1.5' SECOND", "INTERVAL 2 WEEKS", "INTERVAL 1 DAY 2 HOURS",
            "INTERVAL 1 DAY 2 SECONDS", "INTERVAL 100 MILLISECONDS", "INTERVAL 7 MICROSECONDS", "INTERVAL '1 02' DAY TO HOUR",
              "INTERVAL '1 02:03' DAY TO MINUTE",
            "INTERVAL '02:03' HOUR TO MINUTE", "INTERVAL '02:03:04' HOUR TO SECOND", "INTERVAL '03:04' MINUTE TO SECOND", "INTERVAL '100' HOUR",
            "INTERVAL '1 day 2 hours'", "INTERVAL '-1 02:03:04' DAY TO SECOND", "INTERVAL -'1 02:03:04' DAY TO SECOND", "INTERVAL '0 00:00:00' DAY TO SECOND",
            "INTERVAL 25 HOURS 61 MINUTES", "INTERVAL '106751991 04:00:54.775807' DAY TO SECOND", "INTERVAL 0 DAY", "INTERVAL 1 DAY -2 HOURS")
MONTHS = ("INTERVAL '1-2' YEAR TO MONTH", "INTERVAL 3 MONTHS", "INTERVAL 2 YEARS", "INTERVAL 1 YEAR 2 MONTH", "INTERVAL '-1-2' YEAR TO MONTH",
              "INTERVAL -5 MONTHS",
          "INTERVAL '15' MONTH", "INTERVAL '1 month'", "m + INTERVAL 1 MONTH", "m - INTERVAL 2 YEARS", "-m", "m * 2", "m / 4", "m * 1.5D", "abs(-m)",
          "make_ym_interval(1, 2)", "make_ym_interval(1)", "make_ym_interval()", "CAST(5 AS INTERVAL MONTH)", "CAST('1-2' AS INTERVAL YEAR TO MONTH)",
          "CAST(m AS INTERVAL YEAR)", "coalesce(INTERVAL 1 YEAR, m)", "CAST('INTERVAL ''1-2'' YEAR TO MONTH' AS INTERVAL YEAR TO MONTH)")
for literal in LITERALS:
    value(literal)
    text_of(literal)
for literal in MONTHS:
    text_of(literal)
for wrong in ("INTERVAL 1 MONTH 2 DAYS", "INTERVAL 'x' DAY", "INTERVAL '1-2' DAY TO SECOND", "INTERVAL '1 25' DAY TO HOUR", "INTERVAL '1' HOUR TO DAY",
              "INTERVAL '1-13' YEAR TO MONTH", "INTERVAL 99999999999 YEARS", "INTERVAL '1 moon'", "INTERVAL 1 DAY TO HOUR", "INTERVAL 1.5 DAYS"):
    value(wrong)
for between in ("at - ntz", "at - at", "at - day", "day - at", "day - DATE'2020-01-01'", "DATE'2020-01-01' - day", "ntz - ntz", "at - '2020-01-01'"):
    value(between)
for moved in ("at + INTERVAL 3 DAYS", "day + INTERVAL 3 DAYS", "day + INTERVAL 3 HOURS", "day - INTERVAL 1 DAY", "INTERVAL 1 DAY + day",
              "ntz - INTERVAL 1 HOUR",
              "at + d", "day + d", "d + at", "at - d", "day + make_dt_interval(i)", "at + INTERVAL 1 MONTH", "day + INTERVAL 1 MONTH",
              "day - INTERVAL 1 YEAR",
              "DATE'2020-01-31' + INTERVAL 1 MONTH", "INTERVAL 1 MONTH + at", "ntz + m", "'2020-01-01' + INTERVAL 1 DAY", "at + z", "day + z", "day + m",
              "date_add(day, i)", "day + 1", "1 + day", "day - 1", "day + i", "day + n", "d - at", "at + 1", "at - 1", "d + 1",
              "'2020-01-01' - INTERVAL 1 MONTH",
              "day + 1L", "day + 1.5", "try_add(day, 1)", "try_subtract(at, d)", "try_add(d, d)", "try_divide(d, 0)", "try_multiply(d, 2)",
              "try_add(INTERVAL 9223372036854775807 MICROSECONDS, d)", "transform(array(day), x -> x + INTERVAL 1 DAY) AS v",
              "day + INTERVAL 1 DAY + INTERVAL 1 DAY", "day + 1 + 2", "TIMESTAMP'2020-03-28 12:00:00' + INTERVAL 24 HOUR"):
    value(moved)
for sums in ("d + d", "d - INTERVAL 1 HOUR", "INTERVAL 1 DAY + INTERVAL 1 HOUR", "d * 2", "2 * d", "d * 1.5D", "d * x", "d / 2", "d / x", "d / 0",
              "d * i", "d / n", "d * n",
             "d / 3", "INTERVAL 1 SECOND / 7", "-INTERVAL 5 SECONDS / 2000000", "d * 1.25", "d / 0.5", "-d", "+d", "abs(-d)", "sign(d)", "signum(-d)",
              "d * '2'", "d * d",
             "d + m", "d % 2", "d + null", "null - d", "z + d", "INTERVAL 1 DAY * 2 + INTERVAL 1 HOUR", "INTERVAL 9223372036854775807 MICROSECONDS + d",
             "INTERVAL 9223372036854775807 MICROSECONDS * 2", "d * 1e300D"):
    value(sums)
for compared in ("d > INTERVAL 1 DAY", "d = INTERVAL '26:03:04' HOUR TO SECOND", "m > INTERVAL 1 YEAR", "d <=> z", "d IN (INTERVAL 1 DAY, d)",
              "d BETWEEN z AND d", "d > m", "d = '1'",
                 "greatest(INTERVAL 1 DAY, INTERVAL 1 HOUR)", "least(d, z)", "coalesce(z, INTERVAL 1 HOUR)", "array(INTERVAL 1 DAY, INTERVAL 1 HOUR)",
              "nullif(d, d)",
                 "CASE WHEN i > 1 THEN INTERVAL 1 DAY ELSE INTERVAL 1 HOUR END", "hash(d)", "hash(m)", "xxhash64(d)", "named_struct('a', d)",
              "concat('a', d)", "typeof(m)",
                 "map('a', d)", "d IS NULL", "if(i > 5, d, z)", "sort_array(array(d, INTERVAL 1 DAY, z))", "array_contains(array(d), d)"):
    value(compared)
for part in ("extract(DAY FROM d)", "extract(HOUR FROM d)", "extract(MINUTE FROM -d)", "extract(SECOND FROM d)", "date_part('days', d)",
              "extract(YEAR FROM m)",
             "extract(MONTH FROM m)", "extract(YEAR FROM d)", "extract(DAY FROM INTERVAL 3 HOURS)", "day(d)", "extract(SECONDS FROM at - ntz)"):
    value(part)
for cast in ("CAST(d AS INTERVAL DAY)", "CAST(d AS INTERVAL HOUR TO MINUTE)", "CAST('1 02:03:04' AS INTERVAL DAY TO SECOND)",
              "CAST('INTERVAL ''3'' DAY' AS INTERVAL DAY)",
             "CAST('x' AS INTERVAL DAY)", "TRY_CAST('x' AS INTERVAL DAY)", "CAST(3 AS INTERVAL DAY)", "CAST(INTERVAL 3 DAYS AS INT)", "CAST(d AS BIGINT)",
             "CAST(INTERVAL 3 HOURS AS INT)", "CAST(m AS INT)", "CAST(INTERVAL 300 DAYS AS TINYINT)", "CAST(d AS DATE)", "CAST(at AS INTERVAL DAY)",
              "CAST(null AS INTERVAL DAY)",
             "CAST(d AS STRING)", "make_dt_interval(1, 2, 3, 4.5)", "make_dt_interval()", "make_dt_interval(1)", "make_dt_interval(i, n)",
              "make_dt_interval(2147483647, 0, 0, 0) * 100"):
    value(cast)


for made in ("DATE'2020-01-30', DATE'2020-02-02'", "DATE'2020-02-02', DATE'2020-01-30'", "DATE'2020-01-31', DATE'2020-05-01', INTERVAL 1 MONTH",
             "DATE'2020-01-01', DATE'2020-01-10', INTERVAL 3 DAYS", "DATE'2020-01-01', DATE'2020-01-10', INTERVAL 36 HOURS",
             "DATE'2020-01-01', DATE'2020-01-03', INTERVAL 12 HOURS", "DATE'2020-01-10', DATE'2020-01-01', INTERVAL 3 DAYS",
             "DATE'2020-01-10', DATE'2020-01-01', INTERVAL -3 DAYS", "TIMESTAMP'2020-01-01', TIMESTAMP'2020-01-02', INTERVAL 7 HOURS",
             "TIMESTAMP'2020-01-01', TIMESTAMP'2020-03-02', INTERVAL 1 MONTH", "TIMESTAMP'2020-01-01', TIMESTAMP'2020-01-03'", "day, at, INTERVAL 20 DAYS",
             "DATE'2020-01-01', null, INTERVAL 1 DAY", "day, day", "DATE'2020-01-01', DATE'2020-01-03', INTERVAL 0 DAY",
             "DATE'2020-01-01', DATE'2020-01-03', 1",
             "ntz, ntz + INTERVAL 2 DAYS, INTERVAL 1 DAY", "TIMESTAMP'2020-01-01', TIMESTAMP'2020-01-04', INTERVAL '1 01' DAY TO HOUR",
             "day, day, z", "1, 3, INTERVAL 1 DAY"):
    value(f"sequence({made})")


def spans(scene):
    """A table of several partitions: seven groups, nulls among the intervals."""
    rows = scene.spark.range(0, 60, 1, 4)
    return rows.selectExpr("id % 7 AS k", "id",
              "CASE WHEN id % 11 = 0 THEN null ELSE make_dt_interval(0, CAST(id * 5 % 13 AS INT), CAST(id AS INT)) END AS d",
                           "make_ym_interval(CAST(id % 4 AS INT), CAST(id % 3 AS INT)) AS m", "CAST(id AS INT) AS i")


@case()
def interval_aggregates(scene):
    rows = spans(scene)
    whole = rows.agg(F.sum("d"), F.avg("d"), F.min("d"), F.max("d"), F.count("d"), F.count_distinct("d"))
    groups = rows.groupBy("k").agg(F.sum("d").alias("s"), F.avg("d").alias("a"), F.max("d").alias("m"), F.collect_list("d").alias("l")).orderBy("k")
    months = rows.agg(F.sum("m").cast("string"), F.avg("m").cast("string"), F.max("m").cast("string"))
    none = rows.where("id > 100").agg(F.sum("d"), F.avg("d"))
    days = rows.selectExpr("sum(make_date(2020, 1, 1) + i - make_date(2019, 12, 1)) AS s", "avg(INTERVAL 1 DAY) AS a")
    return [whole, groups, months, none, days]


@case()
def interval_keys(scene):
    rows = spans(scene)
    return [rows.groupBy("d").count().orderBy("d").collect(), rows.orderBy(F.desc("d"), "id").select("id").collect(),
            rows.groupBy("m").count().orderBy("m").select("count", F.col("m").cast("string")).collect(),
            rows.join(rows.selectExpr("d", "id AS other"), "d").count(), rows.select("d").distinct().count(), rows.dropDuplicates(["d"]).count(),
            rows.repartition(3, "d").selectExpr("d * 2 AS e").orderBy("e").collect(), rows.where("d > INTERVAL 5 HOURS").count()]


@case()
def interval_windows(scene):
    rows = spans(scene)
    return rows.selectExpr("k", "id", "sum(d) OVER (PARTITION BY k ORDER BY id) AS s", "lag(d) OVER (PARTITION BY k ORDER BY d, id) AS l").orderBy("id")


@case()
def interval_frames(scene):
    scene.spark.conf.set("spark.sql.session.timeZone", "Europe/Berlin")
    try:
        rows = scene.spark.range(0, 40, 1, 3).selectExpr("id", "id % 3 AS k", "timestamp_seconds(1603400000 + id * 19000) AS at",
                                                        "CAST(timestamp_seconds(id * 40000) AS DATE) AS day",
                                                        "make_dt_interval(0, CAST(id AS INT)) AS d")
        def over(order, frame):
            return f"sum(id) OVER (PARTITION BY k ORDER BY {order} RANGE BETWEEN {frame}) AS s"
        frames = [("at", "INTERVAL 1 DAY PRECEDING AND CURRENT ROW"), ("at DESC", "INTERVAL 1 DAY PRECEDING AND INTERVAL 12 HOURS FOLLOWING"),
                  ("day", "INTERVAL 3 DAYS PRECEDING AND INTERVAL 1 DAY FOLLOWING"), ("day DESC", "INTERVAL 3 DAYS PRECEDING AND CURRENT ROW"),
                  ("day", "INTERVAL 1 MONTH PRECEDING AND CURRENT ROW"), ("CAST(at AS TIMESTAMP_NTZ)",
             "INTERVAL '1 02' DAY TO HOUR PRECEDING AND CURRENT ROW"),
                  ("d", "INTERVAL 5 HOURS PRECEDING AND INTERVAL 1 HOUR FOLLOWING"), ("day", "3 PRECEDING AND CURRENT ROW")]
        out = []
        for order, frame in frames:
            try:
                out.append([row.s for row in rows.selectExpr("id", over(order, frame)).orderBy("id").collect()])
            except Exception as error:  # noqa: BLE001: which of them fail is the case
                out.append(getattr(error, "getCondition", lambda: str(error))())
        return [out, rows.selectExpr(over("at", "INTERVAL 1 DAY PRECEDING AND CURRENT ROW").replace(" AS s", "")).columns]
    finally:
        scene.spark.conf.set("spark.sql.session.timeZone", "UTC")


@case()
def interval_fields_through_exchanges(scene):
    rows = spans(scene).selectExpr("k", "make_date(2020, 1, 1 + i % 20) - make_date(2020, 1, 5) AS days", "CAST(d AS INTERVAL HOUR TO MINUTE) AS h",
                                   "named_struct('x', CAST(m AS INTERVAL YEAR), 'y', array(INTERVAL 1 HOUR)) AS st", "i")
    text = rows.repartition(5, "k").orderBy("i").selectExpr("CAST(days AS STRING)", "CAST(h AS STRING)", "CAST(st AS STRING)")
    kept = rows.persist()
    again = [kept.selectExpr("CAST(days AS STRING) AS s").orderBy("s").collect() for _ in range(2)]
    kept.unpersist()
    return [text.collect(), again, [[f.name, f.dataType.simpleString(), f.nullable] for f in rows.schema],
                      rows.groupBy("days").count().orderBy("days").collect()]


@case()
def interval_shown(scene):
    rows = spans(scene).orderBy("id").limit(5)
    return [shown(lambda: rows.show(truncate=False)), shown(lambda: rows.show(vertical=True)), shown(rows.printSchema)]


@case()
def interval_of_python(scene):
    hour = datetime.timedelta(hours=1, microseconds=7)
    rows = scene.spark.createDataFrame([(1, hour), (2, None), (3, -hour)], "k INT, d INTERVAL DAY TO SECOND")
    typed = scene.spark.createDataFrame([(datetime.timedelta(days=2),)], T.StructType([T.StructField("d", T.DayTimeIntervalType(0, 0))]))
    return [rows, rows.select(F.lit(hour).alias("l"), (F.col("d") + F.lit(hour)).alias("s")), typed, typed.selectExpr("CAST(d AS STRING) AS s"),
            rows.toPandas()["d"].astype(str).tolist(), rows.where(F.col("d") > datetime.timedelta(0)).count()]


@case()
def interval_in_parquet(scene):
    path = f"{scene.output}/intervals"
    spans(scene).selectExpr("id", "d", "m", "CAST(d AS INTERVAL DAY TO MINUTE) AS h", "array(d) AS l").write.parquet(path)
    rows = scene.spark.read.parquet(path).orderBy("id")
    return [[[f.name, f.dataType.simpleString(), f.nullable] for f in rows.schema], rows.select("id", "d", "h",
              "l").collect(), rows.select(F.col("m").cast("string")).collect(),
            rows.agg(F.sum("d")).collect()]


@case()
def interval_columns(scene):
    """Operators of Column, whose names are those of SQL."""
    rows = scene.spark.sql(f"SELECT * FROM {ROW}")
    return rows.select(F.col("at") + F.expr("INTERVAL 1 DAY"), F.col("at") - F.col("ntz"), F.col("day") + 1, F.col("d") * 2, F.make_dt_interval(F.col("i")),
                       F.col("day") - F.col("day"), F.extract(F.lit("HOUR"), F.col("d")))
