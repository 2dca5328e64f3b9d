"""Rows of a second model by a provider: a client in a loop of its own, and a cache that keeps them."""

import asyncio
import logging
import queue
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from vexor_protocol.health import Degraded, RemoteFigures

from vexord.embed.cache import EmbeddingCache
from vexord.embed.kept import Kept, open_cache
from vexord.embed.remote.client import Client
from vexord.embed.remote.figures import Figures, provider_problem, told
from vexord.embed.remote.loop import LoopThread
from vexord.embed.remote.opened import ChosenProvider
from vexord.embed.remote.policy import Policy
from vexord.embed.remote.queries import SHARE as QUERY_SHARE
from vexord.embed.remote.work import Request
from vexord.embed.seam import Vectors
from vexord.ingest.makers import Item, Made

logger = logging.getLogger(__name__)

ROOM = 8_192
"""Texts with the client at most: enough for many large requests at once, and some megabytes."""
LOOK_S = 0.5
"""So often the client's figures are taken while it has something to do."""
CLOSE_S = 1.5
"""How long an end waits for answers that are on their way: they are paid for."""


class RemoteMaker:
    """A `makers.RowMaker`. The loop begins with the first text."""

    urgent = True

    def __init__(
        self, kept: Kept, folder: str, wake: Callable[[], None], policy: Policy | None = None
    ) -> None:
        """`folder` is that of the caches; `wake` is called whenever there is something to take or to tell."""
        self._kept = kept
        self._folder = folder
        self._wake = wake
        self._policy = replace(policy or Policy(), grace_s=CLOSE_S / 2)
        self._loop: LoopThread | None = None
        self._done: queue.SimpleQueue[Made] = queue.SimpleQueue()
        self._wanted: dict[int, set[str]] = {}
        """Hash with the client → projects that want it."""
        self._inside = _Inside(kept, folder, self._policy, self._tell)
        self.figures: Figures | None = None
        """What was asked so far; None if nothing was."""

    def room(self) -> int:
        """Return how many texts it would take now."""
        return ROOM - len(self._wanted)

    def submit(self, project: str, items: Sequence[Item], *, first: bool) -> None:
        """Have these embedded, before all that waits if `first`."""
        for item in items:
            self._wanted.setdefault(item.key, set()).add(project)
        if self._loop is None:
            self._loop = LoopThread("provider")
        self._loop.call(self._inside.add, project, items, first)

    def take(self) -> list[Made]:
        """Return what is done since the last call."""
        done: list[Made] = []
        while True:
            try:
                made = self._done.get_nowait()
            except queue.Empty:
                return done
            for key in (*made.hashes, *made.unfit):
                self._wanted.pop(key, None)
            done.append(made)

    def forget(self, project: str) -> None:
        """The project has gone: what only it wants is not sent any more."""
        for projects in self._wanted.values():
            projects.discard(project)
        self._wanted = {key: projects for key, projects in self._wanted.items() if projects}
        if self._loop is not None:
            self._loop.call(self._inside.forget, project)

    def problem(self) -> Degraded | None:
        """Return why nothing is sent, if it is the provider's fault and not only for a moment."""
        return provider_problem(self._kept.chosen.provider, self.figures)

    def spent(self) -> RemoteFigures | None:
        """Return what was asked so far."""
        return told(self.figures) if self.figures is not None else None

    def close(self) -> None:
        """Wait a moment for answers that are on their way, keep them, and end."""
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.close(self._inside.close(), CLOSE_S)

    def _tell(self, made: Made | None, figures: Figures | None) -> None:
        """Called in the loop's thread."""
        if made is not None:
            self._done.put(made)
        if figures is not None:
            self.figures = figures
        self._wake()


class _Inside:
    """What runs in the loop; it is the client's sink."""

    def __init__(
        self, kept: Kept, folder: str, policy: Policy, tell: Callable[[Made | None, Figures | None], None]
    ) -> None:
        self._kept = kept
        self._folder = folder
        self._policy = policy
        self._tell = tell
        self._cache: EmbeddingCache | None = None
        self._client: Client | None = None
        self._watch: asyncio.Task[None] | None = None
        self._busy = asyncio.Event()

    def add(self, project: str, items: Sequence[Item], first: bool) -> None:
        """Give texts to the client, but those whose row came after they were found to lack one."""
        client = self._opened()
        known = self._known([item.key for item in items])
        if known:
            self._tell(Made(sorted(known)), None)
        requests = [
            Request(key=item.key, name=item.path, text=item.text) for item in items if item.key not in known
        ]
        client.add(project, requests, first=first)
        self._busy.set()

    def forget(self, project: str) -> None:
        """Tell the client."""
        if self._client is not None:
            self._client.forget(project)

    def keep(self, keys: Sequence[int], rows: Vectors, _projects: Mapping[str, int]) -> None:
        """Write rows at once; see `delivery.Sink`."""
        if self._cache is None:
            self._cache = open_cache(self._folder, self._kept)
        self._cache.put(keys, rows)
        self._tell(Made(list(keys)), None)

    def set_aside(self, key: int, name: str, reason: str) -> None:
        """Note a text that cannot be embedded; see `delivery.Sink`."""
        logger.warning("a text cannot be embedded path=%r reason=%s", name, reason)
        self._tell(Made([], None, unfit=[key]), None)

    async def close(self) -> None:
        """End the client, then the cache: the last answers come between."""
        if self._watch is not None:
            self._watch.cancel()
        if self._client is not None:
            await self._client.close()
        if self._cache is not None:
            self._cache.close()

    def _opened(self) -> Client:
        if self._client is None:
            provider = ChosenProvider(
                self._kept.chosen, share=1 - QUERY_SHARE, dimensions=self._known_dimensions()
            )
            self._client = Client(provider, self, self._policy)
            self._watch = asyncio.get_running_loop().create_task(self._look(self._client))
        return self._client

    def _known(self, keys: Sequence[int]) -> set[int]:
        """Return which texts have a row by now: asked here, where rows are kept, none can come meanwhile."""
        if self._cache is None:
            return set()
        try:
            there = self._cache.known(np.fromiter(keys, np.uint64, len(keys))).tolist()
        except (OSError, sqlite3.Error):  # the indexer's loop meets it too, and mends it
            return set()
        return {key for key, known in zip(keys, there, strict=True) if known}

    def _known_dimensions(self) -> int:
        try:
            self._cache = open_cache(self._folder, self._kept)
            return self._cache.dimensions
        except (OSError, sqlite3.Error):  # it is opened again when there are rows to keep
            return 0

    async def _look(self, client: Client) -> None:
        """Take the figures as long as something is to be done."""
        while True:
            await self._busy.wait()
            figures = client.figures()
            self._tell(None, figures)
            if not figures.waiting:
                self._busy.clear()
            await asyncio.sleep(LOOK_S)
