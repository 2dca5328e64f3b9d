"""What the crew's processes do: read, chunk, embed and write a batch of files as a segment."""

import gc
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vexord.embed.default import default_embedder
from vexord.embed.seam import Embedder
from vexord.index.build import build_segment
from vexord.index.manifest import FingerprintFields, SegmentRecord
from vexord.index.segment_writer import SegmentWriter
from vexord.index.types import FileEntry
from vexord.ingest.deaths import Guard
from vexord.ingest.pipeline import Outcome, Pipeline, chunk_count

MAX_CPU_S = 120.0
"""Of one file; the largest that are read take some seconds."""


@dataclass(frozen=True, slots=True)
class BatchTask:
    """Files to bring into a new segment."""

    root: str
    paths: list[str]
    entries: dict[str, FileEntry]
    """Those of the paths that are indexed already."""
    force: bool
    """Take unchanged files too."""
    mode: str
    """How much of each file is indexed."""
    folder: str
    """Of the index."""
    name: str
    """Of the segment to write."""
    fingerprint: FingerprintFields
    guard_file: str
    """Where the process says which file it has at hand."""
    banned: frozenset[str]
    """Files to be let alone; see `deaths.file_key`."""


@dataclass(frozen=True, slots=True)
class BatchDone:
    """What came of it."""

    record: SegmentRecord | None
    """None if no file had to be written."""
    outcome: Outcome = field(default_factory=Outcome)
    """Without its upserts: they are in the segment."""
    upserted: list[str] = field(default_factory=list)
    chunks: int = 0


class _Known:
    """The file table as it was when the batch was sent. Vectors are made anew: that is cheap."""

    def __init__(self, entries: Mapping[str, FileEntry]) -> None:
        self._entries = entries

    def get(self, path: str) -> FileEntry | None:
        return self._entries.get(path)

    def reusable(self, path: str) -> Mapping[int, NDArray[np.int8]]:  # noqa: ARG002 - as the protocol names it
        return {}


class TimedGuard(Guard):
    """Has the kernel end the process if one file takes too long: a parser without end holds Python's lock."""

    def begin(self, key: str) -> None:
        """This is at hand now."""
        super().begin(key)
        signal.setitimer(signal.ITIMER_PROF, MAX_CPU_S)

    def end(self, key: str) -> None:
        """It has been done, or given up."""
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        super().end(key)

    def close(self) -> None:
        """Nothing is at hand any more."""
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        super().close()


_embedder: Embedder | None = None


def begin(chunk_format: int) -> None:
    """Load the model; called once in each process."""
    global _embedder  # noqa: PLW0603 - one for each process
    _embedder = default_embedder(chunk_format)


def run_batch(task: BatchTask) -> BatchDone:
    """Look at each path; write those files that changed as one segment.

    Raises:
        OSError: the segment cannot be written; nothing is left behind.
    """
    assert _embedder is not None  # noqa: S101 - `begin` came first
    gc.collect()  # of the batch before: the crew looks for cycles at no other time
    guard = TimedGuard(task.guard_file, task.banned)
    try:
        pipeline = Pipeline(task.root, _Known(task.entries), _embedder, task.mode, guard)
        outcome = pipeline.run(task.paths, force=task.force)
    finally:
        guard.close()
    upserts, outcome.upserts = outcome.upserts, []
    words, outcome.words = outcome.words, None
    if not upserts:
        return BatchDone(None, outcome)
    with SegmentWriter(task.folder, task.name, durable=False) as out:
        record = build_segment(out, upserts, task.fingerprint, words)
    return BatchDone(record, outcome, [file.path for file in upserts], chunk_count(upserts))
