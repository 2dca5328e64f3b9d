"""docs/guarantees.md: the numbers run on, and each promise names tests that exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROMISE = re.compile(r"^\*\*(\d+)\.", re.MULTILINE)
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def promises() -> dict[int, str]:
    """Return number → text of each promise, from its number to the next."""
    text = (ROOT / "docs" / "guarantees.md").read_text("utf-8")
    begins = list(PROMISE.finditer(text))
    ends = [*(begin.start() for begin in begins[1:]), len(text)]
    return {int(begin[1]): text[begin.start() : end] for begin, end in zip(begins, ends, strict=True)}


def defined(path: Path) -> set[str]:
    """Return the names of functions and classes at the top of a module, and of what classes hold."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found.update(target.id for target in node.targets if isinstance(target, ast.Name))
    return found


def test_promises_are_numbered_in_order() -> None:
    numbers = list(promises())
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > 10


@pytest.mark.parametrize("number", promises())
def test_a_promise_names_tests_that_exist(number: int) -> None:
    named = NAMED.findall(promises()[number])
    assert named, f"promise {number} names no test"
    for path, name in named:
        assert (ROOT / path).is_file(), path
        assert not name or name in defined(ROOT / path), f"{path} has no {name}"
