"""From a frame to a handler and back: every request gets one valid reply, whatever happens."""

import itertools
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from vexor_protocol.envelope import Request
from vexor_protocol.errors import (
    BUSY,
    DEADLINE,
    INTERNAL,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    SHUTTING_DOWN,
    ProtocolError,
)

from vexord.server.codec import (
    RefusedRequestError,
    RequestId,
    decode_params,
    decode_request,
    encode_error,
    encode_result,
)
from vexord.server.socket import Peer

logger = logging.getLogger(__name__)

MAX_OPEN_PER_PEER = 128
MAX_OPEN = 2_048
RETRY_AFTER_MS = 50
ALWAYS_SERVED = frozenset({"hello", "status", "shutdown"})
"""Answered at once and from memory, so even a crowd does not keep them out."""


class Call:
    """One request on its way to one reply. A second reply, or one to a notification, goes nowhere."""

    __slots__ = ("_dispatcher", "arrived", "deadline", "id", "method", "number", "open", "peer")

    def __init__(self, dispatcher: "Dispatcher", peer: Peer, number: int) -> None:
        self._dispatcher = dispatcher
        self.peer = peer
        self.number = number
        self.id: RequestId = None
        self.method = ""
        self.arrived = time.monotonic()
        self.deadline: float | None = None
        """Monotonic time at which the client loses patience, in seconds."""
        self.open = True

    def check_deadline(self) -> None:
        """Refuse to work for a client that no longer waits, or has gone. Safe from any thread.

        Raises:
            ProtocolError: DEADLINE.
        """
        if not self.open or (self.deadline is not None and time.monotonic() > self.deadline):
            raise ProtocolError(
                DEADLINE, "the request's deadline has passed", "give it more time: deadline_ms"
            )

    def encode(self, result: msgspec.Struct) -> bytes:
        """Return the reply's bytes. Safe from any thread."""
        return encode_result(self.id, result)

    def reply(self, result: msgspec.Struct) -> None:
        """Answer."""
        self._dispatcher.finish(self, self.encode(result))

    def reply_encoded(self, body: bytes) -> None:
        """Answer with what `encode` made."""
        self._dispatcher.finish(self, body)

    def fail(self, error: Exception) -> None:
        """Answer with an error; one that is not a `ProtocolError` is logged and not shown."""
        if not isinstance(error, ProtocolError):
            logger.error("unexpected error method=%s", self.method, exc_info=error)
            error = ProtocolError(
                INTERNAL, "an internal error; it is in the daemon's log", "see: vexorctl logs"
            )
        self._dispatcher.finish(self, encode_error(self.id, error))


Handler = Callable[[Call, Any], msgspec.Struct | None]
"""(call, checked params) → the result, or None if it answers the call later. Raises ProtocolError."""


class Dispatcher:
    """Finds the handler of each request and keeps account of the calls that are not answered yet."""

    def __init__(self, send: Callable[[Peer, bytes], None], handlers: Mapping[str, Handler]) -> None:
        self._send = send
        self._handlers = handlers
        self._numbers = itertools.count()
        self._open: dict[int, Call] = {}
        self._per_peer: Counter[bytes] = Counter()
        self._stopping = False

    def __len__(self) -> int:
        return len(self._open)

    def receive(self, identity: bytes, frames: Sequence[bytes]) -> None:
        """Handle one message: `[body]`, or `[empty, body]` from a REQ socket."""
        enveloped = len(frames) == 2 and frames[0] == b""
        call = Call(self, Peer(identity, enveloped), next(self._numbers))
        try:
            if len(frames) != 1 and not enveloped:
                raise ProtocolError(INVALID_REQUEST, "a message has one frame, or an empty one before it")
            self._begin(call, frames[-1])
        except RefusedRequestError as refused:
            # JSON-RPC answers what is no request with a null id, where a notification would get nothing.
            self._send(call.peer, encode_error(refused.request_id, refused.error))
        except ProtocolError as error:
            if call.method:
                call.fail(error)
            else:
                self._send(call.peer, encode_error(None, error))
        except Exception as error:  # the router must go on; `fail` logs it
            call.fail(error)

    def forget(self, identity: bytes) -> None:
        """The peer has gone: nobody waits for its calls any more."""
        if self._per_peer.pop(identity, 0):
            for number, call in list(self._open.items()):
                if call.peer.identity == identity:
                    call.open = False
                    del self._open[number]

    def stop(self) -> None:
        """Refuse what waits and what comes."""
        self._stopping = True
        for call in list(self._open.values()):
            call.fail(_stopping())

    def finish(self, call: Call, body: bytes) -> None:
        """Send a call's reply, if it is still due."""
        if not call.open:
            return
        call.open = False
        if self._open.pop(call.number, None) is not None:
            self._per_peer[call.peer.identity] -= 1
            if not self._per_peer[call.peer.identity]:
                del self._per_peer[call.peer.identity]
        if call.id is not None:
            self._send(call.peer, body)

    def _begin(self, call: Call, body: bytes) -> None:
        request = decode_request(body)
        call.id, call.method = request.id, request.method
        result = self._handle(call, request)
        if result is not None:
            call.reply(result)
        elif call.open:
            self._open[call.number] = call
            self._per_peer[call.peer.identity] += 1

    def _handle(self, call: Call, request: Request) -> msgspec.Struct | None:
        handler = self._handlers.get(request.method)
        if handler is None:
            raise ProtocolError(
                METHOD_NOT_FOUND,
                f"unknown method {request.method!r}",
                f"known are: {', '.join(sorted(self._handlers))}",
            )
        if self._stopping:
            raise _stopping()
        params = decode_params(request)
        if params.deadline_ms is not None:
            call.deadline = call.arrived + params.deadline_ms / 1000
        if request.method not in ALWAYS_SERVED and self._crowded(call.peer):
            raise ProtocolError(
                BUSY,
                "too many requests wait for an answer",
                "ask fewer at once",
                retry_after_ms=RETRY_AFTER_MS,
            )
        return handler(call, params)

    def _crowded(self, peer: Peer) -> bool:
        return self._per_peer[peer.identity] >= MAX_OPEN_PER_PEER or len(self._open) >= MAX_OPEN


def _stopping() -> ProtocolError:
    return ProtocolError(SHUTTING_DOWN, "the daemon is stopping", "start it again: vexorctl start")
