"""Every function of the catalogue by small sets of arguments, in both worlds: names, types, nullability, values, errors.

    python function_cases.py RESULT [REMOTE]

The texts below are expressions over the columns of `grammar.frame`, or aggregates of them. A name of docs/functions.md without a
text fails test_functions.py.
"""

from __future__ import annotations

import json
import re
import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

import grammar

# One line a function: each {} of a template takes the values of its kind in turn.
VALUES = {
    "s": ["s", "''", "null", "12"],
    "b": ["cast('ab' as binary)", "null", "s"],
    "i": ["0", "-1", "3", "null", "y"],
    "l": ["l", "-7L"],
    "d": ["d", "x", "null", "i"],
    "D": ["day", "at", "null", "'2021-12-31'"],
    "t": ["at", "day", "'2020-06-01 12:34:56.789'", "null"],
    "a": ["a", "w", "array(3, 1, null, 3)", "array()", "array(1.5D, double('NaN'), 0.0D, -0.0D)", "null"],
    "B": ["b", "null"],
    "*": ["b", "y", "l", "d", "s", "at", "a", "st", "null"],
}

SCALARS = {
    "assert_true": ["assert_true(true)", "assert_true(k >= 0)", "assert_true(k > 3)"],
    # Strings.
    "initcap": ["initcap({s})", "initcap('hello wORLD  ǆx')"], "lpad": ["lpad({s}, 5, 'ab')", "lpad(s, {i}, '')", "lpad(s, 4)"],
    "rpad": ["rpad({s}, 5, 'ab')", "rpad(s, 12)"], "repeat": ["repeat({s}, 2)", "repeat('é', {i})"], "space": ["space(3)", "space(-1)"],
    "replace": ["replace({s}, 'a', 'bb')", "replace(s, 'a')", "replace(s, '', 'x')"], "translate": ["translate({s}, 'abc', 'xy')"],
    "instr": ["instr({s}, 'b')", "instr(s, '')"], "locate": ["locate('a', {s})", "locate('a', s, {i})", "locate('', s, 2)"],
    "position": ["position('b', {s})", "position('b', s, 2)"],
    "substring_index": ["substring_index('a.b.c', '.', {i})", "substring_index({s}, 'a', -1)", "substring_index('aaaa', 'aa', -2)"],
    "ascii": ["ascii({s})"], "chr": ["chr(65)", "chr({i})", "chr(256 + 233)"], "char": ["char(97)"], "left": ["left({s}, 2)", "left(s, {i})"],
    "right": ["right({s}, 2)", "right(s, {i})"], "btrim": ["btrim({s})", "btrim('xxaxx', 'x')", "btrim(s, 'a c')"],
    "overlay": ["overlay('Spark SQL', {s}, 6)", "overlay('Spark SQL', 'ANSI ', {i}, 0)"], "bit_length": ["bit_length({s})", "bit_length({b})"],
    "octet_length": ["octet_length({s})", "octet_length({b})"], "split_part": ["split_part('a.b.c', '.', {i})", "split_part({s}, 'b', -1)"],
    "find_in_set": ["find_in_set('b', 'a,b,c')", "find_in_set({s}, 'abc,b,')"], "levenshtein": ["levenshtein({s}, 'abd')", "levenshtein(s, 'zzz', 2)"],
    "soundex": ["soundex({s})", "soundex('Tymczak')", "soundex('Pfister')"], "luhn_check": ["luhn_check('79927398713')", "luhn_check({s})"],
    "url_encode": ["url_encode({s})", "url_encode('a b&c=d/ü*~')"], "url_decode": ["url_decode('a+b%26')", "url_decode('%zz')"],
    "try_url_decode": ["try_url_decode('%C3%BC')", "try_url_decode('%z')"], "base64": ["base64({b})"], "unbase64": ["unbase64('YWI=')", "unbase64('Y W!I')"],
    "hex": ["hex({s})", "hex({l})", "hex(X'0aff')", "hex(i)"], "unhex": ["unhex('4142')", "unhex('abc')", "unhex({s})"],
    "encode": ["encode({s}, 'UTF-8')"], "decode": ["decode(encode(s, 'utf-8'), 'UTF-8')"], "is_valid_utf8": ["is_valid_utf8({s})"],
    "make_valid_utf8": ["make_valid_utf8({s})"], "format_number": ["format_number({d}, 2)", "format_number(l, 0)", "format_number(1234567.891D, {i})"],
    "format_string": ["format_string('%s %d', s, i)", "format_string('%5d|%-5s|%05d|%,d', i, s, i, l)", "format_string('%.2f %x', d, i)"],
    "printf": ["printf('%s', {*})"], "mask": ["mask({s})", "mask(s, 'Q')", "mask('AbCD123-@$#', 'Q', 'q', 'd', 'o')"],
    "concat_ws": ["concat_ws(',', s, n, w)", "concat_ws({s}, s, n)", "concat_ws('-')", "concat_ws(',', a)"], "elt": ["elt(1, s, n)", "elt(2, s, {s})",
        "elt(3, s)"],
    "trim": ["trim('x', s)", "trim(s)"], "ltrim": ["ltrim('a', s)", "ltrim(s)"], "rtrim": ["rtrim('c', s)", "rtrim(s)"],
    "character_length": ["character_length({s})"], "len": ["len({s})"],
    # Patterns.
    "rlike": ["rlike(s, '^a.c$')", "rlike({s}, '[0-9]+')", "rlike(s, '(')"], "regexp": ["regexp(s, 'b|z')"], "regexp_like": ["regexp_like(s, '(?i)ABC')"],
    "regexp_extract": ["regexp_extract('100-200', '(\\\\d+)-(\\\\d+)', 1)", "regexp_extract({s}, '(b)', 1)", "regexp_extract(s, 'b', 1)",
        "regexp_extract(s, '(a)(x)?')"],
    "regexp_extract_all": ["regexp_extract_all('100-200, 300-400', '(\\\\d+)-(\\\\d+)', 2)", "regexp_extract_all({s}, '(.)')"],
    "regexp_replace": ["regexp_replace({s}, 'b', '[$0]')", "regexp_replace(s, '(a)(b)', '$2$1')", "regexp_replace(s, '', '-')",
        "regexp_replace(s, 'b', 'x', 2)"],
    "regexp_count": ["regexp_count({s}, '[a-z]')"], "regexp_substr": ["regexp_substr({s}, 'b.')"], "regexp_instr": ["regexp_instr({s}, 'c')"],
    "split": ["split({s}, 'b')", "split('oneAtwoBthreeC', '[ABC]', 2)", "split(s, '')", "split(s, '', 2)", "split('a,,b,,', ',')"],
    "ilike": ["ilike(s, 'A%')", "ilike({s}, '_B%')"],
    # Dates.
    **{name: [f"{name}({{D}})"] for name in ("year", "quarter", "month", "day", "dayofmonth", "dayofweek", "dayofyear", "weekday", "weekofyear", "last_day",
                                             "unix_date", "dayname", "monthname")},
    **{name: [f"{name}({{t}})"] for name in ("hour", "minute", "second", "unix_seconds", "unix_millis", "unix_micros")},
    "date_add": ["date_add({D}, 3)", "date_add(day, y)", "date_add(day, l)"], "dateadd": ["dateadd(day, 2)"], "date_sub": ["date_sub({D}, 3)"],
    "datediff": ["datediff({D}, day)"], "date_diff": ["date_diff(day, DATE '2020-01-01')"], "add_months": ["add_months({D}, 1)", "add_months(day, {i})"],
    "next_day": ["next_day({D}, 'Mon')", "next_day(day, 'x')"], "months_between": ["months_between({t}, TIMESTAMP '2020-01-31 10:00:00')",
        "months_between(at, day, false)"],
    "trunc": ["trunc({D}, 'MM')", "trunc(day, 'quarter')", "trunc(day, 'WEEK')", "trunc(day, 'x')", "trunc(day, 'year')"],
    "date_trunc": [f"date_trunc('{unit}', {{t}})" for unit in ("year", "week", "hour", "minute", "day", "millisecond", "nothing")],
    "timestamp_seconds": ["timestamp_seconds({i})", "timestamp_seconds({d})", "timestamp_seconds(l)"], "timestamp_millis": ["timestamp_millis(k)"],
    "timestamp_micros": ["timestamp_micros(k)"], "date_from_unix_date": ["date_from_unix_date({i})"],
    "make_date": ["make_date(2020, 2, 29)", "make_date(2021, 2, 29)", "make_date(k + 2000, 13, 1)", "make_date(2020, {i}, 1)"],
    "make_timestamp": ["make_timestamp(2020, 3, 8, 2, 30, 0)", "make_timestamp(2020, 1, 1, 25, 0, 0)", "make_timestamp(2020, 1, 1, 1, 1, 60)"],
    "to_utc_timestamp": ["to_utc_timestamp({t}, 'Asia/Seoul')", "to_utc_timestamp(at, 'x')"],
        "from_utc_timestamp": ["from_utc_timestamp({t}, 'Europe/Berlin')"],
    "date_part": ["date_part('YEAR', {t})", "date_part('dow', day)", "date_part('hour', at)", "date_part('x', at)"], "datepart": ["datepart('doy', day)"],
    "date_format": ["date_format({t}, 'yyyy-MM-dd')", "date_format(TIMESTAMP '2020-03-08 14:05:09.123', 'EEE, d MMM yy h:mm:ss.SSS a')",
                    "date_format(TIMESTAMP '2020-01-01 00:00:00', \"HH 'o''clock' xxx\")", "date_format(TIMESTAMP '2021-12-05 01:02:03', 'MMMM EEEE D Q k')"],
    "from_unixtime": ["from_unixtime(k * 100000)", "from_unixtime(0, 'yyyy/MM')"],
    "to_date": ["to_date({s})", "to_date('2020-12-31')", "to_date('31/12/2020', 'dd/MM/yyyy')", "to_date('20201231', 'yyyyMMdd')", "to_date(s, 'yyyy')",
        "to_date(at)"],
    "try_to_date": ["try_to_date('31/13/2020', 'dd/MM/yyyy')"], "to_timestamp": ["to_timestamp('2020-01-02 03:04:05')",
        "to_timestamp('1/2/20 3:04 PM', 'M/d/yy h:mm a')",
                     "to_timestamp('2020-01-02T03:04:05.12+0100', \"yyyy-MM-dd'T'HH:mm:ss.SSSxx\")", "to_timestamp(day)"],
    "to_timestamp_ltz": ["to_timestamp_ltz('2020-01-02 03:04:05')"], "try_to_timestamp": ["try_to_timestamp({s})", "try_to_timestamp('x', 'yyyy')"],
    "unix_timestamp": ["unix_timestamp({t})", "unix_timestamp('2020-01-02', 'yyyy-MM-dd')"], "to_unix_timestamp": ["to_unix_timestamp('2020-01-02 03:04:05')"],
    # Digests.
    "md5": ["md5({b})", "md5(repeat('abc', 40))"], "sha": ["sha({b})"], "sha1": ["sha1(repeat('abc', 40))"],
    "sha2": ["sha2({b}, 256)", "sha2('abc', 224)", "sha2('abc', 384)", "sha2(repeat('abc', 60), 512)", "sha2('abc', 0)", "sha2('abc', 1)"],
        "crc32": ["crc32({b})"],
    "hash": ["hash({*})", "hash(s, i, d, st)"], "xxhash64": ["xxhash64({*})", "xxhash64(repeat(s, 20), l)"],
    # Arrays.
    **{name: [f"{name}({{a}})"] for name in ("array_distinct", "array_compact", "sort_array", "array_sort", "array_max", "array_min", "reverse",
        "cardinality")},
    "array_union": ["array_union({a}, a)", "array_union(w, w)"], "array_intersect": ["array_intersect({a}, array(1, 3, null))"],
        "array_except": ["array_except(a, {a})"],
    "arrays_overlap": ["arrays_overlap({a}, a)", "arrays_overlap(array(1), array(null, 2))"], "array_position": ["array_position({a}, 3)",
        "array_position(w, 'a')", "array_position(a, 'x')"],
    "array_remove": ["array_remove({a}, 3)", "array_remove(w, s)"], "array_append": ["array_append({a}, 7)", "array_append(w, null)"],
        "array_prepend": ["array_prepend({a}, 7)"],
    "array_insert": ["array_insert({a}, 2, 9)", "array_insert(a, {i}, 9)", "array_insert(a, -6, 9)"], "array_repeat": ["array_repeat({*}, 2)",
        "array_repeat(s, {i})"],
    "slice": ["slice({a}, 2, 2)", "slice(a, {i}, 1)", "slice(a, 1, -1)"], "flatten": ["flatten(array(a, array(9)))", "flatten(array(a, null))", "flatten(a)"],
    "sequence": ["sequence(1, 5)", "sequence(5, 1, -2)", "sequence(k, 3)", "sequence(1, 3, -1)", "sequence(1L, 3)", "sequence(1, {i})"],
    "arrays_zip": ["arrays_zip(a, w)", "arrays_zip(array(1), w)"], "array_join": ["array_join({a}, '-')", "array_join(w, ',', 'NULL')"],
    "concat": ["concat(a, array(9))", "concat(a, w)", "concat(s, n)"], "try_element_at": ["try_element_at({a}, 2)", "try_element_at(a, 9)"],
    # Numbers.
    "bin": ["bin({l})", "bin({i})"], "conv": ["conv('100', 2, 10)", "conv(-10, 16, -10)", "conv({s}, 36, 16)", "conv('fffffffffffffffff', 16, 10)"],
        "factorial": ["factorial(5)", "factorial({i})"],
    **{name: [f"{name}({{i}}, 2)", f"{name}(l, {{i}})"] for name in ("shiftleft", "shiftright", "shiftrightunsigned")},
    "bit_count": ["bit_count({i})", "bit_count({B})", "bit_count(l)"], "bit_get": ["bit_get(11, 0)", "bit_get(l, {i})", "bit_get(y, 8)"],
        "getbit": ["getbit(11, 2)"],
    "width_bucket": ["width_bucket({d}, 0.2D, 10.6D, 5)", "width_bucket(5D, 10D, 0D, {i})"],
    **{name: [f"{name}({{d}})"] for name in ("cot", "csc", "sec", "acosh", "asinh", "atanh")}, "pi": ["pi()"], "e": ["e()"],
    **{name: [f"{name}({{i}}, 2)", f"{name}(l, l)", f"{name}({{d}}, 0)"] for name in ("try_add", "try_subtract", "try_multiply", "try_divide", "try_mod")},
    "nvl2": ["nvl2({*}, 1, 2)", "nvl2(i, s, 2)"], "nullifzero": ["nullifzero({i})", "nullifzero(d)"], "zeroifnull": ["zeroifnull({i})", "zeroifnull(d)"],
    "equal_null": ["equal_null({i}, 3)", "equal_null(null, null)"], "typeof": ["typeof({*})"],
}

