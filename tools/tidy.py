#!/usr/bin/env python3
"""Checks the rules of STYLE.md that a text search can check. One line a finding; exit status 1."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILE_LINES_MAX = 800
COLUMNS_MAX = 100
BANNED_NAMES = re.compile(r"(^|_)(utils?|helpers?|common|misc|manager)(_|\.|$)")
BANNED_TEXT = {
    re.compile(r"\bassert\("): "use CHECK: assert is off in release builds",
    re.compile(r"\bnew [A-Za-z_:]+[({]"): "no naked new: std::make_unique, or absl::WrapUnique's form with a reason",
    re.compile(r"\bTO" + r"DO\b|\bFIX" + r"ME\b"): "finish it or write it down in docs/",
    re.compile(r"using namespace std\b"): "no using namespace std",
    re.compile(r"\bstd::(rand|srand|random_device)\b"): "randomness comes from base::Random",
    re.compile(r"\bstd::chrono::system_clock\b"): "time comes from base::Clock",
}
ALLOW = {
    # file: substrings of lines that are meant
    "src/base/": ("system_clock", "new "),
}
CHECKED = (".h", ".cc")


def tracked() -> list[pathlib.Path]:
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True,
                           capture_output=True, text=True).stdout.split("\n")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def check(path: pathlib.Path) -> list[str]:
    where = str(path.relative_to(ROOT))
    found = []
    if BANNED_NAMES.search(path.name):
        found.append(f"{where}: name says nothing about what is inside")
    if path.suffix not in CHECKED:
        return found
    lines = path.read_text().split("\n")
    if len(lines) > FILE_LINES_MAX:
        found.append(f"{where}: {len(lines)} lines, at most {FILE_LINES_MAX}")
    if path.suffix == ".h":
        if not lines[0].startswith("//"):
            found.append(f"{where}:1: a header opens with what it is and what must hold")
        if "#pragma once" not in lines:
            found.append(f"{where}: no #pragma once")
    allowed = tuple(s for prefix, subs in ALLOW.items() if where.startswith(prefix) for s in subs)
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS_MAX and "http" not in line and '"' not in line:
            found.append(f"{where}:{number}: {len(line)} columns, at most {COLUMNS_MAX}")
        code = line.split("//")[0]
        for pattern, why in BANNED_TEXT.items():
            if pattern.search(code) and not any(a in line for a in allowed):
                found.append(f"{where}:{number}: {why}")
    return found


if __name__ == "__main__":
    problems = [finding for path in tracked() for finding in check(path)]
    print("\n".join(problems) if problems else "tidy: ok")
    sys.exit(1 if problems else 0)
