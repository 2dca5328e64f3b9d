"""Starting and stopping real daemons: one however many ask, and an end for those that hang."""

import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.trees import make_tree
from tests.support.waiting import wait_until
from tests.support.xdg import Xdg
from tests.unit.vexorctl.fake_daemon import answer, fake_daemon, vexorctl
from vexorctl import spawn, stopping, zmtp
from vexorctl.errors import ClientError
from vexorctl.folders import log_file
from vexorctl.session import request
from vexorctl.stopping import lock_holder, stop_daemon

SPAWNING = {"VEXORCTL_NO_SPAWN": ""}


@pytest.fixture
def runtime(xdg: Xdg) -> Path:
    folder = xdg.socket.parent
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def locked(runtime: Path) -> Iterator[Path]:
    """The daemon's lock is held by a process that is no vexord: this one."""
    path = runtime / spawn.LOCK_NAME
    with open(path, "w") as file:
        file.write(f"pid {os.getppid()}, since ever\n")
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        yield path


def starts() -> int:
    """How many daemons have begun to serve, by the log."""
    return Path(log_file()).read_text().count("supervise.daemon start ")


def test_twenty_clients_at_once_start_one_daemon_and_all_get_answers(xdg: Xdg) -> None:
    root = make_tree(xdg.base / "shop", {"cart.py": "def total_with_tax(cart):\n    return sum(cart)\n"})
    env = {**xdg.env, "TERM": "xterm"}
    clients = [
        subprocess.Popen(
            [sys.executable, "-P", "-m", "vexorctl", "search", "total_with_tax"],
            cwd=root,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(20)
    ]
    answers = [client.communicate(timeout=60) for client in clients]
    assert [client.returncode for client in clients] == [0] * 20, answers
    assert all(b"cart.py" in out for out, _ in answers)
    assert starts() == 1


def test_nothing_is_open_to_others_under_the_loosest_umask(xdg: Xdg) -> None:
    root = make_tree(xdg.base / "shop", {"cart.py": "total_with_tax = 1\n"})
    command = 'umask 000; exec "$0" -P -m vexorctl add "$1" --wait'
    subprocess.run(
        ["sh", "-c", command, sys.executable, str(root)], env=xdg.env, check=True, capture_output=True
    )
    made = [
        path
        for folder in (xdg.runtime, xdg.cache, xdg.state, xdg.config)
        for path in folder.rglob("*")
        if not path.is_symlink()
    ]
    assert any(path.name == "vectors.npy" for path in made)
    assert [path for path in made if path.stat().st_mode & 0o077] == []


def test_a_killed_daemon_is_replaced_by_the_next_command(xdg: Xdg) -> None:
    first = request("hello", {})["pid"]
    assert isinstance(first, int)
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: not spawn.daemon_lock_is_held(), what="the lock is free")
    assert xdg.socket.exists()
    assert request("hello", {})["pid"] != first
    assert starts() == 2


def test_why_a_daemon_cannot_start_is_told(xdg: Xdg, runtime: Path) -> None:
    xdg.socket.write_text("not a socket")
    done = vexorctl(xdg, "search", "x", env=SPAWNING)
    assert done.returncode == 2
    assert done.stderr.startswith(b"vexorctl: the daemon cannot start: ")
    assert str(xdg.socket).encode() in done.stderr
    assert b"\n  hint: " in done.stderr
    assert xdg.socket.read_text() == "not a socket"


def test_a_daemon_that_never_listens_is_not_started_twice(xdg: Xdg, locked: Path) -> None:
    with pytest.raises(ClientError, match="does not answer"):
        spawn.start(limit_s=0.1)
    assert not Path(log_file()).exists()


def test_a_client_waits_for_another_one_that_starts_the_daemon(xdg: Xdg, runtime: Path) -> None:
    ended: list[object] = []
    with open(runtime / "start.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ClientError, match="another vexorctl"):
            spawn.start(limit_s=0.05)
        client = threading.Thread(target=lambda: ended.append(spawn.start(limit_s=10)))
        client.start()
        with fake_daemon(xdg, lambda _: answer()):
            fcntl.flock(lock, fcntl.LOCK_UN)
            client.join(10)
    assert len(ended) == 1
    assert not Path(log_file()).exists()


@pytest.mark.parametrize("reachable", [True, False])
@pytest.mark.parametrize("installed", [True, False])
def test_systemd_starts_it_where_the_unit_is_installed_and_the_manager_is_ours(
    xdg: Xdg, monkeypatch: pytest.MonkeyPatch, reachable: bool, installed: bool
) -> None:
    calls = xdg.base / "calls"
    script = make_tree(xdg.base / "bin", {"systemctl": f'#!/bin/sh\necho "$*" >>{calls}\n'}) / "systemctl"
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:{os.environ['PATH']}")
    if reachable:
        make_tree(xdg.runtime / "systemd", {"private": ""})
    if installed:
        make_tree(xdg.config / "systemd" / "user", {spawn.UNIT: ""})
    assert spawn._service_starts() is (reachable and installed)
    said = calls.read_text().splitlines() if calls.exists() else []
    both = ["--user --quiet is-enabled vexord.service", "--user --quiet start vexord.service"]
    assert said == (both if reachable and installed else [])


def test_stop_returns_when_the_daemon_is_gone(xdg: Xdg) -> None:
    pid = request("hello", {})["pid"]
    assert isinstance(pid, int)
    holder = lock_holder()
    assert holder is not None and holder.pid == pid
    done = vexorctl(xdg, "stop")
    assert (done.returncode, done.stdout) == (0, b"stopped\n")
    assert not spawn.daemon_lock_is_held()
    assert spawn.try_connect() is None
    assert vexorctl(xdg, "stop").stdout == b"no daemon runs\n"


def test_stop_ends_a_daemon_that_hangs_and_restart_brings_a_new_one(
    xdg: Xdg, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = request("hello", {})["pid"]
    assert isinstance(pid, int)
    os.kill(pid, signal.SIGSTOP)
    monkeypatch.setattr(zmtp, "_HANDSHAKE_TIMEOUT_S", 0.1)
    assert stop_daemon()
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    done = vexorctl(xdg, "restart", env=SPAWNING)
    assert done.returncode == 0 and b" started, process " in done.stdout


def test_a_process_that_is_no_vexord_is_never_ended(locked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "_signal", lambda *_: pytest.fail("it would have been ended"))
    with pytest.raises(ClientError, match="cannot tell which process"):
        stop_daemon()
