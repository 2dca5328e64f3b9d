"""Texts as sparse rows of token weights: the form in which the trainer holds a corpus."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Bags:
    """Compressed sparse rows: bag i has tokens `ids[starts[i]:starts[i+1]]` with `weights` of 1 + ln tf."""

    starts: Numbers
    ids: NDArray[np.int32]
    weights: Floats

    def __len__(self) -> int:
        return len(self.starts) - 1

    def take(self, rows: Numbers) -> "Bags":
        """Return the bags of some rows, in the order given."""
        lengths = self.starts[rows + 1] - self.starts[rows]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        flat = np.arange(starts[-1]) + np.repeat(self.starts[rows] - starts[:-1], lengths)
        return Bags(starts, self.ids[flat], self.weights[flat])

    def joined(self, other: "Bags") -> "Bags":
        """Return these bags followed by others."""
        return Bags(
            np.concatenate([self.starts, self.starts[-1] + other.starts[1:]]),
            np.concatenate([self.ids, other.ids]),
            np.concatenate([self.weights, other.weights]),
        )

    def thinned(self, share: float, random: np.random.Generator) -> "Bags":
        """Return bags in which each token has no weight with a probability of `share`."""
        kept = random.random(len(self.ids), np.float32) >= share
        return Bags(self.starts, self.ids, self.weights * kept)


def bags_of(counted: Iterable[Counter[int]]) -> Bags:
    """Gather counts of tokens into bags."""
    lengths, ids, times = [0], [], []
    for group in _grouped(counted, 4_096):
        lengths += [len(counts) for counts in group]
        ids.append(np.fromiter(chain.from_iterable(group), np.int32))
        times.append(np.fromiter(chain.from_iterable(counts.values() for counts in group), np.float32))
    every = np.concatenate(times) if times else np.zeros(0, np.float32)
    return Bags(
        np.cumsum(lengths, dtype=np.int64),
        np.concatenate(ids) if ids else np.zeros(0, np.int32),
        1 + np.log(every, dtype=np.float32),
    )


def _grouped(counted: Iterable[Counter[int]], size: int) -> Iterable[list[Counter[int]]]:
    group: list[Counter[int]] = []
    for counts in counted:
        group.append(counts)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group
