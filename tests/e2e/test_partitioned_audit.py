"""An auditor of the partitioned scheme: released bytes give the values again, and what crossed is what the ledger
has and the Manifest allows, for random scripts, with canaries in the data, at the edges of min_rows and budget."""

import hashlib
import json
import random
import re
import shutil
import struct
import sys

import numpy as np
import pandas as pd
import pytest

from deployment import ROOT, Deployment, partitioned
from released import STATISTIC_DONE, Record
from test_ledger_page import ARTEFACTS, browse, text_of

sys.path.insert(0, str(ROOT / "tools"))
from leak_search import Search, needles_of, plain_copies  # noqa: E402

ROWS = 300

HEAD = """
import sys
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.evaluation import BinaryClassificationEvaluator, MulticlassClassificationEvaluator, RegressionEvaluator
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
table = VectorAssembler(inputCols=["x", "y"], outputCol="features").transform(spark.read.parquet(sys.argv[1]))
model = LogisticRegression(maxIter=3, regParam=0.1).fit(table)
scored = model.transform(table)
def tell(name, make):
    try:
        print(name, repr(make()), flush=True)
    except Exception as error:
        print(name, "refused", type(error).__name__, str(error).replace(chr(10), " ")[:200], flush=True)
"""


def table() -> pd.DataFrame:
    generator = np.random.Generator(np.random.PCG64(11))
    values = generator.normal(size=(ROWS, 2))
    return pd.DataFrame({
        "name": [f"canary-{generator.integers(1 << 60):x}" for _ in range(ROWS)],
        "id": generator.permutation(ROWS) + 7_000_000.5,
        "x": values[:, 0], "y": values[:, 1],
        "weight": generator.uniform(0.5, 2, size=ROWS),
        "label": (values.sum(axis=1) + 2 * generator.normal(size=ROWS) > 0) * 1.0})


@pytest.fixture(scope="module")
def d(tmp_path_factory):
    made = Deployment(tmp_path_factory.mktemp("audit"))
    made.keygen()
    made.frame = table()
    made.path = made.table("points", made.frame)
    made.kept = made.folder / "kept"
    made.start("--keep-released", made.kept)
    made.write_manifest(read=[made.path])
    made.base = made.manifest.read_text()
    made.crossed = Record(made.record)
    yield made
    made.stop()


def under(d, path=None, **rule):
    """The Manifest with another [statistics], for the shared data set or one of the test's own."""
    text = d.base
    if path is not None:
        own = d.folder / f"{path.name}.toml"
        own.unlink(missing_ok=True)
        d.write_manifest(read=[path], out=own)
        text = own.read_text()
    d.manifest.write_text(partitioned(text, **rule))


def last_session(d) -> dict:
    return json.loads(d.cli("ledger", "--json").stdout)["sessions"][-1]


def releases(session: dict) -> list[dict]:
    return [entry for entry in session["entries"] if entry["kind"] == "release"]


def told(done) -> dict[str, str]:
    return dict(line.split(maxsplit=1) for line in done.stdout.splitlines() if line[:1] == "t")


ALL = ["binary", "multiclass", "regression"]
SEVERAL = HEAD + """
tell("t-auc", lambda: BinaryClassificationEvaluator().evaluate(scored))
tell("t-f1", lambda: MulticlassClassificationEvaluator().evaluate(scored))
tell("t-loss", lambda: MulticlassClassificationEvaluator(metricName="logLoss").evaluate(scored))
tell("t-rmse", lambda: RegressionEvaluator().evaluate(scored))
tell("t-rmse-again", lambda: RegressionEvaluator().evaluate(scored))
tell("t-recall", lambda: model.summary.truePositiveRateByLabel[0])
"""
ONE = HEAD + 'tell("t-rmse", lambda: RegressionEvaluator().evaluate(scored))\n'


@pytest.fixture(scope="module")
def audited(d):
    """A session at each level, and what they printed; in the second one nobody checks the values."""
    results = []
    for rule in ({}, {"release": "scores", "unverified": True}):
        under(d, kinds=ALL, **rule)
        printed = told(d.run(SEVERAL, d.path))
        if not rule:
            del printed["t-loss"]  # of the model's own probabilities: as an aggregate it stays inside
        results.append((last_session(d)["session"], printed))
    return results


