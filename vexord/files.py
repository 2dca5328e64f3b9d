"""Every change that vexord makes to files that must outlive it: create, write, rename, sync, unlink, lock."""

import contextlib
import errno
import fcntl
import os
import shutil
import stat
from collections.abc import Callable, Sequence
from types import TracebackType

import msgspec
import xxhash

DIR_MODE = 0o700
FILE_MODE = 0o600
TEMPORARY_SUFFIX = ".tmp"
_LONGEST_MARK = 1 << 14

Bytes = bytes | memoryview
Hook = Callable[[str, str, Sequence[Bytes]], None]

hook: Hook | None = None
"""Tests set it. It is called before every step with its name, its path, and the bytes to write, or the other
name of a rename or link. It may raise an `OSError` that the step could raise, write a part of the bytes, or
end the process."""


def step(name: str, path: str, parts: Sequence[Bytes] = ()) -> None:
    """Tell the tests' hook what is done next; for libraries that write files themselves too."""
    if hook is not None:
        hook(name, path, parts)


class LockHeldError(Exception):
    """Another open file holds the lock. `pid` is that of its process, None if it could not be read."""

    def __init__(self, path: str, pid: int | None) -> None:
        super().__init__(f"{path} is held by process {pid}")
        self.pid = pid


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
        step("create", path)
        self._path = path
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
        self._hash = xxhash.xxh3_64()
        self._size = 0
        self._durable = durable

    def write(self, *parts: Bytes) -> None:
        """Append all parts."""
        for part in parts:
            self._hash.update(part)
            self._size += len(part)
        step("write", self._path, parts)
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
                step("sync", self._path)
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


def replace_file(path: str, data: Bytes, *, durable: bool = False, backup: str = "") -> None:
    """Put `data` at `path` so that a reader sees the old file or the new one, whole.

    With `durable` it also survives a power cut after this returns. The old file becomes `backup`, if that is
    given. After an `OSError` the old file is there, or, if the folder could not be synced, the new one.
    """
    temporary = path + TEMPORARY_SUFFIX
    remove_file(temporary)
    try:
        write_file(temporary, data, durable=durable)
        if backup:
            _link_over(path, backup, durable=durable)
        if os.path.isdir(path):
            remove_tree(path)
        rename(temporary, path)
    except OSError:
        for left in (temporary, backup + TEMPORARY_SUFFIX) if backup else (temporary,):
            with contextlib.suppress(OSError):  # the next attempt removes it
                remove_file(left)
        raise
    if durable:
        sync_dir(os.path.dirname(path))


