"""What the tests of the watcher share: a sink that remembers, and cookies as the only clock."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from vexord.ingest.watch import CookieSeen, Dirty, Doubt, Event
from vexord.ingest.watch.linux import Watcher

LIMIT_S = 10.0


def wait_for(condition: Callable[[], bool], limit_s: float = LIMIT_S) -> bool:
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.002)
    return True


class Recorder:
    """A sink; `hold` cleared blocks the watcher's thread inside it, which `hold_at` events do once."""

    def __init__(self) -> None:
        self.hold_at = -1
        self.events: list[Event] = []
        self.hold = threading.Event()
        self.hold.set()

    def __call__(self, event: Event) -> None:
        self.hold.wait()
        self.events.append(event)
        if len(self.events) == self.hold_at:
            self.hold.clear()

    def dirty(self, root: Path) -> list[Dirty]:
        return [e for e in self.events if isinstance(e, Dirty) and e.root == str(root)]

    def rels(self, root: Path) -> set[str]:
        return {event.rel for event in self.dirty(root)}

    def doubts(self, root: Path) -> list[str]:
        return [e.reason for e in self.events if isinstance(e, Doubt) and e.root == str(root)]


class Rig:
    """A watcher with its recorder."""

    def __init__(self, private: Path) -> None:
        self.seen = Recorder()
        self.watcher = Watcher(self.seen, str(private))

    def add(self, root: Path, *pruned: str) -> None:
        self.watcher.add(str(root), lambda rel: rel.rpartition("/")[2] in pruned)

    def settle(self) -> None:
        """Return when everything written before has been said."""
        token = self.watcher.send_cookie()
        assert wait_for(lambda: CookieSeen(token) in self.seen.events), "the cookie did not come back"

    def news(self, root: Path) -> set[str]:
        """What was said of `root` since the last call."""
        self.settle()
        found = self.seen.rels(root)
        self.seen.events.clear()
        return found


@contextmanager
def rig(private: Path) -> Iterator[Rig]:
    made = Rig(private)
    try:
        yield made
    finally:
        made.seen.hold.set()
        made.watcher.close()


def kernel_watches() -> int:
    """Watches of all inotify instances of this process, as the kernel counts them."""
    total = 0
    for fd in os.listdir("/proc/self/fd"):
        try:
            if os.readlink(f"/proc/self/fd/{fd}") == "anon_inode:inotify":
                total += Path(f"/proc/self/fdinfo/{fd}").read_text().count("inotify wd:")
        except FileNotFoundError:
            continue
    return total
