"""The rows of several segments numbered through, one segment after the other."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


class Part(NamedTuple):
    """Some numbers that are of one segment."""

    segment: int
    place: slice
    """Where they are among all that were split."""
    rows: NDArray[np.uint32]
    """As the segment numbers them."""


@dataclass(frozen=True, slots=True)
class Numbering:
    """Turns (segment, row) into one number and back."""

    starts: Rows
    """The number of each segment's first row, and that after the last row; shape (segments + 1,)."""

    @classmethod
    def of(cls, lengths: Iterable[int]) -> "Numbering":
        """Number segments of these lengths."""
        return cls(np.cumsum([0, *lengths]))

    @property
    def total(self) -> int:
        """Rows of all segments."""
        return int(self.starts[-1])

    def places(self, numbers: Rows) -> tuple[NDArray[np.int32], Rows]:
        """Return the segment of each number, and the row in it."""
        segments = np.searchsorted(self.starts, numbers, "right") - 1
        return segments.astype(np.int32), numbers - self.starts[segments]

    def split(self, numbers: Rows) -> "list[Part]":
        """Return the ascending numbers by segment, less the segments that have none of them."""
        ends = np.searchsorted(numbers, self.starts).tolist()
        return [
            Part(segment, slice(first, last), (numbers[first:last] - self.starts[segment]).astype(np.uint32))
            for segment, (first, last) in enumerate(pairwise(ends))
            if first < last
        ]

    def allowed(self, numbers: Rows, masks: Sequence[NDArray[np.bool_] | None]) -> NDArray[np.bool_]:
        """Return which of the ascending numbers the segments' masks leave; None leaves all."""
        left = np.ones(len(numbers), np.bool_)
        if any(mask is not None for mask in masks):
            for segment, place, rows in self.split(numbers):
                mask = masks[segment]
                if mask is not None:
                    left[place] = mask[rows]
        return left

    def gather(
        self, numbers: Rows, row_of: Callable[[int, NDArray[np.uint32]], NDArray[np.int8]]
    ) -> NDArray[np.int8]:
        """Return what `row_of(segment, rows)` has for the ascending numbers, at least one, in their order."""
        parts = [row_of(segment, rows) for segment, _, rows in self.split(numbers)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)
