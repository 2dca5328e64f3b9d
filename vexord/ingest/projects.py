"""The projects that are open, and those that failed: one that is broken must not take the others down."""

import logging

from vexord.embed.seam import Embedder
from vexord.index.store import remove_index
from vexord.ingest.aids import Aids
from vexord.ingest.failed import FailedProjects
from vexord.ingest.project import Project
from vexord.ingest.report import failed
from vexord.ingest.telling import Telling
from vexord.ingest.watch import Watcher
from vexord.link.channel import Channel
from vexord.link.messages import Closed, ProjectSpec, Synced, ToIndexer, ToServer

logger = logging.getLogger(__name__)


class Projects(dict[str, Project]):
    """Open projects by id."""

    def __init__(
        self, embedder: Embedder, watcher: Watcher, aids: Aids, channel: Channel[ToServer, ToIndexer]
    ) -> None:
        super().__init__()
        self._embedder = embedder
        self._watcher = watcher
        self._aids = aids
        self._send = channel.send
        self.telling = Telling(channel, self, aids)
        self._failed = FailedProjects()

    def open(self, spec: ProjectSpec) -> None:
        """Open a project, or tell one that is open what is new in its spec."""
        if spec.id in self:
            if self[spec.id].spec != spec:
                self[spec.id].reread(spec)
            self.telling.report(self[spec.id])
            return
        try:
            project = Project(spec, self._embedder, self._watcher, self._aids)
        except Exception as error:
            self.fail(spec, error)
            return
        self[spec.id] = project
        if self._aids.problem is not None:
            project.health.replace({self._aids.problem.name}, self._aids.problem)
        self.telling.report(project)

    def fail(self, spec: ProjectSpec, error: Exception) -> None:
        """Let a project go for now."""
        if spec.id in self:
            self._forget(self[spec.id])
        self._failed.note(spec, error)
        self._send(failed(spec, error, str(self._embedder.fingerprint)))

    def close(self, project_id: str, *, delete: bool) -> None:
        """Let a project go for good."""
        project, spec = self.get(project_id), self._failed.pop(project_id)
        self.telling.forget(project_id)
        if project is not None:
            self._forget(project)
            spec = project.spec
        if delete and spec is not None:
            remove_index(spec.index_dir)
        self._send(Closed(project_id))

    def look_after(self) -> None:
        """Try those again that failed, and look around in the others."""
        for spec in self._failed.take_due(self):
            self.open(spec)
        for project in list(self.values()):
            if touched := project.touched():
                logger.warning("the index is not as it was left, it is opened anew path=%r", touched)
                self._forget(project)
                self.open(project.spec)
            else:
                project.look_around()

    def _forget(self, project: Project) -> None:
        for sync, _ in project.syncs.take(lambda *_: False, float("inf"), None):  # nobody else answers these
            self._send(Synced(project.spec.id, sync.seq, False, ["failed"], 0, [], 0, 0))
        del self[project.spec.id]
        try:
            project.close()
        except Exception:  # it may be the disk that fails
            logger.exception("a project was not closed well root=%r", project.spec.root)
        if self._aids.refiner is not None:
            self._aids.refiner.forget(project.spec.id)
