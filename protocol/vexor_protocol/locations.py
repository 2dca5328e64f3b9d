"""Where the socket lies, and the check that only its owner can reach it. Standard library alone.

Both sides use this module, so that they cannot disagree. `$XDG_RUNTIME_DIR/vexord/vexord.sock` where the
variable is set, else a folder of the user's own under the temporary directory.
"""

import os
import stat
import sys

SOCKET_NAME = "vexord.sock"
MAX_SOCKET_PATH_BYTES = 103 if sys.platform == "darwin" else 107
"""`sun_path` less its terminating NUL."""


class LocationError(Exception):
    """The runtime folder cannot be used. `hint` names the mend."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def runtime_dir() -> str:
    """Return the folder of the socket; it need not exist."""
    base = os.environ.get("XDG_RUNTIME_DIR")
    if base:
        return base.rstrip("/") + "/vexord"
    temporary = os.environ.get("TMPDIR", "/tmp").rstrip("/") or "/"  # noqa: S108 - checked for owner and mode
    return f"{temporary}/vexord-{os.getuid()}"


def socket_path() -> str:
    """Return the socket's path.

    Raises:
        LocationError: the path is longer than the kernel allows for a Unix socket.
    """
    path = f"{runtime_dir()}/{SOCKET_NAME}"
    length = len(os.fsencode(path))
    if length > MAX_SOCKET_PATH_BYTES:
        raise LocationError(
            f"the socket path is {length} bytes long, the system allows {MAX_SOCKET_PATH_BYTES}: {path}",
            "set XDG_RUNTIME_DIR to a shorter folder",
        )
    return path


def check_runtime_dir(path: str) -> None:
    """Refuse a folder in which another user could put or replace the socket.

    Raises:
        LocationError: not a folder, owned by somebody else, or open to group or others; or a symbolic link
            that somebody else made.
        FileNotFoundError: it does not exist.
    """
    link = os.lstat(path)
    if stat.S_ISLNK(link.st_mode) and link.st_uid != os.getuid():
        raise LocationError(
            f"{path} is a symbolic link of user id {link.st_uid}, not of yours ({os.getuid()})",
            "set XDG_RUNTIME_DIR to a folder of your own",
        )
    info = os.stat(path)
    if not stat.S_ISDIR(info.st_mode):
        raise LocationError(f"{path} is not a folder", f"remove it: rm {path}")
    if info.st_uid != os.getuid():
        raise LocationError(
            f"{path} belongs to user id {info.st_uid}, not to you ({os.getuid()})",
            "remove it, or set XDG_RUNTIME_DIR to a folder of your own",
        )
    if stat.S_IMODE(info.st_mode) & 0o077:
        raise LocationError(
            f"{path} is open to other users (mode {stat.S_IMODE(info.st_mode):04o})", f"run: chmod 700 {path}"
        )


def ensure_runtime_dir() -> str:
    """Create the runtime folder with mode 0700 if it is missing, check it, return its path.

    Raises:
        LocationError: see `check_runtime_dir`; or the parent folder does not exist.
    """
    path = runtime_dir()
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass
    except OSError as error:
        raise LocationError(
            f"cannot create {path}: {error.strerror}", "set XDG_RUNTIME_DIR to an existing folder of your own"
        ) from None
    check_runtime_dir(path)
    return path
