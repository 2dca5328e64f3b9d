"""Many queries in one call: the same answers as one by one, whatever is shared between them."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest
from searchable import Searchable
from vexor_protocol.messages import QueryResult

from tests.support.trees import make_tree
from vexord.index import codes, segment_writer
from vexord.index.vectors import TOLERANCE, scan, scan_many
from vexord.search import batch, candidates, hits, meaning
from vexord.search.engine import SearchOptions

WORDS = [
    "socket",
    "bind",
    "parse",
    "header",
    "cart",
    "total",
    "install",
    "guide",
    "retry",
    "timeout",
    "close",
]
QUERIES = [
    *(f"{one} {other}" for one in WORDS for other in WORDS[:4]),
    "bind_socket_3", "bind_sockett_3", '"return 7" socket', "path:part_1 header", "-header socket", "???", "",
]  # fmt: skip


def source(number: int) -> str:
    """A file of three functions; the same for a number."""
    names = np.random.default_rng(number).choice(WORDS, 3)
    return "\n\n".join(
        f'def {name}_{number}(path):\n    """{name} the socket."""\n    return {number}\n' for name in names
    )


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Searchable:
    """Two segments of more rows than the list of the nearest has, many of them alike, and dead ones."""
    twins = {f"copy_{number}/same.py": "def same(): pass\n" for number in range(250)}
    first = {f"part_{number % 5}/file_{number}.py": source(number) for number in range(300)}
    search = Searchable(tmp_path_factory.mktemp("many"), first | twins)
    search.add(
        {f"part_9/file_{number}.py": source(number) for number in range(260)}, removed=list(first)[:40]
    )
    return search


def plain(results: Sequence[QueryResult]) -> list[object]:
    return [msgspec.to_builtins(msgspec.structs.replace(result, took_ms=0.0)) for result in results]


@pytest.mark.parametrize("prefix", ["", "part_1/", "copy_7/"])
def test_a_batch_answers_as_single_queries_do(
    many: Searchable, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hits, "MAX_SHARED_BYTES", 2_000)  # shared texts are forgotten on the way
    targets, options = [many.target(prefix)], SearchOptions(top=50, explain=True)
    one_by_one = [many.engine.search(targets, [query], options)[0] for query in QUERIES]
    assert plain(many.engine.search(targets, QUERIES, options)) == plain(one_by_one)
    assert sum(bool(result.hits) for result in one_by_one) > 10


@pytest.mark.skipif(not codes.available(), reason="no codes on this machine")
def test_a_batch_over_codes_answers_as_single_queries_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment_writer, "MIN_ROWS", 300)
    monkeypatch.setattr(meaning, "FEW_ROWS", 200)
    monkeypatch.setattr(candidates, "PER_LIST", 20)
    search = Searchable(tmp_path, {f"file_{number}.py": source(number) for number in range(150)})
    search.add({f"more_{number}.py": source(number) for number in range(90)})
    targets, options = [search.target()], SearchOptions(top=50, explain=True)
    with_codes = [view.segment.codes for view in targets[0].snapshot.segments]
    assert [found is not None for found in with_codes] == [True, False]
    for found in with_codes[:1]:
        found.wait()
    one_by_one = [search.engine.search(targets, [query], options)[0] for query in QUERIES]
    assert plain(search.engine.search(targets, QUERIES, options)) == plain(one_by_one)


def test_portions_answer_as_the_whole(many: Searchable, monkeypatch: pytest.MonkeyPatch) -> None:
    targets, options = [many.target()], SearchOptions()
    whole = many.engine.search(targets, QUERIES, options)
    monkeypatch.setattr(batch, "MAX_BYTES", 6 * 4 * 2_000)
    assert plain(many.engine.search(targets, QUERIES, options)) == plain(whole)


def test_equal_queries_are_answered_each(many: Searchable) -> None:
    found = many.engine.search([many.target()], ["socket", "bind", "socket"], SearchOptions())
    assert [result.query for result in found] == ["socket", "bind", "socket"]
    assert found[0].hits and plain(found[:1]) == plain(found[2:])


def test_text_that_changed_between_requests_is_read_again(tmp_path: Path) -> None:
    search = Searchable(tmp_path, {"a.py": "def bind(): pass\n"})
    queries = ["bind", "def bind"]
    assert all(result.hits for result in search.engine.search([search.target()], queries, SearchOptions()))
    make_tree(search.root, {"a.py": "def shut(): pass\n"})
    assert not any(
        result.hits for result in search.engine.search([search.target()], queries, SearchOptions())
    )


def test_one_pass_is_as_near_as_many_scans() -> None:
    chance = np.random.default_rng(1)
    rows = chance.integers(-127, 128, (2_500, 256), np.int8)
    rows[7] = 0
    queries = chance.integers(-127, 128, (5, 256), np.int8)
    together = scan_many(rows, queries)
    assert together.shape == (5, 2_500) and not together[:, 7].any()
    for number, query in enumerate(queries):
        assert np.abs(together[number] - scan(rows, query[None])).max() < TOLERANCE / 10
