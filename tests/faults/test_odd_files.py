"""Files that no editor makes: devices, FIFOs, endless and sparse ones, odd names, symlinks, lying sizes."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import StartDaemon
from tests.support.asking import finds, status
from tests.support.daemon import Daemon
from tests.support.trees import make_tree
from tests.support.waiting import wait_until
from tests.support.xdg import Xdg

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux file types and limits")
CTL = [sys.executable, "-m", "vexorctl"]


@pytest.fixture
def running(daemon: StartDaemon, xdg: Xdg) -> Daemon:
    root = make_tree(xdg.home / "p", {"plain.py": "plain_marker = 1\n", "pkg/mod.py": "inside_marker = 1\n"})
    started = daemon()
    started.add(root)
    return started


@pytest.fixture
def root(running: Daemon, xdg: Xdg) -> Path:
    return xdg.home / "p"


def skipped(daemon: Daemon) -> dict[str, int]:
    """Reason → number of files, when all that was known has been looked at."""
    wait_until(lambda: status(daemon)["pending"] == 0, what="nothing pending")
    return {entry["reason"]: entry["count"] for entry in status(daemon)["skipped"]}


# Symbolic links


def test_a_folder_replaced_by_a_symlink_does_not_let_its_target_in(
    running: Daemon, root: Path, xdg: Xdg, daemon: StartDaemon
) -> None:
    outside = make_tree(xdg.home / "outside", {"mod.py": "outside_marker = 1\n"})
    (root / "pkg").rename(xdg.home / "moved")
    (root / "pkg").symlink_to(outside)
    assert finds(running, root, "outside_marker") == []
    assert finds(running, root, "inside_marker") == []
    assert status(running)["files"] == 1
    running.stop()  # a scan is no more to be led astray than an event
    (root / "pkg").unlink()
    (xdg.home / "moved").rename(root / "pkg")
    again = daemon()
    assert finds(again, root, "inside_marker") == ["pkg/mod.py"]
    again.stop()
    (root / "pkg").rename(xdg.home / "moved")
    (root / "pkg").symlink_to(outside)
    last = daemon()
    assert finds(last, root, "outside_marker") == []
    assert status(last)["files"] == 1


def test_symlinks_that_are_broken_or_circular_or_lead_out_are_no_files(
    running: Daemon, root: Path, xdg: Xdg
) -> None:
    outside = make_tree(xdg.home / "outside", {"secret.py": "outside_marker = 1\n"})
    (root / "broken.py").symlink_to("nowhere.py")
    (root / "circle.py").symlink_to("circle.py")
    (root / "one").symlink_to("two")
    (root / "two").symlink_to("one")
    (root / "up").symlink_to("..")
    (root / "out.py").symlink_to(outside / "secret.py")
    (root / "out").symlink_to(outside)
    assert finds(running, root, "outside_marker") == []
    running.request("reindex", {"path": str(root), "full": True})
    assert running.request("wait", {"path": str(root), "timeout_ms": 10_000}, 15)["reached"]
    assert finds(running, root, "outside_marker") == []
    assert finds(running, root, "plain_marker") == ["plain.py"]
    assert status(running)["files"] == 2


# What is no file


def test_fifos_sockets_and_devices_are_never_opened(running: Daemon, root: Path) -> None:
    os.mkfifo(root / "pipe.py")
    os.mkfifo(root / ".gitignore")
    os.mkfifo(root / ".vexorignore")
    os.mkfifo(root / ".vexord.toml")
    os.mknod(root / "socket.py", stat.S_IFSOCK | 0o600)
    made = 2
    try:
        os.mknod(root / "null.py", stat.S_IFCHR | 0o600, os.makedev(1, 3))
        os.mknod(root / "zero.py", stat.S_IFCHR | 0o600, os.makedev(1, 5))
        os.mknod(root / "loop.py", stat.S_IFBLK | 0o600, os.makedev(7, 0))
    except PermissionError:
        pass  # not as an ordinary user
    (root / "plain.py").write_text("plain_marker = 2\n")
    assert finds(running, root, "plain_marker = 2") == ["plain.py"]
    assert status(running)["files"] == made
    (root / "pkg/mod.py").unlink()
    os.mkfifo(root / "pkg/mod.py")  # in the place of a file that is indexed
    assert finds(running, root, "inside_marker") == []
    running.request("reindex", {"path": str(root), "full": True})
    assert running.request("wait", {"path": str(root), "timeout_ms": 10_000}, 15)["reached"]
    assert finds(running, root, "plain_marker") == ["plain.py"]


# Size


def test_large_files_are_found_by_name_and_never_read_whole(
    running: Daemon, root: Path, daemon: StartDaemon
) -> None:
    with open(root / "sparse.py", "wb") as file:
        file.truncate(4 << 30)
    (root / "line.py").write_bytes(b"x = '" + b"a" * 50_000_000 + b"'\n")
    assert finds(running, root, "plain_marker") == ["plain.py"]
    assert skipped(running) == {"too_large": 2}
    found = running.search("sparse.py", path=str(root))["results"][0]["hits"]
    assert found[0]["path"] == "sparse.py"
    assert running.request("status")["indexer"]["rss_bytes"] < 400 << 20
    running.stop()
    again = daemon()
    assert finds(again, root, "plain_marker") == ["plain.py"]
    assert skipped(again) == {"too_large": 2}  # known without a change, too


def test_files_whose_size_lies_do_not_keep_a_project_from_being_fresh(daemon: StartDaemon, xdg: Xdg) -> None:
    """As in /proc and /sys: size 0 or 4096, whatever is in them."""
    root = make_tree(xdg.home / "p", {"plain.py": "plain_marker = 1\n", "kernel/x": ""})
    with bind_mount("/proc/sys/kernel", root / "kernel"):
        running = daemon()
        running.add(root)
        assert finds(running, root, "plain_marker") == ["plain.py"]
        assert finds(running, root, "Linux") == ["kernel/ostype"]
        assert status(running)["pending"] == 0


@contextmanager
def bind_mount(source: str, target: Path) -> Iterator[None]:
    done = subprocess.run(["mount", "--bind", source, target], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"mounts are not allowed here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", target], check=True)


def test_a_file_that_never_stops_growing_is_taken_as_it_is_and_looked_at_again(
    running: Daemon, root: Path
) -> None:
    code = "import sys\nwhile 1:\n  with open(sys.argv[1], 'a') as f: f.write('line of a log\\n')\n"
    with subprocess.Popen([sys.executable, "-c", code, root / "grows.log"]) as writer:
        try:
            wait_until((root / "grows.log").exists, what="the log")
            (root / "plain.py").write_text("plain_marker = 3\n")
            assert finds(running, root, "plain_marker = 3") == ["plain.py"]
            assert finds(running, root, "line of a log") == ["grows.log"]
        finally:
            writer.kill()
    with open(root / "grows.log", "w") as file:
        file.write("the last line\n")
    assert finds(running, root, "the last line") == ["grows.log"]
    assert finds(running, root, "line of a log") == []


# Names and depth


def test_odd_names_are_searchable_and_cannot_write_to_a_terminal(
    running: Daemon, root: Path, xdg: Xdg
) -> None:
    names = [
        b"new\nline.py",
        b"esc\x1b[31m\x1b]0;title\x07.py",
        b"not\xffutf8.py",
        b"tab\t\x7f.py",
        b"\xe2\x80\xae right to left.py",
        b"n" * 252 + b".py",
    ]
    for number, name in enumerate(names):
        with open(os.path.join(os.fsencode(root), name), "w") as file:
            file.write(f"oddname_marker = {number}\n")
    assert finds(running, root, "oddname_marker") == sorted(os.fsdecode(name) for name in names)
    for form in ((), ("--porcelain",), ("--json",)):
        shown = subprocess.run(
            [*CTL, "search", "oddname_marker", *form], cwd=root, env=xdg.env, capture_output=True, check=True
        )
        assert shown.stdout.count(b"oddname_marker = ") == len(names)
        for control in (b"\x1b", b"\x07", b"\x7f", b"\r", "\u202e".encode()):
            assert control not in shown.stdout, (form, control)
    status = subprocess.run([*CTL, "status"], cwd=root, env=xdg.env, capture_output=True, check=True)
    assert b"\x1b" not in status.stdout


def test_a_thousand_levels_are_indexed_and_what_lies_too_deep_is_told(
    running: Daemon, root: Path, daemon: StartDaemon
) -> None:
    nest(root, 1_000, "deep_marker = 1\n")
    assert [len(path) for path in finds(running, root, "deep_marker")] == [2 * 1_000 + len("deep.py")]
    nest(root, 2_500, "deeper_marker = 1\n")  # longer than PATH_MAX
    assert finds(running, root, "deeper_marker") == []
    assert finds(running, root, "plain_marker") == ["plain.py"]
    running.request("reindex", {"path": str(root)})
    wait_until(lambda: skipped(running) == {"path_too_long": 1}, what="the folder that is too deep")
    assert status(running)["degraded"] == []
    running.stop()
    subprocess.run(["rm", "-rf", root / "d"], check=True)  # shutil recurses


def nest(root: Path, levels: int, text: str) -> None:
    """Make folders one in another, and `deep.py` in the last; step by step, for paths have a limit."""
    here = os.open(root, os.O_RDONLY)
    for _ in range(levels):
        if "d" not in os.listdir(here):
            os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    with open(os.open("deep.py", os.O_CREAT | os.O_WRONLY, dir_fd=here), "w") as file:
        file.write(text)
    os.close(here)
