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
import time
from collections.abc import Iterable
from pathlib import Path

import xxhash
from vexor_protocol.wire import JsonObject, ReplyError

from tests.soak.lab import FRESH_MS, Lab, laboratory
from tests.soak.record import Options, Result
from tests.soak.world import FILE_MOVES, World
from tests.support.reading import Reading
from tests.support.truth import differences_to_fresh
from vexord.index.snapshot import Snapshot
from vexord.projects.registry import Registry, index_dir
from vexord.projects.settings import Settings

MANY_FILES = 150
"""Then folders are removed before anything else happens."""
WHOLE_EVERY = 25
"""So many steps apart the index is compared with one built from nothing."""
FLOOD = 9_000
"""Files made and deleted while the indexer is stopped: more events than the kernel queues (16,384)."""
OWN_MOVES = {
    "several": 24, "while_down": 1, "kill_indexer": 1, "kill_both": 1, "overflow": 2, "root_away": 1,
    "root_again": 1, "root_replaced": 1, "nested": 2, "mode": 2,
}  # fmt: skip
"""Name → how often it comes where each of `FILE_MOVES` comes three times."""
MOVES = (*3 * FILE_MOVES, *(name for name, often in OWN_MOVES.items() for _ in range(often)))
STEPS = 100
"""Of one life."""
MANY_DIFFERENCES = 5
MOST_NAMED = 100
"""An event names so many paths at most."""


class DifferenceError(AssertionError):
    """An answer is not what a plain reading says."""


