"""A set of XDG folders of its own, so that a test has its own daemon, cache, state, config and home."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from vexor_protocol.keys import VARIABLES
from vexor_protocol.settings import KEY_VARIABLE, SETTINGS

from tests.support.waiting import POLL_S

_FOLDERS = {
    "XDG_RUNTIME_DIR": "run",
    "XDG_CACHE_HOME": "cache",
    "XDG_STATE_HOME": "state",
    "XDG_CONFIG_HOME": "config",
    "XDG_DATA_HOME": "data",
    "HOME": "home",
}
_LEFT_OUT = (
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "LISTEN_FDS",
    "LISTEN_PID",
    "NO_COLOR",
    *(one.variable for one in SETTINGS if one.variable),
    KEY_VARIABLE,
    *(variable for variables in VARIABLES.values() for variable in variables),
)
_EXIT_GRACE_S = 5.0


@dataclass(frozen=True, slots=True)
class Xdg:
    """The folders and the environment that points at them. All lie below `base`, a short path under /tmp."""

    base: Path
    env: dict[str, str]

    @property
    def runtime(self) -> Path:
        """$XDG_RUNTIME_DIR; the socket lies in `vexord/vexord.sock` below it."""
        return self.base / "run"

    @property
    def socket(self) -> Path:
        """Where a daemon of this environment listens."""
        return self.runtime / "vexord" / "vexord.sock"

    @property
    def cache(self) -> Path:
        """$XDG_CACHE_HOME."""
        return self.base / "cache"

    @property
    def state(self) -> Path:
        """$XDG_STATE_HOME."""
        return self.base / "state"

    @property
    def config(self) -> Path:
        """$XDG_CONFIG_HOME."""
        return self.base / "config"

    @property
    def home(self) -> Path:
        """$HOME."""
        return self.base / "home"

    def processes(self) -> list[psutil.Process]:
        """Return the processes that were started in this environment and still run, zombies left out."""
        return [process for process in psutil.process_iter() if self._owns(process)]

    def _owns(self, process: psutil.Process) -> bool:
        try:
            if process.pid == os.getpid() or process.environ().get("XDG_RUNTIME_DIR") != str(self.runtime):
                return False
            return is_alive(process)
        except (psutil.Error, OSError):
            return False


@contextmanager
def isolated_xdg() -> Iterator[Xdg]:
    """Make the folders (0700); at the end, end every process started in this environment and remove them.

    The path is short because a Unix socket's may have 107 bytes at most, and pytest's `tmp_path` is long.
    """
    base = Path(os.path.realpath(tempfile.mkdtemp(prefix="vx-", dir="/tmp")))
    env = {key: value for key, value in os.environ.items() if key not in _LEFT_OUT}
    for variable, folder in _FOLDERS.items():
        (base / folder).mkdir(mode=0o700)
        env[variable] = str(base / folder)
    xdg = Xdg(base, env)
    try:
        yield xdg
    finally:
        end_processes(xdg.processes())
        shutil.rmtree(base, ignore_errors=True)


def end_processes(processes: list[psutil.Process], grace_s: float = _EXIT_GRACE_S) -> None:
    """Ask the processes to end (SIGTERM), and kill those that do not within `grace_s` seconds."""
    for process in processes:
        _signal(process, kill=False)
    alive = _alive_after(processes, grace_s)
    for process in alive:
        _signal(process, kill=True)
    _alive_after(alive, _EXIT_GRACE_S)


def is_alive(process: psutil.Process) -> bool:
    """Whether the process runs; one that has ended and was not waited for does not."""
    try:
        return process.is_running() and bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _alive_after(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    # Not psutil.wait_procs: it would reap our children and take the exit status from their Popen objects.
    deadline = time.monotonic() + seconds
    while any(map(is_alive, processes)) and time.monotonic() < deadline:
        time.sleep(POLL_S)
    return [process for process in processes if is_alive(process)]


def _signal(process: psutil.Process, *, kill: bool) -> None:
    try:
        # A stopped process would never see SIGTERM.
        process.resume()
        if kill:
            process.kill()
        else:
            process.terminate()
    except psutil.NoSuchProcess:
        return
