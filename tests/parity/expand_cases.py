"""Cases about rows that become several (generators, grouping sets, unpivot, samples with replacement) and pivots."""

from __future__ import annotations

from decimal import Decimal

from pyspark.sql import Window
from pyspark.sql import functions as F

from recorder import Scene, add


def lists(s: Scene):
    return s.spark.createDataFrame(
        [(1, "a", [1, None, 3], [(1, "x"), None, (2, None)]), (2, "b", [], []), (3, "c", None, None), (4, None, [4], [(3, "z")])],
        "id int, s string, xs array<int>, ps array<struct<n:int,t:string>>").coalesce(1)


def sales(s: Scene):
    return s.spark.createDataFrame(
        [(2012, "dotNET", 1, 10000.0, True), (2012, "Java", 2, 20000.0, False), (2012, "dotNET", 3, 5000.0, None),
         (2013, "dotNET", 4, 48000.0, True), (2013, "Java", 5, 30000.0, True), (2014, None, 6, None, False), (None, "Java", 7, 1.5, None)],
        "year int, course string, n bigint, earnings double, ok boolean").coalesce(1)


def shape(frame):
    """Names, types and what may be null; Spark marks some names that it makes, some ways only."""
    return [[f.name, f.dataType.simpleString(), f.nullable] for f in frame.schema.fields]


def both(frame):
    return [shape(frame), frame.collect()]


def ordered(frame):
    """Rows of groups come in no order that is promised."""
    return [shape(frame), sorted(frame.collect(), key=repr)]


