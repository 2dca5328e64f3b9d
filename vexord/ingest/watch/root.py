"""One watched root on Linux: keeps its tree of watches true to the disk and turns raw events into ours."""

import errno
import logging
import os
import threading
import time
from dataclasses import dataclass, field

from vexord.ingest.watch.events import Dirty, Doubt, Event, Prune, SafeSink, absolute, join, shown
from vexord.ingest.watch.folders import Folder, FolderTree
from vexord.ingest.watch.identity import Identity, identity
from vexord.ingest.watch.inotify import APPEARED, IS_DIR, SELF_ENDED, SELF_MOVED, InotifyEvent, Instance
from vexord.ingest.watch.limits import SHARE, Budget, deaf_mounts, watch_limit

log = logging.getLogger(__name__)

_VANISHED = (FileNotFoundError, NotADirectoryError, PermissionError)
_REASONS = {errno.ENOSPC: "watch_limit", errno.EDQUOT: "watch_limit", errno.EMFILE: "instance_limit"}


@dataclass(slots=True)
class Shared:
    """What all roots of a watcher share.

    `lock` guards every tree. It may be held while calling `Instance`, whose thread calls us holding no lock;
    it is never held while calling the sink, nor while stopping the instance. `lost_since`: the monotonic
    time of an overflow not yet answered; only the reading thread sets it.
    """

    sink: SafeSink
    private_dir: str
    instance: Instance | None = None
    lost_since: float | None = None
    budget: Budget = field(default_factory=Budget)
    lock: threading.Lock = field(default_factory=threading.Lock)


