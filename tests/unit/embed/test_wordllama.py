"""The embedded default model, from its real files."""

import numpy as np
import pytest

from vexord.embed.seam import quantise
from vexord.embed.wordllama import DIMENSIONS, WordLlamaEmbedder


@pytest.fixture(scope="module")
def embedder() -> WordLlamaEmbedder:
    return WordLlamaEmbedder(1)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    x, y = a.astype(float).ravel(), b.astype(float).ravel()
    return float(x @ y / np.linalg.norm(x) / np.linalg.norm(y))


def test_query_and_chunk_of_the_same_text_meet(embedder: WordLlamaEmbedder) -> None:
    text = "def bind_socket(path): open the listening socket"
    assert cosine(embedder.embed_query(text), embedder.embed_chunks([text])) > 0.999


def test_related_text_is_nearer_than_unrelated_text(embedder: WordLlamaEmbedder) -> None:
    query = embedder.embed_query("connect to the network server")
    near, far = embedder.embed_chunks(
        ["open a tcp socket to the remote host", "bake bread with flour and yeast"]
    )
    assert cosine(query, near) > cosine(query, far) + 0.1


def test_a_batch_gives_the_rows_of_its_texts_one_by_one(embedder: WordLlamaEmbedder) -> None:
    texts = ["alpha beta", "", "gamma " * 30_000, "delta"]
    together = embedder.embed_chunks(texts)
    assert together.shape == (4, DIMENSIONS)
    assert not together[1].any()
    for row, text in zip(together, texts, strict=True):
        assert np.abs(row.astype(int) - embedder.embed_chunks([text])[0].astype(int)).max() <= 1


def test_text_that_is_not_valid_unicode_is_embedded(embedder: WordLlamaEmbedder) -> None:
    assert embedder.embed_query("caf\udce9 bar").any()


def test_quantise_keeps_direction_and_leaves_zero_rows() -> None:
    rows = np.array([[0.5, -0.25, 0.0], [0.0, 0.0, 0.0]], np.float32)
    assert quantise(rows).tolist() == [[127, -64, 0], [0, 0, 0]]


def test_no_texts_give_no_rows(embedder: WordLlamaEmbedder) -> None:
    assert embedder.embed_chunks([]).shape == (0, DIMENSIONS)
