"""What was read of one project goes into its index here: gathered, committed or adopted, and published."""

import errno
import logging
import time
from collections.abc import Callable, Container, Iterable

from vexor_protocol.health import Degraded

from vexord.index.errors import IndexStoreError
from vexord.index.types import IndexedFile
from vexord.index.writer import IndexWriter
from vexord.ingest.health import Health
from vexord.ingest.pipeline import Outcome, chunk_count
from vexord.ingest.tasks import BatchDone
from vexord.link.messages import ProjectSpec, Published

logger = logging.getLogger(__name__)

COMMIT_CHUNKS = 4_096
"""During a scan a generation is published after so many chunks, if not earlier."""
RETRY_WRITE_S = 2.0
_NAMED_PATHS = 100
NOT_WRITTEN = frozenset({"write_failed", "disk_full"})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class Publisher:
    """If the index cannot be written, the old generation goes on serving and what was read is not lost."""

    def __init__(self, spec: ProjectSpec, writer: IndexWriter, health: Health) -> None:
        self._spec = spec
        self._writer = writer
        self._health = health
        self.tick = 0
        """Grows with every generation that changes what can be found."""
        self.last_commit_s = time.monotonic()
        self._upserts: dict[str, IndexedFile] = {}
        self._deletes: dict[str, None] = {}
        self._retry_s = 0.0
        """Monotonic: before it nothing is written again after a failure."""

    @property
    def unpublished(self) -> bool:
        """Whether files were read that no generation holds yet."""
        return bool(self._upserts or self._deletes)

    @property
    def unpublished_chunks(self) -> int:
        """Number of chunks of those files."""
        return chunk_count(list(self._upserts.values()))

    @property
    def failing(self) -> bool:
        """Whether the last attempt to write failed."""
        return self._retry_s > 0.0

    def wait_s(self, now: float) -> float:
        """Seconds until it is worth writing again; 0 if nothing hinders."""
        return max(0.0, self._retry_s - now)

    def overfull(self, now: float) -> bool:
        """Whether enough was read that cannot be written: what changes is noted, and read later."""
        return self.wait_s(now) > 0.0 and self.unpublished_chunks >= COMMIT_CHUNKS

    def under(self, folder: str) -> list[str]:
        """Return the files below a folder that were read and are in no generation yet."""
        return [path for path in self._upserts if path.startswith(folder + "/")]

    def delete(self, path: str) -> None:
        """The path is not wanted any more."""
        self._upserts.pop(path, None)
        self._deletes[path] = None
        self._health.unskip(path)

    def less_ignored(self, paths: list[str], excluded: Callable[[str, bool], bool]) -> list[str]:
        """Return the paths to read; those that are ignored by now are deleted instead."""
        ignored = {path for path in paths if excluded(path, False)}
        for path in sorted(ignored):
            self.delete(path)
        return [path for path in paths if path not in ignored]

    def absorb(self, outcome: Outcome, looked_at: Iterable[str]) -> None:
        """Take what a batch of paths came to; what was read of them before and not published is old now."""
        for path in looked_at:
            if path not in outcome.failed:
                self._upserts.pop(path, None)
        self._upserts |= {file.path: file for file in outcome.upserts}
        self._deletes |= dict.fromkeys(outcome.deletes)
        for path, stamp, checked_ns in outcome.touched:
            self._writer.touch(path, stamp, checked_ns)
        for path in outcome.deletes:
            self._health.unskip(path)
        for file in outcome.upserts:
            self._deletes.pop(file.path, None)
            self._health.unskip(file.path)
        for path, _, _ in outcome.touched:
            self._deletes.pop(path, None)
        self._health.skip(outcome.skipped)

    def commit(self, *, always: bool = False) -> Published | None:
        """Write what was gathered; return what was published, if anything was."""
        if not (self.unpublished or always) or self.wait_s(time.monotonic()):
            return None
        self.last_commit_s = time.monotonic()
        try:
            self._writer.commit(list(self._upserts.values()), self._deletes)
        except OSError as error:
            self.failed(error)
            return None
        changed, removed = list(self._upserts), list(self._deletes)
        self._upserts, self._deletes = {}, {}
        self._mended()
        return self._published(changed, removed)

    def adopt(self, done: BatchDone, overtaken: Container[str]) -> Published | None:
        """Take in a batch that the crew wrote; None if that fails, and the batch must be done again."""
        for path in done.upserted:
            self._health.unskip(path)
        self._health.skip(done.outcome.skipped)
        try:
            self._writer.adopt(done.record, overtaken, self._deletes)
        except (IndexStoreError, OSError) as error:
            self.failed(error)
            return None
        removed, self._deletes = list(self._deletes), {}
        self.last_commit_s = time.monotonic()
        self._mended()
        return self._published(done.upserted, removed)

    def change(self, change: Callable[[], object]) -> Published | None:
        """Let the writer do something that changes no file; return what was published, if anything was."""
        before = self._writer.generation
        try:
            change()
        except (IndexStoreError, OSError) as error:
            self.failed(error)
            return None
        if self._writer.generation == before:
            return None
        self._mended()
        return self._published([], [])

    def failed(self, error: Exception) -> None:
        """Note that the index cannot be written; it is tried again after a while."""
        self._retry_s = time.monotonic() + RETRY_WRITE_S
        full = isinstance(error, OSError) and error.errno in _FULL
        entry = Degraded(
            name="disk_full" if full else "write_failed",
            message=f"the index cannot be written: {error.strerror if isinstance(error, OSError) else error}",
            hint=f"{'make room on the disk' if full else 'mend the rights or the disk'} of"
            f" {self._spec.index_dir}; it is tried again by itself",
        )
        if entry not in self._health.degraded():
            logger.error("index not written root=%r error=%s", self._spec.root, error)
        self._health.replace(NOT_WRITTEN, entry)

    def _mended(self) -> None:
        self._retry_s = 0.0
        self._health.replace(NOT_WRITTEN, None)

    def _published(self, changed: list[str], removed: list[str]) -> Published:
        if changed or removed or self.tick == 0:
            self.tick += 1
        return Published(
            self._spec.id,
            self._writer.generation,
            self._writer.epoch,
            self.tick,
            changed[:_NAMED_PATHS],
            removed[:_NAMED_PATHS],
        )
