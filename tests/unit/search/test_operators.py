"""Operators over a real index: what they leave, in which order, and what is said of it."""

import os
from pathlib import Path

import pytest
from searchable import Searchable
from vexor_protocol.errors import INVALID_PARAMS, ProtocolError
from vexor_protocol.messages import Filters

from vexord.search import grep
from vexord.search.syntax import TextCondition

LISTEN, CLOSE, CART = "src/server/listen.py", "src/server/close.py", "src/cart/total.go"
TEST, GUIDE = "tests/test_listen.py", "docs/guide.md"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('"bind_socket"', [LISTEN, TEST]),
        ('"ind_sock"', [LISTEN, TEST]),
        ('"listening socket."', [LISTEN]),
        ('"LISTENING SOCKET"', []),
        ('"the listening"', [LISTEN]),
        ('"total adds up"', [CART]),
        ('"total Adds up"', []),
        ("/def \\w+\\(/", [LISTEN, CLOSE, TEST]),
        ("/^\\s+sum \\+= p$/", [CART]),
        ("/TOTAL ADDS/i", [CART]),
        ("/bind_socket\\b.*1/", [TEST]),
        ('"return" -/adds/', [LISTEN]),
        ('"bind_socket" -"Bind the"', [TEST]),
        ('"return" -sum', [LISTEN]),
        ('"bind_socket" -path:tests', [LISTEN]),
        ('"return" lang:go', [CART]),
        ('"return" -lang:go', [LISTEN]),
        ('"socket" kind:section', [GUIDE]),
        ('"socket" -kind:function', [GUIDE, TEST]),
        ("path:server -close", [LISTEN]),
        ("path:/src/**", [CART, CLOSE, LISTEN]),
        ("lang:python", [CLOSE, LISTEN, TEST]),
        ("lang:rs", []),
        ('"bind_socket" "assert"', [TEST]),
    ],
)
def test_operators_alone_list_all_that_matches_and_nothing_else(
    search: Searchable, query: str, found: list[str]
) -> None:
    answer = search.answer(query)
    assert sorted(hit.path for hit in answer.hits) == sorted(found)
    assert not answer.partial
    assert bool(answer.notes) is (not found)


def test_a_list_has_definitions_first_and_then_the_order_of_paths(search: Searchable) -> None:
    search.add({"a.py": "bind_socket(2)\n", "src/b.py": "x = bind_socket(3)\n"})
    assert search.paths('"bind_socket"') == [LISTEN, "a.py", "src/b.py", TEST]
    assert search.paths("/bind_sock\\w+/") == [LISTEN, "a.py", "src/b.py", TEST]
    assert search.paths("path:src lang:python") == ["src/b.py", CLOSE, LISTEN]


def test_prose_ranks_what_the_operators_leave(search: Searchable) -> None:
    assert CLOSE not in search.paths('shutdown the server "socket"')
    assert search.paths("shutdown the server path:server") == [CLOSE, LISTEN]
    assert search.paths("bind a socket path:server")[0] == LISTEN
    assert search.paths("bind the socket lang:md") == [GUIDE]


def test_operators_come_on_top_of_filters(search: Searchable) -> None:
    assert search.paths("path:listen", filters=Filters(paths=["src/"])) == [LISTEN]
    assert search.paths("lang:go", filters=Filters(languages=["python"])) == []


def test_the_line_shown_is_the_one_that_matches(search: Searchable) -> None:
    (hit,) = search("/sum \\+=/")
    assert (hit.focus_line, hit.start_line) == (7, 3)
    (hit,) = search('"return sum" adds prices')
    assert hit.focus_line == 9


def test_other_syntaxes_read_the_same_text_otherwise(search: Searchable) -> None:
    assert search.paths("bind_socket(path)", syntax="literal") == [LISTEN]
    assert search.paths('"nowhere to be found" bind socket') == []
    assert search.paths('"nowhere to be found" bind socket', syntax="text")[0] == LISTEN


