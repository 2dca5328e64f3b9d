"""A Unix socket in front of another that passes everything on and keeps a copy."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Tap:
    """Everything that went through, both ways."""

    def __init__(self, path: Path, target: Path) -> None:
        self._target = str(target)
        self._lock = threading.Lock()
        self._bytes = bytearray()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(64)
        threading.Thread(target=self._accept, name="tap", daemon=True).start()

    def heard(self) -> bytes:
        """Return all of it so far."""
        with self._lock:
            return bytes(self._bytes)

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                ours, _ = self._listener.accept()
                theirs = socket.socket(socket.AF_UNIX)
                try:
                    theirs.connect(self._target)
                except OSError:
                    ours.close()
                    continue
                for one, other in ((ours, theirs), (theirs, ours)):
                    threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(1 << 16):
                with self._lock:
                    self._bytes += data
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def tapped(runtime: Path, target: Path) -> Iterator[Tap]:
    """Have clients whose $XDG_RUNTIME_DIR is `runtime` talk to the daemon at `target`, overheard."""
    folder = runtime / "vexord"
    folder.mkdir(parents=True, mode=0o700)
    tap = Tap(folder / "vexord.sock", target)
    try:
        yield tap
    finally:
        tap.close()
