"""A project's work in the hands of the crew: batches and merges go out, whole segments come back."""

import logging
from collections.abc import Callable, Iterable
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field

import msgspec

from vexord.index.manifest import FingerprintFields
from vexord.index.merge import MergeTask, run_merge
from vexord.index.writer import IndexWriter
from vexord.ingest.crew import Crew
from vexord.ingest.deaths import Deaths, path_of
from vexord.ingest.modes import AUTO
from vexord.ingest.reconcile import Scan
from vexord.ingest.tasks import BatchDone, BatchTask, run_batch

logger = logging.getLogger(__name__)

BULK_BYTES = 2 << 20
"""A scan with less to read is done by the main loop before a process has started."""
BATCH_BYTES = 3 << 20
"""About 5,000 chunks, and two seconds of one process."""
BATCH_FILES = 1_024
SMALL_BATCH_BYTES = 512 << 10
"""So are the first, so that something is found soon, and the last, so that all processes end together."""
MERGE_ROWS = 8_192
"""A smaller merge takes less than 0.1 s, which an edit may wait."""


@dataclass(slots=True)
class Batch:
    """Files that the crew has."""

    paths: list[str]
    size: int
    """Bytes."""
    segment: str
    overtaken: set[str] = field(default_factory=set)
    """Those that the main loop looked at meanwhile; its word counts."""
    done: BatchDone | None = None
    """None if it failed."""
    error: BaseException | None = None


