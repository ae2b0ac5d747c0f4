"""Real Spark clusters for tests: a driver that spark-submit starts on local-cluster[2,1,1024], or on a standalone Master with
two Workers. Everything of a cluster (daemons, driver, executors, enclaves, Spark's own files) works below one folder, so its
processes are found by it, also those that nobody waits for any more.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
import urllib.request
from typing import Callable, Iterator, NamedTuple

import pyspark

from deployment import BIN, ROOT, Deployment

SPARK_HOME = pathlib.Path(pyspark.__file__).resolve().parent
JAR = next((jar for jar in (BIN / "soteria-spark.jar", ROOT / "build/spark/soteria-spark.jar") if jar.exists()), None)
WORKERS = 2
# Every wait ends with its condition; this is when a test gives up.
WAIT_SECONDS = 120
# Short-lived JVMs on few cores: start quickly, collect with one thread.
JAVA_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
EXECUTOR = "org.apache.spark.executor.CoarseGrainedExecutorBackend"
MASTER_DAEMON, WORKER_DAEMON = "org.apache.spark.deploy.master.Master", "org.apache.spark.deploy.worker.Worker"


def until(condition: Callable, what: str, seconds: float = WAIT_SECONDS):
    """The first true value of `condition`."""
    give_up = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > give_up:
            raise AssertionError(f"after {seconds} s still not: {what}")
        time.sleep(0.02)


class Process(NamedTuple):
    pid: int
    parent: int
    command: list[str]

    def option(self, name: str) -> str:
        return self.command[self.command.index(name) + 1]

    def signal(self, number: int):
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            pass  # what a test kills may end by itself

    def alive(self) -> bool:
        try:
            return pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
        except OSError:
            return False


def processes_in(folder) -> list[Process]:
    """Living processes that work in a folder or below it, or whose command names it: of enclaves, which can't be dumped,
    /proc tells the command only. The owner's own are not meant."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            command = (entry / "cmdline").read_bytes().decode().split("\0")[:-1]
        except OSError:
            continue  # it has ended
        if state in "ZX" or not command or command[0] == str(BIN / "soteria"):
            continue
        if any(str(folder) in word for word in command) or working_directory(entry).is_relative_to(folder):
            found.append(Process(int(entry.name), int(parent), command))
    return found


def working_directory(entry: pathlib.Path) -> pathlib.Path:
    try:
        return pathlib.Path(os.readlink(entry / "cwd").removesuffix(" (deleted)"))
    except OSError:
        return pathlib.Path()


class Enclave(NamedTuple):
    process: Process
    name: str  # session-N-worker-EXECUTOR

    @property
    def executor(self) -> str:
        return self.name.rpartition("-")[2]


