import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import naive_index as naive
import numpy as np
import pytest
from index_samples import Model, make_file

from vexord.index import store
from vexord.index.errors import FutureFormatError, IndexCorruptError
from vexord.index.manifest import MANIFEST_NAME, read_manifest
from vexord.index.snapshot import Snapshot
from vexord.index.types import IndexedFile
from vexord.index.writer import IndexWriter

Open = Callable[..., IndexWriter]


def two_segments(index: IndexWriter) -> None:
    index.commit([make_file("a", "first"), make_file("b", "first")], [])
    index.commit([make_file("c", "second")], [])


def newest_segment(folder: str) -> Path:
    return Path(folder) / "segments" / read_manifest(folder).segments[-1].name


@pytest.mark.parametrize("name", ["vectors.npy", "columns.npy", "metadata.json"])
@pytest.mark.parametrize("damage", ["cut", "flip", "remove"])
def test_a_damaged_segment_loses_its_own_files_only(
    open_writer: Open, folder: str, name: str, damage: str
) -> None:
    two_segments(open_writer())
    target = newest_segment(folder) / name
    data = bytearray(target.read_bytes())
    if damage == "remove":
        target.unlink()
    elif damage == "cut":
        os.truncate(target, len(data) - 1)
    else:
        data[-1] ^= 1
        target.write_bytes(data)
    if damage != "flip":
        with pytest.raises(IndexCorruptError):
            Snapshot.open(folder)
    index = open_writer()
    assert sorted(index.entries()) == ["a", "b"]
    assert sorted(naive.view_of_snapshot(Snapshot.open(folder))) == ["a", "b"], "readable at once"
    index.commit([make_file("c", "second")], [])
    assert Snapshot.open(folder).live_files == 3


def test_a_segment_folder_that_is_gone_loses_its_own_files_only(open_writer: Open, folder: str) -> None:
    two_segments(open_writer())
    target = newest_segment(folder)
    target.rename(target.with_name("elsewhere"))
    assert sorted(open_writer().entries()) == ["a", "b"]


def flip_vector(folder: str) -> None:
    target = newest_segment(folder) / "vectors.npy"
    data = bytearray(target.read_bytes())
    data[-1] ^= 1
    target.write_bytes(data)


def test_damage_in_a_large_segment_is_found_by_verify(
    open_writer: Open, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "VERIFY_BELOW_BYTES", 0)
    two_segments(open_writer())
    index = open_writer()
    assert index.verify()
    flip_vector(folder)
    index = open_writer()
    assert len(index.entries()) == 3, "too large to be read whole at open"
    assert not index.verify()
    assert index.take_lost() == ["c"]
    assert index.take_lost() == []
    assert sorted(naive.view_of_snapshot(Snapshot.open(folder))) == sorted(index.entries()) == ["a", "b"]


def test_a_merge_does_not_copy_damage(open_writer: Open, folder: str) -> None:
    index = open_writer()
    two_segments(index)
    index.commit([make_file("d", "third"), make_file("e", "third")], [])
    index.commit([], ["e"])
    flip_vector(folder)
    assert index.merge_step()
    assert index.take_lost() == ["d"]
    assert sorted(naive.view_of_snapshot(Snapshot.open(folder))) == ["a", "b", "c"]


def test_a_garbage_manifest_starts_an_empty_index_and_numbers_go_on(open_writer: Open, folder: str) -> None:
    two_segments(open_writer())
    (Path(folder) / MANIFEST_NAME).write_bytes(b"\0" * 100)
    with pytest.raises(IndexCorruptError):
        Snapshot.open(folder)
    index = open_writer()
    assert dict(index.entries()) == {}
    assert index.commit([make_file("a", "x")], []) == 3
    assert os.listdir(os.path.join(folder, "segments")) == [newest_segment(folder).name]


def test_an_index_from_the_future_is_left_alone(open_writer: Open, folder: str) -> None:
    open_writer().commit([make_file("a", "x")], [])
    open_writer().close()
    manifest = Path(folder) / MANIFEST_NAME
    manifest.write_bytes(manifest.read_bytes().replace(b'"format":3', b'"format":4', 1))
    before = sorted(str(path) for path in Path(folder).rglob("*"))
    for _ in range(2):  # twice: the lock was given up
        with pytest.raises(FutureFormatError):
            IndexWriter.open(folder, Model())
    assert sorted(str(path) for path in Path(folder).rglob("*")) == before


