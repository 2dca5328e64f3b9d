"""What a watcher says, and the guard around the sink that hears it."""

import logging
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Dirty:
    """Something happened at `rel` (relative to `root`, "" = the root): only lstat says what.

    `is_dir`: a folder appeared, vanished or moved; all that is or was below it is meant.
    """

    root: str
    rel: str
    is_dir: bool


@dataclass(frozen=True, slots=True)
class Doubt:
    """Events of `root` may be missing: compare it with the disk. `detail` is text for users.

    `reason`: overflow, watch_limit, instance_limit, root_gone, watcher_error or no_events. watch_limit,
    instance_limit and no_events describe a state that lasts; they are said once, when it begins.
    """

    root: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class CookieSeen:
    """All events of writes that finished before `send_cookie` returned `token` have been said."""

    token: int


Event = Dirty | Doubt | CookieSeen
Sink = Callable[[Event], None]
Prune = Callable[[str], bool]


class SafeSink:
    """Hands events to the consumer's sink; a sink that raises costs a `Doubt`, never the thread."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def send(self, events: Iterable[Event]) -> None:
        """Deliver in order. Never raises."""
        for event in events:
            if self._delivered(event):
                continue
            if isinstance(event, Dirty):
                self._delivered(Doubt(event.root, "watcher_error", "an event could not be handed on"))

    def _delivered(self, event: Event) -> bool:
        try:
            self._sink(event)
        except Exception:
            log.exception("the sink of the watcher failed on a %s", type(event).__name__)
            return False
        return True


def join(parent: str, name: str) -> str:
    """`name` below the relative folder `parent`."""
    return f"{parent}/{name}" if parent else name


def absolute(root: str, rel: str) -> str:
    """The full path of `rel`."""
    return f"{root.rstrip('/')}/{rel}" if rel else root


def shown(path: str) -> str:
    """`path` as valid text, for messages: bytes that are not UTF-8 are replaced."""
    return os.fsencode(path).decode("utf-8", "replace")
