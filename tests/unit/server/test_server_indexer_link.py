"""When the indexer is started again, how fast, and what `status` says of it."""

import time

import pytest
from server_harness import Behaviour, FakeIndexer

from tests.support.waiting import wait_until
from vexord.link.messages import Heartbeat, Sync, ToServer
from vexord.server.indexer import LOOP_DEATHS, SILENCE_S, SPIN_CPU_S, IndexerLink
from vexord.server.timers import Timers


class Listener:
    def __init__(self) -> None:
        self.events: list[str] = []

    def indexer_started(self) -> None:
        self.events.append("started")

    def indexer_lost(self) -> None:
        self.events.append("lost")

    def indexer_said(self, message: ToServer) -> None:
        self.events.append(type(message).__name__)


class Bench:
    """A link whose timers are fired by hand."""

    def __init__(self) -> None:
        self.timers = Timers()
        self.listener = Listener()
        self.behaviour = Behaviour()
        self.indexers: list[FakeIndexer] = []
        self.link = IndexerLink(self._spawn, self.timers, self.listener)

    def _spawn(self) -> FakeIndexer:
        if self.behaviour.spawn_fails:
            raise OSError(11, "no process left")
        self.indexers.append(FakeIndexer("00000001", self.behaviour))
        return self.indexers[-1]

    def until(self, state: str) -> None:
        def reached() -> bool:
            self.link.read()
            return self.link.state == state

        wait_until(reached, what=state)

    def die(self) -> float:
        """End the indexer; return the seconds until the next start."""
        self.until("running")
        self.indexers[-1].die()
        self.until("restarting")
        delay = self.timers.next_in(time.monotonic())
        assert delay is not None
        return delay

    def restart(self) -> None:
        for timer in self.timers.take_due(time.monotonic() + 100):
            timer.fire()

    def names(self) -> list[str]:
        return [entry.name for entry in self.link.degraded()]


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.link.start()
    return bench


def test_the_pause_before_a_restart_doubles_and_a_loop_is_named(bench: Bench) -> None:
    delays = []
    for _ in range(LOOP_DEATHS + 1):
        assert bench.names() == [] or len(delays) >= LOOP_DEATHS
        delays.append(bench.die())
        bench.restart()
    assert delays == pytest.approx([0.1, 0.2, 0.4, 0.8, 5.0, 5.0], abs=0.09)
    assert bench.names() == ["indexer_crash_loop"]
    assert bench.link.restarts == LOOP_DEATHS + 1
    assert bench.listener.events[:3] == ["started", "lost", "started"]


def test_deaths_long_ago_do_not_count(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(LOOP_DEATHS):
        bench.die()
        bench.restart()
    assert bench.names() == ["indexer_crash_loop"]
    now = time.monotonic()
    monkeypatch.setattr("vexord.server.indexer.time.monotonic", lambda: now + 100)
    assert bench.names() == []


def test_a_start_that_fails_is_tried_again(bench: Bench) -> None:
    bench.behaviour.spawn_fails = True
    bench.die()
    bench.restart()
    assert not bench.link.running
    assert "cannot start" in bench.link.status().last_error
    assert bench.link.send(Sync("p", 1, 1)) is False
    bench.behaviour.spawn_fails = False
    bench.restart()
    bench.until("running")
    assert bench.link.send(Sync("p", 1, 1)) is True


def test_a_silent_indexer_is_killed_and_named_until_it_did_well_for_a_while(bench: Bench) -> None:
    bench.until("running")
    now = time.monotonic()
    bench.link.tick(now + SILENCE_S - 1)
    assert bench.link.running
    bench.link.tick(now + SILENCE_S + 1)
    assert bench.indexers[0].killed
    assert bench.names() == ["indexer_stuck"]
    assert bench.link.state == "restarting"
    bench.restart()
    bench.until("running")
    bench.link.tick(time.monotonic())
    assert bench.names() == ["indexer_stuck"]


def test_one_that_is_short_of_cpu_is_let_be_and_one_that_spins_is_not(bench: Bench) -> None:
    bench.until("running")
    now = time.monotonic()
    for second in range(0, 10 * int(SILENCE_S), 3):
        bench.indexers[0].cpu += 0.01
        bench.link.tick(now + second)
        assert bench.link.running
    bench.indexers[0].cpu += SPIN_CPU_S
    bench.link.tick(now + 10 * SILENCE_S)
    assert bench.indexers[0].killed
    assert bench.names() == ["indexer_stuck"]


def test_heartbeats_keep_it_alive_and_fill_the_status(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.until("running")
    later = time.monotonic() + SILENCE_S
    monkeypatch.setattr("vexord.server.indexer.time.monotonic", lambda: later)
    bench.indexers[0].send(Heartbeat(rss_bytes=5, watches=6, watch_limit=7, queue=8))

    def told() -> bool:
        bench.link.read()
        return bench.link.status().rss_bytes == 5

    wait_until(told)
    bench.link.tick(later + SILENCE_S - 1)
    assert bench.link.running
    status = bench.link.status()
    assert (status.watches, status.watch_limit, status.queue) == (6, 7, 8)


def test_an_indexer_that_sends_nonsense_is_replaced(bench: Bench) -> None:
    bench.until("running")
    first = bench.indexers[0]
    first._theirs.send(b"\x04\x00\x00\x00\xc1\xc1\xc1\xc1")
    bench.until("restarting")
    assert first.killed
    assert "nonsense" in bench.link.status().last_error


def test_after_a_stop_nothing_is_started_again(bench: Bench) -> None:
    bench.until("running")
    now = time.monotonic()
    bench.link.stop(now)
    wait_until(bench.indexers[0].exited.is_set)
    bench.link.tick(now + 0.1)
    assert (bench.link.gone, bench.link.state) == (True, "stopped")
    assert bench.timers.next_in(now) is None
    assert len(bench.indexers) == 1
