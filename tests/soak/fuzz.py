"""Hostile messages and bytes: most go the road of a request in this process, the rest over a socket."""

import base64
import logging
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psutil

from tests.soak.record import Options, Result
from tests.soak.siege import siege
from tests.soak.wire import storm
from tests.support.inprocess import InProcess, only_below
from tests.support.mutation import Mutator
from tests.support.replies import fault, needs_reply
from tests.support.trees import make_tree
from tests.support.xdg import Xdg, isolated_xdg

CORPUS = Path(__file__).parents[1] / "data" / "fuzz"
"""Messages that broke something once, one a file, with @PROJECT@ for the path of the project."""
WIRE_SHARE = 0.25
"""Of the time, for raw bytes on the socket of a real daemon."""
MAX_GROWTH_BYTES = 128 << 20
_WARM = 2_000
_MAX_DIFFERENCES = 20

FILES: dict[str, str | bytes] = {
    "src/server/listen.py": "def bind_socket(path):\n    '''Bind the listening socket.'''\n    return path\n",
    "src/server/retry.py": "class TokenBucket:\n    def retry(self, backoff):\n        return backoff * 2\n",
    "src/cart/total.go": "package cart\n\n// Total adds up.\nfunc Total(p []int) int {\n\treturn len(p)\n}\n",
    "docs/guide.md": "# Guide\n\n## Sockets\n\nIt binds a socket. 漢字仮名 naïve.\n",
    "odd \udcff name.py": "x = 'aaaa aaaa'\n",
    "logo.png": b"\x89PNG\0\0binary",
}


