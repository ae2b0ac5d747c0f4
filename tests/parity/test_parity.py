"""The same file runs on stock Spark and on Soteria, and says the same."""

import pytest

import every_case  # noqa: F401
from recorder import CASES, difference

# What Spark does and Soteria refuses by name.
REFUSED = {
    "csv option no escape", "csv option own ends multiLine",
    "python_function", "regex lookahead", "approx_count_distinct rsd other", "map groupBy map", "map repartition by map",
    "config refused ansi.enabled", "config refused caseSensitive", "config refused timestampType",
    "config refused legacy.timeParserPolicy", "functions sql DESCRIBE FUNCTION upper",
    "recursive WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT * FROM r ORDER BY n",
    "recursive WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT sum(n), count(*) FROM r",
    "orc written codec lzo",
}
# Differences that are known, and why they stay for now. A case that agrees after all fails (strict).
DIFFERENT = {
    "decimal frame to schema": "over Connect, PySpark says the schema that DataFrame.to was given, of which no column is not null",
    "to nested": "the same",
    **dict.fromkeys(("catalog call listTables", "catalog call listTables default", "catalog call listTables pattern"),
                    "stock Spark lists no tables where it doesn't compile its plans, as here"),
    "catalog call createTable": "PySpark's Connect client sends the call again with each use of the table that it gives",
    "filter null": "no rows; Spark refuses a literal null as a condition",
    "assembler_skip": "-0.0 stays -0.0 in a dense row; Spark makes it 0.0",
    "assembler_keep": "-0.0 stays -0.0 in a dense row; Spark makes it 0.0",
    "feature two_zeros": "both zeros are one category; MLlib's map holds none for 0.0 where a column has both",
    "zone Africa/Casablanca": "+00:00 in 2100; Java's zone rules end in 2087 with +01:00",
    "parts conf -5": "refused; Spark reads no part of any file",
    "config get": "a default that is no value of the key is taken; Spark refuses it",
    "lower of upper": "both mappings are done; Spark's optimizer leaves out the inner one, so that ß stays",
    "csv option trimmed after": "an answer; Spark itself fails on a blank first field",
    "json times": "Python says of a year beyond 9999 what its own conversion says",
    **dict.fromkeys(("decimal 2.5 > 2 AS v", "decimal tame 2.5 > 2 AS v"), "a cast of a literal may be null; Spark has folded it"),
    **dict.fromkeys(("decimal -w", "decimal round(w, -2)"), "an overflow of 38 digits, under another of Spark's conditions for it"),
    "decimal_literal": "a precision of ten, which PySpark's client says over Spark Connect; classic PySpark counts the digits",
    "accuracy_of_negative_weights": "refused; Spark's summary adds them up, and refuses only in its curves",
}


def same_error(theirs: dict, ours: dict) -> bool:
    if theirs["error"] == "Py4JJavaError":  # classic PySpark's way to say that it has no class for it
        return ours["condition"] is not None or ours["text"] in theirs["text"]
    if theirs["error"] != ours["error"]:
        return False
    if theirs["condition"] is None or theirs["condition"].startswith("_LEGACY"):
        return True  # MLlib's own checks have no condition in Spark; Soteria gives them one
    return (theirs["condition"], theirs["sqlstate"]) == (ours["condition"], ours["sqlstate"])


def cases():
    for name in CASES:
        marks = [pytest.mark.xfail(reason=DIFFERENT[name], strict=True)] if name in DIFFERENT else []
        yield pytest.param(name, marks=marks)


@pytest.mark.parametrize("name", list(cases()))
def test_case(worlds, name):
    theirs, ours = worlds.spark[name], worlds.soteria[name]
    if name in REFUSED:
        assert "value" in theirs and ours.get("condition") == "UNSUPPORTED_FEATURE", ours
        return
    assert ("error" in theirs) == ("error" in ours), f"Spark: {str(theirs)[:600]}\nSoteria: {str(ours)[:600]}"
    if "error" in theirs:
        assert same_error(theirs, ours), f"Spark: {theirs}\nSoteria: {ours}"
        return
    found = difference(theirs["value"], ours["value"], CASES[name].rel, CASES[name].least)
    assert found is None, f"Spark or Soteria{found}"
