"""What speaks for each single candidate chunk, and its own score: which chunk of a file answers best."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from vexord.index.columns import lengths_of, take_runs
from vexord.index.segment import Segment
from vexord.index.types import KINDS
from vexord.search.candidates import Candidates, Pool
from vexord.search.keywords import Scores
from vexord.search.query import Query
from vexord.search.scales import Spans
from vexord.search.words import Answers, AskedWords, NameRoots

MEANING_WEIGHT = 0.5
SYMBOL_MEANING_WEIGHT = 0.15
"""Of meaning beside words in a chunk's own score; a query that is one name is answered by words first."""
COVERAGE_WEIGHT, CODE_WEIGHT = 0.6, 0.2
"""Of the share of the query's words that the chunk holds, and of being a function or method. On 444 questions
of 12 repositories they raised the share of right places for error messages from 0.85 to 0.90."""
NAMED_FACTOR = 0.3
"""A chunk whose symbol is made of the query's words gains up to this share."""
DEFINES_FACTOR, ASKED_FACTOR, QUALIFIED_FACTOR, WRITTEN_FACTOR = 1.6, 3.0, 2.0, 2.0
"""A chunk gains if it defines a name in the query; if that name is the query; if it stands in what the query
qualifies it by; if it is written just so."""

_POOL_BITS, _FILE_BITS = 20, 32
_IS_CODE = np.array([kind in ("function", "method") for kind in KINDS])
"""By the number of a kind."""


@dataclass(frozen=True, slots=True)
class Contest:
    """A query with the chunks that may answer it; at least one."""

    query: Query
    found: Candidates

    @property
    def meaning_weight(self) -> float:
        """What meaning counts beside words."""
        by_words = self.query.is_symbol and bool(self.found.words.any())
        return SYMBOL_MEANING_WEIGHT if by_words else MEANING_WEIGHT


@dataclass(frozen=True, slots=True)
class Evidence:
    """Columns of equal length, one entry a candidate chunk; those of one query after those of the other."""

    spans: Spans
    """The entries of each query."""
    pool: NDArray[np.int32]
    row: NDArray[np.int64]
    file: NDArray[np.int64]
    """Query, pool and file as one number."""
    file_id: NDArray[np.int64]
    words: Scores
    """0..1, the best is 1."""
    meaning: Scores
    """0..1 between the worst and the best candidate."""
    names: Scores
    compound: Scores
    """As in `Candidates`."""
    named: Scores
    """Share of the symbol's words that answer the query, times the share of its weight that they answer."""
    coverage: Scores
    """Share of the query's weight that the text holds."""
    defines: NDArray[np.bool_]
    defines_last: NDArray[np.bool_]
    holds_last: NDArray[np.bool_]
    """As in `Candidates`."""
    score: Scores


def evidence_of(pools: Sequence[Pool], asked: Sequence[Contest], words: AskedWords) -> Evidence:
    """Work out what speaks for each candidate. `words`: those of the queries, in their order."""
    spans = Spans.of(np.array([len(one.found.row) for one in asked]))
    joined = _Joined.of([one.found for one in asked])
    said = _said(pools, asked, joined, spans, words)
    by_words, meaning = spans.to_best(joined.words), spans.between(joined.meaning)
    named = said.answers.share * said.answers.covered
    coverage = np.concatenate([_coverage(one.found) for one in asked])
    weight = spans.spread(np.array([one.meaning_weight for one in asked], np.float32))
    score = by_words + weight * meaning + COVERAGE_WEIGHT * coverage + CODE_WEIGHT * _IS_CODE[said.kind]
    score *= 1 + NAMED_FACTOR * named
    score *= np.where(joined.defines_last, ASKED_FACTOR, np.where(joined.defines, DEFINES_FACTOR, 1.0))
    score *= np.where(said.written, WRITTEN_FACTOR, 1.0)
    score *= np.where(said.inside & joined.defines_last, QUALIFIED_FACTOR, 1.0)
    return Evidence(
        spans=spans,
        pool=joined.pool,
        row=joined.row,
        file=(spans.query << _POOL_BITS | joined.pool) << _FILE_BITS | said.file_id,
        file_id=said.file_id,
        words=by_words,
        meaning=meaning,
        names=joined.names,
        compound=joined.compound,
        named=named,
        coverage=coverage,
        defines=joined.defines,
        defines_last=joined.defines_last,
        holds_last=joined.holds_last,
        score=score.astype(np.float32),
    )


