"""Cases about DataFrames: what a script does before and after the learning."""

from __future__ import annotations

import datetime
import decimal

from pyspark.ml.feature import VectorAssembler
from pyspark.ml.functions import array_to_vector, vector_to_array
from pyspark.ml.linalg import Vectors
from pyspark.sql import Row
from pyspark.sql import functions as F
from pyspark.sql import types as T

from recorder import Scene, add, case, shown

# Columns of `mixed`: b bool, y tinyint, h smallint, i int, l bigint, f float, d double, s string, n
# string of numbers, k int without nulls 0..39, x double without nulls.
EXPRESSIONS = [
    "i + l", "i - y", "y * h", "i * 2", "l % 7", "i % -3", "pmod(i, 7)", "d / 2", "i / 4", "i div 4", "-i", "-d", "+i",
    "f + d", "f * 2", "h + 1L", "d % 3", "i + d", "y + f",
    "i > 3", "i >= l", "i = h", "i <> 3", "i <=> null", "d <=> d", "d = d", "d > 1e300", "d < 'NaN'", "s = 'b'",
    "s > 'b'", "f = d", "b = true", "b > false", "i != l",
    "b and i > 3", "b or d > 0", "not b", "i > 3 or null", "b and null",
    "i is null", "i is not null", "isnan(d)", "isnan(f)", "isnull(s)", "isnotnull(s)", "nanvl(d, 0D)",
    "coalesce(i, l, 0)", "coalesce(d, 0)", "nvl(s, 'none')", "ifnull(i, -1)", "nullif(i, 3)", "if(b, i, l)",
    "case when i > 3 then 'big' when i > 0 then 'small' end", "case i when 1 then 'one' else s end",
    "case when b then i else d end", "i in (1, 2, 3)", "i in (1, null)", "s in ('a', 'b')", "i between 1 and 5",
    "i not between 1 and 5", "s like 'a%'", "s rlike '^[a-c]$'", "s is distinct from 'a'",
    "cast(i as double)", "cast(i as string)", "cast(d as string)", "cast(f as string)", "cast(b as string)",
    "cast(l as string)", "cast(b as int)", "cast(i as boolean)", "cast(n as int)", "cast(n as double)", "cast(n as bigint)",
    "cast(x as int)", "cast(x as bigint)", "cast(x as float)", "cast(k as tinyint)", "cast(k as smallint)",
    "cast(f as double)", "try_cast(s as int)", "try_cast(l as int)", "try_cast(d as int)", "cast(null as int)",
    "double(i)", "string(x)", "int(x)", "n :: double",
    "abs(i)", "abs(d)", "sqrt(d)", "exp(x)", "log(d)", "log(x * x + 1)", "log10(k)", "log2(k)", "log1p(k)", "expm1(x)",
    "pow(x, 2)", "power(d, 0.5D)", "floor(x)", "ceil(x)", "round(x)", "round(x, 2)", "rint(x)", "round(i, -1)",
    "sin(x)", "cos(x)", "tan(x)", "atan2(x, 2D)", "tanh(x)", "signum(d)", "greatest(i, h, 3)", "least(i, h, 3)",
    "greatest(d, x)", "least(d, x)", "cbrt(x)", "degrees(x)", "radians(x)", "hypot(x, 3D)", "floor(i)", "ceil(l)",
    "upper(s)", "lower(s)", "length(s)", "concat(s, n)", "s || '-' || n", "trim(concat('  ', s, ' '))", "substring(n, 1, 2)",
    "i & 3", "i | 8", "i ^ 5", "~i", "array(i, 1, 2)", "array(x, x + 1)[1]", "size(array(1, 2))",
    "'text'", "1", "1L", "1e3", "2.5D", "true", "null", "i AS renamed", "`i`", "1 + 2 * 3", "(1 + 2) * 3",
    # What goes wrong.
    "1 / 0", "i / 0", "d / 0", "i % 0", "i div 0", "i + 2147483647", "2147483647 * k", "l + 9223372036854775807",
    "-cast(-2147483648 as int)", "abs(cast(-2147483648 as int))", "cast('abc' as int)", "cast(s as int)", "cast(s as double)",
    "cast('x' as boolean)", "cast(1e20 as int)", "cast(1e20 as bigint)", "cast(l as int)", "cast(d as int)",
    "cast(1000 as tinyint)", "cast('1.5' as int)", "cast(' 7 ' as int)", "cast('1e3' as double)", "cast('yes' as boolean)",
    "cast('' as int)", "cast('99999999999' as int)", "missing + 1", "mixed.i", "no_such_function(i)", "i +", "i ! 3", "'open",
    "sqrt(i, 2)", "upper()", "i + b", "s and b", "not i", "-s", "s + 1", "n + 1", "n * 2", "sqrt(n)", "i > 'abc'", "n > 5",
    "i = n", "array(1, 2)[5]", "get(array(1, 2), 5)", "i.field", "raise_error('stop')", "case when i then 1 end",
    "128Y", "1e400", "9223372036854775808L", "i in ()", ":i", "x.y", "cast(true as timestamp)",
    # As Spark prints them.
    "x * 1.10", "x + .50", "x > 5.", "x = -0.0", "X'ab0f'", "random(3)", "5.D", "struct(i AS p, k)", "struct(i, k + 1 q)", "like(s, 'a%')",
    # What is here refused by its name, and is no error of the script's.
    "9223372036854775808", "trim('a', s)", "trim(BOTH 'a' FROM s)", "ceil(x, 1)", "s like all ('a%', '%a')", "s like any ('a%')", "(i, k)", "struct(*)",
    "extract(year from date '2020-01-01')", "substring(s from 1 for 1)", "current_date", "i << 1", "cast(i as varchar(3))",
    "if(i, 1, 2)", "isnan(s)", "y + 127Y", "cast(h as tinyint) * 100Y", "try_add(i, 2147483647)", "try_divide(i, 0)",
]

