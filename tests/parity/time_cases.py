"""Clocks, units and zones of time, time stamps of parts."""

from __future__ import annotations

import datetime
import time

from pyspark.sql import functions as F

from recorder import add, case

ROW = ("(SELECT TIMESTAMP'2020-05-06 07:08:09.123456' at, DATE'2020-02-29' day, TIMESTAMP_NTZ'2020-05-06 07:08:09' ntz, 3 i, "
       "CAST(null AS INT) n) t")


def within(scene, zone, run):
    before = scene.spark.conf.get("spark.sql.session.timeZone")
    scene.spark.conf.set("spark.sql.session.timeZone", zone)
    try:
        return run()
    finally:
        scene.spark.conf.set("spark.sql.session.timeZone", before)


def value(text):
    add(f"time {text}", lambda s: s.spark.sql(f"SELECT {text} AS v, typeof({text}) AS type FROM {ROW}"))


def named(text):
    """How the column is called; the value is the clock's."""
    add(f"time name {text}", lambda s: [[f.name, f.dataType.simpleString(), f.nullable] for f in s.spark.sql(f"SELECT {text} FROM {ROW}").schema])


def there(text, zone="Europe/Berlin"):
    run = f"SELECT {text} AS v, CAST({text} AS STRING) AS text"
    add(f"time in {zone} {text}", lambda s: within(s, zone, lambda: s.spark.sql(run).collect()))


for call in ("current_date", "CURRENT_DATE()", "curdate()", "current_timestamp", "Current_Timestamp()", "now()", "now", "localtimestamp", "localtimestamp()",
             "current_timezone()", "current_timezone", "unix_timestamp()", "to_unix_timestamp()", "current_catalog()", "current_database()",
             "current_schema()", "current_catalog", "current_date(1)", "date(current_timestamp)", "year(current_date)", "curdate"):
    named(call)
for call in ("current_timestamp() = current_timestamp", "current_date() = date(now())", "localtimestamp() = now()",
             "unix_timestamp() = cast(now() as bigint)", "current_timezone()", "typeof(curdate())", "current_catalog()", "current_schema()",
             "current_timestamp() > at", "date_diff(current_date, current_date)",
             "CASE WHEN current_date > day THEN 1 ELSE 2 END", "transform(array(1, 2), x -> x + year(current_date) - year(now()))"):
    value(call)
for zone in ("Pacific/Kiritimati", "Etc/GMT+12", "Asia/Tokyo"):
    there("current_date() = to_date(current_timestamp())", zone)
    there("localtimestamp() = cast(now() as timestamp_ntz)", zone)
    there("current_timezone()", zone)


@case()
def clock_is_near(scene):
    """Of the machine that both run on."""
    at = scene.spark.sql("SELECT unix_timestamp() AS at").collect()[0].at
    return abs(at - datetime.datetime.now(datetime.timezone.utc).timestamp()) < 3600


@case()
def clock_once_a_query(scene):
    rows = scene.spark.range(0, 1000, 1, 4).select(F.current_timestamp().alias("at"), F.now().alias("now"), "id")
    pairs = rows.join(rows.withColumnRenamed("at", "other"), "id").where("at = other AND at = now()")
    return [rows.select("at").distinct().count(), pairs.count(), rows.groupBy("at").count().select("count").collect(),
            rows.where(F.current_timestamp() == F.col("at")).count(), rows.orderBy("at", "id").select("id").head(2)]


@case()
def clock_at_each_run(scene):
    frame = scene.spark.range(1).select(F.current_timestamp().alias("at"))
    frame.createOrReplaceTempView("clock_view")
    scene.spark.sql("CREATE OR REPLACE TEMP VIEW clock_text AS SELECT now() AS at")
    first = [frame.head().at, scene.spark.table("clock_view").head().at, scene.spark.sql("SELECT at FROM clock_text").head().at]
    time.sleep(0.05)
    second = [frame.head().at, scene.spark.table("clock_view").head().at, scene.spark.sql("SELECT at FROM clock_text").head().at]
    return [a < b for a, b in zip(first, second)]


@case()
def clock_of_what_is_kept(scene):
    frame = scene.spark.range(4).select("id", F.current_timestamp().alias("at")).persist()
    first = [row.at for row in frame.collect()]
    time.sleep(0.05)
    second = [row.at for row in frame.collect()]
    above = frame.select((F.current_timestamp() > F.col("at")).alias("later"), (F.col("id") + 1).alias("next"))
    rows = above.collect()
    frame.unpersist()
    return [first == second, rows, frame.select("at").head().at > first[0]]


