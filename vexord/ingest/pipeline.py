"""A list of changed paths becomes files ready for a segment: read, hash, extract, chunk, embed."""

import os
import stat
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import xxhash
from numpy.typing import NDArray

from vexord.bags import Bags, count_words
from vexord.embed.seam import Documents, Embedder
from vexord.index.embed_text import embed_hash, embed_header, embed_text
from vexord.index.types import Chunk, FileEntry, FileStamp, IndexedFile
from vexord.ingest.extract import extract
from vexord.ingest.languages import language_of
from vexord.ingest.modes import AUTO, NAME, by_name, chunks_of

MAX_FILE_BYTES = 16 << 20
"""A larger file is indexed by name only, and `status` says so."""
_READ_ATTEMPTS = 3


class FileTable(Protocol):
    """What the pipeline asks of the index writer."""

    def get(self, path: str) -> FileEntry | None:
        """Return the live entry of a file."""
        ...

    def reusable(self, path: str) -> Mapping[int, NDArray[np.int8]]:
        """Return the vectors of a file's live chunks by embed hash."""
        ...


@dataclass(slots=True)
class Outcome:
    """What a batch of paths came to."""

    upserts: list[IndexedFile] = field(default_factory=list)
    words: Bags | None = None
    """Of the texts of all chunks of the upserts, if all had to be embedded."""
    deletes: list[str] = field(default_factory=list)
    touched: list[tuple[str, FileStamp, int]] = field(default_factory=list)
    """Same content, new stat: path, stamp, time checked in ns."""
    unsettled: list[str] = field(default_factory=list)
    """Changed while being read, time after time: to be looked at again."""
    skipped: dict[str, str] = field(default_factory=dict)
    """Path → reason, for files whose content is not in the index."""
    bytes_read: int = 0


@dataclass(frozen=True, slots=True)
class _Read:
    raw: bytes
    stamp: FileStamp
    checked_ns: int


def stamp_of(info: os.stat_result) -> FileStamp:
    """Return the quick-check part of a stat result."""
    return FileStamp(info.st_size, info.st_mtime_ns, info.st_ino, info.st_ctime_ns)


