"""Cases of functions that read and write texts: JSON, CSV."""

from __future__ import annotations

import datetime
import decimal

from pyspark.sql import functions as F
from pyspark.sql import types as T

from recorder import Scene, add

JSONS = [
    '{"a":1,"b":"x","c":{"d":1.50,"e":[1,null,{"f":"g"}]}}', '{"a":"x","b":2}', '{"b":true,"a":-0}', "[1, 2.0, \"é\\ud83d\\ude00\\u0001\\/\"]",
    '[{"a":1},{"a":"x"},{"b":null}]', "{'a':'q\\nr'}", "", " ", "null", "x", '{"a":1', '{"a":1} junk', '{"a":1,"a":2}', None, "7", '"s"', "true",
    '{"a":NaN}', '{"a":1e3,"b":12345678901234567890123,"c":1E400}', '{"A":5}', '{"a":null}', "{}", "[]", '[[1,[2]],[3]]', '[[{"a":1},{"a":2}],[{"a":3}]]',
    '{"a":{"b":[{"c":1},{"c":"z"},{"d":0}]}}', '{"a":"2024-02-29","b":"2024-02-29T01:02:03.5Z"}', '{"a b":1,"c.d":{"e":2}}', '{"a":\t[ 1 , 2 ] }',
]
VALUES = ("k int, s struct<i:int,t:string,n:struct<x:double,y:array<int>>>, m map<string,int>, a array<struct<p:bigint,q:date>>, e map<int,string>, "
          "d decimal(10,2), f float, z timestamp, y binary, v array<int>")
ROWS = [
    (0, (1, "é\"\\/\n\x01", (1.5, [1, None])), {"u": 1, "v": None}, [(5, datetime.date(2024, 2, 29)), (None, None)], {1: "x"}, decimal.Decimal("1.50"),
     2.5, datetime.datetime(2024, 2, 29, 1, 2, 3, 456789), b"\x01\x02", [1, 2]),
    (1, (None, None, None), {}, [], {}, None, None, None, None, []),
    (2, None, None, None, None, None, None, None, None, None),
    (3, (3, "", (float("nan"), [])), {"w": 0}, [None], {-1: None}, decimal.Decimal("-0.01"), float("inf"), datetime.datetime(1969, 12, 31, 23, 59, 59), b"",
        None),
]


def texts(s: Scene):
    return s.once("json texts", lambda: s.spark.createDataFrame(list(enumerate(JSONS)), "k int, j string").coalesce(1))


def values(s: Scene):
    return s.once("text values", lambda: s.spark.createDataFrame(ROWS, VALUES).coalesce(1))


def query(frame, text: str):
    return lambda s: frame(s).selectExpr("k", text)


FROM_JSON = [
    "'a int'", "'a string, b string'", "'a int, b string, _corrupt_record string'", "'array<int>'", "'array<string>'", "'array<struct<a:int>>'",
    "'map<string,int>'", "'map<string,string>'", "'array<array<int>>'", "'a double, b bigint, c struct<d:double,e:array<string>>'",
    "'a string not null, zz int'",
    "'struct<a:bigint,A:int>'", "'a date, b timestamp'", "'a boolean'", "'a decimal(10,2), b decimal(38,0)'", "'a array<int>'", "'a map<string,array<string>>'",
    "'a tinyint, b float'", "'`a b` int, `c.d` struct<e:int>'", "schema_of_json('{\"a\":1,\"b\":[\"x\"]}')", "schema_of_json('[1]')",
    "'a int, c string', map('columnNameOfCorruptRecord', 'c')", "'a int, b string', map('mode', 'PERMISSIVE')",
    "'a double', map('allowNonNumericNumbers', 'false')",
    "'a string', map('allowSingleQuotes', 'false')", "'a date', map('dateFormat', 'dd/MM/yyyy')",
    "'b timestamp', map('timestampFormat', 'yyyy-MM-dd''T''HH:mm:ss.SX')",
]
for text in FROM_JSON:
    add(f"json from_json {text}", query(texts, f"from_json(j, {text}) as v"))
    add(f"json from_json filtered {text}", lambda s, text=text: texts(s).filter("k in (0, 4, 12)").selectExpr(f"from_json(j, {text})"))
