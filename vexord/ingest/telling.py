"""Tells the server how each project, the process and its provider fare, whenever that has changed."""

import contextlib
from collections import defaultdict
from collections.abc import Mapping

import psutil
from vexor_protocol.health import RemoteFigures

from vexord.ingest.aids import Aids
from vexord.ingest.project import Project
from vexord.ingest.report import report
from vexord.ingest.vitals import Vitals
from vexord.ingest.watch import Watcher
from vexord.link.channel import Channel
from vexord.link.messages import Heartbeat, Spent, ToIndexer, ToServer


class Telling:
    """One way, to the server; of the projects that the indexer's main loop has open."""

    def __init__(
        self, channel: Channel[ToServer, ToIndexer], projects: Mapping[str, Project], aids: Aids
    ) -> None:
        self._channel = channel
        self._projects = projects
        self._aids = aids
        self._process = psutil.Process()
        self._rss_bytes = 0
        self._spent: RemoteFigures | None = None
        self._vitals: defaultdict[str, Vitals] = defaultdict(Vitals)
        """By the project's id."""

    def event(self, project: Project) -> None:
        """Something has changed in a project."""
        self._vitals[project.spec.id].event()

    def look(self) -> None:
        """Note of each project whether it lags."""
        for key, project in self._projects.items():
            self._vitals[key].look(project)

    def forget(self, project_id: str) -> None:
        """The project has gone."""
        self._vitals.pop(project_id, None)

    @property
    def due(self) -> bool:
        """Whether there is something to tell."""
        return bool(self._unreported()) or self._unreported_spending() is not None

    def tell(self) -> None:
        """Tell what has changed."""
        for project in self._unreported():
            self.report(project)
        figures = self._unreported_spending()
        if figures is not None:
            self._spent = figures
            self._channel.send(Spent(figures))
            for project in self._projects.values():
                self.report(project)

    def report(self, project: Project) -> None:
        """Tell all of one project."""
        self._channel.send(report(project, self._aids.refiner, self._vitals[project.spec.id]))

    def heartbeat(self, watcher: Watcher) -> None:
        """Tell of the process."""
        children = self._aids.crew.memory() if self._aids.crew is not None else []
        self._channel.send(
            Heartbeat(
                rss_bytes=self._weigh(),
                watches=watcher.watches,
                watch_limit=watcher.watch_limit,
                queue=sum(project.pending_count() for project in self._projects.values()),
                children=len(children),
                children_rss_bytes=sum(children),
            )
        )

    def _weigh(self) -> int:
        with contextlib.suppress(OSError):  # no descriptor is left to look: as it was
            self._rss_bytes = self._process.memory_info().rss
        return self._rss_bytes

    def _unreported(self) -> list[Project]:
        return [
            project
            for key, project in self._projects.items()
            if project.changed_state or project.health.changed or project.scanning or self._vitals[key].untold
        ]

    def _unreported_spending(self) -> RemoteFigures | None:
        figures = self._aids.refiner.spent() if self._aids.refiner is not None else None
        return figures if figures != self._spent else None
