"""Which rows are nearest to the query in meaning, and how near any row is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vexord.embed.seam import Vectors
from vexord.index.snapshot import SegmentView
from vexord.index.vectors import TOLERANCE, scan
from vexord.search.keywords import Scores
from vexord.search.refined import refined_similarities

Rows = NDArray[np.int64]
FEW_ROWS = 16_384
"""So few rows are compared directly: half a millisecond."""


@dataclass(frozen=True, slots=True)
class QueryVectors:
    """The query as each model sees it, shape (1, dimensions)."""

    first: Vectors
    second: Vectors | None = None
    second_model: str = ""


@dataclass(frozen=True, slots=True)
class Nearness:
    """Of one segment."""

    rows: Rows
    """The nearest, in no order."""
    of: Callable[[Rows], Scores]
    """Returns the cosine similarity of any rows; -inf if the query has no vector."""


def nearness(
    views: Sequence[SegmentView],
    allowed: Sequence[NDArray[np.bool_] | None],
    vectors: QueryVectors | None,
    count: int,
    rough: Sequence[Scores | None] | None = None,
) -> list[Nearness]:
    """Find the `count` nearest rows of each segment among those allowed (masks over rows, None = all).

    `rough`: similarities to `vectors.first`, the only vector then, within `TOLERANCE`; shape (rows,) each, or
    None where there are none.
    """
    if vectors is None:
        return [Nearness(_NO_ROWS, _nothing)] * len(views)
    if vectors.second is not None:
        refined = refined_similarities(views, vectors.first, vectors.second, vectors.second_model)
        if refined is not None:
            return [_of_all(scores, mask, count) for scores, mask in zip(refined, allowed, strict=True)]
    if not count:
        return [_among(view.segment.vectors, _NO_ROWS, vectors.first, 0) for view in views]
    return [
        _of_segment(view, mask, vectors.first, count)
        if scores is None
        else _of_rough(view, mask, vectors.first, scores, count)
        for view, mask, scores in zip(views, allowed, rough or [None] * len(views), strict=True)
    ]


_NO_ROWS = np.zeros(0, np.int64)


def _nothing(rows: Rows) -> Scores:
    return np.full(len(rows), -np.inf, np.float32)


def _of_segment(
    view: SegmentView, allowed: NDArray[np.bool_] | None, vector: Vectors, count: int
) -> Nearness:
    vectors = view.segment.vectors
    left = np.count_nonzero(allowed) if allowed is not None else len(vectors)
    if allowed is not None and left <= FEW_ROWS:
        return _among(vectors, np.flatnonzero(allowed), vector, count)
    codes = view.segment.codes
    likely = codes.likely(vector, count, allowed) if codes is not None and left > FEW_ROWS else None
    if likely is not None:
        return _among(vectors, likely, vector, count)
    return _of_all(scan(vectors, vector), allowed, count)


def _among(vectors: NDArray[np.int8], rows: Rows, vector: Vectors, count: int) -> Nearness:
    """Compare some rows directly; others are compared when they are asked for."""
    return Nearness(
        rows[nearest(scan(vectors[rows], vector), count)], lambda asked: scan(vectors[asked], vector)
    )


def _of_all(scores: Scores, allowed: NDArray[np.bool_] | None, count: int) -> Nearness:
    if allowed is not None:
        scores[~allowed] = -np.inf
    return Nearness(nearest(scores, count), scores.__getitem__)


def _of_rough(
    view: SegmentView, allowed: NDArray[np.bool_] | None, vector: Vectors, rough: Scores, count: int
) -> Nearness:
    """Work out exactly only what is near enough to matter."""
    if allowed is not None:
        rough[~allowed] = -np.inf
    least = np.partition(rough, -count)[-count] if len(rough) > count else np.float32(-1.0)
    likely = np.flatnonzero((rough >= least - 2 * TOLERANCE) & (rough > -np.inf))
    return _among(view.segment.vectors, likely, vector, count)


def nearest(scores: Scores, count: int) -> Rows:
    """Return the indices of the `count` highest scores, of equal ones the first, hidden ones left out."""
    if not count:
        return _NO_ROWS
    if len(scores) <= count:
        return np.flatnonzero(scores > -np.inf)
    top = np.argpartition(scores, len(scores) - count)[-count:]
    least = scores[top].min()
    above = top[scores[top] > least]
    top = np.concatenate((above, np.flatnonzero(scores == least)[: count - len(above)]))
    return top[scores[top] > -np.inf]
