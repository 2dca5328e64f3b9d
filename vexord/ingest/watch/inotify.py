"""One inotify instance and its reading thread: watchdog's `InotifyFD`, the only place that knows its inside.

Taken from watchdog 7.1: the system calls, the parsing of events, the reading thread with its kill pipe, and
the table of callbacks per watch. `InotifyFD` calls the callbacks with raw events and without holding its
lock, which is all we need. Not taken: `InotifyWatchGroup` and what rests on it (it holds events back 0.5 s
to pair moves, cannot leave folders out, hides a reached limit and overflows, and builds a text of all its
watches for each folder it meets twice). Private names used: `_inotify_fd`, `_lock`, `_watch_for_wd`,
`_get_or_create_watch`; hence the pin `>=7.1,<7.2` and `tests/unit/test_watch_pinned.py`.
"""

import errno
import logging
import os
import select
from collections.abc import Callable, Iterable
from functools import partial

from watchdog.observers.inotify_c import (
    CallbackId,
    InotifyConstants,
    InotifyEvent,
    InotifyFD,
    Mask,
    WatchCallback,
    WatchDescriptor,
)

__all__ = [
    "APPEARED",
    "IS_DIR",
    "SELF_ENDED",
    "SELF_MOVED",
    "UNMOUNTED",
    "InotifyEvent",
    "Instance",
    "WatchCallback",
]

log = logging.getLogger(__name__)

APPEARED = InotifyConstants.IN_CREATE | InotifyConstants.IN_MOVED_TO
IS_DIR = int(InotifyConstants.IN_ISDIR)
UNMOUNTED = int(InotifyConstants.IN_UNMOUNT)
SELF_ENDED = InotifyConstants.IN_DELETE_SELF | UNMOUNTED
SELF_MOVED = int(InotifyConstants.IN_MOVE_SELF)

# Never IN_OPEN, IN_ACCESS, IN_CLOSE_NOWRITE: our own scans would raise them and keep the queue full for ever.
# The same mask everywhere: a second watch of the same folder replaces the mask of the first.
_MASK = Mask(
    InotifyConstants.IN_CLOSE_WRITE
    | InotifyConstants.IN_CREATE
    | InotifyConstants.IN_DELETE
    | InotifyConstants.IN_MOVED_FROM
    | InotifyConstants.IN_MOVED_TO
    | InotifyConstants.IN_DELETE_SELF
    | InotifyConstants.IN_MOVE_SELF
    | InotifyConstants.IN_ONLYDIR
    | InotifyConstants.IN_DONT_FOLLOW
    | InotifyConstants.IN_EXCL_UNLINK
)
_PAUSE_AFTER_ERROR_S = 0.5


class Instance(InotifyFD):
    """An inotify instance whose thread outlives every exception.

    `batch_done` is called when all events read so far have been handled, `failed` with a text when an
    exception was caught outside any callback, so that events may be lost; both by the reading thread.
    Raises OSError EMFILE from the constructor when the user's limit of instances is reached.
    """

    def __init__(self, batch_done: Callable[[], None], failed: Callable[[str], None]) -> None:
        super().__init__()
        self.name = "vexord-watch"
        self._batch_done = batch_done
        self._failed = failed
        os.set_inheritable(self._inotify_fd, False)

    @property
    def count(self) -> int:
        """Number of watches held, which is what the kernel counts against the user's limit."""
        return len(self._watch_for_wd)

    def watch(self, path: str, callback: WatchCallback, key: int) -> int:
        """Watch the folder `path` for the owner `key`; the same folder always gives the same descriptor.

        Raises OSError: ENOSPC at the limit of watches, EACCES, ENOENT, ENOTDIR (also for a symlink).
        """
        with self._lock:
            watch = self._get_or_create_watch(os.fsencode(path), _MASK)
            if watch.wd == -1:  # watchdog ignores EACCES and files the failure as a watch
                del self._watch_for_wd[watch.wd]
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
            # Not `add_callback`: it warns, with a text of any length, about an owner it knows already.
            watch.callbacks[CallbackId(key)] = callback
            return watch.wd

    def unwatch(self, descriptors: Iterable[int], key: int) -> None:
        """End the watches of the owner `key`; those that the kernel ended already are passed over."""
        self.remove_callbacks([(WatchDescriptor(wd), CallbackId(key)) for wd in descriptors])

    def readable(self) -> bool:
        """Whether more events wait in the kernel's queue."""
        poller = select.poll()
        poller.register(self._inotify_fd, select.POLLIN)
        return bool(poller.poll(0))

    def run(self) -> None:
        """Read and dispatch until stopped."""
        while self.should_keep_running():
            events: list[InotifyEvent] = []
            if not self._guarded(lambda: events.extend(self.read_events())):  # noqa: B023
                self.stopped_event.wait(_PAUSE_AFTER_ERROR_S)
            for event in events:
                self._guarded(partial(self.handle_event, event))
            self._guarded(self._batch_done)

    def _guarded(self, step: Callable[[], None]) -> bool:
        try:
            step()
        except Exception:
            if not self.should_keep_running():
                return False
            log.exception("the watcher failed and goes on")
            self._failed("the watcher failed inside; see the log")
            return False
        return True
