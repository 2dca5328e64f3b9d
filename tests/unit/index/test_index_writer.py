import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import naive_index as naive
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from index_samples import DIMENSIONS, Model, make_file, vector_of

from vexord.index import merge, writer
from vexord.index.errors import IndexLockedError
from vexord.index.snapshot import Snapshot
from vexord.index.types import FileStamp, IndexedFile
from vexord.index.writer import IndexWriter

Open = Callable[..., IndexWriter]


def segment_folders(folder: str) -> list[str]:
    return sorted(os.listdir(os.path.join(folder, "segments")))


def test_what_is_committed_is_read(open_writer: Open, folder: str) -> None:
    file = make_file(
        "src/Server.py", "def bind_socket(): pass", "second", symbol="bindSocket", kind="function"
    )
    index = open_writer()
    assert index.commit([file, make_file("empty.py")], [], durable=True) == 1
    snapshot = Snapshot.open(folder)
    naive.assert_equal(snapshot, {"src/Server.py": file, "empty.py": make_file("empty.py")})
    assert snapshot.matches(Model())
    assert not snapshot.matches(Model(model="other"))
    assert (snapshot.generation, snapshot.epoch) == (1, index.epoch)
    assert naive.keyword_hits(snapshot, "socket") == naive.naive_hits([file], "socket")
    assert naive.keyword_hits(snapshot, "server", name=True) == naive.naive_hits([file], "server", name=True)
    entry = index.get("src/Server.py")
    assert entry is not None
    assert (entry.stamp, entry.checked_ns, entry.content_hash) == (
        file.stamp,
        file.checked_ns,
        file.content_hash,
    )
    assert (entry.language, entry.encoding, entry.chunks) == ("python", "utf-8", 2)
    assert index.stats()[:3] == (2, 2, 1)


def test_a_content_hash_that_ends_in_zeros_is_kept(open_writer: Open) -> None:
    file = make_file("a", "x")
    index = open_writer()
    index.commit(
        [IndexedFile("a", file.stamp, 1, bytes(16), "python", "utf-8", file.chunks, file.vectors)], []
    )
    entry = index.get("a")
    assert entry is not None
    assert entry.content_hash == bytes(16)


def test_an_edit_replaces_and_a_delete_removes(open_writer: Open, folder: str) -> None:
    index = open_writer()
    index.commit([make_file("a", "old text"), make_file("b", "stays"), make_file("c", "goes")], [])
    new = make_file("a", "new text", mtime=9)
    index.commit([new], ["c", "never there"])
    snapshot = Snapshot.open(folder)
    naive.assert_equal(snapshot, {"a": new, "b": make_file("b", "stays")})
    assert naive.keyword_hits(snapshot, "old") == set()
    assert {path for path, _, _ in naive.keyword_hits(snapshot, "new")} == {"a"}
    assert index.get("c") is None
    assert sorted(index.entries()) == ["a", "b"]


def test_upsert_wins_over_delete_and_the_last_upsert_over_the_first(open_writer: Open, folder: str) -> None:
    index = open_writer()
    last = make_file("a", "two")
    index.commit([make_file("a", "one"), last], ["a"])
    naive.assert_equal(Snapshot.open(folder), {"a": last})


def test_a_rewritten_file_leaves_no_segments_behind(open_writer: Open, folder: str) -> None:
    index = open_writer()
    for number in range(10):
        index.commit([make_file("a", f"text {number}")], [])
    assert index.stats()[2] == 1
    assert len(segment_folders(folder)) == 2, "the current generation's and the one before's"


def test_nothing_is_published_without_a_change_but_once_after_open(open_writer: Open, folder: str) -> None:
    index = open_writer()
    assert index.generation == 0
    assert index.commit([], []) == 1
    assert Snapshot.open(folder).live_files == 0
    assert index.commit([], ["unknown"]) == 1
    index = open_writer()
    assert index.generation == 1
    assert index.commit([], []) == 2
    assert Snapshot.open(folder).epoch == index.epoch


def test_reopening_finds_everything_again(open_writer: Open, folder: str) -> None:
    index = open_writer()
    index.commit([make_file(f"f{i}", f"text {i}") for i in range(3_000)], [])
    index.commit([make_file("f7", "edited")], [f"f{i}" for i in range(1_000, 2_500)])
    before = dict(index.entries())
    index = open_writer()
    assert dict(index.entries()) == before
    assert index.generation == 2
    naive.assert_equal(
        Snapshot.open(folder),
        {p: make_file(p, f"text {p[1:]}" if p != "f7" else "edited") for p in before},
    )


