"""What the real programs leave behind when they are stopped, or meet a full disk: nothing."""

import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import threading
import time

import numpy as np
import pandas as pd
import pytest

from deployment import BIN, Deployment

ROWS = 400_000
FILES = 16
TRIES = 50


def files_below(folder: pathlib.Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    d = Deployment(tmp_path_factory.mktemp("leftovers"))
    d.keygen()
    generator = np.random.Generator(np.random.PCG64(4))
    frame = pd.DataFrame({f"c{i}": generator.normal(size=ROWS) for i in range(8)})
    d.path = d.table("large", frame, FILES)
    d.csv = d.folder / "large.csv"
    frame.head(100_000).to_csv(d.csv, index=False)
    yield d
    d.stop()


def stopped(world, signum, midway, into, *args) -> subprocess.CompletedProcess:
    """Sends the signal midway: the command is halted as it comes there and goes on with the signal pending. One that was past it when
    the halt came is begun again."""
    for _ in range(TRIES):
        process = subprocess.Popen([BIN / "soteria", *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env={**os.environ, "SOTERIA_HOME": str(world.home)}, text=True)
        while process.poll() is None and not midway():
            time.sleep(0.001)
        hit = False
        if process.poll() is None:
            os.kill(process.pid, signal.SIGSTOP)
            state = os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
            hit = state.si_code == os.CLD_STOPPED and midway()
            if hit:
                os.kill(process.pid, signum)
            os.kill(process.pid, signal.SIGCONT)
        out, err = process.communicate(timeout=60)
        if hit:
            return subprocess.CompletedProcess(args, process.returncode, out, err)
        assert process.returncode == 0, err
        for path in into.iterdir():
            shutil.rmtree(path)
    raise AssertionError(f"{args[0]} was never caught midway")


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_get_that_is_stopped_leaves_no_plaintext(world, tmp_path, signum):
    def midway():
        sizes = [path.stat().st_size for path in tmp_path.glob("got.partial-*/*")]
        return any(sizes) and len(sizes) < FILES

    done = stopped(world, signum, midway, tmp_path, "get", world.path, tmp_path / "got")
    assert done.returncode == -signum, (done.returncode, done.stderr)
    assert "SOTERIA.CANCELLED" in done.stderr, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_put_that_is_stopped_leaves_no_orphans(world, tmp_path):
    sealed = tmp_path / "sealed/new"
    for source, kind, files, options in ((world.csv, "*.parquet", 20, ["--files", 20]),
                                         (world.path, "*.sealed", len(files_below(world.path)), ["--tree"])):
        def midway(kind=kind, files=files):
            return 0 < len(list(sealed.glob(kind))) < files

        done = stopped(world, signal.SIGINT, midway, tmp_path, "put", source, sealed, *options)
        assert done.returncode == -signal.SIGINT, (done.returncode, done.stderr)
        assert list(tmp_path.iterdir()) == []
        world.cli("put", source, sealed, *options)  # and nothing is in its way
        assert len(list(sealed.glob(kind))) == files
        shutil.rmtree(tmp_path / "sealed")


def limit_file_size():
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))


