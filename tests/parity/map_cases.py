"""Cases about maps: types, wire, functions, generators, errors, files."""

from __future__ import annotations

import datetime
import math

import pyarrow as pa
from pyspark.sql import functions as F
from pyspark.sql import types as T

from recorder import Scene, add, case, shown

NAN = math.nan
SCHEMA = ("k int NOT NULL, m map<string,int>, n map<int,string>, d map<double,double>, s map<string,struct<a:int,b:string>>, "
          "l map<int,array<int>>, q map<string,map<string,int>>, t map<date,boolean>, a array<int>, b array<string>, e array<struct<x:int,y:string>>, "
          "w string, i int")
DAY = datetime.date(2024, 2, 29)
ROWS = [
    (0, {"a": 1, "b": 2}, {1: "one", 2: "two"}, {0.0: 1.5, NAN: 2.5}, {"p": (1, "x")}, {1: [1, 2], 2: []}, {"o": {"i": 1}}, {DAY: True},
     [1, 2], ["x", "y"], [(1, "u"), (2, "v")], "a:1,b:2", 1),
    (1, {}, {}, {}, {}, {}, {}, {}, [], [], [], "", 2),
    (2, None, None, None, None, None, None, None, None, None, None, None, None),
    (3, {"": 0, "b": None}, {-1: None}, {-1.5: None}, {"p": None, "q": (None, None)}, {8: [None], 7: None}, {"u": {}, "o": None}, {DAY: None},
     [3, None], ["z", None], [(3, None)], "a,b:", 3),
    (4, {"a": 5, "z": -1, "c": 7}, {1: "uno", 3: "three"}, {1.0: NAN}, {"q": (2, "y"), "r": (3, "z")}, {0: [9]}, {"v": {"x": 2, "y": None}},
     {datetime.date(1900, 1, 1): False}, [5, 6], ["r", "s"], [(5, "p")], "k=v;k2=v2", 4),
]


def table() -> pa.Table:
    """Maps as pyarrow writes them."""
    rows = range(40)
    return pa.table({
        "k": pa.array(rows, pa.int32()),
        "m": pa.array([None if k % 7 == 3 else [(f"n{i}", None if i == 2 else k * i) for i in range(k % 5)] for k in rows],
                      pa.map_(pa.string(), pa.int64())),
        "l": pa.array([[(k, ["x"] * (k % 3)), (k + 1, None)] for k in rows], pa.map_(pa.int32(), pa.list_(pa.string()))),
        "s": pa.array([None if k == 5 else [("p", {"a": k, "b": None if k % 2 else 0.5})] for k in rows],
                      pa.map_(pa.string(), pa.struct([("a", pa.int16()), ("b", pa.float64())]))),
    })


def frame(s: Scene):
    return s.once("map frame", lambda: s.spark.createDataFrame(ROWS, SCHEMA).coalesce(1))


