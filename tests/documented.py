"""The code blocks of the pages, for the tests that run them: each block is run as it stands (but for names of places), or is
listed with the reason why not.
"""

import pathlib
import re
import subprocess
from typing import NamedTuple

from deployment import ROOT

# What a line of commands begins with; other blocks are pictures, formats and configuration.
PROGRAM = re.compile(r"(soteria[a-z-]*|spark-submit|hadoop|\./run|(\w+=\S+ +)+\S+/hostile_test)\b")


class Block(NamedTuple):
    page: str
    first: str  # line
    text: str

    @property
    def name(self) -> str:
        return f"{self.page}: {self.first}"


def blocks() -> list[Block]:
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=ROOT, check=True,
                           capture_output=True, text=True).stdout.split()
    return [block for name in sorted(names) for block in blocks_of(name, (ROOT / name).read_text())]


def blocks_of(page: str, text: str) -> list[Block]:
    """Fenced blocks, and those that are indented by four."""
    found, lines, fenced, before = [], [], False, ""
    for line in [*text.split("\n"), ""]:
        if line.startswith("```"):
            if fenced and lines:
                found.append(lines)
            fenced, lines = not fenced, []
        elif fenced:
            lines.append(line)
        elif line.startswith("    ") and (lines or before == ""):
            lines.append(line[4:])
        elif lines:
            found.append(lines)
            lines = []
        before = line
    return [Block(page, lines[0], "\n".join(lines)) for lines in found]


def commands() -> list[Block]:
    return [block for block in blocks() if any(PROGRAM.match(line) for line in block.text.split("\n"))]


def commanded(page: str, first: str) -> str:
    """The text of the block of that page whose first line begins so."""
    (block,) = [block for block in commands() if block.page == page and block.first.startswith(first)]
    return block.text
