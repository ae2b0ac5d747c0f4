#!/usr/bin/env python3
"""Checks the rules of STYLE.md that a text search can check. One line a finding; exit status 1."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILE_LINES_MAX = 800
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = {".h": 100, ".cc": 100, ".java": 132, ".py": 160, ".md": 160}  # tables and addresses excepted
# Folders that hold keys or decide: lines of unit test (beside the code) for each line of code, both without comments.
TESTED = ("crypto", "attest", "policy", "storage", "channel", "ledger")
TEST_RATIO_MIN = 0.6
SOURCES = (".h", ".cc")
TEXTS = (*SOURCES, ".py", ".md", ".toml", ".cmake", ".proto", ".txt", ".json", ".yml", ".yaml", ".java", ".xml", "")
TEST_SOURCE = re.compile(r"(_test|_bench|_fuzz|_main)\.cc$|_for_test\.(h|cc)$")

BANNED_NAMES = re.compile(r"(^|_)(utils?|helpers?|common|misc|manager)(_|\.|$)")
BANNED_CODE = {
    re.compile(r"\bassert\("): "use CHECK: assert is off in release builds",
    re.compile(r"\busing namespace std\b"): "no using namespace std",
    re.compile(r"\bstd::(rand|srand|random_device|mt19937(_64)?)\b|\bgetrandom\("): "randomness comes from base::Random",
    re.compile(r"\bsystem_clock\b|\bgettimeofday\b"): "time comes from base::Clock",
    re.compile(r"\bstd::(cout|cerr|clog)\b"): "programs print in src/apps only, and log through base/log.h",
    re.compile(r"\b(to|is)(lower|upper|alpha|alnum|digit|xdigit|space)\(|\bAsciiStrTo|\bascii_(to|is)|'[Aa]' \+ '[Aa]'"):
        "letters and their case come from base/ascii.h",
    re.compile(r"^\s*(struct|class) \w+ForTest\b[^;]*$|^#include .*_for_test\.h\""): "what only tests link is in files _for_test.h",
}
# The pieces are joined so that this file doesn't find itself.
BANNED_WORDS = {
    re.compile(r"\bTO" + r"DO\b|\bFIX" + r"ME\b|\bXX" + r"X\b"): "finish it, or write in docs/ what is missing",
    re.compile(r"/work" + r"/(main|shared)\b|/tm" + r"p/s/"): "a path of one machine",
    re.compile(r"\bsha" + r"red/[A-Z]|SECUR" + r"ITY\.md|DES" + r"IGN\.md|FAC" + r"TS\.md"): "a page that isn't here",
    re.compile(r"\b(SECUR" + r"ITY|DES" + r"IGN) \d"): "cite an invariant (I1..I9) or a page of docs/",
    re.compile(r"(index|extra-index)-u" + r"rl|artifact" + r"ory|\.inter" + r"nal\b"): "a registry of one site",
    re.compile(r"(For|_for_)[Tt]es" + r"ts\b"): "one spelling: _for_test, ForTest",
    re.compile(r"\b(iss" + r"ue|tick" + r"et|p" + r"r) ?#\d", re.I): "a comment says why, not where it was discussed",
}
# Where a rule doesn't hold, and why.
ALLOWED = {
    "src/base/ascii.cc": {"letters and their case come from base/ascii.h"},
    "src/base/": {"time comes from base::Clock", "randomness comes from base::Random"},  # the seam itself
    "src/crypto/": {"randomness comes from base::Random"},
    "src/apps/": {"programs print in src/apps only, and log through base/log.h"},
    "host/local/main.cc": {"programs print in src/apps only, and log through base/log.h"},
    "host/local/process.cc": {"randomness comes from base::Random"},  # the cookie; not under test
    "src/connect/server.cc": {"time comes from base::Clock"},  # gRPC takes a deadline of this type
}
# `new` is meant where a private constructor keeps make_unique out, or where an object lives as long
# as the program does.
NEW = re.compile(r"\bnew [A-Za-z_:]+[({]")
NEW_MEANT = re.compile(r"(unique|shared)_ptr<|\breset\(|\bstatic (const )?|\bWrapUnique\(")


def tracked() -> list[pathlib.Path]:
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True,
                           capture_output=True, text=True).stdout.split("\n")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def is_test(where: str) -> bool:
    return where.startswith("tests/") or bool(TEST_SOURCE.search(where))


def functions_too_long(where: str, lines: list[str]) -> list[str]:
    """A definition of clang-format's making starts at a column and ends with `}` at the same one."""
    found = []
    for indent in ("", "  "):
        start = None
        for number, line in enumerate(lines, 1):
            if start is None or line == "":
                if re.match(indent + r"[A-Za-z~_:]", line) and not re.match(
                        r"\s*(namespace|class|struct|enum|union|extern|public|private|protected|case)\b", line):
                    start = number
            elif line == indent + "}":
                if number - start + 1 > FUNCTION_LINES_MAX and not is_test(where):
                    found.append(f"{where}:{start}: a function of {number - start + 1} lines, at most {FUNCTION_LINES_MAX}")
                start = None
            elif line.endswith(";") and re.match(indent + r"\S", line):
                start = None
    return found


