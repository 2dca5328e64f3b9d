"""When a project's tree is compared with its index next, and which barriers such a scan will satisfy."""

RESCAN_INTERVAL_S = 600.0
"""Writes through mmap and hard links raise no event: this scan finds them."""
BLIND_RESCAN_INTERVAL_S = 30.0
"""For a tree that cannot be watched, or not wholly."""
SCAN_REST_S = 1.0
"""A scan that the watcher's doubts ask for waits so long after the last, or twice as long as that took."""


class ScanSchedule:
    """What scans are wanted. Times are of the monotonic clock, in seconds."""

    def __init__(self) -> None:
        self.done = 0
        """Scans that ran to their end."""
        self.full = False
        """The next one takes every file anew."""
        self.wanted = True
        self._at_once = True
        self._not_before_s = 0.0
        self._next_s = 0.0

    def want(self, *, full: bool = False, at_once: bool = True) -> None:
        """Another scan is wanted."""
        self.full |= full
        self.wanted = True
        self._at_once |= at_once

    def number(self, *, scanning: bool) -> int:
        """Number that `done` reaches when every scan wanted so far has ended."""
        return self.done + int(self.wanted) + int(scanning)

    def due(self, now: float) -> bool:
        """Whether one should begin."""
        if now >= self._next_s:
            self.wanted = True
        return self.wanted and (self._at_once or now >= self._not_before_s)

    def due_in(self, now: float) -> float:
        """Seconds until one should begin."""
        if self.wanted:
            return 0.0 if self._at_once else max(0.0, self._not_before_s - now)
        return max(0.0, self._next_s - now)

    def begin(self) -> bool:
        """One begins; return whether it takes every file anew."""
        full, self.full = self.full, False
        self.wanted = self._at_once = False
        self._next_s = float("inf")
        return full

    def ended(self, now: float, elapsed_s: float, *, blind: bool) -> None:
        """It has seen everything."""
        self.done += 1
        self._not_before_s = now + max(SCAN_REST_S, 2 * elapsed_s)
        self._next_s = now + (BLIND_RESCAN_INTERVAL_S if blind else RESCAN_INTERVAL_S)
