"""I4, I5, I8: a host that alters, repeats, reorders or substitutes what it delivers to the master.

The master's connection passes through a proxy of this test, which is all that a lying host is. Finer
cases, frame by frame, are in src/dataflow/coordinator_test.cc and src/worker/task_runner_test.cc.
"""

import socket
import struct
import threading
import time

import numpy as np
import pandas as pd
import pytest
from pyspark.errors.exceptions.connect import SparkConnectException

from connected import Connected
from deployment import BIN
from hosts import OwnHost
from recorded import HEADER, RESULT, fields

PARTITIONS = 4
ROWS = 40


def exactly(stream, count):
    data = b""
    while len(data) < count:
        more = stream.recv(count - len(data))
        if not more:
            raise ConnectionError
        data += more
    return data


class LyingHost:
    """Passes bytes on; frames to the master go through `lie`, which gives back what is sent instead."""

    def __init__(self, port_file):
        self.port_file = port_file
        self.lie = None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                enclave, _ = self.listener.accept()
            except OSError:
                return
            host = socket.create_connection(("127.0.0.1", int(self.port_file.read_text())))
            threading.Thread(target=self._raw, args=(enclave, host), daemon=True).start()
            threading.Thread(target=self._frames, args=(host, enclave), daemon=True).start()

    def _raw(self, source, target):
        try:
            while data := source.recv(1 << 16):
                target.sendall(data)
        except OSError:
            pass
        target.close()

    def _frames(self, source, target):
        try:
            while True:
                head = exactly(source, HEADER.size)
                length, kind, number = HEADER.unpack(head)
                frame = head + exactly(source, length - 9)
                sent = [frame] if self.lie is None or kind != RESULT else self.lie(frame)
                for one in sent:
                    target.sendall(one)
        except OSError:
            pass
        target.close()


def frame_of(payload, number):
    return HEADER.pack(len(payload) + 9, RESULT, number) + payload


def flipped(at):
    def lie(frame):
        data = bytearray(frame)
        data[at] ^= 1
        return [bytes(data)]
    return lie


def once(lie):
    """Lies about the first result only: what is still on its way when a stage ends would meet the next one."""
    told = []
    return lambda frame: [frame] if told else told.append(frame) or lie(frame)


def cut(frame):
    """The sealed bytes are one short, in a frame that is well formed."""
    message = frame[HEADER.size:]
    sealed = fields(message)[3][0]
    begin = message.index(sealed)
    length = len(sealed)
    assert length > 127 + 16

    def varint(value):
        out = b""
        while value > 127:
            out += bytes([value & 127 | 128])
            value >>= 7
        return out + bytes([value])

    prefix = message[:begin - len(varint(length))]
    return [frame_of(prefix + varint(length - 1) + sealed[:-1], HEADER.unpack_from(frame)[2])]


def garbage(frame):
    return [frame_of(b"\xff" * 40, HEADER.unpack_from(frame)[2])]


class Substitute:
    """Delivers under a place what was made for another one: the first result's sealed bytes for the next."""

    def __init__(self):
        self.first = None
        self.told = False

    def __call__(self, frame):
        if self.told:
            return [frame]
        message = frame[HEADER.size:]
        sealed = fields(message)[3][0]
        if self.first is None:
            self.first = sealed
            return [frame]
        if len(sealed) != len(self.first):
            self.first = sealed
            return [frame]
        self.told = True
        return [frame[:HEADER.size] + message.replace(sealed, self.first)]


@pytest.fixture(scope="module")
def world(shared_deployment):
    d = shared_deployment
    d.path = d.table("points", pd.DataFrame({"id": np.arange(ROWS), "x": np.arange(ROWS) * 0.5}), PARTITIONS)
    d.start()
    d.write_manifest(read=[d.path])
    d.cli("cluster", "stop", "--dir", d.cluster)
    port_file = d.folder / "port"
    d.liar = LyingHost(port_file)
    master = d.folder / "master.sh"
    # The host gives the master its own port first: --host-port N ...
    master.write_text(f"#!/bin/sh\n[ \"$1\" = --host-port ] || exit 9\necho $2 > {port_file}.new\n"
                      f"mv {port_file}.new {port_file}\nshift 2\n"
                      f"exec {BIN.resolve() / 'soteria-master'} --host-port {d.liar.port} \"$@\"\n")
    master.chmod(0o755)
    with OwnHost(d, "--master", master):
        yield d
    d.liar.listener.close()


