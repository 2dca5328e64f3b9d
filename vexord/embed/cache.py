"""Rows that were costly to make, kept by the hash of their text: shared by all projects, never made twice."""

import os
import sqlite3
import time
from collections.abc import Sequence

import msgspec
import numpy as np
import xxhash
from numpy.typing import NDArray

from vexord import files
from vexord.embed.seam import Fingerprint, Vectors

MAX_BYTES = 2 << 30
"""Of rows in one cache; beyond it those that were asked for longest ago go."""
_ASKED_AT_ONCE = 500
"""Hashes in one statement: older SQLite takes 999 parameters."""
_TRIM_TO = 0.9
_SCHEMA = """
create table if not exists rows (hash integer primary key, day integer not null, row blob not null);
create index if not exists rows_day on rows (day);
"""


class EmbeddingCache:
    """The rows of one fingerprint, in an SQLite file. One object is one thread's; several may share the file.

    A fingerprint without dimensions takes those of the first row. A file that is no database is set aside
    under another name, and a new one begun.

    Raises:
        OSError, sqlite3.Error: from every method, if the disk refuses.
    """

    def __init__(self, folder: str, fingerprint: Fingerprint, max_bytes: int = MAX_BYTES) -> None:
        files.make_dir(folder)
        self.model = cache_name(fingerprint)
        self.path = os.path.join(folder, f"{self.model}.sqlite")
        self._max_bytes = max_bytes
        self._database = _open(self.path)
        self._dimensions = fingerprint.dimensions
        (self._count,) = self._database.execute("select count(*) from rows").fetchone()

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
        for start in range(0, len(keys), _ASKED_AT_ONCE):
            asked = keys[start : start + _ASKED_AT_ONCE]
            found = dict(self._select("hash, row", asked))
            for place, key in enumerate(asked, start):
                if (row := found.get(key)) is not None:
                    result[place] = np.frombuffer(row, np.int8)
        return result

    def known(self, hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Return for which hashes there is a row, shape (len(hashes),); they count as used today."""
        keys = _signed(hashes)
        today = _today()
        found: set[int] = set()
        with self._database:
            for start in range(0, len(keys), _ASKED_AT_ONCE):
                asked = keys[start : start + _ASKED_AT_ONCE]
                found.update(key for (key,) in self._select("hash", asked))
                marks = ",".join("?" * len(asked))
                self._database.execute(
                    f"update rows set day = ? where hash in ({marks}) and day <> ?",  # noqa: S608
                    (today, *asked, today),
                )
        return np.fromiter((key in found for key in keys), np.bool_, len(keys))

    def put(self, hashes: Sequence[int], rows: Vectors) -> None:
        """Keep one row for each hash, shape (len(hashes), dimensions); on the disk when this returns.

        Raises:
            ValueError: the rows are of another length than those that are there.
        """
        if self.dimensions not in (0, rows.shape[1]):
            raise ValueError(f"{self.model}: rows of {rows.shape[1]} dimensions, not {self.dimensions}")
        keys = _signed(np.array(hashes, np.uint64))
        today = _today()
        values = [(key, today, row.tobytes()) for key, row in zip(keys, rows, strict=True)]
        with self._database:
            before = self._database.total_changes
            self._database.executemany("insert or ignore into rows values (?, ?, ?)", values)
            self._count += self._database.total_changes - before
            if self._count * rows.shape[1] > self._max_bytes:
                self._trim(max(1, int(self._max_bytes * _TRIM_TO) // rows.shape[1]))

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

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


def _open(path: str) -> sqlite3.Connection:
    try:
        return _connect(path)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        aside = f"{path}.damaged"
        files.rename(path, aside)
        for suffix in ("-wal", "-shm"):
            if os.path.exists(path + suffix):
                files.rename(path + suffix, aside + suffix)
        return _connect(path)


def _connect(path: str) -> sqlite3.Connection:
    database = sqlite3.connect(path, check_same_thread=False)
    files.keep_private(path)
    database.execute("pragma journal_mode = wal")
    database.execute("pragma synchronous = full")  # rows may have been paid for: they survive a power cut
    database.executescript(_SCHEMA)
    return database


def _signed(hashes: NDArray[np.uint64]) -> list[int]:
    """SQLite's integers are signed."""
    return list(map(int, hashes.view(np.int64)))
