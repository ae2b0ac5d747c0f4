"""Every function by small sets of arguments (function_cases.py) on stock Spark and on Soteria: name, type, nullability, values, errors."""

from __future__ import annotations

import pathlib
import re

import function_cases
from test_grammar import ULPS, same_value

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/functions.md"
# What Spark answers and Soteria refuses by name.
REFUSED = {
    "printf('%s', at)", "printf('%s', a)", "printf('%s', st)", "regexp_like(s, '(?i)ABC')"
}
# Differences that are known, by kind, and why they stay for now.
KINDS = {
    'Spark takes what a static method of Java gives to be nullable': [
        "right('', 2)", 'right(12, 2)', "split_part('a.b.c', '.', 0)", "split_part('a.b.c', '.', -1)", "split_part('a.b.c', '.', 3)",
        "split_part('', 'b', -1)", "split_part(12, 'b', -1)", "luhn_check('79927398713')", "luhn_check('')", 'luhn_check(12)', "url_encode('')",
        'url_encode(12)', "url_encode('a b&c=d/ü*~')", "url_decode('a+b%26')", "url_decode('%zz')", "encode('', 'UTF-8')", "encode(12, 'UTF-8')",
        "is_valid_utf8('')", 'is_valid_utf8(12)', "make_valid_utf8('')", 'make_valid_utf8(12)',
        'from_unixtime(k * 100000)', "from_unixtime(0, 'yyyy/MM')", 'try_to_timestamp(12)'],
    'arguments are cast that Spark refuses': [
        'soundex(12)', 'format_number(1234567.891D, y)', 'mask(12)', 'unix_date(at)', "unix_date('2021-12-31')", 'unix_seconds(day)',
        "unix_seconds('2020-06-01 12:34:56.789')", 'unix_millis(day)', "unix_millis('2020-06-01 12:34:56.789')", 'unix_micros(day)',
        "unix_micros('2020-06-01 12:34:56.789')", 'array_sort(null)', 'array_union(null, a)', 'array_intersect(null, array(1, 3, null))',
        'array_except(a, null)', 'arrays_overlap(null, a)', 'array_insert(a, null, 9)', 'array_repeat(s, y)'],
    'Spark names defaults that it fills in': [
        'mask(s)', "mask('')", 'mask(null)', "mask(s, 'Q')", 'array_sort(a)', 'array_sort(w)',
        'array_sort(array(3, 1, null, 3))', 'array_sort(array())', "array_sort(array(1.5D, double('NaN'), 0.0D, -0.0D))"],
    'refused by another condition': [
        'timestamp_seconds(l)', 'to_date(12)', 'array_remove(null, 3)', 'array_append(null, 7)', 'array_prepend(null, 7)',
        'array_insert(null, 2, 9)'],
    'Spark knows the function in its Python interface alone': [
        'agg: product(y)', 'agg: product(x)'],
    'no text is cut within a character': [
        "regexp_replace(s, '', '-')"],
    'its last digits: means are updated, not summed': [
        'agg: regr_avgx(y, h)'],
}
DIFFERENT = {text for texts in KINDS.values() for text in texts}


def difference(theirs: dict, ours: dict) -> str | None:
    if ours.get("error") == "UNSUPPORTED_FEATURE" and "error" not in theirs:
        return "refused"
    for part in ("error", "name", "type", "nullable"):
        if theirs.get(part) != ours.get(part):
            return f"{part}: {theirs.get(part, '-')} or {ours.get(part, '-')} {ours.get('error', '')}"
    for row, (a, b) in enumerate(zip(theirs.get("values", []), ours.get("values", []), strict=True)):
        if not same_value(a, b, ULPS):
            return f"row {row}: {a} or {b}"
    return None


def test_functions(expressions):
    theirs, ours = expressions["spark"]["functions"]["value"], expressions["soteria"]["functions"]["value"]
    assert list(theirs) == list(ours)
    assert sum("error" not in record for record in theirs.values()) > 0.7 * len(theirs)
    found = {text: difference(record, ours[text]) for text, record in theirs.items()}
    assert {text for text, why in found.items() if why == "refused"} == REFUSED
    wrong = [f"{text}\n    {why}" for text, why in found.items() if why not in (None, "refused") and text not in DIFFERENT]
    assert not wrong, f"{len(wrong)} of {len(found)} differ (Spark or Soteria)\n" + "\n".join(wrong[:60])
    assert not [text for text in DIFFERENT if found[text] is None], "they agree after all"


def test_each_function_has_a_case():
    section = PAGE.read_text().split("## Functions")[1].split("## Classes")[0]
    names = {name for name in re.findall(r"`([a-z_0-9]+)`", section)} - {"agg", "select", "aggregate_metrics"}
    others = [path.read_text() for path in pathlib.Path(__file__).parent.glob("*.py") if path.name not in ("function_cases.py", "test_functions.py")]
    seeded = "".join(others)
    cases = {**function_cases.SCALARS, **function_cases.AGGREGATES, **function_cases.LAMBDAS}
    assert len(names) > 100
    assert not sorted(name for name in names if name not in cases and not re.search(rf"\b{name}\b", seeded))
