"""Many registered projects, few of them in use: memory, the first answer of a cold one, one search over all.

python -m benchmarks.projects [--projects 200]
"""

import argparse
import itertools
import json
import os
import random
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness import Client, describe_machine, quantiles
from benchmarks.record.daemon import Daemon, running

IDLE_S = 320.0
"""The server closes what was not read for 300 s, and looks every 10 s."""
_PAUSE_S = 10.0
_FILES = 40
_WORDS = (
    "socket bind parse header cart total install guide retry timeout close table index query token "
    "cache render widget event order price stock user login session mail queue worker"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=200)
    options = parser.parse_args()
    print(describe_machine())
    with tempfile.TemporaryDirectory(prefix="vxm") as base:
        print(json.dumps(many_projects(Path(base), options.projects), indent=1))


def many_projects(base: Path, count: int, used: int = 2) -> dict[str, Any]:
    """Register projects, restart, use a few of them, and return what all cost and how they answer."""
    roots = [_make(base / "trees" / f"project_{number:03}", number) for number in range(count)]
    with running(base / "cache") as daemon:
        client = daemon.client()
        empty = _memory(daemon)
        for root in roots:
            client.request("register", path=str(root))
        client.request("wait", timeout_ms=600_000, timeout_s=605)
        client.close()
        daemon.stop()
        daemon.start()
        client = daemon.client()
        client.request("wait", timeout_ms=600_000, timeout_s=605)
        for number in range(200):
            client.request("search", query="parse header", path=str(roots[number % used]), fresh_ms=1000)
        opened = _memory(daemon)
        _use(client, roots[:used], IDLE_S)
        idle = _memory(daemon)
        cold: list[float] = []
        for root in roots[used : used + 50]:
            started = time.perf_counter()
            client.request("search", query="parse header", path=str(root), fresh_ms=1000)
            cold.append((time.perf_counter() - started) * 1000)
        everything: list[float] = []
        for _ in range(10):
            started = time.perf_counter()
            answer = client.request("search", query="parse header", fresh_ms=1000)
            everything.append((time.perf_counter() - started) * 1000)
        status = client.request("status")
        client.close()
        after = _memory(daemon)
        chunks = sum(project["chunks"] for project in status["projects"])
    p50, worst = quantiles(cold, 0.5, 1.0)
    return {
        "projects": len(status["projects"]),
        "ready": sum(project["state"] == "ready" for project in status["projects"]),
        "chunks": chunks,
        "server_without": empty,
        "server_all_open": opened,
        "server_two_used": idle,
        "server_all_used": after,
        "cold_p50_ms": round(p50, 1),
        "cold_max_ms": round(worst, 1),
        "all_first_ms": round(everything[0], 1),
        "all_p50_ms": round(quantiles(everything, 0.5)[0], 1),
        "all_stale": answer["stale"],
        "all_projects_answered": len(answer["projects"]),
        "watches": status["indexer"]["watches"],
    }


def _use(client: Client, roots: Sequence[Path], seconds: float) -> None:
    """Search some projects now and then, for a while."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        for root in roots:
            client.request("search", query="parse header", path=str(root))
        threading.Event().wait(_PAUSE_S)


def _make(root: Path, seed: int) -> Path:
    chance = random.Random(seed)
    words = _WORDS.split()
    for number in range(_FILES):
        folder = root / f"part_{number % 4}"
        folder.mkdir(parents=True, exist_ok=True)
        names = chance.sample(words, 6)
        body = "".join(
            f"def {first}_{second}(value):\n    '''{first} the {second} of {seed}.'''\n    return value\n\n\n"
            for first, second in itertools.pairwise(names)
        )
        (folder / f"file_{number}.py").write_text(body * 6)
    return root


def _memory(daemon: Daemon) -> dict[str, int]:
    """Return the server's resident and anonymous bytes, its descriptors and its maps of index files."""
    server, _ = daemon.processes()
    rows = (line.split() for line in Path(f"/proc/{server.pid}/smaps_rollup").read_text().splitlines()[1:])
    found = {row[0].rstrip(":"): int(row[1]) * 1024 for row in rows}
    maps = Path(f"/proc/{server.pid}/maps").read_text()
    return {
        "rss": found["Rss"],
        "anonymous": found["Anonymous"],
        "descriptors": len(os.listdir(f"/proc/{server.pid}/fd")),
        "index_maps": maps.count(".npy"),
    }


if __name__ == "__main__":
    main()
