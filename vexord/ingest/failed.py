"""A project that cannot be opened or worked on now, and when it is tried again."""

import time
from dataclasses import dataclass

from vexord.link.messages import ProjectSpec

FIRST_RETRY_S, LAST_RETRY_S = 2.0, 60.0


@dataclass(frozen=True, slots=True)
class Failed:
    """Each time in a row it rests twice as long."""

    spec: ProjectSpec
    reason: str
    delay_s: float
    due_s: float
    """Monotonic seconds."""

    @classmethod
    def again(cls, spec: ProjectSpec, error: Exception, before: "Failed | None") -> "Failed":
        """Note another failure, after those `before`."""
        delay_s = FIRST_RETRY_S if before is None else min(LAST_RETRY_S, 2 * before.delay_s)
        return cls(spec, str(error), delay_s, time.monotonic() + delay_s)
