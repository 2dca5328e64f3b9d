"""Keyword postings: term hash → rows with BM25 impacts, as flat sorted arrays that are searched in place.

All fields of a segment share one set of arrays; the field is the seed of the term's hash.
"""

from dataclasses import dataclass

import numpy as np
import xxhash
from numpy.typing import NDArray

K1 = 1.2
B = 0.75
IMPACT_STEP = (K1 + 1) / 255
"""One byte an impact: half the error of a step is far below what tells two chunks apart."""


@dataclass(frozen=True, slots=True)
class Field:
    """A searchable field of chunks."""

    seed: int
    """Seeds must differ in many bits: xxh3 mixes them into words of up to 3 bytes by addition alone."""
    average_terms: float
    """Stands in for the collection's average length, so that impacts are true of every segment for ever."""


BODY = Field(seed=0, average_terms=200.0)
"""The chunk's text; a typical 50-line chunk has 150–290 terms."""
NAME = Field(seed=0x9E3779B97F4A7C15, average_terms=8.0)
"""Words of the symbols, the parent and the path."""
DEFINES = Field(seed=0xC2B2AE3D27D4EB4F, average_terms=1.0)
"""Every name that the chunk defines, whole, as `terms.whole_name` writes it."""


@dataclass(frozen=True, slots=True)
class PostingArrays:
    """Postings of a segment: those of `hashes[i]` are `offsets[i]:offsets[i + 1]` of the last two arrays."""

    hashes: NDArray[np.uint64]
    """Ascending, shape (terms,)."""
    offsets: NDArray[np.uint64]
    """Shape (terms + 1,)."""
    rows: NDArray[np.uint32]
    """Ascending within a term."""
    impacts: NDArray[np.uint8]
    """The part of BM25 that depends on term frequency and length, in (0, K1 + 1), in `IMPACT_STEP`s."""

    def places(self, wanted: NDArray[np.uint64]) -> tuple[list[int], list[int]]:
        """Return where the postings of each hash begin and end: at one place if it is not there."""
        if not len(self.hashes):
            return [0] * len(wanted), [0] * len(wanted)
        found = self.hashes.searchsorted(wanted)
        there = self.hashes.take(found, mode="clip") == wanted
        starts = self.offsets.take(found)
        ends = np.where(there, self.offsets.take(found + 1, mode="clip"), starts)
        return starts.tolist(), ends.tolist()


Found = tuple[NDArray[np.uint32], NDArray[np.uint8]]
"""Rows, ascending, and their impacts in `IMPACT_STEP`s."""


class Postings:
    """Looks terms up in one field. Thread-safe; holds no object for any document."""

    def __init__(self, arrays: PostingArrays, field: Field) -> None:
        self._arrays = arrays
        self._seed = field.seed

    def lookup(self, term: str) -> Found | None:
        """Return the ascending rows that hold the term, with their impacts, or None. Nothing is copied."""
        arrays = self._arrays
        # A Python int would turn the whole column into floats.
        (start,), (end,) = arrays.places(np.array([term_hash(term, self._seed)], np.uint64))
        return (arrays.rows[start:end], arrays.impacts[start:end]) if start < end else None

    def df(self, term: str) -> int:
        """Return the number of rows that hold the term, dead ones included."""
        found = self.lookup(term)
        return len(found[0]) if found is not None else 0


def term_hash(term: str, seed: int) -> int:
    """Return xxh3_64 of the term, an unsigned 64-bit integer."""
    return xxhash.xxh3_64_intdigest(term.encode("utf-8", "surrogatepass"), seed)
