"""Cases about large files of text that are read in parts: small ones here, cut every few bytes on both sides.

Stock Spark plans one partition a part as long as opening a file costs more than a part has (conftest.py). A case reads one file by several sizes,
and records of each row which partition has it, and as its how manieth.
"""

from __future__ import annotations

import contextlib
import gzip
import random

from pyspark.errors import PySparkException
from pyspark.sql import functions as F

from recorder import Scene, add
from text_file_cases import BOM, FILES, FOLDER

KEY = "spark.sql.files.maxPartitionBytes"
SIZES = 6  # of a case


def made(seed: int, alphabet: list[bytes], bytes_least: int) -> bytes:
    """Whatever may be at a border."""
    chance, text = random.Random(seed), b""
    while len(text) < bytes_least:
        text += chance.choice(alphabet)
    return text


ENDS = [b"\n", b"\r\n", b"\r", b"a", b"bc", b"1,", b","]
FILES |= {
    "parts/people.csv": b"id,name,at,score\n" + b"".join(
        f"{i},name{i * 7919 % 1000},2024-01-{1 + i % 28:02},{i / 7:.3f}\n".encode() for i in range(60)),
    "parts/crlf.csv": b"a,b\r\n" + b"".join(f"{i},{'x' * (i % 5)}\r\n".encode() for i in range(40)),
    "parts/cr.csv": b"a,b\r" + b"\r".join(f"{i},y".encode() for i in range(30)),
    "parts/mark.csv": BOM + b"a,b\n" + b"".join(f"{i},\xc3\xa9\n".encode("latin") for i in range(20)),
    "parts/blank.csv": b"\n \n\na,b\n\n1,x\n  \n\n\n2,y\n" + b"\n" * 40 + b"3,z",
    "parts/comments.csv": b"# one\n  # two\n#\n\na,b\n" + b"".join(f"#{i}\n{i}, x\n #{i},y\n".encode() for i in range(12)),
    "parts/quotes.csv": b'a,b\n"one\ntwo",1\n"three\r\nfour, five",2\n"six"\n"",3\n"open,4\n5,"se""ven"\n' * 5,
    "parts/long.csv": b"a,b\n1,x\n2," + b"long" * 150 + b"\n3,y\n4,z\n5," + b"w" * 90 + b"\n6,",
    "parts/ragged.csv": b"a,b,c\n" + b"1,2,3\nx\n4,5\n6,7,8,9\n,\n" * 8,
    "parts/late_types.csv": b"a,b,c\n" + b"1,2,\n" * 30 + b"1.5,x,true\n" + b"3,4,false\n" * 10,
    "parts/dates.csv": b"d,t,u\n" + b"2020-01-02,2020-01-02 03:04:05,2020-01-02\n" * 8 + b",2021-01-01,2020-01-02T01:02:03Z\n" + b"2022-02-02,,x\n" * 4,
    "parts/header_again.csv": b"a,b\n1,2\na,b\n" + b"3,4\na,b\n" * 12,
    "parts/one_line.csv": b"1,2,3",
    "parts/ends.txt": made(1, ENDS, 300),
    "parts/more_ends.txt": made(2, [b"\n", b"\r", b"x"], 200),
    "parts/bars.txt": made(3, [b"|", b"||", b"a", b"bcd"], 250),
    "parts/semi.csv": made(4, [b";", b"1", b",", b"x,y", b";;"], 250),
    "parts/words.txt": b"".join(f"line {i} {'word ' * (i % 9)}\n".encode() for i in range(50)),
    "parts/unicode.txt": "été 日本 😀\n".encode() * 15,
    "parts/rows.json": b"".join(f'{{"a": {i}, "b": "x{i}", "c": [{i}]}}\n'.encode() for i in range(30)) + b'{"a": 1.5, "d": {"e": null}}\n{"b": 2}',
    "parts/bad.json": b'{"a": 1}\n{"a": "x", "b": 2}\n{"a": \n3\n[{"a": 4}, {"a": 5}]\n\n{"a": 1} rest\n' * 5,
    "parts/rows.libsvm": b"".join(f"{i % 2} {1 + i % 5}:0.5 {7 + i}:{i}\n".encode() for i in range(30)) + b"# comment\n\n1\n",
    "parts/packed.csv.gz": gzip.compress(b"a,b\n" + b"1,x\n2,y\n" * 40, mtime=0),
    "parts_of/one.csv": b"a,b\n" + b"".join(f"{i},x\n".encode() for i in range(40)),
    "parts_of/two.csv": b"a,b\n" + b"".join(f"{i},two\n".encode() for i in range(25)),
    "parts_keyed/k=1/a.csv": b"a\n" + b"".join(f"{i}\n".encode() for i in range(40)),
    "parts_keyed/k=2/b.csv": b"a\n" + b"".join(f"{i}.5\n".encode() for i in range(20)),
}


