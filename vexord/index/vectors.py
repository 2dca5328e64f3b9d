"""Exact scan of int8 rows straight from the mapped file."""

import numpy as np
import simsimd
from numpy.typing import NDArray

TOLERANCE = 1e-5
"""`scan` and `scan_many` differ by less: they round in another order."""
_BLOCK_ROWS = 1024
"""A block of 256 dimensions in float32 fits the second-level cache."""


def scan(rows: NDArray[np.int8], query: NDArray[np.int8]) -> NDArray[np.float32]:
    """Return the cosine similarity of each row, shape (n, d), to the query, shape (1, d): shape (n,).

    A zero row, or a zero query, is similar to nothing: 0.
    """
    if len(rows) == 0 or not query.any():
        return np.zeros(len(rows), np.float32)
    # Not `out=`: simsimd 6.5 then gives away a reference to None, and a few thousand scans end the process.
    distances = np.asarray(simsimd.cdist(query, rows, metric="cosine", out_dtype="float32"))
    similarities: NDArray[np.float32] = np.float32(1.0) - distances.reshape(-1)
    return similarities


def products(rows: NDArray[np.int8], query: NDArray[np.int8]) -> NDArray[np.float32]:
    """Return the inner product of each row, shape (n, d), with the query, shape (1, d): shape (n,).

    Half the time of `scan`. Exact up to 1,040 dimensions: the sum of so many products is below 2 ** 24.
    """
    if len(rows) == 0:
        return np.zeros(0, np.float32)
    found: NDArray[np.float32] = np.asarray(simsimd.cdist(query, rows, metric="dot", out_dtype="float32"))
    return found.reshape(-1)


def inverse_lengths(rows: NDArray[np.int8]) -> NDArray[np.float32]:
    """Return 1 / length of each row, 0 for a zero row: shape (n,)."""
    inverse = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), _BLOCK_ROWS):
        part = slice(start, start + _BLOCK_ROWS)
        inverse[part] = _inverse_norms(rows[part].astype(np.float32))
    return inverse


def scan_many(rows: NDArray[np.int8], queries: NDArray[np.int8]) -> NDArray[np.float32]:
    """Return what `scan` does for each query, shape (q, d), within `TOLERANCE`: shape (q, n).

    A block of rows is widened once for all queries and multiplied by BLAS, which takes a third of the time of
    as many scans.
    """
    wide = queries.astype(np.float32)
    wide *= _inverse_norms(wide)[:, None]
    similarities = np.empty((len(queries), len(rows)), np.float32)
    for start in range(0, len(rows), _BLOCK_ROWS):
        block = rows[start : start + _BLOCK_ROWS].astype(np.float32)
        part = similarities[:, start : start + _BLOCK_ROWS]
        np.matmul(wide, block.T, out=part)
        part *= _inverse_norms(block)
    return similarities


def _inverse_norms(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return 1 / length of each row, 0 for a zero row."""
    squares = np.einsum("ij,ij->i", rows, rows)
    inverse: NDArray[np.float32] = np.where(squares > 0, 1.0 / np.sqrt(np.maximum(squares, 1.0)), 0.0)
    return inverse.astype(np.float32)
