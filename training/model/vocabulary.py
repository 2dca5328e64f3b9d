"""Chooses the words that get rows of their own."""

from collections import Counter
from collections.abc import Sequence

from training.model.examples import Record, chunk_text
from training.model.recipe import Recipe
from vexord.embed.tokens import Vocabulary
from vexord.words import WORD, normal, parts

_MAX_CHARS = 32


def choose(records: Sequence[Record], recipe: Recipe) -> Vocabulary:
    """Return the words of most records among those that several packages have, ties in alphabetical order.

    The records of a package come one after the other.
    """
    parts_of: dict[str, tuple[str, ...]] = {}
    used: Counter[str] = Counter()
    packages: Counter[str] = Counter()
    last: dict[str, str] = {}
    for record in records:
        found: set[str] = set()
        for word in set(WORD.findall(normal(f"{record.query}\n{chunk_text(record)}"))):
            cut = parts_of.get(word)
            if cut is None:
                cut = parts_of[word] = tuple(part for part in parts(word) if len(part) <= _MAX_CHARS)
            found.update(cut)
        for word in found:
            used[word] += 1
            if last.get(word) != record.package:
                last[word] = record.package
                packages[word] += 1
    known = [word for word in used if packages[word] >= recipe.min_packages]
    known.sort(key=lambda word: (-used[word], word))
    return Vocabulary(known[: recipe.words], recipe.buckets)
