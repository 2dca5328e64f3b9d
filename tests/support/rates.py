"""How providers count requests and tokens by the minute, in the three ways that they do."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["bucket", "sliding", "fixed"]


@dataclass(frozen=True, slots=True)
class Refusal:
    resource: str
    retry_after_s: float


@dataclass(slots=True)
class _Resource:
    """One allowance: a bucket that starts full, a window that slides, or one that begins anew."""

    kind: Kind
    limit: float
    minute_s: float
    began: float
    burst: float
    level: float = field(init=False)
    at: float = field(init=False)
    spent: deque[tuple[float, float]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.level, self.at = self.burst, self.began

    def remaining(self, now: float) -> float:
        if self.kind == "bucket":
            self.level = min(self.burst, self.level + self.limit / self.minute_s * (now - self.at))
            self.at = now
            return self.level
        start = self.window_start(now)
        while self.spent and self.spent[0][0] <= start:
            self.spent.popleft()
        return self.limit - sum(amount for _, amount in self.spent)

    def window_start(self, now: float) -> float:
        if self.kind == "sliding":
            return now - self.minute_s
        return self.began + (now - self.began) // self.minute_s * self.minute_s

    def spend(self, amount: float, now: float) -> None:
        self.level -= amount
        self.spent.append((now, amount))

    def wait_s(self, amount: float, now: float) -> float:
        """Seconds until `amount` would be taken."""
        lacking = amount - self.remaining(now)
        if lacking <= 0:
            return 0.0
        if self.kind == "bucket":
            return lacking * self.minute_s / self.limit
        if self.kind == "fixed":
            return self.window_start(now) + self.minute_s - now
        freed = 0.0
        for at, spent in self.spent:
            freed += spent
            if freed >= lacking:
                return at + self.minute_s - now
        return self.minute_s

    def allowed(self, seconds: float) -> float:
        """What it would take in so long a time from its start, of who asks without a pause."""
        if self.kind == "bucket":
            return self.burst + self.limit * seconds / self.minute_s
        return self.limit * (seconds // self.minute_s + 1)

    def reset_s(self, now: float) -> float:
        if self.kind == "bucket":
            return (self.burst - self.remaining(now)) * self.minute_s / self.limit
        if self.kind == "fixed":
            return self.window_start(now) + self.minute_s - now
        return self.spent[-1][0] + self.minute_s - now if self.spent else 0.0


class RateModel:
    """Takes or refuses requests by two allowances. A refused request costs nothing."""

    def __init__(
        self,
        kind: Kind,
        *,
        requests: float,
        tokens: float,
        minute_s: float,
        burst: float = 1.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now = now
        self._limits = {"requests": requests, "tokens": tokens}
        self._make = lambda limit: _Resource(kind, limit, minute_s, now(), burst * limit)
        self.resources: dict[str, _Resource] = {}
        self.restart()

    def restart(self) -> None:
        """Begin anew: nothing is spent, and time counts from now."""
        self.resources = {name: self._make(limit) for name, limit in self._limits.items()}

    def ask(self, tokens: float) -> Refusal | None:
        """Take a request, or say why not."""
        now = self._now()
        amounts = {"requests": 1.0, "tokens": tokens}
        waits = {name: self.resources[name].wait_s(amount, now) for name, amount in amounts.items()}
        name = max(waits, key=lambda name: waits[name])
        if waits[name] > 0:
            return Refusal(name, waits[name])
        for resource, amount in amounts.items():
            self.resources[resource].spend(amount, now)
        return None

    def headers(self) -> dict[str, str]:
        """Return the headers in which OpenAI tells its limits."""
        now = self._now()
        said = {}
        for name, resource in self.resources.items():
            said[f"x-ratelimit-limit-{name}"] = str(int(resource.limit))
            said[f"x-ratelimit-remaining-{name}"] = str(max(0, int(resource.remaining(now))))
            said[f"x-ratelimit-reset-{name}"] = f"{max(0.0, resource.reset_s(now)):.3f}s"
        return said
