"""Which rows are nearest to the query in meaning, and how near any row is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from vexord.embed.seam import Vectors
from vexord.index.codes import MARGIN
from vexord.index.snapshot import SegmentView
from vexord.index.vectors import TOLERANCE, inverse_lengths, products, scan
from vexord.search.keywords import Scores
from vexord.search.lengths import inverse_lengths_of
from vexord.search.numbering import Numbering, Rows
from vexord.search.refined import refined_similarities

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
    """Over the rows of all segments, numbered through."""

    rows: Rows
    """The nearest, in no order."""
    of: Callable[[Rows], Scores]
    """Returns the cosine similarity of any rows, ascending; -inf if the query has no vector."""


def nearness(
    views: Sequence[SegmentView],
    allowed: Sequence[NDArray[np.bool_] | None],
    vectors: QueryVectors | None,
    count: int,
    rough: Sequence[Scores | None] | None = None,
) -> Nearness:
    """Find the `count` nearest rows of all segments among those allowed (masks over rows, None = all).

    `rough`: similarities to `vectors.first`, the only vector then, within `TOLERANCE`; shape (rows,) each, or
    None where there are none. They are used up.
    """
    if vectors is None:
        return Nearness(_NO_ROWS, _nothing)
    if vectors.second is not None:
        refined = refined_similarities(views, vectors.first, vectors.second, vectors.second_model)
        if refined is not None:
            scores = np.concatenate([_hidden(one, mask) for one, mask in zip(refined, allowed, strict=True)])
            return Nearness(nearest(scores, count), scores.__getitem__)
    numbering = Numbering.of(view.segment.rows for view in views)
    of = partial(_compared, views, numbering, vectors.first)
    if not count or not views:
        return Nearness(_NO_ROWS, of)
    likely = _likely(views, allowed, vectors.first, rough or [None] * len(views), count)
    rows = np.sort(likely.rows[nearest(likely.guesses, int(count * MARGIN))])
    return Nearness(rows[nearest(of(rows), count)], of)


_NO_ROWS = np.zeros(0, np.int64)


def _nothing(rows: Rows) -> Scores:
    return np.full(len(rows), -np.inf, np.float32)


def _compared(views: Sequence[SegmentView], numbering: Numbering, vector: Vectors, rows: Rows) -> Scores:
    if not len(rows):
        return np.zeros(0, np.float32)
    return scan(numbering.gather(rows, lambda segment, some: views[segment].segment.vectors[some]), vector)


@dataclass(frozen=True, slots=True)
class _Likely:
    """Rows among which the nearest are, with similarities that are not exact."""

    rows: Rows
    guesses: Scores


def _likely(
    views: Sequence[SegmentView],
    allowed: Sequence[NDArray[np.bool_] | None],
    vector: Vectors,
    rough: Sequence[Scores | None],
    count: int,
) -> _Likely:
    """Look through all segments; those of which every row is compared are looked through together."""
    length = inverse_lengths(vector)
    parts: list[_Likely] = []
    compared: list[Scores] = []
    starts: list[int] = []
    first = 0
    for view, mask, scores in zip(views, allowed, rough, strict=True):
        found = _of_few(view, mask, vector, count) if scores is None else None
        if found is not None:
            parts.append(_Likely(found.rows + first, found.guesses))
        else:
            table = _of_segment(view, vector, length) if scores is None else scores
            compared.append(_hidden(table, mask))
            starts.append(first)
        first += view.segment.rows
    if compared:
        near = _of_all(np.concatenate(compared), count)
        part, rows = Numbering.of(map(len, compared)).places(near.rows)
        parts.append(_Likely(rows + np.array(starts)[part], near.guesses))
    return _Likely(
        np.concatenate([one.rows for one in parts]), np.concatenate([one.guesses for one in parts])
    )


def _of_few(
    view: SegmentView, allowed: NDArray[np.bool_] | None, vector: Vectors, count: int
) -> _Likely | None:
    """Return rows of one segment if not all of them need be compared."""
    vectors = view.segment.vectors
    left = np.count_nonzero(allowed) if allowed is not None else len(vectors)
    if allowed is not None and left <= FEW_ROWS and 2 * left < len(vectors):
        rows = np.flatnonzero(allowed)
        return _Likely(rows, scan(vectors[rows], vector))
    codes = view.segment.codes
    found = codes.likely(vector, count, allowed) if codes is not None and left > FEW_ROWS else None
    return _Likely(*found) if found is not None else None


def _of_segment(view: SegmentView, vector: Vectors, length: Scores) -> Scores:
    """Return the similarity of every row; `length`: 1 / length of the vector, shape (1,)."""
    if view.segment.codes is not None:  # they are being read: the lengths will not be asked for again
        return scan(view.segment.vectors, vector)
    similarities = products(view.segment.vectors, vector)
    similarities *= inverse_lengths_of(view.segment) * length
    return similarities


def _hidden(scores: Scores, allowed: NDArray[np.bool_] | None) -> Scores:
    if allowed is not None:
        scores[~allowed] = -np.inf
    return scores


def _of_all(scores: Scores, count: int) -> _Likely:
    """Leave only what is near enough to matter."""
    least = np.partition(scores, -count)[-count] if len(scores) > count else np.float32(-1.0)
    likely = np.flatnonzero((scores >= least - 2 * TOLERANCE) & (scores > -np.inf))
    return _Likely(likely, scores[likely])


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
