"""Changes that raise no event (network file systems, mappings, hard links), disks that answer with errors."""

import contextlib
import mmap
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.conftest import StartDaemon
from tests.support.asking import finds, status
from tests.support.daemon import Daemon
from tests.support.fuse import SilentFiles, silent_files
from tests.support.inside import inside
from tests.support.trees import make_tree
from tests.support.waiting import wait_until
from tests.support.xdg import Xdg

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="FUSE and inotify")
FILES = {"plain.py": "plain_marker = 1\n", "far/mod.py": "distant_marker = 1\n", "far/two.py": "second = 2\n"}


def found_by_itself(daemon: Daemon, root: Path, word: str) -> bool:
    """Whether the word is found without asking for proof."""
    reply = daemon.request("search", {"query": word, "path": str(root), "fresh_ms": 0})
    return any(word in hit["text"] for hit in reply["results"][0]["hits"])


def degraded(daemon: Daemon) -> dict[str, str]:
    return {entry["name"]: entry["message"] for entry in status(daemon)["degraded"]}


@contextlib.contextmanager
def mounted(point: Path, files: Mapping[str, str]) -> Iterator[SilentFiles]:
    try:
        mount = silent_files(point, files)
        made = mount.__enter__()
    except OSError as error:
        pytest.skip(f"FUSE mounts are not allowed here: {error}")
    try:
        yield made
    finally:
        mount.__exit__(None, None, None)


def test_a_root_without_events_is_compared_for_each_proof(daemon: StartDaemon, xdg: Xdg) -> None:
    root = xdg.home / "share"
    with mounted(root, FILES) as share:
        running = daemon()
        running.add(root)
        assert "is on fuse.silent" in degraded(running)["no_events"]
        for number in range(5):
            share.write("far/mod.py", f"edited_{number}_far_away = 1\n")
            assert finds(running, root, f"edited_{number}_far_away") == ["far/mod.py"]
        share.write("near/new.py", "made_far_away = 1\n")
        assert finds(running, root, "made_far_away") == ["near/new.py"]
        unproved = running.request("search", {"query": "x", "path": str(root), "fresh_ms": 0})
        assert unproved["projects"][0]["reasons"] == ["no_events"]
        running.stop()


def test_a_silent_folder_inside_a_root_counts_while_it_is_mounted(daemon: StartDaemon, xdg: Xdg) -> None:
    root = make_tree(xdg.home / "p", {"plain.py": "plain_marker = 1\n"})
    with mounted(root / "share", FILES) as share:
        running = daemon()
        running.add(root)
        assert f"{root}/share is on fuse.silent" in degraded(running)["no_events"]
        share.write("far/mod.py", "edited_far_away = 1\n")
        assert finds(running, root, "edited_far_away") == ["share/far/mod.py"]
    wait_until(lambda: finds(running, root, "edited_far_away") == [], what="the files to go with their disk")
    assert degraded(running) == {}


def test_what_the_disk_does_not_give_is_kept_and_named_and_never_fresh(daemon: StartDaemon, xdg: Xdg) -> None:
    root = xdg.home / "share"
    with mounted(root, FILES) as share:
        running = daemon()
        running.add(root)
        assert finds(running, root, "distant_marker") == ["far/mod.py"]
        for broken in ("far", "far/mod.py"):
            share.broken.add(broken)
            share.write("plain.py", f"while_{len(broken)}_is_broken = 1\n")
            reply = running.search(f"while_{len(broken)}_is_broken", path=str(root))
            assert reply["stale"] is True
            assert "read_error" in reply["projects"][0]["reasons"]
            assert reply["results"][0]["hits"][0]["path"] == "plain.py"
            assert f"{broken}" in degraded(running)["read_error"]
            assert "Input/output error" in degraded(running)["read_error"]
            assert status(running)["files"] == 3
            share.broken.clear()
            assert finds(running, root, "distant_marker") == ["far/mod.py"]
            wait_until(lambda: degraded(running).keys() == {"no_events"}, what="recovery")
        running.stop()


def test_a_broken_root_is_not_an_empty_one(daemon: StartDaemon, xdg: Xdg) -> None:
    root = xdg.home / "share"
    with mounted(root, FILES) as share:
        running = daemon()
        running.add(root)
        share.broken.add("")
        reply = running.search("distant_marker", path=str(root))
        assert reply["stale"] is True
        assert status(running)["files"] == 3
        share.broken.clear()
        wait_until(lambda: not running.search("x", path=str(root))["stale"], what="recovery")
        assert finds(running, root, "distant_marker") == ["far/mod.py"]
        running.stop()


SOON = "import vexord.ingest.schedule as schedule; schedule.RESCAN_INTERVAL_S = 0.5"


