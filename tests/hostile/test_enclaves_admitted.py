"""I2: no key before evidence. Masters and workers that the Manifest doesn't name, with the real programs."""

import re
import shutil
import subprocess
import time

import pandas as pd
import pytest

from connected import Connected
from deployment import BIN
from hosts import OwnHost

COUNT = """
import sys
from pyspark.sql import SparkSession
print(SparkSession.builder.getOrCreate().read.parquet(sys.argv[1]).count(), "rows")
"""
ROWS = 5
REFUSED_SECONDS = 60  # the host waits 120 s for a worker; the master must say what is wrong before that


@pytest.fixture(scope="module")
def world(shared_deployment):
    d = shared_deployment
    d.path = d.table("points", pd.DataFrame({"x": [1.0, 2, 3, 4, 5]}), 2)
    d.start()
    d.write_manifest(read=[d.path])
    d.good = d.manifest.read_text()
    d.cli("cluster", "stop", "--dir", d.cluster)
    return d


@pytest.fixture
def patched(world, tmp_path):
    """A copy of a program with one byte more, next to its own libraries."""
    def patch(name):
        copy = tmp_path / name
        shutil.copy(BIN / name, copy)
        with copy.open("ab") as out:
            out.write(b"\0")
        return copy
    return patch


@pytest.fixture
def library(tmp_path):
    source, made = tmp_path / "other.c", tmp_path / "libother.so"
    source.write_text("int soteria_test_nothing(void) { return 0; }\n")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", made, source], check=True)
    return made


def wrapper(path, program, environment):
    path.write_text(f"#!/bin/sh\nexport {environment}\nexec {BIN.resolve() / program} \"$@\"\n")
    path.chmod(0o755)
    return path


def refused_worker(world):
    began = time.monotonic()
    done = world.run(COUNT, world.path, check=False)
    assert time.monotonic() - began < REFUSED_SECONDS
    assert done.returncode == 1 and "rows" not in done.stdout
    assert "SOTERIA.EVIDENCE_REFUSED" in done.stderr, done.stderr
    assert re.search(r"worker: measurement [0-9a-f]{64} is not in \[tee\] worker", done.stderr), done.stderr


def refused_master(world, words, manifest=None):
    done = world.run("print('never')", manifest=manifest, check=False)
    assert done.returncode == 1 and "never" not in done.stdout
    for word in words:
        assert word in done.stderr, done.stderr


def test_a_patched_worker(world, patched):
    with OwnHost(world, "--worker", patched("soteria-worker")):
        refused_worker(world)


def test_a_worker_with_another_library_in_front(world, library, tmp_path):
    with OwnHost(world, "--worker", wrapper(tmp_path / "w", "soteria-worker", f"LD_PRELOAD={library}")):
        refused_worker(world)


def test_a_patched_worker_that_the_manifest_names_is_admitted(world, patched, tmp_path):
    """The refusal is the Manifest's word, not an accident of the copy."""
    worker = patched("soteria-worker")
    measured = subprocess.run([worker, "--measure"], capture_output=True, text=True, check=True).stdout.strip()
    manifest = tmp_path / "m.toml"
    manifest.write_text(re.sub(r"(?m)^worker = .*$", f'worker = ["{measured}"]', world.good))
    with OwnHost(world, "--worker", worker):
        assert f"{ROWS} rows" in world.run(COUNT, world.path, manifest=manifest).stdout


def test_a_patched_master(world, patched):
    with OwnHost(world, "--master", patched("soteria-master")):
        refused_master(world, ["EVIDENCE_REFUSED", "is not in [tee] master", "no key has left this machine"])


def test_a_master_with_another_library_in_front(world, library, tmp_path):
    with OwnHost(world, "--master", wrapper(tmp_path / "m", "soteria-master", f"LD_PRELOAD={library}")):
        refused_master(world, ["EVIDENCE_REFUSED", "is not in [tee] master"])


@pytest.fixture
def host(world):
    with OwnHost(world) as running:
        yield running


def test_what_the_manifest_does_not_name(world, host, tmp_path):
    manifest = tmp_path / "m.toml"

    def with_line(pattern, line):
        changed = re.sub(pattern, line, world.good, count=1, flags=re.M)
        assert changed != world.good
        manifest.write_text(changed)
        return manifest

    other = "ab" * 32
    refused_master(world, ["EVIDENCE_REFUSED", "is not in [tee] master"],
                   with_line(r"^master = .*$", f'master = ["{other}"]'))
    keys = tmp_path / "other-cluster"
    world.cli("cluster", "start", "--simulated", "--dir", keys)
    world.cli("cluster", "stop", "--dir", keys)
    key = (keys / "simulated.pub").read_text().strip()
    refused_master(world, ["EVIDENCE_REFUSED"], with_line(r"^simulated_key = .*$", f'simulated_key = "{key}"'))

    # Swapped roles: a worker is no master, even with a genuine measurement.
    worker = re.search(r"(?m)^worker = (.*)$", world.good).group(1)
    refused_master(world, ["EVIDENCE_REFUSED", "is not in [tee] master"],
                   with_line(r"^master = .*$", f"master = {worker}"))
    # And the same master goes on to serve the owner whose Manifest names it.
    assert f"{ROWS} rows" in world.run(COUNT, world.path).stdout


