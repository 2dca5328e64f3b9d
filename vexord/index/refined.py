"""Rows of a second model beside a segment's own: a file that is written anew as more of them are known."""

import os
from dataclasses import dataclass
from typing import Literal, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from vexord import files
from vexord.index.columns import ColumnFile, npy_header, raw_bytes
from vexord.index.manifest import REFINED_PREFIX, SEGMENTS_NAME, RefinedRecord, SegmentRecord
from vexord.index.segment import Segment, verify_file


class RowSource(Protocol):
    """Where rows of the second model come from, by a hash that each chunk has."""

    @property
    def model(self) -> str:
        """Name of the space and of the text that is embedded; rows of one are never taken for another's."""
        ...

    @property
    def dimensions(self) -> int:
        """Length of a row; 0 while none is known."""
        ...

    @property
    def key(self) -> Literal["embed_hash", "text_hash"]:
        """Column of the chunks that holds the hash: of the text with its header, or of the text alone."""
        ...

    def rows(self, hashes: NDArray[np.uint64]) -> NDArray[np.int8]:
        """Return one row for each hash, shape (len(hashes), dimensions); zeros where none is known."""
        ...

    def older(self, model: str) -> "RowSource | None":
        """Return the source of a model that was used before; None if it is not there any more."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Refined:
    """Rows of the second model as a reader sees them. Immutable, thread-safe."""

    model: str
    rows: NDArray[np.int8]
    """Shape (rows of the segment, dimensions)."""
    known: NDArray[np.bool_] | None
    """Which rows are there, shape (rows,); None if all are."""
    count: int


def write_refined(folder: str, segment: Segment, source: RowSource, above: int = 0) -> RefinedRecord | None:
    """Write what the source knows of a segment's rows; None, and no file, if that is not more than `above`.

    Raises:
        OSError: the file cannot be written.
    """
    rows = source.rows(segment.chunks[source.key])
    count = int(rows.any(axis=1).sum())
    if count <= above:
        return None
    name = f"{REFINED_PREFIX}{os.urandom(4).hex()}.npy"
    header = npy_header(rows.dtype, rows.shape, 0)
    path = os.path.join(folder, SEGMENTS_NAME, segment.name, name)
    written = files.write_file(path, header, raw_bytes(rows))
    return RefinedRecord(
        file=name, model=source.model, dimensions=source.dimensions, count=count, sum=written
    )


def open_refined(folder: str, record: SegmentRecord) -> Refined | None:
    """Open the rows that a manifest lists for a segment; None if it lists none.

    Raises:
        IndexCorruptError: the file is missing or of another size.
        OSError: it cannot be opened or mapped.
    """
    refined = record.refined
    if refined is None:
        return None
    path = os.path.join(folder, SEGMENTS_NAME, record.name, refined.file)
    column = ColumnFile(path, refined.sum.size)
    rows = cast("NDArray[np.int8]", column.array(np.int8, (record.rows, refined.dimensions)))
    known = None if refined.count == record.rows else np.asarray(rows.any(axis=1))
    return Refined(refined.model, rows, known, refined.count)


def verify_refined(folder: str, record: SegmentRecord) -> None:
    """Read the file whole and compare it with the manifest.

    Raises:
        IndexCorruptError: it is missing or differs.
    """
    if record.refined is None:
        return
    path = os.path.join(folder, SEGMENTS_NAME, record.name, record.refined.file)
    verify_file(path, record.refined.sum)
