"""Seeded expressions (grammar.py) on stock Spark and on Soteria: name, type, nullability, each row's value or error.

SOTERIA_EXPRESSIONS says how many (./run test --full: 10,000), SOTERIA_EXPRESSIONS_SEED which.
"""

from __future__ import annotations

import re

import numpy as np

from grammar import ROUNDED
from recorder import same_double

# Of a text with several faults, as the generator makes by breaking a valid one, another may be named.
FAULTS = {"PARSE_SYNTAX_ERROR", "UNRESOLVED_ROUTINE", "UNRESOLVED_COLUMN.WITH_SUGGESTION", "UNSUPPORTED_DATATYPE", "INVALID_NUMERIC_LITERAL_RANGE",
          "COLUMN_IS_NOT_VARIANT_TYPE"}
ULPS = 1e-14  # C's libm and Java's fdlibm: relative
REMAINDERS = re.compile(r"%|\b(mod|pmod|try_mod)\b", re.I)  # of a remainder these are what is divided has
# Spark may compute what these say twice in a step of its own for all rows: its errors show where nothing asks for its values.
STEPS = re.compile(r"\b(nullif|between)\b", re.I)
CLOSE = re.compile(r"\b(" + "|".join(sorted(ROUNDED)) + r")\b", re.I)


def same_float(a: str, b: str) -> bool:
    """Texts of one 32-bit number: Java before 19 writes some with a digit more than it takes to tell them apart."""
    try:
        return "E" in a and "E" in b and np.float32(a) == np.float32(b)
    except ValueError:
        return False


def same_value(a, b, rel: float) -> bool:
    if isinstance(a, dict) and isinstance(b, dict):
        if set(a) != set(b):
            return False
        if "double" in a:
            return same_double(float(a["double"]), float(b["double"]), rel, 0.0)
        return all(same_value(a[k], b[k], rel) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same_value(x, y, rel) for x, y in zip(a, b))
    if rel and isinstance(a, str) and isinstance(b, str):
        try:
            return same_double(float(a), float(b), rel, 0.0)
        except ValueError:
            return a == b
    if isinstance(a, str) and isinstance(b, str) and same_float(a, b):
        return True
    return type(a) is type(b) and a == b


def difference(theirs: dict, ours: dict) -> str | None:
    """What differs between two records of one expression, or None."""
    text = theirs["text"]
    assert (text, theirs["zone"]) == (ours["text"], ours["zone"])
    if ours.get("error") == "UNSUPPORTED_FEATURE" and "error" not in theirs:
        return "refused"
    for part in ("error", "name", "type", "nullable"):
        if theirs.get(part) != ours.get(part):
            return f"{part}: {theirs.get(part, '-')} or {ours.get(part, '-')} {ours.get('error', '')}"
    rel = (ULPS * 1e3 if REMAINDERS.search(text) else ULPS) if CLOSE.search(text) else 0.0
    for k, (a, b) in enumerate(zip(theirs.get("values", []), ours.get("values", []))):
        if not same_value(a, b, rel):
            return f"row {k}: {a} or {b}"
    return None


def only_early(theirs: dict, ours: dict) -> bool:
    """Whether all that differs is an error of Spark in the place of a value."""
    pairs = list(zip(theirs.get("values", []), ours.get("values", [])))
    return bool(pairs) and all(same_value(a, b, 0.0) or (isinstance(a, dict) and "error" in a) for a, b in pairs)


def test_expressions(expressions):
    theirs, ours = expressions["spark"]["grammar"]["value"], expressions["soteria"]["grammar"]["value"]
    assert len(theirs) == len(ours) >= 400
    # The generator is worth something: most are valid, and all kinds of outcomes are there.
    assert sum("error" not in record for record in theirs) > 0.7 * len(theirs)
    faults = [(a, b) for a, b in zip(theirs, ours) if a.get("error") in FAULTS and b.get("error") in FAULTS and a["error"] != b["error"]]
    assert len(faults) <= len(theirs) / 400, faults
    early = [(a, b) for a, b in zip(theirs, ours) if STEPS.search(a["text"]) and difference(a, b) is not None and only_early(a, b)]
    assert len(early) <= len(theirs) / 2000, early
    faults += early
    found = [f"{a['zone']}: {a['text']}\n    {why}" for a, b in zip(theirs, ours) if (a, b) not in faults and (why := difference(a, b)) is not None]
    assert not found, f"{len(found)} of {len(theirs)} differ (Spark or Soteria)\n" + "\n".join(found[:30])
