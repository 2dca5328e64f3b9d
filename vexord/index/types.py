"""What goes into the index and comes out of it: files, chunks, stamps."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
from numpy.typing import NDArray

MAX_TEXT_BYTES = 16 << 20
"""A larger file is indexed by its name only, and `status` says so."""


class FileStamp(msgspec.Struct, frozen=True, array_like=True):
    """What `lstat` says of a file: the quick check before the content hash."""

    size: int
    mtime_ns: int
    inode: int
    ctime_ns: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a file. Lines are 1-based and inclusive; bytes are a half-open range of the UTF-8 text.

    The chunks of a file cover every line of it that is not blank, in order, without overlap.
    """

    start_line: int
    end_line: int
    start_byte: int
    end_byte: int
    text: str
    symbol: str = ""
    """Name that the chunk defines, unqualified; empty if none."""
    parent: str = ""
    """Dotted path of the enclosing definitions, or a Markdown breadcrumb joined by ` > `."""
    kind: str = "text"
    """One of `KINDS`."""
    more_symbols: tuple[str, ...] = ()
    """Names that it defines besides `symbol`: small definitions share a chunk."""
    quoted: str | None = None
    """What stands at those bytes, where `text` is a summary of the file; None: `text` does."""

    @property
    def names(self) -> tuple[str, ...]:
        """All names that the chunk defines."""
        return (self.symbol, *self.more_symbols) if self.symbol else self.more_symbols


KINDS = (
    "text", "function", "method", "class", "interface", "struct", "enum", "type", "module", "namespace",
    "constant", "variable", "macro", "block", "section", "binary", "object", "trait", "impl", "property",
    "file",
)  # fmt: skip
"""Closed list; its order is part of the on-disk format (append only)."""

BY_NAME = ("binary", "file")
"""Kinds of a chunk without text, found by its path alone: there is none, or the project's mode wants none."""


@dataclass(frozen=True, slots=True)
class IndexedFile:
    """One file on its way into a segment."""

    path: str
    """Relative to the root, `/`-separated, surrogateescape."""
    stamp: FileStamp
    checked_ns: int
    """Wall-clock time just before the file was read; a stamp not older than this is racy (git's term)."""
    content_hash: bytes
    """xxh3_128 of the raw bytes, 16 bytes."""
    language: str
    encoding: str
    """`utf-8`, `utf-8-sig`, `utf-16-le`, `utf-16-be`, `cp1252`, or `binary`."""
    chunks: Sequence[Chunk] = ()
    vectors: NDArray[np.int8] = field(default_factory=lambda: np.zeros((0, 0), np.int8))
    """Shape (len(chunks), dimensions)."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A live file of the current generation, as the writer knows it."""

    path: str
    stamp: FileStamp
    checked_ns: int
    content_hash: bytes
    language: str
    encoding: str
    segment: str
    file_id: int
    chunks: int
