"""Cases about what tables are read from: CSV files, folders of Parquet files, rows that a limit doesn't need, text that isn't UTF-8.

The writers below make the plain files; one world reads them plain, the other as they were sealed.
"""

from __future__ import annotations

import datetime
import os
import pathlib
import random

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import functions as F

from recorder import Scene, add, shown

# ---- CSV ----------------------------------------------------------------------------------------

SEED = 20
# By the type that Spark gives a column of such values alone. No quotes and backslashes: put reads them as RFC 4180 says.
VALUES = {
    "int": ["0", "1", "-7", "+5", "007", "2147483647", "-2147483648", "-0"],
    "bigint": ["2147483648", "-9223372036854775808", "9223372036854775807", "+99999999999"],
    "double": ["1.5", "-.5", "1e5", "1E+2", " 5", "5 ", "NaN", "Inf", "-Inf", "Infinity", "-Infinity", "+NaN", "0x1p3", "1d", "2.5F",
               "1e400", "1e-400", "0.1234567890123456789", "1234567890123456789012345678901234567890", "1.7976931348623157e308", "-0.0"],
    "date": ["2020-01-02", "1969-12-31", "1583-01-02", "9999-12-31", "2024-02-29"],
    "timestamp": ["2020-1-2", "2020-01", "2020-01-02 03", "2020-01-02 03:04", "2020-01-02T03:04:05.123456789", "2020-01-02 03:04:05Z",
                  "2020-01-02 03:04:05+01:00", "2020-01-02 03:04:05 -0800", "2020-01-02 3:4:5", "2020-01-02 03:04:05 UTC+1", "1969-12-31 23:59:59.5",
                  "2020-01-02 03:04:05 GMT-03:30", "2020-01-02 ", "2020-01-02 03:04:05+1"],
    "boolean": ["true", "false", "TRUE", "False"],
    "string": ["x", "a,b", "nan", "inf", "+Inf", "1_000", "1,234", " true", "yes", "2020-02-30", "2020/01/02", "24:00", "12:30 PM", "1L", "0x10",
               "--5", "5%", "null", "NA", "None", "\u00e9", "2020-01-02 03:04:60", "now", "1e", "2020-W01", "2020-01-02T", " "],
}
DECIMALS = ["12345678901234567890", "-99999999999999999999", "9223372036854775808", "5.", "1E0", "0e0", "1.00e2"]
FILES, COLUMNS, ROWS = 6, 40, 8
DECIMAL_FILES = 8


def cell(value: str, quoted: bool) -> str:
    return f'"{value}"' if quoted or "," in value else value


def write_csv(path: pathlib.Path, columns: list[list[str]], draw: random.Random) -> None:
    lines = [",".join(f"c{i}" for i in range(len(columns)))]
    lines += [",".join(cell(value, draw.random() < 0.3) for value in row) for row in zip(*columns)]
    end = draw.choice(["\n", "\r\n"])
    path.write_bytes((draw.choice(["", "\ufeff"]) + end.join(lines) + draw.choice(["", end])).encode())


def write_csvs(folder: pathlib.Path) -> list[str]:
    """Columns of one to three kinds of values, and of nothing."""
    draw = random.Random(SEED)
    for number in range(FILES):
        columns = []
        for _ in range(COLUMNS):
            kinds = draw.sample(sorted(VALUES), draw.choice([1, 1, 1, 2, 2, 3]))
            pool = [v for kind in kinds for v in draw.sample(VALUES[kind], min(3, len(VALUES[kind])))]
            columns.append([draw.choice([*pool, ""]) for _ in range(ROWS)])
        write_csv(folder / f"csv{number}.csv", columns, draw)
    return [f"csv{number}" for number in range(FILES)]


def write_decimal_csvs(folder: pathlib.Path) -> list[str]:
    """Spark makes a decimal of the second column."""
    draw = random.Random(SEED)
    for number in range(DECIMAL_FILES):
        whole = draw.choice([[], VALUES["int"], VALUES["bigint"], ["", ""]])
        column = [draw.choice([*DECIMALS, *whole]) for _ in range(ROWS - 1)] + [draw.choice(DECIMALS)]
        draw.shuffle(column)
        write_csv(folder / f"decimals{number}.csv", [["x"] * ROWS, column], draw)
    return [f"decimals{number}" for number in range(DECIMAL_FILES)]


def csv(s: Scene, name: str):
    plain = f"{s.tables}/{name}.csv"
    if os.path.exists(plain):
        return s.spark.read.csv(plain, header=True, inferSchema=True)
    return s.spark.read.parquet(f"{s.tables}/{name}")


