"""The training loop."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.model.bags import Bags, Floats, bags_of
from training.model.batches import Batches
from training.model.examples import Record, chunk_text
from training.model.loss import distilled, info_nce
from training.model.optimiser import LazyAdam
from training.model.recipe import Recipe
from training.model.weights import Parameters, Side, active_tokens
from vexord.embed.tokens import Tokens, Vocabulary

_REPORT = 100


@dataclass(frozen=True, slots=True)
class Data:
    """The corpus as numbers. Rows of all fields belong together."""

    queries: Bags
    chunks: Bags
    bodies: Bags
    """The chunks less their header lines."""
    query_keys: NDArray[np.int64]
    """Equal queries have equal keys …"""
    chunk_keys: NDArray[np.int64]
    """… and so have examples of one definition: they are no negatives of each other."""


def data_of(records: Sequence[Record], vocabulary: Vocabulary) -> Data:
    """Count the tokens of every record."""
    tokens = Tokens(vocabulary)
    return Data(
        bags_of(tokens.query(record.query) for record in records),
        bags_of(tokens.chunk(chunk_text(record)) for record in records),
        bags_of(tokens.chunk(chunk_text(record, header=False)) for record in records),
        _keys([record.query.lower() for record in records]),
        _keys([(r.package, r.path, r.parent, r.symbol or r.code) for r in records]),
    )


def start(data: Data, vocabulary: Vocabulary, rows: Floats) -> Parameters:
    """Return parameters before training: the given rows, scalars by inverse document frequency."""
    size = len(vocabulary)
    frequency = np.bincount(data.chunks.ids, minlength=size) + np.bincount(data.queries.ids, minlength=size)
    idf = np.log((2 * len(data.chunks) + 1) / (frequency + 1)).astype(np.float32)
    logs = np.log(np.maximum(idf, 0.1) / 10)
    # An unknown word names several buckets; together they should weigh about as much as one word.
    logs[size - vocabulary.buckets :] -= np.log(4)
    return Parameters(rows, logs.copy(), logs.copy())


def train(
    data: Data,
    records: Sequence[Record],
    parameters: Parameters,
    recipe: Recipe,
    teacher: Floats | None = None,
    report: Callable[[str], None] = print,
) -> None:
    """Train the parameters in place. `teacher` has a unit row for each record's query, zero if it has none."""
    random = np.random.default_rng([recipe.seed, 2])
    movers = (
        LazyAdam(parameters.rows, recipe.row_rate),
        LazyAdam(parameters.query, recipe.weight_rate),
        LazyAdam(parameters.chunk, recipe.weight_rate),
    )
    began, losses = time.process_time(), []
    for step, batch in zip(range(recipe.steps), Batches(records, recipe), strict=False):
        losses.append(_step(data, batch, parameters, recipe, movers, random, _pace(step, recipe), teacher))
        if (step + 1) % _REPORT == 0:
            spent = (time.process_time() - began) / (step + 1)
            report(f"step {step + 1}: loss {np.mean(losses[-_REPORT:]):.4f}, {spent:.2f} s CPU a step")


def _pace(step: int, recipe: Recipe) -> float:
    """Share of the learning rate: a linear rise, then a linear fall to nothing."""
    return min(
        (step + 1) / recipe.warm_up, (recipe.steps - step) / max(recipe.steps - recipe.warm_up, 1), 1.0
    )


def _step(
    data: Data,
    batch: NDArray[np.int64],
    parameters: Parameters,
    recipe: Recipe,
    movers: tuple[LazyAdam, LazyAdam, LazyAdam],
    random: np.random.Generator,
    pace: float,
    teacher: Floats | None,
) -> float:
    queries = data.queries.take(batch).thinned(recipe.token_drop, random)
    chunks = _either(data.chunks, data.bodies, batch, random.random(len(batch)) < recipe.header_drop)
    chunks = chunks.thinned(recipe.token_drop, random)
    active, slots = active_tokens(len(parameters.rows), queries, chunks)
    rows = parameters.rows[active]
    asked = Side.of(queries, slots, rows, parameters.query[active])
    given = Side.of(chunks, slots, rows, parameters.chunk[active])
    q_keys, c_keys = data.query_keys[batch], data.chunk_keys[batch]
    excused = (q_keys[:, None] == q_keys[None, :]) | (c_keys[:, None] == c_keys[None, :])
    np.fill_diagonal(excused, False)
    loss, of_asked, of_given = info_nce(asked.unit, given.unit, excused, recipe.temperature)
    if teacher is not None and recipe.distil:
        of_asked += recipe.distil * distilled(asked.unit, teacher[batch], recipe.temperature)[1]
    by_rows, by_query = asked.gradients(of_asked)
    more_by_rows, by_chunk = given.gradients(of_given)
    for mover, gradient in zip(movers, (by_rows + more_by_rows, by_query, by_chunk), strict=True):
        mover.step(active, gradient, pace)
    return loss


def _either(whole: Bags, bare: Bags, batch: NDArray[np.int64], drop: NDArray[np.bool_]) -> Bags:
    """Take each example from one of two sets of bags."""
    a, b = whole.take(batch[~drop]), bare.take(batch[drop])
    order = np.empty(len(batch), np.int64)
    order[~drop] = np.arange(len(a))
    order[drop] = len(a) + np.arange(len(b))
    joined = Bags(
        np.concatenate([a.starts, a.starts[-1] + b.starts[1:]]),
        np.concatenate([a.ids, b.ids]),
        np.concatenate([a.weights, b.weights]),
    )
    return joined.take(order)


def _keys(values: Sequence[object]) -> NDArray[np.int64]:
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], np.int64)
