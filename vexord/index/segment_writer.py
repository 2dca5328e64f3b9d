"""Writes the files of one new segment; nothing refers to them until a manifest does."""

import contextlib
import logging
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from vexord import files
from vexord.files import FileSum
from vexord.index.codes import MIN_ROWS, available, write_codes
from vexord.index.columns import Runs, StringColumn, npy_header, raw_bytes
from vexord.index.manifest import SEGMENTS_NAME, FingerprintFields, SegmentRecord
from vexord.index.postings import PostingArrays
from vexord.index.sealed import seal
from vexord.index.segment import (
    CODES_NAME,
    COLUMNS_NAME,
    METADATA_NAME,
    VECTORS_NAME,
    ColumnPlace,
    SegmentMetadata,
)

logger = logging.getLogger(__name__)

MAX_LISTED = 256
"""Languages and encodings are numbered in one byte."""


class SegmentWriter:
    """One segment on its way to disk: `vectors`, then every column once, then `finish`; or `abandon`.

    As a context manager it abandons what an error interrupts.

    It is three files, and codes if it is large: creating a file is most of the cost of a small commit.

    Raises:
        OSError: from every method, if the file system refuses.
    """

    def __init__(self, folder: str, name: str, *, durable: bool) -> None:
        self.name = name
        self._base = os.path.join(folder, SEGMENTS_NAME, name)
        self._durable = durable
        self._sums: dict[str, FileSum] = {}
        self._places: dict[str, ColumnPlace] = {}
        self._shape = (0, 0)
        files.make_new_dir(self._base)
        self._columns = files.FileWriter(self._path(COLUMNS_NAME), durable=durable)

    def vectors(self, shape: tuple[int, int], blocks: Iterable[NDArray[np.int8]]) -> None:
        """Write the matrix, of int8 and of this shape, in blocks of rows."""
        with files.FileWriter(self._path(VECTORS_NAME), durable=self._durable) as out:
            _write_array(out, np.dtype(np.int8), shape, blocks)
        self._sums[VECTORS_NAME] = out.sum()
        self._shape = shape

    def column(self, name: str, array: "NDArray[np.generic]") -> None:
        """Append a column, shape (n,)."""
        self.stream(name, array.dtype, len(array), (array,))

    def stream(
        self, name: str, dtype: "np.dtype[np.generic]", length: int, blocks: "Iterable[NDArray[np.generic]]"
    ) -> None:
        """Append a column in blocks that together have the given length."""
        self._places[name] = ColumnPlace(self._columns.size, length)
        _write_array(self._columns, dtype, (length,), blocks)

    def strings(self, column: StringColumn) -> None:
        """Write paths and strings, in this order, as one column."""
        self.column("strings", column.blob)
        self.column("string_offsets", column.offsets)

    def roots(self, runs: Runs[np.uint64]) -> None:
        """Write the roots of paths and strings, in the order of `strings`."""
        self.column("roots", runs[0])
        self.column("root_offsets", runs[1])

    def postings(self, arrays: PostingArrays) -> None:
        """Write postings that are in memory."""
        self.column("terms", arrays.hashes)
        self.column("term_offsets", arrays.offsets)
        self.column("posting_rows", arrays.rows)
        self.column("posting_impacts", arrays.impacts)

    def finish(
        self, fingerprint: FingerprintFields, languages: list[str], encodings: list[str]
    ) -> SegmentRecord:
        """Write the metadata; return what the manifest has to say of the segment.

        Raises:
            OverflowError: more languages or encodings than a byte can number.
        """
        if len(languages) > MAX_LISTED or len(encodings) > MAX_LISTED:
            raise OverflowError(
                f"{len(languages)} languages, {len(encodings)} encodings: at most {MAX_LISTED}"
            )
        self._columns.close()
        self._sums[COLUMNS_NAME] = self._columns.sum()
        rows, dimensions = self._shape
        self._write_codes(rows)
        meta = SegmentMetadata(
            fingerprint=fingerprint,
            languages=languages,
            encodings=encodings,
            rows=rows,
            dimensions=dimensions,
            files=self._places["files"].length,
            columns=self._places,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        metadata = files.write_file(self._path(METADATA_NAME), seal(meta), durable=self._durable)
        self._sums[METADATA_NAME] = metadata
        if self._durable:
            files.sync_dir(self._base)
            files.sync_dir(os.path.dirname(self._base))
        return SegmentRecord(name=self.name, rows=meta.rows, files=meta.files, sums=self._sums)

    def _write_codes(self, rows: int) -> None:
        """Give a large segment codes; it can do without."""
        if rows < MIN_ROWS or not available():
            return
        path = self._path(CODES_NAME)
        try:
            files.step("write", path)
            write_codes(path, np.load(self._path(VECTORS_NAME), mmap_mode="r"))
            if self._durable:
                files.sync_file(path)
            self._sums[CODES_NAME] = files.sum_file(path)
        except Exception as error:  # whatever the package raises; searches compare all rows then
            logger.warning("codes not written, searches take longer path=%r: %s", path, error)
            files.remove_file(path)

    def __enter__(self) -> "SegmentWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.abandon()

    def abandon(self) -> None:
        """Remove what was written; what cannot be removed now is cleared away as a leftover."""
        self._columns.abort()
        with contextlib.suppress(OSError):
            files.remove_folder(self._base)

    def _path(self, name: str) -> str:
        return os.path.join(self._base, name)


def _write_array(
    out: files.FileWriter,
    dtype: "np.dtype[np.generic]",
    shape: tuple[int, ...],
    blocks: "Iterable[NDArray[np.generic]]",
) -> None:
    header = npy_header(dtype, shape, out.size)
    for block in blocks:
        out.write(header, raw_bytes(block))
        header = b""
    out.write(header)