EXPRESSIONS = [
    "m", "n", "d", "s", "l", "q", "t", "map()", "map('a', 1)", "map('a', 1, 'b', null)", "map(1, 2, 3L, 4.5D)", "map('a', i, 'b', k)", "map(k, w)",
    "map(i, k)", "map('x', array(i), 'y', a)", "map('x', struct(k, i))", "map('x', m)", "map(1.5, 'a', 2.25, 'b')", "map(date '2020-01-01', 1)",
    "map(true, 1, false, 0)", "map(array(k), 1)", "map(struct(k), 1)", "map(map(1, 2), 1)", "map('a')", "map('a', 1, 'b')", "map('a', 1, 'a', 2)",
    "map(1, 'x', 1.0D, 'y')", "map(null, 1)", "map('a', 1, 2, 'x')", "map('a', 1, 'b', 'x')", "map('a', 1, 'b', true)", "map(0.0D, 1, -0.0D, 2)",
    "map(-0.0D, 1)", "map(double('NaN'), 1, double('NaN'), 2)", "map(float(0.0), 1, float('-0.0'), 2)", "map('a', null)", "map(X'01', 1)",
    "map(timestamp '2020-01-01 01:02:03', 1)", "map_from_arrays(b, a)", "map_from_arrays(array('p', 'q'), array(1, 2))",
    "map_from_arrays(array(1, 2), array('x', null))", "map_from_arrays(array(1), array(1, 2))", "map_from_arrays(array(1, 1), array(1, 2))",
    "map_from_arrays(array(1, null), array(1, 2))", "map_from_arrays(array(), array())", "map_from_arrays(a, a)", "map_from_arrays(i, a)",
    "map_from_arrays(a, i)", "map_from_arrays(null, array(1))", "map_from_arrays(array(map(1, 2)), array(1))", "map_from_arrays(array(1))",
    "map_from_entries(e)", "map_from_entries(array(struct(1, 'a'), struct(2, null)))", "map_from_entries(array(struct(1, 'a'), struct(1, 'b')))",
    "map_from_entries(array(struct(1, 'a'), null))", "map_from_entries(array(struct(cast(null as int), 'a')))",
    "map_from_entries(array(struct(1, 2, 3)))", "map_from_entries(array(1))", "map_from_entries(map_entries(m))",
    "map_from_entries(arrays_zip(b, a))", "map_from_entries(i)", "map_from_entries(null)", "map_from_entries(array(struct(map(1, 2), 1)))",
    "map_concat(m, m)", "map_concat(m, map('y', 9))", "map_concat(m)", "map_concat()", "map_concat(n, map(10, 'ten', 11, null))",
    "map_concat(map(1, 'a'), map('x', 1))", "map_concat(map(1, 2), map(2L, 3.5D))", "map_concat(m, n)", "map_concat(m, i)", "map_concat(m, null)",
    "map_concat(null, null)", "map_concat(map(), map('a', 1))", "map_concat(map('a', 1), map('a', 2))", "map_concat(d, map(0.5D, 1.5D))",
    "map_concat(map(1, 2), map(3, null))", "map_keys(m)", "map_keys(n)", "map_keys(d)", "map_keys(s)", "map_keys(map())", "map_keys(null)",
    "map_keys(i)", "map_keys(a)", "map_keys(m, m)", "map_values(m)", "map_values(s)", "map_values(l)", "map_values(q)", "map_values(map())",
    "map_values(i)", "map_values(null)", "map_entries(m)", "map_entries(n)", "map_entries(l)", "map_entries(map())", "map_entries(i)",
    "map_entries(null)", "map_entries(m)[0].value", "map_contains_key(m, 'a')", "map_contains_key(m, '')",
    "map_contains_key(n, 1)", "map_contains_key(n, 1L)", "map_contains_key(n, k)", "map_contains_key(d, double('NaN'))", "map_contains_key(d, 0.0D)",
    "map_contains_key(d, -0.0D)", "map_contains_key(d, 1)", "map_contains_key(m, null)", "map_contains_key(m, 1)", "map_contains_key(i, 1)",
    "map_contains_key(null, 1)", "map_contains_key(m, b[0])", "map_contains_key(map(1, 2), 1.5)", "map_contains_key(map(), 1)",
    "map_contains_key(map(struct(1), 2), struct(1))", "element_at(m, 'a')", "element_at(m, 'zz')", "element_at(n, 1)", "element_at(n, k)",
    "element_at(n, 1L)", "element_at(d, double('NaN'))", "element_at(d, 0.0D)", "element_at(d, -0.0D)", "element_at(m, null)", "element_at(m, 1)",
    "element_at(m, w)", "element_at(l, 1)", "element_at(q, 'o')", "element_at(element_at(q, 'o'), 'i')", "element_at(s, 'p').b",
    "try_element_at(m, 'a')", "try_element_at(m, 1)", "try_element_at(n, 2)", "try_element_at(n, 'x')", "element_at(map(1, 'a', 2, 'b'), 2)",
    "element_at(map('a', 1), 'a')", "element_at(map(), 1)", "element_at(t, date '2024-02-29')", "element_at(t, '2024-02-29')", "element_at(d, 1)",
    "m['a']", "m['zz']", "n[1]", "n[k]", "n[1L]", "n['1']", "m[1]", "d[0.0D]", "d[-0.0D]", "d[1]", "m[null]", "m[w]", "l[1][0]", "q['v']['x']",
    "s['p'].a", "s['p'].nope", "m.a", "m.b", "n.x", "q.v.x", "s.p.a", "map('a', 1)['a']", "map('a', 1).a", "map(1, 2)[1]", "map_values(map(1, 2))",
    "map_keys(map(1, 2))", "t[date '2024-02-29']", "map(array(1), 'x')[array(1)]", "map(1.5, 'x')[1.50]", "map(1.5, 'x')[1.5D]",
    "map(struct(1 as a), 'x')[struct(1 as a)] as v", "m[array('a')]", "size(m)", "cardinality(m)", "size(map())", "size(d)", "array_size(m)",
    "size(map_keys(m))", "map_filter(m, (x, v) -> v > 1)", "map_filter(m, (x, v) -> x = 'b')", "map_filter(m, (x, v) -> null)",
    "map_filter(m, (x, v) -> v > k)", "map_filter(n, (x, v) -> x > 1)", "map_filter(m, x -> true)", "map_filter(m, (x, v) -> v)",
    "map_filter(a, (x, v) -> true)", "map_filter(map(), (x, v) -> true)", "map_filter(m, (x, v, z) -> true)", "map_filter(l, (x, v) -> size(v) > 0)",
    "map_filter(m, (x, v) -> exists(a, y -> y = v))", "transform_keys(m, (x, v) -> upper(x))", "transform_keys(m, (x, v) -> concat(x, 'x'))",
    "transform_keys(n, (x, v) -> x + 1)", "transform_keys(m, (x, v) -> v)", "transform_keys(m, (x, v) -> 1)", "transform_keys(n, (x, v) -> v)",
    "transform_keys(n, (x, v) -> map(x, v))", "transform_keys(map(), (x, v) -> x)", "transform_keys(i, (x, v) -> x)", "transform_keys(m, x -> x)",
    "transform_keys(n, (x, v) -> cast(x as double) * 0)", "transform_values(m, (x, v) -> v + 1)",
    "transform_values(m, (x, v) -> concat(x, v))", "transform_values(m, (x, v) -> null)", "transform_values(m, (x, v) -> array(v, k))",
    "transform_values(l, (x, v) -> transform(v, y -> y + x))", "transform_values(q, (x, v) -> transform_values(v, (y, u) -> u * 2))",
    "transform_values(m, (x, v) -> 1)", "transform_values(i, (x, v) -> x)", "transform_values(m, (x, v) -> m[x])",
    "transform_values(m, (x, v) -> v / 0)", "map_zip_with(m, map('a', 'x'), (x, u, v) -> concat(u, v))", "map_zip_with(m, m, (x, u, v) -> u + v)",
    "map_zip_with(m, map('a', 10, 'y', 20), (x, u, v) -> coalesce(u, 0) + coalesce(v, 0))",
    "map_zip_with(n, map(1L, 'l'), (x, u, v) -> concat(x, u, v))", "map_zip_with(m, n, (x, u, v) -> u)", "map_zip_with(m, a, (x, u, v) -> u)",
    "map_zip_with(m, null, (x, u, v) -> u)", "map_zip_with(d, map(double('NaN'), 1, 0.0D, 2), (x, u, v) -> array(u, v))",
    "map_zip_with(m, m, (x, u) -> u)", "map_zip_with(map(), map(1, 2), (x, u, v) -> v)",
    "map_zip_with(cast(map(1, 2) as map<int,int>), map(1.5, 2), (x, u, v) -> v)", "str_to_map(w)", "str_to_map(w, ',')", "str_to_map(w, ';', '=')",
    "str_to_map('a:1,b:2,c')", "str_to_map('a:1,a:2')", "str_to_map('')", "str_to_map('a:b:c')", "str_to_map('a1b2c', '[0-9]', ':')",
    "str_to_map('x', ',', '')", "str_to_map(null)", "str_to_map('a', null)", "str_to_map(i)", "str_to_map('a:1,', ',')", "str_to_map(',', ',')",
    "str_to_map('ab', '', ':')", "str_to_map(w, ',', b[0])", "str_to_map('a.1|b.2', '|', '.')", "str_to_map('a:1,b:2', '(,', ':')", "typeof(m)",
    "typeof(map('a', array(1)))", "typeof(map())", "typeof(q)", "typeof(map(1.5, true))", "cast(m as string)", "cast(n as string)",
    "cast(d as string)", "cast(s as string)", "cast(l as string)", "cast(q as string)", "cast(t as string)", "cast(map() as string)",
    "cast(m as map<string,string>)", "cast(m as map<string,bigint>)", "cast(n as map<string,string>)", "cast(n as map<int,int>)",
    "cast(m as map<int,int>)", "cast(n as map<bigint,string>)", "cast(d as map<int,int>)", "cast(m as int)", "cast(m as array<int>)",
    "cast(i as map<int,int>)", "cast('x' as map<string,int>)", "cast(null as map<string,int>)", "cast(m as map<string,double>)",
    "cast(map(1.5D, 1, 1.7D, 2) as map<int,int>)", "try_cast(n as map<int,int>)", "try_cast(n as map<bigint,string>)", "try_cast(m as map<int,int>)",
    "cast(map() as map<string,int>)", "cast(map(1, null) as map<int,int>)", "cast(t as map<string,string>)",
    "cast(q as map<string,map<string,string>>)", "m is null", "m is not null", "isnull(n)", "coalesce(m, map('d', 1))", "coalesce(m, n)",
    "coalesce(m, map('d', 1L))", "if(k > 2, m, null)", "if(k > 2, m, map('e', 2.5D))", "if(k > 2, m, n)",
    "case when k = 0 then m when k = 3 then map('x', 0L) end", "nvl(m, map())", "nvl2(m, 1, 0)", "nullif(m, m)", "ifnull(n, map(0, 'zero'))", "m = m",
    "m <> n", "m < m", "m <=> m", "m in (m)", "m between m and m", "greatest(m, m)", "least(m, m)", "array(m) = array(m)", "struct(m) = struct(m)",
    "struct(m) < struct(m)", "hash(m)", "hash(struct(m))", "hash(array(m))", "xxhash64(m)", "hash(k, m)", "m + 1", "not m", "-m", "concat(m, m)",
    "concat(m, 'x')", "length(m)", "upper(m)", "array(m)", "array(m, null, map('n', 0))", "array(m)[0]['a']", "array(m, n)", "struct(m, n)",
    "struct(m).m", "array_contains(array(m), m)", "array_distinct(array(m, m))", "array_position(array(m), m)", "array_remove(array(m), m)",
    "array_union(array(m), array(m))", "arrays_overlap(array(m), array(m))", "sort_array(array(m))", "array_sort(array(m))", "array_max(array(m))",
    "array_min(array(m))", "array_except(array(m), array(m))", "array_intersect(array(m), array(m))", "array_repeat(m, 2)",
    "array_append(array(m), m)", "array_prepend(array(m), m)", "array_insert(array(m), 1, m)", "slice(array(m, m), 1, 1)", "flatten(array(array(m)))",
    "reverse(array(m))", "concat(array(m), array(m))", "arrays_zip(array(m), a)", "array_compact(array(m, null))", "array_join(array(m), ',')",
    "concat_ws(',', array(m))", "concat_ws(',', m)", "transform(array(m), x -> x['a']) as v", "filter(array(m, m), x -> x is not null)",
    "transform(map_entries(m), x -> x.value)",
    "exists(map_values(m), v -> v > 1)", "array_distinct(map_values(m))",
    "element_at(map_keys(m), 1)", "sort_array(map_keys(m))", "reverse(m)", "array_contains(m, 1)", "slice(m, 1, 1)", "explode(m)",
    "explode_outer(m)", "posexplode(m)", "posexplode_outer(m)", "explode(map_entries(m))", "inline(map_entries(m))", "inline_outer(map_entries(n))",
    "explode(map())", "explode(map(1, 'a', 2, 'b'))", "explode_outer(map())", "stack(2, m, m)", "stack(2, m, n)", "explode(array(m))", "explode(q)",
    "explode(s)", "inline(m)", "map('a', 1) as `x y`",
    "monotonically_increasing_id() as r", "map_from_arrays(map_keys(m), map_values(m))", "nanvl(m, 1)", "isnan(m)", "equal_null(m, m)",
    "assert_true(m is null or size(m) >= 0)", "hex(m)", "md5(m)", "base64(m)",
]
AGGREGATES = [
    "first(m)", "first(m, true)", "last(m)", "last(m, true)", "any_value(m)", "any_value(n, true)", "max_by(m, k)", "min_by(n, k)", "max_by(k, m)",
    "min_by(k, m)", "max(m)", "min(m)", "count(m)", "count(distinct m)", "collect_list(m)", "collect_list(map(k, i))", "collect_set(m)",
    "array_agg(l)", "sum(m)", "avg(m)", "max(size(m))", "sum(m['a'])", "map(k, count(1))",
    "map_from_arrays(collect_list(k), collect_list(k))", "map_from_entries(collect_list(struct(k, w)))", "count_if(map_contains_key(m, 'a'))",
    "listagg(m)", "first_value(d)", "last_value(s)", "max(struct(k, m))", "sum(distinct size(m))",
    "stddev(m)", "bool_or(m is null)", 
]


