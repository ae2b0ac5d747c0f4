#!/usr/bin/env python3
"""Writes src/connect/spark_functions.cc: the names of Spark's built-in functions.

    python3 tools/spark_names.py NAMES    NAMES: a file with a name a line, as SHOW SYSTEM FUNCTIONS of the stock
                                          Spark of requirements.txt gives them
    python3 tools/spark_names.py --check NAMES

The functions that only the Connect client names are read from the installed pyspark package.
"""

from __future__ import annotations

import argparse
import importlib.util
import pathlib
import re
import sys

OUT = pathlib.Path(__file__).resolve().parent.parent / "src/connect/spark_functions.cc"
HEAD = """// Made by tools/spark_names.py; a test compares it with stock Spark. Don't edit.
#include "src/connect/spark_functions.h"

#include <algorithm>
#include <iterator>
#include <string>

namespace soteria::connect {
namespace {

// clang-format off
constexpr std::string_view kNames[] = {
"""
TAIL = """};
// clang-format on

}  // namespace

bool IsSparkFunction(std::string_view lower) {
  return std::binary_search(std::begin(kNames), std::end(kNames), lower);
}

std::span<const std::string_view> SparkFunctions() { return kNames; }

}  // namespace soteria::connect
"""


def client_names() -> set[str]:
    """What the client sends: the first argument of each of its calls by name."""
    package = pathlib.Path(importlib.util.find_spec("pyspark").origin).parent / "sql/connect"
    names = set()
    for path in ("functions/builtin.py", "avro/functions.py", "protobuf/functions.py"):
        text = (package / path).read_text()
        names |= {name.lower() for name in re.findall(r'_invoke_function\w*\(\s*"([^"]+)"', text)}
    return names


def source(system_functions: set[str]) -> str:
    names = {n for n in system_functions | client_names() if re.fullmatch(r"[a-z0-9_]+", n)}
    lines, line = [], "   "
    for name in sorted(names):
        item = f' "{name}",'
        if len(line) + len(item) > 100:
            lines.append(line)
            line = "   "
        line += item
    return HEAD + "\n".join([*lines, line]) + "\n" + TAIL


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("names", type=pathlib.Path)
    arguments = parser.parse_args()
    text = source(set(arguments.names.read_text().split()))
    if arguments.check:
        return 0 if OUT.read_text() == text else 1
    OUT.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
