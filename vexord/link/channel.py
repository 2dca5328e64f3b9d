"""A framed, non-blocking message channel over one end of a Unix socket pair.

Frames are MessagePack behind a length. File names that are not UTF-8 hold lone surrogates, which MessagePack
refuses: such a message travels as JSON, told by the highest bit of the length.
"""

import json
import socket
import struct
from collections import deque
from typing import Generic, TypeVar, cast

import msgspec

Out = TypeVar("Out")
In = TypeVar("In")

_HEADER = struct.Struct("<I")
_READ_BYTES = 1 << 16
_IS_JSON = 1 << 31


class ChannelClosedError(Exception):
    """The other process has gone."""


class Channel(Generic[Out, In]):
    """Send `Out` and receive `In` messages; every method returns at once. Not thread-safe.

    The owner polls `fileno()` for reading, and for writing while `wants_write`.
    """

    def __init__(self, sock: socket.socket, incoming: object) -> None:
        """`incoming` is the type of the messages, a struct or a union of structs."""
        sock.setblocking(False)
        self._sock = sock
        self._incoming_type = incoming
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder: msgspec.msgpack.Decoder[In] = msgspec.msgpack.Decoder(cast("type[In]", incoming))
        self._outgoing: deque[bytes] = deque()
        self._incoming = bytearray()

    def fileno(self) -> int:
        """Return the descriptor to poll."""
        return self._sock.fileno()

    @property
    def wants_write(self) -> bool:
        """Whether bytes wait to be sent."""
        return bool(self._outgoing)

    def send(self, message: Out) -> None:
        """Queue a message and send as much as the kernel takes.

        Raises:
            ChannelClosedError: the other process has gone.
        """
        try:
            body, flag = self._encoder.encode(message), 0
        except UnicodeEncodeError:
            body, flag = json.dumps(msgspec.to_builtins(message)).encode(), _IS_JSON
        self._outgoing.append(_HEADER.pack(len(body) | flag) + body)
        self.flush()

    def flush(self) -> None:
        """Send what waits, as far as the kernel takes it.

        Raises:
            ChannelClosedError: the other process has gone.
        """
        while self._outgoing:
            head = self._outgoing[0]
            try:
                sent = self._sock.send(head)
            except BlockingIOError:
                return
            except OSError as error:
                raise ChannelClosedError(str(error)) from error
            if sent < len(head):
                self._outgoing[0] = head[sent:]
                return
            self._outgoing.popleft()

    def receive(self) -> list[In]:
        """Return the messages that have arrived whole.

        Raises:
            ChannelClosedError: the other process has gone and everything it sent was returned before.
        """
        closed = False
        while True:
            try:
                data = self._sock.recv(_READ_BYTES)
            except BlockingIOError:
                break
            except OSError:
                data = b""
            if not data:
                closed = True
                break
            self._incoming += data
        messages = self._split()
        if closed and not messages:
            raise ChannelClosedError("the other process closed the channel")
        return messages

    def close(self) -> None:
        """Close this end."""
        self._sock.close()

    def _split(self) -> list[In]:
        messages: list[In] = []
        start = 0
        while len(self._incoming) - start >= _HEADER.size:
            (header,) = _HEADER.unpack_from(self._incoming, start)
            end = start + _HEADER.size + (header & ~_IS_JSON)
            if end > len(self._incoming):
                break
            body = self._incoming[start + _HEADER.size : end]
            if header & _IS_JSON:
                messages.append(cast("In", msgspec.convert(json.loads(body), self._incoming_type)))
            else:
                messages.append(self._decoder.decode(body))
            start = end
        del self._incoming[:start]
        return messages