GENERATORS = {
    "explode": lambda t: t.select("id", F.explode("xs")),
    "explode named": lambda t: t.select(F.explode("xs").alias("x"), "id"),
    "explode alone": lambda t: t.select(F.explode(t.xs)),
    "explode outer": lambda t: t.select("s", F.explode_outer("xs").alias("x")),
    "explode between": lambda t: t.select("s", F.explode("xs").alias("x"), (F.col("id") * 10).alias("ten")),
    "explode star": lambda t: t.select("*", F.explode("xs").alias("x")).drop("xs", "ps"),
    "explode of a call": lambda t: t.select("id", F.explode(F.array_repeat("id", 3))),
    "explode of literals": lambda t: t.select("id", F.explode(F.array(F.lit(1), F.lit(2)))),
    "explode twice over": lambda t: t.select("id", F.explode("xs").alias("x")).select(F.explode(F.array("id", "x"))),
    "explode then filter": lambda t: t.select("id", F.explode("xs").alias("x")).filter("x > 1"),
    "explode then filter dropped": lambda t: t.select("id", F.explode("xs").alias("x")).filter(F.col("s") == "a"),
    "explode then sort dropped": lambda t: t.select(F.explode("xs").alias("x")).orderBy(t.id.desc(), "x"),
    "explode then count": lambda t: t.select(F.explode("xs").alias("x")).groupBy("x").count().orderBy("x"),
    "explode limit": lambda t: t.select("id", F.explode("xs")).limit(2),
    "posexplode": lambda t: t.select("id", F.posexplode("xs")),
    "posexplode named": lambda t: t.select(F.posexplode("xs").alias("p", "x"), "id"),
    "posexplode outer": lambda t: t.select("id", F.posexplode_outer("xs").alias("p", "x")),
    "explode structs": lambda t: t.select("id", F.explode("ps").alias("p")).select("id", "p.n", "p.t"),
    "inline": lambda t: t.select("id", F.inline("ps")),
    "inline outer": lambda t: t.select("id", F.inline_outer("ps")),
    "inline named": lambda t: t.select(F.inline("ps").alias("a", "b")),
    "stack": lambda t: t.select("id", F.stack(F.lit(2), F.col("id"), F.col("s"), F.lit(None), F.lit("z"))),
    "stack ragged": lambda t: t.select(F.stack(F.lit(2), F.lit(1), F.lit(2), F.lit(3))),
    "stack one row": lambda t: t.select(F.stack(F.lit(1), F.col("s"), F.col("id")).alias("a", "b")),
    "stack many rows": lambda t: t.select(F.stack(F.lit(5), F.col("s"))),
    "withColumn": lambda t: t.withColumn("x", F.explode("xs")).drop("ps"),
    "withColumn replaced": lambda t: t.withColumn("xs", F.explode("xs")).drop("ps"),
    "withColumns": lambda t: t.withColumns({"x": F.explode_outer("xs"), "u": F.upper("s")}).drop("ps", "xs"),
    "selectExpr": lambda t: t.selectExpr("id", "explode(xs) AS x"),
    "selectExpr several names": lambda t: t.selectExpr("id", "posexplode(xs) AS (p, x)"),
    "expr": lambda t: t.select(F.expr("explode(xs)").alias("x")),
    "of an aggregate": lambda t: t.select(F.explode(F.collect_list("id"))),
    "of groups": lambda t: t.groupBy((F.col("id") % 2).alias("odd")).agg(F.explode(F.collect_list("id")).alias("i")).orderBy("odd", "i"),
    "nested": lambda t: t.select(F.explode("xs") + 1),
    "nested in itself": lambda t: t.select(F.explode(F.array(F.explode("xs")))),
    "two": lambda t: t.select(F.explode("xs"), F.explode("ps")),
    "in a filter": lambda t: t.filter(F.explode("xs") > 1),
    "of no array": lambda t: t.select(F.explode("s")),
    "inline of no structs": lambda t: t.select(F.inline("xs")),
    "too many names": lambda t: t.select(F.explode("xs").alias("a", "b")),
    "too few names": lambda t: t.withColumn("p", F.posexplode("xs")),
    "names of no generator": lambda t: t.select(F.col("id").alias("a", "b")),
    "stack of several types": lambda t: t.select(F.stack(F.lit(2), F.lit(1), F.lit("a"))),
    "stack of no rows": lambda t: t.select(F.stack(F.lit(0), F.lit(1))),
    "stack of a column": lambda t: t.select(F.stack(F.col("id"), F.lit(1), F.lit(2))),
    "explode of nothing": lambda t: t.selectExpr("explode()"),
    "beside a window": lambda t: t.select("id", F.explode("xs").alias("x"), F.count("*").over(Window.orderBy("id")).alias("c")),
    "beside a window with withColumn": lambda t: t.withColumn("x", F.explode("xs")).withColumn("c", F.count("*").over(Window.partitionBy("id")))
        .select("id", "x", "c").orderBy("id", "x"),
    "of groups beside a window": lambda t: t.groupBy("s").agg(
        F.explode(F.collect_list("id")).alias("i"), F.rank().over(Window.orderBy("s")).alias("r")).orderBy("i"),
    "decimals": lambda t: t.select("id", F.explode(F.array(F.expr("1.50BD"), F.expr("cast(id as decimal(5,2))"))).alias("d")),
    "stack of decimals": lambda t: t.select(F.stack(F.lit(2), F.expr("1.5"), F.expr("2.5"))),
    "stack of other decimals": lambda t: t.select(F.stack(F.lit(2), F.lit(Decimal("1.5")), F.lit(Decimal("2.55")))),
}
for name, run in GENERATORS.items():
    add(f"generate {name}", lambda s, run=run: both(run(lists(s))))


