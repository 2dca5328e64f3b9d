"""Judges results with the development set's own evalkit.py, which is loaded from where it lies."""

import importlib.util
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol, cast

import msgspec

from benchmarks.quality.second.question import Question, Target

KEPT = 10
"""Results that count."""
_HALF = 0.5


class Place(msgspec.Struct, frozen=True):
    """A result: some lines of a file. Path relative to the corpus folder."""

    path: str
    start_line: int
    end_line: int


Results = dict[str, dict[str, list[Place]]]
"""By repository and query, best first."""
Row = dict[str, Any]
"""One question with its figures `ndcg`, `mrr` and `recall`, as evalkit gives it."""


class Referee(Protocol):
    """What is used of evalkit."""

    def evaluate(self, queries: object, results: object, k: int, dedupe: bool) -> list[Row]: ...
    def bootstrap(self, rows: object, metric: str = "ndcg") -> Sequence[float]: ...
    def same_path(self, a: str, b: str) -> bool: ...


def load_referee(folder: Path) -> Referee:
    """Load evalkit.py from the folder of the development set."""
    path = folder / "evalkit.py"
    spec = importlib.util.spec_from_file_location("evalkit", path)
    if spec is None or spec.loader is None or not path.exists():
        raise FileNotFoundError(f"no evalkit.py in {folder}; name the set's folder with --set")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast(Referee, module)


def judge(
    referee: Referee, questions: list[Question], results: Results, *, per_file: bool = False
) -> list[Row]:
    """Return one row a question."""
    return referee.evaluate(msgspec.to_builtins(questions), msgspec.to_builtins(results), KEPT, per_file)


def key(row: Mapping[str, Any]) -> str:
    """Return what names a question in a file that is committed: nothing can be read from it."""
    return sha256(f"{row['repo']}\n{row['category']}\n{row['query']}".encode()).hexdigest()[:12]


class Evidence(msgspec.Struct, frozen=True):
    """Whether a shown range holds the lines that answer; shares of the questions whose answer has lines."""

    asked: int
    first_overlaps: float
    first_holds: float
    any_overlaps: float
    any_holds: float


def evidence(referee: Referee, questions: Iterable[Question], results: Results) -> Evidence:
    """Measure how often the first result, and any of the ten, overlaps or holds half of a target's lines."""
    counts = [0, 0, 0, 0]
    asked = 0
    for question in questions:
        targets = [target for target in question.relevant if target.start is not None]
        if not targets:
            continue
        asked += 1
        places = results.get(question.repo, {}).get(question.query, [])[:KEPT]
        held = [
            max((_share(referee, place, target) for target in targets), default=0.0) for place in places
        ] or [0.0]
        best = max(held)
        for column, found in enumerate((held[0] > 0, held[0] >= _HALF, best > 0, best >= _HALF)):
            counts[column] += found
    return Evidence(asked, *(count / max(1, asked) for count in counts))


def _share(referee: Referee, place: Place, target: Target) -> float:
    """Return how much of the target's lines the place holds."""
    if target.start is None or target.end is None or not referee.same_path(place.path, target.path):
        return 0.0
    common = min(place.end_line, target.end) - max(place.start_line, target.start) + 1
    return max(0, common) / (target.end - target.start + 1)
