"""Learn the ranking's weights, say how well they do on repositories left out, and write them.

python -m training.ranking --questions FILE --corpora DIR [--table corpora.toml] [--write] [--ablate]
"""

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from training.ranking.fit import Options, Weights, fit, leave_out, ndcg
from training.ranking.names import CATEGORY
from training.ranking.questions import load
from training.ranking.tables import Table, tables
from vexord.search.signals import SIGNALS

WEIGHTS_FILE = Path(__file__).parents[2] / "vexord" / "search" / "weights.json"
_DIGITS = 4
_START = {"both_pooled": 2.0, "file_name": 1.0, "symbol": 1.0, "test": -1.0, "document": -2.0, "defines": 1.0}
"""Where the first pairs come from; only the order of the wrong files depends on it."""
_LEAST = {"defines_asked": 6.0, "holds_asked": 6.0}
"""Who asks for a name wants its definition first, though the questions at hand teach only half of that weight
(it costs 0.001 with the repository left out); and then what holds it, which they hardly ask for."""


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m training.ranking", description=__doc__)
    parser.add_argument("--questions", type=Path, required=True, help="JSON lines with the right answers")
    parser.add_argument("--corpora", type=Path, required=True, help="a folder with one folder a repository")
    parser.add_argument("--table", type=Path, help="TOML with index_root for each repository")
    parser.add_argument("--names", type=int, default=6, help="names asked for in each repository besides")
    parser.add_argument("--l2", type=float, default=Options().l2)
    parser.add_argument("--write", action="store_true", help=f"write {WEIGHTS_FILE.name}")
    parser.add_argument("--no-model", action="store_true", help="rank by words alone")
    parser.add_argument("--ablate", action="store_true", help="leave out each signal in turn")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asked = list(
            tables(
                load("set", args.questions, args.corpora, args.table),
                Path(folder),
                args.names,
                not args.no_model,
            )
        )
    learn = partial(_learn, options=Options(l2=args.l2))
    everything = np.arange(len(SIGNALS))
    learnt = learn(asked, everything)
    left_out = _report(asked, learnt, partial(learn, used=everything))
    if args.ablate:
        _ablate(asked, learn, left_out)
    if args.write:
        _write(learnt, len(asked))


def _learn(asked: Sequence[Table], used: NDArray[np.intp], options: Options) -> Weights:
    start = np.array([_START.get(name, 0.0) for name in SIGNALS])
    learnt = fit(asked, start, used, options)
    for name, least in _LEAST.items():
        if SIGNALS.index(name) in used:
            learnt[SIGNALS.index(name)] = max(learnt[SIGNALS.index(name)], least)
    return learnt


def _report(asked: Sequence[Table], learnt: Weights, learn: "partial[Weights]") -> float:
    def plain(table: Table) -> float:
        return ndcg(table, table.signals @ learnt)

    print(f"{len(asked)} questions, those of the category {CATEGORY!r} mined and not counted in the mean")
    _line("fitted on all", asked, [plain(table) for table in asked])
    result = 0.0
    for name in ("repo", "language"):
        scores = leave_out(asked, lambda table, name=name: getattr(table.question, name), learn)  # type: ignore[misc]
        values = [ndcg(table, score) for table, score in zip(asked, scores, strict=True)]
        _line(f"{name} left out", asked, values)
        result = result or _mean(asked, values)
    return result


def _line(name: str, asked: Sequence[Table], values: Sequence[float]) -> None:
    by_category: dict[str, list[float]] = defaultdict(list)
    for table, value in zip(asked, values, strict=True):
        by_category[table.question.category].append(value)
    parts = [f"{category} {np.mean(found):.3f}" for category, found in sorted(by_category.items())]
    print(f"{name:<20} NDCG@10 {_mean(asked, values):.4f}   {'  '.join(parts)}", flush=True)


def _mean(asked: Sequence[Table], values: Sequence[float]) -> float:
    labelled = [table.question.category != CATEGORY for table in asked]
    return float(np.mean(np.array(values)[labelled]))


def _ablate(asked: Sequence[Table], learn: "partial[Weights]", whole: float) -> None:
    print("signal left out: NDCG@10 fitted on all, repository left out, difference of the latter")
    for column, name in enumerate(SIGNALS):
        used = np.delete(np.arange(len(SIGNALS)), column)
        learnt = learn(asked, used)
        fitted = _mean(asked, [ndcg(table, table.signals @ learnt) for table in asked])
        scores = leave_out(asked, lambda table: table.question.repo, partial(learn, used=used))
        value = _mean(asked, [ndcg(table, score) for table, score in zip(asked, scores, strict=True)])
        print(f"{name:<20} {fitted:.4f} {value:.4f} {value - whole:+.4f}", flush=True)


def _write(learnt: Weights, count: int) -> None:
    found = {name: round(float(weight), _DIGITS) for name, weight in zip(SIGNALS, learnt, strict=True)}
    content = {"made_by": f"python -m training.ranking, {count} questions", "weights": found}
    WEIGHTS_FILE.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")


if __name__ == "__main__":
    main()
