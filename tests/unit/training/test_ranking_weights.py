"""The learner finds what is there, never sees the group it is judged on, and judges as the referee does."""

import math

import numpy as np
import pytest

from training.ranking.fit import Options, fit, leave_out, ndcg
from training.ranking.questions import Question, Target
from training.ranking.tables import Table, _hits

SIGNALS = 4


def table(repo: str, signals: list[list[float]], right: list[list[bool]]) -> Table:
    targets = [Target(f"f{n}") for n in range(len(right[0]))]
    paths = [f"f{n}" for n in range(len(signals))]
    found = np.array(right)
    question = Question(repo, "python", "q", "semantic", targets)
    return Table(question, paths, np.array(signals, np.float32), found, found)


def noisy_tables(repo: str, count: int, seed: int) -> list[Table]:
    """The first signal tells the right file, the second is its opposite, the others are noise."""
    random = np.random.default_rng(seed)
    tables = []
    for _ in range(count):
        signals = random.random((12, SIGNALS))
        right = int(random.integers(12))
        signals[right, 0] += 0.8
        signals[right, 1] -= 0.8
        tables.append(table(repo, signals.tolist(), [[place == right] for place in range(12)]))
    return tables


def test_the_learner_finds_the_signals_that_tell() -> None:
    learnt = fit(noisy_tables("a", 60, 1), np.ones(SIGNALS), np.arange(SIGNALS), Options())
    assert learnt[0] > 1.0
    assert learnt[1] < -1.0
    assert np.abs(learnt[2:]).max() < learnt[0] / 4
    unseen = noisy_tables("b", 60, 2)
    assert np.mean([ndcg(one, one.signals @ learnt) for one in unseen]) > 0.95


def test_a_signal_that_is_left_out_weighs_nothing() -> None:
    learnt = fit(noisy_tables("a", 20, 1), np.ones(SIGNALS), np.array([1, 2]), Options())
    assert learnt[[0, 3]].tolist() == [0.0, 0.0]
    assert learnt[1] < 0


def test_the_group_that_is_judged_is_not_learnt_from() -> None:
    asked = noisy_tables("a", 5, 1) + noisy_tables("b", 5, 2) + noisy_tables("c", 5, 3)
    seen: list[set[str]] = []

    def learn(tables: object) -> np.ndarray:
        seen.append({one.question.repo for one in tables})  # type: ignore[attr-defined]
        return np.full(SIGNALS, float(len(seen)))

    scores = leave_out(asked, lambda one: one.question.repo, learn)
    assert seen == [{"b", "c"}, {"a", "c"}, {"a", "b"}]
    for place, one in enumerate(asked):
        weight = {"a": 1.0, "b": 2.0, "c": 3.0}[one.question.repo]
        assert scores[place] == pytest.approx(one.signals.astype(float).sum(axis=1) * weight)


def test_ndcg_counts_a_file_that_hits_two_targets_once() -> None:
    one = table("a", [[3.0], [2.0], [1.0]], [[True, True], [False, False], [False, True]])
    best = 1 + 1 / math.log2(3)
    assert ndcg(one, np.array([3.0, 2.0, 1.0])) == pytest.approx(1 / best)
    other = table("a", [[3.0], [2.0], [1.0]], [[False, False], [True, False], [False, True]])
    assert ndcg(other, np.array([3.0, 2.0, 1.0])) == pytest.approx((1 / math.log2(3) + 0.5) / best)


@pytest.mark.parametrize(
    ("path", "lines", "target", "hit"),
    [
        ("src/a.py", (1, 9), Target("a.py"), True),
        ("a.py", (1, 9), Target("src/a.py"), True),
        ("src/ba.py", (1, 9), Target("a.py"), False),
        ("a.py", (1, 9), Target("a.py", 9, 12), True),
        ("a.py", (1, 9), Target("a.py", 10, 12), False),
    ],
)
def test_hits_are_those_of_the_referee(path: str, lines: tuple[int, int], target: Target, hit: bool) -> None:
    assert _hits(path, lines, target) == hit
