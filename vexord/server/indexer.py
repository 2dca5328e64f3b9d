"""The indexer process as the server sees it: started, listened to, restarted when it dies or hangs."""

import logging
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Literal, Protocol

import msgspec
from vexor_protocol.health import Degraded, IndexerStatus, RemoteFigures

from vexord.link.channel import Channel, ChannelClosedError
from vexord.link.messages import Heartbeat, Hello, Spent, Stop, ToIndexer, ToServer
from vexord.moments import utc_text
from vexord.server.timers import Timer, Timers

logger = logging.getLogger(__name__)

FIRST_DELAY_S = 0.1
LAST_DELAY_S = 5.0
SILENCE_S = 30.0
"""An indexer that has not sent a heartbeat for so long is stuck, unless it is only short of CPU."""
SPIN_CPU_S = 60.0
"""So much CPU without a heartbeat is no work any more."""
LOOP_DEATHS = 5
LOOP_WINDOW_S = 60.0
STOP_TERM_S = 2.0
STOP_KILL_S = 4.0


class IndexerHandle(Protocol):
    """A started indexer process."""

    pid: int
    sock: socket.socket
    """Our end of its channel."""

    def poll(self) -> int | None:
        """Return the exit status, negative for a signal, or None while it runs."""

    def cpu_s(self) -> float:
        """Return the seconds of CPU that it has had."""

    def kill(self) -> None:
        """End it now."""

    def terminate(self) -> None:
        """Ask it to end."""


class IndexerListener(Protocol):
    """Who is told what happens to the indexer."""

    def indexer_started(self) -> None:
        """A new process can be sent messages; it knows of no project yet."""

    def indexer_lost(self) -> None:
        """The process has gone, and with it every answer that was due."""

    def indexer_said(self, message: ToServer) -> None:
        """A message came that is not about the process itself."""


