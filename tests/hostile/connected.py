"""A session that `soteria connect` keeps open, and a PySpark client of it in this process.

Many cases share one session: a case that breaks the master, a worker or the session would take the
cases after it along, and each of them checks that good work still succeeds.
"""

from __future__ import annotations

import os
import pathlib
import shlex
import subprocess
import threading

os.environ.setdefault("SPARK_CONNECT_MODE_ENABLED", "1")
# PySpark may hang at exit without it, when a model outlives its session.
os.environ.setdefault("SPARK_CONNECT_RELEASE_SESSION_ON_EXIT", "true")

import grpc  # noqa: E402
from pyspark.sql.connect.client import DefaultChannelBuilder  # noqa: E402
from pyspark.sql.connect.session import SparkSession  # noqa: E402

from deployment import BIN, Deployment  # noqa: E402

EXPORTS_SECONDS = 60
END_SECONDS = 30
LAST_EXPORT = "export SPARK_CONNECT_RELEASE_SESSION_ON_EXIT="


class Pinned(DefaultChannelBuilder):
    """Trusts one session's endpoint. gRPC reads GRPC_DEFAULT_SSL_ROOTS_FILE_PATH once a process, and this one
    has clients of many sessions."""

    def __init__(self, remote: str, token: str, roots: bytes):
        super().__init__(f"{remote};token={token}")
        self.roots = roots

    def _secure_channel(self, target, credentials, **kwargs):
        pinned = grpc.composite_channel_credentials(
            grpc.ssl_channel_credentials(self.roots), grpc.access_token_call_credentials(self.token))
        return super()._secure_channel(target, pinned, **kwargs)


class Connected:
    def __init__(self, deployment: Deployment, *options, manifest=None):
        environment = {**os.environ, "SOTERIA_HOME": str(deployment.home)}
        self.process = subprocess.Popen(
            [str(BIN / "soteria"), "connect", "--manifest", str(manifest or deployment.manifest), "--cluster",
             str(deployment.cluster), "--until-stdin-ends", *options],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.errors: list[str] = []
        self.reader = threading.Thread(target=lambda: self.errors.extend(self.process.stderr), daemon=True)
        self.reader.start()
        killer = threading.Timer(EXPORTS_SECONDS, self.process.kill)
        killer.start()
        self.exports = []
        for line in self.process.stdout:
            self.exports.append(line)
            if line.startswith(LAST_EXPORT):
                break
        killer.cancel()
        if not self.exports or not self.exports[-1].startswith(LAST_EXPORT):
            self.process.wait(END_SECONDS)
            self.reader.join()
            raise AssertionError(f"soteria connect: {self.exports} {''.join(self.errors)}")
        #: What a notebook has to have in its environment.
        self.variables = dict(word.split("=", 1) for word in shlex.split("".join(self.exports)) if word != "export")
        self.remote = self.variables["SPARK_REMOTE"]
        self.token = self.variables["SPARK_CONNECT_AUTHENTICATE_TOKEN"]
        self.roots = pathlib.Path(self.variables["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"]).read_bytes()
        self.sessions: list[SparkSession] = []

    def client(self, token: str | None = None) -> SparkSession:
        """A new PySpark session; with another token than the right one on request."""
        builder = Pinned(self.remote, token or self.token, self.roots)
        made = SparkSession.builder.channelBuilder(builder).create()
        if token is None:
            self.sessions.append(made)
        return made

    def channel(self) -> grpc.Channel:
        """To the endpoint, without a token."""
        target = self.remote.removeprefix("sc://").split("/")[0]
        return grpc.secure_channel(target, grpc.ssl_channel_credentials(self.roots))

    def close(self) -> int:
        """Ends the session as an owner would. The exit code of `soteria connect`."""
        for session in self.sessions:
            try:
                session.stop()
            except Exception:  # noqa: BLE001 - the session may be gone, which its tests check themselves
                pass
        self.sessions.clear()
        self.process.stdin.close()
        code = self.process.wait(END_SECONDS)
        self.reader.join()
        return code

    def said(self) -> str:
        return "".join(self.errors)
