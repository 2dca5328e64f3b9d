"""The rules of one place: compiled lines with their origin, matched by pathspec's fastest backend."""

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import re2
from pathspec import PathSpec

from vexord.ingest.ignore.glob import FOLDER_MARK, GitPattern, as_text, file_body, split_lines, trim

logger = logging.getLogger(__name__)

_BYTES = re2.Options()
_BYTES.encoding = re2.Options.Encoding.LATIN1  # a wildcard matches any byte
_BYTES.log_errors = False

Backend = Literal["best", "re2", "simple"]

_GROUP = 100
"""Patterns in one re2 set: a set has 8 MB for its states; beyond them it fails or, worse, finds nothing."""
_MAX_LINE_BYTES = 1 << 15
_PROBE = "\0\0"
"""A subject that each set matches: one that does not has failed without a word."""

GAP = b"\0/\0"
"""Between the names of a folder's files in one text."""
_WILD = re.compile(r"\[[^\]]*\]|[*?]")


@dataclass(frozen=True, slots=True)
class IgnoreReason:
    """The rule that decided. `line` is 1-based, None for built-in rules."""

    source: str
    line: int | None
    pattern: str

    def __str__(self) -> str:
        place = self.source if self.line is None else f"{self.source}:{self.line}"
        return f"{place} `{self.pattern}`"


@dataclass(frozen=True, slots=True)
class Rule:
    """One effective line."""

    reason: IgnoreReason
    pattern: GitPattern
    negated: bool
    named: bool
    """The last part of the pattern names something: `!.env` does, `!*` and `!*/` do not. Only a named
    re-include wins over built-in rules, so that the idiom `*`, `!*/`, `!*.py` does not open `.git`."""
    folders: tuple[str, ...]
    """For a re-include with a path: patterns of the folders on the way to what it names."""


def parse_rules(
    lines: Iterable[str], source: str, *, numbered: bool = True, left_out: "LeftOut | None" = None
) -> list[Rule]:
    """Return the effective rules among the lines of a rule file; lines that mean nothing are dropped.

    Those that are too long are told to `left_out`.
    """
    rules: list[Rule] = []
    for number, line in enumerate(lines, 1):
        if len(line) > _MAX_LINE_BYTES:
            if left_out is not None:
                left_out.add(f"{source}:{number}", "its line is too long")
            continue
        pattern = GitPattern(line)
        if pattern.include is None:
            continue
        text = trim(line)
        glob = text.removeprefix("!")
        parts = glob.strip("/").split("/")
        negated = not pattern.include
        rules.append(
            Rule(
                reason=IgnoreReason(source, number if numbered else None, as_text(text)),
                pattern=pattern,
                negated=negated,
                named=_names(parts[-1]),
                folders=_way(parts) if negated else (),
            )
        )
    return rules


def parse_file(raw: bytes, source: str, left_out: "LeftOut | None" = None) -> list[Rule]:
    """Return the rules of a file's content."""
    return parse_rules(split_lines(raw), source, left_out=left_out)


class LeftOut:
    """Rules that are not obeyed, for they would cost too much: where they stand. Each is logged once."""

    def __init__(self) -> None:
        self.places: list[str] = []

    def add(self, place: str, why: str) -> None:
        """Note a rule, `FILE:LINE`, or a whole file."""
        if place not in self.places:
            self.places.append(place)
            logger.warning("rule left out, %s place=%r", why, place)


def _names(part: str) -> bool:
    return any(char.isalnum() or char == "_" for char in _WILD.sub("", part))


def _way(parts: Sequence[str]) -> tuple[str, ...]:
    """Return patterns for the folders on the way: for `a/*/b.py` these are `/a` and `/a/*`."""
    first = next((i for i, part in enumerate(parts) if _names(part)), len(parts))
    return tuple("/" + "/".join(parts[:end]) for end in range(first + 1, len(parts)))


class _Probe(GitPattern):
    """Matches `_PROBE` alone."""

    __slots__ = ()

    @classmethod
    def pattern_to_regex(cls, _pattern: str) -> tuple[str | None, bool | None]:  # type: ignore[override]
        return r"^\x00\x00$", True


class _Matcher:
    """Finds the last of many patterns that matches a subject."""

    def __init__(self, patterns: Sequence[GitPattern], backend: Backend) -> None:
        starts = range(0, len(patterns), _GROUP)
        groups = [group for at in starts for group in _compile(at, patterns[at : at + _GROUP], backend)]
        self.too_large = [at for at, spec in groups if spec is None]
        """Numbers of the patterns that no engine of linear time takes."""
        self._groups = [(at, spec) for at, spec in reversed(groups) if spec is not None]

    def last(self, subject: str) -> int | None:
        for at, spec in self._groups:
            index = spec.check_file(subject, ()).index
            if index is not None:
                return at + index - 1
        return None


