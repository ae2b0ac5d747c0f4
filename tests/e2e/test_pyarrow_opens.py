"""The storage formats, read a second time by a program that shares no code with ours.

pyarrow opens the golden data set through the client of docs/formats/dataset.md, which is taken from
that page, and the index, the tree and the version record are read as their pages describe them.
"""

import base64
import hashlib
import hmac
import io
import json
import pathlib
import re
import struct

import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE.parent / "golden"
DOCS = HERE.parent.parent / "docs" / "formats"
USER_KEY = bytes(range(32))
DATASET_ID = b"golden-data-set1"
TREE_ID = b"golden-tree-0001"
CHUNK = 1 << 20


def fields(*parts):
    """Length-prefixed fields; an integer is eight bytes."""
    out = b""
    for part in parts:
        part = struct.pack("<Q", part) if isinstance(part, int) else part
        out += struct.pack("<Q", len(part)) + part
    return out


def unfields(data):
    out = []
    while data:
        (size,) = struct.unpack_from("<Q", data)
        out.append(data[8 : 8 + size])
        data = data[8 + size :]
    return out


def derive(label, context, size):
    return HKDF(SHA256(), size, None, fields(label, context)).derive(USER_KEY)


def open_index(root, key):
    """docs/formats/index.md, without the limits."""
    sealed = (root / "_soteria_index").read_bytes()
    magic, kind, root_id, version, nonce = struct.unpack_from("<8sB16sQ12s", sealed)
    assert magic == b"SOTIDX1\n"
    aad = fields(b"soteria/1 sealed index", kind, root_id, version)
    plain = iter(unfields(AESGCM(key).decrypt(nonce, sealed[45:], aad)))

    def number():
        return struct.unpack("<Q", next(plain))[0]

    has_origins = next(plain) == b"soteria/2 index"
    assert (number(), next(plain), number()) == (kind, root_id, version)
    index = {"id": root_id, "version": version, "previous": next(plain), "schema": next(plain)}
    index["tee_kinds"] = [next(plain) for _ in range(number())]
    index["files"] = [
        {
            "name": next(plain).decode(),
            "object": next(plain).decode(),
            "file_id": next(plain),
            "size": number(),
            "rows": number(),
            "check": next(plain),
            "wrapped_key": next(plain),
            "origin": (number(), next(plain), number(), [next(plain) for _ in range(number())]) if has_origins else None,
        }
        for _ in range(number())
    ]
    assert list(plain) == []
    return index


