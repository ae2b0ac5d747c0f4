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

for text in [
    "jaro_winkler_similarity('MARTHA', 'MARHTA')", "jaro_winkler_similarity('abc', '')", "jaro_winkler_similarity('', '')",
    "jaro_winkler_similarity('DIXON', 'DICKSONX')",
    "jaro_winkler_similarity('é', 'e')", "jaro_winkler_similarity(null, 'a')", "jaro_winkler_similarity('DWAYNE', 'DUANE')",
    "jaro_winkler_similarity('CRATE', 'TRACE')",
    "jaro_winkler_similarity('aaaaaaaaaaaaaab', 'aaaaaaaaaaaaaac')", "jaro_winkler_similarity('abcdefgh', 'hgfedcba')", "jaro_winkler_similarity('ab', 'ba')",
    "jaro_winkler_similarity('JELLYFISH', 'SMELLYFISH')", "jaro_winkler_similarity('ABCVWXYZ', 'CABVWXYZ')", "jaro_winkler_similarity('aaaa', 'aa')",
    "jaro_winkler_similarity(1, 'a')", "jaro_winkler_similarity('a')", "jaro_winkler_similarity('\U0001D11Ea', '\U0001D11Eb')",
    "jaro_winkler_similarity('abcdxxxx', 'abcdyyyy')",
    "jaro_winkler_similarity('kitten sitting', 'sitting kitten')", "quote('Don\\'t')", "quote('')", "quote(null)", "quote('a\\\\b')", "quote(1)", "quote()",
    "validate_utf8('abc')", "validate_utf8(cast(X'80' as string))", "try_validate_utf8(cast(X'80' as string))", "validate_utf8(null)", "validate_utf8(1)",
    "to_base32('abc')", "to_base32(X'ff00')", "to_base32('')", "to_base32(null)", "to_base32(1)", "from_base32('MFRGG===')", "from_base32('mfrgg')",
    "from_base32('1')",
    "from_base32('M')", "from_base32('MF!RG G')", "from_base32('MF=RGG')", "from_base32('MFR')", "from_base32('MFRG')", "from_base32('MFRGGX')",
    "from_base32('MFRGGXA')",
    "from_base32('MFRGGZDFM')", "from_base32(null)", "hmac('key', 'text')", "hmac('key', 'text', 'sha512')", "hmac('key', 'text', 'md5')",
    "hmac('key', 'text', 'SHA-1')",
    "hmac('key', 'text', 'sha-384')", "hmac('key', 'text', 'SHA224')", "hmac('key', 'text', 'foo')", "hmac('', 'text')", "hmac(null, 'text')",
    "hmac('k', 't', null)",
    "hmac(1, 'text')", "hmac('key')", "hmac(repeat('k', 200), 'text')", "bitmap_bit_position(1)", "bitmap_bit_position(-1)", "bitmap_bit_position(0)",
    "bitmap_bit_position(32769)",
    "bitmap_bit_position(null)", "bitmap_bit_position('7')", "bitmap_bucket_number(1)", "bitmap_bucket_number(0)", "bitmap_bucket_number(-32769)",
    "bitmap_bucket_number(32769)",
    "bitmap_count(X'1010')", "bitmap_count(X'')", "bitmap_count(null)", "bitmap_count('ab')", "bitmap_bit_position(-9223372036854775808L)",
    "uuid(1)", "uuid(42)", "uuid('a')", "uuid(id)", "uuid(cast(null as int))", "shuffle(array(1,2,3,4,5), 7)", "shuffle(array(), 7)",
    "shuffle(array(1, null), 1)", "shuffle(1, 1)",
    "shuffle(null, 1)", "shuffle(cast(null as array<int>), 3)", "shuffle(array(1), id)", "randstr(5, 3)", "randstr(0, 1)", "randstr(-1, 1)", "randstr(id, 3)",
    "randstr(5, id)",
    "randstr('a', 1)", "randstr(5L, 1)", "randstr(null, 1)", "randstr(5, null)", "uniform(1, 10, 3)", "uniform(1.0, 2.0, 3)", "uniform(1L, 100L, 0)",
    "uniform(1D, 2D, 5)",
    "uniform(float(1), float(2), 5)", "uniform(1, 2.5, 7)", "uniform(10, 1, 3)", "uniform(1Y, 10S, 3)", "uniform(1, 2.5D, 7)", "uniform(float(1), 2.5, 7)",
    "uniform(1.25, 9, 7)",
    "uniform(1, 10, 3L)", "uniform(id, 10, 3)", "uniform(1, 10, id)", "uniform('a', 10, 3)", "uniform(null, 10, 3)", "uniform(1, 2, null)", "uniform(1)",
    "uniform(1, id, 3)",
    "vector_norm(array(float(3), float(4)))", "vector_norm(array(float(3), float(4)), float(1))", "vector_norm(array(float(3), float(4)), float('inf'))",
    "vector_norm(array(float(3)), float(3))", "vector_norm(array(float(3), float('nan')), float('inf'))", "vector_norm(array(1.0D))", "vector_norm(null)",
    "vector_norm(array(float(1)), 1)",
    "vector_norm(array(float(1), null))", "vector_inner_product(array(float(1), float(2)), array(float(3), float(4)))",
    "vector_inner_product(array(float(1)), array(float(3), float(4)))",
    "vector_l2_distance(array(float(1), float(2)), array(float(3), float(4)))",
    "vector_cosine_similarity(array(float(1), float(2)), array(float(3), float(4)))",
    "vector_cosine_similarity(array(float(0)), array(float(1)))", "vector_normalize(array(float(3), float(4)))", "vector_normalize(array(float(0)))",
    "vector_normalize(cast(array() as array<float>))", "vector_normalize(array(float(1), float(2)), float(1))",
    "vector_inner_product(transform(sequence(1, 20), x -> float(x / 7)), transform(sequence(1, 20), x -> float(1 / x)))",
    "vector_cosine_similarity(transform(sequence(1, 20), x -> float(x / 7)), transform(sequence(1, 20), x -> float(1 / x)))",
    "vector_l2_distance(transform(sequence(1, 20), x -> float(x / 7)), transform(sequence(1, 20), x -> float(1 / x)))",
    "vector_norm(transform(sequence(1, 20), x -> float(x / 7)))", "vector_normalize(transform(sequence(1, 20), x -> float(x / 7)), float('inf'))",
]:
    add(f"code {text}", alone(text))