AGGREGATES = [
    "count(*)", "count(1)", "count(i)", "count(d)", "sum(i)", "sum(l % 1000)", "sum(x)", "sum(d)", "sum(f)", "sum(y)",
    "avg(i)", "avg(x)", "avg(d)", "mean(k)", "min(i)", "max(i)", "min(d)", "max(d)", "min(s)", "max(s)", "min(b)", "max(f)",
    "min(l)", "stddev(x)", "stddev(k)", "variance(x)", "var_pop(x)", "stddev_pop(i)", "sum(l)", "avg(l)", "sum(i) / count(i)",
    "round(avg(x), 3)", "sum(x * x)", "sum(case when b then 1 else 0 end)", "max(k) - min(k) + 1", "count(i > 3)",
    "sum(cast(b as int))", "avg(cast(b as int))", "count(distinct k % 4)", "first(k)", "sum(s)", "sum(n)", "avg(s)", "sum(b)",
    "max(array(i))", "max(null)", "min(null)", "count(null)", "i", "i + sum(i)", "sum(sum(i))",
]

for text in EXPRESSIONS:
    add(f"selectExpr {text}", lambda s, text=text: s.table("mixed").selectExpr(text), rel=1e-15)
for text in AGGREGATES:
    add(f"aggregate {text}", lambda s, text=text: s.table("mixed").selectExpr(text) if text == "i" else
        s.table("mixed").agg(F.expr(text)), rel=1e-13)

FILTERS = ["i > 3", "d > 0", "isnan(d)", "i is null", "s = 'a' or b", "not (i > 3)", "x between -1 and 1", "k % 2 = 0",
           "i", "missing > 1", "1 / (k - k) > 0", "null", "true", "i in (1, 2)", "d = 'NaN'", "k > 1000", "s"]
for text in FILTERS:
    add(f"filter {text}", lambda s, text=text: s.table("mixed").filter(text).select("k"))

