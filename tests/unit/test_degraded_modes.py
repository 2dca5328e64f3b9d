"""docs/degraded.md, the code and the tests agree on the names of everything that may not be at its best."""

import re
from collections.abc import Iterator
from pathlib import Path

from vexord.ingest.health import _HINTS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "degraded.md").read_text("utf-8")
NO_STATES = {"overflow"}
"""Doubts after which nothing lasting is wrong."""


CALL = re.compile(r"\b(?:Degraded|degrade|note|Doubt)\(")
CONSTANT = re.compile(r'^([A-Z_]+) = "(\w+)"$', re.MULTILINE)


def calls() -> Iterator[str]:
    """The text of every call that may name a state, to its last parenthesis. (3.11: `ast` fails at times.)"""
    for path in sorted((ROOT / "vexord").rglob("*.py")):
        text = path.read_text("utf-8")
        for match in CALL.finditer(text):
            depth, end = 1, match.end()
            while depth:
                depth += {"(": 1, ")": -1}.get(text[end], 0)
                end += 1
            yield text[match.start() : end]


def degradations() -> Iterator[tuple[str, bool]]:
    """Every name that the code gives to a state, and whether a mend is given with it."""
    texts = [path.read_text("utf-8") for path in (ROOT / "vexord").rglob("*.py")]
    constants = dict(pair for text in texts for pair in CONSTANT.findall(text))
    for call in calls():
        kind, _, inside = call.partition("(")
        if kind == "Degraded":
            said = re.match(r"\s*name=(.+?),\s*(?:message=|\n)", inside, re.DOTALL)
            mend = "hint=" in inside
        elif kind == "Doubt":
            said, mend = re.match(r"[^,]+,\s*([^,]+),", inside), False
        else:
            said = re.match(r"\s*([^,]+),", inside)
            mend = kind == "degrade" and len(re.findall(r'",\s*f?"|\),\s*f?"', inside)) > 1
        if said is None:
            continue
        names = re.findall(r'"(\w+)"', said[1]) + [v for k, v in constants.items() if said[1].strip() == k]
        yield from ((name, mend) for name in names if name not in NO_STATES)


def rows() -> list[list[str]]:
    lines = [line for line in PAGE.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_every_state_in_the_code_has_a_row_and_every_row_a_state() -> None:
    in_code = {name for name, _ in degradations()} | set(_HINTS)
    assert len(in_code) >= 20, "they are found"
    assert in_code == {row[0].strip("` ") for row in rows()}, "add or remove rows of docs/degraded.md"


def test_every_state_has_a_mend() -> None:
    without = {name for name, mend in degradations() if not mend and name not in _HINTS}
    assert without == set(), "give `hint`, or a line in health._HINTS"
    assert all(len(row) == 5 and all(row) for row in rows())


def test_every_row_names_a_test_that_exists() -> None:
    for row in rows():
        path, _, name = row[4].strip("` ").partition("::")
        assert (ROOT / path).exists(), path
        if name:
            assert re.search(rf"^def {name}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE), name
