"""A ledger that is written here as docs/formats/ledger.md says, byte by byte, and read by the real program.

The golden ledgers tests/golden/owner/ledger_releases and ledger_workers are made by this file:
    python tests/e2e/test_ledger_format.py
"""

import base64
import hashlib
import json
import pathlib
import struct

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden" / "owner" / "ledger_releases"
GOLDEN_WORKERS = GOLDEN.with_name("ledger_workers")
ID_P, ID_Q = b"p" * 16, b"q" * 16
SESSION = bytes([7]) * 32
START_MS = 1_790_000_000_000


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def number(field: int, value) -> bytes:
    return varint(field << 3) + varint(int(value)) if value else b""


def blob(field: int, value, always=False) -> bytes:
    value = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(value)) + value if value or always else b""


def fields(*parts: bytes) -> bytes:
    return b"".join(struct.pack("<Q", len(part)) + part for part in parts)


def head(identity: bytes) -> bytes:
    return blob(5, blob(1, bytes([1]) * 32) + blob(2, "risk") + blob(3, b"evidence") + blob(4, b"n" * 32) +
                blob(5, b"x" * 32) + blob(6, identity) + blob(7, "release") + blob(8, "0.1.0"))


def access(mode: int, path: str, ident: bytes, version: int) -> bytes:
    return blob(6, number(1, mode) + blob(2, path) + blob(3, ident) + number(4, version) + blob(5, bytes([2]) * 32))


def output(kind: int, rule: str, what: str, rows: int, outside=0, unverified=0) -> bytes:
    return blob(7, number(1, kind) + blob(2, rule) + blob(3, what) + number(4, rows) + blob(5, bytes([3]) * 32) +
                number(6, outside) + number(7, unverified))


def release(statistic: str, rows: int, numbers: int, level=0, kind="", data_sets=(), size=0, outside=0, unverified=0):
    spendings = b"".join(blob(9, blob(1, ident) + number(2, spent) + number(3, left)) for ident, spent, left in data_sets)
    return blob(8, blob(1, "[statistics] kinds") + blob(2, statistic) + number(3, rows) + number(4, numbers) +
                number(5, unverified) + blob(6, hashlib.sha256(statistic.encode()).digest()) + number(7, level) +
                blob(8, kind) + spendings + number(10, size) + number(11, outside))


def worker(sender: int, tee: str) -> bytes:
    return blob(12, number(1, sender) + blob(2, tee) + blob(3, bytes([6]) * 32) + blob(4, bytes([7]) * 32) +
                blob(5, bytes([8]) * 32))


def end(workers: int) -> bytes:
    return blob(9, number(1, 1) + number(2, 12) + number(3, 96) + number(5, workers), always=True)


def events_with_workers(identity: bytes) -> list[bytes]:
    return [head(identity), worker(1, "sgx"), access(1, "/bucket/patients", ID_P, 3), worker(200, "sgx"), end(2)]


def events(identity: bytes) -> list[bytes]:
    auc = "BinaryClassificationEvaluator areaUnderROC"
    return [
        head(identity),
        access(1, "/bucket/patients", ID_P, 3),
        access(1, "/bucket/visits", ID_Q, 1),
        release(auc, 48_842, 2_002, level=1, kind="binary", size=16_400, outside=1,
                data_sets=[(ID_P, 2_002, 97_998), (ID_Q, 52_002, 47_998)]),
        output(2, "[outputs] metrics = true", auc, 0, outside=1),
        release("MulticlassClassificationEvaluator f1", 48_842, 97_684, level=2, kind="multiclass", size=781_500,
                outside=1, unverified=1, data_sets=[(ID_P, 99_686, 314)]),
        output(2, "[outputs] metrics = true", "MulticlassClassificationEvaluator f1", 0, outside=1, unverified=1),
        release("of the first form", 10, 1),
        output(3, "[outputs] models = true", "LogisticRegressionModel.coefficients", 0),
        end(2),
    ]


def ledger(key: ec.EllipticCurvePrivateKey, events=events) -> bytes:
    identity = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    out, previous = b"", bytes(32)
    for sequence, event in enumerate(events(identity)):
        body = (blob(1, previous) + blob(2, SESSION) + number(3, sequence) + number(4, START_MS + 1000 * sequence) + event)
        signature = key.sign(fields(b"soteria/1 ledger entry", body), ec.ECDSA(hashes.SHA256()))
        entry = blob(1, body) + blob(2, signature)
        out += struct.pack("<I", len(entry)) + entry
        previous = hashlib.sha256(fields(b"soteria/1 ledger link", entry)).digest()
    return out


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "ledger"
    path.write_bytes(ledger(ec.generate_private_key(ec.SECP256R1())))
    return path


