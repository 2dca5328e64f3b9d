"""Words of names answer words of queries whatever their endings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vexord.index.roots import MIN_SHARED, packed_all, root, roots
from vexord.search.words import AskedWords, NameRoots

WEIGHTS = {"open": 1.0, "database": 2.0, "connection": 1.0}


def answer(
    words: list[str], *names: str, weights: dict[str, float] | None = None
) -> list[tuple[float, float]]:
    """Return share and coverage of each name, for one query."""
    asked = AskedWords.of([(words, dict.fromkeys(words, 1.0) if weights is None else weights)])
    gathered = NameRoots(np.zeros(len(names), np.int64))
    parts = [roots(name) for name in names]
    flat = packed_all(part for name in parts for part in name)
    gathered.put(np.arange(len(names)), flat, np.array([len(name) for name in parts]))
    found = gathered.answers(asked)
    return list(zip(found.share.tolist(), found.covered.tolist(), strict=True))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("routing", "router"), ("validation", "validator"), ("serialize", "serializer"), ("parse", "parsing"),
        ("encoded", "encoder"), ("recovery", "recover"), ("initialization", "initialize"),
    ],
)  # fmt: skip
def test_words_of_one_family_share_their_root(one: str, other: str) -> None:
    assert answer([one], other) == [(1.0, 1.0)]


@pytest.mark.parametrize("word", ["ring", "user", "red", "able", "use"])
def test_short_words_keep_their_endings(word: str) -> None:
    assert root(word) == word


@pytest.mark.parametrize(("one", "other"), [("port", "portable"), ("get", "getter"), ("set", "settings")])
def test_a_short_beginning_is_another_word(one: str, other: str) -> None:
    assert (answer([one], other)[0][0] == 1.0) == (len(one) >= 4)


def test_roots_of_a_name_are_those_of_its_parts_each_once() -> None:
    assert roots("HTTPServerFactory.make_server") == ("http", "serv", "factor", "make")


def test_an_answer_tells_which_share_of_name_and_query() -> None:
    found = answer(["open", "database", "connection"], "DatabaseConnectionPool", "", "x", weights=WEIGHTS)
    assert found == [(pytest.approx(2 / 3), pytest.approx(0.75)), (0.0, 0.0), (0.0, 0.0)]


def test_a_query_without_words_answers_nothing() -> None:
    assert answer([], "anything", "") == [(0.0, 0.0), (0.0, 0.0)]


WORD = st.text("abcé", min_size=1, max_size=10)


@given(st.lists(st.tuples(st.lists(WORD, max_size=4), st.lists(WORD, max_size=4)), min_size=1, max_size=5))
def test_many_queries_at_once_are_answered_as_plainly_said(pairs: list[tuple[list[str], list[str]]]) -> None:
    asked = AskedWords.of([(words, {}) for words, _ in pairs])
    gathered = NameRoots(np.arange(len(pairs)))
    for place in reversed(range(len(pairs))):  # segments come in any order
        names = pairs[place][1]
        gathered.put(np.array([place]), packed_all(names), np.array([len(names)]))
    shares = gathered.answers(asked).share
    for place, (words, names) in enumerate(pairs):
        wanted = [part for word in words for part in roots(word)]
        answering = [any(map(_answers, [name] * len(wanted), wanted)) for name in names]
        assert shares[place] == pytest.approx(sum(answering) / len(names) if names else 0.0)


def _answers(name: str, asked: str) -> bool:
    """Equal, or one begins the other; told by eight letters, and of others than ASCII by all."""
    if not (name.isascii() and asked.isascii()):
        return name == asked
    name, asked = name[:8], asked[:8]
    short = min(len(name), len(asked)) < MIN_SHARED
    return name == asked if short else name.startswith(asked) or asked.startswith(name)
