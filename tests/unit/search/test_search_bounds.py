"""What one request may cost, whoever asks: refused by name, or partial, and ended between its steps."""

import random
from collections.abc import Callable

import pytest
from searchable import Searchable
from vexor_protocol.errors import DEADLINE, INVALID_PARAMS, TOO_LARGE, ProtocolError
from vexor_protocol.messages import Filters

from vexord.search import best_rows, engine, grep
from vexord.search.engine import SearchOptions
from vexord.search.names import NameCache


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Searchable:
    letters = "".join(random.Random(1).choices("ab ", k=60_000))
    files = {"large.txt": letters, "small.txt": "aaaa bbbb\n"}
    return Searchable(tmp_path_factory.mktemp("large"), files)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Bytes times instructions of every look at a text."""
    taken: list[int] = []
    match = grep._Patterns.match

    def counted(patterns: grep._Patterns, text: bytes) -> bool:
        taken.append(patterns.size * len(text))
        return match(patterns, text)

    monkeypatch.setattr(grep._Patterns, "match", counted)
    monkeypatch.setattr(grep, "MAX_SECONDS", 2.0)
    return taken


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "query",
    [
        "/[ab]*a[ab]{1000}c/",
        "re:" + ".*a" * 1_000,
        " ".join(f'"{"a" * size}"' for size in range(500, 900, 25)),
        '"' + "a" * 30_000 + '"',
        '"' + "é" * 10_000 + '"',
    ],
)
def test_a_text_is_looked_at_only_if_the_look_ends_soon(
    large: Searchable, looks: list[int], query: str
) -> None:
    large.answer(query)
    assert looks and max(looks) <= grep.MAX_STEPS


@pytest.mark.timeout(60)
def test_what_could_not_be_looked_at_is_told(large: Searchable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grep, "MAX_STEPS", 100)
    answer = large.answer('"aaaa bbbb"')
    assert answer.partial and answer.hits == []
    assert "not all files" in answer.notes[0]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("re:" + ".*a" * 9_000, "too large"),
        (" ".join(f"/a{{900}}b{number}/" for number in range(12)), "too large"),
        (" ".join(f"path:a{number}" for number in range(65)), "more than 64"),
        ("it " + " ".join(f"-word{number}" for number in range(65)), "more than 64"),
        (" ".join(f'"text{number}"' for number in range(17)), "more than 16"),
        ("/(a{1000}){1000}/", "bad regular expression"),
        (r"/\pL{1000}\pN{1000}/", "bad regular expression"),
    ],
)
def test_a_query_that_asks_too_much_is_refused_by_name(large: Searchable, query: str, said: str) -> None:
    with pytest.raises(ProtocolError, match=said) as raised:
        large.answer(query)
    assert raised.value.kind is INVALID_PARAMS
    assert raised.value.hint


@pytest.mark.parametrize("pattern", ["*a?" * 300, "[a-y]" * 200, "**/*a*b" * 140, "?" * 1_000])
def test_path_patterns_are_refused_or_hold(large: Searchable, pattern: str) -> None:
    filters = Filters(paths=[*(f"{pattern}{number}" for number in range(63)), "small.txt"])
    try:
        assert [hit.path for hit in large("bbbb", filters)] == ["small.txt"]
    except ProtocolError as error:
        assert error.kind is INVALID_PARAMS
        assert "too large" in error.message


@pytest.mark.parametrize("top", [1, 10])
def test_a_search_ends_between_its_steps(search: Searchable, top: int) -> None:
    """As many steps as queries, and one more for each hit."""

    def allowing(steps: int) -> Callable[[], None]:
        left = iter(range(steps))

        def check() -> None:
            if next(left, None) is None:
                raise ProtocolError(DEADLINE, "enough")

        return check

    queries = [f"socket {number}" for number in range(20)]
    for steps in (0, 5, 20, 30):
        with pytest.raises(ProtocolError, match="enough"):
            search.engine.search([search.target()], queries, SearchOptions(top=top, check=allowing(steps)))
    many = SearchOptions(top=top, check=allowing(1_000))
    assert len(search.engine.search([search.target()], queries, many)) == 20


def test_more_text_than_a_client_may_leave_unread_is_refused(
    search: Searchable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "MAX_ANSWER_CHARS", 100)
    with pytest.raises(ProtocolError) as raised:
        search.answer("bind the listening socket of the server")
    assert raised.value.kind is TOO_LARGE


def test_a_word_of_names_alone_is_a_word_like_any_other(
    search: Searchable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With so many postings that the rest is left out, and one term that no text holds."""
    query = "logo bind the listening socket and return path sum installer server"
    wanted = search.paths(query)
    monkeypatch.setattr(best_rows, "_ALL", 0)
    monkeypatch.setattr(best_rows, "_WORTH", 0)
    assert sorted(search.paths(query)) == sorted(wanted)
    assert "logo.png" in wanted


def test_a_symbol_of_very_many_parts_is_not_corrected(
    search: Searchable, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    near = NameCache.near
    monkeypatch.setattr(
        NameCache, "near", lambda names, segment, word: asked.append(word) or near(names, segment, word)
    )
    search.answer(".".join(f"bind_sockt{number}" for number in range(4_000))[:32_000])
    assert asked == []
    assert search.answer("listen.bind_sockt").corrected[0].names == ["bind_socket"]
