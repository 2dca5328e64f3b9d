"""A real server on a real socket, with a scripted indexer at the other end of a real socket pair."""

import itertools
import select
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import zmq
from vexor_protocol.client import Client
from vexor_protocol.health import Degraded, Progress, QueryCache
from vexor_protocol.locations import ensure_runtime_dir, socket_path
from vexor_protocol.messages import Hit, QueryResult
from vexor_protocol.wire import Reply, decode_message, encode_request

from tests.support.waiting import wait_until
from vexord.embed.choice import Embedding
from vexord.embed.seam import Fingerprint
from vexord.index.types import Chunk, FileStamp, IndexedFile
from vexord.index.writer import IndexWriter
from vexord.link.channel import Channel, ChannelClosedError
from vexord.link.messages import (
    Closed,
    CloseProject,
    Heartbeat,
    Hello,
    OpenProject,
    Prefer,
    Published,
    Reindex,
    State,
    Stop,
    Sync,
    Synced,
    ToIndexer,
    ToServer,
)
from vexord.projects.live import LiveChoices, Opened
from vexord.projects.registry import Registry
from vexord.projects.settings import Settings
from vexord.search.engine import SearchOptions, Target
from vexord.server.app import Callbacks, Server

FINGERPRINT = Fingerprint(provider="test", endpoint="", model="test", dimensions=4, chunker=1)
STAMP = FileStamp(size=5, mtime_ns=1, inode=1, ctime_ns=1)
_pids = itertools.count(2_000_000)


class FakeIndexer:
    """Speaks the link's messages as told. It writes real generations, so that snapshots really open."""

    def __init__(self, epoch: str, behaviour: "Behaviour") -> None:
        self.pid = next(_pids)
        self.sock, self._theirs = socket.socketpair()
        self.epoch = epoch
        self.behaviour = behaviour
        self.received: list[ToIndexer] = []
        self.killed = self.terminated = False
        self.cpu = 0.0
        self.exited = threading.Event()
        self._ticks: dict[str, int] = {}
        self._writers: dict[str, IndexWriter] = {}
        self._channel: Channel[ToServer, ToIndexer] = Channel(self._theirs, ToIndexer)
        self._lock = threading.RLock()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    # --- as a process --------------------------------------------------------------------------------------

    def poll(self) -> int | None:
        return 1 if self.exited.is_set() else None

    def cpu_s(self) -> float:
        return self.cpu

    def kill(self) -> None:
        self.killed = True
        self.die()

    def terminate(self) -> None:
        self.terminated = True
        if not self.behaviour.ignores_stop:
            self.die()

    def die(self) -> None:
        with self._lock:
            if not self.exited.is_set():
                self.exited.set()
                self._theirs.shutdown(socket.SHUT_RDWR)
                for writer in self._writers.values():
                    writer.close()

    # --- what tests do -------------------------------------------------------------------------------------

    @property
    def syncs(self) -> list[Sync]:
        return [message for message in self.received if isinstance(message, Sync)]

    def send(self, message: ToServer) -> None:
        with self._lock:
            self._channel.send(message)
            while self._channel.wants_write:
                select.select([], [self._theirs], [], 5.0)
                self._channel.flush()

    def publish(self, project_id: str, changed: Sequence[str] = ("a.py",)) -> int:
        """Write a generation and announce it."""
        with self._lock:
            tick = self._ticks[project_id] = self._ticks.get(project_id, 0) + 1
            generation = self._writers[project_id].commit([one_file(path, tick) for path in changed], [])
            self.send(Published(project_id, generation, self.epoch, tick, list(changed), []))
            return generation

    def report(
        self,
        project_id: str,
        state: str = "ready",
        pending: int = 0,
        progress: Progress | None = None,
        degraded: Sequence[Degraded] = (),
    ) -> None:
        with self._lock:
            self.send(
                State(
                    id=project_id,
                    state=state,
                    epoch=self.epoch,
                    tick=self._ticks.get(project_id, 0),
                    generation=1,
                    pending=pending,
                    files=1,
                    chunks=1,
                    segments=1,
                    index_bytes=100,
                    model="test",
                    progress=progress,
                    degraded=list(degraded),
                )
            )

    def answer(self, sync: Sync, fresh: bool = True, reasons: Sequence[str] = (), pending: int = 0) -> None:
        with self._lock:
            tick = self._ticks.get(sync.id, 0)
            paths = [f"p{n}" for n in range(pending)]
            self.send(Synced(sync.id, sync.seq, fresh, list(reasons), pending, paths, 1, tick))

    # --- its life ------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            if self.behaviour.hello:
                self.send(Hello(self.pid))
                self.send(Heartbeat(rss_bytes=1_000, watches=3, watch_limit=8_192, queue=0))
            while True:
                select.select([self._theirs], [], [], 1.0)
                with self._lock:
                    for message in self._channel.receive():
                        self.received.append(message)
                        self._handle(message)
        except (ChannelClosedError, OSError, ValueError):
            self.die()

    def _handle(self, message: ToIndexer) -> None:
        match message:
            case OpenProject(spec=spec) if spec.id in self._writers:
                self.report(spec.id)
            case OpenProject(spec=spec):
                self._writers[spec.id] = IndexWriter.open(spec.index_dir, FINGERPRINT)
                if self.behaviour.ready:
                    self.publish(spec.id)
                    self.report(spec.id)
                else:
                    self.report(spec.id, "indexing")
            case Sync() if self.behaviour.on_sync is not None:
                self.behaviour.on_sync(self, message)
            case CloseProject(id=project_id):
                self._writers.pop(project_id).close()
                self.send(Closed(project_id))
            case Stop() if not self.behaviour.ignores_stop:
                self.die()
            case Prefer() | Reindex() | Stop() | Sync():
                pass


