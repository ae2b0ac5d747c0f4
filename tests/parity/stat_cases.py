"""Cases about df.na.replace, df.stat and what turns a table around."""

from __future__ import annotations

from pyspark.sql import functions as F

from recorder import Scene, add

NAN, INF = float("nan"), float("inf")


def few(s: Scene):
    return s.spark.createDataFrame(
        [(1, "a", 1.5, True, NAN, 7), (2, "b", NAN, False, 2.0, 1), (None, None, None, None, None, 2), (3, "1", -0.0, True, 1.0, 3)],
        "i int, s string, d double, b boolean, f float, l bigint").coalesce(1)


def decimals(s: Scene):
    return few(s).selectExpr("cast(i as decimal(5,2)) d", "cast(i as tinyint) y", "cast(i as smallint) h", "i")


REPLACED = {
    "a number": lambda t: t.replace(1, 10),
    "a fraction": lambda t: t.replace(1.5, 2.7),
    "a number by a fraction": lambda t: t.replace(1, 2.7),
    "zero": lambda t: t.replace(0, 5),
    "NaN": lambda t: t.replace(NAN, 7),
    "by infinity": lambda t: t.replace(1.5, INF),
    "a text": lambda t: t.replace("a", "zz"),
    "a text by null": lambda t: t.replace("a", None),
    "a boolean": lambda t: t.replace(True, False),
    "booleans": lambda t: t.replace({True: False, False: True}),
    "a boolean by null": lambda t: t.replace(False, None),
    "numbers by null": lambda t: t.replace([1, 2], None),
    "a number by a boolean": lambda t: t.replace({7: True, 2: False}),
    "a boolean by a number": lambda t: t.replace({True: 1}),
    "lists": lambda t: t.replace([1, 2, 3], [2, 3, 1]),
    "a list by one": lambda t: t.replace(["a", "1"], "x"),
    "a dict": lambda t: t.replace({"a": "b", "b": "a", "nothing": "some", "1": None}),
    "many": lambda t: t.replace({str(i): str(i + 1) for i in range(-5, 200)}),
    "subset": lambda t: t.replace(1, 9, subset=["l", "s"]),
    "subset of one": lambda t: t.replace(1, 9, "i"),
    "subset cased": lambda t: t.replace(1, 9, "I"),
    "subset twice": lambda t: t.replace(1, 9, ["i", "i"]),
    "subset of an alias": lambda t: t.alias("t").replace(1, 9, ["t.i", "`f`"]),
    "missing": lambda t: t.replace(1, 9, "nothing"),
    "a field of a struct": lambda t: t.select(F.struct("i").alias("q")).replace(1, 9, "q.i"),
    "a struct": lambda t: t.select(F.struct("i").alias("q"), "i").replace(1, 9),
    "an array": lambda t: t.select(F.array("i").alias("q"), "i").replace(1, 9, ["q", "i"]),
    "the same column twice": lambda t: t.select("i", "i").replace(1, 9, "i"),
    "two of a name": lambda t: t.select("i", F.col("l").alias("i")).replace(1, 9, "i"),
    "all of two of a name": lambda t: t.select("i", F.col("l").alias("i")).replace(1, 9),
    "nothing": lambda t: t.replace({}),
    "no columns": lambda t: t.select().replace(1, 2).count(),
    "na": lambda t: t.na.replace([1], [5], ["i"]),
    "beyond int": lambda t: t.select("i").replace(1, 1e20),
    "beyond int unused": lambda t: t.select("i").replace(55, 1e20),
    "NaN in an int": lambda t: t.select("i").replace(1, NAN).collect(),
    "then filtered": lambda t: t.replace("a", "b").filter("s = 'b'").select("i"),
    "dates": lambda t: t.select(F.lit("2020-01-01").cast("date").alias("day"), "i").replace(1, 9),
    "without nulls": lambda t: t.select(F.lit(1).alias("one"), F.lit("a").alias("text"), F.lit(2.5).alias("half")).replace(1, 3).replace("a", "b"),
    "not null by null": lambda t: t.select(F.lit(1).alias("one"), F.lit(2.5).alias("half")).replace(2.5, None),
    "mixed": lambda t: t.replace({1: "a"}),
}
for name, run in REPLACED.items():
    add(f"replace {name}", lambda s, run=run: run(few(s)))