class Life:
    """Two registered folders, and what happens to them."""

    def __init__(self, lab: Lab, start: int) -> None:
        self.lab = lab
        self.done: list[str] = []
        self._before: dict[Path, Reading] = {}
        self._clocks: dict[Path, tuple[str, int]] = {}
        self._told: dict[str, list[JsonObject]] = {}
        self._snapshots: dict[Path, Snapshot] = {}
        self._steps = 0
        base = Path(lab.xdg.home, f"w{lab.counts['lives']}")
        lab.counts["lives"] += 1
        (lab.xdg.config / "git" / "ignore").unlink(missing_ok=True)
        self.world = World(base, lab.xdg.env, lab.no_git, random.Random(start))
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
        self._steps += 1
        self.lab.counts["steps"] += 1
        try:
            for root in self.world.roots:
                self._check(root)
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
        self._forget()

    def _kill_indexer(self) -> None:
        pid = self.lab.indexer()
        self._several()
        os.kill(pid, signal.SIGKILL)
        self._several()
        self._forget()

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
            self._before.pop(inner[0], None)
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

    def _forget(self) -> None:
        """Clocks have begun anew, and events may have been missed."""
        self._clocks.clear()
        self._told.clear()

    # --- what must hold ------------------------------------------------------------------------------------

    def _check(self, root: Path) -> None:
        world, lab = self.world, self.lab
        if not (root.is_dir() and any(root.iterdir())):
            return  # an empty one is taken for a disk that is not mounted
        reading = world.reading(root)
        named = (root / ".vexord.toml").exists()
        before = self._before.get(root, Reading())
        markers = {} if named else reading.markers
        queries = self._queries(before.markers, reading.markers)
        reply = self._search(root, queries=queries)
        for query, result in zip(queries, reply["results"], strict=True):
            found = {hit["path"] for hit in result["hits"] if query in hit["text"]} - reading.unclear
            wanted = markers.get(query, set())
            assert found == wanted, f"{root.name}: {query} in {sorted(found)}, not {sorted(wanted)}"
            dropped = result["dropped"] and not reading.unclear
            assert not dropped, f"{root.name}: a fresh answer had to drop {result['dropped']} hits of {query}"
        lab.counts["queries"] += len(queries)
        if markers and self._steps % 3 == 0:
            self._narrowed(root, reading)
        self._whole(root, reading, named)
        self._watched(root, reading)
        self._heard(root, before, reading, reply["clock"], named)
        self._before[root] = reading

    def _search(self, root: Path, **params: object) -> JsonObject:
        """Ask for a fresh answer, and take in the events that came before it."""
        reply = self.lab.ask("search", path=str(root), fresh_ms=FRESH_MS, top=50, **params)
        assert reply["stale"] is False, f"{root.name}: stale: {reply['projects']}"
        while self.lab.client.events:
            event = self.lab.client.events.popleft()
            if event["event"] == "published":
                self._told.setdefault(event["project"], []).append(event)
        return reply

    def _queries(self, old: dict[str, set[str]], new: dict[str, set[str]]) -> list[str]:
        """Markers that came, went or moved, and one that did not."""
        moved = sorted(marker for marker in old.keys() | new.keys() if old.get(marker) != new.get(marker))
        chance = random.Random(self._steps)
        chosen = chance.sample(moved, min(8, len(moved))) + chance.sample(sorted(new), min(1, len(new)))
        return list(dict.fromkeys(chosen)) or ["nothing"]

    def _narrowed(self, root: Path, reading: Reading) -> None:
        """Filters, text, regular expressions and related code see the same files."""
        chance = random.Random(self._steps)
        marker = chance.choice(sorted(reading.markers))
        paths = reading.markers[marker]
        for query, some in (
            (f'"{marker} ="', paths),
            (f"/{marker[:-2]}[a-z]+ =/", paths),
            (f"{marker} path:**/*.py", {path for path in paths if ".py/" in path + "/"}),
            (f"{marker} -path:*.md", {path for path in paths if ".md/" not in path + "/"}),
        ):
            hits = self._search(root, query=query)["results"][0]["hits"]
            found = {hit["path"] for hit in hits if marker in hit["text"]} - reading.unclear
            assert found == some, f"{root.name}: {query} in {sorted(found)}, not {sorted(some)}"
        path = chance.choice(sorted(paths))
        reply = self._search(root, like={"path": f"{root}/{path}"})
        odd = {hit["path"] for hit in reply["results"][0]["hits"]} - reading.contents.keys() - reading.unclear
        assert not odd, f"{root.name}: {sorted(odd)} are like {path}"
        self.lab.counts["narrowed queries"] += 5

    def _heard(self, root: Path, before: Reading, now: Reading, clock: str, named: bool) -> None:
        """The clock has moved on if anything changed, and events have named it."""
        epoch, tick = clock.rsplit(":", 1)
        known, self._clocks[root] = self._clocks.get(root), (epoch, int(tick))
        events = self._told.pop(str(root), [])
        old, new = before.contents, now.contents
        changed = {path for path in new if old.get(path) != new[path]} - before.unclear
        removed = old.keys() - new.keys() - now.unclear
        if known is None or known[0] != epoch or not (changed or removed) or named:
            return
        assert int(tick) > known[1], (
            f"{root.name}: {clock} after {known}, though {sorted(changed | removed)} changed"
        )
        if any(max(len(event["changed"]), len(event["removed"])) >= MOST_NAMED for event in events):
            return
        silent = changed - {path for event in events for path in event["changed"]}
        silent |= removed - {path for event in events for path in event["removed"]}
        assert not silent, f"{root.name}: no event named {sorted(silent)}"
        self.lab.counts["changes named by events"] += len(changed | removed)

    def _whole(self, root: Path, reading: Reading, named: bool) -> None:
        """The index on disk holds just these files, with just these contents."""
        folder = self._folder(root)
        snapshot = self._snapshots[root] = Snapshot.open(folder, self._snapshots.get(root))
        found: dict[str, bytes] = {}
        for view in snapshot.segments:
            dead = view.record.dead_files()
            for number, path in enumerate(view.segment.paths.tolist()):
                if not dead[number]:
                    assert path not in found, f"{path} is live twice"
                    found[path] = bytes(view.segment.files[number]["hash"])
        wanted = {path: xxhash.xxh3_128_digest(content) for path, content in reading.contents.items()}
        listed = {path for path in found if path not in reading.unclear}
        assert listed == wanted.keys(), (
            f"{root.name}: too many {sorted(listed - wanted.keys())}, "
            f"missing {sorted(wanted.keys() - listed)}"
        )
        if not named:
            wrong = [path for path in wanted if found[path] != wanted[path]]
            assert not wrong, f"{root.name}: old content of {wrong}"
        if self._steps % WHOLE_EVERY == 0 and not reading.unclear:
            self.lab.counts["compared with an index built from nothing"] += 1
            wrong = differences_to_fresh(folder, root)
            assert not wrong, f"{root.name}: {wrong}"

    def _watched(self, root: Path, reading: Reading) -> None:
        """The kernel watches each folder of wanted files: the loss of a watch shows only later."""
        inodes = self.lab.watched()
        folders = {str(Path(path).parent) for path in reading.contents}
        blind = [folder for folder in sorted(folders) if (root / folder).stat().st_ino not in inodes]
        assert not blind, f"{root.name}: nobody watches {blind}"

    def _folder(self, root: Path) -> str:
        """Where the index of a root lies."""
        projects = Registry(Settings.load().registry_file)
        project = projects.find(str(root))
        assert project is not None
        return index_dir(project, Settings.load())


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
