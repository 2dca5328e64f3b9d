"""Roots that are renamed, deleted, replaced, unmounted or covered: it is said, nothing lost or mixed up."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import StartDaemon
from tests.support.asking import finds, status
from tests.support.daemon import Daemon
from tests.support.trees import make_tree
from tests.support.waiting import wait_until
from tests.support.xdg import Xdg

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify and mounts")
FILES = {f"pkg/mod{n}.py": f"def function_{n}():\n    return 'original{n}'\n" for n in range(5)}
OTHER = {"pkg/mod1.py": "def another_1():\n    return 'substitute1'\n"}


def is_gone(daemon: Daemon, root: Path) -> str:
    """Wait until the daemon knows by itself; check that it says so and keeps the index; return its words."""
    wait_until(lambda: status(daemon)["state"] == "root_gone", 10, "root_gone without being asked")
    now = status(daemon)
    assert now["files"] == len(FILES)
    (reason,) = now["degraded"]
    assert reason["name"] == "root_gone"
    assert "vexorctl remove" in reason["hint"]
    reply = daemon.search("original1", path=str(root))
    assert reply["stale"] is True
    assert reply["projects"][0]["reasons"] == ["root_gone"]
    assert reply["results"][0]["hits"] == []
    return str(reason["message"])


def is_back(daemon: Daemon, root: Path) -> None:
    assert finds(daemon, root, "original1") == ["pkg/mod1.py"]
    now = status(daemon)
    assert (now["state"], now["degraded"], now["files"]) == ("ready", [], len(FILES))
    (root / "pkg" / "mod1.py").write_text("edited_after_return = 1\n")
    assert finds(daemon, root, "edited_after_return") == ["pkg/mod1.py"]


@pytest.fixture
def root(xdg: Xdg) -> Path:
    return make_tree(xdg.home / "above" / "project", FILES)


@pytest.fixture
def running(daemon: StartDaemon, root: Path) -> Daemon:
    started = daemon()
    started.add(root)
    return started


def test_a_root_that_is_renamed_and_comes_back(running: Daemon, root: Path, xdg: Xdg) -> None:
    root.rename(xdg.home / "away")
    assert "is not there" in is_gone(running, root)
    (xdg.home / "away/pkg/mod2.py").write_text("edited_while_away = 1\n")
    assert running.search("edited_while_away", path=str(root))["results"][0]["hits"] == []
    (xdg.home / "away").rename(root)
    assert finds(running, root, "edited_while_away") == ["pkg/mod2.py"]
    is_back(running, root)


def test_a_folder_above_that_is_renamed_is_noticed_without_a_question(running: Daemon, root: Path) -> None:
    root.parent.rename(root.parent.with_name("elsewhere"))
    is_gone(running, root)
    root.parent.with_name("elsewhere").rename(root.parent)
    is_back(running, root)


def test_an_empty_folder_in_the_place_of_a_root_is_waited_with(running: Daemon, root: Path, xdg: Xdg) -> None:
    root.rename(xdg.home / "away")
    is_gone(running, root)
    root.mkdir()
    wait_until(lambda: "is empty" in is_gone(running, root), what="another message")
    make_tree(root, OTHER)
    assert finds(running, root, "substitute1") == ["pkg/mod1.py"]
    assert finds(running, root, "original2") == []
    assert status(running)["files"] == 1


def test_a_root_that_is_deleted_and_made_anew_has_only_what_is_new(running: Daemon, root: Path) -> None:
    shutil.rmtree(root)
    make_tree(root, OTHER)
    assert finds(running, root, "substitute1") == ["pkg/mod1.py"]
    assert finds(running, root, "original2") == []
    assert status(running)["files"] == 1


def test_roots_that_change_places_answer_for_what_they_hold_now(
    running: Daemon, root: Path, xdg: Xdg
) -> None:
    other = make_tree(xdg.home / "other", OTHER)
    running.add(other)
    for mine, theirs in (("substitute1", "original1"), ("original1", "substitute1")):
        root.rename(xdg.home / "between")
        other.rename(root)
        (xdg.home / "between").rename(other)
        assert (finds(running, root, mine), finds(running, root, theirs)) == (["pkg/mod1.py"], [])
        assert (finds(running, other, theirs), finds(running, other, mine)) == (["pkg/mod1.py"], [])
        (root / "pkg/mod1.py").write_text(f"{mine} = 'edited'\n")
        assert finds(running, root, "edited") == ["pkg/mod1.py"]
        assert finds(running, other, "edited") == []
        (root / "pkg/mod1.py").write_text(f"{mine} = 1\n")


def test_a_symlink_in_the_place_of_a_root_is_not_followed(running: Daemon, root: Path, xdg: Xdg) -> None:
    root.rename(xdg.home / "moved")
    root.symlink_to(xdg.home / "moved")
    assert f"is a symbolic link now, to {xdg.home / 'moved'}" in is_gone_at(running, root)
    (xdg.home / "moved/pkg/mod3.py").write_text("written_behind_the_link = 1\n")
    assert status(running)["files"] == len(FILES)
    # Who searches there from now on means the folder that the link leads to.
    found = running.search("original1", path=str(root), register=True)
    assert found["registered"] == str(xdg.home / "moved")
    root.unlink()
    (xdg.home / "moved").rename(root)
    assert finds(running, root, "written_behind_the_link") == ["pkg/mod3.py"]


def is_gone_at(daemon: Daemon, root: Path) -> str:
    wait_until(lambda: status(daemon)["state"] == "root_gone", 10, "root_gone without being asked")
    return str(status(daemon)["degraded"][0]["message"])


def test_a_symlink_to_a_root_may_change_its_target(daemon: StartDaemon, xdg: Xdg) -> None:
    first, second = make_tree(xdg.home / "first", FILES), make_tree(xdg.home / "second", OTHER)
    link = xdg.home / "link"
    link.symlink_to(first)
    running = daemon()
    assert running.add(link) == str(first)
    assert finds(running, link, "original1") == ["pkg/mod1.py"]
    link.unlink()
    link.symlink_to(second)
    running.add(link)
    assert (finds(running, link, "substitute1"), finds(running, link, "original1")) == (["pkg/mod1.py"], [])
    assert finds(running, first, "original1") == ["pkg/mod1.py"]


# Mounts


def mount(*args: str | Path) -> Callable[[], object]:
    """Mount; return what unmounts it."""
    done = subprocess.run(["mount", *args], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"mounts are not allowed here: {done.stderr.strip()}")
    return lambda: subprocess.run(["umount", "-l", args[-1]], check=True)


def test_a_disk_that_is_unmounted_leaves_its_index(daemon: StartDaemon, xdg: Xdg) -> None:
    disk = make_tree(xdg.home / "disk", FILES)
    root = xdg.home / "mounted"
    root.mkdir()
    unmount = mount("--bind", disk, root)
    try:
        running = daemon()
        running.add(root)
        is_back(running, root)
        unmount()
        assert "is empty, and was not when it was indexed" in is_gone(running, root)
        running.stop()
        running = daemon()  # nor is it emptied by a daemon that did not see the disk go
        is_gone(running, root)
        (disk / "pkg/mod1.py").write_text(FILES["pkg/mod1.py"])
        unmount = mount("--bind", disk, root)
        is_back(running, root)
        (disk / "pkg/mod4.py").write_text("written_at_another_place = 1\n")
        assert finds(running, root, "written_at_another_place") == ["pkg/mod4.py"]
    finally:
        unmount()


def test_a_mount_over_a_root_is_another_root(running: Daemon, root: Path, xdg: Xdg) -> None:
    other = make_tree(xdg.home / "other", OTHER)
    unmount = mount("--bind", other, root)
    try:
        assert (finds(running, root, "substitute1"), finds(running, root, "original1")) == (
            ["pkg/mod1.py"],
            [],
        )
    finally:
        unmount()
    assert (finds(running, root, "original1"), finds(running, root, "substitute1")) == (["pkg/mod1.py"], [])


def test_a_mount_inside_a_root_comes_and_goes(running: Daemon, root: Path, xdg: Xdg) -> None:
    """Neither raises an event: a comparison finds it, and watches what is there then."""
    other = make_tree(xdg.home / "other", OTHER)
    (root / "inner").mkdir()
    unmount = mount("--bind", other, root / "inner")
    try:
        running.request("reindex", {"path": str(root)})
        assert running.request("wait", {"path": str(root), "timeout_ms": 10_000}, 15)["reached"]
        assert finds(running, root, "substitute1") == ["inner/pkg/mod1.py"]
        (other / "pkg/mod1.py").write_text("edited_in_the_mount = 1\n")
        assert finds(running, root, "edited_in_the_mount") == ["inner/pkg/mod1.py"]
    finally:
        unmount()
    running.request("reindex", {"path": str(root)})
    assert running.request("wait", {"path": str(root), "timeout_ms": 10_000}, 15)["reached"]
    assert finds(running, root, "edited_in_the_mount") == []


# The index's own folder


def test_an_index_inside_its_root_goes_and_comes_with_it(daemon: StartDaemon, root: Path, xdg: Xdg) -> None:
    running = daemon()
    running.request("register", {"path": str(root), "index_in_project": True})
    assert running.request("wait", {"path": str(root), "timeout_ms": 20_000}, 25)["reached"]
    other = make_tree(xdg.home / "other", OTHER)
    root.rename(xdg.home / "away")
    assert is_gone_at(running, root)
    other.rename(root)
    assert finds(running, root, "substitute1") == ["pkg/mod1.py"]
    assert finds(running, root, "original1") == []
    root.rename(other)
    (xdg.home / "away").rename(root)
    assert finds(running, root, "original1") == ["pkg/mod1.py"]
    assert finds(running, root, "substitute1") == []
    (root / "pkg/mod1.py").write_text("edited_after_return = 1\n")
    assert finds(running, root, "edited_after_return") == ["pkg/mod1.py"]


def test_an_index_that_is_deleted_under_a_daemon_is_made_anew(running: Daemon, root: Path, xdg: Xdg) -> None:
    (index,) = (path.parent for path in xdg.cache.rglob("manifest.json"))
    shutil.rmtree(index)
    assert finds(running, root, "original1") == ["pkg/mod1.py"]
    wait_until((index / "manifest.json").exists, 10, "an index without a question")
    (root / "pkg/mod1.py").write_text("edited_after_loss = 1\n")
    assert finds(running, root, "edited_after_loss") == ["pkg/mod1.py"]