def test_the_same_bytes_give_the_same_values(d, audited, tmp_path):
    for session, printed in audited:
        replayed = d.cli("ledger", "replay", d.kept, "--session", session)
        lines = [line for line in replayed.stdout.splitlines() if line.startswith("#")]
        assert len(lines) == len(printed) == (5 if session == audited[0][0] else 6)
        for line, (name, value) in zip(lines, printed.items()):
            assert re.search(r", which the owner got \(#\d+\)$", line), line
            assert re.search(rf" rows: {re.escape(value)}(,|$)", line), (name, value, line)
    everything = d.cli("ledger", "replay", d.kept)
    assert "replayed 11 of 11 releases" in everything.stdout and "extra" not in everything.stdout
    # A session's second rmse is the first again, and the summary's is the same at both levels: one file each.
    assert len(list(d.kept.iterdir())) == 11 - 3
    assert d.kept.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in d.kept.iterdir())


def test_an_auditor_without_the_key(d, audited, tmp_path):
    session, printed = audited[0]
    ledger, kept = tmp_path / "ledger", tmp_path / "kept"
    shutil.copy(d.home / "ledger", ledger)
    shutil.copytree(d.kept, kept)

    def replay(*options):
        return d.cli("ledger", "replay", kept, ledger, "--session", session, *options, check=False,
                     env={"SOTERIA_HOME": str(tmp_path / "nobody")})
    alone = replay()
    assert alone.returncode == 0, alone.stderr
    assert "the owner got" not in alone.stdout and "needs the owner's key" in alone.stderr
    assert f"rows: {printed['t-auc']}" in alone.stdout
    with_key = replay("--key", d.home / "user.key")
    assert with_key.returncode == 0 and with_key.stdout.count("which the owner got") == 5
    another = tmp_path / "other"
    d.cli("keygen", "--key", another)
    assert replay("--key", another).stdout.count("ANOTHER VALUE") == 5
    # Extra, altered, missing.
    (kept / f"{hashlib.sha256(b'x').hexdigest()}.question").write_bytes(b"x")
    assert replay().returncode == 0 and "extra: " in replay().stdout
    names = [f"{entry['sha256']}.question" for entry in releases(
        next(s for s in json.loads(d.cli("ledger", "--json").stdout)["sessions"] if s["session"] == session))]
    whole = (kept / names[0]).read_bytes()
    (kept / names[0]).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    altered = replay()
    assert altered.returncode == 1 and altered.stdout.count("ALTERED") == 1, altered.stdout
    (kept / names[0]).unlink()
    missing = replay()
    assert missing.returncode == 1 and missing.stdout.count("MISSING") == 1, missing.stdout
    # A ledger that doesn't verify is replayed as far as it does, and isn't good.
    (kept / names[0]).write_bytes(whole)
    assert replay().returncode == 0
    ledger.write_bytes(ledger.read_bytes()[:-5])
    torn = replay()
    assert torn.returncode == 1 and "the ledger is broken" in torn.stdout


METRICS = {
    "binary": ["areaUnderROC", "areaUnderPR"],
    "multiclass": ["accuracy", "f1", "logLoss", "weightedPrecision", "weightedFMeasure", "hammingLoss", "precisionByLabel"],
    "regression": ["rmse", "mae", "r2", "var", "mse"]}
CLASSES = {"binary": "BinaryClassificationEvaluator", "multiclass": "MulticlassClassificationEvaluator",
           "regression": "RegressionEvaluator"}


