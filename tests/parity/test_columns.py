"""Which column a reference means: the Connect front beside stock Spark Connect (not classic PySpark, which resolves
references in the client). SOTERIA_CHAINS and SOTERIA_CHAIN_SEED make more, and others."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
COUNT = int(os.environ.get("SOTERIA_CHAINS", "150"))
SEED = int(os.environ.get("SOTERIA_CHAIN_SEED", "1"))
TOKEN = "columns"


def program() -> pathlib.Path:
    named = os.environ.get("SOTERIA_CONNECT_FAKE")
    candidates = [pathlib.Path(named)] if named else ROOT.glob("build/*/src/connect/connect_fake")
    built = [path for path in candidates if path.exists()]
    if not built:
        pytest.skip("connect_fake is not built (ninja connect_fake)")
    return max(built, key=lambda path: path.stat().st_mtime)


def run(result: pathlib.Path, *remote: str) -> dict:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SPARK_", "PYSPARK_"))}
    command = [sys.executable, HERE / "column_chains.py", result, SEED, COUNT, *remote]
    done = subprocess.run([str(word) for word in command], env={**kept, "PYTHONDONTWRITEBYTECODE": "1"},
                          capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(result.read_text())


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("columns")
    process = subprocess.Popen([program(), TOKEN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        port = process.stdout.readline().split()[1]
        ours = run(folder / "ours.json", f"sc://localhost:{port}/;token={TOKEN}")
    finally:
        process.stdin.close()
        process.wait(timeout=20)
    return run(folder / "spark.json"), ours, folder


def test_references_mean_what_they_mean_in_spark(worlds):
    spark, ours, _ = worlds
    differing = {name: (spark[name], ours[name]) for name in spark if spark[name] != ours[name]}
    assert not differing, json.dumps(differing, indent=1)[:6000]


def test_the_chains_try_every_outcome(worlds):
    spark, _, _ = worlds
    outcomes = [value.get("error") for name, value in spark.items() if name.startswith("chain")]
    assert outcomes.count(None) >= COUNT // 5
    assert {"CANNOT_RESOLVE_DATAFRAME_COLUMN", "UNRESOLVED_COLUMN.WITH_SUGGESTION"} <= set(outcomes)


def test_the_names_of_functions_are_sparks(worlds):
    _, _, folder = worlds
    names = folder / "spark.json.functions"
    done = subprocess.run([sys.executable, ROOT / "tools/spark_names.py", "--check", names], check=False)
    assert done.returncode == 0, "run tools/spark_names.py with the names that SHOW SYSTEM FUNCTIONS gives"