@contextlib.contextmanager
def cut(s: Scene, size: int | str):
    s.spark.conf.set(KEY, str(size))
    try:
        yield
    finally:
        s.spark.conf.unset(KEY)


def placed(frame) -> list:
    """Which rows which partition has, in order."""
    own = frame.columns
    found = frame.select("*", F.spark_partition_id().alias("its partition"), F.monotonically_increasing_id().alias("its id")).collect()
    return [[f.dataType.simpleString() for f in frame.schema[:len(own)]], own, [[*row[:-2], row[-2], row[-1] & 0xFFFFFFFF] for row in found]]


def sizes_of(name: str, content: bytes) -> list[int]:
    chance = random.Random(name)
    least = max(1, len(content) // 50)
    return [least, *(chance.randint(least, max(least, len(content) // 2)) for _ in range(SIZES - 2)), len(content)]


def in_parts(name: str, file: str, format: str, schema: str | None = None, shape=placed, sizes: list[int] | None = None, **options) -> None:
    sizes = sizes or sizes_of(name, FILES[file])

    def run(s: Scene):
        found = {}
        for size in sizes:
            with cut(s, size):
                reader = s.spark.read.format(format).options(**options)
                try:
                    found[str(size)] = shape((reader.schema(schema) if schema else reader).load(f"{s.tables}/{FOLDER}/{file}"))
                except PySparkException as error:
                    found[str(size)] = [type(error).__name__, error.getCondition()]
        return found

    add(f"parts {name}", run)


HEADED = {"header": "true"}
TYPED = {"header": "true", "inferSchema": "true"}
for file in [name for name in FILES if name.startswith("parts/") and name.endswith(".csv")]:
    stem = file.removeprefix("parts/")
    in_parts(f"{stem}", file, "csv")
    in_parts(f"{stem} header", file, "csv", **HEADED)
    in_parts(f"{stem} typed", file, "csv", **TYPED)
    in_parts(f"{stem} corrupt", file, "csv", "a int, b string, _corrupt_record string", **HEADED)
    in_parts(f"{stem} dropped", file, "csv", "a int, b string", **HEADED, mode="DROPMALFORMED")
    in_parts(f"{stem} as text", file, "text")
in_parts("comments", "parts/comments.csv", "csv", **TYPED, comment="#")
in_parts("comments without a header", "parts/comments.csv", "csv", comment="#")
in_parts("comments only at first", "parts/comments.csv", "csv", "a string, b string", sizes=[4, 8, 14, 18, 30], **HEADED, comment="#")
in_parts("trimmed", "parts/blank.csv", "csv", **TYPED, ignoreLeadingWhiteSpace="true", ignoreTrailingWhiteSpace="true")
in_parts("header that doesn't", "parts/people.csv", "csv", "id int, name string, at date, score double", **HEADED, enforceSchema="false")
in_parts("multiLine", "parts/quotes.csv", "csv", **TYPED, multiLine="true")
in_parts("packed", "parts/packed.csv.gz", "csv", **TYPED)
in_parts("own ends", "parts/semi.csv", "csv", "a string, b string", lineSep=";")
in_parts("own ends of two", "parts/semi.csv", "csv", "a string, b string", lineSep=";;")
in_parts("own ends typed", "parts/semi.csv", "csv", inferSchema="true", lineSep=";")
in_parts("line feeds alone", "parts/crlf.csv", "csv", "a string, b string", lineSep="\n")
in_parts("both of them", "parts/crlf.csv", "csv", "a string, b string", lineSep="\r\n")
for file in ("ends.txt", "more_ends.txt", "words.txt", "unicode.txt"):
    in_parts(f"text {file}", f"parts/{file}", "text", sizes=[*range(1, 12), 16, 50] if file == "more_ends.txt" else None)
for end in ("|", "||", "|b", "bcd", "a|bcd", "aa"):
    in_parts(f"text ends {end}", "parts/bars.txt", "text", sizes=[2, 3, 7, 11, 31, 100], lineSep=end)
in_parts("text whole", "parts/words.txt", "text", wholetext="true")
in_parts("json", "parts/rows.json", "json")
in_parts("json under a schema", "parts/rows.json", "json", "a double, b string, _corrupt_record string")
in_parts("json bad", "parts/bad.json", "json")
in_parts("json bad under a schema", "parts/bad.json", "json", "a int, b string, _corrupt_record string")
in_parts("json bad dropped", "parts/bad.json", "json", "a int, b string", mode="DROPMALFORMED")
in_parts("json own ends", "parts/rows.json", "json", "a double, _corrupt_record string", lineSep="}\n")
in_parts("json multiLine", "parts/rows.json", "json", "a double, _corrupt_record string", multiLine="true")


def vectors(frame) -> list:
    numbered = frame.select("*", F.spark_partition_id(), F.monotonically_increasing_id())
    return [[row[0], str(row[1]), row[2], row[3] & 0xFFFFFFFF] for row in numbered.collect()]


in_parts("libsvm", "parts/rows.libsvm", "libsvm", shape=vectors)
in_parts("libsvm features", "parts/rows.libsvm", "libsvm", shape=vectors, numFeatures="99")

# ---- what is made of them ----

PEOPLE = "id int, name string, at date, score double"
USES = {
    "count": lambda d: d.count(),
    "sums": lambda d: [list(row) for row in d.agg(F.sum("id"), F.count("name"), F.max("at"), F.min("score")).collect()],
    "limit": lambda d: [list(row) for row in d.limit(7).collect()],
    "first": lambda d: list(d.first()),
    "tail": lambda d: [list(row) for row in d.tail(5)],
    "filter": lambda d: [list(row) for row in d.filter("id % 7 = 3").select("id", F.spark_partition_id()).collect()],
    "groups": lambda d: sorted(list(row) for row in d.groupBy("at").count().collect()),
    "sorted": lambda d: [row.id for row in d.orderBy(F.desc("name"), "id").collect()],
    "coalesced": lambda d: placed(d.select("id").coalesce(3)),
    "dealt": lambda d: sorted(row.id for row in d.repartition(3).collect()),
    "union": lambda d: placed(d.select("id").union(d.select("id"))),
    "joined": lambda d: sorted(row.id for row in d.join(d.select("name").distinct(), "name").collect()),
    "drawn": lambda d: [row.id for row in d.sample(0.3, 7).collect()],
    "numbers": lambda d: [[row.id, round(row.r, 12)] for row in d.select("id", F.rand(3).alias("r")).collect()],
    "persisted": lambda d: [d.persist().count(), placed(d), d.unpersist() is d],
}
for name, use in USES.items():
    in_parts(f"used {name}", "parts/people.csv", "csv", PEOPLE, shape=use, sizes=[100, 333, 2000], **HEADED)


def failing(s: Scene, file: str, schema: str, **options):
    with cut(s, 50):
        s.spark.read.schema(schema).csv(f"{s.tables}/{FOLDER}/parts/{file}", header=True, **options).collect()


add("parts fails fast", lambda s: failing(s, "ragged.csv", "a int, b int, c int", mode="FAILFAST"))
add("parts header that differs", lambda s: failing(s, "people.csv", "a int, b string, c string, d double", enforceSchema=False))


def of_folder(s: Scene, folder: str, **options):
    with cut(s, 60):
        frame = s.spark.read.options(**options).csv(f"{s.tables}/{FOLDER}/{folder}")
        return [frame.dtypes, sorted([list(row) for row in frame.collect()], key=str), frame.select(F.spark_partition_id()).distinct().count()]


add("parts of a folder", lambda s: of_folder(s, "parts_of", **TYPED))
add("parts of a folder without a header", lambda s: of_folder(s, "parts_of"))
add("parts of keys", lambda s: of_folder(s, "parts_keyed", **TYPED))


def of_sql(s: Scene):
    with cut(s, 100):
        return placed(s.spark.sql(f"SELECT * FROM text.`{s.tables}/{FOLDER}/parts/words.txt`"))


def written(s: Scene):
    """A job's own files are cut too, and each part is a file of what is written of it."""
    with cut(s, 200):
        s.spark.read.schema(PEOPLE).csv(f"{s.tables}/{FOLDER}/parts/people.csv", header=True).coalesce(1).write.csv(f"{s.output}/parts", header=True)
        frame = s.spark.read.schema(PEOPLE).csv(f"{s.output}/parts", header=True)
        frame.write.parquet(f"{s.output}/parts_again")
        return [placed(frame), sorted(row.id for row in s.spark.read.parquet(f"{s.output}/parts_again").collect())]


add("parts of sql", of_sql)
add("parts of what was written", written)
for value in ("64", "1k", "2KB", "1048576b", "0", "-5", "x", "1.5m", "1mib", ""):
    def conf(s: Scene, value=value):
        with cut(s, value):
            return [s.spark.conf.get(KEY), s.spark.read.text(f"{s.tables}/{FOLDER}/parts/words.txt").select(F.spark_partition_id()).distinct().count()]

    add(f"parts conf {value}", conf)
