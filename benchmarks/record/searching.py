"""Measures of a warm index: round trips, the batch, the whole process, searches beside an indexer at work."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness import Client, quantiles
from benchmarks.record.daemon import Daemon, project_status
from benchmarks.record.results import Values, spread

BATCH = 100
_PASSES = 3


def round_trip(client: Client, project: str, query: str, fresh_ms: int = 0) -> float:
    """Return the time of one search over the socket, in ms."""
    started = time.perf_counter()
    client.request("search", query=query, path=project, fresh_ms=fresh_ms, syntax="text")
    return (time.perf_counter() - started) * 1000


def latency(client: Client, project: str, queries: Sequence[str]) -> Values:
    """Return round trips of queries that were never asked before, without and with proof of freshness."""
    half = len(queries) // 2
    for query in queries[:10]:
        round_trip(client, project, query)
    unproved = [round_trip(client, project, query) for query in queries[10:half]]
    proved = [round_trip(client, project, query, 1000) for query in queries[half:]]
    chunks = project_status(client, project)["chunks"]
    return {"chunks": chunks, "unproved": spread(unproved), "proved": spread(proved)}


def batch(client: Client, project: str, queries: Sequence[str]) -> Values:
    """Return how many times the queries a second of single calls one call of all answers."""
    asked = list(queries[:BATCH])
    single, together = [], []
    for _ in range(_PASSES):
        started = time.perf_counter()
        for query in asked:
            client.request("search", query=query, path=project, syntax="text", no_cache=True)
        single.append(time.perf_counter() - started)
        started = time.perf_counter()
        client.request("search", queries=asked, path=project, syntax="text", no_cache=True)
        together.append(time.perf_counter() - started)
    ratio = quantiles([one / other for one, other in zip(single, together, strict=True)], 0.5)[0]
    return {
        "queries": len(asked),
        "single_ms": round(min(single) * 1000 / len(asked), 3),
        "batch_ms": round(min(together) * 1000 / len(asked), 3),
        "ratio": round(ratio, 2),
    }


def whole_process(daemon: Daemon, project: str, rounds: int = 30) -> Values:
    """Return whole-process times, run in turn: medians in ms, and of the ratios to `python -c pass`."""
    ctl = os.path.join(os.path.dirname(sys.executable), "vexorctl")
    question = "where are the tables read"
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "vexorctl search": [ctl, "search", question],
        "vexorctl search --no-fresh": [ctl, "search", "--no-fresh", question],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 2):
        for name, argv in commands.items():
            started = time.perf_counter()
            subprocess.run(argv, cwd=project, env=daemon.env, check=False, capture_output=True)
            if number >= 2:
                times[name].append((time.perf_counter() - started) * 1000)
    base = times["python -c pass"]
    return {
        name: {
            "median_ms": round(quantiles(values, 0.5)[0], 1),
            "ratio": round(quantiles([a / b for a, b in zip(values, base, strict=True)], 0.5)[0], 2),
        }
        for name, values in times.items()
    }


def beside_indexer(client: Client, project: str, queries: Sequence[str], limit_s: float) -> Values:
    """Return round trips when the indexer is idle, and while it makes the whole index anew."""
    idle = [round_trip(client, project, query) for query in queries]
    client.request("reindex", path=project, full=True)
    busy: list[float] = []
    ends = time.monotonic() + limit_s
    while time.monotonic() < ends:
        busy += [round_trip(client, project, query) for query in queries[:50]]
        if len(busy) > len(queries) and project_status(client, project)["progress"] is None:
            break
    client.request("wait", path=project, timeout_ms=600_000, timeout_s=605)
    again = [round_trip(client, project, query) for query in queries]
    quiet = idle + again
    ratio = quantiles(busy, 0.99)[0] / quantiles(quiet, 0.99)[0]
    return {"idle": spread(quiet), "busy": spread(busy), "ratio_p99": round(ratio, 2)}


def plain(root: Path, word: str = "tables", rounds: int = 7) -> Values:
    """Return how long ripgrep takes for a word over the tree, warm; every file counts, as none is ignored."""
    program = shutil.which("rg")
    if program is None:
        return {"missing": "ripgrep is not installed; apt install ripgrep"}
    times = []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        subprocess.run([program, "--no-ignore", "-c", word, str(root)], capture_output=True, check=False)
        times.append((time.perf_counter() - started) * 1000)
    return spread(times[1:])
