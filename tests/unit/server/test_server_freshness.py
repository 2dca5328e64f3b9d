"""The promise on the wire: when an answer may say that it is fresh, and what it says when it may not."""

import time
from pathlib import Path

import pytest
from server_harness import FakeIndexer, Harness, running

from tests.support.waiting import wait_until
from tests.support.xdg import Xdg
from vexord.link.messages import OpenProject, Published, Sync


@pytest.fixture
def root(harness: Harness, xdg: Xdg) -> Path:
    folder = xdg.home / "shop"
    folder.mkdir()
    harness.project(folder)
    return folder


def generation(harness: Harness, call: int = -1) -> int:
    return harness.engine.calls[call][0][0].snapshot.generation


def test_the_search_reads_the_generation_that_the_proof_rests_on(harness: Harness, root: Path) -> None:
    def publish_then_answer(indexer: FakeIndexer, sync: Sync) -> None:
        indexer.publish(sync.id, ["new.py"])
        indexer.answer(sync)

    harness.behaviour.on_sync = publish_then_answer
    reply = harness.ask("search", query="x", path=str(root), fresh_ms=5_000)
    assert (reply["stale"], reply["generation"], reply["clock"]) == (False, 2, "c:00000001:2")
    assert generation(harness) == 2


def test_nobody_is_served_by_a_sync_that_was_sent_before_they_asked(harness: Harness, root: Path) -> None:
    harness.behaviour.on_sync = None
    with harness.asker() as asker:
        first = asker.send("search", query="first", path=str(root), fresh_ms=9_000)
        wait_until(lambda: len(harness.indexer.syncs) == 1)
        later = {asker.send("search", query=f"q{n}", path=str(root), fresh_ms=9_000) for n in range(10)}
        harness.ask("hello")
        harness.indexer.answer(harness.indexer.syncs[0])
        assert asker.receive().id == first
        assert asker.silent()
        assert len(harness.indexer.syncs) == 2
        harness.indexer.answer(harness.indexer.syncs[1])
        replies = [asker.receive() for _ in later]
        assert {reply.id for reply in replies} == later
        assert not any(reply.unwrap()["stale"] for reply in replies)
    assert len(harness.indexer.syncs) == 2


def test_at_the_limit_the_answer_is_stale_and_comes_from_what_there_is(harness: Harness, root: Path) -> None:
    harness.behaviour.on_sync = None
    started = time.monotonic()
    reply = harness.ask("search", query="x", path=str(root), fresh_ms=150)
    assert 0.15 <= time.monotonic() - started < 2
    assert (reply["stale"], reply["total"]) == (True, 1)
    assert reply["projects"][0]["reasons"] == ["timeout"]
    assert "may be stale" in reply["notes"][0]


def test_the_clients_deadline_ends_the_wait_for_proof(harness: Harness, root: Path) -> None:
    harness.behaviour.on_sync = None
    reply = harness.ask("search", query="x", path=str(root), fresh_ms=9_000, deadline_ms=500, timeout=8)
    assert (reply["stale"], reply["total"]) == (True, 1)


def test_what_the_indexer_could_not_do_is_told(harness: Harness, root: Path) -> None:
    harness.behaviour.on_sync = lambda indexer, sync: indexer.answer(sync, False, ["pending"], pending=2)
    reply = harness.ask("search", query="x", path=str(root), fresh_ms=5_000)
    project = reply["projects"][0]
    assert (reply["stale"], project["reasons"], project["pending"]) == (True, ["pending"], 2)
    assert project["pending_paths"] == ["p0", "p1"]


def test_dropped_hits_cause_one_more_round(harness: Harness, root: Path) -> None:
    harness.engine.dropped = [1, 1]
    reply = harness.ask("search", query="x", path=str(root), fresh_ms=5_000)
    assert (len(harness.engine.calls), len(harness.indexer.syncs)) == (2, 2)
    assert reply["results"][0]["dropped"] == 1
    harness.engine.dropped = [1]
    harness.ask("search", query="x", path=str(root))
    assert len(harness.engine.calls) == 3


