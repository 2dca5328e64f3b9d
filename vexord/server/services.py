"""What the handlers work with."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from vexor_protocol.health import QueryCache
from vexor_protocol.messages import QueryResult

from vexord.projects.live import LiveChoices
from vexord.projects.registry import Registry
from vexord.search.engine import SearchOptions, Target
from vexord.search.second import SecondModels
from vexord.server.indexer import IndexerLink
from vexord.server.installed import Installed
from vexord.server.socket import RouterSocket
from vexord.server.subscriptions import Subscriptions
from vexord.server.timers import Timers
from vexord.server.tracker import Tracker
from vexord.server.workers import Workers

MEMORY_VALID_S = 1.0


class SearchEngine(Protocol):
    """Answers queries from snapshots. Blocking and thread-safe."""

    def search(
        self, targets: Sequence[Target], queries: Sequence[str], options: SearchOptions
    ) -> list[QueryResult]:
        """Return one result for each query. Raises ProtocolError."""
        ...

    def related(
        self, place: Target, line: int | None, targets: Sequence[Target], options: SearchOptions
    ) -> QueryResult:
        """Return what is like the file at `place.prefix`, or its chunk at a line. Raises ProtocolError."""
        ...

    @property
    def second(self) -> SecondModels | None:
        """Who embeds queries with second models, and how that does."""
        ...

    def query_cache(self) -> QueryCache:
        """Return how the cache of query embeddings does. Never blocks for long."""
        ...


@dataclass(slots=True)
class OwnFigures:
    """Who this daemon is, and how it does."""

    boot_id: str
    """New with every start."""
    unclean_ends: Sequence[str] = ()
    """When earlier daemons were started that ended without being told to."""
    started_s: float = field(default_factory=time.monotonic)
    searches: int = 0
    _memory: tuple[float, int, int] = (-MEMORY_VALID_S, 0, 0)

    def memory(self) -> tuple[int, int]:
        """Return the bytes that this process holds, at most a second old, and those of them in mapped files.

        The latter are 0 where the system does not tell.
        """
        now = time.monotonic()
        if now - self._memory[0] >= MEMORY_VALID_S:
            import psutil  # not before somebody asks

            found = psutil.Process().memory_info()
            self._memory = (now, found.rss, getattr(found, "shared", 0))
        return self._memory[1], self._memory[2]


@dataclass(slots=True)
class Services:
    """Everything that handlers use; made once by `Server`."""

    registry: Registry
    live: LiveChoices
    engine: SearchEngine
    timers: Timers
    workers: Workers
    tracker: Tracker
    link: IndexerLink
    socket: RouterSocket
    subscriptions: Subscriptions
    installed: Installed
    figures: OwnFigures
    stop: Callable[[], None]
    """Ask the router to stop after this turn."""
