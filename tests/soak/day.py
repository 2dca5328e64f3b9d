"""What a person and some tools do in an hour, on a clone of a real history, and what must hold meanwhile."""

import contextlib
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from vexor_protocol.client import Client
from vexor_protocol.wire import JsonObject, ReplyError

from tests.soak.lab import FRESH_MS, Lab
from tests.support.trees import GIT, make_tree

HISTORY = Path(__file__).parents[2]
"""The repository whose clone lives: any with some hundred commits does."""
HOUR = {
    "vim": 40, "emacs": 20, "code": 40, "jetbrains": 20, "sed": 5, "new": 6, "remove": 3,
    "checkout": 4, "switch": 6, "commit": 6, "rebase": 1, "stash": 2, "worktree": 1, "formatter": 1,
    "build": 6, "install": 1, "log": 60, "generated": 1, "download": 2,
    "cold_search": 30, "warm_search": 120, "related": 10, "idle_search": 4, "vanish": 10, "watcher": 4,
}  # fmt: skip
"""Operation → how often it comes in an hour of one busy person and two tools that search for it."""
_KEPT_MARKERS = 4
MARKERS = 400
"""They come round again: the server keeps what it knows of words, some 600 bytes each, of 200,000 at most."""
_QUESTIONS = (
    "where is the socket bound", "retry after a failed write", "parse_header", "ignore rules of a folder",
)  # fmt: skip


