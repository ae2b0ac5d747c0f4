"""Cases about what a table looks like afterwards: colRegex, to(schema), transpose, names that are empty, metadata of keys."""

from __future__ import annotations

from pyspark.sql import Window
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, IntegerType, LongType, StringType, StructField, StructType

from recorder import Scene, add, shown
from stat_cases import few


def both(frame):
    """Names, types and what may be null, and the rows."""
    return [[[f.name, f.dataType.json(), f.nullable] for f in frame.schema.fields], frame.collect()]


REGEX = {
    "": lambda t: t.select(t.colRegex("`i|l`")),
    "wild": lambda t: t.select(t.colRegex("`(i)?+.+`")),
    "all": lambda t: t.select(t.colRegex("`.*`")),
    "plain": lambda t: t.select(t.colRegex("i")),
    "plain regex": lambda t: t.select(t.colRegex(".*")),
    "none": lambda t: t.select(t.colRegex("`zz`")),
    "cased": lambda t: t.select(t.colRegex("`I`")),
    "partial": lambda t: t.select(t.withColumnRenamed("i", "abc").colRegex("`ab`")),
    "qualified": lambda t: t.alias("t").select(t.alias("t").colRegex("t.`i|l`")),
    "qualified2": lambda t: (lambda u: u.select(u.colRegex("t.`i|l`")))(t.alias("t")),
    "wrong qualifier": lambda t: t.select(t.colRegex("t.`i|l`")),
    "bad": lambda t: t.select(t.colRegex("`(`")),
    "of another": lambda t: t.filter("i > 1").select(t.colRegex("`i`")),
    "in an expression": lambda t: t.select(t.colRegex("`i`") + 1),
    "in a function": lambda t: t.select(F.coalesce(t.colRegex("`i|l`"))),
    "in struct": lambda t: t.select(F.struct(t.colRegex("`i|l`"))),
    "alias": lambda t: t.select(t.colRegex("`i`").alias("z")),
    "alias two": lambda t: t.select(t.colRegex("`i|l`").alias("z")),
    "in agg": lambda t: t.groupBy("s").agg(F.max(t.colRegex("`i`"))).orderBy("s"),
    "in groupBy": lambda t: t.groupBy(t.colRegex("`b`")).count(),
    "in groupBy two": lambda t: t.groupBy(t.colRegex("`b|s`")).count().orderBy("s"),
    "in filter": lambda t: t.filter(t.colRegex("`b`")),
    "in orderBy": lambda t: t.orderBy(t.colRegex("`i`")),
    "in orderBy two": lambda t: t.orderBy(t.colRegex("`i|l`")),
    "in drop": lambda t: t.drop(t.colRegex("`i`")),
    "in withColumn": lambda t: t.withColumn("z", t.colRegex("`i`")),
    "in withColumn two": lambda t: t.withColumn("z", t.colRegex("`i|l`")),
    "dots": lambda t: (lambda u: u.select(u.colRegex("`a.b`")))(t.withColumnRenamed("i", "a.b").withColumnRenamed("l", "axb")),
    "field": lambda t: (lambda u: u.select(u.colRegex("q.`i`")))(t.selectExpr("struct(i,s) q")),
    "backtick i": lambda t: t.select(t.colRegex("`i`")),
    "twice": lambda t: t.select(t.colRegex("`i|l`"), t.colRegex("`i`")),
    "anchors": lambda t: t.select(t.colRegex("`^[ild]$`")),
    "class": lambda t: t.select(t.colRegex("`[a-k]`"), "s"),
    "lookahead": lambda t: t.select(t.colRegex("`(?!i).`")),
    "two of a name": lambda t: (lambda u: u.select(u.colRegex("`i`")))(t.select("i", F.col("l").alias("i"))),
    "join": lambda t: t.alias("a").join(t.alias("b"), F.col("a.i") == F.col("b.i")).orderBy("a.i").select(t.colRegex("`i`")),
    "sql": lambda t: t.selectExpr("`i|l`"),
    "unclosed": lambda t: t.select(t.colRegex("`i")),
    "three parts": lambda t: t.select(t.colRegex("a.b.`i`")),
    "quoted both": lambda t: t.select(t.colRegex("`t`.`i`")),
}
for name, run in REGEX.items():
    add(f"regex {name}", lambda s, run=run: run(few(s)))


