"""Cases about tables of statistics: describe, summary, quantiles, Summarizer, groups."""

from __future__ import annotations

from pyspark.ml.feature import StandardScaler, VectorAssembler
from pyspark.ml.functions import array_to_vector
from pyspark.ml.linalg import Vectors
from pyspark.ml.stat import Summarizer
from pyspark.sql import functions as F

from recorder import Scene, add, case

METRICS = ["mean", "sum", "variance", "std", "count", "numNonZeros", "max", "min", "normL1", "normL2"]

# One partition: texts are Spark's, digit by digit.
TABLES = {
    "describe": lambda t: t.describe(),
    "describe some": lambda t: t.describe("i", "s", "D"),
    "describe a list": lambda t: t.describe(["x", "f"]),
    "describe star": lambda t: t.describe("*"),
    "describe nothing to describe": lambda t: t.select("b").describe(),
    "describe missing": lambda t: t.describe("nothing").columns,
    "describe no rows": lambda t: t.limit(0).describe(),
    "describe one row": lambda t: t.filter("k = 2").describe(),
    "describe twice": lambda t: t.describe("i", "i").collect(),
    "describe schema": lambda t: t.describe().schema.json(),
    "describe filtered": lambda t: t.select("i", "x").describe().filter("summary = 'max'"),
    "summary": lambda t: t.summary(),
    "summary no rows": lambda t: t.limit(0).summary(),
    "summary some": lambda t: t.summary("count", "33.3%", "Max", "0%", "100%", "99%", "5%"),
    "summary of numbers": lambda t: t.select("y", "h", "l", "f", "n").summary("10%", "50%", "90%"),
    "summary unknown": lambda t: t.summary("count", "median").collect(),
    "summary bad percentile": lambda t: t.summary("x%").collect(),
    "summary far percentile": lambda t: t.summary("120%").collect(),
    "summary twice": lambda t: t.summary("min", "min").collect(),
    "summary distinct": lambda t: t.summary("count_distinct"),
    "summary approx distinct": lambda t: t.summary("approx_count_distinct"),
    "approxQuantile exact": lambda t: t.approxQuantile("x", [0.0, 0.25, 0.5, 0.9, 1.0], 0.0),
    "approxQuantile rough": lambda t: t.approxQuantile(["i", "l", "x"], [0.5, 0.1, 0.9], 0.2),
    "approxQuantile spoiled": lambda t: t.approxQuantile(["d", "f"], [0.0, 0.3, 1.0], 0.05),
    "approxQuantile stat": lambda t: t.stat.approxQuantile("k", [0.5], 1.5),
    "approxQuantile of texts": lambda t: t.approxQuantile("s", [0.5], 0.1),
    "approxQuantile missing": lambda t: t.approxQuantile("nothing", [0.5], 0.1),
    "approxQuantile no rows": lambda t: t.limit(0).approxQuantile(["i", "x"], [0.5], 0.1),
}
for name, run in TABLES.items():
    add(f"table {name}", lambda s, run=run: run(s.table("mixed")))


def quantiles_of_many(s: Scene):
    """In four partitions: answers are the same whatever the order of merges where they are exact."""
    many = s.table("patients4")
    return [many.approxQuantile(["mean_radius", "row"], [0.0, 0.1, 0.5, 0.99, 1.0], error) for error in (0.0, 1e-6)]


add("quantiles_of_many", quantiles_of_many)
add("describe_in_parts", lambda s: [[float(v) for v in list(row)[1:]] for row in s.table("patients4").describe().collect()],
    rel=1e-12)


def features(s: Scene, name: str):
    columns = [c for c in s.table(name).columns if c not in ("label", "row", "fold", "weight")]
    return VectorAssembler(inputCols=columns, outputCol="features").transform(s.table(name))


def mixed_features(s: Scene):
    table = s.table("mixed").select("k", "x", (F.col("k") % 3).alias("m"), F.lit(0.0).alias("z"))
    return VectorAssembler(inputCols=["x", "k", "m", "z"], outputCol="features").transform(table)


