"""Files and folders that became links after they were indexed: where they lead is not shown, not if equal."""

import os
import shutil
from pathlib import Path

import pytest
from searchable import Searchable

from vexord.search.engine import SearchOptions

LISTEN = "src/server/listen.py"


@pytest.fixture(params=["src", "src/server", LISTEN])
def linked(search: Searchable, tmp_path: Path, request: pytest.FixtureRequest) -> Searchable:
    """Move a part of the way out of the root, and leave a link to it."""
    place = search.root / request.param
    away = tmp_path / "outside" / "moved"
    away.parent.mkdir()
    shutil.move(place, away)
    place.symlink_to(away)
    assert (search.root / LISTEN).read_text().startswith("def bind_socket")
    return search


@pytest.mark.parametrize(
    "query", ["bind the listening socket", '"listening socket"', "/def bind_\\w+/", "bind_socket"]
)
def test_no_answer_comes_through_a_link(linked: Searchable, query: str) -> None:
    answer = linked.answer(query)
    assert LISTEN not in [hit.path for hit in answer.hits]
    assert not any("listening socket" in hit.text for hit in answer.hits)
    assert answer.dropped > 0


def test_what_is_like_a_file_behind_a_link_is_found_without_its_text(linked: Searchable) -> None:
    result = linked.engine.related(linked.target(LISTEN), None, [linked.target()], SearchOptions())
    assert all("listening socket" not in hit.text for hit in result.hits)


def test_a_root_that_became_a_link_shows_nothing(search: Searchable, tmp_path: Path) -> None:
    os.rename(search.root, tmp_path / "moved")
    search.root.symlink_to(tmp_path / "moved")
    answer = search.answer("bind the listening socket")
    assert (answer.hits, answer.dropped > 0) == ([], True)
