"""A statistics process that lies: `lying_statistics.py MODE --host-port PORT`, started by a host in place of soteria-stats."""

from __future__ import annotations

import os
import pathlib
import socket
import struct
import sys

HELLO, STATISTIC_DONE = 1, 41
MODES = ("wrong", "none", "noise", "more", "another", "dies")


def program(folder: pathlib.Path, mode: str) -> pathlib.Path:
    """A file that a host can start."""
    made = folder / f"lying_{mode}"
    made.write_text(f"#!/bin/sh\nexec {sys.executable} {pathlib.Path(__file__).resolve()} {mode} \"$@\"\n")
    made.chmod(0o755)
    return made


def answers(mode: str, question: int) -> list[tuple[int, bytes]]:
    """(question, payload) of each frame that is sent."""
    wrong = b"\x01" + struct.pack("<d", 0.123)
    return {
        "wrong": [(question, wrong)],
        "none": [(question, b"\x00")],
        "noise": [(question, b"\x07abc")],
        "more": [(question, b"\x01" + struct.pack("<dd", 1, 2))],
        "another": [(question + 1, wrong), (question, b"")],
    }[mode]


def serve(mode: str, connection: socket.socket):
    def exactly(n: int) -> bytes:
        out = b""
        while len(out) < n:
            got = connection.recv(n - len(out))
            if not got:
                sys.exit(0)
            out += got
        return out

    def receive() -> int:
        length, _, number = struct.unpack("<IBQ", exactly(13))
        exactly(length - 9)
        return number

    def send(kind: int, number: int, payload: bytes):
        connection.sendall(struct.pack("<IBQ", 9 + len(payload), kind, number) + payload)

    cookie = os.environ["SOTERIA_COOKIE"].encode()
    send(HELLO, 0, b"\x0a" + bytes([len(cookie)]) + cookie + b"\x10\x04")
    receive()
    while True:
        question = receive()
        if mode == "dies":
            sys.exit(1)
        for number, payload in answers(mode, question):
            send(STATISTIC_DONE, number, payload)


if __name__ == "__main__":
    serve(sys.argv[1], socket.create_connection(("127.0.0.1", int(sys.argv[3]))))
