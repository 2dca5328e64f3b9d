"""Text to row numbers of the embedded model: words of identifiers and prose, n-grams of unknown words."""

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from zlib import crc32

import numpy as np

from vexord.bags import Lists
from vexord.words import WORD, normal, parts

_CACHE_ENTRIES = 200_000
_CACHED_CHARS = 64
_ROW = np.dtype(np.intc)
_GRAM = 4
_MAX_GRAM_CHARS = 32
"""Longer unknown words are data, not language: the head of one tells enough."""
_MIN_HALF = 3
HEADER_WEIGHT = 16
"""Occurrences in the body that one in the header line (path, parent, symbol) counts for."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the rows of the table stand for, in order: words, then buckets of n-grams."""

    words: Sequence[str]
    """Most frequent first."""
    buckets: int

    def __len__(self) -> int:
        return len(self.words) + self.buckets


class Tokens:
    """Tells the rows that a text names. Thread-safe: two threads may fill in one entry, alike."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._rows_of = _RowCache(vocabulary)

    def query(self, text: str) -> Counter[int]:
        """Return row number → occurrences."""
        cut = chain.from_iterable(map(parts, WORD.findall(normal(text))))
        return Counter(array("i", b"".join(map(self._rows_of.__getitem__, cut))))

    def chunk(self, text: str) -> Counter[int]:
        """Return row number → occurrences, the first line weighted: it says where the chunk stands."""
        header, _, body = text.partition("\n")
        counts = self.query(body)
        for row, count in self.query(header).items():
            counts[row] += HEADER_WEIGHT * count
        return counts

    def rows(self, parts: Sequence[str]) -> Lists:
        """Return the row numbers that each part of a word names, in order, with repetition."""
        return Lists.unpacked(list(map(self._rows_of.__getitem__, parts)), _ROW)


class _RowCache(dict[str, bytes]):
    """Part of a word → its rows, filled on demand; emptied when full, since code repeats its words."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__()
        self._words: Mapping[str, int] = {word: row for row, word in enumerate(vocabulary.words)}
        self._buckets = vocabulary.buckets

    def __missing__(self, part: str) -> bytes:
        rows = array("i", self._rows(part)).tobytes()
        if len(self) >= _CACHE_ENTRIES:
            self.clear()
        if len(part) <= _CACHED_CHARS:
            self[part] = rows
        return rows

    def _rows(self, part: str) -> Iterable[int]:
        """Name a known word, or two written together, else hashed n-grams; unknown numbers say nothing."""
        row = self._words.get(part)
        if row is not None:
            return (row,)
        return () if part.isdigit() else self._halves(part) or self._grams(part)

    def _halves(self, part: str) -> tuple[int, int] | None:
        row_of = self._words.get
        best: tuple[int, int] | None = None
        for cut in range(_MIN_HALF, min(len(part), _MAX_GRAM_CHARS) - _MIN_HALF + 1):
            left = row_of(part[:cut])
            if left is None:
                continue
            right = row_of(part[cut:])
            if right is not None and (best is None or max(left, right) < max(best)):
                best = (left, right)
        return best

    def _grams(self, part: str) -> list[int]:
        if not self._buckets:
            return []
        marked = f"<{part[:_MAX_GRAM_CHARS]}>"
        starts = range(max(1, len(marked) - _GRAM + 1))
        if marked.isascii():
            data = marked.encode()
            grams = [data[start : start + _GRAM] for start in starts]
        else:
            grams = [marked[start : start + _GRAM].encode("utf-8", "surrogatepass") for start in starts]
        first, buckets = len(self._words), self._buckets
        return [first + crc % buckets for crc in map(crc32, grams)]
