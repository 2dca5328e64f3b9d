"""Symmetric InfoNCE, with its gradients written out."""

import numpy as np
from numpy.typing import NDArray

from training.model.bags import Floats


def info_nce(
    queries: Floats, chunks: Floats, excused: NDArray[np.bool_], temperature: float
) -> tuple[float, Floats, Floats]:
    """Return the loss and its gradients by the unit rows of queries and of chunks.

    Row i of one side belongs to row i of the other; every other row is a negative unless `excused[i, j]`.
    """
    size = len(queries)
    # No maximum needs taking off: cosines are at most 1, so exponents are at most 0 after this shift.
    scores = queries @ chunks.T
    scores -= 1
    scores /= temperature
    own = np.diagonal(scores).copy()
    odds = np.exp(scores, out=scores)
    odds[excused] = 0
    by_query, by_chunk = odds.sum(axis=1), odds.sum(axis=0)
    loss = float(np.mean(np.log(by_query) + np.log(by_chunk) - 2 * own) / 2)
    odds *= (1 / by_query)[:, None] + (1 / by_chunk)[None, :]
    odds[np.arange(size), np.arange(size)] -= 2
    odds /= 2 * size * temperature
    return loss, odds @ chunks, odds.T @ queries
