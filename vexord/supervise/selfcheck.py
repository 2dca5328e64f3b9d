"""A thread that asks the daemon what a client would ask, and lets the watchdog live on the answer alone."""

import json
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import zmq

logger = logging.getLogger(__name__)

DEFAULT_INTERVAL_S = 30.0
LOOK_S = 5.0
"""How often the socket's path is looked at: a path that was deleted or replaced leaves a ghost daemon."""
CONFIRM_S = 3.0
"""A server that shed its peers makes its path anew in a moment; only what lasts longer is believed."""
DOUBTS = 3
"""So many looks in a row must find another socket that does not answer for us."""
_SLICE_MS = 100
_HELLO = b'{"jsonrpc":"2.0","id":"selfcheck","method":"hello","params":{"client":"selfcheck"}}'


@dataclass(frozen=True, slots=True)
class Checks:
    """What is checked, and whom it tells."""

    socket_path: str
    interval_s: float
    turns: Callable[[], int]
    """Number of turns of the router's loop so far."""
    nudge: Callable[[], None]
    """Makes an idle loop turn; nothing happens if it is stuck or has ended."""
    on_good: Callable[[], None]
    """Called after each check that was answered while the loop turned."""
    on_lost: Callable[[], None]
    """Called once if the socket's path no longer leads here; the checks end then."""


class SelfCheck:
    """Runs the checks in a thread of its own until `stop`."""

    def __init__(self, checks: Checks) -> None:
        self._checks = checks
        self._identity = _identity(checks.socket_path)
        self._doubts = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="selfcheck", daemon=True)

    def start(self) -> None:
        """Begin; the socket must be bound."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; a check at hand is waited for."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        try:
            due_s = time.monotonic()
            while not self._stopped.is_set():
                if self._path_is_lost(context):
                    logger.error("socket path lost or replaced path=%r", self._checks.socket_path)
                    self._checks.on_lost()
                    return
                now = time.monotonic()
                if now >= due_s:
                    due_s = now + self._checks.interval_s
                    self._check(context)
                self._stopped.wait(max(0.0, min(LOOK_S, due_s - time.monotonic())))
        finally:
            context.destroy(linger=0)

    def _path_is_lost(self, context: "zmq.Context[zmq.Socket[bytes]]") -> bool:
        """A daemon that stops unlinks its own path; one whose loop goes on turning has lost it."""
        if self._identity is not None and _identity(self._checks.socket_path) == self._identity:
            self._doubts = 0
            return False
        before = self._checks.turns()
        self._checks.nudge()
        if self._stopped.wait(CONFIRM_S) or self._checks.turns() == before:
            return False
        found = _identity(self._checks.socket_path)
        if found is None:
            return True
        if self._ask_hello(context, CONFIRM_S):
            self._identity = found
            return False
        self._doubts += not self._stopped.is_set()
        return self._doubts >= DOUBTS

    def _check(self, context: "zmq.Context[zmq.Socket[bytes]]") -> None:
        before, deadline_s = self._checks.turns(), time.monotonic() + self._checks.interval_s
        answered = self._ask_hello(context, self._checks.interval_s)
        self._checks.nudge()
        while self._checks.turns() == before and time.monotonic() < deadline_s:
            if self._stopped.wait(_SLICE_MS / 1000):
                return
        turned = self._checks.turns() > before
        if answered and turned:
            self._checks.on_good()
        elif not self._stopped.is_set():
            logger.error("self-check failed answered=%s turned=%s", answered, turned)

    def _ask_hello(self, context: "zmq.Context[zmq.Socket[bytes]]", timeout_s: float) -> bool:
        """Return whether this process answers a new connection in time; gives up at once when stopped."""
        deadline_s = time.monotonic() + timeout_s
        with context.socket(zmq.DEALER) as dealer:
            dealer.linger = 0
            dealer.connect(f"ipc://{self._checks.socket_path}")
            dealer.send(_HELLO)
            while time.monotonic() < deadline_s and not self._stopped.is_set():
                if dealer.poll(_SLICE_MS):
                    reply = dealer.recv()
                    if b'"E_SHUTTING_DOWN"' in reply:
                        self._stopped.set()
                    return _is_ours(reply)
        return False


def _is_ours(reply: bytes) -> bool:
    try:
        return bool(json.loads(reply)["result"]["pid"] == os.getpid())
    except (ValueError, KeyError, TypeError):
        return False


def _identity(path: str) -> tuple[int, int] | None:
    try:
        info = os.lstat(path)
    except OSError:
        return None
    return info.st_dev, info.st_ino
