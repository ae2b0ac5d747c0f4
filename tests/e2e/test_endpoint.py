"""The local endpoint and the life of a session, with the unmodified client: who the script talks to, proxies of the
environment, sessions that were left behind, interrupts."""

import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

import pandas as pd
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "hostile"))

from connected import Connected  # noqa: E402
from deployment import BIN  # noqa: E402

ROWS = 40
UNFINISHED = "a connection was refused: the client didn't finish the TLS handshake"
DEAD_PROXY = "http://127.0.0.1:9"
COUNT = """
import sys
from pyspark.sql import SparkSession
print(SparkSession.builder.getOrCreate().read.parquet(sys.argv[1]).count(), "rows", flush=True)
"""
# Takes its own fits back: an interrupt falls into a stage, between two, or between two fits, where there is nothing to end.
INTERRUPTED = """
import sys, threading, time
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
table = spark.read.parquet(sys.argv[1])
data = VectorAssembler(inputCols=["x", "y"], outputCol="features").transform(table)
LogisticRegression(maxIter=2).fit(data)
asked = []

def take_back(errors):
    while not errors:
        time.sleep(0.03)
        if spark.interruptAll():
            asked.append(time.monotonic())

for _ in range(20):
    errors = []
    asked.clear()
    other = threading.Thread(target=take_back, args=(errors,))
    other.start()
    while not errors:
        try:
            LogisticRegression(maxIter=10000, tol=0.0, regParam=1e-12).fit(data)
        except Exception as error:
            errors.append(error)
    ended = time.monotonic()
    other.join()
    assert "OPERATION_CANCELED" in str(errors[0]), errors
    print("waited", ended - asked[0])
print(table.count(), "rows after")
"""


@pytest.fixture(scope="module")
def world(shared_deployment):
    d = shared_deployment
    numbers = range(ROWS)
    d.path = d.table("points", pd.DataFrame({"x": [n * 7 % 11 + 0.5 for n in numbers], "y": [float(n) for n in numbers],
                                             "label": [float(n % 2) for n in numbers]}), 2)
    d.start()
    d.write_manifest(read=[d.path])
    return d


class Impostor:
    """Answers at a port of its own, and keeps what it is sent: with TLS and a certificate for localhost that is its own,
    or in plain."""

    def __init__(self, folder, tls: bool):
        self.context = None
        if tls:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                            "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-days", "1", "-subj",
                            "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
            self.context.set_alpn_protocols(["h2"])
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.received = b""
        self.visits = self.handshakes = 0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.visits += 1
            connection.settimeout(2)
            try:
                if self.context is not None:
                    connection = self.context.wrap_socket(connection, server_side=True)
                    self.handshakes += 1
                while piece := connection.recv(65536):
                    self.received += piece
            except OSError:
                pass
            connection.close()

    def close(self):
        self.listener.close()


def script(world, text):
    path = world.folder / f"endpoint_{abs(hash(text)) % 10**8}.py"
    path.write_text(text)
    return [sys.executable, str(path), str(world.path)]


@pytest.fixture(scope="module")
def session(world):
    made = Connected(world)
    yield made
    assert made.close() == 0, made.said()


def environment_of(session, **changes):
    variables = {**os.environ, **session.variables, **changes}
    return {name: value for name, value in variables.items() if value is not None}


