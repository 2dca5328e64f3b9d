"""Candidate chunks grouped by file: the best of each, and sums in which each further chunk counts less."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vexord.search.keywords import Scores

DECAY = 0.5
"""Best + 1/2 of the second + 1/4 of the third …"""
COUNTED = 4


@dataclass(frozen=True, slots=True)
class Groups:
    """Chunks in order of their file. Every method returns one value a file."""

    key: NDArray[np.int64]
    """The file of each chunk, shape (chunks,); those of another query are other files."""
    order: NDArray[np.int64]
    """Chunks by file, the best of each file first."""
    starts: NDArray[np.int64]
    """Where each file begins in `order`, shape (files,)."""
    place: NDArray[np.int64]
    """Of the entries of `order`, their place within the file, from 0."""

    @classmethod
    def of(cls, key: NDArray[np.int64], scores: Scores) -> "Groups":
        """Group chunks, shape (chunks,), by key; within a file by score, then in their order."""
        order = np.lexsort((-scores, key))
        ordered = key[order]
        starts = np.flatnonzero(np.diff(ordered, prepend=ordered[0] - 1 if len(ordered) else 0))
        lengths = np.diff(starts, append=len(order))
        return cls(key, order, starts, np.arange(len(order)) - np.repeat(starts, lengths))

    @property
    def first(self) -> NDArray[np.int64]:
        """The best chunk of each file."""
        return self.order[self.starts]

    def chunks(self, file: int) -> NDArray[np.int64]:
        """Return the chunks of a file, best first."""
        end = self.starts[file + 1] if file + 1 < len(self.starts) else len(self.order)
        return self.order[self.starts[file] : end]

    def counts(self) -> NDArray[np.int64]:
        """Return the number of chunks."""
        return np.diff(self.starts, append=len(self.order))

    def best(self, values: Scores) -> Scores:
        """Return the highest value."""
        return np.maximum.reduceat(values[self.order], self.starts)

    def any(self, values: NDArray[np.bool_]) -> Scores:
        """Return 1 if any value is true, else 0."""
        return np.maximum.reduceat(values[self.order], self.starts).astype(np.float32)

    def pooled(self, values: Scores) -> Scores:
        """Return best + 1/2 second + 1/4 third + 1/8 fourth."""
        sorted_values = values[np.lexsort((-values, self.key))]
        weights = np.where(self.place < COUNTED, DECAY**self.place, 0.0).astype(np.float32)
        return np.add.reduceat(sorted_values * weights, self.starts)