# Functions of lambdas, which expression strings don't have here: by PySpark's own.
LAMBDAS = {
    "transform": lambda: [F.transform("a", lambda x: x + 1), F.transform("a", lambda x, i: x * i), F.transform("w", lambda x: F.concat(x, F.col("s"))),
                          F.transform("a", lambda x: F.transform("a", lambda y: x * 0 + y))],
    "filter": lambda: [F.filter("a", lambda x: x > 1), F.filter("a", lambda x, i: i > 0)],
    "exists": lambda: [F.exists("a", lambda x: x > 2), F.exists("w", lambda x: x == F.col("s"))],
    "forall": lambda: [F.forall("a", lambda x: x > 0)],
    "aggregate": lambda: [F.aggregate("a", F.lit(0), lambda acc, x: acc + F.coalesce(x, F.lit(0)) % 100),
                          F.aggregate("a", F.lit(0), lambda acc, x: acc + x % 100, lambda acc: acc * 2)],
    "reduce": lambda: [F.reduce("w", F.lit(""), lambda acc, x: F.concat(acc, x))],
    "zip_with": lambda: [F.zip_with("a", "w", lambda x, y: F.concat_ws("_", x, y))],
}

# Whose digits or elements Spark may give in another order, or differently for other partitions.
AGGREGATES = {
    "count": ["count(i)", "count(1)"], "count_if": ["count_if(b)", "count_if(i > 0)"], "sum": ["sum(y)", "sum(x)", "sum(n)", "sum(l)", "sum(b)"],
    "try_sum": ["try_sum(l)", "try_sum(y)"], "avg": ["avg(i)", "avg(f)"], "mean": ["mean(h)"], "try_avg": ["try_avg(i)"],
    "stddev": ["stddev(h)"], "std": ["std(h)"], "stddev_samp": ["stddev_samp(y)"], "stddev_pop": ["stddev_pop(y)"], "variance": ["variance(h)"],
    "var_samp": ["var_samp(h)"], "var_pop": ["var_pop(h)"], "skewness": ["skewness(h)", "skewness(x)"], "kurtosis": ["kurtosis(h)"],
    "covar_pop": ["covar_pop(y, h)"], "covar_samp": ["covar_samp(y, h)"], "corr": ["corr(y, h)", "corr(k, k)", "corr(s, k)"],
    **{f"regr_{name}": [f"regr_{name}(y, h)"] for name in ("count", "avgx", "avgy", "sxx", "syy", "sxy", "slope", "intercept", "r2")},
    "bit_and": ["bit_and(i)", "bit_and(y)"], "bit_or": ["bit_or(i)", "bit_or(d)"], "bit_xor": ["bit_xor(l)"], "bool_and": ["bool_and(b)", "bool_and(i)"],
        "every": ["every(b)"],
    "bool_or": ["bool_or(b)"], "some": ["some(b)"], "any": ["any(b)"], "min": ["min(s)", "min(day)", "min(a)", "min(st)", "min(d)"], "max": ["max(s)",
        "max(at)", "max(a)", "max(d)", "max(b)"],
    "min_by": ["min_by(s, i)", "min_by(k, d)"], "max_by": ["max_by(s, i)", "max_by(a, x)"], "first": ["first(s)", "first(i)"],
        "first_value": ["first_value(k)"],
    "any_value": ["any_value(k)"], "last": ["last(s)", "last(k)"], "last_value": ["last_value(d)"], "collect_list": ["collect_list(i)", "collect_list(a)",
        "collect_list(st)"],
    "array_agg": ["array_agg(s)"], "collect_set": ["sort_array(collect_set(y))", "sort_array(collect_set(d))"], "listagg": ["listagg(s)",
        "listagg(s, ', ')"], "string_agg": ["string_agg(n, '|')"],
    "mode": ["mode(b)"], "median": ["median(i)", "median(x)"], "percentile": ["percentile(h, 0.25D)",
        "percentile(h, array(0.1D, 0.9D))", "percentile(h, 2D)"],
    "percentile_approx": ["percentile_approx(h, 0.5D)", "percentile_approx(x, array(0.1D, 0.9D), 100)", "percentile_approx(day, 0.5D)",
        "percentile_approx(i, 0.5D, 0)"],
    "approx_percentile": ["approx_percentile(y, 0.9D)"], "product": ["product(y)", "product(x)"],
}
COLUMNS = {
    "distinct": lambda: [F.count_distinct("b"), F.count_distinct("b", "y"), F.sum_distinct("y"), F.countDistinct("d")],
    "ends": lambda: [F.first("i", ignorenulls=True), F.last("y", ignorenulls=True), F.any_value("b", F.lit(True)), F.mode("b", True)],
    "others": lambda: [F.product("y"), F.percentile_approx("h", [0.5, 0.1], 1000), F.percentile("h", 0.5), F.max_by("s", "x"), F.median("y"), F.listagg("n",
        ","), F.listagg_distinct("b", ",")],
}