def check_source(where: str, path: pathlib.Path, lines: list[str]) -> list[str]:
    found = []
    if len(lines) - 1 > FILE_LINES_MAX:
        found.append(f"{where}: {len(lines) - 1} lines, at most {FILE_LINES_MAX}")
    if path.suffix == ".h":
        if not lines[0].startswith("//"):
            found.append(f"{where}:1: a header opens with what it is and what must hold")
        body = next((line for line in lines if line and not line.startswith("//")), "")
        if body != "#pragma once":
            found.append(f"{where}: #pragma once follows the opening paragraph")
    allowed = {why for prefix, whys in ALLOWED.items() if where.startswith(prefix) for why in whys}
    statement = ""
    for number, line in enumerate(lines, 1):
        code = line.split("//")[0]
        statement = code if re.search(r"[;{}]\s*$", statement) else statement + code
        if NEW.search(code) and not NEW_MEANT.search(statement) and not is_test(where):
            found.append(f"{where}:{number}: no naked new")
        for pattern, why in BANNED_CODE.items():
            if pattern.search(code) and why not in allowed and not is_test(where):
                found.append(f"{where}:{number}: {why}")
    return found + functions_too_long(where, lines)


def check(path: pathlib.Path) -> list[str]:
    where = str(path.relative_to(ROOT))
    found = []
    if BANNED_NAMES.search(path.name):
        found.append(f"{where}: name says nothing about what is inside")
    if "_for_tes" + "ts" in path.name:
        found.append(f"{where}: one spelling: _for_test, ForTest")
    if path.suffix not in TEXTS or where.startswith("tests/golden/"):
        return found
    try:
        lines = path.read_text().split("\n")
    except UnicodeDecodeError:
        return found
    for number, line in enumerate(lines, 1):
        for pattern, why in BANNED_WORDS.items():
            if pattern.search(line):
                found.append(f"{where}:{number}: {why}")
        if too_wide(path.suffix, line):
            found.append(f"{where}:{number}: {len(line)} columns, at most {COLUMNS_MAX[path.suffix]}")
    if path.suffix in SOURCES:
        found += check_source(where, path, lines)
    return found


def too_wide(suffix: str, line: str) -> bool:
    if suffix not in COLUMNS_MAX or len(line) <= COLUMNS_MAX[suffix] or "http" in line:
        return False
    return not (suffix == ".md" and line.startswith("|") or suffix in SOURCES and '"' in line)


def lines_of_code(paths) -> int:
    return sum(1 for path in paths for line in path.read_text().split("\n") if line.strip() and not line.strip().startswith("//"))


def too_few_tests(root: pathlib.Path = ROOT) -> list[str]:
    found = []
    for folder in TESTED:
        sources = [path for path in (root / "src" / folder).rglob("*") if path.suffix in SOURCES]
        tests = [path for path in sources if re.search(r"_test\.(h|cc)$", path.name)]
        code = lines_of_code(set(sources) - set(tests))
        ratio = lines_of_code(tests) / max(1, code)
        if ratio < TEST_RATIO_MIN:
            found.append(f"src/{folder}: {ratio:.2f} lines of test for each of code, at least {TEST_RATIO_MIN}")
    return found


def findings() -> list[str]:
    return [finding for path in tracked() for finding in check(path)] + too_few_tests()


if __name__ == "__main__":
    problems = findings()
    print("\n".join(problems) if problems else "tidy: ok")
    sys.exit(1 if problems else 0)