URLS = ["http://spark.apache.org/path?query=1", "https://user:pw@a.b:80/p/q;r?x=1&y=2#ref", "http://a/p", "http://a", "a/b", "", "mailto:x@y",
    "http://a/?x=&y", "http://a/%20?x=%20b",
        "http://a b", "http://[::1]:80/x", "http://a_b/x", "http://", "http:", "http:///p", "http://a:b/", "http://a/é", "http://a/|", "http://a/?q=[x]",
        "http://a/#x#y", "http://a/%zz",
        "1a://a", ":x", "http://1.2.3.4/x", "http://1.2.3.400/x", "http://a.b-/x", "http://a..b/", "http://a.1/", "http://a@b@c/", "//a/b", "?x=1", "#r",
        "http://[1:2]/", "http://[::1%25en0]/",
        "http://a:99999999999/", "http://a:/x", "http://A.b./x", "ftp://u@h/", "http://a/?x=1&xx=2&x=3", "http://a\u00a0b/", None]
add("url parts", lambda s: s.spark.createDataFrame([(u,) for u in URLS], "u string").coalesce(1).selectExpr(
    "u", *[f"try_parse_url(u, '{part}') as p{n}" for n, part in enumerate(
        ["HOST", "PATH", "QUERY", "REF", "PROTOCOL", "FILE", "AUTHORITY", "USERINFO", "host", "FOO"])], "try_parse_url(u, 'QUERY', 'x') as q",
        "try_parse_url(u, 'PATH', 'x') as r"))
