"""Cases about decimals: types, casts, arithmetic, aggregates, files, readers, learning."""

from __future__ import annotations

import decimal
import random

from pyspark.ml.feature import StringIndexer, VectorAssembler
from pyspark.ml.regression import LinearRegression
from pyspark.sql import functions as F
from pyspark.sql import types as T

from recorder import Scene, add, case, shown

D = decimal.Decimal
SCHEMA = ("k int NOT NULL, a decimal(10,2), b decimal(5,4), c decimal(38,18), w decimal(38,0), t decimal(20,3), z decimal(3,0), "
          "i int, l bigint, x double, f float, s string, y boolean")
ROWS = [
    (0, D("12345678.90"), D("1.2345"), D("1.500000000000000001"), D("12345678901234567890123456789012345678"), D("12.345"), D("7"),
     3, 5, 2.5, 1.25, "1.5", True),
    (1, D("-0.01"), D("-9.9999"), D("-123456789012345.000000000000000499"), D("-1"), D("-0.001"), D("-999"), -7, -1, -0.1, 0.1, "-12.345", False),
    (2, D("0.00"), D("0.0000"), D("0"), D("0"), D("0"), D("0"), 0, 0, 0.0, 0.0, " 7 ", True),
    (3, None, None, None, None, None, None, None, None, None, None, None, None),
    (4, D("99999999.99"), D("9.9999"), D("99999999999999999999.999999999999999999"), D("99999999999999999999999999999999999999"),
     D("99999999999999999.999"), D("999"), 2147483647, 9223372036854775807, 1e20, 3.4e38, "1e3", True),
    (5, D("2.50"), D("0.5000"), D("0.000000000000000001"), D("10"), D("1234567890123.456"), D("5"), 100, 1000000, 3.14159, 2.5, "0.00", False),
    (6, D("-2.50"), D("-0.5000"), D("-0.000000000000000001"), D("-25"), D("-5.555"), D("-5"), -100, -99, -3.5, -2.5, "123456789", True),
]


def frame(s: Scene):
    return s.once("decimal frame", lambda: s.spark.createDataFrame(ROWS, SCHEMA).coalesce(1))