class Day:
    """Projects of one person, one of them much used."""

    def __init__(self, lab: Lab, chance: random.Random, share: float) -> None:
        self.lab = lab
        self.share = share
        self.done: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._chance = chance
        self.markers: list[str] = []
        self._number = chance.randrange(10**6)
        home = lab.xdg.home
        self.main, idle, notes = home / "main", home / "idle", home / "notes"
        for place in (self.main, idle):
            self._run(home, "git", "clone", "-q", "--no-hardlinks", str(HISTORY), str(place))
        self.git("checkout", "-qB", "work")
        (self.main / ".git/info/exclude").write_text("out/\n*.cache\n")
        self.commits = self.git("rev-list", "--first-parent", "HEAD").split()
        make_tree(
            notes,
            {f"{number}/note{number}.md": f"# Note {number}\n\ntext {number}\n" for number in range(30)},
        )
        for root in (self.main, idle, notes):
            lab.daemon.add(root, 120)
        self._warm = [Client(str(lab.xdg.socket)) for _ in range(3)]
        self._deaf = Client(str(lab.xdg.socket))
        self._deaf.request("subscribe")

    def close(self) -> None:
        """Let the clients go."""
        for client in (*self._warm, self._deaf):
            client.close()

    def hour(self, until: float) -> bool:
        """Do what an hour has, in any order; return whether it was done before `until` (monotonic)."""
        plan = [name for name, often in HOUR.items() for _ in range(self._often(often))]
        self._chance.shuffle(plan)
        for name in plan:
            if time.monotonic() > until:
                return False
            getattr(self, name)()
            self.done[name] += 1
        return True

    def _often(self, often: int) -> int:
        whole, part = divmod(often * self.share, 1)
        return int(whole) + (self._chance.random() < part)

    # --- editing -------------------------------------------------------------------------------------------

    def vim(self) -> None:
        """Backup by rename, write anew, drop the backup; a swap file meanwhile."""
        path = self._file()
        swap, backup = path.with_name(f".{path.name}.swp"), path.with_name(path.name + "~")
        swap.write_bytes(b"b0VIM")
        text = self._edited(path)
        path.rename(backup)
        path.write_text(text, errors="surrogateescape")
        backup.unlink()
        swap.unlink()
        self.look()

    def emacs(self) -> None:
        """A lock that is a symlink to nowhere, a backup by copy, write in place."""
        path = self._file()
        lock = path.with_name(".#" + path.name)
        lock.symlink_to("ada@host.1234:1700000000")
        shutil.copy2(path, path.with_name(path.name + "~"))
        path.write_text(self._edited(path), errors="surrogateescape")
        lock.unlink()
        path.with_name(path.name + "~").unlink()
        self.look()

    def code(self) -> None:
        """Truncate and write."""
        path = self._file()
        path.write_text(self._edited(path), errors="surrogateescape")
        self.look()

    def jetbrains(self) -> None:
        """Write beside it, move the old one away, move the new one in, delete the old one."""
        path = self._file()
        fresh, old = path.with_name(path.name + "___jb_tmp___"), path.with_name(path.name + "___jb_old___")
        fresh.write_text(self._edited(path), errors="surrogateescape")
        path.rename(old)
        fresh.rename(path)
        old.unlink()
        self.look()

    def sed(self) -> None:
        """`sed -i`."""
        path = self._file()
        self._run(self.main, "sed", "-i", f"1i # {self._marker()}", str(path))
        self.look()

    def new(self) -> None:
        """A new module in a new folder."""
        make_tree(
            self.main, {f"made{self._next()}/module.py": f"def made():\n    return '{self._marker()}'\n"}
        )
        self.look()

    def remove(self) -> None:
        """Delete a file."""
        self._file().unlink()
        self.look()

    # --- git -----------------------------------------------------------------------------------------------

    def checkout(self) -> None:
        """Somewhere along the history, and back."""
        self.git("stash", "push", "-qu", fails=True)
        self.git("checkout", "-q", self._chance.choice(self.commits))
        self.look()
        self.git("checkout", "-qf", "work")
        self.look()

    def switch(self) -> None:
        """A branch from some commits ago, a commit on it, and back."""
        self.git(
            "checkout", "-qfB", f"side{self._chance.randrange(3)}", self._chance.choice(self.commits[:60])
        )
        self.code()
        self.git("commit", "-qam", "side", fails=True)
        self.git("checkout", "-qf", "work")
        self.look()

    def commit(self) -> None:
        """Everything."""
        self.git("add", "-A")
        self.git("commit", "-qm", "work", fails=True)
        self.look()

    def rebase(self) -> None:
        """This branch upon one that left the history some commits ago."""
        self.commit()
        self.git("checkout", "-qfB", "base", self._chance.choice(self.commits[:20]))
        self.code()
        self.git("commit", "-qam", "base", fails=True)
        self.git("checkout", "-qf", "work")
        if not self.git("rebase", "-q", "base", fails=True):
            self.git("rebase", "--abort", fails=True)
        self.look()

    def stash(self) -> None:
        """Put aside, look, take back."""
        self.git("stash", "push", "-qu", fails=True)
        self.look()
        self.git("stash", "pop", "-q", fails=True)
        self.look()

    def worktree(self) -> None:
        """Another work tree, registered, searched, and gone again."""
        place = self.lab.xdg.home / f"tree{self._next()}"
        self.git("worktree", "add", "-q", "--detach", str(place), self._chance.choice(self.commits[:40]))
        self.lab.daemon.add(place, 120)
        (place / "in_tree.py").write_text(f"{self._marker()} = 1\n")
        self.look(place)
        self.git("worktree", "remove", "--force", str(place))
        self.markers.pop()
        self.lab.ask("unregister", path=str(place))

    # --- tools ---------------------------------------------------------------------------------------------

    def formatter(self) -> None:
        """Up to 500 files rewritten, and put back."""
        paths = self._files()[: max(10, int(500 * self.share))]
        for path in paths:
            path.write_text(
                path.read_text(errors="surrogateescape") + "\n# formatted\n", errors="surrogateescape"
            )
        self.look()
        self.git("checkout", "-q", "--", ".")
        self.look()

    def build(self) -> None:
        """2,000 ignored files, deleted again."""
        count = max(50, int(2_000 * self.share))
        make_tree(self.main, {f"out/o{n % 20}/f{n}.o": "x" * 200 for n in range(count)})
        make_tree(self.main, {f"tests/__pycache__/t{n}.pyc": b"\0" * 100 for n in range(count // 10)})
        self.look()
        shutil.rmtree(self.main / "out")
        shutil.rmtree(self.main / "tests/__pycache__")

    def install(self) -> None:
        """Nested packages come, and go."""
        count = max(50, int(3_000 * self.share))
        folders = [f"node_modules/p{n}/node_modules/q{n % 7}/lib" for n in range(60)]
        make_tree(self.main, {f"{folders[n % 60]}/i{n}.js": f"exports.i = {n}\n" for n in range(count)})
        self.look()
        shutil.rmtree(self.main / "node_modules")

    def log(self) -> None:
        """A log grows; a large one begins anew."""
        path = self.main / "run.txt"
        with path.open("a") as file:
            file.write(f"event {self._next()} of the day\n" * 20)
        if path.stat().st_size > 100_000:
            path.unlink()

    def generated(self) -> None:
        """A large file is made, and thrown away later."""
        rows = "".join(f'{{"id": {number}}},\n' for number in range(60_000))
        (self.main / "generated.json").write_text(f"[\n{rows}0]\n")
        self.look()

    def download(self) -> None:
        """A file grows under another name until it is whole."""
        part = self.main / f"asset{self._next()}.zip.part"
        for _ in range(5):
            with part.open("ab") as file:
                file.write(b"\0PK" * 20_000)
        part.rename(part.with_suffix(""))
        part.with_suffix("").unlink()

    # --- searching -----------------------------------------------------------------------------------------

    def cold_search(self) -> None:
        """`vexorctl`, a process of its own."""
        command = [
            sys.executable,
            "-P",
            "-m",
            "vexorctl",
            "search",
            "where is the socket bound",
            "--porcelain",
        ]
        done = subprocess.run(command, cwd=self.main, env=self.lab.xdg.env, capture_output=True, check=False)
        self._require(done.returncode == 0, f"vexorctl: {done.stderr.decode()[-300:]}")

    def warm_search(self) -> None:
        """A client that stays."""
        self._ask(self._chance.choice(self._warm), query=self._chance.choice(_QUESTIONS), path=str(self.main))

    def related(self) -> None:
        """Code like a file's."""
        path = self._file()
        with contextlib.suppress(ReplyError):  # it may have no text
            self._warm[1].request("search", {"like": {"path": str(path)}, "fresh_ms": FRESH_MS}, 40)

    def idle_search(self) -> None:
        """In all projects."""
        self._ask(self._warm[0], query=self._chance.choice(_QUESTIONS))

    def vanish(self) -> None:
        """A client that asks and is gone before the answer."""
        client = Client(str(self.lab.xdg.socket))
        with contextlib.suppress(TimeoutError):
            client.request("search", {"query": "gone", "fresh_ms": FRESH_MS}, timeout=0.002)
        client.close()

    def watcher(self) -> None:
        """A client that subscribes, hears something, and goes."""
        with Client(str(self.lab.xdg.socket)) as client:
            client.request("subscribe", {"path": str(self.main)})
            self.code()
            client.event(20)

    # --- what must hold ------------------------------------------------------------------------------------

    def look(self, root: Path | None = None) -> None:
        """The last markers are found just where git's own grep sees them."""
        root = root or self.main
        markers = self.markers[-_KEPT_MARKERS:] or ["zq" + "none" * 3]
        reply = self._ask(self.lab.client, queries=markers, path=str(root), top=20)
        self.lab.client.events.clear()
        for marker, result in zip(markers, reply["results"], strict=True):
            found = sorted(hit["path"] for hit in result["hits"] if marker in hit["text"])
            command = ["git", "grep", "-lz", "--untracked", "-e", marker]
            done = subprocess.run(command, cwd=root, env=self.lab.xdg.env, capture_output=True, check=False)
            wanted = sorted(filter(None, os.fsdecode(done.stdout).split("\0")))
            self._require(found == wanted, f"{marker} in {found}, not {wanted}")
            self.done["markers looked for"] += 1

    def _ask(self, client: Client, **params: object) -> JsonObject:
        reply = client.request("search", {"fresh_ms": FRESH_MS, **params}, 40)
        self._require(reply["stale"] is False, f"stale: {reply['projects']}")
        return reply

    def _require(self, holds: bool, what: str) -> None:
        if not holds:
            self.wrong.append(f"after {sum(self.done.values())} operations: {what}")

    # -------------------------------------------------------------------------------------------------------

    def _files(self) -> list[Path]:
        listed = self.git("ls-files", "*.py", "*.md").split("\n")
        return [path for name in listed if name and (path := self.main / name).is_file()]

    def _file(self) -> Path:
        return self._chance.choice(self._files())

    def _edited(self, path: Path) -> str:
        lines = path.read_text(errors="surrogateescape").split("\n")
        lines.insert(self._chance.randrange(len(lines) + 1), f"# {self._marker()}")
        return "\n".join(lines)

    def _marker(self) -> str:
        self.markers = [*self.markers[-20:], f"zqmark{self._next() % MARKERS}xq"]
        return self.markers[-1]

    def _next(self) -> int:
        self._number += 1
        return self._number

    def git(self, *args: str, fails: bool = False) -> str:
        """Run git in the much used project; with `fails`, the answer to whether it worked is its text."""
        return self._run(self.main, "git", *GIT, *args, fails=fails)

    def _run(self, folder: Path, *command: str, fails: bool = False) -> str:
        done = subprocess.run(command, cwd=folder, env=self.lab.xdg.env, capture_output=True, check=False)
        if done.returncode and not fails:
            raise AssertionError(f"{command}: {os.fsdecode(done.stderr)}")
        return "" if done.returncode else os.fsdecode(done.stdout) or "done"
