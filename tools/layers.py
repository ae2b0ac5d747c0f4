#!/usr/bin/env python3
"""Checks direct includes against tools/layers.toml. Exit status 1 and one line a finding."""

import pathlib
import re
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')


def folder_of(path: pathlib.Path) -> str | None:
    parts = path.relative_to(ROOT).parts
    if parts[0] == "src":
        return parts[1]
    if parts[0] == "host":
        return "/".join(parts[:2])
    return None


def findings() -> list[str]:
    rules = tomllib.loads((ROOT / "tools/layers.toml").read_text())
    may, sole, cc_only = rules["may_include"], rules["sole_user"], rules["cc_only"]["prefixes"]
    found = []
    for path in sorted([*ROOT.glob("src/**/*"), *ROOT.glob("host/**/*")]):
        if path.suffix not in (".h", ".cc"):
            continue
        folder = folder_of(path)
        where = path.relative_to(ROOT)
        if folder != "apps" and folder not in may:
            found.append(f"{where}: folder '{folder}' is not in tools/layers.toml")
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            target = match.group(1)
            if target.startswith(("src/", "host/")):
                used = "/".join(target.split("/")[:2]) if target.startswith("host/") else target.split("/")[1]
                if folder != "apps" and used != folder and used not in may[folder]:
                    found.append(f"{where}:{number}: {folder} may not include {used} ({target})")
                if used == "apps":
                    found.append(f"{where}:{number}: nobody includes apps")
            for prefix, users in sole.items():
                if target.startswith(prefix) and folder not in users:
                    found.append(f"{where}:{number}: only {', '.join(users)} may include {prefix}")
            if path.suffix == ".h" and target.startswith(tuple(cc_only)):
                found.append(f"{where}:{number}: {target} belongs in .cc files only")
    return found


if __name__ == "__main__":
    problems = findings()
    print("\n".join(problems) if problems else "layers: ok")
    sys.exit(1 if problems else 0)