@case()
def clock_in_every_clause(scene):
    scene.spark.range(6).createOrReplaceTempView("six")
    query = """SELECT id % 2 AS k, count(*) AS n, max(year(current_date) - year(now())) AS y, min(current_date = curdate()) AS same FROM six
               WHERE now() > TIMESTAMP'2020-01-01' GROUP BY id % 2, current_date HAVING max(current_timestamp) = now() ORDER BY k, current_date"""
    windows = """SELECT id, sum(id) OVER (PARTITION BY current_date ORDER BY id) AS s, max(now()) OVER () = now() AS m FROM six"""
    joined = """SELECT count(*) AS n FROM six a JOIN six b ON a.id = b.id AND current_date = date(now()) AND year(now()) > b.id"""
    inner = """SELECT id FROM six WHERE now() = (SELECT max(now()) FROM six) AND EXISTS (SELECT 1 FROM six b WHERE b.id = six.id AND now() > '2020-01-01')"""
    exploded = """SELECT id, x = current_date AS x FROM six LATERAL VIEW explode(array(current_date, DATE'2020-01-01')) e AS x WHERE id < 2"""
    sets = """SELECT date(now()) = current_date AS d, id % 2 AS k, count(*) FROM six GROUP BY ROLLUP(current_date, id % 2) ORDER BY k NULLS LAST, 3"""
    return [scene.spark.sql(q).collect() for q in (query, windows, joined, inner, exploded, sets)]


@case()
def clock_names_of_groups(scene):
    rows = scene.spark.range(3)
    return [rows.groupBy(F.current_date()).count().columns, rows.agg(F.max(F.now()), F.count("*")).columns, rows.select(F.current_date(), F.curdate()).columns,
            rows.selectExpr("current_date", "max(now()) OVER ()").columns, rows.groupBy(F.current_date()).count().select("count").collect()]


