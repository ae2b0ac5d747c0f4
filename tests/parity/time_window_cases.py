"""window, window_time and session_window: rows by stretches of time."""

from __future__ import annotations

import datetime

from pyspark.sql import functions as F

from recorder import Scene, add

DDL = "k int, t timestamp, n timestamp_ntz, s string, d date, v double, g string"


def moments(s: Scene):
    def at(text):
        return None if text is None else datetime.datetime.fromisoformat(text)

    times = ["2024-03-01 10:00:00", "2024-03-01 10:04:59.999999", "2024-03-01 10:05:00", "2024-03-01 10:14:30", None,
             "2024-03-01 11:59:59.999999", "2024-03-01 10:09:30", "1969-12-31 23:58:00", "2024-02-29 23:59:59", "1001-01-01 00:00:00",
             "2024-03-01 10:10:00", "2024-03-01 10:02:00"]
    rows = [(i % 3 if i % 5 else None, at(t), at(t), t, None if t is None else at(t).date(), i / 4, ["5 minutes", "1 minute", "0 seconds",
    "-1 minute", None][i % 5])
            for i, t in enumerate(times)]
    return s.once("moments", lambda: s.spark.createDataFrame(rows, DDL).repartition(3, "k"))


def by(frame, *keys):
    """The groups, in an order of their own."""
    out = frame.groupBy(*keys).agg(F.count("*").alias("n"), F.sum("v").alias("v"))
    return out.orderBy(*[F.col(f"`{c}`") for c in out.columns])


W, S = F.window, F.session_window
GROUPS = {
    "tumbling": lambda: [W("t", "5 minutes")], "tumbling and key": lambda: ["k", W("t", "1 hour")],
    "sliding": lambda: [W("t", "10 minutes", "5 minutes")], "sliding uneven": lambda: [W("t", "12 minutes", "5 minutes")],
    "sliding with start": lambda: [W("t", "12 minutes", "5 minutes", "2 minutes")],
    "tumbling with start": lambda: [W("t", "1 hour", startTime="15 minutes")],
    "negative start": lambda: [W("t", "1 hour", startTime="-15 minutes")], "days": lambda: [W("t", "1 day")],
    "weeks": lambda: [W("t", "1 week")], "seconds": lambda: [W("t", "1.5 seconds", "500 milliseconds")],
    "microseconds": lambda: [W("t", "7 microseconds")], "interval word": lambda: [W("t", "interval 5 minutes")],
    "mixed": lambda: [W("t", "1 hour 30 minutes", "45 minutes")], "ntz": lambda: [W("n", "10 minutes")],
    "ntz sliding": lambda: [W("n", "10 minutes", "4 minutes")], "string": lambda: [W("s", "10 minutes")],
    "date": lambda: [W("d", "1 day")], "alias": lambda: [W("t", "1 hour").alias("w")],
    "expression": lambda: [W(F.col("t") + F.expr("interval 1 hour"), "1 hour")],
    "start field": lambda: [W("t", "1 hour").start], "start alias": lambda: [W("t", "1 hour").start.alias("begin")],
    "two keys": lambda: [(F.col("v") > 1).alias("big"), W("t", "1 day")],
    "window of a struct": lambda: [W(F.struct("t", "t"), "1 hour")], "months": lambda: [W("t", "1 month")],
    "zero": lambda: [W("t", "0 seconds")], "negative": lambda: [W("t", "-1 hour")], "slide too long": lambda: [W("t", "5 minutes", "10 minutes")],
    "start too long": lambda: [W("t", "5 minutes", startTime="5 minutes")], "no interval": lambda: [W("t", "five minutes")],
    "blank": lambda: [W("t", " ")], "of a number": lambda: [W("v", "1 hour")], "of nobody": lambda: [W("nobody", "1 hour")],
    "zero slide": lambda: [W("t", "5 minutes", "0 minutes")], "two windows": lambda: [W("t", "5 minutes"), W("t", "1 hour")],
    "the same twice": lambda: [W("t", "5 minutes"), W("t", "5 minutes").alias("again")],
    "many overlaps": lambda: [W("t", "1 hour", "1 minute")], "bad string": lambda: [W("g", "1 hour")],
    "session": lambda: [S("t", "5 minutes")], "session and key": lambda: ["k", S("t", "5 minutes")], "session of a text": lambda: [S("s", "10 minutes")],
    "session ntz": lambda: [S("n", "5 minutes")], "session dynamic": lambda: [S("t", F.col("g"))],
    "session by case": lambda: ["k", S("t", F.expr("CASE WHEN k = 1 THEN '5 minutes' ELSE '1 hour' END"))],
    "session zero": lambda: [S("t", "0 seconds")], "session negative": lambda: [S("t", "-5 minutes")], "session alias": lambda: ["k", S("t",
    "1 hour").alias("w")],
    "session month": lambda: [S("t", "1 month")], "session bad gap": lambda: [S("t", "soon")], "session of a number": lambda: [S("v", "1 hour")],
    "session gap of a number": lambda: [S("t", F.col("v"))], "session gap of an interval": lambda: [S("t", F.expr("INTERVAL '5' MINUTE"))],
    "session and window": lambda: [S("t", "5 minutes"), W("t", "1 hour")], "session day": lambda: [S("t", "1 day")],
    "session two keys": lambda: ["k", F.col("d"), S("t", "5 minutes")], "session by key expression": lambda: [(F.col("k") + 1).alias("kk"), S("t",
    "2 minutes")],
}
for name, keys in GROUPS.items():
    add(f"window group {name}", lambda s, keys=keys: by(moments(s), *keys()))



