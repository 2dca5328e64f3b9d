"""The machine's limits on watching: how many watches we may hold, and file systems that hide changes."""

import os
import re
import time
from pathlib import Path

SHARE = 0.5
"""Of the user's watches; editors and file managers need the others."""
_MOUNTS = Path("/proc/self/mountinfo")
_LIMITS = ("/proc/sys/fs/inotify/max_user_watches", "/proc/sys/user/max_inotify_watches")
_REMOTE = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "coda", "drvfs", "fakeowner", "fuse", "gfs2", "gpfs", "lustre"}
    | {"ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "prl_fs", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs"}
)
"""No list of what is called fuse.something could be whole: all of it counts. `fuseblk` is a disk here."""
_BELIEVED_S = 1.0


def watch_limit() -> int | None:
    """The user's limit of inotify watches, None where it cannot be read."""
    found = []
    for path in _LIMITS:
        try:
            found.append(int(Path(path).read_text(encoding="ascii")))
        except (OSError, ValueError):
            continue
    return min(found, default=None)


class Budget:
    """How many watches we allow ourselves. When they are held, the limit is read again, once a second."""

    def __init__(self) -> None:
        self._most = 0.0
        self._read_s = float("-inf")

    def allows(self, held: int) -> bool:
        """Whether one more is within our share."""
        now = time.monotonic()
        if held >= self._most and now - self._read_s > _BELIEVED_S:
            limit = watch_limit()
            self._most = float("inf") if limit is None else limit * SHARE
            self._read_s = now
        return held < self._most


def deaf_mounts(root: str) -> dict[str, str]:
    """Return the file systems at and below `root` that others can change without our kernel seeing it.

    By path relative to `root` ("": the one that `root` itself is on): the type. Mounts that are hidden
    by later ones may be among them. Overlays are not: their lower layers must not change.
    """
    try:
        table = _MOUNTS.read_bytes()
    except OSError:
        return {}
    target = os.fsencode(root).rstrip(b"/") + b"/"
    best, own = b"", ""
    found: dict[str, str] = {}
    for line in table.splitlines():
        left, _, right = line.partition(b" - ")
        point = _unescaped(left.split(b" ")[4]).rstrip(b"/") + b"/"
        kind = right.split(b" ")[0].decode("ascii", "replace")
        if target.startswith(point):
            if len(point) >= len(best):
                best, own = point, kind
        elif point.startswith(target) and _is_deaf(kind):
            found[os.fsdecode(point[len(target) : -1])] = kind
    return {"": own, **found} if _is_deaf(own) else found


def _is_deaf(kind: str) -> bool:
    return kind in _REMOTE or kind.startswith("fuse.")


def _unescaped(field: bytes) -> bytes:
    return re.sub(rb"\\([0-7]{3})", lambda match: bytes([int(match[1], 8)]), field)
