"""A session that `soteria connect` keeps open, and a PySpark client of it in this process.

Many cases share one session: a case that breaks the master, a worker or the session would take the
cases after it along, and each of them checks that good work still succeeds.
"""

from __future__ import annotations

import os
import subprocess
import threading

os.environ.setdefault("SPARK_CONNECT_MODE_ENABLED", "1")
# PySpark may hang at exit without it, when a model outlives its session.
os.environ.setdefault("SPARK_CONNECT_RELEASE_SESSION_ON_EXIT", "true")

from pyspark.sql import SparkSession  # noqa: E402

from deployment import BIN, Deployment  # noqa: E402

EXPORTS_SECONDS = 60
END_SECONDS = 30


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
        self.exports = [self.process.stdout.readline() for _ in range(2)]
        killer.cancel()
        if not self.exports[1].startswith("export SPARK_CONNECT_AUTHENTICATE_TOKEN="):
            self.process.wait(END_SECONDS)
            self.reader.join()
            raise AssertionError(f"soteria connect: {self.exports} {''.join(self.errors)}")
        self.remote = self.exports[0].split("=", 1)[1].strip()
        self.token = self.exports[1].split("=", 1)[1].strip()
        self.sessions: list[SparkSession] = []

    def client(self, token: str | None = None) -> SparkSession:
        """A new PySpark session; with another token than the right one on request."""
        made = SparkSession.builder.remote(f"{self.remote}/;token={token or self.token}").create()
        if token is None:
            self.sessions.append(made)
        return made

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