class RootWatch:
    """The watches of one root; watchdog's `WatchCallback`. `check`, `resync` and `release` need the lock.

    Order of work everywhere: watch a folder, then list it, then say it is dirty. What was made before the
    watch is found by listing or by the consumer's walk, what is made after it raises events.
    """

    def __init__(self, root: str, prune: Prune, key: int, shared: Shared) -> None:
        self.root = root
        self.prune = prune
        self.lost = False
        self._key = key
        self._shared = shared
        self._tree = FolderTree()
        self._identity: Identity | None = None
        self._said: set[str] = set()
        self._failed: set[str] = set()

    # Called by the reading thread.

    def on_event(self, event: InotifyEvent) -> None:
        """Translate one raw event."""
        out: list[Event] = []
        try:
            with self._shared.lock:
                self._handle(event, out)
        except Exception:
            log.exception("an event of %a could not be handled", self.root)
            out.append(Doubt(self.root, "watcher_error", "an event could not be handled; see the log"))
        self._shared.sink.send(out)

    def on_watch_deleted(self, wd: int) -> None:
        """The kernel ended a watch."""
        with self._shared.lock:
            self._tree.ended(wd)

    def on_queue_overflow(self) -> None:
        """Events were lost; the watcher calls `resync` when the burst is over."""
        self.lost = True
        if self._shared.lost_since is None:
            self._shared.lost_since = time.monotonic()

    # Called by the watcher, with the lock.

    def start(self, out: list[Event]) -> None:
        """Begin to watch."""
        self._identity = identity(self.root)
        if self._identity is None:
            out.append(Doubt(self.root, "root_gone", f"{shown(self.root)} is not there"))
        else:
            self._arm_top(out)

    def check(self, out: list[Event], ended: bool = False) -> None:
        """Compare the root with the folder first met; `ended`: its watch is known to be over."""
        now = identity(self.root)
        if now == self._identity and not ended:
            if now is not None and self._tree.top.wd is None and self._arm_top(out):
                out.append(Dirty(self.root, "", is_dir=True))
            return
        if self._identity is not None:
            self.release()
            self._said.clear()
            self._failed.clear()
            out.append(Doubt(self.root, "root_gone", f"{shown(self.root)} was removed or replaced"))
        self._identity = now
        if now is not None:
            self._arm_top(out)
            out.append(Dirty(self.root, "", is_dir=True))

    def resync(self, rel: str, out: list[Event]) -> None:
        """Make the watches at and below `rel` match the disk and the rules of today."""
        folder = self._tree.find(rel)
        while folder is None:
            rel = rel.rpartition("/")[0]
            folder = self._tree.find(rel)
        if folder is self._tree.top:
            self._failed.clear()
            if self._identity is not None:
                self._arm_top(out)
            self._said &= self._failed
        elif not self._wanted(folder.rel) or self._arm(folder, out) is None:
            self._drop(folder)
        else:
            self._sync(folder, out)

    def unwatched(self) -> frozenset[str]:
        """The folders that should be watched and are not."""
        return frozenset(folder.rel for folder in self._tree.top.subtree() if folder.wd is None)

    def failing(self) -> frozenset[str]:
        """The lasting reasons, as of the last look at the whole tree, why not every change is seen."""
        return frozenset(self._failed)

    def release(self) -> None:
        """End all watches."""
        self._end(self._tree.clear(self._tree.top))

    # The rest runs with the lock held.

    def _handle(self, event: InotifyEvent, out: list[Event]) -> None:
        folder = self._tree.by_wd(event.wd)
        if folder is None:
            return
        if not event.name:
            if folder is self._tree.top and event.mask & (SELF_ENDED | SELF_MOVED):
                self.check(out, ended=bool(event.mask & SELF_ENDED))
            return
        name = os.fsdecode(event.name)
        is_dir = bool(event.mask & IS_DIR)
        if is_dir:
            if not event.mask & APPEARED:
                self._end(self._tree.drop(folder, name))
            # Of two folders that change places each is said to come first and to go then: it may be there.
            self._appeared(folder, name, out)
        out.append(Dirty(self.root, join(folder.rel, name), is_dir))

    def _appeared(self, parent: Folder, name: str, out: list[Event]) -> None:
        if not self._wanted(join(parent.rel, name)):
            return
        folder = self._tree.place(parent, name)
        armed = self._arm(folder, out)
        if armed is None:
            self._end(self._tree.drop(parent, name))
        elif armed:  # else listed before, after it was watched: nothing below can be missing
            self._sync(folder, out)

    def _arm_top(self, out: list[Event]) -> bool:
        top = self._tree.top
        if self._arm(top, out) is None:
            self._report("watcher_error", f"{shown(self.root)} cannot be read", out)
        if top.wd is None:
            return False
        self._said.discard("instance_limit")
        self._failed.discard("instance_limit")
        for rel, kind in deaf_mounts(self.root).items():
            if not rel or self._reached(rel):
                where = shown(absolute(self.root, rel))
                detail = f"{where} is on {kind}: changes made elsewhere raise no events here"
                self._report("no_events", detail, out)
        self._sync(top, out)
        return True

    def _reached(self, rel: str) -> bool:
        """Whether no folder on the way to `rel` is left out."""
        ends = [at for at, char in enumerate(rel) if char == "/"]
        return all(self._wanted(rel[:end]) for end in [*ends, len(rel)])

    def _drop(self, folder: Folder) -> None:
        parent_rel, _, name = folder.rel.rpartition("/")
        parent = self._tree.find(parent_rel)
        if parent is not None:
            self._end(self._tree.drop(parent, name))

    def _sync(self, top: Folder, out: list[Event]) -> None:
        stack = [top]
        while stack:
            here = stack.pop()
            wanted = self._subfolders(here, out)
            if wanted is None:
                continue
            for name in here.children.keys() - wanted:
                self._end(self._tree.drop(here, name))
            for name in wanted:
                child = self._tree.place(here, name)
                if self._arm(child, out) is None:
                    self._end(self._tree.drop(here, name))
                else:
                    stack.append(child)

    def _subfolders(self, folder: Folder, out: list[Event]) -> set[str] | None:
        path = absolute(self.root, folder.rel)
        try:
            with os.scandir(path) as entries:
                names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        except _VANISHED:
            return set()
        except OSError as error:
            self._report("watcher_error", f"{shown(path)} cannot be listed: {error.strerror}", out)
            return None
        return {name for name in names if self._wanted(join(folder.rel, name))}

    def _wanted(self, rel: str) -> bool:
        if absolute(self.root, rel) == self._shared.private_dir:
            return False
        try:
            return not self.prune(rel)
        except Exception:
            log.exception("the rules failed on a folder of %a; it is watched", self.root)
            return True

    def _arm(self, folder: Folder, out: list[Event]) -> bool | None:
        """True: list it now; False: was watched already; None: it is gone or may not be read."""
        path = absolute(self.root, folder.rel)
        try:
            if self._shared.instance is None:
                raise OSError(errno.EMFILE, "no inotify instance")
            if folder.wd is None and not self._shared.budget.allows(self._shared.instance.count):
                raise OSError(errno.EDQUOT, "our share of the watches is used up")
            wd = self._shared.instance.watch(path, self, self._key)
        except _VANISHED:
            return None
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return None  # no file below can be read either; the walk tells of it
            reason = _REASONS.get(error.errno or 0, "watcher_error")
            self._report(reason, self._mend(reason, path, error), out)
            return True
        ended = self._tree.bind(folder, wd)
        self._end(ended or [])
        return ended is not None

    def _end(self, descriptors: list[int]) -> None:
        if descriptors and self._shared.instance is not None:
            self._shared.instance.unwatch(descriptors, self._key)

    def _report(self, reason: str, detail: str, out: list[Event]) -> None:
        self._failed.add(reason)
        if reason not in self._said:
            self._said.add(reason)
            out.append(Doubt(self.root, reason, detail))

    def _mend(self, reason: str, path: str, error: OSError) -> str:
        where = shown(path)
        if reason == "watch_limit":
            held = self._shared.instance.count if self._shared.instance is not None else 0
            full = "reached" if error.errno == errno.ENOSPC else f"used up to vexord's share of {SHARE:.0%}"
            return (
                f"{where} cannot be watched: your limit of {watch_limit()} inotify watches is {full}; vexord "
                f"holds {held} (the disk is not full); raise it with: "
                "sudo sysctl fs.inotify.max_user_watches=1048576"
            )
        if reason == "instance_limit":
            return (
                f"{where} cannot be watched: no inotify instance is left, other programs of yours hold them "
                "(the disk is not full); raise the limit with: sudo sysctl fs.inotify.max_user_instances=1024"
            )
        return f"{where} cannot be watched: {error.strerror}"
