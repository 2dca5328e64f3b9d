"""Which texts a batch of paths has embedded."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.trees import make_tree
from vexord.embed.default import default_embedder
from vexord.embed.seam import Fingerprint, Vectors
from vexord.index.writer import IndexWriter
from vexord.ingest.pipeline import Pipeline

ONE = "def one():\n    return 1\n"
TWO = "def two():\n    return 2\n"


class CountingEmbedder:
    """The default model, noting what it is asked to embed."""

    def __init__(self) -> None:
        self._model = default_embedder(1)
        self.asked: list[str] = []

    @property
    def fingerprint(self) -> Fingerprint:
        return self._model.fingerprint

    def embed_chunks(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        return self._model.embed_chunks(texts)

    def embed_query(self, text: str) -> Vectors:
        return self._model.embed_query(text)


@pytest.fixture
def embedder() -> CountingEmbedder:
    return CountingEmbedder()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_tree(tmp_path / "root", {"a.py": ONE + "\n\n" + TWO})


@pytest.fixture
def indexed(root: Path, tmp_path: Path, embedder: CountingEmbedder) -> Pipeline:
    """A pipeline whose table holds the tree."""
    writer = IndexWriter.open(str(tmp_path / "index"), embedder.fingerprint)
    pipeline = Pipeline(str(root), writer, embedder)
    writer.commit(pipeline.run(["a.py"]).upserts, [])
    assert len(embedder.asked) == 2
    embedder.asked.clear()
    return pipeline


def test_an_edit_has_only_the_changed_chunk_embedded(
    root: Path, indexed: Pipeline, embedder: CountingEmbedder
) -> None:
    (root / "a.py").write_text(ONE + "\n\n" + TWO.replace("2", "3"))
    assert len(indexed.run(["a.py"]).upserts[0].chunks) == 2
    assert [text.splitlines()[-1] for text in embedder.asked] == ["    return 3"]


def test_an_unchanged_file_is_touched_and_not_embedded(indexed: Pipeline, embedder: CountingEmbedder) -> None:
    outcome = indexed.run(["a.py"])
    assert (outcome.upserts, [path for path, _, _ in outcome.touched]) == ([], ["a.py"])
    assert embedder.asked == []


def test_by_force_every_chunk_is_embedded_anew(indexed: Pipeline, embedder: CountingEmbedder) -> None:
    (file,) = indexed.run(["a.py"], force=True).upserts
    assert len(embedder.asked) == len(file.chunks) == 2


def test_files_that_are_taken_one_by_one_for_want_of_memory_lose_nothing(
    indexed: Pipeline, embedder: CountingEmbedder, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_tree(root, {"b.py": ONE, "c.py": TWO})
    os.link(root / "b.py", root / "d.py")
    embed = embedder._model.embed_chunks

    def short(texts: Sequence[str]) -> Vectors:
        if len(texts) > 1:
            raise MemoryError
        return embed(texts)

    monkeypatch.setattr(embedder, "embed_chunks", short)
    outcome = indexed.run(["b.py", "c.py", "gone.py"])
    assert [file.path for file in outcome.upserts] == ["b.py", "c.py"]
    assert outcome.linked == {(root / "b.py").stat().st_ino}
    assert outcome.bytes_read == len(ONE + TWO)
