"""Wakes the router's poll from another thread or from a signal handler."""

import contextlib
import os


class Wake:
    """A descriptor that becomes readable by `set`: eventfd where there is one, else a pipe."""

    def __init__(self) -> None:
        self._closed = False
        if hasattr(os, "eventfd"):
            self._read_fd = self._write_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        else:
            self._read_fd, self._write_fd = os.pipe()
            for descriptor in (self._read_fd, self._write_fd):
                os.set_blocking(descriptor, False)

    def fileno(self) -> int:
        """Return the descriptor to poll."""
        return self._read_fd

    def set(self) -> None:
        """Make it readable, if it is still open. Safe from any thread and from signal handlers."""
        if self._closed:  # the number may be another file's by now
            return
        with contextlib.suppress(BlockingIOError):  # it is as readable as can be
            os.write(self._write_fd, (1).to_bytes(8, "little"))

    def clear(self) -> None:
        """Make it unreadable."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._read_fd, 4096)

    def close(self) -> None:
        """Close the descriptors."""
        self._closed = True
        os.close(self._read_fd)
        if self._write_fd != self._read_fd:
            os.close(self._write_fd)
