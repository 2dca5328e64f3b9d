"""Random changes of folders against a real daemon; each fresh answer is compared with a plain reading.

The moves are those of `tests.soak.world`, and what may happen to the daemon. After each step every root must
answer as `tests.support.reading` says. A life is its start and a list of numbers, and can be lived again.
Not hypothesis's machine, which was tried: what does not repeat at once, and a race seldom does, it reports as
flaky and forgets; a third of the steps that it draws are the same few; and its seconds cannot be bounded.
"""

import contextlib
import os
import random
import shutil
import signal
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from vexor_protocol.wire import ReplyError

from tests.soak.answers import Answers
from tests.soak.lab import FRESH_MS, Lab, laboratory
from tests.soak.record import Options, Result
from tests.soak.world import FILE_MOVES, World
from tests.support.trees import make_tree

MANY_FILES = 150
"""Then folders are removed before anything else happens."""
FLOOD = 9_000
"""Files made and deleted while the indexer is stopped: more events than the kernel queues (16,384)."""
OWN_MOVES = {
    "several": 24, "while_down": 1, "kill_indexer": 1, "kill_both": 1, "overflow": 2, "root_away": 1,
    "root_again": 1, "root_replaced": 1, "nested": 2, "mode": 2, "churn": 2,
}  # fmt: skip
"""Name → how often it comes where each of `FILE_MOVES` comes three times."""
MOVES = (*3 * FILE_MOVES, *(name for name, often in OWN_MOVES.items() for _ in range(often)))
STEPS = 100
"""Of one life."""
CHURN_REST_S = 0.02
"""Nobody keeps up with a program that makes folders without rest: answers then say that they are stale."""
MANY_DIFFERENCES = 5


class DifferenceError(AssertionError):
    """An answer is not what a plain reading says."""


