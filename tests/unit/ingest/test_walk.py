import os
import socket
from pathlib import Path

import pytest

from vexord.index.types import FileStamp
from vexord.ingest.ignore import IgnoreRules
from vexord.ingest.walk import WalkReport, walk

pytestmark = pytest.mark.usefixtures("own_home")


def plant(root: Path, *files: str) -> None:
    for rel in files:
        path = root / rel
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rel)


def rels(root: Path, start: str = "", report: WalkReport | None = None) -> list[str]:
    return [file.rel for file in walk(str(root), IgnoreRules(str(root)), start, report)]


def test_every_regular_file_is_found_once_in_a_steady_order(tmp_path: Path) -> None:
    plant(tmp_path, "b/z.py", "b/a/x.py", "a.py", "c/d/e/f.py", ".hidden/x")
    assert rels(tmp_path) == ["a.py", ".hidden/x", "b/z.py", "b/a/x.py", "c/d/e/f.py"]


def test_the_stamp_is_that_of_lstat(tmp_path: Path) -> None:
    plant(tmp_path, "a.py")
    info = os.lstat(tmp_path / "a.py")
    (found,) = walk(str(tmp_path), IgnoreRules(str(tmp_path)))
    assert found.stamp == FileStamp(info.st_size, info.st_mtime_ns, info.st_ino, info.st_ctime_ns)


def test_a_walk_from_a_folder_stays_in_it(tmp_path: Path) -> None:
    plant(tmp_path, "a/x", "ab/x", "a/b/y")
    assert rels(tmp_path, "a") == ["a/x", "a/b/y"]
    assert rels(tmp_path, "a/b") == ["a/b/y"]
    assert rels(tmp_path, "gone") == []
    assert rels(tmp_path, "a/x") == []


def test_nothing_comes_from_an_ignored_start(tmp_path: Path) -> None:
    plant(tmp_path, "node_modules/p/x.js")
    assert rels(tmp_path, "node_modules/p") == []


def test_links_fifos_and_sockets_are_counted_and_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(tmp_path, "a/x")
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "link.py").symlink_to("a/x")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "broken").symlink_to("nowhere")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind("s")
        report = WalkReport()
        assert rels(tmp_path, report=report) == ["a/x"]
    assert report.special == 5


def test_a_folder_swapped_for_a_link_is_not_entered(tmp_path: Path) -> None:
    plant(tmp_path, "outside/secret", "root/a/x", "root/b/y")
    report = WalkReport()
    steps = walk(str(tmp_path / "root"), IgnoreRules(str(tmp_path / "root")), report=report)
    assert next(steps).rel == "a/x"
    (tmp_path / "root/b/y").unlink()
    (tmp_path / "root/b").rmdir()
    (tmp_path / "root/b").symlink_to(tmp_path / "outside")
    assert list(steps) == []
    assert report.unreadable == 0


def test_what_vanishes_meanwhile_is_left_out_without_a_word(tmp_path: Path) -> None:
    plant(tmp_path, "a/x", "b/y", "c/z")
    report = WalkReport()
    steps = walk(str(tmp_path), IgnoreRules(str(tmp_path)), report=report)
    assert next(steps).rel == "a/x"
    (tmp_path / "b/y").unlink()
    (tmp_path / "b").rmdir()
    assert [file.rel for file in steps] == ["c/z"]
    assert report.unreadable == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_folder_is_counted_and_named(tmp_path: Path) -> None:
    plant(tmp_path, "a/x", "b/y")
    (tmp_path / "a").chmod(0)
    report = WalkReport()
    try:
        assert rels(tmp_path, report=report) == ["b/y"]
    finally:
        (tmp_path / "a").chmod(0o700)
    assert (report.unreadable, report.unreadable_examples) == (1, ["a"])
    assert report.summary() == "1 of 1 file after ignore rules; 1 unreadable, e.g. a"


