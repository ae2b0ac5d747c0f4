"""Cases about ORC files: those of other writers under Spark's rules, those that are written here, and what isn't read.

The writers below make the plain files; one world reads them plain, the other as they were sealed. tests/golden/spark/*.orc are stock
Spark's own (make_orc.py there), tests/golden/orc/written.orc is ours (tests/e2e/test_orc.py).
"""

from __future__ import annotations

import datetime
import decimal
import pathlib

import pyarrow as pa
import pyarrow.orc as orc
from pyspark.sql import functions as F
from recorder import Scene, add, case

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden"
WRITTEN = sorted([*(GOLDEN / "spark").glob("*.orc"), *(GOLDEN / "orc").glob("*.orc")])
CODECS = ("uncompressed", "snappy", "zlib", "lz4", "zstd")
DECIMALS = [decimal.Decimal("1.50"), None, decimal.Decimal("-99999999.99"), decimal.Decimal("0.01"), decimal.Decimal("10.00")]
DAYS = [datetime.date(1, 1, 1), datetime.date(1500, 3, 1), datetime.date(1582, 10, 4), datetime.date(1582, 10, 15), datetime.date(1969, 12, 31),
        datetime.date(9999, 12, 31), None]
COLUMNS = {
    "booleans": pa.array([True, None, False, True]),
    "bytes": pa.array([1, None, -128, 127], pa.int8()),
    "shorts": pa.array([1, None, -3, 300], pa.int16()),
    "ints": pa.array([1, None, -3, 2**30], pa.int32()),
    "longs": pa.array([1, None, -(2**63), 2**63 - 1, 7, 7, 7, 7, 8, 9], pa.int64()),
    "floats": pa.array([1.5, None, float("nan"), -0.0, 0.1], pa.float32()),
    "doubles": pa.array([1.5, None, float("-inf"), 1e300]),
    "texts": pa.array(["a", "", None, "\u00e4\u20ac", " spaces ", "a"]),
    "binary": pa.array([b"\xff\x00", None, b""], pa.binary()),
    "dates": pa.array(DAYS),
    "times": pa.array([0, None, 1709164800123456, -1000000, -12219379200000000, 253402300799999999], pa.timestamp("us")),
    "instants": pa.array([0, None, 1709164800123456, -2000000], pa.timestamp("us", "UTC")),
    "decimals": pa.array(DECIMALS, pa.decimal128(10, 2)),
    "wide decimals": pa.array([decimal.Decimal("9" * 38), None, decimal.Decimal(-1)], pa.decimal128(38, 0)),
    "fractions": pa.array([decimal.Decimal("0." + "1" * 38), None], pa.decimal128(38, 38)),
    "lists": pa.array([[1.0, 2.0], [], None, [3.0, None]], pa.list_(pa.float64())),
    "maps": pa.array([[("a", 1), ("b", None)], None, []], pa.map_(pa.string(), pa.int32())),
    "structs": pa.array([{"a": 1, "b": "x"}, None, {"a": None, "b": "y"}]),
    "deep": pa.array([[[{"k": [("x", [1])]}]], None, [[], None]], pa.list_(pa.list_(pa.struct({"k": pa.map_(pa.string(), pa.list_(pa.int32()))})))),
    "nulls": pa.array([None, None, None], pa.int32()),
    "no rows": pa.array([], pa.int64()),
}
ABC = {"a": [1, 2, None], "b": ["x", "y", None], "c": [0.5, None, 2.5]}
# Tables of other tables' folders: what of a folder is read, as which columns.
FOLDERS: dict[str, dict] = {
    "plain": {"f.orc": ABC},
    "two": {"a.orc": ABC, "b.orc": {"a": [7], "b": ["z"], "c": [9.5]}},
    "keyed": {"year=2023/f.orc": ABC, "year=2024/f.orc": {"a": [7], "b": ["z"], "c": [9.5]}},
    "keyed twice": {"y=1/k=a/f.orc": {"v": [1]}, "y=2/k=b c/f.orc": {"v": [2, 3]}, "y=2/k=__HIVE_DEFAULT_PARTITION__/f.orc": {"v": [4]}},
    "key in the file": {"a=5/f.orc": ABC},
    "with more": {"a.orc": {"a": [1]}, "b.orc": {"a": [2], "b": ["more"]}},
    "with less": {"a.orc": {"a": [1], "b": ["x"]}, "b.orc": {"a": [2]}},
    "other order": {"a.orc": {"a": [1], "b": ["x"]}, "b.orc": {"b": ["y"], "a": [2]}},
    "other case": {"a.orc": {"a": [1], "b": ["x"]}, "b.orc": {"A": [2], "B": ["y"]}},
    "wider": {"a.orc": {"a": [2**40]}, "b.orc": {"a": pa.array([7], pa.int32())}},
    "ints and texts": {"a.orc": {"a": ["x"]}, "b.orc": {"a": [1]}},
    "unnamed": {"a.orc": {"_col0": [1, 2], "_col1": ["a", None]}},
    "unnamed behind": {"a.orc": {"k": [5], "v": ["c"]}, "b.orc": {"_col0": [1, 2], "_col1": ["a", None]}},
    "upper case": {"a.orc": {"Id": [1], "some Name": ["x"], "a.b": [2], "\u00e4": [3]}},
    "twice in a file": {"a.orc": {"a": [1], "A": [2]}},
    "hidden": {"a.orc": ABC, "_b.orc": {"q": [1]}},
    "empty file": {"a.orc": b"", "b.orc": ABC},
    "only empty": {"a.orc": b""},
    "not orc": {"a.orc": b"id,name\n1,a\n"},
    "parquet magic": {"a.orc": b"PAR1" + bytes(range(256)) + b"PAR1"},
    "one bad": {"a.orc": ABC, "b.orc": b"ORC"},
    "structs grow": {"a.orc": {"s": [{"x": 1, "y": "p"}]}, "b.orc": {"s": [{"x": 2}]}},
}


