"""Peers that take what they can get: connections, memory, turns. What the daemon holds is counted."""

import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil

from tests.soak.record import Result
from tests.soak.wire import GREETING, frame, ready
from tests.support.daemon import Daemon
from tests.support.trees import make_tree
from tests.support.waiting import wait_until
from tests.support.xdg import isolated_xdg

MAX_GROWTH_BYTES = 64 << 20
_HELLO = b'{"jsonrpc":"2.0","id":1,"method":"hello"}'
_WAIT = b'{"jsonrpc":"2.0","id":1,"method":"wait","params":{"clock":"c:0:9","timeout_ms":600000}}'
_LARGE = json.dumps({"jsonrpc": "2.0", "id": "x" * 500_000, "method": "hello"}).encode()
"""The answer is as long: it has the same id."""


@contextmanager
def raw_peer(daemon: Daemon) -> Iterator[socket.socket]:
    """A connection on which the handshake was done."""
    with socket.socket(socket.AF_UNIX) as raw:
        raw.settimeout(10)
        raw.connect(str(daemon.socket))
        raw.sendall(GREETING)
        while len(raw.recv(64, socket.MSG_PEEK)) < 64:
            pass
        raw.recv(64)
        raw.sendall(ready())
        raw.recv(4_096)
        yield raw


def passers_by(daemon: Daemon, count: int) -> int:
    """Connect and go, again and again."""
    for _ in range(count):
        with socket.socket(socket.AF_UNIX) as raw, contextlib.suppress(OSError):
            raw.settimeout(1)
            raw.connect(str(daemon.socket))
    return count


def idlers(daemon: Daemon, count: int) -> int:
    """Connect and stay, however often all are dropped."""
    staying: list[socket.socket] = []
    tried = 0
    with contextlib.ExitStack() as stack:
        while tried < count:
            raw = stack.enter_context(socket.socket(socket.AF_UNIX))
            raw.settimeout(1)
            tried += 1
            with contextlib.suppress(OSError):
                raw.connect(str(daemon.socket))
                staying.append(raw)
            if len(staying) >= 600:
                for one in staying:
                    one.close()
                staying.clear()
    return tried


def endless_senders(daemon: Daemon, count: int) -> int:
    """Send so many frames of a message that never ends."""
    more = frame(1, b"x") * 1_000
    with raw_peer(daemon) as raw:
        for _ in range(max(1, count // 1_000)):
            raw.sendall(more)
    return count


def slow_readers(daemon: Daemon, count: int) -> int:
    """Ask for long answers and read none, until the daemon takes no more questions or all are asked."""
    with raw_peer(daemon) as raw:
        raw.settimeout(1)
        with contextlib.suppress(OSError):
            for _ in range(count):
                raw.sendall(frame(0, _LARGE))
    return count


def leavers(daemon: Daemon, count: int) -> int:
    """Ask to wait for ten minutes, and go."""
    for _ in range(max(1, count // 100)):
        with raw_peer(daemon) as raw:
            raw.sendall(frame(0, _WAIT) * 100)
    return count


def half_open(daemon: Daemon, count: int) -> int:
    """Begin a greeting or a frame, and say no more."""
    parts = (b"", GREETING[:20], GREETING, GREETING + ready()[:9], GREETING + ready() + b"\x02\0\0\0")
    with contextlib.ExitStack() as stack:
        for number in range(count):
            raw = stack.enter_context(socket.socket(socket.AF_UNIX))
            with contextlib.suppress(OSError):
                raw.connect(str(daemon.socket))
                raw.sendall(parts[number % len(parts)])
    return count


def askers(daemon: Daemon, count: int) -> int:
    """Send so many requests at once, all with one id, and read what comes."""
    with raw_peer(daemon) as raw:
        raw.sendall(frame(0, _HELLO) * count)
        raw.settimeout(10)
        held = b""
        while held.count(b'"boot_id"') < count:
            held += raw.recv(1 << 20)
    return count


SIEGES: dict[str, tuple[Callable[[Daemon, int], int], int]] = {
    "connections that come and go": (passers_by, 10_000),
    "connections that stay": (idlers, 10_000),
    "frames of messages without end": (endless_senders, 2_000_000),
    "long answers that nobody reads": (slow_readers, 500),
    "requests whose client goes": (leavers, 10_000),
    "connections left half open": (half_open, 400),
    "requests at once": (askers, 500),
}


def siege(share: float) -> Result:
    """Try each, a share of the whole; between them a good client must be served.

    All of it is done once before anything is measured: what the allocator keeps then it keeps for good.
    """
    counts: dict[str, float] = {}
    differences: list[str] = []
    with isolated_xdg() as xdg:
        root = make_tree(xdg.base / "shop", {"listen.py": "def bind_socket():\n    '''Bind the socket.'''\n"})
        daemon = Daemon(xdg)
        try:
            daemon.add(root)
            daemon.search("bind the socket")
            process = psutil.Process(daemon.pid)
            for attack, count in SIEGES.values():
                with contextlib.suppress(OSError):
                    attack(daemon, max(1, round(count * share)))
            before = process.memory_info().rss, process.num_fds()
            peak = before[0]
            for name, (attack, count) in SIEGES.items():
                try:
                    counts[name] = attack(daemon, max(1, round(count * share)))
                except OSError as error:
                    differences.append(f"{name}: {error!r}")
                peak = max(peak, process.memory_info().rss)
                if not _serves(daemon):
                    differences.append(f"after {name} a good client was not served\n{daemon.output(1_000)}")
                    break
            with contextlib.suppress(AssertionError):
                wait_until(lambda: daemon.request("status")["clients"] == 1, 30.0)
            after = process.memory_info().rss, process.num_fds()
        finally:
            daemon.stop()
    counts["growth of the daemon in the end, MiB"] = round((after[0] - before[0]) / 2**20, 1)
    counts["growth meanwhile, MiB"] = round((peak - before[0]) / 2**20, 1)
    counts["descriptors more in the end"] = after[1] - before[1]
    if after[0] - before[0] > MAX_GROWTH_BYTES or after[1] - before[1] > 8:
        differences.append(f"memory and descriptors were {before} and are {after}")
    return Result(counts, differences)


def _serves(daemon: Daemon) -> bool:
    """Whether a client is answered that asks again when all were dropped, as clients do."""
    ends = time.monotonic() + 20.0
    while time.monotonic() < ends and daemon.process.poll() is None:
        try:
            return bool(daemon.request("search", {"query": "bind the socket"}, 2.0)["total"])
        except TimeoutError:
            continue
    return False
