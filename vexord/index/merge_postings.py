"""Merges postings of several segments by moving rows, in blocks of bounded memory; no text is read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vexord.index.columns import distinct
from vexord.index.postings import PostingArrays

BLOCK_POSTINGS = 1 << 20
"""About 30 MB of working memory."""

DEAD = -1
"""In a row map: this row is not taken over."""


@dataclass(frozen=True, slots=True)
class _Source:
    arrays: PostingArrays
    row_map: NDArray[np.int64]
    terms: NDArray[np.int64]
    """Indexes of the source's terms that live on."""
    places: NDArray[np.int64]
    """Their indexes in the merged vocabulary, ascending."""
    counts: NDArray[np.int64]
    """Their live postings."""


class PostingMerge:
    """The merged postings: vocabulary at once, rows and impacts in blocks.

    Every input is (postings, row map): the row map, shape (rows,), gives the new row of each old one, or
    `DEAD`; over the inputs in order the new rows ascend.
    """

    def __init__(self, inputs: Sequence[tuple[PostingArrays, NDArray[np.int64]]]) -> None:
        live = [_live_counts(arrays, row_map) for arrays, row_map in inputs]
        kept = [np.flatnonzero(counts) for counts in live]
        columns = [arrays.hashes[terms] for (arrays, _), terms in zip(inputs, kept, strict=True)]
        self.hashes = distinct(np.concatenate([np.zeros(0, np.uint64), *columns]))
        total = np.zeros(len(self.hashes), np.int64)
        self._sources: list[_Source] = []
        for (arrays, row_map), counts, terms, hashes in zip(inputs, live, kept, columns, strict=True):
            places = np.searchsorted(self.hashes, hashes)
            total[places] += counts[terms]
            self._sources.append(_Source(arrays, row_map, terms, places, counts[terms]))
        self._offsets = np.zeros(len(self.hashes) + 1, np.int64)
        np.cumsum(total, out=self._offsets[1:])

    @property
    def offsets(self) -> NDArray[np.uint64]:
        """As `PostingArrays.offsets`."""
        return self._offsets.astype(np.uint64)

    @property
    def count(self) -> int:
        """Number of postings."""
        return int(self._offsets[-1])

    def blocks(self) -> Iterator[tuple[NDArray[np.uint32], NDArray[np.uint8]]]:
        """Yield (rows, impacts) in order; together they are the merged columns."""
        first = 0
        while first < len(self.hashes):
            limit = self._offsets[first] + BLOCK_POSTINGS
            last = max(first + 1, int(np.searchsorted(self._offsets, limit, side="right")) - 1)
            yield self._block(first, last)
            first = last

    def _block(self, first: int, last: int) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
        size = int(self._offsets[last] - self._offsets[first])
        rows = np.empty(size, np.uint32)
        impacts = np.empty(size, np.uint8)
        cursor = self._offsets[first:last] - self._offsets[first]
        for source in self._sources:
            begin, end = np.searchsorted(source.places, (first, last))
            if begin == end:
                continue
            counts = source.counts[begin:end]
            places = source.places[begin:end] - first
            # The terms between two kept ones have no live postings, so one slice holds exactly those wanted.
            start = int(source.arrays.offsets[source.terms[begin]])
            stop = int(source.arrays.offsets[source.terms[end - 1] + 1])
            moved = source.row_map[source.arrays.rows[start:stop]]
            alive = moved != DEAD
            target = np.repeat(cursor[places] - (np.cumsum(counts) - counts), counts)
            target += np.arange(len(target))
            rows[target] = moved[alive]
            impacts[target] = source.arrays.impacts[start:stop][alive]
            cursor[places] += counts
        return rows, impacts


def _live_counts(arrays: PostingArrays, row_map: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of live postings of each term, shape (terms,)."""
    offsets = arrays.offsets.astype(np.int64)
    if (row_map != DEAD).all():
        return np.diff(offsets)
    running = np.zeros(len(arrays.rows) + 1, np.int64)
    for start in range(0, len(arrays.rows), BLOCK_POSTINGS):
        stop = min(start + BLOCK_POSTINGS, len(arrays.rows))
        alive = row_map[arrays.rows[start:stop]] != DEAD
        running[start + 1 : stop + 1] = running[start] + np.cumsum(alive)
    return running[offsets[1:]] - running[offsets[:-1]]
