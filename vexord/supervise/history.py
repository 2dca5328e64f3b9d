"""The last starts of the daemon and how each ended: what tells a crash from a stop the next time."""

import logging
import os
import time

import msgspec

from vexord.files import replace_file
from vexord.moments import utc_text

logger = logging.getLogger(__name__)

KEPT = 20
RUNNING, STOPPED, FAILED, KILLED = "running", "stopped", "failed", "killed"


class Start(msgspec.Struct, kw_only=True):
    """One life of the daemon."""

    at: str
    """RFC 3339, UTC."""
    pid: int
    version: str
    ended: str = RUNNING
    """`running`, `stopped` when told to, `failed` by an error of ours, or `killed`: it or the machine ended
    without a word."""
    ended_at: str = ""


class History:
    """A small file in the state folder; the holder of the daemon's lock alone writes it.

    It tells of the past and nothing depends on it: one that cannot be read or written is done without.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self.starts = _read(path)
        """Earlier ones, latest last."""

    @property
    def unclean(self) -> list[str]:
        """When earlier daemons were started that ended without being told to."""
        return [start.at for start in self.starts if start.ended != STOPPED]

    def begin(self, version: str) -> None:
        """This daemon has started."""
        now = utc_text(time.time())
        for start in self.starts:
            if start.ended == RUNNING:
                start.ended = KILLED
        self._write([*self.starts, Start(at=now, pid=os.getpid(), version=version)])

    def end(self, how: str) -> None:
        """This daemon ends in an orderly way: `stopped`, or `failed`."""
        starts = _read(self._path)
        if starts and starts[-1].pid == os.getpid():
            starts[-1].ended, starts[-1].ended_at = how, utc_text(time.time())
            self._write(starts)

    def _write(self, starts: list[Start]) -> None:
        try:
            replace_file(self._path, msgspec.json.encode(starts[-KEPT:]))
        except OSError as error:
            logger.warning("the starts are not kept: %s", error)


def _read(path: str) -> list[Start]:
    try:
        with open(path, "rb") as file:
            return msgspec.json.decode(file.read(), type=list[Start])
    except (OSError, msgspec.DecodeError):
        return []
