"""The server: one router thread that never waits for anything but its poll."""

import logging
import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

import zmq
from vexor_protocol.locations import LocationError, socket_path
from vexor_protocol.messages import EventParams

from vexord.embed.choice import Embedding
from vexord.link.messages import ToIndexer
from vexord.projects.live import Opened
from vexord.server.dispatch import Dispatcher
from vexord.server.handlers import handlers
from vexord.server.indexer import IndexerHandle, IndexerLink
from vexord.server.installed import Installed
from vexord.server.outbox import Outbox
from vexord.server.projects_view import ProjectView
from vexord.server.services import OwnFigures, SearchEngine, Services
from vexord.server.socket import REBIND_AFTER_S, RouterSocket
from vexord.server.subscriptions import Subscriptions
from vexord.server.timers import Timers
from vexord.server.tracker import Tracker
from vexord.server.wake import Wake
from vexord.server.workers import THREADS, WAITING_THREADS, Workers

logger = logging.getLogger(__name__)

TICK_S = 1.0
IDLE_TICK_S = 3.0
"""While there is nothing that a tick could move on: settings that the user has changed are seen so soon."""
STOPPING_TICK_S = 0.02
MESSAGES_A_TURN = 64
"""So many requests are taken before the indexer and the timers have their turn again."""
REBIND_RETRY_S = 1.0
WORKERS_GRACE_S = 0.5


def _nothing() -> None:
    pass


def _ignore(_: object) -> None:
    pass


def _log_failure(error: Exception) -> None:
    logger.error("cannot take the model that was chosen: %s", error)


def _guarded(callback: Callable[[], None]) -> None:
    """Run one callback so that its failure does not take the others with it."""
    try:
        callback()
    except Exception:
        logger.exception("unexpected error in a callback")


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Whom the server tells. The first two are called in the thread of `run` and must be quick."""

    on_ready: Callable[[], None] = _nothing
    """Once: the socket is bound and answers."""
    on_turn: Callable[[], None] = _nothing
    """After each turn of the router's loop, so that its silence after a `nudge` means a stuck loop."""
    on_embedding: Callable[[Embedding], None] = _ignore
    """In a worker: another model was chosen. The indexer is started anew meanwhile."""