for number in range(FILES):
    add(f"csv{number}", lambda s, number=number: csv(s, f"csv{number}").select(
        *[F.col(f"c{i}") for i in range(COLUMNS)]))
for number in range(DECIMAL_FILES):
    add(f"csv decimals{number}", lambda s, number=number: csv(s, f"decimals{number}"))

# ---- folders of Parquet files ----------------------------------------------------------------------

ONE = {"a": [1.0, 2.0]}
DAY = datetime.date(2020, 1, 1)
INSTANT = datetime.datetime(2020, 1, 1, 3, 4, 5)
# Tree: {file: columns, or bytes}.
TREES = {
    "keyed": {"year=2023/f.parquet": ONE, "year=2024/f.parquet": {"a": [3.0]}, "_SUCCESS": b""},
    "keyed twice": {"a=1/b=x/f.parquet": {"v": [1]}, "a=1/b=y/f.parquet": {"v": [2]}, "a=__HIVE_DEFAULT_PARTITION__/b=x/f.parquet": {"v": [3]}},
    "key longs": {"k=1/f.parquet": ONE, "k=99999999999/f.parquet": ONE},
    "key doubles": {"k=1/f.parquet": ONE, "k=2.5/f.parquet": ONE, "k=NaN/f.parquet": ONE},
    "key longs and doubles": {"k=99999999999/f.parquet": ONE, "k=2.5/f.parquet": ONE},
    "key dates": {"k=2020-01-01/f.parquet": ONE, "k=2020-02-03/f.parquet": ONE},
    "key dates and numbers": {"k=2020-01-01/f.parquet": ONE, "k=5/f.parquet": ONE},
    "key texts": {"k=x/f.parquet": ONE, "k=01/f.parquet": ONE, "k=a=b/f.parquet": ONE},
    "key zeros": {"k=01/f.parquet": ONE, "k=02/f.parquet": ONE},
    "key nulls": {"k=__HIVE_DEFAULT_PARTITION__/f.parquet": ONE},
    "key words": {"k=true/f.parquet": ONE, "k=nan/f.parquet": ONE, "k=Inf/f.parquet": ONE},
    "key hex": {"k=0x1p3/f.parquet": ONE},
    "key months": {"k=2020-01/f.parquet": ONE, "k=2020-1-1/f.parquet": ONE},
    "key also a column": {"a=7/f.parquet": {"a": [5.5], "v": [1]}},
    "key of another case": {"v=7/f.parquet": {"A": [5.5], "V": [1]}},
    "keys of two names": {"a=1/f.parquet": ONE, "b=1/f.parquet": ONE},
    "keys of two depths": {"a=1/f.parquet": ONE, "a=1/b=2/f.parquet": ONE},
    "keys and folders": {"x/f.parquet": ONE, "a=1/f.parquet": ONE},
    "keys and files": {"f.parquet": {"v": [1]}, "k=1/f.parquet": {"v": [2]}},
    "key above a folder": {"a=1/sub/f.parquet": ONE},
    "key between folders": {"a=1/sub/b=2/f.parquet": ONE},
    "nulls alone": {"a.parquet": {"v": [1, 2], "n": pa.nulls(2)}},
    "key twice": {"a=1/a=2/f.parquet": {"v": [1]}},
    "key hidden": {"_c=1/f.parquet": {"v": [1]}, "_t/f.parquet": {"v": [2]}},
    "reordered": {"a.parquet": {"a": [1.0], "b": ["x"]}, "b.parquet": {"b": ["y"], "a": [2.0]}},
    "of another case": {"a.parquet": {"v": [1], "W": [2]}, "b.parquet": {"V": [3], "w": [4]}},
    "with more": {"a.parquet": {"a": [1.0]}, "b.parquet": {"a": [2.0], "c": [9]}},
    "with fewer": {"a.parquet": {"a": [1.0], "b": [10.0]}, "b.parquet": {"a": [3.0]}},
    "wider": {"a.parquet": {"v": pa.array([1, 2], pa.int64())}, "b.parquet": {"v": pa.array([3, None], pa.int32())}},
    "wider doubles": {"a.parquet": {"v": [1.5]}, "b.parquet": {"v": pa.array([1], pa.int32())}, "c.parquet": {"v": pa.array([2.5], pa.float32())}},
    "wider lists": {"a.parquet": {"v": pa.array([[1]], pa.list_(pa.int64()))}, "b.parquet": {"v": pa.array([[2, 3], None], pa.list_(pa.int32()))}},
    "other structs": {"a.parquet": {"v": [{"x": 1, "y": 2}]}, "b.parquet": {"v": [{"y": 3, "z": 4}]}},
    "bytes as text": {"a.parquet": {"v": ["x"]}, "b.parquet": {"v": [b"y"]}, "c.parquet": {"v": pa.array([None], pa.string())}},
    "times of two kinds": {"a.parquet": {"v": pa.array([INSTANT], pa.timestamp("us", tz="UTC"))}, "b.parquet": {"v": pa.array([INSTANT], pa.timestamp("ms"))}},
    "narrower": {"a.parquet": {"v": pa.array([1], pa.int32())}, "b.parquet": {"v": pa.array([2], pa.int64())}},
    "text for a number": {"a.parquet": {"v": pa.array([1], pa.int32())}, "b.parquet": {"v": ["x"]}},
    "long for a double": {"a.parquet": {"v": [1.5]}, "b.parquet": {"v": [1]}},
    "truth for a number": {"a.parquet": {"v": [True]}, "b.parquet": {"v": pa.array([1], pa.int32())}},
    "two for one": {"a.parquet": {"v": [1]}, "b.parquet": pa.table([[1], [2]], names=["v", "V"])},
    "plain folders": {"a.parquet": {"a": [1.0]}, "sub/b.parquet": {"a": [5.0]}},
    "folders alone": {"sub/b.parquet": {"a": [5.0]}},
    "temporary": {"a.parquet": {"a": [1.0]}, "_tmp/b.parquet": {"a": [5.0]}, "b.parquet._COPYING_": {"a": [9.0]}, "_started": b"x"},
    "empty files": {"a.parquet": b"", "b.parquet": {"v": [1]}},
    "no files": {"_SUCCESS": b""},
    "not all Parquet": {"a.parquet": {"a": [1.0, 2.0]}, "readme.txt": b"hello\n"},
    "no Parquet first": {"README": b"hello world, this is a text\n", "a.parquet": {"a": [1.0, 2.0]}},
    "no rows": {"k=1/f.parquet": {"v": pa.array([], pa.int32())}},
    "required": {"a.parquet": pa.table([pa.array([1])], schema=pa.schema([pa.field("v", pa.int64(), nullable=False)])), "b.parquet": {"q": [1]}},
    "lines": {"k=1/f.txt": b"x\ny\n", "k=2/f.txt": b"z"},
    "lines below": {"f.txt": b"x\ny\n", "s/f.txt": b"z"},
}