def expanded(template: str) -> list[str]:
    found = re.search(r"\{(.)\}", template)
    return [template] if not found else [text for value in VALUES[found.group(1)] for text in expanded(template.replace(found.group(0), value, 1))]


def texts() -> list[str]:
    return list(dict.fromkeys(text for templates in SCALARS.values() for template in templates for text in expanded(template)))


def outcome(run) -> dict:
    try:
        return run()
    except Exception as error:  # noqa: BLE001: recorded and compared
        return {"error": grammar.failure(error)}


def selected(table, column, aggregate: bool) -> dict:
    made = table.agg(column) if aggregate else table.select(column)
    field, = made.schema
    rows = [[grammar.plain(value) for value in row] for row in (made.select(F.col("`" + field.name.replace("`", "``") + "`").cast("string"))
                                                                if field.dataType.simpleString() in ("date", "timestamp") else made).collect()]
    return {"name": field.name, "type": field.dataType.simpleString(), "nullable": field.nullable, "values": rows}


def evaluated(table, found: dict, texts: list[str]) -> None:
    """The texts' values, many at a time; one by one where one fails."""
    recorder = grammar.Recorder(table)
    recorder.types = {text: found[text]["type"] for text in texts}
    try:
        rows = recorder.rows(texts, table)
        for number, text in enumerate(texts):
            found[text]["values"] = [row[number] for row in rows]
    except Exception as error:  # noqa: BLE001: recorded and compared
        if len(texts) == 1:
            found[texts[0]]["error"] = grammar.failure(error)
            return
        half = len(texts) // 2
        evaluated(table, found, texts[:half])
        evaluated(table, found, texts[half:])


