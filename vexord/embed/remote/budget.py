"""A minute's allowance of requests or tokens: what may be spent now, as set, told or learnt."""

import math

from vexord.embed.remote.learnt import LearntRate
from vexord.embed.remote.policy import Policy
from vexord.embed.remote.seam import Rate

_HEADROOM = 0.98
"""Of a known limit: a request may arrive a little sooner after the one before than it was sent."""
_EVEN_BURST = 1 / 30
"""Of a minute's allowance that may be spent at once where it is to be spent evenly."""


class Budget:
    """A bucket that fills at `rate`. Without a known limit, and before a refusal, it is bottomless.

    Where headers tell the limit and what is left of it, the bucket mirrors the provider's, until a refusal
    shows that it does not. A limit is then, and where it was only set, spent evenly, which no way of counting
    refuses. Where nothing is told, refusals teach the rate.
    """

    def __init__(self, limit: float, policy: Policy) -> None:
        self._minute_s = policy.minute_s
        self._now = policy.now
        self._learnt = LearntRate(policy)
        self._set = limit or math.inf
        self._told = math.inf
        self._evenly = True
        self._at = self._now()
        self._level = self.burst

    @property
    def rate(self) -> float:
        """Units a second that are filled up; infinite where nothing is known."""
        known = _HEADROOM * min(self._set, self._told) / self._minute_s
        return known if math.isfinite(self._told) else min(known, self._learnt.rate)

    @property
    def burst(self) -> float:
        """What may be spent at once after a rest, at most."""
        return self.a_minute * _EVEN_BURST if self._evenly else min(self._set, self._told)

    @property
    def a_minute(self) -> float:
        """What may be spent in a minute; infinite where nothing is known."""
        return self.rate * self._minute_s

    def wait_s(self, amount: float, spare: float = 0.0) -> float:
        """Return the seconds until `amount` may be spent and the share `spare` of a burst is left."""
        rate = self.rate
        if math.isinf(rate):
            return 0.0
        self._fill()
        burst = self.burst
        need = min(amount + spare * burst, burst)
        return max(0.0, (need - self._level) / rate)

    def spend(self, amount: float) -> None:
        """A request goes out that costs this."""
        self._fill()
        self._level -= amount

    def accepted(self, amount: float, estimated: float) -> None:
        """A request was answered and cost this, where `estimated` was spent."""
        self._fill()
        self._level = min(self.burst, self._level + estimated - amount)
        self._learnt.taken(amount)

    def told(self, rate: Rate, later: float, in_flight: float) -> None:
        """An answer's headers say this, while `in_flight` is spent on requests without an answer.

        `later` of it is of requests sent after the one that was answered, and not counted in it.
        """
        self._fill()
        if rate.limit and rate.remaining is not None:
            if math.isinf(self._told):
                self._evenly = False
            self._told = rate.limit
            self._level = min(max(self._level, rate.remaining - in_flight), rate.remaining - later)
            self._level = min(self._level, self.burst)

    def refused(self, retry_after_s: float) -> None:
        """A request was refused because the allowance was spent."""
        self._fill()
        self._learnt.refused(retry_after_s)
        self._evenly = True
        if math.isfinite(self.rate):
            self._level = min(self._level, 0.0)

    def _fill(self) -> None:
        now = self._now()
        passed, self._at = now - self._at, now
        if math.isfinite(self.rate):
            self._level = min(self.burst, self._level + self.rate * passed)
