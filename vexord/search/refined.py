"""Similarities of the embedded model, refined by a second model's where that knows a row."""

from collections.abc import Sequence

import numpy as np

from vexord.embed.seam import Vectors
from vexord.index.refined import Refined
from vexord.index.snapshot import SegmentView
from vexord.index.vectors import scan
from vexord.search.keywords import Scores

LEAST_ROWS = 64
"""Fewer rows of the second model than this do not tell its scale."""


def refined_similarities(
    views: Sequence[SegmentView], first: Vectors, second: Vectors, model: str
) -> list[Scores] | None:
    """Return the similarity of each row of each segment, shape (rows,); None if too few rows are known.

    Where the second model knows a row, its cosine, brought to the mean and spread that the first model's has
    over all such rows, counts half: so rows with and without it can be compared, whatever their share.
    """
    known = [_known(view, model) for view in views]
    if sum(refined.count for refined in known if refined is not None) < LEAST_ROWS:
        return None
    ours = [scan(view.segment.vectors, first) for view in views]
    others = [scan(refined.rows, second) if refined is not None else None for refined in known]
    pairs = [
        (mine, theirs) if refined.known is None else (mine[refined.known], theirs[refined.known])
        for mine, theirs, refined in zip(ours, others, known, strict=True)
        if theirs is not None and refined is not None
    ]
    mine, theirs = np.concatenate([pair[0] for pair in pairs]), np.concatenate([pair[1] for pair in pairs])
    spread = float(theirs.std())
    scale = float(mine.std()) / spread if spread > 0 else 0.0
    shift = float(mine.mean()) - scale * float(theirs.mean())
    return [
        scores if theirs is None else _mixed(scores, np.float32(scale) * theirs + np.float32(shift), refined)
        for scores, theirs, refined in zip(ours, others, known, strict=True)
    ]


def _known(view: SegmentView, model: str) -> Refined | None:
    return view.refined if view.refined is not None and view.refined.model == model else None


def _mixed(first: Scores, second: Scores, refined: Refined | None) -> Scores:
    mixed: Scores = (first + second) * np.float32(0.5)
    return mixed if refined is None or refined.known is None else np.where(refined.known, mixed, first)
