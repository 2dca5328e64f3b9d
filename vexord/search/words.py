"""Do the words of a name answer the words of a query? Endings are forgiven: `router` answers `routing`."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from vexord.words import WORD, normal, parts

_ENDING = re.compile(
    r"(?:ization|isation|ational|ations?|ition|ating|ated|ators?|izing|ized|izer|ings?|edly|ers?|ors?|ed|ment|ness"
    r"|able|ible|ance|ence|ives?|ions?|al|ly|e|y|i)$"
)
_MIN_WORD = 5
"""Shorter words keep their endings."""
_MIN_ROOT = 3
_MIN_SHARED = 4
"""One word also answers another that it begins, from so many letters on: `auth`, `authent(ication)`."""
_CACHE_ENTRIES = 1 << 16


@lru_cache(maxsize=_CACHE_ENTRIES)
def root(word: str) -> str:
    """Return a lower-case English word without its last ending."""
    if len(word) < _MIN_WORD:
        return word
    short = _ENDING.sub("", word)
    return short if len(short) >= _MIN_ROOT else word


@lru_cache(maxsize=_CACHE_ENTRIES)
def roots(name: str) -> tuple[str, ...]:
    """Return the roots of the parts of all words of a name, each once, in order."""
    return tuple(dict.fromkeys(root(part) for word in WORD.findall(normal(name)) for part in parts(word)))


class AskedWords:
    """The roots of a query's words with their weights, and how far names answer them. For one thread."""

    def __init__(self, words: Iterable[str], weights: Mapping[str, float]) -> None:
        """`weights`: of terms as `analyse` gives them; a root weighs as much as the heaviest of its terms."""
        self.roots = tuple(dict.fromkeys(part for word in words for part in roots(word)))
        heaviest: dict[str, float] = {}
        for term, weight in weights.items():
            for part in roots(term):
                heaviest[part] = max(heaviest.get(part, 0.0), weight)
        self._weights = [heaviest.get(part, 0.0) for part in self.roots]
        self._total = sum(self._weights) or 1.0
        self._bits = {part: 1 << place for place, part in enumerate(self.roots) if len(part) < _MIN_SHARED}
        self._covered: dict[int, float] = {0: 0.0}
        self._by_head: dict[str, list[tuple[int, str]]] = {}
        for place, part in enumerate(self.roots):
            if len(part) >= _MIN_SHARED:
                self._by_head.setdefault(part[:_MIN_SHARED], []).append((1 << place, part))

    def answer(self, parts: Iterable[str]) -> tuple[int, float]:
        """Return which roots of the query the roots of a name answer, as bits, and the share that answers."""
        bits = answering = count = 0
        known = self._bits
        for part in parts:
            count += 1
            found = known.get(part)
            if found is None:
                found = known[part] = self._answered_by(part)
            if found:
                bits |= found
                answering += 1
        return bits, answering / count if count else 0.0

    def covered(self, bits: int) -> float:
        """Return the share of the query's weight that these of its words have, 0..1."""
        known = self._covered.get(bits)
        if known is None:
            weight = sum(weight for place, weight in enumerate(self._weights) if bits >> place & 1)
            known = self._covered[bits] = weight / self._total
        return known

    def _answered_by(self, part: str) -> int:
        bits = 0
        for bit, asked in self._by_head.get(part[:_MIN_SHARED], ()):
            if part.startswith(asked) or asked.startswith(part):
                bits |= bit
        return bits
