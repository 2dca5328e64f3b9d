"""Checks of the running daemon: what it says of itself."""

import importlib.metadata
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from vexor_protocol import PROTOCOL_VERSION

from vexorctl.errors import ClientError
from vexorctl.findings import Finding, Level
from vexorctl.spawn import daemon_lock_is_held
from vexorctl.values import member, members, number, plural, seconds, text, texts
from vexorctl.version import DISTRIBUTION

_RECENT = timedelta(days=1)
_LOST = frozenset({"root_gone", "index_failed"})
"""Of a project of which nothing new can be found."""


def answers(hello: dict[str, object], status: dict[str, object]) -> Iterator[Finding]:
    """Look at what the daemon answers."""
    yield from versions(hello)
    for check in (replaced, indexer, crashes, provider, degraded):
        yield from check(status)


def silent(error: ClientError) -> Finding:
    """Return what it means that the daemon does not answer."""
    try:
        held = daemon_lock_is_held()
    except ClientError as refused:
        return Finding("daemon", "fail", refused.message, refused.hint)
    if held:
        message = f"one holds the lock and does not answer: {error.message}"
        return Finding("daemon", "fail", message, "vexorctl restart")
    if error.name == "E_NO_DAEMON":
        return Finding("daemon", "warn", "none runs; the first search starts it", "vexorctl start")
    return Finding("daemon", "warn", f"no answer: {error.message}", error.hint or "vexorctl restart")


def versions(hello: dict[str, object]) -> Iterator[Finding]:
    """Client and daemon understand each other, and are of one release."""
    mine, theirs = importlib.metadata.version("vexord"), str(hello.get("version"))
    lowest, highest = hello.get("protocol_min"), hello.get("protocol")
    served = isinstance(lowest, int) and isinstance(highest, int) and lowest <= PROTOCOL_VERSION <= highest
    if not served:
        message = (
            f"the daemon (vexord {theirs}) serves protocol {lowest} to {highest}, not {PROTOCOL_VERSION}"
        )
        yield Finding("daemon", "fail", message, "vexorctl restart")
    elif mine != theirs:
        yield Finding("daemon", "warn", f"vexord {theirs} answers, vexorctl is {mine}", "vexorctl restart")
    else:
        yield Finding("daemon", "ok", f"vexord {theirs} answers, process {hello.get('pid')}")


def indexer(status: dict[str, object]) -> Iterator[Finding]:
    """The indexer process runs and has not died."""
    process = member(status, "indexer")
    state, restarts, error = text(process, "state"), number(process, "restarts"), text(process, "last_error")
    if state != "running":
        yield Finding("indexer", "fail", f"{state}; {error or 'no error is known'}", "vexorctl logs")
    elif restarts:
        yield Finding("indexer", "warn", f"runs, after {restarts} restarts; {error or ''}", "vexorctl logs")
    else:
        yield Finding("indexer", "ok", f"runs, process {process.get('pid')}")


def replaced(status: dict[str, object]) -> Iterator[Finding]:
    """The program was not installed anew under the running daemon."""
    try:
        found = importlib.metadata.distribution(DISTRIBUTION)
        folder = found.locate_file(f"{DISTRIBUTION}-{found.version}.dist-info")
        installed = os.stat(str(folder)).st_mtime
    except (importlib.metadata.PackageNotFoundError, OSError):
        return
    if installed > time.time() - (seconds(status, "uptime_s") or 0.0) + 1.0:
        message = "vexord was installed anew since the daemon began"
        yield Finding("installation", "warn", message, "vexorctl restart")


def crashes(status: dict[str, object]) -> Iterator[Finding]:
    """The daemon itself has not died lately."""
    since = (datetime.now(UTC) - _RECENT).strftime("%Y-%m-%dT%H:%M:%SZ")
    recent = [start for start in texts(status, "unclean_ends") if start >= since]
    if recent:
        often = plural(len(recent), "time")
        message = f"started at {recent[-1]}, ended without being told to ({often} within a day)"
        yield Finding("crashes", "warn", message, "vexorctl logs; a bug report: vexorctl report")


def provider(status: dict[str, object]) -> Iterator[Finding]:
    """The provider that was chosen is not throttled; what it refuses is among the degraded states."""
    remote = member(status, "remote")
    for part in ("bulk", "queries"):
        figures = member(remote, part)
        if text(figures, "state") == "throttled":
            message = f"{text(remote, 'provider')} asks for patience: {text(figures, 'problem')}"
            yield Finding(
                "provider", "warn", message, "wait, or lower: vexorctl config set requests_per_minute N"
            )
            return
    if remote:
        yield Finding("provider", "ok", f"{text(remote, 'provider')} {text(remote, 'model')}")


def degraded(status: dict[str, object]) -> Iterator[Finding]:
    """Everything the daemon itself says is not at its best, by its name in docs/degraded.md."""
    projects = members(status, "projects")
    healthy = 0
    for owner, entry in [("", status), *((f"{text(one, 'project')}: ", one) for one in projects)]:
        reasons = members(entry, "degraded")
        for one in reasons:
            message = f"{owner}{text(one, 'message')}"
            level: Level = "fail" if text(one, "name") in _LOST else "warn"
            yield Finding(text(one, "name") or "degraded", level, message, text(one, "hint"))
        state = text(entry, "state")
        if _LOST & {text(one, "name") for one in reasons}:
            continue
        if state == "root_gone":
            mend = f"put it back, or: vexorctl remove {text(entry, 'project')}"
            yield Finding(
                "root_gone", "fail", f"{owner}the folder is not there; the last index answers", mend
            )
        elif state == "failed":
            yield Finding("failed", "fail", f"{owner}it cannot be indexed", "vexorctl logs")
        elif not reasons and owner:
            healthy += 1
    if projects:
        whole: Level = "ok" if healthy == len(projects) else "warn"
        yield Finding(
            "projects", whole, f"{healthy} of {len(projects)} are well", "" if whole == "ok" else "see above"
        )
