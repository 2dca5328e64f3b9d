"""One daemon, found by all: what others leave behind or put in its way, and what if it stands still."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.conftest import StartDaemon
from tests.soak.wire import GREETING, frame, ready
from tests.support.daemon import Daemon, StartError
from tests.support.trees import make_tree
from tests.support.waiting import wait_until
from tests.support.xdg import Xdg


def vexorctl(xdg: Xdg, *words: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-P", "-m", "vexorctl", *words],
        env=xdg.env, cwd=cwd or xdg.home, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_a_second_daemon_leaves_the_first_its_path_and_its_clients(xdg: Xdg, daemon: StartDaemon) -> None:
    first = daemon()
    before = os.stat(xdg.socket)
    with first.client() as client:
        client.request("hello")
        with pytest.raises(StartError, match=f"already running, pid {first.pid}"):
            Daemon(xdg)
        assert client.request("hello")["pid"] == first.pid
    after = os.stat(xdg.socket)
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_daemon_that_stops_does_not_take_the_socket_of_another(xdg: Xdg, daemon: StartDaemon) -> None:
    """The runtime folder was cleared under the old one, so that the new one could have a lock and a path."""
    old = daemon()
    shutil.rmtree(xdg.socket.parent)
    xdg.env["XDG_STATE_HOME"] = str(xdg.base / "other-state")
    new = daemon(env={"XDG_STATE_HOME": str(xdg.base / "other-state")})
    inode = os.stat(xdg.socket).st_ino
    assert old.stop() in (0, 70)
    assert os.stat(xdg.socket).st_ino == inode
    assert new.request("hello")["pid"] == new.pid


def test_a_daemon_whose_runtime_folder_went_ends_and_the_next_command_starts_another(
    xdg: Xdg, daemon: StartDaemon
) -> None:
    """As at the end of a session; there is no ghost that nobody can reach."""
    ghost = daemon()
    shutil.rmtree(xdg.socket.parent)
    assert ghost.process.wait(60) == 70
    done = vexorctl(xdg, "start")
    assert done.returncode == 0 and " started, process " in done.stdout


@pytest.mark.parametrize("text", ["", "pid 1, since ever", "pid OURS, since ever", "\0\xff" * 3_000])
def test_whatever_a_dead_daemon_left_does_not_keep_a_new_one_out(
    xdg: Xdg, daemon: StartDaemon, text: str
) -> None:
    folder = xdg.socket.parent
    folder.mkdir(mode=0o700)
    for name in ("vexord.lock", "start.lock"):
        (folder / name).write_text(text.replace("OURS", str(os.getpid())))
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(xdg.socket))
    assert daemon().request("hello")["protocol"] == 1


@pytest.mark.parametrize("target", ["precious", "nothing"])
def test_a_link_in_the_sockets_place_is_refused_and_nothing_is_deleted(xdg: Xdg, target: str) -> None:
    folder = xdg.socket.parent
    folder.mkdir(mode=0o700)
    (xdg.base / "precious").write_text("precious")
    xdg.socket.symlink_to(xdg.base / target)
    done = vexorctl(xdg, "start")
    assert done.returncode == 2
    assert f"{xdg.socket} is a symbolic link" in done.stderr and "hint: " in done.stderr
    assert xdg.socket.is_symlink()
    assert (xdg.base / "precious").read_text() == "precious"
    assert not (xdg.base / "nothing").exists()


def test_a_search_names_a_daemon_that_stands_still_and_the_mend(xdg: Xdg, daemon: StartDaemon) -> None:
    daemon().process.send_signal(signal.SIGSTOP)
    done = vexorctl(xdg, "search", "total")
    assert done.returncode == 2
    assert "the daemon does not answer" in done.stderr and "vexorctl restart" in done.stderr


def test_restart_needs_no_socket_that_answers(xdg: Xdg, daemon: StartDaemon) -> None:
    running = daemon()
    running.process.send_signal(signal.SIGSTOP)
    reaper = threading.Thread(target=running.process.wait)
    reaper.start()
    done = vexorctl(xdg, "restart")
    reaper.join(20)
    assert (done.returncode, " started, process " in done.stdout) == (0, True), done.stderr


def test_a_search_whose_daemon_is_killed_before_it_greets_is_answered_by_the_next(
    xdg: Xdg, daemon: StartDaemon
) -> None:
    root = make_tree(xdg.home / "shop", {"a.py": "def total():\n    return 1\n"})
    running = daemon()
    running.add(root)
    running.process.send_signal(signal.SIGSTOP)
    search = subprocess.Popen(
        [sys.executable, "-P", "-m", "vexorctl", "search", "total"],
        env=xdg.env, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wait_until(lambda: _connected(xdg.socket), what="the client waits for the greeting")
    running.kill()
    out, err = search.communicate(timeout=60)
    assert (search.returncode, "a.py:1" in out) == (0, True), err


def _connected(path: Path) -> bool:
    """Whether a connection waits in the socket's queue, which the stopped daemon does not take."""
    lines = Path("/proc/net/unix").read_text().splitlines()
    return sum(line.endswith(str(path)) for line in lines) > 1


def test_no_moment_is_open_to_others_under_the_loosest_umask(xdg: Xdg) -> None:
    """Looked at all the time, from before the start until the daemon answers."""
    seen: dict[str, set[int]] = {"folder": set(), "socket": set(), "lock": set()}
    done = threading.Event()
    folder = str(xdg.socket.parent)
    places = {"folder": folder, "socket": f"{folder}/vexord.sock", "lock": f"{folder}/vexord.lock"}

    def look() -> None:
        while not done.is_set():
            for name, place in places.items():
                try:
                    seen[name].add(os.lstat(place).st_mode & 0o777)
                except FileNotFoundError:
                    time.sleep(0)

    looker = threading.Thread(target=look)
    looker.start()
    command = 'umask 000; exec "$0" -P -m vexorctl start'
    started = subprocess.run(
        ["sh", "-c", command, sys.executable], env=xdg.env, capture_output=True, check=False
    )
    done.set()
    looker.join()
    assert started.returncode == 0, started.stderr
    assert seen["folder"] == {0o700}
    assert seen["lock"] == {0o600}
    assert seen["socket"] <= {0o700, 0o600} and 0o600 in seen["socket"]


def test_a_search_is_asked_again_when_the_daemon_goes_before_it_answers(xdg: Xdg) -> None:
    xdg.socket.parent.mkdir(mode=0o700)
    asked: list[bytes] = []

    def serve(listener: socket.socket, answers: bool) -> None:
        peer, _ = listener.accept()
        with peer:
            peer.sendall(GREETING)
            while len(peer.recv(64, socket.MSG_PEEK)) < 64:
                pass
            peer.recv(64)
            peer.recv(4_096)
            peer.sendall(ready(b"ROUTER"))
            asked.append(peer.recv(65_536))
            if answers:
                result = b'{"jsonrpc":"2.0","id":1,"result":{"rendered":"hit\\n","total":1,"notes":[]}}'
                peer.sendall(frame(0, result))
                peer.recv(1)

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(xdg.socket))
        listener.listen()
        search = subprocess.Popen(
            [sys.executable, "-P", "-m", "vexorctl", "search", "total"],
            env=xdg.env, cwd=xdg.home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        listener.settimeout(20)
        serve(listener, answers=False)
        serve(listener, answers=True)
        out, err = search.communicate(timeout=20)
    assert (search.returncode, out) == (0, "hit\n"), err
    assert len(asked) == 2 and asked[0] == asked[1]