class Server:
    """Answers requests from `run` until it is told to stop."""

    def __init__(
        self,
        opened: Opened,
        engine: SearchEngine,
        spawn_indexer: Callable[[], IndexerHandle],
        callbacks: Callbacks | None = None,
    ) -> None:
        self._callbacks = callbacks or Callbacks()
        self._wake = Wake()
        self._stop_wanted = threading.Event()
        self._stopping = False
        self._last_tick_s = self._last_choices_s = -math.inf
        self._timers = Timers()
        self._live = opened.live
        remote = opened.live.choices.embedding.is_remote
        self._workers = Workers(self._wake, WAITING_THREADS if remote else THREADS)
        self._tracker = Tracker(
            opened.settings, opened.registry, opened.live.choices, self._timers, self._tell_indexer
        )
        self._link = IndexerLink(spawn_indexer, self._timers, self._tracker)
        self._socket = RouterSocket(socket_path())
        self._subscriptions = Subscriptions(self._socket.send)
        self._installed = Installed()
        self._tracker.publish = self._publish
        services = Services(
            registry=opened.registry,
            live=opened.live,
            engine=engine,
            timers=self._timers,
            workers=self._workers,
            tracker=self._tracker,
            link=self._link,
            socket=self._socket,
            subscriptions=self._subscriptions,
            installed=self._installed,
            figures=OwnFigures(os.urandom(8).hex(), opened.unclean_ends),
            stop=self.request_stop,
        )
        self._outbox = Outbox(self._socket.send, self._timers, time.monotonic)
        self._dispatcher = Dispatcher(self._outbox.send, handlers(services))

    def request_stop(self) -> None:
        """Make `run` return soon. Safe from any thread and from signal handlers."""
        self._stop_wanted.set()
        self._wake.set()

    def nudge(self) -> None:
        """Make the loop turn once, though nothing has happened. Safe from any thread."""
        self._wake.set()

    def run(self) -> None:
        """Serve until `request_stop`, `shutdown`, SIGTERM or SIGINT; takes less than 5 s to end then.

        Raises:
            LocationError: the socket cannot be bound.
        """
        try:
            self._socket.bind()
            with self._signals():
                self._link.start()
                self._callbacks.on_ready()
                self._loop()
        finally:
            self._socket.close()
            self._workers.close(WORKERS_GRACE_S)
            self._wake.close()

    # --- the loop ------------------------------------------------------------------------------------------

    def _loop(self) -> None:
        while not (self._stopping and self._link.gone):
            try:
                self._turn()
            except Exception:  # one bad message must not end the service of all others
                logger.exception("unexpected error in the router")

    def _turn(self) -> None:
        ready = self._wait()
        self._refresh_choices(time.monotonic())
        self._socket.read_monitor(ready)
        self._shed_a_crowd(time.monotonic())
        if self._socket.has_messages(ready):
            for _ in range(MESSAGES_A_TURN):
                message = self._socket.receive()
                if message is None:
                    break
                self._dispatcher.receive(*message)
        for identity in self._socket.take_gone():
            self._dispatcher.forget(identity)
            self._outbox.forget(identity)
            self._subscriptions.forget(identity)
        self._link.read()
        for callback in self._workers.finished():
            _guarded(callback)
        for timer in self._timers.take_due(time.monotonic()):
            _guarded(timer.fire)
        self._tick(time.monotonic())
        if self._stop_wanted.is_set() and not self._stopping:
            self._begin_stop()
        self._callbacks.on_turn()

    def _wait(self) -> dict[object, int]:
        """Sleep until there is something to do; return what the poller found to be ready."""
        poller = zmq.Poller()
        self._socket.register(poller)
        poller.register(self._wake.fileno(), zmq.POLLIN)
        channel = self._link.channel
        if channel is not None:
            writing = zmq.POLLOUT if channel.wants_write else 0
            poller.register(channel.fileno(), zmq.POLLIN | writing)
        now = time.monotonic()
        waits = [max(0.0, self._tick_due_s() - now), self._timers.next_in(now)]
        timeout_s = min(wait for wait in waits if wait is not None)
        ready: dict[object, int] = dict(poller.poll(math.ceil(timeout_s * 1000)))
        if self._wake.fileno() in ready:
            self._wake.clear()
        if channel is not None and ready.get(channel.fileno(), 0) & zmq.POLLOUT:
            self._link.flush()
        return ready

    def _tick(self, now: float) -> None:
        if now < self._tick_due_s():
            return
        self._last_tick_s = now
        self._link.tick(now)
        self._subscriptions.tick()
        self._tracker.tick(now)
        self._installed.look()

    def _shed_a_crowd(self, now: float) -> None:
        """At each turn: a thousand peers can come in a tenth of a second."""
        if self._socket.crowded and not self._stopping:
            self._socket.shed()
            self._timers.at(now + REBIND_AFTER_S, self._bind_again)

    def _refresh_choices(self, now: float) -> None:
        """Look whether the user has chosen anew: before a request is taken, once a second at most."""
        if self._stopping or now < self._last_choices_s + TICK_S:
            return
        self._last_choices_s = now
        before = self._live.choices.embedding
        if self._live.refresh():
            self._tracker.choose(self._live.choices)
        after = self._live.choices.embedding
        if self._live.key_changed() or after != before:
            if after.is_remote:
                self._workers.grow(WAITING_THREADS)
            self._workers.submit(lambda: self._callbacks.on_embedding(after), _ignore, _log_failure)
            self._link.renew()

    def _tick_due_s(self) -> float:
        if self._stopping:
            return self._last_tick_s + STOPPING_TICK_S
        restless = self._link.restless or self._subscriptions.restless
        return self._last_tick_s + (TICK_S if restless else IDLE_TICK_S)

    def _bind_again(self) -> None:
        if self._stopping:
            return
        try:
            self._socket.bind()
        except LocationError as error:
            logger.warning("cannot listen again: %s", error.message)
            self._timers.at(time.monotonic() + REBIND_RETRY_S, self._bind_again)

    def _begin_stop(self) -> None:
        logger.info("stopping")
        self._stopping = True
        self._dispatcher.stop()
        self._link.stop(time.monotonic())
        self._last_tick_s = -math.inf

    # -------------------------------------------------------------------------------------------------------

    def _tell_indexer(self, message: ToIndexer) -> bool:
        return self._link.send(message)

    def _publish(self, view: ProjectView, event: EventParams) -> None:
        self._subscriptions.publish(view.project.id, event)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Stop on SIGTERM and SIGINT while serving; only the main thread can be asked to."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(_number: int, _frame: FrameType | None) -> None:
            self.request_stop()

        before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
