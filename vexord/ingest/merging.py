"""When the main loop merges segments: when nothing else has been done for a while."""

import math

AFTER_IDLE_S = 0.25
SETTLED_AFTER_S = 5.0
"""Then an index gets as few segments as its size allows."""
RETRY_S = 10.0
"""After a merge that the disk refused."""


class MergeTime:
    """All times are monotonic seconds."""

    def __init__(self, now: float) -> None:
        self.due_s = 0.0
        self._worked_s = now
        self.worked(now)

    def worked(self, now: float) -> None:
        """Something else was done."""
        self._worked_s = now
        self.due_s = now + AFTER_IDLE_S

    def settled(self, now: float) -> bool:
        """Whether no edits are expected soon."""
        return now - self._worked_s >= SETTLED_AFTER_S

    def nothing_done(self, now: float, *, failing: bool) -> None:
        """No merge is due, or none can be written."""
        if failing:
            self.due_s = now + RETRY_S
        else:
            self.due_s = math.inf if self.settled(now) else self._worked_s + SETTLED_AFTER_S
