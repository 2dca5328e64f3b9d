"""What the server knows of one project, from memory: the last report, the clock, the generation it reads."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, cast

import msgspec
from vexor_protocol.configuration import Found
from vexor_protocol.health import Degraded, ProjectStatus
from vexor_protocol.messages import ProjectFreshness

from vexord.link.messages import ProjectSpec, Published, State, Synced
from vexord.projects.choices import Choices
from vexord.projects.registry import Project
from vexord.server.snapshots import Slot

ProjectState = Literal["new", "indexing", "ready", "failed", "root_gone"]
NO_EPOCH = "00000000"
"""Of a project whose indexer has not spoken yet."""

EXPLAINING = frozenset({"disk_full", "write_failed"})
"""Degraded states for which what was read is not in the index."""
OF_OTHER_MATTERS = frozenset(
    {
        "project_settings",
        "rules_left_out",
        "second_model_failed",
        "provider_refuses",
        "provider_rests",
        "awaiting_consent",
    }
)
"""Degraded states that say nothing of whether the index is behind the files."""


def clock_text(epoch: str, tick: int) -> str:
    """Return a clock as clients see it."""
    return f"c:{epoch}:{tick}"


def parse_clock(text: str) -> tuple[str, int] | None:
    """Return (epoch, tick) of a clock; None if it is not one."""
    parts = text.split(":")
    if len(parts) != 3 or parts[0] != "c" or not parts[2].isascii() or not parts[2].isdigit():
        return None
    return parts[1], int(parts[2][:18])


@dataclass(slots=True)
class ProjectView:
    """One registered folder as the server sees it. Router thread only; snapshots may be lent out."""

    project: Project
    slot: Slot
    epoch: str = NO_EPOCH
    tick: int = 0
    """`epoch` and `tick` are those of the generation that is open."""
    mode: Found = field(default_factory=Choices().mode)
    ignore: tuple[str, ...] = ()
    """`mode` and `ignore` are what the settings say; the project's own file may add to them."""
    report: State | None = None
    earlier_doubts: Counter[str] = field(default_factory=Counter)
    """What indexers that have gone had counted."""
    current: bool = False
    """Whether the indexer that runs now has reported."""

    @property
    def spec(self) -> ProjectSpec:
        """What the indexer is told."""
        return ProjectSpec(
            id=self.project.id,
            root=self.project.root,
            index_dir=self.slot.index_dir,
            mode=str(self.mode.value),
            mode_origin=self.mode.origin,
            ignore=list(self.ignore),
            consent=self.project.consent,
        )

    @property
    def clock(self) -> str:
        """Where the open generation stands."""
        return clock_text(self.epoch, self.tick)

    @property
    def generation(self) -> int:
        """Number of the open generation, 0 if there is none."""
        return self.slot.size.generation if self.slot.size is not None else 0

    @property
    def state(self) -> ProjectState:
        """As last reported."""
        return cast("ProjectState", self.report.state) if self.report is not None else "new"

    @property
    def pending(self) -> int:
        """Paths not yet looked at, as last reported."""
        return self.report.pending if self.report is not None else 0

    @property
    def degraded(self) -> list[Degraded]:
        """Everything that is not at its best."""
        reported = list(self.report.degraded) if self.report is not None else []
        return reported if self.slot.problem is None else [*reported, self.slot.problem]

    def choose(self, choices: Choices) -> None:
        """Take what the settings say."""
        self.mode, self.ignore = choices.mode(self.project.mode), choices.ignore

    def on_state(self, message: State) -> None:
        """Take a report."""
        self.report = message
        self.current = True
        if self.slot.problem is None:
            self.epoch, self.tick = message.epoch, message.tick

    def on_published(self, message: Published) -> None:
        """Open the new generation; the clock advances with it, and only then."""
        if self.slot.refresh():
            self.epoch, self.tick = message.epoch, message.tick

    def on_synced(self, message: Synced) -> None:
        """A barrier that held proves more than the last report, which may be half a second old."""
        if message.fresh and self.report is not None:
            self.report = msgspec.structs.replace(self.report, state="ready", pending=0, progress=None)

    def indexer_lost(self) -> None:
        """Nothing reported so far is known to hold any more."""
        if self.current:
            self.earlier_doubts = self._doubts()
        self.current = False

    def reached(self, epoch: str, tick: int) -> bool:
        """Whether the project stands at a clock or later; another epoch's is reached when all is ready."""
        if epoch == self.epoch:
            return self.tick >= tick
        return self.current and self.state == "ready" and self.slot.size is not None

    def doubts(self, indexer_running: bool) -> list[str]:
        """Reasons why the open generation may be behind the files, as far as is known without asking."""
        reasons: list[str] = []
        if self.state in ("failed", "root_gone"):
            reasons.append(self.state)
        elif self.slot.size is None or self.state == "indexing":
            reasons.append("indexing")
        elif not self.current:
            reasons.append("reconciling")
        if not indexer_running:
            reasons.append("indexer_restarting")
        if self.pending and self.current:
            reasons.append("pending")
        known = {*reasons, *OF_OTHER_MATTERS}
        return reasons + [entry.name for entry in self.degraded if entry.name not in known]

    def freshness(self, reasons: list[str], proof: Synced | None = None) -> ProjectFreshness:
        """Return what an answer is worth; stale if there is any reason. `proof` gives the pending paths."""
        return ProjectFreshness(
            project=self.project.root,
            generation=self.generation,
            clock=self.clock,
            stale=bool(reasons),
            reasons=reasons,
            pending=proof.pending if proof is not None else self.pending,
            pending_paths=proof.pending_paths if proof is not None else [],
            progress=self.report.progress if self.report is not None else None,
            degraded=self.degraded,
        )

    def proved(self, proof: Synced | None, indexer_running: bool) -> ProjectFreshness:
        """Return what an answer is worth after a barrier; `proof` is None if the time ran out."""
        if self.slot.problem is not None or self.slot.size is None:
            return self.freshness(self.doubts(indexer_running) or ["timeout"], proof)
        if proof is None:
            return self.freshness([*self._standing_doubts(indexer_running), "timeout"])
        if proof.fresh:
            return self.freshness([], proof)
        return self.freshness(list(proof.reasons) or ["timeout"], proof)

    def status(self, *, held_back: bool = False) -> ProjectStatus:
        """Return everything that is known; the places that look like secrets only if asked for."""
        report, size = self.report, self.slot.size
        return ProjectStatus(
            project=self.project.root,
            name=self.project.name,
            state=self.state,
            generation=self.generation,
            clock=self.clock,
            files=report.files if report is not None else size.files if size is not None else 0,
            chunks=report.chunks if report is not None else size.chunks if size is not None else 0,
            segments=report.segments if report is not None else size.segments if size is not None else 0,
            pending=self.pending,
            index_bytes=report.index_bytes if report is not None else 0,
            model=report.model if report is not None else "",
            mode=report.mode if report is not None else str(self.mode.value),
            mode_origin=report.mode_origin if report is not None else self.mode.origin,
            second=report.second if report is not None else None,
            added_at=self.project.added_at,
            indexed_at=self.slot.indexed_at,
            progress=report.progress if report is not None else None,
            degraded=self.degraded,
            skipped=report.skipped if report is not None else [],
            doubts=dict(self._doubts()),
            held_back=report.held_back if report is not None and held_back else [],
            last_event_at=report.last_event_at if report is not None else None,
            behind_since=report.behind_since if report is not None else None,
            scans=report.scans if report is not None else 0,
        )

    def _doubts(self) -> Counter[str]:
        reported = self.report.doubts if self.report is not None and self.current else {}
        return self.earlier_doubts + Counter(reported)

    def _standing_doubts(self, indexer_running: bool) -> list[str]:
        """Doubts that explain a timeout; lasting shortcomings do not."""
        lasting = {entry.name for entry in self.degraded} - EXPLAINING
        return [reason for reason in self.doubts(indexer_running) if reason not in lasting]
