"""Questions with known answers, and the corpora that they are asked of."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

import msgspec


class Target(msgspec.Struct, frozen=True):
    """A file that answers, or some of its lines (1-based, inclusive)."""

    path: str
    start: int | None = None
    end: int | None = None


class Question(msgspec.Struct, frozen=True):
    """One line of a questions file."""

    repo: str
    language: str
    query: str
    category: str
    relevant: list[Target]


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Questions, and where their corpora lie."""

    name: str
    questions: list[Question]
    corpora: Path
    """A folder with one folder for each repository."""
    roots: dict[str, str]
    """What is indexed of a repository, relative to its folder; all of it if it is not named."""

    def root(self, repo: str) -> Path:
        """Return the folder to index."""
        return self.corpora / repo / self.roots.get(repo, "")


def load(name: str, questions: Path, corpora: Path, tables: Path | None = None) -> QuestionSet:
    """Read a questions file (JSON lines) and, if there is one, the table of the corpora (TOML).

    Raises:
        OSError: a file is missing.
        msgspec.DecodeError: a line is not a question.
    """
    decode = msgspec.json.Decoder(Question).decode
    lines = questions.read_bytes().splitlines()
    roots = {}
    if tables is not None:
        corpus_of = tomllib.loads(tables.read_text())
        roots = {repo: str(corpus.get("index_root", "")) for repo, corpus in corpus_of.items()}
    return QuestionSet(name, [decode(line) for line in lines if line.strip()], corpora, roots)
