"""The ledger's page of a real job, in a real browser: what it says, and that nothing in it loads or runs."""

import json
import pathlib
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

ARTEFACTS = pathlib.Path(__file__).resolve().parents[2] / "build" / "test-artefacts"
BROWSER_SECONDS = 120
HOSTILE = "</title></bdi><script>document.title='ran'</script><img src=http://x.invalid/y onerror=alert(1)>"

TRAIN = """
    import os, sys
    from pyspark.sql import SparkSession
    from pyspark.ml.feature import VectorAssembler
    from pyspark.ml.classification import LogisticRegression
    from pyspark.ml.evaluation import BinaryClassificationEvaluator
    spark = SparkSession.builder.getOrCreate()
    rows = spark.read.parquet("file://" + sys.argv[1])
    rows = VectorAssembler(inputCols=["a", "b"], outputCol="features").transform(rows)
    model = LogisticRegression(labelCol="y", maxIter=5).fit(rows)
    print(BinaryClassificationEvaluator(labelCol="y").evaluate(model.transform(rows)))
    model.write().overwrite().save("file://" + sys.argv[2])
"""


def chromium() -> str:
    found = shutil.which("chromium")
    if found is None:
        pytest.fail("chromium is missing: apt-get install chromium (./run test does)")
    return found


def browse(page: pathlib.Path, profile: pathlib.Path, *options: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--virtual-time-budget=2000",
         f"--user-data-dir={profile}", *options, page.as_uri()],
        capture_output=True, text=True, timeout=BROWSER_SECONDS, check=True)


@pytest.fixture(scope="module")
def job(shared_deployment):
    """A training job, one task that is named to break out of the page, and the page of each."""
    world = shared_deployment
    random = np.random.default_rng(5)
    a, b = random.normal(size=(2, 400))
    table = world.table("patients", pd.DataFrame(
        {"a": a, "b": b, "y": (a - b + random.normal(size=400) > 0).astype(float)}))
    world.start()
    world.write_manifest(read=[table], write=[world.storage / "models"], outputs="metrics,models",
                         options=["--task", "risk of readmission"])
    world.run(TRAIN, table, world.storage / "models" / "risk")
    world.page = world.folder / "page.html"
    world.cli("ledger", "page", "--out", world.page)
    hostile = world.folder / "hostile.toml"
    world.write_manifest(read=[table], outputs="metrics", out=hostile, options=["--task", HOSTILE])
    world.cli("run", "--manifest", hostile, "--cluster", world.cluster, "--", "true")
    world.hostile = world.folder / "hostile.html"
    world.cli("ledger", "page", "--out", world.hostile)
    return world


def text_of(dom: str) -> str:
    dom = re.sub(r"</?span[^>]*>", "", dom)  # within a line
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<style>.*?</style>", "", dom)))


def test_the_page_in_a_browser(job, tmp_path):
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    for name, options in (("ledger-page", []), ("ledger-page-dark", ["--blink-settings=preferredColorScheme=0"]),
                          ("ledger-page-narrow", [])):
        width = 480 if name.endswith("narrow") else 1280
        shot = ARTEFACTS / f"{name}.png"
        shot.unlink(missing_ok=True)
        browse(job.page, tmp_path / name, f"--screenshot={shot}", f"--window-size={width},2400", *options)
        assert shot.stat().st_size > 20_000
    printed = ARTEFACTS / "ledger-page.pdf"
    printed.unlink(missing_ok=True)
    browse(job.page, tmp_path / "print", f"--print-to-pdf={printed}")
    assert printed.read_bytes().startswith(b"%PDF")


def test_the_page_says_what_the_ledger_says(job, tmp_path):
    dom = browse(job.page, tmp_path / "dom", "--dump-dom").stdout
    text = text_of(dom)
    session = [s for s in json.loads(job.cli("ledger", "--json").stdout)["sessions"]
               if any(e["kind"] == "models" or e["kind"] == "write" for e in s["entries"])][-1]
    for part in ("Job risk of readmission", "ledger whole", session["session"][:16], "What ran inside, what outside",
                 "What left the enclaves", "What was read and written", "NOT PROTECTED",
                 "verified: an enclave that the Manifest admits holds the key that signed these entries",
                 "TEE kind simulated", "Measurement of the master", "The Manifest: by which rules", "succeeded"):
        assert part in text, part
    for entry in session["entries"]:
        for key in ("path", "what", "rule"):
            assert entry.get(key, "") in text, entry
    # Tables that a reader's software can name, of heads and rows.
    assert dom.count("<caption>") == dom.count("<table") >= 3
    assert 'scope="col"' in dom and '<html lang="en">' in dom and dom.count("<h1>") == 1


def test_nothing_of_it_loads_or_runs(job, tmp_path):
    for page in (job.page, job.hostile):
        source = page.read_text()
        assert not re.search(r"<(script|img|link|iframe|object|embed|a|form|base)\b", source), page
        assert not re.search(r"\b(src|href|style|on\w+)=[\"']", source), page
        assert "default-src 'none'" in source
    assert not re.search(r"https?:|url\(|@import", job.page.read_text())


def test_hostile_text_stays_text(job, tmp_path):
    dom = browse(job.hostile, tmp_path / "hostile", "--dump-dom").stdout
    assert "<script" not in dom and "<img" not in dom
    assert "&lt;script&gt;document.title='ran'&lt;/script&gt;" in dom
    assert re.search(r"<title>Ledger of &lt;/title&gt;", dom), "the browser ran it"


def test_sessions_by_id_and_an_auditors_copy(job, tmp_path):
    sessions = json.loads(job.cli("ledger", "--json").stdout)["sessions"]
    out = tmp_path / "first.html"
    job.cli("ledger", "page", "--session", sessions[0]["session"][:10], "--out", out)
    assert sessions[0]["session"][:16] in out.read_text()
    assert job.cli("ledger", "page", "--session", "zz", "--out", out, check=False).returncode == 1
    copy = tmp_path / "copy"
    copy.write_bytes((job.home / "ledger").read_bytes())
    away = {"SOTERIA_HOME": str(tmp_path / "auditor")}
    alone = job.cli("ledger", "verify", copy, check=False, env=away)
    assert alone.returncode == 5 and alone.stdout.startswith("whole"), alone.stdout
    assert "unproven: not compared" in alone.stdout and "--manifest FILE" in alone.stdout
    manifests = [option for kept in sorted((job.home / "manifests").iterdir()) for option in ("--manifest", kept)]
    proven = job.cli("ledger", "verify", copy, *manifests, check=False, env=away)
    assert proven.returncode == 0 and "--manifest FILE" not in proven.stdout, proven.stdout
    job.cli("ledger", "page", copy, *manifests, "--out", out, env=away)
    assert "not compared with the owner" in out.read_text()
    copy.write_bytes(copy.read_bytes()[:-9])
    torn = job.cli("ledger", "verify", copy, *manifests, check=False, env=away)
    assert torn.returncode == 1 and "broken" in torn.stdout and "truncated" in torn.stdout, torn.stdout
    shown = job.cli("ledger", "page", copy, *manifests, "--out", out, env=away, check=False)
    assert shown.returncode == 1 and "This ledger is broken" in out.read_text()
