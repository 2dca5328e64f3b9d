"""Opens a file of a tree by its path from the root, and nothing that a symbolic link leads to."""

import errno
import os

_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""A FIFO put in the file's place must not hang us."""
_LOOK = getattr(os, "O_PATH", os.O_RDONLY) | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Enough for `fstat`, also of a file that we may not read."""
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def open_beneath(root: str, path: str, *, only_look: bool = False) -> int:
    """Return a descriptor of the file at `path`, relative to the folder `root`; it need not be regular.

    It is for reading, or with `only_look` for `fstat` alone, which then may show a symbolic link.

    Each folder on the way is opened in the one before, so that none can be exchanged for a link meanwhile.

    Raises:
        OSError: there is no such file; it, or a part of the way, is a symbolic link; no descriptor is left.
    """
    *folders, name = path.split("/")
    if any(part in ("", ".", "..") for part in (*folders, name)):
        raise OSError(errno.EINVAL, "not a path inside a folder", path)
    at = os.open(root, _FOLDER)
    try:
        for folder in folders:
            below = os.open(folder, _FOLDER, dir_fd=at)
            os.close(at)
            at = below
        return os.open(name, _LOOK if only_look else _FILE, dir_fd=at)
    finally:
        os.close(at)
