"""Candidate chunks: the best by meaning (vectors) and the best by words (BM25), over all segments at once."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vexord.embed.seam import Vectors
from vexord.index.postings import Postings
from vexord.index.snapshot import SegmentView
from vexord.index.vectors import scan
from vexord.search.filters import Mask
from vexord.search.query import PARTS_WEIGHT, Query

PER_LIST = 200
"""Candidates taken from each of the two rankings."""
NAME_FIELD_WEIGHT = 0.6
"""BM25 of the field of symbol and path words, relative to the chunk's text."""

Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pool:
    """One segment with the rows that the filters leave, shape (rows,), None = all."""

    target: int
    view: SegmentView
    mask: Mask | None


@dataclass(frozen=True, slots=True)
class Candidates:
    """Columns of equal length, one entry a chunk."""

    pool: NDArray[np.int32]
    row: NDArray[np.int64]
    words: Scores
    """BM25, unbounded, 0 where no term matches."""
    meaning: Scores
    """Cosine similarity, -1..1."""


def collect(pools: Sequence[Pool], query: Query, vector: Vectors | None) -> Candidates:
    """Score every row that may be an answer and keep the best of both rankings."""
    words = _keyword_scores(pools, _weights(pools, query))
    meaning = [_similarities(pool, vector) for pool in pools]
    parts = [_best_of_pool(*columns) for columns in zip(pools, words, meaning, strict=True)]
    if not parts:
        empty = np.zeros(0, np.float32)
        return Candidates(np.zeros(0, np.int32), np.zeros(0, np.int64), empty, empty)
    found = Candidates(
        np.repeat(np.arange(len(parts), dtype=np.int32), [len(rows) for rows in parts]),
        np.concatenate(parts),
        np.concatenate([scores[rows] for scores, rows in zip(words, parts, strict=True)]),
        np.concatenate([scores[rows] for scores, rows in zip(meaning, parts, strict=True)]),
    )
    if len(pools) == 1:
        return found
    keep = np.union1d(_best_words(found.words), _best_meaning(found.meaning))
    return Candidates(found.pool[keep], found.row[keep], found.words[keep], found.meaning[keep])


def _similarities(pool: Pool, vector: Vectors | None) -> Scores:
    if vector is None:
        return np.full(pool.view.segment.rows, -np.inf, np.float32)
    return scan(pool.view.segment.vectors, vector)


def _best_of_pool(pool: Pool, words: Scores, meaning: Scores) -> NDArray[np.int64]:
    if pool.mask is not None:
        hidden = ~pool.mask
        words[hidden] = 0.0
        meaning[hidden] = -np.inf
    return np.union1d(_best_words(words), _best_meaning(meaning))


def _best_words(scores: Scores) -> NDArray[np.int64]:
    """Return the indices of the `PER_LIST` highest scores above 0, in no order."""
    matching = np.flatnonzero(scores)
    return matching[_top(scores[matching])]


def _best_meaning(scores: Scores) -> NDArray[np.int64]:
    """Return the indices of the `PER_LIST` highest scores, hidden rows left out, in no order."""
    top = _top(scores)
    return top[scores[top] > -np.inf]


def _top(scores: Scores) -> NDArray[np.int64]:
    if len(scores) <= PER_LIST:
        return np.arange(len(scores))
    return np.argpartition(scores, len(scores) - PER_LIST)[-PER_LIST:]


def _weights(pools: Sequence[Pool], query: Query) -> dict[str, float]:
    """Return the weight of each term, 0..1: parts of a name count little where the name itself is found."""
    weights = dict.fromkeys(query.terms, 1.0)
    for name, parts in query.names:
        if any(pool.view.segment.postings.df(name) for pool in pools):
            weights |= dict.fromkeys(parts, PARTS_WEIGHT / max(1, len(parts)))
    return weights


def _keyword_scores(pools: Sequence[Pool], terms: Mapping[str, float]) -> list[Scores]:
    """BM25 of every row, both fields; document frequencies are those of all pools together."""
    scores = [np.zeros(pool.view.segment.rows, np.float32) for pool in pools]
    total = sum(len(column) for column in scores)
    for weight, postings in (
        (1.0, [pool.view.segment.postings for pool in pools]),
        (NAME_FIELD_WEIGHT, [pool.view.segment.name_postings for pool in pools]),
    ):
        _add_field(scores, postings, terms, total, weight)
    return scores


def _add_field(
    scores: list[Scores], postings: Sequence[Postings], terms: Mapping[str, float], total: int, weight: float
) -> None:
    for term, term_weight in terms.items():
        found = [(column, field.lookup(term)) for column, field in zip(scores, postings, strict=True)]
        frequency = sum(len(match[0]) for _, match in found if match is not None)
        if not frequency:
            continue
        # Robertson and Zaragoza (2009), with Lucene's +1 that keeps the weight of common terms positive.
        idf = weight * term_weight * math.log(1.0 + (total - frequency + 0.5) / (frequency + 0.5))
        for column, match in found:
            if match is not None:
                column[match[0]] += np.float32(idf) * match[1]
