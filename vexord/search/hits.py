"""Ranked files become hits: the text is read now, and must be that of the indexed generation."""

import os
import stat
from collections.abc import Sequence

import xxhash
from vexor_protocol.messages import Hit, Place

from vexord.index.encodings import to_utf8
from vexord.index.segment import Segment
from vexord.index.types import KINDS
from vexord.search.candidates import Pool
from vexord.search.query import Query
from vexord.search.rank import RankedChunk, RankedFile

MAX_MORE = 5
"""Further places named in a file."""
MAX_SHARED_BYTES = 32 << 20
"""Texts kept for further queries of the same request."""
MORE_SHARE = 0.4
"""A further place must have this share of the best chunk's score."""


class FileText:
    """The chunks of one file as they are on disk at this moment, checked against the index."""

    def __init__(self, root: str, segment: Segment, file_id: int) -> None:
        self._path = os.path.join(root, segment.paths[file_id])
        self._segment = segment
        self._encoding = segment.encodings[int(segment.files["encoding"][file_id])]
        self._source: bytes | None = None

    def chunk(self, row: int) -> str | None:
        """Return the text of a chunk; None if the file no longer holds it at that place."""
        piece = self.piece(row)
        return piece.decode("utf-8", "replace") if piece is not None else None

    def piece(self, row: int) -> bytes | None:
        """Return the text of a chunk in UTF-8; None if the file no longer holds it at that place."""
        columns = self._segment.chunks[row]
        source = self.source()
        if source is None:
            return None
        if self._encoding == "binary":
            return b""
        piece = source[int(columns["start_byte"]) : int(columns["end_byte"])]
        if xxhash.xxh3_64_intdigest(piece) != int(columns["text_hash"]):
            return None
        return piece

    def source(self) -> bytes | None:
        """Return the whole file in UTF-8 as it is now, empty if it is binary; None if it cannot be read."""
        if self._source is None:
            try:
                descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError:
                return None
            with open(descriptor, "rb", buffering=0) as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    return None
                is_text = self._encoding != "binary"  # found by name: it may be of any size
                self._source = to_utf8(file.readall(), self._encoding) if is_text else b""
        return self._source


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
    columns = segment.chunks[best.row]
    text_of = texts.of(root, segment, int(columns["file"]))
    text = text_of.chunk(best.row)
    if text is None:
        return None
    start_line = int(columns["start_line"])
    return Hit(
        path=file.path,
        project=project,
        start_line=start_line,
        end_line=int(columns["end_line"]),
        score=round(file.score, 4),
        symbol=segment.strings[int(columns["symbol"])] or None,
        kind=KINDS[int(columns["kind"])],
        language=segment.languages[int(columns["language"])],
        text=text,
        parent=segment.strings[int(columns["parent"])] or None,
        focus_line=_focus_line(text, start_line, query),
        more=_more(segment, text_of, file.chunks, best),
    )


def _more(
    segment: Segment, text_of: FileText, chunks: Sequence[RankedChunk], best: RankedChunk
) -> list[Place]:
    places: list[Place] = []
    for chunk in chunks[1:]:
        if len(places) == MAX_MORE or chunk.score < MORE_SHARE * best.score:
            break
        columns = segment.chunks[chunk.row]
        if text_of.chunk(chunk.row) is not None:
            places.append(
                Place(
                    start_line=int(columns["start_line"]),
                    end_line=int(columns["end_line"]),
                    score=round(chunk.score, 4),
                    symbol=segment.strings[int(columns["symbol"])] or None,
                    kind=KINDS[int(columns["kind"])],
                )
            )
    return places


def _focus_line(text: str, start_line: int, query: Query) -> int:
    """Return the first of the lines that hold most of the query's terms."""
    lower = text.lower()
    terms = [term for term in query.terms if term in lower]  # mostly few: the lines are many
    if len(terms) < 2:
        return start_line + lower.count("\n", 0, lower.find(terms[0])) if terms else start_line
    best_line, best_count = start_line, 0
    for offset, line in enumerate(lower.split("\n")):
        count = sum(term in line for term in terms)
        if count > best_count:
            best_line, best_count = start_line + offset, count
    return best_line