@pytest.mark.parametrize("pattern, line, words", [
    (r"^kinds = .*$", 'kinds = ["simulated", "sgx"]', ["simulated"]),
    (r"^kinds = .*$", 'kinds = ["sgx"]', ["simulated_key"]),
    (r"^kinds = .*$", 'kinds = ["sxg"]', ["sxg"]),
    (r"^kinds = .*$", "kinds = []", ["kinds"]),
    (r"^master = .*$", "", ["master"]),
    (r"^master = .*$", 'master = "all"', ["master"]),
    (r"^master = .*$", f'master = ["{"0" * 64}"]', ["master"]),
    (r"^simulated_key = .*$", "", ["simulated_key"]),
    (r"^task = .*$", 'task = "t"\nunknown = 1', ["unknown"]),
    (r"^\[outputs\]$", "[outputs]\nrow = true", ["row"]),
    (r"^\[outputs\]$", '[outputs]\nmodel = "yes"', ["model"]),
    (r"^min_version = .*$", "min_version = -1", ["min_version"]),
    (r"^id = .*$", 'id = "xyz"', ["id"]),
    (r"^task = .*$", "task = ", ["line"]),
])
def test_a_manifest_with_a_mistake(world, tmp_path, pattern, line, words):
    changed = re.sub(pattern, line, world.good, count=1, flags=re.M)
    assert changed != world.good, f"nothing matches {pattern} in\n{world.good}"
    manifest = tmp_path / "m.toml"
    manifest.write_text(changed)
    for command in (("manifest", "check", manifest),
                    ("run", "--manifest", manifest, "--cluster", world.cluster, "--", "true")):
        done = world.cli(*command, check=False)
        assert done.returncode == 1, done.stdout
        assert "SOTERIA.MANIFEST_INVALID" in done.stderr, done.stderr
        for word in words:
            assert word in done.stderr, done.stderr


def test_another_user_key_opens_nothing(world, host, tmp_path):
    world.cli("keygen", "--key", tmp_path / "other.key")
    done = world.cli("run", "--manifest", world.manifest, "--cluster", world.cluster, "--key", tmp_path / "other.key",
                     "--", "echo", "never", check=False)
    assert done.returncode == 1 and "never" not in done.stdout and "[SOTERIA." in done.stderr, done.stderr
    done = world.cli("get", world.path, tmp_path / "out", "--key", tmp_path / "other.key", check=False)
    assert done.returncode == 1 and not (tmp_path / "out").exists()
    assert f"{ROWS} rows" in world.run(COUNT, world.path).stdout


# ---- other clients of a running session ------------------------------------------------------------------


def test_a_wrong_bearer_token_and_a_second_owner(world, host):
    from pyspark.errors import PySparkException

    session = Connected(world)
    try:
        spark = session.client()
        assert spark.read.parquet(str(world.path)).count() == ROWS
        for token in ("wrong", session.token + "x", session.token[:-1], session.token.swapcase()):
            import grpc
            from pyspark.sql.connect.proto import base_pb2, base_pb2_grpc

            with session.channel() as channel:
                stub = base_pb2_grpc.SparkConnectServiceStub(channel)
                request = base_pb2.ConfigRequest(session_id=spark.session_id)
                with pytest.raises(grpc.RpcError) as error:
                    stub.Config(request, metadata=[("authorization", f"Bearer {token}")], timeout=20)
                assert error.value.code() == grpc.StatusCode.UNAUTHENTICATED
            with pytest.raises((PySparkException, grpc.RpcError)) as error:
                session.client(token=token).range(1).collect()
            assert "UNAUTHENTICATED" in str(error.value), str(error.value)

        # The same owner from elsewhere, then another: this master was provisioned, once in its life.
        for key, says in (("same", "busy with another session of yours"), ("other", "under another user key")):
            home, world.home = world.home, world.folder / f"{key}-home"
            manifest = world.folder / f"{key}.toml"
            try:
                if key == "same":
                    shutil.copytree(home, world.home)
                else:
                    world.cli("keygen")
                world.write_manifest(out=manifest)
                began = time.monotonic()
                done = world.cli("run", "--manifest", manifest, "--cluster", world.cluster, "--", "echo", "never",
                                 check=False)
                assert done.returncode == 1 and "never" not in done.stdout
                assert says in done.stderr and "[SOTERIA.MASTER_BUSY]" in done.stderr, done.stderr
                assert time.monotonic() - began < 30
            finally:
                world.home = home

        # Without the owner secret the master answers nothing: neither TLS without a proof nor plain gRPC or HTTP.
        import socket
        import ssl

        for first in (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\x02" + b"\0" * 80):
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            with socket.create_connection(("127.0.0.1", world.state()["port"]), timeout=20) as raw:
                with context.wrap_socket(raw) as tls:
                    assert tls.version() == "TLSv1.3"
                    tls.sendall(first)
                    tls.settimeout(5)
                    try:
                        answer = tls.recv(100)
                    except (TimeoutError, ssl.SSLError, ConnectionError):
                        answer = b""
                    assert answer == b""
        assert spark.read.parquet(str(world.path)).count() == ROWS
    finally:
        code = session.close()
    assert code == 0, session.said()
