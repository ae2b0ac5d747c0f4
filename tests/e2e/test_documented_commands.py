"""Every block of commands in the pages is run here as it stands, in a fresh home, or listed with the reason why not."""

import os
import pathlib
import random
import re
import subprocess
import sys
import tomllib

import pytest

import documented
from deployment import BIN, ROOT

RUN_HERE = {
    "README.md: ./run build && export PATH=\"$PWD/build/release/bin:$PATH\"",
    "docs/cli.md: soteria keygen",
    "docs/audit.md: soteria ledger verify copy-of-ledger --manifest risk.toml",
    "docs/audit.md: soteria ledger replay DIR copy-of-ledger --manifest risk.toml",
}
RUN_ON_SPARK = {  # tests/spark/test_documented_spark.py
    "docs/spark.md: soteria cluster start --simulated --engine spark --spark-home DIR --spark-master URL "
    "[--spark-conf spark.NAME=VALUE]...",
    "docs/spark.md: spark-submit --master URL --name soteria --deploy-mode client \\",
}
NOT_RUN = {
    "README.md: ./run demo     # the main job on real data with the real programs, from key to decrypted model "
    "(--engine spark: on Apache Spark)":
        "builds, and runs these tests; the demo's job is run by tests/spark/test_spark_jobs.py",
    "docs/spark.md: ./run demo --engine spark": "builds; its job is run by tests/spark/test_spark_jobs.py",
    "docs/cli.md: soteria put patients.csv ./sealed/patients":
        "takes an HDFS, its program and hardware enclaves: tests/e2e/test_hdfs.py does the same with simulated ones",
    "docs/formats/frames.md: soteria-host --dir DIR [--state FILE] [--log-dir DIR] [--master PROGRAM] [--worker PROGRAM] "
    "[--stats PROGRAM] [--workers N] [--slots N]":
        "a synopsis: its options are looked for below",
    "tests/hostile/README.md: SOTERIA_SCHEDULE_SEED=4711 build/release/tests/hostile/hostile_test "
    "--gtest_filter='Malicious*'    # prints its script":
        "a test program of the build, which ./run test runs; the second line takes hours",
}
ROWS = 200
TRAIN = """
from pyspark.ml.classification import LogisticRegression
from pyspark.ml.feature import VectorAssembler
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
rows = VectorAssembler(inputCols=["age", "dose"], outputCol="features").transform(spark.read.parquet("{read}"))
LogisticRegression(maxIter=5).fit(rows).save("{write}/risk")
"""


def test_each_block_is_run_or_listed():
    found = {block.name for block in documented.commands()}
    assert found == RUN_HERE | RUN_ON_SPARK | set(NOT_RUN)
    assert all(len(reason) > 20 for reason in NOT_RUN.values())


def test_blocks_are_found_where_pages_have_them():
    page = "a\n\n    soteria one\n\ntext\n```sh\nsoteria two\n\nmore\n```\n    not a block of its own\n"
    assert [block.text for block in documented.blocks_of("x.md", page)] == ["soteria one", "soteria two\n\nmore"]


class Reader:
    """Somebody who copies from the pages: a home, a folder with their data and script, storage."""

    def __init__(self, folder: pathlib.Path):
        self.folder, self.work, self.home = folder, folder / "work", folder / "home"
        self.storage = folder / "storage"
        for made in (self.work, self.home):
            made.mkdir(parents=True)
        chance = random.Random(7)
        lines = ["age,dose,label"]
        for _ in range(ROWS):
            age, dose = chance.randint(20, 90), round(chance.random(), 3)
            lines.append(f"{age},{dose},{int(age / 90 + dose + chance.random() > 1.5)}")
        (self.work / "patients.csv").write_text("\n".join(lines) + "\n")

    def script(self, read: str, write: str):
        (self.work / "train.py").write_text(TRAIN.format(read=read, write=write))

    def types(self, text: str) -> str:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("SOTERIA", "SPARK"))}
        environment |= {"HOME": str(self.home), "PATH": f"{BIN.resolve()}:{ROOT / '.venv/bin'}:{environment['PATH']}"}
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=self.work, env=environment, timeout=300,
                              capture_output=True, text=True)
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture
def reader(tmp_path):
    made = Reader(tmp_path)
    yield made
    made.types("soteria cluster stop 2>&1 || true")


def test_the_readme_from_key_to_model(reader):
    block = documented.commanded("README.md", "./run build")
    build, _, rest = block.partition("\n")
    assert build.startswith("./run build && export PATH=")  # what `reader` does otherwise
    reader.script(f"{reader.storage}/patients", f"{reader.storage}/models")
    said = reader.types(rest.replace("/data/", f"{reader.storage}/"))
    assert "models" in said and (reader.work / "risk" / "metadata").is_dir()
    assert (reader.home / ".soteria" / "user.key").exists()


def test_the_first_job_of_the_cli_page_and_its_audit(reader):
    job = documented.commanded("docs/cli.md", "soteria keygen").replace("file:///tmp/bucket", f"file://{reader.storage}")
    reader.script(f"file://{reader.storage}/patients", f"file://{reader.storage}/models")
    said = reader.types(job)
    assert "write" in said and (reader.work / "risk" / "metadata").is_dir()
    reader.types("cp ~/.soteria/ledger copy-of-ledger; mkdir DIR")
    assert "whole" in reader.types(documented.commanded("docs/audit.md", "soteria ledger verify"))
    reader.types(documented.commanded("docs/audit.md", "soteria ledger replay"))


def test_the_manifest_of_its_page_is_one():
    (text,) = [block.text for block in documented.blocks() if block.page == "docs/formats/manifest.md" and block.first.startswith("task")]
    tomllib.loads(text)


def options_of(*command) -> set[str]:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=60)
    return set(re.findall(r"--[a-z][a-z-]*", done.stdout + done.stderr))


def test_options_that_pages_name_exist():
    known = options_of(ROOT / "run", "help")
    known |= {"--help"}
    for script in [*sorted((ROOT / "bench").glob("*.py")), ROOT / "tools" / "demo.py"]:
        if "ArgumentParser" in script.read_text():
            known |= options_of(sys.executable, script, "--help")
    for program in ("soteria-host", "soteria-stats", "soteria-master", "soteria-worker"):
        known |= options_of(BIN / program, "--help")
    commands = [[]]
    for command in commands:  # each that the help of another lists, too
        text = subprocess.run([BIN / "soteria", *command, "--help"], capture_output=True, text=True, timeout=60).stdout
        known |= set(re.findall(r"--[a-z][a-z-]*", text))
        listed = re.search(r"(?s)\nSubcommands:\n(.*?)\n\n", text + "\n\n")
        commands += [[*command, name] for name in re.findall(r"(?m)^  ([a-z]+) ", listed.group(1))] if listed else []
    assert ["cluster", "start"] in commands and "--enclave-memory" in known
    # Spark's own, and those of tools that a page says to be another's.
    known |= {"--conf", "--deploy-mode", "--archives", "--executor-port", "--address", "--descriptor"}
    unknown = {}
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for span in re.findall(r"`([^`\n]+)`", page.read_text()):
            if re.match(r"(soteria|cluster|put|get|run|manifest|ledger|keygen|connect|versions|--|\./run) ?", span):
                unknown |= {option: f"{page.name}: {span}" for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", span)
                            if option not in known}
    assert unknown == {}


def test_the_hosts_synopsis_names_its_options():
    (text,) = [block.text for block in documented.commands() if block.first.startswith("soteria-host --dir")]
    assert set(re.findall(r"--[a-z][a-z-]*", text)) <= options_of(BIN / "soteria-host", "--help")
