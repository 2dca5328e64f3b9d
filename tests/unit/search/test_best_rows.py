"""The best rows of weighted postings, against adding everything up."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vexord.index.postings import IMPACT_STEP
from vexord.search import best_rows as module
from vexord.search.best_rows import Wanted, Weighted, best_rows, values_at

SHARE = 0.2


def postings(rng: np.random.Generator, row_count: int, share: float, weight: float) -> Weighted:
    rows = np.flatnonzero(rng.random(row_count) < share).astype(np.uint32)
    if not len(rows):
        rows = np.array([int(rng.integers(row_count))], np.uint32)
    return Weighted(rows, rng.integers(1, 256, len(rows)).astype(np.uint8), weight)


def sums(terms: list[Weighted], row_count: int) -> NDArray[np.float64]:
    total = np.zeros(row_count)
    for term in terms:
        total[term.rows] += term.impacts * IMPACT_STEP * term.weight
    return total


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    row_count=st.integers(1, 4_000),
    shares=st.lists(st.sampled_from([0.0005, 0.01, 0.1, 0.5, 1.0]), min_size=1, max_size=6),
    count=st.integers(1, 60),
    allowed_share=st.sampled_from([1.0, 0.9, 0.3, 0.01, 0.0]),
)
def test_the_sums_of_the_rows_are_the_highest_there_are(
    seed: int, row_count: int, shares: list[float], count: int, allowed_share: float
) -> None:
    rng = np.random.default_rng(seed)
    terms = [postings(rng, row_count, share, float(rng.uniform(0.3, 9))) for share in shares]
    allowed = rng.random(row_count) < allowed_share if allowed_share < 1 else None
    total = sums(terms, row_count)
    if allowed is not None:
        total[~allowed] = 0.0
    total[total < SHARE * total.max() - 1e-3] = 0.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CHECK_SHARE", 0.0)
        patch.setattr(module, "TYPICAL", 1.0)  # the true bound
        found = best_rows(terms, Wanted(count, SHARE), row_count, allowed)
    sure = int((total > SHARE * total.max() + 1e-3).sum())
    assert min(count, sure) <= len(found) <= min(count, int((total > 0).sum()))
    assert len(set(found.tolist())) == len(found)
    assert np.allclose(np.sort(total[found])[::-1], np.sort(total)[::-1][: len(found)], atol=1e-3)


def test_common_terms_are_looked_up_only_where_they_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    rare = postings(rng, 100_000, 0.01, 9.0)
    common = postings(rng, 100_000, 0.6, 0.2)
    added: list[int] = []
    add = module._Sums.add
    monkeypatch.setattr(
        module._Sums, "add", lambda self, one: (added.append(len(one.rows)), add(self, one))[1]
    )
    found = best_rows([common, rare], Wanted(50, SHARE), 100_000, None)
    assert added == [len(rare.rows)]
    total = sums([common, rare], 100_000)
    assert np.allclose(np.sort(total[found]), np.sort(total)[-50:], atol=1e-3)


def test_one_search_leaves_nothing_for_the_next() -> None:
    rng = np.random.default_rng(0)
    first = postings(rng, 1_000, 0.5, 1.0)
    best_rows([first], Wanted(10, SHARE), 1_000, None)
    other = Weighted(np.array([3], np.uint32), np.array([1], np.uint8), 1.0)
    assert best_rows([other], Wanted(10, SHARE), 1_000, None).tolist() == [3]
    assert best_rows([], Wanted(10, SHARE), 1_000, None).tolist() == []


def test_values_at_some_rows() -> None:
    one = Weighted(np.array([2, 5, 9], np.uint32), np.array([50, 100, 200], np.uint8), 2.0)
    assert one.bound == pytest.approx(400 * IMPACT_STEP)
    values = values_at(one, np.array([0, 2, 3, 9, 10], np.uint32))
    assert values == pytest.approx(np.array([0, 100, 0, 400, 0]) * IMPACT_STEP)
