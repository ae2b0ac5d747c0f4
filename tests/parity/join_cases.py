"""Cases of tables put together: joins, unions and other operations on sets of rows, sorts of all rows, distinct rows, limits.

Rows are compared in order where a sort says it, else as a sorted list."""

from __future__ import annotations

from pyspark.sql import functions as F

from recorder import add

KINDS = ("inner", "left", "right", "full", "left_semi", "left_anti")


def case(name):
    def register(function):
        add(name, function)
        return function

    return register


def rows(frame):
    return [repr(row) for row in frame.collect()]


def left(s):
    data = [(1, "a", 1.0), (2, "b", 2.0), (2, "c", float("nan")), (None, "d", None), (3, "e", -0.0), (5, None, 0.5)]
    return s.spark.createDataFrame(data, "k int, s string, x double")


def right(s):
    data = [(2, "p", 2.5), (2, "q", None), (3, "r", 0.0), (None, "t", float("nan")), (7, None, 1.0), (1, "a", 9.0)]
    return s.spark.createDataFrame(data, "k bigint, t string, y double")


def unordered(frame):
    return sorted(rows(frame))


for kind in KINDS:
    @case(f"join using {kind}")
    def _(s, kind=kind):
        joined = left(s).join(right(s), "k", kind)
        return {"schema": joined.schema.simpleString(), "rows": unordered(joined)}

    @case(f"join on {kind}")
    def _(s, kind=kind):
        a, b = left(s), right(s)
        joined = a.join(b, a["k"] == b["k"], kind)
        return {"schema": joined.schema.simpleString(), "rows": unordered(joined)}

    @case(f"join on null-safe {kind}")
    def _(s, kind=kind):
        a, b = left(s), right(s)
        return unordered(a.join(b, a.k.eqNullSafe(b.k), kind))

    @case(f"join on and more {kind}")
    def _(s, kind=kind):
        a, b = left(s), right(s)
        return unordered(a.join(b, (a.k == b.k) & (a.x < b.y), kind))

    @case(f"join on less {kind}")
    def _(s, kind=kind):
        a, b = left(s), right(s)
        return unordered(a.join(b, a.k < b.k, kind))

    @case(f"join on doubles {kind}")
    def _(s, kind=kind):
        a, b = left(s), right(s)
        return unordered(a.join(b, a.x == b.y, kind))

    @case(f"join on texts and numbers {kind}")
    def _(s, kind=kind):
        a, b = left(s), right(s).withColumn("z", F.col("k").cast("string"))
        return unordered(a.join(b, a.k == b.z, kind))

    @case(f"join using two {kind}")
    def _(s, kind=kind):
        return unordered(left(s).join(right(s).withColumnRenamed("t", "s"), ["s", "k"], kind))

    @case(f"join of many partitions {kind}")
    def _(s, kind=kind):
        a = s.spark.range(0, 400, 1, 4).select((F.col("id") % 50).alias("k"), F.col("id").alias("v"))
        b = s.spark.range(0, 300, 1, 3).select((F.col("id") % 70).alias("k"), F.col("id").alias("w"))
        return unordered(a.repartition(3).join(b.repartition(2), "k", kind).filter("k > 40"))

    @case(f"join with an empty table {kind}")
    def _(s, kind=kind):
        return [unordered(left(s).filter("k > 99").join(right(s), "k", kind)), unordered(left(s).join(right(s).filter("k > 99"), "k", kind))]


@case("join cross")
def _(s):
    return [unordered(left(s).crossJoin(right(s))), unordered(left(s).join(right(s))), left(s).join(right(s), how="cross").count()]


@case("join hinted")
def _(s):
    return [unordered(left(s).join(F.broadcast(right(s)), "k", kind)) for kind in KINDS]


@case("join of a table with itself")
def _(s):
    a = left(s)
    b = a.filter("k > 1")
    return [
        unordered(a.join(b, a.k == b.k)),
        unordered(a.alias("a").join(a.alias("b"), F.col("a.k") == F.col("b.k")).select("a.s", "b.x")),
        unordered(a.alias("a").join(a.alias("b"), "k").select("k", "a.s", "b.s")),
    ]


@case("join ambiguous by name")
def _(s):
    a, b = left(s), right(s)
    return rows(a.join(b, a.k == b.k).select("k"))


@case("join ambiguous in the condition")
def _(s):
    return rows(left(s).join(right(s), F.col("k") == F.col("k")))


