"""Watches, instances and the event queue run out under a real daemon; descriptors and memory as well.

The limits of inotify are lowered in a user namespace, so that nobody else feels them: the body of such a test
runs there in a process of its own. Where such namespaces are forbidden these tests are skipped.
"""

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.conftest import StartDaemon
from tests.support.apart import apart
from tests.support.asking import finds, status
from tests.support.daemon import Daemon
from tests.support.trees import make_tree
from tests.support.waiting import wait_until
from tests.support.xdg import Xdg

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify and namespaces")
LIMITS = Path("/proc/sys/user")
FOLDERS = {f"d{n}/mod.py": f"value_{n}_marker = {n}\n" for n in range(30)}


def degraded(daemon: Daemon) -> dict[str, dict]:
    return {entry["name"]: entry for entry in status(daemon)["degraded"]}


def in_namespace(body: Callable[[Xdg], None]) -> None:
    """Run the body as root of a user namespace of its own."""
    allowed = subprocess.run(["unshare", "-Ur", "true"], capture_output=True, text=True, check=False)
    if allowed.returncode:
        pytest.skip(f"user namespaces are not allowed here: {allowed.stderr.strip()}")
    apart(body, "unshare", "-Ur")


def limit(name: str, value: int) -> None:
    (LIMITS / f"max_inotify_{name}").write_text(str(value))


@contextlib.contextmanager
def running(xdg: Xdg) -> Iterator[Daemon]:
    daemon = Daemon(xdg)
    try:
        yield daemon
    except BaseException:
        print(daemon.output(), file=sys.stderr)
        raise
    finally:
        daemon.stop()


class Hog:
    """Somebody else's inotify instances and watches."""

    _libc = ctypes.CDLL(None, use_errno=True)

    def __init__(self) -> None:
        self.held: list[int] = []

    def take_instances(self) -> None:
        """Take all that are left."""
        while (descriptor := self._libc.inotify_init1(os.O_CLOEXEC)) >= 0:
            self.held.append(descriptor)
        assert self.held

    def take_watches(self, folder: Path) -> int:
        """Take all that are left; return how many."""
        descriptor = self._libc.inotify_init1(os.O_CLOEXEC)
        assert descriptor >= 0
        self.held.append(descriptor)
        for number in range(1_000):
            (folder / str(number)).mkdir(parents=True)
            if self._libc.inotify_add_watch(descriptor, os.fsencode(folder / str(number)), 0x100) < 0:
                return number
        raise AssertionError("there is no end of watches")

    def let_go(self) -> None:
        while self.held:
            os.close(self.held.pop())


# Watches


