"""Many queries in one request share one pass over the vectors of each segment without codes.

Codes are searched for each query: that is as fast one by one, and the answers are those of single requests.
"""

from collections.abc import Iterator, Sequence
from typing import TypeGuard

import numpy as np

from vexord.index.snapshot import SegmentView
from vexord.index.vectors import scan_many
from vexord.search.keywords import Scores
from vexord.search.meaning import QueryVectors

MIN_QUERIES = 4
"""Fewer are quicker one by one."""
MAX_TOGETHER = 32
"""What is known of the candidates of more queries falls out of the processor's cache."""
MAX_BYTES = 64 << 20
"""Of similarities held at a time: 21 queries over the chunks of a Linux kernel."""


def portions(queries: Sequence[str], rows: int) -> Iterator[Sequence[str]]:
    """Yield as many queries at a time as may be answered together over `rows` rows."""
    size = max(1, min(MAX_TOGETHER, MAX_BYTES // (4 * max(1, rows))))
    for start in range(0, len(queries), size):
        yield queries[start : start + size]


def rough_similarities(
    views: Sequence[SegmentView], queries: Sequence[QueryVectors | None]
) -> list[Sequence[Scores | None] | None]:
    """Return for each query its similarities, by `scan_many`, to the rows of each segment, shape (rows,).

    None stands for a segment with codes, for a query without a vector or with a second model's, and for all
    queries if too few share a pass.
    """
    shared = [query.first for query in queries if _shares(query)]
    if len(shared) < MIN_QUERIES:
        return [None] * len(queries)
    stacked = np.concatenate(shared)
    tables = [
        scan_many(view.segment.vectors, stacked) if view.segment.codes is None else None for view in views
    ]
    found: list[Sequence[Scores | None] | None] = []
    row = 0
    for query in queries:
        if not _shares(query):
            found.append(None)
            continue
        found.append([table[row] if table is not None else None for table in tables])
        row += 1
    return found


def _shares(query: QueryVectors | None) -> TypeGuard[QueryVectors]:
    return query is not None and query.second is None