def path_of(name: str) -> str:
    return name.replace(" ", "_")


def write_files(folder: pathlib.Path) -> pathlib.Path:
    """One tree of all of them."""
    root = folder / "orc"

    def write(path: str, content, **options) -> None:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            target.write_bytes(content)
        else:
            orc.write_table(pa.table(content), target, **options)

    for name, column in COLUMNS.items():
        write(f"types/{path_of(name)}/f.orc", {"c": column})
    for codec in CODECS:
        write(f"codecs/{codec}/f.orc", {"t": ["the same text"] * 30000, "n": list(range(30000))}, compression=codec)
    write("codecs/words/f.orc", {"t": ["x", "yy", None] * 1000}, dictionary_key_size_threshold=1)
    write("codecs/first/f.orc", {"n": COLUMNS["longs"], "t": ["abc"] * 10}, file_version="0.11")
    write("codecs/stripes/f.orc", {"n": list(range(200_000)), "t": [str(i * i) for i in range(200_000)]}, stripe_size=1 << 16)
    for name, files in FOLDERS.items():
        for file, content in files.items():
            write(f"folders/{path_of(name)}/{file}", content)
    whole = (root / "types/longs/f.orc").read_bytes()
    write("folders/cut/a.orc", whole[:-7])
    write("folders/middle/a.orc", whole[:3] + b"\xff" * 20 + whole[23:])
    for file in WRITTEN:
        write(f"golden/{file.stem}/f.orc", file.read_bytes())
    return root


def read(s: Scene, below: str, schema: str | None = None, **options):
    reader = s.spark.read.options(**options)
    return (reader.schema(schema) if schema else reader).orc(f"{s.tables}/orc/{below}")


def all_of(frame) -> dict:
    """Files may come in any order."""
    return {"schema": [[f.name, f.dataType.json(), f.nullable] for f in frame.schema], "rows": sorted([list(row) for row in frame.collect()], key=str)}


def texts_of(frame) -> list:
    """What Python's own types don't hold, too."""
    texts = frame.select([F.col("`" + f.name + "`").cast("string") for f in frame.schema])
    return [[f.name + " " + f.dataType.simpleString() for f in frame.schema]] + sorted([str(v) for v in row] for row in texts.collect())


