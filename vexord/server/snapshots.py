"""The generation of each project that searches read: opened when published, kept if the next cannot be."""

import logging
import os
from dataclasses import dataclass
from datetime import UTC, datetime

from vexor_protocol.health import Degraded

from vexord.index.errors import IndexStoreError
from vexord.index.manifest import MANIFEST_NAME
from vexord.index.snapshot import Snapshot

logger = logging.getLogger(__name__)

UNREADABLE = "index_unreadable"


@dataclass(slots=True)
class Slot:
    """What one project has open."""

    index_dir: str
    snapshot: Snapshot | None = None
    indexed_at: str | None = None
    """When the generation was published: UTC, ISO 8601, whole seconds."""
    problem: Degraded | None = None
    """Set while the current generation cannot be read; `snapshot` is then an older one, or None."""

    def refresh(self) -> bool:
        """Open the current generation, reusing what is open; return whether it is the one held now.

        Never raises for the state of the disk: the old generation goes on serving, and `problem` says why.
        """
        try:
            self.snapshot = Snapshot.open(self.index_dir, previous=self.snapshot)
            self.indexed_at = _published_at(self.index_dir)
        except FileNotFoundError as error:
            if self.snapshot is None and not os.path.exists(os.path.join(self.index_dir, MANIFEST_NAME)):
                return False  # nothing was published yet
            self._fail(error)
            return False
        except (IndexStoreError, OSError) as error:
            self._fail(error)
            return False
        self.problem = None
        return True

    def _fail(self, error: Exception) -> None:
        logger.error("cannot open the index folder=%r: %s", self.index_dir, error)
        self.problem = Degraded(
            name=UNREADABLE,
            message=f"the current index cannot be read: {error}",
            hint="it is mended in the background; if this stays, run: vexorctl reindex --full DIR",
        )


def _published_at(index_dir: str) -> str:
    seconds = os.stat(os.path.join(index_dir, MANIFEST_NAME)).st_mtime
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