@case("join without the column")
def _(s):
    return rows(left(s).join(right(s), "s"))


@case("join without the column at the left")
def _(s):
    return rows(left(s).join(right(s), ["t"]))


@case("join by an unknown name")
def _(s):
    a, b = left(s), right(s)
    return rows(a.join(b, a.k == F.col("nothing")))


@case("join by a number")
def _(s):
    a, b = left(s), right(s)
    return rows(a.join(b, a.k + b.k))


@case("join of types that do not fit")
def _(s):
    a, b = left(s), right(s)
    return rows(a.join(b, a.s == (b.k > 1)))


@case("join and select of the right")
def _(s):
    a, b = left(s), right(s)
    joined = a.join(b, a.k == b.k, "left")
    return [unordered(joined.select(b.k, a["x"])), unordered(joined.drop(b.k)), unordered(joined.filter(b.t.isNull()).select(a.s)),
            unordered(joined.select(a["*"])), joined.drop("k").columns]


@case("join of three")
def _(s):
    a, b = left(s), right(s)
    c = s.spark.createDataFrame([(2, True), (3, False)], "k int, z boolean")
    return unordered(a.join(b, "k").join(c, "k", "left").groupBy("k", "z").count())


@case("join then aggregate")
def _(s):
    joined = left(s).join(right(s), "k", "full")
    return [unordered(joined.groupBy("k").agg(F.count("*"), F.sum("y"))), rows(joined.agg(F.count("t"), F.max("y")))]


@case("join with groups")
def _(s):
    return unordered(left(s).join(left(s).groupBy("k").agg(F.count("*").alias("n")), "k"))


@case("union forms")
def _(s):
    a, b = left(s), right(s)
    u = a.union(b)
    return [u.schema.simpleString(), [c.nullable for c in u.schema], unordered(u), unordered(a.unionAll(a)),
        rows(a.union(b).union(a).agg(F.sum("k"), F.count("*")))]


@case("union widens")
def _(s):
    def one(ddl, *row):
        return s.spark.createDataFrame([row], ddl)

    pairs = [("c int", 1, "c bigint", 2), ("c int", 1, "c double", 0.5), ("c bigint", 1, "c float", 0.5), ("c string", "7", "c int", 8),
             ("c array<int>", [1], "c array<bigint>", [2]), ("c struct<a:int>", (1,), "c struct<a:double>", (0.5,)), ("c smallint", 1, "c tinyint", 2)]
    return [[one(d1, v1).union(one(d2, v2)).schema.simpleString(), rows(one(d1, v1).union(one(d2, v2)))] for d1, v1, d2, v2 in pairs]


@case("union of nulls")
def _(s):
    a = left(s).select("k", F.lit(None).alias("n"))
    return [a.union(left(s).select("k", "x")).schema.simpleString(), unordered(a.union(left(s).select("k", "x")))]


for name, make in {
    "columns": lambda a, b: a.union(b.select("k")),
    "types": lambda a, b: a.select("k").union(b.select(b.k > 1)),
    "third": lambda a, b: a.select("k", "s").union(b.select("k", F.array("y"))),
    "intersect columns": lambda a, b: a.intersect(b.select("k")),
    "except types": lambda a, b: a.select("k").subtract(b.select(b.k > 1)),
    "by name": lambda a, b: a.unionByName(b),
    "by name twice": lambda a, b: a.select("k", F.col("s").alias("K")).unionByName(b.select("k")),
}.items():
    @case(f"union refused: {name}")
    def _(s, make=make):
        return rows(make(left(s), right(s)))


@case("union by name")
def _(s):
    a, b = left(s), right(s)
    c = b.select(F.col("y").alias("X"), F.col("t").alias("s"), "k")
    wide = a.unionByName(b, allowMissingColumns=True)
    return [a.unionByName(c).columns, unordered(a.unionByName(c)), wide.schema.simpleString(), unordered(wide)]


@case("union in a loop")
def _(s):
    u = left(s)
    for _i in range(20):
        u = u.union(left(s))
    return [u.count(), rows(u.groupBy("k").count().orderBy("k"))]


@case("distinct")
def _(s):
    a = left(s).select("k", "x").union(right(s).select("k", "y"))
    return [unordered(a.distinct()), unordered(a.select("k").distinct()), a.dropDuplicates().count(), unordered(a.dropDuplicates(["k"]).select("k")),
            a.select("x").distinct().count(), s.spark.range(0, 1000, 1, 4).select((F.col("id") % 7).alias("m")).repartition(5).distinct().count()]