# On all rows, which may fail, and on the tame ones.
EXPRESSIONS = [
    "a + b", "a - b", "a * b", "a % z", "c + w", "c * c", "a + i", "a + l", "a * 2", "a * 100L", "a - 1", "2 * a", "i * a", "a + x", "x - a",
    "a + f", "a * 1.5", "a + 0.001", "z + z", "t * t", "w + 1", "w - 1", "w * 1", "-a", "-w", "+a", "abs(a)", "abs(c)", "negative(b)",
    "a + null", "null * b", "a + s", "s + 1.5", "s * b", "a + y", "a = s", "pmod(a, 7)", "pmod(b, -0.3)", "mod(t, 1.7)", "a div 3", "t div b + 0.1",
    "a > b", "a >= 2.5", "a = 2.50", "a <> i", "a < l", "i > 2.5 AS v", "l <= 99.9 AS v", "2.5 < i AS v", "a <=> 2.5", "a > x",
    "c > w", "b = 0.5D", "a in (1, 2.5, 0)",
    "b in (0.5, null)", "z between -5.5 and 5.5", "i between 0.5 and 100.5", "a is distinct from 2.5", "t > '12.3'",
    "cast(a as int)", "cast(a as bigint)", "cast(b as tinyint)", "cast(t as int)", "cast(w as bigint)", "cast(c as int)", "cast(a as double)",
    "cast(c as double)", "cast(w as double)", "cast(b as float)", "cast(w as float)", "cast(a as string)", "cast(c as string)", "cast(w as string)",
    "cast(a as boolean)", "cast(b as decimal(3,1))", "cast(a as decimal(20,6))", "cast(c as decimal(10,2))", "cast(t as decimal(18,0))",
    "cast(a as decimal)", "cast(i as decimal(10,2))", "cast(i as decimal(3,1))", "cast(l as decimal(38,18))", "cast(x as decimal(10,3))",
    "cast(x as decimal(38,2))", "cast(f as decimal(20,10))", "cast(f as decimal(38,0))", "cast(s as decimal(10,2))", "cast(s as decimal(38,18))",
    "cast(y as decimal(2,1))", "cast(y as decimal(1,1))", "cast(a as timestamp)", "cast(cast(i as timestamp) as decimal(20,3))", "cast(a as date)",
    "cast(a as binary)", "try_cast(t as int)", "try_cast(a as decimal(4,1))", "try_cast(s as decimal(3,2))", "try_cast('x' as decimal(3,2))",
    "try_cast(w as bigint)", "try_cast(x as decimal(5,1))", "cast('abc' as decimal(3,1))", "cast('' as decimal(3,1))", "cast('1e39' as decimal(38,0))",
    "cast('1e-50' as decimal(38,20))", "cast('1e37' as decimal(38,0))", "cast('.5' as decimal(2,1))", "cast('5.' as decimal(2,1))",
    "cast('+5e0' as decimal(2,1))", "cast('0x1' as decimal(2,1))", "cast('1 000' as decimal(5,0))", "cast('1,000' as decimal(5,0))",
    "cast(double('NaN') as decimal(5,1))", "cast(double('Infinity') as decimal(5,1))", "cast(1e37 as decimal(38,0))", "cast(1e38 as decimal(38,0))",
    "cast(0.1D as decimal(38,38))", "cast(a as decimal(39,1))", "cast(a as decimal(3,5))", "cast(a as dec(12, 1))", "cast(a as numeric)", "decimal(x)",
    "a :: decimal(30,5)",
    "1.5", "1.50", ".5", "5.", "-0.0", "cast(0.0000001 as string)", "12345678901234567890", "1BD", "1.25BD", "-1.5BD", "1e3BD", "1.5e3", "1e3", "1.5D", "1.5F",
    "99999999999999999999999999999999999999", "999999999999999999999999999999999999999", "0.123456789012345678901234567890123456789",
    "1.5 + 1", "1.5 * 2.25", "1 / 3", "1.0 / 3", "1 / 3.0", "10.5 / 0.1", "1.5 / 0", "5.5 % 0", "5.5 div 0", "7.5 div 2", "1.5 = 1.50", "2.5 > 2 AS v",
    "round(a)", "round(a, 1)", "round(a, 5)", "round(a, -1)", "round(a, -12)", "round(b, 2)", "round(c, 17)", "round(w, -2)", "round(w, -40)", "bround(a)",
    "bround(b, 0)", "bround(a, 1)", "ceil(a)", "floor(a)", "ceil(b)", "floor(b)", "ceil(w)", "ceil(c)", "floor(c)", "ceiling(t)", "ceil(a, 1)", "floor(a, 1)",
    "floor(t, -2)", "ceil(x, 1)", "floor(i, -1)", "ceil(3.14159, 3)", "round(2.5)", "round(3.5)", "bround(2.5)", "bround(-2.5)", "round(-0.5)", "signum(a)",
    "sqrt(b * b)", "exp(b)", "ln(c * c + 1)", "pow(b, 2)", "power(2.0, z / 100)", "greatest(a, b, i)", "least(a, b, z)", "greatest(a, x)",
    "coalesce(a, b)", "coalesce(z, i)", "coalesce(null, b)", "coalesce(a, x)", "coalesce(a, s)", "nvl(a, 0)", "if(y, a, b)", "if(y, a, i)",
    "case when y then a when i > 3 then b else 0 end", "case when y then w else c end",
    "case a when 2.5 then 'x' else 'o' end", "nullif(a, 2.5)",
    "nanvl(a, b)", "isnan(a)", "a is null", "array(a, b)", "array(a, 1, 2.5)", "array(a, x)", "array_contains(array(1.5, 2.5), 2.5)",
    "array_max(array(a, b, t))",
    "sort_array(array(b, a, 0))", "array_distinct(array(1.0, 1.00, 2))", "struct(a, b)", "struct(a, b).a", "hash(a)", "hash(c)", "hash(w)", "hash(a, b, c)",
    "xxhash64(a)", "xxhash64(w)", "hash(cast(a as decimal(20,2)))", "hash(cast(-128 as decimal(19,0)), cast(127 as decimal(38,0)))",
    "concat(a, '-', b)", "a || b", "length(c)", "upper(a)", "format_number(a, 1)", "format_number(b, 0)", "format_number(c, 20)", "format_number(w, 2)",
    "format_string('%s', a)", "format_string('%s|%s', b, c * 0.0000000001)", "bin(z)", "hex(z)", "z & 1", "bit_count(z)", "width_bucket(b, -1, 1.5, 10)",
    "extract(second from timestamp '2020-01-02 03:04:05.678901') AS v",
    "date_part('seconds', timestamp '1900-01-01 00:00:59.5')",
    "sequence(1.0, 3.0)", "element_at(array(1, 2), 1.0)", "array(1, 2)[1.0]", "date_add(date '2020-01-01', 1.5)", "repeat('x', z)",
    "substring('hello', 1.9, 2)",
    "a AS renamed", "not a", "a and y", "isnotnull(a)",
    "cast(array(1.5, 2.5) as array<int>)", "cast(array(1, 2) as array<decimal(4,1))", "cast(array(1, 2) as array<decimal(4,1)>)",
    "transform(array(a, b), v -> v * 2)", "filter(array(1.5, 2.5), v -> v > 2)", "exists(array(a), v -> v > 0)",
    "aggregate(array(1.5, 2.5), cast(0 as decimal(12,1)), (acc, v) -> cast(acc + v as decimal(12,1)))",
]
AGGREGATES = [
    "sum(a)", "sum(b)", "sum(c)", "sum(w)", "sum(t)", "sum(a + b)", "sum(distinct a)", "avg(a)", "avg(b)", "avg(c)", "avg(t)", "avg(z)",
    "mean(a)", "avg(w)",
    "min(a)", "max(c)", "min(w)", "count(a)", "count(distinct a, b)", "first(a)", "last(b, true)", "any_value(t)", "collect_list(b)",
    "sort_array(collect_set(a))",
    "min_by(k, a)", "max_by(a, k)", "mode(z)", "stddev(a)", "var_pop(b)", "skewness(a)", "corr(a, b)", "covar_samp(b, z)", "median(b)",
    "percentile(a, 0.25)", "percentile(a, array(0.0, 0.5, 1.0))", "percentile_approx(a, 0.5)", "percentile_approx(t, array(0.1, 0.9))",
    "percentile_approx(x, 0.5)", "approx_percentile(b, 0.25, 100)", "sum(a) / count(a)", "sum(a * (1 - b))", "sum(if(k < 3, a, 0))", "try_sum(w)", "try_avg(a)",
    "count_if(a > 0)", "bool_and(a >= b)", "regr_slope(a, b)", "listagg(string(z), ',')", "bit_or(z)", "max(struct(a, k))",
]


