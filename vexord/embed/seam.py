"""The one interface that models and providers implement, and the fingerprint that keeps vectors apart."""

from collections.abc import Sequence
from functools import cached_property
from typing import Protocol, overload

import msgspec
import numpy as np
from numpy.typing import NDArray

from vexord.bags import Bags, count_words

Vectors = NDArray[np.int8]
"""Rows of int8, shape (n, dimensions): each row is its unit vector scaled so that its largest component is
±127. Cosine similarity needs no scale, so none is stored."""


class Fingerprint(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides what a vector means; vectors of different fingerprints are never mixed."""

    provider: str
    endpoint: str
    model: str
    dimensions: int
    chunker: int
    """Version of the chunker and of the text that is embedded for a chunk."""

    def same_space(self, other: "Fingerprint") -> bool:
        """Whether a query embedded under one can be compared with chunks embedded under the other."""
        mine = (self.provider, self.endpoint, self.model, self.dimensions)
        return mine == (other.provider, other.endpoint, other.model, other.dimensions)

    def __str__(self) -> str:
        return f"{self.provider}:{self.model}@{self.dimensions}"


class NotNowError(Exception):
    """A model that should have a part in answers has none now; the message says why."""


class Documents(Sequence[str]):
    """Texts to embed, each a header line and a body; whoever needs their words counts them once for all."""

    def __init__(self, headers: Sequence[str], bodies: Sequence[str], counted: Bags | None = None) -> None:
        """`counted`: the words of the bodies, if they were counted before."""
        self.headers = headers
        self.bodies = bodies
        self._counted = counted

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Documents":
        """Return the same texts as documents."""
        if isinstance(texts, cls):
            return texts
        cut = [text.partition("\n") for text in texts]
        return cls([header for header, _, _ in cut], [body for _, _, body in cut])

    @cached_property
    def header_words(self) -> Bags:
        """The words of the headers."""
        return count_words(self.headers)

    @cached_property
    def body_words(self) -> Bags:
        """The words of the bodies."""
        return self._counted if self._counted is not None else count_words(self.bodies)

    def __len__(self) -> int:
        return len(self.headers)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        return f"{self.headers[index]}\n{self.bodies[index]}"


class Embedder(Protocol):
    """Turns text into rows. Implementations are thread-safe."""

    @property
    def fingerprint(self) -> Fingerprint:
        """What identifies the vectors."""
        ...

    def embed_chunks(self, texts: Sequence[str]) -> Vectors:
        """Return one row for each text, shape (len(texts), dimensions)."""
        ...

    def embed_query(self, text: str) -> Vectors:
        """Return one row, shape (1, dimensions)."""
        ...


class SecondEmbedder(Embedder, Protocol):
    """An embedder that is costly to have in memory."""

    def unload(self) -> None:
        """Give the memory back until the next use."""
        ...


def quantise(rows: NDArray[np.float32]) -> Vectors:
    """Scale each float32 row, shape (n, d), to int8 by its largest component; zero rows stay zero."""
    peak = np.abs(rows).max(axis=1, keepdims=True, initial=0.0)
    scaled: NDArray[np.float32] = rows * (127.0 / np.maximum(peak, 1e-12))
    return np.rint(scaled).astype(np.int8)
