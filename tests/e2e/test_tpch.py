"""All 22 queries of TPC-H as SQL, and ten as DataFrames, at scale 0.1: the rows are the published answers."""

import json
import pathlib

import pytest

import tpch
from deployment import Deployment

JOB = pathlib.Path(__file__).parent / "tpch_job.py"
SCALE = 0.1
FRAMES = (1, 3, 4, 5, 6, 12, 13, 14, 17, 22)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tpch")
    tables = tpch.make_tables(folder, SCALE)
    deployment = Deployment(folder / "soteria")
    deployment.folder.mkdir()
    deployment.keygen()
    paths = [deployment.put(tables / f"{name}.parquet", name, "--files", 2) for name in tpch.TABLES]
    deployment.start()
    try:
        deployment.write_manifest(read=paths)
        (folder / "queries.json").write_text(json.dumps(tpch.queries()))
        deployment.run_file(JOB, deployment.storage, folder / "queries.json", folder / "results.json", timeout=300)
    finally:
        deployment.stop()
    return json.loads((folder / "results.json").read_text()), tpch.answers(SCALE)


@pytest.mark.parametrize("name", [*map(str, tpch.NUMBERS), *(f"frame {number}" for number in FRAMES)])
def test_query(results, name):
    ours, answers = results
    result = ours[name]
    assert "error" not in result, result["error"]
    assert tpch.difference(result["rows"], answers[int(name.split()[-1])]) is None