SQL_GENERATORS = [
    "SELECT explode(array(1, 2))",
    "SELECT id, explode(xs) FROM lists",
    "SELECT id, posexplode(xs) AS (p, x) FROM lists",
    "SELECT id, x FROM lists LATERAL VIEW explode(xs) t AS x",
    "SELECT id, t.x FROM lists LATERAL VIEW OUTER explode(xs) t AS x",
    "SELECT id, col FROM lists LATERAL VIEW explode(xs) t",
    "SELECT id, p, x, n FROM lists LATERAL VIEW posexplode(xs) t AS p, x LATERAL VIEW OUTER inline(ps) u AS n, m WHERE x > 1",
    "SELECT x, count(*) FROM lists LATERAL VIEW explode(xs) t AS x GROUP BY x ORDER BY x",
    "SELECT * FROM explode(array(1, 2, null))",
    "SELECT * FROM explode(array('a', 'b')) AS t(c) WHERE c > 'a'",
    "SELECT * FROM posexplode(array(5, 6)) t",
    "SELECT * FROM stack(2, 1, 'a', 2, 'b') AS t(n, s)",
    "SELECT * FROM inline(array(struct(1, 'a'), struct(2, 'b')))",
    "SELECT * FROM explode_outer(array())",
    "SELECT * FROM range(2 + 1)",
    "SELECT * FROM range(1, 10, 3)",
    "SELECT id FROM lists LATERAL VIEW upper(s) t AS x",
    "SELECT id FROM lists LATERAL VIEW explode(xs) t AS a, b",
    "SELECT * FROM no_such_function(1)",
    "SELECT id, explode(collect_list(s)) AS s FROM lists GROUP BY id ORDER BY id",
    "SELECT explode(array(1, 2)) AS x, id, count(*) FROM lists GROUP BY 1",
    "SELECT explode(array(1, 2)) AS x, id, count(*) FROM lists GROUP BY 2",
    "SELECT explode(array(1, 2)) AS x, id, count(*) FROM lists GROUP BY 3",
    "SELECT explode(array(1, 2)) AS x, id, count(*) FROM lists GROUP BY x",
    "SELECT s, stack(1, id) AS x, count(*) FROM lists GROUP BY 2, 1",
    "SELECT stack(2, sum(id), count(*), 'a', max(id)), s FROM lists GROUP BY s",
    "SELECT stack(2, sum(id), count(*)) FROM lists",
    "SELECT stack(count(*), 1, 2) FROM lists",
    "SELECT stack(2, id, 7, id + 1) AS (a, b), s FROM lists GROUP BY 1, 2, 3",
    "SELECT explode(xs) AS x, id FROM lists GROUP BY 1",
    "SELECT explode(collect_list(id)) AS x, s FROM lists GROUP BY 1",
    "SELECT explode(collect_list(id)) AS x, s FROM lists GROUP BY 2 ORDER BY x",
    "SELECT stack(1, id) AS x, count(*) FROM lists GROUP BY ALL",
    "SELECT explode(array(1, 2)) AS x, id, count(*) FROM lists GROUP BY ALL",
    "SELECT * FROM explode(collect_list(1))",
    "SELECT * FROM lists LATERAL VIEW explode(array(1, sum(id))) v AS x",
    "SELECT * FROM lists LATERAL VIEW explode(array(1, sum(id) OVER ())) v AS x",
    "SELECT id, explode(xs) AS x, (SELECT max(n) FROM sales) AS m FROM lists",
    "SELECT id, explode(xs) AS x, (SELECT count(*) FROM sales WHERE n > lists.id) AS c FROM lists",
    "SELECT explode(array((SELECT max(n) FROM sales), 1)) AS x",
    "SELECT id FROM lists WHERE id IN (SELECT x FROM lists LATERAL VIEW explode(xs) t AS x) ORDER BY id",
    "SELECT n FROM sales WHERE EXISTS (SELECT 1 FROM lists LATERAL VIEW explode(xs) t AS x WHERE x = sales.n) ORDER BY n",
]


def sql(s: Scene, text: str):
    lists(s).createOrReplaceTempView("lists")
    sales(s).createOrReplaceTempView("sales")
    return s.spark.sql(text)


for text in SQL_GENERATORS:
    add(f"generate sql {text}", lambda s, text=text: both(sql(s, text)))
add("generate tvf explode", lambda s: both(s.spark.tvf.explode(F.array(F.lit(1), F.lit(2)))))
add("generate tvf range", lambda s: both(s.spark.tvf.range(1, 6, 2)))
add("generate tvf stack", lambda s: both(s.spark.tvf.stack(F.lit(2), F.lit(1), F.lit("a"), F.lit(2), F.lit("b"))))


