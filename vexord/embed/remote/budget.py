"""A minute's allowance of requests or tokens: what may be spent now, mirrored from the provider or learnt."""

import math
from collections import deque

from vexord.embed.remote.policy import Policy
from vexord.embed.remote.seam import Rate

_HEADROOM = 0.98
"""Of a known limit: a request may arrive a little sooner after the one before than it was sent."""
_LEARNT_BURST = 1 / 60
"""Of a minute's allowance that may be spent at once if all that is known is a refusal."""
_DECREASE = 0.9
_EVIDENCE = 10
"""Requests taken within a minute, of which a rate can be told; with fewer only waiting helps."""
_GROWTH = 0.001
"""With each request that is taken, of a rate below the known limit."""
_FAST_GROWTH = 0.02
_FAST_AFTER = 20
"""Requests taken since a refusal after which the rate grows fast: it was estimated too low."""
_DEAF_SHARE = 1 / 60
"""Of a minute: refusals so close together are one."""


class Budget:
    """A bucket that fills at `rate`. Without a known limit, and before a refusal, it is bottomless.

    After a refusal the rate is what was accepted in the last minute over the time that it took, the wait
    asked for included: that is the provider's limit whether it counts by a bucket, by windows or sliding.
    """

    def __init__(self, limit: float, policy: Policy) -> None:
        self._minute_s = policy.minute_s
        self._now = policy.now
        self._at = self._now()
        self._top = math.inf
        self.rate = math.inf
        """Units a second."""
        self._burst = math.inf
        self._level = math.inf
        self._accepted: deque[tuple[float, float]] = deque()
        self._refused_at = -math.inf
        self._taken = 0
        """Requests since the last refusal."""
        if limit:
            self._limit(limit)
            self.rate = self._top
            self._level = limit

    @property
    def burst(self) -> float:
        """What may be spent at once after a rest, at most."""
        return self._burst if math.isfinite(self._top) else self.rate * self._minute_s * _LEARNT_BURST

    @property
    def largest(self) -> float:
        """The largest amount that one request may have; infinite where no limit is known."""
        return self._burst

    def wait_s(self, amount: float, spare: float = 0.0) -> float:
        """Return the seconds until `amount` may be spent and the share `spare` of a burst is left."""
        if math.isinf(self.rate):
            return 0.0
        self._fill()
        need = min(amount, self.burst) + spare * self.burst
        return max(0.0, (min(need, self.burst) - self._level) / self.rate)

    def spend(self, amount: float) -> None:
        """A request goes out that costs this."""
        self._fill()
        self._level -= amount

    def accepted(self, amount: float, estimated: float) -> None:
        """A request was answered and cost this, where `estimated` was spent."""
        self._level = min(self.burst, self._level + estimated - amount)
        self._accepted.append((self._now(), amount))
        self._taken += 1
        growth = _FAST_GROWTH if self._taken > _FAST_AFTER else _GROWTH
        self.rate = min(self._top, self.rate * (1 + growth))

    def told(self, rate: Rate, in_flight: float) -> None:
        """An answer's headers say this, while `in_flight` is spent on requests without an answer."""
        if rate.limit:
            self._limit(rate.limit)
            self.rate = min(self.rate, self._top)
        if rate.remaining is not None and math.isfinite(self.rate):
            self._fill()
            self._level = min(self.burst, rate.remaining - in_flight)

    def refused(self, retry_after_s: float) -> None:
        """A request was refused because the allowance was spent."""
        now = self._now()
        self._fill()
        self._level = min(self._level, 0.0)
        recent = now - self._refused_at < _DEAF_SHARE * self._minute_s
        self._refused_at = now
        self._taken = 0
        while self._accepted and self._accepted[0][0] < now - self._minute_s:
            self._accepted.popleft()
        if recent or len(self._accepted) < _EVIDENCE:
            return
        span = max(now - self._accepted[0][0], _DEAF_SHARE * self._minute_s) + retry_after_s
        seen = sum(amount for _, amount in self._accepted) / span
        self.rate = seen if seen < self.rate else self.rate * _DECREASE
        self._level = min(self._level, 0.0)  # it was bottomless

    def _limit(self, limit: float) -> None:
        self._top = _HEADROOM * limit / self._minute_s
        self._burst = limit

    def _fill(self) -> None:
        now = self._now()
        passed, self._at = now - self._at, now
        if math.isinf(self.rate):
            return
        self._level = min(self.burst, self._level + self.rate * passed)
