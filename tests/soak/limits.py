"""What the kernel refuses, again and again at random, and a folder of a million files.

Each turn does one thing to a tree or to the means of the daemon, then compares fresh answers with the files.
All runs as root of a user namespace, whose limits of inotify are its own.
"""

import contextlib
import json
import os
import random
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import psutil

from tests.soak.record import Options, Result
from tests.support.daemon import Daemon
from tests.support.waiting import wait_until
from tests.support.xdg import Xdg, isolated_xdg

LIMITS = Path("/proc/sys/user")
PLENTY = 100_000
FOLDERS, FILES = 40, 400
FLOOD = 20_000
PROBES = 4
MILLION = 1_000_000
STORM_S = 120.0
"""A run of this length has the storms of folders, which take half a minute."""
CROWD_PER_S = 50
"""Files of the crowded folder for each second of a run that is shorter than the next."""
LONG_S = 900.0
"""A run of this length has the million: they take the second half of it."""


def run(options: Options) -> Result:
    """Run in a namespace of its own, where that is allowed, else without what needs one."""
    inside = ["unshare", "-Ur"] if _allowed() else []
    code = f"import tests.soak.limits as run; run.main({options.seconds}, {options.seed})"
    done = subprocess.run(
        [*inside, sys.executable, "-c", code], stdout=subprocess.PIPE, check=False, text=True, env=os.environ
    )
    if done.returncode:
        return Result({}, [f"the run itself failed: exit status {done.returncode}"])
    said = json.loads(done.stdout.splitlines()[-1])
    notes = "" if inside else "User namespaces are forbidden here: the limits of inotify were left alone. "
    return Result(said["counts"], said["differences"], notes + said["notes"])


def main(seconds: float, seed: int) -> None:
    """Do it, and print the result as a line of JSON."""
    with isolated_xdg() as xdg:
        turns = Turns(xdg, seed)
        turns.go(time.monotonic() + seconds / 2)
    with isolated_xdg() as xdg:
        files = MILLION if seconds >= LONG_S else int(CROWD_PER_S * seconds)
        crowd = crowded_folder(xdg, files, turns.differences)
    if seconds >= STORM_S:
        with isolated_xdg() as xdg:
            crowd |= storms(xdg, turns.differences)
    result = Result({**turns.counts, **crowd}, turns.differences)
    print(json.dumps(asdict(result)))


def _allowed() -> bool:
    return subprocess.run(["unshare", "-Ur", "true"], capture_output=True, check=False).returncode == 0


class Tree:
    """Files that each hold a word of their own, and what they should hold."""

    def __init__(self, root: Path, name: str, choose: random.Random) -> None:
        self.root = root
        self.files: dict[str, str] = {}
        self.gone: list[str] = []
        self._name = name
        self._numbers = 0
        self._choose = choose
        for number in range(FILES):
            self.write(f"d{number % FOLDERS}/mod{number}.py")

    def write(self, path: str) -> None:
        """Give a file another word."""
        self._forget(path)
        self._numbers += 1
        word = self.files[path] = f"{self._name}word{self._numbers}x"
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(f"def {word}():\n    return {self._numbers}\n")

    def churn(self, count: int) -> None:
        """Write, make and delete files, with folders."""
        for _ in range(count):
            match self._choose.randrange(5):
                case 0:
                    self.write(f"new{self._choose.randrange(1000)}/deep/er{self._choose.randrange(9)}.py")
                case 1 if len(self.files) > FILES // 2:
                    path = self._choose.choice(list(self.files))
                    self._forget(path)
                    (self.root / path).unlink()
                case _:
                    self.write(self._choose.choice(list(self.files)))

    def _forget(self, path: str) -> None:
        if path in self.files:
            self.gone.append(self.files.pop(path))

    def differences(self, daemon: Daemon) -> Iterator[str]:
        """Ask for some words that are there and for some that are not any more."""
        for path in self._choose.sample(list(self.files), PROBES):
            yield from self._ask(daemon, self.files[path], [path])
        for word in self._choose.sample(self.gone, min(PROBES, len(self.gone))):
            yield from self._ask(daemon, word, [])

    def _ask(self, daemon: Daemon, word: str, expected: list[str]) -> Iterator[str]:
        params = {"query": word, "path": str(self.root), "fresh_ms": 60_000, "top": 50}
        reply = daemon.request("search", params, 70.0)
        found = sorted(hit["path"] for hit in reply["results"][0]["hits"] if f"{word}(" in hit["text"])
        if reply["stale"]:
            yield f"{self.root} {word}: stale, {reply['projects'][0]['reasons']}"
        elif found != expected:
            yield f"{self.root} {word}: {found}, not {expected}"