def random_script(chance: random.Random) -> str:
    lines = []
    for i in range(chance.randint(10, 15)):
        if chance.random() < 0.2:
            attribute = chance.choice(["accuracy", "areaUnderROC", "precisionByLabel", "weightedRecall", "labels"])
            lines.append(f'tell("t{i}", lambda: model.summary.{attribute})')
            continue
        kind = chance.choice(ALL)
        rows = chance.choice(["scored", 'scored.filter("x > 0")', 'scored.filter("x > 1.3")', 'scored.filter("x > 9")',
                              'scored.filter("label = 1")', 'scored.filter("y < x")'])
        weight = ', weightCol="weight"' if chance.random() < 0.2 else ""
        lines.append(f'tell("t{i}", lambda: {CLASSES[kind]}(metricName="{chance.choice(METRICS[kind])}"{weight}).evaluate({rows}))')
    return HEAD + "\n".join(lines) + "\n"


def random_rule(chance: random.Random) -> dict:
    kinds = chance.sample(ALL, chance.randint(1, 3))
    rule = {"kinds": kinds, "inside": [kind for kind in ALL if kind not in kinds and chance.random() < 0.5],
            "budget": chance.choice([20, 60, 400, 100_000])}
    if chance.random() < 0.4:
        return {**rule, "release": "scores", "budget": chance.choice([800, 3_000, 100_000]),
                "unverified": chance.random() < 0.5}
    return {**rule, "min_rows": chance.choice([1, 5, 20, 150]), "bins": chance.choice([2, 10, 1000])}


