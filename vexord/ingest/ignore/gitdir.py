"""Find git's own rule files by reading its files: work tree root, `info/exclude`, `core.excludesFile`."""

import os
import re
import stat
from collections.abc import Callable

from vexord.ingest.reading import is_spent

MAX_RULE_BYTES = 1 << 20
"""150,000 rules: to read more of them would take so long that the indexer seems to hang."""
_MAX_INCLUDES = 100
"""Files that one configuration may include in all, those that they include counted."""
_SECTION = re.compile(r'\[\s*([\w.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]')
_VARIABLE = re.compile(r"([A-Za-z][\w-]*)\s*=\s*(.*)")


def read_rules(path: str, *, follow: bool = False, too_large: "Note | None" = None) -> bytes | None:
    """Return the content of a regular file of at most `MAX_RULE_BYTES`, else None. Never blocks on a FIFO.

    `too_large` is told of one that is larger.

    Like git, symlinks inside a work tree are not followed: `follow` is for the user's own files.

    Raises:
        OSError: descriptors or memory have run out. Without its rules a tree must not be indexed.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    try:
        fd = os.open(path, flags)
    except ValueError:
        return None
    except OSError as error:
        if is_spent(error):
            raise
        return None
    with os.fdopen(fd, "rb") as file:
        info = os.fstat(fd)
        if not stat.S_ISREG(info.st_mode):
            return None
        if info.st_size > MAX_RULE_BYTES:
            if too_large is not None:
                too_large(path)
            return None
        try:
            return file.read(MAX_RULE_BYTES)
        except OSError:
            return None


Note = Callable[[str], None]
"""Told of each path whose appearance, change or end could make another answer."""


def work_tree(folder: str, note: Note) -> str | None:
    """Return the nearest folder at or above `folder` that holds `.git`, or None."""
    while True:
        note(os.path.join(folder, ".git"))
        if os.path.lexists(os.path.join(folder, ".git")):
            return folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def common_dir(tree: str) -> str | None:
    """Return the folder that holds `info/` and `config` of a work tree; None if `tree` is none.

    A worktree's or submodule's `.git` is a file that names the real folder; `commondir` there names the
    folder shared by all worktrees.
    """
    dot_git = os.path.join(tree, ".git")
    if not os.path.isdir(dot_git):
        named = _named_folder(dot_git, "gitdir:", tree)
        if named is None:
            return None
        dot_git = named
    return _named_folder(os.path.join(dot_git, "commondir"), "", dot_git) or dot_git


def _named_folder(file: str, prefix: str, base: str) -> str | None:
    raw = read_rules(file)
    if raw is None:
        return None
    text = os.fsdecode(raw).rstrip("\r\n")
    if not text.startswith(prefix) or "\0" in text:
        return None
    return os.path.normpath(os.path.join(base, text.removeprefix(prefix).strip()))


def excludes_file(common: str | None, note: Note) -> str:
    """Return the path of git's global excludes file, which need not exist.

    Looks at system, user and repository configuration as git does. `include.path` is followed,
    `includeIf` is not.
    """
    config_home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    own = os.environ.get("GIT_CONFIG_GLOBAL")
    system = [] if os.environ.get("GIT_CONFIG_NOSYSTEM") else ["/etc/gitconfig"]
    user = [own] if own else [os.path.join(config_home, "git", "config"), os.path.expanduser("~/.gitconfig")]
    local = [os.path.join(common, "config")] if common else []
    value = None
    for path in (*system, *user, *local):
        for found in _excludes_values(path, [_MAX_INCLUDES], note):
            value = found
    if value:
        return os.path.expanduser(value)
    return os.path.join(config_home, "git", "ignore")


def _excludes_values(path: str, left: list[int], note: Note) -> list[str]:
    """`left`: how many more files may be read; a file that includes itself ends there."""
    left[0] -= 1
    if left[0] < 0:
        return []
    note(path)
    raw = read_rules(path, follow=True)
    if raw is None:
        return []
    values: list[str] = []
    for name, value in _variables(os.fsdecode(raw)):
        if name == "core.excludesfile":
            values.append(value)
        elif name == "include.path":
            included = os.path.join(os.path.dirname(path), os.path.expanduser(value))
            values += _excludes_values(included, left, note)
    return values


def _variables(text: str) -> list[tuple[str, str]]:
    """Return (`section.name` in lower case, value) of a git configuration file; odd lines are skipped."""
    found: list[tuple[str, str]] = []
    section = ""
    for raw_line in text.replace("\\\n", "").split("\n"):
        line = raw_line.strip()
        header = _SECTION.match(line)
        if header:
            section = header[1].lower() if header[2] is None else f"{header[1].lower()}.{header[2]}"
            line = line[header.end() :].strip()
        variable = _VARIABLE.match(line)
        if variable:
            found.append((f"{section}.{variable[1].lower()}", _value(variable[2])))
    return found


def _value(text: str) -> str:
    """Unquote a value and drop its comment."""
    out: list[str] = []
    quoted = False
    keep = 0
    chars = iter(text)
    for char in chars:
        if char == '"':
            quoted = not quoted
        elif char == "\\":
            escaped = next(chars, "")
            out.append({"n": "\n", "t": "\t", "b": "\b"}.get(escaped, escaped))
        elif char in "#;" and not quoted:
            break
        else:
            out.append(char)
        if quoted or char not in " \t":
            keep = len(out)
    return "".join(out[:keep])