def query(text: str, where: str | None = None):
    def run(s: Scene):
        rows = frame(s) if where is None else frame(s).filter(where)
        return rows.selectExpr(text)

    return run


for text in EXPRESSIONS:
    ulp = 1e-15 if text.startswith("exp") else 0.0  # the C library's, not Java's
    add(f"decimal {text}", query(text), rel=ulp)
    add(f"decimal tame {text}", query(text, "k in (0, 3, 5)"), rel=ulp)
for text in AGGREGATES:
    add(f"decimal group {text}", query(text), rel=1e-12)
    add(f"decimal tame group {text}", query(text, "k in (0, 1, 2, 3, 5)"), rel=1e-12)

# ---- arithmetic by seed ----------------------------------------------------------------------------

SEED, ARITHMETIC, PAIRS = 20261130, 12, 8
TRIES = {"+": "try_add", "-": "try_subtract", "*": "try_multiply", "/": "try_divide", "%": "try_mod"}


def number(draw: random.Random, precision: int, scale: int) -> str:
    digits = draw.choice([precision, draw.randint(1, precision), 1])
    value = draw.choice([draw.randrange(10**digits), 10**digits - 1, 5 * 10 ** (digits - 1)])
    return f"{draw.choice(['', '-'])}{D(value).scaleb(-scale):f}"