def test_files_that_may_not_grow_leave_nothing(world, tmp_path):
    for words in (["put", world.csv, tmp_path / "s"], ["get", world.path, tmp_path / "g"]):
        done = world.cli(*words, check=False, preexec_fn=limit_file_size)
        assert done.returncode == 1 and "File too large" in done.stderr, done.stderr
        assert list(tmp_path.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=640k", "tmpfs", folder], check=False, capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("needs the right to mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_job_that_fills_the_disk_leaves_room_for_the_next_write(world, small_disk):
    done = world.cli("put", world.csv, small_disk / "d", check=False)
    assert done.returncode == 1 and "No space left" in done.stderr, done.stderr
    assert files_below(small_disk) == []
    world.start(workers=2)
    path = world.put(world.csv, "for_the_job", "--files", 8)
    world.write_manifest(read=[path], write=[small_disk / "models"])
    done = world.run(
        """
        import sys
        from pyspark.sql import SparkSession
        spark = SparkSession.builder.getOrCreate()
        data = spark.read.parquet(sys.argv[1]).select("c0")
        for attempt in range(2):
            try:
                data.write.parquet(sys.argv[2] + "/copy")
            except Exception as error:
                print("refused", type(error).__name__)
        data.limit(1000).write.parquet(sys.argv[2] + "/few")
        print(spark.read.parquet(sys.argv[2] + "/few").count())
        """, path, small_disk / "models")
    refused, again, count = done.stdout.splitlines()
    assert refused.startswith("refused") and again.startswith("refused") and count == "1000", done.stdout + done.stderr
    # One file and the marker of its folder: nothing of the writes that failed, neither of the tasks that had ended before nor of the
    # one that the other worker was at.
    assert len([name for name in files_below(small_disk) if name.endswith(".sealed")]) == 2, files_below(small_disk)


def test_a_cluster_and_a_home_on_a_full_disk_are_refused(world, small_disk):
    home = small_disk / "home"
    home.mkdir()
    shutil.copy(world.home / "user.key", home)
    with open(small_disk / "fill", "wb", buffering=0) as fill:
        try:
            while True:
                fill.write(bytes(4096))
        except OSError:
            pass
    done = world.cli("cluster", "start", "--simulated", "--dir", small_disk / "c", check=False)
    assert done.returncode == 1 and "No space left" in done.stderr, done.stderr
    source = world.folder / "one.csv"
    source.write_text("a\n1\n")
    there = {"SOTERIA_HOME": str(home)}
    done = world.cli("put", source, world.folder / "x", env=there, check=False)
    assert done.returncode == 1 and "No space left" in done.stderr, done.stderr
    assert not (world.folder / "x").exists()
    for words in (["keygen", "--key", small_disk / "k"], ["versions", "export", small_disk / "e"]):
        done = world.cli(*words, check=False)
        assert done.returncode == 1, done.stderr
        assert not (small_disk / words[-1].name).exists()


def told_to_stop(world, signum, seen, *args) -> subprocess.CompletedProcess:
    """The signal comes as soon as `seen` says so."""
    process = subprocess.Popen([BIN / "soteria", *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env={**os.environ, "SOTERIA_HOME": str(world.home)}, text=True)
    while process.poll() is None and not seen():
        time.sleep(0.001)
    process.send_signal(signum)
    out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(args, process.returncode, out, err)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_waits_ends_by_the_signal_that_stopped_it(world, tmp_path, signum):
    """A shell sees 128 + n, as of any program; and what was told to stop makes nothing any more."""
    manifest = tmp_path / "m.toml"
    world.cli("cluster", "key", "--dir", world.cluster)
    begun = time.monotonic()
    done = told_to_stop(world, signum, lambda: time.monotonic() > begun + 0.03, "manifest", "new", "--out", manifest, "--simulated",
                        "--cluster", world.cluster, "--read", world.path)
    assert done.returncode == -signum and not manifest.exists(), (done.returncode, done.stderr)

    log = tmp_path / "c/host.log"
    done = told_to_stop(world, signum, log.exists, "cluster", "start", "--simulated", "--dir", tmp_path / "c")
    assert done.returncode == -signum and "interrupted" in done.stderr, (done.returncode, done.stderr)
    assert world.cli("cluster", "status", "--dir", tmp_path / "c", check=False).returncode == 1

    # A master that never answers: the session is being opened when the signal comes.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        world.write_manifest(read=[world.path], out=manifest)
        seen = threading.Event()
        accepting = threading.Thread(target=lambda: (silent.accept()[0].close(), seen.set()), daemon=True)
        accepting.start()
        done = told_to_stop(world, signum, seen.is_set, "run", "--manifest", manifest, "--master",
                            f"127.0.0.1:{silent.getsockname()[1]}", "--", "echo", "never")
        assert done.returncode == -signum and "SOTERIA.CANCELLED" in done.stderr, (done.returncode, done.stderr)
        assert "never" not in done.stdout