class Bulk:
    """Hands out the batches of one scan, and one merge at a time."""

    def __init__(
        self, root: str, writer: IndexWriter, fingerprint: msgspec.Struct, crew: Crew | None, deaths: Deaths
    ) -> None:
        self.mode = AUTO
        """How much of each file the batches handed out from now on index."""
        self._root = root
        self._writer = writer
        self._fingerprint: FingerprintFields = msgspec.to_builtins(fingerprint)
        self._crew = crew
        self._deaths = deaths
        self._suspects: list[tuple[str, int]] = []
        """Paths that a process had at hand when it died, with their sizes: each goes alone next time."""
        self._batches: dict[int, Batch] = {}
        self._merge: tuple[int, MergeTask] | None = None
        self._handed_out = 0

    @property
    def files(self) -> int:
        """Number of files that the crew has, or is to have alone."""
        return len(self._suspects) + sum(len(batch.paths) for batch in self._batches.values())

    @property
    def merging(self) -> bool:
        """Whether the crew has a merge."""
        return self._merge is not None

    @property
    def returned(self) -> bool:
        """Whether the crew has brought something back."""
        merge = {self._merge[0]} if self._merge is not None else set()
        return self._crew is not None and self._crew.has(set(self._batches) | merge)

    def wants(self, scan: Scan) -> bool:
        """Whether a scan is worth the crew's time, or under way there."""
        usable = self._crew is not None and self._crew.usable
        return bool(self.files or self._batches) or (usable and scan.left_bytes >= BULK_BYTES)

    def waiting(self, scan: Scan) -> bool:
        """Whether a scan can go on only when the crew brings something back."""
        if not self._batches or self._crew is None or self.returned:
            return False
        return not scan.left or not self._crew.room

    def hand_out(self, scan: Scan, wanted: Callable[[list[str]], list[str]]) -> None:
        """Give the crew as many batches as it has room for. `wanted` leaves out what is ignored by now."""
        if self._suspects and self._crew is not None:  # alone, so that the next death has one cause
            while self._suspects and not self._crew.usable:
                path, size = self._suspects.pop()
                scan.put_back([path], size)
            if self._suspects and not self._batches:
                path, size = self._suspects.pop(0)
                self._submit(wanted([path]), size, scan)
            return
        while self._crew is not None and self._crew.room and scan.left:
            paths, size = scan.next_batch(BATCH_FILES, self._batch_bytes(scan, self._crew.size))
            self._handed_out += 1
            self._submit(wanted(paths), size, scan)

    def _submit(self, paths: list[str], size: int, scan: Scan) -> None:
        batch = Batch(paths, size, self._writer.reserve())
        entries = {path: self._writer.get(path) for path in batch.paths}
        task = BatchTask(
            root=self._root,
            paths=batch.paths,
            entries={path: entry for path, entry in entries.items() if entry is not None},
            force=scan.check_all,
            mode=self.mode,
            folder=self._writer.folder,
            name=batch.segment,
            fingerprint=self._fingerprint,
            guard_file=self._deaths.worker_file(batch.segment),
            banned=self._deaths.banned,
        )
        assert self._crew is not None  # noqa: S101 - whoever asked saw that there is one
        self._batches[self._crew.submit(run_batch, task)] = batch

    def _batch_bytes(self, scan: Scan, processes: int) -> int:
        if self._handed_out < 2 * processes:
            return SMALL_BATCH_BYTES
        return min(BATCH_BYTES, max(SMALL_BATCH_BYTES, scan.left_bytes // (3 * processes)))

    def finished(self) -> list[Batch]:
        """Return the batches that have come back."""
        batches = []
        for result in self._crew.take(set(self._batches)) if self._crew is not None else ():
            batch = self._batches.pop(result.ticket)
            batch.done, batch.error = result.value, result.error
            if result.error is not None:
                logger.warning("a batch failed and is done again root=%r error=%r", self._root, result.error)
                self._single_out(batch)
            if batch.done is None or batch.done.record is None:
                self._writer.release(batch.segment)
            batches.append(batch)
        return batches

    def _single_out(self, batch: Batch) -> None:
        """Take the file that a process had at hand when it died out of its batch."""
        key = self._deaths.worker_died(batch.segment)
        for path in batch.paths:
            if path == path_of(key):
                self._suspects.append((path, batch.size // len(batch.paths)))
                batch.paths.remove(path)
                return

    def under(self, folder: str) -> list[str]:
        """Return the files at or below a folder that the crew has."""
        inside = folder + "/"
        paths = [path for batch in self._batches.values() for path in batch.paths]
        paths += [path for path, _ in self._suspects]
        return [path for path in paths if path == folder or path.startswith(inside)]

    def overtake(self, paths: Iterable[str]) -> None:
        """The main loop has looked at these: what the crew has of them is old."""
        if self._batches:
            changed = set(paths)
            for batch in self._batches.values():
                batch.overtaken |= changed.intersection(batch.paths)

    def merge(self, *, settled: bool = False) -> None:
        """Do the most useful merge, if one is due: at once if it is small, else by the crew.

        `settled`: no edits are expected soon; see `index.merge.choose_merge`.

        Raises:
            IndexStoreError, OSError: it cannot be written.
        """
        task = self._writer.begin_merge(settled=settled) if self._merge is None else None
        if task is None:
            return
        key = _merge_key(task)
        if self._deaths.is_banned(key):  # searches do with more segments; other ones may be merged later
            self._writer.release(task.name)
            return
        rows = sum(one.record.rows for one in task.inputs)
        if self._crew is not None and self._crew.usable and rows >= MERGE_ROWS:
            self._merge = self._crew.submit(run_merge, task), task
            return
        try:
            with self._deaths.at_hand(key):
                merged = run_merge(task)
        except BaseException:
            self._writer.release(task.name)
            raise
        self._writer.finish_merge(task, merged)

    def take_merge(self) -> None:
        """Put a merge that has come back into the index.

        Raises:
            IndexStoreError, OSError: it cannot be published.
        """
        if self._merge is None or self._crew is None:
            return
        ticket, task = self._merge
        for result in self._crew.take({ticket}):
            self._merge = None
            if result.error is None:
                self._deaths.survived(_merge_key(task))
                self._writer.finish_merge(task, result.value)
            else:
                logger.warning("a merge failed and is tried again root=%r error=%r", self._root, result.error)
                self._writer.release(task.name)
                if isinstance(result.error, BrokenProcessPool):
                    self._deaths.died(_merge_key(task))
                elif isinstance(result.error, OSError):
                    raise result.error

    def forget(self) -> None:
        """The scan has ended before its time: what comes back of it is not wanted."""
        for batch in self._batches.values():
            self._writer.release(batch.segment)
        if self._crew is not None:
            self._crew.drop(set(self._batches))
        self._batches.clear()
        self._suspects.clear()


def _merge_key(task: MergeTask) -> str:
    return " ".join(["merge", *(one.record.name for one in task.inputs)])
