"""A real daemon, started as users start it, in an environment of its own."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from vexor_protocol.client import Client
from vexor_protocol.wire import JsonObject

from tests.support.xdg import Xdg

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 15.0


class StartError(AssertionError):
    """The daemon did not become ready; holds what it said and the end of its log."""


class Daemon:
    """A running `python -m vexord`. Two processes: the server (`pid`) and the indexer (`indexer_pid()`)."""

    def __init__(self, xdg: Xdg, args: Sequence[str] = (), env: Mapping[str, str] | None = None) -> None:
        """Start it and wait until it is ready.

        Raises:
            StartError: it reported an error, died, or was not ready within 30 s.
        """
        self.env = {**xdg.env, **(env or {})}
        self.socket = xdg.socket
        self.log = xdg.base / "vexord.log"
        """The daemon's own log."""
        self.stderr = xdg.base / "vexord.stderr"
        read_fd, write_fd = os.pipe()
        command = [
            sys.executable,
            "-m",
            "vexord",
            "--ready-fd",
            str(write_fd),
            "--log-file",
            str(self.log),
            *args,
        ]
        with open(read_fd, "rb", buffering=0) as ready, open(self.stderr, "ab") as stderr:
            try:
                self.process = subprocess.Popen(
                    command,
                    env=self.env,
                    cwd=xdg.base,
                    pass_fds=(write_fd,),
                    stdin=subprocess.DEVNULL,
                    stdout=stderr,
                    stderr=stderr,
                )
            finally:
                os.close(write_fd)
            self.ready_line = _read_line(ready.fileno(), START_TIMEOUT_S)
        if not self.ready_line.startswith("ready "):
            self.kill()
            raise StartError(f"not ready: {self.ready_line!r}\n{self.output()}")

    @property
    def pid(self) -> int:
        """Process id of the server."""
        return self.process.pid

    def indexer_pid(self) -> int | None:
        """Return the indexer's process id as `status` tells it; None while it restarts."""
        pid: int | None = self.request("status")["indexer"]["pid"]
        return pid

    def client(self) -> Client:
        """Return a new connection; the caller closes it."""
        return Client(str(self.socket))

    def request(self, method: str, params: JsonObject | None = None, timeout: float = 10.0) -> JsonObject:
        """Send one request on a connection of its own and return the result.

        Raises:
            vexor_protocol.wire.ReplyError: the daemon answered with an error.
            TimeoutError: no reply within `timeout` seconds.
        """
        with self.client() as client:
            return client.request(method, params, timeout)

    def add(self, root: Path, timeout: float = 30.0) -> str:
        """Register `root`, wait until it is wholly indexed, return the project's path."""
        project: str = self.request("register", {"path": str(root)})["project"]
        params = {"path": project, "timeout_ms": int(timeout * 1000)}
        reply = self.request("wait", params, timeout + 5)
        assert reply["reached"], f"{root} was not indexed in {timeout} s: {reply}\n{self.output()}"
        return project

    def search(self, query: str, **params: object) -> JsonObject:
        """Search for one query with proof of freshness (at most 10 s) unless `fresh_ms` says otherwise."""
        return self.request("search", {"query": query, "fresh_ms": 10_000, **params}, 20.0)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to the server, and for SIGKILL wait until it is gone."""
        self.process.send_signal(number)
        if number == signal.SIGKILL:
            self.process.wait(STOP_TIMEOUT_S)

    def stop(self) -> int:
        """Ask the daemon to stop (SIGTERM), wait, return the exit status; killed after 15 s."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        try:
            return self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(
                f"the daemon did not stop within {STOP_TIMEOUT_S} s\n{self.output()}"
            ) from None

    def output(self, limit: int = 4_000) -> str:
        """Return the end of what the daemon wrote to its log and to stderr, for messages of failed tests."""
        parts = [
            path.read_text(errors="replace")[-limit:] for path in (self.log, self.stderr) if path.exists()
        ]
        return "\n".join(parts)


def _read_line(fd: int, timeout: float) -> str:
    """Read up to the first newline or the end; what came so far if `timeout` seconds pass."""
    line = b""
    deadline = time.monotonic() + timeout
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([fd], [], [], max(0.0, deadline - time.monotonic()))
        byte = os.read(fd, 1) if ready else b""
        if not byte:
            break
        line += byte
    return line.decode("utf-8", "replace").strip()
