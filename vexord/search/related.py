"""Code like the code at a place: its stored vector and its telling words make the query."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from vexor_protocol.errors import INVALID_PARAMS, NOT_INDEXED, ProtocolError

from vexord.embed.seam import Vectors, quantise
from vexord.index.columns import StringColumn, encode_string
from vexord.index.segment import Segment
from vexord.index.snapshot import SegmentView, Snapshot
from vexord.index.terms import analyse
from vexord.index.types import BY_NAME, KINDS
from vexord.search.candidates import Pool
from vexord.search.hits import FileText
from vexord.search.query import Query

MAX_TERMS = 16
"""Words that tell a piece of code from others; more of them make the search slow and no better."""
COMMON_SHARE = 0.25
"""A word in more than this share of all chunks tells nothing."""
_BY_NAME = [KINDS.index(kind) for kind in BY_NAME]


@dataclass(frozen=True, slots=True)
class Origin:
    """The chunks that something like is looked for."""

    root: str
    path: str
    """Inside the root."""
    segment: Segment
    rows: NDArray[np.int64]


def find_origin(snapshot: Snapshot, root: str, path: str, line: int | None) -> Origin:
    """Return the chunk at a line of a file, or all chunks of the file if `line` is None.

    Raises:
        ProtocolError: NOT_INDEXED, the file is not in the index, or only its name is; INVALID_PARAMS, the
            file has no such line.
    """
    for view in snapshot.segments:
        rows = _rows_of(view, path)
        if rows is not None and len(rows):
            chunks = view.segment.chunks[rows]
            if np.isin(chunks["kind"], _BY_NAME).all():
                raise ProtocolError(
                    NOT_INDEXED, f"{path} is indexed by its name only", "ask for a file of text"
                )
            if line is not None:
                rows = rows[_at_line(path, chunks, line)]
            return Origin(root, path, view.segment, rows)
    raise ProtocolError(
        NOT_INDEXED,
        f"{path} is not in the index of {root}",
        "is it ignored, or not saved? what is left out and why: vexorctl status",
    )


def like_query(origin: Origin, pools: Sequence[Pool]) -> tuple[Query, Vectors]:
    """Return the query that finds what is like the origin, and its vector, shape (1, dimensions)."""
    text_of = FileText(origin.root, origin.segment, int(origin.segment.chunks["file"][origin.rows[0]]))
    texts = [text for row in origin.rows.tolist() if (text := text_of.chunk(row))]
    terms = _telling(Counter(term for text in texts for term in analyse(text)), pools)
    rows = origin.segment.vectors[origin.rows].astype(np.float32)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    vector = quantise((rows / np.maximum(norms, 1e-12)).sum(0, keepdims=True))
    return Query("\n".join(texts), tuple(terms), (), frozenset(), is_symbol=False), vector


def without_origin(pools: Sequence[Pool], origin: Origin) -> list[Pool]:
    """Hide the origin, which is most like itself."""
    return [_hide(pool, origin.rows) if pool.view.segment is origin.segment else pool for pool in pools]


def _hide(pool: Pool, rows: NDArray[np.int64]) -> Pool:
    mask = np.ones(pool.view.segment.rows, np.bool_) if pool.mask is None else pool.mask.copy()
    mask[rows] = False
    return replace(pool, mask=mask)


def _rows_of(view: SegmentView, path: str) -> NDArray[np.int64] | None:
    number = _find(view.segment.paths, encode_string(path))
    if number is None:
        return None
    entry = view.segment.files[number]
    first = int(entry["row_start"])
    if view.live is not None and not view.live[first : first + 1].all():
        return None
    return np.arange(first, int(entry["row_end"]))


def _find(column: StringColumn, wanted: bytes) -> int | None:
    """Return the index of a string; only those of its length are decoded."""
    lengths = np.diff(column.offsets.astype(np.int64))
    for number in np.flatnonzero(lengths == len(wanted)).tolist():
        start = int(column.offsets[number])
        if column.blob[start : start + len(wanted)].tobytes() == wanted:
            return int(number)
    return None


def _at_line(path: str, chunks: NDArray[np.void], line: int) -> slice:
    """Return the place of the chunk that holds a line, or of the one before a blank line."""
    last = int(chunks["end_line"].max())
    if line > last:
        raise ProtocolError(
            INVALID_PARAMS, f"{path} has text up to line {last}, not {line}", "ask for a line with text"
        )
    place = max(0, int(np.searchsorted(chunks["start_line"], line, "right")) - 1)
    return slice(place, place + 1)


def _telling(counts: Counter[str], pools: Sequence[Pool]) -> list[str]:
    """Return the terms of highest tf-idf that are neither everywhere nor nowhere else."""
    total = sum(pool.view.segment.rows for pool in pools)
    worth: dict[str, float] = {}
    for term, count in counts.items():
        frequency = sum(pool.view.segment.postings.df(term) for pool in pools)
        if len(term) > 1 and frequency and frequency <= max(2.0, COMMON_SHARE * total):
            worth[term] = (1.0 + math.log(count)) * math.log(1.0 + total / frequency)
    return sorted(worth, key=lambda term: (-worth[term], term))[:MAX_TERMS]
