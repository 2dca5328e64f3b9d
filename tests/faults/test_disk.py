"""The disk refuses: searches go on, the trouble has a name and a mend, and all goes on by itself."""

import contextlib
import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from vexor_protocol.wire import ReplyError

from tests.conftest import StartDaemon
from tests.support.daemon import Daemon
from tests.support.faults import Plan
from tests.support.trees import make_tree
from tests.support.truth import differences_to_fresh
from tests.support.waiting import wait_until
from tests.support.xdg import Xdg
from vexord.ingest.bulk import BULK_BYTES

NAMES = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EIO: "write_failed",
    errno.EROFS: "write_failed",
}


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return Plan(tmp_path / "plan")


def index_of(xdg: Xdg, name: str) -> Path:
    (found,) = (xdg.cache / "vexord" / "projects").glob(f"{name}-*")
    return found


def hits(daemon: Daemon, root: Path, word: str, fresh_ms: int = 20_000) -> tuple[list[str], bool]:
    reply = daemon.request("search", {"query": f'"{word}"', "path": str(root), "fresh_ms": fresh_ms}, 30)
    return [hit["path"] for hit in reply["results"][0]["hits"]], reply["stale"]


def degraded(daemon: Daemon) -> dict[str, dict[str, str]]:
    return {one["name"]: one for one in daemon.request("projects")["projects"][0]["degraded"]}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS], ids=errno.errorcode.get)
def test_edits_wait_for_the_disk_and_follow_by_themselves(
    daemon: StartDaemon, xdg: Xdg, plan: Plan, code: int
) -> None:
    root = make_tree(xdg.home / "root", {f"f{n}.py": f"name_{n} = {n}\n" for n in range(5)})
    running = daemon(env=plan.env)
    running.add(root)
    plan.fail(code, match=str(xdg.cache))
    (root / "f1.py").write_text("edited = 1\n")
    (root / "passing.py").write_text("never_published = 1\n")
    wait_until(lambda: NAMES[code] in degraded(running), what="the trouble has a name")
    assert "by itself" in degraded(running)[NAMES[code]]["hint"]
    reply = running.request("search", {"query": '"edited"', "path": str(root), "fresh_ms": 300}, 30)
    assert reply["stale"]
    assert NAMES[code] in reply["projects"][0]["reasons"]
    assert hits(running, root, "name_2", 0) == (["f2.py"], True), "the old generation goes on serving"
    assert plan.refused() < 30, "no hot loop"
    (root / "passing.py").unlink()
    (root / "f3.py").unlink()
    hits(running, root, "passing", 300)
    plan.clear()
    assert hits(running, root, "edited") == (["f1.py"], False)
    wait_until(lambda: not degraded(running), what="the trouble is over")
    assert differences_to_fresh(index_of(xdg, "root"), root) == []


def test_a_first_index_waits_for_the_disk(daemon: StartDaemon, xdg: Xdg, plan: Plan) -> None:
    line = "".join(f"# some line of the file, number {n}\n" for n in range(700))
    files = {f"d{n % 9}/f{n}.txt": f"name_{n}x\n{line}" for n in range(90)}
    root = make_tree(xdg.home / "root", files)
    assert sum(map(len, files.values())) > BULK_BYTES
    running = daemon(env=plan.env)
    plan.fail(errno.ENOSPC, match="/segments/")
    running.request("register", {"path": str(root)})
    wait_until(lambda: "disk_full" in degraded(running), 20, "the trouble has a name")
    plan.clear()
    assert running.request("wait", {"path": str(root), "timeout_ms": 60_000}, 65)["reached"]
    assert hits(running, root, "name_7x") == (["d7/f7.txt"], False)
    assert not degraded(running)


def test_an_index_that_cannot_be_opened_is_tried_again(daemon: StartDaemon, xdg: Xdg, plan: Plan) -> None:
    root = make_tree(xdg.home / "root", {"a.py": "name_a = 1\n"})
    running = daemon(env=plan.env)
    plan.fail(errno.EROFS, names=("mkdir",), match=str(xdg.cache))
    running.request("register", {"path": str(root)})
    wait_until(lambda: "index_failed" in degraded(running), what="the trouble has a name")
    assert "Read-only" in degraded(running)["index_failed"]["message"]
    plan.clear()
    wait_until(lambda: hits(running, root, "name_a", 500) == (["a.py"], False), 30, "it is opened")


def test_a_registration_that_cannot_be_written_is_refused_and_nothing_is_lost(
    daemon: StartDaemon, xdg: Xdg, plan: Plan
) -> None:
    one = make_tree(xdg.home / "one", {"a.py": "in_one = 1\n"})
    two = make_tree(xdg.home / "two", {"a.py": "in_two = 1\n"})
    running = daemon(env=plan.env)
    running.add(one)
    plan.fail(errno.ENOSPC, match="projects.json")
    for method, path in (("register", two), ("unregister", one)):
        with pytest.raises(ReplyError) as refused:
            running.request(method, {"path": str(path)})
        assert "No space left" in str(refused.value)
    assert [told["project"] for told in running.request("projects")["projects"]] == [str(one)]
    assert hits(running, one, "in_one") == (["a.py"], False)
    plan.clear()
    running.add(two)
    running.stop()
    again = daemon()
    assert [told["project"] for told in again.request("projects")["projects"]] == [str(one), str(two)]


@pytest.fixture
def small_disk(xdg: Xdg) -> Iterator[Path]:
    """The cache folder is a file system of its own, of 3 MB."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m,mode=700", "tmpfs", str(xdg.cache)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"a file system cannot be mounted here: {mounted.stderr.decode().strip()}")
    yield xdg.cache
    subprocess.run(["umount", "-l", str(xdg.cache)], check=True)


def test_a_disk_that_is_really_full(daemon: StartDaemon, xdg: Xdg, small_disk: Path) -> None:
    root = make_tree(xdg.home / "root", {f"f{n}.py": f"name_{n}x = {n}\n" for n in range(20)})
    running = daemon()
    running.add(root)
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(1 << 12))
    body = "".join(f"def function_{n}(): pass\n\n" for n in range(300))
    (root / "large.py").write_text(body)
    wait_until(lambda: "disk_full" in degraded(running), what="the trouble has a name")
    for number in range(20):
        assert hits(running, root, f"name_{number}x", 0)[0] == [f"f{number}.py"]
    assert running.process.poll() is None
    assert running.request("status")["indexer"]["restarts"] == 0
    os.unlink(filler)
    assert hits(running, root, "function_299") == (["large.py"], False)
    assert not degraded(running)
    assert differences_to_fresh(index_of(xdg, "root"), root) == []
