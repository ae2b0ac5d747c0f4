"""All that a client is told in one Spark Connect session, as text that two sessions can be compared by.

What is random or the script's own is taken out: ids are numbered as they come, progress is held against the one form that
it may have, and the number that a model's shape is goes by a name, because it is an outcome that the ledger counts.
"""

from __future__ import annotations

import re

import grpc
from google.rpc import error_details_pb2, status_pb2

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
PYSPARK_UID = re.compile(r"_[0-9a-f]{12}(?![0-9a-f])")
OWN_FIELDS = ("session_id", "server_side_session_id", "operation_id", "response_id")
SHAPES = ("numClasses", "numFeatures", "rank")
# The requests of the script alone; PySpark's housekeeping comes when its garbage collector does, and it asks for its
# configuration once in a session.
HEARD = ("ExecutePlan", "ReattachExecute", "AnalyzePlan", "FetchErrorDetails")


class Transcript:
    """Stands between PySpark's client and its stub."""

    def __init__(self, stub):
        self.stub = stub
        self.places: dict[str, str] = {}  # texts that name this session's data, and what they stand for
        self.lines: list[str] = []
        self.progress: set[str] = set()
        self.names: dict[str, str] = {}

    def begin(self, places: dict[str, str]):
        self.lines, self.names, self.places = [], {}, places

    def __getattr__(self, name):
        call = getattr(self.stub, name)
        if name not in HEARD:
            return call
        streams = name in ("ExecutePlan", "ReattachExecute")

        def listen(request, **options):
            deletes = request.plan.command.ml_command.HasField("delete") if name == "ExecutePlan" else False
            shape = name == "ExecutePlan" and [
                method.method for method in request.plan.command.ml_command.fetch.methods][-1:] in ([s] for s in SHAPES)
            try:
                if not streams:
                    response = call(request, **options)
                    self.hear(response)
                    return response
                return self.heard(call(request, **options), deletes, shape)
            except grpc.RpcError as error:
                self.fail(error)
                raise

        return listen

    def heard(self, responses, silent: bool, shape: bool):
        try:
            for response in responses:
                if not silent:
                    self.hear(response, shape)
                yield response
        except grpc.RpcError as error:
            if not silent:
                self.fail(error)
            raise

    def hear(self, response, shape: bool = False):
        copy = type(response)()
        copy.CopyFrom(response)
        for field in OWN_FIELDS:
            if field in copy.DESCRIPTOR.fields_by_name:
                copy.ClearField(field)
        if getattr(copy, "HasField", None) and "execution_progress" in copy.DESCRIPTOR.fields_by_name \
                and copy.HasField("execution_progress"):
            self.progress.add(str(copy.execution_progress))
            return
        text = str(copy)
        if '"{\\"class' in text:  # the cache's models come in the order of their random ids
            text = "\n".join(sorted(self.plain(line) for line in text.splitlines()))
        if shape:
            text = re.sub(r"(integer|long): \d+", "SHAPE", text)
        self.lines.append(self.plain(f"{type(copy).__name__} {text}"))

    def fail(self, error):
        status = status_pb2.Status()
        for key, value in error.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                status.ParseFromString(value)
        details = []
        for detail in status.details:
            info = error_details_pb2.ErrorInfo()
            detail.Unpack(info)
            details.append(f"{info.reason} {sorted(info.metadata.items())}")
        self.lines.append(self.plain(f"ERROR {error.code()} {error.details()} {details}"))

    def plain(self, text: str) -> str:
        for place, name in self.places.items():
            text = text.replace(place, name)
        for pattern in (UUID, PYSPARK_UID):
            text = pattern.sub(lambda found: self.names.setdefault(found.group(0), f"<{len(self.names)}>"), text)
        return text
