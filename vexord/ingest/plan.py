"""What is left to do for the second model in one project: files with a chunk that has no row."""

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vexord.index.embed_text import text_hash
from vexord.index.segment import Segment, rows_of_files

COMPARE_FILES = 256
"""Files compared with the cache in one step: a few milliseconds."""
Known = Callable[[NDArray[np.uint64]], NDArray[np.bool_]]

_NO_TEXT = np.uint64(text_hash(""))
"""Of chunks that only name a file: there is nothing to embed in them."""


@dataclass(frozen=True, slots=True)
class Lacking:
    """Of one file, or of several: chunks without a row, and the bytes of their texts."""

    chunks: int = 0
    bytes: int = 0

    def __add__(self, other: "Lacking") -> "Lacking":
        return Lacking(self.chunks + other.chunks, self.bytes + other.bytes)

    def __sub__(self, other: "Lacking") -> "Lacking":
        return Lacking(self.chunks - other.chunks, self.bytes - other.bytes)


class Plan:
    """Segments are compared with the cache a little at a time; the file written last is taken first."""

    def __init__(self) -> None:
        self.lacking = Lacking()
        """Of all files that wait."""
        self._seen: set[str] = set()
        self._segments: deque[tuple[Segment, NDArray[np.intp]]] = deque()
        """Segments with those live files that were not yet compared, latest first."""
        self._files: dict[str, Lacking] = {}
        self._order: list[tuple[int, str]] = []
        """A heap of (-mtime, path); what is not in `_files` has been taken."""

    @property
    def compared(self) -> bool:
        """Whether all is known that is lacking."""
        return not self._segments

    @property
    def done(self) -> bool:
        """Whether nothing waits."""
        return not (self._segments or self._files)

    def look(self, segments: Sequence[tuple[Segment, NDArray[np.bool_]]]) -> None:
        """Note the segments, newest first, that lack some row, with their dead files."""
        for segment, dead in reversed(segments):
            if segment.name not in self._seen:
                self._seen.add(segment.name)
                latest = np.argsort(-segment.files["mtime_ns"], kind="stable")
                self._segments.appendleft((segment, latest[~dead[latest]]))

    def compare(self, key: str, known: Known) -> tuple[str, int]:
        """Find, among some files of a segment, those that lack a row.

        `known` tells of which hashes, of the column `key`, there is one. Returns the segment's name, and how
        many of their rows are known.
        """
        segment, file_ids = self._segments.popleft()
        now, later = file_ids[:COMPARE_FILES], file_ids[COMPARE_FILES:]
        if len(later):
            self._segments.appendleft((segment, later))
        mask = np.zeros(len(segment.files), np.bool_)
        mask[now] = True
        chunks = segment.chunks[np.flatnonzero(rows_of_files(segment.files, mask))]
        there = known(chunks[key])
        without = chunks[~there & (chunks["text_hash"] != _NO_TEXT)]
        numbers, places = np.unique(without["file"], return_inverse=True)
        counts = np.bincount(places, minlength=len(numbers)).tolist()
        sizes = np.bincount(places, without["end_byte"] - without["start_byte"], len(numbers)).tolist()
        for number, count, size in zip(numbers.tolist(), counts, sizes, strict=True):
            self._put(
                segment.paths[number], int(segment.files["mtime_ns"][number]), Lacking(count, int(size))
            )
        return segment.name, int(there.sum())

    def take(self) -> tuple[str, int] | None:
        """Return the next file to read, and when it was written, in ns; None if none waits."""
        while self._order:
            mtime_ns, path = heapq.heappop(self._order)
            lacking = self._files.pop(path, None)
            if lacking is not None:
                self.lacking -= lacking
                return path, -mtime_ns
        return None

    def _put(self, path: str, mtime_ns: int, lacking: Lacking) -> None:
        self.lacking += lacking - self._files.get(path, Lacking())
        self._files[path] = lacking
        heapq.heappush(self._order, (-mtime_ns, path))
