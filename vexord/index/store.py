"""Generations in the writer's folder: which one is on disk, how the next gets there, what is cleared away."""

import contextlib
import logging
import os
import re
import secrets
from collections.abc import Container, Iterable, Sequence

import msgspec

from vexord import files
from vexord.index.errors import FutureFormatError, IndexCorruptError
from vexord.index.manifest import (
    MANIFEST_NAME,
    REFINED_PREFIX,
    SEGMENTS_NAME,
    FingerprintFields,
    Manifest,
    SegmentRecord,
    publish_manifest,
    read_manifest,
)
from vexord.index.refined import open_refined, verify_refined
from vexord.index.segment import Segment, verify_segment
from vexord.index.segment_writer import SegmentWriter

logger = logging.getLogger(__name__)

LOCK_NAME = "writer.lock"
VERIFY_BELOW_BYTES = 1 << 20
"""Smaller segments are read whole at every open; larger ones before a merge, and by `IndexWriter.verify`."""
_SEGMENT_NAME = re.compile(r"(\d{8,})-[0-9a-f]{8}")


class GenerationStore:
    """Reads and publishes generations in one folder. The caller holds the lock."""

    def __init__(self, folder: str, fingerprint: FingerprintFields) -> None:
        self.folder = folder
        self.epoch = secrets.token_hex(4)
        self.generation = 0
        self.mode = ""
        """As in the manifest."""
        self._fingerprint = fingerprint
        self._next = 1
        self._current: frozenset[str] = frozenset()
        """Segments that the manifest on disk refers to, or may refer to after a failed publication."""
        self._previous: frozenset[str] = frozenset()
        self._on_disk: set[str] = set()
        self._reserved: set[str] = set()
        """Segments that another process writes now."""
        self._retired: list[tuple[int, str]] = []
        self._published: os.stat_result | None = None
        """Of the manifest that we read or wrote last."""

    def load(self) -> Manifest | None:
        """Read the current generation and clear leftovers away; None if there is none to go on from.

        Raises:
            FutureFormatError: written by a newer version; nothing was touched.
        """
        try:
            manifest = read_manifest(self.folder)
        except FileNotFoundError:
            manifest = None
        except IndexCorruptError as error:
            logger.warning("index starts anew: %s", error)
            manifest = None
        if manifest is not None:
            self._published = os.stat(os.path.join(self.folder, MANIFEST_NAME))
            self._current = frozenset(record.name for record in manifest.segments)
            self.generation = manifest.generation
        else:
            self.generation = self._newest_leftover()
        self._next = self.generation + 1
        self._clear_leftovers(manifest)
        if manifest is not None and manifest.fingerprint != self._fingerprint:
            logger.info("index starts anew: another model folder=%r", self.folder)
            return None
        self.mode = manifest.mode if manifest is not None else ""
        return manifest

    def open_segment(self, record: SegmentRecord) -> Segment | None:
        """Open a segment of the loaded generation; None, with a line in the log, if it is damaged."""
        try:
            if record.size_bytes < VERIFY_BELOW_BYTES:
                verify_segment(self.folder, record)
            return Segment.open(self.folder, record)
        except (IndexCorruptError, FutureFormatError) as error:
            logger.warning("segment dropped, its files will be indexed again: %s", error)
            return None

    def new_segment(self, *, durable: bool) -> SegmentWriter:
        """Begin a segment for the next generation."""
        name = f"{self._next:08d}-{secrets.token_hex(4)}"
        self._on_disk.add(name)
        return SegmentWriter(self.folder, name, durable=durable)

    def reserve(self) -> str:
        """Return the name of a segment that another process will write; `arrived` or `release` ends that."""
        name = f"{self._next:08d}-{secrets.token_hex(4)}"
        self._on_disk.add(name)
        self._reserved.add(name)
        return name

    def arrived(self, name: str) -> None:
        """The segment is whole; what no generation lists is cleared away from now on."""
        self._reserved.discard(name)

    def checked_refined(self, record: SegmentRecord, model: str | None) -> SegmentRecord:
        """Return a record of the loaded generation without rows of another second model, or damaged ones."""
        if record.refined is None:
            return record
        try:
            if record.refined.model != model:
                return msgspec.structs.replace(record, refined=None)
            if record.refined.sum.size < VERIFY_BELOW_BYTES:
                verify_refined(self.folder, record)
            open_refined(self.folder, record)
        except IndexCorruptError as error:
            logger.warning("rows of the second model dropped, they will be written again: %s", error)
            return msgspec.structs.replace(record, refined=None)
        return record

    def retire(self, segment: str, file: str) -> None:
        """Unlink a file that the next generation no longer lists, once the one after it is published."""
        self._retired.append((self._next, os.path.join(self.folder, SEGMENTS_NAME, segment, file)))

    def publish(self, records: Sequence[SegmentRecord], *, durable: bool) -> int:
        """Make these segments the current generation; return its number.

        After an `OSError` the old generation or this one is current. The next publication takes another
        number and keeps the segments of both.
        """
        generation, self._next = self._next, self._next + 1
        before, names = self._current, frozenset(record.name for record in records)
        self._current = before | names
        manifest = Manifest(
            generation=generation,
            epoch=self.epoch,
            fingerprint=self._fingerprint,
            segments=list(records),
            mode=self.mode,
        )
        publish_manifest(self.folder, manifest, durable=durable)
        self._published = os.stat(os.path.join(self.folder, MANIFEST_NAME))
        self.generation = generation
        self._previous, self._current = before, names
        self._collect()
        return generation

    def missing(self, records: Iterable[SegmentRecord]) -> str:
        """Return what somebody else has removed, replaced or cut short; empty if the index is as we left it.

        Only names and sizes are looked at.
        """
        manifest = os.path.join(self.folder, MANIFEST_NAME)
        if self._published is not None and _changed(manifest, self._published):
            return manifest
        for record in records:
            sizes = {name: one.size for name, one in record.sums.items()}
            if record.refined is not None:
                sizes[record.refined.file] = record.refined.sum.size
            for name, size in sizes.items():
                path = os.path.join(self.folder, SEGMENTS_NAME, record.name, name)
                if _size(path) != size:
                    return path
        return ""

    def _collect(self) -> None:
        """Unlink what neither this generation nor the one before refers to."""
        due = [path for last, path in self._retired if last < self.generation]
        self._retired = [(last, path) for last, path in self._retired if last >= self.generation]
        for path in due:
            with contextlib.suppress(OSError):  # cleared away as a leftover then
                files.remove_file(path)
        for name in self._on_disk - self._current - self._previous - self._reserved:
            try:
                files.remove_folder(os.path.join(self.folder, SEGMENTS_NAME, name))
            except FileNotFoundError:
                pass
            except OSError as error:
                logger.warning("old segment %s stays for now: %s", name, error)
                continue
            self._on_disk.discard(name)

    def _clear_leftovers(self, manifest: Manifest | None) -> None:
        """Remove what a writer that was killed left behind."""
        segments = os.path.join(self.folder, SEGMENTS_NAME)
        if not os.path.isdir(segments) or os.path.islink(segments):
            files.remove_tree(segments)
        files.make_dir(segments)
        self._on_disk = {name for name in os.listdir(segments) if _SEGMENT_NAME.fullmatch(name)}
        self._collect()
        for record in manifest.segments if manifest is not None else ():
            _clear_unlisted(os.path.join(segments, record.name), record)
        for name in os.listdir(self.folder):
            if name.endswith(files.TEMPORARY_SUFFIX):
                files.remove_file(os.path.join(self.folder, name))

    def _newest_leftover(self) -> int:
        """Return the highest generation that a segment was written for: numbers never go back."""
        segments = os.path.join(self.folder, SEGMENTS_NAME)
        names = os.listdir(segments) if os.path.isdir(segments) else []
        found = (_SEGMENT_NAME.fullmatch(name) for name in names)
        return max((int(match[1]) for match in found if match), default=0)


