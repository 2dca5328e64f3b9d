"""One number for every row of a search, all 0: kept by each thread, for to make it anew costs page faults."""

import threading

import numpy as np
from numpy.typing import NDArray


class Scratch:
    """The thread's zeros, lent for a `with` block; not to be nested."""

    _of_thread = threading.local()

    def __init__(self, count: int) -> None:
        held: NDArray[np.float32] | None = getattr(self._of_thread, "zeros", None)
        if held is None or len(held) < count:
            held = self._of_thread.zeros = np.zeros(count, np.float32)
        self._zeros = held[:count]
        self._used: list[NDArray[np.int64]] = []
        self._all_used = False

    def lent(self, places: NDArray[np.int64] | None) -> NDArray[np.float32]:
        """Return the numbers, shape (count,), of which those at these places may be changed, None = all.

        They are of four bytes each, so they may be viewed as int32.
        """
        if places is None:
            self._all_used = True
        else:
            self._used.append(places)
        return self._zeros

    def __enter__(self) -> "Scratch":
        return self

    def __exit__(self, *_: object) -> None:
        if self._all_used or sum(map(len, self._used)) * 2 > len(self._zeros):
            self._zeros[:] = 0.0
            return
        for places in self._used:
            self._zeros[places] = 0.0