SUMMARIES = {
    "all": lambda t: t.select(Summarizer.metrics(*METRICS).summary(t.features)),
    "weighted": lambda t: t.select(Summarizer.metrics(*METRICS).summary(t.features, t.weight)),
    "one each": lambda t: t.select(*[getattr(Summarizer, m)(t.features) for m in METRICS]),
    "named": lambda t: t.agg(Summarizer.metrics("mean", "count").summary(t.features).alias("s"), F.count("*")),
    "a field": lambda t: t.select(Summarizer.metrics("std").summary(t.features).alias("s")).select("s.std"),
    "weight of zero": lambda t: t.select(Summarizer.metrics("mean", "count", "min").summary(t.features, t.weight - 0.5)),
    "no rows": lambda t: t.limit(0).select(Summarizer.count(t.features)),
}
for table in ("patients4", "sparse4"):
    for name, run in SUMMARIES.items():
        add(f"summarizer {table} {name}", lambda s, run=run, table=table: run(features(s, table)), rel=1e-11, least=1e-9)
FEW = {
    "few": lambda t: t.select(Summarizer.metrics(*METRICS).summary(t.features, t.k)),
    "unknown": lambda t: t.select(Summarizer.metrics("mode").summary(t.features)).collect(),
    "none": lambda t: t.select(Summarizer.metrics().summary(t.features)).collect(),
    "no vector": lambda t: t.select(Summarizer.mean(t.k)).collect(),
    "weight of text": lambda t: t.select(Summarizer.mean(t.features, F.lit("one"))).collect(),
    "negative weight": lambda t: t.select(Summarizer.mean(t.features, -t.k)).collect(),
    "nothing": lambda t: t.limit(0).select(Summarizer.mean(t.features)).collect(),
    "null weight": lambda t: t.select(Summarizer.mean(t.features, F.when(t.k > 3, 1.0))).collect(),
    "null": lambda t: t.select(Summarizer.mean(F.when(t.k > 3, t.features))).collect(),
    "sizes": lambda t: t.select(array_to_vector(F.when(t.k > 3, F.array(t.x)).otherwise(F.array(t.x, t.x))).alias("v"))
    .select(Summarizer.mean(F.col("v"))).collect(),
}
for name, run in FEW.items():
    add(f"summarizer {name}", lambda s, run=run: run(mixed_features(s)), rel=1e-13)
add("summarizer grouped", lambda s: sorted(plain_rows(mixed_features(s).groupBy("m").agg(
    Summarizer.metrics("mean", "count").summary(F.col("features")).alias("s"))), key=str), rel=1e-13)


NAN, INF, BIG = float("nan"), float("inf"), 1e308
# Rows of vectors; in one partition, as what overflows depends on the order.
EXTREMES = {
    "nan": [[NAN, 1.0], [2.0, 2.0], [3.0, 0.0]],
    "nan last": [[1.0, 0.0], [2.0, 2.0], [NAN, NAN]],
    "infinity": [[INF, 1.0], [1.0, 2.0], [2.0, 5.0]],
    "infinity last": [[1.0, -0.0], [2.0, 2.0], [INF, -INF]],
    "infinities": [[INF, 1.0], [-INF, 2.0]],
    "infinity alone": [[INF, -INF, NAN]],
    "apart": [[BIG], [-BIG], [BIG / 2]],
    "apart twice": [[BIG, 0.0], [-BIG, 0.0]],
    "apart with zeros": [[0.0, BIG], [-BIG, 0.0], [BIG, -BIG], [0.0, 0.0]],
    "between": [[0.1], [BIG], [-BIG]],
    "one sign": [[BIG], [BIG / 2], [BIG * 0.7]],
    "equal": [[BIG, -BIG], [BIG, -BIG], [BIG, -BIG]],
    "spread only": [[1e200, 1e160], [3e200, 2e160], [-2e200, 5e160]],
    "tiny": [[5e-324, 1e-310], [1e-320, 2e-308], [0.0, 1e-200]],
    "signed zeros": [[-0.0, 0.0, 1.0], [0.0, -0.0, 1.0]],
    "one row": [[5.0, -0.0, 0.0]],
    "no rows": [],
    "far": [[1e9 + i, 1e-9 * i, 1e17] for i in range(5)],
    "sparse": [(4, [0, 2], [INF, 5.0]), (4, [1], [NAN]), (4, [0, 3], [2.0, BIG]), (4, [3], [-BIG])],
    "sparse and dense": [(3, [1], [BIG]), [0.0, -BIG, 2.0], (3, [], []), (3, [0, 1], [0.0, -0.0])],
}