def reads(name: str, below: str, schema: str | None = None, then=all_of, **options) -> None:
    add(f"orc {name}", lambda s: then(read(s, below, schema, **options)))


for name in COLUMNS:
    reads(f"type {name}", f"types/{path_of(name)}")
    if name not in ("no rows", "nulls"):
        reads(f"texts of {name}", f"types/{path_of(name)}", then=lambda f: sorted(str(row[0]) for row in f.select(F.col("c").cast("string")).collect()))
for name in (*CODECS, "words", "first", "stripes"):
    reads(f"codec {name}", f"codecs/{name}", then=lambda f: f.select(F.count("*"), *[F.sum(F.hash(c)) for c in f.columns]))
# Which file says the columns is the file system's word in stock Spark, the first by path here.
BY_ORDER = ("with more", "with less", "other order", "other case", "wider", "ints and texts", "unnamed behind", "structs grow")
for name in (*(n for n in FOLDERS if n not in BY_ORDER), "cut", "middle"):
    reads(f"folder {name}", f"folders/{path_of(name)}")
for file in WRITTEN:
    reads(f"golden {file.stem}", f"golden/{file.stem}", then=texts_of)

# ---- under a schema -----------------------------------------------------------------------------------
for name, below, schema in [
        ("some", "plain", "c double"), ("other order", "plain", "c double, a bigint"), ("other case", "plain", "A bigint, B string"),
        ("missing", "plain", "a bigint, q string"), ("only missing", "plain", "q string"), ("not null", "plain", "a bigint NOT NULL, b string"),
        ("with a key", "keyed", "a bigint, year string"), ("unnamed", "unnamed", "k bigint, v string"), ("unnamed fewer", "unnamed", "k bigint"),
        ("unnamed more", "unnamed", "k bigint, v string, w int"), ("less", "with more", "a bigint, b string"), ("wider", "wider", "a bigint"),
        ("structs", "structs grow", "s struct<y: string, x: bigint, z: int>"), ("empty", "only empty", "a int"), ("void", "plain", "a void"),
        ("not orc", "not orc", "a int"), ("one bad", "one bad", "a bigint")]:
    reads(f"schema {name}", f"folders/{path_of(below)}", schema)
for name, column, schema in [
        ("bytes as ints", "bytes", "c int"), ("ints as longs", "ints", "c bigint"), ("ints as doubles", "ints", "c double"),
        ("floats as doubles", "floats", "c double"), ("ints as decimals", "ints", "c decimal(20, 2)"), ("decimals wider", "decimals", "c decimal(20, 4)"),
        ("texts as binary", "texts", "c binary"), ("times without zone", "times", "c timestamp_ntz"),
        ("lists of floats", "lists", "c array<double>"), ("maps to longs", "maps", "c map<string, bigint>")]:
    reads(f"schema {name}", f"types/{path_of(column)}", schema)
add("orc schema checked", lambda s: s.spark.read.schema("a bigint, b string").format("orc").load(f"{s.tables}/orc/folders/plain").count())
reads("by place", "folders/plain", "k bigint, v string, w double, x int", **{"orc.force.positional.evolution": "true"})

# ---- options, names, plans ----------------------------------------------------------------------------
for name in ("with more", "with less", "wider", "ints and texts", "keyed", "structs grow"):
    reads(f"merged {name}", f"folders/{path_of(name)}", mergeSchema="true")
