"""A working day in short: git, editors, builds and searches on a real history; what is measured stays flat.

`day.HOUR` says what a busy hour has. Its operations are done without the pauses between them, so that an hour
passes in a minute or two; after each hour the tree is put back, and memory, descriptors, threads, watches and
disk are measured. What grows per hour is fitted by least squares.
"""

import contextlib
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
from scipy.stats import linregress, t
from vexor_protocol.client import Client

from tests.soak.day import Day
from tests.soak.lab import Lab, laboratory
from tests.soak.record import Options, Result
from tests.support.truth import differences_to_fresh
from tests.support.waiting import wait_until
from vexord.projects.registry import Registry, index_dir
from vexord.projects.settings import Settings

WARM_UP = 0.34
"""Share of the hours at the beginning that the fit leaves out."""
FITTED = 4
"""A line through fewer points says nothing."""
FLAT = {
    "server MiB": 0.5,
    "indexer MiB": 0.5,
    "descriptors": 0.2,
    "threads": 0.05,
    "watches": 0.2,
    "cache MiB": 1.0,
}
"""Growth per hour that is surely above this is a leak."""


class MeasuredDay(Day):
    """A day that is measured after each hour."""

    def __init__(self, lab: Lab, chance: random.Random, share: float) -> None:
        super().__init__(lab, chance, share)
        self.samples: list[tuple[float, ...]] = []

    def whole(self) -> None:
        """Every index is what one built from nothing would be."""
        registry = Registry(Settings.load().registry_file)
        for project in registry.all():
            self.lab.ask("wait", path=project.root, timeout_ms=20_000)
            told = differences_to_fresh(index_dir(project, Settings.load()), project.root)
            self.wrong += [f"{Path(project.root).name}: {one}" for one in told]

    # --- measuring -----------------------------------------------------------------------------------------

    def tidy(self) -> None:
        """Back to where the day began, so that hours can be compared; then measure."""
        self.git("checkout", "-qfB", "work", self.commits[0])
        self.git("clean", "-qfdx")
        self.git("stash", "clear")
        self.markers.clear()
        self.look()
        with contextlib.suppress(AssertionError):  # then there is a little more noise
            wait_until(self._calm, 12 * self.share, "few segments")
        self.samples.append(self._measure())

    def _calm(self) -> bool:
        projects = self.lab.ask("projects")["projects"]
        return all(project["segments"] <= 2 and not project["pending"] for project in projects)

    def _measure(self) -> tuple[float, ...]:
        both = server, indexer = [psutil.Process(pid) for pid in (self.lab.daemon.pid, self.lab.indexer())]
        status = self.lab.ask("status")
        cache = sum(file.stat().st_size for file in self.lab.xdg.cache.rglob("*") if file.is_file())
        return (
            _rss(server) / 2**20,
            sum(map(_rss, (indexer, *indexer.children()))) / 2**20,
            sum(process.num_fds() for process in both),
            sum(process.num_threads() for process in both),
            status["indexer"]["watches"],
            cache / 2**20,
        )


def _rss(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:  # one of the crew has just ended
        return 0


def slope(values: list[float]) -> tuple[float, float]:
    """Return growth per step by least squares, and the half width of its 95 % interval (Student's t)."""
    fit = linregress(range(len(values)), values)
    return float(fit.slope), float(fit.stderr * t.ppf(0.975, len(values) - 2))


@contextmanager
def _restless(lab: Lab, wrong: list[str], done: Counter[str]) -> Iterator[None]:
    """A tool that searches all the time, without proof, while everything else happens."""
    stop = threading.Event()

    def search() -> None:
        try:
            with Client(str(lab.xdg.socket)) as client:
                while not stop.wait(0.05):
                    client.request("search", {"query": "bind a socket", "top": 5}, 30)
                    done["searches meanwhile"] += 1
        except Exception as error:
            wrong.append(f"the restless client: {error!r}")

    thread = threading.Thread(target=search)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(40)


def run(options: Options) -> Result:
    """Hours one after another until the time is over; short ones if there is little of it."""
    share = 1.0 if options.seconds >= 120 else 0.04
    with laboratory() as lab:
        day = MeasuredDay(lab, random.Random(options.seed), share)
        until = time.monotonic() + options.seconds
        try:
            with _restless(lab, day.wrong, day.done):
                while time.monotonic() < until and day.hour(until) and not day.wrong:
                    day.tidy()
                    day.done["hours"] += 1
            day.whole()
        finally:
            day.close()
        if lab.ask("status")["indexer"]["restarts"]:
            day.wrong.append("the indexer was restarted")
    return Result(*_summary(day))


def _summary(day: MeasuredDay) -> tuple[dict[str, float], list[str], str]:
    counts: dict[str, float] = {name: day.done[name] for name in sorted(day.done)}
    counts["hours of a working day"] = round(counts.pop("hours", 0) * day.share, 2)
    kept = day.samples[int(len(day.samples) * WARM_UP) :]
    notes: list[str] = []
    if len(kept) < FITTED:
        notes.append(f"no slopes: {len(day.samples)} hours are too few")
    else:
        for number, (name, limit) in enumerate(FLAT.items()):
            values = [sample[number] for sample in kept]
            grows, sure = (figure / day.share for figure in slope(values))
            notes.append(f"{name}: {np.mean(values):.1f}, per hour {grows:+.3f} ± {sure:.3f}")
            if grows - sure > limit:
                day.wrong.append(f"{name} grows by {grows:.3f} ± {sure:.3f} an hour: {values}")
    return counts, day.wrong, "; ".join(notes)