def query(text: str):
    return lambda s: frame(s).selectExpr(text)


for text in EXPRESSIONS + AGGREGATES:
    add(f"map {text}", query(text))
for text in AGGREGATES:
    add(f"map group {text}", lambda s, text=text: frame(s).groupBy(F.expr("k % 2").alias("g")).agg(F.expr(text).alias("v")).orderBy("g"))


# ---- DataFrames ------------------------------------------------------------------------------------


def spread(s: Scene):
    """Rows of the frame several times, in several partitions."""
    return s.once("spread map frame", lambda: frame(s).crossJoin(s.spark.range(20).withColumnRenamed("id", "r")).repartition(4, "r"))


def sql(text: str):
    return lambda s: (frame(s).createOrReplaceTempView("map_view"), s.spark.sql(text))[1]


add("map schema", lambda s: [frame(s).schema.json(), frame(s).dtypes, str(frame(s).schema), frame(s).schema.simpleString()])
add("map printSchema", lambda s: [shown(frame(s).printSchema), shown(lambda: frame(s).printSchema(1)), shown(lambda: frame(s).printSchema(2))])
add("map show",
    lambda s: [shown(frame(s).show), shown(lambda: frame(s).show(3, truncate=False)), shown(lambda: frame(s).select("m", "q").show(vertical=True,
        truncate=False))])
