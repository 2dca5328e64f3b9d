"""What a search may find in a folder, by a plain reading of it: git itself says what git ignores.

Nothing of vexord's is used. Beside git's rules only those names count that `BUILT_IN_FOLDERS` and
`built_in_file` tell, and of `.vexorignore` the lines that `Vexorignore` tells: do not make others.
"""

import os
import re
import stat
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

BUILT_IN_FOLDERS = frozenset({".git", ".vexord", "node_modules", "__pycache__", ".venv"})
MARKED_FOLDERS = {"target": "Cargo.toml"}
"""Folder → file that must lie beside it."""
MARKER = re.compile(rb"\bq[bcdfghjkmnpqrstvwxz]{12}\b")
"""A word that stands nowhere else."""

Inode = tuple[int, int]


def built_in_file(name: str) -> bool:
    """Whether a file of this name is left out without any rule file."""
    low = name.lower()
    patterns = ("*.swp", "*~", ".#*", "#*#", "*.pyc", "*.o", ".env", "*.pem")
    return any(fnmatchcase(low, pattern) for pattern in patterns)


@dataclass(frozen=True, slots=True)
class Reading:
    """The files that are wanted, with what stands in them."""

    contents: dict[str, bytes] = field(default_factory=dict)
    """Relative path → bytes."""
    unclear: frozenset[str] = frozenset()
    """Paths that some program still writes: nothing is promised of them."""

    @property
    def markers(self) -> dict[str, set[str]]:
        """Marker → paths."""
        found: dict[str, set[str]] = {}
        for path, content in self.contents.items():
            if b"\0" in content:  # found by its name alone
                continue
            for word in MARKER.findall(content):
                found.setdefault(word.decode(), set()).add(path)
        return found


def read_tree(root: Path, env: Mapping[str, str], no_git: Path, writing: frozenset[Inode]) -> Reading:
    """Read every wanted file below `root`.

    `no_git`: an empty bare repository, whose rules hold where the tree is in none. `writing`: inodes of files
    that somebody has open for writing.
    """
    found: dict[str, Inode] = {}
    repositories: list[str] = []
    _walk(os.fspath(root), "", found, repositories)
    kept = _by_rules(root, sorted(found), sorted(repositories), env, no_git)
    unclear = frozenset(path for path in kept if found[path] in writing)
    contents = {path: (root / path).read_bytes() for path in kept if path not in unclear}
    return Reading(contents, unclear)


def _walk(root: str, folder: str, found: dict[str, Inode], repositories: list[str]) -> None:
    with os.scandir(f"{root}/{folder}") as entries:
        listed = sorted(entries, key=lambda entry: entry.name)
    names = {entry.name for entry in listed}
    if folder and "CACHEDIR.TAG" in names:
        return
    if ".git" in names:
        repositories.append(folder)
    for entry in listed:
        path = f"{folder}/{entry.name}" if folder else entry.name
        if entry.is_dir(follow_symlinks=False):
            built_in = entry.name.lower() in BUILT_IN_FOLDERS or built_in_file(entry.name)
            if not built_in and MARKED_FOLDERS.get(entry.name) not in names:
                _walk(root, path, found, repositories)
        elif entry.is_file(follow_symlinks=False) and entry.name != ".git":
            info = entry.stat(follow_symlinks=False)
            found[path] = (info.st_dev, info.st_ino)


def _by_rules(
    root: Path, files: list[str], repositories: list[str], env: Mapping[str, str], no_git: Path
) -> list[str]:
    """Return the files that the rule files let through."""
    top = _work_tree(root)
    bare = ["--git-dir", str(no_git), "--work-tree", str(top or root)]
    paths = [*files, *{above for path in files for above in _above(path)}]
    told = _verdicts(root, paths, [] if top is not None and _is_repository(top, env) else bare, env)
    for inner in filter(None, repositories):
        if _is_repository(root / inner, env):
            inside = [path.removeprefix(inner + "/") for path in paths if path.startswith(inner + "/")]
            for path, verdict in _verdicts(root / inner, inside, [], env).items():
                if not verdict.by_user:  # that of the repository around it outweighs the user's own list
                    told[f"{inner}/{path}"] = verdict
    dropped = {path for path, verdict in told.items() if verdict.ignored}
    dropped |= {path for path in files if built_in_file(path.rpartition("/")[2])}
    own = Vexorignore(root, files)
    return [path for path in files if own.wants(path, dropped)]


