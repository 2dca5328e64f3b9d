"""The barrier: a proof counts only if it was asked for after the request came."""

from collections.abc import Callable

import pytest

from vexord.link.messages import Synced
from vexord.server.barrier import Barrier, Waiter
from vexord.server.freshness import Freshness, Outcomes
from vexord.server.timers import Timers


class Wire:
    """Notes what would be sent."""

    def __init__(self) -> None:
        self.limits: list[int] = []
        self.up = True

    def send(self, limit_ms: int) -> int | None:
        if not self.up:
            return None
        self.limits.append(limit_ms)
        return len(self.limits)


def synced(seq: int, fresh: bool = True) -> Synced:
    return Synced("p", seq, fresh, [], 0, [], 1, 1)


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def barrier(wire: Wire) -> Barrier:
    return Barrier(wire.send)


@pytest.fixture
def ask(barrier: Barrier) -> Callable[[float], list[Synced | None]]:
    def ask_one(deadline: float = 1.0) -> list[Synced | None]:
        answers: list[Synced | None] = []
        barrier.ask(Waiter(deadline, answers.append), now=0.0)
        return answers

    return ask_one


Ask = Callable[..., list[Synced | None]]


def test_the_first_to_ask_sends_at_once(wire: Wire, barrier: Barrier, ask: Ask) -> None:
    answers = ask(1.5)
    assert wire.limits == [1500]
    barrier.synced(synced(1), 0.0)
    assert answers == [synced(1)]


def test_who_asks_while_one_is_in_flight_shares_the_next(wire: Wire, barrier: Barrier, ask: Ask) -> None:
    first = ask()
    later = [ask(2.0), ask(5.0), ask(3.0)]
    assert len(wire.limits) == 1
    barrier.synced(synced(1), 1.0)
    assert first == [synced(1)]
    assert later == [[], [], []]
    assert wire.limits[1:] == [4000]
    barrier.synced(synced(2), 1.0)
    assert later == [[synced(2)]] * 3
    assert len(wire.limits) == 2


def test_an_answer_to_another_sync_means_nothing(barrier: Barrier, ask: Ask) -> None:
    answers = ask()
    barrier.synced(synced(7), 0.0)
    assert answers == []
    barrier.synced(synced(1), 0.0)
    barrier.synced(synced(1), 0.0)
    assert answers == [synced(1)]


def test_who_asks_from_an_answer_gets_a_sync_of_its_own(wire: Wire, barrier: Barrier) -> None:
    second: list[Synced | None] = []
    barrier.ask(Waiter(1.0, lambda _: barrier.ask(Waiter(1.0, second.append), 0.0)), 0.0)
    barrier.synced(synced(1), 0.0)
    assert len(wire.limits) == 2
    assert second == []


def test_a_withdrawn_waiter_is_not_called_and_not_asked_for(wire: Wire, barrier: Barrier, ask: Ask) -> None:
    ask()
    answers: list[Synced | None] = []
    waiter = Waiter(1.0, answers.append)
    barrier.ask(waiter, 0.0)
    barrier.withdraw(waiter)
    barrier.synced(synced(1), 0.0)
    assert (answers, len(wire.limits)) == ([], 1)


def test_after_a_restart_all_are_asked_for_again_with_what_time_is_left(
    wire: Wire, barrier: Barrier, ask: Ask
) -> None:
    flying, waiting = ask(1.0), ask(3.0)
    wire.up = False
    barrier.lost()
    while_down = ask(2.0)
    assert len(wire.limits) == 1
    wire.up = True
    barrier.resume(0.5)
    assert wire.limits[1:] == [2500]
    barrier.synced(synced(1), 0.5)
    assert (flying, waiting) == ([], [])
    barrier.synced(synced(2), 0.5)
    assert flying == waiting == while_down == [synced(2)]


def test_closing_lets_everybody_go(barrier: Barrier, ask: Ask) -> None:
    flying, waiting = ask(), ask()
    barrier.close()
    assert flying == waiting == [None]


class Clocked:
    """`Freshness` for the projects p and q, with what it sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.timers = Timers()
        self.freshness = Freshness(self.timers, self._send)
        self.freshness.open("p")
        self.freshness.open("q")
        self.outcomes: list[Outcomes] = []

    def _send(self, project_id: str, _limit_ms: int) -> int:
        self.sent.append(project_id)
        return len(self.sent)

    def prove(self, *ids: str, deadline: float = float("inf")) -> None:
        self.freshness.prove(ids, min(deadline, 1e12), self.outcomes.append)

    def fire(self) -> None:
        for timer in self.timers.take_due(1e13):
            timer.fire()


def test_the_proof_of_several_projects_is_complete_when_all_have_answered() -> None:
    clocked = Clocked()
    clocked.prove("p", "q")
    clocked.freshness.synced(synced(1))
    assert clocked.outcomes == []
    answer = Synced("q", 2, False, ["pending"], 1, [], 1, 1)
    clocked.freshness.synced(answer)
    assert clocked.outcomes == [{"p": synced(1), "q": answer}]
    clocked.fire()
    assert len(clocked.outcomes) == 1
    assert len(clocked.timers) == 0


def test_at_the_deadline_what_has_come_counts() -> None:
    clocked = Clocked()
    clocked.prove("p", "q")
    clocked.freshness.synced(synced(1))
    clocked.fire()
    assert clocked.outcomes == [{"p": synced(1), "q": None}]
    clocked.freshness.synced(Synced("q", 2, True, [], 0, [], 1, 1))
    assert len(clocked.outcomes) == 1


def test_projects_that_are_unknown_or_closed_hold_nobody_up() -> None:
    clocked = Clocked()
    clocked.prove("nobody")
    assert clocked.outcomes == [{"nobody": None}]
    clocked.prove("p", "q")
    clocked.freshness.close("p")
    clocked.freshness.close("q")
    assert clocked.outcomes[1:] == [{"p": None, "q": None}]
