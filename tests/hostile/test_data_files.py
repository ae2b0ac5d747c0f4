"""I9: data files and indexes that storage altered, swapped, kept back or rolled back."""

import os
import shutil
import threading

import numpy as np
import pandas as pd
import pytest
from pyspark.errors.exceptions.connect import SparkConnectException

from connected import Connected

ROWS = 400
FILES = 4
INDEX = "_soteria_index"


def table(seed):
    generator = np.random.Generator(np.random.PCG64(seed))
    return pd.DataFrame({"id": np.arange(ROWS), "x": generator.normal(size=ROWS), "y": generator.normal(size=ROWS)})


def data_files(root):
    return sorted(root.glob("*.parquet"))


@pytest.fixture(scope="module")
def world(shared_deployment):
    d = shared_deployment
    subject = d.table("subject", table(1), FILES)
    d.older = d.folder / "older"
    shutil.copytree(subject, d.older)
    d.table("subject", table(2), FILES)
    other = d.table("other", table(3), FILES)
    d.rolled = d.table("rolled", table(4), FILES)
    d.start()
    d.write_manifest(read=[subject, other, d.rolled])
    d.subject, d.other = subject, other
    return d


@pytest.fixture(scope="module")
def connected(world):
    session = Connected(world)
    session.spark = session.client()
    yield session
    assert session.close() == 0, session.said()


@pytest.fixture
def storage(world):
    """The subject's files, whole again after the test."""
    whole = world.folder / "whole"
    shutil.copytree(world.subject, whole)
    yield world
    shutil.rmtree(world.subject)
    whole.rename(world.subject)


