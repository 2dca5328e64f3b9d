"""Text to row numbers of the embedded model: words of identifiers and prose, n-grams of unknown words."""

import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from vexord.words import WORD, normal, parts

_CACHE_ENTRIES = 100_000
_CACHED_CHARS = 64
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
    """Counts the rows that a text names. Thread-safe: two threads may fill in one entry, alike."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._rows_of = _RowCache(vocabulary)

    def query(self, text: str) -> Counter[int]:
        """Return row number → occurrences."""
        return Counter(chain.from_iterable(map(self._rows_of.__getitem__, WORD.findall(normal(text)))))

    def chunk(self, text: str) -> Counter[int]:
        """Return row number → occurrences, the first line weighted: it says where the chunk stands."""
        header, _, body = text.partition("\n")
        counts = self.query(body)
        for row, count in self.query(header).items():
            counts[row] += HEADER_WEIGHT * count
        return counts


class _RowCache(dict[str, tuple[int, ...]]):
    """Word of the text → rows, filled on demand; emptied when full, since code repeats its words."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__()
        self._words: Mapping[str, int] = {word: row for row, word in enumerate(vocabulary.words)}
        self._buckets = vocabulary.buckets
        self._rows_of_part: dict[str, tuple[int, ...]] = {}

    def __missing__(self, word: str) -> tuple[int, ...]:
        rows = tuple(chain.from_iterable(map(self._rows, parts(word))))
        if len(word) <= _CACHED_CHARS:
            if len(self) >= _CACHE_ENTRIES:
                self.clear()
            self[word] = rows
        return rows

    def _rows(self, part: str) -> tuple[int, ...]:
        """Name a known word, or two written together, else hashed n-grams; unknown numbers say nothing."""
        row = self._words.get(part)
        if row is not None:
            return (row,)
        rows = self._rows_of_part.get(part)
        if rows is None:
            rows = () if part.isdigit() else self._halves(part) or tuple(self._grams(part))
            if len(self._rows_of_part) >= _CACHE_ENTRIES:
                self._rows_of_part.clear()
            self._rows_of_part[part] = rows
        return rows

    def _halves(self, part: str) -> tuple[int, int] | None:
        best: tuple[int, int] | None = None
        for cut in range(_MIN_HALF, min(len(part), _MAX_GRAM_CHARS) - _MIN_HALF + 1):
            left, right = self._words.get(part[:cut]), self._words.get(part[cut:])
            if left is not None and right is not None and (best is None or max(left, right) < max(best)):
                best = (left, right)
        return best

    def _grams(self, part: str) -> Iterator[int]:
        if not self._buckets:
            return
        marked = f"<{part[:_MAX_GRAM_CHARS]}>"
        for start in range(max(1, len(marked) - _GRAM + 1)):
            gram = marked[start : start + _GRAM].encode("utf-8", "surrogatepass")
            yield len(self._words) + zlib.crc32(gram) % self._buckets
