"""4-bit codes of a large segment's rows: which rows are likely the nearest, to be compared exactly then.

TurboQuant codes (Zandieh et al. 2025) by the package turbovec: a fifth of the time of comparing all rows.
They are made with the segment and only help to find: where they cannot be had, all rows are compared.
"""

import importlib.util
import logging
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

logger = logging.getLogger(__name__)

MIN_ROWS = 32_768
"""Of a segment that gets codes; fewer rows are compared as fast without."""
FEW_ROWS = 1 << 18
"""So few rows are compared in some ten milliseconds."""
BITS = 4
MARGIN = 1.25
"""So many times the rows wanted are fetched: 0.997 of the right ones are among them."""
_NEARLY_ALL = 0.9
_BLOCK_ROWS = 1 << 16
_AVAILABLE = importlib.util.find_spec("turbovec") is not None


def available() -> bool:
    """Whether codes can be made and read here; the package has no wheel for some machines."""
    return _AVAILABLE


def write_codes(path: str, rows: NDArray[np.int8]) -> None:
    """Write the codes of rows, shape (n, d), to a new file.

    Raises:
        OSError: the file cannot be written.
    """
    from turbovec import TurboQuantIndex

    index = TurboQuantIndex(rows.shape[1], BITS)
    for start in range(0, len(rows), _BLOCK_ROWS):
        index.add(_unit(rows[start : start + _BLOCK_ROWS]))
    index.write(path)


Likely = tuple[NDArray[np.int64], NDArray[np.float32]]
"""Rows, in no order, and their similarities as the codes have them."""


class Codes:
    """The codes of one segment. Thread-safe; read into memory when they are first asked for.

    Whoever asks first is not kept waiting: comparing all rows once takes less time than reading the codes.
    With few rows nobody is.
    """

    def __init__(self, path: str, rows: int, ready: Callable[[], None] = lambda: None) -> None:
        """`ready` is called, in a thread, when rows need not be compared any more."""
        self._path = path
        self._rows = rows
        self._ready = ready
        self._index: Any = None
        self._reader: threading.Thread | None = None
        self._lock = threading.Lock()

    def likely(self, query: NDArray[np.int8], count: int, allowed: NDArray[np.bool_] | None) -> Likely | None:
        """Return rows, among those allowed, that hold nearly all of the `count` nearest to the query, shape
        (1, d), and about how near they are; None if the codes cannot be read, or it is faster to do without
        while they are read.
        """
        reader, first = self._begin()
        if first or (self._rows < FEW_ROWS and reader.is_alive()):
            return None
        reader.join()
        index = self._index
        if index is None:
            return None
        wanted = int(count * MARGIN)
        if allowed is None:
            return self._search(index, query, wanted, None)
        if np.count_nonzero(allowed) > _NEARLY_ALL * self._rows:  # a mask makes the search half as slow again
            rows, scores = self._search(index, query, wanted, None)
            left = allowed[rows]
            if np.count_nonzero(left) >= count:
                return rows[left], scores[left]
        return self._search(index, query, wanted, allowed)

    def wait(self) -> None:
        """Return when they are in memory, or cannot be read."""
        self._begin()[0].join()

    def _begin(self) -> tuple[threading.Thread, bool]:
        """Return the thread that reads the codes, and whether it was started just now."""
        with self._lock:
            if self._reader is not None:
                return self._reader, False
            self._reader = threading.Thread(target=self._read, name="codes", daemon=True)
            self._reader.start()
            return self._reader, True

    def _read(self) -> None:
        try:
            from turbovec import TurboQuantIndex

            index = TurboQuantIndex.load(self._path)
            index.prepare()
            if len(index) != self._rows:
                raise ValueError(f"{len(index)} codes for {self._rows} rows")
        except Exception as error:  # whatever it raises for a damaged file
            logger.warning("codes cannot be read, all rows are compared path=%r: %s", self._path, error)
            return
        self._index = index
        self._ready()

    def _search(
        self, index: Any, query: NDArray[np.int8], wanted: int, allowed: NDArray[np.bool_] | None
    ) -> Likely:
        unit = _unit(query)
        scores, rows = (
            index.search(unit, wanted) if allowed is None else index.search(unit, wanted, mask=allowed)
        )
        return np.asarray(rows, np.int64).reshape(-1), np.asarray(scores, np.float32).reshape(-1)


def _unit(rows: NDArray[np.int8]) -> NDArray[np.float32]:
    wide = rows.astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", wide, wide))
    wide /= np.maximum(lengths, 1.0)[:, None]
    return wide
