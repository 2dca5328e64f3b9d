"""From candidate chunks to files in order: signals, times learnt weights."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from vexor_protocol.messages import Part

from vexord.search.candidates import Candidates, Pool
from vexord.search.facts import SegmentFacts
from vexord.search.keywords import Scores
from vexord.search.query import Query
from vexord.search.signals import SIGNALS, signals_of
from vexord.search.weights import weights

_DIGITS = 4
_TOLD = 0.005
"""A signal that moved the score by less is told with the others."""


@dataclass(frozen=True, slots=True)
class RankedChunk:
    """A candidate with its own score."""

    pool: int
    row: int
    score: float


@dataclass(frozen=True, slots=True)
class RankedFile:
    """A file of one target with its candidate chunks, best first."""

    target: int
    path: str
    score: float
    chunks: tuple[RankedChunk, ...]
    explain: Callable[[], list[Part]]
    """What made up the score, the strongest signal first; the shares add up to it."""


def rank(
    pools: Sequence[Pool],
    candidates: Candidates,
    query: Query,
    facts: SegmentFacts,
    learnt: Callable[[], Scores] = weights,
) -> Iterator[RankedFile]:
    """Yield the files that hold candidates, best first; equal scores in order of path.

    `learnt`: gives the weight of each signal, shape (len(SIGNALS),).
    """
    if not len(candidates.row):
        return
    signals = signals_of(pools, candidates, query, facts)
    scores = (signals.table @ learnt()).tolist()
    for file in sorted(range(len(scores)), key=lambda file: (-scores[file], signals.paths[file])):
        chunks = signals.groups.chunks(file)
        pool = int(candidates.pool[chunks[0]])
        own_scores = signals.chunk_scores[chunks].tolist()
        yield RankedFile(
            pools[pool].target,
            signals.paths[file],
            scores[file],
            tuple(map(RankedChunk, [pool] * len(chunks), candidates.row[chunks].tolist(), own_scores)),
            partial(_explain, signals.table[file], learnt()),
        )


def _explain(values: Scores, learnt: Scores) -> list[Part]:
    shares = values * learnt
    parts = []
    rest = 0.0
    for column in np.argsort(-np.abs(shares), kind="stable").tolist():
        share = float(shares[column])
        if abs(share) < _TOLD:
            rest += share
        else:
            parts.append(_part(SIGNALS[column].replace("_", " "), float(values[column]), share))
    if round(rest, _DIGITS):
        parts.append(_part("other", 0.0, rest))
    return parts


def _part(name: str, value: float, share: float) -> Part:
    return Part(part=name, value=round(value, _DIGITS), share=round(share, _DIGITS))
