#!/usr/bin/env python3
"""Checks direct includes against tools/layers.toml. Exit status 1 and one line a finding."""

import pathlib
import re
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')
TEST_SOURCE = re.compile(r"(_test|_bench|_main)\.cc$|_for_test\.(h|cc)$")


def folder_of(parts: tuple[str, ...]) -> str:
    """src/base/x.h -> base; host/local/x.h -> host/local."""
    return parts[1] if parts[0] == "src" else "/".join(parts[:2])


def check(where: str, text: str, rules: dict) -> list[str]:
    folder = folder_of(pathlib.PurePath(where).parts)
    test = bool(TEST_SOURCE.search(where))
    if folder not in rules["may_include"]:
        return [f"{where}: folder '{folder}' is not in tools/layers.toml"]
    may = set(rules["may_include"][folder])
    more = set(rules["test_may_include"].get(folder, [])) if test else set()
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        target = match.group(1)
        if target.startswith(("src/", "host/")):
            used = folder_of(pathlib.PurePath(target).parts)
            if used == "apps" and folder != "apps":
                found.append(f"{where}:{number}: nobody includes apps")
            elif used != folder and used not in may | more and "*" not in may:
                found.append(f"{where}:{number}: {folder} may not include {used} ({target})")
        for prefix, users in rules["sole_user"].items():
            if target.startswith(prefix) and folder not in users and prefix not in more:
                found.append(f"{where}:{number}: {'only ' + ', '.join(users) if users else 'nobody'} may include {prefix}")
        if where.endswith(".h") and not test and target.startswith(tuple(rules["cc_only"]["prefixes"])):
            found.append(f"{where}:{number}: {target} belongs in .cc files only")
    return found


def findings() -> list[str]:
    rules = tomllib.loads((ROOT / "tools/layers.toml").read_text())
    return [finding
            for path in sorted([*ROOT.glob("src/**/*"), *ROOT.glob("host/**/*")])
            if path.suffix in (".h", ".cc")
            for finding in check(str(path.relative_to(ROOT)), path.read_text(), rules)]


if __name__ == "__main__":
    problems = findings()
    print("\n".join(problems) if problems else "layers: ok")
    sys.exit(1 if problems else 0)