def _changed(path: str, before: os.stat_result) -> bool:
    try:
        now = os.stat(path)
    except OSError:
        return True
    return (now.st_ino, now.st_size, now.st_mtime_ns) != (before.st_ino, before.st_size, before.st_mtime_ns)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return -1


def _clear_unlisted(folder: str, record: SegmentRecord) -> None:
    """Remove files of a second model that a newer one replaced, or that were never published."""
    listed = record.refined.file if record.refined is not None else ""
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        if name.startswith(REFINED_PREFIX) and name != listed:
            files.remove_file(os.path.join(folder, name))


def remove_index(folder: str) -> None:
    """Remove an index that nobody wants any more; what cannot be removed stays, with a line in the log."""
    try:
        files.remove_tree(folder)
    except OSError as error:
        logger.warning("index not removed folder=%r: %s", folder, error)


def remove_orphans(folder: str, wanted: Container[str]) -> None:
    """Remove the indexes below a folder that belong to no project: their removal was cut short by a crash.

    One that somebody writes, or that a newer version has written, stays.
    """
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        path = os.path.join(folder, name)
        if name not in wanted and os.path.isdir(path) and _is_free(path):
            logger.info("index of no project removed folder=%r", path)
            remove_index(path)


def _is_free(folder: str) -> bool:
    """Whether nobody writes the index, and no newer version has."""
    try:
        files.unlock(files.lock_exclusively(os.path.join(folder, LOCK_NAME)))
        read_manifest(folder)
    except (files.LockHeldError, FutureFormatError):
        return False
    except (OSError, IndexCorruptError):
        pass
    return True