OPERATIONS = {
    "columns": lambda t: t.columns,
    "dtypes": lambda t: t.dtypes,
    "schema": lambda t: t.schema.json(),
    "printSchema": lambda t: shown(t.printSchema),
    "collect": lambda t: t,
    "count": lambda t: t.count(),
    "isEmpty": lambda t: [t.isEmpty(), t.limit(0).isEmpty()],
    "head": lambda t: [t.head(), t.head(3), t.first(), t.limit(0).head(), t.take(2)],
    "show": lambda t: shown(t.show),
    "show 5": lambda t: shown(lambda: t.show(5)),
    "show truncated": lambda t: shown(lambda: t.show(50, truncate=3)),
    "show whole": lambda t: shown(lambda: t.show(3, truncate=False)),
    "show vertical": lambda t: shown(lambda: t.show(2, vertical=True)),
    "show no columns": lambda t: [shown(t.select().show), shown(lambda: t.limit(2).select().show())],
    "name of one backtick": lambda t: t.select(F.col("a`b")).columns,
    "name of two dots": lambda t: t.select(F.col("a..b")).columns,
    "name of nothing": lambda t: t.select(F.col("")).columns,
    "alias of nothing": lambda t: t.select(F.col("k").alias("")).columns,
    "storageLevel": lambda t: [str(t.select("k", "x").cache().storageLevel), str(t.select("k", "x").unpersist().storageLevel)],
    "show none": lambda t: shown(t.limit(0).show),
    "show wide letters": lambda t: shown(lambda: t.select(F.lit("日本").alias("名"), F.lit("é\n\t")).show(1)),
    "limit": lambda t: t.limit(7).count(),
    "limit 0": lambda t: t.limit(0),
    "limit -1": lambda t: t.limit(-1).collect(),
    "drop": lambda t: t.drop("i", "nothing").columns,
    "drop column": lambda t: t.drop(t.i).columns,
    "rename": lambda t: t.withColumnRenamed("i", "j").withColumnRenamed("nothing", "z").columns,
    "rename more": lambda t: t.withColumnsRenamed({"i": "j", "l": "m"}).columns,
    "toDF": lambda t: t.select("i", "l").toDF("p", "q"),
    "toDF wrong": lambda t: t.select("i", "l").toDF("p").columns,
    "withColumn": lambda t: t.select("i", "x").withColumn("z", F.col("i") * 2).withColumn("i", F.col("x")),
    "withColumns": lambda t: t.select("i").withColumns({"p": F.col("i") + 1, "q": F.lit("q")}),
    "select star": lambda t: t.select("*", (F.col("i") + 1).alias("next")).columns,
    "select twice": lambda t: t.select("i", "i"),
    "ambiguous": lambda t: t.select("i", "i").select("i").collect(),
    "select missing": lambda t: t.select("nothing").collect(),
    "select cased": lambda t: t.select("I").columns,
    "no columns": lambda t: t.select().count(),
    "when": lambda t: t.select(F.when(t.i > 3, "big").when(t.i > 0, "small").otherwise("other").alias("size")),
    "when null": lambda t: t.select(F.when(t.d.isNull() | F.isnan(t.d), 0.0).otherwise(t.d)),
    "isin": lambda t: t.filter(t.s.isin("a", "b")).count(),
    "between": lambda t: t.filter(t.x.between(-1, 1)).count(),
    "startswith": lambda t: t.select(t.s.startswith("a"), t.s.contains("b"), t.s.endswith("c")),
    "column names": lambda t: t.select(t.i + 1, -t.x, t.i.cast("string"), F.log(t.x * t.x), t.i.isNull(), ~t.b,
                                       F.lit(1), F.lit("a"), F.col("d") % 2, t.i > 1, F.when(t.b, 1).otherwise(0),
                                       F.coalesce(t.i, t.k), F.sqrt("k"), t.k / 2, F.lit(2.0) * t.x, F.lit(None)).columns,
    "column cast": lambda t: t.select(t.k.cast("double"), t.k.cast(T.StringType()), t.x.cast("int")),
    "bitwise": lambda t: t.select(t.k.bitwiseAND(3), t.k.bitwiseOR(3), t.k.bitwiseXOR(3)),
    "power": lambda t: t.select(t.x**2, 2**t.k.cast("double"), F.pow(t.x, F.lit(3))),
    "agg": lambda t: t.agg(F.count("*").alias("rows"), F.avg("x"), F.min("i"), F.max("d"), F.sum("k")),
    "agg dict": lambda t: t.agg({"x": "avg"}),
    "agg nothing": lambda t: t.limit(0).agg(F.count("*"), F.sum("i"), F.avg("x"), F.min("s"), F.stddev("x")),
    "select agg": lambda t: t.select(F.sum("k"), F.max("x")),
    "groupBy()": lambda t: t.groupBy().sum("i", "k"),
    "na.drop": lambda t: [t.na.drop().count(), t.na.drop("all").count(), t.na.drop(subset=["i"]).count(),
                          t.dropna(thresh=9).count()],
    "na.fill": lambda t: t.select("d", "s", "b").na.fill(0).na.fill("none").na.fill(True),
    "na.fill dict": lambda t: t.select("i", "d", "s").na.fill({"i": -1, "s": "?"}),
    "toPandas dtypes": lambda t: {k: str(v) for k, v in t.toPandas().dtypes.items()},
    "toPandas values": lambda t: t.select("k", "x", "n").toPandas().to_dict("list"),
    "toPandas none": lambda t: {k: str(v) for k, v in t.limit(0).toPandas().dtypes.items()},
    "toArrow": lambda t: str(t.toArrow().schema),
    "toLocalIterator": lambda t: [row.k for row in t.toLocalIterator()],
    "randomSplit": lambda t: [part.select("k").collect() for part in t.select("k", "x", "s").randomSplit([0.6, 0.4], seed=7)],
    "randomSplit 3": lambda t: [part.select("k").collect() for part in t.randomSplit([1.0, 2.0, 1.0], seed=2**40 + 3)],
    "sample": lambda t: t.select("k").sample(fraction=0.4, seed=11),
    "sample replaced": lambda t: t.select("k").sample(True, 0.8, seed=3),
    "rand": lambda t: t.select("k", F.rand(seed=5).alias("r")),
    "rand split": lambda t: t.withColumn("r", F.rand(seed=9)).filter("r < 0.5").select("k"),
    "randn": lambda t: t.select(F.randn(seed=5)),
    "cache": lambda t: t.select("k").cache().count(),
    "transform": lambda t: t.transform(lambda df: df.filter("k < 3")).count(),
    "alias": lambda t: t.alias("a").select("a.i", F.col("a.k")).columns,
    "colRegex": lambda t: t.select(t.colRegex("`[ik]`")).columns,
    "item": lambda t: t.select(t["k"]).limit(3),
    "sort within": lambda t: t.select("k", "d").sortWithinPartitions(F.col("d").desc(), "k"),
    "sort within nulls": lambda t: t.select("k", "i").sortWithinPartitions(F.col("i").asc_nulls_last(), "k"),
    "monotonically_increasing_id": lambda t: t.select(F.monotonically_increasing_id().alias("id"), "k"),
    "foreign column": lambda t: t.select((t.k + 1).alias("z")).filter(F.col("z") > 3).count(),
}
for name, operation in OPERATIONS.items():
    add(f"frame {name}", lambda s, operation=operation: operation(s.table("mixed")), rel=1e-13)


