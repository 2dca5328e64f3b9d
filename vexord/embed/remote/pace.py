"""How many requests an endpoint is sent, and when: a window that adapts, a minute's budgets, and holds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from vexord.embed.remote.budget import Budget
from vexord.embed.remote.policy import Policy
from vexord.embed.remote.seam import Limits, Rates, Resource, Throttled

_LONGEST_HOLD_MINUTES = 10
_CROWDED = 1.5
_UNSAID_DOUBLINGS = 3
"""Of the first wait after a refusal that does not say how long: an allowance comes back in seconds."""
_QUICK_START = 8
"""Requests in flight up to which the window grows quickly at first."""
_SPREAD = 60
"""Requests over which a minute's tokens are spread, at least."""
_SPARE = 0.01
"""Of each budget, that bulk work leaves to queries."""


@dataclass(slots=True)
class Ticket:
    """A request on its way."""

    sent_at: float
    tokens: int
    """As estimated."""


class Pace:
    """The pace of one endpoint, shared by all who use it.

    The window of requests in flight grows by one for each answer at first, then by one for each window of
    answers, and halves with trouble (additive increase, multiplicative decrease).
    """

    def __init__(self, limits: Limits, policy: Policy) -> None:
        self._policy = policy
        self._budgets: dict[Resource, Budget] = {
            "requests": Budget(limits.requests_a_minute, policy),
            "tokens": Budget(limits.tokens_a_minute, policy),
        }
        self._flying: list[Ticket] = []
        self._window = float(policy.first_window)
        self._careful = False
        self._best_s = math.inf
        """The shortest time that an answer took."""
        self._decreased_at = -math.inf
        self._held_until = -math.inf
        self._refusals = 0

    @property
    def window(self) -> int:
        """Requests that may be in flight."""
        return int(self._window)

    @property
    def in_flight(self) -> int:
        """Requests on their way."""
        return len(self._flying)

    @property
    def largest_tokens(self) -> float:
        """Tokens that a request should have, at most, for the budgets' sake.

        A minute's tokens are spread over some requests, so that one that is refused is a small part; over
        fewer where fewer are allowed.
        """
        tokens, requests = self._budgets["tokens"].a_minute, self._budgets["requests"].a_minute
        return math.inf if math.isinf(tokens) else tokens / max(1.0, min(requests, _SPREAD))

    def held_s(self) -> float:
        """Return the seconds for which the provider wants nothing more."""
        return max(0.0, self._held_until - self._policy.now())

    def wait_s(self, tokens: int, urgent: bool) -> float:
        """Return the seconds until a request of so many tokens may go; infinite until one comes back.

        What is urgent does not wait for the window and may take the budgets' last hundredth.
        """
        window = self.window if not self._refusals else 1  # after a hold one tries for all
        if not urgent and len(self._flying) >= window:
            return math.inf
        spare = 0.0 if urgent else _SPARE
        requests, budget = self._budgets["requests"], self._budgets["tokens"]
        return max(self.held_s(), requests.wait_s(1, spare), budget.wait_s(tokens, spare))

    def sent(self, tokens: int) -> Ticket:
        """A request goes out."""
        ticket = Ticket(self._policy.now(), tokens)
        self._flying.append(ticket)
        self._budgets["requests"].spend(1)
        self._budgets["tokens"].spend(tokens)
        return ticket

    def answered(self, ticket: Ticket, tokens: int, rates: Rates) -> None:
        """It was answered, and cost so many tokens."""
        self._flying.remove(ticket)
        self._refusals = 0
        self._budgets["requests"].accepted(1, 1)
        self._budgets["tokens"].accepted(tokens, ticket.tokens)
        self._told(ticket, rates)
        took_s = self._policy.now() - ticket.sent_at
        self._best_s = min(self._best_s, took_s)
        if self.crowded(took_s):
            return
        self._careful = self._careful or self._window >= _QUICK_START
        step = 1 / self._window if self._careful else 1.0
        self._window = min(float(self._policy.max_window), self._window + step)

    def crowded(self, took_s: float) -> bool:
        """Whether an answer took so long that more at once would only wait, as with a model on this machine.

        A provider that is slow with everything is not crowded.
        """
        return took_s > max(self._policy.slow_s, _CROWDED * self._best_s)

    def throttled(self, ticket: Ticket, error: Throttled) -> None:
        """It was refused as one too many."""
        self._flying.remove(ticket)
        self._told(ticket, error.rates)
        if self._decrease(ticket):
            self._refusals += 1
        wait = error.retry_after_s
        if wait is None:
            wait = self._policy.backoff(max(1, self._refusals) + _UNSAID_DOUBLINGS)
        else:  # all who were told the same moment shall not come back in the same moment
            wait *= 1.0 + self._policy.chance.uniform(0.0, 0.05)
        wait = min(wait, _LONGEST_HOLD_MINUTES * self._policy.minute_s)
        self._held_until = max(self._held_until, self._policy.now() + wait)
        for resource, budget in self._budgets.items():
            if error.resource in (None, resource):
                budget.refused(error.retry_after_s or 0.0)

    def failed(self, ticket: Ticket, *, overloaded: bool) -> None:
        """It came back without an answer; `overloaded` if that may be for too many at once."""
        self._flying.remove(ticket)
        if overloaded:
            self._decrease(ticket)

    def _decrease(self, ticket: Ticket) -> bool:
        """Halve the window, once for all requests that were on their way together."""
        if ticket.sent_at <= self._decreased_at:
            return False
        self._careful = True
        self._window = max(1.0, self._window / 2)
        self._decreased_at = self._policy.now()
        return True

    def _told(self, ticket: Ticket, rates: Rates) -> None:
        """Whether what is in flight is counted in the headers is known of none that was sent before."""
        later = [other for other in self._flying if other.sent_at > ticket.sent_at]
        for resource, rate in rates.items():
            self._budgets[resource].told(rate, _spent(resource, later), _spent(resource, self._flying))


def _spent(resource: Resource, tickets: Sequence[Ticket]) -> float:
    return sum(ticket.tokens for ticket in tickets) if resource == "tokens" else len(tickets)
