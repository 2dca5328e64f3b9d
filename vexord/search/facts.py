"""What is worked out once for a segment, for it never changes: its names read, its files' shapes."""

from dataclasses import dataclass
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from vexord.index.segment import Segment
from vexord.index.types import KINDS
from vexord.search.words import roots

_MAX_NAMES = 1 << 16
_CODE = [KINDS.index(kind) for kind in ("function", "method")]


@dataclass(frozen=True, slots=True)
class Shapes:
    """Of the files of a segment, each shape (files,)."""

    code_share: NDArray[np.float32]
    """Share of a file's bytes that lies in functions and methods."""
    chunks: NDArray[np.int64]
    """Number of its chunks."""


class Name(NamedTuple):
    """A symbol or parent of a segment."""

    text: str
    roots: tuple[str, ...]


class Names(dict[int, Name]):
    """Names by their number in `Segment.strings`, read when first asked for."""

    def __init__(self, segment: Segment) -> None:
        self._strings = segment.strings

    def __missing__(self, number: int) -> Name:
        if len(self) >= _MAX_NAMES:
            self.clear()
        text = self._strings[number]
        name = self[number] = Name(text, roots(text))
        return name


class SegmentFacts:
    """Shapes and names by segment; an entry goes when its segment does. Thread-safe."""

    def __init__(self) -> None:
        self._facts: WeakKeyDictionary[Segment, tuple[Shapes, Names]] = WeakKeyDictionary()

    def shapes(self, segment: Segment) -> Shapes:
        """Return what the files of the segment are made of."""
        return self._of(segment)[0]

    def names(self, segment: Segment) -> Names:
        """Return the names of the segment."""
        return self._of(segment)[1]

    def _of(self, segment: Segment) -> tuple[Shapes, Names]:
        facts = self._facts.get(segment)
        if facts is None:
            facts = self._facts[segment] = (_shapes_of(segment), Names(segment))
        return facts


def _shapes_of(segment: Segment) -> Shapes:
    chunks = segment.chunks
    size = chunks["end_byte"].astype(np.float64) - chunks["start_byte"]
    starts = segment.files["row_start"].astype(np.int64)
    ends = segment.files["row_end"].astype(np.int64)
    total = _sums(size, starts, ends)
    in_code = _sums(size * np.isin(chunks["kind"], _CODE), starts, ends)
    return Shapes((in_code / np.maximum(total, 1.0)).astype(np.float32), ends - starts)


def _sums(
    values: NDArray[np.float64], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Add up the rows of each file; a file may have none."""
    running = np.concatenate([[0.0], np.cumsum(values)])
    difference: NDArray[np.float64] = running[ends] - running[starts]
    return difference