def extreme(s: Scene, rows):
    vectors = [(Vectors.sparse(*row) if isinstance(row, tuple) else Vectors.dense(row), 0.5 + i) for i, row in enumerate(rows)]
    frame = s.spark.createDataFrame(vectors or [(Vectors.dense([1.0]), 1.0)], ["features", "weight"]).coalesce(1)
    return frame if rows else frame.filter("weight < 0")


def scaled(frame):
    model = StandardScaler(inputCol="features", outputCol="scaled", withMean=True).fit(frame)
    both = [model, StandardScaler(inputCol="features", outputCol="scaled").fit(frame)]
    return [model.mean, model.std, [[row[0].toArray() for row in one.transform(frame).select("scaled").collect()] for one in both]]


for name, rows in EXTREMES.items():
    add(f"scaler of {name}", lambda s, rows=rows: scaled(extreme(s, rows)), rel=1e-13)
    add(f"summarizer of {name}", lambda s, rows=rows: extreme(s, rows).select(
        Summarizer.metrics(*METRICS).summary(F.col("features"))).collect(), rel=1e-13)
    add(f"summarizer of {name} weighted", lambda s, rows=rows: extreme(s, rows).select(
        Summarizer.metrics(*METRICS).summary(F.col("features"), F.col("weight"))).collect(), rel=1e-13)
NUMBERS = {"nan": [1.0, NAN, 2.0], "infinities": [INF, 1.0, -INF], "apart": [BIG, -BIG, BIG / 2], "one sign": [BIG, BIG / 2, BIG * 0.7],
           "signed zeros": [-0.0, 0.0, -0.0], "one": [INF], "big spread": [1e200, 3e200, -2e200]}
for name, numbers in NUMBERS.items():
    add(f"describe of {name}", lambda s, numbers=numbers: s.spark.createDataFrame([(x,) for x in numbers], ["x"]).coalesce(1)
        .describe().collect())


def plain_rows(frame):
    """Spark gives groups in no order."""
    return [list(row) for row in frame.collect()]


def grouped(frame):
    return {"schema": [[f.name, f.dataType.json(), f.nullable] for f in frame.schema],
            "rows": sorted(plain_rows(frame), key=lambda row: [str(v) for v in row])}