reads("recursive", "folders/keyed_twice", recursiveFileLookup="true")
add("orc base path", lambda s: all_of(read(s, "folders/keyed/year=2023", basePath=f"{s.tables}/orc/folders/keyed")))
reads("one key", "folders/keyed/year=2023")
reads("one file", "folders/keyed/year=2023/f.orc")
reads("pattern", "folders/keyed/*/f.orc")
reads("option without effect", "folders/plain", frobnicate="1", compression="lzo")
reads("not there", "folders/nowhere")
add("orc by format", lambda s: all_of(s.spark.read.format("ORC").load(f"{s.tables}/orc/folders/plain")))
add("orc two paths", lambda s: all_of(s.spark.read.orc([f"{s.tables}/orc/folders/keyed/year={y}" for y in (2023, 2024)])))
add("orc sql", lambda s: all_of(s.spark.sql(f"SELECT a, upper(b) AS b FROM orc.`{s.tables}/orc/folders/keyed` WHERE year = 2023")))
reads("filter by key", "folders/keyed", then=lambda f: f.filter("year = 2023").count())
reads("count", "folders/keyed", then=lambda f: f.count())
reads("one column", "folders/plain", then=lambda f: all_of(f.select("c")))
reads("grouped", "folders/keyed", then=lambda f: sorted([list(r) for r in f.groupBy("year").agg(F.sum("a")).collect()]))


@case()
def orc_merge_by_config(s: Scene):
    s.spark.conf.set("spark.sql.orc.mergeSchema", "true")
    try:
        return [read(s, "folders/with_more").columns, s.spark.sql(f"SELECT * FROM orc.`{s.tables}/orc/folders/with_more`").columns]
    finally:
        s.spark.conf.unset("spark.sql.orc.mergeSchema")


# ---- written ------------------------------------------------------------------------------------------
TYPES = """b boolean, y byte, h short, i int, l long, f float, d double, s string, x binary, day string, at string, n string,
           e decimal(10,2), w decimal(38,10), a array<int>, m map<string, double>, r struct<p: int, q: array<struct<z: string>>>"""
VALUES = [
    (True, 1, 2, 3, 4, 1.5, 0.1, "text", bytearray(b"\x00\xff"), "2020-01-02", "2020-01-02 03:04:05.123456",
     "2020-01-02 03:04:05.123456", decimal.Decimal("1.50"), decimal.Decimal("-12345678901234567890.0123456789"), [1, None, 3],
     {"k": 1.5, "l": None}, (1, [("u",), (None,), None])),
    (None,) * 17,
    (False, -128, -32768, -(2**31), -(2**63), float("nan"), float("-inf"), "", bytearray(b""), "0001-01-01",
     "0001-01-01 00:00:01", "0001-01-01", decimal.Decimal("-99999999.99"), decimal.Decimal(0), [], {}, (None, None)),
    (True, 127, 32767, 2**31 - 1, 2**63 - 1, -0.0, 1e300, "\u00e4\u20ac\U0001f600", bytearray(b"a"), "1582-10-10",
     "1969-12-31 23:59:58.5", "9999-12-31", decimal.Decimal("0.01"), None, None, None, (5, [])),
    (False, 0, 0, 0, 0, 0.0, 0.0, " ", None, "1500-03-01", "1969-12-31 23:59:59.5",
     "1582-10-10 01:02:03", decimal.Decimal("10.00"), None, [None], {"": 0.0}, None),
]


def values(s: Scene):
    def made():
        frame = s.spark.createDataFrame(VALUES, TYPES).coalesce(1)
        for name, kind in (("day", "date"), ("at", "timestamp"), ("n", "timestamp_ntz")):
            frame = frame.withColumn(name, F.col(name).cast(kind))
        return frame

    return s.once("orc values", made)


def written(name: str, frame, then=texts_of, keys=(), mode: str | None = None, **options) -> None:
    def run(s: Scene):
        path = f"{s.output}/orc/{path_of(name)}"
        frame(s).write.orc(path, partitionBy=list(keys) or None, mode=mode, **options)
        return then(s.spark.read.orc(path))

    add(f"orc written {name}", run)


written("all types", lambda s: values(s).drop("n"))
written("time without zone", lambda s: values(s).select("n"))
for codec in ("none", "snappy", "zlib", "lz4", "zstd", "uncompressed", "SNAPPY"):
    written(f"codec {codec}", lambda s: values(s).drop("n"), compression=codec)
