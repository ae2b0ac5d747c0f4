"""One owner, one embedded engine that says what is right, and two Spark clusters for all tests of this folder."""

import pathlib
import shutil
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from deployment import ROOT, Deployment  # noqa: E402

for folder in ("tools", "tests/hostile"):
    sys.path.insert(0, str(ROOT / folder))

from clusters import SparkCluster, Standalone, run_on, script_file  # noqa: E402

PARTITIONS = 4
POINTS = 400
MANY, MANY_FILES = 240_000, 16


def points(rows=POINTS):
    generator = np.random.Generator(np.random.PCG64(3))
    values = generator.normal(size=(rows, 3))
    label = (values.sum(axis=1) + generator.normal(size=rows) > 0) * 1.0
    return pd.DataFrame({"id": np.arange(rows), "x": values[:, 0], "y": values[:, 1], "z": values[:, 2], "label": label})


def patients():
    frame = load_breast_cancer(as_frame=True).frame.rename(columns=lambda name: name.replace(" ", "_"))
    frame["label"] = 1.0 - frame.pop("target")
    return frame


class World(Deployment):
    """The owner's side, and the embedded engine, whose answers are what each job must give."""

    def __init__(self, folder: pathlib.Path):
        super().__init__(folder)
        self.right: dict = {}

    def prepare(self):
        self.keygen()
        self.frame = patients()
        self.patients = self.table("patients", self.frame, PARTITIONS)
        self.points = self.table("points", points(), PARTITIONS)
        self.many_frame = points(MANY)
        self.many = self.table("many", self.many_frame, MANY_FILES)
        self.models = self.storage / "models"
        self.start()
        self.write_manifest(read=[self.patients, self.points, self.many], write=[self.models])

    def run_file(self, path, *args, **kwargs):
        return run_on(self, self.cluster, path, *args, **kwargs)

    def wanted(self, script: str, *args) -> str:
        """What the embedded engine prints for it."""
        if (script, args) not in self.right:
            self.right[script, args] = run_on(self, self.cluster, script_file(self, script), *args).stdout
        return self.right[script, args]


@pytest.fixture(scope="session")
def world(tmp_path_factory, request):
    made = World(tmp_path_factory.mktemp("spark"))
    try:
        made.prepare()
        yield made
    finally:
        made.stop()
        if request.session.testsfailed == 0:
            shutil.rmtree(made.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def the_local_cluster(world):
    made = SparkCluster(world, "local_cluster")
    yield made
    made.stop()


@pytest.fixture(scope="session")
def the_standalone(world):
    made = Standalone(world, "standalone")
    yield made
    made.stop()


@pytest.fixture
def local_cluster(the_local_cluster):
    """Spark's local-cluster[2,1,1024], running; small stages are run by one resident task."""
    return the_local_cluster.ensure()


@pytest.fixture
def standalone(the_standalone):
    """A Master, two Workers and a driver that speculates, running; each stage is a Spark job."""
    return the_standalone.ensure(**EACH_STAGE_A_JOB, **SPECULATION)


@pytest.fixture(params=["local_cluster", "standalone"])
def cluster(request):
    return request.getfixturevalue(request.param)


# A task of a lost executor does not wait there for long.
EACH_STAGE_A_JOB = {"spark_soteria_residentBytes": "0", "spark_locality_wait": "300ms"}
# Copies of whatever takes long, also of the only task of a stage.
SPECULATION = {"spark_speculation": "true", "spark_speculation_interval": "100ms", "spark_speculation_minTaskRuntime": "300ms",
               "spark_speculation_quantile": "0.5", "spark_speculation_task_duration_threshold": "1s"}
