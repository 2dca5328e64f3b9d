"""Prints the figures of a run: tables, intervals, paired differences, latency and evidence."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.quality.corpora import QuestionSet
from benchmarks.quality.referee import Referee, Row, evidence, judge, key
from benchmarks.quality.serving import Answers

Scores = dict[str, tuple[float, float]]
"""NDCG@10 of each question, by `key`: as given, and one result per file."""

_SAME = 0.001
"""Saved scores are rounded; less than this is no difference."""


class Judged(msgspec.Struct):
    """Answers with both readings of them."""

    answers: Answers
    given: list[Row]
    per_file: list[Row]

    def scores(self) -> Scores:
        """Return what a later run is compared with."""
        pairs = zip(self.given, self.per_file, strict=True)
        return {key(row): (round(row["ndcg"], 4), round(other["ndcg"], 4)) for row, other in pairs}


def judged(referee: Referee, asked: QuestionSet, answers: Answers) -> Judged:
    """Judge answers in both readings."""
    given = judge(referee, asked.questions, answers.results)
    return Judged(answers, given, judge(referee, asked.questions, answers.results, per_file=True))


def report(referee: Referee, asked: QuestionSet, one: Judged) -> None:
    """Print the table of one searcher: overall, by category and by language."""
    print(
        f"\n{one.answers.name} on {asked.name}: {len(one.given)} questions, {len(asked.roots)} repositories"
    )
    for title, rows in (("as given", one.given), ("per file", one.per_file)):
        low, high = referee.bootstrap(rows)
        parts = f"MRR@10 {_mean(rows, 'mrr'):.3f}  recall@10 {_mean(rows, 'recall'):.3f}"
        print(f"  {title}  NDCG@10 {_mean(rows):.4f} [{low:.3f}, {high:.3f}]  {parts}")
    print(f"  {'':<24}{'n':>5} {'given':>7} {'file':>7} {'MRR':>7} {'recall':>7}")
    for what in ("category", "language"):
        for value in sorted({str(row[what]) for row in one.given}):
            given = [row for row in one.given if row[what] == value]
            per_file = [row for row in one.per_file if row[what] == value]
            figures = (_mean(given), _mean(per_file), _mean(given, "mrr"), _mean(given, "recall"))
            print(f"  {value:<24}{len(given):>5} " + " ".join(f"{figure:7.3f}" for figure in figures))
    held = evidence(referee, asked.questions, one.answers.results)
    first = f"the first result overlaps {held.first_overlaps:.3f}, holds half {held.first_holds:.3f}"
    ten = f"any of ten overlaps {held.any_overlaps:.3f}, holds half {held.any_holds:.3f}"
    print(f"  evidence ({held.asked} with lines): {first}; {ten}")
    middle, late = np.percentile(one.answers.took_ms or [0.0], [50, 95])
    print(f"  latency: p50 {middle:.2f} ms, p95 {late:.2f} ms")


def difference(referee: Referee, rows: Sequence[Row], before: Mapping[str, float], title: str) -> None:
    """Print the mean difference to earlier scores over the questions that both have."""
    pairs = [{"repo": row["repo"], "d": row["ndcg"] - before[key(row)]} for row in rows if key(row) in before]
    if not pairs:
        print(f"  {title}: no question in common")
        return
    low, high = referee.bootstrap(pairs, "d")
    mean = float(np.mean([pair["d"] for pair in pairs]))
    better = sum(pair["d"] > _SAME for pair in pairs)
    worse = sum(pair["d"] < -_SAME for pair in pairs)
    print(f"  {title}: {mean:+.4f} [{low:+.4f}, {high:+.4f}], {better} better, {worse} worse of {len(pairs)}")


def differences(referee: Referee, one: Judged, before: Scores, title: str) -> None:
    """Print the difference in both readings."""
    for column, (name, rows) in enumerate((("as given", one.given), ("per file", one.per_file))):
        difference(
            referee, rows, {name: pair[column] for name, pair in before.items()}, f"{name}, against {title}"
        )


def load_baseline(path: Path) -> dict[str, Scores]:
    """Return the committed scores by set; none if there is no file yet."""
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Scores]) if path.exists() else {}


def save_baseline(path: Path, baseline: Mapping[str, Scores]) -> None:
    """Write the scores, one question a line, so that a change of it can be read as a difference."""
    ordered = {name: dict(sorted(scores.items())) for name, scores in sorted(baseline.items())}
    lines = [
        f'"{name}": {{\n' + ",\n".join(f'"{one}": {list(pair)}' for one, pair in scores.items()) + "\n}"
        for name, scores in ordered.items()
    ]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def _mean(rows: Sequence[Row], metric: str = "ndcg") -> float:
    return float(np.mean([row[metric] for row in rows])) if rows else float("nan")
