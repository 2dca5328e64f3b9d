import pytest

from tests.unit.ingest.chunk_checks import check_chunks
from vexord.ingest.chunk import chunk_file

GUIDE = """---
title: front matter, not a heading
---
Words before any heading.

# Guide

## Install

Run the thing.

```sh
# not a heading
pip install x
```

### From source ###

Build it.

Setext `code`
=============

Underlined.

- item
---

#hashtag is no heading
"""


def rows(text: str, language: str) -> list[tuple[str, str, str, int, int]]:
    chunks = chunk_file("doc", text, language)
    check_chunks(text, chunks)
    return [(c.kind, c.symbol, c.parent, c.start_line, c.end_line) for c in chunks]


def test_markdown_sections_carry_their_breadcrumb() -> None:
    assert rows(GUIDE, "markdown") == [
        ("text", "", "", 1, 4),
        ("section", "Install", "Guide", 6, 15),
        ("section", "From source", "Guide > Install", 17, 19),
        ("section", "Setext code", "", 21, 29),
    ]


def test_an_unclosed_fence_runs_to_the_end() -> None:
    assert [row[1] for row in rows("# A\n\n~~~\n# b\n```\n# c\n", "markdown")] == ["A"]


def test_a_long_section_is_cut_at_blank_lines_and_keeps_its_heading() -> None:
    paragraph = "word " * 60 + "\n\n"
    text = "# Long\n\n" + paragraph * 20
    chunks = chunk_file("a.md", text, "markdown")
    check_chunks(text, chunks, 2_000)
    assert len(chunks) >= 4
    assert {(chunk.kind, chunk.symbol) for chunk in chunks} == {("section", "Long")}


def test_rst_sections_nest_by_the_order_of_their_adornments() -> None:
    text = "=====\nTitle\n=====\n\nIntro.\n\nFirst\n-----\n\nText.\n\n"
    text += "Deep\n~~~~\n\nMore.\n\nSecond\n------\n\nEnd.\n"
    assert rows(text, "rst") == [
        ("section", "Title", "", 1, 5),
        ("section", "First", "Title", 7, 10),
        ("section", "Deep", "Title > First", 12, 15),
        ("section", "Second", "Title", 17, 20),
    ]


def test_prose_breaks_at_blank_lines() -> None:
    text = ("line of a paragraph\n" * 30 + "\n") * 6
    chunks = chunk_file("a.txt", text, "text")
    check_chunks(text, chunks, 2_000)
    assert [(chunk.start_line - 1) % 31 for chunk in chunks] == [0] * len(chunks)
    assert {chunk.kind for chunk in chunks} == {"text"}


@pytest.mark.parametrize("language", ["text", "python", "markdown", "rst", "json", "unheard-of"])
@pytest.mark.parametrize("text", ["", "\n", " \t\r\n\n\f\n", "\r"])
def test_nothing_but_blanks_gives_no_chunk(text: str, language: str) -> None:
    assert chunk_file("x", text, language) == []


def test_a_lone_carriage_return_is_no_line_end() -> None:
    (chunk,) = chunk_file("a.txt", "one\rtwo\r\nthree", "text")
    assert (chunk.start_line, chunk.end_line) == (1, 2)


def test_sizes_are_in_characters_not_bytes() -> None:
    text = "слово " * 230 + "\n"
    assert len(chunk_file("a.txt", text, "text")) == 1
