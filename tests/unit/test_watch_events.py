"""Which changes the Linux watcher reports, with real inotify."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_watch_support import Rig, kernel_watches, rig

from vexord.ingest.watch import CookieSeen, Dirty

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def watch(tmp_path: Path, root: Path) -> Iterator[Rig]:
    with rig(tmp_path / "private") as made:
        made.add(root, "node_modules")
        yield made


def test_create_modify_delete_are_said(watch: Rig, root: Path) -> None:
    file = root / "a.py"
    file.write_text("one")
    assert watch.news(root) == {"a.py"}
    file.write_text("two")
    assert watch.news(root) == {"a.py"}
    file.unlink()
    assert watch.news(root) == {"a.py"}


def test_reading_and_listing_say_nothing(watch: Rig, root: Path) -> None:
    (root / "a.py").write_text("one")
    watch.news(root)
    (root / "a.py").read_text()
    list(root.iterdir())
    assert watch.news(root) == set()


def test_atomic_save_names_the_final_file(watch: Rig, root: Path) -> None:
    (root / "a.py").write_text("old")
    watch.news(root)
    (root / ".a.tmp").write_text("new")
    (root / ".a.tmp").replace(root / "a.py")
    assert "a.py" in watch.news(root)


def test_hard_link_and_symlink_appearing_are_said(watch: Rig, root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("x")
    (root / "hard").hardlink_to(outside)
    (root / "soft").symlink_to(outside)
    assert watch.news(root) == {"hard", "soft"}


def test_move_in_out_and_within(watch: Rig, root: Path, tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x")
    (tmp_path / "f").rename(root / "in")
    assert watch.news(root) == {"in"}
    (root / "in").rename(root / "moved")
    assert watch.news(root) == {"in", "moved"}
    (root / "moved").rename(tmp_path / "f")
    assert watch.news(root) == {"moved"}


def test_folder_moved_in_is_watched_below(watch: Rig, root: Path, tmp_path: Path) -> None:
    (tmp_path / "d/e").mkdir(parents=True)
    (tmp_path / "d").rename(root / "d")
    watch.settle()
    assert Dirty(str(root), "d", is_dir=True) in watch.seen.events
    watch.news(root)
    (root / "d/e/f").write_text("x")
    assert watch.news(root) == {"d/e/f"}


def test_folder_moved_within_reports_new_path_only(watch: Rig, root: Path) -> None:
    (root / "old/deep").mkdir(parents=True)
    watch.news(root)
    (root / "old").rename(root / "new")
    watch.settle()
    assert {("old", True), ("new", True)} <= {(e.rel, e.is_dir) for e in watch.seen.dirty(root)}
    watch.news(root)
    (root / "new/deep/f").write_text("x")
    assert watch.news(root) == {"new/deep/f"}
    assert kernel_watches() == watch.watcher.watches == 4


def test_folder_moved_into_a_fresh_folder_keeps_its_watch(watch: Rig, root: Path) -> None:
    (root / "a/b").mkdir(parents=True)
    watch.news(root)
    watch.seen.hold.clear()  # the thread lags: it meets `p/a` before it hears that `a` went
    (root / "hold").write_text("x")
    (root / "p").mkdir()
    (root / "a").rename(root / "p/a")
    watch.seen.hold.set()
    watch.news(root)
    (root / "p/a/b/f").write_text("x")
    assert watch.news(root) == {"p/a/b/f"}
    assert kernel_watches() == 5


def test_folder_moved_out_leaves_no_ghost(watch: Rig, root: Path, tmp_path: Path) -> None:
    (root / "d/e").mkdir(parents=True)
    watch.settle()
    assert kernel_watches() == 4
    (root / "d").rename(tmp_path / "d")
    watch.news(root)
    (tmp_path / "d/f").write_text("x")
    (tmp_path / "d/e/f").write_text("x")
    assert watch.news(root) == set()
    assert kernel_watches() == watch.watcher.watches == 2


def test_removed_tree_frees_its_watches(watch: Rig, root: Path) -> None:
    (root / "d/e/f").mkdir(parents=True)
    watch.settle()
    shutil.rmtree(root / "d")
    assert "d" in watch.news(root)
    assert kernel_watches() == watch.watcher.watches == 2


def test_folder_removed_and_made_again_is_watched(watch: Rig, root: Path) -> None:
    for _ in range(20):
        (root / "d").mkdir()
        (root / "d").rmdir()
    (root / "d").mkdir()
    watch.news(root)
    (root / "d/f").write_text("x")
    assert watch.news(root) == {"d/f"}


def test_nested_mkdir_with_immediate_writes_misses_nothing(watch: Rig, root: Path) -> None:
    for number in range(300):
        folder = root / f"p{number}/q/r"
        folder.mkdir(parents=True)
        (folder / "f").write_text("x")
    watch.settle()
    folders = {event.rel for event in watch.seen.dirty(root) if event.is_dir}
    files = watch.seen.rels(root)
    missed = [n for n in range(300) if f"p{n}/q/r/f" not in files and not _covered(f"p{n}/q/r/f", folders)]
    assert missed == []
    assert kernel_watches() == 2 + 900
    watch.seen.events.clear()
    for number in range(300):
        (root / f"p{number}/q/r/g").write_text("y")
    assert watch.news(root) == {f"p{n}/q/r/g" for n in range(300)}


def _covered(rel: str, folders: set[str]) -> bool:
    parts = rel.split("/")
    return any("/".join(parts[:depth]) in folders for depth in range(1, len(parts)))


def test_pruned_folders_get_no_watch(watch: Rig, root: Path) -> None:
    before = kernel_watches()
    (root / "node_modules/x/y").mkdir(parents=True)
    watch.settle()
    for number in range(200):
        (root / f"node_modules/x/{number}").mkdir()
    assert {rel for rel in watch.news(root) if "/" in rel} == set()
    assert kernel_watches() == before


def test_rewatch_follows_changed_rules(tmp_path: Path, root: Path) -> None:
    (root / "sub/gen/deep").mkdir(parents=True)
    pruned: set[str] = set()
    with rig(tmp_path / "private") as made:
        made.watcher.add(str(root), lambda rel: rel in pruned)
        assert kernel_watches() == 5
        pruned.add("sub/gen")
        made.watcher.rewatch(str(root), "sub")
        assert kernel_watches() == 3
        (root / "sub/gen/f").write_text("x")
        assert made.news(root) == set()
        pruned.clear()
        made.watcher.rewatch(str(root), "sub/gen")
        (root / "sub/gen/deep/f").write_text("x")
        assert made.news(root) == {"sub/gen/deep/f"}
        pruned.add("sub")
        made.watcher.rewatch(str(root), "sub")
        assert kernel_watches() == 2


def test_two_roots_and_nested_roots(watch: Rig, root: Path, tmp_path: Path) -> None:
    other, inner = tmp_path / "other", root / "inner"
    other.mkdir()
    inner.mkdir()
    watch.add(other)
    watch.settle()
    before = kernel_watches()
    watch.add(inner)
    watch.settle()
    assert kernel_watches() == before  # a folder has one watch, whoever asks for it
    watch.seen.events.clear()
    (inner / "f").write_text("x")
    (other / "g").write_text("x")
    watch.settle()
    assert watch.seen.rels(root) == {"inner/f"}
    assert watch.seen.rels(inner) == {"f"}
    assert watch.seen.rels(other) == {"g"}
    watch.watcher.remove(str(root))
    watch.seen.events.clear()
    (inner / "f").write_text("y")
    (root / "h").write_text("y")
    watch.settle()
    assert watch.seen.rels(inner) == {"f"}
    assert watch.seen.rels(root) == set()


def test_folder_moved_between_roots(watch: Rig, root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (root / "d/e").mkdir(parents=True)
    watch.add(other)
    watch.settle()
    (root / "d").rename(other / "d")
    watch.settle()
    watch.seen.events.clear()
    (other / "d/e/f").write_text("x")
    watch.settle()
    assert watch.seen.rels(other) == {"d/e/f"}
    assert watch.seen.rels(root) == set()


def test_names_that_are_not_utf8(watch: Rig, root: Path) -> None:
    folder = os.fsencode(root) + b"/d\xff"
    os.mkdir(folder)
    watch.settle()
    with open(folder + b"/f\xfe", "wb"):
        pass
    assert watch.news(root) >= {os.fsdecode(b"d\xff"), os.fsdecode(b"d\xff/f\xfe")}


def test_cookie_follows_all_earlier_writes(watch: Rig, root: Path) -> None:
    for round_ in range(5):
        for number in range(1000):
            (root / f"f{number}").write_text(str(round_))
        token = watch.watcher.send_cookie()
        assert_follows = CookieSeen(token)
        watch.settle()
        before = watch.seen.events[: watch.seen.events.index(assert_follows)]
        assert {e.rel for e in before if isinstance(e, Dirty)} == {f"f{n}" for n in range(1000)}
        assert watch.seen.events.count(assert_follows) == 1
        watch.seen.events.clear()


def test_cookie_folder_is_private_and_left_empty(watch: Rig, tmp_path: Path) -> None:
    watch.settle()
    assert (tmp_path / "private").stat().st_mode & 0o777 == 0o700
    assert list((tmp_path / "private").iterdir()) == []


def test_cookie_folder_that_was_removed_is_made_again(watch: Rig, tmp_path: Path) -> None:
    (tmp_path / "private").rmdir()
    watch.settle()


def test_close_ends_every_watch(tmp_path: Path, root: Path) -> None:
    (root / "d").mkdir()
    with rig(tmp_path / "private") as made:
        made.add(root)
        assert kernel_watches() == 3
    assert kernel_watches() == 0
