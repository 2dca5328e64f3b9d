"""A daemon with folders of its own that can be stopped and started again on the same indexes."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from benchmarks.harness import Client

_STOP_S = 30


class Daemon:
    """One that keeps its indexes in `cache`; everything else goes with it."""

    def __init__(self, cache: Path) -> None:
        self._base = tempfile.TemporaryDirectory(prefix="vxr")
        self.cache = cache
        cache.mkdir(parents=True, exist_ok=True)
        self.env = {**os.environ, "HOME": self._base.name, "XDG_CACHE_HOME": str(cache)}
        for name in ("RUNTIME_DIR", "STATE_HOME", "CONFIG_HOME"):
            self.env[f"XDG_{name}"] = os.path.join(self._base.name, name.lower())
            os.mkdir(self.env[f"XDG_{name}"], 0o700)
        self.socket = os.path.join(self.env["XDG_RUNTIME_DIR"], "vexord", "vexord.sock")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return when it answers."""
        read, write = os.pipe()
        with open(os.path.join(self._base.name, "daemon.log"), "ab") as log:
            command = [sys.executable, "-m", "vexord", "--ready-fd", str(write)]
            self._process = subprocess.Popen(command, env=self.env, pass_fds=[write], stdout=log, stderr=log)
        os.close(write)
        with os.fdopen(read) as ready:
            line = ready.readline()
        if not line.startswith("ready"):
            raise RuntimeError(f"the daemon did not start: {line!r}")

    def stop(self) -> None:
        """End it as a service manager does."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_STOP_S)
            self._process = None

    def close(self) -> None:
        """Stop it and remove all but the indexes."""
        self.stop()
        self._base.cleanup()

    def client(self) -> Client:
        return Client(self.socket)

    def processes(self) -> tuple[psutil.Process, psutil.Process]:
        """Return the server and the indexer."""
        client = self.client()
        try:
            status = client.request("status")
        finally:
            client.close()
        return psutil.Process(status["pid"]), psutil.Process(status["indexer"]["pid"])


@contextmanager
def running(cache: Path) -> Iterator[Daemon]:
    """Give a daemon that answers."""
    daemon = Daemon(cache)
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.close()


def index(client: Client, root: Path, timeout_s: int = 3600) -> dict[str, Any]:
    """Register a tree as it stands, wait for its index, and return the project's status."""
    project = client.request("register", path=str(root), exact=True, force=True)["project"]
    client.request("wait", path=project, timeout_ms=min(600_000, timeout_s * 1000), timeout_s=605)
    return project_status(client, project)


def settle(client: Client, segments: int = 3, timeout_s: float = 300.0) -> None:
    """Return when every index lies in a few segments: merges follow some seconds after a first index."""
    ends = time.monotonic() + timeout_s
    while time.monotonic() < ends:
        found = client.request("projects")["projects"]
        if all(project["segments"] <= segments for project in found):
            return
        time.sleep(0.5)


def project_status(client: Client, root: str) -> dict[str, Any]:
    """Return what `projects` says of one."""
    found = client.request("projects")["projects"]
    return next(project for project in found if project["project"] == root)
