"""docs/degraded.md, the code and the tests agree on the names of everything that may not be at its best."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from vexord.ingest.health import _HINTS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "degraded.md").read_text("utf-8")
NO_STATES = {"overflow"}
"""Doubts after which nothing lasting is wrong."""


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted((ROOT / "vexord").rglob("*.py")):
        yield path, ast.parse(path.read_text("utf-8"))


def constants(tree: ast.Module) -> dict[str, str]:
    return {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


ALL_CONSTANTS = {name: value for _, tree in sources() for name, value in constants(tree).items()}


def texts(node: ast.expr) -> list[str]:
    """The texts that an expression may be; none if that is decided elsewhere."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp(body=one, orelse=other):
            return [*texts(one), *texts(other)]
        case ast.Name(id=name) if name in ALL_CONSTANTS:
            return [ALL_CONSTANTS[name]]
    return []


def degradations() -> Iterator[tuple[str, bool]]:
    """Every name that the code gives to a state, and whether a mend is given with it."""
    for _, tree in sources():
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            keywords = {one.arg: one.value for one in call.keywords}
            match call.func:
                case ast.Name(id="Degraded"):
                    found, mend = texts(keywords["name"]), "hint" in keywords
                case ast.Attribute(attr="degrade" | "note") if call.args:
                    found, mend = texts(call.args[0]), len(call.args) > 2
                case ast.Name(id="Doubt") if len(call.args) > 1:
                    found, mend = texts(call.args[1]), False
                case _:
                    continue
            yield from ((name, mend) for name in found if name not in NO_STATES)


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
