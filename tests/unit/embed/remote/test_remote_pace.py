"""Pace and budgets against the rate models, on a clock of the test's: exact, and the same every time."""

import heapq
import itertools
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from tests.support.rates import Kind, RateModel
from vexord.embed.remote.headers import rates, retry_after_s
from vexord.embed.remote.pace import Pace
from vexord.embed.remote.policy import Policy
from vexord.embed.remote.seam import Limits, Throttled

LATENCY_S = 0.4


@dataclass
class Clock:
    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Simulation:
    """One endpoint that is asked as much as its pace allows, in requests of up to `most` tokens."""

    model: RateModel
    pace: Pace
    clock: Clock
    told: bool = True
    """Whether headers say limits and how long to wait."""
    resource_said: bool = True
    """Whether a refusal says of what there was too much."""
    most: int = 24_000
    answered: int = 0
    refused: int = 0
    tokens: int = 0
    _order: Iterator[int] = field(default_factory=itertools.count)
    _events: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)

    def run(self, seconds: float) -> None:
        end = self.clock() + seconds
        while self.clock() < end:
            wait = self._send_all()
            next_event = self._events[0][0] if self._events else math.inf
            self.clock.seconds = min(next_event, self.clock() + max(wait, 1e-6), end)
            while self._events and self._events[0][0] <= self.clock():
                heapq.heappop(self._events)[2]()

    def _send_all(self) -> float:
        while True:
            tokens = int(max(1, min(self.most, self.pace.largest_tokens)))
            wait = self.pace.wait_s(tokens, urgent=False)
            if wait:
                return wait
            ticket = self.pace.sent(tokens)
            self._at(LATENCY_S / 2, lambda ticket=ticket: self._arrives(ticket))

    def _at(self, delay: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.clock() + delay, next(self._order), what))

    def _arrives(self, ticket) -> None:  # type: ignore[no-untyped-def]
        refusal = self.model.ask(ticket.tokens)
        headers = self.model.headers() if self.told else {}
        if refusal is not None and self.told:
            headers["retry-after"] = str(refusal.retry_after_s)

        def back() -> None:
            if refusal is None:
                self.answered += 1
                self.tokens += ticket.tokens
                self.pace.answered(ticket, ticket.tokens, rates(headers))
            else:
                self.refused += 1
                error = Throttled(
                    "429",
                    retry_after_s=retry_after_s(headers),
                    resource=refusal.resource if self.resource_said else None,
                    rates=rates(headers),
                )
                self.pace.throttled(ticket, error)

        self._at(LATENCY_S / 2, back)


def simulation(
    kind: Kind, *, told: bool = True, burst: float = 1.0, requests: float = 3000, limits: Limits | None = None
) -> Simulation:
    clock = Clock()
    model = RateModel(kind, requests=requests, tokens=240_000, minute_s=60.0, burst=burst, now=clock)
    policy = Policy(now=clock, chance=random.Random(3))
    return Simulation(model, Pace(limits or Limits(), policy), clock, told)


def share_and_waste(run: Simulation, minutes: float) -> tuple[float, float]:
    seconds = 60 * minutes - 0.1
    run.run(seconds)
    allowed = {name: resource.allowed(seconds) for name, resource in run.model.resources.items()}
    share = max(run.tokens / allowed["tokens"], run.answered / allowed["requests"])
    return share, run.refused / (run.answered + run.refused)


@pytest.mark.parametrize("kind", ["bucket", "sliding", "fixed"])
@pytest.mark.parametrize("minutes", [4, 30])
def test_a_provider_that_tells_its_limits_is_used_to_the_full(kind: Kind, minutes: int) -> None:
    share, waste = share_and_waste(simulation(kind), minutes)
    assert share >= 0.90
    assert waste <= 0.05


def test_a_bucket_smaller_than_a_minute() -> None:
    share, waste = share_and_waste(simulation("bucket", burst=0.05), 4)
    assert share >= 0.90
    assert waste <= 0.05


@pytest.mark.parametrize("kind", ["bucket", "sliding", "fixed"])
def test_limits_that_are_set_and_not_told(kind: Kind) -> None:
    limits = Limits(requests_a_minute=3000, tokens_a_minute=240_000)
    share, waste = share_and_waste(simulation(kind, told=False, limits=limits), 20)
    assert share >= 0.90
    assert waste <= 0.05


def test_requests_may_be_what_binds() -> None:
    run = simulation("bucket", requests=20)
    share, waste = share_and_waste(run, 10)
    assert share >= 0.90
    assert waste <= 0.05
    assert run.tokens / run.answered > 10_000, "few requests are allowed, so each carries much"


def test_a_question_goes_when_bulk_must_wait() -> None:
    run = simulation("bucket")
    run.run(90.0)
    assert run.pace.wait_s(4000, urgent=False) > 0
    assert run.pace.wait_s(20, urgent=True) == 0


@pytest.mark.parametrize("told", [True, False])
def test_a_pause_asked_for_is_kept_by_all(told: bool) -> None:
    run = simulation("bucket", told=told)
    ticket = run.pace.sent(10)
    run.pace.throttled(ticket, Throttled("429", retry_after_s=7.0))
    assert 7.0 <= run.pace.wait_s(1, urgent=True) <= 7.4
    run.clock.seconds += 7.5
    assert run.pace.wait_s(1, urgent=True) == 0


def test_the_window_halves_once_for_all_that_were_on_their_way() -> None:
    run = simulation("bucket")
    for _ in range(100):
        run.clock.seconds += 1
        run.pace.answered(run.pace.sent(1), 1, {})
    before = run.pace.window
    tickets = [run.pace.sent(1) for _ in range(6)]
    run.clock.seconds += 1
    for ticket in tickets:
        run.pace.failed(ticket, overloaded=True)
    assert run.pace.window == before // 2


@pytest.mark.parametrize("kind", ["bucket", "sliding", "fixed"])
def test_a_provider_that_tells_nothing_is_learnt(kind: Kind) -> None:
    share, waste = share_and_waste(simulation(kind, told=False), 15)
    assert share >= 0.90
    assert waste <= 0.05
