"""What happens to files and folders, each as one move that chance picks and places."""

import ctypes
import os
import random
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from tests.support.reading import BUILT_IN_FOLDERS, Inode, read_tree
from tests.support.trees import make_tree

LETTERS = "bcdfghjkmnpqrstvwxz"
_SUFFIXES = (".py", ".py", ".js", ".md", ".txt", ".log", ".cfg")
_ODD_NAMES = (
    "sp ace",
    "ünïcode",
    "bad\udcff",
    "new\nline",
    "-dash",
    "[x]",
    "q?*",
    "tail ",
    "!bang",
    "#hash",
    "UPPER",
)
_RENAME_EXCHANGE = 2
_libc = ctypes.CDLL(None, use_errno=True)


class NothingToDoError(Exception):
    """The move finds nothing to work on."""


class Folders:
    """Some registered folders and one that is not, under random change of files and folders."""

    def __init__(self, base: Path, env: Mapping[str, str], no_git: Path, chance: random.Random) -> None:
        self.base = base
        self.roots = [base / "one", base / "two"]
        self.outside = base / "outside"
        self.chance = chance
        """Replaced before each move."""
        self._env = dict(env)
        self._no_git = no_git
        self._markers = chance.randrange(10**9)
        self._names = 0
        self._halves: list[tuple[Path, IO[bytes]]] = []
        for folder in (*self.roots, self.outside):
            make_tree(folder, {f"a/b/f{n}.py": self.line() for n in range(3)})

    @property
    def writing(self) -> frozenset[Inode]:
        """Inodes of the files that are open for writing."""
        infos = [os.fstat(file.fileno()) for _, file in self._halves]
        return frozenset((info.st_dev, info.st_ino) for info in infos)

    def line(self) -> str:
        """A line of code with a marker of its own."""
        self._markers += 1
        number, word = self._markers * 2_654_435_761 % len(LETTERS) ** 12, ""
        for _ in range(12):
            number, digit = divmod(number, len(LETTERS))
            word += LETTERS[digit]
        return f"q{word} = 1\n"

    def close(self) -> None:
        """Finish what is half written."""
        while self._halves:
            self._halves.pop()[1].close()

    # --- choosing ------------------------------------------------------------------------------------------

    def folders(self) -> list[Path]:
        """Folders of all roots, roots first; not those that rules leave out, nor what lies below them."""
        found = [root for root in self.roots if root.is_dir()]
        for root in list(found):
            for above, names, _ in os.walk(root):
                names[:] = sorted(set(names) - BUILT_IN_FOLDERS - {"gen", "target", "tagged"})
                found += [Path(above, name) for name in names if not Path(above, name).is_symlink()]
        return list(dict.fromkeys(found))

    def files(self) -> list[Path]:
        """Plain files in those folders, without rule files and other dot files."""
        entries = [entry for folder in self.folders() for entry in os.scandir(folder)]
        plain = {Path(entry.path) for entry in entries if entry.is_file(follow_symlinks=False)}
        return sorted(path for path in plain if not path.name.startswith((".", "Cargo")))

    def _file(self) -> Path:
        return self._one_of(self.files())

    def _to_write(self) -> Path:
        """A file for a write in place: one with other names only if every root has all of them, or none."""
        return self._told_everywhere(self._file())

    def _told_everywhere(self, path: Path) -> Path:
        info = path.stat()
        if info.st_nlink > 1:
            for root in self.roots:
                inodes = [(root / name).stat().st_ino for name in self.reading(root).contents]
                if inodes.count(info.st_ino) not in (0, info.st_nlink):
                    raise NothingToDoError
        return path

    def _folder(self) -> Path:
        return self._one_of(self.folders())

    def _below(self) -> Path:
        """A folder that is no root."""
        return self._one_of([folder for folder in self.folders() if folder not in self.roots])

    def _one_of(self, choices: list[Path]) -> Path:
        if not choices:
            raise NothingToDoError
        return self.chance.choice(choices)

    def _new(self, suffix: str | None = None) -> Path:
        self._names += 1
        odd = self.chance.choice(_ODD_NAMES) if self.chance.random() < 0.1 else "n"
        return (
            self._folder()
            / f"{odd}{self._names}{self.chance.choice(_SUFFIXES) if suffix is None else suffix}"
        )

    def _free(self, folder: Path, name: str) -> Path:
        path = folder / name
        if os.path.lexists(path):
            raise NothingToDoError
        return path

    # --- files ---------------------------------------------------------------------------------------------

    def write(self) -> None:
        """A new file."""
        self._new().write_text(self.line())

    def rewrite(self) -> None:
        """Truncate and write."""
        self._to_write().write_text(self.line() * self.chance.choice([1, 1, 40]))

    def append(self) -> None:
        """Add a line."""
        with self._to_write().open("a") as file:
            file.write(self.line())

    def half(self) -> None:
        """Truncate and write the first half; the file stays open."""
        path = self._file()
        if (
            len(self._halves) >= 2
            or path.stat().st_nlink > 1
            or path.stat().st_ino in {inode for _, inode in self.writing}
        ):
            raise NothingToDoError
        file = path.open("wb", buffering=0)
        file.write(self.line().encode())
        self._halves.append((path, file))

    def other_half(self) -> None:
        """Write the rest of such a file and close it."""
        if not self._halves:
            raise NothingToDoError
        _, file = self._halves.pop(self.chance.randrange(len(self._halves)))
        with file:
            file.write(self.line().encode())

    def same_size(self) -> None:
        """Another text of the same size, and the old mtime."""
        path = self._to_write()
        before = path.stat()
        old = path.read_bytes()
        path.write_bytes((self.line().encode() + old[len(self.line()) :])[: max(len(old), 1)])
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def old_mtime(self) -> None:
        """A file from an archive: its mtime lies years back."""
        path = self._new()
        path.write_text(self.line())
        os.utime(path, (1e9, 1e9))

    def atomic_save(self) -> None:
        """Write beside it, rename over it."""
        path = self._file()
        temporary = path.with_name(
            self.chance.choice([path.name + "~", f".{path.name}.swp", f"{path.name}.tmp1"])
        )
        temporary.write_text(self.line())
        temporary.replace(path)

    def link_save(self) -> None:
        """Keep the old file as a hard link, unlink the name, write anew, drop the link."""
        path = self._file()
        kept = self._free(path.parent, path.name + "~")
        os.link(path, kept)
        path.unlink()
        path.write_text(self.line())
        kept.unlink()

    def backup_save(self) -> None:
        """Rename to a backup, write anew; the backup stays or goes."""
        path = self._file()
        kept = self._free(path.parent, path.name + "~")
        path.rename(kept)
        path.write_text(self.line())
        if self.chance.random() < 0.5:
            kept.unlink()

    def nameless(self) -> None:
        """A file made without a name, linked into its place."""
        path = self._new()
        file = os.open(path.parent, os.O_TMPFILE | os.O_WRONLY, 0o644)
        os.write(file, self.line().encode())
        os.link(f"/proc/self/fd/{file}", path, follow_symlinks=True)
        os.close(file)

    def remove(self) -> None:
        """Delete a file."""
        self._file().unlink()

    def remove_and_make(self) -> None:
        """Delete and make again at once, with another text."""
        path = self._file()
        path.unlink()
        path.write_text(self.line())

    def rename(self) -> None:
        """Another name, perhaps in the other root."""
        self._file().rename(self._new())

    def rename_over(self) -> None:
        """One file takes the place of another."""
        self._file().replace(self._file())

    def swap(self) -> None:
        """Two files change places."""
        first, second = self._file(), self._file()
        first.rename(spare := self._new(".spare"))
        if first != second:
            second.rename(first)
        spare.rename(second)

    def change_case(self) -> None:
        """A rename that changes capitals alone, of a file or a folder."""
        path = self._file() if self.chance.random() < 0.6 else self._below()
        path.rename(self._free(path.parent, path.name.swapcase()))

    def hard_link(self) -> None:
        """Another name of a file."""
        path = self._file()
        if path.stat().st_ino in {inode for _, inode in self.writing}:
            raise NothingToDoError
        os.link(path, self._new(".py"))

    def write_linked(self) -> None:
        """Write through one of several names of a file."""
        linked = self._one_of([path for path in self.files() if path.stat().st_nlink > 1])
        self._told_everywhere(linked).write_text(self.line())

    def symlink(self) -> None:
        """A link to a file, a folder, out of the root, to nothing, or to itself."""
        link = self._new()
        targets = [self._file(), self._folder(), self.outside, link.parent / "nothing", link, link.parent]
        link.symlink_to(self.chance.choice(targets))

    def into_link(self) -> None:
        """A file becomes a symbolic link, or a link becomes a file."""
        links = [Path(e.path) for folder in self.folders() for e in os.scandir(folder) if e.is_symlink()]
        if links and self.chance.random() < 0.5:
            path = self._one_of(sorted(links))
            path.unlink()
            path.write_text(self.line())
        else:
            path = self._file()
            path.unlink()
            path.symlink_to(self._folder())

    def into_folder(self) -> None:
        """A file becomes a folder of the same name."""
        path = self._file()
        path.unlink()
        make_tree(path, {"in.py": self.line()})

    def into_file(self) -> None:
        """A folder becomes a file of the same name."""
        path = self._below()
        shutil.rmtree(path)
        path.write_text(self.line())

    def binary(self) -> None:
        """A text becomes binary, and the reverse."""
        path = self._to_write()
        path.write_bytes(
            b"\0" + self.line().encode() if path.read_bytes()[:1] != b"\0" else self.line().encode()
        )

    # --- folders -------------------------------------------------------------------------------------------

    def fill(self) -> None:
        """A folder made and filled at once."""
        make_tree(self._new(""), {f"{name}.py": self.line() for name in ("x", "y", "z/deep")})

    def deep(self) -> None:
        """Folders in folders."""
        make_tree(
            self._new(""), {"/".join("abcdefghijkl"[: self.chance.randrange(1, 12)]) + "/d.py": self.line()}
        )

    def refill(self) -> None:
        """A folder deleted, and made again at once with other files and another rule file."""
        path = self._below()
        shutil.rmtree(path)
        rules = {".gitignore": "*.log\n"} if self.chance.random() < 0.5 else {}
        make_tree(path, {"r.py": self.line(), "s.log": self.line(), **rules})

    def move_folder(self) -> None:
        """Another name or place, perhaps in the other root."""
        self._below().rename(self._new(""))

    def move_out(self) -> None:
        """Out of all roots."""
        self._names += 1
        self._below().rename(self.outside / f"o{self._names}")

    def move_in(self) -> None:
        """Into a root, with all that lies in it."""
        found = self._one_of(sorted(self.outside.iterdir()))
        folder = self._folder()
        found.rename(self._free(folder, found.name))

    def exchange(self) -> None:
        """Two folders, or two files, change places in one step."""
        choose = self._below if self.chance.random() < 0.7 else self._file
        first, second = map(os.fsencode, (choose(), choose()))
        if _libc.renameat2(-100, first, -100, second, _RENAME_EXCHANGE):
            raise NothingToDoError  # one lies in the other

    def rename_over_folder(self) -> None:
        """A folder takes the place of an empty one."""
        place = self._new("")
        place.mkdir()
        self._below().rename(place)

    def copy_folder(self) -> None:
        """A copy with the old times."""
        source = self._below()
        target = self._new("")
        if target.is_relative_to(source):
            raise NothingToDoError
        shutil.copytree(source, target, symlinks=True)

    def remove_folder(self) -> None:
        """Delete a folder whole."""
        shutil.rmtree(self._below())

    # -------------------------------------------------------------------------------------------------------

    def attempt(self, move: Callable[[], None]) -> bool:
        """Do a move; return whether it found something to do."""
        try:
            move()
        except (NothingToDoError, OSError, shutil.Error):
            return False
        return True

    def reading(self, root: Path):  # type: ignore[no-untyped-def]
        """What a search may find below a root."""
        return read_tree(root, self._env, self._no_git, self.writing)
