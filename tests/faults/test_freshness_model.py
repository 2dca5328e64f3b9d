"""Random file operations; after each, fresh searches must agree with a plain reading of the tree."""

import os
import random
import shutil
import signal
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import StartDaemon
from tests.support.trees import make_tree
from tests.support.waiting import wait_until
from tests.support.xdg import Xdg

STEPS = 60
LETTERS = "bcdfghjkmnpqrstvwxz"
MARKER_LENGTH = 13


class Tree:
    """A folder under random change. Every marker is a word that stands nowhere else."""

    def __init__(self, root: Path, outside: Path, chance: random.Random) -> None:
        self.root = root
        self._outside = outside
        self._chance = chance
        self._number = 0
        self._ignoring_logs = False

    def change(self) -> None:
        """Do one operation; one that finds nothing to work on does nothing."""
        operations: list[Callable[[], None]] = [
            self._write, self._write, self._write_log, self._write_ignored, self._same_size, self._append,
            self._atomic_save, self._rename, self._swap, self._remove, self._nest, self._move_folder,
            self._move_out, self._move_in, self._remove_folder, self._link, self._toggle_ignore,
        ]  # fmt: skip
        try:
            self._chance.choice(operations)()
        except (IndexError, OSError):
            return

    def markers(self) -> dict[str, set[str]]:
        """Return what a search must find: marker → paths."""
        found: dict[str, set[str]] = defaultdict(set)
        for path in self._files():
            if path.is_symlink() or (self._ignoring_logs and path.suffix == ".log"):
                continue
            for word in path.read_text().split():
                if len(word) == MARKER_LENGTH:
                    found[word].add(str(path.relative_to(self.root)))
        return found

    def _files(self) -> list[Path]:
        found = [path for folder in self._folders() for path in sorted(folder.iterdir())]
        return [path for path in found if path.is_file() and not path.name.startswith(".")]

    def _folders(self) -> list[Path]:
        walked = [Path(folder) for folder, _, _ in os.walk(self.root)]
        return sorted(folder for folder in walked if "node_modules" not in folder.parts)

    def _any_file(self) -> Path:
        return self._chance.choice([path for path in self._files() if not path.is_symlink()])

    def _any_folder(self) -> Path:
        return self._chance.choice(self._folders())

    def _new(self, suffix: str = "") -> Path:
        self._number += 1
        return self._any_folder() / f"n{self._number}{suffix}"

    def _line(self) -> str:
        return "q" + "".join(self._chance.choices(LETTERS, k=MARKER_LENGTH - 1)) + " = 1\n"

    def _write(self) -> None:
        self._new(".py").write_text(self._line())

    def _write_log(self) -> None:
        self._new(".log").write_text(self._line())

    def _write_ignored(self) -> None:
        make_tree(self._any_folder(), {"node_modules/p/index.py": self._line()})

    def _same_size(self) -> None:
        path = self._any_file()
        before = path.stat()
        path.write_text(self._line() + path.read_text()[len(self._line()) :])
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def _append(self) -> None:
        with self._any_file().open("a") as file:
            file.write(self._line())

    def _atomic_save(self) -> None:
        path = self._any_file()
        temporary = path.with_name(path.name + "~")
        temporary.write_text(self._line())
        temporary.replace(path)

    def _rename(self) -> None:
        self._any_file().rename(self._new(".py"))

    def _swap(self) -> None:
        first, second = self._any_file(), self._any_file()
        first.rename(spare := self._new(".spare"))
        second.rename(first)
        spare.rename(second)

    def _remove(self) -> None:
        self._any_file().unlink()

    def _nest(self) -> None:
        make_tree(self._new(), {"x/y/deep.py": self._line()})

    def _move_folder(self) -> None:
        self._chance.choice(self._folders()[1:]).rename(self._new())

    def _move_out(self) -> None:
        self._number += 1
        self._chance.choice(self._folders()[1:]).rename(self._outside / str(self._number))

    def _move_in(self) -> None:
        self._chance.choice(sorted(self._outside.iterdir())).rename(self._new())

    def _remove_folder(self) -> None:
        shutil.rmtree(self._chance.choice(self._folders()[2:]))

    def _link(self) -> None:
        self._new(".py").symlink_to(self._any_file())

    def _toggle_ignore(self) -> None:
        self._ignoring_logs = not self._ignoring_logs
        if self._ignoring_logs:
            (self.root / ".gitignore").write_text("*.log\n")
        else:
            (self.root / ".gitignore").unlink()


@pytest.mark.parametrize("seed", [1, 2])
def test_every_fresh_answer_agrees_with_the_tree(daemon: StartDaemon, xdg: Xdg, seed: int) -> None:
    chance = random.Random(seed)
    root = make_tree(xdg.home / "tree", {f"a/b/f{n}.py": f"base{n} = {n}\n" for n in range(10)})
    outside = xdg.home / "outside"
    outside.mkdir()
    tree = Tree(root, outside, chance)
    running = daemon()
    running.add(root)
    gone: set[str] = set()
    known: set[str] = set()
    for step in range(STEPS):
        for _ in range(chance.choice([1, 1, 2, 6])):
            tree.change()
        if step in (STEPS // 3, 2 * STEPS // 3):
            os.kill(wait_until(running.indexer_pid, what="an indexer"), signal.SIGKILL)
        wanted = tree.markers()
        gone = (gone | known) - wanted.keys()
        known = set(wanted)
        queries = chance.sample(sorted(known), min(4, len(known)))
        queries += chance.sample(sorted(gone), min(2, len(gone)))
        for query in queries:
            reply = running.search(query, path=str(root), top=50)
            assert reply["stale"] is False, reply
            hits = reply["results"][0]["hits"]
            found = {hit["path"] for hit in hits if query in hit["text"]}
            assert found == wanted.get(query, set()), (seed, step, query)
    assert len(known) > 5