def nested(s: Scene):
    return s.spark.sql("""select * from values
      (1, named_struct('x', 1, 'Y', 'a', 'z', array(1, null)), array(named_struct('p', 1, 'q', 2.5D), null), array(array(1, null), null), 'a'),
      (2, named_struct('x', null, 'Y', null, 'z', null), array(), array(), null), (3, null, null, null, 'c') as t(i, s, a, aa, t)""").selectExpr(
          "nullif(i, 100) i", "s", "a", "aa", "t").coalesce(1)


def solid(s: Scene):
    return s.spark.sql("select i, named_struct('x', i, 'y', 'b') s, array(named_struct('p', i)) a, array(i, i) l from (select explode(array(1, 2)) i)")


def elements(of):
    return ArrayType(of, False)


# select("*"): PySpark takes the schema that was asked for to be that of the result.
TO = {
 "struct reordered": "i int, s struct<Y: string, x: int>",
 "struct cast": "s struct<x: bigint, y: string>",
 "struct renamed case": "S struct<X: int, y: string, Z: array<bigint>>",
 "struct missing field": "s struct<x: int, w: double>",
 "struct missing nested": "s struct<x: int, w: struct<a: int, b: array<string>>>",
 "struct missing not null": "s struct<x: int, w: double not null>",
 "struct not null": "s struct<x: int> not null",
 "struct field not null": "s struct<x: int not null>",
 "struct to string": "s string",
 "struct to array": "s array<int>",
 "string to struct": "t struct<a: int>",
 "struct bad type": "s struct<x: date>",
 "struct string to int": "s struct<Y: int>",
 "struct int to string": "s struct<x: string>",
 "struct z": "s struct<z: array<string>>",
 "struct z bad": "s struct<z: array<date>>",
 "struct z deep": "s struct<z: struct<a: int>>",
 "array of structs": "a array<struct<q: double, p: int>>",
 "array of structs cast": "a array<struct<q: string, p: bigint, r: date>>",
 "array of structs bad": "a array<struct<q: boolean>>",
 "array of structs missing": "a array<struct<nothing: int not null>>",
 "array narrowed": "a array<struct<q: float>>",
 "array of arrays": "aa array<array<string>>",
 "array of arrays bad": "aa array<array<date>>",
 "array of arrays struct": "aa array<struct<a: int>>",
 "missing": "i int, w struct<a: int>",
 "missing array": "w array<struct<a: int>>, i bigint",
 "missing not null": "i int, w struct<a: int> not null",
 "same": "i int, s struct<x: int, Y: string, z: array<int>>, a array<struct<p: int, q: double>>, aa array<array<int>>, t string",
 "nothing": "",
}
for name, ddl in TO.items():
    add(f"nested to {name}", lambda s, ddl=ddl: both(nested(s).to(StructType.fromDDL(ddl) if ddl else StructType([])).select("*")))
SOLID = {
 "same": "i int not null, s struct<x: int not null, y: string not null> not null",
 "looser": "i int, s struct<x: int, y: string>",
 "half": "s struct<y: string not null> not null",
 "cast": "s struct<x: bigint not null> not null",
 "array": "a array<struct<p: int not null>> not null",
 "array cast": "a array<struct<p: string>>",
 "list": "l array<bigint>",
 "list same": "l array<int> not null",
}
for name, ddl in SOLID.items():
    add(f"solid to {name}", lambda s, ddl=ddl: both(solid(s).to(StructType.fromDDL(ddl)).select("*")))
TYPED = {
 "elements": StructType([StructField("l", elements(IntegerType()), False)]),
 "elements cast": StructType([StructField("l", elements(LongType()), True)]),
 "elements struct": StructType([StructField("a", elements(StructType([StructField("p", StringType())])), True)]),
}
for name, wanted in TYPED.items():
    add(f"solid to {name}", lambda s, wanted=wanted: both(solid(s).to(wanted).select("*")))
