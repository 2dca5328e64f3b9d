"""The circuit breaker: after failures in a row nothing is sent for a while, then one request tries again."""

import math

from vexord.embed.remote.policy import Policy
from vexord.embed.remote.seam import ProviderError, Refused


class Breaker:
    """Closed while answers come. Open, it lets one request through after a rest, which closes it or not."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._failures = 0
        self._openings = 0
        self._until = 0.0
        self._probing = False
        self.cause: ProviderError | None = None
        """Why it is open; None while it is closed."""

    @property
    def open(self) -> bool:
        """Whether nothing, or a single request, may be sent."""
        return self.cause is not None

    def wait_s(self) -> float:
        """Return the seconds until a request may be sent; infinite while the one that tries is on its way."""
        if self.cause is None:
            return 0.0
        return math.inf if self._probing else max(0.0, self._until - self._policy.now())

    def sent(self) -> None:
        """A request goes out."""
        self._probing = self.open

    def answered(self) -> None:
        """An answer came: all is well."""
        self._failures = self._openings = 0
        self._probing = False
        self.cause = None

    def undecided(self) -> None:
        """A request came back and tells neither way: the next may try."""
        self._probing = False

    def failed(self, error: ProviderError) -> None:
        """A request failed; `Refused` opens at once, whatever else after some in a row."""
        self._failures += 1
        refused = isinstance(error, Refused)
        was_probe, self._probing = self._probing, False
        if self.open and not was_probe:
            return  # it was sent before the breaker opened, and tells nothing new
        if refused or self.open or self._failures >= self._policy.failures:
            rest = self._policy.refused_rest_s if refused else self._policy.rest_s
            longest = min(self._policy.max_rest_s, rest * 2.0 ** min(self._openings, 32))
            self._openings += 1
            self._until = self._policy.now() + longest * self._policy.chance.uniform(0.5, 1.0)
            self.cause = error
