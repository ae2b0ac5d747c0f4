"""What crossed to the statistics process, read from a host's record (docs/formats/statistics.md), by a reader of its own."""

from __future__ import annotations

import hashlib
import pathlib
import struct
import sys
from typing import NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "hostile"))
from recorded import frames  # noqa: E402

STATISTIC, STATISTIC_DONE = 40, 41
KINDS = {1: "binary", 2: "multiclass", 3: "regression", 4: "summary", 5: "classes"}
FORMS = {1: "sums", 2: "rows"}


class Question(NamedTuple):
    kind: str
    metric: str
    form: str
    numbers: tuple
    payload: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.payload).hexdigest()

    def cells(self) -> list[float]:
        """How many rows each released count is about."""
        if self.kind == "binary":
            return [count for i in range(0, len(self.numbers), 3) for count in self.numbers[i + 1:i + 3]]
        if self.kind == "multiclass":
            return [] if self.metric == "logLoss" else list(self.numbers[4::3])
        if self.kind == "classes":
            return list(self.numbers)
        if self.kind == "summary" and self.metric.startswith("vector"):
            rows, width = self.numbers[0], 3 if self.metric in ("vectorVariance", "vectorStd") else 2
            return [rows] + [cell for some in self.numbers[1::width] for cell in (some, rows - some)]
        if self.kind == "summary":
            return list(self.numbers[::2])
        return [self.numbers[0]]


def question(payload: bytes) -> Question:
    parts, at = [], 0
    while at < len(payload):
        length, = struct.unpack_from("<Q", payload, at)
        parts.append(payload[at + 8:at + 8 + length])
        at += 8 + length
    kind, metric, _, _, _, _, form, data = parts
    numbers = struct.unpack(f"<{len(data) // 8}d", data)
    return Question(KINDS[int.from_bytes(kind, "little")], metric.decode(), FORMS[int.from_bytes(form, "little")],
                    numbers, payload)


class Record:
    """Frames of the statistics process that weren't there when it was last asked."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.seen: dict[pathlib.Path, int] = {}

    def new(self, pattern: str, kind: int) -> list[bytes]:
        found = []
        for path in sorted(self.folder.glob(pattern)):
            all_frames = [frame.payload for frame in frames(path) if frame.kind == kind]
            found += all_frames[self.seen.get(path, 0):]
            self.seen[path] = len(all_frames)
        return found

    def questions(self) -> list[Question]:
        """What the master let out; the process got the same and nothing else."""
        left = self.new("*-master.in", STATISTIC)
        assert sorted(left) == sorted(self.new("*-statistics.out", STATISTIC))
        return [question(payload) for payload in left]