ERRORS = [
    "from_json(j, 'a int', map('mode', 'FAILFAST'))", "from_json(j, 'a int', map('mode', 'DROPMALFORMED'))", "from_json(j, 'int')",
    "from_json(j, 'map<int,int>')",
    "from_json(j, 'a map<int,int>')", "from_json(j, 'a int, _corrupt_record int')", "from_json(k, 'a int')", "from_json(j, 1)", "from_json(j, j)",
    "from_json(j)",
    "from_json(j, cast(null as string))", "from_json(j, 'a int', 'b')", "from_json(j, 'a int', map('a', 1))", "from_json(j, 'a int', map('a', null))",
    "from_json(j, 'a int', map(j, 'x'))", "from_json(j, 'a intx')", "from_json(j, 'foo')",
    "from_json(j, 'a int', map(), 1)", "from_json(j, 'a int', map())", "schema_of_json(j)",
    "schema_of_json(1)", "schema_of_json(null)", "schema_of_json(cast(null as string))", "schema_of_json()", "schema_of_json('1', 'x')", "to_json(j)",
    "to_json(k)",
    "to_json()", "to_json(struct(k), 'x')", "to_json(struct(k), map('x', 1))", "get_json_object(j)", "get_json_object(k, '$')", "get_json_object(j, k)",
    "json_array_length(k)", "json_array_length()", "json_array_length(j, j)", "json_object_keys(k)", "json_object_keys()", "json_tuple(j)", "json_tuple()",
    "json_tuple(j, k)", "json_tuple(k, 'a')", "json_tuple(null, 'a')", "upper(json_tuple(j, 'a'))", "json_tuple(j, 'a', 'b') as p",
]
for text in ERRORS:
    add(f"json error {text}", query(texts, text))
for text in ["'a int'", "'array<int>'", "'map<string,int>'"]:
    for one in ('{"a":1}', '{"a":"x"}', "[1]", "x", "", "null", "[1,\"x\"]"):
        add(f"json failfast {text} {one}", lambda s, text=text, one=one: texts(s).limit(1).select(
            F.expr(f"from_json('{one}', {text}, map('mode', 'FAILFAST'))")))
SCHEMAS = ['{"a":1,"b":[1.5,2],"c":{"d":null}}', "[1,2]", "1", '"x"', "null", "{}", "[]", "[{}]", '[{"a":1},{"b":2}]', "", '{"a":12345678901234567890}',
    '{"a":1} x',
           '{"a b":1,"x-y":true}', '{"a":"2020-01-01T00:00:00"}', '{"a":[{"b":1},{"c":"x"}]}', "{'a':01}", '[1,"x",null]', "[[],[1]]", '{"a":NaN}', '{"a":{}}']
for text in SCHEMAS:
    quoted = text.replace("'", "\\'")
    add(f"json schema_of_json {text}", lambda s,
        quoted=quoted: texts(s).limit(1).selectExpr(f"schema_of_json('{quoted}', map('allowNumericLeadingZeros', 'true'))"))
for option in ("inferTimestamp", "primitivesAsString", "dropFieldIfAllNull"):
    add(f"json schema_of_json {option}", lambda s, option=option: texts(s).limit(1).select(
        F.schema_of_json('{"a":"2020-01-01T00:00:00","b":1,"c":null,"d":[null],"e":true}', {option: "true"})))
TO_JSON = [
    "s", "m", "a", "e", "v", "struct(k, d, f, z, y)", "named_struct('x', null, 'y', k)", "array(m)", "map('a', s)", "struct(s, m, a)", "array(1, null)", "null",
    "s, map('ignoreNullFields', 'false')", "s, map('pretty', 'true')", "struct(s, m, a, v), map('pretty', 'true')", "v, map('pretty', 'true')",
    "m, map('pretty', 'true')", "struct(m, v), map('pretty', 'true', 'ignoreNullFields', 'false')", "struct(z), map('timestampFormat', 'dd/MM/yyyy HH:mm')",
    "a, map('dateFormat', 'dd/MM/yyyy')", "struct(z), map('timeZone', 'America/New_York')", "struct(k as `a b`, f as `\"`)",
    "struct(double(1e20) x, 1e-5D y, float(1e10) z)",
    "map(date'2024-02-29', 1)", "map(1.5D, 'x')", "struct(true b, 1Y c, 2S d, 3L e)", "from_json('{\"q\":[1,{\"r\":null}]}', 'q array<string>')",
]
for text in TO_JSON:
    add(f"json to_json {text}", query(values, f"to_json({text})"))
