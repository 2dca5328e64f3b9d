"""Candidate chunks grouped by file: the best of each, and sums in which each further chunk counts less."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vexord.search.keywords import Scores

DECAY = 0.5
"""Best + 1/2 of the second + 1/4 of the third …"""
COUNTED = 4
_DECAYS = np.array([*(DECAY**place for place in range(COUNTED)), 0.0], np.float32)


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
        begins = np.ones(len(ordered), np.bool_)
        np.not_equal(ordered[1:], ordered[:-1], out=begins[1:])
        starts = np.flatnonzero(begins)
        return cls(key, order, starts, np.arange(len(order)) - starts[np.cumsum(begins) - 1])

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
        counts = np.empty_like(self.starts)
        np.subtract(self.starts[1:], self.starts[:-1], out=counts[:-1])
        counts[-1:] = len(self.order) - self.starts[-1:]
        return counts

    def best(self, values: Scores) -> Scores:
        """Return the highest value, shape (…, files), of values of shape (…, chunks)."""
        return np.maximum.reduceat(values[..., self.order], self.starts, axis=-1)

    def pooled(self, values: Scores) -> Scores:
        """Return best + 1/2 second + 1/4 third + 1/8 fourth."""
        sorted_values = values[np.lexsort((-values, self.key))]
        return np.add.reduceat(sorted_values * _DECAYS[np.minimum(self.place, COUNTED)], self.starts)
