"""Which folder a path stands for: canonical, existing, readable, and not a likely mistake."""

import os

from vexor_protocol.errors import BAD_ROOT, ProtocolError


def resolve_root(path: str, exact: bool = True, force: bool = False) -> str:
    """Return the canonical root to register for a path.

    With `exact` false it is the innermost enclosing git root below the home folder, if there is one. `force`
    allows the roots that are almost surely a mistake: `/`, the home folder, and what contains it.

    Raises:
        ProtocolError: BAD_ROOT; the path is relative, missing, not a folder, unreadable or too wide.
    """
    if not os.path.isabs(path) or not _can_be(path):
        raise ProtocolError(BAD_ROOT, f"not an absolute path: {path!r}", "give the whole path of the folder")
    root = _canonical_folder(path)
    home = home_dir()
    if not exact:
        root = _enclosing_git_root(root, home) or root
    if not force and _too_wide(root, home):
        raise ProtocolError(
            BAD_ROOT,
            f"{root} is too wide: it is or contains your home folder",
            "name a project folder, or insist: vexorctl add --force DIR",
        )
    return root


def home_dir() -> str:
    """Return the canonical home folder of the user."""
    return os.path.realpath(os.path.expanduser("~"))


def contains(folder: str, path: str) -> bool:
    """Whether a canonical path is the folder or lies in it, by components: `/a/b` does not hold `/a/bc`."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _can_be(path: str) -> bool:
    """Whether a file system could hold it: no NUL, and no surrogate that stands for no byte."""
    try:
        return b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        return False


def _canonical_folder(path: str) -> str:
    try:
        root = os.path.realpath(path, strict=True)
        with os.scandir(root):
            return root
    except FileNotFoundError:
        raise ProtocolError(BAD_ROOT, f"there is no folder {path}", "check the spelling") from None
    except NotADirectoryError:
        raise ProtocolError(BAD_ROOT, f"{path} is not a folder", "name the folder that holds it") from None
    except OSError as error:
        raise ProtocolError(
            BAD_ROOT, f"{path} cannot be read: {error.strerror}", f"give yourself access: chmod u+rx {path}"
        ) from None


def _enclosing_git_root(folder: str, home: str) -> str | None:
    while not _too_wide(folder, home):
        if os.path.exists(os.path.join(folder, ".git")):  # a file in worktrees and submodules
            return folder
        folder = os.path.dirname(folder)
    return None


def _too_wide(folder: str, home: str) -> bool:
    return folder == os.path.dirname(folder) or contains(folder, home)