class Turns:
    """Things that go wrong, one a turn."""

    def __init__(self, xdg: Xdg, seed: int) -> None:
        self.counts: Counter[str] = Counter()
        self.differences: list[str] = []
        self._seed = seed
        self._choose = random.Random(seed)
        self._limited = os.access(LIMITS / "max_inotify_watches", os.W_OK) and _in_namespace()
        self._held: list[int] = []
        if self._limited:
            _limit("watches", PLENTY)
            _limit("instances", PLENTY)
        self._trees = [Tree(xdg.home / name, name, self._choose) for name in ("one", "two")]
        self._daemon = Daemon(xdg)
        for tree in self._trees:
            self._daemon.add(tree.root)

    def go(self, until: float) -> None:
        """Take turns until the time is over; at least one of each kind."""
        kinds: list[Callable[[Tree], None]] = [
            self._flood, self._killed, self._squeezed, self._away, self._swapped, self._linked, self._anew,
        ]  # fmt: skip
        if self._limited:
            kinds += [self._few_watches, self._no_instances]
        first = list(kinds)
        while first or time.monotonic() < until:
            kind = first.pop() if first else self._choose.choice(kinds)
            tree = self._choose.choice(self._trees)
            kind(tree)
            self.counts[f"turns: {kind.__name__.strip('_').replace('_', ' ')}"] += 1
            self._compare(kind.__name__)
        doubts = Counter[str]()
        for project in self._daemon.request("status")["projects"]:
            doubts.update(project["doubts"])
        self.counts["overflows seen"] = doubts["overflow"]
        self.counts["restarts (all by us)"] = self._daemon.request("status")["indexer"]["restarts"]
        self._daemon.stop()

    def _compare(self, kind: str) -> None:
        for tree in self._trees:
            found = list(tree.differences(self._daemon))
            self.counts["answers compared"] += 2 * PROBES
            turn = sum(count for name, count in self.counts.items() if name.startswith("turns"))
            self.differences += [f"seed {self._seed}, turn {turn}, {kind}: {text}" for text in found]

    def _indexer(self) -> int:
        return wait_until(self._daemon.indexer_pid, 30, "an indexer")

    # Turns

    def _flood(self, tree: Tree) -> None:
        indexer = self._indexer()
        os.kill(indexer, signal.SIGSTOP)
        noise = [tree.root / f"noise{number}.py" for number in range(50)]
        for number in range(FLOOD):
            with open(noise[number % len(noise)], "a") as file:
                file.write("#\n")
        tree.churn(50)
        for path in noise:
            path.unlink()
        os.kill(indexer, signal.SIGCONT)
        self.counts["writes while stopped"] += FLOOD

    def _killed(self, tree: Tree) -> None:
        os.kill(self._indexer(), signal.SIGKILL)
        tree.churn(20)

    def _squeezed(self, tree: Tree) -> None:
        process = psutil.Process(self._indexer())
        before = process.rlimit(resource.RLIMIT_NOFILE)
        held = {int(name) for name in os.listdir(f"/proc/{process.pid}/fd")}
        spare = self._choose.randrange(3)
        process.rlimit(resource.RLIMIT_NOFILE, (min(set(range(len(held) + 1)) - held) + spare, before[1]))
        tree.churn(20)
        reply = self._daemon.request("search", {"query": "x", "path": str(tree.root), "fresh_ms": 500}, 20)
        self.counts["answers without descriptors, stale"] += reply["stale"]
        process.rlimit(resource.RLIMIT_NOFILE, before)

    def _away(self, tree: Tree) -> None:
        tree.root.rename(tree.root.with_name("away"))
        reply = self._daemon.request("search", {"query": "x", "path": str(tree.root), "fresh_ms": 500}, 20)
        if reply["projects"][0]["reasons"] != ["root_gone"]:
            self.differences.append(f"seed {self._seed}: {tree.root} away: {reply['projects'][0]['reasons']}")
        tree.root.with_name("away").rename(tree.root)

    def _swapped(self, _: Tree) -> None:
        one, two = self._trees
        one.root.rename(between := one.root.with_name("between"))
        two.root.rename(one.root)
        between.rename(two.root)
        one.root, two.root = two.root, one.root
        self._choose.choice(self._trees).churn(5)

    def _linked(self, tree: Tree) -> None:
        aside = tree.root.with_name("aside")
        tree.root.rename(aside)
        tree.root.symlink_to(aside)
        (aside / "behind_the_link.py").write_text("pass\n")
        (aside / "behind_the_link.py").unlink()
        tree.root.unlink()
        aside.rename(tree.root)
        tree.churn(5)

    def _anew(self, tree: Tree) -> None:
        shutil.rmtree(tree.root)
        for path in list(tree.files):
            tree.write(path)

    def _few_watches(self, tree: Tree) -> None:
        _limit("watches", self._choose.choice((0, 3, 20, 60)))
        if self._choose.randrange(2):
            os.kill(self._indexer(), signal.SIGKILL)
        tree.churn(20)
        self._compare("_few_watches, while few")
        _limit("watches", PLENTY)
        tree.churn(5)

    def _no_instances(self, tree: Tree) -> None:
        _limit("instances", 0)
        os.kill(self._indexer(), signal.SIGKILL)
        tree.churn(20)
        self._compare("_no_instances, while none")
        _limit("instances", PLENTY)
        tree.churn(5)