def test_an_error_of_the_file_system_is_counted_and_the_walk_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(tmp_path, "a/x", "b/y")
    really_open = os.open

    def failing(path: str, flags: int) -> int:
        if path.endswith("/a"):
            raise PermissionError(13, "no", path)
        return really_open(path, flags)

    rules = IgnoreRules(str(tmp_path))
    rules.ignored("a/x", is_dir=False)
    rules.ignored("b/y", is_dir=False)
    report = WalkReport()
    monkeypatch.setattr("vexord.ingest.walk.os.open", failing)
    assert [file.rel for file in walk(str(tmp_path), rules, report=report)] == ["b/y"]
    assert (report.unreadable, report.unreadable_examples) == (1, ["a"])


def test_ignored_folders_are_not_entered_and_each_rule_is_counted(tmp_path: Path) -> None:
    plant(tmp_path, "src/a.py", "src/a.log", "b.log", "out/x/y.py", "node_modules/p/x.js")
    (tmp_path / ".gitignore").write_text("*.log\nout/\n")
    report = WalkReport()
    assert rels(tmp_path, report=report) == [".gitignore", "src/a.py"]
    assert (report.files, report.ignored_files, report.ignored_dirs) == (2, 2, 2)
    by_rule = {str(rule): count for rule, count in (report.files_by_rule + report.dirs_by_rule).items()}
    assert by_rule == {
        f"{tmp_path}/.gitignore:1 `*.log`": 2,
        f"{tmp_path}/.gitignore:2 `out/`": 1,
        "built-in rules `node_modules/`": 1,
    }


def test_a_folder_with_something_reincluded_is_entered(tmp_path: Path) -> None:
    plant(tmp_path, "build/gen/a.py", "build/x.py")
    (tmp_path / ".gitignore").write_text("build/\n")
    (tmp_path / ".vexorignore").write_text("!build/gen/\n")
    assert rels(tmp_path) == [".gitignore", ".vexorignore", "build/gen/a.py"]


def test_rules_that_leave_nothing_are_named(tmp_path: Path) -> None:
    plant(tmp_path, "kernel/sched.c", "mm/slab.c", "Makefile")
    (tmp_path / ".gitignore").write_text("\n" * 93 + "/*\n")
    report = WalkReport()
    assert rels(tmp_path, report=report) == []
    assert report.summary() == (
        "0 of 2 files after ignore rules (2 folders not entered); "
        f"most by {tmp_path}/.gitignore:94 `/*`: 2 files and 2 folders"
    )


def test_an_empty_folder_says_so(tmp_path: Path) -> None:
    report = WalkReport()
    assert rels(tmp_path, report=report) == []
    assert report.summary() == "0 of 0 files after ignore rules"


def test_a_folder_that_holds_itself_is_entered_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "a/x", "a/again/x")
    top = os.stat(tmp_path / "a")
    inner = os.stat(tmp_path / "a/again").st_ino
    really_fstat = os.fstat

    def bind_mounted(fd: int) -> os.stat_result:
        info = really_fstat(fd)
        return top if info.st_ino == inner else info

    rules = IgnoreRules(str(tmp_path))
    report = WalkReport()
    monkeypatch.setattr("vexord.ingest.walk.os.fstat", bind_mounted)
    assert [file.rel for file in walk(str(tmp_path), rules, report=report)] == ["a/x"]
    assert report.loops == 1


def test_a_name_that_is_not_utf8_survives(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.py")
    (tmp_path / name).write_text("")
    assert rels(tmp_path) == [name]


def test_a_tree_deeper_than_the_recursion_limit_is_walked(tmp_path: Path) -> None:
    folders = [str(tmp_path / "/".join(["d"] * depth)) for depth in range(1, 1_201)]
    for folder in folders:
        os.mkdir(folder)
    deepest = folders[-1] + "/x"
    Path(deepest).touch()
    try:
        rel = os.path.relpath(deepest, tmp_path)
        assert rels(tmp_path) == [rel]
        assert not IgnoreRules(str(tmp_path)).ignored(rel, is_dir=False)
    finally:
        os.unlink(deepest)
        for folder in reversed(folders):
            os.rmdir(folder)
