"""A DEALER's side of ZMTP 3 on a Unix socket, by hand: importing pyzmq takes longer than a whole search.

Only C modules of the standard library are imported; see `fast`.
"""

import posix
from _socket import AF_UNIX, SOCK_STREAM
from _socket import socket as Socket  # noqa: N812 - a class, and lower case only in C
from time import monotonic

_GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"NULL".ljust(20, b"\0") + bytes(32)
_READY = b"\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER"
_MORE, _LONG, _COMMAND = 1, 2, 4
_CHUNK_BYTES = 1 << 16
_HANDSHAKE_TIMEOUT_S = 5.0
"""libzmq greets from a thread of its own, so that silence means a stopped process, not a busy one."""
_MAX_MESSAGE_BYTES = 1 << 28
"""Nothing that the daemon sends comes near; a longer one is not from a daemon."""


class Connection:
    """One connection to the daemon's ROUTER; not thread-safe.

    All methods raise ConnectionError if the peer has gone, TimeoutError, or OSError.
    """

    def __init__(self, path: bytes) -> None:
        """Connect and send our greeting; the handshake goes on in `greet` and `send`.

        Raises:
            FileNotFoundError, ConnectionRefusedError: nobody listens at `path`.
        """
        while True:
            self._socket = Socket(AF_UNIX, SOCK_STREAM)
            if self._socket.fileno() > 2:
                break
            # A standard stream is closed. The daemon must not get what is meant for it.
            posix.open("/dev/null", posix.O_RDWR)
        self._received = bytearray()
        self.heard = monotonic()
        """When the peer last sent anything, a heartbeat included."""
        self._greeted = self._ready = False
        self._deadline = monotonic() + _HANDSHAKE_TIMEOUT_S
        self._socket.settimeout(_HANDSHAKE_TIMEOUT_S)
        self._socket.connect(path)
        self._socket.sendall(_GREETING)

    def greet(self) -> None:
        """Read the greeting and send READY. `send` does it too; earlier, it overlaps with other work."""
        # Each side waits for the other here. libzmq drops a peer that sends READY before it has read the
        # greeting, and one that sends a message while libzmq still asks its ZAP handler about us.
        self._deadline = monotonic() + _HANDSHAKE_TIMEOUT_S
        greeting = self._take(64)
        if greeting[0] != 0xFF or greeting[10] < 3 or greeting[12:17] != b"NULL\0":
            raise ConnectionError("it does not speak ZMTP 3")
        self._socket.sendall(_frame(_COMMAND, _READY))
        self._greeted = True

    def send(self, message: bytes) -> None:
        """Send a message of one frame."""
        if not self._ready:
            if not self._greeted:
                self.greet()
            _, body = self._next_frame()
            if not body.startswith(b"\x05READY"):
                raise ConnectionError("it refused the connection")
            self._ready = True
        self._socket.settimeout(_HANDSHAKE_TIMEOUT_S)
        self._socket.sendall(_frame(0, message))

    def receive(self, timeout_s: float) -> bytes:
        """Return the last frame of the next message; heartbeats are answered meanwhile.

        After a TimeoutError it may be called again: nothing is lost.
        """
        self._deadline = monotonic() + timeout_s
        while True:
            flags, body = self._next_frame()
            if not flags & _COMMAND:
                if not flags & _MORE:
                    return body
            elif body.startswith(b"\x04PING"):
                self._socket.sendall(_frame(_COMMAND, b"\x04PONG" + body[7:]))
            elif body.startswith(b"\x05ERROR"):
                raise ConnectionError("it refused the connection: " + body[7:].decode("ascii", "replace"))

    def close(self) -> None:
        """Close it; what was not sent is dropped."""
        self._socket.close()

    def _next_frame(self) -> tuple[int, bytes]:
        # The header stays in the buffer until the body is there, so that a time-out loses nothing.
        self._fill(2)
        flags = self._received[0]
        header = 2
        if flags & _LONG:
            header = 9
            self._fill(header)
        size = int.from_bytes(self._received[1:header], "big")
        if size > _MAX_MESSAGE_BYTES:
            raise ConnectionError(f"it announced a message of {size} bytes")
        return flags, self._take(header + size)[header:]

    def _take(self, size: int) -> bytes:
        self._fill(size)
        taken = bytes(self._received[:size])
        del self._received[:size]
        return taken

    def _fill(self, size: int) -> None:
        received = self._received
        while len(received) < size:
            left = self._deadline - monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            self._socket.settimeout(left)
            data = self._socket.recv(max(_CHUNK_BYTES, size - len(received)))
            if not data:
                raise ConnectionResetError("it closed the connection")
            received += data
            self.heard = monotonic()


def _frame(flags: int, body: bytes) -> bytes:
    if len(body) < 256:
        return bytes((flags, len(body))) + body
    return bytes((flags | _LONG,)) + len(body).to_bytes(8, "big") + body
