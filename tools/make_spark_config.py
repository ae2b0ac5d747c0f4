#!/usr/bin/env python3
"""Makes a C++ table of src/connect/spark_config.tsv: make_spark_config.py IN OUT."""

import json
import pathlib
import sys

KINDS = {"session": "kSession", "static": "kStatic", "core": "kCore"}


def main() -> None:
    rows = []
    for line in pathlib.Path(sys.argv[1]).read_text().splitlines():
        key, kind, where, value = line.split("\t")
        text = "nullptr" if value == "\\N" else json.dumps(value)
        rows.append(f"{{{json.dumps(key)}, {json.dumps(kind)}, ConfigKind::{KINDS[where]}, {text}}}")
    assert rows == sorted(rows, key=lambda row: row.split('"')[1])
    pathlib.Path(sys.argv[2]).write_text(
        '#include "src/connect/spark_config.h"\nnamespace soteria::connect {\n'
        f"const SparkConfigKey kSparkConfig[] = {{\n{chr(10).join(row + ',' for row in rows)}\n}};\n"
        f"const size_t kSparkConfigCount = {len(rows)};\n}}  // namespace soteria::connect\n")


if __name__ == "__main__":
    main()
