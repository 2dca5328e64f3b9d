"""Words of names answer words of queries whatever their endings."""

import pytest

from vexord.search.words import AskedWords, root, roots


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("routing", "router"), ("validation", "validator"), ("serialize", "serializer"), ("parse", "parsing"),
        ("encoded", "encoder"), ("recovery", "recover"), ("initialization", "initialize"),
    ],
)  # fmt: skip
def test_words_of_one_family_share_their_root(one: str, other: str) -> None:
    assert AskedWords([one], {}).answer(roots(other))[1] == 1.0


@pytest.mark.parametrize("word", ["ring", "user", "red", "able", "use"])
def test_short_words_keep_their_endings(word: str) -> None:
    assert root(word) == word


@pytest.mark.parametrize(("one", "other"), [("port", "portable"), ("get", "getter"), ("set", "settings")])
def test_a_short_beginning_is_another_word(one: str, other: str) -> None:
    assert (AskedWords([one], {}).answer(roots(other))[0] == 1) == (len(one) >= 4)


def test_roots_of_a_name_are_those_of_its_parts_each_once() -> None:
    assert roots("HTTPServerFactory.make_server") == ("http", "serv", "factor", "make")


def test_an_answer_tells_which_words_and_which_share() -> None:
    asked = AskedWords(["open", "database", "connection"], {"open": 1.0, "database": 2.0, "connection": 1.0})
    bits, share = asked.answer(roots("DatabaseConnectionPool"))
    assert bits == 0b110
    assert share == pytest.approx(2 / 3)
    assert asked.covered(bits) == pytest.approx(0.75)
    assert asked.covered(0) == 0.0


def test_a_query_without_words_answers_nothing() -> None:
    asked = AskedWords([], {})
    assert asked.answer(roots("anything")) == (0, 0.0)
    assert asked.answer(()) == (0, 0.0)