def two(t, second: str):
    """Moments of one day: its first, and another."""
    return t.sparkSession.sql(f"SELECT timestamp '2024-01-01 00:00:00' AS t UNION ALL SELECT timestamp '2024-01-01 {second}'")


FRAMES = {
    "select": lambda t: t.select("k", W("t", "5 minutes")).orderBy("k", "window"),
    "select sliding": lambda t: t.select("v", W("t", "12 minutes", "5 minutes")).orderBy("v", "window"),
    "select star": lambda t: t.select("*", W("t", "1 hour")).orderBy("v"),
    "select field": lambda t: t.select(W("t", "1 hour").start, W("t", "1 hour")["end"]).orderBy("window.start"),
    "select field only": lambda t: t.select(W("t", "1 hour").end),
    "select alias": lambda t: t.select(W("t", "1 hour").alias("w"), "v").orderBy("v"),
    "select cast": lambda t: t.select(W("t", "1 hour").cast("string").alias("w"), "v").orderBy("v"),
    "withColumn": lambda t: t.withColumn("w", W("t", "1 hour")).orderBy("v"),
    "withColumn sliding": lambda t: t.withColumn("w", W("t", "10 minutes", "5 minutes")).orderBy("v", "w"),
    "withColumn field": lambda t: t.withColumn("w", W("t", "1 hour").start).select("v", "w").orderBy("v"),
    "withColumn replaced": lambda t: t.withColumn("t", W("t", "1 hour")).select("t", "v").orderBy("v"),
    "filter": lambda t: t.filter(W("t", "1 hour").start > F.lit("2024-03-01 09:00:00")).orderBy("v"),
    "filter sliding": lambda t: t.filter(W("t", "10 minutes", "5 minutes").start > F.lit("2024-03-01 09:00:00")).orderBy("v"),
    "orderBy": lambda t: t.select("v", "t").orderBy(W("t", "5 minutes"), "v"),
    "selectExpr": lambda t: t.selectExpr("v", "window(t, '1 hour')").orderBy("v"),
    "selectExpr field": lambda t: t.selectExpr("v", "window(t, '1 hour').start AS b").orderBy("v"),
    "select session": lambda t: t.select("v", S("t", "5 minutes")).orderBy("v"),
    "select session dynamic": lambda t: t.select("v", S("t", F.col("g"))).orderBy("v"),
    "two in a select": lambda t: t.select(W("t", "5 minutes"), W("t", "1 hour")),
    "window_time": lambda t: t.groupBy(W("t", "5 minutes")).count().select(F.window_time("window"), "count").orderBy("count", "window_time(window)"),
    "window_time alias": lambda t: t.groupBy(W("t", "5 minutes").alias("w")).count().select(F.window_time("w").alias("at"), "w").orderBy("at"),
    "window_time of a struct": lambda t: t.select(F.struct(F.col("t").alias("start"), F.col("t").alias("end")).alias("window")).select(F.window_time("window")),
    "window_time of a time": lambda t: t.select(F.window_time("t")),
    "window_time in a sum": lambda t: t.groupBy(W("t", "1 hour")).count().select((F.window_time("window") + F.expr("interval 1 hour")).alias("x")).orderBy("x"),
    "window of a window": lambda t: t.groupBy(W("t", "5 minutes")).count().groupBy(W("window", "1 hour")).sum("count").orderBy("window"),
    "window of window_time": lambda t: t.groupBy(W("t", "5 minutes")).count().groupBy(W(F.window_time("window"), "1 hour")).sum("count").orderBy("window"),
    "session window_time": lambda t: t.groupBy(S("t", "5 minutes")).count().select(F.window_time("session_window"), "count").orderBy("count", "session_window"),
    "sum by fields": lambda t: t.groupBy(W("t", "1 hour")).sum("v").select("window.start", "window.end", "sum(v)").orderBy("start"),
    "columns": lambda t: t.groupBy("k", W("t", "1 hour")).agg(F.count("*")).columns,
    "metadata": lambda t: [f.metadata for f in t.groupBy("k", W("t", "1 hour")).count().schema],
    "metadata session": lambda t: [f.metadata for f in t.groupBy("k", S("t", "1 hour")).count().schema],
    "metadata select": lambda t: [f.metadata for f in t.select(W("t", "1 hour"), W("t", "1 hour").alias("w")).schema],
    "pivot": lambda t: t.groupBy(W("t", "1 day")).pivot("k", [0, 1, 2]).count().orderBy("window"),
    "collect": lambda t: t.groupBy(W("t", "1 day")).agg(F.sort_array(F.collect_list("v")).alias("vs")).orderBy("window"),
    "rollup": lambda t: t.rollup(W("t", "1 day")).count().orderBy("window"),
    "empty": lambda t: t.filter("k = 99").groupBy(W("t", "1 day")).count(),
    "session empty": lambda t: t.filter("k = 99").groupBy("k", S("t", "1 day")).count(),
    "session agg": lambda t: t.groupBy("k", S("t",
    "5 minutes")).agg(F.max("v"), F.sort_array(F.collect_list("v")).alias("vs"), F.countDistinct("v")).orderBy("k", "session_window"),
    "join of windows": lambda t: t.groupBy(W("t", "1 hour")).count().alias("a").join(t.groupBy(W("t", "1 hour")).sum("v").alias("b"),
    "window").orderBy("window"),
    "after a filter": lambda t: t.filter("v > 1").groupBy(W("t", "1 hour")).count().filter("window.start >= '2024-01-01'").orderBy("window"),
    "df attribute": lambda t: t.groupBy(W(t.t, "1 hour")).count().orderBy("window"),
    "over a partition": lambda t: t.groupBy(W("t", "1 hour"), "k").count().withColumn(
        "r", F.expr("row_number() over (partition by window order by k)")).orderBy("window", "k"),
    "boundary": lambda t: two(t, "00:05:00").groupBy(S("t", "5 minutes")).count(),
    "just beyond": lambda t: two(t, "00:05:00.000001").groupBy(S("t", "5 minutes")).count().orderBy("session_window"),
}
for name, run in FRAMES.items():
    add(f"window frame {name}", lambda s, run=run: run(moments(s)))

