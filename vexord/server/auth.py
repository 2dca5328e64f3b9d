"""Who may connect: a ZAP handler that lets in this user and root, and nobody else."""

import logging
import os
import re
import threading
from collections.abc import Sequence

import zmq

logger = logging.getLogger(__name__)

ZAP_ENDPOINT = "inproc://zeromq.zap.01"
ZAP_DOMAIN = b"vexord"
"""libzmq asks a handler only if a domain is set, and then refuses peers older than ZMTP 3.0 by itself."""

_PEER = re.compile(rb"[^:]*:(\d+):")
"""What libzmq reports for a Unix socket: `localhost:<uid>:<gid>:<pid>`, from the kernel."""


def peer_uid(address: bytes) -> int | None:
    """Return the user id in a ZAP address; None if there is none."""
    match = _PEER.match(address)
    return int(match[1]) if match is not None else None


def answer(request: Sequence[bytes], allowed: frozenset[int]) -> list[bytes]:
    """Return the reply to a ZAP 1.0 request: status 200 or 400.

    Frames of a request: version, request id, domain, address, identity, mechanism, credentials.
    """
    if len(request) < 6 or request[0] != b"1.0":
        return [b"1.0", request[1] if len(request) > 1 else b"", b"500", b"not a ZAP 1.0 request", b"", b""]
    uid = peer_uid(request[3])
    if uid in allowed and request[5] == b"NULL":
        return [b"1.0", request[1], b"200", b"OK", str(uid).encode(), b""]
    logger.warning("peer refused address=%r", request[3])
    return [b"1.0", request[1], b"400", b"not your daemon", b"", b""]


class Gatekeeper:
    """The thread that answers libzmq's questions. Make it before the ROUTER binds."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]") -> None:
        self._allowed = frozenset({os.getuid(), 0})
        self._socket = context.socket(zmq.REP)
        self._socket.linger = 0
        self._socket.bind(ZAP_ENDPOINT)
        self._thread = threading.Thread(target=self._run, name="zap", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        """Answer until the context is terminated."""
        with self._socket:
            while True:
                try:
                    self._socket.send_multipart(answer(self._socket.recv_multipart(), self._allowed))
                except zmq.ContextTerminated:
                    return
                except zmq.ZMQError:
                    logger.exception("the ZAP handler failed on one request")
