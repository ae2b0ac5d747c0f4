"""What Spark moves of a job beside what the enclaves sealed. Spark's side is its event log (with block updates), the other the
host's record of the same driver. Every stage must have been a Spark job of its own (spark.soteria.residentBytes=0).
"""

from __future__ import annotations

import json
import pathlib
import re
import sys
from typing import Iterable, NamedTuple

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests/hostile"))

import recorded  # noqa: E402

REDUCE, SHUFFLE = 4, 5
PIECE = re.compile(r"broadcast_(\d+)_piece\d+")


class Moved(NamedTuple):
    """Sealed messages, and the bytes that Spark needed for them."""
    messages: int
    payload: int
    moved: int

    @property
    def allowed(self) -> float:
        return 1.05 * self.payload + 100 * self.messages

    def __str__(self) -> str:
        return f"{self.moved:,} bytes for {self.messages:,} messages of together {self.payload:,} (promised: at most {self.allowed:,.0f})"


def moved_in(sizes: Iterable[int], moved: int) -> Moved:
    sizes = list(sizes)
    return Moved(len(sizes), sum(sizes), moved)


def stages_of(record: pathlib.Path, session: int) -> dict[int, tuple[int, int]]:
    """Terminal and levels of the reduce tree above the partitions, by stage."""
    found = {}
    for frame in recorded.frames(record / f"session-{session}-master.in"):
        if frame.kind == recorded.RUN_STAGE:
            run = recorded.fields(frame.payload)
            nodes, levels = run[3][0], 0
            while run[2][0] == REDUCE and nodes > 1:
                nodes, levels = -(-nodes // run[4][0]), levels + 1
            found[frame.id] = run[2][0], levels
    return found


def blobs(record: pathlib.Path, session: int, direction: str, kind: int) -> Iterable[tuple[int, dict]]:
    """Stage and fields of each sealed message that passed a slot."""
    for path in record.glob(f"session-{session}-worker-*-slot-*.{direction}"):
        for frame in recorded.frames(path):
            if frame.kind == kind:
                for blob in recorded.fields(frame.payload).get(4, []):
                    yield frame.id, recorded.fields(blob)


def shuffles(events: Iterable[dict], record: pathlib.Path, session: int) -> dict[str, Moved]:
    """What stages that reduce and stages that shuffle wrote, and what others read of it."""
    stages = stages_of(record, session)
    sealed: dict[str, list[int]] = {"reduce": [], "shuffle": [], "read": []}
    for stage, blob in blobs(record, session, "in", recorded.TASK_DONE):
        terminal, levels = stages[stage]
        place = recorded.fields(blob[2][0]) if 2 in blob else {}
        if terminal == REDUCE and place.get(1, [0])[0] < levels:
            sealed["reduce"].append(len(blob[3][0]))
        if terminal == SHUFFLE:
            sealed["shuffle"].append(len(blob[3][0]))
            if 4 not in place:  # for the master, in a target of its own
                sealed["read"].append(len(blob[3][0]))
    sealed["read"] += [len(blob[3][0]) for _, blob in blobs(record, session, "out", recorded.TASK)]
    moved, kinds = dict.fromkeys(sealed, 0), {}
    for event in events:
        if event["Event"] == "SparkListenerStageSubmitted":
            kinds[event["Stage Info"]["Stage ID"]] = event["Stage Info"]["Stage Name"].split()[0]
        if event["Event"] == "SparkListenerTaskEnd" and event.get("Task Metrics"):
            read = event["Task Metrics"]["Shuffle Read Metrics"]
            moved["read"] += read["Remote Bytes Read"] + read["Local Bytes Read"]
            if kinds[event["Stage ID"]] in moved:
                moved[kinds[event["Stage ID"]]] += event["Task Metrics"]["Shuffle Write Metrics"]["Shuffle Bytes Written"]
    return {what: moved_in(sealed[what], moved[what]) for what in moved}


def broadcasts(events: Iterable[dict], record: pathlib.Path, session: int) -> Moved:
    """What executors fetched of the master's tasks and broadcasts. Spark's broadcasts are numbered in the order in which they are
    made: each message's is the next one that is large enough. Those in between are Spark's own, of any job: its tasks' code."""
    pieces: dict[int, dict[tuple[str, str], int]] = {}
    for event in events:
        block = event.get("Block Updated Info", {})
        piece = PIECE.fullmatch(block.get("Block ID", ""))
        if piece:
            size = block["Memory Size"] + block["Disk Size"]
            held = pieces.setdefault(int(piece[1]), {})
            where = block["Block Manager ID"]["Executor ID"], block["Block ID"]
            held[where] = max(held.get(where, 0), size)
    sealed, at, payloads, fetched = {}, 0, [], 0
    for size in messages_of_master(record, session, sealed):
        fits = Moved(1, size, 0).allowed
        while True:
            if at > max(pieces, default=-1):
                raise AssertionError(f"no broadcast of Spark's carries a message of {size} bytes in at most {fits:.0f}")
            held = pieces.get(at, {})
            at += 1
            whole = sum(bytes for (where, _), bytes in held.items() if where == "driver")
            if size <= whole <= fits:
                break
        elsewhere = [bytes for (where, _), bytes in held.items() if where != "driver"]
        fetched += sum(elsewhere)
        payloads += [size] * len({where for where, _ in held if where != "driver"})
    return moved_in(payloads, fetched)


def messages_of_master(record: pathlib.Path, session: int, sealed: dict[int, int]) -> Iterable[int]:
    """Sizes in the order in which Spark was given them: what a stage needs for the first time, and its task."""
    for frame in recorded.frames(record / f"session-{session}-master.in"):
        if frame.kind == recorded.BROADCAST:
            sealed[frame.id] = len(frame.payload)
        elif frame.kind == recorded.RUN_STAGE:
            run = recorded.fields(frame.payload)
            for number in packed(run.get(8, [])):
                if number in sealed:
                    yield sealed.pop(number)
            yield len(run[7][0])


def packed(values: list) -> Iterable[int]:
    """A repeated integer of protobuf, packed or not."""
    for value in values:
        if isinstance(value, int):
            yield value
            continue
        number = shift = 0
        for byte in value:
            number |= (byte & 0x7F) << shift
            shift = shift + 7 if byte & 0x80 else 0
            if not byte & 0x80:
                yield number
                number = 0


def events_in(path: pathlib.Path) -> list[dict]:
    """An event log as far as it is written."""
    found = []
    for line in path.read_text().splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            break
    return found
