"""Texts to rows by a small model."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vexord.embed import artefact
from vexord.embed.artefact import ModelError
from vexord.embed.seam import Documents, quantise
from vexord.embed.static import StaticEmbedder
from vexord.embed.tokens import Tokens


def test_a_row_is_the_weighted_sum_of_the_rows_named(model: Path) -> None:
    opened = artefact.read(model)
    bind, server = (opened.vocabulary.words.index(word) for word in ("bind", "server"))
    twice = np.float32(1 + np.log(2))
    for embedded, scalars in (
        (StaticEmbedder(1, model).embed_chunks(["\nbind server bind"]), opened.chunk_weights),
        (StaticEmbedder(1, model).embed_query("bind server bind"), opened.query_weights),
    ):
        rows = opened.rows.astype(np.float32)
        expected = twice * scalars[bind] * rows[bind] + scalars[server] * rows[server]
        assert np.abs(embedded - quantise(expected[None]).astype(int)).max() <= 1


def test_a_batch_gives_the_rows_of_its_texts_one_by_one(model: Path) -> None:
    embedder = StaticEmbedder(1, model)
    texts = ["", *(f"a\nbind server {word}" for word in ["path", "retry", "zebra", "file_path"] * 20), "\n"]
    together = embedder.embed_chunks(texts)
    assert together.shape == (82, 16)
    assert not together[0].any()
    assert not together[-1].any()
    for row, text in zip(together, texts, strict=True):
        assert row.tolist() == embedder.embed_chunks([text])[0].tolist()


@given(st.lists(st.text(max_size=80) | st.text("bind server\nPath_é検索 retries", max_size=80), max_size=6))
def test_rows_are_those_of_the_words_counted_one_by_one(shared_model: Path, texts: list[str]) -> None:
    opened = artefact.read(shared_model)
    tokens = Tokens(opened.vocabulary)
    for text, row in zip(texts, StaticEmbedder(1, shared_model).embed_chunks(texts), strict=True):
        total = np.zeros((1, 16), np.float32)
        for named, count in tokens.chunk(text).items():
            total += (1 + np.log(count)) * opened.chunk_weights[named] * opened.rows[named].astype(np.float32)
        assert np.abs(row - quantise(total)[0].astype(int)).max() <= 1


def test_documents_are_embedded_like_their_texts(model: Path) -> None:
    embedder = StaticEmbedder(1, model)
    documents = Documents(["net server", "", "x"], ["bind the socket\nbind", "retry", ""])
    texts = list(documents)
    assert texts == documents[:] == ["net server\nbind the socket\nbind", "\nretry", "x\n"]
    assert embedder.embed_chunks(documents).tolist() == embedder.embed_chunks(texts).tolist()


def test_no_texts_give_no_rows(model: Path) -> None:
    assert StaticEmbedder(1, model).embed_chunks([]).shape == (0, 16)


def test_threads_get_what_one_thread_gets(model: Path) -> None:
    texts = [f"net/path_{i}.py\nbind_socket_{i} word{i % 7} parseHeader{i}" for i in range(400)]
    alone = StaticEmbedder(1, model).embed_chunks(texts)
    shared = StaticEmbedder(1, model)
    with ThreadPoolExecutor(8) as threads:
        for rows in threads.map(shared.embed_chunks, [texts] * 8):
            assert (rows == alone).all()


def test_text_that_is_not_valid_unicode_is_embedded(model: Path) -> None:
    assert StaticEmbedder(1, model).embed_query("bind\udce9 path").any()


def test_another_model_has_another_fingerprint(model: Path, tmp_path: Path) -> None:
    opened = artefact.read(model)
    rows = np.array(opened.rows)
    rows[0, 0] ^= 1
    weights = np.stack([opened.query_weights, opened.chunk_weights])
    artefact.write(tmp_path / "other", "test", opened.vocabulary, rows, weights)
    ours, other = (StaticEmbedder(1, folder).fingerprint for folder in (model, tmp_path / "other"))
    assert (ours.provider, ours.dimensions, ours.chunker) == ("local", 16, 1)
    assert not ours.same_space(other)
    assert StaticEmbedder(2, model).fingerprint.same_space(ours)


@pytest.mark.parametrize("name", ["rows.npy", "weights.npy", "words.txt", "model.json"])
def test_a_missing_or_damaged_file_is_named_with_its_mend(model: Path, name: str) -> None:
    content = bytearray((model / name).read_bytes())
    content[len(content) // 2] ^= 0xFF
    (model / name).write_bytes(content)
    with pytest.raises(ModelError, match=r"pip install --force-reinstall vexord"):
        StaticEmbedder(1, model).embed_query("bind")
    (model / name).unlink()
    with pytest.raises(ModelError, match=r"pip install --force-reinstall vexord"):
        StaticEmbedder(1, model).embed_query("bind")


def test_files_of_two_models_are_refused(model: Path) -> None:
    opened = artefact.read(model)
    with pytest.raises(ModelError, match="do not belong together"):
        artefact.write(
            model, "test", opened.vocabulary, np.array(opened.rows[:-1]), np.ones((2, 3), np.float32)
        )
        artefact.read(model)


def test_another_format_is_refused(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artefact, "FORMAT", 99)
    with pytest.raises(ModelError, match="format 1, not 99"):
        artefact.read(model)


def test_quantise_keeps_direction_and_leaves_zero_rows() -> None:
    rows = np.array([[0.5, -0.25, 0.0], [0.0, 0.0, 0.0]], np.float32)
    assert quantise(rows).tolist() == [[127, -64, 0], [0, 0, 0]]
