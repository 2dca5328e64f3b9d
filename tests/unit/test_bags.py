"""Words counted for many texts at once are those of each text alone."""

from collections import Counter
from itertools import chain

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from vexord.bags import Lists, count_words, summed
from vexord.index.build_postings import FieldTerms
from vexord.index.postings import BODY, term_hash
from vexord.index.terms import analyse
from vexord.words import WORD, normal, parts

LETTERS = "aZsS_9 =\n-.é\u0301\u0338ßŁ½Ⅳ\u00a0\u3000検索のｆ\u1100\u1161\udc80𝐱"
TEXTS = st.text(max_size=60) | st.text(LETTERS, max_size=60) | st.text("aB1_", max_size=200)


@given(st.lists(TEXTS, max_size=8))
@example(["=\u0338 e\u0301 a\u00a0b x½y parseURLs2 a1" * 20, "", "ＡＢＣ ABC abc"])
def test_each_text_has_its_words_as_often_as_they_occur(texts: list[str]) -> None:
    bags = count_words(texts)
    found: list[Counter[str]] = [Counter() for _ in texts]
    for text, number, count in zip(bags.texts, bags.numbers, bags.counts, strict=True):
        found[text][bags.words[number]] += int(count)
    assert found == [Counter(WORD.findall(normal(text))) for text in texts]
    assert bags.size == len(texts)


@given(st.lists(TEXTS, max_size=8))
@example(["a1" * 40, "検索する a1"])
def test_parts_of_all_words_are_those_of_each(texts: list[str]) -> None:
    bags = count_words(texts)
    names, lists = bags.parts
    flat = iter(lists.values.tolist())
    for word, length in zip(bags.words, lists.lengths.tolist(), strict=True):
        assert tuple(names[next(flat)] for _ in range(length)) == parts(word)
    assert next(flat, None) is None


@given(st.lists(TEXTS, max_size=8))
def test_the_terms_of_the_words_are_those_of_the_texts(texts: list[str]) -> None:
    terms = FieldTerms.of_words(count_words(texts), BODY)
    found: list[Counter[int]] = [Counter() for _ in texts]
    for row, term, count in zip(terms.rows, terms.terms, terms.counts, strict=True):
        found[row][int(terms.hashes[term])] += int(count)
    assert found == [Counter(term_hash(term, BODY.seed) for term in analyse(text)) for text in texts]


NUMBERS = st.lists(st.lists(st.integers(0, 3), max_size=3), min_size=4, max_size=4)


def lists_of(lists: list[list[int]]) -> Lists:
    flat = list(chain.from_iterable(lists))
    return Lists(np.array([len(one) for one in lists], np.int64), np.array(flat, np.int64))


@given(NUMBERS, NUMBERS, st.lists(st.integers(0, 3), max_size=6))
def test_lists_are_chosen_and_put_in_each_others_places(
    first: list[list[int]], second: list[list[int]], chosen: list[int]
) -> None:
    wanted = lists_of([first[number] for number in chosen])
    found = lists_of(first).of(np.array(chosen, np.int64))
    assert (found.lengths.tolist(), found.values.tolist()) == (
        wanted.lengths.tolist(), wanted.values.tolist(),
    )  # fmt: skip
    wanted = lists_of([[value for number in one for value in second[number]] for one in first])
    found = lists_of(first).through(lists_of(second))
    assert (found.lengths.tolist(), found.values.tolist()) == (
        wanted.lengths.tolist(), wanted.values.tolist(),
    )  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(1, 1000)), max_size=30))
def test_equal_pairs_are_added_up(pairs: list[tuple[int, int, int]]) -> None:
    major, minor, counts = np.array(pairs, np.int64).reshape(-1, 3).T
    totals: Counter[tuple[int, int]] = Counter()
    for first, second, count in pairs:
        totals[first, second] += count
    found = zip(*(column.tolist() for column in summed(major, minor, counts, 5)), strict=True)
    assert list(found) == [(*pair, total) for pair, total in sorted(totals.items())]
