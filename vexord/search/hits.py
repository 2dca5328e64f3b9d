"""Ranked files become hits: the text is read now, and must be that of the indexed generation."""

import os
import stat
from collections.abc import Sequence
from typing import NamedTuple

import xxhash
from vexor_protocol.messages import Hit, Place

from vexord.index.beneath import open_beneath
from vexord.index.encodings import to_utf8
from vexord.index.segment import Segment
from vexord.index.types import KINDS, MAX_TEXT_BYTES
from vexord.search.candidates import Pool
from vexord.search.query import Query
from vexord.search.rank import RankedChunk, RankedFile

MAX_MORE = 5
"""Further places named in a file."""
MAX_SHARED_BYTES = 32 << 20
"""Texts kept for further queries of the same request."""
MORE_SHARE = 0.4
"""A further place must have this share of the best chunk's score."""


_READ_BYTES = 1 << 20


class ChunkColumns(NamedTuple):
    """A row of `Segment.chunks` as Python numbers: taken one by one they cost several times as much."""

    file: int
    start_line: int
    end_line: int
    start_byte: int
    end_byte: int
    text_hash: int
    embed_hash: int
    symbol: int
    parent: int
    kind: int
    language: int


def chunk_columns(segment: Segment, row: int) -> ChunkColumns:
    """Return what the index says of a chunk."""
    return ChunkColumns(*segment.chunks[row].item())


class FileText:
    """The chunks of one file as they are on disk at this moment, checked against the index."""

    def __init__(self, root: str, segment: Segment, file_id: int) -> None:
        self._root, self._path = root, segment.paths[file_id]
        self._segment = segment
        self._encoding = segment.encodings[int(segment.files["encoding"][file_id])]
        self._source: bytes | None = None

    def chunk(self, row: int) -> str | None:
        """Return the text of a chunk; None if the file no longer holds it at that place."""
        piece = self.piece(row)
        return piece.decode("utf-8", "replace") if piece is not None else None

    def piece(self, row: int) -> bytes | None:
        """Return the text of a chunk in UTF-8; None if the file no longer holds it at that place."""
        return self.piece_at(chunk_columns(self._segment, row))

    def piece_at(self, columns: ChunkColumns) -> bytes | None:
        """Return what `piece` does for a row that was looked up."""
        source = self.source()
        if source is None:
            return None
        if self._encoding == "binary":
            return b""
        piece = source[columns.start_byte : columns.end_byte]
        return piece if xxhash.xxh3_64_intdigest(piece) == columns.text_hash else None

    def source(self) -> bytes | None:
        """Return the whole file in UTF-8 as it is now, empty if it is binary; None if it cannot be read."""
        if self._encoding == "binary":  # found by name: it may be of any size, and unreadable
            return b"" if _is_file(self._root, self._path) else None
        if self._source is None:
            try:
                descriptor = open_beneath(self._root, self._path)
            except OSError:
                return None
            try:
                info = os.fstat(descriptor)
                raw = _read(descriptor, info.st_size) if stat.S_ISREG(info.st_mode) else None
                self._source = to_utf8(raw, self._encoding) if raw is not None else None
            except OSError:
                return None
            finally:
                os.close(descriptor)
        return self._source


def _is_file(root: str, path: str) -> bool:
    """Whether a regular file lies there, that we may not be able to read."""
    try:
        descriptor = open_beneath(root, path, only_look=True)
    except OSError:
        return False
    try:
        return stat.S_ISREG(os.fstat(descriptor).st_mode)
    finally:
        os.close(descriptor)


class Texts:
    """The files that one request reads, each once, as long as they are not too large together."""

    def __init__(self) -> None:
        self._files: dict[tuple[str, Segment, int], FileText] = {}
        self._bytes = 0

    def of(self, root: str, segment: Segment, file_id: int) -> FileText:
        """Return a file of the project at `root`."""
        key = root, segment, file_id
        text = self._files.get(key)
        if text is None:
            if self._bytes > MAX_SHARED_BYTES:
                self._files.clear()
                self._bytes = 0
            self._bytes += int(segment.files["size"][file_id])
            text = self._files[key] = FileText(root, segment, file_id)
        return text


def make_hit(
    project: str, root: str, pools: Sequence[Pool], file: RankedFile, query: Query, texts: Texts
) -> Hit | None:
    """Read the file's best chunk and name its further places; None if the best chunk is no longer there."""
    best = file.chunks[0]
    segment = pools[best.pool].view.segment
    columns = chunk_columns(segment, best.row)
    text_of = texts.of(root, segment, columns.file)
    piece = text_of.piece_at(columns)
    if piece is None:
        return None
    text = piece.decode("utf-8", "replace")
    return Hit(
        path=file.path,
        project=project,
        start_line=columns.start_line,
        end_line=columns.end_line,
        score=round(file.score, 4),
        symbol=segment.strings[columns.symbol] or None,
        kind=KINDS[columns.kind],
        language=segment.languages[columns.language],
        text=text,
        parent=segment.strings[columns.parent] or None,
        focus_line=columns.start_line + focus(text.lower(), query.terms),
        more=_more(segment, text_of, file.chunks, best),
    )


def _more(
    segment: Segment, text_of: FileText, chunks: Sequence[RankedChunk], best: RankedChunk
) -> list[Place]:
    places: list[Place] = []
    for chunk in chunks[1:]:
        if len(places) == MAX_MORE or chunk.score < MORE_SHARE * best.score:
            break
        columns = chunk_columns(segment, chunk.row)
        if text_of.piece_at(columns) is not None:
            places.append(
                Place(
                    start_line=columns.start_line,
                    end_line=columns.end_line,
                    score=round(chunk.score, 4),
                    symbol=segment.strings[columns.symbol] or None,
                    kind=KINDS[columns.kind],
                )
            )
    return places


def focus(text: str, terms: Sequence[str]) -> int:
    """Return the first line, from 0, of those of a text in lower case that hold most of the terms."""
    held: dict[int, int] = {}
    for term in terms:
        _count_lines(term, text, held)
    most = max(held.values(), default=0)
    return min((line for line, count in held.items() if count == most), default=0)


def _count_lines(term: str, text: str, held: dict[int, int]) -> None:
    """Count a term for each line that holds it: they are looked up, for the lines are many."""
    line = counted = 0
    found = text.find(term)
    while found >= 0:
        line += text.count("\n", counted, found)
        held[line] = held.get(line, 0) + 1
        counted = text.find("\n", found)
        if counted < 0:
            return
        found = text.find(term, counted)


def _read(descriptor: int, size: int) -> bytes | None:
    """Return all bytes of a file; `size`: how many it had a moment ago. None: more than was ever indexed.

    Raises:
        OSError: it cannot be read.
    """
    if size > MAX_TEXT_BYTES:
        return None
    parts = [os.read(descriptor, size + 1)]
    total = len(parts[0])
    while parts[-1] and (len(parts) > 1 or total != size):
        parts.append(os.read(descriptor, _READ_BYTES))
        total += len(parts[-1])
        if total > MAX_TEXT_BYTES:
            return None
    return b"".join(parts)
