"""Puts examples into batches: runs of one package, packages and kinds of query drawn by weight."""

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
        shares: defaultdict[str, float] = defaultdict(float)
        for number, record in enumerate(records):
            weight = recipe.source_weights.get(record.source, 1.0)
            # A fraction of a weight keeps that fraction of the examples, chosen by chance.
            if weight >= 1 or self._random.random() < weight:
                members[record.package].append(number)
                shares[record.package] += max(weight, 1.0) * recipe.language_weights.get(record.language, 1.0)
        packages = [package for package in members if len(members[package]) >= recipe.run]
        self._members = [np.array(members[package]) for package in packages]
        capped = np.array([min(shares[package], recipe.package_cap) for package in packages])
        self._odds = capped**recipe.package_power / np.sum(capped**recipe.package_power)
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
