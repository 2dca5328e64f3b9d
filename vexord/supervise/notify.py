"""sd_notify: tells the service manager that the daemon is ready, alive, or stopping."""

import contextlib
import os
import socket
from collections.abc import MutableMapping


class Notifier:
    """Sends state lines to the service manager's datagram socket; without one every call does nothing."""

    def __init__(self, address: str = "", watchdog_s: float | None = None) -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self.watchdog_s = watchdog_s
        """The manager kills the daemon after this silence; None if it does not watch."""

    @classmethod
    def from_environment(cls, environment: MutableMapping[str, str] = os.environ) -> "Notifier":
        """Take the manager's variables out of the environment, so that no child speaks for the daemon."""
        address = environment.pop("NOTIFY_SOCKET", "")
        usec = environment.pop("WATCHDOG_USEC", "")
        watched_pid = environment.pop("WATCHDOG_PID", "")
        watched = usec.isdigit() and int(usec) > 0 and watched_pid in ("", str(os.getpid()))
        return cls(address, int(usec) / 1e6 if watched else None)

    def send(self, *lines: str) -> None:
        """Send lines such as `READY=1`; a manager that has gone is no reason to fail."""
        if not self._address:
            return
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock,
        ):
            sock.sendto("\n".join(lines).encode(), self._address)
