"""What `vexorctl doctor` looks at: each check is a function that returns findings, each with its mend."""

import contextlib
import glob
import importlib.metadata
import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from vexor_protocol import PROTOCOL_VERSION
from vexor_protocol.configuration import FILE_NAME, load
from vexor_protocol.locations import LocationError, check_runtime_dir, runtime_dir, socket_path
from vexor_protocol.settings import ConfigError

from vexorctl.errors import ClientError
from vexorctl.folders import config_dir, shared_folders
from vexorctl.managers import manager

Level = Literal["ok", "warn", "fail"]
Ask = Callable[[str], dict[str, object]]
"""Asks the daemon a method without parameters; raises ClientError."""

_LITTLE_ROOM_BYTES = 1_000_000_000
_NO_ROOM_BYTES = 100_000_000
_NEARLY = 0.9
_MODEL_FILES = tuple(f"embed/model/{name}" for name in ("model.json", "rows.npy", "weights.npy", "words.txt"))


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    check: str
    level: Level
    message: str
    mend: str = ""


def examine(ask: Ask) -> list[Finding]:
    """Make every check."""
    findings = [*runtime_folder(), *storage(), *settings(), *model_files(), *service_unit()]
    findings += inotify_instances()
    try:
        hello, status = ask("hello"), ask("status")
    except ClientError as error:
        findings.append(Finding("daemon", "warn", f"no answer: {error}", error.hint or "vexorctl restart"))
        return findings
    return [*findings, *versions(hello), *indexer(status), *watches(status), *degraded(status)]


def runtime_folder() -> Iterator[Finding]:
    """The socket's folder: set by the session, the user's alone, short enough."""
    if sys.platform == "linux" and not os.environ.get("XDG_RUNTIME_DIR"):
        yield Finding(
            "session",
            "warn",
            f"XDG_RUNTIME_DIR is not set: {runtime_dir()} is used; a login session would use another folder",
            "set it as your login does: export XDG_RUNTIME_DIR=/run/user/$(id -u)",
        )
    try:
        socket_path()
        check_runtime_dir(runtime_dir())
    except FileNotFoundError:
        yield Finding("runtime folder", "ok", f"{runtime_dir()} will be created by the daemon")
    except LocationError as error:
        yield Finding("runtime folder", "fail", error.message, error.hint)
    else:
        yield Finding("runtime folder", "ok", f"{runtime_dir()} is yours alone")


def storage() -> Iterator[Finding]:
    """The folders can be written, and the index has room to grow."""
    for folder in shared_folders():
        if folder.name not in ("cache", "state"):
            continue
        existing = _existing(folder.path)
        if not os.access(existing, os.W_OK | os.X_OK):
            yield Finding(
                f"{folder.name} folder", "fail", f"{existing} cannot be written", f"chmod u+rwx {existing}"
            )
            continue
        free = shutil.disk_usage(existing).free
        level: Level = "ok" if free >= _LITTLE_ROOM_BYTES else "warn" if free >= _NO_ROOM_BYTES else "fail"
        mend = "" if level == "ok" else f"make room on the file system of {existing}"
        yield Finding(f"{folder.name} folder", level, f"{folder.path}: {free / 1e9:.1f} GB free", mend)


def settings() -> Iterator[Finding]:
    """The settings file and the variables are right: with wrong ones no daemon starts."""
    try:
        load(config_dir())
    except ConfigError as error:
        yield Finding("settings", "fail", error.message, error.hint)
    else:
        path = os.path.join(config_dir(), FILE_NAME)
        yield Finding("settings", "ok", f"{path} and the variables are right")


def model_files() -> Iterator[Finding]:
    """The default model's files came with the installation."""
    spec = importlib.util.find_spec("vexord")  # finds, does not import
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    missing = [
        name
        for name in _MODEL_FILES
        if not any(os.path.isfile(os.path.join(place, name)) for place in places)
    ]
    if missing:
        mend = "install vexord again: pip install --force-reinstall vexord"
        yield Finding("model", "fail", f"missing: vexord/{', vexord/'.join(missing)}", mend)
    else:
        yield Finding("model", "ok", "the default model's files are there")


def service_unit() -> Iterator[Finding]:
    """An installed unit starts a program that exists."""
    state = manager().state()
    if not state.installed:
        yield Finding("service", "ok", "not installed; the daemon starts with the first search")
    elif state.stale:
        program = state.command[0] if state.command else "nothing"
        yield Finding(
            "service",
            "fail",
            f"{state.unit_file} starts {program}, which is not there",
            "vexorctl service install",
        )
    else:
        yield Finding("service", "ok", f"{state.unit_file} starts {' '.join(state.command)}")


def inotify_instances() -> Iterator[Finding]:
    """Linux allows each user a number of inotify instances; file managers and editors use them too."""
    limit = _number("/proc/sys/fs/inotify/max_user_instances")
    if limit is None:
        return
    used = 0
    for link in glob.iglob("/proc/[0-9]*/fd/*"):
        with contextlib.suppress(OSError):  # other users' processes, and what has just ended
            used += os.readlink(link) == "anon_inode:inotify"
    level: Level = "ok" if used < limit * _NEARLY else "warn"
    mend = "" if level == "ok" else f"sudo sysctl fs.inotify.max_user_instances={max(512, limit * 2)}"
    yield Finding("inotify instances", level, f"{used} of {limit} used", mend)


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
    process = _object(status.get("indexer"))
    state, restarts, error = process.get("state"), process.get("restarts"), process.get("last_error")
    if state != "running":
        yield Finding("indexer", "fail", f"{state}; {error or 'no error is known'}", "vexorctl logs")
    elif restarts:
        yield Finding("indexer", "warn", f"runs, after {restarts} restarts; {error or ''}", "vexorctl logs")
    else:
        yield Finding("indexer", "ok", f"runs, process {process.get('pid')}")


def watches(status: dict[str, object]) -> Iterator[Finding]:
    """The daemon's share of the inotify watches of this user."""
    process = _object(status.get("indexer"))
    used, limit = process.get("watches"), process.get("watch_limit")
    if not isinstance(used, int) or not isinstance(limit, int) or limit <= 0:
        return
    level: Level = "ok" if used < limit * _NEARLY else "warn"
    mend = "" if level == "ok" else f"sudo sysctl fs.inotify.max_user_watches={limit * 4}"
    yield Finding("inotify watches", level, f"{used} of {limit} used by the indexer", mend)


def degraded(status: dict[str, object]) -> Iterator[Finding]:
    """Everything the daemon itself says is not at its best."""
    owners = [("daemon", status), *((str(p.get("project")), p) for p in _objects(status.get("projects")))]
    healthy = 0
    for owner, entry in owners:
        reasons = _objects(entry.get("degraded"))
        for reason in reasons:
            yield Finding(owner, "warn", str(reason.get("message")), str(reason.get("hint") or ""))
        if entry.get("state") in ("failed", "root_gone"):
            yield Finding(
                owner, "fail", f"state is {entry.get('state')}", f"vexorctl remove {owner}, or mend it"
            )
        elif not reasons and entry is not status:
            healthy += 1
    if healthy:
        yield Finding("projects", "ok", f"{healthy} of {len(owners) - 1} are well")


def _existing(path: str) -> str:
    while not os.path.isdir(path) and path != os.path.dirname(path):
        path = os.path.dirname(path)
    return path


def _number(path: str) -> int | None:
    try:
        with open(path, encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[dict[str, object]]:
    return [_object(item) for item in value] if isinstance(value, list) else []