def tree_path(name: str) -> str:
    return "tree_" + name.replace(" ", "_")


def write_trees(folder: pathlib.Path) -> list[pathlib.Path]:
    for name, files in TREES.items():
        for file, content in files.items():
            path = folder / tree_path(name) / file
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            else:
                pq.write_table(content if isinstance(content, pa.Table) else pa.table(content), path)
    return [folder / tree_path(name) for name in TREES]


def in_order(frame):
    """Files may come in any order."""
    return {"schema": [[f.name, f.dataType.json(), f.nullable] for f in frame.schema],
            "rows": sorted([list(row) for row in frame.collect()], key=str)}


def tree(s: Scene, name: str, below: str = "", **options):
    reader = s.spark.read.options(**options)
    return (reader.text if name.startswith("lines") else reader.parquet)(f"{s.tables}/{tree_path(name)}{below}")


for name in TREES:
    add(f"tree {name}", lambda s, name=name: in_order(tree(s, name)))
TREE_READS = {
    "one key": lambda s: in_order(tree(s, "keyed", "/year=2023")),
    "one file": lambda s: in_order(tree(s, "keyed", "/year=2023/f.parquet")),
    "one key of two": lambda s: in_order(tree(s, "keyed twice", "/a=1")),
    "base path": lambda s: in_order(tree(s, "keyed twice", "/a=1", basePath=f"{s.tables}/{tree_path('keyed twice')}")),
    "merged": lambda s: in_order(tree(s, "with more", mergeSchema="true")),
    "merged with keys": lambda s: in_order(tree(s, "keyed twice", mergeSchema="true")),
    "merged narrower": lambda s: in_order(tree(s, "narrower", mergeSchema="true")),
    "recursive": lambda s: in_order(tree(s, "plain folders", recursiveFileLookup="true")),
    "recursive folders alone": lambda s: in_order(tree(s, "folders alone", recursiveFileLookup="true")),
    "by key": lambda s: sorted([list(r) for r in tree(s, "keyed").groupBy("year").count().collect()]),
    "one key by filter": lambda s: tree(s, "keyed").filter("year = 2023").count(),
    "key in an expression": lambda s: tree(s, "keyed twice").selectExpr("sum(a * v)", "max(b)"),
    "first good file": lambda s: tree(s, "not all Parquet").columns,
}
for name, run in TREE_READS.items():
    add(f"tree read {name}", run)

# ---- rows that a limit doesn't need ----------------------------------------------------------------

