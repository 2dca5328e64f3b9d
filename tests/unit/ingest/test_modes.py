"""What each mode makes of a file: true lines, and no more than the mode promises."""

import random
from pathlib import Path

import pytest
from vexor_protocol.settings import MODES

from tests.support.trees import make_tree
from vexord.embed.default import default_embedder
from vexord.index.types import Chunk
from vexord.index.writer import IndexWriter
from vexord.ingest.extract import Extracted, extract
from vexord.ingest.modes import BRIEF_WORDS, HEAD_CHARS, chunks_of
from vexord.ingest.pipeline import Pipeline

CODE = """\
import os

LIMIT = 3


def first():
    return os.sep


print(first())


class Second:
    x = 1
"""
NOTES = "intro\n\n# One\n\n" + "alpha beta\n" * 80 + "\n## Two\n\ngamma\n"


def text(path: str, content: str) -> Extracted:
    return extract(path, content.encode())


def names(chunks: list[Chunk]) -> list[str]:
    return [chunk.symbol for chunk in chunks]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("a.py", CODE), ("n.md", NOTES), ("t.txt", "word " * 3_000), ("e.py", ""), ("b.c", "\n\n \n"),
        ("u.py", "\n\n# čaj 茶\n" + "def ž():\n    return 'ß'\n" * 60), ("x.go", "package x\n// y\n" * 400),
    ],
)  # fmt: skip
def test_the_lines_of_every_chunk_are_true(mode: str, path: str, content: str) -> None:
    for chunk in chunks_of(mode, path, text(path, content)):
        stands_there = chunk.text if chunk.quoted is None else chunk.quoted
        assert content.encode()[chunk.start_byte : chunk.end_byte].decode() == stands_there
        if stands_there:
            assert content.encode().count(b"\n", 0, chunk.start_byte) + 1 == chunk.start_line
            assert chunk.end_line - chunk.start_line == stands_there.count("\n")


@pytest.mark.parametrize("mode", MODES)
def test_no_mode_fails_for_any_text(mode: str) -> None:
    chance = random.Random(5)
    for _ in range(30):
        content = "".join(chance.choices("ab \n\t#{}()ž=:'\"", k=chance.randint(0, 3_000)))
        for path in ("a.py", "a.md", "a.rs", "a"):
            chunks_of(mode, path, text(path, content))


def test_name_reads_nothing() -> None:
    (chunk,) = chunks_of("name", "src/a.py", text("src/a.py", CODE))
    assert (chunk.text, chunk.symbol, chunk.kind) == ("", "a.py", "file")


def test_head_is_the_beginning() -> None:
    (chunk,) = chunks_of("head", "n.md", text("n.md", "\n\n" + NOTES))
    assert chunk.text == NOTES[:HEAD_CHARS].rstrip()
    assert (chunk.start_line, chunk.kind) == (3, "text")


def test_brief_is_the_most_frequent_words_of_the_whole_file() -> None:
    content = "the start\n" + "rare\n" + "Socket the the\n" * 400 + "bind 17 17 17\n" * 200
    (chunk,) = chunks_of("brief", "n.txt", text("n.txt", content))
    words = chunk.text.split()
    assert words[:2] == ["socket", "bind"]
    assert "17" not in words
    assert "the" not in words
    assert len(words) <= BRIEF_WORDS
    assert chunk.quoted == content[:HEAD_CHARS].rstrip()


def test_full_is_windows_whatever_the_language() -> None:
    body = "".join(f"def f{number}():\n    return {number}\n\n\n" for number in range(200))
    chunks = chunks_of("full", "a.py", text("a.py", body))
    assert {chunk.kind for chunk in chunks} == {"text"}
    assert names(chunks) == [""] * len(chunks)
    assert max(len(chunk.text) for chunk in chunks) <= 1_334
    assert sum(chunk.text.count("return") for chunk in chunks) == 200


def test_code_is_what_defines_something() -> None:
    chunks = chunks_of("code", "a.py", text("a.py", CODE))
    assert "first" in names(chunks)
    assert "Second" in names(chunks)
    assert not any("print(first())" in chunk.text for chunk in chunks)
    assert [chunk.kind for chunk in chunks_of("code", "n.md", text("n.md", NOTES))] == ["text"]


def test_outline_is_sections_for_markdown_and_windows_for_the_rest() -> None:
    assert {"One", "Two"} <= set(names(chunks_of("outline", "n.md", text("n.md", NOTES))))
    assert {chunk.kind for chunk in chunks_of("outline", "a.py", text("a.py", CODE))} == {"text"}


def test_in_mode_name_a_file_is_not_even_opened(tmp_path: Path) -> None:
    root = make_tree(tmp_path / "root", {"a.py": CODE, "b.bin": "\0"})
    (root / "a.py").chmod(0)
    writer = IndexWriter.open(str(tmp_path / "index"), default_embedder(1).fingerprint)
    pipeline = Pipeline(str(root), writer, default_embedder(1), "name")
    outcome = pipeline.run(["a.py", "b.bin"])
    assert [(file.language, file.chunks[0].kind) for file in outcome.upserts] == [
        ("python", "file"),
        ("text", "file"),
    ]
    assert (outcome.bytes_read, outcome.skipped) == (0, {})
    writer.commit(outcome.upserts, [])
    assert pipeline.run(["a.py"]).upserts == []
    (root / "a.py").chmod(0o600)
    pipeline.mode = "auto"
    assert {chunk.kind for chunk in pipeline.run(["a.py"], force=True).upserts[0].chunks} != {"file"}
    writer.close()
