"""Candidate chunks: the best by meaning, by words and by name over all segments, and what each holds."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from vexord.index.columns import distinct
from vexord.index.postings import BODY, DEFINES, NAME
from vexord.index.snapshot import SegmentView
from vexord.search.best_rows import Wanted, best_rows, weighted
from vexord.search.filters import Mask
from vexord.search.keywords import Match, Scores, impacts_at, look_up, weights_of
from vexord.search.meaning import Nearness, QueryVectors, nearest, nearness
from vexord.search.numbering import Numbering, Rows
from vexord.search.query import PARTS_WEIGHT, Query
from vexord.search.scales import between, to_best

PER_LIST = 200
"""Candidates taken by words and by meaning each."""
PER_NAME_LIST = 100
LARGE = 200_000
"""Chunks of all pools from which on a search by meaning takes a good part of the time."""
LEAST_SHARE = 0.1
SYMBOL_SHARE = 0.3
"""Of the best sum, what a row must have. Who asks for a name wants no rows that have but parts of it."""
NAME_FIELD_WEIGHT = 0.6
"""BM25 of the field of symbol and path words, relative to the chunk's text."""
MAX_CANDIDATES = 200
"""To weigh up a row costs more than to find it. On both question sets no worse than all (±0.0002)."""
MEANING_SHARE, NAME_SHARE = 0.5, 0.3
"""Of meaning and name beside words, in choosing them."""
MAX_DEFINITIONS = 200
"""Chunks that define a name of the query are candidates whatever else they are, up to so many a segment."""


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
    """BM25 of text and names together, unbounded, 0 where no term matches."""
    names: Scores
    """BM25 of the words of symbols and path alone."""
    meaning: Scores
    """Cosine similarity, -1..1; -inf if the query has no vector."""
    terms: tuple[str, ...]
    """Terms of the query that are in the index, in text or names."""
    holds: NDArray[np.bool_]
    """Which of them the text holds, shape (chunks, terms)."""
    term_weights: Scores
    """Their idf, times the weight that the query gives them, shape (terms,)."""
    compound: Scores
    """BM25 of the best name in the text that neighbouring words of the query make; 0 if there is none."""
    defines: NDArray[np.bool_]
    """Whether it defines a name of the query."""
    defines_last: NDArray[np.bool_]
    """Whether it defines the last name, which a qualified name asks for."""
    holds_last: NDArray[np.bool_]
    """Whether its text, its symbols or its path hold that name."""


def collect(
    pools: Sequence[Pool],
    query: Query,
    vectors: QueryVectors | None,
    rough: Sequence[Scores | None] | None = None,
) -> Candidates:
    """Score every row that may be an answer and keep the best of all rankings.

    `rough`: of each pool what `scan_many` found for `vectors.first`, then the only vector, shape (rows,).
    They are used up. The outcome is the same without them.
    """
    numbering = Numbering.of(pool.view.segment.rows for pool in pools)
    found = _Found.of(pools, query, numbering.total)
    large = numbering.total > LARGE
    # Who asks for a name that is defined here is hardly helped by what is merely like it.
    last_defined = any(match.term == query.last_name for match in found.definitions)
    near_wanted = 0 if last_defined and large else PER_LIST
    views, masks = [pool.view for pool in pools], [pool.mask for pool in pools]
    near = _begun(partial(nearness, views, masks, vectors, near_wanted, rough), large and near_wanted > 0)
    share = SYMBOL_SHARE if query.is_symbol else LEAST_SHARE
    by_word = [*weighted(found.body), *weighted(found.names, NAME_FIELD_WEIGHT)]
    by_name = weighted(found.names)
    sure = _defining(found.definitions, numbering, masks)
    listed = (
        best_rows(by_word, Wanted(PER_LIST, share), numbering, masks),
        best_rows(by_name, Wanted(PER_NAME_LIST, share), numbering, masks),
        sure,
    )
    pick = _pick(np.concatenate(listed), sure, found, numbering, near())
    return _described(pick, found, query, numbering)


_beside = ThreadPoolExecutor(2, thread_name_prefix="nearest")


def _begun(job: Callable[[], Nearness], beside: bool) -> Callable[[], Nearness]:
    """Return what gives the job's result: done in another thread meanwhile, or when it is asked for.

    The codes' search lets go of the interpreter, so that words are looked up beside it.
    """
    return _beside.submit(job).result if beside else job


