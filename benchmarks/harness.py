"""A daemon of its own for a benchmark, with private XDG folders and a copy of the tree."""

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
import zmq


class Client:
    """A pyzmq DEALER that asks one thing at a time."""

    def __init__(self, path: str) -> None:
        self._socket: Any = zmq.Context.instance().socket(zmq.DEALER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.connect(f"ipc://{path}")
        self._ids = itertools.count(1)

    def request(self, method: str, timeout_s: float = 60.0, **params: Any) -> dict[str, Any]:
        number = next(self._ids)
        self._socket.send(
            msgspec.json.encode({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        )
        while True:
            if not self._socket.poll(int(timeout_s * 1000)):
                raise TimeoutError(method)
            reply = msgspec.json.decode(self._socket.recv())
            if reply.get("id") == number:
                if "error" in reply:
                    raise RuntimeError(reply["error"])
                return dict(reply["result"])

    def close(self) -> None:
        self._socket.close()


@dataclass
class Daemon:
    env: dict[str, str]
    socket: str
    tree: str

    def client(self) -> Client:
        return Client(self.socket)


@contextmanager
def daemon_on(tree: str) -> Iterator[Daemon]:
    """Copy the tree, start a daemon, register the copy and wait for its index."""
    with tempfile.TemporaryDirectory(prefix="vxb") as base:
        env = dict(os.environ, HOME=base)
        for name in ("RUNTIME_DIR", "CACHE_HOME", "STATE_HOME", "CONFIG_HOME"):
            env[f"XDG_{name}"] = os.path.join(base, name.lower())
            os.mkdir(env[f"XDG_{name}"], 0o700)
        copy = os.path.join(base, os.path.basename(os.path.abspath(tree)))
        shutil.copytree(tree, copy, symlinks=True)
        ready_read, ready_write = os.pipe()
        process = subprocess.Popen(
            [sys.executable, "-m", "vexord", "--ready-fd", str(ready_write)],
            env=env,
            pass_fds=[ready_write],
            stderr=open(os.path.join(base, "daemon.log"), "w"),  # noqa: SIM115
        )
        os.close(ready_write)
        with os.fdopen(ready_read) as ready:
            line = ready.readline()
        if not line.startswith("ready"):
            raise RuntimeError(f"daemon did not start: {line!r}")
        daemon = Daemon(env, os.path.join(env["XDG_RUNTIME_DIR"], "vexord", "vexord.sock"), copy)
        client = daemon.client()
        try:
            client.request("register", path=copy)
            client.request("wait", path=copy, timeout_ms=600_000, timeout_s=601)
            yield daemon
        finally:
            client.close()
            process.terminate()
            process.wait(20)


def quantiles(values: Sequence[float], *shares: float) -> list[float]:
    """Return the given quantiles (0..1) by nearest rank."""
    ordered = sorted(values)
    return [ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in shares]


def describe_machine() -> str:
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, load {load:.1f}, Python {sys.version.split()[0]}"
