"""Cases about files that are written: their text to the byte, folders of partitionBy, and what isn't written.

What was written is read as text again, a file a row, so that both sides say the bytes of a file and nothing of its name.
"""

from __future__ import annotations

import datetime

from pyspark.sql import functions as F
from recorder import Scene, add, case

NASTY = ["plain", "a,b", 'say "hi"', '"all"', '"open', 'end"', "a\\b", 'a\\"b', 'a\\b"c', "\\", "two\nlines", "cr\rhere", "crlf\r\nhere", "ends\n",
         "", " ", "\t", " both ", "\xe9t\xe9 \u65e5\u672c \U0001f600", "#comment", " #late", "a|b", "a||b", "a;b", "'quoted'", "\xa0", "NA", "-",
         "q\x01\x1f\x7f", "/"]
FIRST = [*NASTY, None]
ROWS = [(first, NASTY[(7 * i + 3) % len(NASTY)] if i % 5 else None, i) for i, first in enumerate(FIRST)]
KEYED = [("a", 1, 0.5, datetime.date(2020, 1, 2)), ("a", 2, 1.5, None), ("b c", 1, None, datetime.date(1999, 12, 31)), (None, 1, 2.5, None),
         ("", 3, 1e10, None), ("x/y=z:%{}[]^*?'\"#\\", 4, -0.0, datetime.date(2020, 1, 2)), ("\u00e9", 5, 7.0, None), ("a", 1, 3.5, datetime.date(2020, 1, 2))]


def texts(s: Scene):
    return s.once("writer texts", lambda: s.spark.createDataFrame(ROWS, "first string, second string, i int").coalesce(1))


def numbers(s: Scene):
    return s.spark.createDataFrame(
        [(1, 2, 3, 4, 1.5, 0.1, True, datetime.date(2020, 1, 2), datetime.datetime(2020, 1, 2, 3, 4, 5, 123456)),
         (-1, -2, -3, -(2**63), float("nan"), float("-inf"), False, datetime.date(1, 1, 1), datetime.datetime(1970, 1, 1)),
         (None, None, None, None, None, None, None, None, None),
         (127, 32767, 2**31 - 1, 2**63 - 1, 1e20, 1.2345678901234e-5, True, datetime.date(9999, 12, 31), datetime.datetime(2262, 4, 11, 23, 47, 16, 854775))],
        "b byte, h short, i int, l long, f float, d double, t boolean, day date, at timestamp").coalesce(1)


def nested(s: Scene):
    rows = [(1, [1, None, 3], ("x", None), [(1, "q\"")], bytearray(b"\x00\xffab")), (None, [], (None, 2.5), None, None),
            (2, None, None, [], bytearray(b""))]
    return s.spark.createDataFrame(rows, "i int, a array<int>, s struct<n: string, d: double>, l array<struct<k: int, v: string>>, y binary").coalesce(1)


def keyed(s: Scene):
    return s.spark.createDataFrame(KEYED, "k string, n int, d double, day date").coalesce(1)


def bytes_of(s: Scene, path: str) -> list[str]:
    return sorted(row[0] for row in s.spark.read.text(path, wholetext=True).collect())


def written(name: str, frame, format: str, **options) -> None:
    def run(s: Scene):
        path = f"{s.output}/writers/{name.replace(' ', '_')}"
        frame(s).write.format(format).options(**options).save(path)
        return bytes_of(s, path)

    add(f"written {name}", run)


TEXTS: dict[str, dict] = {
    "plain": {},
    "header": {"header": "true"},
    "all quoted": {"quoteAll": "true"},
    "quotes not escaped": {"escapeQuotes": "false"},
    "doubled quotes": {"escape": '"'},
    "own quote": {"quote": "'"},
    "own escape": {"escape": "/"},
    "escape of the escape": {"charToEscapeQuoteEscaping": "x"},
    "pipe": {"sep": "|"},
    "pipes": {"sep": "||"},
    "tabs": {"sep": "\t", "header": "true"},
    "nulls": {"nullValue": "NA"},
    "nulls quoted": {"nullValue": "NA", "quoteAll": "true"},
    "empties": {"emptyValue": ""},
    "other empties": {"emptyValue": "E", "nullValue": "-"},
    "untrimmed": {"ignoreLeadingWhiteSpace": "false", "ignoreTrailingWhiteSpace": "false"},
    "trimmed before": {"ignoreTrailingWhiteSpace": "false"},
    "trimmed after": {"ignoreLeadingWhiteSpace": "false"},
    "line ends": {"lineSep": "\r\n"},
    "own line end": {"lineSep": ";"},
    "own comment": {"comment": "a"},
}
for name, options in TEXTS.items():
    written(f"csv {name}", texts, "csv", **options)