class SparkCluster:
    """A driver of ours on a Spark cluster. `ensure` starts what isn't running, so a test may kill what it likes."""

    def __init__(self, owner: Deployment, name: str):
        self.owner = owner
        self.folder = owner.folder / name
        self.directory = self.folder / "cluster"
        self.record = self.folder / "record"
        self.events = self.folder / "events"
        self.local = self.folder / "local"
        self.driver: subprocess.Popen | None = None
        self.conf: dict[str, str] = {}
        self.enclave_memory = 0
        self.drivers = 0
        for folder in (self.directory, self.events, self.local):
            folder.mkdir(parents=True)
        # local-cluster's Workers work in Spark's home, whatever SPARK_WORKER_DIR says: it gets one of links.
        self.home = self.folder / "spark"
        self.home.mkdir()
        for entry in SPARK_HOME.iterdir():
            if entry.name != "work":
                (self.home / entry.name).symlink_to(entry)
        # What executors start to answer outside stages: a test may put another program there, for the next session.
        self.statistics_program = self.folder / "statistics"
        self.answer_with(BIN.resolve() / "soteria-stats")
        for key in ("simulated.pem", "simulated.pub"):
            shutil.copy(owner.cluster / key, self.directory)

    # ---- start and end ---------------------------------------------------------------------------------

    def master_url(self) -> str:
        return f"local-cluster[{WORKERS},1,1024]"

    def java(self, *command, log: str, address: str = "127.0.0.1") -> subprocess.Popen:
        environment = {
            **os.environ, "SPARK_HOME": str(self.home), "SPARK_LOCAL_IP": address, "SPARK_WORKER_DIR": str(self.folder / "work"),
            "SPARK_LOCAL_DIRS": str(self.local), "SPARK_DAEMON_MEMORY": "256m", "SPARK_DAEMON_JAVA_OPTS": JAVA_OPTIONS,
            "PYSPARK_PYTHON": sys.executable}
        with open(self.folder / log, "w") as out:
            return subprocess.Popen([*map(str, command)], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL,
                                    stdout=out, stderr=out)

    def log(self, name: str = "") -> str:
        return (self.folder / (name or f"driver-{self.drivers}.log")).read_text(errors="replace")

    def ensure(self, enclave_memory: int = 0, **conf) -> "SparkCluster":
        """A driver with this configuration (names with _ for .), started anew when another one or none is there."""
        wanted = {name.replace("_", "."): value for name, value in conf.items()}
        if not (self.driver and self.driver.poll() is None and (wanted, enclave_memory) == (self.conf, self.enclave_memory)):
            self.end_driver()
            self.enclave_memory = enclave_memory  # bytes; 0: no limit
            self.begin_driver(wanted)
        executors = int(wanted.get("spark.dynamicAllocation.minExecutors", WORKERS))
        # Also after a test that has ended some: those that Spark starts instead, and no more of the old ones.
        until(lambda: len(self.executors()) == len(self.enclaves()) == executors, "each executor has its enclave")
        return self

    def begin_driver(self, wanted: dict[str, str]):
        assert JAR, "soteria-spark.jar is not built (./run test builds it)"
        state = self.directory / "state.json"
        state.unlink(missing_ok=True)
        self.conf = wanted
        self.drivers += 1
        # A driver counts its sessions and executors from the beginning: it gets a record of its own.
        self.record = self.folder / f"record-{self.drivers}"
        settings = {
            "spark.ui.port": "0", "spark.ui.showConsoleProgress": "false", "spark.local.dir": self.local,
            "spark.eventLog.enabled": "true", "spark.eventLog.dir": self.events.as_uri(),
            "spark.eventLog.rolling.enabled": "false", "spark.eventLog.compress": "false",
            "spark.driver.memory": "512m", "spark.executor.memory": "512m",
            "spark.driver.extraJavaOptions": JAVA_OPTIONS, "spark.executor.extraJavaOptions": JAVA_OPTIONS, **wanted}
        options = [word for name, value in settings.items() for word in ("--conf", f"{name}={value}")]
        self.driver = self.java(
            self.home / "bin/spark-submit", "--master", self.master_url(), "--name", "soteria", *options, JAR,
            "--master", BIN.resolve() / "soteria-master", "--worker", BIN.resolve() / "soteria-worker", "--dir", self.directory,
            "--stats", self.statistics_program, "--workers", wanted.get("spark.dynamicAllocation.minExecutors", WORKERS),
            *(("--memory", self.enclave_memory) if self.enclave_memory else ()),
            "--simulated-key", self.directory / "simulated.pem", "--log-dir", self.folder / "logs", "--record", self.record,
            log=f"driver-{self.drivers}.log")
        until(lambda: state.exists() or self.driver.poll() is not None, "the cluster is ready")
        if not state.exists():
            raise AssertionError(f"the driver ended:\n{self.log()[-4000:]}")

    def end_driver(self):
        if self.driver is None:
            return
        self.thaw()
        if self.driver.poll() is None:
            self.driver.terminate()
        self.driver.wait(WAIT_SECONDS)
        self.driver = None
        until(lambda: not self.processes(EXECUTOR, "soteria-master", "soteria-worker", "soteria-stats"),
              "the driver's processes are gone")

    def stop(self):
        try:
            self.end_driver()
        finally:
            for one in processes_in(self.folder):
                one.signal(signal.SIGKILL)

    def answer_with(self, program: pathlib.Path):
        fresh = self.statistics_program.with_suffix(".new")
        fresh.write_text(f"#!/bin/sh\nexec {program} \"$@\"\n")
        fresh.chmod(0o755)
        fresh.replace(self.statistics_program)

    # ---- what is there -------------------------------------------------------------------------------

    def processes(self, *kinds: str) -> list[Process]:
        """Those that run one of these: programs of ours or classes of Spark's."""
        return [one for one in processes_in(self.folder)
                if any(one.command[0].endswith("/" + kind) or kind in one.command[1:] for kind in kinds)]

    def executors(self) -> dict[str, Process]:
        return {one.option("--executor-id"): one for one in self.processes(EXECUTOR)}

    def enclaves(self) -> list[Enclave]:
        return [Enclave(one, one.option("--name")) for one in processes_in(self.folder)
                if one.command[0].endswith("/soteria-worker")]

    def statistics(self) -> dict[str, Process]:
        """Statistics processes by their executor."""
        executors = {process.pid: name for name, process in self.executors().items()}
        return {executors.get(one.parent, ""): one for one in self.processes("soteria-stats")}

    def unanswered(self, executor: str) -> int:
        """Questions of the last session that wait for the executor's statistics process."""
        asked = self.record / f"session-{self.last_session()}-statistics-{executor}.out"
        if not asked.exists():
            return 0
        return frames_of(asked, STATISTIC) - frames_of(asked.with_suffix(".in"), STATISTIC_DONE)

    def last_session(self) -> int:
        return max(int(path.name.split("-")[1]) for path in self.record.glob("session-*-master.in"))

    def api(self, path: str = ""):
        """What Spark's UI answers below its application."""
        port = re.search(r"started service .SparkUI. on port (\d+)", self.log()).group(1)
        address = f"http://127.0.0.1:{port}"
        (application,) = self.get(f"{address}/api/v1/applications")
        return self.get(f"{address}/api/v1/applications/{application['id']}{path}")

    def log_of_events(self) -> Iterator[dict]:
        """Spark's event log of the driver that runs, as far as it is written."""
        for path in sorted(self.events.glob("*"), key=lambda path: path.stat().st_mtime)[-1:]:
            for line in path.read_text().splitlines():
                try:
                    yield json.loads(line)
                except ValueError:
                    return  # the end isn't written yet

    def task_ends(self) -> list[dict]:
        return [event for event in self.log_of_events() if event["Event"] == "SparkListenerTaskEnd"]

    @staticmethod
    def get(url: str):
        with urllib.request.urlopen(url, timeout=60) as answer:
            return json.loads(answer.read())

    # ---- faults ----------------------------------------------------------------------------------------

    def frames(self, enclave: Enclave, direction: str, kind: int) -> int:
        return sum(frames_of(path, kind) for path in self.record.glob(f"{enclave.name}-slot-*.{direction}"))

    def works(self, enclave: Enclave) -> bool:
        """Whether the enclave has a task that it has not answered."""
        answered = self.frames(enclave, "in", TASK_DONE)
        return self.frames(enclave, "out", TASK) > answered

    def works_ever(self, enclave: Enclave) -> bool:
        return self.frames(enclave, "in", TASK_DONE) > 0

    def is_ready(self, enclave: Enclave) -> bool:
        """Whether the master has admitted it."""
        path = self.record / f"{enclave.name}-control.in"
        return path.exists() and frames_of(path, READY) > 0

    def busiest(self) -> Enclave:
        """The one that has answered most tasks: it holds blocks."""
        return max(self.enclaves(), key=lambda one: self.frames(one, "in", TASK_DONE))

    def freeze_at_work(self) -> Enclave:
        """Stops all worker enclaves; when one of them is given a task the others go on. That one stays stopped: whatever is
        done to it next happens within a stage."""
        frozen = self.enclaves()
        for one in frozen:
            one.process.signal(signal.SIGSTOP)
        assert frozen, "there are no worker enclaves"
        victim = until(lambda: next((one for one in frozen if self.works(one)), None), "an enclave is given a task")
        for one in frozen:
            if one != victim:
                one.process.signal(signal.SIGCONT)
        return victim

    def thaw(self):
        for one in self.enclaves():
            one.process.signal(signal.SIGCONT)

    # ---- jobs ------------------------------------------------------------------------------------------

    def run_file(self, path, *args, **kwargs) -> subprocess.CompletedProcess:
        try:
            return run_on(self.owner, self.directory, path, *args, **kwargs)
        except subprocess.TimeoutExpired:
            self.end_driver()  # its master waits for the owner to come back, who doesn't
            raise

    def run(self, script: str, *args, **kwargs) -> subprocess.CompletedProcess:
        return self.run_file(script_file(self.owner, script), *args, **kwargs)

    def begin(self, script: str, *args) -> "Job":
        return Job(self, script_file(self.owner, script), *args)


