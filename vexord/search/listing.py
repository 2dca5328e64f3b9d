"""A query of operators alone: all that matches in order of path, the definitions of what was asked first."""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from vexor_protocol.messages import Part

from vexord.index.segment import Segment
from vexord.search.candidates import Pool
from vexord.search.grep import compile_condition
from vexord.search.rank import RankedChunk, RankedFile
from vexord.search.syntax import TextCondition

DEFINES, MATCHES = 1.0, 0.5
"""Scores: of a chunk whose symbol is what was asked for, and of any other."""

_Place = tuple[float, str, int, NDArray[np.int64], NDArray[np.float64]]
"""A file before it is asked for: worth (negative), path, pool, rows and their scores."""


def list_files(pools: Sequence[Pool], conditions: Sequence[TextCondition]) -> Iterator[RankedFile]:
    """Yield the files with rows that the pools' masks leave: those that define the text, then by path."""
    places = [place for number, pool in enumerate(pools) for place in _places(number, pool, conditions)]
    places.sort(key=lambda place: place[:3])
    for worth, path, number, rows, scores in places:
        chunks = sorted(
            map(RankedChunk, [number] * len(rows), rows.tolist(), scores.tolist()),
            key=lambda chunk: (-chunk.score, chunk.row),
        )
        yield RankedFile(pools[number].target, path, -worth, tuple(chunks), partial(_explain, -worth))


def _explain(worth: float) -> list[Part]:
    return [Part(part="defines" if worth == DEFINES else "matches", value=1.0, share=worth)]


def _places(number: int, pool: Pool, conditions: Sequence[TextCondition]) -> Iterator[_Place]:
    segment = pool.view.segment
    rows = np.arange(segment.rows) if pool.mask is None else np.flatnonzero(pool.mask)
    if not len(rows):
        return
    scores = np.where(_defining(segment, rows, conditions), DEFINES, MATCHES)
    ids, starts = np.unique(segment.chunks["file"][rows], return_index=True)
    best = np.maximum.reduceat(scores, starts)
    groups = zip(np.split(rows, starts[1:]), np.split(scores, starts[1:]), strict=True)
    for file_id, worth, (mine, theirs) in zip(ids.tolist(), best.tolist(), groups, strict=True):
        yield -worth, segment.paths[file_id], number, mine, theirs


def _defining(
    segment: Segment, rows: NDArray[np.int64], conditions: Sequence[TextCondition]
) -> NDArray[np.bool_]:
    """Return for each row whether its symbol as a whole matches one of the conditions."""
    if not conditions:
        return np.zeros(len(rows), np.bool_)
    patterns = [compile_condition(condition) for condition in conditions]
    symbols = segment.chunks["symbol"][rows]
    hits = [
        number
        for number in np.unique(symbols).tolist()
        if (name := segment.strings[number]) and any(pattern.fullmatch(name) for pattern in patterns)
    ]
    return np.isin(symbols, hits)