SETS = {
    "rollup": lambda t: t.rollup("year", "course").agg(F.sum("n"), F.count("*")),
    "rollup count": lambda t: t.rollup("year").count(),
    "rollup nothing": lambda t: t.rollup().agg(F.sum("n")),
    "rollup of expressions": lambda t: t.rollup((F.col("year") % 2).alias("odd"), F.upper("course")).agg(F.avg("earnings")),
    "rollup of its own column": lambda t: t.rollup("year").agg(F.sum("year"), F.max("year")),
    "rollup grouping": lambda t: t.rollup("year", "course").agg(F.grouping("year"), F.grouping("course").alias("g"), F.grouping_id()),
    "rollup grouping_id of keys": lambda t: t.rollup("year", "course").agg(F.grouping_id("year", "course").alias("id")),
    "rollup distinct": lambda t: t.rollup("year").agg(F.count_distinct("course"), F.sort_array(F.collect_set("ok"))),
    "rollup no rows": lambda t: t.filter("n > 100").rollup("year").count(),
    "rollup filtered": lambda t: t.rollup("year").agg(F.sum("n").alias("n")).filter("n > 6 or year is null"),
    "cube": lambda t: t.cube("year", "course").agg(F.sum("earnings")),
    "cube of three": lambda t: t.cube("year", "course", "ok").agg(F.count("*"), F.grouping_id()),
    "cube max": lambda t: t.cube("ok").max("n"),
    "groupingSets": lambda t: t.groupingSets([[F.col("year")], [F.col("course"), F.col("year")], []], F.col("year"), F.col("course")).agg(
        F.sum("n"), F.grouping_id()),
    "groupingSets in another order": lambda t: t.groupingSets([["course"], ["year"]], "year", "course").agg(F.sum("n"), F.grouping_id()),
    "groupingSets twice": lambda t: t.groupingSets([["year"], ["year"]], "year").agg(F.sum("n")),
    "grouping without sets": lambda t: t.groupBy("year").agg(F.grouping("year")),
    "grouping of another": lambda t: t.rollup("year").agg(F.grouping("course")),
    "grouping_id of others": lambda t: t.rollup("year", "course").agg(F.grouping_id("course", "year")),
    "rollup of decimals": lambda t: t.rollup(F.expr("cast(n % 2 as decimal(3,1))").alias("d")).agg(F.sum(F.expr("cast(earnings as decimal(12,2))"))),
    "rollup of a column twice": lambda t: t.rollup("year", "year").count(),
    "rollup and a window": lambda t: t.rollup("year").agg(F.sum("n").alias("s"), F.rank().over(Window.orderBy(F.sum("n").desc())).alias("r")),
    "groupingSets of more": lambda t: t.groupingSets([["course"], ["year"]], "year").agg(F.sum("n"), F.grouping_id()),
    "rollup having grouping": lambda t: t.rollup("year").count().filter(F.grouping_id() == 1),
}
for name, run in SETS.items():
    add(f"sets {name}", lambda s, run=run: ordered(run(sales(s))))

