#!/usr/bin/env python3
"""Writes src/connect/spark_config.tsv from stock Spark (needs Java): dump_spark_config.py OUT.

One line a configuration key that Spark registers: key, type, kind (session, static, core), default ("\\N" for none).
"""

from __future__ import annotations

import pathlib
import re
import sys

from pyspark.sql import SparkSession


def main() -> None:
    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    spark = builder.config("spark.sql.session.timeZone", "Etc/UTC").getOrCreate()
    getattr(getattr(spark._jvm.org.apache.spark.sql.connect.config, "Connect$"), "MODULE$")  # registers its keys
    core = getattr(spark._jvm.org.apache.spark, "internal").config
    registered = getattr(getattr(core, "ConfigEntry$"), "MODULE$").knownConfigs().keySet().toArray()
    conf = getattr(getattr(getattr(spark._jvm.org.apache.spark.sql, "internal"), "SQLConf$"), "MODULE$")
    rows = {str(key): ("string", "core", None) for key in registered}
    for entry in conf.getConfigEntries().toArray():
        kind = "string"
        try:
            entry.valueConverter().apply("\1")
        except Exception as error:  # noqa: BLE001: its text names the type
            named = re.search(r"a/an '(\w+)' value", str(error))
            kind = named.group(1) if named else "string"
        try:
            value = spark.conf.get(entry.key())
        except Exception:  # noqa: BLE001: without a default there is nothing to get
            value = None
        rows[entry.key()] = (kind, "static" if conf.isStaticConfigKey(entry.key()) else "session", value)
    lines = []
    for key, (kind, where, value) in sorted(rows.items()):
        text = "\\N" if value is None else value.replace("\n", " ").replace("\t", " ")
        lines.append(f"{key}\t{kind}\t{where}\t{text}\n")
    pathlib.Path(sys.argv[1]).write_text("".join(lines))


if __name__ == "__main__":
    main()