# Partitions. P and Q differ and are at least 4.
@case()
def repartition_keeps_the_rows(s: Scene):
    four = s.table("patients4").select("row")
    results = []
    for count in [1, 5, 7, 40]:
        moved = four.repartition(count)
        results.append([moved.count(), moved.agg(F.sum("row"), F.min("row"), F.max("row")).first()])
        results.append(sorted(row.row for row in moved.collect()))
    few = four.filter("row < 3").repartition(8)  # most targets are empty
    results.append(sorted(row.row for row in few.collect()))
    results.append(four.filter("row < 0").repartition(6).count())
    results.append(sorted(row.row for row in four.repartition(6).repartition(4).collect()))
    return results


@case()
def coalesce_keeps_the_rows(s: Scene):
    four = s.table("patients4").select("row")
    return [sorted(row.row for row in four.coalesce(n).collect()) for n in [1, 3, 9]]


@case()
def split_of_a_wide_table(s: Scene):
    parts = s.table("patients1").randomSplit([0.7, 0.3], seed=42)
    return [[row.row for row in part.select("row").collect()] for part in parts]


@case()
def split_with_vectors(s: Scene):
    table = s.table("patients1").select("row", "mean_radius", "mean_texture")
    table = VectorAssembler(inputCols=["mean_radius", "mean_texture"], outputCol="v").transform(table).select("v", "row")
    return [[row.row for row in part.collect()] for part in table.randomSplit([0.5, 0.5], seed=1)]


