"""What the ranking promises whatever the weights: one index or many segments, names, tests, explanations."""

from pathlib import Path

import numpy as np
import pytest
from searchable import Searchable

from vexord.search import weights as weights_module
from vexord.search.candidates import collect
from vexord.search.evidence import Contest
from vexord.search.query import parse_query
from vexord.search.rank import rank
from vexord.search.signals import SIGNALS, signals_of
from vexord.search.weights import weights

STORE = '''class Store:
    """Keeps records."""

    def open(self, path):
        self.file = open(path)
        self.lock.acquire()
        return self

    def close(self):
        self.file.close()
        self.lock.release()


def open(path):
    store = Store()
    store.count += 1
    return store
'''
TYPES = """export type UserId = string

export type OrderId = string

export type CartLine = { id: OrderId }
"""
ORDERS = """import { OrderId } from './types'

export function find(id: OrderId) {
  return id
}
"""
CLEANUP = """def purge_expired_sessions(now):
    for session in all_sessions():
        session.drop()
"""
TEST = """from store import Store


def test_store():
    assert Store().open('x')
"""
FILES = {
    "src/store.py": STORE,
    "src/types.ts": TYPES,
    "src/orders.ts": ORDERS,
    "tests/test_store.py": TEST,
    "src/cleanup.py": CLEANUP,
    "src/win32/store.py": STORE,
}


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Searchable:
    return Searchable(tmp_path_factory.mktemp("one"), FILES)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Searchable:
    first, *others = FILES.items()
    project = Searchable(tmp_path_factory.mktemp("many"), dict([first]))
    for path, text in others:
        project.add({path: text})
    return project


@pytest.mark.parametrize(
    "query", ["open a store", "Store", "Store.open", "OrderId", "expired session cleanup", "lock"]
)
def test_segments_do_not_change_the_ranking(one: Searchable, many: Searchable, query: str) -> None:
    assert len(many.pools()) > 1
    wanted = [(hit.path, hit.start_line, pytest.approx(hit.score, abs=2e-3)) for hit in one(query)]
    assert [(hit.path, hit.start_line, hit.score) for hit in many(query)] == wanted


def test_a_name_that_shares_a_chunk_with_others_is_found_where_it_is_defined(one: Searchable) -> None:
    assert one.paths("OrderId")[0] == "src/types.ts"


def test_a_qualified_name_shows_the_member_and_not_its_namesake(one: Searchable) -> None:
    hits = {hit.path: hit for hit in one("Store.open")}
    assert hits["src/store.py"].start_line == 1
    assert {hit.path: hit for hit in one("open")}["src/store.py"].start_line > 1


def test_the_definition_comes_before_its_test_and_before_a_copy_for_another_platform(one: Searchable) -> None:
    paths = one.paths("Store")
    assert paths[0] == "src/store.py"
    assert paths.index("src/store.py") < paths.index("tests/test_store.py")
    assert paths.index("src/store.py") < paths.index("src/win32/store.py")


def test_a_query_that_asks_for_a_platform_is_not_held_against_it(one: Searchable) -> None:
    def platform(text: str) -> dict[str, float]:
        query = parse_query(text)
        signals = signals_of(one.pools(), [Contest(query, collect(one.pools(), query, None))])
        paths = [signals.path(one.pools(), file) for file in range(len(signals.table))]
        return dict(zip(paths, signals.table[:, SIGNALS.index("platform")].tolist(), strict=True))

    assert platform("open a store")["src/win32/store.py"] == 1.0
    assert platform("open a store on windows")["src/win32/store.py"] == 0.0


@pytest.mark.parametrize("text", ["open a store", "png", "Store", "zebra", "的", "expired sessions"])
def test_signals_are_finite_and_as_many_as_the_weights(one: Searchable, text: str) -> None:
    query = parse_query(text)
    contest = Contest(query, collect(one.pools(), query, None))
    (files,) = rank(one.pools(), [contest])
    assert list(files) or not len(contest.found.row)
    if len(contest.found.row):
        table = signals_of(one.pools(), [contest]).table
        assert table.shape[1] == len(weights())
        assert np.isfinite(table).all()


def test_weights_of_other_signals_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "weights.json").write_text('{"made_by": "x", "weights": {"words": 1.0}}')
    monkeypatch.setattr(weights_module.resources, "files", lambda _: tmp_path)
    weights.cache_clear()
    try:
        with pytest.raises(ValueError, match="differ"):
            weights()
    finally:
        weights.cache_clear()


@pytest.mark.parametrize(
    "path", ["tests/test_store.py", "docs/deep/in/notes.md", "vendor/x/migrations/0001_x.py"]
)
@pytest.mark.parametrize("word", ["qvxkzmarker", "m0f3a9c77e1", "zz_store_open_qv"])
def test_a_word_that_stands_in_one_place_is_found_there_first(tmp_path: Path, path: str, word: str) -> None:
    files: dict[str, str | bytes] = {
        f"src/store_{number}.py": f"def open_store_{number}(marker):\n    return marker.store()\n"
        for number in range(40)
    }
    project = Searchable(tmp_path, files | {path: f"some text\n\n# {word}\n\nmore of it\n"})
    assert project.paths(word)[0] == path