def test_the_printed_variables_are_all_that_a_client_needs(world, session):
    roots = pathlib.Path(session.variables["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"])
    assert roots.stat().st_mode & 0o777 == 0o600 and roots.parent.stat().st_mode & 0o777 == 0o700
    environment = environment_of(session, http_proxy=DEAD_PROXY, grpc_proxy=DEAD_PROXY)
    done = subprocess.run(script(world, COUNT), env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and f"{ROWS} rows" in done.stdout, done.stderr


@pytest.mark.parametrize("kind", ["tls", "plain"])
def test_an_impostor_gets_no_token(world, session, tmp_path, kind):
    """As somebody would be who had the port at an address of localhost that isn't ours."""
    impostor = Impostor(tmp_path, kind == "tls")
    remote = session.remote.replace(session.remote.split(":")[2].split("/")[0], str(impostor.port))
    client = subprocess.Popen(script(world, COUNT), env=environment_of(session, SPARK_REMOTE=remote),
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        give_up = time.monotonic() + 30
        while impostor.visits < 2 and time.monotonic() < give_up:
            time.sleep(0.05)
        assert impostor.visits >= 2, "the client came, and came again"
    finally:
        client.kill()
        assert "rows" not in client.communicate()[0]
        impostor.close()
    assert impostor.handshakes == 0
    assert session.token.encode() not in impostor.received and b"PRI * HTTP" not in impostor.received


def test_the_impostor_would_have_got_it_without_tls(world, session, tmp_path):
    """The control of the test before: the same client, told to trust anybody on this machine."""
    impostor = Impostor(tmp_path, False)
    environment = environment_of(session, SPARK_REMOTE=f"sc://localhost:{impostor.port}")
    client = subprocess.Popen(script(world, COUNT), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        give_up = time.monotonic() + 30
        while b"PRI * HTTP" not in impostor.received and time.monotonic() < give_up:
            time.sleep(0.05)
    finally:
        client.kill()
        client.wait()
        impostor.close()
    assert b"PRI * HTTP" in impostor.received


def test_a_client_without_the_root_says_nothing(world, session):
    """Nor does one in plain text: the endpoint hears no call of theirs, and the owner is told."""
    for changes in ({"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": None}, {"SPARK_REMOTE": session.remote.split("/;")[0]}):
        said = session.said().count(UNFINISHED)
        client = subprocess.Popen(script(world, COUNT), env=environment_of(session, **changes), stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True)
        try:
            give_up = time.monotonic() + 30
            while session.said().count(UNFINISHED) == said and time.monotonic() < give_up:
                time.sleep(0.05)
        finally:
            client.kill()
            assert "rows" not in client.communicate()[0]
        assert session.said().count(UNFINISHED) > said, session.said()


def test_both_addresses_of_localhost_are_the_endpoints(session):
    port = int(re.search(r"localhost:(\d+)", session.remote).group(1))
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family) as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                other.bind((host, 0))
            except OSError:
                continue  # this machine has no such address
        with socket.socket(family) as other, pytest.raises(OSError):
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind((host, port))
            other.listen()


# ---- `run`: these come after the session above has ended -----------------------------------------------------


@pytest.fixture(scope="module")
def alone(world, session):
    session.close()
    return world


@pytest.mark.parametrize("proxies", [
    {"http_proxy": DEAD_PROXY, "no_proxy": None, "NO_PROXY": None},
    {"grpc_proxy": DEAD_PROXY, "https_proxy": DEAD_PROXY, "all_proxy": DEAD_PROXY, "no_grpc_proxy": "", "NO_PROXY": "corp"},
])
def test_proxies_of_the_environment_are_not_for_this_machine(alone, proxies):
    program = COUNT + "import os; print(os.environ['no_proxy'], os.environ.get('NO_PROXY'))\n"
    environment = {**os.environ, "SOTERIA_HOME": str(alone.home), **proxies}
    environment = {name: value for name, value in environment.items() if value is not None}
    done = subprocess.run([BIN / "soteria", "run", "--manifest", alone.manifest, "--cluster", alone.cluster, "--",
                           *script(alone, program)], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and f"{ROWS} rows" in done.stdout, done.stderr
    if "NO_PROXY" in proxies and proxies["NO_PROXY"]:
        assert done.stdout.splitlines()[-1].split()[1].startswith("corp,")


class Background:
    """A `soteria run` in a process group of its own, as in a terminal."""

    def __init__(self, world, text):
        self.log = world.folder / "background.log"
        with self.log.open("w") as out:
            self.process = subprocess.Popen(
                [BIN / "soteria", "run", "--manifest", world.manifest, "--cluster", world.cluster, "--", *script(world, text)],
                env={**os.environ, "SOTERIA_HOME": str(world.home)}, stdout=out, stderr=out, start_new_session=True)

    def until(self, words, seconds=60):
        give_up = time.monotonic() + seconds
        while words not in self.log.read_text():
            assert time.monotonic() < give_up and (self.process.poll() is None or words in self.log.read_text()), \
                self.log.read_text()
            time.sleep(0.02)

    def signal(self, number):
        os.killpg(self.process.pid, number)


def test_an_interrupt_ends_a_fit_wherever_it_is_and_the_session_goes_on(alone):
    out = alone.run(INTERRUPTED, alone.path).stdout
    assert f"{ROWS} rows after" in out
    waited = [float(line.split()[1]) for line in out.splitlines() if line.startswith("waited")]
    assert len(waited) == 20 and max(waited) < 2, waited


def has_ended(pid: int) -> bool:
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_script_ends_with_its_program(alone):
    """Nobody answers it any more, and PySpark would ask for more than ten minutes."""
    job = Background(alone, "import os; print('script', os.getpid(), flush=True)\n" + COUNT + "import time; time.sleep(300)\n")
    job.until(f"{ROWS} rows")
    script_pid = int(re.search(r"script (\d+)", job.log.read_text()).group(1))
    job.process.kill()
    job.process.wait()
    deadline = time.monotonic() + 20
    while not has_ended(script_pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert has_ended(script_pid)


def test_the_owner_of_a_killed_program_is_let_in_at_once_and_others_learn_how_long(alone):
    job = Background(alone, COUNT + "import time; time.sleep(300)\n")
    try:
        job.until(f"{ROWS} rows")
    finally:
        job.signal(signal.SIGKILL)
        job.process.wait()
    stale = list((alone.home / "endpoint").iterdir())
    assert len(stale) == 1

    home, alone.home, manifest = alone.home, alone.folder / "others-home", alone.folder / "others.toml"
    try:
        alone.cli("keygen")
        alone.write_manifest(out=manifest)
        done = alone.cli("run", "--manifest", manifest, "--cluster", alone.cluster, "--", "echo", "never", check=False)
        assert done.returncode == 1 and "never" not in done.stdout
        assert re.search(r"under another user key, whose owner is away: it ends in \d+ s", done.stderr), done.stderr
    finally:
        alone.home = home

    began = time.monotonic()
    done = alone.run(COUNT, alone.path)
    assert f"{ROWS} rows" in done.stdout and time.monotonic() - began < 20
    assert "an earlier session of yours" in done.stderr, done.stderr
    assert list((alone.home / "endpoint").iterdir()) == [], "what the killed program left is gone, and so is the new one's"
    verified = alone.cli("ledger", "verify", check=False)
    assert verified.returncode == 4 and "cut off" in verified.stdout + verified.stderr
