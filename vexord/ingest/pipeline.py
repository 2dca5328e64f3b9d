"""A list of changed paths becomes files ready for a segment: read, hash, extract, chunk, embed."""

import logging
import os
import stat
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import xxhash
from numpy.typing import NDArray

from vexord.bags import Bags, count_words
from vexord.embed.seam import Documents, Embedder
from vexord.index.embed_text import embed_hash, embed_header, embed_text
from vexord.index.types import MAX_TEXT_BYTES, Chunk, FileEntry, FileStamp, IndexedFile
from vexord.ingest.deaths import Guard, file_key
from vexord.ingest.extract import extract
from vexord.ingest.languages import language_of
from vexord.ingest.modes import AUTO, NAME, by_name, chunks_of
from vexord.ingest.reading import (
    NEVER_CHECKED,
    Folders,
    Read,
    TooLargeError,
    is_forbidden,
    is_gone,
    is_spent,
    read_whole,
    stamp_of,
)

logger = logging.getLogger(__name__)


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
    """Taken as they were, but they changed while being read, time after time: to be looked at again later."""
    skipped: dict[str, str] = field(default_factory=dict)
    """Path → reason, for files whose content is not in the index."""
    failed: dict[str, str] = field(default_factory=dict)
    """Path → error, for files that the disk did not give us: what the index has of them stays."""
    linked: set[int] = field(default_factory=set)
    """Inodes of changed files that have other names as well."""
    bytes_read: int = 0

    def add(self, other: "Outcome") -> None:
        """Take in what other paths came to. Their words are counted anew when they are needed."""
        self.upserts += other.upserts
        self.words = None
        self.deletes += other.deletes
        self.touched += other.touched
        self.unsettled += other.unsettled
        self.skipped |= other.skipped
        self.failed |= other.failed
        self.linked |= other.linked
        self.bytes_read += other.bytes_read


