"""ORC files of pyarrow's, as a job reads them, and what it writes, as pyarrow reads that: decoder and encoder against another one."""

from __future__ import annotations

import datetime
import decimal
import pathlib

import pyarrow as pa
import pyarrow.orc as orc
import pytest

from deployment import Deployment

CODECS = ("uncompressed", "snappy", "zlib", "lz4", "zstd")
GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden/orc/written.orc"

JOB = """
    import sys
    from pyspark.sql import SparkSession
    spark = SparkSession.builder.getOrCreate()
    read, out = sys.argv[1:3]
    for codec in ("uncompressed", "snappy", "zlib", "lz4", "zstd"):
        spark.read.orc(f"{read}/{codec}").write.orc(f"{out}/{codec}", compression=codec)
    print("schema", spark.read.orc(f"{read}/zstd").schema.simpleString())
    spark.read.orc(f"{read}/zstd").limit(5).coalesce(1).write.orc(f"{out}/golden", compression="none")
    for bad in ("cut", "words", "claims"):
        try:
            print(bad, spark.read.orc(f"{read}/{bad}").count())
        except Exception as error:
            print(bad, error.getCondition())
    try:
        spark.read.schema("a array<boolean>").orc(f"{read}/claims").count()
    except Exception as error:
        print("claimed", error.getCondition())
    print("still", spark.read.orc(f"{read}/zstd").count())
"""


def table() -> pa.Table:
    many = range(5000)

    def holes(values, every, type_):
        return pa.array([None if i % every == 0 else v for i, v in enumerate(values)], type_)

    return pa.table({
        "b": holes([i % 3 == 0 for i in many], 7, pa.bool_()),
        "y": holes([i % 250 - 125 for i in many], 9, pa.int8()),
        "h": holes([i * 13 % 60000 - 30000 for i in many], 8, pa.int16()),
        "i": holes([i * 7919 % 100000 if i % 50 else i << 17 for i in many], 6, pa.int32()),
        "l": holes([i * 10**14 - 5 for i in many], 5, pa.int64()),
        "f": holes([i / 3 for i in many], 10, pa.float32()),
        "d": holes([i / 7 for i in many], 11, pa.float64()),
        "s": holes([f"text {i % 100} \u00e4" for i in many], 13, pa.string()),
        "x": holes([bytes([i % 256]) * (i % 5) for i in many], 12, pa.binary()),
        "day": holes([datetime.date(2000, 1, 1) + datetime.timedelta(days=i) for i in many], 4, pa.date32()),
        "at": holes([datetime.datetime(2000, 1, 1) + datetime.timedelta(hours=i, microseconds=i * 1001) for i in many], 3, pa.timestamp("us")),
        "e": holes([decimal.Decimal(i * 37 - 90000).scaleb(-2) for i in many], 5, pa.decimal128(10, 2)),
        "a": holes([list(range(i % 4)) for i in many], 6, pa.list_(pa.int64())),
        "m": holes([[(f"k{k}", k / 2) for k in range(i % 3)] for i in many], 7, pa.map_(pa.string(), pa.float64())),
        "r": holes([{"p": i, "q": None if i % 2 else str(i)} for i in many], 8, pa.struct([("p", pa.int64()), ("q", pa.string())])),
    })


def claims() -> bytes:
    """One row, a list of 2^31 - 1 booleans, in a file of a hundred bytes."""
    def number(field, value):
        out, value = bytes([field << 3]), value
        while value >= 0x80:
            out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
        return out + bytes([value])

    def text(field, value):
        key = field << 3 | 2
        return bytes([key & 0x7F | 0x80, key >> 7] if key >= 0x80 else [key]) + bytes([len(value)]) + value

    data = b"\xff\xff\xff\xff\xff\x07"
    own = text(1, number(1, 2) + number(2, 1) + number(3, len(data))) + 3 * text(2, b"")
    footer = text(3, number(1, 3) + number(3, len(data)) + number(4, len(own)) + number(5, 1))
    footer += text(4, number(1, 12) + number(2, 1) + text(3, b"a")) + text(4, number(1, 10) + number(2, 2)) + text(4, number(1, 0))
    end = number(1, len(footer)) + number(2, 0) + number(3, 1 << 18) + b"\x82\xf4\x03\x03ORC"
    return b"ORC" + data + own + footer + end + bytes([len(end)])


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    d = Deployment(tmp_path_factory.mktemp("orc"))
    d.keygen()
    plain = d.folder / "plain"
    for codec in CODECS:
        (plain / codec).mkdir(parents=True)
        orc.write_table(table(), plain / codec / "f.orc", compression=codec, dictionary_key_size_threshold=0.5)
    for name, bad in {"cut": (plain / "zstd/f.orc").read_bytes()[:-40], "words": b"no table at all", "claims": claims()}.items():
        (plain / name).mkdir()
        (plain / name / "f.orc").write_bytes(bad)
    sealed = d.put(plain, "sealed", "--tree")
    d.start()
    try:
        out = d.storage / "out"
        d.write_manifest(read=[sealed], write=[out])
        said = d.run(JOB, sealed, out).stdout
        d.cli("get", out, d.folder / "back")
    finally:
        d.stop()
    return d, said


@pytest.mark.parametrize("codec", CODECS)
def test_rows_come_back_through_a_job(done, codec):
    [part] = (done[0].folder / "back" / codec).glob("*.orc")
    assert orc.ORCFile(part).compression == codec.upper()
    back = orc.read_table(part)
    assert back.cast(table().schema).equals(table())


def test_what_is_written_has_no_statistics(done):
    [part] = (done[0].folder / "back/zstd").glob("*.orc")
    file = orc.ORCFile(part)
    assert file.nstripe_statistics == 0 and file.row_index_stride == 0 and file.nrows == 5000


def test_broken_files_are_errors_of_sparks(done):
    said = done[1].splitlines()
    footer = "FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER"
    assert f"cut {footer}" in said and f"words {footer}" in said
    claimed = [line for line in said if line.startswith(("claims ", "claimed "))]
    assert len(claimed) == 2 and all("MEMORY" in line or "FAILED_READ_FILE" in line for line in claimed), said
    assert "still 5000" in said


def test_the_golden_file_is_still_written(done):
    """Which stock Spark reads in tests/parity/orc_cases.py."""
    [part] = (done[0].folder / "back/golden").glob("*.orc")
    assert part.read_bytes() == GOLDEN.read_bytes()
