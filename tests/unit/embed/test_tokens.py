"""Which rows a text names."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.embed.conftest import VOCABULARY, WORDS
from vexord.embed import tokens as module
from vexord.embed.tokens import HEADER_WEIGHT, Tokens, Vocabulary

FIRST_BUCKET = len(WORDS)


@pytest.fixture
def tokens() -> Tokens:
    return Tokens(VOCABULARY)


def names(counts: dict[int, int]) -> dict[str, int]:
    """Row numbers as words, `#` for buckets taken together."""
    named: Counter[str] = Counter()
    for row, count in counts.items():
        named[WORDS[row] if row < FIRST_BUCKET else "#"] += count
    return dict(named)


@pytest.mark.parametrize("spelling", ["parse_headers", "parseHeader", "ParseHeader", "PARSE_HEADERS"])
def test_an_identifier_names_its_words(tokens: Tokens, spelling: str) -> None:
    assert names(tokens.query(spelling)) == {"parse": 1, "header": 1}


def test_occurrences_are_counted_over_all_spellings(tokens: Tokens) -> None:
    assert names(tokens.query("bind Bind bindServer")) == {"bind": 3, "server": 1}


def test_the_header_line_counts_more(tokens: Tokens) -> None:
    assert names(tokens.chunk("server\nbind server")) == {"bind": 1, "server": 1 + HEADER_WEIGHT}


def test_words_written_together_are_taken_apart(tokens: Tokens) -> None:
    assert names(tokens.query("filepath")) == {"file": 1, "path": 1}


def test_an_unknown_word_shares_buckets_with_its_kin_and_names_no_word(tokens: Tokens) -> None:
    one, other = tokens.query("tokenizer"), tokens.query("tokenizing")
    assert set(names(one)) == {"#"}
    assert len(set(one) & set(other)) >= 4


def test_without_buckets_unknown_words_say_nothing() -> None:
    assert not Tokens(Vocabulary(WORDS, 0)).query("tokenizer")


def test_unknown_numbers_say_nothing(tokens: Tokens) -> None:
    assert not tokens.query("0 42 31337")


@given(st.text(max_size=200))
def test_any_text_names_only_rows_that_exist(text: str) -> None:
    tokens = Tokens(VOCABULARY)
    for counts in (tokens.query(text), tokens.chunk(text)):
        assert all(0 <= row < len(VOCABULARY) and count > 0 for row, count in counts.items())


@given(st.lists(st.from_regex(r"\A[A-Za-z_]{1,12}\Z"), min_size=2, max_size=20))
def test_a_small_cache_changes_no_answer(words: list[str]) -> None:
    text = " ".join(words * 2)
    full = Tokens(VOCABULARY).query(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CACHE_ENTRIES", 3)
        assert Tokens(VOCABULARY).query(text) == full
