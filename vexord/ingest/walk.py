"""Walk a tree: regular files that the ignore rules let through, each with its stamp."""

import errno
import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

from vexord.index.types import FileStamp
from vexord.ingest.ignore import IgnoreReason, IgnoreRules
from vexord.ingest.reading import is_forbidden, is_gone, is_spent, stamp_of

_EXAMPLES = 5
_SLICE = 2_048
"""So many entries of one folder are taken before the caller has its turn."""
_NAME = attrgetter("name")
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class WalkedFile(NamedTuple):
    """A regular file. `rel` is relative to the root, `/`-separated, surrogateescape."""

    rel: str
    stamp: FileStamp


@dataclass(slots=True)
class WalkReport:
    """What a walk saw and left out. Files inside folders that were not entered are not counted."""

    files: int = 0
    ignored_files: int = 0
    ignored_dirs: int = 0
    special: int = 0
    """Symlinks, FIFOs, sockets, devices."""
    loops: int = 0
    """Folders that are an ancestor of themselves (bind mounts)."""
    unreadable: int = 0
    unreadable_examples: list[str] = field(default_factory=list)
    too_deep: int = 0
    """Folders whose path is longer than the system takes."""
    too_deep_examples: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    """Path → error, where the disk did not answer: nobody knows what is at or below it."""
    files_by_rule: Counter[IgnoreReason] = field(default_factory=Counter)
    dirs_by_rule: Counter[IgnoreReason] = field(default_factory=Counter)

    def summary(self) -> str:
        """Return one or two sentences for a person: what is left, and which rule took most away."""
        seen = self.files + self.ignored_files
        text = f"{self.files} of {_count(seen, 'file')} after ignore rules"
        if self.ignored_dirs:
            text += f" ({_count(self.ignored_dirs, 'folder')} not entered)"
        rule = self._weightiest()
        if rule is not None:
            taken = [_count(self.files_by_rule[rule], "file"), _count(self.dirs_by_rule[rule], "folder")]
            text += f"; most by {rule}: {' and '.join(part for part in taken if not part.startswith('0 '))}"
        if self.unreadable:
            text += f"; {self.unreadable} unreadable, e.g. {_printable(self.unreadable_examples[0])}"
        return text

    def _weightiest(self) -> IgnoreReason | None:
        total = self.files_by_rule + self.dirs_by_rule
        # folders hide files that were not counted, so the rule that hides a folder weighs more
        return max(total, key=lambda rule: (self.dirs_by_rule[rule], total[rule]), default=None)

    def note_ignored(self, reason: IgnoreReason, is_dir: bool) -> None:
        """Count a path that a rule left out."""
        if is_dir:
            self.ignored_dirs += 1
            self.dirs_by_rule[reason] += 1
        else:
            self.ignored_files += 1
            self.files_by_rule[reason] += 1

    def note_failure(self, rel: str, error: OSError) -> None:
        """Count a folder or file that exists but cannot be looked at.

        Raises:
            OSError: `error`, if it says nothing of the file (`reading.is_spent`).
        """
        if is_spent(error):
            raise error
        if is_forbidden(error):
            self.unreadable += 1
            _note(self.unreadable_examples, rel)
        elif error.errno == errno.ENAMETOOLONG:
            self.too_deep += 1
            _note(self.too_deep_examples, rel)
        else:
            self.failed[rel] = error.strerror or str(error)


def _note(examples: list[str], rel: str) -> None:
    if len(examples) < _EXAMPLES:
        examples.append(rel or ".")


@dataclass(frozen=True, slots=True)
class _Folder:
    rel: str
    above: "_Folder | None"
    identity: tuple[int, int] = (0, 0)


def walk(
    root: str, rules: IgnoreRules, start: str = "", report: WalkReport | None = None
) -> Iterator[WalkedFile]:
    """Yield every wanted regular file at or below the folder `start`, folder by folder, names in order.

    Symlinks are never followed, special files never opened, other mounted file systems entered. What vanishes
    during the walk is left out without a word; what cannot be read is counted in `report`.

    Raises:
        OSError: descriptors or memory have run out, so that the walk would not be whole.
    """
    return chain.from_iterable(walk_folders(root, rules, start, report))


