"""Fixtures for tests that need folders or a daemon of their own. Helpers: `tests.support`."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.daemon import Daemon
from tests.support.xdg import Xdg, isolated_xdg

StartDaemon = Callable[..., Daemon]


@pytest.fixture
def xdg(monkeypatch: pytest.MonkeyPatch) -> Iterator[Xdg]:
    """XDG folders and a home of their own, also set in this process; what was started in them is ended."""
    with isolated_xdg() as folders:
        for name in ("HOME", *(key for key in folders.env if key.startswith("XDG_"))):
            monkeypatch.setenv(name, folders.env[name])
        yield folders


@pytest.fixture
def daemon(xdg: Xdg) -> Iterator[StartDaemon]:
    """Factory: `daemon(args=(), env=None)` starts a real daemon in `xdg` and returns it when it is ready.

    May be called again after the last one has ended. All are stopped when the test is over.
    """
    started: list[Daemon] = []

    def start(args: tuple[str, ...] = (), env: dict[str, str] | None = None) -> Daemon:
        started.append(Daemon(xdg, args, env))
        return started[-1]

    yield start
    for process in started:
        process.stop()
