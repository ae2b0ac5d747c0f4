"""Seeded plans (plans.py) on stock Spark and on Soteria: columns, types, nullability, rows in any order, or the error.

There is one to every three expressions of SOTERIA_EXPRESSIONS.
"""

from __future__ import annotations

import copy

from recorder import difference

REL = 1e-9  # sums of a quarter's multiples are exact, averages and their like are rounded
# What is known to differ: by a part of the plan's text, what is not compared.
# - Spark takes a column of INTERSECT to be null only where it may be on both sides; here the left side alone says it.
# - Spark keeps the sign of a zero that is a constant key of a group; here all zeros of keys are one.
UNLIKE_NULLS = ".intersect"
CONSTANT_ZERO = "-0.0D"
# Spark's own faults: what it throws is no error of a query.
FAULTS = {"Py4JJavaError", "INTERNAL_ERROR"}


def without_nulls(found: dict) -> dict:
    return found | {"schema": [column[:2] for column in found["schema"]]}


def without_signs(value):
    if isinstance(value, dict):
        return {"double": "0.0"} if value.get("double") == "-0.0" else {k: without_signs(v) for k, v in value.items()}
    return [without_signs(v) for v in value] if isinstance(value, list) else value


def compared(theirs: dict, ours: dict) -> str | None:
    """What differs between two records of one plan, or None."""
    assert theirs["plan"] == ours["plan"]
    if theirs.get("error") in FAULTS:
        return None
    if theirs.get("error") != ours.get("error"):
        return f"error {theirs.get('error')} or {ours.get('error')}: {theirs.get('text', '')}{ours.get('text', '')}"
    if "error" in theirs:
        return None
    pair = [copy.copy(theirs), copy.copy(ours)]
    if UNLIKE_NULLS in theirs["plan"]:
        pair = [without_nulls(found) for found in pair]
    if CONSTANT_ZERO in theirs["plan"]:
        pair = [without_signs(found) for found in pair]
    return difference(*pair, rel=REL, least=0.0)


def test_plans(expressions):
    theirs, ours = expressions["spark"]["plans"]["value"], expressions["soteria"]["plans"]["value"]
    assert len(theirs) == len(ours) >= 100
    # The generator is worth something: nearly all plans run, and most have rows.
    assert sum("error" not in found for found in theirs) > 0.95 * len(theirs)
    assert sum(bool(found.get("rows")) for found in theirs) > 0.5 * len(theirs)
    found = [f"{a['plan']}\n    {why}" for a, b in zip(theirs, ours) if (why := compared(a, b)) is not None]
    assert not found, f"{len(found)} of {len(theirs)} differ (Spark or Soteria)\n" + "\n".join(found[:20])