add("nested to elements not null", lambda s: nested(s).to(StructType([StructField("a", elements(StructType([StructField("p", IntegerType())])))])))
add("nested to elements not null inside", lambda s: nested(s).to(StructType([StructField("s", StructType([StructField("z", elements(IntegerType()))]))])))
add("nested to elements not null deep", lambda s: nested(s).to(StructType([StructField("aa", ArrayType(elements(IntegerType())))])))
add("nested to ambiguous", lambda s: nested(s).select("i", F.col("t").alias("I")).to(StructType.fromDDL("i int")))
add("nested to ambiguous field", lambda s: nested(s).selectExpr("named_struct('a', i, 'A', t) s").to(StructType.fromDDL("s struct<a: int>")))
add("nested to ambiguous field unused",
    lambda s: nested(s).selectExpr("named_struct('a', i, 'A', t, 'b', 1) s").to(StructType.fromDDL("s struct<b: int>")).select("*"))
add("nested to twice", lambda s: both(nested(s).to(StructType.fromDDL("i int, i bigint"))))
add("nested to then filter", lambda s: nested(s).to(StructType.fromDDL("i int, s struct<x: bigint>")).filter("s.x > 0").select("s.x", "i"))
add("nested to overflow", lambda s: nested(s).selectExpr("named_struct('x', 100000) s").to(StructType.fromDDL("s struct<x: tinyint>")).collect())


def wide(s: Scene):
    return s.spark.createDataFrame([("b", 1, 10, 2.5), ("a", 2, None, None), (None, 3, 30, 1.0), ("c", None, 5, -0.0)],
                                   "k string, i int, l bigint, d double").coalesce(1)


def limited(s: Scene, most: str, run):
    s.spark.conf.set("spark.sql.transposeMaxValues", most)
    try:
        return run(wide(s))
    finally:
        s.spark.conf.unset("spark.sql.transposeMaxValues")


