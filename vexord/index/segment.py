"""The reader of one immutable segment: columns in a folder, mapped or read, checked against their sums."""

import logging
import os
from dataclasses import dataclass
from typing import TypeVar, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from vexord.files import FileSum, read_file, sum_file, sum_of
from vexord.index.codes import Codes, available
from vexord.index.columns import ColumnFile, Runs, StringColumn
from vexord.index.errors import IndexCorruptError
from vexord.index.manifest import SEGMENTS_NAME, FingerprintFields, SegmentRecord
from vexord.index.postings import BODY, DEFINES, NAME, PostingArrays, Postings
from vexord.index.roles import ROLE_DTYPE
from vexord.index.roots import Roots
from vexord.index.sealed import unseal

logger = logging.getLogger(__name__)

METADATA_NAME = "metadata.json"
VECTORS_NAME = "vectors.npy"
COLUMNS_NAME = "columns.npy"
CODES_NAME = "codes.tv"

CHUNK_DTYPE = np.dtype(
    [
        ("file", "<u4"), ("start_line", "<u4"), ("end_line", "<u4"),
        ("start_byte", "<u4"), ("end_byte", "<u4"), ("text_hash", "<u8"), ("embed_hash", "<u8"),
        ("symbol", "<u4"), ("parent", "<u4"), ("kind", "u1"), ("language", "u1"),
    ]
)  # fmt: skip
"""`symbol` and `parent` index `Segment.strings`, `kind` `types.KINDS`, `language` `Segment.languages`."""

FILE_DTYPE = np.dtype(
    [
        ("row_start", "<u4"), ("row_end", "<u4"), ("size", "<u8"), ("mtime_ns", "<i8"), ("inode", "<u8"),
        ("ctime_ns", "<i8"), ("checked_ns", "<i8"), ("hash", "V16"), ("language", "u1"), ("encoding", "u1"),
    ]
)  # fmt: skip
"""The rows of file i are `row_start:row_end`; files lie in row order without gaps."""


class ColumnPlace(msgspec.Struct, frozen=True, array_like=True):
    """Where a column lies in `columns.npy`."""

    start: int
    """Byte at which its `.npy` header begins."""
    length: int


class SegmentMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """`metadata.json`: what the segment holds and where."""

    fingerprint: FingerprintFields
    languages: list[str]
    encodings: list[str]
    rows: int
    dimensions: int
    files: int
    columns: dict[str, ColumnPlace]
    """`files`, `roles`, `chunks`, `strings` and `string_offsets` (paths, then symbols and parents), `roots`
    and `root_offsets` (of the same), and the postings: `terms`, `term_offsets`, `posting_rows`,
    `posting_impacts`."""
    created: str
    """ISO 8601, UTC."""


Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Segment:
    """Columns of one segment. Immutable, thread-safe; maps live as long as any array taken from it."""

    name: str
    rows: int
    vectors: NDArray[np.int8]
    """Shape (rows, dimensions)."""
    chunks: NDArray[np.void]
    """Shape (rows,), of `CHUNK_DTYPE`."""
    files: NDArray[np.void]
    """Shape (files,), of `FILE_DTYPE`."""
    roles: NDArray[np.void]
    """Shape (files,), of `ROLE_DTYPE`."""
    paths: StringColumn
    """One for each file."""
    strings: StringColumn
    """Symbols and parents."""
    path_roots: Runs[np.uint64]
    """Packed roots of each path, those of the file's name first."""
    symbol_roots: Runs[np.uint64]
    """Of each of `strings`; none of one that is only a parent."""
    languages: list[str]
    encodings: list[str]
    posting_arrays: PostingArrays
    postings: Postings
    """Body field."""
    name_postings: Postings
    definitions: Postings
    """Rows by the whole names that they define."""
    codes: Codes | None
    """To find the nearest rows fast; None for a small segment, or if they cannot be read here."""

    @classmethod
    def open(cls, folder: str, record: SegmentRecord) -> "Segment":
        """Open a segment of the index at `folder`: every size, every header and the metadata are checked.

        Raises:
            IndexCorruptError: a file is missing or not what the manifest says.
            FutureFormatError: written by a newer version.
            OSError: a file cannot be opened or mapped.
        """
        base = os.path.join(folder, SEGMENTS_NAME, record.name)
        meta = _read_metadata(base, record)
        coded = CODES_NAME in record.sums and available()
        vectors = _open_file(base, VECTORS_NAME, record, scattered=coded)
        codes = Codes(os.path.join(base, CODES_NAME), record.rows, vectors.forget) if coded else None
        columns = _open_file(base, COLUMNS_NAME, record)

        def column(name: str, dtype: "type[Scalar] | np.dtype[Scalar]") -> NDArray[Scalar]:
            place = meta.columns.get(name)
            if place is None:
                raise IndexCorruptError(f"{base}: no column {name}")
            return cast("NDArray[Scalar]", columns.array(dtype, (place.length,), place.start))

        blob = column("strings", np.uint8)
        offsets = column("string_offsets", np.uint32)
        roots: Roots = column("roots", np.uint64)
        root_offsets = column("root_offsets", np.uint32)
        arrays = PostingArrays(
            hashes=column("terms", np.uint64),
            offsets=column("term_offsets", np.uint64),
            rows=column("posting_rows", np.uint32),
            impacts=column("posting_impacts", np.uint8),
        )
        return cls(
            name=record.name,
            rows=meta.rows,
            vectors=cast("NDArray[np.int8]", vectors.array(np.int8, (meta.rows, meta.dimensions))),
            chunks=column("chunks", CHUNK_DTYPE),
            files=column("files", FILE_DTYPE),
            roles=column("roles", ROLE_DTYPE),
            paths=StringColumn(blob, offsets[: meta.files + 1]),
            strings=StringColumn(blob, offsets[meta.files :]),
            path_roots=(roots, root_offsets[: meta.files + 1]),
            symbol_roots=(roots, root_offsets[meta.files :]),
            languages=meta.languages,
            encodings=meta.encodings,
            posting_arrays=arrays,
            postings=Postings(arrays, BODY),
            name_postings=Postings(arrays, NAME),
            definitions=Postings(arrays, DEFINES),
            codes=codes,
        )


def verify_segment(folder: str, record: SegmentRecord) -> None:
    """Read every byte of a segment and compare it with the manifest.

    Raises:
        IndexCorruptError: names the first file that differs.
    """
    base = os.path.join(folder, SEGMENTS_NAME, record.name)
    for name, expected in record.sums.items():
        verify_file(os.path.join(base, name), expected)


def verify_file(path: str, expected: FileSum) -> None:
    """Read every byte of a file and compare it with its sum.

    Raises:
        IndexCorruptError: it is missing or differs.
    """
    try:
        found = sum_file(path)
    except FileNotFoundError:
        raise IndexCorruptError(f"{path} is missing") from None
    if found != expected:
        raise IndexCorruptError(f"{path} does not match its checksum")


def is_whole(folder: str, record: SegmentRecord) -> bool:
    """Read every byte of a segment; False, with a line in the log, if it is damaged."""
    try:
        verify_segment(folder, record)
    except IndexCorruptError as error:
        logger.warning("segment dropped, its files will be indexed again: %s", error)
        return False
    return True


def _open_file(base: str, name: str, record: SegmentRecord, *, scattered: bool = False) -> ColumnFile:
    if name not in record.sums:
        raise IndexCorruptError(f"{base}: the manifest does not list {name}")
    return ColumnFile(os.path.join(base, name), record.sums[name].size, scattered=scattered)


def _read_metadata(base: str, record: SegmentRecord) -> SegmentMetadata:
    path = os.path.join(base, METADATA_NAME)
    try:
        data = read_file(path)
    except FileNotFoundError:
        raise IndexCorruptError(f"{path} is missing") from None
    meta = unseal(path, data, SegmentMetadata)
    if sum_of(data) != record.sums.get(METADATA_NAME):
        raise IndexCorruptError(f"{path} is not the one that the manifest lists")
    return meta


def rows_of_files(files: NDArray[np.void], mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Spread a mask over files, shape (files,), to their rows."""
    counts = files["row_end"].astype(np.int64) - files["row_start"]
    return np.repeat(mask, counts)
