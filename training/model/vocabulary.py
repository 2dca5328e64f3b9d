"""Chooses the words and word pairs that get rows of their own."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

from training.model.examples import Record, chunk_text
from training.model.recipe import Recipe
from vexord.embed.tokens import Vocabulary
from vexord.words import WORD, parts

_MAX_CHARS = 32


class _Usage:
    """In how many records, and in how many packages, each item occurs."""

    def __init__(self) -> None:
        self.records: Counter[tuple[str, ...]] = Counter()
        self._packages: defaultdict[tuple[str, ...], int] = defaultdict(int)
        self._last: dict[tuple[str, ...], str] = {}

    def add(self, package: str, items: Iterable[tuple[str, ...]]) -> None:
        """Count a record's distinct items; the records of a package come one after the other."""
        for item in items:
            self.records[item] += 1
            if self._last.get(item) != package:
                self._last[item] = package
                self._packages[item] += 1

    def best(self, number: int, min_packages: int) -> list[tuple[str, ...]]:
        """Return the most frequent items that enough packages have, ties in alphabetical order."""
        known = [item for item in self.records if self._packages[item] >= min_packages]
        return sorted(known, key=lambda item: (-self.records[item], item))[:number]


def choose(records: Sequence[Record], recipe: Recipe) -> Vocabulary:
    """Return the vocabulary of a corpus."""
    parts_of: dict[str, tuple[tuple[str, ...], ...]] = {}
    words, pairs = _Usage(), _Usage()
    for record in records:
        found = set(WORD.findall(record.query)) | set(WORD.findall(chunk_text(record)))
        singles: set[tuple[str, ...]] = set()
        doubles: set[tuple[str, ...]] = set()
        for word in found:
            items = parts_of.get(word)
            if items is None:
                items = parts_of[word] = tuple((part,) for part in parts(word) if len(part) <= _MAX_CHARS)
            singles.update(items)
            if recipe.pairs and len(items) > 1:
                doubles.update(a + b for a, b in pairwise(items))
        words.add(record.package, singles)
        pairs.add(record.package, doubles)
    chosen = [word for (word,) in words.best(recipe.words, recipe.min_packages)]
    numbers = {word: number for number, word in enumerate(chosen)}
    telling = [
        (numbers[a], numbers[b])
        for a, b in pairs.best(2 * recipe.pairs, recipe.min_packages)
        if a in numbers and b in numbers and len(a) > 1 and len(b) > 1
    ]
    return Vocabulary(chosen, telling[: recipe.pairs], recipe.buckets)
