"""Terms that a chunk must have in the index if its text is to hold a phrase or match a regular expression.

A term stands for a whole word, but a phrase may begin or end inside one, and a regular expression may vary.
So only words with a proper edge on both sides are required; the others are merely likely.
"""

import re
from dataclasses import dataclass
from typing import Literal

from vexord.index.terms import analyse, wide_pairs
from vexord.search.syntax import TextCondition
from vexord.words import normal, stem

Clauses = tuple[frozenset[str], ...]
"""All of them must hold; a clause holds if the chunk has any of its terms."""


@dataclass(frozen=True, slots=True)
class Requirements:
    """What the index can say of a condition before the text is read."""

    required: Clauses
    """A chunk without these does not match."""
    likely: Clauses
    """A chunk that matches has these, unless the phrase begins or ends inside a word of it."""


def requirements_of(condition: TextCondition) -> Requirements:
    """Work out the terms of a condition; none if nothing can be said."""
    if condition.is_regex:
        clauses = _of_words(_regex_words(condition.pattern), condition.ignore_case)
        return Requirements(clauses, clauses)
    text = condition.pattern
    words = list(re.finditer(r"\w+", text))
    inner = [word[0] for word in words if word.start() > 0 and word.end() < len(text)]
    required = _of_words(inner, condition.ignore_case)
    # Pairs of scripts without spaces are pairs of any longer run as well.
    required += tuple(frozenset({pair}) for pair in wide_pairs(text))
    return Requirements(required, _of_words([word[0] for word in words], condition.ignore_case))


def _of_words(words: list[str], ignore_case: bool) -> Clauses:
    clauses: dict[frozenset[str], None] = {}
    for word in words:
        clauses.update(dict.fromkeys(_clauses(word, ignore_case)))
    return tuple(clauses)


def _clauses(word: str, ignore_case: bool) -> list[frozenset[str]]:
    pieces = normal(word).split()
    if len(pieces) > 1:
        return [clause for piece in pieces for clause in _clauses(piece, ignore_case)]
    if not ignore_case or not word.isascii():
        return [frozenset({term}) for term in analyse(word)]
    # In other capitals it would be cut elsewhere: only the whole is sure, or its stem where it has one part.
    whole = word.lower().strip("_")
    return [frozenset({whole, stem(whole)})] if whole else []


# --- regular expressions -----------------------------------------------------------------------------------

_Kind = Literal["letter", "edge", "maybe_edge", "open"]
_ATOM = re.compile(
    r"(?P<edge>\\[bsWAznrtfv]|[\^$])"
    r"|\\(?P<escaped>[^\w\s])"
    r"|(?P<open>\\[BwdDS]|\.|\[\^?\]?(?:\\.|[^\]\\\[])*\])"
    r"|(?P<plain>[^\\\[\](){}|*+?.^$])"
)
_REPEAT = re.compile(r"(?:(?P<plus>\+)|[*?]|\{\d+(?:,\d*)?\})\??")
_GROUP = re.compile(r"\((?:\?(?::|P<\w+>)|(?!\?))")


def _regex_words(pattern: str) -> list[str]:
    """Return the words that every match holds whole; none if the expression is beyond this reading."""
    atoms = _atoms(pattern)
    words: list[str] = []
    start = 0
    while start < len(atoms):
        end = start
        while end < len(atoms) and _is_word(atoms[end]):
            end += 1
        if end > start and _is_edge(atoms, start - 1) and _is_edge(atoms, end):
            words.append("".join(char for _, char in atoms[start:end]))
        start = end + 1
    return words


def _is_word(atom: tuple[_Kind, str]) -> bool:
    return atom[0] == "letter" and (atom[1].isalnum() or atom[1] == "_")


def _is_edge(atoms: list[tuple[_Kind, str]], at: int) -> bool:
    """Whether no word character can stand at atom `at`, or at the one that follows an optional space."""
    if not 0 <= at < len(atoms):
        return False
    kind = atoms[at][0]
    if kind == "maybe_edge":
        return _is_edge(atoms, at + 1)
    return kind == "edge" or (kind == "letter" and not _is_word(atoms[at]))


def _atoms(pattern: str) -> list[tuple[_Kind, str]]:
    """Cut an expression into its outermost parts; empty if it has alternatives or anything unusual."""
    atoms: list[tuple[_Kind, str]] = []
    at = 0
    while at < len(pattern):
        kind: _Kind = "open"
        char = ""
        if pattern[at] == "(":
            end = _group_end(pattern, at)
        else:
            found = _ATOM.match(pattern, at)
            end = found.end() if found else None
            if found and found["edge"]:
                kind = "edge"
            elif found and not found["open"]:
                kind, char = "letter", found["escaped"] or found["plain"]
        if end is None:
            return []
        repeat = _REPEAT.match(pattern, end)
        if repeat:
            end = repeat.end()
            once = kind == "edge" and repeat["plus"]
            kind = "edge" if once else "maybe_edge" if kind == "edge" else "open"
        atoms.append((kind, char))
        at = end
    return atoms


def _group_end(pattern: str, at: int) -> int | None:
    """Return the end of the group that begins at `at`; None if it sets flags or is not closed."""
    depth = 0
    while at < len(pattern):
        if pattern[at] == "(":
            opening = _GROUP.match(pattern, at)
            if opening is None:
                return None
            depth, at = depth + 1, opening.end()
        elif pattern[at] == ")":
            depth, at = depth - 1, at + 1
            if depth == 0:
                return at
        elif pattern[at] in "|*+?{}":
            at += 1
        else:
            atom = _ATOM.match(pattern, at)
            if atom is None:
                return None
            at = atom.end()
    return None
