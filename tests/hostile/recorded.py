"""What soteria-host --record kept: frames (docs/formats/frames.md) and sealed messages (docs/formats/envelope.md)."""

from __future__ import annotations

import pathlib
import struct
from typing import Iterator, NamedTuple

HEADER = struct.Struct("<I B Q")
RUN_STAGE, BROADCAST, RESULT, STAGE_TASK, TASK, TASK_DONE = 11, 12, 15, 21, 22, 23
REDUCE = 4
MAGIC = b"SOTE1"
ENVELOPE_HEADER = 128
TAG = 16
KINDS = {1: "task", 2: "broadcast", 3: "partial", 4: "rows", 5: "shuffle", 6: "written", 7: "kept", 8: "error",
         9: "partial slice", 10: "rows slice", 11: "shuffle slice"}


class Frame(NamedTuple):
    kind: int
    id: int
    payload: bytes


def frames(path: pathlib.Path) -> Iterator[Frame]:
    data, at = path.read_bytes(), 0
    while at + 4 <= len(data):
        length = struct.unpack_from("<I", data, at)[0]
        if at + 4 + length > len(data):  # the connection ended within a frame
            return
        _, kind, number = HEADER.unpack_from(data, at)
        yield Frame(kind, number, data[at + HEADER.size:at + 4 + length])
        at += 4 + length


def fields(message: bytes) -> dict[int, list]:
    """The fields of a protobuf message by number: integers and bytes, as they stand."""
    found: dict[int, list] = {}
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        tag = varint()
        if tag & 7 == 0:
            value = varint()
        else:
            assert tag & 7 == 2, "host.proto has integers and lengths only"
            length = varint()
            value = message[at:at + length]
            at += length
        found.setdefault(tag >> 3, []).append(value)
    return found


class Envelope(NamedTuple):
    kind: str
    session: bytes
    stage: int
    sender: int
    counter: int
    bytes: bytes


def envelope(sealed: bytes) -> Envelope:
    assert sealed[:5] == MAGIC and sealed[6:8] == b"\0\0" and len(sealed) >= ENVELOPE_HEADER + TAG
    stage, = struct.unpack_from("<Q", sealed, 40)
    sender, counter = struct.unpack_from("<QQ", sealed, 112)
    return Envelope(KINDS[sealed[5]], sealed[8:40], stage, sender, counter, sealed)


def sealed_in(frame: Frame) -> list[bytes]:
    """The sealed messages that one frame carries."""
    if frame.kind == BROADCAST:
        return [frame.payload]
    message = fields(frame.payload) if frame.kind in (RUN_STAGE, RESULT, STAGE_TASK, TASK, TASK_DONE) else {}
    if frame.kind == RUN_STAGE:
        return message.get(7, [])
    if frame.kind == RESULT:
        return message.get(3, [])
    if frame.kind == STAGE_TASK:
        return message.get(2, [])
    if frame.kind in (TASK, TASK_DONE):
        return [fields(blob)[3][0] for blob in message.get(4, [])]
    return []


def envelopes(paths) -> list[Envelope]:
    return [envelope(sealed) for path in paths for frame in frames(path) for sealed in sealed_in(frame)]