add("replace decimals", lambda s: decimals(s).replace([1, 2], [2.555, -3]))
add("replace a decimal beyond it", lambda s: decimals(s).select("d").replace(1, 12345.6).collect())
add("replace beyond tinyint", lambda s: decimals(s).select("y").replace(1, 300).collect())
add("replace in a table", lambda s: s.table("mixed").replace({0: 7, 1.5: NAN, INF: None}).replace(["a", ""], ["é", None], "s").replace(True, None))


def numbers(s: Scene):
    return s.spark.createDataFrame(
        [(1, 2.5, 7, 1.5, "1"), (2, -1.0, 1, NAN, "x"), (None, 4.25, 2, None, None), (3, None, 3, 2.0, "3"), (7, 0.5, 9, -4.0, "")],
        "i int, d double, l bigint, f float, s string").selectExpr("*", "cast(i as decimal(10,2)) c", "cast(l as tinyint) y").coalesce(1)


PAIRS = {
    "": lambda t: (t, "l", "y"),
    "of doubles": lambda t: (t.filter("d is not null and i is not null"), "i", "d"),
    "null is 0": lambda t: (t, "i", "d"),
    "decimals": lambda t: (t, "c", "l"),
    "NaN": lambda t: (t, "f", "l"),
    "of itself": lambda t: (t, "l", "l"),
    "of a constant": lambda t: (t.selectExpr("l", "1 one"), "l", "one"),
    "of no rows": lambda t: (t.filter("l > 100"), "i", "l"),
    "of one row": lambda t: (t.filter("l = 9"), "i", "l"),
    "of a text": lambda t: (t, "i", "s"),
    "of a text first": lambda t: (t, "s", "nothing"),
    "of a boolean": lambda t: (t.selectExpr("l", "l > 1 as b"), "b", "l"),
    "of an array": lambda t: (t.selectExpr("l", "array(l) as a"), "l", "a"),
    "of a struct": lambda t: (t.selectExpr("l", "struct(l, s) as a"), "l", "a"),
    "of a field": lambda t: (t.selectExpr("l", "struct(i, s) as q"), "l", "q.i"),
    "missing": lambda t: (t, "l", "nothing"),
    "cased": lambda t: (t, "L", "Y"),
    "ambiguous": lambda t: (t.selectExpr("l", "y as l", "i"), "i", "l"),
    "of an alias": lambda t: (t.alias("t"), "t.l", "`y`"),
    "a dot": lambda t: (t.withColumnRenamed("l", "a.b"), "`a.b`", "y"),
    "a dot unquoted": lambda t: (t.withColumnRenamed("l", "a.b"), "a.b", "y"),
    "of an expression": lambda t: (t, "l + 1", "y"),
    "infinity": lambda t: (t.selectExpr("l", "if(l = 1, double('infinity'), 1.5D) x"), "l", "x"),
    "of nulls": lambda t: (t.selectExpr("l", "cast(null as int) x"), "l", "x"),
    "of void": lambda t: (t.selectExpr("l", "null x"), "l", "x"),
    "in partitions": lambda t: (t.repartition(3, "l"), "l", "i"),
    "of a star": lambda t: (t, "l", "*"),
}
for name, pair in PAIRS.items():
    add(f"corr {name}", lambda s, pair=pair: (lambda t, a, b: t.stat.corr(a, b))(*pair(numbers(s))), rel=1e-12)
    add(f"cov {name}", lambda s, pair=pair: (lambda t, a, b: t.cov(a, b))(*pair(numbers(s))), rel=1e-12)
add("corr pearson", lambda s: numbers(s).corr("l", "y", "pearson"), rel=1e-12)
add("corr spearman", lambda s: numbers(s).corr("l", "y", "spearman"))
add("corr of a table", lambda s: [s.table("mixed").corr("i", "d"), s.table("mixed").cov("i", "d")], rel=1e-12)


def both(frame):
    return [[[f.name, f.dataType.json(), f.nullable] for f in frame.schema.fields], frame.collect()]


