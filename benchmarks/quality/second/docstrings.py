"""Questions from documentation: a docstring is cut out, its first sentence asks for the function."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.quality.second.syntax import Definition, Outline

MIN_WORDS, MAX_WORDS = 5, 28
_MIN_LINES = 4
"""Of a function; shorter ones are said over again in many places."""
_AHEAD = re.compile(r"^\s*(#\[|@\w|\[\w|template\s*<|public:|private:)")
"""Lines that may stand between a comment and what it documents."""
_MARKERS = re.compile(
    r"^\s*(/\*+!?|\*+/|\*+|//+[!/<]?|#+!?|--+\s?\|?|;+|%+|\(\*+|\{-\s?\|?|[rRbu]{0,2}(\"\"\"|'''|\"|'))"
)
_CLOSERS = re.compile(r"(\*+/|\*\)|-\}|\"\"\"|''')\s*$")
_TAGS = re.compile(
    r"^\s*([@\\:](?!brief|class:|func:|meth:)\w+|Args|Arguments|Returns?|Raises|Parameters|Examples?)\b[:\s]*$"
    r"|^\s*[@\\]\w+|^\s*:\w+ "
)
_MARKUP = (
    (re.compile(r"\{@\w+\s+#?([^}]*)\}"), r"\1"),
    (re.compile(r":\w+:`~?([^`]*)`"), r"\1"),
    (re.compile(r"</?\w+[^>]*/?>"), " "),
    (re.compile(r"\[([^\]]*)\]\([^)]*\)"), r"\1"),
    (re.compile(r"[`*]+"), ""),
    (re.compile(r"^\s*@brief\s+|\\brief\s+"), ""),
)
_SENTENCE = re.compile(r"(?<=[a-z0-9)'\"])[.!?](?=\s+[A-Z(]|\s*$)")
_BOILERPLATE = re.compile(
    r"inherit|copyright|licen[sc]e|deprecated|todo|fixme|see also|https?:|auto-?generated|for internal"
    r"|not implemented"
    r"|do not use|\?|getter|setter|constructor\b|eslint|noqa|pragma|={4}|-{4}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Documented:
    """A function with the lines of its documentation and what that says."""

    definition: Definition
    lines: tuple[int, int]
    sentence: str


def documented(outline: Outline, text: str) -> Iterator[Documented]:
    """Yield the functions of a file whose documentation makes a question."""
    lines = text.split("\n")
    ends = {end: start for start, end in outline.comments}
    for definition in outline.definitions:
        if not definition.is_function or definition.name.startswith("_"):
            continue
        found = definition.body_text or _before(definition.start, lines, ends)
        if found is None:
            continue
        inside = found[1] - found[0] + 1 if definition.body_text else 0
        if definition.end - definition.start + 1 - inside < _MIN_LINES:
            continue
        sentence = first_sentence(lines[found[0] - 1 : found[1]], definition.name)
        if sentence:
            yield Documented(definition, found, sentence)


def first_sentence(lines: list[str], name: str) -> str:
    """Return the first sentence of a comment as a question, or nothing if it is not one.

    Go's and some others' begin with the function's name, which is left out; a name of several words anywhere
    else would give the answer away, so such a sentence is refused.
    """
    words: list[str] = []
    for line in lines:
        plain = _CLOSERS.sub("", _MARKERS.sub("", line)).strip()
        if words and (not plain or _TAGS.match(plain)):
            break
        if plain.startswith(". ") and words:
            break
        plain = plain.removeprefix(". ")
        if plain and not _TAGS.match(plain):
            words.append(plain)
    text = " ".join(words)
    for pattern, replacement in _MARKUP:
        text = pattern.sub(replacement, text)
    sentence = " ".join(_SENTENCE.split(text)[0].split()).rstrip(".:;, ")
    sentence = re.sub(rf"^(the\s+)?{re.escape(name)}\b(\(\))?[\s:,-]*", "", sentence, flags=re.IGNORECASE)
    return "" if _is_bad(sentence, name) else sentence


def _is_bad(sentence: str, name: str) -> bool:
    if not MIN_WORDS <= len(sentence.split()) <= MAX_WORDS or _BOILERPLATE.search(sentence):
        return True
    if not sentence.isascii() or sum(letter.isalpha() or letter == " " for letter in sentence) < 0.85 * len(
        sentence
    ):
        return True
    telling = "_" in name or not (name.islower() or name.istitle())
    return telling and name.lower() in sentence.lower()


def _before(start: int, lines: list[str], ends: dict[int, int]) -> tuple[int, int] | None:
    """Return the lines of the comments directly above a line, over attributes and annotations."""
    row = start - 1
    while row >= 1 and row not in ends and _AHEAD.match(lines[row - 1]):
        row -= 1
    last = row
    while row in ends:
        row = ends[row] - 1
    # A comment that begins the file is its licence.
    return (row + 1, last) if row < last and row >= 1 else None
