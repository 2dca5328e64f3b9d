"""Rows of a second model beside a segment's own."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from index_samples import make_file
from numpy.typing import NDArray

from vexord.index import store
from vexord.index.snapshot import Snapshot
from vexord.index.writer import IndexWriter

Open = Callable[..., IndexWriter]
WIDTH = 3


class Source:
    """Knows the rows of the hashes it was taught."""

    dimensions = WIDTH
    key = "embed_hash"

    def __init__(self, model: str = "second", older: "Source | None" = None) -> None:
        self.model = model
        self.taught: dict[int, NDArray[np.int8]] = {}
        self._older = older

    def older(self, model: str) -> "Source | None":
        return self._older if self._older is not None and self._older.model == model else None

    def rows(self, hashes: NDArray[np.uint64]) -> NDArray[np.int8]:
        return np.array([self.taught.get(int(key), np.zeros(WIDTH, np.int8)) for key in hashes], np.int8)

    def learn(self, index: IndexWriter, path: str) -> None:
        for number, key in enumerate(index.reusable(path)):
            self.taught[key] = np.array([127, len(path), number + 1], np.int8)


def published(folder: str) -> dict[str, list[list[int]]]:
    """Rows by path, as a reader finds them."""
    found: dict[str, list[list[int]]] = {}
    for view in Snapshot.open(folder).segments:
        refined = view.refined
        for number, path in enumerate(view.segment.paths.tolist()):
            entry = view.segment.files[number]
            rows = slice(int(entry["row_start"]), int(entry["row_end"]))
            if (view.live is None or view.live[rows].all()) and refined is not None:
                found[path] = refined.rows[rows].tolist()
                assert refined.known is None or (refined.known[rows] == refined.rows[rows].any(axis=1)).all()
    return found


def files_of(folder: str) -> list[str]:
    return [path.name for path in Path(folder).rglob("refined-*")]


def test_rows_follow_chunk_by_chunk_and_a_written_segment_has_those_that_are_known(
    open_writer: Open, folder: str
) -> None:
    source = Source()
    index = open_writer(second=source)
    index.commit([make_file("a", "one", "two"), make_file("b", "three")], [])
    assert published(folder) == {}
    assert index.second.counts() == (0, 3)
    assert not index.refine(), "nothing is known yet"
    source.learn(index, "a")
    generation = index.generation
    assert index.refine()
    assert index.generation == generation + 1
    assert published(folder) == {"a": [[127, 1, 1], [127, 1, 2]], "b": [[0, 0, 0]]}
    assert index.second.counts() == (2, 3)
    assert not index.refine(), "nothing new"
    source.learn(index, "b")
    assert index.refine()
    assert published(folder)["b"] == [[127, 1, 1]]
    assert index.second.lacking() == []
    index.commit([make_file("a", "one", "changed")], [])
    assert published(folder)["a"] == [[127, 1, 1], [0, 0, 0]], "the chunk that stayed keeps its row at once"
    assert index.second.counts() == (2, 3)


def test_a_reader_goes_on_with_the_file_that_was_replaced(open_writer: Open, folder: str) -> None:
    source = Source()
    index = open_writer(second=source)
    index.commit([make_file("a", "one"), make_file("b", "two")], [])
    source.learn(index, "a")
    index.refine()
    old = Snapshot.open(folder)
    source.learn(index, "b")
    index.refine()
    new = Snapshot.open(folder, previous=old)
    assert new.segments[0].segment is old.segments[0].segment
    assert old.segments[0].refined is not None
    assert old.segments[0].refined.rows.any(axis=1).tolist() == [True, False]
    assert new.segments[0].refined is not None
    assert new.segments[0].refined.known is None
    assert len(files_of(folder)) == 2, "a reader of the last manifest may still open the old one"
    index.commit([make_file("c", "three")], [])
    assert len(files_of(folder)) == 1


def test_a_merge_keeps_the_rows(open_writer: Open, folder: str) -> None:
    source = Source()
    index = open_writer(second=source)
    for number in range(12):
        index.commit([make_file(f"f{number:02}", f"text {number}")], [])
        source.learn(index, f"f{number:02}")
    index.refine()
    while index.merge_step():
        pass
    assert index.stats()[2] < 12
    assert published(folder) == {f"f{number:02}": [[127, 3, 1]] for number in range(12)}


def test_another_second_model_begins_anew_and_leaves_no_files(open_writer: Open, folder: str) -> None:
    source = Source()
    index = open_writer(second=source)
    index.commit([make_file("a", "one")], [])
    source.learn(index, "a")
    index.refine()
    other = open_writer(second=Source("other"))
    assert other.second.counts() == (0, 1)
    assert published(folder) == {}, "said at once"
    without = open_writer()
    assert without.second.counts() == (0, 1)
    assert files_of(folder) == []


def test_an_earlier_model_answers_until_the_new_one_is_put_in_its_place_at_once(
    open_writer: Open, folder: str
) -> None:
    old = Source("old")
    index = open_writer(second=old)
    index.commit([make_file("a", "one"), make_file("b", "two")], [])
    old.learn(index, "a")
    old.learn(index, "b")
    index.refine()
    new = Source("new", older=old)
    index = open_writer(second=new)
    assert index.second.switching
    assert index.second.model == "old"
    assert len(index.second.lacking()) == 1, "a whole segment lacks the new model's rows"
    new.learn(index, "a")
    new.taught = {key: -row for key, row in new.taught.items()}
    assert not index.refine(), "nothing of the old model is new"
    assert published(folder) == {"a": [[127, 1, 1]], "b": [[127, 1, 1]]}
    index.commit([make_file("c", "one")], [])
    assert {view.refined.model for view in Snapshot.open(folder).segments if view.refined} == {"old"}
    generation = index.generation
    assert index.switch()
    assert index.generation == generation + 1
    assert published(folder) == {"a": [[-127, -1, -1]], "b": [[0, 0, 0]]}
    assert not index.second.switching
    assert not index.switch()
    again = open_writer(second=Source("old", older=new))
    assert again.second.model == "new", "and back in the same way"


def test_an_earlier_model_that_cannot_be_had_any_more_is_dropped(open_writer: Open, folder: str) -> None:
    old = Source("old")
    index = open_writer(second=old)
    index.commit([make_file("a", "one")], [])
    old.learn(index, "a")
    index.refine()
    index = open_writer(second=Source("new", older=Source("another")))
    assert not index.second.switching
    assert published(folder) == {}


@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
@pytest.mark.parametrize("small", [True, False])
def test_damage_costs_the_rows_and_nothing_else(
    open_writer: Open, folder: str, monkeypatch: pytest.MonkeyPatch, damage: str, small: bool
) -> None:
    source = Source()
    index = open_writer(second=source)
    index.commit([make_file("a", "one")], [])
    source.learn(index, "a")
    index.refine()
    (target,) = Path(folder).rglob("refined-*")
    data = bytearray(target.read_bytes())
    data[-1] ^= 1
    if damage == "remove":
        target.unlink()
    else:
        target.write_bytes(data if damage == "flip" else data[:-1])
    if damage != "flip":
        assert Snapshot.open(folder).segments[0].refined is None, "readers do without"
    if not small:
        monkeypatch.setattr(store, "VERIFY_BELOW_BYTES", 0)
    index = open_writer(second=source)
    assert sorted(index.entries()) == ["a"]
    assert index.verify() == (small or damage != "flip")
    assert published(folder) == {}
    assert index.refine()
    assert published(folder) == {"a": [[127, 1, 1]]}
