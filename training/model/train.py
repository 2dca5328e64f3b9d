"""The training loop: batches to gradients to rows."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.model.bags import Bags, Floats, Numbers, bags_of
from training.model.batches import Batches
from training.model.examples import Record, chunk_text
from training.model.loss import info_nce
from training.model.optimiser import LazyAdam
from training.model.recipe import Recipe
from training.model.weights import Parameters, Side, active_tokens
from vexord.embed.tokens import Tokens, Vocabulary

_REPORT = 100
_TOKENS_OF_A_WORD = 4
"""An unknown word names about so many buckets; together they should weigh as much as one word."""


@dataclass(frozen=True, slots=True)
class Data:
    """The corpus as numbers. Rows of all fields belong together."""

    queries: Bags
    chunks: Bags
    bodies: Bags
    """The chunks less their header lines."""
    query_keys: Numbers
    """Equal queries have equal keys …"""
    chunk_keys: Numbers
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
    logs[size - vocabulary.buckets :] -= np.log(_TOKENS_OF_A_WORD)
    return Parameters(rows, logs.copy(), logs.copy())


class Trainer:
    """Trains parameters in place, always in the same way for the same recipe and records."""

    def __init__(self, data: Data, records: Sequence[Record], recipe: Recipe) -> None:
        self._data = data
        self._recipe = recipe
        self._batches = Batches(records, recipe)
        self._random = np.random.default_rng([recipe.seed, 2])

    def run(self, parameters: Parameters, report: Callable[[str], None] = print) -> None:
        """Make the recipe's number of steps."""
        recipe = self._recipe
        movers = (
            LazyAdam(parameters.rows, recipe.row_rate),
            LazyAdam(parameters.query, recipe.weight_rate),
            LazyAdam(parameters.chunk, recipe.weight_rate),
        )
        began, losses = time.process_time(), []
        for step, batch in zip(range(recipe.steps), self._batches, strict=False):
            loss, active, gradients = self.gradients(parameters, batch)
            for mover, gradient in zip(movers, gradients, strict=True):
                mover.step(active, gradient, _pace(step, recipe))
            losses.append(loss)
            if (step + 1) % _REPORT == 0:
                spent = (time.process_time() - began) / (step + 1)
                report(f"step {step + 1}: loss {np.mean(losses[-_REPORT:]):.4f}, {spent:.2f} s CPU a step")

    def gradients(
        self, parameters: Parameters, batch: Numbers
    ) -> tuple[float, Numbers, tuple[Floats, Floats, Floats]]:
        """Return a batch's loss, the tokens it names and the gradients by their rows and scalars."""
        queries, chunks = self._bags(batch)
        active, slots = active_tokens(len(parameters.rows), queries, chunks)
        rows = parameters.rows[active]
        asked = Side.of(queries, slots, rows, parameters.query[active])
        given = Side.of(chunks, slots, rows, parameters.chunk[active])
        loss, of_asked, of_given = info_nce(
            asked.unit, given.unit, self._excused(batch), self._recipe.temperature
        )
        by_rows, by_query = asked.gradients(of_asked)
        more_by_rows, by_chunk = given.gradients(of_given)
        return loss, active, (by_rows + more_by_rows, by_query, by_chunk)

    def _bags(self, batch: Numbers) -> tuple[Bags, Bags]:
        """Take the batch's texts; tokens are dropped at random, and headers of some chunks."""
        bare = self._random.random(len(batch)) < self._recipe.header_drop
        whole = self._data.chunks.take(batch[~bare]).joined(self._data.bodies.take(batch[bare]))
        order = np.empty(len(batch), np.int64)
        order[np.concatenate([np.flatnonzero(~bare), np.flatnonzero(bare)])] = np.arange(len(batch))
        queries, chunks = self._data.queries.take(batch), whole.take(order)
        drop = self._recipe.token_drop
        return queries.thinned(drop, self._random), chunks.thinned(drop, self._random)

    def _excused(self, batch: Numbers) -> NDArray[np.bool_]:
        """Return which pairs of the batch are no negatives though they are not an example's own."""
        queries, chunks = self._data.query_keys[batch], self._data.chunk_keys[batch]
        same_query, same_chunk = np.equal.outer(queries, queries), np.equal.outer(chunks, chunks)
        excused: NDArray[np.bool_] = same_query | same_chunk
        np.fill_diagonal(excused, val=False)
        return excused


def _pace(step: int, recipe: Recipe) -> float:
    """Share of the learning rate: a linear rise, then a linear fall to nothing."""
    return min(
        (step + 1) / recipe.warm_up, (recipe.steps - step) / max(recipe.steps - recipe.warm_up, 1), 1.0
    )


def _keys(values: Sequence[object]) -> Numbers:
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], np.int64)
