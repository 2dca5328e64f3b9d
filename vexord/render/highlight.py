"""Where the words of a query stand in a line of code, also inside identifiers."""

import re
from collections.abc import Sequence

_MIN_PREFIX = 4
"""A term this long also marks the beginning of a longer word: `index` in `indexer`."""
_MAX_TERMS = 64
_ENDING = "s|es"

Span = tuple[int, int]


class Highlighter:
    """Finds terms, ignoring case, at the beginning of words and of the parts of identifiers."""

    def __init__(self, terms: Sequence[str]) -> None:
        forms = [_form(term) for term in sorted(set(terms[:_MAX_TERMS]), key=len, reverse=True)]
        self._regex = re.compile("|".join(forms), re.IGNORECASE) if forms else None

    def spans(self, line: str) -> list[Span]:
        """Return half-open character ranges, in order, not overlapping."""
        if self._regex is None:
            return []
        found: list[Span] = []
        at = 0
        while match := self._regex.search(line, at):
            start, end = match.span()
            if _begins_part(line, start) and (end - start >= _MIN_PREFIX or _ends_part(line, end)):
                found.append((start, end))
                at = end
            else:
                at = start + 1
        return found


def _form(term: str) -> str:
    plain = re.escape(term)
    plural = f"(?:{_ENDING})?(?!(?-i:[a-z]))" if term.isascii() and term[-1:].isalpha() else ""
    # a plural ending belongs to the mark only where the word ends with it
    forms = [plain + plural, plain] if plural else [plain]
    if term.isascii() and term.endswith("y"):
        forms.insert(0, re.escape(term[:-1]) + "ies")
    return "|".join(forms)


def _begins_part(line: str, at: int) -> bool:
    if at == 0:
        return True
    before, here = line[at - 1], line[at]
    if not (before.isalnum() and here.isalnum()) or not here.isascii():
        return True
    if before.isdigit() != here.isdigit():
        return True
    if here.isupper():
        # fooBar, and HTTPServer
        return before.islower() or line[at + 1 : at + 2].islower()
    return False


def _ends_part(line: str, at: int) -> bool:
    after, last = line[at : at + 1], line[at - 1]
    if not after.isalnum() or not last.isascii():
        return True
    return after.isdigit() != last.isdigit() or (after.isupper() and not last.isupper())
