"""What must hold for the chunks of any text, checked from first principles."""

import re
from collections.abc import Sequence

from vexord.index.types import KINDS, Chunk

_NON_BLANK = re.compile(rb"[^ \t\r\n\f\v]")


def check_chunks(text: str, chunks: Sequence[Chunk], maximum: int = 4_000) -> None:
    data = text.encode()
    at, line = 0, 1
    for chunk in chunks:
        start, end = chunk.start_byte, chunk.end_byte
        assert at <= start < end, "chunks overlap or are out of order"
        assert not _NON_BLANK.search(data, at, start), f"text lost before line {chunk.start_line}"
        assert chunk.text == data[start:end].decode()
        line += data.count(b"\n", at, start)
        assert chunk.start_line == line
        line += data.count(b"\n", start, end)
        assert chunk.end_line == line
        assert _NON_BLANK.search(data, start, end), "a blank chunk"
        assert _NON_BLANK.match(data, end - 1), "blanks at the end"
        first_line = data[start:end].split(b"\n", 1)[0]
        assert _NON_BLANK.search(first_line), "a blank first line"
        assert len(chunk.text) <= maximum
        assert chunk.kind in KINDS
        at = end
    assert not _NON_BLANK.search(data, at), "text lost at the end"
