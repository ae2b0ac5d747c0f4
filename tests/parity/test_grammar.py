"""Seeded expressions (grammar.py) on stock Spark and on Soteria: name, type, nullability, each row's value or error.

SOTERIA_EXPRESSIONS says how many (./run test --full: 10,000), SOTERIA_EXPRESSIONS_SEED which.
"""

from __future__ import annotations

import re

from grammar import ROUNDED
from recorder import same_double

ULPS = 1e-14  # C's libm and Java's fdlibm: relative
CLOSE = re.compile(r"\b(" + "|".join(sorted(ROUNDED)) + r")\b", re.I)


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
    rel = ULPS if CLOSE.search(text) else 0.0
    for k, (a, b) in enumerate(zip(theirs.get("values", []), ours.get("values", []))):
        if not same_value(a, b, rel):
            return f"row {k}: {a} or {b}"
    return None


def test_expressions(expressions):
    theirs, ours = expressions["spark"]["grammar"]["value"], expressions["soteria"]["grammar"]["value"]
    assert len(theirs) == len(ours) >= 400
    # The generator is worth something: most are valid, and all kinds of outcomes are there.
    assert sum("error" not in record for record in theirs) > 0.7 * len(theirs)
    found = [f"{a['zone']}: {a['text']}\n    {why}" for a, b in zip(theirs, ours) if (why := difference(a, b)) is not None]
    assert not found, f"{len(found)} of {len(theirs)} differ (Spark or Soteria)\n" + "\n".join(found[:30])
