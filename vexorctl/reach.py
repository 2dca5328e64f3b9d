"""Finds the daemon's socket and connects; where nobody listens, has a daemon started.

Only C modules of the standard library are imported; see `fast`.
"""

import posix
import sys

from vexorctl.errors import ClientError
from vexorctl.zmtp import Connection

_FOLDER = 0o040000
_TYPE_AND_OTHERS = 0o170077
_SAFE_LENGTH = 90
"""With the socket's name this is shorter than any system's limit."""


def environment() -> dict[bytes, bytes]:
    """Return the environment; the C module's copy never changes, so `os` has the say once it is imported."""
    module = sys.modules.get("os")
    return module.environb if module else posix.environ


def socket_path() -> bytes:
    """Return the path of the socket, having checked that its folder is ours alone.

    This is the straight path through `vexor_protocol.locations`, which takes longer to import than all of
    this. That module decides whenever anything is unusual, and a test holds the two together.

    Raises:
        ClientError: the folder is not safe, or the path is too long.
        FileNotFoundError: the folder does not exist.
    """
    environ = environment()
    user = posix.getuid()
    base = environ.get(b"XDG_RUNTIME_DIR")
    if base:
        folder = base.rstrip(b"/") + b"/vexord"
    else:
        temporary = environ.get(b"TMPDIR", b"/tmp").rstrip(b"/") or b"/"
        folder = b"%s/vexord-%d" % (temporary, user)
    if len(folder) < _SAFE_LENGTH:
        info = posix.lstat(folder)
        if info.st_mode & _TYPE_AND_OTHERS == _FOLDER and info.st_uid == user:
            return folder + b"/vexord.sock"
    return _unusual_socket_path()


def _unusual_socket_path() -> bytes:
    from vexorctl.opened import open_site

    open_site()
    import os

    from vexor_protocol import locations

    try:
        path = locations.socket_path()
        locations.check_runtime_dir(locations.runtime_dir())
    except locations.LocationError as error:
        raise ClientError(error.message, error.hint) from None
    return os.fsencode(path)


def connect(spawn: bool = True) -> Connection:
    """Return a new connection, on which nothing was sent yet.

    Raises:
        ClientError: no daemon runs and none may or can be started, or its folder is not safe.
    """
    try:
        return Connection(socket_path())
    except (FileNotFoundError, ConnectionRefusedError):
        if not spawn or environment().get(b"VEXORCTL_NO_SPAWN"):
            raise ClientError("no daemon runs", "start it with: vexorctl start", "E_NO_DAEMON") from None
    from vexorctl.opened import open_site

    open_site()
    from vexorctl.spawn import start

    return start()
