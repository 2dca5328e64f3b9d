"""The index's road in a forked child that dies at a step: a thousand points a minute."""

import errno
import os
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import xxhash
from numpy.typing import NDArray

from tests.support.faults import NEEDS_ROOM, Steps, die_at, fail_at, hooked, in_child
from tests.support.truth import Contents, differences, read_index, strays
from vexord.bags import count_words
from vexord.embed.default import default_embedder
from vexord.index.build import build_segment
from vexord.index.manifest import read_manifest
from vexord.index.refined import open_refined
from vexord.index.segment_writer import SegmentWriter
from vexord.index.snapshot import Snapshot
from vexord.index.types import FileStamp, IndexedFile
from vexord.index.writer import IndexWriter
from vexord.ingest.__main__ import CHUNK_FORMAT
from vexord.ingest.pipeline import Pipeline

CODE = """def first_{0}(one):
    return one + {1}


class Second{0}:
    def third(self):
        return {1}
"""
FILES = 6
VERSIONS = 4
DIMENSIONS = 8
Op = Callable[["Life"], None]


class Rows:
    """A second model whose row of a text is known once it was asked for, as a cache on disk would."""

    key: Literal["embed_hash", "text_hash"] = "text_hash"
    dimensions = DIMENSIONS

    def __init__(self, model: str) -> None:
        self.model = model

    def rows(self, hashes: NDArray[np.uint64]) -> NDArray[np.int8]:
        """Return rows that depend on model and hash alone."""
        seeds = [xxhash.xxh3_64_digest(f"{self.model} {key}".encode()) for key in hashes.tolist()]
        return np.frombuffer(b"".join(seeds), np.int8).reshape(len(hashes), DIMENSIONS)

    def older(self, model: str) -> "Rows":
        """Every model can be had."""
        return Rows(model)


@dataclass(slots=True)
class Life:
    """An index that is being written."""

    folder: str
    material: "Material"
    model: str = "one"
    writer: IndexWriter = field(init=False)

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> None:
        """Open the writer."""
        self.writer = IndexWriter.open(self.folder, self.material.fingerprint, Rows(self.model))

    def reopen(self, model: str) -> None:
        """As the next process does, with this second model."""
        self.writer.close()
        self.model = model
        self.open()


class Material:
    """Files as they were read, in several versions each."""

    @cached_property
    def fingerprint(self) -> object:
        """Of the embedded model."""
        return default_embedder(CHUNK_FORMAT).fingerprint

    @cached_property
    def versions(self) -> dict[tuple[int, int], IndexedFile]:
        """File number and version → what was read."""
        embedder = default_embedder(CHUNK_FORMAT)
        made = {}
        root = Path(os.path.realpath(Path("/tmp"))) / f"vx-material-{os.getpid()}"
        root.mkdir()
        try:
            for version in range(VERSIONS):
                for number in range(FILES):
                    (root / f"f{number}.py").write_text(CODE.format(number, version))
                pipeline = Pipeline(str(root), _NoFiles(), embedder)
                for number, file in enumerate(pipeline.run([f"f{n}.py" for n in range(FILES)]).upserts):
                    made[number, version] = file
        finally:
            shutil.rmtree(root)
        return made


class _NoFiles:
    def get(self, path: str) -> None:
        """Nothing is indexed."""

    def reusable(self, path: str) -> dict[int, NDArray[np.int8]]:
        """Nothing is known."""
        return {}


# --- what is done to an index ------------------------------------------------------------------------------


def commit(chosen: Sequence[tuple[int, int]], deletes: Sequence[int] = (), *, durable: bool = False) -> Op:
    """Replace and delete files."""

    def op(life: Life) -> None:
        upserts = [life.material.versions[one] for one in chosen]
        life.writer.commit(upserts, [f"f{number}.py" for number in deletes], durable=durable)

    return op


def adopt(chosen: Sequence[tuple[int, int]]) -> Op:
    """Take in a segment that is written as the crew writes it."""

    def op(life: Life) -> None:
        upserts = [life.material.versions[one] for one in chosen]
        name = life.writer.reserve()
        words = count_words([chunk.text for file in upserts for chunk in file.chunks])
        try:
            with SegmentWriter(life.folder, name, durable=False) as out:
                record = build_segment(out, upserts, life.writer._fingerprint, words)
        except OSError:
            life.writer.release(name)
            raise
        life.writer.adopt(record, (), [])

    return op


def touch(life: Life) -> None:
    """A file was found unchanged under another stamp."""
    for path in list(life.writer.entries())[:2]:
        life.writer.touch(path, FileStamp(1, 2, 3, 4), 5)
    life.writer.commit([], [])


def merge(life: Life) -> None:
    """All segments become one."""
    task = life.writer.begin_merge(settled=True)
    if task is not None:
        from vexord.index.merge import run_merge

        try:
            merged = run_merge(task)
        except OSError:
            life.writer.release(task.name)
            raise
        life.writer.finish_merge(task, merged)


def reopen(model: str) -> Op:
    """Another process, perhaps with another second model."""
    return lambda life: life.reopen(model)


def refine(life: Life) -> None:
    """Publish rows of the second model; a new one's take the place of the old one's."""
    life.writer.switch() if life.writer.second.switching else life.writer.refine()