def test_a_phrase_is_found_in_other_words_alphabets_and_cases(search: Searchable) -> None:
    search.add(
        {
            "camel.py": "class HTTPServerErrors:\n    pass\n",
            "zh.py": "# 读取配置文件并连接数据库\nx = 1\n",
            "de.py": "# Die Größe der Bücher\ny = 2\n",
            "latin.py": "# caf\xe9 au lait\nz = 3\n".encode("latin-1"),
        }
    )
    for query, path in (
        ('"httpservererrors:"', "camel.py"),
        ('"class httpservererrors:"', "camel.py"),
        ('"ServerErr"', "camel.py"),
        ('"配置文件"', "zh.py"),
        ('"连接数据库"', "zh.py"),
        ('"größe der bücher"', "de.py"),
        ('"GRÖSSE"', None),
        ('"café au"', "latin.py"),
        ('re:"caf. au"', "latin.py"),
    ):
        assert search.paths(query) == ([path] if path else []), query


def test_what_changed_after_indexing_is_dropped_and_counted(search: Searchable) -> None:
    (search.root / LISTEN).write_text("# moved down\ndef bind_socket(path):\n    return path\n")
    answer = search.answer('"bind_socket"')
    assert [hit.path for hit in answer.hits] == [TEST]
    assert answer.dropped > 0


def test_without_time_the_answer_says_that_there_may_be_more(
    search: Searchable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grep, "MAX_SECONDS", -1.0)
    answer = search.answer('"bind_socket"')
    assert (answer.hits, answer.partial) == ([], True)
    assert "there may be more" in answer.notes[0]


def test_likely_files_are_read_first_and_then_the_newest(tmp_path: Path) -> None:
    files = {f"f{number}.py": f"x_needle_y = {number}\n" for number in range(4)}
    search = Searchable(tmp_path, files | {"whole.py": "needle = 1\n"})
    for number, name in enumerate(("whole.py", *files)):
        os.utime(search.root / name, ns=(number, number * 10**9))
    search.add(files | {"whole.py": "needle = 1\n"})
    for count, found in ((1, {"whole.py"}), (2, {"whole.py", "f3.py"}), (3, {"whole.py", "f3.py", "f2.py"})):
        budget = grep.Budget(bytes_left=len(files["f0.py"]) * (count - 1) + 1)
        pools = search.pools()
        matches = grep.find(pools, [str(search.root)] * len(pools), [TextCondition("needle")], budget)
        assert matches.partial
        rows = [
            (pool.view.segment, row)
            for pool, mask in zip(pools, matches.masks, strict=True)
            for row in mask.nonzero()[0]
        ]
        assert {segment.paths[int(segment.chunks["file"][row])] for segment, row in rows} == found


@pytest.mark.parametrize("query", ["/a(b/", "re:*", "x -/(?=y)/", "/(?<=y)z/"])
def test_a_bad_regular_expression_is_refused_with_its_mend(search: Searchable, query: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        search(query)
    assert caught.value.kind is INVALID_PARAMS
    assert "bad regular expression" in caught.value.message
    assert "--text" in caught.value.hint


def test_an_unknown_kind_and_too_many_texts_are_refused(search: Searchable) -> None:
    with pytest.raises(ProtocolError, match="functoin"):
        search("kind:functoin")
    with pytest.raises(ProtocolError, match="more than 16"):
        search('"x" ' * 17)


def test_an_unknown_language_is_told_with_those_that_are_there(search: Searchable) -> None:
    notes = search.answer("socket lang:pyton").notes
    assert notes[0] == "no file here is in pyton; the languages here are: go, markdown, python"


def test_a_list_of_nothing_says_how_the_query_was_read(search: Searchable) -> None:
    (note,) = search.answer('"no such text" how -foo').notes
    assert 'the text "no such text"' in note
    assert "--text" in note


def test_what_listed_a_hit_can_be_explained(search: Searchable) -> None:
    defined, called = search('"bind_socket"', explain=True)
    assert [(part.part, part.share) for part in (*defined.explain, *called.explain)] == [
        ("defines", defined.score),
        ("matches", called.score),
    ]