def walk_folders(
    root: str, rules: IgnoreRules, start: str = "", report: WalkReport | None = None
) -> Iterator[list[WalkedFile]]:
    """Yield what `walk` does, many at once, yet never more than a moment's work; some lists are empty."""
    report = WalkReport() if report is None else report
    if rules.ignored(start, is_dir=True):
        return
    stack = [_Folder(start, None)]
    while stack:
        subfolders: list[_Folder] = []
        for files in _read_folder(root, stack.pop(), rules, report, subfolders):
            report.files += len(files)
            yield files
        stack += reversed(subfolders)


def _read_folder(
    root: str, folder: _Folder, rules: IgnoreRules, report: WalkReport, subfolders: list[_Folder]
) -> Iterator[list[WalkedFile]]:
    """List one folder. It is held open by descriptor, so a folder swapped for a symlink is not followed."""
    path = f"{root}/{folder.rel}" if folder.rel else root
    try:
        fd = os.open(path, _OPEN_FOLDER)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG or not is_gone(error):  # ELOOP: it has become a symlink
            report.note_failure(folder.rel, error)
        return
    try:
        info = os.fstat(fd)
        here = _Folder(folder.rel, folder.above, (info.st_dev, info.st_ino))
        if _is_loop(here):
            report.loops += 1
            return
        with os.scandir(fd) as entries:
            yield from _sort_out(entries, here, rules, report, subfolders)
    except OSError as error:
        report.note_failure(folder.rel, error)
    finally:
        os.close(fd)


def _is_loop(folder: _Folder) -> bool:
    above = folder.above
    while above is not None:
        if above.identity == folder.identity:
            return True
        above = above.above
    return False


def _sort_out(
    entries: Iterator[os.DirEntry[str]],
    folder: _Folder,
    rules: IgnoreRules,
    report: WalkReport,
    subfolders: list[_Folder],
) -> Iterator[list[WalkedFile]]:
    files: list[os.DirEntry[str]] = []
    names: list[str] = []
    for entry in entries:
        if entry.is_file(follow_symlinks=False):
            files.append(entry)
            if len(files) % _SLICE == 0:
                yield []
        elif entry.is_dir(follow_symlinks=False):
            names.append(entry.name)
        else:
            report.special += 1
    prefix = folder.rel + "/" if folder.rel else ""
    below = [_Folder(prefix + name, folder) for name in sorted(names)]
    subfolders += [sub for sub in below if _is_wanted(sub.rel, rules, report)]
    files.sort(key=_NAME)
    for first in range(0, len(files), _SLICE):
        yield _wanted_files(files[first : first + _SLICE], folder.rel, rules, report)


def _is_wanted(folder: str, rules: IgnoreRules, report: WalkReport) -> bool:
    if not rules.ignored(folder, is_dir=True):
        return True
    reason = rules.explain(folder, is_dir=True)
    if reason is not None:
        report.note_ignored(reason, is_dir=True)
    return False


def _wanted_files(
    entries: list[os.DirEntry[str]], folder: str, rules: IgnoreRules, report: WalkReport
) -> list[WalkedFile]:
    ignored = rules.ignored_files(folder, [entry.name for entry in entries])
    for reason in ignored.values():
        report.note_ignored(reason, is_dir=False)
    prefix = folder + "/" if folder else ""
    found: list[WalkedFile] = []
    for entry in entries:
        if entry.name in ignored:
            continue
        rel = prefix + entry.name
        stamp = _stamp(entry, rel, report)
        if stamp is not None:
            found.append(WalkedFile(rel, stamp))
    return found


def _stamp(entry: os.DirEntry[str], rel: str, report: WalkReport) -> FileStamp | None:
    try:
        info = entry.stat(follow_symlinks=False)
    except OSError as error:
        if not is_gone(error):
            report.note_failure(rel, error)
        return None
    return stamp_of(info)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _printable(path: str) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def files_at(root: str, rules: IgnoreRules, path: str) -> set[str]:
    """Return the wanted files below a folder that is there now; the path itself if it is no folder."""
    try:
        is_folder = stat.S_ISDIR(os.lstat(os.path.join(root, path)).st_mode)
    except OSError:
        is_folder = False
    return {found.rel for found in walk(root, rules, start=path)} if is_folder else {path}
