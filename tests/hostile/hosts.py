"""soteria-host started with options that `soteria cluster start` doesn't offer: other programs, other environments."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import time

from deployment import BIN, Deployment

START_SECONDS = 60
STOP_SECONDS = 20


class OwnHost:
    """A host in the deployment's cluster directory; the deployment's own must not be running."""

    def __init__(self, deployment: Deployment, *options, workers: int = 2, env: dict | None = None, record=True,
                 program: pathlib.Path = BIN / "soteria-host"):
        state = deployment.cluster / "state.json"
        state.unlink(missing_ok=True)
        recording = ("--record", str(deployment.record)) if record else ()
        # Under soteria-host's name, by which the owner's program knows a host.
        self.process = subprocess.Popen(
            [str(BIN / "soteria-host"), "--dir", str(deployment.cluster), "--workers", str(workers),
             "--simulated-key", str(deployment.cluster / "simulated.pem"), *recording, *map(str, options)],
            executable=str(program), env={**os.environ, **(env or {})}, stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL, text=True)
        give_up = time.monotonic() + START_SECONDS
        while not state.exists() and self.process.poll() is None and time.monotonic() < give_up:
            time.sleep(0.02)
        if not state.exists():
            self.stop()
            raise AssertionError(f"the host did not start: {self.process.stderr.read()}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(STOP_SECONDS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def children(pid: int, name: str) -> list[int]:
    """Processes of this program below a host."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            command = (folder / "cmdline").read_bytes().split(b"\0")[0].decode()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid and command.endswith(name):
            found.append(int(folder.name))
    return found
