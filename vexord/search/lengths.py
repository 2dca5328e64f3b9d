"""The lengths of a segment's rows, worked out once: to compare them all takes half of the time then."""

from weakref import WeakKeyDictionary

from vexord.index.segment import Segment
from vexord.index.vectors import inverse_lengths
from vexord.search.keywords import Scores

_inverse: WeakKeyDictionary[Segment, Scores] = WeakKeyDictionary()
"""An entry goes when its segment does."""


def inverse_lengths_of(segment: Segment) -> Scores:
    """Return 1 / length of each row, 0 for a zero row: shape (rows,)."""
    inverse = _inverse.get(segment)
    if inverse is None:
        inverse = _inverse[segment] = inverse_lengths(segment.vectors)
    return inverse
