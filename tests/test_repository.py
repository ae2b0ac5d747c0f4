"""The rules of STYLE.md that a search can check hold over the whole tree, and the checks can fail."""

import pathlib
import re
import subprocess
import sys
import tomllib

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import layers  # noqa: E402
import tidy  # noqa: E402

RULES = tomllib.loads((ROOT / "tools/layers.toml").read_text())


def test_layers_hold():
    assert layers.findings() == []


def test_tidy_holds():
    assert tidy.findings() == []


@pytest.mark.parametrize("where, line, says", [
    ("src/crypto/x.cc", '#include "src/table/types.h"', "crypto may not include table"),
    ("src/exec/x.cc", '#include "src/storage/tree.h"', "exec may not include storage"),
    ("src/exec/x_test.cc", '#include "src/storage/tree.h"', "exec may not include storage"),
    ("src/worker/x.cc", '#include "src/plan/logical.h"', "worker may not include plan"),
    ("src/client/x.cc", '#include "src/master/master.h"', "client may not include master"),
    ("host/local/x.cc", '#include "src/channel/channel.h"', "host/local may not include channel"),
    ("src/client/x.cc", '#include "src/apps/soteria/console.h"', "nobody includes apps"),
    ("src/storage/x.cc", "#include <openssl/evp.h>", "only crypto, channel may include openssl/"),
    ("src/plan/x.cc", '#include "arrow/compute/initialize.h"', "only exec, apps may include arrow/compute/"),
    ("src/exec/x.cc", "#include <arrow/acero/exec_plan.h>", "nobody may include arrow/acero/"),
    ("src/connect/x.cc", '#include "src/master/ungated.h"', "only master may include src/master/ungated.h"),
    ("src/dataflow/x.h", '#include "soteria/task.pb.h"', "belongs in .cc files only"),
    ("src/newcomer/x.cc", "", "is not in tools/layers.toml"),
])
def test_a_broken_layer_is_found(where, line, says):
    found = layers.check(where, line + "\n", RULES)
    assert len(found) == 1 and says in found[0]


@pytest.mark.parametrize("where, line", [
    ("src/plan/x_test.cc", '#include "arrow/compute/initialize.h"'),
    ("src/apps/master/main.cc", '#include "src/connect/server.h"'),
    ("src/worker/x.cc", '#include "src/ml/kernel.h"'),
])
def test_what_layers_allow(where, line):
    assert layers.check(where, line + "\n", RULES) == []


HEADER = "// What it is.\n#pragma once\n"


@pytest.mark.parametrize("name, text, says", [
    ("x.h", "#pragma once\n", "a header opens with"),
    ("x.h", "// What.\n#ifndef X_H_\n#define X_H_\n#endif\n", "#pragma once follows"),
    ("x.h", HEADER + "int" + " " * 100 + "x;\n", "columns, at most 100"),
    ("x.h", HEADER + "\n" * 800, "lines, at most 800"),
    ("x.cc", "int f() {\n" + "  g();\n" * 69 + "}\n", "a function of 71 lines"),
    ("x.cc", "int F::f(int a,\n      int b) {\n" + "  g();\n\n" * 40 + "}\n", "a function of 83 lines"),
    ("x.cc", "  auto* x = new Thing(1);\n", "no naked new"),
    ("x.py", "x = " + "1 + " * 40 + "1\n", "columns, at most 160"),
    ("X.java", "  int x = " + "1 + " * 40 + "1;\n", "columns, at most 132"),
    ("x.md", "word " * 40 + "\n", "columns, at most 160"),
    ("x.cc", "  assert(x);\n", "use CHECK"),
    ("x.cc", "  return std::chrono::system_clock::now();\n", "time comes from base::Clock"),
    ("x.cc", "  std::mt19937 random;\n", "randomness comes from base::Random"),
    ("x.cc", "  std::cerr << 1;\n", "programs print in src/apps only"),
    ("x.cc", "  c = std::tolower(c);\n", "letters and their case come from base/ascii.h"),
    ("x.cc", "  c = static_cast<char>(c - 'A' + 'a');\n", "letters and their case come from base/ascii.h"),
    ("x.cc", "struct PermittedForTest {\n", "what only tests link is in"),
    ("x.cc", '#include "src/exec/y_for_test.h"\n', "what only tests link is in"),
    ("x.cc", "  FileHostForTes" + "ts host;\n", "one spelling"),
    ("y_for_tes" + "ts.h", HEADER, "one spelling"),
    ("x.cc", "// TO" + "DO: later\n", "finish it"),
    ("x.md", "see SECUR" + "ITY 3\n", "cite an invariant"),
    ("x.md", "in /tm" + "p/s/x\n", "a path of one machine"),
    ("string_utils.cc", "", "name says nothing"),
])
def test_a_broken_rule_is_found(tmp_path, monkeypatch, name, text, says):
    monkeypatch.setattr(tidy, "ROOT", tmp_path)
    path = tmp_path / "src" / "exec" / name
    path.parent.mkdir(parents=True)
    path.write_text(text)
    found = tidy.check(path)
    assert len(found) == 1 and says in found[0]


