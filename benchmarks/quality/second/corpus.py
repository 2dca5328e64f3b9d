"""The files of one repository while it is mined: texts, outlines, and which of them count as its own code."""

import re
from collections import Counter
from functools import cached_property
from pathlib import PurePosixPath

from benchmarks.quality.second.syntax import Definition, Outline, language_of, outline

MAX_FILE_BYTES = 600_000
_NOT_MAIN = re.compile(
    r"(^|/)(tests?|testing|testenv|specs?|t|examples?|samples?|demos?|docs?|doc|benchmarks?|bench|vendor|third.?party"
    r"|contrib|extern(al)?|node_modules|dist|build|scripts?|tools?|fixtures|debian|tests-runner|test-proxies|integration-tests"
    r"|addons-tests?)(/|$)|(^|[/_.-])(tests?|spec)[_.-]"
    r"|[_.-](tests?|spec)\.|Tests?\.(java|cs|php)$|\.min\.|Test[A-Z]\w*\."
    r"|(^|/)(conftest|setup|configure)\b",
    re.IGNORECASE,
)
_CHANGES = re.compile(r"^(change(s|log)|history|news|release[-_ ]?notes)([.\-_].*)?$", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def is_changes(path: str) -> bool:
    """Whether a file records what changed from release to release."""
    name = PurePosixPath(path)
    if language_of(path):
        return False
    return bool(_CHANGES.match(name.name)) or (
        bool(_CHANGES.match(name.parent.name)) and name.suffix in {".md", ".rst"}
    )


def is_main(path: str) -> bool:
    """Whether a path is a repository's own code: not tests, docs, examples, tools or copies of others."""
    return not _NOT_MAIN.search(path)


class Corpus:
    """The text files of a repository by path; what `replace` writes is what later questions see."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files = files
        self._outlines: dict[str, Outline | None] = {}

    def replace(self, path: str, text: str) -> None:
        """Change a file."""
        self.files[path] = text
        self._outlines.pop(path, None)
        for name in ("words", "texts"):
            self.__dict__.pop(name, None)

    def outline(self, path: str) -> Outline | None:
        """Return the definitions and comments of a file; None if it is not code that is mined."""
        if path not in self._outlines:
            self._outlines[path] = outline(path, self.files[path])
        return self._outlines[path]

    def code(self) -> list[str]:
        """Return the paths of the repository's own code, in order."""
        return [path for path in sorted(self.files) if is_main(path) and self.outline(path)]

    def definitions(self) -> list[tuple[str, Definition]]:
        """Return every definition of the repository's own code with its path."""
        return [
            (path, found)
            for path in self.code()
            if (seen := self.outline(path))
            for found in seen.definitions
        ]

    @cached_property
    def words(self) -> Counter[str]:
        """In how many files each word occurs."""
        return Counter(word for text in self.files.values() for word in set(_WORD.findall(text)))

    @cached_property
    def everywhere(self) -> Counter[str]:
        """How many definitions bear each name, tests included."""
        outlines = (self.outline(path) for path in sorted(self.files))
        return Counter(found.name for seen in outlines if seen for found in seen.definitions)
