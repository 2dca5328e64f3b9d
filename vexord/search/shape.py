"""What the files of a segment are made of; worked out once for each segment, for it never changes."""

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from vexord.index.segment import Segment
from vexord.index.types import KINDS

_CODE = [KINDS.index(kind) for kind in ("function", "method")]


@dataclass(frozen=True, slots=True)
class Shapes:
    """Of the files of a segment, each shape (files,)."""

    code_share: NDArray[np.float32]
    """Share of a file's bytes that lies in functions and methods."""
    chunks: NDArray[np.int64]
    """Number of its chunks."""


class ShapeCache:
    """Shapes by segment; an entry goes when its segment does."""

    def __init__(self) -> None:
        self._shapes: WeakKeyDictionary[Segment, Shapes] = WeakKeyDictionary()

    def of(self, segment: Segment) -> Shapes:
        """Return what the files of the segment are made of."""
        shapes = self._shapes.get(segment)
        if shapes is None:
            shapes = self._shapes[segment] = _shapes_of(segment)
        return shapes


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
