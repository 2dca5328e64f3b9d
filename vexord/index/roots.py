"""Roots of the words of names, as integers whose bits tell whether one begins another."""

import re
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import xxhash
from numpy.typing import NDArray

from vexord.words import WORD, normal, parts

Roots = NDArray[np.uint64]
"""Packed roots: the first eight letters, the first in the highest byte; of one that is not ASCII its hash,
with the highest bit set. None is 0."""
MIN_SHARED = 4
"""One root also answers another that it begins, from so many letters on: `auth`, `authent(ication)`."""

_ENDING = re.compile(
    r"(?:ization|isation|ational|ations?|ition|ating|ated|ators?|izing|ized|izer|ings?|edly|ers?|ors?|ed|ment|ness"
    r"|able|ible|ance|ence|ives?|ions?|al|ly|e|y|i)$"
)
_MIN_WORD = 5
"""Shorter words keep their endings."""
_MIN_ROOT = 3
_LETTERS = 8
_CACHE_ENTRIES = 1 << 15
_ALL = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
_NOT_ASCII = np.uint64(1 << 63)
_FOURTH = np.uint64(0xFF << 8 * (_LETTERS - MIN_SHARED))
_LOW_BITS = np.uint64(0x7F7F_7F7F_7F7F_7F7F)
_HIGH_BITS = np.uint64(0x8080_8080_8080_8080)


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
    return tuple(
        dict.fromkeys(root(part) for word in WORD.findall(normal(name)) for part in parts(word) if part)
    )


@lru_cache(maxsize=_CACHE_ENTRIES)
def packed(text: str) -> int:
    """Return one root as an integer."""
    if text.isascii():
        return int.from_bytes(text[:_LETTERS].encode().ljust(_LETTERS, b"\0"), "big")
    return xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass")) | 1 << 63


def packed_all(texts: Iterable[str]) -> Roots:
    """Return some roots, shape (n,)."""
    return np.fromiter(map(packed, texts), np.uint64)


def shared_bits(values: Roots) -> Roots:
    """Return for each root the bits that another must share to be answered by it.

    They are those of its letters, if it has `MIN_SHARED` or more, so that longer ones answer; else all.
    """
    # In each byte that is not 0, adding 0x7f carries into the highest bit: ASCII letters are below 0x80.
    letters = ((values + _LOW_BITS) & _HIGH_BITS) >> np.uint64(7)
    whole = (values & _FOURTH == 0) | (values & _NOT_ASCII != 0)
    masks: Roots = np.where(whole, _ALL, letters * np.uint64(0xFF))
    return masks