def test_writes_that_raise_no_event_are_found_by_the_periodic_comparison(
    daemon: StartDaemon, xdg: Xdg
) -> None:
    root = make_tree(
        xdg.home / "p", {"mapped.py": "mapping_first_ = 1\n", "linked.py": "hard_link_first = 1\n"}
    )
    os.link(root / "linked.py", xdg.home / "outside.py")
    running = daemon(env=inside(xdg, indexer=SOON))
    running.add(root)
    with open(root / "mapped.py", "r+b") as file, mmap.mmap(file.fileno(), 0) as mapping:
        mapping[:15] = b"mapping_second_"
        mapping.flush()
        wait_until(lambda: found_by_itself(running, root, "mapping_second_"), what="the mapped write")
        (xdg.home / "outside.py").write_text("hard_link_second = 1\n")
        wait_until(lambda: found_by_itself(running, root, "hard_link_second"), what="the write by the link")
    (root / "mapped.py").write_text("closed_at_last = 1\n")
    assert finds(running, root, "closed_at_last") == ["mapped.py"]
    assert status(running)["degraded"] == []


DEAF = "import vexord.ingest.watch.root as root; root.RootWatch.on_event = lambda *_: None; " + SOON


def test_no_event_is_needed_to_find_an_edit_in_the_end(daemon: StartDaemon, xdg: Xdg) -> None:
    root = make_tree(xdg.home / "p", FILES)
    running = daemon(env=inside(xdg, indexer=DEAF))
    running.add(root)
    (root / "far/mod.py").write_text("found_without_events = 1\n")
    (root / "made").mkdir()
    (root / "made/new.py").write_text("made_without_events = 1\n")
    (root / "plain.py").unlink()
    wait_until(lambda: found_by_itself(running, root, "found_without_events"), what="the edit")
    wait_until(lambda: found_by_itself(running, root, "made_without_events"), what="the new file")
    wait_until(lambda: not found_by_itself(running, root, "plain_marker"), what="the removal")


RAISING = """
import vexord.ingest.watch.root as root
import vexord.ingest.project as project
first = root.RootWatch._handle
def handle(self, event, out):
    if event.name == b"cursed.py":
        raise RuntimeError("in the watcher's thread")
    first(self, event, out)
root.RootWatch._handle = handle
dirty = project.Project.dirty
def take(self, rel, is_dir, now):
    if rel == "haunted.py":
        raise RuntimeError("in the main loop")
    dirty(self, rel, is_dir, now)
project.Project.dirty = take
"""


def test_handlers_that_raise_are_counted_and_nothing_is_missed(daemon: StartDaemon, xdg: Xdg) -> None:
    root = make_tree(xdg.home / "p", FILES)
    running = daemon(env=inside(xdg, indexer=RAISING))
    running.add(root)
    for number, name in enumerate(("cursed.py", "haunted.py")):
        (root / name).write_text(f"{name[:-3]}_marker = 1\n")
        assert finds(running, root, f"{name[:-3]}_marker") == [name]
        wait_until(
            lambda count=number: status(running)["doubts"].get("watcher_error", 0) > count, what="a count"
        )
    (root / "plain.py").write_text("alive_marker = 1\n")
    assert finds(running, root, "alive_marker") == ["plain.py"]
    assert running.request("status")["indexer"]["restarts"] == 0
    wait_until(lambda: degraded(running) == {}, what="recovery")


FAILING = """
import vexord.ingest.pipeline as pipeline
chunks_of = pipeline.chunks_of
def fail(mode, path, extracted):
    if "huge" in path:
        raise MemoryError
    if "odd" in path:
        raise ValueError("a parser that cannot bear it")
    return chunks_of(mode, path, extracted)
pipeline.chunks_of = fail
"""


def test_a_file_that_a_parser_cannot_bear_costs_that_file_alone(daemon: StartDaemon, xdg: Xdg) -> None:
    root = make_tree(xdg.home / "p", FILES | {"odd.py": "odd_marker = 1\n", "huge.py": "huge_marker = 1\n"})
    running = daemon(env=inside(xdg, indexer=FAILING))
    running.add(root)
    assert finds(running, root, "plain_marker") == ["plain.py"]
    (skipped,) = status(running)["skipped"]
    assert (skipped["reason"], skipped["count"]) == ("failed", 2)
    assert running.search("huge.py", path=str(root))["results"][0]["hits"][0]["path"] == "huge.py"
    running.stop()
    healed = daemon()
    assert finds(healed, root, "odd_marker") == ["odd.py"]
    assert finds(healed, root, "huge_marker") == ["huge.py"]
    assert status(healed)["skipped"] == []


FAILING_ONCE = """
import vexord.ingest.project as project
work = project.Project.work
def once(self, now):
    if len(self.syncs) and self.state == "ready" and not hasattr(project, "failed_once"):
        project.failed_once = True
        raise RuntimeError("while a barrier is open")
    return work(self, now)
project.Project.work = once
"""


def test_who_waits_for_proof_of_a_project_that_fails_is_answered(daemon: StartDaemon, xdg: Xdg) -> None:
    root = make_tree(xdg.home / "p", FILES)
    running = daemon(env=inside(xdg, indexer=FAILING_ONCE))
    running.request("register", {"path": str(root)})
    wait_until(lambda: status(running)["state"] == "ready", what="a first index")
    reply = running.search("plain_marker", path=str(root))
    assert (reply["stale"], reply["projects"][0]["reasons"]) == (True, ["failed"])
    wait_until(lambda: not running.search("plain_marker", path=str(root))["stale"], 30, "proof again")
