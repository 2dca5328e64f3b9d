"""A cache file that is damaged is set aside, and every row in it that is whole goes into a new one."""

import contextlib
import logging
import os
import sqlite3
from collections.abc import Iterator

import xxhash

from vexord import files

logger = logging.getLogger(__name__)

SCHEMA = """
create table if not exists rows (
    hash integer primary key, day integer not null, row blob not null, sum integer
);
create index if not exists rows_day on rows (day);
"""
INSERT = "insert or ignore into rows (hash, day, row, sum) values (?, ?, ?, ?)"
_ALSO = ("-wal", "-shm")
_GAP = 1 << 44
"""Of the hashes, spread over 2 ** 64: so far is skipped where a page cannot be read, then twice as far."""

_MOST_BYTES = 1 << 40
"""More than any cache has: a header that says so is damaged."""

Record = tuple[int, int, bytes, int | None]


def sum_of(key: int, row: bytes) -> int:
    """Return what is stored beside a row: 63 bits of xxh3 of the signed hash and the row."""
    return xxhash.xxh3_64_intdigest(key.to_bytes(8, "little", signed=True) + row) >> 1


def is_whole(key: int, row: bytes, stored: int | None) -> bool:
    """Whether a row is what was written; an earlier vexord wrote no sum."""
    return stored is None or stored == sum_of(key, row)


def connect(path: str) -> sqlite3.Connection:
    """Open a cache file, made if it is missing, and read enough of it to know whether it is one.

    Raises:
        sqlite3.DatabaseError: it is damaged; as `OperationalError`: it cannot be opened or written now.
    """
    database = sqlite3.connect(path, check_same_thread=False)
    try:
        files.keep_private(path)
        database.execute("pragma journal_mode = wal")
        database.execute("pragma synchronous = full")  # rows may have been paid for: they survive a power cut
        database.executescript(SCHEMA)
        if not any(name == "sum" for _, name, *_ in database.execute("pragma table_info(rows)")):
            database.execute("alter table rows add column sum integer")
        database.execute("select count(*) from rows").fetchone()
    except BaseException:
        database.close()
        raise
    return database


def connect_or_mend(path: str) -> sqlite3.Connection:
    """Open a cache file; a damaged one is set aside, and what can be read of it kept.

    Raises:
        OSError, sqlite3.Error: the disk refuses.
    """
    try:
        return connect(path)
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        return mend(path, error)


def is_damage(error: sqlite3.Error) -> bool:
    """Whether it says that the file is not what SQLite wrote, and not that the disk refuses for now."""
    damage = {"SQLITE_CORRUPT", "SQLITE_NOTADB"}
    return (getattr(error, "sqlite_errorname", "") or "").removesuffix("_INDEX") in damage


def mend(path: str, error: Exception) -> sqlite3.Connection:
    """Set a damaged file aside as `.damaged`, and begin a new one with the rows of it that are whole.

    Raises:
        OSError, sqlite3.Error: the disk refuses.
    """
    aside = f"{path}.damaged"
    for suffix in _ALSO:
        files.remove_file(aside + suffix)
    files.rename(path, aside)
    for suffix in _ALSO:
        if os.path.exists(path + suffix):
            files.rename(path + suffix, aside + suffix)
    database = connect(path)
    with database:
        before = database.total_changes
        database.executemany(INSERT, _readable(aside))
        kept = database.total_changes - before
    logger.error(
        "cache of rows was damaged (%s), %d rows were kept; it is set aside as %r", error, kept, aside
    )
    return database


def _readable(path: str) -> Iterator[Record]:
    """Yield the whole rows of a damaged file, past pages that cannot be read."""
    _fill_up(path)
    with contextlib.closing(sqlite3.connect(path)) as database:
        asked = "select hash, day, row, sum from rows not indexed where hash >= ? order by hash"
        with contextlib.suppress(sqlite3.Error):
            if not any(name == "sum" for _, name, *_ in database.execute("pragma table_info(rows)")):
                asked = asked.replace(", sum", ", null")
        start, gap = -(1 << 63), _GAP
        while start < 1 << 63:
            try:
                for record in database.execute(asked, (start,)):
                    start, gap = record[0] + 1, _GAP
                    if _is_sound(record):
                        yield record
                return
            except sqlite3.Error as error:
                if getattr(error, "sqlite_errorname", "") != "SQLITE_CORRUPT":
                    return
                start, gap = start + gap, 2 * gap


def _fill_up(path: str) -> None:
    """SQLite reads nothing of a file that is shorter than its header says; with zeros at the end it does."""
    with open(path, "rb") as file:
        header = file.read(100)
    page, pages = int.from_bytes(header[16:18], "big"), int.from_bytes(header[28:32], "big")
    if os.path.getsize(path) < page * pages < _MOST_BYTES:
        files.extend(path, page * pages)


def _is_sound(record: Record) -> bool:
    key, day, row, stored = record
    typed = isinstance(day, int) and isinstance(row, bytes) and isinstance(stored, int | None)
    return typed and is_whole(key, row, stored)
