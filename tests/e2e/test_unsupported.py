"""What isn't there is refused by its name: a sweep over everything that PySpark offers."""

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
JOB = HERE / "unsupported_job.py"
TOKEN = "unsupported"
# What Spark itself says of arguments that only fit some other type or value.
OF_ARGUMENTS = re.compile(
    r"DATATYPE_MISMATCH|WRONG_NUM_ARGS|CAST_INVALID|INVALID_EXTRACT|PySpark\w*Error|MISSING_GROUP_BY|WITHOUT_OVER_CLAUSE|CANNOT_PARSE_INTERVAL|_LEGACY")


def listed() -> set[str]:
    """The functions that docs/functions.md says are there."""
    page = (ROOT / "docs/functions.md").read_text()
    return set(re.findall(r"`([a-z]\w*)`", page[page.index("## Functions"):page.index("## Classes")]))


@pytest.fixture(scope="module")
def front(tmp_path_factory):
    """Runs a part of the job against the Connect front over a fake master."""
    named = os.environ.get("SOTERIA_CONNECT_FAKE")
    candidates = [pathlib.Path(named)] if named else ROOT.glob("build/*/src/connect/connect_fake")
    built = [path for path in candidates if path.exists()]
    if not built:
        pytest.skip("connect_fake is not built (ninja connect_fake)")
    program = max(built, key=lambda path: path.stat().st_mtime)
    process = subprocess.Popen([program, TOKEN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    remote = f"sc://localhost:{process.stdout.readline().split()[1]}/;token={TOKEN}"

    def run(part: str) -> dict:
        result = tmp_path_factory.mktemp("unsupported") / f"{part}.json"
        done = subprocess.run([sys.executable, str(JOB), str(result), part], env={**os.environ, "SPARK_REMOTE": remote},
                              capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(result.read_text())

    yield run
    process.stdin.close()
    process.wait(timeout=20)


def test_each_function_is_there_or_refused_by_name(front):
    there = listed()
    wrong = {}
    for name, text in front("functions").items():
        if "UNSUPPORTED_FEATURE" in text:
            refused = re.search(r"(?:function|functions) (?:can't run in an enclave \()?(\w+)", text)
            good = refused is not None and refused.group(1) not in there or "distinct values" in text or "arguments" in text or "no constant" in text
        else:
            good = text == "ok" or OF_ARGUMENTS.search(text) is not None
        if not good:
            wrong[name] = text[:200]
    assert not wrong, json.dumps(wrong, indent=1)


def test_each_method_is_refused_in_the_words_of_the_script(front):
    results = front("frames")
    wrong = {name: text[:200] for name, text in results.items() if "UNSUPPORTED_FEATURE" not in text}
    assert not wrong, json.dumps(wrong, indent=1)
    assert not [text for text in results.values() if re.search(r"The (relation|command|expression|analysis) `", text)]
    assert "DataFrameWriter.bucketBy (sortBy, clusterBy) is not supported in an enclave. Use write" in results["bucketBy"]
    assert "The function approx_top_k() is not supported" in results["agg expr"]


def test_classes_that_are_missing_are_refused_by_name(deployment):
    deployment.start(workers=1)
    deployment.write_manifest()
    result = deployment.folder / "ml.json"
    deployment.run_file(JOB, result, "ml")
    results = json.loads(result.read_text())
    assert len(results) > 40
    there = set(re.findall(r"`pyspark\.ml\.(\w+\.\w+)`", (ROOT / "docs/functions.md").read_text()))
    assert "recommendation.ALS" in there and len(there) < len(results) - 20
    wrong = {name: text[:200] for name, text in results.items()
             if name not in there and not ("UNSUPPORTED_FEATURE" in text and name.split(".")[1] in text)}
    assert not wrong, json.dumps(wrong, indent=1)
