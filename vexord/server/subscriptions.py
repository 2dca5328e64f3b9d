"""Who wants events, and what happens to those who do not read them."""

from collections.abc import Callable
from dataclasses import dataclass

import zmq
from vexor_protocol.errors import BUSY, ProtocolError
from vexor_protocol.messages import EventParams

from vexord.server.codec import encode_event
from vexord.server.socket import Peer

MAX_SUBSCRIBERS = 256

Send = Callable[[Peer, bytes], None]
"""Raises zmq.Again if the peer does not read, another zmq.ZMQError if it has gone."""


@dataclass(slots=True)
class _Subscription:
    peer: Peer
    every: bool
    """All projects, those to come included."""
    projects: set[str]
    overrun: bool = False


class Subscriptions:
    """Events are never queued here: who does not keep up loses them, and is told so by one `overrun`."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._by_peer: dict[bytes, _Subscription] = {}

    def add(self, peer: Peer, project_id: str | None) -> None:
        """Send a peer the events of one project, or of all.

        Raises:
            ProtocolError: BUSY, there are too many subscribers.
        """
        known = self._by_peer.get(peer.identity)
        if known is None:
            if len(self._by_peer) >= MAX_SUBSCRIBERS:
                raise ProtocolError(BUSY, "too many subscribers", "end one of them", retry_after_ms=1_000)
            known = self._by_peer[peer.identity] = _Subscription(peer, every=False, projects=set())
        if project_id is None:
            known.every = True
        else:
            known.projects.add(project_id)

    def cancel(self, peer: Peer, project_id: str | None) -> None:
        """End a peer's subscription to one project, or everything it has."""
        known = self._by_peer.get(peer.identity)
        if known is None:
            return
        if project_id is not None:
            known.projects.discard(project_id)
        if project_id is None or not (known.every or known.projects):
            del self._by_peer[peer.identity]

    def forget(self, identity: bytes) -> None:
        """The peer has gone."""
        self._by_peer.pop(identity, None)

    def has(self, peer: Peer) -> bool:
        """Whether a peer gets any events."""
        return peer.identity in self._by_peer

    def wants(self, peer: Peer, project_id: str) -> bool:
        """Whether a peer gets the events of a project."""
        known = self._by_peer.get(peer.identity)
        return known is not None and (known.every or project_id in known.projects)

    def publish(self, project_id: str, event: EventParams) -> None:
        """Send an event to all who want it and keep up."""
        wanting = [s for s in self._by_peer.values() if s.every or project_id in s.projects]
        if not wanting:
            return
        body = encode_event(event)
        for subscription in wanting:
            if not subscription.overrun or self._catch_up(subscription):
                self._deliver(subscription, body)

    @property
    def restless(self) -> bool:
        """Whether some peer fell behind, so that `tick` is to be called."""
        return any(subscription.overrun for subscription in self._by_peer.values())

    def tick(self) -> None:
        """Tell those who fell behind, if they read again."""
        for subscription in list(self._by_peer.values()):
            if subscription.overrun:
                self._catch_up(subscription)

    def _catch_up(self, subscription: _Subscription) -> bool:
        subscription.overrun = False
        self._deliver(subscription, encode_event(EventParams(event="overrun", project=None)))
        return not subscription.overrun and subscription.peer.identity in self._by_peer

    def _deliver(self, subscription: _Subscription, body: bytes) -> None:
        try:
            self._send(subscription.peer, body)
        except zmq.Again:
            subscription.overrun = True
        except zmq.ZMQError:  # it has gone
            self._by_peer.pop(subscription.peer.identity, None)
