"""`register`, `unregister`, `projects` and `reindex`."""

from vexor_protocol.errors import BUSY, ProtocolError
from vexor_protocol.messages import (
    ProjectsParams,
    ProjectsResult,
    RegisterParams,
    RegisterResult,
    ReindexParams,
    ReindexResult,
    UnregisterParams,
    UnregisterResult,
)

from vexord.link.messages import OpenProject, Reindex
from vexord.projects.registry import Project, resolve_root
from vexord.server.dispatch import Call
from vexord.server.projects_view import ProjectView
from vexord.server.services import Services
from vexord.server.tracker import shown

RESTARTING_RETRY_MS = 500


class ProjectMethods:
    """Handlers about registered folders."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def register(self, _call: Call, params: RegisterParams) -> RegisterResult:
        """Register a folder; one inside a registered folder is covered by it, unless `force` is given."""
        registry = self._services.registry
        root = resolve_root(params.path, exact=params.exact, force=params.force)
        covering = registry.find(root)
        covered = covering is not None and covering.root != root and not params.force
        if covering is not None and covered:
            project, created = covering, False
        else:
            created = covering is None or covering.root != root
            inside = params.index_in_project or (created and self._services.live.choices.in_project(root))
            project = registry.add(root, params.name, inside, params.mode)
        view = self._services.tracker.view(project)
        if params.consent is not None:
            view = self._agreed(project, params.consent)
        second = self._services.engine.second
        return RegisterResult(
            project=project.root,
            name=project.name,
            created=created,
            clock=view.clock,
            covered_by=project.root if covered else None,
            provider=second.consent if second is not None else "",
            consent=view.project.consent,
        )

    def _agreed(self, project: Project, consent: str) -> ProjectView:
        """The indexer is told that it may begin to pay."""
        view = self._services.tracker.view(self._services.registry.agree(project.root, consent))
        self._services.link.send(OpenProject(view.spec))
        return view

    def unregister(self, _call: Call, params: UnregisterParams) -> UnregisterResult:
        """Forget a folder and delete its index."""
        view = self._services.tracker.exactly(params.path)
        self._services.tracker.forget(view)
        return UnregisterResult(project=view.project.root, removed=True)

    def projects(self, _call: Call, _params: ProjectsParams) -> ProjectsResult:
        """List every registered folder."""
        return ProjectsResult(projects=[view.status() for view in self._services.tracker.views])

    def reindex(self, _call: Call, params: ReindexParams) -> ReindexResult:
        """Have a project compared with its index again; one that could not be opened is tried again."""
        view, _ = self._services.tracker.covering(params.path)
        link = self._services.link
        sent = link.send(OpenProject(view.spec)) if view.state == "failed" else link.running
        if not (sent and link.send(Reindex(view.project.id, params.full))):
            raise ProtocolError(
                BUSY,
                f"the indexer is being started again; {shown(view.project.root)} was not touched",
                "ask again in a moment",
                retry_after_ms=RESTARTING_RETRY_MS,
            )
        return ReindexResult(project=view.project.root, clock=view.clock)
