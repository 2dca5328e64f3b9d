"""Puts examples into batches: runs of one package, packages drawn by size."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from training.model.bags import Numbers
from training.model.examples import Record
from training.model.recipe import Recipe


class Batches:
    """Draws batches without end; the same recipe and records give the same sequence.

    A package's records are gone through in shuffled order before one comes again.
    """

    def __init__(self, records: Sequence[Record], recipe: Recipe) -> None:
        self._recipe = recipe
        self._random = np.random.default_rng([recipe.seed, 1])
        members: defaultdict[str, list[int]] = defaultdict(list)
        for number, record in enumerate(records):
            members[record.package].append(number)
        self._members = [np.array(numbers) for numbers in members.values() if len(numbers) >= recipe.run]
        odds = np.array([len(numbers) for numbers in self._members]) ** recipe.package_power
        self._odds = odds / odds.sum()
        self._waiting = [self._shuffled(members) for members in self._members]

    def __iter__(self) -> Iterator[Numbers]:
        runs = self._recipe.batch // self._recipe.run
        distinct = len(self._members) >= runs
        while True:
            chosen = self._random.choice(len(self._members), runs, replace=not distinct, p=self._odds)
            yield np.concatenate([self._next_run(package) for package in chosen])

    def _next_run(self, package: int) -> Numbers:
        for run in self._waiting[package]:
            return run
        self._waiting[package] = self._shuffled(self._members[package])
        return next(self._waiting[package])

    def _shuffled(self, members: Numbers) -> Iterator[Numbers]:
        order = self._random.permutation(members)
        whole = len(order) // self._recipe.run
        return iter(order[: whole * self._recipe.run].reshape(whole, self._recipe.run))
