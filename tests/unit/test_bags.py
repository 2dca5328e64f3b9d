"""Words counted for many texts at once are those of each text alone."""

from collections import Counter
from itertools import chain

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from vexord.bags import Bags, Table, count_words, pieces_of, summed, words_of
from vexord.index.postings import term_hash
from vexord.index.terms import analyse, term_hashes
from vexord.words import WORD, normal

LETTERS = "aZ_9 =\n-.é\u0301\u0338ßŁ½Ⅳ\u00a0\u3000検索のｆ\u1100\u1161\udc80𝐱"
TEXTS = st.text(max_size=60) | st.text(LETTERS, max_size=60)


@given(TEXTS)
@example("=\u0338 e\u0301 a\u00a0b x½y")
def test_the_words_of_the_pieces_are_those_of_the_text(text: str) -> None:
    assert list(chain.from_iterable(map(words_of, pieces_of(text)))) == WORD.findall(normal(text))


@given(st.lists(TEXTS, max_size=8))
def test_each_text_has_its_pieces_as_often_as_they_occur(texts: list[str]) -> None:
    bags = count_words(texts)
    assert bags.size == len(texts)
    assert len(set(bags.pieces)) == len(bags.pieces)
    found: list[Counter[bytes]] = [Counter() for _ in texts]
    for text, number, count in zip(bags.texts, bags.numbers, bags.counts, strict=True):
        found[text][bags.pieces[number]] += int(count)
    assert found == [Counter(pieces_of(text)) for text in texts]
    order = list(zip(bags.texts.tolist(), bags.numbers.tolist(), strict=True))
    assert order == sorted(set(order))


@given(st.lists(TEXTS, max_size=8))
def test_the_terms_of_the_pieces_are_those_of_the_texts(texts: list[str]) -> None:
    bags = count_words(texts)
    rows, places, counts = bags.expanded(table := term_hashes(bags.pieces, 7))
    found: list[Counter[int]] = [Counter() for _ in texts]
    for row, place, count in zip(rows.tolist(), places.tolist(), counts.tolist(), strict=True):
        found[row][int(table.values[place])] += count
    assert found == [Counter(term_hash(term, 7) for term in analyse(text)) for text in texts]


def test_pieces_may_stand_for_nothing_or_for_several_values() -> None:
    bags = Bags(2, [b"a", b"b", b"c"], np.array([0, 0, 1]), np.array([0, 2, 1]), np.array([1, 5, 2]))
    table = Table.of([b"", bytes([7]), bytes([8, 9])], np.dtype(np.uint8))
    texts, places, counts = bags.expanded(table)
    assert texts.tolist() == [0, 0, 1]
    assert table.values[places].tolist() == [8, 9, 7]
    assert counts.tolist() == [5, 5, 2]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(1, 1000)), max_size=30))
def test_equal_pairs_are_added_up(pairs: list[tuple[int, int, int]]) -> None:
    major, minor, counts = np.array(pairs, np.int64).reshape(-1, 3).T
    totals: Counter[tuple[int, int]] = Counter()
    for first, second, count in pairs:
        totals[first, second] += count
    found = zip(*(column.tolist() for column in summed(major, minor, counts, 5)), strict=True)
    assert list(found) == [(*pair, total) for pair, total in sorted(totals.items())]