def truncate_half(w, f):
    os.truncate(f, f.stat().st_size // 2)


def truncate_one(w, f):
    os.truncate(f, f.stat().st_size - 1)


def empty(w, f):
    os.truncate(f, 0)


def flip(at):
    def damage(w, f):
        data = bytearray(f.read_bytes())
        data[at(len(data))] ^= 1
        f.write_bytes(data)
    return damage


def swap_within(w, f):
    other = data_files(w.subject)[2]
    mine = f.read_bytes()
    f.write_bytes(other.read_bytes())
    other.write_bytes(mine)


def copy_within(w, f):
    shutil.copy(data_files(w.subject)[2], f)


def from_another_set(w, f):
    shutil.copy(data_files(w.other)[1], f)


def older_version(w, f):
    shutil.copy(data_files(w.older)[1], f)


def padded_to_size(make):
    """The same, brought to the size that the index says, so that the size doesn't give it away."""
    def damage(w, f):
        size = f.stat().st_size
        make(w, f)
        data = f.read_bytes()
        f.write_bytes((data + b"\0" * size)[:size] if len(data) < size else data[-size:])
    return damage


def missing(w, f):
    f.unlink()


def symlink(w, f):
    real = w.folder / "elsewhere.parquet"
    shutil.copy(f, real)
    f.unlink()
    f.symlink_to(real)


def hard_fifo(w, f):
    f.unlink()
    os.mkfifo(f)


def folder(w, f):
    f.unlink()
    f.mkdir()


def grown(w, f):
    with f.open("ab") as out:
        out.write(b"more")


DAMAGES = {
    "cut in half": truncate_half,
    "one byte short": truncate_one,
    "empty": empty,
    "a byte of the first page flipped": flip(lambda n: 100),
    "a byte of a page flipped": flip(lambda n: n // 3),
    "a byte of the footer flipped": flip(lambda n: n - 40),
    "last byte flipped": flip(lambda n: n - 1),
    "two files of the set swapped": swap_within,
    "two files swapped, same size": padded_to_size(copy_within),
    "a file of another set": from_another_set,
    "a file of another set, same size": padded_to_size(from_another_set),
    "a file of the older version": older_version,
    "a file of the older version, same size": padded_to_size(older_version),
    "missing": missing,
    "a symbolic link": symlink,
    "a FIFO": hard_fifo,
    "a folder": folder,
    "grown": grown,
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_data_file_is_an_error_and_the_session_goes_on(connected, storage, name):
    spark = connected.spark
    DAMAGES[name](storage, data_files(storage.subject)[1])
    with pytest.raises(SparkConnectException) as error:
        spark.read.parquet(str(storage.subject)).collect()  # all columns: what nobody reads isn't fetched
    assert error.value.getCondition() == "SOTERIA.INTEGRITY", str(error.value)
    assert len(str(error.value)) > 40, "it should say what happened"
    assert spark.read.parquet(str(storage.other)).count() == ROWS


def test_no_flipped_byte_changes_a_result(connected, storage):
    """Parquet's leading magic is in no digest; whatever byte it is, it gives an error or the same rows."""
    spark, target = connected.spark, data_files(storage.subject)[1]
    whole, refused = target.read_bytes(), 0
    for at in np.linspace(0, len(whole) - 1, 12).astype(int):
        flip(lambda n, at=at: at)(storage, target)
        try:
            pd.testing.assert_frame_equal(spark.read.parquet(str(storage.subject)).toPandas(), table(2))
        except SparkConnectException as error:
            assert error.getCondition() == "SOTERIA.INTEGRITY"
            refused += 1
        target.write_bytes(whole)
    assert refused >= 10


def test_whole_again_it_is_read(connected, world):
    got = connected.spark.read.parquet(str(world.subject)).toPandas()
    pd.testing.assert_frame_equal(got, table(2))


def test_a_file_that_grows_while_it_is_read(connected, storage):
    stop = threading.Event()
    target = data_files(storage.subject)[1]

    def grow():
        with target.open("ab", buffering=0) as out:
            while not stop.wait(0.0005):
                out.write(b"x")

    grower = threading.Thread(target=grow)
    grower.start()
    try:
        with pytest.raises(SparkConnectException) as error:
            for _ in range(20):
                connected.spark.read.parquet(str(storage.subject)).agg({"x": "sum"}).collect()
        assert error.value.getCondition() == "SOTERIA.INTEGRITY"
    finally:
        stop.set()
        grower.join()


def test_an_added_file_is_never_looked_at(connected, storage):
    shutil.copy(data_files(storage.other)[0], storage.subject / "0000.parquet")
    assert connected.spark.read.parquet(str(storage.subject)).count() == ROWS


def replace_folder(source, target):
    shutil.rmtree(target)
    shutil.copytree(source, target)


@pytest.mark.parametrize("what", ["older", "flipped", "cut", "missing", "of another set"])
def test_an_index_that_changes_during_a_session(connected, storage, what):
    index = storage.subject / INDEX
    if what == "older":
        replace_folder(storage.older, storage.subject)
    elif what == "flipped":
        flip(lambda n: n // 2)(storage, index)
    elif what == "cut":
        truncate_one(storage, index)
    elif what == "missing":
        index.unlink()
    else:
        shutil.copy(storage.other / INDEX, index)
    with pytest.raises(SparkConnectException) as error:
        connected.spark.read.parquet(str(storage.subject)).count()
    expected = {"older": "SOTERIA.ROLLED_BACK", "missing": "PATH_NOT_FOUND"}.get(what, "SOTERIA.INTEGRITY")
    assert error.value.getCondition() == expected, str(error.value)
    assert connected.spark.read.parquet(str(storage.other)).count() == ROWS


# ---- before a session: the owner's records ----------------------------------------------------------


def refused(deployment, *words):
    done = deployment.run("print('never')", check=False)
    assert done.returncode == 1 and "never" not in done.stdout
    for word in words:
        assert word in done.stderr, done.stderr
    return done


@pytest.fixture(scope="module")
def owner(tmp_path_factory):
    """An owner of his own with a cluster, so that the session above stays open."""
    from deployment import Deployment

    made = Deployment(tmp_path_factory.mktemp("rollback"))
    made.keygen()
    made.start()
    yield made
    made.stop()


def test_an_index_and_its_files_rolled_back_after_a_newer_put(owner):
    path = owner.table("rolled", table(1), 2)
    older = owner.folder / "rolled-1"
    shutil.copytree(path, older)
    owner.table("rolled", table(2), 2)
    newer = owner.folder / "rolled-2"
    shutil.copytree(path, newer)
    owner.write_manifest(read=[path], out=owner.manifest)
    replace_folder(older, path)
    refused(owner, "SOTERIA.ROLLED_BACK", str(path))
    got = owner.cli("get", path, owner.folder / "never", check=False)
    assert got.returncode == 1 and "SOTERIA.ROLLED_BACK" in got.stderr
    assert not (owner.folder / "never").exists()
    put = owner.cli("put", owner.folder / "rolled.parquet", path, "--allow-simulated", check=False)
    assert put.returncode == 1 and "SOTERIA.ROLLED_BACK" in put.stderr, "a put on top would make the roll-back real"
    replace_folder(newer, path)
    assert "2 rows" in owner.run(
        """
        import sys
        from pyspark.sql import SparkSession
        print(SparkSession.builder.getOrCreate().read.parquet(sys.argv[1]).limit(2).count(), "rows")
        """, path).stdout


def test_one_root_in_the_place_of_another(owner):
    """Both are the owner's, so that each opens: which one belongs there, only the owner's records say."""
    public, secret = owner.table("public", table(1), 2), owner.table("secret", table(2), 2)
    manifest = owner.folder / "secret.toml"
    owner.write_manifest(read=[secret], out=manifest)
    kept = owner.folder / "secret-1"
    shutil.copytree(secret, kept)
    replace_folder(public, secret)
    names = sorted(path.name for path in secret.iterdir())
    for words in (["get", secret, owner.folder / "never"],
                  ["put", owner.folder / "secret.parquet", secret, "--allow-simulated"],
                  ["manifest", "new", "--out", owner.folder / "never.toml", "--simulated", "--cluster", owner.cluster,
                   "--read", secret],
                  ["run", "--manifest", manifest, "--cluster", owner.cluster, "--", "echo", "never"]):
        done = owner.cli(*words, check=False)
        assert done.returncode == 1 and "SOTERIA.INTEGRITY" in done.stderr, (words, done.stdout, done.stderr)
        assert "never" not in done.stdout
    assert not (owner.folder / "never").exists() and not (owner.folder / "never.toml").exists()
    assert sorted(path.name for path in secret.iterdir()) == names, "nothing was put there"
    replace_folder(kept, secret)
    assert owner.run("print('runs')", manifest=manifest).stdout == "runs\n"


def test_a_fork_of_the_same_version_is_refused(owner):
    path = owner.table("forked", table(1), 2)
    home, base = owner.folder / "home-1", owner.folder / "forked-1"
    shutil.copytree(owner.home, home)
    shutil.copytree(path, base)
    owner.table("forked", table(2), 2)  # the owner's version 2
    # With the records of before, another version 2: authentic under the same key.
    mine, owner.home = owner.home, home
    storage = owner.folder / "forked-2"
    shutil.move(path, storage)
    shutil.copytree(base, path)
    owner.table("forked", table(3), 2)
    owner.home = mine
    manifest = owner.folder / "forked.toml"
    said = (storage / INDEX).read_bytes()[9:25].hex()  # the owner moved it there
    owner.write_manifest(read=[storage], out=manifest, options=["--id", said])
    manifest.write_text(manifest.read_text().replace(str(storage), str(path)))
    done = owner.run("print('never')", manifest=manifest, check=False)
    assert done.returncode == 1 and "SOTERIA.ROLLED_BACK" in done.stderr, done.stderr
    replace_folder(storage, path)
    assert owner.run("print('runs')", manifest=manifest).stdout == "runs\n"