def sets(frame):
    """Arrays whose elements come in no order."""
    return [both(frame)[0], [[sorted(cell, key=repr) for cell in row] for row in frame.collect()]]


def many(s: Scene, partitions: int):
    return s.spark.range(0, 1000, 1, partitions).selectExpr(
        "cast(if(id % 3 = 0, 7, id % 50) as int) i", "if(id % 4 = 1, 'often', concat('r', id % 31)) s", "if(id % 2 = 0, 0.5D, id * 1.25D) d",
        "id % 7 = 0 b", "if(id % 5 = 0, -9L, id * 7919L) l", "cast(if(id % 3 = 0, 2.5, id) as float) f",
        "date_add(date'2020-01-01', cast(id % 6 as int)) day", "if(id % 5 = 0, null, cast(id % 3 as tinyint)) y", "cast(id % 9 as decimal(5,2)) c",
        "timestamp_seconds(id % 4) t")


SUPPORTS = {
    "i": lambda t: t.freqItems(["i"]),
    "all": lambda t: t.freqItems(t.columns),
    "0.4": lambda t: t.freqItems(["i", "s", "d"], 0.4),
    "0.2": lambda t: t.freqItems(["i", "s", "d", "b", "l", "f", "day", "y", "t"], 0.2),
    "0.1": lambda t: t.freqItems(["i", "s", "d", "b", "l", "f", "day", "y", "c", "t"], 0.1),
    "1": lambda t: t.freqItems(["i", "s", "y"], 1.0),
    "0.0001": lambda t: t.freqItems(["i", "s"], 0.0001),
}
for name, run in SUPPORTS.items():
    for partitions in (1, 3):
        add(f"freqItems {name} of {partitions}", lambda s, run=run, partitions=partitions: both(run(many(s, partitions))))
    add(f"freqItems {name} of few", lambda s, run=run: both(run(numbers(s).selectExpr("*", "l > 2 b", "date'2020-01-01' day", "timestamp'2020-01-01' t"))))
FREQUENT = {
    "too small": lambda t: t.freqItems(["i"], 0.00009),
    "too big": lambda t: t.freqItems(["i"], 1.5),
    "negative": lambda t: t.freqItems(["i"], -1.0),
    "NaN": lambda t: t.freqItems(["i"], NAN),
    "1e-5": lambda t: t.freqItems(["i"], 1e-5),
    "missing": lambda t: t.freqItems(["nothing"]),
    "none": lambda t: t.freqItems([]),
    "twice": lambda t: both(t.freqItems(["i", "i"])),
    "cased": lambda t: both(t.freqItems(["I"])),
    "field": lambda t: both(t.selectExpr("struct(i, s) q").freqItems(["q.i"])),
    "quoted": lambda t: both(t.withColumnRenamed("i","a.b").freqItems(["`a.b`"])),
    "alias": lambda t: both(t.alias("t").freqItems(["t.i"])),
    "struct": lambda t: sets(t.selectExpr("struct(i, s) q").freqItems(["q"])),
    "array": lambda t: sets(t.selectExpr("array(i) q").freqItems(["q"])),
    "binary": lambda t: sets(t.selectExpr("cast(s as binary) q").freqItems(["q"])),
    "void": lambda t: sets(t.selectExpr("null q").freqItems(["q"])),
    "not null": lambda t: sets(t.selectExpr("1 q").freqItems(["q"])),
    "empty": lambda t: sets(t.filter("i > 100").freqItems(["i","s"])),
    "zeros": lambda t: t.selectExpr("explode(array(0.0D, -0.0D, double('NaN'), double('NaN'), 1.0D)) x").freqItems(["x"]),
    "zeros float": lambda t: t.selectExpr("explode(array(-0.0F, 0.0F, float('NaN'), float('NaN'), 1.0F)) x").freqItems(["x"]),
    "star": lambda t: t.freqItems(["*"]),
    "tuple": lambda t: t.freqItems(("i",)),
    "decimals": lambda t: t.selectExpr("c").freqItems(["c"]),
    "stat": lambda t: t.stat.freqItems(["l"], 0.5),
    "then": lambda t: t.freqItems(["l"], 0.5).select(F.explode("l_freqItems").alias("x")).orderBy("x"),
}
for name, run in FREQUENT.items():
    add(f"freqItems {name}", lambda s, run=run: run(numbers(s)))

