"""The search road over a real index on disk."""

import os

import pytest
from searchable import Searchable
from vexor_protocol.errors import ProtocolError
from vexor_protocol.messages import Filters


def test_a_question_finds_the_definition_before_its_test(search: Searchable) -> None:
    hits = search("where do we bind the socket")
    assert hits[0].path == "src/server/listen.py"
    assert (hits[0].symbol, hits[0].kind, hits[0].language) == ("bind_socket", "function", "python")
    assert (hits[0].start_line, hits[0].end_line, hits[0].focus_line) == (1, 3, 1)


def test_a_symbol_finds_its_definition(search: Searchable) -> None:
    assert search("bind_socket")[0].path == "src/server/listen.py"
    assert search("Total")[0].path == "src/cart/total.go"


def test_a_name_beats_files_that_hold_only_its_parts(search: Searchable) -> None:
    assert search("test_bind_socket")[0].path == "tests/test_listen.py"


def test_a_binary_file_is_found_by_name(search: Searchable) -> None:
    hit = search("logo png")[0]
    assert (hit.path, hit.kind, hit.text) == ("logo.png", "binary", "")


@pytest.mark.parametrize(
    ("filters", "allowed"),
    [
        ({"languages": ["Go"]}, {"src/cart/total.go"}),
        ({"languages": ["go", "markdown"]}, {"src/cart/total.go", "docs/guide.md"}),
        ({"kinds": ["section"]}, {"docs/guide.md"}),
        ({"paths": ["src/server/"]}, {"src/server/listen.py", "src/server/close.py"}),
        ({"paths": ["*.py"], "exclude": ["tests/"]}, {"src/server/listen.py", "src/server/close.py"}),
    ],
)
def test_filters_leave_all_that_they_allow_and_nothing_else(
    search: Searchable, filters: dict[str, list[str]], allowed: set[str]
) -> None:
    hits = search("socket server total sum guide install", Filters(**filters))
    assert {hit.path for hit in hits} == allowed


def test_a_folder_leaves_what_lies_below_it(search: Searchable) -> None:
    assert set(search.paths("socket guide total", prefix="docs/")) == {"docs/guide.md"}
    assert search("socket guide total", Filters(languages=["python"]), prefix="src/cart/") == []


def test_an_unknown_kind_is_refused_with_the_known_ones(search: Searchable) -> None:
    with pytest.raises(ProtocolError) as caught:
        search("x", Filters(kinds=["functoin"]))
    assert "functoin" in caught.value.message
    assert "function" in caught.value.hint


def test_text_that_changed_after_indexing_is_not_shown(search: Searchable) -> None:
    (search.root / "src/server/listen.py").write_text("def other(path):\n    return 'not what was indexed'\n")
    assert "src/server/listen.py" not in {hit.path for hit in search("bind the listening socket")}
    (search.root / "src/server/close.py").unlink()
    os.mkfifo(search.root / "src/server/close.py")
    assert "src/server/close.py" not in {hit.path for hit in search("shutdown server close")}


def test_a_query_without_words_has_no_hits(search: Searchable) -> None:
    assert search("???") == []


def test_no_more_hits_than_asked_for(search: Searchable) -> None:
    assert len(search("socket server total guide", top=2)) == 2
