"""Turns files that were just read, chunked and embedded into a segment."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from vexord.bags import Bags, count_words
from vexord.index.build_postings import FieldTerms, build_postings
from vexord.index.columns import StringColumn, checked_offsets
from vexord.index.embed_text import embed_hash, text_hash
from vexord.index.manifest import FingerprintFields, SegmentRecord
from vexord.index.postings import BODY, DEFINES, NAME
from vexord.index.roles import ROLE_DTYPE, PathFacts, path_facts
from vexord.index.roots import Roots, packed_all, roots
from vexord.index.segment import CHUNK_DTYPE, FILE_DTYPE
from vexord.index.segment_writer import SegmentWriter
from vexord.index.terms import whole_name
from vexord.index.types import KINDS, Chunk, IndexedFile

_CODE = [KINDS.index(kind) for kind in ("function", "method")]
_NO_ROOTS = np.zeros(0, np.uint64)
_KIND_NUMBER = {kind: number for number, kind in enumerate(KINDS)}


class _Numbering(dict[str, int]):
    """Numbers strings in the order in which they are first asked for."""

    def __missing__(self, key: str) -> int:
        self[key] = len(self)
        return self[key]


def build_segment(
    out: SegmentWriter,
    indexed: Sequence[IndexedFile],
    fingerprint: FingerprintFields,
    words: Bags | None = None,
) -> SegmentRecord:
    """Write a segment of these files, in this order. `words`: those of all chunks' texts, if counted before.

    Raises:
        ValueError: the vectors of a file are not int8 of shape (chunks, dimensions); or an unknown kind.
    """
    dimensions = int(fingerprint["dimensions"])
    languages, encodings, strings = _Numbering(), _Numbering(), _Numbering()
    vectors = _vectors(indexed, dimensions)
    out.vectors((len(vectors), dimensions), (vectors,))
    out.column("files", _file_table(indexed, languages, encodings))
    chunk_table = _chunk_table(indexed, languages, strings)
    out.column("chunks", chunk_table)
    facts = [path_facts(file.path) for file in indexed]
    out.column("roles", _role_table(facts, chunk_table))
    out.strings(StringColumn.of([*(file.path for file in indexed), *strings]))
    out.roots(_roots(facts, list(strings), chunk_table))
    chunks = [chunk for file in indexed for chunk in file.chunks]
    bodies = words if words is not None else count_words([chunk.text for chunk in chunks])
    defined = [[whole for name in chunk.names if (whole := whole_name(name))] for chunk in chunks]
    out.postings(
        build_postings(
            {
                BODY: FieldTerms.of_words(bodies, BODY),
                NAME: FieldTerms.of_words(count_words(list(_name_texts(indexed))), NAME),
                DEFINES: FieldTerms.of(defined, DEFINES),
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
                    text_hash(_quoted(chunk)), embed_hash(file.path, chunk),
                    strings[chunk.symbol], strings[chunk.parent], _KIND_NUMBER[chunk.kind], language,
                )
            )  # fmt: skip
    return np.array(rows, CHUNK_DTYPE)


def _role_table(facts: Sequence[PathFacts], chunks: NDArray[np.void]) -> NDArray[np.void]:
    table = np.array([fact.row() for fact in facts], ROLE_DTYPE)
    size = chunks["end_byte"].astype(np.float64) - chunks["start_byte"]
    total = np.bincount(chunks["file"], size, len(facts))
    in_code = np.bincount(chunks["file"], size * np.isin(chunks["kind"], _CODE), len(facts))
    table["code_share"] = in_code / np.maximum(total, 1.0)
    return table


def _roots(
    facts: Sequence[PathFacts], strings: Sequence[str], chunks: NDArray[np.void]
) -> tuple[Roots, NDArray[np.uint32]]:
    """Return the roots of paths and symbols; nobody asks for those of parents."""
    symbols = set(np.unique(chunks["symbol"]).tolist())
    runs = [packed_all(fact.name_roots + fact.folder_roots) for fact in facts]
    runs += [
        packed_all(roots(name)) if number in symbols else _NO_ROOTS for number, name in enumerate(strings)
    ]
    offsets = np.cumsum([0, *map(len, runs)])
    return np.concatenate([_NO_ROOTS, *runs]), checked_offsets(offsets)


def _quoted(chunk: Chunk) -> str:
    return chunk.text if chunk.quoted is None else chunk.quoted


def _name_texts(indexed: Sequence[IndexedFile]) -> Iterable[str]:
    for file in indexed:
        for chunk in file.chunks:
            yield " ".join((*chunk.names, chunk.parent, file.path))
