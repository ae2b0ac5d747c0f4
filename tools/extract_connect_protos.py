#!/usr/bin/env python3
"""Write Spark Connect's message descriptors, taken from the pyspark package, as one descriptor set.

The build feeds the set to protoc (--descriptor_set_in), so that the server speaks exactly the
messages of the client it is built against and no copy of the .proto files is kept here.

usage: extract_connect_protos.py OUT.fds            write the set
       extract_connect_protos.py --names            print the logical names that need C++ code
"""

import importlib
import pkgutil
import sys

from google.protobuf import descriptor_pb2, descriptor_pool
from google.rpc import error_details_pb2, status_pb2  # noqa: F401  (registers them)

import pyspark.sql.connect.proto as connect_proto

# libprotobuf brings the code of these.
WELL_KNOWN = "google/protobuf/"


def descriptor_set():
    for module in pkgutil.iter_modules(connect_proto.__path__):
        if module.name.endswith("_pb2"):
            importlib.import_module(f"{connect_proto.__name__}.{module.name}")
    pool = descriptor_pool.Default()
    files = descriptor_pb2.FileDescriptorSet()
    seen = set()

    def add(file):
        if file.name in seen:
            return
        seen.add(file.name)
        for dependency in file.dependencies:
            add(dependency)
        files.file.append(descriptor_pb2.FileDescriptorProto.FromString(file.serialized_pb))

    for root in ("spark/connect/base.proto", "google/rpc/status.proto",
                 "google/rpc/error_details.proto"):
        add(pool.FindFileByName(root))
    return files


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    files = descriptor_set()
    if sys.argv[1] == "--names":
        print(";".join(f.name for f in files.file if not f.name.startswith(WELL_KNOWN)))
        return
    with open(sys.argv[1], "wb") as out:
        out.write(files.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
