"""A file's text as UTF-8 bytes with its line starts: every size, line number and slice of the chunker."""

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vexord.ingest.chunk.rows import Rows

BLANK = b" \t\r\n\f\v"
_NON_BLANK = re.compile(rb"[^ \t\r\n\f\v]")


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in characters."""

    target: int = 1_500
    """Blocks, sections and pieces of long definitions aim at this; a larger container gives its members."""
    maximum: int = 4_000
    """No chunk is longer."""

    @property
    def soft(self) -> int:
        """Size up to which a run of lines stays whole rather than leaving a small rest."""
        return min(self.target * 4 // 3, self.maximum)


class Source:
    """Read-only view of one text. Offsets are bytes of its UTF-8 form, rows are 0-based."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.data = text.encode()
        self.ascii = len(self.data) == len(text)
        newlines = np.flatnonzero(np.frombuffer(self.data, np.uint8) == 10)
        self.starts: list[int] = [0, *(newlines + 1).tolist()]
        """Offset at which each row begins; a final line end opens an empty last row."""

    @cached_property
    def rows(self) -> Rows:
        """What the rows are like."""
        return Rows(self.data, self.starts)

    def slice(self, start: int, end: int) -> str:
        """Return the text of a byte range whose ends are character borders."""
        return self._text[start:end] if self.ascii else self.data[start:end].decode()

    def size(self, start: int, end: int) -> int:
        """Return the number of characters in a byte range."""
        return end - start if self.ascii else len(self.data[start:end].decode())

    def row(self, offset: int) -> int:
        """Return the row that holds a byte."""
        return bisect_right(self.starts, offset) - 1

    def row_end(self, row: int) -> int:
        """Return the offset just behind a row, its line end included."""
        return self.starts[row + 1] if row + 1 < len(self.starts) else len(self.data)

    def trim(self, start: int, end: int) -> tuple[int, int] | None:
        """Drop blank lines at both ends of a range, keep the first indentation; None if nothing is left."""
        found = _NON_BLANK.search(self.data, start, end)
        if found is None:
            return None
        first = found.start()
        return max(start, self.data.rfind(b"\n", start, first) + 1), self.trim_end(first, end)

    def trim_end(self, start: int, end: int) -> int:
        """Return the end of the last byte in a range that is not blank (`start` if there is none)."""
        while end > start and self.data[end - 1] in BLANK:
            end -= 1
        return end

    def align(self, offset: int) -> int:
        """Move an offset back to a character border."""
        if self.ascii:
            return offset
        while 0 < offset < len(self.data) and self.data[offset] & 0xC0 == 0x80:
            offset -= 1
        return offset