class Pipeline:
    """Turns paths of one project into an `Outcome`; decides alone whether a file has changed."""

    def __init__(self, root: str, table: FileTable, embedder: Embedder, mode: str = AUTO) -> None:
        self.mode = mode
        """How much of each file is indexed from now on."""
        self._root = root
        self._table = table
        self._embedder = embedder

    def run(self, paths: Iterable[str], force: bool = False) -> Outcome:
        """Look at each path; `force` takes unchanged files too, and embeds every chunk anew."""
        outcome = Outcome()
        for path in paths:
            self._check(path, force, outcome)
        self._embed(outcome, force)
        return outcome

    def read(self, path: str) -> tuple[str, Sequence[Chunk]] | None:
        """Return the text and the chunks of a file as it is now; None if it has none."""
        try:
            read = _read_settled(os.path.join(self._root, path))
        except OSError:
            return None
        if read is None or len(read.raw) > MAX_FILE_BYTES:
            return None
        extracted = extract(path, read.raw)
        if extracted.binary:
            return None
        return extracted.text, chunks_of(self.mode, path, extracted)

    def _check(self, path: str, force: bool, outcome: Outcome) -> None:
        entry = self._table.get(path)
        try:
            info = os.lstat(os.path.join(self._root, path))
        except OSError:
            info = None
        if info is None or not stat.S_ISREG(info.st_mode):
            if entry is not None:
                outcome.deletes.append(path)
            return
        if self.mode == NAME:
            self._by_name(path, stamp_of(info), b"", None if force else entry, outcome)
            return
        if info.st_size > MAX_FILE_BYTES:
            outcome.skipped[path] = "too_large"
            self._by_name(path, stamp_of(info), b"", entry, outcome)
            return
        try:
            read = _read_settled(os.path.join(self._root, path))
        except (FileNotFoundError, NotADirectoryError):
            if entry is not None:
                outcome.deletes.append(path)
            return
        except OSError:
            outcome.skipped[path] = "unreadable"
            self._by_name(path, stamp_of(info), b"", entry, outcome)
            return
        if read is None:
            outcome.unsettled.append(path)
            return
        outcome.bytes_read += len(read.raw)
        self._take(path, read, entry if not force else None, outcome)

    def _take(self, path: str, read: _Read, entry: FileEntry | None, outcome: Outcome) -> None:
        digest = xxhash.xxh3_128_digest(read.raw)
        if entry is not None and entry.content_hash == digest:
            outcome.touched.append((path, read.stamp, read.checked_ns))
            return
        extracted = extract(path, read.raw)
        if extracted.binary:
            self._by_name(path, read.stamp, digest, None, outcome, read.checked_ns)
            return
        outcome.upserts.append(
            IndexedFile(
                path=path,
                stamp=read.stamp,
                checked_ns=read.checked_ns,
                content_hash=digest,
                language=extracted.language,
                encoding=extracted.encoding,
                chunks=chunks_of(self.mode, path, extracted),
            )
        )

    def _by_name(
        self,
        path: str,
        stamp: FileStamp,
        digest: bytes,
        entry: FileEntry | None,
        outcome: Outcome,
        checked_ns: int = 0,
    ) -> None:
        """Take a file whose content is not searchable: one chunk without text, found by its path."""
        if entry is not None and entry.stamp == stamp and entry.encoding == "binary":
            return
        named = self.mode == NAME
        outcome.upserts.append(
            IndexedFile(
                path=path,
                stamp=stamp,
                checked_ns=checked_ns or time.time_ns(),
                content_hash=digest or bytes(16),
                language=language_of(path, b"") if named else "binary",
                encoding="binary",
                chunks=[by_name(path, "file" if named else "binary")],
            )
        )

    def _embed(self, outcome: Outcome, force: bool) -> None:
        """Fill in vectors; unless `force`, a chunk whose text the file already had keeps its vector."""
        chunks = [(file.path, chunk) for file in outcome.upserts for chunk in file.chunks]
        vectors = np.zeros((len(chunks), self._embedder.fingerprint.dimensions), np.int8)
        unknown = self._reuse(outcome.upserts, vectors) if not force else None
        if unknown is None or len(unknown) == len(chunks):
            headers = [embed_header(path, chunk) for path, chunk in chunks]
            bodies = [chunk.text for _, chunk in chunks]
            outcome.words = count_words(bodies)
            vectors[:] = self._embedder.embed_chunks(Documents(headers, bodies, outcome.words))
        elif unknown:
            vectors[unknown] = self._embedder.embed_chunks([embed_text(*chunks[row]) for row in unknown])
        first = 0
        for number, file in enumerate(outcome.upserts):
            last = first + len(file.chunks)
            outcome.upserts[number] = replace(file, vectors=vectors[first:last])
            first = last

    def _reuse(self, files: Sequence[IndexedFile], vectors: NDArray[np.int8]) -> list[int]:
        """Fill in the vectors that the index has; return the rows of the chunks that it does not know."""
        unknown: list[int] = []
        row = 0
        for file in files:
            known = self._table.reusable(file.path)
            for chunk in file.chunks:
                vector = known.get(embed_hash(file.path, chunk)) if known else None
                if vector is not None:
                    vectors[row] = vector
                else:
                    unknown.append(row)
                row += 1
        return unknown


def _read_settled(path: str) -> _Read | None:
    """Read a whole regular file that did not change meanwhile; None if it kept changing.

    Raises:
        OSError: it cannot be opened or read.
    """
    for _ in range(_READ_ATTEMPTS):
        checked_ns = time.time_ns()
        # O_NONBLOCK: a FIFO put in the file's place after the lstat must not hang us.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb", buffering=0) as file:
            before = os.fstat(descriptor)
            if not stat.S_ISREG(before.st_mode):
                raise FileNotFoundError(path)
            raw = file.readall()
            after = os.fstat(descriptor)
        if stamp_of(before) == stamp_of(after) and len(raw) == after.st_size:
            return _Read(raw, stamp_of(after), checked_ns)
    return None


def chunk_count(files: Sequence[IndexedFile]) -> int:
    """Return the number of chunks in all files."""
    return sum(len(file.chunks) for file in files)
