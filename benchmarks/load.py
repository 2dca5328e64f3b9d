"""Many clients in a closed loop, a slow reader and a dead client beside: throughput, fairness, memory.

python -m benchmarks.load TREE [--clients 64] [--seconds 20]
"""

import argparse
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import zmq

from benchmarks.harness import Client, daemon_on, describe_machine, quantiles
from benchmarks.record.questions import mine

_SLOW_REQUESTS = 100
"""Unread replies of the slow reader; a connection may have 128 open requests."""
_STUCK_S = 30.0
_DEAD = """
import sys, time, zmq
socket = zmq.Context().socket(zmq.DEALER)
socket.connect("ipc://" + sys.argv[1])
for line in sys.stdin.buffer:
    socket.send(line)
    print("sent", flush=True)
"""


@dataclass(slots=True)
class Seat:
    """One client of the loop."""

    socket: "zmq.Socket[bytes]"
    queries: Iterator[str]
    sent: float = 0.0
    waits_ms: list[float] = field(default_factory=list)
    errors: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tree")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    queries = mine(Path(options.tree), 400)
    with daemon_on(options.tree) as daemon:
        client = daemon.client()
        print(describe_machine())
        found = load(client, daemon.socket, daemon.tree, queries, options.clients, options.seconds)
        print(json.dumps(found, indent=1))


def load(
    client: Client,
    socket: str,
    project: str,
    queries: Sequence[str],
    clients: int = 64,
    seconds: float = 20.0,
) -> dict[str, Any]:
    """Ask without pause from every client for a while; return what they saw."""
    with slow_reader(socket, project), dead_client(socket, project):
        warm = run_clients(socket, project, queries, clients, seconds / 4)
        before = client.request("status")["rss_bytes"]
        started = time.perf_counter()
        seats = run_clients(socket, project, queries, clients, seconds)
        elapsed = time.perf_counter() - started
        after = client.request("status")["rss_bytes"]
    waits = [wait for seat in seats for wait in seat.waits_ms]
    counts = [len(seat.waits_ms) for seat in seats]
    p50, p99, p999, worst = quantiles(waits, 0.5, 0.99, 0.999, 1.0)
    return {
        "clients": clients,
        "seconds": round(elapsed, 1),
        "searches": len(waits),
        "searches_s": round(len(waits) / elapsed, 1),
        "p50": round(p50, 2),
        "p99": round(p99, 2),
        "p999": round(p999, 2),
        "max": round(worst, 2),
        "max_to_median": round(worst / p50, 2),
        "least_answers": min(counts),
        "most_answers": max(counts),
        "errors": sum(seat.errors for seat in seats + warm),
        "rss_before": before,
        "rss_after": after,
    }


def run_clients(
    socket: str, project: str, queries: Sequence[str], clients: int, seconds: float
) -> list[Seat]:
    """Keep one request of each client under way for `seconds`; one thread drives them all."""
    context = zmq.Context()
    context.set(zmq.MAX_SOCKETS, clients + 8)
    poller = zmq.Poller()
    seats: dict[zmq.Socket[bytes], Seat] = {}
    for number in range(clients):
        dealer = context.socket(zmq.DEALER)
        dealer.linger = 0
        dealer.connect(f"ipc://{socket}")
        start = number * 7 % len(queries)
        seats[dealer] = Seat(dealer, itertools.cycle([*queries[start:], *queries[:start]]))
        poller.register(dealer, zmq.POLLIN)
    for seat in seats.values():
        _ask(seat, project)
    ends = time.perf_counter() + seconds
    open_requests = len(seats)
    while open_requests:
        ready = poller.poll(int(_STUCK_S * 1000))
        if not ready:
            raise TimeoutError(f"{open_requests} clients got no answer in {_STUCK_S} s")
        for dealer, _ in ready:
            seat = seats[dealer]
            reply = dealer.recv()
            now = time.perf_counter()
            seat.waits_ms.append((now - seat.sent) * 1000)
            seat.errors += b'"error":{' in reply[:200]
            if now < ends:
                _ask(seat, project)
            else:
                open_requests -= 1
    for dealer in seats:
        dealer.close()
    context.term()
    return list(seats.values())


def _ask(seat: Seat, project: str) -> None:
    frame = _frame(next(seat.queries), project)
    seat.sent = time.perf_counter()
    seat.socket.send(frame)


def _frame(query: str, project: str, top: int = 10) -> bytes:
    params = {"query": query, "path": project, "fresh_ms": 1000, "top": top, "syntax": "text"}
    return msgspec.json.encode({"jsonrpc": "2.0", "id": 1, "method": "search", "params": params})


@contextmanager
def slow_reader(socket: str, project: str) -> Iterator[None]:
    """A client that asks much and reads nothing."""
    context = zmq.Context()
    dealer = context.socket(zmq.DEALER)
    dealer.linger = 0
    dealer.rcvhwm = 1
    dealer.connect(f"ipc://{socket}")
    for _ in range(_SLOW_REQUESTS):
        dealer.send(_frame("the", project, top=100))
    try:
        yield
    finally:
        dealer.close()
        context.term()


@contextmanager
def dead_client(socket: str, project: str) -> Iterator[None]:
    """A client whose process is stopped after it asked: its connection stays open, and nobody is there."""
    process = subprocess.Popen(
        [sys.executable, "-c", _DEAD, socket], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(_frame("the", project, top=100) + b"\n")
    process.stdin.flush()
    process.stdout.readline()
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


if __name__ == "__main__":
    main()