def check_crossed(crossed, session, rule):
    """What crossed is what the ledger has, in its order, and each of it allowed."""
    entries = releases(session)
    assert [one.sha256 for one in crossed] == [entry["sha256"] for entry in entries]
    spent = 0
    for one, entry in zip(crossed, entries):
        assert one.kind in rule["kinds"] and entry["statistic_kind"] == one.kind
        assert len(one.payload) == entry["bytes"] and entry["outside"]
        level = rule.get("release", "aggregate")
        of_summary = " summary." in entry["statistic"]
        assert one.form == ("rows" if level == "scores" and not of_summary else "sums"), entry
        assert entry["level"] == ("scores" if one.form == "rows" else "aggregate")
        if one.form == "rows":
            assert entry["rows"] * 4 == len(one.numbers) == entry["numbers"]
        else:
            least = rule.get("min_rows", 10)
            assert all(cell == 0 or cell >= least for cell in one.cells()), (least, one)
            assert entry["rows"] >= least
            if one.kind == "binary":
                assert len(one.numbers) // 3 <= rule.get("bins", 1000)
                assert list(one.numbers[::3]) == list(range(len(one.numbers) // 3))[::-1], "ranks, no scores"
        spent += entry["numbers"]
        data_set, = entry["data_sets"]
        assert data_set["budget_spent"] == spent <= rule["budget"]
        assert data_set["budget_left"] == rule["budget"] - spent
        assert not entry["unverified"] or rule.get("unverified", False)


@pytest.mark.parametrize("seed", range(6))
def test_random_scripts_release_what_the_manifest_lists_and_nothing_else(d, seed):
    chance = random.Random(seed)
    path = d.table(f"random{seed}", d.frame)
    rule = random_rule(chance)
    d.crossed.questions()
    under(d, path, **rule)
    done = d.run(random_script(chance), path)
    crossed, session = d.crossed.questions(), last_session(d)
    check_crossed(crossed, session, rule)
    for line in done.stdout.splitlines():
        assert "refused" not in line or re.search("budget|empty collection|Nothing has been added|label|NaN", line), line
    outside = [entry for entry in session["entries"] if entry["kind"] == "metrics" and entry.get("outside")]
    assert len(outside) == len(crossed)


CANARIES = SEVERAL + """
tell("t-weighted", lambda: RegressionEvaluator(weightCol="weight").evaluate(scored))
print("RAW", [row[0].toArray().tolist() for row in scored.select("rawPrediction").collect()])
print("PROBABILITY", [row[0].toArray().tolist() for row in scored.select("probability").collect()])
"""


@pytest.mark.parametrize("level", ["aggregate", "scores"])
def test_no_canary_crosses(d, level, tmp_path):
    d.crossed.questions()
    d.crossed.new("*-statistics.in", STATISTIC_DONE)
    under(d, kinds=ALL, release=level)
    done = d.run(CANARIES, d.path)
    answers = {name: np.array(json.loads(line)) for name, line in
               (line.split(maxsplit=1) for line in done.stdout.splitlines() if line[:1] in "RP")}
    raw = answers["RAW"][:, 1]
    crossed = d.crossed.questions()
    asked = tmp_path / "asked"
    asked.mkdir()
    for i, one in enumerate(crossed):
        (asked / f"{i}").write_bytes(one.payload)
    for i, answer in enumerate(d.crossed.new("*-statistics.in", STATISTIC_DONE)):
        (asked / f"answer-{i}").write_bytes(answer)

    never = needles_of(d.frame[["name", "id", "x", "y"]])
    of_rows = needles_of(pd.DataFrame({"weight": d.frame["weight"], "raw": raw, "probability": answers["PROBABILITY"][:, 1]}))
    everywhere = Search(never).files([d.record, d.cluster, d.kept, asked])[0]
    assert everywhere == set()
    hits, searched = Search(of_rows | never).files([asked])
    assert searched > 500 and len(crossed) == (6 if level == "aggregate" else 7)
    (tmp_path / "plain").mkdir()
    control = Search(never).files(plain_copies(d.frame, tmp_path / "plain"))[0]
    assert len(control) > 0.99 * len(never), "the search finds nothing"
    if level == "aggregate":
        assert hits == set()
        return
    # What the owner's word lets cross is found, so the search of the questions finds what is there.
    as_bytes = {struct.pack("<d", value) for value in (*raw, *d.frame["weight"])}
    assert as_bytes <= hits and not hits & never
    binary = next(one for one in crossed if one.kind == "binary" and one.form == "rows")
    assert sorted(binary.numbers[0::4]) == sorted(raw) and list(binary.numbers[0::4]) != list(raw)
    assert sorted(zip(binary.numbers[0::4], binary.numbers[1::4])) == sorted(zip(raw, d.frame["label"]))
    assert set(binary.numbers[2::4]) == {1.0} and set(binary.numbers[3::4]) == {0.0}
    # Nor are rows in the same order in two questions, unless it is the same work.
    regressions = [one for one in crossed if one.kind == "regression" and one.form == "rows"]
    assert regressions[0].payload == regressions[1].payload
    assert [int(label) for label in regressions[0].numbers[1::4]] != [int(label) for label in binary.numbers[1::4]]


def restore(d, saved: dict[str, bytes]):
    for name, data in saved.items():
        (d.home / name).write_bytes(data)


def test_no_way_back_to_a_budget(d, tmp_path):
    """27 numbers, 9 a job: what a host or a careless owner can put back, between jobs."""
    path = d.table("edge", d.frame)
    older = tmp_path / "older"
    shutil.copytree(path, older)
    under(d, path, kinds=["regression"], budget=27)
    states = []
    for _ in range(2):
        assert told(d.run(ONE, path))["t-rmse"]
        states.append({name: (d.home / name).read_bytes() for name in ("versions", "ledger")})
    d.crossed.questions()
    for name in ("versions", "ledger"):  # one of the two, from before the second job
        restore(d, {name: states[0][name]})
        refused = d.run(ONE, path, check=False)
        assert refused.returncode == 1 and "ledger" in refused.stderr and "t-rmse" not in refused.stdout, refused.stderr
        restore(d, states[1])
    assert d.crossed.questions() == []
    assert told(d.run(ONE, path))["t-rmse"], "the last nine"
    entry, = releases(last_session(d))
    assert entry["data_sets"][0]["budget_spent"] == 27 and entry["data_sets"][0]["budget_left"] == 0
    d.crossed.questions()
    # A new version has the old one's budget; the old one is refused altogether.
    d.table("edge", d.frame)
    under(d, path, kinds=["regression"], budget=27)
    spent = told(d.run(ONE, path))["t-rmse"]
    assert "refused" in spent and "budget" in spent
    shutil.rmtree(path)
    shutil.copytree(older, path)
    rolled = d.run(ONE, path, check=False)
    assert rolled.returncode == 1 and "SOTERIA.ROLLED_BACK" in rolled.stderr
    assert d.crossed.questions() == []


def test_rows_that_the_script_brings_have_no_budget_and_stay_inside(d):
    under(d, kinds=ALL, release="scores")
    d.crossed.questions()
    done = d.run(HEAD + """
brought = spark.createDataFrame([(float(i % 7), float(i % 5)) for i in range(60)], ["prediction", "label"])
tell("t-brought", lambda: RegressionEvaluator().evaluate(brought))
""", d.path)
    predictions, labels = np.arange(60) % 7, np.arange(60) % 5
    assert float(told(done)["t-brought"]) == pytest.approx(np.sqrt(np.mean((predictions - labels) ** 2)), rel=1e-12)
    assert d.crossed.questions() == [] and releases(last_session(d)) == []


def test_what_was_done_to_a_ledger_is_said(d, audited, tmp_path):
    data, entries = (d.home / "ledger").read_bytes(), []
    while data:
        length, = struct.unpack_from("<I", data)
        entries.append(data[:4 + length])
        data = data[4 + length:]
    report = json.loads(d.cli("ledger", "--json").stdout)
    session = next(s for s in report["sessions"] if s["session"] == audited[0][0])
    first = sum(len(s["entries"]) for s in report["sessions"][:report["sessions"].index(session)])
    at = first + next(i for i, entry in enumerate(session["entries"]) if entry["kind"] == "release")
    altered = bytearray(entries[at])
    altered[len(altered) // 2] ^= 1
    copy, page = tmp_path / "copy", tmp_path / "page.html"
    for said, forged in {
            "altered": [*entries[:at], bytes(altered), *entries[at + 1:]],
            "out of order": [*entries[:at], entries[at + 1], entries[at], *entries[at + 2:]],
            "repeats": [*entries[:at + 1], *entries[at:]],
            "missing": [*entries[:at], *entries[at + 1:]]}.items():
        copy.write_bytes(b"".join(forged))
        verified = d.cli("ledger", "verify", copy, check=False)
        assert verified.returncode == 1 and said in verified.stdout, (said, verified.stdout)
        assert d.cli("ledger", "page", copy, "--out", page, check=False).returncode == 1
        assert "This ledger is broken" in page.read_text()
    end = first + len(session["entries"])
    copy.write_bytes(b"".join(entries[:end - 1]))
    assert d.cli("ledger", "verify", copy, check=False).returncode == 4
    assert d.cli("ledger", "page", copy, "--out", page).returncode == 0 and "Cut off" in page.read_text()
    copy.write_bytes(b"".join(entries[:end]))
    short = d.cli("ledger", "verify", copy, check=False)
    assert short.returncode == 0 and "missing at the end" in short.stdout, "only the owner's record can tell"


def test_the_page_of_a_partitioned_job_in_a_browser(d, audited, tmp_path):
    session, printed = audited[1]
    page = tmp_path / "page.html"
    d.cli("ledger", "page", "--session", session, "--out", page)
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    for name, width in (("ledger-page-partitioned", 1280), ("ledger-page-partitioned-narrow", 480)):
        shot = ARTEFACTS / f"{name}.png"
        shot.unlink(missing_ok=True)
        browse(page, tmp_path / name, f"--screenshot={shot}", f"--window-size={width},3000")
        assert shot.stat().st_size > 20_000
    text = text_of(browse(page, tmp_path / "dom", "--dump-dom").stdout)
    entries = next(s for s in json.loads(d.cli("ledger", "--json").stdout)["sessions"] if s["session"] == session)["entries"]
    released = [entry for entry in entries if entry["kind"] == "release"]
    assert len(released) == 6
    for entry in released:
        assert entry["sha256"] in text and f"{entry['level']} of {entry['statistic_kind']}" in text
        assert entry["rule"] in text
    assert text.count("outside, unverified") == 10, "five releases and five values"
    assert text.count("outside, verified") == 2, "the training summary's"
    assert "NOT VERIFIED: 5 values" in text and "The host saw the model's answers" in text
    assert "Computed outside 5 statistics" in text, "the metric that was asked for twice is one"
    left = released[-1]["data_sets"][0]
    assert f"{left['budget_left']:,}".replace(",", " ") in text and f"{left['budget_spent']:,}".replace(",", " ") in text
