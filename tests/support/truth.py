"""An index as a reader finds it on disk, and what an index built from nothing of the same tree would be.

    assert not differences_to_fresh(index_dir, root)

Every live file, chunk, vector and posting is compared. Row numbers, segments and stamps are not: they tell of
an index's history.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import xxhash
from numpy.typing import NDArray

from vexord.embed.default import default_embedder
from vexord.index.columns import Runs
from vexord.index.manifest import read_manifest
from vexord.index.refined import verify_refined
from vexord.index.segment import Segment, rows_of_files, verify_segment
from vexord.index.snapshot import SegmentView, Snapshot
from vexord.index.types import KINDS
from vexord.index.writer import IndexWriter
from vexord.ingest.__main__ import CHUNK_FORMAT
from vexord.ingest.pipeline import Pipeline
from vexord.ingest.reconcile import Scan
from vexord.ingest.wanted import Wanted
from vexord.link.messages import ProjectSpec

SHOWN = 20
"""So many differences are told one by one."""


@dataclass(frozen=True, slots=True)
class ChunkSeen:
    """A chunk with all that a search can find of it."""

    lines: tuple[int, int]
    place: tuple[int, int]
    """Bytes."""
    text_hash: int
    embed_hash: int
    symbol: str
    parent: str
    kind: str
    language: str
    vector: bytes
    symbol_roots: bytes
    terms: str
    """Digest of its postings of all fields: hashes of terms, ascending, with their impacts."""


@dataclass(frozen=True, slots=True)
class FileSeen:
    """A live file."""

    content_hash: bytes
    language: str
    encoding: str
    role: tuple[object, ...]
    path_roots: bytes
    chunks: tuple[ChunkSeen, ...]


Contents = dict[str, FileSeen]
"""By path."""


class IndexWrongError(AssertionError):
    """An index contradicts itself, whatever the tree may be."""


def read_index(folder: str | Path) -> Contents:
    """Read the published generation of an index folder whole, checksums included.

    Raises:
        IndexWrongError: a file is live twice, counts do not agree, postings are not in order, or rows of the
            second model do not fit.
        IndexCorruptError, FileNotFoundError, OSError: as `Snapshot.open` raises them.
    """
    for record in read_manifest(str(folder)).segments:
        verify_segment(str(folder), record)
        verify_refined(str(folder), record)
    snapshot = Snapshot.open(str(folder))
    found: Contents = {}
    for view in snapshot.segments:
        for path, file in _files(view):
            _require(path not in found, f"{path} is live twice")
            found[path] = file
    _require(snapshot.live_files == len(found), f"{snapshot.live_files} live files, {len(found)} found")
    rows = sum(len(file.chunks) for file in found.values())
    _require(snapshot.live_rows == rows, f"{snapshot.live_rows} live rows, {rows} found")
    return found


def build_index(
    root: str | Path, *, index_dir: str | Path = "", mode: str = "auto", ignore: Sequence[str] = ()
) -> Contents:
    """Index a tree from nothing, in this process and in its environment, and read what came of it.

    `index_dir` is the real index, which is left out of the tree if it lies there.
    """
    spec = ProjectSpec(id="truth", root=str(root), index_dir=str(index_dir), mode=mode, ignore=list(ignore))
    embedder = default_embedder(CHUNK_FORMAT)
    wanted = Wanted(spec)
    with tempfile.TemporaryDirectory(prefix="vx-truth-") as folder:
        writer = IndexWriter.open(folder, embedder.fingerprint)
        try:
            now = str(wanted.mode.value)
            scan = Scan(spec.root, wanted.rules, writer.entries(), check_all=True, mode=now)
            while not scan.walk():
                pass
            pipeline = Pipeline(spec.root, writer, embedder, now)
            while batch := scan.next_batch(512, 1 << 30)[0]:
                paths = [path for path in batch if not wanted.excluded(path, is_dir=False)]
                writer.commit(pipeline.run(paths, force=True).upserts, [])
            writer.commit([], [])
        finally:
            writer.close()
        return read_index(folder)


def differences(found: Contents, wanted: Contents) -> list[str]:
    """Return what `found` has wrong, one line for each file or chunk, and how many more there are."""
    lines = list(_differences(found, wanted))
    more = len(lines) - SHOWN
    return [*lines[:SHOWN], f"… and {more} more"] if more > 0 else lines


def differences_to_fresh(
    index_dir: str | Path, root: str | Path, *, mode: str = "auto", ignore: Sequence[str] = ()
) -> list[str]:
    """Compare the published index with one built from nothing of the tree as it is now."""
    try:
        found = read_index(index_dir)
    except Exception as error:  # whatever a reader meets is a difference, to be told with the others
        return [f"the index cannot be read: {type(error).__name__}: {error}"]
    return differences(found, build_index(root, index_dir=index_dir, mode=mode, ignore=ignore))


def strays(folder: str | Path) -> list[str]:
    """Return the files and folders below an index folder that its current generation does not account for.

    Segments that only the generation before lists may stay until the next one: a second commit clears them.
    """
    listed = {"manifest.json", "writer.lock", "stamps.json", "segments", "at-hand", "deaths.json"}
    for record in read_manifest(str(folder)).segments:
        base = f"segments/{record.name}"
        listed |= {base, *(f"{base}/{name}" for name in record.sums)}
        if record.refined is not None:
            listed.add(f"{base}/{record.refined.file}")
    there = (str(path.relative_to(folder)) for path in Path(folder).rglob("*"))
    return sorted(path for path in there if path not in listed)


def _differences(found: Contents, wanted: Contents) -> Iterator[str]:
    yield from (f"{path}: not in the index" for path in sorted(wanted.keys() - found.keys()))
    yield from (f"{path}: in the index, not in the tree" for path in sorted(found.keys() - wanted.keys()))
    for path in sorted(found.keys() & wanted.keys()):
        one, other = found[path], wanted[path]
        if one != other:
            for name in ("content_hash", "language", "encoding", "role", "path_roots"):
                if getattr(one, name) != getattr(other, name):
                    yield f"{path}: {name} {getattr(one, name)!r}, not {getattr(other, name)!r}"
            yield from _chunk_differences(path, one.chunks, other.chunks)


def _chunk_differences(path: str, found: Sequence[ChunkSeen], wanted: Sequence[ChunkSeen]) -> Iterator[str]:
    if len(found) != len(wanted):
        yield f"{path}: {len(found)} chunks, not {len(wanted)}"
        return
    for number, (one, other) in enumerate(zip(found, wanted, strict=True)):
        wrong = [each.name for each in fields(one) if getattr(one, each.name) != getattr(other, each.name)]
        if wrong:
            yield f"{path} chunk {number} (lines {one.lines[0]}-{one.lines[1]}): {', '.join(wrong)}"


def _files(view: SegmentView) -> Iterator[tuple[str, FileSeen]]:
    segment, dead = view.segment, view.record.dead_files()
    live = np.ones(segment.rows, np.bool_) if view.live is None else view.live
    _require(np.array_equal(live, rows_of_files(segment.files, ~dead)), f"{segment.name}: rows and files")
    if view.refined is not None:
        _require(len(view.refined.rows) == segment.rows, f"{segment.name}: rows of the second model")
    terms = _terms(segment)
    for number in np.flatnonzero(~dead).tolist():
        entry = segment.files[number]
        rows = range(int(entry["row_start"]), int(entry["row_end"]))
        yield (
            segment.paths[number],
            FileSeen(
                content_hash=bytes(entry["hash"]),
                language=segment.languages[entry["language"]],
                encoding=segment.encodings[entry["encoding"]],
                role=segment.roles[number].item(),
                path_roots=_run(segment.path_roots, number),
                chunks=tuple(_chunk(segment, number, row, terms) for row in rows),
            ),
        )


def _chunk(segment: Segment, number: int, row: int, terms: Mapping[int, str]) -> ChunkSeen:
    chunk = segment.chunks[row]
    _require(int(chunk["file"]) == number, f"{segment.name}: row {row} belongs to another file")
    return ChunkSeen(
        lines=(int(chunk["start_line"]), int(chunk["end_line"])),
        place=(int(chunk["start_byte"]), int(chunk["end_byte"])),
        text_hash=int(chunk["text_hash"]),
        embed_hash=int(chunk["embed_hash"]),
        symbol=segment.strings[int(chunk["symbol"])],
        parent=segment.strings[int(chunk["parent"])],
        kind=KINDS[chunk["kind"]],
        language=segment.languages[chunk["language"]],
        vector=segment.vectors[row].tobytes(),
        symbol_roots=_run(segment.symbol_roots, int(chunk["symbol"])),
        terms=terms.get(row, ""),
    )


def _terms(segment: Segment) -> dict[int, str]:
    """Turn postings round: row → digest of its terms. That they can be looked up is checked on the way."""
    arrays = segment.posting_arrays
    counts = np.diff(arrays.offsets.astype(np.int64))
    _require(bool(np.all(arrays.hashes[1:] > arrays.hashes[:-1])), f"{segment.name}: terms not in order")
    _require(bool(np.all(counts >= 0)) and int(counts.sum()) == len(arrays.rows), f"{segment.name}: offsets")
    hashes = np.repeat(arrays.hashes, counts)
    same_term = hashes[1:] == hashes[:-1]
    ascending = arrays.rows[1:] > arrays.rows[:-1]
    _require(bool(np.all(ascending | ~same_term)), f"{segment.name}: rows of a term not in order")
    order = np.argsort(arrays.rows, kind="stable")  # so the terms of a row stay in order
    rows, bounds = np.unique(arrays.rows[order], return_index=True)
    ends = [*bounds[1:].tolist(), len(order)]
    return {
        row: _digest(hashes[order[start:end]], arrays.impacts[order[start:end]])
        for row, start, end in zip(rows.tolist(), bounds.tolist(), ends, strict=True)
    }


def _digest(hashes: NDArray[np.uint64], impacts: NDArray[np.uint8]) -> str:
    return xxhash.xxh3_64_hexdigest(hashes.tobytes() + impacts.tobytes())


def _run(runs: Runs[np.uint64], number: int) -> bytes:
    items, offsets = runs
    return items[offsets[number] : offsets[number + 1]].tobytes()


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise IndexWrongError(what)