for text in ["parse_url('http://a b', 'HOST')", "parse_url('http://a', 1)", "parse_url('http://a')", "parse_url(1, 'HOST')",
    "parse_url('http://a/?x=1', 'QUERY', 'x')",
             "parse_url(null, 'HOST')", "parse_url('http://a', null)", "parse_url('http://a/?xy=1', 'QUERY', 'x.')", "try_parse_url('http://a b', 'HOST')"]:
    add(f"url {text}", alone(text))
add("drawn several partitions", lambda s: s.spark.range(0, 30, 1, 3).selectExpr("id", "uuid(5) as u", "shuffle(array(id, 2, 3, 4), 9) as s",
    "randstr(4, 2) as r", "uniform(1, 100, 8) as n"))
add("drawn conditional", lambda s: s.spark.range(0, 12, 1, 2).selectExpr("id", "if(id % 3 = 0, uuid(5), null) as u",
    "if(id % 2 = 0, shuffle(array(id, 2, 3), 9), null) as s"))
add("drawn DataFrame", lambda s: s.spark.range(3).coalesce(1).select(F.randstr(5, 3), F.uniform(1, 10, 4), F.shuffle(F.array(F.lit(1), F.lit(2), F.lit(3)), 5)))
for text in [
    "percentile_cont(0.5) within group (order by i)", "percentile_disc(0.5) within group (order by i)", "percentile_cont(0.25) within group (order by i desc)",
    "percentile_disc(array(0.0, 0.3, 0.5, 0.75, 1.0)) within group (order by i)",
    "percentile_disc(array(0.0, 0.3, 0.5, 0.75, 1.0)) within group (order by i desc)",
    "percentile_cont(array(0.1, 0.9)) within group (order by f)", "percentile_cont(0.5) within group (order by i) filter (where i > 0)", "percentile_cont(0.5)",
    "listagg(t, ',') within group (order by t desc)", "listagg(t) within group (order by t)", "listagg(distinct b, ',') within group (order by b)",
    "listagg(t, ',') within group (order by i desc)", "listagg(t, ',') within group (order by i nulls last)",
    "listagg(distinct t, ',') within group (order by i)",
    "listagg(t, '|') within group (order by f desc nulls first)", "string_agg(t, '|') within group (order by k)", "listagg(t, '|') within group (order by m)",
    "percentile_disc(i, 0.5)", "mode()", "sum(i) within group (order by i)", "percentile_cont(0.5) within group (order by i, i)",
    "percentile_cont(0.5) within group (order by i nulls last)",
    "percentile_cont(1.5) within group (order by i)", "percentile_cont(i) within group (order by i)", "percentile_cont(0.5) within group (order by t)",
    "percentile_cont(0.5) within group (order by b)", "mode(i) within group (order by i)", "mode() within group (order by k % 2)",
    "mode() within group (order by k % 2 desc)",
    "mode() within group (order by k)", "mode() within group (order by k desc)", "percentile_cont(distinct 0.5) within group (order by i)",
    "left(hex(bitmap_construct_agg(bitmap_bit_position(k))), 8)", "length(bitmap_construct_agg(k))", "bitmap_count(bitmap_construct_agg(k))",
    "bitmap_construct_agg(i)",
    "bitmap_construct_agg(40000)", "left(hex(bitmap_or_agg(y)), 8)", "left(hex(bitmap_and_agg(y)), 8)", "bitmap_or_agg(t)",
    "bitmap_count(bitmap_and_agg(cast(null as binary)))",
]:
    add(f"within {text}", lambda s, text=text: values(s).selectExpr(f"{text} as v" if "order by" not in text else text))
    add(f"within grouped {text}", lambda s, text=text: (values(s).createOrReplaceTempView("within_view"),
                                                       s.spark.sql(f"SELECT k % 2 g, {text} AS v FROM within_view GROUP BY k % 2 ORDER BY g"))[1])
