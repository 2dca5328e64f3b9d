"""`wait`: until every earlier write is searchable, or until a project stands at a given clock."""

import time
from collections.abc import Sequence

from vexor_protocol.errors import INVALID_PARAMS, ProtocolError
from vexor_protocol.messages import ProjectFreshness, WaitParams, WaitResult

from vexord.link.messages import Synced
from vexord.server.dispatch import Call
from vexord.server.freshness import Outcomes
from vexord.server.projects_view import ProjectView, parse_clock
from vexord.server.services import Services
from vexord.server.timers import Timer

AGAIN_AFTER_S = 0.1
HOPELESS = frozenset({"root_gone", "failed"})
"""Reasons that no waiting mends."""


class WaitMethod:
    """Handler of `wait`."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._clock_waits: dict[int, _ClockWait] = {}
        services.tracker.moved = self._moved

    def wait(self, call: Call, params: WaitParams) -> WaitResult | None:
        """Begin to wait."""
        tracker = self._services.tracker
        views = tracker.views if params.path is None else [tracker.covering(params.path)[0]]
        deadline = call.arrived + params.timeout_ms / 1000
        if call.deadline is not None:
            deadline = min(deadline, call.deadline)
        if params.clock is None:
            _ProofWait(self._services, call, views, deadline).ask()
            return None
        clock = parse_clock(params.clock)
        if clock is None:
            raise ProtocolError(
                INVALID_PARAMS,
                f"clock: not a clock: {params.clock!r}",
                "give one that a reply said: c:EPOCH:TICK",
            )
        if params.path is None:
            views = [view for view in views if view.epoch == clock[0]] or views
        self._wait_for_clock(_ClockWait(call, views, clock), deadline)
        return None

    def _wait_for_clock(self, wait: "_ClockWait", deadline: float) -> None:
        if wait.reached():
            wait.finish(self._services.tracker.indexer_running, reached=True)
            return
        for number, other in list(self._clock_waits.items()):
            if not other.call.open:  # its client has gone
                del self._clock_waits[number]
                other.give_up()
        self._clock_waits[wait.call.number] = wait

        def expire() -> None:
            del self._clock_waits[wait.call.number]
            wait.finish(self._services.tracker.indexer_running, reached=False)

        wait.timer = self._services.timers.at(deadline, expire)

    def _moved(self, view: ProjectView) -> None:
        for number, wait in list(self._clock_waits.items()):
            if view in wait.views and wait.reached():
                del self._clock_waits[number]
                wait.finish(self._services.tracker.indexer_running, reached=True)


class _ClockWait:
    """Until projects stand at a clock."""

    def __init__(self, call: Call, views: Sequence[ProjectView], clock: tuple[str, int]) -> None:
        self.call = call
        self.views = views
        self.timer: Timer | None = None
        self._clock = clock

    def reached(self) -> bool:
        """Whether all do."""
        return all(view.reached(*self._clock) for view in self.views)

    def give_up(self) -> None:
        """Nobody waits any more."""
        if self.timer is not None:
            self.timer.cancel()

    def finish(self, indexer_running: bool, *, reached: bool) -> None:
        """Answer."""
        self.give_up()
        projects = [view.freshness(view.doubts(indexer_running)) for view in self.views]
        self.call.reply(WaitResult(reached=reached, projects=projects))


class _ProofWait:
    """Until every project has proved that all earlier writes are in; asks again while there is hope."""

    def __init__(self, services: Services, call: Call, views: Sequence[ProjectView], deadline: float) -> None:
        self._services = services
        self._call = call
        self._views = {view.project.id: view for view in views}
        self._deadline = deadline
        self._proofs: dict[str, Synced | None] = {}

    def ask(self) -> None:
        """Ask for the proofs that are missing."""
        missing = [id_ for id_ in self._views if not self._has_proof(id_)]
        self._services.tracker.freshness.prove(missing, self._deadline, self._answered)

    def _answered(self, outcomes: Outcomes) -> None:
        self._proofs |= outcomes
        unproved = [self._proofs[id_] for id_ in self._views if not self._has_proof(id_)]
        hopeful = any(proof is not None and HOPELESS.isdisjoint(proof.reasons) for proof in unproved)
        again_s = time.monotonic() + AGAIN_AFTER_S
        if self._call.open and hopeful and again_s < self._deadline:
            self._services.timers.at(again_s, self.ask)
        else:
            self._finish()

    def _has_proof(self, project_id: str) -> bool:
        proof = self._proofs.get(project_id)
        return proof is not None and proof.fresh

    def _finish(self) -> None:
        projects: list[ProjectFreshness] = []
        running = self._services.tracker.indexer_running
        for project_id, view in self._views.items():
            projects.append(view.proved(self._proofs.get(project_id), running))
        reached = all(not project.stale for project in projects)
        self._call.reply(WaitResult(reached=reached, projects=projects))
