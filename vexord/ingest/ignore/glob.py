"""Translate one gitignore line into a regular expression that matches exactly the paths git matches.

pathspec's own patterns also match everything *below* a matching folder, which gives wrong answers as soon as
several files of rules meet (a global `*` against a nested `!*/`). Here a pattern matches a path and nothing
else, as in git's `dir.c` and `wildmatch.c`; what a folder means for its content is decided in `rules.py`.
The subject is a path followed by `FILE_MARK` or `FOLDER_MARK`.
"""

import os
import re

from pathspec.pattern import RegexPattern

MAX_PATH_BYTES = 4_096
"""Longest path that the kernel takes: a pattern that stands for more bytes matches nothing."""
FILE_MARK = "\0"
FOLDER_MARK = "\0d"
"""End of a subject. NUL cannot be part of a name, so no wildcard can swallow the mark."""

_WILDCARDS = "*?[\\"
_AT_START, _AT_ANY_LEVEL = "^", "(?:^|/)"
_OF_FILES, _OF_FOLDERS = r"\x00", r"\x00d"
_STAR = r"[^/\x00]*"

_CLASSES: dict[str, tuple[tuple[str, str], ...]] = {
    "alnum": (("0", "9"), ("A", "Z"), ("a", "z")),
    "alpha": (("A", "Z"), ("a", "z")),
    "blank": ((" ", " "), ("\t", "\t")),
    "cntrl": (("\x01", "\x1f"), ("\x7f", "\x7f")),
    "digit": (("0", "9"),),
    "graph": (("!", "~"),),
    "lower": (("a", "z"),),
    "print": ((" ", "~"),),
    "punct": (("!", "/"), (":", "@"), ("[", "`"), ("{", "~")),
    "space": ((" ", " "), ("\t", "\r")),
    "upper": (("A", "Z"),),
    "xdigit": (("0", "9"), ("A", "F"), ("a", "f")),
}


def as_bytes(text: str) -> str:
    """Return `text` with one character a byte: git matches bytes, and re2 takes no lone surrogates."""
    return text if text.isascii() else os.fsencode(text).decode("latin-1")


def as_text(glob: str) -> str:
    """Undo `as_bytes`, for showing."""
    return glob if glob.isascii() else os.fsdecode(glob.encode("latin-1"))


def split_lines(raw: bytes) -> list[str]:
    """Return the lines of a rule file as git reads them: split at LF only, one CR and the BOM dropped."""
    lines = raw.removeprefix(b"\xef\xbb\xbf").decode("latin-1").split("\n")
    return [line.removesuffix("\r").partition("\0")[0] for line in lines]


def trim(line: str) -> str:
    """Drop trailing spaces, except those quoted by a backslash."""
    end, at = 0, 0
    while at < len(line):
        blank = line[at] == " "
        at += 2 if line[at] == "\\" else 1
        if not blank:
            end = at
    return line[:end]


class _Regex:
    """Stands for a compiled regex. The re2 backend asks for its text alone, and compiling takes long."""

    __slots__ = ("pattern",)

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern

    def search(self, subject: str) -> re.Match[str] | None:
        return re.search(self.pattern, subject)

    match = search
    """By this name pathspec tells a regex from a text."""


class GitPattern(RegexPattern):
    """One gitignore line, as bytes. `include`: True ignores, False re-includes, None is no pattern."""

    __slots__ = ()

    def __init__(self, line: str) -> None:
        regex, include = self.pattern_to_regex(line)
        super().__init__(_Regex(regex) if regex is not None else None, include)  # type: ignore[type-var]

    @classmethod
    def pattern_to_regex(cls, pattern: str) -> tuple[str | None, bool | None]:  # type: ignore[override]
        """Return (regex, include); (None, None) for comments, blanks and patterns that can never match."""
        if pattern.startswith("#"):
            return None, None
        glob = trim(pattern)
        ignore = not glob.startswith("!")
        regex = glob_to_regex(glob if ignore else glob[1:])
        return (None, None) if regex is None else (regex, ignore)


def glob_to_regex(glob: str) -> str | None:
    """Return the regex of a pattern without `!`, or None if it can never match."""
    folder_only = glob.endswith("/")
    glob = glob.removesuffix("/")
    anchored = "/" in glob
    glob = glob.removeprefix("/")
    if not glob:
        return None
    body = _Translator(glob, anchored).run()
    if body is None:
        return None
    return (_AT_START if anchored else _AT_ANY_LEVEL) + body + (_OF_FOLDERS if folder_only else _OF_FILES)


