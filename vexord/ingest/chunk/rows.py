"""What the rows of a text are like, for all of them at once: their places in characters, and how well a piece
could begin with each."""

import re
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

NEVER = float("inf")
"""Cost of beginning with a blank row."""
_CLOSER = re.compile(rb"[)\]}]|(?:end|else|elif|elsif|except|catch|finally|fi|done|esac|then|case|when)\b")
_CLOSER_COST = 8.0
_BLANK_GAIN = 5.0
_HEAD_BYTES = 64
_TAB = 4


def _bytes_of(members: bytes) -> NDArray[np.bool_]:
    table = np.zeros(256, np.bool_)
    table[list(members)] = True
    return table


_WHITE = _bytes_of(b" \t\n\r\f\v")
_MAYBE_CLOSER = _bytes_of(b")]}efdctw")


class Rows:
    """Rows of a text, by number; made when a range is to be cut."""

    def __init__(self, data: bytes, starts: Sequence[int]) -> None:
        self._data = data
        self._starts = starts

    @cached_property
    def chars(self) -> list[int]:
        """Number of characters before each row, and in all."""
        if self._data.isascii():
            return [*self._starts, len(self._data)]
        begins = (np.frombuffer(self._data, np.uint8) & 0xC0) != 0x80
        counted = np.concatenate([[0], np.cumsum(begins)])
        found: list[int] = counted[[*self._starts, len(self._data)]].tolist()
        return found

    @cached_property
    def costs(self) -> list[float]:
        """How badly a piece would begin with each row: deep indentation and closing words are bad."""
        data = np.frombuffer(self._data, np.uint8)
        starts = np.array(self._starts)
        ends = np.append(starts[1:], len(data))
        inked = np.append(np.flatnonzero(~_WHITE[data]), len(data))
        first = inked[np.searchsorted(inked, starts)]
        blank = first >= ends
        costs = self._indents(data, starts, np.where(blank, starts, first))
        closing = np.flatnonzero(~blank)
        closing = closing[_MAYBE_CLOSER[data[first[closing]]]]
        closes = (_CLOSER.match(self._data, place) is not None for place in first[closing].tolist())
        costs[closing[np.fromiter(closes, np.bool_, len(closing))]] += _CLOSER_COST
        costs[1:][blank[:-1]] -= _BLANK_GAIN
        costs[blank] = NEVER
        found: list[float] = costs.tolist()
        return found

    def cost_up_to(self, row: int, end: int) -> float:
        """Return the cost of a row of which only what stands before `end` belongs to the range."""
        line = self._data[self._starts[row] : end]
        code = line.strip()
        if not code:
            return NEVER
        gap = row > 0 and not self._data[self._starts[row - 1] : self._starts[row]].strip()
        closer = _CLOSER_COST if _CLOSER.match(code) else 0.0
        return _indent(line) + closer - (_BLANK_GAIN if gap else 0.0)

    def _indents(
        self, data: NDArray[np.uint8], starts: NDArray[np.int64], first: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return the width of the white space between `starts` and `first`."""
        ends = np.minimum(first, starts + _HEAD_BYTES)
        tabs_before = np.append(0, np.cumsum(data == 9))
        tabs = tabs_before[ends] - tabs_before[starts]
        widths: NDArray[np.float64] = (ends - starts + (_TAB - 1) * tabs).astype(np.float64)
        last = np.maximum(starts + tabs - 1, 0)
        odd = (tabs > 0) & (data[np.minimum(last, len(data) - 1)] != 9)  # a tab behind a space is narrower
        for row in np.flatnonzero(odd).tolist():
            widths[row] = _indent(self._data[starts[row] : first[row] + 1])
        return widths


def _indent(line: bytes) -> int:
    head = line[:_HEAD_BYTES].expandtabs(_TAB)
    return len(head) - len(head.lstrip())
