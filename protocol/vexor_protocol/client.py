"""A small client over pyzmq for tools and tests: one DEALER socket, deadlines, events kept aside."""

import os
import time
from collections import deque
from itertools import count
from types import TracebackType

import zmq

from vexor_protocol.wire import JsonObject, Notification, Reply, decode_message, encode_request


class Client:
    """One connection to a daemon. Not thread-safe. Use as a context manager, or call `close`.

    It belongs to the process that made it: after a fork the child makes its own. libzmq's threads do not
    survive a fork, so a child that went on with this one would wait for ever.

    Raises:
        RuntimeError: from every method but `close`, in another process than its own.
    """

    def __init__(self, socket_path: str) -> None:
        self._process = os.getpid()
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        # Without this, closing with an unsent message (no daemon there) would wait for ever.
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.connect(f"ipc://{socket_path}")
        self._ids = count(1)
        self.events: deque[JsonObject] = deque()
        """Params of the `event` notifications that came while a reply was awaited."""

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; messages not yet sent are dropped. A forked child leaves it alone."""
        if os.getpid() != self._process:
            return
        self._socket.close()
        self._context.term()

    def request(self, method: str, params: JsonObject | None = None, timeout: float = 5.0) -> JsonObject:
        """Send a request, wait for its reply, return the result. `timeout` in seconds.

        Raises:
            ReplyError: the daemon answered with an error.
            TimeoutError: no reply in time; a retry needs a new connection.
        """
        self._check_process()
        request_id = next(self._ids)
        self._socket.send(encode_request(method, params or {}, request_id))
        deadline = time.monotonic() + timeout
        while True:
            message = self._receive(deadline, method)
            if isinstance(message, Notification):
                self.events.append(message.params)
            elif message.id == request_id or (message.id is None and message.error is not None):
                return message.unwrap()

    def event(self, timeout: float = 5.0) -> JsonObject:
        """Return the params of the next event of a subscription. `timeout` in seconds.

        Raises:
            TimeoutError: none came in time.
        """
        self._check_process()
        if self.events:
            return self.events.popleft()
        deadline = time.monotonic() + timeout
        while True:
            message = self._receive(deadline, "event")
            if isinstance(message, Notification):
                return message.params

    def _check_process(self) -> None:
        if os.getpid() != self._process:
            raise RuntimeError("this client belongs to the process before the fork: make a new Client")

    def _receive(self, deadline: float, what: str) -> Reply | Notification:
        left_ms = max(0, int((deadline - time.monotonic()) * 1000))
        if not self._socket.poll(left_ms, zmq.POLLIN):
            raise TimeoutError(f"no answer to {what} in time")
        return decode_message(self._socket.recv_multipart()[-1])
