"""Checks of the machine: folders and their rights, room, file systems, limits, the clock."""

import contextlib
import glob
import os
import shutil
import stat
import sys
import time
from collections.abc import Iterator

from vexor_protocol.locations import LocationError, check_runtime_dir, runtime_dir, socket_path

from vexorctl.findings import Finding, Level
from vexorctl.folders import shared_folders

LITTLE_ROOM_BYTES = 1_000_000_000
NO_ROOM_BYTES = 100_000_000
NEARLY = 0.9
_FEW_INODES = 10_000
_REMOTE = frozenset(
    {"9p", "afs", "ceph", "cifs", "lustre", "nfs", "nfs4", "smb3", "smbfs", "vboxsf", "virtiofs"}
)
_AHEAD_S = 60.0


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


def folders() -> Iterator[Finding]:
    """The folders can be written, are closed to others, have room, and lie on a file system that can lock."""
    for folder in shared_folders():
        if folder.name != "runtime":
            yield _folder(f"{folder.name} folder", folder.path)


def _folder(check: str, path: str) -> Finding:
    existing = _existing(path)
    if not os.access(existing, os.W_OK | os.X_OK):
        return Finding(check, "fail", f"{existing} cannot be written", f"chmod u+rwx {existing}")
    if existing == path and (open_to := stat.S_IMODE(os.stat(path).st_mode) & 0o022):
        return Finding(check, "fail", f"{path} can be changed by others ({open_to:03o})", f"chmod 700 {path}")
    kind = file_system(existing)
    if kind in _REMOTE:
        mend = "put it on a disk of this machine: set XDG_CACHE_HOME, XDG_STATE_HOME or XDG_DATA_HOME"
        return Finding(
            check, "warn", f"{path} lies on {kind}, where locks and maps are not to be relied on", mend
        )
    free = shutil.disk_usage(existing).free
    level: Level = "ok" if free >= LITTLE_ROOM_BYTES else "warn" if free >= NO_ROOM_BYTES else "fail"
    if level != "ok":
        return Finding(
            check, level, f"{path}: {free / 1e9:.1f} GB free", f"make room on the disk of {existing}"
        )
    inodes = os.statvfs(existing)
    if inodes.f_files and inodes.f_favail < _FEW_INODES:
        mend = f"delete files on the disk of {existing}"
        return Finding(check, "warn", f"{path}: room for {inodes.f_favail:,} more files", mend)
    return Finding(check, "ok", f"{path}: {free / 1e9:.1f} GB free")


def inotify() -> Iterator[Finding]:
    """Linux allows each user numbers of inotify instances and watches; editors use them too."""
    instances, watches = number("/proc/sys/fs/inotify/max_user_instances"), watch_limit()
    if instances is None or watches is None:
        return
    used_instances, used_watches = inotify_use()
    for what, used, limit, enough in (
        ("instances", used_instances, instances, 1024),
        ("watches", used_watches, watches, 1_048_576),
    ):
        level: Level = "ok" if used < limit * NEARLY else "warn"
        mend = "" if level == "ok" else f"sudo sysctl fs.inotify.max_user_{what}={max(enough, limit * 2)}"
        yield Finding(f"inotify {what}", level, f"{used:,} of {limit:,} used by all your programs", mend)


def inotify_use() -> tuple[int, int]:
    """Return how many instances and watches this user's processes hold, as far as they can be seen."""
    instances = watches = 0
    for link in glob.iglob("/proc/[0-9]*/fd/*"):
        with contextlib.suppress(OSError):  # other users' processes, and what has just ended
            if os.readlink(link) == "anon_inode:inotify":
                instances += 1
                with open(link.replace("/fd/", "/fdinfo/"), "rb") as file:
                    watches += sum(line.startswith(b"inotify ") for line in file)
    return instances, watches


def watch_limit() -> int | None:
    """Return how many watches this user may hold, None where it cannot be read."""
    paths = ("/proc/sys/fs/inotify/max_user_watches", "/proc/sys/user/max_inotify_watches")
    return min((found for path in paths if (found := number(path)) is not None), default=None)


def clock() -> Iterator[Finding]:
    """A clock that was set back lets changes look older than the index; contents are compared anyway."""
    newest = 0.0
    for folder in shared_folders():
        for name in ("projects.json", "starts.json", "vexord.log"):
            with contextlib.suppress(OSError):
                newest = max(newest, os.stat(os.path.join(folder.path, name)).st_mtime)
    ahead = newest - time.time()
    if ahead > _AHEAD_S:
        message = f"files of vexord were written {ahead:,.0f} s in the future: the clock was set back"
        yield Finding("clock", "warn", message, "mend the clock, then: vexorctl reindex")
    else:
        yield Finding("clock", "ok", "no file of vexord is of the future")


def file_system(path: str) -> str:
    """Return the type of the file system on which a path lies, empty where the system does not tell."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            table = file.read().splitlines()
    except OSError:
        return ""
    target, best, found = path.rstrip("/") + "/", -1, ""
    for line in table:
        left, _, right = line.partition(" - ")
        point = left.split(" ")[4].encode().decode("unicode_escape").rstrip("/") + "/"
        if target.startswith(point) and len(point) >= best:
            best, found = len(point), right.split(" ")[0]
    return found


def number(path: str) -> int | None:
    """Return the number that a file holds, if it does."""
    try:
        with open(path, encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def _existing(path: str) -> str:
    while not os.path.isdir(path) and path != os.path.dirname(path):
        path = os.path.dirname(path)
    return path
