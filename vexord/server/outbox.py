"""Replies on their way out: sent at once where the peer keeps up, kept for a while where it does not."""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import zmq

from vexord.server.socket import Peer
from vexord.server.timers import Timers

logger = logging.getLogger(__name__)

MAX_BYTES_PER_PEER = 4 << 20
"""A peer that leaves more than this unread loses what comes after."""
RETRY_S = 0.002
MAX_RETRY_S = 0.25
PATIENCE_S = 30.0
"""A peer that has read nothing for so long loses what waits for it."""

Send = Callable[[Peer, bytes], None]
"""Raises zmq.Again if the peer does not read, another zmq.ZMQError if it has gone."""


@dataclass(slots=True)
class _Backlog:
    peer: Peer
    retry_s: float = RETRY_S
    stuck_s: float = 0.0
    waiting: int = 0
    """Bytes."""
    bodies: deque[tuple[Peer, bytes]] = field(default_factory=deque)


class Outbox:
    """Keeps replies in order for each peer; a pipe takes only few at once. Router thread only."""

    def __init__(self, send: Send, timers: Timers, now: Callable[[], float]) -> None:
        self._send = send
        self._timers = timers
        self._now = now
        self._backlogs: dict[bytes, _Backlog] = {}

    def __len__(self) -> int:
        return len(self._backlogs)

    def send(self, peer: Peer, body: bytes) -> None:
        """Send a reply now or soon; never waits, and drops it if the peer has gone or reads nothing."""
        backlog = self._backlogs.get(peer.identity)
        if backlog is not None:
            self._keep(backlog, peer, body)
            return
        try:
            self._send(peer, body)
        except zmq.Again:
            backlog = self._backlogs[peer.identity] = _Backlog(peer)
            self._keep(backlog, peer, body)
            self._retry_later(backlog)
        except zmq.ZMQError as error:
            logger.info("reply dropped peer=%s reason=%s", peer.identity.hex(), error)

    def forget(self, identity: bytes) -> None:
        """The peer has gone: drop what waits for it."""
        backlog = self._backlogs.get(identity)
        if backlog is not None:
            backlog.bodies.clear()
            backlog.waiting = 0

    def _keep(self, backlog: _Backlog, peer: Peer, body: bytes) -> None:
        if backlog.bodies and backlog.waiting + len(body) > MAX_BYTES_PER_PEER:
            logger.warning("reply dropped peer=%s reason=does not read", peer.identity.hex())
            return
        backlog.bodies.append((peer, body))
        backlog.waiting += len(body)

    def _retry_later(self, backlog: _Backlog) -> None:
        self._timers.at(self._now() + backlog.retry_s, lambda: self._retry(backlog))

    def _retry(self, backlog: _Backlog) -> None:
        """Send what the peer takes now; wait longer each time that it takes nothing."""
        before = len(backlog.bodies)
        try:
            while backlog.bodies:
                self._send(*backlog.bodies[0])
                _, body = backlog.bodies.popleft()
                backlog.waiting -= len(body)
        except zmq.Again:
            if len(backlog.bodies) < before:
                backlog.retry_s, backlog.stuck_s = RETRY_S, 0.0
            else:
                backlog.stuck_s += backlog.retry_s
                backlog.retry_s = min(2 * backlog.retry_s, MAX_RETRY_S)
            if backlog.stuck_s < PATIENCE_S:
                self._retry_later(backlog)
                return
            logger.warning("replies dropped peer=%s reason=does not read", backlog.peer.identity.hex())
        except zmq.ZMQError as error:
            logger.info("replies dropped peer=%s reason=%s", backlog.peer.identity.hex(), error)
        del self._backlogs[backlog.peer.identity]