class Standalone(SparkCluster):
    """Spark's own cluster manager: one Master, two Workers, one executor on each."""

    def __init__(self, owner: Deployment, name: str):
        super().__init__(owner, name)
        self.daemons: list[subprocess.Popen] = []
        self.workers_started = 0

    def master_url(self) -> str:
        return re.search(r"Starting Spark master at (spark://\S+)", self.log("master.log")).group(1)

    def ensure(self, **conf) -> "Standalone":
        if not self.processes(MASTER_DAEMON):
            self.end_driver()
            self.daemon(MASTER_DAEMON, "--host", "127.0.0.1", "--port", 0, "--webui-port", 0, log="master.log")
            until(lambda: "I have been elected leader" in self.log("master.log"), "the Master is there")
        while len(self.processes(WORKER_DAEMON)) < WORKERS:
            self.start_worker()
        super().ensure(**conf)
        return self

    def start_worker(self):
        self.workers_started += 1
        log = f"worker-{self.workers_started}.log"
        # Each has a host of its own: Spark makes no copy of a task on the host where it runs already.
        taken = {one.option("--host") for one in self.processes(WORKER_DAEMON)}
        host = min({"127.0.0.1", "127.0.0.2"} - taken)
        self.daemon(WORKER_DAEMON, "--host", host, "--port", 0, "--webui-port", 0, "--cores", 1,
                    "--memory", "1g", self.master_url(), log=log, address=host)
        until(lambda: "Successfully registered with master" in self.log(log), "the Worker has registered")

    def daemon(self, *command, log: str, address: str = "127.0.0.1"):
        self.daemons.append(self.java(self.home / "bin/spark-class", *command, log=log, address=address))

    def stop(self):
        super().stop()
        for one in self.daemons:
            one.wait(WAIT_SECONDS)


