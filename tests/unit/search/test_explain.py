"""The shares of a score add up to it, and tell which signals spoke."""

import pytest
from searchable import Searchable


@pytest.mark.parametrize("query", ["where do we bind the socket", "bind_socket", "Total", "guide install"])
def test_the_shares_of_every_hit_add_up_to_its_score(search: Searchable, query: str) -> None:
    hits = search(query, explain=True)
    assert len(hits) > 1
    for hit in hits:
        assert sum(part.share for part in hit.explain) == pytest.approx(hit.score, abs=2e-3), hit.path


def test_a_definition_is_told_from_its_test(search: Searchable) -> None:
    parts = {hit.path: {part.part for part in hit.explain} for hit in search("bind_socket", explain=True)}
    assert "defines asked" in parts["src/server/listen.py"]
    assert "test" in parts["tests/test_listen.py"]
    assert "test" not in parts["src/server/listen.py"]


def test_nothing_is_told_unasked(search: Searchable) -> None:
    assert all(hit.explain == [] for hit in search("bind the socket"))
