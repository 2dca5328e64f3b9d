"""The watcher on Linux: one inotify instance for all roots and the cookie folder, so that order holds."""

import itertools
import logging
import os
import time

from vexord.ingest.watch.cookies import CookieFolder
from vexord.ingest.watch.events import CookieSeen, Doubt, Event, Prune, SafeSink, Sink
from vexord.ingest.watch.inotify import APPEARED, InotifyEvent, Instance
from vexord.ingest.watch.limits import watch_limit
from vexord.ingest.watch.root import RootWatch, Shared

log = logging.getLogger(__name__)

_COOKIE_KEY = 0
_BURST_S = 1.0  # an overflow that never drains is answered this often


class Watcher:
    """Says to `sink` which paths below its roots may have changed.

    `sink` is called by the watcher's thread (by the caller's for what `add` and the like find out). It must
    be quick and not call the watcher. `private_dir` is made, mode 0700, for cookies.

    Not seen, so that the consumer compares with the disk now and then: stores through a mapping and writes
    into a file that stays open (said when it is closed), truncate(2) by path, changes of mode or times only,
    writes through a hard link outside the roots.
    """

    def __init__(self, sink: Sink, private_dir: str) -> None:
        self._cookies = CookieFolder(os.path.abspath(private_dir))
        self._shared = Shared(SafeSink(sink), self._cookies.path)
        self._roots: dict[str, RootWatch] = {}
        self._keys = itertools.count(_COOKIE_KEY + 1)
        self._cookie_wd: int | None = None
        self._lost_cookies: set[int] = set()
        self._closed = False
        with self._shared.lock:
            self._open()

    def add(self, root: str, prune: Prune) -> None:
        """Watch `root` (canonical, absolute) except the folders that `prune` names; all stand on return.

        `prune(rel_dir)` is called by any thread, with a lock held: it must not call the watcher. A root that
        is not there is kept and watched when it appears. Adding a root again renews its rules.
        """
        out: list[Event] = []
        with self._shared.lock:
            known = self._roots.get(root)
            if known is not None:
                known.prune = prune
                known.resync("", out)
            else:
                fresh = self._roots[root] = RootWatch(root, prune, next(self._keys), self._shared)
                fresh.start(out)
        self._shared.sink.send(out)

    def remove(self, root: str) -> None:
        """Stop watching `root`; unknown roots are passed over."""
        with self._shared.lock:
            known = self._roots.pop(root, None)
            if known is not None:
                known.release()

    def rewatch(self, root: str, rel_dir: str) -> None:
        """Watch what the rules now want at and below `rel_dir`, drop what they no longer want.

        Walk `rel_dir` afterwards: what changed in a folder before it was watched raises no event. With "" it
        also tries again the folders that met a limit.
        """
        out: list[Event] = []
        with self._shared.lock:
            known = self._roots.get(root)
            if known is not None:
                known.resync(rel_dir, out)
        self._shared.sink.send(out)

    def send_cookie(self) -> int:
        """A token; `CookieSeen(token)` follows every event whose write finished before this call.

        It does not come while `blind`, nor when the cookie cannot be written (logged).
        """
        token = self._cookies.next_token()
        try:
            with self._shared.lock:
                if self._cookie_wd is None:
                    self._watch_cookies()
            if not self.blind:
                self._drop_cookie(token)
        except OSError as error:
            log.warning("no cookie could be written in %a: %s", self._cookies.path, error.strerror)
        return token

    @property
    def watches(self) -> int:
        """Number of inotify watches held."""
        instance = self._shared.instance
        return instance.count if instance is not None else 0

    @property
    def watch_limit(self) -> int | None:
        """The user's limit of inotify watches, None if unknown."""
        return watch_limit()

    @property
    def blind(self) -> bool:
        """Whether cookies cannot come back, for want of an inotify instance or a watch."""
        return self._shared.instance is None or self._cookie_wd is None

    def unwatched(self, root: str) -> frozenset[str]:
        """The folders of `root`, relative, that should be watched but are not: they need scans."""
        with self._shared.lock:
            known = self._roots.get(root)
            return known.unwatched() if known is not None else frozenset()

    def failing(self, root: str) -> frozenset[str]:
        """The lasting reasons of `Doubt` that hold of `root`, as of the last `add`, `rewatch` or event."""
        with self._shared.lock:
            known = self._roots.get(root)
            return known.failing() if known is not None else frozenset()

    def check_roots(self, only: str | None = None) -> None:
        """Notice roots that went or came back, all or one, and try again for an instance.

        Cheap: call it every few seconds, and before a cookie whose answer must know. A root that went:
        `Doubt` root_gone, once. A root that is back: `Dirty` with rel "".
        """
        out: list[Event] = []
        with self._shared.lock:
            if self._closed:
                return
            if self._shared.instance is None:
                self._open()
            for path, root in self._roots.items():
                if only in (None, path):
                    root.check(out)
        self._shared.sink.send(out)

    def close(self) -> None:
        """End all watches and the thread. Not to be called from the sink."""
        with self._shared.lock:
            self._closed = True
            for root in self._roots.values():
                root.release()
            self._roots.clear()
            instance, self._shared.instance = self._shared.instance, None
        if instance is not None:
            instance.stop()
            instance.join()

    # The cookie folder's `WatchCallback`.

    def on_event(self, event: InotifyEvent) -> None:
        """A cookie file came."""
        if not event.mask & APPEARED or event.wd != self._cookie_wd:
            return
        token = self._cookies.seen(os.fsdecode(event.name))
        if token is not None:
            self._recover()
            self._shared.sink.send([CookieSeen(token)])

    def on_watch_deleted(self, wd: int) -> None:
        """The cookie folder was removed; the next cookie makes it anew."""
        with self._shared.lock:
            if wd == self._cookie_wd:
                self._cookie_wd = None

    def on_queue_overflow(self) -> None:
        """Events were lost, perhaps cookies too."""
        self._lost_cookies |= self._cookies.waiting()
        if self._shared.lost_since is None:
            self._shared.lost_since = time.monotonic()

    # Called by the reading thread.

    def _batch_done(self) -> None:
        instance, since = self._shared.instance, self._shared.lost_since
        if instance is None or (since is None and not self._lost_cookies):
            return
        drained = not instance.readable()
        if drained or (since is not None and time.monotonic() - since > _BURST_S):
            self._recover()
        if drained:  # every cookie sent before the overflow was read has come, or never will
            lost = self._cookies.give_up(self._lost_cookies)
            self._lost_cookies = set()
            self._shared.sink.send(CookieSeen(token) for token in lost)

    def _recover(self) -> None:
        """After an overflow: put the watches right, then one `Doubt` for each root."""
        if self._shared.lost_since is None:
            return
        self._shared.lost_since = None
        out: list[Event] = []
        with self._shared.lock:
            for root in self._roots.values():
                if root.lost:
                    root.lost = False
                    root.check(out)
                    root.resync("", out)
                    out.append(Doubt(root.root, "overflow", "more changes came than the kernel can queue"))
        self._shared.sink.send(out)

    def _failed(self, detail: str) -> None:
        with self._shared.lock:
            roots = list(self._roots)
        self._shared.sink.send(Doubt(root, "watcher_error", detail) for root in roots)

    # With the lock held.

    def _open(self) -> None:
        try:
            self._shared.instance = Instance(self._batch_done, self._failed)
        except OSError as error:
            log.warning("no inotify instance: %s", error.strerror)
            return
        self._shared.instance.start()
        try:
            self._watch_cookies()
        except OSError as error:
            log.warning("the cookie folder %a cannot be watched: %s", self._cookies.path, error.strerror)

    def _watch_cookies(self) -> None:
        if self._shared.instance is not None:
            self._cookies.prepare()
            self._cookie_wd = self._shared.instance.watch(self._cookies.path, self, _COOKIE_KEY)

    # Without the lock.

    def _drop_cookie(self, token: int) -> None:
        try:
            self._cookies.drop(token)
        except FileNotFoundError:
            with self._shared.lock:
                self._watch_cookies()
            self._cookies.drop(token)
