"""The plot of bench/run.py: for each workload the time of every side as a multiple of stock Spark's, on a logarithmic scale.

    python bench/bench_plot.py bench/out/bench.json    # draws it again
"""

from __future__ import annotations

import json
import math
import pathlib
import sys

from drawing import opening, text, write

COLOURS = {"A": ("Spark, which protects nothing", "#8a8f98"), "D": ("Spark, encrypted", "#5d6673"), "B": ("Soteria", "#1f5f8b"),
           "C": ("native program", "#e9a03b")}
WIDTH, HEIGHT, LEFT, TOP = 1120, 320, 60, 70
BAR, GAP = 22, 26


def decades(ratios: list[float]) -> tuple[int, int]:
    """Powers of ten around all of them and 1."""
    return math.floor(math.log10(min([*ratios, 1.0]))), max(1, math.ceil(math.log10(max([*ratios, 1.0]))))


def relative(result: dict) -> dict[str, float]:
    """Times over stock Spark's; nothing where Spark has none."""
    sides = result["sides"]
    if "A" not in sides:
        return {}
    return {name: sides[name]["median"] / sides["A"]["median"] for name in COLOURS if name in sides}


def svg(report: dict) -> str:
    groups = [(result["workload"], found) for result in report["results"] if (found := relative(result))]
    low, high = decades([value for _, group in groups for value in group.values()])

    def height(value: float) -> float:
        return HEIGHT * (math.log10(value) - low) / (high - low)

    out = [*opening(WIDTH, TOP + HEIGHT + 60),
           text(LEFT, 22, "Load and fit, as a multiple of stock Spark's time (logarithmic)", 16, "start"),
           text(WIDTH - 20, 22, f"{report['cores']} cores, medians of {report['runs']}", 11, "end")]
    at = LEFT
    for name, colour in COLOURS.values():
        out += [f'<rect x="{at}" y="34" width="12" height="12" fill="{colour}"/>', text(at + 17, 44, name, 12, "start")]
        at += 40 + 7 * len(name)
    for power in range(low, high + 1):
        y = TOP + HEIGHT - height(10.0 ** power)
        out.append(f'<line x1="{LEFT}" x2="{WIDTH - 20}" y1="{y:.1f}" y2="{y:.1f}" stroke="{"#22262b" if power == 0 else "#d9dce1"}"/>')
        out.append(text(LEFT - 6, y + 4, f"{10.0 ** power:g}", 11, "end"))
    left = LEFT + GAP
    bars = sum(len(group) for _, group in groups)
    bar = min(BAR, (WIDTH - LEFT - 40 - GAP * (len(groups) + 1)) / max(bars, 1))
    for workload, group in groups:
        begin = left
        for name, value in group.items():
            top = height(value)
            out.append(f'<rect x="{left:.1f}" y="{TOP + HEIGHT - top:.1f}" width="{bar - 2:.1f}" height="{top:.1f}" fill="{COLOURS[name][1]}">'
                       f"<title>{COLOURS[name][0]}, {workload}: {value:.3f}</title></rect>")
            left += bar
        out.append(text((begin + left) / 2, TOP + HEIGHT + 18, workload, 12))
        left += GAP
    return "\n".join([*out, "</svg>", ""])


def write_plots(source: pathlib.Path, plot: pathlib.Path) -> list[pathlib.Path]:
    return write(svg(json.loads(source.read_text())), plot)


if __name__ == "__main__":
    given = pathlib.Path(sys.argv[1])
    write_plots(given, given.with_suffix(".svg"))
