"""Many clients, greedy clients, and clients that do not read."""

import threading
from pathlib import Path

import pytest
import zmq
from server_harness import Harness

from tests.support.waiting import wait_until
from tests.support.xdg import Xdg
from vexord.link.messages import Published
from vexord.server.dispatch import MAX_OPEN, MAX_OPEN_PER_PEER


@pytest.fixture
def root(harness: Harness, xdg: Xdg) -> Path:
    folder = xdg.home / "shop"
    folder.mkdir()
    harness.project(folder)
    return folder


def test_fifty_clients_at_once_all_get_their_own_fresh_answers(harness: Harness, root: Path) -> None:
    wrong: list[object] = []

    def ask(seed: int) -> None:
        try:
            with harness.client() as client:
                for number in range(4):
                    query = f"q{seed}.{number}"
                    reply = client.request(
                        "search", {"query": query, "path": str(root), "fresh_ms": 9_000}, 10.0
                    )
                    if reply["stale"] or reply["results"][0]["query"] != query:
                        wrong.append(reply)
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert wrong == []
    assert len(harness.engine.calls) == 200
    assert len(harness.indexer.syncs) <= 200


def test_a_client_that_asks_too_much_at_once_is_told_and_others_are_served(
    harness: Harness, root: Path
) -> None:
    harness.engine.gate.clear()
    with harness.asker() as greedy:
        for number in range(MAX_OPEN_PER_PEER + 20):
            greedy.send("search", query=f"q{number}", path=str(root))
        busy = [greedy.receive() for _ in range(20)]
        for reply in busy:
            assert reply.error is not None
            assert reply.error["data"]["name"] == "E_BUSY"
            assert reply.error["data"]["retryable"] is True
            assert reply.error["data"]["retry_after_ms"] > 0
        greedy.send("status")
        assert greedy.receive().unwrap()["searches"] == MAX_OPEN_PER_PEER
        harness.engine.gate.set()
        for _ in range(MAX_OPEN_PER_PEER):
            assert greedy.receive().error is None
        greedy.send("search", query="again", path=str(root))
        assert greedy.receive().error is None


def test_a_blocked_search_does_not_hold_up_status(harness: Harness, root: Path) -> None:
    harness.engine.gate.clear()
    with harness.asker() as blocked:
        for _ in range(8):
            blocked.send("search", query="x", path=str(root))
        wait_until(lambda: len(harness.engine.calls) == 2)
        assert harness.ask("status", timeout=1.0)["searches"] == 8
        harness.engine.gate.set()
        for _ in range(8):
            assert blocked.receive().error is None


def test_a_reader_that_does_not_read_does_not_hold_up_others(harness: Harness, root: Path) -> None:
    harness.engine.text = "x" * 500_000
    with harness.asker() as slow:
        slow.socket.setsockopt(zmq.RCVHWM, 1)
        slow.socket.setsockopt(zmq.RCVBUF, 4_096)
        for number in range(100):
            slow.send("search", query=f"q{number}", path=str(root))
        harness.engine.text = "short"
        wait_until(lambda: len(harness.engine.calls) == 100)
        for _ in range(20):
            assert harness.ask("search", query="x", path=str(root), timeout=2.0)["total"] == 1


def test_a_client_that_has_gone_leaves_nothing_behind(harness: Harness, root: Path) -> None:
    harness.engine.gate.clear()
    for _ in range(5):
        with harness.asker() as leaving:
            leaving.send("search", query="x", path=str(root))
            leaving.send("subscribe")
            assert leaving.receive().unwrap()["subscribed"] is True
    wait_until(lambda: harness.ask("status")["clients"] == 1)
    begun = len(harness.engine.calls)
    harness.engine.gate.set()
    project = harness.registry.find(str(root))
    assert project is not None
    harness.indexer.publish(project.id)
    assert harness.ask("search", query="x", path=str(root))["total"] == 1
    assert len(harness.engine.calls) == begun + 1 <= 3


@pytest.mark.parametrize("clock", [None, "c:0:1"])
def test_clients_that_ask_to_wait_and_go_do_not_keep_the_others_out(
    harness: Harness, root: Path, clock: str | None
) -> None:
    harness.behaviour.on_sync = None
    for _ in range(MAX_OPEN // MAX_OPEN_PER_PEER + 1):
        with harness.asker() as leaving:
            for _ in range(MAX_OPEN_PER_PEER):
                leaving.send("wait", path=str(root), timeout_ms=600_000, clock=clock)
            leaving.send("hello")
            assert leaving.receive().error is None
    assert harness.ask("search", query="x", path=str(root))["total"] == 1


def test_a_client_that_asks_much_at_once_waits_for_it_and_another_does_not(
    harness: Harness, root: Path
) -> None:
    harness.engine.gate.clear()
    with harness.asker() as greedy, harness.asker() as modest:
        for number in range(MAX_OPEN_PER_PEER):
            greedy.send("search", query=f"greedy{number}", path=str(root))
        wait_until(lambda: harness.ask("status")["searches"] == MAX_OPEN_PER_PEER)
        modest.send("search", query="modest", path=str(root))
        wait_until(lambda: harness.ask("status")["searches"] == MAX_OPEN_PER_PEER + 1)
        harness.engine.gate.set()
        assert modest.receive().error is None
        asked = [queries[0] for _, queries, _ in harness.engine.calls]
        assert asked.index("modest") <= 4


def test_a_subscriber_that_falls_behind_is_told_once(harness: Harness, root: Path) -> None:
    project = harness.registry.find(str(root))
    assert project is not None
    with harness.client() as client:
        client._socket.setsockopt(zmq.RCVHWM, 1)
        client.request("subscribe", {"path": str(root)})
        names = [f"{number:04}" + "x" * 3_000 for number in range(100)]
        for tick in range(2, 60):
            harness.indexer.send(Published(project.id, 1, "00000001", tick, names, []))
        harness.ask("hello")
        wait_until(lambda: harness.status_of(root)["clock"] == "c:00000001:59")
        events = []
        while not events or events[-1]["event"] != "overrun":
            events.append(client.event())
        assert 1 <= len(events) < 58
        assert [event["event"] for event in events].count("overrun") == 1
        harness.indexer.send(Published(project.id, 1, "00000001", 99, [], []))
        assert client.event()["clock"] == "c:00000001:99"


def test_a_client_that_sends_many_requests_at_once_gets_every_reply(harness: Harness) -> None:
    with harness.asker() as hasty:
        wanted = [hasty.send("hello") for _ in range(1_000)]
        assert [hasty.receive().id for _ in wanted] == wanted