def documented_client():
    """The class that docs/formats/dataset.md gives, as it stands there."""
    page = (DOCS / "dataset.md").read_text()
    (source,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    scope = {}
    exec(source, scope)
    return scope["open_encrypted"]


@pytest.fixture(scope="module")
def dataset_key():
    return derive(b"dataset", DATASET_ID, 16)


def test_client_in_the_docs_is_short():
    page = (DOCS / "dataset.md").read_text()
    (source,) = re.findall(r"class [A-Za-z]*\(pe.KmsClient\):\n(?:    .*\n|\n)*", page)
    assert len([line for line in source.splitlines() if line.strip()]) <= 10


def test_pyarrow_opens_the_files(dataset_key):
    open_encrypted = documented_client()
    index = open_index(GOLDEN / "dataset", dataset_key)
    assert index["version"] == 2
    assert index["tee_kinds"] == [b"sgx", b"simulated"]
    rows = []
    for entry in index["files"]:
        path = GOLDEN / "dataset" / entry["object"]
        data = path.read_bytes()
        assert len(data) == entry["size"]
        tail = struct.unpack_from("<I", data, len(data) - 8)[0] + 8
        assert hashlib.sha256(data[-tail:]).digest() == entry["check"]
        part = open_encrypted(path, dataset_key).read()
        assert part.num_rows == entry["rows"]
        rows += part.to_pylist()
    assert [len(rows), rows[7]["x"], rows[9]["x"], rows[99]["n"]] == [100, -2.125, None, 9801]
    assert rows[42]["s"] == "row 42"
    assert rows[42]["v"] == {"type": 1, "size": None, "indices": None, "values": [42.0, 0.5]}


def test_sparks_schema_is_in_the_file_and_in_the_index(dataset_key):
    index = open_index(GOLDEN / "dataset", dataset_key)
    path = GOLDEN / "dataset" / index["files"][0]["object"]
    metadata = documented_client()(path, dataset_key).metadata.metadata
    spark = json.loads(metadata[b"org.apache.spark.sql.parquet.row.metadata"])
    assert spark == json.loads(index["schema"])
    types = {field["name"]: field["type"] for field in spark["fields"]}
    assert types["x"] == "double"
    assert types["v"]["class"] == "org.apache.spark.ml.linalg.VectorUDT"
    assert b"ARROW:schema" in metadata


def test_encryption_is_what_the_page_says(dataset_key):
    index = open_index(GOLDEN / "dataset", dataset_key)
    entry = index["files"][0]
    data = (GOLDEN / "dataset" / entry["object"]).read_bytes()
    assert data[:4] == data[-4:] == b"PARE"
    assert DATASET_ID + entry["file_id"] in data  # the AAD prefix
    material = json.loads(re.search(rb'\{"keyMaterialType".*?\}', data).group())
    assert material == {
        "keyMaterialType": "PKMT1",
        "internalStorage": True,
        "isFooterKey": True,
        "kmsInstanceID": "DEFAULT",
        "kmsInstanceURL": "DEFAULT",
        "masterKeyID": DATASET_ID.hex(),
        "wrappedDEK": base64.b64encode(entry["wrapped_key"]).decode(),
        "doubleWrapping": False,
    }


def test_the_wrong_key_opens_nothing(dataset_key):
    index = open_index(GOLDEN / "dataset", dataset_key)
    path = GOLDEN / "dataset" / index["files"][0]["object"]
    with pytest.raises(InvalidTag):
        open_index(GOLDEN / "dataset", bytes(16))
    with pytest.raises(Exception):
        documented_client()(path, bytes(16)).read()
    with pytest.raises(Exception):
        pq.read_table(path)


@pytest.mark.parametrize("tree", ["tree", "tree_origins"])
def test_tree_reads_by_its_page(tree):
    key = derive(b"dataset", TREE_ID, 16)
    index = open_index(GOLDEN / tree, key)
    assert index["schema"] == b""
    origins = {entry["name"]: entry["origin"] for entry in index["files"]}
    assert origins == (dict.fromkeys(origins) if tree == "tree" else {
        "m/_SUCCESS": (0, b"", 0, []), "m/metadata/part-00000": (1, b"", 0, []),
        "m/data/part-00000.snappy.parquet": (2, b"golden-write-001", 1, [DATASET_ID, TREE_ID])})
    contents = {}
    for entry in index["files"]:
        wrapped, file_id = entry["wrapped_key"], entry["file_id"]
        aad = fields(b"soteria/1 tree key", TREE_ID, file_id)
        file_key = AESGCM(key).decrypt(wrapped[:12], wrapped[12:], aad)
        data = (GOLDEN / tree / entry["object"]).read_bytes()
        assert len(data) == entry["size"]
        chunks = [data[i : i + CHUNK + 16] for i in range(0, len(data), CHUNK + 16)]
        assert hashlib.sha256(chunks[-1]).digest() == entry["check"]
        contents[entry["name"]] = b"".join(
            AESGCM(file_key).decrypt(
                struct.pack("<QI", i, 0),
                chunk,
                fields(b"soteria/1 tree chunk", TREE_ID, file_id, i, int(i == len(chunks) - 1)),
            )
            for i, chunk in enumerate(chunks)
        )
    assert contents["m/metadata/part-00000"] == b"{}\n"
    assert contents["m/_SUCCESS"] == b""
    table = pq.read_table(io.BytesIO(contents["m/data/part-00000.snappy.parquet"]))
    assert table.num_rows == 100
    assert b"ARROW:schema" not in pq.read_metadata(
        io.BytesIO(contents["m/data/part-00000.snappy.parquet"])
    ).metadata


def test_version_record_reads_by_its_page():
    data = (GOLDEN / "owner" / "versions").read_bytes()
    body, mac = data[:-32], data[-32:]
    assert hmac.new(derive(b"versions", b"", 32), body, hashlib.sha256).digest() == mac
    tag, origin, head, tail, file_bytes, last_bytes, is_open, session, sequence, identity, *rest = unfields(body)
    count, root_id, version, digest, spent, paths, *places = rest
    assert tag == b"soteria/2 versions"
    assert (tail, count, version, spent) == tuple(struct.pack("<Q", n) for n in (1, 1, 2, 1))
    assert root_id == DATASET_ID
    assert paths == struct.pack("<Q", 2)
    assert places == [b"/bucket/patients", DATASET_ID, b"hdfs://nn/patients", DATASET_ID]
    assert digest == bytes([5]) * 32
    assert origin == bytes(32)
    # The ledger's head is the hash of its last entry.
    ledger = (GOLDEN / "owner" / "ledger").read_bytes()
    at = 0
    while at < len(ledger):
        (size,) = struct.unpack_from("<I", ledger, at)
        last = ledger[at + 4 : at + 4 + size]
        at += 4 + size
    assert hashlib.sha256(fields(b"soteria/1 ledger link", last)).digest() == head
    assert (file_bytes, last_bytes) == tuple(struct.pack("<Q", n) for n in (len(ledger), len(last)))
    # The last session's state: the second one, which has ended, after six entries.
    assert (session, is_open, sequence) == (bytes([2]) * 32, struct.pack("<Q", 0), struct.pack("<Q", 6))
    assert identity in ledger


def test_version_record_of_the_first_form_reads_by_its_page():
    data = (GOLDEN / "owner" / "versions_1").read_bytes()
    body, mac = data[:-32], data[-32:]
    assert hmac.new(derive(b"versions", b"", 32), body, hashlib.sha256).digest() == mac
    tag, _, _, count, root_id, version, _, spent = unfields(body)
    assert tag == b"soteria/1 versions"
    assert (count, version, spent) == tuple(struct.pack("<Q", n) for n in (1, 2, 1))
    assert root_id == DATASET_ID