SQL_SETS = [
    "SELECT year, course, sum(n) FROM sales GROUP BY ROLLUP(year, course)",
    "SELECT year, course, sum(n) FROM sales GROUP BY year, course WITH ROLLUP",
    "SELECT year, course, sum(n) FROM sales GROUP BY CUBE(year, course)",
    "SELECT year, course, sum(n) FROM sales GROUP BY year, course WITH CUBE",
    "SELECT year, course, sum(n), grouping_id() FROM sales GROUP BY GROUPING SETS ((year, course), (year), ())",
    "SELECT year, course, sum(n) FROM sales GROUP BY year, course GROUPING SETS ((year), course)",
    "SELECT year, count(*) FROM sales GROUP BY GROUPING SETS ((year), (year), ())",
    "SELECT year, course, ok, count(*) FROM sales GROUP BY year, ROLLUP(course, ok)",
    "SELECT year, course, ok, count(*) FROM sales GROUP BY ROLLUP((year, course), ok)",
    "SELECT year, course, count(*) FROM sales GROUP BY CUBE(year), ROLLUP(course)",
    "SELECT year, course, count(*) FROM sales GROUP BY GROUPING SETS (ROLLUP(year, course), CUBE(course))",
    "SELECT year AS y, grouping(year), count(*) FROM sales GROUP BY ROLLUP(y)",
    "SELECT year, count(*) FROM sales GROUP BY ROLLUP(1)",
    "SELECT year, course, sum(n) AS s FROM sales GROUP BY ROLLUP(year, course) HAVING grouping_id(year, course) = 1 ORDER BY s",
    "SELECT year, sum(n) AS s FROM sales GROUP BY CUBE(year) ORDER BY grouping(year), year",
    "SELECT count(*) FROM sales GROUP BY GROUPING SETS (())",
    "SELECT count(*) FROM sales WHERE n > 100 GROUP BY GROUPING SETS (())",
    "SELECT year, sum(n) FROM sales GROUP BY ROLLUP(year) HAVING sum(n) > 6",
    "SELECT grouping(year) FROM sales GROUP BY year",
    "SELECT (year + 1) * 2, sum(n) FROM sales GROUP BY ROLLUP(year + 1)",
    "SELECT year, year, count(*) FROM sales GROUP BY ROLLUP(year, year)",
    "SELECT year, count(*) FROM sales s GROUP BY CUBE(year, s.year)",
    "SELECT year, course, grouping_id(), count(*) FROM sales GROUP BY year, course GROUPING SETS ((course), (year))",
    "SELECT count(*) FROM sales GROUP BY GROUPING SETS ((), ())",
    "SELECT count(*) FROM sales WHERE n > 100 GROUP BY GROUPING SETS ((), ())",
    "SELECT count(*) FROM sales GROUP BY GROUPING SETS ()",
    "SELECT count(*) FROM sales GROUP BY ROLLUP()",
    "SELECT count(*) FROM sales GROUP BY CUBE ()",
    "SELECT sum(n) FROM sales GROUP BY ROLLUP((n + 1) * 2, (year))",
    "SELECT year, course, grouping_id(), count(*) FROM sales GROUP BY ROLLUP((year, year), (year, course), course)",
    "SELECT year, course, grouping_id(), count(*) FROM sales GROUP BY CUBE((year, year), (course, year))",
    "SELECT year, course, grouping_id(), count(*) FROM sales GROUP BY GROUPING SETS ((year, year), (course, year, course))",
    "SELECT count(*) FROM sales GROUP BY GROUPING SETS (((year)), ((n + (1)) % 2), (year, (course)))",
    "SELECT year, course, ok, grouping_id(), count(*) FROM sales GROUP BY year, course GROUPING SETS ((course), (ok, year), ())",
    "SELECT year, course, grouping_id(), grouping(year), count(*) FROM sales GROUP BY GROUPING SETS ((course), (year, course))",
    "SELECT year, course, grouping_id(), count(*) FROM sales GROUP BY GROUPING SETS ((), (course)), year",
    "SELECT year, sum(n), rank() OVER (ORDER BY sum(n)) AS r FROM sales GROUP BY ROLLUP(year)",
    "SELECT year, sum(n), rank() OVER (PARTITION BY grouping(year) ORDER BY sum(n)) AS r FROM sales GROUP BY ROLLUP(year)",
    "SELECT year, sum(n), (SELECT max(id) FROM lists) AS m FROM sales GROUP BY CUBE(year)",
    "SELECT year, sum(n) FROM sales GROUP BY ROLLUP(year) HAVING sum(n) > (SELECT max(id) FROM lists)",
]
def parameters(s: Scene, groups: str, args: list, more: str = "", first: list | None = None):
    sales(s).createOrReplaceTempView("sales")
    return s.spark.sql(f"SELECT count(*){more} FROM sales {groups}", args=[*(first or []), *args])


for text in SQL_SETS:
    add(f"sets sql {text}", lambda s, text=text: ordered(sql(s, text)))


