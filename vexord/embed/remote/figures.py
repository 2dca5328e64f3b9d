"""What a client did and how it stands, in numbers and words for `status`."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import msgspec
from vexor_protocol.health import Degraded, RemoteFigures

from vexord.embed.remote.breaker import Breaker
from vexord.embed.remote.seam import ProviderError, Refused, Throttled
from vexord.embed.remote.work import Job

_NAMES_KEPT = 20


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Counted since the client was made."""

    requests: int
    answered: int
    """Requests that were answered."""
    throttled: int
    too_large: int
    timeouts: int
    failed: int
    """Requests without an answer, those throttled not counted."""
    retried: int
    """Requests that carried what had been sent in vain before."""
    texts: int
    """Texts, or pieces of texts, that were answered."""
    left_out: int
    """Texts that an answer left out or answered badly; they were sent again."""
    tokens: int
    """Counted by the provider, or estimated where it does not say."""
    split: int
    """Texts that were longer than the model takes; their row is the mean of their pieces."""
    set_aside: int
    """Texts that this provider cannot embed."""
    set_aside_last: list[tuple[str, str]]
    """Name and reason of the last of them."""
    waiting: int
    in_flight: int
    window: int
    """Requests that may be in flight."""
    batch_items: int
    batch_tokens: int
    unkept: int
    """Rows that came and could not be kept yet."""
    state: str
    """`well`, `throttled`, `resting` (the breaker is open) or `refused` (open until somebody mends it)."""
    problem: str
    """The last failure in words, until an answer comes."""
    resumes_in_s: float
    """Seconds until the next request may be sent; 0 if now."""


@dataclass(slots=True)
class Tally:
    """The part of the figures that only grows."""

    requests: int = 0
    answers: int = 0
    throttled: int = 0
    too_large: int = 0
    timeouts: int = 0
    failed: int = 0
    retried: int = 0
    texts: int = 0
    left_out: int = 0
    tokens: int = 0
    split: int = 0
    aside: int = 0
    aside_last: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=_NAMES_KEPT))

    def sent(self, job: Job) -> None:
        """A request goes out."""
        self.requests += 1
        self.retried += job.again

    def answered(self, texts: int, tokens: int) -> None:
        """A request was answered."""
        self.answers += 1
        self.texts += texts
        self.tokens += tokens

    def set_aside(self, name: str, reason: str) -> None:
        """A text is given up."""
        self.aside += 1
        self.aside_last.append((name, reason))

    def figures(self, **now: Any) -> Figures:
        """Return them together with how it stands `now`."""
        return Figures(
            requests=self.requests,
            answered=self.answers,
            throttled=self.throttled,
            too_large=self.too_large,
            timeouts=self.timeouts,
            failed=self.failed,
            retried=self.retried,
            texts=self.texts,
            left_out=self.left_out,
            tokens=self.tokens,
            split=self.split,
            set_aside=self.aside,
            set_aside_last=list(self.aside_last),
            **now,
        )


def state(breaker: Breaker, trouble: ProviderError | None) -> str:
    """Return the word of `Figures.state`."""
    if breaker.open:
        return "refused" if isinstance(breaker.cause, Refused) else "resting"
    return "throttled" if isinstance(trouble, Throttled) else "well"


def provider_problem(provider: str, figures: Figures | None) -> Degraded | None:
    """Return what is said of a provider that is not well, and not only for a moment."""
    if figures is None or figures.state not in ("refused", "resting"):
        return None
    refused = figures.state == "refused"
    return Degraded(
        name="provider_refuses" if refused else "provider_rests",
        message=f"{provider}: {figures.problem}; answers go on with words and the local model",
        hint=f"a key is set by: vexorctl config set-key {provider}; it is tried again by itself"
        if refused
        else "it is tried again by itself, at longer and longer intervals up to five minutes",
    )


def told(figures: Figures) -> RemoteFigures:
    """Return the figures as `status` tells them."""
    return RemoteFigures(
        requests=figures.requests,
        tokens=figures.tokens,
        rows=figures.texts,
        retries=figures.retried,
        throttled=figures.throttled,
        failures=figures.failed,
        at_once=figures.window,
        batch=figures.batch_items,
        waiting=figures.waiting,
        split=figures.split,
        set_aside=figures.set_aside,
        state=figures.state,
        problem=figures.problem,
    )
