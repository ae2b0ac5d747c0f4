"""The commands of docs/spark.md as they stand there, and what is left when a start on Spark is interrupted at any moment."""

import os
import re
import signal
import socket
import subprocess
import time

import pandas as pd
import pytest

import documented
from clusters import JAR, JAVA_OPTIONS, SPARK_HOME, processes_in, until
from deployment import BIN, ROOT, Deployment
from scripts import FIT

CONF = ["--spark-conf", "spark.executor.memory=512m", "--spark-conf", "spark.ui.enabled=false",
        "--spark-conf", f"spark.driver.extraJavaOptions={JAVA_OPTIONS}", "--spark-conf", f"spark.executor.extraJavaOptions={JAVA_OPTIONS}"]

ROWS = pd.DataFrame({"id": range(40), "x": [float(i % 7) for i in range(40)], "y": [float(i % 5) for i in range(40)],
                     "z": [float(i % 3) for i in range(40)], "label": [float(i % 2) for i in range(40)]})


@pytest.fixture
def owner(tmp_path):
    made = Deployment(tmp_path)
    made.keygen()
    yield made
    made.cli("cluster", "stop", "--dir", made.cluster, check=False)


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


def test_the_operators_spark_submit(owner):
    """With the key file that the page says to make; the owner then runs a job by address."""
    assert JAR, "soteria-spark.jar is not built (./run test builds it)"
    page = (ROOT / "docs/spark.md").read_text()
    assert "`soteria cluster key --dir /var/lib/soteria`" in page and "`soteria run --master HOST:7443`" in page
    owner.cli("cluster", "key", "--dir", owner.cluster)
    port = free_port()
    line = documented.commanded("docs/spark.md", "spark-submit")
    for there, here in [("URL", "'local-cluster[1,1,1024]'"), ("soteria-spark.jar", str(JAR)), ("/opt/soteria/bin", str(BIN.resolve())),
                        ("/var/lib/soteria", str(owner.cluster)), ("7443", str(port)), ("7516192768", "1073741824"),
                        ("0.0.0.0", "127.0.0.1"), ("spark-submit", f"exec {SPARK_HOME}/bin/spark-submit --conf spark.ui.enabled=false")]:
        assert there in line, there
        line = line.replace(there, here)
    with open(owner.folder / "driver.log", "w") as log:
        driver = subprocess.Popen(["bash", "-c", line], cwd=owner.folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                  env={**os.environ, "SPARK_HOME": str(SPARK_HOME), "SPARK_LOCAL_IP": "127.0.0.1",
                                       "SPARK_WORKER_DIR": str(owner.folder / "work")})
    try:
        until(lambda: (owner.cluster / "state.json").exists() or driver.poll() is not None, "the cluster is ready")
        assert driver.poll() is None, (owner.folder / "driver.log").read_text()[-3000:]
        assert "running" in owner.cli("cluster", "status", "--dir", owner.cluster).stdout
        table = owner.table("points", ROWS, 2)
        owner.write_manifest(read=[table])
        script = owner.folder / "fit.py"
        script.write_text(FIT)
        done = owner.cli("run", "--manifest", owner.manifest, "--master", f"127.0.0.1:{port}", "--", "python3", script, table,
                         env={"PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}"})
        assert done.stdout.startswith("[")
        owner.cli("cluster", "stop", "--dir", owner.cluster)
        assert driver.wait(30) is not None
    finally:
        driver.kill()


def test_a_missing_key_file_is_named(owner):
    done = subprocess.run([BIN / "soteria-master", "--host-port", "1"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "soteria cluster key" in done.stderr


def left(owner) -> list:
    """What works in the folder or was told of it, this test aside."""
    return [one for one in processes_in(owner.folder) if one.pid != os.getpid()]


@pytest.mark.parametrize("number, after", [
    (signal.SIGINT, "log"),       # spark-submit's scripts have begun
    (signal.SIGTERM, "master"),   # the master enclave is there
    (signal.SIGKILL, "master"),   # nobody can tidy up but the next command
])
def test_an_interrupted_start_leaves_nothing_behind(owner, number, after):
    synopsis = documented.commanded("docs/spark.md", "soteria cluster start --simulated --engine spark")
    words = re.sub(r" \[--spark-conf.*", "", synopsis).replace("DIR", str(SPARK_HOME)).replace("URL", "local-cluster[1,1,1024]").split()
    assert words[0] == "soteria"
    start = subprocess.Popen([BIN / "soteria", *words[1:], *CONF, "--dir", owner.cluster], cwd=owner.folder,
                             env={**os.environ, "SOTERIA_HOME": str(owner.home)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def so_far():
        if after == "log":
            return (owner.cluster / "host.log").exists()
        return any(one.command[0].endswith("/soteria-master") for one in left(owner))

    until(so_far, f"the start has come to the {after}")
    start.send_signal(number)
    said = start.communicate(timeout=60)[1]
    if number == signal.SIGKILL:
        again = owner.cli("cluster", "start", "--simulated", "--dir", owner.cluster, check=False)
        assert again.returncode == 1 and "soteria cluster stop --dir" in again.stderr, again.stderr
        owner.cli("cluster", "stop", "--dir", owner.cluster)
    else:
        assert start.returncode == -number and "interrupted" in said, said
    deadline = time.monotonic() + 15
    while left(owner) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left(owner) == []
    assert owner.cli("cluster", "status", "--dir", owner.cluster, check=False).returncode == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_start_of_the_embedded_engine_leaves_nothing_behind(owner, number):
    for moment in (0.0, 0.05, 0.2):
        start = subprocess.Popen([BIN / "soteria", "cluster", "start", "--simulated", "--dir", owner.cluster], cwd=owner.folder,
                                 env={**os.environ, "SOTERIA_HOME": str(owner.home)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moment)
        start.send_signal(number)
        start.wait(60)
        # It may have come too late, or before there was anything to stop.
        owner.cli("cluster", "stop", "--dir", owner.cluster, check=False)
        until(lambda: not left(owner), "everything has ended", seconds=15)
    owner.start()
    stop = subprocess.Popen([BIN / "soteria", "cluster", "stop", "--dir", owner.cluster], env={**os.environ, "SOTERIA_HOME": str(owner.home)})
    stop.send_signal(number)
    stop.wait(60)
    owner.cli("cluster", "stop", "--dir", owner.cluster, check=False)
    until(lambda: not left(owner), "everything has ended", seconds=15)
    owner.start()  # from the same directory