def plainly(value):
    """A decimal's digits without zeros at their end: classic PySpark says as many as Java's number happened to have, Arrow as many as the type."""
    if not isinstance(value, D):
        return value
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def arithmetic(number_of: int):
    """Pairs of one pair of types under each operator; where one of them fails, with what, and what try_ makes of all."""
    draw = random.Random(SEED + number_of)
    shapes = []
    for _ in range(2):
        precision = draw.choice([draw.randint(1, 38), draw.randint(1, 9), 38])
        shapes.append((precision, draw.choice([0, draw.randint(0, precision), precision])))
    pairs = [tuple(number(draw, *shape) for shape in shapes) for _ in range(PAIRS)]
    operators = ["+", "-", "*", "/", "%", "div", "<", "="]

    def run(s: Scene):
        a, b = (f"cast(v{i} as decimal({p},{q}))" for i, (p, q) in enumerate(shapes))
        rows = s.spark.createDataFrame(pairs, "v0 string, v1 string").coalesce(1)

        def answers(texts: list[str], of) -> list:
            try:
                return [[plainly(value) for value in row] for row in of.selectExpr(*texts).collect()]
            except Exception as error:  # noqa: BLE001: which of them it was is asked below
                java = "ArithmeticException"  # where Spark has no condition, classic PySpark says Py4JJavaError
                return getattr(error, "getCondition", lambda: None)() or (java if java in f"{type(error)} {error}" else type(error).__name__)

        results = {}
        for operator in operators:
            results[operator] = answers([f"{a} {operator} {b}"], rows)
            if isinstance(results[operator], str):
                results[operator] = [results[operator], answers([f"{TRIES[operator]}({a}, {b})"], rows) if operator in TRIES else None]
        types = [rows.selectExpr(f"{a} {operator} {b} AS v").schema[0].dataType.simpleString() for operator in operators]
        return {"shapes": [list(shape) for shape in shapes], "types": types, "values": results}

    return run


for number_of in range(ARITHMETIC):
    add(f"decimal arithmetic {number_of}", arithmetic(number_of))

# ---- frames ----------------------------------------------------------------------------------------

