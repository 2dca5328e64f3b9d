"""The figures of the policy under pressure, in one place."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How hard a provider is asked: where it starts, and the bounds within which it adapts."""

    minute_s: float = 60.0
    """What a minute of the limits lasts; tests and benchmarks have shorter ones."""
    timeout_s: float = 60.0
    """One request as a whole, however steadily its bytes trickle in."""
    first_window: int = 1
    """Requests in flight at the start: a wrong key or too large a batch is then met once."""
    max_window: int = 32
    first_items: int = 64
    first_tokens: int = 24_000
    """Of a batch at the start; it grows up to what the provider's limits say."""
    slow_s: float = 3.0
    """Answers that take longer, and longer than need be, stand in line; so would a question."""
    backoff_s: float = 0.5
    max_backoff_s: float = 20.0
    failures: int = 5
    """So many failures in a row, without an answer between them, open the breaker."""
    rest_s: float = 5.0
    """How long the breaker stays open at first; it doubles with each probe that fails."""
    refused_rest_s: float = 30.0
    """The same after a refusal: a key or an account is not mended in seconds."""
    max_rest_s: float = 300.0
    strikes: int = 4
    """So often a text alone is answered badly before it is set aside."""
    grace_s: float = 30.0
    """How long closing waits for answers that are on their way: they are paid for."""
    now: Callable[[], float] = monotonic
    chance: random.Random = field(default_factory=random.Random)

    def backoff(self, attempt: int) -> float:
        """Return the wait before the try after `attempt` failures (≥ 1), in seconds: full jitter.

        Uniform in (0, min(cap, base · 2^(attempt-1))], as in "Exponential Backoff And Jitter" (M. Brooker,
        AWS Architecture Blog, 2015).
        """
        most = min(self.max_backoff_s, self.backoff_s * 2.0 ** min(attempt - 1, 32))
        return most * (1.0 - self.chance.random())
