"""Whether the package on disk is still the one that runs: an upgrade replaces it, a removal takes it."""

import os

import vexord

RESTART_ADVISED = "restart_advised"

_Stamp = tuple[int, int, int] | None


class Installed:
    """Remembers one file of the package as it was at the start. Router thread only."""

    def __init__(self, path: str | None = None) -> None:
        self._path = path or vexord.__file__
        self._stamp = _look(self._path)
        self.replaced = False
        """Another version, or none, lies there now."""

    def look(self) -> None:
        """Look at the file again; to be called every few seconds."""
        self.replaced = _look(self._path) != self._stamp


def _look(path: str) -> _Stamp:
    try:
        info = os.stat(path)
    except OSError:
        return None
    return info.st_ino, info.st_size, info.st_mtime_ns
