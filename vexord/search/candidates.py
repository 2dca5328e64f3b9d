"""Candidate chunks: the best by meaning, by words and by name over all segments, and what each holds."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from vexord.index.snapshot import SegmentView
from vexord.search.best_rows import Wanted, best_rows, weighted
from vexord.search.filters import Mask
from vexord.search.keywords import Match, Scores, impacts_at, look_up, weights_of
from vexord.search.meaning import Nearness, QueryVectors, Rows, nearest, nearness
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
    found = _Found.of(pools, query)
    large = sum(pool.view.segment.rows for pool in pools) > LARGE
    # Who asks for a name that is defined here is hardly helped by what is merely like it.
    near_wanted = 0 if found.last and large else PER_LIST
    views, masks = [pool.view for pool in pools], [pool.mask for pool in pools]
    near = _begun(partial(nearness, views, masks, vectors, near_wanted, rough), large and near_wanted > 0)
    share = SYMBOL_SHARE if query.is_symbol else LEAST_SHARE
    lists = [_listed(number, pool, found, share) for number, pool in enumerate(pools)]
    picks = [
        _pick(number, found, rows, one) for number, (rows, one) in enumerate(zip(lists, near(), strict=True))
    ]
    if len(pools) > 1:
        picks = _best_of_all(picks)
    picks = _likeliest(picks)
    parts = [_describe(number, pick, found) for number, pick in enumerate(picks) if len(pick.rows)]
    return _join(parts or [_describe(0, _NOTHING, _Found([], [], [], [], [], []))])


_beside = ThreadPoolExecutor(2, thread_name_prefix="nearest")


def _begun(job: Callable[[], list[Nearness]], beside: bool) -> Callable[[], list[Nearness]]:
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
    last: list[Match]
    last_held: list[Match]
    """Of the last name: what defines it, and where it occurs."""

    @classmethod
    def of(cls, pools: Sequence[Pool], query: Query) -> "_Found":
        segments = [pool.view.segment for pool in pools]
        total = sum(segment.rows for segment in segments)
        body = [segment.postings for segment in segments]
        terms = _weights(pools, query)
        found_in_text = look_up(body, terms, total)
        in_names = look_up([segment.name_postings for segment in segments], terms, total)
        definitions = look_up(
            [segment.definitions for segment in segments], dict.fromkeys(query.identifiers, 1.0), total
        )
        return cls(
            body=found_in_text + _only_named(found_in_text, in_names),
            names=in_names,
            compounds=look_up(body, dict.fromkeys(query.compounds, 1.0), total),
            definitions=definitions,
            last=[match for match in definitions if match.term == query.last_name],
            last_held=[match for match in (*found_in_text, *in_names) if match.term == query.last_term],
        )


def _only_named(body: Sequence[Match], names: Sequence[Match]) -> list[Match]:
    """Terms of names that no text holds: they are part of what the query asks for all the same."""
    known = {match.term for match in body}
    return [replace(match, found=(None,) * len(match.found)) for match in names if match.term not in known]


@dataclass(frozen=True, slots=True)
class _Pick:
    """Rows of one pool that may be answers, ascending, with what was already worked out for them."""

    rows: NDArray[np.int64]
    words: Scores
    names: Scores
    meaning: Scores
    sure: NDArray[np.bool_]
    """They define a name of the query."""
    holds: NDArray[np.bool_]
    """Which terms of `_Found.body` their text holds, shape (rows, terms)."""

    def only(self, keep: NDArray[np.bool_]) -> "_Pick":
        """Return some of the rows."""
        columns = (getattr(self, name)[keep] for name in self.__slots__)
        return _Pick(*columns)


_NONE = np.zeros(0, np.float32)
_NEVER = np.zeros(0, np.bool_)
_NOTHING = _Pick(np.zeros(0, np.int64), _NONE, _NONE, _NONE, _NEVER, _NEVER.reshape(0, 0))


def _listed(number: int, pool: Pool, found: _Found, share: float) -> tuple[Rows, Rows]:
    """Return the rows of a pool that are best by words or by name, and those that define a name."""
    row_count = pool.view.segment.rows
    by_name = weighted(found.names, number)
    by_word = [*weighted(found.body, number), *weighted(found.names, number, NAME_FIELD_WEIGHT)]
    sure = _defining(number, pool, found.definitions)[:MAX_DEFINITIONS]
    lists = (
        best_rows(by_word, Wanted(PER_LIST, share), row_count, pool.mask),
        best_rows(by_name, Wanted(PER_NAME_LIST, share), row_count, pool.mask),
        sure,
    )
    return np.concatenate(lists), sure


def _pick(number: int, found: _Found, listed: tuple[Rows, Rows], near: Nearness) -> _Pick:
    rows, sure = listed
    picked = np.unique(np.concatenate((rows, near.rows)))
    in_text = impacts_at(found.body, number, picked)
    names = impacts_at(found.names, number, picked) @ weights_of(found.names)
    words = in_text @ weights_of(found.body) + np.float32(NAME_FIELD_WEIGHT) * names
    return _Pick(picked, words, names, near.of(picked), np.isin(picked, sure), in_text > 0)


def _defining(number: int, pool: Pool, definitions: Sequence[Match]) -> NDArray[np.int64]:
    rows = [found[0] for match in definitions if (found := match.found[number]) is not None]
    if not rows:
        return np.zeros(0, np.int64)
    together = np.unique(np.concatenate(rows)).astype(np.int64)
    return together if pool.mask is None else together[pool.mask[together]]


def _best_of_all(picks: Sequence[_Pick]) -> list[_Pick]:
    """Cut the lists of several pools to the lengths that the list of one has."""
    words = np.concatenate([pick.words for pick in picks])
    names = np.concatenate([pick.names for pick in picks])
    meaning = np.concatenate([pick.meaning for pick in picks])
    keep = np.concatenate([pick.sure for pick in picks])
    for best in (_best(words, PER_LIST), nearest(meaning, PER_LIST), _best(names, PER_NAME_LIST)):
        keep[best] = True
    ends = np.cumsum([len(pick.rows) for pick in picks])
    return [pick.only(mine) for pick, mine in zip(picks, np.split(keep, ends[:-1]), strict=True)]


def _likeliest(picks: Sequence[_Pick]) -> list[_Pick]:
    """Leave out rows that are low in every ranking: to weigh one up costs more than to find it."""
    if sum(len(pick.rows) for pick in picks) <= MAX_CANDIDATES:
        return list(picks)
    words = to_best(np.concatenate([pick.words for pick in picks]))
    names = to_best(np.concatenate([pick.names for pick in picks]))
    meaning = between(np.concatenate([pick.meaning for pick in picks]))
    likely = words + np.float32(MEANING_SHARE) * meaning + np.float32(NAME_SHARE) * names
    keep = np.concatenate([pick.sure for pick in picks])
    keep[nearest(likely, MAX_CANDIDATES)] = True
    ends = np.cumsum([len(pick.rows) for pick in picks])
    return [pick.only(mine) for pick, mine in zip(picks, np.split(keep, ends[:-1]), strict=True)]


def _describe(number: int, pick: _Pick, found: _Found) -> Candidates:
    compounds = impacts_at(found.compounds, number, pick.rows) * weights_of(found.compounds)
    return Candidates(
        pool=np.full(len(pick.rows), number, np.int32),
        row=pick.rows,
        words=pick.words,
        names=pick.names,
        meaning=pick.meaning,
        terms=tuple(match.term for match in found.body),
        holds=pick.holds,
        term_weights=weights_of(found.body),
        compound=compounds.max(axis=1, initial=0.0),
        defines=_any(impacts_at(found.definitions, number, pick.rows)),
        defines_last=_any(impacts_at(found.last, number, pick.rows)),
        holds_last=_any(impacts_at(found.last_held, number, pick.rows)),
    )


def _any(table: Scores) -> NDArray[np.bool_]:
    held: NDArray[np.bool_] = np.asarray(table.max(axis=1, initial=0.0) > 0)
    return held


def _join(parts: Sequence[Candidates]) -> Candidates:
    if len(parts) == 1:
        return parts[0]
    return Candidates(
        terms=parts[0].terms,
        pool=np.concatenate([part.pool for part in parts]),
        row=np.concatenate([part.row for part in parts]),
        words=np.concatenate([part.words for part in parts]),
        names=np.concatenate([part.names for part in parts]),
        meaning=np.concatenate([part.meaning for part in parts]),
        holds=np.concatenate([part.holds for part in parts]),
        term_weights=parts[0].term_weights,
        compound=np.concatenate([part.compound for part in parts]),
        defines=np.concatenate([part.defines for part in parts]),
        defines_last=np.concatenate([part.defines_last for part in parts]),
        holds_last=np.concatenate([part.holds_last for part in parts]),
    )


def _best(scores: Scores, count: int) -> NDArray[np.int64]:
    """Return the indices of the highest scores above 0, in no order."""
    matching = np.flatnonzero(scores > 0)
    return matching[nearest(scores[matching], count)]


def _weights(pools: Sequence[Pool], query: Query) -> dict[str, float]:
    """Return the weight of each term, 0..1: parts of a name count little where the name itself is found."""
    weights = dict.fromkeys(query.terms, 1.0)
    for name, parts in query.names:
        if any(pool.view.segment.postings.df(name) for pool in pools):
            weights |= dict.fromkeys(parts, PARTS_WEIGHT / max(1, len(parts)))
    return weights
