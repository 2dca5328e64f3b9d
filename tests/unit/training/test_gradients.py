"""The gradients that are written out by hand, against finite differences; the optimiser; the batches."""

from collections import Counter

import numpy as np
import pytest

from training.model.bags import Bags, Floats, bags_of
from training.model.batches import Batches
from training.model.examples import Record
from training.model.loss import info_nce
from training.model.optimiser import LazyAdam
from training.model.recipe import Recipe
from training.model.weights import Parameters, Side, active_tokens

SIZE, DIMENSIONS, TEXTS = 30, 6, 8


def bags(seed: int) -> Bags:
    random = np.random.default_rng(seed)
    return bags_of(Counter(random.integers(0, SIZE, 5).tolist()) for _ in range(TEXTS))


def parameters() -> Parameters:
    random = np.random.default_rng(7)
    rows = random.standard_normal((SIZE, DIMENSIONS))
    return Parameters(rows, 0.1 * random.standard_normal(SIZE), 0.1 * random.standard_normal(SIZE))


def loss_and_gradients(given: Parameters) -> tuple[float, Floats, Floats, Floats]:
    queries, chunks = bags(1), bags(2)
    active, slots = active_tokens(SIZE, queries, chunks)
    asked = Side.of(queries, slots, given.rows[active], given.query[active])
    told = Side.of(chunks, slots, given.rows[active], given.chunk[active])
    excused = np.zeros((TEXTS, TEXTS), bool)
    excused[0, 3] = excused[3, 0] = True
    loss, of_asked, of_told = info_nce(asked.unit, told.unit, excused, 0.2)
    by_rows, by_query = asked.gradients(of_asked)
    more, by_chunk = told.gradients(of_told)
    full = [np.zeros_like(table) for table in (given.rows, given.query, given.chunk)]
    for table, gradient in zip(full, (by_rows + more, by_query, by_chunk), strict=True):
        table[active] = gradient
    return loss, full[0], full[1], full[2]


@pytest.mark.parametrize("name", ["rows", "query", "chunk"])
def test_gradients_are_the_slopes_of_the_loss(name: str) -> None:
    start = parameters()
    gradient = dict(zip(("rows", "query", "chunk"), loss_and_gradients(start)[1:], strict=True))[name]
    random = np.random.default_rng(3)
    for _ in range(10):
        direction = random.standard_normal(getattr(start, name).shape)
        losses = []
        for sign in (1, -1):
            moved = start.copy()
            setattr(moved, name, getattr(start, name) + sign * 1e-4 * direction)
            losses.append(loss_and_gradients(moved)[0])
        slope = (losses[0] - losses[1]) / 2e-4
        assert float(np.sum(gradient * direction)) == pytest.approx(slope, rel=2e-3, abs=1e-5)


def test_an_excused_pair_is_no_negative() -> None:
    rows = np.eye(3, dtype=np.float32)
    alike = rows[[0, 0, 2]]
    none, both = np.zeros((3, 3), bool), np.zeros((3, 3), bool)
    both[0, 1] = both[1, 0] = True
    assert info_nce(alike, alike, both, 0.05)[0] < 0.01 < info_nce(alike, alike, none, 0.05)[0]


def test_adam_moves_the_touched_rows_alone_and_towards_the_minimum() -> None:
    table = np.ones((4, 2), np.float32)
    optimiser = LazyAdam(table, 0.1)
    for _ in range(100):
        optimiser.step(np.array([1, 3]), 2 * table[[1, 3]], 1.0)
    assert np.abs(table[[1, 3]]).max() < 0.05
    assert (table[[0, 2]] == 1).all()


def records(package: str, number: int) -> list[Record]:
    return [Record(package, "python", f"{i}.py", "doc", f"q{i}", f"c{i}") for i in range(number)]


def test_a_batch_is_made_of_runs_of_packages_and_is_the_same_again() -> None:
    every = [*records("a", 40), *records("b", 12), *records("c", 40), *records("tiny", 3)]
    recipe = Recipe(batch=12, run=4)
    first, second, third = (batch for _, batch in zip(range(3), Batches(every, recipe), strict=False))
    for batch in (first, second, third):
        runs = [{every[number].package for number in run} for run in batch.reshape(3, 4)]
        assert all(len(packages) == 1 for packages in runs)
        assert set.union(*runs) == {"a", "b", "c"}
    seen = np.concatenate([first, second, third])
    assert len(set(seen.tolist())) == len(seen)
    assert (next(iter(Batches(every, recipe))) == first).all()
