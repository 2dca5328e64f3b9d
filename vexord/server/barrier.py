"""The freshness barrier of one project: who waits for which `Sync`.

A waiter is served only by a `Sync` that was sent after it asked. At most one is in flight; all who ask
meanwhile share the next one.
"""

from collections.abc import Callable
from dataclasses import dataclass

from vexord.link.messages import Synced

SendSync = Callable[[int], int | None]
"""limit_ms → the number of the `Sync` sent, or None if there is no indexer to send it to."""


@dataclass(slots=True, eq=False)
class Waiter:
    """Somebody who wants proof."""

    deadline: float
    """Monotonic time, in seconds, after which nobody waits for the proof any more."""
    done: Callable[[Synced | None], None]
    """Called once: with the indexer's answer, or None if the project is closed."""


class Barrier:
    """State machine of the syncs of one project. Times are passed in; nothing here waits."""

    def __init__(self, send: SendSync) -> None:
        self._send = send
        self._in_flight: int | None = None
        self._asked: list[Waiter] = []
        self._queued: list[Waiter] = []

    def ask(self, waiter: Waiter, now: float) -> None:
        """Add a waiter; its `Sync` is sent now, or after the one in flight."""
        self._queued.append(waiter)
        self._send_queued(now)

    def withdraw(self, waiter: Waiter) -> None:
        """Forget a waiter; its `done` is not called."""
        for waiters in (self._asked, self._queued):
            if waiter in waiters:
                waiters.remove(waiter)

    def synced(self, message: Synced, now: float) -> None:
        """The indexer answered; an answer to another `Sync` than the one in flight means nothing."""
        if message.seq != self._in_flight:
            return
        served, self._asked = self._asked, []
        self._in_flight = None
        self._send_queued(now)
        for waiter in served:
            waiter.done(message)

    def lost(self) -> None:
        """The indexer has gone, and the answer in flight with it: all wait for the next one."""
        self._queued = self._asked + self._queued
        self._asked = []
        self._in_flight = None

    def resume(self, now: float) -> None:
        """The indexer is back."""
        self._send_queued(now)

    def close(self) -> None:
        """The project is closed: let everybody go."""
        everybody = self._asked + self._queued
        self._asked, self._queued, self._in_flight = [], [], None
        for waiter in everybody:
            waiter.done(None)

    def _send_queued(self, now: float) -> None:
        if self._in_flight is not None or not self._queued:
            return
        patience_s = max(waiter.deadline for waiter in self._queued) - now
        self._in_flight = self._send(max(0, round(patience_s * 1000)))
        if self._in_flight is not None:
            self._asked, self._queued = self._queued, []