def too_few_watches_at_the_start(xdg: Xdg) -> None:
    limit("watches", 20)
    root = make_tree(xdg.home / "p", FOLDERS)
    with running(xdg) as daemon:
        daemon.add(root)
        entry = degraded(daemon)["watch_limit"]
        assert "your limit of 20 inotify watches is used up to vexord's share of 50%" in entry["message"]
        assert "vexord holds 10 (the disk is not full)" in entry["message"]
        assert "sysctl fs.inotify.max_user_watches" in entry["hint"]
        indexer = daemon.request("status")["indexer"]
        assert (indexer["watches"], indexer["watch_limit"]) == (10, 20)
        stale = daemon.request("search", {"query": "x", "path": str(root), "fresh_ms": 0})
        assert stale["projects"][0]["reasons"] == ["watch_limit"]
        for number in range(30):  # most of them in folders without a watch
            (root / f"d{number}/mod.py").write_text(f"edited_{number}_blindly = 1\n")
            assert finds(daemon, root, f"edited_{number}_blindly") == [f"d{number}/mod.py"]
        doctor = subprocess.run(
            [sys.executable, "-m", "vexorctl", "doctor"],
            env=xdg.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "the disk is not full" in doctor.stdout.replace("\n", " ")
        limit("watches", 1_000)
        (root / "d0/mod.py").write_text("after_the_raise = 1\n")
        wait_until(lambda: finds(daemon, root, "after_the_raise") and not degraded(daemon), what="recovery")
        assert status(daemon)["doubts"] == {"watch_limit": 1}


def test_too_few_watches_at_the_start() -> None:
    in_namespace(too_few_watches_at_the_start)


def watches_used_up_by_others(xdg: Xdg) -> None:
    limit("watches", 60)
    root = make_tree(xdg.home / "p", {"d0/mod.py": "value_0_marker = 0\n"})
    hog = Hog()
    with running(xdg) as daemon:
        daemon.add(root)
        assert not degraded(daemon)
        assert hog.take_watches(xdg.base / "others") < 60
        (root / "fresh").mkdir()
        (root / "fresh/late.py").write_text("late_marker = 1\n")
        assert finds(daemon, root, "late_marker") == ["fresh/late.py"]
        said = degraded(daemon)["watch_limit"]["message"]
        assert "your limit of 60 inotify watches is reached; vexord holds 3" in said
        os.kill(wait_until(daemon.indexer_pid), signal.SIGKILL)  # no watch for the next one, nor for cookies
        (root / "fresh/late.py").write_text("later_marker = 1\n")
        assert finds(daemon, root, "later_marker") == ["fresh/late.py"]
        hog.let_go()
        wait_until(lambda: finds(daemon, root, "later_marker") and not degraded(daemon), what="recovery")


def test_watches_used_up_by_others_later() -> None:
    in_namespace(watches_used_up_by_others)


# Instances


def no_instance_at_the_start(xdg: Xdg) -> None:
    limit("instances", 0)
    root = make_tree(xdg.home / "p", FOLDERS)
    with running(xdg) as daemon:
        daemon.add(root)
        entry = degraded(daemon)["instance_limit"]
        assert "no inotify instance is left" in entry["message"]
        assert "sysctl fs.inotify.max_user_instances" in entry["hint"]
        assert daemon.request("status")["indexer"]["watches"] == 0
        (root / "d7/mod.py").write_text("edited_blindly = 1\n")
        assert finds(daemon, root, "edited_blindly") == ["d7/mod.py"]
        limit("instances", 8)
        wait_until(lambda: not degraded(daemon), what="recovery without a question")
        (root / "d7/mod.py").write_text("edited_seeing = 1\n")
        assert finds(daemon, root, "edited_seeing") == ["d7/mod.py"]
        assert daemon.request("status")["indexer"]["watches"] == 2 + 30


def test_no_instance_at_the_start() -> None:
    in_namespace(no_instance_at_the_start)


def instances_eaten_by_others(xdg: Xdg) -> None:
    limit("instances", 16)
    root = make_tree(xdg.home / "p", FOLDERS)
    hog = Hog()
    with running(xdg) as daemon:
        daemon.add(root)
        os.kill(wait_until(daemon.indexer_pid), signal.SIGSTOP)
        pid = wait_until(daemon.indexer_pid)
        hog.take_instances()
        os.kill(pid, signal.SIGKILL)
        hog.take_instances()  # the one that it had
        (root / "d7/mod.py").write_text("edited_blindly = 1\n")
        assert finds(daemon, root, "edited_blindly") == ["d7/mod.py"]
        assert "instance_limit" in degraded(daemon)
        hog.let_go()
        wait_until(lambda: not degraded(daemon), what="recovery without a question")


# The queue


def test_events_that_the_kernel_drops_are_made_good(daemon: StartDaemon, xdg: Xdg) -> None:
    files = {f"d{n % 20}/mod{n}.py": f"value_{n}_marker = {n}\n" for n in range(500)}
    root = make_tree(xdg.home / "p", files)
    started = daemon()
    started.add(root)
    indexer = wait_until(started.indexer_pid)
    os.kill(indexer, signal.SIGSTOP)
    try:
        for turn in range(40):
            for number, path in enumerate(files):
                with open(root / path, "a") as file:
                    file.write(f"value_{number}_after_{turn}\n")
        (root / "made" / "late").mkdir(parents=True)
        (root / "made/late/new.py").write_text("folder_made_late = 1\n")
        (root / "d3/mod3.py").unlink()
    finally:
        os.kill(indexer, signal.SIGCONT)
    assert finds(started, root, "folder_made_late") == ["made/late/new.py"]
    for number in (0, 1, 250, 499):
        assert finds(started, root, f"value_{number}_after_39") == [list(files)[number]]
    assert finds(started, root, "value_3_after_39") == []
    (root / "made/late/new.py").write_text("watched_again = 1\n")
    assert finds(started, root, "watched_again") == ["made/late/new.py"]
    now = status(started)
    assert now["doubts"].keys() == {"overflow"}
    assert (now["files"], now["state"], now["degraded"]) == (500, "ready", [])
    (root / "made/late/new.py").write_text("watched_again = 2\n")
    assert finds(started, root, "watched_again = 2") == ["made/late/new.py"]
    os.kill(wait_until(started.indexer_pid), signal.SIGKILL)  # the count outlives the process
    assert finds(started, root, "watched_again") == ["made/late/new.py"]
    assert status(started)["doubts"] == now["doubts"]  # nor did our own scans raise it


# Descriptors


def squeeze(pid: int) -> None:
    """Leave a process no descriptor more than it has, up to the first gap."""
    held = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
    process = psutil.Process(pid)
    _, hard = process.rlimit(resource.RLIMIT_NOFILE)
    process.rlimit(resource.RLIMIT_NOFILE, (min(set(range(len(held) + 1)) - held), hard))


def test_an_indexer_without_descriptors_is_never_fresh_and_goes_on_by_itself(
    daemon: StartDaemon, xdg: Xdg
) -> None:
    root = make_tree(
        xdg.home / "p", {**FOLDERS, ".gitignore": "hidden*\n", "hidden.py": "hidden_marker = 1\n"}
    )
    started = daemon()
    started.add(root)
    indexer = wait_until(started.indexer_pid)
    before = psutil.Process(indexer).rlimit(resource.RLIMIT_NOFILE)
    squeeze(indexer)
    (root / "d7/mod.py").write_text("edited_meanwhile = 1\n")
    reply = started.request("search", {"query": "edited_meanwhile", "path": str(root), "fresh_ms": 700}, 10)
    assert reply["stale"] is True
    wait_until(lambda: "out_of_resources" in degraded(started), what="a named reason")
    wait_until(
        lambda: status(started)["doubts"]["out_of_resources"] >= 3, 20, "more tries, heartbeats between"
    )
    assert "ulimit -n" in degraded(started)["out_of_resources"]["hint"]
    assert status(started)["files"] == len(FOLDERS) + 1
    psutil.Process(indexer).rlimit(resource.RLIMIT_NOFILE, before)
    assert finds(started, root, "edited_meanwhile") == ["d7/mod.py"]
    assert finds(started, root, "value_8_marker") == ["d8/mod.py"]
    assert finds(started, root, "hidden_marker") == []
    wait_until(lambda: not degraded(started), what="recovery")
    assert started.request("status")["indexer"]["restarts"] == 0
    assert status(started)["files"] == len(FOLDERS) + 1


def test_too_few_descriptors_for_a_server_are_refused_by_name(xdg: Xdg) -> None:
    """libzmq would end the process in the first burst of connections."""
    few = ["prlimit", "--nofile=64:64", sys.executable, "-m", "vexord"]
    done = subprocess.run(few, env=xdg.env, cwd=xdg.base, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "at most 64 files may be open at once; 1024 are needed" in done.stderr
    assert "ulimit -Hn" in done.stderr


def test_fifty_projects_cost_few_descriptors(daemon: StartDaemon, xdg: Xdg) -> None:
    roots = [make_tree(xdg.home / f"p{n}", {"mod.py": f"value_{n}_marker = {n}\n"}) for n in range(50)]
    first = daemon()
    for root in roots:
        first.request("register", {"path": str(root)})
    for root in roots:
        assert first.request("wait", {"path": str(root), "timeout_ms": 30_000}, 35)["reached"]
    first.stop()
    second = daemon()
    assert finds(second, roots[49], "value_49_marker") == ["mod.py"]
    for number, root in enumerate(roots):
        assert finds(second, root, f"value_{number}_marker") == ["mod.py"]
    states = {project["state"] for project in second.request("status")["projects"]}
    assert states == {"ready"}
    assert psutil.Process(second.pid).num_fds() < 60
    assert psutil.Process(wait_until(second.indexer_pid)).num_fds() < 20 + 2 * 50  # each holds a lock
    wait_until(lambda: second.request("status")["indexer"]["watches"] == 1 + 50, 20, "the next heartbeat")


# Memory


def test_memory_that_is_short_costs_large_files_alone(daemon: StartDaemon, xdg: Xdg) -> None:
    root = make_tree(xdg.home / "p", FOLDERS)
    started = daemon()
    started.add(root)
    indexer = psutil.Process(wait_until(started.indexer_pid))
    indexer.rlimit(resource.RLIMIT_AS, (indexer.memory_info().vms + (30 << 20), resource.RLIM_INFINITY))
    (root / "large.txt").write_text("large_marker\n" + "a line of words\n" * 500_000)
    (root / "d7/mod.py").write_text("edited_meanwhile = 1\n")
    assert finds(started, root, "edited_meanwhile") == ["d7/mod.py"]
    (skipped,) = status(started)["skipped"]
    assert (skipped["reason"], skipped["examples"]) == ("failed", ["large.txt"])
    indexer.rlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    started.request("reindex", {"path": str(root)})
    assert started.request("wait", {"path": str(root), "timeout_ms": 30_000}, 35)["reached"]
    assert finds(started, root, "large_marker") == ["large.txt"]
    assert status(started)["skipped"] == []
    assert started.request("status")["indexer"]["restarts"] == 0


def test_a_file_that_has_grown_beyond_all_measure_is_not_read_by_a_search(
    daemon: StartDaemon, xdg: Xdg
) -> None:
    root = make_tree(xdg.home / "p", FOLDERS)
    started = daemon()
    started.add(root)
    indexer = wait_until(started.indexer_pid)
    os.kill(indexer, signal.SIGSTOP)
    try:
        os.truncate(root / "d7/mod.py", 8 << 30)
        reply = started.request("search", {"query": "value_7_marker", "path": str(root), "fresh_ms": 0}, 10)
        assert "d7/mod.py" not in {hit["path"] for hit in reply["results"][0]["hits"]}
        assert psutil.Process(started.pid).memory_info().rss < 300 << 20
    finally:
        os.kill(indexer, signal.SIGCONT)
