"""Which folder a root is: its device and inode, so that a folder put in its place is noticed."""

import os
import stat

Identity = tuple[int, int]


def identity(root: str) -> Identity | None:
    """(st_dev, st_ino) of the folder at `root`; None if there is none, or a symlink in its place."""
    try:
        status = os.lstat(root)
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISDIR(status.st_mode) else None
