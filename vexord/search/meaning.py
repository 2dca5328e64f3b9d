"""How near each row is to the query in meaning: the embedded model's cosine, refined by a second model's."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vexord.embed.seam import Vectors
from vexord.index.refined import Refined
from vexord.index.snapshot import SegmentView
from vexord.index.vectors import scan
from vexord.search.keywords import Scores

LEAST_ROWS = 64
"""Fewer rows of the second model than this do not tell its scale."""


@dataclass(frozen=True, slots=True)
class QueryVectors:
    """The query as each model sees it, shape (1, dimensions)."""

    first: Vectors
    second: Vectors | None = None
    second_model: str = ""


def similarities(views: Sequence[SegmentView], vectors: QueryVectors | None) -> list[Scores]:
    """Return the cosine similarity of each row of each segment, shape (rows,); -inf if there is no vector.

    Where the second model knows a row, its cosine, brought to the mean and spread that the first model's has
    over all such rows, counts half: so rows with and without it can be compared, whatever their share.
    """
    if vectors is None:
        return [np.full(view.segment.rows, -np.inf, np.float32) for view in views]
    first = [scan(view.segment.vectors, vectors.first) for view in views]
    if vectors.second is None:
        return first
    known = [_known(view, vectors.second_model) for view in views]
    if sum(refined.count for refined in known if refined is not None) < LEAST_ROWS:
        return first
    second = [scan(refined.rows, vectors.second) if refined is not None else None for refined in known]
    pairs = [
        (mine, theirs) if refined.known is None else (mine[refined.known], theirs[refined.known])
        for mine, theirs, refined in zip(first, second, known, strict=True)
        if theirs is not None and refined is not None
    ]
    mine, theirs = np.concatenate([pair[0] for pair in pairs]), np.concatenate([pair[1] for pair in pairs])
    spread = float(theirs.std())
    scale = float(mine.std()) / spread if spread > 0 else 0.0
    shift = float(mine.mean()) - scale * float(theirs.mean())
    return [
        scores if theirs is None else _mixed(scores, np.float32(scale) * theirs + np.float32(shift), refined)
        for scores, theirs, refined in zip(first, second, known, strict=True)
    ]


def _known(view: SegmentView, model: str) -> Refined | None:
    return view.refined if view.refined is not None and view.refined.model == model else None


def _mixed(first: Scores, second: Scores, refined: Refined | None) -> Scores:
    mixed: Scores = (first + second) * np.float32(0.5)
    return mixed if refined is None or refined.known is None else np.where(refined.known, mixed, first)