def scenario(seed: int) -> list[Op]:
    """Return what is done: every kind at least once, in an order of the seed's."""
    chance = random.Random(seed)

    def some() -> list[tuple[int, int]]:
        numbers = chance.sample(range(FILES), chance.randint(1, 4))
        return [(number, chance.randrange(VERSIONS)) for number in numbers]

    ops = [
        commit(some(), [chance.randrange(FILES)]),
        commit(some(), durable=True),
        commit([], [chance.randrange(FILES)]),
        adopt(some()),
        adopt(some()),
        touch,
        merge,
        merge,
        reopen("two"),
        refine,
        reopen("one"),
    ]
    chance.shuffle(ops)
    return [commit([(number, 0) for number in range(FILES)]), *ops, refine]


# --- crash and compare -------------------------------------------------------------------------------------


class IndexTrial:
    """One scenario, run to its end once, then with a fault at each of its steps."""

    def __init__(self, folder: Path, seed: int, material: Material) -> None:
        self._folder = folder
        self._seed = seed
        self._material = material
        self._ops = scenario(seed)
        self._states: list[Contents] = [{}]
        with hooked(steps := Steps()):
            life = self._begin()
            for op in self._ops:
                op(life)
                self._states.append(read_index(life.folder))
            life.writer.close()
        self.steps = steps.taken

    def faults(self) -> Iterator[tuple[str, Callable[[], list[str]]]]:
        """Yield a name and a call for every fault; the call returns what is wrong afterwards."""
        for number, (name, path, _) in enumerate(self.steps):
            told = f"seed {self._seed} step {number} {name} {os.path.basename(path)}"
            yield f"killed: {told}", lambda number=number: self._killed(number, torn=False)  # type: ignore[misc]
            if name == "write":
                yield f"torn: {told}", lambda number=number: self._killed(number, torn=True)  # type: ignore[misc]
            if name in NEEDS_ROOM:
                yield f"full: {told}", lambda number=number: self._failed(number, errno.ENOSPC, torn=True)  # type: ignore[misc]
            yield f"failed: {told}", lambda number=number: self._failed(number, errno.EIO, torn=False)  # type: ignore[misc]

    def _begin(self) -> Life:
        shutil.rmtree(self._folder, ignore_errors=True)
        return Life(str(self._folder), self._material)

    def _killed(self, number: int, *, torn: bool) -> list[str]:
        def job(acknowledge: Callable[[], None]) -> None:
            life = self._begin()
            for op in self._ops:
                op(life)
                acknowledge()
            life.writer.close()

        done, _ = in_child(job, die_at(number, torn=torn))
        # The recovery is cut short as well, at some step of its own.
        in_child(lambda _: self._recover(done), die_at(number % 7))
        return self._go_on(done)

    def _recover(self, done: int) -> Life:
        model = "one" if done == 0 else "two"
        return Life(str(self._folder), self._material, model)

    def _go_on(self, done: int) -> list[str]:
        """Check the state that was found, do the rest, and check the end."""
        found = self._read()
        after = self._states[min(done + 1, len(self._ops))]
        if found not in (self._states[done], after):
            return ["neither the state before nor the one after", *differences(found, self._states[done])]
        life = self._recover(done)
        if dict.fromkeys(life.writer.entries()).keys() != self._read().keys():
            return ["the writer and the reader disagree"]
        return self._finish(life, done)

    def _finish(self, life: Life, done: int) -> list[str]:
        for op in self._ops[done:]:
            op(life)
        return self._wrong_at_end(life)

    def _wrong_at_end(self, life: Life) -> list[str]:
        wrong = differences(self._read(), self._states[-1])
        life.reopen("one")
        refine(life)
        refine(life)
        wrong += _wrong_rows(life.folder)
        life.reopen("one")  # what the generation before referred to goes at the latest now
        life.writer.close()
        return wrong + [f"left over: {path}" for path in strays(life.folder)]

    def _failed(self, number: int, code: int, *, torn: bool) -> list[str]:
        with hooked(fail_at(number, code, torn=torn)):
            life = None
            for done, op in enumerate(self._ops):
                for _ in range(2):
                    try:
                        life = life or self._begin()
                        op(life)
                        break
                    except OSError:
                        found = self._read()
                        if found not in (self._states[done], self._states[done + 1]):
                            return ["after an error: neither the state before nor the one after"]
                        if life is not None and life.writer._lock is None:
                            life.open()
            assert life is not None
        return self._wrong_at_end(life)

    def _read(self) -> Contents:
        try:
            return read_index(self._folder)
        except FileNotFoundError:
            return {}


def _wrong_rows(folder: str) -> list[str]:
    wrong = []
    for record in read_manifest(folder).segments:
        refined = open_refined(folder, record)
        if refined is None or refined.model != "one":
            wrong.append(f"{record.name}: no rows of the second model")
            continue
        views = [view for view in Snapshot.open(folder).segments if view.segment.name == record.name]
        if not np.array_equal(refined.rows, Rows("one").rows(views[0].segment.chunks["text_hash"])):
            wrong.append(f"{record.name}: wrong rows of the second model")
    return wrong
