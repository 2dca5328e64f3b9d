"""What the Linux watcher does when the kernel, the disk or its consumer fails, with real inotify."""

import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_watch_support import Rig, kernel_watches, rig, wait_for

from vexord.ingest.watch import CookieSeen, Dirty, Doubt, Event

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def watch(tmp_path: Path, root: Path) -> Iterator[Rig]:
    with rig(tmp_path / "private") as made:
        made.add(root)
        yield made


# Roots that go and come back


def test_removed_root_is_said_once_and_watched_again_when_back(watch: Rig, root: Path) -> None:
    root.rmdir()
    watch.settle()
    watch.watcher.check_roots()
    assert watch.seen.doubts(root) == ["root_gone"]
    root.mkdir()
    watch.watcher.check_roots()
    assert Dirty(str(root), "", is_dir=True) in watch.seen.events
    watch.news(root)
    (root / "f").write_text("x")
    assert watch.news(root) == {"f"}


def test_root_removed_and_made_again_at_once_is_noticed(watch: Rig, root: Path) -> None:
    (root / "d").mkdir()
    watch.news(root)
    (root / "d").rmdir()
    root.rmdir()
    (root / "e").mkdir(parents=True)
    watch.settle()
    watch.watcher.check_roots()  # the thread may have looked between the two
    assert watch.seen.doubts(root) == ["root_gone"]
    assert watch.seen.dirty(root)[-1].rel in {"", "e"}
    watch.news(root)
    (root / "e/f").write_text("x")
    assert watch.news(root) == {"e/f"}


def test_root_made_again_before_the_thread_looks_is_not_taken_for_the_old_one(watch: Rig, root: Path) -> None:
    watch.seen.hold.clear()
    (root / "f").write_text("x")  # the thread waits here
    (root / "f").unlink()
    root.rmdir()
    (root / "e").mkdir(parents=True)  # often the same inode number
    watch.seen.hold.set()
    watch.settle()
    assert watch.seen.doubts(root) == ["root_gone"]
    assert Dirty(str(root), "", is_dir=True) in watch.seen.events
    watch.news(root)
    (root / "e/f").write_text("x")
    assert watch.news(root) == {"e/f"}


def test_renamed_root_says_nothing_under_its_old_path(watch: Rig, root: Path, tmp_path: Path) -> None:
    (root / "d").mkdir()
    watch.settle()
    root.rename(tmp_path / "away")
    watch.settle()
    assert watch.seen.doubts(root) == ["root_gone"]
    watch.seen.events.clear()
    (tmp_path / "away/d/f").write_text("x")
    assert watch.news(root) == set()
    (tmp_path / "away").rename(root)
    watch.watcher.check_roots()
    watch.news(root)
    (root / "d/f").write_text("y")
    assert watch.news(root) == {"d/f"}


def test_renamed_parent_of_a_root_is_noticed_by_the_check(tmp_path: Path) -> None:
    root = tmp_path / "above/root"
    root.mkdir(parents=True)
    with rig(tmp_path / "private") as made:
        made.add(root)
        (tmp_path / "above").rename(tmp_path / "elsewhere")
        made.watcher.check_roots()
        assert made.seen.doubts(root) == ["root_gone"]
        assert kernel_watches() == 1


def test_symlink_in_place_of_the_root_is_not_followed(watch: Rig, root: Path, tmp_path: Path) -> None:
    root.rename(tmp_path / "away")
    root.symlink_to(tmp_path / "away")
    watch.settle()
    watch.watcher.check_roots()
    assert watch.seen.doubts(root) == ["root_gone"]
    assert kernel_watches() == 1


def test_root_that_is_not_there_yet(watch: Rig, tmp_path: Path) -> None:
    later = tmp_path / "later"
    watch.add(later)
    assert watch.seen.doubts(later) == ["root_gone"]
    later.mkdir()
    watch.watcher.check_roots()
    (later / "f").write_text("x")
    assert watch.news(later) == {"", "f"}


# The consumer and the rules


def test_a_sink_that_raises_costs_a_doubt_not_the_thread(tmp_path: Path, root: Path) -> None:
    with rig(tmp_path / "private") as made:
        kept = made.seen.__call__

        def sink(event: Event) -> None:
            if isinstance(event, Dirty) and event.rel == "bad":
                raise RuntimeError("no room")
            kept(event)

        made.watcher._shared.sink._sink = sink
        made.add(root)
        (root / "bad").write_text("x")
        (root / "good").write_text("x")
        made.settle()
        assert "watcher_error" in made.seen.doubts(root)
        assert made.seen.rels(root) == {"good"}


