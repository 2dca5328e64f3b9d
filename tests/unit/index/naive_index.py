"""A naive index in dictionaries, and the same view of a snapshot, to compare the two."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from vexord.index.columns import Runs
from vexord.index.embed_text import embed_hash, text_hash
from vexord.index.roles import path_facts
from vexord.index.roots import packed_all, roots
from vexord.index.segment import Segment
from vexord.index.snapshot import Snapshot
from vexord.index.terms import analyse
from vexord.index.types import KINDS, IndexedFile
from vexord.index.vectors import scan


@dataclass(frozen=True)
class Row:
    """All that a search sees of a chunk but its vector's score and its terms."""

    lines: tuple[int, int]
    place: tuple[int, int]
    hashes: tuple[int, int]
    symbol: str
    parent: str
    kind: str
    language: str
    vector: bytes


def view_of_file(file: IndexedFile) -> list[Row]:
    return [
        Row(
            (chunk.start_line, chunk.end_line),
            (chunk.start_byte, chunk.end_byte),
            (text_hash(chunk.text), embed_hash(file.path, chunk)),
            chunk.symbol,
            chunk.parent,
            chunk.kind,
            file.language,
            file.vectors[number].tobytes(),
        )
        for number, chunk in enumerate(file.chunks)
    ]


def view_of_snapshot(snapshot: Snapshot) -> dict[str, list[Row]]:
    """Every live file with its rows; fails if rows of a file are not contiguous or a file is live twice."""
    files: dict[str, list[Row]] = {}
    for view in snapshot.segments:
        segment, dead = view.segment, view.record.dead_files()
        for file_id, entry in enumerate(segment.files):
            rows = range(int(entry["row_start"]), int(entry["row_end"]))
            assert all(segment.chunks["file"][row] == file_id for row in rows)
            if view.live is not None:
                assert all(bool(view.live[row]) != dead[file_id] for row in rows)
            _assert_names(segment, file_id)
            if not dead[file_id]:
                assert segment.paths[file_id] not in files
                files[segment.paths[file_id]] = [_row(segment, row) for row in rows]
    assert snapshot.live_files == len(files)
    assert snapshot.live_rows == sum(map(len, files.values()))
    return files


def _assert_names(segment: Segment, file_id: int) -> None:
    """What is derived from the path and the symbols is what they say."""
    facts = path_facts(segment.paths[file_id])
    assert segment.roles[file_id].item()[:-1] == facts.row()[:-1]
    assert _run(segment.path_roots, file_id) == packed_all(facts.name_roots + facts.folder_roots).tolist()
    mine = segment.chunks[segment.chunks["file"] == file_id]
    for symbol in mine["symbol"].tolist():
        assert _run(segment.symbol_roots, symbol) == packed_all(roots(segment.strings[symbol])).tolist()
    sizes = (mine["end_byte"] - mine["start_byte"]).tolist()
    code = sum(s for s, k in zip(sizes, mine["kind"], strict=True) if KINDS[k] in ("function", "method"))
    assert segment.roles[file_id]["code_share"] == pytest.approx(code / max(1, sum(sizes)))


def _run(runs: Runs[np.uint64], number: int) -> list[int]:
    items, offsets = runs
    found: list[int] = items[offsets[number] : offsets[number + 1]].tolist()
    return found


def _row(segment: Segment, row: int) -> Row:
    chunk = segment.chunks[row]
    return Row(
        (int(chunk["start_line"]), int(chunk["end_line"])),
        (int(chunk["start_byte"]), int(chunk["end_byte"])),
        (int(chunk["text_hash"]), int(chunk["embed_hash"])),
        segment.strings[chunk["symbol"]],
        segment.strings[chunk["parent"]],
        KINDS[chunk["kind"]],
        segment.languages[chunk["language"]],
        segment.vectors[row].tobytes(),
    )


Hits = set[tuple[str, int, int]]


def keyword_hits(snapshot: Snapshot, term: str, *, name: bool = False) -> Hits:
    """(path, chunk number, impact) of every live row that holds the term."""
    hits: Hits = set()
    for view in snapshot.segments:
        found = (view.segment.name_postings if name else view.segment.postings).lookup(term)
        if found is None:
            continue
        for row, impact in zip(*found, strict=True):
            if view.live is None or view.live[row]:
                file_id = view.segment.chunks["file"][row]
                first = view.segment.files["row_start"][file_id]
                hits.add((view.segment.paths[file_id], int(row - first), int(impact)))
    return hits


def naive_hits(files: Iterable[IndexedFile], term: str, *, name: bool = False) -> Hits:
    hits: Hits = set()
    for file in files:
        for number, chunk in enumerate(file.chunks):
            body = analyse(chunk.text)
            names = analyse(chunk.symbol) + analyse(chunk.parent) + analyse(file.path)
            if term in (names if name else body):
                hits.add((file.path, number, _impact(names if name else body, term, name)))
    return hits


def _impact(terms: list[str], term: str, name: bool) -> int:
    average = 8.0 if name else 200.0
    frequency = terms.count(term)
    impact = frequency * 2.2 / (frequency + 1.2 * (0.25 + 0.75 * len(terms) / average))
    return max(1, round(impact / (2.2 / 255)))


def similarities(snapshot: Snapshot, query: NDArray[np.int8]) -> dict[tuple[str, int], float]:
    scores: dict[tuple[str, int], float] = {}
    for view in snapshot.segments:
        for row, score in enumerate(scan(view.segment.vectors, query)):
            if view.live is None or view.live[row]:
                file_id = view.segment.chunks["file"][row]
                first = view.segment.files["row_start"][file_id]
                scores[view.segment.paths[file_id], int(row - first)] = round(float(score), 5)
    return scores


def assert_equal(snapshot: Snapshot, files: Mapping[str, IndexedFile]) -> None:
    assert view_of_snapshot(snapshot) == {path: view_of_file(file) for path, file in files.items()}