written("csv one column", lambda s: texts(s).select("first"), "csv")
written("csv odd names", lambda s: texts(s).select(F.col("i").alias("a,b"), F.col("i").alias('q"'), F.col("i").alias(" c ")), "csv", header="true")
written("csv without rows", lambda s: texts(s).filter("i < 0"), "csv", header="true")
written("csv numbers", numbers, "csv")
written("csv numbers elsewhere", numbers, "csv", timeZone="America/New_York", header="true")
written("csv dates by patterns", numbers, "csv", dateFormat="dd/MM/yyyy", timestampFormat="yyyy-MM-dd HH:mm:ss.SSSSSS")
written("json texts", texts, "json")
written("json texts with nulls", texts, "json", ignoreNullFields="false")
written("json numbers", numbers, "json")
written("json numbers by patterns", numbers, "json", dateFormat="dd MMM yyyy", timestampFormat="EEE HH:mm", timeZone="Asia/Kolkata")
written("json nested", nested, "json")
written("json nested with nulls", nested, "json", ignoreNullFields="false")
written("json line ends", texts, "json", lineSep="\r\n")
written("text", lambda s: texts(s).select("first"), "text")
written("text line ends", lambda s: texts(s).select("first"), "text", lineSep="|")


@case()
def written_packed(s: Scene):
    found = {}
    for format in ("csv", "json"):
        path = f"{s.output}/writers/packed_{format}"
        texts(s).write.option("compression", "gzip").format(format).save(path)
        found[format] = bytes_of(s, path)
    return found


@case()
def written_parquet_by_codecs(s: Scene):
    found = []
    for codec in ("none", "gzip", "snappy", "zstd", "uncompressed"):
        path = f"{s.output}/writers/parquet_{codec}"
        numbers(s).write.parquet(path, compression=codec)
        found.append([str(row) for row in s.spark.read.parquet(path).collect()])
    return found


def folders(name: str, format: str, keys: list[str], **options) -> None:
    def run(s: Scene):
        path = f"{s.output}/writers/folders_{name.replace(' ', '_')}"
        keyed(s).write.partitionBy(*keys).options(**options).format(format).save(path)
        reader = s.spark.read.options(**options)
        back = reader.parquet(path) if format == "parquet" else reader.schema("k string, n int, d double, day date").format(format).load(path)
        return {"columns": back.columns, "rows": sorted([list(row) for row in back.collect()], key=str)}

    add(f"written in folders {name}", run)


folders("by text", "csv", ["k"])
folders("by number", "csv", ["n"], header="true")
folders("by two", "json", ["n", "k"])
folders("by fraction", "parquet", ["d"])
folders("by day", "parquet", ["day", "n"])
folders("in another case", "json", ["N"])


@case()
def written_one_folder(s: Scene):
    path = f"{s.output}/writers/one_folder"
    keyed(s).select("k", "n").write.partitionBy("n").csv(path)
    return [bytes_of(s, f"{path}/n={n}") for n in (1, 2, 3)]


@case()
def written_folders_in_addition(s: Scene):
    path = f"{s.output}/writers/more_folders"
    for _ in range(2):
        keyed(s).select("k", "n").write.partitionBy("n").mode("append").csv(path)
    keyed(s).select("k", "n").filter("n = 1").write.partitionBy("n").mode("ignore").csv(path)
    more = s.spark.read.schema("k string, n int").csv(path).count()
    keyed(s).select("k", "n").filter("n = 1").write.partitionBy("n").mode("overwrite").csv(path)
    return [more, s.spark.read.schema("k string, n int").csv(path).count()]


@case()
def written_folders_without_rows(s: Scene):
    path = f"{s.output}/writers/no_folders"
    keyed(s).filter("n > 100").write.partitionBy("n").csv(path)
    return s.spark.read.csv(path).count()


def refused(name: str, write) -> None:
    add(f"written not {name}", lambda s: write(s))


refused("all columns as folders", lambda s: keyed(s).select("k").write.partitionBy("k").csv(f"{s.output}/writers/x1"))
refused("by a column that isn't there", lambda s: keyed(s).write.partitionBy("q").csv(f"{s.output}/writers/x2"))
refused("by an array", lambda s: nested(s).write.partitionBy("a").json(f"{s.output}/writers/x3"))
refused("csv of an array", lambda s: nested(s).select("a").write.csv(f"{s.output}/writers/x4"))
refused("csv of a struct", lambda s: nested(s).select("s").write.csv(f"{s.output}/writers/x5"))
refused("csv of bytes", lambda s: nested(s).select("y").write.csv(f"{s.output}/writers/x6"))
refused("text of a number", lambda s: texts(s).select("i").write.text(f"{s.output}/writers/x7"))
refused("a column twice", lambda s: texts(s).select("i", F.col("first").alias("I")).write.json(f"{s.output}/writers/x8"))
refused("a long line end", lambda s: texts(s).write.csv(f"{s.output}/writers/x9", lineSep="abc"))
refused("a long quote", lambda s: texts(s).write.csv(f"{s.output}/writers/x10", quote="ab"))
refused("twice", lambda s: [texts(s).select("i").write.csv(f"{s.output}/writers/twice") for _ in range(2)])