written("intervals", lambda s: s.spark.sql("SELECT INTERVAL '1 02:03:04.5' DAY TO SECOND AS a, INTERVAL '3-4' YEAR TO MONTH AS b, INTERVAL '5' HOUR AS c"))
written("many rows", lambda s: s.spark.range(0, 300_000, 1, 1).selectExpr("id", "id % 7 AS k", "cast(id * id AS string) AS t",
                                                                         "if(id % 3 = 0, null, id / 7) AS d"),
        then=lambda f: f.select(F.count("*"), *[F.sum(F.hash(c)) for c in f.columns]))
written("no rows", lambda s: values(s).drop("n").filter("i > 5 AND i < 4"))
written("by a key", lambda s: values(s).select("i", "s", "l"), keys=["i"])
written("by two keys", lambda s: values(s).select("i", "s", "b"), keys=["b", "i"])
written("names", lambda s: values(s).selectExpr("i AS `a.b`", "l AS `some Name`", "s AS `\u00e4`"))
written("vectors", lambda s: s.table("patients1").limit(3).select("row", F.array("mean_radius").alias("v")))
written("a void", lambda s: values(s).selectExpr("i", "null AS v"))
written("a nested void", lambda s: values(s).selectExpr("array(null) AS v"))
written("a column twice", lambda s: values(s).selectExpr("i", "l AS I"))
for codec in ("lzo", "xz"):
    written(f"codec {codec}", lambda s: values(s).select("i"), compression=codec)


@case()
def orc_modes(s: Scene):
    path = f"{s.output}/orc/modes"
    rows = values(s).select("i")
    rows.write.orc(path)
    rows.write.mode("append").orc(path)
    rows.write.mode("ignore").orc(path)
    found = [s.spark.read.orc(path).count()]
    rows.write.mode("overwrite").format("orc").save(path)
    found.append(s.spark.read.orc(path).count())
    rows.write.orc(path)
    return found


@case()
def orc_codec_by_config(s: Scene):
    s.spark.conf.set("spark.sql.orc.compression.codec", "snappy")
    try:
        values(s).select("i").write.orc(f"{s.output}/orc/by_config")
    finally:
        s.spark.conf.unset("spark.sql.orc.compression.codec")
    return s.spark.read.orc(f"{s.output}/orc/by_config").count()


add("orc codec of config that isn't one", lambda s: s.spark.conf.set("spark.sql.orc.compression.codec", "xz"))


def table(name: str, *statements: str) -> None:
    def run(s: Scene):
        s.spark.sql("DROP TABLE IF EXISTS orc_kept")
        try:
            for statement in statements:
                found = s.spark.sql(statement)
            return texts_of(found)
        finally:
            s.spark.sql("DROP TABLE IF EXISTS orc_kept")

    add(f"orc table {name}", run)


table("created", "CREATE TABLE orc_kept (id INT, name STRING, d DECIMAL(10,2)) USING orc", "INSERT INTO orc_kept VALUES (1, 'a', 1.5), (2, null, null)",
      "INSERT INTO orc_kept VALUES (3, 'c', 2)", "SELECT * FROM orc_kept")
table("of a query", "CREATE TABLE orc_kept USING orc OPTIONS (compression 'snappy') AS SELECT id, id * 2 AS twice FROM range(5)",
      "SELECT * FROM orc_kept WHERE id > 1")
table("by keys", "CREATE TABLE orc_kept (id INT, k STRING) USING ORC PARTITIONED BY (k)", "INSERT INTO orc_kept VALUES (1, 'a'), (2, 'b')",
      "SELECT k, count(*) FROM orc_kept GROUP BY k")
table("empty", "CREATE TABLE orc_kept (id INT) USING orc", "SELECT * FROM orc_kept")
table("of a void", "CREATE TABLE orc_kept (id VOID) USING orc", "SELECT * FROM orc_kept")


@case()
def orc_saved_as_table(s: Scene):
    s.spark.sql("DROP TABLE IF EXISTS orc_kept")
    try:
        values(s).select("i", "s", "at").write.format("orc").saveAsTable("orc_kept")
        values(s).select("i", "s", "at").write.insertInto("orc_kept")
        return texts_of(s.spark.table("orc_kept"))
    finally:
        s.spark.sql("DROP TABLE IF EXISTS orc_kept")