def test_paths_below_a_folder(open_writer: Open) -> None:
    index = open_writer()
    index.commit([make_file(path, "x") for path in ("a/b.py", "a/b/c.py", "a/bc.py", "ab.py")], [])
    assert sorted(index.under("a/b")) == ["a/b/c.py"]
    assert sorted(index.under("a/")) == ["a/b.py", "a/b/c.py", "a/bc.py"]
    assert index.under("ab.py") == ["ab.py"]
    assert len(index.under("")) == 4


def test_unchanged_chunks_offer_their_vectors(open_writer: Open) -> None:
    index = open_writer()
    file = make_file("a", "one", "two")
    index.commit([file], [])
    reusable = index.reusable("a")
    row = naive.view_of_file(file)[1]
    assert len(reusable) == 2
    assert reusable[row.hashes[1]].tobytes() == row.vector
    assert index.reusable("b") == {}


def test_a_path_that_is_not_utf8_survives(open_writer: Open, folder: str) -> None:
    path = os.fsdecode(b"caf\xe9/na\xc3\xafve.py")
    index = open_writer()
    index.commit([make_file(path, "x")], [])
    index = open_writer()
    assert list(index.entries()) == [path]
    assert list(naive.view_of_snapshot(Snapshot.open(folder))) == [path]
    assert index.under(os.fsdecode(b"caf\xe9")) == [path]
    index.commit([], [path])
    assert Snapshot.open(folder).live_files == 0


def test_a_new_stamp_is_known_at_once_and_after_reopening_and_merging(open_writer: Open) -> None:
    stamp = FileStamp(1, 2**62, 2**63 + 5, 4)
    index = open_writer()
    index.commit([make_file("a", "x"), make_file("b", "x"), make_file("c", "x")], [])
    index.touch("a", stamp, 99)
    index.touch("b", stamp, 99)
    index.touch("unknown", stamp, 99)
    assert index.entries()["a"].stamp == stamp
    index.commit([make_file("b", "y", mtime=5)], ["c"])
    assert index.merge_step()
    assert index.entries()["a"].stamp == stamp
    index = open_writer()
    assert index.entries()["a"].stamp == stamp
    assert index.entries()["a"].checked_ns == 99
    assert index.entries()["b"].stamp.mtime_ns == 5


def test_stamps_outlive_a_writer_that_never_merged_and_their_loss_is_harmless(
    open_writer: Open, folder: str
) -> None:
    index = open_writer()
    index.commit([make_file("a", "x")], [])
    index.touch("a", FileStamp(1, 2, 3, 4), 99)
    assert open_writer().entries()["a"].checked_ns == 99
    (Path(folder) / "stamps.json").write_bytes(b"garbage")
    assert open_writer().entries()["a"] is not None


def test_another_fingerprint_starts_empty_and_leaves_the_old_readable_until_the_commit(
    open_writer: Open, folder: str
) -> None:
    open_writer().commit([make_file("a", "x")], [])
    index = open_writer(Model(model="other"))
    assert dict(index.entries()) == {}
    assert Snapshot.open(folder).live_files == 1
    assert index.commit([make_file("b", "x")], []) == 2
    snapshot = Snapshot.open(folder)
    assert list(naive.view_of_snapshot(snapshot)) == ["b"]
    assert snapshot.matches(Model(model="other"))


def test_a_second_writer_is_refused_by_name(open_writer: Open, folder: str) -> None:
    open_writer()
    with pytest.raises(IndexLockedError, match=f"process {os.getpid()}") as caught:
        IndexWriter.open(folder, Model())
    assert caught.value.pid == os.getpid()


def test_only_the_owner_may_look(open_writer: Open, folder: str) -> None:
    previous = os.umask(0)
    try:
        index = open_writer()
        index.commit([make_file("a", "x")], [])
        index.touch("a", FileStamp(1, 2, 3, 4), 5)
        index.commit([], [])
    finally:
        os.umask(previous)
    for base, folders, names in os.walk(folder):
        assert all(stat.S_IMODE(os.stat(os.path.join(base, name)).st_mode) == 0o700 for name in folders)
        assert all(stat.S_IMODE(os.stat(os.path.join(base, name)).st_mode) == 0o600 for name in names)
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700


@pytest.mark.parametrize("vectors", [np.zeros((2, DIMENSIONS), np.int8), np.zeros((1, 3), np.int8)])
def test_vectors_of_a_wrong_shape_are_refused_and_nothing_changes(
    open_writer: Open, folder: str, vectors: "np.ndarray[tuple[int, ...], np.dtype[np.int8]]"
) -> None:
    index = open_writer()
    index.commit([make_file("a", "x")], [])
    good = make_file("b", "x")
    bad = IndexedFile("b", good.stamp, 1, good.content_hash, "python", "utf-8", good.chunks, vectors)
    with pytest.raises(ValueError, match="'b'"):
        index.commit([bad], ["a"])
    assert list(index.entries()) == ["a"]
    assert len(segment_folders(folder)) == 1
    assert index.commit([good], []) == 2