GROUPS = {
    "count": lambda t: t.groupBy("s").count(),
    "of doubles": lambda t: t.groupBy("d").count(),
    "of floats": lambda t: t.groupBy(F.when(t.k < 9, t.f).alias("g")).count(),
    "of booleans": lambda t: t.groupby("b").agg(F.sum("k"), F.avg("x").alias("mean x")),
    "of small numbers": lambda t: t.groupBy("y", "h").count(),
    "of longs": lambda t: t.groupBy("l").agg(F.count("i")),
    "of two": lambda t: t.groupBy("b", F.col("k") % 2).agg(F.min("d"), F.max("s"), F.stddev("k"), F.count("*")),
    "cased": lambda t: t.groupBy("B").agg((F.sum("K") + F.count(F.lit(1))).alias("n"), F.upper(F.max("S"))),
    "of an expression": lambda t: t.groupBy((t.k % 3).alias("m")).agg(F.sum("x") * 2, F.lit(7), (F.col("k") % 3) + F.max("k")),
    "key again": lambda t: t.groupBy("b").agg(F.col("b"), F.count("*")),
    "same key twice": lambda t: t.groupBy("b", "b").count(),
    "max of all": lambda t: t.select("b", "i", "x").groupBy("b").max(),
    "mean": lambda t: t.groupBy("s").mean("k", "x"),
    "dict": lambda t: t.groupBy("b").agg({"k": "max"}),
    "ordinal": lambda t: t.select("b", "k").groupBy(1).count(),
    "no rows": lambda t: t.limit(0).groupBy("s").count(),
    "then filtered": lambda t: t.groupBy("s").count().filter("count > 5").withColumn("twice", F.col("count") * 2),
    "missing": lambda t: t.groupBy("nothing").count(),
    "another column": lambda t: t.groupBy("b").agg(F.col("i")),
    "of an aggregate": lambda t: t.groupBy(F.sum("i")).count(),
    "of an array": lambda t: t.groupBy(F.array("k")).count(),
    "rollup": lambda t: t.rollup("b").count(),
    "pivot": lambda t: t.groupBy("b").pivot("k", [1, 2]).count(),
}
for name, run in GROUPS.items():
    add(f"group {name}", lambda s, run=run: grouped(run(s.table("mixed"))), rel=1e-13)
add("group by a null", lambda s: grouped(s.table("mixed").groupBy(F.lit(None).alias("n")).agg(F.max("n"), F.count("*"))))
add("group of dates", lambda s: grouped(s.table("times").groupBy("day", "at").count()))
add("group in parts", lambda s: grouped(s.table("patients4").groupBy("label", "fold").agg(
    F.count("*"), F.avg("mean_radius"), F.max("row"), F.variance("mean_area"))), rel=1e-12)
add("group by many", lambda s: s.table("patients4").groupBy("mean_radius").count().agg(F.sum("count"), F.count("*")))

# Rows as they come: by shuffle partition, then as groups first come among the rows.
ORDERS = {
    "texts": lambda s: s.table("mixed").groupBy("s").agg(F.count("*"), F.sum("k")),
    "doubles": lambda s: s.table("mixed").groupBy("d").agg(F.sum("k"), F.avg("x")),
    "decimals": lambda s: s.table("mixed").groupBy(F.expr("cast(i as decimal(20, 2)) w"), "y").count(),
    "dates": lambda s: s.table("times").groupBy("day").count(),
    "two": lambda s: s.table("mixed").groupBy("b", "i").agg(F.max("k")),
    "an expression": lambda s: s.table("mixed").groupBy((F.col("k") % 11).alias("m")).agg(F.min("x")),
    "many partitions": lambda s: s.spark.range(0, 3000, 1, 6).groupBy((F.col("id") * 7919 % 101).alias("g")).agg(F.count("*"), F.sum("id")),
    "no keys twice": lambda s: s.spark.range(0, 100, 1, 3).groupBy(F.col("id") % 5).count().groupBy("count").count(),
    "rollup": lambda s: s.table("mixed").rollup("b", F.col("k") % 3).count(),
    "one part": lambda s: s.spark.range(0, 300, 1, 4).coalesce(1).groupBy((F.col("id") * 7919 % 23).alias("g")).count(),
    "a limit": lambda s: s.table("mixed").orderBy("k").limit(30).groupBy("b", "y").count(),
    "of groups": lambda s: s.spark.range(0, 300, 1, 1).groupBy((F.col("id") % 30).alias("g")).count().groupBy(F.col("g") % 7).count(),
    "shown": lambda s: s.table("mixed").groupBy("b").count()._show_string(20, 20, False),
    "sql": lambda s: s.spark.sql("SELECT id % 7 AS g, count(*) FROM range(0, 50, 1, 4) GROUP BY ALL HAVING g <> 3"),
}


