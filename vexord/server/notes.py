"""What a reply says to a person: what was registered, why it may be stale, what is not at its best."""

from collections.abc import Sequence

from vexor_protocol.health import Progress
from vexor_protocol.messages import ProjectFreshness

from vexord.server.tracker import shown

MAX_PROJECTS_NAMED = 3

_WORDS = {
    "timeout": "the time limit passed before the newest writes were in",
    "indexing": "the folder is still being indexed",
    "reconciling": "it is still being compared with the files",
    "pending": "changed files are still being read",
    "indexer_restarting": "the indexer is being started again",
    "root_gone": "the folder is no longer there",
    "failed": "its index cannot be opened",
}


def notes(projects: Sequence[ProjectFreshness], registered: str | None) -> list[str]:
    """Return lines for stderr, without prefix and newline."""
    lines: list[str] = []
    if registered is not None:
        lines.append(f"registered {shown(registered)}; it is indexed and watched from now on")
    stale = [project for project in projects if project.stale]
    lines += [_stale_line(project) for project in stale[:MAX_PROJECTS_NAMED]]
    if len(stale) > MAX_PROJECTS_NAMED:
        lines.append(f"and {len(stale) - MAX_PROJECTS_NAMED} more folders may be stale; see: vexorctl status")
    degraded = [(project, entry) for project in projects for entry in project.degraded]
    for project, entry in degraded[:MAX_PROJECTS_NAMED]:
        hint = f"; {entry.hint}" if entry.hint else ""
        lines.append(f"{shown(project.project)}: {entry.name}: {entry.message}{hint}")
    return lines


def _stale_line(project: ProjectFreshness) -> str:
    reasons = [_WORDS[reason] for reason in project.reasons if reason in _WORDS]
    words = " and ".join(reasons) or "something keeps it from seeing all changes"
    details = [detail for detail in (_done(project.progress), _pending(project)) if detail]
    detail = f" ({', '.join(details)})" if details else ""
    return f"{shown(project.project)} may be stale: {words}{detail}"


def _done(progress: Progress | None) -> str:
    if progress is None:
        return ""
    if progress.phase == "scanning":
        return f"{progress.files_total} files found so far"
    share = 100 * progress.bytes_done // progress.bytes_total if progress.bytes_total else 0
    left = f", about {progress.eta_s:.0f} s left" if progress.eta_s is not None else ""
    return f"{share} % done{left}"


def _pending(project: ProjectFreshness) -> str:
    if not project.pending:
        return ""
    return f"{project.pending} file{'s' if project.pending != 1 else ''} to read"