@case()
def sample_of_a_wide_table(s: Scene):
    return [row.row for row in s.table("patients1").sample(fraction=0.25, seed=99).collect()]


# Vectors.
def vectors(s: Scene):
    table = s.table("mixed").select("k", "x")
    zeros = [F.lit(0.0).alias(f"z{i}") for i in range(6)]
    table = table.select("*", *zeros)
    return VectorAssembler(inputCols=["x", "k"] + [f"z{i}" for i in range(6)], outputCol="v").transform(table).select("k", "v")


@case()
def assembled_vectors(s: Scene):
    return vectors(s)


@case()
def vectors_shown(s: Scene):
    table = vectors(s)
    return [shown(lambda: table.show(3, truncate=False)), table.dtypes]


@case()
def vector_to_array_double(s: Scene):
    return vectors(s).select(vector_to_array("v").alias("a"))


@case()
def vector_to_array_float(s: Scene):
    return vectors(s).select(vector_to_array("v", dtype="float32").alias("a"))


@case()
def vector_element(s: Scene):
    return vectors(s).select(vector_to_array("v")[1].alias("k"), vector_to_array("v")[0] + 1)


@case()
def vector_element_outside(s: Scene):
    return vectors(s).select(vector_to_array("v")[100]).collect()


@case()
def element_nullability(s: Scene):
    arrays = ("a", "array(x, x)", "array(x, null)", "array(null, x)")
    calls = ("{}[0]", "{}[1]", "{}[2]", "{}[-1]", "{}[i]",
             "element_at({}, 1)", "element_at({}, 2)", "element_at({}, 3)", "element_at({}, -1)", "element_at({}, i)",
             "get({}, 0)", "get({}, 2)", "get({}, i)")
    number = F.coalesce("k", F.lit(1))  # never null, as far as can be said, and no constant
    made = vectors(s).select(vector_to_array("v").alias("a"), number.alias("i"), number.cast("double").alias("x"))
    return made.filter("i > 1000").selectExpr(*(call.format(array) for array in arrays for call in calls))


@case()
def vector_from_array(s: Scene):
    return s.table("mixed").select(array_to_vector(F.array("x", F.lit(2.0))).alias("v"))


@case()
def vectors_to_pandas(s: Scene):
    frame = vectors(s).toPandas()
    return [str(frame.dtypes["v"]), frame["v"].tolist()]


@case()
def assembler_null(s: Scene):
    return VectorAssembler(inputCols=["i", "x"], outputCol="v").transform(s.table("mixed")).select("v").collect()


@case()
def assembler_skip(s: Scene):
    return VectorAssembler(inputCols=["i", "d"], outputCol="v", handleInvalid="skip").transform(s.table("mixed")).select("v")


@case()
def assembler_keep(s: Scene):
    return VectorAssembler(inputCols=["i", "d"], outputCol="v", handleInvalid="keep").transform(s.table("mixed")).select("v")


@case()
def assembler_of_strings(s: Scene):
    return VectorAssembler(inputCols=["s"], outputCol="v").transform(s.table("mixed")).collect()


@case()
def assembler_of_kinds(s: Scene):
    table = VectorAssembler(inputCols=["b", "x"], outputCol="v").transform(s.table("mixed").na.fill(True))
    return VectorAssembler(inputCols=["v", "k"], outputCol="w").transform(table).select("w")


