import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from deployment import Deployment  # noqa: E402


@pytest.fixture
def deployment(tmp_path):
    """An owner with a key, nothing running yet."""
    made = Deployment(tmp_path)
    made.keygen()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def shared_deployment(tmp_path_factory):
    """The same, for the tests of one file that only read."""
    made = Deployment(tmp_path_factory.mktemp("soteria"))
    made.keygen()
    yield made
    made.stop()
