"""What the server is told of a project."""

from vexor_protocol.health import Degraded

from vexord.ingest.project import Project
from vexord.ingest.publisher import NOT_WRITTEN
from vexord.ingest.refine import Refiner
from vexord.ingest.trouble import NOT_WHOLE
from vexord.ingest.vitals import Vitals
from vexord.link.messages import ProjectSpec, State
from vexord.moments import utc_text


def report(project: Project, refiner: Refiner | None, vitals: Vitals) -> State:
    """Return all that is known of a project, and note that it was told."""
    files, chunks, segments, index_bytes = project.writer.stats()
    project.changed_state = project.health.changed = False
    vitals.untold = False
    vitals.look(project)
    return State(
        id=project.spec.id,
        state=project.state,
        epoch=project.writer.epoch,
        tick=project.publisher.tick,
        generation=project.writer.generation,
        pending=project.pending_count(),
        files=files,
        chunks=chunks,
        segments=segments,
        index_bytes=index_bytes,
        model=project.model,
        mode=str(project.wanted.mode.value),
        mode_origin=project.wanted.mode.origin,
        second=refiner.report(project) if refiner is not None else None,
        progress=project.progress(),
        degraded=project.health.degraded(),
        skipped=project.health.skipped(),
        doubts=dict(project.doubts),
        held_back=refiner.held_back(project) if refiner is not None else [],
        last_event_at=_moment(vitals.last_event_s),
        behind_since=_moment(vitals.behind_since_s),
        scans=project.schedule.done,
    )


def reasons(project: Project) -> list[str]:
    """Return why a barrier does not hold now."""
    if project.state == "root_gone":
        return ["root_gone"]
    found = project.health.names(NOT_WHOLE)
    if project.scanning or project.schedule.wanted:
        found.append("indexing" if project.state == "indexing" else "reconciling")
    if project.publisher.unpublished:
        found += project.health.names(NOT_WRITTEN)
    if len(project.pending):
        found.append("pending")
    return found or ["timeout"]


def _moment(moment_s: float | None) -> str | None:
    return utc_text(moment_s) if moment_s is not None else None


def refiner_state(refiner: Refiner, project: Project) -> Degraded | None:
    """Return why the second model does nothing for a project; None if all is well."""
    if (problem := refiner.problem()) is not None:
        return problem
    if not refiner.awaits_consent(project):
        return None
    told = refiner.report(project).estimate
    cost = f", about ${told.usd:,.2f}" if told is not None and told.usd is not None else ""
    size = f"{told.chunks:,} chunks, about {told.tokens:,} tokens{cost}" if told is not None else "much"
    return Degraded(
        name="awaiting_consent",
        message=f"nothing is sent to the provider before you agree: {size}",
        hint=f"run: vexorctl add --yes {project.spec.root}",
    )


def failed(spec: ProjectSpec, error: Exception, model: str) -> State:
    """Return what is told of a project that cannot be opened."""
    return State(
        id=spec.id,
        state="failed",
        epoch="00000000",
        tick=0,
        generation=0,
        pending=0,
        files=0,
        chunks=0,
        segments=0,
        index_bytes=0,
        model=model,
        degraded=[
            Degraded(
                name="index_failed",
                message=f"the index cannot be opened: {error}",
                hint="see `vexorctl logs`; `vexorctl remove` and `vexorctl add` build it anew",
            )
        ],
    )
