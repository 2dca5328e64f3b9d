"""Projects that cannot be opened or worked on now, and when each is tried again."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from vexord.link.messages import ProjectSpec

logger = logging.getLogger(__name__)

FIRST_RETRY_S, LAST_RETRY_S = 2.0, 60.0


class HasState(Protocol):
    """As much of a project as is looked at here."""

    state: str


@dataclass(frozen=True, slots=True)
class _Failed:
    spec: ProjectSpec
    reason: str
    delay_s: float
    due_s: float


class FailedProjects:
    """Each time in a row a project rests twice as long."""

    def __init__(self) -> None:
        self._failed: dict[str, _Failed] = {}

    def note(self, spec: ProjectSpec, error: Exception) -> None:
        """A project failed; the log tells it once."""
        before = self._failed.get(spec.id)
        if before is None or before.reason != str(error):
            logger.error("project failed root=%r", spec.root, exc_info=error)
        delay_s = FIRST_RETRY_S if before is None else min(LAST_RETRY_S, 2 * before.delay_s)
        self._failed[spec.id] = _Failed(spec, str(error), delay_s, time.monotonic() + delay_s)

    def take_due(self, opened: Mapping[str, HasState]) -> list[ProjectSpec]:
        """Return those to be tried now, and forget those that do well again; `opened`: projects by id."""
        well = [key for key in self._failed if key in opened and opened[key].state == "ready"]
        for key in well:
            del self._failed[key]
        now = time.monotonic()
        return [one.spec for key, one in self._failed.items() if key not in opened and one.due_s <= now]

    def pop(self, project_id: str) -> ProjectSpec | None:
        """Forget a project; return what is known of it."""
        failed = self._failed.pop(project_id, None)
        return failed.spec if failed is not None else None