def test_what_the_page_says_is_what_the_program_reads(shared_deployment, written):
    verified = shared_deployment.cli("ledger", "verify", written, check=False)
    assert verified.returncode == 5 and verified.stdout.startswith("whole: 10 entries, 1 sessions"), verified.stdout
    entries = json.loads(shared_deployment.cli("ledger", "--json", written).stdout)["sessions"][0]["entries"]
    assert [entry["kind"] for entry in entries] == [
        "head", "read", "read", "release", "metrics", "release", "metrics", "release", "models", "end"]
    first, scores, old = entries[3], entries[5], entries[7]
    assert first["level"] == "aggregate" and first["statistic_kind"] == "binary" and first["number"] == 4
    assert (first["rows"], first["numbers"], first["bytes"]) == (48_842, 2_002, 16_400)
    assert first["data_sets"] == [
        {"id": ID_P.hex(), "budget_spent": 2_002, "budget_left": 97_998},
        {"id": ID_Q.hex(), "budget_spent": 52_002, "budget_left": 47_998}]
    assert first["sha256"] == hashlib.sha256(first["statistic"].encode()).hexdigest()
    assert first["outside"] and not first["unverified"]
    assert scores["level"] == "scores" and scores["unverified"] and entries[6]["unverified"] and entries[6]["outside"]
    assert old["level"] == "" and old["data_sets"] == [] and not old["outside"]
    assert first["time"].startswith("2026-09-21T") and first["rule"] == "[statistics] kinds"


def test_its_page_tells_of_the_releases(shared_deployment, written, tmp_path):
    out = tmp_path / "page.html"
    shared_deployment.cli("ledger", "page", written, "--out", out)
    page = out.read_text()
    for part in ("aggregate of binary", "scores of multiclass", "outside, verified<", "outside, unverified",
                 "/bucket/visits", "not checked", "99\u202f686", "47\u202f998", "3 releases"):
        assert part in page, part


def test_workers_are_listed_as_the_page_says(shared_deployment, tmp_path):
    path = tmp_path / "ledger"
    path.write_bytes(ledger(ec.generate_private_key(ec.SECP256R1()), events_with_workers))
    assert shared_deployment.cli("ledger", "verify", path, check=False).stdout.startswith("whole: 5 entries")
    entries = json.loads(shared_deployment.cli("ledger", "--json", path).stdout)["sessions"][0]["entries"]
    assert [entry["kind"] for entry in entries] == ["head", "worker", "read", "worker", "end"]
    assert (entries[3]["sender"], entries[3]["tee"], entries[3]["measurement"]) == (200, "sgx", "06" * 32)
    assert (entries[3]["evidence_sha256"], entries[3]["identity_sha256"]) == ("07" * 32, "08" * 32)
    text = shared_deployment.cli("ledger", path).stdout
    assert f"worker  number 200, sgx, measurement {'06' * 32}" in text
    out = tmp_path / "page.html"
    shared_deployment.cli("ledger", "page", path, "--out", out)
    assert "06" * 32 in out.read_text() and "Worker enclaves that the master admitted" in out.read_text()


def test_the_golden_ledger_is_of_this_making(shared_deployment):
    entries = json.loads(shared_deployment.cli("ledger", "--json", GOLDEN).stdout)["sessions"][0]["entries"]
    assert len(entries) == 10 and entries[3]["data_sets"][1]["budget_left"] == 47_998
    stored, at = GOLDEN.read_bytes(), 0
    for sequence, event in enumerate(events(base64.b64decode(entries[0]["identity"]))):
        (size,) = struct.unpack_from("<I", stored, at)
        assert event in stored[at + 4:at + 4 + size], sequence
        at += 4 + size
    assert at == len(stored)


if __name__ == "__main__":
    GOLDEN_WORKERS.write_bytes(ledger(ec.generate_private_key(ec.SECP256R1()), events_with_workers))
    GOLDEN.write_bytes(ledger(ec.generate_private_key(ec.SECP256R1())))
