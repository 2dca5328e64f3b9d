"""From candidate chunks to files in order: signals, times learnt weights."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from vexor_protocol.messages import Part

from vexord.search.candidates import Pool
from vexord.search.evidence import Contest
from vexord.search.keywords import Scores
from vexord.search.signals import SIGNALS, Signals, signals_of
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
    for place, start, length in zip(
        places, signals.spans.starts.tolist(), signals.spans.lengths.tolist(), strict=True
    ):
        files = start + np.argsort(-scores[start : start + length], kind="stable")
        ranked[place] = _ranked(pools, signals, files, scores[files].tolist(), learnt())
    return ranked


def _ranked(
    pools: Sequence[Pool], signals: Signals, files: NDArray[np.int64], scores: Sequence[float], learnt: Scores
) -> Iterator[RankedFile]:
    """Yield files, given in order of their scores; paths are read of those alone that are asked for."""
    start = 0
    while start < len(scores):
        end = start + 1
        while end < len(scores) and scores[end] == scores[start]:
            end += 1
        alike = [(signals.path(pools, file), file) for file in files[start:end].tolist()]
        for path, file in sorted(alike):
            chunks = signals.groups.chunks(file)
            pool = int(signals.evidence.pool[chunks[0]])
            rows = signals.evidence.row[chunks].tolist()
            own_scores = signals.evidence.score[chunks].tolist()
            yield RankedFile(
                pools[pool].target,
                path,
                scores[start],
                tuple(map(RankedChunk, [pool] * len(rows), rows, own_scores)),
                partial(_explain, signals.table[file], learnt),
            )
        start = end


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
