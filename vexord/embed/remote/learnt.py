"""What refusals tell of a limit that the provider does not say."""

import math
from collections import deque

from vexord.embed.remote.policy import Policy

_BELOW = 0.95
"""Of a rate that was seen: what is sent below it lets the provider's bucket recover."""
_EVIDENCE = 10
"""Requests taken within a minute, of which a rate can be told; with fewer only waiting helps."""
_LEAST_EVIDENCE = 4
"""Requests taken since a refusal."""
_LEAST_SHARE = 0.1
"""Of a minute, over which the rate since a refusal is told."""
_DEAF_SHARE = 1 / 60
"""Of a minute: refusals so close together are one."""
_WINDOW_STREAK = 4
"""Refusals in a row that tell of windows: a bucket takes something after each wait."""
_GROWTH = 1.02
"""With each request that is taken after a calm."""
_CALM, _LONGEST_CALM = 20, 200
"""Requests taken in a row before more is tried: at first, and at most; each refusal doubles it."""


class LearntRate:
    """The rate that one resource is believed to have, in units a second; infinite until a refusal.

    After a refusal it is what was taken in the last minute over the time that it took, the wait asked for
    included: no less than the limit, whether that counts by a bucket, by windows or sliding. Since the first
    of several refusals it is what filled an empty bucket, if that is less.
    """

    def __init__(self, policy: Policy) -> None:
        self._minute_s = policy.minute_s
        self._now = policy.now
        self.rate = math.inf
        self._taken: deque[tuple[float, float]] = deque()
        """When and how much, within the last minute."""
        self._refusals: deque[float] = deque()
        self._in_a_row = 0
        """Requests taken since the last refusal."""
        self._streak = 0
        """Refusals without a request taken between them."""
        self._by_windows = False
        """Whether nothing at all is taken for a while once the allowance is spent."""
        self._calm = _CALM

    def taken(self, amount: float) -> None:
        """A request was answered that cost this."""
        now = self._now()
        self._taken.append((now, amount))
        self._forget(now)
        self._in_a_row += 1
        if self._in_a_row > self._calm:
            self.rate *= _GROWTH

    def refused(self, retry_after_s: float) -> None:
        """A request was refused because the allowance was spent."""
        now = self._now()
        self._forget(now)
        recent = bool(self._refusals) and now - self._refusals[-1] < _DEAF_SHARE * self._minute_s
        if not recent:
            self._streak = self._streak + 1 if not self._in_a_row else 1
            self._by_windows = self._by_windows or self._streak >= _WINDOW_STREAK
            self._calm = min(self._calm * 2, _LONGEST_CALM)
            self.rate = _BELOW * min(self._seen(now, retry_after_s), self._filled(now), self.rate)
        self._in_a_row = 0
        self._refusals.append(now)

    def _forget(self, now: float) -> None:
        while self._taken and self._taken[0][0] < now - self._minute_s:
            self._taken.popleft()
        while self._refusals and self._refusals[0] < now - self._minute_s:
            self._refusals.popleft()

    def _seen(self, now: float, retry_after_s: float) -> float:
        """Return the rate at which requests were taken within the last minute; infinite if too few were."""
        if len(self._taken) < _EVIDENCE:
            return math.inf
        passed = max(now - self._taken[0][0], _DEAF_SHARE * self._minute_s)
        return sum(amount for _, amount in self._taken) / (passed + retry_after_s)

    def _filled(self, now: float) -> float:
        """Return the rate at which a bucket filled since the first refusal within the last minute."""
        passed = now - self._refusals[0] if self._refusals else 0.0
        taken = [amount for at, amount in self._taken if at > now - passed]
        if self._by_windows or passed < _LEAST_SHARE * self._minute_s or len(taken) < _LEAST_EVIDENCE:
            return math.inf
        return sum(taken) / passed