def _in_namespace() -> bool:
    """Whether we are in a user namespace of our own: one in which root is root has nothing to map."""
    return Path("/proc/self/uid_map").read_text().split() != ["0", "0", "4294967295"]


def _limit(name: str, value: int) -> None:
    (LIMITS / f"max_inotify_{name}").write_text(str(value))


# A crowded folder


def crowded_folder(xdg: Xdg, files: int, differences: list[str]) -> dict[str, float]:
    """Index one folder with so many tiny files; search it and edit in it meanwhile and afterwards."""
    root = _roomy(xdg, "crowd")
    (root / "all").mkdir(parents=True)
    daemon = Daemon(xdg)
    try:
        for number in range(files):
            with open(root / f"all/item{number}.py", "w") as file:
                file.write(f"item{number}x = {number}\n")
        began = time.monotonic()
        daemon.request("register", {"path": str(root)})
        meter = Meter(daemon, root)
        while not daemon.request("wait", {"path": str(root), "timeout_ms": 1_000}, 60)["reached"]:
            meter.look()
        seconds = time.monotonic() - began
        meter.look()
        edits = [_edit(daemon, root, files, number, differences) for number in range(5)]
        return {
            "files in one folder": files,
            "of them indexed a second": round(files / seconds),
            "memory of the indexer at most, MB": round(meter.most_bytes / 1e6),
            "search meanwhile, ms (median)": round(statistics.median(meter.searches_ms), 1),
            "search meanwhile, ms (most)": round(max(meter.searches_ms), 1),
            "edit to fresh answer afterwards, ms (median)": round(statistics.median(edits), 1),
        }
    finally:
        daemon.stop()
        shutil.rmtree(root)


