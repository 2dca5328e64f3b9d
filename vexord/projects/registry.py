"""The registered folders: one small JSON file that survives crashes, full disks and damage."""

import contextlib
import json
import os
import re
import time

import msgspec
import xxhash
from vexor_protocol.errors import BAD_ROOT, STATE, ProtocolError

from vexord import files
from vexord.moments import utc_text
from vexord.projects.roots import resolve_root
from vexord.projects.settings import Settings

__all__ = ["Project", "Registry", "RegistryError", "index_dir", "resolve_root"]

VERSION = 1
IN_PROJECT_FOLDER = ".vexord"
_SLUG_CHARS = 40


class Project(msgspec.Struct, frozen=True):
    """A registered folder."""

    id: str
    """Slug of the folder's name and 8 hex digits of the hash of its path: stable, safe as a file name."""
    root: str
    """Canonical absolute path (surrogateescape)."""
    name: str
    added_at: str
    """UTC, ISO 8601, whole seconds."""
    index_in_project: bool = False
    mode: str = ""
    """How much of each file is indexed; empty: as the settings say."""
    consent: str = ""
    """Provider and model that may be paid for all of the folder; see `RegisterParams.consent`."""


class _File(msgspec.Struct):
    version: int
    projects: list[Project]


class RegistryError(Exception):
    """The file of registered folders cannot be read now, though it may be sound. `hint` names the mend."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Registry:
    """The registered folders, in order of registration. One owner; not thread-safe.

    Every change is on disk before the method returns: temporary file, fsync, rename, fsync of the folder. The
    previous version stays beside it as `.bak`. A damaged file is set aside, never deleted, and the backup
    serves; `problem` then says so, and is empty otherwise.
    """

    def __init__(self, path: str) -> None:
        """Read the file; a missing one means no project.

        Raises:
            RegistryError: the file exists and cannot be read (rights, I/O): no reason to think it damaged.
        """
        self._path = path
        self._read_only = False
        self.problem = ""
        self._projects: dict[str, Project] = {}
        self._load()

    def all(self) -> list[Project]:
        """Return every project, oldest first."""
        return list(self._projects.values())

    def find(self, path: str) -> Project | None:
        """Return the deepest project that contains a path, which need not exist."""
        folder = os.path.realpath(path)
        while folder not in self._projects:
            parent = os.path.dirname(folder)
            if parent == folder:
                return None
            folder = parent
        return self._projects[folder]

    def add(
        self, root: str, name: str | None = None, index_in_project: bool = False, mode: str | None = None
    ) -> Project:
        """Register a canonical root (see `resolve_root`); a registered one is returned as it stands.

        A given name or mode replaces that of a registered project. With `index_in_project` the folder
        `.vexord` is created in the root, git-ignored by its own `.gitignore`.

        Raises:
            ProtocolError: BAD_ROOT, the root cannot hold the index; STATE, the registry cannot be written.
        """
        known = self._projects.get(root)
        if known is None:
            if index_in_project:
                _create_in_project_folder(root)
            project = Project(
                id=self._free_id(root),
                root=root,
                name=name or os.path.basename(root) or root,
                added_at=utc_text(time.time()),
                index_in_project=index_in_project,
                mode=mode or "",
            )
        else:
            project = msgspec.structs.replace(known, name=name or known.name, mode=mode or known.mode)
            if project == known:
                return known
        self._replace({**self._projects, root: project})
        return project

    def agree(self, root: str, consent: str) -> Project:
        """Note that a provider and model may be paid for a registered folder.

        Raises:
            ProtocolError: STATE, the registry cannot be written.
        """
        known = self._projects[root]
        if known.consent == consent:
            return known
        project = msgspec.structs.replace(known, consent=consent)
        self._replace({**self._projects, root: project})
        return project

    def remove(self, root: str) -> Project | None:
        """Forget a root; return what was registered there, if anything. Index files are not touched.

        Raises:
            ProtocolError: STATE, the registry cannot be written.
        """
        project = self._projects.get(root)
        if project is not None:
            self._replace({key: value for key, value in self._projects.items() if key != root})
        return project

    def _free_id(self, root: str) -> str:
        digest = xxhash.xxh3_64_hexdigest(os.fsencode(root))
        slug = (
            re.sub(r"[^a-z0-9]+", "-", os.path.basename(root).lower()).strip("-")[:_SLUG_CHARS] or "project"
        )
        taken = {project.id for project in self._projects.values()}
        short = f"{slug}-{digest[:8]}"
        return short if short not in taken else f"{slug}-{digest}"

    # --- disk --------------------------------------------------------------------------------------------

    def _load(self) -> None:
        try:
            self._take(_read(self._path))
        except FileNotFoundError:
            if not os.path.lexists(self._path):
                self._restore("is missing")
            else:
                aside = _set_aside(self._path)
                self._restore(f"was no file and is kept as {aside}")
        except _DamagedError as error:
            aside = _set_aside(self._path)
            self._restore(f"was damaged ({error}) and is kept as {aside}")
        except _FutureError as error:
            self._read_only = True
            self.problem = f"{self._path} was written by a newer vexord (version {error}); upgrade this one"

    def _take(self, projects: list[Project]) -> None:
        self._projects = {project.root: project for project in projects}

    def _restore(self, what: str) -> None:
        """Serve from the backup. Without one a missing file is a first start, and no problem."""
        try:
            projects = _read(self._backup)
        except FileNotFoundError:
            if what != "is missing":
                self.problem = f"{self._path} {what}; there is no backup: add the folders again"
            return
        except (_DamagedError, _FutureError) as error:
            self.problem = f"{self._path} {what}; its backup is of no use ({error}): add the folders again"
            return
        self._take(projects)
        with contextlib.suppress(ProtocolError):  # the next change tries again and reports it
            self._write(self._projects, keep_backup=False)
        self.problem = f"{self._path} {what}; {len(projects)} folders were restored from {self._backup}"

    @property
    def _backup(self) -> str:
        return self._path + ".bak"

    def _replace(self, projects: dict[str, Project]) -> None:
        if self._read_only:
            raise ProtocolError(STATE, self.problem, "upgrade vexord, or move that file away")
        self._write(projects, keep_backup=True)
        self._projects = projects

    def _write(self, projects: dict[str, Project], keep_backup: bool) -> None:
        content = {"version": VERSION, "projects": msgspec.to_builtins(list(projects.values()))}
        data = json.dumps(content, indent=1).encode("ascii")  # surrogates become \udcXX escapes
        try:
            backup = self._backup if keep_backup else ""
            files.replace_file(self._path, data, durable=True, backup=backup)
        except OSError as error:
            raise ProtocolError(
                STATE,
                f"cannot write {self._path}: {error.strerror}",
                f"make room or mend the rights of {os.path.dirname(self._path)}",
            ) from error


def index_dir(project: Project, settings: Settings) -> str:
    """Return the folder that holds a project's index; it need not exist."""
    if project.index_in_project:
        return os.path.join(project.root, IN_PROJECT_FOLDER, "index")
    return os.path.join(projects_dir(settings), project.id)