TRANSPOSED = {
    "": lambda t: t.transpose(),
    "named": lambda t: t.transpose("k"),
    "by number": lambda t: t.select("i", "l").transpose("i"),
    "by second": lambda t: t.select("i", "l").transpose("l"),
    "by double": lambda t: t.select("d", "l").transpose(),
    "by decimal": lambda t: t.selectExpr("cast(i as decimal(5,2)) i", "l").transpose(),
    "by boolean": lambda t: t.selectExpr("i > 1 b", "l").transpose(),
    "by date": lambda t: t.selectExpr("date_add(date'2020-01-01', i) b", "l").transpose(),
    "by timestamp": lambda t: t.selectExpr("timestamp_seconds(i) b", "l").transpose(),
    "by binary": lambda t: t.selectExpr("cast(k as binary) b", "l").transpose(),
    "by array": lambda t: t.selectExpr("array(k) b", "l").transpose(),
    "by struct": lambda t: t.selectExpr("struct(k) b", "l").transpose(),
    "by void": lambda t: t.selectExpr("null b", "l").transpose(),
    "by an expression": lambda t: t.transpose(F.col("i") + 1),
    "by an alias": lambda t: t.transpose(F.col("i").alias("z")),
    "by a field": lambda t: t.selectExpr("struct(k) q", "l").transpose("q.k"),
    "by a literal": lambda t: t.transpose(F.lit(1)),
    "missing": lambda t: t.transpose("nothing"),
    "cased": lambda t: t.transpose("K"),
    "df col": lambda t: t.transpose(t.k),
    "duplicates": lambda t: t.selectExpr("1 o", "i", "l").orderBy("i").transpose(),
    "one column": lambda t: t.select("k").transpose(),
    "no columns": lambda t: t.select().transpose(),
    "no rows": lambda t: t.filter("i > 100").transpose(),
    "no rows one column": lambda t: t.select("k").filter("k = 'zz'").transpose(),
    "nulls only": lambda t: t.filter("k is null").transpose(),
    "texts": lambda t: t.selectExpr("i", "k", "upper(k) u").transpose(),
    "mixed": lambda t: t.selectExpr("i", "k", "l").transpose(),
    "mixed boolean": lambda t: t.selectExpr("k", "i", "l > 1 b").transpose(),
    "decimals": lambda t: t.selectExpr("k", "cast(i as decimal(5,2)) c", "cast(i as decimal(5,2)) e").transpose(),
    "decimals other": lambda t: t.selectExpr("k", "cast(i as decimal(5,2)) c", "cast(i as decimal(6,2)) e").transpose(),
    "decimal int": lambda t: t.selectExpr("k", "cast(i as decimal(20,2)) c", "i").transpose(),
    "int decimal": lambda t: t.selectExpr("k", "i", "cast(i as decimal(20,2)) c").transpose(),
    "int small decimal": lambda t: t.selectExpr("k", "i", "cast(i as decimal(5,2)) c").transpose(),
    "decimal double": lambda t: t.selectExpr("k", "d", "cast(i as decimal(5,2)) c").transpose(),
    "int float": lambda t: t.selectExpr("k", "i", "cast(i as float) c").transpose(),
    "float long": lambda t: t.selectExpr("k", "cast(i as float) c", "l").transpose(),
    "float double": lambda t: t.selectExpr("k", "cast(i as float) c", "d").transpose(),
    "void": lambda t: t.selectExpr("k", "null n", "l").transpose(),
    "voids": lambda t: t.selectExpr("k", "null n").transpose(),
    "arrays": lambda t: t.selectExpr("k", "array(i) a", "array(l) b").transpose(),
    "structs": lambda t: t.selectExpr("k", "struct(i as x) a", "struct(l as x) b").transpose(),
    "structs other": lambda t: t.selectExpr("k", "struct(i as x) a", "struct(l as y) b").transpose(),
    "not null": lambda t: t.selectExpr("'q' k", "1 a", "2 b").limit(1).transpose(),
    "of one name": lambda t: t.selectExpr("k", "i", "l as i").transpose(),
    "of one name index": lambda t: t.selectExpr("k", "i", "l as i").transpose("i"),
    "named key": lambda t: t.selectExpr("'key' k", "i").limit(1).transpose(),
    "odd names": lambda t: t.selectExpr("concat(k, '.', k, '`') k", "i", "l as `a.b`").transpose(),
    "empty name": lambda t: t.selectExpr("if(k = 'a', '', k) k", "i").transpose(),
    "then": lambda t: t.transpose().filter("key = 'i'").select("a", "b"),
    "then twice": lambda t: t.transpose().transpose(),
    "columns": lambda t: t.transpose().columns,
    "count": lambda t: t.transpose().count(),
    "alias": lambda t: t.alias("t").transpose("t.k"),
    "sql": lambda t: t.transpose().selectExpr("key", "a + 1"),
    "cast fails": lambda t: t.selectExpr("k", "l", "cast(l as int) m").transpose(),
    "metadata": lambda t: [f.jsonValue() for f in t.select("k", F.col("i").alias("i", metadata={"a": 1})).transpose().schema],
    "many": lambda t: t.sparkSession.range(0, 600, 1, 1).selectExpr("id", "id as b").transpose().count(),
    "500": lambda t: [t.sparkSession.range(0, 500, 1, 1).selectExpr("id",
        "id as b").transpose().count(), len(t.sparkSession.range(0, 500, 1, 3).selectExpr("id", "id as b").transpose().columns)],
    "501 some null": lambda t: len(t.sparkSession.range(0, 501, 1, 1).selectExpr("if(id = 3, null, id) as id", "id as b").transpose().columns),
    "dup many": lambda t: t.sparkSession.range(0, 12, 1, 2).selectExpr("id % 3 as x", "id as b").transpose(),
}
for name, run in TRANSPOSED.items():
    add(f"transpose {name}", lambda s, run=run: run(wide(s)))
for most in ("0", "2", "3", "-1", "-5"):
    add(f"transpose limit {most}", lambda s, most=most: limited(s, most, lambda t: t.transpose().collect()))
add("transpose limit 10000", lambda s: limited(s, "10000", lambda t: t.sparkSession.range(0, 600, 1, 1).selectExpr("id", "id as b").transpose().count()))

