"""Jobs off the router thread: whatever ends them, somebody is told, and the threads go on."""

import pytest

from tests.support.waiting import wait_until
from vexord.server.wake import Wake
from vexord.server.workers import THREADS, Workers


class Panic(BaseException):
    """As Rust extensions raise it."""


@pytest.mark.parametrize("kind", [ValueError, Panic])
def test_a_job_that_fails_is_told_and_the_threads_go_on(kind: type[BaseException]) -> None:
    wake = Wake()
    workers = Workers(wake)
    failures: list[Exception] = []
    results: list[int] = []

    def fail() -> int:
        raise kind("broken")

    def run_finished() -> bool:
        for callback in workers.finished():
            callback()
        return len(failures) == 2 * THREADS and results == [7]

    for _ in range(2 * THREADS):
        workers.submit(fail, results.append, failures.append)
    workers.submit(lambda: 7, results.append, failures.append)
    try:
        wait_until(run_finished, what="all jobs ended")
    finally:
        workers.close(1.0)
        wake.close()
    assert all("broken" in str(failure) for failure in failures)
