"""Questions from change logs: what a release changed, answered by the files that it names."""

import re
from collections import defaultdict
from collections.abc import Iterator
from hashlib import sha256

from benchmarks.quality.second.corpus import Corpus, is_main
from benchmarks.quality.second.question import Question, Target

MIN_WORDS, MAX_WORDS = 5, 30
_MAX_FILES = 3
_MAX_LENGTH = 4_000_000
_GNU = re.compile(r"^\t?\s*\* ([\w./+-]+\.\w+(?:, [\w./+-]+\.\w+)*)\s*((?:\([^)]*\))?):\s*(.*)$")
_BULLET = re.compile(r"^\s*(?:[-*+]|\d+\.)\s+(.*)$")
_CODE = re.compile(
    r"``?([^`\n]+)``?|:\w+:`~?([^`\n]+)`|\b([A-Za-z]\w*(?:(?:::|\.|#)\w+)+|\w+_\w+"
    r"|[a-z]+[A-Z]\w+|[A-Z][a-z]+[A-Z]\w+)\b(?:\(\))?"
)
_CREDIT = re.compile(
    r"\s*(\((?:by|contribution|thanks|reported)\b[^)]*\)?|, (?:[A-Z]\w+ [A-Z]\w+|requested|reported)[^,]*)$"
)
_NOISE = re.compile(
    r"\(?\[[^\]]*\](?:\[[^\]]*\])?[,;\s)]*|^[\w -]{2,12}(?:\([\w-]+\))?!?: |</?\w+[^>]*/?>"
    r"|\(?#\d+\)?|\(?:\w+:`\d+`\)?|\bGH-?\d+|https?://\S+|\bby @\S+|@\w+|\([A-Z][\w. ]+\)$"
)
_TORN = re.compile(
    r"^\W|^(to|and|or)\b|[,(] *[,)]|, and\b|\?$|\\"
    r"|\b(an?|and|as|at|by|for|from|if|in|into|of|on|or|than|that|the|to|using|when|with)"
    r"( and| or| in| to| of| on| for| with|,|$)",
    re.IGNORECASE,
)
"""Marks of a sentence that lost a word."""
_BOILERPLATE = re.compile(
    r"copyright|^removed?\b|^deprecate|^dropp?|^rename|\bbump|release|version"
    r"|typo|whitespace|indent|likewise|gnulib|submodule|translat|changelog|readme"
    r"|document|\btests?\b|\bci\b|travis|upgrade|merge|regenerat|moved to|dependabot|license",
    re.IGNORECASE,
)


def questions(corpus: Corpus, logs: dict[str, str], repo: str, language: str) -> Iterator[Question]:
    """Yield a question for each entry that leads to at most three files of the repository's own code."""
    defined: dict[str, set[str]] = defaultdict(set)
    for path, one in corpus.definitions():
        defined[one.name].add(path)
    for log in sorted(logs):
        for named, symbols, text in entries(logs[log][:_MAX_LENGTH]):
            if named:
                paths = {
                    path
                    for name in named
                    for path in corpus.files
                    if path == name or path.endswith("/" + name)
                }
                paths = paths if len(paths) <= len(named) else set()
            else:
                paths = {path for symbol in symbols if len(defined[symbol]) == 1 for path in defined[symbol]}
            query = ask(text, symbols)
            own = sorted(path for path in paths if is_main(path) and corpus.outline(path))
            if query and 0 < len(own) <= _MAX_FILES and len(own) == len(paths):
                yield Question(repo, language, query, "change", [Target(path) for path in own])


def entries(log: str) -> Iterator[tuple[list[str], list[str], str]]:
    """Yield the files, the names and the text of each entry of a log."""
    for first, *more in _paragraphs(log):
        gnu = _GNU.match(first)
        bullet = _BULLET.match(first)
        if gnu:
            text = " ".join([gnu[3], *map(str.strip, more)])
            yield gnu[1].split(", "), re.findall(r"[\w.:]+", gnu[2]), text
        elif bullet:
            text = " ".join([bullet[1], *map(str.strip, more)])
            found = [next(filter(None, groups)) for groups in _CODE.findall(text)]
            yield [], [re.split(r"::|\.|#", name.rstrip("()"))[-1] for name in found], text


def ask(text: str, symbols: list[str]) -> str:
    """Return an entry as a question; every second one without the names, which give the answer away."""
    text = re.split(r"(?<=[a-z)`])\. +[A-Z]|; ", _NOISE.sub("", text))[0]
    if sha256(text.encode()).digest()[0] % 2:
        text = _CODE.sub("", text)
        for symbol in symbols:
            text = re.sub(rf"\b{re.escape(symbol)}\b", "", text)
    text = re.sub(r"[`*]+|:\w+:", "", text)
    query = _CREDIT.sub("", " ".join(text.replace("()", "").split()).strip(" .,:;-()"))
    words = query.split()
    if not MIN_WORDS <= len(words) <= MAX_WORDS or _BOILERPLATE.search(query):
        return ""
    if _TORN.search(query) or not query.isascii():
        return ""
    return query


def _paragraphs(log: str) -> Iterator[list[str]]:
    """Yield the lines of each entry: from a mark to the next mark, blank line or heading."""
    entry: list[str] = []
    for line in log.splitlines():
        if _GNU.match(line) or _BULLET.match(line):
            if entry:
                yield entry
            entry = [line]
        elif not line.strip() or not line[:1].isspace():
            if entry:
                yield entry
            entry = []
        elif entry:
            entry.append(line)
    if entry:
        yield entry