UNNAMED = {
    "toDF": lambda t: t.toDF("", "b", "c", "d", "e", "f"),
    "toDF two": lambda t: t.select("i", "l").toDF("", ""),
    "toDF of a call": lambda t: t.selectExpr("i + 1", "l").toDF("", "x"),
    "renamed": lambda t: t.withColumnRenamed("i", ""),
    "renamed back": lambda t: t.withColumnRenamed("i", "").withColumnRenamed("", "z"),
    "alias": lambda t: t.select(F.col("i").alias("")),
    "alias expr": lambda t: t.select((F.col("i") + 1).alias("")),
    "alias lit": lambda t: t.select(F.lit(1).alias("")),
    "selectExpr": lambda t: t.selectExpr("i as ``"),
    "withColumn": lambda t: t.withColumn("", F.lit(1)),
    "withColumn twice": lambda t: t.withColumn("", F.lit(1)).withColumn("", F.lit(2)),
    "withColumns": lambda t: t.withColumns({"": F.lit(1), "z": F.lit(2)}),
    "then": lambda t: t.select(F.col("i").alias("")).select("*"),
    "then named": lambda t: t.select(F.col("i").alias("")).select(""),
    "then named quoted": lambda t: t.select(F.col("i").alias("")).select("``"),
    "then filter": lambda t: t.select(F.col("i").alias(""), "l").filter("l > 1"),
    "then sort": lambda t: t.select(F.col("i").alias(""), "l").orderBy("l"),
    "then group": lambda t: t.select(F.col("i").alias(""), "l").groupBy("l").count().orderBy("l"),
    "then union": lambda t: t.select(F.col("i").alias("")).union(t.select("i")),
    "then join": lambda t: t.select(F.col("i").alias(""), "l").join(t.select("l"), "l").orderBy("l"),
    "then drop": lambda t: t.select(F.col("i").alias(""), "l").drop(""),
    "then distinct": lambda t: t.select(F.col("i").alias("")).distinct().count(),
    "agg": lambda t: t.agg(F.max("i").alias("")),
    "group key": lambda t: sorted(t.groupBy(F.col("s").alias("")).count().collect(), key=repr),
    "group agg": lambda t: t.groupBy("b").agg(F.max("i").alias("")).orderBy("b"),
    "struct": lambda t: t.select(F.struct(F.col("i").alias("")).alias("q")),
    "df alias": lambda t: t.alias("").select("i"),
    "df alias star": lambda t: t.alias("").select("*"),
    "window": lambda t: t.select(F.row_number().over(Window.orderBy("i")).alias("")),
    "explode": lambda t: t.select(F.explode(F.array("i")).alias("")),
    "pivot": lambda t: t.groupBy("b").pivot("s", ["a", ""]).count().orderBy("b"),
    "unpivot": lambda t: t.unpivot("i", ["l"], "", "v"),
    "show": lambda t: shown(lambda: t.select(F.col("i").alias("")).show()),
    "df ref": lambda t: (lambda u: u.select(u[""]))(t.select(F.col("i").alias(""))),
    "createDataFrame": lambda t: t.sparkSession.createDataFrame([(1,)], StructType([StructField("", IntegerType())])),
    "fillna": lambda t: t.select(F.col("i").alias("")).fillna(5).collect(),
    "summary": lambda t: t.select(F.col("i").alias("")).summary("count"),
    "crosstab": lambda t: t.crosstab("s", "b").orderBy("s_b"),
    "as metadata": lambda t: [f.jsonValue() for f in t.select(F.col("i").alias("", metadata={"a": 1})).schema],
    "cube": lambda t: t.cube(F.col("b").alias("")).count().count(),
    "subquery": lambda t: t.select(F.col("i").alias("")).transpose().columns,
}
for name, run in UNNAMED.items():
    add(f"no name {name}", lambda s, run=run: run(few(s)))


def marked(s: Scene):
    return few(s).select(F.col("s").alias("s", metadata={"m": 1}), F.col("i").alias("i", metadata={"n": [1, 2]}), "l", "b")


