"""What the indexer has seen of each project: its last event, and since when it lags."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vexord.ingest.project import Project


@dataclass(slots=True)
class Vitals:
    """Of one project. Times are seconds since the epoch, for people: nothing is decided by them."""

    last_event_s: float | None = None
    behind_since_s: float | None = None
    untold: bool = True
    """Whether an event came since the last report."""

    def event(self) -> None:
        """Something has changed."""
        self.last_event_s = time.time()
        self.untold = True

    def look(self, project: "Project") -> None:
        """Note since when there has been something that is not in the index."""
        indexing = project.scanning and project.state == "indexing"
        if not (project.publisher.unpublished or len(project.pending) or indexing):
            self.behind_since_s = None
        elif self.behind_since_s is None:
            self.behind_since_s = time.time()
