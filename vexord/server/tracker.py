"""Every registered project: opened with the indexer, updated by its messages, found by path."""

import os
from collections.abc import Callable
from itertools import count
from typing import Literal

from vexor_protocol.errors import INVALID_PARAMS, NOT_REGISTERED, ProtocolError
from vexor_protocol.messages import EventParams

from vexord.index.store import remove_index, remove_orphans
from vexord.link.messages import (
    Closed,
    CloseProject,
    OpenProject,
    Prefer,
    ProjectSpec,
    Published,
    State,
    Sync,
    Synced,
    ToIndexer,
    ToServer,
    Verify,
)
from vexord.projects.choices import Choices
from vexord.projects.registry import Project, Registry, index_dir, projects_dir
from vexord.projects.settings import Settings
from vexord.server.freshness import Freshness
from vexord.server.projects_view import ProjectView
from vexord.server.snapshots import Slot, close_unused
from vexord.server.timers import Timers

CLOSE_EVERY_S = 10.0
EventKind = Literal["progress", "published", "state", "degraded"]
Publish = Callable[[ProjectView, EventParams], None]


class Tracker:
    """The projects of the registry and what is known of each. Router thread only.

    It is the `IndexerListener`: after a restart it opens everything again and lets the barriers go on.
    """

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        choices: Choices,
        timers: Timers,
        send: Callable[[ToIndexer], bool],
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._choices = choices
        self._send = send
        self._syncs = count(1)
        self._views: dict[str, ProjectView] = {}
        self._leaving: dict[str, str] = {}
        self._running = False
        self._next_close = 0.0
        self.freshness = Freshness(timers, self._sync)
        self.publish: Publish | None = None
        """Told of every event."""
        self.moved: Callable[[ProjectView], None] | None = None
        """Told when a project's clock or state may have changed."""
        for project in registry.all():
            self._track(project)
        if not registry.problem:  # else a project may be missing from it that is to come back
            remove_orphans(projects_dir(settings), {project.id for project in registry.all()})

    # --- finding -------------------------------------------------------------------------------------------

    @property
    def views(self) -> list[ProjectView]:
        """All projects, in order of registration."""
        return list(self._views.values())

    @property
    def indexer_running(self) -> bool:
        """Whether there is an indexer that knows the projects."""
        return self._running

    def covering(self, path: str) -> tuple[ProjectView, str]:
        """Return the deepest project that contains a path, and the path's prefix in it.

        The prefix is empty for the root, else ends with a slash.

        Raises:
            ProtocolError: NOT_REGISTERED; INVALID_PARAMS if it is no absolute path.
        """
        folder = canonical(path)
        project = self._registry.find(folder)
        if project is None:
            raise ProtocolError(
                NOT_REGISTERED,
                f"no registered folder contains {shown(path)}",
                f"run: vexorctl add {shown(path)}",
            )
        inside = os.path.relpath(folder, project.root)
        return self._views[project.id], "" if inside == "." else inside + "/"

    def exactly(self, path: str) -> ProjectView:
        """Return the project whose root is this path.

        Raises:
            ProtocolError: NOT_REGISTERED, naming the project that contains it, if any; INVALID_PARAMS.
        """
        folder = canonical(path)
        project = self._registry.find(folder)
        if project is None or project.root != folder:
            hint = (
                "see: vexorctl list" if project is None else f"the registered folder is {shown(project.root)}"
            )
            raise ProtocolError(NOT_REGISTERED, f"{shown(path)} is not a registered folder", hint)
        return self._views[project.id]

    def view(self, project: Project) -> ProjectView:
        """Return the view of a registered project; a new one is opened."""
        known = self._views.get(project.id)
        if known is not None:
            before, known.project = known.spec, project
            self._choose(known, before)
            return known
        view = self._track(project)
        self._leaving.pop(project.id, None)
        self._send(OpenProject(view.spec))
        return view

    def forget(self, view: ProjectView) -> None:
        """Unregister a project and have its index deleted.

        Raises:
            ProtocolError: STATE, the registry cannot be written.
        """
        self._registry.remove(view.project.root)
        project_id = view.project.id
        del self._views[project_id]
        self._leaving[project_id] = view.slot.index_dir
        if not self._send(CloseProject(project_id, delete=True)):
            self._delete_leaving()
        self.freshness.close(project_id)

    def choose(self, choices: Choices) -> None:
        """Other settings hold from now on: every project that they touch is told to the indexer."""
        self._choices = choices
        for view in self._views.values():
            self._choose(view, view.spec)

    def tick(self, now: float) -> None:
        """Close what is not in use; to be called every few seconds. `now`: monotonic seconds."""
        if now >= self._next_close:
            self._next_close = now + CLOSE_EVERY_S
            close_unused((view.slot for view in self._views.values()), now)

    # --- what the indexer says -----------------------------------------------------------------------------

    def indexer_started(self) -> None:
        """Open every project again, then send the barriers that wait."""
        self._delete_leaving()
        self._running = True
        for view in self.views:
            self._send(OpenProject(view.spec))
        self.freshness.indexer_back()

    def indexer_lost(self) -> None:
        """Nothing reported is known to hold until the next indexer has reported."""
        self._running = False
        self.freshness.indexer_lost()
        for view in self.views:
            view.indexer_lost()

    def indexer_said(self, message: ToServer) -> None:
        """Take a message about one project; those about unknown ones are late and mean nothing."""
        if isinstance(message, Closed):
            folder = self._leaving.pop(message.id, None)
            if folder is not None and os.path.exists(folder):  # it could not remove it, or never opened it
                remove_index(folder)
            return
        if not isinstance(message, State | Published | Synced):
            return
        view = self._views.get(message.id)
        if view is None:
            return
        match message:
            case State():
                self._on_state(view, message)
            case Published():
                self._on_published(view, message)
            case Synced():
                view.on_synced(message)
                self.freshness.synced(message)
        if self.moved is not None:
            self.moved(view)

    def _on_state(self, view: ProjectView, message: State) -> None:
        before, degraded = view.report, view.degraded
        view.on_state(message)
        if before is None or before.state != message.state:
            self._publish(view, _event("state", view))
        if message.progress is not None:
            self._publish(view, _event("progress", view))
        if view.degraded != degraded:
            self._publish(view, _event("degraded", view))

    def _on_published(self, view: ProjectView, message: Published) -> None:
        degraded = view.degraded
        view.on_published(message)
        if view.degraded != degraded:
            self._publish(view, _event("degraded", view))
        if view.slot.problem is None:
            event = _event("published", view)
            event.changed, event.removed = message.changed, message.removed
            self._publish(view, event)

    # -------------------------------------------------------------------------------------------------------

    def _publish(self, view: ProjectView, event: EventParams) -> None:
        if self.publish is not None:
            self.publish(view, event)

    def _track(self, project: Project) -> ProjectView:
        view = ProjectView(project, Slot(index_dir(project, self._settings)))
        view.choose(self._choices)
        view.slot.refresh()
        self._views[project.id] = view
        self.freshness.open(project.id)
        return view

    def prefer(self, view: ProjectView, prefix: str) -> None:
        """Somebody searches below `prefix`, relative to the root: while it is indexed, that comes first."""
        folder = prefix.rstrip("/")
        if folder and view.state == "indexing":
            self._send(Prefer(view.project.id, folder))

    def doubt(self, view: ProjectView) -> None:
        """A search failed for no reason that it knows: the index may be damaged."""
        self._send(Verify(view.project.id))

    def _choose(self, view: ProjectView, before: ProjectSpec) -> None:
        view.choose(self._choices)
        if view.spec != before:
            self._send(OpenProject(view.spec))

    def _sync(self, project_id: str, limit_ms: int) -> int | None:
        number = next(self._syncs)
        return number if self._send(Sync(project_id, number, limit_ms)) else None

    def _delete_leaving(self) -> None:
        """Delete what the indexer was told to delete and did not; there is none now that could write."""
        for folder in self._leaving.values():
            remove_index(folder)
        self._leaving.clear()


def canonical(path: str) -> str:
    """Return the path without symbolic links and dots; it need not exist.

    Raises:
        ProtocolError: INVALID_PARAMS; it is relative, or no file system could hold it.
    """
    try:
        if os.path.isabs(path) and os.fsencode(path):
            return os.path.realpath(path)
    except ValueError:  # a NUL, or a surrogate that stands for no byte
        pass
    raise ProtocolError(
        INVALID_PARAMS, f"not an absolute path: {shown(path)}", "give the whole path of the folder"
    )


def shown(path: str) -> str:
    """Return a path for messages: bytes that are not UTF-8 are escaped."""
    return path.encode("utf-8", "backslashreplace").decode()


def _event(kind: EventKind, view: ProjectView) -> EventParams:
    report = view.report
    return EventParams(
        event=kind,
        project=view.project.root,
        clock=view.clock,
        generation=view.generation,
        state=view.state,
        progress=report.progress if report is not None else None,
        degraded=view.degraded,
    )