add("map collect", lambda s: frame(s))
add("map take", lambda s: [frame(s).take(2), frame(s).head(), frame(s).tail(1), frame(s).limit(3).collect()])
add("map toPandas", lambda s: [str(row) for row in frame(s).select("k", "m", "n").toPandas().to_dict("records")])
add("map toArrow", lambda s: [str(frame(s).select("k", "m", "l").toArrow().schema), str(frame(s).select("m", "l").toArrow().to_pylist())])
add("map filter", lambda s: frame(s).filter("m is not null and size(m) > 1").select("k", "m", "s"))
add("map filter key", lambda s: frame(s).filter(F.col("m")["a"] > 1).select("k", "q"))
add("map sort payload", lambda s: frame(s).orderBy(F.desc("k")).select("k", "m", "q"))
add("map sort by value", lambda s: frame(s).orderBy(F.col("m").getItem("a").desc_nulls_last(), "k").select("k", "m"))
add("map sort by map", lambda s: frame(s).orderBy("m"))
add("map sort by struct", lambda s: frame(s).orderBy(F.struct("m")))
add("map sortWithinPartitions", lambda s: frame(s).sortWithinPartitions("m"))
add("map join payload", lambda s: frame(s).alias("x").join(frame(s).alias("y"), F.expr("x.k = y.i")).select("x.k", "x.m", "y.n").orderBy("k"))
add("map left join", lambda s: frame(s).select("k", "m").join(s.spark.range(3).withColumnRenamed("id", "k"), "k", "right").orderBy("k"))
add("map join on map", lambda s: frame(s).alias("x").join(frame(s).alias("y"), F.expr("x.m = y.m")))
add("map join using map", lambda s: frame(s).join(frame(s), "m"))
add("map join on value", lambda s: frame(s).alias("x").join(frame(s).alias("y"), F.expr("x.m['a'] = y.i")).selectExpr("x.k", "y.m").orderBy("k"))
add("map cross", lambda s: frame(s).select("m").crossJoin(frame(s).filter("k = 0").select("n")))
add("map union", lambda s: frame(s).select("k", "m").union(frame(s).select("k", F.create_map(F.lit("u"), F.col("i")))).orderBy("k"))
add("map union wider", lambda s: frame(s).select("k", "m").union(frame(s).select("k", F.create_map(F.lit("u"), F.lit(1.5)))).orderBy("k", F.size("m")))
add("map union differ", lambda s: frame(s).select("m").union(frame(s).select("n")))
add("map unionByName", lambda s: frame(s).select("k", "m").unionByName(frame(s).select("m", "k")).orderBy("k"))
add("map unionByName missing",
    lambda s: frame(s).select("k", "m").unionByName(frame(s).select("k"), allowMissingColumns=True).orderBy("k", F.expr("m is null")))
