"""Starts a daemon where none runs: exactly one, however many clients want it at the same moment."""

import contextlib
import fcntl
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator

from vexor_protocol.locations import LocationError, ensure_runtime_dir, runtime_dir

from vexorctl.errors import ClientError
from vexorctl.folders import log_file
from vexorctl.reach import socket_path
from vexorctl.zmtp import Connection

START_LIMIT_S = 10.0
UNIT = "vexord.service"
LOCK_NAME = "vexord.lock"
_LOOK_S = 0.01
_ALREADY_RUNNING = "error E_ALREADY_RUNNING"


def start(limit_s: float = START_LIMIT_S) -> Connection:
    """Return a connection to the daemon, which is started if it does not run.

    Raises:
        ClientError: it could not be started, or did not become ready within `limit_s` seconds.
    """
    deadline = time.monotonic() + limit_s
    try:
        folder = ensure_runtime_dir()
    except LocationError as error:
        raise ClientError(error.message, error.hint) from None
    with _start_lock(folder, deadline):
        while True:
            connection = try_connect()
            if connection is not None:
                return connection
            # A daemon that holds the lock but does not listen is about to begin, or to end.
            if not daemon_lock_is_held():
                _start_once(deadline)
            elif time.monotonic() >= deadline:
                raise ClientError(
                    f"a daemon runs, but does not answer after {limit_s:.0f} s", "run: vexorctl restart"
                )
            else:
                time.sleep(_LOOK_S)


def try_connect() -> Connection | None:
    """Return a connection if somebody listens.

    Raises:
        ClientError: the runtime folder is not safe.
    """
    try:
        return Connection(socket_path())
    except (FileNotFoundError, ConnectionRefusedError):
        return None
    except OSError as error:
        raise ClientError(f"cannot connect to the daemon: {error}", "run: vexorctl restart") from None


def daemon_lock_is_held() -> bool:
    """Whether a daemon of this runtime folder lives, listening or not."""
    try:
        descriptor = os.open(f"{runtime_dir()}/{LOCK_NAME}", os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise ClientError(f"cannot open {error.filename}: {error.strerror}", "mend its rights") from None
    try:
        # Shared, so that two clients that look at the same moment do not take each other for a daemon.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextlib.contextmanager
def _start_lock(folder: str, deadline: float) -> Iterator[None]:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        descriptor = os.open(f"{folder}/start.lock", flags, 0o600)
    except OSError as error:
        raise ClientError(f"cannot open {error.filename}: {error.strerror}", "mend its rights") from None
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                # The holder starts the daemon; once that listens there is no need for the lock.
                if time.monotonic() >= deadline:
                    raise ClientError(
                        "another vexorctl has been starting the daemon for too long", "look at: vexorctl logs"
                    ) from None
                time.sleep(_LOOK_S)
        yield
    finally:
        os.close(descriptor)


def _start_once(deadline: float) -> None:
    """Start a daemon and wait until it is ready, or has found that another one is there."""
    if _service_starts():
        return
    read_end, write_end = os.pipe()
    try:
        _spawn(write_end)
    finally:
        os.close(write_end)
    try:
        line = _read_line(read_end, deadline)
    finally:
        os.close(read_end)
    if line.startswith("ready ") or line.startswith(_ALREADY_RUNNING):
        return
    if line.startswith("error "):
        _, _, message = line.partition(": ")
        message, _, hint = message.partition("; ")
        raise ClientError(f"the daemon cannot start: {message}", hint or "look at: vexorctl logs")
    if time.monotonic() >= deadline:
        raise ClientError("the daemon was started, but is not ready yet", "look at: vexorctl logs")
    raise ClientError("the daemon ended while it started", "look at: vexorctl logs")


def _spawn(ready_fd: int) -> None:
    path = log_file()
    command = [sys.executable, "-P", "-m", "vexord", "--ready-fd", str(ready_fd), "--log-file", path]
    mask = os.umask(0o077)  # makedirs gives its mode to the last folder alone
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ClientError(f"cannot write {path}: {error.strerror}", "mend its rights, or make room") from None
    finally:
        os.umask(mask)
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", pass_fds=(ready_fd,),
            start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise ClientError(f"cannot run {sys.executable}: {error.strerror}", "install vexord again") from None
    finally:
        os.close(log)
    # It outlives us; without a status Popen would complain that we do not wait for it.
    process.returncode = 0


def _read_line(descriptor: int, deadline: float) -> str:
    line = b""
    while not line.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            break
        data = os.read(descriptor, 4096)
        if not data:
            break
        line += data
    return os.fsdecode(line).strip()


def _service_starts() -> bool:
    """Have systemd start the daemon where the user enabled that; False if it is not so, or fails.

    The manager must be that of our runtime folder: with another one, a daemon would listen elsewhere.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if not os.path.exists(f"{runtime}/systemd/private") or not _unit_installed():
        return False
    return _systemctl("is-enabled", 5.0) and _systemctl("start", START_LIMIT_S)


def _unit_installed() -> bool:
    config = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    folders = (f"{config}/systemd/user", "/etc/systemd/user", "/usr/lib/systemd/user")
    return any(os.path.exists(f"{folder}/{UNIT}") for folder in folders)


def _systemctl(verb: str, limit_s: float) -> bool:
    try:
        done = subprocess.run(
            ["systemctl", "--user", "--quiet", verb, UNIT],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=limit_s, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
