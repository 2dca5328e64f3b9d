"""The ROUTER socket: options, safe bind, peers counted by the monitor, shedding, sends that never block."""

import contextlib
import errno
import logging
import os
import resource
import stat
import struct
from collections.abc import Container
from dataclasses import dataclass

import zmq
from vexor_protocol.locations import LocationError
from vexor_protocol.wire import MAX_REQUEST_BYTES

from vexord.server.auth import ZAP_DOMAIN, Gatekeeper

logger = logging.getLogger(__name__)

MAX_FRAMES = 4
"""Frames kept of one message; the rest is read and dropped."""
MAX_PEERS = 512
_OWN_DESCRIPTORS = 128
"""Of logs, maps, channels and folders; what is left is for peers."""
REBIND_AFTER_S = 0.05
_FAREWELL_MS = 200
_MONITOR_ENDPOINT = "inproc://vexord.monitor"
_EVENT = struct.Struct("=Hi")
_TIMED_OUT = errno.EAGAIN
"""The handshake did not end in time. A peer that just went away reports another number."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Where a reply goes."""

    identity: bytes
    enveloped: bool
    """A REQ socket: an empty frame comes before the body."""


class RouterSocket:
    """Owner of the socket and of its path. Used by the router thread alone."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._max_peers = peers_allowed(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._gatekeeper = Gatekeeper(self._context)
        self._socket = self._context.socket(zmq.ROUTER)
        _set_options(self._socket)
        self._socket.monitor(_MONITOR_ENDPOINT, _MONITORED)
        self._monitor = self._context.socket(zmq.PAIR)
        self._monitor.rcvhwm = 0  # a full queue would stop libzmq's own thread
        self._monitor.linger = 0
        self._monitor.connect(_MONITOR_ENDPOINT)
        self._inode: tuple[int, int] | None = None
        self._bound = False
        self._open: set[int] = set()
        self._handshaking: dict[int, None] = {}
        self._identities: dict[int, set[bytes]] = {}
        """Of the peers that have sent something, by connection."""
        self._gone: list[bytes] = []
        self._outcome_known = False
        self.rejected = 0
        """Peers refused: another user's, an old or broken protocol, a handshake that never ended."""
        self.sheds = 0

    @property
    def peers(self) -> int:
        """Connections that are open now."""
        return len(self._open)

    @property
    def crowded(self) -> bool:
        """Whether so many peers are connected that descriptors may run out, which libzmq does not survive."""
        return self._bound and len(self._open) > self._max_peers

    def register(self, poller: zmq.Poller) -> None:
        """Let the poller watch the socket and its monitor."""
        poller.register(self._socket, zmq.POLLIN)
        poller.register(self._monitor, zmq.POLLIN)

    def bind(self) -> None:
        """Bind, with the socket file open to this user alone at every moment.

        Raises:
            LocationError: something that is not a socket lies at the path; or the bind failed.
        """
        _refuse_other_files(self.path)
        before = os.umask(0o077)
        try:
            self._socket.bind(f"ipc://{self.path}")
            os.chmod(self.path, 0o600)
        except OSError as error:  # zmq.ZMQError is an OSError only by its errno
            raise LocationError(f"cannot bind {self.path}: {error.strerror}", _BIND_HINT) from error
        except zmq.ZMQError as error:
            raise LocationError(f"cannot bind {self.path}: {error}", _BIND_HINT) from error
        finally:
            os.umask(before)
        self._inode = _inode(self.path)
        self._bound = True

    def shed(self) -> None:
        """Drop every peer and stop listening; `bind` again after `REBIND_AFTER_S`. Good clients reconnect."""
        logger.warning("too many connections, all are dropped peers=%d", len(self._open))
        with contextlib.suppress(zmq.ZMQError):
            self._socket.unbind(f"ipc://{self.path}")
        self._bound = False
        for descriptor in list(self._identities):  # libzmq reports no disconnection here
            self._leave(descriptor)
        self._open.clear()
        self._handshaking.clear()
        self.sheds += 1

    def receive(self) -> tuple[bytes, list[bytes]] | None:
        """Return the identity and at most `MAX_FRAMES` further frames of one message; None if none waits."""
        try:
            head = self._socket.recv(zmq.DONTWAIT, copy=False)
        except zmq.Again:
            return None
        identity: bytes = head.bytes
        frames: list[bytes] = []
        while self._socket.getsockopt(zmq.RCVMORE):
            frame = self._socket.recv(zmq.DONTWAIT)
            if len(frames) < MAX_FRAMES:
                frames.append(frame)
        self._meet(identity, int(head.get(zmq.SRCFD)))
        return identity, frames

    def take_gone(self) -> list[bytes]:
        """Return the identities of peers that have gone since the last call, and will get no reply."""
        gone, self._gone = self._gone, []
        return gone

    def send(self, peer: Peer, body: bytes) -> None:
        """Send without waiting.

        Raises:
            zmq.Again: the peer does not read.
            zmq.ZMQError: EHOSTUNREACH, the peer has gone.
        """
        head = [peer.identity, b""] if peer.enveloped else [peer.identity]
        self._socket.send_multipart([*head, body], zmq.DONTWAIT)

    def has_messages(self, ready: Container[object]) -> bool:
        """Whether a request waits; `ready`: what the poller found to be ready."""
        return self._socket in ready

    def read_monitor(self, ready: Container[object]) -> None:
        """Take in what the monitor has to say of peers that came and went."""
        if self._monitor in ready:
            self._drain_monitor()

    def close(self) -> None:
        """Remove our own socket file, let the last replies out, close."""
        if self._inode is not None and _inode(self.path) == self._inode:
            os.unlink(self.path)
        self._socket.disable_monitor()
        self._monitor.close()
        self._socket.close(linger=_FAREWELL_MS)
        self._context.term()

    def _drain_monitor(self) -> None:
        while True:
            try:
                frames = self._monitor.recv_multipart(zmq.DONTWAIT)
            except zmq.Again:
                return
            self._note(*_EVENT.unpack(frames[0]))

    def _meet(self, identity: bytes, descriptor: int) -> None:
        """Know whose connection this is, so that its end tells who has gone."""
        if identity in self._identities.get(descriptor, ()):
            return
        # All that happened before the message: the end of an earlier connection of the same number, too.
        self._drain_monitor()
        if descriptor in self._open:
            self._identities.setdefault(descriptor, set()).add(identity)
        else:  # it went away before its message was read
            self._gone.append(identity)

    def _leave(self, descriptor: int) -> None:
        self._gone += self._identities.pop(descriptor, ())

    def _note(self, event: int, value: int) -> None:
        """Keep count. The end of a handshake does not say whose it was: the oldest is taken for it."""
        match event:
            case zmq.EVENT_ACCEPTED:
                self._open.add(value)
                self._handshaking[value] = None
            case zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self._handshake_ended()
            case zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL:
                self._handshake_ended()
                self.rejected += value == _TIMED_OUT
            case zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_AUTH:
                self._handshake_ended()
                self.rejected += 1
            case zmq.EVENT_DISCONNECTED:
                self._open.discard(value)
                self._leave(value)
                if value in self._handshaking:  # older than ZMTP 3.0: libzmq drops it without an event
                    del self._handshaking[value]
                    self.rejected += 1
            case _:
                logger.warning("socket monitor event=%d value=%d", event, value)

    def _handshake_ended(self) -> None:
        oldest = next(iter(self._handshaking), None)
        if oldest is not None:
            del self._handshaking[oldest]