@case("dropDuplicates of an unknown column")
def _(s):
    return rows(left(s).dropDuplicates(["nothing"]))


@case("set operations")
def _(s):
    a = left(s).select("k").union(left(s).select("k")).union(left(s).select("k"))
    b = right(s).select("k")
    return [unordered(a.intersect(b)), unordered(a.intersectAll(b)), unordered(a.subtract(b)), unordered(a.exceptAll(b)), unordered(b.subtract(a)),
            unordered(left(s).select("x").intersect(right(s).select("y"))), a.intersect(b).schema.simpleString()]


ORDERS = {
    "k": lambda a: ["k", "s"],
    "desc": lambda a: [F.desc("k"), "s"],
    "nulls last": lambda a: [F.col("x").asc_nulls_last(), "s"],
    "desc nulls first": lambda a: [F.col("x").desc_nulls_first(), "s"],
    "an expression": lambda a: [-a.k, a.s.desc()],
    "texts": lambda a: [F.length("s"), F.desc("s")],
}
for name, order in ORDERS.items():
    @case(f"sort by {name}")
    def _(s, order=order):
        a = left(s)
        many = a.repartition(3)
        return [rows(a.orderBy(*order(a))), rows(many.sort(*order(many))), rows(many.orderBy(*order(many)).limit(3)),
            rows(many.orderBy(*order(many)).offset(2))]


@case("sort of many rows")
def _(s):
    a = s.spark.range(0, 3000, 1, 5).select("id", (F.col("id") * 7919 % 1013).alias("m"), F.when(F.col("id") % 11 == 0,
        None).otherwise(F.col("id") % 5).alias("n"))
    return [rows(a.orderBy("n", F.desc("m"), "id").filter("id % 97 = 0")), rows(a.sort(F.desc_nulls_first("n"), "id").select("id").limit(20)),
            rows(a.orderBy("m", "id").offset(2990)), [r.id for r in a.orderBy("m", "id").tail(5)]]


@case("sort by what a select dropped")
def _(s):
    return rows(left(s).select("s", "x").orderBy("k", "s"))


@case("sort by an unknown column")
def _(s):
    return rows(left(s).orderBy("nothing"))


@case("sort under a projection and a limit")
def _(s):
    a = left(s)
    return [rows(a.orderBy("s").select(F.upper("s").alias("u")).limit(2)), a.orderBy(F.desc("s")).first().s, [r.s for r in a.orderBy("s").head(2)]]


@case("limits, offsets and tails")
def _(s):
    a = s.spark.range(0, 100, 1, 4)
    return [[r.id for r in a.limit(3).collect()], [r.id for r in a.offset(97).collect()], [r.id for r in a.limit(10).offset(8).collect()],
            [r.id for r in a.offset(10).limit(2).collect()], [r.id for r in a.tail(3)], a.tail(0), [r.id for r in a.limit(5).tail(2)], a.offset(200).count()]


@case("offset below zero")
def _(s):
    return rows(left(s).offset(-1))


@case("range of numbers in parts")
def _(s):
    r = s.spark.range
    return [[x.id for x in r(5).collect()], [x.id for x in r(2, 9, 3).collect()], [x.id for x in r(9, 2, -3, 2).collect()], r(3,
        3).count(), r(10).schema.simpleString(),
            rows(r(0, 10, 1, 3).groupBy(F.spark_partition_id().alias("p")).count().orderBy("p")), r(1000000).agg(F.sum("id")).collect()[0][0]]


@case("range by zero")
def _(s):
    return rows(s.spark.range(0, 5, 0))


@case("repartition by columns")
def _(s):
    a = s.spark.range(0, 200, 1, 4).select((F.col("id") % 10).alias("k"), "id")
    by = a.repartition(4, "k")
    where = by.select("k", F.spark_partition_id().alias("p")).distinct()
    ranged = a.repartitionByRange(3, F.desc("id")).select("id", F.spark_partition_id().alias("p"))
    return [rows(where.orderBy("k")), rows(ranged.groupBy("p").agg(F.min("id"), F.max("id")).orderBy("p").agg(F.count("*"),
        F.sum(F.lit(1)))), a.repartition("k").count()]
