"""A minute's allowance of requests or tokens: what may be spent now, mirrored from the provider or learnt."""

import math
from collections import deque

from vexord.embed.remote.policy import Policy
from vexord.embed.remote.seam import Rate

_HEADROOM = 0.98
"""Of a known limit: a request may arrive a little sooner after the one before than it was sent."""
_LEARNT_BURST = 1 / 60
"""Of a minute's allowance that may be spent at once if all that is known is a refusal."""
_BELOW = 0.95
"""Of a rate that was seen: what is sent below it lets the provider's bucket recover."""
_EVIDENCE = 10
"""Requests taken within a minute, of which a rate can be told; with fewer only waiting helps."""
_GROWTH = 0.02
"""With each request that is taken after a calm, of a rate below the known limit."""
_CALM, _LONGEST_CALM = 20, 600
"""Requests taken in a row before more is tried: at first, and at most; each refusal doubles it."""
_LEAST_SHARE = 0.1
"""Of a minute, over which the rate since a refusal is told."""
_LEAST_EVIDENCE = 4
"""Requests taken in that time."""
_DEAF_SHARE = 1 / 60
"""Of a minute: refusals so close together are one."""


class Budget:
    """A bucket that fills at `rate`. Without a known limit, and before a refusal, it is bottomless.

    After a refusal the rate is what was accepted in the last minute over the time that it took, the wait
    asked for included: no less than the provider's limit, whether it counts by a bucket, by windows or
    sliding. Since the first of several refusals it is what filled an empty bucket, if that is less.
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
        self._refusals: deque[float] = deque()
        self._calm = _CALM
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
    def a_minute(self) -> float:
        """What may be spent in a minute, as far as is known or was learnt; else infinite."""
        return self.rate * self._minute_s

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
        if self._taken > self._calm:
            self.rate = min(self._top, self.rate * (1 + _GROWTH))

    def told(self, rate: Rate, later: float, in_flight: float) -> None:
        """An answer's headers say this, while `in_flight` is spent on requests without an answer.

        `later` of it is of requests sent after the one that was answered, and not counted in it.
        """
        if rate.limit:
            self._limit(rate.limit)
            self.rate = min(self.rate, self._top)
        if rate.remaining is not None and math.isfinite(self.rate):
            self._fill()
            self._level = min(max(self._level, rate.remaining - in_flight), rate.remaining - later)

    def refused(self, retry_after_s: float) -> None:
        """A request was refused because the allowance was spent."""
        now = self._now()
        self._fill()
        self._level = min(self._level, 0.0)
        self._taken = 0
        recent = bool(self._refusals) and now - self._refusals[-1] < _DEAF_SHARE * self._minute_s
        while self._accepted and self._accepted[0][0] < now - self._minute_s:
            self._accepted.popleft()
        while self._refusals and self._refusals[0] < now - self._minute_s:
            self._refusals.popleft()
        if not recent:
            self._calm = min(self._calm * 2, _LONGEST_CALM)
            self.rate = _BELOW * min(self._seen(now, retry_after_s), self._filled(now), self.rate)
            self._level = min(self._level, 0.0)  # it was bottomless
        self._refusals.append(now)

    def _seen(self, now: float, retry_after_s: float) -> float:
        """Return the rate at which requests were taken within the last minute; infinite if too few were."""
        if len(self._accepted) < _EVIDENCE:
            return math.inf
        passed = max(now - self._accepted[0][0], _DEAF_SHARE * self._minute_s)
        return sum(amount for _, amount in self._accepted) / (passed + retry_after_s)

    def _filled(self, now: float) -> float:
        """Return the rate at which requests were taken since the first refusal within the last minute."""
        passed = now - self._refusals[0] if self._refusals else 0.0
        taken = [amount for at, amount in self._accepted if at > now - passed]
        if passed < _LEAST_SHARE * self._minute_s or len(taken) < _LEAST_EVIDENCE:
            return math.inf
        return sum(taken) / passed

    def _limit(self, limit: float) -> None:
        self._top = _HEADROOM * limit / self._minute_s
        self._burst = limit

    def _fill(self) -> None:
        now = self._now()
        passed, self._at = now - self._at, now
        if math.isinf(self.rate):
            return
        self._level = min(self.burst, self._level + self.rate * passed)
