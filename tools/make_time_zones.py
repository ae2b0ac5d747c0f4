#!/usr/bin/env python3
"""Writes the rules of all time zones as a C++ source: make_time_zones.py OUT.

The rules are the IANA's, from the package `tzdata` of requirements.txt, so that they are compiled into what is measured: a
program in an enclave must not read the host's /usr/share/zoneinfo. The ids are those of java.time, which leaves out a few.
"""

from __future__ import annotations

import pathlib
import re
import struct
import sys

import tzdata

# Not among java.time's regions: three that it takes for short names of offsets, one link, one placeholder, and two that its
# parser of offsets reads.
LEFT_OUT = {"EST", "MST", "HST", "ROC", "Factory", "GMT+0", "GMT-0"}


def name_end(text: str) -> int:
    return text.index(">") + 1 if text.startswith("<") else re.match("[A-Za-z]+", text).end()


def seconds(text: str) -> int:
    sign = -1 if text.startswith("-") else 1
    parts = [int(part) for part in text.lstrip("+-").split(":")] + [0, 0]
    return sign * (parts[0] * 3600 + parts[1] * 60 + parts[2])


def change(text: str) -> tuple[int, int, int, int]:
    """(month, week, day of the week, second of the day) of "M3.2.0/2"."""
    day, _, time = text.partition("/")
    month, week, weekday = re.fullmatch(r"M(\d+)\.(\d)\.(\d)", day).groups()
    return int(month), int(week), int(weekday), seconds(time) if time else 7200


def rule(footer: str):
    """What a POSIX TZ string says of the years after the last change that is listed; None where nothing changes."""
    name, _, days = footer.partition(",")
    if not days:
        return None
    rest = name[name_end(name):]
    standard = re.match(r"[+-]?[\d:]+", rest).group()
    rest = rest[len(standard):]
    rest = rest[name_end(rest):]
    base = -seconds(standard)
    summer = -seconds(rest) if rest else base + 3600
    begin, end = days.split(",")
    return base, summer, *change(begin), *change(end)


def read(data: bytes):
    """The second block of a TZif file: changes (second, offset after it), the offset before them, the footer's rule."""
    at = 0
    for version in (1, 2):
        assert data[at:at + 4] == b"TZif"
        utc, std, leap, times, types, chars = struct.unpack(">6l", data[at + 20:at + 44])
        at += 44
        size = 4 if version == 1 else 8
        if version == 2:
            break
        at += times * (size + 1) + types * 6 + chars + leap * (size + 4) + std + utc
    changes = struct.unpack(f">{times}q", data[at:at + times * 8])
    at += times * 8
    kinds = data[at:at + times]
    at += times
    offsets = [struct.unpack(">l", data[at + 6 * k:at + 6 * k + 4])[0] for k in range(types)]
    at += types * 6 + chars + leap * 12 + std + utc
    footer = data[at:].decode().strip("\n")
    rows, last = [], offsets[0]
    for second, kind in zip(changes, kinds):
        # The last one stays: the footer's rule holds from there on.
        if offsets[kind] != last or second == changes[-1]:
            last = offsets[kind]
            rows.append((second, last))
    return rows, offsets[0], rule(footer)


def main() -> None:
    package = pathlib.Path(tzdata.__file__).parent
    ids = sorted(set((package / "zones").read_text().split()) - LEFT_OUT)
    seconds_of, offsets_of, rules, zones, known = [], [], [], [], {}
    for name in ids:
        data = (package / "zoneinfo" / name).read_bytes()
        if data not in known:
            rows, first, last = read(data)
            if last is not None:
                rules.append(last)
            known[data] = (len(seconds_of), len(rows), first, len(rules) - 1 if last is not None else -1)
            seconds_of += [row[0] for row in rows]
            offsets_of += [row[1] for row in rows]
        zones.append((name, *known[data]))
    out = [f"// Made by tools/make_time_zones.py from tzdata {tzdata.IANA_VERSION}.",
           '#include "src/table/time_zone_rules.h"', "namespace soteria::table::internal {"]
    out.append(f"const int64_t kChangeSeconds[] = {{{','.join(f'{s}LL' for s in seconds_of)}}};")
    out.append(f"const int32_t kChangeOffsets[] = {{{','.join(map(str, offsets_of))}}};")
    table = ",".join("{%d,%d,{%d,%d,%d,%d},{%d,%d,%d,%d}}" % row for row in rules)
    out.append(f"const YearlyRule kYearlyRules[] = {{{table}}};")
    table = ",\n".join('{"%s",%d,%d,%d,%d}' % row for row in zones)
    out.append(f"const ZoneRow kZoneRows[] = {{{table}}};")
    out.append(f"const size_t kZoneCount = {len(zones)};\n}}  // namespace soteria::table::internal")
    pathlib.Path(sys.argv[1]).write_text("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