def _roomy(xdg: Xdg, name: str) -> Path:
    """A place where making and removing a million files is quick."""
    return Path("/dev/shm" if os.access("/dev/shm", os.W_OK) else xdg.base) / f"vexord-{name}-{os.getpid()}"


# Storms of folders


def storms(xdg: Xdg, differences: list[str]) -> dict[str, float]:
    """Make many folders at once: ignored ones, and wanted ones under few and under many watches."""
    root = _roomy(xdg, "storm")
    (root / "here").mkdir(parents=True)
    (root / "here/plain.py").write_text("plainx = 1\n")
    daemon = Daemon(xdg)
    try:
        daemon.add(root)
        indexer = psutil.Process(wait_until(daemon.indexer_pid))
        ignored_s = _spent(indexer, lambda: _make(daemon, root, "node_modules", 100_000, differences))
        few_s = _spent(indexer, lambda: _make(daemon, root, "few", 300, differences))
        _make(daemon, root, "many", 20_000, differences)
        many_s = _spent(indexer, lambda: _make(daemon, root, "lots", 300, differences))
        return {
            "CPU for 100,000 ignored folders, s": round(ignored_s, 2),
            "CPU of a storm with 20,000 watches, to that with few": round(many_s / max(few_s, 0.01), 2),
        }
    finally:
        daemon.stop()
        shutil.rmtree(root)


def _spent(process: psutil.Process, work: Callable[[], None]) -> float:
    before = process.cpu_times()
    work()
    after = process.cpu_times()
    return float(after.user + after.system - before.user - before.system)


def _make(daemon: Daemon, root: Path, name: str, count: int, differences: list[str]) -> None:
    for number in range(count):
        (root / name / f"a{number % 300}/b/c{number}").mkdir(parents=True)
    for number in range(min(count, 300)):
        (root / name / f"a{number}/b/c{number}/mod.py").write_text(f"{name}{number}x = 1\n")
    params = {"query": f"{name}299x", "path": str(root), "fresh_ms": 60_000}
    reply = daemon.request("search", params, 70)
    found = [hit["path"] for hit in reply["results"][0]["hits"] if f"{name}299x" in hit["text"]]
    expected = [] if name == "node_modules" else [f"{name}/a299/b/c299/mod.py"]
    if reply["stale"] or found != expected:
        differences.append(f"storm of {count} folders in {name}: stale {reply['stale']}, found {found}")


class Meter:
    """Looks at a daemon while it works."""

    def __init__(self, daemon: Daemon, root: Path) -> None:
        self._daemon = daemon
        self._root = root
        self.most_bytes = 0
        self.searches_ms: list[float] = []

    def look(self) -> None:
        """Search once, and weigh the indexer with its crew."""
        began = time.monotonic()
        self._daemon.request("search", {"query": "item7x", "path": str(self._root), "fresh_ms": 0}, 60)
        self.searches_ms.append((time.monotonic() - began) * 1000)
        pid = self._daemon.indexer_pid()
        with contextlib.suppress(psutil.Error):
            if pid is not None:
                family = [psutil.Process(pid), *psutil.Process(pid).children()]
                self.most_bytes = max(self.most_bytes, sum(one.memory_info().rss for one in family))


def _edit(daemon: Daemon, root: Path, files: int, number: int, differences: list[str]) -> float:
    path = f"all/item{files // 2 + number}.py"
    (root / path).write_text(f"edited_item{number}x = 1\n")
    began = time.monotonic()
    params = {"query": f"edited_item{number}x", "path": str(root), "fresh_ms": 60_000}
    reply = daemon.request("search", params, 70)
    spent_ms = (time.monotonic() - began) * 1000
    found = [hit["path"] for hit in reply["results"][0]["hits"] if f"edited_item{number}x" in hit["text"]]
    if reply["stale"] or found != [path]:
        differences.append(f"{files} files: edit {number}: stale {reply['stale']}, found {found}")
    return spent_ms
