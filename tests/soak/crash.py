"""Processes die at every step of the writers' road, and at random under load; then all must be right.

The fast form forks a child that writes an index (`crash_writer`) or the registry (`crash_registry`); the
other ends processes of a real daemon, with a provider behind it that counts what it is paid for.
"""

import logging
import os
import random
import shutil
import signal
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from vexor_protocol.wire import ReplyError

from tests.soak.crash_registry import RegistryTrial
from tests.soak.crash_writer import IndexTrial, Material
from tests.soak.record import Options, Result
from tests.support.daemon import Daemon
from tests.support.faults import Plan
from tests.support.provider import ProviderServer, provider_server
from tests.support.trees import make_tree
from tests.support.truth import differences_to_fresh
from tests.support.waiting import wait_until
from tests.support.xdg import Xdg, isolated_xdg
from vexord.index.embed_text import text_hash

FAST_SHARE = 0.4
DEATHS_A_LIFE = 4
"""After one more within a minute the server waits before it starts the indexer again."""
ROLES = {
    "_add_one": ["server", "indexer"],
    "_remove": ["server", "indexer"],
    "_grow": ["crew", "indexer"],
}
"""Who writes in the course of a change; the indexer alone where nothing is said."""
STEPS = {"server": 4, "indexer": 12, "crew": 8}
"""How many steps a process is let go on, on average."""
SETTLE_S = 60.0
CODE = "def function_{0}(value):\n    '''Number {0} of its kind.'''\n    return value + {1}\n\n\n"


def run(options: Options) -> Result:
    """Spend a share of the time on each form."""
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    until = time.monotonic() + options.seconds * FAST_SHARE
    logging.disable(logging.ERROR)  # every fault is told there, by the thousand
    fast(options.seed, lambda: time.monotonic() < until, counts, wrong)
    logging.disable(logging.NOTSET)
    until = time.monotonic() + options.seconds * (1 - FAST_SHARE)
    seed = options.seed
    while time.monotonic() < until:
        try:
            with one_daemon(seed) as life:
                life.run(counts, wrong)
        except Exception as error:  # told with the others, and the next daemon tries on
            wrong.append(f"daemon seed {seed}: {type(error).__name__}: {str(error)[:500]}")
        seed += 1
    counts["daemons"] = seed - options.seed
    return Result({key: counts[key] for key in sorted(counts)}, wrong)