SUMMARIES = {
    "distinct": lambda t: t.summary("count_distinct", "approx_count_distinct"),
    "distinct cased": lambda t: t.summary("COUNT_DISTINCT", "count", "50%", "Approx_Count_Distinct", "max"),
    "approx alone": lambda t: t.select("i").summary("approx_count_distinct"),
    "distinct of no rows": lambda t: t.filter("i > 100").summary("count_distinct", "approx_count_distinct"),
    "distinct of nothing": lambda t: t.select("b").summary("count_distinct"),
    "distinct in partitions": lambda t: t.unionAll(t).repartition(3).summary("count_distinct", "approx_count_distinct", "mean"),
}
for name, run in SUMMARIES.items():
    add(f"summary {name}", lambda s, run=run: run(few(s)))
    add(f"summary {name} of numbers", lambda s, run=run: run(numbers(s).drop("c").selectExpr("*", "l > 2 b")))

DISTINCT = {
    "range": lambda t: [t.sparkSession.range(n).agg(F.approx_count_distinct("id")).first()[0] for n in (0, 1, 10, 100, 400, 480, 500, 520, 600, 1000,
        1280, 2000, 2500, 2600, 5000, 100000)],
    "types": lambda t: t.agg(*[F.approx_count_distinct(c) for c in t.columns]),
    "grouped": lambda t: t.groupBy("b").agg(F.approx_count_distinct("i").alias("n"), F.approx_count_distinct("s")).orderBy("b"),
    "rsd": lambda t: t.agg(F.approx_count_distinct("i", 0.05)),
    "rsd other": lambda t: t.agg(F.approx_count_distinct("i", 0.01)),
    "rsd sql": lambda t: t.selectExpr("approx_count_distinct(i, 0.05)"),
    "rsd int": lambda t: t.selectExpr("approx_count_distinct(i, 1)"),
    "rsd column": lambda t: t.selectExpr("approx_count_distinct(i, d)"),
    "distinct": lambda t: t.selectExpr("approx_count_distinct(distinct i)"),
    "window": lambda t: t.selectExpr("i", "approx_count_distinct(s) over (partition by b) n").orderBy("i"),
    "struct": lambda t: t.selectExpr("approx_count_distinct(struct(i, s))", "approx_count_distinct(array(i))", "approx_count_distinct(null)",
        "approx_count_distinct(cast(i as decimal(20,2)))"),
    "zeros": lambda t: t.selectExpr("explode(array(0.0D, -0.0D, double('NaN'), double('NaN'), 1.0D)) x").selectExpr("approx_count_distinct(x)",
        "count(distinct x)"),
    "none": lambda t: t.selectExpr("approx_count_distinct()"),
    "many": lambda t: t.selectExpr("approx_count_distinct(i, 0.05, 1)"),
    "texts": lambda t: t.sparkSession.range(0, 3000, 1, 4).selectExpr("approx_count_distinct(concat('t', id % 1700))",
        "approx_count_distinct(id * 1.5D)", "approx_count_distinct(cast(id as decimal(30,3)))", "approx_count_distinct(cast(id % 700 as int))"),
    "of an aggregate": lambda t: t.selectExpr("approx_count_distinct(max(i))"),
    "having": lambda t: t.groupBy("b").count().filter("approx_count_distinct(b) > 0").orderBy("b"),
    "pivot": lambda t: t.groupBy("b").pivot("s", ["a", "1"]).agg(F.approx_count_distinct("i")).orderBy("b"),
    "summary": lambda t: t.sparkSession.range(0, 3000, 1, 4).selectExpr("id", "concat('t', id % 1700) s").summary("count_distinct", "approx_count_distinct"),
}
for name, run in DISTINCT.items():
    add(f"approx_count_distinct {name}", lambda s, run=run: run(few(s)))


def two(s: Scene):
    return few(s).select("i", F.col("d").alias("i"), "s", F.col("s").alias("S"), "l", "f", F.col("f").alias("f"))