def projects_dir(settings: Settings) -> str:
    """Return the folder that holds the indexes of all projects but those that keep theirs in the root."""
    return os.path.join(settings.cache_dir, "projects")


class _DamagedError(Exception):
    """The bytes are there and mean nothing."""


class _FutureError(Exception):
    """Written by a newer version."""


def _read(path: str) -> list[Project]:
    try:
        data = files.read_file(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise RegistryError(
            f"cannot read {path}: {error.strerror}", f"mend its rights: chmod 600 {path}"
        ) from error
    try:
        content = json.loads(data)
        version = content["version"]
        if isinstance(version, int) and version > VERSION:
            raise _FutureError(str(version))
        return msgspec.convert(content, _File).projects
    except (ValueError, TypeError, KeyError, RecursionError, msgspec.ValidationError) as error:
        raise _DamagedError(f"{type(error).__name__}: {error}") from error


def _set_aside(path: str) -> str:
    aside = f"{path}.damaged-{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}"
    files.rename(path, aside)
    return aside


def _create_in_project_folder(root: str) -> None:
    folder = os.path.join(root, IN_PROJECT_FOLDER)
    try:
        with contextlib.suppress(FileExistsError):
            files.make_new_dir(folder)
        if os.path.islink(folder):
            raise ProtocolError(BAD_ROOT, f"{folder} is a symbolic link", f"remove it: rm {folder}")
        rules = os.path.join(folder, ".gitignore")
        if not (os.path.lexists(rules) and os.stat(rules).st_size):
            files.replace_file(rules, b"*\n")
        # What lies there came with the folder, perhaps from a stranger: an index is read without suspicion.
        files.remove_tree(os.path.join(folder, "index"))
    except OSError as error:
        raise ProtocolError(
            BAD_ROOT,
            f"cannot keep the index in {folder}: {error.strerror}",
            "leave the index in the cache folder",
        ) from error
