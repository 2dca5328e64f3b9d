"""Texts cut into words and counted, once for all that need it: keyword postings and the embedded model.

What is counted are *pieces*: runs of letters, digits, underscores and all that is not ASCII, as UTF-8. What a
piece stands for (one word of `vexord.words`, several in scripts of their own, or none) is looked up once for
each distinct piece of a batch, not for each occurrence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from vexord.words import WORD, normal

_SPACES = bytes(byte if byte >= 128 or chr(byte) == "_" or chr(byte).isalnum() else 32 for byte in range(256))


@dataclass(frozen=True, slots=True)
class Bags:
    """Which pieces each of some texts holds, and how often: one entry for each pair of text and piece."""

    size: int
    """Number of texts."""
    pieces: list[bytes]
    """Distinct, in the order in which they occur."""
    texts: NDArray[np.int64]
    """Number of the text of each entry, ascending."""
    numbers: NDArray[np.int64]
    """Index into `pieces` of each entry, ascending within a text."""
    counts: NDArray[np.int64]
    """Occurrences, at least 1."""

    def expanded(self, table: "Table") -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Put what the pieces stand for in their place: return (texts, places in `table.values`, counts).

        The three are of one shape; a pair of text and value may occur more than once.
        """
        lengths = table.lengths[self.numbers]
        ends = np.cumsum(lengths)
        first = (np.cumsum(table.lengths) - table.lengths)[self.numbers]
        places = np.arange(ends[-1] if len(ends) else 0) + np.repeat(first - (ends - lengths), lengths)
        return np.repeat(self.texts, lengths), places, np.repeat(self.counts, lengths)


@dataclass(frozen=True, slots=True)
class Table:
    """What each of some pieces stands for."""

    lengths: NDArray[np.int64]
    """Number of values of each piece."""
    values: "NDArray[np.generic]"
    """Shape (lengths.sum(),): those of the first piece, of the second, and so on."""

    @classmethod
    def of(cls, packed: Sequence[bytes], dtype: "np.dtype[np.generic]") -> "Table":
        """Make a table of the bytes of each piece's values."""
        lengths = np.fromiter(map(len, packed), np.int64, len(packed)) // dtype.itemsize
        return cls(lengths, np.frombuffer(b"".join(packed), dtype))


class _Numbers(dict[bytes, int]):
    """Numbers pieces in the order in which they are first asked for."""

    def __missing__(self, piece: bytes) -> int:
        number = self[piece] = len(self)
        return number


def pieces_of(text: str) -> list[bytes]:
    """Return the pieces of a text in order, with repetition."""
    return text.encode("utf-8", "surrogatepass").translate(_SPACES).split()


def words_of(piece: bytes) -> list[str]:
    """Return the words that a piece stands for; those of all pieces of a text are those of the text."""
    if piece.isascii():
        return [piece.decode("ascii")]
    return WORD.findall(normal(piece.decode("utf-8", "surrogatepass")))


def count_words(texts: Sequence[str]) -> Bags:
    """Count the pieces of each text."""
    cut = [pieces_of(text) for text in texts]
    lengths = np.fromiter(map(len, cut), np.int64, len(cut))
    numbers = _Numbers()
    occurring = np.fromiter(map(numbers.__getitem__, chain.from_iterable(cut)), np.int64, int(lengths.sum()))
    keys = np.repeat(np.arange(len(cut)) * len(numbers), lengths) + occurring
    keys.sort()
    starts = np.flatnonzero(np.diff(keys, prepend=-1))
    counts = np.diff(starts, append=len(keys))
    in_text, number = np.divmod(keys[starts], max(1, len(numbers)))
    return Bags(len(cut), list(numbers), in_text, number, counts)


def summed(
    major: NDArray[np.int64], minor: NDArray[np.int64], counts: NDArray[np.int64], minors: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Sort pairs by (major, minor) and add up the counts of equal ones; `minors` is above every minor.

    Pair and count are sorted as one number, which takes a fifth of the time of sorting by an index.
    """
    bits = int(counts.max(initial=0)).bit_length()
    keys = ((major * minors + minor) << bits) | counts
    keys.sort()
    pairs = keys >> bits
    starts = np.flatnonzero(np.diff(pairs, prepend=-1))
    totals = np.add.reduceat(keys & ((1 << bits) - 1), starts) if len(starts) else counts[:0]
    first, second = np.divmod(pairs[starts], max(1, minors))
    return first, second, totals
