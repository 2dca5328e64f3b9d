"""Asks every question of a fresh index and keeps the table of signals, with what would have been right."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.ranking.names import name_questions
from training.ranking.questions import Question, QuestionSet, Target
from vexord.embed.default import default_embedder
from vexord.index.snapshot import Snapshot
from vexord.index.writer import IndexWriter
from vexord.ingest.pipeline import Pipeline
from vexord.search.candidates import Candidates, Pool, collect
from vexord.search.evidence import Contest
from vexord.search.meaning import QueryVectors
from vexord.search.query import parse_query
from vexord.search.signals import Signals, signals_of


@dataclass(frozen=True, slots=True)
class Table:
    """What the ranking sees of one question."""

    question: Question
    paths: list[str]
    signals: NDArray[np.float32]
    """Shape (files, signals)."""
    right: NDArray[np.bool_]
    """Whether any chunk of the file answers, shape (files, targets)."""
    shown: NDArray[np.bool_]
    """Whether the chunk that would be shown answers, shape (files, targets)."""


def tables(asked: QuestionSet, folder: Path, names: int = 0, model: bool = True) -> Iterator[Table]:
    """Index every corpus into `folder`; yield a table for each question, and for `names` mined ones each.

    Without `model` the questions have no vectors: only words tell.
    """
    embedder = default_embedder()
    for repo in sorted({question.repo for question in asked.questions}):
        root = asked.root(repo)
        snapshot = _index(root, folder / asked.name / repo)
        pools = [Pool(0, view, view.live) for view in snapshot.segments]
        prefix = asked.roots.get(repo, "")
        mine = [question for question in asked.questions if question.repo == repo]
        mined = name_questions(snapshot, repo, names)
        for number, question in enumerate([*mine, *mined]):
            query = parse_query(question.query)
            vector = embedder.embed_query(question.query) if query.terms and model else None
            meant = QueryVectors(vector) if vector is not None and vector.any() else None
            found = collect(pools, query, meant)
            if not len(found.row):
                continue
            signals = signals_of(pools, [Contest(query, found)])
            yield _table(question, prefix if number < len(mine) else "", pools, found, signals)


def _table(question: Question, prefix: str, pools: list[Pool], found: Candidates, signals: Signals) -> Table:
    right, shown = [], []
    paths = [signals.path(pools, file) for file in range(len(signals.table))]
    for file, path in enumerate(paths):
        full = f"{prefix}/{path}" if prefix else path
        places = [_lines(pools, found.pool[c], found.row[c]) for c in signals.groups.chunks(file)]
        hits = np.array([[_hits(full, lines, target) for target in question.relevant] for lines in places])
        right.append(hits.any(axis=0))
        shown.append(hits[0])
    return Table(question, paths, signals.table, np.array(right), np.array(shown))


def _index(root: Path, folder: Path) -> Snapshot:
    embedder = default_embedder()
    writer = IndexWriter.open(str(folder), embedder.fingerprint)
    try:
        paths = sorted(
            os.path.relpath(os.path.join(base, name), root)
            for base, _, names in os.walk(root)
            for name in names
        )
        outcome = Pipeline(str(root), writer, embedder).run(paths, force=True)
        writer.commit(outcome.upserts, set(writer.entries()) - set(paths))
        while writer.merge_step():
            pass
    finally:
        writer.close()
    return Snapshot.open(str(folder))


def _lines(pools: list[Pool], pool: int, row: int) -> tuple[int, int]:
    columns = pools[pool].view.segment.chunks[row]
    return int(columns["start_line"]), int(columns["end_line"])


def _hits(path: str, lines: tuple[int, int], target: Target) -> bool:
    """As the referee judges: the same path, or one is the other's tail; and overlapping lines, if told."""
    wanted = target.path
    if not (path == wanted or path.endswith("/" + wanted) or wanted.endswith("/" + path)):
        return False
    if target.start is None or target.end is None:
        return True
    return lines[0] <= target.end and target.start <= lines[1]
