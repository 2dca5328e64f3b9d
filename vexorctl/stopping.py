"""Stops the daemon: asks it, and where it does not answer ends the process that really holds its lock."""

import os
import time

import psutil
from vexor_protocol.locations import runtime_dir

from vexorctl.errors import ClientError
from vexorctl.session import request
from vexorctl.spawn import LOCK_NAME, daemon_lock_is_held
from vexorctl.values import number

_ASK_LIMIT_S = 3.0
_ORDERLY_LIMIT_S = 15.0
_SIGNAL_LIMIT_S = 5.0
_LOOK_S = 0.02


def stop_daemon() -> bool:
    """Return when no daemon is left; whether there was one.

    Raises:
        ClientError: it does not end, or the process cannot be told for sure.
    """
    if not daemon_lock_is_held():
        return False
    asked = _ask()
    if asked is not None and _gone_within(_ORDERLY_LIMIT_S, asked):
        return True
    for kill in (False, True):
        process = lock_holder()
        if process is not None:
            _signal(process, kill)
        if _gone_within(_SIGNAL_LIMIT_S, process):
            return True
    raise ClientError("the daemon does not end", "find it with: pgrep -af vexord")


def lock_holder() -> psutil.Process | None:
    """Return the process that holds the daemon's lock, if it is ours and is a vexord; None if it has gone.

    The number in the lock file is only where to look first: the process must be of our user, run vexord, and
    have the lock file open.

    Raises:
        ClientError: the lock is held, but by no process that can be recognised.
    """
    path = os.path.join(runtime_dir(), LOCK_NAME)
    for process in _candidates(path):
        try:
            if process.uids().real == os.getuid() and _runs_vexord(process) and _has_open(process, path):
                return process
        except psutil.Error:
            continue
    if not daemon_lock_is_held():
        return None
    raise ClientError(f"cannot tell which process holds {path}", "find it with: pgrep -af vexord")


def _ask() -> psutil.Process | None:
    """Return the process that has agreed to end."""
    try:
        return psutil.Process(number(request("shutdown", {}, timeout_s=_ASK_LIMIT_S), "pid"))
    except (ClientError, psutil.Error):
        return None


def _candidates(path: str) -> list[psutil.Process]:
    named: list[psutil.Process] = []
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            words = file.read(200).replace(",", " ").split()
        if len(words) > 1 and words[0] == "pid" and words[1].isdigit():
            named.append(psutil.Process(int(words[1])))
    except (OSError, psutil.Error):
        pass
    return [*named, *psutil.process_iter()]


def _runs_vexord(process: psutil.Process) -> bool:
    words = process.cmdline()
    return any(os.path.basename(word) == "vexord" for word in words[:4])


def _has_open(process: psutil.Process, path: str) -> bool:
    real = os.path.realpath(path)
    return any(entry.path == real for entry in process.open_files())


def _signal(process: psutil.Process, kill: bool) -> None:
    try:
        if kill:
            process.kill()
        else:
            process.terminate()
            process.resume()  # a stopped process would not see it
    except psutil.NoSuchProcess:
        return
    except psutil.Error as error:
        raise ClientError(
            f"cannot end process {process.pid}: {error}", f"run: kill -9 {process.pid}"
        ) from None


def _gone_within(limit_s: float, process: psutil.Process | None) -> bool:
    """Whether the lock is free and the process has ended, which it does a moment later."""
    deadline = time.monotonic() + limit_s
    while daemon_lock_is_held() or _lives(process):
        if time.monotonic() >= deadline:
            return False
        time.sleep(_LOOK_S)
    return True


def _lives(process: psutil.Process | None) -> bool:
    try:
        return process is not None and process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