UNITS = ("YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "DAYOFYEAR", "HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND")
for unit in UNITS:
    value(f"timestampadd({unit}, i, at)")
    value(f"timestampdiff({unit}, at, day)")
    value(f"timestampdiff({unit}, TIMESTAMP'2019-01-31 12:00:00', at)")
for call in ("dateadd(DAY, 1, at)", "date_add(week, 2, day)", "datediff(MONTH, day, at)", "date_diff(HOUR, day, at)", "timediff(HOUR, at, at)",
             "timestampadd(QUARTER, null, at)", "timestampadd(SECOND, 1, ntz)", "timestampdiff(DAY, ntz, ntz)", "timestampadd(HOUR, 1L, at)",
             "timestampadd(HOUR, 'a', at)", "timestampadd(HOUR, '1', at)", "timestampadd(hour, 1, '2020-01-01')", "timestampadd(hour, 1, DATE'2020-01-01')",
             "timestampdiff(month, '2020-01-31', '2020-02-29')", "timestampadd(DAY, 1.7D, at)", "timestampadd(DAY, 1.7, at)", "timestampadd(day, i, null)",
             "timestampadd(MONTH, 1, TIMESTAMP'2020-01-31 12:00:00')", "timestampadd(YEAR, -1, TIMESTAMP'2020-02-29 12:00:00')",
             "timestampdiff(MILLISECOND, TIMESTAMP'2020-01-01', TIMESTAMP'2019-12-31 23:59:59.9995')", "datediff(DAY, day, null)", "timestampadd(DAY, n, at)",
             "timestampdiff(QUARTER, TIMESTAMP'2020-03-31 12:00:00', TIMESTAMP'2019-02-28 13:00:00')", "date_add(day, 1)", "datediff(day, day)",
             "timestampdiff(YEAR, TIMESTAMP'2020-02-29 12:00:00', TIMESTAMP'2021-02-28 12:00:00')",
             "timestampdiff(MONTH, TIMESTAMP'2020-03-31', DATE'2020-02-29')"):
    value(call)
for call in ("timestampadd('HOUR', 1, at)", "timestampadd(FOO, 1, at)", "timestampadd(HOUR, 1)", "timestampadd(YEAR, 300000, at)", "dateadd('DAY', 1, at)",
             "timestampadd(DAY, 9223372036854775807L, at)", "timestampadd(MICROSECOND, 9223372036854775807L, at)", "timestampadd(WEEK, 3, '2020-13-01')",
             "timestampadd(DAY, true, at)", "timestampadd(DAY, 1, 5)", "timestampdiff(DAY, 1, 5)", "timestampadd(MONTH, 9223372036854775807L, at)"):
    value(call)
for call in ("timestampadd(HOUR, 24, at)", "dateadd(week, 2, day)", "date_diff(HOUR, day, at)", "convert_timezone('Europe/Berlin', ntz)",
             "convert_timezone('UTC', 'Asia/Tokyo', at)", "make_timestamp_ntz(2020, 1, 2, 3, 4, 5.5)", "to_timestamp_ntz('2020-01-02', 'yyyy-MM-dd')"):
    named(call)
for call in ("timestampadd(HOUR, 24, TIMESTAMP'2020-03-28 12:00:00')", "timestampadd(DAY, 1, TIMESTAMP'2020-03-28 12:00:00')",
             "timestampadd(DAY, 1, TIMESTAMP'2020-03-28 02:30:00')", "timestampadd(MINUTE, 1440, TIMESTAMP'2020-10-24 12:00:00')",
             "timestampadd(MONTH, 1, TIMESTAMP'2020-09-25 02:30:00')", "timestampdiff(DAY, TIMESTAMP'2020-03-28 12:00:00', TIMESTAMP'2020-03-29 12:00:00')",
             "timestampdiff(HOUR, TIMESTAMP'2020-03-28 12:00:00', TIMESTAMP'2020-03-29 12:00:00')",
             "timestampdiff(HOUR, TIMESTAMP_NTZ'2020-03-28 12:00:00', TIMESTAMP_NTZ'2020-03-29 02:30:00')",
             "timestampadd(SECOND, 1, timestampadd(DAY, 0, TIMESTAMP'2020-10-25 01:30:00Z'))", "timestampadd(MONTH, 0, TIMESTAMP'2020-10-25 01:30:00Z')",
             "timestampadd(DAY, 1, TIMESTAMP'2020-10-24 01:30:00Z')", "timestampadd(DAY, -1, TIMESTAMP'2020-10-26 01:30:00Z')",
             "make_timestamp_ltz(2020, 3, 29, 2, 30, 0)", "make_timestamp_ntz(2020, 3, 29, 2, 30, 0)",
             "convert_timezone('Asia/Tokyo', TIMESTAMP_NTZ'2020-03-29 02:30:00')",
             "to_timestamp_ntz('29/03/2020 02:30', 'dd/MM/yyyy HH:mm')", "to_timestamp_ntz(TIMESTAMP'2020-03-29 02:30:00')",
             "to_timestamp_ntz('2020-01-01 00:00:00+05:00')",
             "make_timestamp_ltz(2020, 3, 29, 2, 30, 0, 'America/New_York')"):
    there(call)
for call in ("convert_timezone('Europe/Berlin', 'America/Los_Angeles', ntz)", "convert_timezone('Europe/Berlin', ntz)", "convert_timezone('Mars', ntz)",
             "convert_timezone('UTC', 'Asia/Tokyo', at)", "convert_timezone('UTC', 'Asia/Tokyo', '2020-01-01 00:00:00')",
             "convert_timezone('+02:00', 'Z', day)",
             "convert_timezone(null, 'UTC', ntz)", "convert_timezone('UTC', 'x', 'y')", "convert_timezone('UTC', 'UTC', 5)", "convert_timezone('UTC')",
             "make_timestamp_ltz(2020, 1, 2, 3, 4, 5.5)", "make_timestamp_ltz(2020, 1, 2, 3, 4, 5.5, 'CET')", "make_timestamp_ntz(2020, 1, 2, 3, 4, 5.5)",
             "make_timestamp_ltz(n, 1, 2, 3, 4, 5.5)", "make_timestamp(i, 1, 2, 3, 4, 5)", "try_make_timestamp(i, 1, 2, 3, 4, 5)",
             "try_make_timestamp(2020, 13, 2, 3, 4, 5.5)", "try_make_timestamp(2020, 12, 2, 3, 4, 60)", "try_make_timestamp(2020, 12, 2, 3, 4, 60.5)",
             "make_timestamp(2020, 12, 2, 3, 4, 60.5)", "try_make_timestamp_ltz(2020, 1, 2, 3, 4, 5, 'xx')", "try_make_timestamp_ntz(2020, 1, 32, 3, 4, 5)",
             "make_timestamp_ntz(2020, 1, 32, 3, 4, 5)", "make_timestamp_ntz(2020, 1, 1, 1, 1)", "make_timestamp_ntz(2020, 1, 1, 25, 1, 60)",
             "make_timestamp_ntz(2020, 1, 1, 23, 61, 60)", "make_timestamp_ntz(2020, 1, 1, 23, 59, 60)", "make_timestamp_ntz(2020, 1, 1, 23, 59, -1)",
             "make_timestamp_ntz(2020, 2, 30, 23, 59, 1)", "try_make_timestamp_ntz('a', 2, 30, 23, 59, 1)",
             "try_make_timestamp_ltz(2020, 2, 28, 23, 59, 1, 'CET')",
             "to_timestamp_ntz('2020-01-02 03:04:05')", "to_timestamp_ntz('2020-01-02', 'yyyy-MM-dd')", "to_timestamp_ntz('x')",
             "to_timestamp_ntz('x', 'yyyy')",
             "to_timestamp_ntz(at)", "to_timestamp_ntz(day)", "to_timestamp_ntz(null)", "to_timestamp_ntz(5)", "to_timestamp_ntz(ntz)"):
    value(call)


@case()
def units_of_columns(scene):
    """The functions of pyspark.sql.functions, of a table of several partitions."""
    rows = scene.spark.range(0, 40, 1, 4).select("id", F.timestamp_seconds(F.col("id") * 86_400 * 11).alias("at"))
    return rows.select(F.timestamp_add("MONTH", F.col("id"), "at").alias("later"), F.timestamp_diff("WEEK", "at", F.timestamp_add("day", F.lit(400), "at")),
                       F.convert_timezone(F.lit("UTC"), F.lit("Asia/Tokyo"), F.col("at").cast("timestamp_ntz")).alias("tokyo"),
                       F.make_timestamp_ntz(F.lit(2000) + F.col("id"), F.lit(2), F.lit(28), F.lit(1), F.lit(2), F.lit(3.25)).alias("made"))


@case()
def unit_that_is_none(scene):
    return scene.spark.range(1).select(F.timestamp_diff("MOON", F.lit("2020-01-01"), F.lit("2020-01-02"))).collect()