def test_a_lost_indexer_is_replaced_and_the_proof_asked_for_again(harness: Harness, root: Path) -> None:
    harness.behaviour.on_sync = None
    with harness.asker() as asker:
        asker.send("search", query="x", path=str(root), fresh_ms=9_000)
        first = harness.indexer
        wait_until(lambda: first.syncs)
        harness.behaviour.on_sync = lambda indexer, sync: indexer.answer(sync)
        first.die()
        reply = asker.receive().unwrap()
    second = harness.indexer
    assert second is not first
    assert reply["stale"] is False
    assert reply["clock"].startswith("c:00000002:")
    kinds = [type(message) for message in second.received]
    assert kinds.index(OpenProject) < kinds.index(Sync)
    assert second.syncs[0].limit_ms < 9_000
    status = harness.ask("status")["indexer"]
    assert (status["restarts"], status["state"], status["pid"]) == (1, "running", second.pid)


def test_while_the_indexer_restarts_answers_come_and_are_stale(harness: Harness, root: Path) -> None:
    harness.behaviour.spawn_fails = True
    harness.indexer.die()
    wait_until(lambda: harness.ask("status")["indexer"]["state"] == "restarting")
    for fresh_ms in (0, 100):
        reply = harness.ask("search", query="x", path=str(root), fresh_ms=fresh_ms)
        assert (reply["stale"], reply["total"]) == (True, 1)
        assert "indexer_restarting" in reply["projects"][0]["reasons"]
    assert harness.ask("status")["indexer"]["last_error"].startswith("cannot start")
    harness.behaviour.spawn_fails = False
    reply = harness.ask("search", query="x", path=str(root), fresh_ms=9_000)
    assert reply["stale"] is False


def test_a_generation_that_cannot_be_opened_is_named_and_the_old_one_serves(
    harness: Harness, root: Path
) -> None:
    project = harness.registry.find(str(root))
    assert project is not None
    manifest = Path(harness.settings.cache_dir, "projects", project.id, "manifest.json")

    sound = manifest.read_bytes()
    harness.behaviour.on_sync = None
    with harness.asker() as asker:
        asker.send("search", query="x", path=str(root), fresh_ms=9_000)
        wait_until(lambda: harness.indexer.syncs)
        manifest.write_bytes(b"garbage")
        harness.indexer.send(Published(project.id, 2, "00000001", 2, [], []))
        harness.indexer.answer(harness.indexer.syncs[0])
        reply = asker.receive().unwrap()
    assert (reply["stale"], reply["total"], reply["generation"], reply["clock"]) == (
        True, 1, 1, "c:00000001:1",
    )  # fmt: skip
    assert "index_unreadable" in reply["projects"][0]["reasons"]
    assert "index_unreadable" in [entry["name"] for entry in harness.status_of(root)["degraded"]]
    manifest.write_bytes(sound)
    harness.indexer.publish(project.id)
    harness.behaviour.on_sync = lambda indexer, sync: indexer.answer(sync)
    reply = harness.ask("search", query="x", path=str(root), fresh_ms=9_000)
    assert (reply["stale"], harness.status_of(root)["degraded"]) == (False, [])


def test_a_restarted_server_answers_from_disk_before_the_indexer_speaks(xdg: Xdg) -> None:
    folder = xdg.home / "shop"
    folder.mkdir()
    with running(Harness()) as first:
        first.project(folder)
    second = Harness()
    second.behaviour.spawn_fails = True
    with running(second):
        reply = second.ask("search", query="x", path=str(folder))
        assert (reply["total"], reply["generation"], reply["stale"]) == (1, 1, True)
        second.behaviour.spawn_fails = False
        assert second.ask("search", query="x", path=str(folder), fresh_ms=9_000)["stale"] is False
