"""The shares of a score add up to it, and tell which signals spoke."""

import pytest
from searchable import Searchable

from vexord.search.explain import Ledger


def test_a_ledger_tells_sums_and_factors_as_shares() -> None:
    ledger = Ledger()
    ledger.add("words", 7.0, 2.0)
    ledger.scale("silent", 1.0)
    ledger.scale("aside", 0.25)
    ledger.add("meaning", 0.1, 0.5)
    told = [(part.part, part.value, part.share) for part in ledger.parts()]
    assert told == [("words", 7.0, 2.0), ("aside", 0.25, -1.5), ("meaning", 0.1, 0.5)]
    assert ledger.total == pytest.approx(1.0)


@pytest.mark.parametrize("query", ["where do we bind the socket", "bind_socket", "Total", "guide install"])
def test_the_shares_of_every_hit_add_up_to_its_score(search: Searchable, query: str) -> None:
    hits = search(query, explain=True)
    assert len(hits) > 1
    for hit in hits:
        assert sum(part.share for part in hit.explain) == pytest.approx(hit.score, abs=2e-3), hit.path


def test_a_definition_is_told_from_its_test(search: Searchable) -> None:
    parts = {hit.path: {part.part for part in hit.explain} for hit in search("bind_socket", explain=True)}
    assert "symbol" in parts["src/server/listen.py"]
    assert "aside" in parts["tests/test_listen.py"]
    assert "aside" not in parts["src/server/listen.py"]


def test_nothing_is_told_unasked(search: Searchable) -> None:
    assert all(hit.explain == [] for hit in search("bind the socket"))