STOP = "if(k >= {}, raise_error('stop'), k) as e"


def stops(s: Scene, at: int):
    return s.table("mixed").selectExpr(STOP.format(at))


def each_file_stops(s: Scene):
    """Files of 143 rows, in any order, each with an error from its hundredth row on."""
    return s.table("patients4").selectExpr("if(row % 143 >= 100, raise_error('stop'), row) as e")


LIMITS = {
    "enough": lambda s: stops(s, 6).take(6),
    "one too many": lambda s: stops(s, 6).take(7),
    "head": lambda s: stops(s, 6).head(3),
    "first": lambda s: stops(s, 1).first(),
    "first of none good": lambda s: stops(s, 0).first(),
    "limit": lambda s: stops(s, 6).limit(4).collect(),
    "none": lambda s: stops(s, 0).limit(0).collect(),
    "isEmpty": lambda s: stops(s, 1).isEmpty(),
    "show": lambda s: shown(lambda: stops(s, 6).show(5)),
    "show one too many": lambda s: shown(lambda: stops(s, 6).show(6)),
    "filtered": lambda s: s.table("mixed").filter("k > 2").selectExpr(STOP.format(10)).take(7),
    "filtered too many": lambda s: s.table("mixed").filter("k > 2").selectExpr(STOP.format(10)).take(8),
    "filter after": lambda s: stops(s, 10).filter("e > 4").take(5),
    "filter after too many": lambda s: stops(s, 10).filter("e > 4").take(6),
    "filter on the error": lambda s: stops(s, 30).filter("e % 10 = 9").take(2),
    "errors dropped before": lambda s: s.table("mixed").filter("k < 5").selectExpr("10 div (k - 5)").collect(),
    "in the middle": lambda s: stops(s, 6).limit(5).selectExpr("sum(e)").collect(),
    "in the middle too many": lambda s: stops(s, 6).limit(7).selectExpr("sum(e)").collect(),
    "after draws": lambda s: s.table("mixed").withColumn("r", F.rand(5)).filter("r < 0.5").select("k", "r").limit(5),
    "after a sample": lambda s: s.table("mixed").sample(0.5, 3).select("k").limit(6),
    "of several files": lambda s: len(each_file_stops(s).take(90)),
    "of joined files": lambda s: len(each_file_stops(s).coalesce(1).take(100)),
    "of joined files too many": lambda s: each_file_stops(s).coalesce(1).take(101),
    "of a bad file": lambda s: tree(s, "not all Parquet").take(2),
    "of a bad file too many": lambda s: tree(s, "not all Parquet").take(3),
}
for name, run in LIMITS.items():
    add(f"limit {name}", run)

# ---- text that isn't UTF-8 ---------------------------------------------------------------------------


def bad_text() -> pa.Table:
    words = [b"ok", b"caf\xe9", None, b"z", b"\xe9ab", b"\xff\xfe", b"caf\xe9", "\u00e9t\u00e9".encode(), b"\xe2\x82", b""]
    return pa.table({"k": pa.array(range(len(words)), pa.int32()), "x": [float(i) for i in range(len(words))],
                     "note": pa.array(words, pa.binary()).view(pa.string())})


TEXTS = {
    "count": lambda t: t.count(),
    "another column": lambda t: t.select("x").collect(),
    "rows": lambda t: t.select("k", "note"),
    "length": lambda t: t.select(F.length("note")).collect(),
    "upper": lambda t: t.select(F.upper("note")).collect(),
    "lower": lambda t: t.select(F.lower("note")).collect(),
    "substring": lambda t: t.select(F.substring("note", 2, 2)).collect(),
    "like": lambda t: t.filter("note like 'caf_'").select("k").collect(),
    "equal": lambda t: t.alias("a").filter("note = note").count(),
    "concat": lambda t: t.select(F.concat("note", F.lit("!"))).collect(),
    "groups": lambda t: sorted([str(r[0]), r[1]] for r in t.groupBy("note").count().collect()),
    "dealt out": lambda t: t.repartition(3).agg(F.sum("x")).first()[0],
    "split": lambda t: sum(p.count() for p in t.randomSplit([0.5, 0.5], 1)),
    "kept": lambda t: t.select("note", "k").persist().filter("k > 3").collect(),
    "shown": lambda t: shown(lambda: t.show()),
    "largest": lambda t: t.agg(F.max("note"), F.min("note")).collect(),
}
for name, run in TEXTS.items():
    add(f"text {name}", lambda s, run=run: run(s.table("badtext")))


def written_and_read(s: Scene):
    s.table("badtext").write.parquet(f"{s.output}/badtext")
    return s.spark.read.parquet(f"{s.output}/badtext").select("k", "note")


add("text written", written_and_read)
