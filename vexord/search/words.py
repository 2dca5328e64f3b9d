"""Do the words of names answer the words of queries? Endings are forgiven: `router` answers `routing`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vexord.index.roots import Roots, packed, roots, shared_bits
from vexord.search.keywords import Scores

MAX_ROOTS = 32
"""Of a query; a longer one is a pasted text, and names hardly answer it."""


@dataclass(frozen=True, slots=True)
class Answers:
    """How far names answer, one entry a name; 0 for one without words."""

    share: Scores
    """Share of the name's words that answer."""
    covered: Scores
    """Share of the query's weight that they answer."""


@dataclass(frozen=True, slots=True)
class AskedWords:
    """The roots of the words of some queries with their weights."""

    texts: list[frozenset[str]]
    """The roots of each query."""
    packed: Roots
    """The same, shape (queries, roots); 0 fills up."""
    bits: Roots
    """Those that a root of a name must share with each."""
    weights: Scores
    """Shares of the query's weight."""

    @classmethod
    def of(cls, queries: Sequence[tuple[Sequence[str], Mapping[str, float]]]) -> "AskedWords":
        """Read the words of each query, and weights of terms as `analyse` gives them.

        A root weighs as much as the heaviest of its terms.
        """
        asked = [list(dict.fromkeys(part for word in words for part in roots(word))) for words, _ in queries]
        width = max(1, *(min(MAX_ROOTS, len(parts)) for parts in asked))
        values = np.zeros((len(queries), width), np.uint64)
        weights = np.zeros((len(queries), width), np.float32)
        for number, (parts, (_, terms)) in enumerate(zip(asked, queries, strict=True)):
            heaviest: dict[str, float] = {}
            for term, weight in terms.items():
                for part in roots(term):
                    heaviest[part] = max(heaviest.get(part, 0.0), weight)
            total = sum(heaviest.get(part, 0.0) for part in parts) or 1.0
            for place, part in enumerate(parts[:width]):
                values[number, place] = packed(part)
                weights[number, place] = heaviest.get(part, 0.0) / total
        return cls([frozenset(parts) for parts in asked], values, shared_bits(values), weights)

    def answers(self, names: Roots, lengths: NDArray[np.int64], query: NDArray[np.int64]) -> Answers:
        """Return how far names answer.

        `names`: the packed roots of all names, end to end; `lengths`, `query`: of each name, how many roots
        it has and which query it is to answer, shape (names,).
        """
        share, covered = np.zeros((2, len(lengths)), np.float32)
        worded = np.flatnonzero(lengths)
        if not len(worded):
            return Answers(share, covered)
        counts = lengths[worded]
        starts = np.cumsum(counts) - counts
        of = query[worded]
        if len(self.packed) > 1:
            each = np.repeat(of, counts)
            asked, bits = self.packed[each], self.bits[each]
        else:
            asked, bits = self.packed, self.bits
        mine = names[:, None]
        answering = ((mine & bits) == asked) | ((asked & shared_bits(names)[:, None]) == mine)
        share[worded] = np.add.reduceat(answering.any(axis=1), starts, dtype=np.float32) / counts
        covered[worded] = (np.logical_or.reduceat(answering, starts, axis=0) * self.weights[of]).sum(axis=1)
        return Answers(share, covered)


class NameRoots:
    """The roots of names from several segments, gathered so that one comparison does for all."""

    def __init__(self, query: NDArray[np.int64]) -> None:
        """`query`: which query each name is to answer, shape (names,)."""
        self._query = query
        self._lengths = np.zeros(len(query), np.int64)
        self._places: list[NDArray[np.int64]] = []
        self._roots: list[Roots] = []

    def put(self, places: NDArray[np.int64], roots: Roots, lengths: NDArray[np.int64]) -> None:
        """Say the roots of the names at these places, end to end."""
        self._lengths[places] = lengths
        self._places.append(places)
        self._roots.append(roots)

    def answers(self, words: AskedWords) -> Answers:
        """Return how far each name answers."""
        if len(self._places) == 1 and len(self._places[0]) == len(self._query):
            return words.answers(self._roots[0], self._lengths, self._query)
        places = np.concatenate(self._places)
        found = words.answers(np.concatenate(self._roots), self._lengths[places], self._query[places])
        share, covered = np.zeros((2, len(self._query)), np.float32)
        share[places], covered[places] = found.share, found.covered
        return Answers(share, covered)
