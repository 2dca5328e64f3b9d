"""Rows that were costly to make, kept by the hash of their text: shared by all projects, never made twice."""

import contextlib
import logging
import os
import sqlite3
import time
from collections.abc import Sequence

import msgspec
import numpy as np
import xxhash
from numpy.typing import NDArray

from vexord import files
from vexord.embed.salvage import INSERT, connect_or_mend, is_whole, mend, sum_of
from vexord.embed.seam import Fingerprint, Vectors

logger = logging.getLogger(__name__)

MAX_BYTES = 2 << 30
"""Of rows in one cache; beyond it those that were asked for longest ago go."""
_ASKED_AT_ONCE = 500
"""Hashes in one statement: older SQLite takes 999 parameters."""
_TRIM_TO = 0.9


class EmbeddingCache:
    """The rows of one fingerprint, in an SQLite file. One object is one thread's; several may share the file.

    A fingerprint without dimensions takes those of the first row. A damaged file is set aside, and its whole
    rows are kept; a row that is not what was written is forgotten when it is asked for.

    Raises:
        OSError, sqlite3.Error: from every method, if the disk refuses.
    """

    def __init__(self, folder: str, fingerprint: Fingerprint, max_bytes: int = MAX_BYTES) -> None:
        files.make_dir(folder)
        self.model = cache_name(fingerprint)
        self.path = os.path.join(folder, f"{self.model}.sqlite")
        self._max_bytes = max_bytes
        self._dimensions = fingerprint.dimensions
        self._take(connect_or_mend(self.path))

    def __len__(self) -> int:
        return int(self._count)

    @property
    def dimensions(self) -> int:
        """Length of a row; 0 while none is there to tell it."""
        if not self._dimensions:
            found = self._database.execute("select length(row) from rows limit 1").fetchone()
            self._dimensions = int(found[0]) if found is not None else 0
        return self._dimensions

    def rows(self, hashes: NDArray[np.uint64]) -> Vectors:
        """Return the row of each hash, shape (len(hashes), dimensions); zeros where none is known."""
        result = np.zeros((len(hashes), self.dimensions), np.int8)
        keys = _signed(hashes)
        damaged: list[int] = []
        for start in range(0, len(keys), _ASKED_AT_ONCE):
            asked = keys[start : start + _ASKED_AT_ONCE]
            found = {key: (row, stored) for key, row, stored in self._select("hash, row, sum", asked)}
            for place, key in enumerate(asked, start):
                if key not in found:
                    continue
                row, stored = found[key]
                if is_whole(key, row, stored) and len(row) == result.shape[1]:
                    result[place] = np.frombuffer(row, np.int8)
                else:
                    damaged.append(key)
        if damaged:
            self._forget(damaged)
        return result

    def known(self, hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Return for which hashes there is a row, shape (len(hashes),); they count as used today."""
        keys = _signed(hashes)
        found: set[int] = set()
        for start in range(0, len(keys), _ASKED_AT_ONCE):
            found.update(key for (key,) in self._select("hash", keys[start : start + _ASKED_AT_ONCE]))
        with contextlib.suppress(sqlite3.OperationalError):  # on a full disk they are marked another day
            self._mark(sorted(found))
        return np.fromiter((key in found for key in keys), np.bool_, len(keys))

    def put(self, hashes: Sequence[int], rows: Vectors) -> None:
        """Keep one row for each hash, shape (len(hashes), dimensions); on the disk when this returns.

        Raises:
            ValueError: the rows are of another length than those that are there.
        """
        if self.dimensions not in (0, rows.shape[1]):
            raise ValueError(f"{self.model}: rows of {rows.shape[1]} dimensions, not {self.dimensions}")
        self._follow()
        keys = _signed(np.array(hashes, np.uint64))
        today = _today()
        values = [
            (key, today, data, sum_of(key, data))
            for key, data in zip(keys, (row.tobytes() for row in rows), strict=True)
        ]
        files.step("write", self.path)
        with self._database:
            before = self._database.total_changes
            self._database.executemany(INSERT, values)
            self._count += self._database.total_changes - before
            if self._count * rows.shape[1] > self._max_bytes:
                self._trim(max(1, int(self._max_bytes * _TRIM_TO) // rows.shape[1]))

    def mend(self, error: sqlite3.Error) -> None:
        """Begin a new file with the whole rows of this one, which turned out to be damaged.

        Raises:
            OSError, sqlite3.Error: the disk refuses.
        """
        self._database.close()
        self._take(mend(self.path, error))

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def _take(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._file = os.stat(self.path)
        (self._count,) = database.execute("select count(*) from rows").fetchone()

    def _follow(self) -> None:
        """Rows must not go into a file that another object has set aside, or that was removed."""
        there = os.path.exists(self.path)
        if not (there and os.path.samestat(os.stat(self.path), self._file)):
            self._database.close()
            self._take(connect_or_mend(self.path))

    def _forget(self, keys: Sequence[int]) -> None:
        """These rows are not what was written: they are made again once somebody looks what is missing."""
        logger.error("%d damaged rows are forgotten cache=%r", len(keys), self.path)
        with self._database:
            self._database.executemany("delete from rows where hash = ?", [(key,) for key in keys])
        self._count -= len(keys)

    def _mark(self, keys: Sequence[int]) -> None:
        """Note that rows were asked for today."""
        today = _today()
        with self._database:
            for start in range(0, len(keys), _ASKED_AT_ONCE):
                asked = keys[start : start + _ASKED_AT_ONCE]
                marks = ",".join("?" * len(asked))
                self._database.execute(
                    f"update rows set day = ? where hash in ({marks}) and day <> ?",  # noqa: S608
                    (today, *asked, today),
                )

    def _select(self, columns: str, keys: Sequence[int]) -> "sqlite3.Cursor":
        marks = ",".join("?" * len(keys))
        return self._database.execute(f"select {columns} from rows where hash in ({marks})", keys)  # noqa: S608

    def _trim(self, rows: int) -> None:
        excess = self._count - rows
        self._database.execute(
            "delete from rows where hash in (select hash from rows order by day limit ?)", (excess,)
        )
        self._count -= excess


def _today() -> int:
    """Days since 1970: fine enough for the order of forgetting, and a row is marked once a day at most."""
    return int(time.time() // 86_400)


def cache_name(fingerprint: Fingerprint) -> str:
    """Return a name for one space and text format; the digest keeps apart what the readable part does not."""
    readable = "".join(letter if letter.isalnum() else "-" for letter in fingerprint.model)[:60]
    return f"{readable}-{xxhash.xxh3_64_hexdigest(msgspec.json.encode(fingerprint))}"


def _signed(hashes: NDArray[np.uint64]) -> list[int]:
    """SQLite's integers are signed."""
    return list(map(int, hashes.view(np.int64)))