@pytest.fixture
def session(world):
    world.liar.lie = None
    made = Connected(world)
    made.spark = made.client()
    yield made
    world.liar.lie = None
    made.close()


def rows(world, session):
    return [row.id for row in session.spark.read.parquet(str(world.path)).select("id").collect()]


def total(world, session):
    return session.spark.read.parquet(str(world.path)).agg({"x": "sum"}).first()[0]


RIGHT = list(range(ROWS)), sum(range(ROWS)) * 0.5


def test_what_is_altered_fails_and_the_session_goes_on(world, session):
    assert (rows(world, session), total(world, session)) == RIGHT
    for name, lie in {"tag": flipped(-1), "ciphertext": flipped(-20), "header": flipped(-140), "cut": cut,
                      "garbage": garbage}.items():
        for ask in (rows, total):
            world.liar.lie = once(lie)
            with pytest.raises(SparkConnectException) as error:
                ask(world, session)
            assert error.value.getCondition() in ("SOTERIA.INTEGRITY", "SOTERIA.PROTOCOL"), (name, str(error.value))
            world.liar.lie = None
            assert (rows(world, session), total(world, session)) == RIGHT, name


def test_a_result_of_another_partition_fails(world, session):
    world.liar.lie = Substitute()
    with pytest.raises(SparkConnectException) as error:
        rows(world, session)
    assert error.value.getCondition() == "SOTERIA.INTEGRITY", str(error.value)
    world.liar.lie = None
    assert rows(world, session) == RIGHT[0]


def test_repeats_and_another_order_change_nothing(world, session):
    world.liar.lie = lambda frame: [frame] * 3
    assert (rows(world, session), total(world, session)) == RIGHT
    held = []

    def backwards(frame):
        held.append(frame)
        return [held.pop() for _ in range(len(held))] if len(held) == PARTITIONS else []

    world.liar.lie = backwards
    assert rows(world, session) == RIGHT[0]
    kept = []

    def late(frame):
        """Each result once more, in the stages after its own."""
        kept.append(frame)
        return [*kept[:-1], frame]

    world.liar.lie = late
    assert (rows(world, session), total(world, session)) == RIGHT
    assert (rows(world, session), total(world, session)) == RIGHT


def test_an_earlier_stages_result_in_place_of_a_new_one_fails(world, session):
    seen = []
    world.liar.lie = lambda frame: seen.append(frame) or [frame]
    assert total(world, session) == RIGHT[1]
    old = fields(seen[0][HEADER.size:])[3][0]

    def replace(frame):
        message = frame[HEADER.size:]
        sealed = fields(message)[3][0]
        return [frame[:HEADER.size] + message.replace(sealed, old)] if len(sealed) == len(old) else garbage(frame)

    world.liar.lie = once(replace)
    with pytest.raises(SparkConnectException) as error:
        total(world, session)
    assert error.value.getCondition() in ("SOTERIA.INTEGRITY", "SOTERIA.PROTOCOL")
    world.liar.lie = None
    assert total(world, session) == RIGHT[1]


OTHER_SESSION = []


@pytest.mark.parametrize("turn", ["recorded in one session", "replayed in the next"])
def test_a_result_of_another_session_fails(world, session, turn):
    if not OTHER_SESSION:
        world.liar.lie = lambda frame: OTHER_SESSION.append(frame) or [frame]
        assert total(world, session) == RIGHT[1]
        return
    # Same stage number, same place, same size: only the session differs.
    world.liar.lie = once(lambda frame: [OTHER_SESSION[0]])
    with pytest.raises(SparkConnectException) as error:
        total(world, session)
    assert error.value.getCondition() == "SOTERIA.INTEGRITY", str(error.value)
    world.liar.lie = None
    assert total(world, session) == RIGHT[1]


def test_an_oversized_frame_ends_the_master_not_the_host(world, session):
    world.liar.lie = lambda frame: [struct.pack("<IBQ", (1 << 28) + 1, RESULT, 0)]
    with pytest.raises(Exception):  # noqa: B017 - the master is gone; which error PySpark makes of it is its own
        session.spark.client.set_retry_policies([])
        total(world, session)
    world.liar.lie = None
    give_up = time.monotonic() + 20
    while "the session is over" not in session.said() and time.monotonic() < give_up:
        time.sleep(0.1)
    assert "the session is over" in session.said()
    session.process.stdin.close()  # it stays until then, to tell its clients
    assert session.process.wait(20) == 3, session.said()
