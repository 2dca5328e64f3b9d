"""Texts cut into words and counted, once for all that need it: keyword postings and the embedded model.

A text is first cut into *pieces*: runs of letters, digits, underscores and all that is not ASCII, as UTF-8.
What they stand for (words, and the parts of these) is found once for each distinct piece, many at a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from vexord.words import MAX_PARTS, WORD, cut_lines, normal, parts, stem_of_part

Numbers = NDArray[np.int64]

_SPACES = bytes(byte if byte >= 128 or chr(byte) == "_" or chr(byte).isalnum() else 32 for byte in range(256))


@dataclass(frozen=True, slots=True)
class Lists:
    """A list of numbers for each of some things, one behind the other."""

    lengths: Numbers
    values: Numbers
    """Shape (lengths.sum(),)."""

    @classmethod
    def unpacked(cls, packed: Sequence[bytes], dtype: "np.dtype[np.integer]") -> "Lists":
        """Read each list from its bytes."""
        lengths = np.fromiter(map(len, packed), np.int64, len(packed)) // dtype.itemsize
        return cls(lengths, np.frombuffer(b"".join(packed), dtype).astype(np.int64))

    def of(self, chosen: Numbers) -> "Lists":
        """Return the lists of the things chosen, shape (m,)."""
        lengths = self.lengths[chosen]
        starts = (np.cumsum(self.lengths) - self.lengths)[chosen]
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return Lists(lengths, self.values[np.repeat(starts, lengths) + within])

    def instead(self, others: Mapping[int, Sequence[int]]) -> "Lists":
        """Give some things, by number, other lists."""
        places = np.fromiter(others, np.int64, len(others))
        lengths = np.fromiter(map(len, others.values()), np.int64, len(others))
        values = np.fromiter(chain.from_iterable(others.values()), np.int64, int(lengths.sum()))
        chosen = np.arange(len(self.lengths))
        chosen[places] = len(self.lengths) + np.arange(len(others))
        return Lists(np.append(self.lengths, lengths), np.append(self.values, values)).of(chosen)

    def through(self, other: "Lists") -> "Lists":
        """Put in each number's place the list that `other` has for it."""
        taken = other.of(self.values)
        ends = np.append(0, np.cumsum(taken.lengths))
        bounds = np.append(0, np.cumsum(self.lengths))
        return Lists(np.diff(ends[bounds]), taken.values)


@dataclass(frozen=True)
class Bags:
    """Which words each of some texts holds, and how often: one entry for each pair of text and word."""

    size: int
    """Number of texts."""
    words: list[str]
    """In no order; a word that is written in two ways may stand here twice."""
    texts: Numbers
    """Number of the text of each entry."""
    numbers: Numbers
    """Index into `words` of each entry."""
    counts: Numbers
    """Occurrences of each entry, at least 1."""

    @cached_property
    def parts(self) -> tuple[list[str], Lists]:
        """Parts, with repetition, and which of them each word has, in order: what `words.parts` returns."""
        return _parts_of_all(self.words)

    def expanded(self, lists: Lists) -> tuple[Numbers, Numbers, Numbers]:
        """Put in each word's place the list that there is for it: return (texts, values, counts).

        The three are of one shape; a pair of text and value may occur more than once.
        """
        taken = lists.of(self.numbers)
        return np.repeat(self.texts, taken.lengths), taken.values, np.repeat(self.counts, taken.lengths)


Key = TypeVar("Key", str, bytes)


class _Numbering(dict[Key, int]):
    """Numbers keys in the order in which they are first asked for."""

    def __missing__(self, key: Key) -> int:
        number = self[key] = len(self)
        return number


def _identity(size: int) -> Lists:
    return Lists(np.ones(size, np.int64), np.arange(size))


def count_words(texts: Sequence[str]) -> Bags:
    """Count the words of each text: matches of `words.WORD` in its normal form."""
    cut = [text.encode("utf-8", "surrogatepass").translate(_SPACES).split() for text in texts]
    lengths = np.fromiter(map(len, cut), np.int64, len(cut))
    numbering: _Numbering[bytes] = _Numbering()
    occurring = np.fromiter(map(numbering.__getitem__, chain.from_iterable(cut)), np.int64, lengths.sum())
    in_text = np.repeat(np.arange(len(cut)), lengths)
    in_text, number, counts = summed(in_text, occurring, np.ones_like(occurring), len(numbering))
    words, lists = _words_of_all(list(numbering))
    bags = Bags(len(cut), words, in_text, number, counts)
    return bags if lists is None else Bags(len(cut), words, *bags.expanded(lists))


def _words_of_all(pieces: list[bytes]) -> tuple[list[str], Lists | None]:
    """Return the words of all pieces, and which of them each piece has; None if each has its own."""
    if not pieces:
        return [], None
    words = b"\n".join(pieces).decode("utf-8", "surrogatepass").split("\n")
    numbers: dict[int, list[int]] = {}
    for place, piece in enumerate(list(words)):
        if not piece.isascii():
            words[place], *more = WORD.findall(normal(piece)) or [""]
            if more or not words[place]:
                first = [place] if words[place] else []
                numbers[place] = [*first, *range(len(words), len(words) + len(more))]
                words += more
    return words, _identity(len(pieces)).instead(numbers) if numbers else None


def _parts_of_all(words: list[str]) -> tuple[list[str], Lists]:
    """Cut all words at once, which takes a third of the time; those that cannot be, one by one."""
    numbering: _Numbering[str] = _Numbering()
    numbering["\n"]
    ascii_words = [word if word.isascii() else "" for word in words]
    cut = cut_lines("\n".join([*ascii_words, ""]))
    flat = np.fromiter(map(numbering.__getitem__, cut), np.int64, len(cut))
    lengths = np.diff(np.flatnonzero(flat == 0), prepend=-1) - 1
    lists = Lists(lengths, flat[flat != 0] - 1)
    names = list(map(stem_of_part, list(numbering)[1:]))
    others = np.flatnonzero(lengths > MAX_PARTS).tolist()
    others += [place for place, word in enumerate(ascii_words) if not word and words[place]]
    own: dict[int, list[int]] = {}
    for place in others:
        found = parts(words[place])
        own[place] = list(range(len(names), len(names) + len(found)))
        names += found
    return names, lists.instead(own) if own else lists


def summed(major: Numbers, minor: Numbers, counts: Numbers, minors: int) -> tuple[Numbers, Numbers, Numbers]:
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