def test_a_failed_publication_changes_nothing_and_the_next_one_works(
    open_writer: Open, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = open_writer()
    index.commit([make_file("a", "x")], [])

    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("vexord.files.os.replace", no_space)
        with pytest.raises(OSError, match="No space"):
            index.commit([make_file("a", "y"), make_file("b", "y")], [])
    assert list(index.entries()) == ["a"]
    assert Snapshot.open(folder).generation == 1
    index.commit([make_file("b", "z")], [])
    naive.assert_equal(Snapshot.open(folder), {"a": make_file("a", "x"), "b": make_file("b", "z")})
    index.commit([], ["b"])
    index.commit([make_file("c", "z")], [])
    assert index.stats()[2] == 2
    assert len(segment_folders(folder)) <= 3, "the segment of the failed publication is cleared away"


PATHS = st.sampled_from(["a", "b/c", "d", "e/f/g.py", "h"])
TEXTS = st.lists(st.text("abc _é", max_size=12), max_size=3)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("commit"), st.dictionaries(PATHS, TEXTS, max_size=3), st.sets(PATHS, max_size=2)),
        st.tuples(st.just("merge"), st.just({}), st.just(set())),
        st.tuples(st.just("reopen"), st.just({}), st.just(set())),
    ),
    max_size=14,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_any_history_reads_as_a_dictionary_would(
    steps: list[tuple[str, dict[str, list[str]], set[str]]],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(merge, "MAX_SEGMENTS", 2)
    folder = str(tmp_path_factory.mktemp("index"))
    index = writer.IndexWriter.open(folder, Model())
    files: dict[str, IndexedFile] = {}
    held: list[tuple[Snapshot, dict[str, IndexedFile]]] = []
    snapshot = None
    for number, (action, texts, deletes) in enumerate(steps):
        if action == "commit":
            fresh = {p: make_file(p, *t, mtime=number, symbol=f"fn{t}") for p, t in texts.items()}
            index.commit(list(fresh.values()), deletes)
            files = {p: f for p, f in files.items() if p not in deletes} | fresh
        elif action == "merge":
            index.merge_step()
        else:
            index.close()
            index = writer.IndexWriter.open(folder, Model())
        if index.generation:
            snapshot = Snapshot.open(folder, snapshot)
            held.append((snapshot, files))
        assert {p: (e.stamp, e.language, e.encoding) for p, e in index.entries().items()} == {
            p: (f.stamp, f.language, f.encoding) for p, f in files.items()
        }
        assert index.stats()[:2] == (len(files), sum(len(f.chunks) for f in files.values()))
    index.close()
    for old, its_files in held:  # after all merges and unlinks
        naive.assert_equal(old, its_files)
    if held:
        _assert_same_search(*held[-1])


def _assert_same_search(snapshot: Snapshot, files: dict[str, IndexedFile]) -> None:
    for term in ("a", "b", "abc", "é", "a_b"):
        assert naive.keyword_hits(snapshot, term) == naive.naive_hits(files.values(), term)
    for term in ("fn", "py", "g"):
        assert naive.keyword_hits(snapshot, term, name=True) == naive.naive_hits(
            files.values(), term, name=True
        )
    found = naive.similarities(snapshot, vector_of("query")[None])
    assert found.keys() == {(path, row) for path, file in files.items() for row in range(len(file.chunks))}


def test_a_merge_keeps_every_field_of_files_and_chunks(
    open_writer: Open, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merge, "MAX_SEGMENTS", 1)
    index = open_writer()
    files = {
        path: make_file(path, *texts, mtime=len(path), symbol=f"of {path}", kind=kind)
        for path, texts, kind in [
            ("a", ("one",), "text"),
            ("b/c.py", ("two", "three"), "class"),
            ("d.txt", (), "text"),
            ("e.py", ("four",), "function"),
        ]
    }
    for file in files.values():
        index.commit([file, make_file(f"doomed {file.path}.py", "gone", symbol="gone")], [])
    index.commit([], [f"doomed {path}.py" for path in files])
    before = {path: replace(e, segment="", file_id=0) for path, e in index.entries().items()}
    assert index.merge_step()
    assert not index.merge_step()
    assert index.stats()[:3] == (4, 4, 1)
    assert {path: replace(e, segment="", file_id=0) for path, e in index.entries().items()} == before
    naive.assert_equal(Snapshot.open(folder), files)
    assert "gone" not in Snapshot.open(folder).segments[0].segment.strings.tolist()
    assert naive.keyword_hits(Snapshot.open(folder), "gone") == set()
