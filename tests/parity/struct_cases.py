"""Cases about structs with a field more, another or less: Column.withField and dropFields."""

from __future__ import annotations

from pyspark.ml.linalg import Vectors
from pyspark.sql import functions as F

from recorder import Scene, add, case

SCHEMA = ("k int NOT NULL, s struct<a:int NOT NULL,B:string,c:struct<x:double,y:array<int>,`d.e`:int>>, l array<struct<a:int>>, w string, "
          "n struct<a:int> NOT NULL")
ROWS = [
    (0, (1, "u", (0.5, [1, 2], 7)), [(1,), (2,)], "w", (1,)),
    (1, None, None, None, (None,)),
    (2, (3, None, None), [], "", (3,)),
    (3, (4, "v", (None, None, None)), [(None,), None], "z", (4,)),
]


def frame(s: Scene):
    return s.once("struct frame", lambda: s.spark.createDataFrame(ROWS, SCHEMA).repartition(2, "k").sortWithinPartitions("k"))


COLUMNS = {
    "add": lambda: F.col("s").withField("z", F.lit(1)),
    "add null": lambda: F.col("s").withField("z", F.lit(None)),
    "add column": lambda: F.col("s").withField("z", F.col("w")),
    "add of itself": lambda: F.col("s").withField("z", F.col("s.a") + 1),
    "replace": lambda: F.col("s").withField("a", F.lit("one")),
    "replace other case": lambda: F.col("s").withField("A", F.col("k")),
    "replace by struct": lambda: F.col("s").withField("B", F.struct("k", "w")),
    "replace by array": lambda: F.col("s").withField("B", F.col("l")),
    "nested add": lambda: F.col("s").withField("c.z", F.col("k")),
    "nested replace": lambda: F.col("s").withField("c.x", F.lit(2)),
    "nested other case": lambda: F.col("s").withField("C.X", F.lit(2)),
    "nested dotted name": lambda: F.col("s").withField("c.`d.e`", F.lit(2)),
    "nested whole": lambda: F.col("s").withField("c", F.col("s.c").withField("z", F.lit(1))),
    "two": lambda: F.col("s").withField("z", F.lit(1)).withField("a", F.lit(2.5)),
    "twice": lambda: F.col("s").withField("z", F.lit(1)).withField("Z", F.lit(2)),
    "twice and dropped": lambda: F.col("s").withField("z", F.lit(1)).withField("z", F.lit(2)).dropFields("a"),
    "three": lambda: F.col("s").withField("z", F.lit(1)).withField("a", F.lit(2)).withField("z", F.lit(3)),
    "new ones again": lambda: F.col("n").withField("z", F.lit(1)).withField("y", F.lit(2)).withField("w", F.lit(3)).withField("z", F.lit(4)),
    "new ones again and dropped": lambda: F.col("n").withField("z", F.lit(1)).withField("y", F.lit(2)).withField("z", F.lit(4)).dropFields("a"),
    "nested twice": lambda: F.col("s").withField("c.z", F.lit(1)).withField("c.y", F.lit(2)),
    "drop": lambda: F.col("s").dropFields("a"),
    "drop other case": lambda: F.col("s").dropFields("b"),
    "drop two": lambda: F.col("s").dropFields("a", "B"),
    "drop nested": lambda: F.col("s").dropFields("c.x"),
    "drop nested two": lambda: F.col("s").dropFields("c.x", "c.y"),
    "drop missing": lambda: F.col("s").dropFields("zz"),
    "drop missing within": lambda: F.col("s").dropFields("c.zz"),
    "drop all": lambda: F.col("n").dropFields("a"),
    "drop all within": lambda: F.col("s").dropFields("c.x", "c.y", "c.`d.e`"),
    "drop then add": lambda: F.col("n").withField("b", F.lit(1)).dropFields("a"),
    "not null": lambda: F.col("n").withField("b", F.col("k")),
    "of a literal": lambda: F.struct(F.lit(1).alias("a")).withField("b", F.lit(2)),
    "of a call": lambda: F.when(F.col("k") > 1, F.col("s")).withField("z", F.col("k") / F.when(F.col("k") > 1, F.col("k"))),
    "error in a null": lambda: F.col("s").withField("z", F.when(F.col("s").isNull(), F.raise_error(F.lit("no"))).otherwise(F.lit("x"))),
    "within a transform": lambda: F.transform("l", lambda x: x.withField("b", F.lit(1))),
    "within a transform of itself": lambda: F.transform("l", lambda x: x.withField("b", x["a"] + F.col("k"))),
    "dropped within a transform": lambda: F.transform("l", lambda x: x.withField("b", F.lit(1)).dropFields("a")),
    "name": lambda: F.col("s").withField("", F.lit(1)),
    "name of dots": lambda: F.col("s").withField("a..b", F.lit(1)),
    "name of a tick": lambda: F.col("s").withField("a`b", F.lit(1)),
    "quoted": lambda: F.col("s").withField("`x.y`", F.lit(1)),
    "missing within": lambda: F.col("s").withField("q.z", F.lit(1)),
    "of an int": lambda: F.col("k").withField("a", F.lit(1)),
    "of an int within": lambda: F.col("s").withField("a.b", F.lit(1)),
    "of an int deep within": lambda: F.col("s").withField("a.b.c", F.lit(1)),
    "of an array": lambda: F.col("l").withField("a", F.lit(1)),
    "of an array within": lambda: F.col("s").withField("c.y.z", F.lit(1)),
    "of null": lambda: F.lit(None).withField("a", F.lit(1)),
    "of an aggregate": lambda: F.first("s").withField("m", F.max("k")),
}
for name, make in COLUMNS.items():
    add(f"struct {name}", lambda s, make=make: frame(s).select(make()))
    add(f"struct {name} printed", lambda s, make=make: frame(s).select(make()).columns)


@case()
def struct_fields_of_groups(s: Scene):
    return frame(s).groupBy(F.col("n").withField("b", F.col("w") == "w")).agg(F.sum("k").alias("k")).orderBy("k")


@case()
def struct_fields_filtered(s: Scene):
    return frame(s).filter(F.col("s").withField("z", F.col("k"))["z"] > 1).select("k")


@case()
def struct_fields_with_column(s: Scene):
    return frame(s).withColumn("s", F.col("s").withField("z", F.col("s.c.x")).dropFields("c")).select("s.*")


@case()
def struct_fields_of_a_vector(s: Scene):
    return s.spark.createDataFrame([(Vectors.dense(1.0),)], ["v"]).select(F.col("v").withField("size", F.lit(1)))


@case()
def struct_vector_added(s: Scene):
    return s.spark.createDataFrame([(Vectors.dense(1.0), 1)], ["v", "k"]).select(F.struct("k").withField("v", F.col("v")).alias("s"))


@case()
def struct_fields_written(s: Scene):
    path = f"{s.output}/struct_fields"
    frame(s).select("k", F.col("s").withField("c.z", F.col("k")).alias("s")).write.mode("overwrite").parquet(path)
    return s.spark.read.parquet(path).orderBy("k")