@dataclass(frozen=True, slots=True)
class _Joined:
    """The columns of the candidates of all queries, end to end."""

    pool: NDArray[np.int32]
    row: NDArray[np.int64]
    words: Scores
    names: Scores
    meaning: Scores
    compound: Scores
    defines: NDArray[np.bool_]
    defines_last: NDArray[np.bool_]
    holds_last: NDArray[np.bool_]

    @classmethod
    def of(cls, found: Sequence[Candidates]) -> "_Joined":
        if len(found) == 1:
            return cls(*(getattr(found[0], one.name) for one in fields(cls)))
        return cls(*(np.concatenate([getattr(each, one.name) for each in found]) for one in fields(cls)))


def _coverage(found: Candidates) -> Scores:
    total = max(float(found.term_weights.sum()), 1e-6)
    held: Scores = (found.holds @ found.term_weights) / np.float32(total)
    return held


@dataclass(frozen=True, slots=True)
class _Said:
    """What the index says of each candidate; columns of equal length."""

    file_id: NDArray[np.int64]
    kind: NDArray[np.uint8]
    answers: Answers
    """Of its symbol."""
    written: NDArray[np.bool_]
    """It defines a name of the query, which stands there just so …"""
    inside: NDArray[np.bool_]
    """… and is, or lies in, what the query qualifies a name by."""


def _said(
    pools: Sequence[Pool], asked: Sequence[Contest], joined: _Joined, spans: Spans, words: AskedWords
) -> _Said:
    """Read the candidates' columns, a segment at a time."""
    count = len(joined.row)
    file_id = np.zeros(count, np.int64)
    kind = np.zeros(count, np.uint8)
    symbol, parent = np.zeros((2, count), np.uint32)
    names = NameRoots(spans.query)
    for segment, mine in by_segment(pools, joined.pool):
        columns = segment.chunks[joined.row[mine]]
        file_id[mine], kind[mine] = columns["file"], columns["kind"]
        symbol[mine], parent[mine] = columns["symbol"], columns["parent"]
        roots, offsets = take_runs(*segment.symbol_roots, columns["symbol"])
        names.put(mine, roots, lengths_of(offsets))
    written, inside = np.zeros((2, count), np.bool_)
    strings = _Strings(pools)
    for one, start in zip(asked, spans.starts.tolist(), strict=True):
        places = start + np.flatnonzero(one.found.defines)
        of = joined.pool[places].tolist()
        symbols = [strings[place] for place in zip(of, symbol[places].tolist(), strict=True)]
        written[places] = [name in one.query.words for name in symbols]
        if one.query.qualifier:
            parents = [
                strings[place].rpartition(".")[2] for place in zip(of, parent[places].tolist(), strict=True)
            ]
            both = zip(symbols, parents, strict=True)
            inside[places] = [one.query.qualifier in names for names in both]
    return _Said(file_id, kind, names.answers(words), written, inside)


class _Strings(dict[tuple[int, int], str]):
    """Symbols and parents by pool and number: what defines one name is mostly called the same."""

    def __init__(self, pools: Sequence[Pool]) -> None:
        super().__init__()
        self._pools = pools

    def __missing__(self, place: tuple[int, int]) -> str:
        pool, number = place
        text = self[place] = self._pools[pool].view.segment.strings[number]
        return text


def by_segment(
    pools: Sequence[Pool], pool_of: NDArray[np.integer]
) -> Iterator[tuple[Segment, NDArray[np.int64]]]:
    """Yield each segment that entries lie in, with their places."""
    for number in np.flatnonzero(np.bincount(pool_of)).tolist():
        yield pools[number].view.segment, np.flatnonzero(pool_of == number)