def open_to_read(path: str) -> int:
    """Return a descriptor of a regular file; a link, a pipe or a folder in its place is not opened.

    Raises:
        FileNotFoundError: there is no regular file.
        OSError: it cannot be opened.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.ENODEV):
            raise FileNotFoundError(errno.ENOENT, "not a regular file", path) from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(errno.ENOENT, "not a regular file", path)
    return descriptor


def read_file(path: str) -> bytes:
    """Return the content of a regular file.

    Raises:
        FileNotFoundError, OSError: see `open_to_read`.
    """
    with open(open_to_read(path), "rb", buffering=0) as file:
        return file.readall()


def sum_file(path: str) -> FileSum:
    """Read a whole file and return its sum.

    Raises:
        FileNotFoundError, OSError: see `open_to_read`.
    """
    digest = xxhash.xxh3_64()
    size = 0
    with open(open_to_read(path), "rb", buffering=0) as file:
        while block := file.read(1 << 20):
            digest.update(block)
            size += len(block)
    return FileSum(size, digest.hexdigest())


def sum_of(data: bytes) -> FileSum:
    """Return the sum that a file of this content has."""
    return FileSum(len(data), xxhash.xxh3_64_hexdigest(data))


def make_dir(path: str) -> None:
    """Create a folder for this user alone; parents too; fine if it exists.

    Raises:
        FileExistsError: something else has the name.
    """
    if not os.path.isdir(path):
        parent = os.path.dirname(path)
        if parent:
            make_dir(parent)
        try:
            make_new_dir(path)
        except FileExistsError:
            if not os.path.isdir(path):
                raise


def make_new_dir(path: str) -> None:
    """Create a folder for this user alone.

    Raises:
        FileExistsError: something has the name.
    """
    step("mkdir", path)
    os.mkdir(path, DIR_MODE)


def sync_dir(path: str) -> None:
    """Make the entries of a folder durable."""
    step("sync", path)
    _sync_at(path, os.O_DIRECTORY)


def sync_file(path: str) -> None:
    """Make what was written to a file durable."""
    step("sync", path)
    _sync_at(path)


def rename(source: str, target: str) -> None:
    """Give a file or folder another name, in one step; a file that has it goes."""
    step("rename", target, (os.fsencode(source),))
    os.replace(source, target)


def keep_private(path: str) -> None:
    """Let this user alone read and write a file that a library has made."""
    step("chmod", path)
    os.chmod(path, FILE_MODE)


def extend(path: str, size: int) -> None:
    """Put zeros at the end of a file, without taking room for them."""
    step("write", path)
    os.truncate(path, size)


def remove_folder(path: str) -> None:
    """Unlink a folder of files; mapped ones live on until they are unmapped.

    Raises:
        OSError: something cannot be removed.
    """
    for name in os.listdir(path):
        remove_tree(os.path.join(path, name))
    step("rmdir", path)
    os.rmdir(path)


def remove_tree(path: str) -> None:
    """Remove whatever has this name, all below it too; links are not followed. Fine if there is nothing.

    Raises:
        OSError: something cannot be removed.
    """
    if os.path.isdir(path) and not os.path.islink(path):
        step("rmtree", path)
        shutil.rmtree(path)
    else:
        remove_file(path)


def remove_file(path: str) -> None:
    """Unlink a file if it exists."""
    if os.path.lexists(path):
        step("unlink", path)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


class Mark:
    """A line that is written in place, again and again, and outlives the process, though not the machine."""

    def __init__(self, path: str) -> None:
        """Open the file, made if it is missing.

        Raises:
            OSError: it cannot be opened.
        """
        self._path = path
        self._descriptor = _open_in_place(path)
        self.found = read_mark(path)
        """What it said when it was opened."""

    def set(self, text: str) -> None:
        """Say something else; on a full disk the file may go on saying what it did."""
        step("mark", self._path)
        with contextlib.suppress(OSError):
            os.pwrite(self._descriptor, os.fsencode(text) + b"\0", 0)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)


def read_mark(path: str) -> str:
    """Return what a mark says; nothing if there is none or it cannot be read."""
    try:
        return os.fsdecode(read_file(path)[:_LONGEST_MARK].partition(b"\0")[0])
    except OSError:
        return ""


def lock_exclusively(path: str) -> int:
    """Take the lock file and write our pid into it; return the descriptor that holds the lock.

    Raises:
        LockHeldError: another open file holds the lock.
    """
    descriptor = _open_in_place(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with contextlib.suppress(OSError):  # the pid is for people; on a full disk the lock holds without
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).strip()
        os.close(descriptor)
        raise LockHeldError(path, int(holder) if holder.isdigit() else None) from None
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _open_in_place(path: str) -> int:
    """Open a small file of ours to read and write, made if it is missing; what else has its name goes."""
    if os.path.lexists(path) and not stat.S_ISREG(os.lstat(path).st_mode):
        remove_tree(path)
    step("create", path)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, FILE_MODE)


def is_same(path: str, descriptor: int) -> bool:
    """Whether a path still leads to an open file."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except OSError:
        return False


def unlock(descriptor: int) -> None:
    """Give up the lock."""
    os.close(descriptor)


def _link_over(source: str, target: str, *, durable: bool) -> None:
    """Give a file a second name that replaces `target` in one step. Its content is never written again."""
    temporary = target + TEMPORARY_SUFFIX
    remove_file(temporary)
    step("link", temporary, (os.fsencode(source),))
    try:
        os.link(source, temporary)
    except FileNotFoundError:
        return
    except OSError:  # a file system without hard links
        with open(source, "rb") as file:
            write_file(temporary, file.read(), durable=durable)
    rename(temporary, target)


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
