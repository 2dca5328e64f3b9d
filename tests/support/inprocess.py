"""The daemon's road of a request without sockets, threads and processes: frames in, replies out, at once."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from vexor_protocol.health import IndexerStatus

from vexord.embed.default import default_embedder
from vexord.index.writer import IndexWriter
from vexord.ingest.pipeline import Pipeline
from vexord.link.messages import (
    Closed,
    CloseProject,
    OpenProject,
    ProjectSpec,
    Published,
    Reindex,
    State,
    Sync,
    Synced,
    ToIndexer,
    ToServer,
)
from vexord.projects import registry
from vexord.projects.live import LiveChoices
from vexord.projects.registry import Registry
from vexord.projects.settings import Settings
from vexord.search.engine import Engine
from vexord.server.dispatch import Dispatcher
from vexord.server.handlers import handlers
from vexord.server.installed import Installed
from vexord.server.services import OwnFigures, Services
from vexord.server.socket import Peer
from vexord.server.subscriptions import Subscriptions
from vexord.server.timers import Timers
from vexord.server.tracker import Tracker


class _Now:
    """Does a worker's jobs at once; what is to follow comes when the router would have its turn."""

    def __init__(self) -> None:
        self.finished: deque[Callable[[], None]] = deque()

    def submit(
        self,
        job: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[Exception], None],
        *_: bytes,
    ) -> None:
        try:
            result = job()
        except Exception as raised:
            error = raised
            self.finished.append(lambda: failed(error))
        else:
            self.finished.append(lambda: done(result))


class _Indexer:
    """Indexes folders below `base` when they are opened; every sync is answered as fresh."""

    def __init__(self, base: Path) -> None:
        self._base = str(base)
        self.running = True
        self.spent = None
        self.said: deque[ToServer] = deque()
        self._ticks: dict[str, int] = {}

    def send(self, message: ToIndexer) -> bool:
        match message:
            case OpenProject(spec=spec):
                self._open(spec)
            case CloseProject(id=id_):
                self.said.append(Closed(id_))
            case Sync(id=id_, seq=seq):
                self.said.append(Synced(id_, seq, True, [], 0, [], 1, self._ticks.get(id_, 0)))
            case Reindex():
                pass
        return True

    def status(self) -> IndexerStatus:
        return IndexerStatus(
            state="running",
            pid=1,
            restarts=0,
            rss_bytes=1,
            watches=1,
            watch_limit=None,
            queue=0,
            last_error="",
        )

    def degraded(self) -> list[Any]:
        return []

    def _open(self, spec: ProjectSpec) -> None:
        files: list[str] = []
        if spec.root.startswith(self._base + "/"):
            root = Path(spec.root)
            files = [str(path.relative_to(root)) for path in sorted(root.rglob("*")) if path.is_file()]
        tick = self._ticks[spec.id] = self._ticks.get(spec.id, 0) + 1
        generation = 0
        if files and tick == 1:
            embedder = default_embedder(1)
            writer = IndexWriter.open(spec.index_dir, embedder.fingerprint)
            generation = writer.commit(Pipeline(spec.root, writer, embedder).run(files).upserts, [])
            writer.close()
            self.said.append(Published(spec.id, generation, "00000001", tick, files, []))
        self.said.append(
            State(
                id=spec.id, state="ready", epoch="00000001", tick=tick, generation=generation, pending=0,
                files=len(files), chunks=len(files), segments=1, index_bytes=1, model="test",
            )
        )  # fmt: skip


class InProcess:
    """Everything behind the socket, over real folders below `base`. `ask` returns what would be sent back."""

    def __init__(self, base: Path) -> None:
        settings = Settings.load()
        self.registry = Registry(settings.registry_file)
        live = LiveChoices(settings.config_dir)
        self.timers = Timers()
        self._workers = _Now()
        self._indexer = _Indexer(base)
        self._sent: list[tuple[Peer, bytes]] = []
        self._subscriptions = Subscriptions(self._send)
        self.tracker = Tracker(settings, self.registry, live.choices, self.timers, self._indexer.send)
        self.tracker.publish = lambda view, event: self._subscriptions.publish(view.project.id, event)
        self.tracker.indexer_started()
        self.stops = 0
        self.services = Services(
            registry=self.registry,
            live=live,
            engine=Engine(),
            timers=self.timers,
            workers=cast("Any", self._workers),
            tracker=self.tracker,
            link=cast("Any", self._indexer),
            socket=cast("Any", SimpleNamespace(path="socket", peers=1, rejected=0, sheds=0)),
            subscriptions=self._subscriptions,
            installed=Installed(),
            figures=OwnFigures("boot"),
            stop=self._stop,
        )
        self.dispatcher = Dispatcher(self._send, handlers(self.services))

    def ask(self, identity: bytes, frames: Sequence[bytes]) -> list[bytes]:
        """Handle a message of a peer that goes afterwards; return all that was sent to it."""
        self._sent.clear()
        self.dispatcher.receive(identity, frames)
        self.turn()
        replies = [body for peer, body in self._sent if peer.identity == identity]
        self.dispatcher.forget(identity)
        self._subscriptions.forget(identity)
        return replies

    def turn(self) -> None:
        """Let everything happen that can happen now."""
        while self._indexer.said or self._workers.finished or self.timers.next_in(time.monotonic()) == 0.0:
            while self._indexer.said:
                self.tracker.indexer_said(self._indexer.said.popleft())
            while self._workers.finished:
                self._workers.finished.popleft()()
            for timer in self.timers.take_due(time.monotonic()):
                timer.fire()

    def _send(self, peer: Peer, body: bytes) -> None:
        self._sent.append((peer, body))

    def _stop(self) -> None:
        self.stops += 1


@contextmanager
def only_below(base: Path) -> Iterator[None]:
    """Requests that were made by chance must not put anything into folders of this machine."""
    create = registry._create_in_project_folder

    def guarded(root: str) -> None:
        if root.startswith(str(base) + "/"):
            create(root)

    registry._create_in_project_folder = guarded
    try:
        yield
    finally:
        registry._create_in_project_folder = create