def in_order(s: Scene, make, partitions: int):
    before = s.spark.conf.get("spark.sql.shuffle.partitions")
    s.spark.conf.set("spark.sql.shuffle.partitions", partitions)
    try:
        made = make(s)
        return made if isinstance(made, str) else [tuple(row) for row in made.collect()]
    finally:
        s.spark.conf.set("spark.sql.shuffle.partitions", before)


for name, run in ORDERS.items():
    for partitions in (1, 7, 200):
        add(f"group order {name} {partitions}", lambda s, run=run, partitions=partitions: in_order(s, run, partitions), rel=1e-13)


HINTS = ["REPARTITION(3)", "REPARTITION(3, v)", "repartition(2)", "REPARTITION(v, 3)", "REPARTITION(3, 'v')", "COALESCE(2)", "COALESCE(9)", "COALESCE",
         "COALESCE(v)", "COALESCE(2, 3)", "REPARTITION_BY_RANGE(3, v)", "REPARTITION_BY_RANGE(3, v, id)", "REPARTITION_BY_RANGE(3)", "REPARTITION(0)",
         "COALESCE(0)", "REPARTITION(-1)", "REPARTITION(0, v)", "REPARTITION(3), COALESCE(2)", "COALESCE(2), REPARTITION(3)", "COALESCE(2) REPARTITION(3)",
         "REPARTITION(2) */ /*+ COALESCE(1)", "unknown(3)", "REPARTITION(3, zz)", "REPARTITION(3.5)", "REPARTITION(3L)", "REPARTITION(NULL)",
         "REPARTITION(3, h.v)", "BROADCAST(zz)", "MERGE(h), REPARTITION(2)", "REPARTITION(5, v, id)", "REPARTITION("]


def hinted(s: Scene):
    rows = s.once("hinted", lambda: s.spark.range(0, 12, 1, 4).withColumn("v", F.col("id") % 3))
    rows.createOrReplaceTempView("hinted")
    return rows


def parts(rows, dealt: bool = False):
    """Which partition each row is in, in order; of rows that are dealt out in turn how many each partition has: which ones stock Spark chooses
    by how it holds them in memory."""
    numbered = rows.select(F.spark_partition_id().alias("p"), "*")
    return sorted(row[1] for row in numbered.groupBy("p").count().collect()) if dealt else numbered.collect()


def deals(words: str) -> bool:
    return "repartition" in words.lower() and "v" not in words


for hint in HINTS:
    add(f"hint sql {hint}", lambda s, hint=hint: hinted(s) and parts(s.spark.sql(f"SELECT /*+ {hint} */ * FROM hinted h"), deals(hint)))
FRAME_HINTS = {
    "repartition": [lambda: (3,), lambda: (3, "v"), lambda: (3, F.col("v")), lambda: (0,), lambda: (F.lit(2),), lambda: (2.5,), lambda: (F.col("v") + 1,),
                    lambda: (F.desc("v"),)],
    "Repartition": [lambda: (2,)], "coalesce": [lambda: (2,), lambda: (), lambda: ("v",)], "unknown": [lambda: (3,)], "merge": [lambda: ()],
    "repartition_by_range": [lambda: (3, "v"), lambda: (3, F.col("v"))], "broadcast": [lambda: ()],
}
for name, several in FRAME_HINTS.items():
    for number, words in enumerate(several):
        add(f"hint frame {name} {number}", lambda s, name=name, words=words: parts(hinted(s).hint(name, *words()), deals(f"{name} {words()}")))


@case()
def hint_of_groups_sorted(s: Scene):
    return hinted(s) and s.spark.sql("SELECT /*+ BROADCAST(hinted) */ v FROM hinted GROUP BY v ORDER BY max(id) DESC")


@case()
def hint_of_a_sort(s: Scene):
    return hinted(s) and s.spark.sql("SELECT /*+ REPARTITION(3) */ v, id FROM hinted ORDER BY id DESC")


@case()
def hint_of_a_pipe(s: Scene):
    return hinted(s) and parts(s.spark.sql("FROM hinted |> SELECT /*+ REPARTITION(3) */ id"), True)