_MONITORED = (
    zmq.EVENT_ACCEPTED
    | zmq.EVENT_ACCEPT_FAILED
    | zmq.EVENT_DISCONNECTED
    | zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
)
_BIND_HINT = "check the rights of its folder, or set XDG_RUNTIME_DIR to another"


def peers_allowed(descriptors: int) -> int:
    """Return how many peers may be connected before all are dropped.

    Three times as many come in before we notice, if they come at once; libzmq aborts the process if it
    accepts a connection when no descriptor is left.
    """
    if descriptors == resource.RLIM_INFINITY:
        return MAX_PEERS
    return max(4, min(MAX_PEERS, (descriptors - _OWN_DESCRIPTORS) // 4))


def _set_options(socket: "zmq.Socket[bytes]") -> None:
    socket.zap_domain = ZAP_DOMAIN
    socket.maxmsgsize = MAX_REQUEST_BYTES
    socket.handshake_ivl = 2_000
    socket.heartbeat_ivl = 5_000
    socket.heartbeat_timeout = 15_000
    socket.router_mandatory = 1  # a peer that has gone or does not read is told apart
    socket.sndhwm = 16
    socket.rcvhwm = 64
    socket.linger = 0
    socket.backlog = 1_024


def _refuse_other_files(path: str) -> None:
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        kind = "a symbolic link" if stat.S_ISLNK(mode) else "not a socket"
        raise LocationError(f"{path} is {kind}", f"look at it, then move it away: mv {path} {path}.old")


def _inode(path: str) -> tuple[int, int] | None:
    try:
        info = os.lstat(path)
    except OSError:
        return None
    return info.st_dev, info.st_ino