class Pipeline:
    """Turns paths of one project into an `Outcome`; decides alone whether a file has changed."""

    def __init__(
        self, root: str, table: FileTable, embedder: Embedder, mode: str = AUTO, guard: Guard | None = None
    ) -> None:
        """`guard` is told which file is at hand, and says which are to be let alone."""
        self.mode = mode
        """How much of each file is indexed from now on."""
        self._root = root
        self._table = table
        self._embedder = embedder
        self._guard = guard

    def run(self, paths: Iterable[str], force: bool = False) -> Outcome:
        """Look at each path; `force` takes unchanged files too, and embeds every chunk anew.

        Raises:
            OSError: descriptors or memory have run out (`reading.is_spent`); nothing was decided.
        """
        batch = list(paths)
        try:
            return self._run(batch, force)
        except MemoryError:  # of the texts together; one alone that is too much is found by its name
            logger.warning("memory is short: files are taken one by one root=%r", self._root)
            return self._one_by_one(batch, force)

    def _run(self, paths: Sequence[str], force: bool) -> Outcome:
        outcome = Outcome()
        folders = Folders(self._root)
        for path in paths:
            try:
                self._check(path, force, folders, outcome)
            except OSError as error:
                if is_spent(error):
                    raise
                self._failed(path, error, outcome)
            except Exception:  # one file that a parser cannot bear must not keep out all others
                logger.exception("a file could not be indexed path=%r", path)
                outcome.skipped[path] = "failed"
                self._by_name(path, FileStamp(0, 0, 0, 0), outcome)
        self._embed(outcome, force)
        return outcome

    def _one_by_one(self, paths: Sequence[str], force: bool) -> Outcome:
        outcome = Outcome()
        for path in paths:
            try:
                found = self._run([path], force)
            except MemoryError:
                found = Outcome(skipped={path: "failed"})
                self._by_name(path, FileStamp(0, 0, 0, 0), found)
                self._embed(found, force)
            outcome.add(found)
        return outcome

    def read(self, path: str) -> tuple[str, Sequence[Chunk]] | None:
        """Return the text and the chunks of a file as it is now; None if it has none."""
        try:
            if not Folders(self._root).real(os.path.dirname(path)):
                return None
            read = read_whole(os.path.join(self._root, path))
        except (OSError, TooLargeError):
            return None
        with self._at_hand(path, read.stamp) as allowed:
            if not allowed:
                return None
            extracted = extract(path, read.raw)
            if read.moving or extracted.binary:
                return None
            return extracted.text, chunks_of(self.mode, path, extracted)

    def _check(self, path: str, force: bool, folders: Folders, outcome: Outcome) -> None:
        info = self._look(path, folders)
        if info is None:
            self._gone(path, outcome)
            return
        stamp = stamp_of(info)
        entry = self._table.get(path)
        if self.mode == NAME:
            self._named(path, stamp, None if force else entry, outcome)
        elif info.st_size > MAX_TEXT_BYTES:
            self._skip(path, "too_large", stamp, outcome)
        else:
            with self._at_hand(path, stamp) as allowed:
                if allowed:
                    self._read(path, force, stamp, outcome)
                    if info.st_nlink > 1 and outcome.upserts and outcome.upserts[-1].path == path:
                        outcome.linked.add(info.st_ino)
                else:
                    self._skip(path, "crashes", stamp, outcome)

    @contextmanager
    def _at_hand(self, path: str, stamp: FileStamp) -> Iterator[bool]:
        """Say that a file is at hand; yield whether it may be read."""
        guard = self._guard
        if guard is None:
            yield True
        elif guard.is_banned(key := file_key(path, stamp)):
            yield False
        else:
            guard.begin(key)
            try:
                yield True
            finally:
                guard.end(key)

    def _read(self, path: str, force: bool, stamp: FileStamp, outcome: Outcome) -> None:
        try:
            read = read_whole(os.path.join(self._root, path))
        except TooLargeError:
            self._skip(path, "too_large", stamp, outcome)
        except OSError as error:
            if is_gone(error):
                self._gone(path, outcome)
            elif is_forbidden(error):
                self._skip(path, "unreadable", stamp, outcome)
            else:
                raise
        else:
            self._take(path, read, None if force else self._table.get(path), outcome)

    def _look(self, path: str, folders: Folders) -> os.stat_result | None:
        """Return the stat of a regular file, None if there is none at this path or a symlink on the way.

        Raises:
            OSError: that cannot be told.
        """
        try:
            info = os.lstat(os.path.join(self._root, path))
            real = stat.S_ISREG(info.st_mode) and folders.real(os.path.dirname(path))
        except OSError as error:
            if is_gone(error) or is_forbidden(error):
                return None
            raise
        return info if real else None

    def _gone(self, path: str, outcome: Outcome) -> None:
        if self._table.get(path) is not None:
            outcome.deletes.append(path)

    def _failed(self, path: str, error: OSError, outcome: Outcome) -> None:
        outcome.failed[path] = error.strerror or str(error)
        if self._table.get(path) is None:
            self._by_name(path, FileStamp(0, 0, 0, 0), outcome)

    def _skip(self, path: str, reason: str, stamp: FileStamp, outcome: Outcome) -> None:
        """Find the file by its name alone. Scans look at it again: rights may change without a trace."""
        outcome.skipped[path] = reason
        entry = self._table.get(path)
        if entry is None or entry.stamp != stamp or entry.encoding != "binary":
            self._by_name(path, stamp, outcome)

    def _named(self, path: str, stamp: FileStamp, entry: FileEntry | None, outcome: Outcome) -> None:
        """Take a file of which nothing but the name is wanted."""
        if entry is None or entry.stamp != stamp or entry.encoding != "binary":
            self._by_name(path, stamp, outcome, checked_ns=time.time_ns())

    def _take(self, path: str, read: Read, entry: FileEntry | None, outcome: Outcome) -> None:
        outcome.bytes_read += len(read.raw)
        if read.moving:
            outcome.unsettled.append(path)
        digest = xxhash.xxh3_128_digest(read.raw)
        if entry is not None and entry.content_hash == digest:
            outcome.touched.append((path, read.stamp, read.checked_ns))
            return
        extracted = extract(path, read.raw)
        if extracted.binary:
            self._by_name(path, read.stamp, outcome, digest, read.checked_ns)
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
        outcome: Outcome,
        digest: bytes = bytes(16),
        checked_ns: int = NEVER_CHECKED,
    ) -> None:
        """Take a file whose content is not searchable: one chunk without text, found by its path."""
        named = self.mode == NAME
        outcome.upserts.append(
            IndexedFile(
                path=path,
                stamp=stamp,
                checked_ns=checked_ns,
                content_hash=digest,
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


def chunk_count(files: Sequence[IndexedFile]) -> int:
    """Return the number of chunks in all files."""
    return sum(len(file.chunks) for file in files)