def file_body(regex: str) -> tuple[str, bool] | None:
    """Take a regex of `glob_to_regex` apart: what lies between its ends, and whether that is a whole path.

    None if it matches only folders; without a whole path the body is a name and holds no slash.
    """
    if regex.endswith(_OF_FOLDERS):
        return None
    whole = regex.startswith(_AT_START)
    head = _AT_START if whole else _AT_ANY_LEVEL
    return regex.removeprefix(head).removesuffix(_OF_FILES), whole


class _Translator:
    """Follows git's `wildmatch` character by character."""

    def __init__(self, glob: str, anchored: bool) -> None:
        self._glob = glob
        self._anchored = anchored
        self._at = 0
        self._literal = next((i for i, char in enumerate(glob) if char in _WILDCARDS), len(glob))

    def run(self) -> str | None:
        out: list[str] = []
        taken = 0
        while self._at < len(self._glob):
            char = self._glob[self._at]
            self._at += 1
            piece: str | None
            if char == "*":
                piece = self._stars()
            elif char == "?":
                piece = r"[^/\x00]"
            elif char == "[":
                piece = self._bracket()
            elif char == "\\":
                piece = self._escaped()
            else:
                piece = re.escape(char)
            taken += char != "*"
            if piece is None or taken > MAX_PATH_BYTES:
                return None
            out.append(piece)
        return "".join(out)

    def _escaped(self) -> str | None:
        if self._at == len(self._glob):
            return None
        self._at += 1
        return re.escape(self._glob[self._at - 1])

    def _stars(self) -> str:
        first = self._at - 1
        while self._glob.startswith("*", self._at):
            self._at += 1
        # git cuts the literal prefix off before it calls wildmatch, so `**` right behind it counts as leading
        leads = first in (0, self._literal) or self._glob[first - 1] == "/"
        rest = self._glob[self._at : self._at + 2]
        ends = not rest or rest[0] == "/" or rest == "\\/"
        if self._at - first == 1 or not (self._anchored and leads and ends):
            return _STAR
        if rest.startswith("/"):
            self._at += 1
            return r"(?:[^\x00]*/)?"
        return r"[^\x00]*"

    def _bracket(self) -> str | None:
        negated = self._glob[self._at : self._at + 1] in ("!", "^")
        self._at += negated
        ranges: list[tuple[str, str]] = []
        previous = ""
        start = self._at
        while True:
            char = self._glob[self._at : self._at + 1]
            if not char:
                return None
            if char == "]" and self._at > start:
                self._at += 1
                return _class(ranges, negated)
            following = self._glob[self._at + 1 : self._at + 2]
            if char == "\\":
                if not following:
                    return None
                ranges.append((following, following))
                previous, self._at = following, self._at + 2
            elif char == "-" and previous and following and following != "]":
                if not self._range(previous, ranges):
                    return None
                previous = ""
            elif char == "[" and following == ":":
                named = self._named_class(ranges)
                if named is None:
                    return None
                previous = named
            else:
                ranges.append((char, char))
                previous, self._at = char, self._at + 1

    def _range(self, low: str, ranges: list[tuple[str, str]]) -> bool:
        self._at += 1
        if self._glob[self._at] == "\\":
            self._at += 1
        high = self._glob[self._at : self._at + 1]
        self._at += 1
        ranges.append((low, high))
        return bool(high)

    def _named_class(self, ranges: list[tuple[str, str]]) -> str | None:
        """Take `[:name:]`; return what counts as the previous character, None for an invalid pattern."""
        close = self._glob.find("]", self._at + 2)
        if close < 0:
            return None
        if close == self._at + 2 or self._glob[close - 1] != ":":
            ranges.append(("[", "["))
            self._at += 1
            return "["
        known = _CLASSES.get(self._glob[self._at + 2 : close - 1])
        if known is None:
            return None
        ranges.extend(known)
        self._at = close + 1
        return ""


def _class(ranges: list[tuple[str, str]], negated: bool) -> str | None:
    """Return a regex class; a slash is never in it. None if no character can match."""
    if negated:
        body = "".join(_range_text(low, high) for low, high in ranges if low <= high)
        return rf"[^/\x00{body}]"
    parts: list[str] = []
    for low, high in ranges:
        if low <= "/" <= high:
            parts += [
                _range_text(low, ".") if low < "/" else "",
                _range_text("0", high) if high > "/" else "",
            ]
        elif low <= high:
            parts.append(_range_text(low, high))
    body = "".join(parts)
    return f"[{body}]" if body else None


def _range_text(low: str, high: str) -> str:
    return re.escape(low) if low == high else f"{re.escape(low)}-{re.escape(high)}"