add("map distinct", lambda s: frame(s).select("m").distinct())
add("map dropDuplicates", lambda s: frame(s).dropDuplicates())
add("map dropDuplicates of map", lambda s: frame(s).dropDuplicates(["m"]))
add("map dropDuplicates of key", lambda s: frame(s).select("k", "m").dropDuplicates(["k"]).orderBy("k"))
add("map intersect", lambda s: frame(s).select("m").intersect(frame(s).select("m")))
add("map except", lambda s: frame(s).select("m").subtract(frame(s).select("m")))
add("map exceptAll", lambda s: frame(s).select("k", "m").exceptAll(frame(s).select("k", "m")))
add("map sql union", sql("SELECT m FROM map_view UNION SELECT m FROM map_view"))
add("map distinct of struct", lambda s: frame(s).select(F.struct("m")).distinct())
add("map groupBy map", lambda s: frame(s).groupBy("m").count().orderBy("count", F.size("m")))
add("map repartition by map", lambda s: frame(s).repartition(2, "m").select("k"))
add("map repartition", lambda s: spread(s).groupBy("k").agg(F.first("m").alias("m"), F.count("m").alias("c"), F.last("q", True).alias("q")).orderBy("k"))
add("map spread sort", lambda s: spread(s).orderBy("k", "r").select("k", "r", "m", "s").limit(30))
add("map spread explode", lambda s: spread(s).select("r", F.explode("m")).groupBy("key").agg(F.sum("value").alias("v"), F.count("r").alias("c")).orderBy("key"))
add("map spread filter",
    lambda s: spread(s).select("k", "r", F.map_filter("m", lambda k, v: v > F.col("r") / 4).alias("f")).filter("size(f) > 0").orderBy("k", "r").limit(20))
add("map spread join", lambda s: spread(s).select("k", "r", "m").join(frame(s).select("k", "n"), "k").orderBy("k", "r").limit(25))
add("map cache", lambda s: [(c := spread(s).select("k", "r", "m", "l").cache()).count(), c.filter("r = 3").orderBy("k").collect(), c.unpersist() and None])
add("map checkpoint", lambda s: spread(s).select("k", "m").filter("r = 1").coalesce(1).orderBy("k"))
add("map sample", lambda s: frame(s).sample(1.0, seed=3).select("m"))
add("map withColumn", lambda s: frame(s).withColumn("z", F.create_map("k", "w")).select("k", "z"))
add("map drop", lambda s: frame(s).drop("m", "n", "d", "s", "q", "t", "l"))
add("map isEmpty",
    lambda s: [frame(s).select("m").isEmpty(), frame(s).filter("k > 9").select("m").collect(), frame(s).filter("k > 9").select("m").schema.json()])
add("map of no rows", lambda s: s.spark.createDataFrame([], SCHEMA))
add("map na drop", lambda s: frame(s).select("k", "m").na.drop())
add("map na drop all", lambda s: frame(s).select("m", "n").na.drop("all"))
add("map na fill", lambda s: frame(s).select("k", "m").na.fill(7))
add("map na fill of map", lambda s: frame(s).select("k", "m").na.fill(7, ["m"]))
add("map na replace", lambda s: frame(s).select("k", "m", "w").na.replace("", "empty"))
add("map describe", lambda s: frame(s).describe())
add("map describe of map", lambda s: frame(s).describe("m"))
add("map summary", lambda s: frame(s).summary("count", "min"))
add("map to",
    lambda s: frame(s).select("k", "m").to(T.StructType([T.StructField("m", T.MapType(T.StringType(), T.LongType()))])))
add("map to same", lambda s: frame(s).select("k", "m").to(T.StructType([T.StructField("m", T.MapType(T.StringType(), T.IntegerType()))])))
add("map to not null", lambda s: frame(s).select("m").to(T.StructType([T.StructField("m", T.MapType(T.StringType(), T.IntegerType(), False))])))
add("map to other", lambda s: frame(s).select("m").to(T.StructType([T.StructField("m", T.MapType(T.StringType(), T.ArrayType(T.IntegerType())))])))
add("map lateral view",
    sql("SELECT k, x, y FROM map_view LATERAL VIEW explode(m) t AS x, y ORDER BY k, x"))