SQL = [
    "SELECT k, window.start, window.end, count(*) AS c FROM m GROUP BY k, window(t, '5 minutes') ORDER BY k, window.start",
    "SELECT window, sum(v) FROM m GROUP BY window(t, '1 hour') ORDER BY window",
    "SELECT window(t, '1 hour') AS w, sum(v) FROM m GROUP BY window(t, '1 hour') ORDER BY w",
    "SELECT window.start, sum(v) AS total FROM m GROUP BY window(t, '10 minutes', '5 minutes') HAVING total > 1 ORDER BY start",
    "SELECT k, session_window.start, session_window.end, count(*) AS c FROM m GROUP BY k, session_window(t, '5 minutes') ORDER BY k, start",
    "SELECT session_window, count(*) FROM m GROUP BY session_window(t, CASE WHEN v > 1 THEN '1 minute' ELSE '2 minutes' END) ORDER BY 1",
    "SELECT window(t, '1 hour').start AS b, v FROM m ORDER BY v",
    "SELECT window(t, INTERVAL '1' HOUR) FROM m", "SELECT window(t, 3600000000L) AS w, v FROM m ORDER BY v",
    "SELECT window(t, 1000000) AS w, v FROM m ORDER BY v",
    "SELECT window(t) FROM m", "SELECT window(t, '1 hour', '1 hour', '0 minutes', 1) FROM m", "SELECT window(t, v) FROM m", "SELECT window(t, NULL) FROM m",
    "SELECT window(t, '1 hour') AS w FROM m GROUP BY 1 ORDER BY 1", "SELECT w, count(*) FROM (SELECT window(t, '1 hour') AS w FROM m) GROUP BY w ORDER BY w",
    "SELECT a.window.start FROM (SELECT window, count(*) FROM m GROUP BY window(t, '1 hour')) a ORDER BY 1",
    "SELECT * FROM m WHERE window(t, '1 hour').start > '2024-03-01' ORDER BY v", "SELECT session_window(t) FROM m", "SELECT window_time() FROM m",
    "SELECT count(*) FROM m GROUP BY window(t, '1 hour'), session_window(t, '1 hour')",
    "SELECT count(*) FROM (SELECT explode(array(1)), window(t, '106751990 days', '53375995 days') FROM m)",
    "SELECT session_window(t, '5 minutes'), count(*) FROM m GROUP BY session_window(t, '5 minutes') HAVING max(_start) > 0",
    "SELECT session_window(t, '5 minutes') AS w, max(_end) FROM (SELECT t, v AS _end FROM m) GROUP BY session_window(t, '5 minutes') ORDER BY w",
    "SELECT k, count(*) OVER (PARTITION BY window(t, '1 hour')) AS c, v FROM m ORDER BY v",
]
for text in SQL:
    add(f"window sql {text}", lambda s, text=text: (moments(s).createOrReplaceTempView("m"), s.spark.sql(text))[1])
