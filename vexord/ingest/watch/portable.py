"""The watcher for other systems (FSEvents, kqueue), on watchdog's public `Observer`.

The same interface as the Linux watcher, with weaker promises: folders cannot be left out, only their events;
the observer neither reports lost events nor unwatched folders; each root has a stream of its own, so a cookie
proves only that events flow, not that every earlier event of every root has come.
"""

import itertools
import logging
import os
import threading
from collections.abc import Callable

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch

from vexord.ingest.watch.cookies import CookieFolder
from vexord.ingest.watch.events import CookieSeen, Dirty, Doubt, Event, Prune, SafeSink, Sink, shown
from vexord.ingest.watch.identity import Identity, identity

log = logging.getLogger(__name__)

_FOLDER_EVENTS: list[type[FileSystemEvent]] = [DirCreatedEvent, DirDeletedEvent, DirMovedEvent]
_FILE_EVENTS: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileModifiedEvent,
    FileClosedEvent,
    FileDeletedEvent,
    FileMovedEvent,
]


class _RootHandler(FileSystemEventHandler):
    """Turns watchdog's events into ours. Takes no lock: the observer holds its own while it calls."""

    def __init__(self, root: str, prune: Prune, sink: SafeSink) -> None:
        self._root = root
        self._prefix = root.rstrip("/") + "/"
        self._prune = prune
        self._sink = sink

    def dispatch(self, event: FileSystemEvent) -> None:
        """Never raises: an exception would end the observer's thread."""
        try:
            out = [
                Dirty(self._root, rel, event.is_directory)
                for path in (event.src_path, event.dest_path)
                if path and (rel := self._wanted(os.fsdecode(path), event.is_directory)) is not None
            ]
        except Exception:
            log.exception("an event of %a could not be handled", self._root)
            detail = "an event could not be handled; see the log"
            self._sink.send([Doubt(self._root, "watcher_error", detail)])
        else:
            self._sink.send(out)

    def _wanted(self, path: str, is_dir: bool) -> str | None:
        if path == self._root:
            return ""
        if not path.startswith(self._prefix):
            return None
        rel = path.removeprefix(self._prefix)
        parts = rel.split("/")
        folders = itertools.accumulate(parts if is_dir else parts[:-1], lambda above, name: f"{above}/{name}")
        return None if any(self._prune(folder) for folder in folders) else rel


class _CookieHandler(FileSystemEventHandler):
    """Says which cookies came back."""

    def __init__(self, cookies: CookieFolder, sink: SafeSink) -> None:
        self._cookies = cookies
        self._sink = sink

    def dispatch(self, event: FileSystemEvent) -> None:
        """Never raises."""
        token = self._cookies.seen(os.fsdecode(event.src_path).rpartition("/")[2])
        if token is not None:
            self._sink.send([CookieSeen(token)])


class _Root:
    def __init__(self, handler: _RootHandler) -> None:
        self.handler = handler
        self.watch: ObservedWatch | None = None
        self.identity: Identity | None = None
        self.said = False


class Watcher:
    """See the Linux watcher. `observer`: makes the watchdog observer; the tests give others."""

    def __init__(self, sink: Sink, private_dir: str, observer: Callable[[], BaseObserver] = Observer) -> None:
        self._sink = SafeSink(sink)
        self._lock = threading.Lock()  # guards the table only; never held while calling the observer
        self._roots: dict[str, _Root] = {}
        self._cookies = CookieFolder(os.path.realpath(private_dir))
        self._cookies.prepare()
        self._observer = observer()
        self._observer.start()
        self._observer.schedule(
            _CookieHandler(self._cookies, self._sink),
            self._cookies.path,
            event_filter=[FileCreatedEvent, FileDeletedEvent],
        )

    def add(self, root: str, prune: Prune) -> None:
        """Watch `root` (canonical, absolute); events below folders that `prune` names are dropped."""
        self.remove(root)
        entry = _Root(_RootHandler(root, prune, self._sink))
        with self._lock:
            self._roots[root] = entry
        out: list[Event] = []
        entry.identity = identity(root)
        if entry.identity is None:
            out.append(Doubt(root, "root_gone", f"{shown(root)} is not there"))
        else:
            self._arm(root, entry, out)
        self._sink.send(out)

    def remove(self, root: str) -> None:
        """Stop watching `root`; unknown roots are passed over."""
        with self._lock:
            entry = self._roots.pop(root, None)
        if entry is not None:
            self._disarm(entry)

    def rewatch(self, root: str, rel_dir: str) -> None:
        """Nothing to do: the rules are asked at each event, and every folder is watched."""

    def send_cookie(self) -> int:
        """A token; `CookieSeen(token)` proves that events flow, and no more (see the module's text)."""
        token = self._cookies.next_token()
        try:
            self._cookies.drop(token)
        except OSError as error:
            log.warning("no cookie could be written in %a: %s", self._cookies.path, error.strerror)
        return token

    @property
    def watches(self) -> int:
        """Number of roots watched."""
        with self._lock:
            return sum(entry.watch is not None for entry in self._roots.values())

    @property
    def watch_limit(self) -> int | None:
        """None: not known here."""
        return None

    @property
    def blind(self) -> bool:
        """Whether cookies cannot come back: the observer's thread has ended."""
        return not self._observer.is_alive()

    def failing(self, root: str) -> frozenset[str]:
        """`watcher_error` if the root should be watched and is not."""
        with self._lock:
            entry = self._roots.get(root)
            return frozenset({"watcher_error"}) if entry is not None and entry.watch is None else frozenset()

    def check_roots(self, only: str | None = None) -> None:
        """Notice roots that went or came back, all or one; cheap, call every few seconds."""
        with self._lock:
            entries = [(root, entry) for root, entry in self._roots.items() if only in (None, root)]
        out: list[Event] = []
        for root, entry in entries:
            now = identity(root)
            if now == entry.identity and (now is None or entry.watch is not None):
                continue
            if now != entry.identity and entry.identity is not None:
                self._disarm(entry)
                entry.said = False
                out.append(Doubt(root, "root_gone", f"{shown(root)} was removed or replaced"))
            entry.identity = now
            if now is not None and self._arm(root, entry, out):
                out.append(Dirty(root, "", is_dir=True))
        self._sink.send(out)

    def close(self) -> None:
        """End the observer. Not to be called from the sink."""
        self._observer.stop()
        self._observer.join()

    def _arm(self, root: str, entry: _Root, out: list[Event]) -> bool:
        try:
            entry.watch = self._observer.schedule(
                entry.handler, root, recursive=True, event_filter=_FOLDER_EVENTS + _FILE_EVENTS
            )
        except OSError as error:
            if not entry.said:
                detail = f"{shown(root)} cannot be watched: {error.strerror}"
                out.append(Doubt(root, "watcher_error", detail))
            entry.said = True
            return False
        return True

    def _disarm(self, entry: _Root) -> None:
        watch, entry.watch = entry.watch, None
        if watch is not None:
            try:
                self._observer.unschedule(watch)
            except KeyError:
                log.info("the watch of %a had ended already", watch.path)
