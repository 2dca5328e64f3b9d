"""Jobs in turn for each owner: who asks for much at once waits for it, and the others do not."""

import threading
from collections import OrderedDict, deque
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """Hands out one item of each owner after the other; those of one owner in their order. Thread-safe."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[bytes, deque[T]] = OrderedDict()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, owner: bytes, item: T) -> None:
        """Add an item."""
        with self._changed:
            self._waiting.setdefault(owner, deque()).append(item)
            self._changed.notify()

    def get(self) -> T | None:
        """Wait for an item and take it; None once the queue is closed and empty."""
        with self._changed:
            while not self._waiting:
                if self._closed:
                    return None
                self._changed.wait()
            owner, items = self._waiting.popitem(last=False)
            item = items.popleft()
            if items:
                self._waiting[owner] = items
            return item

    def close(self) -> None:
        """Let those that wait go when nothing is left."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
