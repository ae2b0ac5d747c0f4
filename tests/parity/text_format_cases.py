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

FORMATS = ["999", "000", "9,999", "0,000", "9999999", "$9999999", "S999", "999S", "MI999", "999MI", "999PR", "9.99", "9999999.999", "0000000D000",
    "9,999,999.99S", "S$9,999,999.9",
           ".99", "999.", "99.PR", "99.MI", "99.S", "9G999G999D999", "999999999.999", "$99.9PR", "MI$0.00"]
for text in FORMATS:
    add(f"number to_char {text}", query(values, f"to_char(c, '{text}')"))
    add(f"number to_char int {text}", query(values, f"to_char(i, '{text}')"))
    add(f"number to_number {text}", lambda s, text=text: one(s).selectExpr(*[
        f"try_to_number('{value}', '{text}') as v{n}" for n, value in enumerate(
            ["12", "-12", "12-", "+5", "<3>", "$7.5", "1,234", "1234567", "0.5", ".5", "5.", " 1 2 ", "", "a", "-$1,234.5", "1,2,3", "007", "1.234"])]))
for text in [
    "to_char(12, '')", "to_char(12, 'abc')", "to_char(12, '9.9.9')", "to_char(12, '99$')", "to_char(12, 'S99S')", "to_char(12, '9S9')", "to_char(12, ',99')",
    "to_char(12, '99,')",
    "to_char(12, '9,,9')", "to_char(12, '9.9,9')", "to_char(12, 'L99')", "to_char(12, 'PR99')", "to_char(12, 'S')", "to_char(12, '.$9')",
    "to_char(true, '9')", "to_char(12)",
    "to_char(id, concat('9', id))", "to_char(12, id)", "to_char(12, null)", "to_char(null, '99')", "to_char(12.5D, '99.9')", "to_char(float(12.5), '99.9')",
    "to_char('12', '99')",
    "to_char(1e10D, '99')", "to_char(12L, concat('9', '9'))", "to_char(date'2016-04-08', 'y')", "to_char(timestamp'2016-04-08 01:02:03', 'yyyy HH:mm')",
    "to_char(X'4142', 'base64')",
    "to_char(X'4142', 'HEX')", "to_char(X'41', 'foo')", "to_char(X'41', null)", "to_char(X'41', string(id))",
    "to_varchar(454, '999')",
    "to_varchar(date'2016-04-08', 'y')", "to_number('12', '9')", "to_number('a', '9')", "to_number('12', 'abc')",
    "to_number('12', string(id))",
    "to_number('12', null)", "to_number(12, '99')", "to_number('12')", "to_number(null, '99')", "to_number('1', repeat('9', 39))",
    "to_number('12345678901234567890', repeat('9', 20))",
    "to_char(5, repeat('9', 41))", "typeof(to_number('12', 'S99,999.9'))", "try_to_number('12', 'abc')", "try_to_number('1')", "to_binary('abc', 'utf-8')",
    "to_binary('616263', 'hex')",
    "to_binary('YWJj', 'base64')", "to_binary('abc', 'UTF8')", "to_binary('616263')", "to_binary(null)", "to_binary('a', null)", "to_binary('zz', 'hex')",
    "to_binary('a', 'hex')",
    "to_binary('abc', 'base64')", "to_binary('a?b=', 'base64')", "to_binary('YWI= ', 'base64')", "to_binary(' YWI=', 'base64')", "to_binary('YQ=', 'base64')",
    "to_binary('Y', 'base64')",
    "to_binary('abc', 'foo')", "to_binary('abc', string(id))", "to_binary(1)", "try_to_binary('zz')", "try_to_binary('abc', 'foo')",
    "try_to_binary('abc', string(id))",
    "try_to_binary('616263', 'hex')", "try_to_binary('YWJj====', 'base64')", "to_binary()",
]:
    add(f"number {text}", alone(text))
for text in ["to_char(i, '999,999')", "to_char(d, 'yyyy')", "to_char(z, 'HH')", "to_char(y, 'hex')", "to_char(y, 'base64')", "to_char(f, '99.9')",
    "to_varchar(i, 'S9')", "to_binary(t, 'utf-8')"]:
    add(f"number of column {text}", lambda s, text=text: values(s).filter("k < 3").selectExpr("k", text))
