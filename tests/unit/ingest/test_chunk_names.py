"""Every name that a chunk defines is known, though the chunk bears one name or none."""

import pytest

from vexord.ingest.chunk import chunk_file

PYTHON = (
    "class A:\n    class B:\n        def x(self):\n            return 1\n\n    def y(self):\n        pass\n"
)
TYPES = "type UserId = string\n\ntype OrderId = string\n\ntype Line = { id: OrderId }\n"
JAVA = "public class A { int a; void f() { g(); } interface B { int h(); } }\n"


@pytest.mark.parametrize(
    ("language", "text", "names"),
    [
        ("python", PYTHON, {"A", "B", "x", "y"}),
        ("typescript", TYPES, {"UserId", "OrderId", "Line"}),
        ("java", JAVA, {"A", "f", "B", "h"}),
    ],
)
def test_small_definitions_in_one_chunk_keep_their_names(language: str, text: str, names: set[str]) -> None:
    (chunk,) = chunk_file("x", text, language)
    assert set(chunk.names) == names
    assert len(chunk.names) == len(names)


def test_members_with_chunks_of_their_own_are_not_their_owners_names() -> None:
    body = "".join(f"        total = total + value * {line}\n" for line in range(30))
    text = "class A:\n" + "".join(f"    def m{n}(self, total, value):\n{body}\n" for n in range(3))
    chunks = chunk_file("x.py", text, "python")
    assert [chunk.names for chunk in chunks] == [("A",), ("m0",), ("m1",), ("m2",)]