class IndexerLink:
    """Keeps one indexer running. Router thread only."""

    def __init__(self, spawn: Callable[[], IndexerHandle], timers: Timers, listener: IndexerListener) -> None:
        self._spawn = spawn
        self._timers = timers
        self._listener = listener
        self._handle: IndexerHandle | None = None
        self._channel: Channel[ToIndexer, ToServer] | None = None
        self._dying: list[IndexerHandle] = []
        self._deaths: deque[float] = deque(maxlen=LOOP_DEATHS)
        self._retry: Timer | None = None
        self._heartbeat = Heartbeat(rss_bytes=0, watches=0, watch_limit=None, queue=0)
        self._heard_s = self._moved_s = self._silent_since_s = 0.0
        self._cpu_s = self._cpu_before_s = 0.0
        """CPU that it had at the last tick, and when it was last heard."""
        self._stuck = False
        self._stopping_s: float | None = None
        self._renewing_s: float | None = None
        self._terminated = False
        self._last_error = ""
        self._started_at: str | None = None
        self.spent: RemoteFigures | None = None
        """What the process told of its provider."""
        self.restarts = 0
        self.state: Literal["starting", "running", "restarting", "stopped"] = "starting"

    # --- what others ask -----------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether messages can be sent."""
        return self._channel is not None

    @property
    def restless(self) -> bool:
        """Whether `tick` waits for the end of a process: one that was killed, or is to make room."""
        return bool(self._dying) or self._renewing_s is not None

    @property
    def gone(self) -> bool:
        """After `stop`: whether the process has ended."""
        return self._handle is None

    @property
    def channel(self) -> "Channel[ToIndexer, ToServer] | None":
        """What to poll: for reading, and for writing while `wants_write`."""
        return self._channel

    def status(self) -> IndexerStatus:
        """Return the figures for clients."""
        return IndexerStatus(
            state=self.state,
            pid=self._handle.pid if self._handle is not None else None,
            restarts=self.restarts,
            rss_bytes=self._heartbeat.rss_bytes,
            watches=self._heartbeat.watches,
            watch_limit=self._heartbeat.watch_limit,
            queue=self._heartbeat.queue,
            last_error=self._last_error,
            started_at=self._started_at,
            children=self._heartbeat.children,
            children_rss_bytes=self._heartbeat.children_rss_bytes,
        )

    def degraded(self) -> list[Degraded]:
        """Return what is wrong with the process itself."""
        found: list[Degraded] = []
        if self._stuck:
            found.append(
                Degraded(
                    name="indexer_stuck",
                    message=f"the indexer was silent for {SILENCE_S:.0f} s and was started again",
                    hint="see: vexorctl logs",
                )
            )
        if self._looping():
            found.append(
                Degraded(
                    name="indexer_crash_loop",
                    message=f"the indexer died {LOOP_DEATHS} times within a minute ({self._last_error})",
                    hint="see: vexorctl logs",
                )
            )
        return found

    # --- what the router does ------------------------------------------------------------------------------

    def start(self) -> None:
        """Start a process; if that fails it is tried again later."""
        self._retry = None
        if self._stopping_s is not None:
            return
        try:
            self._handle = self._spawn()
        except Exception as error:  # whatever it is, searches go on without an indexer
            logger.exception("cannot start the indexer")
            self._died(f"cannot start: {error}")
            return
        self._channel = Channel(self._handle.sock, ToServer)
        self._heard_s = self._moved_s = time.monotonic()
        self._cpu_s = 0.0
        self._started_at = utc_text(time.time())
        logger.info("indexer started pid=%d restarts=%d", self._handle.pid, self.restarts)
        self._listener.indexer_started()

    def send(self, message: ToIndexer) -> bool:
        """Send a message; return whether there is an indexer to read it."""
        if self._channel is None:
            return False
        try:
            self._channel.send(message)
        except ChannelClosedError:
            self._lost("the channel was closed")
            return False
        return True

    def renew(self) -> None:
        """Have the process end and another one take over, as `spawn` starts it now."""
        if self._renewing_s is None and self._stopping_s is None and self.send(Stop()):
            self._renewing_s = time.monotonic()

    def flush(self) -> None:
        """Send what waits, as far as it goes."""
        try:
            if self._channel is not None:
                self._channel.flush()
        except ChannelClosedError:
            self._lost("the channel was closed")

    def read(self) -> None:
        """Take the messages that have arrived, and notice if the process has gone."""
        try:
            messages = self._channel.receive() if self._channel is not None else []
        except ChannelClosedError:
            self._lost("it ended")
            return
        except msgspec.DecodeError as error:
            self._lost(f"it sent nonsense: {error}")
            return
        for message in messages:
            try:
                self._take(message)
            except Exception:  # the messages after it must not be lost with it
                logger.exception("cannot handle a message of the indexer type=%s", type(message).__name__)

    def tick(self, now: float) -> None:
        """Reap, notice silence, escalate a stop: every few seconds, often while `restless` or stopping."""
        self._dying = [handle for handle in self._dying if handle.poll() is None]
        if self._stopping_s is not None:
            self._press(now)
        elif self._renewing_s is not None and now - self._renewing_s > STOP_KILL_S:
            self._lost("it did not make room for another")
        elif self._channel is not None and self._is_stuck(now):
            self._stuck = True
            self._lost(f"it was silent for {SILENCE_S:.0f} s")
        elif self._stuck and self.state == "running" and not self._died_within(LOOP_WINDOW_S):
            self._stuck = False

    def stop(self, now: float) -> None:
        """Ask the process to stop; `tick` presses harder until `gone`."""
        if self._stopping_s is None:
            self.send(Stop())
            self._stopping_s = now
            if self._retry is not None:
                self._retry.cancel()
            self._press(now)

    # -------------------------------------------------------------------------------------------------------

    def _take(self, message: ToServer) -> None:
        if isinstance(message, Hello):
            self.state = "running"
        elif isinstance(message, Heartbeat):
            self._heartbeat = message
        elif isinstance(message, Spent):
            self.spent = message.figures
        else:
            self._listener.indexer_said(message)
            return
        self._heard_s = time.monotonic()

    def _lost(self, reason: str) -> None:
        """End what is left of the process, tell the others, start again after a while."""
        handle, channel = self._handle, self._channel
        self._channel = None
        if channel is not None:
            channel.close()
        if self._stopping_s is not None:
            return
        self._handle = None
        if handle is not None:
            status = handle.poll()
            reason = f"{reason}, exit status {status}" if status is not None else reason
            handle.kill()
            if handle.poll() is None:
                self._dying.append(handle)
        if self._renewing_s is not None:
            self._renewing_s = None
            self.state = "restarting"
            self._retry = self._timers.at(time.monotonic(), self.start)
            self._listener.indexer_lost()
            return
        self._died(reason)

    def _died(self, reason: str) -> None:
        now = time.monotonic()
        self._deaths.append(now)
        self._last_error = reason
        self._heartbeat = Heartbeat(rss_bytes=0, watches=0, watch_limit=None, queue=0)
        self.restarts += 1
        self.state = "restarting"
        recent = sum(now - death < LOOP_WINDOW_S for death in self._deaths)
        delay_s = LAST_DELAY_S if recent >= LOOP_DEATHS else FIRST_DELAY_S * 2 ** (recent - 1)
        logger.error("indexer lost reason=%r restarts=%d retry_s=%.1f", reason, self.restarts, delay_s)
        self._retry = self._timers.at(now + delay_s, self.start)
        self._listener.indexer_lost()

    def _looping(self) -> bool:
        full = len(self._deaths) == LOOP_DEATHS
        return full and time.monotonic() - self._deaths[0] < LOOP_WINDOW_S

    def _died_within(self, seconds: float) -> bool:
        return bool(self._deaths) and time.monotonic() - self._deaths[-1] < seconds

    def _is_stuck(self, now: float) -> bool:
        """Silent, and not for want of CPU: on a busy machine the lowest priority gets little, yet some."""
        cpu_s = self._handle.cpu_s() if self._handle is not None else 0.0
        if self._silent_since_s != self._heard_s:
            self._silent_since_s, self._cpu_before_s = self._heard_s, cpu_s
        if cpu_s > self._cpu_s:
            self._cpu_s, self._moved_s = cpu_s, now
        starved = now - self._moved_s <= SILENCE_S and cpu_s - self._cpu_before_s <= SPIN_CPU_S
        return now - self._heard_s > SILENCE_S and not starved

    def _press(self, now: float) -> None:
        """Stop, then SIGTERM, then SIGKILL."""
        handle, since = self._handle, now - (self._stopping_s or now)
        if handle is None or handle.poll() is not None:
            self._handle = None
            self.state = "stopped"
            if self._channel is not None:
                self._channel.close()
                self._channel = None
        elif since >= STOP_KILL_S:
            handle.kill()
        elif since >= STOP_TERM_S and not self._terminated:
            self._terminated = True
            handle.terminate()
