"""Wait for a condition with a deadline, never for a length of time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

POLL_S = 0.01


def wait_until(predicate: Callable[[], T], timeout: float = 10.0, what: str = "") -> T:
    """Call `predicate` until it returns something truthy, and return that.

    Raises:
        AssertionError: `timeout` seconds have passed; names `what` and the last value.
    """
    deadline = time.monotonic() + timeout
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise AssertionError(
                f"after {timeout} s still not so: {what or repr(predicate)}; last value {value!r}"
            )
        time.sleep(POLL_S)
