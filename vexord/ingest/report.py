"""What the server is told of a project."""

from vexord.ingest.project import Project
from vexord.ingest.refine import Refiner
from vexord.link.messages import State


def report(project: Project, refiner: Refiner | None) -> State:
    """Return all that is known of a project, and note that it was told."""
    files, chunks, segments, index_bytes = project.writer.stats()
    project.changed_state = project.health.changed = False
    return State(
        id=project.spec.id,
        state=project.state,
        epoch=project.epoch,
        tick=project.tick,
        generation=project.generation,
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
    )
