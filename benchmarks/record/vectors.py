"""The vector stage against a float32 product of NumPy, on the rows of a real index."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import quantiles
from benchmarks.record.results import Values
from vexord.embed.default import default_embedder
from vexord.embed.seam import Vectors
from vexord.index.snapshot import SegmentView, Snapshot
from vexord.search.candidates import PER_LIST
from vexord.search.meaning import QueryVectors, nearness

_TOP = 10


def vector_stage(indexes: Path, queries: Sequence[str]) -> Values:
    """Return medians in ms of both over the largest index below a folder, in turn, and recall@10 of ours."""
    folder = max(indexes.rglob("manifest.json"), key=lambda path: _rows(path.parent)).parent
    views = Snapshot.open(str(folder)).segments
    rows = np.concatenate([view.segment.vectors for view in views]).astype(np.float32)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    embedder = default_embedder()
    ours: list[float] = []
    theirs: list[float] = []
    found = 0
    asked = [vector for query in queries if (vector := embedder.embed_query(query)).any()]
    _ours(views, asked[0])  # reads what is read once
    for vector in asked:
        wide = (vector[0] / np.linalg.norm(vector[0])).astype(np.float32)
        product, truth = _timed(lambda wide=wide: _best(rows @ wide))  # type: ignore[misc]
        stage, nearest = _timed(lambda vector=vector: _ours(views, vector))  # type: ignore[misc]
        ours.append(stage)
        theirs.append(product)
        # Equal chunks have equal scores: what is as near as the tenth counts.
        scores = rows[nearest] @ wide
        found += int((scores >= (rows[truth] @ wide).min() - 1e-5).sum())
    ratio = quantiles([one / other for one, other in zip(ours, theirs, strict=True)], 0.5)[0]
    return {
        "rows": len(rows),
        "ours_ms": round(quantiles(ours, 0.5)[0], 3),
        "numpy_ms": round(quantiles(theirs, 0.5)[0], 3),
        "ratio": round(ratio, 4),
        "recall10": round(found / (_TOP * len(asked)), 4),
    }


def _rows(folder: Path) -> int:
    return Snapshot.open(str(folder)).live_rows


def _ours(views: Sequence[SegmentView], vector: Vectors) -> NDArray[np.int64]:
    found = nearness(views, [None] * len(views), QueryVectors(vector), PER_LIST)
    rows = np.sort(found.rows)
    return rows[_best(found.of(rows))]


def _best(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    return np.argpartition(scores, max(0, len(scores) - _TOP))[-_TOP:]


def _timed(work: Callable[[], NDArray[np.int64]]) -> tuple[float, NDArray[np.int64]]:
    started = time.perf_counter()
    found = work()
    return (time.perf_counter() - started) * 1000, found
