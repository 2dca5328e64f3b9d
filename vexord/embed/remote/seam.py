"""The asynchronous interface that remote providers implement, and the errors that all of theirs become."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from vexord.embed.seam import Fingerprint

Side = Literal["query", "document"]
"""What a text is: many models embed a question otherwise than what is to be found."""
Resource = Literal["requests", "tokens"]
"""What a provider counts by the minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a provider takes. Known beforehand; what it refuses all the same is learnt (`batches`, `pace`)."""

    items: int = 2048
    """Texts in one request."""
    tokens: int = 300_000
    """Tokens of all texts of one request."""
    input_tokens: int = 8191
    """Tokens of one text; a longer one is split."""
    requests_a_minute: int = 0
    """0 where it is not known."""
    tokens_a_minute: int = 0
    """0 where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What an answer's headers say of one resource; None for what they do not say."""

    limit: float | None = None
    """A minute's allowance."""
    remaining: float | None = None
    """What may still be spent at once, this request counted."""
    reset_s: float | None = None
    """Seconds until the allowance is whole again."""


Rates = dict[Resource, Rate]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back for one request; nothing of it is checked yet (`check`)."""

    rows: Sequence[NDArray[np.float32]]
    """Vectors, in the order of `places`, else of the texts."""
    places: Sequence[int] | None = None
    """Which text of the request each row is for; None if the provider does not number them."""
    tokens: int | None = None
    """Tokens counted, and billed, by the provider; None if it does not say."""
    rates: Rates = field(default_factory=dict)


class Provider(Protocol):
    """A model behind a network. Used by one event loop. Retrying and waiting is `client`'s."""

    @property
    def fingerprint(self) -> Fingerprint:
        """What identifies the vectors."""
        ...

    @property
    def limits(self) -> Limits:
        """What the provider takes."""
        ...

    async def embed(self, texts: Sequence[str], side: Side) -> Answer:
        """Send one request.

        Raises:
            ProviderError: one of its kinds below, whatever went wrong.
        """
        ...

    async def close(self) -> None:
        """Let go of the connections."""
        ...


class ProviderError(Exception):
    """A request failed. The message names no key and holds nothing of a text."""


class Throttled(ProviderError):  # noqa: N818 - the kinds are states, and read as such
    """Too many requests or tokens; later it will be taken (429)."""

    def __init__(
        self,
        message: str,
        *,
        retry_after_s: float | None = None,
        resource: Resource | None = None,
        rates: Rates | None = None,
    ) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        """Seconds to wait as the provider says it; None if it does not."""
        self.resource = resource
        """What there was too much of; None if it does not say."""
        self.rates: Rates = rates or {}


class TooLarge(ProviderError):  # noqa: N818
    """The request, or its only text, is larger than the provider takes; in parts it may be taken (413)."""


class Transient(ProviderError):  # noqa: N818
    """It may go well the next time: a timeout, a broken connection, a fault of the server (5xx)."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Late(Transient):
    """There was no answer in time."""


class Refused(ProviderError):  # noqa: N818
    """No request is taken until something is mended: the key, the model's name, the account's balance."""


class Rejected(ProviderError):  # noqa: N818
    """Something in this request is not taken (400, 422); other texts may be."""


class BadAnswer(ProviderError):  # noqa: N818
    """The answer cannot be used: another length of vectors, or not what was asked for."""