PIVOTS = {
    "given": lambda t: t.groupBy("year").pivot("course", ["dotNET", "Java"]).sum("earnings"),
    "found": lambda t: t.groupBy("year").pivot("course").sum("earnings"),
    "count": lambda t: t.groupBy("year").pivot("course", ["Java", "none"]).count(),
    "several": lambda t: t.groupBy("year").pivot("course", ["dotNET", "Java"]).agg(F.sum("n"), F.avg("earnings").alias("e")),
    "numbers": lambda t: t.groupBy("course").pivot("year", [2012, 2013]).agg(F.sum("earnings")),
    "numbers found": lambda t: t.groupBy("course").pivot("year").agg(F.max("n")),
    "booleans": lambda t: t.groupBy("year").pivot("ok").agg(F.count("n")),
    "of texts": lambda t: t.groupBy("year").pivot("course", ["Java", "dotNET"]).agg(F.max("course"), F.count("n")),
    "first": lambda t: t.groupBy("year").pivot("course", ["Java"]).agg(F.first("course")),
    "lists": lambda t: t.groupBy("year").pivot("course", ["dotNET"]).agg(F.collect_list("n")),
    "no keys": lambda t: t.groupBy().pivot("course", ["dotNET", "Java"]).sum("n"),
    "twice": lambda t: t.groupBy("year").pivot("course", ["Java", "Java"]).sum("n"),
    "of an expression": lambda t: t.groupBy("year").pivot("course", ["Java"]).agg(F.sum("n") + 1),
    "other type": lambda t: t.groupBy("course").pivot("year", ["2012", "2013"]).sum("n"),
    "no aggregate": lambda t: t.groupBy("year").pivot("course", ["Java"]).agg(F.lit(1)),
    "of decimals": lambda t: t.groupBy("year").pivot("course", ["Java"]).agg(F.sum(F.expr("cast(earnings as decimal(10,1))"))),
    "by decimals": lambda t: t.withColumn("d", F.expr("cast(year as decimal(6,1))")).groupBy("course").pivot("d", [2012, 2013]).count(),
    "by decimals found": lambda t: t.withColumn("d", F.expr("cast(year as decimal(6,1))")).groupBy("course").pivot("d").count(),
    "then filter": lambda t: t.groupBy("year").pivot("course", ["Java"]).sum("n").filter("Java > 2"),
    "crosstab": lambda t: t.crosstab("year", "course"),
    "unpivot": lambda t: t.select("year", "n", F.col("earnings").alias("e")).unpivot("year", ["n", "e"], "what", "value"),
    "unpivot the others": lambda t: t.select("course", "year", "n").unpivot("course", None, "what", "value"),
    "melt": lambda t: t.select("course", "year", "n").melt(["course"], ["n"], "what", "value"),
    "unpivot without ids": lambda t: t.select("year", "n").unpivot([], ["year", "n"], "what", "value"),
    "unpivot no values": lambda t: t.select("year").unpivot("year", None, "what", "value"),
    "unpivot decimals": lambda t: t.select("year", F.expr("cast(n as decimal(4,1))").alias("a"), F.expr("cast(n as decimal(6,3))").alias("b"))
        .unpivot("year", ["a", "b"], "what", "value"),
    "unpivot decimals and doubles": lambda t: t.select("year", F.expr("cast(n as decimal(4,1))").alias("a"), "earnings")
        .unpivot("year", ["a", "earnings"], "what", "value"),
    "unpivot several types": lambda t: t.unpivot("year", ["n", "ok"], "what", "value"),
    "unpivot texts and numbers": lambda t: t.unpivot("year", ["n", "course"], "what", "value"),
    "unpivot dates and texts": lambda t: t.select("year", "course", F.expr("date '2020-01-02'").alias("d")).unpivot("year", ["d", "course"], "what", "value"),
    "unpivot many types": lambda t: t.select("*", F.lit(1).alias("a"), F.lit(2).alias("z"), F.lit(3).alias("b"), F.lit(4).alias("c"))
        .unpivot("year", ["z", "ok", "c", "course", "b", "a"], "what", "value"),
    "sampleBy": lambda t: t.sampleBy("year", {2012: 0.5, 2013: 1.0}, 7),
    "sampleBy texts": lambda t: t.sampleBy("course", {"Java": 0.6}, 3),
    "sampleBy bad": lambda t: t.sampleBy("course", {"Java": 1.6}, 3),
    "sample again": lambda t: t.sample(True, 1.5, 7),
    "sample again of few": lambda t: t.sample(withReplacement=True, fraction=0.3, seed=1),
}
for name, run in PIVOTS.items():
    add(f"pivot {name}", lambda s, run=run: ordered(run(sales(s))))
