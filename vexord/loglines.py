"""What may stand in a line of the log: our own words, paths and numbers; no text of a file, no query, no key.

Messages of errors that others raise may quote what they were given, and libraries log what they send. So of a
foreign error or record only its kind and its place are kept. Both processes format their records here.
"""

import concurrent.futures
import logging
import os
import re
import sqlite3
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

MAX_CHARACTERS = 4_000
"""Of a line; the rest is left out."""
BURST, WINDOW_S = 5, 300.0
"""So many lines of one shape are written within so many seconds; the others are counted."""
_OURS = ("vexord", "vexor_protocol")
_PLAIN = (
    OSError, MemoryError, ImportError, AttributeError, NameError, TypeError, sqlite3.Error, EOFError,
    concurrent.futures.BrokenExecutor,
)  # fmt: skip
"""Kinds of errors whose messages name files, types and names of code, and quote no data."""
_NUMBER = re.compile(r"\b(?:0x)?[0-9a-f]*\d[0-9a-f]*\b|\d+")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


def told(error: BaseException) -> str:
    """Return an error as it may be logged or shown: with its message only if that can quote no data."""
    kind = type(error)
    name = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
    plain = isinstance(error, _PLAIN) or _ours(kind.__module__)
    said = str(error) if plain else ""
    return f"{name}: {said}" if said else name


def trace(error: BaseException) -> str:
    """Return what was raised and where, then its causes, in one line without any text of the data."""
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        parts.append(f"{told(current)} at {_places(current.__traceback__)}")
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return " <- ".join(parts)


def wanted(record: logging.LogRecord) -> bool:
    """A handler's filter: of libraries only warnings and errors, however talkative variables make them."""
    return _ours(record.name) or record.levelno >= logging.WARNING


def words(record: logging.LogRecord) -> str:
    """Return a record's message in one line, reduced as the module says."""
    if record.name == "py.warnings":
        message = ":".join(record.getMessage().split(":", 3)[:3])  # file, line and kind
    elif not _ours(record.name):
        message = f"{os.path.basename(record.pathname)}:{record.lineno}"
    else:
        message = _filled(str(record.msg), record.args)
    if record.exc_info and record.exc_info[1] is not None:
        message = f"{message} [{trace(record.exc_info[1])}]"
    message = escape(message)
    return message if len(message) <= MAX_CHARACTERS else f"{message[:MAX_CHARACTERS]}…"


def escape(text: str) -> str:
    """Make text safe for one line of a terminal: control characters and lone surrogates are escaped."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == " " else c.encode("unicode_escape").decode() for c in text)


class _ChildFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"{record.levelname} {record.name} {words(record)}"


def log_to_stderr() -> None:
    """In a child of the server: log `LEVEL name message` to stderr, which is a pipe into the server's log."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_ChildFormatter())
    handler.addFilter(wanted)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    log_what_nobody_catches()


def log_what_nobody_catches() -> None:
    """Have errors that end a thread or the process, and warnings, logged in the form of all others."""
    logger = logging.getLogger("vexord.uncaught")

    def of_process(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        if isinstance(error, KeyboardInterrupt):
            return
        logger.critical("the process ends", exc_info=error)

    def of_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            name = args.thread.name if args.thread is not None else "?"
            logger.critical("a thread ended name=%s", name, exc_info=args.exc_value)

    def unraisable(args: "sys.UnraisableHookArgs") -> None:
        if args.exc_value is not None:
            logger.error("an error where none can be raised", exc_info=args.exc_value)

    sys.excepthook, threading.excepthook, sys.unraisablehook = of_process, of_thread, unraisable
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # a record that cannot be written would be shown whole on stderr


class Repeats:
    """Lets few records of one shape through, so that a fault that repeats pushes nothing else out of the log.

    Numbers do not count for the shape, in warnings and errors neither does what is quoted. Thread-safe.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._windows: dict[tuple[str, int, str], _Window] = {}

    def passes(self, record: logging.LogRecord) -> bool:
        """Whether a record is to be written; else it is counted."""
        message = words(record)
        pattern = _NUMBER.sub("#", message)
        if record.levelno >= logging.WARNING:
            pattern = _QUOTED.sub("#", pattern)
        with self._lock:
            window = self._windows.setdefault((record.name, record.levelno, pattern), _Window(self._now()))
            window.lines += 1
            window.last = message
            return window.lines <= BURST

    def due(self, *, all_of_them: bool = False) -> list[logging.LogRecord]:
        """Return a record for each shape of which some were held back, once its window has ended."""
        ended = self._now() - WINDOW_S
        with self._lock:
            due = {
                shape: window
                for shape, window in self._windows.items()
                if all_of_them or window.since <= ended
            }
            for shape in due:
                del self._windows[shape]
        return [
            logging.LogRecord(name, level, "", 0, "… %d more like it: %s", (window.held, window.last), None)
            for (name, level, _), window in due.items()
            if window.held
        ]


@dataclass(slots=True)
class _Window:
    """Records of one shape since its first."""

    since: float
    lines: int = 0
    last: str = ""

    @property
    def held(self) -> int:
        return max(0, self.lines - BURST)


def _filled(template: str, args: object) -> str:
    if not isinstance(args, tuple) or not args:
        return template
    try:
        return template % tuple(told(one) if isinstance(one, BaseException) else one for one in args)
    except (TypeError, ValueError):  # a slip of ours must not end what was being told of
        return template


def _ours(name: str) -> bool:
    return name.partition(".")[0] in _OURS


def _places(trace_back: TracebackType | None) -> str:
    """Return the places of a traceback, outermost first, as `module:line function`."""
    frames = traceback.extract_tb(trace_back)
    return " > ".join(f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames) or "?"


def _short(path: str) -> str:
    return "/".join(path.split("/")[-2:])
