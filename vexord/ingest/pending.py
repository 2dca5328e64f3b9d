"""The paths of one project that changed and are not yet looked at, in order, with their settle times."""

import itertools
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(slots=True)
class _Mark:
    seq: int
    first_s: float
    last_s: float
    is_dir: bool


class Pending:
    """An ordered set of dirty paths. Each has the sequence number of its first event still unserved.

    `settle_s`: quiet time after the last event of a path before it is read. `patience_s`: a path that never
    becomes quiet is read after this time all the same. Times are of the monotonic clock, in seconds.
    """

    def __init__(self, settle_s: float = 0.03, patience_s: float = 2.0) -> None:
        self._settle_s = settle_s
        self._patience_s = patience_s
        self._order: deque[str] = deque()
        self._marks: dict[str, _Mark] = {}
        self._numbers = itertools.count(1)
        self._last_seq = 0

    def __len__(self) -> int:
        return len(self._marks)

    @property
    def last_seq(self) -> int:
        """Number of the latest event."""
        return self._last_seq

    def add(self, path: str, is_dir: bool, now: float) -> None:
        """Note an event; a path that already waits keeps its place."""
        self._last_seq = next(self._numbers)
        mark = self._marks.get(path)
        if mark is None:
            self._marks[path] = _Mark(self._last_seq, now, now, is_dir)
            self._order.append(path)
        else:
            mark.last_s = now
            mark.is_dir |= is_dir

    def expand(self, paths: Iterable[str], seq: int) -> None:
        """Put the files of a folder in its place, at the front, due at once."""
        for path in paths:
            if path not in self._marks:
                self._marks[path] = _Mark(seq, 0.0, 0.0, is_dir=False)
                self._order.appendleft(path)

    def served(self, seq: int) -> bool:
        """Whether every event up to `seq` has been looked at."""
        return not self._order or self._marks[self._order[0]].seq > seq

    def due_in(self, now: float) -> float | None:
        """Seconds until the first path may be read; None if nothing waits."""
        if not self._order:
            return None
        mark = self._marks[self._order[0]]
        return max(0.0, min(mark.last_s + self._settle_s, mark.first_s + self._patience_s) - now)

    def pop(self, now: float, urgent_seq: int) -> tuple[str, int, bool] | None:
        """Take the first path if it is settled, or if its event is numbered `urgent_seq` or lower.

        Returns (path, seq, is_dir).
        """
        if not self._order:
            return None
        mark = self._marks[self._order[0]]
        if mark.seq > urgent_seq and self.due_in(now) != 0.0:
            return None
        path = self._order.popleft()
        del self._marks[path]
        return path, mark.seq, mark.is_dir

    def sample(self, count: int) -> list[str]:
        """Return up to `count` of the waiting paths, first come first."""
        return list(itertools.islice(self._order, count))

    def clear(self) -> None:
        """Forget everything that waits."""
        self._order.clear()
        self._marks.clear()