def _above(path: str) -> list[str]:
    """The folders on the way to a path, the topmost first."""
    parts = path.split("/")
    return ["/".join(parts[:deep]) for deep in range(1, len(parts))]


def _work_tree(folder: Path) -> Path | None:
    return next((above for above in (folder, *folder.parents) if os.path.lexists(above / ".git")), None)


def _is_repository(folder: Path, env: Mapping[str, str]) -> bool:
    """Whether the `.git` there is one; that of a moved work tree may name nothing."""
    if (folder / ".git" / "HEAD").is_file():
        return True
    command = ["git", "rev-parse", "--git-dir"]
    return not subprocess.run(command, cwd=folder, env=env, capture_output=True, check=False).returncode


class Verdict(NamedTuple):
    """What the strongest of git's rules that match a path says."""

    ignored: bool
    by_user: bool
    """It stands in the list that holds for all repositories."""


def _verdicts(
    folder: Path, paths: Sequence[str], where: Sequence[str], env: Mapping[str, str]
) -> dict[str, Verdict]:
    """Ask git of the paths that any rule matches; whether they are tracked does not count."""
    if not paths:
        return {}
    command = ["git", *where, "check-ignore", "--no-index", "-v", "-z", "--stdin"]
    given = b"\0".join(map(os.fsencode, paths)) + b"\0"
    done = subprocess.run(command, cwd=folder, env=env, input=given, capture_output=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    fields = os.fsdecode(done.stdout).split("\0")
    told = zip(fields[0::4], fields[2::4], fields[3::4], strict=False)
    users = f"{env['XDG_CONFIG_HOME']}/git/ignore"
    return {path: Verdict(pattern[0] != "!", source == users) for source, pattern, path in told}


class Vexorignore:
    """The `.vexorignore` files of a tree, with lines like `*.x`, `name/` and `a/b/`, each also with `!`.

    They outweigh all other rules. In an ignored folder only `!a/b/` counts, which names something in it, and
    no rule file is read. Below what it names, git's verdict on the folders above it does not count.
    """

    def __init__(self, root: Path, paths: Iterable[str]) -> None:
        top = _work_tree(root) or root
        self._way = "" if top == root else f"{root.relative_to(top)}/"
        names = [self._way + path for path in paths]
        names += [f"{above}/.vexorignore" for above in _above(self._way)[:-1]] + [".vexorignore"]
        files = [name for name in names if name.rpartition("/")[2] == ".vexorignore"]
        there = [name for name in files if stat.S_ISREG(_mode(top / name))]
        self._lines = {name.rpartition("/")[0]: (top / name).read_text().split("\n") for name in there}

    def wants(self, path: str, dropped: set[str]) -> bool:
        """Whether a file is wanted; `dropped` are the files and folders that other rules leave out."""
        lines: list[tuple[str, str]] = [
            (folder, line) for folder in ("", *_above(self._way)) for line in self._lines.get(folder, ())
        ]
        out = lifted = False
        for part in (*_above(path), path):
            told = [line for folder, line in lines if _matches(line, folder, self._way + part, part != path)]
            told = [line for line in told if not (out and line[0] == "!" and "/" not in line.strip("!/"))]
            if told:
                out = told[-1][0] != "!"
                lifted |= not out and "/" in told[-1].strip("!/")
            elif not out:
                out = part in dropped and not lifted
            if not out and part != path and self._way + part in self._lines:
                lines += [(self._way + part, line) for line in self._lines[self._way + part]]
        return not out


def _matches(line: str, folder: str, path: str, is_dir: bool) -> bool:
    pattern = line.removeprefix("!")
    if not pattern or (pattern.endswith("/") and not is_dir):
        return False
    rel = path[len(folder) + 1 :] if folder else path
    pattern = pattern.rstrip("/")
    return rel == pattern if "/" in pattern else fnmatchcase(rel.rpartition("/")[2], pattern)


def _mode(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except OSError:
        return 0