@dataclass(frozen=True, slots=True)
class _Found:
    """Where the query's terms are."""

    body: list[Match]
    names: list[Match]
    compounds: list[Match]
    definitions: list[Match]

    @classmethod
    def of(cls, pools: Sequence[Pool], query: Query, total: int) -> "_Found":
        """Look all of them up."""
        terms = dict.fromkeys(query.terms, 1.0)
        in_text, in_names, compounds, definitions = look_up(
            [pool.view.segment.posting_arrays for pool in pools],
            [
                (BODY, terms),
                (NAME, terms),
                (BODY, dict.fromkeys(query.compounds, 1.0)),
                (DEFINES, dict.fromkeys(query.identifiers, 1.0)),
            ],
            total,
        )
        in_text, in_names = _parts_less(in_text, in_text, query), _parts_less(in_names, in_text, query)
        return cls(in_text + _only_named(in_text, in_names), in_names, compounds, definitions)

    def all(self) -> list[Match]:
        """Return the matches of all fields but those that are there twice."""
        return [*self.body, *self.names, *self.compounds, *self.definitions]


def _parts_less(matches: Sequence[Match], in_text: Sequence[Match], query: Query) -> list[Match]:
    """Let the parts of a name count little where the name itself is in a text."""
    if not query.names:
        return list(matches)
    known = {match.term for match in in_text}
    weights: dict[str, float] = {}
    for name, parts in query.names:
        if name in known:
            weights |= dict.fromkeys(parts, PARTS_WEIGHT / max(1, len(parts)))
    return [match._replace(idf=weights.get(match.term, 1.0) * match.idf) for match in matches]


def _only_named(body: Sequence[Match], names: Sequence[Match]) -> list[Match]:
    """Terms of names that no text holds: they are part of what the query asks for all the same."""
    known = {match.term for match in body}
    return [Match(match.term, match.idf, (), 0) for match in names if match.term not in known]


@dataclass(frozen=True, slots=True)
class _Pick:
    """Rows that may be answers, ascending numbers, with what was worked out for them."""

    rows: Rows
    words: Scores
    names: Scores
    meaning: Scores
    impacts: Scores
    """Of `_Found.all`, shape (rows, matches)."""


def _pick(listed: Rows, sure: Rows, found: _Found, numbering: Numbering, near: Nearness) -> _Pick:
    """Choose the rows that are not low in every ranking: to weigh one up costs more than to find it."""
    rows = distinct(np.concatenate((listed, near.rows)))
    impacts = impacts_at(found.all(), rows, numbering)
    in_text = len(found.body)
    names = impacts[:, in_text : in_text + len(found.names)] @ weights_of(found.names)
    words = impacts[:, :in_text] @ weights_of(found.body) + np.float32(NAME_FIELD_WEIGHT) * names
    pick = _Pick(rows, words, names, near.of(rows), impacts)
    if len(rows) <= MAX_CANDIDATES:
        return pick
    likely = to_best(words) + np.float32(MEANING_SHARE) * between(pick.meaning)
    likely += np.float32(NAME_SHARE) * to_best(names)
    keep = np.zeros(len(rows), np.bool_)
    keep[np.searchsorted(rows, sure)] = True
    keep[nearest(likely, MAX_CANDIDATES)] = True
    return _Pick(rows[keep], words[keep], names[keep], pick.meaning[keep], impacts[keep])


def _defining(definitions: Sequence[Match], numbering: Numbering, masks: Sequence[Mask | None]) -> Rows:
    """Return the rows that define a name, ascending."""
    sure = []
    for number, start in enumerate(numbering.starts[:-1].tolist()):
        found = [piece.rows for match in definitions for piece in match.pieces if piece.segment == number]
        if found:
            rows, mask = distinct(np.concatenate(found).astype(np.int64)), masks[number]
            sure.append((rows if mask is None else rows[mask[rows]])[:MAX_DEFINITIONS] + start)
    return np.concatenate(sure) if sure else np.zeros(0, np.int64)


def _described(pick: _Pick, found: _Found, query: Query, numbering: Numbering) -> Candidates:
    pool, row = numbering.places(pick.rows)
    held = pick.impacts > 0
    ends = np.cumsum([len(found.body), len(found.names), len(found.compounds)])
    definitions = held[:, ends[2] :]
    compounds = pick.impacts[:, ends[1] : ends[2]] * weights_of(found.compounds)
    last = [match.term == query.last_name for match in found.definitions]
    last_held = [match.term == query.last_term for match in (*found.body, *found.names)]
    return Candidates(
        pool=pool,
        row=row,
        words=pick.words,
        names=pick.names,
        meaning=pick.meaning,
        terms=tuple(match.term for match in found.body),
        holds=held[:, : ends[0]],
        term_weights=weights_of(found.body),
        compound=compounds.max(axis=1, initial=0.0),
        defines=_any(definitions),
        defines_last=_any(definitions[:, last]),
        holds_last=_any(held[:, : ends[1]][:, last_held]),
    )


def _any(table: NDArray[np.bool_]) -> NDArray[np.bool_]:
    held: NDArray[np.bool_] = np.asarray(table.any(axis=1))
    return held
