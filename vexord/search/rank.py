"""From candidate chunks to files in order: signals, times learnt weights."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from vexor_protocol.messages import Part

from vexord.search.candidates import Pool
from vexord.search.evidence import Contest
from vexord.search.keywords import Scores
from vexord.search.signals import SIGNALS, Signals, signals_of
from vexord.search.weights import weights

_DIGITS = 4
_TOLD = 0.005
"""A signal that moved the score by less is told with the others."""


class RankedChunk(NamedTuple):
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
    pools: Sequence[Pool], asked: Sequence[Contest], learnt: Callable[[], Scores] = weights
) -> list[Iterator[RankedFile]]:
    """Return for each query the files that hold its candidates, best first; equal scores in order of path.

    `learnt`: gives the weight of each signal, shape (len(SIGNALS),).
    """
    ranked: list[Iterator[RankedFile]] = [iter(()) for _ in asked]
    places = [place for place, one in enumerate(asked) if len(one.found.row)]
    if not places:
        return ranked
    signals = signals_of(pools, [asked[place] for place in places])
    scores = signals.table @ learnt()
    spans, files = signals.spans, _Files(pools, signals, learnt())
    for place, start, length in zip(places, spans.starts.tolist(), spans.lengths.tolist(), strict=True):
        order = start + np.argsort(-scores[start : start + length], kind="stable")
        ranked[place] = files.in_order(order.tolist(), scores[order].tolist())
    return ranked


class _Files:
    """The files of all queries; what is told of one is read when it is asked for."""

    def __init__(self, pools: Sequence[Pool], signals: Signals, learnt: Scores) -> None:
        groups, evidence = signals.groups, signals.evidence
        self._pools = pools
        self._signals = signals
        self._learnt = learnt
        self._bounds = [*groups.starts.tolist(), len(groups.order)]
        self._rows, self._scores = evidence.row[groups.order], evidence.score[groups.order]
        self._pool = evidence.pool[groups.first].tolist()

    def in_order(self, files: Sequence[int], scores: Sequence[float]) -> Iterator[RankedFile]:
        """Yield files, given in order of their scores; equal ones in order of path."""
        start = 0
        while start < len(files):
            end = start + 1
            while end < len(files) and scores[end] == scores[start]:
                end += 1
            alike = [(self._signals.path(self._pools, file), file) for file in files[start:end]]
            for path, file in sorted(alike):
                yield self._told(file, path, scores[start])
            start = end

    def _told(self, file: int, path: str, score: float) -> RankedFile:
        pool, mine = self._pool[file], slice(self._bounds[file], self._bounds[file + 1])
        chunks = zip(self._rows[mine].tolist(), self._scores[mine].tolist(), strict=True)
        return RankedFile(
            self._pools[pool].target,
            path,
            score,
            tuple(RankedChunk(pool, row, own) for row, own in chunks),
            partial(_explain, self._signals.table[file], self._learnt),
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
