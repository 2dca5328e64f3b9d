"""The index writer: takes changed files, publishes generations, merges segments. One for each index."""

import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from vexord.index import files
from vexord.index.build import build_segment
from vexord.index.errors import IndexCorruptError
from vexord.index.manifest import FingerprintFields, SegmentRecord
from vexord.index.merge import MergeSource, choose_merge, merge_segments
from vexord.index.refined import RowSource, write_refined
from vexord.index.segment import Segment
from vexord.index.segment_writer import SegmentWriter
from vexord.index.stamps import read_stamps, write_stamps
from vexord.index.store import GenerationStore
from vexord.index.table import FileTable
from vexord.index.types import FileEntry, FileStamp, IndexedFile

logger = logging.getLogger(__name__)

LOCK_NAME = "writer.lock"


class IndexWriter:
    """Writes one index. Only one process may; readers need no lock. Not thread-safe.

    If a method raises `OSError` (no space, no permission), the writer goes on from the last generation.
    """

    def __init__(
        self, folder: str, fingerprint: FingerprintFields, lock: int, second: RowSource | None
    ) -> None:
        self._folder = folder
        self._fingerprint = fingerprint
        self._lock: int | None = lock
        self._store = GenerationStore(folder, fingerprint)
        self._table = FileTable()
        self._stamps_changed = False
        self._publish_due = True
        """Until this writer has published, a generation carries the epoch of an earlier one."""
        self._lost: list[str] = []
        self._second = second

    @classmethod
    def open(cls, folder: str, fingerprint: msgspec.Struct, second: RowSource | None = None) -> "IndexWriter":
        """Lock and open the index in `folder`, created if missing; damaged segments are left out.

        An index of another fingerprint appears empty and stays readable until the first commit. `second`
        gives rows of a second model, as far as it knows them, for every segment that is written.

        Raises:
            IndexLockedError: another writer has it; `pid` names its process.
            FutureFormatError: written by a newer version; nothing was touched.
            OSError: the folder cannot be used.
        """
        files.make_dir(folder)
        lock = files.lock_exclusively(os.path.join(folder, LOCK_NAME))
        try:
            writer = cls(folder, msgspec.to_builtins(fingerprint), lock, second)
            writer._load()
        except BaseException:
            files.unlock(lock)
            raise
        return writer

    # --- reading -------------------------------------------------------------------------------------------

    @property
    def generation(self) -> int:
        """Number of the last generation published; 0 if there is none."""
        return self._store.generation

    @property
    def epoch(self) -> str:
        """8 hex digits, made anew at each `open`; part of what this writer publishes."""
        return self._store.epoch

    def get(self, path: str) -> FileEntry | None:
        """Return the live entry of a file."""
        return self._table.get(path)

    def entries(self) -> Mapping[str, FileEntry]:
        """Return a view of all live files by path; it follows every commit."""
        return self._table

    def under(self, prefix: str) -> list[str]:
        """Return the live paths at or below a folder; all if `prefix` is empty."""
        return self._table.under(prefix)

    def reusable(self, path: str) -> dict[int, NDArray[np.int8]]:
        """Return the vectors, shape (dimensions,), of a live file's chunks by embed hash."""
        return self._table.reusable(path)

    def stats(self) -> tuple[int, int, int, int]:
        """Return live files, live chunks, segments, and bytes on disk."""
        segments = self._table.segments.values()
        size = sum(live.record(live.dead).size_bytes for live in segments)
        return len(self._table), self._table.chunks, len(segments), size

    # --- writing -------------------------------------------------------------------------------------------

    def commit(self, upserts: Sequence[IndexedFile], deletes: Iterable[str], *, durable: bool = False) -> int:
        """Replace and delete files, and publish; return the generation that is current then.

        The cost is that of the changes and of the manifest. A path in both is written; the last of several
        upserts of a path counts. Without any change nothing is published, except at the first call after
        `open`. With `durable` the generation survives a power cut, not only the death of the process.

        Raises:
            ValueError: vectors of a wrong shape, or an unknown kind of chunk; nothing has changed then.
            OSError: nothing has changed for this writer; see `GenerationStore.publish` for readers.
        """
        fresh = {file.path: file for file in upserts}
        buried = [path for path in {*fresh, *deletes} if path in self._table]
        if fresh or buried or self._publish_due:
            added = (
                self._write(lambda out: self._build(out, list(fresh.values())), durable) if fresh else None
            )
            tombstones = self._table.tombstones(buried)
            self._publish(tombstones, added[1] if added else None, durable=durable)
            self._table.bury(buried, tombstones)
            if added is not None:
                self._table.add(*added)
        self._save_stamps()
        return self.generation

    def touch(self, path: str, stamp: FileStamp, checked_ns: int) -> None:
        """Note that a live file was found unchanged under a new stamp; the next commit saves it."""
        if self._table.touch(path, stamp, checked_ns):
            self._stamps_changed = True

    def merge_step(self) -> bool:
        """Do the most useful merge, if one is due, and publish; return whether anything was done.

        Sources are read whole first: damage is never copied under a new checksum. Files lost that way are
        told by `take_lost`.
        """
        numbers = list(self._table.segments)
        chosen = [numbers[i] for i in choose_merge([self._table.segments[n].load() for n in numbers])]
        if not chosen:
            return False
        if self._drop_damaged(chosen):
            return True
        sources = [
            MergeSource(
                self._table.segments[n].segment, self._table.stamped_files(n), self._table.segments[n].dead
            )
            for n in chosen
        ]
        merged = self._write(lambda out: merge_segments(out, sources, self._fingerprint), durable=False)
        self._publish({}, merged[1], without=chosen)
        self._table.replace(chosen, *merged)
        return True

    def verify(self) -> bool:
        """Read every byte of the index; drop what is damaged, and publish. Return whether all was well."""
        whole = not self._drop_damaged(list(self._table.segments))
        for live in self._table.segments.values():
            record = live.record(live.dead)
            if not self._store.is_whole_refined(record):
                live.refined, whole = None, False
        if not whole:
            self._publish({}, None)
        return whole

    def take_lost(self) -> list[str]:
        """Return the paths of files dropped as damaged since the last call: they must be indexed again."""
        lost, self._lost = self._lost, []
        return lost

    def close(self) -> None:
        """Save newer stamps and give up the lock; once is enough. The writer must not be used afterwards."""
        lock, self._lock = self._lock, None
        if lock is not None:
            try:
                self._save_stamps()
            finally:
                files.unlock(lock)

    # --- second model --------------------------------------------------------------------------------------

    def refined(self) -> tuple[int, int]:
        """Return live chunks that have a published row of the second model (at most), and live chunks."""
        known = 0
        for live in self._table.segments.values():
            if live.refined is not None:
                known += min(live.refined.count, live.load().live)
        return known, self._table.chunks

    def unrefined(self) -> list[tuple[Segment, NDArray[np.bool_]]]:
        """Return the segments that lack rows of the second model, newest first, with their dead files."""
        return [
            (live.segment, live.dead)
            for live in reversed(self._table.segments.values())
            if live.refined is None or live.refined.count < live.segment.rows
        ]

    def refine(self) -> bool:
        """Write what the second model has come to know since; publish, and return True, if that is anything.

        Raises:
            OSError: nothing has changed then.
        """
        if self._second is None:
            return False
        changed = False
        for live in self._table.segments.values():
            before = live.refined
            if before is not None and before.count == live.segment.rows:
                continue
            after = write_refined(self._folder, live.segment, self._second, before.count if before else 0)
            if after is not None:
                live.refined, changed = after, True
                if before is not None:
                    self._store.retire(live.segment.name, before.file)
        if changed:
            self._publish({}, None)
        return changed

    # --- inside --------------------------------------------------------------------------------------------

    def _load(self) -> None:
        manifest = self._store.load()
        if manifest is None:
            return
        dropped = False
        for listed in manifest.segments:
            segment = self._store.open_segment(listed)
            record = self._store.checked_refined(listed, self._second.model if self._second else None)
            try:
                if segment is not None:
                    self._table.add(segment, record)
            except IndexCorruptError as error:
                logger.warning("segment dropped, its files will be indexed again: %s", error)
                segment = None
            dropped |= segment is None or record != listed
        self._table.apply(read_stamps(self._folder))
        if dropped:  # at once: readers refuse a generation with a damaged segment
            self._publish({}, None)

    def _build(self, out: SegmentWriter, indexed: Sequence[IndexedFile]) -> SegmentRecord:
        return build_segment(out, indexed, self._fingerprint)

    def _write(
        self, produce: Callable[[SegmentWriter], SegmentRecord], durable: bool
    ) -> tuple[Segment, SegmentRecord]:
        """Write a segment and open it; what was written is removed if that fails."""
        out = self._store.new_segment(durable=durable)
        try:
            record = produce(out)
            segment = Segment.open(self._folder, record)
            return segment, self._with_refined(segment, record)
        except BaseException:
            out.abandon()
            raise

    def _with_refined(self, segment: Segment, record: SegmentRecord) -> SegmentRecord:
        """Give a new segment what is known of the second model's rows; it can do without."""
        if self._second is None:
            return record
        try:
            refined = write_refined(self._folder, segment, self._second)
        except OSError as error:
            logger.warning("rows of the second model not written, they follow later: %s", error)
            refined = None
        return msgspec.structs.replace(record, refined=refined)

    def _publish(
        self,
        tombstones: Mapping[int, NDArray[np.bool_]],
        added: SegmentRecord | None,
        *,
        without: Sequence[int] = (),
        durable: bool = False,
    ) -> None:
        records = []
        for number, live in self._table.segments.items():
            dead = tombstones.get(number, live.dead)
            if number not in without and not dead.all():
                records.append(live.record(dead))
        if added is not None:
            records.append(added)
        self._store.publish(records, durable=durable)
        self._publish_due = False

    def _drop_damaged(self, numbers: Sequence[int]) -> bool:
        damaged = [n for n in numbers if not self._store.is_whole(self._table.segments[n].base)]
        if damaged:
            self._publish({}, None, without=damaged)
            for number in damaged:
                self._lost += self._table.paths_of(number)
            self._table.replace(damaged, None, None)
        return bool(damaged)

    def _save_stamps(self) -> None:
        if not self._stamps_changed:
            return
        try:
            write_stamps(self._folder, self._table.stamps())
        except OSError as error:
            logger.warning("stamps not saved, their files will be read again after a restart: %s", error)
        else:
            self._stamps_changed = False
