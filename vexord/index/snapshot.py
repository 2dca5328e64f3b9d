"""The reader's side: one whole generation, opened from its manifest, sharing segments with the one before."""

import logging
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from vexord.index.errors import IndexCorruptError
from vexord.index.manifest import FingerprintFields, Manifest, SegmentRecord, read_manifest
from vexord.index.refined import Refined, open_refined
from vexord.index.segment import Segment, rows_of_files

logger = logging.getLogger(__name__)

_OPEN_ATTEMPTS = 5


@dataclass(frozen=True, slots=True, eq=False)
class SegmentView:
    """A segment with the tombstones of one generation."""

    segment: Segment
    record: SegmentRecord
    live: NDArray[np.bool_] | None
    """Mask over rows, shape (rows,); None if all are live."""
    live_rows: int
    live_files: int
    refined: Refined | None = None

    @classmethod
    def of(cls, segment: Segment, record: SegmentRecord, refined: Refined | None = None) -> "SegmentView":
        """Work out which rows are live."""
        if not record.dead:
            return cls(segment, record, None, segment.rows, record.files, refined)
        alive = ~record.dead_files()
        live = rows_of_files(segment.files, alive)
        return cls(segment, record, live, int(live.sum()), int(alive.sum()), refined)


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """One generation of an index, immutable and thread-safe. It reads on after newer ones replaced it."""

    generation: int
    epoch: str
    """Of the writer that published it."""
    fingerprint: FingerprintFields
    segments: tuple[SegmentView, ...]
    live_rows: int
    live_files: int

    @classmethod
    def open(cls, folder: str, previous: "Snapshot | None" = None) -> "Snapshot":
        """Open the current generation; what `previous` has open is not opened again.

        Raises:
            FileNotFoundError: nothing was published yet.
            IndexCorruptError: a file is damaged; the writer mends that when it opens the index.
            FutureFormatError: written by a newer version.
            OSError: a file cannot be opened or mapped.
        """
        manifest = read_manifest(folder)
        for _ in range(_OPEN_ATTEMPTS):
            if previous is not None and _identity(previous) == (manifest.epoch, manifest.generation):
                return previous
            try:
                return cls._of(folder, manifest, previous)
            except IndexCorruptError:
                # Not damage if a newer generation was published meanwhile and our segments were cleared away.
                newer = read_manifest(folder)
                if newer == manifest:
                    break
                manifest = newer
        return cls._of(folder, manifest, previous, lenient=True)

    def matches(self, fingerprint: msgspec.Struct) -> bool:
        """Whether its vectors may be compared with those of this embedder's fingerprint."""
        return bool(self.fingerprint == msgspec.to_builtins(fingerprint))

    @classmethod
    def _of(
        cls, folder: str, manifest: Manifest, previous: "Snapshot | None", lenient: bool = False
    ) -> "Snapshot":
        """`lenient`: do without rows of the second model that cannot be opened."""
        known = {view.record.name: view for view in previous.segments} if previous is not None else {}
        views = tuple(_view(folder, record, known.get(record.name), lenient) for record in manifest.segments)
        return cls(
            generation=manifest.generation,
            epoch=manifest.epoch,
            fingerprint=manifest.fingerprint,
            segments=views,
            live_rows=sum(view.live_rows for view in views),
            live_files=sum(view.live_files for view in views),
        )


def _view(folder: str, record: SegmentRecord, known: SegmentView | None, lenient: bool) -> SegmentView:
    if known is not None and known.record == record:
        return known
    same = known is not None and known.record.sums == record.sums  # another index could have taken the folder
    segment = known.segment if known is not None and same else Segment.open(folder, record)
    if known is not None and same and known.record.refined == record.refined:
        return SegmentView.of(segment, record, known.refined)
    try:
        refined = open_refined(folder, record)
    except IndexCorruptError as error:
        if not lenient:
            raise
        logger.warning("rows of the second model left out: %s", error)
        refined = None
    return SegmentView.of(segment, record, refined)


def _identity(snapshot: Snapshot) -> tuple[str, int]:
    return snapshot.epoch, snapshot.generation
