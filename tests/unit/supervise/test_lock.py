"""At most one daemon for a runtime folder."""

import fcntl
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from vexord.supervise.lock import LOCK_NAME, AlreadyRunningError, DaemonLock

HOLDER = """
import sys
import threading
from vexord.supervise.lock import DaemonLock
lock = DaemonLock(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


def start_holder(folder: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    with start_holder(tmp_path) as holder:
        with pytest.raises(AlreadyRunningError, match=f"already running, pid {holder.pid}"):
            DaemonLock(str(tmp_path))
        holder.kill()


def test_the_lock_falls_with_a_killed_holder_whatever_its_text_says(tmp_path: Path) -> None:
    with start_holder(tmp_path) as holder:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        assert str(holder.pid) in (tmp_path / LOCK_NAME).read_text()
        DaemonLock(str(tmp_path)).release()


def test_release_lets_another_one_in(tmp_path: Path) -> None:
    DaemonLock(str(tmp_path)).release()
    DaemonLock(str(tmp_path)).release()


def test_a_symbolic_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / LOCK_NAME).symlink_to(victim)
    with pytest.raises(OSError, match="symbolic"):
        DaemonLock(str(tmp_path))
    assert victim.read_text() == "precious"


def test_a_client_that_only_looks_does_not_keep_a_daemon_out(tmp_path: Path) -> None:
    DaemonLock(str(tmp_path)).release()
    looker = os.open(tmp_path / LOCK_NAME, os.O_RDWR)
    fcntl.flock(looker, fcntl.LOCK_SH)
    letting_go = threading.Timer(0.05, os.close, [looker])
    letting_go.start()
    DaemonLock(str(tmp_path)).release()
    letting_go.join()
