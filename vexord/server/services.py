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
from vexord.server.indexer import IndexerLink
from vexord.server.socket import RouterSocket
from vexord.server.subscriptions import Subscriptions
from vexord.server.timers import Timers
from vexord.server.tracker import Tracker
from vexord.server.workers import Workers

RSS_VALID_S = 1.0


class SearchEngine(Protocol):
    """Answers queries from snapshots. Blocking and thread-safe."""

    problem: str
    """Why answers are not as good as was chosen; empty if they are."""

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

    def query_cache(self) -> QueryCache:
        """Return how the cache of query embeddings does. Never blocks for long."""
        ...


@dataclass(slots=True)
class OwnFigures:
    """Who this daemon is, and how it does."""

    boot_id: str
    """New with every start."""
    started_s: float = field(default_factory=time.monotonic)
    searches: int = 0
    _rss: tuple[float, int] = (-RSS_VALID_S, 0)

    def rss_bytes(self) -> int:
        """Return the memory that this process holds, at most a second old."""
        now = time.monotonic()
        if now - self._rss[0] >= RSS_VALID_S:
            import psutil  # not before somebody asks

            self._rss = (now, psutil.Process().memory_info().rss)
        return self._rss[1]


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
    figures: OwnFigures
    stop: Callable[[], None]
    """Ask the router to stop after this turn."""
