"""Exact scan of int8 rows straight from the mapped file."""

import numpy as np
import simsimd
from numpy.typing import NDArray


def scan(rows: NDArray[np.int8], query: NDArray[np.int8]) -> NDArray[np.float32]:
    """Return the cosine similarity of each row, shape (n, d), to the query, shape (1, d): shape (n,).

    A zero row, or a zero query, is similar to nothing: 0.
    """
    if len(rows) == 0 or not query.any():
        return np.zeros(len(rows), np.float32)
    distances = np.asarray(simsimd.cdist(query, rows, metric="cosine"), np.float32)
    similarities: NDArray[np.float32] = np.float32(1.0) - distances.reshape(-1)
    return similarities
