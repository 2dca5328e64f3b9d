"""Scores brought to the scale of 0 to 1, those of each query by themselves."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vexord.search.keywords import Scores


@dataclass(frozen=True, slots=True)
class Spans:
    """Entries of several queries, one query after the other; each has at least one."""

    starts: NDArray[np.int64]
    """Where each query's begin, shape (queries,)."""
    lengths: NDArray[np.int64]
    query: NDArray[np.int64]
    """The number of each entry's query."""

    @classmethod
    def of(cls, lengths: NDArray[np.int64]) -> "Spans":
        """Lay spans of these lengths end to end."""
        return cls(np.cumsum(lengths) - lengths, lengths, np.repeat(np.arange(len(lengths)), lengths))

    def spread(self, values: NDArray[np.float32]) -> Scores:
        """Give each entry the value of its query, shape (…, queries)."""
        return values if len(self.lengths) == 1 else values[..., self.query]

    def to_best(self, values: Scores) -> Scores:
        """Divide by the query's highest, so that the best has 1; all 0 if there is none above 0.

        `values`: shape (…, entries).
        """
        peaks = np.maximum.reduceat(values, self.starts, axis=-1)
        return values / self.spread(np.where(peaks > 0, peaks, np.float32(np.inf)))

    def between(self, values: Scores) -> Scores:
        """Scale finite values to 0..1; all 0 if the query has no vector or all are alike."""
        finite = np.isfinite(values)
        low = np.minimum.reduceat(np.where(finite, values, np.float32(np.inf)), self.starts)
        high = np.maximum.reduceat(values, self.starts)
        differ = high > low  # of a query without a vector, -inf and inf
        low = np.where(differ, low, np.float32(0.0))
        width = np.where(differ, high, np.float32(np.inf)) - low
        above = np.where(finite, values - self.spread(low), np.float32(0.0))
        return (above / self.spread(width)).astype(np.float32, copy=False)


def to_best(values: Scores) -> Scores:
    """Do what `Spans.to_best` does for the entries of one query, which may be none."""
    return _ONE.to_best(values) if len(values) else values


def between(values: Scores) -> Scores:
    """Do what `Spans.between` does for the entries of one query, which may be none."""
    return _ONE.between(values) if len(values) else values


_ONE = Spans.of(np.zeros(1, np.int64))
"""Of one query alone only where it begins is asked for."""
