"""Mutated ZMTP on the socket of a real daemon: greetings, commands, frames, hang-ups amid each."""

import contextlib
import random
import socket
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any

import psutil
from vexor_protocol.wire import ReplyError

from tests.soak.record import Result
from tests.support.daemon import Daemon
from tests.support.mutation import Mutator
from tests.support.replies import fault, needs_reply
from tests.support.trees import make_tree
from tests.support.waiting import wait_until
from tests.support.xdg import isolated_xdg
from vexorctl.zmtp import Connection

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"NULL".ljust(20, b"\0") + bytes(32)
MAX_GROWTH_BYTES = 64 << 20
_CHECK_EVERY = 200
_KEPT_OPEN = 64
_SIZES = (
    0,
    1,
    255,
    256,
    65_535,
    1 << 20,
    (1 << 20) + 1,
    1 << 31,
    1 << 40,
    (1 << 63) - 1,
    1 << 63,
    (1 << 64) - 1,
)
Requests = Callable[[str, str], list[dict[str, Any]]]


def frame(flags: int, body: bytes) -> bytes:
    """Return a ZMTP frame."""
    if len(body) < 256:
        return bytes((flags, len(body))) + body
    return bytes((flags | 2,)) + struct.pack(">Q", len(body)) + body


def ready(kind: bytes = b"DEALER") -> bytes:
    """Return the READY command of a socket of this type."""
    return frame(4, b"\x05READY\x0bSocket-Type" + struct.pack(">I", len(kind)) + kind)


def hostile_bytes(rng: random.Random, mutator: Mutator) -> list[bytes]:
    """Return what a peer sends, in the pieces in which it does."""
    kinds = (b"DEALER", b"REQ", b"ROUTER", b"REP", b"PUB", b"", b"X" * 300)
    pieces = [GREETING, ready(b"DEALER" if rng.random() < 0.8 else rng.choice(kinds))]
    for _ in range(rng.randrange(6)):
        body = mutator.body()
        choice = rng.randrange(9)
        if choice < 3:
            pieces.append(frame(0, body))
        elif choice == 3:
            pieces.append(frame(1, body) * rng.choice((1, 4, 50)) + frame(0, body))
        elif choice == 4:
            pieces.append(bytes((rng.randrange(256),)) + struct.pack(">Q", rng.choice(_SIZES)) + body[:64])
        elif choice == 5:
            name = rng.choice(
                (b"\x04PING\0\x10", b"\x04PONG", b"\x09SUBSCRIBE", b"\x05ERROR\x03abc", b"\xffX", b"")
            )
            pieces.append(frame(4, name + rng.randbytes(rng.randrange(20))))
        elif choice == 6:
            pieces.append(frame(rng.randrange(256), body[:100]))
        elif choice == 7:
            pieces.append(bytes((rng.choice((0, 1, 4)), rng.randrange(256))) + body[:255])
        else:
            pieces.append(rng.randbytes(rng.choice((1, 10, 1_000))))
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        at = rng.randrange(len(pieces))
        pieces[at] = mutator.scratched(pieces[at])
    return pieces[: rng.randrange(1, len(pieces) + 1)]


