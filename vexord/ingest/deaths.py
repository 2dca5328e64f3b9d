"""What was at hand when a process died, and how often: what kills us time and again is let alone."""

import glob
import json
import logging
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress

from vexord import files
from vexord.index.types import FileStamp

logger = logging.getLogger(__name__)

MAX_DEATHS = 3
"""A process may die for any reason while it has a thing at hand; so often in a row it is the thing."""
_MOST_KEPT = 1_000
_AT_HAND, _DEATHS = "at-hand", "deaths.json"


def file_key(path: str, stamp: FileStamp) -> str:
    """Return how a file is named here: as it is now, so that another content has its chance."""
    return f"{stamp.size} {stamp.mtime_ns} {stamp.inode} {path}"


def path_of(key: str) -> str:
    """Return the path of a file that is named so; empty if it is not a file."""
    return key.split(" ", 3)[3] if key[:1].isdigit() and key.count(" ") >= 3 else ""


class Guard:
    """Says before each thing what is at hand, and knows what is to be let alone."""

    def __init__(self, path: str, banned: Collection[str]) -> None:
        """`path`: of the file that says it.

        Raises:
            OSError: it cannot be opened.
        """
        self._path = path
        self._banned = banned
        self._mark = files.Mark(path)
        self.found = self._mark.found
        """What the process before had at hand when it died."""

    def is_banned(self, key: str) -> bool:
        """Whether this is to be let alone."""
        return key in self._banned

    def begin(self, key: str) -> None:
        """This is at hand now."""
        self._mark.set(key)

    def end(self, _key: str) -> None:
        """It has been done, or given up, by a process that lives."""
        self._mark.set("")

    def close(self) -> None:
        """Nothing is at hand any more."""
        self._mark.close()
        with suppress(OSError):
            files.remove_file(self._path)


class Deaths(Guard):
    """Of one project, kept beside its index. Another `version` of ours gives everything another chance."""

    def __init__(self, folder: str, version: str) -> None:
        """Read what is known, and count what was at hand when the process before died.

        Raises:
            OSError: the folder cannot be used.
        """
        files.make_dir(folder)
        self._folder = folder
        self._version = version
        self._deaths = _read(os.path.join(folder, _DEATHS), version)
        super().__init__(os.path.join(folder, _AT_HAND), ())
        for path in glob.glob(f"{glob.escape(folder)}/{_AT_HAND}-*"):  # of a crew that died with its parent
            files.remove_file(path)
        if self.found:
            super().end(self.found)
            self.died(self.found)

    @property
    def banned(self) -> frozenset[str]:
        """What is to be let alone."""
        return frozenset(key for key, count in self._deaths.items() if count >= MAX_DEATHS)

    def is_banned(self, key: str) -> bool:
        """Whether this has killed too often."""
        return self._deaths.get(key, 0) >= MAX_DEATHS

    def end(self, key: str) -> None:
        """It has been done by a process that lives: whatever died with it at hand died of something else."""
        super().end(key)
        self.survived(key)

    def survived(self, key: str) -> None:
        """Somebody has done this, and lives."""
        if self._deaths and not self.is_banned(key) and self._deaths.pop(key, None) is not None:
            self._save()

    def died(self, key: str) -> None:
        """A process died with this at hand."""
        self._deaths[key] = self._deaths.pop(key, 0) + 1
        self._save()
        logger.warning("a process died with this at hand times=%d what=%r", self._deaths[key], key)

    @contextmanager
    def at_hand(self, key: str) -> Iterator[None]:
        """Something other than a file is at hand."""
        self.begin(key)
        try:
            yield
        finally:
            self.end(key)

    def worker_file(self, name: str) -> str:
        """Return where a process of the crew says what it has at hand."""
        return os.path.join(self._folder, f"{_AT_HAND}-{name}")

    def worker_died(self, name: str) -> str:
        """Count what a process of the crew had at hand, and return it; empty if it had not begun."""
        path = self.worker_file(name)
        key = files.read_mark(path)
        files.remove_file(path)
        if key:
            self.died(key)
        return key

    def close(self) -> None:
        """Let go of the files."""
        self._mark.close()

    def _save(self) -> None:
        kept = dict(list(self._deaths.items())[-_MOST_KEPT:])
        data = json.dumps({"version": self._version, "deaths": kept}).encode("ascii")
        try:
            files.replace_file(os.path.join(self._folder, _DEATHS), data)
        except OSError as error:
            logger.warning("deaths not noted: %s", error)


def _read(path: str, version: str) -> dict[str, int]:
    try:
        told = json.loads(files.read_file(path))
        return (
            {str(key): int(count) for key, count in told["deaths"].items()}
            if told["version"] == version
            else {}
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}  # what is forgotten is only tried again
