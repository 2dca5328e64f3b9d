"""What searches read of each project: opened when published, closed when nobody asks for it, opened again."""

import logging
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from vexor_protocol.health import Degraded

from vexord.index.errors import IndexStoreError
from vexord.index.manifest import MANIFEST_NAME
from vexord.index.snapshot import Snapshot
from vexord.moments import utc_text

logger = logging.getLogger(__name__)

UNREADABLE = "index_unreadable"
KEEP_OPEN_S = 300.0
"""A snapshot that no search has read for so long is closed: its maps, descriptors and caches go."""
MAX_OPEN = 64
"""More open snapshots than this are not kept even so long; those read longest ago are closed first."""


@dataclass(frozen=True, slots=True)
class Size:
    """What is told of a snapshot, open or not."""

    generation: int
    files: int
    chunks: int
    segments: int

    @classmethod
    def of(cls, snapshot: Snapshot) -> "Size":
        """Measure a snapshot."""
        segments = len(snapshot.segments)
        return cls(snapshot.generation, snapshot.live_files, snapshot.live_rows, segments)


@dataclass(slots=True)
class Slot:
    """What one project has published, and its snapshot while it is open. Router thread only."""

    index_dir: str
    size: Size | None = None
    """Of the generation that answers; None while there is none."""
    indexed_at: str | None = None
    """When the generation was published: UTC, ISO 8601, whole seconds."""
    problem: Degraded | None = None
    """Set while the current generation cannot be read; an older one may answer."""
    used_at: float = field(default_factory=time.monotonic)
    """Monotonic seconds."""
    _snapshot: Snapshot | None = None

    @property
    def is_open(self) -> bool:
        """Whether the snapshot is in memory."""
        return self._snapshot is not None

    def snapshot(self) -> Snapshot | None:
        """Return the snapshot for a search, opened again if it was closed.

        None if nothing was published, or if it cannot be opened: `problem` then says why.
        Whoever holds it may read it for as long as they like.
        """
        self.used_at = time.monotonic()
        if self._snapshot is None and self.size is not None:
            self.refresh()
        return self._snapshot

    def refresh(self) -> bool:
        """Open the current generation, reusing what is open; return whether it is the one held now.

        Never raises for the state of the disk: the old generation goes on serving, and `problem` says why.
        """
        try:
            self._snapshot = Snapshot.open(self.index_dir, previous=self._snapshot)
            self.indexed_at = _published_at(self.index_dir)
        except FileNotFoundError as error:
            if self.size is None and not os.path.exists(os.path.join(self.index_dir, MANIFEST_NAME)):
                return False  # nothing was published yet
            self._fail(error)
            return False
        except (IndexStoreError, OSError) as error:
            self._fail(error)
            return False
        self.size = Size.of(self._snapshot)
        self.problem = None
        return True

    def close(self) -> None:
        """Let the snapshot go. One whose successor cannot be read is kept: it could not be opened again."""
        if self.problem is None:
            self._snapshot = None

    def _fail(self, error: Exception) -> None:
        logger.error("cannot open the index folder=%r: %s", self.index_dir, error)
        self.problem = Degraded(
            name=UNREADABLE,
            message=f"the current index cannot be read: {error}",
            hint="it is mended in the background; if this stays, run: vexorctl reindex --full DIR",
        )


def close_unused(slots: Iterable[Slot], now: float) -> None:
    """Close the snapshots that no search has read lately, and the least recently read of too many."""
    by_use = sorted((slot for slot in slots if slot.is_open), key=lambda slot: slot.used_at, reverse=True)
    for place, slot in enumerate(by_use):
        if place >= MAX_OPEN or now - slot.used_at >= KEEP_OPEN_S:
            slot.close()


def _published_at(index_dir: str) -> str:
    return utc_text(os.stat(os.path.join(index_dir, MANIFEST_NAME)).st_mtime)
