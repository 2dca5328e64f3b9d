"""The model that ships."""

import os

import numpy as np
import pytest

from vexord.embed import artefact
from vexord.embed.static import StaticEmbedder

MAX_BYTES = 10_000_000


@pytest.fixture(scope="module")
def embedder() -> StaticEmbedder:
    return StaticEmbedder(1)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    x, y = a.astype(float).ravel(), b.astype(float).ravel()
    return float(x @ y / np.linalg.norm(x) / np.linalg.norm(y))


def test_texts_are_cut_as_when_its_rows_were_trained() -> None:
    opened = artefact.read()
    assert artefact.probe(opened.vocabulary) == opened.description.probe


def test_it_fits_the_wheel() -> None:
    assert sum(os.path.getsize(file) for file in artefact.FOLDER.iterdir()) <= MAX_BYTES


@pytest.mark.parametrize(
    ("query", "near", "far"),
    [
        (
            "connect to a remote host",
            "def open_socket(addr):\n    sock.connect(addr)",
            "def bake(flour): pass",
        ),
        ("delete a directory", "fn remove_dir(path: &Path) { rmdir(path) }", "fn add(a: i32, b: i32) -> i32"),
        ("sort numbers", "function quicksort(arr) { partition(arr) }", "function openWindow(title) {}"),
        ("wait for all threads", "for (auto& t : threads) t.join();", "std::string upper(std::string s);"),
    ],
)
def test_related_code_is_nearer_than_unrelated_code(
    embedder: StaticEmbedder, query: str, near: str, far: str
) -> None:
    asked = embedder.embed_query(query)
    close, distant = embedder.embed_chunks([f"\n{near}", f"\n{far}"])
    assert cosine(asked, close) > cosine(asked, distant) + 0.1