add("map lateral view outer",
    sql("SELECT k, t.* FROM map_view LATERAL VIEW OUTER explode(n) t ORDER BY k, key"))
add("map lateral view pos",
    sql("SELECT k, p, x, y FROM map_view LATERAL VIEW posexplode(l) t AS p, x, y ORDER BY k, p"))
add("map table function", lambda s: s.spark.sql("SELECT * FROM explode(map('a', 1, 'b', 2))"))
add("map tvf", lambda s: s.spark.tvf.explode(F.create_map(F.lit("a"), F.lit(1))))
add("map sql group",
    sql("SELECT m['a'] v, count(*) c FROM map_view GROUP BY m['a'] HAVING count(*) > 0 ORDER BY v"))
add("map sql cast", lambda s: s.spark.sql("SELECT CAST(map('1', '2') AS MAP<INT, BIGINT>) m, MAP(1, 'a')[1] v, map('x', NULL).x y"))
add("map sql create", lambda s: s.spark.sql("SELECT map(id, array(id, id + 1)) m FROM range(3)"))
add("map window",
    sql("SELECT k, lag(m) OVER (ORDER BY k) g, first_value(n) OVER (ORDER BY k DESC) f, last(m, true) OVER (ORDER BY k) l FROM map_view ORDER BY k"))
add("map window by map",
    sql("SELECT k, count(*) OVER (PARTITION BY m) c FROM map_view ORDER BY k"))
add("map window order map",
    sql("SELECT k, rank() OVER (ORDER BY m) c FROM map_view ORDER BY k"))
add("map window collect", sql("SELECT k, collect_list(m) OVER (ORDER BY k ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) g FROM map_view ORDER BY k"))
add("map pivot", lambda s: frame(s).groupBy("k").pivot("i", [1, 3]).agg(F.first("m")).orderBy("k"))
add("map unpivot", lambda s: frame(s).select("k", "m", F.col("m").alias("o")).unpivot("k", ["m", "o"], "name", "value").orderBy("k", "name"))
add("map rollup", lambda s: frame(s).rollup("k").agg(F.first("m").alias("m")).orderBy(F.col("k").asc_nulls_first()))
add("map subquery",
    sql("SELECT k, (SELECT m FROM map_view WHERE k = 0) v FROM map_view ORDER BY k"))
add("map in subquery", sql("SELECT k FROM map_view WHERE m IN (SELECT m FROM map_view)"))
add("map values", lambda s: s.spark.sql("SELECT * FROM VALUES (1, map('a', 1)), (2, map('b', 2L)), (3, NULL) AS t(k, m)"))
add("map functions", lambda s: frame(s).select(
    F.create_map("k", "i").alias("a"), F.create_map(["k", "i"]).alias("b"), F.map_keys("m").alias("c"), F.map_values("m").alias("d"),
    F.map_entries("n").alias("e"),
    F.map_contains_key("m", "a").alias("f"), F.element_at("m", "a").alias("g"), F.col("m")["a"].alias("h"), F.col("m").getItem("b").alias("i"),
    F.col("m").a.alias("j"),
    F.map_from_arrays(F.map_keys("m"), F.map_values("m")).alias("k2"), F.map_from_entries("e").alias("l"), F.map_concat("m", F.create_map(F.lit("new"),
    F.lit(0))).alias("mm"),
    F.map_filter("m", lambda k, v: v > 1).alias("n"), F.transform_keys("m", lambda k, v: F.upper(k)).alias("o"), F.transform_values("m", lambda k,
    v: v * 10).alias("p"),
    F.map_zip_with("m", "m", lambda k, a, b: a + b).alias("q"), F.str_to_map("w").alias("r"), F.str_to_map("w", F.lit(";"), F.lit("=")).alias("s"),
    F.size("m").alias("t"),
    F.cardinality("m").alias("u"), F.try_element_at("m", F.lit("a")).alias("v"), F.col("m")[F.col("w")].alias("x"), F.typeof("m").alias("y")))
add("map names",
    lambda s: frame(s).select(F.col("m")["a"], F.col("m").getItem("a"), F.col("m").getField("a"), "m.a", F.col("m.a"), F.col("n")[1], F.create_map("k",
        "i"), F.map_keys("m"),
                                           F.col("s")["p"]["a"], F.col("s")["p"].b, F.element_at("m", "a"), F.explode("m")))
