"""What a query asks for: its terms and the identifiers in it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from vexord.index.terms import analyse, query_terms, telling_words, whole_name, wide_pairs
from vexord.words import normal, stem

PARTS_WEIGHT = 0.4
"""Weight of all parts of a name together where the name itself is in the index: `bind_socket` asks for that
name first, `bind` and `socket` alone are a weaker match. Where it is not, its parts are all there is."""

_COMPOUND_WORDS = (2, 3)
IDENTIFIER = re.compile(r"[^\W\d]\w*")
_SYMBOL = re.compile(r"[\w.:#/>-]+")


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query."""

    text: str
    terms: tuple[str, ...]
    """Analysed terms in order, each once."""
    names: tuple[tuple[str, tuple[str, ...]], ...]
    """Terms that are a whole name of several parts, with the terms of those parts."""
    identifiers: frozenset[str]
    """Names in the query, as `terms.whole_name` writes them: a chunk that defines one of them is wanted."""
    is_symbol: bool
    """The whole query is one identifier, perhaps qualified (`Foo.bar`, `ns::name`)."""
    last_name: str = ""
    """The name that a symbol query asks for: `bar` of `Foo.bar`; as `terms.whole_name` writes it."""
    last_term: str = ""
    """The term of that name, as a text has it."""
    qualifier: str = ""
    """What a symbol query qualifies it by: `Foo` of `Foo.bar`, as written."""
    words: frozenset[str] = frozenset()
    """The words of a query with identifiers, as written."""
    telling: tuple[str, ...] = ()
    """Words that are no stop words, as written, in order."""
    compounds: tuple[str, ...] = ()
    """Names that two or three neighbouring telling words may make: `connectionpool`, `connection_pool`."""


def parse_query(text: str) -> Query:
    """Parse a query; never fails: a text without words has no terms."""
    words = IDENTIFIER.findall(normal(text))
    is_symbol = bool(words) and _SYMBOL.fullmatch(text.strip().removesuffix("()")) is not None
    is_symbol = is_symbol and not wide_pairs(text)  # a sentence in a script without spaces
    named = [word for word in words if is_symbol or _looks_like_code(word)]
    identifiers = {name for name in map(whole_name, named) if name}
    terms = query_terms(text)
    alone = {term for word in words if len(split := analyse(word)) == 1 for term in split}
    names = []
    for word in words:
        parts = analyse(word)  # none of `_`
        if len(parts) > 1 and parts[-1] in terms:
            names.append((parts[-1], tuple(part for part in parts[:-1] if part not in alone)))
    telling = telling_words(text)
    return Query(
        text,
        tuple(terms),
        tuple(names),
        frozenset(identifiers),
        is_symbol,
        last_name=whole_name(words[-1]) if is_symbol else "",
        last_term=(analyse(words[-1]) or [""])[-1] if is_symbol else "",
        qualifier=words[-2] if is_symbol and len(words) > 1 else "",
        words=frozenset(words) if identifiers else frozenset(),
        telling=tuple(telling),
        compounds=_compounds([word.lower() for word in telling]),
    )


def _compounds(words: Sequence[str]) -> tuple[str, ...]:
    """Return the names that neighbouring words may make, written together, with underscores, in singular."""
    names: list[str] = []
    for length in _COMPOUND_WORDS:
        for start in range(len(words) - length + 1):
            run = words[start : start + length]
            names += ("".join(run), "_".join(run), "".join(map(stem, run)))
    return tuple(dict.fromkeys(names))


def _looks_like_code(word: str) -> bool:
    """Whether a word in a sentence is an identifier: snake_case, camelCase, CONSTANT."""
    inner = word.strip("_")
    return "_" in inner or (inner != inner.lower() and inner != inner.capitalize())
