"""Proof for several projects at once, with a deadline: is everything written so far in what we read?"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from vexord.link.messages import Synced
from vexord.server.barrier import Barrier, Waiter
from vexord.server.timers import Timer, Timers

Outcomes = dict[str, Synced | None]
"""Project id → the indexer's answer; None where none came in time."""
SendSync = Callable[[str, int], int | None]
"""(project id, limit_ms) → number of the `Sync` sent, or None without an indexer."""


@dataclass(slots=True, eq=False)
class _Proof:
    done: Callable[[Outcomes], None]
    outcomes: Outcomes = field(default_factory=dict)
    waiters: dict[str, Waiter] = field(default_factory=dict)
    timer: Timer | None = None


class Freshness:
    """The barriers of all projects. Router thread only."""

    def __init__(self, timers: Timers, send: SendSync) -> None:
        self._timers = timers
        self._send = send
        self._barriers: dict[str, Barrier] = {}

    def open(self, project_id: str) -> None:
        """Serve a project."""
        self._barriers.setdefault(project_id, Barrier(lambda limit_ms: self._send(project_id, limit_ms)))

    def close(self, project_id: str) -> None:
        """Stop serving a project; who waits for it is let go without proof."""
        barrier = self._barriers.pop(project_id, None)
        if barrier is not None:
            barrier.close()

    def prove(self, project_ids: Iterable[str], deadline: float, done: Callable[[Outcomes], None]) -> None:
        """Ask for proof of each project; call `done` once, when all have answered or at the deadline.

        `deadline` is monotonic time in seconds. `done` may be called before this returns.
        """
        proof = _Proof(done)
        now = time.monotonic()
        for project_id in project_ids:
            proof.outcomes[project_id] = None
            if project_id in self._barriers:
                proof.waiters[project_id] = self._waiter(proof, project_id, deadline)
        if not proof.waiters:
            done(proof.outcomes)
            return
        proof.timer = self._timers.at(deadline, lambda: self._expire(proof))
        for project_id, waiter in list(proof.waiters.items()):
            self._barriers[project_id].ask(waiter, now)

    def synced(self, message: Synced) -> None:
        """Take the indexer's answer."""
        barrier = self._barriers.get(message.id)
        if barrier is not None:
            barrier.synced(message, time.monotonic())

    def indexer_lost(self) -> None:
        """What was in flight is asked again when the indexer is back."""
        for barrier in self._barriers.values():
            barrier.lost()

    def indexer_back(self) -> None:
        """Send what waits. The projects must have been opened before."""
        now = time.monotonic()
        for barrier in self._barriers.values():
            barrier.resume(now)

    def _waiter(self, proof: _Proof, project_id: str, deadline: float) -> Waiter:
        def answered(message: Synced | None) -> None:
            proof.outcomes[project_id] = message
            del proof.waiters[project_id]
            if not proof.waiters:
                self._finish(proof)

        return Waiter(deadline, answered)

    def _expire(self, proof: _Proof) -> None:
        for project_id, waiter in proof.waiters.items():
            self._barriers[project_id].withdraw(waiter)
        proof.waiters.clear()
        self._finish(proof)

    def _finish(self, proof: _Proof) -> None:
        if proof.timer is not None:
            proof.timer.cancel()
        proof.done(proof.outcomes)
