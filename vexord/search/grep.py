"""Rows whose text holds a phrase or matches an expression: by the index, then by the files, in a budget."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import re2
from numpy.typing import NDArray
from vexor_protocol.errors import INVALID_PARAMS, ProtocolError

from vexord.index.postings import Postings
from vexord.index.types import BY_NAME, KINDS
from vexord.search.candidates import Pool
from vexord.search.filters import Mask
from vexord.search.hits import FileText
from vexord.search.requirements import Clauses, requirements_of
from vexord.search.syntax import TextCondition

MAX_SECONDS = 0.25
MAX_BYTES = 256 << 20
"""What one query may spend on reading files that the index cannot rule out."""
MAX_PROGRAM = 10_000
"""Instructions of the expressions of one query; a word of a hundred letters takes a hundred."""
MAX_STEPS = 50_000_000
"""Bytes times instructions of one look, which nothing can end: at worst re2 takes some 8 ns for each."""
_MAX_MEMORY = 2 << 20
"""Bytes that re2 may keep for an expression."""

_LINES = "(?m)"
"""As in grep, ^ and $ are the ends of a line."""
_BY_NAME = [KINDS.index(kind) for kind in BY_NAME]

Pattern = Any
"""A compiled `re2` pattern; the package has no types."""


@dataclass(slots=True)
class Budget:
    """How much of the files a query may still read."""

    ends: float = field(default_factory=lambda: time.monotonic() + MAX_SECONDS)
    bytes_left: int = MAX_BYTES

    @property
    def spent(self) -> bool:
        """Whether it is time to stop."""
        return self.bytes_left <= 0 or time.monotonic() > self.ends


@dataclass(slots=True)
class Matches:
    """Which rows match, a mask for each pool."""

    masks: list[Mask]
    partial: bool = False
    """The budget did not suffice: there may be more."""
    dropped: int = 0
    """Rows that could not be judged, since their file changed after it was indexed."""


@dataclass(frozen=True, slots=True)
class _File:
    """Rows of one file that are to be judged."""

    pool: int
    file_id: int
    rows: NDArray[np.int64]
    changed_ns: int


def compile_condition(condition: TextCondition) -> Pattern:
    """Return the compiled pattern, which searches UTF-8.

    Raises:
        ProtocolError: INVALID_PARAMS, it is not an expression that RE2 knows.
    """
    return _compile(condition)


def find(
    pools: Sequence[Pool], roots: Sequence[str], conditions: Sequence[TextCondition], budget: Budget
) -> Matches:
    """Return the rows that satisfy all conditions. `roots`: the folder of each pool's project.

    Rows that have all words of the conditions are judged first, the rest from the newest file to the oldest.

    Raises:
        ProtocolError: INVALID_PARAMS, a bad regular expression.
    """
    patterns = _Patterns.of(conditions)
    needs = [requirements_of(condition) for condition in conditions]
    possible = [_restrict(pool, [need.required for need in needs]) for pool in pools]
    likely = [
        mask & _holding(pool, [need.likely for need in needs])
        for pool, mask in zip(pools, possible, strict=True)
    ]
    found = Matches([np.zeros_like(mask) for mask in possible])
    unlikely = [mask & ~first for mask, first in zip(possible, likely, strict=True)]
    for masks in (likely, unlikely):
        for file in _newest_first(pools, masks):
            if budget.spent:
                found.partial = True
                return found
            _judge(pools[file.pool], roots[file.pool], file, patterns, found, budget)
            budget.bytes_left -= int(pools[file.pool].view.segment.files["size"][file.file_id])
    return found


def holding_word(pool: Pool, word_terms: Clauses) -> Mask:
    """Return the rows that have such a word in their text, their symbol or their path."""
    segment = pool.view.segment
    mask = np.zeros(segment.rows, np.bool_)
    for postings in (segment.postings, segment.name_postings):
        mask |= _all_of(postings, word_terms, segment.rows)
    return mask


def focus_line(text: str, start_line: int, conditions: Sequence[TextCondition]) -> int | None:
    """Return the line where the first of the conditions begins to match; None if none does."""
    source = text.encode("utf-8", "replace")
    for condition in conditions:
        pattern = _compile(condition)
        match = pattern.search(source) if pattern.programsize * len(source) <= MAX_STEPS else None
        if match is not None:
            return start_line + source.count(b"\n", 0, match.start())
    return None


@dataclass(frozen=True, slots=True)
class _Patterns:
    """Compiled conditions, all of which a text must satisfy."""

    patterns: Sequence[Pattern]
    size: int
    """Instructions of all."""

    @classmethod
    def of(cls, conditions: Sequence[TextCondition]) -> "_Patterns":
        """Raises ProtocolError: INVALID_PARAMS, a bad expression, or too many of them."""
        patterns = [_compile(condition) for condition in conditions]
        regexes = [one.programsize for one, asked in zip(patterns, conditions, strict=True) if asked.is_regex]
        if sum(regexes) > MAX_PROGRAM:
            raise ProtocolError(
                INVALID_PARAMS,
                f"the regular expressions of this query are too large: {sum(regexes)} instructions, "
                f"{MAX_PROGRAM} are allowed",
                "write shorter ones; for the text as it stands use double quotes, or: vexorctl search -F",
            )
        return cls(patterns, sum(pattern.programsize for pattern in patterns))

    def affords(self, text: bytes) -> bool:
        """Whether one look at a text ends soon, whatever the text."""
        return self.size * len(text) <= MAX_STEPS

    def match(self, text: bytes) -> bool:
        """Whether a text satisfies all."""
        return all(pattern.search(text) for pattern in self.patterns)


@lru_cache(maxsize=32)
def _compile(condition: TextCondition) -> Pattern:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_MEMORY
    options.literal = not condition.is_regex
    options.case_sensitive = not condition.ignore_case
    pattern = _LINES + condition.pattern if condition.is_regex else condition.pattern
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace").replace(_LINES, "", 1)
        raise ProtocolError(
            INVALID_PARAMS,
            f"bad regular expression /{condition.pattern}/: {reason}",
            "write it in RE2's syntax (no look-around, no back-references); "
            "for the text as it stands, put it in double quotes, or use: vexorctl search --text",
        ) from None


def _restrict(pool: Pool, needs: Sequence[Clauses]) -> Mask:
    mask = _holding(pool, needs)
    mask &= ~np.isin(pool.view.segment.chunks["kind"], _BY_NAME)  # no text, and of any size
    return mask if pool.mask is None else mask & pool.mask


def _holding(pool: Pool, needs: Sequence[Clauses]) -> Mask:
    segment = pool.view.segment
    return _all_of(segment.postings, tuple(clause for need in needs for clause in need), segment.rows)


def _all_of(postings: Postings, clauses: Clauses, rows: int) -> Mask:
    mask = np.ones(rows, np.bool_)
    for clause in clauses:
        any_of = np.zeros(rows, np.bool_)
        for term in clause:
            match = postings.lookup(term)
            if match is not None:
                any_of[match[0]] = True
        mask &= any_of
    return mask


def _newest_first(pools: Sequence[Pool], masks: Sequence[Mask]) -> Iterator[_File]:
    files: list[_File] = []
    for number, (pool, mask) in enumerate(zip(pools, masks, strict=True)):
        segment = pool.view.segment
        rows = np.flatnonzero(mask)
        ids, starts = np.unique(segment.chunks["file"][rows], return_index=True)
        changed = segment.files["mtime_ns"][ids].tolist()
        groups = np.split(rows, starts[1:])
        files += map(_File, [number] * len(ids), ids.tolist(), groups, changed)
    return iter(sorted(files, key=lambda file: -file.changed_ns))


def _judge(pool: Pool, root: str, file: _File, patterns: _Patterns, found: Matches, budget: Budget) -> None:
    text = FileText(root, pool.view.segment, file.file_id)
    source = text.source()
    if source is not None and patterns.affords(source) and not patterns.match(source):
        return  # the file as a whole is soon ruled out; its chunks may be many
    for row in file.rows.tolist():
        piece = text.piece(row)
        if piece is None:
            found.dropped += 1
        elif budget.spent:
            found.partial = True
            return
        elif not patterns.affords(piece):
            found.partial = True
        elif patterns.match(piece):
            found.masks[file.pool][row] = True
