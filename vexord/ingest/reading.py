"""Reads a file of a tree as it is now: whole or not at all, never through a symlink, never without end."""

import errno
import os
import stat
import time
from dataclasses import dataclass

from vexord.index.types import MAX_TEXT_BYTES, FileStamp

NEVER_CHECKED = 0
"""As `checked_ns`: no stamp of this file is believed, every scan looks at it again."""
_ATTEMPTS = 3
_BLOCK_BYTES = 1 << 20
# O_NONBLOCK: a FIFO put in the file's place after the lstat must not hang us.
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})
_SPENT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})


class TooLargeError(Exception):
    """More than `MAX_TEXT_BYTES`, or has become so while it was read."""


@dataclass(frozen=True, slots=True)
class Read:
    """The content of a file."""

    raw: bytes
    stamp: FileStamp
    checked_ns: int
    """Wall-clock time before the reading; `NEVER_CHECKED` if the file gave no rest, or its size lies."""
    moving: bool = False
    """It changed during each attempt: each byte was there since the call, but perhaps not all at once."""


def is_gone(error: OSError) -> bool:
    """Whether the error says that there is no such file, below this root at least."""
    return error.errno in _GONE


def is_forbidden(error: OSError) -> bool:
    """Whether the rights of the file or of a folder above say no: it will stay so until somebody acts."""
    return error.errno in _FORBIDDEN


def is_spent(error: OSError) -> bool:
    """Whether we, or the machine, ran out of descriptors or memory: that says nothing of the file."""
    return error.errno in _SPENT


def stamp_of(info: os.stat_result) -> FileStamp:
    """Return the quick-check part of a stat result."""
    return FileStamp(info.st_size, info.st_mtime_ns, info.st_ino, info.st_ctime_ns)


def read_whole(path: str) -> Read:
    """Read a regular file. If it changes meanwhile it is read again, at most three times in all.

    Raises:
        TooLargeError: it is more than is indexed.
        OSError: it cannot be opened or read; `FileNotFoundError` also if it is no regular file.
    """
    for _ in range(_ATTEMPTS):
        checked_ns = time.time_ns()
        raw, before, after = _read_once(path)
        if before == after and len(raw) == after.size:
            return Read(raw, after, checked_ns)
    # A log that grows all the time, or a file of a kernel's file system, whose size says nothing.
    return Read(raw, after, NEVER_CHECKED, moving=before != after)


def _read_once(path: str) -> tuple[bytes, FileStamp, FileStamp]:
    descriptor = os.open(path, _OPEN)
    try:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            raise FileNotFoundError(errno.ENOENT, "not a regular file", path)
        if info.st_size > MAX_TEXT_BYTES:
            raise TooLargeError(path)
        raw = _read_all(descriptor, path)
        return raw, stamp_of(info), stamp_of(os.fstat(descriptor))
    finally:
        os.close(descriptor)


def _read_all(descriptor: int, path: str) -> bytes:
    """Read to the end, which need not be where the size says: some files have none."""
    blocks: list[bytes] = []
    size = 0
    while block := os.read(descriptor, _BLOCK_BYTES):
        blocks.append(block)
        size += len(block)
        if size > MAX_TEXT_BYTES:
            raise TooLargeError(path)
    return b"".join(blocks)


class Folders:
    """Which folders below a root are reached without a symlink. For one batch of files: it remembers."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._real: dict[str, bool] = {"": True}

    def real(self, folder: str) -> bool:
        """Whether the way to `folder` (relative, no closing slash) leads through real folders alone.

        Raises:
            OSError: it cannot be told, for another reason than that there is no such folder.
        """
        unknown: list[str] = []
        above = folder
        while above not in self._real:
            unknown.append(above)
            above = above.rpartition("/")[0]
        real = self._real[above]
        for below in reversed(unknown):
            real = self._real[below] = real and self._is_folder(below)
        return real

    def _is_folder(self, folder: str) -> bool:
        try:
            return stat.S_ISDIR(os.lstat(os.path.join(self._root, folder)).st_mode)
        except OSError as error:
            if is_gone(error):
                return False
            raise