class Life(Answers):
    """Two registered folders, and what happens to them."""

    def __init__(self, lab: Lab, start: int) -> None:
        self.done: list[str] = []
        base = Path(lab.xdg.home, f"w{lab.counts['lives']}")
        lab.counts["lives"] += 1
        (lab.xdg.config / "git" / "ignore").unlink(missing_ok=True)
        super().__init__(lab, World(base, lab.xdg.env, lab.no_git, random.Random(start)))
        for root in self.world.roots:
            lab.ask("register", path=str(root))
        self._agrees()

    def step(self, number: int) -> None:
        """One move, or several without a look between them; `number` decides which.

        Raises:
            DifferenceError: an answer after it is wrong.
        """
        world = self.world
        world.chance = random.Random(number)
        move = world.chance.choice(MOVES)
        if len(world.files()) > MANY_FILES:
            world.attempt(world.remove_folder)
        self.done.append(move)
        if world.attempt(getattr(self, f"_{move}") if move in OWN_MOVES else getattr(world, move)):
            self.lab.counts["moves"] += 1
        else:
            self.done[-1] += "(nothing)"
        self._agrees()

    def _agrees(self) -> None:
        self.steps += 1
        self.lab.counts["steps"] += 1
        try:
            for root in self.world.roots:
                self.check(root)
        except (AssertionError, ReplyError, TimeoutError, OSError) as error:
            raise DifferenceError(f"{type(error).__name__} {error} after {' '.join(self.done)}") from error

    def close(self) -> None:
        """Forget the folders."""
        self.world.close()
        for root in self.world.roots:
            with contextlib.suppress(ReplyError):
                self.lab.ask("unregister", path=str(root))
        shutil.rmtree(self.world.base, ignore_errors=True)

    # --- what happens to the daemon and to whole roots -----------------------------------------------------

    def _several(self) -> None:
        world = self.world
        for name in world.chance.choices(FILE_MOVES, k=world.chance.choice([2, 2, 3, 6])):
            if world.attempt(getattr(world, name)):
                self.done.append(f"({name})")

    def _while_down(self) -> None:
        """The daemon is stopped or killed, and started again after some changes."""
        lab = self.lab
        lab.ended(lab.daemon.stop if self.world.chance.random() < 0.5 else lab.daemon.kill)
        self._several()
        self._again()

    def _kill_both(self) -> None:
        """Server and indexer are killed at once."""
        pid = self.lab.indexer()
        self._several()
        os.kill(pid, signal.SIGKILL)
        self.lab.ended(self.lab.daemon.kill)
        self._again()

    def _again(self) -> None:
        self.lab.start()
        self.forget()

    def _kill_indexer(self) -> None:
        pid = self.lab.indexer()
        self._several()
        os.kill(pid, signal.SIGKILL)
        self._several()
        self.forget()

    def _overflow(self) -> None:
        """More changes than the kernel can queue, some of them of wanted files."""
        pid = self.lab.indexer()
        os.kill(pid, signal.SIGSTOP)
        try:
            early = self.world.chance.random() < 0.5
            if early:
                self._several()
            path = self.world.roots[0] / "flood.o"
            for _ in range(FLOOD):
                os.close(os.open(path, os.O_CREAT))
                path.unlink()
            self._several()
        finally:
            os.kill(pid, signal.SIGCONT)

    def _churn(self) -> None:
        """Writes are found while another program makes, renames and deletes folders all the time."""
        world = self.world
        scratch, stop = world.roots[0] / "churn", threading.Event()

        def work() -> None:
            number = 0
            while not stop.wait(CHURN_REST_S):
                number += 1
                make_tree(scratch, {"a/b/x.py": f"x{number} = 1\n", "a/.gitignore": "b/\n" * (number % 2)})
                (scratch / "a").rename(scratch / f"z{number}")
                shutil.rmtree(scratch / f"z{number}")

        thread = threading.Thread(target=work)
        thread.start()
        try:
            for number in range(5):
                line = world.line()
                path = world.roots[0] / f"meanwhile{number % 2}.py"
                path.write_text(line)
                reply = self.search(world.roots[0], query=line.split()[0])
                found = [hit["path"] for hit in reply["results"][0]["hits"] if line.strip() in hit["text"]]
                named = (world.roots[0] / ".vexord.toml").exists()
                assert named or found == [path.name], f"{line} in {found} during churn"
        finally:
            stop.set()
            thread.join()
            shutil.rmtree(scratch, ignore_errors=True)
            for number in range(2):
                (world.roots[0] / f"meanwhile{number}.py").unlink(missing_ok=True)

    def _root_away(self) -> None:
        """A root is renamed, changed, and renamed back."""
        world = self.world
        root, away = world.roots[1], world.base / "away"
        root.rename(away)
        try:
            reply = self.lab.ask("search", query="x", path=str(root), fresh_ms=FRESH_MS)
            assert reply["projects"][0]["reasons"] == ["root_gone"], reply
            (away / "changed_away.py").write_text(world.line())
        finally:
            away.rename(root)

    def _root_again(self) -> None:
        """A root is deleted, and made again with something else in it."""
        world = self.world
        root = world.roots[1]
        shutil.rmtree(root)
        world.chance.random() < 0.5 and self.lab.ask("search", query="x", path=str(root), fresh_ms=FRESH_MS)
        (root / "a").mkdir(parents=True)
        (root / "a" / "again.py").write_text(world.line())

    def _root_replaced(self) -> None:
        """Another folder takes the place of a root."""
        world = self.world
        root = world.roots[1]
        copy = world.base / "copy"
        shutil.copytree(root, copy, symlinks=True)
        (copy / "copied.py").write_text(world.line())
        root.rename(world.outside / f"root{len(self.done)}")
        copy.rename(root)

    def _nested(self) -> None:
        """A folder inside a root is registered too, or is so no more."""
        world = self.world
        inner = [root for root in world.roots if root not in world.roots[:2]]
        if inner:
            self.lab.ask("unregister", path=str(inner[0]))
            world.roots.remove(inner[0])
            self.forget_root(inner[0])
        else:
            made = world.roots[0] / f"inner{len(self.done)}"
            made.mkdir()
            (made / "in.py").write_text(world.line())
            self.lab.ask("register", path=str(made), force=True)
            world.roots.append(made)

    def _mode(self) -> None:
        """The project's settings say that names alone are indexed, or say so no more."""
        file = self.world.roots[0] / ".vexord.toml"
        if file.exists():
            file.unlink()
        else:
            file.write_text('[index]\nmode = "name"\n')


def live(lab: Lab, start: int, numbers: Iterable[int], until: float = float("inf")) -> str:
    """Live these steps, at most until a monotonic time; return what was wrong, empty if nothing was."""
    life: Life | None = None
    try:
        life = Life(lab, start)
        for number in numbers:
            if time.monotonic() > until:
                break
            life.step(number)
    except DifferenceError as error:
        return str(error)
    finally:
        if life is not None:
            life.close()
    return ""


def run(options: Options) -> Result:
    """Lives of some steps each until the time is over, or something is wrong."""
    differences: list[str] = []
    until = time.monotonic() + options.seconds
    chance = random.Random(options.seed)
    with laboratory() as lab:
        while time.monotonic() < until and len(differences) < MANY_DIFFERENCES:
            start = chance.randrange(2**32)
            numbers = [chance.randrange(2**32) for _ in range(STEPS)]
            wrong = live(lab, start, numbers, until)
            if wrong:
                differences.append(f"start {start}: {wrong}")
        counts = {name: lab.counts[name] for name in sorted(lab.counts)}
    return Result(counts, differences)