def requests(project: str, other: str) -> list[dict[str, Any]]:
    """Return valid requests of every method, with every member; `search` more often than the others."""
    filters = {"paths": ["src/**"], "exclude": ["*.md"], "languages": ["python", "go"], "kinds": ["function"]}
    render = {"format": "text", "width": 80, "color": True, "links": True, "base": project}
    searches: list[dict[str, Any]] = [
        {
            "query": "bind the socket",
            "path": project,
            "top": 3,
            "fresh_ms": 100,
            "deadline_ms": 5_000,
            "v": 1,
        },
        {"query": "TokenBucket", "projects": [project], "filters": filters, "explain": True},
        {
            "queries": ["socket", "retry backoff", '"Total"'],
            "path": project,
            "no_cache": True,
            "render": render,
        },
        {"query": "x", "path": f"{other}/sub", "register": True, "first_index_ms": 50},
        {"like": {"path": f"{project}/src/server/listen.py", "line": 2}, "path": project},
        {"query": "a (literal) text", "syntax": "literal", "render": {**render, "format": "jsonl"}},
        {"query": "text", "syntax": "text", "render": {**render, "format": "porcelain"}},
        {"query": "socket", "render": {"format": "vexor-json", "base": "/"}},
    ]
    methods: list[tuple[str, dict[str, Any]]] = [
        ("hello", {"client": "fuzz", "v": 1}),
        ("status", {"deadline_ms": 1_000}),
        ("projects", {}),
        ("register", {"path": project, "name": "shop", "exact": True, "mode": "auto"}),
        ("register", {"path": f"{other}/sub", "exact": False, "force": False, "index_in_project": True,
                      "consent": "x:y"}),
        ("unregister", {"path": other}),
        ("reindex", {"path": project, "full": True}),
        ("wait", {"path": project, "timeout_ms": 50, "clock": "c:00000001:1"}),
        ("wait", {"timeout_ms": 50}),
        ("subscribe", {"path": project, "cancel": False}),
        ("shutdown", {}),
        *(("search", params) for params in searches),
    ]  # fmt: skip
    return [
        {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        for number, (method, params) in enumerate(methods, 1)
    ]


class _Alarms(logging.Handler):
    """Whatever the daemon would have written into its log as an error, or with a traceback."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info or record.levelno >= logging.ERROR:
            error = record.exc_info[1] if record.exc_info else None
            self.told.append(f"{record.getMessage()}: {error!r}"[:300])


@dataclass(slots=True)
class _Tally:
    inputs: int = 0
    replies: int = 0
    slowest_ms: float = 0.0
    slowest: str = ""
    differences: list[str] = field(default_factory=list)


class Road:
    """A request's road in this process, with two small projects."""

    def __init__(self, base: Path) -> None:
        self.project = str(make_tree(base / "shop", FILES))
        self.other = str(make_tree(base / "other", {"sub/a.py": "def a():\n    return 1\n"}))
        self._road = InProcess(base)
        self._number = 0
        self._restore()

    def try_message(self, frames: list[bytes]) -> tuple[str, int]:
        """Send a message; return what was wrong and how many bytes came back."""
        self._number += 1
        if self._number % 500 == 0:
            self._restore()
        alarms.told.clear()
        try:
            replies = self._road.ask(self._number.to_bytes(5, "big"), frames)
        except Exception as error:
            return f"raised {error!r}", 0
        wrong = fault(frames, replies)
        if not wrong and not replies and needs_reply(frames):
            wrong = "no reply"
        if alarms.told:
            wrong = f"{wrong} {alarms.told[0]}".strip()
        return wrong, sum(map(len, replies))

    def _restore(self) -> None:
        """Messages may have registered anything that there is: keep the two projects alone."""
        for project in self._road.registry.all():
            if project.root != self.project:
                self._road.tracker.forget(self._road.tracker.exactly(project.root))
        self._road.tracker.view(self._road.registry.add(self.project))
        self._road.turn()


alarms = _Alarms()


@contextmanager
def road() -> Iterator[tuple[Road, Xdg]]:
    """A road in folders of its own, with all that it logs listened to."""
    with isolated_xdg() as xdg:
        before = {name: os.environ.get(name) for name in xdg.env if name.startswith("XDG_") or name == "HOME"}
        os.environ.update({name: xdg.env[name] for name in before})
        logging.getLogger("vexord").addHandler(alarms)
        try:
            with only_below(xdg.base):
                yield Road(xdg.base), xdg
        finally:
            logging.getLogger("vexord").removeHandler(alarms)
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


def told(frames: list[bytes]) -> str:
    """Return a message as the corpus has it, on one line."""
    return " ".join(base64.b64encode(frame).decode() or "-" for frame in frames)


def mutate(seconds: float, seed: int, most: int | None = None) -> tuple[_Tally, int]:
    """Send messages for so long, or so many; return the tally and the growth of this process in bytes."""
    tally, process, resident = _Tally(), psutil.Process(), 0
    ends = time.monotonic() + seconds
    with road() as (way, _):
        mutator = Mutator(requests(way.project, way.other), seed)
        while time.monotonic() < ends and tally.inputs != most and len(tally.differences) < _MAX_DIFFERENCES:
            frames = mutator.message()
            began = time.perf_counter()
            wrong, size = way.try_message(frames)
            took_ms = (time.perf_counter() - began) * 1_000
            if took_ms > tally.slowest_ms:
                tally.slowest_ms, tally.slowest = took_ms, f"input {tally.inputs + 1}: {told(frames)[:2_000]}"
            tally.inputs += 1
            tally.replies += size > 0
            if wrong:
                tally.differences.append(
                    f"input {tally.inputs} of seed {seed}: {wrong}: {told(frames)[:4_000]}"
                )
            if tally.inputs == _WARM:
                resident = process.memory_info().rss
        growth = process.memory_info().rss - resident if resident else 0
    return tally, growth


def run(options: Options) -> Result:
    """Send mutated messages, on each core with a seed of its own, then mutated bytes; besiege a daemon."""
    seconds, cores = options.seconds * (1 - WIRE_SHARE), os.cpu_count() or 1
    with ProcessPoolExecutor(cores, get_context("spawn")) as pool:
        begun = [pool.submit(mutate, seconds, options.seed * 1_000 + number) for number in range(cores)]
        done = [one.result() for one in begun]
    slowest = max((tally for tally, _ in done), key=lambda tally: tally.slowest_ms)
    counts: dict[str, float] = {
        "messages in process": sum(tally.inputs for tally, _ in done),
        "of these answered": sum(tally.replies for tally, _ in done),
        "slowest message, ms": round(slowest.slowest_ms),
        "growth of a process at most, MiB": round(max(growth for _, growth in done) / 2**20, 1),
    }
    differences = [difference for tally, _ in done for difference in tally.differences]
    differences += [
        f"memory grew by {growth} bytes over {tally.inputs} messages"
        for tally, growth in done
        if growth > MAX_GROWTH_BYTES
    ]
    wire, taken = storm(options.seconds * WIRE_SHARE, options.seed, requests), siege(1.0)
    return Result(
        {**counts, **wire.counts, **taken.counts}, differences + wire.differences + taken.differences
    )