class Job:
    """A `soteria run` in the background. It is interrupted as a terminal does it: with all of its process group."""

    def __init__(self, cluster: SparkCluster, path: pathlib.Path, *args):
        self.cluster = cluster
        self.signals = cluster.owner.folder / f"{path.stem}.signals"
        shutil.rmtree(self.signals, ignore_errors=True)
        self.signals.mkdir()
        self.out, self.err = self.signals / "out", self.signals / "err"
        command = run_command(cluster.owner, cluster.directory, path, *args, self.signals)
        with open(self.out, "w") as out, open(self.err, "w") as err:
            self.process = subprocess.Popen(
                command, env=environment(cluster.owner), stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True)

    def reached(self, name: str):
        """Waits until the script has said so."""
        path = self.signals / name
        until(lambda: path.exists() or self.process.poll() is not None, f"the script says {name}")
        assert path.exists(), self.text()

    def tell(self, name: str):
        (self.signals / name).touch()

    def text(self) -> str:
        return self.out.read_text() + self.err.read_text()

    def interrupt(self):
        os.killpg(self.process.pid, signal.SIGINT)

    def end(self, code: int | None = 0) -> str:
        """Waits for the end and returns standard output."""
        try:
            self.process.wait(WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the job goes on:\n{self.text()}\n{self.cluster.log()[-4000:]}") from None
        assert code is None or self.process.returncode == code, f"exit {self.process.returncode}\n{self.text()}"
        return self.out.read_text()

    def counters(self) -> dict[str, int]:
        return counters(self.err.read_text())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.cluster.thaw()
        if self.process.poll() is None:  # the test has failed: what it leaves behind is no matter of the next one
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.cluster.end_driver()


def counters(said: str) -> dict[str, int]:
    """The last line of `soteria run --verbose`."""
    line = next(line for line in reversed(said.splitlines()) if "session: " in line)
    return {name: int(number) for number, name in re.findall(r"(\d+) (blocks rebuilt|workers admitted|lost|retries)", line)}


def script_file(owner: Deployment, script: str) -> pathlib.Path:
    path = owner.folder / f"script_{abs(hash(script)) % 10**8}.py"
    path.write_text(textwrap.dedent(script))
    return path


def environment(owner: Deployment) -> dict[str, str]:
    return {**os.environ, "SOTERIA_HOME": str(owner.home)}


def run_command(owner: Deployment, directory: pathlib.Path, path, *args) -> list[str]:
    return [str(word) for word in (BIN / "soteria", "run", "--verbose", "--manifest", owner.manifest, "--cluster", directory, "--",
                                   sys.executable, path, *args)]


def run_on(owner: Deployment, directory: pathlib.Path, path, *args, check=True) -> subprocess.CompletedProcess:
    command = run_command(owner, directory, path, *args)
    done = subprocess.run(command, env=environment(owner), capture_output=True, text=True, timeout=WAIT_SECONDS)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


# ---- the record ------------------------------------------------------------------------------------------

READY, TASK, TASK_DONE = 20, 22, 23
STATISTIC, STATISTIC_DONE = 40, 41
HEADER_BYTES = 13


def frames_of(path: pathlib.Path, kind: int) -> int:
    """Whole frames of a kind in a recording that may still grow (docs/formats/frames.md)."""
    found = 0
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        while len(header := file.read(HEADER_BYTES)) == HEADER_BYTES:
            end = file.tell() + int.from_bytes(header[:4], "little") - (HEADER_BYTES - 4)
            if end > size:
                break
            found += header[4] == kind
            file.seek(end)
    return found