def test_rules_that_raise_leave_the_folder_watched(tmp_path: Path, root: Path) -> None:
    def rules(rel: str) -> bool:
        raise ValueError(rel)

    with rig(tmp_path / "private") as made:
        made.watcher.add(str(root), rules)
        (root / "d").mkdir()
        made.settle()
        (root / "d/f").write_text("x")
        assert "d/f" in made.news(root)


def test_an_exception_in_the_reading_thread_is_survived(
    watch: Rig, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = watch.watcher._shared.instance
    assert instance is not None
    real, failures = instance.read_events, iter([True])

    def read_events() -> list[object]:
        if next(failures, False):
            raise OSError(5, "unlucky")
        return list(real())

    monkeypatch.setattr(instance, "read_events", read_events)
    (root / "f").write_text("x")  # ends the read under way; the next one fails
    assert wait_for(lambda: watch.seen.doubts(root) == ["watcher_error"])
    (root / "g").write_text("x")
    assert "g" in watch.news(root)


# Overflow


def fill_the_queue(root: Path) -> None:
    queue = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if queue > 40_000:
        pytest.skip(f"the queue of {queue} events is too long to fill in a test")
    (root / "a").touch()
    # Two events each; the thread may read some thousands before its consumer holds it up.
    for number in range(queue // 2 + 4_000):
        (root / "ab"[number % 2]).rename(root / "ba"[number % 2])


def test_overflow_is_one_doubt_for_each_root_and_events_flow_again(
    watch: Rig, root: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    (other / "gone").mkdir(parents=True)
    watch.add(other)
    watch.seen.hold.clear()
    fill_the_queue(root)
    (root / "late/deep").mkdir(parents=True)  # lost
    (other / "gone").rename(tmp_path / "gone")  # lost
    token = watch.watcher.send_cookie()  # lost
    watch.seen.hold.set()
    watch.settle()
    assert watch.seen.doubts(root) == ["overflow"]
    assert watch.seen.doubts(other) == ["overflow"]
    assert wait_for(lambda: sum(getattr(e, "token", 0) == token for e in watch.seen.events) == 1)
    watch.seen.events.clear()
    (root / "late/deep/f").write_text("x")
    (tmp_path / "gone/ghost").write_text("x")
    (other / "g").write_text("x")
    watch.settle()
    assert (watch.seen.rels(root), watch.seen.rels(other)) == ({"late/deep/f"}, {"g"})
    assert watch.seen.doubts(root) == []


def test_cookie_behind_an_overflow_comes_after_the_doubt(watch: Rig, root: Path) -> None:
    watch.seen.hold.clear()
    fill_the_queue(root)
    watch.seen.hold_at = 100  # one batch is read, so that there is room behind the mark of the overflow
    watch.seen.hold.set()
    assert wait_for(lambda: not watch.seen.hold.is_set())
    token = watch.watcher.send_cookie()
    watch.seen.hold.set()
    assert wait_for(lambda: CookieSeen(token) in watch.seen.events)
    assert watch.seen.doubts(root) == ["overflow"]
    before = watch.seen.events[: watch.seen.events.index(CookieSeen(token))]
    assert any(isinstance(event, Doubt) for event in before)


# Limits of the user, lowered in a user namespace so that nobody else feels them

_CHILD = """
    import json, pathlib, sys
    from test_watch_support import rig, wait_for
    base = pathlib.Path(sys.argv[1])
    root = base / "root"
    for number in range(30):
        (root / f"d{number}").mkdir(parents=True)
"""


def limited(setting: str, value: int, base: Path, script: str) -> dict[str, object]:
    shell = f'echo {value} > /proc/sys/user/{setting} && exec "$@"'
    code = textwrap.dedent(_CHILD) + textwrap.dedent(script)
    probe = subprocess.run(
        ["unshare", "-Ur", "sh", "-c", shell, "sh", "true"], capture_output=True, check=False
    )
    if probe.returncode != 0:
        pytest.skip(f"user namespaces are not allowed here: {probe.stderr.decode()[:100]}")
    here = Path(__file__).parent
    path = os.pathsep.join([str(here), str(here.parents[1]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        ["unshare", "-Ur", "sh", "-c", shell, "sh", sys.executable, "-c", code, str(base)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr.decode()
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_reached_limit_of_watches_is_said_once_and_the_rest_works(tmp_path: Path) -> None:
    said = limited(
        "max_inotify_watches",
        20,
        tmp_path,
        """
        with rig(base / "private") as made:
            made.add(root)
            for number in range(30):
                (root / f"d{number}" / "f").write_text("x")
            (root / "fresh").mkdir()
            made.settle()
            seen = made.seen.rels(root)
            doubts = [e for e in made.seen.events if type(e).__name__ == "Doubt"]
            unwatched = made.watcher.unwatched(str(root))
            for rel in unwatched:
                (root / rel / "f").unlink(missing_ok=True)
                (root / rel).rmdir()
            made.watcher.rewatch(str(root), "")
            print(json.dumps({
                "reasons": [d.reason for d in doubts], "detail": doubts[0].detail,
                "seen": sum(rel.endswith("/f") for rel in seen), "limit": made.watcher.watch_limit,
                "unwatched": len(unwatched), "fresh": "fresh" in seen and "fresh" in unwatched,
                "mended": not made.watcher.unwatched(str(root)),
            }))
        """,
    )
    detail = said.pop("detail")
    assert said == {
        "reasons": ["watch_limit"],
        "seen": 8,  # half of 20, less the root and the cookie folder
        "limit": 20,
        "unwatched": 23,
        "fresh": True,
        "mended": True,
    }
    assert "fs.inotify.max_user_watches" in str(detail)
    assert "your limit of 20 inotify watches is used up to vexord's share of 50%" in str(detail)
    assert "vexord holds 10 (the disk is not full)" in str(detail)
    assert f"{tmp_path}/root/d" in str(detail)


def test_no_inotify_instance_is_said_and_cookies_do_not_lie(tmp_path: Path) -> None:
    said = limited(
        "max_inotify_instances",
        0,
        tmp_path,
        """
        with rig(base / "private") as made:
            made.add(root)
            made.watcher.send_cookie()
            made.watcher.check_roots()
            blind = made.watcher.blind
            events = [[type(e).__name__, getattr(e, "reason", "")] for e in made.seen.events]
            pathlib.Path("/proc/sys/user/max_inotify_instances").write_text("8")
            made.seen.events.clear()
            made.watcher.check_roots()
            back = made.news(root)
            (root / "d0" / "f").write_text("x")
            print(json.dumps({"events": events, "blind": blind, "back": sorted(back),
                "then": sorted(made.news(root))}))
        """,
    )
    assert said == {"events": [["Doubt", "instance_limit"]], "blind": True, "back": [""], "then": ["d0/f"]}


# Size


def test_a_large_tree_costs_nothing_while_idle(tmp_path: Path, root: Path) -> None:
    for outer in range(50):
        for inner in range(100):
            (root / f"{outer}/{inner}").mkdir(parents=True)
    with rig(tmp_path / "private") as made:
        made.add(root)
        assert kernel_watches() == 2 + 50 + 5000
        for folder in root.rglob("*"):
            list(folder.iterdir())
        made.settle()
        assert made.seen.dirty(root) == []
        start, busy = time.monotonic(), time.process_time()
        wait_for(lambda: time.monotonic() - start > 0.5)
        idle_share = (time.process_time() - busy) / (time.monotonic() - start)
        assert idle_share < 0.1  # what the waiting itself costs; the overflow loop of watchdog costs 0.34


def test_doubt_is_said_for_file_systems_that_hide_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vexord.ingest.watch import limits

    table = tmp_path / "mountinfo"
    table.write_bytes(
        b"1 0 8:1 / / rw - ext4 /dev/sda rw\n"
        b"2 1 0:5 / /mnt/my\\040share rw shared:1 - nfs4 host:/x rw\n"
        b"3 1 0:6 / /mnt/ssh rw - fuse.sshfs host: rw\n"
    )
    monkeypatch.setattr(limits, "_MOUNTS", table)
    assert limits.deaf_mounts("/mnt/my share/src") == {"": "nfs4"}
    assert limits.deaf_mounts("/mnt/ssh") == {"": "fuse.sshfs"}
    assert limits.deaf_mounts("/mnt/sshx") == {}
    assert limits.deaf_mounts("/mnt") == {"my share": "nfs4", "ssh": "fuse.sshfs"}
    monkeypatch.setattr("vexord.ingest.watch.root.deaf_mounts", lambda path: {"": "nfs4"})
    folder = tmp_path / "share"
    folder.mkdir()
    with rig(tmp_path / "private") as made:
        made.add(folder)
        made.watcher.rewatch(str(folder), "")
        assert made.seen.doubts(folder) == ["no_events"]
        assert any(isinstance(e, Doubt) and "nfs4" in e.detail for e in made.seen.events)
