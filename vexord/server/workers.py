"""A few threads for searches and rendering; results come back to the router thread."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from vexord.server.fair_queue import FairQueue
from vexord.server.wake import Wake

logger = logging.getLogger(__name__)

THREADS = 2
WAITING_THREADS = 8
"""Where queries wait for a provider: those that wait must not keep out the others."""

T = TypeVar("T")


class Workers:
    """Runs jobs off the router thread. `submit` and `finished` belong to the router thread alone."""

    def __init__(self, wake: Wake, threads: int = THREADS) -> None:
        self._wake = wake
        self._jobs: FairQueue[Callable[[], None]] = FairQueue()
        self._done: deque[Callable[[], None]] = deque()
        self._threads: list[threading.Thread] = []
        self.grow(threads)

    def grow(self, threads: int) -> None:
        """Have so many threads from now on, or as many as there are."""
        for number in range(len(self._threads), threads):
            thread = threading.Thread(target=self._run, name=f"worker-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def submit(
        self,
        job: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[Exception], None],
        owner: bytes = b"",
    ) -> None:
        """Run `job` in a worker, then `done` or `failed` in the router thread; owners take turns."""

        def work() -> None:
            try:
                result = job()
            except Exception as error:  # handed to the router thread, which answers and logs it
                self._finish(lambda error=error: failed(error))  # type: ignore[misc]
            except BaseException as panic:  # of a Rust extension; the thread must live to answer the others
                told = RuntimeError(f"{type(panic).__name__}: {panic}")
                self._finish(lambda: failed(told))
            else:
                self._finish(lambda: done(result))

        self._jobs.put(owner, work)

    def finished(self) -> list[Callable[[], None]]:
        """Take the callbacks of the jobs that have ended."""
        return [self._done.popleft() for _ in range(len(self._done))]

    def close(self, timeout_s: float) -> None:
        """Let the jobs at hand end; give up after `timeout_s`."""
        self._jobs.close()
        for thread in self._threads:
            thread.join(timeout_s / len(self._threads))
            if thread.is_alive():
                logger.warning("worker still busy at exit thread=%s", thread.name)

    def _finish(self, callback: Callable[[], None]) -> None:
        self._done.append(callback)
        self._wake.set()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
