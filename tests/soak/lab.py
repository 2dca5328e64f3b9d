"""A daemon for long runs, in folders of its own."""

import contextlib
import os
import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from vexor_protocol.client import Client
from vexor_protocol.wire import JsonObject

from tests.support.daemon import Daemon
from tests.support.waiting import wait_until
from tests.support.xdg import Xdg, isolated_xdg

FRESH_MS = 20_000
_WATCH = re.compile(r"^inotify wd:\S+ ino:([0-9a-f]+)", re.MULTILINE)


class Lab:
    """A daemon, a client of it, and what was counted."""

    def __init__(self, xdg: Xdg) -> None:
        self.xdg = xdg
        self.counts: Counter[str] = Counter()
        self.no_git = xdg.base / "none.git"
        subprocess.run(["git", "init", "-q", "--bare", self.no_git], env=xdg.env, check=True)
        self.daemon: Daemon
        self.client: Client
        self.start()

    def start(self) -> None:
        """Start a daemon, and connect to it."""
        self.daemon = Daemon(self.xdg)
        self.client = Client(str(self.xdg.socket))
        self.client.request("subscribe", timeout=30.0)

    def ask(self, method: str, **params: object) -> JsonObject:
        """Send a request."""
        return self.client.request(method, params, FRESH_MS / 1000 + 10)

    def ended(self, how: Callable[[], object]) -> None:
        """End the daemon."""
        self.client.close()
        how()

    def indexer(self) -> int:
        """Process id of the indexer."""
        return int(wait_until(lambda: self.ask("status")["indexer"]["pid"], 20, "an indexer"))

    def watched(self) -> set[int]:
        """Inodes of the folders that the indexer watches, as the kernel tells."""
        found: set[int] = set()
        for file in Path(f"/proc/{self.indexer()}/fdinfo").iterdir():
            with contextlib.suppress(OSError):  # closed meanwhile
                found.update(int(ino, 16) for ino in _WATCH.findall(file.read_text()))
        return found

    def close(self) -> None:
        """Stop everything."""
        self.ended(self.daemon.stop)


@contextmanager
def laboratory() -> Iterator[Lab]:
    """A daemon in folders of its own; this process has its environment meanwhile."""
    with isolated_xdg() as xdg:
        before = dict(os.environ)
        os.environ.update(
            {key: value for key, value in xdg.env.items() if key == "HOME" or key.startswith("XDG_")}
        )
        lab = Lab(xdg)
        try:
            yield lab
        finally:
            os.environ.clear()
            os.environ.update(before)
            lab.close()