@pytest.mark.parametrize("text", [
    "  std::unique_ptr<Thing> x(new Thing(1));\n",
    "  return std::shared_ptr<Thing>(\n      new Thing(1));\n",
    "  static const Thing& thing = *new Thing(1);\n",
    "int f() {\n" + "  g();\n" * 68 + "}\n",
    "  static_assert(sizeof(int) == 4);\n",
    "  friend struct PermittedForTest;\n",
])
def test_what_tidy_allows(tmp_path, monkeypatch, text):
    monkeypatch.setattr(tidy, "ROOT", tmp_path)
    path = tmp_path / "x.cc"
    path.write_text(text)
    assert tidy.check(path) == []


def test_code_that_holds_keys_has_its_tests(tmp_path):
    for folder in tidy.TESTED:
        (tmp_path / "src" / folder).mkdir(parents=True)
        (tmp_path / "src" / folder / "x.cc").write_text("// a comment\n\n" + "code;\n" * 10)
        (tmp_path / "src" / folder / "x_test.cc").write_text("test;\n" * 6)
    assert tidy.too_few_tests(tmp_path) == []
    (tmp_path / "src" / "policy" / "x_test.cc").write_text("test;\n" * 5 + "// not one\n")
    assert tidy.too_few_tests(tmp_path) == ["src/policy: 0.50 lines of test for each of code, at least 0.6"]


def test_wide_rows_of_tables_are_tables():
    assert not tidy.too_wide(".md", "| " + "cell " * 40)
    assert not tidy.too_wide(".py", "# http://" + "x" * 200)


def test_links_of_the_pages_lead_somewhere():
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=ROOT, check=True,
                           capture_output=True, text=True).stdout.split()
    assert len(names) > 10
    dead = []
    for name in names:
        page = ROOT / name
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
            if not target.startswith("http") and not (page.parent / target).exists():
                dead.append(f"{name}: {target}")
    assert dead == []


def test_the_page_on_spark_connect_names_what_is_there():
    """Each relation and command that the code has a case for, but those it has to say why they are refused."""
    refused = {"map_partitions", "group_map", "co_group_map", "apply_in_pandas_with_state", "common_inline_user_defined_table_function",
               "common_inline_user_defined_data_source", "cached_local_relation", "chunked_cached_local_relation", "unresolved_table_valued_function",
               "register_function", "register_table_function", "register_data_source", "remove_cached_remote_relation_command"}
    code = "".join(path.read_text() for path in (ROOT / "src/connect").glob("*.cc"))
    page = (ROOT / "docs/formats/connect.md").read_text()
    there = {re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()
             for name in re.findall(r"case (?:Relation|Command)::k(\w+):", code)} - refused
    assert len(there) > 20
    assert {name for name in there if not re.search(rf"\b{name}\b", page)} == set()


def test_every_page_of_formats_and_decisions_is_listed():
    for folder in ("docs/formats", "docs/decisions"):
        listed = (ROOT / folder / "README.md").read_text()
        missing = [p.name for p in (ROOT / folder).glob("*.md") if p.name != "README.md" and f"]({p.name})" not in listed]
        assert missing == [], folder


def test_the_plot_of_the_schemes_has_round_ticks_and_says_what_else_ran():
    sys.path.insert(0, str(ROOT / "bench"))
    from schemes_plot import busy_note, svg, ticks
    for value in (0.003, 0.37, 1, 1.51, 7.9, 8.1, 99, 101, 523.7):
        marks = ticks(value)
        assert marks[0] == 0 and marks[-2] < value <= marks[-1] and 5 <= len(marks) <= 9
        assert f"{marks[1]:e}"[0] in "125" and set(f"{marks[1]:e}".split("e")[0]) <= set("0125."), marks
    assert ticks(0) and ticks(0)[-1] > 0
    one = {"rows": 10, "scheme": "baseline", "memory": "unlimited", "median": 1.49, "cpu_inside": 1.0, "cpu_outside": 0.1}
    quiet = {"machine": "m", "cores": 2, "results": [one | {"busy": 0.05}, one | {"busy": 0.15}]}
    busy = quiet | {"results": [one | {"busy": 0.05}, one | {"busy": 1.2}]}
    assert "0.1 to 0.1 cores" in busy_note(quiet) or "0.1 to 0.2 cores" in busy_note(quiet)
    assert "BUSY" not in svg(quiet) and "BUSY" in svg(busy) and ">1.6<" in svg(quiet)
    assert "not recorded" in svg({"machine": "m", "results": [one]})


