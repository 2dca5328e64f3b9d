"""How the daemon refuses to start: exit status, what it says, what it leaves alone."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from tests.support.xdg import Xdg
from vexord.supervise.lock import DaemonLock

BROKEN_DISK = """
import errno, os
real = os.open
def broken(path, *args, **kwargs):
    if path == {path!r}:
        raise OSError(errno.EIO, "Input/output error", path)
    return real(path, *args, **kwargs)
os.open = broken
"""
"""A `sitecustomize` under which one file cannot be read: rights would not stop a test that runs as root."""


def start(xdg: Xdg) -> tuple["subprocess.CompletedProcess[str]", str]:
    """Run the daemon to its end; also return what it wrote to the ready pipe."""
    read, write = os.pipe()
    command = [sys.executable, "-m", "vexord", "--ready-fd", str(write)]
    try:
        done = subprocess.run(
            command, check=False, env=xdg.env, pass_fds=[write], capture_output=True, text=True, timeout=30
        )
    finally:
        os.close(write)
    with open(read) as pipe:
        return done, pipe.read()


def test_a_second_daemon_exits_75_and_names_the_first(xdg: Xdg) -> None:
    folder = xdg.runtime / "vexord"
    folder.mkdir(mode=0o700)
    lock = DaemonLock(str(folder))
    done, said = start(xdg)
    lock.release()
    assert done.returncode == 75
    assert f"already running, pid {os.getpid()}" in done.stderr
    assert said.startswith("error E_ALREADY_RUNNING: already running, pid ")
    assert said.endswith("\n")
    assert not list(xdg.state.iterdir()), "the refused daemon touches nothing of the first"


def test_an_open_runtime_folder_is_refused_with_the_mend(xdg: Xdg) -> None:
    folder = xdg.runtime / "vexord"
    folder.mkdir()
    folder.chmod(0o777)
    done, said = start(xdg)
    assert done.returncode == 2
    assert f"hint: run: chmod 700 {folder}" in done.stderr
    assert said.startswith("error E_LOCATION: ")
    assert list(folder.iterdir()) == []


def test_a_socket_path_that_is_too_long_is_refused(xdg: Xdg) -> None:
    long = xdg.base / ("x" * 100)
    long.mkdir(mode=0o700)
    xdg.env["XDG_RUNTIME_DIR"] = str(long)
    done, _ = start(xdg)
    assert done.returncode == 2
    assert "shorter folder" in done.stderr


def test_a_registry_that_cannot_be_read_is_refused_and_kept(xdg: Xdg, tmp_path: Path) -> None:
    registry = xdg.state / "vexord" / "projects.json"
    registry.parent.mkdir()
    registry.write_text("precious")
    (tmp_path / "sitecustomize.py").write_text(BROKEN_DISK.format(path=str(registry)))
    xdg.env["PYTHONPATH"] = os.pathsep.join((str(tmp_path), xdg.env.get("PYTHONPATH", "")))
    done, said = start(xdg)
    assert done.returncode == 2
    assert f"cannot read {registry}" in said
    assert registry.read_text() == "precious"


def test_a_file_in_the_socket_place_is_refused_and_kept(xdg: Xdg) -> None:
    xdg.socket.parent.mkdir(mode=0o700)
    xdg.socket.write_text("precious")
    done, said = start(xdg)
    assert done.returncode == 2
    assert str(xdg.socket) in said
    assert xdg.socket.read_text() == "precious"


def test_a_ready_daemon_answers_at_once_and_exits_cleanly(xdg: Xdg) -> None:
    read, write = os.pipe()
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(xdg.base / "notify"))
    manager.settimeout(20)
    environment = {**xdg.env, "NOTIFY_SOCKET": str(xdg.base / "notify"), "WATCHDOG_USEC": "6000000"}
    command = [sys.executable, "-m", "vexord", "--ready-fd", str(write)]
    process = subprocess.Popen(command, env=environment, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with manager, open(read) as pipe:
        assert pipe.read() == f"ready {process.pid}\n"
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(xdg.socket))
        assert manager.recv(4096).startswith(b"READY=1\nSTATUS=")
        assert manager.recv(4096) == b"WATCHDOG=1"
        process.terminate()
        said = b""
        while said != b"STOPPING=1":
            said = manager.recv(4096)
    assert process.wait(15) == 0
    assert not xdg.socket.exists()
    log = (xdg.state / "vexord" / "log" / "vexord.log").read_text()
    assert "info supervise.daemon start pid=" in log
    assert "error" not in log


def test_a_daemon_of_another_runtime_folder_with_the_same_state_is_refused(xdg: Xdg) -> None:
    """A session without XDG_RUNTIME_DIR has another one, and would write away what this one registers."""
    state = xdg.state / "vexord"
    state.mkdir(mode=0o700)
    lock = DaemonLock(str(state), "/run/user/1/vexord/vexord.sock")
    done, said = start(xdg)
    lock.release()
    assert done.returncode == 75
    assert f"pid {os.getpid()}, since" in done.stderr and "/run/user/1/vexord/vexord.sock" in done.stderr
    assert said.startswith("error E_STATE: another daemon keeps its state in ")
    assert "XDG_RUNTIME_DIR" in said
    assert not xdg.socket.exists()
