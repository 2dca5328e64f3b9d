"""Tells whoever started the daemon, over an inherited pipe, that it serves or why it does not."""

import contextlib
import os


class ReadyPipe:
    """Writes one line, `ready <pid>` or `error <name>: <message>`, closes; without a pipe nothing."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        if descriptor is not None:
            os.set_inheritable(descriptor, False)  # a child that held it open would keep the reader waiting

    def ready(self) -> None:
        """The socket answers."""
        self._say(f"ready {os.getpid()}")

    def failed(self, name: str, message: str) -> None:
        """The daemon ends without having served."""
        self._say(f"error {name}: {' '.join(message.split())}")

    def _say(self, line: str) -> None:
        if self._descriptor is None:
            return
        with contextlib.suppress(OSError):  # the reader may have gone
            os.write(self._descriptor, os.fsencode(line + "\n"))
        os.close(self._descriptor)
        self._descriptor = None