FRAMES = {
    "schema": lambda t: t.schema.json(),
    "printSchema": lambda t: shown(t.printSchema),
    "show": lambda t: shown(lambda: t.show(truncate=False)),
    "show small": lambda t: shown(lambda: t.selectExpr("a * 0.0000000001 AS tiny", "0.0000001 AS least").show(truncate=False)),
    "show vertical": lambda t: shown(lambda: t.select("k", "a", "c").show(2, vertical=True)),
    "collect": lambda t: t.collect(),
    "toPandas": lambda t: [str(v) for v in t.orderBy("k").toPandas()["a"].tolist()],
    "sort": lambda t: t.orderBy("a", "k").select("k", "a"),
    "sort descending": lambda t: t.orderBy(F.col("c").desc_nulls_last()).select("k", "c"),
    "group by short": lambda t: t.groupBy("z").count().orderBy("z"),
    "group by long": lambda t: t.groupBy("w").agg(F.sum("a"), F.avg("b")).orderBy("w"),
    "group by expression": lambda t: t.groupBy((F.col("a") > 0).alias("g")).agg(F.sum("a").alias("s"), F.max("c")).orderBy("g"),
    "distinct": lambda t: t.union(t).distinct().orderBy("k").select("k", "a", "w"),
    "dropDuplicates": lambda t: t.union(t).dropDuplicates(["a", "c"]).select("k").orderBy("k"),
    "join": lambda t: t.alias("l").join(t.alias("r"), F.col("l.a") == F.col("r.a")).select("l.k", "r.c").orderBy("l.k"),
    "join of other types": lambda t: t.alias("l").join(t.alias("r"), F.col("l.a") == F.col("r.i") / 1).select("l.k", "r.k").orderBy("l.k"),
    "join of long keys": lambda t: t.alias("l").join(t.alias("r"), ["w"], "left").select("l.k", "r.a").orderBy("l.k"),
    "union widens": lambda t: t.select("a").union(t.select("b")).orderBy("a"),
    "union of decimals and ints": lambda t: t.select("z").union(t.select("i")).orderBy("z"),
    "union of decimals and doubles": lambda t: t.select("z").union(t.select("x")).orderBy("z"),
    "union of wide ones": lambda t: t.select("w").union(t.select("c")).filter("w < 100").orderBy("w"),
    "intersect": lambda t: t.select("a").intersect(t.select("a")).orderBy("a"),
    "except": lambda t: t.select("z").exceptAll(t.select("z").filter("z > 0")).orderBy("z"),
    "repartition": lambda t: t.repartition(5, "a").select("k", F.spark_partition_id().alias("p")).orderBy("k"),
    "repartition long": lambda t: t.repartition(5, "w").select("k", F.spark_partition_id().alias("p")).orderBy("k"),
    "describe": lambda t: t.select("a", "b", "z").describe(),
    "summary": lambda t: t.select("a", "b", "c").filter("k <> 4").summary(),
    "approxQuantile": lambda t: t.approxQuantile(["a", "b"], [0.25, 0.5, 0.75], 0.0),
    "fillna": lambda t: t.fillna(7).select("k", "a", "z").orderBy("k"),
    "fillna double": lambda t: t.fillna(1.25).select("k", "a", "z").orderBy("k"),
    "dropna": lambda t: t.dropna(subset=["a"]).select("k").orderBy("k"),
    "withColumn": lambda t: t.withColumn("v", F.col("a") * F.col("b")).withColumn("v", F.round("v", 2)).select("k", "v").filter("k = 5"),
    "lit": lambda t: t.limit(1).select(F.lit(D("1.50")).alias("v"), F.lit(D("12345678901234567890.123")).alias("w"), F.lit(D("-0.001")).alias("n")).collect(),
    "lit in filter": lambda t: t.filter(F.col("a") >= D("2.50")).select("k").orderBy("k"),
    "lit whole": lambda t: t.limit(1).select((F.col("a") + F.lit(1)).alias("v"), (F.col("a") * 2).alias("w"), (F.col("a") / 3).alias("q")),
    "isin": lambda t: t.filter(F.col("a").isin(D("2.50"), D("0.00"))).select("k").orderBy("k"),
    "cast type": lambda t: t.select(F.col("i").cast(T.DecimalType(12, 3)).alias("v"), F.col("x").cast("decimal(30,10)").alias("w")),
    "to schema": lambda t: t.select("k", "a").to(T.StructType([T.StructField("a", T.DecimalType(12, 4)), T.StructField("k", T.DecimalType(10, 0))])),
    "functions": lambda t: t.filter("k = 5").select(F.ceil("a"), F.floor("b"), F.round("c", 3), F.bround("t", 1), F.abs("a"), F.negative("b"),
                                                       F.hash("a", "w")),
    "ceil with scale": lambda t: t.filter("k = 5").select(F.ceil("a", F.lit(1)), F.floor("t", F.lit(-3))),
    "aggregate functions": lambda t: t.filter("k in (0, 5)").agg(F.sum("a"), F.avg("a"), F.min("b"), F.max("c"), F.stddev("a"), F.count_distinct("z")),
    "cube of sums": lambda t: t.filter("k <> 4").groupBy("y").agg(F.sum("w"), F.avg("t"), F.sum("z")).orderBy("y"),
    "sql": lambda t: t.selectExpr("sum(a * (1 - b)) AS v", "avg(a) AS m", "count(*) AS n"),
}
for name, run in FRAMES.items():
    add(f"decimal frame {name}", lambda s, run=run: run(frame(s)), rel=1e-12)


