"""Questions that quote part of an error message; the function that raises it answers."""

import re
from collections.abc import Iterator

from benchmarks.quality.second.corpus import Corpus
from benchmarks.quality.second.question import Question, Target
from benchmarks.quality.second.syntax import Definition, Outline

MIN_WORDS, MAX_WORDS = 4, 9
_RAISES = re.compile(
    r"\b(raise|throw|panic!?|bail!?|errors?\.New|Errorf|die|croak|confess|fatal"
    r"|error|abort|exit|perror|failwith"
    r"|invalid_arg|fail|warn(ing)?|_error|set_error|throwError|errorf?|logprintf|LOG_\w+|Exception|Error|Err)\b\W",
)
_LITERAL = re.compile(r"\"((?:[^\"\\\n]|\\.)*)\"|'((?:[^'\\\n]|\\.)*)'|`([^`\n]*)`")
_HOLES = re.compile(r"%[-+ #0-9.*]*[a-zA-Z]|\{[^}]*\}|\$\{[^}]*\}|\$\w+|#\{[^}]*\}|\\.|[<>\"'`=|]")
_REACH = 2
"""Lines after the raising word in which its message may stand."""


def questions(corpus: Corpus, repo: str, language: str) -> Iterator[Question]:
    """Yield a question for each message that one function alone raises."""
    everything = "\n".join(corpus.files.values())
    for path in corpus.code():
        outline = corpus.outline(path)
        lines = corpus.files[path].split("\n")
        if outline is None:
            continue
        for row, line in enumerate(lines):
            if not _RAISES.search(line) or line.lstrip().startswith(("#", "//", "*", "--", ";")):
                continue
            for message in messages("\n".join(lines[row : row + _REACH])):
                around = _around(outline, row + 1)
                if around and everything.count(message) == 1:
                    number = len(message) % 2
                    query = f"where is the error '{message}' raised" if number else message
                    yield Question(repo, language, query, "error", [Target(path, around.start, around.end)])


def messages(code: str) -> Iterator[str]:
    """Yield, of each text in the code, the longest part that is the same whatever is filled in."""
    for found in _LITERAL.finditer(code):
        parts = [part.strip(" .,:;!?()[]-") for part in _HOLES.split(found[1] or found[2] or found[3] or "")]
        part = max(parts, key=len)
        words = part.split()
        cut = " ".join(words[:MAX_WORDS])
        if len(words) >= MIN_WORDS and part.isascii() and sum(map(str.isalpha, cut)) > 0.7 * len(cut):
            yield cut


def _around(outline: Outline, row: int) -> Definition | None:
    holding = [one for one in outline.definitions if one.is_function and one.start <= row <= one.end]
    return min(holding, key=lambda one: one.end - one.start, default=None)