MISSING = {
    "fill": lambda t: t.na.fill(0).collect(),
    "fill text": lambda t: t.na.fill("x"),
    "fill dict": lambda t: t.na.fill({"l": 1}),
    "fill dict two": lambda t: t.na.fill({"i": 1}),
    "fill subset": lambda t: t.na.fill(0, ["l"]).collect(),
    "fill subset two": lambda t: t.na.fill(0, ["i"]),
    "fill subset text two": lambda t: t.na.fill("x", ["s"]),
    "fill subset case": lambda t: t.na.fill(0, ["I"]),
    "fill bool": lambda t: t.na.fill(True),
    "fill float": lambda t: t.na.fill(1.5),
    "fill subset f": lambda t: t.na.fill(1.5, ["f"]),
    "drop subset": lambda t: t.na.drop(subset=["l"]),
    "drop subset two": lambda t: t.na.drop(subset=["i"]),
    "drop subset s": lambda t: t.na.drop(subset=["s"]),
    "drop subset twice": lambda t: t.na.drop(subset=["l", "l"]),
    "drop thresh subset": lambda t: t.na.drop(thresh=1, subset=["l", "l"]),
    "fill twice": lambda t: t.na.fill(0, ["l", "l"]).collect(),
    "fill dict cases": lambda t: t.na.fill({"l": 1, "L": 2}),
    "fill same column": lambda t: t.select("l", "l").na.fill(7).collect(),
    "fill same column subset": lambda t: t.select("l", "l").na.fill(7, ["l"]).collect(),
    "drop same column": lambda t: t.select("l", "l").na.drop(),
    "drop same column subset": lambda t: t.select("l", "l").na.drop(subset=["l"]),
    "replace": lambda t: t.na.replace(1, 5),
    "joined": lambda t: t.select("l").join(t.select("l"), F.lit(True)).na.fill(0).count(),
}
# That na.drop() takes all columns, names or not, is compared over Connect (column_chains.py): classic PySpark names them itself.
for name, run in MISSING.items():
    add(f"na {name} of two of a name", lambda s, run=run: run(two(s)))


def strata(s: Scene):
    return s.spark.sql(
        "select cast(id % 4 as int) i, cast(id % 4 as double) d, cast(id % 4 as decimal(5,2)) c, if(id % 2 = 0, double('NaN'), 1.0D) n, "
        "concat('', id % 3) s, id % 2 = 0 b, id % 5 l, cast(id % 3 as float) f, if(id % 3 = 0, null, cast(id % 3 as int)) z, "
        "if(id % 2 = 0, 0.0D, -0.0D) zero, cast(id % 3 as tinyint) y, cast(id % 3 as decimal(38,0)) big from range(0, 200, 1, 1)")


