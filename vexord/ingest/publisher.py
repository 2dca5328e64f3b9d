"""What was read of one project goes into its index here: gathered, committed or adopted, and published."""

import logging
import time
from collections.abc import Callable, Container

from vexord.index.errors import IndexStoreError
from vexord.index.types import IndexedFile
from vexord.index.writer import IndexWriter
from vexord.ingest.health import Health
from vexord.ingest.pipeline import Outcome, chunk_count
from vexord.ingest.tasks import BatchDone
from vexord.link.messages import ProjectSpec, Published

logger = logging.getLogger(__name__)

RETRY_WRITE_S = 2.0
_NAMED_PATHS = 100


class Publisher:
    """If the index cannot be written, the old generation goes on serving and what was read is not lost."""

    def __init__(self, spec: ProjectSpec, writer: IndexWriter, health: Health) -> None:
        self._spec = spec
        self._writer = writer
        self._health = health
        self.tick = 0
        """Grows with every generation that changes what can be found."""
        self.last_commit_s = time.monotonic()
        self._upserts: list[IndexedFile] = []
        self._deletes: list[str] = []

    @property
    def unpublished(self) -> bool:
        """Whether files were read that no generation holds yet."""
        return bool(self._upserts or self._deletes)

    @property
    def unpublished_chunks(self) -> int:
        """Number of chunks of those files."""
        return chunk_count(self._upserts)

    def under(self, folder: str) -> list[str]:
        """Return the files below a folder that were read and are in no generation yet."""
        return [file.path for file in self._upserts if file.path.startswith(folder + "/")]

    def delete(self, path: str) -> None:
        """The path is not wanted any more."""
        self._deletes.append(path)
        self._health.unskip(path)

    def less_ignored(self, paths: list[str], excluded: Callable[[str, bool], bool]) -> list[str]:
        """Return the paths to read; those that are ignored by now are deleted instead."""
        ignored = {path for path in paths if excluded(path, False)}
        for path in sorted(ignored):
            self.delete(path)
        return [path for path in paths if path not in ignored]

    def absorb(self, outcome: Outcome) -> None:
        """Take what a batch of paths came to."""
        self._upserts += outcome.upserts
        self._deletes += outcome.deletes
        for path, stamp, checked_ns in outcome.touched:
            self._writer.touch(path, stamp, checked_ns)
        for path in outcome.deletes:
            self._health.unskip(path)
        for file in outcome.upserts:
            self._health.unskip(file.path)
        self._health.skip(outcome.skipped)

    def commit(self, *, always: bool = False) -> Published | None:
        """Write what was gathered; return what was published, if anything was."""
        if not (self.unpublished or always):
            return None
        latest = {file.path: file for file in self._upserts}
        removed = [path for path in self._deletes if path not in latest]
        self.last_commit_s = time.monotonic()
        try:
            self._writer.commit(list(latest.values()), removed)
        except OSError as error:
            self._failed(error)
            return None
        self._upserts, self._deletes = [], []
        self._health.mended("write_failed")
        return self._published(list(latest), removed)

    def adopt(self, done: BatchDone, overtaken: Container[str]) -> Published | None:
        """Take in a batch that the crew wrote; None if that fails, and the batch must be done again."""
        for path in done.upserted:
            self._health.unskip(path)
        self._health.skip(done.outcome.skipped)
        try:
            self._writer.adopt(done.record, overtaken, self._deletes)
        except (IndexStoreError, OSError) as error:
            self._failed(error)
            return None
        removed, self._deletes = self._deletes, []
        self.last_commit_s = time.monotonic()
        self._health.mended("write_failed")
        return self._published(done.upserted, removed)

    def change(self, change: Callable[[], object]) -> Published | None:
        """Let the writer do something that changes no file; return what was published, if anything was."""
        before = self._writer.generation
        try:
            change()
        except (IndexStoreError, OSError) as error:
            self._failed(error)
            return None
        return self._published([], []) if self._writer.generation != before else None

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

    def _failed(self, error: Exception) -> None:
        logger.error("index not written root=%r error=%s", self._spec.root, error)
        self._health.degrade(
            "write_failed",
            f"the index cannot be written: {error.strerror if isinstance(error, OSError) else error}",
            f"make room or mend the rights of {self._spec.index_dir}; it is tried again by itself",
        )