PATHS = ["$", "$.a", "$.b", "$.c.d", "$.c.e", "$.c.e[2].f", "$[0]", "$[1]", "$[*]", "$[*].a", "$[*][*]", "$[*][*].a", "$[0][*].a", "$[*][0].a", "$.a.b[*].c",
    "$.a.*", "$.*",
         "$['a b']", "$['c.d'].e", "$['c.d']['e']", "$.a b", "a", "", "$.", "$a", "$..a", "$[ 1]", "$[1 ]", "$. a", " $.a", "$.a ", "$['*']", "$['a", "$[-1]",
         "$[99999999999999999999]",
         "$.c.e[*]", "$.a.b[*]", "$[*][*][*]", "$.c[0]", "$.a[0]", "$.a[*]", "$[0].a", "$.A", "$['']"]
for path in PATHS:
    quoted = path.replace("'", "\\'")
    add(f"json path {path}", query(texts, f"get_json_object(j, '{quoted}') as v"))
for text in [
    "json_array_length(j)", "json_object_keys(j)", "json_tuple(j, 'a', 'b')", "json_tuple(j, 'a', 'a', 'zz')", "json_tuple(j, 'c')", "json_tuple(j, 'a', null)",
    "get_json_object(j, null)", "get_json_object(null, '$')", "get_json_object(j, concat('$.', chr(97 + k % 2)))", "json_array_length(null)",
    "json_tuple(j, 'a', 'b') as (p, q)", "get_json_object(j, '$.a')", "json_tuple(j, chr(97 + k % 3))", "from_json(j, 'a int').a",
    "from_json(j, 'map<string,string>')['a']",
]:
    add(f"json {text}", query(texts, text))


def sql(frame, text: str):
    return lambda s: (frame(s).createOrReplaceTempView("text_view"), s.spark.sql(text))[1]


add("json lateral view", sql(texts, "SELECT k, t.* FROM text_view LATERAL VIEW json_tuple(j, 'a', 'b') t AS p, q ORDER BY k"))
add("json lateral view names", sql(texts, "SELECT k, t.* FROM text_view LATERAL VIEW OUTER json_tuple(j, 'a', 'b') t ORDER BY k"))
add("json tuple in from", sql(texts, "SELECT * FROM json_tuple('{\"a\":1,\"b\":2}', 'a', 'b')"))
add("json tuple DataFrame", lambda s: texts(s).select("k", F.json_tuple("j", "a", "b")))
add("json tuple alias", lambda s: texts(s).select("k", F.json_tuple("j", "a", "b").alias("x", "y")))
add("json where", sql(texts, "SELECT k, j FROM text_view WHERE get_json_object(j, '$.a') = '1' ORDER BY k"))
add("json group", sql(texts, "SELECT get_json_object(j, '$.a') a, count(*) c FROM text_view GROUP BY get_json_object(j, '$.a') ORDER BY a"))
add("json from_json struct", lambda s: texts(s).select("k", F.from_json("j", T.StructType([T.StructField("a", T.IntegerType(), False), T.StructField("b",
    T.StringType())]))))
add("json from_json array type", lambda s: texts(s).select("k", F.from_json("j", T.ArrayType(T.StructType().add("a", T.LongType())))))
add("json from_json map type", lambda s: texts(s).select("k", F.from_json("j", T.MapType(T.StringType(), T.StringType(), False)).alias("m")))
add("json from_json options", lambda s: texts(s).select("k", F.from_json("j", "a double, _corrupt_record string", {"mode": "PERMISSIVE",
    "allowComments": True})))
add("json from_json of column schema", lambda s: texts(s).select("k", F.from_json("j", F.schema_of_json(F.lit('{"a":1,"b":"x"}')))))
add("json from_json star", lambda s: texts(s).select("k", F.from_json("j", "a string, b string").alias("v")).select("k", "v.*"))
add("json round trip", lambda s: values(s).select("k", F.from_json(F.to_json("s"), "i int, t string, n struct<x:double,y:array<int>>").alias("v")))
add("json to_json options", lambda s: values(s).select("k", F.to_json(F.struct("k", "s", "z"), {"ignoreNullFields": "false", "timestampFormat": "yyyy"})))
add("json several partitions", lambda s: texts(s).crossJoin(s.spark.range(5).withColumnRenamed("id", "r")).repartition(3, "r").select(
    "k", "r", F.from_json("j", "a string").alias("v"), F.json_array_length("j").alias("n")).orderBy("k", "r"))
add("json no rows", lambda s: texts(s).filter("k < 0").select(F.from_json("j", "a int, b array<string>"), F.to_json(F.struct("k")), F.json_object_keys("j")))