STRATA = {
    "int": lambda t: t.sampleBy("i", {1: 0.5, 2: 1.0}, 7).count(),
    "int as double": lambda t: t.sampleBy("i", {1.0: 1.0}, 7).count(),
    "double as int": lambda t: t.sampleBy("d", {1: 1.0, 2: 0.5}, 7).count(),
    "double frac": lambda t: t.sampleBy("i", {1.5: 1.0}, 7).count(),
    "long": lambda t: t.sampleBy("l", {1: 1.0}, 7).count(),
    "tiny": lambda t: t.sampleBy("y", {1: 1.0}, 7).count(),
    "float": lambda t: t.sampleBy("f", {1.0: 1.0}, 7).count(),
    "float int": lambda t: t.sampleBy("f", {1: 1.0}, 7).count(),
    "decimal int": lambda t: t.sampleBy("c", {1: 1.0}, 7).count(),
    "decimal big int": lambda t: t.sampleBy("big", {1: 1.0}, 7).count(),
    "decimal double": lambda t: t.sampleBy("c", {1.0: 1.0}, 7).count(),
    "int decimal lit": lambda t: t.sampleBy("i", {1: 1.0, 3: 0.25}, 3).count(),
    "NaN": lambda t: t.sampleBy("n", {NAN: 1.0}, 7).count(),
    "NaN and 1": lambda t: t.sampleBy("n", {NAN: 1.0, 1.0: 1.0}, 7).count(),
    "zero": lambda t: t.sampleBy("zero", {0.0: 1.0}, 7).count(),
    "minus zero": lambda t: t.sampleBy("zero", {-0.0: 1.0}, 7).count(),
    "zero int": lambda t: t.sampleBy("zero", {0: 1.0}, 7).count(),
    "text": lambda t: t.sampleBy("s", {"1": 1.0}, 7).count(),
    "text by int": lambda t: t.sampleBy("s", {1: 1.0}, 7).count(),
    "int by text": lambda t: t.sampleBy("i", {"1": 1.0}, 7).count(),
    "boolean": lambda t: t.sampleBy("b", {True: 1.0}, 7).count(),
    "boolean by int": lambda t: t.sampleBy("b", {1: 1.0}, 7).count(),
    "int by boolean": lambda t: t.sampleBy("i", {True: 1.0}, 7).count(),
    "null": lambda t: t.sampleBy("z", {1: 1.0}, 7).count(),
    "big": lambda t: t.sampleBy("i", {10**12: 1.0, 1: 1.0}, 7).count(),
    "fraction 1.5": lambda t: t.sampleBy("i", {1: 1.5}, 7).count(),
    "fraction neg": lambda t: t.sampleBy("i", {1: -0.00001}, 7).count(),
    "fraction big": lambda t: t.sampleBy("i", {1: 1e20}, 7).count(),
    "fraction NaN": lambda t: t.sampleBy("i", {1: NAN}, 7).count(),
    "two bad": lambda t: t.sampleBy("i", {1: 0.5, 2: 3.0}, 7).count(),
    "expression": lambda t: t.sampleBy(F.col("i") + 1, {1: 1.0}, 7).count(),
    "same": lambda t: t.sampleBy("d", {1: 0.0, 1.5: 1.0}, 7).count(),
    "quantile err": lambda t: t.approxQuantile("i", [0.5], -0.00001),
    "quantile err big": lambda t: t.approxQuantile("i", [0.5], -1e10),
    "quantile err nan": lambda t: t.approxQuantile("i", [0.5], NAN),
    "quantile p": lambda t: t.approxQuantile("i", [1.5], 0.1),
    "quantile p nan": lambda t: t.approxQuantile("i", [NAN], 0.1),
    "quantile text": lambda t: t.approxQuantile("s", [0.5], 0.1),
    "quantile missing": lambda t: t.approxQuantile("nothing", [0.5], 0.1),
}
for name, run in STRATA.items():
    add(f"strata {name}", lambda s, run=run: run(strata(s)))

# Arrays of floats, element by element.
VECTORS = ("VALUES (1, array(1.0F, 2.0F)), (1, array(3.0F, 4.5F)), (2, array(-1.0F, float('NaN'))), (2, NULL), (3, array(1.0F, NULL)), "
           "(4, {none}), (4, {none}) AS t(g, v)")
for text in ["vector_sum(v)", "vector_avg(v)", "vector_sum(v) FILTER (WHERE g < 3)"]:
    add(f"stat vectors {text}", lambda s, text=text: s.spark.sql(
        f"SELECT g, {text} FROM {VECTORS.format(none='cast(array() AS array<float>)')} GROUP BY g ORDER BY g"))
    add(f"stat vectors of all {text}", lambda s, text=text: s.spark.sql(f"SELECT {text} FROM {VECTORS.format(none='NULL')}"))
for text in ["vector_sum(1)", "vector_avg(array(1, 2))", "vector_sum(array(1.0D))", "vector_avg('a')", "vector_sum(array(1F), 2)",
             "vector_avg(v) OVER (ORDER BY id)", "vector_sum(cast(null AS array<float>))", "vector_sum(array())", "vector_sum(DISTINCT array(1F))",
             "vector_sum(CASE WHEN id = 0 THEN array(1F) ELSE array(1F, 2F) END)", "vector_avg(array(cast(id AS float), 2F))"]:
    add(f"stat vectors one {text}", lambda s, text=text: s.spark.sql(f"SELECT {text} FROM (SELECT id, array(1F) AS v FROM range(4))"))
