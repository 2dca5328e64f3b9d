"""Text to row numbers of the embedded model: words, word pairs of identifiers, n-grams of unknown words."""

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from vexord.words import WORD, normal, parts

_CACHE_ENTRIES = 100_000
_CACHED_CHARS = 64
_GRAM = 4
_MAX_GRAM_CHARS = 32
"""Longer unknown words are data, not language: the head of one tells enough."""
_MIN_HALF = 3
HEADER_WEIGHT = 8
"""Occurrences in the body that one in the header line (path, parent, symbol) counts for."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the rows of the table stand for, in order: words, pairs of words, then buckets of n-grams."""

    words: Sequence[str]
    """Most frequent first."""
    pairs: Sequence[tuple[int, int]]
    """Row numbers of two words that often follow each other in identifiers."""
    buckets: int

    def __len__(self) -> int:
        return len(self.words) + len(self.pairs) + self.buckets


class Tokens:
    """Counts the rows that a text names. Thread-safe: two threads may fill in one entry, alike."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._rows_of = _RowCache(vocabulary)

    def body(self, text: str) -> Counter[int]:
        """Return row number → occurrences."""
        return Counter(chain.from_iterable(map(self._rows_of.__getitem__, WORD.findall(normal(text)))))

    def chunk(self, text: str) -> Counter[int]:
        """Return row number → occurrences, the first line weighted: it says where the chunk stands."""
        header, _, rest = text.partition("\n")
        counts = self.body(rest)
        for row, count in self.body(header).items():
            counts[row] += HEADER_WEIGHT * count
        return counts

    def query(self, text: str) -> Counter[int]:
        """Return row number → occurrences, with the pairs of neighbouring words of prose."""
        words = WORD.findall(normal(text))
        counts = Counter(chain.from_iterable(map(self._rows_of.__getitem__, words)))
        counts.update(self._rows_of.neighbours(words))
        return counts


class _RowCache(dict[str, tuple[int, ...]]):
    """Word of the text → rows, filled on demand; emptied when full, since code repeats its words."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__()
        self._words: Mapping[str, int] = dict(
            zip(vocabulary.words, range(len(vocabulary.words)), strict=True)
        )
        first_pair = len(vocabulary.words)
        self._pairs: Mapping[tuple[int, int], int] = dict(
            zip(vocabulary.pairs, range(first_pair, first_pair + len(vocabulary.pairs)), strict=True)
        )
        self._first_bucket = first_pair + len(vocabulary.pairs)
        self._buckets = vocabulary.buckets

    def __missing__(self, word: str) -> tuple[int, ...]:
        rows = tuple(self._rows(parts(word)))
        if len(word) <= _CACHED_CHARS:
            if len(self) >= _CACHE_ENTRIES:
                self.clear()
            self[word] = rows
        return rows

    def neighbours(self, words: Iterable[str]) -> Iterator[int]:
        """Yield the rows of pairs that stand across the boundary of two words of the text."""
        before: int | None = None
        for word in words:
            numbers = [self._words.get(part) for part in parts(word)]
            if not numbers:
                continue
            row = (
                self._pairs.get((before, numbers[0]))
                if before is not None and numbers[0] is not None
                else None
            )
            if row is not None:
                yield row
            before = numbers[-1]

    def _rows(self, words: Sequence[str]) -> Iterator[int]:
        before: int | None = None
        for word in words:
            row = self._words.get(word)
            if row is None:
                yield from self._unknown(word)
            else:
                yield row
                if before is not None and (pair := self._pairs.get((before, row))) is not None:
                    yield pair
            before = row

    def _unknown(self, word: str) -> Iterable[int]:
        """Two known words written together, else hashed n-grams; numbers that nobody knows say nothing."""
        if word.isdigit():
            return ()
        return self._halves(word) or self._grams(word)

    def _halves(self, word: str) -> tuple[int, int] | None:
        best: tuple[int, int] | None = None
        for cut in range(_MIN_HALF, min(len(word), _MAX_GRAM_CHARS) - _MIN_HALF + 1):
            left, right = self._words.get(word[:cut]), self._words.get(word[cut:])
            if left is not None and right is not None and (best is None or max(left, right) < max(best)):
                best = (left, right)
        return best

    def _grams(self, word: str) -> Iterator[int]:
        if not self._buckets:
            return
        marked = f"<{word[:_MAX_GRAM_CHARS]}>"
        for start in range(max(1, len(marked) - _GRAM + 1)):
            gram = marked[start : start + _GRAM].encode("utf-8", "surrogatepass")
            yield self._first_bucket + zlib.crc32(gram) % self._buckets
