"""BM25 over all segments at once: the terms of a query, found in a field of the index."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vexord.index.postings import IMPACT_STEP, Found, Postings

Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Match:
    """Where a term is, in one field of every pool."""

    term: str
    idf: float
    """Of the term in all pools together, times the weight that the query gives it."""
    found: tuple[Found | None, ...]
    """For each pool the ascending rows that hold it, with their BM25 impacts."""


def idf(frequency: int, total: int) -> float:
    """Return the weight of a term that `frequency` of `total` rows hold.

    Robertson and Zaragoza (2009), with Lucene's +1 that keeps the weight of common terms positive.
    """
    return math.log(1.0 + (total - frequency + 0.5) / (frequency + 0.5))


def look_up(fields: Sequence[Postings], terms: Mapping[str, float], total: int) -> list[Match]:
    """Find weighted terms in one field of every pool; terms that are nowhere are left out.

    `total`: rows of all pools together.
    """
    matches = []
    asked = list(terms)
    by_term = zip(*(field.lookup_all(asked) for field in fields), strict=True)
    for (term, weight), found in zip(terms.items(), by_term, strict=bool(fields)):
        frequency = sum(len(rows[0]) for rows in found if rows is not None)
        if frequency:
            matches.append(Match(term, weight * idf(frequency, total), found))
    return matches


def impacts_at(matches: Sequence[Match], pool: int, rows: NDArray[np.int64]) -> Scores:
    """Return the terms' impacts in some rows of a pool, shape (rows, matches); 0 where a term is not."""
    table = np.zeros((len(rows), len(matches)), np.float32)
    wanted = rows.astype(np.uint32)  # of another type, searchsorted would copy the whole postings
    for column, match in enumerate(matches):
        found = match.found[pool]
        if found is None:
            continue
        table[:, column] = steps_at(found, wanted)
    table *= np.float32(IMPACT_STEP)
    return table


def steps_at(found: Found, rows: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Return a term's impacts in some rows, in `IMPACT_STEP`s, shape (rows,); 0 where it is not."""
    places = np.minimum(np.searchsorted(found[0], rows), len(found[0]) - 1)
    return np.where(found[0][places] == rows, found[1][places], np.uint8(0))


def weights_of(matches: Sequence[Match]) -> Scores:
    """Return the idf of each match, shape (matches,)."""
    return np.array([match.idf for match in matches], np.float32)
