"""The vectors of queries asked lately, so that a model need not see the same text twice."""

import threading
from collections import OrderedDict

from vexor_protocol.health import QueryCache

from vexord.embed.seam import Fingerprint, Vectors
from vexord.search.second import QueryModel

MAX_BYTES = 4 << 20
"""Some 8,000 queries of usual length."""
_OVERHEAD = 300
"""Of an entry beside its text and row: objects and their places in the table."""

_Key = tuple[Fingerprint, str]


class RecentVectors:
    """An LRU of (model, text) → row, bounded in bytes: it returns what the model would. Thread-safe."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._rows: OrderedDict[_Key, Vectors] = OrderedDict()
        self._bytes = self._hits = self._misses = 0

    def embed(self, embedder: QueryModel, text: str) -> Vectors:
        """Return the row of a query, shape (1, dimensions); it is read-only."""
        key = embedder.fingerprint, text
        with self._lock:
            row = self._rows.get(key)
            if row is not None:
                self._rows.move_to_end(key)
                self._hits += 1
                return row
            self._misses += 1
        row = embedder.embed_query(text)
        row.flags.writeable = False
        self._keep(key, row)
        return row

    def figures(self) -> QueryCache:
        """Return how full it is and how often it helped."""
        with self._lock:
            return QueryCache(
                entries=len(self._rows),
                bytes=self._bytes,
                max_bytes=self._max_bytes,
                hits=self._hits,
                misses=self._misses,
            )

    def _keep(self, key: _Key, row: Vectors) -> None:
        size = _size(key, row)
        if size > self._max_bytes:
            return
        with self._lock:
            before = self._rows.pop(key, None)  # another thread may have embedded the same text
            self._rows[key] = row
            self._bytes += size if before is None else 0
            while self._bytes > self._max_bytes:
                self._bytes -= _size(*self._rows.popitem(last=False))


def _size(key: _Key, row: Vectors) -> int:
    return 4 * len(key[1]) + row.nbytes + _OVERHEAD  # a character takes up to four bytes