class _Storm:
    def __init__(self, daemon: Daemon, seed: int, valid: list[dict[str, Any]]) -> None:
        self._daemon = daemon
        self._random = random.Random(seed)
        self._mutator = Mutator(valid, seed)
        self._open: list[socket.socket] = []
        self.connections = self.pieces = self.messages = self.checks = 0
        self.differences: list[str] = []

    def step(self) -> None:
        """One more peer that means no good, or one that asks something and reads the answer."""
        if self._random.random() < 0.3:
            self._converse()
        else:
            self._break_in()
        self.connections += 1

    def check(self) -> None:
        """Whether the next good peer is served."""
        self.checks += 1
        try:
            assert self._daemon.search("bind the socket", path=None)["total"] > 0
        except (AssertionError, TimeoutError, ReplyError) as error:
            self.differences.append(f"after {self.connections} connections a good search failed: {error!r}")

    def close(self) -> None:
        """Go away."""
        for raw in self._open:
            raw.close()

    def _break_in(self) -> None:
        raw = socket.socket(socket.AF_UNIX)
        raw.settimeout(0.05)
        with contextlib.suppress(OSError):
            raw.connect(str(self._daemon.socket))
            for piece in hostile_bytes(self._random, self._mutator):
                raw.sendall(piece)
                self.pieces += 1
                if self._random.random() < 0.3:
                    raw.recv(4_096)
        if self._random.random() < 0.1:
            self._open.append(raw)
            if len(self._open) > _KEPT_OPEN:
                self._open.pop(0).close()
        else:
            raw.close()

    def _converse(self) -> None:
        try:
            connection = Connection(str(self._daemon.socket).encode())
            try:
                for _ in range(self._random.randrange(1, 20)):
                    body = self._mutator.body()
                    if (
                        len(body) > 1 << 20
                        or b"shutdown" in body
                        or not needs_reply([body])
                        or b"subscribe" in body
                    ):
                        continue
                    self.messages += 1
                    connection.send(body)
                    wrong = fault([body], [connection.receive(10.0)])
                    if wrong:
                        self.differences.append(f"{wrong}: {body[:2_000]!r}")
            finally:
                connection.close()
        except OSError as error:
            self.differences.append(
                f"a good peer was cut off after {self.connections} connections: {error!r}"
            )


def _figures(process: psutil.Process) -> tuple[int, int]:
    return process.memory_info().rss, process.num_fds()


def storm(seconds: float, seed: int, requests: Requests, most: int | None = None) -> Result:
    """Attack a daemon for so long, or with so many connections."""
    with isolated_xdg() as xdg:
        root = make_tree(xdg.base / "shop", {"listen.py": "def bind_socket():\n    '''Bind the socket.'''\n"})
        other = make_tree(xdg.base / "other", {"sub/a.py": "a = 1\n"})
        daemon = Daemon(xdg)
        try:
            daemon.add(root)
            attack = _Storm(daemon, seed, _harmless(requests(str(root), str(other))))
            process = psutil.Process(daemon.pid)
            ends = time.monotonic() + seconds
            before = _figures(process)
            while time.monotonic() < ends and attack.connections != most and len(attack.differences) < 20:
                attack.step()
                if attack.connections % _CHECK_EVERY == 0:
                    attack.check()
                if attack.connections == 2 * _CHECK_EVERY:
                    before = _figures(process)
            attack.close()
            attack.check()
            with contextlib.suppress(AssertionError):
                wait_until(lambda: daemon.request("status")["clients"] == 1, 20.0)
            after = _figures(process)
            attack.differences += _complaints(daemon, before, after)
        finally:
            daemon.stop()
    counts = {
        "connections": attack.connections,
        "pieces of bytes": attack.pieces,
        "messages on sockets": attack.messages,
        "good searches between them": attack.checks,
        "growth of the daemon, MiB": round((after[0] - before[0]) / 2**20, 1),
        "descriptors more than before": after[1] - before[1],
    }
    return Result(counts, attack.differences)


def _harmless(valid: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What would end the daemon, or have it index this machine, is left to the run in this process."""
    kept = ("hello", "status", "projects", "search", "wait", "reindex")
    return [
        request
        for request in valid
        if request["method"] in kept and not request["params"].get("register", False)
    ]


def _complaints(daemon: Daemon, before: tuple[int, int], after: tuple[int, int]) -> Iterator[str]:
    if daemon.process.poll() is not None:
        yield f"the daemon ended with {daemon.process.returncode}"
    if after[0] - before[0] > MAX_GROWTH_BYTES:
        yield f"the daemon grew from {before[0]} to {after[0]} bytes"
    if after[1] - before[1] > 16:
        yield f"the daemon had {before[1]} descriptors and has {after[1]}"
    log = daemon.log.read_text(errors="replace") + daemon.stderr.read_text(errors="replace")
    yield from (line for line in log.splitlines() if "Traceback" in line or "unexpected error" in line)
