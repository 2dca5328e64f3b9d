import json
import re
from pathlib import Path

import pytest

from tests.unit.ingest.chunk_checks import check_chunks
from vexord.ingest.chunk import Limits, chunk_file
from vexord.ingest.extract import extract

SAMPLES = Path(__file__).parents[2] / "data" / "chunk"
EXPECTED = json.loads((SAMPLES / "expected.json").read_text())
SMALL = Limits(target=200, maximum=800)
PROMISED = """
    python javascript typescript tsx go rust java c cpp csharp ruby php kotlin swift scala lua bash elixir
    haskell zig sql
"""


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_definitions_of_each_language(name: str) -> None:
    got = extract(name, (SAMPLES / name).read_bytes())
    assert got.language == EXPECTED[name]["language"]
    chunks = chunk_file(name, got.text, got.language, SMALL)
    rows = [[chunk.kind, chunk.symbol, chunk.parent, chunk.start_line, chunk.end_line] for chunk in chunks]
    assert rows == EXPECTED[name]["chunks"]
    check_chunks(got.text, chunks, SMALL.maximum)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_windows_line_ends_change_nothing(name: str) -> None:
    got = extract(name, re.sub(rb"\r?\n", b"\r\n", (SAMPLES / name).read_bytes()))
    chunks = chunk_file(name, got.text, got.language, Limits(target=10_000, maximum=20_000))
    plain = chunk_file(name, got.text.replace("\r\n", "\n"), got.language, Limits(10_000, 20_000))
    check_chunks(got.text, chunks)
    assert [(c.kind, c.symbol, c.start_line, c.end_line) for c in chunks] == [
        (c.kind, c.symbol, c.start_line, c.end_line) for c in plain
    ]


def test_every_promised_language_has_a_sample() -> None:
    assert set(PROMISED.split()) <= {entry["language"] for entry in EXPECTED.values()}


def test_a_small_class_is_one_chunk_at_the_usual_sizes() -> None:
    text = "class A:\n    def f(self):\n        return 1\n\n    def g(self):\n        return 2\n"
    (chunk,) = chunk_file("a.py", text, "python")
    assert (chunk.kind, chunk.symbol, chunk.start_line, chunk.end_line) == ("class", "A", 1, 6)


def test_a_long_function_is_cut_into_pieces_that_keep_its_name() -> None:
    body = "".join(f"    value_{i} = compute({i}) + other_things({i})\n" for i in range(200))
    text = f"class A:\n    x = 1\n\ndef long():\n{body}"
    chunks = chunk_file("a.py", text, "python")
    pieces = [chunk for chunk in chunks if chunk.symbol == "long"]
    assert len(pieces) > 3
    assert {chunk.kind for chunk in pieces} == {"function"}
    assert all(len(chunk.text) >= 500 for chunk in pieces[:-1])
    check_chunks(text, chunks, 2_000)


def test_a_long_function_is_cut_where_a_statement_begins() -> None:
    block = "    for item in items:\n" + "        use(item, 'a rather long line of work')\n" * 12 + "\n"
    text = "def long():\n" + block * 12
    starts = {chunk.text.splitlines()[0].strip() for chunk in chunk_file("a.py", text, "python")}
    assert starts == {"def long():", "for item in items:"}


def test_functions_inside_a_module_wrapper_are_found() -> None:
    inner = "".join(
        f"  function f{i}(a) {{\n    // {'words ' * 20}\n    return a;\n  }}\n\n" for i in range(40)
    )
    text = f"(function (root) {{\n{inner}}})(this);\n"
    symbols = [chunk.symbol for chunk in chunk_file("a.js", text, "javascript")]
    assert [f"f{i}" for i in range(40)] == [symbol for symbol in symbols if symbol]


def test_a_class_behind_a_macro_is_a_class() -> None:
    text = "class EXPORT_API Widget : public Base {\npublic:\n  int size() { return 1; }\n};\n"
    (chunk,) = chunk_file("a.hpp", text, "cpp")
    assert (chunk.kind, chunk.symbol) == ("class", "Widget")


def test_a_comment_separated_by_a_blank_line_is_not_attached() -> None:
    text = "# Licence words.\n\ndef f():\n    pass\n"
    chunks = chunk_file("a.py", text, "python")
    assert [(chunk.kind, chunk.start_line) for chunk in chunks] == [("block", 1), ("function", 3)]


def test_a_comment_behind_code_belongs_to_that_code() -> None:
    text = "import os  # needed\ndef f():\n    pass  # here\n# doc of g\ndef g():\n    pass\n"
    chunks = chunk_file("a.py", text, "python")
    assert [(chunk.symbol, chunk.start_line, chunk.end_line) for chunk in chunks] == [
        ("f", 1, 3),
        ("g", 4, 6),
    ]


def test_constants_merge_and_functions_do_not() -> None:
    text = "A = 1\nB = 2\n\n\ndef f(): pass\ndef g(): pass\n"
    chunks = chunk_file("a.py", text, "python")
    assert [(chunk.kind, chunk.symbol) for chunk in chunks] == [
        ("constant", ""),
        ("function", "f"),
        ("function", "g"),
    ]


def test_a_syntax_error_does_not_hide_the_definitions_around_it() -> None:
    text = "def before():\n    return 1\n\ndef broken(:\n    ]]\n\ndef after():\n    return 2\n"
    chunks = chunk_file("a.py", text, "python")
    check_chunks(text, chunks)
    assert {"before", "after"} <= {chunk.symbol for chunk in chunks}