def test_the_workloads_data_are_sparks_vectors(tmp_path):
    sys.path.insert(0, str(ROOT / "bench"))
    import pyarrow.parquet as pq
    import workloads
    dense = workloads.generate(workloads.Case(workloads.kmeans, (50, 3), 0.2, {}))
    assert [workloads.length(rows) for rows in dense] == [40, 10]
    sparse = workloads.slice_rows(workloads.bayes(workloads.np.random.default_rng(1), 5, 2), 1, 4)
    workloads.write(tmp_path / "a", sparse, 2)
    table = pq.read_table(tmp_path / "a")
    assert table.num_rows == 3 and b"VectorUDT" in table.schema.metadata[b"org.apache.spark.sql.parquet.row.metadata"]
    row = table["features"][0].as_py()
    assert row["type"] == 0 and row["size"] == 479_623 and len(row["indices"]) == len(row["values"]) > 100
    assert row["indices"] == sorted(set(row["indices"])) and min(row["values"]) > 0
    workloads.write(tmp_path / "b", dense[0], 1)
    row = pq.read_table(tmp_path / "b")["features"][7].as_py()
    assert row["type"] == 1 and row["values"] == dense[0]["features"][7].tolist()
    workloads.write(tmp_path / "c", dense[0], 3)
    files = sorted((tmp_path / "c").iterdir())
    assert sorted(pq.read_metadata(file).num_rows for file in files) == [12, 14, 14]
    sizes = [file.stat().st_size for file in files]
    assert sizes == sorted(sizes, reverse=True) and len(set(sizes)) == 3
    assert list(workloads.chosen([], "T")) == [(name, "T") for name in ("als", "pca", "gbt", "lr", "bayes")]


def test_a_query_counts_only_if_its_rows_are_the_answer():
    sys.path.insert(0, str(ROOT / "bench"))
    from queries import Results
    results = Results("AB", [1, 2, 3], {1: [["7", "x"]], 2: [["8"]], 3: [["9"]]})
    for name in "AB":
        results.note(name, 1, {"seconds": 9.0, "rows": [["7", "x"]]})
        results.note(name, 2, {"seconds": 9.0, "rows": [["8"] if name == "A" else ["9"]]})
        for number in (1, 2):
            for seconds in (1.0, 2.0, 9.0):
                results.note(name, number, {"seconds": seconds * (4 if name == "A" else 1)})
    results.note("B", 3, {"seconds": 0.1, "error": "no such table\nmore"})
    assert results.ratio(1, "A") == 0.25 and results.cold["B"] == {1: 9.0, 2: 9.0}
    assert results.median("A", 2) == 8.0 and results.median("B", 2) is None and results.ratio(2, "A") is None
    assert results.wrong["B"] == {2: "row 0: 9 for 8", 3: "no such table"} and results.median("C", 1) is None


def test_a_time_counts_only_if_the_models_are_worth_the_same():
    sys.path.insert(0, str(ROOT / "bench"))
    import bench_plot
    import run as bench
    assert bench.same_quality({"rmse": 1.0005, "auc": 0.75}, {"rmse": 1.0, "auc": 0.754}) == []
    assert len(bench.same_quality({"rmse": 1.002, "auc": float("nan")}, {"rmse": 1.0, "auc": 0.754})) == 2
    assert len(bench.same_quality({}, {"explained": 0.9})) == 1
    sides = {name: {"median": seconds} for name, seconds in (("A", 10.0), ("B", 0.5), ("C", 20.0))}
    assert bench_plot.relative({"sides": sides}) == {"A": 1.0, "B": 0.05, "C": 2.0} and bench_plot.relative({"sides": {}}) == {}
    assert bench_plot.decades([0.05, 2.0]) == (-2, 1) and bench_plot.decades([]) == (0, 1)
    assert ">lr-T<" in bench_plot.svg({"cores": 2, "runs": 3, "results": [{"workload": "lr-T", "sides": sides}]})