add("map explode names", lambda s: frame(s).select("k", F.explode("m").alias("x", "y")))
add("map explode one name", lambda s: frame(s).select(F.explode("m").alias("x")))
add("map posexplode names", lambda s: frame(s).select(F.posexplode_outer("m").alias("p", "x", "y")))
add("map explode withColumn", lambda s: frame(s).select("k", "m").withColumn("x", F.explode("m")))
add("map explode withColumns", lambda s: frame(s).select("k", "m").withColumn("key", F.explode(F.map_keys("m"))))
add("map explode two", lambda s: frame(s).filter("k = 0").select(F.explode("m"), F.explode("n")))
add("map case of names", lambda s: frame(s).selectExpr("M['a'] as v", "M.a as w", "m['A'] as x", "m.A as y"))
add("map dots", lambda s: s.spark.createDataFrame([({"x.y": 1},)], "`a.b` map<string,int>").selectExpr("`a.b`['x.y'] as v", "`a.b`.`x.y` as w", "`a.b`"))
add("map dict rows", lambda s: s.spark.createDataFrame([({"a": 1}, 1), ({"b": None}, 2), (None, 3)], ["m", "i"]))
add("map dict of lists",
    lambda s: s.spark.createDataFrame([{"m": {"a": [1, 2]}}, {"m": {}}], T.StructType([T.StructField("m", T.MapType(T.StringType(),
        T.ArrayType(T.LongType())))])))
add("map not null values",
    lambda s: s.spark.createDataFrame([({"a": 1},)], T.StructType([T.StructField("m", T.MapType(T.StringType(), T.IntegerType(), False), False)]))
    .selectExpr("m", "m['a'] v", "map_values(m) w", "map_entries(m) e",
        "transform_values(m, (k, v) -> v) t", "map_filter(m, (k, v) -> true) f"))
add("map time keys",
    lambda s: s.spark.createDataFrame([({datetime.datetime(2020, 1, 2, 3, 4, 5): 1},)], "m map<timestamp,int>").selectExpr("m", "map_keys(m)[0] t",
        "cast(m as string) s"))
add("map binary", lambda s: s.spark.createDataFrame([({"a": bytearray(b"xy")},)], "m map<string,binary>").selectExpr("m", "cast(m as string) s", "m['a'] v"))
add("map show binary", lambda s: shown(s.spark.createDataFrame([({"a": bytearray(b"xy"), "b": None},)], "m map<string,binary>").show))
add("map pandas", lambda s: s.spark.createDataFrame(frame(s).select("k", "m").toPandas(), "k int, m map<string,int>"))
add("map arrow", lambda s: s.spark.createDataFrame(pa.table({"k": [1, 2, 3], "m": pa.array([[("a", 1)], None, []], pa.map_(pa.string(), pa.int64()))})))
add("map arrow large",
    lambda s: s.spark.createDataFrame(pa.table({"m": pa.array([[(1, ["x"])], None], pa.map_(pa.int32(), pa.large_list(pa.large_string())))})))
add("map default names", lambda s: s.spark.createDataFrame([(1, {"a": {"b": 1}})]))
add("map deep",
    lambda s: s.spark.createDataFrame([({"a": [{"b": ({"c": 1},)}]},)], "m map<string,array<map<string,struct<x:map<string,int>>>>>").selectExpr("m",
        "m.a[0]['b'].x.c as v", "m['a'][0].b.x['c']"))
add("map duplicates from python",
    lambda s: s.spark.createDataFrame(frame(s).filter("k = 0").select("m").collect(), "m map<string,int>").selectExpr("size(m)", "m"))
add("map lit null", lambda s: frame(s).select(F.lit(None).cast("map<string,int>").alias("m")).limit(1))
add("map ddl",
    lambda s: [T._parse_datatype_string("m map<string,array<int>>").json(),
               s.spark.createDataFrame([], "m MAP < STRING , map<int, decimal(5,2)> > NOT NULL").schema.json()])
add("map ddl bad", lambda s: s.spark.createDataFrame([], "m map<string>").schema)
add("map cast text",
    lambda s: frame(s).select(F.col("m").cast("map<string,string>").alias("x"), F.col("n").cast(T.MapType(T.LongType(), T.StringType())).alias("y")))

# ---- files -----------------------------------------------------------------------------------------


def through(name: str, kind: str, rows, **options):
    """What reading gives after writing."""

    def run(s: Scene):
        path = f"{s.output}/map_{name}"
        writer = rows(s).write.mode("overwrite")
        for key, value in options.get("write", {}).items():
            writer = writer.option(key, value)
        getattr(writer, kind)(path)
        reader = s.spark.read
        if "schema" in options:
            reader = reader.schema(options["schema"])
        if "text" in options:
            return sorted(row.value for row in s.spark.read.text(path).collect())
        return getattr(reader, kind)(path).orderBy("k")

    return run


def texts(name: str, lines: list[str], schema: str, **options):
    def run(s: Scene):
        path = f"{s.output}/map_json_{name}"
        s.spark.createDataFrame([(line,) for line in lines], "value string").coalesce(1).write.mode("overwrite").text(path)
        reader = s.spark.read.schema(schema)
        for key, value in options.items():
            reader = reader.option(key, value)
        return reader.json(path)

    return run


