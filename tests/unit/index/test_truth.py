"""The comparison that crash, damage and soak tests rest on sees what it should, and nothing else."""

import os
from pathlib import Path

import pytest

from tests.support.trees import make_tree
from tests.support.truth import IndexWrongError, build_index, differences, differences_to_fresh, read_index
from vexord.embed.default import default_embedder
from vexord.index.segment_writer import SegmentWriter
from vexord.index.writer import IndexWriter
from vexord.ingest.__main__ import CHUNK_FORMAT
from vexord.ingest.pipeline import Pipeline

CODE = """import os


def first(one):
    return one + {0}


class Second:
    def third(self):
        pass
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_tree(tmp_path / "root", {f"d{n % 3}/f{n}.py": CODE.format(n) for n in range(30)})


@pytest.fixture
def lived(root: Path, tmp_path: Path) -> Path:
    """An index with a history: many segments, tombstones, merges."""
    folder = tmp_path / "index"
    embedder = default_embedder(CHUNK_FORMAT)
    writer = IndexWriter.open(str(folder), embedder.fingerprint)
    pipeline = Pipeline(str(root), writer, embedder)
    paths = sorted(str(path.relative_to(root)) for path in root.rglob("*.py"))
    for number, path in enumerate(paths):
        writer.commit(pipeline.run([path]).upserts, [])
        if number % 12 == 11:
            writer.merge_step()
    for path in paths[:20:2]:
        (root / path).write_text(CODE.format(path) + "\n\ndef added():\n    return 1\n")
        writer.commit(pipeline.run([path]).upserts, [])
    os.unlink(root / paths[-1])
    writer.commit([], [paths[-1]])
    assert writer.stats()[2] > 1
    writer.close()
    return folder


def test_an_index_with_a_history_equals_one_from_nothing(lived: Path, root: Path) -> None:
    assert len(read_index(lived)) == 29
    assert differences_to_fresh(lived, root) == []


def test_every_kind_of_difference_is_told(lived: Path, root: Path) -> None:
    before = read_index(lived)
    (root / "d0/f0.py").write_text(CODE.format("zero") + "x = 1\n")
    changed = root / "d1/f1.py"
    changed.write_text(changed.read_text().replace("one", "two"))
    os.unlink(root / "d2/f2.py")
    (root / "new.py").write_text("x = 1\n")
    told = "\n".join(differences(before, build_index(root)))
    assert "new.py: not in the index" in told
    assert "d2/f2.py: in the index, not in the tree" in told
    assert "d0/f0.py: content_hash" in told
    assert "d1/f1.py chunk 1 (lines 4-5)" in told
    assert "vector" in told
    assert "terms" in told
    assert len([line for line in told.splitlines() if "f3.py" in line]) == 0


def test_postings_out_of_order_are_told(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    column = SegmentWriter.column
    monkeypatch.setattr(
        SegmentWriter,
        "column",
        lambda self, name, data: column(self, name, data[::-1] if name == "terms" else data),
    )
    with pytest.raises(IndexWrongError, match="terms not in order"):
        build_index(root)
