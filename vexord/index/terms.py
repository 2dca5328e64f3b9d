"""Text to keyword terms: the one analyser of documents and queries."""

import re
from itertools import chain

from vexord.index.stop_words import stop_words_of
from vexord.words import WIDE_RUN, WORD, normal, parts

_SIGNS = re.compile(r"\W")
_CACHE_ENTRIES = 200_000
_CACHED_CHARS = 64


def analyse(text: str) -> list[str]:
    """Return the terms of a text in order, with repetition.

    An identifier gives its parts, lower-case and without plural endings, and itself whole if it has several.
    """
    return list(chain.from_iterable(map(_terms_of.__getitem__, WORD.findall(normal(text)))))


def query_terms(text: str) -> list[str]:
    """Return the distinct terms of a query in order, less stop words unless it consists of them."""
    return list(dict.fromkeys(chain.from_iterable(map(_terms_of.__getitem__, telling_words(text)))))


def telling_words(text: str) -> list[str]:
    """Return the words of a query as written, less stop words unless it consists of them."""
    words = WORD.findall(normal(text))
    stop_words = stop_words_of(map(str.lower, words))
    return [word for word in words if word.lower() not in stop_words] or words


def wide_pairs(text: str) -> list[str]:
    """Return the terms that any text has which holds this one in a script without spaces."""
    runs = WIDE_RUN.findall(normal(text))
    return list(dict.fromkeys(run[i : i + 2] for run in runs for i in range(len(run) - 1)))


def whole_word(word: str) -> str:
    """Return the term that an identifier of several parts gives besides them."""
    return word.lower().strip("_")


def whole_name(name: str) -> str:
    """Return a defined or asked-for name in one piece: lower case, without signs and outer underscores."""
    if not (name.isascii() and name.isidentifier()):
        name = _SIGNS.sub("", name)
    return name.lower().strip("_")


class _TermCache(dict[str, tuple[str, ...]]):
    """Word → terms, filled on demand; emptied when full, since code repeats its words within a project."""

    def __missing__(self, word: str) -> tuple[str, ...]:
        terms = _split(word)
        if len(word) <= _CACHED_CHARS:
            if len(self) >= _CACHE_ENTRIES:
                self.clear()
            self[word] = terms
        return terms


_terms_of = _TermCache()


def _split(word: str) -> tuple[str, ...]:
    terms = parts(word)
    return (*terms, whole_word(word)) if len(terms) > 1 else terms
