"""Every module of cases but those of functions, which have a test of their own: what is recorded is compared."""

import importlib
import pathlib

for path in sorted(pathlib.Path(__file__).parent.glob("*_cases.py")):
    if path.stem != "function_cases":
        importlib.import_module(path.stem)
