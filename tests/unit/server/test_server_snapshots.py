"""Snapshots of projects that nobody searches are closed, and nobody notices."""

import gc
import os
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
from server_harness import FINGERPRINT, Harness, one_file

from tests.support.waiting import wait_until
from tests.support.xdg import Xdg
from vexord.index.writer import IndexWriter
from vexord.server import app, snapshots, tracker
from vexord.server.snapshots import Slot, close_unused

LATER = time.monotonic() + 10 * snapshots.KEEP_OPEN_S


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[IndexWriter]:
    opened = IndexWriter.open(str(tmp_path / "index"), FINGERPRINT)
    yield opened
    opened.close()


def publish(writer: IndexWriter, *paths: str) -> None:
    writer.commit([one_file(path, number) for number, path in enumerate(paths, 1)], [])


@pytest.fixture
def slot(tmp_path: Path, writer: IndexWriter) -> Slot:
    publish(writer, "a.py")
    slot = Slot(str(tmp_path / "index"))
    assert slot.refresh()
    return slot


def test_an_unused_snapshot_is_closed_and_opened_again_on_demand(slot: Slot) -> None:
    before = slot.size
    held = weakref.ref(slot.snapshot().segments[0].segment)  # type: ignore[union-attr]
    close_unused([slot], slot.used_at + snapshots.KEEP_OPEN_S - 1)
    assert slot.is_open
    close_unused([slot], LATER)
    gc.collect()
    assert not slot.is_open and held() is None
    assert slot.size == before and before is not None and before.chunks == 1
    snapshot = slot.snapshot()
    assert snapshot is not None and snapshot.generation == before.generation
    assert slot.is_open and slot.problem is None


def test_who_reads_a_snapshot_keeps_it(slot: Slot) -> None:
    lent = slot.snapshot()
    close_unused([slot], LATER)
    assert lent is not None and lent.segments[0].segment.paths[0] == "a.py"


def test_a_closed_slot_opens_what_is_published_now(slot: Slot, writer: IndexWriter) -> None:
    slot.close()
    publish(writer, "b.py", "c.py")
    snapshot = slot.snapshot()
    assert snapshot is not None and snapshot.live_files == 3
    assert slot.size == snapshots.Size.of(snapshot)


def test_the_least_recently_read_of_too_many_goes_first(slot: Slot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "MAX_OPEN", 2)
    slots = [slot, Slot(slot.index_dir), Slot(slot.index_dir), Slot(slot.index_dir)]
    for age, one in enumerate(slots):
        assert one.refresh()
        one.used_at = 1_000.0 - age
    close_unused(slots[::-1], 1_000.0)
    assert [one.is_open for one in slots] == [True, True, False, False]


def test_a_snapshot_whose_successor_is_damaged_stays(slot: Slot, writer: IndexWriter) -> None:
    publish(writer, "b.py")
    newest = max(Path(slot.index_dir, "segments").iterdir(), key=lambda folder: folder.stat().st_mtime_ns)
    os.truncate(newest / "columns.npy", 10)
    assert not slot.refresh() and slot.problem is not None
    close_unused([slot], LATER)
    assert slot.is_open


def test_a_closed_index_that_is_damaged_meanwhile_is_told_and_tried_again(slot: Slot) -> None:
    path = Path(slot.index_dir, "manifest.json")
    whole = path.read_bytes()
    slot.close()
    path.write_bytes(whole[:20])
    assert slot.snapshot() is None and slot.problem is not None
    path.write_bytes(whole)
    assert slot.snapshot() is not None and slot.problem is None


def test_status_and_searches_are_the_same_after_it(
    xdg: Xdg, harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = xdg.home / "shop"
    root.mkdir()
    project = harness.project(root)
    slot = next(view.slot for view in harness.server._tracker.views)
    before = harness.status_of(root)
    monkeypatch.setattr(tracker, "CLOSE_EVERY_S", 0.0)
    monkeypatch.setattr(snapshots, "KEEP_OPEN_S", 0.0)
    monkeypatch.setattr(app, "IDLE_TICK_S", 0.1)
    harness.server._tracker._next_close = 0.0
    harness.server.nudge()
    wait_until(lambda: not slot.is_open, what="closed")
    assert harness.status_of(root) == before
    assert before["generation"] == 1 and before["chunks"] > 0
    for fresh_ms in (0, 5_000):
        reply = harness.ask("search", query="x", path=str(root), fresh_ms=fresh_ms)
        assert (reply["stale"], reply["generation"]) == (False, 1)
        ((target,), _, _) = harness.engine.calls[-1]
        assert target.snapshot.live_rows == before["chunks"]
    harness.indexer.publish(project)
    wait_until(lambda: harness.status_of(root)["generation"] == 2, what="published")
    assert harness.ask("search", query="x", path=str(root))["generation"] == 2
