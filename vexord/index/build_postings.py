"""Counted words become the keyword postings of a new segment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from vexord.bags import Bags, summed
from vexord.index.postings import IMPACT_STEP, K1, B, Field, PostingArrays, term_hash
from vexord.index.terms import whole_word


@dataclass(frozen=True, slots=True)
class FieldTerms:
    """The terms of one field of all rows; a pair of row and term may occur more than once."""

    row_count: int
    rows: NDArray[np.int64]
    terms: NDArray[np.int64]
    """Index into `hashes` for each element of `rows`."""
    counts: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    """In any order, with repetition."""

    @classmethod
    def of_words(cls, bags: Bags, field: Field) -> "FieldTerms":
        """Return the terms that `terms.analyse` gives for each text: parts of words, and words of several."""
        names, parts = bags.parts
        several = np.flatnonzero(parts.lengths > 1)
        wholes = [whole_word(bags.words[number]) for number in several.tolist()]
        numbers = np.full(len(bags.words), -1, np.int64)
        numbers[several] = np.arange(len(several)) + len(names)
        whole = numbers[bags.numbers]
        there = whole >= 0
        rows, terms, counts = bags.expanded(parts)
        return cls(
            bags.size,
            np.append(rows, bags.texts[there]),
            np.append(terms, whole[there]),
            np.append(counts, bags.counts[there]),
            _hashes([*names, *wholes], field),
        )

    @classmethod
    def of(cls, rows: Sequence[Sequence[str]], field: Field) -> "FieldTerms":
        """Take the terms of each row as they are."""
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        numbers = {term: number for number, term in enumerate(dict.fromkeys(chain.from_iterable(rows)))}
        total = int(lengths.sum())
        return cls(
            row_count=len(rows),
            rows=np.repeat(np.arange(len(rows)), lengths),
            terms=np.fromiter(map(numbers.__getitem__, chain.from_iterable(rows)), np.int64, total),
            counts=np.ones(total, np.int64),
            hashes=_hashes(list(numbers), field),
        )

    def norms(self, field: Field) -> NDArray[np.float32]:
        """Return the BM25 length norm of each row."""
        lengths = np.bincount(self.rows, self.counts, self.row_count)
        return (K1 * (1 - B + B * lengths / field.average_terms)).astype(np.float32)


def _hashes(terms: Sequence[str], field: Field) -> NDArray[np.uint64]:
    return np.fromiter((term_hash(term, field.seed) for term in terms), np.uint64, len(terms))


def build_postings(fields: Mapping[Field, FieldTerms]) -> PostingArrays:
    """Index the terms of all fields, which are of the same rows."""
    parts = list(fields.values())
    row_count = max((part.row_count for part in parts), default=0)
    # Two terms with one hash become one term: ranks make the key.
    hashes, rank_of = np.unique(np.concatenate([part.hashes for part in parts]), return_inverse=True)
    field_of = np.zeros(len(hashes), np.intp)
    ranks = []
    first = 0
    for number, part in enumerate(parts):
        mine = rank_of[first : first + len(part.hashes)]
        field_of[mine] = number
        ranks.append(mine[part.terms])
        first += len(part.hashes)
    rows = np.concatenate([part.rows for part in parts])
    counts = np.concatenate([part.counts for part in parts])
    term, rows, frequency = summed(np.concatenate(ranks), rows, counts, row_count)
    norms = np.stack([part.norms(field) for field, part in fields.items()])
    occurring = frequency.astype(np.float32)
    impacts = occurring * (K1 + 1) / (occurring + norms[field_of[term], rows])
    offsets = np.searchsorted(term, np.arange(len(hashes) + 1))
    return PostingArrays(hashes, offsets.astype(np.uint64), rows.astype(np.uint32), _in_steps(impacts))


def _in_steps(impacts: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Round to steps; none becomes 0, which would be no occurrence."""
    steps: NDArray[np.float32] = np.rint(impacts / np.float32(IMPACT_STEP))
    return np.clip(steps, 1, 255).astype(np.uint8)