def test_no_permission_is_not_damage(open_writer: Open, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    open_writer().commit([make_file("a", "x")], [])
    open_writer().close()

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as broken:
        broken.setattr("vexord.index.columns.os.open", refuse)
        with pytest.raises(PermissionError):
            IndexWriter.open(folder, Model())
    assert list(open_writer().entries()) == ["a"]


def test_leftovers_of_a_killed_writer_are_removed_but_nothing_else(open_writer: Open, folder: str) -> None:
    open_writer().commit([make_file("a", "x")], [])
    segments = Path(folder) / "segments"
    (segments / "00000009-0123abcd").mkdir()
    (segments / "00000009-0123abcd" / "vectors.npy").write_bytes(b"half")
    (segments / "notes of the user").mkdir()
    (Path(folder) / "manifest.json.tmp").write_bytes(b"half")
    assert list(open_writer().entries()) == ["a"]
    assert sorted(os.listdir(segments)) == sorted([newest_segment(folder).name, "notes of the user"])
    assert not (Path(folder) / "manifest.json.tmp").exists()


def test_a_snapshot_that_loses_the_race_opens_the_newer_generation(
    open_writer: Open, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = open_writer()
    index.commit([make_file("a", "x")], [])
    old = read_manifest(folder)
    for number in range(3):
        index.commit([make_file("a", f"x{number}")], [])
    answers = iter([old])
    monkeypatch.setattr(
        "vexord.index.snapshot.read_manifest", lambda path: next(answers, None) or read_manifest(path)
    )
    assert Snapshot.open(folder).generation == 4


CHILD = """
import sys
sys.path.insert(0, sys.argv[2])
from index_samples import Model
from test_index_damage import change
from vexord.index.writer import IndexWriter
index = IndexWriter.open(sys.argv[1], Model())
for number in range(int(sys.argv[3]), 1_000_000):
    index.commit(*change(number))
    print(number, flush=True)
    if number % 4 == 0:
        index.merge_step()
"""


def change(number: int) -> tuple[list[IndexedFile], list[str]]:
    """What commit `number` does, in every process."""
    names = [f"f{number % 7}", f"g{number % 3}"]
    fresh = [make_file(name, *[f"{name} {number} {i}" for i in range(3)], mtime=number) for name in names]
    return fresh, [f"f{(number + 3) % 7}"]


def replay(files: dict[str, IndexedFile], number: int) -> dict[str, IndexedFile]:
    upserts, deletes = change(number)
    return {p: f for p, f in files.items() if p not in deletes} | {file.path: file for file in upserts}


def test_killed_at_any_moment_the_index_is_at_the_last_commit_or_the_one_after(folder: str) -> None:
    random = np.random.default_rng(5)
    files: dict[str, IndexedFile] = {}
    number = 0
    for _ in range(12):
        for done in _commit_until_killed(folder, number, float(random.uniform(0, 0.1))):
            assert done == number
            files = replay(files, number)
            number += 1
        found = _whole_index(folder)
        if found != {path: naive.view_of_file(file) for path, file in files.items()}:
            files = replay(files, number)
            number += 1
            assert found == {path: naive.view_of_file(file) for path, file in files.items()}
    assert number > 24


def _commit_until_killed(folder: str, first: int, run_s: float) -> list[int]:
    """Return the commits that a child acknowledged before it was killed."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, folder, str(Path(__file__).parent), str(first)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    with child.stdout as acknowledged:
        done = [int(acknowledged.readline())]
        deadline = time.monotonic() + run_s
        while time.monotonic() < deadline:
            done.append(int(acknowledged.readline()))
        child.send_signal(signal.SIGKILL)
        done += [int(line) for line in acknowledged]
    child.wait()
    return done


def _whole_index(folder: str) -> dict[str, list[naive.Row]]:
    """Check that reader and writer agree on an undamaged index without leftovers; return its content."""
    seen = naive.view_of_snapshot(Snapshot.open(folder))
    index = IndexWriter.open(folder, Model())
    try:
        assert index.verify()
        assert index.entries().keys() == seen.keys()
        assert set(os.listdir(Path(folder) / "segments")) == {s.name for s in read_manifest(folder).segments}
    finally:
        index.close()
    return seen


def test_the_index_of_no_project_goes_unless_it_is_in_use_or_newer(open_writer: Open, tmp_path: Path) -> None:
    for name in ("wanted", "orphan", "newer"):
        index = IndexWriter.open(str(tmp_path / "all" / name), Model())
        index.commit([make_file("a", "x")], [])
        index.close()
    (tmp_path / "all" / "half removed").mkdir()
    in_use = IndexWriter.open(str(tmp_path / "all" / "in use"), Model())
    manifest = tmp_path / "all" / "newer" / MANIFEST_NAME
    manifest.write_bytes(manifest.read_bytes().replace(b'"format":3', b'"format":4', 1))
    store.remove_orphans(str(tmp_path / "all"), {"wanted"})
    assert sorted(os.listdir(tmp_path / "all")) == ["in use", "newer", "wanted"]
    in_use.close()


def test_a_reading_in_steps_finds_what_is_damaged_and_passes_over_what_has_gone(
    open_writer: Open, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vexord.index.scrub.BLOCK_BYTES", 64)
    index = open_writer()
    two_segments(index)
    scrub = index.begin_scrub()
    flip_vector(folder)
    index.commit([make_file("a", "again"), make_file("b", "again")], [])
    index.commit([make_file("d", "more")], [])  # now the first segment has gone
    steps = 1
    while scrub.step():
        steps += 1
    index.finish_scrub(scrub)
    assert steps > 20
    assert index.take_lost() == ["c"]
    assert sorted(naive.view_of_snapshot(Snapshot.open(folder))) == ["a", "b", "d"]


def test_what_others_do_to_an_index_is_noticed(open_writer: Open, folder: str) -> None:
    index = open_writer()
    two_segments(index)
    assert index.missing() == ""
    vectors = newest_segment(folder) / "vectors.npy"
    data = vectors.read_bytes()
    vectors.unlink()
    assert index.missing() == str(vectors)
    vectors.write_bytes(data[:-1])
    assert index.missing() == str(vectors)
    vectors.write_bytes(data)
    assert index.missing() == ""
    manifest = Path(folder) / MANIFEST_NAME
    manifest.write_bytes(manifest.read_bytes() + b" ")
    assert index.missing() == str(manifest)