def metadata(frame):
    """Without the mark that classic PySpark sets on names that it made up."""
    return [[f.name, {k: v for k, v in f.metadata.items() if k != "__autoGeneratedAlias"}] for f in frame.schema]


MARKED = {
    "groupBy": lambda t: t.groupBy("s").count(),
    "groupBy two": lambda t: t.groupBy("s", "i").agg(F.max("l")),
    "groupBy expr": lambda t: t.groupBy(F.upper("s")).count(),
    "groupBy alias": lambda t: t.groupBy(F.col("s").alias("z")).count(),
    "groupBy alias md": lambda t: t.groupBy(F.col("s").alias("z", metadata={"q": 2})).count(),
    "rollup": lambda t: t.rollup("s", "i").count(),
    "cube": lambda t: t.cube("s", "i").count(),
    "rollup alias": lambda t: t.rollup(F.col("s").alias("z")).count(),
    "distinct": lambda t: t.distinct(),
    "dropDuplicates": lambda t: t.dropDuplicates(["s"]),
    "agg": lambda t: t.agg(F.max("i"), F.first("s"), F.min("i").alias("i")),
    "max in group": lambda t: t.groupBy("s").agg(F.max("i").alias("i")),
    "pivot": lambda t: t.groupBy("s").pivot("b", [True, False]).count(),
    "pivot max": lambda t: t.groupBy("s").pivot("b", [True, False]).max("i"),
    "groupBy key again": lambda t: t.groupBy("s").agg(F.col("s"), F.col("s").alias("y"), F.max("i")),
    "sets": lambda t: t.groupingSets([["s"], ["i"]], "s", "i").agg(F.sum("l")),
    "groupBy plus": lambda t: t.groupBy("s").agg(F.max("i") + 1),
    "having": lambda t: t.groupBy("s").count().filter("count > 0"),
    "collect": lambda t: t.groupBy("s").agg(F.collect_list("i")),
    "struct": lambda t: t.groupBy("b").agg(F.first(F.struct("i"))),
    "groupBy cast": lambda t: t.groupBy(F.col("i").cast("int")).count(),
    "sql": lambda t: t.sparkSession.sql("select s, i, count(*) c from {t} group by s, i", t=t),
    "sql rollup": lambda t: t.sparkSession.sql("select s, i, count(*) c from {t} group by rollup(s, i)", t=t),
    "sql alias": lambda t: t.sparkSession.sql("select s as z, count(*) c from {t} group by s", t=t),
    "union": lambda t: t.union(t),
    "intersect": lambda t: t.intersect(t),
    "except": lambda t: t.exceptAll(t),
    "join": lambda t: t.join(t.select("s", F.col("i").alias("j")), "s"),
    "full join": lambda t: t.join(t.select("s", F.col("i").alias("j")), "s", "full"),
    "window": lambda t: t.withColumn("w", F.max("i").over(Window.partitionBy("s"))),
    "explode": lambda t: t.select("s", F.explode(F.array("i")).alias("i")),
    "crosstab": lambda t: t.crosstab("s", "b"),
    "freqItems": lambda t: t.freqItems(["s"]),
    "to": lambda t: t.to(StructType([StructField("s", StringType()), StructField("l", LongType(), True, {"b": 1})])).select("*"),
    "fillna": lambda t: t.fillna(0),
    "replace": lambda t: t.replace(1, 2),
    "sample": lambda t: t.sampleBy("i", {1: 1.0}, 1),
    "repartition": lambda t: t.repartition(2, "s"),
    "toDF": lambda t: t.toDF("a", "b", "c", "d"),
    "renamed": lambda t: t.withColumnRenamed("s", "z"),
    "sort": lambda t: t.orderBy("s"),
    "unpivot": lambda t: t.unpivot("s", ["l"], "v", "w"),
    "describe": lambda t: t.describe(),
    "semi": lambda t: t.join(t, "s", "semi"),
    "group of group": lambda t: t.groupBy("s").agg(F.max("l").alias("l")).groupBy("s").count(),
}
for name, run in MARKED.items():
    add(f"metadata after {name}", lambda s, run=run: metadata(run(marked(s))))
