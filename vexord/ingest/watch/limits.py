"""The machine's limits on watching: how many watches we may hold, and file systems that hide changes."""

import os
import re
from pathlib import Path

_MOUNTS = Path("/proc/self/mountinfo")
_LIMITS = ("/proc/sys/fs/inotify/max_user_watches", "/proc/sys/user/max_inotify_watches")
_REMOTE = frozenset(
    {"9p", "afs", "ceph", "cifs", "coda", "drvfs", "gfs2", "lustre", "ncpfs", "nfs", "nfs4"}
    | {"ocfs2", "orangefs", "smb3", "smbfs", "vboxsf", "virtiofs"}
)


def watch_limit() -> int | None:
    """The user's limit of inotify watches, None where it cannot be read."""
    found = []
    for path in _LIMITS:
        try:
            found.append(int(Path(path).read_text(encoding="ascii")))
        except (OSError, ValueError):
            continue
    return min(found, default=None)


def deaf_filesystem(path: str) -> str | None:
    """The type of the file system of `path` if others can change it without our kernel seeing it."""
    try:
        table = _MOUNTS.read_bytes()
    except OSError:
        return None
    target = os.fsencode(path).rstrip(b"/") + b"/"
    best, found = b"", ""
    for line in table.splitlines():
        left, _, right = line.partition(b" - ")
        point = _unescaped(left.split(b" ")[4]).rstrip(b"/") + b"/"
        if target.startswith(point) and len(point) >= len(best):
            best, found = point, right.split(b" ")[0].decode("ascii", "replace")
    return found if found in _REMOTE or found.startswith("fuse.") else None


def _unescaped(field: bytes) -> bytes:
    return re.sub(rb"\\([0-7]{3})", lambda match: bytes([int(match[1], 8)]), field)
