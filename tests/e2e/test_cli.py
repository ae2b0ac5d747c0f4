"""The `soteria` program as a user meets it: help, exit codes, records, data there and back."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from deployment import BIN, Deployment

COMMANDS = ["keygen", "put", "get", "manifest", "manifest new", "manifest check", "cluster", "cluster start",
            "cluster stop", "cluster status", "run", "connect", "ledger", "ledger verify", "ledger page", "versions",
            "versions export", "versions import", "version"]
ROWS = 50


@pytest.fixture(scope="module")
def world(shared_deployment):
    d = shared_deployment
    generator = np.random.Generator(np.random.PCG64(2))
    d.frame = pd.DataFrame({"id": np.arange(ROWS), "x": generator.normal(size=ROWS),
                            "name": [None if i % 7 == 0 else f"n{i}" for i in range(ROWS)]})
    d.path = d.table("points", d.frame, 3)
    d.start()
    d.write_manifest(read=[d.path], write=[d.storage / "models"])
    return d


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help(world, command):
    done = world.cli(*command.split(), "--help")
    assert "Usage" in done.stdout or "usage" in done.stdout.lower()
    if command:
        assert f"soteria {command}" in done.stdout, "it should show an example or its own name"


def test_help_and_version_as_people_type_them(world):
    for command in ("", "put", "manifest new"):
        assert world.cli("help", *command.split()).stdout == world.cli(*command.split(), "--help").stdout
    assert world.cli("help", "nonsense").stdout == world.cli("--help").stdout
    assert world.cli("--version").stdout == world.cli("version").stdout


def test_a_lost_key_is_not_to_be_replaced(world, tmp_path):
    other = Deployment(tmp_path)
    fresh = other.cli("get", "/nowhere", tmp_path / "x", check=False)
    assert fresh.returncode == 1 and "soteria keygen" in fresh.stderr, fresh.stderr
    shutil.copytree(world.home, other.home)
    (other.home / "user.key").unlink()
    for words in (["get", world.path, tmp_path / "x"], ["put", "/nowhere.csv", tmp_path / "y"], ["ledger"], ["keygen"],
                  ["manifest", "new", "--out", tmp_path / "m.toml", "--simulated"], ["versions", "export", tmp_path / "e"],
                  ["run", "--manifest", world.manifest, "--cluster", world.cluster, "--", "true"]):
        done = other.cli(*words, check=False)
        assert done.returncode == 1 and "SOTERIA.KEY" in done.stderr, (words, done.stderr)
        assert "keygen" not in done.stderr and "copy" in done.stderr, (words, done.stderr)
    assert not (other.home / "user.key").exists()


def test_what_simulated_enclaves_are_is_said(world, tmp_path):
    said = "NOT PROTECTED: simulated enclaves\n"
    new = ["manifest", "new", "--out", tmp_path / "m.toml"]
    done = world.cli(*new, "--simulated", "--cluster", world.cluster, "--read", world.path)
    assert done.stderr == said
    for kinds in ("sgx", "tdx", "snp", "sgx,tdx"):
        done = world.cli("manifest", "new", "--out", tmp_path / "real.toml", "--tee-kinds", kinds, check=False)
        assert done.returncode == 1 and "--master-measurement" in done.stderr and "--simulated" in done.stderr, done.stderr
        assert not (tmp_path / "real.toml").exists()
    done = world.cli("cluster", "start", "--dir", tmp_path / "c", check=False)
    assert done.returncode == 1 and "--simulated" in done.stderr and not (tmp_path / "c").exists(), done.stderr


@pytest.mark.parametrize("words", [[], ["nonsense"], ["put"], ["put", "x"], ["get"], ["run"], ["cluster"],
                                   ["run", "--manifest", "m.toml"], ["keygen", "--nonsense"], ["manifest", "new"],
                                   ["cluster", "start", "--workers", "many"], ["ledger", "nonsense", "more"]])
def test_wrong_usage_is_exit_code_2(world, words):
    done = world.cli(*words, check=False)
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert done.stderr.strip()


def test_a_version_record_that_is_gone_is_named(world, tmp_path):
    other = Deployment(tmp_path)
    shutil.copytree(world.home, other.home)
    run = ["run", "--manifest", world.manifest, "--cluster", world.cluster, "--", "echo", "ran"]
    other.cli(*run)
    other.cli(*run)
    (other.home / "versions").unlink()
    done = other.cli(*run, check=False)
    assert done.returncode == 1 and "ran" not in done.stdout, done.stderr
    assert f"{other.home}/versions is gone or new" in done.stderr and "move the ledger away" in done.stderr, done.stderr
    (other.home / "ledger").rename(other.home / "ledger.old")
    assert "ran" in other.cli(*run).stdout


@pytest.mark.parametrize("words, said", [
    (["putt", "a", "b"], "no command putt; did you mean put?"),
    (["manifest", "chek", "m.toml"], "no command chek; did you mean check?"),
    (["cluster", "strat"], "no command strat; did you mean start?"),
    (["versions", "exprot", "f"], "no command exprot; did you mean export?"),
    (["frobnicate"], "no command frobnicate\n"),
    (["put", "a", "b", "--alow-simulated"], "no option --alow-simulated; did you mean --allow-simulated?"),
    (["run", "--manifst", "m.toml", "train.py"], "no option --manifst; did you mean --manifest?"),
    (["run", "--manifest=m.toml", "--mastr=h:1", "train.py"], "no option --mastr; did you mean --master?"),
    (["run", "train.py"], "--manifest is required"),
    (["cluster", "start", "--wrokers", "3"], "no option --wrokers; did you mean --workers?"),
])
def test_a_slip_is_told_what_was_meant(world, words, said):
    done = world.cli(*words, check=False)
    assert done.returncode == 2 and "soteria: error: " in done.stderr and said in done.stderr, done.stderr
    assert "--help says what there is" in done.stderr, done.stderr


def test_a_file_that_is_missing_is_told_what_lies_there(world, tmp_path):
    (tmp_path / "patients.csv").write_text("a\n1\n")
    (tmp_path / "risk.toml").write_text("")
    (tmp_path / "train.py").write_text("")
    for words, meant in ((["put", tmp_path / "patient.csv", tmp_path / "s"], "patients.csv"),
                         (["put", tmp_path / "Patients.CSV", tmp_path / "s"], "patients.csv"),
                         (["manifest", "check", tmp_path / "rsk.toml"], "risk.toml"),
                         (["run", "--manifest", tmp_path / "risk.tml", "train.py"], "risk.toml"),
                         (["run", "--manifest", world.manifest, "--cluster", world.cluster, tmp_path / "trian.py"], "train.py")):
        done = world.cli(*words, check=False)
        assert done.returncode == 1 and f"did you mean {meant}?" in done.stderr and "[PATH_NOT_FOUND]" in done.stderr, done.stderr
    done = world.cli("put", "", tmp_path / "s", check=False)
    assert done.returncode == 1 and "an empty path" in done.stderr, done.stderr


@pytest.mark.parametrize("words", [
    ["keygen"],  # there is one
    ["put", "/nowhere.csv", "{storage}/nothing", "--allow-simulated"],
    ["get", "{storage}/nothing", "{folder}/out"],
    ["get", "{path}", "{folder}"],  # not empty
    ["manifest", "check", "/nowhere.toml"],
    ["manifest", "new", "--out", "{manifest}", "--simulated", "--cluster", "{cluster}"],  # there is one
    ["run", "--manifest", "{manifest}", "--cluster", "/nowhere", "--", "true"],
    ["run", "--manifest", "{manifest}", "--master", "127.0.0.1:1", "--", "true"],
    ["run", "--manifest", "{manifest}", "--cluster", "{cluster}", "--", "/no/such/program"],
    ["cluster", "status", "--dir", "/nowhere"],
    ["ledger", "/nowhere"],
    ["versions", "import", "/nowhere"],
])
def test_refusals_are_exit_code_1_and_say_why(world, words):
    names = {"storage": world.storage, "folder": world.folder, "path": world.path, "manifest": world.manifest,
             "cluster": world.cluster}
    done = world.cli(*[word.format(**names) for word in words], check=False)
    assert done.returncode == 1, (done.returncode, done.stdout, done.stderr)
    assert "soteria: error: " in done.stderr and done.stderr.rstrip().endswith("]"), done.stderr


@pytest.mark.parametrize("command, code", [("exit 0", 0), ("exit 7", 7), ("exit 255", 255), ("kill -9 $$", 137),
                                           ("kill -15 $$", 143)])
def test_run_exits_as_its_command_does(world, command, code):
    done = world.cli("run", "--manifest", world.manifest, "--cluster", world.cluster, "--", "sh", "-c", command,
                     check=False)
    assert done.returncode == code, done.stderr


def test_connect_prints_exports_that_work(world):
    environment = {**os.environ, "SOTERIA_HOME": str(world.home)}
    session = subprocess.Popen([BIN / "soteria", "connect", "--manifest", world.manifest, "--cluster", world.cluster,
                                "--until-stdin-ends"], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    exports = ""
    for line in session.stdout:
        exports += line
        if line.startswith("export SPARK_CONNECT_RELEASE_SESSION_ON_EXIT="):
            break
    script = world.folder / "notebook.py"
    script.write_text("from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\n"
                      f"print(spark.read.parquet('{world.path}').count(), 'rows')\nspark.stop()\n")
    try:
        done = subprocess.run(["sh", "-c", f"{exports}\nexec {sys.executable} {script}"], capture_output=True, text=True,
                              timeout=60, check=False)
        assert done.stdout == f"{ROWS} rows\n", done.stderr
        assert re.search(r"TOKEN='[0-9a-f]{32,}'", exports)
    finally:
        session.stdin.close()
        assert session.wait(30) == 0
    assert session.stdout.read() == ""


def test_get_gives_back_what_was_put(world, tmp_path):
    world.cli("get", world.path, tmp_path / "back")
    pd.testing.assert_frame_equal(pq.read_table(tmp_path / "back").to_pandas(), world.frame)
    assert not any(name.suffix == ".sealed" for name in (tmp_path / "back").iterdir())


def test_types_survive_put_and_get(world, tmp_path):
    table = pa.table({
        "flag": pa.array([True, None, False]), "small": pa.array([1, None, -3], pa.int32()),
        "long": pa.array([2**62, None, -1]), "single": pa.array([1.5, None, -0.0], pa.float32()),
        "double": pa.array([float("nan"), None, 5e-324]), "text": pa.array(["", None, "\u00e4\U0001f512"]),
        "bytes": pa.array([b"\0\xff", None, b""]), "day": pa.array([0, None, 20000], pa.int32()).cast(pa.date32()),
        "list": pa.array([[1.0, None], None, []])})
    pq.write_table(table, tmp_path / "types.parquet")
    world.put(tmp_path / "types.parquet", "types")
    world.cli("get", world.storage / "types", tmp_path / "types")
    back = pq.read_table(tmp_path / "types")
    assert back.column_names == table.column_names
    for name in table.column_names:
        assert back[name].to_pylist().__repr__() == table[name].to_pylist().__repr__(), name


def test_a_folder_put_as_a_tree_comes_back_byte_for_byte(world, tmp_path):
    source = tmp_path / "model"
    (source / "data").mkdir(parents=True)
    (source / "metadata").mkdir()
    (source / "metadata/part-00000").write_text('{"class": "x"}\n')
    (source / "data/part-00000.parquet").write_bytes(os.urandom(3 << 20))
    (source / "data/_SUCCESS").write_bytes(b"")
    world.cli("put", "--tree", source, world.storage / "tree", "--allow-simulated")
    world.cli("get", world.storage / "tree", tmp_path / "back")
    files = sorted(path.relative_to(source) for path in source.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(tmp_path / "back") for path in (tmp_path / "back").rglob("*") if path.is_file())
    for file in files:
        assert (source / file).read_bytes() == (tmp_path / "back" / file).read_bytes()


def test_versions_travel_to_another_home(world, tmp_path):
    other = Deployment(tmp_path)
    other.home.mkdir()
    shutil.copy(world.home / "user.key", other.home)
    world.cli("versions", "export", tmp_path / "records")
    copy = tmp_path / "older"
    shutil.copytree(world.path, copy)
    world.table("points", world.frame, 3)  # version 2, which the export doesn't know
    world.cli("versions", "export", tmp_path / "newer")
    other.cli("versions", "import", tmp_path / "newer")
    newer = tmp_path / "whole"
    shutil.copytree(world.path, newer)
    shutil.rmtree(world.path)
    shutil.copytree(copy, world.path)
    done = other.cli("get", world.path, tmp_path / "out", check=False)
    assert done.returncode == 1 and "SOTERIA.ROLLED_BACK" in done.stderr, done.stderr
    other.cli("versions", "import", tmp_path / "records")  # the higher version stays
    assert other.cli("get", world.path, tmp_path / "out", check=False).returncode == 1
    shutil.rmtree(world.path)
    shutil.copytree(newer, world.path)
    other.cli("get", world.path, tmp_path / "out")
    damaged = bytearray((tmp_path / "newer").read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "damaged").write_bytes(damaged)
    assert other.cli("versions", "import", tmp_path / "damaged", check=False).returncode == 1
    world.manifest.unlink()
    world.write_manifest(read=[world.path], write=[world.storage / "models"])


def test_the_ledger_in_json_and_after_tampering(world, tmp_path):
    done = world.cli("ledger", "--json")
    entries = json.loads(done.stdout)
    assert entries and '"head"' in done.stdout and '"read"' in done.stdout
    assert world.cli("ledger", "verify").stdout.startswith("whole")
    ledger = world.home / "ledger"
    whole = ledger.read_bytes()
    try:
        for damage in (whole[:-1], whole[:len(whole) // 2], whole + whole[-64:], b"", whole[1:],
                       whole[:200] + bytes([whole[200] ^ 1]) + whole[201:],
                       whole[:-100] + bytes([whole[-100] ^ 1]) + whole[-99:]):
            ledger.write_bytes(damage)
            verified = world.cli("ledger", "verify", check=False)
            assert verified.returncode == 1, (len(damage), verified.stdout)
            assert "whole" not in verified.stdout.split()
            copy = tmp_path / "ledger"
            copy.write_bytes(damage)
            world.cli("ledger", "verify", copy, check=False)
        ledger.unlink()
        assert world.cli("ledger", "verify", check=False).returncode == 1
    finally:
        ledger.write_bytes(whole)
    assert world.cli("ledger", "verify").returncode == 0


def test_a_port_in_use(world, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = world.cli("cluster", "start", "--simulated", "--dir", tmp_path / "c", "--port", port, check=False)
        assert done.returncode == 1 and f"port {port} is in use" in done.stderr
        assert world.cli("cluster", "status", "--dir", tmp_path / "c", check=False).returncode == 1
    world.cli("cluster", "start", "--simulated", "--dir", tmp_path / "c", "--port", port)
    try:
        assert str(port) in world.cli("cluster", "status", "--dir", tmp_path / "c").stdout
        again = world.cli("cluster", "start", "--simulated", "--dir", tmp_path / "c", check=False)
        assert again.returncode == 1 and "soteria: error: " in again.stderr
    finally:
        world.cli("cluster", "stop", "--dir", tmp_path / "c")
    assert world.cli("cluster", "status", "--dir", tmp_path / "c", check=False).returncode == 1


def test_a_worker_over_its_memory_limit(world, tmp_path):
    big = pd.DataFrame({f"c{i}": np.random.Generator(np.random.PCG64(i)).normal(size=60_000) for i in range(8)})
    path = world.table("big", big, 1)
    manifest = tmp_path / "m.toml"
    world.write_manifest(read=[path, world.path], out=manifest)
    world.stop()
    (world.cluster / "state.json").unlink(missing_ok=True)
    host = subprocess.Popen([BIN / "soteria-host", "--dir", world.cluster, "--workers", "2", "--memory", str(2 << 20),
                             "--simulated-key", world.cluster / "simulated.pem"], stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            if (world.cluster / "state.json").exists():
                break
            assert host.poll() is None
            time.sleep(0.05)
        done = world.run(
            """
            import sys
            from pyspark.sql import SparkSession
            spark = SparkSession.builder.getOrCreate()
            try:
                spark.read.parquet(sys.argv[1]).persist().agg({"c1": "sum"}).collect()
            except Exception as error:
                print(error.getCondition())
            print(spark.read.parquet(sys.argv[2]).count(), "rows")
            """, path, world.path, manifest=manifest)
        assert done.stdout == f"SOTERIA.MEMORY_LIMIT\n{ROWS} rows\n", done.stdout + done.stderr
    finally:
        host.terminate()
        host.wait(20)
        world.start()
