"""One daemon for a folder: a lock that the kernel drops with its holder, whatever ends it."""

import fcntl
import os
import time

from vexord.moments import utc_text

LOCK_NAME = "vexord.lock"
PATIENCE_S = 0.2
_LOOK_S = 0.01
EXIT_ALREADY_RUNNING = 75
"""EX_TEMPFAIL of sysexits.h."""


class AlreadyRunningError(Exception):
    """Another daemon holds the lock. `holder` is what it wrote there, for people: process, start, socket."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"already running, {holder}" if holder else "already running")
        self.holder = holder


class DaemonLock:
    """An exclusive `flock` on `<folder>/vexord.lock`, held until `release` or the end of the process.

    The file names the holder for people; nothing ever trusts that text. It is not deleted: a second daemon
    could then lock a file that no longer has a name.
    """

    def __init__(self, folder: str, socket: str = "") -> None:
        """Take the lock. `socket`: where the daemon listens, for the text.

        Raises:
            AlreadyRunningError: another process holds it.
            OSError: the file cannot be opened.
        """
        path = os.path.join(folder, LOCK_NAME)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._descriptor = os.open(path, flags, 0o600)
        if not self._take():
            holder = os.read(self._descriptor, 1_000).decode("utf-8", "replace").strip()
            os.close(self._descriptor)
            raise AlreadyRunningError(holder)
        started = utc_text(time.time())
        os.ftruncate(self._descriptor, 0)
        text = f"pid {os.getpid()}, since {started}" + (f", socket {socket}" if socket else "")
        os.pwrite(self._descriptor, os.fsencode(text + "\n"), 0)

    def _take(self) -> bool:
        """Try for a moment: a client that asks whether a daemon lives holds the lock for an instant too."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
                time.sleep(_LOOK_S)

    def release(self) -> None:
        """Let another daemon have it."""
        os.close(self._descriptor)
