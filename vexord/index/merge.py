"""Which segments to merge, and how: rows and postings are copied, nothing is analysed or embedded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vexord.index.columns import StringColumn, join_runs, take_runs
from vexord.index.manifest import FingerprintFields, SegmentRecord
from vexord.index.merge_postings import DEAD, PostingMerge
from vexord.index.segment import CHUNK_DTYPE, FILE_DTYPE, Segment, is_whole, rows_of_files
from vexord.index.segment_writer import SegmentWriter

MAX_SEGMENTS = 8
"""More than this and some are merged: a search pays some 0.2 ms for each segment."""
SETTLED_RATIO = 4
MAX_DEAD_SHARE = 0.3
BLOCK_ROWS = 1 << 16
"""Vectors copied at a time: 16 MB at 256 dimensions."""


@dataclass(frozen=True, slots=True)
class SegmentLoad:
    """Rows of one segment, as the policy sees it."""

    live: int
    dead: int


def choose_merge(loads: Sequence[SegmentLoad], *, settled: bool = False) -> list[int]:
    """Return the indexes of the segments to merge now, ascending; empty if all is well.

    A segment with too many dead rows is rewritten together with everything smaller. Else, if there are more
    than `MAX_SEGMENTS`, the largest one that is no larger than all smaller ones together is merged with them,
    or, if each outweighs its smaller ones, the two smallest. So a row that is copied lands, as a rule, in a
    segment at least twice as large as its own, and is copied O(log rows) times in all.

    An index that is `settled` gets as few segments as that allows: the largest one that is no larger than
    `SETTLED_RATIO` times all smaller ones together is merged with them, however few they are. What a first
    index leaves behind becomes one segment, and each copy still lands in one larger by a quarter.
    """
    order = sorted(range(len(loads)), key=lambda number: (-loads[number].live, number))
    for place, number in enumerate(order):
        load = loads[number]
        if load.dead > MAX_DEAD_SHARE * (load.live + load.dead):
            return sorted(order[place:])
    if len(loads) <= MAX_SEGMENTS and not settled:
        return []
    smaller = sum(load.live for load in loads)
    for place, number in enumerate(order[:-1] if settled else order[:-2]):
        smaller -= loads[number].live
        if loads[number].live <= smaller * (SETTLED_RATIO if settled else 1):
            return sorted(order[place:])
    return [] if settled else sorted(order[-2:])


@dataclass(frozen=True, slots=True)
class MergeSource:
    """A segment to merge."""

    segment: Segment
    files: NDArray[np.void]
    """Its file table, of `FILE_DTYPE`, with stamps brought up to date."""
    dead: NDArray[np.bool_]
    """Of its files."""


@dataclass(frozen=True, slots=True)
class MergeInput:
    """A segment to merge, as it is handed to another process."""

    record: SegmentRecord
    files: NDArray[np.void]
    dead: NDArray[np.bool_]
    """See `MergeSource`."""


@dataclass(frozen=True, slots=True)
class MergeTask:
    """All that a merge needs to know."""

    folder: str
    """Of the index."""
    name: str
    """Of the segment to write."""
    fingerprint: FingerprintFields
    inputs: tuple[MergeInput, ...]


@dataclass(frozen=True, slots=True)
class Merged:
    """What came of a merge."""

    record: SegmentRecord | None
    damaged: tuple[str, ...] = ()
    """Names of segments that are not what the manifest says; nothing was written then."""


def run_merge(task: MergeTask) -> Merged:
    """Write the merged segment. Sources are read whole first: damage is never copied under a new checksum.

    Raises:
        OSError: it cannot be written; nothing is left behind.
    """
    damaged = [one.record.name for one in task.inputs if not is_whole(task.folder, one.record)]
    if damaged:
        return Merged(None, tuple(damaged))
    with SegmentWriter(task.folder, task.name, durable=False) as out:
        sources = [
            MergeSource(Segment.open(task.folder, one.record), one.files, one.dead) for one in task.inputs
        ]
        return Merged(merge_segments(out, sources, task.fingerprint))


def merge_segments(
    out: SegmentWriter, sources: Sequence[MergeSource], fingerprint: FingerprintFields
) -> SegmentRecord:
    """Write the live files of all sources, in order, as one segment."""
    languages, language_maps = _union([source.segment.languages for source in sources])
    encodings, encoding_maps = _union([source.segment.encodings for source in sources])
    row_maps = _row_maps(sources)
    rows = sum(int((row_map != DEAD).sum()) for row_map in row_maps)
    dimensions = int(fingerprint["dimensions"])
    out.vectors((rows, dimensions), _vector_blocks(sources, row_maps))
    out.column("files", _files(sources, language_maps, encoding_maps))
    chunks, used = _chunks(sources, row_maps, language_maps)
    out.column("chunks", chunks)
    segments = [source.segment for source in sources]
    alive = [np.flatnonzero(~source.dead) for source in sources]
    roles = [one.roles[live] for one, live in zip(segments, alive, strict=True)]
    out.column("roles", np.concatenate(roles))
    paths = [one.paths.take(live) for one, live in zip(segments, alive, strict=True)]
    strings = [one.strings.take(mine) for one, mine in zip(segments, used, strict=True)]
    out.strings(StringColumn.concatenate([*paths, *strings]))
    path_roots = [take_runs(*one.path_roots, live) for one, live in zip(segments, alive, strict=True)]
    symbol_roots = [take_runs(*one.symbol_roots, mine) for one, mine in zip(segments, used, strict=True)]
    out.roots(join_runs([*path_roots, *symbol_roots]))
    merge = PostingMerge(
        [(source.segment.posting_arrays, row_map) for source, row_map in zip(sources, row_maps, strict=True)]
    )
    out.column("terms", merge.hashes)
    out.column("term_offsets", merge.offsets)
    # Two passes over the postings, so that memory stays that of one block.
    out.stream("posting_rows", np.dtype(np.uint32), merge.count, (taken for taken, _ in merge.blocks()))
    out.stream("posting_impacts", np.dtype(np.uint8), merge.count, (impacts for _, impacts in merge.blocks()))
    return out.finish(fingerprint, languages, encodings)


def _row_maps(sources: Sequence[MergeSource]) -> list[NDArray[np.int64]]:
    maps = []
    first = 0
    for source in sources:
        live = rows_of_files(source.files, ~source.dead)
        row_map = np.where(live, np.cumsum(live) - 1 + first, DEAD)
        first += int(live.sum())
        maps.append(row_map.astype(np.int64))
    return maps


def _vector_blocks(
    sources: Sequence[MergeSource], row_maps: Sequence[NDArray[np.int64]]
) -> Iterator[NDArray[np.int8]]:
    for source, row_map in zip(sources, row_maps, strict=True):
        for start in range(0, len(row_map), BLOCK_ROWS):
            end = start + BLOCK_ROWS
            yield source.segment.vectors[start:end][row_map[start:end] != DEAD]


def _files(
    sources: Sequence[MergeSource],
    language_maps: Sequence[NDArray[np.uint8]],
    encoding_maps: Sequence[NDArray[np.uint8]],
) -> NDArray[np.void]:
    tables = [np.zeros(0, FILE_DTYPE)]
    for source, languages, encodings in zip(sources, language_maps, encoding_maps, strict=True):
        table = source.files[~source.dead]
        table["language"] = languages[table["language"]]
        table["encoding"] = encodings[table["encoding"]]
        tables.append(table)
    merged = np.concatenate(tables)
    counts = merged["row_end"].astype(np.int64) - merged["row_start"]
    ends = np.cumsum(counts)
    merged["row_end"] = ends
    merged["row_start"] = ends - counts
    return merged


def _chunks(
    sources: Sequence[MergeSource],
    row_maps: Sequence[NDArray[np.int64]],
    language_maps: Sequence[NDArray[np.uint8]],
) -> tuple[NDArray[np.void], list[NDArray[np.uint32]]]:
    """Return the chunk table, and the numbers of each source's strings that it refers to, now in one row."""
    tables = [np.zeros(0, CHUNK_DTYPE)]
    kept = []
    first_file = first_string = 0
    for source, row_map, languages in zip(sources, row_maps, language_maps, strict=True):
        table = source.segment.chunks[row_map != DEAD]
        new_file = np.cumsum(~source.dead) - 1 + first_file
        table["file"] = new_file[table["file"]]
        used, place = np.unique(np.stack([table["symbol"], table["parent"]]), return_inverse=True)
        table["symbol"], table["parent"] = place.reshape(2, -1) + first_string
        table["language"] = languages[table["language"]]
        tables.append(table)
        kept.append(used)
        first_file += int((~source.dead).sum())
        first_string += len(used)
    return np.concatenate(tables), kept


def _union(lists: Sequence[list[str]]) -> tuple[list[str], list[NDArray[np.uint8]]]:
    """Return all names, and for each list the new number of each of its names."""
    numbers: dict[str, int] = {}
    maps = [
        np.array([numbers.setdefault(name, len(numbers)) for name in names], np.uint16) for names in lists
    ]
    # Numbers beyond a byte wrap here; `SegmentWriter.finish` refuses them before anything is published.
    return list(numbers), [number.astype(np.uint8) for number in maps]
