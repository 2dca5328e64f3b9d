"""Whether a project's root is there: a folder, and not the empty place where its disk was mounted."""

import os
import stat

from vexord.ingest.watch.identity import Identity, identity


class Root:
    """Remembers which folder was last taken for the root; see `missing`."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._known: Identity | None = None

    def missing(self, indexed: bool) -> str:
        """Return why the root must not be compared with the index, in words; empty if it may be.

        `indexed`: whether the index holds any file. An empty folder where another one was, or of which we do
        not know, is then taken for a mount point whose disk is away: an index is not emptied for that.
        """
        now = identity(self._path)
        if now is None:
            return f"{shown(self._path)} {self._instead()}"
        if indexed and now != self._known and _is_empty(self._path):
            return f"{shown(self._path)} is empty, and was not when it was indexed: is its disk mounted?"
        return ""

    def accept(self) -> None:
        """The folder that is there now is the root, empty or not."""
        self._known = identity(self._path)

    def forget(self) -> None:
        """What comes back may be another folder, even if it has the number of this one."""
        self._known = None

    def _instead(self) -> str:
        try:
            mode = os.lstat(self._path).st_mode
        except OSError as error:
            return f"is not there: {error.strerror}"
        if stat.S_ISLNK(mode):
            return f"is a symbolic link now, to {shown(os.path.realpath(self._path))}"
        return "is no folder now"


def shown(path: str) -> str:
    """Return a path as valid text for messages."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _is_empty(path: str) -> bool:
    try:
        with os.scandir(path) as entries:
            return next(entries, None) is None
    except OSError:
        return False
