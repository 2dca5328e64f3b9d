"""The progress line on standard error while an answer waits for the first index; gone afterwards."""

import os
import shutil
import sys
import time
from dataclasses import dataclass

from vexorctl.errors import ClientError
from vexorctl.session import frame, request, result
from vexorctl.values import JsonObject, clean, member, members, number, seconds, text
from vexorctl.zmtp import Connection

_LOOK_S = 0.2
_CHECK_AFTER_S = 6.0
"""A daemon that has not answered for so long must at least answer `status`."""
_STATUS_TIMEOUT_S = 3.0
_BAR_COLUMNS = 20


@dataclass(slots=True)
class _Rate:
    """Files a second, since the first figures that were seen."""

    began: float = 0.0
    files: int = 0

    def of(self, files_done: int) -> float:
        now = time.monotonic()
        if not self.began or files_done < self.files:
            self.began, self.files = now, files_done
        passed = now - self.began
        return (files_done - self.files) / passed if passed > 0 else 0.0


class ProgressLine:
    """One line that is drawn over and over, on a terminal that can; elsewhere it does nothing."""

    def __init__(self) -> None:
        self.shown = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._color = not os.environ.get("NO_COLOR")
        self._rate = _Rate()
        self._drawn = False

    def draw(self, projects: list[JsonObject], path: str | None) -> None:
        """Show how far the project of `path` is (None: the first that is busy), given all of them."""
        if not self.shown:
            return
        busy = _busy(projects, path)
        if busy is None:
            self.clear()
            return
        columns = shutil.get_terminal_size().columns - 1
        line = clean(describe(busy, self._rate.of(number(member(busy, "progress"), "files_done"))))[:columns]
        sys.stderr.write(f"\r\x1b[K\x1b[36m{line}\x1b[0m" if self._color else f"\r\x1b[K{line}")
        sys.stderr.flush()
        self._drawn = True

    def clear(self) -> None:
        """Leave no trace."""
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._drawn = False


def describe(project: JsonObject, rate: float) -> str:
    """Return the line without colour, e.g. `indexing shop [####----] 4/8 files  90 files/s  1 s left`."""
    progress = member(project, "progress")
    done, total = number(progress, "files_done"), number(progress, "files_total")
    name = text(project, "name") or text(project, "project")
    if text(progress, "phase") == "scanning" or not total:
        return f"scanning {name}  {total:,} files"
    filled = min(_BAR_COLUMNS, _BAR_COLUMNS * done // total)
    parts = [f"indexing {name} [{'#' * filled}{'-' * (_BAR_COLUMNS - filled)}] {done:,}/{total:,} files"]
    if rate >= 1:
        parts.append(f"{rate:,.0f} files/s")
    left = seconds(progress, "eta_s")
    if left is None and rate >= 1:
        left = (total - done) / rate
    if left is not None:
        parts.append(f"{duration(left)} left")
    return "  ".join(parts)


def duration(length_s: float) -> str:
    """Return seconds for a person: `7 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = max(0, round(length_s))
    if whole < 60:
        return f"{whole} s"
    minutes, left = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {left} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def wait_for_reply(connection: Connection, path: str | None, deadline: float) -> bytes:
    """Return the reply's frame, drawing progress until it comes. `deadline` is of the monotonic clock.

    Raises:
        TimeoutError: no reply in time.
        ConnectionError: the daemon ended.
        ClientError: it does not even answer `status`.
    """
    line = ProgressLine()
    folder = None if path is None else os.path.realpath(path)
    next_check = 0.0 if line.shown else time.monotonic() + _CHECK_AFTER_S
    try:
        while True:
            now = time.monotonic()
            if now >= deadline:
                raise TimeoutError
            if now >= next_check:
                line.draw(_projects(), folder)
                next_check = 0.0 if line.shown else time.monotonic() + _CHECK_AFTER_S
            try:
                return connection.receive(min(_LOOK_S, deadline - now))
            except TimeoutError:
                continue
    finally:
        line.clear()


def request_with_progress(method: str, params: JsonObject, path: str | None, timeout_s: float) -> JsonObject:
    """As `session.request`, with a progress line about the project of `path`.

    Raises:
        ClientError: as `session.request`.
    """
    from vexorctl.session import open_connection, unanswered

    connection = open_connection(method)
    try:
        connection.send(frame(method, params))
        return result(wait_for_reply(connection, path, time.monotonic() + timeout_s))
    except (TimeoutError, ConnectionError) as error:
        raise unanswered(error) from None
    finally:
        connection.close()


def _projects() -> list[JsonObject]:
    try:
        return members(request("status", {}, _STATUS_TIMEOUT_S, start=False), "projects")
    except ClientError as error:
        if error.name == "E_NO_DAEMON":
            # It is being started again; the reply's own connection tells the rest.
            return []
        raise


def _busy(projects: list[JsonObject], path: str | None) -> JsonObject | None:
    busy = [project for project in projects if member(project, "progress")]
    if path is None:
        return busy[0] if busy else None
    above = [project for project in busy if f"{path}/".startswith(text(project, "project").rstrip("/") + "/")]
    return max(above, key=lambda project: len(text(project, "project")), default=None)
