"""The learner: a linear score whose pairwise errors cost what they take from NDCG@10 (LambdaRank's weights).

Burges (2010), "From RankNet to LambdaRank to LambdaMART": a pair of a right and a wrong file is weighted by
the change of NDCG if the two swapped places. Linear, since trees of the same signals lost 0.015 on left-out
repositories.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from training.ranking.tables import Table

Weights = NDArray[np.float64]
DEPTH = 10
"""Places that count."""
_DISCOUNT = 1.0 / np.log2(np.arange(2, DEPTH + 2))


@dataclass(frozen=True, slots=True)
class Options:
    """How to learn."""

    l2: float = 1e-3
    rounds: int = 4
    """Times that the pairs are drawn and weighted anew."""
    wrong_files: int = 25
    """The best-placed wrong files of a question, which its right ones are compared with."""
    set_weights: tuple[float, ...] = ()


def ndcg(table: Table, scores: NDArray[np.float64], lines: bool = True) -> float:
    """Return NDCG@10 of one question; several targets that one file hits count once, as the referee does."""
    found = table.shown if lines else table.right
    order = sorted(range(len(scores)), key=lambda file: (-scores[file], table.paths[file]))[:DEPTH]
    seen = np.zeros(found.shape[1], np.bool_)
    gain = 0.0
    for place, file in enumerate(order):
        if (found[file] & ~seen).any():
            gain += _DISCOUNT[place]
            seen |= found[file]
    return float(gain / _DISCOUNT[: min(DEPTH, len(table.question.relevant))].sum())


def fit(tables: Sequence[Table], start: Weights, used: NDArray[np.intp], options: Options) -> Weights:
    """Return the weights of all signals, 0 for those not in `used`.

    `start`: weights that place the wrong files in the first round.
    """
    columns = np.concatenate([table.signals for table in tables]).astype(np.float64)
    scale = columns.std(axis=0)[used] + 1e-6
    weights = start[used] * scale
    for _ in range(options.rounds):
        pairs = [_pairs(table, used, scale, weights, options.wrong_files) for table in tables]
        differences = np.concatenate([pair[0] for pair in pairs])
        costs = np.concatenate([pair[1] for pair in pairs])
        weights = _minimise(differences, costs / costs.sum(), weights, options.l2)
    learnt = np.zeros(columns.shape[1])
    learnt[used] = weights / scale
    return learnt


def leave_out(
    tables: Sequence[Table], group: Callable[[Table], str], learn: Callable[[Sequence[Table]], Weights]
) -> list[NDArray[np.float64]]:
    """Return the scores of each question's files by weights learnt without its group, in order."""
    learnt = {
        name: learn([table for table in tables if group(table) != name])
        for name in sorted({group(table) for table in tables})
    }
    return [table.signals.astype(np.float64) @ learnt[group(table)] for table in tables]


def _pairs(
    table: Table, used: NDArray[np.intp], scale: Weights, weights: Weights, count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return differences right - wrong, shape (pairs, used), and what each pair's error costs."""
    values = table.signals[:, used] / scale
    right = table.right.any(axis=1)
    if right.all() or not right.any():
        return np.zeros((0, len(used))), np.zeros(0)
    place = np.empty(len(values))
    place[np.argsort(-(values @ weights), kind="stable")] = np.arange(len(values))
    discount = np.where(place < 30, 1.0, 0.3) / np.log2(place + 2)
    wrong = np.flatnonzero(~right)
    wrong = wrong[np.argsort(place[wrong])[:count]]
    ideal = _DISCOUNT[: min(DEPTH, len(table.question.relevant))].sum()
    costs = np.abs(discount[right][:, None] - discount[wrong][None]) / ideal
    differences = values[right][:, None] - values[wrong][None]
    return differences.reshape(-1, len(used)), costs.ravel()


def _minimise(
    differences: NDArray[np.float64], costs: NDArray[np.float64], start: Weights, l2: float
) -> Weights:
    def loss(weights: Weights) -> tuple[float, Weights]:
        margin = differences @ weights
        slope = -(costs / (1.0 + np.exp(np.clip(margin, -50, 50)))) @ differences
        value = costs @ np.logaddexp(0.0, -margin) + l2 * (weights @ weights)
        return float(value), slope + 2 * l2 * weights

    found: Weights = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 80}).x
    return found