@case()
def decimal_created(s: Scene):
    rows = [(D("1.5"), [D("2.25")]), (None, None), (D("-123456789012.000000000000000001"), [])]
    return s.spark.createDataFrame(rows, ["a", "b"])


@case()
def decimal_created_with_a_schema(s: Scene):
    return s.spark.createDataFrame([(D("1.5"),), (D("99.994"),)], "v decimal(4,1)").selectExpr("v", "v + 1")


@case()
def decimal_schemas(s: Scene):
    types = ["decimal", "decimal(5)", "DECIMAL(5, 2)", "dec(3,1)", "numeric(38,38)", "array<decimal(7,3)>", "struct<a:decimal(9,0)>"]
    return [s.spark.createDataFrame([], f"v {text}").schema.json() for text in types]


@case()
def decimal_written_and_read(s: Scene):
    frame(s).write.mode("overwrite").parquet(f"{s.output}/decimals")
    back = s.spark.read.parquet(f"{s.output}/decimals")
    return {"schema": back.schema.json(), "rows": [[str(v) for v in row] for row in back.orderBy("k").collect()]}


@case()
def decimal_read_wider(s: Scene):
    frame(s).select("k", "a").write.mode("overwrite").parquet(f"{s.output}/narrow")
    return s.spark.read.schema("k int, a decimal(14,4)").parquet(f"{s.output}/narrow").orderBy("k")


@case()
def decimal_tables_of_sql(s: Scene):
    frame(s).createOrReplaceTempView("decimals")
    return s.spark.sql("SELECT z, sum(a) AS total, avg(a * 0.5) AS half FROM decimals "
                       "WHERE b BETWEEN -0.5 - 0.1 AND 2 GROUP BY z HAVING sum(a) > -3.5 ORDER BY total")


@case()
def decimal_values_of_sql(s: Scene):
    return s.spark.sql("SELECT * FROM VALUES (1, 2.5), (2, 10.25), (3, null) AS t(k, v) "
                       "WHERE v > 1.0 OR v IS NULL ORDER BY k")


@case()
def decimal_union_of_sql(s: Scene):
    return s.spark.sql("SELECT 1 AS a UNION ALL SELECT 2.5 UNION ALL SELECT 3.125D")


# ---- learning --------------------------------------------------------------------------------------


@case(rel=1e-12)
def decimal_assembled(s: Scene):
    return VectorAssembler(inputCols=["a", "b", "z", "x"], outputCol="v").transform(frame(s).filter("k <> 3")).select("k", "v")


@case()
def decimal_indexed(s: Scene):
    rows = s.spark.createDataFrame([(D("1.50"),), (D("2.00"),), (D("1.50"),)], "v decimal(5,2)")
    model = StringIndexer(inputCol="v", outputCol="index").fit(rows)
    return {"labels": model.labels, "rows": [list(map(str, row)) for row in model.transform(rows).collect()]}


@case(rel=1e-6, least=1.0)
def decimal_label(s: Scene):
    rows = s.spark.createDataFrame([(D(k) / 4, float(k), float(k * k % 7)) for k in range(40)], "y decimal(6,2), p double, q double")
    table = VectorAssembler(inputCols=["p", "q"], outputCol="features").transform(rows)
    model = LinearRegression(labelCol="y", maxIter=5).fit(table)
    return {"coefficients": model.coefficients, "intercept": model.intercept}
