"""Text to keyword terms: the one analyser of documents and queries."""

import re
import unicodedata
from itertools import chain

from vexord.index.stop_words import stop_words_of

_WORD = re.compile(r"\w+")
_PART = re.compile(
    r"[A-Z]{2,}s(?![^\W\d_A-Z])"  # plural of an acronym: URLs
    r"|[A-Z]+(?![^\W\d_A-Z])"  # an acronym, less the capital that begins the next word: HTTP|Server
    r"|[A-Z]?[^\W\d_A-Z]+"
    r"|\d+"
)
_WIDE_CHARS = r"\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WIDE = re.compile(f"[{_WIDE_CHARS}]")
_WIDE_RUN = re.compile(f"[{_WIDE_CHARS}]{{2,}}")
_SCRIPT_EDGE = re.compile(
    rf"(?<=[{_WIDE_CHARS}])(?=[^\W{_WIDE_CHARS}])|(?<=[^\W{_WIDE_CHARS}])(?=[{_WIDE_CHARS}])"
)
"""Scripts written without spaces; a run of them is a phrase, so it is cut into pairs."""
_SIGNS = re.compile(r"\W")
_MAX_PARTS = 32
_CACHE_ENTRIES = 200_000
_CACHED_CHARS = 64

_IRREGULAR = {
    "alias": "alias", "aliases": "alias", "cookies": "cookie", "ids": "id", "indices": "index",
    "matrices": "matrix", "statuses": "status", "vertices": "vertex",
}  # fmt: skip
_DROP_ES = re.compile(r"(?:ss|sh|x|zz|[nrt]ch)es$")
_KEEP_S = re.compile(r"(?:us|ss)$")


def analyse(text: str) -> list[str]:
    """Return the terms of a text in order, with repetition.

    An identifier gives its parts, lower-case and without plural endings, and itself whole if it has several.
    """
    return list(chain.from_iterable(map(_terms_of.__getitem__, _WORD.findall(normal(text)))))


def query_terms(text: str) -> list[str]:
    """Return the distinct terms of a query in order, less stop words unless it consists of them."""
    return list(dict.fromkeys(chain.from_iterable(map(_terms_of.__getitem__, telling_words(text)))))


def telling_words(text: str) -> list[str]:
    """Return the words of a query as written, less stop words unless it consists of them."""
    words = _WORD.findall(normal(text))
    stop_words = stop_words_of(map(str.lower, words))
    return [word for word in words if word.lower() not in stop_words] or words


def normal(text: str) -> str:
    """Return a text with each letter written in one way (NFKC), and with spaces between scripts.

    In `使用IndexWriter`, `IndexWriter` is a word, though nothing sets it off.
    """
    if text.isascii():
        return text
    return _SCRIPT_EDGE.sub(" ", unicodedata.normalize("NFKC", text))


def wide_pairs(text: str) -> list[str]:
    """Return the terms that any text has which holds this one in a script without spaces."""
    runs = _WIDE_RUN.findall(normal(text))
    return list(dict.fromkeys(run[i : i + 2] for run in runs for i in range(len(run) - 1)))


def whole_name(name: str) -> str:
    """Return a defined or asked-for name in one piece: lower case, without signs and outer underscores."""
    return _SIGNS.sub("", name).lower().strip("_")


def stem(word: str) -> str:
    """Take an English plural ending off a lower-case word."""
    irregular = _IRREGULAR.get(word)
    if irregular is not None:
        return irregular
    if len(word) <= 3 or not word.endswith("s"):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if _DROP_ES.search(word):
        return word[:-2]
    return word if _KEEP_S.search(word) else word[:-1]


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
    parts = _PART.findall(word)
    whole = word.lower().strip("_")
    if len(parts) > _MAX_PARTS:  # a digest or base64, not a name
        return (whole,)
    if not word.isascii():  # capitals mark no parts outside ASCII: they may be any alphabet's
        wide = _WIDE.search(word)
        parts = (
            [word[i : i + 2] for i in range(max(1, len(word) - 1))] if wide else word.strip("_").split("_")
        )
    terms = [stem(part.lower()) for part in parts]
    if len(terms) > 1:
        terms.append(whole)
    return tuple(terms)
