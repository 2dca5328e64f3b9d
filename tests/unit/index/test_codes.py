"""Codes of large segments: made with them, kept by merges, done without."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from index_samples import make_file

from vexord.index import codes, segment_writer
from vexord.index.codes import Codes
from vexord.index.segment import CODES_NAME
from vexord.index.snapshot import Snapshot
from vexord.index.writer import IndexWriter

Open = Callable[..., IndexWriter]
pytestmark = pytest.mark.skipif(not codes.available(), reason="no wheel of turbovec for this machine")


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment_writer, "MIN_ROWS", 40)


def files_of(count: int, start: int = 0) -> list[object]:
    return [make_file(f"f{number}", f"text {number}") for number in range(start, start + count)]


def test_a_large_segment_has_codes_and_a_small_one_none(open_writer: Open, folder: str) -> None:
    index = open_writer()
    index.commit(files_of(50), [])  # type: ignore[arg-type]
    index.commit(files_of(3, 50), [])  # type: ignore[arg-type]
    large, small = (view.segment for view in Snapshot.open(folder).segments)
    assert small.codes is None
    assert large.codes is not None
    query = large.vectors[7:8].copy()
    assert large.codes.likely(query, 5, None) is None, "the first is not kept waiting"
    large.codes.wait()
    likely = large.codes.likely(query, 5, None)
    assert likely is not None
    rows, scores = likely
    assert rows[scores.argmax()] == 7
    only = np.zeros(50, np.bool_)
    only[10:30] = True
    among = large.codes.likely(query, 5, only)
    assert among is not None
    assert len(among[0]) >= 5
    assert only[among[0]].all()


def test_damaged_codes_cost_time_only(
    open_writer: Open, folder: str, caplog: pytest.LogCaptureFixture
) -> None:
    open_writer().commit(files_of(50), [])  # type: ignore[arg-type]
    (path,) = Path(folder).rglob(CODES_NAME)
    good = path.read_bytes()
    for damaged in (b"", good[:-9], b"x" * len(good)):
        path.write_bytes(damaged)
        found = Codes(str(path), 50)
        found.wait()
        assert found.likely(np.ones((1, 16), np.int8), 5, None) is None
    assert "codes cannot be read" in caplog.text
    other = Codes(str(path), 49)
    path.write_bytes(good)
    other.wait()
    assert other.likely(np.ones((1, 16), np.int8), 5, None) is None, "codes of another number of rows"


@pytest.mark.parametrize("few", [True, False])
def test_while_codes_are_read_few_rows_are_compared_and_many_waited_for(
    open_writer: Open, folder: str, monkeypatch: pytest.MonkeyPatch, few: bool
) -> None:
    monkeypatch.setattr(codes, "FEW_ROWS", 51 if few else 50)
    open_writer().commit(files_of(50), [])  # type: ignore[arg-type]
    (path,) = Path(folder).rglob(CODES_NAME)
    go, told = threading.Event(), []
    slow = Codes(str(path), 50, lambda: told.append("ready"))
    read = slow._read
    monkeypatch.setattr(slow, "_read", lambda: (go.wait(10), read()))
    query = np.ones((1, 16), np.int8)
    assert slow.likely(query, 5, None) is None
    threading.Timer(0.1, go.set).start()
    assert (slow.likely(query, 5, None) is None) == few
    slow.wait()
    assert slow.likely(query, 5, None) is not None
    assert told == ["ready"]


def test_codes_that_cannot_be_written_are_left_out(
    open_writer: Open, folder: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(path: str, rows: object) -> None:
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(segment_writer, "write_codes", full)
    open_writer().commit(files_of(50), [])  # type: ignore[arg-type]
    (view,) = Snapshot.open(folder).segments
    assert view.segment.codes is None
    assert not list(Path(folder).rglob(CODES_NAME))
    assert "codes not written" in caplog.text