def few_values(s: Scene, most: int):
    s.spark.conf.set("spark.sql.pivotMaxValues", most)
    try:
        return ordered(sales(s).groupBy("year").pivot("course").sum("earnings"))
    finally:
        s.spark.conf.unset("spark.sql.pivotMaxValues")


def metadata(df) -> list:
    return [[field.name, field.nullable, field.metadata] for field in df.schema.fields]


def marked(s: Scene):
    return sales(s).select(F.col("year").alias("y", metadata={"y": 1}), F.col("n").alias("a", metadata={"a": 1}), F.col("year").alias("b", metadata={"b": 2}))


add("unpivot has no metadata", lambda s: metadata(marked(s).unpivot("y", ["a", "b"], "what", "value")))
add("unpivot of one has no metadata", lambda s: metadata(marked(s).unpivot("y", ["a"], "what", "value")))
add("stack has no metadata", lambda s: metadata(marked(s).select("y", F.expr("stack(1, a, b)"))))
add("explode has no metadata", lambda s: metadata(marked(s).select("y", F.explode(F.array("a", "b")))))
add("inline's metadata", lambda s: metadata(marked(s).select("y", F.inline(F.array(F.struct("a", "b"))))))
add("pivot of more values than are said", lambda s: few_values(s, 2))
add("pivot of as many values as are said", lambda s: few_values(s, 3))
add("sets df of nothing twice", lambda s: both(sales(s).groupingSets([[], []]).agg(F.count("*"))))
add("sets df of nothing without rows", lambda s: both(sales(s).filter("n > 100").groupingSets([[], []]).agg(F.count("*"))))
add("sets sql parameters in parentheses", lambda s: ordered(parameters(s, "GROUP BY ROLLUP((n + ?) * ?)", [1, 5])))
add("sets sql parameters before a window", lambda s: ordered(
    parameters(s, "GROUP BY n % ? WINDOW w AS (PARTITION BY count(*) % ?)", [3, 2], ", ? AS p, sum(count(*)) OVER w", [7])))
add("generate before a limit", lambda s: both(
    s.spark.range(0, 2000, 1, 1).select(F.explode(F.sequence(F.lit(1), F.lit(300000))).alias("x")).limit(3)))
add("sample again in parts", lambda s: s.table("patients4").select("row").sample(True, 0.7, 11).count())

# Fields of a struct that groups are by.
FIELDS = "(SELECT named_struct('a', id % 2, 'b', struct(id % 3 AS c)) AS st, id FROM range(6)) t"
for text in ["SELECT st.a, count(*) AS n FROM {t} GROUP BY st ORDER BY st.a, n", "SELECT ST.A + 1 AS x, sum(id) AS s FROM {t} GROUP BY st ORDER BY x, s",
             "SELECT st.b.c, max(id) AS m FROM {t} GROUP BY st.b ORDER BY m", "SELECT sum(id) AS s FROM {t} GROUP BY st HAVING st.a = 1 ORDER BY st.b.c",
             "SELECT t.st.a, count(*) AS n FROM {t} GROUP BY st ORDER BY 1, 2", "SELECT st.nobody, count(*) FROM {t} GROUP BY st",
             "SELECT st.a FROM {t} GROUP BY id"]:
    add(f"fields of a key {text}", lambda s, text=text: s.spark.sql(text.format(t=FIELDS)))
