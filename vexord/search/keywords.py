"""BM25 over all segments at once: the terms of a query, found in the fields of the index."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vexord.index.postings import IMPACT_STEP, Field, PostingArrays, term_hash
from vexord.search.numbering import Numbering, Part, Rows
from vexord.search.scratch import Scratch

Scores = NDArray[np.float32]
SEARCHED = 16
"""To search a list of postings for one row takes as long as to read so many of them."""


class Piece(NamedTuple):
    """A term's postings in one segment."""

    segment: int
    rows: NDArray[np.uint32]
    """Ascending."""
    impacts: NDArray[np.uint8]
    """Their BM25 impacts, in `IMPACT_STEP`s."""


class Match(NamedTuple):
    """Where a term is, in one field of every segment."""

    term: str
    idf: float
    """Of the term in all segments together, times the weight that the query gives it."""
    pieces: tuple[Piece, ...]
    """Of the segments that hold it."""
    frequency: int
    """Rows that hold it."""


def idf(frequency: int, total: int) -> float:
    """Return the weight of a term that `frequency` of `total` rows hold.

    Robertson and Zaragoza (2009), with Lucene's +1 that keeps the weight of common terms positive.
    """
    return math.log(1.0 + (total - frequency + 0.5) / (frequency + 0.5))


def look_up(
    segments: Sequence[PostingArrays], fields: Sequence[tuple[Field, Mapping[str, float]]], total: int
) -> list[list[Match]]:
    """Find the weighted terms of each field, with one search a segment; terms that are nowhere are left out.

    `total`: rows of all segments together.
    """
    asked = [(term, weight, field) for field, terms in fields for term, weight in terms.items()]
    # Python ints would turn the whole column into floats.
    hashes = np.array([term_hash(term, field.seed) for term, _, field in asked], np.uint64)
    pieces: list[list[Piece]] = [[] for _ in asked]
    for number, arrays in enumerate(segments):
        for mine, start, end in zip(pieces, *arrays.places(hashes), strict=True):
            if start < end:
                mine.append(Piece(number, arrays.rows[start:end], arrays.impacts[start:end]))
    found = [_match(term, weight, mine, total) for (term, weight, _), mine in zip(asked, pieces, strict=True)]
    by_field: list[list[Match]] = []
    first = 0
    for _, terms in fields:
        by_field.append([match for match in found[first : first + len(terms)] if match.frequency])
        first += len(terms)
    return by_field


def _match(term: str, weight: float, pieces: Sequence[Piece], total: int) -> Match:
    frequency = sum(len(piece.rows) for piece in pieces)
    return Match(term, weight * idf(frequency, total), tuple(pieces), frequency)


def gathered(matches: Sequence[Match], numbering: Numbering) -> tuple[Rows, NDArray[np.uint8]]:
    """Return the numbers of the rows that hold each term, one term after the other, and their impacts."""
    pieces = [piece for match in matches for piece in match.pieces]
    if not pieces:
        return np.zeros(0, np.int64), np.zeros(0, np.uint8)
    rows = np.concatenate([piece.rows for piece in pieces]).astype(np.int64)
    if len(numbering.starts) > 2:
        firsts = numbering.starts[[piece.segment for piece in pieces]]
        rows += np.repeat(firsts, [len(piece.rows) for piece in pieces])
    return rows, np.concatenate([piece.impacts for piece in pieces])


def impacts_at(matches: Sequence[Match], rows: Rows, numbering: Numbering) -> Scores:
    """Return the terms' impacts in some rows, ascending numbers, shape (rows, matches); 0 is none."""
    table = np.zeros((len(rows), len(matches)), np.uint8)
    parts = numbering.split(rows)
    short = []
    for column, match in enumerate(matches):
        if match.frequency > SEARCHED * len(rows):
            table[:, column] = steps_at(match, parts, len(rows))
        else:
            short.append(column)
    _fill(table, short, matches, rows, numbering)
    return table * np.float32(IMPACT_STEP)


def _fill(
    table: NDArray[np.uint8],
    columns: Sequence[int],
    matches: Sequence[Match],
    rows: Rows,
    numbering: Numbering,
) -> None:
    """Fill in columns of terms that are in few rows: each of their postings is looked at."""
    held, steps = gathered([matches[column] for column in columns], numbering)
    if not len(held) or not len(rows):
        return
    with Scratch(numbering.total) as scratch:
        line_of = scratch.lent(rows).view(np.int32)
        line_of[rows] = np.arange(1, len(rows) + 1, dtype=np.int32)
        lines = line_of[held]
    hits = np.flatnonzero(lines)
    ends = np.cumsum([matches[column].frequency for column in columns])
    table[lines[hits] - 1, np.asarray(columns)[np.searchsorted(ends, hits, "right")]] = steps[hits]


def steps_at(match: Match, parts: Sequence[Part], count: int) -> NDArray[np.uint8]:
    """Return a term's impacts in some rows, in `IMPACT_STEP`s, shape (count,); 0 where it is not.

    `parts`: the ascending numbers of the rows as `Numbering.split` returns them.
    """
    steps = np.zeros(count, np.uint8)
    pieces = {piece.segment: piece for piece in match.pieces}
    for segment, place, wanted in parts:
        if segment in pieces:
            _, held, impacts = pieces[segment]
            found = held.searchsorted(wanted)  # of another type, it would copy the whole postings
            there = held.take(found, mode="clip") == wanted
            steps[place] = impacts.take(found, mode="clip") * there
    return steps


def weights_of(matches: Sequence[Match]) -> Scores:
    """Return the idf of each match, shape (matches,)."""
    return np.array([match.idf for match in matches], np.float32)
