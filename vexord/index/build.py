"""Turns files that were just read, chunked and embedded into a segment."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from vexord.index.columns import StringColumn
from vexord.index.embed_text import embed_hash, text_hash
from vexord.index.manifest import FingerprintFields, SegmentRecord
from vexord.index.postings import BODY, DEFINES, NAME, build_postings
from vexord.index.segment import CHUNK_DTYPE, FILE_DTYPE
from vexord.index.segment_writer import SegmentWriter
from vexord.index.terms import analyse, whole_name
from vexord.index.types import KINDS, IndexedFile

_KIND_NUMBER = {kind: number for number, kind in enumerate(KINDS)}


class _Numbering(dict[str, int]):
    """Numbers strings in the order in which they are first asked for."""

    def __missing__(self, key: str) -> int:
        self[key] = len(self)
        return self[key]


def build_segment(
    out: SegmentWriter, indexed: Sequence[IndexedFile], fingerprint: FingerprintFields
) -> SegmentRecord:
    """Write a segment of these files, in this order.

    Raises:
        ValueError: the vectors of a file are not int8 of shape (chunks, dimensions); or an unknown kind.
    """
    dimensions = int(fingerprint["dimensions"])
    languages, encodings, strings = _Numbering(), _Numbering(), _Numbering()
    vectors = _vectors(indexed, dimensions)
    out.vectors((len(vectors), dimensions), (vectors,))
    out.column("files", _file_table(indexed, languages, encodings))
    out.column("chunks", _chunk_table(indexed, languages, strings))
    out.strings(StringColumn.of([*(file.path for file in indexed), *strings]))
    chunks = [chunk for file in indexed for chunk in file.chunks]
    out.postings(
        build_postings(
            {
                BODY: [analyse(chunk.text) for chunk in chunks],
                NAME: list(_name_terms(indexed)),
                DEFINES: [[whole for name in chunk.names if (whole := whole_name(name))] for chunk in chunks],
            }
        )
    )
    return out.finish(fingerprint, list(languages), list(encodings))


def _vectors(indexed: Sequence[IndexedFile], dimensions: int) -> NDArray[np.int8]:
    matrices = [np.zeros((0, dimensions), np.int8)]
    for file in indexed:
        if not file.chunks:
            continue
        if file.vectors.shape != (len(file.chunks), dimensions) or file.vectors.dtype != np.int8:
            raise ValueError(
                f"{file.path!r}: vectors are {file.vectors.dtype} {file.vectors.shape}, "
                f"not int8 {(len(file.chunks), dimensions)}"
            )
        matrices.append(file.vectors)
    return np.concatenate(matrices)


def _file_table(
    indexed: Sequence[IndexedFile], languages: _Numbering, encodings: _Numbering
) -> NDArray[np.void]:
    table = np.zeros(len(indexed), FILE_DTYPE)
    row = 0
    for number, file in enumerate(indexed):
        stamp = file.stamp
        table[number] = (
            row, row + len(file.chunks), stamp.size, stamp.mtime_ns, stamp.inode, stamp.ctime_ns,
            file.checked_ns, file.content_hash, languages[file.language], encodings[file.encoding],
        )  # fmt: skip
        row += len(file.chunks)
    return table


def _chunk_table(
    indexed: Sequence[IndexedFile], languages: _Numbering, strings: _Numbering
) -> NDArray[np.void]:
    rows = []
    for number, file in enumerate(indexed):
        language = languages[file.language]
        for chunk in file.chunks:
            if chunk.kind not in _KIND_NUMBER:
                raise ValueError(f"{file.path!r}: kind {chunk.kind!r} is not one of KINDS")
            rows.append(
                (
                    number, chunk.start_line, chunk.end_line, chunk.start_byte, chunk.end_byte,
                    text_hash(chunk.text), embed_hash(file.path, chunk),
                    strings[chunk.symbol], strings[chunk.parent], _KIND_NUMBER[chunk.kind], language,
                )
            )  # fmt: skip
    return np.array(rows, CHUNK_DTYPE)


def _name_terms(indexed: Sequence[IndexedFile]) -> Iterable[list[str]]:
    for file in indexed:
        path = analyse(file.path)
        for chunk in file.chunks:
            yield [*analyse(" ".join(chunk.names)), *analyse(chunk.parent), *path]
