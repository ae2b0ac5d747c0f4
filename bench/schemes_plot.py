"""The plot of bench/schemes.py: one panel for each size, times as grouped bars, drawn as SVG; Chromium makes the PNG of it.

    python bench/schemes_plot.py bench/out/schemes.json    # draws it again
"""

from __future__ import annotations

import json
import math
import pathlib
import sys

from drawing import opening, text, write

COLOURS = {"Spark": "#8a8f98", "baseline": "#1f5f8b", "aggregate": "#2a9d8f", "scores": "#e9a03b", "scores, unverified": "#c8553d"}
MEASURES = (("median", "wall, s"), ("cpu", "CPU of all processes, s"), ("cpu_inside", "CPU inside enclaves, s"))
WIDTH, PANEL_HEIGHT, LEFT, GAP, TOP = 1120, 240, 60, 24, 74
BAR, GROUP_GAP = 17, 14
BUSY = 0.1  # of the cores: with more than that taken by others, wall times say little


def ticks(value: float) -> list[float]:
    """From 0 to the least that isn't below, four to eight steps of 1, 2 or 5 times a power of ten."""
    value = max(value, 1e-9)
    power = math.floor(math.log10(value)) - 1
    steps = (factor * 10.0 ** exponent for exponent in (power, power + 1) for factor in (1, 2, 5))
    step = next(step for step in steps if math.ceil(value / step - 1e-9) <= 8)
    return [round(step * part, 12) for part in range(math.ceil(value / step - 1e-9) + 1)]


def busy_note(report: dict) -> str:
    """What other work the machine had, looked at before each session."""
    busy = [one["busy"] for one in report["results"] if "busy" in one]
    if not busy:
        return "other work of the machine: not recorded"
    note = f"other work before the sessions: {min(busy):.1f} to {max(busy):.1f} cores"
    return note + (": BUSY, compare CPU times only" if max(busy) > BUSY * report.get("cores", 1) else "")


def panel(results: list[dict], measure: str, title: str, x: float, y: float, width: float) -> list[str]:
    shown = [one | {"cpu": one["cpu_inside"] + one["cpu_outside"]} for one in results if measure != "cpu_inside" or one["scheme"] != "Spark"]
    groups = [(memory, [one for one in shown if one["memory"] == memory]) for memory in ("-", "unlimited", "1GiB", "128MiB")]
    groups = [(memory, group) for memory, group in groups if group]
    marks = ticks(max(one[measure] for one in shown))
    top = marks[-1]
    out = [text(x + width / 2, y - 8, title, 13)]
    for mark in marks:
        at = y + PANEL_HEIGHT * (1 - mark / top)
        out.append(f'<line x1="{x}" x2="{x + width}" y1="{at:.1f}" y2="{at:.1f}" stroke="#d9dce1"/>')
        out.append(text(x - 5, at + 4, f"{mark:g}", 11, "end"))
    bars = sum(len(group) for _, group in groups)
    bar = min(BAR, (width - GROUP_GAP * (len(groups) + 1)) / bars)
    left = x + GROUP_GAP
    for memory, group in groups:
        begin = left
        for one in group:
            height = PANEL_HEIGHT * one[measure] / top
            out.append(f'<rect x="{left:.1f}" y="{y + PANEL_HEIGHT - height:.1f}" width="{bar - 2:.1f}" height="{height:.1f}" fill="{COLOURS[one["scheme"]]}">'
                       f'<title>{one["scheme"]}, {memory}: {one[measure]:.2f}</title></rect>')
            left += bar
        out.append(text((begin + left) / 2, y + PANEL_HEIGHT + 16, "Spark" if memory == "-" else memory, 11))
        left += GROUP_GAP
    return out


def svg(report: dict) -> str:
    sizes = sorted({one["rows"] for one in report["results"]})
    width = (WIDTH - LEFT - 3 * GAP) / 3 - 24
    height = TOP + len(sizes) * (PANEL_HEIGHT + 84)
    out = [*opening(WIDTH, height),
           text(LEFT, 22, "Logistic regression, train and evaluate: by scheme and enclave memory", 16, "start"),
           text(WIDTH - GAP, 22, report["machine"], 11, "end"),
           text(WIDTH - GAP, 44, busy_note(report), 11, "end")]
    at = LEFT
    for scheme, colour in COLOURS.items():
        out += [f'<rect x="{at}" y="34" width="12" height="12" fill="{colour}"/>', text(at + 17, 44, scheme, 12, "start")]
        at += 36 + 7 * len(scheme)
    for line, rows in enumerate(sizes):
        y = TOP + 34 + line * (PANEL_HEIGHT + 84)
        results = [one for one in report["results"] if one["rows"] == rows]
        out.append(text(LEFT - 44, y - 24, f"{rows:,} rows x 100 features", 14, "start", 'font-weight="bold"'))
        for column, (measure, title) in enumerate(MEASURES):
            out += panel(results, measure, title, LEFT + column * (width + GAP + 24), y, width)
    return "\n".join([*out, "</svg>", ""])


def write_plots(report: dict, folder: pathlib.Path) -> list[pathlib.Path]:
    """schemes.svg, and schemes.png where there is a Chromium."""
    return write(svg(report), folder / "schemes.svg")


if __name__ == "__main__":
    source = pathlib.Path(sys.argv[1])
    write_plots(json.loads(source.read_text()), source.parent)
