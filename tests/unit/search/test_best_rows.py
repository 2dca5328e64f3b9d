"""The best rows of weighted postings over segments, against adding everything up."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vexord.index.postings import IMPACT_STEP
from vexord.search import best_rows as module
from vexord.search import keywords
from vexord.search.best_rows import Wanted, Weighted, best_rows, values_at
from vexord.search.keywords import Match, Piece, impacts_at
from vexord.search.numbering import Numbering

SHARE = 0.2


def postings(rng: np.random.Generator, lengths: list[int], share: float, weight: float) -> Weighted:
    """Return a term in some rows of each segment, in one of them at least."""
    pieces = []
    for segment, length in enumerate(lengths):
        rows = np.flatnonzero(rng.random(length) < share).astype(np.uint32)
        if not len(rows) and not pieces and segment == len(lengths) - 1:
            rows = np.array([int(rng.integers(length))], np.uint32)
        if len(rows):
            pieces.append(Piece(segment, rows, rng.integers(1, 256, len(rows)).astype(np.uint8)))
    return one_term(pieces, weight)


def one_term(pieces: list[Piece], weight: float) -> Weighted:
    return Weighted(Match("t", weight, tuple(pieces), sum(len(piece.rows) for piece in pieces)), weight)


def sums(terms: list[Weighted], numbering: Numbering) -> NDArray[np.float64]:
    total = np.zeros(numbering.total)
    for term in terms:
        for piece in term.match.pieces:
            rows = piece.rows.astype(np.int64) + numbering.starts[piece.segment]
            total[rows] += piece.impacts * IMPACT_STEP * term.weight
    return total


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    lengths=st.lists(st.integers(1, 2_000), min_size=1, max_size=4),
    shares=st.lists(st.sampled_from([0.0005, 0.01, 0.1, 0.5, 1.0]), min_size=1, max_size=6),
    count=st.integers(1, 60),
    allowed_share=st.sampled_from([1.0, 0.9, 0.3, 0.01, 0.0]),
    gathered=st.sampled_from([1, 50, 1 << 18]),
)
def test_the_sums_of_the_rows_are_the_highest_there_are(
    seed: int, lengths: list[int], shares: list[float], count: int, allowed_share: float, gathered: int
) -> None:
    rng = np.random.default_rng(seed)
    numbering = Numbering.of(lengths)
    terms = [postings(rng, lengths, share, float(rng.uniform(0.3, 9))) for share in shares]
    masks = [rng.random(length) < allowed_share if allowed_share < 1 else None for length in lengths]
    total = sums(terms, numbering)
    for start, mask in zip(numbering.starts, masks, strict=False):
        if mask is not None:
            total[start : start + len(mask)][~mask] = 0.0
    total[total < SHARE * total.max() - 1e-3] = 0.0
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (
            ("_ALL", gathered),
            ("_FIRST", gathered),
            ("_SHORT", 40),
            ("_GROUPS", 64),
        ):
            patch.setattr(module, name, value)
        patch.setattr(module, "TYPICAL", 1.0)  # the true bound
        found = best_rows(terms, Wanted(count, SHARE), numbering, masks)
    sure = int((total > SHARE * total.max() + 1e-3).sum())
    assert min(count, sure) <= len(found) <= min(count, int((total > 0).sum()))
    assert len(set(found.tolist())) == len(found)
    assert np.allclose(np.sort(total[found])[::-1], np.sort(total)[::-1][: len(found)], atol=1e-3)


def test_common_terms_are_looked_up_only_where_they_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    lengths = [60_000, 40_000]
    numbering = Numbering.of(lengths)
    rare = postings(rng, lengths, 0.01, 9.0)
    common = postings(rng, lengths, 0.6, 0.2)
    added: list[int] = []
    add = module._Sums.add
    monkeypatch.setattr(module, "_ALL", 10_000)
    monkeypatch.setattr(
        module._Sums,
        "add",
        lambda self, terms: (added.append(sum(one.match.frequency for one in terms)), add(self, terms))[1],
    )
    found = best_rows([common, rare], Wanted(50, SHARE), numbering, [None, None])
    assert added == [rare.match.frequency]
    total = sums([common, rare], numbering)
    assert np.allclose(np.sort(total[found]), np.sort(total)[-50:], atol=1e-3)


def test_one_search_leaves_nothing_for_the_next() -> None:
    rng = np.random.default_rng(0)
    numbering = Numbering.of([600, 400])
    first = postings(rng, [600, 400], 0.5, 1.0)
    best_rows([first], Wanted(10, SHARE), numbering, [None, None])
    other = one_term([Piece(1, np.array([3], np.uint32), np.array([1], np.uint8))], 1.0)
    assert best_rows([other], Wanted(10, SHARE), numbering, [None, None]).tolist() == [603]
    impacts_at([first.match], np.arange(1000), numbering)
    assert best_rows([other], Wanted(10, SHARE), numbering, [None, None]).tolist() == [603]
    assert best_rows([], Wanted(10, SHARE), numbering, [None, None]).tolist() == []


def test_values_at_some_rows() -> None:
    one = one_term(
        [
            Piece(0, np.array([2, 5, 9], np.uint32), np.array([50, 100, 200], np.uint8)),
            Piece(2, np.array([0], np.uint32), np.array([255], np.uint8)),
        ],
        2.0,
    )
    assert one.bound() == pytest.approx(510 * IMPACT_STEP)
    numbering = Numbering.of([10, 10, 10])
    values = values_at(one, numbering.split(np.array([0, 2, 3, 9, 15, 20, 29])), 7)
    assert values == pytest.approx(np.array([0, 100, 0, 400, 0, 510, 0]) * IMPACT_STEP)


@pytest.mark.parametrize("searched", [0, 1, 16])
def test_impacts_at_some_rows_read_or_searched(monkeypatch: pytest.MonkeyPatch, searched: int) -> None:
    monkeypatch.setattr(keywords, "SEARCHED", searched)
    rng = np.random.default_rng(3)
    lengths = [300, 1, 500]
    numbering = Numbering.of(lengths)
    terms = [postings(rng, lengths, share, 1.0) for share in (0.5, 0.01, 1.0, 0.2)]
    rows = np.flatnonzero(rng.random(801) < 0.3)
    table = impacts_at([term.match for term in terms], rows, numbering)
    expected = np.stack([sums([term], numbering)[rows] for term in terms], axis=1)
    assert np.allclose(table, expected, atol=1e-6)
