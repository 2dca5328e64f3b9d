"""What speaks for each single candidate chunk, and its own score: which chunk of a file answers best."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vexord.index.types import KINDS
from vexord.search.candidates import Candidates, Pool
from vexord.search.facts import Names, SegmentFacts
from vexord.search.keywords import Scores
from vexord.search.query import Query
from vexord.search.scales import between, to_best
from vexord.search.words import AskedWords

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

_IS_CODE = np.array([kind in ("function", "method") for kind in KINDS])
"""By the number of a kind."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Columns of equal length, one entry a candidate chunk."""

    file: NDArray[np.int64]
    """Pool and file as one number."""
    file_id: NDArray[np.int64]
    words: Scores
    """0..1, the best is 1."""
    meaning: Scores
    """0..1 between the worst and the best candidate."""
    named: Scores
    """Share of the symbol's words that answer the query, times the share of its weight that they answer."""
    coverage: Scores
    """Share of the query's weight that the text holds."""
    score: Scores


def evidence_of(
    pools: Sequence[Pool], found: Candidates, query: Query, asked: AskedWords, facts: SegmentFacts
) -> Evidence:
    """Work out what speaks for each candidate."""
    file_id = np.zeros(len(found.row), np.int64)
    is_code = np.zeros(len(found.row), np.bool_)
    said = _Said.of_none(len(found.row))
    for number in np.unique(found.pool).tolist():  # candidates lie in order of their pools
        mine = found.pool == number
        segment = pools[number].view.segment
        columns = segment.chunks[found.row[mine]]
        file_id[mine] = columns["file"]
        is_code[mine] = _IS_CODE[columns["kind"]]
        said.put(mine, columns, facts.names(segment), query, asked)
    words, meaning = to_best(found.words), between(found.meaning)
    named = said.share * said.covered
    weight = SYMBOL_MEANING_WEIGHT if query.is_symbol and words.any() else MEANING_WEIGHT
    total = max(float(found.term_weights.sum()), 1e-6)
    held = (found.holds @ found.term_weights) / np.float32(total)
    score = words + weight * meaning + COVERAGE_WEIGHT * held + CODE_WEIGHT * is_code
    score *= 1 + NAMED_FACTOR * named
    score *= np.where(found.defines_last, ASKED_FACTOR, np.where(found.defines, DEFINES_FACTOR, 1.0))
    if query.words:
        score *= np.where(said.written, WRITTEN_FACTOR, 1.0)
    if query.qualifier:
        score *= np.where(said.inside & found.defines_last, QUALIFIED_FACTOR, 1.0)
    return Evidence(
        file=found.pool.astype(np.int64) << 32 | file_id,
        file_id=file_id,
        words=words,
        meaning=meaning,
        named=named,
        coverage=held,
        score=score.astype(np.float32),
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """What the symbol of each candidate says to the query, and its parent; columns of equal length."""

    share: Scores
    """Share of the symbol's words that answer the query …"""
    covered: Scores
    """… and of the query's weight that they answer."""
    written: NDArray[np.bool_]
    """The symbol stands in the query just so."""
    inside: NDArray[np.bool_]
    """It is, or its parent is, what the query qualifies a name by."""

    @classmethod
    def of_none(cls, count: int) -> "_Said":
        flags = np.zeros((2, count), np.bool_)
        return cls(np.zeros(count, np.float32), np.zeros(count, np.float32), flags[0], flags[1])

    def put(
        self,
        mine: NDArray[np.bool_],
        columns: NDArray[np.void],
        names: Names,
        query: Query,
        asked: AskedWords,
    ) -> None:
        """Fill in the candidates of one segment; each name is read once."""
        numbers, place = np.unique(columns["symbol"], return_inverse=True)
        symbols = [names[number] for number in numbers.tolist()]
        answers = [asked.answer(symbol.roots) for symbol in symbols]
        self.share[mine] = np.array([share for _, share in answers], np.float32)[place]
        self.covered[mine] = np.array([asked.covered(bits) for bits, _ in answers], np.float32)[place]
        if query.words:
            self.written[mine] = np.array([symbol.text in query.words for symbol in symbols])[place]
        if query.qualifier:
            parents = [names[number].text.rpartition(".")[2] for number in columns["parent"].tolist()]
            by_symbol = np.array([symbol.text == query.qualifier for symbol in symbols])[place]
            self.inside[mine] = by_symbol | np.array([parent == query.qualifier for parent in parents])
