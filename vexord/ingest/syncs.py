"""Freshness barriers of one project: when may the indexer say that every earlier write is published?

A barrier holds once (1) its cookie came back through the watcher, so that all earlier events are known,
(2) the paths of those events have been looked at and published, and (3) no doubt about the events is open:
every scan that was wanted when the cookie came back has ended.
"""

from collections.abc import Callable
from dataclasses import dataclass

Served = Callable[[int, int], bool]
"""(event_seq, scan_number) → are all events and scans up to these published?"""


@dataclass(slots=True)
class PendingSync:
    """One barrier asked for by the server."""

    seq: int
    cookie: int
    expires_s: float
    patient: bool
    """A long limit: wait even if the estimate says that the limit will pass."""
    event_seq: int | None = None
    """Last event before the cookie; None until the cookie is seen."""
    scan_number: int = 0
    """The barrier needs this many scans to have ended."""


class Syncs:
    """The open barriers, in order of arrival."""

    def __init__(self) -> None:
        self._open: list[PendingSync] = []

    def __len__(self) -> int:
        return len(self._open)

    def add(self, sync: PendingSync) -> None:
        """Open a barrier whose cookie is on its way."""
        self._open.append(sync)

    def cookie_seen(self, token: int, event_seq: int, scan_number: int) -> None:
        """All events before this cookie are known: they end at `event_seq`."""
        for sync in self._open:
            if sync.cookie == token and sync.event_seq is None:
                sync.event_seq = event_seq
                sync.scan_number = max(sync.scan_number, scan_number)

    def urgent_seq(self) -> int:
        """Return the number of the last event that a barrier waits for; 0 if none does."""
        return max((sync.event_seq for sync in self._open if sync.event_seq is not None), default=0)

    def next_expiry(self) -> float | None:
        """Monotonic time at which the first barrier expires."""
        return min((sync.expires_s for sync in self._open), default=None)

    def take(self, served: Served, now: float, eta_s: float | None) -> list[tuple[PendingSync, bool]]:
        """Remove and return the barriers that hold (True), and those that cannot in time (False)."""
        done: list[tuple[PendingSync, bool]] = []
        still_open: list[PendingSync] = []
        for sync in self._open:
            if sync.event_seq is not None and served(sync.event_seq, sync.scan_number):
                done.append((sync, True))
            elif now >= sync.expires_s or (
                not sync.patient and eta_s is not None and now + eta_s > sync.expires_s + 0.5
            ):
                done.append((sync, False))
            else:
                still_open.append(sync)
        self._open = still_open
        return done
