"""Files that count for the rules and lie where no watch stands: whether they are as they were when read."""

import os
import stat
import time

_RACY_NS = 20_000_000
"""File systems stamp with the kernel's coarse clock (4–10 ms); this leaves room."""
_Signature = tuple[int, ...] | None


class Outside:
    """Remembers files by their stat, with git's racy-clean rule. Note a file before it is read."""

    def __init__(self) -> None:
        self._noted: dict[str, _Signature] = {}

    def note(self, path: str) -> None:
        """Remember a file as it is now; it need not be there."""
        signature = _signature(path)
        if signature is not None and 0 <= time.time_ns() - signature[-1] < _RACY_NS:
            signature = (0,)  # a write could follow without moving the time stamps: once more, later
        self._noted[path] = signature

    def changed(self) -> bool:
        """Whether any of them came, went or changed since."""
        return any(_signature(path) != noted for path, noted in list(self._noted.items()))


def _signature(path: str) -> _Signature:
    """Of a folder (`.git`) only that it is there: its time moves with all that git does."""
    try:
        info = os.stat(path)
    except (OSError, ValueError):
        return None
    if stat.S_ISDIR(info.st_mode):
        return (info.st_ino, 0)
    return (info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)
