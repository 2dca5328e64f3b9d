"""The names that a segment defines, found by what was typed instead: misspelt, recapitalised, shortened."""

import re
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import re2
from numpy.typing import NDArray

from vexord.index.segment import Segment
from vexord.index.types import BY_NAME, KINDS
from vexord.search.distance import edit_distance

MIN_CHARS = 4
"""Shorter words are near to too many names."""
MAX_CHARS = 64
MIN_SHARE = 0.4
"""What a shortened name must have of the letters of the whole one."""

_PROSE = [KINDS.index(kind) for kind in ("text", "block", "section", *BY_NAME)]
"""Kinds whose symbols are headings, not names."""
_PREFIX, _INSIDE, _LETTERS_IN_ORDER = 3.0, 4.0, 5.0
"""Costs of shortened names; an edit costs 1."""
_SIGNS = re.compile(r"[^\w\n]|_")
_BUCKETS = 28
"""a to z, digits, all others."""
_BUCKET_OF = np.full(256, 27, np.int64)
_BUCKET_OF[ord("a") : ord("z") + 1] = np.arange(26)
_BUCKET_OF[ord("0") : ord("9") + 1] = 26


@dataclass(frozen=True, slots=True)
class Near:
    """A name near to what was typed."""

    cost: float
    """0: other capitals or underscores; 1, 2: so many edits; above: a part of the name was typed."""
    symbol: int
    """Its number in `Segment.strings`."""
    name: str


class NameCache:
    """Tables of names, made when a segment is first asked for one; an entry goes when its segment does."""

    def __init__(self) -> None:
        self._tables: WeakKeyDictionary[Segment, NameTable] = WeakKeyDictionary()

    def near(self, segment: Segment, typed: str) -> list[Near]:
        """Return the names of the segment that are near to what was typed, in no order."""
        table = self._tables.get(segment)
        if table is None:
            table = self._tables[segment] = NameTable(segment)
        return [Near(cost, symbol, segment.strings[symbol]) for cost, symbol in table.near(typed)]


class NameTable:
    """All names of a segment without capitals and underscores, some 50 bytes each. Immutable, thread-safe."""

    def __init__(self, segment: Segment) -> None:
        chunks = segment.chunks
        symbols = np.unique(chunks["symbol"][~np.isin(chunks["kind"], _PROSE)])
        names = (
            _plain("\n".join(name.replace("\n", " ") for name in segment.strings.take(symbols).tolist()))
            .encode("utf-8", "replace")
            .split(b"\n")
        )
        lengths = np.array([len(name) for name in names], np.int64)
        order = np.argsort(lengths, kind="stable")
        order = order[(lengths[order] >= MIN_CHARS) & (lengths[order] <= MAX_CHARS)]
        self._lengths = lengths[order]
        """Ascending: names that are a few edits away lie together."""
        self._symbols = symbols[order]
        self._text = b"\n" + b"".join(names[row] + b"\n" for row in order.tolist())
        self._starts = np.concatenate([[1], 1 + np.cumsum(self._lengths + 1)]).astype(np.uint32)
        self._letters = _letters(self._text[1:]).astype(np.int8)

    def near(self, typed: str) -> list[tuple[float, int]]:
        """Return (cost, symbol) of the names within a few edits or, if there is none, of longer ones."""
        wanted = plain_name(typed).encode()
        if not MIN_CHARS <= len(wanted) <= MAX_CHARS or not len(self._symbols):
            return []
        return self._misspelt(wanted) or self._containing(wanted) or self._abbreviated(wanted)

    def _misspelt(self, wanted: bytes) -> list[tuple[float, int]]:
        limit = max_edits(len(wanted))
        first, last = np.searchsorted(self._lengths, (len(wanted) - limit, len(wanted) + limit + 1)).tolist()
        # Each letter that one name has more often than the other takes an edit: a bound from below.
        other = np.abs(self._letters[first:last] - _letters(wanted + b"\n").astype(np.int8))
        lacking = other.sum(1, dtype=np.int16) + np.abs(self._lengths[first:last] - len(wanted))
        rows = first + np.flatnonzero(lacking <= 2 * limit)
        found: list[tuple[float, int]] = []
        for row in rows.tolist():
            name = self._name(row)
            distance = edit_distance(wanted, name, limit)
            # Nobody mistakes the first letter and one more.
            if distance <= limit and (distance < 2 or name[:1] == wanted[:1]):
                found.append((float(distance), int(self._symbols[row])))
        return found

    def _containing(self, wanted: bytes) -> list[tuple[float, int]]:
        found: list[tuple[float, int]] = []
        at = self._text.find(wanted)
        while at >= 0:
            row = int(np.searchsorted(self._starts, at, "right")) - 1
            if self._covers(wanted, row):
                is_prefix = int(self._starts[row]) == at
                found.append((_PREFIX if is_prefix else _INSIDE, int(self._symbols[row])))
            at = self._text.find(wanted, int(self._starts[row + 1]))
        return found

    def _abbreviated(self, wanted: bytes) -> list[tuple[float, int]]:
        """Find names that begin with the first letter and hold the others in order: `bndsock`."""
        if not wanted.isascii() or 5 * sum(letter in b"aeiou" for letter in wanted) > len(wanted):
            return []  # a word; what people leave out are vowels
        letters = rb"[^\n]*".join(re2.escape(wanted[i : i + 1]) for i in range(len(wanted)))
        rows = [
            int(np.searchsorted(self._starts, match.start() + 1, "right")) - 1
            for match in re2.finditer(rb"\n" + letters, self._text)
        ]
        return [(_LETTERS_IN_ORDER, int(self._symbols[row])) for row in rows if self._covers(wanted, row)]

    def _name(self, row: int) -> bytes:
        return self._text[int(self._starts[row]) : int(self._starts[row + 1]) - 1]

    def _covers(self, wanted: bytes, row: int) -> bool:
        return len(wanted) >= MIN_SHARE * len(self._name(row))


def plain_name(name: str) -> str:
    """Return a name without capitals, underscores and other signs."""
    return _plain(name.replace("\n", ""))


def _plain(lines: str) -> str:
    return _SIGNS.sub("", lines.lower())


def max_edits(chars: int) -> int:
    """Return how many edits a name of this length may be away."""
    return 0 if chars < MIN_CHARS else 1 if chars < 7 else 2


def _letters(lines: bytes) -> NDArray[np.int64]:
    """Return how often each letter occurs in each line, shape (lines, 28)."""
    codes = np.frombuffer(lines, np.uint8)
    ends = codes == ord("\n")
    line = np.cumsum(ends) - ends
    counted = line[~ends] * _BUCKETS + _BUCKET_OF[codes[~ends]]
    return np.bincount(counted, minlength=int(ends.sum()) * _BUCKETS).reshape(-1, _BUCKETS)
