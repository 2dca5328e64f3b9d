"""Gives chunks rows of the second model, the latest files first, while nothing else is to be done."""

import logging
import sqlite3
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from vexord.embed.cache import EmbeddingCache
from vexord.embed.seam import SecondEmbedder, Vectors
from vexord.index.segment import Segment, rows_of_files
from vexord.ingest.idle import IdleEmbedder
from vexord.link.messages import Published

if TYPE_CHECKING:
    from vexord.ingest.project import Project

logger = logging.getLogger(__name__)

BATCH_CHUNKS = 8
"""About 0.3 s of work."""
PLAN_FILES = 256
"""Files compared with the cache in one step: a few milliseconds."""
PUBLISH_CHUNKS = 256
PUBLISH_SHARE = 0.25
"""Rows are published when they are so many, and so large a part of those published: all are written anew."""


@dataclass(slots=True)
class _Plan:
    """What is left to do for one project."""

    seen: set[str] = field(default_factory=set)
    """Segments that were looked through, or are in `unplanned`."""
    unplanned: deque[tuple[Segment, NDArray[np.intp]]] = field(default_factory=deque)
    """Segments with those live files that were not yet compared with the cache, latest first."""
    paths: deque[str] = field(default_factory=deque)
    texts: list[tuple[int, str]] = field(default_factory=list)
    """Of the file at hand, what is still to be embedded."""
    new_rows: int = 0
    """Rows that no generation holds yet."""


class Refiner:
    """The second model's work for all projects; called by the indexer's main loop when that is idle."""

    key: Literal["embed_hash", "text_hash"] = "embed_hash"

    def __init__(self, embedder: SecondEmbedder, cache: EmbeddingCache, wake: Callable[[], None]) -> None:
        self._cache = cache
        self._idle = IdleEmbedder(embedder, wake)
        self._plans: dict[str, _Plan] = {}
        self.model = cache.model
        self.dimensions = cache.dimensions
        self.problem = ""
        """Why the second model rests, in words; empty while all is well."""

    def rows(self, hashes: NDArray[np.uint64]) -> Vectors:
        """Return the row of each hash, shape (len(hashes), dimensions); zeros where none is known."""
        try:
            return self._cache.rows(hashes)
        except sqlite3.Error as error:
            self._fail(f"its cache cannot be read: {error}")
            return np.zeros((len(hashes), self.dimensions), np.int8)

    def older(self, model: str) -> None:
        """There is none that could answer."""

    def step(self, project: "Project") -> tuple[bool, Published | None]:
        """Do a little for a project; return whether more can be done at once, and what was published."""
        try:
            self._collect()
            if self.problem:
                return False, None
            return self._step(project, self._plans.setdefault(project.spec.id, _Plan()))
        except sqlite3.Error as error:
            self._fail(f"its cache cannot be used: {error}")
            return False, None

    def forget(self, project_id: str) -> None:
        """The project has gone."""
        self._plans.pop(project_id, None)

    def close(self) -> None:
        """Let go of thread and cache."""
        self._idle.close()
        self._cache.close()

    def _step(self, project: "Project", plan: _Plan) -> tuple[bool, Published | None]:
        self._look_for_segments(project, plan)
        if plan.unplanned:
            self._compare(plan)
        elif not self._idle.busy and not plan.texts and plan.paths:
            self._read(project, plan)
        if plan.texts and not self._idle.busy:
            batch, plan.texts = plan.texts[:BATCH_CHUNKS], plan.texts[BATCH_CHUNKS:]
            self._idle.submit(project.spec.id, [key for key, _ in batch], [text for _, text in batch])
        more = bool(plan.unplanned or plan.paths or plan.texts)
        last = not more and not self._idle.busy
        enough = max(PUBLISH_CHUNKS, PUBLISH_SHARE * project.writer.second.counts()[0])
        if plan.new_rows and (last or plan.new_rows >= enough):
            plan.new_rows = 0
            return more, project.idle_work(refine=True)
        return more and not self._idle.busy, None

    def _collect(self) -> None:
        batch = self._idle.take()
        if batch is None:
            return
        if batch.failure:
            self._fail(batch.failure)
            return
        self._cache.put(batch.hashes, batch.rows)
        if batch.project in self._plans:
            self._plans[batch.project].new_rows += len(batch.hashes)

    def _look_for_segments(self, project: "Project", plan: _Plan) -> None:
        """A file in a new segment was just written, or merged; the former come first."""
        for segment, dead in project.writer.second.lacking():
            if segment.name not in plan.seen:
                plan.seen.add(segment.name)
                latest = np.argsort(-segment.files["mtime_ns"], kind="stable")
                plan.unplanned.append((segment, latest[~dead[latest]]))

    def _compare(self, plan: _Plan) -> None:
        """Find files of which some chunk has no row."""
        segment, file_ids = plan.unplanned.popleft()
        now, later = file_ids[:PLAN_FILES], file_ids[PLAN_FILES:]
        if len(later):
            plan.unplanned.appendleft((segment, later))
        mask = np.zeros(len(segment.files), np.bool_)
        mask[now] = True
        rows = np.flatnonzero(rows_of_files(segment.files, mask))
        known = self._cache.known(segment.chunks["embed_hash"][rows])
        lacking = set(segment.chunks["file"][rows[~known]].tolist())
        plan.paths.extend(segment.paths[number] for number in now.tolist() if number in lacking)
        plan.new_rows += int(known.sum())

    def _read(self, project: "Project", plan: _Plan) -> None:
        texts = project.pipeline.texts(plan.paths.popleft())
        hashes = np.fromiter(texts, np.uint64, len(texts))
        known = self._cache.known(hashes).tolist()
        plan.texts = [item for item, there in zip(texts.items(), known, strict=True) if not there]

    def _fail(self, problem: str) -> None:
        logger.error("the second model rests until the daemon is started again: %s", problem)
        self.problem = problem
