#!/usr/bin/env python3
"""Counts the lines of our own code that the enclave programs link: what must be trusted.

Asks the build which sources each enclave program is made of, and counts lines that aren't blank or
comments, headers included once, in two totals: the core, which handles keys and decides what leaves and has a
budget, and the computation, which grows with what scripts may do. Called by ./run tcb.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CORE = ("base", "crypto", "attest", "channel", "policy", "ledger", "storage", "dataflow", "master", "worker", "apps")
CORE_BUDGET = 22_000
COMPUTATION = ("table", "formats", "exec", "stats", "ml", "plan", "connect")
PROGRAMS = ("soteria-master", "soteria-worker")


def sources_of(build: pathlib.Path, program: str) -> set[pathlib.Path]:
    listing = subprocess.run(["ninja", "-C", str(build), "-t", "inputs", program], check=True, capture_output=True, text=True).stdout
    found = {pathlib.Path(line) for line in listing.splitlines() if line.endswith(".cc")}
    return {path for path in found if path.is_relative_to(ROOT) and "build" not in path.relative_to(ROOT).parts}


def with_headers(sources: set[pathlib.Path]) -> set[pathlib.Path]:
    found, queue = set(), list(sources)
    while queue:
        path = queue.pop()
        if path in found or not path.is_file():
            continue
        found.add(path)
        queue += [ROOT / name for name in re.findall(r'#include "(src/[^"]+)"', path.read_text())]
    return found


def code_lines(path: pathlib.Path) -> int:
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
    return sum(1 for line in text.splitlines() if line.strip() and not line.strip().startswith("//"))


def main() -> int:
    build = pathlib.Path(sys.argv[1]).resolve()
    total: set[pathlib.Path] = set()
    for program in PROGRAMS:
        files = with_headers(sources_of(build, program))
        total |= files
        print(f"{program}: {sum(map(code_lines, files)):,} lines in {len(files)} files")
    by_folder: dict[str, int] = {}
    for path in total:
        by_folder[path.relative_to(ROOT / "src").parts[0]] = by_folder.get(path.relative_to(ROOT / "src").parts[0], 0) + code_lines(path)
    core = 0
    for name, folders in (("core", CORE), ("computation", COMPUTATION)):
        parts = {folder: by_folder.pop(folder) for folder in folders if folder in by_folder}
        lines = sum(parts.values())
        print(f"{name}: {lines:,} lines" + (f" (budget {CORE_BUDGET:,})" if name == "core" else ""))
        for folder, count in sorted(parts.items(), key=lambda item: -item[1]):
            print(f"  {count:>7,}  src/{folder}")
        core = core or lines
    if by_folder:
        print(f"tcb: src/{', src/'.join(sorted(by_folder))} must be listed in tools/tcb.py, as core or as computation", file=sys.stderr)
        return 1
    return 0 if core <= CORE_BUDGET else 1


if __name__ == "__main__":
    sys.exit(main())
