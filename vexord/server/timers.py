"""Timers of the router thread: a heap of callbacks, run when they are due."""

import heapq
import itertools
from collections.abc import Callable


class Timer:
    """One callback to come. `cancel` may be called at any time."""

    __slots__ = ("_callback",)

    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback: Callable[[], None] | None = callback

    @property
    def live(self) -> bool:
        """Whether it will still run."""
        return self._callback is not None

    def cancel(self) -> None:
        """Do not run it; what the callback holds is released at once."""
        self._callback = None

    def fire(self) -> None:
        """Run it, if it was not cancelled and has not run."""
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()


class Timers:
    """Callbacks by monotonic time, in seconds. Not thread-safe."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()

    def __len__(self) -> int:
        return sum(timer.live for _, _, timer in self._heap)

    def at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Run `callback` once `when` has come."""
        timer = Timer(callback)
        heapq.heappush(self._heap, (when, next(self._order), timer))
        return timer

    def next_in(self, now: float) -> float | None:
        """Return the seconds until the first live timer; None if there is none."""
        while self._heap and not self._heap[0][2].live:
            heapq.heappop(self._heap)
        return max(0.0, self._heap[0][0] - now) if self._heap else None

    def take_due(self, now: float) -> list[Timer]:
        """Remove and return the timers that are due, first come first."""
        due: list[Timer] = []
        while self._heap and self._heap[0][0] <= now:
            due.append(heapq.heappop(self._heap)[2])
        return due