def record(spark: SparkSession) -> dict:
    out = {}
    spark.conf.set("spark.sql.session.timeZone", "America/Los_Angeles")
    table = grammar.frame(spark)
    recorder = grammar.Recorder(table)
    found = {text: recorder.analyse(text) for text in texts()}
    valid = [text for text in found if "error" not in found[text]]
    for at in range(0, len(valid), grammar.BATCH):
        evaluated(table, found, valid[at:at + grammar.BATCH])
    out |= found
    table = grammar.frame(spark).coalesce(1)
    for text in dict.fromkeys(text for all_of in AGGREGATES.values() for text in all_of):
        out[f"agg: {text}"] = outcome(lambda: selected(table, F.expr(text), True))
    for name, make in COLUMNS.items():
        for number, column in enumerate(make()):
            out[f"agg: {name} {number}"] = outcome(lambda: selected(table, column, True))
    for name, make in LAMBDAS.items():
        for number, column in enumerate(make()):
            out[f"{name} {number}"] = outcome(lambda: selected(table, column, False))
    return out


def main(result: str, remote: str | None) -> None:
    builder = SparkSession.builder.remote(remote or "local[1]")
    if remote is None:
        builder = builder.config("spark.ui.enabled", "false").config("spark.sql.shuffle.partitions", "1")
    spark = builder.getOrCreate()
    found = record(spark)
    with open(result, "w") as out:
        json.dump(found, out)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
