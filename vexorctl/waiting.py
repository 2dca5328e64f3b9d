"""Waits until every write that is done can be searched, with progress; shared by `add`, `wait`, `reindex`."""

import time

from vexorctl.progress import request_with_progress
from vexorctl.values import JsonObject, members, number, say, text, texts

MAX_TIMEOUT_S = 86_400.0
_SLICE_S = 60.0
"""One request waits so long; a daemon that was restarted meanwhile is asked again."""
_MARGIN_S = 5.0


def wait_until_fresh(path: str | None, timeout_s: float) -> bool:
    """Return whether the project of `path` (None: every one) got there; if not, say where it stands.

    Raises:
        ClientError: the daemon refuses or is lost.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        part_s = max(0.0, min(_SLICE_S, deadline - time.monotonic()))
        params: JsonObject = {"timeout_ms": round(part_s * 1000)}
        if path is not None:
            params["path"] = path
        reply = request_with_progress("wait", params, path, part_s + _MARGIN_S)
        if reply.get("reached"):
            return True
        projects = [entry for entry in members(reply, "projects") if entry.get("stale")]
        # A lasting reason does not go away by waiting for it.
        lasting = projects and all(members(entry, "degraded") for entry in projects)
        if lasting or time.monotonic() >= deadline:
            _tell(projects)
            return False


def _tell(projects: list[JsonObject]) -> None:
    for project in projects:
        why = ", ".join(texts(project, "reasons")) or "not ready"
        say(
            f"vexorctl: {text(project, 'project')}: {why}; {number(project, 'pending')} files pending",
            error=True,
        )
        for reason in members(project, "degraded"):
            say(f"  {text(reason, 'message')}\n  hint: {text(reason, 'hint')}", error=True)
