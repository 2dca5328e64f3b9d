"""Queries mined from a tree: words that stand together, names that are defined, and questions of both."""

import random
import re
from collections.abc import Sequence
from pathlib import Path

_WORD = re.compile(r"[A-Za-z_]{3,}")
_DEFINED = re.compile(
    r"(?:\bdef|\bclass|\bfunc|\bstruct|#define)\s+(\w{5,})|^(?:\w+[ *]+)+(\w{5,})\(", re.MULTILINE
)
_SUFFIXES = {".py", ".c", ".h", ".go", ".rs", ".js", ".ts", ".java", ".md", ".rst", ".txt"}
_MAX_FILES = 400
_LINES = 12


def mine(root: Path, count: int, seed: int = 1) -> list[str]:
    """Return `count` queries: three fifths words, a fifth names, a fifth questions. The same for a seed."""
    chance = random.Random(seed)
    files = sorted(path for path in root.rglob("*") if path.suffix in _SUFFIXES and path.is_file())
    texts = [path.read_text(errors="replace") for path in chance.sample(files, min(_MAX_FILES, len(files)))]
    texts = [text for text in texts if text.count("\n") > _LINES]
    queries: list[str] = []
    while len(queries) < count:
        query = _query(chance, chance.choice(texts), len(queries) % 5)
        if query:
            queries.append(query)
    return queries


def _query(chance: random.Random, text: str, kind: int) -> str:
    lines = text.split("\n")
    start = chance.randrange(len(lines) - _LINES)
    window = "\n".join(lines[start : start + _LINES])
    words = list(dict.fromkeys(_WORD.findall(window)))
    if kind == 0:
        names: Sequence[str] = [one or other for one, other in _DEFINED.findall(text)]
        return chance.choice(names) if names else ""
    if len(words) < 8:
        return ""
    if kind == 1:
        return "where is the {} of {} set".format(*chance.sample(words, 2))
    return " ".join(chance.sample(words, chance.randint(3, 8)))
