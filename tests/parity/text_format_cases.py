"""Cases of functions that read and write texts by a format: CSV, numbers, codes, addresses; and of functions that draw."""

from __future__ import annotations

import datetime
import decimal

from pyspark.sql import functions as F

from recorder import Scene, add

CSVS = ["1,x", "1", "1,x,y", "q,x", "", " ", "#x", None, "1,x\n2,y", '1,"x\ny"', '1,"x,""y"', '1,"x\\"y"', " 1 , x ", "1;x", ",", ",,", '"1","2"', "NaN,Inf",
        "2024-02-29,2024-02-29T01:02:03", "true,1.5", "12345678901,a", "é,ü", '"a', "1,null", "-0,\t"]
VALUES = ("k int, i int, t string, d date, z timestamp, f double, c decimal(12,3), y binary, a array<int>, m map<string,int>, "
          "s struct<p:int,q:string>, b boolean")
ROWS = [
    (0, 1, "x y", datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 1, 2, 3, 456789), 1.5, decimal.Decimal("12.345"), b"AB", [1, None], {"u": 1}, (1,
        "q"), True),
    (1, None, None, None, None, None, None, None, None, None, None, None),
    (2, -12, 'q,"r', datetime.date(1900, 1, 1), datetime.datetime(1969, 12, 31, 23, 59, 59), float("nan"), decimal.Decimal("-0.500"), b"", [], {}, (None,
        None), False),
    (3, 1234567, "#x\ny", None, None, 1e20, decimal.Decimal("0.000"), b"\xff", [3], None, None, None),
    (4, 0, "", None, None, -0.0, decimal.Decimal("999999999.999"), None, None, None, None, None),
]


def csvs(s: Scene):
    return s.once("csv texts", lambda: s.spark.createDataFrame(list(enumerate(CSVS)), "k int, j string").coalesce(1))


def values(s: Scene):
    return s.once("format values", lambda: s.spark.createDataFrame(ROWS, VALUES).coalesce(1))


def one(s: Scene):
    return s.once("format one", lambda: s.spark.range(0, 1, 1, 1))


def query(frame, text: str):
    return lambda s: frame(s).selectExpr("k", text)


def alone(text: str):
    return lambda s: one(s).selectExpr(text)


for text in [
    "'a int, b string'", "'a string'", "'a int, b string, _corrupt_record string'", "'a int, c string', map('columnNameOfCorruptRecord', 'c')",
    "'a double, b double'",
    "'a date, b timestamp'", "'a boolean, b decimal(5,2)'", "'a int, b string', map('sep', ';')", "'a string, b string', map('comment', '#')",
    "'a string, b string', map('nullValue', 'x')", "'a string, b string', map('quote', '''', 'escape', '\"')",
    "'a int, b string', map('ignoreLeadingWhiteSpace', 'true')",
    "schema_of_csv('1,x')", "'a int, b string', map('header', 'true')", "'struct<a:bigint not null,b:string>'",
    "'a bigint, b string', map('mode', 'PERMISSIVE')",
    "'a date', map('dateFormat', 'yyyy-MM-dd')", "'a string, b timestamp', map('timestampFormat', 'yyyy-MM-dd''T''HH:mm:ss')",
]:
    add(f"csv from_csv {text}", query(csvs, f"from_csv(j, {text}) as v"))
for text in [
    "from_csv(j, 'a int', map('mode', 'FAILFAST'))", "from_csv(j, 'a int', map('mode', 'DROPMALFORMED'))", "from_csv(j, 'int')", "from_csv(j, 'array<int>')",
    "from_csv(j, 'a array<int>')", "from_csv(j, 'a struct<b:int>')", "from_csv(k, 'a int')", "from_csv(j, 1)", "from_csv(j)", "from_csv(j, j)",
    "from_csv(j, 'a int', 'x')",
    "from_csv(j, 'a int, _corrupt_record int')", "schema_of_csv(j)", "schema_of_csv(1)", "schema_of_csv(null)", "schema_of_csv()", "to_csv(j)", "to_csv(k)",
    "to_csv(array(k))",
    "to_csv()", "to_csv(struct(k), 'x')",
]:
    add(f"csv error {text}", query(csvs, text))
for text in ["1,x", "1.5,true,2020-01-01,2020-01-01 00:00:00,", '"a,b",2', "12345678901,123456789012345678901", "1\n2,3", " 1,2 ", "1|x"]:
    add(f"csv schema_of_csv {text}", lambda s, text=text: one(s).select(F.schema_of_csv(text), F.schema_of_csv(F.lit(text), {"sep": "|"})))
for text in [
    "struct(i, t, d, z, f, c, b)", "struct(a, m, s, y)", "struct(i)", "struct(t)", "struct(t, t)", "s", "null",
    "struct(i, t), map('sep', ';', 'quoteAll', 'true')",
    "struct(i, t), map('nullValue', 'N', 'emptyValue', 'E')", "struct(d, z), map('dateFormat', 'dd/MM/yyyy', 'timestampFormat', 'HH:mm')",
    "struct(z), map('timeZone', 'America/New_York')", "struct(' x ' p, ' ' q)",
    "struct(' x ' p), map('ignoreLeadingWhiteSpace', 'false', 'ignoreTrailingWhiteSpace', 'false')",
    "struct(t), map('escapeQuotes', 'false')",
]:
    add(f"csv to_csv {text}", query(values, f"to_csv({text})"))
add("csv DataFrame", lambda s: csvs(s).select(F.from_csv("j", "a int, b string", {"mode": "PERMISSIVE"}).alias("v"), F.to_csv(F.struct("k", "j"),
    {"sep": "|"})))
add("csv several partitions", lambda s: csvs(s).crossJoin(s.spark.range(4).withColumnRenamed("id", "r")).repartition(3, "r").select(
    "k", "r", F.from_csv("j", "a string, b string").alias("v")).orderBy("k", "r"))
