"""Makes the second set: unpacks each archive, cuts docstrings out, and writes corpora and questions."""

import re
import shutil
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import msgspec

from benchmarks.quality.archives import Archive, Fetcher, FetchError, digest, members
from benchmarks.quality.second import changes, errors, symbols
from benchmarks.quality.second.corpus import MAX_FILE_BYTES, Corpus, is_changes
from benchmarks.quality.second.docstrings import Documented, documented
from benchmarks.quality.second.question import Question, Target

REPOSITORIES = Path(__file__).with_name("repositories.toml")
PER_KIND = 12
"""Questions of one kind in one repository."""
_CUT = 3 * PER_KIND
"""Docstrings cut out; some of them fail a later check."""


class Repository(msgspec.Struct, frozen=True):
    """One table of repositories.toml."""

    language: str
    manager: str
    package: str
    version: str
    sha256: str


def repositories() -> dict[str, Repository]:
    """Return the pinned repositories by name."""
    return msgspec.convert(tomllib.loads(REPOSITORIES.read_text()), dict[str, Repository])


def build(folder: Path, fetcher: Fetcher) -> list[Question]:
    """Write `corpora/<repository>/…` and `queries.jsonl` into the folder, and return the questions.

    Raises:
        FetchError: an archive cannot be had, or is not the pinned one.
    """
    asked: list[Question] = []
    for name, repository in sorted(repositories().items()):
        archive = fetcher.fetch(name, Archive(repository.manager, repository.package, repository.version))
        if digest(archive) != repository.sha256:
            raise FetchError(
                f"{archive} is not the pinned archive; delete it, or pin the new one in {REPOSITORIES.name}"
            )
        corpus, logs = unpack(members(archive))
        asked += mine(corpus, logs, name, repository.language)
        _write(corpus, folder / "corpora" / name)
    lines = b"".join(msgspec.json.encode(question) + b"\n" for question in asked)
    (folder / "queries.jsonl").write_bytes(lines)
    return asked


def unpack(files: Iterable[tuple[str, bytes]]) -> tuple[Corpus, dict[str, str]]:
    """Return the text files of an archive, without its top folder, and its change logs apart."""
    kept: dict[str, str] = {}
    logs: dict[str, str] = {}
    for full, content in files:
        path = full.partition("/")[2]
        if is_changes(path):
            logs[path] = content.decode("utf-8", "replace")
        elif path and len(content) <= MAX_FILE_BYTES and b"\0" not in content[:8192]:
            kept[path] = content.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    return Corpus(kept), logs


def mine(corpus: Corpus, logs: dict[str, str], repo: str, language: str) -> list[Question]:
    """Return the questions of one repository; the docstrings that became questions are cut out."""
    found = [*_from_docstrings(corpus, repo, language)]
    for source in (symbols.questions, errors.questions):
        found += source(corpus, repo, language)
    found += changes.questions(corpus, logs, repo, language)
    said = Counter(question.query for question in found)
    by_kind: dict[str, list[Question]] = defaultdict(list)
    for question in found:
        if said[question.query] == 1:
            by_kind[question.category].append(question)
    return [question for kind in sorted(by_kind) for question in _spread(by_kind[kind])]


def _spread(questions: list[Question]) -> list[Question]:
    """Choose the questions of a kind: in an order that is as good as random, different files first."""
    ordered = sorted(
        questions, key=lambda question: sha256(f"{question.repo}\n{question.query}".encode()).digest()
    )
    seen: Counter[str] = Counter()
    ranked = []
    for place, question in enumerate(ordered):
        path = question.relevant[0].path
        ranked.append((seen[path], place))
        seen[path] += 1
    return [ordered[place] for _, place in sorted(ranked)[:PER_KIND]]


def _from_docstrings(corpus: Corpus, repo: str, language: str) -> list[Question]:
    paths = corpus.code()
    candidates = [
        (path, one)
        for path in paths
        if (seen := corpus.outline(path))
        for one in documented(seen, corpus.files[path])
    ]
    everything = " ".join(_words("\n".join(corpus.files.values())))
    alone = [(path, one) for path, one in candidates if everything.count(" ".join(_words(one.sentence))) == 1]
    chosen = sorted(alone, key=lambda pair: sha256(pair[1].sentence.encode()).digest())[:_CUT]
    by_path: dict[str, list[Documented]] = defaultdict(list)
    for path, one in chosen:
        by_path[path].append(one)
    found = []
    for path, ones in by_path.items():
        gone = {row for one in ones for row in range(one.lines[0], one.lines[1] + 1)}
        lines = corpus.files[path].split("\n")
        corpus.replace(path, "\n".join(line for row, line in enumerate(lines, 1) if row not in gone))
        for one in ones:
            before = sum(row < one.definition.start for row in gone)
            inside = sum(one.definition.start <= row <= one.definition.end for row in gone)
            start = one.definition.start - before
            end = one.definition.end - before - inside
            found.append(Question(repo, language, one.sentence, "docstring", [Target(path, start, end)]))
    return found


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def _write(corpus: Corpus, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for path, text in corpus.files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode("utf-8", "surrogateescape"))
