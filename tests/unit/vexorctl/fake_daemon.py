"""A real ROUTER with libzmq's handshake and ZAP, that answers what a test tells it to."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zmq
from vexor_protocol.messages import SearchResult

from tests.support.xdg import Xdg
from vexord.server.auth import ZAP_DOMAIN, Gatekeeper

Handler = Callable[[dict[str, Any]], object]
"""Gets a request; returns its result, or a whole reply (with `jsonrpc`), or a list, or None: no answer."""


@dataclass(frozen=True)
class Release:
    """Answer this request with `now`, and those that got no answer yet with `held`."""

    now: object
    held: object


def answer(rendered: str | None = "hit\n", total: int = 1, **members: object) -> dict[str, Any]:
    """Return a search's result."""
    known = {"results", "stale", "generation", "clock", "projects"}
    assert known < set(SearchResult.__struct_fields__)
    return {
        "results": [], "stale": False, "generation": 1, "clock": "c:00000001:1", "projects": [],
        "total": total, "rendered": rendered, "notes": [], **members,
    }  # fmt: skip


def refusal(name: str, message: str, hint: str = "", retry_after_ms: int | None = None) -> dict[str, Any]:
    """Return a whole error reply."""
    data = {"name": name, "hint": hint, "retryable": True, "retry_after_ms": retry_after_ms}
    return {"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": message, "data": data}}


class FakeDaemon:
    """Answers until it is closed; `requests` and `frames` hold what came."""

    def __init__(self, socket: Path, handler: Handler, heartbeat_ms: int = 0) -> None:
        socket.parent.mkdir(mode=0o700, exist_ok=True)
        self.requests: list[dict[str, Any]] = []
        self.frames: list[bytes] = []
        self.handler = handler
        self._silent: list[tuple[bytes, dict[str, Any]]] = []
        self._context = zmq.Context()
        self._gatekeeper = Gatekeeper(self._context)
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.ZAP_DOMAIN, ZAP_DOMAIN)
        self._socket.setsockopt(zmq.LINGER, 500)
        if heartbeat_ms:
            self._socket.setsockopt(zmq.HEARTBEAT_IVL, heartbeat_ms)
            self._socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, heartbeat_ms * 2)
        self._socket.bind(f"ipc://{socket}")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while not self._stop.is_set():
            if not self._socket.poll(20):
                continue
            peer, frame = self._socket.recv_multipart()
            self.frames.append(frame)
            request = json.loads(frame)
            self.requests.append(request)
            value = self.handler(request)
            if isinstance(value, Release):
                for waiting, earlier in self._silent:
                    self._socket.send_multipart([waiting, _message(earlier, value.held)])
                self._silent.clear()
                value = value.now
            if value is None:
                self._silent.append((peer, request))
                continue
            for reply in value if isinstance(value, list) else [value]:
                self._socket.send_multipart([peer, _message(request, reply)])

    def close(self) -> None:
        """Stop answering and close the socket; its file stays, as libzmq leaves it."""
        self._stop.set()
        self._thread.join()
        self._socket.close()
        self._context.term()


def _message(request: dict[str, Any], reply: object) -> bytes:
    if isinstance(reply, bytes):
        return reply
    if not (isinstance(reply, dict) and "jsonrpc" in reply):
        reply = {"jsonrpc": "2.0", "id": request["id"], "result": reply}
    return json.dumps(reply).encode()


@contextmanager
def fake_daemon(xdg: Xdg, handler: Handler, heartbeat_ms: int = 0) -> Iterator[FakeDaemon]:
    """Run one for a test."""
    daemon = FakeDaemon(xdg.socket, handler, heartbeat_ms)
    try:
        yield daemon
    finally:
        daemon.close()


def later(seconds: float, value: object) -> Handler:
    """Return a handler that takes its time over each `search`."""

    def handle(request: dict[str, Any]) -> object:
        if request["method"] == "search":
            time.sleep(seconds)
            return value
        return {"projects": []}

    return handle


def vexorctl(
    xdg: Xdg,
    *arguments: str,
    cwd: str | bytes | Path = "/",
    env: dict[str, str] | None = None,
    said: bytes = b"",
) -> "subprocess.CompletedProcess[bytes]":
    """Run the command as a process of its own that never starts a daemon unless `env` says otherwise.

    `said`: its standard input.
    """
    return run(
        [sys.executable, "-P", "-m", "vexorctl", *arguments],
        {**xdg.env, "VEXORCTL_NO_SPAWN": "1", "TERM": "xterm", **(env or {})},
        cwd,
        said,
    )


def run(
    command: Sequence[str | Path], env: dict[str, str], cwd: str | bytes | Path = "/", said: bytes = b""
) -> "subprocess.CompletedProcess[bytes]":
    """Run a command to its end, at most 30 s."""
    return subprocess.run(
        list(command),
        env=env,
        cwd=os.fsdecode(cwd),
        capture_output=True,
        check=False,
        timeout=30,
        input=said,
    )