add("map parquet", through("parquet", "parquet", frame))
add("map parquet schema", through("parquet_schema", "parquet", frame, schema="n map<int,string>, k int, m map<string,int>"))
add("map parquet other schema", through("parquet_other", "parquet", lambda s: frame(s).select("k", "m"), schema="k int, m map<int,int>"))
add("map parquet list schema", through("parquet_list", "parquet", lambda s: frame(s).select("k", "m"), schema="k int, m array<int>"))
add("map parquet partitioned",
    lambda s: (frame(s).select("k", "m", "i").write.mode("overwrite").partitionBy("i").parquet(f"{s.output}/map_by"),
        s.spark.read.parquet(f"{s.output}/map_by").orderBy("k"))[1])
add("map parquet by map", lambda s: frame(s).select("k", "m").write.mode("overwrite").partitionBy("m").parquet(f"{s.output}/map_by_map"))
add("map parquet spread",
    through("parquet_spread", "parquet", lambda s: spread(s).filter("r < 3").select(F.expr("k * 100 + r").cast("int").alias("k"), "m", "l", "s")))
add("map json lines", through("json_lines", "json", lambda s: frame(s).select("k", "m", "n", "l", "q", "s"), text=True))
add("map json lines nulls", through("json_nulls", "json", lambda s: frame(s).select("k", "m", "q"), text=True, write={"ignoreNullFields": "false"}))
add("map json keys", through("json_keys", "json", lambda s: frame(s).selectExpr(
    "map(1.5D, 1) a", "map(date '2020-01-02', 1) b", "map(timestamp '2020-01-02 03:04:05', 1) c", "map(1.50, 1) d",
    "map(true, 1) e", "map(float(0.1), 1) f", "map(cast(1 as decimal(20,2)), 1) g").limit(1), text=True))
add("map json back", through("json_back", "json", lambda s: frame(s).select("k", "m", "q"), schema="k int, m map<string,int>, q map<string,map<string,int>>"))
add("map json inferred", through("json_inferred", "json", lambda s: frame(s).select("k", "m")))
add("map json read",
    texts("read", ['{"m": {"a": 1, "b": null}}', '{"m": {}}', '{"m": null}', '{}', '{"m": {"a": 1, "a": 2}}', '{"m": {"x": "1"}}', '{"m": 5}', '{"m": []}',
        '{"m": [1]}', '{"m": "x"}',
                                    '{"m": {"a": 1, "b": "x", "c": 3}}', '{"m": {"a": 1.5}}', '{"m": {"a": {}}}', '{"m": {"": 7}}',
                                    '{"m": {"\\u00e9\\n": 7}}'], "m map<string,int>"))
add("map json read corrupt",
    texts("corrupt", ['{"m": {"a": 1}}', '{"m": {"a": "x", "b": 2}}', '{"m": 5}',
        '{"m": {"a": 1}, "m": {"b": 2}}', '{"m": {"a": }}'], "m map<string,int>, _corrupt_record string"))
add("map json read nested",
    texts("nested", ['{"m": {"a": {"x": 1, "y": "z"}, "b": {"x": "bad"}, "c": null}}', '{"m": {"a": [1]}}', '{"m": {"a": {"x": 1}, "b": 7}}'],
        "m map<string,struct<x:int,y:string>>"))
add("map json read lists", texts("lists", ['{"m": {"a": [1, 2], "b": []}}', '{"m": {"a": [1, "x"], "b": [3]}}', '{"m": {"a": 1}}'], "m map<string,array<int>>"))
add("map json read maps", texts("maps", ['{"m": {"a": {"b": 1}, "c": {}}}', '{"m": {"a": {"b": "x"}, "c": {"d": 2}}}'], "m map<string,map<string,int>>"))
add("map json read failfast", texts("failfast", ['{"m": {"a": 1}}', '{"m": {"a": "x"}}'], "m map<string,int>", mode="FAILFAST"))
add("map json read dropmalformed", texts("drop", ['{"m": {"a": 1}}', '{"m": {"a": "x"}}', '{"m": 3}'], "m map<string,int>", mode="DROPMALFORMED"))
add("map json read int keys", texts("int_keys", ['{"m": {"1": 1}}'], "m map<int,int>"))
add("map csv", lambda s: frame(s).select("k", "m").write.mode("overwrite").csv(f"{s.output}/map_csv"))
add("map csv read", lambda s: s.spark.read.schema("m map<string,int>").csv(f"{s.output}/map_parquet").collect())
add("map text", lambda s: frame(s).select("m").write.mode("overwrite").text(f"{s.output}/map_text"))
add("map table", lambda s: s.table("maps").orderBy("k"))
add("map table schema", lambda s: [s.table("maps").schema.json(), shown(s.table("maps").printSchema)])
add("map table filter", lambda s: s.table("maps").filter("size(m) > 3 and l[k + 1] is null").select("k", "s").orderBy("k"))
add("map table explode",
    lambda s: s.table("maps").select("k", F.explode("m")).groupBy("key").agg(F.sum("value").alias("v"), F.max("k").alias("k")).orderBy("key"))
add("map table aggregates",
    lambda s: s.table("maps").groupBy((F.col("k") % 3).alias("g")).agg(F.max_by("m", "k").alias("m"), F.min_by("s", "k").alias("s"),
        F.count("m")).orderBy("g"))
add("map table written", through("table_written", "parquet", lambda s: s.table("maps").withColumn("z", F.map_concat("s", F.expr("map('z', null)")))))
