"""The helpers that other tests rely on do what they promise."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.trees import make_tree
from tests.support.waiting import wait_until
from tests.support.xdg import Xdg, end_processes, isolated_xdg

STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"


def test_the_folders_are_private_short_and_set_in_this_process(xdg: Xdg) -> None:
    assert os.environ["XDG_RUNTIME_DIR"] == xdg.env["XDG_RUNTIME_DIR"] == str(xdg.runtime)
    assert Path(os.path.expanduser("~")) == xdg.home
    assert xdg.runtime.stat().st_mode & 0o777 == 0o700
    assert len(os.fsencode(xdg.socket)) < 60


def test_a_process_left_behind_is_found_and_ended_even_if_it_ignores_sigterm() -> None:
    with isolated_xdg() as folders:
        child = subprocess.Popen([sys.executable, "-c", STUBBORN], env=folders.env, stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        assert [process.pid for process in folders.processes()] == [child.pid]
        end_processes(folders.processes(), grace_s=0.05)
        assert folders.processes() == []
    assert child.wait(5) == -9
    child.stdout.close()
    assert not folders.base.exists()


def test_waiting_returns_the_first_truthy_value() -> None:
    values = iter([0, "", 7])
    assert wait_until(lambda: next(values)) == 7


def test_waiting_fails_at_the_deadline_and_names_the_condition() -> None:
    with pytest.raises(AssertionError, match=r"still not so: the moon; last value 0"):
        wait_until(lambda: 0, timeout=0.02, what="the moon")


def test_a_tree_holds_text_and_bytes_in_folders(tmp_path: Path) -> None:
    root = make_tree(tmp_path / "t", {"a/b.txt": "é", "c.bin": b"\xff"})
    assert (root / "a" / "b.txt").read_bytes() == b"\xc3\xa9"
    assert (root / "c.bin").read_bytes() == b"\xff"