def fast(seed: int, more: Callable[[], bool], counts: Counter[str], wrong: list[str]) -> None:
    """Try every step of one scenario after the other."""
    material = Material()
    base = Path(tempfile.mkdtemp(prefix="vx-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None))
    trials: Iterator[IndexTrial | RegistryTrial] = iter([RegistryTrial(base / "registry")])
    number = seed
    while more():
        trial = next(trials, None) or IndexTrial(base / "index", number, material)
        number += isinstance(trial, IndexTrial)
        for name, call in trial.faults():
            if not more():
                break
            kind = "registry" if isinstance(trial, RegistryTrial) else "index"
            counts[f"{kind}: {name.partition(':')[0]}"] += 1
            try:
                wrong += [f"{name}: {line}" for line in call()]
            except Exception as error:
                wrong.append(f"{name}: {type(error).__name__}: {error}")
    shutil.rmtree(base)


class DaemonLife:
    """A daemon that is changed and killed, and compared with the truth after each death."""

    def __init__(self, xdg: Xdg, plan: Plan, provider: ProviderServer, seed: int) -> None:
        self._xdg, self._plan, self._provider = xdg, plan, provider
        self._seed = seed
        self._chance = random.Random(seed)
        self._env = {
            **plan.env,
            "VEXORD_PROVIDER": "openai",
            "VEXORD_BASE_URL": provider.url,
            "VEXORD_DIMENSIONS": str(provider.dimensions),
            "VEXORD_API_KEY": "sk-right",
        }
        self._daemon = Daemon(xdg, env=self._env)
        self._roots: set[Path] = set()
        self._unsure: set[Path] = set()
        """Whose registration or removal was cut short."""
        self._number = 0
        self._died = False
        self._bought: Counter[str] = Counter()
        self._kept: set[int] = set()

    def run(self, counts: Counter[str], wrong: list[str], deaths: int = DEATHS_A_LIFE) -> None:
        """Let processes die in the middle of changes, so many times."""
        self._add(index_in_project=self._chance.random() < 0.3)
        for number in range(deaths):
            change = self._chance.choice(
                [self._edit, self._edit, self._add_one, self._remove, self._grow, self._mode, self._reindex]
            )
            role = self._chance.choice(ROLES.get(change.__name__, ["indexer"]))
            at_random = self._chance.random() < 0.25
            step = int(self._chance.expovariate(1 / STEPS[role]))
            told = f"daemon seed {self._seed} death {number}: {change.__name__} {role} step {step}"
            if not at_random:
                self._plan.die(role, step, torn=self._chance.random() < 0.5)
            try:
                change()
                if at_random:
                    told += " at random"
                    self._kill(role)
            except (ReplyError, OSError, TimeoutError):
                pass  # the server died
            wait_until(self._over, SETTLE_S, "death or rest")
            self._settle()
            counts["daemon: killed at random" if at_random else self._outcome(role)] += 1
            wrong += [f"{told}: {line}" for line in self._wrong()]
        self._daemon.stop()

    def _outcome(self, role: str) -> str:
        return f"daemon: {role} killed at a step" if self._died else "daemon: no such step"

    # --- changes -------------------------------------------------------------------------------------------

    def _tree(self, name: str, files: int) -> Path:
        return make_tree(self._xdg.home / name, {f"d{n % 5}/f{n}.py": self._code(n) for n in range(files)})

    def _code(self, number: int) -> str:
        self._number += 1
        return CODE.format(number, self._number) + CODE.format(self._number, number)

    def _add(self, *, index_in_project: bool = False) -> None:
        self._number += 1
        root = self._tree(f"root{self._number}", 12)
        self._unsure.add(root)
        self._daemon.request("register", {"path": str(root), "index_in_project": index_in_project})
        self._unsure.discard(root)
        self._roots.add(root)

    def _add_one(self) -> None:
        self._add(index_in_project=self._chance.random() < 0.5)

    def _remove(self) -> None:
        root = self._any_root()
        self._roots.discard(root)
        self._unsure.add(root)
        self._daemon.request("unregister", {"path": str(root)})
        self._unsure.discard(root)

    def _edit(self) -> None:
        root = self._any_root()
        paths = sorted(path for path in root.rglob("*.py"))
        for path in self._chance.sample(paths, min(6, len(paths))):
            if self._chance.random() < 0.25:
                path.unlink()
            else:
                path.write_text(self._code(self._chance.randrange(99)))
            if self._chance.random() < 0.3:
                self._ask(root)
        self._ask(root)

    def _grow(self) -> None:
        """Enough for the crew."""
        root = self._any_root()
        line = "".join(f"# line {n} of many that are alike\n" for n in range(900))
        make_tree(root, {f"big/t{n}.txt": f"{self._code(n)}{line}" for n in range(80)})
        self._ask(root)

    def _mode(self) -> None:
        mode = self._chance.choice(["full", "head", "auto"])
        (self._any_root() / ".vexord.toml").write_text(f"[index]\nmode = '{mode}'\n")

    def _reindex(self) -> None:
        self._daemon.request("reindex", {"path": str(self._any_root()), "full": True})

    def _any_root(self) -> Path:
        if not self._roots:
            self._add()
        return self._chance.choice(sorted(self._roots))

    def _ask(self, root: Path) -> None:
        self._daemon.request("search", {"query": "function_7", "path": str(root), "fresh_ms": 300}, 10)

    def _kill(self, role: str) -> None:
        time.sleep(self._chance.uniform(0, 0.6))  # the moment is what chance decides
        if role == "server":
            self._daemon.kill()
        elif role == "indexer" and (pid := self._daemon.indexer_pid()) is not None:
            os.kill(pid, signal.SIGKILL)
        elif role == "crew":
            for process in self._xdg.processes():
                if "spawn_main" in " ".join(process.cmdline()):
                    process.kill()

    # --- afterwards ----------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Note what was paid for, bring a dead server back, and wait until all is indexed."""
        self._note_paid()
        self._died = self._plan.over()
        if self._daemon.process.poll() is not None:
            self._daemon = Daemon(self._xdg, env=self._env)
        there = {Path(told["project"]) for told in self._daemon.request("projects")["projects"]}
        self._roots |= self._unsure & there
        self._unsure.clear()
        wait_until(self._is_ready, SETTLE_S, "all is indexed")

    def _over(self) -> bool:
        """Whether a process has died, or all that was to be done is done."""
        return self._plan.fired or self._daemon.process.poll() is not None or self._is_ready()

    def _is_ready(self) -> bool:
        try:
            told = self._daemon.request("projects")["projects"]
            ready = all(one["state"] == "ready" and not one["pending"] for one in told)
            return ready and all(self._fresh(Path(one["project"])) and _has_rows(one) for one in told)
        except (OSError, ReplyError, TimeoutError):
            return False

    def _fresh(self, root: Path) -> bool:
        asked = {"query": "function_7", "path": str(root), "fresh_ms": 5_000}
        return not self._daemon.request("search", asked, 10)["stale"]

    def _wrong(self) -> list[str]:
        told = self._daemon.request("projects")["projects"]
        there = {Path(one["project"]) for one in told}
        wrong = [f"registered: {there}, not {self._roots}"] if there != self._roots else []
        wrong += self._paid_twice()
        for root in sorted(self._roots):
            index = self._index_of(root)
            found = differences_to_fresh(index, root)
            if found and self._fresh(root):  # a merge may have come between
                found = differences_to_fresh(index, root)
            wrong += [f"{root.name}: {line}" for line in found]
        folders = {path.name for path in (self._xdg.cache / "vexord" / "projects").glob("*")}
        wanted = {self._index_of(root).name for root in self._roots}
        if len(folders) > len(wanted) + 1:  # of one whose removal was cut short, until the next start
            wrong.append(f"indexes of nobody: {folders - wanted}")
        return wrong

    def _index_of(self, root: Path) -> Path:
        inside = root / ".vexord" / "index"
        if inside.exists():
            return inside
        (found,) = (self._xdg.cache / "vexord" / "projects").glob(f"{root.name}-????????")
        return found

    def _note_paid(self) -> None:
        """Remember what lies in the cache now, and how often each text had been answered by then."""
        self._bought = Counter(self._provider.log.answered)
        self._kept = set()
        for file in (self._xdg.base / "data" / "vexord" / "embeddings").glob("*.sqlite"):
            with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
                if database.execute("select 1 from sqlite_master where name = 'rows'").fetchone():
                    # else its maker died before it had made the table
                    self._kept |= {key % 2**64 for (key,) in database.execute("select hash from rows")}
            database.close()

    def _paid_twice(self) -> list[str]:
        again = self._provider.log.answered - self._bought
        twice = [text for text in again if self._bought[text] and text_hash(text) in self._kept]
        return [f"paid for again: {text[:60]!r}" for text in twice]

    def stop(self) -> None:
        """End it, whatever it does."""
        if self._daemon.process.poll() is None:
            self._daemon.kill()


def _has_rows(told: dict[str, object]) -> bool:
    second = told["second"]
    return isinstance(second, dict) and second["rows"] == second["total"]


@contextmanager
def one_daemon(seed: int) -> Iterator[DaemonLife]:
    """A daemon in folders of its own, with a provider."""
    with isolated_xdg() as xdg, provider_server() as provider:
        before = {name: os.environ.get(name) for name in xdg.env}
        os.environ.update(xdg.env)  # the truth is built in this process, under the same ignore rules
        life = DaemonLife(xdg, Plan(xdg.base / "plan"), provider, seed)
        try:
            yield life
        finally:
            life.stop()
            for name, value in before.items():
                os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)
