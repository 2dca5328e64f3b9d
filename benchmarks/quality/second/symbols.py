"""Questions that are a bare or a qualified name, with the one definition that answers."""

from collections import Counter
from collections.abc import Iterator

from benchmarks.quality.second.corpus import Corpus
from benchmarks.quality.second.question import Question, Target

_MIN_LETTERS = 5
_MIN_FILES = 3
"""A name must occur in so many files that finding one that says it is no answer."""
_MIN_LINES = 3
_DOTTED = {
    "cpp": "::",
    "rust": "::",
    "php": "::",
    "perl": "::",
    "ruby": "#",
    "lua": ".",
    "csharp": ".",
    "erlang": ":",
}


def questions(corpus: Corpus, repo: str, language: str) -> Iterator[Question]:
    """Yield a question for each name that has one definition and is used elsewhere."""
    found = [pair for pair in corpus.definitions() if len(pair[1].name) >= _MIN_LETTERS]
    qualified = Counter((one.parent, one.name) for _, one in found)
    for path, one in found:
        if one.end - one.start + 1 < _MIN_LINES or one.name.startswith("__"):
            continue
        target = [Target(path, one.start, one.end)]
        if corpus.everywhere[one.name] == 1 and corpus.words[one.name] >= _MIN_FILES:
            yield Question(repo, language, one.name, "symbol", target)
        elif one.parent and qualified[one.parent, one.name] == 1 < corpus.everywhere[one.name]:
            name = f"{one.parent.rpartition('.')[2]}{_DOTTED.get(language, '.')}{one.name}"
            if corpus.words[one.name] >= _MIN_FILES:
                yield Question(repo, language, name, "qualified", target)