# Local data.
@case()
def create_from_rows(s: Scene):
    return s.spark.createDataFrame([Row(a=1, b="x", c=1.5), Row(a=2, b=None, c=float("nan"))])


@case()
def create_with_schema(s: Scene):
    return s.spark.createDataFrame([(1, "x", None), (None, "y", 2.5)], "a int, b string, c double")


@case()
def create_with_types(s: Scene):
    schema = T.StructType([T.StructField("a", T.LongType(), False), T.StructField("b", T.BooleanType()),
                           T.StructField("c", T.ArrayType(T.DoubleType()))])
    return s.spark.createDataFrame([(1, True, [1.0, 2.0]), (2, None, [])], schema)


@case()
def create_with_vectors(s: Scene):
    rows = [(0.0, Vectors.dense(1.0, 2.0)), (1.0, Vectors.sparse(2, [1], [3.0]))]
    table = s.spark.createDataFrame(rows, ["label", "features"])
    return [table, shown(table.show), table.count()]


@case()
def create_from_pandas(s: Scene):
    return s.spark.createDataFrame(s.table("mixed").select("k", "x", "n").toPandas())


@case()
def create_nothing(s: Scene):
    return s.spark.createDataFrame([], "a int, b double")


@case()
def range_of_numbers(s: Scene):
    return s.spark.range(3, 12, 2)


# Files.
@case()
def written_and_read(s: Scene):
    s.table("mixed").write.parquet(f"{s.output}/mixed")
    return s.spark.read.parquet(f"{s.output}/mixed")


@case()
def written_there_already(s: Scene):
    return s.table("mixed").limit(1).write.parquet(f"{s.output}/mixed")


@case()
def written_over(s: Scene):
    s.table("mixed").select("k").write.mode("overwrite").parquet(f"{s.output}/over")
    s.table("mixed").select("k", "x").filter("k < 5").write.mode("overwrite").parquet(f"{s.output}/over")
    return s.spark.read.parquet(f"{s.output}/over")


@case()
def written_ignored(s: Scene):
    s.table("mixed").limit(1).write.mode("ignore").parquet(f"{s.output}/over")
    return s.spark.read.parquet(f"{s.output}/over").count()


@case()
def written_in_addition(s: Scene):
    s.table("mixed").select("k", "x").limit(2).write.mode("append").parquet(f"{s.output}/over")
    return s.spark.read.parquet(f"{s.output}/over").count()


@case()
def vectors_written_and_read(s: Scene):
    vectors(s).write.parquet(f"{s.output}/vectors")
    return s.spark.read.parquet(f"{s.output}/vectors")


@case()
def text_written_and_read(s: Scene):
    s.table("mixed").select("n").filter("n is not null").write.text(f"{s.output}/text")
    return s.spark.read.text(f"{s.output}/text")


@case()
def text_of_two_columns(s: Scene):
    return s.table("mixed").select("n", "s").write.text(f"{s.output}/text2")


@case()
def read_with_format(s: Scene):
    return s.spark.read.format("parquet").load(f"{s.tables}/mixed").count()


@case()
def read_what_is_not_there(s: Scene):
    return s.spark.read.parquet(f"{s.output}/nothing").count()


# Types that are passed on, or refused by name: which of both is told by the test.
@case()
def dates_and_times(s: Scene):
    return s.table("times")


@case()
def dates_and_times_shown(s: Scene):
    return [shown(s.table("times").show), s.table("times").dtypes]


@case()
def dates_compared(s: Scene):
    return s.table("times").filter(F.col("day") >= F.lit(datetime.date(2024, 2, 29))).count()


@case()
def decimal_literal(s: Scene):
    return s.table("mixed").select(F.lit(decimal.Decimal("1.50"))).limit(1)


@case()
def decimal_cast(s: Scene):
    return s.table("mixed").selectExpr("cast(k as decimal(10, 2))").limit(1)


@case()
def python_function(s: Scene):
    return s.table("mixed").select(F.udf(lambda k: k + 1, "int")("k")).limit(1).collect()
