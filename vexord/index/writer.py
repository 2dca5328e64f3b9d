"""The index writer: takes changed files, publishes generations, merges segments. One for each index."""

import logging
import os
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from vexord import files
from vexord.index.build import build_segment
from vexord.index.errors import IndexCorruptError, IndexLockedError
from vexord.index.manifest import FingerprintFields, SegmentRecord, encode_dead
from vexord.index.merge import Merged, MergeInput, MergeTask, choose_merge, run_merge
from vexord.index.refined import RowSource
from vexord.index.scrub import Scrub
from vexord.index.second import SecondRows
from vexord.index.segment import Segment
from vexord.index.segment_writer import SegmentWriter
from vexord.index.stamps import read_stamps, write_stamps
from vexord.index.store import LOCK_NAME, GenerationStore
from vexord.index.table import FileTable
from vexord.index.types import FileEntry, FileStamp, IndexedFile

logger = logging.getLogger(__name__)


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
        self._second = SecondRows(self._store, self._table, second)

    @classmethod
    def open(cls, folder: str, fingerprint: msgspec.Struct, second: RowSource | None = None) -> "IndexWriter":
        """Lock and open the index in `folder`, created if missing; damaged segments are left out.

        An index of another fingerprint appears empty and stays readable until the first commit. `second`
        gives rows of a second model, as far as it knows them, for every segment that is written; see
        `SecondRows` for what becomes of those of an earlier one.

        Raises:
            IndexLockedError: another writer has it; `pid` names its process.
            FutureFormatError: written by a newer version; nothing was touched.
            OSError: the folder cannot be used.
        """
        files.make_dir(folder)
        try:
            lock = files.lock_exclusively(os.path.join(folder, LOCK_NAME))
        except files.LockHeldError as error:
            raise IndexLockedError(folder, error.pid) from None
        try:
            writer = cls(folder, msgspec.to_builtins(fingerprint), lock, second)
            writer._load()
        except BaseException:
            files.unlock(lock)
            raise
        return writer

    # --- reading -------------------------------------------------------------------------------------------

    @property
    def folder(self) -> str:
        """Folder of the index."""
        return self._folder

    @property
    def generation(self) -> int:
        """Number of the last generation published; 0 if there is none."""
        return self._store.generation

    @property
    def epoch(self) -> str:
        """8 hex digits, made anew at each `open`; part of what this writer publishes."""
        return self._store.epoch

    @property
    def mode(self) -> str:
        """Under which all files were indexed; empty if they are mixed. It goes out with a generation."""
        return self._store.mode

    @mode.setter
    def mode(self, mode: str) -> None:
        self._publish_due |= mode != self._store.mode
        self._store.mode = mode

    def get(self, path: str) -> FileEntry | None:
        """Return the live entry of a file."""
        return self._table.get(path)

    def entries(self) -> FileTable:
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
            self._swap(buried, added, durable=durable)
        self._save_stamps()
        return self.generation

    def reserve(self) -> str:
        """Return the name of a segment that another process is to write below `segments`."""
        return self._store.reserve()

    def release(self, name: str) -> None:
        """The other process has failed: what it may have written is cleared away."""
        self._store.arrived(name)

    def adopt(self, record: SegmentRecord | None, overtaken: Container[str], deletes: Iterable[str]) -> int:
        """Take in a segment that another process wrote, delete files, and publish; return the generation.

        Files of it that are `overtaken`, committed or deleted by us since that process read them, stay out.

        Raises:
            IndexCorruptError, OSError: the segment cannot be opened, or nothing can be published; nothing has
                changed then.
        """
        buried = {path for path in deletes if path in self._table}
        added = None
        if record is not None:
            self._store.arrived(record.name)
            segment = Segment.open(self._folder, record)
            paths = segment.paths.tolist()
            dead = np.fromiter((path in overtaken for path in paths), np.bool_, len(paths))
            buried.update(path for path in paths if path not in overtaken and path in self._table)
            if not dead.all():
                alive = msgspec.structs.replace(record, dead=encode_dead(dead))
                added = segment, self._second.with_rows(segment, alive)
        if added or buried or self._publish_due:
            self._swap(buried, added)
        self._save_stamps()
        return self.generation

    def touch(self, path: str, stamp: FileStamp, checked_ns: int) -> None:
        """Note that a live file was found unchanged under a new stamp; the next commit saves it."""
        if self._table.touch(path, stamp, checked_ns):
            self._stamps_changed = True

    def merge_step(self) -> bool:
        """Do the most useful merge, if one is due, and publish; return whether anything was done.

        Damaged segments are dropped instead; files lost that way are told by `take_lost`.
        """
        task = self.begin_merge()
        if task is None:
            return False
        try:
            merged = run_merge(task)
        except BaseException:
            self.release(task.name)
            raise
        self.finish_merge(task, merged)
        return True

    def begin_merge(self, *, settled: bool = False) -> MergeTask | None:
        """Return the most useful merge, if one is due, for `run_merge` in any process; see `choose_merge`."""
        live = list(self._table.segments.items())
        loads = [one.load() for _, one in live]
        chosen = [live[place] for place in choose_merge(loads, settled=settled)]
        if not chosen:
            return None
        inputs = [MergeInput(one.base, self._table.stamped_files(n), one.dead) for n, one in chosen]
        return MergeTask(self._folder, self._store.reserve(), self._fingerprint, tuple(inputs))

    def finish_merge(self, task: MergeTask, merged: Merged) -> None:
        """Put a merged segment in the place of its sources and publish; what has died since is dead in it.

        Raises:
            IndexCorruptError, OSError: nothing has changed then.
        """
        self._store.arrived(task.name)
        number_of = {live.segment.name: number for number, live in self._table.segments.items()}
        if merged.record is None:
            self._drop([number_of[name] for name in merged.damaged if name in number_of])
            return
        died = [self._died_since(number_of.get(one.record.name), one.dead) for one in task.inputs]
        dead = np.concatenate(died)
        segment = Segment.open(self._folder, merged.record)
        record = msgspec.structs.replace(merged.record, dead=encode_dead(dead))
        record = self._second.with_rows(segment, record)
        sources = [number_of[one.record.name] for one in task.inputs if one.record.name in number_of]
        keep = not dead.all()
        self._publish({}, record if keep else None, without=sources)
        self._table.replace(sources, segment if keep else None, record if keep else None)

    def _died_since(self, number: int | None, before: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Of the files of a segment that lived when a merge began: which are dead now."""
        if number is None:
            return np.ones(int((~before).sum()), np.bool_)
        return self._table.segments[number].dead[~before]

    def verify(self) -> bool:
        """Read every byte of the index; drop what is damaged, and publish. Return whether all was well."""
        scrub = self.begin_scrub()
        while scrub.step():
            pass
        self.finish_scrub(scrub)
        return not (scrub.damaged or scrub.damaged_refined)

    def begin_scrub(self) -> Scrub:
        """Return a reading of the whole index, to be done in steps; then `finish_scrub`."""
        return Scrub(self._folder, [live.record(live.dead) for live in self._table.segments.values()])

    def finish_scrub(self, scrub: Scrub) -> None:
        """Drop what was found damaged, and publish.

        Raises:
            OSError: nothing has changed for readers then.
        """
        live = self._table.segments
        self._drop([number for number, one in live.items() if one.segment.name in scrub.damaged])
        spoilt = [one for one in live.values() if one.refined and one.refined.file in scrub.damaged_refined]
        for one in spoilt:
            one.refined = None
        if spoilt:
            self._publish({}, None)

    def missing(self) -> str:
        """Return what somebody else has removed, replaced or cut short; empty if all is as we left it."""
        lock = os.path.join(self._folder, LOCK_NAME)
        if self._lock is not None and not files.is_same(lock, self._lock):
            return lock
        return self._store.missing(live.record(live.dead) for live in self._table.segments.values())

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

    @property
    def second(self) -> SecondRows:
        """What there is of a second model's rows. To write some use `refine` and `switch`."""
        return self._second

    def refine(self, only: Container[str] | None = None) -> bool:
        """Publish what the second model has come to know since; return whether that is anything.

        `only`: names of the segments to look at; None for all.

        Raises:
            OSError: nothing has changed for readers then.
        """
        changed = self._second.refine(only)
        if changed:
            self._publish({}, None)
        return changed

    def switch(self) -> bool:
        """Publish the rows of a new second model in the place of the earlier one's; False if none is new.

        Raises:
            OSError: nothing has changed for readers then.
        """
        switched = self._second.switch()
        if switched:
            self._publish({}, None)
        return switched

    # --- inside --------------------------------------------------------------------------------------------

    def _load(self) -> None:
        manifest = self._store.load()
        if manifest is None:
            return
        dropped = False
        self._second.go_on_with(manifest.segments)
        for listed in manifest.segments:
            segment = self._store.open_segment(listed)
            record = self._store.checked_refined(listed, self._second.model)
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
        with self._store.new_segment(durable=durable) as out:
            record = produce(out)
            segment = Segment.open(self._folder, record)
            return segment, self._second.with_rows(segment, record)

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

    def _drop(self, damaged: Sequence[int]) -> None:
        if damaged:
            self._publish({}, None, without=damaged)
            for number in damaged:
                self._lost += self._table.paths_of(number)
            self._table.replace(damaged, None, None)

    def _swap(
        self, buried: Collection[str], added: tuple[Segment, SegmentRecord] | None, *, durable: bool = False
    ) -> None:
        """Publish a new segment and the death of files, and note both."""
        tombstones = self._table.tombstones(buried)
        self._publish(tombstones, added[1] if added else None, durable=durable)
        self._table.bury(buried, tombstones)
        if added is not None:
            self._table.add(*added)

    def _save_stamps(self) -> None:
        if not self._stamps_changed:
            return
        try:
            write_stamps(self._folder, self._table.stamps())
        except OSError as error:
            logger.warning("stamps not saved, their files will be read again after a restart: %s", error)
        else:
            self._stamps_changed = False
