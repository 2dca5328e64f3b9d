"""What a scan finds changed, against an index on disk."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.trees import make_tree
from vexord.embed.default import default_embedder
from vexord.index.table import CHECK_DTYPE
from vexord.index.types import FileStamp
from vexord.index.writer import IndexWriter
from vexord.ingest.ignore import IgnoreRules
from vexord.ingest.pipeline import Pipeline, stamp_of
from vexord.ingest.reconcile import REMOTE_SKEW_NS, Scan, needs_check
from vexord.ingest.walk import WalkedFile

pytestmark = pytest.mark.usefixtures("own_home")
LONG_AFTER_NS = 10**10


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_tree(tmp_path / "tree", {"a.py": "x = 1\n", "b/c.py": "y = 2\n", "b/d.py": "z = 3\n"})


@pytest.fixture
def writer(tmp_path: Path, root: Path) -> Iterator[IndexWriter]:
    """Has all files of the tree in two segments, looked at long after they were written."""
    opened = IndexWriter.open(str(tmp_path / "index"), default_embedder(1).fingerprint)
    pipeline = Pipeline(str(root), opened, default_embedder(1))
    for paths in (["a.py"], ["b/c.py", "b/d.py"]):
        opened.commit(pipeline.run(paths).upserts, [])
        for path in paths:
            settle(opened, root, path)
    yield opened
    opened.close()


def settle(writer: IndexWriter, root: Path, path: str) -> None:
    stamp = stamp_of(os.lstat(root / path))
    writer.touch(path, stamp, stamp.ctime_ns + LONG_AFTER_NS)


def found(root: Path, writer: IndexWriter, check_all: bool = False) -> list[str]:
    scan = Scan(str(root), IgnoreRules(str(root)), writer.entries(), check_all)
    while not scan.walk():
        pass
    return sorted(scan.next_batch()[0])


def test_an_unchanged_tree_has_nothing_to_look_at(root: Path, writer: IndexWriter) -> None:
    assert found(root, writer) == []
    assert found(root, writer, check_all=True) == ["a.py", "b/c.py", "b/d.py"]


def test_new_changed_and_vanished_files_are_found(root: Path, writer: IndexWriter) -> None:
    (root / "new.py").write_text("n = 4\n")
    (root / "b/c.py").write_text("y = 22\n")
    (root / "b/d.py").unlink()
    assert found(root, writer) == ["b/c.py", "b/d.py", "new.py"]


@pytest.mark.parametrize("field", ["size", "mtime_ns", "inode", "ctime_ns"])
def test_each_part_of_a_stamp_counts(root: Path, writer: IndexWriter, field: str) -> None:
    stamp = stamp_of(os.lstat(root / "b/c.py"))
    parts = {name: getattr(stamp, name) for name in FileStamp.__struct_fields__}
    parts[field] += 1
    writer.touch("b/c.py", FileStamp(**parts), stamp.ctime_ns + LONG_AFTER_NS)
    assert found(root, writer) == ["b/c.py"]


def test_a_file_that_was_read_as_it_was_written_is_looked_at_again(root: Path, writer: IndexWriter) -> None:
    stamp = stamp_of(os.lstat(root / "b/c.py"))
    writer.touch("b/c.py", stamp, stamp.ctime_ns)
    assert found(root, writer) == ["b/c.py"]


def test_what_the_segment_says_counts_where_no_newer_stamp_is_known(root: Path, tmp_path: Path) -> None:
    with_index = IndexWriter.open(str(tmp_path / "fresh"), default_embedder(1).fingerprint)
    old = make_tree(tmp_path / "old", {"a.py": "x = 1\n"})
    os.utime(old / "a.py", ns=(1, 1))
    pipeline = Pipeline(str(old), with_index, default_embedder(1))
    (file,) = pipeline.run(["a.py"]).upserts
    assert file.checked_ns > 0
    with_index.commit([file], [])
    assert found(old, with_index) == ["a.py"]  # its ctime is of now
    settle(with_index, old, "a.py")
    assert found(old, with_index) == []
    with_index.close()


# Clocks: NOW is the time of the reading by our own clock

NOW = 1_800_000_000_123_456_789
SECOND = 10**9


def looked_at_again(mtime_ns: int, ctime_ns: int, skew_ns: int = 0) -> bool:
    """Whether a file of these stamps, read `NOW` with the same stamps, is read again by a scan."""
    known = np.zeros(1, CHECK_DTYPE)
    for name, value in (("size", 5), ("inode", 7), ("mtime_ns", mtime_ns), ("ctime_ns", ctime_ns)):
        known[name] = value
    known["checked_ns"], known["live"] = NOW, True
    file = WalkedFile("a.py", FileStamp(5, mtime_ns, 7, ctime_ns))
    return bool(needs_check([file], known, skew_ns)[0])


@pytest.mark.parametrize("mtime_ns", [0, -(10**18), 1, NOW - 3600 * SECOND - 1])
def test_an_old_or_impossible_mtime_is_no_reason_to_read_again(mtime_ns: int) -> None:
    assert not looked_at_again(mtime_ns, NOW - 60 * SECOND - 1)


def test_stamps_of_the_future_are_never_believed() -> None:
    """As they are after the clock was set back: a write may get any stamp, also one that was there before."""
    assert looked_at_again(NOW + 10**15, NOW - 60 * SECOND - 1)
    assert looked_at_again(NOW - 60 * SECOND - 1, NOW + 3600 * SECOND)


def test_whole_seconds_are_taken_for_a_coarse_clock() -> None:
    whole = NOW // SECOND * SECOND
    assert not looked_at_again(whole - 1 - SECOND, whole - 1 - SECOND)
    assert looked_at_again(whole - SECOND, whole - SECOND)
    assert not looked_at_again(whole - 4 * SECOND, whole - 4 * SECOND)
    assert not looked_at_again(whole - SECOND, whole - SECOND + 1)  # the newest counts


def test_the_clock_of_a_server_may_be_ten_minutes_behind() -> None:
    stamp = NOW - 300 * SECOND - 1
    assert looked_at_again(stamp, stamp, REMOTE_SKEW_NS)
    assert not looked_at_again(stamp, stamp)
    assert not looked_at_again(stamp - 600 * SECOND, stamp - 600 * SECOND, REMOTE_SKEW_NS)
