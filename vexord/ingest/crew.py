"""Processes that do the heavy work of first indexes and merges, so that the main loop is free for edits."""

import contextlib
import gc
import logging
import multiprocessing
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

import psutil

from vexord.ingest import tasks
from vexord.loglines import log_to_stderr

logger = logging.getLogger(__name__)

NICENESS = 9
"""Added to the main loop's own: an edit goes first."""
TASKS_A_PROCESS = 40
"""Then a new one takes its place: what libraries lose, and what lies in pieces, goes with it."""
REST_AFTER_S = 20.0
MAX_BREAKS = 5
"""In a row; a file that ends processes is let alone before."""


@dataclass(frozen=True, slots=True)
class Result:
    """A finished task: what it returned, or why it failed."""

    ticket: int
    value: Any = None
    error: BaseException | None = None


class Crew:
    """A pool of processes, started when there is work for it and ended when there has been none for a while.

    Used by the main loop alone; `wake` is called from another thread when a task has ended.
    """

    def __init__(self, chunk_format: int, wake: Callable[[], None], size: int | None = None) -> None:
        self._chunk_format = chunk_format
        self._wake = wake
        self.size = size if size is not None else _cores()
        self._pool: ProcessPoolExecutor | None = None
        self._done: deque[Result] = deque()
        self._untaken: dict[int, Result] = {}
        self._dropped: set[int] = set()
        self._tickets = 0
        self._in_flight = 0
        self._breaks = 0
        self._last_work_s = time.monotonic()

    @property
    def usable(self) -> bool:
        """Whether processes live here; where they died again and again, the main loop does their work."""
        return self._breaks < MAX_BREAKS

    @property
    def room(self) -> int:
        """Number of tasks that may be submitted now: each process has one at hand, and one more waits."""
        return max(0, self.size + 1 - self._in_flight) if self.usable else 0

    def submit(self, job: Callable[[Any], Any], task: object) -> int:
        """Start a task; return its ticket for `take`."""
        self._tickets += 1
        ticket = self._tickets
        self._in_flight += 1
        try:
            self._started().submit(job, task).add_done_callback(lambda done: self._ended(ticket, done))
        except (OSError, RuntimeError) as error:  # no process can be started, or the pool broke just now
            self._done.append(Result(ticket, error=error))
            self._wake()
        return ticket

    def take(self, tickets: set[int]) -> list[Result]:
        """Return the results that are there for some tickets."""
        while self._done:
            result = self._done.popleft()
            self._in_flight -= 1
            self._last_work_s = time.monotonic()
            if isinstance(result.error, BrokenProcessPool):
                self._broken()
            elif result.error is None:
                self._breaks = 0
            if result.ticket in self._dropped:
                self._dropped.discard(result.ticket)
            else:
                self._untaken[result.ticket] = result
        return [self._untaken.pop(ticket) for ticket in sorted(tickets & self._untaken.keys())]

    def drop(self, tickets: set[int]) -> None:
        """Nobody wants these results any more."""
        there = tickets & self._untaken.keys()
        for ticket in there:
            del self._untaken[ticket]
        self._dropped |= tickets - there

    def has(self, tickets: set[int]) -> bool:
        """Whether `take` may return something for these."""
        return bool(self._done) or not tickets.isdisjoint(self._untaken)

    def rest(self, now: float) -> None:
        """Let idle processes go."""
        if self._pool is not None and not self._in_flight and now - self._last_work_s > REST_AFTER_S:
            self.close()

    def memory(self) -> list[int]:
        """Return the bytes that each process holds."""
        found: list[int] = []
        for process in list((self._pool._processes or {}).values()) if self._pool is not None else []:
            with contextlib.suppress(psutil.Error, OSError):
                found.append(psutil.Process(process.pid).memory_info().rss)
        return found

    def close(self) -> None:
        """End the processes; tasks at hand are lost."""
        pool, self._pool = self._pool, None
        if pool is not None:
            processes = list((pool._processes or {}).values())
            pool.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.terminate()

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self.size,
                mp_context=multiprocessing.get_context("spawn"),  # after a fork our threads' locks stay shut
                initializer=_begin,
                initargs=(self._chunk_format,),
                max_tasks_per_child=TASKS_A_PROCESS,
            )
        return self._pool

    def _ended(self, ticket: int, done: "Future[Any]") -> None:
        """Called in a thread of the pool."""
        error = done.exception() if not done.cancelled() else BrokenProcessPool("cancelled")
        self._done.append(Result(ticket, error=error) if error is not None else Result(ticket, done.result()))
        self._wake()

    def _broken(self) -> None:
        """A process died, and its pool with it; the other tasks at hand come back with the same error."""
        if self._pool is not None:
            self._breaks += 1
            logger.warning("a process of the crew died times=%d", self._breaks)
            self.close()


def _cores() -> int:
    """Return how many cores this process may use; macOS does not say, so all count there."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _begin(chunk_format: int) -> None:
    """In a new process: lowest priority, gone with its parent, the model loaded."""
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    log_to_stderr()
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    tasks.begin(chunk_format)
    gc.disable()  # a batch is half a million objects without cycles: looking for some took a twentieth
    gc.freeze()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)
