"""Logging: one line an event, to the journal or terminal (stderr), or to a rotated file when detached.

Only the server process writes the file. The indexer writes to its stderr, which is a pipe into the server
(`processes`), so that a single process rotates.
"""

import faulthandler
import logging
import logging.handlers
import os
import sys
import time
from typing import TextIO

from vexord.loglines import Repeats, log_what_nobody_catches, wanted, words

MAX_BYTES = 2_000_000
OLD_FILES = 4
"""With the current file five of at most 2 MB each."""
_SYSLOG = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}


def configure_logging(log_file: str | None) -> None:
    """Send all records to a file, or with None to stderr, in the journal's form where stderr is the journal.

    Tracebacks of fatal signals and messages of native libraries go the same way.

    Raises:
        OSError: the file cannot be opened.
    """
    handler: logging.Handler
    if log_file is not None:
        os.makedirs(os.path.dirname(log_file), mode=0o700, exist_ok=True)
        handler = _PrivateRotatingHandler(log_file)
        handler.setFormatter(LineFormatter())
    else:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JournalFormatter() if _stderr_is_journal() else LineFormatter())
    root = logging.getLogger()
    root.handlers[:] = [_FewRepeats(handler)]
    root.setLevel(logging.INFO)
    log_what_nobody_catches()
    faulthandler.enable(2)


class LineFormatter(logging.Formatter):
    """`2026-01-01T00:00:00.000Z level component message key=value`, always one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line without its end."""
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        return f"{seconds}.{int(record.msecs):03d}Z {self.tail(record)}"

    def tail(self, record: logging.LogRecord) -> str:
        """Return what follows the time."""
        component = record.name.removeprefix("vexord.")
        return f"{record.levelname.lower()} {component} {words(record)}"


class JournalFormatter(LineFormatter):
    """The journal has its own clock; a `<6>` in front gives it the level."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line without its end."""
        return f"<{_SYSLOG.get(record.levelname.lower(), 6)}>{self.tail(record)}"


class _FewRepeats(logging.Handler):
    """Hands on few records of one shape, and says how many it has left out: see `Repeats`."""

    def __init__(self, target: logging.Handler) -> None:
        super().__init__()
        self.addFilter(wanted)
        self._target = target
        self._repeats = Repeats()

    def emit(self, record: logging.LogRecord) -> None:
        """Hand on a record, after what is to be said of earlier ones."""
        for more in self._repeats.due():
            self._target.handle(more)
        if self._repeats.passes(record):
            self._target.handle(record)

    def close(self) -> None:
        """Say what was left out, and end."""
        for more in self._repeats.due(all_of_them=True):
            self._target.handle(more)
        self._target.close()
        super().close()


class _PrivateRotatingHandler(logging.handlers.RotatingFileHandler):
    """Rotation with mode 0600; file descriptor 2 follows the current file."""

    def __init__(self, path: str) -> None:
        super().__init__(path, maxBytes=MAX_BYTES, backupCount=OLD_FILES, encoding="utf-8")

    def _open(self) -> TextIO:  # type: ignore[override]  # the base names the wrapper class
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self.baseFilename, flags, 0o600)
        os.fchmod(descriptor, 0o600)
        os.dup2(descriptor, 2)
        return open(descriptor, "a", encoding="utf-8")


def _stderr_is_journal() -> bool:
    """Compare the device and inode that systemd names in JOURNAL_STREAM with those of stderr."""
    info = os.fstat(2)
    return os.environ.get("JOURNAL_STREAM") == f"{info.st_dev}:{info.st_ino}"