for text in [
    "hex(aes_encrypt('Spark', '0000111122223333', 'ECB'))",
    "hex(aes_encrypt('Spark', '0000111122223333', 'CBC', 'PKCS', unhex('000102030405060708090a0b0c0d0e0f')))",
    "hex(aes_encrypt('Spark', '0000111122223333', 'GCM', 'DEFAULT', unhex('000102030405060708090a0b'), 'aad'))",
    "hex(aes_encrypt('Spark', '000011112222333344445555', 'GCM', 'NONE', unhex('000102030405060708090a0b')))",
    "cast(aes_decrypt(aes_encrypt('Spark', '0000111122223333'), '0000111122223333') as string)",
    "cast(aes_decrypt(aes_encrypt('Spark', '00001111222233334444555566667777', 'cbc'), '00001111222233334444555566667777', 'CBC') as string)",
    "cast(aes_decrypt(aes_encrypt('Spark', '0000111122223333', 'ECB'), '0000111122223333', 'ECB') as string)",
    "cast(aes_decrypt(aes_encrypt('Spark', '0000111122223333', 'GCM', 'DEFAULT', '', 'a'), '0000111122223333', 'GCM', 'DEFAULT', 'a') as string)",
    "length(aes_encrypt('Spark', '0000111122223333'))", "length(aes_encrypt('Spark', '0000111122223333', 'CBC'))", "aes_encrypt('Spark', '1234')",
    "aes_encrypt('Spark', '0000111122223333', 'ZZZ')", "aes_encrypt('Spark', '0000111122223333', 'GCM', 'PKCS')",
    "aes_encrypt('Spark', '0000111122223333', 'ECB', 'PKCS', unhex('00'))",
    "aes_encrypt('Spark', '0000111122223333', 'GCM', 'DEFAULT', unhex('00'))",
    "aes_encrypt('Spark', '0000111122223333', 'CBC', 'PKCS', unhex('000102030405060708090a0b0c0d0e0f'), 'aad')",
    "aes_decrypt('Spark', '0000111122223333')", "aes_decrypt(unhex(repeat('00', 32)), '0000111122223333', 'ECB')",
    "aes_decrypt(unhex(repeat('00', 32)), '0000111122223333', 'GCM')",
    "try_aes_decrypt(unhex(repeat('00', 32)), '0000111122223333', 'ECB')", "aes_decrypt(null, '0000111122223333')", "aes_encrypt('Spark', null)",
    "aes_encrypt('x', '0000111122223333', null)", "try_aes_decrypt('x', '123')", "try_aes_decrypt('x', '0000111122223333', 'ZZZ')", "aes_encrypt('x')",
    "aes_encrypt(1, '0000111122223333')",
    "aes_encrypt('', '0000111122223333', 'ECB')",
]:
    add(f"cipher {text}", alone(text))
for text in ["array(named_struct('a', 1, 'b', 'x'), null).a", "array(named_struct('a', named_struct('c', 1))).a.c", "array(named_struct('a', 1)).z",
    "array(named_struct('a', 1))['a']",
             "array(named_struct('a', array(1, 2))).a", "array(1).a",
             "transform(array(array(named_struct('a', 1))), x -> x.a)", "aggregate(array(1), 0, (a, x) -> 1)", "aggregate(array(1), 0, (a, x) -> 1, a -> 2)"]:
    add(f"nested {text}", alone(f"{text} as v"))
    if "transform" not in text:  # Spark shows the number of a variable
        add(f"nested named {text}", alone(text))
add("nested field of column", lambda s: s.spark.createDataFrame([([(1, "x"), (None, None)],), ([],), (None,), ([None],)],
    "a array<struct<b:int,c:string>>").coalesce(1).select(
    "a.b", "a.C", F.col("a").getField("b"), F.col("a")["c"], F.col("a.b")[0]))
for name, make in {"nth_value": lambda: F.nth_value("id", 1), "rank": F.rank, "within": lambda: F.col("id") + F.nth_value("id", 1)}.items():
    add(f"window function without OVER {name}", lambda s, make=make: s.spark.range(3).groupBy((F.col("id") % 2).alias("g")).agg(make()))
