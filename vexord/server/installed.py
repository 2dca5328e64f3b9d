"""Whether the package on disk is still the one that runs: an upgrade replaces it, a removal takes it."""

import vexord
from vexord.stamps import stamp

RESTART_ADVISED = "restart_advised"


class Installed:
    """Remembers one file of the package as it was at the start. Router thread only."""

    def __init__(self, path: str | None = None) -> None:
        self._path = path or vexord.__file__
        self._stamp = stamp(self._path)
        self.replaced = False
        """Another version, or none, lies there now."""

    def look(self) -> None:
        """Look at the file again; to be called every few seconds."""
        self.replaced = stamp(self._path) != self._stamp