def answer_fresh(indexer: FakeIndexer, sync: Sync) -> None:
    indexer.answer(sync)


class Behaviour:
    """How the fake indexers behave; tests change it at any time."""

    def __init__(self) -> None:
        self.hello = True
        self.ready = True
        self.ignores_stop = False
        self.on_sync: Callable[[FakeIndexer, Sync], None] | None = answer_fresh
        self.spawn_fails = False


class FakeEngine:
    """Answers at once, or when `gate` opens; counts and keeps what it was asked."""

    second = None

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.calls: list[tuple[list[Target], list[str], SearchOptions]] = []
        self.dropped: list[int] = []
        """Number of dropped hits that the next searches report."""
        self.error: Exception | None = None
        self.text = "def a(): pass"
        self.path = "a.py"

    def query_cache(self) -> QueryCache:
        return QueryCache(entries=1, bytes=20, max_bytes=100, hits=3, misses=1)

    def search(
        self, targets: Sequence[Target], queries: Sequence[str], options: SearchOptions
    ) -> list[QueryResult]:
        self.calls.append((list(targets), list(queries), options))
        assert self.gate.wait(30)
        if self.error is not None:
            raise self.error
        dropped = self.dropped.pop(0) if self.dropped else 0
        hits = [
            Hit(
                path=self.path, project=targets[0].project, start_line=1, end_line=1, score=1.0, symbol="a",
                kind="function", language="python", text=self.text,
            )
        ]  # fmt: skip
        return [QueryResult(query=query, hits=hits, dropped=dropped) for query in queries]

    def related(
        self, place: Target, line: int | None, targets: Sequence[Target], options: SearchOptions
    ) -> QueryResult:
        return self.search(targets, [f"{place.root}|{place.prefix}|{line}"], options)[0]


class Harness:
    """A running server and all that it is connected to."""

    def __init__(self) -> None:
        ensure_runtime_dir()
        self.path = socket_path()
        self.settings = Settings.load()
        self.registry = Registry(self.settings.registry_file)
        self.engine = FakeEngine()
        self.behaviour = Behaviour()
        self.indexers: list[FakeIndexer] = []
        self.ready = threading.Event()
        self.turns = 0
        self.failure: BaseException | None = None
        opened = Opened(self.settings, self.registry, LiveChoices(self.settings.config_dir))
        self.embeddings: list[Embedding] = []
        callbacks = Callbacks(self._ready, self._turned, self.embeddings.append)
        self.server = Server(opened, self.engine, self._spawn, callbacks)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _ready(self) -> None:
        self.ready.set()

    @property
    def indexer(self) -> FakeIndexer:
        return self.indexers[-1]

    def start(self) -> None:
        self._thread.start()
        assert self.ready.wait(10), self.failure

    def stop(self) -> None:
        self.server.request_stop()
        self.join()

    def join(self, timeout: float = 10.0) -> None:
        self._thread.join(timeout)
        assert not self._thread.is_alive()

    def client(self) -> Client:
        return Client(self.path)

    def asker(self) -> "Asker":
        return Asker(self.path)

    def ask(self, method: str, timeout: float = 10.0, **params: object) -> dict:
        with self.client() as client:
            return client.request(method, params, timeout)

    def project(self, path: object) -> str:
        """Register a folder, wait until the server has heard that it is ready, return its id."""
        reply = self.ask("register", path=str(path))
        wait_until(lambda: self.status_of(reply["project"])["state"] == "ready", what="ready")
        found = self.registry.find(reply["project"])
        assert found is not None
        return found.id

    def status_of(self, root: object) -> dict:
        return next(p for p in self.ask("projects")["projects"] if p["project"] == str(root))

    def _spawn(self) -> FakeIndexer:
        if self.behaviour.spawn_fails:
            raise OSError(11, "no process left")
        self.indexers.append(FakeIndexer(f"{len(self.indexers) + 1:08x}", self.behaviour))
        return self.indexers[-1]

    def _turned(self) -> None:
        self.turns += 1

    def _run(self) -> None:
        try:
            self.server.run()
        except BaseException as error:
            self.failure = error


class Asker:
    """A DEALER that sends without waiting for the reply."""

    def __init__(self, path: str) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.socket = self._context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.connect(f"ipc://{path}")
        self._ids = itertools.count(1)

    def __enter__(self) -> "Asker":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()
        self._context.term()

    def send(self, method: str, **params: object) -> int:
        number = next(self._ids)
        self.socket.send(encode_request(method, params, number))
        return number

    def raw(self, *frames: bytes) -> None:
        self.socket.send_multipart(list(frames))

    def receive(self, timeout: float = 10.0) -> Reply:
        assert self.socket.poll(int(timeout * 1000)), "no reply"
        message = decode_message(self.socket.recv_multipart()[-1])
        assert isinstance(message, Reply)
        return message

    def silent(self, seconds: float = 0.1) -> bool:
        return not self.socket.poll(int(seconds * 1000))


@contextmanager
def running(harness: Harness) -> Iterator[Harness]:
    harness.start()
    try:
        yield harness
    finally:
        harness.engine.gate.set()
        harness.stop()


def one_file(path: str, number: int) -> IndexedFile:
    """A file with one chunk; a new content for each number."""
    text = f"x = {number}"
    return IndexedFile(
        path=path, stamp=STAMP, checked_ns=2, content_hash=number.to_bytes(16, "little"),
        language="python", encoding="utf-8",
        chunks=[Chunk(start_line=1, end_line=1, start_byte=0, end_byte=len(text), text=text)],
        vectors=np.ones((1, 4), np.int8),
    )  # fmt: skip