_Group = tuple[int, PathSpec[GitPattern] | None]
"""Where its patterns begin, and the probe followed by them; None for one pattern that is too large."""


def _compile(at: int, patterns: Sequence[GitPattern], backend: Backend) -> list[_Group]:
    """Return sets of all patterns, more than one if they are too much for one.

    Never an engine that may take exponential time: the lines may be a stranger's.
    """
    try:
        spec = PathSpec([_Probe(""), *patterns], backend=backend)
        if spec.check_file(_PROBE, ()).index is not None:
            return [(at, spec)]
    except re2.error:
        pass
    if len(patterns) == 1:
        return [(at, None)]
    half = len(patterns) // 2
    return _compile(at, patterns[:half], backend) + _compile(at + half, patterns[half:], backend)


class _Sieve:
    """Finds, in one pass over a folder's names, those that a pattern may match; most often none.

    Each name stands between two NULs of its own, which no name and no wildcard holds. The slash between two
    names keeps `*` from matching there.
    """

    def __init__(self, patterns: Sequence[GitPattern]) -> None:
        found = [file_body(pattern.regex.pattern) for pattern in patterns if pattern.regex is not None]
        bodies = [body for body in found if body is not None]
        self._of_names = _alternatives([body for body, whole in bodies if not whole])
        self._of_paths = _alternatives([body for body, whole in bodies if whole])

    def matched(self, folder: bytes, names: bytes) -> Iterator[bytes]:
        """Yield names, some more than once; see `RuleSet.may_match`."""
        for regex in self._of_names:
            for match in regex.finditer(names):
                yield match.group()[1:-1]
        if not self._of_paths:
            return
        paths = b"\0" + folder + names[1:].replace(GAP, GAP + folder)
        for regex in self._of_paths:
            for match in regex.finditer(paths):
                yield match.group()[1 + len(folder) : -1]


def _alternatives(bodies: Sequence[str]) -> list["re.Pattern[bytes]"]:
    groups = [bodies[at : at + _GROUP] for at in range(0, len(bodies), _GROUP)]
    return [re2.compile(f"\\x00(?:{'|'.join(group)})\\x00".encode("latin-1"), _BYTES) for group in groups]


class RuleSet:
    """Rules in order of rising strength: the last match decides. Immutable; safe to share between threads."""

    def __init__(
        self, rules: Sequence[Rule], backend: Backend = "best", left_out: LeftOut | None = None
    ) -> None:
        self.left_out = left_out or LeftOut()
        """Grows as rules are compiled for the questions that come."""
        self._rules = tuple(rules)
        self._backend = backend
        self._views: dict[tuple[bool, bool], tuple[_Matcher, tuple[Rule, ...]]] = {}
        ways = [(GitPattern(way), rule) for rule in self._rules for way in rule.folders]
        self._ways = self._matcher(*zip(*ways, strict=True)) if ways else None

    def __bool__(self) -> bool:
        return bool(self._rules)

    def match(self, subject: str, *, named: bool = False, reaching: bool = False) -> Rule | None:
        """Return the deciding rule for a subject (path + mark).

        `named`: only re-includes that name something count; `reaching`: only those that name the way count.
        """
        matcher, rules = self._views.get((named, reaching)) or self._view(named, reaching)
        index = matcher.last(subject)
        return None if index is None else rules[index]

    def may_match(self, folder: bytes, names: bytes) -> Iterator[bytes]:
        """Yield at least the names of files that a rule which ignores matches.

        `folder`: its path with a closing slash. `names`: a NUL, the names with `GAP` between them, a NUL.
        """
        return self._sieve.matched(folder, names) if self._sieve else iter(names[1:-1].split(GAP))

    @cached_property
    def _sieve(self) -> _Sieve | None:
        try:
            return _Sieve([rule.pattern for rule in self._rules if not rule.negated])
        except re2.error:  # too large for one regex
            return None

    def leads_into(self, path: str) -> bool:
        """Whether a re-include names something below the folder `path`."""
        return self._ways is not None and self._ways.last(path + FOLDER_MARK) is not None

    def _view(self, named: bool, reaching: bool) -> tuple[_Matcher, tuple[Rule, ...]]:
        rules = tuple(
            rule
            for rule in self._rules
            if not rule.negated or ((rule.named or not named) and (rule.folders or not reaching))
        )
        view = (self._matcher([rule.pattern for rule in rules], rules), rules)
        self._views[named, reaching] = view
        return view

    def _matcher(self, patterns: Sequence[GitPattern], rules: Sequence[Rule]) -> _Matcher:
        """`rules`: whose pattern each is."""
        matcher = _Matcher(patterns, self._backend)
        for number in matcher.too_large:
            reason = rules[number].reason
            self.left_out.add(f"{reason.source}:{reason.line}", "it is too large")
        return matcher
