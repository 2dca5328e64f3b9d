"""Every change that the index makes to the file system: write, rename, sync, unlink, lock."""

import contextlib
import fcntl
import os
from collections.abc import Sequence
from types import TracebackType

import msgspec
import xxhash

from vexord.index.errors import IndexLockedError

DIR_MODE = 0o700
FILE_MODE = 0o600
TEMPORARY_SUFFIX = ".tmp"

Bytes = bytes | memoryview


class FileSum(msgspec.Struct, frozen=True, array_like=True):
    """Size in bytes and xxh3_64 (16 hex digits) of a finished file."""

    size: int
    checksum: str


class FileWriter:
    """Writes a new file from front to back and sums it up on the way.

    Raises:
        FileExistsError: on construction, if the file exists.
    """

    def __init__(self, path: str, *, durable: bool = False) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
        self._hash = xxhash.xxh3_64()
        self._size = 0
        self._durable = durable

    def write(self, *parts: Bytes) -> None:
        """Append all parts."""
        for part in parts:
            self._hash.update(part)
            self._size += len(part)
        _write_all(self._descriptor, parts)

    def sum(self) -> FileSum:
        """Return size and checksum of what was written so far."""
        return FileSum(self._size, self._hash.hexdigest())

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._size

    def close(self) -> None:
        """Finish the file; with `durable` it is on the disk afterwards."""
        try:
            if self._durable:
                _sync(self._descriptor)
        finally:
            self.abort()

    def abort(self) -> None:
        """Let go of the file as it is; harmless when it is closed already."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> "FileWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()


def write_file(path: str, *parts: Bytes, durable: bool = False) -> FileSum:
    """Write a new file at once; return its sum."""
    with FileWriter(path, durable=durable) as out:
        out.write(*parts)
    return out.sum()


def replace_file(path: str, data: Bytes, *, durable: bool = False) -> None:
    """Put `data` at `path` so that a reader sees the old file or the new one, whole.

    With `durable` it also survives a power cut after this returns.
    """
    temporary = path + TEMPORARY_SUFFIX
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary)
    write_file(temporary, data, durable=durable)
    os.replace(temporary, path)
    if durable:
        sync_dir(os.path.dirname(path))


def sum_file(path: str) -> FileSum:
    """Read a whole file and return its sum."""
    digest = xxhash.xxh3_64()
    size = 0
    with open(path, "rb", buffering=0) as file:
        while block := file.read(1 << 20):
            digest.update(block)
            size += len(block)
    return FileSum(size, digest.hexdigest())


def sum_of(data: bytes) -> FileSum:
    """Return the sum that a file of this content has."""
    return FileSum(len(data), xxhash.xxh3_64_hexdigest(data))


def make_dir(path: str) -> None:
    """Create a folder for this user alone; parents too; fine if it exists."""
    if not os.path.isdir(path):
        parent = os.path.dirname(path)
        if parent:
            make_dir(parent)
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, DIR_MODE)


def sync_dir(path: str) -> None:
    """Make the entries of a folder durable."""
    _sync_at(path, os.O_DIRECTORY)


def sync_file(path: str) -> None:
    """Make what was written to a file durable."""
    _sync_at(path)


def remove_folder(path: str) -> None:
    """Unlink a folder of files; mapped ones live on until they are unmapped.

    Raises:
        OSError: among others if it holds a folder, which cannot be ours.
    """
    for name in os.listdir(path):
        os.unlink(os.path.join(path, name))
    os.rmdir(path)


def remove_file(path: str) -> None:
    """Unlink a file if it exists."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def lock_exclusively(path: str) -> int:
    """Take the lock file and write our pid into it; return the descriptor that holds the lock.

    Raises:
        IndexLockedError: another open file holds the lock.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).strip()
        os.close(descriptor)
        raise IndexLockedError(os.path.dirname(path), int(holder) if holder.isdigit() else None) from None
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def unlock(descriptor: int) -> None:
    """Give up the lock."""
    os.close(descriptor)


def _write_all(descriptor: int, parts: Sequence[Bytes]) -> None:
    left = [memoryview(part) for part in parts if len(part)]
    while left:
        written = os.writev(descriptor, left)
        while left and written >= len(left[0]):
            written -= len(left.pop(0))
        if written:
            left[0] = left[0][written:]


def _sync_at(path: str, flags: int = 0) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | flags)
    try:
        _sync(descriptor)
    finally:
        os.close(descriptor)


def _sync(descriptor: int) -> None:
    full = getattr(fcntl, "F_FULLFSYNC", None)  # macOS: fsync stops at the drive's cache
    if full is None:
        os.fsync(descriptor)
    else:
        fcntl.fcntl(descriptor, full)
